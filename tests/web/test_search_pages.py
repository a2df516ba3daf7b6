"""Golden questions, search words, what people asked and figures, in a real browser against the real gateway."""

import os
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
import sqlalchemy as sa
from aiohttp.test_utils import TestClient
from playwright.async_api import Page, expect

from bot.conversations.tables import ContactRow, ConversationRow, MessageRow
from bot.kit.db import Tx
from bot.kit.ids import new_id
from bot.services import Services
from bot.staff.account import Role
from tests.parts import PASSWORD, add_staff, gateway
from tests.web.conftest import OpenPage

pytestmark = [pytest.mark.browser]
Axe = Callable[[Page], Awaitable[list[str]]]
Shop = tuple[Services, TestClient[Any, Any]]
DESK = {"viewport": {"width": 1280, "height": 800}}
PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}
STILL = "Promise.all(document.getAnimations().map((one) => one.finished.catch(() => undefined)))"
PICTURES = os.environ.get("FRONTLINE_PICTURES")
"""A folder: what was looked at is kept there."""


@pytest_asyncio.fixture
async def shop(tmp_path: Path, dist: Path) -> AsyncIterator[Shop]:
    async with gateway(tmp_path, demo=True) as (services, client):
        yield services, client


async def customer_asks(services: Services, text: str, decision: dict[str, Any]) -> None:
    """Store a message as a turn leaves it."""
    now = services.clock.now()
    who = new_id()

    def step(tx: Tx) -> None:
        tx.conn.execute(
            sa.insert(ContactRow).values(id=who, channel="web", external_id=who, created_at=now)
        )
        tx.conn.execute(
            sa.insert(ConversationRow).values(
                id=who, contact_id=who, channel="web", address={}, locale="en", locale_fixed=False,
                owner="bot", owner_epoch=1, episode=1, last_seq=1, created_at=now, updated_at=now,
            )
        )  # fmt: skip
        tx.conn.execute(
            sa.insert(MessageRow).values(
                id=new_id(), conversation_id=who, seq=1, author="customer", text=text,
                decision={"locale": "en", **decision}, turn_attempts=0, owner_epoch=1,
                created_at=now - timedelta(seconds=1),
            )
        )  # fmt: skip

    await services.db.write(step)


async def log_in(open_page: OpenPage, shop: Shop, **options: Any) -> Page:
    services, client = shop
    if await services.staff.find_by_email("editor@aurora.example") is None:
        await add_staff(services, Role.EDITOR)
    base = str(client.make_url("/")).rstrip("/")
    page = await open_page(f"{base}/login?lang=en&next=/admin", locale="en", **options)
    await page.get_by_label("E-mail").fill("editor@aurora.example")
    await page.get_by_label("Password", exact=True).fill(PASSWORD)
    await page.get_by_role("button", name="Log in").click()
    await expect(page.locator(".article-row").first).to_be_visible()
    return page


async def go(page: Page, section: str) -> None:
    await page.goto(page.url.split("#")[0] + f"#/{section}")


async def test_an_editor_closes_a_gap_from_question_to_answer(
    open_page: OpenPage, shop: Shop
) -> None:
    services, _ = shop
    page = await log_in(open_page, shop, **DESK)
    await go(page, "asked")
    await expect(page.get_by_text("Nothing here.")).to_be_visible()
    nothing = {"route": "clarify", "results": {"action_answer_question": "not_found"}}
    await customer_asks(services, "do you rent sofas for parties", nothing)
    await customer_asks(services, "can I rent a sofa for a party", nothing)
    card = page.get_by_role("article")
    await expect(card).to_contain_text("2 questions", timeout=15_000)
    await card.get_by_label("Language of the new article").select_option("en")
    await card.get_by_role("button", name="Write an article").click()
    await expect(page.get_by_label("Title")).to_have_value("can I rent a sofa for a party")
    await go(page, "asked")
    await page.get_by_label("State").select_option("answered")
    await expect(page.get_by_role("article")).to_contain_text("2 questions")


async def test_golden_questions_are_kept_green(open_page: OpenPage, shop: Shop) -> None:
    page = await log_in(open_page, shop, expect_errors=True, **DESK)
    await go(page, "golden")
    await expect(page.get_by_role("status").first).to_contain_text("0 failed", timeout=30_000)
    await page.get_by_role("button", name="Add a question").click()
    await page.get_by_label("Question of a customer").fill("where is my parcel right now")
    await page.get_by_label("Key of the article").fill("nothing-like-that")
    await page.get_by_role("button", name="Keep it").click()
    await expect(page.get_by_text("There is no article")).to_be_visible()
    await page.get_by_label("Key of the article").fill("gift-wrap")
    await page.get_by_role("button", name="Keep it").click()
    await expect(page.get_by_role("status").first).to_contain_text("1 failed", timeout=30_000)


async def test_a_synonym_is_in_force_at_once(open_page: OpenPage, shop: Shop) -> None:
    services, _ = shop
    page = await log_in(open_page, shop, **DESK)
    await go(page, "words")
    await page.get_by_label("Language", exact=True).select_option("en")
    field = page.get_by_label("Words, separated by commas").first
    await field.fill("gift wrap, prettybox")
    await page.get_by_role("button", name="Add", exact=True).click()
    await expect(page.get_by_text("gift wrap, prettybox")).to_be_visible()
    answer = await services.knowledge.ask("prettybox please", locale="en")
    assert answer.hits[0].key == "gift-wrap"


@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
async def test_nothing_is_in_the_way(
    open_page: OpenPage, shop: Shop, axe: Axe, size: dict[str, Any]
) -> None:
    services, _ = shop
    nothing = {"route": "clarify", "results": {"action_answer_question": "not_found"}}
    await customer_asks(services, "do you rent sofas for parties", nothing)
    hit = (await services.knowledge.ask("gift wrap", locale="en")).hits[0]
    shown = {"article_id": hit.article_id, "key": hit.key, "revision": hit.revision}
    await customer_asks(services, "gift wrap", {"route": "faq", "article": shown})
    page = await log_in(open_page, shop, **size)
    for section, ready in (
        ("golden", ".plain-row"),
        ("words", ".word-form"),
        ("asked", ".asked-group"),
        ("figures", ".figures-table"),
    ):
        await go(page, section)
        await expect(page.locator(ready).first).to_be_visible(timeout=30_000)
        await page.evaluate(STILL)
        assert await axe(page) == [], section
        assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth"), section
        if PICTURES:
            width = size["viewport"]["width"]
            await page.screenshot(path=f"{PICTURES}/{section}-{width}.png")
    await go(page, f"articles/{hit.article_id}")
    await page.get_by_role("tab", name="Figures").click()
    await expect(page.locator(".figures-small td").first).to_have_text("1")
    await page.evaluate(STILL)
    assert await axe(page) == []
    assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
