"""When the question comes by itself, what freezes, what locks, and what an erasure leaves."""

from datetime import timedelta
from typing import Any

import pytest

from bot.conversations import repository as conversations
from bot.conversations.conversation import Author, Draft, Message
from bot.kit.db import Tx
from bot.privacy import repository as privacy
from handoff.feedback import repository
from handoff.feedback.repository import Feedback
from handoff.feedback.rules import LOCKED_AFTER, Settings, State
from handoff.feedback.service import Ratings
from handoff.informing import repository as informing
from handoff.informing.choice import Button
from tests.handoff.world import PlainTexts, World

QUIET = timedelta(minutes=10)
FAQ = {"route": "faq", "intent": "faq", "article": {"key": "returns"}}


@pytest.fixture
def ratings(world: World) -> Ratings:
    found = Ratings(world.db, world.clock, PlainTexts())
    world.desk._feedback = found
    return found


async def resolved(world: World, **options: Any) -> tuple[str, str]:
    opened, conversation_id = await world.hand_off()
    await world.desk.claim(opened.ticket_id, world.ana)
    await world.desk.resolve(opened.ticket_id, world.ana, **options)
    return opened.ticket_id, conversation_id


async def of_ticket(world: World, ticket_id: str) -> Feedback:
    found = await world.db.read(lambda conn: repository.find_of_ticket(conn, ticket_id))
    assert found is not None
    return found


async def last(world: World, conversation_id: str) -> Message:
    return (await world.messages(conversation_id))[-1]


async def answered_by_bot(
    world: World, conversation_id: str, decision: dict[str, Any] = FAQ
) -> None:
    await world.says(conversation_id, "how do I return it?", decision=decision)
    epoch = (await world.now(conversation_id)).owner_epoch
    await world.bot_says(conversation_id, "like this", epoch=epoch)


async def rate(world: World, ratings: Ratings, found: Feedback, score: int) -> None:
    await world.db.write(
        lambda tx: ratings.rate_step(
            tx, found.conversation_id, found.id, score, now=world.clock.now()
        )
    )


async def test_people_are_asked_about_after_a_quiet_time_once(
    world: World, ratings: Ratings
) -> None:
    ticket_id, conversation_id = await resolved(world)
    assert await ratings.sweep() == 0
    world.clock.advance(QUIET)
    assert await ratings.sweep() == 1
    assert await ratings.sweep() == 0
    said = await last(world, conversation_id)
    assert said.text == "utter_feedback_human [en] name=Ana"
    found = await of_ticket(world, ticket_id)
    assert (found.state, found.agent_id, found.level) == (State.ASKED, world.ana.id, "N2")


async def test_nobody_is_asked_in_the_middle_of_a_talk(world: World, ratings: Ratings) -> None:
    _, conversation_id = await resolved(world)
    world.clock.advance(timedelta(minutes=8))
    await answered_by_bot(world, conversation_id)
    world.clock.advance(timedelta(minutes=4))
    assert await ratings.sweep() == 0
    world.clock.advance(timedelta(minutes=6))
    assert await ratings.sweep() >= 1


async def test_too_late_once_somebody_else_has_the_conversation(
    world: World, ratings: Ratings
) -> None:
    ticket_id, conversation_id = await resolved(world)
    await world.hand_off(await world.now(conversation_id))
    world.clock.advance(QUIET)
    assert await ratings.sweep() == 0
    found = await of_ticket(world, ticket_id)
    assert (found.state, found.why_not) == (State.NOT_ASKED, "gone_on")


async def test_a_reopened_ticket_is_asked_about_once_and_keeps_its_rating(
    world: World, ratings: Ratings
) -> None:
    ticket_id, conversation_id = await resolved(world)
    await world.desk.reopen(ticket_id, world.bruno)
    assert (await of_ticket(world, ticket_id)).why_not == "reopened"
    await world.desk.resolve(ticket_id, world.bruno)
    world.clock.advance(QUIET)
    assert await ratings.sweep() == 1
    found = await of_ticket(world, ticket_id)
    assert found.agent_id == world.bruno.id
    await rate(world, ratings, found, 4)
    await world.desk.reopen(ticket_id, world.ana)
    await world.desk.resolve(ticket_id, world.ana)
    world.clock.advance(timedelta(days=2))
    assert await ratings.sweep() == 0
    again = await of_ticket(world, ticket_id)
    assert (again.score, again.agent_id) == (4, world.bruno.id), "frozen when it was asked"
    assert conversation_id == again.conversation_id


async def test_the_bots_part_is_asked_about_when_it_ended_with_an_answer(
    world: World, ratings: Ratings
) -> None:
    conversation = await world.conversation()
    other = await world.conversation()
    await ratings.sweep()
    await answered_by_bot(world, conversation.id)
    await answered_by_bot(world, other.id, {"route": "clarify", "intent": "faq"})
    world.clock.advance(QUIET + timedelta(seconds=1))
    assert await ratings.sweep() == 1
    said = await last(world, conversation.id)
    assert said.text.startswith("utter_feedback_bot")
    assert [c["label"] for c in said.choices][:5] == ["1", "2", "3", "4", "5"]
    await answered_by_bot(world, conversation.id)
    world.clock.advance(QUIET + timedelta(seconds=1))
    assert await ratings.sweep() == 0, "once in an episode"


async def test_what_was_handed_over_is_not_the_bots(world: World, ratings: Ratings) -> None:
    conversation = await world.conversation()
    await ratings.sweep()
    await answered_by_bot(world, conversation.id)
    await world.hand_off(await world.now(conversation.id))
    world.clock.advance(QUIET + timedelta(seconds=1))
    assert await ratings.sweep() == 0


async def test_answers_lock_after_a_fortnight(world: World, ratings: Ratings) -> None:
    ticket_id, conversation_id = await resolved(world)
    world.clock.advance(QUIET)
    await ratings.sweep()
    found = await of_ticket(world, ticket_id)
    await rate(world, ratings, found, 1)
    world.clock.advance(LOCKED_AFTER)
    await rate(world, ratings, found, 5)
    assert (await of_ticket(world, ticket_id)).score == 5
    world.clock.advance(timedelta(seconds=1))
    await rate(world, ratings, found, 2)
    assert (await of_ticket(world, ticket_id)).score == 5
    assert (await last(world, conversation_id)).text.startswith("utter_feedback_locked")


async def test_a_rating_of_another_conversation_is_nobodys(world: World, ratings: Ratings) -> None:
    ticket_id, _ = await resolved(world)
    world.clock.advance(QUIET)
    await ratings.sweep()
    found = await of_ticket(world, ticket_id)
    stranger = await world.conversation()
    await world.db.write(
        lambda tx: ratings.rate_step(tx, stranger.id, found.id, 1, now=world.clock.now())
    )
    assert (await of_ticket(world, ticket_id)).score is None


async def test_nothing_is_said_to_a_customer_whom_a_person_has_again(
    world: World, ratings: Ratings
) -> None:
    ticket_id, conversation_id = await resolved(world)
    world.clock.advance(QUIET)
    await ratings.sweep()
    await world.desk.reopen(ticket_id, world.ana)
    count = len(await world.messages(conversation_id))
    await rate(world, ratings, await of_ticket(world, ticket_id), 2)
    assert (await of_ticket(world, ticket_id)).score == 2
    assert len(await world.messages(conversation_id)) == count


async def test_settings_rule(world: World, ratings: Ratings) -> None:
    await ratings.save_settings(Settings(delay_minutes=2, bot=False), world.sofia)
    ticket_id, _ = await resolved(world)
    world.clock.advance(timedelta(minutes=2))
    assert await ratings.sweep() == 1
    assert (await of_ticket(world, ticket_id)).state is State.ASKED


async def test_an_erasure_leaves_the_score(world: World, ratings: Ratings) -> None:
    opened, conversation_id = await world.hand_off()

    def choose(tx: Tx) -> None:
        world.desk.choose_step(tx, conversation_id, Button.LEAVE, now=world.clock.now())
        world.desk.mail_step(tx, conversation_id, "ana@example.com", now=world.clock.now())

    await world.db.write(choose)
    await world.desk.claim(opened.ticket_id, world.ana)
    await world.desk.resolve(opened.ticket_id, world.ana)
    world.clock.advance(QUIET)
    await ratings.sweep()
    found = await of_ticket(world, opened.ticket_id)
    await rate(world, ratings, found, 1)
    await world.db.write(
        lambda tx: ratings.comment_step(
            tx, conversation_id, found.id, "I am Ana Lima", now=world.clock.now()
        )
    )
    await world.db.write(
        lambda tx: conversations.append(
            tx, conversation_id, [Draft(Author.CUSTOMER, "bye")], now=world.clock.now()
        )
    )

    def export(tx: Tx) -> dict[str, list[dict[str, Any]]]:
        return privacy.read_all(tx.conn, privacy.collect(tx.conn, found.contact_id))

    rows = await world.db.write(export)
    assert rows["feedback"][0]["comment"] == "I am Ana Lima"
    assert rows["ticket_waits"][0]["mail_to"] == "ana@example.com"
    await world.db.write(
        lambda tx: privacy.erase_conversation(tx, conversation_id, now=world.clock.now())
    )
    erased = await of_ticket(world, opened.ticket_id)
    assert (erased.score, erased.comment) == (1, None)
    waiting = await world.db.read(lambda conn: informing.find(conn, opened.ticket_id))
    assert waiting.mail_to is None
