"""Inside a form an answer belongs to the flow; a question or a refusal stays what it is."""

import pytest

from bot.evaluation.context import in_context


@pytest.mark.parametrize(
    ("route", "actions", "taken"),
    [
        # An address, and a number nobody could read, after the form has asked.
        ("clarify", ["reset_form", "action_start_password_reset"], "reset_password"),
        ("clarify", ["action_invalid_data", "order_form"], "order_status"),
        ("smalltalk", ["order_form", "action_start_order_check"], "order_status"),
        # Questions are answered first; the form resumes after them.
        ("faq", ["action_answer_question", "order_form"], "faq"),
        ("opening_hours", ["action_opening_hours", "reset_form"], "opening_hours"),
        # "Rather not."
        ("smalltalk", ["action_invalid_data", "reset_form"], "smalltalk"),
        ("smalltalk", ["action_cancel_flow"], "smalltalk"),
        ("order_status", ["order_form"], "order_status"),
        ("faq", [], "faq"),
    ],
)
def test_the_route_in_its_dialogue(route: str, actions: list[str], taken: str) -> None:
    decision = {"route": route, "actions": actions, "reasons": ["clear"]}
    found = in_context(decision)
    assert found["route"] == taken
    assert (found == decision) is (route == taken)
    assert found["reasons"][0] == "clear"
