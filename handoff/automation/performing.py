"""Doing what a macro or a rule says, through the steps of the desk and within the caller's transaction.

A macro is done with the rights of the agent who applies it, a rule as Frontline itself. What a rule
finds done already is no failure: it says so and goes on.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.conversations import repository as conversations
from bot.kit.db import Tx
from bot.kit.errors import NotFound
from bot.kit.ids import new_id
from bot.kit.locales import Texts
from bot.mail.service import queue_mail
from bot.staff import repository as staff_repository
from bot.staff.account import LEVELS, Role, Staff
from handoff import repository as desk
from handoff.automation.effect import Effect, EffectKind, text_for
from handoff.case import repository as case_repository
from handoff.case.steps import CaseSteps
from handoff.ticket import Actor, Automaton, Escalation, Ticket, first_name, level_rank

DONE = "done"
NOTHING_TO_DO = "nothing_to_do"
NOBODY = "nobody"


@dataclass(frozen=True, slots=True)
class Performed:
    """What came of one effect."""

    effect: Effect
    outcome: str
    """done, nothing_to_do, or nobody (there was nobody to tell)."""
    text: str | None = None
    """What the customer was told."""


class Performer:
    """Does effects; one per process."""

    def __init__(self, steps: CaseSteps, *, texts: Texts, public_url: Callable[[], str]) -> None:
        self._steps = steps
        self._texts = texts
        self._public_url = public_url

    def perform(
        self, tx: Tx, ticket_id: str, effect: Effect, actor: Actor, *, now: datetime
    ) -> Performed:
        """Do one thing to a ticket.

        Raises:
            FrontlineError: it can't be done; what the step has written so far must be undone.
        """
        ticket = desk.find_ticket(tx.conn, ticket_id)
        if ticket is None:
            raise NotFound("There is no such ticket.")
        if isinstance(actor, Automaton) and nothing_to_do(
            effect, ticket, tags=case_repository.tags_of(tx.conn, ticket_id)
        ):
            return Performed(effect, NOTHING_TO_DO)
        match effect.kind:
            case EffectKind.REPLY:
                return self._reply(tx, ticket, effect, actor, now)
            case EffectKind.NOTIFY:
                return self._notify(tx, ticket, effect, actor, now)
            case EffectKind.ESCALATE_HIERARCHICAL if self._has_supervisor(tx, ticket, actor):
                return Performed(effect, NOTHING_TO_DO)
            case _:
                self._act(tx, ticket, effect, actor, now)
                return Performed(effect, DONE)

    def _act(self, tx: Tx, ticket: Ticket, effect: Effect, actor: Actor, now: datetime) -> None:
        steps, reason = self._steps, effect.text or None
        match effect.kind:
            case EffectKind.PRIORITY | EffectKind.RAISE_PRIORITY:
                priority = effect.priority or ticket.priority.raised()
                steps.priority_step(tx, ticket.id, actor, priority=priority, reason=reason, now=now)
            case EffectKind.CATEGORY:
                steps.set_category_step(tx, ticket.id, actor, category=effect.to, now=now)
            case EffectKind.ADD_TAGS:
                steps.add_tags_step(tx, ticket.id, actor, tags=effect.tags, now=now)
            case EffectKind.REMOVE_TAGS:
                steps.remove_tags_step(tx, ticket.id, actor, tags=effect.tags, now=now)
            case EffectKind.NOTE:
                steps.note_step(tx, ticket.id, actor, text=effect.text or "", now=now)
            case EffectKind.TRANSFER:
                steps.transfer_step(
                    tx,
                    ticket.id,
                    actor,
                    queue=effect.to,
                    assignee=None,
                    reason=reason or actor.name,
                    now=now,
                )
            case EffectKind.ESCALATE_FUNCTIONAL | EffectKind.ESCALATE_HIERARCHICAL:
                functional = effect.kind is EffectKind.ESCALATE_FUNCTIONAL
                steps.escalate_step(
                    tx,
                    ticket.id,
                    actor,
                    kind=Escalation.FUNCTIONAL if functional else Escalation.HIERARCHICAL,
                    to=effect.to or ticket.level,
                    reason=reason or actor.name,
                    now=now,
                )
            case EffectKind.WAIT_CUSTOMER:
                steps.wait_step(tx, ticket.id, actor, third_party=False, reason=reason, now=now)
            case EffectKind.WAIT_THIRD_PARTY:
                steps.wait_step(
                    tx,
                    ticket.id,
                    actor,
                    third_party=True,
                    reason=reason,
                    now=now,
                    vendor=effect.vendor,
                    expected_at=now + timedelta(days=effect.days) if effect.days else None,
                )
            case EffectKind.SNOOZE:
                until = now + timedelta(minutes=effect.minutes or 0)
                steps.snooze_step(tx, ticket.id, actor, until=until, reason=reason, now=now)
            case EffectKind.RESOLVE:
                steps.resolve_step(tx, ticket.id, actor, text=None, reason=None, now=now)
            case EffectKind.REPLY | EffectKind.NOTIFY:
                raise AssertionError(effect.kind)  # done before

    def _reply(
        self, tx: Tx, ticket: Ticket, effect: Effect, actor: Actor, now: datetime
    ) -> Performed:
        text = text_for(effect, *self._variables(tx, ticket, actor))
        if isinstance(actor, Staff):
            self._steps.reply_step(tx, ticket.id, actor, client_id=new_id(), text=text, now=now)
        else:
            self._steps.say_step(tx, ticket.id, actor, text=text, now=now)
        return Performed(effect, DONE, text)

    @staticmethod
    def _variables(tx: Tx, ticket: Ticket, actor: Actor) -> tuple[str, Mapping[str, str]]:
        conversation = conversations.get_conversation(tx.conn, ticket.conversation_id)
        contact = conversations.find_contact(tx.conn, conversation.contact_id)
        agent = actor.name if isinstance(actor, Staff) else ticket.assignee_name
        return conversation.locale, {
            "number": ticket.number,
            "customer": first_name((contact["display_name"] if contact else None) or ""),
            "agent": first_name(agent or ""),
            "queue": desk.get_queue(tx.conn, ticket.queue_id).name(conversation.locale),
            "subject": ticket.subject,
            "level": ticket.level,
        }

    def _notify(
        self, tx: Tx, ticket: Ticket, effect: Effect, actor: Actor, now: datetime
    ) -> Performed:
        people = self._told(tx, ticket, effect.to)
        sent = 0
        occasion = new_id()
        for person in people:
            t = self._texts[person.locale].text
            rule = actor.name.removeprefix("rule ")
            link = f"{self._public_url().rstrip('/')}/console#/t/{ticket.id}"
            first = t(
                "Rule “{name}” points you to ticket {number}.", name=rule, number=ticket.number
            )
            sent += queue_mail(
                tx,
                dedupe_key=f"rule:{occasion}:{person.id}",
                to=person.email,
                subject=t("{number}: {what}", number=ticket.number, what=" ".join(rule.split())),
                text=f"{first}\n\n{link}\n",
                now=now,
            )
        if not sent:
            return Performed(effect, NOBODY)
        self._steps.mark_step(tx, ticket.id, kind="notified", value=effect.to, actor=actor, now=now)
        return Performed(effect, DONE)

    @staticmethod
    def _told(tx: Tx, ticket: Ticket, whom: str | None) -> list[Staff]:
        if whom == "assignee":
            found = ticket.assignee_id and staff_repository.find_staff(tx.conn, ticket.assignee_id)
            return [found] if found else []
        supervisors = staff_repository.list_active(tx.conn, roles=(Role.SUPERVISOR,))
        return supervisors or staff_repository.list_active(tx.conn, roles=(Role.ADMIN,))

    @staticmethod
    def _has_supervisor(tx: Tx, ticket: Ticket, actor: Actor) -> bool:
        if isinstance(actor, Staff) or ticket.assignee_id is None:
            return False
        person = staff_repository.find_staff(tx.conn, ticket.assignee_id)
        return person is not None and person.may("tickets.supervise")


def nothing_to_do(effect: Effect, ticket: Ticket, *, tags: tuple[str, ...]) -> bool:
    """Tell whether the ticket is already what the effect would make of it. Pure."""
    have = {tag.casefold() for tag in tags}
    match effect.kind:
        case EffectKind.PRIORITY:
            return ticket.priority is effect.priority
        case EffectKind.RAISE_PRIORITY:
            return ticket.priority.raised() is ticket.priority
        case EffectKind.CATEGORY:
            return ticket.category == effect.to
        case EffectKind.ADD_TAGS:
            return all(tag.casefold() in have for tag in effect.tags)
        case EffectKind.REMOVE_TAGS:
            return not any(tag.casefold() in have for tag in effect.tags)
        case EffectKind.TRANSFER:
            return ticket.queue_key == effect.to and ticket.assignee_id is None
        case EffectKind.ESCALATE_FUNCTIONAL:
            deep = effect.to in LEVELS and level_rank(effect.to) <= level_rank(ticket.level)
            return deep or ticket.queue_key == effect.to
        case _:
            return False
