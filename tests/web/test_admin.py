"""The admin pages as an editor uses them, in a real browser against a small gateway."""

import re
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
from aiohttp.test_utils import TestServer
from playwright.async_api import Locator, Page, expect

from tests.web.conftest import OpenPage
from tests.web.fake_staff import FakeStaff, Json, until
from tests.web.test_console import DESK, PHONE, SMALLEST, STILL

pytestmark = pytest.mark.browser

Axe = Callable[[Page], Awaitable[list[str]]]


@pytest.fixture
def staff(dist: Path) -> FakeStaff:
    fake = FakeStaff(dist=dist)
    fake.add_article(
        key="delivery",
        category="Entrega",
        title="Prazo de entrega",
        answer="Entregamos em **3 a 7 dias**.",
        phrasings=["quando chega meu pedido?"],
    )
    fake.add_article(key="delivery", locale="en", title="Delivery times", answer="3 to 7 days.")
    fake.add_article(key="gift", title="Vale-presente", answer="Vale por um ano.", state="draft")
    return fake


@pytest.fixture
async def base(staff: FakeStaff) -> AsyncIterator[str]:
    server = TestServer(staff.app(), shutdown_timeout=0.1)
    await server.start_server()
    yield str(server.make_url("")).rstrip("/")
    await server.close()


class Admin:
    """What an editor can see and do."""

    def __init__(self, page: Page, base: str) -> None:
        self.page = page
        self.base = base
        self.rows = page.locator(".article-row")
        self.answer = page.locator(".answer-input")
        self.preview = page.locator(".preview")
        self.dialog = page.get_by_role("dialog")

    def button(self, name: str) -> Locator:
        return self.page.get_by_role("button", name=name, exact=True)

    def tab(self, name: str) -> Locator:
        return self.page.get_by_role("tab", name=name)

    async def edit(self, article: str) -> None:
        await self.page.goto(f"{self.base}/admin#/articles/{article}")
        await expect(self.answer).to_be_visible()

    async def saved(self) -> None:
        await expect(self.page.get_by_text("Draft saved at")).to_be_visible()


@pytest.fixture
async def admin(open_page: OpenPage, base: str) -> Admin:
    admin = Admin(await open_page(f"{base}/admin", expect_errors=True, **DESK), base)
    await expect(admin.rows.first).to_be_visible()
    return admin


async def test_the_list_shows_languages_and_what_is_missing(admin: Admin, staff: FakeStaff) -> None:
    await expect(admin.rows).to_have_count(2)
    delivery = admin.rows.filter(has_text="Delivery times")
    await expect(delivery).to_contain_text("Español: missing")
    await admin.page.get_by_label("State").select_option(label="Draft")
    await expect(admin.rows).to_have_text([re.compile("Vale-presente")])
    await admin.page.get_by_label("State").select_option(label="All states")
    await admin.page.get_by_label("Category").select_option(label="Entrega")
    await expect(admin.rows).to_have_count(1)
    await admin.page.get_by_label("Category").select_option(label="All categories")
    await admin.page.get_by_role("searchbox").fill("um ano")
    await expect(admin.rows).to_have_count(1)
    await expect(admin.rows).to_contain_text("Vale-presente")


async def test_edit_preview_try_publish(admin: Admin, staff: FakeStaff) -> None:
    article = staff.articles["a1"]
    await admin.edit("a1")
    await expect(admin.button("Publish")).to_be_disabled()
    await admin.answer.fill("Entregamos em **2 a 4 dias**.\n\n- com rastreio")
    await expect(admin.preview.locator("strong")).to_have_text("2 a 4 dias")
    await expect(admin.preview.locator("li")).to_have_text("com rastreio")
    await admin.saved()
    assert article["answer"].startswith("Entregamos em **2 a 4")
    assert article["published"]["answer"] == "Entregamos em **3 a 7 dias**."
    await expect(admin.page.get_by_text("Changes not published")).to_be_visible()
    await admin.tab("Try it").click()
    await admin.page.get_by_role("textbox", name="Question of a customer").fill("tem rastreio?")
    await admin.button("Ask").click()
    await expect(admin.page.get_by_text("This article comes in place 1.")).to_be_visible()
    assert staff.call("POST", "/kb/ask")[0]["draft_article_id"] == "a1"
    await admin.button("Publish").click()
    await admin.dialog.get_by_role("button", name="Publish").click()
    await expect(admin.page.get_by_text("Published. The bot uses it now.")).to_be_visible()
    assert article["published"]["answer"] == article["answer"]
    await expect(admin.button("Publish")).to_be_disabled()


async def test_publishing_saves_what_was_just_typed(admin: Admin, staff: FakeStaff) -> None:
    await admin.edit("a3")
    await admin.answer.fill("Vale por dois anos.")
    await admin.button("Publish").click()
    await admin.dialog.get_by_role("button", name="Publish").click()
    await until(lambda: staff.articles["a3"]["published"] is not None)
    assert staff.articles["a3"]["published"]["answer"] == "Vale por dois anos."


async def test_phrasings_are_written_line_by_line(admin: Admin, staff: FakeStaff) -> None:
    await admin.edit("a1")
    await admin.page.get_by_label("Phrasing 1", exact=True).press("Enter")
    await expect(admin.page.get_by_label("Phrasing 2", exact=True)).to_be_focused()
    await admin.page.keyboard.type("cadê meu pedido")
    await admin.saved()
    assert staff.articles["a1"]["phrasings"] == ["quando chega meu pedido?", "cadê meu pedido"]
    await admin.button("Remove phrasing 1").click()
    await until(lambda: staff.articles["a1"]["phrasings"] == ["cadê meu pedido"])


async def test_the_toolbar_marks_the_selection(admin: Admin) -> None:
    await admin.edit("a2")
    await admin.answer.fill("3 to 7 days")
    await admin.answer.select_text()
    await admin.button("Bold").click()
    await expect(admin.answer).to_have_value("**3 to 7 days**")
    await expect(admin.answer).to_be_focused()
    await admin.answer.press("Control+b")
    await expect(admin.answer).to_have_value("3 to 7 days")


async def test_a_failed_save_is_said_and_repeated(admin: Admin, staff: FakeStaff) -> None:
    await admin.edit("a1")
    staff.fail_next["/articles/a1"] = 503
    await admin.answer.fill("novo texto")
    await expect(admin.page.get_by_text("Not saved")).to_be_visible()
    await admin.button("Try again").click()
    await admin.saved()
    assert staff.articles["a1"]["answer"] == "novo texto"


@pytest.mark.parametrize("keep", ["mine", "theirs"])
async def test_two_editors_choose(admin: Admin, staff: FakeStaff, keep: str) -> None:
    article = staff.articles["a1"]
    await admin.edit("a1")
    staff.edit_elsewhere(article, answer="Texto do Bruno.")
    await admin.answer.fill("Texto da Ana.")
    await expect(admin.dialog).to_contain_text("Bruno Lima saved this article")
    await expect(admin.dialog.get_by_role("region", name="Their version")).to_contain_text("Bruno")
    await expect(admin.dialog.get_by_role("region", name="Your version")).to_contain_text("Ana")
    if keep == "mine":
        await admin.button("Keep my version").click()
    else:
        await admin.button("Take their version").click()
    await admin.saved()
    expected = "Texto da Ana." if keep == "mine" else "Texto do Bruno."
    await expect(admin.answer).to_have_value(expected)
    assert article["answer"] == expected


async def test_history_compares_and_restores(admin: Admin, staff: FakeStaff) -> None:
    await admin.edit("a1")
    await admin.answer.fill("Entregamos amanhã.")
    await admin.saved()
    await admin.tab("History").click()
    await admin.page.get_by_role("button", name="Compare").first.click()
    await expect(admin.page.locator(".diff-removed")).to_contain_text("3 a 7 dias")
    await expect(admin.page.locator(".diff-added")).to_contain_text("Entregamos amanhã.")
    await admin.page.get_by_role("button", name="Compare").click()
    await admin.button("Restore this revision").click()
    await admin.dialog.get_by_role("button", name="Restore").click()
    await expect(admin.answer).to_have_value("Entregamos em **3 a 7 dias**.")
    assert staff.articles["a1"]["revision"] == 3


async def test_archive_and_bring_back(admin: Admin, staff: FakeStaff) -> None:
    await admin.edit("a1")
    await admin.button("More actions").click()
    await admin.page.get_by_role("menuitem", name="Archive…").click()
    await admin.dialog.get_by_role("button", name="Archive").click()
    await expect(admin.page.get_by_text("the bot does not use this article")).to_be_visible()
    await expect(admin.answer).not_to_be_editable()
    await admin.button("Bring back").click()
    await expect(admin.answer).to_be_editable()
    assert staff.articles["a1"]["state"] == "published"


async def test_a_new_article_and_its_translation(admin: Admin, staff: FakeStaff) -> None:
    await admin.page.get_by_role("link", name="New article").click()
    await admin.button("Create the draft").click()
    await expect(admin.page.get_by_text("Please write a title.")).to_be_visible()
    await admin.page.get_by_label("Title").fill("Opening hours")
    await admin.button("Create the draft").click()
    await expect(admin.answer).to_be_visible()
    await admin.answer.fill("9 to 18")
    await admin.saved()
    await admin.button("Create translation: Español").click()
    await expect(admin.page.get_by_text("Now translate the text to Español.")).to_be_visible()
    await expect(admin.answer).to_have_value("9 to 18")
    created = list(staff.articles.values())[-1]
    assert (created["key"], created["locale"], created["state"]) == ("opening-hours", "es", "draft")


async def test_an_answer_never_runs(admin: Admin) -> None:
    """Even if the server let something through."""
    await admin.edit("a1")

    async def poisoned(route: object) -> None:
        html = '<p onclick="x()">oi<script>document.title="x"</script><img src=x onerror=x()></p>'
        html += '<a href="javascript:x()">link</a>'
        await route.fulfill(json={"html": html, "telegram": [html], "warnings": []})  # type: ignore[attr-defined]

    await admin.page.route("**/kb/preview", poisoned)
    await admin.answer.fill("oi")
    await expect(admin.preview).to_contain_text("link")
    found = await admin.preview.locator(".prose").inner_html()
    assert found == "<p>oi</p>link"


async def test_trying_out_shows_route_and_ranking(admin: Admin) -> None:
    await admin.page.get_by_role("link", name="Try it").click()
    question = admin.page.get_by_role("textbox", name="Question of a customer")
    await question.fill("prazo de entrega do AUR-10023")
    await question.press("Enter")
    route = admin.page.get_by_role("region", name="Route")
    await expect(route).to_contain_text("Order status")
    await expect(route).to_contain_text("91%")
    first = admin.page.locator(".hit").first
    await expect(first).to_contain_text("Prazo de entrega")
    await expect(first.locator("rect.bar-fill").first).to_be_visible()


async def test_viewers_only_read(open_page: OpenPage, base: str, staff: FakeStaff) -> None:
    staff.role = "agent"
    admin = Admin(await open_page(f"{base}/admin", **DESK), base)
    await expect(admin.rows.first).to_be_visible()
    await expect(admin.page.get_by_role("link", name="New article")).to_have_count(0)
    await expect(admin.page.get_by_role("link", name="Staff")).to_have_count(0)
    await admin.edit("a1")
    await expect(admin.page.get_by_text("You can read articles, not change them.")).to_be_visible()
    await expect(admin.answer).not_to_be_editable()
    await expect(admin.button("Publish")).to_have_count(0)


async def test_a_password_is_shown_once(admin: Admin, staff: FakeStaff) -> None:
    await admin.page.get_by_role("link", name="Staff").click()
    await admin.button("Add a person").click()
    await admin.dialog.get_by_role("button", name="Add", exact=True).click()
    await expect(admin.dialog.get_by_role("alert")).to_be_visible()
    await admin.dialog.get_by_label("Name").fill("Davi Rocha")
    await admin.dialog.get_by_label("E-mail").fill("davi@example.com")
    await admin.dialog.get_by_label("Level").select_option("N3")
    await admin.dialog.get_by_role("button", name="Add", exact=True).click()
    await expect(admin.dialog.locator("code")).to_have_text("kT7-wq2-Lm9x")
    await admin.button("Done").click()
    await expect(admin.page.get_by_text("kT7-wq2-Lm9x")).to_have_count(0)
    row = admin.page.locator(".staff-row").filter(has_text="Davi Rocha")
    await expect(row).to_contain_text("N3")
    await row.get_by_role("button").click()
    await admin.dialog.get_by_role("button", name="Close the account").click()
    await expect(row).to_contain_text("Account closed")


async def test_status(admin: Admin) -> None:
    await admin.page.get_by_role("link", name="Status").click()
    card = admin.page.locator(".status-card")
    await expect(card.filter(has_text="Telegram")).to_contain_text("Down")
    await expect(card.filter(has_text="Gateway")).to_contain_text("Works")
    await expect(card.filter(has_text="Redis")).to_contain_text("Not in use")


@pytest.mark.parametrize("size", [DESK, PHONE, SMALLEST], ids=["desk", "phone", "smallest"])
@pytest.mark.parametrize("theme", ["light", "dark"])
async def test_nothing_is_in_the_way(
    open_page: OpenPage, base: str, staff: FakeStaff, axe: Axe, size: Json, theme: str
) -> None:
    """No accessibility finding and no sideways scrolling, on every page."""
    staff.edit_elsewhere(staff.articles["a1"], answer="Entregamos em 2 dias.")
    page = await open_page(f"{base}/admin", color_scheme=theme, **size)

    async def fine() -> None:
        await page.evaluate(STILL)
        assert await axe(page) == []
        assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")

    await expect(page.locator(".article-row").first).to_be_visible()
    await fine()
    await page.goto(f"{base}/admin#/articles/a1")
    await expect(page.locator(".preview")).to_be_visible()
    await fine()
    await page.get_by_role("tab", name="History").click()
    await page.get_by_role("button", name="Compare").first.click()
    await expect(page.locator(".diff")).to_be_visible()
    await fine()
    await page.goto(f"{base}/admin#/try")
    await page.get_by_role("textbox").fill("prazo")
    await page.keyboard.press("Enter")
    await expect(page.locator(".hit").first).to_be_visible()
    await fine()
    await page.goto(f"{base}/admin#/status")
    await expect(page.locator(".status-card").first).to_be_visible()
    await fine()
    await page.goto(f"{base}/admin#/staff")
    await page.get_by_role("button", name="Add a person").click()
    await fine()
