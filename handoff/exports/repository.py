"""The only SQL on transcripts that were made and on customers who asked for theirs."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from bot.kit.db import Tx, insert_ignore
from handoff.exports.proof import Form, Part, Sealed
from handoff.exports.tables import ExportRow, RequestRow


@dataclass(frozen=True, slots=True)
class Export:
    """A transcript that was made."""

    id: str
    conversation_id: str
    act: str
    form: Form
    edition: str
    sha256: str
    parts: tuple[Part, ...]
    messages: int
    made_at: datetime
    made_by: str | None
    sent_to: str | None


@dataclass(frozen=True, slots=True)
class Request:
    """A customer who has still to prove an address."""

    conversation_id: str
    email: str | None
    asked_by: str | None
    until: datetime


def insert_export(
    tx: Tx,
    export_id: str,
    sealed: Sealed,
    *,
    conversation_id: str,
    act: str,
    form: Form,
    edition: str,
    messages: int,
    made_by: str | None,
    sent_to: str | None,
    now: datetime,
) -> None:
    """Keep the hashes of an export."""
    tx.conn.execute(
        sa.insert(ExportRow).values(
            id=export_id,
            conversation_id=conversation_id,
            act=act,
            form=form.value,
            edition=edition,
            sha256=sealed.sha256,
            parts=[[part.name, part.hash] for part in sealed.parts],
            messages=messages,
            made_at=now,
            made_by=made_by,
            sent_to=sent_to,
        )
    )


def find_export(conn: sa.Connection, export_id: str) -> Export | None:
    """Return the export, or None."""
    row = conn.execute(
        sa.select(ExportRow.__table__).where(ExportRow.id == export_id)
    ).one_or_none()
    return _to_export(row) if row else None


def _to_export(row: sa.Row[Any]) -> Export:
    return Export(
        id=row.id,
        conversation_id=row.conversation_id,
        act=row.act,
        form=Form(row.form),
        edition=row.edition,
        sha256=row.sha256,
        parts=tuple(Part(name, value) for name, value in row.parts),
        messages=row.messages,
        made_at=row.made_at,
        made_by=row.made_by,
        sent_to=row.sent_to,
    )


def count_sent(conn: sa.Connection, conversation_id: str, *, since: datetime) -> int:
    """Return how often the conversation was mailed since then."""
    return int(
        conn.execute(
            sa.select(sa.func.count())
            .select_from(ExportRow)
            .where(
                ExportRow.conversation_id == conversation_id,
                ExportRow.act == "sent",
                # A mail has two forms of the same conversation.
                ExportRow.form == Form.HTML.value,
                ExportRow.made_at > since,
            )
        ).scalar_one()
    )


def put_request(tx: Tx, request: Request) -> None:
    """Keep that the customer was asked for an address, in place of an earlier request."""
    values = {"email": request.email, "asked_by": request.asked_by, "until": request.until}
    tx.conn.execute(
        insert_ignore(RequestRow, tx.conn.dialect.name).values(
            conversation_id=request.conversation_id, **values
        )
    )
    tx.conn.execute(
        sa.update(RequestRow)
        .where(RequestRow.conversation_id == request.conversation_id)
        .values(**values)
    )


def find_request(conn: sa.Connection, conversation_id: str, *, now: datetime) -> Request | None:
    """Return the request of the conversation that is not over, or None."""
    row = conn.execute(
        sa.select(RequestRow.__table__).where(
            RequestRow.conversation_id == conversation_id, RequestRow.until > now
        )
    ).one_or_none()
    return Request(row.conversation_id, row.email, row.asked_by, row.until) if row else None


def delete_request(tx: Tx, conversation_id: str) -> None:
    """Forget that the customer was asked for an address."""
    tx.conn.execute(sa.delete(RequestRow).where(RequestRow.conversation_id == conversation_id))


def mail_keys(conn: sa.Connection, conversation_ids: tuple[str, ...]) -> list[str]:
    """Return the outbox's names of the mails that carried these conversations."""
    rows = conn.execute(
        sa.select(ExportRow.id).where(
            ExportRow.conversation_id.in_(conversation_ids), ExportRow.act == "sent"
        )
    )
    return [mail_key(export_id) for export_id in rows.scalars()]


def mail_key(export_id: str) -> str:
    """Return the outbox's name of the mail with an export."""
    return f"transcript:{export_id}"


def erase(tx: Tx, conversation_id: str) -> None:
    """Forget whom the conversation was sent to; that it was, when and its hash stay."""
    delete_request(tx, conversation_id)
    tx.conn.execute(
        sa.update(ExportRow)
        .where(ExportRow.conversation_id == conversation_id)
        .values(sent_to=None)
    )
