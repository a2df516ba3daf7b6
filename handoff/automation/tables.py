"""The mapped tables of macros and rules: what they say, what has happened, and what came of it."""

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from bot.kit.db import Base, JsonColumn, UtcDateTime


class MacroRow(Base):
    """A macro in its latest version."""

    __tablename__ = "macros"

    id: Mapped[str] = mapped_column(sa.String(36), primary_key=True)
    version: Mapped[int] = mapped_column(sa.Integer)
    enabled: Mapped[bool] = mapped_column(sa.Boolean)
    name: Mapped[str] = mapped_column(sa.String(100))
    effects: Mapped[list[dict[str, Any]]] = mapped_column(JsonColumn)
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime)
    retired_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """Taken from the list; what it did stays on record."""


class MacroUseRow(Base):
    """One click. Never changed; asked for again under the same id, nothing is done twice."""

    __tablename__ = "macro_uses"

    id: Mapped[str] = mapped_column(sa.String(36), primary_key=True)
    macro_id: Mapped[str] = mapped_column(sa.ForeignKey("macros.id"), index=True)
    macro_version: Mapped[int] = mapped_column(sa.Integer)
    ticket_id: Mapped[str] = mapped_column(sa.ForeignKey("tickets.id"), index=True)
    staff_id: Mapped[str] = mapped_column(sa.String(36))
    at: Mapped[datetime] = mapped_column(UtcDateTime)


class RuleRow(Base):
    """A rule in its latest version; the list is tried in order of position."""

    __tablename__ = "ticket_rules"

    id: Mapped[str] = mapped_column(sa.String(36), primary_key=True)
    version: Mapped[int] = mapped_column(sa.Integer)
    position: Mapped[int] = mapped_column(sa.Integer)
    enabled: Mapped[bool] = mapped_column(sa.Boolean)
    triggers: Mapped[str] = mapped_column(sa.String(300))
    """Those of `terms`, each between commas, to be looked up within every step."""
    terms: Mapped[dict[str, Any]] = mapped_column(JsonColumn)
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime)
    retired_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class HappeningRow(Base):
    """What happened to a ticket and rules have not been asked about yet.

    Written by the step that did it, taken out by the one that asks the rules.
    """

    __tablename__ = "rule_happenings"
    __table_args__ = (sa.UniqueConstraint("ticket_id", "trigger", "n"),)

    id: Mapped[str] = mapped_column(sa.String(36), primary_key=True)
    ticket_id: Mapped[str] = mapped_column(sa.ForeignKey("tickets.id"))
    trigger: Mapped[str] = mapped_column(sa.String(20))
    n: Mapped[int] = mapped_column(sa.Integer)
    """Number of the event in the ticket's history, or of the message in the conversation."""
    chain: Mapped[list[str]] = mapped_column(JsonColumn)
    """Ids of the rules that led to it; empty: no rule did."""
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    attempts: Mapped[int] = mapped_column(sa.Integer)
    due_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)


class RuleRunRow(Base):
    """That a rule fitted, and what came of it: once per rule, ticket and what happened."""

    __tablename__ = "rule_runs"
    __table_args__ = (
        sa.UniqueConstraint("rule_id", "ticket_id", "trigger", "n"),
        sa.Index("ix_rule_runs_at", "at", "id"),
    )

    id: Mapped[str] = mapped_column(sa.String(36), primary_key=True)
    rule_id: Mapped[str] = mapped_column(sa.ForeignKey("ticket_rules.id"))
    rule_version: Mapped[int] = mapped_column(sa.Integer)
    rule_name: Mapped[str] = mapped_column(sa.String(100))
    ticket_id: Mapped[str] = mapped_column(sa.ForeignKey("tickets.id"), index=True)
    trigger: Mapped[str] = mapped_column(sa.String(20))
    n: Mapped[int] = mapped_column(sa.Integer)
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    outcome: Mapped[str] = mapped_column(sa.String(12))
    why: Mapped[dict[str, str]] = mapped_column(JsonColumn)
    done: Mapped[list[dict[str, Any]]] = mapped_column(JsonColumn)
    error: Mapped[str | None] = mapped_column(sa.Text)
