"""The clocks of a ticket, worked out from what happened to it and what was agreed. Pure.

Nothing here is kept between two events: `replay` reads the whole story again (history, messages,
agreements) and says which clocks there were, when each is due and how it ended. So a restart loses
nothing, and a time that is shown can always be explained. What is over stays as it was: a clock that
ended or ran out is judged by what was agreed then, whatever is agreed later.

Times are met when the words or the resolution come at the due instant or before.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from bot.hours.calendar import Calendar
from handoff.service_level.policy import PAUSING, Metric, Reopening, Terms
from handoff.service_level.worktime import Span, reach, total_seconds, worked
from handoff.ticket import DONE, PAUSED, TicketState


class Kind(StrEnum):
    """What can happen to a ticket, as far as clocks care."""

    OPENED = "opened"
    WROTE = "wrote"
    """The customer."""
    REPLIED = "replied"
    """A person, to the customer. Notes, the bot's and the system's words do not count."""
    CHANGED = "changed"
    """State or level."""


@dataclass(frozen=True, slots=True)
class Happening:
    """One thing that happened; state, level and queue are those after it."""

    at: datetime
    kind: Kind
    state: TicketState = TicketState.QUEUED
    level: str = ""
    queue: str = ""
    """Its id."""
    n: int | None = None
    """Number in the ticket's history; messages have none."""


@dataclass(frozen=True, slots=True)
class Agreement:
    """What was promised from an instant on: a version of a policy, in somebody's hours."""

    n: int
    """Counts the agreements of the ticket from 1."""
    at: datetime
    terms: Terms | None
    """None: no policy fitted, nothing is promised."""
    calendar: Calendar | None
    """None: round the clock."""
    event_n: int | None = None
    """The change of the ticket that led to it; None: an admin asked for it."""


class ClockState(StrEnum):
    """How a clock stands."""

    RUNNING = "running"
    PAUSED = "paused"
    MET = "met"
    BREACHED = "breached"
    """It ran out; whether what it waited for came later, `stopped_at` says."""
    CANCELLED = "cancelled"
    """It ended in time without what it waited for: resolved without a word, or no longer agreed."""


@dataclass(frozen=True, slots=True)
class Clock:
    """One clock at the instant of the replay."""

    metric: Metric
    n: int
    """Counts the clocks of this metric from 1."""
    level: str
    """Where it ended, or is now; of the stay when that is what is timed."""
    queue: str
    started_at: datetime
    counted_from: datetime
    """Earlier than the start for a resolution that goes on after a reopening."""
    target_seconds: int
    agreement: int
    due_at: datetime | None
    """None while it pauses, and when the calendar has no such long hours."""
    warn_at: datetime | None
    stopped_at: datetime | None
    breached_at: datetime | None
    state: ClockState
    pauses: tuple[Span, ...]
    worked_seconds: int
    """Of the calendar, without pauses, until it ended or until now."""

    @property
    def is_open(self) -> bool:
        """Whether it still waits for something."""
        return self.stopped_at is None


@dataclass(frozen=True, slots=True)
class Stage:
    """A stretch of the ticket's life: at a level, waiting in line, worked on, or put aside."""

    level: str
    state: TicketState
    span: Span


@dataclass(frozen=True, slots=True)
class Story:
    """Everything a replay finds out."""

    clocks: tuple[Clock, ...]
    stages: tuple[Stage, ...]

    def next_due(self) -> Clock | None:
        """Return the open clock that matters now: the earliest due; else one that pauses."""
        waiting = [clock for clock in self.clocks if clock.is_open]
        with_due = [clock for clock in waiting if clock.due_at is not None]
        if with_due:
            return min(with_due, key=lambda clock: (clock.due_at, clock.metric))
        return waiting[0] if waiting else None


@dataclass(slots=True)
class _Running:
    """A clock while the story is read."""

    metric: Metric
    n: int
    level: str
    started_at: datetime
    counted_from: datetime
    extra_pauses: tuple[Span, ...] = ()
    not_before: datetime | None = None
    """It can't be due before this: the agreement that it runs under came later than its start."""
    agreement: Agreement | None = None
    final: bool = False
    """It ran out under this agreement; whatever is agreed later, that stays so."""


@dataclass(slots=True)
class _Reader:
    now: datetime
    state: TicketState = TicketState.QUEUED
    level: str = ""
    queue: str = ""
    agreement: Agreement | None = None
    opened_at: datetime | None = None
    resolved_at: datetime | None = None
    stages: list[Stage] = field(default_factory=list)
    stage_since: datetime | None = None
    running: dict[Metric, _Running] = field(default_factory=dict)
    ended: list[Clock] = field(default_factory=list)
    counts: dict[Metric, int] = field(default_factory=dict)

    # ------------------------------------------------------------------ agreements

    def agree(self, agreement: Agreement) -> None:
        """Judge what has run out by the old agreement, and go on under the new one."""
        for clock in self.running.values():
            if clock.final:
                continue
            before = self._judge(clock, at=agreement.at, stopped=True)
            if before is not None and before.state is ClockState.BREACHED:
                clock.final = True
                continue
            if before is not None and self._target(agreement, clock) is None:
                self.ended.append(_replace(before, state=ClockState.CANCELLED))
                self.counts[clock.metric] += 1
                clock.n = self.counts[clock.metric]
            clock.agreement = agreement
            clock.not_before = max(agreement.at, clock.started_at)
        self.agreement = agreement

    @staticmethod
    def _target(agreement: Agreement | None, clock: _Running) -> int | None:
        if agreement is None or agreement.terms is None:
            return None
        return agreement.terms.target_seconds(clock.metric, clock.level)

    # ---------------------------------------------------------------- what happened

    def take(self, happening: Happening, agreed: Sequence[Agreement] = ()) -> None:
        """Go on by one event; `agreed` came of it, and holds for what it starts."""
        match happening.kind:
            case Kind.OPENED:
                for agreement in agreed:
                    self.agree(agreement)
                self._opened(happening)
            case Kind.WROTE:
                self._wrote(happening.at)
            case Kind.REPLIED:
                self._replied(happening.at)
            case Kind.CHANGED:
                self._changed(happening, agreed)

    def _opened(self, happening: Happening) -> None:
        if self.opened_at is not None:
            return
        self.opened_at = self.stage_since = happening.at
        self.state, self.level, self.queue = happening.state, happening.level, happening.queue
        for metric in (Metric.FIRST_RESPONSE, Metric.RESOLUTION, Metric.LEVEL):
            self._start(metric, happening.at)

    def _wrote(self, at: datetime) -> None:
        # The first response governs until it is met; then the first of several messages counts.
        first = self.running.get(Metric.FIRST_RESPONSE)
        governs = first is not None and self._target(first.agreement, first) is not None
        if self._is_over() or governs or Metric.NEXT_RESPONSE in self.running:
            return
        self._start(Metric.NEXT_RESPONSE, at)

    def _replied(self, at: datetime) -> None:
        if self._is_over():
            return
        self._stop(Metric.FIRST_RESPONSE, at)
        self._stop(Metric.NEXT_RESPONSE, at)

    def _is_over(self) -> bool:
        return self.opened_at is None or self.state in DONE

    def _changed(self, happening: Happening, agreed: Sequence[Agreement]) -> None:
        if self.opened_at is None:
            return
        at, before, level_before = happening.at, self.state, self.level
        if (happening.state, happening.level) != (before, level_before):
            self._end_stage(at)
        self.state, self.level = happening.state, happening.level
        third = TicketState.WAITING_THIRD_PARTY
        if before not in DONE and self.state in DONE:
            self._resolved(at)
        elif self.state not in DONE and level_before != self.level:
            self._stop(Metric.LEVEL, at)
        if before is third and self.state is not third:
            self._stop(Metric.THIRD_PARTY, at)
        self.queue = happening.queue
        for agreement in agreed:
            self.agree(agreement)
        if before in DONE and self.state not in DONE:
            self._reopened(at)
        elif self.state not in DONE and level_before != self.level:
            self._start(Metric.LEVEL, at)
        if before is not third and self.state is third:
            self._start(Metric.THIRD_PARTY, at)

    def _resolved(self, at: datetime) -> None:
        self.resolved_at = at
        for metric in (Metric.FIRST_RESPONSE, Metric.NEXT_RESPONSE):
            self._cancel(metric, at)
        for metric in (Metric.RESOLUTION, Metric.LEVEL, Metric.THIRD_PARTY):
            self._stop(metric, at)

    def _reopened(self, at: datetime) -> None:
        self._start(Metric.LEVEL, at)
        # What went wrong once stays wrong, and is not counted again.
        first = next((c for c in reversed(self.ended) if c.metric is Metric.RESOLUTION), None)
        terms = self.agreement.terms if self.agreement else None
        if first is None or first.state is not ClockState.MET or terms is None:
            return
        if terms.reopening is Reopening.FIRST:
            return
        stood: tuple[Span, ...] = ()
        if terms.reopening is Reopening.CONTINUE and self.resolved_at is not None:
            gone = [
                c for c in self.ended if c.metric is Metric.RESOLUTION and c.state is ClockState.MET
            ]
            starts = [c.started_at for c in gone[1:]] + [at]
            stood = tuple(
                Span(c.stopped_at, again)
                for c, again in zip(gone, starts, strict=True)
                if c.stopped_at is not None
            )
        self._start(Metric.RESOLUTION, at, counted_from=first.counted_from, pauses=stood)

    # --------------------------------------------------------------- starting, ending

    def _start(
        self,
        metric: Metric,
        at: datetime,
        *,
        counted_from: datetime | None = None,
        pauses: tuple[Span, ...] = (),
    ) -> None:
        self.counts[metric] = self.counts.get(metric, 0) + 1
        self.running[metric] = _Running(
            metric=metric,
            n=self.counts[metric],
            level=self.level,
            started_at=at,
            counted_from=counted_from or at,
            extra_pauses=pauses,
            not_before=at,
            agreement=self.agreement,
        )

    def _stop(self, metric: Metric, at: datetime) -> None:
        clock = self.running.pop(metric, None)
        ended = self._judge(clock, at=at, stopped=True) if clock is not None else None
        if ended is not None:
            self.ended.append(ended)

    def _cancel(self, metric: Metric, at: datetime) -> None:
        clock = self.running.pop(metric, None)
        if clock is None:
            return
        ended = self._judge(clock, at=at, stopped=True)
        if ended is not None and ended.state is ClockState.MET:
            ended = _replace(ended, state=ClockState.CANCELLED)
        if ended is not None:
            self.ended.append(ended)

    def _end_stage(self, at: datetime) -> None:
        if self.stage_since is not None:
            self.stages.append(Stage(self.level, self.state, Span(self.stage_since, at)))
        self.stage_since = at

    # ------------------------------------------------------------------------ judging

    def _pauses(self, clock: _Running) -> tuple[Span, ...]:
        agreement = clock.agreement
        if agreement is None or agreement.terms is None or clock.metric not in PAUSING:
            return ()
        spans = [
            stage.span
            for stage in self.stages
            if stage.state in PAUSED & agreement.terms.pauses
            and stage.span.end is not None
            and stage.span.end > clock.counted_from
        ]
        if self.state in PAUSED & agreement.terms.pauses and self.stage_since is not None:
            spans.append(Span(self.stage_since, None))
        return (*spans, *clock.extra_pauses)

    def _judge(self, clock: _Running, *, at: datetime, stopped: bool) -> Clock | None:
        """Return the clock as it stands at an instant; None when nothing is promised."""
        target = self._target(clock.agreement, clock)
        agreement = clock.agreement
        if target is None or agreement is None or agreement.terms is None:
            return None
        pauses = self._pauses(clock)
        due = _due(agreement.calendar, clock, target, pauses)
        warn_after = agreement.terms.warn.seconds_of(target)
        warn = _due(agreement.calendar, clock, warn_after, pauses) if warn_after else None
        # At its due instant a clock that ends is met; one that goes on has run out.
        late = due is not None and (due < at if stopped else due <= at)
        state = (
            ClockState.BREACHED
            if late
            else ClockState.MET
            if stopped
            else ClockState.PAUSED
            if any(pause.end is None for pause in pauses)
            else ClockState.RUNNING
        )
        spent = worked(agreement.calendar, clock.counted_from, at, pauses=pauses)
        return Clock(
            metric=clock.metric,
            n=clock.n,
            level=clock.level if clock.metric is Metric.LEVEL else self.level,
            queue=self.queue,
            started_at=clock.started_at,
            counted_from=clock.counted_from,
            target_seconds=target,
            agreement=agreement.n,
            due_at=due,
            warn_at=warn,
            stopped_at=at if stopped else None,
            breached_at=due if late else None,
            state=state,
            pauses=tuple(sorted(pauses, key=lambda pause: pause.start)),
            worked_seconds=total_seconds(spent),
        )

    def story(self) -> Story:
        """Return what is known at the end of the story, now."""
        found = list(self.ended)
        for clock in self.running.values():
            judged = self._judge(clock, at=self.now, stopped=False)
            if judged is not None:
                found.append(judged)
        stages = list(self.stages)
        if self.stage_since is not None:
            stages.append(Stage(self.level, self.state, Span(self.stage_since, None)))
        return Story(
            clocks=tuple(sorted(found, key=lambda c: (c.started_at, list(Metric).index(c.metric)))),
            stages=tuple(stages),
        )


def _replace(clock: Clock, **changes: object) -> Clock:
    values = {name: getattr(clock, name) for name in Clock.__slots__} | changes
    return Clock(**values)


def _due(
    calendar: Calendar | None, clock: _Running, seconds: int, pauses: Sequence[Span]
) -> datetime | None:
    reached = reach(calendar, clock.counted_from, seconds, pauses=pauses)
    if reached is None:
        return None
    return max(reached.at, clock.not_before) if clock.not_before else reached.at


def replay(
    happenings: Iterable[Happening], agreements: Iterable[Agreement], *, now: datetime
) -> Story:
    """Read a ticket's story and return its clocks as they stand at `now`.

    Args:
        happenings: in the order in which they happened.
        agreements: one that came of an event holds for what the event starts, not for what it ends.
        now: nothing later is looked at.
    """
    told = sorted(agreements, key=lambda agreement: agreement.n)
    reader = _Reader(now=now)
    by_event = [agreement for agreement in told if agreement.event_n is not None]
    by_admin = [agreement for agreement in told if agreement.event_n is None]
    for happening in happenings:
        if happening.at > now:
            break
        while by_admin and by_admin[0].at <= happening.at and reader.opened_at is not None:
            reader.agree(by_admin.pop(0))
        came_of_it = [a for a in by_event if happening.n is not None and a.event_n == happening.n]
        reader.take(happening, came_of_it)
    for agreement in by_admin:
        if agreement.at <= now:
            reader.agree(agreement)
    return reader.story()


def counted_spans(clock: Clock, agreement: Agreement, *, now: datetime) -> tuple[Span, ...]:
    """Return the spans of working time that led to the due instant, or to now while it pauses."""
    if clock.due_at is not None:
        reached = reach(
            agreement.calendar, clock.counted_from, clock.target_seconds, pauses=clock.pauses
        )
        if reached is not None:
            return reached.counted
    end = clock.stopped_at or now
    return worked(agreement.calendar, clock.counted_from, end, pauses=clock.pauses)


def stage_seconds(stages: Iterable[Stage], *, now: datetime) -> Mapping[tuple[str, str], int]:
    """Return how long the ticket was at each level in each state, wall clock, in order of time."""
    result: dict[tuple[str, str], int] = {}
    for stage in stages:
        if stage.state in DONE:
            continue
        key = (stage.level, stage.state.value)
        spent = ((stage.span.end or now) - stage.span.start).total_seconds()
        result[key] = result.get(key, 0) + round(spent)
    return result
