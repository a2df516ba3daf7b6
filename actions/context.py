"""A typed view of one action call: who, where, in which language, and what was understood. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bot.kit.locales import match_locale
from bot.kit.text import MAX_CHARACTERS


class BadCall(Exception):
    """The call lacks what every turn has; Rasa was not called through the gateway."""


@dataclass(frozen=True, slots=True)
class ActionCall:
    """What an action may know. Entities and slots come from the customer's words: never trusted."""

    action: str
    conversation_id: str
    turn_id: str
    locale: str
    channel: str
    text: str
    """The customer's message, or the label of the button."""
    intent: str
    entities: Mapping[str, str]
    slots: Mapping[str, Any]
    active_loop: str | None
    epoch: int | None
    """The conversation's owner epoch when the turn began."""
    ranking: tuple[tuple[str, float], ...] = ()
    """The two likeliest intents and how likely they are, whether or not the model believed it."""

    def number(self, slot: str) -> float:
        """Return a counting slot."""
        value = self.slots.get(slot)
        return float(value) if isinstance(value, int | float) else 0.0

    def word(self, slot: str) -> str | None:
        """Return a text slot, or None when it is empty."""
        value = self.slots.get(slot)
        return value.strip() if isinstance(value, str) and value.strip() else None


def read_call(
    action: str,
    *,
    sender_id: str,
    slots: Mapping[str, Any],
    latest_message: Mapping[str, Any],
    active_loop: Mapping[str, Any] | None,
) -> ActionCall:
    """Read the parts of Rasa's tracker; the sender id is `<conversation>~<episode>`.

    Raises:
        BadCall: the turn id or the conversation is missing.
    """
    metadata = latest_message.get("metadata") or {}
    turn_id = metadata.get("turn_id")
    conversation_id = sender_id.partition("~")[0]
    if not isinstance(turn_id, str) or not turn_id or not conversation_id:
        raise BadCall("turn_id")
    epoch = metadata.get("epoch")
    text = metadata.get("question") or latest_message.get("text") or ""
    return ActionCall(
        action=action,
        conversation_id=conversation_id,
        turn_id=turn_id,
        locale=match_locale(metadata.get("locale")),
        channel=str(metadata.get("channel") or ""),
        text=str(text)[:MAX_CHARACTERS],
        intent=str((latest_message.get("intent") or {}).get("name") or ""),
        entities=_entities(latest_message.get("entities")),
        slots=dict(slots),
        active_loop=(active_loop or {}).get("name") or None,
        epoch=epoch if isinstance(epoch, int) else None,
        ranking=_ranking(latest_message.get("intent_ranking")),
    )


def _ranking(found: Any) -> tuple[tuple[str, float], ...]:
    return tuple(
        (str(item.get("name") or ""), float(item["confidence"]))
        for item in (found if isinstance(found, list) else ())[:2]
        if isinstance(item, Mapping) and isinstance(item.get("confidence"), int | float)
    )


def _entities(found: Any) -> dict[str, str]:
    return {
        str(entity["entity"]): str(entity["value"])
        for entity in found or ()
        if isinstance(entity, Mapping) and entity.get("entity") and entity.get("value") is not None
    }
