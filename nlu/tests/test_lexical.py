"""The hashed n-grams are the same in training and in the live bot, on every machine."""

import numpy as np

from components.lexical import BUCKETS, buckets


def test_stable_across_runs_and_machines() -> None:
    found, counts = buckets("cadê meu pedido?")
    assert len(found) == 56
    assert int(found.sum()) == 6917922
    assert counts.dtype == np.float32


def test_accents_do_not_matter() -> None:
    with_accents, _ = buckets("você não")
    without, _ = buckets("voce nao")
    assert np.array_equal(with_accents, without)


def test_no_gram_spans_two_words_except_word_pairs() -> None:
    apart = set(buckets("ab")[0]) | set(buckets("cd")[0])
    together = set(buckets("ab cd")[0])
    assert len(together - apart) == 1


def test_counts_are_damped() -> None:
    _, counts = buckets("oi oi oi")
    assert counts.max() == np.float32(1 + np.log(3))


def test_all_in_range_and_empty_is_empty() -> None:
    found, _ = buckets("çãé ñ 漢字 😀 a")
    assert found.min() >= 0 and found.max() < BUCKETS
    assert len(buckets("")[0]) == 0
