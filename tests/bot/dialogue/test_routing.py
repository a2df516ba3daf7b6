"""One decision per message, with everything it stands on."""

from dataclasses import dataclass, field
from typing import Any

import pytest

from bot.dialogue.breaker import FAILURES_TO_OPEN, OPEN_SECONDS, Breaker, BreakerState
from bot.dialogue.fallback import wants_person
from bot.dialogue.rasa_wire import Parse, RankedIntent, WireError, parse_parse, parse_turn
from bot.dialogue.reasons import SENTENCES
from bot.dialogue.routing import Route, decide
from bot.kit.locales import Texts
from tests.system import ROOT


@dataclass
class Answer:
    decision: str
    hits: list[Any] = field(default_factory=list)
    margin: float = 0.2
    confidence: float = 0.9
    needed: float = 0.75
    near_enough: float = 0.4


def parse(
    intent: str, *, raw: str | None = None, entities: tuple[tuple[str, str], ...] = ()
) -> Parse:
    ranked = RankedIntent(intent, 0.8)
    return Parse(ranked, raw or intent, (ranked,), entities, 0.3, 0.9, ("clear",), "m1")


@pytest.mark.parametrize(
    ("understood", "answer", "route"),
    [
        (parse("reset_password"), None, Route.RESET_PASSWORD),
        (parse("order_status"), None, Route.ORDER_STATUS),
        (parse("inform", entities=(("order_number", "AUR-10023"),)), None, Route.ORDER_STATUS),
        (parse("opening_hours"), None, Route.OPENING_HOURS),
        (parse("ticket_status"), None, Route.TICKET_STATUS),
        (parse("human"), None, Route.HUMAN),
        (parse("not_helped"), None, Route.HUMAN),
        (parse("greet"), None, Route.SMALLTALK),
        (parse("faq"), Answer("answer"), Route.FAQ),
        (parse("faq"), Answer("clarify"), Route.CLARIFY),
        (parse("faq"), Answer("handoff"), Route.CLARIFY),
        (parse("nlu_fallback", raw="faq"), Answer("answer"), Route.FAQ),
        (parse("nlu_fallback", raw="out_of_scope"), Answer("handoff"), Route.OUT_OF_SCOPE),
        (parse("out_of_scope"), Answer("handoff"), Route.OUT_OF_SCOPE),
        (parse("out_of_scope"), Answer("answer", confidence=0.95), Route.FAQ),
        (parse("out_of_scope"), Answer("answer", confidence=0.8), Route.OUT_OF_SCOPE),
        (parse("out_of_scope"), Answer("clarify", confidence=0.95), Route.CLARIFY),
        (parse("out_of_scope"), Answer("clarify", confidence=0.6), Route.OUT_OF_SCOPE),
    ],
)
def test_routes(understood: Parse, answer: Answer | None, route: Route) -> None:
    decision = decide(understood, answer, locale="en")
    assert decision.route is route
    assert decision.as_json()["reasons"]


@dataclass
class Hit:
    key: str
    score: float
    revision: int = 4
    dense: float = 0.5
    locale: str = "en"

    @property
    def article_id(self) -> str:
        return f"id-{self.key}"

    @property
    def title(self) -> str:
        return self.key.title()


def test_a_decision_has_every_number_it_stands_on() -> None:
    understood = Parse(
        RankedIntent("nlu_fallback", 0.41),
        "faq",
        (RankedIntent("faq", 0.41), RankedIntent("order_status", 0.38)),
        (),
        0.03,
        -1.5,
        ("not confident enough", "two intents are equally likely", "something new"),
        "m1",
        thresholds={"confidence": 0.7, "margin": 0.05, "scope": -4.0},
    )
    answer = Answer("answer", [Hit("returns", 0.91), Hit("refunds", 0.6)], 0.31, 0.88)
    decision = decide(understood, answer, locale="pt-BR").as_json()
    assert decision["runner_up"]["key"] == "refunds"
    assert [c["name"] for c in decision["candidates"] if c["kind"] == "intent"][1] == "order_status"
    assert decision["thresholds"] == {
        "confidence": 0.7, "margin": 0.05, "scope": -4.0, "article_confidence": 0.75, "meaning": 0.4,
    }  # fmt: skip
    assert (decision["scope"], decision["margin"]) == (-1.5, 0.31)
    assert (decision["model"], decision["article"]["revision"]) == ("m1", 4)
    assert decision["why"] == [
        {"code": "not_confident", "confidence": 0.41, "needed": 0.7},
        {"code": "two_alike", "margin": 0.03, "limit": 0.05},
        {"code": "note", "text": "something new"},
        {"code": "nearest", "title": "Returns", "score": 0.91},
        {"code": "lead", "title": "Refunds", "margin": 0.31},
        {"code": "answers", "confidence": 0.88, "needed": 0.75},
        {"code": "other_language", "language": "en"},
    ]
    assert decision["reasons"][0] == "The model is only 41% sure; this intent needs 70%."
    assert decision["reasons"][2] == "something new"
    assert not any("{" in reason for reason in decision["reasons"])


def test_reasons_are_told_in_every_language_of_the_staff() -> None:
    labels = (ROOT / "bot/web/staff/labels.ts").read_text(encoding="utf-8")
    for code, sentence in SENTENCES.items():
        assert code == "note" or f'"{sentence}"' in labels, "the console has the same words"
    for locale in ("pt-BR", "es"):
        known = Texts()[locale].ui
        for code, sentence in SENTENCES.items():
            assert code == "note" or sentence in known, (locale, sentence)


@pytest.mark.parametrize(
    "text",
    [
        "ATENDENTE",
        "agent",
        "humano",
        "quero falar com uma pessoa",
        "talk to a human please",
        "me passa pra um atendente",
        "necesito hablar con alguien",
        "persona",
    ],
)
def test_a_person_is_recognised_without_rasa(text: str) -> None:
    assert wants_person(text)


@pytest.mark.parametrize(
    "text", ["qual o prazo de entrega?", "my order did not arrive", "senha", "¿abren hoy?"]
)
def test_other_things_are_no_request_for_a_person(text: str) -> None:
    assert not wants_person(text)


def test_the_breaker_opens_tries_once_and_closes() -> None:
    breaker = Breaker()
    for _ in range(FAILURES_TO_OPEN):
        assert breaker.allow(0.0)
        breaker.failed(0.0)
    assert not breaker.allow(OPEN_SECONDS - 0.1)
    assert breaker.allow(OPEN_SECONDS + 0.1)
    assert not breaker.allow(OPEN_SECONDS + 0.2), "one at a time"
    breaker.succeeded()
    assert breaker.state(OPEN_SECONDS + 0.3) is BreakerState.CLOSED


@pytest.mark.parametrize(
    "data",
    [
        None,
        [],
        {},
        {"turn_id": "x"},
        {"turn_id": "x", "replies": [{}]},
        {"turn_id": "x", "replies": 7},
        {"turn_id": "x", "replies": [{"say": "a", "choices": [{}]}]},
    ],
)
def test_nonsense_from_rasa_is_a_failure(data: Any) -> None:
    with pytest.raises(WireError):
        parse_turn(data)
    with pytest.raises(WireError):
        parse_parse(data)
