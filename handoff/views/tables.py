"""The mapped tables of saved views."""

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from bot.kit.db import Base, JsonColumn, UtcDateTime


class SavedViewRow(Base):
    """A list of tickets under a name."""

    __tablename__ = "saved_views"

    id: Mapped[str] = mapped_column(sa.String(36), primary_key=True)
    owner_id: Mapped[str] = mapped_column(sa.String(36), index=True)
    shared: Mapped[bool] = mapped_column(sa.Boolean)
    name: Mapped[str] = mapped_column(sa.String(60))
    filters: Mapped[dict[str, Any]] = mapped_column(JsonColumn)
    position: Mapped[int] = mapped_column(sa.Integer)
    version: Mapped[int] = mapped_column(sa.Integer)
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime)


class DefaultViewRow(Base):
    """The view a person begins with: a built-in one, or the id of a saved one."""

    __tablename__ = "default_views"

    staff_id: Mapped[str] = mapped_column(sa.String(36), primary_key=True)
    view: Mapped[str] = mapped_column(sa.String(36))
