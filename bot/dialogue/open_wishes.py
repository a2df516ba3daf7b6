"""Requests that came second in a message and have not been dealt with yet. Pure.

They are read from the stored decisions, so none is lost when a process ends.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bot.dialogue.rasa_wire import Wish

ENDS_A_FLOW = frozenset(
    {"action_tell_order_status", "action_send_reset_link", "action_cancel_flow"}
)
"""Actions after which the customer has time for something else."""
LOOK_BACK = 60
"""Messages of a conversation that are looked through."""


@dataclass(frozen=True, slots=True)
class Decided:
    """A customer's message and what was decided about it."""

    text: str
    decision: Mapping[str, Any]


def open_wishes(told: Sequence[Decided], *, intent: str) -> list[Wish]:
    """Return what was asked for beside something else and neither dealt with nor offered again.

    Args:
        told: the customer's messages of this session that were decided about, in order.
        intent: what the present message is about; that is being dealt with.
    """
    waiting: list[Wish] = []
    for one in told:
        waiting = [wish for wish in waiting if not _is_taken(wish, one)]
        if one.decision.get("offered_again"):
            waiting = []
        for wish in one.decision.get("also") or ():
            waiting.append(Wish(wish["intent"], wish["text"], wish.get("order_number")))
    return [wish for wish in waiting if wish.intent != intent]


def _is_taken(wish: Wish, later: Decided) -> bool:
    """Another question is no answer to this one; any other flow is the same flow."""
    if later.decision.get("intent") != wish.intent:
        return False
    return wish.intent != "faq" or later.text.rstrip("…") in wish.text
