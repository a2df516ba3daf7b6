"""Macros and rules in a real browser: made by an admin, tried, applied by an agent, seen in the log."""

import uuid
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Page, expect

from bot.conversations import repository as conversations
from bot.dialogue.rasa_wire import RasaReply
from bot.kit.ids import new_id
from bot.staff.account import Role
from handoff.pack import PackInput
from handoff.ticket import Reason
from tests.parts import ScriptedRasa, bearer, gateway
from tests.web.conftest import OpenPage
from tests.web.test_console import DESK, PHONE
from tests.web.test_wording_pages import PICTURES, Axe, House

pytestmark = pytest.mark.browser


@pytest.fixture
async def house(tmp_path: Path, dist: Path, open_page: OpenPage, axe: Axe) -> AsyncIterator[House]:
    rasa = ScriptedRasa(script=lambda _: [RasaReply("utter_greet", None, {}, ())])
    async with gateway(tmp_path, rasa) as (services, client):
        yield House(services, client, open_page, axe)


async def picture(page: Page, name: str) -> None:
    """Leave a picture at both widths, where they are wanted; the page is not loaded anew."""
    for size in (PHONE, DESK):
        viewport: Any = size["viewport"]
        await page.set_viewport_size(viewport)
        assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        if PICTURES:
            path = Path(PICTURES) / f"{name}-{viewport['width']}.png"
            await page.screenshot(path=path, full_page=True)


async def hand_off(house: House) -> tuple[str, str]:
    """Open a ticket and return its id, and the customer's session."""
    async with house.client.post("/api/widget/v1/sessions", json={"locale": "en"}) as response:
        session = await response.json()
    services = house.services
    opened = await services.db.write(
        lambda tx: services.desk.open_ticket(
            tx,
            conversation=conversations.get_conversation(tx.conn, session["conversation_id"]),
            reason=Reason.CUSTOMER_ASKED,
            turn_id=new_id(),
            pack_facts=PackInput(subject="The parcel is missing"),
            topic=None,
            now=services.clock.now(),
        )
    )
    return opened.ticket_id, str(session["session_token"])


async def test_a_macro_and_a_rule_from_the_admin_to_the_ticket(house: House) -> None:
    ticket, customer = await hand_off(house)
    page = await house.log_in(Role.ADMIN, "/macros")
    await expect(page.get_by_role("heading", name="Macros", exact=True)).to_be_visible()
    await house.look(page, "macros", page.locator(".au-row"))

    # An admin writes a macro; what is missing is marked.
    await page.get_by_role("link", name="New macro").click()
    await page.get_by_label("Name", exact=True).fill("Parcel")
    await page.get_by_role("button", name="Save", exact=True).click()
    await expect(page.get_by_text("Nothing was saved. Correct what is marked.")).to_be_visible()
    await page.get_by_label("Text in English").fill("Hello {customer}, we look for {number}.")
    await page.get_by_role("button", name="Add something to do").click()
    await page.get_by_label("Do", exact=True).nth(1).select_option(label="Wait for a third party")
    await page.get_by_label("Vendor (optional)").fill("Acme Parcels")
    await page.get_by_label("Answer expected within days (optional)").fill("3")
    await house.assert_sound(page)
    await page.get_by_role("button", name="Save", exact=True).click()
    await expect(page.locator(".au-row").filter(has_text="Parcel").first).to_be_visible()

    # A rule is tried on the ticket that is there, then saved.
    await page.goto(f"{house.url}/admin#/rules")
    await expect(page.locator(".au-row")).to_have_count(5)
    await house.look(page, "rules", page.locator(".au-row"))
    await page.get_by_role("link", name="New rule").click()
    await page.get_by_label("Name", exact=True).fill("Angry")
    await page.get_by_label("The customer wrote").check()
    await page.get_by_label("Words of the customer").fill("scandal*")
    await page.get_by_label("Do", exact=True).select_option(label="Make more urgent")
    await page.get_by_role("button", name="Try the rule").click()
    await expect(page.get_by_text("It would have fitted 0 of 1 tickets.")).to_be_visible()
    await expect(page.get_by_text("Words of the customer does not fit")).to_be_visible()
    await house.assert_sound(page)
    await picture(page, "rule-editor")
    await page.get_by_role("button", name="Save", exact=True).click()
    await expect(page.locator(".au-row").filter(has_text="Angry")).to_be_visible()

    # The customer says the word: the rule does what it says, and the log says why.
    async with house.client.post(
        "/api/widget/v1/messages",
        json={"client_id": str(uuid.uuid4()), "text": "This is a scandal!"},
        headers=bearer(customer),
    ) as response:
        assert response.status == 202
    await page.goto(f"{house.url}/console#/t/{ticket}")
    await expect(page.locator(".ticket-head").get_by_text("High", exact=True)).to_be_visible()

    # In the console the macro is refused until the ticket is one's own.
    more = page.get_by_role("button", name="More actions")
    await more.click()
    await page.get_by_role("menuitem", name="Macros…").click()
    dialog = page.get_by_role("dialog", name="Macros")
    await dialog.get_by_label("Parcel").check()
    await expect(dialog.get_by_text("This can't be done now")).to_be_visible()
    await expect(dialog.get_by_text("Claim it first.")).to_be_visible()
    await expect(dialog.get_by_role("button", name="Apply")).to_be_disabled()
    await dialog.get_by_role("button", name="Cancel").click()
    await page.get_by_role("button", name="Claim", exact=True).click()
    await expect(page.locator(".ticket-head").get_by_text("In progress")).to_be_visible()
    await more.click()
    await page.get_by_role("menuitem", name="Macros…").click()
    await dialog.get_by_label("Parcel").check()
    await expect(dialog.get_by_text("This will happen")).to_be_visible()
    await expect(dialog.locator(".macro-text")).to_contain_text("we look for FL-")
    await house.assert_sound(page)
    await picture(page, "macros-dialog")
    await dialog.get_by_role("button", name="Apply").click()
    await expect(page.get_by_text("“Parcel” was applied.")).to_be_visible()
    case = page.get_by_role("complementary", name="Case")
    await expect(case.get_by_text("Acme Parcels")).to_be_visible()
    await house.look(page, "third-party", page.locator(".ticket-head"))
    await case.get_by_role("tab", name="History").click()
    await expect(case.get_by_text("Rule “Angry”").first).to_be_visible()
    await expect(case.get_by_text("Macro applied")).to_be_visible()

    await page.goto(f"{house.url}/admin#/rules")
    await page.get_by_role("tab", name="What fitted").click()
    await expect(page.locator(".au-result").filter(has_text="Angry")).to_contain_text("scandal*")
    await house.look(page, "rules-log", page.locator(".au-result"))
