"""Rasa's calls over HTTP: what goes wrong is told by status, never by exception text."""

import asyncio
import io
import json
import re
from pathlib import Path

import pytest
import yaml
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from actions.registry import ACTIONS as REGISTERED
from actions.turn_record import LIMIT, TurnRecords
from actions.webhook import ACTIONS, routes
from bot.kit.locales import LOCALES, Texts
from bot.kit.web import mount
from tests.actions.world import World, make_runner

NLU = Path(__file__).resolve().parents[2] / "nlu"


def test_rasa_and_the_gateway_know_the_same_actions() -> None:
    domain = yaml.safe_load((NLU / "domain" / "actions.yml").read_text(encoding="utf-8"))
    assert sorted(domain["actions"]) == sorted(action.action_name for action in REGISTERED)


async def test_an_unknown_action_is_404(world: World) -> None:
    assert (await world.call("action_delete_everything")).status == 404


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"{", b'{"next_action": "action_helped"}', b'"x"', b"[" * 100_000]
)
async def test_no_action_call_is_400(world: World, body: bytes) -> None:
    assert world.client is not None
    async with world.client.post("/actions", data=body) as answer:
        assert answer.status == 400


async def test_a_call_from_outside_a_turn_fails(world: World) -> None:
    """`rasa shell` with the gateway's endpoint has no turn id: no effect may happen."""
    assert world.client is not None
    body = {
        "next_action": "action_request_human",
        "tracker": {"sender_id": world.conversation_id, "slots": {}, "latest_message": {}},
    }
    async with world.client.post("/actions", json=body) as answer:
        assert answer.status == 500
    assert await world.ticket() is None


async def test_a_failing_action_tells_nothing(world: World) -> None:
    world.knowledge.fails = True
    assert world.client is not None
    said = await world.call("action_answer_question")
    assert said.status == 500
    message = await world.write("oi")
    body = {
        "next_action": "action_answer_question",
        "tracker": {
            "sender_id": f"{world.conversation_id}~1",
            "slots": {},
            "latest_message": {"text": "oi", "metadata": {"turn_id": message.id}},
        },
    }
    async with world.client.post("/actions", json=body) as answer:
        assert "secret detail" not in await answer.text()


async def test_a_slow_action_is_cut_off(world: World) -> None:
    class Slow:
        async def ask(self, *_: object, **__: object) -> None:
            await asyncio.Event().wait()

    world.knowledge.ask = Slow().ask  # type: ignore[method-assign, assignment]
    app = web.Application()
    app[ACTIONS] = make_runner(world, limit_seconds=0.05)
    mount(app, [routes])
    async with TestClient(TestServer(app)) as client:
        world.client = client
        assert (await world.call("action_answer_question")).status == 500


async def test_a_whole_tracker_of_a_long_conversation_is_taken(world: World) -> None:
    assert world.client is not None
    message = await world.write("oi")
    events = [{"event": "user", "text": "x" * 200} for _ in range(8_000)]
    body = {
        "next_action": "action_helped",
        "tracker": {
            "sender_id": f"{world.conversation_id}~1",
            "slots": {},
            "latest_message": {"text": "oi", "metadata": {"turn_id": message.id}},
            "events": events,
        },
        "domain": {"intents": []},
    }
    data = io.BytesIO(json.dumps(body).encode())
    async with world.client.post("/actions", data=data) as answer:
        assert answer.status == 200


def test_everything_that_actions_say_has_a_text_in_every_language() -> None:
    source = "".join(
        path.read_text(encoding="utf-8")
        for path in (Path(__file__).resolve().parents[2] / "actions").glob("*.py")
    )

    keys = set(re.findall(r'"((?:utter|label)_[a-z_]+[a-z])"', source))
    assert len(keys) > 30
    texts = Texts()
    for locale in LOCALES:
        missing = keys - texts[locale].bot_keys
        assert not missing, f"{locale}: {sorted(missing)}"
        for status in ("placed", "paid", "shipped", "delayed", "delivered", "returned"):
            assert texts.bot(f"utter_order_{status}", locale, {"number": "N"})


def test_records_of_lost_turns_do_not_pile_up() -> None:
    records = TurnRecords()
    for n in range(LIMIT + 10):
        records.begin(f"t{n}", vector=None, question="")
    assert records.end("t0") is None
    assert records.end(f"t{LIMIT}") is not None
    records.of("unknown").ticket_opened = True
    assert records.end("unknown") is None
