"""The only SQL on articles that agents sent."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from bot.kit.db import Tx, insert_ignore
from handoff.suggestions.tables import TicketArticleRow


@dataclass(frozen=True, slots=True)
class Credit:
    """Which article a message was made of."""

    message_id: str
    ticket_id: str
    article_id: str
    article_key: str
    title: str
    revision: int
    way: str
    score: float | None
    staff_id: str
    at: datetime


def insert_credit(tx: Tx, credit: Credit) -> None:
    """Keep where a message came from; told again it stays as it was."""
    tx.conn.execute(
        insert_ignore(TicketArticleRow, tx.conn.dialect.name).values(
            **{name: getattr(credit, name) for name in Credit.__slots__}
        )
    )


def list_credits(conn: sa.Connection, message_ids: Sequence[str]) -> dict[str, Credit]:
    """Return the articles behind these messages, by message id."""
    rows = conn.execute(
        sa.select(TicketArticleRow.__table__).where(TicketArticleRow.message_id.in_(message_ids))
    ).mappings()
    found = [Credit(**{name: row[name] for name in Credit.__slots__}) for row in rows]
    return {credit.message_id: credit for credit in found}
