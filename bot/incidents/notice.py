"""What is out of order, who is told, and what may be entered. Pure.

A notice concerns a question by any of its topic's parts: the article that answers it (by key, category
or tag), the flow it starts, a word in it, or a sentence that means nearly the same.
"""

import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from bot.dialogue.routing import Route
from bot.kit.locales import LOCALES
from bot.wording.text import TELEGRAM_UNITS, markdown_problems
from knowledge_base.text import fold

MEANS_THE_SAME = 0.68
"""Cosine from which a question means what a sentence of the topic says: with the shipped encoder,
paraphrases in the same and in related languages have 0.72 and more, neighbouring topics up to 0.65."""
MAX_TITLE = 120
MAX_TEXT = 2_000
MAX_ENTRIES = 50
MAX_ENTRY = 200
TOLD_AT_ONCE = 3
"""More notices than this would bury the answer."""


class State(StrEnum):
    """Whether a notice is told."""

    ACTIVE = "active"
    SCHEDULED = "scheduled"
    PAST = "past"


@dataclass(frozen=True, slots=True)
class Topic:
    """Whom a notice concerns; any part is enough."""

    categories: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    articles: tuple[str, ...] = ()
    """Keys."""
    routes: tuple[str, ...] = ()
    words: tuple[str, ...] = ()
    sentences: tuple[str, ...] = ()

    def as_json(self) -> dict[str, list[str]]:
        """Return the stored form."""
        return {name: list(getattr(self, name)) for name in PARTS}

    @property
    def empty(self) -> bool:
        """Whether nobody would ever be told."""
        return not any(getattr(self, name) for name in PARTS)


PARTS = ("categories", "tags", "articles", "routes", "words", "sentences")


@dataclass(frozen=True, slots=True)
class Notice:
    """A known incident, as the gateways keep it in memory."""

    id: str
    title: str
    texts: Mapping[str, str]
    topic: Topic
    starts_at: datetime
    ends_at: datetime | None
    vectors: NDArray[np.float32] | None = field(default=None, compare=False)
    """Unit vectors of the topic's sentences, one a row."""

    def text(self, locale: str, *, default_locale: str) -> str:
        """Return what is said in a language."""
        found = self.texts.get(locale) or self.texts.get(default_locale)
        return found or next(iter(self.texts.values()), "")


@dataclass(frozen=True, slots=True)
class AskedAbout:
    """What is known of a question when it is answered."""

    text: str
    route: str
    vector: NDArray[np.float32] | None = None
    article: str | None = None
    """Key of the article that answers it."""
    category: str | None = None
    tags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Concern:
    """A notice to be told, and which part of its topic the question fits."""

    notice: Notice
    why: str


def state_of(starts_at: datetime, ends_at: datetime | None, *, now: datetime) -> State:
    """Return whether a notice is told now."""
    if ends_at is not None and ends_at <= now:
        return State.PAST
    return State.SCHEDULED if starts_at > now else State.ACTIVE


def choose_notices(notices: Iterable[Notice], asked: AskedAbout, *, now: datetime) -> list[Concern]:
    """Return the notices in force that concern the question, the newest first."""
    found = []
    for notice in notices:
        if state_of(notice.starts_at, notice.ends_at, now=now) is not State.ACTIVE:
            continue
        why = concerns(notice, asked)
        if why is not None:
            found.append(Concern(notice, why))
    return sorted(found, key=lambda one: one.notice.starts_at, reverse=True)[:TOLD_AT_ONCE]


def concerns(notice: Notice, asked: AskedAbout) -> str | None:
    """Return which part of the topic the question fits ("article faq-boleto"), or None."""
    topic = notice.topic
    if asked.article is not None and asked.article in topic.articles:
        return f"article {asked.article}"
    if asked.category is not None and asked.category in topic.categories:
        return f"category {asked.category}"
    shared = [tag for tag in asked.tags if tag in topic.tags]
    if shared:
        return f"tag {shared[0]}"
    if asked.route in topic.routes:
        return f"route {asked.route}"
    folded = fold(asked.text)
    for word in topic.words:
        if re.search(rf"(?<!\w){re.escape(fold(word))}(?:s|es)?(?!\w)", folded):
            return f"word {word}"
    if notice.vectors is not None and asked.vector is not None and len(notice.vectors):
        likeness = notice.vectors @ asked.vector
        best = int(np.argmax(likeness))
        if likeness[best] >= MEANS_THE_SAME:
            return f"sentence “{topic.sentences[best]}” ({likeness[best]:.2f})"
    return None


# -------------------------------------------------------------------------------- entering


@dataclass(frozen=True, slots=True)
class NoticeProblem:
    """What is wrong, and where (a JSON pointer)."""

    pointer: str
    code: str
    message: str


def clean_topic(parts: Mapping[str, Sequence[str]]) -> Topic:
    """Return the topic without blanks and repetitions."""

    def tidy(name: str) -> tuple[str, ...]:
        entries = (" ".join(entry.split()) for entry in parts.get(name, ()))
        return tuple(dict.fromkeys(entry for entry in entries if entry))

    return Topic(*(tidy(name) for name in PARTS))


def check_notice(
    *,
    title: str,
    texts: Mapping[str, str],
    topic: Topic,
    starts_at: datetime,
    ends_at: datetime | None,
    now: datetime,
    default_locale: str,
    known_articles: Collection[str],
    telegram_units: Callable[[str], int],
) -> list[NoticeProblem]:
    """Return everything that speaks against telling this.

    Args:
        title: for the people who work here.
        texts: by locale, without empty ones.
        topic: whom it concerns.
        starts_at: from when on it is told.
        ends_at: until when, if that is known.
        now: the present.
        default_locale: the language that every notice needs.
        known_articles: keys, of those that the topic names, that there are.
        telegram_units: how long Telegram finds a Markdown text.
    """
    problems: list[NoticeProblem] = []
    say = problems.append
    if not title.strip():
        say(NoticeProblem("/title", "empty", "Give the notice a title."))
    elif len(title) > MAX_TITLE:
        say(NoticeProblem("/title", "too_long", f"Use at most {MAX_TITLE} characters."))
    if ends_at is not None and ends_at <= starts_at:
        say(NoticeProblem("/ends_at", "end_before_start", "The end comes after the start."))
    elif ends_at is not None and ends_at <= now:
        say(NoticeProblem("/ends_at", "in_the_past", "This end is in the past."))
    if default_locale not in texts:
        message = f"Write the text at least in {default_locale}."
        say(NoticeProblem(f"/texts/{default_locale}", "text_missing", message))
    for locale, text in texts.items():
        at = f"/texts/{locale}"
        if locale not in LOCALES:
            say(NoticeProblem(at, "locale", f"Languages are {', '.join(LOCALES)}."))
        if len(text) > MAX_TEXT or telegram_units(text) > TELEGRAM_UNITS:
            say(NoticeProblem(at, "too_long", f"Use at most {MAX_TEXT} characters."))
        problems += [NoticeProblem(at, p.code, p.message) for p in markdown_problems(text)]
    if topic.empty:
        message = "Say whom it concerns: an article, category, tag, flow, word or sentence."
        say(NoticeProblem("/topic", "topic_empty", message))
    for name in PARTS:
        entries = getattr(topic, name)
        if len(entries) > MAX_ENTRIES or any(len(entry) > MAX_ENTRY for entry in entries):
            message = f"Give at most {MAX_ENTRIES} entries of {MAX_ENTRY} characters."
            say(NoticeProblem(f"/topic/{name}", "too_long", message))
    unknown_routes = [route for route in topic.routes if route not in set(Route)]
    if unknown_routes:
        message = f"There is no route {unknown_routes[0]!r}; choose of: {', '.join(Route)}."
        say(NoticeProblem("/topic/routes", "route", message))
    unknown = [key for key in topic.articles if key not in known_articles]
    if unknown:
        message = f"There is no article {unknown[0]!r}."
        say(NoticeProblem("/topic/articles", "article", message))
    if any(len(fold(word)) < 3 for word in topic.words):
        say(NoticeProblem("/topic/words", "word", "Words have at least three letters."))
    return problems
