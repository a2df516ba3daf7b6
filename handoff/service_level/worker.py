"""The sweep: warnings and breaches as they come due, each acted on exactly once.

What is due are rows with a UTC instant, so nothing is lost in a restart: what came due meanwhile is
caught up on and marked late. Each ticket is a step of its own under the conversation's lock, and
whoever inserts the row of a moment first acts on it: two gateways never act twice.
"""

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import structlog

from bot.kit.clock import Clock as Now
from bot.kit.db import Database, Tx
from bot.kit.errors import FrontlineError, Invalid
from bot.kit.locales import Texts
from bot.mail.service import queue_mail
from bot.staff import repository as staff_repository
from bot.staff.account import Role, Staff
from handoff import repository as desk
from handoff.service_level import repository
from handoff.service_level.clock import Clock
from handoff.service_level.policy import Action, ActionKind, Metric, Moment, Terms
from handoff.service_level.service import ServiceLevel
from handoff.steps import DeskSteps
from handoff.ticket import Escalation, Ticket

log = structlog.get_logger(__name__)
SWEEP_SECONDS = 1.0
LATE_AFTER = timedelta(minutes=1)
MAX_ROUNDS = 50
"""Moments of one ticket in one step."""
MAX_MOVES = 10
"""How often the service level itself moves one ticket; then people must."""
METRIC_NAMES = {
    Metric.FIRST_RESPONSE: "First response",
    Metric.NEXT_RESPONSE: "Next response",
    Metric.RESOLUTION: "Resolution",
    Metric.LEVEL: "Time at this level",
    Metric.THIRD_PARTY: "Answer of a third party",
}


class Sweep:
    """Acts on what is due."""

    def __init__(
        self,
        db: Database,
        clock: Now,
        *,
        level: ServiceLevel,
        desk_steps: DeskSteps,
        texts: Texts,
        public_url: Callable[[], str],
    ) -> None:
        self._db = db
        self._clock = clock
        self._level = level
        self._desk = desk_steps
        self._texts = texts
        self._public_url = public_url

    async def sweep(self) -> int:
        """Act on everything that is due now; returns how many moments. Again, it does nothing."""
        done = 0
        now = self._clock.now()
        for ticket_id in await self._db.read(lambda conn: repository.due_tickets(conn, now=now)):
            done += await self._db.write(partial(self._step, ticket_id=ticket_id, now=now))
        return done

    def _step(self, tx: Tx, *, ticket_id: str, now: datetime) -> int:
        ticket = desk.find_ticket(tx.conn, ticket_id)
        if ticket is None:
            return 0
        desk.lock_conversation(tx, ticket.conversation_id)
        done = 0
        while done < MAX_ROUNDS and self._next_moment(tx, ticket_id, now):
            done += 1
        return done

    def _next_moment(self, tx: Tx, ticket_id: str, now: datetime) -> bool:
        """Act on the ticket's first moment that is due; False when there is none left."""
        ticket = desk.find_ticket(tx.conn, ticket_id)
        if ticket is None:
            return False
        # What was kept may be older than what happened since; the story decides.
        story, agreed = self._level.refresh(tx, ticket, now=now)
        if not ticket.is_open:
            return False
        fired = {(f.metric, f.n, f.moment) for f in repository.list_fired(tx.conn, ticket_id)}
        due = [
            (at, clock, moment)
            for clock in story.clocks
            for moment, at in repository.moments_of(clock)
            if at <= now and (clock.metric, clock.n, moment) not in fired
        ]
        if not due:
            return False
        at, clock, moment = min(due, key=lambda one: (one[0], list(Moment).index(one[2])))
        late = now - at > LATE_AFTER
        if not repository.fire(tx, ticket_id, clock, moment, due_at=at, late=late, now=now):
            return False
        terms = next(one.agreement.terms for one in agreed if one.agreement.n == clock.agreement)
        self._act(tx, ticket, clock, moment, terms, now)
        return True

    def _act(
        self,
        tx: Tx,
        ticket: Ticket,
        clock: Clock,
        moment: Moment,
        terms: Terms | None,
        now: datetime,
    ) -> None:
        kind = "sla_warning" if moment is Moment.WARNING else "sla_breached"
        self._desk.mark_step(tx, ticket.id, kind=kind, value=clock.metric.value, now=now)
        done: list[dict[str, Any]] = []
        for action in terms.actions(moment, clock.metric) if terms else ():
            try:
                outcome = self._do(tx, ticket.id, action, clock, moment, now)
            except FrontlineError as error:
                # Refused before anything was written: no such level, there already, no supervisor.
                outcome = error.code
            done.append({"kind": action.kind.value, "to": action.to, "outcome": outcome})
        repository.set_done(tx, ticket.id, clock, moment, done)

    def _do(
        self,
        tx: Tx,
        ticket_id: str,
        action: Action,
        clock: Clock,
        moment: Moment,
        now: datetime,
    ) -> str:
        ticket = desk.find_ticket(tx.conn, ticket_id)
        if ticket is None or not ticket.is_open:
            return "not_open"
        reason = f"sla:{moment.value}:{clock.metric.value}"
        match action.kind:
            case ActionKind.NOTIFY:
                return self._notify(tx, ticket, action, clock, moment, now)
            case ActionKind.RAISE_PRIORITY:
                raised = self._desk.raise_step(tx, ticket_id, reason=reason, now=now)
                return "done" if raised else "nothing_to_do"
            case ActionKind.REASSIGN:
                self._check_moves(tx, ticket_id)
                self._desk.put_back_step(tx, ticket_id, queue=action.to, reason=reason, now=now)
            case ActionKind.ESCALATE_FUNCTIONAL | ActionKind.ESCALATE_HIERARCHICAL:
                self._check_moves(tx, ticket_id)
                functional = action.kind is ActionKind.ESCALATE_FUNCTIONAL
                self._desk.pass_up_step(
                    tx,
                    ticket_id,
                    kind=Escalation.FUNCTIONAL if functional else Escalation.HIERARCHICAL,
                    to=action.to,
                    reason=reason,
                    now=now,
                )
        return "done"

    @staticmethod
    def _check_moves(tx: Tx, ticket_id: str) -> None:
        kinds = {"sla_moved", "sla_escalated_functional", "sla_escalated_hierarchical"}
        moves = sum(event.kind in kinds for event in desk.list_events(tx.conn, ticket_id))
        if moves >= MAX_MOVES:
            raise Invalid("The ticket was moved too often by itself.", code="moved_too_often")

    def _notify(
        self,
        tx: Tx,
        ticket: Ticket,
        action: Action,
        clock: Clock,
        moment: Moment,
        now: datetime,
    ) -> str:
        people = self._told(tx, ticket, action)
        sent = 0
        for person in people:
            subject, text = self._mail(person, ticket, clock, moment)
            sent += queue_mail(
                tx,
                dedupe_key=f"sla:{ticket.id}:{clock.metric}:{clock.n}:{moment}:{person.id}",
                to=person.email,
                subject=subject,
                text=text,
                now=now,
            )
        return "done" if sent else "nobody"

    @staticmethod
    def _told(tx: Tx, ticket: Ticket, action: Action) -> list[Staff]:
        if action.to == "assignee":
            person = (
                staff_repository.find_staff(tx.conn, ticket.assignee_id)
                if ticket.assignee_id
                else None
            )
            return [person] if person else []
        found = staff_repository.list_active(tx.conn, roles=(Role.SUPERVISOR,))
        return found or staff_repository.list_active(tx.conn, roles=(Role.ADMIN,))

    def _mail(self, person: Staff, ticket: Ticket, clock: Clock, moment: Moment) -> tuple[str, str]:
        t = self._texts[person.locale].text
        variables = {"number": ticket.number, "what": t(METRIC_NAMES[clock.metric])}
        due = clock.due_at.strftime("%Y-%m-%d %H:%M UTC") if clock.due_at else "–"
        if moment is Moment.WARNING:
            subject = t("{number}: {what} is due soon", **variables)
            first = t("{what} of ticket {number} is due at {due}.", **variables, due=due)
        else:
            subject = t("{number}: {what} is overdue", **variables)
            first = t("{what} of ticket {number} was due at {due}.", **variables, due=due)
        link = f"{self._public_url().rstrip('/')}/console#/t/{ticket.id}"
        return subject, f"{first}\n\n{link}\n"


class SweepWorker:
    """Sweeps every second."""

    def __init__(self, sweep: Sweep, *, every_seconds: float = SWEEP_SECONDS) -> None:
        self._sweep = sweep
        self._every_seconds = every_seconds

    async def run(self) -> None:
        """Sweep until cancelled."""
        while True:
            try:
                await self._sweep.sweep()
            except FrontlineError as error:  # the store is away, or a ticket changed meanwhile
                log.warning("service_level.sweep_failed", error=error.code)
            except Exception as error:  # one bad row must not stop the clock
                log.exception("service_level.sweep_failed", error=type(error).__name__)
            await asyncio.sleep(self._every_seconds)
