"""Which queue a hand-off goes to, and how urgent it is. Pure; it always lands somewhere.

In order: the first routing rule that fits, a queue of the first level that lists the topic, the
default queue of that level. The first level is the one nearest to the customer that has people.
Deeper levels are reached by escalation, not by the bot, unless a rule says so.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Literal

from handoff.routing.rule import Facts, RoutingRule
from handoff.routing.rule import in_order as rules_in_order
from handoff.ticket import PEOPLE, Priority, Reason, level_rank


@dataclass(frozen=True, slots=True)
class Queue:
    """People of one level waiting for people."""

    id: str
    key: str
    level: str
    names: dict[str, str]
    topics: frozenset[str] = field(default_factory=frozenset)
    calendar_key: str = "main"
    is_default: bool = False
    position: int = 0
    team: str = ""
    skills: frozenset[str] = field(default_factory=frozenset)
    """What its people must know; free words."""
    languages: frozenset[str] = field(default_factory=frozenset)
    """What its people speak; empty: every language."""
    version: int = 1
    retired: bool = False

    def name(self, locale: str) -> str:
        """What the queue is called in `locale`."""
        return self.names.get(locale) or self.names.get("en") or self.key

    def serves(self, locale: str | None) -> bool:
        """Tell whether its people speak the language; None asks for none."""
        return not self.languages or locale is None or locale in self.languages


@dataclass(frozen=True, slots=True)
class Tried:
    """A rule that was looked at, and why it did not decide."""

    rule: RoutingRule
    missed: tuple[str, ...] = ()
    """Names of the conditions that do not hold; `queue` when its queue takes nothing."""


@dataclass(frozen=True, slots=True)
class Placement:
    """Where a hand-off goes."""

    queue: Queue
    priority: Priority
    why: Literal["rule", "topic", "default"]
    """Which step decided."""
    rule: RoutingRule | None = None
    tried: tuple[Tried, ...] = ()
    """The rules that were looked at before, in order."""


def default_priority(reason: Reason) -> Priority:
    """What failed on our side is more urgent than what was asked for."""
    return Priority.HIGH if reason is Reason.ACTION_FAILED else Priority.NORMAL


def place(
    queues: Sequence[Queue],
    rules: Iterable[RoutingRule],
    facts: Facts,
    *,
    people: Sequence[str] = PEOPLE,
) -> Placement:
    """Choose the queue for a hand-off.

    Args:
        queues: all that may be named by a rule; retired ones take nothing.
        rules: in any order; those that are switched off decide nothing.
        facts: of the hand-off.
        people: keys of the levels with people; queues of others take nothing.

    Raises:
        ValueError: there is no queue at all.
    """
    taking = takers(queues, people=people)
    if not taking:
        raise ValueError("no queue")
    by_id = {queue.id: queue for queue in taking}
    tried: list[Tried] = []
    for rule in rules_in_order(rules):
        if not rule.enabled:
            continue
        queue = by_id.get(rule.queue_id)
        if queue is None:
            tried.append(Tried(rule, ("queue",)))
            continue
        missed = rule.missed_by(facts, calendar=queue.calendar_key)
        if not missed:
            priority = rule.priority or default_priority(facts.reason)
            return Placement(queue, priority, "rule", rule, tuple(tried))
        tried.append(Tried(rule, missed))
    first = [queue for queue in taking if queue.level == taking[0].level]
    priority = default_priority(facts.reason)
    found = _of_topic(first, facts.topics, facts.locale)
    if found is not None:
        return Placement(found, priority, "topic", tried=tuple(tried))
    return Placement(_default_of(first, facts.locale), priority, "default", tried=tuple(tried))


def takers(queues: Iterable[Queue], *, people: Sequence[str] = PEOPLE) -> list[Queue]:
    """Return the queues that take hand-offs, in order: in use and of a level with people.

    Where there is none such, the next best: somebody will find it rather than nobody.
    """
    line = in_order(queues)
    active = [queue for queue in line if not queue.retired]
    return [queue for queue in active if queue.level in people] or active or line


def queue_of_level(
    queues: Sequence[Queue], level: str, *, topics: Sequence[str] = (), locale: str | None = None
) -> Queue | None:
    """Return the best queue of `level` for `topics`, or None when the level has none."""
    line = [queue for queue in in_order(queues) if queue.level == level and not queue.retired]
    if not line:
        return None
    return _of_topic(line, topics, locale) or _default_of(line, locale)


def in_order(queues: Iterable[Queue]) -> list[Queue]:
    """Queues by level, then in the order of the admin's list."""
    return sorted(queues, key=lambda q: (level_rank(q.level), q.position, q.key))


def _of_topic(line: Sequence[Queue], topics: Sequence[str], locale: str | None) -> Queue | None:
    for topic in topics:
        for queue in line:
            if topic in queue.topics and queue.serves(locale):
                return queue
    return None


def _default_of(line: Sequence[Queue], locale: str | None) -> Queue:
    default = next((queue for queue in line if queue.is_default), line[0])
    if default.serves(locale):
        return default
    # People who speak the language are better than people who know everything else.
    return next((queue for queue in line if locale in queue.languages), default)
