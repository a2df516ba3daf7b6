"""The JSON of the service level, built where it goes out and parsed where it comes in. Pure."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Literal

from pydantic import AwareDatetime, Field

from bot.kit.web import Model
from handoff.service_level.clock import Story, stage_seconds
from handoff.service_level.policy import (
    Action,
    ActionKind,
    Conditions,
    Metric,
    Policy,
    Reopening,
    Terms,
    Warn,
    to_json,
)
from handoff.service_level.report import Line, Named, Overview, ServiceLevelReport, Spread
from handoff.service_level.reports import Period
from handoff.service_level.repository import PolicyVersion
from handoff.service_level.service import (
    ExplainedClock,
    Explanation,
    PolicyList,
    TryOut,
)
from handoff.service_level.worktime import Span
from handoff.ticket import TicketState

MAX_SPANS = 60
"""Intervals shown of one clock; the rest is counted."""
PauseName = Literal["waiting_customer", "waiting_third_party", "snoozed"]
Minutes = int | None


# ------------------------------------------------------------------------------- what comes in


class ConditionsModel(Model):
    """For which tickets; an empty list fits everything."""

    levels: list[str] = Field(default_factory=list, max_length=100)
    queues: list[str] = Field(default_factory=list, max_length=100)
    priorities: list[str] = Field(default_factory=list, max_length=100)
    categories: list[str] = Field(default_factory=list, max_length=100)
    tiers: list[str] = Field(default_factory=list, max_length=100)
    channels: list[str] = Field(default_factory=list, max_length=100)
    locales: list[str] = Field(default_factory=list, max_length=100)


class WarnModel(Model):
    """At a share of the time, or so many minutes before; neither: no warning."""

    percent: int | None = None
    minutes: int | None = None


class ActionModel(Model):
    """One thing to do; for all clocks when `metrics` is empty."""

    kind: ActionKind
    to: str | None = Field(default=None, max_length=60)
    metrics: list[Metric] = Field(default_factory=list, max_length=10)


class TermsModel(Model):
    """A policy; all targets are minutes of the calendar."""

    name: str = Field(max_length=1_000)
    conditions: ConditionsModel = Field(default_factory=ConditionsModel)
    calendar: str | None = Field(default=None, max_length=60)
    """A calendar's key, `always`, or null: that of the ticket's queue."""
    first_response: Minutes = None
    next_response: Minutes = None
    resolution: Minutes = None
    third_party: Minutes = None
    levels: dict[str, int] = Field(default_factory=dict, max_length=20)
    pauses: list[PauseName] = Field(default_factory=list, max_length=10)
    reopening: Reopening = Reopening.CONTINUE
    warn: WarnModel = Field(default_factory=WarnModel)
    on_warning: list[ActionModel] = Field(default_factory=list, max_length=100)
    on_breach: list[ActionModel] = Field(default_factory=list, max_length=100)


class NewPolicy(Model):
    """A policy for the end of the list."""

    terms: TermsModel
    enabled: bool = True
    apply_to_running: bool = False


class ChangedPolicy(NewPolicy):
    """The next version; `version` is the one that was changed."""

    version: int


class VersionBody(Model):
    """The version that is meant."""

    version: int


class OrderBody(Model):
    """All ids of the list, in the new order."""

    ids: list[str] = Field(max_length=1_000)
    apply_to_running: bool = False


class TiersBody(Model):
    """Tier by domain; what is not named is taken out."""

    tiers: dict[str, str] = Field(max_length=5_000)


class PauseBody(Model):
    """A time at which the ticket waits."""

    state: PauseName
    start: AwareDatetime
    end: AwareDatetime


class TryBody(Model):
    """A ticket that does not exist."""

    queue: str = Field(max_length=60)
    priority: Literal["urgent", "high", "normal", "low"] = "normal"
    category: str | None = Field(default=None, max_length=80)
    tier: str | None = Field(default=None, max_length=40)
    channel: str | None = Field(default=None, max_length=20)
    locale: str | None = Field(default=None, max_length=10)
    opened_at: AwareDatetime
    pauses: list[PauseBody] = Field(default_factory=list, max_length=20)


class ServiceLevelQuery(Model):
    """Days (2026-11-18, the last one included) or instants; 30 days until now otherwise."""

    from_: str | None = Field(default=None, alias="from", max_length=40)
    to: str | None = Field(default=None, max_length=40)
    level: str | None = Field(default=None, max_length=4)
    queue: str | None = Field(default=None, max_length=60)
    by: list[Literal["level", "queue", "day"]] = Field(default_factory=list, max_length=3)
    cohort: Literal["opened", "resolved"] = "opened"


class OverviewQuery(Model):
    """As `ServiceLevelQuery`."""

    from_: str | None = Field(default=None, alias="from", max_length=40)
    to: str | None = Field(default=None, max_length=40)
    level: str | None = Field(default=None, max_length=4)
    queue: str | None = Field(default=None, max_length=60)


def terms_of(body: TermsModel) -> Terms:
    """Read a policy as it was sent."""
    return Terms(
        name=body.name.strip(),
        conditions=Conditions(
            **{name: tuple(dict.fromkeys(v)) for name, v in body.conditions.model_dump().items()}
        ),
        calendar=body.calendar or None,
        first_response=body.first_response,
        next_response=body.next_response,
        resolution=body.resolution,
        third_party=body.third_party,
        levels=dict(body.levels),
        pauses=frozenset(TicketState(state) for state in body.pauses),
        reopening=body.reopening,
        warn=Warn(percent=body.warn.percent, minutes=body.warn.minutes),
        on_warning=tuple(_action(action) for action in body.on_warning),
        on_breach=tuple(_action(action) for action in body.on_breach),
    )


def _action(body: ActionModel) -> Action:
    return Action(body.kind, body.to or None, tuple(dict.fromkeys(body.metrics)))


# -------------------------------------------------------------------------------- what goes out


class PolicyItem(Model):
    """A policy of the list."""

    id: str
    version: int
    position: int
    enabled: bool
    terms: TermsModel
    shadowed_by: str | None
    """The policy before it that takes everything it would fit."""


class NamedItem(Model):
    """Something with a key."""

    key: str
    name: str


class QueueItem(NamedItem):
    """A queue that conditions and actions can name."""

    level: str


class Policies(Model):
    """The list, and what conditions can name."""

    items: list[PolicyItem]
    calendars: list[NamedItem]
    queues: list[QueueItem]
    tiers: dict[str, str]
    categories: list[str]


class Saved(Model):
    """The policy as it stands now, and on how many running tickets it was agreed anew."""

    policy: PolicyItem
    running_changed: int | None


class Applied(Model):
    """On how many running tickets something else was agreed."""

    running_changed: int | None


class VersionItem(Model):
    """A version in the history."""

    version: int
    at: str
    by: str | None
    terms: TermsModel


class Versions(Model):
    """A policy's history, newest first."""

    items: list[VersionItem]


class Tiers(Model):
    """Tier by domain."""

    tiers: dict[str, str]


class SpanItem(Model):
    """From, until just before; an open end is null."""

    start: str
    end: str | None
    seconds: int


class FiredItem(Model):
    """A warning or breach that was acted on."""

    moment: str
    due_at: str
    at: str
    late: bool
    done: list[dict[str, str | None]]


class ClockItem(Model):
    """One clock with what led to its due instant."""

    metric: Metric
    n: int
    level: str
    state: str
    target_seconds: int
    worked_seconds: int
    remaining_seconds: int
    started_at: str
    due_at: str | None
    warn_at: str | None
    stopped_at: str | None
    breached_at: str | None
    agreement: int
    policy: str
    policy_version: int | None
    calendar: str | None
    timezone: str
    intervals: list[SpanItem]
    intervals_left_out: int
    pauses: list[SpanItem]
    fired: list[FiredItem]


class AgreementItem(Model):
    """What was agreed from an instant on."""

    n: int
    at: str
    policy: str | None
    policy_id: str | None
    policy_version: int | None
    calendar: str | None
    timezone: str | None
    facts: dict[str, str | None]
    by_admin: bool


class StageItem(Model):
    """How long the ticket was at a level in a state, by the wall clock."""

    level: str
    state: str
    seconds: int


class BotItem(Model):
    """The part with the bot before the hand-off."""

    since: str | None
    until: str
    seconds: int


class TicketServiceLevel(Model):
    """Why a ticket is due when it is."""

    ticket_id: str
    number: str
    now: str
    next_metric: Metric | None
    next_due_at: str | None
    clocks: list[ClockItem]
    agreements: list[AgreementItem]
    stages: list[StageItem]
    bot: BotItem
    human_seconds: int


class TriedItem(Model):
    """A policy that was looked at; `missed` names the conditions that did not hold."""

    id: str
    name: str
    version: int
    enabled: bool
    chosen: bool
    missed: list[str]


class TriedTargetItem(Model):
    """When a target would be due."""

    metric: Metric
    target_seconds: int
    due_at: str | None
    warn_at: str | None
    intervals: list[SpanItem]
    intervals_left_out: int


class TryAnswer(Model):
    """What would be agreed."""

    policies: list[TriedItem]
    calendar: str | None
    timezone: str | None
    targets: list[TriedTargetItem]


class SpreadItem(Model):
    """How long things took, in seconds."""

    count: int
    median: int
    p90: int
    mean: int


class NamedTicket(Model):
    """A ticket to look at."""

    id: str
    number: str


class LineItem(Model):
    """A metric in a group, or in all."""

    level: str | None
    queue: str | None
    day: str | None
    metric: Metric
    met: int
    breached: int
    breached_open: int
    running: int
    cancelled: int
    percent: float | None
    worked: SpreadItem | None
    elapsed: SpreadItem | None
    breached_tickets: list[NamedTicket]
    met_tickets: list[NamedTicket]
    running_tickets: list[NamedTicket]


class TicketsItem(Model):
    """Whole tickets."""

    total: int
    within: int
    breached: int
    running: int
    percent: float | None


class ServiceLevelAnswer(Model):
    """The report."""

    from_: str = Field(serialization_alias="from")
    to: str
    cohort: str
    formula: str
    tickets: TicketsItem
    totals: list[LineItem]
    items: list[LineItem]


class DayItem(Model):
    """One day."""

    day: str
    conversations: int
    handed_off: int


class CsatItem(Model):
    """How customers rated."""

    answers: int
    asked: int
    mean: float | None
    satisfied_percent: float | None


class OverviewAnswer(Model):
    """How the front line did."""

    from_: str = Field(serialization_alias="from")
    to: str
    conversations: int
    resolved_by_bot: int | None
    resolved_by_bot_percent: float | None
    ongoing: int | None
    handed_off: int
    recontacts: int | None
    reasons: dict[str, int]
    queues: dict[str, int]
    levels: dict[str, int]
    days: list[DayItem]
    handed_off_tickets: list[NamedTicket]
    bot_time: SpreadItem | None
    human_time: SpreadItem | None
    csat: CsatItem | None


def instant(value: datetime) -> str:
    """Render an instant (RFC 3339, UTC)."""
    return value.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _maybe(value: datetime | None) -> str | None:
    return instant(value) if value else None


def _terms(terms: Terms) -> TermsModel:
    return TermsModel.model_validate(to_json(terms))


def policy_item(policy: Policy, shadowed_by: str | None = None) -> PolicyItem:
    """Render a policy."""
    return PolicyItem(
        id=policy.id,
        version=policy.version,
        position=policy.position,
        enabled=policy.enabled,
        terms=_terms(policy.terms),
        shadowed_by=shadowed_by,
    )


def policies_answer(found: PolicyList, *, locale: str) -> Policies:
    """Render the list."""
    return Policies(
        items=[policy_item(p, found.shadowed.get(p.id)) for p in found.policies],
        calendars=[NamedItem(key=key, name=name) for key, name in found.calendars.items()],
        queues=[
            QueueItem(key=queue.key, name=queue.name(locale), level=queue.level)
            for queue in found.queues
        ],
        tiers=found.tiers,
        categories=list(found.categories),
    )


def version_item(version: PolicyVersion) -> VersionItem:
    """Render a version."""
    return VersionItem(
        version=version.version,
        at=instant(version.at),
        by=version.by,
        terms=_terms(version.terms),
    )


def _spans(spans: Iterable[Span]) -> list[SpanItem]:
    return [
        SpanItem(start=instant(s.start), end=_maybe(s.end), seconds=round(s.seconds)) for s in spans
    ]


def _clock_item(explained: ExplainedClock) -> ClockItem:
    clock = explained.clock
    return ClockItem(
        metric=clock.metric,
        n=clock.n,
        level=clock.level,
        state=clock.state.value,
        target_seconds=clock.target_seconds,
        worked_seconds=clock.worked_seconds,
        remaining_seconds=clock.target_seconds - clock.worked_seconds,
        started_at=instant(clock.started_at),
        due_at=_maybe(clock.due_at),
        warn_at=_maybe(clock.warn_at),
        stopped_at=_maybe(clock.stopped_at),
        breached_at=_maybe(clock.breached_at),
        agreement=clock.agreement,
        policy=explained.policy_name,
        policy_version=explained.policy_version,
        calendar=explained.calendar,
        timezone=explained.timezone,
        intervals=_spans(explained.counted[:MAX_SPANS]),
        intervals_left_out=max(0, len(explained.counted) - MAX_SPANS),
        pauses=_spans(clock.pauses),
        fired=[
            FiredItem(
                moment=fired.moment.value,
                due_at=instant(fired.due_at),
                at=instant(fired.at),
                late=fired.late,
                done=fired.done,
            )
            for fired in explained.fired
        ],
    )


def explanation_answer(found: Explanation) -> TicketServiceLevel:
    """Render why a ticket is due when it is."""
    ticket, story = found.ticket, found.story
    next_clock = story.next_due()
    stages = stage_seconds(story.stages, now=found.now)
    return TicketServiceLevel(
        ticket_id=ticket.id,
        number=ticket.number,
        now=instant(found.now),
        next_metric=next_clock.metric if next_clock else None,
        next_due_at=_maybe(next_clock.due_at) if next_clock else None,
        clocks=[_clock_item(clock) for clock in found.clocks],
        agreements=[
            AgreementItem(
                n=one.agreement.n,
                at=instant(one.agreement.at),
                policy=one.agreement.terms.name if one.agreement.terms else None,
                policy_id=one.policy_id,
                policy_version=one.policy_version,
                calendar=(one.agreement.calendar.name or one.agreement.calendar.key)
                if one.agreement.calendar
                else None,
                timezone=one.agreement.calendar.timezone if one.agreement.calendar else None,
                facts=dict(one.facts),
                by_admin=one.agreement.event_n is None,
            )
            for one in found.agreed
        ],
        stages=[
            StageItem(level=level, state=state, seconds=seconds)
            for (level, state), seconds in stages.items()
        ],
        bot=_bot_item(found, story),
        human_seconds=sum(stages.values()),
    )


def _bot_item(found: Explanation, story: Story) -> BotItem:
    until = story.stages[0].span.start if story.stages else found.ticket.opened_at
    since = found.bot_since
    return BotItem(
        since=_maybe(since),
        until=instant(until),
        seconds=max(0, round((until - since).total_seconds())) if since else 0,
    )


def try_answer(found: TryOut) -> TryAnswer:
    """Render what would be agreed."""
    calendar = found.calendar
    return TryAnswer(
        policies=[
            TriedItem(
                id=tried.policy.id,
                name=tried.policy.terms.name,
                version=tried.policy.version,
                enabled=tried.policy.enabled,
                chosen=tried.chosen,
                missed=list(tried.missed),
            )
            for tried in found.tried
        ],
        calendar=(calendar.name or calendar.key) if calendar else None,
        timezone=calendar.timezone if calendar else None,
        targets=[
            TriedTargetItem(
                metric=target.metric,
                target_seconds=target.target_seconds,
                due_at=_maybe(target.due_at),
                warn_at=_maybe(target.warn_at),
                intervals=_spans(target.counted[:MAX_SPANS]),
                intervals_left_out=max(0, len(target.counted) - MAX_SPANS),
            )
            for target in found.targets
        ],
    )


# --------------------------------------------------------------------------------------- reports


def _spread(spread: Spread | None) -> SpreadItem | None:
    if spread is None:
        return None
    return SpreadItem(count=spread.count, median=spread.median, p90=spread.p90, mean=spread.mean)


def _named(tickets: Iterable[Named]) -> list[NamedTicket]:
    return [NamedTicket(id=ticket.id, number=ticket.number) for ticket in tickets]


def _line_item(line: Line) -> LineItem:
    return LineItem(
        level=line.group.get("level"),
        queue=line.group.get("queue"),
        day=line.group.get("day"),
        metric=line.metric,
        met=line.met,
        breached=line.breached,
        breached_open=line.breached_open,
        running=line.running,
        cancelled=line.cancelled,
        percent=line.percent,
        worked=_spread(line.worked),
        elapsed=_spread(line.elapsed),
        breached_tickets=_named(line.breached_tickets),
        met_tickets=_named(line.met_tickets),
        running_tickets=_named(line.running_tickets),
    )


def service_level_answer(
    found: ServiceLevelReport, period: Period, *, cohort: str
) -> ServiceLevelAnswer:
    """Render the report."""
    tickets = found.tickets
    return ServiceLevelAnswer(
        from_=instant(period.since),
        to=instant(period.until),
        cohort=cohort,
        formula="met / (met + breached) * 100",
        tickets=TicketsItem(
            total=tickets.total,
            within=tickets.within,
            breached=tickets.breached,
            running=tickets.running,
            percent=tickets.percent,
        ),
        totals=[_line_item(line) for line in found.totals],
        items=[_line_item(line) for line in found.lines],
    )


SERVICE_LEVEL_COLUMNS = (
    "level",
    "queue",
    "day",
    "metric",
    "met",
    "breached",
    "breached_open",
    "running",
    "cancelled",
    "percent",
    "median_worked_seconds",
    "p90_worked_seconds",
    "median_elapsed_seconds",
    "p90_elapsed_seconds",
    "breached_tickets",
)


def service_level_rows(found: ServiceLevelReport) -> Iterable[list[object]]:
    """Give the report's lines for a spreadsheet; without groups, the totals."""
    for line in found.lines or found.totals:
        worked, elapsed = line.worked, line.elapsed
        yield [
            *(line.group.get(name) for name in ("level", "queue", "day")),
            line.metric.value,
            line.met,
            line.breached,
            line.breached_open,
            line.running,
            line.cancelled,
            line.percent,
            worked.median if worked else None,
            worked.p90 if worked else None,
            elapsed.median if elapsed else None,
            elapsed.p90 if elapsed else None,
            " ".join(ticket.number for ticket in line.breached_tickets),
        ]


def overview_answer(
    found: Overview, period: Period, csat: CsatItem | None = None
) -> OverviewAnswer:
    """Render the overview."""
    return OverviewAnswer(
        from_=instant(period.since),
        to=instant(period.until),
        conversations=found.conversations,
        resolved_by_bot=found.resolved_by_bot,
        resolved_by_bot_percent=found.resolved_by_bot_percent,
        ongoing=found.ongoing,
        handed_off=found.handed_off,
        recontacts=found.recontacts,
        reasons=dict(found.reasons),
        queues=dict(found.queues),
        levels=dict(found.levels),
        days=[
            DayItem(day=day.isoformat(), conversations=conversations, handed_off=handed_off)
            for day, conversations, handed_off in found.days
        ],
        handed_off_tickets=_named(found.handed_off_tickets),
        bot_time=_spread(found.bot_time),
        human_time=_spread(found.human_time),
        csat=csat,
    )


OVERVIEW_COLUMNS = ("measure", "of", "value")


def overview_rows(found: Overview) -> Iterable[list[object]]:
    """Give the overview's numbers for a spreadsheet, one a line."""
    for name in (
        "conversations",
        "resolved_by_bot",
        "resolved_by_bot_percent",
        "ongoing",
        "handed_off",
        "recontacts",
    ):
        yield [name, None, getattr(found, name)]
    for name, spread in (("bot_time", found.bot_time), ("human_time", found.human_time)):
        if spread is not None:
            yield [f"{name}_seconds", "median", spread.median]
            yield [f"{name}_seconds", "p90", spread.p90]
    for name, counts in (
        ("handed_off_by_reason", found.reasons),
        ("handed_off_by_queue", found.queues),
        ("handed_off_by_level", found.levels),
    ):
        for key, value in counts.items():
            yield [name, key, value]
    for day, conversations, handed_off in found.days:
        yield ["conversations_by_day", day.isoformat(), conversations]
        yield ["handed_off_by_day", day.isoformat(), handed_off]
