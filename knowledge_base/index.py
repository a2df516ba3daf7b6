"""The search index: an immutable value made from published revisions. Pure, numpy only.

It has two segments: a large base, and a small delta with every article (and its translations) that
changed since the base was made. One article's change makes a new delta and shares the base, so that it
takes the same few milliseconds whatever is published beside it; the two are merged now and then,
beside the questions. Document frequencies are counted over both, so scores do not depend on where an
article is.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from bot.kit.locales import LOCALES
from knowledge_base.head import Head, fit_head, worth_fitting
from knowledge_base.segment import (
    NO_WORDS,
    Entry,
    FloatArray,
    Gone,
    Int8Matrix,
    IntArray,
    Prepared,
    Segment,
    bulk_segment,
    merged,
    passages,
    prepare,
    quantise,
    segment_maxima,
    segment_sums,
    small_segment,
    texts_to_encode,
)
from knowledge_base.text import FILLERS, common_words, words_of
from knowledge_base.vocabulary.vocabulary import NOTHING_TAUGHT, Concept, Vocabulary

__all__ = [
    "Asked",
    "Entry",
    "Index",
    "Int8Matrix",
    "Measured",
    "passages",
    "quantise",
    "texts_to_encode",
]

K1 = 1.2
B = 0.4
"""Term saturation and length normalisation; articles are short, so length says little."""
BLOCK = 4_096
"""Rows turned from int8 into float32 at a time: stays in the processor's cache (measured)."""
LIKELY = 160
"""Keys of a large segment that are compared exactly, per vector, after a look at all of them."""
LIKELY_BY_WORDS = 96
MAX_CORRECTED = 3
"""Unknown words corrected in one question; more of them are no spelling mistakes."""
CORRECTED_TRUST = 0.85
"""What a corrected word counts compared with one that was written so."""
MAX_REMEMBERED = 2_000
"""Corrections remembered; looking one up costs a scan of words of like length."""
MERGE_AT_ONCE = 4_000
"""A base of so many articles is merged with every change (tens of milliseconds)."""
MERGE_BULK = 1_000
"""So many changes at once are merged before they are shown."""
MERGE_LATER = 200
"""A delta of so many articles is merged in the background."""
COMMON = 20_000
"""From so many articles on, words in more than 5 % of them are left out while two rarer are left."""
COMMON_SHARE = 0.05


@dataclass(frozen=True, slots=True)
class Asked:
    """A question's words, read in every language."""

    concepts: Mapping[str, Sequence[Concept]]
    corrected: Mapping[str, str]
    """Misspelled words with what they were read as."""
    variant: str | None
    """The question with spelling and synonyms replaced, for the encoder; None: as it was."""
    foreign: float
    """Share of the question's words that no article has, in the language where it is least."""


@dataclass(frozen=True, slots=True)
class Measured:
    """How near the articles of a segment are to a question."""

    segment: Segment
    numbers: IntArray
    """Keys that were compared; the next arrays have a value for each."""
    nearest: FloatArray
    """Cosine to the nearest of its titles, phrasings and passages, in all languages."""
    whole: FloatArray
    """Cosine to the mean of its texts."""
    lexical: FloatArray
    """The most of the question's words that a translation contains, 0 to 1."""
    learned: FloatArray
    """What the classifier says; estimated from `whole` for keys it has not seen; 0 without one."""
    texts: FloatArray
    """By slot (of compared keys): cosine to the nearest text of that translation."""
    coverage: FloatArray
    """By slot: how much of the question it contains, 0 to 1."""


@dataclass(frozen=True)
class Index:
    """Everything a question is compared with; never changed, only replaced."""

    base: Segment = field(default_factory=Segment)
    delta: Segment = field(default_factory=Segment)
    dead: NDArray[np.bool_] = field(default_factory=lambda: np.zeros(0, bool))
    """By key of the base: whether it is in the delta, or gone."""
    gone: Mapping[str, Gone] = field(default_factory=dict)
    """Words of the dead keys, by language."""
    recent: Mapping[str, Prepared] = field(default_factory=dict)
    """What the delta is made of, by article id."""
    head: Head | None = None

    # --------------------------------------------------------------------------- articles

    def __len__(self) -> int:
        return len(self.base.entries) - self._dead_count + len(self.delta.entries)

    @cached_property
    def _dead_count(self) -> int:
        return int(np.diff(self.base.slot_bounds)[self.dead].sum()) if len(self.dead) else 0

    def __iter__(self) -> Iterator[Entry]:
        dead = self.dead[self.base.key_of_slot] if len(self.dead) else ()
        for entry, is_dead in zip(self.base.entries, dead, strict=True):
            if not is_dead:
                yield entry
        yield from self.delta.entries

    @cached_property
    def key_count(self) -> int:
        """How many different articles there are, translations counted once."""
        return len(self.base.keys) - int(self.dead.sum()) + len(self.delta.keys)

    def find(self, article_id: str) -> Entry | None:
        """Return the published revision of an article, or None."""
        if (found := self.recent.get(article_id)) is not None:
            return found.entry
        slot = self.base.slot_of.get(article_id)
        if slot is None or self.dead[self.base.key_of_slot[slot]]:
            return None
        return self.base.entries[slot]

    def of_key(self, key: str) -> tuple[Entry, ...]:
        """Return every published translation of a key."""
        number = self.base.key_of.get(key)
        if number is not None and not self.dead[number]:
            return self.base.of_key(key)
        return self.delta.of_key(key)

    # --------------------------------------------------------------------------- changing

    def changed(
        self,
        put: Iterable[Entry],
        drop: Iterable[str] = (),
        *,
        pause: Callable[[], None] = lambda: None,
        merge: bool = True,
    ) -> "Index":
        """Return an index with some entries added or replaced and others gone.

        Args:
            put: new or changed entries.
            drop: article ids to take out; unknown ones are no error.
            pause: called between articles, to let others run.
            merge: False: only lay the changes beside the base (for an index that lives one question).
        """
        wanted = {entry.article_id: entry for entry in put}
        without = {*drop} - wanted.keys()
        if len(wanted) >= MERGE_BULK and not len(self):
            # A whole base at once: nothing to lay it over.
            ordered = sorted(wanted.values(), key=lambda entry: entry.key)
            base = bulk_segment(ordered, pause=pause)
            base = merged(Segment(), np.zeros(0, bool), {}, base, pause=pause)
            whole = Index(base=base, dead=np.zeros(len(base.keys), bool), head=self.head)
            whole.warm()
            return whole
        keys = {entry.key for entry in wanted.values()}
        for article_id in (*wanted, *without):
            if (old := self.find(article_id)) is not None:
                keys.add(old.key)
        recent = {
            article_id: one
            for article_id, one in self.recent.items()
            if article_id not in without and article_id not in wanted
        }
        dead = self.dead.copy() if len(self.dead) else np.zeros(len(self.base.keys), bool)
        leaving: list[Prepared] = []
        for key in keys:
            number = self.base.key_of.get(key)
            if number is None or dead[number]:
                continue
            dead[number] = True
            for entry in self.base.of_key(key):
                one = prepare(entry)
                leaving.append(one)
                if entry.article_id not in without and entry.article_id not in wanted:
                    recent[entry.article_id] = one
        for entry in wanted.values():
            recent[entry.article_id] = prepare(entry)
            pause()
        gone = {
            locale: self.gone.get(locale, Gone()).plus(
                [one for one in leaving if one.entry.locale == locale]
            )
            for locale in LOCALES
        }
        result = Index(
            base=self.base,
            delta=small_segment(recent.values()),
            dead=dead,
            gone=gone,
            recent=recent,
            head=self.head,
        )
        size = len(self.base.entries)
        if merge and (size <= MERGE_AT_ONCE or len(wanted) >= MERGE_BULK):
            return result.compact(pause=pause)
        result.warm()
        return result

    @property
    def wants_merging(self) -> bool:
        """Whether the delta has grown so large that questions feel it."""
        return len(self.recent) >= MERGE_LATER

    def compact(self, *, pause: Callable[[], None] = lambda: None) -> "Index":
        """Return the same index with everything in its base."""
        base = merged(self.base, self.dead, self.gone, self.delta, pause=pause)
        result = Index(base=base, dead=np.zeros(len(base.keys), bool), head=self.head)
        result.warm()
        return result

    def rebased(self, compacted: "Index", before: "Index") -> "Index":
        """Return this index over a base that was made from `before`, an earlier state of it."""
        now, then = self.recent, before.recent
        put = [
            one.entry
            for article_id, one in now.items()
            if article_id not in then or then[article_id].entry is not one.entry
        ]
        drop = [
            entry.article_id
            for entry in compacted
            if entry.article_id not in now and self.find(entry.article_id) is None
        ]
        if not put and not drop:
            return replace(compacted, head=self.head)
        return replace(compacted.changed(put, drop, merge=False), head=self.head)

    def warm(self) -> None:
        """Make what is made at first use now, off the path of a question."""
        self.base.warm()
        self.delta.warm()
        common_words()

    def with_head(self, head: Head | None) -> "Index":
        """Return the same index with another classifier."""
        return replace(self, head=head)

    def fitted_head(self) -> Head | None:
        """Fit the classifier anew; None when this base is too small or too large for one."""
        entries = [entry for entry in self if entry.vectors is not None and len(entry.vectors)]
        keys = list(dict.fromkeys(entry.key for entry in entries))
        rows = [len(entry.vectors) for entry in entries if entry.vectors is not None]
        if not worth_fitting(sum(rows), len(keys)):
            return None
        number = {key: n for n, key in enumerate(keys)}
        vectors = np.concatenate([e.vectors for e in entries if e.vectors is not None])
        of_row = np.repeat(np.array([number[e.key] for e in entries], np.int32), rows)
        unit = vectors.astype(np.float32)
        unit /= np.maximum(np.linalg.norm(unit, axis=1, keepdims=True), np.float32(1e-6))
        return fit_head(unit, of_row, keys, self.head)

    # ------------------------------------------------------------------------------ words

    def read(self, question: str, vocabulary: Vocabulary = NOTHING_TAUGHT) -> Asked:
        """Read a question's words in every language, its spelling corrected."""
        asked = words_of(question)
        unknown = [
            w for w in dict.fromkeys(asked) if not self._knows(w) and not vocabulary.taught(w)
        ]
        corrections = {
            locale: {
                word: better
                for word in unknown[:MAX_CORRECTED]
                if (better := self._closest(word, locale)) is not None
            }
            for locale in LOCALES
            if self._count(locale)
        }
        corrected: dict[str, str] = {}
        for found in corrections.values():
            for word, better in found.items():
                corrected.setdefault(word, better)
        concepts: dict[str, list[Concept]] = {}
        foreign = 1.0
        for locale, found in corrections.items():
            words = [found.get(word, word) for word in asked]
            trust = dict.fromkeys(found.values(), CORRECTED_TRUST)
            concepts[locale] = vocabulary.concepts(words, locale, trust)
            if concepts[locale]:
                missing = sum(1 for one in concepts[locale] if not self._frequency(one, locale))
                foreign = min(foreign, missing / len(concepts[locale]))
            else:
                foreign = 0.0
        fixed = [corrected.get(word, word) for word in asked]
        better_words = vocabulary.preferred(fixed)
        variant = " ".join(better_words) if corrected or better_words != fixed else None
        return Asked(concepts, corrected, variant, foreign)

    @cached_property
    def _remembered(self) -> dict[tuple[str, str], str | None]:
        return {}

    def _closest(self, word: str, locale: str) -> str | None:
        known = self._remembered
        if (word, locale) not in known:
            if len(known) >= MAX_REMEMBERED:
                known.clear()
            found = [
                candidate
                for segment in (self.base, self.delta)
                if (candidate := segment.lexicons[locale].like(word)) is not None
            ]
            known[word, locale] = min(found, key=lambda f: f[1])[0] if found else None
        return known[word, locale]

    def _knows(self, word: str) -> bool:
        return (
            len(word) < 4
            or any(c.isdigit() for c in word)
            or word in FILLERS
            or word in common_words()
            or any(
                word in lexicon.words
                for segment in (self.base, self.delta)
                for lexicon in segment.lexicons.values()
            )
        )

    def _count(self, locale: str) -> int:
        gone = self.gone.get(locale)
        return (
            self.base.lexicons[locale].count
            - (gone.count if gone else 0)
            + self.delta.lexicons[locale].count
        )

    def _average_length(self, locale: str) -> float:
        gone = self.gone.get(locale)
        length = (
            self.base.lexicons[locale].length
            - (gone.length if gone else 0.0)
            + self.delta.lexicons[locale].length
        )
        return max(length / max(self._count(locale), 1), 1.0)

    def _term_frequency(self, term: str, locale: str) -> int:
        gone = self.gone.get(locale)
        return (
            self.base.lexicons[locale].frequency(term)
            - (gone.terms.get(term, 0) if gone else 0)
            + self.delta.lexicons[locale].frequency(term)
        )

    def _frequency(self, concept: Concept, locale: str) -> int:
        return max(
            min(self._term_frequency(term, locale) for term in alternative)
            for alternative in concept.alternatives
        )

    def _rarity(self, frequency: int, locale: str) -> float:
        return float(np.log1p((self._count(locale) - frequency + 0.5) / (frequency + 0.5)))

    def _coverage(self, segment: Segment, asked: Asked) -> FloatArray:
        """Return for every slot how much of what was asked it contains, 0 to 1.

        BM25 of the article over the most that the question could give, so that it means the same for
        every question.
        """
        scores = np.zeros(len(segment.entries), np.float32)
        for locale, concepts in asked.concepts.items():
            if segment.lexicons[locale] is NO_WORDS or not concepts:
                continue
            frequencies = [self._frequency(concept, locale) for concept in concepts]
            count = self._count(locale)
            chosen = list(zip(concepts, frequencies, strict=True))
            if count >= COMMON:
                rare = [pair for pair in chosen if pair[1] <= COMMON_SHARE * count]
                if len(rare) >= 2:
                    chosen = rare
            rarities = [self._rarity(frequency, locale) for _, frequency in chosen]
            possible = sum(rarities)
            average = self._average_length(locale)
            for (concept, _), rarity in zip(chosen, rarities, strict=True):
                share = concept.trust * rarity / possible
                self._add_concept(scores, segment, concept, locale, share, average)
        return scores

    def _add_concept(
        self,
        scores: FloatArray,
        segment: Segment,
        concept: Concept,
        locale: str,
        share: float,
        average: float,
    ) -> None:
        if len(concept.alternatives) == len(concept.alternatives[0]) == 1:
            found = self._met(segment, concept.alternatives[0][0], locale, average)
            if found is not None:
                scores[found[0]] += np.float32(share) * found[1]
            return
        best = np.zeros(len(scores), np.float32)
        for alternative in concept.alternatives:
            met = np.zeros(len(scores), np.float32)
            rarities = [
                self._rarity(self._term_frequency(term, locale), locale) for term in alternative
            ]
            for term, rarity in zip(alternative, rarities, strict=True):
                found = self._met(segment, term, locale, average)
                if found is not None:
                    met[found[0]] += np.float32(rarity / sum(rarities)) * found[1]
            np.maximum(best, met, out=best)
        scores += np.float32(share) * best

    @staticmethod
    def _met(
        segment: Segment, term: str, locale: str, average: float
    ) -> tuple[IntArray, FloatArray] | None:
        posting = segment.lexicons[locale].posting(term)
        if posting is None:
            return None
        slots, weights = posting
        lengths = segment.lengths[slots]
        norm = np.float32(K1 * (1 - B)) + np.float32(K1 * B / average) * lengths
        share: FloatArray = (weights / (weights + norm)).astype(np.float32)
        return slots, share

    # ---------------------------------------------------------------------------- meaning

    def measure(self, asked: Asked, vectors: Sequence[FloatArray]) -> list[Measured]:
        """Compare a question with the articles.

        `vectors` are of the question as it was written and, where there are some, with its spelling
        corrected; what is near to either is near.
        """
        unit = np.stack([np.asarray(vector, np.float32) for vector in vectors], axis=1)
        logits = None
        if self.head is not None:
            middle = unit.mean(axis=1)
            middle /= max(float(np.linalg.norm(middle)), 1e-6)
            logits = self.head.logits(middle)
        result = []
        for segment, dead in ((self.base, self.dead), (self.delta, None)):
            if len(segment.keys):
                result.append(self._measure(segment, dead, asked, unit, logits))
        return result

    def _measure(
        self,
        segment: Segment,
        dead: NDArray[np.bool_] | None,
        asked: Asked,
        unit: FloatArray,
        logits: FloatArray | None,
    ) -> Measured:
        coverage = self._coverage(segment, asked)
        lexical = np.maximum.reduceat(coverage, segment.slot_bounds[:-1])
        alive = None if dead is None or not dead.any() else ~dead
        if segment.coarse is not None and segment.axes is not None:
            along = segment.axes.T @ unit
            # One vector at a time: with two the library takes its way for matrices, 4 times slower.
            looks = [segment.coarse @ np.ascontiguousarray(one) for one in along.T]
            numbers = _likely(looks, lexical, alive)
        else:
            every = np.arange(len(segment.keys), dtype=np.int32)
            numbers = every if alive is None else every[alive]
        texts, nearest, whole = _cosines(segment, numbers, unit)
        learned = np.zeros(len(numbers), np.float32)
        if self.head is not None and logits is not None:
            columns = self._columns(segment)[numbers]
            guess = np.float32(self.head.base) + np.float32(self.head.slope) * whole
            learned = np.where(columns >= 0, logits[columns], guess).astype(np.float32)
        return Measured(
            segment=segment,
            numbers=numbers,
            nearest=nearest,
            whole=whole,
            lexical=lexical[numbers],
            learned=learned,
            texts=texts,
            coverage=coverage,
        )

    @cached_property
    def _head_columns(self) -> dict[int, IntArray]:
        return {}

    def _columns(self, segment: Segment) -> IntArray:
        columns = self._head_columns.get(id(segment))
        if columns is None:
            known = self.head.columns if self.head is not None else {}
            columns = np.array([known.get(key, -1) for key in segment.keys], np.int32)
            self._head_columns[id(segment)] = columns
        return columns


def _likely(
    looks: Sequence[FloatArray], lexical: FloatArray, alive: NDArray[np.bool_] | None
) -> IntArray:
    """Return the keys of a large segment that are worth comparing exactly.

    Args:
        looks: per vector, by key: the cosine along the main axes.
        lexical: by key.
        alive: by key; None: all.
    """
    likely = np.zeros(len(lexical), bool)
    for look in looks:
        if alive is not None:
            look[~alive] = -1
        likely[np.argpartition(look, -LIKELY)[-LIKELY:]] = True
    worded = np.flatnonzero(lexical)
    if len(worded) > LIKELY_BY_WORDS:
        values = lexical[worded]
        worded = worded[np.argpartition(values, -LIKELY_BY_WORDS)[-LIKELY_BY_WORDS:]]
    likely[worded] = True
    if alive is not None:
        likely &= alive
    return np.flatnonzero(likely).astype(np.int32)


def _cosines(
    segment: Segment, numbers: IntArray, unit: FloatArray
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return cosines by slot, and by wanted key: the nearest text and the mean of all."""
    texts = np.zeros(len(segment.entries), np.float32)
    if not len(numbers):
        return texts, np.zeros(0, np.float32), np.zeros(0, np.float32)
    scaled = unit / np.float32(127)
    if len(numbers) == len(segment.keys):
        rows = _products(segment.matrix, scaled)
        slot_starts, row_bounds, slots = segment.slot_bounds, segment.row_bounds, None
    else:
        first, last = segment.slot_bounds[numbers], segment.slot_bounds[numbers + 1]
        slots, slot_starts = _ranges(first, last)
        picked, row_bounds = _ranges(segment.row_bounds[slots], segment.row_bounds[slots + 1])
        rows = _products(segment.matrix[picked], scaled)
    by_slot = segment_maxima(rows.max(axis=1), row_bounds)
    if slots is None:
        texts = by_slot
    else:
        texts[slots] = by_slot
    nearest = np.maximum.reduceat(by_slot, slot_starts[:-1])
    sums = segment_sums(rows, row_bounds[slot_starts])
    norms = np.maximum(segment.norms[numbers], np.float32(1e-6))
    whole = np.maximum(sums.max(axis=1) / norms, 0).astype(np.float32)
    return texts, nearest, whole


def _products(matrix: Int8Matrix, scaled: FloatArray) -> FloatArray:
    """Return rows × vectors, a block at a time."""
    result = np.empty((scaled.shape[1], len(matrix)), np.float32)
    for start in range(0, len(matrix), BLOCK):
        block = matrix[start : start + BLOCK].astype(np.float32)
        for number, products in enumerate(result):
            # One vector at a time: with two the library takes its way for matrices, 4 times slower.
            products[start : start + BLOCK] = block @ scaled[:, number]
    return result.T


def _ranges(
    first: NDArray[np.int64], last: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return every number in the ranges in order, and where each range begins in that."""
    sizes = last - first
    bounds = np.zeros(len(sizes) + 1, np.int64)
    np.cumsum(sizes, out=bounds[1:])
    return np.repeat(first - bounds[:-1], sizes) + np.arange(bounds[-1]), bounds
