"""The only SQL on the mail outbox."""

from datetime import datetime

import sqlalchemy as sa

from bot.kit.db import Tx, insert_ignore
from bot.mail.message import Mail, MailState
from bot.mail.tables import MailRow


def insert(tx: Tx, mail: Mail, *, dedupe_key: str, state: MailState) -> bool:
    """Store a mail; False when one with the same key is already there."""
    result = tx.conn.execute(
        insert_ignore(MailRow, tx.conn.dialect.name).values(
            id=mail.id,
            dedupe_key=dedupe_key,
            to_address=mail.to,
            subject=mail.subject,
            text=mail.text,
            html=mail.html,
            state=state.value,
            attempts=0,
            due_at=mail.created_at,
            expires_at=mail.expires_at,
            created_at=mail.created_at,
        )
    )
    return result.rowcount == 1


def claim_due(tx: Tx, *, holder: str, now: datetime, until: datetime, limit: int) -> list[Mail]:
    """Claim mails that are due, oldest first; a dead process's claim ends at its `until`."""
    due = (
        sa.select(MailRow.id)
        .where(
            MailRow.state == MailState.PENDING.value,
            MailRow.due_at <= now,
            sa.or_(MailRow.claimed_until.is_(None), MailRow.claimed_until < now),
        )
        .order_by(MailRow.due_at)
        .limit(limit)
    )
    if tx.conn.dialect.name == "postgresql":
        due = due.with_for_update(skip_locked=True)
    rows = tx.conn.execute(
        sa.update(MailRow)
        .where(MailRow.id.in_(due.scalar_subquery()))
        .values(claimed_by=holder, claimed_until=until)
        .returning(
            MailRow.id,
            MailRow.to_address,
            MailRow.subject,
            MailRow.text,
            MailRow.html,
            MailRow.created_at,
            MailRow.expires_at,
            MailRow.attempts,
        )
    ).all()
    mails = [
        Mail(
            id=row.id,
            to=row.to_address,
            subject=row.subject,
            text=row.text,
            html=row.html,
            created_at=row.created_at,
            expires_at=row.expires_at,
            attempts=row.attempts,
        )
        for row in rows
    ]
    return sorted(mails, key=lambda mail: mail.created_at)


def release_all_claims(tx: Tx) -> None:
    """Make every claimed mail due again at once: whoever held it has ended."""
    tx.conn.execute(
        sa.update(MailRow)
        .where(MailRow.state == MailState.PENDING.value, MailRow.claimed_until.is_not(None))
        .values(claimed_until=None)
    )


def end(tx: Tx, mail_id: str, *, state: MailState, error: str | None, now: datetime) -> None:
    """Note that a mail is sent or given up; what it said is erased."""
    tx.conn.execute(
        sa.update(MailRow)
        .where(MailRow.id == mail_id)
        .values(
            state=state.value,
            text="",
            html=None,
            attempts=MailRow.attempts + 1,
            error=error,
            ended_at=now,
            claimed_by=None,
            claimed_until=None,
        )
    )


def retry(tx: Tx, mail_id: str, *, due_at: datetime, error: str) -> None:
    """Put a mail back into the line."""
    tx.conn.execute(
        sa.update(MailRow)
        .where(MailRow.id == mail_id)
        .values(
            due_at=due_at,
            error=error,
            attempts=MailRow.attempts + 1,
            claimed_by=None,
            claimed_until=None,
        )
    )


def count_waiting(conn: sa.Connection) -> int:
    """Return how many mails are still to be sent."""
    return int(
        conn.execute(
            sa.select(sa.func.count())
            .select_from(MailRow)
            .where(MailRow.state == MailState.PENDING.value)
        ).scalar_one()
    )


def count_sent_to(conn: sa.Connection, address: str, *, since: datetime) -> int:
    """Return how many mails went, or are going, to an address since then."""
    return int(
        conn.execute(
            sa.select(sa.func.count())
            .select_from(MailRow)
            .where(
                MailRow.to_address == address,
                MailRow.state != MailState.VOID.value,
                MailRow.created_at >= since,
            )
        ).scalar_one()
    )
