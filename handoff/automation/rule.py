"""Rules: when this happens, if the ticket is like that, then do those. Pure.

Rules are tried in the order of the admin's list. What a rule does may set off other rules, never
itself, and no chain of them is longer than `MAX_CHAIN`.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from bot.kit.text import is_blank, plain_words
from bot.staff.account import LEVELS
from handoff.automation import effect as effects_module
from handoff.automation.effect import MAX_NAME, MOVES, Effect, EffectKind, Problem
from handoff.ticket import Priority, Reason, TicketState

MAX_CHAIN = 5
"""Rules that may set off one another before people must look."""
MAX_VALUES = 50
"""Values of one condition."""
MAX_VALUE = 80
LONGEST_WAIT_MINUTES = 30 * 24 * 60
MAX_RECONTACT_DAYS = 90
MAX_BOUNCES = 100


class Trigger(StrEnum):
    """When a rule is looked at."""

    OPENED = "opened"
    RECONTACTED = "recontacted"
    """A ticket of a customer whose last one was resolved within `days`, or who reopened it."""
    CUSTOMER_WROTE = "customer_wrote"
    AGENT_REPLIED = "agent_replied"
    WAITING = "waiting"
    """The customer has waited for a person's words for `minutes`."""
    PASSED_ON = "passed_on"
    RETURNED = "returned"
    """Given back to the level below: it bounced."""
    PRIORITY_CHANGED = "priority_changed"
    SLA_WARNED = "sla_warned"
    SLA_BREACHED = "sla_breached"
    THIRD_PARTY_DUE = "third_party_due"
    """A third party has not answered by the date that was expected."""
    RESOLVED = "resolved"
    REOPENED = "reopened"


TRIGGER_OF: dict[str, Trigger] = {
    "opened": Trigger.OPENED,
    "customer_wrote": Trigger.CUSTOMER_WROTE,
    "agent_replied": Trigger.AGENT_REPLIED,
    "transferred": Trigger.PASSED_ON,
    "assigned": Trigger.PASSED_ON,
    "moved": Trigger.PASSED_ON,
    "escalated_functional": Trigger.PASSED_ON,
    "escalated_hierarchical": Trigger.PASSED_ON,
    "sla_moved": Trigger.PASSED_ON,
    "sla_escalated_functional": Trigger.PASSED_ON,
    "sla_escalated_hierarchical": Trigger.PASSED_ON,
    "returned": Trigger.RETURNED,
    "priority": Trigger.PRIORITY_CHANGED,
    "sla_priority": Trigger.PRIORITY_CHANGED,
    "sla_warning": Trigger.SLA_WARNED,
    "sla_breached": Trigger.SLA_BREACHED,
    "third_party_due": Trigger.THIRD_PARTY_DUE,
    "resolved": Trigger.RESOLVED,
    "reopened": Trigger.REOPENED,
}
"""What the kinds of events of a ticket's history, and words, are to rules."""


class Outcome(StrEnum):
    """What became of a rule that fitted."""

    DONE = "done"
    FAILED = "failed"
    """One thing could not be done, so none was."""
    LOOP = "loop"
    """It set itself off: not done again."""
    TOO_DEEP = "too_deep"
    """At the end of a chain of `MAX_CHAIN` rules."""


@dataclass(frozen=True, slots=True)
class Conditions:
    """For which tickets; an empty condition fits everything."""

    levels: tuple[str, ...] = ()
    queues: tuple[str, ...] = ()
    states: tuple[str, ...] = ()
    priorities: tuple[str, ...] = ()
    topics: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    """At least one of them."""
    locales: tuple[str, ...] = ()
    channels: tuple[str, ...] = ()
    reasons: tuple[str, ...] = ()
    words: tuple[str, ...] = ()
    """At least one of them in what the customer wrote: whole words, without accents; "refund*" is a
    beginning."""
    min_bounces: int | None = None
    hours: str | None = None
    """inside or outside of the opening hours of the ticket's queue."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What the conditions look at."""

    level: str
    queue: str
    """Its key."""
    state: str
    priority: str
    topic: str | None
    category: str | None
    tags: frozenset[str]
    locale: str
    channel: str
    reason: str
    bounces: int
    text: str
    """What the customer wrote: the message at hand, or all since the ticket's beginning."""
    open_now: bool
    days_since_resolved: float | None = None
    """Between the resolution of the customer's ticket before and this one; None: there was none."""
    reopened_by_customer: bool = False


@dataclass(frozen=True, slots=True)
class Miss:
    """A condition that does not hold, with what was found instead."""

    condition: str
    found: str


@dataclass(frozen=True, slots=True)
class RuleTerms:
    """Everything an admin can write down of a rule."""

    name: str
    triggers: tuple[Trigger, ...]
    effects: tuple[Effect, ...]
    conditions: Conditions = field(default_factory=Conditions)
    minutes: int | None = None
    """For `WAITING`."""
    days: int | None = None
    """For `RECONTACTED`."""
    stop: bool = False
    """Rules behind it are not tried when it fitted."""


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule as it stands in the list, in its latest version."""

    id: str
    version: int
    position: int
    enabled: bool
    terms: RuleTerms

    @property
    def actor(self) -> str:
        """What the history calls it."""
        return f"rule {self.terms.name}"


def hears(terms: RuleTerms, trigger: Trigger, facts: Facts) -> bool:
    """Tell whether the rule is looked at when `trigger` happens."""
    if trigger in terms.triggers:
        return True
    if Trigger.RECONTACTED not in terms.triggers:
        return False
    if trigger is Trigger.REOPENED:
        return facts.reopened_by_customer
    return (
        trigger is Trigger.OPENED
        and facts.days_since_resolved is not None
        and facts.days_since_resolved <= (terms.days or 0)
    )


def listened_for(terms: RuleTerms) -> frozenset[Trigger]:
    """Return what may have happened when the rule is looked at."""
    if Trigger.RECONTACTED not in terms.triggers:
        return frozenset(terms.triggers)
    return frozenset({*terms.triggers, Trigger.OPENED, Trigger.REOPENED})


def misses(conditions: Conditions, facts: Facts) -> tuple[Miss, ...]:
    """Return the conditions that do not hold; none when all do."""
    asked: dict[str, str | None] = {
        "levels": facts.level,
        "queues": facts.queue,
        "states": facts.state,
        "priorities": facts.priority,
        "topics": facts.topic,
        "categories": facts.category,
        "locales": facts.locale,
        "channels": facts.channel,
        "reasons": facts.reason,
    }
    found = [
        Miss(name, value or "")
        for name, value in asked.items()
        if getattr(conditions, name) and value not in getattr(conditions, name)
    ]
    wanted = {tag.casefold() for tag in conditions.tags}
    if wanted and not wanted & {tag.casefold() for tag in facts.tags}:
        found.append(Miss("tags", ", ".join(sorted(facts.tags))))
    if conditions.words and find_word(conditions.words, facts.text) is None:
        found.append(Miss("words", ""))
    if conditions.min_bounces is not None and facts.bounces < conditions.min_bounces:
        found.append(Miss("min_bounces", str(facts.bounces)))
    if conditions.hours is not None and facts.open_now != (conditions.hours == "inside"):
        found.append(Miss("hours", "inside" if facts.open_now else "outside"))
    return tuple(found)


def find_word(words: Iterable[str], text: str) -> str | None:
    """Return the first of `words` that stands in `text`, or None."""
    plain = f" {plain_words(text)} "
    for word in words:
        wanted = plain_words(word)
        if wanted and f" {wanted}{'' if word.endswith('*') else ' '}" in plain:
            return word
    return None


def why(terms: RuleTerms, trigger: Trigger, facts: Facts) -> dict[str, str]:
    """Return what made the rule fit: the trigger, and what each of its conditions found."""
    found = {"trigger": trigger.value}
    conditions = terms.conditions
    if trigger in {Trigger.OPENED, Trigger.REOPENED} and trigger not in terms.triggers:
        found["trigger"] = Trigger.RECONTACTED.value
        if facts.days_since_resolved is not None:
            found["days"] = f"{facts.days_since_resolved:.1f}"
    if trigger is Trigger.WAITING:
        found["minutes"] = str(terms.minutes)
    values = {
        "levels": facts.level,
        "queues": facts.queue,
        "states": facts.state,
        "priorities": facts.priority,
        "topics": facts.topic or "",
        "categories": facts.category or "",
        "tags": ", ".join(sorted(facts.tags)),
        "locales": facts.locale,
        "channels": facts.channel,
        "reasons": facts.reason,
        "words": find_word(conditions.words, facts.text) or "",
        "min_bounces": str(facts.bounces),
        "hours": conditions.hours or "",
    }
    return found | {name: value for name, value in values.items() if getattr(conditions, name)}


def plan(rule: Rule, chain: Sequence[str]) -> Outcome:
    """Return whether a rule that fits may be done at the end of `chain`, rules that led here."""
    if rule.id in chain:
        return Outcome.LOOP
    return Outcome.TOO_DEEP if len(chain) >= MAX_CHAIN else Outcome.DONE


def waited_since(terms: RuleTerms, now: datetime) -> datetime:
    """Return the instant since when a customer must be waiting for the rule to be looked at."""
    return now - timedelta(minutes=terms.minutes or 0)


# ------------------------------------------------------------------------------- what is refused


def problems_of(
    terms: RuleTerms, *, queues: Mapping[str, str], categories: Iterable[str]
) -> list[Problem]:
    """Return everything that is wrong with a rule by itself; empty when it can be used.

    Args:
        terms: as written.
        queues: key and level of every queue.
        categories: keys of every category.
    """
    categories = list(categories)
    return [
        *name_problems(terms.name),
        *_trigger_problems(terms),
        *_condition_problems(terms.conditions, queues, categories),
        *effects_module.problems_of(
            terms.effects, by_rule=True, queues=queues, categories=categories
        ),
    ]


def name_problems(name: str) -> Iterable[Problem]:
    """Return what is wrong with the name of a rule or a macro."""
    if is_blank(name):
        yield Problem("/name", "name_missing", "Give it a name.")
    elif len(name) > MAX_NAME:
        yield Problem("/name", "name_too_long", f"At most {MAX_NAME} characters.")


def _trigger_problems(terms: RuleTerms) -> Iterable[Problem]:
    if not terms.triggers:
        yield Problem("/triggers", "no_trigger", "Choose when the rule is looked at.")
    if Trigger.WAITING in terms.triggers and not 1 <= (terms.minutes or 0) <= LONGEST_WAIT_MINUTES:
        yield Problem("/minutes", "out_of_range", "Wait for 1 minute up to 30 days.")
    if Trigger.RECONTACTED in terms.triggers and not 1 <= (terms.days or 0) <= MAX_RECONTACT_DAYS:
        yield Problem("/days", "out_of_range", f"Between 1 and {MAX_RECONTACT_DAYS} days.")


def _condition_problems(
    conditions: Conditions, queues: Mapping[str, str], categories: Iterable[str]
) -> Iterable[Problem]:
    known: dict[str, Iterable[str]] = {
        "levels": LEVELS,
        "queues": queues,
        "categories": categories,
        "states": [state.value for state in TicketState],
        "priorities": [priority.value for priority in Priority],
        "reasons": [reason.value for reason in Reason],
    }
    for f in fields(conditions):
        values = getattr(conditions, f.name)
        if not isinstance(values, tuple):
            continue
        pointer = f"/conditions/{f.name}"
        if len(values) > MAX_VALUES:
            yield Problem(pointer, "too_many", f"At most {MAX_VALUES} values.")
        for value in values:
            if f.name in known and value not in known[f.name]:
                yield Problem(pointer, "unknown_value", f"There is no {value!r} here.")
            elif not value.strip() or len(value) > MAX_VALUE:
                yield Problem(pointer, "unknown_value", f"A value has 1 to {MAX_VALUE} characters.")
            elif f.name == "words" and not plain_words(value):
                yield Problem(pointer, "unknown_value", "A word has letters or digits.")
    if conditions.hours not in {None, "inside", "outside"}:
        yield Problem("/conditions/hours", "unknown_value", "Inside or outside.")
    if conditions.min_bounces is not None and not 1 <= conditions.min_bounces <= MAX_BOUNCES:
        yield Problem("/conditions/min_bounces", "out_of_range", f"Between 1 and {MAX_BOUNCES}.")


# ------------------------------------------------------------------------------------- loops


@dataclass(frozen=True, slots=True)
class _Place:
    """What is known of a ticket on its way through rules; None: it may be anything."""

    level: frozenset[str] | None = None
    queue: frozenset[str] | None = None
    priority: frozenset[str] | None = None
    with_supervisor: bool = False


def find_loop(rules: Iterable[Rule], *, queues: Mapping[str, str]) -> tuple[str, ...] | None:
    """Return the names of rules that would set off one another for ever, or None.

    Moves and changed priorities set off rules. What is known of the ticket (level, queue, priority) is followed along
    the way, so that rules whose conditions keep them apart are no loop.
    """
    ordered = sorted((r for r in rules if r.enabled), key=lambda rule: rule.position)
    ends: set[tuple[str, _Place]] = set()

    def walk(path: tuple[Rule, ...], place: _Place) -> tuple[Rule, ...] | None:
        rule = path[-1]
        inside = _enter(rule.terms.conditions, place)
        if inside is None or (rule.id, inside) in ends:
            return None
        caused, after = _after(rule.terms.effects, inside, queues)
        if not caused:
            return None
        if rule in path[:-1]:
            return path
        for following in ordered:
            if caused & set(following.terms.triggers):
                found = walk((*path, following), after)
                if found is not None:
                    return found
        ends.add((rule.id, inside))
        return None

    for start in ordered:
        path = walk((start,), _Place())
        if path is not None:
            return tuple(rule.terms.name for rule in path[path.index(path[-1]) :])
    return None


def _enter(conditions: Conditions, place: _Place) -> _Place | None:
    """Return what is known of a ticket that fits, or None when none can."""
    level = _both(place.level, conditions.levels)
    queue = _both(place.queue, conditions.queues)
    priority = _both(place.priority, conditions.priorities)
    if frozenset() in (level, queue, priority):
        return None
    return replace(place, level=level, queue=queue, priority=priority)


def _both(known: frozenset[str] | None, wanted: Sequence[str]) -> frozenset[str] | None:
    if not wanted:
        return known
    return frozenset(wanted) if known is None else known & frozenset(wanted)


def _after(
    effects: Sequence[Effect], place: _Place, queues: Mapping[str, str]
) -> tuple[set[Trigger], _Place]:
    """Return what the effects set off, and where the ticket is then."""
    caused: set[Trigger] = set()
    for effect in effects:
        before = place
        if effect.kind in {EffectKind.PRIORITY, EffectKind.RAISE_PRIORITY}:
            place = replace(place, priority=_prioritised(effect, place))
            if place != before:
                caused.add(Trigger.PRIORITY_CHANGED)
        elif effect.kind in MOVES:
            place = _moved(effect, place, queues)
            if place != before:
                caused.add(Trigger.PASSED_ON)
    return caused, place


def _prioritised(effect: Effect, place: _Place) -> frozenset[str]:
    if effect.priority is not None:
        return frozenset({effect.priority.value})
    known = place.priority or frozenset(priority.value for priority in Priority)
    return frozenset(Priority(one).raised().value for one in known)


def _moved(effect: Effect, place: _Place, queues: Mapping[str, str]) -> _Place:
    to = effect.to or ""
    if to in queues and effect.kind is not EffectKind.ESCALATE_HIERARCHICAL:
        here = _Place(frozenset({queues[to]}), frozenset({to}), place.priority)
        return place if (place.queue, place.level) == (here.queue, here.level) else here
    if effect.kind is EffectKind.ESCALATE_HIERARCHICAL:
        if place.with_supervisor:
            return place
        return replace(place, priority=None, with_supervisor=True)
    deeper = place.level is None or any(_rank(one) < _rank(to) for one in place.level)
    if not deeper:
        return place  # it is that deep already: nothing is done
    return replace(place, queue=None, level=frozenset({to}), with_supervisor=False)


def _rank(level: str) -> int:
    return LEVELS.index(level) if level in LEVELS else 0


# ------------------------------------------------------------------------------- as it is stored


def to_json(terms: RuleTerms) -> dict[str, Any]:
    """Return the stored form."""
    conditions = {
        f.name: list(value) if isinstance(value, tuple) else value
        for f in fields(Conditions)
        if (value := getattr(terms.conditions, f.name))
    }
    return {
        "name": terms.name,
        "triggers": [trigger.value for trigger in terms.triggers],
        "conditions": conditions,
        "minutes": terms.minutes,
        "days": terms.days,
        "effects": [effects_module.to_json(effect) for effect in terms.effects],
        "stop": terms.stop,
    }


def from_json(data: Mapping[str, Any]) -> RuleTerms:
    """Read what `to_json` wrote."""
    conditions: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value
        for name, value in data["conditions"].items()
    }
    return RuleTerms(
        name=data["name"],
        triggers=tuple(Trigger(value) for value in data["triggers"]),
        effects=tuple(effects_module.from_json(effect) for effect in data["effects"]),
        conditions=Conditions(**conditions),
        minutes=data["minutes"],
        days=data["days"],
        stop=data["stop"],
    )
