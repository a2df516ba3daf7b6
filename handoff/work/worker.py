"""Gives out tickets as soon as something frees, takes back what was not accepted, notices who left."""

import asyncio
import time
from contextlib import suppress

import structlog

from bot.kit.bus import Bus, Hint
from bot.kit.errors import FrontlineError
from handoff.steps import TOPIC
from handoff.work.service import Work

log = structlog.get_logger(__name__)
SWEEP_SECONDS = 1.0
FREEING = frozenset({"ticket", "presence"})
"""Hints after which somebody may be free, or something may wait."""


class WorkWorker:
    """One per gateway. Hints make it quick; the sweep makes it certain: a lost hint costs a second."""

    def __init__(self, work: Work, bus: Bus, *, every_seconds: float = SWEEP_SECONDS) -> None:
        self._work = work
        self._bus = bus
        self._every_seconds = every_seconds

    async def run(self) -> None:
        """Work until cancelled."""
        async with self._bus.subscribe(TOPIC) as hints:
            swept = 0.0
            while True:
                try:
                    if time.monotonic() - swept >= self._every_seconds:
                        swept = time.monotonic()
                        await self._work.sweep()
                    await self._work.drain()
                except FrontlineError as error:  # the store is away, or a ticket changed meanwhile
                    log.warning("work.failed", error=error.code)
                    await asyncio.sleep(self._every_seconds)
                except Exception as error:  # one bad row must not stop the others' work
                    log.exception("work.failed", error=type(error).__name__)
                    await asyncio.sleep(self._every_seconds)
                await self._wait(hints)

    async def _wait(self, hints: asyncio.Queue[Hint]) -> None:
        """Return when something may have freed, at the latest when it is time to sweep."""
        with suppress(TimeoutError):
            async with asyncio.timeout(self._every_seconds):
                while True:
                    _, payload = await hints.get()
                    if payload.get("event") in FREEING:
                        break
        while not hints.empty():  # a burst is one reason to look
            hints.get_nowait()
