"""The console's routes on a store that the migrations made: the index of words is theirs."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from bot.kit.bus import LocalBus
from bot.kit.clock import FixedClock
from bot.kit.db import Base, Database
from bot.kit.errors import FrontlineError
from bot.kit.web import mount, problem, route_of
from bot.migrations import upgrade
from bot.staff import guard
from handoff.console import bulk_routes, company_routes, routes
from handoff.console.bulk import Bulk
from handoff.console.company import Company
from handoff.console.events import LiveStreams
from handoff.replies import routes as replies_routes
from handoff.replies.service import CannedReplies
from handoff.search import routes as search_routes
from handoff.search.service import Search
from handoff.suggestions import routes as suggestions_routes
from handoff.suggestions.service import Suggestions
from handoff.views import routes as views_routes
from handoff.views.service import SavedViews
from knowledge_base.library import Page
from tests.handoff.world import World

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Shelf:
    """A library of two articles, one of them for colleagues."""

    pages = (
        Page("a1", "return", "en", "Returning a purchase", "Within **7 days**.", 3, 0.9, False),
        Page("a2", "override", "en", "Override a late return", "Ask Sofia.", 1, 0.5, True),
    )

    def __init__(self) -> None:
        self.asked: list[str] = []

    async def find(self, question: str, *, locale: str, limit: int) -> list[Page]:
        self.asked.append(question)
        return list(self.pages[:limit])

    async def get(self, article_id: str) -> Page | None:
        return next((page for page in self.pages if page.article_id == article_id), None)


class Office:
    """A support department behind its routes; who calls is named in a header."""

    def __init__(self, world: World, client: TestClient[Any, Any], shelf: Shelf) -> None:
        self.world = world
        self.client = client
        self.shelf = shelf

    async def call(
        self, method: str, path: str, staff: str, body: Any = None, *, expect: int = 200
    ) -> Any:
        response = await self.client.request(
            method, f"/api/v1{path}", json=body, headers={"X-Staff": staff}
        )
        text = await response.text()
        assert response.status == expect, text
        return await response.json() if text else None


async def migrated(db: Database) -> Database:
    await db.write(lambda tx: Base.metadata.drop_all(tx.conn))
    await upgrade(db)
    return db


@asynccontextmanager
async def served(world: World) -> AsyncIterator[Office]:
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
    shelf = Shelf()
    app[routes.DESK] = world.desk
    app[routes.LIVE] = live
    app[search_routes.SEARCH] = Search(world.db)
    app[views_routes.VIEWS] = SavedViews(world.db, world.clock)
    app[replies_routes.REPLIES] = CannedReplies(world.db, world.clock)
    app[suggestions_routes.SUGGESTIONS] = Suggestions(world.db, world.desk, shelf)
    app[company_routes.COMPANY] = Company(world.db, world.clock, world.bus)
    app[bulk_routes.BULK] = Bulk(world.db, world.desk)
    mount(
        app,
        [
            bulk_routes.table,
            search_routes.table,
            views_routes.table,
            replies_routes.table,
            suggestions_routes.table,
            company_routes.table,
            routes.table,
        ],
    )
    task = asyncio.create_task(live.run())
    async with TestClient(TestServer(app)) as client:
        yield Office(world, client, shelf)
        live.close()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


@pytest.fixture
async def office(sqlite_world: World) -> AsyncIterator[Office]:
    async with served(sqlite_world) as office:
        yield office


@pytest.fixture
async def migrated_office(db: Database, clock: FixedClock, bus: LocalBus) -> AsyncIterator[Office]:
    """On both engines, on a store that the migrations made: the index of words is theirs."""
    world = await World(await migrated(db), clock, bus).populate()
    async with served(world) as office:
        yield office
