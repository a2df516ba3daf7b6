"""`frontline eval`: how well messages are understood, measured on files of messages with their routes.

Messages are judged by themselves, from routing decisions only. Dialogues are played in a rehearsal,
so that an answer to a form counts for its flow. Nothing is sent, mailed or kept.
"""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import aiohttp
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from bot.cli.common import call_internal, find_running, note
from bot.evaluation import floors
from bot.evaluation.cases import Case, Judged, read_cases, units
from bot.evaluation.judging import Explain, judge
from bot.evaluation.measures import measure
from bot.evaluation.page import render_page
from bot.evaluation.perturbations import PERTURBATIONS, losses, perturbed
from bot.evaluation.report import render
from bot.kit.errors import SetupError
from bot.kit.text import clean_text, for_understanding, is_blank
from bot.settings import Settings

MAX_SENT = 8_000
"""More than any channel delivers; what is above is cut, as for customers."""
TRIES = 5
TRY_AGAIN_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class EvalOptions:
    """What is asked for on the command line."""

    least: float = 0.0
    """Accuracy below which it fails."""
    errors: int = 20
    """Mistakes to list."""
    as_json: bool = False
    html: Path | None = None
    perturb: tuple[str, ...] = ()
    seed: int = 0
    floors: Path | None = None


async def run_eval(settings: Settings, files: Sequence[Path], options: EvalOptions) -> bool:
    """Print how the messages of `files` are understood; False when it is not good enough.

    Raises:
        SetupError: a file can't be read or written, or Rasa can't be used.
    """
    cases = read_cases(files)
    limits = _read_floors(options.floors) if options.floors else None
    if options.html is not None and not options.html.parent.is_dir():
        raise SetupError(f"There is no folder {options.html.parent} for the report.")
    names = tuple(dict.fromkeys([*options.perturb, *(limits.losses if limits else ())]))
    sets = [cases, *(perturbed(cases, name, seed=options.seed) for name in names)]
    with _Bar(sum(len(cases) for cases in sets)) as bar:
        async with _asking(settings) as explain:
            (judged, *changed), per_second = await _judged(settings, sets, explain, bar)
    report = measure(judged, per_second=per_second)
    if names:
        report["seed"] = options.seed
        report["perturbations"] = {
            name: losses(judged, found) for name, found in zip(names, changed, strict=True)
        }
    compared = floors.compare(report, limits) if limits else []
    if compared:
        report["floors"] = [
            {"locale": c.locale, "figure": c.figure, "floor": c.floor, "measured": c.got}
            for c in compared
        ]
    if options.html is not None:
        made_at = datetime.now(UTC)
        page = render_page(
            report, judged, files=[file.name for file in files], compared=compared, made_at=made_at
        )
        options.html.write_text(page, encoding="utf-8")
        note(f"report: {options.html}")
    if options.as_json:
        print(json.dumps(report, ensure_ascii=False, indent=2))
    else:
        print(render(report, judged, errors=options.errors))
        if compared:
            print("\n" + floors.render(compared))
    return _good_enough(report, compared, options.least)


def parse_perturbations(text: str) -> tuple[str, ...]:
    """Return the names in a comma-separated list, without repeats.

    Raises:
        SetupError: one of them is unknown.
    """
    names = tuple(dict.fromkeys(name.strip() for name in text.split(",") if name.strip()))
    for name in names:
        if name not in PERTURBATIONS:
            raise SetupError(f"--perturb knows {', '.join(PERTURBATIONS)}, not {name!r}.")
    return names


def _read_floors(file: Path) -> floors.Floors:
    try:
        return floors.parse_floors(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise SetupError(f"Can't read {file} as UTF-8 text.") from error


def _good_enough(
    report: dict[str, Any], compared: Sequence[floors.Comparison], least: float
) -> bool:
    accuracy: float = report["accuracy"]
    broken = [row for row in compared if not row.holds]
    for row in broken:
        got = "not measured" if row.got is None else f"{row.got:.4f}"
        side = "above" if row.figure in floors.AT_MOST else "below"
        note(f"frontline: {row.locale} {row.figure} is {got}, {side} its floor {row.floor:.4f}.")
    if accuracy < least:
        note(f"frontline: accuracy {accuracy:.4f} is below {least:.4f}.")
    return accuracy >= least and not broken


async def _judged(
    settings: Settings, sets: Sequence[Sequence[Case]], explain: Explain, bar: "_Bar"
) -> tuple[list[list[Judged]], float | None]:
    """Return every set judged, in its order, and how many messages a second were judged.

    Messages are judged side by side, the dialogues of all sets in one rehearsal.
    """
    told = []
    count = 0
    started = time.perf_counter()
    for cases in sets:
        single = [case for case in cases if case.dialogue is None]
        told.append(await judge(single, explain, progress=lambda *_: bar.advance(1)))
        count += len(single)
    per_second = count / (time.perf_counter() - started) if count else None
    dialogues = [[unit for unit in units(cases) if unit[0].dialogue is not None] for cases in sets]
    played: list[list[Judged]] = []
    if any(dialogues):
        from bot.cli.learn import prepare_model
        from bot.cli.rehearsal import rehearsal

        flat = [unit for part in dialogues for unit in part]
        model = await prepare_model(settings, progress=note)
        bar.say(f"starting a rehearsal for {len(flat)} dialogues")
        async with rehearsal(settings, model=model, explain=explain) as stage:
            played = await stage.play_all(flat, progress=bar.advance)
    turns = (j for dialogue in played for j in dialogue)
    found = []
    for cases, single_found in zip(sets, told, strict=True):
        singles = iter(single_found)
        found.append([next(singles if case.dialogue is None else turns) for case in cases])
    return found, per_second


@asynccontextmanager
async def _asking(settings: Settings) -> AsyncIterator[Explain]:
    """Ask the gateway that runs here, or start what is needed."""
    running = find_running(settings)
    if running is not None:
        gateway = running
        async with aiohttp.ClientSession() as session:

            async def ask(text: str, locale: str | None) -> dict[str, Any]:
                body = {"text": text, "locale": locale}
                answer: dict[str, Any] = await call_internal(
                    settings, gateway, "/explain", body, session=session
                )
                return answer

            yield _insistent(ask)
        return
    from bot.cli.alone import bot_alone

    note("`frontline up` is not running here: starting Rasa for this evaluation.")
    async with bot_alone(settings) as services:

        async def explain(text: str, locale: str | None) -> dict[str, Any]:
            return (await services.explainer.explain(text, locale=locale)).as_json()

        yield _insistent(explain)


def _insistent(explain: Explain) -> Explain:
    """Ask again where Rasa had no answer: what the mode without it does is not measured."""

    async def ask(text: str, locale: str | None) -> dict[str, Any]:
        sent = clean_text(text)[:MAX_SENT]
        for number in range(TRIES):
            decision = await explain(sent, locale)
            if decision.get("model") or is_blank(for_understanding(sent)):
                return decision
            await asyncio.sleep(TRY_AGAIN_SECONDS * (number + 1))
        raise SetupError(
            "Rasa does not answer, so nothing can be measured; see `frontline doctor`."
        )

    return ask


class _Bar:
    """A progress bar on standard error; a line at every tenth where that is no terminal."""

    def __init__(self, total: int) -> None:
        self._total, self._done = total, 0
        console = Console(stderr=True)
        self._live = console.is_terminal
        self._bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
            console=console,
            transient=True,
            disable=not self._live,
        )
        self._task = self._bar.add_task("messages", total=total)

    def __enter__(self) -> "_Bar":
        self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.stop()

    def say(self, text: str) -> None:
        """Tell what is going on."""
        if self._live:
            self._bar.console.print(text)
        else:
            note(text)

    def advance(self, count: int) -> None:
        """So many more messages are judged."""
        before, self._done = self._done, self._done + count
        self._bar.advance(self._task, count)
        if not self._live and (10 * before // self._total) != (10 * self._done // self._total):
            note(f"{self._done:,} of {self._total:,} messages")
