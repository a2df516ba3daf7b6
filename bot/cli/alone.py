"""A bot for one command while no gateway is running: services, internal application, one Rasa host."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from bot.app import create_internal_app, serve
from bot.cli.common import note
from bot.cli.up import rasa_hosts
from bot.kit.errors import SetupError
from bot.migrations import upgrade
from bot.rasa.environment import ensure_environment
from bot.services import Services, build_services
from bot.settings import Settings

START_SECONDS = 120


@asynccontextmanager
async def bot_alone(settings: Settings) -> AsyncIterator[Services]:
    """Run what is needed to understand messages while inside the context.

    Raises:
        SetupError: Rasa can't be installed, trained or started.
    """
    await ensure_environment(settings.rasa_python, progress=note)
    services = build_services(settings)
    try:
        await upgrade(services.db)
        model = await services.learning.models.prepare(progress=note, register=False)
        await services.knowledge.start()
        async with answering(services, model=model):
            yield services
    finally:
        await services.close()


@asynccontextmanager
async def answering(services: Services, *, model: Path) -> AsyncIterator[None]:
    """Serve `services` to Rasa hosts of its own while inside the context.

    Raises:
        SetupError: Rasa can't be started.
    """
    ready = asyncio.Event()
    internal = await serve(create_internal_app(services), host="127.0.0.1", port=0)
    services.internal_url = "http://{}:{}".format(*internal.addresses[0][:2])
    supervisors = rasa_hosts(services, model=lambda: model, on_ready=lambda _: ready.set())
    tasks = [asyncio.create_task(supervisor.run()) for supervisor in supervisors]
    try:
        try:
            await asyncio.wait_for(ready.wait(), START_SECONDS)
        except TimeoutError:
            logs = services.settings.data_dir / "logs"
            raise SetupError(f"Rasa did not start; see {logs}.") from None
        yield
    finally:
        for supervisor in supervisors:
            await supervisor.close()
        for task in tasks:
            task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.gather(*tasks, return_exceptions=True)
        await internal.cleanup()
