"""Waits for somebody outside the house: what may be said of one, and how long they took. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.kit.errors import Invalid
from bot.kit.text import clean_text, is_blank
from handoff.ticket import TicketState

MAX_VENDOR = 120
LONGEST_EXPECTATION = timedelta(days=365)


@dataclass(frozen=True, slots=True)
class Wait:
    """What was said when a ticket began to wait, or when that was changed."""

    ticket_id: str
    event_n: int
    vendor: str | None
    expected_at: datetime | None
    reminded_at: datetime | None


@dataclass(frozen=True, slots=True)
class Story:
    """How a ticket has waited for somebody outside the house."""

    vendor: str | None
    """Of the latest wait."""
    expected_at: datetime | None
    since: datetime | None
    """Beginning of the wait that goes on; None: it is over."""
    waited_seconds: int
    """The wait that goes on, or the last one."""
    total_seconds: int
    """All waits of the ticket together."""
    overdue: bool


def checked_vendor(
    vendor: str | None, expected_at: datetime | None, *, third_party: bool, now: datetime
) -> str | None:
    """Return the name as it is kept.

    Raises:
        Invalid: the name is too long, the date is none to come, or nobody outside is waited for.
    """
    name = " ".join(clean_text(vendor or "").split())
    if not third_party and (name or expected_at is not None):
        raise Invalid(
            "A vendor and a date belong to a wait for a third party.", code="invalid_vendor"
        )
    if len(name) > MAX_VENDOR:
        raise Invalid(
            f"A vendor's name has at most {MAX_VENDOR} characters.", code="invalid_vendor"
        )
    if expected_at is not None and not now < expected_at <= now + LONGEST_EXPECTATION:
        raise Invalid("Choose a date within the next 365 days.", code="invalid_until")
    return None if is_blank(name) else name


def tell(
    changes: Iterable[tuple[datetime, TicketState]], latest: Wait | None, *, now: datetime
) -> Story | None:
    """Return how a ticket has waited; None when it never has.

    Args:
        changes: instant and state after each event of its history, in order.
        latest: what was said of the latest wait.
        now: the present.
    """
    spans: list[tuple[datetime, datetime | None]] = []
    for at, state in changes:
        waits = state is TicketState.WAITING_THIRD_PARTY
        running = bool(spans) and spans[-1][1] is None
        if waits and not running:
            spans.append((at, None))
        elif not waits and running:
            spans[-1] = (spans[-1][0], at)
    if not spans:
        return None
    since, end = spans[-1]
    goes_on = end is None
    expected_at = latest.expected_at if latest else None
    lengths = [int(((to or now) - start).total_seconds()) for start, to in spans]
    return Story(
        vendor=latest.vendor if latest else None,
        expected_at=expected_at,
        since=since if goes_on else None,
        waited_seconds=lengths[-1],
        total_seconds=sum(lengths),
        overdue=goes_on and expected_at is not None and expected_at <= now,
    )
