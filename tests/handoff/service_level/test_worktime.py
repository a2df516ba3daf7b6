"""When a time is used up: worked out by hand, on ordinary days and on those when clocks change.

São Paulo is at UTC−3 (it had summer time, UTC−2, until 2019); New York at UTC−5, in summer UTC−4 (2026: from
8 March to 1 November); Lisbon at UTC, in summer UTC+1 (2026: from 29 March to 25 October).
"""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.hours.calendar import Calendar, Interval, SpecialDay, open_at
from handoff.service_level.worktime import (
    Span,
    calendar_json,
    calendar_problem,
    open_spans,
    reach,
    read_calendar,
    total_seconds,
    worked,
)
from tests.handoff.service_level import calendars as c
from tests.handoff.service_level.calendars import utc

ORDINARY = [
    ("in the morning", c.SP, "2026-11-18 13:00", 60, "2026-11-18 14:00"),
    ("over lunch", c.SP, "2026-11-18 14:30", 60, "2026-11-18 16:30"),
    ("asked during lunch", c.SP, "2026-11-18 15:15", 30, "2026-11-18 16:30"),
    ("used up exactly when lunch begins", c.SP, "2026-11-18 14:00", 60, "2026-11-18 15:00"),
    ("a minute more than until lunch", c.SP, "2026-11-18 14:00", 61, "2026-11-18 16:01"),
    ("half a minute before lunch", c.SP, "2026-11-18 14:59:30", 1, "2026-11-18 16:00:30"),
    ("before the doors open", c.SP, "2026-11-18 10:00", 15, "2026-11-18 12:15"),
    ("just before midnight", c.SP, "2026-11-18 02:59:30", 10, "2026-11-18 12:10"),
    ("in the evening", c.SP, "2026-11-18 22:00", 30, "2026-11-19 12:30"),
    ("a whole day", c.SP, "2026-11-18 12:00", 480, "2026-11-18 21:00"),
    ("a day and a minute", c.SP, "2026-11-18 12:00", 481, "2026-11-19 12:01"),
    ("Friday afternoon", c.SP, "2026-11-20 19:30", 180, "2026-11-23 13:30"),
    ("on a Saturday", c.SP, "2026-11-21 12:00", 60, "2026-11-23 13:00"),
    ("a week", c.SP, "2026-11-16 12:00", 5 * 480, "2026-11-20 21:00"),
    ("two weeks", c.SP, "2026-11-16 12:00", 10 * 480, "2026-11-27 21:00"),
    ("round the clock", None, "2026-11-18 23:00", 120, "2026-11-19 01:00"),
    ("half an hour beside UTC", c.KOLKATA, "2026-11-18 12:15", 30, "2026-11-19 03:45"),
    ("no hours at all", c.NEVER, "2026-11-18 12:00", 1, None),
]
SPECIAL = [
    ("a holiday between", c.SP_HOLIDAYS, "2026-11-19 20:00", 120, "2026-11-23 13:00"),
    ("asked on a holiday", c.SP_HOLIDAYS, "2026-11-20 13:00", 30, "2026-11-23 12:30"),
    ("a short day before a holiday", c.SP_HOLIDAYS, "2026-12-24 15:00", 120, "2026-12-28 13:00"),
    ("hours on a holiday", c.SP_OPEN_HOLIDAY, "2026-11-19 20:30", 60, "2026-11-20 13:30"),
    ("an open Saturday", c.SP_HOLIDAYS, "2026-11-27 20:30", 60, "2026-11-28 12:30"),
    ("a day of every year", c.SP_HOLIDAYS, "2026-12-31 14:30", 60, "2027-01-04 12:30"),
    ("Christmas to New Year", c.SP_HOLIDAYS, "2026-12-23 21:00", 5 * 480, "2027-01-05 13:00"),
]
CLOCK_CHANGES = [
    ("New York, spring between", c.NY, "2026-03-06 21:30", 60, "2026-03-09 13:30"),
    ("New York, autumn between", c.NY, "2026-10-30 20:30", 60, "2026-11-02 14:30"),
    ("New York, the hour itself", c.NY_ALWAYS, "2026-03-08 06:30", 60, "2026-03-08 07:30"),
    ("a day of 23 hours", c.NY_ALWAYS, "2026-03-08 05:00", 1440, "2026-03-09 05:00"),
    ("a day of 25 hours", c.NY_ALWAYS, "2026-11-01 04:00", 1440, "2026-11-02 04:00"),
    (
        "a night of five hours for six",
        c.sundays("America/New_York", "00:00-06:00"),
        *("2026-03-08 05:00", 300, "2026-03-08 10:00"),
    ),
    (
        "that night is over a minute later",
        c.sundays("America/New_York", "00:00-06:00"),
        *("2026-03-08 05:00", 301, "2026-03-15 04:01"),
    ),
    (
        "a night of seven hours for six",
        c.sundays("America/New_York", "00:00-06:00"),
        *("2026-11-01 04:00", 420, "2026-11-01 11:00"),
    ),
    (
        "six hours of that night",
        c.sundays("America/New_York", "00:00-06:00"),
        *("2026-11-01 04:00", 360, "2026-11-01 10:00"),
    ),
    (
        "hours that do not exist",
        c.sundays("America/New_York", "02:00-03:00"),
        *("2026-03-08 05:00", 30, "2026-03-15 06:30"),
    ),
    (
        "hours that come twice",
        c.sundays("America/New_York", "01:00-02:00"),
        *("2026-11-01 04:00", 120, "2026-11-01 07:00"),
    ),
    (
        "half an hour that comes twice, with a gap",
        c.sundays("America/New_York", "01:00-01:30"),
        *("2026-11-01 04:00", 45, "2026-11-01 06:15"),
    ),
    (
        "hours around the gap",
        c.sundays("America/New_York", "01:30-03:30"),
        *("2026-03-08 05:00", 45, "2026-03-08 07:15"),
    ),
    ("Lisbon, spring between", c.LISBON, "2026-03-27 17:30", 60, "2026-03-30 08:30"),
    ("Lisbon, autumn between", c.LISBON, "2026-10-23 16:30", 60, "2026-10-26 09:30"),
    ("Lisbon, a day in spring", c.LISBON_ALWAYS, "2026-03-28 12:00", 1440, "2026-03-29 12:00"),
    ("Lisbon, a day in autumn", c.LISBON_ALWAYS, "2026-10-24 11:00", 1440, "2026-10-25 11:00"),
    (
        "Lisbon, a night of three hours",
        c.sundays("Europe/Lisbon", "00:00-04:00"),
        *("2026-03-29 00:00", 180, "2026-03-29 03:00"),
    ),
    (
        "Lisbon, a night of five hours",
        c.sundays("Europe/Lisbon", "00:00-04:00"),
        *("2026-10-24 23:00", 300, "2026-10-25 04:00"),
    ),
    (
        "Lisbon, a shift over midnight in spring",
        c.sundays("Europe/Lisbon", "00:00-06:00", saturday=("22:00-24:00",)),
        *("2026-03-28 23:00", 180, "2026-03-29 02:00"),
    ),
    (
        "Lisbon, a shift over midnight in autumn",
        c.sundays("Europe/Lisbon", "00:00-06:00", saturday=("22:00-24:00",)),
        *("2026-10-24 21:00", 540, "2026-10-25 06:00"),
    ),
    ("São Paulo 2018, spring between", c.SP_LONG, "2018-11-02 20:00", 120, "2018-11-05 12:00"),
    ("São Paulo 2018, autumn between", c.SP_LONG, "2018-02-16 19:00", 120, "2018-02-19 13:00"),
    (
        "São Paulo 2018, midnight is skipped",
        c.sundays("America/Sao_Paulo", "00:00-04:00", saturday=("20:00-24:00",)),
        *("2018-11-04 01:00", 300, "2018-11-04 06:00"),
    ),
    (
        "São Paulo 2018, the hour before midnight comes twice",
        c.sundays("America/Sao_Paulo", "00:00-04:00", saturday=("20:00-24:00",)),
        *("2018-02-18 00:00", 420, "2018-02-18 07:00"),
    ),
    ("São Paulo now, no change", c.SP_LONG, "2026-10-30 20:00", 120, "2026-11-02 13:00"),
    (
        "Lord Howe, clocks change by half an hour",
        c.sundays("Australia/Lord_Howe", "00:00-04:00"),
        *("2026-04-04 13:00", 270, "2026-04-04 17:30"),
    ),
]


@pytest.mark.parametrize(
    ("calendar", "start", "minutes", "due"),
    [case[1:] for case in (*ORDINARY, *SPECIAL, *CLOCK_CHANGES)],
    ids=[case[0] for case in (*ORDINARY, *SPECIAL, *CLOCK_CHANGES)],
)
def test_when_a_time_is_used_up(
    calendar: Calendar | None, start: str, minutes: int, due: str | None
) -> None:
    reached = reach(calendar, utc(start), minutes * 60)
    assert (reached.at if reached else None) == (utc(due) if due else None)


PAUSED = [
    ("half an hour", "13:00", 60, [("13:30", "14:00")], "18 14:30"),
    ("over lunch", "14:00", 90, [("14:30", "16:30")], "18 17:30"),
    ("only at night", "20:30", 60, [("21:30", "19 11:00")], "19 12:30"),
    ("until after the weekend", "20 20:00", 120, [("20 20:30", "23 14:00")], "23 16:30"),
    ("without an end", "13:00", 60, [("13:30", None)], None),
    ("after it was due", "13:00", 30, [("14:00", "15:00")], "18 13:30"),
    ("from the very instant it was due", "13:00", 60, [("14:00", None)], "18 14:00"),
    ("twice at once", "13:00", 30, [("13:15", "13:45"), ("13:30", "14:00")], "18 14:15"),
    ("begun before", "13:00", 30, [("12:00", "13:30")], "18 14:00"),
    ("for no time", "13:00", 30, [("13:10", "13:10")], "18 13:30"),
    ("one after the other", "13:00", 60, [("13:10", "13:20"), ("13:20", "13:30")], "18 14:20"),
]


def _november(text: str) -> datetime:
    return utc(f"2026-11-{text}" if " " in text else f"2026-11-18 {text}")


@pytest.mark.parametrize(
    ("start", "minutes", "pauses", "due"), [p[1:] for p in PAUSED], ids=[p[0] for p in PAUSED]
)
def test_pauses_are_not_counted(
    start: str, minutes: int, pauses: list[tuple[str, str | None]], due: str | None
) -> None:
    spans = [Span(_november(a), _november(b) if b else None) for a, b in pauses]
    reached = reach(c.SP, _november(start), minutes * 60, pauses=spans)
    assert (reached.at if reached else None) == (_november(due) if due else None)


def test_a_pause_over_a_clock_change() -> None:
    pause = Span(utc("2026-03-08 06:30"), utc("2026-03-08 07:30"))
    reached = reach(c.NY_ALWAYS, utc("2026-03-08 06:00"), 3600, pauses=[pause])
    assert reached is not None
    assert reached.at == utc("2026-03-08 08:00")


def test_what_was_counted_is_told_span_by_span() -> None:
    reached = reach(c.SP, utc("2026-11-18 14:30"), 3600)
    assert reached is not None
    assert reached.counted == (
        Span(utc("2026-11-18 14:30"), utc("2026-11-18 15:00")),
        Span(utc("2026-11-18 16:00"), utc("2026-11-18 16:30")),
    )


@pytest.mark.parametrize(
    ("calendar", "words"),
    [
        (c.NEVER, "no opening hours"),
        (c.workdays("Europe/Lisbon", "09:00-13:00", "12:00-18:00"), "overlapping hours"),
        (
            replace(
                c.SP,
                special_days=(SpecialDay(12, 24, 2026, {}, c.hours("9:00-12:00", "11:00-13:00")),),
            ),
            "overlapping hours",
        ),
        (c.SP, None),
    ],
)
def test_calendars_that_can_not_be_used(calendar: Calendar, words: str | None) -> None:
    problem = calendar_problem(calendar)
    assert problem is None if words is None else words in str(problem)


@pytest.mark.parametrize("calendar", [c.SP_HOLIDAYS, c.NY, c.LISBON_ALWAYS])
def test_a_kept_calendar_reads_as_the_same(calendar: Calendar) -> None:
    kept = read_calendar(calendar_json(calendar))
    assert kept == calendar


# ------------------------------------------------------------------------------------ properties

ZONES = st.sampled_from(
    [
        "America/New_York",
        "Europe/Lisbon",
        "America/Sao_Paulo",
        "Asia/Kolkata",
        "Australia/Lord_Howe",
    ]
)


@st.composite
def some_hours(draw: st.DrawFn) -> tuple[Interval, ...]:
    edges = sorted(draw(st.sets(st.integers(0, 24 * 4), min_size=2, max_size=6)))
    pairs = zip(edges[::2], edges[1::2], strict=False)
    return tuple(Interval(a * 15, b * 15) for a, b in pairs)


@st.composite
def some_calendars(draw: st.DrawFn) -> Calendar:
    week = tuple(draw(some_hours()) if draw(st.booleans()) else () for _ in range(7))
    return Calendar("c", draw(ZONES), week)


INSTANTS = st.integers(0, 9 * 365 * 24 * 4).map(
    lambda quarter: utc("2018-01-01") + timedelta(minutes=15 * quarter)
)


@given(some_calendars(), INSTANTS, st.integers(1, 20 * 24))
def test_open_is_open_for_everybody(calendar: Calendar, start: datetime, hours: int) -> None:
    """What customers are told (`bot.hours`) and what is counted never differ."""
    until = start + timedelta(hours=hours)
    spans = list(open_spans(calendar, start, until))
    at = start
    while at < until:
        counted = any(s.start <= at < s.end for s in spans if s.end is not None)
        assert counted == open_at(calendar, at), at
        at += timedelta(minutes=45)


@given(some_calendars(), INSTANTS, st.integers(60, 40 * 3600))
def test_so_much_time_has_passed_when_it_is_due(
    calendar: Calendar, start: datetime, seconds: int
) -> None:
    reached = reach(calendar, start, seconds)
    if reached is None:
        assert not any(calendar.week)
        return
    assert total_seconds(worked(calendar, start, reached.at)) == seconds
    assert total_seconds(reached.counted) == seconds


@given(some_calendars(), INSTANTS, st.integers(60, 20 * 3600), st.integers(1, 20 * 3600))
def test_more_time_is_never_due_earlier(
    calendar: Calendar, start: datetime, seconds: int, more: int
) -> None:
    first, second = reach(calendar, start, seconds), reach(calendar, start, seconds + more)
    assert first is None or second is None or first.at < second.at


@given(
    some_calendars(),
    INSTANTS,
    st.integers(60, 20 * 3600),
    st.lists(st.tuples(st.integers(0, 5_000), st.integers(0, 5_000)), max_size=4),
)
def test_a_pause_only_ever_puts_off(
    calendar: Calendar, start: datetime, seconds: int, breaks: list[tuple[int, int]]
) -> None:
    pauses = [
        Span(start + timedelta(minutes=a), start + timedelta(minutes=a + length))
        for a, length in breaks
    ]
    plain = reach(calendar, start, seconds)
    paused = reach(calendar, start, seconds, pauses=pauses)
    if plain is None or paused is None:
        return
    assert paused.at >= plain.at
    assert total_seconds(worked(calendar, start, paused.at, pauses=pauses)) == seconds


@given(some_calendars(), INSTANTS, st.integers(1, 90 * 24), st.integers(0, 90 * 24))
def test_time_adds_up_wherever_it_is_cut(
    calendar: Calendar, start: datetime, hours: int, cut: int
) -> None:
    end = start + timedelta(hours=hours)
    middle = min(end, start + timedelta(hours=cut))
    whole = total_seconds(worked(calendar, start, end))
    parts = worked(calendar, start, middle), worked(calendar, middle, end)
    assert sum(total_seconds(part) for part in parts) == whole
