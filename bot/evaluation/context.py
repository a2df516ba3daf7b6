"""What a decision means inside a dialogue. Pure."""

from typing import Any

from bot.dialogue.routing import Route

FORMS = {
    "order_form": Route.ORDER_STATUS.value,
    "action_start_order_check": Route.ORDER_STATUS.value,
    "reset_form": Route.RESET_PASSWORD.value,
    "action_start_password_reset": Route.RESET_PASSWORD.value,
}
"""What runs first when a flow takes a message."""
ASKS_AGAIN = "action_invalid_data"
"""Runs before a form that got an answer it can't use."""


def in_context(decision: dict[str, Any]) -> dict[str, Any]:
    """Return a turn's decision with the route it took in its dialogue.

    An address is no question where a form has asked for one: the message belongs to the flow that
    took it, whatever it would be by itself. A question in the middle of a form stays a question:
    it is answered first, and the form only resumes. "Rather not" stays small talk, even where the form
    asks again because it can't use it.
    """
    ran = list(decision.get("actions") or ())
    actions = [name for name in ran if name != ASKS_AGAIN]
    flow = FORMS.get(actions[0]) if actions else None
    if flow is None or flow == decision["route"]:
        return decision
    if ASKS_AGAIN in ran and decision["route"] == Route.SMALLTALK.value:
        return decision
    reason = f"in this dialogue it answers what the flow {flow} has asked for"
    return {**decision, "route": flow, "reasons": [*(decision.get("reasons") or ()), reason]}
