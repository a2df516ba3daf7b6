"""From a resolved ticket to an article: the agent's console and the editor's pages, in a real browser."""

import uuid
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Page, expect

from bot.dialogue.rasa_client import TurnRequest
from bot.dialogue.rasa_wire import RasaReply
from bot.staff.account import Role
from tests.parts import ScriptedRasa, bearer, gateway
from tests.web.conftest import OpenPage
from tests.web.test_console import DESK, PHONE
from tests.web.test_wording_pages import PICTURES, Axe, House

pytestmark = pytest.mark.browser


def script(request: TurnRequest) -> list[RasaReply] | None:
    """A person when one is asked for (the way without Rasa), else nothing was understood."""
    if "person" in request.text:
        return None
    return [RasaReply("utter_ask_rephrase", None, {}, ())]


@pytest.fixture
async def house(tmp_path: Path, dist: Path, open_page: OpenPage, axe: Axe) -> AsyncIterator[House]:
    async with gateway(tmp_path, ScriptedRasa(script=script)) as (services, client):
        yield House(services, client, open_page, axe)


async def ask_for_a_person(house: House) -> str:
    """Write as a customer until a ticket is open; return its id."""
    async with house.client.post("/api/widget/v1/sessions", json={"locale": "en"}) as response:
        session = await response.json()
    headers = bearer(session["session_token"])
    for text in ("Do you rent sofas for parties?", "I want a person"):
        body = {"client_id": str(uuid.uuid4()), "text": text}
        async with house.client.post(
            "/api/widget/v1/messages", json=body, headers=headers
        ) as response:
            seq = (await response.json())["seq"]
        path = f"/api/widget/v1/messages?after={seq}&wait=20"
        async with house.client.get(path, headers=headers) as response:
            assert (await response.json())["messages"]
    conversation = session["conversation_id"]
    ticket = await house.services.db.read(
        lambda conn: house.services.desk.find_open(conn, conversation)
    )
    assert ticket is not None
    return str(ticket.id)


async def answer(page: Page, text: str) -> None:
    """Claim the open ticket and answer it."""
    await page.get_by_role("button", name="Claim", exact=True).click()
    box = page.locator("#composer-text")
    await expect(box).to_be_editable()
    await box.fill(text)
    await page.get_by_role("button", name="Send", exact=True).click()
    await expect(page.locator(".message, .bubble").filter(has_text=text).first).to_be_visible()


async def both_sizes(house: House, page: Page, name: str) -> None:
    """Check an open dialog on a desk and on a phone."""
    for size in (PHONE, DESK):
        viewport: Any = size["viewport"]
        await page.set_viewport_size(viewport)
        await house.assert_sound(page)
        if PICTURES:
            await page.screenshot(path=Path(PICTURES) / f"{name}-{viewport['width']}.png")


async def test_an_answer_becomes_an_article_by_way_of_an_editor(house: House) -> None:
    ticket = await ask_for_a_person(house)
    agent = await house.log_in(Role.SUPERVISOR, "/try")
    await agent.goto(f"{house.url}/console#/t/{ticket}")
    await answer(agent, "Yes, we rent sofas. Call 11 91234-5678.")

    await agent.get_by_role("button", name="Resolve", exact=True).click()
    dialog = agent.get_by_role("dialog")
    await dialog.get_by_role("switch", name="Propose an article from the answer").check()
    question = dialog.get_by_label("Question in the customer's words")
    await expect(question).to_have_value("Do you rent sofas for parties?")
    await expect(dialog.get_by_role("textbox", name="Answer")).to_have_value(
        "Yes, we rent sofas. Call …."
    )
    await both_sizes(house, agent, "resolve-propose")
    await question.fill("")
    await dialog.get_by_role("button", name="Resolve").click()
    await expect(dialog.get_by_text("Say which question it answers.")).to_be_visible()
    await question.fill("Do you rent sofas?")
    await dialog.get_by_role("button", name="Resolve").click()
    await expect(agent.get_by_text("Resolved.", exact=True)).to_be_visible()

    editor = await house.log_in(Role.EDITOR, "/proposed")
    card = editor.get_by_role("article", name="Do you rent sofas?")
    await expect(card).to_contain_text("Yes, we rent sofas.")
    await house.look(editor, "proposed", editor.locator(".proposed-title"))
    await card.get_by_role("button", name="Send back…").click()
    await editor.get_by_role("dialog").get_by_role("button", name="Send back").click()
    await expect(editor.get_by_text("Please give a reason.")).to_be_visible()
    await editor.get_by_role("dialog").get_by_label("Reason").fill("For how long?")
    await editor.get_by_role("dialog").get_by_role("button", name="Send back").click()
    await expect(editor.get_by_text("Nothing here.")).to_be_visible()

    # The agent is told, reads why and puts it better, with the keyboard.
    await expect(agent.get_by_text("An editor sent your proposed article back.")).to_be_visible()
    mine = agent.get_by_role("button", name="My proposals")
    await expect(mine).to_contain_text("1")
    await mine.focus()
    await agent.keyboard.press("Enter")
    dialog = agent.get_by_role("dialog")
    await expect(dialog.get_by_text("“For how long?”")).to_be_visible()
    await both_sizes(house, agent, "my-proposals")
    await dialog.get_by_role("button", name="Improve").press("Enter")
    await expect(dialog.get_by_text("“For how long?”")).to_be_visible()
    await dialog.get_by_role("textbox", name="Answer").fill("Yes, from 3 days on.")
    await dialog.get_by_role("button", name="Propose", exact=True).press("Enter")
    await expect(agent.get_by_text("Proposed. An editor looks at it.")).to_be_visible()

    await card.get_by_role("button", name="Make a draft of it").click()
    await expect(editor.get_by_label("Title", exact=True)).to_have_value("Do you rent sofas?")
    await editor.get_by_role("button", name="Publish", exact=True).click()
    await editor.get_by_role("dialog").get_by_role("button", name="Publish").click()
    await expect(editor.get_by_text("Published. The bot uses it now.")).to_be_visible()
    await editor.get_by_role("tab", name="Figures").click()
    await expect(editor.get_by_text("0 tickets avoided")).to_be_visible()
    await mine.click()
    await expect(agent.get_by_role("dialog").get_by_text("Live")).to_be_visible()
    await agent.get_by_role("dialog").get_by_role("button", name="Close").click()
    await house.look(agent, "console-proposals", agent.locator("main"))
