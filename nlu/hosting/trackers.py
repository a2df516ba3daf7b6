"""Trackers that stay in memory and bounded, written through to the journal.

Rasa's own stores load, replay and save a whole conversation at every turn. Here a tracker is built
once and kept while its conversation is live; a save appends the new events, and a long history is
cut to what the rules can still see.
"""

from __future__ import annotations

import copy
import dataclasses
import json
import logging
from collections import OrderedDict, deque
from typing import Any, Dict, Iterable, List, Optional, Text, Tuple

from rasa.core.brokers.broker import EventBroker
from rasa.core.tracker_store import TrackerStore
from rasa.shared.core.constants import ACTION_LISTEN_NAME
from rasa.shared.core.domain import Domain
from rasa.shared.core.events import (
    ActionExecuted,
    ActionExecutionRejected,
    ActiveLoop,
    ConversationPaused,
    Event,
    SlotSet,
    UserUttered,
    deserialise_events,
)
from rasa.shared.core.trackers import DialogueStateTracker
from rasa.utils.endpoints import EndpointConfig

from hosting.journal import Conflict, Journal, Stored, Write, database

logger = logging.getLogger(__name__)

Turn = Tuple[str, Dict[str, Any]]


class LiveTracker(DialogueStateTracker):
    """A tracker whose copy costs as much as its state, not as much as its history."""

    #: Events in this tracker that the journal has.
    saved: int = 0
    #: Events that the journal has in all.
    logged: int = 0
    #: Which life of the store it belongs to; a tracker of another model is not kept.
    generation: int = 0
    last_turn: Optional[Turn] = None
    #: Set before a save, so that it is committed together with the events.
    finished_turn: Optional[Turn] = None

    def copy(self) -> LiveTracker:
        """The same state at once, without playing the events again."""
        twin = self.__class__.__new__(self.__class__)
        twin.__dict__.update(self.__dict__)
        twin.events = self._create_events(list(self.events))
        # Keeps the class of the slots: a tracker without a domain makes them up as it goes.
        twin.slots = copy.copy(self.slots)
        for name, slot in self.slots.items():
            twin.slots[name] = copy.copy(slot)
        if self.active_loop is not None:
            twin.active_loop = dataclasses.replace(self.active_loop)
        # As in Rasa: events made for a copy are stamped when they reach the real tracker.
        twin.model_id = None
        twin.assistant_id = None
        return twin

    def init_copy(self) -> LiveTracker:
        """An empty tracker with the same slots."""
        return LiveTracker(
            self.sender_id,
            self.slots.values(),
            self._max_event_history,
            is_rule_tracker=self.is_rule_tracker,
        )


class LiveTrackerStore(TrackerStore):
    """Keeps the trackers of live conversations and journals what happens to them.

    ``endpoints.yml`` names it for Rasa's own commands; the host creates it with its journal.
    """

    def __init__(
        self,
        domain: Optional[Domain] = None,
        host: Optional[EndpointConfig] = None,
        event_broker: Optional[EventBroker] = None,
        path: str = "trackers.db",
        max_live: int = 2000,
        max_events: int = 80,
        keep_turns: int = 4,
        journal: Optional[Journal] = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(domain, event_broker, **kwargs)
        self._journal = journal if journal is not None else Journal(database(path))
        self._live: OrderedDict[str, LiveTracker] = OrderedDict()
        self._max_live = max_live
        self._max_events = max_events
        self._generation = 0
        #: Turns that are never cut away; has to exceed the states of the longest rule.
        self.keep_turns = keep_turns

    @property
    def live(self) -> int:
        """Conversations in memory."""
        return len(self._live)

    @property
    def domain(self) -> Domain:
        """The domain that trackers take their slots from."""
        return self._domain

    @domain.setter
    def domain(self, domain: Optional[Domain]) -> None:
        self._domain = domain or Domain.empty()
        # Another model may have other slots: every tracker is built again when it is next needed.
        self._live.clear()
        self._generation += 1

    def init_tracker(self, sender_id: Text) -> LiveTracker:
        """An empty tracker."""
        return self._stamped(LiveTracker(sender_id, self.domain.slots))

    async def retrieve(self, sender_id: Text) -> LiveTracker:
        """The conversation's tracker; a new one when nothing is known, never ``None``.

        A tracker that holds more than was saved is left over from a turn that died half way. It is
        dropped and built again, as if that turn had never begun. So is one that another host has
        served in between.
        """
        tracker = self._live.get(sender_id)
        if tracker is not None:
            current = await self._journal.is_at(sender_id, tracker.logged)
            # Another model may have come while we asked: its trackers are built anew.
            known = self._live.get(sender_id) is tracker
            if known and current and len(tracker.events) == tracker.saved:
                self._live.move_to_end(sender_id)
                return tracker
            self.forget(sender_id)
        tracker = self._rebuilt(sender_id, await self._journal.read(sender_id))
        self._keep(tracker)
        return tracker

    async def retrieve_full_tracker(self, conversation_id: Text) -> LiveTracker:
        """Everything that ever happened in a conversation; not kept in memory."""
        return self._rebuilt(conversation_id, await self._journal.read(conversation_id, full=True))

    async def exists(self, conversation_id: Text) -> bool:
        """Whether anything is known about a conversation."""
        if conversation_id in self._live and self._live[conversation_id].logged:
            return True
        return bool((await self._journal.read(conversation_id)).logged)

    async def keys(self) -> Iterable[Text]:
        """Names of all conversations."""
        return await self._journal.conversations()

    async def save(self, tracker: DialogueStateTracker) -> None:
        """Commit what is new in the tracker, and the answer of its turn with it."""
        if not isinstance(tracker, LiveTracker):
            # One that Rasa made itself (tests, imports): it starts at the first event.
            plain, tracker = tracker, self.init_tracker(tracker.sender_id)
            tracker.__dict__.update(copy.copy(plain).__dict__)
            stored = await self._journal.read(tracker.sender_id, full=True)
            tracker.logged = tracker.saved = min(stored.logged, len(tracker.events))
        new = list(tracker.events)[tracker.saved :]
        turn = tracker.finished_turn
        if not new and turn is None:
            return
        # Fixed before the wait: whatever is added meanwhile belongs to the next save.
        length = len(tracker.events)
        short = self._shortened(tracker) if length > self._max_events else None
        try:
            await self._journal.write(
                Write(
                    conversation=tracker.sender_id,
                    first=tracker.logged,
                    count=len(new),
                    events=_dump(new),
                    turn=(turn[0], json.dumps(turn[1])) if turn is not None else None,
                    snapshot=_dump(short) if short is not None else None,
                )
            )
        except Conflict:
            self.forget(tracker.sender_id)
            raise
        if self.event_broker is not None:
            await self._stream_new_events(self.event_broker, new, tracker.sender_id)
        tracker.logged += len(new)
        tracker.last_turn, tracker.finished_turn = turn or tracker.last_turn, None
        if short is not None:
            tracker.events = deque(short)
        tracker.saved = len(tracker.events) if short is not None else length
        if tracker.generation == self._generation:
            self._keep(tracker)

    def forget(self, conversation_id: str) -> None:
        """Drop a tracker from memory; the journal still has what was committed."""
        self._live.pop(conversation_id, None)

    async def erase(self, conversation_id: str, *, prefix: bool = False) -> None:
        """Delete a conversation (or all whose name starts so) from memory and from the journal."""
        for name in list(self._live):
            if name == conversation_id or (prefix and name.startswith(conversation_id)):
                self.forget(name)
        await self._journal.erase(conversation_id, prefix=prefix)

    def close(self) -> None:
        """Wait for the journal and close it."""
        self._journal.stop()

    def _keep(self, tracker: LiveTracker) -> None:
        self._live[tracker.sender_id] = tracker
        self._live.move_to_end(tracker.sender_id)
        while len(self._live) > self._max_live:
            self._live.popitem(last=False)

    def _stamped(self, tracker: LiveTracker) -> LiveTracker:
        tracker.generation = self._generation
        return tracker

    def _rebuilt(self, conversation: str, stored: Stored) -> LiveTracker:
        events: List[Event] = []
        for part in stored.parts:
            events += deserialise_events(json.loads(part))
        known = {slot.name for slot in self.domain.slots}
        tracker = self.init_tracker(conversation)
        for event in events:
            # A model that came later may have dropped a slot.
            if not isinstance(event, SlotSet) or event.key in known or not known:
                tracker.update(event, self.domain)
        tracker.saved = len(tracker.events)
        tracker.logged = stored.logged
        if stored.turn is not None:
            tracker.last_turn = (stored.turn[0], json.loads(stored.turn[1]))
        return tracker

    def _shortened(self, tracker: LiveTracker) -> Optional[List[Event]]:
        """Fewer events that lead to the same state and the same predictions, if there are such."""
        events = list(tracker.events)
        cut = self._place_to_cut(events)
        if cut is None:
            return None
        before = self.init_tracker(tracker.sender_id)
        for event in events[:cut]:
            before.update(event, self.domain)
        # Inside a form every turn can still count: it is left alone until it is absurdly long.
        if before.active_loop_name and len(events) < 4 * self._max_events:
            return None
        return [*_state_as_events(before, self.domain), *events[cut:]]

    def _place_to_cut(self, events: List[Event]) -> Optional[int]:
        turns = 0
        for index in range(len(events) - 1, -1, -1):
            if isinstance(events[index], UserUttered):
                turns += 1
            elif (
                turns >= self.keep_turns
                and isinstance(events[index], ActionExecuted)
                and events[index].action_name == ACTION_LISTEN_NAME
            ):
                # The listening that the oldest kept message answered.
                return index if index > 0 else None
        return None


def _state_as_events(tracker: LiveTracker, domain: Domain) -> List[Event]:
    initial = {slot.name: slot.initial_value for slot in domain.slots}
    when = tracker.events[-1].timestamp if tracker.events else None
    events: List[Event] = [
        SlotSet(name, slot.value, timestamp=when)
        for name, slot in tracker.slots.items()
        if slot.value != initial.get(name)
    ]
    if tracker.active_loop_name:
        events.append(ActiveLoop(tracker.active_loop_name, timestamp=when))
        if tracker.is_active_loop_rejected:
            events.append(ActionExecutionRejected(tracker.active_loop_name, timestamp=when))
    if tracker.is_paused():
        events.append(ConversationPaused(timestamp=when))
    return events


def _dump(events: Iterable[Event]) -> str:
    return json.dumps([event.as_dict() for event in events], separators=(",", ":"))
