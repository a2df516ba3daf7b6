"""The desk over HTTP: who gets what, and in which shape."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from bot.kit.db import Tx
from bot.kit.errors import FrontlineError
from bot.kit.ids import new_id
from bot.kit.web import mount, openapi_document, problem, route_of
from bot.staff import guard
from bot.staff import repository as staff_repository
from bot.staff.account import Role
from handoff.case.routes import CASES
from handoff.case.routes import table as case_table
from handoff.case.service import Cases
from handoff.console.events import TYPING_TOPIC, LiveStreams
from handoff.console.routes import DESK, LIVE, table
from handoff.exports import routes as transcript_routes
from handoff.exports.routes import TRANSCRIPTS
from handoff.ticket import Priority
from tests.handoff.world import World

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
Client = TestClient[web.Request, web.Application]


@asynccontextmanager
async def served(world: World) -> AsyncIterator[Client]:
    """The routes behind a log-in that believes a header."""

    @web.middleware
    async def log_in(request: web.Request, handler: Handler) -> web.StreamResponse:
        try:
            route = route_of(request)
            assert route is not None
            staff = world.staff[request.headers["X-Staff"]]
            guard._check_permission(route, staff)
            request[guard._STAFF] = staff
            return await handler(request)
        except FrontlineError as error:
            return problem(error)

    app = web.Application(middlewares=[log_in])
    live = LiveStreams(world.desk, world.bus, heartbeat_seconds=0.05)
    app[DESK] = world.desk
    app[TRANSCRIPTS] = world.transcripts
    app[LIVE] = live
    app[CASES] = Cases(world.db, world.clock, world.desk)
    mount(app, [table, transcript_routes.table, case_table])
    task = asyncio.create_task(live.run())
    async with TestClient(TestServer(app)) as client:
        yield client
        live.close()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


@pytest.fixture
async def client(world: World) -> AsyncIterator[Client]:
    async with served(world) as client:
        yield client


@pytest.fixture
async def sqlite_client(sqlite_world: World) -> AsyncIterator[Client]:
    async with served(sqlite_world) as client:
        yield client


async def call(
    client: Client, method: str, path: str, staff: str, body: Any = None, expect: int = 200
) -> Any:
    response = await client.request(method, f"/api/v1{path}", json=body, headers={"X-Staff": staff})
    text = await response.text()
    assert response.status == expect, text
    return await response.json() if text else None


async def test_a_ticket_from_the_line_to_the_end(world: World, client: Client) -> None:
    conversation = await world.conversation(locale="pt-BR", channel="telegram")
    await world.says(conversation.id, "preciso de ajuda, código 1234 5678")
    opened, _ = await world.hand_off(conversation, topic="orders")
    world.clock.advance(timedelta(seconds=90))
    listed = await call(client, "GET", "/tickets?state=queued", "ana")
    assert listed["next_cursor"] is None
    (item,) = listed["items"]
    assert item == item | {
        "id": opened.ticket_id,
        "number": opened.number,
        "conversation_id": conversation.id,
        "level": "N2",
        "state": "queued",
        "priority": "normal",
        "reason": "customer_asked",
        "locale": "pt-BR",
        "channel": "telegram",
        "contact_name": "Customer 1",
        "assignee": None,
        "opened_at": "2026-11-18T15:00:00Z",
        "queued_at": "2026-11-18T15:00:00Z",
        "claimed_at": None,
        "waiting_seconds": 90,
        "last_message_preview": "preciso de ajuda, código ••••••••",
        "unread": True,
    }
    assert (item["queue"]["key"], item["queue"]["name"]) == ("orders", "Orders and delivery")

    path = f"/tickets/{opened.ticket_id}"
    detail = await call(client, "POST", f"{path}/claim", "ana", {})
    assert detail["assignee"] == {"id": world.ana.id, "name": "Ana Souza"}
    assert set(detail["pack"]) >= {
        "reason",
        "wants",
        "facts",
        "identity",
        "tried",
        "articles",
        "language",
        "waiting_seconds",
        "queue",
        "level",
        "hours_text",
    }
    assert detail["pack"]["identity"] == {"verified": False, "how": None, "email": None}
    assert detail["epoch"] == 3
    assert [e["kind"] for e in detail["events"]] == ["opened", "claimed"]
    assert (detail["events"][1]["from"], detail["events"][1]["to"]) == ("queued", "claimed")
    lost = await call(client, "POST", f"{path}/claim", "bruno", {}, 409)
    assert (lost["code"], lost["assignee"]["name"]) == ("already_claimed", "Ana Souza")

    body = {"client_id": new_id(), "text": "Oi! Já vejo."}
    said = await call(client, "POST", f"{path}/reply", "ana", body, 201)
    assert said == said | {
        "author": "agent",
        "author_name": "Ana Souza",
        "text": "Oi! Já vejo.",
        "delivery": "pending",
    }
    assert await call(client, "POST", f"{path}/reply", "ana", body, 201) == said
    other = await call(client, "POST", f"{path}/reply", "ana", {**body, "text": "outra"}, 422)
    assert other["code"] == "client_id_reused"
    stale = await call(
        client, "POST", f"{path}/reply", "bruno", {**body, "client_id": new_id()}, 409
    )
    assert stale["code"] == "stale"

    note = await call(client, "POST", f"{path}/note", "ana", {"text": "VIP"}, 201)
    assert (note["kind"], note["text"]) == ("note", "VIP")
    waiting = await call(client, "POST", f"{path}/wait", "ana", {"for": "customer"})
    assert waiting["state"] == "waiting_customer"
    until = (world.clock.now() + timedelta(hours=1)).isoformat()
    snoozed = await call(client, "POST", f"{path}/snooze", "ana", {"until": until})
    assert (snoozed["state"], snoozed["wake_at"]) == ("snoozed", "2026-11-18T16:01:30Z")
    urgent = await call(
        client, "POST", f"{path}/priority", "ana", {"priority": "urgent", "reason": "legal"}
    )
    assert urgent["priority"] == "urgent"
    done = await call(client, "POST", f"{path}/resolve", "ana", {"text": "Pronto!"})
    assert done["state"] == "resolved"
    page = await call(client, "GET", f"/conversations/{conversation.id}/messages?after=3", "ana")
    assert [m["text"] for m in page["messages"]][-2] == "Pronto!"
    assert (page["owner"], page["owner_epoch"]) == ("bot", 4)
    assert page["last_seq"] == page["messages"][-1]["seq"]
    again = await call(client, "POST", f"{path}/reopen", "bruno", {"reason": "not yet"})
    assert (again["state"], again["assignee"]["name"]) == ("claimed", "Bruno Lima")


async def test_passing_on_over_http(world: World, client: Client) -> None:
    opened, _ = await world.hand_off(topic="billing")
    path = f"/tickets/{opened.ticket_id}"
    detail = await call(client, "POST", "/tickets/claim-next", "ana", {"level": "N2"})
    assert detail["id"] == opened.ticket_id
    await call(client, "POST", "/tickets/claim-next", "ana", {}, 204)
    missing = await call(
        client, "POST", f"{path}/escalate", "ana", {"kind": "functional", "to": "N3"}, 422
    )
    assert missing["errors"][0]["pointer"] == "/reason"
    body = {"kind": "functional", "to": "N3", "reason": "payment gateway"}
    detail = await call(client, "POST", f"{path}/escalate", "ana", body)
    assert (detail["level"], detail["queue"]["key"]) == ("N3", "technical")
    event = detail["events"][-1]
    assert (event["kind"], event["from"], event["to"]) == (
        "escalated_functional",
        "N2 · Billing",
        "N3 · Technical support",
    )
    await call(client, "POST", f"{path}/claim", "ana", {}, 403)
    await call(client, "POST", f"{path}/claim", "nina", {})
    detail = await call(client, "POST", f"{path}/return", "nina", {"reason": "known issue"})
    assert (detail["queue"]["key"], detail["bounce_count"]) == ("billing", 1)
    detail = await call(
        client,
        "POST",
        f"{path}/transfer",
        "ana",
        {"assignee": world.bruno.id, "reason": "his customer"},
    )
    event = detail["events"][-1]
    assert (event["kind"], event["to"]) == ("assigned", "Bruno Lima")
    body = {"kind": "hierarchical", "to": world.sofia.id, "reason": "complaint"}
    detail = await call(client, "POST", f"{path}/escalate", "bruno", body)
    assert (detail["assignee"]["name"], detail["priority"]) == ("Sofia Reis", "high")


async def test_the_list_filters_and_pages_in_order(world: World, client: Client) -> None:
    numbers = []
    for n in range(7):
        opened, _ = await world.hand_off(topic="orders" if n % 2 else "billing")
        numbers.append(opened.number)
        world.clock.advance(timedelta(seconds=1))
    listed = await call(client, "GET", "/tickets?queue=orders", "ana")
    assert [t["number"] for t in listed["items"]] == numbers[1::2]
    last = (await call(client, "GET", f"/tickets?q={numbers[6].lower()}", "ana"))["items"]
    assert [t["number"] for t in last] == [numbers[6]]
    await world.desk.set_priority(last[0]["id"], world.sofia, priority=Priority.HIGH)
    pages: list[str] = []
    cursor = ""
    while True:
        page = await call(client, "GET", f"/tickets?limit=3&state=open&cursor={cursor}", "ana")
        pages += [t["number"] for t in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert pages == [numbers[6], *numbers[:6]]
    await world.desk.claim(last[0]["id"], world.ana)
    for query, expected in [
        ("assignee=me", [numbers[6]]),
        (f"assignee={world.bruno.id}", []),
        ("assignee=none", numbers[:6]),
        ("state=claimed&state=resolved", [numbers[6]]),
        ("level=N3", []),
        ("queue=&level=&assignee=&q=&state=", pages),
        ("q=100%25", []),
        ("q=customer+3", [numbers[2]]),
    ]:
        found = await call(client, "GET", f"/tickets?{query}", "ana")
        assert [t["number"] for t in found["items"]] == expected, query
    for wrong in ("state=lost", "cursor=abc", "limit=0", "colour=red"):
        await call(client, "GET", f"/tickets?{wrong}", "ana", None, 422)


async def test_queues_show_load_only_for_the_own_levels(world: World, client: Client) -> None:
    opened, _ = await world.hand_off(topic="orders")
    deep, _ = await world.hand_off(topic="orders")
    await world.desk.transfer(deep.ticket_id, world.sofia, queue="logistics", reason="carrier")

    async def loads(name: str) -> dict[str, tuple[int, int]]:
        items = (await call(client, "GET", "/queues", name))["items"]
        assert [q["level"] for q in items] == ["N2"] * 4 + ["N3"] * 2 + ["N4"]
        return {q["key"]: (q["open_count"], q["waiting_count"]) for q in items}

    assert (await loads("ana"))["orders"] == (1, 1)
    assert (await loads("ana"))["logistics"] == (0, 0)
    assert (await loads("nina"))["logistics"] == (1, 1)
    await world.desk.claim(opened.ticket_id, world.ana)
    assert (await loads("sofia"))["orders"] == (1, 0)
    agents = (await call(client, "GET", "/agents", "ana"))["items"]
    assert [a["name"] for a in agents] == [
        "Ana Souza",
        "Bruno Lima",
        "Nina Prado",
        "Sofia Reis",
    ]


async def test_not_yours_looks_like_not_there(world: World, client: Client) -> None:
    await world.hire("Edi Tor", role=Role.EDITOR)
    opened, conversation_id = await world.hand_off()
    await world.desk.transfer(opened.ticket_id, world.sofia, queue="technical", reason="deep")
    theirs = [
        ("GET", f"/tickets/{opened.ticket_id}", None),
        ("POST", f"/tickets/{opened.ticket_id}/claim", {}),
        ("POST", f"/tickets/{opened.ticket_id}/note", {"text": "x"}),
        ("POST", f"/tickets/{opened.ticket_id}/resolve", {}),
        ("GET", f"/conversations/{conversation_id}/messages", None),
        ("GET", f"/conversations/{conversation_id}/transcript", None),
    ]
    for method, path, body in theirs:
        hidden = await call(client, method, path, "ana", body, 404)
        missing = await call(
            client,
            method,
            path.replace(opened.ticket_id, new_id()).replace(conversation_id, new_id()),
            "ana",
            body,
            404,
        )
        assert hidden == missing
    assert (await call(client, "GET", "/tickets", "ana"))["items"] == []
    for name in ("nina", "sofia", "otto"):
        assert (await call(client, "GET", "/tickets", name))["items"][0]["number"]
        await call(client, "GET", f"/tickets/{opened.ticket_id}", name)
    for method, path, body in theirs[1:4]:
        await call(client, method, path, "otto", body, 404)
    await call(client, "GET", "/tickets", "edi", None, 403)
    await call(client, "GET", f"/tickets/{opened.ticket_id}", "edi", None, 404)


async def test_messages_show_why_the_bot_did_what_it_did(world: World, client: Client) -> None:
    conversation = await world.conversation()
    await world.says(
        conversation.id,
        "where is it? {{link:1}}",
        decision={
            "route": "order_status",
            "intent": "order_status",
            "confidence": 0.9,
            "facts": {"email": "lia@example.com"},
            "reasons": ["clear"],
        },
    )
    await world.hand_off(conversation)
    page = await call(client, "GET", f"/conversations/{conversation.id}/messages", "ana")
    first = page["messages"][0]
    assert first["decision"] == {
        "route": "order_status",
        "intent": "order_status",
        "confidence": 0.9,
        "reasons": ["clear"],
    }
    assert first["text"] == "where is it? [link]"
    assert page["owner"] == "queue"


async def test_transcript_formats(sqlite_world: World, sqlite_client: Client) -> None:
    _, conversation_id = await sqlite_world.hand_off()
    for form, kind in [
        ("json", "application/json"),
        ("txt", "text/plain"),
        ("html", "text/html"),
    ]:
        response = await sqlite_client.get(
            f"/api/v1/conversations/{conversation_id}/transcript?format={form}",
            headers={"X-Staff": "ana"},
        )
        assert response.status == 200
        assert response.content_type == kind
        assert "utter_handoff" in await response.text()
        if form == "html":
            assert "default-src 'none'" in response.headers["Content-Security-Policy"]
    await call(
        sqlite_client,
        "GET",
        f"/conversations/{conversation_id}/transcript?format=pdf",
        "ana",
        None,
        422,
    )


async def read_event(response: Any) -> tuple[str, str]:
    """Return the next named event; comments, the retry line and heartbeats are passed over."""
    name = ""
    while True:
        line = (await asyncio.wait_for(response.content.readline(), 10)).decode().rstrip("\n")
        if line.startswith("event: "):
            name = line.removeprefix("event: ")
        elif line.startswith("data: ") and name != "beat":
            return name, line.removeprefix("data: ")


async def test_pages_hear_of_the_tickets_they_may_see(
    sqlite_world: World, sqlite_client: Client
) -> None:
    world = sqlite_world
    async with (
        sqlite_client.get("/api/v1/events", headers={"X-Staff": "ana"}) as ana,
        sqlite_client.get("/api/v1/events", headers={"X-Staff": "nina"}) as nina,
    ):
        assert ana.headers["Content-Type"].startswith("text/event-stream")
        opened, conversation_id = await world.hand_off()
        name, data = await read_event(ana)
        assert name == "ticket"
        assert '"change": "opened"' in data
        assert opened.number in data
        assert '"for"' not in data
        await read_event(nina)
        await world.desk.transfer(opened.ticket_id, world.sofia, queue="technical", reason="deep")
        assert '"change": "moved"' in (await read_event(ana))[1]
        assert '"change": "moved"' in (await read_event(nina))[1]
        # From here on it is none of Ana's business.
        await world.says(conversation_id, "hello?")
        world.bus.publish(TYPING_TOPIC, {"conversation_id": conversation_id})
        name, data = await read_event(nina)
        assert (name, '"author": "customer"' in data) == ("message", True)
        assert (await read_event(nina))[0] == "typing"
        mine, _ = await world.hand_off()
        name, data = await read_event(ana)
        assert (name, mine.number in data) == ("ticket", True)


async def test_who_is_dismissed_hears_nothing_more(
    sqlite_world: World, sqlite_client: Client
) -> None:
    world = sqlite_world
    async with sqlite_client.get("/api/v1/events", headers={"X-Staff": "bruno"}) as stream:

        def dismiss(tx: Tx) -> bool:
            return staff_repository.disable(tx, world.bruno.id, now=world.clock.now())

        await world.db.write(dismiss)
        async with asyncio.timeout(30):
            assert b"event:" not in await stream.read()


async def test_only_who_has_the_ticket_is_shown_typing(
    sqlite_world: World, sqlite_client: Client
) -> None:
    world = sqlite_world
    opened, conversation_id = await world.hand_off()
    await world.desk.claim(opened.ticket_id, world.ana)
    async with world.bus.subscribe(f"conversation:{conversation_id}") as hints:
        await call(
            sqlite_client, "POST", f"/conversations/{conversation_id}/typing", "bruno", {}, 204
        )
        assert hints.empty()
        await call(
            sqlite_client, "POST", f"/conversations/{conversation_id}/typing", "ana", {}, 204
        )
        assert hints.get_nowait()[1] == {"typing": "agent", "author_name": "Ana Souza"}
    await call(sqlite_client, "POST", "/conversations/nowhere/typing", "ana", {}, 404)


def test_every_route_is_described() -> None:
    document = openapi_document(table.routes, title="t", version="1")
    assert "/api/v1/tickets/{id}/escalate" in document["paths"]
    body = document["components"]["schemas"]["WaitBody"]
    assert set(body["required"]) == {"for"}
    assert all(route.allow not in {"public", "staff"} for route in table.routes)
