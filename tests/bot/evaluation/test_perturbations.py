"""Noise is as people make it, the same every time, and what it costs is told."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.evaluation.cases import Case, Judged
from bot.evaluation.perturbations import PERTURBATIONS, losses, perturbed

TEXT = "não consigo rastrear a encomenda de ana@example.com, onde está o pedido AUR-10023?"


def case(text: str) -> Case:
    return Case(1, text, "pt-BR", ("order_status",))


def changed(text: str, name: str, *, seed: int = 0) -> str:
    return perturbed([case(text)], name, seed=seed)[0].text


def test_capitals_leave_addresses() -> None:
    assert changed("é da ana@example.com, ok?", "caps") == "É DA ana@example.com, OK?"


def test_accents_go() -> None:
    assert changed("não está à mão, señor", "accents") == "nao esta a mao, senor"


def test_typos_are_in_about_a_third_of_the_words_and_never_in_numbers_or_addresses() -> None:
    texts = [changed(TEXT, "typos", seed=seed) for seed in range(200)]
    words = [word for word in TEXT.replace(",", "").replace("?", "").split() if word.isalpha()]
    wrong = sum(
        word not in text.replace(",", "").replace("?", "").split()
        for text in texts
        for word in words
    )
    assert 0.15 < wrong / (len(texts) * len(words)) < 0.35
    assert all("ana@example.com" in text and "10023" in text for text in texts)


def test_the_same_seed_gives_the_same_typos() -> None:
    assert changed(TEXT, "typos", seed=7) == changed(TEXT, "typos", seed=7)
    assert len({changed(TEXT, "typos", seed=seed) for seed in range(20)}) > 10


@given(text=st.text(max_size=60), name=st.sampled_from(sorted(PERTURBATIONS)))
def test_every_text_can_be_changed(text: str, name: str) -> None:
    assert isinstance(changed(text, name), str)


def test_losses() -> None:
    def judged(text: str, got: str, locale: str) -> Judged:
        kase = Case(1, text, locale, ("order_status",))
        return Judged(kase, got, 0.9, "order_status", (), 0.01)

    plain = [judged("a", "order_status", "en"), judged("b", "order_status", "es")]
    noisy = [judged("A", "reset_password", "en"), judged("b", "order_status", "es")]
    found = losses(plain, noisy)
    assert found["loss"] == 0.5
    assert found["loss_by_locale"] == {"en": 1.0, "es": 0.0}
    assert found["false_flow_starts"] == 0.5
    assert found["changed"] == 1
    assert [row["text"] for row in found["newly_wrong"]] == ["A"]


def test_an_unknown_change_is_refused() -> None:
    with pytest.raises(KeyError):
        perturbed([case("oi")], "emoji", seed=0)
