"""The desk: what agents' pages, the bot's actions and the command line ask of tickets.

The steps themselves (`open_ticket`, `customer_wrote`, … for use inside somebody else's transaction)
are inherited from `handoff.steps`; here they get their transaction, and everything is read.
"""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from bot.conversations import repository as conversations
from bot.conversations.conversation import (
    Author,
    Conversation,
    Delivery,
    DeliveryState,
    Message,
    Version,
)
from bot.kit.bus import Bus
from bot.kit.clock import Clock
from bot.kit.db import Database, Tx
from bot.kit.errors import Conflict, Invalid, NotFound
from bot.staff import repository as staff_repository
from bot.staff.account import Role, Staff
from handoff import pack as packs
from handoff import repository
from handoff.case.seed import seed_categories
from handoff.case.steps import CaseSteps
from handoff.case.tag import fold
from handoff.case.view import CaseView, read_case
from handoff.exports.proof import Mark
from handoff.informing.news import WritesNews
from handoff.informing.steps import InformingSteps
from handoff.pack import PackInput
from handoff.repository import Cursor, Event, Filter, Listed, QueueLoad
from handoff.routing.level import Levels
from handoff.routing.repository import get_levels
from handoff.seed import seed_queues
from handoff.steps import (
    AsksFeedback,
    Follows,
    Hears,
    HoursSentence,
    IsOpen,
    IsPresent,
    Opened,
    Says,
    SomebodyThere,
    TicketStatus,
    audience,
    check_visible,
    collect_pack,
    part_messages,
)
from handoff.suggestions.repository import Credit, list_credits
from handoff.third_party import repository as third_parties
from handoff.third_party.wait import Story as ThirdPartyStory
from handoff.ticket import (
    Escalation,
    Priority,
    Ticket,
    TicketState,
    sees_everything,
    visible_levels,
)
from handoff.transcript import Edition, Transcript, TranscriptTicket
from handoff.triage import Queue
from handoff.work.claiming import next_for
from handoff.work.steps import WorkSteps

__all__ = [
    "Desk",
    "Detail",
    "Opened",
    "Says",
    "TicketStatus",
    "collect_pack",
]

CLAIM_ROUNDS = 10
"""How often the line is looked at again when others were faster with all of it."""
PAGE = 500
"""Messages read at a time."""
HideLinks = Callable[[str, str], str]


@dataclass(frozen=True, slots=True)
class Detail:
    """Everything an agent sees of one ticket, except the messages."""

    listed: Listed
    queue: Queue
    pack: PackInput
    hours_text: str
    events: list[Event]
    queues: dict[str, Queue]
    """Every queue by id, for the names in the history."""
    epoch: int
    position: int | None
    related: Ticket | None
    case: CaseView
    third_party: ThirdPartyStory | None = None
    """How long it has waited for somebody outside the house, and for whom; None: never."""


@dataclass(frozen=True, slots=True)
class MessagePage:
    """Messages of a conversation from somewhere on."""

    messages: list[Message]
    conversation: Conversation
    versions: dict[str, list[Version]]
    """By message id what edited messages said before."""
    deliveries: dict[str, Delivery]
    """By message id what became of those that a channel had to be given."""
    credits: dict[str, Credit]
    """By message id which article an agent's message was made of."""
    seen_seq: int
    """How far the customer has read; 0 where the channel does not tell."""
    unreachable_at: datetime | None
    """Since when the channel refuses replies: the customer blocked the bot."""


class Desk(WorkSteps, CaseSteps, InformingSteps):
    """Tickets and queues; one per process."""

    def __init__(
        self,
        db: Database,
        clock: Clock,
        bus: Bus,
        texts: Says,
        hours_sentence: HoursSentence,
        hide_links: HideLinks,
        *,
        is_open: IsOpen | None = None,
        follows: Follows | None = None,
        hears: Hears | None = None,
        feedback: AsksFeedback | None = None,
        news: WritesNews | None = None,
        is_present: IsPresent | None = None,
        somebody_there: SomebodyThere | None = None,
        timezone: str = "America/Sao_Paulo",
    ) -> None:
        super().__init__(
            texts=texts,
            hours_sentence=hours_sentence,
            is_open=is_open,
            follows=follows,
            hears=hears,
            feedback=feedback,
            news=news,
            is_present=is_present,
            somebody_there=somebody_there,
        )
        self._db = db
        self._clock = clock
        self._bus = bus
        self.hide_links = hide_links
        self.timezone = ZoneInfo(timezone)

    def now(self) -> datetime:
        """Return the desk's present."""
        return self._clock.now()

    # ---------------------------------------------------------------------------- acts

    async def claim(self, ticket_id: str, staff: Staff) -> Detail:
        """See `claim_step`."""
        return await self._act(
            ticket_id, staff, lambda tx, now: self.claim_step(tx, ticket_id, staff, now=now)
        )

    async def claim_next(
        self, staff: Staff, *, queue: str | None = None, level: str | None = None
    ) -> Detail | None:
        """Take the most urgent ticket this person may take; None when nobody waits.

        Each try is a transaction of its own: who loses a race goes on with the next in line.
        """
        for _ in range(CLAIM_ROUNDS):
            candidates = await self._db.read(
                lambda conn: next_for(conn, staff, queue=queue, level=level)
            )
            for ticket_id in candidates:
                try:
                    return await self.claim(ticket_id, staff)
                except Conflict:
                    continue
            if not candidates:
                break
        return None

    async def reply(self, ticket_id: str, staff: Staff, *, client_id: str, text: str) -> Message:
        """See `reply_step`."""
        return await self._db.write(
            lambda tx: self.reply_step(
                tx, ticket_id, staff, client_id=client_id, text=text, now=self.now()
            )
        )

    async def note(self, ticket_id: str, staff: Staff, *, text: str) -> Event:
        """See `note_step`."""
        return await self._db.write(
            lambda tx: self.note_step(tx, ticket_id, staff, text=text, now=self.now())
        )

    async def transfer(
        self,
        ticket_id: str,
        staff: Staff,
        *,
        queue: str | None = None,
        assignee: str | None = None,
        reason: str,
    ) -> Detail:
        """See `transfer_step`."""
        return await self._act(
            ticket_id,
            staff,
            lambda tx, now: self.transfer_step(
                tx, ticket_id, staff, queue=queue, assignee=assignee, reason=reason, now=now
            ),
        )

    async def escalate(
        self, ticket_id: str, staff: Staff, *, kind: Escalation, to: str, reason: str
    ) -> Detail:
        """See `escalate_step`."""
        return await self._act(
            ticket_id,
            staff,
            lambda tx, now: self.escalate_step(
                tx, ticket_id, staff, kind=kind, to=to, reason=reason, now=now
            ),
        )

    async def return_down(self, ticket_id: str, staff: Staff, *, reason: str) -> Detail:
        """See `return_step`."""
        return await self._act(
            ticket_id,
            staff,
            lambda tx, now: self.return_step(tx, ticket_id, staff, reason=reason, now=now),
        )

    async def wait(
        self,
        ticket_id: str,
        staff: Staff,
        *,
        third_party: bool,
        reason: str | None = None,
        vendor: str | None = None,
        expected_at: datetime | None = None,
    ) -> Detail:
        """See `wait_step`."""
        return await self._act(
            ticket_id,
            staff,
            lambda tx, now: self.wait_step(
                tx,
                ticket_id,
                staff,
                third_party=third_party,
                reason=reason,
                now=now,
                vendor=vendor,
                expected_at=expected_at,
            ),
        )

    async def snooze(
        self, ticket_id: str, staff: Staff, *, until: datetime, reason: str | None = None
    ) -> Detail:
        """See `snooze_step`."""
        return await self._act(
            ticket_id,
            staff,
            lambda tx, now: self.snooze_step(
                tx, ticket_id, staff, until=until, reason=reason, now=now
            ),
        )

    async def resolve(
        self,
        ticket_id: str,
        staff: Staff,
        *,
        text: str | None = None,
        reason: str | None = None,
        ask_feedback: bool = True,
    ) -> Detail:
        """See `resolve_step`."""
        return await self._act(
            ticket_id,
            staff,
            lambda tx, now: self.resolve_step(
                tx,
                ticket_id,
                staff,
                text=text,
                reason=reason,
                now=now,
                ask_feedback=ask_feedback,
            ),
        )

    async def reopen(self, ticket_id: str, staff: Staff, *, reason: str | None = None) -> Detail:
        """See `reopen_step`."""
        return await self._act(
            ticket_id,
            staff,
            lambda tx, now: self.reopen_step(tx, ticket_id, staff, reason=reason, now=now),
        )

    async def set_priority(
        self, ticket_id: str, staff: Staff, *, priority: Priority, reason: str | None = None
    ) -> Detail:
        """See `priority_step`."""
        return await self._act(
            ticket_id,
            staff,
            lambda tx, now: self.priority_step(
                tx, ticket_id, staff, priority=priority, reason=reason, now=now
            ),
        )

    async def _act(
        self, ticket_id: str, staff: Staff, step: Callable[[Tx, datetime], Ticket]
    ) -> Detail:
        now = self.now()

        def run(tx: Tx) -> Detail:
            step(tx, now)
            return self._detail(tx.conn, ticket_id, staff.locale, now)

        return await self._db.write(run)

    async def seed(self, *, calendar_key: str = "main") -> None:
        """Add the default queues when there is none."""

        def step(tx: Tx) -> None:
            seed_queues(tx, calendar_key=calendar_key)
            seed_categories(tx)

        await self._db.write(step)

    # -------------------------------------------------------------------------- typing

    async def agent_typing(self, conversation_id: str, staff: Staff) -> None:
        """Let the customer see that somebody is writing; only who has the ticket can.

        Raises:
            NotFound: there is no such conversation.
        """

        def query(conn: Connection) -> Ticket | None:
            conversations.get_conversation(conn, conversation_id)
            return repository.find_open(conn, conversation_id)

        ticket = await self._db.read(query)
        if ticket is None or ticket.assignee_id != staff.id:
            return
        self._bus.publish(
            f"conversation:{conversation_id}", {"typing": "agent", "author_name": staff.name}
        )

    async def typing_hint(self, conversation_id: str) -> dict[str, Any] | None:
        """Return the hint that the customer of an open ticket is writing, or None."""

        def query(conn: Connection) -> dict[str, Any] | None:
            ticket = repository.find_open(conn, conversation_id)
            if ticket is None:
                return None
            return {
                "event": "typing",
                "conversation_id": conversation_id,
                "ticket_id": ticket.id,
                "author": "customer",
                "for": audience(conn, ticket, {ticket.level}),
            }

        return await self._db.read(query)

    async def is_active(self, staff_id: str) -> bool:
        """Tell whether the account is still open."""
        return await self._db.read(
            lambda conn: staff_repository.find_staff(conn, staff_id) is not None
        )

    # ------------------------------------------------------------------------- reading

    async def list_levels(self) -> Levels:
        """Return what the levels are called, which have people, which may escalate where."""
        return await self._db.read(get_levels)

    async def list_queues(self, staff: Staff) -> list[tuple[Queue, QueueLoad]]:
        """Return every queue (they are targets) with its load (nothing for levels not theirs)."""
        levels = visible_levels(staff)

        def query(conn: Connection) -> list[tuple[Queue, QueueLoad]]:
            loads = repository.queue_loads(conn)
            empty = QueueLoad(0, 0, None)
            return [
                (queue, loads.get(queue.id, empty) if queue.level in levels else empty)
                for queue in repository.list_queues(conn)
            ]

        return await self._db.read(query)

    async def list_agents(self) -> list[Staff]:
        """Return those who can be given a ticket."""
        return await self._db.read(
            lambda conn: staff_repository.list_active(
                conn, roles=(Role.AGENT, Role.SUPERVISOR, Role.ADMIN)
            )
        )

    async def list_tickets(
        self,
        staff: Staff,
        *,
        queue: str | None = None,
        level: str | None = None,
        states: frozenset[TicketState] | None = None,
        assignee: str | None = None,
        text: str | None = None,
        after: Cursor | None = None,
        limit: int = 50,
        by_due: bool = False,
        tag: str | None = None,
        category: str | None = None,
        watching: bool = False,
    ) -> tuple[list[Listed], dict[str, Queue], Cursor | None]:
        """Return a page of the tickets this person may see, the queues, and where it ended."""
        wanted = Filter(
            levels=visible_levels(staff),
            seen_by=None if sees_everything(staff) else staff.id,
            queue=queue,
            level=level,
            states=states,
            assignee=staff.id if assignee == "me" else assignee,
            unassigned=assignee == "none",
            text=text,
            tag=_folded(tag) if tag else None,
            category=category,
            watched_by=staff.id if watching else None,
        )

        def query(conn: Connection) -> tuple[list[Listed], dict[str, Queue]]:
            found = repository.list_tickets(
                conn, wanted, after=after, limit=limit + 1, by_due=by_due
            )
            return found, self._queues(conn)

        found, queues = await self._db.read(query)
        page = found[:limit]
        if len(found) <= limit:
            return page, queues, None
        last = page[-1].ticket
        return page, queues, Cursor(last.priority.rank, last.queued_at, last.serial, last.due_at)

    async def get_ticket(self, ticket_id: str, staff: Staff) -> Detail:
        """Return one ticket.

        Raises:
            NotFound: there is none with this id, or it is not theirs.
        """

        def query(conn: Connection) -> Detail:
            ticket = repository.find_ticket(conn, ticket_id)
            if ticket is None:
                raise NotFound("There is no such ticket.")
            check_visible(conn, ticket, staff)
            return self._detail(conn, ticket_id, staff.locale, self.now())

        return await self._db.read(query)

    async def list_messages(
        self, conversation_id: str, staff: Staff, *, after: int = 0, limit: int = 200
    ) -> MessagePage:
        """Return a conversation's messages above a sequence number.

        Raises:
            NotFound: there is no such conversation, or none of its tickets is theirs.
        """

        def query(conn: Connection) -> MessagePage:
            conversation = self.visible_conversation(conn, conversation_id, staff)
            messages = conversations.list_messages(conn, conversation_id, after=after, limit=limit)
            edited = [m.id for m in messages if m.edited_at is not None]
            failed = any(m.delivery is DeliveryState.FAILED for m in messages)
            said = [m.id for m in messages if m.author is Author.AGENT]
            return MessagePage(
                messages,
                conversation,
                conversations.list_versions(conn, conversation_id, message_ids=edited)
                if edited
                else {},
                conversations.list_deliveries(conn, conversation_id) if failed else {},
                list_credits(conn, said) if said else {},
                *conversations.reading_state(conn, conversation_id),
            )

        return await self._db.read(query)

    def transcript(
        self,
        conn: Connection,
        given: str,
        staff: Staff | None,
        *,
        mark: Mark,
        now: datetime,
    ) -> Transcript:
        """Return the whole conversation as staff may read it; see `handoff.exports`.

        Args:
            conn: the caller's step.
            given: a conversation's id or a ticket's number (FL-1042).
            staff: who looks; None for the command line, which sees everything.
            mark: number of the export it is for.
            now: the present instant.

        Raises:
            NotFound: there is no such conversation, or none of its tickets is theirs.
        """
        conversation = self.visible_conversation(conn, given, staff)
        return self.transcript_of(conn, conversation, mark=mark, now=now)

    def transcript_of(
        self,
        conn: Connection,
        conversation: Conversation,
        *,
        mark: Mark,
        now: datetime,
        edition: Edition = Edition.STAFF,
    ) -> Transcript:
        """Return the whole conversation, whoever asks."""
        contact = conversations.find_contact(conn, conversation.contact_id)
        tickets = repository.list_of_conversation(conn, conversation.id)
        messages: list[Message] = []
        while page := conversations.list_messages(
            conn, conversation.id, after=messages[-1].seq if messages else 0, limit=PAGE
        ):
            messages += page
        return Transcript(
            conversation=conversation,
            contact_name=contact["display_name"] if contact else None,
            messages=tuple(messages),
            tickets=tuple(
                TranscriptTicket(t.number, t.state.value, t.level, t.opened_at, t.resolved_at)
                for t in reversed(tickets)
            ),
            timezone=self.timezone,
            made_at=now,
            versions=conversations.list_versions(conn, conversation.id),
            deliveries=conversations.list_deliveries(conn, conversation.id),
            mark=mark,
            edition=edition,
        )

    @staticmethod
    def visible_conversation(conn: Connection, given: str, staff: Staff | None) -> Conversation:
        """Return a conversation by its id or a ticket's number.

        Raises:
            NotFound: there is none, or none of its tickets is theirs.
        """
        ticket = repository.find_by_number(conn, given)
        conversation_id = ticket.conversation_id if ticket is not None else given
        conversation = conversations.get_conversation(conn, conversation_id)
        if staff is None or sees_everything(staff):
            return conversation
        for ticket in repository.list_of_conversation(conn, conversation_id):
            with suppress(NotFound):
                check_visible(conn, ticket, staff)
                return conversation
        raise NotFound("There is no such conversation.")

    def _detail(self, conn: Connection, ticket_id: str, locale: str, now: datetime) -> Detail:
        listed = repository.get_listed(conn, ticket_id)
        ticket = listed.ticket
        queues = self._queues(conn)
        queue = queues[ticket.queue_id]
        given = packs.from_json(repository.get_pack(conn, ticket_id))
        # The decision about the message that led here was stored after the ticket was.
        found = packs.collect(
            part_messages(
                conn, ticket.conversation_id, epoch=ticket.bot_epoch, up_to=ticket.opened_seq
            )
        )
        conversation = conversations.get_conversation(conn, ticket.conversation_id)
        return Detail(
            listed=listed,
            queue=queue,
            pack=packs.complete(given, found),
            hours_text=self._hours_sentence(conn, queue.calendar_key, locale, now),
            events=repository.list_events(conn, ticket_id),
            queues=queues,
            epoch=conversation.owner_epoch,
            position=repository.place_in_line(conn, ticket)
            if ticket.state is TicketState.QUEUED
            else None,
            related=repository.find_ticket(conn, ticket.related_to) if ticket.related_to else None,
            third_party=third_parties.find_story(conn, ticket, now=now),
            case=read_case(conn, ticket_id),
        )

    @staticmethod
    def _queues(conn: Connection) -> dict[str, Queue]:
        return {queue.id: queue for queue in repository.list_queues(conn, retired=True)}

    # -------------------------------------------------------------------------- timers

    async def sweep(self) -> int:
        """Do what is due now, each in its own transaction; returns how much was done.

        Sweeping twice does nothing the second time.
        """
        now = self.now()
        due = await self._db.read(
            lambda conn: (
                repository.due_to_wake(conn, now=now),
                repository.due_to_close(conn, now=now),
                repository.orphaned(conn),
            )
        )
        done = 0
        for step, ticket_ids in zip(
            (self.wake_step, self.close_step, self.requeue_step), due, strict=True
        ):
            for ticket_id in ticket_ids:
                done += await self._db.write(partial(step, ticket_id=ticket_id, now=now))
        return done


def _folded(tag: str) -> str:
    try:
        return fold(tag)
    except ValueError as error:
        raise Invalid(str(error), code="invalid_tag") from None
