"""Words on tickets. Free, but folded, so that "VIP " and "#vip" are one. Pure."""

import re
from collections.abc import Iterable, Sequence

from bot.kit.text import clean_text, is_blank

MAX_TAGS = 20
"""On one ticket."""
MAX_LENGTH = 40


class TooManyTags(ValueError):
    """There would be more than a ticket may have."""


_NOT_IN_A_TAG = re.compile(r"[,;\n]")


def fold(tag: str) -> str:
    """Return the tag as it is stored: small letters, single spaces, no leading #.

    Raises:
        ValueError: with what to do, when nothing is left, or too much.
    """
    folded = " ".join(clean_text(tag).lstrip("#").lower().split())
    if is_blank(folded):
        raise ValueError("A tag needs at least one letter.")
    if len(folded) > MAX_LENGTH:
        raise ValueError(f"A tag has at most {MAX_LENGTH} characters.")
    if _NOT_IN_A_TAG.search(folded):
        raise ValueError("A tag has no commas or semicolons: add several tags one by one.")
    return folded


def changed(
    tags: Sequence[str], *, add: Iterable[str] = (), remove: Iterable[str] = ()
) -> tuple[str, ...]:
    """Return the tags after a change, sorted.

    Raises:
        ValueError: a tag can't be used.
        TooManyTags: there would be too many.
    """
    gone = {fold(tag) for tag in remove}
    found = ({*tags} | {fold(tag) for tag in add}) - gone
    if len(found) > MAX_TAGS and len(found) > len(tags):
        raise TooManyTags(f"A ticket has at most {MAX_TAGS} tags.")
    return tuple(sorted(found))
