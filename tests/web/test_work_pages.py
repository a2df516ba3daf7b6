"""Getting work in real browsers: presence, tickets given out by themselves, and the supervisors' board."""

import re
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from playwright.async_api import Page, expect

from bot.conversations import repository as conversations
from bot.kit.db import Tx
from bot.kit.ids import new_id
from bot.staff.account import Role
from handoff.pack import PackInput
from handoff.ticket import Reason
from handoff.work.tables import PresenceRow
from tests.parts import gateway
from tests.web.conftest import OpenPage
from tests.web.test_wording_pages import Axe, House

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]


@pytest.fixture
async def house(tmp_path: Path, dist: Path, open_page: OpenPage, axe: Axe) -> AsyncIterator[House]:
    async with gateway(tmp_path) as (services, client):
        yield House(services, client, open_page, axe)


async def hand_off(house: House, subject: str) -> str:
    """A customer asks for a person; returns the ticket's number."""
    services = house.services

    def step(tx: Tx) -> str:
        now = services.clock.now()
        contact = conversations.open_contact(
            tx, channel="web", external_id=new_id(), display_name=subject, now=now
        )
        conversation = conversations.open_conversation(
            tx, contact_id=contact, channel="web", locale="en", address={}, now=now
        )
        opened = services.desk.open_ticket(
            tx,
            conversation=conversation,
            reason=Reason.CUSTOMER_ASKED,
            turn_id=new_id(),
            pack_facts=PackInput(subject=subject),
            topic=None,
            now=now,
        )
        return opened.number

    return await services.db.write(step)


async def console_of(house: House, role: Role) -> Page:
    page = await house.log_in(role, "/articles")
    await page.goto(f"{house.url}/console")
    await expect(page.locator(".presence-button")).to_be_visible()
    return page


async def test_tickets_are_given_out_accepted_and_watched(house: House) -> None:
    agent = await console_of(house, Role.AGENT)
    await expect(agent.locator(".presence-button")).to_contain_text("Online")
    await expect(agent.locator(".presence-load")).to_have_text("0/5")

    boss = await house.log_in(Role.SUPERVISOR, "/work")
    queues = boss.get_by_role("region", name="Queues")
    support = queues.get_by_role("listitem").filter(has_text="Support").first
    await expect(support).to_contain_text("Agents take them")
    await boss.get_by_role("button", name="Edit Support", exact=True).click()
    dialog = boss.get_by_role("dialog")
    await dialog.get_by_label("Who gets its tickets").select_option("least_loaded")
    await dialog.get_by_label("Seconds to accept").fill("5")
    await dialog.get_by_role("button", name="Save").click()
    await expect(dialog.get_by_text("Write a number from 15 to 3600.")).to_be_visible()
    await dialog.get_by_label("Seconds to accept").fill("600")
    await dialog.get_by_role("button", name="Save").click()
    await expect(support).to_contain_text("To who has the fewest")
    await boss.get_by_role("button", name="Edit Agent", exact=True).click()
    await dialog.get_by_label("Conversations at a time").fill("1")
    await dialog.get_by_label("Skills").fill("Refunds, returns")
    await dialog.get_by_label("English").check()
    await dialog.get_by_role("button", name="Save").click()
    people = boss.get_by_role("region", name="People")
    await expect(people.get_by_role("listitem").filter(has_text="refunds")).to_contain_text(
        "1 at a time"
    )
    await house.look(boss, "work", boss.locator(".work-rows li"))

    await boss.goto(f"{house.url}/console#/board")
    figures = boss.locator(".board-queue").filter(has_text="Support").first
    row = boss.locator(".board-people li").filter(has_text="Agent").first
    await expect(row).to_contain_text("Online")
    await expect(row).to_contain_text("0/1")

    first = await hand_off(house, "Broken kettle")
    second = await hand_off(house, "Lost parcel")
    offer = agent.locator(".offer")
    await expect(offer).to_contain_text(f"{first} was assigned to you: Broken kettle")
    await expect(figures.locator("dd").first).to_have_text("1")
    await expect(figures.locator("dd").last).to_have_text("1")
    await expect(row).to_contain_text("1/1")
    await house.look(agent, "offer", offer)
    await offer.get_by_role("button", name="Accept").click()
    await expect(offer).to_have_count(0)
    await expect(agent.get_by_role("heading", name=re.compile("Broken kettle"))).to_be_visible()
    await agent.get_by_role("button", name="Resolve", exact=True).click()
    await agent.get_by_role("dialog").get_by_role("button", name="Resolve", exact=True).click()
    await expect(offer).to_contain_text(f"{second} was assigned to you")
    await offer.get_by_role("link").click()
    reply = agent.locator("#composer-text")
    await reply.fill("Let me look.")
    await reply.press("Enter")
    await expect(agent.locator(".offers")).to_have_count(0)

    await agent.locator(".presence-button").click()
    await agent.get_by_role("menuitem", name="Away").click()
    await expect(agent.locator(".presence-button")).to_contain_text("Away")
    await expect(row).to_contain_text("Away")
    await expect(figures.locator("dd").first).to_have_text("0")

    await agent.close()
    await vanish(house)
    left = boss.locator(".board-tickets li").filter(has_text="Lost parcel")
    await expect(left).to_contain_text("Agent is gone")
    await expect(row).to_contain_text("Offline")
    await house.look(boss, "board", boss.locator(".board-tickets li"))
    await left.get_by_role("button", name="Assign to…").click()
    await dialog.get_by_role("button", name="Assign", exact=True).click()
    await expect(dialog.get_by_text("Please choose who gets it.")).to_be_visible()
    await dialog.get_by_role("button", name="Cancel").click()
    await left.get_by_role("button", name="Take over").click()
    await expect(boss.get_by_text(f"{second} is yours.")).to_be_visible()
    await expect(left).to_have_count(0)

    await boss.goto(f"{house.url}/console#/?view=mine")
    await boss.get_by_role("link", name=re.compile("Lost parcel")).click()
    await boss.get_by_role("button", name="More actions").click()
    await boss.get_by_role("menuitem", name="Give back to the queue…").click()
    await dialog.get_by_role("button", name="Give back").click()
    await expect(dialog.get_by_text("Please give a reason.")).to_be_visible()
    await dialog.get_by_label("Reason").fill("Wrong desk")
    await dialog.get_by_role("button", name="Give back").click()
    await expect(boss.get_by_text("Given back to the queue.")).to_be_visible()


async def vanish(house: House) -> None:
    """The agent's page was last heard of two minutes ago."""
    now = house.services.clock.now()

    def step(tx: Tx) -> None:
        tx.conn.execute(
            sa.update(PresenceRow)
            .where(PresenceRow.chosen == "away")
            .values(seen_at=now - timedelta(minutes=2))
        )

    await house.services.db.write(step)
