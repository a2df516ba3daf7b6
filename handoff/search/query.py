"""What is looked for, and the places in a text where it stands. Pure."""

import unicodedata
from dataclasses import dataclass

MAX_TERMS = 8
"""Words of a search that count; more make it narrower than anybody means."""
MIN_LETTERS = 2
"""Shorter words would find half of everything."""
EXCERPT = 160
"""Characters of an excerpt."""
LEAD = 40
"""Characters shown before the first place."""


@dataclass(frozen=True, slots=True)
class Term:
    """One word as it was typed: `br-1042` is two parts that stand together, the last one a beginning."""

    parts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of an excerpt."""

    text: str
    hit: bool


def fold(text: str) -> str:
    """Return `text` in lower case without accents, letter by letter: positions stay what they were."""
    return "".join(_folded(letter) for letter in text)


def _folded(letter: str) -> str:
    base = unicodedata.normalize("NFD", letter)[0].lower()
    return base if len(base) == 1 and base.isalnum() else " "


def read_terms(text: str) -> tuple[Term, ...]:
    """Read what was typed; empty when there is nothing to look for."""
    terms: list[Term] = []
    for word in unicodedata.normalize("NFC", text).split():
        parts = tuple(fold(word).split())
        if sum(map(len, parts)) >= MIN_LETTERS and Term(parts) not in terms:
            terms.append(Term(parts))
    return tuple(terms[:MAX_TERMS])


def excerpt(text: str, terms: tuple[Term, ...]) -> tuple[Piece, ...]:
    """Return the part of `text` around the first place, with every place marked."""
    line = " ".join(unicodedata.normalize("NFC", text).split())
    places = _places(fold(line), terms)
    start = max(0, places[0][0] - LEAD) if places and places[0][0] > LEAD * 2 else 0
    if start:
        start = line.find(" ", start, places[0][0]) + 1 or start
    end = min(len(line), start + EXCERPT)
    pieces: list[Piece] = [Piece("…", hit=False)] if start else []
    at = start
    for begin, stop in places:
        if begin < at or begin >= end:
            continue
        if begin > at:
            pieces.append(Piece(line[at:begin], hit=False))
        pieces.append(Piece(line[begin : min(stop, end)], hit=True))
        at = min(stop, end)
    if at < end:
        pieces.append(Piece(line[at:end], hit=False))
    if end < len(line):
        pieces.append(Piece("…", hit=False))
    return tuple(pieces)


def _places(folded: str, terms: tuple[Term, ...]) -> list[tuple[int, int]]:
    found: list[tuple[int, int]] = []
    words = _words(folded)
    for index in range(len(words)):
        for term in terms:
            stop = _stands_at(folded, words, index, term)
            if stop is not None:
                found.append((words[index][0], stop))
                break
    return found


def _words(folded: str) -> list[tuple[int, int]]:
    words: list[tuple[int, int]] = []
    at = 0
    for word in folded.split():
        start = folded.index(word, at)
        at = start + len(word)
        words.append((start, at))
    return words


def _stands_at(folded: str, words: list[tuple[int, int]], index: int, term: Term) -> int | None:
    """Return where the term that begins with this word ends, or None when it does not stand here."""
    last = len(term.parts) - 1
    if index + last >= len(words):
        return None
    for offset, part in enumerate(term.parts):
        start, stop = words[index + offset]
        word = folded[start:stop]
        if not (word.startswith(part) if offset == last else word == part):
            return None
    return words[index + last][1]
