"""What agents do with tickets, and what the customer hears of it."""

import asyncio
from datetime import timedelta

import pytest
import sqlalchemy as sa

from bot.conversations.conversation import Author, Owner
from bot.kit.errors import Conflict, Forbidden, Invalid, NotFound
from bot.kit.ids import new_id
from bot.staff import repository as staff_repository
from bot.staff.audit import first_broken_row
from bot.staff.tables import AuditRow
from handoff import repository
from handoff.ticket import Escalation, Priority, TicketState
from tests.handoff.world import World


async def test_a_hundred_tickets_and_eight_claimers_one_winner_each(world: World) -> None:
    for _ in range(100):
        await world.hand_off()
    agents = [await world.hire(f"Agent{n} X", level="N2") for n in range(8)]
    ids = [row.ticket.id for row in (await world.desk.list_tickets(world.sofia, limit=200))[0]]
    assert len(ids) == 100
    winners: dict[str, list[str]] = {ticket_id: [] for ticket_id in ids}
    losers: list[tuple[str, Conflict]] = []

    async def take_all(n: int) -> None:
        for ticket_id in ids:
            try:
                await world.desk.claim(ticket_id, agents[n])
                winners[ticket_id].append(agents[n].id)
            except Conflict as error:
                losers.append((ticket_id, error))

    await asyncio.gather(*(take_all(n) for n in range(8)))
    assert all(len(won) == 1 for won in winners.values())
    assert len(losers) == 700
    names = {agent.id: agent.name for agent in agents}
    for ticket_id, error in losers:
        (winner,) = winners[ticket_id]
        assert error.code == "already_claimed"
        assert error.extra["assignee"] == {"id": winner, "name": names[winner]}
    for ticket_id, (winner,) in winners.items():
        ticket = await world.ticket(ticket_id)
        assert (ticket.state, ticket.assignee_id) == (TicketState.CLAIMED, winner)
        conversation = await world.now(ticket.conversation_id)
        assert (conversation.owner, conversation.owner_epoch) == (Owner.AGENT, 3)
        assert (await world.kinds(ticket_id)).count("claimed") == 1
    assert await world.db.read(first_broken_row) is None


async def test_claim_next_gives_each_agent_another_ticket(world: World) -> None:
    for _ in range(12):
        await world.hand_off()
    agents = [await world.hire(f"Agent{n} X", level="N2") for n in range(8)]
    got = await asyncio.gather(*(world.desk.claim_next(agent) for agent in agents))
    ids = {detail.listed.ticket.id for detail in got if detail}
    assert len(ids) == 8


async def test_claim_next_takes_the_most_urgent_then_the_longest_waiting(world: World) -> None:
    first, _ = await world.hand_off()
    world.clock.advance(timedelta(minutes=1))
    second, _ = await world.hand_off()
    world.clock.advance(timedelta(minutes=1))
    urgent, _ = await world.hand_off()
    await world.desk.set_priority(urgent.ticket_id, world.sofia, priority=Priority.URGENT)
    order = []
    while (detail := await world.desk.claim_next(world.ana)) is not None:
        order.append(detail.listed.ticket.id)
    assert order == [urgent.ticket_id, first.ticket_id, second.ticket_id]


async def test_claim_next_respects_the_level_and_the_queue(world: World) -> None:
    deep, _ = await world.hand_off(topic="orders")
    await world.desk.escalate(
        deep.ticket_id, world.sofia, kind=Escalation.FUNCTIONAL, to="N3", reason="carrier"
    )
    assert await world.desk.claim_next(world.ana) is None
    assert await world.desk.claim_next(world.nina, queue="technical") is None
    detail = await world.desk.claim_next(world.nina, queue="logistics")
    assert detail is not None
    assert detail.listed.ticket.id == deep.ticket_id


async def test_the_customer_hears_who_took_it(world: World) -> None:
    opened, conversation_id = await world.hand_off()
    detail = await world.desk.claim(opened.ticket_id, world.ana)
    assert detail.listed.ticket.state is TicketState.CLAIMED
    last = (await world.messages(conversation_id))[-1]
    assert (last.author, last.text) == (Author.SYSTEM, "utter_ticket_claimed [en] name=Ana")
    again = await world.desk.claim(opened.ticket_id, world.ana)
    assert again.listed.ticket.assignee_id == world.ana.id
    assert len(await world.messages(conversation_id)) == 2


async def test_a_reply_is_said_once_however_often_it_is_sent(world: World) -> None:
    opened, conversation_id = await world.hand_off()
    await world.desk.claim(opened.ticket_id, world.ana)
    client_id = new_id()
    sent = await asyncio.gather(
        *(
            world.desk.reply(opened.ticket_id, world.ana, client_id=client_id, text="Hello!")
            for _ in range(5)
        )
    )
    assert len({message.id for message in sent}) == 1
    said = [m for m in await world.messages(conversation_id) if m.author is Author.AGENT]
    assert [(m.text, m.author_name, m.staff_id) for m in said] == [
        ("Hello!", "Ana Souza", world.ana.id)
    ]
    with pytest.raises(Invalid) as refused:
        await world.desk.reply(opened.ticket_id, world.ana, client_id=client_id, text="Other")
    assert refused.value.code == "client_id_reused"
    ticket = await world.ticket(opened.ticket_id)
    assert ticket.first_reply_at == world.clock.now()
    assert ticket.waited_seconds(world.clock.now()) == 0


async def test_nobody_replies_to_a_ticket_that_is_not_theirs(world: World) -> None:
    opened, conversation_id = await world.hand_off()
    with pytest.raises(Conflict):
        await world.desk.reply(opened.ticket_id, world.ana, client_id=new_id(), text="Hi")
    await world.desk.claim(opened.ticket_id, world.ana)
    with pytest.raises(Conflict) as refused:
        await world.desk.reply(opened.ticket_id, world.bruno, client_id=new_id(), text="Hi")
    assert refused.value.code == "stale"
    assert refused.value.extra["assignee"] == {"id": world.ana.id, "name": "Ana Souza"}
    await world.desk.reply(opened.ticket_id, world.sofia, client_id=new_id(), text="Let me help")
    said = [m for m in await world.messages(conversation_id) if m.author is Author.AGENT]
    assert [m.author_name for m in said] == ["Sofia Reis"]
    assert (await world.ticket(opened.ticket_id)).assignee_id == world.ana.id


async def test_the_wait_counts_from_the_first_unanswered_message(world: World) -> None:
    opened, conversation_id = await world.hand_off()
    world.clock.advance(timedelta(minutes=2))
    await world.desk.claim(opened.ticket_id, world.ana)
    assert (await world.ticket(opened.ticket_id)).waited_seconds(world.clock.now()) == 120
    await world.desk.reply(opened.ticket_id, world.ana, client_id=new_id(), text="Which order?")
    world.clock.advance(timedelta(minutes=5))
    await world.says(conversation_id, "AUR-10023")
    world.clock.advance(timedelta(minutes=1))
    await world.says(conversation_id, "hello?")
    world.clock.advance(timedelta(minutes=1))
    assert (await world.ticket(opened.ticket_id)).waited_seconds(world.clock.now()) == 120


async def test_after_a_transfer_the_old_agent_can_no_longer_reply(world: World) -> None:
    opened, conversation_id = await world.hand_off(topic="orders")
    await world.desk.claim(opened.ticket_id, world.ana)
    epoch = (await world.now(conversation_id)).owner_epoch
    detail = await world.desk.transfer(
        opened.ticket_id, world.ana, queue="billing", reason="about an invoice"
    )
    ticket = detail.listed.ticket
    assert (ticket.state, ticket.queue_key, ticket.assignee_id) == (
        TicketState.QUEUED,
        "billing",
        None,
    )
    conversation = await world.now(conversation_id)
    assert (conversation.owner, conversation.owner_epoch) == (Owner.QUEUE, epoch + 1)
    with pytest.raises(Conflict) as refused:
        await world.desk.reply(opened.ticket_id, world.ana, client_id=new_id(), text="wait")
    assert refused.value.code == "stale"
    last = (await world.messages(conversation_id))[-1]
    assert last.text.startswith("utter_ticket_moved [en]")
    assert "queue=Billing" in last.text


async def test_a_ticket_given_to_a_person_is_theirs_at_once(world: World) -> None:
    opened, conversation_id = await world.hand_off()
    await world.desk.claim(opened.ticket_id, world.ana)
    await world.desk.transfer(
        opened.ticket_id, world.ana, assignee=world.bruno.id, reason="my shift ends"
    )
    await world.desk.reply(opened.ticket_id, world.bruno, client_id=new_id(), text="Bruno here")
    with pytest.raises(Conflict):
        await world.desk.reply(opened.ticket_id, world.ana, client_id=new_id(), text="still me")
    texts = [m.text for m in await world.messages(conversation_id)]
    assert texts[-2:] == ["utter_ticket_claimed [en] name=Bruno", "Bruno here"]


async def test_taking_over_is_for_supervisors(world: World) -> None:
    opened, _ = await world.hand_off()
    await world.desk.claim(opened.ticket_id, world.ana)
    with pytest.raises(Conflict):
        await world.desk.transfer(
            opened.ticket_id, world.bruno, assignee=world.bruno.id, reason="mine"
        )
    await world.desk.transfer(
        opened.ticket_id, world.sofia, assignee=world.sofia.id, reason="complaint"
    )
    assert (await world.ticket(opened.ticket_id)).assignee_id == world.sofia.id


@pytest.mark.parametrize("target", ["none", "both", "unknown", "auditor", "same"])
async def test_a_transfer_needs_one_place_that_exists(sqlite_world: World, target: str) -> None:
    world = sqlite_world
    opened, _ = await world.hand_off(topic="orders")
    await world.desk.claim(opened.ticket_id, world.ana)
    targets: dict[str, tuple[str | None, str | None]] = {
        "none": (None, None),
        "both": ("billing", world.bruno.id),
        "unknown": ("nowhere", None),
        "auditor": (None, world.otto.id),
        "same": (None, world.ana.id),
    }
    queue, assignee = targets[target]
    with pytest.raises(Invalid):
        await world.desk.transfer(
            opened.ticket_id, world.ana, queue=queue, assignee=assignee, reason="because"
        )
    with pytest.raises(Invalid) as refused:
        await world.desk.transfer(opened.ticket_id, world.ana, queue="billing", reason="  ")
    assert refused.value.code == "reason_missing"


async def test_functional_escalation_goes_to_the_team_that_knows(world: World) -> None:
    opened, conversation_id = await world.hand_off(topic="order_status")
    await world.desk.claim(opened.ticket_id, world.ana)
    detail = await world.desk.escalate(
        opened.ticket_id,
        world.ana,
        kind=Escalation.FUNCTIONAL,
        to="N3",
        reason="parcel is lost",
    )
    ticket = detail.listed.ticket
    assert (ticket.level, ticket.queue_key, ticket.state) == (
        "N3",
        "logistics",
        TicketState.QUEUED,
    )
    assert ticket.priority is Priority.NORMAL
    assert "level=N3" in (await world.messages(conversation_id))[-1].text
    # Who had it keeps sight of it, and works on it no more.
    seen = await world.desk.get_ticket(opened.ticket_id, world.ana)
    assert seen.listed.ticket.level == "N3"
    with pytest.raises(Conflict) as stale:
        await world.desk.reply(opened.ticket_id, world.ana, client_id=new_id(), text="hm")
    assert stale.value.code == "stale"
    with pytest.raises(Forbidden):
        await world.desk.claim(opened.ticket_id, world.ana)
    with pytest.raises(NotFound):
        await world.desk.get_ticket(opened.ticket_id, world.bruno)


async def test_returning_counts_bounces_and_goes_where_it_came_from(world: World) -> None:
    opened, _ = await world.hand_off(topic="billing")
    for bounce in (1, 2):
        await world.desk.claim(opened.ticket_id, world.ana)
        await world.desk.escalate(
            opened.ticket_id, world.ana, kind=Escalation.FUNCTIONAL, to="N3", reason="deep"
        )
        await world.desk.claim(opened.ticket_id, world.nina)
        detail = await world.desk.return_down(opened.ticket_id, world.nina, reason="see article 12")
        ticket = detail.listed.ticket
        assert (ticket.queue_key, ticket.level, ticket.bounce_count) == ("billing", "N2", bounce)
        assert ticket.state is TicketState.QUEUED
    await world.desk.claim(opened.ticket_id, world.ana)
    with pytest.raises(Invalid) as refused:
        await world.desk.return_down(opened.ticket_id, world.ana, reason="lower?")
    assert refused.value.code == "no_level_below"


async def test_a_ticket_keeps_its_place_when_it_is_passed_on(world: World) -> None:
    first, _ = await world.hand_off(topic="orders")
    world.clock.advance(timedelta(minutes=10))
    other, _ = await world.hand_off(topic="billing")
    await world.desk.claim(first.ticket_id, world.ana)
    world.clock.advance(timedelta(minutes=10))
    detail = await world.desk.transfer(
        first.ticket_id, world.ana, queue="billing", reason="invoice"
    )
    assert detail.position == 1
    behind = await world.desk.get_ticket(other.ticket_id, world.ana)
    assert behind.position == 2


async def test_hierarchical_escalation_keeps_the_level_and_raises_priority(world: World) -> None:
    opened, _ = await world.hand_off(topic="billing")
    await world.desk.claim(opened.ticket_id, world.ana)
    with pytest.raises(Invalid):
        await world.desk.escalate(
            opened.ticket_id,
            world.ana,
            kind=Escalation.HIERARCHICAL,
            to=world.bruno.id,
            reason="exception",
        )
    detail = await world.desk.escalate(
        opened.ticket_id,
        world.ana,
        kind=Escalation.HIERARCHICAL,
        to=world.sofia.id,
        reason="wants a refund beyond policy",
    )
    ticket = detail.listed.ticket
    assert (ticket.level, ticket.queue_key, ticket.priority) == ("N2", "billing", Priority.HIGH)
    assert ticket.assignee_id == world.sofia.id
    assert detail.events[-1].kind == "escalated_hierarchical"
    assert detail.events[-1].reason == "wants a refund beyond policy"


async def test_hierarchical_escalation_to_a_level_finds_its_supervisor(world: World) -> None:
    from bot.staff.account import Role

    thais = await world.hire("Thais Cruz", role=Role.SUPERVISOR, level="N3")
    opened, _ = await world.hand_off()
    await world.desk.claim(opened.ticket_id, world.ana)
    detail = await world.desk.escalate(
        opened.ticket_id, world.ana, kind=Escalation.HIERARCHICAL, to="N3", reason="outage"
    )
    assert detail.listed.ticket.assignee_id == thais.id


@pytest.mark.parametrize("state", ["waiting_customer", "waiting_third_party", "snoozed"])
async def test_a_ticket_put_aside_comes_back_when_the_customer_writes(
    world: World, state: str
) -> None:
    opened, conversation_id = await world.hand_off()
    await world.desk.claim(opened.ticket_id, world.ana)
    epoch = (await world.now(conversation_id)).owner_epoch
    if state == "snoozed":
        await world.desk.snooze(
            opened.ticket_id, world.ana, until=world.clock.now() + timedelta(hours=1)
        )
    else:
        await world.desk.wait(
            opened.ticket_id, world.ana, third_party=state == "waiting_third_party"
        )
    assert (await world.ticket(opened.ticket_id)).state == state
    await world.says(conversation_id, "here I am")
    ticket = await world.ticket(opened.ticket_id)
    assert (ticket.state, ticket.assignee_id) == (TicketState.CLAIMED, world.ana.id)
    assert ticket.wake_at is None
    assert (await world.kinds(opened.ticket_id))[-2:] == [state, "customer_replied"]
    assert (await world.now(conversation_id)).owner_epoch == epoch


async def test_a_snoozed_ticket_comes_back_at_its_time_once(world: World) -> None:
    opened, _ = await world.hand_off()
    await world.desk.claim(opened.ticket_id, world.ana)
    until = world.clock.now() + timedelta(hours=2)
    await world.desk.snooze(opened.ticket_id, world.ana, until=until, reason="call back")
    assert await world.desk.sweep() == 0
    world.clock.advance(timedelta(hours=2))
    assert await world.desk.sweep() == 1
    assert await world.desk.sweep() == 0
    assert (await world.ticket(opened.ticket_id)).state is TicketState.CLAIMED
    assert (await world.kinds(opened.ticket_id))[-1] == "woken"
    for wrong in (world.clock.now(), world.clock.now() + timedelta(days=91)):
        with pytest.raises(Invalid):
            await world.desk.snooze(opened.ticket_id, world.ana, until=wrong)


async def test_the_customer_hears_when_a_third_party_is_waited_for(world: World) -> None:
    opened, conversation_id = await world.hand_off()
    await world.desk.claim(opened.ticket_id, world.ana)
    await world.desk.wait(opened.ticket_id, world.ana, third_party=False)
    await world.desk.wait(opened.ticket_id, world.ana, third_party=True, reason="carrier")
    await world.desk.wait(opened.ticket_id, world.ana, third_party=True)
    heard = [m.text.split()[0] for m in await world.messages(conversation_id)]
    assert heard == [
        "utter_handoff",
        "utter_ticket_claimed",
        "utter_ticket_waiting_for_you",
        "utter_ticket_waiting",
    ]


async def test_last_words_come_before_the_closing_sentence_and_the_bot(world: World) -> None:
    conversation = await world.conversation()
    opened, _ = await world.hand_off(conversation)
    await world.desk.claim(opened.ticket_id, world.ana)
    before = await world.now(conversation.id)
    await world.desk.resolve(opened.ticket_id, world.ana, text="All done. Bye!")
    said = (await world.messages(conversation.id))[-2:]
    assert [(m.author, m.text) for m in said] == [
        (Author.AGENT, "All done. Bye!"),
        (Author.SYSTEM, f"utter_ticket_resolved [en] number={opened.number}"),
    ]
    assert all(m.owner_epoch == before.owner_epoch for m in said)
    after = await world.now(conversation.id)
    assert (after.owner, after.owner_epoch) == (Owner.BOT, before.owner_epoch + 1)
    assert (after.episode, after.ticket_id) == (before.episode + 1, None)
    assert await world.bot_says(conversation.id, "Hello again", epoch=after.owner_epoch)
    with pytest.raises(Conflict):
        await world.desk.reply(opened.ticket_id, world.ana, client_id=new_id(), text="and...")


async def test_resolving_twice_says_goodbye_once(world: World) -> None:
    opened, conversation_id = await world.hand_off()
    await world.desk.claim(opened.ticket_id, world.ana)
    await world.desk.resolve(opened.ticket_id, world.ana, text="Bye")
    await world.desk.resolve(opened.ticket_id, world.ana, text="Bye")
    assert [m.text for m in await world.messages(conversation_id)].count("Bye") == 1
    with pytest.raises(Conflict):
        await world.desk.resolve(opened.ticket_id, world.bruno)


async def test_a_customer_who_writes_after_the_end_talks_with_the_bot(world: World) -> None:
    opened, conversation_id = await world.hand_off()
    await world.desk.claim(opened.ticket_id, world.ana)
    await world.desk.resolve(opened.ticket_id, world.ana)
    await world.says(conversation_id, "one more thing")
    assert (await world.now(conversation_id)).owner is Owner.BOT
    assert (await world.ticket(opened.ticket_id)).state is TicketState.RESOLVED


async def test_reopening_takes_it_back_from_the_bot(world: World) -> None:
    opened, conversation_id = await world.hand_off()
    await world.desk.claim(opened.ticket_id, world.ana)
    await world.desk.resolve(opened.ticket_id, world.ana)
    bot_epoch = (await world.now(conversation_id)).owner_epoch
    await world.desk.reopen(opened.ticket_id, world.bruno, reason="forgot the voucher")
    ticket = await world.ticket(opened.ticket_id)
    assert (ticket.state, ticket.assignee_id) == (TicketState.CLAIMED, world.bruno.id)
    assert ticket.resolved_at is None
    assert not await world.bot_says(conversation_id, "an answer on its way", epoch=bot_epoch)
    assert (await world.messages(conversation_id))[-1].text.startswith("utter_ticket_reopened")


async def test_no_reopening_beside_a_newer_ticket_or_after_the_window(world: World) -> None:
    conversation = await world.conversation()
    first, _ = await world.hand_off(conversation)
    await world.desk.resolve(first.ticket_id, world.sofia)
    second, _ = await world.hand_off(conversation)
    with pytest.raises(Conflict) as refused:
        await world.desk.reopen(first.ticket_id, world.ana)
    assert refused.value.code == "newer_ticket"
    await world.desk.resolve(second.ticket_id, world.sofia)
    world.clock.advance(timedelta(days=7))
    assert await world.desk.sweep() == 2
    assert (await world.ticket(first.ticket_id)).state is TicketState.CLOSED
    with pytest.raises(Conflict):
        await world.desk.reopen(first.ticket_id, world.ana)
    with pytest.raises(Conflict):
        await world.desk.note(first.ticket_id, world.ana, text="too late")


async def test_tickets_of_a_closed_account_go_back_in_line(world: World) -> None:
    opened, conversation_id = await world.hand_off()
    await world.desk.claim(opened.ticket_id, world.ana)
    await world.db.write(
        lambda tx: staff_repository.disable(tx, world.ana.id, now=world.clock.now())
    )
    assert await world.desk.sweep() == 1
    ticket = await world.ticket(opened.ticket_id)
    assert (ticket.state, ticket.assignee_id) == (TicketState.QUEUED, None)
    assert (await world.now(conversation_id)).owner is Owner.QUEUE


async def test_giving_the_bot_the_conversation_without_a_person(world: World) -> None:
    opened, conversation_id = await world.hand_off()
    done = await world.db.write(
        lambda tx: world.desk.resume_bot(
            tx, conversation_id, reason="contact erased", now=world.clock.now()
        )
    )
    assert done
    assert (await world.now(conversation_id)).owner is Owner.BOT
    assert (await world.ticket(opened.ticket_id)).state is TicketState.RESOLVED
    assert not await world.db.write(
        lambda tx: world.desk.resume_bot(tx, conversation_id, reason="again", now=world.clock.now())
    )


async def test_notes_stay_inside(world: World) -> None:
    opened, conversation_id = await world.hand_off()
    count = len(await world.messages(conversation_id))
    await world.desk.note(opened.ticket_id, world.bruno, text="rude last time, be kind")
    assert len(await world.messages(conversation_id)) == count
    detail = await world.desk.get_ticket(opened.ticket_id, world.ana)
    assert (detail.events[-1].kind, detail.events[-1].text) == (
        "note",
        "rude last time, be kind",
    )


async def test_an_agent_cannot_make_a_link_by_typing_its_marker(world: World) -> None:
    opened, _ = await world.hand_off()
    await world.desk.claim(opened.ticket_id, world.ana)
    message = await world.desk.reply(
        opened.ticket_id, world.ana, client_id=new_id(), text="use {{link:abc}}"
    )
    assert "{{link:" not in message.text


@pytest.mark.parametrize("text", ["", "   \n ", "x" * 4_001])
async def test_a_reply_has_words_and_not_too_many(sqlite_world: World, text: str) -> None:
    world = sqlite_world
    opened, _ = await world.hand_off()
    await world.desk.claim(opened.ticket_id, world.ana)
    with pytest.raises(Invalid):
        await world.desk.reply(opened.ticket_id, world.ana, client_id=new_id(), text=text)


async def test_every_step_is_on_record(world: World) -> None:
    opened, _ = await world.hand_off(topic="orders")
    await world.desk.claim(opened.ticket_id, world.ana)
    await world.desk.escalate(
        opened.ticket_id, world.ana, kind=Escalation.FUNCTIONAL, to="logistics", reason="lost"
    )
    await world.desk.claim(opened.ticket_id, world.nina)
    await world.desk.resolve(opened.ticket_id, world.nina)
    events = await world.db.read(lambda conn: repository.list_events(conn, opened.ticket_id))
    assert [(e.kind, e.from_state, e.to_state, e.epoch) for e in events] == [
        ("opened", None, "queued", 2),
        ("claimed", "queued", "claimed", 3),
        ("escalated_functional", "claimed", "queued", 4),
        ("claimed", "queued", "claimed", 5),
        ("resolved", "claimed", "resolved", 6),
    ]
    assert [e.n for e in events] == [1, 2, 3, 4, 5]
    actions = await world.db.read(
        lambda conn: list(
            conn.execute(
                sa.select(AuditRow.action, AuditRow.actor).where(
                    AuditRow.object_id == opened.ticket_id
                )
            )
        )
    )
    assert [(a.action, a.actor) for a in actions] == [
        ("ticket.opened", None),
        ("ticket.claimed", world.ana.id),
        ("ticket.escalated_functional", world.ana.id),
        ("ticket.claimed", world.nina.id),
        ("ticket.resolved", world.nina.id),
    ]
    assert await world.db.read(first_broken_row) is None


async def test_erasing_takes_the_words_and_leaves_the_numbers(world: World) -> None:
    conversation = await world.conversation()
    await world.says(
        conversation.id,
        "I am Lia, order AUR-10023",
        decision={"route": "order_status", "facts": {"order_number": "AUR-10023"}},
    )
    opened, _ = await world.hand_off(conversation)
    await world.desk.claim(opened.ticket_id, world.ana)
    await world.desk.note(opened.ticket_id, world.ana, text="Lia is angry")
    await world.db.write(lambda tx: repository.erase(tx, conversation.id, replacement="[erased]"))
    ticket = await world.ticket(opened.ticket_id)
    events = await world.db.read(lambda conn: repository.list_events(conn, opened.ticket_id))
    assert (ticket.number, ticket.subject) == (opened.number, "[erased]")
    assert [e.text for e in events] == [None, None, "[erased]"]
    assert not await world.db.read(lambda conn: repository.get_pack(conn, opened.ticket_id))


async def test_waiting_twice_is_told_once(world: World) -> None:
    opened, _ = await world.hand_off()
    await world.desk.claim(opened.ticket_id, world.ana)
    for _ in range(2):
        await world.desk.wait(opened.ticket_id, world.ana, third_party=False)
    assert await world.kinds(opened.ticket_id) == ["opened", "claimed", "waiting_customer"]
