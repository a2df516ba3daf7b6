"""From waiting to the rating in real browsers: the customer's widget, the agent's console, the supervisor's page."""

import os
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.async_api import Page, expect

from bot.dialogue.rasa_wire import RasaReply
from bot.staff.account import Role
from tests.parts import ScriptedRasa, gateway
from tests.web.conftest import OpenPage
from tests.web.test_console import PHONE
from tests.web.test_widget import Customer
from tests.web.test_wording_pages import Axe, House

pytestmark = [pytest.mark.browser, pytest.mark.timeout(900)]
PICTURES = os.environ.get("FRONTLINE_TEST_PICTURES")


@dataclass
class Words:
    """What is said in one language."""

    ask: str
    wait: str
    waiting: str
    resolved: str
    question: str
    why: str
    thanks: str


LANGUAGES = {
    "en": Words(
        "where is my order",
        "Wait here",
        "you're in line",
        "Solved, thanks",
        "How was the help you got from Agent?",
        "Would you like to say why?",
        "that helps us to get better",
    ),
    "pt-BR": Words(
        "onde est\u00e1 o meu pedido de ontem",
        "Esperar aqui",
        "voc\u00ea est\u00e1 na fila",
        "Resolvido, obrigado",
        "Como foi o atendimento de Agent?",
        "Quer contar o motivo?",
        "isso nos ajuda a melhorar",
    ),
    "es": Words(
        "d\u00f3nde est\u00e1 el pedido que hice ayer",
        "Esperar aqu\u00ed",
        "est\u00e1s en la cola",
        "Resuelto, gracias",
        "\u00bfC\u00f3mo fue la atenci\u00f3n de Agent?",
        "\u00bfQuieres contarnos el motivo?",
        "eso nos ayuda a mejorar",
    ),
}


@pytest.fixture
async def house(tmp_path: Path, dist: Path, open_page: OpenPage, axe: Axe) -> AsyncIterator[House]:
    rasa = ScriptedRasa(script=lambda _: [RasaReply("utter_greet", None, {}, ())])
    rasa.failed_actions = ("action_start_order_check",)
    async with gateway(tmp_path, rasa, demo=True) as (services, client):
        yield House(services, client, open_page, axe)


async def picture(page: Page, name: str) -> None:
    if PICTURES:
        await page.screenshot(path=Path(PICTURES) / f"{name}.png")


async def waits(customer: Customer, words: Words, locale: str) -> None:
    """The customer is handed over, and chooses to wait."""
    await customer.open_chat()
    await customer.write(words.ask)
    await expect(customer.log).to_contain_text("FL-", timeout=60_000)
    await expect(customer.log.locator(".choices button")).to_have_count(3)
    await picture(customer.page, f"widget-choices-{locale}")
    await customer.log.get_by_role("button", name=words.wait).click()
    await expect(customer.bubbles.last).to_contain_text(words.waiting, timeout=30_000)


async def rates(customer: Customer, words: Words, locale: str, score: str, comment: str) -> None:
    """The customer says that it is solved, taps a score, and adds a word."""
    await customer.log.get_by_role("button", name=words.resolved).click(timeout=60_000)
    await expect(customer.bubbles.last).to_contain_text(words.question, timeout=30_000)
    await picture(customer.page, f"widget-rating-{locale}")
    await customer.log.get_by_role("button", name=score, exact=True).last.click()
    await expect(customer.bubbles.last).to_contain_text(words.why, timeout=30_000)
    await customer.write(comment)
    await expect(customer.bubbles.last).to_contain_text(words.thanks, timeout=30_000)


async def test_from_waiting_to_the_rating_in_three_languages(
    house: House, open_page: OpenPage, axe: Axe
) -> None:
    customers = {}
    for locale, words in LANGUAGES.items():
        page = await open_page(f"{house.url}/?lang={locale}", **PHONE)
        customers[locale] = Customer(page)
        await waits(customers[locale], words, locale)

    agent = await house.log_in(Role.AGENT, "/articles")
    await agent.goto(f"{house.url}/console")
    await agent.get_by_role("button", name="Claim next").first.click()
    case = agent.get_by_role("complementary", name="Case")
    await expect(case).to_contain_text("Waits in line.", timeout=30_000)
    await expect(customers["en"].bubbles.last).to_contain_text("Agent from our team")
    await picture(agent, "console-waits")
    await agent.get_by_role("button", name="Resolve", exact=True).first.click()
    dialog = agent.get_by_role("dialog")
    await expect(dialog.get_by_role("switch", name="Ask the customer how it was")).to_be_checked()
    await dialog.get_by_role("button", name="Resolve", exact=True).click()
    await expect(dialog).to_have_count(0)

    boss = await house.log_in(Role.SUPERVISOR, "/feedback")
    await expect(boss.get_by_text("There are no ratings here.")).to_be_visible()
    await rates(customers["en"], LANGUAGES["en"], "en", "1", "nobody listened to me")
    await expect(case).to_contain_text("nobody listened to me", timeout=60_000)

    staff = next(one for one in await house.services.desk.list_agents() if one.name == "Agent")
    for locale in ("pt-BR", "es"):
        found = await house.services.desk.claim_next(staff)
        assert found is not None
        await house.services.desk.resolve(found.listed.ticket.id, staff)
        await rates(customers[locale], LANGUAGES[locale], locale, "5", "perfecto, perfeito")
        assert await axe(customers[locale].page) == []

    await boss.reload()
    rows = boss.locator(".feedback-row")
    await expect(rows).to_have_count(3)
    await boss.get_by_label("Show", exact=True).select_option(label="Bad ones nobody has seen")
    await expect(rows).to_have_count(1)
    await expect(rows).to_contain_text("nobody listened to me")
    await house.look(boss, "feedback", rows)
    await boss.get_by_label("Show", exact=True).select_option(label="Bad ones (1 and 2)")
    await boss.get_by_role("button", name="Mark as seen").click()
    await expect(rows).to_contain_text("Seen by Supervisor")
    await boss.get_by_role("tab", name="Numbers").click()
    await expect(boss.get_by_role("row", name="People")).to_contain_text("66.7%")
    await expect(boss.get_by_role("row", name="Bot")).to_contain_text("No data")
    await house.look(boss, "feedback-numbers", boss.locator(".sl-table"))
    await boss.get_by_role("tab", name="When to ask").click()
    await expect(boss.get_by_role("switch", name="After people have helped")).to_be_disabled()

    admin = await house.log_in(Role.ADMIN, "/feedback?view=rules")
    minutes = admin.get_by_label("Minutes of quiet before the question")
    await expect(minutes).to_have_value("10")
    await minutes.fill("5")
    await admin.get_by_role("button", name="Save", exact=True).click()
    await expect(admin.get_by_text("Saved.")).to_be_visible()
    await house.look(admin, "feedback-rules", admin.locator(".feedback-settings"))
    assert (await house.services.ratings.get_settings()).delay_minutes == 5
