"""A small support department on a real database."""

import pytest

from bot.kit.bus import LocalBus
from bot.kit.clock import FixedClock
from bot.kit.db import Database
from tests.handoff.world import World


@pytest.fixture
async def world(db: Database, clock: FixedClock, bus: LocalBus) -> World:
    return await World(db, clock, bus).populate()


@pytest.fixture
async def sqlite_world(sqlite_db: Database, clock: FixedClock, bus: LocalBus) -> World:
    return await World(sqlite_db, clock, bus).populate()
