"""Fills an empty store with the demo shop. Run again it changes nothing that is already there."""

import secrets
from collections.abc import Callable
from dataclasses import asdict
from typing import Protocol

from bot.demo.shop import CALENDAR, CUSTOMERS, PEOPLE, DemoPerson, demo_orders
from bot.hours import repository as hours
from bot.kit.clock import Clock
from bot.kit.db import Database, Tx
from bot.kit.passwords import Passwords
from bot.shop import repository as shop
from bot.staff import repository as staff
from bot.staff.service import create_staff
from handoff.case.seed import seed_categories as seed_ticket_categories
from handoff.seed import seed_queues
from knowledge_base.golden.service import GoldenQuestions
from knowledge_base.seed import seed_articles, seed_categories
from knowledge_base.service import Articles

_LETTERS = "abcdefghijkmnpqrstuvwxyz23456789"
"""Without what looks alike when printed: l, o, 0, 1."""


class DemoParts(Protocol):
    """The services that seeding needs."""

    @property
    def db(self) -> Database:
        """The store."""
        ...

    @property
    def clock(self) -> Clock:
        """The present."""
        ...

    @property
    def passwords(self) -> Passwords:
        """Password hashes."""
        ...

    @property
    def articles(self) -> Articles:
        """The knowledge base."""
        ...

    @property
    def golden(self) -> GoldenQuestions:
        """What it must answer."""
        ...


async def seed_demo(
    parts: DemoParts, *, progress: Callable[[str], None]
) -> list[tuple[str, str, str]]:
    """Add what the demo shop lacks.

    Returns:
        (role, e-mail, password) of the people made now. The passwords are stored nowhere but as
        hashes: whoever calls shows them once.
    """
    await parts.db.write(lambda tx: _seed_shop(tx, parts.clock))
    made = []
    for person in PEOPLE:
        password = make_password()
        if await _add_person(parts, person, password):
            made.append((person.title, person.email, password))
    await parts.db.write(seed_categories)
    report = await seed_articles(parts.articles)
    if report.pending:
        await parts.golden.seed()
    if made or report.pending:
        progress("demo shop seeded: customers, orders, opening hours, articles, people")
    return made


def make_password() -> str:
    """Return a password that can be typed: four groups of letters and digits, 80 bits."""
    return "-".join("".join(secrets.choice(_LETTERS) for _ in range(4)) for _ in range(4))


def _seed_shop(tx: Tx, clock: Clock) -> None:
    now = clock.now()
    seed_queues(tx, calendar_key=CALENDAR.key)
    seed_ticket_categories(tx)
    if hours.find_calendar(tx.conn, CALENDAR.key, now=now) is None:
        hours.save_calendar(tx, CALENDAR, now=now)
    accounts = {
        f"{short}@example.com": shop.add_account(
            tx, email=f"{short}@example.com", name=name, now=now
        )
        for short, name in CUSTOMERS
    }
    rows = []
    for order in demo_orders(now.astimezone(CALENDAR.zone).date()):
        row = asdict(order)
        row["account_id"] = accounts[row.pop("email")]
        row["status"] = order.status.value
        rows.append(row)
    shop.add_orders(tx, rows)


async def _add_person(parts: DemoParts, person: DemoPerson, password: str) -> bool:
    """Add somebody who works at the shop; False when the account is there already."""
    if await parts.db.read(lambda conn: staff.find_by_email(conn, person.email)) is not None:
        return False
    password_hash = await parts.passwords.hash(password)
    now = parts.clock.now()
    await parts.db.write(
        lambda tx: create_staff(
            tx,
            email=person.email,
            name=person.name,
            role=person.role,
            level=person.level,
            password_hash=password_hash,
            locale="pt-BR",
            now=now,
        )
    )
    return True
