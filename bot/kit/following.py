"""Keep something in memory as new as the database: by hints, which are quick, and by asking, which is sure.

What is kept is the business of `refresh`; it looks whether a counter in the database has moved, and
reads again when it has.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable

import structlog

from bot.kit.bus import Bus

log = structlog.get_logger(__name__)
POLL_SECONDS = 0.5
"""How often the database is asked; a change shows within this when its hint was lost."""


class Follower:
    """Calls `refresh` at every hint on a topic, and at least twice a second."""

    def __init__(
        self,
        topic: str,
        refresh: Callable[[], Awaitable[object]],
        *,
        bus: Bus,
        poll_seconds: float = POLL_SECONDS,
    ) -> None:
        self._topic = topic
        self._refresh = refresh
        self._bus = bus
        self._poll_seconds = poll_seconds
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Read for the first time, then follow until `close`."""
        if self._task is None:
            await self._refresh()
            self._task = asyncio.create_task(self._follow(), name=f"following {self._topic}")

    async def close(self) -> None:
        """Stop following."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
            self._task = None

    async def _follow(self) -> None:
        troubled = False
        async with self._bus.subscribe(self._topic) as hints:
            while True:
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(hints.get(), self._poll_seconds)
                try:
                    await self._refresh()
                    troubled = False
                except Exception as error:  # what is known stays until the store is back
                    if not troubled:
                        log.warning(
                            "following.failed", topic=self._topic, error=type(error).__name__
                        )
                    troubled = True
