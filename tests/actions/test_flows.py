"""Orders and passwords: nothing is told before the code, and nothing can be told apart."""

from datetime import timedelta

import pytest

from bot.conversations import repository as conversations
from handoff.ticket import Reason
from knowledge_base.ranking import Decision
from tests.actions.world import World, articles, hit
from tests.bot.verification.world import wrong


async def test_an_order_from_number_to_status(world: World) -> None:
    asked = await world.call("action_start_order_check", order_number="AUR-10023")
    assert (asked.result, asked.keys) == ("ok", ["utter_code_sent_order"])
    assert asked.replies[0]["vars"] == {"number": "AUR-10023", "minutes": 10}
    assert asked.intents == ["resend_code", "cancel"]
    assert asked.slots["purpose"] == "order"
    assert await world.type_code(await world.code()) == "ok"
    told = await world.call("action_tell_order_status")
    assert told.replies == [
        {
            "say": "utter_order_shipped",
            "vars": {
                "number": "AUR-10023",
                "carrier": "Rota Azul",
                "date": "21 de novembro de 2026",
            },
        }
    ]
    assert (told.result, told.slots["purpose"], told.slots["order_number"]) == ("ok", None, None)


async def test_unknown_and_known_orders_get_the_same_answer(world: World) -> None:
    known = await world.call("action_start_order_check", order_number="AUR-10023")
    unknown = await world.call("action_start_order_check", order_number="AUR-99999")
    known.replies[0]["vars"]["number"] = unknown.replies[0]["vars"]["number"]
    assert (known.replies, known.slots) == (unknown.replies, unknown.slots)
    assert [mail.state for mail in await world.mails()] == ["pending", "void"]


async def test_slots_from_the_text_open_nothing(world: World) -> None:
    """The proof is for one order; naming another one afterwards changes nothing."""
    await world.call("action_start_order_check", order_number="AUR-10023")
    await world.type_code(await world.code())
    told = await world.call("action_tell_order_status", order_number="AUR-10024")
    assert told.replies[0]["vars"]["number"] == "AUR-10023"


async def test_without_a_proof_nothing_is_told(world: World) -> None:
    told = await world.call("action_tell_order_status", order_number="AUR-10023", purpose="order")
    assert (told.result, told.keys) == ("failed", ["utter_code_expired"])
    link = await world.call("action_send_reset_link", email="ana@example.com", purpose="reset")
    assert (link.result, link.keys) == ("failed", ["utter_code_expired"])


async def test_a_proof_for_an_order_resets_no_password(world: World) -> None:
    await world.call("action_start_order_check", order_number="AUR-10023")
    await world.type_code(await world.code())
    said = await world.call("action_send_reset_link", email="ana@example.com")
    assert said.result == "failed"


async def test_a_turn_that_runs_again_tells_the_same(world: World) -> None:
    message = await world.write("AUR-10023")
    first = await world.call(
        "action_start_order_check", turn_id=message.id, order_number="AUR-10023"
    )
    again = await world.call(
        "action_start_order_check", turn_id=message.id, order_number="AUR-10023"
    )
    assert first.replies == again.replies
    assert len(await world.mails()) == 1
    await world.type_code(await world.code())
    turn = (await world.write("••••••••")).id
    told = [await world.call("action_tell_order_status", turn_id=turn) for _ in range(2)]
    assert told[0].replies == told[1].replies
    assert (await world.call("action_tell_order_status")).result == "failed"


async def test_a_customer_the_shop_vouches_for_needs_no_code(world: World) -> None:
    conversation = await world.conversation()
    await world.db.write(
        lambda tx: conversations.set_contact_verified(
            tx, conversation.contact_id, account="ana@example.com", how="signed token"
        )
    )
    told = await world.call("action_start_order_check", order_number="AUR-10024")
    assert told.keys == ["utter_order_delayed"]
    assert told.intents == ["human"]
    assert await world.mails() == []
    foreign = await world.call("action_start_order_check", order_number="AUR-99999")
    assert foreign.keys == ["utter_code_sent_order"]


async def test_an_order_without_carrier_or_date_is_still_told(world: World) -> None:
    await world.call("action_start_order_check", order_number="AUR-10025")
    await world.type_code(await world.code())
    told = await world.call("action_tell_order_status")
    assert told.replies[0] == {
        "say": "utter_order_status",
        "vars": {"number": "AUR-10025", "status": "enviado"},
    }


async def test_a_password_from_address_to_link(world: World) -> None:
    asked = await world.call("action_start_password_reset", email="Ana@Example.com")
    assert (asked.result, asked.keys) == ("ok", ["utter_code_sent_reset"])
    assert asked.slots["purpose"] == "reset"
    await world.type_code(await world.code())
    said = await world.call("action_send_reset_link")
    assert (said.result, said.keys) == ("ok", ["utter_reset_link"])
    assert said.replies[0]["vars"]["link"].startswith("{{link:")
    assert (said.slots["purpose"], said.slots["email"]) == (None, None)


async def test_unknown_and_known_accounts_get_the_same_answer(world: World) -> None:
    known = await world.call("action_start_password_reset", email="ana@example.com")
    unknown = await world.call("action_start_password_reset", email="nobody@example.com")
    assert (known.replies, known.slots) == (unknown.replies, unknown.slots)


async def test_missing_data_is_asked_for(world: World) -> None:
    assert (await world.call("action_start_order_check")).keys == ["utter_ask_order_number"]
    assert (await world.call("action_start_password_reset")).keys == ["utter_ask_email"]


async def test_too_many_codes_are_refused_with_a_way_out(world: World) -> None:
    for _ in range(3):
        await world.call("action_start_order_check", order_number="AUR-10023")
    said = await world.call("action_start_order_check", order_number="AUR-10023")
    assert (said.result, said.keys, said.intents) == ("failed", ["utter_too_many_codes"], ["human"])
    assert said.slots["purpose"] is None


async def test_wrong_codes_and_then_a_person(world: World) -> None:
    await world.call("action_start_order_check", order_number="AUR-10023")
    code = await world.code()
    for left in (4, 3, 2, 1):
        assert await world.type_code(wrong(code)) == "failed"
        said = await world.call("action_code_problem")
        assert (said.result, said.keys) == ("again", ["utter_code_failed"])
        assert said.replies[0]["vars"] == {"tries": left}
    assert await world.type_code(wrong(code)) == "locked"
    said = await world.call("action_code_problem")
    assert (said.result, said.replies) == ("handoff", [])
    ticket = await world.ticket()
    assert ticket is not None
    assert (ticket.reason, ticket.queue_key) == (Reason.CODE_FAILED, "orders")


async def test_a_code_that_is_over(world: World) -> None:
    await world.call("action_start_order_check", order_number="AUR-10023")
    code = await world.code()
    world.clock.advance(timedelta(minutes=11))
    assert await world.type_code(code) == "failed"
    said = await world.call("action_code_problem")
    assert (said.result, said.keys) == ("failed", ["utter_code_too_late"])
    assert said.intents == ["resend_code", "cancel"]


async def test_a_code_problem_without_a_code(world: World) -> None:
    assert (await world.call("action_code_problem")).keys == ["utter_code_expired"]


async def test_a_code_is_sent_again(world: World) -> None:
    nothing = await world.call("action_resend_code")
    assert (nothing.result, nothing.keys) == ("failed", ["utter_nothing_to_resend"])
    await world.call("action_start_password_reset", email="ana@example.com")
    soon = await world.call("action_resend_code")
    assert (soon.result, soon.keys) == ("failed", ["utter_resend_wait"])
    assert soon.intents == ["cancel", "human"]
    world.knowledge.next = articles(Decision.ANSWER, hit("code", "Why a code?", "To be sure."))
    why = await world.call("action_resend_code", "why do you need a code?")
    assert why.replies == [{"markdown": "To be sure."}]
    world.clock.advance(timedelta(minutes=1))
    sent = await world.call("action_resend_code")
    assert (sent.result, sent.keys) == ("ok", ["utter_code_resent"])
    assert await world.type_code(await world.code()) == "ok"


@pytest.mark.parametrize(
    ("loop", "key"),
    [("order_form", "utter_invalid_order_number"), ("reset_form", "utter_invalid_email")],
)
async def test_the_third_useless_answer_calls_a_person(world: World, loop: str, key: str) -> None:
    for count, text in ((1.0, key), (2.0, f"{key}_again")):
        said = await world.call("action_invalid_data", "hein?", active_loop=loop)
        assert (said.result, said.keys, said.slots["invalid_attempts"]) == ("again", [text], count)
        assert said.intents == ["human"]
    said = await world.call("action_invalid_data", "hein?", active_loop=loop)
    assert said.result == "handoff"
    ticket = await world.ticket()
    assert ticket is not None
    assert ticket.reason is Reason.INVALID_DATA


async def test_cancelling_drops_everything(world: World) -> None:
    idle = await world.call("action_cancel_flow")
    assert idle.keys == ["utter_nothing_to_cancel"]
    await world.call("action_start_order_check", order_number="AUR-10023")
    code = await world.code()
    said = await world.call("action_cancel_flow")
    assert (said.result, said.keys) == ("ok", ["utter_cancelled"])
    assert said.slots["purpose"] is None
    assert await world.type_code(code) == "none"
    form = await world.call("action_cancel_flow", active_loop="order_form")
    assert form.keys == ["utter_cancelled"]


async def test_what_is_taken_back_ends_its_code(world: World) -> None:
    await world.call("action_start_order_check", order_number="AUR-10023")
    code = await world.code()
    said = await world.call("action_take_back", "não, o outro pedido")
    assert (said.result, said.keys) == ("ok", ["utter_taken_back"])
    assert (said.slots["order_number"], said.slots["email"]) == (None, None)
    assert await world.type_code(code) == "none"
    for _ in range(2):
        assert (await world.call("action_take_back", "não, o outro")).result == "ok"
    assert (await world.call("action_take_back", "não, o outro")).result == "handoff"


async def test_while_a_code_is_awaited_the_third_useless_message_calls_a_person(
    world: World,
) -> None:
    await world.call("action_start_order_check", order_number="AUR-10023")
    said = await world.call("action_code_hint", "cadê?")
    assert (said.result, said.keys) == ("again", ["utter_code_hint"])
    assert said.intents == ["resend_code", "cancel", "human"]
    assert (await world.call("action_code_hint", "cadê?")).keys == ["utter_code_hint_again"]
    last = await world.call("action_code_hint", "cadê??")
    assert (last.result, last.slots["purpose"]) == ("handoff", None)
    ticket = await world.ticket()
    assert ticket is not None
    assert ticket.reason is Reason.CODE_FAILED
    told = (await world.messages())[-1]
    assert told.text.startswith("Sem o código não consigo confirmar que é você."), "it says why"


async def test_without_the_mailbox_a_person_is_offered(world: World) -> None:
    said = await world.call("action_code_hint", "não tenho mais acesso a esse e-mail")
    assert (said.keys, said.intents) == (["utter_code_no_mailbox"], ["human"])


@pytest.mark.parametrize("action", ["action_cancel_flow", "action_invalid_data"])
async def test_nobody_has_to_give_data(world: World, action: str) -> None:
    said = await world.call(action, "prefiro não informar", active_loop="reset_form")
    assert (said.result, said.keys, said.intents) == ("clarify", ["utter_refused_data"], ["human"])
    assert await world.ticket() is None, "a person is offered, not imposed"


async def test_starting_over_is_no_cancelling(world: World) -> None:
    said = await world.call("action_cancel_flow", "começar de novo", active_loop="order_form")
    assert said.keys == ["utter_from_the_start"]
    assert said.intents == ["order_status", "reset_password", "opening_hours"]
    assert said.slots["order_number"] is None


async def test_the_order_just_told_about_is_told_again_while_the_proof_holds(world: World) -> None:
    await world.call("action_start_order_check", order_number="AUR-10023")
    assert await world.type_code(await world.code()) == "ok"
    first = await world.call("action_tell_order_status")
    assert first.slots["order_told"] == "AUR-10023"
    again = await world.call("action_order_again", "quando chega?")
    assert again.replies[0]["vars"] == first.replies[0]["vars"]
    assert again.intents == ["order_status", "human"]
    # The slot is the dialogue's word; the proof is for one order and not for long.
    other = await world.call("action_order_again", order_told="AUR-10024")
    assert (other.result, other.replies) == ("not_found", [])
    world.clock.advance(timedelta(minutes=11))
    late = await world.call("action_order_again", order_told="AUR-10023")
    assert (late.result, late.slots["order_told"]) == ("not_found", None)


async def test_a_form_that_hears_only_other_matters_ends_with_a_person(world: World) -> None:
    for _ in range(2):
        said = await world.call("action_out_of_scope", "qual a capital?", active_loop="order_form")
        assert (said.result, said.keys) == ("ok", ["utter_out_of_scope"])
    said = await world.call("action_out_of_scope", "qual a capital?", active_loop="order_form")
    assert said.result == "handoff"


async def test_an_unknown_language_is_asked_about_once(world: World) -> None:
    asked = await world.call("action_change_language", "我的订单在哪里")
    assert (asked.keys, asked.intents[-1]) == (["utter_which_language"], "human")
    assert (await world.call("action_change_language", "我的订单在哪里")).result == "handoff"


async def test_asking_for_a_language_by_no_name_is_no_failure(world: World) -> None:
    for _ in range(3):
        asked = await world.call("action_change_language", "quais idiomas vocês falam?")
        assert asked.result == "again"
