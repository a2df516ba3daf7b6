"""The demo shop's order book and account directory: the Protocols over our own database."""

from dataclasses import dataclass

import sqlalchemy as sa

from bot.kit.clock import Clock
from bot.kit.db import Database
from bot.kit.errors import NotFound
from bot.kit.passwords import Passwords
from bot.shop import repository
from bot.shop.account import Account
from bot.shop.order import Order


@dataclass(frozen=True, slots=True)
class DemoOrderBook:
    """Orders of *Loja Aurora*."""

    db: Database

    async def find(self, number: str) -> Order | None:
        """See `OrderBook.find`."""
        return await self.db.read(lambda conn: repository.find_order(conn, number))


@dataclass(frozen=True, slots=True)
class DemoAccounts:
    """Accounts of *Loja Aurora*."""

    db: Database
    clock: Clock
    passwords: Passwords

    async def find(self, email: str) -> Account | None:
        """See `AccountDirectory.find`."""
        return await self.db.read(lambda conn: repository.find_account(conn, email=email))

    async def get(self, account_id: str) -> Account | None:
        """See `AccountDirectory.get`."""
        return await self.db.read(lambda conn: repository.find_account(conn, account_id=account_id))

    async def set_password(self, account_id: str, password: str) -> None:
        """See `AccountDirectory.set_password`.

        Raises:
            NotFound: the account is gone.
        """
        hashed = await self.passwords.hash(password)
        now = self.clock.now()
        stored = await self.db.write(
            lambda tx: repository.set_password_hash(tx, account_id, password_hash=hashed, now=now)
        )
        if not stored:
            raise NotFound("There is no such account.")

    async def matches(self, email: str, password: str) -> bool:
        """Tell whether the password is the account's: what a log-in of the shop would ask."""

        def query(conn: sa.Connection) -> str | None:
            account = repository.find_account(conn, email=email)
            return repository.find_password_hash(conn, account.id) if account else None

        hashed = await self.db.read(query)
        return await self.passwords.verify(hashed, password)
