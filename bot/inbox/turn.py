"""Whose turn is it, and what happened in it. Pure decisions of the turn worker."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from bot.conversations.conversation import Author, Conversation, Message, Owner
from bot.kit.locales import match_locale

MAX_ATTEMPTS = 8
"""A message whose turn failed so often is answered without the bot and given to a person."""

SILENCE = timedelta(hours=1)
"""Who comes back after so long starts afresh: a form's question would be asked out of nothing."""

COMMAND_INTENTS = {
    "start": "greet",
    "help": "capabilities",
    "human": "human",
    "status": "ticket_status",
    "cancel": "cancel",
}
"""Channel commands and the intent each stands for."""


class TurnPlan(StrEnum):
    """What the worker does with a pending message."""

    ASK_BOT = "ask_bot"
    CHECK_CODE = "check_code"
    GIVE_UP = "give_up"
    """It failed too often: answer without the bot, hand over."""
    PERSON_READS = "person_reads"
    """A person owns the conversation; the bot says nothing."""


def is_new_session(conversation: Conversation, *, last_said_at: datetime, now: datetime) -> bool:
    """Tell whether a message after `last_said_at` begins a new session with the bot."""
    return (
        conversation.owner is Owner.BOT
        and conversation.last_seq > 0
        and now - last_said_at >= SILENCE
    )


def plan_turn(conversation: Conversation, message: Message, *, goes_on: bool = False) -> TurnPlan:
    """Decide whose turn it is.

    With `goes_on` a customer who waits in line chose to go on with the bot until a person comes.
    """
    waits = conversation.owner is Owner.QUEUE and goes_on
    if conversation.owner is not Owner.BOT and not waits:
        return TurnPlan.PERSON_READS
    if message.turn_attempts >= MAX_ATTEMPTS:
        return TurnPlan.GIVE_UP
    if message.payload and message.payload.get("code_digest"):
        return TurnPlan.CHECK_CODE
    return TurnPlan.ASK_BOT


def given_intent(message: Message) -> tuple[str, dict[str, str]] | None:
    """Return the intent a button or a channel command stands for, or None for typed text."""
    payload: dict[str, Any] = message.payload or {}
    if payload.get("intent"):
        entities = payload.get("entities") or {}
        return str(payload["intent"]), {str(k): str(v) for k, v in entities.items()}
    command = payload.get("command")
    if command == "language":
        # "/language es": the argument says which; without one the bot asks.
        locale = match_locale(message.text.partition(" ")[2].strip(), default="")
        return "change_language", {"language": locale} if locale else {}
    if command in COMMAND_INTENTS:
        return COMMAND_INTENTS[command], {}
    return None


def last_buttons(messages: Sequence[Message], *, before_seq: int) -> list[dict[str, Any]]:
    """Return the buttons of what the bot said last, as far as nobody has said anything since."""
    buttons: list[dict[str, Any]] = []
    for message in messages:
        if message.seq >= before_seq:
            break
        if message.author is Author.BOT:
            # One answer may be several messages; the last one with buttons counts.
            buttons = list(message.choices) or buttons
        else:
            buttons = []
    return buttons
