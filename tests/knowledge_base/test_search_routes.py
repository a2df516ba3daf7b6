"""Golden questions, vocabulary and what people asked over HTTP, on a running gateway."""

import json
import time
import uuid
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest_asyncio
from aiohttp.test_utils import TestClient

from bot.services import Services
from bot.staff.account import Role
from tests.parts import bearer, gateway, token_for

Json = dict[str, Any]


class Desk:
    """An editor's API token at work."""

    def __init__(self, services: Services, client: TestClient[Any, Any], token: str) -> None:
        self.services = services
        self.client = client
        self._headers = bearer(token)

    async def call(self, method: str, path: str, body: Json | None = None) -> tuple[int, Any]:
        answer = await self.client.request(
            method, f"/api/v1{path}", json=body, headers=self._headers
        )
        return answer.status, (await answer.json() if answer.status != 204 else None)

    async def publish(self, key: str, title: str) -> Json:
        status, article = await self.call(
            "POST", "/articles", {"key": key, "locale": "en", "title": title, "answer": "So."}
        )
        assert status == 201, article
        status, article = await self.call("POST", f"/articles/{article['id']}/publish", {})
        assert status == 200, article
        found: Json = article
        return found


@pytest_asyncio.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    async with gateway(tmp_path) as (services, client):
        yield Desk(services, client, await token_for(services, Role.EDITOR))


async def test_a_publish_that_breaks_a_golden_question_needs_a_yes(desk: Desk) -> None:
    gift = await desk.publish("gift", "Do you wrap gifts?")
    await desk.publish("hours", "When do the stores open?")
    golden = {"key": "gift", "locale": "en", "question": "do you wrap gifts"}
    status, outcome = await desk.call("POST", "/kb/golden", golden)
    assert (status, outcome["result"]) == (201, "passed")
    status, refused = await desk.call("POST", "/kb/golden", {**golden, "key": "nothing"})
    assert (status, refused["errors"][0]["pointer"]) == (422, "/key")

    change = {"version": gift["version"], "title": "Fax machines", "answer": "None."}
    status, gift = await desk.call("PATCH", f"/articles/{gift['id']}", change)
    assert status == 200
    status, refused = await desk.call("POST", f"/articles/{gift['id']}/publish", {})
    assert (status, refused["code"]) == (409, "breaks_golden")
    assert [one["question"] for one in refused["questions"]] == ["do you wrap gifts"]
    status, _ = await desk.call("POST", f"/articles/{gift['id']}/publish", {"confirm": True})
    assert status == 200
    _, report = await desk.call("POST", "/kb/golden/run", {})
    assert (report["passed"], report["failed"]) == (0, 1)
    _, listed = await desk.call("GET", "/kb/golden?key=gift")
    status, _ = await desk.call("DELETE", f"/kb/golden/{listed['items'][0]['id']}")
    assert status == 204


async def test_synonyms_are_in_force_with_the_next_question(desk: Desk) -> None:
    await desk.publish("invoice", "Where is my invoice?")
    await desk.publish("hours", "When do the stores open?")
    body = {"locale": "en", "phrases": ["invoice", "bizpaper"]}
    status, group = await desk.call("POST", "/kb/synonyms", body)
    assert status == 201
    _, asked = await desk.call("POST", "/kb/ask", {"question": "bizpaper", "locale": "en"})
    assert (asked["hits"][0]["key"], asked["hits"][0]["lexical"] > 0.5) == ("invoice", True)
    status, refused = await desk.call("POST", "/kb/synonyms", {"locale": "en", "phrases": ["x"]})
    assert (status, refused["code"]) == (422, "validation")
    change = {"version": 7, "phrases": ["invoice", "receipt"]}
    status, stale = await desk.call("PATCH", f"/kb/synonyms/{group['id']}", change)
    assert (status, stale["code"]) == (409, "stale")
    words = {"locale": "en", "words": ["Aurora"]}
    _, taught = await desk.call("PUT", "/kb/stop-words", words)
    assert taught["stop_words"] == {"en": ["aurora"]}


async def test_what_a_customer_asked_in_vain_is_on_the_list(desk: Desk) -> None:
    session = await (
        await desk.client.post("/api/widget/v1/sessions", json={"locale": "en"})
    ).json()
    sent = await desk.client.post(
        "/api/widget/v1/messages",
        json={"client_id": str(uuid.uuid4()), "text": "do you rent sofas to me@example.com"},
        headers=bearer(session["session_token"]),
    )
    assert sent.status == 202
    begun = time.monotonic()
    groups: list[Json] = []
    while not groups:
        assert time.monotonic() - begun < 20
        groups = (await desk.call("GET", "/kb/asked"))[1]["items"]
    print(f"on the list after {time.monotonic() - begun:.2f} s")
    (group,) = groups
    assert (group["title"], group["count"]) == ("do you rent sofas to <email>", 1)
    body = {"version": group["version"], "locale": "en"}
    status, draft = await desk.call("POST", f"/kb/asked/{group['id']}/article", body)
    assert status == 201
    _, article = await desk.call("GET", f"/articles/{draft['article_id']}")
    assert (article["title"], article["state"]) == ("do you rent sofas to", "draft")
    dismissed = {"version": group["version"]}
    status, stale = await desk.call("POST", f"/kb/asked/{group['id']}/dismiss", dismissed)
    assert (status, stale["code"]) == (409, "stale")
    _, lists = await desk.call("GET", "/kb/figures")
    assert lists["articles"] == []
    _, figures = await desk.call("GET", f"/articles/{draft['article_id']}/figures")
    assert figures["total"]["shown"] == 0


async def test_bad_input_is_refused_or_repaired_with_a_reason(desk: Desk) -> None:
    def article(**changes: Any) -> Json:
        return {"locale": "en", "title": "Do you wrap gifts?", "answer": "Yes."} | changes

    refused: list[tuple[Json, str, str]] = [
        (article(answer="x" * 1_000_000), "/answer", "1,000,000 characters; 20,000 are allowed"),
        (article(answer="[" * 3_000 + "x" + "](y)" * 3_000), "/answer", "nested too deeply"),
        (article(answer="[x](javascript:alert(1))"), "/answer", "use http:, https:"),
        (article(answer="[x](JaVa&#115;cript:alert(1))"), "/answer", "is not allowed"),
        (article(links=[{"label": "x", "url": "javascript:x"}]), "/links/0/url", "no web address"),
        (article(short_answer="[x](data:text/html,x)"), "/short_answer", "is not allowed"),
        (article(locale="fr"), "/locale", "pt-BR, en, es"),
    ]
    for body, pointer, reason in refused:
        status, problem = await desk.call("POST", "/articles", body)
        assert (status, problem["errors"][0]["pointer"]) == (422, pointer)
        assert reason in problem["errors"][0]["message"]
    assert (await desk.call("GET", "/articles"))[1]["items"] == []

    pixel = "Look: ![a box](https://elsewhere.example/pixel.gif) <script>alert(1)</script>"
    status, made = await desk.call("POST", "/articles", article(key="gift", answer=pixel))
    assert status == 201
    assert "<img" not in made["answer_html"]
    assert "<script" not in made["answer_html"]
    assert "a box" in made["answer_html"]
    status, preview = await desk.call("POST", "/kb/preview", {"answer": pixel})
    assert len(preview["warnings"]) == 2
    path = f"/articles/{made['id']}"
    status, problem = await desk.call(
        "PATCH", path, {"version": made["version"], "answer": "y" * 1_000_000}
    )
    assert (status, problem["errors"][0]["pointer"]) == (422, "/answer")
    status, problem = await desk.call("POST", "/articles", article(key="gift"))
    assert (status, problem["code"]) == (409, "duplicate")
    status, other = await desk.call("POST", "/articles", article())
    assert status == 201, "without a key one is made that is free"
    assert other["key"] != made["key"]

    for past in ("2020-01-01T00:00:00Z", "0001-01-01T00:00:00Z"):
        body = {"version": made["version"], "publish_at": past}
        status, problem = await desk.call("POST", f"{path}/schedule", body)
        assert (status, problem["errors"][0]["pointer"]) == (422, "/publish_at")

    await desk.call("POST", f"{path}/archive", {})
    status, problem = await desk.call(
        "POST", "/kb/golden", {"key": "gift", "locale": "en", "question": "do you wrap gifts"}
    )
    assert (status, problem["errors"][0]["pointer"]) == (422, "/key")
    assert "is archived" in problem["errors"][0]["message"]

    assert (await desk.call("POST", "/kb/categories", {"key": "a"}))[0] == 201
    assert (await desk.call("POST", "/kb/categories", {"key": "b", "parent": "a"}))[0] == 201
    for parent in ("a", "b"):
        status, problem = await desk.call(
            "PATCH", "/kb/categories/a", {"version": 1, "parent": parent}
        )
        assert (status, problem["errors"][0]["pointer"]) == (422, "/parent")
    assert (await desk.call("POST", "/kb/categories", {"key": "b"}))[0] == 409


async def test_broken_files_are_read_or_refused_with_the_line(desk: Desk) -> None:
    async def upload(name: str, data: bytes) -> tuple[int, Json]:
        answer = await desk.client.post(
            "/api/v1/kb/import", params={"name": name}, data=data, headers=desk._headers
        )
        last = (await answer.text()).splitlines()[-1]
        return answer.status, json.loads(last)

    table = "key;locale;title;answer\nsol;pt-BR;Faz sol?;Às vezes não.\n"
    for data in (
        table.encode("utf-8-sig"),
        table.encode("latin-1"),
        table.encode("utf-16"),
        table.replace(";", ",").encode(),
        table.replace(";", "\t").replace("\n", "\r\n").encode(),
        table.encode() + "lua;pt-BR;Há lua?;Não.\n".encode("latin-1"),
    ):
        status, report = await upload("faq.csv", data)
        assert (status, report["bad"]) == (200, 0), data
        assert report["created"] >= 1
    twice = table + "sol;pt-BR;De novo?;Sim.\n"
    status, report = await upload("faq.csv", twice.encode())
    assert (status, report["bad"], report["stored"]) == (200, 1, False)
    assert report["lines"][0]["reasons"]
    for name, data in (
        ("a.csv", b""),
        ("a.csv", b"\x00\x01\x02"),
        ("a.json", b"{"),
        ("a.exe", b"x"),
    ):
        status, problem = await upload(name, data)
        assert status == 422 or problem["bad"], (name, data)
