"""A gateway for each engine."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.bot.learning.world import World, world_on


@pytest.fixture(params=["sqlite", "postgresql"])
async def world(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[World]:
    async with world_on(request.param, tmp_path / "var") as world:
        yield world
