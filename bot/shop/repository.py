"""The only SQL on the demo shop's accounts and orders."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from bot.kit.db import Tx, insert_ignore
from bot.kit.ids import new_id
from bot.shop.account import Account, normalise_email
from bot.shop.order import Order, OrderStatus
from bot.shop.tables import ShopAccountRow, ShopOrderRow


def find_order(conn: sa.Connection, number: str) -> Order | None:
    """Return the order with its owner's address, or None."""
    row = conn.execute(
        sa.select(ShopOrderRow.__table__, ShopAccountRow.email)
        .join(ShopAccountRow, ShopAccountRow.id == ShopOrderRow.account_id)
        .where(ShopOrderRow.number == number)
    ).one_or_none()
    return _to_order(row) if row else None


def list_orders(conn: sa.Connection) -> list[Order]:
    """Return every order of the demo shop, by number."""
    rows = conn.execute(
        sa.select(ShopOrderRow.__table__, ShopAccountRow.email)
        .join(ShopAccountRow, ShopAccountRow.id == ShopOrderRow.account_id)
        .order_by(ShopOrderRow.number)
    )
    return [_to_order(row) for row in rows]


def _to_order(row: sa.Row[Any]) -> Order:
    return Order(
        number=row.number,
        email=row.email,
        status=OrderStatus(row.status),
        carrier=row.carrier,
        placed_on=row.placed_on,
        shipped_on=row.shipped_on,
        expected_on=row.expected_on,
        delivered_on=row.delivered_on,
    )


def find_account(
    conn: sa.Connection, *, email: str | None = None, account_id: str | None = None
) -> Account | None:
    """Return the account by address or id, or None."""
    query = sa.select(ShopAccountRow.id, ShopAccountRow.email)
    if email is not None:
        query = query.where(ShopAccountRow.email == normalise_email(email))
    else:
        query = query.where(ShopAccountRow.id == account_id)
    row = conn.execute(query).one_or_none()
    return Account(id=row.id, email=row.email) if row else None


def find_password_hash(conn: sa.Connection, account_id: str) -> str | None:
    """Return the stored hash, or None."""
    return conn.execute(
        sa.select(ShopAccountRow.password_hash).where(ShopAccountRow.id == account_id)
    ).scalar_one_or_none()


def set_password_hash(tx: Tx, account_id: str, *, password_hash: str, now: datetime) -> bool:
    """Store a new hash; False when the account is gone."""
    result = tx.conn.execute(
        sa.update(ShopAccountRow)
        .where(ShopAccountRow.id == account_id)
        .values(password_hash=password_hash, password_changed_at=now)
    )
    return result.rowcount == 1


def add_account(tx: Tx, *, email: str, name: str, now: datetime) -> str:
    """Return the id of the account with this address, made when it is new."""
    address = normalise_email(email)
    tx.conn.execute(
        insert_ignore(ShopAccountRow, tx.conn.dialect.name).values(
            id=new_id(), email=address, name=name, created_at=now
        )
    )
    found = find_account(tx.conn, email=address)
    assert found is not None  # noqa: S101 - inserted in this very step
    return found.id


def add_orders(tx: Tx, rows: Sequence[dict[str, Any]]) -> None:
    """Store orders that are not there yet; columns as in `ShopOrderRow`."""
    statement = insert_ignore(ShopOrderRow, tx.conn.dialect.name)
    for row in rows:
        tx.conn.execute(statement.values(**row))
