"""Asks for the decision about every case, many at a time."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from typing import Any

from bot.dialogue.routing import Route
from bot.evaluation.cases import Case, Judged

PARALLEL = 16
OFFERING = frozenset({Route.FAQ.value, Route.CLARIFY.value})
Explain = Callable[[str, str | None], Awaitable[dict[str, Any]]]
"""Text and locale in, the decision (`Decision.as_json`) out."""
Progress = Callable[[int, int], None]
"""Called with the messages judged and the messages there are."""


async def judge(
    cases: Sequence[Case],
    explain: Explain,
    *,
    parallel: int = PARALLEL,
    progress: Progress = lambda done, total: None,
) -> list[Judged]:
    """Return every case with what would happen with it by itself, in the order of `cases`."""
    judged: list[Judged | None] = [None] * len(cases)
    left = iter(enumerate(cases))
    done = 0

    async def work() -> None:
        nonlocal done
        for index, case in left:
            started = time.perf_counter()
            decision = await explain(case.text, case.locale)
            judged[index] = judgement(case, decision, seconds=time.perf_counter() - started)
            done += 1
            progress(done, len(cases))

    await side_by_side(work, min(parallel, len(cases)))
    return [j for j in judged if j is not None]


async def side_by_side(work: Callable[[], Coroutine[Any, Any, None]], count: int) -> None:
    """Run `work` so many times at once; the first failure ends all and is raised as it is."""
    try:
        async with asyncio.TaskGroup() as tasks:
            for _ in range(count):
                tasks.create_task(work())
    except ExceptionGroup as group:
        raise group.exceptions[0] from None


def judgement(case: Case, decision: dict[str, Any], *, seconds: float) -> Judged:
    """Read a decision. Pure."""
    near = [c["key"] for c in decision.get("candidates") or () if c.get("kind") == "article"]
    article = decision.get("article")
    first = [article["key"]] if article else []
    route = decision["route"]
    return Judged(
        case=case,
        route=route,
        confidence=float(decision["confidence"]),
        intent=decision["intent"],
        shown=tuple(dict.fromkeys([*first, *near])) if route in OFFERING else (),
        seconds=seconds,
        reasons=tuple(decision.get("reasons") or ()),
        model=str(decision.get("model") or ""),
    )
