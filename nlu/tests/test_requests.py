"""What the gateway may send."""

import base64
from typing import Any, Dict

import numpy as np
import pytest

from hosting import requests
from hosting.requests import BadRequest

GOOD: Dict[str, Any] = {
    "conversation_id": "8b1f~1",
    "turn_id": "t-1",
    "text": "oi",
    "locale": "pt-BR",
    "channel": "widget",
    "metadata": {"verified": True},
    "vector": None,
    "intent": None,
}


def test_a_message() -> None:
    turn = requests.turn_request(GOOD)
    assert (turn.conversation_id, turn.turn_id, turn.text) == ("8b1f~1", "t-1", "oi")
    assert turn.intent is None and turn.metadata == {"verified": True}


def test_a_button_needs_no_text() -> None:
    intent = {"name": "choose_article", "entities": {"article_id": "a1"}}
    turn = requests.turn_request({**GOOD, "text": None, "intent": intent})
    assert turn.intent == "choose_article"
    assert turn.entities == {"article_id": "a1"}
    assert turn.text == "/choose_article"


def test_a_vector() -> None:
    floats = np.full(512, 0.0441941738, dtype="<f4").tobytes()
    turn = requests.turn_request({**GOOD, "vector": base64.b64encode(floats).decode()})
    assert turn.vector is not None and turn.vector.shape == (512,)


@pytest.mark.parametrize(
    "change",
    [
        {"conversation_id": None}, {"conversation_id": ""}, {"conversation_id": "a b"},
        {"conversation_id": "x" * 300}, {"conversation_id": 7}, {"conversation_id": "../x"},
        {"conversation_id": "\ud800"}, {"turn_id": None}, {"turn_id": "a/b"},
        {"text": None}, {"text": ""}, {"text": "  \n"}, {"text": 7}, {"text": ["oi"]},
        {"text": "\ud800"}, {"text": "a\x00b"}, {"text": "x" * 5000},
        {"locale": "português"}, {"channel": "a b"}, {"metadata": []},
        {"metadata": {"big": "x" * 20000}},
        {"vector": "?"}, {"vector": "AAAA"}, {"vector": 7},
        {"intent": "greet"}, {"intent": {"name": "a b"}}, {"intent": {"name": "/greet"}},
        {"intent": {"name": "greet", "entities": {"x": {}}}},
        {"intent": {"name": "greet", "entities": []}, "text": []},
    ],
)  # fmt: skip
def test_refused(change: Dict[str, Any]) -> None:
    with pytest.raises(BadRequest):
        requests.turn_request({**GOOD, **change})


@pytest.mark.parametrize("body", [None, [], "x", 7])
def test_a_body_is_an_object(body: Any) -> None:
    with pytest.raises(BadRequest):
        requests.turn_request(body)


def test_events() -> None:
    assert requests.appended_events({"events": [{"event": "slot"}]}) == [{"event": "slot"}]
    for bad in ({}, {"events": None}, {"events": [1]}, {"events": [{}] * 500}):
        with pytest.raises(BadRequest):
            requests.appended_events(bad)
