"""The page behind a one-time link, driven as a browser would."""

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from bot.conversations import repository as conversations
from bot.conversations.conversation import Author
from bot.kit.clock import FixedClock
from bot.kit.db import Database
from bot.kit.errors import Unavailable
from bot.kit.locales import Texts
from bot.kit.passwords import Passwords
from bot.kit.web import mount
from bot.pages.render import PAGES, Pages
from bot.shop import repository as shop
from bot.shop.account import Account
from bot.shop.demo import DemoAccounts
from bot.staff.guard import PUBLIC_URL, SECURE_COOKIES
from bot.verification.reset import PasswordReset
from bot.verification.routes import RESET, table
from tests.bot.verification.world import World, open_conversation

GOOD = "cavalo bateria grampo"
Client = TestClient[web.Request, web.Application]


class FailingAccounts:
    """An account system that is away."""

    def __init__(self, inner: DemoAccounts) -> None:
        self.inner = inner
        self.away = False

    async def find(self, email: str) -> Account | None:
        return await self.inner.find(email)

    async def get(self, account_id: str) -> Account | None:
        return await self.inner.get(account_id)

    async def set_password(self, account_id: str, password: str) -> None:
        if self.away:
            raise Unavailable("The account system is away.")
        await self.inner.set_password(account_id, password)


@dataclass
class Site:
    """The page, the store behind it, and a link to it."""

    client: Client
    world: World
    accounts: FailingAccounts
    account_id: str

    async def link(self, turn_id: str = "t1") -> str:
        marker = await self.world.db.write(
            lambda tx: self.world.verification.make_link(
                tx,
                conversation_id=self.world.conversation_id,
                account_id=self.account_id,
                turn_id=turn_id,
                now=self.world.clock.now(),
            )
        )
        return self.world.verification.render_links(marker, public_url="")

    async def send(self, path: str, password: str, again: str | None = None) -> tuple[int, str]:
        async with self.client.get(path) as page:
            csrf = re.search(r'name="csrf" value="([^"]+)"', await page.text())
        form = {
            "password": password,
            "again": password if again is None else again,
            "csrf": csrf[1] if csrf else "",
        }
        async with self.client.post(path, data=form) as answer:
            return answer.status, await answer.text()

    async def works(self, password: str) -> bool:
        return await self.accounts.inner.matches("ana@example.com", password)


@pytest.fixture
async def site(db: Database, clock: FixedClock) -> AsyncIterator[Site]:
    world = World(db, clock, await open_conversation(db, clock, locale="en"))
    account_id = await db.write(
        lambda tx: shop.add_account(tx, email="ana@example.com", name="Ana", now=clock.now())
    )
    texts = Texts()
    accounts = FailingAccounts(DemoAccounts(db, clock, Passwords()))
    app = web.Application()
    app[PAGES] = Pages(texts)
    app[SECURE_COOKIES] = False
    app[PUBLIC_URL] = "http://127.0.0.1"
    app[RESET] = PasswordReset(
        db, clock, world.verification, accounts, texts, timezone="America/Sao_Paulo"
    )
    mount(app, [table])
    async with TestClient(TestServer(app)) as client:
        yield Site(client, world, accounts, account_id)


async def test_a_new_password_is_set_once_and_everybody_is_told(site: Site) -> None:
    path = await site.link()
    status, _ = await site.send(path, GOOD)
    assert status == 200
    assert await site.works(GOOD)
    (mail,) = await site.world.mails()
    assert mail.to_address == "ana@example.com"
    assert "18 November 2026" in mail.text or "November 18, 2026" in mail.text
    assert "12:00" in mail.text, "the shop's own time"
    (said,) = await site.world.db.read(
        lambda conn: conversations.list_messages(conn, site.world.conversation_id)
    )
    assert said.author is Author.SYSTEM
    assert GOOD not in said.text
    again, _ = await site.send(path, "outro cavalo bateria")
    assert again == 410
    assert await site.works(GOOD)
    assert len(await site.world.mails()) == 1


async def test_looking_at_the_page_uses_nothing_up(site: Site) -> None:
    path = await site.link()
    for _ in range(3):
        async with site.client.get(path) as page:
            assert page.status == 200
            assert page.headers["Cache-Control"] == "no-store"
            assert "frame-ancestors 'none'" in page.headers["Content-Security-Policy"]
    assert (await site.send(path, GOOD))[0] == 200


@pytest.mark.parametrize(
    ("password", "again"),
    [("short", None), ("ana@example.com", None), ("minhasenha123", None), (GOOD, "different one")],
)
async def test_a_rule_that_is_broken_is_explained(
    site: Site, password: str, again: str | None
) -> None:
    path = await site.link()
    status, page = await site.send(path, password, again)
    assert status == 422
    assert 'role="alert"' in page
    assert password not in re.sub(r'value="[^"]*"|ana@example.com', "", page)
    assert (await site.send(path, GOOD))[0] == 200, "the link still works"


async def test_it_ends_after_ten_minutes(site: Site) -> None:
    path = await site.link()
    site.world.clock.advance(timedelta(minutes=10))
    async with site.client.get(path) as page:
        assert page.status == 410
    assert (await site.send(path, GOOD))[0] == 410
    assert not await site.works(GOOD)


@pytest.mark.parametrize("token", ["garbage", "a.b", "x" * 500, "%00", "0194-1.abc"])
async def test_garbage_is_not_found(site: Site, token: str) -> None:
    async with site.client.get(f"/reset/{token}") as page:
        assert page.status == 404
        assert "html" in page.headers["Content-Type"]


async def test_a_changed_token_is_not_found(site: Site) -> None:
    path = await site.link()
    forged = path[:-1] + ("A" if path[-1] != "A" else "B")
    async with site.client.get(forged) as page:
        assert page.status == 404


async def test_a_form_from_elsewhere_is_refused(site: Site) -> None:
    path = await site.link()
    form = {"password": GOOD, "again": GOOD, "csrf": "guessed"}
    async with site.client.post(path, data=form) as answer:
        assert answer.status == 403
    assert not await site.works(GOOD)


async def test_an_account_system_that_is_away_leaves_the_link_usable(site: Site) -> None:
    path = await site.link()
    site.accounts.away = True
    assert (await site.send(path, GOOD))[0] == 503
    assert await site.world.mails() == []
    site.accounts.away = False
    assert (await site.send(path, GOOD))[0] == 200


async def test_a_newer_link_ends_the_older_one(site: Site) -> None:
    old = await site.link("t1")
    assert await site.link("t1") == old, "the same turn again gives the same link"
    new = await site.link("t2")
    async with site.client.get(old) as page:
        assert page.status == 410
    assert (await site.send(new, GOOD))[0] == 200


async def test_two_submissions_at_once_change_it_once(site: Site) -> None:
    path = await site.link()
    token = path.rpartition("/")[2]
    now = site.world.clock.now()
    verification = site.world.verification
    first = await site.world.db.write(lambda tx: verification.reserve_link(tx, token, now))
    second = await site.world.db.write(lambda tx: verification.reserve_link(tx, token, now))
    assert (first, second) == (True, False)
    site.world.clock.advance(timedelta(seconds=61))
    assert (await site.send(path, GOOD))[0] == 200, "a reservation of a dead process ends"


async def test_only_the_customer_sees_the_link(site: Site) -> None:
    verification = site.world.verification
    marker = "{{link:01940000-0000-7000-8000-000000000000}}"
    shown = verification.render_links(f"Veja {marker}.", public_url="https://shop.example")
    assert shown.startswith("Veja https://shop.example/reset/01940000-")
    hidden = verification.hide_links(f"Veja {marker}.", "pt-BR")
    assert "reset" not in hidden
    assert "0194" not in hidden
    assert (
        verification.render_links("{{link:x}} {{other}}", public_url="") == "{{link:x}} {{other}}"
    )
