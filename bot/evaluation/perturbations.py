"""The same messages as people in a hurry write them, and what that costs. Pure: the noise is seeded."""

import random
import re
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from bot.evaluation.cases import Case, Judged
from bot.evaluation.measures import locale_of, quality

TYPO_SHARE = 0.3
"""Share of the words that get a typo."""
MIN_TYPO_LETTERS = 3
"""Shorter words stay: what is left of them would be another word."""
_WORD = re.compile(r"[^\W\d_]+")
_ADDRESS = re.compile(r"\S+@\S+")
_ROWS = ("qwertyuiop", "asdfghjkl", "zxcvbnm")
_NEIGHBOURS = {
    key: row[max(0, place - 1) : place] + row[place + 1 : place + 2]
    for row in _ROWS
    for place, key in enumerate(row)
}


def capitals(text: str, seed: int) -> str:
    """Return the text in capitals; addresses stay."""
    return _outside_addresses(text, str.upper)


def without_accents(text: str, seed: int) -> str:
    """Return the text without accents, cedillas and tildes."""
    plain = unicodedata.normalize("NFD", text)
    return unicodedata.normalize(
        "NFC", "".join(letter for letter in plain if not unicodedata.combining(letter))
    )


def with_typos(text: str, seed: int) -> str:
    """Return the text with one slip of the finger in about every third word; addresses stay."""
    dice = random.Random(f"{seed}:{text}")

    def slip(match: re.Match[str]) -> str:
        word = match[0]
        if len(word) < MIN_TYPO_LETTERS or dice.random() >= TYPO_SHARE:
            return word
        return _slip(word, dice)

    return _outside_addresses(text, lambda part: _WORD.sub(slip, part))


PERTURBATIONS: dict[str, Callable[[str, int], str]] = {
    "caps": capitals,
    "accents": without_accents,
    "typos": with_typos,
}


def perturbed(cases: Sequence[Case], name: str, *, seed: int) -> list[Case]:
    """Return the cases with their texts changed; the same seed gives the same texts."""
    change = PERTURBATIONS[name]
    return [replace(case, text=change(case.text, seed)) for case in cases]


def losses(plain: Sequence[Judged], changed: Sequence[Judged]) -> dict[str, Any]:
    """Return what a perturbation costs: shares before minus shares after, whole and by locale.

    Args:
        plain: the cases as they were written.
        changed: the same cases in the same order, perturbed.
    """
    before, after = quality(plain), quality(changed)
    worse = [
        {"place": a.case.place, "text": b.case.text, "expected": b.case.expect, "got": b.route}
        for a, b in zip(plain, changed, strict=True)
        if a.right and not b.right
    ]
    locales = sorted({locale_of(j) for j in plain})
    return {
        "accuracy": after["accuracy"],
        "loss": _loss(before["accuracy"], after["accuracy"]),
        "core_loss": _loss(before["core_recall"], after["core_recall"]),
        "false_flow_starts": after["false_flow_starts"],
        "loss_by_locale": {
            name: _loss(
                quality([j for j in plain if locale_of(j) == name])["accuracy"],
                quality([j for j in changed if locale_of(j) == name])["accuracy"],
            )
            for name in locales
        },
        "changed": sum(a.case.text != b.case.text for a, b in zip(plain, changed, strict=True)),
        "newly_wrong": worse,
    }


def _loss(before: float | None, after: float | None) -> float | None:
    return None if before is None or after is None else round(before - after, 4)


def _outside_addresses(text: str, change: Callable[[str], str]) -> str:
    parts, last = [], 0
    for found in _ADDRESS.finditer(text):
        parts += [change(text[last : found.start()]), found[0]]
        last = found.end()
    return "".join([*parts, change(text[last:])])


def _slip(word: str, dice: random.Random) -> str:
    """Return a word with two letters swapped, one left out, doubled, or hit beside."""
    place = dice.randrange(len(word) - 1)
    match dice.randrange(4):
        case 0:
            return word[:place] + word[place + 1] + word[place] + word[place + 2 :]
        case 1:
            return word[:place] + word[place + 1 :]
        case 2:
            return word[: place + 1] + word[place:]
        case _:
            beside = _NEIGHBOURS.get(word[place].lower()) or "e"
            return word[:place] + dice.choice(beside) + word[place + 1 :]
