"""How replies are put to the customer."""

from typing import Any

from bot.dialogue.manners import Manners
from bot.dialogue.rasa_wire import RasaReply, TurnAnswer, parse_turn


def turn(*replies: dict[str, Any], turn_id: str = "t1", **more: Any) -> TurnAnswer:
    return parse_turn({"turn_id": turn_id, "replies": list(replies), **more})


def said(answer: TurnAnswer) -> list[str | None]:
    return [reply.say or reply.markdown for reply in answer.replies]


def labels(reply: RasaReply) -> list[str | None]:
    return [choice.say or choice.label for choice in reply.choices]


def test_a_question_after_something_else_is_a_reminder() -> None:
    asked = Manners().polish(
        "c", turn({"say": "utter_greet"}, {"say": "utter_ask_email"}, active_loop="reset_form")
    )
    assert said(asked) == ["utter_greet", "utter_ask_email_again"]
    first = Manners().polish("c", turn({"say": "utter_ask_email"}, active_loop="reset_form"))
    assert said(first) == ["utter_ask_email"]


def test_who_asks_for_a_moment_is_not_urged() -> None:
    moment = turn({"say": "utter_no_hurry"}, {"say": "utter_ask_email"}, active_loop="reset_form")
    assert said(Manners().polish("c", moment)) == ["utter_no_hurry"]
    waiting = turn(
        {"say": "utter_no_hurry"}, slots={"purpose": "order"}, actions=["utter_no_hurry"]
    )
    assert said(Manners().polish("c", waiting)) == ["utter_no_hurry"]


def test_nothing_is_asked_twice_in_one_breath() -> None:
    invalid, ask = {"say": "utter_invalid_email"}, {"say": "utter_ask_email"}
    again = Manners().polish("c", turn(invalid, ask, active_loop="reset_form"))
    assert said(again) == ["utter_invalid_email"]


def test_an_awaited_code_is_not_forgotten() -> None:
    waiting = {"purpose": "order"}
    asked = Manners().polish(
        "c", turn({"markdown": "At 18:00."}, slots=waiting, actions=["action_opening_hours"])
    )
    assert said(asked) == ["At 18:00.", "utter_code_reminder"]
    assert labels(asked.replies[-1]) == ["label_resend_code", "label_cancel"]
    sent = turn(
        {"say": "utter_code_sent_order"}, slots=waiting, actions=["action_start_order_check"]
    )
    assert said(Manners().polish("c", sent)) == ["utter_code_sent_order"]


def test_small_talk_is_varied_and_offers_a_person() -> None:
    manners = Manners()
    heard = [
        manners.polish("c", turn({"say": "utter_chitchat"}, turn_id=f"t{n}")) for n in range(4)
    ]
    assert [said(answer)[0] for answer in heard] == [
        "utter_chitchat", "utter_chitchat_again", "utter_chitchat", "utter_chitchat_again",
    ]  # fmt: skip
    assert labels(heard[1].replies[0]) == ["utter_talk_to_person"]
    assert said(manners.polish("another", turn({"say": "utter_chitchat"}))) == ["utter_chitchat"]


def test_a_turn_that_is_run_again_sounds_the_same() -> None:
    manners = Manners()
    manners.polish("c", turn({"say": "utter_chitchat"}, turn_id="t1"))
    second = manners.polish("c", turn({"say": "utter_chitchat"}, turn_id="t2"))
    assert said(manners.polish("c", turn({"say": "utter_chitchat"}, turn_id="t2"))) == said(second)


def test_the_same_answer_twice_in_a_row_comes_with_a_person() -> None:
    manners = Manners()
    heard = [manners.polish("c", turn({"markdown": "Yes."}, turn_id=f"t{n}")) for n in range(3)]
    assert [said(answer) for answer in heard] == [
        ["Yes."], ["Yes.", "utter_already_answered"], ["Yes.", "utter_already_answered"],
    ]  # fmt: skip
    assert labels(heard[1].replies[1]) == ["utter_talk_to_person"]
    manners.polish("c", turn({"markdown": "No."}, turn_id="t8"))
    assert said(manners.polish("c", turn({"markdown": "Yes."}, turn_id="t9"))) == ["Yes."]


def test_nobody_is_reminded_of_a_code_that_has_run_out() -> None:
    answer = turn({"markdown": "At 18:00."}, slots={"purpose": "order"})
    assert said(Manners().polish("c", answer, awaits_code=False)) == ["At 18:00."]


def test_the_second_request_is_offered() -> None:
    order = {"intent": "order_status", "text": "where is 10023", "order_number": "AUR-10023"}
    parse = {
        "intent": {"name": "opening_hours", "confidence": 0.99},
        "decision": {"also": [order, {"intent": "faq", "text": "do you take pix?"}]},
    }
    asked = Manners().polish(
        "c", turn({"markdown": "We open at 9:00."}, {"say": "utter_did_it_help"}, parse=parse)
    )
    assert said(asked) == ["We open at 9:00.", "utter_also"]
    first, second = asked.replies[-1].choices
    assert (first.intent, first.entities) == ("order_status", {"order_number": "AUR-10023"})
    assert (second.intent, second.label) == ("faq", "do you take pix?")
    assert second.entities == {"question": "do you take pix?"}, "a label may be cut"


def test_silence_stays_silence() -> None:
    assert Manners().polish("c", turn(actions=["action_request_human"])).replies == ()
