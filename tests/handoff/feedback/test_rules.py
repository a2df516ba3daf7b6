"""Whom to ask and whom not, what the bot's part ended with, and numbers worked out by hand."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bot.conversations.conversation import Author, Message
from handoff.feedback.bot_part import look_at
from handoff.feedback.report import count
from handoff.feedback.rules import (
    LOCKED_AFTER,
    Facts,
    Part,
    Settings,
    Why,
    may_answer,
    score_of,
    settings_of,
    why_not,
)

NOW = datetime(2026, 11, 18, 12, tzinfo=UTC)
HUMAN, BOT = Part.HUMAN, Part.BOT


@pytest.mark.parametrize(
    ("facts", "settings", "why"),
    [
        (Facts(HUMAN), Settings(), None),
        (Facts(BOT), Settings(), None),
        (Facts(HUMAN), Settings(human=False), Why.SWITCHED_OFF),
        (Facts(BOT), Settings(human=False), None),
        (Facts(HUMAN, agent_said_no=True), Settings(), Why.AGENT_SAID_NO),
        (Facts(HUMAN, automatic=True), Settings(), Why.AUTOMATIC),
        (Facts(HUMAN, automatic=True), Settings(automatic=True), None),
        (Facts(HUMAN, category="spam"), Settings(), Why.CATEGORY),
        (Facts(HUMAN, category="payments"), Settings(), None),
        (Facts(BOT, abusive=True), Settings(), Why.ABUSE),
        (Facts(HUMAN, unreachable=True), Settings(), Why.UNREACHABLE),
        (Facts(HUMAN, refused=True), Settings(), Why.REFUSED),
        (Facts(BOT, last_asked_at=NOW - timedelta(days=29)), Settings(), Why.ASKED_LATELY),
        (Facts(BOT, last_asked_at=NOW - timedelta(days=30)), Settings(), None),
        (Facts(HUMAN, last_asked_at=NOW), Settings(human_every_days=0), None),
    ],
)
def test_who_is_not_asked(facts: Facts, settings: Settings, why: Why | None) -> None:
    assert why_not(settings, facts, now=NOW) is why


def test_answers_are_locked_after_a_fortnight() -> None:
    assert may_answer(NOW, NOW + LOCKED_AFTER)
    assert not may_answer(NOW, NOW + LOCKED_AFTER + timedelta(seconds=1))
    assert not may_answer(None, NOW)


@pytest.mark.parametrize(
    ("text", "score"), [("1", 1), ("5", 5), ("0", None), ("6", None), ("55", None), ("", None)]
)
def test_only_one_to_five_are_scores(text: str, score: int | None) -> None:
    assert score_of(text) == score


def test_settings_of_an_older_version_are_completed() -> None:
    assert settings_of({"bot": False, "gone": 1}, version=3) == Settings(bot=False, version=3)
    assert settings_of(Settings().as_json(), version=0) == Settings()


def said(author: Author, decision: dict[str, Any] | None = None) -> Message:
    return Message("m", "c", 1, author, None, "text", (), (), NOW, decision=decision)


FAQ = {"route": "faq", "article": {"key": "returns"}}


@pytest.mark.parametrize(
    ("decisions", "rated"),
    [
        ([FAQ], True),
        ([FAQ, {"route": "smalltalk", "intent": "thanks"}], True),
        ([FAQ, {"route": "clarify"}], False),
        ([{"route": "faq", "article": None}], False),
        ([{"route": "opening_hours"}], True),
        ([{"route": "order_status", "actions": ["order_form"]}], False),
        ([{"route": "order_status", "actions": ["action_tell_order_status"]}], True),
        ([{"route": "out_of_scope"}], False),
        ([{"route": "smalltalk"}], False),
        ([], False),
    ],
)
def test_an_episode_that_ended_with_an_answer_is_rated(
    decisions: list[dict[str, Any]], rated: bool
) -> None:
    messages = [m for d in decisions for m in (said(Author.CUSTOMER, d), said(Author.BOT))]
    assert (look_at(messages) is not None) is rated


def test_whoever_spoke_last_or_swore_is_noticed() -> None:
    assert look_at([said(Author.CUSTOMER, FAQ)]) is None
    assert look_at([]) is None
    rude = {"route": "smalltalk", "intent": "abuse"}
    found = look_at(
        [
            said(Author.CUSTOMER, rude),
            said(Author.BOT),
            said(Author.CUSTOMER, FAQ),
            said(Author.BOT),
        ]
    )
    assert found is not None
    assert (found.article_key, found.abusive) == ("returns", True)


@dataclass(frozen=True)
class Row:
    part: Part
    score: int | None
    agent_name: str | None = None
    queue_key: str | None = None
    level: str | None = None
    article_key: str | None = None


def test_figures() -> None:
    found = count(
        [
            Row(HUMAN, 5, "Ana", "n2", "N2"),
            Row(HUMAN, 4, "Ana", "n2", "N2"),
            Row(HUMAN, 1, "Nina", "n3", "N3"),
            Row(HUMAN, None, "Nina", "n3", "N3"),
            Row(BOT, 3, article_key="returns"),
            Row(BOT, None),
        ]
    )
    assert (found.human.asked, found.human.answers, found.human.bad) == (4, 3, 1)
    assert (found.human.response_percent, found.human.score_percent) == (75.0, 66.7)
    assert found.human.mean == 3.33
    assert (found.bot.answers, found.bot.score_percent) == (1, 0.0)
    by_agent = {line.key: line.score_percent for line in found.groups if line.by == "agent"}
    assert by_agent == {"Ana": 100.0, "Nina": 0.0}
    assert [line.key for line in found.groups if line.by == "article"] == ["returns"]


def test_of_nothing_there_is_no_percentage() -> None:
    found = count([])
    assert (found.human.response_percent, found.human.score_percent, found.human.mean) == (
        None,
        None,
        None,
    )
    assert count([Row(BOT, None)]).bot.score_percent is None
