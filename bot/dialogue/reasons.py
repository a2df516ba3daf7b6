"""Why a message went where it did: codes with numbers, put into words where somebody reads them. Pure.

The console puts the same codes into words in the browser (`bot/web/staff/labels.ts`), through the same
catalogue; the English sentences here are its keys.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

SENTENCES: Mapping[str, str] = {
    "asks_person": "The message asks for a person in so many words.",
    "only_names": "The message only names a number or an address.",
    "other_script": "The message is written in another script.",
    "known": "The training examples contain exactly this.",
    "nothing_to_read": "There are no words in the message.",
    "eager": "Missing this costs more than starting it: {needed} is enough.",
    "clear": "The model is {confidence} sure; {needed} is enough.",
    "not_confident": "The model is only {confidence} sure; this intent needs {needed}.",
    "unlike_training": "It is unlike anything in training: {scope}, and {limit} is needed.",
    "two_alike": "It could as well be something else: {margin} ahead, and {limit} is needed.",
    "article_surer": "The model is less sure than the article that answers.",
    "stated": "A button, a command or a checked code said so.",
    "typed_choice": "The customer typed what a button says.",
    "asks_to_wait": "The message only asks for a moment.",
    "several": "The first of several requests; the rest is offered next: {others}",
    "no_code_awaited": "No code is awaited any more.",
    "bot_unavailable": "The bot was not available; this is what happens without it ({cause}).",
    "nearest": "The nearest article is “{title}” with a score of {score}.",
    "lead": "It is {margin} ahead of “{title}”.",
    "answers": "It answers the question with a confidence of {confidence}; {needed} is enough.",
    "asks_back": "It answers with a confidence of {confidence}: enough to ask back, not to answer ({needed}).",
    "too_far": "No article is near enough in meaning: {meaning}, and {limit} is needed.",
    "no_article": "There is no published article.",
    "other_language": "The article is shown in another language: {language}.",
    "notice": "It concerns the notice “{title}”, which is said first, once per conversation.",
    "note": "{text}",
}
"""English sentence by code; the variables are the reason's values."""
SHARES = frozenset({"confidence", "needed"})
"""Values that are read as percentages; other numbers are read with two decimals."""

_OF_THE_MODEL: Mapping[str, str] = {
    "asks for a person": "asks_person",
    "only names something": "only_names",
    "written in another script": "other_script",
    "known from training": "known",
    "no words in it": "nothing_to_read",
    "eager intent": "eager",
    "clear": "clear",
    "not confident enough": "not_confident",
    "unlike anything in training": "unlike_training",
    "two intents are equally likely": "two_alike",
    "an article is surer": "article_surer",
    "stated": "stated",
}
"""What the model calls its reasons (nlu/components/model.py)."""


@dataclass(frozen=True, slots=True)
class Why:
    """One reason."""

    code: str
    values: Mapping[str, float | str] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """Return the stored form: the code, and the values rounded to four decimals."""
        return {
            "code": self.code,
            **{
                name: round(value, 4) if isinstance(value, float) else value
                for name, value in self.values.items()
            },
        }

    def sentence(self) -> str:
        """Return the reason in English."""
        words = {
            name: value if isinstance(value, str) else _number(name, value)
            for name, value in self.values.items()
        }
        return SENTENCES.get(self.code, "{text}").format_map({"text": self.code, **words})


def notice_reason(title: str) -> Why:
    """Return that a known incident is told with the answer."""
    return Why("notice", {"title": title})


def _number(name: str, value: float) -> str:
    return f"{value:.0%}" if name in SHARES else f"{value:.2f}"


def of_model(
    reasons: Sequence[str],
    *,
    confidence: float,
    margin: float,
    scope: float,
    thresholds: Mapping[str, float],
) -> list[Why]:
    """Return what the model says about itself, with the numbers each reason compares.

    Args:
        reasons: in the model's own words; one that is not known here is kept as it is.
        confidence: probability of the likeliest intent, 0 to 1.
        margin: that probability above the second's.
        scope: how familiar the message is; 0 is an average training example.
        thresholds: `confidence`, `margin` and `scope` that were asked for.
    """
    numbers: dict[str, dict[str, float | str]] = {
        "clear": {"confidence": confidence, "needed": thresholds.get("confidence", 0.0)},
        "not_confident": {"confidence": confidence, "needed": thresholds.get("confidence", 0.0)},
        "eager": {"needed": thresholds.get("confidence", 0.0)},
        "two_alike": {"margin": margin, "limit": thresholds.get("margin", 0.0)},
        "unlike_training": {"scope": scope, "limit": thresholds.get("scope", 0.0)},
    }
    found = []
    for reason in reasons:
        code = _OF_THE_MODEL.get(reason)
        found.append(Why(code, numbers.get(code, {})) if code else Why("note", {"text": reason}))
    return found
