"""The only SQL on how customers wait, and on how fast a queue was served."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from bot.kit.db import Tx, insert_ignore
from handoff.informing.choice import Choice
from handoff.informing.estimate import Served
from handoff.informing.tables import TicketWaitRow
from handoff.tables import TicketEventRow, TicketRow

MAIL_KEY = "ticket-news"
"""How the keys of mails with news of a ticket begin; the ticket's id follows."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """How the customer of a ticket waits."""

    choice: Choice | None = None
    chosen_at: datetime | None = None
    mail_to: str | None = None
    acknowledged_at: datetime | None = None


def find(conn: sa.Connection, ticket_id: str) -> Waiting:
    """Return how the customer waits; nothing chosen yet when nothing is stored."""
    row = conn.execute(
        sa.select(TicketWaitRow.__table__).where(TicketWaitRow.ticket_id == ticket_id)
    ).one_or_none()
    if row is None:
        return Waiting()
    return Waiting(
        Choice(row.choice) if row.choice else None,
        row.chosen_at,
        row.mail_to,
        row.acknowledged_at,
    )


def choose(
    tx: Tx, ticket_id: str, choice: Choice | None, *, mail_to: str | None, now: datetime
) -> None:
    """Keep what the customer chose."""
    _change(tx, ticket_id, choice=choice.value if choice else None, mail_to=mail_to, chosen_at=now)


def acknowledge(tx: Tx, ticket_id: str, *, now: datetime) -> None:
    """Remember that the customer was told that what is written is kept."""
    _change(tx, ticket_id, acknowledged_at=now)


def _change(tx: Tx, ticket_id: str, **values: object) -> None:
    tx.conn.execute(insert_ignore(TicketWaitRow, tx.conn.dialect.name).values(ticket_id=ticket_id))
    tx.conn.execute(
        sa.update(TicketWaitRow).where(TicketWaitRow.ticket_id == ticket_id).values(**values)
    )


def served(conn: sa.Connection, queue_id: str, *, since: datetime, limit: int) -> list[Served]:
    """Return the latest tickets taken out of a queue by somebody, newest first."""
    rows = conn.execute(
        sa.select(TicketRow.queued_at, TicketEventRow.at)
        .join(TicketRow, TicketRow.id == TicketEventRow.ticket_id)
        .where(
            TicketEventRow.kind.in_(("claimed", "accepted")),
            TicketEventRow.to_queue_id == queue_id,
            TicketEventRow.at >= since,
            TicketRow.queue_id == queue_id,
            TicketRow.claimed_at >= since,
        )
        .order_by(TicketEventRow.at.desc())
        .limit(limit)
    )
    return [Served(row.queued_at, row.at) for row in rows]


def erase(tx: Tx, conversation_id: str) -> None:
    """Forget where news was mailed to."""
    tickets = sa.select(TicketRow.id).where(TicketRow.conversation_id == conversation_id)
    tx.conn.execute(
        sa.update(TicketWaitRow).where(TicketWaitRow.ticket_id.in_(tickets)).values(mail_to=None)
    )


def mail_keys(conn: sa.Connection, conversation_ids: Sequence[str]) -> list[str]:
    """Return the keys of the mails with news of these conversations' tickets."""
    rows = conn.execute(
        sa.select(TicketEventRow.id)
        .join(TicketRow, TicketRow.id == TicketEventRow.ticket_id)
        .where(
            TicketRow.conversation_id.in_(conversation_ids), TicketEventRow.kind == "told_by_mail"
        )
    )
    return [f"{MAIL_KEY}:{event_id}" for event_id in rows.scalars()]


def told_since(conn: sa.Connection, ticket_id: str, since: datetime | None) -> bool:
    """Tell whether a mail about an answer went out since the customer last wrote."""
    query = sa.select(TicketEventRow.id).where(
        TicketEventRow.ticket_id == ticket_id,
        TicketEventRow.kind == "told_by_mail",
        TicketEventRow.to_value == "answered",
    )
    if since is not None:
        query = query.where(TicketEventRow.at >= since)
    return conn.execute(query.limit(1)).first() is not None
