"""From the editor's log-in to the changed answer in a customer's widget, in each language.

Rasa is away, so that the answer is the knowledge base's own; in Portuguese the editor has no mouse.
"""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import Locator, Page, expect

from bot.kit.locales import Language, Texts
from bot.staff.account import Role
from tests.parts import PASSWORD, ScriptedRasa, add_staff, gateway
from tests.web.conftest import OpenPage
from tests.web.test_console import DESK
from tests.web.test_wording_pages import PAST_THE_LOG_IN, Axe, House

pytestmark = pytest.mark.browser
MOST_TABS = 120
QUESTIONS = {
    "pt-BR": ("como funciona o vale-presente?", "Como funciona o vale-presente?", "R$ 4.000"),
    "en": ("how do gift cards work?", "How do gift cards work?", "$ 4,000"),
    "es": (
        "¿cómo funciona la tarjeta de regalo?",
        "¿Cómo funciona la tarjeta de regalo?",
        "$ 4.000",
    ),
}
"""By language: what a customer asks, the article's title, and what the answer says from now on."""


@pytest.fixture
async def house(tmp_path: Path, dist: Path, open_page: OpenPage, axe: Axe) -> AsyncIterator[House]:
    rasa = ScriptedRasa(script=lambda _: None)
    async with gateway(tmp_path, rasa, demo=True) as (services, client):
        yield House(services, client, open_page, axe)


class Mouse:
    """An editor as most are."""

    async def press(self, target: Locator) -> None:
        await target.click()

    async def write(self, target: Locator, text: str) -> None:
        await target.fill(text)


class Keyboard(Mouse):
    """An editor without a mouse: reaches everything by Tab, presses it by Enter."""

    def __init__(self, page: Page) -> None:
        self.keys = page.keyboard

    async def reach(self, target: Locator) -> None:
        await expect(target).to_be_visible()
        for _ in range(MOST_TABS):
            if await target.evaluate("one => one === document.activeElement"):
                return
            await self.keys.press("Tab")
        pytest.fail(f"Tab does not reach {target}")

    async def press(self, target: Locator) -> None:
        await self.reach(target)
        await self.keys.press("Enter")

    async def write(self, target: Locator, text: str) -> None:
        await self.reach(target)
        await self.keys.press("Control+a")
        await self.keys.type(text)


async def asked(page: Page, question: str, words: Language) -> str:
    """A new visitor asks in the widget; returns what is answered."""
    await page.locator("frontline-chat .launcher").click()
    box = page.locator("frontline-chat textarea")
    await box.fill(question)
    await box.press("Enter")
    await expect(
        page.locator("frontline-chat").get_by_text(words.bot["utter_did_it_help"])
    ).to_be_visible()
    return await page.locator("frontline-chat [role=log]").inner_text()


@pytest.mark.parametrize("locale", QUESTIONS)
async def test_an_editor_changes_what_the_next_customer_reads(
    house: House, open_page: OpenPage, locale: str
) -> None:
    question, title, news = QUESTIONS[locale]
    words = Texts()[locale]
    shop = f"{house.url}/?lang={locale}"
    before = await open_page(shop, locale=locale, expect_errors=True)
    assert news not in await asked(before, question, words)

    email = await add_staff(house.services, Role.EDITOR)
    page = await open_page(
        f"{house.url}/login?lang={locale}&next=/admin", expect_errors=True, locale=locale, **DESK
    )
    editor = Keyboard(page) if locale == "pt-BR" else Mouse()
    await editor.write(page.get_by_label(words.text("E-mail")), email)
    await editor.write(page.get_by_label(words.text("Password"), exact=True), PASSWORD)
    await editor.press(page.get_by_role("button", name=words.text("Log in")))
    await page.wait_for_url(PAST_THE_LOG_IN)
    await house.speak(page, locale)
    await editor.write(page.get_by_role("searchbox"), title)
    await editor.press(page.get_by_role("link", name=title))
    answer = page.get_by_label(words.text("Answer"), exact=True)
    await editor.write(answer, f"They hold up to **{news}** now.")
    await expect(page.get_by_role("tabpanel").first).to_contain_text(news)
    await editor.press(page.get_by_role("button", name=words.text("Publish"), exact=True))
    dialog = page.get_by_role("dialog")
    await editor.press(dialog.get_by_role("button", name=words.text("Publish"), exact=True))
    await expect(page.get_by_text(words.text("Published. The bot uses it now."))).to_be_visible()
    await house.assert_sound(page)

    after = await open_page(shop, locale=locale, expect_errors=True)
    assert news in await asked(after, question, words)
