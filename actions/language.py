"""The customer wants another language; from then on nothing but the customer changes it."""

import re

from actions.action import Done, FrontlineAction, Result, button, person_button, say
from actions.context import ActionCall
from actions.hand_off import hand_off
from bot.conversations import repository as conversations
from bot.kit.locales import LOCALES
from handoff.ticket import Reason

_LATIN = re.compile(r"[a-zA-Z\u00c0-\u024f]")


class ChangeLanguage(FrontlineAction):
    """Changes the language of the conversation, or asks which one is meant."""

    action_name = "action_change_language"

    async def act(self, call: ActionCall) -> Done:
        """See `FrontlineAction.act`."""
        wanted = call.entities.get("language")
        if wanted not in LOCALES:
            choices = (
                button(f"label_language_{locale}", "change_language", language=locale)
                for locale in LOCALES
            )
            attempts = call.number("failed_attempts")
            if not _LATIN.search(call.text):
                # Nobody is asked twice in languages they may not read.
                if attempts >= 1:
                    return await hand_off(self.services, call, Reason.NOT_UNDERSTOOD)
                attempts += 1
            reply = say("utter_which_language", *choices, person_button())
            return Done(Result.AGAIN, (reply,), {"failed_attempts": attempts})
        await self.services.db.write(
            lambda tx: conversations.set_locale(tx, call.conversation_id, locale=wanted, fixed=True)
        )
        self.services.turns.of(call.turn_id).locale = wanted
        return Done(Result.OK, (say("utter_language_changed"),))
