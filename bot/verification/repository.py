"""The only SQL on codes and links."""

from datetime import datetime
from typing import Any

import sqlalchemy as sa

from bot.kit.db import Tx, insert_ignore
from bot.verification.code import MAX_TRIES, Challenge, Checked, CodeState, Kind, Outcome
from bot.verification.tables import CodeRow, CodeTryRow, ResetLinkRow


def insert_code(tx: Tx, challenge: Challenge, *, turn_id: str) -> bool:
    """Store a challenge; False when the turn has made one already."""
    result = tx.conn.execute(
        insert_ignore(CodeRow, tx.conn.dialect.name).values(
            id=challenge.id,
            turn_id=turn_id,
            conversation_id=challenge.conversation_id,
            kind=challenge.kind.value,
            subject=challenge.subject,
            email=challenge.email,
            digest=challenge.digest,
            tries=0,
            state=challenge.state.value,
            created_at=challenge.created_at,
            expires_at=challenge.expires_at,
        )
    )
    return result.rowcount == 1


def _to_challenge(row: sa.Row[Any]) -> Challenge:
    return Challenge(
        id=row.id,
        conversation_id=row.conversation_id,
        kind=Kind(row.kind),
        subject=row.subject,
        email=row.email,
        digest=row.digest,
        tries=row.tries,
        state=CodeState(row.state),
        created_at=row.created_at,
        expires_at=row.expires_at,
        passed_at=row.passed_at,
        used_by_turn=row.used_by_turn,
    )


def find_by_turn(conn: sa.Connection, turn_id: str) -> Challenge | None:
    """Return the challenge that a turn made, or None."""
    row = conn.execute(sa.select(CodeRow.__table__).where(CodeRow.turn_id == turn_id)).one_or_none()
    return _to_challenge(row) if row else None


def find_latest(
    conn: sa.Connection, conversation_id: str, *, kind: Kind | None = None
) -> Challenge | None:
    """Return the newest challenge of a conversation, or None."""
    query = sa.select(CodeRow.__table__).where(CodeRow.conversation_id == conversation_id)
    if kind is not None:
        query = query.where(CodeRow.kind == kind.value)
    row = conn.execute(
        query.order_by(CodeRow.created_at.desc(), CodeRow.id.desc()).limit(1)
    ).one_or_none()
    return _to_challenge(row) if row else None


def find_proved_address(conn: sa.Connection, conversation_id: str) -> str | None:
    """Return where the last code went that was typed right in this conversation, or None."""
    return conn.execute(
        sa.select(CodeRow.email)
        .where(CodeRow.conversation_id == conversation_id, CodeRow.passed_at.is_not(None))
        .order_by(CodeRow.passed_at.desc(), CodeRow.id.desc())
        .limit(1)
    ).scalar_one_or_none()


def lock_subject(tx: Tx, *, kind: Kind, subject: str) -> None:
    """Let one step at a time count the codes of a subject (SQLite has one writer anyway)."""
    if tx.conn.dialect.name == "postgresql":
        name = f"code:{kind.value}:{subject}"
        tx.conn.execute(sa.select(sa.func.pg_advisory_xact_lock(sa.func.hashtextextended(name, 0))))


def asked_times(
    conn: sa.Connection, *, kind: Kind, subject: str, since: datetime
) -> list[datetime]:
    """Return when codes for a subject were asked for."""
    return list(
        conn.execute(
            sa.select(CodeRow.created_at).where(
                CodeRow.kind == kind.value, CodeRow.subject == subject, CodeRow.created_at > since
            )
        ).scalars()
    )


def asked_in_conversation(
    conn: sa.Connection, conversation_id: str, *, since: datetime
) -> list[datetime]:
    """Return when codes were asked for in a conversation."""
    return list(
        conn.execute(
            sa.select(CodeRow.created_at).where(
                CodeRow.conversation_id == conversation_id, CodeRow.created_at > since
            )
        ).scalars()
    )


def end_open(tx: Tx, conversation_id: str, *, state: CodeState) -> None:
    """End the open challenge of a conversation."""
    tx.conn.execute(
        sa.update(CodeRow)
        .where(CodeRow.conversation_id == conversation_id, CodeRow.state == CodeState.OPEN.value)
        .values(state=state.value)
    )


def count_try(tx: Tx, challenge_id: str) -> int | None:
    """Use up one try and return how many were used; None when the challenge is no longer open."""
    return tx.conn.execute(
        sa.update(CodeRow)
        .where(
            CodeRow.id == challenge_id,
            CodeRow.state == CodeState.OPEN.value,
            CodeRow.tries < MAX_TRIES,
        )
        .values(tries=CodeRow.tries + 1)
        .returning(CodeRow.tries)
    ).scalar_one_or_none()


def set_state(
    tx: Tx, challenge_id: str, *, state: CodeState, passed_at: datetime | None = None
) -> None:
    """Note what became of a challenge."""
    tx.conn.execute(
        sa.update(CodeRow)
        .where(CodeRow.id == challenge_id)
        .values(state=state.value, passed_at=passed_at)
    )


def use_proof(tx: Tx, challenge_id: str, *, turn_id: str) -> bool:
    """Use a passed challenge for one turn; True also for the same turn again."""
    result = tx.conn.execute(
        sa.update(CodeRow)
        .where(
            CodeRow.id == challenge_id,
            CodeRow.state == CodeState.PASSED.value,
            sa.or_(CodeRow.used_by_turn.is_(None), CodeRow.used_by_turn == turn_id),
        )
        .values(used_by_turn=turn_id)
    )
    return result.rowcount == 1


def find_try(conn: sa.Connection, message_id: str) -> Checked | None:
    """Return what came of a message with a code before, or None when it is new."""
    row = conn.execute(
        sa.select(CodeTryRow.outcome, CodeTryRow.tries_left, CodeRow.kind, CodeRow.subject)
        .outerjoin(CodeRow, CodeRow.id == CodeTryRow.code_id)
        .where(CodeTryRow.message_id == message_id)
    ).one_or_none()
    if row is None:
        return None
    return Checked(
        Outcome(row.outcome), Kind(row.kind) if row.kind else None, row.subject, row.tries_left
    )


def insert_try(
    tx: Tx,
    message_id: str,
    *,
    conversation_id: str,
    code_id: str | None,
    checked: Checked,
    now: datetime,
) -> None:
    """Note what came of a message with a code."""
    tx.conn.execute(
        insert_ignore(CodeTryRow, tx.conn.dialect.name).values(
            message_id=message_id,
            conversation_id=conversation_id,
            code_id=code_id,
            outcome=checked.outcome.value,
            tries_left=checked.tries_left,
            created_at=now,
        )
    )


# ------------------------------------------------------------------------------------- links


def insert_link(
    tx: Tx,
    link_id: str,
    *,
    turn_id: str,
    conversation_id: str,
    account_id: str,
    now: datetime,
    expires_at: datetime,
) -> str:
    """Store a link and return its id: the earlier one when the turn has made one already."""
    tx.conn.execute(
        insert_ignore(ResetLinkRow, tx.conn.dialect.name).values(
            id=link_id,
            turn_id=turn_id,
            conversation_id=conversation_id,
            account_id=account_id,
            created_at=now,
            expires_at=expires_at,
        )
    )
    return tx.conn.execute(
        sa.select(ResetLinkRow.id).where(ResetLinkRow.turn_id == turn_id)
    ).scalar_one()


def void_links(tx: Tx, account_id: str, *, besides: str, now: datetime) -> None:
    """End every other link of an account that still works."""
    tx.conn.execute(
        sa.update(ResetLinkRow)
        .where(
            ResetLinkRow.account_id == account_id,
            ResetLinkRow.id != besides,
            ResetLinkRow.used_at.is_(None),
            ResetLinkRow.expires_at > now,
        )
        .values(expires_at=now)
    )


def find_link(conn: sa.Connection, link_id: str, *, now: datetime) -> sa.Row[str, str] | None:
    """Return (account_id, conversation_id) of a link that still works, or None."""
    return conn.execute(
        sa.select(ResetLinkRow.account_id, ResetLinkRow.conversation_id).where(
            ResetLinkRow.id == link_id,
            ResetLinkRow.used_at.is_(None),
            ResetLinkRow.expires_at > now,
        )
    ).one_or_none()


def reserve_link(tx: Tx, link_id: str, *, now: datetime, until: datetime) -> bool:
    """Keep others off a working link until then; False when it is used, over or reserved."""
    result = tx.conn.execute(
        sa.update(ResetLinkRow)
        .where(
            ResetLinkRow.id == link_id,
            ResetLinkRow.used_at.is_(None),
            ResetLinkRow.expires_at > now,
            sa.or_(ResetLinkRow.reserved_until.is_(None), ResetLinkRow.reserved_until <= now),
        )
        .values(reserved_until=until)
    )
    return result.rowcount == 1


def release_link(tx: Tx, link_id: str) -> None:
    """Let a reserved link be used again."""
    tx.conn.execute(
        sa.update(ResetLinkRow).where(ResetLinkRow.id == link_id).values(reserved_until=None)
    )


def use_link(tx: Tx, link_id: str, *, now: datetime) -> sa.Row[str, str] | None:
    """Use a link up and return (account_id, conversation_id); None when it was used already."""
    return tx.conn.execute(
        sa.update(ResetLinkRow)
        .where(ResetLinkRow.id == link_id, ResetLinkRow.used_at.is_(None))
        .values(used_at=now)
        .returning(ResetLinkRow.account_id, ResetLinkRow.conversation_id)
    ).one_or_none()


def erase(tx: Tx, conversation_id: str) -> None:
    """Remove everything a conversation left here."""
    for table in (CodeRow, CodeTryRow, ResetLinkRow):
        tx.conn.execute(sa.delete(table).where(table.conversation_id == conversation_id))
