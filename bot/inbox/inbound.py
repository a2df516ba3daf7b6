"""What every channel delivers: one customer message, already parsed. Pure."""

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class InboundMessage:
    """A customer's message as its channel knows it.

    `external_id` is the channel's own id with the channel in front ("telegram:<bot>:<update>",
    "web:<conversation>:<client id>"): arriving twice is normal and invisible.
    """

    channel: str
    contact_external_id: str
    external_id: str
    text: str
    choice_id: str | None = None
    """Set when a button was pressed; the label stands in `text` when the channel knows it."""
    display_name: str | None = None
    locale: str | None = None
    """What the channel says about the language, e.g. Telegram's `language_code`."""
    address: dict[str, Any] = field(default_factory=dict)
    """Where answers go, e.g. `{"chat_id": 42}`."""
    conversation_id: str | None = None
    """Set by channels whose sessions know their conversation."""
    command: str | None = None
    """A channel command such as "start" or "help" (Telegram); never passed on as text."""


@dataclass(frozen=True, slots=True)
class InboundEdit:
    """The customer changed the text of an earlier message (Telegram edits)."""

    channel: str
    contact_external_id: str
    external_id: str
    """Of the edited message."""
    text: str
