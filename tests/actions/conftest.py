"""A world whose actions are called over HTTP, as Rasa does."""

from collections.abc import AsyncIterator

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from actions.webhook import ACTIONS, routes
from bot.kit.bus import LocalBus
from bot.kit.clock import FixedClock
from bot.kit.db import Database
from bot.kit.web import mount
from tests.actions.world import World, make_runner, make_world


@pytest.fixture
async def world(db: Database, clock: FixedClock, bus: LocalBus) -> AsyncIterator[World]:
    made = await make_world(db, clock, bus)
    app = web.Application(client_max_size=8 * 1024 * 1024)
    app[ACTIONS] = make_runner(made)
    mount(app, [routes])
    async with TestClient(TestServer(app)) as client:
        made.client = client
        yield made
