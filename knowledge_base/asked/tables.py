"""The mapped tables of asked questions, their groups, and how far they have been read."""

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from bot.kit.db import Base, UtcDateTime


class AskedRow(Base):
    """One question that a customer put to the knowledge base, and what came of it."""

    __tablename__ = "kb_asked"
    __table_args__ = (
        sa.Index("ix_kb_asked_article", "article_id", "at"),
        sa.Index("ix_kb_asked_conversation", "conversation_id", "at"),
        sa.Index("ix_kb_asked_group", "group_id", "at"),
    )

    message_id: Mapped[str] = mapped_column(sa.String(36), primary_key=True)
    conversation_id: Mapped[str] = mapped_column(sa.String(36))
    at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    locale: Mapped[str] = mapped_column(sa.String(10))
    text: Mapped[str] = mapped_column(sa.Text)
    """Masked: no addresses, numbers or links; empty once the contact is erased."""
    vector: Mapped[bytes | None] = mapped_column(sa.LargeBinary)
    """512 signed bytes; None until made, and once the contact is erased."""
    outcome: Mapped[str] = mapped_column(sa.String(20))
    article_id: Mapped[str | None] = mapped_column(sa.String(36))
    """The article that was shown."""
    article_key: Mapped[str | None] = mapped_column(sa.String(80))
    revision: Mapped[int | None] = mapped_column(sa.Integer)
    verdict: Mapped[str | None] = mapped_column(sa.String(10))
    """helped or not_helped, when the customer said."""
    led_to_person: Mapped[bool] = mapped_column(sa.Boolean)
    asked_again_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """When the same person first asked something like it again."""
    group_id: Mapped[str | None] = mapped_column(sa.String(36))


class AskedGroupRow(Base):
    """Questions of like meaning without a good answer."""

    __tablename__ = "kb_asked_groups"

    id: Mapped[str] = mapped_column(sa.String(36), primary_key=True)
    state: Mapped[str] = mapped_column(sa.String(10), index=True)
    sum: Mapped[bytes] = mapped_column(sa.LargeBinary)
    """512 float32: the sum of its questions' vectors."""
    article_key: Mapped[str | None] = mapped_column(sa.String(80))
    """What an editor decided answers it."""
    version: Mapped[int] = mapped_column(sa.Integer)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    decided_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    decided_by: Mapped[str | None] = mapped_column(sa.String(36))


class AskedProgressRow(Base):
    """A single row: messages up to this instant have been read."""

    __tablename__ = "kb_asked_progress"

    id: Mapped[int] = mapped_column(sa.Integer, primary_key=True, autoincrement=False)
    until: Mapped[datetime] = mapped_column(UtcDateTime)
