"""The mapped tables of ratings, of those who don't want to be asked, and of the rules."""

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from bot.kit.db import Base, JsonColumn, UtcDateTime


class FeedbackRow(Base):
    """One request for a rating, and what came of it. Once for each part (`subject`)."""

    __tablename__ = "feedback"
    __table_args__ = (
        sa.Index("ix_feedback_conversation", "conversation_id", "created_at"),
        sa.Index("ix_feedback_asked_at", "asked_at"),
        sa.Index("ix_feedback_contact", "contact_id", "part", "asked_at"),
        sa.Index(
            "ix_feedback_due_at",
            "due_at",
            sqlite_where=sa.text("state = 'due'"),
            postgresql_where=sa.text("state = 'due'"),
        ),
        sa.Index(
            "ix_feedback_bad",
            "answered_at",
            sqlite_where=sa.text("score <= 2"),
            postgresql_where=sa.text("score <= 2"),
        ),
    )

    id: Mapped[str] = mapped_column(sa.String(36), primary_key=True)
    subject: Mapped[str] = mapped_column(sa.String(80), unique=True)
    """"human:<ticket>" or "bot:<conversation>:<episode>": nothing is asked about twice."""
    part: Mapped[str] = mapped_column(sa.String(10))
    """bot or human."""
    state: Mapped[str] = mapped_column(sa.String(10))
    """See `handoff.feedback.rules.State`."""
    conversation_id: Mapped[str] = mapped_column(sa.ForeignKey("conversations.id"))
    contact_id: Mapped[str] = mapped_column(sa.ForeignKey("contacts.id"))
    ticket_id: Mapped[str | None] = mapped_column(sa.ForeignKey("tickets.id"))
    ticket_number: Mapped[str | None] = mapped_column(sa.String(20))
    epoch: Mapped[int] = mapped_column(sa.Integer)
    """Of the conversation's owner when it came up: once it is another, it is too late to ask."""
    channel: Mapped[str] = mapped_column(sa.String(20))
    locale: Mapped[str] = mapped_column(sa.String(10))
    agent_id: Mapped[str | None] = mapped_column(sa.String(36))
    """Who is rated, frozen: passing the ticket on later changes nothing."""
    agent_name: Mapped[str | None] = mapped_column(sa.String(120))
    queue_key: Mapped[str | None] = mapped_column(sa.String(60))
    level: Mapped[str | None] = mapped_column(sa.String(4))
    article_key: Mapped[str | None] = mapped_column(sa.String(120))
    """What the bot last answered with."""
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    due_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    asked_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    why_not: Mapped[str | None] = mapped_column(sa.String(30))
    """Why it was not asked."""
    score: Mapped[int | None] = mapped_column(sa.Integer)
    answered_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    comment: Mapped[str | None] = mapped_column(sa.Text)
    seen_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    seen_by: Mapped[str | None] = mapped_column(sa.String(36))
    seen_by_name: Mapped[str | None] = mapped_column(sa.String(120))


class FeedbackRefusalRow(Base):
    """A contact who asked not to be asked."""

    __tablename__ = "feedback_refusals"

    contact_id: Mapped[str] = mapped_column(sa.ForeignKey("contacts.id"), primary_key=True)
    at: Mapped[datetime] = mapped_column(UtcDateTime)


class FeedbackSettingsRow(Base):
    """When to ask: one row, once somebody has changed what is shipped."""

    __tablename__ = "feedback_settings"

    id: Mapped[int] = mapped_column(sa.Integer, primary_key=True, autoincrement=False)
    version: Mapped[int] = mapped_column(sa.Integer)
    value: Mapped[dict[str, Any]] = mapped_column(JsonColumn)
    changed_at: Mapped[datetime] = mapped_column(UtcDateTime)
