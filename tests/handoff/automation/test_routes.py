"""Macros and rules over HTTP: edited, tried without a trace, applied, and what is refused."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from aiohttp import DummyCookieJar
from aiohttp.test_utils import TestClient

from bot.conversations import repository as conversations
from bot.kit.ids import new_id
from bot.services import Services
from bot.staff.account import Role
from handoff.pack import PackInput
from handoff.ticket import Reason
from tests.parts import add_staff, bearer, gateway

pytestmark = pytest.mark.asyncio(loop_scope="module")
API = "/api/v1"
TAG = {"kind": "add_tags", "tags": ["vip"]}


class Api:
    """The gateway, called with a token by role."""

    def __init__(self, services: Services, client: TestClient[Any, Any]) -> None:
        self.services = services
        self.client = client
        self.tokens: dict[Role, str] = {}

    async def __call__(
        self, method: str, path: str, body: Any = None, *, role: Role = Role.ADMIN
    ) -> tuple[int, Any]:
        async with self.client.request(
            method, API + path, json=body, headers=bearer(self.tokens[role])
        ) as answer:
            is_json = "json" in answer.content_type
            return answer.status, await answer.json() if is_json else await answer.text()

    async def hand_off(self) -> tuple[str, str]:
        async with self.client.post("/api/widget/v1/sessions", json={"locale": "en"}) as response:
            token = (await response.json())["session_token"]
            conversation_id = (await response.json())["conversation_id"]
        opened = await self.services.db.write(
            lambda tx: self.services.desk.open_ticket(
                tx,
                conversation=conversations.get_conversation(tx.conn, conversation_id),
                reason=Reason.CUSTOMER_ASKED,
                turn_id=new_id(),
                pack_facts=PackInput(),
                topic="billing",
                now=self.services.clock.now(),
            )
        )
        return opened.ticket_id, token

    async def write(self, token: str, text: str) -> None:
        async with self.client.post(
            "/api/widget/v1/messages",
            json={"client_id": new_id(), "text": text},
            headers=bearer(token),
        ) as answer:
            assert answer.status == 202


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def api(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Api]:
    folder: Path = tmp_path_factory.mktemp("rules")
    async with gateway(folder, work=False) as (services, client):
        client.session._cookie_jar = DummyCookieJar()
        made = Api(services, client)
        for role in (Role.ADMIN, Role.SUPERVISOR, Role.AGENT):
            email = await add_staff(services, role, level="N2" if role is Role.AGENT else None)
            made.tokens[role] = await services.staff.create_token(email=email, name="t")
        yield made


def rule(name: str, *effects: dict[str, Any], **more: Any) -> dict[str, Any]:
    terms = {"triggers": ["customer_wrote"], "effects": list(effects) or [TAG]}
    return {"name": name, **terms, **more}


async def test_a_fresh_installation_has_some_and_none_that_moves_a_ticket(api: Api) -> None:
    _, rules = await api("GET", "/rules")
    assert len(rules["items"]) == 5
    switched_on = [item for item in rules["items"] if item["enabled"]]
    assert [e["kind"] for item in switched_on for e in item["terms"]["effects"]] == ["notify"]
    _, macros = await api("GET", "/macros", role=Role.AGENT)
    assert len(macros["items"]) == 3
    assert "customer" in macros["offered"]["variables"]


async def test_a_rule_is_tried_saved_works_and_says_why(api: Api) -> None:
    ticket, token = await api.hand_off()
    await api.write(token, "I want a refund")
    terms = rule("Refunds", TAG, {"kind": "raise_priority"}, conditions={"words": ["refund*"]})
    status, tried = await api("POST", "/rules/try", {"terms": terms, "days": 1})
    assert status == 200
    assert (tried["fired"], tried["complete"]) == (1, True)
    (found,) = [item for item in tried["items"] if item["fired"]]
    assert (found["ticket_id"], found["trigger"]) == (ticket, "customer_wrote")
    assert found["would"] == [
        {"kind": "add_tags", "outcome": "done"},
        {"kind": "raise_priority", "outcome": "done"},
    ]
    narrow = terms | {"conditions": {"words": ["invoice"], "priorities": ["urgent"]}}
    _, missed = await api("POST", "/rules/try", {"terms": narrow, "days": 1})
    (nearest,) = [item for item in missed["items"] if item["ticket_id"] == ticket]
    assert [(m["condition"], m["found"]) for m in nearest["misses"]] == [
        ("priorities", "normal"),
        ("words", ""),
    ]
    _, detail = await api("GET", f"/tickets/{ticket}")
    assert detail["priority"] == "normal"

    status, saved = await api("POST", "/rules", {"terms": terms})
    assert status == 201
    await api.write(token, "My REFUNDS, please")
    assert await api.services.rule_sweep().sweep() == 1
    _, detail = await api("GET", f"/tickets/{ticket}")
    assert detail["priority"] == "high"
    rules = [e["actor"] for e in detail["events"] if e["kind"] == "rule"]
    assert rules == [{"id": "", "name": "rule Refunds"}]
    _, log = await api("GET", f"/rules/log?rule={saved['id']}")
    (run,) = log["items"]
    assert (run["number"], run["outcome"], run["why"]["words"]) == (
        detail["number"],
        "done",
        "refund*",
    )
    _, by_ticket = await api("GET", f"/rules/log?ticket={detail['number']}")
    assert by_ticket["items"] == [run]
    _, listed = await api("GET", "/rules")
    assert next(i["runs"] for i in listed["items"] if i["id"] == saved["id"]) == {"done": 1}


async def test_the_log_comes_in_pages(api: Api) -> None:
    status, saved = await api("POST", "/rules", {"terms": rule("Paged", triggers=["opened"])})
    assert status == 201
    for _ in range(3):
        await api.hand_off()
    await api.services.rule_sweep().sweep()
    first = (await api("GET", f"/rules/log?rule={saved['id']}&limit=2"))[1]
    path = f"/rules/log?rule={saved['id']}&limit=2&cursor={first['next_cursor']}"
    second = (await api("GET", path))[1]
    assert (len(first["items"]), len(second["items"])) == (2, 1)
    assert second["next_cursor"] is None


async def test_rules_that_would_go_round_in_circles_are_refused(api: Api) -> None:
    _, listed = await api("GET", "/rules")
    queues = listed["offered"]["queues"]
    n2, n3 = (next(q["key"] for q in queues if q["level"] == level) for level in ("N2", "N3"))

    def move(name: str, here: str, to: str) -> dict[str, Any]:
        effect = {"kind": "transfer", "to": to}
        return rule(name, effect, triggers=["passed_on"], conditions={"queues": [here]})

    status, there = await api("POST", "/rules", {"terms": move("there", n2, n3)})
    assert status == 201
    status, refused = await api("POST", "/rules", {"terms": move("back", n3, n2)})
    assert (status, refused["code"]) == (422, "rule_loop")
    assert refused["rules"] == ["there", "back", "there"]
    off = {"terms": move("back", n3, n2), "enabled": False}
    status, back = await api("POST", "/rules", off)
    assert status == 201
    status, refused = await api(
        "PUT", f"/rules/{back['id']}", off | {"enabled": True, "version": back["version"]}
    )
    assert (status, refused["code"]) == (422, "rule_loop")
    for made in (there, back):
        await api("POST", f"/rules/{made['id']}/retire", {"version": made["version"]})


async def test_what_is_wrong_is_marked_and_stale_writes_lose(api: Api) -> None:
    bad = rule(" ", {"kind": "transfer", "to": "none"}, TAG, triggers=[])
    status, refused = await api("POST", "/rules", {"terms": bad})
    assert status == 422
    assert {e["pointer"] for e in refused["errors"]} == {"/name", "/triggers", "/effects/0"}
    status, refused = await api("POST", "/rules/try", {"terms": bad})
    assert status == 422
    status, saved = await api("POST", "/rules", {"terms": rule("Twice")})
    body = {"terms": rule("Twice again"), "version": 1}
    answers = await asyncio.gather(*(api("PUT", f"/rules/{saved['id']}", body) for _ in range(2)))
    assert sorted(status for status, _ in answers) == [200, 409]
    _, listed = await api("GET", "/rules")
    ids = [item["id"] for item in listed["items"]]
    assert (await api("PUT", "/rules/order", {"ids": ids[::-1]}))[0] == 204
    assert (await api("PUT", "/rules/order", {"ids": ids[1:]}))[0] == 409
    _, listed = await api("GET", "/rules")
    assert [item["id"] for item in listed["items"]] == ids[::-1]
    assert (await api("POST", f"/rules/{saved['id']}/retire", {"version": 2}))[0] == 204
    assert (await api("PUT", f"/rules/{saved['id']}", body))[0] == 404


async def test_a_macro_is_made_previewed_and_applied_once(api: Api) -> None:
    texts = {"en": "Your number is {number}.", "pt-BR": "Seu número é {number}."}
    body = {"name": "Number", "effects": [TAG, {"kind": "reply", "texts": texts}]}
    status, macro = await api("POST", "/macros", body)
    assert status == 201
    status, taken = await api("POST", "/macros", body)
    assert (status, taken["code"]) == (422, "name_taken")
    status, refused = await api("POST", "/macros", {"name": "x", "effects": [{"kind": "notify"}]})
    assert (status, refused["errors"][0]["code"]) == (422, "only_rules")

    ticket, _ = await api.hand_off()
    path = f"/tickets/{ticket}/macros/{macro['id']}"
    _, shown = await api("GET", path, role=Role.AGENT)
    assert (shown["refused"]["kind"], shown["refused"]["cause"]) == ("reply", "stale")
    use = {"client_id": new_id()}
    status, refused = await api("POST", path, use, role=Role.AGENT)
    assert (status, refused["code"], refused["index"]) == (409, "macro_refused", 1)
    await api("POST", f"/tickets/{ticket}/claim", {}, role=Role.AGENT)
    _, shown = await api("GET", path, role=Role.AGENT)
    assert shown["refused"] is None
    _, before = await api("GET", f"/tickets/{ticket}")
    for expected in (2, 0):
        status, done = await api("POST", path, use, role=Role.AGENT)
        assert (status, len(done["performed"])) == (200, expected)
    _, after = await api("GET", f"/tickets/{ticket}")
    said = (await api("GET", f"/conversations/{after['conversation_id']}/messages"))[1]["messages"]
    assert [m["text"] for m in said if m["author"] == "agent"] == [
        f"Your number is {after['number']}."
    ]
    assert after["tags"] == ["vip"]
    assert before["tags"] == []
    other, _ = await api.hand_off()
    status, reused = await api(
        "POST", f"/tickets/{other}/macros/{macro['id']}", use, role=Role.AGENT
    )
    assert (status, reused["code"]) == (422, "client_id_reused")
    status, bad = await api("POST", path, {"client_id": "x"}, role=Role.AGENT)
    assert (status, bad["code"]) == (422, "invalid_client_id")
    changed: dict[str, Any] = {"name": "Number", "effects": [TAG], "enabled": False, "version": 1}
    assert (await api("PUT", f"/macros/{macro['id']}", changed))[0] == 200
    assert (await api("GET", path, role=Role.AGENT))[0] == 404
    _, listed = await api("GET", "/macros", role=Role.AGENT)
    assert "Number" not in [item["name"] for item in listed["items"]]
    assert (await api("POST", f"/macros/{macro['id']}/retire", {"version": 2}))[0] == 204


async def test_only_admins_edit(api: Api) -> None:
    for role in (Role.AGENT, Role.SUPERVISOR):
        assert (await api("GET", "/rules", role=role))[0] == 403
        status, _ = await api("POST", "/macros", {"name": "x", "effects": [TAG]}, role=role)
        assert status == 403


async def test_a_vendor_with_a_date_is_on_the_ticket(api: Api) -> None:
    ticket, _ = await api.hand_off()
    await api("POST", f"/tickets/{ticket}/claim", {}, role=Role.AGENT)
    path = f"/tickets/{ticket}/wait"
    past = {"for": "third_party", "vendor": "Acme", "expected_at": "2001-01-01T00:00:00Z"}
    status, refused = await api("POST", path, past, role=Role.AGENT)
    assert (status, refused["code"]) == (422, "invalid_until")
    status, refused = await api("POST", path, {"for": "customer", "vendor": "A"}, role=Role.AGENT)
    assert (status, refused["code"]) == (422, "invalid_vendor")
    status, detail = await api(
        "POST", path, {"for": "third_party", "vendor": "Acme"}, role=Role.AGENT
    )
    assert (status, detail["state"]) == (200, "waiting_third_party")
    assert detail["third_party"]["vendor"] == "Acme"
    assert detail["third_party"]["since"] is not None
    assert [e["to"] for e in detail["events"]][-1] == "Acme"
