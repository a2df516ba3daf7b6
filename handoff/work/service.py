"""Getting work: who is there, what each can take, what queues give out, and the supervisor's board."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial

from sqlalchemy import Connection

from bot.kit.clock import Clock
from bot.kit.db import Database, Tx
from bot.kit.errors import Conflict, NotFound
from bot.kit.locales import Texts
from bot.mail.service import queue_mail
from bot.staff import repository as staff_repository
from bot.staff.account import LEVELS, Role, Staff
from bot.staff.audit import record
from handoff import repository as tickets
from handoff.service import Desk, Detail
from handoff.steps import TOPIC
from handoff.triage import Queue
from handoff.work import repository
from handoff.work.matching import (
    FAIR_WINDOW,
    Candidate,
    Choice,
    Mode,
    Profile,
    Settings,
    Wanted,
    choose,
)
from handoff.work.presence import Presence, Seen, presence_of
from handoff.work.repository import AtRisk, Offer, QueueFigures, Waiting

WORKERS = (Role.AGENT, Role.SUPERVISOR, Role.ADMIN)
DRAIN_LIMIT = 100
"""Waiting tickets looked at in one round; what is given out makes room for the next ones."""
MISSES_TOLD = 2
"""After so many people did not accept a ticket, its supervisors are told."""
BOARD_TICKETS = 100


@dataclass(frozen=True, slots=True)
class Mine:
    """What somebody sees of the own presence."""

    presence: Presence
    open: int
    capacity: int
    offers: list[Offer]


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody at the desk, as supervisors see them."""

    staff: Staff
    profile: Profile
    presence: Presence
    seen: Seen | None
    open: int
    paused: int


@dataclass(frozen=True, slots=True)
class QueueState:
    """A queue, how it gives out its tickets, and what is in it."""

    queue: Queue
    settings: Settings
    figures: QueueFigures


@dataclass(frozen=True, slots=True)
class Board:
    """Everything supervisors look at during a shift."""

    queues: list[QueueState]
    people: list[Person]
    at_risk: list[AtRisk]
    now: datetime


_EMPTY = QueueFigures(0, None, 0, 0, 0, 0)


class Work:
    """Presence, profiles, assignment and the board; one per process."""

    def __init__(
        self,
        db: Database,
        clock: Clock,
        desk: Desk,
        texts: Texts,
        *,
        public_url: Callable[[], str],
    ) -> None:
        self._db = db
        self._clock = clock
        self._desk = desk
        self._texts = texts
        self._public_url = public_url

    def now(self) -> datetime:
        """Return the present."""
        return self._clock.now()

    # ------------------------------------------------------------------------- presence

    async def beat(self, staff: Staff, *, active: bool) -> Mine:
        """Note that somebody's console is open; `active`: and used since the last time."""
        now = self.now()

        def step(tx: Tx) -> Mine:
            before = repository.find_seen(tx.conn, staff.id)
            if active and before is not None and before.is_back(now):
                repository.set_chosen(tx, staff.id, Presence.ONLINE, now=now)
            else:
                repository.note_seen(tx, staff.id, active=active, now=now)
            mine = self._mine(tx.conn, staff, now)
            if presence_of(before, now) is not mine.presence:
                self._announce(tx, staff.id)
            return mine

        return await self._db.write(step)

    async def set_presence(self, staff: Staff, presence: Presence) -> Mine:
        """Say that one is online, away or offline."""
        now = self.now()

        def step(tx: Tx) -> Mine:
            repository.set_chosen(tx, staff.id, presence, now=now)
            self._announce(tx, staff.id)
            record(tx, staff.id, f"presence.{presence.value}", "staff", staff.id, None, now)
            return self._mine(tx.conn, staff, now)

        return await self._db.write(step)

    async def mine(self, staff: Staff) -> Mine:
        """Return the own presence, and what waits for being accepted."""
        return await self._db.read(lambda conn: self._mine(conn, staff, self.now()))

    @staticmethod
    def _mine(conn: Connection, staff: Staff, now: datetime) -> Mine:
        return Mine(
            presence=presence_of(repository.find_seen(conn, staff.id), now),
            open=repository.worked_on(conn).get(staff.id, 0),
            capacity=repository.get_profile(conn, staff).capacity,
            offers=repository.offers_to(conn, staff.id),
        )

    @staticmethod
    def _announce(tx: Tx, staff_id: str) -> None:
        audience = {"levels": list(LEVELS), "assignee": staff_id, "people": [staff_id]}
        tx.announce(TOPIC, {"event": "presence", "staff_id": staff_id, "for": audience})

    # ------------------------------------------------------------------------- one's own

    async def accept(self, ticket_id: str, staff: Staff) -> Detail:
        """See `WorkSteps.accept_step`."""
        now = self.now()
        await self._db.write(lambda tx: self._desk.accept_step(tx, ticket_id, staff, now=now))
        return await self._desk.get_ticket(ticket_id, staff)

    async def give_back(self, ticket_id: str, staff: Staff, *, reason: str) -> Detail:
        """See `WorkSteps.give_back_step`."""
        now = self.now()
        await self._db.write(
            lambda tx: self._desk.give_back_step(tx, ticket_id, staff, reason=reason, now=now)
        )
        return await self._desk.get_ticket(ticket_id, staff)

    # -------------------------------------------------------------------- people and queues

    async def list_people(self) -> list[Person]:
        """Return everybody who can be given a ticket, by name."""
        return await self._db.read(lambda conn: self._people(conn, self.now()))

    @staticmethod
    def _people(conn: Connection, now: datetime) -> list[Person]:
        people = staff_repository.list_active(conn, roles=WORKERS)
        profiles = repository.get_profiles(conn, people)
        seen = repository.all_seen(conn)
        worked, aside = repository.worked_on(conn), repository.put_aside(conn)
        return [
            Person(
                staff=one,
                profile=profiles[one.id],
                presence=presence_of(seen.get(one.id), now),
                seen=seen.get(one.id),
                open=worked.get(one.id, 0),
                paused=aside.get(one.id, 0),
            )
            for one in people
        ]

    async def save_profile(self, profile: Profile, *, staff: Staff) -> Person:
        """Say what somebody can do, and how much at a time.

        Raises:
            NotFound: nobody at the desk has this id.
        """
        now = self.now()

        def step(tx: Tx) -> Person:
            found = staff_repository.find_staff(tx.conn, profile.staff_id)
            if found is None or found.role not in WORKERS:
                raise NotFound("Nobody who works on tickets has this id.")
            repository.save_profile(tx, profile, now=now)
            self._announce(tx, profile.staff_id)
            detail = {
                "capacity": profile.capacity,
                "skills": sorted(profile.skills),
                "languages": sorted(profile.languages),
                "automatic": profile.automatic,
            }
            record(tx, staff.id, "profile.changed", "staff", profile.staff_id, detail, now)
            return next(p for p in self._people(tx.conn, now) if p.staff.id == profile.staff_id)

        return await self._db.write(step)

    async def list_settings(self) -> list[QueueState]:
        """Return how each queue gives out its tickets, and what is in it."""
        return await self._db.read(lambda conn: self._queues(conn, self.now()))

    @staticmethod
    def _queues(conn: Connection, now: datetime) -> list[QueueState]:
        settings = repository.get_settings(conn)
        figures = repository.queue_figures(conn, now=now)
        return [
            QueueState(
                queue,
                settings.get(queue.id) or Settings(queue.id),
                figures.get(queue.id, _EMPTY),
            )
            for queue in tickets.list_queues(conn, retired=True)
            if not queue.retired or queue.id in figures
        ]

    async def save_settings(self, settings: Settings, *, staff: Staff) -> Settings:
        """Say how a queue gives out its tickets; `settings.version` is the one that was looked at.

        Raises:
            NotFound: there is no such queue.
            Conflict: (stale) somebody else changed it since.
        """
        now = self.now()

        def step(tx: Tx) -> Settings:
            queue = next(
                (q for q in tickets.list_queues(tx.conn) if q.id == settings.queue_id), None
            )
            if queue is None:
                raise NotFound("There is no such queue.")
            if not repository.save_settings(tx, settings, now=now):
                raise Conflict("Somebody changed this queue in the meantime.", code="stale")
            detail = {
                "queue": queue.key,
                "mode": settings.mode.value,
                "accept_seconds": settings.accept_seconds,
                "fair_limit": settings.fair_limit,
            }
            record(tx, staff.id, "queue.assignment", "queue", queue.id, detail, now)
            self._announce(tx, staff.id)
            return replace(settings, version=settings.version + 1)

        return await self._db.write(step)

    # ---------------------------------------------------------------------------- board

    async def board(self) -> Board:
        """Return queues, people and the tickets to look at, all of the same instant."""

        def query(conn: Connection) -> Board:
            now = self.now()
            people = self._people(conn, now)
            gone = [
                one.staff.id
                for one in people
                # Who never opened the console works with another program.
                if one.seen is not None and one.seen.is_gone(now)
            ]
            return Board(
                queues=self._queues(conn, now),
                people=people,
                at_risk=repository.list_at_risk(conn, gone=gone, now=now, limit=BOARD_TICKETS),
                now=now,
            )

        return await self._db.read(query)

    # ----------------------------------------------------------------------- assignment

    async def drain(self) -> int:
        """Give out what waits to those who are free, most urgent first; returns how many.

        What is worth trying is worked out on a snapshot; each ticket is then given in a step of its
        own that looks again, so two gateways never give one ticket twice nor one person too much.
        """
        planned = await self._db.read(lambda conn: self._plan(conn, self.now()))
        done = 0
        for waiting in planned:
            done += await self._db.write(partial(self._give, waiting=waiting, now=self.now()))
        return done

    def _plan(self, conn: Connection, now: datetime) -> list[Waiting]:
        settings = {
            queue_id: one
            for queue_id, one in repository.get_settings(conn).items()
            if one.mode is not Mode.OFF
        }
        if not settings:
            return []
        waiting = repository.list_waiting(conn, list(settings), limit=DRAIN_LIMIT)
        if not waiting:
            return []
        candidates = self._candidates(conn, now)
        free = sum(c.profile.capacity - c.open for c in candidates if c.is_free)
        planned: list[Waiting] = []
        for one in waiting:
            if len(planned) >= free:
                break
            if self._choice(conn, one, settings[one.queue_id], candidates):
                planned.append(one)
        return planned

    def _give(self, tx: Tx, *, waiting: Waiting, now: datetime) -> int:
        tickets.lock_conversation(tx, waiting.conversation_id)
        repository.lock_assignment(tx)
        ticket = tickets.find_ticket(tx.conn, waiting.ticket_id)
        settings = repository.get_settings(tx.conn).get(waiting.queue_id)
        if ticket is None or settings is None or ticket.queue_id != waiting.queue_id:
            return 0
        choice = self._choice(tx.conn, waiting, settings, self._candidates(tx.conn, now))
        if choice is None:
            return 0
        given = self._desk.give_step(
            tx,
            waiting.ticket_id,
            choice.staff,
            why=choice.why,
            accept_seconds=settings.accept_seconds,
            now=now,
        )
        return int(given is not None)

    def _candidates(self, conn: Connection, now: datetime) -> list[Candidate]:
        given = repository.given_since(conn, now - FAIR_WINDOW)
        return [
            Candidate(
                staff=one.staff,
                profile=one.profile,
                presence=one.presence,
                open=one.open,
                recent=given.get(one.staff.id, 0),
            )
            for one in self._people(conn, now)
        ]

    @staticmethod
    def _choice(
        conn: Connection, waiting: Waiting, settings: Settings, candidates: list[Candidate]
    ) -> Choice | None:
        last = repository.last_given(conn, waiting.queue_id)
        wanted = Wanted(
            queue=tickets.get_queue(conn, waiting.queue_id),
            locale=waiting.locale,
            last_agent=repository.last_agent(
                conn, waiting.conversation_id, other_than=waiting.ticket_id
            ),
            missed_by=repository.missed_by(conn, waiting.ticket_id, waiting.queue_id),
        )
        return choose(
            [replace(one, last_at=last.get(one.staff.id)) for one in candidates], wanted, settings
        )

    # ---------------------------------------------------------------------------- sweep

    async def sweep(self) -> int:
        """Take back what was not accepted in time, and see to what the gone left; again: nothing."""
        now = self.now()
        offers, people = await self._db.read(
            lambda conn: (
                repository.due_offers(conn, now=now),
                [one for one in repository.list_unhandled(conn) if one.is_gone(now)],
            )
        )
        done = 0
        for offer in offers:
            done += await self._db.write(partial(self._end_offer, offer=offer, now=now))
        for seen in people:
            done += await self._db.write(partial(self._see_to, seen=seen, now=now))
        return done

    def _end_offer(self, tx: Tx, *, offer: Offer, now: datetime) -> int:
        """Say what came of an offer whose time is over; what was not accepted goes back into line."""
        tickets.lock_conversation(tx, offer.conversation_id)
        still = repository.find_offer(tx.conn, offer.ticket_id)
        if still is None or still.id != offer.id:
            # Answered, put aside, passed on or resolved: the ticket itself says how it went on.
            ticket = tickets.find_ticket(tx.conn, offer.ticket_id)
            kept = ticket is not None and ticket.assignee_id == offer.staff_id
            outcome = repository.ACCEPTED if kept else repository.ENDED
            return int(repository.end_offer(tx, offer.id, outcome, now=now))
        if repository.did_something(tx.conn, offer.ticket_id, offer.staff_id, offer.at):
            return int(repository.end_offer(tx, offer.id, repository.ACCEPTED, now=now))
        if not repository.end_offer(tx, offer.id, repository.MISSED, now=now):
            return 0
        person = staff_repository.find_staff(tx.conn, offer.staff_id)
        ticket = self._desk.put_in_line_step(
            tx,
            offer.ticket_id,
            kind="assignment_missed",
            reason=f"work:missed:{person.name if person else ''}",
            quiet=True,
            now=now,
        )
        missed = repository.missed_by(tx.conn, ticket.id, ticket.queue_id)
        if len(missed) == MISSES_TOLD:
            self._tell_supervisors(tx, ticket.id, ticket.number, offer.queue_id, now)
        return 1

    def _tell_supervisors(
        self, tx: Tx, ticket_id: str, number: str, queue_id: str, now: datetime
    ) -> None:
        people = staff_repository.list_active(tx.conn, roles=(Role.SUPERVISOR,))
        people = people or staff_repository.list_active(tx.conn, roles=(Role.ADMIN,))
        queue = tickets.get_queue(tx.conn, queue_id)
        link = f"{self._public_url().rstrip('/')}/console#/t/{ticket_id}"
        for person in people:
            t = self._texts[person.locale].text
            subject = t("{number}: nobody accepts it", number=number)
            text = t(
                "Ticket {number} in {queue} was given to {count} people, and nobody accepted it.",
                number=number,
                queue=queue.name(person.locale),
                count=MISSES_TOLD,
            )
            queue_mail(
                tx,
                dedupe_key=f"unaccepted:{ticket_id}:{queue_id}:{person.id}",
                to=person.email,
                subject=subject,
                text=f"{text}\n\n{link}\n",
                now=now,
            )

    def _see_to(self, tx: Tx, *, seen: Seen, now: datetime) -> int:
        """Put back what somebody who is gone has not answered; mark the rest for supervisors."""
        person = staff_repository.find_staff(tx.conn, seen.staff_id)
        claimed = repository.claimed_by(tx.conn, seen.staff_id)
        for _, conversation_id, _ in claimed:
            tickets.lock_conversation(tx, conversation_id)
        if not repository.mark_gone(tx, seen, now=now):
            return 0
        name = person.name if person else ""
        for ticket_id, _, answered in repository.claimed_by(tx.conn, seen.staff_id):
            if answered:
                self._desk.mark_step(tx, ticket_id, kind="assignee_left", value=name, now=now)
                continue
            offer = repository.find_offer(tx.conn, ticket_id)
            if offer is not None:
                repository.end_offer(tx, offer.id, repository.MISSED, now=now)
            self._desk.put_in_line_step(
                tx,
                ticket_id,
                kind="moved",
                reason=f"work:left:{name}",
                # Who was never told of a claim need not be told that it ended.
                quiet=offer is not None,
                now=now,
            )
        self._announce(tx, seen.staff_id)
        return 1
