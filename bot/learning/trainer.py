"""Runs a training: low-priority processes train and measure, the gateway only waits and writes down."""

import asyncio
import contextlib
import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, Protocol

import sqlalchemy as sa
import structlog

from bot.evaluation.cases import Case, Judged
from bot.kit.clock import Clock
from bot.kit.db import Database, Tx
from bot.kit.errors import FrontlineError, SetupError
from bot.learning import examples as rendering
from bot.learning import repository
from bot.learning.evaluation import (
    digest_of,
    figures,
    golden_cases,
    held_out,
    learned_cases,
    questions,
)
from bot.learning.examples import Example
from bot.learning.files import ModelFiles
from bot.learning.model import JobState, Model, Origin, Worse, to_forget, worse
from bot.learning.models import TOPIC, Models
from bot.rasa.training import data_hash
from knowledge_base.article import State
from knowledge_base.golden import repository as golden_repository
from knowledge_base.golden.golden import Golden
from knowledge_base.repository import Filter
from knowledge_base.service import Articles

log = structlog.get_logger(__name__)
LEASE = timedelta(seconds=60)
"""A training whose gateway has said nothing for so long is dead."""
BEAT_SECONDS = 2.0
TYPICAL_SECONDS = 45
"""What a training takes on a small machine, for the bar on the page."""
TRAINED_AT, MEASURED_AT = 55, 98
"""Per cent of the bar at which training and measuring end."""
DEAD = "interrupted"
"""Why a training of a process that has ended failed."""


class TrainPort(Protocol):
    """Trains Rasa (`bot.rasa.training.train_model`)."""

    async def __call__(
        self,
        target: Path,
        *,
        examples: str,
        progress: Callable[[str, float | None], None],
        background: bool,
        cache: Path,
    ) -> None:
        """Write a model to `target`; raises `SetupError`."""
        ...


class ExaminePort(Protocol):
    """Measures a model (`bot.learning.evaluation.Examiner`)."""

    async def examine(
        self, model: Path, parts: Sequence[Sequence[Case]], *, progress: Callable[[float], None]
    ) -> list[list[Judged]]:
        """Return what the model makes of each part's cases; raises `SetupError`."""
        ...


@dataclass(slots=True)
class _Bar:
    """How far the running training is; written down with every beat."""

    state: JobState = JobState.TRAINING
    step: str = "preparing"
    progress: int = 1


class Trainer:
    """Takes trainings from the line and runs them, one at a time."""

    def __init__(
        self,
        db: Database,
        clock: Clock,
        *,
        models: Models,
        articles: Articles,
        examiner: ExaminePort,
        train: TrainPort,
        ready: Callable[[], bool],
        cache: Path,
    ) -> None:
        self._db = db
        self._clock = clock
        self._models = models
        self._files: ModelFiles = models.files
        self._articles = articles
        self._examiner = examiner
        self._train = train
        self._ready = ready
        self._cache = cache

    async def clean_up(self, *, starting: bool = False) -> None:
        """Mark trainings of processes that have ended as failed.

        Args:
            starting: this gateway has just started. On the embedded store it is the only one, so that
                whatever runs there is dead.
        """

        if not await self._db.read(repository.has_active_job):
            return

        def step(tx: Tx) -> list[str]:
            return repository.fail_dead_jobs(
                tx,
                now=self._clock.now(),
                holder=self._models.gateway,
                alone=starting and self._db.dialect == "sqlite",
                error=DEAD,
            )

        for job_id in await self._db.write(step):
            log.warning("learning.training_interrupted", job=job_id)

    async def run_next(self) -> bool:
        """Run the training that waits, to its end; False when there is none for this gateway."""
        if not await self._db.read(repository.has_active_job) or not self._ready():
            return False
        now = self._clock.now()
        job_id = await self._db.write(
            lambda tx: repository.claim_job(
                tx, holder=self._models.gateway, now=now, until=now + LEASE
            )
        )
        if job_id is None:
            return False
        log.info("learning.training_started", job=job_id)
        bar = _Bar()
        work = asyncio.create_task(self._run(job_id, bar))
        try:
            while not work.done():
                await asyncio.wait({work}, timeout=BEAT_SECONDS)
                if not work.done() and not await self._beat(job_id, bar):
                    work.cancel()  # somebody ended it
            with contextlib.suppress(asyncio.CancelledError):
                await work
        except (SetupError, FrontlineError, OSError) as error:
            await self._fail(job_id, str(error))
        except Exception as error:
            await self._fail(job_id, type(error).__name__)
            raise
        finally:
            if not work.done():
                work.cancel()
                await asyncio.gather(work, return_exceptions=True)
        return True

    async def _beat(self, job_id: str, bar: _Bar) -> bool:
        now = self._clock.now()
        return await self._db.write(
            lambda tx: repository.update_job(
                tx,
                job_id,
                holder=self._models.gateway,
                state=bar.state.value,
                step=bar.step,
                progress=bar.progress,
                lease_until=now + LEASE,
            )
        )

    async def _fail(self, job_id: str, error: str) -> None:
        log.warning("learning.training_failed", job=job_id, error=error[-400:])

        def step(tx: Tx) -> None:
            repository.end_job(
                tx, job_id, holder=self._models.gateway, state=JobState.FAILED,
                now=self._clock.now(), error=error[:4000],
            )  # fmt: skip
            tx.announce(TOPIC, {"job": job_id})

        await self._db.write(step)

    # ---------------------------------------------------------------------------------- steps

    async def _run(self, job_id: str, bar: _Bar) -> None:
        job = await self._models.job(job_id)
        accepted = await self._db.read(repository.accepted)
        rendered = rendering.render(accepted)
        base = await asyncio.to_thread(data_hash)
        model_id = await asyncio.to_thread(data_hash, rendered)
        current = await self._models.serving()
        model = await self._db.read(lambda conn: repository.find_model(conn, model_id))
        if model is None or not model.kept:
            path = await self._trained(model_id, rendered, bar)
            model = await self._stored(model_id, base, rendered, path, by=job.created_by)
        path = await self._files.fetch(model)
        report = await self._measured(model, path, current, accepted, bar)

        def step(tx: Tx) -> None:
            for name in ("new", "current"):
                part = report.get(name)
                if part is not None:
                    repository.save_scores(
                        tx, part["model"], part["figures"], measured_with=report["measured_with"]
                    )
            ended = repository.end_job(
                tx, job_id, holder=self._models.gateway, state=JobState.DONE,
                now=self._clock.now(), step="done", progress=100, model_id=model_id,
                report=report,
            )  # fmt: skip
            if ended:
                gone = to_forget(
                    repository.list_models(tx.conn), serving=repository.serving_ids(tx.conn)
                )
                repository.forget_files(tx, gone)
            tx.announce(TOPIC, {"job": job_id})

        await self._db.write(step)
        await self.tidy()
        log.info("learning.training_done", job=job_id, model=model_id)

    async def _trained(self, model_id: str, rendered: str, bar: _Bar) -> Path:
        target = self._files.path(model_id)
        target.parent.mkdir(parents=True, exist_ok=True)
        bar.state = JobState.TRAINING
        loop = asyncio.get_running_loop()
        started = loop.time()

        def told(step: str, _: float | None) -> None:
            bar.step = step if step in {"loading", "training"} else bar.step

        work = asyncio.create_task(
            self._train(
                target, examples=rendered, progress=told, background=True, cache=self._cache
            )
        )
        try:
            while not work.done():
                await asyncio.wait({work}, timeout=1)
                share = min(1.0, (loop.time() - started) / TYPICAL_SECONDS)
                bar.progress = max(bar.progress, round(2 + share * (TRAINED_AT - 5)))
        finally:
            if not work.done():
                work.cancel()
                await asyncio.gather(work, return_exceptions=True)
        await work
        return target

    async def _stored(
        self, model_id: str, base: str, rendered: str, path: Path, *, by: str | None
    ) -> Model:
        data = await asyncio.to_thread(path.read_bytes)
        model = Model(
            id=model_id,
            base_hash=base,
            origin=Origin.TRAINING,
            examples=rendered,
            example_count=rendering.count(rendered),
            size=len(data),
            sha256=hashlib.sha256(data).hexdigest(),
            scores=None,
            measured_with=None,
            kept=True,
            created_by=by,
            created_by_name=None,
            created_at=self._clock.now(),
        )
        await self._db.write(lambda tx: repository.save_model(tx, model, data))
        return model

    async def _measured(
        self,
        model: Model,
        path: Path,
        current: Model | None,
        accepted: Sequence[Example],
        bar: _Bar,
    ) -> dict[str, Any]:
        """Measure the new model and the one that serves, on the same messages."""
        bar.state, bar.step, bar.progress = JobState.EVALUATING, "measuring_new", TRAINED_AT
        told = await asyncio.to_thread(held_out, accepted)
        parts = [
            told,
            golden_cases(await self._golden()),
            questions(await self._titles()),
            learned_cases(accepted),
        ]
        both = current is not None and current.kept and current.id != model.id
        middle = (TRAINED_AT + MEASURED_AT) / 2 if both else MEASURED_AT

        def first(share: float) -> None:
            bar.progress = round(TRAINED_AT + share * (middle - TRAINED_AT))

        def second(share: float) -> None:
            bar.progress = round(middle + share * (MEASURED_AT - middle))

        report: dict[str, Any] = {"measured_with": digest_of(told), "messages": len(told)}
        results = await self._examiner.examine(path, parts, progress=first)
        report["new"] = {"model": model.id, "figures": figures(results)}
        report["current"], report["worse"] = None, []
        if both and current is not None:
            bar.step = "measuring_current"
            results = await self._examiner.examine(
                await self._files.fetch(current), parts, progress=second
            )
            report["current"] = {"model": current.id, "figures": figures(results)}
            found = worse(report["new"]["figures"], report["current"]["figures"])
            report["worse"] = [_as_json(item) for item in found]
        return report

    async def _titles(self) -> list[tuple[str, str, str]]:
        found = await self._articles.list_articles(Filter(state=State.PUBLISHED, limit=500))
        # In a fixed order, whatever was edited last.
        return sorted((a.key, a.locale, a.title) for a in found)

    async def _golden(self) -> list[Golden]:
        found = await self._db.read(golden_repository.list_golden)
        published = await self._articles.published_keys(sorted({one.key for one in found}))
        return [one for one in found if one.key in published]

    async def tidy(self) -> None:
        """Remove this gateway's copies of models that are no longer kept."""

        def kept(conn: sa.Connection) -> set[str]:
            return {model.id for model in repository.list_models(conn) if model.kept}

        keep = await self._db.read(kept)
        await asyncio.to_thread(self._files.tidy, keep)


def _as_json(item: Worse) -> dict[str, Any]:
    return {"what": item.what, "new": item.new, "current": item.current}
