"""What admins may enter as opening hours, and why something can't be used. Pure."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from zoneinfo import available_timezones

from bot.hours.calendar import Calendar, HoursNotice, Interval, SpecialDay, parse_minute
from bot.kit.locales import LOCALES

MAX_INTERVALS = 8
MAX_EXCEPTIONS = 500
MAX_NOTICES = 20
MAX_NOTICE = 1_000
MAX_NAME = 100
MAX_WORDS = 30
RESERVED = frozenset({"preview", "choices"})
"""Parts of addresses; no calendar may be called so."""
_KEY = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
_TIME = re.compile(r"[0-2]?\d:[0-5]\d")
Times = Sequence[Sequence[str]]
"""Pairs of "09:00" and "12:00"."""


@dataclass(frozen=True, slots=True)
class EnteredDay:
    """A date whose hours differ, as it was entered; no year: every year."""

    year: int | None
    month: int
    day: int
    names: Mapping[str, str]
    intervals: Times


@dataclass(frozen=True, slots=True)
class EnteredNotice:
    """Something to be said with the hours for a while, as it was entered."""

    first: date
    last: date
    texts: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class EnteredHours:
    """A calendar as it was entered."""

    name: str
    timezone: str
    week: Sequence[Times]
    country: str | None = None
    state: str | None = None
    names: Mapping[str, str] = field(default_factory=dict)
    words: Sequence[str] = ()
    exceptions: Sequence[EnteredDay] = ()
    notices: Sequence[EnteredNotice] = ()


@dataclass(frozen=True, slots=True)
class HoursProblem:
    """What is wrong, and where (a JSON pointer into what was entered)."""

    pointer: str
    code: str
    message: str


def key_problem(key: str) -> str | None:
    """Return why a calendar can't be called so, or None."""
    if key in RESERVED or len(key) > 40 or not _KEY.fullmatch(key):
        return "Use small letters, digits and hyphens, at most 40 characters."
    return None


def read_hours(
    key: str, entered: EnteredHours, *, default_locale: str
) -> tuple[Calendar | None, list[HoursProblem]]:
    """Return the calendar (without its holidays), or everything that speaks against it.

    Args:
        key: of the calendar.
        entered: what an admin wrote.
        default_locale: a notice needs a text in this language.
    """
    reader = _Reader()
    week = tuple(reader.intervals(times, f"/week/{n}") for n, times in enumerate(entered.week[:7]))
    if len(entered.week) != 7:
        reader.say("/week", "week", "Give seven days, from Monday to Sunday.")
    if not entered.name.strip():
        reader.say("/name", "empty", "Give the calendar a name.")
    elif len(entered.name) > MAX_NAME:
        reader.say("/name", "too_long", f"Use at most {MAX_NAME} characters.")
    if entered.timezone not in available_timezones():
        reader.say("/timezone", "timezone", "There is no such time zone.")
    days = reader.days(entered.exceptions)
    if not reader.problems and not any(week) and not any(day.intervals for day in days):
        reader.say("/week", "never_open", "Give at least one day hours.")
    notices = reader.notices(entered.notices, default_locale=default_locale)
    reader.check_names(entered.names, "/names")
    words = [" ".join(word.split()) for word in entered.words if word.strip()]
    if len(words) > MAX_WORDS or any(len(word) > MAX_NAME for word in words):
        reader.say(
            "/words", "too_long", f"Give at most {MAX_WORDS} words of {MAX_NAME} characters."
        )
    if entered.state and not entered.country:
        reader.say("/state", "holidays", "Choose the country first.")
    if reader.problems:
        return None, reader.problems
    calendar = Calendar(
        key=key,
        name=entered.name.strip(),
        timezone=entered.timezone,
        week=week,
        special_days=tuple(days),
        country=entered.country or None,
        state=entered.state or None,
        names={locale: name.strip() for locale, name in entered.names.items() if name.strip()},
        words=tuple(dict.fromkeys(words)),
        notices=tuple(notices),
    )
    return calendar, []


class _Reader:
    """Reads what was entered and keeps what is wrong with it."""

    def __init__(self) -> None:
        self.problems: list[HoursProblem] = []

    def say(self, pointer: str, code: str, message: str) -> None:
        self.problems.append(HoursProblem(pointer, code, message))

    def intervals(self, times: Times, pointer: str) -> tuple[Interval, ...]:
        if len(times) > MAX_INTERVALS:
            self.say(pointer, "too_many", f"Give a day at most {MAX_INTERVALS} times.")
            return ()
        found: list[Interval] = []
        for n, pair in enumerate(times):
            at = f"{pointer}/{n}"
            if len(pair) != 2 or not all(_TIME.fullmatch(time) for time in pair):
                self.say(at, "time", "Write times as 09:00, at most 24:00.")
                continue
            try:
                opens, closes = (parse_minute(time) for time in pair)
            except ValueError:
                self.say(at, "time", "Write times as 09:00, at most 24:00.")
                continue
            if closes <= opens:
                self.say(
                    at,
                    "end_before_start",
                    "Closing comes after opening. For hours past midnight, end the day at 24:00 and "
                    "begin the next one at 00:00.",
                )
                continue
            interval = Interval(opens, closes)
            if any(i.opens < closes and opens < i.closes for i in found):
                self.say(at, "overlap", "Two of the day's times overlap.")
            found.append(interval)
        return tuple(sorted(found))

    def days(self, entered: Sequence[EnteredDay]) -> list[SpecialDay]:
        if len(entered) > MAX_EXCEPTIONS:
            self.say("/exceptions", "too_many", f"Give at most {MAX_EXCEPTIONS} dates.")
            return []
        found: dict[tuple[int | None, int, int], SpecialDay] = {}
        for n, one in enumerate(entered):
            at = f"/exceptions/{n}"
            try:
                # A year with a 29 February, for dates of every year.
                date(2000 if one.year is None else one.year, one.month, one.day)
            except ValueError:
                self.say(at, "date", "There is no such date.")
                continue
            key = (one.year, one.month, one.day)
            if key in found:
                self.say(at, "duplicate", "This date is in the list twice.")
            self.check_names(one.names, f"{at}/names")
            found[key] = SpecialDay(
                month=one.month,
                day=one.day,
                year=one.year,
                names={locale: name.strip() for locale, name in one.names.items() if name.strip()},
                intervals=self.intervals(one.intervals, f"{at}/intervals"),
            )
        return list(found.values())

    def notices(
        self, entered: Sequence[EnteredNotice], *, default_locale: str
    ) -> list[HoursNotice]:
        if len(entered) > MAX_NOTICES:
            self.say("/notices", "too_many", f"Give at most {MAX_NOTICES} notices.")
            return []
        found = []
        for n, one in enumerate(entered):
            at = f"/notices/{n}"
            if one.last < one.first:
                self.say(at, "end_before_start", "The last day comes after the first.")
            texts = {locale: text.strip() for locale, text in one.texts.items() if text.strip()}
            self.check_names(texts, f"{at}/texts", limit=MAX_NOTICE)
            if default_locale not in texts:
                self.say(
                    f"{at}/texts", "text_missing", f"Write the notice at least in {default_locale}."
                )
            found.append(HoursNotice(one.first, one.last, texts))
        return found

    def check_names(self, names: Mapping[str, str], pointer: str, *, limit: int = MAX_NAME) -> None:
        if any(locale not in LOCALES for locale in names):
            self.say(pointer, "locale", f"Languages are {', '.join(LOCALES)}.")
        if any(len(name) > limit for name in names.values()):
            self.say(pointer, "too_long", f"Use at most {limit} characters.")
