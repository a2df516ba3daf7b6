"""Orders and accounts of the demo shop, order numbers, and rules for passwords."""

from datetime import date

import pytest

from bot.kit.clock import FixedClock
from bot.kit.db import Database, Tx
from bot.kit.errors import NotFound
from bot.kit.passwords import Passwords
from bot.shop import repository
from bot.shop.account import PasswordFlaw, check_password
from bot.shop.demo import DemoAccounts, DemoOrderBook
from bot.shop.order import Order, OrderStatus, date_that_matters, parse_number


@pytest.mark.parametrize(
    ("typed", "number"),
    [
        ("AUR-10023", "AUR-10023"),
        ("aur 10023", "AUR-10023"),
        ("#10023", "AUR-10023"),
        ("10023", "AUR-10023"),
        (" AUR–10023 ", "AUR-10023"),
        ("１００２３", "AUR-10023"),
        ("AUR-1", None),
        ("12345678", None),
        ("AUR-10023; DROP TABLE", None),
        ("", None),
    ],
)
def test_order_numbers(typed: str, number: str | None) -> None:
    assert parse_number(typed) == number


def test_the_date_that_is_told_depends_on_the_status() -> None:
    def told(status: OrderStatus) -> date | None:
        return date_that_matters(
            Order(
                number="AUR-10023",
                email="ana@example.com",
                status=status,
                placed_on=date(2026, 1, 1),
                shipped_on=date(2026, 1, 2),
                expected_on=date(2026, 1, 3),
                delivered_on=date(2026, 1, 4),
            )
        )

    assert {status: told(status).day for status in OrderStatus if told(status)} == {  # type: ignore[union-attr]
        OrderStatus.PLACED: 1,
        OrderStatus.PAID: 3,
        OrderStatus.SHIPPED: 3,
        OrderStatus.OUT_FOR_DELIVERY: 3,
        OrderStatus.DELAYED: 3,
        OrderStatus.DELIVERED: 4,
        OrderStatus.CANCELLED: 1,
        OrderStatus.RETURNED: 4,
    }


@pytest.mark.parametrize(
    ("password", "flaw"),
    [
        ("short", "short"),
        ("x" * 201, "long"),
        ("ana.souza@example.com", "email"),
        ("ANA.SOUZA@EXAMPLE.COM", "email"),
        ("ana.souza123", "email"),
        ("ana.souzaana.souza", "email"),
        ("1234567890", "common"),
        ("minhasenha123", "common"),
        ("aaaaaaaaaaaa", "common"),
        ("cavalo bateria grampo", None),
        ("Tr0ub4dor&3x", None),
    ],
)
def test_password_rules(password: str, flaw: str | None) -> None:
    if flaw is None:
        check_password(password, email="ana.souza@example.com")
        return
    with pytest.raises(PasswordFlaw) as caught:
        check_password(password, email="ana.souza@example.com")
    assert caught.value.code == flaw


async def test_accounts_and_orders(db: Database, clock: FixedClock) -> None:
    def step(tx: Tx) -> str:
        account = repository.add_account(tx, email="Ana@Example.com", name="Ana", now=clock.now())
        repository.add_orders(
            tx,
            [
                {
                    "number": "AUR-10023",
                    "account_id": account,
                    "status": "shipped",
                    "carrier": "Rota Azul",
                    "placed_on": date(2026, 11, 1),
                    "shipped_on": date(2026, 11, 3),
                    "expected_on": date(2026, 11, 20),
                    "delivered_on": None,
                }
            ],
        )
        return account

    account_id = await db.write(step)
    assert await db.write(step) == account_id, "adding it again changes nothing"
    accounts = DemoAccounts(db, clock, Passwords())
    found = await accounts.find(" ANA@example.com")
    assert found is not None
    assert (found.id, found.email) == (account_id, "ana@example.com")
    assert await accounts.get(account_id) == found
    assert await accounts.find("nobody@example.com") is None
    order = await DemoOrderBook(db).find("AUR-10023")
    assert order is not None
    assert (order.email, order.status, order.carrier) == (
        "ana@example.com", OrderStatus.SHIPPED, "Rota Azul",
    )  # fmt: skip
    assert await DemoOrderBook(db).find("AUR-99999") is None


async def test_passwords_are_replaced(sqlite_db: Database, clock: FixedClock) -> None:
    accounts = DemoAccounts(sqlite_db, clock, Passwords())
    account_id = await sqlite_db.write(
        lambda tx: repository.add_account(tx, email="ana@example.com", name="Ana", now=clock.now())
    )
    assert not await accounts.matches("ana@example.com", "cavalo bateria")
    await accounts.set_password(account_id, "cavalo bateria")
    assert await accounts.matches("ana@example.com", "cavalo bateria")
    assert not await accounts.matches("ana@example.com", "outro cavalo")
    stored = await sqlite_db.read(lambda conn: repository.find_password_hash(conn, account_id))
    assert stored is not None
    assert stored.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    with pytest.raises(NotFound):
        await accounts.set_password("nobody", "cavalo bateria")
