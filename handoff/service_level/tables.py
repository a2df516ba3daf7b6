"""The mapped tables of policies, what was agreed for each ticket, its clocks, and what they set off."""

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from bot.kit.db import Base, JsonColumn, UtcDateTime


class PolicyRow(Base):
    """A policy in its latest version; the list is tried in order of position."""

    __tablename__ = "service_policies"

    id: Mapped[str] = mapped_column(sa.String(36), primary_key=True)
    version: Mapped[int] = mapped_column(sa.Integer)
    position: Mapped[int] = mapped_column(sa.Integer)
    enabled: Mapped[bool] = mapped_column(sa.Boolean)
    terms: Mapped[dict[str, Any]] = mapped_column(JsonColumn)
    retired_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """Taken from the list; tickets that agreed on it keep it."""
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime)


class PolicyVersionRow(Base):
    """What a policy said at some time. Never changed."""

    __tablename__ = "service_policy_versions"

    policy_id: Mapped[str] = mapped_column(sa.ForeignKey("service_policies.id"), primary_key=True)
    version: Mapped[int] = mapped_column(sa.Integer, primary_key=True, autoincrement=False)
    terms: Mapped[dict[str, Any]] = mapped_column(JsonColumn)
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    by: Mapped[str | None] = mapped_column(sa.String(36))
    """Staff id; None for Frontline itself."""


class ServiceCalendarRow(Base):
    """A calendar as it was when something was agreed; the id is a hash of what it says."""

    __tablename__ = "service_calendars"

    id: Mapped[str] = mapped_column(sa.String(64), primary_key=True)
    data: Mapped[dict[str, Any]] = mapped_column(JsonColumn)


class AgreementRow(Base):
    """What was promised for a ticket from an instant on. Never changed."""

    __tablename__ = "service_agreements"

    ticket_id: Mapped[str] = mapped_column(sa.ForeignKey("tickets.id"), primary_key=True)
    n: Mapped[int] = mapped_column(sa.Integer, primary_key=True, autoincrement=False)
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    event_n: Mapped[int | None] = mapped_column(sa.Integer)
    """Number of the event in the ticket's history that led to it."""
    policy_id: Mapped[str | None] = mapped_column(sa.ForeignKey("service_policies.id"))
    policy_version: Mapped[int | None] = mapped_column(sa.Integer)
    calendar_id: Mapped[str | None] = mapped_column(sa.ForeignKey("service_calendars.id"))
    """None: round the clock."""
    facts: Mapped[dict[str, Any]] = mapped_column(JsonColumn)
    """What the policy was chosen by."""


class ClockRow(Base):
    """A clock as the last replay found it: for lists, reports and the sweep. Can be made anew."""

    __tablename__ = "service_clocks"
    __table_args__ = (
        sa.Index(
            "ix_service_clocks_fire_at",
            "fire_at",
            sqlite_where=sa.text("fire_at IS NOT NULL"),
            postgresql_where=sa.text("fire_at IS NOT NULL"),
        ),
    )

    ticket_id: Mapped[str] = mapped_column(sa.ForeignKey("tickets.id"), primary_key=True)
    metric: Mapped[str] = mapped_column(sa.String(20), primary_key=True)
    n: Mapped[int] = mapped_column(sa.Integer, primary_key=True, autoincrement=False)
    level: Mapped[str] = mapped_column(sa.String(4))
    queue_id: Mapped[str] = mapped_column(sa.String(36))
    started_at: Mapped[datetime] = mapped_column(UtcDateTime)
    target_seconds: Mapped[int] = mapped_column(sa.Integer)
    agreement: Mapped[int] = mapped_column(sa.Integer)
    due_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    warn_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    stopped_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    breached_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    state: Mapped[str] = mapped_column(sa.String(12))
    worked_seconds: Mapped[int] = mapped_column(sa.Integer)
    fire_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """When the sweep has something to do next."""


class FiredRow(Base):
    """A warning or a breach that was acted on; the key lets it happen once."""

    __tablename__ = "service_fired"

    ticket_id: Mapped[str] = mapped_column(sa.ForeignKey("tickets.id"), primary_key=True)
    metric: Mapped[str] = mapped_column(sa.String(20), primary_key=True)
    n: Mapped[int] = mapped_column(sa.Integer, primary_key=True, autoincrement=False)
    moment: Mapped[str] = mapped_column(sa.String(10), primary_key=True)
    due_at: Mapped[datetime] = mapped_column(UtcDateTime)
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    late: Mapped[bool] = mapped_column(sa.Boolean)
    """Caught up on after nobody had been there to see it."""
    done: Mapped[list[dict[str, Any]]] = mapped_column(JsonColumn)
    """What was done: `{"kind", "to", "outcome"}`."""


class TierRow(Base):
    """Which customers belong to which tier, by the domain of their e-mail address."""

    __tablename__ = "service_tiers"

    domain: Mapped[str] = mapped_column(sa.String(253), primary_key=True)
    """Of the proved e-mail address, in lower case. No single addresses: those are personal data."""
    tier: Mapped[str] = mapped_column(sa.String(40))
