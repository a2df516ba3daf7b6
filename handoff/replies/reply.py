"""A canned reply: a shortcut, and a text with variables per language. Pure."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from bot.kit.errors import Invalid
from bot.kit.locales import LOCALES
from bot.kit.text import clean_text, is_blank

VARIABLES = ("customer", "agent", "number", "subject", "queue", "level")
"""What the console puts in; anything else in braces is refused, so that no customer reads it."""
MAX_TITLE = 80
MAX_TEXT = 2_000
MAX_REPLIES = 500
"""Of one person, and of the desk."""
_SHORTCUT = re.compile(r"[a-z0-9][a-z0-9_-]{0,29}")
_BRACED = re.compile(r"\{([^{}\n]{0,40})\}")


@dataclass(frozen=True, slots=True)
class CannedReply:
    """A reply as read from the store."""

    id: str
    owner_id: str | None
    """None: everybody's."""
    shortcut: str
    title: str
    texts: dict[str, str]
    """By language; at least one."""
    version: int
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class Wording:
    """What an editor wrote, checked."""

    shortcut: str
    title: str
    texts: dict[str, str]


def read_wording(shortcut: str, title: str, texts: Mapping[str, str]) -> Wording:
    """Return what is to be kept.

    Raises:
        Invalid: (bad_shortcut) not a short word of a-z, 0-9, - and _. (title_missing, too_long).
            (text_missing) in no language. (unknown_language). (unknown_variable) names it.
    """
    shortcut = shortcut.strip().lstrip("/").lower()
    if _SHORTCUT.fullmatch(shortcut) is None:
        raise Invalid("A shortcut has up to 30 letters a-z, digits, - and _.", code="bad_shortcut")
    title = " ".join(clean_text(title).split())
    if is_blank(title):
        raise Invalid("Give the reply a title.", code="title_missing")
    if len(title) > MAX_TITLE:
        raise Invalid(f"A title has at most {MAX_TITLE} characters.", code="too_long")
    kept: dict[str, str] = {}
    for locale, text in texts.items():
        if locale not in LOCALES:
            raise Invalid(f"There is no such language: {locale[:20]}.", code="unknown_language")
        if not is_blank(text):
            kept[locale] = _read_text(text)
    if not kept:
        raise Invalid("Write the text in at least one language.", code="text_missing")
    return Wording(shortcut, title, kept)


def _read_text(text: str) -> str:
    text = clean_text(text)
    if len(text) > MAX_TEXT:
        raise Invalid(f"A text has at most {MAX_TEXT} characters.", code="too_long")
    for name in _BRACED.findall(text):
        if name not in VARIABLES:
            known = ", ".join(f"{{{one}}}" for one in VARIABLES)
            raise Invalid(
                f"{{{name}}} is not known. There are {known}.",
                code="unknown_variable",
                variable=name,
            )
    return text
