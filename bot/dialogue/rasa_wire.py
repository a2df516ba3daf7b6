"""The JSON shapes of the Rasa host, parsed where they come in. Pure.

Whatever does not have the expected shape raises `WireError`: silence and nonsense from Rasa are
failures.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


class WireError(Exception):
    """The host answered with something we don't understand."""


@dataclass(frozen=True, slots=True)
class ArticleVerdict:
    """What the knowledge base says about a message; the model yields where it is unsure and this is not."""

    decision: str
    """answer, clarify or handoff."""
    confidence: float
    """Estimated probability that the first article answers, 0 to 1."""

    def as_json(self) -> dict[str, Any]:
        """Return the host's form."""
        return {"decision": self.decision, "confidence": min(1.0, max(0.0, self.confidence))}


@dataclass(frozen=True, slots=True)
class RankedIntent:
    """An intent and how sure the model is, 0 to 1."""

    name: str
    confidence: float


@dataclass(frozen=True, slots=True)
class Wish:
    """A further request in the same message."""

    intent: str
    text: str
    order_number: str | None = None


@dataclass(frozen=True, slots=True)
class Parse:
    """What the model makes of a text."""

    intent: RankedIntent
    """After the model's own decision; `nlu_fallback` when it is unsure."""
    raw_intent: str
    ranking: tuple[RankedIntent, ...]
    entities: tuple[tuple[str, str], ...]
    margin: float
    scope: float
    """How far inside the known subjects the text lies; below the threshold is out of scope."""
    reasons: tuple[str, ...]
    model: str
    also: tuple[Wish, ...] = ()
    """What else the message asks for; `intent` is what it asks for first."""
    thresholds: Mapping[str, float] = field(default_factory=dict)
    """What was asked for: `confidence`, `margin` and `scope`."""


@dataclass(frozen=True, slots=True)
class RasaChoice:
    """A button Rasa or an action wants shown: a text key or a ready label, and what it means."""

    say: str | None
    label: str | None
    intent: str
    entities: dict[str, str]


@dataclass(frozen=True, slots=True)
class RasaReply:
    """One thing to say: a text key with variables, or ready Markdown."""

    say: str | None
    markdown: str | None
    variables: dict[str, Any]
    choices: tuple[RasaChoice, ...]


@dataclass(frozen=True, slots=True)
class TurnAnswer:
    """What a turn led to."""

    turn_id: str
    replies: tuple[RasaReply, ...]
    parse: Parse | None
    actions: tuple[str, ...]
    failed_actions: tuple[str, ...]
    slots: dict[str, Any] = field(default_factory=dict)
    active_loop: str | None = None
    model: str = ""
    replayed: bool = False


def parse_parse(data: Any) -> Parse:
    """Read the host's understanding of a text.

    Raises:
        WireError: the shape is wrong.
    """
    try:
        decision = data.get("decision") or {}
        intent = data["intent"]
        return Parse(
            intent=RankedIntent(str(intent["name"]), float(intent["confidence"])),
            raw_intent=str(decision.get("raw_intent") or intent["name"]),
            ranking=tuple(
                RankedIntent(str(item["name"]), float(item["confidence"]))
                for item in (data.get("ranking") or [])[:5]
            ),
            entities=tuple(
                (str(item["entity"]), str(item["value"])) for item in data.get("entities") or []
            ),
            margin=float(decision.get("margin") or 0.0),
            scope=float(decision.get("scope") or 0.0),
            reasons=tuple(str(reason) for reason in decision.get("reasons") or ()),
            model=str(data.get("model") or ""),
            thresholds={
                str(name): float(limit)
                for name, limit in (decision.get("thresholds") or {}).items()
            },
            also=tuple(
                Wish(str(wish["intent"]), str(wish["text"]), wish.get("order_number"))
                for wish in decision.get("also") or ()
            ),
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise WireError("parse") from error


def parse_turn(data: Any) -> TurnAnswer:
    """Read the host's answer to a turn.

    Raises:
        WireError: the shape is wrong.
    """
    try:
        parse = data.get("parse")
        return TurnAnswer(
            turn_id=str(data["turn_id"]),
            replies=tuple(_reply(item) for item in data["replies"]),
            parse=parse_parse(parse) if parse and parse.get("intent") else None,
            actions=tuple(str(name) for name in data.get("actions") or ()),
            failed_actions=tuple(str(name) for name in data.get("failed_actions") or ()),
            slots=dict(data.get("slots") or {}),
            active_loop=data.get("active_loop"),
            model=str(data.get("model") or ""),
            replayed=bool(data.get("replayed")),
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise WireError("turn") from error


def _reply(item: Any) -> RasaReply:
    if not isinstance(item, dict) or not (item.get("say") or item.get("markdown")):
        raise WireError("reply")
    return RasaReply(
        say=item.get("say"),
        markdown=item.get("markdown"),
        variables=dict(item.get("vars") or {}),
        choices=tuple(
            RasaChoice(
                say=choice.get("say"),
                label=choice.get("label"),
                intent=str(choice["intent"]),
                entities={str(k): str(v) for k, v in (choice.get("entities") or {}).items()},
            )
            for choice in item.get("choices") or ()
        ),
    )
