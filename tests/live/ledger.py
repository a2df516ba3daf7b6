"""What must be true of a stored conversation, whatever happened to the processes that served it."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from bot.conversations.tables import MessageRow


def messages(conn: sa.Connection, conversation_id: str) -> list[Any]:
    """Return all rows of a conversation in order."""
    return list(
        conn.execute(
            sa.select(MessageRow.__table__)
            .where(MessageRow.conversation_id == conversation_id)
            .order_by(MessageRow.seq)
        )
    )


def pending(conn: sa.Connection) -> int:
    """Return how many customer messages wait for their turn."""
    query = sa.select(sa.func.count()).where(MessageRow.turn_state == "pending")
    return int(conn.execute(query).scalar_one())


def check(rows: Sequence[Any], accepted: Sequence[str]) -> None:
    """Check that each accepted message (client id) was stored and answered once, in order."""
    assert [row.seq for row in rows] == list(range(1, len(rows) + 1)), "dense numbers"
    stored = [row.external_id.rsplit(":", 1)[1] for row in rows if row.author == "customer"]
    counts = Counter(stored)
    # One may have been stored whose acknowledgement never arrived and that was not tried again.
    assert [c for c in stored if c in set(accepted)] == list(accepted), "each accepted, in order"
    assert max(counts.values()) == 1, "stored once"
    order = {row.id: row.seq for row in rows if row.author == "customer"}
    answered = [row.in_reply_to for row in rows if row.author == "bot"]
    assert set(answered) == set(order), "every message answered"
    sequence = [order[message_id] for message_id in answered]
    assert sequence == sorted(sequence), "answers in the order of the questions"
    for row in rows:
        if row.author == "bot":
            assert row.seq > order[row.in_reply_to]
    # The replies of one turn were stored together, so a turn that ran twice would show as two groups.
    instants: dict[str, set[Any]] = {}
    for row in rows:
        if row.author == "bot":
            instants.setdefault(row.in_reply_to, set()).add(row.created_at)
    assert all(len(times) == 1 for times in instants.values()), "answered once"
