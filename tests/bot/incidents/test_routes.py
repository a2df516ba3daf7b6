"""Something is out of order: whoever asks about it hears it first, once, on every channel and gateway."""

import asyncio
import time
import uuid
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from aiohttp.test_utils import TestClient

from actions.context import read_call
from actions.hand_off import hand_off
from bot.conversations import repository as conversations
from bot.conversations.tables import MessageRow
from bot.dialogue.rasa_client import TurnRequest
from bot.dialogue.rasa_wire import RasaReply, TurnAnswer
from bot.inbox.inbound import InboundMessage
from bot.services import Services
from bot.staff.account import Role
from handoff.ticket import Reason
from tests.parts import ScriptedRasa, bearer, gateway, token_for
from tests.stores import own_database

API = "/api/v1/incidents"
LATE = "Pagamentos por boleto estão atrasados."


def entered(**changes: Any) -> dict[str, Any]:
    return {
        "title": "Boleto atrasado",
        "texts": {"pt-BR": LATE, "en": "Bank slip payments are **late**."},
        "topic": {"words": ["boleto"]},
    } | changes


class World:
    """A gateway with one person of each kind, and customers."""

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

    async def tell(self, **changes: Any) -> Any:
        status, made = await self.ask("POST", "", entered(**changes))
        assert status == 201, made
        return made

    async def visitor(self, *, locale: str = "pt-BR") -> "Visitor":
        async with self.client.post("/api/widget/v1/sessions", json={"locale": locale}) as response:
            session = await response.json()
        return Visitor(self.client, bearer(session["session_token"]), session["conversation_id"])


class Visitor:
    """A customer in the widget."""

    def __init__(
        self, client: TestClient[Any, Any], headers: dict[str, str], conversation_id: str
    ) -> None:
        self.client = client
        self.headers = headers
        self.conversation_id = conversation_id

    async def hears(self, text: str) -> list[str]:
        """Write, and return everything the bot says to it."""
        body = {"client_id": str(uuid.uuid4()), "text": text}
        async with self.client.post(
            "/api/widget/v1/messages", json=body, headers=self.headers
        ) as response:
            seq = (await response.json())["seq"]
        path = f"/api/widget/v1/messages?after={seq}&wait=10"
        async with self.client.get(path, headers=self.headers) as response:
            return [m["text"] for m in (await response.json())["messages"]]


def answering() -> ScriptedRasa:
    return ScriptedRasa(script=lambda _: [RasaReply(None, "The answer.", {}, ())])


@pytest.fixture(params=["sqlite", "postgresql"])
async def world(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[World]:
    async with AsyncExitStack() as stack:
        environ = {}
        if request.param == "postgresql":
            environ["FRONTLINE_DATABASE_URL"] = await stack.enter_async_context(own_database())
        services, client = await stack.enter_async_context(
            gateway(tmp_path, answering(), environ=environ)
        )
        yield World(services, client)


async def test_it_is_said_first_once_a_conversation_until_it_is_ended(world: World) -> None:
    made = await world.tell()
    assert (made["state"], made["told"]) == ("active", 0)
    ana = await world.visitor()
    assert await ana.hears("qual o horário de vocês?") == ["The answer."]
    assert await ana.hears("paguei o boleto e nada") == [LATE, "The answer."]
    assert await ana.hears("e o boleto?") == ["The answer."]
    bob = await world.visitor(locale="en")
    heard = await bob.hears("my boleto payment is still missing")
    assert heard == ["Bank slip payments are **late**.", "The answer."]

    status, seen = await world.ask("GET", f"/{made['id']}")
    assert (status, seen["told"]) == (200, 2)
    decision = await world.services.db.read(
        lambda conn: conn.execute(
            sa.select(MessageRow.decision).where(
                MessageRow.conversation_id == bob.conversation_id,
                MessageRow.author == "customer",
            )
        ).scalar_one()
    )
    assert decision["incidents"] == [
        {"id": made["id"], "title": "Boleto atrasado", "why": "word boleto"}
    ]
    assert (await world.ask("DELETE", f"/{made['id']}?version=1"))[1]["code"] == "told"
    status, ended = await world.ask("POST", f"/{made['id']}/end", {"version": 1})
    assert (status, ended["state"]) == (200, "past")
    assert await (await world.visitor()).hears("e o boleto?") == ["The answer."]
    status, problem = await world.ask("POST", f"/{made['id']}/end", {"version": 2})
    assert (status, problem["code"]) == (409, "not_active")


async def test_it_is_told_on_telegram_too(world: World) -> None:
    await world.tell()
    services = world.services
    accepted = await services.intake.receive(
        InboundMessage(
            channel="telegram",
            contact_external_id="telegram:1:42",
            external_id="telegram:1:7",
            text="o boleto não caiu",
            locale="pt",
            address={"chat_id": 42},
        )
    )
    found: list[str] = []
    started = time.monotonic()
    while len(found) < 2:
        assert time.monotonic() - started < 10
        await asyncio.sleep(0.02)
        messages = await services.db.read(
            lambda conn: conversations.list_messages(conn, accepted.conversation.id, after=0)
        )
        found = [message.text for message in messages if message.author == "bot"]
    assert found == [LATE, "The answer."]


async def test_without_rasa_and_before_a_hand_off_it_is_said_too(
    tmp_path: Path,
) -> None:
    async with gateway(tmp_path, ScriptedRasa(script=lambda _: None)) as (services, client):
        world = World(services, client)
        await world.tell()
        heard = await (await world.visitor()).hears("e o boleto?")
        assert heard[0] == LATE
        assert len(heard) == 2
        heard = await (await world.visitor()).hears("quero falar com uma pessoa sobre o boleto")
        assert heard[0] == LATE
        assert len(heard) == 2


async def test_it_is_said_before_an_action_opens_a_ticket(tmp_path: Path) -> None:
    """An action hands over within the turn: the notice comes first, once, and is in the reasons."""

    class HandsOver(ScriptedRasa):
        async def turn(self, request: TurnRequest) -> TurnAnswer:
            latest = {"intent": {"name": "human"}, "text": request.text, "entities": []}
            call = read_call(
                "action_hand_off",
                sender_id=request.conversation_id,
                slots={},
                latest_message=latest
                | {"metadata": {"turn_id": request.turn_id, **request.metadata}},
                active_loop=None,
            )
            call = replace(call, locale=request.locale)
            await hand_off(services.action_services(), call, Reason.CUSTOMER_ASKED)
            return replace(await super().turn(request), replies=())

    async with gateway(tmp_path, HandsOver(intent="human")) as (services, client):
        world = World(services, client)
        made = await world.tell()
        visitor = await world.visitor()
        heard = await visitor.hears("quero uma pessoa, o boleto não caiu")
        assert heard[0] == LATE
        assert "FL-" in heard[1]
        assert len(heard) == 2
        assert (await world.ask("GET", f"/{made['id']}"))[1]["told"] == 1
        rows = await services.db.read(
            lambda conn: conversations.list_messages(conn, visitor.conversation_id)
        )
        assert rows[0].decision is not None
        assert rows[0].decision["why"][-1] == {"code": "notice", "title": "Boleto atrasado"}


async def test_explain_tells_which_notice_is_said(world: World) -> None:
    await world.tell()
    async with world.client.post(
        "/api/v1/explain",
        json={"text": "e o boleto?", "locale": "pt-BR"},
        headers=bearer(world.tokens[Role.EDITOR]),
    ) as response:
        explained = await response.json()
    assert "the notice “Boleto atrasado”, which is said first" in explained["reasons"][-1]


async def test_what_means_the_same_and_which_article(world: World) -> None:
    sentences = ["meu boleto foi pago mas não caiu"]
    topic = {"sentences": sentences}
    for question, told in (
        ("paguei o boleto ontem e ainda não consta", True),
        ("pagué con boleto y no aparece el pago", True),
        ("quero trocar o produto", False),
    ):
        status, verdict = await world.ask(
            "POST", "/preview", {"topic": topic, "question": question}
        )
        assert (status, verdict["told"]) == (200, told), (question, verdict)
    await world.tell(topic=topic)
    ana = await world.visitor()
    assert await ana.hears("quero trocar o produto") == ["The answer."]
    assert (await ana.hears("meu pagamento por boleto não aparece"))[0] == LATE


REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"texts": {"en": "Late."}}, "text_missing"),
    ({"texts": {}}, "text_missing"),
    ({"title": ""}, "empty"),
    ({"topic": {}}, "topic_empty"),
    ({"topic": {"articles": ["nope"]}}, "article"),
    ({"topic": {"routes": ["nope"]}}, "route"),
    ({"starts_at": "2030-01-02T00:00:00Z", "ends_at": "2030-01-01T00:00:00Z"}, "end_before_start"),
    ({"ends_at": "2020-01-01T00:00:00Z"}, "end_before_start"),
    ({"ends_at": "2030-01-01T00:00:00"}, "validation"),
    ({"topic": {"planets": ["x"]}}, "validation"),
    ({"texts": {"pt-BR": "**x"}}, "markdown"),
]


async def test_what_can_not_be_told_is_refused(world: World) -> None:
    for changes, code in REFUSED:
        status, problem = await world.ask("POST", "", entered(**changes))
        assert (status, problem["code"]) == (422, code)
        assert problem["detail"]
    assert (await world.ask("GET"))[1]["items"] == []


async def test_scheduled_changed_and_deleted(world: World) -> None:
    now = world.services.clock.now()

    def at(hours: float) -> str:
        moment: datetime = now + timedelta(hours=hours)
        return moment.isoformat()

    made = await world.tell(starts_at=at(1), ends_at=at(2))
    assert made["state"] == "scheduled"
    ana = await world.visitor()
    assert await ana.hears("e o boleto?") == ["The answer."]
    body = entered(starts_at=at(-1), ends_at=at(2), version=1)
    status, changed = await world.ask("PATCH", f"/{made['id']}", body)
    assert (status, changed["state"], changed["version"]) == (200, "active", 2)
    status, problem = await world.ask("PATCH", f"/{made['id']}", body)
    assert (status, problem["code"], problem["version"]) == (409, "stale", 2)
    assert await ana.hears("e o boleto agora?") == [LATE, "The answer."]
    other = await world.tell(starts_at=at(5))
    lists = {
        state: [i["id"] for i in (await world.ask("GET", f"?state={state}"))[1]["items"]]
        for state in ("active", "scheduled", "past")
    }
    assert lists == {"active": [made["id"]], "scheduled": [other["id"]], "past": []}
    assert (await world.ask("DELETE", f"/{other['id']}?version=9"))[1]["code"] == "stale"
    assert (await world.ask("DELETE", f"/{other['id']}?version=1"))[0] == 204
    assert (await world.ask("GET", f"/{other['id']}"))[0] == 404


async def test_who_may_read_and_write(world: World) -> None:
    for role in (Role.AUDITOR, Role.AGENT, Role.SUPERVISOR):
        assert (await world.ask("GET", role=role))[0] == 200
        assert (await world.ask("POST", "", entered(), role=role))[0] == 403
    assert (await world.ask("POST", "", entered(), role=Role.ADMIN))[0] == 201


async def until(check: Callable[[], bool], *, seconds: float = 1.0) -> None:
    started = time.monotonic()
    while not check():
        assert time.monotonic() - started < seconds, "not within a second"
        await asyncio.sleep(0.01)


async def test_another_gateway_tells_it_within_a_second(tmp_path: Path) -> None:
    async with own_database() as url:
        environ = {"FRONTLINE_DATABASE_URL": url}
        async with (
            gateway(tmp_path / "a", answering(), environ=environ) as (services, client),
            gateway(tmp_path / "b", answering(), environ=environ) as (other, other_client),
        ):
            await World(services, client).tell()
            await until(lambda: bool(other.incidents.running))
            there = World(other, other_client)
            assert (await (await there.visitor()).hears("e o boleto?"))[0] == LATE
