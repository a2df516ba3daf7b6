"""Asks for ratings when their time has come. What is due are rows, so a restart loses none."""

import asyncio

import structlog

from bot.kit.errors import FrontlineError
from handoff.feedback.service import Ratings

log = structlog.get_logger(__name__)
SWEEP_SECONDS = 5.0


class RatingsWorker:
    """Sweeps every few seconds."""

    def __init__(self, ratings: Ratings, *, every_seconds: float = SWEEP_SECONDS) -> None:
        self._ratings = ratings
        self._every_seconds = every_seconds

    async def run(self) -> None:
        """Sweep until cancelled."""
        while True:
            try:
                await self._ratings.sweep()
            except (
                FrontlineError
            ) as error:  # the store is away, or a conversation changed meanwhile
                log.warning("feedback.sweep_failed", error=error.code)
            await asyncio.sleep(self._every_seconds)
