"""A new password: code by mail, then a one-time link. No password is ever typed in the chat."""

from actions.action import Done, FrontlineAction, Result, person_button, say
from actions.codes import over, refused, waiting_buttons
from actions.context import ActionCall
from bot.kit.db import Tx
from bot.shop.account import normalise_email
from bot.verification import link
from bot.verification.code import Kind, Refused

LINK_MINUTES = int(link.LIFETIME.total_seconds() // 60)


class StartPasswordReset(FrontlineAction):
    """Mails a code to the account's address; unknown addresses look just the same."""

    action_name = "action_start_password_reset"

    async def act(self, call: ActionCall) -> Done:
        """See `FrontlineAction.act`."""
        address = call.word("email")
        if address is None:
            return Done(Result.FAILED, (say("utter_ask_email"),))
        email = normalise_email(address)
        account = await self.services.accounts.find(email)
        now = self.services.clock.now()
        started = await self.services.db.write(
            lambda tx: self.services.verification.start(
                tx,
                conversation_id=call.conversation_id,
                turn_id=call.turn_id,
                kind=Kind.RESET,
                subject=email,
                email=account.email if account else None,
                locale=call.locale,
                now=now,
            )
        )
        if isinstance(started, Refused):
            return Done(Result.FAILED, (refused(started),), {"purpose": None})
        reply = say("utter_code_sent_reset", *waiting_buttons(), minutes=started.minutes)
        return Done(Result.OK, (reply,), {"purpose": "reset", "invalid_attempts": 0.0})


class SendResetLink(FrontlineAction):
    """After the right code: a link to the page for a new password, for the proved address only."""

    action_name = "action_send_reset_link"

    async def act(self, call: ActionCall) -> Done:
        """See `FrontlineAction.act`."""
        services, now = self.services, self.services.clock.now()

        def prove(tx: Tx) -> str | None:
            proof = services.verification.proof(
                tx, call.conversation_id, kind=Kind.RESET, turn_id=call.turn_id, now=now
            )
            return proof.subject if proof else None

        email = await services.db.write(prove)
        if email is None:
            return over()
        account = await services.accounts.find(email)
        ended = {"purpose": None, "email": None, "invalid_attempts": 0.0}
        if account is None:
            return Done(Result.FAILED, (say("utter_reset_impossible", person_button()),), ended)
        marker = await services.db.write(
            lambda tx: services.verification.make_link(
                tx,
                conversation_id=call.conversation_id,
                account_id=account.id,
                turn_id=call.turn_id,
                now=now,
            )
        )
        return Done(Result.OK, (say("utter_reset_link", link=marker, minutes=LINK_MINUTES),), ended)
