"""The mapped table of golden questions."""

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from bot.kit.db import Base, UtcDateTime


class GoldenRow(Base):
    """A question that an article (in any of its languages) must answer."""

    __tablename__ = "kb_golden"
    __table_args__ = (sa.UniqueConstraint("locale", "folded", name="uq_kb_golden_question"),)

    id: Mapped[str] = mapped_column(sa.String(36), primary_key=True)
    key: Mapped[str] = mapped_column(sa.String(80), index=True)
    """Of the expected article."""
    locale: Mapped[str] = mapped_column(sa.String(10))
    question: Mapped[str] = mapped_column(sa.String(300))
    folded: Mapped[str] = mapped_column(sa.String(300))
    """Its folded words: the same question can't expect two articles."""
    least: Mapped[str] = mapped_column(sa.String(10))
    """answer: the bot must answer with it; offer: it is enough among the choices."""
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    created_by: Mapped[str | None] = mapped_column(sa.String(36))
