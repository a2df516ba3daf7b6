"""The real bot holds the dialogues of ``dialogues.yml``, and never runs out of rules."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any, AsyncIterator, Dict, List, Optional

import pytest
import yaml
from aiohttp import web
from conftest import HERE, TOKEN, ActionServer, result, train_bot

from hosting.actions import HttpActions
from hosting.engine import Engine
from hosting.journal import Journal, database
from hosting.protocol import TurnRequest

PROJECT = HERE.parent
DIALOGUES: List[Dict[str, Any]] = yaml.safe_load(
    (HERE / "dialogues.yml").read_text(encoding="utf-8")
)
#: Slots that the gateway's actions set when all goes well.
EFFECTS: Dict[str, Dict[str, Any]] = {
    "action_start_order_check": {"purpose": "order"},
    "action_start_password_reset": {"purpose": "reset"},
    "action_tell_order_status": {
        "purpose": None,
        "order_number": None,
        "order_told": "AUR-10023",
    },
    "action_send_reset_link": {"purpose": None, "email": None},
    "action_cancel_flow": {"purpose": None, "order_number": None, "email": None},
    "action_request_human": {"purpose": None, "order_number": None, "email": None},
    "action_take_back": {"order_number": None, "email": None},
}
#: Closes a form, where there is one; nobody sees it.
UNSEEN = {"action_deactivate_loop"}


@pytest.fixture(scope="session")
def bot(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project's own bot, trained as it ships."""
    return train_bot(
        tmp_path_factory.mktemp("bot") / "bot.tar.gz",
        config=PROJECT.parent / "config.yml",
        domain=PROJECT / "domain",
        data=PROJECT / "data",
    )


@pytest.fixture
async def host(bot: Path, actions: ActionServer, tmp_path: Path) -> AsyncIterator[Engine]:
    """An engine that serves the bot, with actions that a dialogue scripts."""
    http = HttpActions(actions.url, TOKEN)
    engine = Engine(Journal(database(tmp_path / "trackers.db")), http)
    await engine.load(bot)
    yield engine
    await http.close()
    engine.close()


@pytest.mark.parametrize("dialogue", DIALOGUES, ids=lambda dialogue: str(dialogue["name"]))
async def test_dialogue(dialogue: Dict[str, Any], host: Engine, actions: ActionServer) -> None:
    for number, turn in enumerate(dialogue["turns"]):
        _script(actions, turn.get("results", {}))
        answer = await host.turn(_request(dialogue, number, turn))
        where = f"turn {number + 1}: {turn.get('say') or turn.get('gateway_intent')}"

        intent = turn.get("intent")
        assert intent is None or answer["parse"]["intent"]["name"] == intent, where
        done = [name for name in answer["actions"] if name not in UNSEEN]
        assert done == turn["expect_actions"], where
        assert [reply["say"] for reply in answer["replies"]] == turn["expect_says"], where
        assert answer["active_loop"] == turn.get("loop"), where
        for name, value in turn.get("slots", {}).items():
            assert answer["slots"].get(name) == value, where


CONTEXTS: Dict[str, List[Dict[str, Any]]] = {
    "fresh": [],
    "order form": [{"intent": "order_status"}],
    "reset form": [{"intent": "reset_password"}],
    "order code": [{"intent": "inform", "entities": {"order_number": "AUR-10023"}}],
    "reset code": [
        {"intent": "reset_password"},
        {"intent": "inform", "entities": {"email": "ana@example.com"}},
    ],
    "answered": [{"intent": "faq"}],
    "helped": [{"intent": "helped"}],
    "order told": [
        {"intent": "inform", "entities": {"order_number": "AUR-10023"}},
        {"intent": "code_ok"},
    ],
}
#: Intents that a correction may look like.
CORRECTED = {
    "deny", "inform", "faq", "nlu_fallback", "not_helped", "chitchat", "out_of_scope",
}  # fmt: skip
RESULTS = ("ok", "failed", "clarify", "not_found", "handoff", "again")
NAMED: List[Dict[str, Any]] = [
    {"order_number": "AUR-10099"},
    {"email": "eva@example.com"},
    {"order_number": "AUR-10099", "email": "eva@example.com"},
    {"correction": "the other"},
]


@pytest.mark.parametrize("context", CONTEXTS)
async def test_every_intent_is_provided_for_everywhere(
    context: str, host: Engine, actions: ActionServer
) -> None:
    """Whatever comes in whatever state, however the actions end, a rule answers it.

    The last resort of the policy is the knowledge-base search, so a gap would show as a question that
    nobody asked.
    """
    domain = host._processor.domain
    intents = set(domain.intents) - {"restart", "back", "session_start"}
    cases = [
        *itertools.product(sorted(intents), [{}], RESULTS),
        *itertools.product(sorted(intents), NAMED, ["ok"]),
    ]
    for index, (intent, named, outcome) in enumerate(cases):
        conversation = f"{context}-{index}"
        _script(actions, {})
        for number, step in enumerate(CONTEXTS[context]):
            await host.turn(_stated(conversation, number, **step))
        _script(actions, {name: outcome for name in domain.user_actions if "action_" in name})
        answer = await host.turn(_stated(conversation, 99, intent=intent, entities=named))

        done = answer["actions"]
        assert 1 <= len(done) <= 4, (intent, named, outcome, done)
        if "correction" in named:
            # Taken back where something was given; otherwise the words mean what they mean.
            assert "action_take_back" in done or context in {
                "fresh", "answered", "helped", "order told",
            } or intent not in CORRECTED, (intent, done)  # fmt: skip
            continue
        # In a form, and with an order number in it, what was not understood is no question.
        answered = "form" in context or "order_number" in named
        question = intent == "faq" or (intent == "nlu_fallback" and not answered)
        assert done.count("action_answer_question") == question, (intent, named, outcome, done)


async def test_a_form_survives_an_action_that_breaks(host: Engine, actions: ActionServer) -> None:
    """An exception in the gateway becomes a result; the form neither completes nor is lost."""
    _script(actions, {})
    await host.turn(_stated("broken", 0, intent="order_status"))
    actions.on["action_opening_hours"] = lambda _: web.Response(status=500)
    answer = await host.turn(_stated("broken", 1, intent="opening_hours"))
    assert answer["failed_actions"] == ["action_opening_hours"]
    assert answer["active_loop"] == "order_form"
    answer = await host.turn(
        _stated("broken", 2, intent="inform", entities={"order_number": "AUR-10023"})
    )
    assert "action_start_order_check" in answer["actions"]


def _script(actions: ActionServer, results: Dict[str, Any]) -> None:
    """Let actions end as given, and as they usually do otherwise."""
    actions.on.clear()
    for name in {*EFFECTS, *results}:
        outcome = results.get(name, "ok")
        slots = dict(outcome) if isinstance(outcome, dict) else {"action_result": outcome}
        if slots["action_result"] == "ok":
            slots = {**EFFECTS.get(name, {}), **slots}
        value = slots.pop("action_result")
        answer = result(value, **slots)
        actions.on[name] = lambda _, answer=answer: answer


def _request(dialogue: Dict[str, Any], number: int, turn: Dict[str, Any]) -> TurnRequest:
    return TurnRequest(
        conversation_id=str(dialogue["name"]),
        turn_id=f"t{number}",
        text=str(turn.get("say", "")),
        locale=str(dialogue["locale"]),
        channel="web",
        metadata={},
        intent=turn.get("gateway_intent"),
        entities=turn.get("entities", {}),
    )


def _stated(
    conversation: str,
    number: int,
    *,
    intent: str,
    entities: Optional[Dict[str, Any]] = None,
) -> TurnRequest:
    return TurnRequest(
        conversation, f"t{number}", "", "en", "web", {}, intent=intent, entities=entities or {}
    )
