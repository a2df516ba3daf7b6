"""Policies, explanations and reports over HTTP, and the explanation on the command line."""

import asyncio
import csv
import io
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from aiohttp import DummyCookieJar
from aiohttp.test_utils import TestClient
from typer.testing import CliRunner

from bot.cli.root import app
from bot.conversations import repository as conversations
from bot.kit.ids import new_id
from bot.services import Services
from bot.staff.account import Role
from handoff.pack import PackInput
from handoff.service_level.report import to_csv
from handoff.ticket import Reason
from tests.parts import add_staff, bearer, gateway

pytestmark = pytest.mark.asyncio(loop_scope="module")
API = "/api/v1"


class Api:
    """The gateway, called with a token by role."""

    def __init__(self, services: Services, client: TestClient[Any, Any], folder: Path) -> None:
        self.services = services
        self.client = client
        self.folder = folder
        self.tokens: dict[Role, str] = {}

    async def __call__(
        self, method: str, path: str, body: Any = None, *, role: Role = Role.ADMIN, **more: Any
    ) -> tuple[int, Any]:
        headers = bearer(self.tokens[role]) | more.pop("headers", {})
        async with self.client.request(
            method, API + path, json=body, headers=headers, **more
        ) as answer:
            text = await answer.text()
            is_json = "json" in answer.content_type
            return answer.status, await answer.json() if is_json else text

    async def hand_off(self) -> str:
        async with self.client.post("/api/widget/v1/sessions", json={"locale": "en"}) as response:
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
        return opened.ticket_id


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def api(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Api]:
    folder = tmp_path_factory.mktemp("level")
    async with gateway(folder, demo=True, work=False) as (services, client):
        client.session._cookie_jar = DummyCookieJar()
        made = Api(services, client, folder)
        for role in (Role.ADMIN, Role.SUPERVISOR, Role.AUDITOR, Role.AGENT):
            email = await add_staff(services, role, level="N2" if role is Role.AGENT else None)
            made.tokens[role] = await services.staff.create_token(email=email, name="t")
        yield made


async def policy(api: Api) -> dict[str, Any]:
    _, listed = await api("GET", "/service-level/policies")
    return dict(listed["items"][0])


async def test_a_fresh_installation_promises_something(api: Api) -> None:
    status, listed = await api("GET", "/service-level/policies", role=Role.AUDITOR)
    assert status == 200
    assert [item["terms"]["name"] for item in listed["items"]] == [
        "Urgente",
        "Prioridade alta",
        "Padrão",
    ]
    assert {queue["key"] for queue in listed["queues"]} >= {"support", "technical"}


async def test_a_changed_policy_is_a_new_version(api: Api) -> None:
    before = await policy(api)
    body = {"terms": before["terms"] | {"first_response": 20}, "version": before["version"]}
    path = f"/service-level/policies/{before['id']}"
    status, saved = await api("PUT", path, body)
    assert (status, saved["policy"]["version"]) == (200, before["version"] + 1)
    assert saved["running_changed"] is None
    status, stale = await api("PUT", path, body)
    assert (status, stale["code"]) == (409, "stale")
    _, versions = await api("GET", f"{path}/versions")
    assert [v["terms"]["first_response"] for v in versions["items"]][:2] == [20, 15]
    status, _ = await api("PUT", path, body, role=Role.SUPERVISOR)
    assert status == 404


@pytest.mark.parametrize(
    ("changes", "pointer", "code"),
    [
        ({"resolution": 0}, "/resolution", "target_too_short"),
        ({"resolution": 5_256_000}, "/resolution", "target_too_long"),
        ({"levels": {"N2": -3}}, "/levels/N2", "target_too_short"),
        ({"calendar": "moon"}, "/calendar", "unknown_calendar"),
        ({"on_breach": [{"kind": "reassign", "to": "moon"}]}, "/on_breach/0/to", "unknown_target"),
    ],
)
async def test_what_is_wrong_is_named_by_place(
    api: Api, changes: dict[str, Any], pointer: str, code: str
) -> None:
    before = await policy(api)
    status, problem = await api(
        "POST", "/service-level/policies", {"terms": before["terms"] | changes}
    )
    assert status == 422
    assert (problem["errors"][0]["pointer"], problem["code"]) == (pointer, code)
    _, listed = await api("GET", "/service-level/policies")
    assert len(listed["items"]) == 3


@pytest.mark.parametrize(
    "body",
    [
        {"terms": {"name": "x", "first_response": "soon"}},
        {"terms": {"name": "x", "warn": {"percent": "half"}}},
        {"terms": {"name": "x", "pauses": ["asleep"]}},
        {"terms": {"name": "x", "on_breach": [{"kind": "shout"}]}},
        {"terms": {"name": "x", "moon": 1}},
        {},
    ],
)
async def test_what_can_not_be_read_is_refused(api: Api, body: dict[str, Any]) -> None:
    status, problem = await api("POST", "/service-level/policies", body)
    assert (status, problem["code"]) == (422, "validation")


async def test_a_try_out_names_what_did_not_fit(api: Api) -> None:
    status, tried = await api(
        "POST",
        "/service-level/try",
        {"queue": "support", "priority": "low", "opened_at": "2026-11-18T12:00:00Z"},
        role=Role.SUPERVISOR,
    )
    assert status == 200
    assert [(p["chosen"], p["missed"]) for p in tried["policies"]] == [
        (False, ["priorities"]),
        (False, ["priorities"]),
        (True, []),
    ]
    assert all(target["due_at"] for target in tried["targets"])
    status, problem = await api(
        "POST", "/service-level/try", {"queue": "moon", "opened_at": "2026-11-18T12:00:00Z"}
    )
    assert (status, problem["code"]) == (422, "unknown_queue")


async def test_a_ticket_is_explained_to_whoever_may_see_it(api: Api) -> None:
    ticket = await api.hand_off()
    status, found = await api("GET", f"/tickets/{ticket}/service-level", role=Role.AGENT)
    assert status == 200
    first = next(clock for clock in found["clocks"] if clock["metric"] == "first_response")
    assert (first["state"], first["policy"], first["target_seconds"]) == ("running", "Padrão", 3600)
    assert sum(span["seconds"] for span in first["intervals"]) == 3_600
    assert found["agreements"][0]["facts"]["queue"] == "billing"
    status, listed = await api("GET", "/tickets?sort=due&state=open", role=Role.AGENT)
    assert status == 200
    assert listed["items"][0]["due"]["metric"] in {"first_response", "level", "resolution"}
    status, _ = await api("GET", f"/tickets/{new_id()}/service-level")
    assert status == 404


async def test_a_list_by_due_time_goes_on_where_it_ended(api: Api) -> None:
    for _ in range(4):
        await api.hand_off()
    seen: list[str] = []
    cursor: str | None = ""
    while cursor is not None:
        _, page = await api("GET", f"/tickets?sort=due&state=open&limit=2&cursor={cursor}")
        seen += [item["id"] for item in page["items"]]
        cursor = page["next_cursor"]
    _, whole = await api("GET", "/tickets?sort=due&state=open&limit=100")
    assert seen == [item["id"] for item in whole["items"]]
    assert len(set(seen)) == len(seen) >= 4


async def test_reports_as_json_and_csv_for_those_who_supervise(api: Api) -> None:
    await api.hand_off()
    for path in ("/reports/service-level?by=level", "/reports/overview"):
        for role in (Role.SUPERVISOR, Role.ADMIN, Role.AUDITOR):
            status, found = await api("GET", path, role=role)
            assert status == 200
            assert found["from"] < found["to"]
        status, _ = await api("GET", path, role=Role.AGENT)
        assert status == 403
        status, text = await api("GET", path, headers={"Accept": "text/csv"})
        assert status == 200
        rows = list(csv.DictReader(io.StringIO(text)))
        assert rows
    status, problem = await api("GET", "/reports/overview?from=tomorrow")
    assert (status, problem["code"]) == (422, "invalid_period")
    status, problem = await api("GET", "/reports/service-level?by=moon")
    assert status == 422


async def test_nothing_in_a_spreadsheet_is_a_formula() -> None:
    cells = ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "plain", 7, -3, None]
    text = to_csv(["x"], [[cell] for cell in cells])
    read = [row[0] if row else "" for row in csv.reader(io.StringIO(text))][1:]
    assert read == ["'=1+1", "'+1", "'-1", "'@SUM(A1)", "'\t=1", "plain", "7", "-3", ""]


async def test_the_command_line_explains_the_same(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    ticket = await api.hand_off()
    monkeypatch.chdir(api.folder)
    _, found = await api("GET", f"/tickets/{ticket}/service-level")

    def ask(*more: str) -> Any:
        command = ["sla", "explain", found["number"], *more, "--data-dir", str(api.folder)]
        return CliRunner().invoke(app, command)

    plain = await asyncio.to_thread(ask)
    assert plain.exit_code == 0, plain.output
    for words in (found["number"], "first_response", "Padrão, version 1", "counted"):
        assert words in plain.stdout
    as_json = await asyncio.to_thread(ask, "--json")
    assert '"metric": "first_response"' in as_json.stdout


async def test_an_unknown_ticket_is_said_plainly(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    command = ["sla", "explain", "FL-1", "--data-dir", str(tmp_path / "var")]
    result = await asyncio.to_thread(lambda: CliRunner().invoke(app, command))
    assert result.exit_code == 1
    assert "There is no such ticket." in result.stderr
