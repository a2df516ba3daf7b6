"""The bot hands over: one ticket, one sentence, and the bot is silent from then on."""

from datetime import timedelta

import pytest

from bot.conversations import repository as conversations
from bot.conversations.conversation import Author, Draft, Owner, TurnState
from bot.kit.errors import Conflict
from handoff.pack import Fact, Identity, PackInput, Wants
from handoff.ticket import Priority, Reason, TicketState
from tests.handoff.world import World


async def test_the_customer_hears_number_queue_place_and_hours(world: World) -> None:
    await world.hand_off(topic="orders")
    opened, conversation_id = await world.hand_off(topic="orders")
    assert (opened.number, opened.queue, opened.level) == ("FL-1002", "Orders and delivery", "N2")
    assert opened.position == 2
    (message,) = await world.messages(conversation_id)
    assert message.author is Author.SYSTEM
    assert message.text.startswith("utter_handoff [en]")
    assert "number=FL-1002" in message.text
    assert "queue=Orders and delivery" in message.text
    assert "utter_handoff_one_ahead" in message.text
    assert "hours=hours:main" in message.text


async def test_outside_hours_the_ticket_is_opened_all_the_same(world: World) -> None:
    world.open = False
    _, conversation_id = await world.hand_off()
    (message,) = await world.messages(conversation_id)
    assert message.text.startswith("utter_handoff_closed [en]")
    assert (await world.now(conversation_id)).owner is Owner.QUEUE


async def test_the_bot_is_silent_after_the_hand_off(world: World) -> None:
    conversation = await world.conversation()
    await world.says(conversation.id, "I want a person")
    before = (await world.now(conversation.id)).owner_epoch
    await world.hand_off(conversation)
    assert not await world.bot_says(conversation.id, "Here is an article", epoch=before)
    after = await world.now(conversation.id)
    assert (after.owner, after.owner_epoch) == (Owner.QUEUE, before + 1)
    assert [m.author for m in await world.messages(conversation.id)] == [
        Author.CUSTOMER,
        Author.SYSTEM,
    ]


async def test_the_same_turn_again_opens_nothing_and_says_nothing(world: World) -> None:
    conversation = await world.conversation()
    first, _ = await world.hand_off(conversation, turn_id="turn-1")
    again, _ = await world.hand_off(conversation, turn_id="turn-1")
    assert not first.existing
    assert again.existing
    assert again.ticket_id == first.ticket_id
    assert len(await world.messages(conversation.id)) == 1


async def test_another_turn_finds_the_open_ticket(world: World) -> None:
    conversation = await world.conversation()
    first, _ = await world.hand_off(conversation, turn_id="turn-1")
    for _ in range(2):
        again, _ = await world.hand_off(conversation, turn_id="turn-2")
        assert (again.existing, again.ticket_id) == (True, first.ticket_id)
    texts = [m.text.split()[0] for m in await world.messages(conversation.id)]
    assert texts == ["utter_handoff", "utter_handoff_existing"]


async def test_a_turn_computed_before_the_owner_changed_is_refused(world: World) -> None:
    stale = await world.conversation()
    opened, _ = await world.hand_off(stale)
    await world.desk.resolve(opened.ticket_id, world.sofia)
    with pytest.raises(Conflict) as refused:
        await world.db.write(
            lambda tx: world.desk.open_ticket(
                tx,
                conversation=stale,
                reason=Reason.CUSTOMER_ASKED,
                turn_id="late",
                pack_facts=PackInput(),
                topic=None,
                now=world.clock.now(),
            )
        )
    assert refused.value.code == "stale"
    assert (await world.now(stale.id)).owner is Owner.BOT


async def test_waiting_messages_are_for_the_person_now(world: World) -> None:
    conversation = await world.conversation()
    await world.db.write(
        lambda tx: conversations.append(
            tx,
            conversation.id,
            [Draft(Author.CUSTOMER, "hello?", turn_state=TurnState.PENDING)],
            now=world.clock.now(),
        )
    )
    await world.hand_off(conversation)
    assert await world.db.read(lambda conn: conversations.next_turn(conn, conversation.id)) is None


async def test_what_failed_on_our_side_is_more_urgent(world: World) -> None:
    asked, _ = await world.hand_off()
    failed, _ = await world.hand_off(reason=Reason.ACTION_FAILED)
    assert (await world.ticket(asked.ticket_id)).priority is Priority.NORMAL
    assert (await world.ticket(failed.ticket_id)).priority is Priority.HIGH
    assert failed.position == 1


async def test_a_hand_off_lands_somewhere_even_without_queues(world: World) -> None:
    import sqlalchemy as sa

    from handoff.tables import QueueRow

    await world.db.write(lambda tx: tx.conn.execute(sa.delete(QueueRow)))
    opened, _ = await world.hand_off(topic="who knows")
    assert (opened.queue, opened.level) == ("Support", "N2")


async def test_a_new_hand_off_soon_after_is_linked_to_the_old_ticket(world: World) -> None:
    conversation = await world.conversation()
    first, _ = await world.hand_off(conversation)
    await world.desk.resolve(first.ticket_id, world.sofia)
    world.clock.advance(timedelta(days=2))
    second, _ = await world.hand_off(conversation)
    detail = await world.desk.get_ticket(second.ticket_id, world.ana)
    assert detail.related is not None
    assert detail.related.number == first.number
    assert detail.pack.earlier == (first.number,)
    await world.desk.resolve(second.ticket_id, world.sofia)
    world.clock.advance(timedelta(days=8))
    third, _ = await world.hand_off(conversation)
    detail = await world.desk.get_ticket(third.ticket_id, world.ana)
    assert detail.related is None
    assert detail.pack.earlier == (second.number, first.number)


async def test_the_pack_holds_what_was_passed_and_what_the_messages_tell(world: World) -> None:
    conversation = await world.conversation()
    await world.says(
        conversation.id,
        "where is my order AUR-10023?",
        decision={
            "route": "order_status",
            "intent": "order_status",
            "confidence": 0.93,
            "actions": ["action_start_order_check", "action_listen"],
            "failed_actions": ["action_start_order_check"],
            "facts": {"order_number": "AUR-10023"},
        },
    )
    asked = await world.says(conversation.id, "a person please")
    opened, _ = await world.hand_off(
        conversation,
        turn_id=asked.id,
        pack=PackInput(
            wants=Wants("order_status", 0.93, "order_status"),
            facts=(Fact("email", "lia@example.com"),),
            identity=Identity(False, None, "lia@example.com"),
        ),
    )
    # The turn's own decision is stored after the action has opened the ticket.
    await world.db.write(
        lambda tx: conversations.set_decision(
            tx, asked.id, {"route": "human", "intent": "human", "actions": []}
        )
    )
    detail = await world.desk.get_ticket(opened.ticket_id, world.ana)
    assert detail.listed.ticket.subject == "where is my order AUR-10023?"
    assert detail.pack.wants == Wants("order_status", 0.93, "order_status")
    assert {f.name: f.value for f in detail.pack.facts} == {
        "email": "lia@example.com",
        "order_number": "AUR-10023",
    }
    assert [(a.action, a.outcome) for a in detail.pack.tried] == [
        ("action_start_order_check", "failed")
    ]
    assert detail.hours_text == "hours:main"
    assert detail.queue.key == "orders"


async def test_status_for_the_customer(world: World) -> None:
    conversation = await world.conversation(locale="es")
    nothing = await world.db.read(
        lambda conn: world.desk.status_for_customer(conn, conversation.id)
    )
    assert nothing is None
    opened, _ = await world.hand_off(conversation, topic="billing")
    status = await world.db.read(lambda conn: world.desk.status_for_customer(conn, conversation.id))
    assert status is not None
    assert (status.number, status.position, status.queue) == (opened.number, 1, "Pagos")
    await world.desk.claim(opened.ticket_id, world.ana)
    status = await world.db.read(lambda conn: world.desk.status_for_customer(conn, conversation.id))
    assert status is not None
    assert (status.state, status.assignee_name) == (TicketState.CLAIMED, "Ana")
    assert status.position is None
