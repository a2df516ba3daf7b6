"""What the bot says, its hours and its notices, edited in a real browser; customers read it at once."""

import os
import re
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Locator, Page, expect

from bot.dialogue.rasa_wire import RasaReply
from bot.services import Services
from bot.staff.account import Role
from tests.parts import PASSWORD, ScriptedRasa, add_staff, bearer, gateway
from tests.system import until
from tests.web.conftest import OpenPage
from tests.web.test_console import DESK, PHONE, STILL

pytestmark = pytest.mark.browser

Axe = Callable[[Page], Awaitable[list[str]]]
PAST_THE_LOG_IN = re.compile(r"^[^?]*/(admin|console)")
"""An address of the pages themselves, not of the log-in that names one as what comes next."""
PICTURES = os.environ.get("FRONTLINE_TEST_PICTURES")
"""A folder to leave pictures of the pages in."""


class House:
    """A real gateway, and a browser that is logged in to it."""

    def __init__(self, services: Services, client: Any, open_page: OpenPage, axe: Axe) -> None:
        self.services = services
        self.client = client
        self.url = str(client.make_url("")).rstrip("/")
        self._open = open_page
        self._axe = axe

    async def log_in(self, role: Role, path: str, **options: Any) -> Page:
        email = await add_staff(self.services, role)
        page = await self._open(
            f"{self.url}/login?lang=en&next=/admin", expect_errors=True, **{**DESK, **options}
        )
        await page.get_by_label("E-mail").fill(email)
        await page.get_by_label("Password", exact=True).fill(PASSWORD)
        await page.get_by_role("button", name="Log in").click()
        await page.wait_for_url(PAST_THE_LOG_IN)
        await self.speak(page, "en")
        await page.goto(f"{self.url}/admin#{path}")
        return page

    async def speak(self, page: Page, locale: str) -> None:
        """Choose the language of the interface."""
        await page.evaluate(
            """async (locale) => {
                const me = await (await fetch("/api/v1/me")).json();
                await fetch("/api/v1/me", {
                    method: "PATCH",
                    headers: {"x-csrf-token": me.csrf_token, "content-type": "application/json"},
                    body: JSON.stringify({ locale }),
                });
            }""",
            locale,
        )
        await page.reload()

    async def assert_sound(self, page: Page) -> None:
        """Nothing for axe to complain about, nothing cut off at the side."""
        await page.evaluate(STILL)
        assert await self._axe(page) == []
        assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")

    async def look(self, page: Page, name: str, ready: Locator) -> None:
        """Check the page in every language, on a desk and on a phone."""
        for locale in ("pt-BR", "en", "es"):
            await self.speak(page, locale)
            for size in (DESK, PHONE):
                viewport: Any = size["viewport"]
                await page.set_viewport_size(viewport)
                await expect(ready.first).to_be_visible()
                await self.assert_sound(page)
                if PICTURES:
                    path = Path(PICTURES) / f"{name}-{locale}-{viewport['width']}.png"
                    await page.screenshot(path=path, full_page=True)
        await page.set_viewport_size(DESK["viewport"])  # type: ignore[arg-type]  # a literal
        await self.speak(page, "en")
        await expect(ready.first).to_be_visible()

    async def ask(self, text: str, *, locale: str = "en") -> list[str]:
        """Write to the bot as a new visitor and return what it answers."""
        async with self.client.post("/api/widget/v1/sessions", json={"locale": locale}) as response:
            headers = bearer((await response.json())["session_token"])
        body = {"client_id": str(uuid.uuid4()), "text": text}
        async with self.client.post(
            "/api/widget/v1/messages", json=body, headers=headers
        ) as response:
            seq = (await response.json())["seq"]
        path = f"/api/widget/v1/messages?after={seq}&wait=10"
        async with self.client.get(path, headers=headers) as response:
            return [str(m["text"]) for m in (await response.json())["messages"]]


@pytest.fixture
async def house(tmp_path: Path, dist: Path, open_page: OpenPage, axe: Axe) -> AsyncIterator[House]:
    rasa = ScriptedRasa(script=lambda _: [RasaReply("utter_greet", None, {}, ())])
    async with gateway(tmp_path, rasa) as (services, client):
        yield House(services, client, open_page, axe)


async def test_a_text_is_changed_previewed_and_taken_back(house: House) -> None:
    page = await house.log_in(Role.EDITOR, "/texts")
    row = page.locator(".article-row")
    await page.get_by_role("searchbox", name="Search texts").fill("virtual assistant orders hours")
    await page.get_by_label("Area", exact=True).select_option(label="Greetings and small talk")
    await expect(row.filter(has_text="utter_greet").first).to_be_visible()
    await row.filter(has_text="utter_greet").first.get_by_role("link").click()
    wording = page.get_by_label("Wording")
    await expect(page.get_by_role("heading", name="utter_greet")).to_be_visible()
    save = page.get_by_role("button", name="Save", exact=True)
    await expect(save).to_be_disabled()

    await wording.fill("Hello {name}, **welcome")
    problem = page.locator(".field-error")
    await expect(problem).to_contain_text("{name} is not known in this text.")
    await expect(problem).to_contain_text("A mark is not closed")
    await expect(save).to_be_disabled()
    await wording.fill("Hello, **welcome**!")
    await expect(problem).to_have_count(0)
    await expect(page.locator(".preview strong")).to_have_text("welcome")
    await page.get_by_role("tab", name="Telegram").click()
    await expect(page.get_by_text("15 of 4,096 characters")).to_be_visible()
    await page.get_by_label("Reason").fill("warmer")
    await save.click()
    await expect(page.get_by_text("Saved. The bot says it from now on.")).to_be_visible()
    assert await house.ask("hello") == ["Hello, **welcome**!"]

    await page.get_by_role("tab", name="History").click()
    await expect(page.get_by_text("“warmer”")).to_be_visible()
    await page.get_by_role("button", name="Compare").click()
    await expect(page.locator(".diff-added")).to_contain_text("Hello, **welcome**!")
    await house.look(page, "text", page.locator(".preview-bubble"))

    await page.get_by_role("button", name="Restore what was shipped").click()
    await page.get_by_role("dialog").get_by_role("button", name="Restore").click()
    await expect(page.get_by_text("Restored. The bot says it from now on.")).to_be_visible()
    assert (await house.ask("hello"))[0].startswith("Hello! I'm")
    await page.goto(f"{house.url}/admin#/texts")
    await house.look(page, "texts", row)


async def test_a_variable_is_put_in_by_keyboard(house: House) -> None:
    page = await house.log_in(Role.EDITOR, "/texts/utter_code_failed?locale=en")
    wording = page.get_by_label("Wording")
    await wording.fill("Wrong. Tries left: ")
    await expect(page.locator(".field-error")).to_contain_text("Keep {tries} in the text.")
    await page.get_by_role("button", name="{tries}").focus()
    await page.keyboard.press("Enter")
    await expect(wording).to_have_value("Wrong. Tries left: {tries}")
    await page.keyboard.press("Tab")
    await expect(page.locator(".preview")).to_contain_text("Wrong. Tries left: 2")


async def test_somebody_else_was_faster(house: House) -> None:
    page = await house.log_in(Role.EDITOR, "/texts/utter_greet?locale=en")
    wording = page.get_by_label("Wording")
    await wording.fill("Mine")
    admin = await house.services.staff.add(
        email="other@aurora.example", name="Other", role=Role.ADMIN, level=None, password=PASSWORD
    )
    await house.services.bot_texts.change(
        ("utter_greet", "en", "any"), "Theirs", version=0, actor=admin.id
    )
    await page.get_by_role("button", name="Save", exact=True).click()
    await expect(page.get_by_text("Somebody changed this text in the meantime")).to_be_visible()
    await expect(wording).to_have_value("Mine")
    await page.get_by_role("tab", name="History").click()
    await expect(page.get_by_text("Other ·")).to_be_visible()
    await page.get_by_role("button", name="Save", exact=True).click()
    await expect(page.get_by_text("Saved. The bot says it from now on.")).to_be_visible()
    assert await house.ask("hello") == ["Mine"]


async def test_an_auditor_reads(house: House) -> None:
    page = await house.log_in(Role.AUDITOR, "/texts/utter_greet?locale=en")
    await expect(page.get_by_label("Wording")).to_have_attribute("readonly", "")
    await expect(page.get_by_role("button", name="Save", exact=True)).to_have_count(0)


async def test_opening_hours_are_edited_tried_and_asked_for(house: House) -> None:
    page = await house.log_in(Role.EDITOR, "/hours")
    await page.get_by_role("button", name="New calendar").click()
    await page.get_by_role("dialog").get_by_label("Name").fill("Loja São José")
    await page.get_by_role("dialog").get_by_role("button", name="Add").click()
    await expect(page.get_by_role("heading", name="Loja São José", level=1)).to_be_visible()
    assert page.url.endswith("/hours/loja-sao-jose")
    save = page.get_by_role("button", name="Save", exact=True)

    await page.get_by_label("Monday: closes").fill("08:00")
    await expect(page.locator(".hours-day .field-error")).to_contain_text(
        "Closing comes after opening."
    )
    await expect(save).to_be_disabled()
    await page.get_by_label("Monday: closes").fill("12:00")
    await page.get_by_role("button", name="Add times Monday").click()
    await page.get_by_label("Monday: opens").nth(1).fill("13:00")
    await page.get_by_label("Monday: closes").nth(1).fill("00:00")
    await page.get_by_role("button", name="Monday's hours until Friday").click()
    await expect(page.get_by_label("Friday: closes").nth(1)).to_have_value("00:00")
    await page.get_by_label("What customers call it (English)").fill("São José shop")
    await page.get_by_label("Other words for it").fill("sao jose")
    await page.get_by_label("Public holidays of").select_option(label="Brazil")
    await page.get_by_label("State or region").select_option(label="SP")
    ahead = page.locator(".hours-ahead li")
    christmas = ahead.filter(has_text="December").filter(has_text="Christmas")
    await expect(christmas.first).to_contain_text("closed")

    await page.get_by_label("Date and time").fill("2027-04-21T10:00")
    verdict = page.locator(".hours-verdict")
    await expect(verdict).to_contain_text("Closed")
    await expect(verdict).to_contain_text("Public holiday: Tiradentes")
    await page.get_by_label("Date and time").fill("2027-04-22T23:30")
    await expect(verdict).to_contain_text("Open")
    await page.get_by_label("Question of a customer").fill("do you close for lunch on Monday?")
    await expect(page.locator(".hours-side .preview-bubble")).to_contain_text("12:00 to 13:00")
    await save.click()
    await expect(page.get_by_text("Saved. The bot and the queues go by it")).to_be_visible()
    services = house.services
    answer = await services.hours.answer(
        "is the São José shop open next Thursday?", locale="en", now=services.clock.now()
    )
    assert answer.text.startswith("**São José shop**")
    assert "from 13:00 to 24:00" in answer.text

    await christmas.first.get_by_role("button").click()
    await expect(page.locator(".hours-entry")).to_have_count(1)
    await page.get_by_role("button", name="Add a notice").click()
    await expect(
        page.get_by_text("Write the notice at least in the main language.")
    ).to_be_visible()
    await page.get_by_label("Notice (Português)").fill("Entrada pelos fundos.")
    await save.click()

    async def saved() -> Any:
        # The button is greyed while it is being saved as well as afterwards.
        found = await services.calendars.get("loja-sao-jose")
        return found if found.calendar.version == 3 else None

    stored = await until(saved, seconds=30, what="the calendar with its notice")
    await expect(save).to_be_disabled()
    assert len(stored.calendar.special_days) == 1
    await house.look(page, "hours", verdict)

    await page.get_by_role("link", name="Opening hours").first.click()
    await house.look(page, "calendars", page.locator(".article-row"))


async def test_a_notice_is_written_tried_told_and_ended(house: House) -> None:
    page = await house.log_in(Role.EDITOR, "/notices")
    await expect(page.get_by_text("There are no notices here.")).to_be_visible()
    await page.get_by_role("link", name="New notice").click()
    save = page.get_by_role("button", name="Save", exact=True)
    await save.click()
    await expect(page.get_by_text("Give the notice a title.")).to_be_visible()
    await expect(page.get_by_text("Say whom it concerns")).to_be_visible()
    await page.get_by_label("Title").fill("Boleto atrasado")
    await page.get_by_label("Português", exact=True).fill("Boletos estão **atrasados**.")
    await page.get_by_label("English", exact=True).fill("Bank slips are **late**.")
    await page.get_by_label("Words", exact=True).fill("boleto\nbank slip")
    await page.get_by_label("From").fill("2026-01-02T10:00")
    await page.get_by_label("Until", exact=True).fill("2026-01-01T10:00")
    await save.click()
    await expect(page.get_by_text("The end comes after the start.")).to_be_visible()
    await page.get_by_label("From").fill("")
    await page.get_by_label("Until", exact=True).fill("")
    await page.get_by_label("Question of a customer").fill("where is my bank slip?")
    await page.get_by_role("button", name="Try it").click()
    await expect(page.locator(".notice-verdict")).to_contain_text("word bank slip")
    await save.click()
    await expect(page.get_by_text("The bot says it from now on.")).to_be_visible()
    await expect(page.locator(".editor-states")).to_have_text("Being told")
    heard = await house.ask("is the bank slip payment late?")
    assert heard[0] == "Bank slips are **late**."
    assert len(heard) == 2
    await house.look(page, "notice", page.locator(".preview-bubble"))

    await page.get_by_role("link", name="Notices").last.click()
    row = page.locator(".article-row")
    await expect(row).to_contain_text("told 1 customer")
    await house.look(page, "notices", row)
    await row.get_by_role("link").click()
    await page.get_by_role("button", name="End now").click()
    await expect(page.locator(".editor-states")).to_have_text("Over")
    assert len(await house.ask("is the bank slip payment late?")) == 1
