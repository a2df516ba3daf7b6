"""Pure rules: what is worth a look, which model is better, which files go."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import yaml

from bot.learning.examples import Example, count, render
from bot.learning.item import INTENTS, Signal, rank_of, route_of_intent, signals_of
from bot.learning.model import Model, Origin, objections, to_forget, worse

NLU = Path(__file__).resolve().parents[3] / "nlu"
NOW = datetime(2026, 11, 21, tzinfo=UTC)
GOOD = {
    "accuracy": 0.95,
    "core_recall": 0.94,
    "human_recall": 1.0,
    "false_flow_starts": 0.01,
    "flow_precision": {"order_status": 0.99},
    "article_offered": 0.9,
}
MODEL = Model(
    "m", "base", Origin.TRAINING, "", 0, 1, "", GOOD, "held", True, None, None, NOW
)  # fmt: skip


def test_what_a_reviewer_can_choose_is_what_the_bot_knows() -> None:
    domain = yaml.safe_load((NLU / "domain" / "intents.yml").read_text(encoding="utf-8"))
    known = {next(iter(i)) if isinstance(i, dict) else i for i in domain["intents"]}
    assert set(INTENTS) <= known
    assert route_of_intent("order_status") == ("order_status",)
    assert route_of_intent("faq") == ("faq", "clarify")
    assert route_of_intent("thanks") == ("smalltalk",)


def test_a_doubt_is_a_signal_and_certainty_is_none() -> None:
    assert signals_of({"intent": "nlu_fallback", "route": "out_of_scope"}) == {Signal.FALLBACK}
    assert signals_of({"intent": "faq", "route": "clarify", "margin": 0.5}) == {Signal.FALLBACK}
    lost = {"intent": "out_of_scope", "route": "out_of_scope", "margin": 0.9}
    assert signals_of({**lost, "results": {"action_out_of_scope": "not_found"}}) == {
        Signal.FALLBACK
    }
    assert signals_of({"intent": "human", "route": "human", "margin": 0.1}) == {Signal.LOW_MARGIN}
    assert signals_of({"intent": "faq", "route": "faq", "margin": 0.1}) == set()
    assert signals_of({"intent": "human", "route": "human", "margin": 0.9}) == set()


def test_an_agents_mark_comes_before_a_customers_verdict_before_a_doubt() -> None:
    ranks = [rank_of({signal}, count=1, margin=0.5) for signal in Signal]
    assert ranks == sorted(ranks, reverse=True)
    assert rank_of({Signal.FALLBACK}, count=8, margin=0.5) > ranks[2]
    assert rank_of({Signal.FALLBACK}, count=10_000, margin=0) < rank_of(
        {Signal.MARKED}, count=1, margin=1
    )


def test_examples_are_rasas_own_training_data() -> None:
    text = render(
        [
            Example("cadê meu <order>", "pt-BR", "order_status"),
            Example("cadê meu <order>", "pt-BR", "order_status"),
            Example('diz "oi": [x]{"y": 1} # z', "pt-BR", "greet"),
            Example("where is it", "en", "order_status"),
            Example("x", "en", "no_such_intent"),
            Example("[]", "en", "greet"),
        ]
    )
    data = yaml.safe_load(text)
    assert data["version"] == "3.1"
    assert [(e["intent"], e["metadata"]["locale"], e["examples"]) for e in data["nlu"]] == [
        ("greet", "pt-BR", '- diz "oi": x "y": 1 # z\n'),
        ("order_status", "en", "- where is it\n"),
        ("order_status", "pt-BR", "- cadê meu AUR-12345\n"),
    ]
    assert count(text) == 3
    assert render([]) == ""


def test_worse_is_what_chance_does_not_explain() -> None:
    assert worse(GOOD, GOOD) == []
    assert worse({**GOOD, "accuracy": 0.947, "false_flow_starts": 0.0108}, GOOD) == []
    assert [w.what for w in worse({**GOOD, "accuracy": 0.94}, GOOD)] == ["accuracy"]
    assert [w.what for w in worse({**GOOD, "false_flow_starts": 0.0122}, GOOD)] == [
        "false_flow_starts"
    ]
    assert [w.what for w in worse({**GOOD, "flow_precision": {"order_status": 0.9}}, GOOD)] == [
        "precision:order_status"
    ]
    assert worse({**GOOD, "accuracy": 0.99, "false_flow_starts": 0.0}, GOOD) == []


def test_only_what_was_measured_with_the_same_messages_is_compared() -> None:
    assert objections(MODEL, replace(MODEL, id="now"), base_hash="base") == []
    unmeasured = replace(MODEL, scores=None, measured_with=None)
    other = replace(MODEL, measured_with="other")
    for model in (unmeasured, other):
        assert [w.what for w in objections(model, MODEL, base_hash="base")] == ["not_compared"]
    assert [w.what for w in objections(MODEL, MODEL, base_hash="newer")] == ["other_release"]
    assert objections(unmeasured, None, base_hash="base") == []


def test_the_newest_ten_and_those_that_serve_are_kept() -> None:
    models = [replace(MODEL, id=f"m{n}", created_at=NOW + timedelta(hours=n)) for n in range(14)]
    assert to_forget(models, serving={"m1"}) == ("m3", "m2", "m0")
    assert to_forget(models[:10], serving=set()) == ()
