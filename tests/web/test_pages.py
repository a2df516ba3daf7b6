"""The server-rendered pages: every one, in every state and language, and usable by everybody."""

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Literal

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from playwright.async_api import Page, expect

from bot.kit.locales import Texts
from bot.pages.render import Pages
from tests.web.conftest import OpenPage
from tests.web.fake_gateway import FakeGateway

pytestmark = pytest.mark.browser

Axe = Callable[[Page], Awaitable[list[str]]]

WHEN = datetime(2026, 3, 2, 13, 30, tzinfo=UTC)
LETTER = SimpleNamespace(
    id="m1",
    to="a.person.with.a.long.name@example.com",
    from_="Loja Aurora <no-reply@example.com>",
    subject="<b>Your code</b>",
    sent_at=WHEN,
    is_new=True,
    text="Hello,\n\n<script>alert(1)</script> https://example.com/reset/abc\n",
)
ORDER = {"number": "AUR-10023", "email": "ana@example.com", "state": "Sent"}
LOOKS: tuple[tuple[str, Literal["light", "dark"], int], ...] = (
    ("pt-BR", "light", 1280),
    ("en", "dark", 390),
    ("es", "light", 320),
)
FORM: dict[str, Any] = {"csrf": "token", "error": None, "email": "", "name": "", "minimum": 10}
RESET: dict[str, Any] = {**FORM, "email": "ana@example.com", "back": "/"}
STATES: dict[str, tuple[str, dict[str, Any]]] = {
    "login": ("login.html", {**FORM, "next": "/console"}),
    "login-failed": ("login.html", {**FORM, "next": "", "error": "Wrong.", "email": "a@b.c"}),
    "setup": ("setup.html", {**FORM, "state": "form", "error": "Too short."}),
    "setup-expired": ("setup.html", {**FORM, "state": "expired"}),
    "reset": ("reset.html", {**RESET, "state": "form"}),
    "reset-done": ("reset.html", {**RESET, "state": "done"}),
    "reset-expired": ("reset.html", {**RESET, "state": "expired", "back": ""}),
    "forbidden": ("error.html", {"status": 403, "request_id": None}),
    "failed": ("error.html", {"status": 500, "request_id": "f3a9"}),
    "mails": ("demo_mail.html", {"mails": [LETTER], "mail": None}),
    "no-mails": ("demo_mail.html", {"mails": [], "mail": None}),
    "mail": ("demo_mail.html", {"mails": [], "mail": LETTER}),
    "shop": (
        "demo.html",
        {"orders": [ORDER], "widget_url": "/widget.js", "mail_url": "/demo/mail"},
    ),
}


@pytest.fixture(scope="module")
def pages() -> Pages:
    return Pages(Texts())


@pytest.fixture
async def site(pages: Pages, dist: Path) -> AsyncIterator[str]:
    """All states under /page/NAME, next to a gateway for the widget on the shop's page."""

    async def page(request: web.Request) -> web.Response:
        template, context = STATES[request.match_info["name"]]
        return pages.render(request, template, **context)

    app = FakeGateway().app()
    app.router.add_get("/page/{name}", page)
    app.router.add_static("/static", dist)
    server = TestServer(app)
    await server.start_server()
    yield str(server.make_url("/page")).rstrip("/")
    await server.close()


@pytest.mark.parametrize("name", STATES)
async def test_every_page_fits_every_screen_and_theme(
    open_page: OpenPage, site: str, axe: Axe, name: str
) -> None:
    is_error = STATES[name][0] == "error.html"
    page = await open_page(f"{site}/{name}", reduced_motion="reduce", expect_errors=is_error)
    for locale, theme, width in LOOKS:
        await page.emulate_media(color_scheme=theme)
        await page.set_viewport_size({"width": width, "height": 800})
        await page.goto(f"{site}/{name}?lang={locale}")
        assert await page.locator("html").get_attribute("lang") == locale
        if name == "shop":
            await page.locator(".launcher").wait_for()
        assert await axe(page) == [], (locale, theme, width)
        too_wide = "document.documentElement.scrollWidth > document.documentElement.clientWidth"
        assert not await page.evaluate(too_wide), (locale, width)


async def test_a_password_can_be_looked_at_and_must_be_repeated(
    open_page: OpenPage, site: str
) -> None:
    page = await open_page(f"{site}/reset?lang=en")
    password, again = page.locator("#password"), page.locator("#again")
    await password.fill("three kind words")
    await page.get_by_role("button", name="Show password").click()
    await expect(password).to_have_attribute("type", "text")
    await again.fill("three other words")
    message = "element => element.validationMessage"
    assert await again.evaluate(message) == "The two passwords are not the same."
    await again.fill("three kind words")
    assert await again.evaluate(message) == ""


async def test_the_shop_s_examples_go_into_the_chat(open_page: OpenPage, site: str) -> None:
    page = await open_page(f"{site}/shop?lang=en")
    await page.locator(".launcher").wait_for()
    await page.get_by_role("button", name="I forgot my password").click()
    await expect(page.get_by_role("log").locator(".bubble").first).to_have_text(
        "I forgot my password"
    )


async def test_what_is_in_a_mail_stays_text(open_page: OpenPage, site: str) -> None:
    page = await open_page(f"{site}/mail?lang=en")
    await expect(page.locator(".letter")).to_contain_text("<script>alert(1)</script>")
    await expect(page.get_by_role("heading", level=1)).to_have_text("<b>Your code</b>")
