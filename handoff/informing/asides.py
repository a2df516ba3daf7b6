"""What customers say that the code itself answers: the desk's buttons, ratings, words while they wait.

The turn worker asks here before it asks the bot. Whatever is taken becomes one step of the turn's own
transaction, which looks at owner and epoch again: nothing is said over a person.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from sqlalchemy import Connection

from bot.conversations import repository as conversations
from bot.conversations.conversation import Author, Conversation, Message, Owner
from bot.dialogue.fallback import wants_person
from bot.dialogue.routing import Decision, Route
from bot.dialogue.typed_choice import find_choice
from bot.kit.db import Database, Tx
from handoff.feedback.rules import Tap, score_of
from handoff.feedback.service import Ratings
from handoff.informing.choice import (
    Button,
    Choice,
    only_address,
    says_not_solved,
)
from handoff.informing.repository import Waiting
from handoff.informing.steps import InformingSteps

Understand = Callable[[], Awaitable[Decision | None]]
"""Return what the bot's classifier makes of the message; None while it can't be asked."""
STATUS_COMMAND = "status"
TAPS = frozenset({tap.value for tap in Tap})
BUTTONS = frozenset({button.value for button in Button if button is not Button.TRANSCRIPT})
"""A wish for the transcript is taken before a message comes here; typed, it is understood like any other."""
SURE = 0.6
"""From this confidence on a wish for something the bot does is no comment on how it was."""
_BUSINESS = frozenset(
    {
        Route.HUMAN,
        Route.ORDER_STATUS,
        Route.RESET_PASSWORD,
        Route.OPENING_HOURS,
        Route.TICKET_STATUS,
    }
)


@dataclass(frozen=True, slots=True)
class Aside:
    """What is done with a message instead of asking the bot."""

    step: Callable[[Tx, datetime], None] | None
    """None: the bot goes on although the conversation waits in line; the customer chose that."""
    decision: Decision | None = None


class Asides(Protocol):
    """What the turn worker needs."""

    async def find(
        self, conversation: Conversation, message: Message, understand: Understand
    ) -> Aside | None:
        """Return what to do with a message that is not for the bot; None when it is."""
        ...


def is_tap(payload: dict[str, Any] | None) -> bool:
    """Tell whether a message is a tap on a rating: dealt with whoever has the conversation. Pure."""
    return (payload or {}).get("intent") in TAPS


class DeskAsides:
    """See `Asides`."""

    def __init__(self, db: Database, *, desk: InformingSteps, ratings: Ratings) -> None:
        self._db = db
        self._desk = desk
        self._ratings = ratings

    async def find(
        self, conversation: Conversation, message: Message, understand: Understand
    ) -> Aside | None:
        """Return what to do with a message that is not for the bot; None when it is."""
        payload = message.payload or {}
        if conversation.owner is Owner.AGENT:
            return self._tap(conversation, message, payload) if is_tap(payload) else None
        before, waiting = await self._db.read(
            lambda conn: self._around(conn, conversation, message)
        )
        pressed = "intent" in payload
        if not pressed and "command" not in payload and before is not None:
            typed = find_choice(message.text, _own_buttons(before))
            if typed is not None:
                payload = {"intent": typed["intent"], "entities": typed.get("entities") or {}}
        if is_tap(payload):
            return self._tap(conversation, message, payload)
        if payload.get("intent") in BUTTONS:
            return self._button(conversation, message, Button(payload["intent"]))
        if pressed:
            return None if conversation.owner is Owner.BOT else _unless_bot(waiting)
        if before is not None and "command" not in payload:
            comment = await self._comment(conversation, message, before, understand)
            if comment is not None:
                return comment
        if conversation.owner is Owner.BOT:
            after = before is not None and before.author is Author.SYSTEM
            if after and says_not_solved(message.text):
                return self._button(conversation, message, Button.NOT_SOLVED)
            return None
        return await self._while_waiting(conversation, message, waiting, understand)

    def _around(
        self, conn: Connection, conversation: Conversation, message: Message
    ) -> tuple[Message | None, Waiting | None]:
        found = conversations.list_messages(
            conn, conversation.id, after=max(0, message.seq - 2), limit=1
        )
        before = found[0] if found and found[0].seq == message.seq - 1 else None
        queued = conversation.owner is Owner.QUEUE
        return before, self._desk.waiting_of(conn, conversation.id) if queued else None

    # -------------------------------------------------------------------------- waiting

    async def _while_waiting(
        self,
        conversation: Conversation,
        message: Message,
        waiting: Waiting | None,
        understand: Understand,
    ) -> Aside:
        goes_on = _unless_bot(waiting)
        if goes_on is not None and goes_on.step is None:
            return goes_on
        leaves = waiting is not None and waiting.choice is Choice.LEAVE
        address = only_address(message.text) if leaves and waiting and not waiting.mail_to else None
        if address is not None:
            return Aside(
                lambda tx, now: self._desk.mail_step(tx, conversation.id, address, now=now)
            )
        decision = None
        asks = (message.payload or {}).get("command") == STATUS_COMMAND
        if not asks:
            decision = await understand()
            asks = decision is not None and decision.route is Route.TICKET_STATUS
        if asks:
            return Aside(
                lambda tx, now: _ignored(self._desk.tell_status_step(tx, conversation, now=now)),
                decision,
            )
        return Aside(
            lambda tx, now: _ignored(self._desk.acknowledge_step(tx, conversation, now=now))
        )

    def _button(self, conversation: Conversation, message: Message, button: Button) -> Aside:
        def step(tx: Tx, now: datetime) -> None:
            match button:
                case Button.SOLVED:
                    self._desk.confirm_step(tx, conversation.id, now=now)
                case Button.NOT_SOLVED:
                    self._desk.not_solved_step(tx, conversation.id, turn_id=message.id, now=now)
                case _:
                    self._desk.choose_step(tx, conversation.id, button, now=now)

        return Aside(step)

    # ------------------------------------------------------------------------- feedback

    def _tap(self, conversation: Conversation, message: Message, payload: dict[str, Any]) -> Aside:
        entities = payload.get("entities") or {}
        asked = str(entities.get("feedback") or "")

        def step(tx: Tx, now: datetime) -> None:
            match Tap(payload["intent"]):
                case Tap.SCORE:
                    score = score_of(entities.get("score"))
                    if score is not None:
                        self._ratings.rate_step(tx, conversation.id, asked, score, now=now)
                case Tap.NEVER:
                    self._ratings.never_step(tx, conversation.id, asked, now=now)
                case Tap.SKIP:
                    self._ratings.skip_step(tx, conversation.id, asked, now=now)
                case Tap.CHANGE:
                    self._ratings.change_step(tx, conversation.id, asked, now=now)

        return Aside(step)

    async def _comment(
        self,
        conversation: Conversation,
        message: Message,
        before: Message,
        understand: Understand,
    ) -> Aside | None:
        """Take what follows "would you like to say why?", unless it is something for the bot."""
        given = before.payload or {}
        if given.get("awaits") != "comment":
            return None
        if "?" in message.text or "\u00bf" in message.text or wants_person(message.text):
            return None
        decision = await understand()
        if decision and decision.route in _BUSINESS and decision.confidence >= SURE:
            return None
        asked = str(given.get("feedback"))
        return Aside(
            lambda tx, now: self._ratings.comment_step(
                tx, conversation.id, asked, message.text, now=now
            )
        )


def _own_buttons(before: Message) -> list[dict[str, Any]]:
    """Return the desk's buttons of the message that was said last; the bot's are the bot's."""
    if before.author is not Author.SYSTEM:
        return []
    return [choice for choice in before.choices if choice["intent"] in BUTTONS | TAPS]


def _unless_bot(waiting: Waiting | None) -> Aside | None:
    """Let the bot go on where the customer chose that; else a button of the bot is only kept."""
    if waiting is not None and waiting.choice is Choice.BOT:
        return Aside(None)
    return None


def _ignored(_: bool) -> None:
    """Whether it was said does not matter: who took the conversation meanwhile speaks now."""
