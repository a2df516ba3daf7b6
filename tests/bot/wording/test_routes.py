"""An admin changes what the bot says: the next message says it, on every gateway."""

import asyncio
import time
import uuid
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest
from aiohttp.test_utils import TestClient

from bot.dialogue.rasa_wire import RasaReply
from bot.services import Services
from bot.staff.account import Role
from tests.parts import ScriptedRasa, bearer, gateway, token_for
from tests.stores import own_database

Client = TestClient[Any, Any]
GREET = "/api/v1/texts/utter_greet"


class World:
    """A gateway with one person of each kind."""

    def __init__(self, services: Services, client: Client) -> None:
        self.services = services
        self.client = client
        self.tokens: dict[Role, str] = {}

    async def ask(
        self, method: str, path: str, body: Any = None, *, role: Role = Role.EDITOR
    ) -> tuple[int, Any]:
        if role not in self.tokens:
            self.tokens[role] = await token_for(self.services, role)
        async with self.client.request(
            method, path, json=body, headers=bearer(self.tokens[role])
        ) as response:
            return response.status, await response.json()

    async def change(self, text: str, *, version: int, **more: Any) -> tuple[int, Any]:
        body = {"locale": "en", "text": text, "version": version, **more}
        return await self.ask("PATCH", GREET, body)


async def say(client: Client, *, locale: str = "en") -> str:
    """Write to the bot as a new visitor and return what it answers."""
    async with client.post("/api/widget/v1/sessions", json={"locale": locale}) as response:
        session = await response.json()
    headers = bearer(session["session_token"])
    body = {
        "client_id": str(uuid.uuid4()),
        "text": {"en": "hello", "es": "hola, buenos días"}[locale],
    }
    async with client.post("/api/widget/v1/messages", json=body, headers=headers) as response:
        assert response.status == 202
        seq = (await response.json())["seq"]
    path = f"/api/widget/v1/messages?after={seq}&wait=10"
    async with client.get(path, headers=headers) as response:
        return str((await response.json())["messages"][0]["text"])


def greeter() -> ScriptedRasa:
    return ScriptedRasa(script=lambda _: [RasaReply("utter_greet", None, {}, ())])


@pytest.fixture(params=["sqlite", "postgresql"])
async def world(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[World]:
    async with AsyncExitStack() as stack:
        environ = {}
        if request.param == "postgresql":
            environ["FRONTLINE_DATABASE_URL"] = await stack.enter_async_context(own_database())
        services, client = await stack.enter_async_context(
            gateway(tmp_path, greeter(), environ=environ)
        )
        yield World(services, client)


async def test_a_change_is_said_at_once_and_can_be_taken_back(world: World) -> None:
    shipped = await say(world.client)
    status, text = await world.change("Hi, **you**!", version=0, reason="friendlier")
    assert status == 200
    mine = next(w for w in text["wordings"] if (w["locale"], w["channel"]) == ("en", "any"))
    assert (mine["text"], mine["version"], mine["shipped"]) == ("Hi, **you**!", 1, shipped)
    assert await say(world.client) == "Hi, **you**!"
    assert await say(world.client, locale="es") != "Hi, **you**!"

    status, _ = await world.change("Hi, web!", version=0, channel="web")
    assert status == 200
    assert await say(world.client) == "Hi, web!"
    assert world.services.texts.bot("utter_greet", "en", channel="telegram") == "Hi, **you**!"

    await world.ask("POST", f"{GREET}/restore", {"locale": "en", "channel": "web", "version": 1})
    assert await say(world.client) == "Hi, **you**!"
    status, text = await world.ask("POST", f"{GREET}/restore", {"locale": "en", "version": 1})
    assert (status, text["changed"]) == (200, False)
    assert await say(world.client) == shipped

    status, history = await world.ask("GET", f"{GREET}/revisions?locale=en")
    assert [(r["number"], r["text"], r["reason"]) for r in history["items"]] == [
        (2, None, None),
        (1, "Hi, **you**!", "friendlier"),
    ]
    assert history["items"][0]["author"]["name"] == "Editor"
    assert history["shipped"] == shipped
    status, text = await world.ask(
        "POST", f"{GREET}/restore", {"locale": "en", "version": 2, "revision": 1}
    )
    assert status == 200
    assert await say(world.client) == "Hi, **you**!"


async def test_two_editors_and_one_text(world: World) -> None:
    assert (await world.change("One", version=0))[0] == 200
    status, problem = await world.change("Two", version=0)
    assert (status, problem["code"], problem["version"]) == (409, "stale", 1)
    assert await say(world.client) == "One"
    results = await asyncio.gather(*(world.change(f"Text {n}", version=1) for n in range(6)))
    assert sorted(status for status, _ in results) == [200, 409, 409, 409, 409, 409]


REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"text": "Hi {name}"}, "unknown_variable"),
    ({"text": "  "}, "empty"),
    ({"text": "**x"}, "markdown"),
    ({"text": "x" * 4_097}, "too_long_for_telegram"),
    ({"text": "x" * 200_000}, "validation"),
    ({"locale": "fr"}, "validation"),
    ({"channel": "fax"}, "validation"),
    ({"colour": "red"}, "validation"),
]


async def test_what_can_not_be_used_is_refused_with_a_reason(world: World) -> None:
    for change, code in REFUSED:
        body = {"locale": "en", "text": "Hello", "version": 0} | change
        status, problem = await world.ask("PATCH", GREET, body)
        assert (status, problem["code"]) == (422, code)
        assert problem["detail"]
    assert (await world.ask("GET", GREET))[1]["changed"] is False


async def test_a_text_that_is_the_same_everywhere_takes_no_channel(world: World) -> None:
    body = {"locale": "en", "channel": "web", "text": "Hello,", "version": 0}
    status, problem = await world.ask("PATCH", "/api/v1/texts/mail_greeting", body)
    assert (status, problem["code"]) == (422, "channel")
    status, problem = await world.ask("GET", "/api/v1/texts/utter_nothing_like_it")
    assert (status, problem["code"]) == (404, "not_found")
    restore = {"locale": "en", "version": 0, "revision": 9}
    assert (await world.ask("POST", f"{GREET}/restore", restore))[0] == 404


async def test_finding_a_text(world: World) -> None:
    async def keys(query: str) -> list[str]:
        status, found = await world.ask("GET", f"/api/v1/texts{query}")
        assert status == 200
        return [item["key"] for item in found["items"]]

    assert len(await keys("")) > 150
    assert set(await keys("?area=mail")) == {k for k in await keys("") if k.startswith("mail_")}
    assert "utter_password_changed" in await keys("?q=contraseña")
    assert "utter_password_changed" in await keys("?q=PASSWORD+changed")
    assert await keys("?changed=true") == []
    await world.change("Moin!", version=0)
    assert await keys("?changed=true") == ["utter_greet"]
    assert await keys("?q=moin") == ["utter_greet"]
    assert "utter_greet" not in await keys("?changed=false")
    assert (await world.ask("GET", "/api/v1/texts?area=nope"))[0] == 422


async def test_a_preview_says_what_would_be_seen_and_what_is_wrong(world: World) -> None:
    path = "/api/v1/texts/utter_handoff/preview"
    status, seen = await world.ask(
        "POST", path, {"locale": "pt-BR", "text": "Protocolo **{number}**, fila {queue}."}
    )
    assert (status, seen["problems"]) == (200, [])
    assert seen["text"] == "Protocolo **AUR-10023**, fila Atendimento."
    assert seen["telegram"] == ["Protocolo <b>AUR-10023</b>, fila Atendimento."]
    status, seen = await world.ask("POST", path, {"locale": "pt-BR", "text": "Protocolo {number"})
    assert status == 200
    assert [p["code"] for p in seen["problems"]] == ["braces"]


async def test_who_may_read_and_write(world: World) -> None:
    change = {"locale": "en", "text": "Hello", "version": 0}
    for role in (Role.AUDITOR, Role.AGENT, Role.SUPERVISOR):
        assert (await world.ask("GET", "/api/v1/texts", role=role))[0] == 200
        assert (await world.ask("PATCH", GREET, change, role=role))[0] == 404
    assert (await world.ask("PATCH", GREET, change, role=Role.ADMIN))[0] == 200


async def test_mails_and_hours_say_it_too(world: World) -> None:
    for key, text in {
        "mail_reset_code_subject": "Code for the password",
        "hours_closed_now": "Nobody is in.",
    }.items():
        body = {"locale": "en", "text": text, "version": 0}
        assert (await world.ask("PATCH", f"/api/v1/texts/{key}", body))[0] == 200
    services = world.services
    letter = services.verification.letters.reset_code("en", code="12345678", minutes=10)
    assert letter.subject == "Code for the password"
    night = services.clock.now().replace(hour=4)
    answer = await services.hours.answer("are you open now?", locale="en", now=night)
    assert answer.text.startswith("Nobody is in.")


async def until(check: Callable[[], bool], *, seconds: float = 1.0) -> None:
    started = time.monotonic()
    while not check():
        assert time.monotonic() - started < seconds, "not within a second"
        await asyncio.sleep(0.01)


async def test_another_gateway_says_it_within_a_second(tmp_path: Path) -> None:
    async with own_database() as url:
        environ = {"FRONTLINE_DATABASE_URL": url}
        async with (
            gateway(tmp_path / "a", greeter(), environ=environ) as (services, client),
            gateway(tmp_path / "b", greeter(), environ=environ) as (other, other_client),
        ):
            world = World(services, client)
            for n in range(3):
                assert (await world.change(f"Hello {n}", version=n))[0] == 200
                # No bus between the two: only the version in the database tells.
                await until(lambda n=n: other.texts.bot("utter_greet", "en") == f"Hello {n}")  # type: ignore[misc]
            assert await say(other_client) == "Hello 2"
