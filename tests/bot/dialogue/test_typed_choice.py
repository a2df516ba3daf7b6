"""Typing what a button says is as good as pressing it."""

from typing import Any

import pytest

from bot.dialogue.typed_choice import find_choice

CLARIFY: list[dict[str, Any]] = [
    {"label": "Como devolver", "intent": "choose_article", "entities": {"article_id": "1"}},
    {"label": "Prazo do reembolso", "intent": "choose_article", "entities": {"article_id": "2"}},
    {"label": "Outro assunto", "intent": "deny"},
    {"label": "Falar com uma pessoa", "intent": "human"},
]
ONE: list[dict[str, Any]] = [{"label": "Opening hours", "intent": "opening_hours"}]
PERSON: list[dict[str, Any]] = [{"label": "Talk to a person", "intent": "human"}]


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("Como devolver", 0), ("como devolver?", 0), ("COMO DEVOLVER!", 0), ("1", 0), ("opção 2", 1),
        ("a segunda", 1), ("the second one", 1), ("el primero", 0), ("option 4", 3), ("2.", 1),
        ("outro assunto", 2), ("otra cosa", 2), ("something else", 2), ("nenhum desses", 2),
        ("falar com uma pessoa", 3),
    ],
)  # fmt: skip
def test_a_label_or_its_number(text: str, place: int) -> None:
    assert find_choice(text, CLARIFY) == CLARIFY[place]


@pytest.mark.parametrize(
    "text",
    [
        "9",
        "0",
        "10005",
        "sim",
        "quero devolver",
        "como devolver um produto?",
        "",
        "😀",
        "x" * 200,
        "1 2",
    ],
)
def test_anything_else_is_for_the_bot(text: str) -> None:
    assert find_choice(text, CLARIFY) is None


def test_yes_takes_the_only_offer_unless_it_is_a_person() -> None:
    assert find_choice("sim", ONE) == ONE[0]
    assert find_choice("Yes, please", ONE) == ONE[0]
    assert find_choice("no", ONE) is None
    assert find_choice("ok", PERSON) is None
    assert find_choice("talk to a person", PERSON) == PERSON[0]
    assert find_choice("1", PERSON) is None, "a number among several only"


def test_nothing_offered_is_nothing_chosen() -> None:
    assert find_choice("1", []) is None
