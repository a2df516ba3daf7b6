"""The pages as customers, agents and editors use them: a real browser against the running system."""

import re
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
from playwright.async_api import Locator, Page, expect

from tests.system import System
from tests.web.conftest import OpenPage

pytestmark = [
    pytest.mark.browser,
    pytest.mark.parametrize("system", ["sqlite"], indirect=True),  # the pages are the same on both
]
Axe = Callable[[Page], Awaitable[list[str]]]

DESK = {"viewport": {"width": 1280, "height": 800}}
PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}
SMALLEST = {"viewport": {"width": 320, "height": 640}}
STILL = """Promise.all(document.getAnimations()
    .filter((one) => one.effect.getTiming().iterations !== Infinity)
    .map((one) => one.finished.catch(() => undefined)))"""
"""Waits for movements to end: what is half transparent has too little contrast."""
ANSWER_MS = 12_000


@pytest.fixture(autouse=True)
def patience() -> None:
    """A machine that is busy answers later, not differently."""
    expect.set_options(timeout=ANSWER_MS)


class Customer:
    """Somebody with the shop's page open."""

    def __init__(self, page: Page, url: str) -> None:
        self.page = page
        self.url = url
        self.log = page.get_by_role("log")
        self.input = page.locator("frontline-chat textarea")
        self.header = page.locator("frontline-chat .heading")
        self.said_by_others = self.log.locator(".message:not(.customer) .bubble")

    async def open_chat(self) -> None:
        await self.page.locator("frontline-chat .launcher").click()
        await expect(self.page.get_by_role("dialog")).to_be_visible()

    async def write(self, text: str) -> None:
        await self.input.fill(text)
        await self.input.press("Enter")
        await expect(self.log.locator(".customer").last).to_be_visible()

    async def ask(self, text: str) -> str:
        """Write and return what was answered."""
        before = await self.said_by_others.count()
        await self.write(text)
        await expect(self.said_by_others.nth(before)).to_be_visible()
        return await self.said_by_others.nth(before).inner_text()

    async def code_from_the_mail_box(self, address: str) -> str:
        """Look into the demo's mail box in another tab, as the page says."""
        box = await self.page.context.new_page()
        await box.goto(f"{self.url}/demo/mail")
        # The list reads itself again until the mail is there.
        await box.get_by_role("link").filter(has_text=address).first.click()
        letter = await box.locator(".letter").inner_text()
        await box.close()
        match = re.search(r"\b\d{4} ?\d{4}\b", letter)
        assert match, letter
        return match[0]


async def shop(open_page: OpenPage, system: System, locale: str, **options: object) -> Customer:
    """Open the shop's page and the chat on it."""
    page = await open_page(f"{system.url}/", **{**DESK, "locale": locale, **options})
    customer = Customer(page, system.url)
    await customer.open_chat()
    return customer


async def log_in(
    open_page: OpenPage, system: System, role: str, page: str, **options: object
) -> Page:
    """Log in by the form, in English, and land on the page that was asked for."""
    email, password = system.passwords()[role]
    opened = await open_page(f"{system.url}/login?lang=en&next={page}", **{**DESK, **options})
    await opened.get_by_label("E-mail").fill(email)
    await opened.get_by_label("Password", exact=True).fill(password)
    await opened.get_by_role("button", name="Log in").click()
    await opened.wait_for_url(re.compile(re.escape(page) + r"(#|$)"))
    return opened


async def assert_sound(page: Page, axe: Axe) -> None:
    """Nothing for axe to complain about, nothing cut off at the side."""
    await page.evaluate(STILL)
    assert await axe(page) == []
    assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def ticket(console: Page, number: str) -> Locator:
    return console.locator(".ticket").filter(has_text=number)


async def ticket_number(customer: Customer) -> str:
    notice = customer.log.locator(".system").filter(has_text="FL-").first
    match = re.search(r"FL-\d+", await notice.inner_text())
    assert match
    return match[0]


@pytest.mark.parametrize(
    ("locale", "greeting", "question", "answer"),
    [
        ("pt-BR", "Olá! Como podemos ajudar?", "vocês abrem domingo?", "fechados"),
        ("en", "Hello! How can we help?", "are you open on Sunday?", "closed"),
        ("es", "¡Hola! ¿Cómo podemos ayudarte?", "¿abren el domingo?", "cerrados"),
    ],
    ids=["pt-BR", "en", "es"],
)
async def test_the_shop_speaks_the_visitors_language_on_a_phone(
    system: System,
    open_page: OpenPage,
    axe: Axe,
    locale: str,
    greeting: str,
    question: str,
    answer: str,
) -> None:
    page = await open_page(f"{system.url}/", locale=locale, **PHONE)
    assert await page.locator("html").get_attribute("lang") == locale
    await assert_sound(page, axe)
    customer = Customer(page, system.url)
    await customer.open_chat()
    await expect(page.get_by_text(greeting)).to_be_visible()
    assert answer in await customer.ask(question)
    await assert_sound(page, axe)
    await page.set_viewport_size({"width": 320, "height": 640})
    await assert_sound(page, axe)


async def test_order_status_with_the_code_from_the_mail_box(
    system: System, open_page: OpenPage
) -> None:
    customer = await shop(open_page, system, "pt-BR")
    await customer.page.get_by_role("button", name="Fechar chat").last.click()
    await customer.page.locator("[data-ask]").first.click()  # the page offers the question itself
    await expect(customer.log).to_contain_text("Qual é o número do pedido?")
    await customer.ask("AUR-10002")
    code = await customer.code_from_the_mail_box("bruno@example.com")
    told = await customer.ask(code)
    assert "AUR-10002" in told
    await expect(customer.log.locator(".customer .bubble").last).to_have_text("••••••••")
    await customer.page.reload()
    await customer.page.locator("frontline-chat .launcher").or_(customer.input).first.wait_for()
    assert code not in await customer.page.locator("frontline-chat").inner_text()


async def test_a_new_password_through_the_one_time_page(
    system: System, open_page: OpenPage, axe: Axe
) -> None:
    customer = await shop(open_page, system, "es")
    await customer.ask("olvidé mi contraseña")
    await customer.ask("felipe@example.com")
    await customer.ask(await customer.code_from_the_mail_box("felipe@example.com"))
    link = await customer.log.locator(".bubble a").last.get_attribute("href")
    page = await customer.page.context.new_page()
    await page.goto(str(link))
    await expect(page.get_by_text("felipe@example.com")).to_be_visible()
    await assert_sound(page, axe)
    await page.get_by_label("Contraseña nueva").fill("un puerto tranquilo 77")
    await page.get_by_label("La misma, una vez más").fill("otra cosa 12345")
    await page.get_by_role("button", name="Cambiar contraseña").click()
    await expect(page.get_by_label("Contraseña nueva")).to_be_visible()  # the browser refused
    await page.get_by_label("La misma, una vez más").fill("un puerto tranquilo 77")
    await page.get_by_role("button", name="Cambiar contraseña").click()
    await expect(page.get_by_role("status")).to_be_visible()
    await expect(customer.log.locator(".system")).to_contain_text("Tu contraseña fue cambiada")


async def test_a_hand_off_seen_from_both_sides(
    system: System, open_page: OpenPage, axe: Axe
) -> None:
    nina = await log_in(open_page, system, "agent N2", "/console")
    await expect(nina.get_by_role("heading", name="To claim")).to_be_visible()
    customer = await shop(open_page, system, "en")
    await customer.ask("how do I return a product?")
    await customer.write("I want to talk to a person about my order AUR-10010")
    await expect(customer.header).to_contain_text("Waiting for a person")
    number = await ticket_number(customer)

    await ticket(nina, number).get_by_role("link").click()  # it came without a reload
    case = nina.get_by_role("complementary", name="Case")
    await expect(case).to_contain_text("The customer asked for a person.")
    await expect(case).to_contain_text("AUR-10010")
    await expect(case).to_contain_text("How do I return a product?")
    transcript = nina.get_by_role("region", name="Conversation")
    await expect(transcript).to_contain_text("how do I return a product?")
    await nina.get_by_role("button", name="Claim to reply").click()
    await expect(customer.header).to_contain_text("You are talking to")
    composer = nina.locator("#composer-text")
    await composer.press_sequentially("Hi, I am **Nina**.", delay=5)
    await expect(customer.page.locator("frontline-chat .typing")).to_contain_text(
        re.compile("Writing an answer|is typing")
    )
    await composer.press("Enter")
    await expect(customer.log.locator(".agent strong")).to_have_text("Nina")
    await expect(customer.header).to_contain_text("You are talking to Nina Prado")
    await customer.input.press_sequentially("it is late", delay=5)
    await expect(nina.get_by_text("The customer is typing…")).to_be_visible()
    await customer.input.press("Enter")
    await expect(transcript).to_contain_text("it is late")
    await expect(transcript).to_contain_text("Nina from our team has your conversation now.")
    await assert_sound(nina, axe)
    await assert_sound(customer.page, axe)

    await nina.get_by_role("button", name="Pass on").click()
    dialog = nina.get_by_role("dialog")
    await dialog.get_by_role("button", name="Escalate").click()
    await expect(dialog).to_contain_text("Please give a reason.")
    await dialog.get_by_label("To", exact=True).select_option(label="Level N3")
    await dialog.get_by_label("Reason").fill("The carrier's system must be checked.")
    await dialog.get_by_role("button", name="Escalate").click()
    await expect(dialog).to_have_count(0)
    await expect(customer.header).to_contain_text("Waiting for a person")

    tiago = await log_in(open_page, system, "agent N3", "/console")
    await ticket(tiago, number).get_by_role("link").click()
    await tiago.get_by_role("tab", name="History").click()
    await expect(tiago.locator("#case-body")).to_contain_text("The carrier's system")
    await tiago.get_by_role("button", name="Claim to reply").click()
    await tiago.get_by_role("button", name="Resolve", exact=True).click()
    await tiago.get_by_role("dialog").get_by_role("textbox").first.fill("It comes tomorrow.")
    await tiago.get_by_role("dialog").get_by_role("button", name="Resolve").click()
    await expect(customer.log).to_contain_text("It comes tomorrow.")
    await expect(customer.header).to_contain_text("Virtual assistant")
    assert "closed" in await customer.ask("are you open on Sunday?")


async def test_the_console_by_keyboard_in_the_dark_and_on_a_phone(
    system: System, open_page: OpenPage, axe: Axe
) -> None:
    customer = await shop(open_page, system, "en")
    await customer.write("I want to talk to a person")
    await expect(customer.header).to_contain_text("Waiting for a person")
    number = await ticket_number(customer)
    console = await log_in(open_page, system, "agent N2", "/console", color_scheme="dark")
    await expect(ticket(console, number)).to_be_visible()
    await console.keyboard.press("/")
    await expect(console.get_by_role("searchbox")).to_be_focused()
    await console.keyboard.type(number)
    await expect(console.locator(".ticket")).to_have_count(1)
    await console.keyboard.press("Escape")
    await console.keyboard.press("j")
    await expect(console.get_by_role("heading", name=number)).to_be_visible()
    await console.keyboard.press("c")
    await expect(console.locator("#composer-text")).to_be_focused()
    await console.keyboard.type("Hello from the keyboard.")
    await console.keyboard.press("Enter")
    await expect(customer.log).to_contain_text("Hello from the keyboard.")
    await assert_sound(console, axe)
    for width in (390, 320):
        await console.set_viewport_size({"width": width, "height": 740})
        await assert_sound(console, axe)


async def test_an_edited_answer_is_what_the_next_customer_reads(
    system: System, open_page: OpenPage, axe: Axe
) -> None:
    customer = await shop(open_page, system, "en")
    question = "how do gift cards work?"
    old = await customer.ask(question)
    admin = await log_in(open_page, system, "editor", "/admin")
    await admin.get_by_role("searchbox").fill("gift cards")
    await assert_sound(admin, axe)
    await admin.get_by_role("link", name="How do gift cards work?").click()
    answer = admin.get_by_label("Answer", exact=True)
    await answer.fill("They hold from **R$ 20** to R$ 3,000 now.")
    preview = admin.get_by_role("tabpanel").first
    await expect(preview).to_contain_text("They hold from R$ 20 to")
    await expect(preview.locator("strong")).to_have_text("R$ 20")
    await expect(admin.get_by_text("Draft saved at")).to_be_visible()
    await answer.fill("They hold from **R$ 20** to R$ 4,000 now.")
    await expect(admin.get_by_text("Saving…")).to_have_count(0)
    await admin.get_by_role("tab", name="Try it").click()
    await admin.get_by_label("Question of a customer").fill(question)
    await admin.get_by_role("button", name="Ask", exact=True).click()
    await expect(preview).to_contain_text("This article comes in place 1.")
    await assert_sound(admin, axe)
    assert await customer.ask(question) == old, "a draft is nobody's answer"

    await admin.get_by_role("button", name="Publish").click()
    await admin.get_by_role("dialog").get_by_role("button", name="Publish").click()
    await expect(admin.get_by_text("Published. The bot uses it now.")).to_be_visible()
    assert "R$ 4,000" in await customer.ask(question)

    await admin.get_by_role("tab", name="History").click()
    await expect(preview).to_contain_text("Revision 2")
    assert await preview.get_by_text("Revision 3").count() == 0, "one sitting, one revision"
    await admin.get_by_role("button", name="More actions").click()
    await admin.get_by_role("menuitem", name="Archive…").click()
    await admin.get_by_role("dialog").get_by_role("button", name="Archive").click()
    await expect(admin.get_by_text("the bot does not use this article")).to_be_visible()
    assert "R$ 4,000" not in await customer.ask(question)
    await admin.get_by_role("button", name="Bring back").click()
    await expect(admin.get_by_text("Brought back.")).to_be_visible()
    assert "R$ 4,000" in await customer.ask(question)

    await preview.get_by_role("button", name="Compare").last.click()
    await admin.get_by_role("button", name="Restore").first.click()
    await admin.get_by_role("dialog").get_by_role("button", name="Restore").click()
    await expect(admin.get_by_text("Restored.")).to_be_visible()
    assert await customer.ask(question) == old


async def test_two_editors_of_one_article_lose_nothing(
    system: System, open_page: OpenPage, axe: Axe
) -> None:
    edite = await log_in(open_page, system, "editor", "/admin")
    await edite.get_by_role("searchbox").fill("newsletter")
    # By its title: the first of the list is another one until the search is done.
    await edite.locator(".article-title").filter(has_text="newsletter").click()
    await edite.get_by_label("Answer", exact=True).wait_for()
    # The refused save shows in the console of the browser.
    adriana = await log_in(open_page, system, "admin", "/admin", expect_errors=True)
    await adriana.goto(edite.url)
    await adriana.get_by_label("Answer", exact=True).wait_for()
    await edite.get_by_label("Answer", exact=True).fill("What Edite wrote.")
    await expect(edite.get_by_text("Draft saved at")).to_be_visible()
    await adriana.get_by_label("Answer", exact=True).fill("What Adriana wrote.")
    dialog = adriana.get_by_role("dialog")
    await expect(dialog).to_contain_text("Edite Campos saved this article")
    await expect(dialog).to_contain_text("What Edite wrote.")
    await assert_sound(adriana, axe)
    await dialog.get_by_role("button", name="Keep my version").click()
    await expect(adriana.get_by_text("Draft saved at")).to_be_visible()
    await adriana.reload()
    await expect(adriana.get_by_label("Answer", exact=True)).to_have_value("What Adriana wrote.")


async def test_an_admin_adds_a_person_and_logs_out(
    system: System, open_page: OpenPage, axe: Axe
) -> None:
    admin = await log_in(open_page, system, "admin", "/admin")
    pages = admin.get_by_role("navigation", name="Pages")
    await pages.get_by_role("link", name="Status").click()
    await expect(admin.locator(".status-card").filter(has_text="Bot")).to_contain_text("Works")
    await expect(admin.locator(".status-card .tone-danger")).to_have_count(0)
    await assert_sound(admin, axe)
    await pages.get_by_role("link", name="Staff").click()
    await admin.get_by_role("button", name="Add a person").click()
    dialog = admin.get_by_role("dialog")
    await dialog.get_by_label("Name").fill("Paula Dias")
    await dialog.get_by_label("E-mail").fill("paula@aurora.example")
    await dialog.get_by_label("Language").select_option(label="English")
    await dialog.get_by_role("button", name="Add").click()
    password = await dialog.locator("code").inner_text()
    await dialog.get_by_role("button", name="Done").click()
    await admin.set_viewport_size({"width": 320, "height": 740})
    await assert_sound(admin, axe)
    await admin.set_viewport_size({"width": 1280, "height": 800})
    await admin.get_by_role("button", name="Adriana Rocha").click()
    await admin.get_by_role("button", name="Log out").click()
    await admin.wait_for_url(re.compile("/login"))
    await admin.goto(f"{system.url}/admin")
    await admin.wait_for_url(re.compile("/login"))

    paula = await open_page(f"{system.url}/login?lang=en", **DESK)
    await paula.get_by_label("E-mail").fill("paula@aurora.example")
    await paula.get_by_label("Password", exact=True).fill(password)
    await paula.get_by_role("button", name="Log in").click()
    await expect(paula.get_by_role("heading", name="To claim")).to_be_visible()


@pytest.fixture
async def fresh(tmp_path: Path) -> AsyncIterator[System]:
    """An installation without the demo, on its first start."""
    running = System(tmp_path, options=("--no-telegram", "--no-demo"))
    await running.start(bot=False)
    yield running
    await running.stop()


@pytest.mark.usefixtures("system")
async def test_the_first_admin_of_a_fresh_installation(
    fresh: System, open_page: OpenPage, axe: Axe
) -> None:
    link = re.search(rf"{re.escape(fresh.url)}/setup/\S+", fresh.log)
    assert link, fresh.log
    page = await open_page(f"{link[0]}?lang=en", **SMALLEST)
    await assert_sound(page, axe)
    await page.get_by_label("Your name").fill("Clara Nunes")
    await page.get_by_label("E-mail").fill("clara@company.example")
    await page.get_by_label("Password", exact=True).fill("a boat with nine lamps")
    await page.get_by_role("button", name="Create account").click()
    await page.wait_for_url(re.compile("/(login|admin|console)"))
