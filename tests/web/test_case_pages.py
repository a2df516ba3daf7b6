"""A case in real browsers: filed, noted with a name, merged; and the list of categories."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import expect

from bot.conversations import repository as conversations
from bot.conversations.conversation import Author, Draft, Owner
from bot.kit.db import Tx
from bot.kit.ids import new_id
from bot.staff.account import Role
from handoff import repository as desk
from handoff.pack import PackInput
from handoff.service import Opened
from handoff.ticket import Reason
from tests.parts import gateway
from tests.web.conftest import OpenPage
from tests.web.test_wording_pages import Axe, House

pytestmark = pytest.mark.browser


@pytest.fixture
async def house(tmp_path: Path, dist: Path, open_page: OpenPage, axe: Axe) -> AsyncIterator[House]:
    async with gateway(tmp_path) as (services, client):
        yield House(services, client, open_page, axe)


async def two_requests(house: House) -> tuple[Opened, Opened]:
    """One customer with two conversations, both with people."""
    services = house.services
    now = services.clock.now()

    def step(tx: Tx) -> list[Opened]:
        contact = conversations.open_contact(
            tx, channel="web", external_id="maria", display_name="Maria", now=now
        )
        opened = []
        for text in ("Where is my parcel?", "My parcel is late!"):
            conversation = conversations.open_conversation(
                tx, contact_id=contact, channel="web", locale="en", address={}, now=now
            )
            conversations.append(tx, conversation.id, [Draft(Author.CUSTOMER, text)], now=now)
            opened.append(
                services.desk.open_ticket(
                    tx,
                    conversation=conversations.get_conversation(tx.conn, conversation.id),
                    reason=Reason.CUSTOMER_ASKED,
                    turn_id=new_id(),
                    pack_facts=PackInput(subject=text),
                    topic="delivery",
                    now=now,
                )
            )
        return opened

    first, second = await services.db.write(step)
    return first, second


async def test_a_case_is_filed_noted_and_merged(house: House) -> None:
    first, second = await two_requests(house)
    chief = await house.log_in(Role.SUPERVISOR, "/")
    await chief.goto(f"{house.url}/console#/")
    await expect(chief.get_by_role("button", name="Mentions", exact=True)).to_be_visible()

    page = await house.log_in(Role.AGENT, "/")
    await page.goto(f"{house.url}/console#/t/{first.ticket_id}")
    case = page.get_by_role("complementary", name="Case")
    category = case.get_by_label("Category", exact=True)
    await expect(category).to_have_value("delivery")  # the topic of the hand-off
    await category.select_option(label="Returns and exchanges")

    await case.get_by_role("button", name="Change the subject").click()
    subject = case.get_by_label("Subject", exact=True)
    await subject.fill("Parcel lost in Recife")
    await subject.press("Enter")
    await expect(case.locator(".filing-subject")).to_have_text("Parcel lost in Recife")

    await case.get_by_role("button", name="Change the priority").click()
    dialog = page.get_by_role("dialog")
    await dialog.get_by_role("button", name="Save", exact=True).click()
    await expect(dialog).to_contain_text("Please give a reason.")
    await dialog.get_by_role("radio", name="By impact and urgency").check()
    await dialog.get_by_label("Impact: how much is affected").select_option("high")
    await dialog.get_by_label("Urgency: how soon it hurts").select_option("high")
    await dialog.get_by_role("button", name="Save", exact=True).click()
    await expect(case).to_contain_text("High impact, high urgency")

    tag = case.get_by_label("Add a tag")
    await tag.fill("#VIP, fragile")
    await tag.press("Enter")
    await expect(case.get_by_role("list", name="Tags")).to_contain_text("vip")
    await case.get_by_role("button", name="Remove the tag fragile").click()
    await expect(case.get_by_role("listitem").filter(has_text="fragile")).to_have_count(0)
    await tag.fill("x" * 41)
    await tag.press("Enter")
    await expect(page.get_by_text("A tag has at most 40 characters")).to_be_visible()

    # A name is completed, and the colleague is told at once.
    await page.get_by_role("button", name="Claim", exact=True).first.click()
    await page.get_by_role("tab", name="Internal note").click()
    note = page.get_by_label("Note for colleagues")
    await note.click()
    await page.keyboard.type("Please decide, @sup")
    await expect(page.get_by_role("option", name="Supervisor")).to_be_visible()
    await page.keyboard.press("Enter")
    await expect(note).to_have_value("Please decide, @Supervisor ")
    await page.get_by_role("button", name="Save note").click()
    await expect(page.locator(".note-text")).to_have_text("Please decide, @Supervisor")
    await chief.get_by_role("button", name="Mentions Unread: 1").click()
    await chief.get_by_role("link", name="Parcel lost in Recife").click()
    await expect(chief.get_by_role("button", name="Mentions", exact=True)).to_be_visible()
    await chief.get_by_role("button", name="Watch", exact=True).click()
    await expect(chief.get_by_role("button", name="Stop watching")).to_be_visible()

    # What can't be is refused in words; then both go on under one number.
    await case.get_by_role("button", name="Merge…").click()
    number = dialog.get_by_label("Number of the ticket that remains")
    await number.fill(first.number)
    await dialog.get_by_role("button", name="Merge", exact=True).click()
    await expect(dialog.get_by_role("alert")).to_have_text(
        "That is the ticket itself. Name another one."
    )
    await number.fill(second.number)
    await dialog.get_by_role("button", name="Merge", exact=True).click()
    await expect(page.get_by_text("My parcel is late!").first).to_be_visible()
    await expect(case.get_by_role("list", name="Tags")).to_contain_text("vip")
    await expect(page.locator(".note-text")).to_have_text("Please decide, @Supervisor")
    await case.get_by_role("tab", name="History").click()
    await expect(case).to_contain_text(f"Merged with{first.number}")
    await expect(chief.get_by_text("which you watch: Merged into")).to_be_visible()
    gone = await house.services.db.read(lambda conn: desk.find_ticket(conn, first.ticket_id))
    assert gone is not None
    merged = await house.services.db.read(
        lambda conn: conversations.get_conversation(conn, gone.conversation_id)
    )
    assert (merged.owner, merged.ticket_id) == (Owner.BOT, None)

    # The one that remains has the link back, and the watcher keeps it among the watched.
    await case.get_by_role("tab", name="Case").click()
    await page.goto(f"{house.url}/console#/t/{second.ticket_id}/case")
    await expect(case.get_by_role("link", name=first.number)).to_be_visible()
    await house.look(page, "case", page.locator(".filing"))
    await chief.goto(f"{house.url}/console#/?view=watching")
    await expect(chief.locator(".ticket-link")).to_contain_text([second.number])
    await chief.goto(f"{house.url}/console#/?view=open&tag=VIP")
    await expect(chief.locator(".ticket-link")).to_contain_text([second.number])
    await expect(chief.locator(".ticket-link")).to_contain_text("vip")
    await chief.get_by_role("button", name="Mentions", exact=True).click()
    await expect(chief.locator(".mention-item")).to_contain_text("Please decide")
    await house.assert_sound(chief)


async def test_admins_keep_the_categories(house: House) -> None:
    page = await house.log_in(Role.ADMIN, "/ticket-categories")
    rows = page.locator(".category-row")
    await expect(rows.first).to_contain_text("Orders")
    await page.get_by_role("button", name="New category").click()
    dialog = page.get_by_role("dialog")
    await dialog.get_by_label("Key", exact=True).fill("gifts")
    await dialog.get_by_role("button", name="Save").click()
    await expect(dialog.get_by_role("alert")).to_contain_text("a name in every language")
    for language, name in (("Português", "Brindes"), ("English", "Gifts"), ("Español", "Regalos")):
        await dialog.get_by_label(f"Name in {language}").fill(name)
    await dialog.get_by_label("Topics").fill("gift, gifts")
    await dialog.get_by_role("button", name="Save").click()
    gifts = rows.filter(has_text="Gifts")
    await expect(gifts).to_contain_text("Topics: gift, gifts")
    await page.get_by_role("button", name="Move Gifts up").click()
    await expect(rows.nth(7)).to_contain_text("Gifts")
    await page.get_by_role("button", name="Change Gifts").click()
    await dialog.get_by_role("switch", name="Offered for tickets").uncheck()
    await dialog.get_by_role("button", name="Save").click()
    await expect(gifts).to_contain_text("Not offered")
    await house.look(page, "ticket-categories", rows)
