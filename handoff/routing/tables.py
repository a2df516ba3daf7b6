"""The mapped tables of routing rules and levels; queues are in `handoff.tables`."""

from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from bot.kit.db import Base, JsonColumn


class RoutingRuleRow(Base):
    """One line of the routing table, tried in order of position."""

    __tablename__ = "routing_rules"

    id: Mapped[str] = mapped_column(sa.String(36), primary_key=True)
    version: Mapped[int] = mapped_column(sa.Integer)
    position: Mapped[int] = mapped_column(sa.Integer)
    name: Mapped[str] = mapped_column(sa.String(120))
    conditions: Mapped[dict[str, Any]] = mapped_column(JsonColumn)
    queue_id: Mapped[str] = mapped_column(sa.ForeignKey("queues.id"))
    priority: Mapped[str | None] = mapped_column(sa.String(10))
    enabled: Mapped[bool] = mapped_column(sa.Boolean)


class LevelsRow(Base):
    """The levels as admins set them: one row; without it they are as shipped."""

    __tablename__ = "desk_levels"

    id: Mapped[int] = mapped_column(sa.Integer, primary_key=True, autoincrement=False)
    version: Mapped[int] = mapped_column(sa.Integer)
    levels: Mapped[list[dict[str, Any]]] = mapped_column(JsonColumn)
