"""Fitting the classifier and choosing its limits.

scikit-learn is imported inside: the live bot never needs it. All limits come from predictions on
examples the model did not see (stratified cross-validation), because on its own training examples a
linear model is always sure.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Mapping, Sequence

import numpy as np
import numpy.typing as npt

from components import lexical
from components.model import NEIGHBOURS, Floats, Model, Thresholds, digest, sketched
from components.normalise import normalise
from components.spelling import words_of

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix


_MANY = 3000
_VERY_MANY = 6000


@dataclass(frozen=True)
class Settings:
    """What can be tuned from ``config.yml``; the defaults come from measurement."""

    regularisation: float = 30.0
    lexical_share: float = 0.5
    svm_share: float = 0.3
    folds: int = 4
    #: Share of unseen in-scope examples that must stay above the scope limit.
    acceptance: float = 0.96
    #: Intents that start something, and how often a start may be right at least.
    careful_intents: Sequence[str] = ("reset_password", "order_status")
    careful_precision: float = 0.98
    #: Refusing wrongly is worse than searching in vain.
    refusing_precision: float = 0.95
    #: Intents that must hardly ever be missed.
    eager_intents: Sequence[str] = ("human",)
    eager_recall: float = 0.99
    eager_precision: float = 0.85
    out_of_scope_intent: str = "out_of_scope"
    fallback_intent: str = "nlu_fallback"
    inform_intent: str = "inform"
    margin: float = 0.1
    seed: int = 7


@dataclass(frozen=True)
class _Vocabulary:
    column: npt.NDArray[np.int32]
    idf: Floats


@dataclass(frozen=True)
class _Linear:
    vector: Floats
    lexical: Floats
    bias: Floats


@dataclass(frozen=True)
class _Outcome:
    """What cross-validation saw: one row per example, predicted by a model that had not seen it."""

    logits: Floats
    closeness: Floats
    truth: npt.NDArray[np.int64]


def fit(texts: Sequence[str], names: Sequence[str], vectors: Floats, settings: Settings) -> Model:
    """Train on normalised ``texts`` (with their sentence ``vectors``) that mean ``names``."""
    labels = sorted(set(names))
    if len(labels) < 2:
        raise ValueError("a classifier needs examples of at least two intents")
    truth = np.array([labels.index(name) for name in names], dtype=np.int64)
    grams = [lexical.buckets(text) for text in texts]
    familiar = np.array(
        [i for i, name in enumerate(labels) if name != settings.out_of_scope_intent], dtype=np.int64
    )

    outcome = _cross_validate(grams, vectors, truth, len(labels), familiar, settings)
    vocabulary = _vocabulary(grams, vectors.shape[0])
    linear = _fit_linear(_matrix(grams, vocabulary), vectors, truth, len(labels), settings)

    temperature = _temperature(outcome.logits, outcome.truth)
    energy = _logsumexp(outcome.logits[:, familiar])
    inside = np.isin(outcome.truth, familiar)
    energy_mean, energy_spread = _moments(energy[inside])
    near_mean, near_spread = _moments(outcome.closeness[inside])
    scope = (energy - energy_mean) / energy_spread + (outcome.closeness - near_mean) / near_spread
    thresholds = _thresholds(outcome, labels, temperature, scope, inside, settings)
    words, rare_words = words_of(texts)

    return Model(
        labels=tuple(labels),
        vector_weights=linear.vector,
        lexical_weights=linear.lexical,
        bias=linear.bias,
        column=vocabulary.column,
        idf=vocabulary.idf,
        **sketched(np.ascontiguousarray(vectors[np.isin(truth, familiar)], dtype=np.float32)),
        temperature=temperature,
        energy_mean=energy_mean,
        energy_spread=energy_spread,
        closeness_mean=near_mean,
        closeness_spread=near_spread,
        thresholds=thresholds,
        known=_known(texts, truth),
        familiar=familiar,
        words=words,
        rare_words=rare_words,
        fallback_intent=settings.fallback_intent,
        inform_intent=settings.inform_intent,
        out_of_scope_intent=settings.out_of_scope_intent,
    )


def prepare(texts: Sequence[str]) -> list[str]:
    """Normalised forms of training texts."""
    return [normalise(text) for text in texts]


def _known(texts: Sequence[str], truth: npt.NDArray[np.int64]) -> dict[str, int]:
    meanings: dict[str, set[int]] = defaultdict(set)
    for text, label in zip(texts, truth):
        meanings[digest(text)].add(int(label))
    empty = digest("")
    return {
        key: labels.pop() for key, labels in meanings.items() if len(labels) == 1 and key != empty
    }


def _vocabulary(
    grams: Sequence[tuple[npt.NDArray[np.int64], Floats]], documents: int
) -> _Vocabulary:
    frequency: Counter[int] = Counter()
    for found, _ in grams:
        frequency.update(found.tolist())
    # A rare n-gram tells nothing about the next customer, and there are very many of them.
    least = 2 if documents < _MANY else 3 if documents < _VERY_MANY else 4
    kept = sorted(bucket for bucket, count in frequency.items() if count >= least)
    column = np.full(lexical.BUCKETS, -1, dtype=np.int32)
    column[kept] = np.arange(len(kept), dtype=np.int32)
    seen = np.array([frequency[bucket] for bucket in kept], dtype=np.float64)
    idf = np.log((1.0 + documents) / (1.0 + seen)) + 1.0
    return _Vocabulary(column, idf.astype(np.float32))


def _matrix(
    grams: Sequence[tuple[npt.NDArray[np.int64], Floats]], vocabulary: _Vocabulary
) -> "csr_matrix":
    from scipy.sparse import csr_matrix

    rows, columns, values = [], [], []
    for row, (found, counts) in enumerate(grams):
        column = vocabulary.column[found]
        known = column >= 0
        weights = counts[known] * vocabulary.idf[column[known]]
        length = np.sqrt(np.dot(weights, weights))
        rows.append(np.full(int(known.sum()), row))
        columns.append(column[known])
        values.append(weights / length if length else weights)
    return csr_matrix(
        (np.concatenate(values), (np.concatenate(rows), np.concatenate(columns))),
        shape=(len(grams), len(vocabulary.idf)),
        dtype=np.float32,
    )


def _fit_linear(
    grams: "csr_matrix",
    vectors: Floats,
    truth: npt.NDArray[np.int64],
    count: int,
    settings: Settings,
) -> _Linear:
    """Logistic regression on everything plus a share of an SVM on the n-grams, added up."""
    from sklearn.svm import LinearSVC

    weights, bias = _logistic(grams, vectors, truth, count, settings)
    dimensions = vectors.shape[1]
    vector = weights[:dimensions]
    lexical_weights = weights[dimensions:] * settings.lexical_share
    scores = vectors @ vector + grams @ lexical_weights + bias

    svm = LinearSVC(C=1.0, random_state=settings.seed, tol=1e-3)
    svm.fit(grams, truth)
    coefficients = np.zeros((grams.shape[1], count), dtype=np.float32)
    intercept = np.zeros(count, dtype=np.float32)
    if count == 2:
        coefficients[:, 0], coefficients[:, 1] = -svm.coef_[0], svm.coef_[0]
        intercept[0], intercept[1] = -svm.intercept_[0], svm.intercept_[0]
    else:
        coefficients[:] = svm.coef_.T
        intercept[:] = svm.intercept_
    votes = grams @ coefficients + intercept
    spread = float(votes.std()) or 1.0
    # The share is of the regression's own scale, so that the sum keeps being read as log-odds.
    share = settings.svm_share * float(scores.std()) / spread
    return _Linear(
        vector.astype(np.float32),
        (lexical_weights + share * coefficients).astype(np.float32),
        (bias + share * (intercept - float(votes.mean()))).astype(np.float32),
    )


def _logistic(
    grams: "csr_matrix",
    vectors: Floats,
    truth: npt.NDArray[np.int64],
    count: int,
    settings: Settings,
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Multinomial logistic regression on ``[vectors, share * grams]`` without joining the two.

    Joined they would be one sparse matrix, on which the dense half costs ten times more.
    """
    from scipy.optimize import minimize

    # Single precision: twice as fast, and far finer than what 60 steps leave open. Only the sums that
    # the search compares are taken in double.
    dense = np.ascontiguousarray(vectors, dtype=np.float32)
    sparse = (grams * settings.lexical_share).astype(np.float32).tocsr()
    turned = sparse.T.tocsr()
    examples, dimensions = dense.shape
    features = dimensions + sparse.shape[1]
    target = np.zeros((examples, count), dtype=np.float32)
    rows = np.arange(examples)
    target[rows, truth] = 1.0
    # Every intent weighs the same on average, however many phrasings somebody wrote for it;
    # damped, because the plentiful ones are plentiful for a reason.
    sizes = np.maximum(np.bincount(truth, minlength=count), 1)
    weight = (1.0 / np.sqrt(sizes))[truth]
    weight = (weight * (examples / weight.sum())).astype(np.float32)
    penalty = 1.0 / settings.regularisation

    def loss(flat: npt.NDArray[np.float64]) -> tuple[float, npt.NDArray[np.float64]]:
        parameters = flat.reshape(features + 1, count).astype(np.float32)
        scores = (
            dense @ parameters[:dimensions]
            + sparse @ parameters[dimensions:features]
            + parameters[features]
        )
        scores -= scores.max(axis=1, keepdims=True)
        powers = np.exp(scores)
        total = powers.sum(axis=1, keepdims=True)
        surprise = np.log(total[:, 0]) - scores[rows, truth]
        likelihood = float(np.dot(weight.astype(np.float64), surprise))
        error = (powers / total - target) * weight[:, None]
        gradient = np.empty_like(parameters)
        gradient[:dimensions] = dense.T @ error
        gradient[dimensions:features] = turned @ error
        gradient[:features] += penalty * parameters[:features]
        gradient[features] = error.sum(axis=0)
        size = float(np.dot(flat[: features * count], flat[: features * count]))
        return likelihood + 0.5 * penalty * size, gradient.ravel().astype(np.float64)

    start = np.zeros((features + 1) * count)
    found = minimize(
        loss,
        start,
        jac=True,
        method="L-BFGS-B",
        options={"maxiter": 60, "ftol": 1e-5, "gtol": 1e-3},
    )
    parameters = found.x.reshape(features + 1, count)
    return parameters[:features], parameters[features]


def _cross_validate(
    grams: Sequence[tuple[npt.NDArray[np.int64], Floats]],
    vectors: Floats,
    truth: npt.NDArray[np.int64],
    count: int,
    familiar: npt.NDArray[np.int64],
    settings: Settings,
) -> _Outcome:
    fold = _folds(truth, settings.folds, settings.seed)
    logits = np.full((len(truth), count), 0.0, dtype=np.float32)
    closeness = np.zeros(len(truth), dtype=np.float32)
    seen = np.zeros(len(truth), dtype=bool)
    for index in range(settings.folds):
        test = np.nonzero(fold == index)[0]
        train = np.nonzero(fold != index)[0]
        if not len(test) or len(np.unique(truth[train])) < count:
            continue
        kept = [grams[i] for i in train]
        vocabulary = _vocabulary(kept, len(train))
        linear = _fit_linear(
            _matrix(kept, vocabulary), vectors[train], truth[train], count, settings
        )
        held = _matrix([grams[i] for i in test], vocabulary)
        logits[test] = vectors[test] @ linear.vector + held @ linear.lexical + linear.bias
        around = vectors[train][np.isin(truth[train], familiar)]
        cosines = vectors[test] @ around.T
        nearest = min(NEIGHBOURS, cosines.shape[1])
        closeness[test] = np.partition(cosines, -nearest, axis=1)[:, -nearest:].mean(axis=1)
        seen[test] = True
    if not seen.any():
        raise ValueError("every intent needs at least two examples")
    return _Outcome(logits[seen], closeness[seen], truth[seen])


def _folds(truth: npt.NDArray[np.int64], count: int, seed: int) -> npt.NDArray[np.int64]:
    """Fold of each example; an intent with few examples is still spread over the folds."""
    fold = np.zeros(len(truth), dtype=np.int64)
    generator = np.random.RandomState(seed)
    offset = 0
    for label in np.unique(truth):
        members = np.nonzero(truth == label)[0]
        generator.shuffle(members)
        if len(members) == 1:
            # Never tested: without it in training there would be nothing to predict.
            fold[members] = -1
            continue
        fold[members] = (np.arange(len(members)) + offset) % count
        offset += len(members)
    return fold


def _temperature(logits: Floats, truth: npt.NDArray[np.int64]) -> float:
    """The divisor under which probabilities mean what they say, on unseen examples."""
    rows = np.arange(len(truth))

    def loss(temperature: float) -> float:
        scaled = logits / temperature
        return float((_logsumexp(scaled) - scaled[rows, truth]).mean())

    candidates = np.exp(np.linspace(math.log(0.1), math.log(10.0), 120))
    return float(min(candidates, key=loss))


def _thresholds(
    outcome: _Outcome,
    labels: Sequence[str],
    temperature: float,
    scope: Floats,
    inside: npt.NDArray[np.bool_],
    settings: Settings,
) -> Thresholds:
    scaled = outcome.logits / temperature
    probabilities = np.exp(scaled - _logsumexp(scaled)[:, None])
    best = probabilities.argmax(axis=1)
    top = probabilities.max(axis=1)
    limit = float(np.quantile(scope[inside], 1.0 - settings.acceptance))

    confidence: dict[str, float] = {}
    wanted = dict.fromkeys(settings.careful_intents, settings.careful_precision)
    wanted[settings.out_of_scope_intent] = settings.refusing_precision
    for name, precision in wanted.items():
        if name not in labels:
            continue
        label = labels.index(name)
        chosen = best == label
        if name != settings.out_of_scope_intent:
            chosen &= scope >= limit
        confidence[name] = _least_for_precision(
            top[chosen], outcome.truth[chosen] == label, precision
        )
    eager = {
        name: _most_for_recall(
            probabilities[:, labels.index(name)],
            outcome.truth == labels.index(name),
            settings.eager_recall,
            settings.eager_precision,
        )
        for name in settings.eager_intents
        if name in labels
    }
    return Thresholds(
        scope=limit,
        margin=settings.margin,
        default_confidence=min(0.4, 2.0 / len(labels) + 0.2),
        confidence=confidence,
        eager=eager,
    )


def _least_for_precision(
    probability: Floats, right: npt.NDArray[np.bool_], precision: float
) -> float:
    """The lowest limit above which at least ``precision`` of the predictions are right.

    Never below one half, and never so high that more than 15 % of the right ones would be refused:
    beyond that the data are to blame, and the flow itself asks before it does anything.
    """
    if not right.any():
        return 0.9
    ceiling = float(np.quantile(probability[right], 0.15))
    order = np.argsort(-probability)
    hits = np.cumsum(right[order])
    accepted = np.arange(1, len(order) + 1)
    # One pseudo-miss keeps a limit from resting on a handful of lucky examples.
    enough = np.nonzero(hits / (accepted + 0.5) >= precision)[0]
    lowest = float(probability[order][enough[-1]]) if len(enough) else ceiling
    return float(np.clip(lowest, 0.5, max(0.5, min(ceiling, 0.97))))


def _most_for_recall(
    probability: Floats, true: npt.NDArray[np.bool_], recall: float, precision: float
) -> float:
    """The limit that finds ``recall`` of an intent, raised where it would catch too much else."""
    if not true.any():
        return 0.5
    limit = float(np.quantile(probability[true], 1.0 - recall))
    for candidate in np.unique(probability[probability >= limit]):
        caught = probability >= candidate
        if (caught & true).sum() >= precision * caught.sum():
            return float(np.clip(candidate, 0.4, 0.6))
    return 0.5


def _logsumexp(scores: Floats) -> Floats:
    highest = scores.max(axis=1)
    return np.asarray(highest + np.log(np.exp(scores - highest[:, None]).sum(axis=1)))


def _moments(values: Floats) -> tuple[float, float]:
    return float(values.mean()), float(values.std()) or 1.0


def summary(model: Model) -> Mapping[str, float]:
    """The limits of a model in one flat table, for the training log."""
    limits = model.thresholds
    return {
        "scope": round(limits.scope, 3),
        "temperature": round(model.temperature, 3),
        **{f"confidence.{name}": round(value, 3) for name, value in limits.confidence.items()},
        **{f"eager.{name}": round(value, 3) for name, value in limits.eager.items()},
    }
