"""Numbers of a period: how many promises were kept, and how many customers needed people. Pure.

Service level = met / (met + breached) × 100. What ran out and is still open counts as breached; what
is still running, and what was cancelled, is counted apart. Of nothing there is no percentage.
"""

import csv
import io
import math
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from statistics import fmean, median
from zoneinfo import ZoneInfo

from handoff.service_level.clock import ClockState
from handoff.service_level.policy import Metric

MAX_LISTED = 200
"""Tickets named in one line of the report."""
EPISODE_GAP = timedelta(hours=24)
"""A customer who is silent this long and then writes again has come back with something."""
RECONTACT_WITHIN = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class ClockLine:
    """A clock as reports count it."""

    ticket_id: str
    number: str
    metric: Metric
    state: ClockState
    level: str
    queue: str
    """Key."""
    day_of: datetime
    """When its ticket was opened or resolved, as the report asks."""
    started_at: datetime
    stopped_at: datetime | None
    due_at: datetime | None
    worked_seconds: int
    is_open: bool


@dataclass(frozen=True, slots=True)
class TicketLine:
    """A ticket as the overview counts it."""

    id: str
    number: str
    conversation_id: str
    level: str
    queue: str
    reason: str
    opened_at: datetime
    resolved_at: datetime | None
    bot_since: datetime | None
    """The customer's first words of the part with the bot that led to it."""


@dataclass(frozen=True, slots=True)
class Said:
    """A customer's message as the overview counts it."""

    conversation_id: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Spread:
    """How long things took, in seconds."""

    count: int
    median: int
    p90: int
    mean: int

    @classmethod
    def of(cls, seconds: Sequence[float]) -> "Spread | None":
        """Return the spread of some durations; None of none."""
        if not seconds:
            return None
        ordered = sorted(seconds)
        rank = math.ceil(0.9 * len(ordered)) - 1  # nearest rank: a duration that really occurred
        return cls(
            len(ordered), round(median(ordered)), round(ordered[rank]), round(fmean(ordered))
        )


@dataclass(frozen=True, slots=True)
class Named:
    """A ticket to look at."""

    id: str
    number: str


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the report: a metric, in a group or in all."""

    group: Mapping[str, str]
    metric: Metric
    met: int
    breached: int
    breached_open: int
    """Of the breached: still waiting for what did not come in time."""
    running: int
    cancelled: int
    percent: float | None
    worked: Spread | None
    """Time of the calendar without pauses, of what came in the end."""
    elapsed: Spread | None
    """The same by the wall clock."""
    breached_tickets: tuple[Named, ...]
    met_tickets: tuple[Named, ...]
    running_tickets: tuple[Named, ...]


@dataclass(frozen=True, slots=True)
class Tickets:
    """The service level of whole tickets: within it is one none of whose clocks ran out."""

    total: int
    within: int
    breached: int
    running: int
    percent: float | None


@dataclass(frozen=True, slots=True)
class ServiceLevelReport:
    """The whole report."""

    totals: tuple[Line, ...]
    lines: tuple[Line, ...]
    tickets: Tickets


def as_of(line: ClockLine, now: datetime) -> ClockLine:
    """Return the clock as it stands now: what was kept is as old as the last event."""
    over = line.is_open and line.due_at is not None and line.due_at <= now
    return replace(line, state=ClockState.BREACHED) if over else line


def percent_of(met: int, breached: int) -> float | None:
    """Return the service level in percent, with one decimal; None when there is nothing to count."""
    counted = met + breached
    return round(met / counted * 100, 1) if counted else None


def service_level(
    clocks: Iterable[ClockLine], *, by: Sequence[str], zone: ZoneInfo
) -> ServiceLevelReport:
    """Count clocks, all together and in groups.

    Args:
        clocks: of the tickets of the period.
        by: what to group by: any of level, queue, day.
        zone: whose days.
    """
    told = list(clocks)
    groups: dict[tuple[tuple[str, str], ...], list[ClockLine]] = defaultdict(list)
    for clock in told:
        groups[tuple((name, _value(clock, name, zone)) for name in by)].append(clock)
    lines = [line for key in sorted(groups) for line in _lines(groups[key], dict(key)) if by]
    return ServiceLevelReport(tuple(_lines(told, {})), tuple(lines), _tickets(told))


def _value(clock: ClockLine, name: str, zone: ZoneInfo) -> str:
    if name == "day":
        return clock.day_of.astimezone(zone).date().isoformat()
    return clock.level if name == "level" else clock.queue


def _lines(clocks: Sequence[ClockLine], group: Mapping[str, str]) -> Iterable[Line]:
    for metric in Metric:
        of_metric = [clock for clock in clocks if clock.metric is metric]
        if of_metric:
            yield _line(of_metric, metric, group)


def _line(clocks: Sequence[ClockLine], metric: Metric, group: Mapping[str, str]) -> Line:
    by_state: dict[ClockState, list[ClockLine]] = defaultdict(list)
    for clock in clocks:
        by_state[clock.state].append(clock)
    met, breached = by_state[ClockState.MET], by_state[ClockState.BREACHED]
    running = by_state[ClockState.RUNNING] + by_state[ClockState.PAUSED]
    came = [c for c in (*met, *breached) if c.stopped_at is not None]
    return Line(
        group=group,
        metric=metric,
        met=len(met),
        breached=len(breached),
        breached_open=sum(clock.stopped_at is None for clock in breached),
        running=len(running),
        cancelled=len(by_state[ClockState.CANCELLED]),
        percent=percent_of(len(met), len(breached)),
        worked=Spread.of([clock.worked_seconds for clock in came]),
        elapsed=Spread.of(
            [(c.stopped_at - c.started_at).total_seconds() for c in came if c.stopped_at]
        ),
        breached_tickets=_named(breached),
        met_tickets=_named(met),
        running_tickets=_named(running),
    )


def _named(clocks: Iterable[ClockLine]) -> tuple[Named, ...]:
    found = dict.fromkeys(Named(clock.ticket_id, clock.number) for clock in clocks)
    return tuple(found)[:MAX_LISTED]


def _tickets(clocks: Sequence[ClockLine]) -> Tickets:
    states: dict[str, set[ClockState]] = defaultdict(set)
    for clock in clocks:
        states[clock.ticket_id].add(clock.state)
    breached = sum(ClockState.BREACHED in found for found in states.values())
    waiting = {ClockState.RUNNING, ClockState.PAUSED}
    running = sum(
        ClockState.BREACHED not in found and bool(waiting & found) for found in states.values()
    )
    within = sum(
        not (found & (waiting | {ClockState.BREACHED})) and ClockState.MET in found
        for found in states.values()
    )
    return Tickets(len(states), within, breached, running, percent_of(within, breached))


# --------------------------------------------------------------------------------------- overview


@dataclass(frozen=True, slots=True)
class Episode:
    """What one customer came with: messages without a day's silence between them."""

    conversation_id: str
    started_at: datetime
    ended_at: datetime


@dataclass(frozen=True, slots=True)
class Overview:
    """How the front line did in a period."""

    conversations: int
    """Episodes: one customer with one request."""
    handed_off: int
    resolved_by_bot: int | None
    """No hand-off, and quiet for a day since; None when only some queues are looked at."""
    ongoing: int | None
    resolved_by_bot_percent: float | None
    recontacts: int | None
    """Of those the bot resolved: the customer wrote again within a week."""
    reasons: Mapping[str, int]
    queues: Mapping[str, int]
    levels: Mapping[str, int]
    days: tuple[tuple[date, int, int], ...]
    """Day, episodes begun, hand-offs."""
    handed_off_tickets: tuple[Named, ...]
    bot_time: Spread | None
    """With the bot, from the customer's first words to the hand-off."""
    human_time: Spread | None
    """With people, from the hand-off to the resolution, of what is resolved."""


def episodes_of(messages: Iterable[Said]) -> list[Episode]:
    """Cut what customers wrote, by conversation and time, into episodes."""
    found: list[Episode] = []
    for said in messages:
        last = found[-1] if found else None
        if (
            last is not None
            and last.conversation_id == said.conversation_id
            and said.at - last.ended_at < EPISODE_GAP
        ):
            found[-1] = Episode(last.conversation_id, last.started_at, said.at)
        else:
            found.append(Episode(said.conversation_id, said.at, said.at))
    return found


def overview(
    messages: Iterable[Said],
    tickets: Sequence[TicketLine],
    *,
    since: datetime,
    until: datetime,
    now: datetime,
    zone: ZoneInfo,
    wanted: Callable[[TicketLine], bool] | None = None,
) -> Overview:
    """Count a period.

    Args:
        messages: of customers, by conversation and time; a week beyond `until` for those who came back.
        tickets: opened in the same time.
        since: where the period begins.
        until: where it ends.
        now: what is quiet since a day is over.
        zone: whose days.
        wanted: which tickets; with it, only what was handed over to them is counted.
    """
    opened: dict[str, list[TicketLine]] = defaultdict(list)
    for ticket in tickets:
        opened[ticket.conversation_id].append(ticket)
    every = episodes_of(messages)
    again = _recontacts(every)
    inside = [e for e in every if since <= e.started_at < until]
    handed = [e for e in inside if _handed_off(e, opened[e.conversation_id])]
    alone = [e for e in inside if not _handed_off(e, opened[e.conversation_id])]
    quiet = [e for e in alone if now - e.ended_at >= EPISODE_GAP]
    counted = [t for t in tickets if since <= t.opened_at < until and (wanted is None or wanted(t))]
    days = Counter(e.started_at.astimezone(zone).date() for e in inside)
    ticket_days = Counter(t.opened_at.astimezone(zone).date() for t in counted)
    only_some = wanted is not None
    return Overview(
        conversations=len({t.conversation_id for t in counted}) if only_some else len(inside),
        handed_off=len(counted),
        resolved_by_bot=None if only_some else len(quiet),
        ongoing=None if only_some else len(alone) - len(quiet),
        resolved_by_bot_percent=None if only_some else percent_of(len(quiet), len(handed)),
        recontacts=None if only_some else sum(again[e] for e in quiet),
        reasons=dict(Counter(t.reason for t in counted).most_common()),
        queues=dict(Counter(t.queue for t in counted).most_common()),
        levels=dict(sorted(Counter(t.level for t in counted).items())),
        days=tuple(
            (day, 0 if only_some else days[day], ticket_days[day])
            for day in sorted(ticket_days.keys() | (set() if only_some else days.keys()))
        ),
        handed_off_tickets=tuple(Named(t.id, t.number) for t in counted)[:MAX_LISTED],
        bot_time=Spread.of(
            [(t.opened_at - t.bot_since).total_seconds() for t in counted if t.bot_since]
        ),
        human_time=Spread.of(
            [(t.resolved_at - t.opened_at).total_seconds() for t in counted if t.resolved_at]
        ),
    )


def _handed_off(episode: Episode, tickets: Iterable[TicketLine]) -> bool:
    return any(
        episode.started_at <= ticket.opened_at < episode.ended_at + EPISODE_GAP
        for ticket in tickets
    )


def _recontacts(episodes: Sequence[Episode]) -> dict[Episode, bool]:
    found: dict[Episode, bool] = {}
    for index, episode in enumerate(episodes):
        following = episodes[index + 1] if index + 1 < len(episodes) else None
        found[episode] = (
            following is not None
            and following.conversation_id == episode.conversation_id
            and following.started_at - episode.ended_at <= RECONTACT_WITHIN
        )
    return found


# -------------------------------------------------------------------------------------------- CSV


def to_csv(header: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Return a table for spreadsheets, in which nothing is taken for a formula (OWASP, CSV injection)."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(header)
    for row in rows:
        writer.writerow([_cell(value) for value in row])
    return out.getvalue()


def _cell(value: object) -> object:
    if value is None:
        return ""
    if isinstance(value, str) and value[:1] in {"=", "+", "-", "@", "\t", "\r", "\n"}:
        return "'" + value
    return value
