"""Articles for agents: what customers would be answered, and what only colleagues may read.

Public articles are found as the bot finds them. Internal ones are in no index; they are matched by
their words, and there are few of them.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from bot.kit.db import Database
from knowledge_base import repository
from knowledge_base.repository import InternalArticle
from knowledge_base.search import Hit, KnowledgeBase
from knowledge_base.text import stems_of, words_of

LEAST_SCORE = 0.3
"""Hits below have hardly a word and hardly a thought in common with the question."""
LEAST_SHARE = 0.34
"""Of the question's words that an internal article must have: one of three."""
MAX_WORDS = 20


@dataclass(frozen=True, slots=True)
class Page:
    """An article as agents get it."""

    article_id: str
    key: str
    locale: str
    title: str
    answer: str
    revision: int
    score: float
    """0 to 1; of public articles the bot's own score, of internal ones the share of words."""
    internal: bool


class AgentLibrary:
    """What `handoff.suggestions` asks. One per process."""

    def __init__(self, db: Database, knowledge: KnowledgeBase) -> None:
        self._db = db
        self._knowledge = knowledge

    async def find(self, question: str, *, locale: str, limit: int) -> list[Page]:
        """Return what fits, best first; one text per article, in `locale` where there is one."""
        answer = await self._knowledge.ask(question, locale=locale, limit=limit)
        pages = [_public(hit) for hit in answer.hits if hit.score >= LEAST_SCORE]
        words = sorted(set(stems_of(words_of(question), locale)))[:MAX_WORDS]
        if words:
            internal = await self._db.read(lambda conn: repository.list_internal(conn, words=words))
            pages += _best_texts(internal, words, locale)
        return sorted(pages, key=lambda page: -page.score)[:limit]

    async def get(self, article_id: str) -> Page | None:
        """Return a published article, or None."""
        hit = await self._knowledge.get_published(article_id)
        if hit is not None:
            return _public(hit)
        found = await self._db.read(
            lambda conn: repository.list_internal(conn, article_id=article_id)
        )
        return _internal(found[0], 1.0) if found else None


def _best_texts(found: Sequence[InternalArticle], words: Sequence[str], locale: str) -> list[Page]:
    pages: dict[str, Page] = {}
    # Last wins: the customer's language.
    for article in sorted(found, key=lambda one: one.locale == locale):
        there = sum(word in article.search_text for word in words) / len(words)
        if there >= LEAST_SHARE:
            pages[article.key] = _internal(article, there)
    return list(pages.values())


def _public(hit: Hit) -> Page:
    return Page(
        hit.article_id,
        hit.key,
        hit.locale,
        hit.title,
        hit.answer,
        hit.revision,
        max(0.0, min(1.0, hit.score)),
        internal=False,
    )


def _internal(article: InternalArticle, score: float) -> Page:
    return Page(
        article.id,
        article.key,
        article.locale,
        article.title,
        article.answer,
        article.revision,
        round(score, 4),
        internal=True,
    )
