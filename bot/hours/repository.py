"""The only SQL on calendars."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa

from bot.hours.calendar import Calendar, HoursNotice, Interval, SpecialDay
from bot.hours.public_holidays import around
from bot.hours.tables import CalendarDayRow, CalendarRow
from bot.kit.db import Tx, insert_ignore
from bot.kit.errors import NotFound
from bot.kit.ids import new_id
from bot.staff.tables import StaffRow


def find_calendar(conn: sa.Connection, key: str, *, now: datetime) -> Calendar | None:
    """Return the calendar with its special days and the holidays of the years around `now`."""
    found = _calendars(conn, now=now, key=key)
    return found[0] if found else None


def list_calendars(conn: sa.Connection, *, now: datetime) -> list[Calendar]:
    """Return every calendar, by name."""
    return _calendars(conn, now=now, key=None)


def _calendars(conn: sa.Connection, *, now: datetime, key: str | None) -> list[Calendar]:
    query = (
        sa.select(CalendarRow.__table__, StaffRow.name.label("staff_name"))
        .outerjoin(StaffRow, StaffRow.id == CalendarRow.updated_by)
        .order_by(CalendarRow.name, CalendarRow.key)
    )
    days = sa.select(CalendarDayRow.__table__).order_by(
        CalendarDayRow.year, CalendarDayRow.month, CalendarDayRow.day
    )
    if key is not None:
        query = query.where(CalendarRow.key == key)
        days = days.where(CalendarDayRow.calendar_key == key)
    rows = conn.execute(query).all()
    by_key: dict[str, list[sa.Row[Any]]] = {}
    for day in conn.execute(days) if rows else ():
        by_key.setdefault(day.calendar_key, []).append(day)
    return [_to_calendar(row, by_key.get(row.key, ()), now=now) for row in rows]


def _to_calendar(row: sa.Row[Any], days: Sequence[sa.Row[Any]], *, now: datetime) -> Calendar:
    return Calendar(
        key=row.key,
        name=row.name,
        timezone=row.timezone,
        week=tuple(_intervals(day) for day in row.week),
        special_days=tuple(
            SpecialDay(
                month=day.month,
                day=day.day,
                year=day.year or None,
                names=day.names or {},
                intervals=_intervals(day.intervals),
            )
            for day in days
        ),
        holidays=around(row.holiday_country, row.holiday_state, year=now.year),
        country=row.holiday_country,
        state=row.holiday_state,
        names=row.names or {},
        words=tuple(row.words or ()),
        notices=tuple(
            HoursNotice(
                date.fromisoformat(notice["from"]),
                date.fromisoformat(notice["to"]),
                notice["texts"],
            )
            for notice in row.notices or ()
        ),
        version=row.version,
        updated_at=row.updated_at,
        updated_by=row.staff_name,
    )


def get_calendar(conn: sa.Connection, key: str, *, now: datetime) -> Calendar:
    """Return the calendar; see `find_calendar`.

    Raises:
        NotFound: there is none with this key.
    """
    found = find_calendar(conn, key, now=now)
    if found is None:
        raise NotFound("There is no such calendar.")
    return found


def list_keys(conn: sa.Connection) -> list[str]:
    """Return the keys of all calendars."""
    return list(conn.execute(sa.select(CalendarRow.key).order_by(CalendarRow.key)).scalars())


def insert_calendar(tx: Tx, calendar: Calendar, *, now: datetime, actor: str | None) -> bool:
    """Store a new calendar; False when there is one with its key."""
    stored = tx.conn.execute(
        insert_ignore(CalendarRow, tx.conn.dialect.name).values(
            key=calendar.key, version=1, **_values(calendar, now=now, actor=actor)
        )
    ).rowcount
    if stored:
        _store_days(tx, calendar)
    return bool(stored)


def update_calendar(
    tx: Tx, calendar: Calendar, *, expect_version: int, now: datetime, actor: str | None
) -> bool:
    """Replace a calendar and its special days; False when it is no longer `expect_version`."""
    changed = tx.conn.execute(
        sa.update(CalendarRow)
        .where(CalendarRow.key == calendar.key, CalendarRow.version == expect_version)
        .values(version=expect_version + 1, **_values(calendar, now=now, actor=actor))
    ).rowcount
    if changed:
        _store_days(tx, calendar)
    return bool(changed)


def delete_calendar(tx: Tx, key: str, *, expect_version: int) -> bool:
    """Delete a calendar; False when it is no longer `expect_version`."""
    current = tx.conn.execute(
        sa.select(CalendarRow.version).where(CalendarRow.key == key).with_for_update()
    ).scalar_one_or_none()
    if current != expect_version:
        return False
    tx.conn.execute(sa.delete(CalendarDayRow).where(CalendarDayRow.calendar_key == key))
    tx.conn.execute(sa.delete(CalendarRow).where(CalendarRow.key == key))
    tx.announce("hours", {"calendar": key})
    return True


def save_calendar(tx: Tx, calendar: Calendar, *, now: datetime) -> None:
    """Store a calendar, replacing the one with the same key and its special days."""
    if insert_calendar(tx, calendar, now=now, actor=None):
        return
    current = get_calendar(tx.conn, calendar.key, now=now)
    update_calendar(tx, calendar, expect_version=current.version, now=now, actor=None)


def _values(calendar: Calendar, *, now: datetime, actor: str | None) -> dict[str, Any]:
    return {
        "name": calendar.name,
        "timezone": calendar.timezone,
        "week": [[interval.as_text() for interval in day] for day in calendar.week],
        "holiday_country": calendar.country,
        "holiday_state": calendar.state,
        "names": dict(calendar.names),
        "words": list(calendar.words),
        "notices": [
            {
                "from": notice.first.isoformat(),
                "to": notice.last.isoformat(),
                "texts": dict(notice.texts),
            }
            for notice in calendar.notices
        ],
        "updated_at": now,
        "updated_by": actor,
    }


def _store_days(tx: Tx, calendar: Calendar) -> None:
    tx.conn.execute(sa.delete(CalendarDayRow).where(CalendarDayRow.calendar_key == calendar.key))
    for day in calendar.special_days:
        tx.conn.execute(
            sa.insert(CalendarDayRow).values(
                id=new_id(),
                calendar_key=calendar.key,
                year=day.year or 0,
                month=day.month,
                day=day.day,
                names=dict(day.names),
                intervals=[interval.as_text() for interval in day.intervals],
            )
        )
    tx.announce("hours", {"calendar": calendar.key})


def _intervals(stored: Sequence[Sequence[str]]) -> tuple[Interval, ...]:
    return tuple(Interval.parse(opens, closes) for opens, closes in stored)
