"""Working time: how long a calendar was open between two instants, and when so much is used up. Pure.

A calendar is open at an instant when its wall clock shows a time within the hours of that date. So an
hour that the clock change skips does not exist, and one that it repeats counts twice: on such days
the sums come out right without any special case. No calendar means round the clock.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from typing import Any

from bot.hours.calendar import Calendar, Interval, SpecialDay, day_hours

HORIZON = timedelta(days=3 * 366)
"""How far ahead an end is looked for."""
_ONE_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Span:
    """From `start` to just before `end`, UTC; an end of None is not known yet."""

    start: datetime
    end: datetime | None

    @property
    def seconds(self) -> float:
        """How long; 0 for an open one."""
        return (self.end - self.start).total_seconds() if self.end is not None else 0.0


@dataclass(frozen=True, slots=True)
class Reached:
    """When the time was used up, and the spans that were counted."""

    at: datetime
    counted: tuple[Span, ...]


def open_spans(calendar: Calendar | None, start: datetime, until: datetime) -> Iterator[Span]:
    """Give the spans between two instants in which somebody is there, in order, touching ones joined."""
    last: Span | None = None
    for span in _pieces(calendar, start.astimezone(UTC), until.astimezone(UTC)):
        if last is not None and last.end == span.start:
            last = Span(last.start, span.end)
            continue
        if last is not None:
            yield last
        last = span
    if last is not None:
        yield last


def _pieces(calendar: Calendar | None, start: datetime, until: datetime) -> Iterator[Span]:
    if calendar is None:
        if start < until:
            yield Span(start, until)
        return
    for piece in _steady_pieces(calendar, start, until):
        yield from _in_steady(calendar, piece)


def _steady_pieces(calendar: Calendar, start: datetime, until: datetime) -> Iterator[Span]:
    """Cut a stretch of time where the zone's offset from UTC changes."""
    while start < until:
        end = min(start + _ONE_DAY, until)
        if _offset(calendar, start) != _offset(calendar, end):
            end = _change_between(calendar, start, end)
        yield Span(start, end)
        start = end


def _change_between(calendar: Calendar, start: datetime, end: datetime) -> datetime:
    before, low, high = _offset(calendar, start), 0, int((end - start).total_seconds()) + 1
    while high - low > 1:
        middle = (low + high) // 2
        if _offset(calendar, start + timedelta(seconds=middle)) == before:
            low = middle
        else:
            high = middle
    # Clocks change on a full second: the fraction of the start does not belong to the result.
    return min((start + timedelta(seconds=high)).replace(microsecond=0), end)


def _offset(calendar: Calendar, instant: datetime) -> timedelta:
    return instant.astimezone(calendar.zone).utcoffset() or timedelta()


def _in_steady(calendar: Calendar, piece: Span) -> Iterator[Span]:
    assert piece.end is not None  # noqa: S101  cut out of a stretch with an end
    offset = _offset(calendar, piece.start)
    day = (piece.start + offset).date()
    while (midnight := datetime.combine(day, time(), UTC) - offset) < piece.end:
        for interval in day_hours(calendar, day).intervals:
            opens = max(piece.start, midnight + timedelta(minutes=interval.opens))
            closes = min(piece.end, midnight + timedelta(minutes=interval.closes))
            if opens < closes:
                yield Span(opens, closes)
        day += _ONE_DAY


def without(spans: Iterable[Span], pauses: Sequence[Span]) -> Iterator[Span]:
    """Give the spans with the pauses cut out; a pause without an end never ends."""
    breaks = sorted(pauses, key=lambda pause: pause.start)
    for span in spans:
        start, end = span.start, span.end
        for pause in breaks:
            if end is not None and pause.start >= end:
                break
            if pause.end is not None and pause.end <= start:
                continue
            if pause.start > start:
                yield Span(start, pause.start)
            if pause.end is None:
                return
            start = max(start, pause.end)
        if end is None or start < end:
            yield Span(start, end)


def reach(
    calendar: Calendar | None, start: datetime, seconds: int, *, pauses: Sequence[Span] = ()
) -> Reached | None:
    """Return when `seconds` of working time have passed since `start`; None when never.

    Time that is used up exactly when the team leaves ends there, not at the next opening. Time that
    starts while nobody is there is counted from the next opening.
    """
    left = float(seconds)
    counted: list[Span] = []
    spans = without(open_spans(calendar, start, start + HORIZON), pauses)
    for span in spans:
        if span.seconds >= left:
            at = span.start + timedelta(seconds=left)
            return Reached(at, (*counted, Span(span.start, at)))
        left -= span.seconds
        counted.append(span)
    return None


def worked(
    calendar: Calendar | None, start: datetime, end: datetime, *, pauses: Sequence[Span] = ()
) -> tuple[Span, ...]:
    """Return the spans of working time between two instants."""
    return tuple(without(open_spans(calendar, start, end), pauses))


def total_seconds(spans: Iterable[Span]) -> int:
    """Return how long the spans are together."""
    return round(sum(span.seconds for span in spans))


def calendar_problem(calendar: Calendar) -> str | None:
    """Return what makes a calendar useless for a promise, or None when it is fine."""
    days = [*calendar.week, *(special.intervals for special in calendar.special_days)]
    for intervals in days:
        for before, after in pairwise(sorted(intervals)):
            if after.opens < before.closes:
                one, two = "–".join(before.as_text()), "–".join(after.as_text())
                return (
                    f"The calendar has overlapping hours ({one} and {two}). "
                    "Correct the opening hours first."
                )
    if not any(calendar.week):
        return (
            "The calendar has no opening hours in its week, so nothing would ever be due. "
            "Add hours, or choose another calendar."
        )
    return None


# ------------------------------------------------------------------------------- as it is stored


def calendar_json(calendar: Calendar) -> dict[str, Any]:
    """Return everything about a calendar that working time depends on, as it is kept."""
    return {
        "key": calendar.key,
        "name": calendar.name,
        "timezone": calendar.timezone,
        "week": [[i.as_text() for i in intervals] for intervals in calendar.week],
        "special_days": [
            {
                "month": special.month,
                "day": special.day,
                "year": special.year,
                "names": dict(special.names),
                "intervals": [i.as_text() for i in special.intervals],
            }
            for special in calendar.special_days
        ],
        "holidays": {
            day.isoformat(): dict(names) for day, names in sorted(calendar.holidays.items())
        },
    }


def read_calendar(data: Mapping[str, Any]) -> Calendar:
    """Read what `calendar_json` wrote."""
    return Calendar(
        key=data["key"],
        name=data["name"],
        timezone=data["timezone"],
        week=tuple(_intervals(day) for day in data["week"]),
        special_days=tuple(
            SpecialDay(
                month=special["month"],
                day=special["day"],
                year=special["year"],
                names=special["names"],
                intervals=_intervals(special["intervals"]),
            )
            for special in data["special_days"]
        ),
        holidays={date.fromisoformat(day): names for day, names in data["holidays"].items()},
    )


def _intervals(pairs: Sequence[Sequence[str]]) -> tuple[Interval, ...]:
    return tuple(Interval.parse(opens, closes) for opens, closes in pairs)
