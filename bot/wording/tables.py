"""The mapped tables of texts that admins changed, and of what they said before."""

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from bot.kit.db import Base, UtcDateTime


class TextRow(Base):
    """A text that was changed at least once; what was never touched is in the catalogue only."""

    __tablename__ = "bot_texts"

    key: Mapped[str] = mapped_column(sa.String(80), primary_key=True)
    locale: Mapped[str] = mapped_column(sa.String(10), primary_key=True)
    channel: Mapped[str] = mapped_column(sa.String(10), primary_key=True)
    """`any`, or a channel whose text differs."""
    text: Mapped[str | None] = mapped_column(sa.Text)
    """None: as it was shipped."""
    version: Mapped[int] = mapped_column(sa.Integer)
    """Number of the newest revision."""
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime)
    updated_by: Mapped[str | None] = mapped_column(sa.String(36))


class TextRevisionRow(Base):
    """One version of a text; never changed."""

    __tablename__ = "bot_text_revisions"

    key: Mapped[str] = mapped_column(sa.String(80), primary_key=True)
    locale: Mapped[str] = mapped_column(sa.String(10), primary_key=True)
    channel: Mapped[str] = mapped_column(sa.String(10), primary_key=True)
    number: Mapped[int] = mapped_column(sa.Integer, primary_key=True, autoincrement=False)
    text: Mapped[str | None] = mapped_column(sa.Text)
    author: Mapped[str | None] = mapped_column(sa.String(36))
    reason: Mapped[str | None] = mapped_column(sa.String(300))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)


class TextsVersionRow(Base):
    """How many changes there were: what the gateways ask for, to know that theirs are old."""

    __tablename__ = "bot_texts_version"

    id: Mapped[int] = mapped_column(sa.Integer, primary_key=True, autoincrement=False)
    version: Mapped[int] = mapped_column(sa.Integer)
