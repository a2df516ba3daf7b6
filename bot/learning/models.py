"""Which model serves: prepared at the start, promoted by admins, followed by every gateway.

The newest promotion in the store is the truth. A gateway's hosts are made to serve with it: at once
when they start, by a swap while they run. A gateway of another release, with other training data of
its own, goes on with its own promotions.
"""

import asyncio
import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Protocol

import sqlalchemy as sa
import structlog

from bot.dialogue.rasa_client import BadModelFile, RasaDown
from bot.kit.clock import Clock
from bot.kit.db import Database, Tx
from bot.kit.errors import Conflict, Invalid, NotFound, SetupError, Unavailable
from bot.kit.ids import new_id
from bot.learning import examples, repository
from bot.learning.files import ModelFiles
from bot.learning.model import Job, Model, Origin, Promotion, Worse, objections
from bot.learning.repository import HostReport
from bot.rasa.training import ENDING, data_hash, ensure_model, model_path, train_model
from bot.staff.audit import record

log = structlog.get_logger(__name__)
Progress = Callable[[str], None]
TOPIC = "learning"
"""Hints that a promotion or a training changed."""
HEARD_OF = timedelta(seconds=60)
"""Gateways that said nothing for so long are not shown."""
REPORT_EVERY = timedelta(seconds=15)


class Hosts(Protocol):
    """The Rasa hosts of this gateway."""

    def ready_hosts(self) -> list[int]:
        """Return the numbers of the hosts that serve."""
        ...

    async def model_of(self, number: int) -> str:
        """Return the name of the model that a host serves with; raises `RasaDown`."""
        ...

    async def load_model(self, number: int, path: str) -> str:
        """Make a host serve with another model; raises `BadModelFile`, `RasaDown`."""
        ...


@dataclass(frozen=True, slots=True)
class Overview:
    """Everything the page shows."""

    base_hash: str
    serving: str | None
    models: list[Model]
    promotions: list[Promotion]
    jobs: list[Job]
    hosts: list[HostReport]
    example_count: int
    """Accepted examples now."""
    new_count: int
    """Of these, how many the serving model does not know yet."""


class Models:
    """Models of this store and the hosts of this gateway."""

    def __init__(
        self, db: Database, clock: Clock, *, hosts: Hosts, folder: Path, place: str
    ) -> None:
        self._db = db
        self._clock = clock
        self._hosts = hosts
        self._place = place
        self._base: str | None = None
        self._path: Path | None = None
        self._swapping = asyncio.Lock()
        self._told: tuple[HostReport, ...] = ()
        self._errors: dict[tuple[int, str], str] = {}
        self.gateway = new_id()
        self.files = ModelFiles(db, folder)
        self.changed = asyncio.Event()
        """Set when there is something to follow at once."""

    async def base_hash(self) -> str:
        """Return the hash of the program's own training data, as it was when first asked for."""
        if self._base is None:
            self._base = await asyncio.to_thread(data_hash)
        return self._base

    def path_to_load(self) -> Path:
        """Return the file that a starting host loads.

        Raises:
            SetupError: `prepare` was not called.
        """
        if self._path is None:
            raise SetupError("No model is prepared.")
        return self._path

    async def serving(self) -> Model | None:
        """Return the model that this gateway should serve with, or None when none is registered."""
        base = await self.base_hash()
        return await self._db.read(lambda conn: _serving(conn, base))

    # ------------------------------------------------------------------------------- starting

    async def prepare(
        self, *, progress: Progress, train: bool = True, register: bool = True
    ) -> Path:
        """Return the file to start with: the promoted model, or one of the program's own data.

        When the program's own data changed, what the promoted model had learned goes along.

        Args:
            progress: told about long steps.
            train: whether a missing model may be trained.
            register: put a model that is not known yet into the store, and make it the one that
                serves.

        Raises:
            SetupError: training failed, or is needed and not allowed.
        """
        serving = await self.serving()
        if serving is not None and serving.kept:
            self._path = await self.files.fetch(serving)
            return self._path
        learned = await self._db.read(_learned)
        model_id = await asyncio.to_thread(data_hash, learned)
        known = await self._db.read(lambda conn: repository.find_model(conn, model_id))
        if known is not None and known.kept:
            path = await self.files.fetch(known)
        elif not train and not self.files.path(model_id).exists():
            path = await _own_model(progress=progress, train=False)
            learned = ""
        elif learned:
            path = await self._train_with(learned, model_id, progress)
        else:
            path = await _own_model(progress=progress, train=train)
        self._path = path
        if register:
            await self._register(path, learned)
            serving = await self.serving()
            if serving is not None:
                self._path = await self.files.fetch(serving)
        return self._path

    async def _train_with(self, learned: str, model_id: str, progress: Progress) -> Path:
        target = self.files.path(model_id)
        if target.exists():
            return target
        progress("training Rasa with what was learned (about half a minute)")
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            await train_model(target, examples=learned, progress=lambda step, seconds: None)
        except SetupError as error:
            # What was learned for another release must not keep this one from starting.
            log.warning("learning.carried_examples_failed", error=str(error)[-400:])
            return await _own_model(progress=progress, train=True)
        return target

    async def _register(self, path: Path, learned: str) -> None:
        base = await self.base_hash()
        model_id = path.name.removesuffix(ENDING)
        data = await asyncio.to_thread(path.read_bytes)
        model = Model(
            id=model_id,
            base_hash=base,
            origin=Origin.RELEASE,
            examples=learned if model_id != base else "",
            example_count=examples.count(learned) if model_id != base else 0,
            size=len(data),
            sha256=hashlib.sha256(data).hexdigest(),
            scores=None,
            measured_with=None,
            kept=True,
            created_by=None,
            created_by_name=None,
            created_at=self._clock.now(),
        )

        def step(tx: Tx) -> None:
            now = self._clock.now()
            repository.save_model(tx, model, data)
            if _serving(tx.conn, base) is None:
                repository.insert_promotion(
                    tx, model_id=model_id, base_hash=base, by=None, forced=False, reason=None,
                    now=now,
                )  # fmt: skip
                record(tx, None, "model.promote", "model", model_id, {"origin": "release"}, now)

        await self._db.write(step)

    # ------------------------------------------------------------------------------- following

    async def follow(self) -> bool:
        """Make this gateway's hosts serve with the promoted model; True when all of them do."""
        async with self._swapping:
            # Read inside: a promotion that has just ended must not be taken back by an older look.
            model = await self.serving()
            if model is None or not model.kept:
                return False
            path = self.files.path(model.id)
            if self._path != path:
                self._path = await self.files.fetch(model)
            reports = [
                await self._bring(number, model, path) for number in self._hosts.ready_hosts()
            ]
        await self._report(tuple(reports))
        return bool(reports) and all(report.model == model.id for report in reports)

    async def _bring(self, number: int, model: Model, path: Path) -> HostReport:
        name: str | None = None
        error: str | None = None
        try:
            name = await self._hosts.model_of(number)
            failed = self._errors.get((number, model.id))
            if name != model.id and failed is None:
                name = await self._hosts.load_model(number, str(path))
                log.info("learning.swapped", host=number, model=name)
            error = failed if name != model.id else None
        except BadModelFile as problem:
            # Tried once: the host goes on with what it has, and the page says so.
            error = self._errors[number, model.id] = str(problem)[:300]
            log.error("learning.swap_failed", host=number, model=model.id, error=error)
        except RasaDown as problem:
            error = str(problem)[:300]
        return HostReport(
            self.gateway, number, self._place, error is None, name, error, self._clock.now()
        )

    async def _report(self, reports: tuple[HostReport, ...]) -> None:
        def facts(report: HostReport) -> tuple[int, str | None, str | None]:
            return report.number, report.model, report.error

        now = self._clock.now()
        fresh = self._told and now - self._told[0].seen_at < REPORT_EVERY
        if fresh and [facts(r) for r in reports] == [facts(r) for r in self._told]:
            return
        self._told = reports
        await self._db.write(
            lambda tx: repository.save_hosts(
                tx, reports, gateway=self.gateway, old=now - HEARD_OF * 2
            )
        )

    # ------------------------------------------------------------------------------- promoting

    async def promote(
        self, model_id: str, *, actor: str, force: bool = False, reason: str | None = None
    ) -> Promotion:
        """Make a model the one that serves, on every host of every gateway.

        A model that served before comes back without questions; another one must be no worse than
        the present one on the held-out messages, or a person insists and says why.

        Raises:
            NotFound: there is no such model.
            Conflict: code "gone": its file is no longer kept; "serving": it serves already; "worse":
                `problems` says in what; "not_loadable": a host could not use it.
            Invalid: insisting needs a reason.
            Unavailable: no host of this gateway runs, so nothing can be tried.
        """
        base = await self.base_hash()
        model, current, before = await self._db.read(
            lambda conn: (
                repository.find_model(conn, model_id),
                _serving(conn, base),
                _served_before(conn, model_id, base),
            )
        )
        if model is None:
            raise NotFound("There is no such model.")
        if not model.kept:
            raise Conflict("The file of this model is no longer kept.", code="gone")
        if current is not None and current.id == model.id:
            raise Conflict("This model serves already.", code="serving")
        found = [] if before else objections(model, current, base_hash=base)
        if found and not force:
            raise Conflict(
                "It is not shown to be as good as the present model.",
                code="worse",
                problems=[_problem(worse) for worse in found],
            )
        if found and not (reason or "").strip():
            raise Invalid("Say why this model should serve all the same.", code="reason_missing")
        async with self._swapping:
            await self._try(model)
            promotion = await self._commit(model, base, actor, bool(found), reason, found)
            self._path = self.files.path(model.id)
        self.changed.set()
        log.info("learning.promoted", model=model.id, forced=bool(found))
        return promotion

    async def _try(self, model: Model) -> None:
        """Load the model on one host first: what can't be loaded is never promoted."""
        ready = self._hosts.ready_hosts()
        if not ready:
            raise Unavailable("The bot does not run at the moment; try again when it does.")
        path = await self.files.fetch(model)
        try:
            await self._hosts.load_model(ready[0], str(path))
        except BadModelFile as error:
            raise Conflict(
                f"This program can't use the model: {error}.", code="not_loadable"
            ) from error
        except RasaDown as error:
            raise Unavailable("The bot does not answer; nothing was changed.") from error

    async def _commit(
        self,
        model: Model,
        base: str,
        actor: str,
        forced: bool,
        reason: str | None,
        found: list[Worse],
    ) -> Promotion:
        def step(tx: Tx) -> Promotion:
            now = self._clock.now()
            repository.insert_promotion(
                tx, model_id=model.id, base_hash=base, by=actor, forced=forced,
                reason=(reason or "").strip()[:300] or None, now=now,
            )  # fmt: skip
            detail = {"forced": forced, "reason": reason, "worse": [w.what for w in found]}
            record(tx, actor, "model.promote", "model", model.id, detail, now)
            tx.announce(TOPIC, {"promoted": model.id})
            promotion = repository.last_promotion(tx.conn, base_hash=base)
            if promotion is None:  # it was inserted a moment ago
                raise NotFound("There is no such promotion.")
            return promotion

        return await self._db.write(step)

    # ------------------------------------------------------------------------------ trainings

    async def start_training(self, *, actor: str) -> Job:
        """Put a training in line; some gateway takes it.

        Raises:
            Conflict: code "training_runs": one is under way.
        """

        def step(tx: Tx) -> Job:
            now = self._clock.now()
            count = examples.count(examples.render(repository.accepted(tx.conn)))
            job_id = repository.insert_job(tx, by=actor, example_count=count, now=now)
            if job_id is None:
                raise Conflict("A training is under way already.", code="training_runs")
            record(tx, actor, "model.train", "training", job_id, {"examples": count}, now)
            tx.announce(TOPIC, {"job": job_id})
            return repository.get_job(tx.conn, job_id)

        return await self._db.write(step)

    async def cancel_training(self, job_id: str, *, actor: str) -> Job:
        """End a training that is under way; one that has ended stays as it is.

        Raises:
            NotFound: there is no such training.
        """

        def step(tx: Tx) -> Job:
            now = self._clock.now()
            repository.get_job(tx.conn, job_id)
            if repository.cancel_job(tx, job_id, error="cancelled", now=now):
                record(tx, actor, "model.train_cancel", "training", job_id, None, now)
                tx.announce(TOPIC, {"job": job_id})
            return repository.get_job(tx.conn, job_id)

        return await self._db.write(step)

    async def job(self, job_id: str) -> Job:
        """Return a training.

        Raises:
            NotFound: there is none with this id.
        """
        return await self._db.read(lambda conn: repository.get_job(conn, job_id))

    async def overview(self) -> Overview:
        """Return everything the page shows."""
        base = await self.base_hash()
        since = self._clock.now() - HEARD_OF

        def query(conn: sa.Connection) -> Overview:
            serving = _serving(conn, base)
            rendered = examples.render(repository.accepted(conn))
            known = set((serving.examples if serving else "").splitlines())
            return Overview(
                base_hash=base,
                serving=serving.id if serving else None,
                models=repository.list_models(conn, limit=50),
                promotions=repository.list_promotions(conn, limit=50),
                jobs=repository.list_jobs(conn, limit=5),
                hosts=repository.list_hosts(conn, since=since),
                example_count=examples.count(rendered),
                new_count=sum(
                    line.startswith("      - ") and line not in known
                    for line in rendered.splitlines()
                ),
            )

        return await self._db.read(query)


async def _own_model(*, progress: Progress, train: bool) -> Path:
    if train:
        return await ensure_model(progress=progress)
    path = await asyncio.to_thread(model_path)
    if not path.exists():
        raise SetupError("Rasa is not trained yet. Run `frontline train` once.")
    return path


def _serving(conn: sa.Connection, base_hash: str) -> Model | None:
    promotion = repository.last_promotion(conn, base_hash=base_hash)
    return repository.find_model(conn, promotion.model_id) if promotion else None


def _served_before(conn: sa.Connection, model_id: str, base_hash: str) -> bool:
    return any(
        p.model_id == model_id and p.base_hash == base_hash
        for p in repository.list_promotions(conn)
    )


def _learned(conn: sa.Connection) -> str:
    """Return what the model that was promoted last had learned."""
    promotion = repository.last_promotion(conn)
    model = repository.find_model(conn, promotion.model_id) if promotion else None
    return model.examples if model else ""


def _problem(worse: Worse) -> dict[str, str | float | None]:
    return {"what": worse.what, "new": worse.new, "current": worse.current}
