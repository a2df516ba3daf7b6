"""The mapped tables of notices and of who was told."""

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from bot.kit.db import Base, JsonColumn, UtcDateTime


class IncidentRow(Base):
    """Something is out of order: what is said about it, to whom, and for how long."""

    __tablename__ = "incidents"

    id: Mapped[str] = mapped_column(sa.String(36), primary_key=True)
    title: Mapped[str] = mapped_column(sa.String(120))
    """For the people who work here; customers don't see it."""
    texts: Mapped[dict[str, str]] = mapped_column(JsonColumn)
    """Markdown by locale."""
    topic: Mapped[dict[str, list[str]]] = mapped_column(JsonColumn)
    """`categories`, `tags`, `articles`, `routes`, `words`, `sentences`: any of them is enough."""
    starts_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    ends_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """None: until somebody ends it."""
    version: Mapped[int] = mapped_column(sa.Integer)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    created_by: Mapped[str | None] = mapped_column(sa.String(36))
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime)
    updated_by: Mapped[str | None] = mapped_column(sa.String(36))


class IncidentTellingRow(Base):
    """That a conversation heard of an incident; it is told once."""

    __tablename__ = "incident_tellings"

    incident_id: Mapped[str] = mapped_column(sa.ForeignKey("incidents.id"), primary_key=True)
    conversation_id: Mapped[str] = mapped_column(
        sa.ForeignKey("conversations.id"), primary_key=True, index=True
    )
    told_at: Mapped[datetime] = mapped_column(UtcDateTime)


class IncidentsVersionRow(Base):
    """How many changes there were: what the gateways ask for, to know that theirs are old."""

    __tablename__ = "incidents_version"

    id: Mapped[int] = mapped_column(sa.Integer, primary_key=True, autoincrement=False)
    version: Mapped[int] = mapped_column(sa.Integer)
