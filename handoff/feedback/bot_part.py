"""Whether an episode with the bot came to an end that can be rated. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bot.conversations.conversation import Author, Message
from bot.dialogue.open_wishes import ENDS_A_FLOW

_FLOWS = frozenset({"order_status", "reset_password"})
_POLITE = frozenset({"smalltalk"})


@dataclass(frozen=True, slots=True)
class BotPart:
    """What the bot did last."""

    article_key: str | None
    abusive: bool


def look_at(messages: Sequence[Message]) -> BotPart | None:
    """Return what the bot's part ended with, or None when there is nothing to be rated.

    It ends with an answer from an article, with the hours, or with a flow that was finished; thanks and
    greetings after that change nothing. In the middle of a form, after a question back, or when the
    customer said something last, nobody is asked.

    Args:
        messages: of one episode, in order; all of one owner epoch.
    """
    if not messages or messages[-1].author is not Author.BOT:
        return None
    decisions = [
        m.decision for m in messages if m.author is Author.CUSTOMER and m.decision is not None
    ]
    abusive = any(decision.get("intent") == "abuse" for decision in decisions)
    told = [decision for decision in decisions if decision.get("route") not in _POLITE]
    if not told or not _is_ended(told[-1]):
        return None
    article = told[-1].get("article") or {}
    return BotPart(article_key=article.get("key"), abusive=abusive)


def _is_ended(decision: Mapping[str, Any]) -> bool:
    route = decision.get("route")
    if route == "faq":
        return decision.get("article") is not None
    if route in _FLOWS:
        return not ENDS_A_FLOW.isdisjoint(decision.get("actions") or ())
    return bool(route == "opening_hours")
