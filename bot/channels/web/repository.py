"""The only SQL on visitors' sessions."""

from datetime import datetime

import sqlalchemy as sa

from bot.channels.web.tables import WidgetSessionRow
from bot.kit.db import Tx


def insert_session(
    tx: Tx, *, token_hash: str, conversation_id: str, now: datetime, expires_at: datetime
) -> None:
    """Add a session."""
    tx.conn.execute(
        sa.insert(WidgetSessionRow).values(
            token_hash=token_hash,
            conversation_id=conversation_id,
            created_at=now,
            expires_at=expires_at,
        )
    )


def find_session(conn: sa.Connection, token_hash: str, *, now: datetime) -> str | None:
    """Return the conversation of a live session, or None."""
    return conn.execute(
        sa.select(WidgetSessionRow.conversation_id).where(
            WidgetSessionRow.token_hash == token_hash, WidgetSessionRow.expires_at > now
        )
    ).scalar_one_or_none()


def delete_for_conversation(tx: Tx, conversation_id: str) -> None:
    """End every session of a conversation."""
    tx.conn.execute(
        sa.delete(WidgetSessionRow).where(WidgetSessionRow.conversation_id == conversation_id)
    )
