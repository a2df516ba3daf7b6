"""Getting work over HTTP: what goes out, and what is refused in which words."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from bot.kit.bus import LocalBus
from bot.kit.errors import FrontlineError
from bot.kit.web import mount, problem, route_of
from bot.staff import guard
from handoff.console.events import LiveStreams
from handoff.console.routes import DESK, LIVE
from handoff.console.routes import table as desk_table
from handoff.work.routes import WORK, table
from handoff.work.worker import WorkWorker
from tests.handoff.work.conftest import Shift

Client = TestClient[web.Request, web.Application]


@asynccontextmanager
async def served(shift: Shift) -> AsyncIterator[Client]:
    """The routes behind a log-in that believes a header."""

    @web.middleware
    async def log_in(request: web.Request, handler: Any) -> web.StreamResponse:
        try:
            route = route_of(request)
            assert route is not None
            staff = shift.staff[request.headers["X-Staff"]]
            guard._check_permission(route, staff)
            request[guard._STAFF] = staff
            answer: web.StreamResponse = await handler(request)
            return answer
        except FrontlineError as error:
            return problem(error)

    app = web.Application(middlewares=[log_in])
    live = LiveStreams(shift.desk, shift.bus, heartbeat_seconds=0.05)
    app[DESK], app[WORK], app[LIVE] = shift.desk, shift.work, live
    mount(app, [desk_table, table])
    task = asyncio.create_task(live.run())
    async with TestClient(TestServer(app)) as client:
        yield client
        live.close()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


@pytest.fixture
async def client(sqlite_shift: Shift) -> AsyncIterator[Client]:
    async with served(sqlite_shift) as client:
        yield client


async def call(
    client: Client, method: str, path: str, staff: str, body: Any = None, expect: int = 200
) -> Any:
    headers = {"X-Staff": staff}
    async with client.request(method, f"/api/v1{path}", json=body, headers=headers) as response:
        assert response.status == expect, await response.text()
        return await response.json()


async def test_presence_and_offers(sqlite_shift: Shift, client: Client) -> None:
    shift = sqlite_shift
    assert (await call(client, "GET", "/presence", "ana"))["presence"] == "offline"
    beat = await call(client, "POST", "/presence/beat", "ana", {"active": True})
    assert beat == {"presence": "online", "open": 0, "capacity": 5, "offers": []}
    await shift.gives_out()
    opened, _ = await shift.hand_off()
    await shift.work.drain()
    shift.passes(20)
    (offer,) = (await call(client, "GET", "/presence", "ana"))["offers"]
    assert (offer["number"], offer["seconds"]) == (opened.number, 100)
    path = f"/tickets/{opened.ticket_id}/accept"
    stale = await call(client, "POST", path, "bruno", {}, 409)
    assert (stale["code"], stale["assignee"]["name"]) == ("stale", "Ana Souza")
    assert (await call(client, "POST", path, "ana", {}))["assignee"]["name"] == "Ana Souza"
    away = await call(client, "PUT", "/presence", "ana", {"presence": "away"})
    assert (away["presence"], away["offers"], away["open"]) == ("away", [], 1)
    await call(client, "PUT", "/presence", "ana", {"presence": "lunch"}, 422)
    await call(client, "POST", "/presence/beat", "otto", {}, 403)


async def test_profiles_are_bounded_and_on_record(sqlite_shift: Shift, client: Client) -> None:
    shift = sqlite_shift
    path = f"/assignment/people/{shift.ana.id}"
    good = {"capacity": 3, "skills": [" Refunds ", "refunds", ""], "languages": ["es"]}
    saved = await call(client, "PUT", path, "sofia", {**good, "automatic": False})
    assert (saved["skills"], saved["capacity"], saved["automatic"]) == (["refunds"], 3, False)
    listed = (await call(client, "GET", "/assignment/people", "otto"))["items"]
    assert next(one for one in listed if one["id"] == shift.ana.id) == saved
    for bad in (
        {"capacity": 0},
        {"capacity": 51},
        {"skills": ["x" * 41]},
        {"skills": ["x"] * 31},
        {"languages": ["xx"]},
    ):
        await call(client, "PUT", path, "sofia", {**good, "automatic": True, **bad}, 422)
    whole = {**good, "automatic": True}
    await call(client, "PUT", path, "ana", whole, 404)
    missing = await call(client, "PUT", f"/assignment/people/{shift.otto.id}", "sofia", whole, 404)
    assert missing["detail"] == "Nobody who works on tickets has this id."


async def test_settings_are_bounded_and_never_overwritten(
    sqlite_shift: Shift, client: Client
) -> None:
    queue = await sqlite_shift.queue("support")
    path = f"/assignment/queues/{queue.id}"
    good = {"mode": "round_robin", "accept_seconds": 60, "fair_limit": 20, "version": 0}
    saved = await call(client, "PUT", path, "sofia", good)
    assert (saved["mode"], saved["version"], saved["queue"]["name"]) == (
        "round_robin",
        1,
        "Support",
    )
    stale = await call(client, "PUT", path, "sofia", good, 409)
    assert stale["code"] == "stale"
    for bad in ({"mode": "dice"}, {"accept_seconds": 5}, {"fair_limit": 0}, {"version": -1}):
        await call(client, "PUT", path, "sofia", {**good, **bad}, 422)
    await call(client, "PUT", "/assignment/queues/none", "sofia", good, 404)
    await call(client, "PUT", path, "ana", good, 404)


async def test_the_board_is_for_who_supervises_or_audits(
    sqlite_shift: Shift, client: Client
) -> None:
    shift = sqlite_shift
    await shift.there(shift.ana)
    opened, _ = await shift.hand_off()
    shift.passes(30)
    board = await call(client, "GET", "/assignment/board", "otto")
    support = next(one for one in board["queues"] if one["queue"]["key"] == "support")
    assert (support["waiting"], support["oldest_seconds"], support["mode"]) == (1, 30, "off")
    ana = next(one for one in board["people"] if one["id"] == shift.ana.id)
    assert (ana["presence"], ana["open"], ana["capacity"]) == ("online", 0, 5)
    assert board["tickets"] == []
    await shift.desk.claim(opened.ticket_id, shift.ana)
    await shift.desk.reply(opened.ticket_id, shift.ana, client_id="1", text="One moment")
    shift.passes(61)
    await shift.work.sweep()
    (left,) = (await call(client, "GET", "/assignment/board", "sofia"))["tickets"]
    assert (left["why"], left["assignee"]["name"]) == (["left"], "Ana Souza")
    await call(client, "GET", "/assignment/board", "ana", None, 403)


async def test_an_idle_stream_asks_the_page_whether_it_is_open(client: Client) -> None:
    async with client.get("/api/v1/events", headers={"X-Staff": "ana"}) as response:
        async with asyncio.timeout(30):
            async for line in response.content:
                if line == b"event: beat\n":
                    break


async def test_the_worker_gives_out_what_arrives(sqlite_shift: Shift, bus: LocalBus) -> None:
    shift = sqlite_shift
    await shift.gives_out()
    await shift.there(shift.ana)
    async with bus.subscribe("desk") as hints:
        task = asyncio.create_task(WorkWorker(shift.work, bus).run())
        try:
            opened, _ = await shift.hand_off()
            async with asyncio.timeout(30):
                while (await hints.get())[1].get("change") != "assigned":
                    pass
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
    assert await shift.assignee(opened.ticket_id) == "ana"
