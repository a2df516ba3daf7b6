"""What admins do with opening hours: enter, try, change. The next question is answered from what was saved."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any, Protocol
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from bot.hours import calendar as rules
from bot.hours import repository
from bot.hours.calendar import Calendar, DayHours
from bot.hours.editing import EnteredHours, HoursProblem, key_problem, read_hours
from bot.hours.public_holidays import around
from bot.hours.service import MAIN, answer_for_places
from bot.kit.clock import Clock
from bot.kit.db import Database, Tx
from bot.kit.errors import Conflict, Invalid, NotFound
from bot.kit.locales import Texts
from bot.staff.audit import record

AHEAD_DAYS = 366
"""How far ahead the days that differ are listed."""


@dataclass(frozen=True, slots=True)
class QueueUse:
    """A queue, and which calendar it keeps."""

    id: str
    names: Mapping[str, str]
    level: str
    calendar_key: str


class QueueCalendars(Protocol):
    """Whose hours the calendars are; implemented by the desk."""

    def list_uses(self, conn: sa.Connection) -> list[QueueUse]:
        """Return every queue in use."""
        ...

    def set_calendar(self, tx: Tx, queue_ids: Sequence[str], calendar_key: str) -> None:
        """Let these queues keep that calendar."""
        ...


@dataclass(frozen=True, slots=True)
class CalendarDetails:
    """A calendar and the queues that keep it."""

    calendar: Calendar
    queues: tuple[QueueUse, ...]


@dataclass(frozen=True, slots=True)
class Tryout:
    """What holds at an instant by a calendar that may not be saved yet."""

    problems: tuple[HoursProblem, ...]
    at: datetime | None = None
    open: bool = False
    day: DayHours | None = None
    closes_at: datetime | None = None
    opens_at: datetime | None = None
    answer: str | None = None
    special: tuple[DayHours, ...] = ()
    """The days of the next twelve months whose hours are not the week's."""
    exceptions: frozenset[date] = frozenset()
    """Those of them that come from the calendar's own list."""


class Calendars:
    """The editors' side of opening hours. `actor` is a staff id."""

    def __init__(
        self,
        db: Database,
        clock: Clock,
        *,
        texts: Texts,
        queues: QueueCalendars,
        default_locale: str,
    ) -> None:
        self._db = db
        self._clock = clock
        self._texts = texts
        self._queues = queues
        self._default_locale = default_locale

    # ------------------------------------------------------------------------------- reading

    async def list_all(self) -> list[CalendarDetails]:
        """Return every calendar, the one that customers are told first."""
        now = self._clock.now()

        def query(conn: sa.Connection) -> list[CalendarDetails]:
            uses = self._queues.list_uses(conn)
            return [_with_queues(c, uses) for c in repository.list_calendars(conn, now=now)]

        found = await self._db.read(query)
        return sorted(found, key=lambda details: details.calendar.key != MAIN)

    async def get(self, key: str) -> CalendarDetails:
        """Return one calendar.

        Raises:
            NotFound: there is none with this key.
        """
        now = self._clock.now()
        return await self._db.read(lambda conn: self._details(conn, key, now))

    def _details(self, conn: sa.Connection, key: str, now: datetime) -> CalendarDetails:
        calendar = repository.get_calendar(conn, key, now=now)
        return _with_queues(calendar, self._queues.list_uses(conn))

    async def try_out(
        self,
        entered: EnteredHours,
        *,
        key: str,
        local_time: datetime | None,
        question: str | None,
        locale: str,
    ) -> Tryout:
        """Say what would hold, without storing anything.

        Args:
            entered: the calendar as it stands on the page.
            key: its key; any for one that is new.
            local_time: a time on the calendar's own clocks, without a zone; none: now.
            question: of a customer, answered by this calendar.
            locale: of the answer.
        """
        calendar, problems = await self._read(key, entered)
        if calendar is None:
            return Tryout(tuple(problems))
        now = self._clock.now()
        at = now
        if local_time is not None:
            at = local_time.replace(tzinfo=ZoneInfo(calendar.timezone))
        day, _ = rules.local_minute(calendar, at)
        today, _ = rules.local_minute(calendar, now)
        answer = None
        if question:
            answer = answer_for_places(
                calendar, [], question, locale=locale, now=now, texts=self._texts
            ).text
        special = rules.special_ahead(calendar, today=today, days=AHEAD_DAYS)
        return Tryout(
            problems=(),
            at=at,
            open=rules.open_at(calendar, at),
            day=rules.day_hours(calendar, day),
            closes_at=rules.closes_at(calendar, at),
            opens_at=rules.next_opening(calendar, at),
            answer=answer,
            special=tuple(special),
            exceptions=frozenset(
                hours.day
                for hours in special
                if any(own.falls_on(hours.day) for own in calendar.special_days)
            ),
        )

    # ------------------------------------------------------------------------------- writing

    async def create(self, key: str, entered: EnteredHours, *, actor: str) -> CalendarDetails:
        """Store a new calendar.

        Raises:
            Invalid: key or hours can't be used; `errors` says why and where.
            Conflict: code "duplicate": there is one with this key.
        """
        if (problem := key_problem(key)) is not None:
            raise _invalid([HoursProblem("/key", "key", problem)])
        calendar = await self._checked(key, entered)

        def step(tx: Tx) -> CalendarDetails:
            now = self._clock.now()
            if not repository.insert_calendar(tx, calendar, now=now, actor=actor):
                raise Conflict(f"There is a calendar {key!r} already.", code="duplicate")
            record(tx, actor, "hours.create", "calendar", key, None, now)
            return self._details(tx.conn, key, now)

        return await self._db.write(step)

    async def change(
        self, key: str, entered: EnteredHours, *, version: int, actor: str
    ) -> CalendarDetails:
        """Replace a calendar; it holds from the next question on.

        Raises:
            NotFound: there is none with this key.
            Invalid: the hours can't be used; `errors` says why and where.
            Conflict: code "stale": somebody changed it since `version` was read.
        """
        calendar = await self._checked(key, entered)

        def step(tx: Tx) -> CalendarDetails:
            now = self._clock.now()
            before = repository.get_calendar(tx.conn, key, now=now)
            if not repository.update_calendar(
                tx, calendar, expect_version=version, now=now, actor=actor
            ):
                raise _stale(before.version)
            detail = {"version": version + 1, "changed": changed_parts(before, calendar)}
            record(tx, actor, "hours.change", "calendar", key, detail, now)
            return self._details(tx.conn, key, now)

        return await self._db.write(step)

    async def remove(self, key: str, *, version: int, actor: str) -> None:
        """Delete a calendar that nobody keeps.

        Raises:
            NotFound: there is none with this key.
            Conflict: code "in_use": customers or queues go by it; "stale".
        """

        def step(tx: Tx) -> None:
            now = self._clock.now()
            details = self._details(tx.conn, key, now)
            if key == MAIN or details.queues:
                raise Conflict(
                    "Customers are told these hours: the main calendar stays."
                    if key == MAIN
                    else "Queues keep this calendar. Give them another one first.",
                    code="in_use",
                )
            if not repository.delete_calendar(tx, key, expect_version=version):
                raise _stale(details.calendar.version)
            record(tx, actor, "hours.delete", "calendar", key, None, now)

        await self._db.write(step)

    async def assign(self, key: str, queue_ids: Sequence[str], *, actor: str) -> CalendarDetails:
        """Let exactly these queues keep the calendar; those that kept it before get the main one.

        Raises:
            NotFound: there is no such calendar, or no such queue.
            Conflict: code "in_use": a queue can't be taken from the main calendar, only given another.
        """

        def step(tx: Tx) -> CalendarDetails:
            now = self._clock.now()
            details = self._details(tx.conn, key, now)
            uses = self._queues.list_uses(tx.conn)
            if set(queue_ids) - {use.id for use in uses}:
                raise NotFound("There is no such queue.")
            kept = {use.id for use in details.queues}
            dropped = kept - set(queue_ids)
            if dropped and key == MAIN:
                raise Conflict(
                    "To take a queue from the main calendar, choose it at another one.",
                    code="in_use",
                )
            self._queues.set_calendar(tx, sorted(set(queue_ids) - kept), key)
            self._queues.set_calendar(tx, sorted(dropped), MAIN)
            detail = {"queues": sorted(queue_ids)}
            record(tx, actor, "hours.assign", "calendar", key, detail, now)
            return self._details(tx.conn, key, now)

        return await self._db.write(step)

    # --------------------------------------------------------------------------------- parts

    async def _read(
        self, key: str, entered: EnteredHours
    ) -> tuple[Calendar | None, list[HoursProblem]]:
        calendar, problems = read_hours(key, entered, default_locale=self._default_locale)
        if calendar is None:
            return None, problems
        year = self._clock.now().year
        try:
            # Half a second for a country that nobody has asked for yet: not on the event loop.
            holidays = await asyncio.to_thread(around, calendar.country, calendar.state, year=year)
        except Invalid as error:
            return None, [HoursProblem("/country", "holidays", error.detail)]
        return replace(calendar, holidays=holidays), []

    async def _checked(self, key: str, entered: EnteredHours) -> Calendar:
        calendar, problems = await self._read(key, entered)
        if calendar is None:
            raise _invalid(problems)
        return calendar


_COMPARED: Mapping[str, Callable[[Calendar], Any]] = {
    "name": lambda c: c.name,
    "timezone": lambda c: c.timezone,
    "week": lambda c: c.week,
    "exceptions": lambda c: {(d.year, d.month, d.day): (d.names, d.intervals) for d in c.special_days},
    "holidays": lambda c: (c.country, c.state),
    "names": lambda c: (c.names, c.words),
    "notices": lambda c: c.notices,
}  # fmt: skip


def changed_parts(before: Calendar, after: Calendar) -> list[str]:
    """Return which parts of a calendar differ, for the audit log. Pure."""
    return [name for name, part in _COMPARED.items() if part(before) != part(after)]


def _with_queues(calendar: Calendar, uses: Sequence[QueueUse]) -> CalendarDetails:
    return CalendarDetails(calendar, tuple(u for u in uses if u.calendar_key == calendar.key))


def _stale(version: int) -> Conflict:
    return Conflict(
        "Somebody changed these hours in the meantime. Read them again.",
        code="stale",
        version=version,
    )


def _invalid(problems: Sequence[HoursProblem]) -> Invalid:
    return Invalid(
        " ".join(dict.fromkeys(problem.message for problem in problems)),
        code=problems[0].code,
        errors=[{"pointer": p.pointer, "code": p.code, "message": p.message} for p in problems],
    )
