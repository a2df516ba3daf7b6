"""The mapped table of visitors' sessions."""

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from bot.kit.db import Base, UtcDateTime


class WidgetSessionRow(Base):
    """A visitor's browser; the token is kept as its SHA-256."""

    __tablename__ = "widget_sessions"

    token_hash: Mapped[str] = mapped_column(sa.String(64), primary_key=True)
    conversation_id: Mapped[str] = mapped_column(sa.ForeignKey("conversations.id"), index=True)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)
