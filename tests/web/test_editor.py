"""An editor's day on a real gateway, in a real browser: written, checked, reviewed, scheduled, live."""

import re
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import FilePayload, Locator, Page, expect

from bot.services import Services
from bot.staff.account import Role
from knowledge_base import repository
from tests.parts import PASSWORD, ScriptedRasa, add_staff, gateway
from tests.web.conftest import OpenPage

pytestmark = [pytest.mark.browser, pytest.mark.usefixtures("dist")]

Axe = Callable[[Page], Awaitable[list[str]]]
DESK: dict[str, Any] = {"viewport": {"width": 1280, "height": 800}, "locale": "en-US"}
PHONE: dict[str, Any] = {"viewport": {"width": 390, "height": 844}, "locale": "en-US"}


@dataclass
class Shop:
    """A running gateway and its address. Rasa is away: answers come from the articles alone."""

    services: Services
    url: str


@pytest.fixture
async def shop(tmp_path: Path) -> AsyncIterator[Shop]:
    async with gateway(tmp_path, ScriptedRasa(script=lambda _: None), demo=True) as (
        services,
        client,
    ):
        yield Shop(services, str(client.make_url("")).rstrip("/"))


async def log_in(
    open_page: OpenPage, shop: Shop, role: Role, *, size: dict[str, Any] | None = None
) -> Page:
    email = await add_staff(shop.services, role)
    page = await open_page(f"{shop.url}/login?lang=en&next=/admin", **(size or DESK))
    await page.get_by_label("E-mail").fill(email)
    await page.get_by_label("Password", exact=True).fill(PASSWORD)
    await page.get_by_role("button", name="Log in").click()
    await expect(page.locator(".article-row").first).to_be_visible()
    return page


async def open_article(page: Page, shop: Shop, key: str, locale: str = "en") -> str:
    found = await shop.services.db.read(lambda conn: repository.find_by_keys(conn, [key]))
    article = found[key, locale]
    await page.goto(f"{shop.url}/admin#/articles/{article.id}")
    await expect(page.locator(".answer-input")).to_be_visible()
    return article.id


async def saved(page: Page) -> None:
    await expect(page.get_by_text(re.compile("Draft saved at"))).to_be_visible()


async def publish(page: Page, reason: str = "") -> None:
    await page.get_by_role("button", name="Publish", exact=True).click()
    dialog = page.get_by_role("dialog")
    await dialog.get_by_label("What changed, and why (optional)").fill(reason)
    await dialog.get_by_role("button", name="Publish").click()
    done = page.get_by_text("Published. The bot uses it now.")
    # A quite different answer may be found by fewer of the questions it was found by.
    go_on = dialog.get_by_role("button", name="Go on anyway")
    await expect(done.or_(go_on)).to_be_visible(timeout=20_000)  # the golden questions run first
    if await go_on.is_visible():
        await go_on.click()
    await expect(done).to_be_visible()


async def more(page: Page, item: str) -> None:
    await page.get_by_role("button", name="More actions").click()
    await page.get_by_role("menuitem", name=item).click()


async def answer_in_the_widget(open_page: OpenPage, shop: Shop, lang: str, question: str) -> Page:
    page = await open_page(f"{shop.url}/?lang={lang}", **DESK)
    await page.locator("frontline-chat .launcher").click()
    box = page.locator("frontline-chat textarea")
    await box.fill(question)
    await box.press("Enter")
    return page


async def assert_sound(page: Page, axe: Axe) -> None:
    assert await axe(page) == []
    wide = await page.evaluate("document.documentElement.scrollWidth > innerWidth")
    assert not wide, "the page scrolls sideways"


LANGUAGES = {
    "en": ("How do I pay with Pix?", "Pix now gives 7 % off."),
    "pt-BR": ("Como pago com Pix?", "Agora o Pix dá 7 % de desconto."),
    "es": ("¿Cómo pago con Pix?", "Ahora Pix da un 7 % de descuento."),
}


@pytest.mark.parametrize("locale", LANGUAGES)
async def test_a_changed_answer_is_what_the_widget_says(
    shop: Shop, open_page: OpenPage, axe: Axe, locale: str
) -> None:
    question, text = LANGUAGES[locale]
    page = await log_in(open_page, shop, Role.EDITOR)
    await open_article(page, shop, "pix", locale)
    await page.locator(".answer-input").fill(text)
    await saved(page)
    await publish(page, "New discount")
    await page.get_by_role("tab", name="History").click()
    await expect(page.get_by_role("tabpanel")).to_contain_text("“New discount”")
    await assert_sound(page, axe)
    customer = await answer_in_the_widget(open_page, shop, locale, question)
    await expect(customer.get_by_role("log")).to_contain_text(text)


async def test_with_the_keyboard_alone(shop: Shop, open_page: OpenPage) -> None:
    email = await add_staff(shop.services, Role.EDITOR)
    page = await open_page(f"{shop.url}/login?lang=en&next=/admin", **DESK)
    keys = page.keyboard

    async def tab_to(target: Locator, key: str = "Tab") -> None:
        for _ in range(120):
            if await target.evaluate_all("found => found.includes(document.activeElement)"):
                return
            await keys.press(key)
        pytest.fail(f"{target} can't be reached with {key}")

    await tab_to(page.get_by_label("E-mail"))
    await keys.type(email)
    await tab_to(page.get_by_label("Password", exact=True))
    await keys.type(PASSWORD)
    await keys.press("Enter")
    await expect(page.locator(".article-row").first).to_be_visible()
    await tab_to(page.get_by_role("searchbox"))
    await keys.type("gift wrap")
    await expect(page.locator(".article-row")).to_have_count(1)
    await tab_to(page.locator(".article-title"))
    await keys.press("Enter")
    answer = page.locator(".answer-input")
    await expect(answer).to_be_visible()
    await tab_to(answer)
    await keys.press("Control+a")
    await keys.type("Wrapping is free this week.")
    await saved(page)
    await tab_to(page.get_by_text("Short answer, links, buttons, related articles"))
    await keys.press("Enter")
    await tab_to(page.get_by_label("Order status"))
    await keys.press("Space")
    await expect(page.locator(".preview-buttons")).to_have_text("Order status")
    await saved(page)
    await tab_to(page.get_by_role("button", name="Publish", exact=True), "Shift+Tab")
    await keys.press("Enter")
    await expect(page.get_by_role("dialog")).to_be_visible()
    await keys.press("Enter")  # the focus is on what one came for
    done = page.get_by_text("Published. The bot uses it now.")
    go_on = page.get_by_role("button", name="Go on anyway")
    await expect(done.or_(go_on)).to_be_visible(timeout=20_000)
    if await go_on.is_visible():
        await tab_to(go_on)
        await keys.press("Enter")
    await expect(done).to_be_visible(timeout=20_000)
    customer = await answer_in_the_widget(open_page, shop, "en", "Do you gift wrap?")
    await expect(customer.get_by_role("log")).to_contain_text("Wrapping is free this week.")


async def test_what_is_noticed_while_typing(shop: Shop, open_page: OpenPage, axe: Axe) -> None:
    page = await log_in(open_page, shop, Role.EDITOR)
    await page.get_by_role("link", name="New article").click()
    await page.get_by_label("Title").fill("How long does a refund take?")
    await page.get_by_label("Language").select_option("en")
    await page.get_by_role("button", name="Create the draft").click()
    await page.locator(".answer-input").fill("We pay it back within **99 days**. " + "Long. " * 900)
    await page.get_by_role("tab", name="Checks").click()
    panel = page.locator(".side-panel")
    await expect(panel).to_contain_text("Says something else than a similar article")
    await expect(panel).to_contain_text("Too long for Telegram: it arrives in 2 messages")
    await expect(panel).to_contain_text("Missing in Español")
    await assert_sound(page, axe)
    await page.get_by_text("Short answer, links, buttons, related articles").click()
    await page.get_by_label("Short answer for Telegram").fill("Within 99 days.")
    await expect(panel).not_to_contain_text("Too long for Telegram")
    await page.get_by_role("button", name="Add a link").click()
    await page.get_by_label("Text of link 1").fill("The law")
    await page.get_by_label("Address of link 1").fill("https://law.example/refunds")
    await page.get_by_label("Add a related article").fill("pix")
    await page.get_by_role("list", name="Articles found").get_by_role("button").first.click()
    await page.get_by_role("tab", name="Preview").click()
    await page.get_by_role("tab", name="Telegram").click()
    preview = page.locator(".preview-telegram")
    await expect(preview).to_contain_text("Within 99 days.")
    await expect(preview.get_by_role("link", name="The law")).to_be_visible()
    await expect(preview.locator(".preview-buttons")).to_contain_text("Pix")
    await assert_sound(page, axe)
    await page.set_viewport_size(PHONE["viewport"])
    await assert_sound(page, axe)


async def test_reviewed_then_scheduled(shop: Shop, open_page: OpenPage, axe: Axe) -> None:
    await shop.services.articles.set_review_required(True, actor=None)
    editor = await log_in(open_page, shop, Role.EDITOR)
    await open_article(editor, shop, "coupons")
    await editor.locator(".answer-input").fill("One coupon per order.")
    await saved(editor)
    await expect(editor.get_by_role("button", name="Publish", exact=True)).to_have_count(0)
    await editor.get_by_role("button", name="Hand in for review").click()
    await expect(editor.get_by_text("In review: a reviewer publishes it")).to_be_visible()
    await assert_sound(editor, axe)

    reviewer = await log_in(open_page, shop, Role.REVIEWER)
    await reviewer.get_by_label("State").select_option("in_review")
    await reviewer.locator(".article-row").get_by_role("link").first.click()
    await more(reviewer, "Send back…")
    await reviewer.get_by_role("dialog").get_by_label("What is still wrong?").fill("Say which.")
    await reviewer.get_by_role("dialog").get_by_role("button", name="Send back").click()
    await expect(reviewer.get_by_text("Sent back.")).to_be_visible()
    await more(reviewer, "Schedule…")
    dialog = reviewer.get_by_role("dialog")
    await dialog.get_by_label("Date and time").fill("2020-01-01T09:00")
    await expect(dialog).to_contain_text("Choose a time that is still to come.")
    tomorrow = (datetime.now() + timedelta(days=1)).strftime("%Y-%m-%dT%H:%M")  # noqa: DTZ005
    await dialog.get_by_label("Date and time").fill(tomorrow)
    await assert_sound(reviewer, axe)
    await dialog.get_by_role("button", name="Schedule", exact=True).click()
    await expect(reviewer.get_by_text("Will be published on")).to_be_visible()
    await expect(reviewer.locator(".answer-input")).to_have_attribute("readonly", "")
    await reviewer.get_by_role("button", name="Cancel the schedule").click()
    await expect(reviewer.locator(".answer-input")).not_to_have_attribute("readonly", "")


def csv_file(data: bytes) -> FilePayload:
    return FilePayload(name="faq.csv", mimeType="text/csv", buffer=data)


async def test_files_in_with_a_dry_run_first(shop: Shop, open_page: OpenPage, axe: Axe) -> None:
    page = await log_in(open_page, shop, Role.EDITOR)
    await page.get_by_role("link", name="Import and export").click()
    broken = "chave;idioma;título;resposta\nsol;pt-BR;Faz sol?;Às vezes.\n;xx;;\n".encode("latin-1")
    file = page.get_by_label("File to import")
    await file.set_input_files(csv_file(broken))
    await page.get_by_role("button", name="See what would change").click()
    await expect(page.locator(".import-lines")).to_contain_text("faq.csv line 3")
    await expect(page.locator(".import-lines")).to_contain_text("title is missing.")
    await expect(page.get_by_role("button", name="Import 1 article")).to_have_count(0)
    await assert_sound(page, axe)
    await page.set_viewport_size(PHONE["viewport"])
    await assert_sound(page, axe)
    sound = broken.rsplit(b"\n", 2)[0]
    await file.set_input_files(csv_file(sound))
    await page.get_by_role("button", name="See what would change").click()
    await page.get_by_role("button", name="Import 1 article").click()
    await expect(page.get_by_text("Imported: 1 new, 0 changed.")).to_be_visible()
    await page.get_by_role("link", name="To the articles").click()
    await page.get_by_role("searchbox").fill("Faz sol")
    await expect(page.locator(".article-row").filter(has_text="Faz sol?")).to_have_count(1)


async def test_the_tree_of_categories(shop: Shop, open_page: OpenPage, axe: Axe) -> None:
    page = await log_in(open_page, shop, Role.EDITOR)
    await page.get_by_role("link", name="Categories").click()
    await page.get_by_role("button", name="New category").click()
    dialog = page.get_by_role("dialog")
    await dialog.get_by_label("Key").fill("refunds")
    await dialog.get_by_label("Name in English").fill("Refunds")
    await dialog.get_by_label("Lies in").select_option("returns")
    await dialog.get_by_role("button", name="Save").click()
    row = page.locator(".category-row").filter(has_text="refunds")
    await expect(row).to_contain_text("No name in Português, Español")
    await (
        page.locator(".category-row")
        .filter(has_text="returns")
        .get_by_role("button", name=re.compile("Change"))
        .click()
    )
    inside = dialog.get_by_label("Lies in").locator("option")
    assert "refunds" not in await inside.evaluate_all("all => all.map((one) => one.value)")
    await assert_sound(page, axe)
    await dialog.get_by_role("button", name="Cancel").click()
    await row.get_by_role("button", name="Delete Refunds").click()
    await page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    await expect(row).to_have_count(0)
    await page.set_viewport_size(PHONE["viewport"])
    await assert_sound(page, axe)


async def test_the_help_page_without_scripts(shop: Shop, open_page: OpenPage, axe: Axe) -> None:
    page = await open_page(f"{shop.url}/help/en", **DESK)
    await assert_sound(page, axe)
    await page.set_viewport_size(PHONE["viewport"])
    await assert_sound(page, axe)
    plain = await open_page(f"{shop.url}/help/en", java_script_enabled=False, **DESK)
    await plain.get_by_label("Search the help").fill("my boleto expired")
    await plain.get_by_role("button", name="Search").click()
    await plain.get_by_role("link", name=re.compile("boleto", re.IGNORECASE)).first.click()
    await expect(plain.get_by_role("heading", level=1)).to_contain_text("boleto")
    await plain.get_by_role("link", name="Português").click()
    await expect(plain.locator("html")).to_have_attribute("lang", "pt-BR")
    article = await open_page(plain.url, **PHONE)
    await assert_sound(article, axe)
