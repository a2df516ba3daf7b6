"""One running Frontline for the tests that only talk to it: embedded, and on PostgreSQL and Redis."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
import pytest_asyncio

from tests.stores import own_database, shared_redis
from tests.system import System
from tests.web.conftest import axe, browser, chromium, open_page  # noqa: F401 - fixtures


@pytest_asyncio.fixture(
    scope="session", loop_scope="session", params=["sqlite", "postgresql+redis"]
)
async def system(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[System]:
    """Started as the README says, with the demo shop, once per store for all tests here."""
    folder: Path = tmp_path_factory.mktemp("system")
    async with AsyncExitStack() as stack:
        environ = {}
        if request.param != "sqlite":
            environ = {
                "FRONTLINE_DATABASE_URL": await stack.enter_async_context(own_database()),
                "FRONTLINE_REDIS_URL": await shared_redis(),
            }
        running = System(folder, environ, options=("--no-telegram",))
        try:
            await running.start()
            yield running
        finally:
            code = await running.stop()
        assert code == 0, running.log[-3000:]
