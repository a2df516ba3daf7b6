"""A part of the search index: an immutable value of articles, words and vectors. Pure, numpy only.

Articles of one key (translations) lie side by side, so that whatever is said of a key is a slice. Words
are an inverted index per language in flat arrays, vectors one matrix of signed bytes: two segments
are merged without reading an article again.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from rapidfuzz import process
from rapidfuzz.distance import OSA

from bot.kit.encoder import DIMENSIONS
from bot.kit.locales import LOCALES
from knowledge_base.article import Content
from knowledge_base.markdown import to_plain
from knowledge_base.text import STOP_WORDS, stems_of, words_of

Int8Matrix = NDArray[np.int8]
FloatArray = NDArray[np.float32]
IntArray = NDArray[np.int32]
LongArray = NDArray[np.int64]

TITLE_WEIGHT = 3.0
PHRASING_WEIGHT = 2.0
"""What a word in the title or in a phrasing counts compared with one in the answer."""
PASSAGE_CHARACTERS = 350
"""The encoder blurs longer texts; an answer is encoded in passages of about this length."""
MAX_PASSAGES = 6
BULK = 2_000
"""Articles whose words are counted before they are packed."""
EXACT_ROWS = 16_000
"""Up to this many vectors a question is compared with all (2 ms); above, with the likely ones."""
COARSE = 64
"""Dimensions in which the likely ones are looked for: the first principal axes of the articles."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One published revision."""

    article_id: str
    key: str
    locale: str
    revision: int
    title: str
    answer: str
    phrasings: tuple[str, ...] = ()
    category: str | None = None
    tags: tuple[str, ...] = ()
    vectors: Int8Matrix | None = None
    """Rows as in `texts_to_encode`; None while they are being made (words only until then)."""


def texts_to_encode(content: Content) -> list[str]:
    """Return the texts of a revision that get a vector each: title, phrasings, answer passages."""
    return [
        content.title,
        *content.phrasings,
        *(f"{content.title}. {part}" for part in passages(to_plain(content.answer))),
    ]


def passages(text: str) -> list[str]:
    """Cut plain text into passages at line ends."""
    result: list[str] = []
    current = ""
    for line in text.split("\n"):
        line = line.strip()
        if current and len(current) + len(line) > PASSAGE_CHARACTERS:
            result.append(current)
            current = ""
        current = f"{current} {line}".strip()
    if current:
        result.append(current)
    return [part[: 2 * PASSAGE_CHARACTERS] for part in result[:MAX_PASSAGES]]


def quantise(vectors: FloatArray) -> Int8Matrix:
    """Return unit vectors as signed bytes; a quarter of the size, hit rates equal (measured)."""
    return np.clip(np.rint(vectors * 127), -127, 127).astype(np.int8)


# ------------------------------------------------------------------------------------- words

_NO_WORDS = re.compile(r"\]\([^)\s]*\)|<[^>\s]*>|https?://\S+")
"""Addresses in Markdown. Taking them out is all the parsing that counting words needs."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """An entry with its words counted."""

    entry: Entry
    terms: Mapping[str, float]
    """Stems with their weight."""
    length: float
    words: frozenset[str]
    """Whole folded words, for spelling correction."""


def prepare(entry: Entry) -> Prepared:
    """Count the words of an entry."""
    locale = entry.locale
    body = words_of(_NO_WORDS.sub(" ", entry.answer))
    weights: dict[str, float] = dict(Counter(stems_of(body, locale)))
    length = float(sum(weights.values()))
    everything = set(body)
    for text, weight in (
        (entry.title, TITLE_WEIGHT),
        *((phrasing, PHRASING_WEIGHT) for phrasing in entry.phrasings),
    ):
        words = words_of(text)
        everything.update(words)
        for term in set(stems_of(words, locale)):
            weights[term] = weights.get(term, 0.0) + weight
            length += 1
    labels = words_of(" ".join((entry.category or "", *entry.tags)))
    for term in set(stems_of(labels, locale)):
        weights[term] = weights.get(term, 0.0) + 1.0
        length += 1
    stop = STOP_WORDS[locale]
    whole = frozenset(word for word in everything if len(word) > 3 and word not in stop)
    return Prepared(entry, weights, length, whole)


@dataclass(slots=True)
class Gone:
    """What of a segment's words belongs to articles that are shown no longer, in one language."""

    terms: Counter[str] = field(default_factory=Counter)
    words: Counter[str] = field(default_factory=Counter)
    count: int = 0
    length: float = 0.0

    def plus(self, gone: Sequence[Prepared]) -> "Gone":
        """Return this with more articles."""
        result = Gone(Counter(self.terms), Counter(self.words), self.count, self.length)
        for one in gone:
            result.terms.update(one.terms.keys())
            result.words.update(one.words)
            result.count += 1
            result.length += one.length
        return result


@dataclass(frozen=True)
class Lexicon:
    """The words of all articles in one language: for each stem the slots that have it."""

    terms: Mapping[str, int]
    bounds: LongArray
    """Where each stem's part of `slots` begins, and the end of the last."""
    slots: IntArray
    weights: FloatArray
    words: Mapping[str, int]
    """Folded whole words with the number of articles they are in, for spelling correction."""
    count: int
    length: float
    """Of all articles together."""

    def frequency(self, term: str) -> int:
        """Return how many articles have a stem."""
        number = self.terms.get(term)
        return 0 if number is None else int(self.bounds[number + 1] - self.bounds[number])

    def posting(self, term: str) -> tuple[IntArray, FloatArray] | None:
        """Return the slots that have a stem, with its weight in each."""
        number = self.terms.get(term)
        if number is None:
            return None
        part = slice(int(self.bounds[number]), int(self.bounds[number + 1]))
        return self.slots[part], self.weights[part]

    @cached_property
    def _shelves(self) -> dict[tuple[str, int], list[str]]:
        shelves: dict[tuple[str, int], list[str]] = {}
        for word in self.words:
            if len(word) >= 4 and not any(c.isdigit() for c in word):
                shelves.setdefault((word[0], len(word)), []).append(word)
        return shelves

    def warm(self) -> None:
        """Sort the words for spelling correction now, not at the first misspelling."""
        self._shelves  # noqa: B018

    def like(self, word: str) -> tuple[str, int] | None:
        """Return the word that `word` is probably a misspelling of, and how far it is, or None.

        Only words of the same first letter: people rarely miss it, and it keeps a look-up short.
        """
        if len(word) < 4:
            return None
        limit = 1 if len(word) < 7 else 2
        candidates = [
            candidate
            for length in range(len(word) - limit, len(word) + limit + 1)
            for candidate in self._shelves.get((word[0], length), ())
        ]
        found = process.extract(word, candidates, scorer=OSA.distance, score_cutoff=limit, limit=5)
        if not found:
            return None
        best = min(found, key=lambda f: (f[1], -self.words[f[0]]))
        return best[0], int(best[1])


NO_WORDS = Lexicon(
    {}, np.zeros(1, np.int64), np.zeros(0, np.int32), np.zeros(0, np.float32), {}, 0, 0.0
)


def _lexicon(prepared: Sequence[tuple[int, Prepared]]) -> Lexicon:
    terms: dict[str, int] = {}
    numbers: list[int] = []
    slots: list[int] = []
    weights: list[float] = []
    words: Counter[str] = Counter()
    length = 0.0
    for slot, one in prepared:
        for term, weight in one.terms.items():
            numbers.append(terms.setdefault(term, len(terms)))
            slots.append(slot)
            weights.append(weight)
        words.update(one.words)
        length += one.length
    return _sorted(
        terms, np.array(numbers, np.int32), np.array(slots, np.int32),
        np.array(weights, np.float32), words, len(prepared), length,
    )  # fmt: skip


def _sorted(
    terms: Mapping[str, int],
    numbers: IntArray,
    slots: IntArray,
    weights: FloatArray,
    words: Mapping[str, int],
    count: int,
    length: float,
) -> Lexicon:
    order = np.argsort(numbers, kind="stable")
    bounds = np.zeros(len(terms) + 1, np.int64)
    np.cumsum(np.bincount(numbers, minlength=len(terms)), out=bounds[1:])
    return Lexicon(terms, bounds, slots[order], weights[order], words, count, length)


def _merged_lexicon(
    old: Lexicon, new_slot: IntArray, gone: Gone, added: Lexicon, offset: int
) -> Lexicon:
    """Return the words of two segments together; `new_slot` is -1 for what is gone from the old."""
    terms = dict(old.terms)
    translate = np.array(
        [terms.setdefault(term, len(terms)) for term in added.terms], np.int32
    ).reshape(-1)
    old_numbers = np.repeat(np.arange(len(old.terms), dtype=np.int32), np.diff(old.bounds))
    slots = new_slot[old.slots]
    kept = slots >= 0
    added_numbers = np.repeat(translate, np.diff(added.bounds))
    words = dict(old.words)
    for word, times in gone.words.items():
        left = words.get(word, 0) - times
        if left > 0:
            words[word] = left
        else:
            words.pop(word, None)
    for word, times in added.words.items():
        words[word] = words.get(word, 0) + times
    return _sorted(
        terms,
        np.concatenate([old_numbers[kept], added_numbers]),
        np.concatenate([slots[kept], added.slots + np.int32(offset)]),
        np.concatenate([old.weights[kept], added.weights]),
        words,
        old.count - gone.count + added.count,
        old.length - gone.length + added.length,
    )


# ------------------------------------------------------------------------------------ segment


@dataclass(frozen=True)
class Segment:
    """Articles, their words and their vectors."""

    entries: tuple[Entry, ...] = ()
    """By slot; those of a key side by side."""
    keys: tuple[str, ...] = ()
    slot_bounds: LongArray = field(default_factory=lambda: np.zeros(1, np.int64))
    """By key: its first slot; then the number of slots."""
    row_bounds: LongArray = field(default_factory=lambda: np.zeros(1, np.int64))
    """By slot: its first vector; then the number of vectors."""
    matrix: Int8Matrix = field(default_factory=lambda: np.zeros((0, DIMENSIONS), np.int8))
    lengths: FloatArray = field(default_factory=lambda: np.zeros(0, np.float32))
    """By slot: its length in weighted words."""
    norms: FloatArray = field(default_factory=lambda: np.zeros(0, np.float32))
    """By key: length of the sum of its vectors."""
    lexicons: Mapping[str, Lexicon] = field(
        default_factory=lambda: dict.fromkeys(LOCALES, NO_WORDS)
    )
    axes: FloatArray | None = None
    """512 × COARSE, where there are more than EXACT_ROWS vectors."""
    coarse: FloatArray | None = None
    """Keys × COARSE: the direction of each key along the axes."""

    @cached_property
    def slot_of(self) -> Mapping[str, int]:
        """Slot by article id."""
        return {entry.article_id: slot for slot, entry in enumerate(self.entries)}

    @cached_property
    def key_of(self) -> Mapping[str, int]:
        """Number of each key in `keys`."""
        return {key: number for number, key in enumerate(self.keys)}

    @cached_property
    def key_of_slot(self) -> IntArray:
        """Number of the key by slot."""
        counts = np.diff(self.slot_bounds)
        return np.repeat(np.arange(len(self.keys), dtype=np.int32), counts)

    def slots(self, number: int) -> range:
        """Return the slots of a key."""
        return range(int(self.slot_bounds[number]), int(self.slot_bounds[number + 1]))

    def of_key(self, key: str) -> tuple[Entry, ...]:
        """Return the entries of a key."""
        number = self.key_of.get(key)
        if number is None:
            return ()
        return tuple(self.entries[slot] for slot in self.slots(number))

    def warm(self) -> None:
        """Make what is made at first use now, off the path of a question."""
        for lexicon in self.lexicons.values():
            lexicon.warm()
        _ = self.slot_of, self.key_of, self.key_of_slot


def small_segment(prepared: Iterable[Prepared], *, coarse: bool = False) -> Segment:
    """Make a segment from entries with their words counted."""
    by_key: dict[str, list[Prepared]] = {}
    for one in prepared:
        by_key.setdefault(one.entry.key, []).append(one)
    ordered = [one for group in by_key.values() for one in group]
    lexicons = {
        locale: _lexicon(
            [(slot, one) for slot, one in enumerate(ordered) if one.entry.locale == locale]
        )
        for locale in LOCALES
    }
    return _stacked(
        [one.entry for one in ordered],
        tuple(by_key),
        [len(group) for group in by_key.values()],
        np.array([one.length for one in ordered], np.float32),
        lexicons,
        coarse=coarse,
    )


def bulk_segment(entries: Iterable[Entry], *, pause: Callable[[], None] = lambda: None) -> Segment:
    """Make a segment from many entries; those of a key must follow each other.

    A part at a time, so that the counted words of few articles are in memory at once, and like sizes
    merged with like, so that each article is moved a few times only.
    """
    parts: list[Segment] = []
    waiting: list[Prepared] = []
    for entry in entries:
        if len(waiting) >= BULK and waiting[-1].entry.key != entry.key:
            parts.append(small_segment(waiting))
            waiting = []
            while len(parts) > 1 and len(parts[-2].entries) <= 2 * len(parts[-1].entries):
                _merge_last(parts, pause)
        waiting.append(prepare(entry))
        pause()
    parts.append(small_segment(waiting))
    while len(parts) > 1:
        _merge_last(parts, pause)
    return parts[0]


def _merge_last(parts: list[Segment], pause: Callable[[], None]) -> None:
    last = parts.pop()
    first = parts.pop()
    parts.append(merged(first, np.zeros(len(first.keys), bool), {}, last, pause=pause))


def merged(
    old: Segment,
    dead: NDArray[np.bool_],
    gone: Mapping[str, Gone],
    added: Segment,
    *,
    pause: Callable[[], None] = lambda: None,
) -> Segment:
    """Return one segment of what is left of `old` and of `added`; no key may be in both.

    Args:
        old: the larger one.
        dead: by key of `old`, whether it is shown no longer.
        gone: the words of those keys, by language.
        added: the smaller one.
        pause: called between steps, to let others run.
    """
    dead_slot = dead[old.key_of_slot] if len(old.keys) else np.zeros(0, bool)
    new_slot = np.where(dead_slot, -1, np.cumsum(~dead_slot) - 1).astype(np.int32)
    offset = int((~dead_slot).sum())
    entries = [entry for entry, is_dead in zip(old.entries, dead_slot, strict=True) if not is_dead]
    entries += added.entries
    pause()
    keys = tuple(key for key, is_dead in zip(old.keys, dead, strict=True) if not is_dead)
    sizes = [*np.diff(old.slot_bounds)[~dead].tolist(), *np.diff(added.slot_bounds).tolist()]
    lexicons = {}
    for locale in LOCALES:
        pause()
        lexicons[locale] = _merged_lexicon(
            old.lexicons[locale], new_slot, gone.get(locale, Gone()), added.lexicons[locale], offset
        )
    pause()
    lengths = np.concatenate([old.lengths[~dead_slot], added.lengths])
    return _stacked(entries, keys + added.keys, sizes, lengths, lexicons, coarse=True)


def _stacked(
    entries: Sequence[Entry],
    keys: tuple[str, ...],
    sizes: Sequence[int],
    lengths: FloatArray,
    lexicons: Mapping[str, Lexicon],
    *,
    coarse: bool,
) -> Segment:
    slot_bounds = np.zeros(len(keys) + 1, np.int64)
    np.cumsum(np.asarray(sizes, np.int64), out=slot_bounds[1:])
    row_bounds = np.zeros(len(entries) + 1, np.int64)
    counts = [0 if entry.vectors is None else len(entry.vectors) for entry in entries]
    np.cumsum(np.asarray(counts, np.int64), out=row_bounds[1:])
    parts = [entry.vectors for entry in entries if entry.vectors is not None]
    matrix = np.concatenate([np.zeros((0, DIMENSIONS), np.int8), *parts])
    # Each entry looks into the matrix from now on: its own copy is freed.
    placed = tuple(
        entry
        if entry.vectors is None
        else replace(entry, vectors=matrix[row_bounds[slot] : row_bounds[slot + 1]])
        for slot, entry in enumerate(entries)
    )
    key_rows = row_bounds[slot_bounds]
    big = coarse and len(matrix) > EXACT_ROWS
    directions = np.zeros((len(keys) if big else 0, DIMENSIONS), np.float32)
    norms = np.zeros(len(keys), np.float32)
    step = 4_096
    for start in range(0, len(keys), step):
        end = min(start + step, len(keys))
        first = int(key_rows[start])
        block = matrix[first : int(key_rows[end])].astype(np.float32) / np.float32(127)
        sums = segment_sums(block, key_rows[start : end + 1] - first)
        norms[start:end] = np.linalg.norm(sums, axis=1)
        if big:
            directions[start:end] = sums / np.maximum(norms[start:end, None], np.float32(1e-6))
    axes = reduced = None
    if big:
        sample = directions[:: max(1, len(keys) // 20_000)]
        _, vectors = np.linalg.eigh(sample.T @ sample)
        axes = np.ascontiguousarray(vectors[:, -COARSE:], np.float32)
        reduced = directions @ axes
    return Segment(
        entries=placed,
        keys=keys,
        slot_bounds=slot_bounds,
        row_bounds=row_bounds,
        matrix=matrix,
        lengths=lengths,
        norms=norms,
        lexicons=lexicons,
        axes=axes,
        coarse=reduced,
    )


def segment_sums(rows: FloatArray, bounds: LongArray) -> FloatArray:
    """Return the sum of the rows between each two bounds; zero where there are none."""
    result = np.zeros((len(bounds) - 1, *rows.shape[1:]), np.float32)
    filled = np.flatnonzero(np.diff(bounds))
    if len(filled):
        result[filled] = np.add.reduceat(rows, bounds[:-1][filled], axis=0)
    return result


def segment_maxima(rows: FloatArray, bounds: LongArray) -> FloatArray:
    """Return the largest of the rows between each two bounds; zero where there are none."""
    result = np.zeros((len(bounds) - 1, *rows.shape[1:]), np.float32)
    filled = np.flatnonzero(np.diff(bounds))
    if len(filled):
        result[filled] = np.maximum.reduceat(rows, bounds[:-1][filled], axis=0)
    return result
