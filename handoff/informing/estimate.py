"""How long it may take until somebody comes. Pure."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import quantiles

ENOUGH = 8
"""With fewer tickets nothing is said: a guess is worse than none."""
LOOK_BACK = timedelta(days=14)
MOST = 60
"""How many of the latest tickets count."""
LONGEST_MINUTES = 240
"""Beyond four hours a number of minutes helps nobody."""


@dataclass(frozen=True, slots=True)
class Served:
    """A ticket that was taken out of a line."""

    queued_at: datetime
    claimed_at: datetime


@dataclass(frozen=True, slots=True)
class Range:
    """Minutes until somebody comes."""

    low: int
    high: int


def steps(served: Sequence[Served]) -> list[float]:
    """Return the seconds that each ticket stood first in line.

    From when it came, or when the one before it was taken, whichever was later: time in which nobody
    waited does not count.
    """
    found = []
    before: datetime | None = None
    for one in sorted(served, key=lambda s: s.claimed_at):
        since = one.queued_at if before is None else max(one.queued_at, before)
        found.append(max(0.0, (one.claimed_at - since).total_seconds()))
        before = one.claimed_at
    return found


def estimate(position: int, served: Sequence[Served]) -> Range | None:
    """Return how long the ticket at `position` (1 is next) may wait, or None when nobody can tell.

    The numbers are those of the queue itself: of the last tickets taken out of it (at most `MOST`, of
    the last `LOOK_BACK`, those that came in opening hours), the middle half of how long each stood first in
    line, once for every place. Rounded up: to whole minutes below ten, to five minutes above.
    """
    if position < 1 or len(served) < ENOUGH:
        return None
    lower, _, upper = quantiles(steps(served), n=4, method="inclusive")
    low, high = _minutes(position * lower), _minutes(position * upper)
    return Range(low, high) if high <= LONGEST_MINUTES else None


def _minutes(seconds: float) -> int:
    minutes = max(1, math.ceil(seconds / 60))
    return minutes if minutes < 10 else math.ceil(minutes / 5) * 5
