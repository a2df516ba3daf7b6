"""The mapped tables of transcripts that were made, and of customers who asked for theirs."""

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from bot.kit.db import Base, JsonColumn, UtcDateTime


class ExportRow(Base):
    """One transcript that was looked at, taken out or mailed: its hash, never its contents."""

    __tablename__ = "transcript_exports"
    __table_args__ = (sa.Index("ix_transcript_exports_conversation", "conversation_id", "made_at"),)

    id: Mapped[str] = mapped_column(sa.String(36), primary_key=True)
    conversation_id: Mapped[str] = mapped_column(sa.ForeignKey("conversations.id"))
    act: Mapped[str] = mapped_column(sa.String(10))
    """read, exported or sent."""
    form: Mapped[str] = mapped_column(sa.String(4))
    edition: Mapped[str] = mapped_column(sa.String(10))
    """staff or customer."""
    sha256: Mapped[str] = mapped_column(sa.String(64))
    parts: Mapped[list[Any]] = mapped_column(JsonColumn)
    """[name, hash] of each part in order; see `handoff.exports.proof`."""
    messages: Mapped[int] = mapped_column(sa.Integer)
    made_at: Mapped[datetime] = mapped_column(UtcDateTime)
    made_by: Mapped[str | None] = mapped_column(sa.String(36))
    """Staff id; None for the command line and for the customer."""
    sent_to: Mapped[str | None] = mapped_column(sa.String(254))
    """Masked address of the mail; taken out when the contact is erased."""


class RequestRow(Base):
    """A customer who wants the conversation by mail and has still to prove an address."""

    __tablename__ = "transcript_requests"

    conversation_id: Mapped[str] = mapped_column(
        sa.ForeignKey("conversations.id"), primary_key=True
    )
    email: Mapped[str | None] = mapped_column(sa.String(254))
    """Where the code went; None while the address is asked for."""
    asked_by: Mapped[str | None] = mapped_column(sa.String(36))
    """Staff id when an agent offered it."""
    until: Mapped[datetime] = mapped_column(UtcDateTime)
