"""The editors' clock: scheduled texts are published when their time has come."""

import asyncio

import structlog

from bot.kit.errors import FrontlineError
from knowledge_base.service import Articles

log = structlog.get_logger(__name__)
SWEEP_SECONDS = 0.5
"""A scheduled text is seen by customers within a second of its instant."""


class PublishingWorker:
    """Publishes what is due. Schedules are rows: a restart loses none, only delays them."""

    def __init__(self, articles: Articles, *, every_seconds: float = SWEEP_SECONDS) -> None:
        self._articles = articles
        self._every_seconds = every_seconds

    async def run(self) -> None:
        """Sweep until cancelled."""
        while True:
            try:
                await self._articles.publish_due()
            except FrontlineError as error:  # the store is away, or the article changed meanwhile
                log.warning("publishing.sweep_failed", error=error.code)
            except Exception as error:  # one bad row must not stop the clock
                log.exception("publishing.sweep_failed", error=type(error).__name__)
            await asyncio.sleep(self._every_seconds)
