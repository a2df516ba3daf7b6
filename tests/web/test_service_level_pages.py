"""Service levels and reports in a real browser, and the countdown and its explanation in the console."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
from playwright.async_api import expect

from bot.conversations import repository as conversations
from bot.conversations.conversation import Author, Draft
from bot.kit.db import Tx
from bot.kit.ids import new_id
from bot.staff.account import Role
from handoff.pack import PackInput
from handoff.ticket import Reason
from tests.parts import gateway
from tests.web.conftest import OpenPage
from tests.web.test_wording_pages import Axe, House

pytestmark = pytest.mark.browser


class Desk(House):
    """A gateway with a ticket that has been waiting for three days and one that was handed over now."""

    async def hand_off(self, *, days_ago: int) -> str:
        async with self.client.post("/api/widget/v1/sessions", json={"locale": "en"}) as response:
            conversation_id = (await response.json())["conversation_id"]
        at = self.services.clock.now() - timedelta(days=days_ago)

        def step(tx: Tx) -> str:
            said = [Draft(Author.CUSTOMER, "Where is my parcel?")]
            conversations.append(tx, conversation_id, said, now=at)
            return self.services.desk.open_ticket(
                tx,
                conversation=conversations.get_conversation(tx.conn, conversation_id),
                reason=Reason.CUSTOMER_ASKED,
                turn_id=new_id(),
                pack_facts=PackInput(),
                topic="billing",
                now=at,
            ).ticket_id

        return await self.services.db.write(step)


@pytest.fixture
async def desk(tmp_path: Path, dist: Path, open_page: OpenPage, axe: Axe) -> AsyncIterator[Desk]:
    async with gateway(tmp_path, work=False) as (services, client):
        yield Desk(services, client, open_page, axe)


async def test_a_policy_is_refused_corrected_and_tried(desk: Desk) -> None:
    page = await desk.log_in(Role.ADMIN, "/service-level")
    rows = page.locator(".sl-policy")
    await expect(rows).to_have_count(3)
    await rows.nth(2).get_by_role("link").click()
    first = page.get_by_label("First response", exact=True)
    await first.fill("0")
    await page.get_by_role("button", name="Save").click()
    await expect(page.get_by_text("A target of no time can't be met.")).to_be_visible()
    await desk.look(page, "policy", page.locator(".sl-editor"))
    await first.fill("0.5")  # of an hour
    await page.get_by_label("Name", exact=True).fill("Everybody else")
    await page.get_by_role("button", name="Save").click()
    await expect(rows.nth(2)).to_contain_text("First response 30 min")
    await expect(rows.nth(2)).to_contain_text("Version 2")
    # First in the list, it would take everything.
    await page.get_by_role("button", name="Move Everybody else up").click()
    await page.get_by_role("button", name="Move Everybody else up").click()
    await expect(rows.nth(0)).to_contain_text("Everybody else")
    await expect(page.get_by_text("Never reached")).to_have_count(2)
    await page.get_by_role("button", name="Try it").click()
    answer = page.locator(".sl-answer")
    await expect(answer).to_contain_text("Everybody else, version 2")
    await answer.locator("summary").first.click()
    await expect(answer.locator(".sl-intervals li").first).to_be_visible()
    await desk.look(page, "policies", rows)


async def test_what_is_overdue_is_seen_and_explained(desk: Desk) -> None:
    late, _ = await desk.hand_off(days_ago=9), await desk.hand_off(days_ago=0)
    await desk.services.service_level_sweep().sweep()
    page = await desk.log_in(Role.SUPERVISOR, "/reports")
    table = page.locator(".sl-table").first
    await expect(table).to_contain_text("First response")
    await table.get_by_text("Show 1").first.click()
    await expect(table.get_by_role("link").first).to_be_visible()
    await desk.look(page, "reports", table)
    await page.goto(f"{desk.url}/console#/?view=open&sort=due")
    lines = page.locator(".ticket")
    await expect(lines.nth(0)).to_contain_text("Overdue")
    await expect(lines.nth(1)).not_to_contain_text("Overdue")
    await page.goto(f"{desk.url}/console#/t/{late}?view=open")
    await page.get_by_role("tab", name="Service level").click()
    clock = page.locator(".clock-view", has_text="First response")
    await expect(clock).to_contain_text("Overdue")
    await expect(clock.locator(".sl-intervals li").first).to_be_visible()
    await desk.assert_sound(page)
    await page.goto("about:blank")  # its live hints would be waited for when the gateway ends
