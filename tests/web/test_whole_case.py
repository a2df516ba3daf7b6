"""One case from the first question to the rating, in three real browsers at the same time.

With FRONTLINE_TEST_PICTURES set to a folder, pictures of every step are left there.
"""

import os
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Locator, Page, expect

from bot.dialogue.rasa_client import TurnRequest
from bot.dialogue.rasa_wire import RasaReply
from bot.kit.ids import new_id
from bot.staff.account import Role
from handoff.exports.proof import Form
from handoff.exports.service import Act
from tests.parts import PASSWORD, ScriptedRasa, bearer, gateway, token_for
from tests.web.conftest import OpenPage
from tests.web.test_console import DESK, PHONE, STILL
from tests.web.test_wording_pages import PAST_THE_LOG_IN, Axe, House

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]
PICTURES = os.environ.get("FRONTLINE_TEST_PICTURES")


def answer(request: TurnRequest) -> list[RasaReply] | None:
    """What the bot says; who asks for a person finds the bot away and gets one."""
    if "person" in request.text:
        return None
    return [RasaReply(None, "Delivery takes **3 to 7 working days**.", {}, ())]


@pytest.fixture
async def house(tmp_path: Path, dist: Path, open_page: OpenPage, axe: Axe) -> AsyncIterator[House]:
    async with gateway(tmp_path, ScriptedRasa(script=answer), demo=True) as (services, client):
        yield House(services, client, open_page, axe)


CHAT = {"x": 850.0, "y": 15.0, "width": 425.0, "height": 745.0}
"""Where the chat is on the shop's page."""


async def take(page: Page, name: str, *, clip: Any = None) -> None:
    """Leave a picture, when pictures are wanted."""
    if PICTURES:
        await page.evaluate(STILL)
        await page.screenshot(path=Path(PICTURES) / f"{name}.png", clip=clip)


async def people_at_n1(house: House) -> dict[str, str]:
    """Put people in front of N2; returns the headers of an administrator."""
    headers = bearer(await token_for(house.services, Role.ADMIN))
    path = "/api/v1/desk"
    queue = {"names": {"en": "Front desk"}, "level": "N1", "is_default": True}
    async with house.client.post(f"{path}/queues", json=queue, headers=headers) as response:
        assert response.status == 201, await response.text()
    async with house.client.get(f"{path}/levels", headers=headers) as response:
        levels = await response.json()
    items = [
        {name: level[name] for name in ("key", "names", "escalates_to")} | {"staffed": True}
        for level in levels["levels"]
    ]
    body = {"version": levels["version"], "levels": items}
    async with house.client.put(f"{path}/levels", json=body, headers=headers) as response:
        assert response.status == 200, await response.text()
    return headers


async def console_of(house: House, open_page: OpenPage, name: str, level: str) -> Page:
    """Somebody of the desk, logged in."""
    email = f"{name.split()[0].lower()}@desk.example"
    await house.services.staff.add(
        email=email, name=name, role=Role.AGENT, level=level, password=PASSWORD
    )
    page = await open_page(f"{house.url}/login?lang=en&next=/console", expect_errors=True, **DESK)
    await page.get_by_label("E-mail").fill(email)
    await page.get_by_label("Password", exact=True).fill(PASSWORD)
    await page.get_by_role("button", name="Log in").click()
    await page.wait_for_url(PAST_THE_LOG_IN)
    await house.speak(page, "en")
    return page


def of(console: Page, number: str) -> Locator:
    """The ticket in the list."""
    return console.locator(".ticket").filter(has_text=number).get_by_role("link").first


async def claim(console: Page, number: str) -> None:
    await of(console, number).click()
    await console.get_by_role("button", name="Claim", exact=True).click()
    await expect(console.locator("#composer-text")).to_be_enabled()


async def reply(console: Page, text: str) -> None:
    await console.locator("#composer-text").fill(text)
    await console.locator("#composer-text").press("Enter")


async def escalate(console: Page, level: str, reason: str) -> None:
    await console.get_by_role("button", name="Pass on").click()
    dialog = console.get_by_role("dialog")
    target = dialog.get_by_label("To", exact=True)
    value = await target.locator(
        "option", has_text=re.compile(rf"\b{level}\b")
    ).first.get_attribute("value")
    await target.select_option(value=value)
    await dialog.get_by_label("Reason").fill(reason)
    await dialog.get_by_role("button", name="Escalate").click()
    await expect(dialog).to_have_count(0)


async def test_a_case_through_every_level_to_the_rating(house: House, open_page: OpenPage) -> None:
    headers = await people_at_n1(house)
    customer = await open_page(f"{house.url}/", expect_errors=True, **{**DESK, "locale": "en"})
    ana = await console_of(house, open_page, "Ana Souza", "N2")
    tiago = await console_of(house, open_page, "Tiago Alves", "N3")

    await customer.locator("frontline-chat .launcher").click()
    log, box = customer.get_by_role("log"), customer.locator("frontline-chat textarea")
    heading = customer.locator("frontline-chat .heading")

    async def write(text: str) -> None:
        await box.fill(text)
        await box.press("Enter")

    await write("how long does delivery take?")
    await expect(log).to_contain_text("3 to 7 working days")
    await write("it has been ten days, I want to talk to a person")
    await expect(heading).to_contain_text("Waiting for a person")
    ticket_number = re.compile(r"FL-\d+")
    await expect(log).to_contain_text(ticket_number)
    found = ticket_number.search(await log.inner_text())
    assert found
    number = found.group()
    await take(customer, "case-1-customer-waits", clip=CHAT)

    await claim(ana, number)  # at N1: it came without a reload
    await expect(log).to_contain_text("Ana")
    await reply(ana, "Hi, I am looking for your parcel.")
    await expect(log).to_contain_text("I am looking for your parcel.")
    await take(ana, "case-2-n1-claimed")
    await escalate(ana, "N2", "Needs the order system; the address is right.")
    await claim(ana, number)
    await write("any news?")
    await expect(ana.get_by_role("region", name="Conversation")).to_contain_text("any news?")
    await escalate(ana, "N3", "The carrier's system shows nothing.")

    await claim(tiago, number)
    history = tiago.locator("#case-body")
    await tiago.get_by_role("tab", name="History").click()
    await expect(history).to_contain_text("The carrier's system shows nothing.")
    await take(tiago, "case-3-n3-reads-the-history")
    await tiago.get_by_role("button", name="More actions").click()
    await tiago.get_by_role("menuitem", name="Return to the level below…").click()
    dialog = tiago.get_by_role("dialog")
    await dialog.get_by_label("Reason").fill(
        "Found: it arrives tomorrow. Please tell the customer."
    )
    await dialog.get_by_role("button", name="Return").click()
    await expect(dialog).to_have_count(0)

    await claim(ana, number)
    await take(ana, "case-4-back-at-n2")
    await ana.get_by_role("button", name="Resolve", exact=True).click()
    resolving = ana.get_by_role("dialog")
    await resolving.get_by_role("textbox").first.fill("It arrives tomorrow before noon.")
    await resolving.get_by_role("button", name="Resolve", exact=True).click()
    await expect(log).to_contain_text("It arrives tomorrow before noon.")
    await expect(heading).to_contain_text("Virtual assistant")

    solved = log.get_by_role("button", name="Solved, thanks")
    await expect(solved).to_be_enabled()
    await solved.click()
    await expect(log).to_contain_text("How was the help you got from Ana?")
    await take(customer, "case-5-customer-rates", clip=CHAT)
    await log.get_by_role("button", name="5", exact=True).last.click()
    await expect(log).to_contain_text("Thanks for the 5!")
    async with house.client.get("/api/v1/feedback", headers=headers) as response:
        rated = (await response.json())["items"][0]
    assert (rated["number"], rated["score"], rated["agent"]) == (number, 5, "Ana Souza")
    await house.assert_sound(customer)


async def waiting_conversation(house: House) -> str:
    """A conversation that waits for a person; returns its id."""
    async with house.client.post("/api/widget/v1/sessions", json={"locale": "en"}) as response:
        session: dict[str, Any] = await response.json()
    headers = bearer(session["session_token"])
    body = {"client_id": new_id(), "text": "I want to talk to a person"}
    async with house.client.post("/api/widget/v1/messages", json=body, headers=headers) as response:
        seq = (await response.json())["seq"]
    async with house.client.get(
        f"/api/widget/v1/messages?after={seq}&wait=10", headers=headers
    ) as response:
        assert response.status == 200
    return str(session["conversation_id"])


async def test_a_transcript_is_taken_out_asked_for_and_checked(
    house: House, open_page: OpenPage, tmp_path: Path
) -> None:
    conversation_id = await waiting_conversation(house)
    ana = await console_of(house, open_page, "Ana Souza", "N2")
    await ana.locator(".ticket").get_by_role("link").first.click()
    await ana.get_by_role("button", name="Claim", exact=True).click()
    await expect(ana.locator("#composer-text")).to_be_enabled()

    async def open_dialog() -> Locator:
        await ana.get_by_role("button", name="More actions").click()
        await ana.get_by_role("menuitem", name="Transcript…").click()
        return ana.get_by_role("dialog")

    dialog = await open_dialog()
    await expect(dialog).to_contain_text("The customer has not proved an address yet.")
    await house.assert_sound(ana)
    await take(ana, "transcript-dialog")
    async with ana.expect_download() as downloading:
        await dialog.get_by_role("link", name="Text", exact=True).click()
    path = tmp_path / "transcript.txt"
    await (await downloading.value).save_as(path)
    await dialog.get_by_role("button", name="Ask the customer").click()
    await expect(ana.get_by_text("The customer was asked for an address.")).to_be_visible()
    said = ana.get_by_role("region", name="Conversation")
    await expect(said).to_contain_text("Which e-mail address should this conversation go to?")

    check = await house.log_in(Role.AUDITOR, "/transcripts")
    chooser = check.get_by_label("Transcript file")
    await chooser.set_input_files(path)
    await expect(check.get_by_text("This file is exactly as it was made.")).to_be_visible()
    text = path.read_text("utf-8")
    path.write_text(text.replace("I want to talk to a person", "I want a refund"), "utf-8")
    await chooser.set_input_files([])
    await chooser.set_input_files(path)
    await expect(check.get_by_text("Message 1 was changed")).to_be_visible()
    path.write_text("hello", "utf-8")
    await chooser.set_input_files([])
    await chooser.set_input_files(path)
    await expect(check.get_by_text("This is no transcript of Frontline")).to_be_visible()
    await house.look(check, "transcripts", check.get_by_role("heading", level=1))

    if PICTURES:
        for locale in ("pt-BR", "en", "es"):
            made = await house.services.transcripts.make(
                conversation_id, None, form=Form.HTML, act=Act.READ, locale=locale
            )
            page = tmp_path / f"{locale}.html"
            page.write_text(made.text, "utf-8")
            for size in (DESK, PHONE):
                printed = await open_page(page.as_uri(), expect_errors=True, **size)
                width = size["viewport"]["width"]  # type: ignore[index]  # a literal
                await printed.screenshot(
                    path=Path(PICTURES) / f"printed-{locale}-{width}.png", full_page=True
                )
