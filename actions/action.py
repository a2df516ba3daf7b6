"""What every action has in common: a typed call comes in, a `Done` goes out."""

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, ClassVar

from rasa_sdk import Action, Tracker  # type: ignore[import-untyped]  # ships no types
from rasa_sdk.events import SlotSet  # type: ignore[import-untyped]
from rasa_sdk.executor import CollectingDispatcher  # type: ignore[import-untyped]

from actions.context import ActionCall, read_call
from actions.services import ActionServices

Reply = dict[str, Any]
Button = dict[str, Any]


class Result(StrEnum):
    """How an action ended; the rules look at it, and silence never reads as success."""

    OK = "ok"
    FAILED = "failed"
    CLARIFY = "clarify"
    """Asked which article is meant."""
    NOT_FOUND = "not_found"
    """Nothing fits; the customer may put it in other words."""
    HANDOFF = "handoff"
    """A person takes over; the desk has told the customer."""
    AGAIN = "again"
    """What the customer sent can't be used; asked once more."""


@dataclass(frozen=True, slots=True)
class Done:
    """What an action did: how it ended, what to say, which slots change."""

    result: Result
    replies: tuple[Reply, ...] = ()
    slots: Mapping[str, Any] = field(default_factory=dict)


def say(key: str, *buttons: Button, **variables: Any) -> Reply:
    """Return a reply by its key in the bot's texts."""
    reply: Reply = {"say": key}
    if variables:
        reply["vars"] = variables
    if buttons:
        reply["choices"] = list(buttons)
    return reply


def markdown(text: str, *buttons: Button) -> Reply:
    """Return a reply that is ready to be read."""
    return {"markdown": text, "choices": list(buttons)} if buttons else {"markdown": text}


def button(key: str, intent: str, **entities: str) -> Button:
    """Return a button with a text of the catalogue."""
    return {"say": key, "intent": intent, "entities": entities}


def article_button(title: str, article_id: str) -> Button:
    """Return a button that shows an article."""
    return {"label": title, "intent": "choose_article", "entities": {"article_id": article_id}}


def person_button() -> Button:
    """Return the button that calls a person."""
    return button("utter_talk_to_person", "human")


class FrontlineAction(Action):  # type: ignore[misc]  # rasa_sdk ships no types
    """An action with its services; subclasses say what it is called and what it does."""

    action_name: ClassVar[str]

    def __init__(self, services: ActionServices) -> None:
        self.services = services

    def name(self) -> str:
        """Return the name under which Rasa knows it."""
        return self.action_name

    @abstractmethod
    async def act(self, call: ActionCall) -> Done:
        """Do it. Effects go into one `db.write` step and are harmless when the turn runs again."""

    async def run(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]
    ) -> list[dict[str, Any]]:
        """Do what Rasa asks for and tell it how it ended; what goes wrong is the webhook's."""
        call = read_call(
            self.action_name,
            sender_id=tracker.sender_id,
            slots=tracker.slots,
            latest_message=tracker.latest_message,
            active_loop=tracker.active_loop,
        )
        done = await self.act(call)
        self.services.turns.of(call.turn_id).results[call.action] = done.result.value
        for reply in done.replies:
            dispatcher.utter_message(json_message=reply)
        slots = {"action_result": done.result.value, **done.slots}
        if done.result is Result.OK:
            slots.setdefault("failed_attempts", 0.0)
        return [SlotSet(name, value) for name, value in slots.items()]
