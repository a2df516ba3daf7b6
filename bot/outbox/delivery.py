"""What follows a try at delivering a reply. Pure; `bot.outbox.worker` carries it out."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from bot.outbox.channel import DeliveryProblem, RetryLater, Sent, Undeliverable, UnknownOutcome

GIVE_UP_AFTER = timedelta(hours=24)
"""A support answer that is a day late helps nobody; Telegram keeps customers' messages as long."""
FIRST_WAIT_SECONDS = 1.0
LONGEST_WAIT_SECONDS = 600.0
LONGEST_ASKED_SECONDS = 3_600.0
"""The most that a channel's own "come back in N seconds" is believed."""
UNEXPECTED_TRIES = 5
"""A failure nobody foresaw is likely a fault of ours, and it holds up the customer's others."""
MOVES = 3
"""How often a reply follows a customer to a new address."""


@dataclass(frozen=True, slots=True)
class Delivered:
    """Count the reply as sent; `doubt` says why that is not certain."""

    external_id: str | None
    doubt: str | None = None


@dataclass(frozen=True, slots=True)
class TryAgain:
    """Put the reply back in line."""

    after_seconds: float
    reason: str
    new_address: dict[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class GiveUp:
    """Show the agents that it was not delivered."""

    reason: str
    blocked: bool = False


Next = Delivered | TryAgain | GiveUp


def plan_next(outcome: Sent | Exception, *, attempts: int, age: timedelta, jitter: float) -> Next:
    """Decide what follows a try.

    An unknown outcome counts as sent: of a customer who reads an answer twice and one who perhaps
    misses it, the channel's habit decides, and Telegram has nearly always delivered (its users
    count up to nine copies of one message from blind retries).

    Args:
        outcome: what the channel said.
        attempts: how often this reply was tried before.
        age: how long ago it was written.
        jitter: random, 0 to 1; spreads the retries of many chats after an outage.
    """
    match outcome:
        case Sent(external_id=external_id):
            return Delivered(external_id)
        case UnknownOutcome(reason=reason):
            return Delivered(None, doubt=reason)
        case Undeliverable(reason=reason, new_address=dict(address)) if attempts < MOVES:
            return TryAgain(0.0, reason, new_address=address)
        case Undeliverable(reason=reason, blocked=blocked):
            return GiveUp(reason, blocked=blocked)
        case RetryLater(reason=reason, seconds=seconds):
            if age >= GIVE_UP_AFTER:
                return GiveUp(f"{reason} (given up after {_hours(age)} h)")
            return TryAgain(_wait(attempts, seconds, jitter), reason)
        case DeliveryProblem(reason=reason):
            return GiveUp(reason)
        case _:
            reason = type(outcome).__name__
            if attempts + 1 >= UNEXPECTED_TRIES:
                return GiveUp(f"{reason} (given up after {attempts + 1} tries)")
            return TryAgain(_wait(attempts, None, jitter), reason)


def _wait(attempts: int, asked_seconds: float | None, jitter: float) -> float:
    if asked_seconds is not None:
        # Never earlier than asked: a too early try makes Telegram's wait longer.
        return min(asked_seconds, LONGEST_ASKED_SECONDS) + jitter
    wait = min(LONGEST_WAIT_SECONDS, FIRST_WAIT_SECONDS * 2.0 ** min(attempts, 20))
    return wait * (0.5 + jitter / 2)


def _hours(age: timedelta) -> int:
    return int(age.total_seconds() // 3_600)
