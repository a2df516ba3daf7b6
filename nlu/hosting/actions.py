"""Custom actions: called over one pooled connection, checked in microseconds, never fatal.

Rasa's own way opens a connection for each call and validates the answer against a schema that it
checks again every time (20 ms). And when a call fails, Rasa carries on as if it had worked; here a
failure becomes ``action_result = failed``, which the rules test.
"""

from __future__ import annotations

import asyncio
import json
import logging
from typing import Any, Dict, List, Optional, Protocol, Text, Union

import aiohttp
from rasa.core.actions.action import (
    Action,
    ActionExtractSlots,
    RemoteAction,
    action_for_name_or_text,
)
from rasa.core.actions.forms import FormAction
from rasa.core.channels.channel import OutputChannel
from rasa.core.nlg import NaturalLanguageGenerator
from rasa.shared.core.constants import ACTION_EXTRACT_SLOTS, REQUESTED_SLOT
from rasa.shared.core.domain import Domain
from rasa.shared.core.events import (
    ActionExecuted,
    BotUttered,
    Event,
    SlotSet,
    deserialise_events,
)
from rasa.shared.core.trackers import DialogueStateTracker, EventVerbosity

from hosting.protocol import TurnFailed
from hosting.replies import TurnChannel

logger = logging.getLogger(__name__)

RESULT_SLOT = "action_result"
FAILED = "failed"
CALL_SECONDS = 5.0
_LARGEST_ANSWER = 1 << 20


class ActionFailed(Exception):
    """An action gave no usable answer; the text says why, without anything a customer wrote."""


class ActionCaller(Protocol):
    """Where actions run."""

    async def call(self, request: Dict[str, Any]) -> Dict[str, Any]:
        """Run an action and return its answer; ``ActionFailed`` when there is none.

        ``TurnFailed`` when nobody is there who could run it.
        """


class HttpActions:
    """Actions that the gateway serves."""

    def __init__(self, url: str, token: str, *, seconds: float = CALL_SECONDS) -> None:
        self._url = url
        self._token = token
        self._limit = aiohttp.ClientTimeout(total=seconds)
        self._session: Optional[aiohttp.ClientSession] = None

    async def call(self, request: Dict[str, Any]) -> Dict[str, Any]:
        """Post Rasa's action call."""
        if self._session is None:
            # No proxy, no cookies, no redirects: the gateway is on this machine.
            self._session = aiohttp.ClientSession(
                timeout=self._limit,
                headers={"Authorization": f"Bearer {self._token}"},
                cookie_jar=aiohttp.DummyCookieJar(),
                connector=aiohttp.TCPConnector(limit=64, keepalive_timeout=60),
            )
        try:
            async with self._session.post(
                self._url, json=request, allow_redirects=False
            ) as response:
                if response.status != 200:
                    raise ActionFailed(f"answered with status {response.status}")
                body = await response.content.read(_LARGEST_ANSWER + 1)
                while len(body) <= _LARGEST_ANSWER and not response.content.at_eof():
                    body += await response.content.read(_LARGEST_ANSWER + 1)
        except asyncio.TimeoutError as error:
            raise ActionFailed("took too long") from error
        except (aiohttp.ClientConnectionError, aiohttp.ClientPayloadError) as error:
            # The gateway has ended in the middle of the turn. Nothing of it may be kept, or whoever
            # takes the turn over would repeat a failure that never was one.
            raise TurnFailed(f"the gateway is gone ({type(error).__name__})") from error
        except aiohttp.ClientError as error:
            raise ActionFailed(f"could not be reached ({type(error).__name__})") from error
        if len(body) > _LARGEST_ANSWER:
            raise ActionFailed("answered with too much")
        try:
            answer = json.loads(body)
        except ValueError as error:
            raise ActionFailed("did not answer with JSON") from error
        if not isinstance(answer, dict):
            raise ActionFailed("did not answer with an object")
        return answer

    async def close(self) -> None:
        """Close the connections."""
        if self._session is not None:
            await self._session.close()
            self._session = None


class LocalAction(RemoteAction):
    """A custom action whose failure is a result."""

    def __init__(self, name: Text, caller: ActionCaller) -> None:
        super().__init__(name, None)
        self._caller = caller

    async def run(
        self,
        output_channel: OutputChannel,
        nlg: NaturalLanguageGenerator,
        tracker: DialogueStateTracker,
        domain: Domain,
    ) -> List[Event]:
        """Run it; on failure note that and set the result slot instead."""
        try:
            return await self.attempt(output_channel, nlg, tracker, domain)
        except ActionFailed as error:
            return self.failure(error, output_channel, domain)

    async def attempt(
        self,
        output_channel: OutputChannel,
        nlg: NaturalLanguageGenerator,
        tracker: DialogueStateTracker,
        domain: Domain,
    ) -> List[Event]:
        """Run it; ``ActionFailed`` when it gives no usable answer."""
        answer = await self._caller.call(self._action_call_format(tracker, domain))
        events, responses = answer.get("events", []), answer.get("responses", [])
        if not _is_list_of_objects(events) or not _is_list_of_objects(responses):
            raise ActionFailed("answered with something else than events and responses")
        try:
            made = deserialise_events(events)
        except Exception as error:
            raise ActionFailed("answered with an unknown event") from error
        unknown = [e.key for e in made if isinstance(e, SlotSet) and e.key not in tracker.slots]
        if unknown:
            raise ActionFailed(f"set a slot that does not exist: {unknown[0][:60]}")
        said = await self._utter_responses(responses, output_channel, nlg, tracker)
        return [*said, *made]

    def failure(
        self, error: ActionFailed, output_channel: OutputChannel, domain: Domain
    ) -> List[Event]:
        """What a failure leaves behind."""
        logger.error("action %s %s", self.name(), error)
        if isinstance(output_channel, TurnChannel):
            output_channel.failed_actions.append(self.name())
        if any(slot.name == RESULT_SLOT for slot in domain.slots):
            return [SlotSet(RESULT_SLOT, FAILED)]
        return []

    def _action_call_format(self, tracker: DialogueStateTracker, domain: Domain) -> Dict[Text, Any]:
        """Rasa's action call, without the history and the domain, which no action here reads."""
        state = tracker.current_state(EventVerbosity.NONE)
        state["events"] = []
        message = tracker.latest_message
        if message is not None:
            state["latest_message"] = {
                **(state["latest_message"] or {}),
                "metadata": message.metadata or {},
            }
        return {
            "next_action": self._name,
            "sender_id": tracker.sender_id,
            "tracker": state,
            "domain": {},
            "version": "3.6.21",
        }


class LocalForm(FormAction):
    """A form that calls its actions the same way, and keeps asking when its validation fails."""

    def __init__(self, form_name: Text, factory: ActionFactory) -> None:
        super().__init__(form_name, None)
        self._factory = factory

    async def validate_slots(
        self,
        slot_candidates: Dict[Text, Any],
        tracker: DialogueStateTracker,
        domain: Domain,
        output_channel: OutputChannel,
        nlg: NaturalLanguageGenerator,
    ) -> List[Union[SlotSet, Event]]:
        """Let the form's validation action judge the candidates, where it has one."""
        name = f"validate_{self.name()}"
        if name not in domain.action_names_or_texts:
            return []
        candidates: List[Event] = [SlotSet(key, value) for key, value in slot_candidates.items()]
        action = self._factory.custom(name)
        seen = self._temporary_tracker(tracker, candidates, domain)
        try:
            return await action.attempt(output_channel, nlg, seen, domain)
        except ActionFailed as error:
            # Nothing may pass unchecked: what was said is forgotten and asked for again.
            forgotten: List[Event] = [SlotSet(key, None) for key in slot_candidates]
            return [*forgotten, *action.failure(error, output_channel, domain)]

    async def activate(
        self,
        output_channel: OutputChannel,
        nlg: NaturalLanguageGenerator,
        tracker: DialogueStateTracker,
        domain: Domain,
    ) -> List[Event]:
        """Fill what the first message already says, as Rasa does."""
        extracted = await self._factory.action(ACTION_EXTRACT_SLOTS).run(
            output_channel, nlg, tracker, domain
        )
        tracker.update_with_events(extracted, domain)
        filled = [event for event in extracted if isinstance(event, SlotSet)]
        if f"validate_{self.name()}" not in domain.action_names_or_texts:
            return list(filled)
        given = {
            name: tracker.get_slot(name)
            for name in self.required_slots(domain)
            if not self._should_request_slot(tracker, name)
        }
        validated = await self.validate_slots(given, tracker, domain, output_channel, nlg)
        judged = {event.key for event in validated if isinstance(event, SlotSet)}
        return [*validated, *(event for event in filled if event.key not in judged)]

    async def _ask_for_slot(
        self,
        domain: Domain,
        nlg: NaturalLanguageGenerator,
        output_channel: OutputChannel,
        slot_name: Text,
        tracker: DialogueStateTracker,
    ) -> List[Event]:
        name = self._name_of_utterance(domain, slot_name)
        if name is None:
            return []
        return await self._factory.action(name).run(output_channel, nlg, tracker, domain)

    def _temporary_tracker(
        self,
        current_tracker: DialogueStateTracker,
        additional_events: List[Event],
        domain: Domain,
    ) -> DialogueStateTracker:
        """The tracker as it would be, from a copy instead of from all events."""
        tracker = current_tracker.copy()
        requested = SlotSet(REQUESTED_SLOT, self.get_slot_to_fill(current_tracker))
        for event in [requested, ActionExecuted(self.name()), *additional_events]:
            tracker.update(event, domain)
        return tracker


class LocalExtraction(ActionExtractSlots):
    """Slot filling whose custom actions are called the same way."""

    def __init__(self, factory: ActionFactory) -> None:
        super().__init__(None)
        self._factory = factory

    async def _run_custom_action(
        self,
        custom_action: Text,
        output_channel: OutputChannel,
        nlg: NaturalLanguageGenerator,
        tracker: DialogueStateTracker,
        domain: Domain,
    ) -> List[Event]:
        events = await self._factory.custom(custom_action).run(output_channel, nlg, tracker, domain)
        return [event for event in events if isinstance(event, (SlotSet, BotUttered))]


class ActionFactory:
    """The actions of one model, made once."""

    def __init__(self, domain: Domain, caller: ActionCaller) -> None:
        self._domain = domain
        self._caller = caller
        self._made: Dict[Text, Action] = {}

    def action(self, name: Text) -> Action:
        """The action with this name, with Rasa's remote ones replaced."""
        made = self._made.get(name)
        if made is None:
            made = self._made[name] = self._replaced(
                name, action_for_name_or_text(name, self._domain, None)
            )
        return made

    def custom(self, name: Text) -> LocalAction:
        """A custom action, whether or not the domain lists it under that name."""
        made = self._made.get(name)
        if not isinstance(made, LocalAction):
            made = self._made[name] = LocalAction(name, self._caller)
        return made

    def _replaced(self, name: Text, action: Action) -> Action:
        if isinstance(action, FormAction):
            return LocalForm(name, self)
        if isinstance(action, RemoteAction):
            return LocalAction(name, self._caller)
        if isinstance(action, ActionExtractSlots):
            return LocalExtraction(self)
        return action


def _is_list_of_objects(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(item, dict) for item in value)
