"""The document at /api/openapi.json is the truth: valid, complete, and what the answers look like."""

import io
import json
import re
import uuid
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
import pytest_asyncio
from aiohttp import DummyCookieJar
from aiohttp.test_utils import TestClient
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]  # ships no types
from openapi_spec_validator import OpenAPIV31SpecValidator

from bot.app import ROUTES
from bot.services import Services
from bot.staff.account import Role
from tests.parts import PASSWORD, add_staff, bearer, gateway

pytestmark = pytest.mark.asyncio(loop_scope="module")
Gateway = tuple[Services, TestClient[Any, Any]]

CONTRACT = """
GET /healthz
GET /readyz
GET /api/openapi.json
POST /telegram/webhook
POST /api/widget/v1/sessions
POST /api/widget/v1/messages
GET /api/widget/v1/messages
GET /api/widget/v1/socket
POST /api/v1/explain
POST /api/v1/kb/ask
GET /api/v1/articles
POST /api/v1/articles
GET /api/v1/articles/{id}
PATCH /api/v1/articles/{id}
POST /api/v1/articles/{id}/publish
POST /api/v1/articles/{id}/archive
POST /api/v1/articles/{id}/restore
GET /api/v1/articles/{id}/revisions
GET /api/v1/tickets
GET /api/v1/tickets/{id}
POST /api/v1/tickets/{id}/claim
POST /api/v1/tickets/{id}/reply
POST /api/v1/tickets/{id}/note
POST /api/v1/tickets/{id}/category
POST /api/v1/tickets/{id}/merge
POST /api/v1/tickets/{id}/transfer
POST /api/v1/tickets/{id}/escalate
POST /api/v1/tickets/{id}/return
POST /api/v1/tickets/{id}/wait
POST /api/v1/tickets/{id}/snooze
POST /api/v1/tickets/{id}/resolve
POST /api/v1/tickets/{id}/reopen
GET /api/v1/conversations/{id}/transcript
GET /api/v1/conversations/{id}/transcript/address
POST /api/v1/conversations/{id}/transcript/send
POST /api/v1/transcripts/verify
"""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def served(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Gateway]:
    async with gateway(tmp_path_factory.mktemp("openapi"), demo=True) as (services, client):
        client.session._cookie_jar = DummyCookieJar()
        yield services, client


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def document(served: Gateway) -> dict[str, Any]:
    async with served[1].get("/api/openapi.json") as response:
        assert response.status == 200
        return dict(await response.json())


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def admin(served: Gateway) -> dict[str, str]:
    email = await add_staff(served[0], Role.ADMIN)
    return bearer(await served[0].staff.create_token(email=email, name="test"))


def operations(document: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield f"{method.upper()} {path}", operation


def references(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        if isinstance(value.get("$ref"), str):
            yield value["$ref"]
        for member in value.values():
            yield from references(member)
    elif isinstance(value, list):
        for item in value:
            yield from references(item)


async def test_the_document_is_valid(document: dict[str, Any]) -> None:
    assert document["openapi"].startswith("3.1")
    assert [error.message for error in OpenAPIV31SpecValidator(document).iter_errors()] == []
    known = {f"#/components/schemas/{name}" for name in document["components"]["schemas"]}
    assert set(references(document)) - known == set()


async def test_every_documented_path_is_served_and_the_reverse(
    served: Gateway, document: dict[str, Any]
) -> None:
    documented = {name for name, _ in operations(document)}
    listed = {f"{r.method} {r.path}" for r in served[1].app[ROUTES] if r.in_document}
    assert documented == listed
    hidden = {r.path for r in served[1].app[ROUTES] if not r.in_document}
    # Only pages for people, files, and the metrics may be left out.
    assert not [path for path in hidden if path.startswith("/api/")]
    assert {line for line in CONTRACT.splitlines() if line} <= documented


async def test_operations_say_who_may_call_and_how(document: dict[str, Any]) -> None:
    names = [operation["operationId"] for _, operation in operations(document)]
    assert len(names) == len(set(names))
    for name, operation in operations(document):
        assert operation["summary"]
        open_to_all = operation["x-allow"] == "public"
        assert ("security" not in operation) is open_to_all, name
        problem = operation["responses"]["default"]["content"]
        assert list(problem) == ["application/problem+json"], name


# --------------------------------------------------------------------------- answers fit it


class Checker:
    """Calls the gateway and holds each answer against the document."""

    def __init__(self, served: Gateway, document: dict[str, Any]) -> None:
        self.client = served[1]
        self.document = document
        self.seen: set[str] = set()

    def operation(self, method: str, path: str) -> tuple[str, dict[str, Any]]:
        for template, methods in self.document["paths"].items():
            pattern = re.sub(r"\\{[^}]+\\}", "[^/]+", re.escape(template))
            if re.fullmatch(pattern, path.partition("?")[0]) and method.lower() in methods:
                return template, methods[method.lower()]
        raise AssertionError(f"{method} {path} is not documented")

    async def __call__(
        self, method: str, path: str, headers: dict[str, str], body: Any = None
    ) -> Any:
        template, operation = self.operation(method, path)
        async with self.client.request(method, path, headers=headers, json=body) as response:
            text = await response.text()
            assert str(response.status) in operation["responses"], (method, path, text)
            content = operation["responses"][str(response.status)].get("content")
            self.seen.add(f"{method} {template}")
            if content is None:
                return json.loads(text) if "json" in response.content_type else text
            assert response.content_type in content
            schema = content[response.content_type]["schema"] | {
                "components": self.document["components"]
            }
            data = json.loads(text)
            errors = [e.message for e in Draft202012Validator(schema).iter_errors(data)]
            assert errors == [], (method, path)
            return data


async def test_the_answers_of_a_whole_day_fit_their_schemas(
    served: Gateway, document: dict[str, Any], admin: dict[str, str]
) -> None:
    call = Checker(served, document)
    api = "/api/v1"
    for path in ("/healthz", "/readyz", "/api/openapi.json"):
        await call("GET", path, {})
    await call("GET", f"{api}/me", admin)
    await call("PATCH", f"{api}/me", admin, {"locale": "en"})
    await call("GET", f"{api}/status", admin)
    made = await call(
        "POST",
        f"{api}/staff",
        admin,
        {"email": "new@aurora.example", "name": "New", "role": "agent", "level": "N3"},
    )
    await call("GET", f"{api}/staff", admin)
    await call("POST", f"{api}/staff/{made['id']}/disable", admin)
    # An article from draft to archive.
    article = await call(
        "POST",
        f"{api}/articles",
        admin,
        {
            "locale": "en",
            "title": "Can I pay by bank slip?",
            "phrasings": ["bank slip"],
            "answer": "Yes, **you can**.",
        },
    )
    one = f"{api}/articles/{article['id']}"
    await call("GET", one, admin)
    await call("PATCH", one, admin, {"version": article["version"], "answer": "No."})
    await call("POST", f"{one}/publish", admin, {})
    await call("GET", f"{one}/revisions", admin)
    await call("POST", f"{one}/archive", admin, {})
    await call("POST", f"{one}/restore", admin, {})
    for query in ("", "?q=bank&locale=en&limit=1", "?state=draft"):
        await call("GET", f"{api}/articles{query}", admin)
    asked = await call("POST", f"{api}/kb/ask", admin, {"question": "exchange", "locale": "en"})
    assert len(asked["hits"]) >= 10
    await call("POST", f"{api}/kb/preview", admin, {"answer": "*x*"})
    await call("POST", f"{api}/explain", admin, {"text": "hello", "locale": "en"})
    # What the bot says, when somebody is there, and what is out of order.
    await call("GET", f"{api}/texts?area=mail", admin)
    text = f"{api}/texts/utter_greet"
    await call("GET", text, admin)
    wording = {"locale": "en", "text": "Hello!"}
    await call("POST", f"{text}/preview", admin, wording)
    await call("PATCH", text, admin, wording | {"version": 0})
    await call("GET", f"{text}/revisions?locale=en", admin)
    await call("POST", f"{text}/restore", admin, {"locale": "en", "version": 1})
    week = [[["09:00", "18:00"]]] * 7
    calendar = {"name": "Moema", "timezone": "America/Sao_Paulo", "week": week, "country": "BR"}
    await call("GET", f"{api}/hours", admin)
    await call("GET", f"{api}/hours/choices", admin)
    await call("POST", f"{api}/hours/preview", admin, {"calendar": calendar})
    await call("POST", f"{api}/hours", admin, calendar | {"key": "moema"})
    await call("GET", f"{api}/hours/moema", admin)
    await call("PATCH", f"{api}/hours/moema", admin, calendar | {"version": 1})
    await call("POST", f"{api}/hours/moema/queues", admin, {"queue_ids": []})
    await call("DELETE", f"{api}/hours/moema?version=2", admin)
    notice = {"title": "Slow", "texts": {"pt-BR": "Lento."}, "topic": {"words": ["lento"]}}
    incident = await call("POST", f"{api}/incidents", admin, notice)
    one = f"{api}/incidents/{incident['id']}"
    await call("GET", f"{api}/incidents?state=active", admin)
    await call("GET", one, admin)
    await call("PATCH", one, admin, notice | {"version": 1})
    await call("POST", f"{one}/end", admin, {"version": 2})
    await call("DELETE", f"{one}?version=3", admin)
    trial = {"topic": notice["topic"], "question": "lento?"}
    await call("POST", f"{api}/incidents/preview", admin, trial)
    # A customer, and the ticket that comes of it.
    session = await call("POST", "/api/widget/v1/sessions", {}, {"locale": "en"})
    visitor = bearer(session["session_token"])
    for _ in range(2):
        await call(
            "POST",
            "/api/widget/v1/messages",
            visitor,
            {"client_id": str(uuid.uuid4()), "text": "hello"},
        )
    heard = await call("GET", "/api/widget/v1/messages?after=2&wait=5", visitor)
    assert heard["owner"] == "bot"
    ticket_id, conversation_id = await _hand_off(served[0], session["conversation_id"])
    await call("GET", f"{api}/queues", admin)
    await call("GET", f"{api}/agents", admin)
    await call("GET", f"{api}/tickets?state=open&limit=5", admin)
    ticket = f"{api}/tickets/{ticket_id}"
    await call("GET", ticket, admin)
    await call("POST", f"{ticket}/claim", admin, {})
    await call(
        "POST", f"{ticket}/reply", admin, {"client_id": str(uuid.uuid4()), "text": "Hi there"}
    )
    await call("POST", f"{ticket}/note", admin, {"text": "calm"})
    await call("POST", f"{ticket}/priority", admin, {"priority": "high", "reason": "vip"})
    await call("GET", f"{api}/ticket-categories", admin)
    names = {"pt-BR": "Brindes", "en": "Gifts", "es": "Regalos"}
    await call("POST", f"{api}/ticket-categories", admin, {"key": "gifts", "names": names})
    change = {"version": 1, "names": names, "topics": ["gift"], "position": 0}
    await call("PUT", f"{api}/ticket-categories/gifts", admin, change)
    await call("POST", f"{ticket}/category", admin, {"category": "gifts"})
    await call("POST", f"{ticket}/subject", admin, {"subject": "A parcel"})
    await call("POST", f"{ticket}/assess", admin, {"impact": "low", "urgency": "high"})
    await call("POST", f"{ticket}/tags", admin, {"add": ["VIP"]})
    await call("GET", f"{api}/ticket-tags", admin)
    await call("POST", f"{ticket}/watch", admin, {"watching": True})
    await call("GET", f"{api}/mentions", admin)
    await call("POST", f"{api}/mentions/read", admin, {})
    await call("POST", f"{ticket}/wait", admin, {"for": "customer"})
    await call("POST", f"{ticket}/resolve", admin, {"text": "Done."})
    await call("POST", f"{ticket}/reopen", admin, {})
    await call(
        "POST", f"{ticket}/escalate", admin, {"kind": "functional", "to": "N3", "reason": "deep"}
    )
    await call("POST", f"{ticket}/return", admin, {"reason": "not so deep"})
    # What was promised for it, and how the house does.
    policies = await call("GET", f"{api}/service-level/policies", admin)
    policy = policies["items"][0]
    level = f"{api}/service-level"
    body = {"terms": policy["terms"], "version": policy["version"], "apply_to_running": True}
    await call("PUT", f"{level}/policies/{policy['id']}", admin, body)
    await call("GET", f"{level}/policies/{policy['id']}/versions", admin)
    added = await call("POST", f"{level}/policies", admin, {"terms": policy["terms"]})
    one_policy = f"{level}/policies/{added['policy']['id']}"
    await call("POST", f"{one_policy}/retire", admin, {"version": 1})
    await call("PUT", f"{level}/order", admin, {"ids": [p["id"] for p in policies["items"]]})
    await call("PUT", f"{level}/tiers", admin, {"tiers": {"acme.example": "gold"}})
    await call("POST", f"{level}/apply", admin, {})
    tried = {"queue": "support", "opened_at": "2026-11-18T12:00:00Z"}
    await call("POST", f"{level}/try", admin, tried)
    await call("GET", f"{ticket}/service-level", admin)
    await call("GET", f"{api}/reports/service-level?by=level&by=queue&by=day", admin)
    await call("GET", f"{api}/reports/overview", admin)
    await call("GET", f"{api}/conversations/{conversation_id}/messages", admin)
    for form in ("json", "txt", "html"):
        await call("GET", f"{api}/conversations/{conversation_id}/transcript?format={form}", admin)
    taken = await call("GET", f"{api}/conversations/{conversation_id}/transcript", admin)
    await call("POST", f"{api}/transcripts/verify", admin, {"text": json.dumps(taken)})
    await call("GET", f"{api}/conversations/{conversation_id}/transcript/address", admin)
    await call("POST", f"{api}/conversations/{conversation_id}/transcript/send", admin, {})
    await call("POST", f"{api}/conversations/{conversation_id}/typing", admin, {})
    session = await call(
        "POST",
        f"{api}/session",
        {},
        {"email": "admin@aurora.example", "password": PASSWORD},
    )
    assert len(call.seen) > 35


async def _hand_off(services: Services, conversation_id: str) -> tuple[str, str]:
    from bot.conversations import repository as conversations
    from bot.kit.ids import new_id
    from handoff.pack import PackInput
    from handoff.ticket import Reason

    opened = await services.db.write(
        lambda tx: services.desk.open_ticket(
            tx,
            conversation=conversations.get_conversation(tx.conn, conversation_id),
            reason=Reason.CUSTOMER_ASKED,
            turn_id=new_id(),
            pack_facts=PackInput(),
            topic=None,
            now=services.clock.now(),
        )
    )
    return opened.ticket_id, conversation_id


# ------------------------------------------------------------------------- problem documents

BIG = b'{"email": "' + b"x" * 5_000_000 + b'"}'
BROKEN: list[tuple[str, str, bytes | None, int, str]] = [
    ("GET", "/api/nope", None, 404, "not_found"),
    ("GET", "/nope", None, 404, "not_found"),
    ("PUT", "/api/v1/me", None, 405, "http_405"),
    ("DELETE", "/healthz", None, 405, "http_405"),
    ("PUT", "/api/widget/v1/messages", None, 405, "http_405"),
    ("GET", "/api/widget/v1/nope", None, 404, "not_found"),
    ("GET", "/static/..%2f..%2fpyproject.toml", None, 404, "not_found"),
    ("GET", "/i18n/xx.json", None, 404, "not_found"),
    ("GET", "/api/v1/me", None, 401, "unauthenticated"),
    ("POST", "/api/v1/session", b"{", 400, "bad_request"),
    ("POST", "/api/v1/session", b"[]", 400, "bad_request"),
    ("POST", "/api/v1/session", b"\xff\xfe", 400, "bad_request"),
    ("POST", "/api/v1/session", b"[" * 100_000, 400, "bad_request"),
    ("POST", "/api/v1/session", b"{}", 422, "validation"),
    ("POST", "/api/v1/session", b'{"email": 1, "password": {}}', 422, "validation"),
    ("POST", "/api/v1/session", BIG, 413, "too_large"),
    ("POST", "/api/widget/v1/sessions", b"x" * 70_000, 413, "too_large"),
    ("POST", "/api/widget/v1/messages", b"{}", 401, "unauthenticated"),
    ("POST", "/api/widget/v1/sessions", b'{"locale": 7}', 422, "validation"),
    ("POST", "/api/widget/v1/sessions", b'{"extra": 1}', 422, "validation"),
]


@pytest.mark.parametrize(("method", "path", "body", "status", "code"), BROKEN)
async def test_every_refusal_is_a_problem_document(
    served: Gateway, method: str, path: str, body: bytes | None, status: int, code: str
) -> None:
    data = io.BytesIO(body) if body is not None else None
    async with served[1].request(method, path, data=data) as response:
        assert response.content_type == "application/problem+json"
        problem = await response.json()
        assert response.status == problem["status"] == status
        assert problem["code"] == code
        assert {"type", "title", "status", "code", "detail"} <= set(problem)
        assert all(isinstance(problem[name], str) for name in ("type", "title", "detail"))
        assert ("Allow" in response.headers) is (status == 405)


async def test_a_body_in_chunks_is_cut_off_too(served: Gateway) -> None:
    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(4):
            yield b"x" * 40_000

    async with served[1].post("/api/widget/v1/sessions", data=chunks()) as response:
        assert response.status == 413
        assert (await response.json())["code"] == "too_large"


async def test_wrong_members_are_named_by_pointer(served: Gateway, admin: dict[str, str]) -> None:
    async with served[1].post(
        "/api/v1/staff", json={"email": "x@y.zz", "role": "king", "colour": 1}, headers=admin
    ) as response:
        problem = await response.json()
    assert response.status == 422
    assert {error["pointer"] for error in problem["errors"]} == {"/name", "/role", "/colour"}
    assert "king" not in json.dumps(problem)


async def test_wrong_parameters_are_named_too(served: Gateway, admin: dict[str, str]) -> None:
    for query in ("limit=0", "limit=x", "cursor=%00", "state=odd", "level=N9", "colour=1"):
        async with served[1].get(f"/api/v1/tickets?{query}", headers=admin) as response:
            assert response.status in {200, 400, 422}, query
            if response.status != 200:
                assert response.content_type == "application/problem+json"
    for query in ("limit=0", "cursor=%00", "cursor=e30", "state=odd", "colour=1"):
        async with served[1].get(f"/api/v1/articles?{query}", headers=admin) as response:
            assert response.status == 422, query


async def test_people_get_a_page_and_programs_a_document(served: Gateway) -> None:
    async with served[1].get("/nope", headers={"Accept": "text/html"}) as response:
        assert (response.status, response.content_type) == (404, "text/html")
    async with served[1].get("/api/nope", headers={"Accept": "text/html"}) as response:
        assert (response.status, response.content_type) == (404, "application/problem+json")
