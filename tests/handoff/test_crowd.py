"""Everybody at once on the same few conversations: nothing is lost, nobody waits for ever."""

import asyncio
import random
from collections import Counter
from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any

from bot.conversations.conversation import Owner
from bot.kit.errors import Conflict, Forbidden, Invalid, NotFound
from bot.kit.ids import new_id
from bot.staff.account import Staff
from bot.staff.audit import first_broken_row
from handoff import repository
from handoff.ticket import OPEN, Escalation, owner_in
from tests.handoff.world import World

Doing = Callable[[World, str, Staff], Coroutine[Any, Any, Any]]
ACTS: list[Doing] = [
    lambda w, t, me: w.desk.claim(t, me),
    lambda w, t, me: w.desk.reply(t, me, client_id=new_id(), text="hi"),
    lambda w, t, me: w.desk.transfer(t, me, queue="billing", reason="r"),
    lambda w, t, me: w.desk.transfer(t, me, assignee=me.id, reason="r"),
    lambda w, t, me: w.desk.escalate(t, me, kind=Escalation.FUNCTIONAL, to="N3", reason="r"),
    lambda w, t, me: w.desk.return_down(t, me, reason="r"),
    lambda w, t, me: w.desk.wait(t, me, third_party=False),
    lambda w, t, me: w.desk.resolve(t, me, text="bye"),
    lambda w, t, me: w.desk.reopen(t, me),
]


async def test_customers_and_agents_do_not_get_into_each_others_way(world: World) -> None:
    conversations = [await world.conversation() for _ in range(4)]
    ids = [conversation.id for conversation in conversations]
    tickets = {c.id: (await world.hand_off(c))[0].ticket_id for c in conversations}
    people = [world.ana, world.bruno, world.nina, world.sofia]
    written: Counter[str] = Counter()

    async def customer(conversation_id: str) -> None:
        for n in range(12):
            await world.says(conversation_id, f"message {n}")
            written[conversation_id] += 1

    async def agent(n: int) -> None:
        chance = random.Random(n)
        staff = people[n % len(people)]
        for _ in range(15):
            ticket = tickets[chance.choice(ids)]
            act = chance.choice(ACTS)
            try:
                await act(world, ticket, staff)
            except (Conflict, Forbidden, Invalid, NotFound):
                continue

    async with asyncio.timeout(120):
        await asyncio.gather(*(customer(c) for c in ids), *(agent(n) for n in range(8)))
    for conversation_id in ids:
        conversation = await world.now(conversation_id)
        messages = await world.messages(conversation_id)
        assert [m.seq for m in messages] == list(range(1, conversation.last_seq + 1))
        said = [m.text for m in messages if m.author.value == "customer"]
        assert said == [f"message {n}" for n in range(written[conversation_id])]
        ticket = await world.ticket(tickets[conversation_id])
        assert owner_in(ticket.state) is conversation.owner
        assert (ticket.state in OPEN) == (conversation.owner is not Owner.BOT)
        events = await world.db.read(partial(repository.list_events, ticket_id=ticket.id))
        epochs = [event.epoch for event in events]
        assert epochs == sorted(epochs)
        assert epochs[-1] == conversation.owner_epoch
    assert await world.db.read(first_broken_row) is None
