"""An article as customers get it: which answer on which channel, its links, buttons and neighbours."""

from dataclasses import dataclass

import sqlalchemy as sa

from bot.kit.db import Database
from bot.kit.locales import LOCALES
from knowledge_base import repository
from knowledge_base.article import Content
from knowledge_base.repository import PublicArticle

MAX_NEIGHBOURS = 3
"""Related articles offered as buttons; more of them hide the ones that matter."""
SHORT_ON = frozenset({"telegram"})
"""Channels where the short answer is said."""


@dataclass(frozen=True, slots=True)
class Neighbour:
    """A related article that can be shown."""

    article_id: str
    title: str


@dataclass(frozen=True, slots=True)
class Presentation:
    """What is said, and what is offered below it."""

    answer: str
    """Markdown, with the links."""
    flows: tuple[str, ...] = ()
    neighbours: tuple[Neighbour, ...] = ()


def full_answer(content: Content, *, channel: str) -> str:
    """Return the answer for a channel with its links below it, as Markdown. Pure."""
    short = channel in SHORT_ON and content.short_answer
    answer = content.short_answer if short else content.answer
    if not content.links:
        return answer
    links = "\n".join(f"- [{_escaped(link.label)}]({link.url})" for link in content.links)
    return f"{answer}\n\n{links}" if answer.strip() else links


def _escaped(label: str) -> str:
    """Return the text of a link without what would end it: the small renderers know no escapes."""
    return label.translate(
        {ord("["): "(", ord("]"): ")"} | dict.fromkeys(map(ord, "\\`<>"))
    ).strip()


def choose_neighbours(
    related: tuple[str, ...], found: list[PublicArticle], *, locale: str, limit: int
) -> tuple[PublicArticle, ...]:
    """Return one article per related key, in the reader's language where there is one. Pure."""
    order = {name: place for place, name in enumerate((locale, *LOCALES))}
    best: dict[str, PublicArticle] = {}
    for article in sorted(found, key=lambda one: order.get(one.locale, len(order)), reverse=True):
        best[article.key] = article
    return tuple(best[key] for key in related if key in best)[:limit]


class Presenter:
    """Reads what belongs to a published answer at the moment it is shown."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def present(
        self, article_id: str, revision: int, *, locale: str, channel: str
    ) -> Presentation | None:
        """Return how to show a revision; None when customers may not see it (any more)."""

        def read(conn: sa.Connection) -> Presentation | None:
            content = repository.published_content(conn, article_id, revision)
            if content is None:
                return None
            neighbours: tuple[PublicArticle, ...] = ()
            if content.related:
                neighbours = choose_neighbours(
                    content.related,
                    repository.list_public(conn, keys=content.related),
                    locale=locale,
                    limit=MAX_NEIGHBOURS,
                )
            return Presentation(
                answer=full_answer(content, channel=channel),
                flows=content.flows,
                neighbours=tuple(Neighbour(one.id, one.title) for one in neighbours),
            )

        return await self._db.read(read)
