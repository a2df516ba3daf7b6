"""What people (and rules) say about a ticket, each as one step inside a transaction.

The steps follow `handoff.steps`: lock, check, change, history, audit, announce. Those that rules take
as well have `staff=None` for Frontline itself; they are not refused for want of access then.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime

from bot.conversations.conversation import Owner
from bot.kit.db import Tx
from bot.kit.errors import Conflict, Invalid, NotFound
from bot.kit.text import clean_text, is_blank, shorten
from bot.staff import repository as staff_repository
from bot.staff.account import Role, Staff
from bot.staff.audit import record
from handoff import repository as tickets
from handoff.case import repository, tag
from handoff.case.assessment import Grade, priority_of
from handoff.case.link import LinkKind, relation
from handoff.case.mention import MAX_MENTIONS, mentioned
from handoff.pack import SUBJECT_LENGTH
from handoff.repository import Event
from handoff.steps import TOPIC, DeskSteps, _Case, _optional, check_visible
from handoff.ticket import OPEN, Act, Actor, Ticket, TicketState, may_move

MAX_LINKS = 50
"""Of one ticket, in both directions."""


class CaseSteps(DeskSteps):
    """The steps of a case, beside those of the line."""

    # ------------------------------------------------------------------ what it is about

    def set_category_step(
        self,
        tx: Tx,
        ticket_id: str,
        staff: Actor | None,
        *,
        category: str | None,
        now: datetime,
        reason: str | None = None,
    ) -> Ticket:
        """Say what a ticket is about; None takes the category away.

        Raises:
            Invalid: (unknown_category) there is none such on the list.
        """
        case = self._to_file(tx, ticket_id, staff)
        if case.ticket.category == category:
            return case.ticket
        if category is not None:
            known = repository.list_categories(tx.conn)
            if not any(one.key == category and not one.retired for one in known):
                raise Invalid("There is no such category.", code="unknown_category")
        return self._file(
            tx,
            case,
            staff,
            {"category": category},
            kind="category",
            values=(case.ticket.category, category),
            reason=reason,
            now=now,
        )

    def set_subject_step(
        self, tx: Tx, ticket_id: str, staff: Staff | None, *, subject: str, now: datetime
    ) -> Ticket:
        """Say in one line what a ticket is about.

        Raises:
            Invalid: (empty) nothing is left of it. (too_long) more than 120 characters.
        """
        case = self._to_file(tx, ticket_id, staff)
        subject = " ".join(clean_text(subject).split())
        if is_blank(subject):
            raise Invalid("Write a subject.", code="empty")
        if len(subject) > SUBJECT_LENGTH:
            raise Invalid(f"At most {SUBJECT_LENGTH} characters.", code="too_long")
        if subject == case.ticket.subject:
            return case.ticket
        return self._file(
            tx,
            case,
            staff,
            {"subject": subject},
            kind="subject",
            values=(shorten(case.ticket.subject, SUBJECT_LENGTH) or None, subject),
            now=now,
        )

    def assess_step(
        self,
        tx: Tx,
        ticket_id: str,
        staff: Staff | None,
        *,
        impact: Grade,
        urgency: Grade,
        now: datetime,
        reason: str | None = None,
    ) -> Ticket:
        """Say how much is affected and how soon it hurts; the priority follows from both."""
        case = self._to_file(tx, ticket_id, staff, Act.PRIORITISE)
        before = case.ticket
        priority = priority_of(impact, urgency)
        if (before.impact, before.urgency, before.priority) == (impact, urgency, priority):
            return before
        return self._file(
            tx,
            case,
            staff,
            {"impact": impact.value, "urgency": urgency.value, "priority": priority},
            kind="priority",
            values=(before.priority.value, priority.value),
            reason=reason,
            now=now,
        )

    # --------------------------------------------------------------------------- tags

    def add_tags_step(
        self,
        tx: Tx,
        ticket_id: str,
        staff: Actor | None,
        *,
        tags: Iterable[str],
        now: datetime,
        reason: str | None = None,
    ) -> Ticket:
        """Put words on a ticket; those that are there already change nothing.

        Raises:
            Invalid: (invalid_tag) a word can't be one. (too_many_tags) there would be more than 20.
        """
        return self._retag(tx, ticket_id, staff, add=tags, reason=reason, now=now)

    def remove_tags_step(
        self,
        tx: Tx,
        ticket_id: str,
        staff: Actor | None,
        *,
        tags: Iterable[str],
        now: datetime,
        reason: str | None = None,
    ) -> Ticket:
        """Take words off a ticket; those that are not there change nothing."""
        return self._retag(tx, ticket_id, staff, remove=tags, reason=reason, now=now)

    def _retag(
        self,
        tx: Tx,
        ticket_id: str,
        staff: Actor | None,
        *,
        add: Iterable[str] = (),
        remove: Iterable[str] = (),
        reason: str | None,
        now: datetime,
    ) -> Ticket:
        case = self._to_file(tx, ticket_id, staff)
        before = repository.tags_of(tx.conn, ticket_id)
        try:
            after = tag.changed(before, add=add, remove=remove)
        except tag.TooManyTags as error:
            raise Invalid(str(error), code="too_many_tags") from None
        except ValueError as error:
            raise Invalid(str(error), code="invalid_tag") from None
        repository.set_tags(tx, ticket_id, after, now=now)
        for kind, words in (
            ("tag_added", sorted(set(after) - set(before))),
            ("tag_removed", sorted(set(before) - set(after))),
        ):
            for word in words:
                self._tell(
                    tx,
                    case.ticket,
                    case.ticket,
                    kind=kind,
                    actor=staff,
                    epoch=case.conversation.owner_epoch,
                    now=now,
                    reason=_optional(reason),
                    values=(None, word) if kind == "tag_added" else (word, None),
                )
        return case.ticket

    # -------------------------------------------------------------------------- links

    def link_step(
        self, tx: Tx, ticket_id: str, staff: Staff, *, other: str, kind: LinkKind, now: datetime
    ) -> Ticket:
        """Say that a ticket has to do with another one (its number or id).

        Raises:
            Invalid: (unknown_ticket) there is none such to be seen. (same_ticket) it is itself.
                (too_many) either of them has 50 links.
            Conflict: (linked_already) with another kind of link, or from the other side.
        """
        here, there = self._both(tx, ticket_id, other, staff)
        self._check_file(here, staff)
        known = repository.find_link(tx.conn, here.ticket.id, there.ticket.id)
        if known == (here.ticket.id, kind):
            return here.ticket
        if known is not None:
            raise Conflict(
                f"The ticket is linked with {there.ticket.number} already: take that link away first.",
                code="linked_already",
            )
        for case in (here, there):
            if repository.count_links(tx.conn, case.ticket.id) >= MAX_LINKS:
                raise Invalid(
                    f"{case.ticket.number} has {MAX_LINKS} links already.", code="too_many"
                )
        repository.insert_link(tx, here.ticket.id, there.ticket.id, kind, now=now)
        for case, other_case, from_here in ((there, here, False), (here, there, True)):
            self._tell(
                tx,
                case.ticket,
                case.ticket,
                kind=f"linked_{relation(kind, from_here=from_here).value}",
                actor=staff,
                epoch=case.conversation.owner_epoch,
                now=now,
                values=(None, other_case.ticket.number),
            )
        return here.ticket

    def unlink_step(
        self, tx: Tx, ticket_id: str, staff: Staff, *, other: str, now: datetime
    ) -> Ticket:
        """Take the link between two tickets away, from either side.

        Raises:
            NotFound: there is no link between them.
        """
        here, there = self._both(tx, ticket_id, other, staff)
        self._check_file(here, staff)
        if repository.find_link(tx.conn, here.ticket.id, there.ticket.id) is None:
            raise NotFound("There is no such link.")
        repository.delete_link(tx, here.ticket.id, there.ticket.id)
        for case, other_case in ((there, here), (here, there)):
            self._tell(
                tx,
                case.ticket,
                case.ticket,
                kind="unlinked",
                actor=staff,
                epoch=case.conversation.owner_epoch,
                now=now,
                values=(other_case.ticket.number, None),
            )
        return here.ticket

    # -------------------------------------------------------------------------- merge

    def merge_step(
        self,
        tx: Tx,
        ticket_id: str,
        staff: Staff,
        *,
        into: str,
        now: datetime,
        reason: str | None = None,
    ) -> Ticket:
        """Go on with a ticket under another one of the same customer; returns the one that remains.

        The merged one is closed for good. If its own conversation was with people, the bot has that
        conversation again and its customer is told the number under which the request goes on. Tags
        and watchers go over (tags as far as there is room), and whoever had the one keeps sight of
        the other; its notes and history are read together with those of the ticket that remains.

        Raises:
            Invalid: (unknown_ticket), (same_ticket), (other_customer).
            Conflict: (stale) either is not this person's, or the merged one is closed. (not_open)
                the other one is not open.
        """
        gone, kept = self._both(tx, ticket_id, into, staff)
        if repository.contact_of(tx.conn, gone.ticket.id) != repository.contact_of(
            tx.conn, kept.ticket.id
        ):
            raise Invalid(
                "Only tickets of the same customer can be merged. Link them instead.",
                code="other_customer",
            )
        self._check_file(gone, staff)
        if kept.ticket.state not in OPEN:
            raise Conflict(
                f"{kept.ticket.number} is not open. Merge into an open ticket.",
                code="not_open",
                state=kept.ticket.state.value,
            )
        self._check_file(kept, staff)
        closed = self._change(
            tx,
            gone.ticket,
            {
                "state": TicketState.CLOSED,
                "merged_into": kept.ticket.id,
                "resolved_at": gone.ticket.resolved_at or now,
                "resolved_by": staff.id,
                "close_at": None,
                "closed_at": now,
                "wake_at": None,
                "waiting_since": None,
            },
        )
        epoch = gone.conversation.owner_epoch
        if gone.ticket.is_open:
            self._say(
                tx,
                gone.conversation,
                "utter_ticket_merged",
                now,
                number=gone.ticket.number,
                other=kept.ticket.number,
            )
            epoch = self._hand_to(
                tx, gone.conversation, Owner.BOT, ticket_id=None, now=now, new_episode=True
            )
        remaining = self._change(tx, kept.ticket, _of_both(gone.ticket, kept.ticket))
        self._move_over(tx, gone.ticket, remaining, now=now)
        why = _optional(reason)
        self._tell(
            tx,
            closed,
            gone.ticket,
            kind="merged_into",
            actor=staff,
            epoch=epoch,
            now=now,
            reason=why,
            values=(None, remaining.number),
        )
        self._tell(
            tx,
            remaining,
            kept.ticket,
            kind="merged_from",
            actor=staff,
            epoch=kept.conversation.owner_epoch,
            now=now,
            reason=why,
            values=(None, closed.number),
        )
        return remaining

    @staticmethod
    def _move_over(tx: Tx, gone: Ticket, kept: Ticket, *, now: datetime) -> None:
        tags = list(repository.tags_of(tx.conn, kept.id))
        more = [one for one in repository.tags_of(tx.conn, gone.id) if one not in tags]
        repository.set_tags(tx, kept.id, (tags + more)[: max(tag.MAX_TAGS, len(tags))], now=now)
        for staff_id, _ in repository.watchers_of(tx.conn, gone.id):
            repository.add_watcher(tx, kept.id, staff_id, now=now)
        of_gone = tickets.people_of(tx.conn, gone.id)
        of_kept = tickets.people_of(tx.conn, kept.id)
        for staff_id in of_gone - of_kept:
            tickets.add_person(tx, kept.id, staff_id)
        for staff_id in of_kept - of_gone:
            tickets.add_person(tx, gone.id, staff_id)

    # --------------------------------------------------------------- watchers and notes

    def watch_step(
        self, tx: Tx, ticket_id: str, staff: Staff, *, watching: bool, now: datetime
    ) -> Ticket:
        """Be told what happens to a ticket, or no longer; who watches keeps sight of it."""
        case = self._access(tx, ticket_id, staff)
        if watching:
            changed = repository.add_watcher(tx, ticket_id, staff.id, now=now)
            tickets.add_person(tx, ticket_id, staff.id)
        else:
            changed = repository.remove_watcher(tx, ticket_id, staff.id)
        if changed:
            kind = "watched" if watching else "unwatched"
            tickets.insert_event(
                tx,
                case.ticket,
                kind=kind,
                actor_id=staff.id,
                actor_name=staff.name,
                before=case.ticket,
                epoch=case.conversation.owner_epoch,
                now=now,
            )
            self._announce_ticket(tx, case.ticket, case.ticket, "updated")
            record(tx, staff.id, f"ticket.{kind}", "ticket", ticket_id, None, now)
        return case.ticket

    def note_step(self, tx: Tx, ticket_id: str, staff: Actor, *, text: str, now: datetime) -> Event:
        """Write an internal note; whoever is named in it with an @ is told and may see the ticket.

        Raises:
            Invalid: (empty), (too_long), (too_many) more than 20 people are named.
        """
        event = super().note_step(tx, ticket_id, staff, text=text, now=now)
        readers = [
            one
            for one in staff_repository.list_active(tx.conn, roles=tuple(Role))
            if one.may("tickets.read")
        ]
        named = [one for one in mentioned(event.text or "", readers) if one.id != staff.id]
        if len(named) > MAX_MENTIONS:
            raise Invalid(f"A note names at most {MAX_MENTIONS} people.", code="too_many")
        for person in named:
            repository.insert_mention(
                tx, event_id=event.id, ticket_id=ticket_id, staff_id=person.id, now=now
            )
            tickets.add_person(tx, ticket_id, person.id)
        ticket = self._read(tx, ticket_id)
        if named:
            tx.announce(
                TOPIC,
                {
                    "event": "mention",
                    "ticket_id": ticket_id,
                    "number": ticket.number,
                    "by": staff.name,
                    "for": {"staff": sorted(person.id for person in named)},
                },
            )
        self._tell_watchers(tx, ticket, "note", staff, but=[person.id for person in named])
        return event

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
        super()._tell(
            tx,
            ticket,
            before,
            kind=kind,
            actor=actor,
            epoch=epoch,
            now=now,
            reason=reason,
            values=values,
        )
        if before is not None:
            self._tell_watchers(tx, ticket, kind, actor)

    @staticmethod
    def _tell_watchers(
        tx: Tx, ticket: Ticket, kind: str, actor: Actor | None, *, but: Sequence[str] = ()
    ) -> None:
        left_out = {*but, actor.id if actor else None}
        watchers = [
            staff_id
            for staff_id, _ in repository.watchers_of(tx.conn, ticket.id)
            if staff_id not in left_out
        ]
        if watchers:
            tx.announce(
                TOPIC,
                {
                    "event": "watched",
                    "ticket_id": ticket.id,
                    "number": ticket.number,
                    "kind": kind,
                    "by": actor.name if actor else None,
                    "for": {"staff": watchers},
                },
            )

    # ------------------------------------------------------------------------- access

    def _to_file(self, tx: Tx, ticket_id: str, staff: Actor | None, act: Act = Act.FILE) -> _Case:
        if staff is not None:
            return self._access_to_move(tx, ticket_id, staff, act)
        case = self._case(tx, ticket_id)
        self._check_state(act, case.ticket)
        return case

    def _check_file(self, case: _Case, staff: Staff) -> None:
        self._check_state(Act.FILE, case.ticket)
        if not may_move(staff, case.ticket):
            raise self._not_yours(case.ticket)

    def _both(self, tx: Tx, ticket_id: str, other: str, staff: Staff) -> tuple[_Case, _Case]:
        """Lock the conversations of both tickets, always in the same order, and check access."""
        here = tickets.find_ticket(tx.conn, ticket_id)
        if here is None:
            raise NotFound("There is no such ticket.")
        check_visible(tx.conn, here, staff)
        other = other.strip()
        there = tickets.find_ticket(tx.conn, other) or tickets.find_by_number(tx.conn, other)
        try:
            if there is None:
                raise NotFound("There is no such ticket.")
            check_visible(tx.conn, there, staff)
        except NotFound:
            raise Invalid(
                "There is no ticket with this number that you may see.", code="unknown_ticket"
            ) from None
        if there.id == here.id:
            raise Invalid("That is the ticket itself. Name another one.", code="same_ticket")
        for conversation_id in sorted({here.conversation_id, there.conversation_id}):
            tickets.lock_conversation(tx, conversation_id)
        return self._case(tx, here.id), self._case(tx, there.id)

    def _file(
        self,
        tx: Tx,
        case: _Case,
        staff: Actor | None,
        columns: dict[str, object],
        *,
        kind: str,
        values: tuple[str | None, str | None],
        now: datetime,
        reason: str | None = None,
    ) -> Ticket:
        ticket = self._change(tx, case.ticket, columns)
        self._tell(
            tx,
            ticket,
            case.ticket,
            kind=kind,
            actor=staff,
            epoch=case.conversation.owner_epoch,
            now=now,
            reason=_optional(reason),
            values=values,
        )
        return ticket


def _of_both(gone: Ticket, kept: Ticket) -> dict[str, object]:
    """Who waits in the merged ticket waits in the one that remains."""
    written = [at for at in (gone.last_customer_at, kept.last_customer_at) if at is not None]
    waiting = [at for at in (gone.waiting_since, kept.waiting_since) if at is not None]
    return {
        "last_customer_at": max(written) if written else None,
        "waiting_since": min(waiting) if waiting else None,
    }
