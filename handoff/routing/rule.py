"""Rules that say which queue a hand-off goes to: what they may ask, when they fit, which never do. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from bot.kit.text import plain_words
from handoff.routing.problem import Problem
from handoff.ticket import Priority, Reason

MAX_RULES = 200
MAX_NAME = 120
MAX_VALUES = 50
"""Values that one condition may list."""
MAX_VALUE = 80
"""Characters of a value; a phrase of the request is one, too."""
_NAMED = ("topics", "locales", "channels", "reasons", "words", "tiers")


class Hours(StrEnum):
    """Whether somebody is there."""

    INSIDE = "inside"
    OUTSIDE = "outside"


@dataclass(frozen=True, slots=True)
class Facts:
    """What rules may look at when a conversation is handed over."""

    topics: tuple[str, ...]
    """What it is about, the most telling first."""
    locale: str
    channel: str
    reason: Reason
    words: str = ""
    """What the customer wrote, as `plain_words` leaves it."""
    verified: bool = False
    tier: str | None = None
    """Of the customer; None: none is known."""
    open_calendars: frozenset[str] = frozenset()
    """Keys of the calendars by whose hours somebody is there now."""


@dataclass(frozen=True, slots=True)
class Conditions:
    """For which hand-offs; what is empty or None fits everything, all others must hold."""

    topics: tuple[str, ...] = ()
    locales: tuple[str, ...] = ()
    channels: tuple[str, ...] = ()
    reasons: tuple[str, ...] = ()
    words: tuple[str, ...] = ()
    """Phrases, one of which stands in the request; `refund*` also finds "refunds"."""
    tiers: tuple[str, ...] = ()
    verified: bool | None = None
    hours: Hours | None = None
    calendar: str | None = None
    """Whose hours; None: those of the rule's own queue."""


@dataclass(frozen=True, slots=True)
class RoutingRule:
    """One line of the routing table, tried in order of position."""

    position: int
    queue_id: str
    conditions: Conditions = field(default_factory=Conditions)
    priority: Priority | None = None
    """None: what the reason of the hand-off gives it."""
    enabled: bool = True
    name: str = ""
    id: str = ""
    version: int = 1

    def missed_by(self, facts: Facts, *, calendar: str) -> tuple[str, ...]:
        """Return the names of the conditions that do not hold; none when the rule fits.

        Args:
            facts: of the hand-off.
            calendar: key of the calendar of the rule's queue.
        """
        asked = self.conditions
        missed = [
            name
            for name, values in (
                ("topics", facts.topics),
                ("locales", (facts.locale,)),
                ("channels", (facts.channel,)),
                ("reasons", (facts.reason.value,)),
                ("tiers", (facts.tier,)),
            )
            if getattr(asked, name) and not set(getattr(asked, name)) & set(values)
        ]
        if asked.words and not any(_stands_in(word, f" {facts.words} ") for word in asked.words):
            missed.append("words")
        if asked.verified is not None and asked.verified is not facts.verified:
            missed.append("verified")
        if asked.hours is not None:
            is_open = (asked.calendar or calendar) in facts.open_calendars
            if is_open is not (asked.hours is Hours.INSIDE):
                missed.append("hours")
        return tuple(missed)


def covers(wide: RoutingRule, narrow: RoutingRule, *, calendars: Mapping[str, str]) -> bool:
    """Tell whether everything that fits `narrow` fits `wide`, too.

    Args:
        wide: the rule that is tried first.
        narrow: the one after it.
        calendars: key of the calendar of each queue in use, by queue id.
    """
    a, b = wide.conditions, narrow.conditions
    for name in _NAMED:
        asked, given = getattr(a, name), getattr(b, name)
        if not asked:
            continue
        if not given:
            return False
        if name == "words":
            if not all(any(_finds(one, other) for one in asked) for other in given):
                return False
        elif not set(given) <= set(asked):
            return False
    if a.verified is not None and a.verified is not b.verified:
        return False
    if a.hours is None:
        return True
    return (a.hours, a.calendar or calendars.get(wide.queue_id)) == (
        b.hours,
        b.calendar or calendars.get(narrow.queue_id),
    )


def shadowed(rules: Iterable[RoutingRule], *, calendars: Mapping[str, str]) -> dict[str, str]:
    """Return the rules that never get their turn: id, and id of the one before that takes all.

    Rules that are switched off or whose queue takes nothing neither shadow nor are shadowed.

    Args:
        rules: in any order.
        calendars: as for `covers`; a queue that is not named takes nothing.
    """
    ordered = in_order(rule for rule in rules if rule.enabled and rule.queue_id in calendars)
    found: dict[str, str] = {}
    for index, rule in enumerate(ordered):
        for earlier in ordered[:index]:
            if covers(earlier, rule, calendars=calendars):
                found[rule.id] = earlier.id
                break
    return found


def in_order(rules: Iterable[RoutingRule]) -> list[RoutingRule]:
    """Rules as they are tried."""
    return sorted(rules, key=lambda rule: (rule.position, rule.id))


def problems_of(
    rule: RoutingRule,
    *,
    queues: Iterable[str],
    calendars: Iterable[str],
    locales: Iterable[str],
    channels: Iterable[str],
) -> list[Problem]:
    """Return everything that is wrong with a rule by itself; empty when it can be used.

    Args:
        rule: as written.
        queues: ids of the queues in use.
        calendars: keys of every calendar.
        locales: languages that are served.
        channels: names of the channels.
    """
    found = []
    if not rule.name.strip():
        found.append(Problem("/name", "name_missing", "Give the rule a name."))
    elif len(rule.name) > MAX_NAME:
        found.append(Problem("/name", "too_long", f"At most {MAX_NAME} characters."))
    if rule.queue_id not in set(queues):
        found.append(Problem("/queue_id", "unknown_queue", "Choose a queue that is in use."))
    known: dict[str, Sequence[str]] = {
        "locales": list(locales),
        "channels": list(channels),
        "reasons": [reason.value for reason in Reason],
    }
    asked = rule.conditions
    for name in _NAMED:
        found.extend(_value_problems(name, getattr(asked, name), known.get(name)))
    if asked.calendar is not None and asked.hours is None:
        found.append(
            Problem(
                "/conditions/hours", "hours_missing", "Say whether inside or outside its hours."
            )
        )
    if asked.calendar is not None and asked.calendar not in set(calendars):
        found.append(
            Problem("/conditions/calendar", "unknown_calendar", "There is no such calendar.")
        )
    return found


def _value_problems(
    name: str, values: Sequence[str], known: Sequence[str] | None
) -> Iterable[Problem]:
    pointer = f"/conditions/{name}"
    if len(values) > MAX_VALUES:
        yield Problem(pointer, "too_many", f"At most {MAX_VALUES} values.")
    for value in values:
        if known is not None and value not in known:
            yield Problem(pointer, "unknown_value", f"There is no {value!r} here.")
        elif not value.strip() or len(value) > MAX_VALUE:
            yield Problem(pointer, "bad_value", f"A value has 1 to {MAX_VALUE} characters.")
        elif name == "words" and not plain_words(value):
            yield Problem(pointer, "bad_value", f"{value!r} holds no letter and no digit.")


# ------------------------------------------------------------------------------- phrases


def _needle(phrase: str) -> str:
    """The phrase as it is looked for among words with a blank on both sides."""
    plain = plain_words(phrase)
    if not plain:
        return "\n"  # stands in no text
    return f" {plain}" if phrase.rstrip().endswith("*") else f" {plain} "


def _stands_in(phrase: str, padded: str) -> bool:
    return _needle(phrase) in padded


def _finds(wide: str, narrow: str) -> bool:
    """Tell whether `wide` stands in every text in which `narrow` does."""
    return _needle(wide) in _needle(narrow)


# ------------------------------------------------------------------------------- as it is stored


def to_json(conditions: Conditions) -> dict[str, Any]:
    """Return the stored form."""
    stored: dict[str, Any] = {name: list(getattr(conditions, name)) for name in _NAMED}
    stored["verified"] = conditions.verified
    stored["hours"] = conditions.hours.value if conditions.hours else None
    stored["calendar"] = conditions.calendar
    return stored


def from_json(data: Mapping[str, Any]) -> Conditions:
    """Read the stored form; what it does not hold fits everything."""
    hours = data.get("hours")
    return Conditions(
        **{name: tuple(data.get(name) or ()) for name in _NAMED},
        verified=data.get("verified"),
        hours=Hours(hours) if hours in list(Hours) else None,
        calendar=data.get("calendar"),
    )
