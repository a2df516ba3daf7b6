"""Slips of the thumb: a word nobody knows becomes the known word that is one slip away.

Known are the words of the training data. Only longer words are touched, the first letter has to be
right, and a word between two equally likely ones stays as it is: a wrong correction would put
words into a customer's mouth.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from typing import Dict, Iterable, List, Optional, Sequence, Tuple

from components.normalise import strip_accents

MIN_KNOWN = 5
MIN_UNKNOWN = 4
MAX_WORD = 30
#: A word has to stand in so many examples: training data have slips of their own.
MIN_COUNT = 3
_WORD = re.compile(r"[^\W\d_]+")


def words_of(texts: Iterable[str]) -> Tuple[Tuple[str, ...], Tuple[str, ...]]:
    """The words of normalised training texts: those worth correcting to, most frequent first, and
    the rare ones, which are right as they are."""
    counts = Counter(word for text in texts for word in set(_WORD.findall(text)))
    ordered = counts.most_common()
    return (
        tuple(word for word, count in ordered if count >= MIN_COUNT),
        tuple(word for word, count in ordered if count < MIN_COUNT and len(word) >= MIN_UNKNOWN),
    )


class Speller:
    """Finds the known word one slip away."""

    def __init__(self, words: Sequence[str], rare: Sequence[str] = ()) -> None:
        # "recoger" is no slip for "recover" only because few examples use it.
        self._known = {strip_accents(word) for word in (*words, *rare)}
        self._near: Dict[str, List[Tuple[str, str]]] = defaultdict(list)
        for word in words:
            bare = strip_accents(word)
            if len(bare) >= MIN_KNOWN:
                for shorter in {bare, *_shorter(bare)}:
                    self._near[shorter].append((bare, word))

    def correct(self, text: str) -> str:
        """The text with such slips put right."""
        if not self._known:
            return text
        return _WORD.sub(lambda match: self._word(match.group()), text)

    def _word(self, word: str) -> str:
        bare = strip_accents(word)
        if not MIN_UNKNOWN <= len(bare) <= MAX_WORD or bare in self._known:
            return word
        found: Optional[Tuple[str, str]] = None
        for shorter in (bare, *_shorter(bare)):
            for candidate in self._near.get(shorter, ()):
                if candidate[0][0] != bare[0] or not _one_slip(bare, candidate[0]):
                    continue
                if found is not None and found[0] != candidate[0]:
                    return word
                found = found or candidate
        return found[1] if found else word


def _shorter(word: str) -> List[str]:
    return [word[:i] + word[i + 1 :] for i in range(1, len(word))]


def _one_slip(written: str, meant: str) -> bool:
    """Whether one letter is missing, too many, wrong, or two neighbours are swapped."""
    short, long = sorted((written, meant), key=len)
    if len(long) - len(short) > 1:
        return False
    start = 0
    while start < len(short) and short[start] == long[start]:
        start += 1
    if len(short) < len(long):
        return short[start:] == long[start + 1 :]
    rest_short, rest_long = short[start:], long[start:]
    swapped = rest_short[1:2] + rest_short[:1] + rest_short[2:]
    return rest_short[1:] == rest_long[1:] or swapped == rest_long
