"""Waiting, leaving, going on with the bot, coming back: the ticket and the owner always agree."""

from datetime import timedelta
from functools import partial

import sqlalchemy as sa

from bot.conversations import repository as conversations
from bot.conversations.conversation import Message, Owner
from bot.kit.db import Tx
from bot.mail.letters import Letter
from bot.mail.tables import MailRow
from handoff import repository
from handoff.informing import repository as informing
from handoff.informing.choice import QUIET, Button, Choice
from handoff.ticket import REOPEN_WINDOW, TicketState
from tests.handoff.world import World


class Letters:
    def ticket_news(self, locale: str, *, number: str, news: str) -> Letter:
        return Letter(f"{number} {news} {locale}", "text", "<p>html</p>")


async def last(world: World, conversation_id: str) -> Message:
    return (await world.messages(conversation_id))[-1]


async def choose(world: World, conversation_id: str, button: Button) -> None:
    await world.db.write(
        lambda tx: world.desk.choose_step(tx, conversation_id, button, now=world.clock.now())
    )


async def mails(world: World) -> list[tuple[str, str]]:
    rows = await world.db.read(
        lambda conn: conn.execute(
            sa.select(MailRow.to_address, MailRow.subject).order_by(MailRow.created_at)
        ).all()
    )
    return [(row.to_address, row.subject) for row in rows]


async def resolved(world: World) -> tuple[str, str]:
    opened, conversation_id = await world.hand_off()
    await world.desk.claim(opened.ticket_id, world.ana)
    await world.desk.resolve(opened.ticket_id, world.ana)
    return opened.ticket_id, conversation_id


async def not_solved(world: World, conversation_id: str, turn: str = "turn") -> None:
    await world.db.write(
        lambda tx: world.desk.not_solved_step(
            tx, conversation_id, turn_id=turn, now=world.clock.now()
        )
    )


async def test_when_nobody_is_there_one_chooses_how_to_wait(world: World) -> None:
    world.open = False
    _, conversation_id = await world.hand_off()
    said = await last(world, conversation_id)
    assert said.text.startswith("utter_handoff_closed")
    assert [c["intent"] for c in said.choices] == ["desk_wait", "desk_leave", "desk_bot"]
    world.open = True
    _, other = await world.hand_off()
    assert (await last(world, other)).choices == ()


async def test_open_but_nobody_online(world: World) -> None:
    world.desk._somebody_there = lambda conn, queue, now: False
    _, conversation_id = await world.hand_off()
    said = await last(world, conversation_id)
    assert said.text.startswith("utter_handoff_nobody_online")
    assert len(said.choices) == 3


async def test_status_has_place_and_estimate(world: World) -> None:
    for _ in range(9):
        opened, _ = await world.hand_off()
        world.clock.advance(timedelta(minutes=4))
        await world.desk.claim(opened.ticket_id, world.ana)
    await world.hand_off()
    opened, conversation_id = await world.hand_off()
    conversation = await world.now(conversation_id)
    await world.db.write(
        lambda tx: world.desk.tell_status_step(tx, conversation, now=world.clock.now())
    )
    text = (await last(world, conversation_id)).text
    assert opened.number in text
    assert "position=2" in text
    assert "level=N2" in text
    assert "utter_wait_about [en] low=8 high=8" in text
    world.open = False
    await world.db.write(
        lambda tx: world.desk.tell_status_step(tx, conversation, now=world.clock.now())
    )
    assert "hours:main" in (await last(world, conversation_id)).text


async def test_nothing_is_said_over_a_person(world: World) -> None:
    opened, conversation_id = await world.hand_off()
    waiting = await world.now(conversation_id)
    await world.desk.claim(opened.ticket_id, world.ana)
    count = len(await world.messages(conversation_id))
    for step in (world.desk.tell_status_step, world.desk.acknowledge_step):
        told = await world.db.write(partial(step, conversation=waiting, now=world.clock.now()))
        assert not told
    await choose(world, conversation_id, Button.BOT)
    await not_solved(world, conversation_id)
    assert len(await world.messages(conversation_id)) == count
    assert (await world.now(conversation_id)).owner is Owner.AGENT


async def test_what_is_written_is_acknowledged_once(world: World) -> None:
    _, conversation_id = await world.hand_off()

    async def acknowledge() -> bool:
        conversation = await world.now(conversation_id)
        return await world.db.write(
            lambda tx: world.desk.acknowledge_step(tx, conversation, now=world.clock.now())
        )

    assert await acknowledge()
    assert not await acknowledge()
    world.clock.advance(QUIET)
    assert await acknowledge()


async def test_who_leaves_is_mailed_once_until_they_write_again(world: World) -> None:
    world.desk._news = Letters()
    world.open = False
    opened, conversation_id = await world.hand_off()
    await choose(world, conversation_id, Button.LEAVE)
    assert (await last(world, conversation_id)).text.startswith("utter_chose_leave [en]")
    await world.db.write(
        lambda tx: world.desk.mail_step(
            tx, conversation_id, "ana@example.com", now=world.clock.now()
        )
    )
    assert "email=a\u2022\u2022\u2022@example.com" in (await last(world, conversation_id)).text
    await world.desk.claim(opened.ticket_id, world.ana)
    world.clock.advance(timedelta(minutes=1))
    for n in range(2):
        await world.desk.reply(
            opened.ticket_id, world.ana, client_id=f"reply-{n}", text=f"answer {n}"
        )
    assert await mails(world) == [("ana@example.com", f"{opened.number} answered en")]
    world.clock.advance(timedelta(minutes=1))
    await world.says(conversation_id, "and now?")
    world.clock.advance(timedelta(minutes=1))
    await world.desk.resolve(opened.ticket_id, world.ana, text="done")
    assert [subject for _, subject in await mails(world)][1:] == [
        f"{opened.number} answered en",
        f"{opened.number} resolved en",
    ]
    assert (await world.kinds(opened.ticket_id)).count("told_by_mail") == 3


async def test_a_proven_address_is_not_asked_for(world: World) -> None:
    conversation = await world.conversation()
    await world.db.write(
        lambda tx: conversations.set_contact_verified(
            tx, conversation.contact_id, account="bia@example.com", how="code"
        )
    )
    opened, conversation_id = await world.hand_off(conversation)
    await choose(world, conversation_id, Button.LEAVE)
    said = await last(world, conversation_id)
    assert said.text.startswith("utter_chose_leave_mail")
    assert "bia@example.com" not in said.text
    await choose(world, conversation_id, Button.ONLY_HERE)
    waiting = await world.db.read(lambda conn: informing.find(conn, opened.ticket_id))
    assert waiting.choice is Choice.LEAVE
    assert waiting.mail_to is None


async def test_going_on_with_the_bot_leaves_the_ticket_in_line(world: World) -> None:
    opened, conversation_id = await world.hand_off()
    before = await world.now(conversation_id)
    await choose(world, conversation_id, Button.BOT)
    after = await world.now(conversation_id)
    assert after.owner is Owner.QUEUE, "owner and state agree: it is in line"
    assert after.episode == before.episode + 1, "the bot begins afresh"
    assert (await world.ticket(opened.ticket_id)).state is TicketState.QUEUED
    assert "customer_chose" in await world.kinds(opened.ticket_id)
    await world.hand_off(after)
    waiting = await world.db.read(lambda conn: informing.find(conn, opened.ticket_id))
    assert waiting.choice is Choice.WAIT, "who asks for a person after all waits for one"


async def test_not_solved_opens_the_ticket_again_in_its_place(world: World) -> None:
    ticket_id, conversation_id = await resolved(world)
    said = (await world.messages(conversation_id))[-1]
    assert [c["intent"] for c in said.choices][:2] == ["desk_solved", "desk_not_solved"]
    await world.hand_off()
    await not_solved(world, conversation_id)
    ticket = await world.ticket(ticket_id)
    assert (ticket.state, ticket.assignee_id) == (TicketState.QUEUED, None)
    assert (await world.now(conversation_id)).owner is Owner.QUEUE
    assert await world.db.read(lambda conn: repository.place_in_line(conn, ticket)) == 1
    assert (await last(world, conversation_id)).text.startswith("utter_ticket_reopened_in_line")
    assert "reopened" in await world.kinds(ticket_id)
    await not_solved(world, conversation_id)
    assert (await world.kinds(ticket_id)).count("reopened") == 1


async def test_not_solved_goes_back_to_the_person_who_is_online(world: World) -> None:
    world.desk._is_present = lambda conn, staff_id, now: staff_id == world.ana.id
    ticket_id, conversation_id = await resolved(world)
    await not_solved(world, conversation_id)
    ticket = await world.ticket(ticket_id)
    assert (ticket.state, ticket.assignee_id) == (TicketState.CLAIMED, world.ana.id)
    assert (await world.now(conversation_id)).owner is Owner.AGENT
    assert "name=Ana" in (await last(world, conversation_id)).text


async def test_after_the_window_a_new_ticket_names_the_old_one(world: World) -> None:
    ticket_id, conversation_id = await resolved(world)
    world.clock.advance(REOPEN_WINDOW + timedelta(seconds=1))
    await world.desk.sweep()
    await not_solved(world, conversation_id)
    await not_solved(world, conversation_id)
    found = await world.db.read(lambda conn: repository.find_open(conn, conversation_id))
    assert found is not None
    assert found.id != ticket_id
    assert found.related_to == ticket_id
    assert (await world.ticket(ticket_id)).state is TicketState.CLOSED


async def test_waiting_for_the_customer_and_back_in_line_are_told(world: World) -> None:
    opened, conversation_id = await world.hand_off()
    await world.desk.claim(opened.ticket_id, world.ana)
    await world.desk.wait(opened.ticket_id, world.ana, third_party=False)
    assert (await last(world, conversation_id)).text.startswith("utter_ticket_waiting_for_you")

    def back(tx: Tx) -> None:
        world.desk.put_back_step(
            tx, opened.ticket_id, queue=None, reason="gone", now=world.clock.now()
        )

    await world.db.write(back)
    text = (await last(world, conversation_id)).text
    assert text.startswith("utter_ticket_back_in_line")
    assert "utter_handoff_next" in text
