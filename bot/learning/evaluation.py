"""How well a model does that does not serve: a process of its own reads it, the gateway's articles decide.

The routing decision is the same code as for customers (`bot.dialogue.explain`); only the model is
another one, and nothing is sent, stored or announced.
"""

import asyncio
import hashlib
import json
import os
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

from bot.dialogue.explain import Explainer, KnowledgePort
from bot.dialogue.language import Detector
from bot.dialogue.rasa_client import RasaDown, TurnRequest
from bot.dialogue.rasa_wire import ArticleVerdict, Parse, TurnAnswer, WireError, parse_parse
from bot.dialogue.routing import Route
from bot.evaluation.cases import Case, Judged, read_cases
from bot.evaluation.judging import judge
from bot.evaluation.measures import by_route, quality, share
from bot.kit.encoder import Encoder
from bot.kit.errors import SetupError
from bot.learning.examples import Example
from bot.learning.item import norm_of, route_of_intent
from bot.learning.masking import for_training, mask
from bot.rasa.environment import NLU, rasa_python
from knowledge_base.golden.golden import Golden, Least

HELD_OUT = NLU / "heldout"
START_SECONDS = 120
MAX_QUESTIONS = 300
"""Articles' titles asked for, at most."""
MAX_LEARNED = 300
"""Accepted examples looked at, at most."""


def held_out(examples: Sequence[Example], folder: Path = HELD_OUT) -> list[Case]:
    """Return the messages no model was trained on; one that was accepted as an example is left out.

    Turns of dialogues are left out, too: by itself an answer to a form means something else.

    Raises:
        SetupError: the files can't be read.
    """
    learned = {(example.locale, norm_of(example.text)) for example in examples}
    return [
        case
        for case in read_cases(sorted(folder.glob("*.jsonl")))
        if case.dialogue is None and (case.locale, norm_of(mask(case.text))) not in learned
    ]


def digest_of(cases: Sequence[Case]) -> str:
    """Return a hash of what is measured with: only figures of the same messages can be compared."""
    digest = hashlib.sha256()
    for case in cases:
        digest.update(json.dumps([case.text, case.locale, case.expect]).encode())
    return digest.hexdigest()[:16]


def questions(titles: Sequence[tuple[str, str, str]]) -> list[Case]:
    """Return cases of (key, locale, title) of published articles: each should lead to its article."""
    expect = (Route.FAQ.value, Route.CLARIFY.value)
    return [
        Case(number, title, locale, expect, (key,))
        for number, (key, locale, title) in enumerate(titles[:MAX_QUESTIONS], 1)
    ]


def learned_cases(examples: Sequence[Example]) -> list[Case]:
    """Return cases of what reviewers accepted: each should be understood as they said."""
    return [
        Case(number, for_training(e.text), e.locale, route_of_intent(e.intent))
        for number, e in enumerate(examples[:MAX_LEARNED], 1)
    ]


def golden_cases(questions: Sequence[Golden]) -> list[Case]:
    """Return cases of golden questions: each must find its article, as its editors said."""
    return [
        Case(
            number,
            golden.question,
            golden.locale,
            (Route.FAQ.value,)
            if golden.least is Least.ANSWER
            else (Route.FAQ.value, Route.CLARIFY.value),
            (golden.key,),
        )
        for number, golden in enumerate(questions, 1)
    ]


def figures(judged: Sequence[Sequence[Judged]]) -> dict[str, Any]:
    """Return a model's figures. Pure.

    Args:
        judged: what it made of the held-out messages, the golden questions, the articles' titles and
            the accepted examples.
    """
    told, golden, titles, learned = judged
    return {
        **quality(told),
        "routes": by_route(told),
        "golden": len(golden),
        "golden_right": share(j.right and _found(j) for j in golden) if golden else None,
        "titles": len(titles),
        "titles_found": share(_found(j) for j in titles) if titles else None,
        "learned": len(learned),
        "learned_right": share(j.right for j in learned) if learned else None,
    }


def _found(judged: Judged) -> bool:
    return judged.case.articles[0] in judged.shown


class Reader:
    """A model in a process of its own, asked one text at a time; has the shape of a `Dialogue`."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self._asking = asyncio.Lock()

    async def parse(
        self, text: str, *, locale: str, vector: str | None, article: ArticleVerdict | None = None
    ) -> Parse:
        """See `Dialogue.parse`."""
        verdict = article.as_json() if article else None
        async with self._asking:
            data = await self._ask({"text": text, "vector": vector, "article": verdict})
        try:
            return parse_parse(data)
        except WireError as error:
            raise RasaDown("an answer of an unknown shape") from error

    async def _ask(self, body: dict[str, Any]) -> dict[str, Any]:
        stdin, stdout = self._process.stdin, self._process.stdout
        if stdin is None or stdout is None:
            raise RasaDown("the reading process has no pipes")
        try:
            stdin.write(json.dumps(body).encode() + b"\n")
            await stdin.drain()
            line = await stdout.readline()
            return dict(json.loads(line))
        except (OSError, ValueError) as error:
            raise RasaDown("the reading process has ended") from error

    async def turn(self, request: TurnRequest) -> TurnAnswer:
        """See `Dialogue.turn`; a model that only reads has no turns."""
        raise RasaDown("a model that is only measured")

    async def forget(self, rasa_id: str) -> None:
        """See `Dialogue.forget`."""

    def status(self) -> str:
        """See `Dialogue.status`."""
        return "ok"


@asynccontextmanager
async def reading(model: Path) -> AsyncIterator[Reader]:
    """Run a process with the model while inside the context.

    Raises:
        SetupError: the model can't be loaded.
    """
    process = await asyncio.create_subprocess_exec(
        str(rasa_python()),
        "understand.py",
        "--model",
        str(model),
        "--background",
        "--parent",
        str(os.getpid()),
        cwd=NLU,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        first: dict[str, Any] = {}
        with suppress(TimeoutError, ValueError):
            async with asyncio.timeout(START_SECONDS):
                if process.stdout is not None:
                    first = dict(json.loads(await process.stdout.readline()))
        if "model" not in first:
            why = first.get("error", "it did not start")
            raise SetupError(f"The model can't be measured: {why}.")
        yield Reader(process)
    finally:
        if process.returncode is None:
            with suppress(ProcessLookupError):
                process.kill()
        await process.wait()


class Examiner:
    """Measures models with this gateway's articles."""

    def __init__(
        self,
        *,
        knowledge: KnowledgePort,
        encoder: Encoder,
        detector: Detector,
        default_locale: str,
    ) -> None:
        self._knowledge = knowledge
        self._encoder = encoder
        self._detector = detector
        self._default_locale = default_locale

    async def examine(
        self,
        model: Path,
        parts: Sequence[Sequence[Case]],
        *,
        progress: Callable[[float], None],
    ) -> list[list[Judged]]:
        """Return what the model makes of each part's cases.

        Args:
            model: its file.
            parts: lists of cases; the order is kept.
            progress: told the share that is done.

        Raises:
            SetupError: the model can't be loaded, or gives no answers.
        """
        total = max(1, sum(len(part) for part in parts))
        before = 0
        results = []
        async with reading(model) as reader:
            explainer = Explainer(
                dialogue=reader,
                knowledge=self._knowledge,
                encoder=self._encoder,
                detector=self._detector,
                default_locale=self._default_locale,
            )

            async def explain(text: str, locale: str | None) -> dict[str, Any]:
                decision = (await explainer.explain(text, locale=locale)).as_json()
                if not decision["model"] and decision["confidence"] == 0.0:
                    raise SetupError(f"The model gives no answers: {decision['reasons'][:1]}")
                return decision

            for part in parts:
                start = before

                def tell(done: int, _: int, start: int = start) -> None:
                    progress((start + done) / total)

                results.append(await judge(part, explain, parallel=1, progress=tell))
                before += len(part)
        return results
