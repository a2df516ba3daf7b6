"""Reports over a period, read from the store and counted by `handoff.service_level.report`."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from bot.kit.clock import Clock as Now
from bot.kit.db import Database
from bot.kit.errors import Invalid
from handoff.service_level import repository
from handoff.service_level.report import (
    RECONTACT_WITHIN,
    Overview,
    Said,
    ServiceLevelReport,
    TicketLine,
    as_of,
    overview,
    service_level,
)

USUAL_DAYS = 30
LONGEST_DAYS = 400
GROUPS = ("level", "queue", "day")


@dataclass(frozen=True, slots=True)
class Period:
    """From `since` to just before `until`."""

    since: datetime
    until: datetime


class Reports:
    """Reads reports; one per process."""

    def __init__(self, db: Database, clock: Now, *, timezone: str) -> None:
        self._db = db
        self._clock = clock
        self.zone = ZoneInfo(timezone)

    def period(self, since: str | None, until: str | None) -> Period:
        """Read dates (whole days of the house, the last one included) or instants with a zone.

        Raises:
            Invalid: they are neither, in the wrong order, or too far apart.
        """
        today = self._clock.now().astimezone(self.zone).date()
        end = self._instant(until, last=True) or self._midnight(today + timedelta(days=1))
        start = self._instant(since, last=False) or end - timedelta(days=USUAL_DAYS)
        if start >= end:
            raise Invalid("The period ends before it begins.", code="invalid_period")
        if end - start > timedelta(days=LONGEST_DAYS):
            raise Invalid(f"At most {LONGEST_DAYS} days.", code="invalid_period")
        return Period(start, end)

    def _instant(self, text: str | None, *, last: bool) -> datetime | None:
        if not text:
            return None
        try:
            if len(text) == len("2026-11-18"):
                return self._midnight(date.fromisoformat(text) + timedelta(days=last))
            found = datetime.fromisoformat(text)
        except (ValueError, OverflowError):
            found = None
        if found is None or found.tzinfo is None:
            raise Invalid(
                "Give days as 2026-11-18, or instants with a time zone.", code="invalid_period"
            )
        return found.astimezone(UTC)

    def _midnight(self, day: date) -> datetime:
        return datetime.combine(day, time(), self.zone).astimezone(UTC)

    async def service_level(
        self,
        period: Period,
        *,
        by: Sequence[str] = (),
        resolved: bool = False,
        level: str | None = None,
        queue: str | None = None,
    ) -> ServiceLevelReport:
        """Return the service level of the tickets opened (or resolved) in a period.

        Raises:
            Invalid: something to group by is unknown.
        """
        if any(name not in GROUPS for name in by):
            raise Invalid(f"Group by any of {', '.join(GROUPS)}.", code="unknown_group")
        lines = await self._db.read(
            lambda conn: repository.clock_lines(
                conn,
                since=period.since,
                until=period.until,
                resolved=resolved,
                level=level,
                queue=queue,
            )
        )
        # What ran out a moment ago is breached, whether or not the sweep has come by.
        now = self._clock.now()
        return service_level(
            (as_of(line, now) for line in lines),
            by=tuple(dict.fromkeys(by)),
            zone=self.zone,
        )

    async def overview(
        self, period: Period, *, level: str | None = None, queue: str | None = None
    ) -> Overview:
        """Return how the front line did in a period."""
        until = period.until + RECONTACT_WITHIN

        def query(
            conn: Connection,
        ) -> tuple[list[Said], list[TicketLine]]:
            return (
                repository.customer_messages(conn, since=period.since, until=until),
                repository.ticket_lines(conn, since=period.since, until=until),
            )

        messages, tickets = await self._db.read(query)

        def wanted(ticket: TicketLine) -> bool:
            return level in {None, ticket.level} and queue in {None, ticket.queue}

        return overview(
            messages,
            tickets,
            since=period.since,
            until=period.until,
            now=self._clock.now(),
            zone=self.zone,
            wanted=wanted if level or queue else None,
        )
