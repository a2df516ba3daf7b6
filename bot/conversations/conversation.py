"""Closed sets and rules of conversations. Pure.

Exactly one owner at any time. Every change of owner raises `owner_epoch`; whoever computed an answer
under an older epoch may no longer say it.
"""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any


class Owner(StrEnum):
    """Who answers the customer."""

    BOT = "bot"
    QUEUE = "queue"
    """Handed over, nobody has claimed it yet."""
    AGENT = "agent"


class Author(StrEnum):
    """Who wrote a message."""

    CUSTOMER = "customer"
    BOT = "bot"
    AGENT = "agent"
    SYSTEM = "system"
    """Written by Frontline itself: hand-off, claimed, resolved."""


class TurnState(StrEnum):
    """How far the bot is with a customer's message (the inbox)."""

    PENDING = "pending"
    DONE = "done"
    DEAD = "dead"
    """Failed too often; the customer was given an answer without the bot and a person."""


class DeliveryState(StrEnum):
    """How far a message is on its way to a channel that must be pushed to."""

    PENDING = "pending"
    SENT = "sent"
    FAILED = "failed"


MAY_FOLLOW: dict[Owner, frozenset[Owner]] = {
    Owner.BOT: frozenset({Owner.QUEUE, Owner.AGENT}),
    Owner.QUEUE: frozenset({Owner.AGENT, Owner.BOT, Owner.QUEUE}),
    Owner.AGENT: frozenset({Owner.BOT, Owner.QUEUE, Owner.AGENT}),
}
"""Who may take a conversation over from whom."""


@dataclass(frozen=True, slots=True)
class Choice:
    """A button. The id is opaque; the gateway looks up what it means."""

    id: str
    label: str
    intent: str
    entities: dict[str, str] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """Return the stored form (the public form has only id and label)."""
        return {
            "id": self.id,
            "label": self.label,
            "intent": self.intent,
            "entities": self.entities,
        }


@dataclass(frozen=True, slots=True)
class Conversation:
    """One contact's continuing thread, as read from the store."""

    id: str
    contact_id: str
    channel: str
    locale: str
    owner: Owner
    owner_epoch: int
    episode: int
    """Counts the sessions with the bot, parted by hand-offs and silence; Rasa sees only the current."""
    last_seq: int
    ticket_id: str | None
    awaiting_code_until: datetime | None
    """While set and not over, an 8-digit code in a message is taken by the gateway and masked."""
    created_at: datetime
    address: dict[str, Any] = field(default_factory=dict)
    """Where the channel delivers to, e.g. `{"chat_id": 42}`."""
    locale_fixed: bool = False
    """The customer asked for this language; what they write in no longer changes it."""

    @property
    def rasa_id(self) -> str:
        """The sender id that Rasa knows this episode by."""
        return f"{self.id}~{self.episode}"


@dataclass(frozen=True, slots=True)
class Message:
    """One stored utterance."""

    id: str
    conversation_id: str
    seq: int
    author: Author
    author_name: str | None
    text: str
    choices: tuple[dict[str, Any], ...]
    attachments: tuple[dict[str, Any], ...]
    created_at: datetime
    staff_id: str | None = None
    payload: dict[str, Any] | None = None
    """What the gateway knows beyond the text: the intent of a pressed button, a masked code's digest."""
    decision: dict[str, Any] | None = None
    """Why the bot did what it did with this customer message."""
    in_reply_to: str | None = None
    turn_state: TurnState | None = None
    turn_attempts: int = 0
    delivery: DeliveryState | None = None
    edited_at: datetime | None = None
    owner_epoch: int = 0
    external_id: str | None = None


@dataclass(frozen=True, slots=True)
class Version:
    """What a message said before it was edited."""

    n: int
    text: str
    written_at: datetime


@dataclass(frozen=True, slots=True)
class Delivery:
    """What became of a message on its way to a channel that must be pushed to."""

    state: DeliveryState
    attempts: int
    error: str | None
    """What the channel said when it was tried last."""


@dataclass(frozen=True, slots=True)
class Draft:
    """A message about to be stored."""

    author: Author
    text: str
    author_name: str | None = None
    staff_id: str | None = None
    choices: tuple[Choice, ...] = ()
    attachments: tuple[dict[str, Any], ...] = ()
    payload: dict[str, Any] | None = None
    in_reply_to: str | None = None
    external_id: str | None = None
    body_hash: str | None = None
    turn_state: TurnState | None = None


def may_take_over(current: Owner, to: Owner) -> bool:
    """Tell whether the conversation may pass from `current` to `to`."""
    return to in MAY_FOLLOW[current]
