"""Calendars: when a team is there. Several intervals a day, special days, public holidays. Pure.

Times of the day are minutes since local midnight, 0 to 1440. Intervals are half open: at the
closing minute nobody is there any more. A shift over midnight is two intervals, one on each day.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

Names = Mapping[str, str]
"""By locale."""
DAY = 24 * 60
SEARCH_DAYS = 400
"""How far ahead an opening is looked for; a calendar without any hours ends the search."""


@dataclass(frozen=True, slots=True, order=True)
class Interval:
    """From `opens` to just before `closes`, in minutes since midnight."""

    opens: int
    closes: int

    def __post_init__(self) -> None:
        if not 0 <= self.opens < self.closes <= DAY:
            raise ValueError("an interval opens before it closes, within one day")

    @classmethod
    def parse(cls, opens: str, closes: str) -> "Interval":
        """Read `09:00` and `12:00`; `24:00` is the end of the day.

        Raises:
            ValueError: no times of a day, or in the wrong order.
        """
        return cls(parse_minute(opens), parse_minute(closes))

    def as_text(self) -> list[str]:
        """Return the stored form."""
        return [f"{m // 60:02}:{m % 60:02}" for m in (self.opens, self.closes)]


def parse_minute(text: str) -> int:
    """Read `HH:MM` as minutes since midnight; `24:00` is allowed.

    Raises:
        ValueError: it is no time of a day.
    """
    hours, _, minutes = text.partition(":")
    value = int(hours) * 60 + int(minutes)
    if not (0 <= int(minutes) < 60 and 0 <= value <= DAY):
        raise ValueError(f"{text!r} is no time of a day")
    return value


@dataclass(frozen=True, slots=True)
class SpecialDay:
    """A date with hours of its own, in one year or in every year."""

    month: int
    day: int
    year: int | None = None
    names: Names = field(default_factory=dict)
    intervals: tuple[Interval, ...] = ()

    def falls_on(self, day: date) -> bool:
        """Tell whether the entry is about `day`."""
        return (self.month, self.day) == (day.month, day.day) and self.year in {None, day.year}


@dataclass(frozen=True, slots=True)
class HoursNotice:
    """Something said with the hours from the day `first` to the day `last`."""

    first: date
    last: date
    texts: Names


@dataclass(frozen=True, slots=True)
class Calendar:
    """A team's hours. `week` has seven entries from Monday."""

    key: str
    timezone: str
    week: tuple[tuple[Interval, ...], ...]
    special_days: tuple[SpecialDay, ...] = ()
    holidays: Mapping[date, Names] = field(default_factory=dict)
    """Public holidays of the years around now; nobody is there unless a special day says so."""
    name: str = ""
    country: str | None = None
    state: str | None = None
    names: Names = field(default_factory=dict)
    """What customers call the place; empty for a team that they are not told of by name."""
    words: tuple[str, ...] = ()
    """Other words that mean the place."""
    notices: tuple[HoursNotice, ...] = ()
    version: int = field(default=1, compare=False)
    updated_at: datetime | None = field(default=None, compare=False)
    updated_by: str | None = field(default=None, compare=False)
    """Name of who changed it last."""

    @property
    def zone(self) -> ZoneInfo:
        """The time zone that the hours are meant in."""
        return ZoneInfo(self.timezone)


@dataclass(frozen=True, slots=True)
class DayHours:
    """The hours of one date, with the name of the day when it has one."""

    day: date
    intervals: tuple[Interval, ...]
    names: Names = field(default_factory=dict)
    differs: bool = False
    """Not what the week says: a special day or a holiday."""

    @property
    def closed(self) -> bool:
        """Whether nobody is there all day."""
        return not self.intervals

    def open_at(self, minute: int) -> bool:
        """Tell whether somebody is there at that minute of the day."""
        return any(i.opens <= minute < i.closes for i in self.intervals)


def day_hours(calendar: Calendar, day: date) -> DayHours:
    """Return the hours of a date: special day of that year, of every year, holiday, week."""
    found = [special for special in calendar.special_days if special.falls_on(day)]
    if found:
        special = max(found, key=lambda s: s.year is not None)
        names = special.names or calendar.holidays.get(day, {})
        return DayHours(day, merge(special.intervals), names, differs=True)
    if day in calendar.holidays:
        return DayHours(day, (), calendar.holidays[day], differs=True)
    return DayHours(day, merge(calendar.week[day.weekday()]))


def merge(intervals: Sequence[Interval]) -> tuple[Interval, ...]:
    """Return the intervals in order, touching ones made one."""
    result: list[Interval] = []
    for interval in sorted(intervals):
        if result and interval.opens <= result[-1].closes:
            result[-1] = Interval(result[-1].opens, max(result[-1].closes, interval.closes))
        else:
            result.append(interval)
    return tuple(result)


def at_minute(calendar: Calendar, day: date, minute: int) -> datetime:
    """Return the instant (UTC) of a local time; one that the clock change skips is the next one."""
    local = datetime.combine(day, time(), calendar.zone) + timedelta(minutes=minute)
    return local.astimezone(UTC)


def local_minute(calendar: Calendar, instant: datetime) -> tuple[date, int]:
    """Return the local date and minute of an instant."""
    local = instant.astimezone(calendar.zone)
    return local.date(), local.hour * 60 + local.minute


def open_at(calendar: Calendar, instant: datetime) -> bool:
    """Tell whether somebody is there at that instant."""
    day, minute = local_minute(calendar, instant)
    return day_hours(calendar, day).open_at(minute)


def closes_at(calendar: Calendar, instant: datetime) -> datetime | None:
    """Return when the team that is there at `instant` leaves; None when nobody is there.

    A shift that goes on past midnight counts as one.
    """
    if not open_at(calendar, instant):
        return None
    day, minute = local_minute(calendar, instant)
    for _ in range(SEARCH_DAYS):
        interval = next(
            i for i in day_hours(calendar, day).intervals if i.opens <= minute < i.closes
        )
        if interval.closes < DAY:
            return at_minute(calendar, day, interval.closes)
        day, minute = day + timedelta(days=1), 0
        if not day_hours(calendar, day).open_at(0):
            return at_minute(calendar, day, 0)
    return None


def next_opening(calendar: Calendar, instant: datetime) -> datetime | None:
    """Return the next instant at which somebody comes in, after `instant`; None when never."""
    today, minute = local_minute(calendar, instant)
    for offset in range(SEARCH_DAYS):
        day = today + timedelta(days=offset)
        for interval in day_hours(calendar, day).intervals:
            if offset == 0 and interval.opens <= minute:
                continue
            goes_on = interval.opens == 0 and day_hours(calendar, day - timedelta(days=1)).open_at(
                DAY - 1
            )
            if not goes_on:
                return at_minute(calendar, day, interval.opens)
    return None


def breaks(hours: DayHours) -> tuple[Interval, ...]:
    """Return the pauses between the intervals of a day, e.g. lunch."""
    pairs = zip(hours.intervals, hours.intervals[1:], strict=False)
    return tuple(Interval(before.closes, after.opens) for before, after in pairs)


def special_ahead(calendar: Calendar, *, today: date, days: int) -> list[DayHours]:
    """Return the days in the next `days` whose hours are not the week's, in order."""
    ahead = (day_hours(calendar, today + timedelta(days=n)) for n in range(days))
    return [hours for hours in ahead if hours.differs]
