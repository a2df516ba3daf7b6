"""Time is passed in: services take a `Clock`, tests give them a `FixedClock`."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    """Where the present comes from."""

    def now(self) -> datetime:
        """Return the present instant, aware, in UTC."""
        ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """Return the present instant, aware, in UTC."""
        return datetime.now(UTC)


@dataclass(slots=True)
class FixedClock:
    """A clock that stands still until it is moved."""

    instant: datetime

    def now(self) -> datetime:
        """Return the instant it was set to."""
        return self.instant

    def advance(self, delta: timedelta) -> None:
        """Move forward by `delta`."""
        self.instant += delta
