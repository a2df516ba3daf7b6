"""Where a message with two requests is cut."""

from typing import List

import pytest

from components.wishes import asks, parts


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "quero saber onde está meu pedido e também esqueci minha senha",
            ["quero saber onde está meu pedido", "esqueci minha senha"],
        ),
        ("vocês abrem sábado? e aceitam pix?", ["vocês abrem sábado?", "aceitam pix?"]),
        (
            "what time do you open and where is my order",
            ["what time do you open", "where is my order"],
        ),
        (
            "olvidé mi clave y además quiero un reembolso",
            ["olvidé mi clave", "quiero un reembolso"],
        ),
        ("comprei uma blusa azul e uma calça", []),
        ("R$ 10.50 é o frete", []),
        ("cadê meu pedido?", []),
        ("", []),
    ],
)
def test_parts(text: str, expected: List[str]) -> None:
    assert parts(text) == expected


def test_long_texts_stay_whole() -> None:
    assert parts("onde está? " * 60) == []


@pytest.mark.parametrize(
    ("part", "question"),
    [
        ("queria saber o prazo de entrega", True),
        ("also want to know how long delivery takes", True),
        ("quisiera saber cuánto tarda el envío", True),
        ("se vocês têm loja em Curitiba", True),
        ("tem desconto?", True),
        ("comprei faz 3 semanas", False),
        ("my order is late", False),
        ("gracias por la ayuda", False),
    ],
)
def test_a_question_by_its_words(part: str, question: bool) -> None:
    assert asks(part) is question
