"""Golden questions: kept, run over the whole base, and asked before anything is published."""

import asyncio
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bot.kit.clock import Clock
from bot.kit.db import Database, Tx
from bot.kit.errors import Conflict, Invalid, NotFound
from bot.kit.ids import new_id
from bot.staff.audit import record
from knowledge_base.article import DraftArticle, State, locale_problem
from knowledge_base.golden import repository
from knowledge_base.golden.golden import (
    Golden,
    Least,
    Outcome,
    Result,
    broken,
    judge,
    question_problem,
    tidy_question,
)
from knowledge_base.index import Entry, Index
from knowledge_base.search import KnowledgeBase


@dataclass(frozen=True, slots=True)
class GoldenReport:
    """How all golden questions went."""

    outcomes: tuple[Outcome, ...]

    def count(self, result: Result) -> int:
        """Return how many went so."""
        return sum(1 for one in self.outcomes if one.result is result)

    @property
    def failed(self) -> tuple[Outcome, ...]:
        """Those that failed."""
        return tuple(one for one in self.outcomes if one.result is Result.FAILED)


class GoldenQuestions:
    """The questions whose answers must not change by accident."""

    def __init__(self, db: Database, clock: Clock, knowledge: KnowledgeBase) -> None:
        self._db = db
        self._clock = clock
        self._knowledge = knowledge

    async def list_all(self, *, key: str | None = None) -> list[Golden]:
        """Return golden questions, of one article or of all."""
        return await self._db.read(lambda conn: repository.list_golden(conn, key=key))

    async def add(
        self,
        *,
        actor: str | None,
        key: str,
        locale: str,
        question: str,
        least: Least = Least.ANSWER,
    ) -> tuple[Golden, Outcome]:
        """Store a golden question and try it at once.

        Raises:
            Invalid: there is no such article, it is archived, or the question can't be used.
            Conflict: code "duplicate": the same question expects an article already.
        """
        question = tidy_question(question)
        if (problem := question_problem(question)) is not None:
            raise _invalid("/question", problem)
        if (problem := locale_problem(locale)) is not None:
            raise _invalid("/locale", problem)
        golden = Golden(new_id(), key, locale, question, least)

        def step(tx: Tx) -> None:
            states = repository.article_states(tx.conn, [key]).get(key, [])
            if not states:
                raise _invalid("/key", f"There is no article {key!r}.")
            if all(state == State.ARCHIVED.value for state, _, _ in states):
                raise _invalid(
                    "/key",
                    f"“{states[0][2]}” is archived: customers never see it, so no question can "
                    "expect it. Restore it first, or choose the article that replaces it.",
                )
            now = self._clock.now()
            if not repository.insert_golden(tx, golden, actor=actor, now=now):
                raise Conflict(
                    "This question expects an article already, in this language.", code="duplicate"
                )
            record(
                tx, actor, "golden.add", "golden", golden.id,
                {"key": key, "locale": locale, "question": question}, now,
            )  # fmt: skip

        await self._db.write(step)
        outcomes = await self.run(only=[golden])
        return golden, outcomes.outcomes[0]

    async def seed(self) -> int:
        """Keep the demo shop's golden questions where there are none yet; return how many."""
        wanted = read_seed()

        def step(tx: Tx) -> int:
            if repository.count_golden(tx.conn):
                return 0
            now = self._clock.now()
            states = repository.article_states(tx.conn, {one.key for one in wanted})
            return sum(
                repository.insert_golden(tx, one, actor=None, now=now)
                for one in wanted
                if one.key in states
            )

        return await self._db.write(step)

    async def remove(self, golden_id: str, *, actor: str | None) -> None:
        """Delete a golden question.

        Raises:
            NotFound: there is none with this id.
        """

        def step(tx: Tx) -> None:
            gone = repository.delete_golden(tx, golden_id)
            if gone is None:
                raise NotFound("There is no such golden question.")
            record(
                tx, actor, "golden.remove", "golden", golden_id,
                {"key": gone.key, "locale": gone.locale, "question": gone.question},
                self._clock.now(),
            )  # fmt: skip

        await self._db.write(step)

    async def run(
        self,
        index: Index | None = None,
        *,
        only: Sequence[Golden] | None = None,
    ) -> GoldenReport:
        """Ask every golden question of an index: by default of what customers get now."""
        questions = list(only) if only is not None else await self.list_all()
        states = await self._db.read(
            lambda conn: repository.article_states(conn, [one.key for one in questions])
        )
        published = {key for key, found in states.items() if any(was for _, was, _ in found)}
        return GoldenReport(
            tuple(await run_golden(self._knowledge, questions, index=index, published=published))
        )

    async def check(self, *, put: DraftArticle | None = None, drop: str | None = None) -> None:
        """Ask whether a change may go live.

        Args:
            put: a text that is about to be published.
            drop: an article that is about to be taken out.

        Raises:
            Conflict: code "breaks_golden", with the questions that pass now and would not then.
        """
        if await self._db.read(repository.count_golden):
            entries = [await self._knowledge.entry_of(put)] if put is not None else []
            await self.check_many(put=entries, drop=[drop] if drop is not None else [])

    async def check_many(self, *, put: Sequence[Entry], drop: Sequence[str]) -> None:
        """Ask whether many changes may go live together.

        Args:
            put: texts that are about to be published, with their vectors.
            drop: ids of articles that are about to be taken out.

        Raises:
            Conflict: code "breaks_golden", with the questions that pass now and would not then.
        """
        questions = await self.list_all()
        if not questions:
            return
        states = await self._db.read(
            lambda conn: repository.article_states(conn, [one.key for one in questions])
        )
        published = {key for key, found in states.items() if any(was for _, was, _ in found)}
        published.update(one.key for one in put)
        now = await self._knowledge.current()
        then = await self._knowledge.would_be(put=put, drop=drop)
        before = await run_golden(self._knowledge, questions, index=now, published=published)
        after = await run_golden(self._knowledge, questions, index=then, published=published)
        if lost := broken(before, after):
            names = "; ".join(f"“{one.golden.question}”" for one in lost[:3])
            more = f" and {len(lost) - 3} more" if len(lost) > 3 else ""
            raise Conflict(
                f"{len(lost)} golden questions would no longer get their answer: {names}{more}. "
                "Change the text, or confirm that this is meant.",
                code="breaks_golden",
                questions=[as_json(one) for one in lost],
            )


async def run_golden(
    knowledge: KnowledgeBase,
    questions: Sequence[Golden],
    *,
    index: Index | None = None,
    published: set[str] | None = None,
) -> list[Outcome]:
    """Ask golden questions of an index and say how each went.

    Args:
        knowledge: asked; its encoder and vocabulary are used.
        questions: to ask.
        index: None: what customers get now.
        published: keys that have ever been published; None: all of them.
    """
    chosen = index if index is not None else await knowledge.current()
    outcomes = []
    for golden in questions:
        answer = await knowledge.ask(golden.question, locale=golden.locale, index=chosen)
        outcomes.append(
            judge(golden, answer, published=published is None or golden.key in published)
        )
        # Hundreds of questions take a second: customers are served between them.
        await asyncio.sleep(0)
    return outcomes


def read_seed() -> list[Golden]:
    """Return the demo shop's golden questions."""
    lines = (Path(__file__).parent / "seed.jsonl").read_text("utf-8").splitlines()
    return [
        Golden(new_id(), one["key"], one["locale"], one["question"])
        for one in map(json.loads, lines)
    ]


def as_json(outcome: Outcome) -> dict[str, object]:
    """Return an outcome as it is told to clients."""
    return {
        "id": outcome.golden.id,
        "key": outcome.golden.key,
        "locale": outcome.golden.locale,
        "question": outcome.golden.question,
        "least": outcome.golden.least.value,
        "result": outcome.result.value,
        "decision": outcome.decision,
        "found_key": outcome.found_key,
        "found_title": outcome.found_title,
        "position": outcome.position,
        "confidence": round(outcome.confidence, 4),
    }


def _invalid(pointer: str, message: str) -> Invalid:
    return Invalid(message, code="validation", errors=[{"pointer": pointer, "message": message}])
