"""An article that is sure takes a message from an intent that is not."""

from __future__ import annotations

from typing import Any, Dict

import pytest

from components.articles import ARTICLE_SURER, Verdict, as_question, is_surer
from hosting import requests
from hosting.requests import BadRequest

SURE = Verdict("answer", 0.97)


def surer(verdict: Verdict = SURE, **facts: Any) -> bool:
    given: Dict[str, Any] = {
        "intent": "order_status", "confidence": 0.8, "certain": False, "named": (), **facts,
    }  # fmt: skip
    return is_surer(verdict, **given)


def test_a_sure_article_beats_an_unsure_flow() -> None:
    assert surer()
    assert not surer(confidence=0.95)
    assert not surer(Verdict("answer", 0.85))
    assert not surer(Verdict("clarify", 0.97))


def test_what_is_certain_or_names_something_stays() -> None:
    assert not surer(certain=True)
    assert not surer(named=["order_number"])
    assert surer(named=["weekday"])


@pytest.mark.parametrize("intent", ["human", "abuse", "affirm", "change_language", "faq"])
def test_some_intents_never_yield(intent: str) -> None:
    assert not surer(intent=intent, confidence=0.1)


def test_what_is_hardly_out_of_scope_is_asked_back() -> None:
    assert surer(Verdict("clarify", 0.5), intent="out_of_scope", confidence=0.8)
    assert not surer(Verdict("clarify", 0.5), intent="out_of_scope", confidence=0.95)
    assert not surer(Verdict("handoff", 0.5), intent="out_of_scope", confidence=0.8)


def test_the_parse_tells_what_it_looked_like() -> None:
    ranking = [{"name": "order_status", "confidence": 0.8}, {"name": "faq", "confidence": 0.1}]
    parse = {
        "intent": ranking[0],
        "intent_ranking": ranking,
        "decision": {"raw_intent": "order_status", "fallback": False, "reasons": ["clear"]},
    }
    question = as_question(parse, SURE)
    assert question["intent"] == {"name": "faq", "confidence": 0.97}
    assert [entry["name"] for entry in question["intent_ranking"]] == ["faq", "order_status"]
    assert question["decision"]["raw_intent"] == "order_status"
    assert question["decision"]["reasons"] == [ARTICLE_SURER]
    assert parse["intent"] is ranking[0]


@pytest.mark.parametrize(
    "article",
    [
        [],
        {"decision": "answer"},
        {"decision": "answer", "confidence": "1"},
        {"decision": "answer", "confidence": True},
        {"decision": "answer", "confidence": 1.2},
        {"decision": 5, "confidence": 0.5},
    ],
)
def test_a_verdict_of_another_shape_is_refused(article: Any) -> None:
    with pytest.raises(BadRequest):
        requests.article(article)


def test_a_verdict_may_be_missing() -> None:
    assert requests.article(None) is None
    assert requests.article({"decision": "answer", "confidence": 1}) == Verdict("answer", 1)
