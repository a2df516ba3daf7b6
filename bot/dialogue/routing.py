"""The one routing decision per message, always explainable. Pure.

The model decides the intent; for questions and for whatever it is unsure of, the knowledge base decides
between an answer, asking back, and "I don't know".
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any, Protocol

from bot.dialogue.rasa_wire import (
    ArticleVerdict,
    Parse,
    RasaChoice,
    RasaReply,
    TurnAnswer,
    Wish,
)
from bot.dialogue.reasons import Why, of_model

SMALL_TALK = frozenset(
    {
        "greet",
        "goodbye",
        "thanks",
        "bot_challenge",
        "capabilities",
        "chitchat",
        "abuse",
        "affirm",
        "deny",
        "cancel",
        "helped",
        "change_language",
        "resend_code",
        "pause",
    }
)
FLOWS = frozenset({"reset_password", "order_status", "opening_hours", "ticket_status", "human"})
FORMS = frozenset({"reset_password", "order_status"})
"""Flows that ask something back before they do anything."""
FALLBACK = "nlu_fallback"


OUT_OF_SCOPE = "out_of_scope"
PAUSE = "pause"
"""Stated by the gateway (`pause.py`): a customer asks for a moment."""
NEARLY = 0.35
"""Below this confidence no article is worth offering to a doubtful message that seems out of scope: 94 %
of what is asked of a shop like this one is above it, 9 % of what has nothing to do with it."""
ANSWERED = 0.9
"""The same for a message that the model is sure is out of scope: of 536 such messages 529 were, and an article
seemed to answer 47 of them at one half, 4 at this limit, where a new article's own questions still are."""


class Route(StrEnum):
    """What happens with a message."""

    RESET_PASSWORD = "reset_password"  # noqa: S105 - a route, no secret
    ORDER_STATUS = "order_status"
    OPENING_HOURS = "opening_hours"
    TICKET_STATUS = "ticket_status"
    HUMAN = "human"
    FAQ = "faq"
    CLARIFY = "clarify"
    SMALLTALK = "smalltalk"
    OUT_OF_SCOPE = "out_of_scope"


class HitLike(Protocol):
    """What of an article that was found the decision needs."""

    @property
    def article_id(self) -> str:
        """Its id."""
        ...

    @property
    def key(self) -> str:
        """Its name in every language."""
        ...

    @property
    def title(self) -> str:
        """Its title in the language shown."""
        ...

    @property
    def revision(self) -> int:
        """Which revision would be shown."""
        ...

    @property
    def score(self) -> float:
        """How near it is."""
        ...

    @property
    def dense(self) -> float:
        """How near its meaning is."""
        ...

    @property
    def locale(self) -> str:
        """The language shown."""
        ...


class AnswerLike(Protocol):
    """What of a knowledge-base answer the decision needs."""

    @property
    def decision(self) -> Any:
        """answer, clarify or handoff."""
        ...

    @property
    def hits(self) -> Sequence[Any]:
        """Articles, best first (`HitLike`)."""
        ...

    @property
    def confidence(self) -> float:
        """Estimated probability that the first article answers."""
        ...

    @property
    def margin(self) -> float:
        """Score of the first minus score of the second."""
        ...

    @property
    def needed(self) -> float:
        """Confidence from which on the first article answers."""
        ...

    @property
    def near_enough(self) -> float:
        """Nearness in meaning from which on articles are offered."""
        ...


@dataclass(frozen=True, slots=True)
class Decision:
    """Why the bot does what it does with a message.

    `score` and `margin` are of the best article where articles decided, else `margin` is of the
    likeliest intent; `thresholds` has what each number was held against, under the same names.
    """

    route: Route
    intent: str
    confidence: float
    locale: str
    why: tuple[Why, ...]
    candidates: tuple[dict[str, Any], ...] = ()
    runner_up: dict[str, Any] | None = None
    thresholds: dict[str, float] = field(default_factory=dict)
    article: dict[str, Any] | None = None
    score: float | None = None
    margin: float | None = None
    scope: float | None = None
    article_confidence: float | None = None
    model: str = ""
    also: tuple[Wish, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """Return the stored and published form; `reasons` are the `why` in English."""
        return {
            "route": self.route.value,
            "intent": self.intent,
            "confidence": round(self.confidence, 4),
            "article": self.article,
            "score": _rounded(self.score),
            "margin": _rounded(self.margin),
            "scope": _rounded(self.scope),
            "article_confidence": _rounded(self.article_confidence),
            "runner_up": self.runner_up,
            "thresholds": {name: round(limit, 4) for name, limit in self.thresholds.items()},
            "candidates": list(self.candidates),
            "locale": self.locale,
            "why": [why.as_json() for why in self.why],
            "reasons": [why.sentence() for why in self.why],
            "model": self.model,
            **({"also": [_wish_json(wish) for wish in self.also]} if self.also else {}),
        }


def _rounded(number: float | None) -> float | None:
    return None if number is None else round(number, 4)


def _wish_json(wish: Wish) -> dict[str, Any]:
    number = {"order_number": wish.order_number} if wish.order_number else {}
    return {"intent": wish.intent, "text": wish.text, **number}


def needs_search(intent: str) -> bool:
    """Tell whether the knowledge base has a say in what happens."""
    return intent in {"faq", FALLBACK, "out_of_scope", "inform"}


def verdict_of(answer: AnswerLike) -> ArticleVerdict:
    """Return what the model is told of the knowledge base's answer."""
    return ArticleVerdict(str(answer.decision), answer.confidence)


def with_article(answer: TurnAnswer, known: AnswerLike) -> tuple[RasaReply, ...]:
    """Return the replies; a flow that begins offers the article that answers the message as well.

    "It says delivered, nothing came" may be about an order or a question: the flow asks for the number,
    and what to do in such a case is one tap away.
    """
    parse = answer.parse
    if (
        parse is None
        or parse.intent.name not in FORMS
        or answer.active_loop is None
        or not answer.replies
        or str(known.decision) != "answer"
        or known.confidence < ANSWERED
    ):
        return answer.replies
    best = known.hits[0]
    offer = RasaChoice(None, best.title, "choose_article", {"article_id": best.article_id})
    *before, last = answer.replies
    return (*before, replace(last, choices=(*last.choices, offer)))


def is_foreign(intent: str, raw_intent: str, answer: AnswerLike) -> bool:
    """Tell whether a doubtful message that seems out of scope has no article near enough either."""
    return intent == FALLBACK and raw_intent == OUT_OF_SCOPE and answer.confidence < NEARLY


def has_article(answer: AnswerLike | None) -> bool:
    """Tell whether an article answers what the model takes for out of scope.

    The model has seen a few hundred examples, the knowledge base knows every article.
    """
    if answer is None:
        return False
    return str(answer.decision) in {"answer", "clarify"} and answer.confidence >= ANSWERED


def route_of(intent: str, answer: AnswerLike | None, *, raw_intent: str) -> Route:
    """Return the route of an intent, given what the knowledge base says (None: not asked)."""
    if intent in FLOWS:
        return Route(intent)
    if intent in SMALL_TALK:
        return Route.SMALLTALK
    if intent == "not_helped":
        return Route.HUMAN
    if intent == OUT_OF_SCOPE and not has_article(answer):
        return Route.OUT_OF_SCOPE
    decision = str(answer.decision) if answer is not None else "handoff"
    if decision == "answer":
        return Route.FAQ
    if decision == "clarify" and answer is not None:
        foreign = is_foreign(intent, raw_intent, answer)
        return Route.OUT_OF_SCOPE if foreign else Route.CLARIFY
    if intent == FALLBACK and raw_intent == "out_of_scope":
        return Route.OUT_OF_SCOPE
    return Route.CLARIFY


def decide(parse: Parse, answer: AnswerLike | None, *, locale: str) -> Decision:
    """Combine what the model and the knowledge base say about a message."""
    intent = parse.intent.name
    if intent in {"inform", FALLBACK} and any(name == "order_number" for name, _ in parse.entities):
        # An order number by itself, or with words nobody is sure about, asks about that order.
        intent = "order_status"
    route = route_of(intent, answer, raw_intent=parse.raw_intent)
    why = of_model(
        parse.reasons,
        confidence=parse.intent.confidence,
        margin=parse.margin,
        scope=parse.scope,
        thresholds=parse.thresholds,
    )
    if parse.also:
        others = "; ".join(f"“{wish.text}”" for wish in parse.also)
        why.append(Why("several", {"others": others}))
    candidates: list[dict[str, Any]] = [
        {"kind": "intent", "name": item.name, "confidence": round(item.confidence, 4)}
        for item in parse.ranking[:5]
    ]
    decision = Decision(
        route=route,
        intent=intent,
        confidence=parse.intent.confidence,
        locale=locale,
        why=tuple(why),
        candidates=tuple(candidates),
        runner_up=candidates[1] if len(candidates) > 1 else None,
        thresholds=dict(parse.thresholds),
        margin=parse.margin,
        scope=parse.scope,
        model=parse.model,
        also=parse.also,
    )
    if answer is None or not needs_search(intent):
        return decision
    return with_articles(decision, answer)


def with_articles(decision: Decision, answer: AnswerLike) -> Decision:
    """Return the decision with what the knowledge base had to say about the message."""
    found = [
        {
            "kind": "article",
            "article_id": hit.article_id,
            "key": hit.key,
            "title": hit.title,
            "revision": hit.revision,
            "score": round(hit.score, 4),
        }
        for hit in answer.hits[:3]
    ]
    best = answer.hits[0] if answer.hits else None
    shown = best if decision.route is Route.FAQ else None
    return replace(
        decision,
        why=(*decision.why, *_of_articles(answer, locale=decision.locale)),
        candidates=(*decision.candidates, *found),
        runner_up=found[1] if len(found) > 1 else decision.runner_up,
        thresholds={
            **decision.thresholds,
            "article_confidence": answer.needed,
            "meaning": answer.near_enough,
        },
        article=None
        if shown is None
        else {
            "article_id": shown.article_id,
            "key": shown.key,
            "title": shown.title,
            "revision": shown.revision,
        },
        score=None if best is None else best.score,
        margin=answer.margin,
        article_confidence=answer.confidence,
    )


def _of_articles(answer: AnswerLike, *, locale: str) -> list[Why]:
    if not answer.hits:
        return [Why("no_article")]
    best = answer.hits[0]
    why = [Why("nearest", {"title": best.title, "score": best.score})]
    if len(answer.hits) > 1:
        why.append(Why("lead", {"title": answer.hits[1].title, "margin": answer.margin}))
    verdict = {"confidence": answer.confidence, "needed": answer.needed}
    match str(answer.decision):
        case "answer":
            why.append(Why("answers", verdict))
            if best.locale != locale:
                why.append(Why("other_language", {"language": best.locale}))
        case "clarify":
            why.append(Why("asks_back", verdict))
        case _:
            near = {"meaning": best.dense, "limit": answer.near_enough}
            why.append(Why("too_far", near))
    return why
