"""A case in the store: what changes, who may change it, what stays on record."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from bot.conversations.conversation import Author, Owner
from bot.kit.db import Tx
from bot.kit.errors import Conflict, Forbidden, Invalid, NotFound
from bot.staff.tables import AuditRow
from handoff import repository
from handoff.case import repository as cases
from handoff.case.assessment import Grade
from handoff.case.link import LinkKind, Relation
from handoff.case.seed import seed_categories
from handoff.case.service import Cases
from handoff.repository import Filter
from handoff.steps import TOPIC
from handoff.ticket import Escalation, TicketState
from tests.handoff.world import World


@pytest.fixture
async def case(world: World) -> Cases:
    await world.db.write(seed_categories)
    return Cases(world.db, world.clock, world.desk)


async def hints(world: World, act: Any) -> list[dict[str, Any]]:
    """What is announced on the desk's topic while `act` is awaited."""
    async with world.bus.subscribe(TOPIC) as heard:
        await act
        world.bus.publish(TOPIC, {"event": "end"})
        found: list[dict[str, Any]] = []
        while True:
            _, payload = await heard.get()
            if payload["event"] == "end":
                return found
            found.append(payload)


async def test_the_topic_of_a_hand_off_decides_its_category(world: World, case: Cases) -> None:
    opened, _ = await world.hand_off(topic="refund")
    assert (await world.ticket(opened.ticket_id)).category == "payments"
    other, _ = await world.hand_off(topic="never heard of")
    assert (await world.ticket(other.ticket_id)).category is None
    detail = await case.set_category(
        other.ticket_id, world.ana, category="delivery", reason="late parcel"
    )
    assert detail.listed.category_names == {"pt-BR": "Entrega", "en": "Delivery", "es": "Entrega"}
    last = detail.events[-1]
    assert (last.kind, last.actor_name, last.from_value, last.to_value, last.reason) == (
        "category",
        "Ana Souza",
        None,
        "delivery",
        "late parcel",
    )
    again = await case.set_category(other.ticket_id, world.ana, category="delivery", reason=None)
    assert len(again.events) == len(detail.events)
    with pytest.raises(Invalid, match="no such category"):
        await case.set_category(other.ticket_id, world.ana, category="moon", reason=None)


async def test_admins_keep_the_list(world: World, case: Cases) -> None:
    names = {"pt-BR": "Brindes", "en": "Gifts", "es": "Regalos"}
    await case.add_category("gifts", names=names, topics=["gift"], staff=world.sofia)
    opened, _ = await world.hand_off(topic="gift")
    assert (await world.ticket(opened.ticket_id)).category == "gifts"
    with pytest.raises(Conflict, match="already"):
        await case.add_category("gifts", names=names, topics=[], staff=world.sofia)
    with pytest.raises(Invalid, match="every language"):
        await case.add_category("other", names={"en": "x"}, topics=[], staff=world.sofia)
    change: dict[str, Any] = {"names": names, "topics": [], "position": 0, "staff": world.sofia}
    await case.change_category("gifts", version=1, retired=True, **change)
    with pytest.raises(Conflict, match="in the meantime"):
        await case.change_category("gifts", version=1, retired=False, **change)
    with pytest.raises(NotFound):
        await case.change_category("moon", version=1, retired=False, **change)
    listed, counts = await case.categories()
    assert (counts["gifts"], next(c for c in listed if c.key == "gifts").retired) == (1, True)
    assert (await world.ticket(opened.ticket_id)).category == "gifts", "its tickets keep it"
    other, _ = await world.hand_off()
    with pytest.raises(Invalid, match="no such category"):
        await case.set_category(other.ticket_id, world.ana, category="gifts", reason=None)
    kinds = await world.db.read(
        lambda conn: list(
            conn.execute(
                sa.select(AuditRow.action)
                .where(AuditRow.object_kind == "ticket_category")
                .order_by(AuditRow.id)
            ).scalars()
        )
    )
    assert kinds == ["ticket_category.create", "ticket_category.change"]


async def test_subject_and_priority_with_old_and_new(world: World, case: Cases) -> None:
    opened, _ = await world.hand_off()
    ticket_id = opened.ticket_id
    await case.set_subject(ticket_id, world.ana, subject=" Two parcels \n missing ")
    with pytest.raises(Invalid, match="At most 120"):
        await case.set_subject(ticket_id, world.ana, subject="x" * 121)
    with pytest.raises(Invalid, match="Write a subject"):
        await case.set_subject(ticket_id, world.ana, subject=" \u200b ")
    detail = await case.assess(
        ticket_id, world.ana, impact=Grade.HIGH, urgency=Grade.HIGH, reason="all orders"
    )
    ticket = detail.listed.ticket
    assert (ticket.subject, ticket.priority.value) == ("Two parcels missing", "urgent")
    assert (ticket.impact, ticket.urgency) == ("high", "high")
    assert [(e.kind, e.from_value, e.to_value) for e in detail.events[-2:]] == [
        ("subject", None, "Two parcels missing"),
        ("priority", "normal", "urgent"),
    ]
    chosen = await world.desk.set_priority(
        ticket_id, world.ana, priority=ticket.priority.LOW, reason="can wait"
    )
    assert (chosen.listed.ticket.impact, chosen.listed.ticket.urgency) == (None, None)


async def test_tags_are_folded_listed_and_on_record(world: World, case: Cases) -> None:
    opened, _ = await world.hand_off()
    await world.hand_off()
    ticket_id = opened.ticket_id
    await case.set_tags(ticket_id, world.ana, add=["#VIP", "vip", "Frágil"], remove=[])
    detail = await case.set_tags(ticket_id, world.ana, add=["late"], remove=["FRÁGIL", "none"])
    assert detail.listed.tags == ("late", "vip")
    assert [
        (e.kind, e.from_value, e.to_value) for e in detail.events if e.kind.startswith("tag")
    ] == [
        ("tag_added", None, "frágil"),
        ("tag_added", None, "vip"),
        ("tag_removed", "frágil", None),
        ("tag_added", None, "late"),
    ]
    found, _, _ = await world.desk.list_tickets(world.ana, tag=" #Vip")
    assert [(one.ticket.id, one.tags) for one in found] == [(ticket_id, ("late", "vip"))]
    assert (await world.desk.list_tickets(world.ana, tag="vi"))[0] == []
    with pytest.raises(Invalid, match="at most 20"):
        await case.set_tags(ticket_id, world.ana, add=[f"t{i}" for i in range(19)], remove=[])
    assert (await world.desk.get_ticket(ticket_id, world.ana)).listed.tags == ("late", "vip")
    assert await case.known_tags(world.ana) == ["late", "vip"]
    # Frontline itself (a rule) takes the same steps.
    await world.db.write(
        lambda tx: world.desk.add_tags_step(
            tx, ticket_id, None, tags=["auto"], reason="rule: VIPs", now=world.clock.now()
        )
    )
    last = (await world.desk.get_ticket(ticket_id, world.ana)).events[-1]
    assert (last.actor_id, last.to_value, last.reason) == (None, "auto", "rule: VIPs")


async def test_only_who_has_a_ticket_files_it(world: World, case: Cases) -> None:
    opened, _ = await world.hand_off()
    await world.desk.claim(opened.ticket_id, world.ana)
    with pytest.raises(Conflict, match="not yours"):
        await case.set_tags(opened.ticket_id, world.bruno, add=["x"], remove=[])
    with pytest.raises(Conflict, match="not yours"):
        await case.set_subject(opened.ticket_id, world.bruno, subject="mine now")
    await case.set_tags(opened.ticket_id, world.sofia, add=["x"], remove=[])
    await world.desk.escalate(
        opened.ticket_id, world.ana, kind=Escalation.FUNCTIONAL, to="N3", reason="deep"
    )
    with pytest.raises(NotFound):
        await case.set_tags(opened.ticket_id, world.bruno, add=["x"], remove=[])


async def test_notes_name_colleagues(world: World, case: Cases) -> None:
    opened, _ = await world.hand_off()
    ticket_id = opened.ticket_id
    await world.desk.claim(ticket_id, world.ana)
    await world.desk.escalate(
        ticket_id, world.ana, kind=Escalation.FUNCTIONAL, to="N3", reason="deep"
    )
    with pytest.raises(NotFound):
        await world.desk.get_ticket(ticket_id, world.bruno)
    heard = await hints(
        world,
        world.desk.note(ticket_id, world.nina, text="@Bruno Lima, you know him. @nina prado"),
    )
    (mention,) = [one for one in heard if one["event"] == "mention"]
    assert (mention["for"], mention["by"]) == ({"staff": [world.bruno.id]}, "Nina Prado")
    await world.desk.get_ticket(ticket_id, world.bruno)
    (one,), unread = await case.mentions(world.bruno)
    assert (one.number, one.by, one.read_at, unread) == (opened.number, "Nina Prado", None, 1)
    assert one.text.startswith("@Bruno Lima")
    assert await case.read_mentions(world.bruno, ticket_id=ticket_id) == 0
    assert (await case.mentions(world.bruno))[0][0].read_at == world.clock.now()
    assert await case.mentions(world.nina) == ([], 0)


async def test_notes_may_be_long_but_not_endless(world: World, case: Cases) -> None:
    opened, _ = await world.hand_off()
    event = await world.desk.note(opened.ticket_id, world.ana, text="x" * 10_000)
    assert len(event.text or "") == 10_000
    with pytest.raises(Invalid, match=r"At most 10,000 characters; this has 30,000\."):
        await world.desk.note(opened.ticket_id, world.ana, text="x" * 30_000)
    assert (await world.kinds(opened.ticket_id)).count("note") == 1


async def test_who_watches_is_told_and_keeps_sight(world: World, case: Cases) -> None:
    opened, _ = await world.hand_off()
    ticket_id = opened.ticket_id
    detail = await case.watch(ticket_id, world.bruno, watching=True)
    await case.watch(ticket_id, world.bruno, watching=True)
    assert [name for _, name in detail.case.watchers] == ["Bruno Lima"]
    heard = await hints(world, world.desk.claim(ticket_id, world.ana))
    assert [(h["kind"], h["by"], h["for"]) for h in heard if h["event"] == "watched"] == [
        ("claimed", "Ana Souza", {"staff": [world.bruno.id]})
    ]
    heard = await hints(world, world.desk.note(ticket_id, world.bruno, text="my own"))
    assert [h for h in heard if h["event"] == "watched"] == []
    await world.desk.escalate(
        ticket_id, world.ana, kind=Escalation.FUNCTIONAL, to="N3", reason="deep"
    )
    found, _, _ = await world.desk.list_tickets(world.bruno, watching=True)
    assert [one.ticket.id for one in found] == [ticket_id]
    await case.watch(ticket_id, world.bruno, watching=False)
    assert (await world.desk.list_tickets(world.bruno, watching=True))[0] == []
    assert (await world.kinds(ticket_id)).count("watched") == 1
    assert (await world.kinds(ticket_id))[-1] == "unwatched"


async def test_links_are_seen_from_both_sides(world: World, case: Cases) -> None:
    one, _ = await world.hand_off()
    two, _ = await world.hand_off()
    detail = await case.link(
        one.ticket_id, world.ana, other=two.number.lower(), kind=LinkKind.CAUSED_BY
    )
    assert [(x.number, x.relation) for x in detail.case.links] == [(two.number, Relation.CAUSED_BY)]
    there = await world.desk.get_ticket(two.ticket_id, world.ana)
    assert [(x.number, x.relation) for x in there.case.links] == [(one.number, Relation.CAUSE_OF)]
    assert there.events[-1].kind == "linked_cause_of"
    again = await case.link(one.ticket_id, world.ana, other=two.ticket_id, kind=LinkKind.CAUSED_BY)
    assert len(again.events) == len(detail.events)
    with pytest.raises(Conflict, match="already"):
        await case.link(two.ticket_id, world.ana, other=one.number, kind=LinkKind.RELATED)
    with pytest.raises(Invalid, match="itself"):
        await case.link(one.ticket_id, world.ana, other=one.number, kind=LinkKind.RELATED)
    with pytest.raises(Invalid, match="no ticket with this number"):
        await case.link(one.ticket_id, world.ana, other="FL-9", kind=LinkKind.RELATED)
    cut = await case.unlink(two.ticket_id, world.ana, other=one.number)
    assert cut.case.links == []
    with pytest.raises(NotFound, match="no such link"):
        await case.unlink(two.ticket_id, world.ana, other=one.number)


async def test_a_merge_leaves_one_ticket(world: World, case: Cases) -> None:
    first = await world.conversation()
    gone, gone_conversation = await world.hand_off(first)
    second = await world.another_conversation(first)
    kept, kept_conversation = await world.hand_off(second)
    await world.desk.claim(gone.ticket_id, world.ana)
    await world.desk.note(gone.ticket_id, world.ana, text="seen it")
    await case.set_tags(gone.ticket_id, world.ana, add=["vip", "late"], remove=[])
    await case.set_tags(kept.ticket_id, world.ana, add=["late"], remove=[])
    await case.watch(gone.ticket_id, world.bruno, watching=True)
    world.clock.advance(timedelta(minutes=1))

    detail = await case.merge(gone.ticket_id, world.ana, into=kept.number, reason="same parcel")

    assert (detail.listed.ticket.id, detail.listed.tags) == (kept.ticket_id, ("late", "vip"))
    assert [name for _, name in detail.case.watchers] == ["Bruno Lima"]
    assert [(x.number, x.relation) for x in detail.case.links] == [
        (gone.number, Relation.MERGED_FROM)
    ]
    assert [e.text for number, e in detail.case.merged if e.kind == "note"] == ["seen it"]
    last = detail.events[-1]
    assert (last.kind, last.to_value, last.reason) == ("merged_from", gone.number, "same parcel")
    closed = await world.ticket(gone.ticket_id)
    assert (closed.state, closed.merged_into) == (TicketState.CLOSED, kept.ticket_id)
    assert (await world.kinds(gone.ticket_id))[-1] == "merged_into"

    was = await world.now(gone_conversation)
    assert (was.owner, was.ticket_id) == (Owner.BOT, None)
    said = (await world.messages(gone_conversation))[-1]
    assert said.author is Author.SYSTEM
    assert said.text == f"utter_ticket_merged [en] number={gone.number} other={kept.number}"
    is_now = await world.now(kept_conversation)
    assert (is_now.owner, is_now.ticket_id) == (Owner.QUEUE, kept.ticket_id)

    # Asked for the status, the bot tells of the ticket that remains.
    status = await world.db.read(
        lambda conn: world.desk.status_for_customer(conn, gone_conversation)
    )
    assert status is not None
    assert status.number == kept.number
    # The bot answers there again, and a new request opens a ticket of its own.
    assert await world.bot_says(gone_conversation, "hello", epoch=was.owner_epoch)
    again, _ = await world.hand_off(await world.now(gone_conversation))
    assert again.number not in {gone.number, kept.number}


async def test_a_resolved_ticket_is_merged_without_a_word(world: World, case: Cases) -> None:
    first = await world.conversation()
    gone, conversation_id = await world.hand_off(first)
    await world.desk.claim(gone.ticket_id, world.ana)
    await world.desk.resolve(gone.ticket_id, world.ana)
    kept, _ = await world.hand_off(first)
    before = await world.now(conversation_id)
    said = len(await world.messages(conversation_id))
    await case.merge(gone.ticket_id, world.ana, into=kept.ticket_id, reason=None)
    after = await world.now(conversation_id)
    assert (after.owner, after.ticket_id, after.owner_epoch) == (
        Owner.QUEUE,
        kept.ticket_id,
        before.owner_epoch,
    )
    assert len(await world.messages(conversation_id)) == said
    with pytest.raises(Conflict):
        await world.desk.reopen(gone.ticket_id, world.ana)


async def test_what_can_not_be_merged(world: World, case: Cases) -> None:
    first = await world.conversation()
    one, _ = await world.hand_off(first)
    stranger, _ = await world.hand_off()
    two, _ = await world.hand_off(await world.another_conversation(first))

    async def merge(ticket_id: str, into: str, staff: str = "ana") -> None:
        await case.merge(ticket_id, world.staff[staff], into=into, reason=None)

    with pytest.raises(Invalid, match="itself"):
        await merge(one.ticket_id, one.number)
    with pytest.raises(Invalid, match="same customer"):
        await merge(one.ticket_id, stranger.number)
    with pytest.raises(Invalid, match="no ticket with this number"):
        await merge(one.ticket_id, "FL-1")
    await world.desk.claim(two.ticket_id, world.bruno)
    with pytest.raises(Conflict, match="not yours"):
        await merge(one.ticket_id, two.number)
    await world.desk.resolve(two.ticket_id, world.bruno)
    with pytest.raises(Conflict, match="not open"):
        await merge(one.ticket_id, two.number)
    await world.db.write(lambda tx: world.desk.close_now(tx, two.ticket_id, now=world.clock.now()))
    with pytest.raises(Conflict, match="closed"):
        await merge(two.ticket_id, one.number, "bruno")
    with pytest.raises((Forbidden, NotFound)):
        await merge(stranger.ticket_id + "x", one.number)
    assert (await world.ticket(one.ticket_id)).state is TicketState.QUEUED


async def test_an_erasure_takes_what_was_written(world: World, case: Cases) -> None:
    opened, conversation_id = await world.hand_off()
    await case.set_subject(opened.ticket_id, world.ana, subject="Maria's ring")
    await case.set_tags(opened.ticket_id, world.ana, add=["maria"], remove=[])

    def erase(tx: Tx) -> None:
        repository.erase(tx, conversation_id, replacement="[erased]")
        cases.erase(tx, conversation_id)

    await world.db.write(erase)
    detail = await world.desk.get_ticket(opened.ticket_id, world.ana)
    assert detail.listed.tags == ()
    stored = repr([replace(event, actor_name=None) for event in detail.events])
    assert "aria" not in stored
    assert "[erased]" in stored


async def test_tickets_without_a_category_can_be_asked_for(world: World, case: Cases) -> None:
    await world.hand_off(topic="refund")
    other, _ = await world.hand_off(topic="unheard of")
    found, _, _ = await world.desk.list_tickets(world.ana, category="none")
    assert [one.ticket.id for one in found] == [other.ticket_id]
    some = await world.db.read(
        lambda conn: repository.list_tickets(
            conn, Filter(levels=("N2",), seen_by=None, category="payments")
        )
    )
    assert [one.ticket.category for one in some] == ["payments"]
