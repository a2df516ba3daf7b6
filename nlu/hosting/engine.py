"""Rasa, embedded: one model, its conversations, and turns that either happen or do not.

Subclasses of Rasa's processor and graph runner replace what costs time without deciding anything
(scheduling, copying, schema checks) and what hides failures. What the bot does is decided by the
same graph, the same policy and the same actions as under ``rasa run``; tests compare transcripts.
"""

from __future__ import annotations

import asyncio
import gc
import hashlib
import logging
import tarfile
import tempfile
from pathlib import Path
from typing import Any, Dict, List, Mapping, Optional, Sequence, Text, Tuple, Union

from rasa.core.actions.action import Action, ActionExecutionRejection
from rasa.core.agent import Agent
from rasa.core.channels.channel import OutputChannel, UserMessage
from rasa.core.nlg import NaturalLanguageGenerator
from rasa.core.policies.policy import PolicyPrediction
from rasa.core.processor import MessageProcessor
from rasa.core.tracker_store import TrackerStore
from rasa.engine import loader
from rasa.engine.constants import PLACEHOLDER_MESSAGE, PLACEHOLDER_TRACKER
from rasa.engine.runner.dask import DaskGraphRunner
from rasa.engine.runner.interface import GraphRunner
from rasa.engine.storage.local_model_storage import LocalModelStorage
from rasa.engine.storage.storage import ModelMetadata
from rasa.exceptions import ModelNotFound
from rasa.shared.core.constants import (
    ACTION_EXTRACT_SLOTS,
    ACTION_LISTEN_NAME,
    ACTION_SESSION_START_NAME,
    SESSION_START_METADATA_SLOT,
)
from rasa.shared.core.domain import Domain
from rasa.shared.core.events import (
    ActionExecuted,
    ActionExecutionRejected,
    Event,
    SlotSet,
    UserUttered,
    deserialise_events,
)
from rasa.shared.core.trackers import DialogueStateTracker

from components.articles import Verdict, as_question, is_surer
from components.model import CERTAIN
from components.rules import LeanRulePolicy
from components.understanding import DECISION, VECTOR
from hosting.actions import RESULT_SLOT, ActionCaller, ActionFactory
from hosting.journal import Journal
from hosting.locks import FifoLockStore
from hosting.protocol import BadModel, ModelFacts, TurnFailed, TurnRequest
from hosting.replies import KeyGenerator, TurnChannel
from hosting.trackers import LiveTracker, LiveTrackerStore

logger = logging.getLogger(__name__)

TURN_SECONDS = 7.0
_MOST_PREDICTIONS = 10
_RANKING = 5
#: The slot that tells what a code that was mailed is for.
_AWAITS_CODE = "purpose"


class OrderedRunner(DaskGraphRunner):
    """Calls the nodes of the graph in order, which is worked out once and not at every message."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._plans: Dict[Tuple[Text, ...], List[Tuple[Text, Any, Sequence[Text]]]] = {}

    def run(
        self,
        inputs: Optional[Dict[Text, Any]] = None,
        targets: Optional[List[Text]] = None,
    ) -> Dict[Text, Any]:
        """Run what the targets need."""
        wanted = tuple(targets or self._graph_schema.target_names)
        plan = self._plans.get(wanted)
        if plan is None:
            plan = self._plans[wanted] = self._plan(wanted)
        # A node takes and returns (name, value): an input has to look like a node's output.
        values: Dict[Text, Any] = {name: (name, value) for name, value in (inputs or {}).items()}
        for name, node, needs in plan:
            # Rasa's convention: a need that nothing provides is passed as its name.
            values[name] = node(*[values.get(need, need) for need in needs])
        return {name: values[name][1] for name in wanted}

    def _plan(self, targets: Sequence[Text]) -> List[Tuple[Text, Any, Sequence[Text]]]:
        schema = self._graph_schema.minimal_graph_schema(list(targets))
        plan: List[Tuple[Text, Any, Sequence[Text]]] = []
        done: Dict[Text, bool] = {}

        def add(name: Text) -> None:
            if name not in schema.nodes or done.get(name):
                return
            done[name] = True
            needs = list(schema.nodes[name].needs.values())
            for need in needs:
                add(need)
            plan.append((name, self._instantiated_nodes[name], needs))

        for target in targets:
            add(target)
        return plan


class Processor(MessageProcessor):
    """Rasa's message processor for one model, without the parts that swallow errors."""

    def __init__(
        self,
        model_path: Union[Text, Path],
        tracker_store: LiveTrackerStore,
        lock_store: FifoLockStore,
        generator: NaturalLanguageGenerator,
        caller: ActionCaller,
    ) -> None:
        super().__init__(
            model_path=model_path,
            tracker_store=tracker_store,
            lock_store=lock_store,
            generator=generator,
            max_number_of_predictions=_MOST_PREDICTIONS,
        )
        self.factory = ActionFactory(self.domain, caller)
        self.facts = _facts(Path(model_path), self.model_metadata)
        if not self.model_metadata.nlu_target or not self.model_metadata.core_target:
            raise BadModel("the model was trained without dialogues or without language")
        self._slots = {slot.name for slot in self.domain.slots}

    @staticmethod
    def _load_model(model_path: Union[Text, Path]) -> Tuple[Text, ModelMetadata, GraphRunner]:
        path = Path(model_path)
        with tempfile.TemporaryDirectory(prefix="frontline-model-") as directory:
            metadata, runner = loader.load_predict_graph_runner(
                Path(directory), path, LocalModelStorage, OrderedRunner
            )
        return path.name, metadata, runner

    @property
    def longest_rule(self) -> int:
        """States of history that any rule of the model looks at."""
        nodes = getattr(self.graph_runner, "_instantiated_nodes", {}).values()
        components = [getattr(node, "_component", None) for node in nodes]
        return max(
            (item.longest_rule for item in components if isinstance(item, LeanRulePolicy)),
            default=0,
        )

    def understand(self, text: str, vector: Optional[Any] = None) -> Dict[str, Any]:
        """What a text means, as the model's language part sees it.

        A leading slash is Rasa's way to command an intent, which no customer may.
        """
        allowed = text.lstrip("/ \t\r\n") or "?"
        message = UserMessage(allowed, metadata={VECTOR: vector} if vector is not None else {})
        target = self.model_metadata.nlu_target
        parsed = self.graph_runner.run(
            inputs={
                PLACEHOLDER_MESSAGE: [message],
                PLACEHOLDER_TRACKER: DialogueStateTracker.from_events(message.sender_id, []),
            },
            targets=[target],
        )[target][0].as_dict(only_output_properties=True)
        shift = len(text) - len(text.lstrip("/ \t\r\n"))
        entities = [
            {**e, "start": e["start"] + shift, "end": e["end"] + shift}
            for e in parsed.get("entities") or []
        ]
        return {
            "text": text,
            "intent": parsed.get("intent") or {"name": None, "confidence": 0.0},
            "entities": entities,
            "intent_ranking": list(parsed.get("intent_ranking") or [])[:_RANKING],
            DECISION: parsed.get(DECISION),
        }

    def weighed(self, parse: Dict[str, Any], article: Optional[Verdict]) -> Dict[str, Any]:
        """A parse, or the same as a question when an article is surer than the model is."""
        decision = parse[DECISION]
        if article is None or decision is None or decision["fallback"] or decision["also"]:
            return parse
        surer = is_surer(
            article,
            intent=parse["intent"]["name"],
            confidence=parse["intent"]["confidence"],
            certain=not CERTAIN.isdisjoint(decision["reasons"]),
            named=[entity["entity"] for entity in parse["entities"]],
        )
        return as_question(parse, article) if surer else parse

    def given(self, text: str, intent: str, entities: Mapping[str, Any]) -> Dict[str, Any]:
        """The same for an intent that a button or the gateway states."""
        stated = {"name": intent, "confidence": 1.0}
        return {
            "text": text,
            "intent": stated,
            "entities": [
                {"entity": name, "value": value, "start": 0, "end": 0}
                for name, value in entities.items()
                if value is not None
            ],
            "intent_ranking": [stated],
            DECISION: {
                "fallback": False, "raw_intent": intent, "confidence": 1.0, "margin": 1.0,
                "scope": 0.0, "thresholds": {}, "reasons": ["stated"],
            },
        }  # fmt: skip

    async def turn(self, request: TurnRequest, tracker: LiveTracker) -> Dict[str, Any]:
        """Run a turn to its end and save it; whatever goes wrong is raised and nothing is saved."""
        channel = TurnChannel()
        before = len(tracker.events)
        if request.intent is not None:
            if request.intent not in self.domain.intents:
                raise TurnFailed("the model does not know this intent")
            parse = self.given(request.text, request.intent, dict(request.entities))
        else:
            parse = self.understand(request.text, request.vector)
            # What is said within a form is about the form first; its own rules know better.
            if tracker.active_loop_name is None and tracker.get_slot(_AWAITS_CODE) is None:
                parse = self.weighed(parse, request.article)
        await self._update_tracker_session(tracker, channel)
        if RESULT_SLOT in self._slots and tracker.get_slot(RESULT_SLOT) is not None:
            # A result tells about one turn only.
            tracker.update(SlotSet(RESULT_SLOT, None), self.domain)
        tracker.update(
            UserUttered(
                request.text,
                parse["intent"],
                parse["entities"],
                dict(parse),  # type: ignore[arg-type]
                input_channel=request.channel,
                message_id=request.turn_id,
                metadata={
                    **request.metadata,
                    "turn_id": request.turn_id,
                    "locale": request.locale,
                    "channel": request.channel,
                },
            ),
            self.domain,
        )
        await self.run_action_extract_slots(channel, tracker)
        await self._run_prediction_loop(channel, tracker)
        answer = self._answer(request, tracker, channel, parse, list(tracker.events)[before:])
        tracker.finished_turn = (request.turn_id, answer)
        await self.save_tracker(tracker)
        return answer

    def _answer(
        self,
        request: TurnRequest,
        tracker: LiveTracker,
        channel: TurnChannel,
        parse: Dict[str, Any],
        events: Sequence[Event],
    ) -> Dict[str, Any]:
        hidden = (ACTION_LISTEN_NAME, ACTION_SESSION_START_NAME)
        return {
            "turn_id": request.turn_id,
            "replies": channel.replies,
            "parse": self.parse_as_protocol(parse),
            "actions": [
                event.action_name
                for event in events
                if isinstance(event, ActionExecuted) and event.action_name not in hidden
            ],
            "failed_actions": channel.failed_actions,
            "slots": {
                name: slot.value
                for name, slot in tracker.slots.items()
                if slot.value is not None and name != SESSION_START_METADATA_SLOT
            },
            "active_loop": tracker.active_loop_name,
            "model": self.facts.name,
        }

    def parse_as_protocol(self, parse: Mapping[str, Any]) -> Dict[str, Any]:
        """A parse as the gateway reads it."""
        return {
            "intent": _scored(parse["intent"]),
            "ranking": [_scored(entry) for entry in parse["intent_ranking"]],
            "entities": [
                {key: entity[key] for key in ("entity", "value", "start", "end")}
                for entity in parse["entities"]
            ],
            "decision": parse[DECISION],
            "model": self.facts.name,
        }

    def predict_next_with_tracker_if_should(
        self, tracker: DialogueStateTracker
    ) -> Tuple[Action, PolicyPrediction]:
        """The next action, from the factory; too many in a row are an error and no silence."""
        again = self.should_predict_another_action(tracker.latest_action_name or "")
        if self.is_action_limit_reached(tracker, again):
            raise TurnFailed("the rules go round in circles")
        prediction = self._predict_next_with_tracker(tracker)
        name = self.domain.action_names_or_texts[prediction.max_confidence_index]
        return self.factory.action(name), prediction

    async def run_action_extract_slots(
        self, output_channel: OutputChannel, tracker: DialogueStateTracker
    ) -> DialogueStateTracker:
        """Fill slots from the latest message."""
        events = await self.factory.action(ACTION_EXTRACT_SLOTS).run(
            output_channel, self.nlg, tracker, self.domain
        )
        await self._send_bot_messages(events, tracker, output_channel)
        tracker.update_with_events(events, self.domain)
        return tracker

    async def _run_action(
        self,
        action: Action,
        tracker: DialogueStateTracker,
        output_channel: OutputChannel,
        nlg: NaturalLanguageGenerator,
        prediction: PolicyPrediction,
    ) -> bool:
        """Rasa's, except that an exception ends the turn instead of being taken for success."""
        try:
            temporary = tracker.copy()
            temporary.update_with_events(prediction.events, self.domain)
            events = await action.run(output_channel, nlg, temporary, self.domain)
        except ActionExecutionRejection:
            tracker.update(
                ActionExecutionRejected(
                    action.name(), prediction.policy_name, prediction.max_confidence
                )
            )
            return self.should_predict_another_action(action.name())
        self._log_action_on_tracker(tracker, action, events, prediction)
        if any(isinstance(event, UserUttered) for event in events):
            await self.run_action_extract_slots(output_channel, tracker)
        await self.execute_side_effects(events, tracker, output_channel)
        return self.should_predict_another_action(action.name())

    def _get_action(self, action_name: Text) -> Action:
        return self.factory.action(action_name)

    async def get_tracker(self, conversation_id: Text) -> DialogueStateTracker:
        """A conversation's tracker; its events carry no model and assistant ids, the answers do."""
        return await self.tracker_store.get_or_create_tracker(
            conversation_id, append_action_listen=False
        )


class EmbeddedAgent(Agent):
    """Rasa's agent, around our processor and without a tracker store that hides its failures."""

    processor: Optional[Processor]

    @staticmethod
    def _create_tracker_store(store: Optional[TrackerStore], domain: Domain) -> TrackerStore:
        if store is None:
            raise ValueError("an embedded agent needs a tracker store")
        # Rasa would wrap it so that a failed write goes to memory and is reported as a success.
        return store

    def adopt(self, processor: Processor) -> None:
        """Serve with another model from now on; turns in progress end with the old one."""
        self.processor = processor
        self.domain = processor.domain
        self.tracker_store.domain = processor.domain
        self._set_fingerprint(processor.facts.hash)


class Engine:
    """Conversations on one model, which can be exchanged while they go on."""

    def __init__(
        self,
        journal: Journal,
        caller: ActionCaller,
        *,
        turn_seconds: float = TURN_SECONDS,
        max_live: int = 2000,
    ) -> None:
        self._caller = caller
        self._turn_seconds = turn_seconds
        self.store = LiveTrackerStore(journal=journal, max_live=max_live)
        self.locks = FifoLockStore()
        self._swap = asyncio.Lock()
        self._agent: Optional[EmbeddedAgent] = None

    @property
    def live(self) -> int:
        """Conversations in memory."""
        return self.store.live

    @property
    def model(self) -> ModelFacts:
        """The model that serves."""
        return self._processor.facts

    async def load(self, path: Union[str, Path]) -> ModelFacts:
        """Load a model beside the one that serves, then swap; ``BadModel`` changes nothing."""
        async with self._swap:
            processor = await asyncio.get_running_loop().run_in_executor(
                None, self._loaded, Path(path)
            )
            if self._agent is None:
                self._agent = EmbeddedAgent(
                    generator=processor.nlg, tracker_store=self.store, lock_store=self.locks
                )
            # A rule may not look further back than what compaction keeps.
            self.store.keep_turns = max(4, processor.longest_rule + 1)
            self._agent.adopt(processor)
            return processor.facts

    async def turn(self, request: TurnRequest) -> Dict[str, Any]:
        """The answer to a turn; the stored one when it is the conversation's last turn again.

        Raises ``asyncio.TimeoutError`` when it takes too long. Nothing of a failed turn is kept.
        """
        return await asyncio.wait_for(self._turn(request), self._turn_seconds)

    async def _turn(self, request: TurnRequest) -> Dict[str, Any]:
        async with self.locks.lock(request.conversation_id):
            tracker = await self.store.retrieve(request.conversation_id)
            # Only now: the model and the tracker's slots belong together.
            processor = self._processor
            last = tracker.last_turn
            if last is not None and last[0] == request.turn_id:
                return {**last[1], "replayed": True}
            try:
                answer = await processor.turn(request, tracker)
            except BaseException:
                self.store.forget(request.conversation_id)
                raise
            return {**answer, "replayed": False}

    def parse(
        self, text: str, vector: Optional[Any] = None, article: Optional[Verdict] = None
    ) -> Dict[str, Any]:
        """What the bot takes a text for, without any conversation."""
        processor = self._processor
        return processor.parse_as_protocol(
            processor.weighed(processor.understand(text, vector), article)
        )

    async def append(self, conversation_id: str, events: List[Dict[str, Any]]) -> None:
        """Add events that happened elsewhere; ``ValueError`` when they are none of Rasa's."""
        try:
            made = deserialise_events(events)
        except Exception as error:
            raise ValueError("unknown event") from error
        if len(made) != len(events):
            raise ValueError("every event needs a type")
        async with self.locks.lock(conversation_id):
            processor = self._processor
            tracker = await self.store.retrieve(conversation_id)
            unknown = [e.key for e in made if isinstance(e, SlotSet) and e.key not in tracker.slots]
            if unknown:
                raise ValueError("unknown slot")
            try:
                await processor._update_tracker_session(tracker, TurnChannel())
                tracker.update_with_events(made, processor.domain)
                await self.store.save(tracker)
            except BaseException:
                self.store.forget(conversation_id)
                raise

    async def erase(self, conversation_id: str) -> None:
        """Forget a conversation for good; ``id~*`` means all its episodes."""
        prefix = conversation_id.endswith("~*")
        name = conversation_id[:-1] if prefix else conversation_id
        busy = [
            other
            for other in self.locks.busy()
            if other == name or (prefix and other.startswith(name))
        ]
        for other in busy:
            # A turn in progress would write its events after the erasure.
            async with self.locks.lock(other):
                pass
        await self.store.erase(name, prefix=prefix)

    def close(self) -> None:
        """Finish writing."""
        self.store.close()

    @property
    def _processor(self) -> Processor:
        if self._agent is None or self._agent.processor is None:
            raise TurnFailed("no model is loaded")
        return self._agent.processor

    def _loaded(self, path: Path) -> Processor:
        """A processor that has served one turn already: the first customer does not wait."""
        if not path.is_file():
            raise BadModel("there is no such file")
        try:
            processor = Processor(path, self.store, self.locks, KeyGenerator(), self._caller)
            asyncio.run(_rehearse(processor))
        except BadModel:
            raise
        except (tarfile.ReadError, ModelNotFound) as error:
            raise BadModel("the file is no model") from error
        except Exception as error:
            logger.exception("a model could not be loaded")
            raise BadModel(f"the model cannot be used ({type(error).__name__})") from error
        return processor


def settle_memory() -> None:
    """Move everything that is there for good out of the collector's sight.

    A full collection in a process that has imported Rasa takes a third of a second, in the middle
    of somebody's turn.
    """
    gc.collect()
    gc.freeze()


async def _rehearse(processor: Processor) -> None:
    """One turn on a store that nobody keeps."""
    store, factory = processor.tracker_store, processor.factory
    rehearsal = LiveTrackerStore(processor.domain, journal=_Nothing())  # type: ignore[arg-type]
    processor.tracker_store = rehearsal
    processor.factory = ActionFactory(processor.domain, _NoActions())
    try:
        request = TurnRequest("rehearsal", "rehearsal", "ok", "en", "rehearsal", {})
        await processor.turn(request, rehearsal.init_tracker("rehearsal"))
    finally:
        processor.tracker_store, processor.factory = store, factory


class _Nothing:
    """A journal that keeps nothing."""

    async def write(self, write: Any) -> None:
        return None


class _NoActions:
    """Actions that do nothing and succeed."""

    async def call(self, request: Dict[str, Any]) -> Dict[str, Any]:
        return {"events": [], "responses": []}


def _facts(path: Path, metadata: ModelMetadata) -> ModelFacts:
    name = path.name[: -len(".tar.gz")] if path.name.endswith(".tar.gz") else path.stem
    digest = hashlib.sha256(path.read_bytes()).hexdigest()[:16]
    return ModelFacts(name, digest, metadata.trained_at.replace(microsecond=0).isoformat() + "Z")


def _scored(entry: Mapping[str, Any]) -> Dict[str, Any]:
    return {"name": entry.get("name"), "confidence": round(float(entry.get("confidence") or 0), 4)}
