"""What came of a question: read from the decision stored with a customer's message. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float32]

SAME_MEANING = 0.55
"""Cosine to the mean of a group from which on a question belongs to it. Of 900 phrasings of 60 articles in
three languages, 79 % land in a group of their own topic (64 % at 0.5, 87 % at 0.6, in ever smaller groups);
97 % of the groups hold several languages."""
SAME_AGAIN = 0.6
"""Cosine from which on a person's next question asks the same again."""
FOLLOWS = timedelta(minutes=30)
"""A person who takes over within this time of a question was called because of it."""
AGAIN_WITHIN = timedelta(days=30)
"""How long it is looked whether somebody asks the same again; figures use a part of it."""


class Outcome(StrEnum):
    """What a question got."""

    ANSWERED = "answered"
    """An article was shown."""
    CHOSEN = "chosen"
    """The bot asked back, and the customer chose an article."""
    ASKED_BACK = "asked_back"
    """The bot asked back, and nothing was chosen."""
    NOT_UNDERSTOOD = "not_understood"
    """No article was near."""
    OUTSIDE = "outside"
    """It seemed to be none of the shop's business."""


SHOWN = frozenset({Outcome.ANSWERED, Outcome.CHOSEN})


class Verdict(StrEnum):
    """What the customer said to “Did this help?”."""

    HELPED = "helped"
    NOT_HELPED = "not_helped"


class GroupState(StrEnum):
    """What editors decided about a group."""

    OPEN = "open"
    ANSWERED = "answered"
    """An article was written for it, or got its wording."""
    DISMISSED = "dismissed"


@dataclass(frozen=True, slots=True)
class Shown:
    """An article that a customer was shown."""

    article_id: str
    key: str
    revision: int


@dataclass(frozen=True, slots=True)
class Reading:
    """What a message's decision says about questions and articles; all None: nothing."""

    outcome: Outcome | None = None
    """Set when the message is a question to the knowledge base."""
    shown: Shown | None = None
    verdict: Verdict | None = None
    """On the article shown last."""
    chose: Shown | None = None
    """The customer chose this article for the question asked last."""
    person: bool = False
    """A person takes over."""


def read_decision(decision: Mapping[str, Any]) -> Reading:
    """Read the decision that was stored with a customer's message."""
    intent = str(decision.get("intent") or "")
    route = str(decision.get("route") or "")
    results = decision.get("results") or {}
    person = route == "human" or "handoff" in results.values()
    shown = _shown(decision.get("article"))
    if intent in {Verdict.HELPED, Verdict.NOT_HELPED}:
        return Reading(verdict=Verdict(intent), person=person or intent == Verdict.NOT_HELPED)
    if intent == "choose_article":
        return Reading(chose=shown, person=person)
    searched = results.get("action_answer_question")
    if results.get("action_out_of_scope") == "clarify":
        searched = "clarify"
    if shown is not None and route == "faq":
        return Reading(outcome=Outcome.ANSWERED, shown=shown, person=person)
    if searched == "clarify":
        return Reading(outcome=Outcome.ASKED_BACK, person=person)
    if route == "out_of_scope":
        return Reading(outcome=Outcome.OUTSIDE, person=person)
    if searched in {"not_found", "handoff"} or (route == "clarify" and searched is None):
        return Reading(outcome=Outcome.NOT_UNDERSTOOD, person=person)
    return Reading(person=person)


def _shown(article: Any) -> Shown | None:
    if not isinstance(article, Mapping) or not article.get("article_id"):
        return None
    return Shown(
        str(article["article_id"]), str(article.get("key") or ""), int(article.get("revision") or 0)
    )


def lacks_answer(outcome: Outcome, verdict: Verdict | None, *, led_to_person: bool) -> bool:
    """Tell whether a question has no good answer yet."""
    if outcome in SHOWN:
        return verdict is Verdict.NOT_HELPED or (led_to_person and verdict is not Verdict.HELPED)
    return True


def nearest_group(
    vector: FloatArray, sums: Mapping[str, FloatArray], *, least: float = SAME_MEANING
) -> str | None:
    """Return the group whose questions mean the same, or None.

    Args:
        vector: a unit vector.
        sums: the sum of each group's vectors.
        least: cosine to the mean from which on it is the same.
    """
    if not sums:
        return None
    ids = list(sums)
    matrix = np.stack([sums[group_id] for group_id in ids])
    matrix /= np.maximum(np.linalg.norm(matrix, axis=1, keepdims=True), np.float32(1e-6))
    cosines = matrix @ vector
    best = int(np.argmax(cosines))
    return ids[best] if float(cosines[best]) >= least else None


@dataclass(frozen=True, slots=True)
class Figures:
    """How an article (or one revision of it) does."""

    shown: int = 0
    helped: int = 0
    not_helped: int = 0
    led_to_person: int = 0
    asked_again: int = 0
    last_shown_at: datetime | None = None

    def plus(self, other: "Figures") -> "Figures":
        """Return the figures of both together."""
        dates = [at for at in (self.last_shown_at, other.last_shown_at) if at is not None]
        return Figures(
            self.shown + other.shown,
            self.helped + other.helped,
            self.not_helped + other.not_helped,
            self.led_to_person + other.led_to_person,
            self.asked_again + other.asked_again,
            max(dates, default=None),
        )

    @property
    def failure_rate(self) -> float | None:
        """Share of showings after which it had not helped or a person was called; None: unknown."""
        if not self.shown:
            return None
        return min(1.0, max(self.not_helped, self.led_to_person) / self.shown)


FAILING_SHOWN = 5
FAILING_RATE = 0.3
"""An article shown this often, and failing this often of it, is listed as failing."""


def is_failing(figures: Figures) -> bool:
    """Tell whether customers are shown an article that often does not help."""
    rate = figures.failure_rate
    return figures.shown >= FAILING_SHOWN and rate is not None and rate >= FAILING_RATE


def best_title(texts: Sequence[tuple[str, FloatArray | None]]) -> str:
    """Return the question that stands for a group: the one nearest to all of them."""
    known = [(text, vector) for text, vector in texts if text and vector is not None]
    if not known:
        return next((text for text, _ in texts if text), "")
    matrix = np.stack([vector for _, vector in known])
    return known[int(np.argmax(matrix @ matrix.sum(axis=0)))][0]
