"""The mapped tables of queues, tickets and what happened to them."""

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from bot.kit.db import Base, JsonColumn, UtcDateTime

_OPEN = sa.text("state NOT IN ('resolved', 'closed')")


class QueueRow(Base):
    """People of one level waiting for people."""

    __tablename__ = "queues"

    id: Mapped[str] = mapped_column(sa.String(36), primary_key=True)
    key: Mapped[str] = mapped_column(sa.String(60), unique=True)
    level: Mapped[str] = mapped_column(sa.String(4))
    names: Mapped[dict[str, Any]] = mapped_column(JsonColumn)
    """Name by language."""
    topics: Mapped[list[str]] = mapped_column(JsonColumn)
    calendar_key: Mapped[str] = mapped_column(sa.String(60))
    is_default: Mapped[bool] = mapped_column(sa.Boolean)
    """Takes what no other queue of the level is for."""
    position: Mapped[int] = mapped_column(sa.Integer)
    retired_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """Takes nothing new from then on; its tickets stay."""
    version: Mapped[int] = mapped_column(sa.Integer, default=1, server_default="1")
    """Counts the changes of this row, so that nobody overwrites what they have not seen."""
    team: Mapped[str] = mapped_column(sa.String(60), default="", server_default="")
    skills: Mapped[list[str]] = mapped_column(JsonColumn, default=list, server_default="[]")
    languages: Mapped[list[str]] = mapped_column(JsonColumn, default=list, server_default="[]")
    """What the people of the queue speak; empty: every language."""


class TicketNumberRow(Base):
    """The counter behind ticket numbers: one row."""

    __tablename__ = "ticket_numbers"

    id: Mapped[int] = mapped_column(sa.Integer, primary_key=True, autoincrement=False)
    last: Mapped[int] = mapped_column(sa.Integer)


class TicketRow(Base):
    """A case handed to people. At most one open ticket per conversation."""

    __tablename__ = "tickets"
    __table_args__ = (
        sa.Index(
            "ux_tickets_open_conversation",
            "conversation_id",
            unique=True,
            sqlite_where=_OPEN,
            postgresql_where=_OPEN,
        ),
        sa.Index("ix_tickets_line", "state", "queue_id", "priority_rank", "queued_at", "serial"),
        sa.Index("ix_tickets_order", "priority_rank", "queued_at", "serial"),
        sa.Index("ix_tickets_due_at", "due_at", "serial"),
        sa.Index(
            "ix_tickets_wake_at",
            "wake_at",
            sqlite_where=sa.text("wake_at IS NOT NULL"),
            postgresql_where=sa.text("wake_at IS NOT NULL"),
        ),
        sa.Index(
            "ix_tickets_close_at",
            "close_at",
            sqlite_where=sa.text("close_at IS NOT NULL"),
            postgresql_where=sa.text("close_at IS NOT NULL"),
        ),
    )

    id: Mapped[str] = mapped_column(sa.String(36), primary_key=True)
    serial: Mapped[int] = mapped_column(sa.Integer, unique=True)
    number: Mapped[str] = mapped_column(sa.String(20), unique=True)
    conversation_id: Mapped[str] = mapped_column(sa.ForeignKey("conversations.id"), index=True)
    opened_by_turn: Mapped[str | None] = mapped_column(sa.String(160), unique=True)
    """The turn that asked for it: run again, it finds this ticket instead of opening a second."""
    opened_seq: Mapped[int] = mapped_column(sa.Integer)
    bot_epoch: Mapped[int] = mapped_column(sa.Integer)
    queue_id: Mapped[str] = mapped_column(sa.ForeignKey("queues.id"))
    level: Mapped[str] = mapped_column(sa.String(4))
    state: Mapped[str] = mapped_column(sa.String(20))
    priority: Mapped[str] = mapped_column(sa.String(10))
    priority_rank: Mapped[int] = mapped_column(sa.Integer)
    reason: Mapped[str] = mapped_column(sa.String(30))
    topic: Mapped[str | None] = mapped_column(sa.String(80))
    subject: Mapped[str] = mapped_column(sa.String(200))
    pack: Mapped[dict[str, Any]] = mapped_column(JsonColumn)
    """What was passed at the hand-off; completed from the messages' decisions when it is read."""
    assignee_id: Mapped[str | None] = mapped_column(sa.String(36), index=True)
    assignee_name: Mapped[str | None] = mapped_column(sa.String(120))
    related_to: Mapped[str | None] = mapped_column(sa.ForeignKey("tickets.id"))
    """Earlier ticket of the same conversation that was resolved shortly before."""
    bounce_count: Mapped[int] = mapped_column(sa.Integer)
    opened_at: Mapped[datetime] = mapped_column(UtcDateTime)
    queued_at: Mapped[datetime] = mapped_column(UtcDateTime)
    claimed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    first_reply_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    last_reply_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    last_customer_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    waiting_since: Mapped[datetime | None] = mapped_column(UtcDateTime)
    wake_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    resolved_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    resolved_by: Mapped[str | None] = mapped_column(sa.String(36))
    close_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    closed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    due_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """When the next clock of the service level runs out; `handoff.service_level` keeps these four."""
    warn_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    due_metric: Mapped[str | None] = mapped_column(sa.String(20))
    due_state: Mapped[str | None] = mapped_column(sa.String(12))
    category: Mapped[str | None] = mapped_column(sa.String(60))
    """Key of a category (`handoff.case`)."""
    impact: Mapped[str | None] = mapped_column(sa.String(10))
    urgency: Mapped[str | None] = mapped_column(sa.String(10))
    merged_into: Mapped[str | None] = mapped_column(sa.String(36), index=True)
    """The ticket under which this one goes on."""


class TicketEventRow(Base):
    """One thing that happened to a ticket. Append-only."""

    __tablename__ = "ticket_events"
    __table_args__ = (sa.UniqueConstraint("ticket_id", "n"),)

    id: Mapped[str] = mapped_column(sa.String(36), primary_key=True)
    ticket_id: Mapped[str] = mapped_column(sa.ForeignKey("tickets.id"))
    n: Mapped[int] = mapped_column(sa.Integer)
    """Counts the events of the ticket from 1."""
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    kind: Mapped[str] = mapped_column(sa.String(30))
    actor_id: Mapped[str | None] = mapped_column(sa.String(36))
    """Staff id; None for Frontline itself and for the customer."""
    actor_name: Mapped[str | None] = mapped_column(sa.String(120))
    from_state: Mapped[str | None] = mapped_column(sa.String(20))
    to_state: Mapped[str] = mapped_column(sa.String(20))
    from_queue_id: Mapped[str | None] = mapped_column(sa.String(36))
    to_queue_id: Mapped[str] = mapped_column(sa.String(36))
    from_value: Mapped[str | None] = mapped_column(sa.String(120))
    """What changed when it is neither state nor queue: a priority, a person's name."""
    to_value: Mapped[str | None] = mapped_column(sa.String(120))
    epoch: Mapped[int] = mapped_column(sa.Integer)
    """Of the conversation's owner, after the change."""
    reason: Mapped[str | None] = mapped_column(sa.Text)
    text: Mapped[str | None] = mapped_column(sa.Text)


class TicketPersonRow(Base):
    """Somebody through whose hands the ticket went; keeps sight of it."""

    __tablename__ = "ticket_people"

    ticket_id: Mapped[str] = mapped_column(sa.ForeignKey("tickets.id"), primary_key=True)
    staff_id: Mapped[str] = mapped_column(sa.String(36), primary_key=True, index=True)
