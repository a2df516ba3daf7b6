"""The widget as a customer meets it, in a real browser against a small gateway."""

import re
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
from aiohttp.test_utils import TestServer
from playwright.async_api import Locator, Page, expect

from tests.web.conftest import OpenPage
from tests.web.fake_gateway import FakeGateway

pytestmark = pytest.mark.browser

Axe = Callable[[Page], Awaitable[list[str]]]

CATALOGUES: dict[str, dict[str, object]] = {
    "pt-BR": {"Open chat": "Abrir chat", "{count} new message": ["{count} nova", "{count} novas"]},
    "es": {"Open chat": "Abrir chat", "Your message": "Tu mensaje", "Language": "Idioma"},
}
PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}
SMALLEST = {"viewport": {"width": 320, "height": 568}}


@pytest.fixture
def gateway(dist: Path) -> FakeGateway:
    assert (dist / "widget.js").exists()
    return FakeGateway(CATALOGUES)


@pytest.fixture
async def base(gateway: FakeGateway) -> AsyncIterator[str]:
    server = TestServer(gateway.app())
    await server.start_server()
    yield str(server.make_url("")).rstrip("/")
    await server.close()


class Customer:
    """What a customer can see and do."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.launcher = page.locator(".launcher")
        self.window = page.get_by_role("dialog")
        self.log = page.get_by_role("log")
        self.input = page.locator("textarea")

    @property
    def bubbles(self) -> Locator:
        return self.log.locator(".bubble")

    async def open_chat(self) -> None:
        await self.launcher.click()
        await expect(self.window).to_be_visible()

    async def write(self, text: str) -> None:
        await self.input.fill(text)
        await self.input.press("Enter")

    async def reads(self, *texts: str) -> None:
        """Wait until exactly these messages are shown, in this order."""
        await expect(self.bubbles).to_have_text(list(texts))


async def visit(open_page: OpenPage, url: str, **options: object) -> Customer:
    customer = Customer(await open_page(url, **options))
    await expect(customer.launcher).to_be_visible()
    return customer


async def test_a_conversation(open_page: OpenPage, base: str, gateway: FakeGateway) -> None:
    customer = await visit(open_page, base)
    assert gateway.requests.count("POST /api/widget/v1/sessions") == 0, "no session before it opens"
    await customer.open_chat()
    await customer.write("hello")
    await customer.reads("hello", "You said: hello")
    await gateway.say("See **this**:\n\n- one\n- [two](https://example.com/)")
    await expect(customer.log.locator("strong")).to_have_text("this")
    link = customer.log.get_by_role("link")
    await expect(link).to_have_attribute("rel", "noopener noreferrer nofollow")
    assert gateway.texts("customer") == ["hello"]


async def test_what_customers_and_bots_write_never_becomes_markup(
    open_page: OpenPage, base: str, gateway: FakeGateway
) -> None:
    customer = await visit(open_page, base)
    await customer.open_chat()
    attack = "<img src=x onerror=alert(1)> [x](javascript:alert(1))"
    await customer.write(attack)
    await customer.reads(attack, f"You said: {attack}")
    await expect(customer.log.locator("img, a")).to_have_count(0)


async def test_only_the_latest_options_can_be_chosen(
    open_page: OpenPage, base: str, gateway: FakeGateway
) -> None:
    customer = await visit(open_page, base)
    await customer.open_chat()
    await customer.write("my order")
    options = customer.log.get_by_role("group", name="Options").get_by_role("button")
    await expect(options).to_have_text(["AUR-10023", "AUR-10031"])
    await options.first.click()
    await customer.reads("my order", "Which order is it about?", "AUR-10023", "You said: AUR-10023")
    await expect(options.first).to_be_disabled()
    await expect(customer.input).to_be_focused()


async def test_a_suggestion_starts_the_conversation(
    open_page: OpenPage, base: str, gateway: FakeGateway
) -> None:
    customer = await visit(open_page, base)
    await customer.open_chat()
    await customer.page.get_by_role("button", name="I want to talk to a person").click()
    await expect(customer.window.get_by_text("A person will answer here.")).to_be_visible()
    await gateway.hand_over("agent", "Ana")
    await gateway.say("Hi, I am Ana.", author="agent", name="Ana")
    await expect(customer.window.get_by_text("You are talking to Ana")).to_be_visible()
    await gateway.push({"type": "typing", "author": "agent", "author_name": "Ana"})
    await expect(customer.window.get_by_text("Ana is typing…")).to_be_visible()


async def test_nothing_is_lost_or_doubled_when_the_connection_drops(
    open_page: OpenPage, base: str, gateway: FakeGateway
) -> None:
    customer = await visit(open_page, base)
    await customer.open_chat()
    await customer.write("one")
    await customer.reads("one", "You said: one")
    gateway.lose_next_ack = True
    await customer.write("two")
    await customer.reads("one", "You said: one", "two", "You said: two")
    await gateway.drop_sockets()
    await gateway.say("said meanwhile")
    await customer.reads("one", "You said: one", "two", "You said: two", "said meanwhile")
    await expect(customer.log.locator(".draft")).to_have_count(0)
    assert gateway.texts("customer") == ["one", "two"]


async def test_without_sockets_it_polls(
    open_page: OpenPage, base: str, gateway: FakeGateway
) -> None:
    gateway.without_sockets = True
    customer = await visit(open_page, base, expect_errors=True)
    await customer.open_chat()
    await customer.write("hello")
    await customer.reads("hello", "You said: hello")
    await expect(customer.log).to_have_attribute("aria-busy", "false")
    await gateway.say("later")
    await customer.reads("hello", "You said: hello", "later")


async def test_messages_written_offline_are_sent_later_even_after_a_reload(
    open_page: OpenPage, base: str, gateway: FakeGateway
) -> None:
    customer = await visit(open_page, base, expect_errors=True)
    await customer.open_chat()
    await customer.write("before")
    await customer.reads("before", "You said: before")
    gateway.unavailable = True
    await gateway.drop_sockets()
    await customer.write("meanwhile")
    await expect(customer.log.locator(".draft")).to_have_count(1)
    await customer.page.reload()
    await expect(customer.log.get_by_text("meanwhile", exact=True)).to_be_visible()
    gateway.unavailable = False
    await customer.reads("before", "You said: before", "meanwhile", "You said: meanwhile")
    assert gateway.texts("customer") == ["before", "meanwhile"]


async def test_a_refused_message_can_be_tried_again(
    open_page: OpenPage, base: str, gateway: FakeGateway
) -> None:
    gateway.without_sockets = True
    gateway.refuse_next_post = 422
    customer = await visit(open_page, base, expect_errors=True)
    await customer.open_chat()
    await customer.write("please")
    await expect(customer.log.get_by_role("alert")).to_contain_text("Could not be sent.")
    await customer.log.get_by_role("button", name="Try again").click()
    await customer.reads("please", "You said: please")


async def test_a_reload_resumes_and_keeps_the_window_open(
    open_page: OpenPage, base: str, gateway: FakeGateway
) -> None:
    customer = await visit(open_page, base)
    await customer.open_chat()
    await customer.write("hello")
    await customer.reads("hello", "You said: hello")
    await customer.page.reload()
    await expect(customer.window).to_be_visible()
    await customer.reads("hello", "You said: hello")
    assert gateway.requests.count("POST /api/widget/v1/sessions") == 1


async def test_a_session_that_ended_is_replaced(
    open_page: OpenPage, base: str, gateway: FakeGateway
) -> None:
    customer = await visit(open_page, base, expect_errors=True)
    await customer.open_chat()
    await customer.write("hello")
    await customer.reads("hello", "You said: hello")
    gateway.forget_sessions()
    await gateway.drop_sockets()
    await customer.write("again")
    await customer.reads("again", "You said: again")


async def test_keyboard_only(open_page: OpenPage, base: str, gateway: FakeGateway) -> None:
    customer = await visit(open_page, base)
    keyboard = customer.page.keyboard
    await keyboard.press("Tab")
    await keyboard.press("Tab")
    await expect(customer.launcher).to_be_focused()
    await keyboard.press("Enter")
    await expect(customer.input).to_be_focused()
    await keyboard.type("one")
    await keyboard.press("Shift+Enter")
    await keyboard.type("two")
    await keyboard.press("Enter")
    await expect(customer.bubbles.first).to_have_text("one\ntwo", use_inner_text=True)
    for _ in range(4):  # back over the log, the close button, the language, and out: no trap
        await keyboard.press("Shift+Tab")
    await expect(customer.page.get_by_role("link", name="A page of the shop")).to_be_focused()
    await customer.input.focus()
    await keyboard.press("Escape")
    await expect(customer.window).to_be_hidden()
    await expect(customer.launcher).to_be_focused()


async def test_news_while_closed_is_counted_and_told(
    open_page: OpenPage, base: str, gateway: FakeGateway
) -> None:
    customer = await visit(open_page, f"{base}/?lang=pt-BR")
    await expect(customer.launcher).to_have_accessible_name("Abrir chat")
    await customer.open_chat()
    await customer.write("hello")
    await customer.reads("hello", "You said: hello")
    await customer.page.keyboard.press("Escape")
    await gateway.say("first")
    await gateway.say("second")
    await expect(customer.launcher).to_have_accessible_name("Abrir chat, 2 novas")
    await customer.open_chat()
    await customer.page.keyboard.press("Escape")
    await expect(customer.launcher).to_have_accessible_name("Abrir chat")


async def test_new_messages_don_t_move_what_is_being_read(
    open_page: OpenPage, base: str, gateway: FakeGateway
) -> None:
    customer = await visit(open_page, base)
    await customer.open_chat()
    await customer.write("hello")
    for number in range(12):
        await gateway.say(f"line {number}\n\nand more")
    await expect(customer.log.get_by_text("line 11")).to_be_in_viewport()
    await customer.log.evaluate("log => { log.scrollTop = 0 }")
    await expect(customer.log.get_by_text("hello", exact=True)).to_be_in_viewport()
    await gateway.say("news")
    await customer.page.get_by_role("button", name="1 new message").click()
    await expect(customer.log.get_by_text("news")).to_be_in_viewport()


async def test_the_limit_of_a_message(open_page: OpenPage, base: str, gateway: FakeGateway) -> None:
    customer = await visit(open_page, base)
    await customer.open_chat()
    await customer.write("x" * 2001)
    await expect(customer.window.get_by_text("1 character too many")).to_be_visible()
    await expect(customer.input).to_have_attribute("aria-invalid", "true")
    await customer.write("🙂" * 2000)
    await expect(customer.bubbles.first).to_have_text("🙂" * 2000)
    assert gateway.texts("customer") == ["🙂" * 2000]


async def test_the_customer_picks_a_language(
    open_page: OpenPage, base: str, gateway: FakeGateway
) -> None:
    customer = await visit(open_page, base)
    await customer.open_chat()
    await customer.write("hello")
    await customer.reads("hello", "You said: hello")
    await customer.page.get_by_label("Language").select_option("es")
    await expect(customer.input).to_have_accessible_name("Tu mensaje")
    await customer.page.reload()
    await expect(customer.input).to_have_accessible_name("Tu mensaje")


async def test_the_host_page_rules_it(open_page: OpenPage, base: str, gateway: FakeGateway) -> None:
    page = await open_page(f"{base}/?title=Aurora&identity=x.e30.y&locale=es&position=left")
    customer = Customer(page)
    await expect(customer.launcher).to_be_visible()
    events: list[str] = []
    await page.expose_function("note", lambda name: events.append(name))
    await page.evaluate(
        """() => ["open", "close", "message"].forEach((name) =>
             addEventListener(`frontline-${name}`, () => note(name)))"""
    )
    await page.evaluate("document.querySelector('frontline-chat').open()")
    await expect(page.get_by_role("heading", name="Aurora")).to_be_visible()
    await expect(customer.log).to_have_attribute("aria-busy", "false")
    await gateway.say("hello")
    await customer.reads("hello")
    await page.evaluate("document.querySelector('frontline-chat').setLocale('pt')")
    await expect(customer.window.locator("xpath=..")).to_have_attribute("lang", "pt-BR")
    await page.evaluate("document.querySelector('frontline-chat').close()")
    await expect(customer.window).to_be_hidden()
    assert events == ["open", "message", "close"]
    assert gateway.identities == ["x.e30.y"]
    box = await customer.launcher.bounding_box()
    assert box is not None
    assert box["x"] < 100


@pytest.mark.parametrize("screen", [PHONE, SMALLEST], ids=["390", "320"])
async def test_a_phone_shows_nothing_but_the_chat(
    open_page: OpenPage, base: str, gateway: FakeGateway, screen: dict[str, object]
) -> None:
    customer = await visit(open_page, base, reduced_motion="reduce", **screen)
    await customer.open_chat()
    await customer.write("order")
    await expect(customer.log.get_by_role("button", name="AUR-10031")).to_be_in_viewport()
    box = await customer.window.bounding_box()
    size = customer.page.viewport_size
    assert box is not None
    assert size is not None
    assert (box["x"], box["y"]) == (0, 0)
    assert (box["width"], box["height"]) == (size["width"], size["height"])
    await expect(customer.launcher).to_be_hidden()
    wide = "document.documentElement.scrollWidth > document.documentElement.clientWidth"
    assert not await customer.page.evaluate(wide)
    await customer.page.get_by_role("button", name="Close chat").click()
    await expect(customer.launcher).to_be_focused()


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("locale", ["pt-BR", "en", "es"])
async def test_accessibility(
    open_page: OpenPage, base: str, gateway: FakeGateway, axe: Axe, locale: str, theme: str
) -> None:
    url = f"{base}/?lang={locale}&theme={theme}"
    customer = await visit(open_page, url, reduced_motion="reduce")
    assert await axe(customer.page) == []
    await customer.open_chat()
    assert await axe(customer.page) == []
    await customer.write("order")
    await expect(customer.log.get_by_role("button", name="AUR-10031")).to_be_visible()
    await customer.write("x" * 2001)
    await gateway.hand_over("queue")
    await gateway.say("A notice.", author="system")
    await gateway.say("I am `Ana`, see [this](https://example.com).", author="agent", name="Ana")
    await gateway.push({"type": "typing", "author": "agent", "author_name": "Ana"})
    await expect(customer.log.locator(".dots")).to_be_visible()
    assert await axe(customer.page) == []


async def test_a_strict_page_allows_it_and_it_loads_nothing_else(
    open_page: OpenPage, base: str, gateway: FakeGateway
) -> None:
    customer = await visit(open_page, base)
    await customer.open_chat()
    await customer.write("hello")
    await customer.reads("hello", "You said: hello")
    paths = {line.split(" ")[1] for line in gateway.requests}
    known = re.compile(r"/|/widget\.js|/icon\.svg|/i18n/en\.json|/api/widget/v1/(sessions|socket)")
    assert all(known.fullmatch(path) for path in paths)
    inline = "document.querySelector('frontline-chat').shadowRoot.querySelectorAll('style').length"
    assert await customer.page.evaluate(inline) == 0
