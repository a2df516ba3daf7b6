"""A message worth a look: why it is, how urgent, and what a reviewer can say about it. Pure."""

import hashlib
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from bot.dialogue.routing import FALLBACK, Route, route_of
from bot.learning.masking import fold

MAX_TEXT = 500
"""Longer texts teach the model little; the reviewer shortens them."""
LOW_MARGIN = 0.15
"""Below this the runner-up intent was nearly as likely."""
LOW_SEARCH_MARGIN = 0.03
"""Below this the second article scored nearly as high."""
INTENTS = (
    "reset_password",
    "order_status",
    "opening_hours",
    "ticket_status",
    "human",
    "faq",
    "out_of_scope",
    "greet",
    "goodbye",
    "thanks",
    "affirm",
    "deny",
    "cancel",
    "helped",
    "not_helped",
    "capabilities",
    "bot_challenge",
    "chitchat",
    "abuse",
    "change_language",
    "resend_code",
)
"""What a customer can mean, the flows first; a test holds it against the domain."""


class Signal(StrEnum):
    """Why a message may have been misunderstood, the strongest first."""

    MARKED = "marked"
    """An agent said that the bot's answer was wrong."""
    NOT_HELPED = "not_helped"
    """The customer said that the answer did not help."""
    FALLBACK = "fallback"
    """The bot did not understand, or had to ask back."""
    LOW_MARGIN = "low_margin"
    """The runner-up was nearly as likely."""


class Verdict(StrEnum):
    """What a reviewer makes of a message."""

    INTENT = "intent"
    """It is an example of an intent: training data."""
    ARTICLE = "article"
    """It asks for an article: a phrasing of it."""
    IGNORE = "ignore"
    """Nothing can be learned from it."""


class Shelf(StrEnum):
    """Which part of the items is shown."""

    OPEN = "open"
    DONE = "done"
    ALL = "all"


@dataclass(frozen=True, slots=True)
class Item:
    """A message worth a look; the same wording in the same language is one item."""

    id: str
    locale: str
    text: str
    """Masked: placeholders stand for personal data."""
    signals: frozenset[Signal]
    count: int
    """How often it was written."""
    margin: float | None
    rank: float
    decision: dict[str, Any]
    message_id: str
    conversation_id: str
    first_at: datetime
    last_at: datetime
    version: int
    verdict: Verdict | None
    intent: str | None
    article_id: str | None
    article_title: str | None
    reviewed_by: str | None
    reviewed_by_name: str | None
    reviewed_at: datetime | None


@dataclass(frozen=True, slots=True)
class Finding:
    """One message with reasons to look at it, as the collector found it."""

    locale: str
    text: str
    signals: frozenset[Signal]
    margin: float | None
    decision: dict[str, Any]
    message_id: str
    conversation_id: str
    at: datetime

    @property
    def norm(self) -> str:
        """What makes two messages the same."""
        return norm_of(self.text)


def norm_of(masked: str) -> str:
    """Return the digest of a masked text's folded form."""
    return hashlib.sha256(fold(masked).encode()).hexdigest()


def is_typed(payload: Mapping[str, Any] | None) -> bool:
    """Tell whether a customer message is words of theirs: no button, command or one-time code."""
    return not any(name in (payload or {}) for name in ("intent", "command", "code_digest"))


def signals_of(decision: Mapping[str, Any]) -> frozenset[Signal]:
    """Return what the stored decision itself gives as reasons for a look."""
    found = set()
    margin = decision.get("margin")
    route = decision.get("route")
    lost = "not_found" in (decision.get("results") or {}).values()
    if decision.get("intent") == FALLBACK or route == Route.CLARIFY.value or lost:
        found.add(Signal.FALLBACK)
    elif isinstance(margin, int | float):
        low = LOW_SEARCH_MARGIN if route == Route.FAQ.value else LOW_MARGIN
        if margin < low:
            found.add(Signal.LOW_MARGIN)
    return frozenset(found)


def rank_of(signals: Iterable[Signal], *, count: int, margin: float | None) -> float:
    """Return how much a look is worth: an agent's mark before a verdict, before a doubt; often before once."""
    weights = {
        Signal.MARKED: 16.0,
        Signal.NOT_HELPED: 8.0,
        Signal.FALLBACK: 4.0,
        Signal.LOW_MARGIN: 2.0,
    }
    doubt = 1 - min(max(margin or 0.0, 0.0), 1.0)
    often = min(math.log2(max(count, 1)), 6.0)
    return round(sum(weights[signal] for signal in set(signals)) + doubt + often, 4)


def kept_of(decision: Mapping[str, Any]) -> dict[str, Any]:
    """Return what of a decision a reviewer needs; found facts are personal and stay out."""
    names = (
        "route", "intent", "confidence", "score", "margin", "candidates", "article", "reasons",
        "runner_up", "thresholds", "article_confidence", "model",
    )  # fmt: skip
    kept = {name: decision[name] for name in names if decision.get(name) is not None}
    # Reasons may quote a further request in the customer's own words.
    kept["reasons"] = [r for r in kept.get("reasons") or () if "“" not in str(r)]
    return kept


def route_of_intent(intent: str) -> tuple[str, ...]:
    """Return the routes by which a message of an intent is understood."""
    if intent == "faq":
        return (Route.FAQ.value, Route.CLARIFY.value)
    return (route_of(intent, None, raw_intent=intent).value,)
