"""How fast messages may follow each other. `Rate` and `Meter` are pure; `Pacer` waits.

A meter is a token bucket kept as one number (the generic cell rate algorithm, ITU-T I.371): the
instant at which the bucket will be full again.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Rate:
    """Messages per second in the long run, and how many may come at once."""

    per_second: float
    burst: int


@dataclass(slots=True)
class Meter:
    """What has been taken from one bucket."""

    rate: Rate
    full_at: float = 0.0

    def take(self, now: float) -> float:
        """Take one token, and return the seconds to wait until it is there."""
        interval = 1 / self.rate.per_second
        self.full_at = max(self.full_at, now) + interval
        return max(0.0, self.full_at - now - interval * self.rate.burst)

    def is_full(self, now: float) -> bool:
        """Tell whether nothing is missing, so that the meter can be forgotten."""
        return self.full_at <= now


class Pacer:
    """Waits for a token of the recipient and then for one of the channel as a whole."""

    FORGET_ABOVE = 1_000
    """Recipients remembered before those with full buckets are dropped."""

    def __init__(
        self,
        *,
        each: Rate,
        overall: Rate,
        now: Callable[[], float] | None = None,
    ) -> None:
        self._each = each
        self._overall = Meter(overall)
        self._meters: dict[str, Meter] = {}
        self._now = now

    async def wait(self, recipient: str) -> None:
        """Return when `recipient` may be sent one more message."""
        delay = self._meter(recipient).take(self._time())
        if delay > 0:
            await asyncio.sleep(delay)
        # Only now: a recipient that waits for itself must not take a place from the others.
        delay = self._overall.take(self._time())
        if delay > 0:
            await asyncio.sleep(delay)

    def _meter(self, recipient: str) -> Meter:
        if len(self._meters) > self.FORGET_ABOVE:
            now = self._time()
            self._meters = {k: m for k, m in self._meters.items() if not m.is_full(now)}
        return self._meters.setdefault(recipient, Meter(self._each))

    def _time(self) -> float:
        return self._now() if self._now is not None else asyncio.get_running_loop().time()
