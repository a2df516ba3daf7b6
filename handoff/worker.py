"""The desk's clock: snoozed tickets come back, resolved ones close, orphans get back in line."""

import asyncio

import structlog

from bot.kit.errors import FrontlineError
from handoff.service import Desk

log = structlog.get_logger(__name__)
SWEEP_SECONDS = 1.0


class DeskWorker:
    """Sweeps what is due every second. Timers are rows, so a restart loses none."""

    def __init__(self, desk: Desk, *, every_seconds: float = SWEEP_SECONDS) -> None:
        self._desk = desk
        self._every_seconds = every_seconds

    async def run(self) -> None:
        """Sweep until cancelled."""
        while True:
            try:
                await self._desk.sweep()
            except FrontlineError as error:  # the store is away, or a ticket changed meanwhile
                log.warning("desk.sweep_failed", error=error.code)
            except Exception as error:  # one bad row must not stop the clock
                log.exception("desk.sweep_failed", error=type(error).__name__)
            await asyncio.sleep(self._every_seconds)
