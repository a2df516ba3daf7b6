"""What agents work with all day, in a real browser: replies, articles, search, views, several tickets."""

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from playwright.async_api import Page, expect

from bot.conversations import repository as conversations
from bot.conversations.conversation import Author, Draft
from bot.conversations.tables import OutboxRow
from bot.kit.db import Tx
from bot.kit.ids import new_id
from bot.staff.account import Role
from handoff.pack import PackInput
from handoff.ticket import Reason
from knowledge_base.article import Audience, Content
from tests.parts import PASSWORD, ScriptedRasa, gateway
from tests.web.conftest import OpenPage
from tests.web.test_console import DESK, PHONE
from tests.web.test_wording_pages import PICTURES, Axe, House

pytestmark = pytest.mark.browser


@pytest.fixture
async def house(tmp_path: Path, dist: Path, open_page: OpenPage, axe: Axe) -> AsyncIterator[House]:
    async with gateway(tmp_path, ScriptedRasa(script=lambda _: [])) as (services, client):
        yield House(services, client, open_page, axe)


async def hand_off(house: House, name: str, words: str, *, channel: str = "web") -> str:
    """A customer said something and waits for a person; returns the conversation."""
    services = house.services
    now = services.clock.now()

    def step(tx: Tx) -> str:
        contact = conversations.open_contact(
            tx, channel=channel, external_id=new_id(), display_name=name, now=now
        )
        made = conversations.open_conversation(
            tx, contact_id=contact, channel=channel, locale="pt-BR", address={"chat_id": 7}, now=now
        )
        conversations.append(tx, made.id, [Draft(Author.CUSTOMER, words)], now=now)
        services.desk.open_ticket(
            tx,
            conversation=conversations.get_conversation(tx.conn, made.id),
            reason=Reason.CUSTOMER_ASKED,
            turn_id=new_id(),
            pack_facts=PackInput(subject=words),
            topic=None,
            now=now,
        )
        return made.id

    return await services.db.write(step)


async def console(house: House, role: Role = Role.AGENT, **options: Any) -> Page:
    page = await house.log_in(role, "", **options)
    await page.goto(f"{house.url}/console")
    return page


async def look(house: House, page: Page, name: str, show: Callable[[], Awaitable[None]]) -> None:
    """Check what `show` brings up, in every language, on a desk and on a phone."""
    for locale in ("pt-BR", "en", "es"):
        for size in (DESK, PHONE):
            viewport: Any = size["viewport"]
            await page.set_viewport_size(viewport)
            await house.speak(page, locale)
            await show()
            await house.assert_sound(page)
            if PICTURES:
                await page.screenshot(
                    path=Path(PICTURES) / f"{name}-{locale}-{viewport['width']}.png"
                )
    await page.set_viewport_size(DESK["viewport"])  # type: ignore[arg-type]  # a literal
    await house.speak(page, "en")


def ticket_of(page: Page, name: str) -> Any:
    return page.locator(".ticket-link").filter(has_text=name)


async def test_answering_with_what_is_there(house: House) -> None:
    conversation = await hand_off(house, "Júlia Nóbrega", "Quero devolver meu pedido BR-1042")
    services = house.services
    for audience, title, answer in (
        (Audience.PUBLIC, "Como devolver um pedido", "Você tem **7 dias** para devolver."),
        (Audience.INTERNAL, "Devolver pedido fora do prazo", "Fale com a supervisão."),
    ):
        made = await services.articles.create(
            actor=None, locale="pt-BR", content=Content(title, answer), audience=audience
        )
        await services.articles.publish(made.article.id, actor=None)
    page = await console(house)
    await page.get_by_role("button", name="Your account and preferences").click()
    await page.get_by_role("button", name="Canned replies").click()
    dialog = page.get_by_role("dialog", name="Canned replies")
    await dialog.get_by_role("button", name="New reply").click()
    await dialog.get_by_label("Shortcut").fill("ola")
    await dialog.get_by_label("Title").fill("Greeting")
    await dialog.get_by_label("English").fill("Hello {client}")
    await dialog.get_by_role("button", name="Save").click()
    await expect(dialog.get_by_role("alert")).to_contain_text("{client} is not known")
    await dialog.get_by_label("English").fill("Hello {customer}, {agent} here.")
    await dialog.get_by_role("button", name="Save").click()
    await expect(dialog.locator(".reply-open")).to_contain_text("/ola")
    await house.assert_sound(page)
    await page.keyboard.press("Escape")

    await ticket_of(page, "Júlia").click()
    await page.get_by_role("button", name="Claim to reply").click()
    box = page.get_by_label("Reply to the customer")
    await box.press_sequentially("/gree")
    option = page.locator(".canned-item")
    await expect(option).to_contain_text("Only in English")
    await expect(option).to_contain_text("Greeting")

    async def slash() -> None:
        await page.locator("#composer-text").fill("/ola")
        await expect(option).to_have_count(1)

    await look(house, page, "canned", slash)
    await box.fill("")
    await box.press_sequentially("/ol")
    await expect(option).to_have_count(1)
    await box.press("Enter")
    await expect(box).to_have_value("Hello Júlia Nóbrega, Agent here.")
    await box.press("Enter")
    bubble = page.locator(".bubble-row.from-agent")
    await expect(bubble).to_contain_text("Hello Júlia Nóbrega, Agent here.")

    await page.get_by_role("tab", name="Articles").click()
    await expect(page.get_by_text("For: “Quero devolver meu pedido BR-1042”")).to_be_visible()
    title = "Como devolver um pedido"
    article = page.locator(".suggestion").filter(has_text=title)
    internal = page.locator(".suggestion").filter(has_text="fora do prazo")
    await expect(internal).to_contain_text("For colleagues")
    await expect(internal.get_by_role("button", name="Insert")).to_be_visible()
    await expect(internal.get_by_role("button", name="Send as it is")).to_have_count(0)
    await article.locator("summary").click()
    await house.assert_sound(page)
    await article.get_by_role("button", name="Insert").click()
    await expect(box).not_to_have_value("")
    await box.press("End")
    await box.press_sequentially(" Ok?")
    await box.press("Enter")
    await expect(bubble.filter(has_text=title)).to_contain_text("Ok?")
    await article.get_by_role("button", name="Send as it is").click()
    await expect(bubble.filter(has_text=title)).to_have_count(2)

    last = (
        await services.db.read(lambda c: conversations.get_conversation(c, conversation))
    ).last_seq
    await services.visitors.seen(conversation, last)
    await expect(bubble.last).to_contain_text("Seen")

    other = await console(house, Role.SUPERVISOR)
    await ticket_of(other, "Júlia").or_(other.locator("#tickets")).first.wait_for()
    await other.goto(page.url)
    await expect(page.get_by_text("Supervisor has this ticket open too.")).to_be_visible()
    await expect(other.get_by_text("Agent has this ticket open too.")).to_be_visible()
    await box.press_sequentially("Wait")
    await expect(other.get_by_text("Agent is writing on this ticket right now.")).to_be_visible()
    await page.reload()
    await expect(box).to_have_value("Wait")


async def test_finding_keeping_and_doing_several_at_once(house: House) -> None:
    for name, words in (
        ("Ana Braga", "Minha encomenda não chegou"),
        ("Beto Reis", "Cobrança em dobro no cartão"),
        ("Caio Luz", "Quero trocar a senha"),
    ):
        await hand_off(house, name, words)
    page = await console(house)
    await expect(page.locator(".ticket-link")).to_have_count(3)

    await page.keyboard.press("s")
    dialog = page.get_by_role("dialog", name="Search everything")
    await dialog.get_by_role("searchbox").fill("cobranca cartao")
    result = dialog.locator(".result")
    await expect(result).to_have_count(1)
    await expect(result.locator("mark")).to_have_text(["Cobrança", "cartão"])
    await house.assert_sound(page)
    await dialog.get_by_role("tab", name="Customers").click()
    await expect(dialog.get_by_text("Nothing found.")).to_be_visible()
    await dialog.get_by_role("tab", name="Messages").click()
    await result.click()
    await expect(page.locator(".message-found")).to_contain_text("Cobrança em dobro")

    await page.get_by_role("button", name="Save and edit views").click()
    dialog = page.get_by_role("dialog", name="Saved views")
    await dialog.get_by_label("Save the present list under a name").fill("Agora")
    await dialog.get_by_role("button", name="Save", exact=True).click()
    await expect(dialog.get_by_label("Name of the view Agora")).to_be_visible()
    await dialog.get_by_label("Begin with").select_option(label="My tickets")
    await house.assert_sound(page)
    await page.keyboard.press("Escape")
    await expect(page.get_by_role("link", name="Agora")).to_contain_text("3")

    await page.get_by_role("button", name="Choose several").click()
    boxes = page.get_by_role("checkbox", name="Choose FL-")
    await boxes.nth(0).click()
    await boxes.nth(2).click(modifiers=["Shift"])
    await expect(page.get_by_text("3 chosen")).to_be_visible()

    async def choose() -> None:
        await page.goto(f"{house.url}/console#/?view=queue")
        await page.locator(".select-button").click()
        await page.locator(".select-box").nth(1).click()
        await expect(page.locator(".select-box :checked")).to_have_count(1)

    await look(house, page, "bulk", choose)

    async def search() -> None:
        await page.goto(f"{house.url}/console#/?view=queue")
        await page.locator(".search-more").click()
        await page.locator(".search-all input").fill("encomenda")
        await expect(page.locator(".result mark")).to_have_text("encomenda")

    await look(house, page, "search", search)
    await page.goto(f"{house.url}/console#/?view=queue")
    await page.get_by_role("button", name="Choose several").click()
    await page.get_by_role("button", name="All", exact=True).click()
    sofia = await house.services.staff.add(
        email="sofia@aurora.example",
        name="Sofia",
        role=Role.SUPERVISOR,
        level=None,
        password=PASSWORD,
    )
    listed, _, _ = await house.services.desk.list_tickets(sofia)
    await page.route("**/api/v1/events", lambda route: route.abort())
    await house.services.desk.claim(listed[0].ticket.id, sofia)
    await page.get_by_label("Chosen tickets").get_by_role("button", name="Claim").click()
    dialog = page.get_by_role("dialog", name="2 of 3 done")
    await expect(dialog).to_contain_text("A colleague has it already.")
    await dialog.get_by_role("button", name="Close", exact=True).last.click()
    await page.goto(f"{house.url}/login")
    await page.goto(f"{house.url}/console")
    await expect(page.get_by_role("heading", name="My tickets")).to_be_visible()
    await expect(page.locator(".ticket-link")).to_have_count(2)


async def test_a_customer_who_blocked_the_bot(house: House) -> None:
    conversation = await hand_off(house, "Davi Sá", "Oi, alguém aí?", channel="telegram")
    services = house.services
    now = services.clock.now()
    await services.db.write(lambda tx: conversations.set_unreachable(tx, conversation, now))
    page = await console(house)
    await ticket_of(page, "Davi").click()
    await page.get_by_role("button", name="Claim to reply").click()
    warning = page.get_by_text("The customer blocked the bot")
    await expect(warning).to_be_visible()
    box = page.get_by_label("Reply to the customer")
    await box.fill("Estou aqui!")
    await box.press("Enter")
    bubble = page.locator(".bubble-row.from-agent")
    await expect(bubble).to_contain_text("On its way")
    replies = await services.db.read(lambda c: conversations.list_messages(c, conversation))

    def fail(tx: Tx) -> None:
        ids = tx.conn.execute(
            sa.select(OutboxRow.id).where(OutboxRow.message_id == replies[-1].id)
        ).scalars()
        for one in list(ids):
            conversations.mark_failed(tx, one, error="bot was blocked by the user")

    await services.db.write(fail)
    await expect(bubble).to_contain_text("It can be tried again once the customer writes.")
    await services.db.write(lambda tx: conversations.set_unreachable(tx, conversation, None))
    await page.reload()
    await bubble.get_by_role("button", name="Send it again").click()
    await expect(bubble).to_contain_text("On its way")
    await expect(warning).to_have_count(0)
