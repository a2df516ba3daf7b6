"""Taking work by hand: what "claim next" offers first, and that each ticket has one winner."""

import asyncio
import random
from collections import Counter
from datetime import timedelta

import pytest
import sqlalchemy as sa

from bot.kit.db import Tx
from bot.kit.errors import Conflict
from bot.staff.account import Staff
from handoff.tables import QueueRow, TicketRow
from handoff.ticket import Reason, TicketState
from handoff.work.matching import levels_in_order
from tests.handoff.work.conftest import Shift

pytestmark = pytest.mark.timeout(240)


async def opened(shift: Shift, *, locale: str = "en", reason: Reason | None = None) -> str:
    shift.passes(1)
    conversation = await shift.conversation(locale=locale)
    given, _ = await shift.hand_off(conversation, reason=reason or Reason.CUSTOMER_ASKED)
    return given.ticket_id


async def due(shift: Shift, ticket_id: str, minutes: int) -> None:
    at = shift.clock.now() + timedelta(minutes=minutes)

    def step(tx: Tx) -> None:
        tx.conn.execute(sa.update(TicketRow).where(TicketRow.id == ticket_id).values(due_at=at))

    await shift.db.write(step)


async def taken(shift: Shift, staff: Staff, **where: str) -> str | None:
    detail = await shift.desk.claim_next(staff, **where)
    return detail.listed.ticket.id if detail else None


async def test_priority_then_what_is_due_first_then_the_longest_in_line(shift: Shift) -> None:
    oldest = await opened(shift)
    later = await opened(shift)
    overdue = await opened(shift)
    soon = await opened(shift)
    urgent = await opened(shift, reason=Reason.ACTION_FAILED)
    await due(shift, overdue, -5)
    await due(shift, soon, 5)
    detail = await shift.desk.get_ticket(oldest, shift.ana)
    assert detail.position == 4, "the place customers are told is the order of claiming"
    line = [await taken(shift, shift.ana) for _ in range(6)]
    assert line == [urgent, overdue, soon, oldest, later, None]


async def test_specialists_are_offered_the_own_level_first(shift: Shift) -> None:
    easy = await opened(shift, reason=Reason.ACTION_FAILED)
    deep = await opened(shift)
    await shift.desk.transfer(deep, shift.sofia, queue="technical", reason="cables")
    assert await taken(shift, shift.nina) == deep
    assert await taken(shift, shift.nina) == easy
    assert levels_in_order(shift.nina) == (("N3",), ("N2",), ("N1",))
    assert len(levels_in_order(shift.sofia)) == 1, "supervisors go by urgency alone"


async def test_own_languages_first_then_any(shift: Shift) -> None:
    english = await opened(shift, reason=Reason.ACTION_FAILED)
    spanish = await opened(shift, locale="es")
    await shift.can(shift.ana, languages=("es",))
    assert await taken(shift, shift.ana) == spanish
    assert await taken(shift, shift.ana) == english


async def test_only_queues_whose_skills_one_has_unless_one_names_the_queue(shift: Shift) -> None:
    queue = await shift.queue("support")

    def step(tx: Tx) -> None:
        tx.conn.execute(
            sa.update(QueueRow).where(QueueRow.id == queue.id).values(skills=["refunds"])
        )

    await shift.db.write(step)
    first, second = await opened(shift), await opened(shift)
    assert await taken(shift, shift.ana) is None
    assert await taken(shift, shift.ana, queue="support") == first
    await shift.can(shift.ana, skills=("refunds", "returns"))
    assert await taken(shift, shift.ana) == second


async def test_hundreds_of_contested_claims_have_one_winner_each(shift: Shift) -> None:
    people = [shift.ana, shift.bruno, shift.nina, shift.sofia]
    line = [await opened(shift) for _ in range(120)]
    won: Counter[str] = Counter()
    told: Counter[str] = Counter()

    async def take_all(staff: Staff) -> None:
        order = random.Random(staff.name).sample(line, len(line))
        for ticket_id in order:
            try:
                await shift.desk.claim(ticket_id, staff)
            except Conflict as lost:
                told[f"{ticket_id} {lost.code}"] += 1
            else:
                won[ticket_id] += 1

    await asyncio.gather(*(take_all(staff) for staff in people))
    assert won == Counter(line)
    assert told == {f"{ticket_id} already_claimed": len(people) - 1 for ticket_id in line}
    for ticket_id in line:
        ticket = await shift.ticket(ticket_id)
        assert ticket.state is TicketState.CLAIMED
        assert (await shift.kinds(ticket_id)).count("claimed") == 1
        conversation = await shift.now(ticket.conversation_id)
        assert conversation.owner.value == "agent"


async def test_everybody_asking_for_the_next_empties_the_line_once(shift: Shift) -> None:
    line = [await opened(shift) for _ in range(40)]
    people = [shift.ana, shift.bruno, shift.nina, shift.sofia]

    async def work(staff: Staff) -> list[str]:
        got = []
        while ticket_id := await taken(shift, staff):
            got.append(ticket_id)
        return got

    found = await asyncio.gather(*(work(staff) for staff in people))
    assert sorted(one for got in found for one in got) == sorted(line)
