"""Queues, routing rules and levels in a real browser; the next hand-off goes by them."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import expect

from bot.conversations import repository as conversations
from bot.conversations.conversation import Author, Draft
from bot.kit.db import Tx
from bot.kit.ids import new_id
from bot.staff.account import Role
from handoff import repository as desk
from handoff.pack import PackInput
from handoff.ticket import Reason
from tests.parts import add_staff, gateway
from tests.web.conftest import OpenPage
from tests.web.test_wording_pages import Axe, House

pytestmark = pytest.mark.browser


@pytest.fixture
async def house(tmp_path: Path, dist: Path, open_page: OpenPage, axe: Axe) -> AsyncIterator[House]:
    async with gateway(tmp_path, work=False) as (services, client):
        await add_staff(services, Role.AGENT, level="N3")
        yield House(services, client, open_page, axe)


async def queue_after_saying(house: House, text: str) -> str:
    """Hand a conversation over and return the key of the queue it went to."""
    now = house.services.clock.now()

    def step(tx: Tx) -> str:
        contact = conversations.open_contact(
            tx, channel="web", external_id=new_id(), display_name=None, now=now
        )
        conversation = conversations.open_conversation(
            tx, contact_id=contact, channel="web", locale="pt-BR", address={}, now=now
        )
        conversations.append(tx, conversation.id, [Draft(Author.CUSTOMER, text)], now=now)
        opened = house.services.desk.open_ticket(
            tx,
            conversation=conversations.get_conversation(tx.conn, conversation.id),
            reason=Reason.CUSTOMER_ASKED,
            turn_id=new_id(),
            pack_facts=PackInput(),
            topic=None,
            now=now,
        )
        return opened.ticket_id

    ticket_id = await house.services.db.write(step)
    ticket = await house.services.db.read(lambda conn: desk.find_ticket(conn, ticket_id))
    assert ticket is not None
    return ticket.queue_key


async def test_a_queue_a_rule_and_a_level_are_made_tried_and_retired(house: House) -> None:
    page = await house.log_in(Role.ADMIN, "/queues")
    rows = page.locator(".rt-row")
    await expect(rows.filter(has_text="Billing")).to_be_visible()
    await page.get_by_role("link", name="New queue").click()
    save = page.get_by_role("button", name="Save", exact=True)
    await save.click()
    await expect(page.locator(".field-error")).to_have_text("Give it a name.")
    await page.get_by_label("Name (English)").fill("Fraud")
    await page.get_by_label("Name (Português)").fill("Fraudes")
    await page.get_by_label("Team", exact=True).fill("Risk")
    await page.get_by_label("Skills").fill("cards, vip")
    await page.get_by_label("Português", exact=True).check()
    await house.assert_sound(page)
    await save.click()
    fraud = rows.filter(has=page.get_by_role("link", name="Fraud", exact=True))
    await expect(fraud).to_contain_text("Team Risk")
    await expect(fraud).to_contain_text("Skills: cards, vip")
    await page.get_by_role("button", name="Move Fraud up").click()
    await expect(rows.nth(3)).to_contain_text("Team Risk")
    await expect(page.get_by_text("Nobody works at this level")).to_have_count(1)  # N4
    await house.look(page, "queues", rows)

    await page.goto(f"{house.url}/admin#/routing")
    await expect(page.get_by_text("There is no rule: topic and language decide.")).to_be_visible()
    for name, queue in (("Everything", "N2 · Support"), ("Unknown purchase", "N2 · Fraud")):
        await page.get_by_role("link", name="New rule").click()
        await save.click()
        await expect(page.locator(".field-error")).to_have_text("Give it a name.")
        await page.get_by_label("Name", exact=True).fill(name)
        if name != "Everything":
            await page.get_by_label("Words in the request").fill("não reconheço, clon*")
            await page.get_by_label("Priority").select_option(label="Urgent")
            await page.get_by_label("Opening hours").select_option(label="Any")
        await page.get_by_label("Queue", exact=True).select_option(label=queue)
        if name != "Everything":
            await house.assert_sound(page)
        await save.click()
        await expect(rows.filter(has_text=name)).to_be_visible()
    shadow = page.get_by_text("Never reached: “Everything” before it takes everything")
    await expect(shadow).to_be_visible()
    assert await queue_after_saying(house, "nao reconheco essa compra") == "support"
    text = page.get_by_label("What the customer wrote")
    await text.fill("Acho que meu cartão foi clonado")
    await page.get_by_role("button", name="Try it").click()
    answer = page.locator(".sl-answer")
    await expect(answer).to_contain_text("The rule “Everything” decides.")
    await page.get_by_role("button", name="Move Unknown purchase up").click()
    await expect(shadow).to_have_count(0)
    await page.get_by_role("button", name="Try it").click()
    await expect(answer).to_contain_text("Goes to Fraud (N2)")
    await expect(answer).to_contain_text("Priority: Urgent")
    await text.fill("hello")
    await page.get_by_role("button", name="Try it").click()
    await expect(answer).to_contain_text("does not fit: Words in the request")
    await house.assert_sound(page)
    assert await queue_after_saying(house, "nao reconheco essa compra") == "fraud"
    await house.look(page, "routing", rows)

    await page.goto(f"{house.url}/admin#/levels")
    await page.get_by_label("N2: name (English)").fill("Specialists")
    await page.get_by_role("group", name="N2 may escalate to").get_by_label("N4").uncheck()
    for level in ("N2", "N3", "N4"):
        await page.get_by_label(f"People work at {level}").uncheck()
    await save.click()
    await expect(page.get_by_text("At least one level with a queue needs people")).to_be_visible()
    for level in ("N2", "N3"):
        await page.get_by_label(f"People work at {level}").check()
    await save.click()
    await expect(page.get_by_text("Saved. The next hand-off goes by it.").first).to_be_visible()
    await house.look(page, "levels", page.locator(".rt-levels"))

    await page.goto(f"{house.url}/admin#/queues")
    await expect(page.get_by_role("heading", name="N2 · Specialists")).to_be_visible()
    await expect(page.get_by_text("Switched off: takes nothing new")).to_have_count(1)
    await page.get_by_role("link", name="Fraud", exact=True).click()
    await page.get_by_role("button", name="Retire…").click()
    dialog = page.get_by_role("dialog")
    await dialog.get_by_label("Its routing rules").select_option(label="N2 · Billing")
    await house.assert_sound(page)
    await dialog.get_by_role("button", name="Retire").click()
    await expect(page.get_by_text("Fraud takes nothing new.")).to_be_visible()
    await page.get_by_role("button", name="Move 1 open ticket…").click()
    await dialog.get_by_label("To", exact=True).select_option(label="N2 · Billing")
    await dialog.get_by_role("button", name="Move", exact=True).click()
    await expect(page.get_by_text("1 ticket was moved.")).to_be_visible()
    assert await queue_after_saying(house, "meu cartao foi clonado") == "billing"

    reader = await house.log_in(Role.AUDITOR, "/queues")
    await expect(reader.get_by_role("heading", name="Retired queues")).to_be_visible()
    await expect(reader.get_by_role("link", name="New queue")).to_have_count(0)
    await expect(reader.get_by_role("button", name="Bring back")).to_have_count(0)
