"""Rate limits: so many hits per window and key. In memory, or shared through Redis.

When Redis is away each gateway counts for itself: stricter never, looser by the number of gateways.
"""

import asyncio
import time
from collections.abc import Callable
from typing import Any, Protocol

import structlog

from bot.kit.errors import RateLimited

log = structlog.get_logger(__name__)
MAX_KEYS = 50_000
REDIS_SECONDS = 0.5
"""How long a caller waits for Redis."""
REDIS_PAUSE_SECONDS = 5.0
"""How long Redis is not asked after it failed."""


class Limiter(Protocol):
    """Counts hits."""

    async def hit(self, key: str, *, limit: int, window_seconds: int) -> None:
        """Count one hit.

        Raises:
            RateLimited: this is more than `limit` in the present window.
        """
        ...


class MemoryLimiter:
    """Fixed windows in this process."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._counts: dict[str, tuple[float, int]] = {}

    async def hit(self, key: str, *, limit: int, window_seconds: int) -> None:
        """See `Limiter.hit`."""
        now = self._monotonic()
        ends, count = self._counts.get(key, (0.0, 0))
        if ends <= now:
            ends, count = now + window_seconds, 0
            if len(self._counts) >= MAX_KEYS:
                self._counts = {k: v for k, v in self._counts.items() if v[0] > now}
        self._counts[key] = (ends, count + 1)
        if count + 1 > limit:
            raise RateLimited(
                "Too many requests; please wait a little.",
                retry_after_seconds=max(1, int(ends - now) + 1),
            )


class RedisLimiter:
    """Fixed windows shared by all gateways."""

    def __init__(self, redis: Any, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._redis = redis
        self._monotonic = monotonic
        self._fallback = MemoryLimiter(monotonic)
        self._away_until = 0.0

    async def hit(self, key: str, *, limit: int, window_seconds: int) -> None:
        """See `Limiter.hit`."""
        counted = None
        if self._monotonic() >= self._away_until:
            try:
                async with asyncio.timeout(REDIS_SECONDS):
                    counted = await self._count(
                        f"frontline:limit:{window_seconds}:{key}", window_seconds
                    )
            except Exception as error:  # Redis is expendable
                self._away_until = self._monotonic() + REDIS_PAUSE_SECONDS
                log.warning("limits.redis_failed", error=type(error).__name__)
        if counted is None:
            await self._fallback.hit(key, limit=limit, window_seconds=window_seconds)
            return
        count, left = counted
        if count > limit:
            raise RateLimited(
                "Too many requests; please wait a little.",
                retry_after_seconds=max(1, int(left)),
            )

    async def _count(self, name: str, window_seconds: int) -> tuple[int, int]:
        """Count and return (hits, seconds left); whole or not at all, or a key might never end."""
        async with self._redis.pipeline(transaction=True) as pipeline:
            pipeline.set(name, 0, ex=window_seconds, nx=True)
            pipeline.incr(name)
            pipeline.ttl(name)
            _, count, left = await pipeline.execute()
        return int(count), int(left)
