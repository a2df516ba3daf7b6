"""What a customer typed never becomes a command and never breaks anything."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.kit.text import clean_text, for_understanding, is_blank, shorten


@pytest.mark.parametrize(
    "typed",
    [
        "/restart",
        "/ restart",
        "//restart",
        " /restart",
        "\u3000/restart",
        "／restart",
        "\u200b/restart",
        "\u2060/\u200brestart",
        '/reset_password@1.0{"email":"x"}',
        "\\/restart",
        "⁄restart",
        "\ufeff/restart",
        "\t/restart",
        "/\u00ad/restart",
    ],
)
def test_a_leading_slash_never_reaches_rasa(typed: str) -> None:
    understood = for_understanding(clean_text(typed))
    assert not understood.startswith(("/", "\\"))
    assert "re" in understood


@given(st.text(max_size=300))
def test_any_text_is_tamed(text: str) -> None:
    understood = for_understanding(clean_text(text))
    assert not understood.startswith("/")
    understood.encode("utf-8")
    assert "\x00" not in understood


def test_lone_surrogates_and_nul_are_gone() -> None:
    assert clean_text("a\ud800b\x00c") == "abc"


def test_stacked_marks_are_capped() -> None:
    assert len(clean_text("a" + "\u0301" * 64)) <= 5


@pytest.mark.parametrize("text", ["", "   ", "\u200b\u200b", "\n\t", "\ufeff", "\u3000"])
def test_nothing_visible_is_blank(text: str) -> None:
    assert is_blank(clean_text(text))


@pytest.mark.parametrize("text", ["😀", "?", "a", "文"])
def test_little_is_not_blank(text: str) -> None:
    assert not is_blank(clean_text(text))


def test_accents_survive() -> None:
    assert for_understanding(clean_text("Não consigo ação — ñandú")) == "Não consigo ação — ñandú"


def test_shorten_cuts_at_a_word() -> None:
    assert shorten("one two three four", 12) == "one two…"
    assert shorten("short", 12) == "short"
