"""A case over HTTP: in which shape it comes, and what is refused in which words."""

from collections.abc import AsyncIterator

import pytest

from handoff.case.seed import seed_categories
from tests.handoff.test_routes import Client, call, served
from tests.handoff.world import World


@pytest.fixture
async def client(sqlite_world: World) -> AsyncIterator[Client]:
    world = sqlite_world
    await world.db.write(seed_categories)
    async with served(world) as client:
        yield client


async def test_a_case_over_http(sqlite_world: World, client: Client) -> None:
    world = sqlite_world
    first = await world.conversation()
    opened, _ = await world.hand_off(first, topic="orders")
    other, _ = await world.hand_off()
    path = f"/tickets/{opened.ticket_id}"

    categories = await call(client, "GET", "/ticket-categories", "ana")
    assert categories["items"][0] == {
        "key": "orders",
        "name": "Orders",
        "names": {"pt-BR": "Pedidos", "en": "Orders", "es": "Pedidos"},
        "topics": ["order", "orders", "order_status", "start_order_check", "tell_order_status"],
        "position": 0,
        "version": 1,
        "retired": False,
        "tickets": 1,
    }
    await call(client, "POST", f"{path}/category", "ana", {"category": "returns"})
    await call(client, "POST", f"{path}/assess", "ana", {"impact": "high", "urgency": "medium"})
    await call(client, "POST", f"{path}/subject", "ana", {"subject": "Broken vase"})
    await call(client, "POST", f"{path}/tags", "ana", {"add": ["VIP"]})
    await call(client, "POST", f"{path}/watch", "ana", {"watching": True})
    detail = await call(
        client, "POST", f"{path}/link", "ana", {"other": other.number, "kind": "duplicate_of"}
    )
    assert detail == detail | {
        "subject": "Broken vase",
        "priority": "high",
        "impact": "high",
        "urgency": "medium",
        "category": {"key": "returns", "name": "Returns and exchanges"},
        "tags": ["vip"],
        "watchers": [{"id": world.ana.id, "name": "Ana Souza"}],
        "links": [
            {
                "id": other.ticket_id,
                "number": other.number,
                "state": "queued",
                "relation": "duplicate_of",
            }
        ],
    }
    history = {event["kind"]: event for event in detail["events"]}
    assert (history["category"]["from"], history["category"]["to"]) == (
        "Orders",
        "Returns and exchanges",
    )
    listed = await call(client, "GET", "/tickets?tag=Vip&category=returns&watching=true", "ana")
    assert [item["tags"] for item in listed["items"]] == [["vip"]]
    assert (await call(client, "GET", "/ticket-tags", "ana"))["items"] == ["vip"]

    gone = await call(
        client, "POST", f"/tickets/{other.ticket_id}/merge", "ana", {"into": opened.number}, 422
    )
    assert gone["code"] == "other_customer"
    again = await call(client, "POST", f"{path}/merge", "ana", {"into": opened.number}, 422)
    assert again["detail"] == "That is the ticket itself. Name another one."
    bare = await call(client, "POST", f"{path}/priority", "ana", {"priority": "low"}, 422)
    assert bare["detail"] == "Give a reason, or choose impact and urgency instead."
    long = await call(client, "POST", f"{path}/note", "ana", {"text": "x" * 30_000}, 422)
    assert long["detail"] == "At most 10,000 characters; this has 30,000."
    many = [f"t{i}" for i in range(20)]
    full = await call(client, "POST", f"{path}/tags", "ana", {"add": many}, 422)
    assert (full["code"], full["detail"]) == ("too_many_tags", "A ticket has at most 20 tags.")


async def test_mentions_over_http(sqlite_world: World, client: Client) -> None:
    opened, _ = await sqlite_world.hand_off()
    path = f"/tickets/{opened.ticket_id}"
    await call(client, "POST", f"{path}/note", "ana", {"text": "@Bruno Lima have a look"}, 201)
    found = await call(client, "GET", "/mentions", "bruno")
    assert found["unread"] == 1
    assert found["items"][0] == found["items"][0] | {
        "ticket_id": opened.ticket_id,
        "number": opened.number,
        "by": "Ana Souza",
        "text": "@Bruno Lima have a look",
        "read": False,
    }
    assert await call(client, "POST", "/mentions/read", "bruno", {}) == {"unread": 0}
    assert (await call(client, "GET", "/mentions", "ana"))["items"] == []


async def test_only_admins_keep_the_categories(client: Client) -> None:
    names = {"pt-BR": "Brindes", "en": "Gifts", "es": "Regalos"}
    body = {"key": "gifts", "names": names, "topics": ["gift"]}
    await call(client, "POST", "/ticket-categories", "sofia", body, 403)
