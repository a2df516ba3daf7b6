"""The mapped tables of reviewed messages, marks, trainings, models and promotions."""

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from bot.kit.db import Base, JsonColumn, UtcDateTime


class ItemRow(Base):
    """A message worth a look, and what a reviewer made of it; one row per wording and language."""

    __tablename__ = "learning_items"
    __table_args__ = (
        sa.UniqueConstraint("locale", "norm"),
        sa.Index("ix_learning_items_line", "reviewed", "rank", "id"),
    )

    id: Mapped[str] = mapped_column(sa.String(36), primary_key=True)
    locale: Mapped[str] = mapped_column(sa.String(10))
    norm: Mapped[str] = mapped_column(sa.String(64))
    """Digest of the folded text."""
    text: Mapped[str] = mapped_column(sa.Text)
    """Masked: no personal data is stored here."""
    marked: Mapped[bool] = mapped_column(sa.Boolean)
    not_helped: Mapped[bool] = mapped_column(sa.Boolean)
    fallback: Mapped[bool] = mapped_column(sa.Boolean)
    low_margin: Mapped[bool] = mapped_column(sa.Boolean)
    count: Mapped[int] = mapped_column(sa.Integer)
    margin: Mapped[float | None] = mapped_column(sa.Float)
    rank: Mapped[float] = mapped_column(sa.Float)
    decision: Mapped[dict[str, Any]] = mapped_column(JsonColumn)
    message_id: Mapped[str] = mapped_column(sa.String(36))
    conversation_id: Mapped[str] = mapped_column(sa.String(36), index=True)
    first_at: Mapped[datetime] = mapped_column(UtcDateTime)
    last_at: Mapped[datetime] = mapped_column(UtcDateTime)
    version: Mapped[int] = mapped_column(sa.Integer)
    """Raised by every review; a reviewer who read an older one is told so."""
    reviewed: Mapped[bool] = mapped_column(sa.Boolean)
    verdict: Mapped[str | None] = mapped_column(sa.String(10), index=True)
    intent: Mapped[str | None] = mapped_column(sa.String(60))
    article_id: Mapped[str | None] = mapped_column(sa.String(36))
    article_title: Mapped[str | None] = mapped_column(sa.String(200))
    reviewed_by: Mapped[str | None] = mapped_column(sa.String(36))
    reviewed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class ReviewRow(Base):
    """What somebody said about an item, in order; never changed."""

    __tablename__ = "learning_reviews"

    item_id: Mapped[str] = mapped_column(
        sa.ForeignKey("learning_items.id", ondelete="CASCADE"), primary_key=True
    )
    version: Mapped[int] = mapped_column(sa.Integer, primary_key=True, autoincrement=False)
    verdict: Mapped[str | None] = mapped_column(sa.String(10))
    """None: taken back."""
    intent: Mapped[str | None] = mapped_column(sa.String(60))
    article_id: Mapped[str | None] = mapped_column(sa.String(36))
    by: Mapped[str] = mapped_column(sa.String(36))
    at: Mapped[datetime] = mapped_column(UtcDateTime)


class MarkRow(Base):
    """An agent says that a message of the bot was wrong."""

    __tablename__ = "learning_marks"

    message_id: Mapped[str] = mapped_column(sa.String(36), primary_key=True)
    conversation_id: Mapped[str] = mapped_column(sa.String(36), index=True)
    by: Mapped[str] = mapped_column(sa.String(36))
    at: Mapped[datetime] = mapped_column(UtcDateTime)


class CollectedRow(Base):
    """A single row: up to which message the collector has looked."""

    __tablename__ = "learning_collected"

    id: Mapped[int] = mapped_column(sa.Integer, primary_key=True, autoincrement=False)
    cursor: Mapped[str] = mapped_column(sa.String(36))


class JobRow(Base):
    """One training."""

    __tablename__ = "learning_jobs"

    id: Mapped[str] = mapped_column(sa.String(36), primary_key=True)
    slot: Mapped[int | None] = mapped_column(sa.Integer, unique=True)
    """1 while it is under way, else NULL: so there is only one at a time."""
    state: Mapped[str] = mapped_column(sa.String(12))
    step: Mapped[str] = mapped_column(sa.String(40))
    progress: Mapped[int] = mapped_column(sa.Integer)
    example_count: Mapped[int] = mapped_column(sa.Integer)
    model_id: Mapped[str | None] = mapped_column(sa.String(64))
    report: Mapped[dict[str, Any] | None] = mapped_column(JsonColumn)
    error: Mapped[str | None] = mapped_column(sa.Text)
    created_by: Mapped[str | None] = mapped_column(sa.String(36))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    started_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    holder: Mapped[str | None] = mapped_column(sa.String(36))
    """The gateway that runs it."""
    lease_until: Mapped[datetime | None] = mapped_column(UtcDateTime)


class ModelRow(Base):
    """A trained model."""

    __tablename__ = "learning_models"

    id: Mapped[str] = mapped_column(sa.String(64), primary_key=True)
    base_hash: Mapped[str] = mapped_column(sa.String(64))
    origin: Mapped[str] = mapped_column(sa.String(12))
    examples: Mapped[str] = mapped_column(sa.Text)
    example_count: Mapped[int] = mapped_column(sa.Integer)
    size: Mapped[int] = mapped_column(sa.Integer)
    sha256: Mapped[str] = mapped_column(sa.String(64))
    scores: Mapped[dict[str, Any] | None] = mapped_column(JsonColumn)
    measured_with: Mapped[str | None] = mapped_column(sa.String(64))
    kept: Mapped[bool] = mapped_column(sa.Boolean)
    created_by: Mapped[str | None] = mapped_column(sa.String(36))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)


class ModelPartRow(Base):
    """A piece of a model's file: in the store, so that every gateway and every backup has it."""

    __tablename__ = "learning_model_parts"

    model_id: Mapped[str] = mapped_column(sa.ForeignKey("learning_models.id"), primary_key=True)
    number: Mapped[int] = mapped_column(sa.Integer, primary_key=True, autoincrement=False)
    data: Mapped[bytes] = mapped_column(sa.LargeBinary)


class PromotionRow(Base):
    """A model was made the one that serves; the newest of a gateway's own training data counts."""

    __tablename__ = "learning_promotions"

    number: Mapped[int] = mapped_column(sa.Integer, primary_key=True, autoincrement=False)
    model_id: Mapped[str] = mapped_column(sa.ForeignKey("learning_models.id"))
    base_hash: Mapped[str] = mapped_column(sa.String(64), index=True)
    """Of the program that promoted it: another release goes on with its own."""
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    by: Mapped[str | None] = mapped_column(sa.String(36))
    forced: Mapped[bool] = mapped_column(sa.Boolean)
    reason: Mapped[str | None] = mapped_column(sa.String(300))


class HostRow(Base):
    """Which model a Rasa host serves with, as its gateway last saw it."""

    __tablename__ = "learning_hosts"

    gateway: Mapped[str] = mapped_column(sa.String(36), primary_key=True)
    number: Mapped[int] = mapped_column(sa.Integer, primary_key=True, autoincrement=False)
    place: Mapped[str] = mapped_column(sa.String(200))
    ready: Mapped[bool] = mapped_column(sa.Boolean)
    model: Mapped[str | None] = mapped_column(sa.String(200))
    error: Mapped[str | None] = mapped_column(sa.String(300))
    seen_at: Mapped[datetime] = mapped_column(UtcDateTime)
