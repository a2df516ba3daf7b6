"""The only SQL on canned replies."""

from datetime import datetime
from typing import Any

import sqlalchemy as sa

from bot.kit.db import Tx, insert_ignore
from bot.kit.ids import new_id
from handoff.replies.reply import CannedReply, Wording
from handoff.replies.tables import SHARED, CannedReplyRow


def _to_reply(row: sa.Row[Any]) -> CannedReply:
    return CannedReply(
        id=row.id,
        owner_id=None if row.owner_id == SHARED else row.owner_id,
        shortcut=row.shortcut,
        title=row.title,
        texts=dict(row.texts),
        version=row.version,
        updated_at=row.updated_at,
    )


def list_replies(conn: sa.Connection, staff_id: str) -> list[CannedReply]:
    """Return the person's own replies and everybody's, by shortcut."""
    rows = conn.execute(
        sa.select(CannedReplyRow.__table__)
        .where(CannedReplyRow.owner_id.in_([SHARED, staff_id]))
        .order_by(CannedReplyRow.shortcut, CannedReplyRow.owner_id.desc())
    )
    return [_to_reply(row) for row in rows]


def find_reply(conn: sa.Connection, reply_id: str) -> CannedReply | None:
    """Return the reply, or None."""
    row = conn.execute(
        sa.select(CannedReplyRow.__table__).where(CannedReplyRow.id == reply_id)
    ).one_or_none()
    return _to_reply(row) if row else None


def count_replies(conn: sa.Connection, owner_id: str | None) -> int:
    """Return how many replies a person has, or the desk."""
    return int(
        conn.execute(
            sa.select(sa.func.count())
            .select_from(CannedReplyRow)
            .where(CannedReplyRow.owner_id == (owner_id or SHARED))
        ).scalar_one()
    )


def shortcut_is_taken(
    conn: sa.Connection, owner_id: str | None, shortcut: str, *, but: str | None = None
) -> bool:
    """Tell whether another reply of the same owner has this shortcut."""
    query = sa.select(CannedReplyRow.id).where(
        CannedReplyRow.owner_id == (owner_id or SHARED), CannedReplyRow.shortcut == shortcut
    )
    if but is not None:
        query = query.where(CannedReplyRow.id != but)
    return conn.execute(query).first() is not None


def insert_reply(
    tx: Tx, wording: Wording, *, owner_id: str | None, actor: str, now: datetime
) -> str | None:
    """Add a reply and return its id; None when somebody took the shortcut in the same moment."""
    reply_id = new_id()
    result = tx.conn.execute(
        insert_ignore(CannedReplyRow, tx.conn.dialect.name).values(
            id=reply_id,
            owner_id=owner_id or SHARED,
            shortcut=wording.shortcut,
            title=wording.title,
            texts=wording.texts,
            version=1,
            updated_at=now,
            updated_by=actor,
        )
    )
    return reply_id if result.rowcount == 1 else None


def update_reply(
    tx: Tx, reply: CannedReply, wording: Wording, *, actor: str, now: datetime
) -> bool:
    """Change a reply if it still is what was read; False when not."""
    result = tx.conn.execute(
        sa.update(CannedReplyRow)
        .where(CannedReplyRow.id == reply.id, CannedReplyRow.version == reply.version)
        .values(
            shortcut=wording.shortcut,
            title=wording.title,
            texts=wording.texts,
            version=reply.version + 1,
            updated_at=now,
            updated_by=actor,
        )
    )
    return result.rowcount == 1


def delete_reply(tx: Tx, reply_id: str) -> None:
    """Remove a reply."""
    tx.conn.execute(sa.delete(CannedReplyRow).where(CannedReplyRow.id == reply_id))
