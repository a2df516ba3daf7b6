"""What can happen in the middle of a flow: wrong codes, new codes, useless data, cancelling."""

from actions.action import (
    Done,
    FrontlineAction,
    Reply,
    Result,
    button,
    markdown,
    person_button,
    say,
)
from actions.codes import over, refused, waiting_buttons
from actions.context import ActionCall
from actions.hand_off import hand_off
from actions.phrases import asks_why, lost_mailbox, refuses_data, starts_over
from bot.kit.db import Tx
from bot.verification.code import Challenge, CodeState, Kind, Refused, Started
from handoff.ticket import Reason
from knowledge_base.ranking import Decision

MAX_INVALID = 3
"""Useless answers to a form's question; at the third a person takes over."""
_ASK_AGAIN = {"order_form": "utter_invalid_order_number", "reset_form": "utter_invalid_email"}


class CodeProblem(FrontlineAction):
    """A wrong code, one that is over, or one tried too often. The store knows, not the dialogue."""

    action_name = "action_code_problem"

    async def act(self, call: ActionCall) -> Done:
        """See `FrontlineAction.act`."""
        verification, now = self.services.verification, self.services.clock.now()
        challenge = await self.services.db.read(
            lambda conn: verification.latest(conn, call.conversation_id, now=now)
        )
        if challenge is None:
            return over()
        match challenge.state:
            case CodeState.LOCKED:
                return await hand_off(self.services, call, Reason.CODE_FAILED)
            case CodeState.OPEN:
                reply = say("utter_code_failed", *waiting_buttons(), tries=challenge.tries_left)
                return Done(Result.AGAIN, (reply,))
            case CodeState.EXPIRED:
                return Done(Result.FAILED, (say("utter_code_too_late", *waiting_buttons()),))
            case CodeState.PASSED | CodeState.SUPERSEDED | CodeState.CANCELLED:
                return over()


class ResendCode(FrontlineAction):
    """Another code for what the last one was about; the last one ends."""

    action_name = "action_resend_code"

    async def act(self, call: ActionCall) -> Done:
        """See `FrontlineAction.act`."""
        services, now = self.services, self.services.clock.now()
        if asks_why(call.text):
            answer = await services.knowledge.ask(call.text, locale=call.locale)
            if answer.decision is not Decision.HANDOFF:
                return Done(Result.OK, (markdown(answer.hits[0].answer),))
        last = await services.db.read(
            lambda conn: services.verification.latest(conn, call.conversation_id, now=now)
        )
        email = await self._address(last) if last else None

        def step(tx: Tx) -> Started | Refused | None:
            return services.verification.resend(
                tx,
                conversation_id=call.conversation_id,
                turn_id=call.turn_id,
                email=email,
                locale=call.locale,
                now=now,
            )

        sent = await services.db.write(step)
        if sent is None or last is None:
            order = button("label_order_status", "order_status")
            reset = button("label_reset_password", "reset_password")
            return Done(Result.FAILED, (say("utter_nothing_to_resend", order, reset),))
        if isinstance(sent, Refused):
            return Done(Result.FAILED, (refused(sent),))
        reply = say("utter_code_resent", *waiting_buttons(), minutes=sent.minutes)
        return Done(Result.OK, (reply,), {"purpose": last.kind.value})

    async def _address(self, last: Challenge) -> str | None:
        match last.kind:
            case Kind.ORDER:
                order = await self.services.orders.find(last.subject)
                return order.email if order else None
            case Kind.RESET:
                account = await self.services.accounts.find(last.subject)
                return account.email if account else None
            case Kind.ADDRESS:
                return last.email


class InvalidData(FrontlineAction):
    """A form waits and the message gave it nothing; the form asks again by itself."""

    action_name = "action_invalid_data"

    async def act(self, call: ActionCall) -> Done:
        """See `FrontlineAction.act`."""
        if refuses_data(call.text):
            empty = {"order_number": None, "email": None, "invalid_attempts": 0.0}
            return Done(Result.CLARIFY, (refusal_accepted(),), empty)
        return await useless_answer(self, call)


def refusal_accepted() -> Reply:
    """Return what is said to somebody who gives no data: a person can help without it."""
    return say("utter_refused_data", person_button())


class TakeBack(FrontlineAction):
    """What was given was not right, and the right one is still missing: the form asks again.

    A code that was mailed meanwhile no longer works.
    """

    action_name = "action_take_back"

    async def act(self, call: ActionCall) -> Done:
        """See `FrontlineAction.act`."""
        count = call.number("invalid_attempts") + 1
        await self.services.db.write(
            lambda tx: self.services.verification.cancel(tx, call.conversation_id)
        )
        if count > MAX_INVALID:
            return await hand_off(self.services, call, Reason.INVALID_DATA)
        empty = {"order_number": None, "email": None, "invalid_attempts": count}
        return Done(Result.OK, (say("utter_taken_back"),), empty)


class CodeHint(FrontlineAction):
    """A code is awaited and the message was none: says what can be done; in the end a person comes."""

    action_name = "action_code_hint"

    async def act(self, call: ActionCall) -> Done:
        """See `FrontlineAction.act`."""
        return await code_hint(self, call)


async def code_hint(action: FrontlineAction, call: ActionCall) -> Done:
    """Say that a code is awaited and what else can be done; the third time a person takes over."""
    if lost_mailbox(call.text):
        return Done(Result.AGAIN, (say("utter_code_no_mailbox", person_button()),))
    count = call.number("invalid_attempts") + (call.intent != "affirm")
    if count >= MAX_INVALID:
        return await hand_off(action.services, call, Reason.CODE_FAILED)
    buttons = (*waiting_buttons(), person_button())
    key = "utter_code_hint" if count <= 1 else "utter_code_hint_again"
    return Done(Result.AGAIN, (say(key, *buttons),), {"invalid_attempts": count})


async def useless_answer(action: FrontlineAction, call: ActionCall) -> Done:
    """Say what the form waits for; after `MAX_INVALID` such answers a person takes over."""
    count = call.number("invalid_attempts") + 1
    if count >= MAX_INVALID:
        return await hand_off(action.services, call, Reason.INVALID_DATA)
    key = _ASK_AGAIN.get(call.active_loop or "", "utter_ask_rephrase")
    if count > 1 and key in _ASK_AGAIN.values():
        key = f"{key}_again"
    return Done(Result.AGAIN, (say(key, person_button()),), {"invalid_attempts": count})


class UnaskedEmail(FrontlineAction):
    """An address by itself while nothing asked for one: most often about a password."""

    action_name = "action_unasked_email"

    async def act(self, call: ActionCall) -> Done:
        """See `FrontlineAction.act`."""
        email = call.word("email") or ""
        reset = button(
            "label_reset_password", "reset_password", **({"email": email} if email else {})
        )
        reply = say(
            "utter_email_what_for",
            reset,
            button("label_order_status", "order_status"),
            person_button(),
        )
        return Done(Result.CLARIFY, (reply,))


class CancelFlow(FrontlineAction):
    """Drops what was under way; a mailed code no longer works."""

    action_name = "action_cancel_flow"

    async def act(self, call: ActionCall) -> Done:
        """See `FrontlineAction.act`."""
        now = self.services.clock.now()
        verification = self.services.verification

        def step(tx: Tx) -> bool:
            last = verification.latest(tx.conn, call.conversation_id, now=now)
            verification.cancel(tx, call.conversation_id)
            return last is not None and last.state in {CodeState.OPEN, CodeState.EXPIRED}

        waited = await self.services.db.write(step)
        busy = waited or call.active_loop is not None or call.word("purpose") is not None
        empty = {"order_number": None, "email": None, "purpose": None, "invalid_attempts": 0.0}
        if starts_over(call.text):
            choices = (
                button("label_order_status", "order_status"),
                button("label_reset_password", "reset_password"),
                button("label_opening_hours", "opening_hours"),
            )
            return Done(Result.OK, (say("utter_from_the_start", *choices),), empty)
        if refuses_data(call.text):
            if busy:
                return Done(Result.CLARIFY, (refusal_accepted(),), empty)
            return Done(Result.OK, (say("utter_nothing_to_deny"),), empty)
        key = "utter_cancelled" if busy else "utter_nothing_to_cancel"
        return Done(Result.OK, (say(key),), empty)
