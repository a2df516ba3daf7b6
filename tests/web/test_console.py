"""The console as an agent uses it, in a real browser against a small gateway."""

import re
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
from aiohttp.test_utils import TestServer
from playwright.async_api import Locator, Page, expect

from tests.web.conftest import OpenPage
from tests.web.fake_staff import ANA, BRUNO, FakeStaff, Json, until

pytestmark = pytest.mark.browser

Axe = Callable[[Page], Awaitable[list[str]]]

CATALOGUES = {
    "pt-BR": {
        "To claim": "Para assumir",
        "Claim": "Assumir",
        "My tickets": "Meus chamados",
        "Language": "Idioma",
    },
    "es": {"To claim": "Por tomar", "Claim to reply": "Tomar para responder"},
}
STILL = """Promise.all(document.getAnimations()
    .filter((one) => one.effect.getTiming().iterations !== Infinity)
    .map((one) => one.finished.catch(() => undefined)))"""
"""Waits for movements to end: what is half transparent has too little contrast."""
PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}
SMALLEST = {"viewport": {"width": 320, "height": 568}}
DESK = {"viewport": {"width": 1280, "height": 800}}


@pytest.fixture
def staff(dist: Path) -> FakeStaff:
    return FakeStaff(CATALOGUES, dist=dist)


@pytest.fixture
async def base(staff: FakeStaff) -> AsyncIterator[str]:
    server = TestServer(staff.app(), shutdown_timeout=0.1)
    await server.start_server()
    yield str(server.make_url("")).rstrip("/")
    staff.drop_listeners()
    await server.close()


class Console:
    """What an agent can see and do."""

    def __init__(self, page: Page, base: str) -> None:
        self.page = page
        self.base = base
        self.tickets = page.locator(".ticket")
        self.transcript = page.get_by_role("region", name="Conversation")
        self.composer = page.locator("#composer-text")
        self.dialog = page.get_by_role("dialog")
        self.case = page.get_by_role("complementary", name="Case")

    def button(self, name: str) -> Locator:
        return self.page.get_by_role("button", name=name, exact=True)

    async def open(self, ticket: Json, *, part: str = "") -> None:
        await self.page.goto(f"{self.base}/console#/t/{ticket['id']}{part}")
        await expect(self.page.get_by_role("heading", name=ticket["subject"])).to_be_visible()

    async def reply(self, text: str) -> None:
        await self.composer.fill(text)
        await self.composer.press("Enter")


@pytest.fixture
async def console(open_page: OpenPage, base: str) -> Console:
    page = await open_page(f"{base}/console", expect_errors=True, **DESK)
    await expect(page.get_by_role("heading", name="To claim")).to_be_visible()
    return Console(page, base)


async def test_a_new_ticket_arrives_without_reload(console: Console, staff: FakeStaff) -> None:
    await expect(console.page.get_by_text("Nothing here right now.")).to_be_visible()
    ticket = staff.open_ticket(priority="urgent")
    await expect(console.tickets).to_have_count(1)
    await expect(console.tickets.first).to_contain_text("Mariana Alves")
    await expect(console.tickets.first).to_contain_text("Urgent")
    await expect(console.page).to_have_title(re.compile(r"^\(1\) "))
    announced = console.page.locator("#announcements")
    await expect(announced).to_contain_text(f"New ticket {ticket['number']}")


async def test_a_lost_hint_costs_nothing(console: Console, staff: FakeStaff) -> None:
    """The list is read again when the live connection returns."""
    await expect(console.page.get_by_text("Nothing here right now.")).to_be_visible()
    staff.open_ticket(announce=False)
    staff.drop_listeners()
    await expect(console.tickets).to_have_count(1)


async def test_claim_and_reply(console: Console, staff: FakeStaff) -> None:
    ticket = staff.open_ticket()
    await console.tickets.first.get_by_role("link").click()
    await expect(console.transcript).to_contain_text("oi, meu pedido AUR-10023")
    await expect(console.composer).to_have_count(0)
    await console.button("Claim to reply").click()
    await expect(console.composer).to_be_focused()
    assert ticket["assignee"] == ANA
    await console.reply("Oi, **Mariana**!")
    await expect(console.transcript.locator(".from-agent strong")).to_have_text("Mariana")
    await expect(console.transcript.locator(".bubble-pending")).to_have_count(0)
    await expect(console.transcript.locator(".from-agent .bubble")).to_have_count(1)
    assert [m["text"] for m in staff.messages[ticket["conversation_id"]]][-1] == "Oi, **Mariana**!"
    await expect(console.composer).to_have_value("")


async def test_messages_arrive_live(console: Console, staff: FakeStaff) -> None:
    ticket = staff.open_ticket()
    await console.open(ticket)
    await staff.until_heard()
    staff.typing(ticket)
    await expect(console.page.get_by_text("The customer is typing…")).to_be_visible()
    staff.say(ticket, "<b>alguém aí?</b>")
    await expect(console.transcript).to_contain_text("<b>alguém aí?</b>")
    await expect(console.page.get_by_text("The customer is typing…")).to_have_count(0)


async def test_a_wrong_answer_of_the_bot_is_marked(console: Console, staff: FakeStaff) -> None:
    ticket = staff.open_ticket()
    await console.open(ticket)
    mark = console.transcript.get_by_role("button", name="Wrong answer").first
    await expect(mark).to_have_attribute("aria-pressed", "false")
    await mark.click()
    await expect(mark).to_have_attribute("aria-pressed", "true")
    assert len(staff.marks) == 1
    await console.page.reload()
    await expect(mark).to_have_attribute("aria-pressed", "true")
    await mark.click()
    await expect(mark).to_have_attribute("aria-pressed", "false")
    assert staff.marks == set()


async def test_the_whole_transcript_is_read(console: Console, staff: FakeStaff) -> None:
    """More messages than one answer holds."""
    ticket = staff.open_ticket()
    for number in range(100):
        staff.say(ticket, f"linha {number}")
    await console.open(ticket)
    await expect(console.transcript.locator(".from-customer .bubble")).to_have_count(103)
    await expect(console.transcript).to_contain_text("linha 99")


async def test_a_reply_that_failed_is_sent_again_once(console: Console, staff: FakeStaff) -> None:
    ticket = staff.open_ticket()
    staff.claim_for(ticket, ANA)
    await console.open(ticket)
    staff.fail_next["/reply"] = 503
    await console.reply("já vejo")
    await expect(console.transcript.get_by_role("alert")).to_contain_text("Not sent.")
    await console.button("Try again").click()
    await expect(console.transcript.locator(".bubble-pending")).to_have_count(0)
    first, second = staff.call("POST", "/reply")
    assert first == second, "the same id, so that the server knows it"


async def test_a_lost_claim_tells_who_has_it(console: Console, staff: FakeStaff) -> None:
    ticket = staff.open_ticket()
    await console.open(ticket)
    ticket.update(state="claimed", assignee=BRUNO)  # the hint about it is still on its way
    await console.button("Claim to reply").click()
    await expect(console.page.get_by_role("alert")).to_contain_text("Bruno Lima was faster")
    await expect(console.page.get_by_text("Bruno Lima has this ticket.")).to_be_visible()


async def test_a_stale_reply_is_kept(console: Console, staff: FakeStaff) -> None:
    ticket = staff.open_ticket()
    staff.claim_for(ticket, ANA)
    await console.open(ticket)
    await expect(console.composer).to_be_visible()
    ticket.update(assignee=BRUNO)
    await console.reply("ainda é meu?")
    await expect(console.transcript).to_contain_text("Not sent: the ticket is no longer yours.")
    await expect(console.transcript).to_contain_text("ainda é meu?")


async def test_drafts_are_kept_per_ticket(console: Console, staff: FakeStaff) -> None:
    one, two = staff.open_ticket(), staff.open_ticket(subject="Outro assunto")
    for ticket in (one, two):
        staff.claim_for(ticket, ANA)
    await console.open(one)
    await console.composer.fill("meio pronto")
    await console.open(two)
    await expect(console.composer).to_have_value("")
    await console.page.reload()
    await console.open(one)
    await expect(console.composer).to_have_value("meio pronto")
    await until(lambda: staff.call("POST", "/typing") != [])


async def test_internal_notes_stay_inside(console: Console, staff: FakeStaff) -> None:
    ticket = staff.open_ticket()
    await console.open(ticket)
    before = len(staff.messages[ticket["conversation_id"]])
    await console.page.get_by_role("tab", name="Internal note").click()
    await console.reply("cliente VIP")
    await expect(console.transcript.locator(".note")).to_contain_text("cliente VIP")
    await expect(console.transcript.locator(".note")).to_contain_text("Ana Souza")
    assert len(staff.messages[ticket["conversation_id"]]) == before


async def test_escalation_needs_a_target_and_a_reason(console: Console, staff: FakeStaff) -> None:
    ticket = staff.open_ticket()
    staff.claim_for(ticket, ANA)
    await console.open(ticket)
    await console.button("Pass on").click()
    await expect(console.dialog.get_by_label("Functional escalation")).to_be_focused()
    await console.dialog.get_by_role("button", name="Escalate").click()
    await expect(console.dialog).to_contain_text("Please choose who gets it.")
    await expect(console.dialog).to_contain_text("Please give a reason.")
    await console.dialog.get_by_label("To", exact=True).select_option(label="Level N3")
    await console.dialog.get_by_label("Reason").fill("precisa de acesso ao servidor")
    await console.dialog.get_by_role("button", name="Escalate").click()
    await expect(console.dialog).to_have_count(0)
    assert staff.call("POST", "/escalate") == [
        {"kind": "functional", "to": "N3", "reason": "precisa de acesso ao servidor"}
    ]
    await expect(console.page.locator(".ticket-head .level")).to_have_text("N3")
    await expect(console.transcript).to_contain_text("precisa de acesso ao servidor")


async def test_hierarchical_escalation_offers_managers(console: Console, staff: FakeStaff) -> None:
    ticket = staff.open_ticket()
    staff.claim_for(ticket, ANA)
    await console.open(ticket)
    await console.button("Pass on").click()
    await console.dialog.get_by_label("Hierarchical escalation").check()
    target = console.dialog.get_by_label("To", exact=True)
    await expect(target).not_to_contain_text("Bruno")
    await target.select_option(label="Carla Méndez (N3 · Supervisor)")
    await console.dialog.get_by_label("Reason").fill("reclamação formal")
    await console.dialog.get_by_role("button", name="Escalate").click()
    await expect(console.dialog).to_have_count(0)
    assert staff.call("POST", "/escalate")[0]["to"] == "s-carla"
    assert staff.call("POST", "/escalate")[0]["kind"] == "hierarchical"


async def test_resolve_with_a_last_message(console: Console, staff: FakeStaff) -> None:
    ticket = staff.open_ticket()
    staff.claim_for(ticket, ANA)
    await console.open(ticket)
    await console.button("Resolve").click()
    await console.dialog.get_by_role("textbox").fill("Tudo certo, obrigada!")
    await console.dialog.get_by_role("button", name="Resolve").click()
    await expect(console.page.locator(".ticket-head .badge").first).to_have_text("Resolved")
    await expect(console.transcript).to_contain_text("Tudo certo, obrigada!")
    await expect(console.composer).to_have_count(0)
    await console.button("Reopen").first.click()
    await console.dialog.get_by_role("button", name="Reopen").click()
    await expect(console.composer).to_be_visible()


@pytest.mark.parametrize(
    ("item", "button", "path", "body"),
    [
        ("Wait for customer", None, "/wait", {"for": "customer"}),
        ("Wait for third party…", "Wait", "/wait", {"for": "third_party"}),
    ],
)
async def test_the_other_actions(
    console: Console, staff: FakeStaff, item: str, button: str | None, path: str, body: Json
) -> None:
    ticket = staff.open_ticket()
    staff.claim_for(ticket, ANA)
    await console.open(ticket)
    await console.button("More actions").click()
    await console.page.get_by_role("menuitem", name=item).click()
    if button:
        await console.dialog.get_by_role("button", name=button, exact=True).click()
    await until(lambda: staff.call("POST", path) == [body])


async def test_snooze(console: Console, staff: FakeStaff) -> None:
    ticket = staff.open_ticket()
    staff.claim_for(ticket, ANA)
    await console.open(ticket)
    await console.button("More actions").click()
    await console.page.get_by_role("menuitem", name="Snooze…").click()
    await console.dialog.get_by_label("Until").select_option(label="Tomorrow at 9:00")
    await console.dialog.get_by_role("button", name="Snooze").click()
    await expect(console.page.locator(".ticket-head .badge").first).to_have_text("Snoozed")
    assert staff.call("POST", "/snooze")[0]["until"].endswith("Z")


async def test_return_to_the_level_below(console: Console, staff: FakeStaff) -> None:
    ticket = staff.open_ticket(queue="technical")
    staff.claim_for(ticket, ANA)
    await console.open(ticket)
    await console.button("More actions").click()
    await console.page.get_by_role("menuitem", name="Return to the level below…").click()
    await console.dialog.get_by_role("button", name="Return", exact=True).click()
    await expect(console.dialog).to_contain_text("Please give a reason.")
    await console.dialog.get_by_label("Reason").fill("falta o número do pedido")
    await console.dialog.get_by_role("button", name="Return", exact=True).click()
    await expect(console.page.locator(".ticket-head .level")).to_have_text("N2")


async def test_claim_next_by_keyboard_alone(console: Console, staff: FakeStaff) -> None:
    staff.open_ticket(minutes_ago=3, subject="recente")
    old = staff.open_ticket(minutes_ago=30, subject="antigo")
    await expect(console.tickets).to_have_count(2)
    keyboard = console.page.keyboard
    await keyboard.press("n")
    await expect(console.page.get_by_role("heading", name="antigo")).to_be_visible()
    await keyboard.press("r")
    await expect(console.composer).to_be_focused()
    await keyboard.type("boa tarde")
    await keyboard.press("Shift+Enter")
    await keyboard.type("já vejo")
    await keyboard.press("Control+Enter")
    await expect(console.transcript.locator(".from-agent .bubble")).to_contain_text("já vejo")
    await keyboard.press("Escape")
    await keyboard.press("e")
    await expect(console.dialog).to_be_visible()
    await keyboard.press("Escape")
    await expect(console.dialog).to_have_count(0)
    await keyboard.press("x")
    await keyboard.type("até logo")
    await keyboard.press("Control+Enter")
    await expect(console.page.locator(".ticket-head .badge").first).to_have_text("Resolved")
    assert old["state"] == "resolved"
    await keyboard.press("j")
    await expect(console.page.get_by_role("heading", name="recente")).to_be_visible()
    await keyboard.press("?")
    await expect(console.dialog).to_contain_text("Keyboard shortcuts")
    await keyboard.press("Escape")
    await keyboard.press("/")
    await expect(console.page.get_by_role("searchbox")).to_be_focused()


async def test_nobody_waits(console: Console) -> None:
    await console.button("Claim next").click()
    await expect(console.page.get_by_text("Nobody is waiting. Well done!")).to_be_visible()


async def test_shortcuts_rest_in_fields_and_can_be_switched_off(
    console: Console, staff: FakeStaff
) -> None:
    staff.open_ticket()
    await console.page.get_by_role("searchbox").fill("n")
    await console.page.locator(".user-button").click()
    await console.page.get_by_role("switch", name="Keyboard shortcuts").uncheck()
    await console.page.keyboard.press("Escape")
    await console.page.locator("#tickets").focus()
    await console.page.keyboard.press("n")
    await console.page.keyboard.press("?")
    await expect(console.dialog).to_have_count(0)
    assert staff.call("POST", "/tickets/claim-next") == []


async def test_filters_are_in_the_address(console: Console, staff: FakeStaff) -> None:
    staff.open_ticket(subject="no pedido")
    staff.open_ticket(subject="no acesso", queue="accounts")
    await console.page.locator(".nav-link", has_text="Contas e acesso").click()
    await expect(console.tickets).to_have_count(1)
    await expect(console.tickets).to_contain_text("no acesso")
    await console.page.reload()
    await expect(console.tickets).to_have_count(1)
    await console.page.get_by_role("button", name="Filters").click()
    await console.page.get_by_label("Assigned to").select_option(label="Me")
    await expect(console.page.get_by_text("No ticket fits these filters.")).to_be_visible()
    await console.button("Clear filters").click()
    await console.page.keyboard.press("Escape")
    await expect(console.tickets).to_have_count(1)
    await console.page.get_by_role("link", name="All open").click()
    await console.page.get_by_role("searchbox").fill("pedido")
    await expect(console.tickets).to_have_count(1)
    await expect(console.tickets).to_contain_text("no pedido")


async def test_the_case_tells_what_an_agent_must_know(console: Console, staff: FakeStaff) -> None:
    ticket = staff.open_ticket(minutes_ago=20)
    await console.open(ticket)
    for text in (
        "The customer asked for a person.",
        "Order status",
        "Verified",
        "mariana@example.com",
        "AUR-10023",
        "Looked up the order",
        "Found nothing",
        "Prazo de entrega",
        "Did not help",
        "Português",
        "Hoje até 18:00",
    ):
        await expect(console.case).to_contain_text(text)
    why = console.transcript.locator(".why").nth(1)
    await why.locator("summary").click()
    for text in ("0.72", "Lead over the next", "0.18", "81%; 75% is enough"):
        await expect(why).to_contain_text(text)
    staff.claim_for(ticket, BRUNO)
    await console.page.get_by_role("tab", name="History").click()
    await expect(console.case).to_contain_text("Claimed")
    await expect(console.case).to_contain_text("Bruno Lima")


async def test_a_read_only_role_writes_nothing(
    open_page: OpenPage, base: str, staff: FakeStaff
) -> None:
    staff.role = "auditor"
    ticket = staff.open_ticket()
    console = Console(await open_page(f"{base}/console", **DESK), base)
    await console.open(ticket)
    text = "You can read this conversation, not answer it."
    await expect(console.page.get_by_text(text)).to_be_visible()
    await expect(console.page.get_by_role("button", name="Claim")).to_have_count(0)


async def test_an_editor_is_shown_the_way(open_page: OpenPage, base: str, staff: FakeStaff) -> None:
    staff.role = "editor"
    page = await open_page(f"{base}/console")
    await expect(page.get_by_text("You have no access to tickets.")).to_be_visible()


async def test_an_ended_session_leads_to_the_log_in_and_back(
    console: Console, staff: FakeStaff
) -> None:
    ticket = staff.open_ticket()
    await console.open(ticket)
    staff.logged_in = False
    staff.say(ticket, "oi?")
    await console.page.wait_for_url("**/login?next=*")
    await expect(console.page.locator("p")).to_have_text(f"/console#/t/{ticket['id']}")


async def test_a_token_changed_in_another_tab_is_taken(console: Console, staff: FakeStaff) -> None:
    ticket = staff.open_ticket()
    await console.open(ticket)
    staff.csrf = "token-2"
    await console.button("Claim to reply").click()
    await expect(console.composer).to_be_visible()


async def test_the_language_is_changed_without_reload(console: Console, staff: FakeStaff) -> None:
    await console.page.locator(".user-button").click()
    await console.page.get_by_label("Language").select_option(label="Português")
    await expect(console.page.get_by_role("heading", name="Para assumir")).to_be_visible()
    await expect(console.page.locator("html")).to_have_attribute("lang", "pt-BR")
    assert staff.locale == "pt-BR"


async def test_one_pane_at_a_time_on_a_phone(
    open_page: OpenPage, base: str, staff: FakeStaff
) -> None:
    ticket = staff.open_ticket()
    console = Console(await open_page(f"{base}/console", **PHONE), base)
    page = console.page
    await page.get_by_role("link", name="Views and queues").click()
    await expect(page.get_by_role("link", name="My tickets")).to_be_visible()
    await expect(console.tickets.first).to_be_hidden()
    await page.get_by_role("link", name="All open").click()
    await console.tickets.first.get_by_role("link").click()
    await expect(console.transcript).to_be_visible()
    await expect(page.get_by_role("navigation", name="Views and queues")).to_be_hidden()
    await page.get_by_role("link", name="Case").click()
    await expect(console.case).to_be_visible()
    await expect(console.transcript).to_be_hidden()
    await page.go_back()
    await expect(console.transcript).to_be_visible()
    await page.get_by_role("link", name="Back to the list").click()
    await expect(console.tickets.first).to_be_visible()
    assert ticket["state"] == "queued"


@pytest.mark.parametrize("size", [DESK, PHONE, SMALLEST], ids=["desk", "phone", "smallest"])
@pytest.mark.parametrize("theme", ["light", "dark"])
async def test_nothing_is_in_the_way(
    open_page: OpenPage, base: str, staff: FakeStaff, axe: Axe, size: Json, theme: str
) -> None:
    """No accessibility finding and no sideways scrolling, in every pane and in the dialogs."""
    ticket = staff.open_ticket(priority="high", minutes_ago=20)
    staff.open_ticket(minutes_ago=90, channel="telegram", contact_name=None, locale="es")
    console = Console(await open_page(f"{base}/console", color_scheme=theme, **size), base)
    page = console.page

    async def fine() -> None:
        await page.evaluate(STILL)
        assert await axe(page) == []
        assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")

    await expect(console.tickets).to_have_count(2)
    await fine()
    await console.open(ticket)
    await expect(console.transcript.locator(".why").first).to_be_visible()
    await fine()
    staff.claim_for(ticket, ANA)
    await expect(console.composer).to_be_visible()
    await console.button("Pass on").click()
    await fine()
    await page.keyboard.press("Escape")
    await page.goto(f"{base}/console#/menu")
    await page.locator(".user-button").click()
    await fine()
