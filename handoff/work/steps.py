"""How tickets are given to people and taken back, each as one step inside a transaction."""

from datetime import datetime, timedelta

from bot.conversations.conversation import Owner
from bot.kit.db import Tx
from bot.kit.errors import Conflict, Invalid
from bot.staff.account import Staff
from handoff import repository as tickets
from handoff.steps import DeskSteps, _Target
from handoff.ticket import Act, Ticket, TicketState, first_name, handles
from handoff.work import repository


class WorkSteps(DeskSteps):
    """The steps of getting work, beside those of the line."""

    def give_step(
        self,
        tx: Tx,
        ticket_id: str,
        person: Staff,
        *,
        why: str,
        accept_seconds: int,
        now: datetime,
    ) -> Ticket | None:
        """Give a waiting ticket to somebody, who has so long to accept it; None: it waits no more.

        The customer is told when it is accepted: who does not accept it was never there for them.
        """
        case = self._case(tx, ticket_id)
        before = case.ticket
        if before.state is not TicketState.QUEUED:
            return None
        if not tickets.claim(tx, ticket_id, staff_id=person.id, name=person.name, now=now):
            return None
        ticket = self._read(tx, ticket_id)
        repository.insert_offer(
            tx,
            ticket_id=ticket_id,
            queue_id=ticket.queue_id,
            staff_id=person.id,
            at=now,
            due_at=now + timedelta(seconds=accept_seconds),
        )
        epoch = self._hand_to(tx, case.conversation, Owner.AGENT, ticket_id=ticket_id, now=now)
        self._tell(
            tx,
            ticket,
            before,
            kind="auto_assigned",
            actor=None,
            epoch=epoch,
            now=now,
            reason=f"work:{why}",
            values=(None, person.name),
        )
        return ticket

    def accept_step(self, tx: Tx, ticket_id: str, staff: Staff, *, now: datetime) -> Ticket:
        """Say yes to a ticket that was given to one; again, it changes nothing.

        Raises:
            Conflict: (stale) it is somebody else's, or waits again: the time was over.
        """
        case = self._access(tx, ticket_id, staff)
        if case.ticket.assignee_id != staff.id:
            raise self._not_yours(case.ticket)
        offer = repository.find_offer(tx.conn, ticket_id)
        if offer is None or not repository.end_offer(tx, offer.id, repository.ACCEPTED, now=now):
            return case.ticket
        tickets.add_person(tx, ticket_id, staff.id)
        self._say(tx, case.conversation, "utter_ticket_claimed", now, name=first_name(staff.name))
        self._tell(
            tx,
            case.ticket,
            case.ticket,
            kind="accepted",
            actor=staff,
            epoch=case.conversation.owner_epoch,
            now=now,
        )
        return self._read(tx, ticket_id)

    def give_back_step(
        self, tx: Tx, ticket_id: str, staff: Staff, *, reason: str, now: datetime
    ) -> Ticket:
        """Put a ticket that one has back into its queue, where it keeps its place.

        Raises:
            Conflict: (stale) it is not this person's. (waits_already) nobody has it.
            Invalid: (reason_missing) no reason is given.
        """
        case = self._access(tx, ticket_id, staff)
        self._check_state(Act.MOVE, case.ticket)
        if case.ticket.assignee_id is None:
            raise Conflict("The ticket waits in its queue already.", code="waits_already")
        if not handles(staff, case.ticket):
            raise self._not_yours(case.ticket)
        offer = repository.find_offer(tx.conn, ticket_id)
        if offer is not None:
            # Who gives it back is not asked for it again, like who lets the time pass.
            repository.end_offer(tx, offer.id, repository.MISSED, now=now)
        return self._pass_on(
            tx,
            case,
            staff,
            _Target(tickets.get_queue(tx.conn, case.ticket.queue_id)),
            kind="given_back",
            reason=reason,
            now=now,
            quiet=offer is not None,
        )

    def put_in_line_step(
        self, tx: Tx, ticket_id: str, *, kind: str, reason: str, quiet: bool, now: datetime
    ) -> Ticket:
        """Put a ticket back into its queue without a person's doing; its place is kept."""
        case = self._case(tx, ticket_id)
        if case.ticket.assignee_id is None:
            raise Invalid("The ticket waits in its queue already.", code="invalid_target")
        return self._pass_on(
            tx,
            case,
            None,
            _Target(tickets.get_queue(tx.conn, case.ticket.queue_id)),
            kind=kind,
            reason=reason,
            now=now,
            quiet=quiet,
        )
