"""Reminders: somebody outside the house has not answered by the day that was expected."""

import asyncio
from collections.abc import Callable
from functools import partial

import structlog

from bot.kit.clock import Clock
from bot.kit.db import Database, Tx
from bot.kit.errors import FrontlineError
from bot.kit.locales import Texts
from bot.mail.service import queue_mail
from bot.staff import repository as staff_repository
from handoff.steps import DeskSteps
from handoff.third_party import repository

log = structlog.get_logger(__name__)
SWEEP_SECONDS = 5.0


class Reminders:
    """Tells whoever has a ticket that its third party is late, once per date."""

    def __init__(
        self,
        db: Database,
        clock: Clock,
        *,
        desk_steps: DeskSteps,
        texts: Texts,
        public_url: Callable[[], str],
    ) -> None:
        self._db = db
        self._clock = clock
        self._desk = desk_steps
        self._texts = texts
        self._public_url = public_url

    async def sweep(self) -> int:
        """Remind of everything that is late; returns how many. Again, it does nothing."""
        now = self._clock.now()
        late = await self._db.read(lambda conn: repository.late_tickets(conn, now=now))
        done = 0
        for ticket_id in late:
            done += await self._db.write(partial(self._step, ticket_id=ticket_id))
        return done

    def _step(self, tx: Tx, *, ticket_id: str) -> bool:
        now = self._clock.now()
        ticket = self._desk.remind_step(tx, ticket_id, now=now)
        if ticket is None:
            return False
        person = (
            staff_repository.find_staff(tx.conn, ticket.assignee_id) if ticket.assignee_id else None
        )
        wait = repository.latest_wait(tx.conn, ticket_id)
        if person is not None and wait is not None:
            t = self._texts[person.locale].text
            due = wait.expected_at.strftime("%Y-%m-%d %H:%M UTC") if wait.expected_at else ""
            who = wait.vendor or t("A third party")
            first = t(
                "{who} was expected to answer about ticket {number} by {due}.",
                who=who,
                number=ticket.number,
                due=due,
            )
            queue_mail(
                tx,
                dedupe_key=f"third-party:{ticket_id}:{wait.event_n}",
                to=person.email,
                subject=t("{number}: {what} is overdue", number=ticket.number, what=who),
                text=f"{first}\n\n{self._public_url().rstrip('/')}/console#/t/{ticket_id}\n",
                now=now,
            )
        return True


class ReminderWorker:
    """Sweeps every few seconds."""

    def __init__(self, reminders: Reminders, *, every_seconds: float = SWEEP_SECONDS) -> None:
        self._reminders = reminders
        self._every_seconds = every_seconds

    async def run(self) -> None:
        """Sweep until cancelled."""
        while True:
            try:
                await self._reminders.sweep()
            except FrontlineError as error:  # the store is away, or a ticket changed meanwhile
                log.warning("third_party.sweep_failed", error=error.code)
            except Exception as error:  # one bad row must not stop the clock
                log.exception("third_party.sweep_failed", error=type(error).__name__)
            await asyncio.sleep(self._every_seconds)
