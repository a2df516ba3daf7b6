"""The only SQL on ratings."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from bot.conversations.tables import ConversationRow, MessageRow
from bot.kit.db import Tx, insert_ignore
from handoff.feedback.rules import BAD, Part, Settings, State, Why, settings_of
from handoff.feedback.tables import FeedbackRefusalRow, FeedbackRow, FeedbackSettingsRow
from handoff.tables import TicketRow

_ONLY = 1
"""Id of the one row of settings."""


@dataclass(frozen=True, slots=True)
class Feedback:
    """A request for a rating as read from the store."""

    id: str
    subject: str
    part: Part
    state: State
    conversation_id: str
    contact_id: str
    ticket_id: str | None
    ticket_number: str | None
    epoch: int
    channel: str
    locale: str
    agent_id: str | None
    agent_name: str | None
    queue_key: str | None
    level: str | None
    article_key: str | None
    created_at: datetime
    due_at: datetime | None
    asked_at: datetime | None
    why_not: str | None
    score: int | None
    answered_at: datetime | None
    comment: str | None
    seen_at: datetime | None
    seen_by_name: str | None


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which ratings a list shows."""

    bad_only: bool = False
    unseen_only: bool = False
    part: Part | None = None
    before: tuple[datetime, str] | None = None
    """Where the page before ended: answered_at and id."""


_COLUMNS = tuple(getattr(FeedbackRow, name) for name in Feedback.__slots__)


def _to_feedback(row: sa.Row[Any]) -> Feedback:
    values = {name: row._mapping[name] for name in Feedback.__slots__}
    return Feedback(**{**values, "part": Part(row.part), "state": State(row.state)})


def find(conn: sa.Connection, feedback_id: str) -> Feedback | None:
    """Return the request, or None."""
    row = conn.execute(sa.select(*_COLUMNS).where(FeedbackRow.id == feedback_id)).one_or_none()
    return _to_feedback(row) if row else None


def find_of_ticket(conn: sa.Connection, ticket_id: str) -> Feedback | None:
    """Return what was asked about a ticket, or None."""
    row = conn.execute(
        sa.select(*_COLUMNS).where(FeedbackRow.subject == f"human:{ticket_id}")
    ).one_or_none()
    return _to_feedback(row) if row else None


def exists(conn: sa.Connection, subject: str) -> bool:
    """Tell whether this part came up already."""
    query = sa.select(FeedbackRow.id).where(FeedbackRow.subject == subject)
    return conn.execute(query).first() is not None


def insert(tx: Tx, feedback: Feedback) -> bool:
    """Add a request; False when its subject came up already."""
    values = {name: getattr(feedback, name) for name in Feedback.__slots__}
    values |= {"part": feedback.part.value, "state": feedback.state.value}
    result = tx.conn.execute(insert_ignore(FeedbackRow, tx.conn.dialect.name).values(**values))
    return result.rowcount == 1


def change(tx: Tx, feedback_id: str, **values: Any) -> None:
    """Change columns of a request."""
    columns = {
        name: value.value if isinstance(value, State | Why) else value
        for name, value in values.items()
    }
    tx.conn.execute(sa.update(FeedbackRow).where(FeedbackRow.id == feedback_id).values(**columns))


def mark_seen(tx: Tx, feedback_id: str, *, staff_id: str, name: str, now: datetime) -> bool:
    """Note who has dealt with a bad rating; False when somebody had already."""
    result = tx.conn.execute(
        sa.update(FeedbackRow)
        .where(FeedbackRow.id == feedback_id, FeedbackRow.seen_at.is_(None))
        .values(seen_at=now, seen_by=staff_id, seen_by_name=name)
    )
    return result.rowcount == 1


def due(conn: sa.Connection, *, now: datetime, limit: int = 50) -> list[str]:
    """Return the requests whose time to be asked has come."""
    return list(
        conn.execute(
            sa.select(FeedbackRow.id)
            .where(FeedbackRow.state == State.DUE.value, FeedbackRow.due_at <= now)
            .order_by(FeedbackRow.due_at)
            .limit(limit)
        ).scalars()
    )


def last_asked_at(conn: sa.Connection, contact_id: str, part: Part) -> datetime | None:
    """Return when the contact was last asked about this part."""
    return conn.execute(
        sa.select(sa.func.max(FeedbackRow.asked_at)).where(
            FeedbackRow.contact_id == contact_id, FeedbackRow.part == part.value
        )
    ).scalar_one()


def refuse(tx: Tx, contact_id: str, *, now: datetime) -> None:
    """Never ask this contact again."""
    tx.conn.execute(
        insert_ignore(FeedbackRefusalRow, tx.conn.dialect.name).values(
            contact_id=contact_id, at=now
        )
    )


def has_refused(conn: sa.Connection, contact_id: str) -> bool:
    """Tell whether the contact asked not to be asked."""
    query = sa.select(FeedbackRefusalRow.at).where(FeedbackRefusalRow.contact_id == contact_id)
    return conn.execute(query).first() is not None


def is_unreachable(conn: sa.Connection, conversation_id: str) -> bool:
    """Tell whether the channel can't deliver (blocked)."""
    return (
        conn.execute(
            sa.select(ConversationRow.unreachable_at).where(ConversationRow.id == conversation_id)
        ).scalar_one_or_none()
        is not None
    )


def last_said_at(conn: sa.Connection, conversation_id: str) -> datetime | None:
    """Return when anybody last said something."""
    return conn.execute(
        sa.select(sa.func.max(MessageRow.created_at)).where(
            MessageRow.conversation_id == conversation_id
        )
    ).scalar_one()


def conversations_decided(
    conn: sa.Connection, *, after: datetime, until: datetime, limit: int = 500
) -> list[str]:
    """Return conversations in which the bot decided about a message in that time."""
    rows = conn.execute(
        sa.select(MessageRow.conversation_id)
        .join(ConversationRow, ConversationRow.id == MessageRow.conversation_id)
        .where(
            MessageRow.decision.is_not(None),
            MessageRow.created_at > after,
            MessageRow.created_at <= until,
            ConversationRow.owner == "bot",
        )
        .distinct()
        .limit(limit)
    )
    return list(rows.scalars())


def list_answered(conn: sa.Connection, wanted: Wanted, *, limit: int) -> list[Feedback]:
    """Return ratings, newest first."""
    query = sa.select(*_COLUMNS).where(FeedbackRow.answered_at.is_not(None))
    if wanted.bad_only:
        query = query.where(FeedbackRow.score <= BAD)
    if wanted.unseen_only:
        query = query.where(FeedbackRow.seen_at.is_(None))
    if wanted.part is not None:
        query = query.where(FeedbackRow.part == wanted.part.value)
    if wanted.before is not None:
        at, feedback_id = wanted.before
        query = query.where(
            sa.or_(
                FeedbackRow.answered_at < at,
                sa.and_(FeedbackRow.answered_at == at, FeedbackRow.id < feedback_id),
            )
        )
    rows = conn.execute(
        query.order_by(FeedbackRow.answered_at.desc(), FeedbackRow.id.desc()).limit(limit)
    )
    return [_to_feedback(row) for row in rows]


def count_unseen(conn: sa.Connection) -> int:
    """Return how many bad ratings nobody has dealt with."""
    return int(
        conn.execute(
            sa.select(sa.func.count())
            .select_from(FeedbackRow)
            .where(FeedbackRow.score <= BAD, FeedbackRow.seen_at.is_(None))
        ).scalar_one()
    )


def list_asked(conn: sa.Connection, *, since: datetime, until: datetime) -> Sequence[Feedback]:
    """Return everything asked in a period, oldest first."""
    rows = conn.execute(
        sa.select(*_COLUMNS)
        .where(FeedbackRow.asked_at >= since, FeedbackRow.asked_at < until)
        .order_by(FeedbackRow.asked_at)
    )
    return [_to_feedback(row) for row in rows]


# ----------------------------------------------------------------------------------- settings


def get_settings(conn: sa.Connection) -> Settings:
    """Return when to ask; what is shipped until somebody changed it."""
    row = conn.execute(sa.select(FeedbackSettingsRow.__table__)).one_or_none()
    return settings_of(dict(row.value), version=row.version) if row else Settings()


def save_settings(tx: Tx, settings: Settings, *, now: datetime) -> bool:
    """Store settings read at `settings.version`; False when somebody was faster."""
    values = {
        "version": settings.version + 1,
        "value": settings.as_json(),
        "changed_at": now,
    }
    if settings.version == 0:
        result = tx.conn.execute(
            insert_ignore(FeedbackSettingsRow, tx.conn.dialect.name).values(id=_ONLY, **values)
        )
    else:
        result = tx.conn.execute(
            sa.update(FeedbackSettingsRow)
            .where(FeedbackSettingsRow.id == _ONLY, FeedbackSettingsRow.version == settings.version)
            .values(**values)
        )
    return result.rowcount == 1


def erase(tx: Tx, conversation_id: str) -> None:
    """Take out what was written; scores and times stay, and nothing more is asked."""
    mine = FeedbackRow.conversation_id == conversation_id
    tx.conn.execute(sa.update(FeedbackRow).where(mine).values(comment=None))
    tx.conn.execute(
        sa.update(FeedbackRow)
        .where(mine, FeedbackRow.state == State.DUE.value)
        .values(state=State.NOT_ASKED.value, why_not=Why.UNREACHABLE.value)
    )


def ticket_category(conn: sa.Connection, ticket_id: str) -> str | None:
    """Return the key of what a ticket is about."""
    return conn.execute(
        sa.select(TicketRow.category).where(TicketRow.id == ticket_id)
    ).scalar_one_or_none()
