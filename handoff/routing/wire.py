"""The JSON of queues, rules and levels, built where it goes out and parsed where it comes in. Pure."""

from collections.abc import Mapping
from typing import Literal

from pydantic import AwareDatetime, Field

from bot.kit.text import plain_words
from bot.kit.web import Model
from handoff.repository import QueueLoad
from handoff.routing.level import Level, Levels
from handoff.routing.queue import QueueTerms
from handoff.routing.rule import Conditions, Facts, Hours, RoutingRule
from handoff.routing.service import Choices, QueueList, RuleList, TryOut
from handoff.ticket import Priority, Reason
from handoff.triage import Queue

ReasonName = Literal[
    "customer_asked",
    "not_understood",
    "not_helped",
    "action_failed",
    "code_failed",
    "bot_unavailable",
    "invalid_data",
    "rule",
]
PriorityName = Literal["urgent", "high", "normal", "low"]
Words = list[str]


# ------------------------------------------------------------------------------- what comes in


class QueueBody(Model):
    """A queue as it is to be; names by language (a missing one is filled from another)."""

    names: dict[str, str] = Field(max_length=20)
    level: str = Field(max_length=4)
    team: str = Field(default="", max_length=200)
    skills: Words = Field(default_factory=list, max_length=200)
    languages: Words = Field(default_factory=list, max_length=20)
    """What its people speak; empty: every language."""
    topics: Words = Field(default_factory=list, max_length=500)
    calendar_key: str = Field(default="main", max_length=60)
    is_default: bool = False
    """Takes what no other queue of its level is for."""


class ChangedQueue(QueueBody):
    """`version` is the one that was changed."""

    version: int


class RetireBody(Model):
    """`replacement` is the id of the queue that takes over rules and being the default."""

    version: int
    replacement: str | None = Field(default=None, max_length=36)


class VersionBody(Model):
    """The version that is meant."""

    version: int


class VersionQuery(Model):
    """The version that is meant."""

    version: int


class MoveBody(Model):
    """Id of the queue of the same level that gets the tickets."""

    to: str = Field(max_length=36)


class OrderBody(Model):
    """All ids of the list, in the new order."""

    ids: list[str] = Field(max_length=1_000)


class ConditionsModel(Model):
    """For which hand-offs; empty or null fits everything, all others must hold."""

    topics: Words = Field(default_factory=list, max_length=200)
    locales: Words = Field(default_factory=list, max_length=200)
    channels: Words = Field(default_factory=list, max_length=200)
    reasons: Words = Field(default_factory=list, max_length=200)
    words: Words = Field(default_factory=list, max_length=200)
    """Phrases, one of which stands in the request; `refund*` also finds "refunds"."""
    tiers: Words = Field(default_factory=list, max_length=200)
    verified: bool | None = None
    hours: Literal["inside", "outside"] | None = None
    calendar: str | None = Field(default=None, max_length=60)
    """Whose hours; null: those of the rule's queue."""


class RuleBody(Model):
    """A rule as it is to be."""

    name: str = Field(max_length=1_000)
    conditions: ConditionsModel = Field(default_factory=ConditionsModel)
    queue_id: str = Field(max_length=36)
    priority: PriorityName | None = None
    """Null: what the reason of the hand-off gives it."""
    enabled: bool = True


class ChangedRule(RuleBody):
    """`version` is the one that was changed."""

    version: int


class LevelBody(Model):
    """One level."""

    key: str = Field(max_length=4)
    names: dict[str, str] = Field(default_factory=dict, max_length=20)
    staffed: bool
    """People work here; a level that is switched off takes nothing new."""
    escalates_to: Words = Field(default_factory=list, max_length=10)


class LevelsBody(Model):
    """All levels, from N1 to N4."""

    version: int
    levels: list[LevelBody] = Field(max_length=10)


class TryBody(Model):
    """A hand-off that does not exist."""

    text: str = Field(default="", max_length=2_000)
    locale: str = Field(default="en", max_length=10)
    channel: str = Field(default="web", max_length=20)
    topic: str | None = Field(default=None, max_length=80)
    reason: ReasonName = "customer_asked"
    verified: bool = False
    tier: str | None = Field(default=None, max_length=40)
    at: AwareDatetime | None = None
    """Now, when it is missing."""


def terms_of(body: QueueBody) -> QueueTerms:
    """Read what was written down about a queue."""
    return QueueTerms(
        names=body.names,
        level=body.level,
        team=body.team,
        skills=tuple(body.skills),
        languages=tuple(body.languages),
        topics=tuple(body.topics),
        calendar_key=body.calendar_key,
        is_default=body.is_default,
    )


def rule_of(body: RuleBody, *, rule_id: str = "", version: int = 1) -> RoutingRule:
    """Read a rule; its place in the list is decided elsewhere."""
    asked = body.conditions
    return RoutingRule(
        position=0,
        queue_id=body.queue_id,
        conditions=Conditions(
            topics=_tidy(asked.topics),
            locales=_tidy(asked.locales),
            channels=_tidy(asked.channels),
            reasons=_tidy(asked.reasons),
            words=_tidy(asked.words),
            tiers=_tidy(asked.tiers),
            verified=asked.verified,
            hours=Hours(asked.hours) if asked.hours else None,
            calendar=asked.calendar,
        ),
        priority=Priority(body.priority) if body.priority else None,
        enabled=body.enabled,
        name=body.name.strip(),
        id=rule_id,
        version=version,
    )


def level_of(body: LevelBody) -> Level:
    """Read a level."""
    return Level(body.key, dict(body.names), body.staffed, tuple(body.escalates_to))


def facts_of(body: TryBody) -> Facts:
    """Read a hand-off that does not exist."""
    return Facts(
        topics=(body.topic,) if body.topic else (),
        locale=body.locale,
        channel=body.channel,
        reason=Reason(body.reason),
        words=plain_words(body.text),
        verified=body.verified,
        tier=body.tier or None,
    )


def _tidy(values: list[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(value.strip() for value in values if value.strip()))


# -------------------------------------------------------------------------------- what goes out


class DeskQueue(Model):
    """A queue as admins see it."""

    id: str
    key: str
    version: int
    name: str
    names: dict[str, str]
    level: str
    team: str
    skills: list[str]
    languages: list[str]
    topics: list[str]
    calendar_key: str
    is_default: bool
    retired: bool
    open_count: int
    waiting_count: int
    rule_count: int
    """Routing rules that send to it."""


class LevelItem(Model):
    """A level; `name` in the reader's language, the key when it has none."""

    key: str
    name: str
    names: dict[str, str]
    staffed: bool
    escalates_to: list[str]
    people: int | None
    """How many work there; null where that is not the reader's business."""


class LevelsAnswer(Model):
    """The levels, from N1 to N4."""

    version: int
    levels: list[LevelItem]


class CalendarName(Model):
    """A calendar that can be chosen."""

    key: str
    name: str


class ChoicesModel(Model):
    """What queues and rules can name."""

    calendars: list[CalendarName]
    topics: list[str]
    skills: list[str]
    teams: list[str]
    tiers: list[str]


class DeskQueues(Model):
    """Every queue by level and in order, retired ones at the end."""

    items: list[DeskQueue]
    levels: LevelsAnswer
    choices: ChoicesModel


class Moved(Model):
    """How many tickets moved."""

    tickets: int


class RuleQueue(Model):
    """A queue that a rule can send to."""

    id: str
    key: str
    name: str
    level: str
    retired: bool


class RuleItem(Model):
    """A rule of the list."""

    id: str
    version: int
    name: str
    conditions: ConditionsModel
    queue_id: str
    priority: PriorityName | None
    enabled: bool
    shadowed_by: str | None
    """Id of an earlier rule that takes everything this one would."""
    queue_takes: bool
    """Its queue is in use and of a level with people; else the rule is passed over."""


class Rules(Model):
    """The routing rules in order."""

    items: list[RuleItem]
    queues: list[RuleQueue]
    choices: ChoicesModel


class TriedRule(Model):
    """A rule that was looked at and did not decide."""

    id: str
    name: str
    missed: list[str]
    """Conditions that do not hold; `queue` when its queue takes nothing."""


class TryAnswer(Model):
    """Where a hand-off would go."""

    why: Literal["rule", "topic", "default"]
    rule_id: str | None
    rule_name: str | None
    tried: list[TriedRule]
    queue: RuleQueue
    level_name: str
    priority: PriorityName
    is_open: bool
    hours_text: str


def queue_item(queue: Queue, *, load: QueueLoad | None, rules: int, locale: str) -> DeskQueue:
    """Render a queue."""
    return DeskQueue(
        id=queue.id,
        key=queue.key,
        version=queue.version,
        name=queue.name(locale),
        names=queue.names,
        level=queue.level,
        team=queue.team,
        skills=sorted(queue.skills),
        languages=sorted(queue.languages),
        topics=sorted(queue.topics),
        calendar_key=queue.calendar_key,
        is_default=queue.is_default,
        retired=queue.retired,
        open_count=load.open_count if load else 0,
        waiting_count=load.waiting_count if load else 0,
        rule_count=rules,
    )


def queues_answer(found: QueueList, *, locale: str) -> DeskQueues:
    """Render the list of queues."""
    return DeskQueues(
        items=[
            queue_item(
                queue,
                load=found.loads.get(queue.id),
                rules=found.rules.get(queue.id, 0),
                locale=locale,
            )
            for queue in found.queues
        ],
        levels=levels_answer(found.levels, locale=locale, people=found.people),
        choices=_choices(found.choices),
    )


def levels_answer(
    levels: Levels, *, locale: str, people: Mapping[str, int] | None = None
) -> LevelsAnswer:
    """Render the levels; without `people` their numbers are left out."""
    return LevelsAnswer(
        version=levels.version,
        levels=[
            LevelItem(
                key=level.key,
                name=level.name(locale),
                names=dict(level.names),
                staffed=level.staffed,
                escalates_to=list(level.escalates_to),
                people=people.get(level.key, 0) if people is not None else None,
            )
            for level in levels.items
        ],
    )


def rules_answer(found: RuleList, *, locale: str) -> Rules:
    """Render the list of rules."""
    taking = {q.id for q in found.queues if not q.retired and q.level in found.levels.staffed}
    return Rules(
        items=[
            rule_item(
                rule,
                shadowed_by=found.shadowed.get(rule.id),
                queue_takes=rule.queue_id in taking,
            )
            for rule in found.rules
        ],
        queues=[rule_queue(queue, locale=locale) for queue in found.queues],
        choices=_choices(found.choices),
    )


def rule_item(
    rule: RoutingRule, *, shadowed_by: str | None = None, queue_takes: bool = True
) -> RuleItem:
    """Render a rule."""
    asked = rule.conditions
    return RuleItem(
        id=rule.id,
        version=rule.version,
        name=rule.name,
        conditions=ConditionsModel(
            topics=list(asked.topics),
            locales=list(asked.locales),
            channels=list(asked.channels),
            reasons=list(asked.reasons),
            words=list(asked.words),
            tiers=list(asked.tiers),
            verified=asked.verified,
            hours=asked.hours.value if asked.hours else None,
            calendar=asked.calendar,
        ),
        queue_id=rule.queue_id,
        priority=rule.priority.value if rule.priority else None,
        enabled=rule.enabled,
        shadowed_by=shadowed_by,
        queue_takes=queue_takes,
    )


def rule_queue(queue: Queue, *, locale: str) -> RuleQueue:
    """Render a queue that a rule can send to."""
    return RuleQueue(
        id=queue.id,
        key=queue.key,
        name=queue.name(locale),
        level=queue.level,
        retired=queue.retired,
    )


def try_answer(found: TryOut, *, locale: str) -> TryAnswer:
    """Render where a hand-off would go."""
    placement = found.placement
    return TryAnswer(
        why=placement.why,
        rule_id=placement.rule.id if placement.rule else None,
        rule_name=placement.rule.name if placement.rule else None,
        tried=[
            TriedRule(id=one.rule.id, name=one.rule.name, missed=list(one.missed))
            for one in placement.tried
        ],
        queue=rule_queue(placement.queue, locale=locale),
        level_name=found.levels[placement.queue.level].name(locale),
        priority=placement.priority.value,
        is_open=found.is_open,
        hours_text=found.hours_text,
    )


def _choices(choices: Choices) -> ChoicesModel:
    return ChoicesModel(
        calendars=[
            CalendarName(key=key, name=name) for key, name in sorted(choices.calendars.items())
        ],
        topics=list(choices.topics),
        skills=list(choices.skills),
        teams=list(choices.teams),
        tiers=list(choices.tiers),
    )
