"""From scores to a decision: which articles are near, and whether the best is good enough. Pure.

Measured on tests/knowledge_base/questions.jsonl: 150 questions in people's own words that share few
words with the articles, 72 near the shop's topics that no article answers, 54 about anything else.
Then on 185 plainer ones and 75 near-topic ones, written by somebody who had not read the articles.

                                                               hard            plain
    right article first / in the first three / ten             79 / 94 / 98 %  95 / 98 / 99 %
    answered · asked back · handed over, of what has an article 33 · 56 · 11 %  74 · 24 · 2 %
    right, or right among the choices                          84 %            96 %
    answers given that are right                               96 %            99 %
    answered of near-topic / of off-topic questions            3 / 0 %         1 / – %

The confidence is a logistic regression over all 536. Ten-fold cross-validated, 59 % of what has an
article can be answered at 95 % precision (pt 55, en 60, es 62 %), the questions without an article mixed
in; with cosines and words alone 48 %, with the best cosine 22 %. With two phrasings per article instead
of five to twelve all of it falls by some ten points: they matter most.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from knowledge_base.index import Entry, Measured

NEAREST_WEIGHT = 0.4
"""Of the nearest text; the mean of all the article's texts has the rest. Either alone finds less
(hit@1 of the hard questions: nearest 55 %, mean 70 %, both with words 72 %)."""
SAME_WORDS = 0.95
"""From this cosine on, a question is one of the phrasings but for accents, case or a word."""
COVERAGE_WEIGHT = 0.5
LOCALE_BONUS = 0.05
LEARNED_SCALE = 16.0
"""What a logit of the classifier counts beside cosines (4 to 16 differ by a point)."""
ANSWER_CONFIDENCE = 0.75
"""97 % of what is answered from here on is right, unanswerable questions counted as wrong."""
CLARIFY_MEANING = 0.385
CLARIFY_CONFIDENCE = 0.3
"""Below both, there is nothing to choose from: the nearest articles are far from the question.
Without a classifier the first alone decides."""
CLARIFY_MAX = 3
CLARIFY_SPREAD = 0.25
"""Choices further behind the best than this are not offered."""


class Decision(StrEnum):
    """What the bot should do with a question."""

    ANSWER = "answer"
    """The best article answers it."""
    CLARIFY = "clarify"
    """Several articles may be meant: ask which."""
    HANDOFF = "handoff"
    """Nothing is near: say so and offer a person."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """One article key (all its translations together) with its scores."""

    entry: Entry
    """The translation that would be shown."""
    score: float
    """`dense` + 0.5 × `lexical` + `learned` ÷ 16, + 0.05 when there is one in the language of the
    conversation."""
    lexical: float
    """The most of the question's words that a translation contains, 0 to 1."""
    dense: float
    """0.4 × `nearest` + 0.6 × `whole`, or `nearest` where a phrasing is met almost word by word."""
    nearest: float
    """Cosine to the nearest of its titles, phrasings and passages."""
    whole: float
    """Cosine to the mean of its texts."""
    learned: float = 0.0
    """What the classifier over all phrasings says (a logit); 0 where there is none."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """A decision with its numbers and its reasons in words."""

    decision: Decision
    confidence: float
    """Estimated probability that the best article answers the question."""
    margin: float
    """Score of the best above the second."""
    reasons: tuple[str, ...]
    close: int
    """How many of the top candidates are worth offering as choices."""


MAX_CANDIDATES = 24
"""Articles that a ranking holds at most."""


def rank(measured: Sequence[Measured], *, locale: str) -> list[Candidate]:
    """Return the nearest articles, best first, one per key.

    A key's translations speak for each other: an article is as near as its texts in all languages
    say, and the one in the language of the conversation is shown where there is one.
    """
    candidates: list[Candidate] = []
    for one in measured:
        if not len(one.numbers):
            continue
        dense = np.where(
            one.nearest >= SAME_WORDS,
            one.nearest,
            NEAREST_WEIGHT * one.nearest + (1 - NEAREST_WEIGHT) * one.whole,
        )
        score = dense + COVERAGE_WEIGHT * one.lexical + one.learned / LEARNED_SCALE
        count = min(MAX_CANDIDATES, len(one.numbers))
        for at in np.argpartition(-score, count - 1)[:count].tolist():
            entry = _shown(one, int(one.numbers[at]), locale)
            bonus = LOCALE_BONUS if entry.locale == locale else 0.0
            candidates.append(
                Candidate(
                    entry=entry,
                    score=float(score[at]) + bonus,
                    lexical=float(one.lexical[at]),
                    dense=float(dense[at]),
                    nearest=float(one.nearest[at]),
                    whole=float(one.whole[at]),
                    learned=float(one.learned[at]),
                )
            )
    candidates.sort(key=lambda c: (-c.score, c.entry.key))
    return candidates[:MAX_CANDIDATES]


def _shown(measured: Measured, number: int, locale: str) -> Entry:
    entries = measured.segment.entries

    def preference(slot: int) -> tuple[bool, float]:
        fused = measured.texts[slot] + COVERAGE_WEIGHT * measured.coverage[slot]
        return entries[slot].locale == locale, float(fused)

    return entries[max(measured.segment.slots(number), key=preference)]


def confidence_of(candidates: Sequence[Candidate], *, foreign: float, learned: bool) -> float:
    """Return the probability that the best of the candidates answers the question.

    Two logistic regressions: one where a classifier took part, one for bases too small or too large
    for it. Leads are over the best of the others in that number, so a lead may be negative.
    """
    top, others = candidates[0], candidates[1:]
    if learned:
        logit = (
            0.486 * top.learned
            + 0.547 * (top.learned - max((c.learned for c in others), default=0.0))
            + 5.494 * (top.lexical - max((c.lexical for c in others), default=0.0))
            - 1.802 * foreign
            - 2.269
        )
    else:
        margin = top.score - (others[0].score if others else 0.0)
        logit = 8.26 * top.whole + 6.35 * margin - 1.31 * foreign - 4.31
    return 1 / (1 + math.exp(-logit))


def decide(candidates: Sequence[Candidate], *, foreign: float, learned: bool = False) -> Verdict:
    """Choose between answering, asking back and handing over.

    Args:
        candidates: best first.
        foreign: share of the question's words that no article has.
        learned: whether a classifier took part in the scores.
    """
    if not candidates:
        return Verdict(Decision.HANDOFF, 0.0, 0.0, ("There is no published article.",), 0)
    top = candidates[0]
    second = candidates[1] if len(candidates) > 1 else None
    margin = top.score - second.score if second else top.score
    name = f"“{top.entry.title}”"
    close = sum(1 for c in candidates[:CLARIFY_MAX] if top.score - c.score <= CLARIFY_SPREAD)
    if top.nearest >= SAME_WORDS:
        reason = f"The question is nearly word for word a phrasing of {name} ({top.nearest:.2f})."
        return Verdict(Decision.ANSWER, top.nearest, margin, (reason,), close)
    confidence = confidence_of(candidates, foreign=foreign, learned=learned)
    lead = f", {margin:.2f} above “{second.entry.title}”" if second else ""
    reasons = [f"{name} is nearest with a score of {top.score:.2f}{lead}."]
    if foreign > 0:
        reasons.append(f"{foreign:.0%} of the question's words are in no article.")
    if top.dense < CLARIFY_MEANING and (confidence < CLARIFY_CONFIDENCE or not learned):
        reasons.append(
            f"Its meaning is {top.dense:.2f} near, below {CLARIFY_MEANING:.2f}, and the confidence "
            f"that it answers is {confidence:.0%}."
        )
        return Verdict(Decision.HANDOFF, confidence, margin, tuple(reasons), 0)
    if confidence >= ANSWER_CONFIDENCE:
        reasons.append(
            f"The confidence that it answers is {confidence:.0%}, at least {ANSWER_CONFIDENCE:.0%}."
        )
        return Verdict(Decision.ANSWER, confidence, margin, tuple(reasons), close)
    reasons.append(
        f"The confidence that it answers is {confidence:.0%}: enough to ask back, "
        f"not to answer ({ANSWER_CONFIDENCE:.0%})."
    )
    return Verdict(Decision.CLARIFY, confidence, margin, tuple(reasons), close)
