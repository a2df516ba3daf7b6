"""An article: its states, the legal steps between them, and what its text must be. Pure.

An article is one answer in one language; articles of one `key` are translations of each other. Each
change of the text is a new revision. Customers see the published revision, never a newer draft.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Protocol, TypeVar
from urllib.parse import urlsplit

from bot.kit.locales import LOCALES
from bot.kit.text import clean_text
from knowledge_base.markdown import (
    dangerous_links,
    image_addresses,
    raw_html,
    to_plain,
    too_nested,
)

MAX_TITLE = 200
MAX_ANSWER = 20_000
"""Five Telegram messages of 4,096 characters; a longer answer belongs on a page of its own."""
MAX_PHRASINGS = 60
MAX_PHRASING = 300
MAX_TAGS = 20
MAX_TAG = 40
MAX_SHORT_ANSWER = 3_500
"""Fits one Telegram message with its buttons' captions to spare."""
MAX_LINKS = 8
MAX_LINK_LABEL = 80
MAX_URL = 500
MAX_RELATED = 8
FLOWS = ("order_status", "reset_password", "opening_hours", "ticket_status", "human")
"""What a button under an answer can start, by the intents the bot knows."""
_KEY = re.compile(r"[a-z0-9](?:[a-z0-9._-]{0,78}[a-z0-9])?")


class State(StrEnum):
    """Where an article is in its life."""

    DRAFT = "draft"
    """Being written; customers have never seen it."""
    PUBLISHED = "published"
    """Customers get its published revision; a newer draft may wait behind it."""
    ARCHIVED = "archived"
    """Taken out of the answers, kept with its history."""


class Stage(StrEnum):
    """How far the newest text is on its way to customers, where it is on its way."""

    IN_REVIEW = "in_review"
    """Handed in: a reviewer publishes it or sends it back."""
    SCHEDULED = "scheduled"
    """Published by itself at a set instant; not changed until then."""


class Audience(StrEnum):
    """Who may read an article."""

    PUBLIC = "public"
    INTERNAL = "internal"
    """Only the company's own people: neither the bot nor the help page ever shows it."""


class Step(StrEnum):
    """What an editor can do to an article."""

    CHANGE = "change"
    SUBMIT = "submit"
    SEND_BACK = "send_back"
    SCHEDULE = "schedule"
    UNSCHEDULE = "unschedule"
    PUBLISH = "publish"
    ARCHIVE = "archive"
    RESTORE = "restore"


_ALIVE = frozenset({State.DRAFT, State.PUBLISHED})


@dataclass(frozen=True, slots=True)
class Link:
    """A page or file that belongs to an answer, shown below it."""

    label: str
    url: str


@dataclass(frozen=True, slots=True)
class Content:
    """What a revision holds."""

    title: str
    answer: str
    phrasings: tuple[str, ...] = ()
    short_answer: str = ""
    """Said instead of the answer where long texts are tiresome (Telegram); empty: the answer."""
    links: tuple[Link, ...] = ()
    flows: tuple[str, ...] = ()
    """Flows that buttons below the answer start (see `FLOWS`)."""
    related: tuple[str, ...] = ()
    """Keys of articles that are offered next to this one."""


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a text is refused: the member (as a JSON pointer) and a sentence for its author."""

    pointer: str
    message: str


@dataclass(frozen=True, slots=True)
class DraftArticle:
    """A text that is tried out in search without being stored (see `KnowledgeBase.ask`).

    With the `article_id` of a published article it stands in for that article's published text.
    """

    locale: str
    title: str
    answer: str
    phrasings: tuple[str, ...] = ()
    article_id: str = "draft"
    key: str = "draft"
    revision: int = 0


@dataclass(frozen=True, slots=True)
class Checked:
    """A text after checking: tidied, what is wrong with it, and what was made harmless."""

    content: Content
    problems: tuple[Problem, ...] = ()
    notes: tuple[str, ...] = field(default=())


def why_not(state: State, stage: Stage | None, step: Step) -> str | None:
    """Return the code of what forbids a step, or None when it is legal.

    "archived": restore it first. "scheduled": cancel the schedule first, so that what was approved
    is what is published. "not_scheduled", "not_in_review": there is nothing to undo.
    """
    if step is Step.RESTORE:
        return None
    if state not in _ALIVE:
        return "archived" if step is not Step.ARCHIVE else None
    match step:
        case Step.CHANGE | Step.SUBMIT:
            return "scheduled" if stage is Stage.SCHEDULED else None
        case Step.SEND_BACK:
            return None if stage is Stage.IN_REVIEW else "not_in_review"
        case Step.UNSCHEDULE:
            return None if stage is Stage.SCHEDULED else "not_scheduled"
        case _:
            return None


def schedule_problem(publish_at: datetime, *, now: datetime) -> str | None:
    """Return why an article can't be published at that instant, or None."""
    if publish_at <= now:
        return "The time of publishing lies in the past."
    if (publish_at - now).days > 366:
        return "The time of publishing is more than a year ahead."
    return None


class Dated(Protocol):
    """An article as far as the age of translations is concerned."""

    @property
    def locale(self) -> str:
        """Its language."""
        ...

    @property
    def created_at(self) -> datetime:
        """When it was begun."""
        ...

    @property
    def text_at(self) -> datetime:
        """When its newest text was written."""
        ...

    @property
    def checked_at(self) -> datetime | None:
        """When somebody said that it still says what the original says."""
        ...


D = TypeVar("D", bound=Dated)


def original_of(translations: Iterable[D]) -> D:
    """Return the article that the others of its key were translated from: the first begun."""
    return min(translations, key=lambda one: (one.created_at, one.locale != LOCALES[0], one.locale))


def is_outdated(translation: Dated, original: Dated) -> bool:
    """Tell whether the original was changed after the translation was last brought in line."""
    if translation.locale == original.locale:
        return False
    in_line = max(translation.text_at, translation.checked_at or translation.text_at)
    return original.text_at > in_line


def state_after_restore(published_revision: int | None) -> State:
    """Return where an archived article comes back to: where it was when it was archived."""
    return State.PUBLISHED if published_revision is not None else State.DRAFT


def tidy_content(content: Content) -> Content:
    """Return the text without control characters, outer blanks and repeated phrasings."""
    return Content(
        title=_line(content.title),
        answer=clean_text(content.answer),
        phrasings=_unique(map(_line, content.phrasings)),
        short_answer=clean_text(content.short_answer).strip(),
        links=tuple(
            link
            for link in (Link(_line(one.label), one.url.strip()) for one in content.links)
            if link.label or link.url
        ),
        flows=tuple(flow for flow in FLOWS if flow in content.flows)
        + tuple(dict.fromkeys(flow for flow in content.flows if flow not in FLOWS)),
        related=_unique(key.strip().lower() for key in content.related),
    )


def _line(text: str) -> str:
    return " ".join(clean_text(text).split())


def _unique(texts: Iterable[str]) -> tuple[str, ...]:
    seen: dict[str, str] = {}
    for text in texts:
        if text:
            seen.setdefault(text.casefold(), text)
    return tuple(seen.values())


def check_content(content: Content) -> Checked:
    """Tidy a text and say what keeps it from being stored, even as a draft.

    Raw HTML is no problem but a note: it is shown as the text it is, never run.
    """
    content = tidy_content(content)
    problems: list[Problem] = []
    if not content.title:
        problems.append(Problem("/title", "The title is empty."))
    if len(content.title) > MAX_TITLE:
        problems.append(Problem("/title", f"The title is longer than {MAX_TITLE} characters."))
    if len(content.answer) > MAX_ANSWER:
        # Checked first and alone: a huge text is not worth parsing.
        problems.append(
            Problem(
                "/answer",
                f"The answer has {len(content.answer):,} characters; {MAX_ANSWER:,} are allowed.",
            )
        )
        return Checked(content, tuple(problems))
    if len(content.phrasings) > MAX_PHRASINGS:
        problems.append(Problem("/phrasings", f"More than {MAX_PHRASINGS} phrasings."))
    problems += [
        Problem(f"/phrasings/{number}", f"A phrasing is longer than {MAX_PHRASING} characters.")
        for number, phrasing in enumerate(content.phrasings[:MAX_PHRASINGS])
        if len(phrasing) > MAX_PHRASING
    ]
    if len(content.short_answer) > MAX_SHORT_ANSWER:
        problems.append(
            Problem(
                "/short_answer",
                f"The short answer is longer than {MAX_SHORT_ANSWER:,} characters.",
            )
        )
        return Checked(content, tuple(problems))
    notes: list[str] = []
    for pointer, text in (("/answer", content.answer), ("/short_answer", content.short_answer)):
        depth_problem, depth_notes = _check_markdown(pointer, text)
        problems += depth_problem
        notes += depth_notes
    problems += _check_offers(content)
    return Checked(content, tuple(problems), tuple(notes))


def _check_markdown(pointer: str, text: str) -> tuple[list[Problem], list[str]]:
    if too_nested(text):
        # Refused unparsed: no reader needs it, and parsers answer it slowly.
        return [Problem(pointer, "The text has brackets or quotes nested too deeply.")], []
    problems = [
        Problem(
            pointer, f"The link {url[:60]!r} is not allowed: use http:, https:, mailto: or tel:."
        )
        for url in dangerous_links(text)
    ]
    notes: list[str] = []
    if found := raw_html(text):
        notes.append(f"HTML ({', '.join(found[:3])}) will be shown as plain text.")
    if found := image_addresses(text):
        notes.append(f"The image {found[0][:60]!r} is not loaded: its description is shown.")
    return problems, notes


def _check_offers(content: Content) -> list[Problem]:
    """Say what is wrong with what is offered below an answer."""
    problems = []
    if len(content.links) > MAX_LINKS:
        problems.append(Problem("/links", f"More than {MAX_LINKS} links."))
    for number, link in enumerate(content.links[:MAX_LINKS]):
        if not link.label or len(link.label) > MAX_LINK_LABEL:
            problems.append(
                Problem(
                    f"/links/{number}/label",
                    f"A link needs a text of 1 to {MAX_LINK_LABEL} characters.",
                )
            )
        if (why := _url_problem(link.url)) is not None:
            problems.append(Problem(f"/links/{number}/url", why))
    problems += [
        Problem("/flows", f"{flow[:40]!r} is no flow: use {', '.join(FLOWS)}.")
        for flow in content.flows
        if flow not in FLOWS
    ]
    if len(content.related) > MAX_RELATED:
        problems.append(Problem("/related", f"More than {MAX_RELATED} related articles."))
    problems += [
        Problem("/related", f"{key[:40]!r} can't be an article: {why}")
        for key in content.related
        if (why := key_problem(key)) is not None
    ]
    return problems


def _url_problem(url: str) -> str | None:
    if len(url) > MAX_URL:
        return f"A link is longer than {MAX_URL} characters."
    try:
        parts = urlsplit(url)
    except ValueError:
        parts = None
    if (
        parts is None
        or parts.scheme not in {"http", "https"}
        or not parts.hostname
        or re.search(r"[\s<>\"'`()\[\]\\]", url)
    ):
        return f"The link {url[:60]!r} is no web address: it must begin with https:// or http://."
    return None


def publishing_problems(content: Content) -> tuple[Problem, ...]:
    """Say what a revision still needs before customers may see it."""
    problems = list(check_content(content).problems)
    if not to_plain(content.answer).strip():
        problems.append(
            Problem("/answer", "The answer is empty: customers need something to read.")
        )
    return tuple(problems)


def check_labels(category: str | None, tags: tuple[str, ...]) -> tuple[Problem, ...]:
    """Say what is wrong with a category and tags."""
    problems = []
    if category is not None and len(category) > 80:
        problems.append(Problem("/category", "The category is longer than 80 characters."))
    if len(tags) > MAX_TAGS or any(not tag or len(tag) > MAX_TAG for tag in tags):
        problems.append(
            Problem("/tags", f"At most {MAX_TAGS} tags of 1 to {MAX_TAG} characters each.")
        )
    return tuple(problems)


def key_problem(key: str) -> str | None:
    """Return why `key` can't name an article, or None when it can."""
    if _KEY.fullmatch(key):
        return None
    return "A key has 1 to 80 of a-z, 0-9, dot, dash and underscore, e.g. delivery-times."


def locale_problem(locale: str) -> str | None:
    """Return why `locale` is none of ours, or None."""
    return None if locale in LOCALES else f"The language must be one of {', '.join(LOCALES)}."


def key_from_title(title: str) -> str:
    """Make a readable key out of a title; the caller adds a number when it is taken."""
    import unicodedata

    plain = unicodedata.normalize("NFKD", title.casefold())
    plain = "".join(c for c in plain if not unicodedata.combining(c))
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:60].strip("-") or "article"
