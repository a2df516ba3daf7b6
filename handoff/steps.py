"""What can happen to a ticket, each as one step inside a transaction.

Every step locks the conversation, checks who asks and what state there is, changes ticket and owner
together, writes one line of history and one of the audit log, tells the customer in one sentence,
and announces on "desk" what agents' pages should read again. `handoff.service.Desk` runs the steps.
"""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Protocol

from sqlalchemy import Connection

from bot.conversations import repository as conversations
from bot.conversations.conversation import (
    Author,
    Choice,
    Conversation,
    Draft,
    Message,
    Owner,
)
from bot.kit.db import Tx
from bot.kit.errors import Conflict, Forbidden, Invalid, NotFound
from bot.kit.ids import new_token
from bot.kit.text import clean_text, is_blank
from bot.mail.service import queue_mail
from bot.staff import repository as staff_repository
from bot.staff.account import LEVELS, Role, Staff
from bot.staff.audit import record
from handoff import pack as packs
from handoff import repository
from handoff.case import repository as case_repository
from handoff.case.category import category_of
from handoff.informing import choice as choices
from handoff.informing import repository as informing
from handoff.informing.estimate import LOOK_BACK, MOST, estimate
from handoff.informing.news import News, WritesNews
from handoff.pack import Identity, PackInput
from handoff.repository import Event
from handoff.routing import reach
from handoff.routing.placing import place_hand_off
from handoff.routing.repository import get_levels
from handoff.seed import seed_queues
from handoff.third_party import repository as third_parties
from handoff.third_party.wait import checked_vendor
from handoff.ticket import (
    LONGEST_SNOOZE,
    PAUSED,
    REOPEN_WINDOW,
    WITH_AGENT,
    Act,
    Actor,
    Escalation,
    Priority,
    Reason,
    Ticket,
    TicketState,
    first_name,
    handles,
    level_below,
    level_rank,
    may_do,
    may_move,
    owner_in,
    supervises,
    takes_level,
    visible_levels,
)
from handoff.triage import Queue, queue_of_level

TOPIC = "desk"
"""The one bus topic with hints for agents' pages."""
MAX_REPLY = 4_000
MAX_NOTE = 10_000
MAX_REASON = 2_000
PACK_MESSAGES = 300
_BECAUSE = {
    Reason.NOT_UNDERSTOOD: "utter_handoff_because_not_understood",
    Reason.NOT_HELPED: "utter_handoff_because_not_helped",
    Reason.ACTION_FAILED: "utter_handoff_because_action_failed",
    Reason.BOT_UNAVAILABLE: "utter_handoff_because_bot_unavailable",
    Reason.CODE_FAILED: "utter_handoff_because_code_failed",
    Reason.INVALID_DATA: "utter_handoff_because_invalid_data",
}
"""Hand-offs that the customer did not ask for begin with a sentence why."""
"""How far back the pack looks within the bot's part; the transcript has everything."""
HoursSentence = Callable[[Connection, str, str, datetime], str]
IsOpen = Callable[[Connection, str, datetime], bool]


class Says(Protocol):
    """Where the sentences come from (`bot.kit.locales.Texts`)."""

    def bot(
        self,
        key: str,
        locale: str,
        variables: Mapping[str, Any] | None = None,
        *,
        channel: str | None = None,
    ) -> str:
        """Return what the customer is told."""
        ...


class AsksFeedback(Protocol):
    """Who asks customers for a rating (`handoff.feedback`)."""

    def resolved(
        self,
        tx: Tx,
        ticket: Ticket,
        conversation: Conversation,
        *,
        agent: tuple[str | None, str | None],
        wanted: bool,
        automatic: bool,
        epoch: int,
        now: datetime,
    ) -> None:
        """Freeze who is rated (id and name), and plan the question or note why there is none."""
        ...

    def ask_now(self, tx: Tx, ticket_id: str, conversation: Conversation, now: datetime) -> bool:
        """Put a planned question at once; False when none is planned."""
        ...

    def drop(self, tx: Tx, ticket_id: str) -> None:
        """Plan no question any more: the ticket is open again."""
        ...


IsPresent = Callable[[Connection, str, datetime], bool]
"""Whether a member of staff (by id) is online."""
SomebodyThere = Callable[[Connection, Queue, datetime], bool]
"""Whether somebody who serves a queue is online."""


class Follows(Protocol):
    """Who works out a ticket's due times after each change (`handoff.service_level`)."""

    def follow(self, tx: Tx, ticket_id: str, *, now: datetime, only_words: bool = False) -> None:
        """Look at the ticket again, within the step that changed it.

        With `only_words` somebody said something and the ticket itself is what it was.
        """
        ...


class Hears(Protocol):
    """Who is told what happens to tickets, for the rules (`handoff.automation`)."""

    def happened(self, tx: Tx, ticket_id: str, *, kind: str, n: int, now: datetime) -> None:
        """Take note, within the step that did it.

        Args:
            tx: the step.
            ticket_id: which ticket.
            kind: of the event in its history, or `customer_wrote`, `agent_replied`.
            n: number of the event in the history, or of the message in the conversation.
            now: the present.
        """
        ...


@dataclass(frozen=True, slots=True)
class Opened:
    """What a hand-off led to."""

    ticket_id: str
    number: str
    queue: str
    """Name of the queue in the customer's language."""
    level: str
    position: int
    existing: bool
    """The ticket was there already: opened by this very turn, or still open."""


@dataclass(frozen=True, slots=True)
class TicketStatus:
    """What a customer may know of the own ticket."""

    number: str
    state: TicketState
    level: str
    level_name: str
    """In the customer's language."""
    queue: str
    assignee_name: str | None
    """First name."""
    position: int | None
    """Place in line while it waits."""
    opened_at: datetime
    resolved_at: datetime | None
    soon: str = ""
    """A sentence about how long it may take, or when somebody is there again; may be empty."""


@dataclass(frozen=True, slots=True)
class _Case:
    ticket: Ticket
    conversation: Conversation


@dataclass(frozen=True, slots=True)
class _Target:
    """Where a ticket is passed on to: a queue, or a person (who then has it)."""

    queue: Queue
    person: Staff | None = None


class DeskSteps:
    """The steps. Texts and opening hours are passed in; nothing here waits for another system."""

    def __init__(
        self,
        *,
        texts: Says,
        hours_sentence: HoursSentence,
        is_open: IsOpen | None = None,
        follows: Follows | None = None,
        feedback: AsksFeedback | None = None,
        news: WritesNews | None = None,
        is_present: IsPresent | None = None,
        somebody_there: SomebodyThere | None = None,
        hears: Hears | None = None,
    ) -> None:
        self._texts = texts
        self._hours_sentence = hours_sentence
        self._is_open = is_open
        self._follows = follows
        self._feedback = feedback
        self._news = news
        self._is_present = is_present
        self._somebody_there = somebody_there
        self._hears = hears

    # --------------------------------------------------------------- from the bot's side

    def open_ticket(
        self,
        tx: Tx,
        *,
        conversation: Conversation,
        reason: Reason,
        turn_id: str | None,
        pack_facts: PackInput,
        topic: str | None,
        now: datetime,
        related_to: str | None = None,
    ) -> Opened:
        """Hand the conversation to people and tell the customer, in the caller's transaction.

        `related_to` is the earlier ticket that it goes on from, when that is known. Run again for the
        same turn it changes nothing; with a ticket still open it opens no second.
        Waiting customer messages count as dealt with: a person reads them now.

        Raises:
            Conflict: (stale) the conversation changed hands since `conversation` was read.
        """
        repository.lock_conversation(tx, conversation.id)
        same = repository.find_by_turn(tx.conn, turn_id) if turn_id else None
        if same is not None:
            return self._opened(tx.conn, same, conversation.locale, existing=True)
        current = conversations.get_conversation(tx.conn, conversation.id)
        there = repository.find_open(tx.conn, conversation.id)
        if there is not None:
            return self._say_existing(tx, current, there, turn_id=turn_id, now=now)
        if current.owner_epoch != conversation.owner_epoch:
            raise Conflict("The conversation has changed hands in the meantime.", code="stale")
        ticket = self._insert(
            tx,
            current,
            reason=reason,
            turn_id=turn_id,
            given=pack_facts,
            topic=topic,
            now=now,
            related_to=related_to,
        )
        epoch = self._hand_to(tx, current, Owner.QUEUE, ticket_id=ticket.id, now=now)
        conversations.end_pending_turns(tx, current.id)
        opened = self._opened(tx.conn, ticket, current.locale, existing=False)
        self._say_opened(tx, current, ticket, opened, reason=reason, now=now)
        self._tell(
            tx, ticket, None, kind="opened", actor=None, epoch=epoch, now=now, reason=reason.value
        )
        return opened

    def customer_wrote(
        self, tx: Tx, conversation: Conversation, message: Message, now: datetime
    ) -> Ticket | None:
        """Pass a customer's message on to the open ticket; None when the conversation has none.

        A ticket that was put aside goes back to whoever has it. No audit row: the customer is no
        staff, and intake may have several conversations in one transaction.
        """
        repository.lock_conversation(tx, conversation.id)
        ticket = repository.find_open(tx.conn, conversation.id)
        if ticket is None:
            return None
        repository.note_customer(tx, ticket.id, now=now)
        fresh = ticket
        if ticket.state in PAUSED:
            repository.change_ticket(tx, ticket, {"state": TicketState.CLAIMED, "wake_at": None})
            fresh = self._read(tx, ticket.id)
            current = conversations.get_conversation(tx.conn, conversation.id)
            repository.insert_event(
                tx,
                fresh,
                kind="customer_replied",
                actor_id=None,
                actor_name=None,
                before=ticket,
                epoch=current.owner_epoch,
                now=now,
            )
            self._announce_ticket(tx, fresh, ticket, "updated")
        if self._follows is not None and (ticket.waiting_since is None or ticket.state in PAUSED):
            # A customer who waits already starts no clock; several messages cost nothing.
            self._follows.follow(tx, ticket.id, now=now, only_words=True)
        if self._hears is not None:
            self._hears.happened(tx, ticket.id, kind="customer_wrote", n=message.seq, now=now)
        self._announce_message(tx, fresh, message)
        return fresh

    def customer_edited(self, tx: Tx, message: Message) -> None:
        """Let the pages that show the open ticket read a message again that its author changed."""
        ticket = repository.find_open(tx.conn, message.conversation_id)
        if ticket is not None:
            self._announce_message(tx, ticket, message)

    def find_open(self, conn: Connection, conversation_id: str) -> Ticket | None:
        """Return the conversation's open ticket, or None."""
        return repository.find_open(conn, conversation_id)

    def agent_of(self, conn: Connection, conversation_id: str) -> str | None:
        """Return the name of who has the conversation's open ticket, or None."""
        ticket = repository.find_open(conn, conversation_id)
        return ticket.assignee_name if ticket else None

    def status_for_customer(
        self, conn: Connection, conversation_id: str, *, now: datetime | None = None
    ) -> TicketStatus | None:
        """Return where the customer's latest ticket stands, or None when there never was one.

        With `now` also how long it may take.
        """
        tickets = repository.list_of_conversation(conn, conversation_id)
        if not tickets:
            return None
        ticket = next((t for t in tickets if t.is_open), tickets[0])
        ticket = repository.find_remaining(conn, ticket)
        conversation = conversations.get_conversation(conn, conversation_id)
        queue = repository.get_queue(conn, ticket.queue_id)
        waits = ticket.state is TicketState.QUEUED
        position = repository.place_in_line(conn, ticket) if waits else None
        return TicketStatus(
            number=ticket.number,
            state=ticket.state,
            level=ticket.level,
            level_name=get_levels(conn)[ticket.level].name(conversation.locale),
            queue=queue.name(conversation.locale),
            assignee_name=first_name(ticket.assignee_name) if ticket.assignee_name else None,
            position=position,
            opened_at=ticket.opened_at,
            resolved_at=ticket.resolved_at,
            soon=self._soon(conn, conversation, queue, position, now)
            if position is not None and now is not None
            else "",
        )

    def resume_bot(self, tx: Tx, conversation_id: str, *, reason: str, now: datetime) -> bool:
        """Resolve the open ticket without a person's doing and give the bot the conversation.

        Says nothing to the customer. False when there is no open ticket.
        """
        repository.lock_conversation(tx, conversation_id)
        ticket = repository.find_open(tx.conn, conversation_id)
        if ticket is None:
            return False
        case = self._case(tx, ticket.id)
        self._end(tx, case, None, reason=reason, now=now)
        return True

    # ------------------------------------------------------------------- from the desk

    def claim_step(self, tx: Tx, ticket_id: str, staff: Staff, *, now: datetime) -> Ticket:
        """Take a ticket that nobody has.

        Raises:
            Conflict: (already_claimed) somebody was faster: `assignee`. (stale) it is done.
        """
        case = self._access(tx, ticket_id, staff)
        before = case.ticket
        if before.assignee_id == staff.id and before.state in WITH_AGENT:
            return before
        if not takes_level(staff, before.level):
            raise Forbidden(f"Your level does not take tickets of {before.level}.")
        if not may_do(Act.CLAIM, before.state):
            raise self._claim_lost(before)
        if not repository.claim(tx, ticket_id, staff_id=staff.id, name=staff.name, now=now):
            raise self._claim_lost(self._read(tx, ticket_id))
        ticket = self._read(tx, ticket_id)
        repository.add_person(tx, ticket_id, staff.id)
        epoch = self._hand_to(tx, case.conversation, Owner.AGENT, ticket_id=ticket_id, now=now)
        self._say(tx, case.conversation, "utter_ticket_claimed", now, name=first_name(staff.name))
        self._tell(tx, ticket, before, kind="claimed", actor=staff, epoch=epoch, now=now)
        return ticket

    def reply_step(
        self, tx: Tx, ticket_id: str, staff: Staff, *, client_id: str, text: str, now: datetime
    ) -> Message:
        """Say something to the customer; the same client id and text again say it once.

        Raises:
            Conflict: (stale) the ticket is no longer this person's.
            Invalid: the client id was used for another text.
        """
        text = _public_text(text)
        case = self._access(tx, ticket_id, staff)
        external_id = f"staff:{case.ticket.conversation_id}:{client_id}"
        body_hash = hashlib.sha256(text.encode()).hexdigest()
        said = conversations.find_by_external_id(tx.conn, external_id)
        if said is not None:
            if said[1] != body_hash or said[0].staff_id != staff.id:
                raise Invalid("This client_id was used for another text.", code="client_id_reused")
            return said[0]
        self._check_mine(case.ticket, staff)
        return self._append_reply(
            tx, case, staff, text, external_id=external_id, body_hash=body_hash, now=now
        )

    def note_step(self, tx: Tx, ticket_id: str, staff: Actor, *, text: str, now: datetime) -> Event:
        """Write an internal note; the customer never sees it."""
        case = self._access(tx, ticket_id, staff)
        self._check_state(Act.NOTE, case.ticket)
        event = repository.insert_event(
            tx,
            case.ticket,
            kind="note",
            actor_id=staff.id,
            actor_name=staff.name,
            before=case.ticket,
            epoch=case.conversation.owner_epoch,
            now=now,
            text=_public_text(text, longest=MAX_NOTE),
        )
        self._announce_ticket(tx, case.ticket, case.ticket, "updated")
        record(tx, staff.id, "ticket.note", "ticket", ticket_id, None, now)
        return event

    def transfer_step(
        self,
        tx: Tx,
        ticket_id: str,
        staff: Actor,
        *,
        queue: str | None,
        assignee: str | None,
        reason: str,
        now: datetime,
    ) -> Ticket:
        """Pass a ticket to another queue or to a person; taking over is passing it to oneself."""
        if (queue is None) == (assignee is None):
            raise Invalid("Name either a queue or an assignee.", code="invalid_target")
        case = self._access_to_move(tx, ticket_id, staff)
        if assignee is not None:
            target = self._person_target(tx.conn, case.ticket, assignee)
        else:
            target = _Target(self._get_queue(tx.conn, queue or ""))
        return self._pass_on(tx, case, staff, target, kind="transferred", reason=reason, now=now)

    def escalate_step(
        self,
        tx: Tx,
        ticket_id: str,
        staff: Actor,
        *,
        kind: Escalation,
        to: str,
        reason: str,
        now: datetime,
    ) -> Ticket:
        """Pass a ticket up: to those who know (functional), or to those who decide (hierarchical).

        Functional: `to` is a level, a queue of the same or a deeper level, or a person there.
        Hierarchical: `to` is a supervisor or admin, or a level (its least busy supervisor); the
        ticket keeps its level and queue and becomes more urgent.
        """
        case = self._access_to_move(tx, ticket_id, staff)
        if kind is Escalation.HIERARCHICAL:
            target = _Target(
                repository.get_queue(tx.conn, case.ticket.queue_id),
                self._manager(tx.conn, to, staff),
            )
            return self._pass_on(
                tx,
                case,
                staff,
                target,
                kind="escalated_hierarchical",
                reason=reason,
                now=now,
                priority=case.ticket.priority.raised(),
            )
        target = self._deeper_target(tx.conn, case.ticket, to, by=staff if staff.id else None)
        return self._pass_on(
            tx, case, staff, target, kind="escalated_functional", reason=reason, now=now
        )

    def return_step(
        self, tx: Tx, ticket_id: str, staff: Actor, *, reason: str, now: datetime
    ) -> Ticket:
        """Give a ticket back to the level below, to the queue it came from; bounces are counted."""
        case = self._access_to_move(tx, ticket_id, staff)
        target = _Target(self._queue_below(tx.conn, case.ticket))
        return self._pass_on(
            tx,
            case,
            staff,
            target,
            kind="returned",
            reason=reason,
            now=now,
            bounces=case.ticket.bounce_count + 1,
        )

    def wait_step(
        self,
        tx: Tx,
        ticket_id: str,
        staff: Actor,
        *,
        third_party: bool,
        reason: str | None,
        now: datetime,
        vendor: str | None = None,
        expected_at: datetime | None = None,
    ) -> Ticket:
        """Put a ticket aside until the customer (or also a third party) has answered.

        Args:
            tx: the step.
            ticket_id: which ticket.
            staff: who does it.
            third_party: somebody outside the house is waited for, not the customer.
            reason: why, for the history.
            now: the present.
            vendor: who that is.
            expected_at: by when they should have answered; whoever has the ticket is reminded then.

        Raises:
            Invalid: (invalid_vendor, invalid_until) name or date can't be used.
        """
        state = TicketState.WAITING_THIRD_PARTY if third_party else TicketState.WAITING_CUSTOMER
        vendor = checked_vendor(vendor, expected_at, third_party=third_party, now=now)
        case = self._access_to_wait(tx, ticket_id, staff)
        said = (_optional(reason), vendor, expected_at)
        if case.ticket.state is state and said == (None, None, None):
            return case.ticket
        if case.ticket.state is not state:
            key = "utter_ticket_waiting" if third_party else "utter_ticket_waiting_for_you"
            self._say(tx, case.conversation, key, now, number=case.ticket.number)
        ticket = self._set_state(
            tx,
            case,
            staff,
            {"state": state, "wake_at": None},
            reason=reason,
            now=now,
            shown=(None, vendor) if vendor else None,
        )
        if third_party:
            third_parties.insert_wait(tx, ticket_id, vendor=vendor, expected_at=expected_at)
        return ticket

    def snooze_step(
        self,
        tx: Tx,
        ticket_id: str,
        staff: Actor,
        *,
        until: datetime,
        reason: str | None,
        now: datetime,
    ) -> Ticket:
        """Put a ticket aside until an instant; it comes back then, or when the customer writes."""
        if not now < until <= now + LONGEST_SNOOZE:
            raise Invalid("Choose a time within the next 90 days.", code="invalid_until")
        case = self._access_to_wait(tx, ticket_id, staff)
        return self._set_state(
            tx,
            case,
            staff,
            {"state": TicketState.SNOOZED, "wake_at": until},
            reason=reason,
            now=now,
        )

    def resolve_step(
        self,
        tx: Tx,
        ticket_id: str,
        staff: Actor,
        *,
        text: str | None,
        reason: str | None,
        now: datetime,
        ask_feedback: bool = True,
    ) -> Ticket:
        """End the work: last words first, then the closing sentence, then the bot has it again.

        Under the sentence the customer can say that it is not solved. Without `ask_feedback` nobody
        asks how it was.
        """
        case = self._access(tx, ticket_id, staff)
        if case.ticket.state is TicketState.RESOLVED and case.ticket.resolved_by == staff.id:
            return case.ticket  # the same request again
        self._check_state(Act.RESOLVE, case.ticket)
        if not may_move(staff, case.ticket):
            raise self._not_yours(case.ticket)
        if text is not None and not is_blank(text):
            self._append_reply(tx, case, staff, _public_text(text), now=now)
            case = self._case(tx, ticket_id)
        self._say(
            tx,
            case.conversation,
            "utter_ticket_resolved",
            now,
            buttons=choices.RESOLVED,
            number=case.ticket.number,
        )
        return self._end(
            tx, case, staff, reason=_optional(reason), now=now, ask_feedback=ask_feedback
        )

    def reopen_step(
        self, tx: Tx, ticket_id: str, staff: Staff, *, reason: str | None, now: datetime
    ) -> Ticket:
        """Take a resolved ticket up again; the person who asks has it then.

        Raises:
            Conflict: the conversation has a newer open ticket, or the window is over.
        """
        case = self._access(tx, ticket_id, staff)
        self._check_state(Act.REOPEN, case.ticket)
        if not takes_level(staff, case.ticket.level):
            raise Forbidden(f"Your level does not take tickets of {case.ticket.level}.")
        newer = repository.find_open(tx.conn, case.ticket.conversation_id)
        if newer is not None:
            raise Conflict(
                f"The customer already has the newer ticket {newer.number}.",
                code="newer_ticket",
                ticket_id=newer.id,
                number=newer.number,
            )
        ticket = self._change(
            tx,
            case.ticket,
            {
                "state": TicketState.CLAIMED,
                "assignee_id": staff.id,
                "assignee_name": staff.name,
                "claimed_at": now,
                "resolved_at": None,
                "resolved_by": None,
                "close_at": None,
            },
        )
        repository.add_person(tx, ticket_id, staff.id)
        if self._feedback is not None:
            self._feedback.drop(tx, ticket_id)
        epoch = self._hand_to(tx, case.conversation, Owner.AGENT, ticket_id=ticket_id, now=now)
        conversations.end_pending_turns(tx, ticket.conversation_id)
        self._say(
            tx,
            case.conversation,
            "utter_ticket_reopened",
            now,
            number=ticket.number,
            name=first_name(staff.name),
        )
        self._tell(
            tx,
            ticket,
            case.ticket,
            kind="reopened",
            actor=staff,
            epoch=epoch,
            now=now,
            reason=_optional(reason),
        )
        return ticket

    def priority_step(
        self,
        tx: Tx,
        ticket_id: str,
        staff: Actor,
        *,
        priority: Priority,
        reason: str | None,
        now: datetime,
    ) -> Ticket:
        """Make a ticket more or less urgent."""
        case = self._access_to_move(tx, ticket_id, staff, Act.PRIORITISE)
        if case.ticket.priority is priority:
            return case.ticket
        ticket = self._change(
            tx, case.ticket, {"priority": priority, "impact": None, "urgency": None}
        )
        self._tell(
            tx,
            ticket,
            case.ticket,
            kind="priority",
            actor=staff,
            epoch=case.conversation.owner_epoch,
            now=now,
            reason=_optional(reason),
            values=(case.ticket.priority.value, priority.value),
        )
        return ticket

    # -------------------------------------------------------------------------- timers

    def wake_step(self, tx: Tx, ticket_id: str, *, now: datetime) -> bool:
        """Bring a snoozed ticket back when its time has come; False when it was not its time."""
        case = self._case(tx, ticket_id)
        due = case.ticket.wake_at
        if not may_do(Act.WAKE, case.ticket.state) or due is None or due > now:
            return False
        ticket = self._change(tx, case.ticket, {"state": TicketState.CLAIMED, "wake_at": None})
        self._tell(
            tx,
            ticket,
            case.ticket,
            kind="woken",
            actor=None,
            epoch=case.conversation.owner_epoch,
            now=now,
        )
        return True

    def close_step(self, tx: Tx, ticket_id: str, *, now: datetime) -> bool:
        """Close a resolved ticket for good when its window is over; False when it is not."""
        case = self._case(tx, ticket_id)
        due = case.ticket.close_at
        if due is None or due > now:
            return False
        return self._close(tx, case, now=now)

    def close_now(self, tx: Tx, ticket_id: str, *, now: datetime) -> bool:
        """Close a resolved ticket before its window is over; False when it is not resolved."""
        return self._close(tx, self._case(tx, ticket_id), now=now)

    def _close(self, tx: Tx, case: _Case, *, now: datetime) -> bool:
        if not may_do(Act.CLOSE, case.ticket.state):
            return False
        ticket = self._change(
            tx, case.ticket, {"state": TicketState.CLOSED, "close_at": None, "closed_at": now}
        )
        self._tell(
            tx,
            ticket,
            case.ticket,
            kind="closed",
            actor=None,
            epoch=case.conversation.owner_epoch,
            now=now,
        )
        return True

    def requeue_step(self, tx: Tx, ticket_id: str, *, now: datetime) -> bool:
        """Put a ticket back in line whose assignee's account was closed; its place is kept."""
        case = self._case(tx, ticket_id)
        assignee = case.ticket.assignee_id
        if assignee is None or case.ticket.state not in WITH_AGENT:
            return False
        if staff_repository.find_staff(tx.conn, assignee) is not None:
            return False
        self._pass_on(
            tx,
            case,
            None,
            _Target(repository.get_queue(tx.conn, case.ticket.queue_id)),
            kind="moved",
            reason="The account of the agent was closed.",
            now=now,
        )
        return True

    def rehome_step(
        self, tx: Tx, ticket_id: str, staff: Staff, *, queue: Queue, now: datetime
    ) -> Ticket | None:
        """Put an open ticket into another queue of its level; None when there is nothing to do.

        Who has it keeps it, and its place in line is kept: the work is organised otherwise, which
        is nothing the customer needs to hear.
        """
        case = self._case(tx, ticket_id)
        before = case.ticket
        if not before.is_open or before.level != queue.level or before.queue_id == queue.id:
            return None
        ticket = self._change(tx, before, {"queue_id": queue.id})
        self._tell(
            tx,
            ticket,
            before,
            kind="moved",
            actor=staff,
            epoch=case.conversation.owner_epoch,
            now=now,
        )
        return ticket

    # ------------------------------------------------------- done by the service level

    def mark_step(
        self,
        tx: Tx,
        ticket_id: str,
        *,
        kind: str,
        value: str | None,
        now: datetime,
        actor: Actor | None = None,
        reason: str | None = None,
    ) -> None:
        """Write something into the history that changes nothing by itself, and announce it.

        A clock warned or ran out, a rule fitted, somebody was told.
        """
        case = self._case(tx, ticket_id)
        self._tell(
            tx,
            case.ticket,
            case.ticket,
            kind=kind,
            actor=actor,
            epoch=case.conversation.owner_epoch,
            now=now,
            reason=reason,
            values=(None, value) if value is not None else None,
        )

    def say_step(
        self, tx: Tx, ticket_id: str, actor: Actor, *, text: str, now: datetime
    ) -> Message:
        """Tell the customer something that no person says: it stops no clock and answers nothing.

        Raises:
            Conflict: (stale) the ticket is done.
        """
        case = self._case(tx, ticket_id)
        self._check_state(Act.MOVE, case.ticket)
        stored = conversations.append(
            tx,
            case.conversation.id,
            [Draft(author=Author.SYSTEM, text=_public_text(text))],
            now=now,
            expect_epoch=case.conversation.owner_epoch,
        )
        if not stored:
            raise self._not_yours(case.ticket)
        self._announce_message(tx, case.ticket, stored[0])
        record(tx, actor.id, "ticket.said", "ticket", ticket_id, {"by": actor.name}, now)
        return stored[0]

    def knowledge_step(
        self,
        tx: Tx,
        ticket_id: str,
        *,
        kind: str,
        actor: Staff,
        reason: str | None,
        now: datetime,
    ) -> None:
        """Write into the history what became of an article proposed from it, and announce it."""
        case = self._case(tx, ticket_id)
        self._tell(
            tx,
            case.ticket,
            case.ticket,
            kind=kind,
            actor=actor,
            epoch=case.conversation.owner_epoch,
            now=now,
            reason=reason,
        )

    def raise_step(self, tx: Tx, ticket_id: str, *, reason: str, now: datetime) -> bool:
        """Make a ticket one step more urgent; False when it is as urgent as can be."""
        case = self._case(tx, ticket_id)
        priority = case.ticket.priority.raised()
        if priority is case.ticket.priority:
            return False
        ticket = self._change(tx, case.ticket, {"priority": priority})
        self._tell(
            tx,
            ticket,
            case.ticket,
            kind="sla_priority",
            actor=None,
            epoch=case.conversation.owner_epoch,
            now=now,
            reason=reason,
            values=(case.ticket.priority.value, priority.value),
        )
        return True

    def put_back_step(
        self, tx: Tx, ticket_id: str, *, queue: str | None, reason: str, now: datetime
    ) -> Ticket:
        """Put a ticket back in line, in its own queue or in another; its place is kept.

        Raises:
            Invalid: (invalid_target) it waits there already. (unknown_queue) there is none such.
        """
        case = self._case(tx, ticket_id)
        target = (
            self._get_queue(tx.conn, queue)
            if queue
            else repository.get_queue(tx.conn, case.ticket.queue_id)
        )
        return self._pass_on(
            tx, case, None, _Target(target), kind="sla_moved", reason=reason, now=now
        )

    def pass_up_step(
        self,
        tx: Tx,
        ticket_id: str,
        *,
        kind: Escalation,
        to: str | None,
        reason: str,
        now: datetime,
    ) -> Ticket:
        """Escalate without a person's doing: to a deeper level or queue, or to a supervisor.

        Raises:
            Invalid: there is no such level, queue or supervisor, or the ticket is there already.
        """
        case = self._case(tx, ticket_id)
        if kind is Escalation.FUNCTIONAL:
            target = self._deeper_target(tx.conn, case.ticket, to or "", by=None)
            return self._pass_on(
                tx, case, None, target, kind="sla_escalated_functional", reason=reason, now=now
            )
        manager = self._manager(tx.conn, to or case.ticket.level, None)
        if manager.id == case.ticket.assignee_id:
            raise Invalid("A supervisor has the ticket already.", code="invalid_target")
        queue = repository.get_queue(tx.conn, case.ticket.queue_id)
        return self._pass_on(
            tx,
            case,
            None,
            _Target(queue, manager),
            kind="sla_escalated_hierarchical",
            reason=reason,
            now=now,
        )

    def remind_step(self, tx: Tx, ticket_id: str, *, now: datetime) -> Ticket | None:
        """Write into the history that a third party is late, once per date; None when it is not."""
        case = self._case(tx, ticket_id)
        wait = third_parties.latest_wait(tx.conn, ticket_id)
        late = (
            case.ticket.state is TicketState.WAITING_THIRD_PARTY
            and wait is not None
            and wait.expected_at is not None
            and wait.expected_at <= now
        )
        if not late or wait is None or not third_parties.set_reminded(tx, wait, now=now):
            return None
        self._tell(
            tx,
            case.ticket,
            case.ticket,
            kind="third_party_due",
            actor=None,
            epoch=case.conversation.owner_epoch,
            now=now,
            values=(None, wait.vendor) if wait.vendor else None,
        )
        return case.ticket

    # ---------------------------------------------------------------- checks and access

    def _case(self, tx: Tx, ticket_id: str) -> _Case:
        ticket = repository.find_ticket(tx.conn, ticket_id)
        if ticket is None:
            raise NotFound("There is no such ticket.")
        repository.lock_conversation(tx, ticket.conversation_id)
        return _Case(
            self._read(tx, ticket_id),
            conversations.get_conversation(tx.conn, ticket.conversation_id),
        )

    def _access(self, tx: Tx, ticket_id: str, staff: Actor) -> _Case:
        case = self._case(tx, ticket_id)
        check_visible(tx.conn, case.ticket, staff)
        return case

    def _access_to_move(self, tx: Tx, ticket_id: str, staff: Actor, act: Act = Act.MOVE) -> _Case:
        case = self._access(tx, ticket_id, staff)
        self._check_state(act, case.ticket)
        if not may_move(staff, case.ticket):
            raise self._not_yours(case.ticket)
        return case

    def _access_to_wait(self, tx: Tx, ticket_id: str, staff: Actor) -> _Case:
        case = self._access(tx, ticket_id, staff)
        self._check_mine(case.ticket, staff, Act.WAIT)
        return case

    def _check_mine(self, ticket: Ticket, staff: Actor, act: Act = Act.REPLY) -> None:
        self._check_state(act, ticket)
        if not handles(staff, ticket):
            raise self._not_yours(ticket)

    @staticmethod
    def _check_state(act: Act, ticket: Ticket) -> None:
        if not may_do(act, ticket.state):
            raise Conflict(
                f"The ticket is {ticket.state.value.replace('_', ' ')} now.",
                code="stale",
                state=ticket.state.value,
                assignee=_person(ticket),
            )

    @staticmethod
    def _not_yours(ticket: Ticket) -> Conflict:
        return Conflict(
            "The ticket is not yours, or no longer.",
            code="stale",
            state=ticket.state.value,
            assignee=_person(ticket),
        )

    @staticmethod
    def _claim_lost(ticket: Ticket) -> Conflict:
        if ticket.state in WITH_AGENT:
            return Conflict(
                f"{ticket.assignee_name} has it already.",
                code="already_claimed",
                assignee=_person(ticket),
            )
        return Conflict(
            f"The ticket is {ticket.state.value} now.", code="stale", state=ticket.state.value
        )

    # -------------------------------------------------------------------- where it goes

    def _get_queue(self, conn: Connection, key: str) -> Queue:
        for queue in repository.list_queues(conn):
            if key in {queue.key, queue.id}:
                return queue
        raise Invalid("There is no such queue.", code="unknown_queue")

    def _person_target(self, conn: Connection, ticket: Ticket, staff_id: str) -> _Target:
        person = staff_repository.find_staff(conn, staff_id)
        if person is None or not person.may("tickets.work"):
            raise Invalid("Nobody who works on tickets has this id.", code="unknown_assignee")
        if not takes_level(person, ticket.level):
            raise Invalid(
                f"{person.name} does not take tickets of {ticket.level}.", code="wrong_level"
            )
        return _Target(repository.get_queue(conn, ticket.queue_id), person)

    def _deeper_target(
        self, conn: Connection, ticket: Ticket, to: str, *, by: Actor | None
    ) -> _Target:
        """Return where a functional escalation to `to` goes; `by` is None for Frontline itself."""
        queues = repository.list_queues(conn)
        locale = conversations.get_conversation(conn, ticket.conversation_id).locale
        topics = (ticket.topic,) if ticket.topic else ()
        reach.check_level(conn, ticket, to)
        queue = next((q for q in queues if to in {q.key, q.id}), None)
        if to in LEVELS:
            queue = queue_of_level(queues, to, topics=topics, locale=locale)
            if queue is None:
                raise reach.no_queue(to)
        if queue is not None:
            reach.check_queue(conn, ticket, queue, by_itself=by is None)
            return _Target(queue)
        target = self._person_target(conn, ticket, to)
        person = target.person
        if person is not None and level_rank(person.level) > level_rank(ticket.level):
            deeper = queue_of_level(
                queues, person.level or ticket.level, topics=topics, locale=locale
            )
            if deeper is not None:
                reach.check_queue(conn, ticket, deeper, by_itself=by is None)
                return replace(target, queue=deeper)
        return target

    def _manager(self, conn: Connection, to: str, staff: Actor | None) -> Staff:
        managers = staff_repository.list_active(conn, roles=(Role.SUPERVISOR, Role.ADMIN))
        if to not in LEVELS:
            found = next((m for m in managers if m.id == to), None)
            if found is None:
                raise Invalid("Escalate to a supervisor or an admin.", code="unknown_assignee")
            return found
        loads = repository.open_loads(conn)
        others = [m for m in managers if staff is None or m.id != staff.id] or managers
        if not others:
            raise Invalid("There is no supervisor to escalate to.", code="unknown_assignee")
        return min(
            others,
            key=lambda m: (
                m.level != to,
                m.role is not Role.SUPERVISOR,
                loads.get(m.id, 0),
                m.name,
            ),
        )

    def _queue_below(self, conn: Connection, ticket: Ticket) -> Queue:
        people = get_levels(conn).staffed
        queues = {
            queue.id: queue for queue in repository.list_queues(conn) if queue.level in people
        }
        came_from = queues.get(repository.queue_before(conn, ticket) or "")
        if came_from is not None and level_rank(came_from.level) < level_rank(ticket.level):
            return came_from
        below = level_below(ticket.level, people=people)
        while below is not None:
            queue = queue_of_level(
                list(queues.values()),
                below,
                topics=(ticket.topic,) if ticket.topic else (),
                locale=conversations.get_conversation(conn, ticket.conversation_id).locale,
            )
            if queue is not None:
                return queue
            below = level_below(below, people=people)
        raise Invalid("There is no level of people below.", code="no_level_below")

    # ---------------------------------------------------------------------- the changes

    def _insert(
        self,
        tx: Tx,
        conversation: Conversation,
        *,
        reason: Reason,
        turn_id: str | None,
        given: PackInput,
        topic: str | None,
        now: datetime,
        related_to: str | None = None,
    ) -> Ticket:
        queues = repository.list_queues(tx.conn)
        if not queues:
            seed_queues(tx)  # a hand-off lands somewhere even when nobody set queues up
            queues = repository.list_queues(tx.conn) or repository.list_queues(
                tx.conn, retired=True
            )
        earlier = repository.earlier_of_contact(tx.conn, conversation.contact_id)
        pack = packs.complete(given, collect_pack(tx.conn, conversation))
        pack = replace(
            pack,
            language=pack.language or conversation.locale,
            earlier=pack.earlier or tuple(ticket.number for ticket in earlier),
        )
        topics = packs.topics_of(pack, topic)
        placement = place_hand_off(
            tx.conn,
            queues,
            conversation,
            part_messages(
                tx.conn,
                conversation.id,
                epoch=conversation.owner_epoch,
                up_to=conversation.last_seq,
            ),
            pack=pack,
            topics=topics,
            reason=reason,
            is_open=self._is_open,
            now=now,
        )
        related = next(
            (
                t.id
                for t in earlier
                if t.conversation_id == conversation.id
                and t.resolved_at is not None
                and now - t.resolved_at <= REOPEN_WINDOW
            ),
            None,
        )
        return repository.insert_ticket(
            tx,
            conversation_id=conversation.id,
            opened_by_turn=turn_id,
            opened_seq=conversation.last_seq,
            bot_epoch=conversation.owner_epoch,
            queue=placement.queue,
            priority=placement.priority,
            reason=reason,
            topic=topics[0] if topics else None,
            category=category_of(case_repository.list_categories(tx.conn), topics),
            subject=pack.subject or "",
            pack=packs.to_json(pack),
            related_to=related_to or related,
            last_customer_at=now,
            now=now,
        )

    def _append_reply(
        self,
        tx: Tx,
        case: _Case,
        staff: Actor,
        text: str,
        *,
        external_id: str | None = None,
        body_hash: str | None = None,
        now: datetime,
    ) -> Message:
        stored = conversations.append(
            tx,
            case.conversation.id,
            [
                Draft(
                    author=Author.AGENT,
                    text=text,
                    author_name=staff.name,
                    staff_id=staff.id,
                    external_id=external_id,
                    body_hash=body_hash,
                )
            ],
            now=now,
            expect_epoch=case.conversation.owner_epoch,
        )
        if not stored:
            raise self._not_yours(case.ticket)
        repository.note_reply(tx, case.ticket.id, now=now)
        if staff.id is not None:
            repository.add_person(tx, case.ticket.id, staff.id)
        if self._follows is not None:
            self._follows.follow(tx, case.ticket.id, now=now, only_words=True)
        if self._hears is not None:
            n = stored[0].seq
            self._hears.happened(tx, case.ticket.id, kind="agent_replied", n=n, now=now)
        self._announce_message(tx, case.ticket, stored[0])
        self._mail_news(tx, case.ticket, case.conversation, News.ANSWERED, now)
        if supervises(staff) and case.ticket.assignee_id != staff.id:
            record(tx, staff.id, "ticket.reply", "ticket", case.ticket.id, None, now)
        return stored[0]

    def _pass_on(
        self,
        tx: Tx,
        case: _Case,
        staff: Actor | None,
        target: _Target,
        *,
        kind: str,
        reason: str,
        now: datetime,
        priority: Priority | None = None,
        bounces: int | None = None,
        quiet: bool = False,
    ) -> Ticket:
        """Give a ticket to a queue or a person; `quiet`: the customer need not know."""
        before, person = case.ticket, target.person
        if (target.queue.id, person.id if person else None) == (
            before.queue_id,
            before.assignee_id,
        ):
            raise Invalid("The ticket is there already.", code="invalid_target")
        why = _mandatory(reason)
        values: dict[str, Any] = {
            "queue_id": target.queue.id,
            "level": target.queue.level,
            "state": TicketState.CLAIMED if person else TicketState.QUEUED,
            "assignee_id": person.id if person else None,
            "assignee_name": person.name if person else None,
            "claimed_at": now if person else None,
            "wake_at": None,
            "waiting_since": before.waiting_since or now,
        }
        if priority is not None:
            values["priority"] = priority
        if bounces is not None:
            values["bounce_count"] = bounces
        ticket = self._change(tx, before, values)
        if person is not None:
            repository.add_person(tx, ticket.id, person.id)
        epoch = self._hand_to(
            tx, case.conversation, owner_in(ticket.state), ticket_id=ticket.id, now=now
        )
        if person is not None:
            self._say(
                tx, case.conversation, "utter_ticket_claimed", now, name=first_name(person.name)
            )
        elif quiet:
            pass
        elif target.queue.id == before.queue_id:
            self._say(
                tx,
                case.conversation,
                "utter_ticket_back_in_line",
                now,
                number=ticket.number,
                place=self._place_sentence(
                    case.conversation, repository.place_in_line(tx.conn, ticket)
                ),
            )
        else:
            self._say(
                tx,
                case.conversation,
                "utter_ticket_moved",
                now,
                number=ticket.number,
                queue=target.queue.name(case.conversation.locale),
                level=get_levels(tx.conn)[target.queue.level].name(case.conversation.locale),
            )
        if kind == "transferred" and person is not None:
            kind = "assigned"
        self._tell(
            tx,
            ticket,
            before,
            kind=kind,
            actor=staff,
            epoch=epoch,
            now=now,
            reason=why,
            values=(before.assignee_name, person.name) if person else None,
        )
        return ticket

    def _set_state(
        self,
        tx: Tx,
        case: _Case,
        staff: Actor,
        values: dict[str, Any],
        *,
        reason: str | None,
        now: datetime,
        shown: tuple[str | None, str | None] | None = None,
    ) -> Ticket:
        """Move between states of the same owner; no epoch changes."""
        ticket = self._change(tx, case.ticket, values)
        self._tell(
            tx,
            ticket,
            case.ticket,
            kind=ticket.state.value,
            actor=staff,
            epoch=case.conversation.owner_epoch,
            now=now,
            reason=_optional(reason),
            values=shown,
        )
        return ticket

    def _end(
        self,
        tx: Tx,
        case: _Case,
        staff: Actor | None,
        *,
        reason: str | None,
        now: datetime,
        ask_feedback: bool = True,
    ) -> Ticket:
        ticket = self._change(
            tx,
            case.ticket,
            {
                "state": TicketState.RESOLVED,
                "resolved_at": now,
                "resolved_by": staff.id if staff else None,
                "close_at": now + REOPEN_WINDOW,
                "wake_at": None,
                "waiting_since": None,
            },
        )
        if staff is not None and staff.id is not None:
            repository.add_person(tx, ticket.id, staff.id)
        epoch = self._hand_to(
            tx, case.conversation, Owner.BOT, ticket_id=None, now=now, new_episode=True
        )
        person = staff if staff is not None and staff.id is not None else None
        if person is not None:
            self._mail_news(tx, ticket, case.conversation, News.RESOLVED, now)
        if self._feedback is not None:
            rated = case.ticket.assignee_id or (person.id if person else None)
            name = case.ticket.assignee_name or (person.name if person else None)
            self._feedback.resolved(
                tx,
                ticket,
                case.conversation,
                agent=(rated, name),
                wanted=ask_feedback,
                automatic=person is None,
                epoch=epoch,
                now=now,
            )
        self._tell(
            tx,
            ticket,
            case.ticket,
            kind="resolved",
            actor=staff,
            epoch=epoch,
            now=now,
            reason=reason,
        )
        return ticket

    @staticmethod
    def _read(tx: Tx, ticket_id: str) -> Ticket:
        ticket = repository.find_ticket(tx.conn, ticket_id)
        if ticket is None:
            raise NotFound("There is no such ticket.")
        return ticket

    def _change(self, tx: Tx, before: Ticket, values: dict[str, Any]) -> Ticket:
        if not repository.change_ticket(tx, before, values):
            raise self._not_yours(self._read(tx, before.id))
        return self._read(tx, before.id)

    @staticmethod
    def _hand_to(
        tx: Tx,
        conversation: Conversation,
        to: Owner,
        *,
        ticket_id: str | None,
        now: datetime,
        new_episode: bool = False,
    ) -> int:
        epoch = conversations.change_owner(
            tx,
            conversation.id,
            to=to,
            ticket_id=ticket_id,
            now=now,
            expect_epoch=conversation.owner_epoch,
            new_episode=new_episode,
        )
        if epoch is None:
            raise Conflict("The conversation has changed hands in the meantime.", code="stale")
        if to is Owner.AGENT:
            # Whatever was written in line and not looked at yet is the person's to read now.
            conversations.end_pending_turns(tx, conversation.id)
        return epoch

    # ------------------------------------------------------------- telling all who care

    def _say(
        self,
        tx: Tx,
        conversation: Conversation,
        key: str,
        now: datetime,
        *,
        lead: str | None = None,
        then: str | None = None,
        buttons: Sequence[choices.Button] = (),
        epoch: int | None = None,
        **variables: Any,
    ) -> bool:
        """Say one of the desk's sentences; False when `epoch` no longer holds."""
        locale, channel = conversation.locale, conversation.channel
        text = _tidy(self._texts.bot(key, locale, variables, channel=channel))
        if lead is not None:
            text = f"{self._texts.bot(lead, locale, channel=channel)} {text}"
        if then is not None:
            text = f"{text} {self._texts.bot(then, locale, channel=channel)}"
        offered = tuple(
            Choice(
                id=new_token(9),
                label=self._texts.bot(choices.LABELS[button], locale, channel=channel)[:60],
                intent=button.value,
            )
            for button in buttons
        )
        draft = Draft(author=Author.SYSTEM, text=text, choices=offered)
        stored = conversations.append(tx, conversation.id, [draft], now=now, expect_epoch=epoch)
        return stored is not None

    def _say_opened(
        self,
        tx: Tx,
        conversation: Conversation,
        ticket: Ticket,
        opened: Opened,
        *,
        reason: Reason,
        now: datetime,
    ) -> None:
        queue = repository.get_queue(tx.conn, ticket.queue_id)
        is_open = self._is_open is None or self._is_open(tx.conn, queue.calendar_key, now)
        there = self._is_there(tx.conn, queue, now)
        nobody = "utter_handoff_nobody_online" if is_open else "utter_handoff_closed"
        place = self._place_sentence(conversation, opened.position)
        soon = self._estimate_sentence(tx.conn, conversation, queue, opened.position, now)
        self._say(
            tx,
            conversation,
            "utter_handoff" if there else nobody,
            now,
            then=None if there else "utter_waiting_choices",
            buttons=() if there else choices.WAITING,
            number=opened.number,
            queue=opened.queue,
            level=get_levels(tx.conn)[opened.level].name(conversation.locale),
            position=opened.position,
            ahead=opened.position - 1,
            place=f"{place} {soon}" if there else place,
            hours=self._hours_sentence(tx.conn, queue.calendar_key, conversation.locale, now),
            lead=_BECAUSE.get(reason),
        )

    def _is_there(self, conn: Connection, queue: Queue, now: datetime) -> bool:
        """Tell whether somebody may come: it is open, and somebody who serves the queue is online."""
        if self._is_open is not None and not self._is_open(conn, queue.calendar_key, now):
            return False
        return self._somebody_there is None or self._somebody_there(conn, queue, now)

    def _soon(
        self,
        conn: Connection,
        conversation: Conversation,
        queue: Queue,
        position: int,
        now: datetime,
    ) -> str:
        if self._is_there(conn, queue, now):
            return self._estimate_sentence(conn, conversation, queue, position, now)
        return self._hours_sentence(conn, queue.calendar_key, conversation.locale, now)

    def _estimate_sentence(
        self,
        conn: Connection,
        conversation: Conversation,
        queue: Queue,
        position: int,
        now: datetime,
    ) -> str:
        served = informing.served(conn, queue.id, since=now - LOOK_BACK, limit=MOST)
        if self._is_open is not None:
            # Who came at night waited for the morning, not for those ahead.
            is_open = self._is_open
            served = [one for one in served if is_open(conn, queue.calendar_key, one.queued_at)]
        found = estimate(position, served)
        if found is None:
            return ""
        return self._texts.bot(
            "utter_wait_about" if found.low == found.high else "utter_wait_estimate",
            conversation.locale,
            {"low": found.low, "high": found.high},
            channel=conversation.channel,
        )

    def _mail_news(
        self, tx: Tx, ticket: Ticket, conversation: Conversation, news: News, now: datetime
    ) -> None:
        """Mail a customer who left that there is news; once until the customer writes again.

        What was said stays in the chat: an address that was only typed may be somebody else's.
        """
        waiting = informing.find(tx.conn, ticket.id)
        if self._news is None or waiting.mail_to is None:
            return
        if news is News.ANSWERED and informing.told_since(
            tx.conn, ticket.id, ticket.last_customer_at
        ):
            return
        event = repository.insert_event(
            tx,
            ticket,
            kind="told_by_mail",
            actor_id=None,
            actor_name=None,
            before=ticket,
            epoch=conversation.owner_epoch,
            now=now,
            to_value=news.value,
        )
        letter = self._news.ticket_news(conversation.locale, number=ticket.number, news=news.value)
        queue_mail(
            tx,
            dedupe_key=f"{informing.MAIL_KEY}:{event.id}",
            to=waiting.mail_to,
            subject=letter.subject,
            text=letter.text,
            html=letter.html,
            now=now,
        )

    def _place_sentence(self, conversation: Conversation, position: int) -> str:
        keys = {1: "utter_handoff_next", 2: "utter_handoff_one_ahead"}
        return self._texts.bot(
            keys.get(position, "utter_handoff_many_ahead"),
            conversation.locale,
            {"position": position, "ahead": position - 1},
            channel=conversation.channel,
        )

    def _say_existing(
        self,
        tx: Tx,
        conversation: Conversation,
        ticket: Ticket,
        *,
        turn_id: str | None,
        now: datetime,
    ) -> Opened:
        opened = self._opened(tx.conn, ticket, conversation.locale, existing=True)
        external_id = f"handoff:{turn_id}" if turn_id else None
        if external_id and conversations.find_by_external_id(tx.conn, external_id):
            return opened
        text = self._texts.bot(
            "utter_handoff_existing",
            conversation.locale,
            {"number": opened.number, "queue": opened.queue, "position": opened.position},
            channel=conversation.channel,
        )
        conversations.append(
            tx,
            conversation.id,
            [Draft(author=Author.SYSTEM, text=_tidy(text), external_id=external_id)],
            now=now,
        )
        return opened

    def _opened(self, conn: Connection, ticket: Ticket, locale: str, *, existing: bool) -> Opened:
        return Opened(
            ticket_id=ticket.id,
            number=ticket.number,
            queue=repository.get_queue(conn, ticket.queue_id).name(locale),
            level=ticket.level,
            position=repository.place_in_line(conn, ticket),
            existing=existing,
        )

    def _tell(
        self,
        tx: Tx,
        ticket: Ticket,
        before: Ticket | None,
        *,
        kind: str,
        actor: Actor | None,
        epoch: int,
        now: datetime,
        reason: str | None = None,
        values: tuple[str | None, str | None] | None = None,
    ) -> None:
        """Write history and audit log, and announce; the last thing in every step.

        The audit log lets one writer through at a time, so nothing is locked after it.
        """
        event = repository.insert_event(
            tx,
            ticket,
            kind=kind,
            actor_id=actor.id if actor else None,
            actor_name=actor.name if actor else None,
            before=before,
            epoch=epoch,
            now=now,
            from_value=values[0] if values else None,
            to_value=values[1] if values else None,
            reason=reason,
        )
        if self._hears is not None:
            self._hears.happened(tx, ticket.id, kind=kind, n=event.n, now=now)
        if self._follows is not None:
            self._follows.follow(tx, ticket.id, now=now)
        self._announce_ticket(tx, ticket, before, _CHANGES.get(kind, "updated"))
        detail = {
            "number": ticket.number,
            "from": before.state.value if before else None,
            "to": ticket.state.value,
            "epoch": epoch,
        }
        if before is not None and before.queue_id != ticket.queue_id:
            detail |= {"from_queue": before.queue_key, "to_queue": ticket.queue_key}
        if ticket.assignee_id is not None:
            detail["assignee"] = ticket.assignee_id
        if actor is not None and actor.id is None:
            detail["by"] = actor.name
        record(tx, actor.id if actor else None, f"ticket.{kind}", "ticket", ticket.id, detail, now)

    @staticmethod
    def _announce_ticket(tx: Tx, ticket: Ticket, before: Ticket | None, change: str) -> None:
        levels = {ticket.level, before.level if before else ticket.level}
        tx.announce(
            TOPIC,
            {
                "event": "ticket",
                "ticket_id": ticket.id,
                "conversation_id": ticket.conversation_id,
                "number": ticket.number,
                "change": change,
                "queue": ticket.queue_key,
                "level": ticket.level,
                "state": ticket.state.value,
                "for": audience(tx.conn, ticket, levels),
            },
        )

    @staticmethod
    def _announce_message(tx: Tx, ticket: Ticket, message: Message) -> None:
        tx.announce(
            TOPIC,
            {
                "event": "message",
                "conversation_id": ticket.conversation_id,
                "ticket_id": ticket.id,
                "seq": message.seq,
                "author": message.author.value,
                "for": audience(tx.conn, ticket, {ticket.level}),
            },
        )


_CHANGES = {
    "opened": "opened",
    "claimed": "claimed",
    "assigned": "moved",
    "transferred": "moved",
    "escalated_functional": "moved",
    "escalated_hierarchical": "moved",
    "returned": "moved",
    "moved": "moved",
    "third_party_due": "third_party_due",
    "sla_warning": "sla_warning",
    "sla_breached": "sla_breached",
    "sla_moved": "moved",
    "sla_escalated_functional": "moved",
    "sla_escalated_hierarchical": "moved",
    "resolved": "resolved",
    "auto_assigned": "assigned",
    "given_back": "moved",
    "assignment_missed": "moved",
    "assignee_left": "left",
    "article_sent_back": "article_sent_back",
    "article_accepted": "article_accepted",
}
"""What a hint calls the kinds of events."""


def collect_pack(
    conn: Connection,
    conversation: Conversation,
    *,
    current: tuple[Message, Mapping[str, Any]] | None = None,
    reason: Reason | None = None,
) -> PackInput:
    """Read the pack of the bot's present part of a conversation out of what is stored.

    Args:
        conn: the step's connection.
        conversation: as read before the hand-off.
        current: the message being dealt with and its decision, when that is not stored yet.
        reason: passed through.
    """
    messages = part_messages(
        conn, conversation.id, epoch=conversation.owner_epoch, up_to=conversation.last_seq
    )
    contact = conversations.find_contact(conn, conversation.contact_id)
    identity = Identity()
    if contact is not None:
        verified = contact["verified_as"]
        identity = Identity(
            verified=verified is not None,
            how=contact["verified_how"],
            email=verified or contact["email"],
        )
    return replace(
        packs.collect(messages, current=current),
        identity=identity,
        language=conversation.locale,
        reason=reason,
    )


def part_messages(
    conn: Connection, conversation_id: str, *, epoch: int, up_to: int
) -> Sequence[Message]:
    """Return the messages of one owner's part of a conversation, at most the last 300."""
    messages = conversations.list_messages(
        conn, conversation_id, after=max(0, up_to - PACK_MESSAGES), limit=PACK_MESSAGES
    )
    return [m for m in messages if m.owner_epoch == epoch and m.seq <= up_to]


def check_visible(conn: Connection, ticket: Ticket, staff: Actor) -> None:
    """Refuse a ticket that this person may not see, in the words for one that is not there.

    Raises:
        NotFound: not theirs.
    """
    if ticket.level in visible_levels(staff) or ticket.assignee_id == staff.id:
        return
    if staff.id not in repository.people_of(conn, ticket.id):
        raise NotFound("There is no such ticket.")


def audience(conn: Connection, ticket: Ticket, levels: set[str]) -> dict[str, Any]:
    """Return who may get a hint about the ticket; see `handoff.console.events`."""
    people = repository.people_of(conn, ticket.id)
    return {"levels": sorted(levels), "assignee": ticket.assignee_id, "people": sorted(people)}


def _person(ticket: Ticket) -> dict[str, str | None] | None:
    if ticket.assignee_id is None:
        return None
    return {"id": ticket.assignee_id, "name": ticket.assignee_name}


def _public_text(text: str, *, longest: int = MAX_REPLY) -> str:
    # The marker of a reset link would be turned into a working link on its way out.
    text = clean_text(text).replace("{{", "{ {")
    if is_blank(text):
        raise Invalid("Write something first.", code="empty")
    if len(text) > longest:
        raise Invalid(f"At most {longest:,} characters; this has {len(text):,}.", code="too_long")
    return text


def _mandatory(reason: str) -> str:
    cleaned = clean_text(reason)[:MAX_REASON]
    if is_blank(cleaned):
        raise Invalid("Give a reason.", code="reason_missing")
    return cleaned


def _optional(reason: str | None) -> str | None:
    if reason is None or is_blank(reason):
        return None
    return clean_text(reason)[:MAX_REASON]


def _tidy(text: str) -> str:
    return "\n".join(" ".join(line.split()) for line in text.splitlines()).strip()
