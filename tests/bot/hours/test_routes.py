"""An admin changes opening hours: the bot, the desk and every gateway go by them at once."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest
from aiohttp.test_utils import TestClient

from bot.hours.service import hours_sentence, is_open
from bot.services import Services
from bot.staff.account import Role
from tests.parts import bearer, gateway, token_for
from tests.stores import own_database

API = "/api/v1/hours"
ALWAYS: list[list[list[str]]] = [[["00:00", "24:00"]]] * 7
OFFICE: list[list[list[str]]] = [[["09:00", "12:00"], ["13:00", "18:00"]]] * 5 + [[], []]


def content(**changes: Any) -> dict[str, Any]:
    return {"name": "Aurora", "timezone": "America/Sao_Paulo", "week": OFFICE} | changes


class World:
    """A gateway with one person of each kind."""

    def __init__(self, services: Services, client: TestClient[Any, Any]) -> None:
        self.services = services
        self.client = client
        self.tokens: dict[Role, str] = {}

    async def ask(
        self, method: str, path: str = "", body: Any = None, *, role: Role = Role.EDITOR
    ) -> tuple[int, Any]:
        if role not in self.tokens:
            self.tokens[role] = await token_for(self.services, role)
        async with self.client.request(
            method, API + path, json=body, headers=bearer(self.tokens[role])
        ) as response:
            return response.status, await response.json() if response.status != 204 else None


@pytest.fixture(params=["sqlite", "postgresql"])
async def world(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[World]:
    async with AsyncExitStack() as stack:
        environ = {}
        if request.param == "postgresql":
            environ["FRONTLINE_DATABASE_URL"] = await stack.enter_async_context(own_database())
        services, client = await stack.enter_async_context(
            gateway(tmp_path, environ=environ, work=False)
        )
        yield World(services, client)


async def test_changed_hours_hold_at_once_for_bot_and_desk(world: World) -> None:
    services = world.services
    now = services.clock.now()
    status, listed = await world.ask("GET")
    assert (status, [c["key"] for c in listed["items"]]) == (200, ["main"])
    version = listed["items"][0]["version"]
    assert listed["items"][0]["queues"]

    status, saved = await world.ask("PATCH", "/main", content(week=ALWAYS, version=version))
    assert (status, saved["version"], saved["updated_by"]) == (200, version + 1, "Editor")
    assert await services.db.read(lambda conn: is_open(conn, "main", now))
    assert (
        "open now, day and night"
        in (await services.hours.answer("open now?", locale="en", now=now)).text
    )

    today = {"year": None, "month": now.month, "day": now.day, "names": {"en": "Stocktaking"}}
    body = content(week=ALWAYS, timezone="UTC", exceptions=[today], version=version + 1)
    status, saved = await world.ask("PATCH", "/main", body)
    assert status == 200
    assert not await services.db.read(lambda conn: is_open(conn, "main", now))
    answer = await services.hours.answer("are you open today?", locale="en", now=now)
    assert "Stocktaking" in answer.text
    sentence = await services.db.read(lambda conn: hours_sentence(conn, "main", "en", now))
    assert sentence.startswith("Our team is back")

    status, problem = await world.ask("PATCH", "/main", body)
    assert (status, problem["code"], problem["version"]) == (409, "stale", version + 2)


async def test_what_can_not_be_used_is_refused_and_nothing_changes(world: World) -> None:
    for change, pointer, code in (
        ({"week": [[["18:00", "09:00"]], *OFFICE[1:]]}, "/week/0/0", "end_before_start"),
        ({"week": [[["09:00", "13:00"], ["12:00", "18:00"]], *OFFICE[1:]]}, "/week/0/1", "overlap"),
        ({"week": [[]] * 7}, "/week", "never_open"),
        ({"timezone": "Mars/Base"}, "/timezone", "timezone"),
        ({"country": "XX"}, "/country", "holidays"),
        ({"country": "BR", "state": "ZZ"}, "/country", "holidays"),
    ):
        status, problem = await world.ask("PATCH", "/main", content(version=1, **change))
        assert (status, problem["code"]) == (422, code)
        assert [e["pointer"] for e in problem["errors"]] == [pointer]
    unreadable: list[dict[str, Any]] = [
        {"week": "always"},
        {"week": [[[1, 2]]] * 7},
        {"colour": 1},
        {"exceptions": [{}]},
    ]
    for broken in unreadable:
        status, problem = await world.ask("PATCH", "/main", content(version=1, **broken))
        assert (status, problem["code"]) == (422, "validation")
    assert (await world.ask("GET", "/main"))[1]["version"] == 1


async def test_a_second_place_from_first_to_last_day(world: World) -> None:
    body = content(
        key="moema", name="Moema", week=ALWAYS, names={"en": "Moema shop"}, words=["moema"]
    )
    status, made = await world.ask("POST", "", body)
    assert (status, made["version"], made["queues"]) == (201, 1, [])
    assert (await world.ask("POST", "", body))[1]["code"] == "duplicate"
    assert (await world.ask("POST", "", body | {"key": "Bad Key"}))[1]["code"] == "key"
    now = world.services.clock.now()
    answer = await world.services.hours.answer("is moema open now?", locale="en", now=now)
    assert answer.text.startswith("**Moema shop**\n\nWe're open now")

    queues = (await world.ask("GET", "/main"))[1]["queues"]
    status, moved = await world.ask("POST", "/moema/queues", {"queue_ids": [queues[0]["id"]]})
    assert (status, [q["id"] for q in moved["queues"]]) == (200, [queues[0]["id"]])
    assert len((await world.ask("GET", "/main"))[1]["queues"]) == len(queues) - 1
    assert (await world.ask("DELETE", "/moema?version=1"))[1]["code"] == "in_use"
    assert (await world.ask("POST", "/moema/queues", {"queue_ids": ["nope"]}))[0] == 404
    assert (await world.ask("POST", "/main/queues", {"queue_ids": []}))[1]["code"] == "in_use"
    assert (await world.ask("POST", "/moema/queues", {"queue_ids": []}))[0] == 200
    assert len((await world.ask("GET", "/main"))[1]["queues"]) == len(queues)
    assert (await world.ask("DELETE", "/moema?version=7"))[1]["code"] == "stale"
    assert (await world.ask("DELETE", "/moema?version=1"))[0] == 204
    assert (await world.ask("GET", "/moema"))[0] == 404
    assert (await world.ask("DELETE", "/main?version=1"))[1]["code"] == "in_use"


async def test_trying_hours_that_are_not_saved(world: World) -> None:
    calendar = content(
        country="BR",
        state="SP",
        exceptions=[
            {"year": 2026, "month": 12, "day": 25, "intervals": [["10:00", "14:00"]]},
        ],
    )

    async def at(time: str | None, **more: Any) -> Any:
        status, tried = await world.ask(
            "POST", "/preview", {"calendar": calendar, "at": time, "locale": "en", **more}
        )
        assert status == 200
        return tried

    christmas = await at("2026-12-25T11:00:00")
    assert (christmas["open"], christmas["day"]["why"]) == (True, "exception")
    assert christmas["at"] == "2026-12-25T11:00:00-03:00"
    tiradentes = await at("2027-04-21T11:00:00")
    assert (tiradentes["open"], tiradentes["day"]["why"]) == (False, "holiday")
    assert tiradentes["day"]["names"]["pt-BR"] == "Tiradentes"
    assert tiradentes["opens_at"] == "2027-04-22T12:00:00Z"
    wednesday = await at("2026-11-18T12:30:00")
    assert (wednesday["open"], wednesday["day"]["why"]) == (False, "week")
    asked = await at(None, question="do you close for lunch on Monday?")
    assert "12:00 to 13:00" in asked["answer"]
    assert {day["why"] for day in asked["special"]} <= {"holiday", "exception"}
    assert len(asked["special"]) >= 9
    calendar["week"] = [[["18:00", "09:00"]], *OFFICE[1:]]
    assert [p["pointer"] for p in (await at(None))["problems"]] == ["/week/0/0"]


async def test_who_may_read_and_write(world: World) -> None:
    for role in (Role.AUDITOR, Role.AGENT, Role.SUPERVISOR):
        assert (await world.ask("GET", role=role))[0] == 200
        assert (await world.ask("PATCH", "/main", content(version=1), role=role))[0] == 404
        assert (await world.ask("POST", "", content(key="x"), role=role))[0] == 403
    assert (await world.ask("PATCH", "/main", content(version=1), role=Role.ADMIN))[0] == 200
    status, choices = await world.ask("GET", "/choices", role=Role.AUDITOR)
    assert status == 200
    assert "SP" in choices["countries"]["BR"]
    assert "America/Sao_Paulo" in choices["timezones"]


async def test_of_many_savers_one_wins(world: World) -> None:
    assert (await world.ask("GET"))[0] == 200
    results = await asyncio.gather(
        *(world.ask("PATCH", "/main", content(name=f"N{n}", version=1)) for n in range(5))
    )
    assert sorted(status for status, _ in results) == [200, 409, 409, 409, 409]


async def test_another_gateway_goes_by_them_at_once(tmp_path: Path) -> None:
    async with own_database() as url:
        environ = {"FRONTLINE_DATABASE_URL": url}
        async with (
            gateway(tmp_path / "a", environ=environ, work=False) as (services, client),
            gateway(tmp_path / "b", environ=environ, work=False) as (other, _),
        ):
            world = World(services, client)
            await world.ask("PATCH", "/main", content(week=ALWAYS, version=1))
            assert await other.hours.is_open("main", other.clock.now())
