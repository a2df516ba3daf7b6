"""The mapped tables of presence, of what people can take, and of what was given to them."""

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from bot.kit.db import Base, JsonColumn, UtcDateTime

_OFFERED = sa.text("outcome = 'offered'")


class PresenceRow(Base):
    """Somebody who ever opened the console; see `handoff.work.presence.Seen`."""

    __tablename__ = "staff_presence"

    staff_id: Mapped[str] = mapped_column(sa.ForeignKey("staff.id"), primary_key=True)
    chosen: Mapped[str] = mapped_column(sa.String(10))
    chosen_at: Mapped[datetime] = mapped_column(UtcDateTime)
    seen_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    active_at: Mapped[datetime] = mapped_column(UtcDateTime)
    gone_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class ProfileRow(Base):
    """What somebody can do, and how much at a time; without a row the defaults hold."""

    __tablename__ = "staff_profiles"

    staff_id: Mapped[str] = mapped_column(sa.ForeignKey("staff.id"), primary_key=True)
    capacity: Mapped[int] = mapped_column(sa.Integer)
    skills: Mapped[list[str]] = mapped_column(JsonColumn)
    languages: Mapped[list[str]] = mapped_column(JsonColumn)
    automatic: Mapped[bool] = mapped_column(sa.Boolean)
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime)


class QueueAssignmentRow(Base):
    """How a queue gives out its tickets; without a row people take them."""

    __tablename__ = "queue_assignments"

    queue_id: Mapped[str] = mapped_column(sa.ForeignKey("queues.id"), primary_key=True)
    mode: Mapped[str] = mapped_column(sa.String(20))
    accept_seconds: Mapped[int] = mapped_column(sa.Integer)
    fair_limit: Mapped[int] = mapped_column(sa.Integer)
    version: Mapped[int] = mapped_column(sa.Integer)
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime)


class AssignmentRow(Base):
    """A ticket that was given to somebody, and what came of it. At most one runs per ticket."""

    __tablename__ = "ticket_assignments"
    __table_args__ = (
        sa.Index(
            "ux_ticket_assignments_running",
            "ticket_id",
            unique=True,
            sqlite_where=_OFFERED,
            postgresql_where=_OFFERED,
        ),
        sa.Index("ix_ticket_assignments_due", "outcome", "due_at"),
        sa.Index("ix_ticket_assignments_staff_at", "staff_id", "at"),
        sa.Index("ix_ticket_assignments_queue", "queue_id", "staff_id", "at"),
    )

    id: Mapped[str] = mapped_column(sa.String(36), primary_key=True)
    ticket_id: Mapped[str] = mapped_column(sa.ForeignKey("tickets.id"), index=True)
    queue_id: Mapped[str] = mapped_column(sa.ForeignKey("queues.id"))
    staff_id: Mapped[str] = mapped_column(sa.ForeignKey("staff.id"))
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    """Also the ticket's `claimed_at`, as long as it is this assignment that holds."""
    due_at: Mapped[datetime] = mapped_column(UtcDateTime)
    """Accepted or answered until then, or it goes back into line."""
    outcome: Mapped[str] = mapped_column(sa.String(10))
    """offered, then accepted, missed, or ended (it was passed on meanwhile)."""
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
