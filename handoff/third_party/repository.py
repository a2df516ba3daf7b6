"""The only SQL on waits for somebody outside the house."""

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import aliased

from bot.kit.db import Tx
from handoff.tables import TicketEventRow, TicketRow
from handoff.third_party.tables import ThirdPartyWaitRow
from handoff.third_party.wait import Story, Wait, tell
from handoff.ticket import Ticket, TicketState


def insert_wait(
    tx: Tx, ticket_id: str, *, vendor: str | None, expected_at: datetime | None
) -> None:
    """Keep what was said of the wait that the ticket's last event began or changed."""
    event_n = tx.conn.execute(
        sa.select(sa.func.max(TicketEventRow.n)).where(TicketEventRow.ticket_id == ticket_id)
    ).scalar_one()
    tx.conn.execute(
        sa.insert(ThirdPartyWaitRow).values(
            ticket_id=ticket_id, event_n=event_n, vendor=vendor, expected_at=expected_at
        )
    )


def latest_wait(conn: sa.Connection, ticket_id: str) -> Wait | None:
    """Return what was said of the ticket's latest wait, or None."""
    row = conn.execute(
        sa.select(ThirdPartyWaitRow.__table__)
        .where(ThirdPartyWaitRow.ticket_id == ticket_id)
        .order_by(ThirdPartyWaitRow.event_n.desc())
        .limit(1)
    ).one_or_none()
    if row is None:
        return None
    return Wait(row.ticket_id, row.event_n, row.vendor, row.expected_at, row.reminded_at)


def set_reminded(tx: Tx, wait: Wait, *, now: datetime) -> bool:
    """Remember that somebody was reminded; False when somebody was before."""
    changed = tx.conn.execute(
        sa.update(ThirdPartyWaitRow)
        .where(
            ThirdPartyWaitRow.ticket_id == wait.ticket_id,
            ThirdPartyWaitRow.event_n == wait.event_n,
            ThirdPartyWaitRow.reminded_at.is_(None),
        )
        .values(reminded_at=now)
    )
    return changed.rowcount == 1


def late_tickets(conn: sa.Connection, *, now: datetime, limit: int = 100) -> list[str]:
    """Return tickets whose third party should have answered and nobody was reminded of it."""
    newer = aliased(ThirdPartyWaitRow)
    return list(
        conn.execute(
            sa.select(ThirdPartyWaitRow.ticket_id)
            .join(TicketRow, TicketRow.id == ThirdPartyWaitRow.ticket_id)
            .where(
                ThirdPartyWaitRow.expected_at <= now,
                ThirdPartyWaitRow.reminded_at.is_(None),
                TicketRow.state == TicketState.WAITING_THIRD_PARTY.value,
                ~sa.exists().where(
                    newer.ticket_id == ThirdPartyWaitRow.ticket_id,
                    newer.event_n > ThirdPartyWaitRow.event_n,
                ),
            )
            .order_by(ThirdPartyWaitRow.expected_at)
            .limit(limit)
        ).scalars()
    )


def find_story(conn: sa.Connection, ticket: Ticket, *, now: datetime) -> Story | None:
    """Return how the ticket has waited for somebody outside the house; None: never."""
    changes = conn.execute(
        sa.select(TicketEventRow.at, TicketEventRow.to_state)
        .where(TicketEventRow.ticket_id == ticket.id)
        .order_by(TicketEventRow.n)
    )
    return tell(
        [(row.at, TicketState(row.to_state)) for row in changes],
        latest_wait(conn, ticket.id),
        now=now,
    )
