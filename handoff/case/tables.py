"""The mapped tables of categories, tags, links, watchers and mentions."""

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from bot.kit.db import Base, JsonColumn, UtcDateTime


class CategoryRow(Base):
    """What tickets can be about, as admins list it."""

    __tablename__ = "ticket_categories"

    key: Mapped[str] = mapped_column(sa.String(60), primary_key=True)
    names: Mapped[dict[str, Any]] = mapped_column(JsonColumn)
    """Name by language."""
    topics: Mapped[list[str]] = mapped_column(JsonColumn)
    """Topics of hand-offs that begin in this category."""
    position: Mapped[int] = mapped_column(sa.Integer)
    version: Mapped[int] = mapped_column(sa.Integer)
    retired_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """Not offered from then on; tickets in it keep it."""


class TagRow(Base):
    """A word that somebody put on a ticket."""

    __tablename__ = "ticket_tags"
    __table_args__ = (sa.Index("ix_ticket_tags_tag", "tag", "ticket_id"),)

    ticket_id: Mapped[str] = mapped_column(sa.ForeignKey("tickets.id"), primary_key=True)
    tag: Mapped[str] = mapped_column(sa.String(40), primary_key=True)
    at: Mapped[datetime] = mapped_column(UtcDateTime)


class LinkRow(Base):
    """One ticket has to do with another; a pair has at most one link."""

    __tablename__ = "ticket_links"

    ticket_id: Mapped[str] = mapped_column(sa.ForeignKey("tickets.id"), primary_key=True)
    other_id: Mapped[str] = mapped_column(sa.ForeignKey("tickets.id"), primary_key=True, index=True)
    kind: Mapped[str] = mapped_column(sa.String(20))
    at: Mapped[datetime] = mapped_column(UtcDateTime)


class WatcherRow(Base):
    """Somebody who wants to be told what happens to a ticket."""

    __tablename__ = "ticket_watchers"

    ticket_id: Mapped[str] = mapped_column(sa.ForeignKey("tickets.id"), primary_key=True)
    staff_id: Mapped[str] = mapped_column(sa.String(36), primary_key=True, index=True)
    at: Mapped[datetime] = mapped_column(UtcDateTime)


class MentionRow(Base):
    """Somebody named in a note."""

    __tablename__ = "ticket_mentions"
    __table_args__ = (sa.Index("ix_ticket_mentions_staff_id", "staff_id", "at"),)

    event_id: Mapped[str] = mapped_column(sa.ForeignKey("ticket_events.id"), primary_key=True)
    staff_id: Mapped[str] = mapped_column(sa.String(36), primary_key=True)
    ticket_id: Mapped[str] = mapped_column(sa.ForeignKey("tickets.id"), index=True)
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    read_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
