"""Slips of the thumb are put right, words that may be meant are not."""

import time

import pytest

from components.spelling import Speller, words_of

SPELLER = Speller(("senha", "pedido", "pedidos", "password", "contraseña", "carta", "carga", "não"))


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("esqueci a snha", "esqueci a senha"),
        ("pedifo", "pedido"),
        ("pasword", "password"),
        ("passowrd", "password"),
        ("contrasena", "contrasena"),  # known but for its accent
        ("contrsena", "contraseña"),
        ("carza", "carza"),  # between two known words
        ("venha", "venha"),  # the first letter is what people get right
        ("sen", "sen"),
        ("abacate", "abacate"),
    ],
)
def test_one_slip(written: str, read: str) -> None:
    assert SPELLER.correct(written) == read


def test_only_what_is_said_often_is_known() -> None:
    often, rare = words_of(["a senha", "senha nova", "minha senha", "snha"])
    assert (often, set(rare)) == (("senha",), {"nova", "minha", "snha"})


def test_a_rare_word_is_no_slip() -> None:
    assert Speller(("recover",)).correct("recoger en tienda") == "recover en tienda"
    assert Speller(("recover",), ("recoger",)).correct("recoger en tienda") == "recoger en tienda"


def test_long_and_hostile_texts_are_quick() -> None:
    started = time.perf_counter()
    SPELLER.correct("qwertyuiop" * 200)
    SPELLER.correct("pedidx " * 280)
    assert time.perf_counter() - started < 0.5
