"""The editors' HTTP interface, in the shapes the pages rely on."""

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
import sqlalchemy as sa
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from bot.kit.errors import FrontlineError
from bot.kit.web import mount, openapi_document, problem, route_of
from bot.staff import guard
from bot.staff.account import Role, Staff
from bot.staff.tables import StaffRow
from knowledge_base.admin import category_routes, file_routes
from knowledge_base.admin.routes import ARTICLES, CATEGORIES, CHECKER, KNOWLEDGE, table
from knowledge_base.categories import Categories
from knowledge_base.checks import Checker
from tests.knowledge_base.conftest import Desk

Client = TestClient[web.Request, web.Application]
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
STAFF = {
    role: Staff(f"id-{role}", f"{role}@example.com", f"The {role}", role, None, "en")
    for role in Role
}


@pytest.fixture
async def client(desk: Desk) -> AsyncIterator[Client]:
    def people(tx: Any) -> None:
        for staff in STAFF.values():
            tx.conn.execute(
                sa.insert(StaffRow).values(
                    id=staff.id,
                    email=staff.email,
                    name=staff.name,
                    role=staff.role.value,
                    level=None,
                    locale=staff.locale,
                    password_hash="x",
                    created_at=desk.clock.now(),
                )
            )

    await desk.db.write(people)

    @web.middleware
    async def log_in(request: web.Request, handler: Handler) -> web.StreamResponse:
        try:
            route = route_of(request)
            assert route is not None
            staff = STAFF[Role(request.headers.get("X-Role", "editor"))]
            guard._check_permission(route, staff)
            request[guard._STAFF] = staff
            return await handler(request)
        except FrontlineError as error:
            return problem(error)

    app = web.Application(middlewares=[log_in], client_max_size=4 * 2**20)
    app[ARTICLES] = desk.articles
    app[KNOWLEDGE] = desk.knowledge
    app[CATEGORIES] = Categories(desk.db, clock=desk.clock)

    async def route_of_text(text: str, locale: str) -> str | None:
        return "order_status" if "order" in text else "faq"

    app[CHECKER] = Checker(
        desk.knowledge, route_of_text, lambda text: [text, ""][: 1 + ("long" in text)]
    )
    mount(app, [table, category_routes.table, file_routes.table])
    async with TestClient(TestServer(app)) as client:
        yield client


async def call(
    client: Client,
    method: str,
    path: str,
    body: Any = None,
    *,
    expect: int = 200,
    role: str = "editor",
) -> Any:
    response = await client.request(method, f"/api/v1{path}", json=body, headers={"X-Role": role})
    text = await response.text()
    assert response.status == expect, text
    return json.loads(text)


NEW = {
    "key": "gift-wrap",
    "locale": "en",
    "title": "Do you offer gift wrapping?",
    "phrasings": ["wrap it as a present"],
    "answer": "Yes, for **R$ 9.90** <b>each</b>.",
    "category": "orders",
    "tags": ["gift"],
}


async def test_the_life_of_an_article(client: Client) -> None:
    article = await call(client, "POST", "/articles", NEW, expect=201)
    assert article == article | {
        "key": "gift-wrap",
        "locale": "en",
        "title": NEW["title"],
        "category": "orders",
        "tags": ["gift"],
        "state": "draft",
        "has_draft": False,
        "revision": 1,
        "updated_by": {"id": "id-editor", "name": "The editor"},
        "phrasings": ["wrap it as a present"],
        "answer_html": "<p>Yes, for <strong>R$ 9.90</strong> &lt;b&gt;each&lt;/b&gt;.</p>",
        "published": None,
        "version": 1,
        "translations": [],
    }
    assert article["updated_at"].endswith("Z")
    path = f"/articles/{article['id']}"

    published = await call(client, "POST", f"{path}/publish", {"version": 1})
    assert (published["state"], published["published"]["revision"]) == ("published", 1)
    changed = await call(
        client, "PATCH", path,
        {"version": published["version"], "answer": "No.", "category": None, "reason": "ended"},
    )  # fmt: skip
    assert (changed["has_draft"], changed["answer"], changed["category"]) == (True, "No.", None)
    assert changed["published"]["answer"] == NEW["answer"]

    stale = await call(
        client, "PATCH", path, {"version": published["version"], "title": "x"}, expect=409
    )
    assert stale["code"] == "stale"
    assert stale["current"] == changed
    assert "The editor" in stale["detail"]
    stale = await call(client, "POST", f"{path}/publish", {"version": 1}, expect=409)
    assert stale["code"] == "stale"

    revisions = (await call(client, "GET", f"{path}/revisions"))["items"]
    assert [(r["number"], r["published"], r["reason"]) for r in revisions] == [
        (2, False, "ended"),
        (1, True, None),
    ]
    assert revisions[0]["author"] == {"id": "id-editor", "name": "The editor"}

    await call(client, "POST", f"{path}/publish", {})
    restored = await call(client, "POST", f"{path}/restore", {"revision": 1})
    assert restored["published"] == {
        "revision": 3,
        "title": NEW["title"],
        "phrasings": NEW["phrasings"],
        "answer": NEW["answer"],
        "short_answer": "",
        "links": [],
        "flows": [],
        "related": [],
    }
    archived = await call(client, "POST", f"{path}/archive", {})
    assert (archived["state"], archived["published"]) == ("archived", None)
    assert (await call(client, "POST", f"{path}/restore"))["state"] == "published"


async def test_lists(client: Client, desk: Desk) -> None:
    for n in range(3):
        await desk.write(f"Return {n}", key=f"r{n}", publish=n == 0)
    await desk.write("Devolução", key="r0", locale="pt-BR", publish=False)
    page = await call(client, "GET", "/articles?limit=3")
    assert len(page["items"]) == 3
    rest = await call(client, "GET", f"/articles?limit=3&cursor={page['next_cursor']}")
    assert (len(rest["items"]), rest["next_cursor"]) == (1, None)
    assert "phrasings" not in page["items"][0]
    found = await call(client, "GET", "/articles?q=devolucao")
    assert [item["locale"] for item in found["items"]] == ["pt-BR"]
    assert len((await call(client, "GET", "/articles?state=published"))["items"]) == 1
    one = await call(client, "GET", f"/articles/{found['items'][0]['id']}")
    assert [(t["locale"], t["state"]) for t in one["translations"]] == [("en", "published")]
    await call(client, "GET", "/articles?cursor=abc", expect=422)
    await call(client, "GET", "/articles?state=live", expect=422)


async def test_asking(client: Client, desk: Desk) -> None:
    for n in range(12):
        await desk.write(f"Subject number{n}", key=f"s{n}")
    answer = await call(client, "POST", "/kb/ask", {"question": "subject number3"})
    assert answer["decision"] == "answer"
    assert len(answer["hits"]) == 10
    assert answer["hits"][0] == answer["hits"][0] | {
        "key": "s3",
        "title": "Subject number3",
        "locale": "en",
        "revision": 1,
        "state": "published",
    }
    scores = [hit["score"] for hit in answer["hits"]]
    assert scores == sorted(scores, reverse=True)
    assert answer["reasons"]

    article_id = answer["hits"][0]["article_id"]
    await desk.articles.archive(article_id, actor=None)
    assert (await call(client, "POST", "/kb/ask", {"question": "number3"}))["hits"][0][
        "key"
    ] != "s3"
    tried = await call(
        client, "POST", "/kb/ask", {"question": "number3", "draft_article_id": article_id}
    )
    assert (tried["hits"][0]["key"], tried["hits"][0]["state"]) == ("s3", "draft")
    await call(
        client, "POST", "/kb/ask", {"question": "x", "draft_article_id": "nobody"}, expect=404
    )
    await call(client, "POST", "/kb/ask", {"question": "x" * 2_001}, expect=422)


async def test_preview(client: Client) -> None:
    shown = await call(
        client, "POST", "/kb/preview", {"answer": "**a** <script>x</script> [b](javascript:c)"}
    )
    assert shown["html"].startswith("<p><strong>a</strong> &lt;script&gt;")
    assert "<script" not in shown["html"]
    assert len(shown["warnings"]) == 2
    await call(client, "POST", "/kb/preview", {"answer": "x" * 1_000_000}, expect=422)


@pytest.mark.parametrize(
    "change",
    [
        {"answer": "x" * 1_000_000},
        {"answer": "[x](javascript:alert(1))"},
        {"title": ""},
        {"locale": "fr"},
        {"key": "No Key"},
        {"author": "somebody"},
    ],
)
async def test_refused_articles(client: Client, change: dict[str, str]) -> None:
    refused = await call(client, "POST", "/articles", NEW | change, expect=422)
    assert refused["code"] == "validation"
    assert refused["errors"][0]["pointer"] == f"/{next(iter(change))}"
    assert (await call(client, "GET", "/articles"))["items"] == []


async def test_who_may_do_what(client: Client, desk: Desk) -> None:
    details = await desk.write("Parcels")
    path = f"/articles/{details.article.id}"
    for role in ("agent", "supervisor", "auditor"):
        await call(client, "GET", path, role=role)
        await call(client, "POST", "/kb/ask", {"question": "parcels"}, role=role)
        await call(client, "POST", "/articles", NEW, expect=403, role=role)
        # Not allowed and not there look the same where an id is named.
        await call(client, "PATCH", path, {"version": 1}, expect=404, role=role)
        for act in ("publish", "archive", "restore"):
            await call(client, "POST", f"{path}/{act}", {}, expect=404, role=role)
    await call(client, "POST", f"{path}/archive", {}, role="admin")
    await call(client, "GET", "/articles/nobody", expect=404)


def test_the_interface_is_documented() -> None:
    document = openapi_document(table.routes, title="t", version="1")
    assert "/api/v1/articles/{id}/publish" in document["paths"]
