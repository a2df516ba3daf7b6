"""A circuit breaker: after a few failures in a row Rasa is left alone, then tried again. Pure."""

from dataclasses import dataclass
from enum import StrEnum

FAILURES_TO_OPEN = 3
OPEN_SECONDS = 5.0
"""Short: while it is open customers are served without the bot, and the host restarts in about 7 s."""


class BreakerState(StrEnum):
    """Whether Rasa is asked."""

    CLOSED = "closed"
    OPEN = "open"
    TRYING = "trying"
    """One request is let through to see whether Rasa is back."""


@dataclass(slots=True)
class Breaker:
    """Counts failures in a row; times are monotonic seconds."""

    failures: int = 0
    opened_at: float = 0.0
    trying: bool = False

    def state(self, now: float) -> BreakerState:
        """Return whether Rasa would be asked now."""
        if self.failures < FAILURES_TO_OPEN:
            return BreakerState.CLOSED
        if self.trying or now - self.opened_at < OPEN_SECONDS:
            return BreakerState.OPEN
        return BreakerState.TRYING

    def allow(self, now: float) -> bool:
        """Tell whether a request may go out; marks the one that tries."""
        match self.state(now):
            case BreakerState.CLOSED:
                return True
            case BreakerState.OPEN:
                return False
            case BreakerState.TRYING:
                self.trying = True
                return True

    def succeeded(self) -> None:
        """Record an answer."""
        self.failures = 0
        self.trying = False

    def failed(self, now: float) -> None:
        """Record a failure."""
        self.failures += 1
        self.trying = False
        if self.failures >= FAILURES_TO_OPEN:
            self.opened_at = now
