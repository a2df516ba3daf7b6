"""When is somebody there: answered from the real calendar, holidays and lunch included."""

from actions.action import Done, FrontlineAction, Result, markdown, person_button, say
from actions.context import ActionCall
from bot.kit.errors import NotFound


class OpeningHours(FrontlineAction):
    """Answers for the days that the question names."""

    action_name = "action_opening_hours"

    async def act(self, call: ActionCall) -> Done:
        """See `FrontlineAction.act`."""
        question = self.services.turns.of(call.turn_id).question or call.text
        try:
            answer = await self.services.hours.answer(
                question, locale=call.locale, now=self.services.clock.now()
            )
        except NotFound:  # an installation whose calendar nobody has entered yet
            return Done(Result.FAILED, (say("utter_hours_unknown", person_button()),))
        return Done(Result.OK, (markdown(answer.text),))
