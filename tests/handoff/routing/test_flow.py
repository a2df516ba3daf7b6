"""What admins set is what the next hand-off, escalation and return go by."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
import sqlalchemy as sa

from bot.kit.errors import Conflict, Invalid
from bot.staff.account import Role
from handoff import repository as desk
from handoff.routing.level import Level, shipped
from handoff.routing.placing import decide
from handoff.routing.queue import QueueTerms
from handoff.routing.rule import Conditions, Facts, Hours, RoutingRule
from handoff.routing.service import Routing
from handoff.ticket import Escalation, Priority, Reason
from handoff.triage import Queue
from tests.handoff.world import World


def routing(world: World) -> Routing:
    return Routing(
        world.db,
        world.clock,
        world.desk,
        is_open=lambda conn, key, now: world.open,
        hours_sentence=lambda conn, key, locale, now: f"hours:{key}",
    )


async def queue_of(world: World, key: str) -> Queue:
    queues = await world.db.read(lambda conn: desk.list_queues(conn, retired=True))
    return next(queue for queue in queues if queue.key == key)


def terms(name: str, level: str = "N2", **more: Any) -> QueueTerms:
    return QueueTerms({"en": name}, level, **more)


async def levels(world: World, *, staffed: Sequence[str], **escalates: Sequence[str]) -> None:
    boss = await boss_of(world)
    items = [
        Level(
            level.key,
            level.names,
            level.key in staffed,
            tuple(escalates.get(level.key, level.escalates_to)),
        )
        for level in shipped().items
    ]
    there = await routing(world).levels()
    await routing(world).save_levels(items, version=there.version, staff=boss)


async def boss_of(world: World) -> Any:
    return world.staff.get("berta") or await world.hire("Berta Boss", role=Role.ADMIN)


async def rule(world: World, to: str, **more: Any) -> RoutingRule:
    made = RoutingRule(
        0,
        (await queue_of(world, to)).id,
        Conditions(**{k: v for k, v in more.items() if k != "priority"}),
        more.get("priority"),
        name=f"to {to}",
    )
    return await routing(world).add_rule(made, staff=await boss_of(world))


async def test_the_words_of_the_request_choose_the_queue(world: World) -> None:
    await rule(world, "billing", words=("não reconheço",), priority=Priority.URGENT)
    conversation = await world.conversation(locale="pt-BR")
    await world.says(conversation.id, "Oi")
    await world.says(conversation.id, "NAO RECONHECO esta compra")
    opened, _ = await world.hand_off(conversation)
    ticket = await world.ticket(opened.ticket_id)
    assert (ticket.queue_key, ticket.priority) == ("billing", Priority.URGENT)
    other, _ = await world.hand_off()
    assert (await world.ticket(other.ticket_id)).queue_key == "support"


async def test_hours_choose_and_the_same_code_tries(world: World) -> None:
    night = await routing(world).add_queue(
        terms("Night shift", team="Blue", skills=("vip",), languages=("en",)),
        staff=await boss_of(world),
    )
    assert (night.key, night.skills, night.languages) == (
        "night-shift",
        frozenset({"vip"}),
        frozenset({"en"}),
    )
    made = await rule(world, "night-shift", hours=Hours.OUTSIDE)
    world.open = False
    opened, _ = await world.hand_off()
    assert (await world.ticket(opened.ticket_id)).queue_key == "night-shift"
    sample = Facts((), "en", "web", Reason.CUSTOMER_ASKED)
    tried = await routing(world).try_out(sample, at=None, locale="en")
    assert (tried.placement.rule, tried.is_open) == (made, False)
    world.open = True
    opened, _ = await world.hand_off()
    assert (await world.ticket(opened.ticket_id)).queue_key == "support"
    tried = await routing(world).try_out(sample, at=None, locale="en")
    assert tried.placement.queue.key == "support"
    assert [(one.rule.id, one.missed) for one in tried.placement.tried] == [(made.id, ("hours",))]


async def test_a_queue_is_retired_with_its_rules_moved_and_its_tickets_kept(world: World) -> None:
    boss = await boss_of(world)
    serving = routing(world)
    await rule(world, "billing", topics=("refund",))
    opened, _ = await world.hand_off(topic="refund")
    mine, _ = await world.hand_off(topic="refund")
    await world.desk.claim(mine.ticket_id, world.ana)
    billing, support = await queue_of(world, "billing"), await queue_of(world, "support")
    with pytest.raises(Conflict) as refused:
        await serving.retire_queue(
            billing.id, version=billing.version, replacement=None, staff=boss
        )
    assert refused.value.code == "replacement_needed"
    assert refused.value.extra["rules"] == ["to billing"]
    retired = await serving.retire_queue(
        billing.id, version=billing.version, replacement=support.id, staff=boss
    )
    assert retired.retired
    assert (await world.ticket(opened.ticket_id)).queue_key == "billing"
    later, _ = await world.hand_off(topic="refund")
    assert (await world.ticket(later.ticket_id)).queue_key == "support"

    before = await world.ticket(opened.ticket_id)
    assert await serving.move_tickets(billing.id, to=support.id, staff=boss) == 2
    after = await world.ticket(opened.ticket_id)
    assert (after.queue_key, after.queued_at) == ("support", before.queued_at)
    claimed = await world.ticket(mine.ticket_id)
    assert (claimed.queue_key, claimed.assignee_id) == ("support", world.ana.id)
    assert (await world.kinds(mine.ticket_id))[-1] == "moved"
    technical = await queue_of(world, "technical")
    with pytest.raises(Invalid, match="N2"):
        await serving.move_tickets(support.id, to=technical.id, staff=boss)

    back = await serving.restore_queue(billing.id, version=retired.version, staff=boss)
    assert not back.retired
    log = await world.db.read(
        lambda conn: (
            conn.execute(
                sa.text("SELECT action FROM audit_log WHERE action LIKE 'desk.queue.%' ORDER BY id")
            )
            .scalars()
            .all()
        )
    )
    assert log == ["desk.queue.retired", "desk.queue.emptied", "desk.queue.restored"]


async def test_the_last_and_the_default_queue_of_a_level_stay(world: World) -> None:
    boss, serving = await boss_of(world), routing(world)
    engineering = await queue_of(world, "engineering")
    with pytest.raises(Conflict) as refused:
        await serving.retire_queue(
            engineering.id, version=engineering.version, replacement=None, staff=boss
        )
    assert refused.value.code == "only_queue"
    support, technical = await queue_of(world, "support"), await queue_of(world, "technical")
    for replacement, code in ((None, "replacement_needed"), (technical.id, "unknown_queue")):
        with pytest.raises((Conflict, Invalid)) as wrong:
            await serving.retire_queue(
                support.id, version=support.version, replacement=replacement, staff=boss
            )
        assert wrong.value.code == code
    orders = await queue_of(world, "orders")
    await serving.retire_queue(
        support.id, version=support.version, replacement=orders.id, staff=boss
    )
    assert (await queue_of(world, "orders")).is_default
    opened, _ = await world.hand_off()
    assert (await world.ticket(opened.ticket_id)).queue_key == "orders"
    # A level that is switched off needs no queue.
    await levels(world, staffed=("N2", "N3"))
    await serving.retire_queue(
        engineering.id, version=engineering.version, replacement=None, staff=boss
    )


async def test_who_changes_what_somebody_else_changed_is_told(world: World) -> None:
    boss, serving = await boss_of(world), routing(world)
    support = await queue_of(world, "support")
    changed = await serving.change_queue(
        support.id,
        terms("Help", is_default=True),
        version=support.version,
        staff=boss,
    )
    assert changed.version == support.version + 1
    with pytest.raises(Conflict) as stale:
        await serving.change_queue(support.id, terms("Mine"), version=support.version, staff=boss)
    assert stale.value.code == "stale"
    with pytest.raises(Conflict) as needed:
        await serving.change_queue(support.id, terms("Help"), version=changed.version, staff=boss)
    assert needed.value.code == "is_default"
    await world.hand_off()
    with pytest.raises(Conflict) as has_tickets:
        await serving.change_queue(
            support.id, terms("Help", "N3"), version=changed.version, staff=boss
        )
    assert has_tickets.value.code == "has_tickets"
    made = await rule(world, "orders", topics=("orders",))
    await serving.change_rule(replace(made, name="other"), staff=boss)
    for again in (
        serving.change_rule(made, staff=boss),
        serving.delete_rule(made.id, version=made.version, staff=boss),
        serving.set_rule_order([made.id, made.id], staff=boss),
        serving.set_queue_order([support.id], staff=boss),
        serving.save_levels(shipped().items, version=7, staff=boss),
    ):
        with pytest.raises(Conflict) as error:
            await again
        assert error.value.code == "stale"


async def test_people_at_n1_take_hand_offs_first_and_get_them_back(world: World) -> None:
    boss, serving = await boss_of(world), routing(world)
    await serving.add_queue(terms("Front desk", "N1"), staff=boss)
    await levels(world, staffed=("N1", "N2", "N3", "N4"))
    fred = await world.hire("Fred Front", level="N1")
    opened, _ = await world.hand_off(topic="refund")
    ticket = await world.ticket(opened.ticket_id)
    assert (ticket.level, ticket.queue_key) == ("N1", "front-desk")
    await world.desk.claim(ticket.id, fred)
    await world.desk.escalate(
        ticket.id, fred, kind=Escalation.FUNCTIONAL, to="N2", reason="Card data needed"
    )
    up = await world.ticket(ticket.id)
    assert (up.level, up.queue_key) == ("N2", "billing")
    await world.desk.claim(ticket.id, world.ana)
    await world.desk.return_down(ticket.id, world.ana, reason="Only the address is missing")
    down = await world.ticket(ticket.id)
    assert (down.level, down.queue_key, down.bounce_count) == ("N1", "front-desk", 1)
    # Switched off again, N1 gets nothing back, and nothing new.
    await world.desk.escalate(
        ticket.id, boss, kind=Escalation.FUNCTIONAL, to="N2", reason="Once more"
    )
    await levels(world, staffed=("N2", "N3", "N4"))
    with pytest.raises(Invalid) as refused:
        await world.desk.return_down(ticket.id, boss, reason="No")
    assert refused.value.code == "no_level_below"
    later, _ = await world.hand_off()
    assert later.level == "N2"


async def test_escalations_that_lead_nowhere_say_what_to_do(world: World) -> None:
    opened, _ = await world.hand_off()
    await world.desk.claim(opened.ticket_id, world.ana)

    async def refusal(to: str) -> tuple[str, str]:
        with pytest.raises(Invalid) as refused:
            await world.desk.escalate(
                opened.ticket_id, world.ana, kind=Escalation.FUNCTIONAL, to=to, reason="Please"
            )
        return refused.value.code, refused.value.detail

    assert await refusal("N5") == (
        "invalid_target",
        "There is no level N5 with people: N4 is the deepest. Escalate to a supervisor instead.",
    )
    assert await refusal("N2") == (
        "invalid_target",
        "N2 is no deeper level than N2. Return the ticket instead.",
    )
    code, text = await refusal("N4")
    assert code == "no_people"
    assert text.startswith("Nobody works at N4.")
    await levels(world, staffed=("N2", "N3"), N2=("N4",))
    code, text = await refusal("N3")
    assert (code, text) == (
        "level_not_allowed",
        "N2 does not escalate to N3. Escalate to a supervisor instead.",
    )
    assert (await refusal("N4"))[0] == "no_people"
    assert (await world.ticket(opened.ticket_id)).assignee_id == world.ana.id
    await levels(world, staffed=("N2", "N3"))
    await world.desk.escalate(
        opened.ticket_id, world.ana, kind=Escalation.FUNCTIONAL, to="N3", reason="Logs needed"
    )
    await world.desk.claim(opened.ticket_id, world.nina)
    with pytest.raises(Invalid, match="N3 is the deepest level"):
        await world.desk.escalate(
            opened.ticket_id, world.nina, kind=Escalation.FUNCTIONAL, to="N3", reason="Up"
        )


async def test_customers_read_the_name_of_the_level(world: World) -> None:
    boss = await boss_of(world)
    items = [
        replace(level, names={"en": "Specialists"}) if level.key == "N2" else level
        for level in shipped().items
    ]
    await routing(world).save_levels(items, version=0, staff=boss)
    _, conversation_id = await world.hand_off()
    told = (await world.messages(conversation_id))[-1].text
    assert "level=Specialists" in told
    status = await world.db.read(lambda conn: world.desk.status_for_customer(conn, conversation_id))
    assert status is not None
    assert (status.level, status.level_name) == ("N2", "Specialists")


async def test_a_hand_off_lands_even_when_everything_is_retired(world: World) -> None:
    await world.db.write(
        lambda tx: tx.conn.execute(
            sa.text("UPDATE queues SET retired_at = :at"),
            {"at": world.clock.now().replace(tzinfo=None)},
        )
    )
    opened, _ = await world.hand_off()
    assert opened.queue


async def test_unknown_values_in_the_store_decide_nothing_and_break_nothing(world: World) -> None:
    made = await rule(world, "billing", topics=("refund",))
    odd = '{"hours": "sometimes", "topics": null, "reasons": ["boredom"], "moon": 1}'
    await world.db.write(
        lambda tx: tx.conn.execute(
            sa.text("UPDATE routing_rules SET conditions = :odd, priority = 'huge'"), {"odd": odd}
        )
    )
    facts = Facts(("refund",), "en", "web", Reason.CUSTOMER_ASKED)
    queues = await world.db.read(desk.list_queues)
    found = await world.db.read(
        lambda conn: decide(conn, queues, facts, is_open=None, now=world.clock.now())
    )
    assert (found.why, found.queue.key) == ("topic", "billing")
    assert found.tried[0].rule.id == made.id
