"""The audit log: append-only rows, chained by hashes so that a change in the middle shows."""

import hashlib
import json
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from bot.kit.db import Tx
from bot.staff.tables import AuditRow


def chain_hash(
    previous: str,
    *,
    at: datetime,
    actor: str | None,
    action: str,
    object_kind: str,
    object_id: str,
    detail: dict[str, Any] | None,
) -> str:
    """Return the SHA-256 over the previous hash and this row's members. Pure."""
    body = json.dumps(
        [previous, at.isoformat(), actor, action, object_kind, object_id, detail],
        ensure_ascii=False,
        sort_keys=True,
        separators=(",", ":"),
    )
    return hashlib.sha256(body.encode()).hexdigest()


def record(
    tx: Tx,
    actor: str | None,
    action: str,
    object_kind: str,
    object_id: str,
    detail: dict[str, Any] | None,
    now: datetime,
) -> None:
    """Append one row within the step that does the thing: both are there, or neither."""
    if tx.conn.dialect.name == "postgresql":
        # One writer at a time, or two rows would follow the same hash.
        tx.conn.execute(sa.text("SELECT pg_advisory_xact_lock(7203001)"))
    last = tx.conn.execute(
        sa.select(AuditRow.id, AuditRow.hash).order_by(AuditRow.id.desc()).limit(1)
    ).one_or_none()
    previous_id, previous = (last.id, last.hash) if last else (0, "")
    tx.conn.execute(
        sa.insert(AuditRow).values(
            id=previous_id + 1,
            at=now,
            actor=actor,
            action=action,
            object_kind=object_kind,
            object_id=object_id,
            detail=detail,
            hash=chain_hash(
                previous,
                at=now,
                actor=actor,
                action=action,
                object_kind=object_kind,
                object_id=object_id,
                detail=detail,
            ),
        )
    )


def first_broken_row(conn: sa.Connection) -> int | None:
    """Return the id of the first row whose hash does not fit, or None when the chain holds."""
    previous = ""
    for row in conn.execute(sa.select(AuditRow.__table__).order_by(AuditRow.id)):
        expected = chain_hash(
            previous,
            at=row.at,
            actor=row.actor,
            action=row.action,
            object_kind=row.object_kind,
            object_id=row.object_id,
            detail=row.detail,
        )
        if expected != row.hash:
            return int(row.id)
        previous = row.hash
    return None
