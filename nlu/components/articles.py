"""When an article of the knowledge base knows better than the classifier what a message asks.

The classifier has seen a few hundred examples of each intent; the knowledge base has every article's own
words. Where the one is unsure and the other is not, the message is a question. Pure.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Collection, Mapping

from components.entities import EMAIL_ADDRESS, ORDER_NUMBER

#: What the message becomes, and why.
QUESTION = "faq"
ARTICLE_SURER = "an article is surer"


@dataclass(frozen=True)
class Verdict:
    """What the knowledge base says about a message."""

    #: ``answer``, ``clarify`` or ``handoff``.
    decision: str
    #: Estimated probability that the best article answers.
    confidence: float


#: Whoever names one of these means the flow that needs it.
_NEEDED = frozenset({ORDER_NUMBER, EMAIL_ADDRESS})


@dataclass(frozen=True)
class _Limit:
    #: The intent has to be less sure than this,
    unsure: float
    #: the article at least as sure as that,
    sure: float
    #: and good for one of these.
    decisions: Collection[str] = ("answer",)


_FLOW = _Limit(0.93, 0.9)
_TALK = _Limit(0.87, 0.9)
#: Measured on 1,398 held-out and unseen messages: 13 that had gone to a flow, to small talk or away
#: as out of scope reach their article; 3 that wanted a flow are shown a fitting article with the
#: flow as a button.
LIMITS: Mapping[str, _Limit] = MappingProxyType(
    {
        **dict.fromkeys(("order_status", "reset_password", "ticket_status"), _FLOW),
        # The hours are an answer, too, and no form that holds the customer up.
        "opening_hours": _Limit(0.8, 0.9),
        **dict.fromkeys(
            ("chitchat", "capabilities", "resend_code", "bot_challenge", "thanks", "goodbye"), _TALK
        ),
        "out_of_scope": _Limit(0.87, 0.45, ("answer", "clarify")),
    }
)


def is_surer(
    verdict: Verdict, *, intent: str, confidence: float, certain: bool, named: Collection[str]
) -> bool:
    """Whether a message taken for ``intent`` is a question to the knowledge base after all.

    ``certain``: the intent needed no statistics. ``named``: entities in the message.
    """
    limit = LIMITS.get(intent)
    return (
        limit is not None
        and not certain
        and _NEEDED.isdisjoint(named)
        and confidence < limit.unsure
        and verdict.confidence >= limit.sure
        and verdict.decision in limit.decisions
    )


def as_question(parse: Mapping[str, Any], verdict: Verdict) -> dict[str, Any]:
    """The same parse as a question, as sure as the article is; what it looked like stays in it."""
    question = {"name": QUESTION, "confidence": verdict.confidence}
    others = [entry for entry in parse["intent_ranking"] if entry["name"] != QUESTION]
    return {
        **parse,
        "intent": question,
        "intent_ranking": [question, *others][: len(parse["intent_ranking"]) or 1],
        "decision": {**parse["decision"], "fallback": False, "reasons": [ARTICLE_SURER]},
    }
