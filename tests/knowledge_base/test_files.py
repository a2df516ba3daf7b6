"""Articles in and out over HTTP: a dry run first, all or nothing, and an export that comes back."""

import io
import json
import zipfile
from typing import Any

import pytest

from knowledge_base.article import Content, Link
from tests.knowledge_base.conftest import Desk
from tests.knowledge_base.test_routes import Client, call, client

__all__ = ["client"]


async def upload(
    client: Client, name: str, data: bytes, *, dry_run: bool = False, role: str = "editor"
) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Return the last line of the answer, and the lines before it."""
    response = await client.post(
        "/api/v1/kb/import",
        params={"name": name, "dry_run": str(dry_run).lower()},
        data=data,
        headers={"X-Role": role},
    )
    text = await response.text()
    assert response.status == 200, text
    assert response.content_type == "application/x-ndjson"
    *progress, last = [json.loads(line) for line in text.splitlines()]
    return last, progress


async def count(client: Client) -> int:
    return len((await call(client, "GET", "/articles", role="editor"))["items"])


CSV = "key;locale;title;answer;state\nsun;pt-BR;Faz sol?;Às vezes não.;published\n"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "latin-1", "utf-16"])
async def test_spreadsheets_in_every_encoding(client: Client, desk: Desk, encoding: str) -> None:
    data = CSV.encode(encoding)
    tried, _ = await upload(client, "faq.csv", data, dry_run=True)
    assert (tried["stored"], tried["created"], tried["bad"]) == (False, 1, 0)
    assert await count(client) == 0
    stored, progress = await upload(client, "faq.csv", data)
    assert stored["stored"]
    assert progress[-1]["total"] >= 2
    assert (await desk.knowledge.ask("faz sol", locale="pt-BR")).hits[0].answer == "Às vezes não."
    again, _ = await upload(client, "faq.csv", data)
    assert (again["created"], again["changed"], again["unchanged"]) == (0, 0, 1)


async def test_one_bad_line_stops_everything(client: Client) -> None:
    rows = [
        {"key": "good", "locale": "en", "title": "Good", "answer": "Yes."},
        {"key": "good", "locale": "en", "title": "Twice", "answer": "Yes."},
        {"key": "No Key", "locale": "en", "title": "t", "answer": "a"},
        {"key": "x", "locale": "fr", "title": "t", "answer": "a"},
        {"key": "y", "locale": "en", "title": "t", "answer": "[a](javascript:b)"},
        {"key": "z", "locale": "en", "title": "t", "answer": "a", "links": ["no address"]},
        {"key": "w", "locale": "en", "title": "t", "answer": "a", "review_by": "soon"},
        {"key": "v", "locale": "en", "title": "t", "answer": "a", "audience": "aliens"},
        {"key": "u", "locale": "en", "title": "t", "answer": "[" * 999},
    ]
    report, _ = await upload(client, "faq.json", json.dumps(rows).encode())
    assert (report["stored"], report["created"], report["bad"]) == (False, 1, 8)
    assert all(line["reasons"] for line in report["lines"] if line["fate"] == "bad")
    assert any("there twice" in line["reasons"][0] for line in report["lines"] if line["reasons"])
    assert await count(client) == 0


@pytest.mark.parametrize(
    ("name", "data", "code"),
    [
        ("faq.exe", b"MZ", "file_kind"),
        ("faq.zip", b"no zip at all", "file_kind"),
        ("faq.csv", b"", "no_files"),
    ],
)
async def test_what_is_no_file_of_ours(client: Client, name: str, data: bytes, code: str) -> None:
    response = await client.post("/api/v1/kb/import", params={"name": name}, data=data)
    assert (response.status, (await response.json())["code"]) == (422, code)


async def test_a_zip_that_would_fill_the_memory_is_refused(client: Client) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("big.md", b"\0" * (201 * 2**20))
    response = await client.post(
        "/api/v1/kb/import", params={"name": "big.zip"}, data=buffer.getvalue()
    )
    assert (response.status, (await response.json())["code"]) == (422, "too_large")


@pytest.mark.parametrize(
    ("format_", "name"), [("csv", "a.csv"), ("json", "a.json"), ("md", "a.zip")]
)
async def test_an_export_comes_back_unchanged(
    client: Client, desk: Desk, format_: str, name: str
) -> None:
    rich = Content(
        'Parcels, "big"; ones', "Line 1\n\n- *a*\n- b", ("one", "two; three"),
        short_answer="Short; and\nsweet", links=(Link("Terms", "https://a.example/?b=c"),),
        flows=("order_status", "human"), related=("other",),
    )  # fmt: skip
    made = await desk.articles.create(actor=None, key="rich", locale="en", content=rich)
    await desk.articles.publish(made.article.id, actor=None)
    await desk.write("Only a draft", publish=False)
    response = await client.get("/api/v1/kb/export", params={"format": format_})
    assert response.status == 200
    data = await response.read()
    report, _ = await upload(client, name, data, dry_run=True)
    assert (report["unchanged"], report["created"], report["changed"], report["bad"]) == (
        2,
        0,
        0,
        0,
    )
    # And into an empty store it brings everything that was there.
    await desk.articles.archive(made.article.id, actor=None)
    report, _ = await upload(client, name, data)
    assert report["stored"]
    assert (await desk.articles.get(made.article.id)).content == rich


async def test_files_without_a_column_leave_what_is_there(client: Client, desk: Desk) -> None:
    made = await desk.articles.create(
        actor=None,
        key="k",
        locale="en",
        content=Content("t", "a", short_answer="s", flows=("human",)),
    )
    row = [{"key": "k", "locale": "en", "title": "t", "answer": "new"}]
    report, _ = await upload(client, "a.json", json.dumps(row).encode())
    assert report["changed"] == 1
    content = (await desk.articles.get(made.article.id)).content
    assert (content.answer, content.short_answer, content.flows) == ("new", "s", ("human",))


async def test_where_reviews_are_required_only_reviewers_publish(
    client: Client, desk: Desk
) -> None:
    await call(client, "PUT", "/kb/publishing", {"review_required": True}, role="admin")
    await call(
        client, "PUT", "/kb/publishing", {"review_required": False}, role="reviewer", expect=403
    )
    details = await desk.write("Parcels", publish=False)
    path = f"/articles/{details.article.id}"
    version = {"version": details.article.version}
    later = {**version, "publish_at": "2031-01-01T00:00:00Z"}
    for act, body in (("publish", {}), ("archive", {}), ("schedule", later)):
        refused = await call(client, "POST", f"{path}/{act}", body, expect=403)
        assert refused["code"] == "review_required"
    report, _ = await upload(client, "a.csv", CSV.encode())
    assert (report["stored"], report["bad"]) == (False, 1)
    assert "hand the article in" in report["lines"][0]["reasons"][0]
    drafts, _ = await upload(client, "a.csv", CSV.replace("published", "draft").encode())
    assert drafts["stored"]
    handed_in = await call(client, "POST", f"{path}/submit", version)
    assert handed_in["state"] == "in_review"
    listed = await call(client, "GET", "/articles?state=in_review")
    assert [item["id"] for item in listed["items"]] == [details.article.id]
    assert (await call(client, "POST", f"{path}/publish", {}, role="reviewer"))[
        "state"
    ] == "published"
    # An older text comes back as a draft, not to customers.
    back = await call(client, "POST", f"{path}/restore", {"revision": 1})
    assert (back["state"], back["has_draft"]) == ("published", True)


async def test_categories_and_labels_over_http(client: Client, desk: Desk) -> None:
    await call(client, "POST", "/kb/categories", {"key": "a", "names": {"en": "Alpha"}}, expect=201)
    tree = await call(client, "POST", "/kb/categories", {"key": "b", "parent": "a"}, expect=201)
    assert [(one["key"], one["parent"]) for one in tree["items"]] == [("a", None), ("b", "a")]
    refused = await call(
        client, "PATCH", "/kb/categories/a", {"version": 1, "parent": "b"}, expect=422
    )
    assert refused["errors"][0]["pointer"] == "/parent"
    details = await desk.write("Parcels")
    path = f"/articles/{details.article.id}"
    owners = (await call(client, "GET", "/kb/people"))["items"]
    assert {one["name"] for one in owners} == {"The editor", "The reviewer", "The admin"}
    body = {"version": details.article.version, "category": "b", "owner": "id-editor",
            "review_by": "2027-03-31", "tags": ["x"]}  # fmt: skip
    changed = await call(client, "PATCH", path, body)
    assert (changed["owner"]["name"], changed["review_by"]) == ("The editor", "2027-03-31")
    assert changed["revision"] == 1
    for query, found in (
        ("category=a", 1), ("category=b", 1), ("owner=me", 1), ("owner=id-admin", 0),
        ("review_before=2027-04-01", 1), ("review_before=2027-03-31", 0), ("audience=internal", 0),
    ):  # fmt: skip
        assert len((await call(client, "GET", f"/articles?{query}"))["items"]) == found, query
    cleared = await call(
        client, "PATCH", path, {"version": changed["version"], "owner": None, "review_by": None}
    )
    assert (cleared["owner"], cleared["review_by"], cleared["category"]) == (None, None, "b")
    await call(
        client, "PATCH", path, {"version": cleared["version"], "owner": "id-agent"}, expect=422
    )
    await call(client, "DELETE", "/kb/categories/b", expect=409)
