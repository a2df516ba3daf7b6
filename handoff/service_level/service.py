"""The service level: policies as admins edit them, what is agreed for a ticket, and why it is due when.

`follow` is called by the desk within every step that changes a ticket. It agrees on a policy when
the ticket is new or has changed in a way that policies look at, reads the whole story again, and
keeps the clocks it finds for lists, reports and the sweep (`handoff.service_level.worker`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime

from sqlalchemy import Connection

from bot.hours import repository as hours
from bot.hours.calendar import Calendar
from bot.kit.clock import Clock as Now
from bot.kit.db import Database, Tx
from bot.kit.errors import Conflict, Invalid, NotFound
from bot.staff.account import Staff
from bot.staff.audit import record
from handoff import repository as desk
from handoff.service_level import repository
from handoff.service_level.clock import (
    Agreement,
    Clock,
    Happening,
    Story,
    counted_spans,
    replay,
)
from handoff.service_level.policy import (
    ALWAYS,
    PAUSING,
    CaseFacts,
    Metric,
    Policy,
    Problem,
    Terms,
    choose,
    find_loop,
    problems_of,
    shadowed,
)
from handoff.service_level.repository import Agreed, Fired, PolicyVersion
from handoff.service_level.seed import default_terms
from handoff.service_level.worktime import Span, calendar_problem, reach
from handoff.steps import check_visible
from handoff.ticket import PAUSED, Ticket, TicketState
from handoff.triage import Queue

BY_ITSELF = "sla_"
"""What kinds of events begin with that the service level itself set off: they agree on nothing new."""
MAX_TIERS = 2_000


@dataclass(frozen=True, slots=True)
class ExplainedClock:
    """A clock with what led to its due instant."""

    clock: Clock
    policy_name: str
    policy_version: int | None
    calendar: str | None
    """Name or key; None: round the clock."""
    timezone: str
    counted: tuple[Span, ...]
    fired: tuple[Fired, ...]


@dataclass(frozen=True, slots=True)
class Explanation:
    """Everything about a ticket's service level at an instant."""

    ticket: Ticket
    now: datetime
    agreed: list[Agreed]
    clocks: list[ExplainedClock]
    story: Story
    happenings: list[Happening]
    bot_since: datetime | None
    facts: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class TriedPolicy:
    """A policy that was looked at, and the conditions that did not hold."""

    policy: Policy
    missed: tuple[str, ...]
    chosen: bool


@dataclass(frozen=True, slots=True)
class TriedTarget:
    """When a target would be due."""

    metric: Metric
    target_seconds: int
    due_at: datetime | None
    warn_at: datetime | None
    counted: tuple[Span, ...]


@dataclass(frozen=True, slots=True)
class TryOut:
    """What would be agreed for a ticket that does not exist."""

    tried: list[TriedPolicy]
    calendar: Calendar | None
    targets: list[TriedTarget]


@dataclass(frozen=True, slots=True)
class PolicyList:
    """The list as admins see it."""

    policies: list[Policy]
    shadowed: dict[str, str]
    calendars: dict[str, str]
    """Name by key."""
    queues: list[Queue]
    tiers: dict[str, str]
    categories: tuple[str, ...]


class ServiceLevel:
    """Policies, agreements and explanations; one per process."""

    def __init__(self, db: Database, clock: Now) -> None:
        self._db = db
        self._clock = clock

    def now(self) -> datetime:
        """Return the present."""
        return self._clock.now()

    # ------------------------------------------------------------------------ following

    def follow(self, tx: Tx, ticket_id: str, *, now: datetime, only_words: bool = False) -> None:
        """Look at a ticket again after a change; see `handoff.steps.Follows`."""
        ticket = self._ticket(tx.conn, ticket_id)
        agreed = repository.list_agreed(tx.conn, ticket_id)
        if not only_words:
            event_n, kind = repository.last_event(tx.conn, ticket_id)
            if not agreed and kind != "opened":
                return  # older than the service level; it is taken in when an admin asks for it
            if self._agree(tx, ticket, agreed, event_n=event_n, kind=kind, now=now):
                agreed = repository.list_agreed(tx.conn, ticket_id)
        if agreed:
            self._keep(tx, ticket, agreed, now=now)

    def refresh(self, tx: Tx, ticket: Ticket, *, now: datetime) -> tuple[Story, list[Agreed]]:
        """Read the ticket's story again and keep its clocks."""
        agreed = repository.list_agreed(tx.conn, ticket.id)
        return self._keep(tx, ticket, agreed, now=now), agreed

    def _keep(self, tx: Tx, ticket: Ticket, agreed: Sequence[Agreed], *, now: datetime) -> Story:
        story = self._story(tx.conn, ticket, agreed, now=now)
        repository.save_clocks(tx, ticket.id, story.clocks, next_due=story.next_due())
        return story

    @staticmethod
    def _story(conn: Connection, ticket: Ticket, agreed: Sequence[Agreed], now: datetime) -> Story:
        return replay(
            repository.happenings(conn, ticket), [one.agreement for one in agreed], now=now
        )

    def _agree(
        self,
        tx: Tx,
        ticket: Ticket,
        agreed: Sequence[Agreed],
        *,
        event_n: int | None,
        kind: str,
        now: datetime,
    ) -> bool:
        """Agree anew if the ticket has changed in what policies look at; True when it did."""
        facts = self._facts(tx.conn, ticket)
        last = agreed[-1] if agreed else None
        looked_at = asdict(facts)
        if last is not None and event_n is not None and dict(last.facts) == looked_at:
            return False
        if last is not None and kind.startswith(BY_ITSELF):
            # Else a warning that raises the priority would shorten the very time it warns about.
            policy_id, version, calendar_id = (
                last.policy_id,
                last.policy_version,
                last.calendar_id,
            )
        else:
            policy = choose(repository.list_policies(tx.conn), facts)
            calendar = self._calendar(tx.conn, policy, ticket.queue_id, now) if policy else None
            policy_id = policy.id if policy else None
            version = policy.version if policy else None
            calendar_id = repository.keep_calendar(tx, calendar)
        same = last is not None and (policy_id, version, calendar_id, looked_at) == (
            last.policy_id,
            last.policy_version,
            last.calendar_id,
            dict(last.facts),
        )
        if same:
            return False
        repository.insert_agreement(
            tx,
            ticket.id,
            n=(last.agreement.n if last else 0) + 1,
            at=now,
            event_n=event_n,
            policy_id=policy_id,
            policy_version=version,
            calendar_id=calendar_id,
            facts=looked_at,
        )
        return True

    @staticmethod
    def _facts(conn: Connection, ticket: Ticket) -> CaseFacts:
        context = repository.context_of(conn, ticket)
        return CaseFacts(
            level=ticket.level,
            queue=ticket.queue_key,
            priority=ticket.priority.value,
            category=ticket.topic,
            tier=repository.tier_of(conn, context.account),
            channel=context.channel,
            locale=context.locale,
        )

    @staticmethod
    def _calendar(
        conn: Connection, policy: Policy, queue_id: str, now: datetime
    ) -> Calendar | None:
        named = policy.terms.calendar
        if named == ALWAYS:
            return None
        # A calendar that was taken away since is stood in for by that of the queue; a team without
        # any calendar is always there (`bot.hours`).
        found = hours.find_calendar(conn, named, now=now) if named else None
        if found is None:
            key = desk.get_queue(conn, queue_id).calendar_key
            found = hours.find_calendar(conn, key, now=now)
        return found

    async def apply_to_running(self, *, staff: Staff | None = None) -> int:
        """Agree anew on every open ticket by today's policies and calendars; return how many changed.

        Each ticket is a step of its own: the desk goes on meanwhile. What ran out already stays so.

        Args:
            staff: who asked for it; None for Frontline itself.
        """
        changed, after = 0, 0
        while True:
            page = await self._db.read(
                lambda conn, after=after: repository.open_tickets(conn, after=after)  # type: ignore[misc]
            )
            if not page:
                break
            for ticket in page:
                changed += await self._db.write(
                    lambda tx, ticket=ticket: self._agree_anew(tx, ticket)  # type: ignore[misc]
                )
            after = page[-1].serial
        if staff is not None:
            detail: dict[str, object] = {"tickets": changed}
            await self._db.write(lambda tx: self._record(tx, staff, "applied", "", detail))
        return changed

    def _agree_anew(self, tx: Tx, ticket: Ticket) -> bool:
        now = self.now()
        desk.lock_conversation(tx, ticket.conversation_id)
        ticket = self._ticket(tx.conn, ticket.id)
        if not ticket.is_open:
            return False
        agreed = repository.list_agreed(tx.conn, ticket.id)
        if not self._agree(tx, ticket, agreed, event_n=None, kind="", now=now):
            return False
        self.refresh(tx, ticket, now=now)
        return True

    @staticmethod
    def _ticket(conn: Connection, ticket_id: str) -> Ticket:
        ticket = desk.find_ticket(conn, ticket_id)
        if ticket is None:
            raise NotFound("There is no such ticket.")
        return ticket

    # ------------------------------------------------------------------------- policies

    async def seed(self, *, locale: str) -> None:
        """Give a new installation policies to start with, and take in tickets that are older."""

        def step(tx: Tx) -> bool:
            if repository.ever_had_policies(tx.conn):
                return False
            for position, terms in enumerate(default_terms(locale)):
                repository.insert_policy(
                    tx, terms, position=position, enabled=True, by=None, now=self.now()
                )
            return True

        if await self._db.write(step):
            await self.apply_to_running()

    async def list_policies(self) -> PolicyList:
        """Return the policies in order, and what their conditions can name."""

        def query(conn: Connection) -> PolicyList:
            policies = repository.list_policies(conn)
            queues = desk.list_queues(conn)
            calendars = {}
            for key in hours.list_keys(conn):
                found = hours.find_calendar(conn, key, now=self.now())
                calendars[key] = (found.name if found else "") or key
            return PolicyList(
                policies=policies,
                shadowed=shadowed(policies),
                calendars=calendars,
                queues=queues,
                tiers=repository.list_tiers(conn),
                categories=tuple(sorted({topic for queue in queues for topic in queue.topics})),
            )

        return await self._db.read(query)

    async def list_versions(self, policy_id: str) -> list[PolicyVersion]:
        """Return a policy's versions, newest first.

        Raises:
            NotFound: there is no such policy.
        """
        found = await self._db.read(lambda conn: repository.list_versions(conn, policy_id))
        if not found:
            raise NotFound("There is no such policy.")
        return found

    async def add_policy(self, terms: Terms, *, enabled: bool, staff: Staff) -> Policy:
        """Add a policy at the end of the list.

        Raises:
            Invalid: it can't be used; `errors` says what and where.
        """

        def step(tx: Tx) -> Policy:
            repository.lock_policies(tx)
            there = repository.list_policies(tx.conn)
            position = max((policy.position for policy in there), default=-1) + 1
            self._check(tx.conn, terms, [*there, Policy("", 1, position, enabled, terms)])
            policy_id = repository.insert_policy(
                tx, terms, position=position, enabled=enabled, by=staff.id, now=self.now()
            )
            self._record(tx, staff, "added", policy_id, {"name": terms.name})
            return Policy(policy_id, 1, position, enabled, terms)

        return await self._db.write(step)

    async def change_policy(
        self, policy_id: str, terms: Terms, *, enabled: bool, version: int, staff: Staff
    ) -> Policy:
        """Make the next version of a policy; running tickets keep theirs.

        Raises:
            NotFound: it is not in the list.
            Conflict: (stale) somebody else changed it since `version`.
            Invalid: it can't be used; `errors` says what and where.
        """

        def step(tx: Tx) -> Policy:
            repository.lock_policies(tx)
            before = self._get(tx.conn, policy_id)
            if before.version != version:
                raise _stale(before)
            after = Policy(policy_id, version + 1, before.position, enabled, terms)
            others = [p for p in repository.list_policies(tx.conn) if p.id != policy_id]
            self._check(tx.conn, terms, [*others, after])
            if not repository.change_policy(
                tx, before, terms, enabled=enabled, by=staff.id, now=self.now()
            ):
                raise _stale(self._get(tx.conn, policy_id))
            self._record(
                tx, staff, "changed", policy_id, {"name": terms.name, "version": version + 1}
            )
            return after

        return await self._db.write(step)

    async def retire_policy(self, policy_id: str, *, version: int, staff: Staff) -> None:
        """Take a policy from the list; running tickets keep what was agreed.

        Raises:
            NotFound: it is not in the list.
            Conflict: (stale) somebody else changed it since `version`.
        """

        def step(tx: Tx) -> None:
            repository.lock_policies(tx)
            before = self._get(tx.conn, policy_id)
            if before.version != version:
                raise _stale(before)
            repository.retire_policy(tx, policy_id, now=self.now())
            self._record(tx, staff, "retired", policy_id, {"name": before.terms.name})

        await self._db.write(step)

    async def set_order(self, policy_ids: Sequence[str], *, staff: Staff) -> None:
        """Put the list into this order.

        Raises:
            Conflict: (stale) the list holds other policies by now.
        """

        def step(tx: Tx) -> None:
            repository.lock_policies(tx)
            there = repository.list_policies(tx.conn)
            if sorted(policy_ids) != sorted(policy.id for policy in there):
                raise Conflict(
                    "The list has changed in the meantime. Look at it again.", code="stale"
                )
            repository.set_order(tx, policy_ids)
            self._record(tx, staff, "ordered", "", {"order": list(policy_ids)})

        await self._db.write(step)

    async def save_tiers(self, tiers: Mapping[str, str], *, staff: Staff) -> dict[str, str]:
        """Replace which domains belong to which tier.

        Raises:
            Invalid: a domain or a tier can't be used.
        """
        if len(tiers) > MAX_TIERS:
            raise Invalid(f"At most {MAX_TIERS} domains.", code="too_many")
        cleaned: dict[str, str] = {}
        for domain, tier in tiers.items():
            name = domain.strip().lower().removeprefix("@")
            if not name or "@" in name or "." not in name or len(name) > 253 or " " in name:
                raise Invalid(
                    f"{domain!r} is no domain. Write what stands after the @ of an address.",
                    code="invalid_domain",
                )
            if not tier.strip() or len(tier.strip()) > 40:
                raise Invalid("A tier has 1 to 40 characters.", code="invalid_tier")
            cleaned[name] = tier.strip()

        def step(tx: Tx) -> None:
            repository.save_tiers(tx, cleaned)
            self._record(tx, staff, "tiers", "", {"domains": len(cleaned)})

        await self._db.write(step)
        return cleaned

    @staticmethod
    def _get(conn: Connection, policy_id: str) -> Policy:
        found = repository.find_policy(conn, policy_id)
        if found is None:
            raise NotFound("There is no such policy.")
        return found

    def _check(self, conn: Connection, terms: Terms, policies: Sequence[Policy]) -> None:
        queues = desk.list_queues(conn)
        levels = {queue.key: queue.level for queue in queues}
        problems = problems_of(terms, queues=levels, calendars=hours.list_keys(conn))
        if not problems:
            problems = list(self._hours_problems(conn, terms, queues))
        if problems:
            raise Invalid(
                " ".join(dict.fromkeys(problem.message for problem in problems)),
                code=problems[0].code,
                errors=[
                    {"pointer": p.pointer, "code": p.code, "message": p.message} for p in problems
                ],
            )
        circle = find_loop(policies, queues=levels)
        if circle is not None:
            raise Invalid(
                "These policies would move tickets in a circle for ever: "
                f"{' → '.join(circle)}. Remove one of the moves.",
                code="rule_loop",
                levels=list(circle),
            )

    def _hours_problems(
        self, conn: Connection, terms: Terms, queues: Sequence[Queue]
    ) -> list[Problem]:
        if terms.calendar == ALWAYS:
            return []
        wanted = terms.conditions
        keys = (
            [terms.calendar]
            if terms.calendar is not None
            else sorted(
                {
                    queue.calendar_key
                    for queue in queues
                    if (not wanted.queues or queue.key in wanted.queues)
                    and (not wanted.levels or queue.level in wanted.levels)
                }
            )
        )
        now = self.now()
        for key in keys:
            calendar = hours.find_calendar(conn, key, now=now)
            if calendar is None:
                continue  # a team without a calendar is always there
            wrong = calendar_problem(calendar)
            if wrong is not None:
                return [Problem("/calendar", "calendar_unusable", wrong)]
            for metric in Metric:
                targets = (
                    [minutes * 60 for minutes in terms.levels.values()]
                    if metric is Metric.LEVEL
                    else [terms.target_seconds(metric) or 0]
                )
                if max(targets, default=0) and reach(calendar, now, max(targets)) is None:
                    return [
                        Problem(
                            "/levels" if metric is Metric.LEVEL else f"/{metric.value}",
                            "target_unreachable",
                            "In the hours of this calendar that would take more than three years. "
                            "Choose a shorter time or another calendar.",
                        )
                    ]
        return []

    def _record(
        self, tx: Tx, staff: Staff, what: str, policy_id: str, detail: dict[str, object]
    ) -> None:
        record(
            tx,
            staff.id,
            f"service_level.{what}",
            "service_policy",
            policy_id,
            detail,
            self.now(),
        )

    # -------------------------------------------------------------------------- explain

    async def explain(self, ticket_id: str, staff: Staff | None) -> Explanation:
        """Return why a ticket is due when it is.

        Args:
            ticket_id: or its number (FL-1042).
            staff: who asks; None for the command line, which sees everything.

        Raises:
            NotFound: there is no such ticket, or it is not theirs.
        """
        now = self.now()

        def query(conn: Connection) -> Explanation:
            ticket = desk.find_ticket(conn, ticket_id) or desk.find_by_number(conn, ticket_id)
            if ticket is None:
                raise NotFound("There is no such ticket.")
            if staff is not None:
                check_visible(conn, ticket, staff)
            return self._explanation(conn, ticket, now)

        return await self._db.read(query)

    def _explanation(self, conn: Connection, ticket: Ticket, now: datetime) -> Explanation:
        agreed = repository.list_agreed(conn, ticket.id)
        told = repository.happenings(conn, ticket)
        story = replay(told, [one.agreement for one in agreed], now=now)
        fired = repository.list_fired(conn, ticket.id)
        by_n = {one.agreement.n: one for one in agreed}
        clocks = []
        for clock in story.clocks:
            one = by_n[clock.agreement]
            calendar = one.agreement.calendar
            terms = one.agreement.terms
            clocks.append(
                ExplainedClock(
                    clock=clock,
                    policy_name=terms.name if terms else "",
                    policy_version=one.policy_version,
                    calendar=(calendar.name or calendar.key) if calendar else None,
                    timezone=calendar.timezone if calendar else "UTC",
                    counted=counted_spans(clock, one.agreement, now=now),
                    fired=tuple(f for f in fired if (f.metric, f.n) == (clock.metric, clock.n)),
                )
            )
        context = repository.context_of(conn, ticket)
        return Explanation(
            ticket=ticket,
            now=now,
            agreed=agreed,
            clocks=clocks,
            story=story,
            happenings=told,
            bot_since=context.bot_since,
            facts=asdict(self._facts(conn, ticket)),
        )

    async def level_of_queue(self, key: str) -> str:
        """Return the level that a queue belongs to.

        Raises:
            Invalid: there is no such queue.
        """
        queues = await self._db.read(desk.list_queues)
        for queue in queues:
            if queue.key == key:
                return queue.level
        raise Invalid("There is no such queue.", code="unknown_queue")

    async def try_out(
        self,
        facts: CaseFacts,
        *,
        opened_at: datetime,
        pauses: Sequence[tuple[TicketState, Span]] = (),
    ) -> TryOut:
        """Return what would be agreed for such a ticket, and when it would be due.

        Raises:
            Invalid: there is no such queue, or a pause is none.
        """
        for state, span in pauses:
            if state not in PAUSED or span.end is None or span.end <= span.start:
                raise Invalid(
                    "A pause has a waiting state and ends after it began.", code="invalid_pause"
                )

        def query(conn: Connection) -> TryOut:
            queue = next((q for q in desk.list_queues(conn) if q.key == facts.queue), None)
            if queue is None:
                raise Invalid("There is no such queue.", code="unknown_queue")
            policies = repository.list_policies(conn)
            chosen = choose(policies, facts)
            tried = [
                TriedPolicy(p, p.terms.conditions.missed_by(facts), p is chosen) for p in policies
            ]
            if chosen is None:
                return TryOut(tried, None, [])
            calendar = self._calendar(conn, chosen, queue.id, opened_at)
            return TryOut(
                tried,
                calendar,
                _targets_of(chosen.terms, facts.level, calendar, opened_at, pauses),
            )

        return await self._db.read(query)


def _targets_of(
    terms: Terms,
    level: str,
    calendar: Calendar | None,
    opened_at: datetime,
    pauses: Sequence[tuple[TicketState, Span]],
) -> list[TriedTarget]:
    found = []
    for metric in Metric:
        target = terms.target_seconds(metric, level)
        if target is None:
            continue
        breaks = [span for state, span in pauses if metric in PAUSING and state in terms.pauses]
        reached = reach(calendar, opened_at, target, pauses=breaks)
        warn_after = terms.warn.seconds_of(target)
        warn = reach(calendar, opened_at, warn_after, pauses=breaks) if warn_after else None
        found.append(
            TriedTarget(
                metric=metric,
                target_seconds=target,
                due_at=reached.at if reached else None,
                warn_at=warn.at if warn else None,
                counted=reached.counted if reached else (),
            )
        )
    return found


def _stale(policy: Policy) -> Conflict:
    return Conflict(
        "Somebody else has changed this policy in the meantime. Look at it again.",
        code="stale",
        version=policy.version,
    )


__all__ = ["Agreement", "Explanation", "ServiceLevel", "TryOut"]
