"""A person is wanted; a case is asked about; another language; opening hours."""

import pytest
import sqlalchemy as sa

from actions.topics import topic_of
from bot.conversations import repository as conversations
from bot.conversations.conversation import Owner
from bot.hours.tables import CalendarDayRow, CalendarRow
from handoff.ticket import Reason
from tests.actions.world import World


async def test_a_person_is_called_at_once_and_once_per_turn(world: World) -> None:
    message = await world.write("quero falar com uma pessoa sobre o boleto")
    record = world.begin(message.id, message.text)
    first = await world.call("action_request_human", turn_id=message.id)
    again = await world.call("action_request_human", turn_id=message.id)
    assert (first.result, again.result) == ("handoff", "handoff")
    assert first.replies == again.replies == []
    assert record.ticket_opened
    ticket = await world.ticket()
    assert ticket is not None
    assert (ticket.reason, ticket.queue_key) == (Reason.CUSTOMER_ASKED, "billing")
    assert len([m for m in await world.messages() if ticket.number in m.text]) == 1
    assert (await world.conversation()).owner is Owner.QUEUE


@pytest.mark.parametrize(
    ("text", "queue"),
    [
        ("paguei o boleto e nada", "billing"),
        ("my refund has not arrived", "billing"),
        ("meu pedido está atrasado", "orders"),
        ("quiero cambiar un producto defectuoso", "orders"),
        ("não consigo entrar na minha conta", "accounts"),
        ("quero uma pessoa", "support"),
    ],
)
async def test_it_reaches_the_queue_for_what_was_talked_about(
    world: World, text: str, queue: str
) -> None:
    await world.write(text)
    await world.call("action_request_human", "uma pessoa, por favor")
    ticket = await world.ticket()
    assert ticket is not None
    assert ticket.queue_key == queue


def test_the_newest_words_decide_and_the_flow_fills_in() -> None:
    assert topic_of(["a senha não funciona", "cadê meu pedido"]) == "account"
    assert topic_of(["quero uma pessoa"], purpose="order") == "order_status"
    assert topic_of(["alguém"], active_loop="reset_form") == "reset_password"
    assert topic_of(["olá"]) is None
    assert topic_of(["uma pessoa", "não chegou nada"], purpose="reset") == "reset_password"
    assert topic_of(["cobraram duas vezes"], purpose="reset") == "payment"


async def test_a_turn_that_lost_the_conversation_opens_nothing(world: World) -> None:
    await world.db.write(
        lambda tx: conversations.change_owner(
            tx, world.conversation_id, to=Owner.AGENT, ticket_id=None, now=world.clock.now()
        )
    )
    said = await world.call("action_request_human", epoch=1)
    assert (said.status, said.result) == (200, "handoff")
    assert await world.ticket() is None


async def test_the_hand_off_speaks_the_language_of_the_turn(world: World) -> None:
    world.locale = "es"
    await world.call("action_request_human", "una persona")
    assert (await world.conversation()).locale == "es"
    assert "equipo" in (await world.messages())[-1].text.lower()


async def test_how_a_case_is_going(world: World) -> None:
    none = await world.call("action_ticket_status")
    assert (none.result, none.keys) == ("not_found", ["utter_no_ticket"])
    await world.call("action_request_human")
    queued = await world.call("action_ticket_status")
    assert queued.keys == ["utter_ticket_is_queued"]
    assert queued.replies[0]["vars"]["position"] == 1
    await world.db.write(
        lambda tx: world.desk.resume_bot(
            tx, world.conversation_id, reason="done", now=world.clock.now()
        )
    )
    assert (await world.call("action_ticket_status")).keys == ["utter_ticket_is_resolved"]


async def test_a_language_is_changed_for_good(world: World) -> None:
    message = await world.write("English please")
    record = world.begin(message.id, message.text)
    said = await world.call(
        "action_change_language", turn_id=message.id, entities={"language": "en"}
    )
    assert (said.result, said.keys) == ("ok", ["utter_language_changed"])
    assert record.locale == "en"
    await world.db.write(
        lambda tx: conversations.set_locale(tx, world.conversation_id, locale="es", fixed=False)
    )
    assert (await world.conversation()).locale == "en", "detection does not overrule it"


async def test_an_unnamed_language_is_asked_for(world: World) -> None:
    said = await world.call("action_change_language", entities={"language": "xx"})
    assert (said.result, said.keys) == ("again", ["utter_which_language"])
    *languages, person = said.replies[0]["choices"]
    assert [choice["entities"]["language"] for choice in languages] == ["pt-BR", "en", "es"]
    assert person["intent"] == "human"


async def test_opening_hours_come_from_the_calendar(world: World) -> None:
    world.locale = "en"
    said = await world.call("action_opening_hours", "are you open next friday?")
    assert said.result == "ok"
    assert said.replies[0]["markdown"].startswith(
        "On Friday, 20 November (Black Awareness Day), we're closed."
    )


async def test_without_a_calendar_a_person_is_offered(world: World) -> None:
    await world.db.write(lambda tx: tx.conn.execute(sa.delete(CalendarDayRow)))
    await world.db.write(lambda tx: tx.conn.execute(sa.delete(CalendarRow)))
    said = await world.call("action_opening_hours", "abrem hoje?")
    assert (said.result, said.keys, said.intents) == ("failed", ["utter_hours_unknown"], ["human"])
