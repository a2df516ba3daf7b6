"""The hand-off pack: what an agent sees first. Pure.

Made of what the caller passes at the hand-off (`PackInput`) and of the decisions stored with the
customer's messages: what was wanted, which facts were collected, what was tried and how it ended,
which articles were shown and whether they helped. Nobody asks the customer twice.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from bot.conversations.conversation import Author, Message
from bot.kit.text import shorten
from handoff.ticket import Reason

SUBJECT_LENGTH = 120
PREVIEW_LENGTH = 140
PART_AGE = timedelta(hours=24)
FLOWS = frozenset({"reset_password", "order_status", "opening_hours", "ticket_status", "faq"})
"""Routes that say what somebody wants; "human" or small talk say nothing about the matter."""
QUIET_ACTIONS = frozenset(
    {
        "action_listen",
        "action_request_human",
        "action_helped",
        "action_not_helped",
        "action_change_language",
        "action_cancel_flow",
        "action_out_of_scope",
        "action_session_start",
        "action_restart",
        "action_default_fallback",
        "action_deactivate_loop",
        "action_extract_slots",
    }
)
"""Actions that are no attempt to solve anything."""
FACT_SLOTS = ("order_number", "email", "purpose")
_CODE = re.compile(r"(?<![\w-])\d{4}[ -]?\d{4}(?![\w-])")
MASK = "••••••••"


@dataclass(frozen=True, slots=True)
class Wants:
    """What the customer is after, as the bot understood it."""

    intent: str
    confidence: float | None = None
    route: str | None = None


@dataclass(frozen=True, slots=True)
class Fact:
    """Something the customer told, e.g. the order number."""

    name: str
    value: str


@dataclass(frozen=True, slots=True)
class Identity:
    """Who the customer is, and whether that was proved."""

    verified: bool = False
    how: str | None = None
    email: str | None = None


@dataclass(frozen=True, slots=True)
class Attempt:
    """Something the bot did, and how it ended."""

    at: datetime
    action: str
    outcome: str
    detail: str | None = None
    turn_id: str | None = None


@dataclass(frozen=True, slots=True)
class Shown:
    """An article that the customer was shown."""

    article_id: str
    key: str
    title: str
    revision: int
    score: float | None
    at: datetime
    verdict: str | None = None
    """helped, not_helped or nothing."""


@dataclass(frozen=True, slots=True)
class PackInput:
    """What a hand-off brings along; every part may be missing and is then found in the messages."""

    reason: Reason | None = None
    wants: Wants | None = None
    facts: tuple[Fact, ...] = ()
    identity: Identity | None = None
    tried: tuple[Attempt, ...] = ()
    articles: tuple[Shown, ...] = ()
    language: str | None = None
    earlier: tuple[str, ...] = ()
    """Numbers of earlier tickets of the same customer."""
    subject: str | None = None


def collect(
    messages: Iterable[Message], *, current: tuple[Message, Mapping[str, Any]] | None = None
) -> PackInput:
    """Read a `PackInput` out of the decisions of the latest part of a conversation.

    Only what was said under the newest message's owner and within a day of it counts: what the bot
    did last month has nothing to do with this hand-off.

    Args:
        messages: in order; parts before the present one may be among them.
        current: the message being dealt with and its decision, when that is not stored yet.
    """
    wants: Wants | None = None
    fallback: Wants | None = None
    facts: dict[str, str] = {}
    tried: list[Attempt] = []
    articles: list[Shown] = []
    part = _latest_part(_decided(messages, current))
    for message, decision in part:
        if decision is None:
            continue
        route, intent = _text(decision.get("route")), _text(decision.get("intent"))
        if intent or route:
            found = Wants(intent or route or "", _number(decision.get("confidence")), route)
            if route in FLOWS:
                wants = found
            elif route not in {"smalltalk", None}:
                fallback = found
        facts.update(_facts(decision))
        tried.extend(_attempts(message, decision))
        if intent in {"helped", "not_helped"} and articles:
            articles[-1] = replace(articles[-1], verdict=intent)
        shown = _shown(message, decision)
        if shown is not None:
            articles.append(shown)
    return PackInput(
        wants=wants or fallback,
        facts=tuple(Fact(name, value) for name, value in facts.items()),
        tried=tuple(tried),
        articles=tuple(articles),
        subject=_subject(part),
    )


def complete(given: PackInput, found: PackInput) -> PackInput:
    """Return `given` with its gaps filled from `found`; what was given wins.

    The same attempt told by both (same turn, same action) is listed once.
    """
    names = {fact.name for fact in given.facts}
    attempts = {_attempt_key(attempt): attempt for attempt in (*found.tried, *given.tried)}
    shown = {(a.article_id, a.at): a for a in found.articles}
    for article in given.articles:
        same = next((k for k in shown if k[0] == article.article_id), None)
        if same is None:
            shown[(article.article_id, article.at)] = article
        elif article.verdict is not None:
            shown[same] = replace(shown[same], verdict=article.verdict)
    return PackInput(
        reason=given.reason or found.reason,
        wants=given.wants or found.wants,
        facts=given.facts + tuple(fact for fact in found.facts if fact.name not in names),
        identity=given.identity or found.identity,
        tried=tuple(sorted(attempts.values(), key=lambda a: a.at)),
        articles=tuple(sorted(shown.values(), key=lambda a: a.at)),
        language=given.language or found.language,
        earlier=given.earlier or found.earlier,
        subject=given.subject or found.subject,
    )


def topics_of(pack: PackInput, topic: str | None) -> tuple[str, ...]:
    """Return what the hand-off is about for routing, the most telling first."""
    found = [topic]
    if pack.wants is not None:
        found += [pack.wants.intent, pack.wants.route]
    found += [attempt.action.removeprefix("action_") for attempt in reversed(pack.tried)]
    return tuple(dict.fromkeys(t for t in found if t))


def mask_codes(text: str) -> str:
    """Return `text` with everything that looks like an 8-digit code made unreadable."""
    return _CODE.sub(MASK, text)


def preview(text: str) -> str:
    """Return one short line of a message for lists, codes masked."""
    return shorten(mask_codes(text), PREVIEW_LENGTH)


def to_json(pack: PackInput) -> dict[str, Any]:
    """Return the stored form."""
    return {
        "wants": _wants_json(pack.wants),
        "facts": [{"name": f.name, "value": f.value} for f in pack.facts],
        "identity": None
        if pack.identity is None
        else {
            "verified": pack.identity.verified,
            "how": pack.identity.how,
            "email": pack.identity.email,
        },
        "tried": [
            {
                "at": a.at.isoformat(),
                "action": a.action,
                "outcome": a.outcome,
                "detail": a.detail,
                "turn_id": a.turn_id,
            }
            for a in pack.tried
        ],
        "articles": [
            {
                "article_id": a.article_id,
                "key": a.key,
                "title": a.title,
                "revision": a.revision,
                "score": a.score,
                "verdict": a.verdict,
                "at": a.at.isoformat(),
            }
            for a in pack.articles
        ],
        "language": pack.language,
        "earlier": list(pack.earlier),
    }


def from_json(data: Mapping[str, Any]) -> PackInput:
    """Read the stored form."""
    wants, identity = data.get("wants"), data.get("identity")
    return PackInput(
        wants=Wants(**wants) if wants else None,
        facts=tuple(Fact(**f) for f in data.get("facts", ())),
        identity=Identity(**identity) if identity else None,
        tried=tuple(
            Attempt(**{**a, "at": datetime.fromisoformat(a["at"])}) for a in data.get("tried", ())
        ),
        articles=tuple(
            Shown(**{**a, "at": datetime.fromisoformat(a["at"])}) for a in data.get("articles", ())
        ),
        language=data.get("language"),
        earlier=tuple(data.get("earlier", ())),
    )


def _wants_json(wants: Wants | None) -> dict[str, Any] | None:
    if wants is None:
        return None
    return {"intent": wants.intent, "confidence": wants.confidence, "route": wants.route}


def _decided(
    messages: Iterable[Message], current: tuple[Message, Mapping[str, Any]] | None
) -> Iterable[tuple[Message, Mapping[str, Any] | None]]:
    told = False
    for message in messages:
        if message.author is not Author.CUSTOMER:
            continue
        if current is not None and message.id == current[0].id:
            told = True
            yield current
        else:
            yield message, message.decision
    if current is not None and not told:
        yield current


def _latest_part(
    told: Iterable[tuple[Message, Mapping[str, Any] | None]],
) -> list[tuple[Message, Mapping[str, Any] | None]]:
    listed = list(told)
    if not listed:
        return []
    newest = listed[-1][0]
    return [
        (message, decision)
        for message, decision in listed
        if message.owner_epoch == newest.owner_epoch
        and newest.created_at - message.created_at <= PART_AGE
    ]


def _subject(part: Sequence[tuple[Message, Mapping[str, Any] | None]]) -> str | None:
    """The latest message that says most: the matter, then a wish for a person, then a hello."""

    def tells(decision: Mapping[str, Any] | None) -> int:
        route = decision.get("route") if decision else None
        if route in FLOWS:
            return 3
        return {"smalltalk": 0, "human": 1, None: 1}.get(route, 2)

    best, rank = None, -1
    for message, decision in part:
        if message.text.strip() and tells(decision) >= rank:
            best, rank = message.text, tells(decision)
    return shorten(mask_codes(best), SUBJECT_LENGTH) if best else None


def _facts(decision: Mapping[str, Any]) -> dict[str, str]:
    stored = decision.get("facts")
    if not isinstance(stored, Mapping):
        return {}
    return {
        name: mask_codes(str(value))
        for name in FACT_SLOTS
        if isinstance(value := stored.get(name), str | int | float) and str(value).strip()
    }


def _attempts(message: Message, decision: Mapping[str, Any]) -> list[Attempt]:
    actions = [a for a in decision.get("actions") or () if isinstance(a, str)]
    failed = set(decision.get("failed_actions") or ())
    named = [a for a in actions if a.startswith("action_") and a not in QUIET_ACTIONS]
    named += [a for a in failed if isinstance(a, str) and a not in named]
    results = decision.get("results")
    known = results if isinstance(results, Mapping) else {}
    return [
        Attempt(
            at=message.created_at,
            action=action,
            outcome="failed" if action in failed else _text(known.get(action)) or "ok",
            detail=_detail(decision) if action == "action_answer_question" else None,
            turn_id=message.id,
        )
        for action in named
    ]


def _detail(decision: Mapping[str, Any]) -> str | None:
    article = decision.get("article")
    return _text(article.get("title")) if isinstance(article, Mapping) else None


def _shown(message: Message, decision: Mapping[str, Any]) -> Shown | None:
    article = decision.get("article")
    if not isinstance(article, Mapping) or not article.get("article_id"):
        return None
    revision = article.get("revision")
    return Shown(
        article_id=str(article["article_id"]),
        key=str(article.get("key") or ""),
        title=str(article.get("title") or article.get("key") or ""),
        revision=int(revision) if isinstance(revision, int | float) else 0,
        score=_number(article.get("score")),
        at=message.created_at,
    )


def _attempt_key(attempt: Attempt) -> tuple[str, str]:
    return (attempt.turn_id or attempt.at.isoformat(), attempt.action)


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None


def _number(value: Any) -> float | None:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None
