"""Trained models: the states of a training, which of two models is better, which are kept. Pure."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

KEPT = 10
"""Models whose files are kept, the newest first, besides those that serve."""


class JobState(StrEnum):
    """How far a training is."""

    QUEUED = "queued"
    TRAINING = "training"
    EVALUATING = "evaluating"
    DONE = "done"
    FAILED = "failed"

    @property
    def is_active(self) -> bool:
        """Whether it is still under way."""
        return self in {JobState.QUEUED, JobState.TRAINING, JobState.EVALUATING}


class Origin(StrEnum):
    """Where a model comes from."""

    RELEASE = "release"
    """Trained at a start, because the program's own training data changed."""
    TRAINING = "training"
    """Trained from the admin pages."""


@dataclass(frozen=True, slots=True)
class Job:
    """One training."""

    id: str
    state: JobState
    step: str
    progress: int
    """Per cent."""
    example_count: int
    model_id: str | None
    report: dict[str, Any] | None
    error: str | None
    created_by: str | None
    created_by_name: str | None
    created_at: datetime
    started_at: datetime | None
    ended_at: datetime | None
    holder: str | None


@dataclass(frozen=True, slots=True)
class Model:
    """A trained model. Its id is the hash of everything it was trained from."""

    id: str
    base_hash: str
    """Hash of the program's own part of the training data, without the accepted examples."""
    origin: Origin
    examples: str
    """The accepted examples it was trained with, as the training read them."""
    example_count: int
    size: int
    sha256: str
    scores: dict[str, Any] | None
    measured_with: str | None
    """Hash of the held-out messages that `scores` are about."""
    kept: bool
    """Whether its file is still there."""
    created_by: str | None
    created_by_name: str | None
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Promotion:
    """A model was made the one that serves."""

    number: int
    model_id: str
    base_hash: str
    at: datetime
    by: str | None
    by_name: str | None
    forced: bool
    reason: str | None


@dataclass(frozen=True, slots=True)
class Worse:
    """One figure that got worse."""

    what: str
    """accuracy, core_recall, human_recall, false_flow_starts, article_offered, golden_right,
    precision:ROUTE;
    or not_compared, other_release, which have no figures."""
    new: float | None = None
    current: float | None = None


ALLOWED_LOSS = {
    "accuracy": 0.005,
    "core_recall": 0.01,
    "human_recall": 0.0,
    "article_offered": 0.02,
    "golden_right": 0.0,
}
"""What a figure may lose before the model counts as worse: less than chance moves it by."""
ALLOWED_PRECISION_LOSS = 0.01
ALLOWED_FALSE_STARTS = 0.001
"""A flow that nobody wanted is worse than asking back: one message in a thousand is chance, two are not."""


def worse(new: Mapping[str, Any], current: Mapping[str, Any]) -> list[Worse]:
    """Return every figure in which `new` is worse than `current` by more than is allowed.

    Both are figures of the same messages (`bot.learning.evaluation.figures`).
    """
    found = []
    for name, allowed in ALLOWED_LOSS.items():
        after, before = new.get(name), current.get(name)
        if after is not None and before is not None and after < before - allowed - 1e-9:
            found.append(Worse(name, after, before))
    starts = new.get("false_flow_starts") or 0.0, current.get("false_flow_starts") or 0.0
    if starts[0] > starts[1] + ALLOWED_FALSE_STARTS + 1e-9:
        found.append(Worse("false_flow_starts", *starts))
    precisions = current.get("flow_precision") or {}
    for flow, before in precisions.items():
        after = (new.get("flow_precision") or {}).get(flow)
        if after is not None and after < before - ALLOWED_PRECISION_LOSS - 1e-9:
            found.append(Worse(f"precision:{flow}", after, before))
    return found


def objections(model: Model, current: Model | None, *, base_hash: str) -> list[Worse]:
    """Return why `model` should not take the place of `current` without a person insisting."""
    found = [] if model.base_hash == base_hash else [Worse("other_release")]
    if current is None:
        return found
    comparable = (
        model.scores is not None
        and current.scores is not None
        and model.measured_with == current.measured_with
    )
    if not comparable or model.scores is None or current.scores is None:
        return [*found, Worse("not_compared")]
    return found + worse(model.scores, current.scores)


def to_forget(
    models: Sequence[Model], *, serving: Collection[str], keep: int = KEPT
) -> tuple[str, ...]:
    """Return the ids of models whose files can go: all but the newest `keep` and those that serve."""
    there = sorted((m for m in models if m.kept), key=lambda m: m.created_at, reverse=True)
    return tuple(m.id for m in there[keep:] if m.id not in serving)
