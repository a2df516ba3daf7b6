"""Who is there; what becomes of the work of who is not there any more. On both stores."""

import asyncio

import pytest

from handoff.work.presence import Presence
from tests.handoff.work.conftest import Shift

pytestmark = pytest.mark.timeout(120)


async def test_an_open_console_makes_one_online_and_a_reload_changes_nothing(shift: Shift) -> None:
    async def ana() -> Presence:
        return (await shift.person(shift.ana)).presence

    assert await ana() is Presence.OFFLINE
    assert (await shift.work.beat(shift.ana, active=True)).presence is Presence.ONLINE
    shift.passes(60)
    assert await ana() is Presence.ONLINE
    shift.passes(1)
    assert await ana() is Presence.OFFLINE
    await shift.there(shift.ana)
    assert await ana() is Presence.ONLINE


async def test_away_and_offline_by_hand_outlast_an_open_console(shift: Shift) -> None:
    await shift.there(shift.ana)
    for chosen in (Presence.AWAY, Presence.OFFLINE, Presence.ONLINE):
        await shift.is_now(shift.ana, chosen)
        shift.passes(30)
        assert (await shift.work.beat(shift.ana, active=False)).presence is chosen


async def test_what_the_vanished_has_not_answered_waits_again_in_its_place(shift: Shift) -> None:
    await shift.there(shift.ana)
    unanswered, silent_talk = await shift.hand_off()
    answered, _ = await shift.hand_off()
    aside, _ = await shift.hand_off()
    for opened in (unanswered, answered, aside):
        await shift.desk.claim(opened.ticket_id, shift.ana)
    place = (await shift.ticket(unanswered.ticket_id)).queued_at
    await shift.desk.reply(answered.ticket_id, shift.ana, client_id="1", text="One moment")
    await shift.desk.wait(aside.ticket_id, shift.ana, third_party=True)
    shift.passes(59)
    assert await shift.work.sweep() == 0
    shift.passes(2)
    assert await shift.work.sweep() == 1
    assert await shift.work.sweep() == 0, "once"

    back = await shift.ticket(unanswered.ticket_id)
    assert (back.state.value, back.assignee_id, back.queued_at) == ("queued", None, place)
    assert ("moved", "work:left:Ana Souza") in await shift.reasons(back.id)
    assert (await shift.told(silent_talk)).count("utter_ticket_back_in_line") == 1
    kept = await shift.ticket(answered.ticket_id)
    assert kept.assignee_id == shift.ana.id
    assert (await shift.kinds(kept.id))[-1] == "assignee_left"
    assert (await shift.kinds(aside.ticket_id))[-1] == "waiting_third_party"
    board = await shift.work.board()
    assert [one.number for one in board.at_risk] == [answered.number]

    await shift.there(shift.ana)
    assert (await shift.work.board()).at_risk == []
    shift.passes(61)
    assert await shift.work.sweep() == 1, "she vanished a second time"


async def test_going_offline_by_hand_is_the_same_after_a_minute(shift: Shift) -> None:
    await shift.there(shift.ana)
    opened, _ = await shift.hand_off()
    await shift.desk.claim(opened.ticket_id, shift.ana)
    await shift.is_now(shift.ana, Presence.OFFLINE)
    await shift.there(shift.ana)
    assert await shift.work.sweep() == 0
    for _ in range(2):
        shift.passes(31)
        await shift.there(shift.ana)
    assert await shift.work.sweep() == 1
    assert await shift.assignee(opened.ticket_id) is None


async def test_who_went_offline_and_comes_back_another_day_is_online(shift: Shift) -> None:
    await shift.there(shift.ana)
    await shift.is_now(shift.ana, Presence.OFFLINE)
    shift.passes(12 * 3_600)
    assert (await shift.work.beat(shift.ana, active=False)).presence is Presence.OFFLINE
    shift.passes(12 * 3_600)
    assert (await shift.work.beat(shift.ana, active=True)).presence is Presence.ONLINE


async def test_the_away_keep_their_work(shift: Shift) -> None:
    await shift.there(shift.ana)
    opened, _ = await shift.hand_off()
    await shift.desk.claim(opened.ticket_id, shift.ana)
    await shift.is_now(shift.ana, Presence.AWAY)
    for _ in range(4):
        shift.passes(31)
        await shift.there(shift.ana)
    assert await shift.work.sweep() == 0
    assert await shift.assignee(opened.ticket_id) == "ana"


async def test_who_works_without_the_console_never_vanishes(shift: Shift) -> None:
    opened, _ = await shift.hand_off()
    await shift.desk.claim(opened.ticket_id, shift.ana)
    shift.passes(3_600)
    assert await shift.work.sweep() == 0
    assert await shift.assignee(opened.ticket_id) == "ana"


async def test_two_gateways_notice_somebody_leaving_once(shift: Shift) -> None:
    await shift.there(shift.ana)
    opened = [(await shift.hand_off())[0].ticket_id for _ in range(4)]
    for ticket_id in opened:
        await shift.desk.claim(ticket_id, shift.ana)
    shift.passes(61)
    assert sum(await asyncio.gather(*(shift.work.sweep() for _ in range(6)))) == 1
    for ticket_id in opened:
        assert (await shift.kinds(ticket_id)).count("moved") == 1
