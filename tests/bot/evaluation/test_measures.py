"""Cases are judged fairly and reported in figures that add up."""

import json
from typing import Any

import pytest

from bot.evaluation.cases import Case, Judged, parse_cases
from bot.evaluation.judging import judge
from bot.evaluation.measures import calibration, coverage, coverage_curve, measure, quality
from bot.evaluation.report import render
from bot.kit.errors import SetupError


def case(expect: str, *, text: str = "x", locale: str | None = "en", line: int = 1) -> Case:
    return Case(line, text, locale, tuple(expect.split("|")))


def judged(expect: str, got: str, *, confidence: float = 0.9, locale: str = "en") -> Judged:
    return Judged(case(expect, locale=locale), got, confidence, "faq", (), 0.01)


async def test_figures() -> None:
    turns = [{"say": "hours", "expect": "opening_hours"}, {"say": "x", "expect": "faq"}]
    rows: list[dict[str, Any]] = [
        {"text": "hours", "locale": "en", "expect": "opening_hours"},
        {"text": "pix", "locale": "en", "expect": "faq", "article": ["pix", "payment"]},
        {"text": "fees", "locale": "en", "expect": "faq", "article": "fees"},
        {"dialogue": turns},
    ]
    cases = parse_cases("\n".join(json.dumps(row) for row in rows))

    async def explain(text: str, locale: str | None) -> dict[str, Any]:
        near = [{"kind": "article", "key": "pix"}, {"kind": "article", "key": "fees"}]
        route = {"hours": "opening_hours", "pix": "faq", "fees": "clarify", "x": "clarify"}[text]
        return {
            "route": route,
            "intent": "faq",
            "confidence": 0.9,
            "article": {"key": "pix"} if route == "faq" else None,
            "candidates": near if route != "opening_hours" else [],
        }

    steps: list[tuple[int, int]] = []
    found = await judge(cases, explain, progress=lambda done, total: steps.append((done, total)))
    assert [j.case for j in found] == cases
    assert steps == [(n, 5) for n in range(1, 6)]
    report = measure(found, per_second=10.04)
    assert report["accuracy"] == 0.6
    assert report["messages_per_second"] == 10
    assert report["by_locale"] == {"detected": 0.5, "en": 0.6667}
    assert report["routes"]["faq"] == {"messages": 3, "recall": 0.3333, "precision": 1.0}
    assert report["routes"]["clarify"]["recall"] is None
    assert {"expected": "faq", "got": "clarify", "count": 2} in report["confusion"]
    assert report["dialogues"] == {"count": 1, "right": 0.0}
    assert report["articles"] == {"count": 2, "first": 0.5, "offered": 1.0}
    text = render(report, found, errors=1)
    assert "accuracy  60.0%" in text
    assert "worst mistakes (1 of 2)" in text


def test_the_figures_with_floors() -> None:
    found = quality(
        [
            judged("order_status", "order_status"),
            judged("faq", "order_status"),
            judged("faq|order_status", "order_status"),
            judged("human", "human"),
            judged("human", "clarify"),
            judged("smalltalk", "smalltalk"),
            judged("out_of_scope", "reset_password"),
            judged("faq", "faq"),
        ]
    )
    assert found["flow_precision"] == {"reset_password": 0.0, "order_status": 0.6667}
    assert found["human_recall"] == 0.5
    assert found["false_flow_starts"] == 0.25
    # Order status 1, person 0.5, small talk 1, out of scope 0.
    assert found["core_recall"] == 0.625
    assert found["article_first"] is None


def test_calibration_and_coverage() -> None:
    pairs = [(0.95, True)] * 9 + [(0.95, False)] + [(0.35, False)] * 10
    found = calibration(pairs)
    assert found["ece"] == 0.2
    assert [row["count"] for row in found["table"]] == [10, 10]
    assert coverage(pairs, precision=0.9) == 0.5
    curve = coverage_curve(pairs, points=2)
    assert curve == [
        {"coverage": 0.5, "precision": 0.9, "confidence": 0.95},
        {"coverage": 1.0, "precision": 0.45, "confidence": 0.35},
    ]


async def test_a_failure_ends_the_evaluation_with_its_reason() -> None:
    async def explain(text: str, locale: str | None) -> dict[str, Any]:
        raise SetupError("Rasa does not answer.")

    with pytest.raises(SetupError, match="does not answer"):
        await judge([case("faq"), case("faq")], explain)
