"""A golden question: what must be answered with which article, and whether it is. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from bot.kit.text import clean_text
from knowledge_base.ranking import Decision
from knowledge_base.search import Answer
from knowledge_base.text import words_of

MAX_QUESTION = 300


class Least(StrEnum):
    """What is enough."""

    ANSWER = "answer"
    """The bot answers with the article."""
    OFFER = "offer"
    """The article is among the choices when the bot asks back."""


class Result(StrEnum):
    """How a golden question went."""

    PASSED = "passed"
    FAILED = "failed"
    WAITING = "waiting"
    """Its article was never published: nothing to expect yet."""


@dataclass(frozen=True, slots=True)
class Golden:
    """A stored golden question."""

    id: str
    key: str
    """Of the expected article, in any of its languages."""
    locale: str
    question: str
    least: Least = Least.ANSWER


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a golden question went, and what came instead."""

    golden: Golden
    result: Result
    decision: str
    """What the bot would do: answer, clarify or handoff."""
    found_key: str | None
    """Of the best article."""
    found_title: str | None
    position: int | None
    """Place of the expected article among the hits, from 1; None: it is not among them."""
    confidence: float


def judge(golden: Golden, answer: Answer, *, published: bool) -> Outcome:
    """Compare an answer with what is expected.

    Args:
        golden: the question.
        answer: what the bot would do with it.
        published: whether the expected article has ever been published.
    """
    place = next((n for n, hit in enumerate(answer.hits, 1) if hit.key == golden.key), None)
    answered = answer.decision is Decision.ANSWER and place == 1
    offered = answer.decision is Decision.CLARIFY and any(
        hit.key == golden.key for hit in answer.choices
    )
    passed = answered or (golden.least is Least.OFFER and offered)
    if not published:
        result = Result.WAITING
    else:
        result = Result.PASSED if passed else Result.FAILED
    best = answer.hits[0] if answer.hits else None
    return Outcome(
        golden=golden,
        result=result,
        decision=answer.decision.value,
        found_key=best.key if best else None,
        found_title=best.title if best else None,
        position=place,
        confidence=answer.confidence,
    )


def broken(before: Sequence[Outcome], after: Sequence[Outcome]) -> list[Outcome]:
    """Return what fails after a change and did not fail before it."""
    failing = {one.golden.id for one in before if one.result is Result.FAILED}
    return [one for one in after if one.result is Result.FAILED and one.golden.id not in failing]


def tidy_question(question: str) -> str:
    """Return the question on one line."""
    return " ".join(clean_text(question).split())


def folded(question: str) -> str:
    """Return what makes two questions the same: their folded words."""
    return " ".join(words_of(question))[:MAX_QUESTION]


def question_problem(question: str) -> str | None:
    """Return why this can't be a golden question, or None; call it on a tidy one."""
    if not words_of(question):
        return "The question is empty."
    if len(question) > MAX_QUESTION:
        return f"The question is longer than {MAX_QUESTION} characters."
    return None
