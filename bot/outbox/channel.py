"""What the outbox asks of a channel that must be pushed to, and how that says what went wrong.

`bot.outbox.worker` calls `send`; the channel's own package implements it. A channel never retries
by itself: it says what happened, `bot.outbox.delivery` decides what follows.
"""

from dataclasses import dataclass
from typing import Any, Protocol

from bot.conversations.conversation import Conversation, Message
from bot.outbox.pace import Pacer


@dataclass(frozen=True, slots=True)
class Sent:
    """The channel took the message."""

    external_id: str | None
    """The channel's own id of what was sent, where it has one."""


class DeliveryProblem(Exception):
    """A message was not, or perhaps not, delivered. `reason` holds no customer text, no secret."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class RetryLater(DeliveryProblem):
    """Certainly not delivered; a later try may work.

    `seconds` is how long the channel asked to be left alone; None when it did not say.
    """

    def __init__(self, reason: str, *, seconds: float | None = None) -> None:
        super().__init__(reason)
        self.seconds = seconds


class Undeliverable(DeliveryProblem):
    """Certainly not delivered, and no later try will help.

    `blocked`: the customer can't be reached at all any more. `new_address`: the customer has moved,
    the same message can go there.
    """

    def __init__(
        self, reason: str, *, blocked: bool = False, new_address: dict[str, Any] | None = None
    ) -> None:
        super().__init__(reason)
        self.blocked = blocked
        self.new_address = new_address


class UnknownOutcome(DeliveryProblem):
    """The request left, the answer never came: the customer may or may not have the message."""


class ChannelSender(Protocol):
    """One channel's way out."""

    @property
    def name(self) -> str:
        """The channel as conversations name it, e.g. "telegram"."""
        ...

    @property
    def pacer(self) -> Pacer:
        """How fast the channel takes messages; the worker waits for it before every `send`."""
        ...

    async def send(self, message: Message, conversation: Conversation) -> Sent:
        """Deliver `message` to where `conversation` is.

        Raises:
            RetryLater: not delivered, try again.
            Undeliverable: not delivered, and trying again is no use.
            UnknownOutcome: the answer was lost on the way back.
        """
        ...
