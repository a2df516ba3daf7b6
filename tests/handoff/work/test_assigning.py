"""Tickets given out by themselves: to whom, when, what follows when nobody accepts; on both stores."""

import asyncio

import pytest
import sqlalchemy as sa

from bot.kit.errors import Conflict, Invalid
from bot.mail.tables import MailRow
from bot.staff.account import Role
from handoff.ticket import Reason
from handoff.work.matching import Mode
from handoff.work.presence import Presence
from handoff.work.service import Work
from tests.handoff.work.conftest import Shift

pytestmark = pytest.mark.timeout(120)


async def given(shift: Shift, count: int = 1, *, locale: str = "en") -> list[str | None]:
    """Hand over so many conversations, give out, and return who got them, in order."""
    opened = []
    for _ in range(count):
        conversation = await shift.conversation(locale=locale)
        opened.append((await shift.hand_off(conversation))[0].ticket_id)
        shift.passes(1)
    await shift.work.drain()
    return [await shift.assignee(ticket_id) for ticket_id in opened]


async def test_nothing_is_given_out_unless_a_queue_says_so(shift: Shift) -> None:
    await shift.there(shift.ana)
    assert await given(shift) == [None]
    await shift.gives_out()
    assert await shift.work.drain() == 1
    await shift.gives_out(mode=Mode.OFF)
    assert await given(shift) == [None]


async def test_the_least_loaded_gets_the_next_one(shift: Shift) -> None:
    await shift.gives_out()
    await shift.there(shift.ana, shift.bruno)
    busy, _ = await shift.hand_off()
    await shift.desk.claim(busy.ticket_id, shift.ana)
    assert await given(shift, 1) == ["bruno"]
    assert set(await given(shift, 2)) == {"ana", "bruno"}


async def test_everybody_in_turn(shift: Shift) -> None:
    await shift.gives_out(mode=Mode.ROUND_ROBIN)
    await shift.there(shift.ana, shift.bruno)
    got = await given(shift, 4)
    assert got[0] != got[1]
    assert got[:2] == got[2:]


async def test_only_who_is_online_below_capacity_and_willing(shift: Shift) -> None:
    await shift.gives_out()
    await shift.there(shift.ana, shift.bruno)
    await shift.is_now(shift.ana, Presence.AWAY)
    await shift.can(shift.bruno, capacity=2)
    assert await given(shift, 3) == ["bruno", "bruno", None]
    await shift.can(shift.ana, automatic=False)
    await shift.is_now(shift.ana, Presence.ONLINE)
    assert await shift.work.drain() == 0
    await shift.can(shift.ana)
    assert await shift.work.drain() == 1


async def test_supervisors_take_only_what_they_choose(shift: Shift) -> None:
    await shift.gives_out()
    await shift.there(shift.sofia)
    assert await given(shift) == [None]
    await shift.can(shift.sofia)
    assert await shift.work.drain() == 1


async def test_the_most_urgent_goes_first_when_somebody_is_free_again(shift: Shift) -> None:
    await shift.gives_out()
    await shift.can(shift.ana, capacity=1)
    await shift.there(shift.ana)
    working, _ = await shift.hand_off()
    await shift.work.drain()
    later, _ = await shift.hand_off()
    urgent, _ = await shift.hand_off(reason=Reason.ACTION_FAILED)
    assert await shift.work.drain() == 0

    await shift.desk.wait(working.ticket_id, shift.ana, third_party=False)
    assert await shift.work.drain() == 1
    assert await shift.assignee(urgent.ticket_id) == "ana"
    await shift.desk.resolve(urgent.ticket_id, shift.ana)
    assert await shift.work.drain() == 1
    assert await shift.assignee(later.ticket_id) == "ana"


async def test_level_skills_and_languages(shift: Shift) -> None:
    await shift.gives_out()
    await shift.gives_out("technical")
    await shift.there(shift.nina)
    assert await given(shift) == ["nina"], "nobody of the level is there"
    await shift.there(shift.ana, shift.bruno)
    await shift.can(shift.ana, languages=("pt-BR",))
    await shift.can(shift.bruno, languages=("es",))
    assert await given(shift, locale="es") == ["bruno"]
    assert await given(shift, locale="pt-BR") == ["ana"]
    assert await given(shift, locale="en") == ["nina"], "a language is worth more than the level"
    await shift.can(shift.nina, languages=("pt-BR",))
    assert (await given(shift, locale="en"))[0] in {"ana", "bruno"}, "rather than nobody"

    deep, _ = await shift.hand_off()
    await shift.desk.transfer(deep.ticket_id, shift.sofia, queue="technical", reason="cables")
    await shift.is_now(shift.nina, Presence.AWAY)
    assert await shift.work.drain() == 0, "N2 people don't take what N3 people do"


async def test_who_served_the_customer_last_is_asked_first(shift: Shift) -> None:
    await shift.gives_out()
    await shift.there(shift.ana, shift.bruno)
    for name in ("ana", "bruno"):
        first, conversation_id = await shift.hand_off()
        person = shift.staff[name]
        await shift.desk.claim(first.ticket_id, person)
        await shift.desk.resolve(first.ticket_id, person)
        again, _ = await shift.hand_off(await shift.now(conversation_id))
        await shift.work.drain()
        assert await shift.assignee(again.ticket_id) == name
        assert ("auto_assigned", "work:last_agent") in await shift.reasons(again.ticket_id)


async def test_nobody_gets_more_than_is_fair(shift: Shift) -> None:
    await shift.gives_out(fair_limit=1)
    await shift.there(shift.ana)
    assert await given(shift, 2) == ["ana", None]
    shift.passes(3_600)
    await shift.there(shift.ana)
    await shift.work.sweep()
    assert await shift.work.drain() >= 1


async def test_what_is_not_accepted_in_time_goes_to_somebody_else(shift: Shift) -> None:
    await shift.gives_out()
    await shift.there(shift.ana, shift.bruno)
    opened, conversation_id = await shift.hand_off()
    place = (await shift.ticket(opened.ticket_id)).queued_at
    await shift.work.drain()
    first = await shift.assignee(opened.ticket_id)
    assert first is not None
    assert "utter_ticket_claimed" not in await shift.told(conversation_id)
    mine = await shift.work.mine(shift.staff[first])
    assert [offer.ticket_id for offer in mine.offers] == [opened.ticket_id]

    for _ in range(3):
        shift.passes(39)
        await shift.there(shift.ana, shift.bruno)
        assert await shift.work.sweep() == 0
    shift.passes(4)
    assert await shift.work.sweep() == 1
    assert await shift.work.sweep() == 0
    ticket = await shift.ticket(opened.ticket_id)
    assert (ticket.state.value, ticket.queued_at) == ("queued", place)
    name = shift.staff[first].name
    assert ("assignment_missed", f"work:missed:{name}") in await shift.reasons(ticket.id)
    assert await shift.work.drain() == 1
    second = await shift.assignee(opened.ticket_id)
    assert second not in {None, first}
    assert await mails(shift) == []

    for _ in range(3):
        shift.passes(41)
        await shift.there(shift.ana, shift.bruno)
    assert await shift.work.sweep() == 1
    assert await shift.work.drain() == 0, "both were asked"
    assert await mails(shift) == [("sofia@example.com", f"{opened.number}: nobody accepts it")]
    board = await shift.work.board()
    assert [(one.number, one.missed) for one in board.at_risk] == [(opened.number, 2)]
    # The customer heard of none of this, and everybody may still take it.
    assert await shift.told(conversation_id) == ["utter_handoff"]
    await shift.desk.claim(opened.ticket_id, shift.ana)


async def mails(shift: Shift) -> list[tuple[str, str]]:
    def query(conn: sa.Connection) -> list[tuple[str, str]]:
        rows = conn.execute(
            sa.select(MailRow.to_address, MailRow.subject).order_by(MailRow.subject)
        )
        return [(row.to_address, row.subject) for row in rows]

    return await shift.db.read(query)


async def test_accepting_and_answering_both_stop_the_timer(shift: Shift) -> None:
    await shift.gives_out()
    await shift.there(shift.ana)
    accepted, talk = await shift.hand_off()
    answered, other = await shift.hand_off()
    noted, _ = await shift.hand_off()
    assert await shift.work.drain() == 3
    await shift.work.accept(accepted.ticket_id, shift.ana)
    await shift.work.accept(accepted.ticket_id, shift.ana)
    await shift.desk.reply(answered.ticket_id, shift.ana, client_id="1", text="Hello!")
    await shift.desk.note(noted.ticket_id, shift.ana, text="Looking into it")
    assert (await shift.told(talk)).count("utter_ticket_claimed") == 1
    assert "utter_ticket_claimed" not in await shift.told(other)
    for _ in range(3):
        shift.passes(50)
        await shift.there(shift.ana)
    await shift.work.sweep()
    for ticket_id in (accepted.ticket_id, answered.ticket_id, noted.ticket_id):
        assert await shift.assignee(ticket_id) == "ana"
    with pytest.raises(Conflict, match="not yours"):
        await shift.work.accept(accepted.ticket_id, shift.bruno)


async def test_giving_back_keeps_the_place_and_says_why(shift: Shift) -> None:
    first, conversation_id = await shift.hand_off()
    shift.passes(60)
    await shift.hand_off()
    await shift.desk.claim(first.ticket_id, shift.ana)
    with pytest.raises(Invalid, match="reason"):
        await shift.work.give_back(first.ticket_id, shift.ana, reason=" ")
    with pytest.raises(Conflict, match="not yours"):
        await shift.work.give_back(first.ticket_id, shift.bruno, reason="mine?")
    detail = await shift.work.give_back(first.ticket_id, shift.ana, reason="I must leave")
    assert (detail.listed.ticket.state.value, detail.position) == ("queued", 1)
    assert ("given_back", "I must leave") in await shift.reasons(first.ticket_id)
    assert (await shift.told(conversation_id))[-2:] == [
        "utter_ticket_claimed",
        "utter_ticket_back_in_line",
    ]
    with pytest.raises(Conflict, match="waits in its queue already"):
        await shift.work.give_back(first.ticket_id, shift.ana, reason="again")


async def test_what_was_offered_is_given_back_quietly_and_not_offered_again(shift: Shift) -> None:
    await shift.gives_out()
    await shift.there(shift.ana)
    opened, conversation_id = await shift.hand_off()
    await shift.work.drain()
    await shift.work.give_back(opened.ticket_id, shift.ana, reason="not my field")
    assert await shift.work.drain() == 0
    assert await shift.told(conversation_id) == ["utter_handoff"]


async def test_two_gateways_give_each_ticket_once_and_nobody_too_much(shift: Shift) -> None:
    await shift.gives_out()
    await shift.there(shift.ana, shift.bruno)
    await shift.can(shift.ana, capacity=7)
    await shift.can(shift.bruno, capacity=6)
    opened = [(await shift.hand_off())[0].ticket_id for _ in range(20)]
    other = Work(shift.db, shift.clock, shift.desk, shift.work._texts, public_url=lambda: "")
    counts = await asyncio.gather(*(work.drain() for work in (shift.work, other) * 4))
    assert sum(counts) == 13
    owners = [await shift.assignee(ticket_id) for ticket_id in opened]
    assert (owners.count("ana"), owners.count("bruno"), owners.count(None)) == (7, 6, 7)
    for ticket_id in opened[:13]:
        assert (await shift.kinds(ticket_id)).count("auto_assigned") == 1


async def test_settings_somebody_else_changed_are_not_overwritten(shift: Shift) -> None:
    await shift.gives_out()
    queue = await shift.queue("support")
    stale = (await shift.work.list_settings())[0].settings
    with pytest.raises(Conflict, match="in the meantime"):
        await shift.work.save_settings(
            stale.__class__(queue.id, Mode.ROUND_ROBIN), staff=shift.sofia
        )


async def test_a_person_hired_meanwhile_is_given_work(shift: Shift) -> None:
    await shift.gives_out()
    assert await given(shift) == [None]
    clara = await shift.hire("Clara Dias", role=Role.AGENT, level="N2")
    await shift.there(clara)
    assert await shift.work.drain() == 1
