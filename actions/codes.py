"""Codes by mail, as far as the dialogue knows of them: never the code itself."""

from actions.action import Button, Done, Reply, Result, button, person_button, say
from bot.verification.code import Refusal, Refused


def waiting_buttons() -> tuple[Button, Button]:
    """Return what a customer may do instead of typing the code."""
    return button("label_resend_code", "resend_code"), button("label_cancel", "cancel")


def refused(why: Refused) -> Reply:
    """Return what to say when no further code is sent."""
    match why.why:
        case Refusal.TOO_SOON:
            return say(
                "utter_resend_wait",
                button("label_cancel", "cancel"),
                person_button(),
                seconds=why.retry_after_seconds,
            )
        case Refusal.TOO_MANY:
            return say("utter_too_many_codes", person_button())


def over() -> Done:
    """Return the end of a flow whose proof is missing or used up."""
    return Done(Result.FAILED, (say("utter_code_expired", person_button()),), {"purpose": None})
