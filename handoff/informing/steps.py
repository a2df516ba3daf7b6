"""What customers do while they wait and after their case is resolved, each one step in a transaction."""

from datetime import datetime

from sqlalchemy import Connection

from bot.conversations import repository as conversations
from bot.conversations.conversation import Conversation, Owner
from bot.kit.db import Tx
from bot.staff import repository as staff_repository
from bot.staff.account import Staff
from handoff import repository as tickets
from handoff.informing import repository
from handoff.informing.choice import (
    CHOICE_OF,
    WAITING,
    Button,
    Choice,
    acknowledges,
    veiled,
)
from handoff.informing.repository import Waiting
from handoff.pack import PackInput
from handoff.routing.repository import get_levels
from handoff.steps import DeskSteps, Opened, _Case
from handoff.ticket import (
    REOPEN_WINDOW,
    Reason,
    Ticket,
    TicketState,
    first_name,
    owner_in,
    takes_level,
)


class InformingSteps(DeskSteps):
    """The steps that keep customers informed, beside those of the desk.

    None of them speaks while a person has the conversation: each looks at the owner in its own step.
    """

    # ------------------------------------------------------------------ while one waits

    def waiting_of(self, conn: Connection, conversation_id: str) -> Waiting | None:
        """Return how the customer of a conversation waits; None when no ticket is in line."""
        ticket = tickets.find_open(conn, conversation_id)
        if ticket is None or ticket.state is not TicketState.QUEUED:
            return None
        return repository.find(conn, ticket.id)

    def choose_step(self, tx: Tx, conversation_id: str, button: Button, *, now: datetime) -> None:
        """Do what a waiting customer chose, and say so; nothing when nobody waits any more."""
        case = self._waiting_case(tx, conversation_id)
        if case is None:
            return
        ticket, conversation = case.ticket, case.conversation
        if button is Button.ONLY_HERE:
            self._choose(tx, case, Choice.LEAVE, mail_to=None, now=now)
            self._say(tx, conversation, "utter_told_only_here", now, number=ticket.number)
            return
        choice = CHOICE_OF[button]
        if choice is Choice.LEAVE:
            self._leave(tx, case, now=now)
            return
        self._choose(tx, case, choice, mail_to=None, now=now)
        if choice is Choice.BOT:
            conversations.begin_session(tx, conversation.id)
            self._say(tx, conversation, "utter_chose_bot", now, number=ticket.number)
            return
        queue = tickets.get_queue(tx.conn, ticket.queue_id)
        hours = self._hours_sentence(tx.conn, queue.calendar_key, conversation.locale, now)
        self._say(tx, conversation, "utter_chose_wait", now, number=ticket.number, hours=hours)

    def _leave(self, tx: Tx, case: _Case, *, now: datetime) -> None:
        contact = conversations.find_contact(tx.conn, case.conversation.contact_id)
        proven = str(contact["verified_as"] or "") if contact else ""
        self._choose(tx, case, Choice.LEAVE, mail_to=proven or None, now=now)
        self._say(
            tx,
            case.conversation,
            "utter_chose_leave_mail" if proven else "utter_chose_leave",
            now,
            buttons=(Button.ONLY_HERE,),
            number=case.ticket.number,
            email=veiled(proven) if proven else "",
        )

    def mail_step(self, tx: Tx, conversation_id: str, address: str, *, now: datetime) -> None:
        """Keep the address that a customer who left wrote for the news."""
        case = self._waiting_case(tx, conversation_id)
        if case is None:
            return
        self._choose(tx, case, Choice.LEAVE, mail_to=address, now=now)
        self._say(
            tx,
            case.conversation,
            "utter_told_by_mail",
            now,
            number=case.ticket.number,
            email=veiled(address),
        )

    def tell_status_step(self, tx: Tx, conversation: Conversation, *, now: datetime) -> bool:
        """Tell a waiting customer where the request stands; False when nobody waits any more."""
        case = self._waiting_case(tx, conversation.id, epoch=conversation.owner_epoch)
        if case is None:
            return False
        ticket, locale = case.ticket, case.conversation.locale
        queue = tickets.get_queue(tx.conn, ticket.queue_id)
        position = tickets.place_in_line(tx.conn, ticket)
        return self._say(
            tx,
            case.conversation,
            "utter_ticket_is_queued",
            now,
            epoch=conversation.owner_epoch,
            number=ticket.number,
            queue=queue.name(locale),
            level=get_levels(tx.conn)[ticket.level].name(locale),
            position=position,
            soon=self._soon(tx.conn, case.conversation, queue, position, now),
        )

    def acknowledge_step(self, tx: Tx, conversation: Conversation, *, now: datetime) -> bool:
        """Tell a waiting customer that what was written is kept; at most once in a quiet time."""
        case = self._waiting_case(tx, conversation.id, epoch=conversation.owner_epoch)
        if case is None:
            return False
        ticket = case.ticket
        if not acknowledges(repository.find(tx.conn, ticket.id).acknowledged_at, now):
            return False
        repository.acknowledge(tx, ticket.id, now=now)
        position = tickets.place_in_line(tx.conn, ticket)
        return self._say(
            tx,
            case.conversation,
            "utter_kept_for_agent",
            now,
            epoch=conversation.owner_epoch,
            number=ticket.number,
            place=self._place_sentence(case.conversation, position),
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
        if repository.find(tx.conn, ticket.id).choice is Choice.BOT:
            # Whoever went on with the bot and asks for a person after all waits for one.
            self._choose(tx, _Case(ticket, conversation), Choice.WAIT, mail_to=None, now=now)
        return super()._say_existing(tx, conversation, ticket, turn_id=turn_id, now=now)

    # ------------------------------------------------------------- after it was resolved

    def confirm_step(self, tx: Tx, conversation_id: str, *, now: datetime) -> None:
        """The customer says that it is solved: note it, and ask how it was or say thanks."""
        case = self._latest_case(tx, conversation_id)
        if case is None or case.conversation.owner is not Owner.BOT:
            return
        if case.ticket.state is TicketState.RESOLVED:
            self._note(tx, case, "customer_confirmed", now=now)
            if self._feedback is not None and self._feedback.ask_now(
                tx, case.ticket.id, case.conversation, now
            ):
                return
        self._say(tx, case.conversation, "utter_solved_thanks", now)

    def not_solved_step(
        self, tx: Tx, conversation_id: str, *, turn_id: str, now: datetime
    ) -> Ticket | None:
        """The customer says that it is not solved: open the ticket again, or a new one linked to it.

        Within `REOPEN_WINDOW` the resolved ticket is opened again: for the person who had it when they are
        online, else in its queue at its old place. Later a new ticket is opened that names the old one.
        None when the conversation never had a ticket, or people have it already.
        """
        case = self._latest_case(tx, conversation_id)
        if case is None or case.conversation.owner is not Owner.BOT:
            return None
        before = case.ticket
        if self._feedback is not None:
            self._feedback.drop(tx, before.id)
        in_time = before.resolved_at is not None and now - before.resolved_at <= REOPEN_WINDOW
        if in_time and before.state is TicketState.RESOLVED and before.merged_into is None:
            return self._reopen(tx, case, now=now)
        opened = self.open_ticket(
            tx,
            conversation=case.conversation,
            reason=Reason.NOT_HELPED,
            turn_id=turn_id,
            pack_facts=PackInput(),
            topic=before.topic,
            now=now,
            related_to=before.id,
        )
        return self._read(tx, opened.ticket_id)

    def _reopen(self, tx: Tx, case: _Case, *, now: datetime) -> Ticket:
        before = case.ticket
        person = self._back_to(tx.conn, before, now)
        ticket = self._change(
            tx,
            before,
            {
                "state": TicketState.CLAIMED if person else TicketState.QUEUED,
                "assignee_id": person.id if person else None,
                "assignee_name": person.name if person else None,
                "claimed_at": now if person else None,
                "resolved_at": None,
                "resolved_by": None,
                "close_at": None,
                "last_customer_at": now,
                "waiting_since": now,
            },
        )
        owner = owner_in(ticket.state)
        epoch = self._hand_to(tx, case.conversation, owner, ticket_id=ticket.id, now=now)
        conversations.end_pending_turns(tx, ticket.conversation_id)
        if person is not None:
            name = first_name(person.name)
            key = "utter_ticket_reopened"
            self._say(tx, case.conversation, key, now, number=ticket.number, name=name)
        else:
            self._say_in_line_again(tx, case.conversation, ticket, now=now)
        self._tell(
            tx,
            ticket,
            before,
            kind="reopened",
            actor=None,
            epoch=epoch,
            now=now,
            reason="not_solved",
        )
        return ticket

    def _say_in_line_again(
        self, tx: Tx, conversation: Conversation, ticket: Ticket, *, now: datetime
    ) -> None:
        queue = tickets.get_queue(tx.conn, ticket.queue_id)
        there = self._is_there(tx.conn, queue, now)
        position = tickets.place_in_line(tx.conn, ticket)
        self._say(
            tx,
            conversation,
            "utter_ticket_reopened_in_line",
            now,
            then=None if there else "utter_waiting_choices",
            buttons=() if there else WAITING,
            number=ticket.number,
            queue=queue.name(conversation.locale),
            place=self._place_sentence(conversation, position),
            hours=self._hours_sentence(tx.conn, queue.calendar_key, conversation.locale, now),
        )

    def _back_to(self, conn: Connection, ticket: Ticket, now: datetime) -> Staff | None:
        """Return the person who had the ticket, when they are online and may have it again."""
        if ticket.assignee_id is None or self._is_present is None:
            return None
        person = staff_repository.find_staff(conn, ticket.assignee_id)
        if person is None or not person.may("tickets.work"):
            return None
        fits = takes_level(person, ticket.level) and self._is_present(conn, person.id, now)
        return person if fits else None

    # ---------------------------------------------------------------------------- parts

    def _waiting_case(
        self, tx: Tx, conversation_id: str, *, epoch: int | None = None
    ) -> _Case | None:
        tickets.lock_conversation(tx, conversation_id)
        conversation = conversations.get_conversation(tx.conn, conversation_id)
        ticket = tickets.find_open(tx.conn, conversation_id)
        if ticket is None or ticket.state is not TicketState.QUEUED:
            return None
        if conversation.owner is not Owner.QUEUE or epoch not in {None, conversation.owner_epoch}:
            return None
        return _Case(ticket, conversation)

    def _latest_case(self, tx: Tx, conversation_id: str) -> _Case | None:
        tickets.lock_conversation(tx, conversation_id)
        found = tickets.list_of_conversation(tx.conn, conversation_id)
        if not found:
            return None
        return _Case(found[0], conversations.get_conversation(tx.conn, conversation_id))

    def _choose(
        self, tx: Tx, case: _Case, choice: Choice, *, mail_to: str | None, now: datetime
    ) -> None:
        repository.choose(tx, case.ticket.id, choice, mail_to=mail_to, now=now)
        self._note(tx, case, "customer_chose", now=now, value="mail" if mail_to else choice.value)

    def _note(
        self, tx: Tx, case: _Case, kind: str, *, now: datetime, value: str | None = None
    ) -> None:
        """Write into the history what the customer did; no audit row, the customer is no staff."""
        tickets.insert_event(
            tx,
            case.ticket,
            kind=kind,
            actor_id=None,
            actor_name=None,
            before=case.ticket,
            epoch=case.conversation.owner_epoch,
            now=now,
            to_value=value,
        )
        self._announce_ticket(tx, case.ticket, case.ticket, "updated")
