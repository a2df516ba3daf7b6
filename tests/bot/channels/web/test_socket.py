"""The widget's live connection: everything after the last seen number, then live, and acknowledgements."""

import uuid
from pathlib import Path
from typing import Any

import pytest

from bot.conversations import repository as conversations
from bot.kit.db import Tx
from bot.staff.account import Role
from handoff.pack import PackInput
from handoff.ticket import Reason
from tests.bot.inbox.test_turns import answered, send, session
from tests.parts import add_staff, gateway


async def receive(ws: Any, kind: str) -> dict[str, Any]:
    while True:
        frame = await ws.receive_json(timeout=10)
        if frame["type"] == kind:
            return dict(frame)


async def test_a_message_is_acknowledged_and_answered_live(tmp_path: Path) -> None:
    async with gateway(tmp_path) as (_, client):
        token = await session(client)
        async with client.ws_connect("/api/widget/v1/socket") as ws:
            await ws.send_json({"type": "hello", "token": token, "last_seq": 0})
            assert (await receive(ws, "owner"))["owner"] == "bot"
            client_id = str(uuid.uuid4())
            await ws.send_json({"type": "message", "client_id": client_id, "text": "hello"})
            ack = await receive(ws, "ack")
            assert ack["client_id"] == client_id
            assert ack["seq"] == 1
            while (message := await receive(ws, "message"))["author"] == "customer":
                assert message["client_id"] == client_id
            assert message["text"] == "understood"


async def test_what_was_missed_comes_first_and_once(tmp_path: Path) -> None:
    async with gateway(tmp_path) as (_, client):
        token = await session(client)
        await send(client, token, "one")
        await answered(client, token, 1)
        await send(client, token, "two")
        await answered(client, token, 2)
        async with client.ws_connect("/api/widget/v1/socket") as ws:
            await ws.send_json({"type": "hello", "token": token, "last_seq": 2})
            seen = [(await receive(ws, "message"))["seq"] for _ in range(2)]
        assert seen == [3, 4]


@pytest.mark.parametrize(
    "hello",
    [
        {"type": "hello"},
        {"type": "hello", "token": "wrong", "last_seq": 0},
        {"type": "message", "text": "first"},
        ["no", "object"],
    ],
)
async def test_without_a_good_hello_nothing_is_served(tmp_path: Path, hello: Any) -> None:
    async with (
        gateway(tmp_path, work=False) as (_, client),
        client.ws_connect("/api/widget/v1/socket") as ws,
    ):
        await ws.send_json(hello)
        frame = await ws.receive_json(timeout=5)
        assert frame["type"] == "error"
        assert (await ws.receive(timeout=5)).type.name in {"CLOSE", "CLOSED", "CLOSING"}


@pytest.mark.parametrize(
    "frame", ["no json", "[]", "7", '{"type": "nonsense"}', '{"type": "message"}', "{" * 1000]
)
async def test_garbage_is_answered_and_the_connection_lives(tmp_path: Path, frame: str) -> None:
    async with gateway(tmp_path) as (_, client):
        token = await session(client)
        async with client.ws_connect("/api/widget/v1/socket") as ws:
            await ws.send_json({"type": "hello", "token": token, "last_seq": 0})
            await receive(ws, "owner")
            await ws.send_str(frame)
            assert (await receive(ws, "error"))["code"]
            await ws.send_json(
                {"type": "message", "client_id": str(uuid.uuid4()), "text": "still there?"}
            )
            assert await receive(ws, "ack")


async def test_the_widget_hears_who_has_joined_and_tells_what_was_read(tmp_path: Path) -> None:
    async with gateway(tmp_path, work=False) as (services, client):
        token = await session(client)
        await add_staff(services, Role.AGENT)
        conversation = await services.visitors.conversation_of(token)

        def hand_off(tx: Tx) -> str:
            opened = services.desk.open_ticket(
                tx,
                conversation=conversations.get_conversation(tx.conn, conversation),
                reason=Reason.CUSTOMER_ASKED,
                turn_id=None,
                pack_facts=PackInput(),
                topic=None,
                now=services.clock.now(),
            )
            return opened.ticket_id

        ticket = await services.db.write(hand_off)
        (agent,) = await services.desk.list_agents()
        async with client.ws_connect("/api/widget/v1/socket") as ws:
            await ws.send_json({"type": "hello", "token": token, "last_seq": 0})
            waiting = await receive(ws, "owner")
            assert (waiting["owner"], "agent_name" in waiting) == ("queue", False)
            await services.desk.claim(ticket, agent)
            joined = await receive(ws, "owner")
            assert (joined["owner"], joined["agent_name"]) == ("agent", agent.name)
            for seq in ("2", -1, True, 10**12, 900, 1):
                await ws.send_json({"type": "seen", "seq": seq})
            await ws.send_json({"type": "ping"})
            await receive(ws, "pong")
        seen, _ = await services.db.read(
            lambda conn: conversations.reading_state(conn, conversation)
        )
        assert seen == 1


async def test_another_site_may_not_connect(tmp_path: Path) -> None:
    async with gateway(tmp_path, work=False) as (_, client):
        response = await client.post(
            "/api/widget/v1/sessions", json={}, headers={"Origin": "https://evil.example"}
        )
        assert response.status == 403
    environ = {"FRONTLINE_WIDGET_ORIGINS": "https://shop.example"}
    async with gateway(tmp_path / "two", environ=environ, work=False) as (_, client):
        response = await client.post(
            "/api/widget/v1/sessions", json={}, headers={"Origin": "https://shop.example"}
        )
        assert response.status == 201
        assert response.headers["Access-Control-Allow-Origin"] == "https://shop.example"
