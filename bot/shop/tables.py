"""The mapped tables of the demo shop. A real shop keeps these in its own systems."""

from datetime import date, datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from bot.kit.db import Base, UtcDateTime


class ShopAccountRow(Base):
    """A customer's account."""

    __tablename__ = "shop_accounts"

    id: Mapped[str] = mapped_column(sa.String(36), primary_key=True)
    email: Mapped[str] = mapped_column(sa.String(254), unique=True)
    """Lower case."""
    name: Mapped[str] = mapped_column(sa.String(200))
    password_hash: Mapped[str | None] = mapped_column(sa.String(200))
    password_changed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)


class ShopOrderRow(Base):
    """An order, as far as the front line may know it: no items, prices or addresses."""

    __tablename__ = "shop_orders"

    number: Mapped[str] = mapped_column(sa.String(20), primary_key=True)
    account_id: Mapped[str] = mapped_column(sa.ForeignKey("shop_accounts.id"), index=True)
    status: Mapped[str] = mapped_column(sa.String(20))
    carrier: Mapped[str | None] = mapped_column(sa.String(60))
    placed_on: Mapped[date] = mapped_column(sa.Date)
    shipped_on: Mapped[date | None] = mapped_column(sa.Date)
    expected_on: Mapped[date | None] = mapped_column(sa.Date)
    delivered_on: Mapped[date | None] = mapped_column(sa.Date)
