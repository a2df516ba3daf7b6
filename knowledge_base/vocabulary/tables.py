"""The mapped tables of synonyms and stop words."""

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from bot.kit.db import Base, JsonColumn, UtcDateTime


class SynonymRow(Base):
    """A group of words that mean the same in one language."""

    __tablename__ = "kb_synonyms"

    id: Mapped[str] = mapped_column(sa.String(36), primary_key=True)
    locale: Mapped[str] = mapped_column(sa.String(10), index=True)
    phrases: Mapped[list[str]] = mapped_column(JsonColumn)
    """The preferred one first."""
    version: Mapped[int] = mapped_column(sa.Integer)
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime)
    updated_by: Mapped[str | None] = mapped_column(sa.String(36))


class StopWordRow(Base):
    """A word that says nothing in one language, beside the built-in ones."""

    __tablename__ = "kb_stop_words"

    locale: Mapped[str] = mapped_column(sa.String(10), primary_key=True)
    word: Mapped[str] = mapped_column(sa.String(60), primary_key=True)
    """Folded."""
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    created_by: Mapped[str | None] = mapped_column(sa.String(36))
