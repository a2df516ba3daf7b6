"""Words that editors taught search: synonyms and words that say nothing, per language. Pure.

They act on the question only, so a change is in force with the next question and no article is
touched for it.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from bot.kit.locales import LOCALES
from bot.kit.text import clean_text
from knowledge_base.text import STOP_WORDS, stem, words_of

MAX_GROUP = 12
MAX_PHRASE = 60
MAX_PHRASE_WORDS = 4

Words = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Concept:
    """One thing that is asked for, in every way it may be written: the first as it was asked."""

    alternatives: tuple[tuple[str, ...], ...]
    """Stems; an alternative of several words is met by all of them."""
    trust: float = 1.0
    """1, or less for a corrected spelling."""


@dataclass(frozen=True)
class Vocabulary:
    """What editors taught, for all languages."""

    synonyms: Mapping[str, Sequence[Sequence[str]]] = field(default_factory=dict)
    """Groups of words or short phrases that mean the same, by language; the first is preferred."""
    stop_words: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """Folded words that say nothing, by language, beside the built-in ones."""

    @cached_property
    def _groups(self) -> Mapping[str, Mapping[Words, tuple[Words, ...]]]:
        found: dict[str, dict[Words, tuple[Words, ...]]] = {}
        for locale, groups in self.synonyms.items():
            table = found.setdefault(locale, {})
            for group in groups:
                phrases = tuple(w for w in (tuple(words_of(phrase)) for phrase in group) if w)
                for phrase in phrases:
                    table.setdefault(phrase, (phrase, *(p for p in phrases if p != phrase)))
        return found

    def is_filler(self, word: str, locale: str) -> bool:
        """Tell whether a folded word says nothing in this language."""
        return word in STOP_WORDS[locale] or word in self.stop_words.get(locale, ())

    def taught(self, word: str) -> bool:
        """Tell whether editors know this folded word, so that it is no spelling mistake."""
        return any((word,) in table for table in self._groups.values()) or any(
            word in words for words in self.stop_words.values()
        )

    def concepts(
        self, words: Sequence[str], locale: str, trust: Mapping[str, float]
    ) -> list[Concept]:
        """Return what is asked for, each thing once; synonyms of several words are found whole.

        Args:
            words: folded words of the question in order, spelling corrected.
            locale: language to read them in.
            trust: below 1 for words that were corrected.
        """
        table = self._groups.get(locale, {})
        found: dict[tuple[tuple[str, ...], ...], Concept] = {}
        at = 0
        while at < len(words):
            group, used = self._group_at(words, at, table)
            if group is None and (self.is_filler(words[at], locale) or len(words[at]) < 2):
                at += 1
                continue
            phrases = group or ((words[at],),)
            alternatives = tuple(
                dict.fromkeys(
                    stems
                    for phrase in phrases
                    if (
                        stems := tuple(
                            stem(w, locale)
                            for w in phrase
                            if len(phrase) == 1 or w not in STOP_WORDS[locale]
                        )
                    )
                )
            )
            if alternatives and alternatives not in found:
                least = min(trust.get(word, 1.0) for word in words[at : at + used])
                found[alternatives] = Concept(alternatives, least)
            at += used
        return list(found.values())

    def preferred(self, words: Sequence[str]) -> list[str]:
        """Return the words with each synonym replaced by its group's first, for the encoder."""
        result: list[str] = []
        at = 0
        while at < len(words):
            for locale in LOCALES:
                table = self._groups.get(locale, {})
                group, used = self._group_at(words, at, table)
                if group is not None:
                    first = table[group[0]]
                    best = self._first_of(locale, first)
                    result += best
                    at += used
                    break
            else:
                result.append(words[at])
                at += 1
        return result

    def _first_of(self, locale: str, group: tuple[Words, ...]) -> Words:
        for phrases in self.synonyms.get(locale, ()):
            folded = [tuple(words_of(phrase)) for phrase in phrases]
            if group[0] in folded:
                return folded[0]
        return group[0]

    @staticmethod
    def _group_at(
        words: Sequence[str], at: int, table: Mapping[Words, tuple[Words, ...]]
    ) -> tuple[tuple[Words, ...] | None, int]:
        if table:
            for length in range(min(MAX_PHRASE_WORDS, len(words) - at), 0, -1):
                group = table.get(tuple(words[at : at + length]))
                if group is not None:
                    return group, length
        return None, 1


NOTHING_TAUGHT = Vocabulary()


def tidy_group(phrases: Iterable[str]) -> tuple[str, ...]:
    """Return a group's phrases without outer blanks and repetitions, in order."""
    seen: dict[Words, str] = {}
    for phrase in phrases:
        line = " ".join(clean_text(phrase).split())
        words = tuple(words_of(line))
        if words:
            seen.setdefault(words, line)
    return tuple(seen.values())


def group_problem(phrases: Sequence[str]) -> str | None:
    """Return why these can't be a group of synonyms, or None; call it on a tidy group."""
    if len(phrases) < 2:
        return "A group needs at least two different words or phrases."
    if len(phrases) > MAX_GROUP:
        return f"A group has at most {MAX_GROUP} words or phrases."
    for phrase in phrases:
        if len(phrase) > MAX_PHRASE or len(words_of(phrase)) > MAX_PHRASE_WORDS:
            return (
                f"“{phrase[:MAX_PHRASE]}” is too long: at most {MAX_PHRASE_WORDS} words and "
                f"{MAX_PHRASE} characters."
            )
    return None


def stop_word_problem(word: str) -> str | None:
    """Return why this can't be a stop word, or None."""
    if len(words_of(word)) != 1 or len(word) > MAX_PHRASE:
        return f"“{word[:MAX_PHRASE]}” is not one word of letters and digits."
    return None
