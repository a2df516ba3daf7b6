"""The only SQL on notices and on who was told."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from bot.incidents.notice import Notice, Topic, clean_topic
from bot.incidents.tables import IncidentRow, IncidentsVersionRow, IncidentTellingRow
from bot.kit.db import Tx, insert_ignore
from bot.kit.errors import NotFound
from bot.staff.tables import StaffRow

TOPIC = "incidents"


@dataclass(frozen=True, slots=True)
class StoredNotice:
    """A notice with what the people who work here want to know of it."""

    notice: Notice
    version: int
    updated_at: datetime
    updated_by: str | None
    """Name."""
    told: int
    """Conversations that heard it."""


def incidents_version(conn: sa.Connection) -> int:
    """Return the number of the last change."""
    return (
        conn.execute(
            sa.select(IncidentsVersionRow.version).where(IncidentsVersionRow.id == 1)
        ).scalar_one_or_none()
        or 0
    )


def _raise_version(tx: Tx) -> None:
    tx.conn.execute(
        insert_ignore(IncidentsVersionRow, tx.conn.dialect.name).values(id=1, version=0)
    )
    tx.conn.execute(
        sa.update(IncidentsVersionRow)
        .where(IncidentsVersionRow.id == 1)
        .values(version=IncidentsVersionRow.version + 1)
    )
    tx.announce(TOPIC, {})


def list_running(conn: sa.Connection, *, now: datetime) -> list[Notice]:
    """Return the notices that are told now or later."""
    rows = conn.execute(
        sa.select(IncidentRow.__table__).where(
            sa.or_(IncidentRow.ends_at.is_(None), IncidentRow.ends_at > now)
        )
    )
    return [_to_notice(row) for row in rows]


def list_all(conn: sa.Connection, *, limit: int) -> list[StoredNotice]:
    """Return notices, the latest start first."""
    rows = conn.execute(
        _select().order_by(IncidentRow.starts_at.desc(), IncidentRow.id).limit(limit)
    )
    return [_to_stored(row) for row in rows]


def get(conn: sa.Connection, incident_id: str) -> StoredNotice:
    """Return one notice.

    Raises:
        NotFound: there is none with this id.
    """
    row = conn.execute(_select().where(IncidentRow.id == incident_id)).one_or_none()
    if row is None:
        raise NotFound("There is no such notice.")
    return _to_stored(row)


def insert(tx: Tx, notice: Notice, *, now: datetime, actor: str) -> None:
    """Store a new notice."""
    tx.conn.execute(
        sa.insert(IncidentRow).values(
            id=notice.id,
            version=1,
            created_at=now,
            created_by=actor,
            **_values(notice, now=now, actor=actor),
        )
    )
    _raise_version(tx)


def update(tx: Tx, notice: Notice, *, expect_version: int, now: datetime, actor: str) -> bool:
    """Replace a notice; False when it is no longer `expect_version`."""
    changed = tx.conn.execute(
        sa.update(IncidentRow)
        .where(IncidentRow.id == notice.id, IncidentRow.version == expect_version)
        .values(version=expect_version + 1, **_values(notice, now=now, actor=actor))
    ).rowcount
    if changed:
        _raise_version(tx)
    return bool(changed)


def delete(tx: Tx, incident_id: str, *, expect_version: int) -> bool:
    """Delete a notice that nobody heard; False when it is no longer `expect_version`."""
    deleted = tx.conn.execute(
        sa.delete(IncidentRow).where(
            IncidentRow.id == incident_id, IncidentRow.version == expect_version
        )
    ).rowcount
    if deleted:
        _raise_version(tx)
    return bool(deleted)


def not_told(conn: sa.Connection, conversation_id: str, ids: Sequence[str]) -> set[str]:
    """Return those of the notices that the conversation has not heard yet."""
    told = conn.execute(
        sa.select(IncidentTellingRow.incident_id).where(
            IncidentTellingRow.conversation_id == conversation_id,
            IncidentTellingRow.incident_id.in_(ids),
        )
    ).scalars()
    return set(ids) - set(told)


def record_told(tx: Tx, conversation_id: str, ids: Sequence[str], *, now: datetime) -> None:
    """Remember, in the step that stores the message, that the conversation heard these notices.

    One that was deleted meanwhile is left out.
    """
    there = tx.conn.execute(sa.select(IncidentRow.id).where(IncidentRow.id.in_(ids))).scalars()
    for incident_id in there.all():
        tx.conn.execute(
            insert_ignore(IncidentTellingRow, tx.conn.dialect.name).values(
                incident_id=incident_id, conversation_id=conversation_id, told_at=now
            )
        )


def _select() -> sa.Select[Any]:
    told = (
        sa.select(sa.func.count())
        .select_from(IncidentTellingRow)
        .where(IncidentTellingRow.incident_id == IncidentRow.id)
        .scalar_subquery()
    )
    return sa.select(
        IncidentRow.__table__, StaffRow.name.label("staff_name"), told.label("told")
    ).outerjoin(StaffRow, StaffRow.id == IncidentRow.updated_by)


def _values(notice: Notice, *, now: datetime, actor: str) -> dict[str, Any]:
    return {
        "title": notice.title,
        "texts": dict(notice.texts),
        "topic": notice.topic.as_json(),
        "starts_at": notice.starts_at,
        "ends_at": notice.ends_at,
        "updated_at": now,
        "updated_by": actor,
    }


def _to_notice(row: sa.Row[Any]) -> Notice:
    topic: Topic = clean_topic(row.topic)
    return Notice(row.id, row.title, row.texts, topic, row.starts_at, row.ends_at)


def _to_stored(row: sa.Row[Any]) -> StoredNotice:
    return StoredNotice(_to_notice(row), row.version, row.updated_at, row.staff_name, int(row.told))
