"""Whom a notice concerns, when it is told, and what may be entered."""

from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest

from bot.incidents.notice import (
    AskedAbout,
    Notice,
    State,
    Topic,
    check_notice,
    choose_notices,
    clean_topic,
    concerns,
    state_of,
)

NOW = datetime(2026, 11, 18, 15, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)


def notice(topic: Topic, **changes: Any) -> Notice:
    values: dict[str, Any] = {
        "id": "n1",
        "title": "Boleto",
        "texts": {"pt-BR": "Atraso."},
        "topic": topic,
        "starts_at": NOW - HOUR,
        "ends_at": None,
    } | changes
    return Notice(**values)


@pytest.mark.parametrize(
    ("topic", "asked", "why"),
    [
        (Topic(articles=("boleto",)), AskedAbout("x", "faq", article="boleto"), "article boleto"),
        (Topic(categories=("Pay",)), AskedAbout("x", "faq", category="Pay"), "category Pay"),
        (Topic(tags=("pix",)), AskedAbout("x", "faq", tags=("slip", "pix")), "tag pix"),
        (Topic(routes=("order_status",)), AskedAbout("x", "order_status"), "route order_status"),
        (Topic(words=("Boleto",)), AskedAbout("paguei os BOLETOS", "faq"), "word Boleto"),
        (Topic(words=("atenção",)), AskedAbout("ATENCAO!", "faq"), "word atenção"),
        (Topic(words=("bank slip",)), AskedAbout("my bank slip?", "faq"), "word bank slip"),
        (Topic(words=("boleto",)), AskedAbout("o boletoso", "faq"), None),
        (Topic(articles=("boleto",)), AskedAbout("boleto", "faq", article="card"), None),
        (Topic(words=("a+b",)), AskedAbout("aab", "faq"), None),
    ],
)
def test_whom_it_concerns(topic: Topic, asked: AskedAbout, why: str | None) -> None:
    assert concerns(notice(topic), asked) == why


def test_a_sentence_that_means_the_same() -> None:
    known = notice(
        Topic(sentences=("one", "two")), vectors=np.array([[1, 0], [0, 1]], dtype=np.float32)
    )
    near = np.array([0.6, 0.8], dtype=np.float32)
    assert concerns(known, AskedAbout("x", "faq", vector=near)) == "sentence “two” (0.80)"
    far = np.array([-0.8, 0.6], dtype=np.float32)
    assert concerns(known, AskedAbout("x", "faq", vector=far)) is None
    assert concerns(known, AskedAbout("x", "faq")) is None


@pytest.mark.parametrize(
    ("starts", "ends", "state"),
    [
        (-HOUR, None, State.ACTIVE),
        (timedelta(), HOUR, State.ACTIVE),
        (HOUR, 2 * HOUR, State.SCHEDULED),
        (-2 * HOUR, -HOUR, State.PAST),
        (-HOUR, timedelta(), State.PAST),
    ],
)
def test_when_it_is_told(starts: timedelta, ends: timedelta | None, state: State) -> None:
    ends_at = None if ends is None else NOW + ends
    assert state_of(NOW + starts, ends_at, now=NOW) is state
    known = notice(Topic(words=("boleto",)), starts_at=NOW + starts, ends_at=ends_at)
    told = choose_notices([known], AskedAbout("boleto", "faq"), now=NOW)
    assert bool(told) is (state is State.ACTIVE)


def test_the_newest_come_first_and_never_too_many() -> None:
    all_ = [
        notice(Topic(words=("boleto",)), id=str(n), starts_at=NOW - n * HOUR) for n in range(1, 6)
    ]
    told = choose_notices(all_, AskedAbout("boleto", "faq"), now=NOW)
    assert [one.notice.id for one in told] == ["1", "2", "3"]


def test_the_language_that_is_there() -> None:
    known = notice(Topic(), texts={"pt-BR": "Atraso.", "en": "Delay."})
    assert known.text("en", default_locale="pt-BR") == "Delay."
    assert known.text("es", default_locale="pt-BR") == "Atraso."


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, []),
        ({"title": " "}, [("/title", "empty")]),
        ({"title": "x" * 121}, [("/title", "too_long")]),
        ({"ends_at": NOW - 2 * HOUR}, [("/ends_at", "end_before_start")]),
        ({"ends_at": NOW - HOUR}, [("/ends_at", "end_before_start")]),
        ({"ends_at": NOW - HOUR / 2}, [("/ends_at", "in_the_past")]),
        ({"texts": {"en": "Late."}}, [("/texts/pt-BR", "text_missing")]),
        ({"texts": {"pt-BR": "**Atraso"}}, [("/texts/pt-BR", "markdown")]),
        ({"texts": {"pt-BR": "x" * 2_001}}, [("/texts/pt-BR", "too_long")]),
        ({"texts": {"pt-BR": "ok", "fr": "ok"}}, [("/texts/fr", "locale")]),
        ({"topic": {"words": [" "]}}, [("/topic", "topic_empty")]),
        ({"topic": {"words": ["ab"]}}, [("/topic/words", "word")]),
        ({"topic": {"routes": ["nowhere"]}}, [("/topic/routes", "route")]),
        ({"topic": {"articles": ["nope"]}}, [("/topic/articles", "article")]),
        ({"topic": {"words": ["x" * 201]}}, [("/topic/words", "too_long")]),
    ],
)
def test_what_may_be_entered(changes: dict[str, Any], expected: list[tuple[str, str]]) -> None:
    values: dict[str, Any] = {
        "title": "Boleto",
        "texts": {"pt-BR": "Atraso."},
        "topic": {"words": ["boleto"], "articles": ["boleto"]},
        "starts_at": NOW - HOUR,
        "ends_at": None,
    } | changes
    values["topic"] = clean_topic(values["topic"])
    found = check_notice(
        **values,
        now=NOW,
        default_locale="pt-BR",
        known_articles={"boleto"},
        telegram_units=len,
    )
    assert [(problem.pointer, problem.code) for problem in found] == expected
