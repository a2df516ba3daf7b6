"""Turns: the same ones Rasa would make, and what happens when something goes wrong in one."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any, Dict, List, Optional

import pytest
from aiohttp import web
from conftest import FIXTURE, ActionServer, result, train_bot
from rasa.core.agent import Agent
from rasa.core.channels.channel import CollectingOutputChannel, UserMessage
from rasa.core.tracker_store import InMemoryTrackerStore
from rasa.shared.core.events import ActionExecuted, SlotSet, UserUttered
from rasa.utils.endpoints import EndpointConfig

from hosting.engine import Engine
from hosting.journal import Journal, database
from hosting.protocol import BadModel, TurnFailed, TurnRequest
from hosting.replies import KeyGenerator


class Talk:
    """A conversation with numbered turns."""

    def __init__(self, engine: Engine, name: str = "c~1") -> None:
        self.engine = engine
        self.name = name
        self.turns = 0

    async def __call__(
        self,
        text: str,
        *,
        intent: Optional[str] = None,
        turn_id: Optional[str] = None,
        **entities: Any,
    ) -> Dict[str, Any]:
        self.turns += 1
        return await self.engine.turn(
            TurnRequest(
                conversation_id=self.name,
                turn_id=turn_id or f"t{self.turns}",
                text=text,
                locale="pt-BR",
                channel="widget",
                metadata={"verified": False},
                intent=intent,
                entities=entities,
            )
        )


def keys(answer: Dict[str, Any]) -> List[str]:
    return [reply.get("say") or reply.get("markdown") for reply in answer["replies"]]


@pytest.fixture
def talk(engine: Engine) -> Talk:
    return Talk(engine)


async def test_a_whole_conversation(talk: Talk, actions: ActionServer) -> None:
    answer = await talk("oi")
    assert answer["replies"] == [{"say": "utter_greet"}]
    assert answer["replayed"] is False
    assert answer["turn_id"] == "t1"

    answer = await talk("cadê meu pedido?")
    assert keys(answer) == ["utter_ask_order_number"]
    assert answer["active_loop"] == "order_form"
    assert answer["slots"]["requested_slot"] == "order_number"

    # A question in the middle is answered and the form goes on.
    answer = await talk("que horas vocês abrem?")
    assert keys(answer) == ["utter_hours", "utter_ask_order_number"]
    assert answer["active_loop"] == "order_form"

    answer = await talk("é o aur 10023")
    assert keys(answer) == ["utter_order_sent"]
    assert answer["actions"] == ["order_form", "action_start_order_check", "utter_order_sent"]
    assert answer["slots"]["order_number"] == "AUR-10023"
    assert answer["active_loop"] is None
    json.dumps(answer)


async def test_what_an_action_is_told(talk: Talk, actions: ActionServer) -> None:
    await talk("quero falar com um atendente")
    [call] = actions.calls
    assert actions.headers[0]["Authorization"].startswith("Bearer ")
    assert call["next_action"] == "action_request_human"
    assert call["sender_id"] == "c~1"
    tracker = call["tracker"]
    assert tracker["events"] == []
    assert tracker["latest_message"]["text"] == "quero falar com um atendente"
    assert tracker["latest_message"]["intent"]["name"] == "human"
    assert tracker["latest_message"]["decision"]["fallback"] is False
    assert tracker["latest_message"]["metadata"] == {
        "turn_id": "t1", "locale": "pt-BR", "channel": "widget", "verified": False,
    }  # fmt: skip
    assert tracker["slots"]["failed_attempts"] == 0
    assert tracker["active_loop"] == {}


async def test_replies_of_actions_are_passed_on(talk: Talk, actions: ActionServer) -> None:
    said = [
        {"markdown": "**Sim.**", "choices": [{"say": "yes", "intent": "helped"}]},
        {"say": "utter_goodbye", "vars": {"name": "Ana"}},
    ]
    actions.on["action_request_human"] = lambda _: result("ok", *said)
    assert (await talk("atendente"))["replies"] == said


async def test_rasas_own_ways_to_reply_work_too(talk: Talk, actions: ActionServer) -> None:
    actions.on["action_request_human"] = lambda _: {
        "events": [],
        "responses": [
            {"text": "Hello", "buttons": [{"title": "Yes", "payload": '/affirm{"a":1}'}]},
            {"response": "utter_greet", "name": "Ana", "text": None},
            {"text": None, "custom": {}},
        ],
    }
    assert (await talk("atendente"))["replies"] == [
        {"markdown": "Hello", "choices": [{"label": "Yes", "intent": "affirm"}]},
        {"say": "utter_greet", "vars": {"name": "Ana"}},
    ]


async def _slow(_: Any) -> Any:
    await asyncio.sleep(5)


@pytest.mark.parametrize(
    "fault",
    [
        lambda _: web.Response(status=500),
        lambda _: web.Response(status=400, text='{"action_name":"x","error":"y"}'),
        lambda _: web.Response(text="<html>", content_type="text/html"),
        lambda _: web.json_response([]),
        lambda _: web.json_response({"events": "x"}),
        lambda _: web.json_response({"events": [{"event": "no_such_event"}]}),
        lambda _: web.json_response({"events": [{"event": "slot", "name": "nope", "value": 1}]}),
        lambda _: web.Response(status=302, headers={"Location": "/actions"}),
        _slow,
    ],
)
async def test_a_failed_action_never_reads_as_success(
    talk: Talk, actions: ActionServer, fault: Any
) -> None:
    actions.on["action_start_order_check"] = fault
    await talk("cadê meu pedido?")
    answer = await talk("AUR-10023")
    assert answer["failed_actions"] == ["action_start_order_check"]
    assert keys(answer) == ["utter_failed"]
    assert answer["slots"]["action_result"] == "failed"
    # The next turn starts without that result.
    assert "action_result" not in (await talk("oi"))["slots"]


async def test_a_turn_whose_gateway_died_leaves_nothing(model_file: Path, tmp_path: Path) -> None:
    """Another gateway asks for the turn again: it must not find a failed one."""
    from hosting.actions import HttpActions

    http = HttpActions("http://127.0.0.1:9/actions", "x" * 20)
    engine = Engine(Journal(database(tmp_path / "t.db")), http)
    await engine.load(model_file)
    with pytest.raises(TurnFailed):
        await Talk(engine)("me ajuda com o reembolso", turn_id="t1")
    tracker = await engine.store.retrieve("c~1")
    assert tracker.last_turn is None
    assert not [e for e in tracker.events if isinstance(e, UserUttered)]
    await http.close()
    engine.close()


async def test_a_repeated_turn_is_answered_without_running(
    talk: Talk, actions: ActionServer, engine: Engine
) -> None:
    first = await talk("atendente", turn_id="same")
    again = await talk("atendente", turn_id="same")
    assert again == {**first, "replayed": True}
    assert actions.names == ["action_request_human"]
    # Also when the conversation is no longer in memory.
    engine.store.forget("c~1")
    assert await talk("atendente", turn_id="same") == again
    assert actions.names == ["action_request_human"]


async def test_a_turn_that_takes_too_long_leaves_nothing(
    engine: Engine, talk: Talk, actions: ActionServer
) -> None:
    await talk("oi")
    engine._turn_seconds = 0.2
    actions.on["action_request_human"] = _slow
    with pytest.raises(asyncio.TimeoutError):
        await talk("atendente", turn_id="slow")
    tracker = await engine.store.retrieve("c~1")
    assert [e.text for e in tracker.events if isinstance(e, UserUttered)] == ["oi"]
    engine._turn_seconds = 3.0
    actions.on.clear()
    assert (await talk("atendente", turn_id="slow"))["failed_actions"] == []


async def test_a_turn_that_breaks_leaves_nothing(
    engine: Engine, talk: Talk, monkeypatch: pytest.MonkeyPatch
) -> None:
    await talk("oi")

    async def broken(*_: Any, **__: Any) -> Any:
        raise RuntimeError("inside")

    monkeypatch.setattr(KeyGenerator, "generate", broken)
    with pytest.raises(RuntimeError):
        await talk("tchau", turn_id="broken")
    monkeypatch.undo()
    tracker = await engine.store.retrieve("c~1")
    assert [e.text for e in tracker.events if isinstance(e, UserUttered)] == ["oi"]
    assert keys(await talk("tchau", turn_id="broken")) == ["utter_goodbye"]


async def test_a_write_that_fails_is_no_answer(engine: Engine, talk: Talk) -> None:
    await talk("oi")
    works = engine.store._journal.write

    async def full(write: Any) -> None:
        raise OSError("no space left")

    engine.store._journal.write = full  # type: ignore[method-assign]
    with pytest.raises(OSError, match="no space"):
        await talk("tchau", turn_id="t")
    engine.store._journal.write = works  # type: ignore[method-assign]
    answer = await talk("tchau", turn_id="t")
    assert answer["replayed"] is False and keys(answer) == ["utter_goodbye"]


async def test_turns_of_one_conversation_keep_their_order(
    engine: Engine, actions: ActionServer
) -> None:
    async def slowly(_: Any) -> Any:
        await asyncio.sleep(0.02)
        return result("ok")

    actions.on["action_request_human"] = slowly
    one = Talk(engine, "one~1")
    answers = await asyncio.gather(*(one("atendente", turn_id=f"n{n}") for n in range(6)))
    assert [answer["turn_id"] for answer in answers] == [f"n{n}" for n in range(6)]
    tracker = await engine.store.retrieve("one~1")
    ids = [e.message_id for e in tracker.events if isinstance(e, UserUttered)]
    assert ids == [f"n{n}" for n in range(6)]


async def test_an_intent_from_a_button_or_the_gateway(talk: Talk, actions: ActionServer) -> None:
    await talk("cadê meu pedido?")
    await talk("10023", intent="inform", order_number="AUR-10023")
    actions.on["action_tell_order_status"] = lambda _: result("ok", {"markdown": "On its way"})
    await talk.engine.append("c~1", [{"event": "slot", "name": "purpose", "value": "order"}])
    answer = await talk("/code_ok", intent="code_ok")
    assert answer["actions"][0] == "action_tell_order_status"
    assert answer["parse"]["decision"]["reasons"] == ["stated"]
    with pytest.raises(TurnFailed):
        await talk("x", intent="no_such_intent")


@pytest.mark.parametrize(
    "text", ["/restart", "/greet", '/inform{"order_number":"AUR-1"}', "//", "/"]
)
async def test_customers_cannot_command(talk: Talk, text: str) -> None:
    await talk("cadê meu pedido?")
    answer = await talk(text)
    assert answer["parse"]["decision"]["raw_intent"] not in ("restart", "session_start")
    assert "action_restart" not in answer["actions"]
    assert answer["slots"].get("order_number") is None
    assert answer["active_loop"] == "order_form"


async def test_entities_behind_a_slash_have_true_positions(engine: Engine) -> None:
    parsed = engine.parse("/ AUR-10023")
    [entity] = parsed["entities"]
    assert "/ AUR-10023"[entity["start"] : entity["end"]] == "AUR-10023"


async def test_vectors_are_used_and_never_stored(engine: Engine) -> None:
    import numpy as np

    vector = np.full(512, 1 / np.sqrt(512), dtype=np.float32)
    text = "uma frase que ninguém disse ainda"
    await engine.turn(TurnRequest("v~1", "t1", text, "pt-BR", "widget", {}, vector=vector))
    stored = await engine.store._journal.read("v~1")
    assert "vector" not in "".join(stored.parts)


async def test_events_from_elsewhere(engine: Engine, talk: Talk) -> None:
    await engine.append("c~1", [{"event": "slot", "name": "email", "value": "a@example.com"}])
    assert (await talk("oi"))["slots"]["email"] == "a@example.com"
    for bad in ([{"event": "nope"}], [{}], [{"event": "slot", "name": "nope", "value": 1}]):
        with pytest.raises(ValueError, match="event|slot"):
            await engine.append("c~1", bad)


async def test_erased_for_good(engine: Engine, talk: Talk) -> None:
    await talk("cadê meu pedido?")
    other = Talk(engine, "c~2")
    await other("oi")
    await engine.erase("c~*")
    answer = await talk("oi", turn_id="t1")
    assert answer["replayed"] is False and answer["active_loop"] is None
    assert (await engine.store._journal.read("c~2")).logged == 0


async def test_a_new_model_takes_over_between_turns(
    engine: Engine, talk: Talk, model_file: Path, tmp_path: Path, actions: ActionServer
) -> None:
    await talk("cadê meu pedido?")
    release = asyncio.Event()

    async def waits(_: Any) -> Any:
        await release.wait()
        return result("ok")

    actions.on["action_request_human"] = waits
    slow = asyncio.ensure_future(Talk(engine, "slow~1")("atendente"))
    copy = tmp_path / "newer.tar.gz"
    copy.write_bytes(model_file.read_bytes())
    facts = await engine.load(copy)
    assert facts.name == "newer" and engine.model == facts
    release.set()
    # The turn in progress ends on the model it began with, and is kept.
    assert (await slow)["model"] == "small"
    answer = await talk("AUR-10023")
    assert answer["model"] == "newer"
    assert keys(answer) == ["utter_order_sent"]
    assert len((await engine.store.retrieve("slow~1")).events) > 3


async def test_a_bad_model_changes_nothing(engine: Engine, talk: Talk, tmp_path: Path) -> None:
    before = engine.model
    bad = tmp_path / "bad.tar.gz"
    for content in (b"", b"not a model", b"\x1f\x8b" + b"x" * 100):
        bad.write_bytes(content)
        with pytest.raises(BadModel):
            await engine.load(bad)
    with pytest.raises(BadModel):
        await engine.load(tmp_path / "missing.tar.gz")
    assert engine.model == before
    assert keys(await talk("oi")) == ["utter_greet"]


async def test_rules_that_go_round_in_circles_are_an_error(
    engine: Engine, talk: Talk, monkeypatch: pytest.MonkeyPatch
) -> None:
    from components.rules import LeanRulePolicy

    def greet_again(self: Any, tracker: Any, domain: Any) -> Any:
        from rasa.core.policies.policy import PolicyPrediction

        prediction = PolicyPrediction.for_action_name(domain, "utter_greet", "circle", 1.0)
        return prediction, None

    monkeypatch.setattr(LeanRulePolicy, "_predict", greet_again)
    with pytest.raises(TurnFailed):
        await talk("oi")


async def test_memory_of_a_conversation_does_not_grow(engine: Engine, talk: Talk) -> None:
    for number in range(60):
        await talk("oi", turn_id=f"n{number}")
    tracker = await engine.store.retrieve("c~1")
    assert len(tracker.events) < 100
    full = await engine.store.retrieve_full_tracker("c~1")
    assert sum(isinstance(event, UserUttered) for event in full.events) == 60


SCRIPTS: List[List[str]] = [
    ["oi", "cadê meu pedido?", "que horas vocês abrem?", "AUR-10023", "resolveu", "tchau"],
    ["esqueci minha senha", "maria@example.com", "oi", "esqueci minha senha", "tchau"],
    ["onde está o pedido AUR-10050", "não", "resolveu"],
    ["cadê meu pedido?", "não", "cancelar", "oi"],
    ["cadê meu pedido?", "atendente", "oi", "como faço para devolver um produto?"],
    ["asdf qwer zxcv", "vai chover amanhã?", "sim", "AUR-10023", "inglês"],
    ["cadê meu pedido?", "asdf qwer", "esqueci minha senha", "ana@example.com", "10077"],
    ["quero um humano"] * 3 + ["cadê meu pedido?"] * 3 + ["AUR-10001"] * 2,
]


@pytest.mark.parametrize("script", SCRIPTS)
@pytest.mark.parametrize("works", [True, False])
async def test_same_transcript_as_rasa_itself(
    engine: Engine, actions: ActionServer, model_file: Path, script: List[str], works: bool
) -> None:
    """The stock agent and ours, word for word and slot for slot."""
    answer = result("ok" if works else "failed", {"markdown": "done"})
    for name in ("action_answer_question", "action_request_human", "action_start_order_check",
                 "action_start_password_reset", "action_cancel_flow",
                 "action_invalid_data"):  # fmt: skip
        actions.on[name] = lambda _: answer
    stock = Agent.load(
        model_file,
        generator=KeyGenerator(),
        tracker_store=InMemoryTrackerStore(None),  # type: ignore[arg-type]
        action_endpoint=EndpointConfig(actions.url),
    )
    talk = Talk(engine)
    for text in script:
        channel = CollectingOutputChannel()
        await stock.handle_message(UserMessage(text, channel, "c~1"))
        theirs = [message.get("custom") or message.get("text") for message in channel.messages]
        ours = await talk(text)
        assert ours["replies"] == theirs, text
        tracker = await stock.tracker_store.retrieve("c~1")
        assert tracker is not None
        slots = {k: v for k, v in tracker.current_slot_values().items() if v is not None}
        # A result tells about one turn only in ours; theirs keeps the last one.
        ignored = {"action_result", "session_started_metadata"}
        assert {k: v for k, v in ours["slots"].items() if k not in ignored} == {
            k: v for k, v in slots.items() if k not in ignored
        }
        assert ours["active_loop"] == tracker.active_loop_name
        live = await engine.store.retrieve("c~1")
        assert _actions(live) == _actions(tracker)


def _actions(tracker: Any) -> List[str]:
    return [event.action_name for event in tracker.events if isinstance(event, ActionExecuted)]


async def test_a_form_whose_validation_fails_keeps_asking(
    actions: ActionServer, tmp_path: Path
) -> None:
    """In Rasa the form is announced as done without having asked anything."""
    import yaml

    from hosting.actions import HttpActions

    domain = yaml.safe_load((FIXTURE / "domain.yml").read_text(encoding="utf-8"))
    domain["actions"].append("validate_order_form")
    (tmp_path / "domain.yml").write_text(yaml.safe_dump(domain))
    model = train_bot(
        tmp_path / "validated.tar.gz",
        config=FIXTURE / "config.yml",
        domain=tmp_path / "domain.yml",
        data=FIXTURE / "data",
    )
    http = HttpActions(actions.url, "x" * 20, seconds=0.5)
    engine = Engine(Journal(database(tmp_path / "t.db")), http)
    await engine.load(model)
    talk = Talk(engine)
    actions.on["validate_order_form"] = lambda _: web.Response(status=500)
    await talk("cadê meu pedido?")
    answer = await talk("AUR-10023")
    assert answer["active_loop"] == "order_form"
    assert "order_number" not in answer["slots"]
    assert keys(answer) == ["utter_ask_order_number"]
    assert "validate_order_form" in answer["failed_actions"]
    assert answer["slots"]["action_result"] == "failed"

    actions.on["validate_order_form"] = lambda call: {
        "events": [{"event": "slot", "name": "order_number",
                    "value": call["tracker"]["slots"]["order_number"]}],
        "responses": [],
    }  # fmt: skip
    answer = await talk("AUR-10023")
    assert answer["active_loop"] is None
    assert keys(answer) == ["utter_order_sent"]
    await http.close()
    engine.close()


assert SlotSet
