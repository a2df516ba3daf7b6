"""The mapped table of canned replies."""

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from bot.kit.db import Base, JsonColumn, UtcDateTime

SHARED = ""
"""Owner of what is everybody's: a NULL would not keep shortcuts apart."""


class CannedReplyRow(Base):
    """A text that agents send again and again."""

    __tablename__ = "canned_replies"
    __table_args__ = (sa.UniqueConstraint("owner_id", "shortcut"),)

    id: Mapped[str] = mapped_column(sa.String(36), primary_key=True)
    owner_id: Mapped[str] = mapped_column(sa.String(36))
    """Staff id, or empty."""
    shortcut: Mapped[str] = mapped_column(sa.String(30))
    title: Mapped[str] = mapped_column(sa.String(80))
    texts: Mapped[dict[str, Any]] = mapped_column(JsonColumn)
    version: Mapped[int] = mapped_column(sa.Integer)
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime)
    updated_by: Mapped[str | None] = mapped_column(sa.String(36))
