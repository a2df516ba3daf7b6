"""Suggested articles, steps for several tickets, who is on a ticket, what the customer has read."""

import asyncio
import json
import uuid
from typing import Any

import pytest
import sqlalchemy as sa

from bot.conversations import repository as conversations
from bot.conversations.tables import MessageRow, OutboxRow
from handoff.console.events import TYPING_TOPIC
from handoff.suggestions.tables import TicketArticleRow
from tests.handoff.console.conftest import Office


async def claimed(office: Office, staff: str = "ana", **options: Any) -> tuple[str, str]:
    conversation = await office.world.conversation(**options)
    await office.world.says(conversation.id, "Can I return my shoes?")
    opened, _ = await office.world.hand_off(conversation)
    await office.call("POST", f"/tickets/{opened.ticket_id}/claim", staff, {})
    return opened.ticket_id, conversation.id


async def test_articles_fit_what_the_customer_asks(office: Office) -> None:
    ticket, conversation = await claimed(office)
    await office.world.says(conversation, "The left one is torn.")
    found = await office.call("GET", f"/tickets/{ticket}/suggestions", "ana")
    assert found["question"] == "Can I return my shoes? The left one is torn."
    first, second = found["items"]
    assert (first["title"], first["score"], first["internal"]) == (
        "Returning a purchase",
        0.9,
        False,
    )
    assert (second["title"], second["internal"]) == ("Override a late return", True)
    await office.call("GET", f"/tickets/{ticket}/suggestions?q=late+fee", "ana")
    assert office.shelf.asked[-1] == "late fee"


async def test_an_article_is_sent_once_and_credited(office: Office) -> None:
    ticket, conversation = await claimed(office)
    body = {"client_id": str(uuid.uuid4()), "article_id": "a1", "score": 0.9}
    path = f"/tickets/{ticket}/article"
    said = await office.call("POST", path, "ana", body, expect=201)
    assert (said["text"], said["author"]) == ("Within **7 days**.", "agent")
    assert (await office.call("POST", path, "ana", body, expect=201))["id"] == said["id"]
    changed = {**body, "client_id": str(uuid.uuid4()), "text": "You have 7 days, dear."}
    await office.call("POST", path, "ana", changed, expect=201)
    page = await office.call("GET", f"/conversations/{conversation}/messages", "ana")
    sources = [m["article"] for m in page["messages"] if m["author"] == "agent"]
    assert sources == [
        {"article_id": "a1", "title": "Returning a purchase", "revision": 3, "way": "sent"},
        {"article_id": "a1", "title": "Returning a purchase", "revision": 3, "way": "inserted"},
    ]
    rows = await office.world.db.read(
        lambda conn: conn.execute(sa.select(TicketArticleRow.__table__)).all()
    )
    assert {(row.ticket_id, row.article_key, row.staff_id) for row in rows} == {
        (ticket, "return", office.world.ana.id)
    }


async def test_articles_for_colleagues_do_not_go_out_as_they_are(office: Office) -> None:
    ticket, _ = await claimed(office)
    body = {"client_id": str(uuid.uuid4()), "article_id": "a2"}
    path = f"/tickets/{ticket}/article"
    problem = await office.call("POST", path, "ana", body, expect=422)
    assert problem["code"] == "internal_article"
    await office.call("POST", path, "ana", {**body, "text": "I asked for you."}, expect=201)
    await office.call("POST", path, "ana", {**body, "article_id": "gone"}, expect=404)
    other = {**body, "client_id": str(uuid.uuid4()), "text": "Me too"}
    assert (await office.call("POST", path, "bruno", other, expect=409))["code"] == "stale"


async def test_each_ticket_has_its_own_outcome(office: Office) -> None:
    mine, _ = await claimed(office)
    theirs, _ = await claimed(office, "bruno")
    free = (await office.world.hand_off())[0].ticket_id
    body = {"ids": [free, theirs, "no-such-ticket", mine, free], "do": "claim"}
    answer = await office.call("POST", "/tickets/bulk", "ana", body)
    assert (answer["done"], answer["failed"]) == (2, 2)
    assert [(i["done"], i["code"]) for i in answer["items"]] == [
        (True, None),
        (False, "already_claimed"),
        (False, "not_found"),
        (True, None),
    ]
    assert answer["items"][1]["detail"] == "Bruno Lima has it already."
    assert answer["items"][1]["number"].startswith("FL-")
    assert answer["items"][2]["number"] is None

    async def do(**order: Any) -> list[str | None]:
        order = {"ids": [mine, theirs, free], **order}
        answer = await office.call("POST", "/tickets/bulk", "ana", order)
        return [item["code"] for item in answer["items"]]

    assert await do(do="priority", priority="urgent") == [None, "stale", None]
    assert await do(do="tag", tags=["refund"]) == [None, "stale", None]
    assert await do(do="transfer", queue="orders", reason="") == [
        "reason_missing",
        "stale",
        "reason_missing",
    ]
    assert await do(do="transfer", assignee=office.world.bruno.id, reason="holiday") == [
        None,
        "stale",
        None,
    ]
    answer = await office.call(
        "POST", "/tickets/bulk", "sofia", {"ids": [mine, theirs, free], "do": "resolve"}
    )
    assert answer["failed"] == 0
    states = [(await office.call("GET", f"/tickets/{t}", "sofia"))["state"] for t in (mine, free)]
    assert states == ["resolved", "resolved"]


@pytest.mark.parametrize(
    "order",
    [
        {"do": "priority"},
        {"do": "transfer", "reason": "x"},
        {"do": "transfer", "reason": "x", "queue": "a", "assignee": "b"},
        {"do": "tag"},
        {"do": "dance"},
        {"do": "claim", "ids": []},
        {"do": "claim", "ids": ["x"] * 101},
    ],
)
async def test_orders_that_lack_something(office: Office, order: Any) -> None:
    await office.call("POST", "/tickets/bulk", "ana", {"ids": ["x"], **order}, expect=422)


async def heard(office: Office, staff: str, act: Any) -> dict[str, Any]:
    """Return the first event that reaches the page while `act` is done."""
    headers = {"X-Staff": staff}
    async with office.client.get("/api/v1/events", headers=headers) as stream:
        await stream.content.readuntil(b"\n\n")
        await act()
        async with asyncio.timeout(30):
            while True:
                frame = (await stream.content.readuntil(b"\n\n")).decode()
                if frame.startswith("event: "):
                    name, data = frame.strip().split("\n")
                    return {"event": name[7:], **json.loads(data[6:])}


async def test_colleagues_see_who_is_on_a_ticket(office: Office) -> None:
    ticket, _ = await claimed(office)

    async def write() -> None:
        body = {"doing": "writing"}
        await office.call("POST", f"/tickets/{ticket}/company", "ana", body, expect=204)

    assert await heard(office, "bruno", write) == {
        "event": "company",
        "ticket_id": ticket,
        "person": {"id": office.world.ana.id, "name": "Ana Souza"},
        "doing": "writing",
    }
    await office.call("POST", "/tickets/none/company", "ana", {"doing": "reading"}, expect=404)


async def test_agents_see_how_far_the_customer_has_read(office: Office) -> None:
    world = office.world
    ticket, conversation = await claimed(office)
    path = f"/conversations/{conversation}/messages"
    assert (await office.call("GET", path, "ana"))["seen_seq"] == 0
    assert await world.db.write(lambda tx: conversations.note_seen(tx, conversation, 2))
    assert not await world.db.write(lambda tx: conversations.note_seen(tx, conversation, 1))
    assert not await world.db.write(lambda tx: conversations.note_seen(tx, conversation, 900))
    assert (await office.call("GET", path, "ana"))["seen_seq"] == 2

    async def tell() -> None:
        world.bus.publish(TYPING_TOPIC, {"conversation_id": conversation, "seen": 2})

    event = await heard(office, "ana", tell)
    assert (event["event"], event["ticket_id"], event["seq"]) == ("seen", ticket, 2)


async def test_a_reply_that_was_given_up_is_tried_again(office: Office) -> None:
    world = office.world
    ticket, conversation = await claimed(office, channel="telegram")
    body = {"client_id": str(uuid.uuid4()), "text": "Hello"}
    said = await office.call("POST", f"/tickets/{ticket}/reply", "ana", body, expect=201)
    path = f"/messages/{said['id']}/deliver"
    assert (await office.call("POST", path, "ana", {}, expect=409))["code"] == "stale"

    def fail(tx: Any) -> None:
        outbox = tx.conn.execute(
            sa.select(OutboxRow.id).where(OutboxRow.message_id == said["id"])
        ).scalar_one()
        conversations.mark_failed(tx, outbox, error="chat not found")

    await world.db.write(fail)
    page = await office.call("GET", f"/conversations/{conversation}/messages", "ana")
    assert page["messages"][-1]["delivery"] == "failed"
    assert page["unreachable_since"] is None
    assert (await office.call("POST", path, "bruno", {}, expect=409))["code"] == "stale"
    now = world.clock.now()
    await world.db.write(lambda tx: conversations.set_unreachable(tx, conversation, now))
    assert (await office.call("POST", path, "ana", {}, expect=409))["code"] == "blocked"
    page = await office.call("GET", f"/conversations/{conversation}/messages", "ana")
    assert page["unreachable_since"] == "2026-11-18T15:00:00Z"
    await world.db.write(lambda tx: conversations.set_unreachable(tx, conversation, None))
    await office.call("POST", path, "ana", {}, expect=204)
    state = await world.db.read(
        lambda conn: conn.execute(
            sa.select(MessageRow.delivery).where(MessageRow.id == said["id"])
        ).scalar_one()
    )
    assert state == "pending"
    await office.call("POST", "/messages/none/deliver", "ana", {}, expect=404)
