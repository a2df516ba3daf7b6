"""Which queue a hand-off goes to, and how urgent it is. Pure; it always lands somewhere.

In order: the first routing rule that fits, a queue that lists the topic, the default queue of the
lowest level. Deeper levels are reached by escalation, not by the bot, unless a rule says so.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from handoff.ticket import Priority, Reason, level_rank


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

    def name(self, locale: str) -> str:
        """What the queue is called in `locale`."""
        return self.names.get(locale) or self.names.get("en") or self.key


@dataclass(frozen=True, slots=True)
class RoutingRule:
    """One line of the routing table; a condition that is None fits everything."""

    position: int
    queue_id: str
    topic: str | None = None
    locale: str | None = None
    reason: Reason | None = None
    priority: Priority | None = None

    def fits(self, *, topics: Sequence[str], locale: str, reason: Reason) -> bool:
        """Tell whether every condition holds."""
        return (
            (self.topic is None or self.topic in topics)
            and (self.locale is None or self.locale == locale)
            and (self.reason is None or self.reason is reason)
        )


@dataclass(frozen=True, slots=True)
class Placement:
    """Where a hand-off goes."""

    queue: Queue
    priority: Priority
    why: str
    """Which step decided: rule, topic or default."""


def default_priority(reason: Reason) -> Priority:
    """What failed on our side is more urgent than what was asked for."""
    return Priority.HIGH if reason is Reason.ACTION_FAILED else Priority.NORMAL


def place(
    queues: Sequence[Queue],
    rules: Sequence[RoutingRule],
    *,
    topics: Sequence[str],
    locale: str,
    reason: Reason,
) -> Placement:
    """Choose the queue for a hand-off about `topics` (the most telling one first).

    Raises:
        ValueError: there is no queue at all.
    """
    by_id = {queue.id: queue for queue in queues}
    for rule in sorted(rules, key=lambda r: r.position):
        queue = by_id.get(rule.queue_id)
        if queue is not None and rule.fits(topics=topics, locale=locale, reason=reason):
            return Placement(queue, rule.priority or default_priority(reason), "rule")
    line = in_order(queues)
    if not line:
        raise ValueError("no queue")
    first_level = line[0].level
    for topic in topics:
        for queue in line:
            if queue.level == first_level and topic in queue.topics:
                return Placement(queue, default_priority(reason), "topic")
    return Placement(_default_of(line, first_level), default_priority(reason), "default")


def queue_of_level(
    queues: Sequence[Queue], level: str, *, topics: Sequence[str] = ()
) -> Queue | None:
    """Return the best queue of `level` for `topics`, or None when the level has none."""
    line = [queue for queue in in_order(queues) if queue.level == level]
    for topic in topics:
        for queue in line:
            if topic in queue.topics:
                return queue
    return _default_of(line, level) if line else None


def in_order(queues: Sequence[Queue]) -> list[Queue]:
    """Queues by level, then in the order of the admin's list."""
    return sorted(queues, key=lambda q: (level_rank(q.level), q.position, q.key))


def _default_of(line: Sequence[Queue], level: str) -> Queue:
    same = [queue for queue in line if queue.level == level] or list(line)
    return next((queue for queue in same if queue.is_default), same[0])
