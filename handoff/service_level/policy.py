"""Policies of the service level: for which tickets, by when, in whose hours, and what then. Pure.

Policies are tried in the order of the admin's list, the first one that fits is agreed. Every change
makes a new version; a ticket keeps the version that was agreed until something about the ticket
itself changes, or until an admin asks that running tickets be agreed anew.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from enum import StrEnum
from typing import Any

from bot.staff.account import LEVELS
from handoff.ticket import PAUSED, Priority, TicketState

ALWAYS = "always"
"""Name of the calendar that never closes."""
SHORTEST_MINUTES = 1
LONGEST_MINUTES = 366 * 24 * 60
"""A year round the clock; more is no promise but a slip of the keyboard."""
MAX_NAME = 120
MAX_CONDITION = 50
"""Values of one condition."""
MAX_ACTIONS = 20


class Metric(StrEnum):
    """What is timed; each has its own clock."""

    FIRST_RESPONSE = "first_response"
    """From the hand-off to the first words of a person; once per ticket. Never pauses."""
    NEXT_RESPONSE = "next_response"
    """From the customer's first unanswered message to a person's next words. Never pauses."""
    RESOLUTION = "resolution"
    """From the hand-off until the ticket is resolved."""
    LEVEL = "level"
    """One stay at one level, until it is passed on or resolved (operational level agreement)."""
    THIRD_PARTY = "third_party"
    """One wait for somebody outside the house."""


class Moment(StrEnum):
    """When actions are taken."""

    WARNING = "warning"
    BREACH = "breach"


class ActionKind(StrEnum):
    """What can be done about a clock that is running out."""

    NOTIFY = "notify"
    """By mail and in the console: `assignee` or `supervisors`."""
    RAISE_PRIORITY = "raise_priority"
    REASSIGN = "reassign"
    """Back in line: in the own queue, or in the queue that `to` names."""
    ESCALATE_FUNCTIONAL = "escalate_functional"
    """To a deeper level, or a queue there."""
    ESCALATE_HIERARCHICAL = "escalate_hierarchical"
    """To the least busy supervisor, of the level `to` if one is there."""


class Reopening(StrEnum):
    """What a reopened ticket means for the time to its resolution."""

    FIRST = "first"
    """Nothing: only the first resolution counts."""
    CONTINUE = "continue"
    """The clock goes on with what was left; the time it stood resolved is not counted."""
    TOTAL = "total"
    """The clock goes on as if it had never stopped; an old ticket can breach at once."""


NOTIFIED = ("assignee", "supervisors")
RESPONSES = frozenset({Metric.FIRST_RESPONSE, Metric.NEXT_RESPONSE})
PAUSING = frozenset({Metric.RESOLUTION, Metric.LEVEL})
"""Metrics that pause. A customer who waits for words waits whatever the state says."""


@dataclass(frozen=True, slots=True)
class CaseFacts:
    """What the conditions of policies look at."""

    level: str
    queue: str
    """Its key."""
    priority: str
    category: str | None = None
    tier: str | None = None
    channel: str | None = None
    locale: str | None = None


@dataclass(frozen=True, slots=True)
class Conditions:
    """For which tickets; an empty condition fits everything."""

    levels: tuple[str, ...] = ()
    queues: tuple[str, ...] = ()
    priorities: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    tiers: tuple[str, ...] = ()
    channels: tuple[str, ...] = ()
    locales: tuple[str, ...] = ()

    def missed_by(self, facts: CaseFacts) -> tuple[str, ...]:
        """Return the names of the conditions that do not hold; none when all do."""
        asked = {
            "levels": facts.level,
            "queues": facts.queue,
            "priorities": facts.priority,
            "categories": facts.category,
            "tiers": facts.tier,
            "channels": facts.channel,
            "locales": facts.locale,
        }
        return tuple(
            name
            for name, value in asked.items()
            if getattr(self, name) and value not in getattr(self, name)
        )

    def covers(self, other: "Conditions") -> bool:
        """Tell whether everything that fits `other` fits these conditions, too."""
        return all(
            not getattr(self, f.name)
            or (
                getattr(other, f.name) and set(getattr(other, f.name)) <= set(getattr(self, f.name))
            )
            for f in fields(self)
        )


@dataclass(frozen=True, slots=True)
class Warn:
    """When to warn: at a share of the time (percent), or so many minutes before the end."""

    percent: int | None = None
    minutes: int | None = None

    def seconds_of(self, target_seconds: int) -> int | None:
        """Return after how many seconds of `target_seconds` to warn; None for not at all."""
        if self.percent is not None:
            return target_seconds * self.percent // 100
        if self.minutes is not None:
            return max(0, target_seconds - self.minutes * 60)
        return None


@dataclass(frozen=True, slots=True)
class Action:
    """One thing to do at a moment, for all clocks or only for some."""

    kind: ActionKind
    to: str | None = None
    metrics: tuple[Metric, ...] = ()

    def is_for(self, metric: Metric) -> bool:
        """Tell whether it is meant for this clock."""
        return not self.metrics or metric in self.metrics


@dataclass(frozen=True, slots=True)
class Terms:
    """One version of a policy: everything an admin can write down."""

    name: str
    conditions: Conditions = field(default_factory=Conditions)
    calendar: str | None = None
    """Key of the calendar whose hours count; None: that of the ticket's queue."""
    first_response: int | None = None
    """All targets in minutes of the calendar; None: not promised."""
    next_response: int | None = None
    resolution: int | None = None
    third_party: int | None = None
    levels: Mapping[str, int] = field(default_factory=dict)
    """Minutes that a ticket may stay at each level."""
    pauses: frozenset[TicketState] = frozenset(
        {TicketState.WAITING_CUSTOMER, TicketState.WAITING_THIRD_PARTY}
    )
    reopening: Reopening = Reopening.CONTINUE
    warn: Warn = field(default_factory=lambda: Warn(percent=80))
    on_warning: tuple[Action, ...] = ()
    on_breach: tuple[Action, ...] = ()

    def target_seconds(self, metric: Metric, level: str | None = None) -> int | None:
        """Return how much time there is, or None when nothing is promised."""
        minutes = (
            self.levels.get(level or "") if metric is Metric.LEVEL else getattr(self, metric.value)
        )
        return minutes * 60 if minutes is not None else None

    def actions(self, moment: Moment, metric: Metric) -> tuple[Action, ...]:
        """Return what to do at this moment of this clock."""
        found = self.on_warning if moment is Moment.WARNING else self.on_breach
        return tuple(action for action in found if action.is_for(metric))


@dataclass(frozen=True, slots=True)
class Policy:
    """A policy as it stands in the list, in its latest version."""

    id: str
    version: int
    position: int
    enabled: bool
    terms: Terms


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with a policy, and where."""

    pointer: str
    code: str
    message: str


def choose(policies: Iterable[Policy], facts: CaseFacts) -> Policy | None:
    """Return the first policy in order that fits, or None."""
    ordered = sorted(policies, key=lambda policy: policy.position)
    return next((p for p in ordered if p.enabled and not p.terms.conditions.missed_by(facts)), None)


def shadowed(policies: Sequence[Policy]) -> dict[str, str]:
    """Return the policies that never get their turn: id, and id of the one before that takes all."""
    ordered = sorted((p for p in policies if p.enabled), key=lambda p: p.position)
    found: dict[str, str] = {}
    for index, policy in enumerate(ordered):
        for earlier in ordered[:index]:
            if earlier.terms.conditions.covers(policy.terms.conditions):
                found[policy.id] = earlier.id
                break
    return found


# ------------------------------------------------------------------------------- what is refused


def problems_of(
    terms: Terms, *, queues: Mapping[str, str], calendars: Iterable[str]
) -> list[Problem]:
    """Return everything that is wrong with a policy by itself; empty when it can be used.

    Args:
        terms: as written.
        queues: key and level of every queue.
        calendars: keys of every calendar.
    """
    return [
        *_name_problems(terms),
        *_condition_problems(terms.conditions, queues),
        *_target_problems(terms),
        *_pause_problems(terms),
        *_calendar_problems(terms, calendars),
        *_warning_problems(terms),
        *_action_problems(terms, queues),
    ]


def _name_problems(terms: Terms) -> Iterable[Problem]:
    if not terms.name.strip():
        yield Problem("/name", "name_missing", "Give the policy a name.")
    elif len(terms.name) > MAX_NAME:
        yield Problem("/name", "name_too_long", f"At most {MAX_NAME} characters.")


def _condition_problems(conditions: Conditions, queues: Mapping[str, str]) -> Iterable[Problem]:
    known: dict[str, Iterable[str]] = {
        "levels": LEVELS,
        "queues": queues,
        "priorities": [priority.value for priority in Priority],
    }
    for f in fields(conditions):
        values = getattr(conditions, f.name)
        pointer = f"/conditions/{f.name}"
        if len(values) > MAX_CONDITION:
            yield Problem(pointer, "too_many", f"At most {MAX_CONDITION} values.")
        for value in values:
            if f.name in known and value not in known[f.name]:
                yield Problem(pointer, "unknown_value", f"There is no {value!r} here.")
            elif not value.strip() or len(value) > 80:
                yield Problem(pointer, "unknown_value", "A value has 1 to 80 characters.")


def _targets(terms: Terms) -> Iterable[tuple[str, int]]:
    for metric in Metric:
        if metric is not Metric.LEVEL and getattr(terms, metric.value) is not None:
            yield f"/{metric.value}", getattr(terms, metric.value)
    for level, minutes in terms.levels.items():
        yield f"/levels/{level}", minutes


def _target_problems(terms: Terms) -> Iterable[Problem]:
    found = list(_targets(terms))
    if not found:
        yield Problem(
            "/first_response", "no_target", "Promise something: set at least one target time."
        )
    for pointer, minutes in found:
        if minutes < SHORTEST_MINUTES:
            yield Problem(
                pointer,
                "target_too_short",
                "A target of no time can't be met. Give at least 1 minute, or leave it empty.",
            )
        elif minutes > LONGEST_MINUTES:
            yield Problem(
                pointer,
                "target_too_long",
                f"At most {LONGEST_MINUTES} minutes (one year). Leave it empty for no target.",
            )
    for level in terms.levels:
        if level not in LEVELS:
            yield Problem(f"/levels/{level}", "unknown_level", f"There is no level {level!r}.")
    first, resolution = terms.first_response, terms.resolution
    if first is not None and resolution is not None and first > resolution:
        yield Problem(
            "/first_response",
            "target_order",
            "The first response would be due after the resolution. Make it shorter.",
        )


def _pause_problems(terms: Terms) -> Iterable[Problem]:
    for state in sorted(terms.pauses - PAUSED):
        yield Problem("/pauses", "not_a_pause", f"Nothing pauses while a ticket is {state.value}.")


def _calendar_problems(terms: Terms, calendars: Iterable[str]) -> Iterable[Problem]:
    if terms.calendar is not None and terms.calendar not in {ALWAYS, *calendars}:
        yield Problem("/calendar", "unknown_calendar", "There is no such calendar.")


def _warning_problems(terms: Terms) -> Iterable[Problem]:
    warn = terms.warn
    if warn.percent is not None and warn.minutes is not None:
        yield Problem("/warn", "warn_twice", "Warn at a share or so many minutes before, not both.")
    if warn.percent is not None and not 1 <= warn.percent <= 99:
        yield Problem("/warn/percent", "warn_range", "Warn between 1 and 99 percent of the time.")
    if warn.minutes is None:
        return
    if warn.minutes < 1:
        yield Problem("/warn/minutes", "warn_range", "Warn at least 1 minute before.")
    shortest = min((minutes for _, minutes in _targets(terms)), default=None)
    if shortest is not None and warn.minutes >= shortest > 0:
        yield Problem(
            "/warn/minutes",
            "warn_range",
            f"The shortest target is {shortest} minutes: the warning would come at its start. "
            "Warn later, or at a share of the time.",
        )


def _action_problems(terms: Terms, queues: Mapping[str, str]) -> Iterable[Problem]:
    for name, actions in (("on_warning", terms.on_warning), ("on_breach", terms.on_breach)):
        if len(actions) > MAX_ACTIONS:
            yield Problem(f"/{name}", "too_many", f"At most {MAX_ACTIONS} actions.")
        for index, action in enumerate(actions):
            problem = _target_of_action(action, queues)
            if problem is not None:
                yield Problem(f"/{name}/{index}/to", "unknown_target", problem)


def _target_of_action(action: Action, queues: Mapping[str, str]) -> str | None:
    match action.kind:
        case ActionKind.NOTIFY:
            fine = action.to in NOTIFIED
            return None if fine else "Notify either the assignee or the supervisors."
        case ActionKind.RAISE_PRIORITY:
            return None if action.to is None else "Raising the priority has no target."
        case ActionKind.REASSIGN:
            fine = action.to is None or action.to in queues
            return None if fine else f"There is no queue {action.to!r}."
        case ActionKind.ESCALATE_FUNCTIONAL:
            fine = action.to in queues or action.to in LEVELS[1:]
            return None if fine else "Escalate to a level of people or to a queue."
        case ActionKind.ESCALATE_HIERARCHICAL:
            fine = action.to is None or action.to in LEVELS
            return None if fine else "Escalate to the supervisors of a level, or of any."


def find_loop(policies: Iterable[Policy], *, queues: Mapping[str, str]) -> tuple[str, ...] | None:
    """Return levels between which tickets would be moved for ever, or None.

    Only the clock of a level starts anew by being moved; what the others set off happens once. A
    circle of levels whose clocks each move the ticket on to the next would never end.
    """
    edges: dict[str, set[str]] = {level: set() for level in LEVELS}
    for policy in policies:
        if not policy.enabled:
            continue
        terms, conditions = policy.terms, policy.terms.conditions
        targets = {
            queues.get(action.to or "", action.to or "")
            for action in (*terms.on_warning, *terms.on_breach)
            if action.kind in {ActionKind.REASSIGN, ActionKind.ESCALATE_FUNCTIONAL}
            and action.to is not None
            and action.is_for(Metric.LEVEL)
        }
        places = set(conditions.levels) or set(LEVELS)
        if conditions.queues:
            places &= {queues.get(key, "") for key in conditions.queues}
        for level in places & set(terms.levels):
            edges[level] |= {target for target in targets if target != level}
    return _circle(edges)


def _circle(edges: Mapping[str, set[str]]) -> tuple[str, ...] | None:
    def walk(path: tuple[str, ...]) -> tuple[str, ...] | None:
        for following in sorted(edges.get(path[-1], ())):
            if following in path:
                return (*path[path.index(following) :], following)
            found = walk((*path, following))
            if found is not None:
                return found
        return None

    for start in edges:
        found = walk((start,))
        if found is not None:
            return found
    return None


# ------------------------------------------------------------------------------- as it is stored


def to_json(terms: Terms) -> dict[str, Any]:
    """Return the stored form."""
    return {
        "name": terms.name,
        "conditions": {f.name: list(getattr(terms.conditions, f.name)) for f in fields(Conditions)},
        "calendar": terms.calendar,
        "first_response": terms.first_response,
        "next_response": terms.next_response,
        "resolution": terms.resolution,
        "third_party": terms.third_party,
        "levels": dict(terms.levels),
        "pauses": sorted(state.value for state in terms.pauses),
        "reopening": terms.reopening.value,
        "warn": {"percent": terms.warn.percent, "minutes": terms.warn.minutes},
        "on_warning": [_action_json(action) for action in terms.on_warning],
        "on_breach": [_action_json(action) for action in terms.on_breach],
    }


def _action_json(action: Action) -> dict[str, Any]:
    return {
        "kind": action.kind.value,
        "to": action.to,
        "metrics": [metric.value for metric in action.metrics],
    }


def from_json(data: Mapping[str, Any]) -> Terms:
    """Read what `to_json` wrote."""
    return Terms(
        name=data["name"],
        conditions=Conditions(**{name: tuple(v) for name, v in data["conditions"].items()}),
        calendar=data["calendar"],
        first_response=data["first_response"],
        next_response=data["next_response"],
        resolution=data["resolution"],
        third_party=data["third_party"],
        levels=dict(data["levels"]),
        pauses=frozenset(TicketState(value) for value in data["pauses"]),
        reopening=Reopening(data["reopening"]),
        warn=Warn(**data["warn"]),
        on_warning=tuple(_read_action(action) for action in data["on_warning"]),
        on_breach=tuple(_read_action(action) for action in data["on_breach"]),
    )


def _read_action(data: Mapping[str, Any]) -> Action:
    return Action(
        kind=ActionKind(data["kind"]),
        to=data["to"],
        metrics=tuple(Metric(value) for value in data["metrics"]),
    )
