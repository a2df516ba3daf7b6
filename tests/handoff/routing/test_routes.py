"""Queues, rules and levels over HTTP: who may, what comes back, what is refused and how."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from aiohttp.test_utils import TestClient

from bot.staff.account import Role
from tests.parts import bearer, gateway, token_for


@dataclass
class Callers:
    """One gateway and a token per role."""

    client: TestClient[Any, Any]
    tokens: dict[str, str]

    async def __call__(
        self, who: str, method: str, path: str, body: dict[str, Any] | None = None
    ) -> tuple[int, Any]:
        headers = bearer(self.tokens[who])
        async with self.client.request(
            method, f"/api/v1/desk{path}", json=body, headers=headers
        ) as response:
            return response.status, await response.json() if response.status != 204 else None


@pytest.fixture
async def ask(tmp_path: Path) -> AsyncIterator[Callers]:
    async with gateway(tmp_path, work=False) as (services, client):
        tokens = {
            role.value: await token_for(services, role, level="N2")
            for role in (Role.ADMIN, Role.SUPERVISOR, Role.AUDITOR, Role.AGENT)
        }
        yield Callers(client, tokens)


QUEUE = {"names": {"en": "Night shift"}, "level": "N2", "languages": ["es"], "skills": ["vip"]}


async def test_admins_change_supervisors_and_auditors_read(ask: Callers) -> None:
    status, made = await ask("admin", "POST", "/queues", QUEUE)
    assert status == 201
    assert (made["key"], made["names"]["es"], made["is_default"]) == (
        "night-shift",
        "Night shift",
        False,
    )
    for who in ("supervisor", "auditor"):
        status, listed = await ask(who, "GET", "/queues")
        assert status == 200
        assert "night-shift" in [queue["key"] for queue in listed["items"]]
        assert listed["levels"]["levels"][1]["people"] == 3
        assert (await ask(who, "GET", "/rules"))[0] == 200
        assert (await ask(who, "POST", "/try", {"text": "hi"}))[0] == 200
        for method, path, body in (
            ("POST", "/queues", QUEUE),
            ("POST", f"/queues/{made['id']}/retire", {"version": 1}),
            ("PUT", "/rule-order", {"ids": []}),
            ("PUT", "/levels", {"version": 0, "levels": []}),
        ):
            status, refused = await ask(who, method, path, body)
            assert status == (404 if "/retire" in path else 403), refused
    assert (await ask("agent", "GET", "/queues"))[0] == 403
    status, levels = await ask("agent", "GET", "/levels")
    assert status == 200
    assert [level["key"] for level in levels["levels"]] == ["N1", "N2", "N3", "N4"]
    assert levels["levels"][0]["people"] is None


async def test_rules_are_made_ordered_tried_switched_off_and_deleted(ask: Callers) -> None:
    _, listed = await ask("admin", "GET", "/queues")
    by_key = {queue["key"]: queue for queue in listed["items"]}
    everything = {"name": "Everything", "queue_id": by_key["support"]["id"]}
    refunds = {
        "name": "Refunds",
        "queue_id": by_key["billing"]["id"],
        "conditions": {"words": ["estorno*", "refund*"], "channels": ["web"]},
        "priority": "high",
    }
    first = (await ask("admin", "POST", "/rules", everything))[1]
    second = (await ask("admin", "POST", "/rules", refunds))[1]
    _, rules = await ask("admin", "GET", "/rules")
    assert [(r["name"], r["shadowed_by"]) for r in rules["items"]] == [
        ("Everything", None),
        ("Refunds", first["id"]),
    ]
    order = {"ids": [second["id"], first["id"]]}
    assert (await ask("admin", "PUT", "/rule-order", order))[0] == 204
    sample = {"text": "Quero o ESTORNÓ agora", "locale": "pt-BR", "at": "2026-11-22T03:00:00Z"}
    _, tried = await ask("auditor", "POST", "/try", sample)
    assert (tried["why"], tried["rule_name"], tried["priority"]) == ("rule", "Refunds", "high")
    assert (tried["queue"]["key"], tried["is_open"], tried["tried"]) == ("billing", False, [])
    assert tried["hours_text"]
    _, tried = await ask("auditor", "POST", "/try", sample | {"channel": "telegram"})
    assert tried["tried"] == [{"id": second["id"], "name": "Refunds", "missed": ["channels"]}]
    assert tried["rule_name"] == "Everything"

    status, changed = await ask(
        "admin", "PUT", f"/rules/{first['id']}", everything | {"enabled": False, "version": 1}
    )
    assert (status, changed["version"]) == (200, 2)
    _, tried = await ask("auditor", "POST", "/try", {"text": "hi", "topic": "delivery"})
    assert (tried["why"], tried["queue"]["key"]) == ("topic", "orders")
    status, stale = await ask("admin", "DELETE", f"/rules/{first['id']}?version=1")
    assert (status, stale["code"]) == (409, "stale")
    assert (await ask("admin", "DELETE", f"/rules/{first['id']}?version=2"))[0] == 204
    assert (await ask("admin", "DELETE", f"/rules/{first['id']}?version=2"))[0] == 404


@pytest.mark.parametrize(
    ("method", "path", "body", "code", "pointer"),
    [
        ("POST", "/queues", QUEUE | {"names": {}}, "name_missing", "/names"),
        ("POST", "/queues", QUEUE | {"level": "N7"}, "unknown_level", "/level"),
        ("POST", "/queues", QUEUE | {"calendar_key": "moon"}, "unknown_calendar", "/calendar_key"),
        ("POST", "/queues", QUEUE | {"skills": ["s" * 41]}, "too_long", "/skills"),
        ("POST", "/rules", {"name": "", "queue_id": "x"}, "name_missing", "/name"),
        ("POST", "/try", {"reason": "boredom"}, "validation", "/reason"),
        ("POST", "/try", {"text": "x" * 2_001}, "validation", "/text"),
        ("PUT", "/levels", {"version": 0, "levels": []}, "levels", "/levels"),
    ],
)
async def test_what_can_not_be_used_is_named(
    ask: Callers, method: str, path: str, body: dict[str, Any], code: str, pointer: str
) -> None:
    status, refused = await ask("admin", method, path, body)
    assert (status, refused["code"], refused["errors"][0]["pointer"]) == (422, code, pointer)


async def test_levels_get_names_and_people(ask: Callers) -> None:
    _, levels = await ask("admin", "GET", "/levels")
    items = [
        {name: level[name] for name in ("key", "names", "staffed", "escalates_to")}
        for level in levels["levels"]
    ]
    items[1]["names"] = {"pt-BR": "Especialistas", "en": "Specialists"}
    status, saved = await ask("admin", "PUT", "/levels", {"version": 0, "levels": items})
    assert (status, saved["version"]) == (200, 1)
    assert saved["levels"][1]["name"] == "Especialistas"  # the reader's language
    status, stale = await ask("admin", "PUT", "/levels", {"version": 0, "levels": items})
    assert (status, stale["code"]) == (409, "stale")
    nobody = [level | {"staffed": False} for level in items]
    status, refused = await ask("admin", "PUT", "/levels", {"version": 1, "levels": nobody})
    assert (status, refused["code"]) == (422, "nobody")
