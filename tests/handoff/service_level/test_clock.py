"""A ticket's clocks, worked out by hand from what happened to it.

Hours are those of São Paulo (UTC−3), 9 to 12 and 13 to 18: 12:00–15:00 and 16:00–21:00 in UTC, Monday to
Friday; 18 November 2026 is a Wednesday. All instants are UTC; those without a date are of that day.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handoff.service_level.clock import (
    Agreement,
    Clock,
    ClockState,
    Happening,
    Kind,
    Story,
    counted_spans,
    replay,
    stage_seconds,
)
from handoff.service_level.policy import Metric, Reopening, Terms, Warn
from handoff.service_level.worktime import total_seconds
from handoff.ticket import TicketState
from tests.handoff.service_level import calendars as c
from tests.handoff.service_level.calendars import utc

TERMS = Terms(
    name="Standard",
    first_response=60,
    next_response=120,
    resolution=480,
    third_party=240,
    levels={"N2": 240, "N3": 480},
    warn=Warn(percent=80),
)
Q, C, W, T, Z, R = (
    TicketState.QUEUED,
    TicketState.CLAIMED,
    TicketState.WAITING_CUSTOMER,
    TicketState.WAITING_THIRD_PARTY,
    TicketState.SNOOZED,
    TicketState.RESOLVED,
)


def at(text: str) -> datetime:
    """`13:00` of the day, `19 13:00` of that day of the month, or a whole date."""
    if len(text) > 8:
        return utc(text)
    return utc(f"2026-11-{text}" if " " in text else f"2026-11-18 {text}")


def story(
    *told: tuple[Any, ...],
    terms: Terms = TERMS,
    now: str = "30 12:00",
    later: tuple[Agreement, ...] = (),
    calendar: Any = c.SP,
    level: str = "N2",
) -> Story:
    """Read lines like `("13:00", "opened")`, `("13:10", C)`, `("14:00", C, "N3")`, `("14:10", "replied")`."""
    happenings, n = [], 0
    for line in told:
        when, what = at(line[0]), line[1]
        if len(line) > 2:
            level = line[2]
        if what == "opened":
            n += 1
            happenings.append(Happening(when, Kind.OPENED, Q, level, "q", n))
        elif isinstance(what, TicketState):
            n += 1
            happenings.append(Happening(when, Kind.CHANGED, what, level, "q", n))
        else:
            happenings.append(Happening(when, Kind(what)))
    first = Agreement(1, at(told[0][0]), terms, calendar, event_n=1)
    return replay(happenings, [first, *later], now=at(now))


def found(told: Story, metric: Metric, n: int = 1) -> Clock | None:
    return next((k for k in told.clocks if (k.metric, k.n) == (metric, n)), None)


@dataclass(frozen=True)
class Case:
    """`clock` is (metric, n); the rest is what must come out."""

    what: str
    told: tuple[tuple[Any, ...], ...]
    clock: tuple[str, int]
    state: str | None
    due: str | None = None
    stopped: str | None = None
    now: str = "30 12:00"
    changes: dict[str, Any] | None = None


OPEN = ("13:00", "opened")
NIGHT = ("22:00", "opened")
CASES = [
    # First response: 60 minutes from the hand-off to the first words of a person.
    Case(
        "nobody has answered yet", (OPEN,), ("first_response", 1), "running", "14:00", now="13:30"
    ),
    Case(
        "answered in time",
        (OPEN, ("13:59", "replied")),
        ("first_response", 1),
        "met",
        "14:00",
        "13:59",
    ),
    Case(
        "at the last instant",
        (OPEN, ("14:00", "replied")),
        ("first_response", 1),
        "met",
        "14:00",
        "14:00",
    ),
    Case(
        "a second late",
        (OPEN, ("14:00:01", "replied")),
        ("first_response", 1),
        "breached",
        "14:00",
        "14:00:01",
    ),
    Case("never answered", (OPEN,), ("first_response", 1), "breached", "14:00"),
    Case(
        "due at this very instant", (OPEN,), ("first_response", 1), "breached", "14:00", now="14:00"
    ),
    Case(
        "handed over at night", (NIGHT,), ("first_response", 1), "running", "19 13:00", now="23:00"
    ),
    Case(
        "waiting for the customer is no answer",
        (OPEN, ("13:10", C), ("13:20", W)),
        ("first_response", 1),
        "breached",
        "14:00",
    ),
    Case(
        "resolved without a word, in time",
        (OPEN, ("13:30", R)),
        ("first_response", 1),
        "cancelled",
        "14:00",
        "13:30",
    ),
    Case(
        "resolved without a word, too late",
        (OPEN, ("14:30", R)),
        ("first_response", 1),
        "breached",
        "14:00",
        "14:30",
    ),
    Case(
        "only once per ticket",
        (OPEN, ("13:10", "replied"), ("13:20", "wrote"), ("13:30", "replied")),
        ("first_response", 2),
        None,
    ),
    Case(
        "customer writes on before it",
        (OPEN, ("13:30", "wrote")),
        ("first_response", 1),
        "running",
        "14:00",
        now="13:45",
    ),
    # Next response: 120 minutes from the first unanswered message.
    Case(
        "the first response governs until it is met",
        (OPEN, ("13:30", "wrote")),
        ("next_response", 1),
        None,
        now="13:45",
    ),
    Case(
        "the customer waits again",
        (OPEN, ("13:10", "replied"), ("13:20", "wrote")),
        ("next_response", 1),
        "running",
        "16:20",
        now="13:30",
    ),
    Case(
        "the first of several messages counts",
        (OPEN, ("13:10", "replied"), ("13:20", "wrote"), ("14:20", "wrote")),
        ("next_response", 1),
        "running",
        "16:20",
        now="14:30",
    ),
    Case(
        "and is answered",
        (OPEN, ("13:10", "replied"), ("13:20", "wrote"), ("16:20", "replied")),
        ("next_response", 1),
        "met",
        "16:20",
        "16:20",
    ),
    Case(
        "a second exchange has a second clock",
        (OPEN, ("13:10", "replied"), ("13:20", "wrote"), ("13:30", "replied"), ("13:40", "wrote")),
        ("next_response", 2),
        "running",
        "16:40",
        now="14:00",
    ),
    Case(
        "it does not pause",
        (OPEN, ("13:05", C), ("13:10", "replied"), ("13:20", "wrote"), ("13:25", Z)),
        ("next_response", 1),
        "running",
        "16:20",
        now="14:00",
    ),
    Case(
        "it ends with the resolution",
        (OPEN, ("13:10", "replied"), ("13:20", "wrote"), ("14:00", R)),
        ("next_response", 1),
        "cancelled",
        "16:20",
        "14:00",
    ),
    Case(
        "late, then resolved",
        (OPEN, ("13:10", "replied"), ("13:20", "wrote"), ("17:00", R)),
        ("next_response", 1),
        "breached",
        "16:20",
        "17:00",
    ),
    Case(
        "over night",
        (OPEN, ("13:10", "replied"), ("20:00", "wrote")),
        ("next_response", 1),
        "running",
        "19 13:00",
        now="21:00",
    ),
    Case(
        "words after the end wait for nobody",
        (OPEN, ("13:10", "replied"), ("13:20", R), ("13:30", "wrote")),
        ("next_response", 1),
        None,
    ),
    # Resolution: 480 minutes, a working day, without pauses.
    Case("the same time tomorrow", (OPEN,), ("resolution", 1), "running", "19 13:00", now="14:00"),
    Case("resolved in time", (OPEN, ("20:00", R)), ("resolution", 1), "met", "19 13:00", "20:00"),
    Case(
        "resolved late",
        (OPEN, ("19 14:00", R)),
        ("resolution", 1),
        "breached",
        "19 13:00",
        "19 14:00",
    ),
    Case(
        "waiting for the customer stops it",
        (OPEN, ("14:00", C), ("14:30", W)),
        ("resolution", 1),
        "paused",
        None,
        now="17:00",
    ),
    Case(
        "and goes on when the answer is there",
        (OPEN, ("14:00", C), ("14:30", W), ("16:30", C)),
        ("resolution", 1),
        "running",
        "19 14:00",
        now="17:00",
    ),
    Case(
        "a night's wait costs nothing",
        (OPEN, ("14:00", C), ("21:30", W), ("19 11:00", C)),
        ("resolution", 1),
        "running",
        "19 13:00",
        now="19 12:00",
    ),
    Case(
        "a wait over the weekend",
        (OPEN, ("18 14:00", C), ("18 15:00", W), ("23 16:00", C)),
        ("resolution", 1),
        "running",
        "24 13:00",
        now="23 17:00",
    ),
    Case(
        "a third party stops it, too",
        (OPEN, ("14:00", C), ("16:00", T), ("18:00", C)),
        ("resolution", 1),
        "running",
        "19 15:00",
        now="18:30",
    ),
    Case(
        "a snooze does not, unless agreed",
        (OPEN, ("14:00", C), ("16:00", Z), ("18:00", C)),
        ("resolution", 1),
        "running",
        "19 13:00",
        now="18:30",
    ),
    Case(
        "a snooze that was agreed",
        (OPEN, ("14:00", C), ("16:00", Z), ("18:00", C)),
        ("resolution", 1),
        "running",
        "19 15:00",
        now="18:30",
        changes={"pauses": frozenset({Z})},
    ),
    Case(
        "two waits",
        (OPEN, ("13:30", C), ("14:00", W), ("14:30", C), ("16:00", W), ("17:00", C)),
        ("resolution", 1),
        "running",
        "19 14:30",
        now="18:00",
    ),
    Case(
        "a wait that begins too late changes nothing",
        (OPEN, ("14:00", C), ("19 13:30", W)),
        ("resolution", 1),
        "breached",
        "19 13:00",
    ),
    Case(
        "a wait that becomes another wait",
        (OPEN, ("13:30", C), ("14:00", W), ("14:30", T), ("16:00", C)),
        ("resolution", 1),
        "running",
        "19 14:00",
        now="17:00",
    ),
    # Reopening.
    Case(
        "reopened: a second clock goes on with the rest",
        (OPEN, ("14:00", R), ("16:00", C)),
        ("resolution", 2),
        "running",
        "19 14:00",
        now="17:00",
    ),
    Case(
        "the first result stays",
        (OPEN, ("14:00", R), ("16:00", C)),
        ("resolution", 1),
        "met",
        "19 13:00",
        "14:00",
        now="17:00",
    ),
    Case(
        "reopened days later",
        (OPEN, ("20:00", R), ("23 13:00", C)),
        ("resolution", 2),
        "running",
        "23 15:00",
        now="23 14:00",
    ),
    Case(
        "and resolved again in time",
        (OPEN, ("20:00", R), ("23 13:00", C), ("23 14:59", R)),
        ("resolution", 2),
        "met",
        "23 15:00",
        "23 14:59",
    ),
    Case(
        "reopened twice",
        (OPEN, ("14:00", R), ("16:00", C), ("17:00", R), ("18:00", C)),
        ("resolution", 3),
        "running",
        "19 15:00",
        now="18:30",
    ),
    Case(
        "only the first resolution counts",
        (OPEN, ("14:00", R), ("16:00", C)),
        ("resolution", 2),
        None,
        now="17:00",
        changes={"reopening": Reopening.FIRST},
    ),
    Case(
        "everything since the hand-off counts",
        (OPEN, ("14:00", R), ("16:00", C)),
        ("resolution", 2),
        "running",
        "19 13:00",
        now="17:00",
        changes={"reopening": Reopening.TOTAL},
    ),
    Case(
        "an old ticket breaches at once",
        (OPEN, ("14:00", R), ("23 13:00", C)),
        ("resolution", 2),
        "breached",
        "23 13:00",
        now="23 13:00",
        changes={"reopening": Reopening.TOTAL},
    ),
    Case(
        "what was late once is not counted twice",
        (OPEN, ("19 14:00", R), ("20 13:00", C)),
        ("resolution", 2),
        None,
    ),
    Case(
        "after a reopening the customer's words count again",
        (OPEN, ("13:10", "replied"), ("14:00", R), ("16:00", C), ("16:30", "wrote")),
        ("next_response", 1),
        "running",
        "18:30",
        now="17:00",
    ),
    Case(
        "also when nobody had said a word",
        (OPEN, ("13:30", R), ("16:00", C), ("16:30", "wrote")),
        ("next_response", 1),
        "running",
        "18:30",
        now="17:00",
    ),
    # Time per level: N2 240 minutes, N3 480.
    Case("the stay at N2", (OPEN,), ("level", 1), "running", "18:00", now="14:00"),
    Case("passed on in time", (OPEN, ("17:00", Q, "N3")), ("level", 1), "met", "18:00", "17:00"),
    Case(
        "the stay at N3 is a clock of its own",
        (OPEN, ("17:00", Q, "N3")),
        ("level", 2),
        "running",
        "19 17:00",
        now="17:30",
    ),
    Case(
        "passed on too late", (OPEN, ("18:30", Q, "N3")), ("level", 1), "breached", "18:00", "18:30"
    ),
    Case(
        "back at N2: a new stay",
        (OPEN, ("17:00", Q, "N3"), ("18:00", Q, "N2")),
        ("level", 3),
        "running",
        "19 13:00",
        now="19:00",
    ),
    Case(
        "another queue of the level goes on",
        (OPEN, ("14:00", C), ("14:30", Q)),
        ("level", 1),
        "running",
        "18:00",
        now="15:00",
    ),
    Case(
        "waiting for the customer stops the stay",
        (OPEN, ("14:00", C), ("14:30", W), ("16:30", C)),
        ("level", 1),
        "running",
        "19:00",
        now="17:00",
    ),
    Case("nothing promised for N4", (OPEN, ("14:00", Q, "N4")), ("level", 2), None),
    Case("resolving ends the stay", (OPEN, ("17:59", R)), ("level", 1), "met", "18:00", "17:59"),
    # A third party: 240 minutes.
    Case(
        "the vendor's own clock",
        (OPEN, ("13:30", C), ("14:00", T)),
        ("third_party", 1),
        "running",
        "19:00",
        now="16:00",
    ),
    Case(
        "the vendor answers",
        (OPEN, ("13:30", C), ("14:00", T), ("18:00", C)),
        ("third_party", 1),
        "met",
        "19:00",
        "18:00",
    ),
    Case(
        "the vendor is late",
        (OPEN, ("13:30", C), ("14:00", T), ("20:00", C)),
        ("third_party", 1),
        "breached",
        "19:00",
        "20:00",
    ),
    Case(
        "the vendor again",
        (OPEN, ("13:30", C), ("14:00", T), ("16:00", C), ("17:00", T)),
        ("third_party", 2),
        "running",
        "21:00",
        now="18:00",
    ),
]


@pytest.mark.parametrize("case", CASES, ids=[case.what for case in CASES])
def test_clocks(case: Case) -> None:
    terms = replace(TERMS, **(case.changes or {}))
    clock = found(
        story(*case.told, terms=terms, now=case.now), Metric(case.clock[0]), case.clock[1]
    )
    if case.state is None:
        assert clock is None
        return
    assert clock is not None
    assert (clock.state, clock.due_at, clock.stopped_at) == (
        ClockState(case.state),
        at(case.due) if case.due else None,
        at(case.stopped) if case.stopped else None,
    )
    assert clock.breached_at == (clock.due_at if case.state == "breached" else None)


# ------------------------------------------------------------------ what is agreed later

STRICT = replace(TERMS, name="Urgent", first_response=15, resolution=120, levels={"N2": 60})


def later(when: str, terms: Terms | None, event_n: int | None = None) -> tuple[Agreement, ...]:
    return (Agreement(2, at(when), terms, c.SP, event_n=event_n),)


def test_a_running_clock_goes_on_under_the_new_policy_from_its_own_start() -> None:
    told = story(OPEN, ("13:20", C), now="13:30", later=later("13:20", STRICT, 2))
    resolution = found(told, Metric.RESOLUTION)
    assert resolution is not None
    assert (resolution.due_at, resolution.agreement) == (at("15:00"), 2)


def test_nothing_is_due_before_it_was_agreed() -> None:
    """15 minutes from 13:00 were over when they were agreed at 13:20: due then, not earlier."""
    told = story(OPEN, ("13:20", C), now="13:20", later=later("13:20", STRICT, 2))
    first = found(told, Metric.FIRST_RESPONSE)
    assert first is not None
    assert (first.due_at, first.state) == (at("13:20"), ClockState.BREACHED)


def test_what_ran_out_stays_so_whatever_is_agreed_later() -> None:
    mild = replace(TERMS, first_response=600)
    told = story(OPEN, ("14:30", C), ("14:40", "replied"), later=later("14:30", mild, 2))
    first = found(told, Metric.FIRST_RESPONSE)
    assert first is not None
    assert (first.state, first.due_at, first.agreement) == (ClockState.BREACHED, at("14:00"), 1)


def test_what_was_met_stays_so_whatever_is_agreed_later() -> None:
    told = story(OPEN, ("13:30", "replied"), ("13:40", C), later=later("13:40", STRICT, 2))
    first = found(told, Metric.FIRST_RESPONSE)
    assert first is not None
    assert (first.state, first.agreement) == (ClockState.MET, 1)


def test_more_time_before_it_ran_out() -> None:
    mild = replace(TERMS, first_response=180)
    told = story(OPEN, ("13:50", C), ("14:40", "replied"), later=later("13:50", mild, 2))
    first = found(told, Metric.FIRST_RESPONSE)
    assert first is not None
    assert (first.state, first.due_at) == (ClockState.MET, at("17:00"))


def test_nothing_is_promised_any_more() -> None:
    told = story(OPEN, ("13:50", C), later=later("13:50", None, 2))
    assert {clock.state for clock in told.clocks} == {ClockState.CANCELLED}
    assert told.next_due() is None


def test_promised_only_later() -> None:
    """Opened while no policy fitted; taken in at 13:30: the hour counts from the start."""
    happenings = [Happening(at("13:00"), Kind.OPENED, Q, "N2", "q", 1)]
    told = replay(happenings, [Agreement(1, at("13:30"), TERMS, c.SP)], now=at("13:40"))
    first = found(told, Metric.FIRST_RESPONSE)
    assert first is not None
    assert (first.state, first.due_at) == (ClockState.RUNNING, at("14:00"))


def test_a_move_that_changes_the_policy_ends_the_stay_by_the_old_one() -> None:
    """The policy of N3 says nothing of N2, but the stay there was in time by what had been agreed."""
    deep = replace(TERMS, levels={"N3": 60})
    told = story(OPEN, ("14:00", Q, "N3"), now="14:10", later=later("14:00", deep, 2))
    first, second = found(told, Metric.LEVEL, 1), found(told, Metric.LEVEL, 2)
    assert first is not None
    assert second is not None
    assert (first.state, first.agreement) == (ClockState.MET, 1)
    assert (second.level, second.due_at) == ("N3", at("15:00"))


def test_an_admins_change_without_any_event() -> None:
    told = story(
        OPEN, ("16:00", C), now="16:30", later=later("14:30", replace(TERMS, resolution=600))
    )
    resolution = found(told, Metric.RESOLUTION)
    assert resolution is not None
    assert resolution.due_at == at("19 15:00")


def test_other_hours_from_then_on() -> None:
    told = story(
        OPEN, ("13:30", C), now="13:40", later=(Agreement(2, at("13:30"), TERMS, None, event_n=2),)
    )
    resolution = found(told, Metric.RESOLUTION)
    assert resolution is not None
    assert resolution.due_at == at("21:00")


# ---------------------------------------------------------------------- warnings, next, stages


@pytest.mark.parametrize(
    ("warn", "expected"),
    [
        (Warn(percent=80), "13:48"),
        (Warn(percent=50), "13:30"),
        (Warn(minutes=15), "13:45"),
        (Warn(), None),
    ],
)
def test_when_to_warn(warn: Warn, expected: str | None) -> None:
    clock = found(story(OPEN, terms=replace(TERMS, warn=warn), now="13:10"), Metric.FIRST_RESPONSE)
    assert clock is not None
    assert clock.warn_at == (at(expected) if expected else None)


def test_a_warning_keeps_working_hours() -> None:
    """80 % of the hour that began at 20:30 are over at 21:00 plus 18 minutes of the next day."""
    clock = found(story(("20:30", "opened"), now="20:31"), Metric.FIRST_RESPONSE)
    assert clock is not None
    assert (clock.warn_at, clock.due_at) == (at("19 12:18"), at("19 12:30"))


def test_the_earliest_open_clock_is_next() -> None:
    before, after = story(OPEN, now="13:10"), story(OPEN, ("13:20", "replied"), now="13:30")
    assert [clock and clock.metric for clock in (before.next_due(), after.next_due())] == [
        Metric.FIRST_RESPONSE,
        Metric.LEVEL,
    ]
    paused = story(OPEN, ("13:10", "replied"), ("13:20", C), ("13:30", W), now="14:00").next_due()
    assert paused is not None
    assert (paused.state, paused.due_at) == (ClockState.PAUSED, None)
    assert story(OPEN, ("13:10", "replied"), ("13:20", R), now="14:00").next_due() is None


def test_time_by_level_and_state() -> None:
    told = story(
        OPEN,
        ("13:10", C),
        ("13:30", W),
        ("14:00", C),
        ("14:30", Q, "N3"),
        ("15:00", C),
        ("15:30", R),
    )
    assert stage_seconds(told.stages, now=at("30 12:00")) == {
        ("N2", "queued"): 600,
        ("N2", "claimed"): 3_000,
        ("N2", "waiting_customer"): 1_800,
        ("N3", "queued"): 1_800,
        ("N3", "claimed"): 1_800,
    }


def test_the_spans_that_were_counted() -> None:
    told = story(OPEN, ("14:00", C), ("14:30", W), ("16:30", C), now="17:00")
    clock = found(told, Metric.LEVEL)
    assert clock is not None
    spans = counted_spans(clock, Agreement(1, at("13:00"), TERMS, c.SP), now=at("17:00"))
    assert [(s.start, s.end) for s in spans] == [
        (at("13:00"), at("14:30")),
        (at("16:30"), at("19:00")),
    ]


# -------------------------------------------------------------------------------- properties

STEPS = st.sampled_from(["wrote", "replied", Q, C, W, T, Z, R])


@st.composite
def stories(draw: st.DrawFn) -> list[Happening]:
    when = utc("2026-10-20 12:00") + timedelta(minutes=draw(st.integers(0, 30_000)))
    told = [Happening(when, Kind.OPENED, Q, "N2", "q", 1)]
    level, state, n = "N2", Q, 1
    for what in draw(st.lists(STEPS, max_size=12)):
        when += timedelta(minutes=draw(st.integers(0, 1_500)))
        if isinstance(what, TicketState):
            n, state = n + 1, what
            level = draw(st.sampled_from(["N2", "N3"])) if what is Q else level
            told.append(Happening(when, Kind.CHANGED, state, level, "q", n))
        else:
            told.append(Happening(when, Kind(what)))
    return told


def _agreed(told: list[Happening]) -> list[Agreement]:
    return [Agreement(1, told[0].at, TERMS, c.SP, event_n=1)]


@given(stories(), st.integers(0, 10_000))
def test_what_has_ended_is_never_rewritten(told: list[Happening], minutes: int) -> None:
    """Whatever happens later, and however late one looks: the results so far stay as they were."""
    now = told[0].at + timedelta(minutes=minutes)
    then = replay(told, _agreed(told), now=now)
    last = told[-1].at + timedelta(days=60)
    in_the_end = {(k.metric, k.n): k for k in replay(told, _agreed(told), now=last).clocks}
    for clock in then.clocks:
        end = in_the_end[clock.metric, clock.n]
        if not clock.is_open:
            assert end == clock
        if clock.breached_at is not None:
            assert end.breached_at == clock.breached_at


@given(stories())
def test_a_clock_is_judged_by_its_due_instant(told: list[Happening]) -> None:
    now = told[-1].at + timedelta(days=60)
    clocks = replay(told, _agreed(told), now=now).clocks
    assert len({(k.metric, k.n) for k in clocks}) == len(clocks)
    for clock in clocks:
        if clock.state is ClockState.MET:
            assert clock.stopped_at is not None
            assert clock.due_at is None or clock.stopped_at <= clock.due_at
            assert clock.worked_seconds <= clock.target_seconds
        if clock.state is ClockState.BREACHED:
            assert clock.breached_at == clock.due_at
            assert clock.worked_seconds >= clock.target_seconds
        if clock.state is ClockState.PAUSED:
            assert clock.due_at is None


@given(stories())
def test_a_resolved_ticket_has_no_open_clock(told: list[Happening]) -> None:
    told = [*told, Happening(told[-1].at, Kind.CHANGED, R, "N2", "q", 99)]
    clocks = replay(told, _agreed(told), now=told[-1].at + timedelta(days=60)).clocks
    assert all(not clock.is_open for clock in clocks)


@given(stories())
def test_the_explanation_adds_up(told: list[Happening]) -> None:
    now = told[-1].at + timedelta(days=60)
    agreement = _agreed(told)[0]
    for clock in replay(told, [agreement], now=now).clocks:
        if clock.due_at is not None and clock.due_at > clock.started_at:
            spans = counted_spans(clock, agreement, now=now)
            assert total_seconds(spans) == clock.target_seconds
