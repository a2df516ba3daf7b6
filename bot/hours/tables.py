"""The mapped tables of calendars and of the days that differ from them."""

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from bot.kit.db import Base, JsonColumn, UtcDateTime


class CalendarRow(Base):
    """When a team is there, week by week."""

    __tablename__ = "hours_calendars"

    key: Mapped[str] = mapped_column(sa.String(40), primary_key=True)
    name: Mapped[str] = mapped_column(sa.String(100))
    timezone: Mapped[str] = mapped_column(sa.String(60))
    week: Mapped[list[list[list[str]]]] = mapped_column(JsonColumn)
    """Seven days from Monday, each a list of `["09:00", "12:00"]`."""
    holiday_country: Mapped[str | None] = mapped_column(sa.String(2))
    """ISO 3166-1; public holidays of the country are closed."""
    holiday_state: Mapped[str | None] = mapped_column(sa.String(10))
    names: Mapped[dict[str, str]] = mapped_column(JsonColumn, server_default=sa.text("'{}'"))
    """What customers call the place, by locale; empty: it is not told to customers by name."""
    words: Mapped[list[str]] = mapped_column(JsonColumn, server_default=sa.text("'[]'"))
    """Other words by which a question means this place."""
    notices: Mapped[list[dict[str, Any]]] = mapped_column(
        JsonColumn, server_default=sa.text("'[]'")
    )
    """Said with the hours for a while: `{"from": "2026-12-01", "to": "2026-12-05", "texts": {…}}`."""
    version: Mapped[int] = mapped_column(sa.Integer, server_default=sa.text("1"))
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime)
    updated_by: Mapped[str | None] = mapped_column(sa.String(36))


class CalendarDayRow(Base):
    """A date whose hours differ from the week's, or on which nobody is there. Beats holidays."""

    __tablename__ = "hours_days"
    __table_args__ = (sa.UniqueConstraint("calendar_key", "year", "month", "day"),)

    id: Mapped[str] = mapped_column(sa.String(36), primary_key=True)
    calendar_key: Mapped[str] = mapped_column(sa.ForeignKey("hours_calendars.key"))
    year: Mapped[int] = mapped_column(sa.Integer)
    """0 means every year."""
    month: Mapped[int] = mapped_column(sa.Integer)
    day: Mapped[int] = mapped_column(sa.Integer)
    names: Mapped[dict[str, str]] = mapped_column(JsonColumn)
    """By locale; empty when the day has no name."""
    intervals: Mapped[list[list[str]]] = mapped_column(JsonColumn)
    """Empty: closed."""
