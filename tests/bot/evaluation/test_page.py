"""The page for the browser stands alone, and shows what customers wrote as text."""

import re
from datetime import UTC, datetime

from bot.evaluation.cases import Case, Judged
from bot.evaluation.floors import Comparison
from bot.evaluation.measures import measure
from bot.evaluation.page import render_page
from bot.evaluation.perturbations import losses

NASTY = "<script>alert(1)</script> \"'><img src=x onerror=alert(2)> {{ 7*7 }}"


def judged(text: str, expect: str, got: str, confidence: float = 0.9) -> Judged:
    case = Case(1, text, "en", (expect,), (NASTY,), file=NASTY)
    return Judged(case, got, confidence, NASTY, (NASTY,), 0.01, (NASTY,), NASTY)


def page(found: list[Judged]) -> str:
    report = measure(found, per_second=200.0)
    report["seed"] = 0
    report["perturbations"] = {"typos": losses(found, found)}
    return render_page(
        report,
        found,
        files=[NASTY],
        compared=[Comparison("en", "accuracy", 0.9, 0.5), Comparison("en", "core_recall", 1, None)],
        made_at=datetime(2026, 1, 2, 3, 4, tzinfo=UTC),
    )


def test_everything_is_escaped_and_nothing_is_loaded() -> None:
    html = page([judged(NASTY, "faq", "clarify"), judged("hi", "smalltalk", "smalltalk")])
    assert "<script" not in html
    assert "<img" not in html
    assert "{{ 7*7 }}" in html
    assert html.count("&lt;script&gt;") >= 5
    assert not re.search(r"(?:src|href)=[\"']?(?:https?:)?//", html)
    assert "default-src 'none'" in html


def test_the_figures_are_there() -> None:
    html = page([judged("hi", "smalltalk", "smalltalk"), judged("x", "faq", "order_status", 0.4)])
    assert "50.0 %" in html
    assert "faq → order_status: 1 of 1" in html
    assert "−40.0 below" in html
    assert "2026-01-02 03:04 UTC" in html


def test_one_message_without_a_mistake() -> None:
    assert "None." in page([judged("hi", "smalltalk", "smalltalk", 1.0)])
