"""The demo shop: seeded once, with something to try for every state; its pages and mail box."""

from collections import Counter
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from numpy.typing import NDArray

from bot.demo.mailbox import list_letters, read_letter
from bot.demo.routes import DEMO, DemoSite, sample, table
from bot.demo.seed import make_password, seed_demo
from bot.demo.shop import CUSTOMERS, PEOPLE, demo_orders
from bot.hours.service import Hours
from bot.kit.clock import FixedClock
from bot.kit.db import Database
from bot.kit.encoder import DIMENSIONS, Vector
from bot.kit.locales import LOCALES, Texts
from bot.kit.passwords import Passwords
from bot.kit.web import mount
from bot.mail.mailer import FolderMailer
from bot.mail.message import Mail
from bot.pages.render import PAGES, Pages
from bot.shop import repository as shop
from bot.shop.order import OrderStatus
from bot.staff import repository as staff
from bot.staff.account import Role
from knowledge_base.golden.service import GoldenQuestions
from knowledge_base.search import KnowledgeBase
from knowledge_base.service import Articles

TODAY = date(2026, 11, 18)
Client = TestClient[web.Request, web.Application]


class FlatEncoder:
    """Every text has the same vector: seeding needs vectors, not meaning."""

    name = "flat"

    def encode_now(self, texts: Sequence[str]) -> NDArray[np.float32]:
        return np.full((len(texts), DIMENSIONS), DIMENSIONS**-0.5, np.float32)

    async def encode(self, text: str) -> Vector:
        vector: Vector = self.encode_now([text])[0]
        return vector

    async def encode_many(self, texts: Sequence[str]) -> NDArray[np.float32]:
        return self.encode_now(texts)


@dataclass
class Parts:
    db: Database
    clock: FixedClock
    passwords: Passwords
    articles: Articles
    golden: GoldenQuestions


@pytest.fixture
def parts(db: Database, clock: FixedClock) -> Parts:
    encoder = FlatEncoder()
    knowledge = KnowledgeBase(db, encoder)
    return Parts(
        db,
        clock,
        Passwords(),
        Articles(db, clock=clock, encoder=encoder, knowledge=knowledge),
        GoldenQuestions(db, clock, knowledge),
    )


def test_there_is_an_order_in_every_state_with_dates_that_make_sense() -> None:
    orders = list(demo_orders(TODAY))
    states = Counter(order.status for order in orders)
    assert len(orders) >= 60
    assert set(states) == set(OrderStatus)
    assert min(states.values()) >= 7
    assert {order.email for order in orders} == {f"{name}@example.com" for name, _ in CUSTOMERS}
    known = {order.number: order for order in orders}
    assert known["AUR-10023"].email == "ana@example.com"
    for order in orders:
        told = [order.placed_on, order.shipped_on, order.delivered_on]
        dates = [day for day in told if day is not None]
        assert dates == sorted(dates)
        assert all(day <= TODAY for day in dates)
        if order.status in {OrderStatus.SHIPPED, OrderStatus.DELAYED}:
            assert order.expected_on is not None
            assert order.expected_on > TODAY
            assert order.carrier


def test_there_is_one_person_for_each_role_and_level() -> None:
    assert {person.role for person in PEOPLE} == set(Role)
    assert {person.level for person in PEOPLE if person.role is Role.AGENT} == {"N2", "N3", "N4"}
    assert len({make_password() for _ in range(50)}) == 50


async def test_seeding_again_changes_nothing(parts: Parts) -> None:
    told: list[str] = []
    made = await seed_demo(parts, progress=told.append)
    assert [title for title, _, _ in made] == [person.title for person in PEOPLE]
    assert len(told) == 1
    _, email, password = made[0]
    stored = await parts.db.read(lambda conn: staff.find_by_email(conn, email))
    assert stored is not None
    assert await parts.passwords.verify(stored[1], password)
    orders = await parts.db.read(shop.list_orders)

    parts.clock.advance(timedelta(days=3))
    assert await seed_demo(parts, progress=told.append) == []
    assert len(told) == 1
    assert await parts.db.read(shop.list_orders) == orders
    again = await parts.db.read(lambda conn: staff.find_by_email(conn, email))
    assert again == stored
    assert await Hours(parts.db).is_open("main", parts.clock.now()), "Saturday at noon"


# ----------------------------------------------------------------------------------- pages


@dataclass
class Site:
    client: Client
    folder: Path
    clock: FixedClock

    async def deliver(self, subject: str, text: str = "Código: 1234 5678") -> str:
        number = len(list(self.folder.glob("*.eml")))
        mail = Mail(
            id=f"01940000-0000-7000-8000-{number:012}",
            to="ana@example.com",
            subject=subject,
            text=text,
            html="<p>HTML</p>",
            created_at=self.clock.now(),
            expires_at=self.clock.now() + timedelta(hours=1),
        )
        await FolderMailer(self.folder, "Loja Aurora <a@aurora.example>").send(mail)
        return f"{self.clock.now():%Y%m%dT%H%M%SZ}-{mail.id}"


@pytest.fixture
async def site(parts: Parts, tmp_path: Path, clock: FixedClock) -> AsyncIterator[Site]:
    await seed_demo(parts, progress=lambda _: None)
    app = web.Application()
    app[PAGES] = Pages(Texts())
    app[DEMO] = DemoSite(parts.db, clock, tmp_path / "mail")
    mount(app, [table])
    async with TestClient(TestServer(app)) as client:
        yield Site(client, tmp_path / "mail", clock)


async def test_the_page_shows_one_order_of_each_state(site: Site) -> None:
    for locale in LOCALES:
        async with site.client.get(f"/?lang={locale}") as answer:
            page = await answer.text()
        assert answer.status == 200
        assert "AUR-10023" in page
        assert page.count("@example.com") == len(OrderStatus)


async def test_the_mail_box_lists_mails_newest_first(site: Site) -> None:
    async with site.client.get("/demo/mail") as answer:
        assert answer.status == 200
    await site.deliver("Primeiro")
    site.clock.advance(timedelta(minutes=5))
    letter_id = await site.deliver("Segundo <b>")
    async with site.client.get("/demo/mail") as answer:
        page = await answer.text()
    assert page.index("Segundo") < page.index("Primeiro")
    assert "<b>" not in page
    async with site.client.get(f"/demo/mail/{letter_id}") as answer:
        page = await answer.text()
    assert "1234 5678" in page
    assert "ana@example.com" in page


@pytest.mark.parametrize(
    "name", ["x", "..%2F..%2Fsecret.key", "20261118T150000Z-" + "0" * 36, "%00", "a" * 300]
)
async def test_nothing_but_mails_can_be_read(site: Site, name: str) -> None:
    (site.folder.parent / "secret.key").write_text("key")
    async with site.client.get(f"/demo/mail/{name}") as answer:
        assert answer.status in {404, 500}
        assert "key" not in (await answer.text()).replace("secret.key", "")


def test_new_mails_are_marked_and_broken_files_skipped(tmp_path: Path, clock: FixedClock) -> None:
    name = "20261118T145900Z-01940000-0000-7000-8000-000000000000"
    (tmp_path / f"{name}.eml").write_bytes(b"Subject: x\n\nbody")
    (tmp_path / "other.eml").write_bytes(b"\xff\xfe")
    (letter,) = list_letters(tmp_path, now=clock.now())
    assert (letter.subject, letter.text, letter.is_new) == ("x", "body", True)
    later = read_letter(tmp_path, name, now=clock.now() + timedelta(minutes=10))
    assert later is not None
    assert not later.is_new


def test_the_sample_is_small_and_holds_the_examples_number() -> None:
    assert sample([]) == []
