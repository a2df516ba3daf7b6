"""Which place a question about hours means, and what is said with its hours. Pure."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from bot.hours.calendar import Calendar, HoursNotice
from bot.hours.dates import fold

MAX_PLACES = 3
"""Places answered about in one message."""


@dataclass(frozen=True, slots=True)
class Mentioned:
    """The places that a question names, in its order, and the question without their names."""

    places: tuple[Calendar, ...]
    rest: str


def find_places(text: str, calendars: Iterable[Calendar]) -> Mentioned:
    """Find the places a question names by their names in any language, or by other words for them.

    Longer names win: "shop Moema North" is not the shop "Moema". Names are taken out of the rest,
    so that a place called "Sunday" is not read as a day.
    """
    folded = fold(text)
    known = sorted(
        (
            (fold(name).strip(), calendar)
            for calendar in calendars
            for name in (*calendar.names.values(), *calendar.words)
            if name.strip()
        ),
        key=lambda pair: -len(pair[0]),
    )
    found: dict[int, Calendar] = {}
    for name, calendar in known:
        for match in re.finditer(rf"(?<!\w){re.escape(name)}(?!\w)", folded):
            found[match.start()] = calendar
            folded = folded[: match.start()] + " " * len(name) + folded[match.end() :]
    if not found:
        return Mentioned((), text)
    by_key = {found[at].key: found[at] for at in sorted(found)}
    return Mentioned(tuple(by_key.values())[:MAX_PLACES], folded)


def place_name(calendar: Calendar, locale: str) -> str:
    """Return what customers call the place."""
    return calendar.names.get(locale) or next(iter(calendar.names.values()), "") or calendar.name


def notices_for(calendar: Calendar, days: Sequence[date]) -> list[HoursNotice]:
    """Return the notices in force on any of the days, the one that ends first in front."""
    found = [n for n in calendar.notices if any(n.first <= day <= n.last for day in days)]
    return sorted(found, key=lambda notice: notice.last)


def notice_text(notice: HoursNotice, locale: str) -> str:
    """Return the notice in a language, else in the first it has."""
    return notice.texts.get(locale) or next(iter(notice.texts.values()), "")
