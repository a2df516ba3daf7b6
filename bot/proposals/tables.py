"""The mapped table of proposals."""

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from bot.kit.db import Base, UtcDateTime


class ProposalRow(Base):
    """The article that somebody proposed from a ticket; one per ticket."""

    __tablename__ = "article_proposals"
    __table_args__ = (sa.Index("ix_article_proposals_line", "state", "updated_at"),)

    id: Mapped[str] = mapped_column(sa.String(36), primary_key=True)
    ticket_id: Mapped[str] = mapped_column(sa.ForeignKey("tickets.id"), unique=True)
    conversation_id: Mapped[str] = mapped_column(sa.ForeignKey("conversations.id"), index=True)
    author: Mapped[str] = mapped_column(sa.String(36), index=True)
    """Staff id."""
    question: Mapped[str] = mapped_column(sa.Text)
    """Masked, like the answer; both empty once the contact is erased."""
    answer: Mapped[str] = mapped_column(sa.Text)
    locale: Mapped[str] = mapped_column(sa.String(10))
    state: Mapped[str] = mapped_column(sa.String(12))
    reason: Mapped[str | None] = mapped_column(sa.String(500))
    """Why it was sent back, the last time."""
    article_id: Mapped[str | None] = mapped_column(sa.String(36))
    """The article that was made of it."""
    article_key: Mapped[str | None] = mapped_column(sa.String(80), index=True)
    version: Mapped[int] = mapped_column(sa.Integer)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime)
    decided_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    decided_by: Mapped[str | None] = mapped_column(sa.String(36))
