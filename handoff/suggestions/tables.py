"""The mapped table of articles that agents sent."""

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from bot.kit.db import Base, UtcDateTime


class TicketArticleRow(Base):
    """An agent's message that an article is the source of."""

    __tablename__ = "ticket_articles"

    message_id: Mapped[str] = mapped_column(sa.ForeignKey("messages.id"), primary_key=True)
    ticket_id: Mapped[str] = mapped_column(sa.ForeignKey("tickets.id"), index=True)
    article_id: Mapped[str] = mapped_column(sa.String(36))
    article_key: Mapped[str] = mapped_column(sa.String(80))
    title: Mapped[str] = mapped_column(sa.String(200))
    revision: Mapped[int] = mapped_column(sa.Integer)
    way: Mapped[str] = mapped_column(sa.String(10))
    """`sent` as it is, or `inserted` and perhaps changed before it was sent."""
    score: Mapped[float | None] = mapped_column(sa.Float)
    """Of the suggestion; None: found by searching."""
    staff_id: Mapped[str] = mapped_column(sa.String(36))
    at: Mapped[datetime] = mapped_column(UtcDateTime)
