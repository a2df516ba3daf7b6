"""What a trained classifier knows, and how it decides about one message.

Everything is linear: the logistic regression on the sentence vector and the n-grams and the linear
SVM on the n-grams are added up once, in training, so that one message costs two small products.
Stored as npz and json: no pickle, nothing that runs code when it is loaded.
"""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import asdict, dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any, Collection, Mapping, Optional, Sequence

import numpy as np
import numpy.typing as npt

from components import lexical, people
from components.entities import ORDER_NUMBER, Entity, says_only
from components.normalise import exact_key, is_another_script, is_code, says_nothing

FORMAT = 4
NEIGHBOURS = 5
#: Of so many examples that look near the true distance is taken.
CANDIDATES = 48
#: Directions of the 512 that are enough to find them.
DIRECTIONS = 64
#: What a message has to name for an intent to be plausible without further ado.
EVIDENCE: Mapping[str, str] = MappingProxyType({"order_status": ORDER_NUMBER})

Floats = npt.NDArray[np.float32]
ASKS_FOR_PERSON = "asks for a person"
ONLY_NAMES = "only names something"
OTHER_SCRIPT = "written in another script"
CODE = "code, not words"
KNOWN = "known from training"
#: Reasons that need no statistics and leave no doubt.
CERTAIN = frozenset({ASKS_FOR_PERSON, ONLY_NAMES, OTHER_SCRIPT, CODE, KNOWN})
#: One word with an @ in it: meant as an address, whether or not it is one.
_MISSPELT_ADDRESS = re.compile(r"\S*@\S*")


@dataclass(frozen=True)
class Thresholds:
    """The limits a message is measured against; found by cross-validation, for every model."""

    #: Energy and neighbours together, in standard deviations: below it the message is foreign.
    scope: float
    #: Distance between the best two probabilities: below it the model cannot tell them apart.
    margin: float
    #: Least probability for an intent that has no entry in ``confidence``.
    default_confidence: float
    #: Least probability by intent, where a mistake costs more (or less) than elsewhere.
    confidence: Mapping[str, float] = field(default_factory=dict)
    #: Probabilities from which an intent wins although another one is ahead.
    eager: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Decision:
    """What a message was taken for, and why."""

    intent: str
    confidence: float
    fallback: bool
    raw_intent: str
    margin: float
    scope: float
    thresholds: Mapping[str, float]
    reasons: Sequence[str]
    ranking: Sequence[tuple[str, float]]


@dataclass(frozen=True)
class Model:
    """Weights, examples and limits of one trained classifier."""

    labels: tuple[str, ...]
    vector_weights: Floats
    lexical_weights: Floats
    bias: Floats
    #: Bucket -> row of ``lexical_weights``, or -1 where training never saw the bucket.
    column: npt.NDArray[np.int32]
    idf: Floats
    #: Vectors of the familiar examples, in half precision: the largest part of a model by far.
    neighbours: npt.NDArray[np.float16]
    #: Directions in which the examples differ most, and the examples seen from there: with these the
    #: nearest ones are found at a fifth of the cost of looking at all.
    directions: Floats
    sketches: Floats
    temperature: float
    energy_mean: float
    energy_spread: float
    closeness_mean: float
    closeness_spread: float
    thresholds: Thresholds
    #: Digest of a training text -> its label, where every example of that text agrees.
    known: Mapping[str, int]
    #: Indices of the labels that are about something; only these make a message familiar.
    familiar: npt.NDArray[np.int64]
    #: Words that slips are corrected to.
    words: tuple[str, ...] = ()
    #: Words too rare for that, which are no slips either.
    rare_words: tuple[str, ...] = ()
    fallback_intent: str = "nlu_fallback"
    inform_intent: str = "inform"
    out_of_scope_intent: str = "out_of_scope"
    #: What a message in letters that no example is written in is taken for: the bot asks which.
    language_intent: str = "change_language"

    def logits(self, text: str, vector: Floats) -> Floats:
        """One score per label for a normalised text and its sentence vector."""
        scores = vector @ self.vector_weights + self.bias
        rows, weights = self.features(text)
        if len(rows):
            scores = scores + weights @ self.lexical_weights[rows]
        return np.asarray(scores, dtype=np.float32)

    def features(self, text: str) -> tuple[npt.NDArray[np.int64], Floats]:
        """Rows of the n-grams that training knows, and their unit-length TF-IDF weights."""
        found, counts = lexical.buckets(text)
        rows = self.column[found]
        known = rows >= 0
        rows = rows[known]
        weights = counts[known] * self.idf[rows]
        length = float(np.sqrt(np.dot(weights, weights)))
        return rows.astype(np.int64), weights / length if length else weights

    def closeness(self, vector: Floats) -> float:
        """Mean cosine to the nearest training examples."""
        likely = min(CANDIDATES, len(self.neighbours))
        rough = self.sketches @ (self.directions @ vector)
        nearest = np.argpartition(rough, -likely)[-likely:] if likely else np.empty(0, np.int64)
        cosines = self.neighbours[nearest].astype(np.float32) @ vector
        count = min(NEIGHBOURS, len(cosines))
        return float(np.partition(cosines, -count)[-count:].mean()) if count else 0.0

    def scope(self, logits: Floats, vector: Floats) -> float:
        """How familiar a message is: 0 is an average training example, negative is stranger."""
        energy = _logsumexp(logits[self.familiar])
        return (energy - self.energy_mean) / self.energy_spread + (
            self.closeness(vector) - self.closeness_mean
        ) / self.closeness_spread

    def decide(
        self, original: str, text: str, vector: Floats, entities: Sequence[Entity]
    ) -> Decision:
        """The intent of a message: ``original`` as sent, ``text`` normalised, its ``vector``."""
        logits = self.logits(text, vector)
        probabilities = _softmax(logits / self.temperature)
        scope = self.scope(logits, vector)

        certain, reason = self._certain(original, text, entities)
        if certain is not None:
            probabilities = _raised(probabilities, certain)
        order = np.argsort(-probabilities)
        ranking = [(self.labels[i], float(probabilities[i])) for i in order[:5]]
        if reason:
            return self._decision(ranking, scope, fallback=False, reasons=[reason])
        if says_nothing(original):
            return self._decision(ranking, scope, fallback=True, reasons=["no words in it"])
        named = {entity.entity for entity in entities}

        for name, limit in self.thresholds.eager.items():
            probability = float(probabilities[self.labels.index(name)])
            if probability >= limit:
                first = (name, probability)
                others = [entry for entry in ranking if entry[0] != name]
                return self._decision(
                    [first, *others[:4]], scope, fallback=False, reasons=["eager intent"]
                )

        return self._decision(ranking, scope, **self._doubts(ranking, scope, named))

    def _certain(
        self, original: str, text: str, entities: Sequence[Entity]
    ) -> tuple[Optional[int], str]:
        """What needs no statistics: asking for a person, an answer, a text known from training."""
        if "human" in self.labels and people.asks_for_person(text):
            return self.labels.index("human"), ASKS_FOR_PERSON
        if self.inform_intent in self.labels and (
            says_only(original, list(entities)) or _MISSPELT_ADDRESS.fullmatch(original.strip())
        ):
            return self.labels.index(self.inform_intent), ONLY_NAMES
        if self.language_intent in self.labels and is_another_script(original):
            return self.labels.index(self.language_intent), OTHER_SCRIPT
        if self.out_of_scope_intent in self.labels and is_code(original):
            return self.labels.index(self.out_of_scope_intent), CODE
        label = None if says_nothing(original) else self.known.get(digest(text))
        if label is not None:
            return label, KNOWN
        return None, ""

    def _doubts(
        self, ranking: Sequence[tuple[str, float]], scope: float, named: Collection[str]
    ) -> dict[str, Any]:
        name, confidence = ranking[0]
        margin = confidence - (ranking[1][1] if len(ranking) > 1 else 0.0)
        needed = self.thresholds.confidence.get(name, self.thresholds.default_confidence)
        if EVIDENCE.get(name) in named:
            needed = min(needed, self.thresholds.default_confidence)
        reasons = []
        # Being strange is what makes a message out of scope, no reason to doubt that it is.
        if scope < self.thresholds.scope and self.labels.index(name) in self.familiar:
            reasons.append("unlike anything in training")
        if confidence < needed:
            reasons.append("not confident enough")
        if margin < self.thresholds.margin:
            reasons.append("two intents are equally likely")
        return {"fallback": bool(reasons), "reasons": reasons or ["clear"]}

    def _decision(
        self,
        ranking: Sequence[tuple[str, float]],
        scope: float,
        *,
        fallback: bool,
        reasons: Sequence[str],
    ) -> Decision:
        name, confidence = ranking[0]
        second = ranking[1][1] if len(ranking) > 1 else 0.0
        needed = self.thresholds.confidence.get(name, self.thresholds.default_confidence)
        return Decision(
            intent=self.fallback_intent if fallback else name,
            confidence=confidence,
            fallback=fallback,
            raw_intent=name,
            margin=confidence - second,
            scope=scope,
            thresholds={
                "scope": self.thresholds.scope,
                "margin": self.thresholds.margin,
                "confidence": self.thresholds.eager.get(name, needed),
            },
            reasons=tuple(reasons),
            ranking=tuple(ranking),
        )

    def save(self, directory: Path) -> None:
        """Write the model as two files."""
        rows = np.nonzero(self.column >= 0)[0].astype(np.int32)
        np.savez_compressed(
            directory / "weights.npz",
            vector_weights=self.vector_weights,
            # Half precision is far finer than what the classifier can tell apart.
            lexical_weights=self.lexical_weights.astype(np.float16),
            bias=self.bias,
            buckets=rows[np.argsort(self.column[rows])],
            idf=self.idf,
            neighbours=self.neighbours,
        )
        facts = {
            "format": FORMAT,
            "labels": self.labels,
            "temperature": self.temperature,
            "energy": [self.energy_mean, self.energy_spread],
            "closeness": [self.closeness_mean, self.closeness_spread],
            "thresholds": asdict(self.thresholds),
            "known": self.known,
            "familiar": self.familiar.tolist(),
            "words": self.words,
            "rare_words": self.rare_words,
            "fallback_intent": self.fallback_intent,
            "inform_intent": self.inform_intent,
            "out_of_scope_intent": self.out_of_scope_intent,
        }
        (directory / "model.json").write_text(json.dumps(facts, indent=1), encoding="utf-8")

    @classmethod
    def load(cls, directory: Path) -> Model:
        """Read a model; ``ValueError`` when it is of another format or its parts do not fit."""
        facts = json.loads((directory / "model.json").read_text(encoding="utf-8"))
        if facts.get("format") != FORMAT:
            raise ValueError("the language model has another format; train it again")
        with np.load(directory / "weights.npz", allow_pickle=False) as arrays:
            found = arrays["buckets"]
            column = np.full(lexical.BUCKETS, -1, dtype=np.int32)
            column[found] = np.arange(len(found), dtype=np.int32)
            model = cls(
                labels=tuple(facts["labels"]),
                vector_weights=arrays["vector_weights"],
                lexical_weights=arrays["lexical_weights"].astype(np.float32),
                bias=arrays["bias"],
                column=column,
                idf=arrays["idf"],
                **sketched(arrays["neighbours"]),
                temperature=facts["temperature"],
                energy_mean=facts["energy"][0],
                energy_spread=facts["energy"][1],
                closeness_mean=facts["closeness"][0],
                closeness_spread=facts["closeness"][1],
                thresholds=Thresholds(**facts["thresholds"]),
                known=facts["known"],
                familiar=np.array(facts["familiar"], dtype=np.int64),
                words=tuple(facts["words"]),
                rare_words=tuple(facts["rare_words"]),
                fallback_intent=facts["fallback_intent"],
                inform_intent=facts["inform_intent"],
                out_of_scope_intent=facts["out_of_scope_intent"],
            )
        count = len(model.labels)
        if model.vector_weights.shape[1] != count or model.lexical_weights.shape[1:] != (count,):
            raise ValueError("the language model's weights do not fit its labels")
        return model


def sketched(neighbours: npt.NDArray[np.floating[Any]]) -> dict[str, Any]:
    """The examples with their sketch: projected on the directions in which they differ most."""
    halves = neighbours.astype(np.float16)
    if not len(halves):
        return {
            "neighbours": halves,
            "directions": np.zeros((1, halves.shape[1]), dtype=np.float32),
            "sketches": np.zeros((0, 1), dtype=np.float32),
        }
    vectors = halves.astype(np.float32)
    _, axes = np.linalg.eigh((vectors.T @ vectors).astype(np.float64))
    directions = np.ascontiguousarray(axes[:, -DIRECTIONS:].T, dtype=np.float32)
    return {
        "neighbours": halves,
        "directions": directions,
        "sketches": np.ascontiguousarray(vectors @ directions.T),
    }


def digest(text: str) -> str:
    """Short name of a text: the table of known ones need not hold the texts."""
    return hashlib.blake2b(exact_key(text).encode("utf-8", "replace"), digest_size=8).hexdigest()


def _logsumexp(scores: Floats) -> float:
    highest = float(scores.max())
    return highest + float(np.log(np.exp(scores - highest).sum()))


def _softmax(scores: Floats) -> Floats:
    powers = np.exp(scores - scores.max())
    return np.asarray(powers / powers.sum(), dtype=np.float32)


def _raised(probabilities: Floats, index: int) -> Floats:
    """The same distribution with one label at 0.99 or more, the others in proportion."""
    others = float(probabilities.sum() - probabilities[index])
    if others <= 0.01:
        return probabilities
    raised = probabilities * (0.01 / others)
    raised[index] = 0.99
    return np.asarray(raised, dtype=np.float32)
