"""Training, promoting and going back, with programs that only pretend to train."""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from bot.dialogue.rasa_client import BadModelFile
from bot.evaluation.cases import Case, Judged
from bot.kit.clock import FixedClock
from bot.kit.db import Database
from bot.kit.errors import Conflict, Invalid, SetupError, Unavailable
from bot.kit.ids import new_id
from bot.learning import models as models_module
from bot.learning.model import JobState
from bot.learning.models import Models
from bot.learning.tables import JobRow
from bot.learning.trainer import DEAD, LEASE, Trainer
from bot.staff.account import Role
from tests.bot.learning.world import UNSURE, World, world_on

ADMIN = new_id()


def read(path: Path | str) -> str:
    return Path(path).read_text()


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


@dataclass
class FakeHosts:
    """Rasa hosts that note what they are told to load."""

    serve: list[str | None] = field(default_factory=lambda: ["", ""])
    broken: set[str] = field(default_factory=set)
    loads: list[tuple[int, str]] = field(default_factory=list)

    def ready_hosts(self) -> list[int]:
        return [n for n, model in enumerate(self.serve) if model is not None]

    async def model_of(self, number: int) -> str:
        return self.serve[number] or ""

    async def load_model(self, number: int, path: str) -> str:
        name = Path(path).name.removesuffix(".tar.gz")
        if read(path) in self.broken:
            raise BadModelFile("the file is no model")
        self.loads.append((number, name))
        self.serve[number] = name
        return name


@dataclass
class Workshop:
    """One gateway's models and trainer, with training and measuring played."""

    db: Database
    clock: FixedClock
    models: Models
    hosts: FakeHosts
    trainer: Trainer
    accuracy: dict[str, float] = field(default_factory=dict)
    """By file content; 1.0 when not said."""
    trained: list[str] = field(default_factory=list)
    """The examples of every training."""
    training: asyncio.Event = field(default_factory=asyncio.Event)
    """Set once a training has begun."""
    hold: asyncio.Event | None = None
    failing: str | None = None

    async def train(
        self,
        target: Path,
        *,
        examples: str,
        progress: Callable[[str, float | None], None],
        background: bool,
        cache: Path,
    ) -> None:
        assert background
        progress("training", 1.0)
        self.trained.append(examples)
        self.training.set()
        if self.hold is not None:
            await self.hold.wait()
        if self.failing:
            raise SetupError(self.failing)
        write(target, f"model {len(self.trained)}")

    async def examine(
        self, model: Path, parts: Sequence[Sequence[Case]], *, progress: Callable[[float], None]
    ) -> list[list[Judged]]:
        right = self.accuracy.get(read(model), 1.0)
        progress(1.0)
        return [
            [
                Judged(
                    case,
                    case.expect[0] if number < right * len(part) else "never",
                    0.9,
                    "x",
                    case.articles,
                    0.001,
                )
                for number, case in enumerate(part)
            ]
            for part in parts
        ]


def workshop(db: Database, clock: FixedClock, folder: Path, articles: Any) -> Workshop:
    hosts = FakeHosts()
    models = Models(db, clock, hosts=hosts, folder=folder / "models", place=folder.name)
    made = Workshop(db, clock, models, hosts, None)  # type: ignore[arg-type]  # set below
    made.trainer = Trainer(
        db, clock, models=models, articles=articles, examiner=made, train=made.train,
        ready=lambda: True, cache=folder / "cache",
    )  # fmt: skip
    return made


@dataclass
class Bench:
    """A world with the workshop of its gateway, and the ones of further gateways."""

    world: World
    shop: Workshop
    folder: Path
    clock: FixedClock

    def another(self, name: str) -> Workshop:
        """Return the workshop of another gateway on the same store."""
        services = self.world.services
        return workshop(services.db, self.clock, self.folder / name, services.articles)

    async def accept(self, text: str, intent: str = "order_status") -> None:
        """Accept an example."""
        await self.world.say(text, UNSURE)
        await self.world.collect()
        item = next(i for i in await self.world.items() if i["text"] == text)
        status, answer = await self.world.review(item, verdict="intent", intent=intent)
        assert status == 200, answer

    async def train(self, shop: Workshop | None = None) -> Any:
        """Train to the end and return the job."""
        self.clock.advance(timedelta(minutes=1))
        shop = shop or self.shop
        job = await shop.models.start_training(actor=ADMIN)
        assert await shop.trainer.run_next()
        return await shop.models.job(job.id)


@pytest.fixture(params=["sqlite", "postgresql"])
async def bench(
    request: pytest.FixtureRequest,
    tmp_path: Path,
    clock: FixedClock,
    monkeypatch: pytest.MonkeyPatch,
) -> AsyncIterator[Bench]:
    def own_hash(examples: str = "") -> str:
        return hashlib.sha256(f"release {examples}".encode()).hexdigest()[:16]

    async def release(*, progress: Any, train: bool) -> Path:
        path = tmp_path / "release" / f"{own_hash()}.tar.gz"
        write(path, "release")
        return path

    monkeypatch.setattr(models_module, "_own_model", release)
    monkeypatch.setattr(models_module, "data_hash", own_hash)
    monkeypatch.setattr("bot.learning.trainer.data_hash", own_hash)
    async with world_on(request.param, tmp_path / "var") as world:
        db, articles = world.services.db, world.services.articles
        shop = workshop(db, clock, tmp_path / "one", articles)
        yield Bench(world, shop, tmp_path, clock)


async def test_the_release_is_registered_and_served(bench: Bench) -> None:
    path = await bench.shop.models.prepare(progress=print)
    assert read(path) == "release"
    found = await bench.shop.models.overview()
    assert [m.id for m in found.models] == [found.serving]
    assert found.models[0].origin == "release"
    # A second gateway with the same program finds it, and its file, in the store.
    other = bench.another("two")
    assert read(await other.models.prepare(progress=print)) == "release"
    assert len((await other.models.overview()).promotions) == 1


async def test_what_was_accepted_is_trained_measured_and_promoted_everywhere(bench: Bench) -> None:
    one, two = bench.shop, bench.another("two")
    release = (await one.models.prepare(progress=print)).name.removesuffix(".tar.gz")
    await two.models.prepare(progress=print)
    for shop in (one, two):
        assert await shop.models.follow()
    await bench.accept("kd minhas coisinha")
    assert (await one.models.overview()).new_count == 1
    job = await bench.train()
    assert (job.state, job.progress, job.error) == (JobState.DONE, 100, None)
    assert "kd minhas coisinha" in one.trained[0]
    report = job.report
    assert report["new"]["model"] == job.model_id
    assert report["current"]["model"] == release
    assert report["new"]["figures"]["learned"] == 1
    assert report["messages"] > 1000
    assert report["worse"] == []

    promotion = await one.models.promote(job.model_id, actor=ADMIN)
    assert not promotion.forced
    for shop in (one, two):
        assert await shop.models.follow()
        assert shop.hosts.serve == [job.model_id, job.model_id]
        assert read(shop.models.path_to_load()) == "model 1"
    found = await two.models.overview()
    assert (found.serving, found.new_count) == (job.model_id, 0)
    assert {(h.place, h.number, h.model) for h in found.hosts} == {
        (place, n, job.model_id) for place in ("one", "two") for n in (0, 1)
    }
    # Each host loaded it once, and a gateway that starts later begins with it.
    assert [load for load in one.hosts.loads if load[1] == job.model_id] == [
        (0, job.model_id),
        (1, job.model_id),
    ]
    third = bench.another("three")
    assert read(await third.models.prepare(progress=print)) == "model 1"


async def test_a_worse_model_needs_somebody_who_insists_and_says_why(bench: Bench) -> None:
    shop = bench.shop
    release = (await shop.models.prepare(progress=print)).name.removesuffix(".tar.gz")
    await shop.models.follow()
    await bench.accept("kd")
    shop.accuracy["model 1"] = 0.9
    job = await bench.train()
    assert {w["what"] for w in job.report["worse"]} >= {"accuracy"}
    with pytest.raises(Conflict) as refused:
        await shop.models.promote(job.model_id, actor=ADMIN)
    assert refused.value.code == "worse"
    problems = refused.value.extra["problems"]
    assert isinstance(problems, list)
    assert "accuracy" in {p["what"] for p in problems}
    with pytest.raises(Invalid):
        await shop.models.promote(job.model_id, actor=ADMIN, force=True, reason="  ")
    assert (await shop.models.overview()).serving == release
    done = await shop.models.promote(job.model_id, actor=ADMIN, force=True, reason="a feast day")
    assert (done.forced, done.reason) == (True, "a feast day")
    # Back to what served before: no questions, and twice is once.
    back = await shop.models.promote(release, actor=ADMIN)
    assert not back.forced
    assert await shop.models.follow()
    assert shop.hosts.serve == [release, release]
    with pytest.raises(Conflict) as again:
        await shop.models.promote(release, actor=ADMIN)
    assert again.value.code == "serving"


async def test_a_model_that_cannot_be_loaded_is_never_promoted(bench: Bench) -> None:
    shop = bench.shop
    await shop.models.prepare(progress=print)
    await shop.models.follow()
    before = list(shop.hosts.serve)
    await bench.accept("kd")
    job = await bench.train()
    shop.hosts.broken = {"model 1"}
    with pytest.raises(Conflict) as refused:
        await shop.models.promote(job.model_id, actor=ADMIN)
    assert refused.value.code == "not_loadable"
    shop.hosts.serve = [None, None]
    with pytest.raises(Unavailable):
        await shop.models.promote(job.model_id, actor=ADMIN)
    shop.hosts.serve = list(before)
    assert await shop.models.follow()
    assert shop.hosts.serve == before


async def test_another_gateways_host_that_fails_is_shown_and_goes_on(bench: Bench) -> None:
    one, two = bench.shop, bench.another("two")
    await one.models.prepare(progress=print)
    await two.models.prepare(progress=print)
    await one.models.follow()
    await two.models.follow()
    served = list(two.hosts.serve)
    await bench.accept("kd")
    job = await bench.train()
    two.hosts.broken = {"model 1"}
    await one.models.promote(job.model_id, actor=ADMIN)
    assert not await two.models.follow()
    assert two.hosts.serve == served
    hosts = [h for h in (await one.models.overview()).hosts if h.place == "two"]
    assert [h.error for h in hosts] == ["the file is no model"] * 2


async def test_only_one_training_at_a_time(bench: Bench) -> None:
    shop = bench.shop
    await shop.models.prepare(progress=print)
    await bench.accept("kd")
    shop.hold = asyncio.Event()
    job = await shop.models.start_training(actor=ADMIN)
    other = bench.another("two")
    with pytest.raises(Conflict) as refused:
        await other.models.start_training(actor=ADMIN)
    assert refused.value.code == "training_runs"
    running = asyncio.create_task(shop.trainer.run_next())
    await shop.training.wait()
    assert not await other.trainer.run_next()
    shop.hold.set()
    assert await running
    assert (await shop.models.job(job.id)).state is JobState.DONE
    assert not await shop.trainer.run_next()


async def test_a_failed_training_says_why_and_can_be_started_again(bench: Bench) -> None:
    shop = bench.shop
    await shop.models.prepare(progress=print)
    await bench.accept("kd")
    shop.failing = "Training Rasa failed:\n  no space left"
    job = await bench.train()
    assert job.state is JobState.FAILED
    assert "no space left" in (job.error or "")
    shop.failing = None
    assert (await bench.train()).state is JobState.DONE


async def test_a_training_of_a_dead_process_is_marked_and_can_be_started_again(
    bench: Bench,
) -> None:
    dead = bench.another("dead")
    await dead.models.prepare(progress=print)
    await bench.accept("kd")
    job = await dead.models.start_training(actor=ADMIN)
    dead.hold = asyncio.Event()
    running = asyncio.create_task(dead.trainer.run_next())
    await dead.training.wait()
    shop = bench.shop
    await shop.trainer.clean_up()
    assert (await shop.models.job(job.id)).state is JobState.TRAINING, "it is alive"
    bench.clock.advance(LEASE + timedelta(seconds=1))
    # On the embedded store a starting gateway need not wait for the lease: it is alone.
    await shop.trainer.clean_up(starting=True)
    ended = await shop.models.job(job.id)
    assert (ended.state, ended.error) == (JobState.FAILED, DEAD)
    # The one that was thought dead notices, and changes nothing any more.
    dead.hold.set()
    await running
    assert (await shop.models.job(job.id)).error == DEAD
    assert (await bench.train()).state is JobState.DONE


async def test_a_restart_on_the_embedded_store_fails_what_ran_at_once(bench: Bench) -> None:
    before = bench.another("before")
    await before.models.prepare(progress=print)
    job = await before.models.start_training(actor=ADMIN)

    def claimed(tx: Any) -> None:
        now = bench.clock.now()
        tx.conn.execute(
            sa.update(JobRow).values(
                state="training", holder="gone", started_at=now, lease_until=now + LEASE
            )
        )

    await before.db.write(claimed)
    await bench.shop.trainer.clean_up(starting=True)
    state = (await bench.shop.models.job(job.id)).state
    single = before.db.dialect == "sqlite"
    assert state is (JobState.FAILED if single else JobState.TRAINING)


async def test_a_training_can_be_ended_by_hand(bench: Bench) -> None:
    shop = bench.shop
    await shop.models.prepare(progress=print)
    await bench.accept("kd")
    shop.hold = asyncio.Event()
    job = await shop.models.start_training(actor=ADMIN)
    running = asyncio.create_task(shop.trainer.run_next())
    await shop.training.wait()
    ended = await shop.models.cancel_training(job.id, actor=ADMIN)
    assert (ended.state, ended.error) == (JobState.FAILED, "cancelled")
    assert await running
    assert (await shop.models.cancel_training(job.id, actor=ADMIN)).error == "cancelled"
    shop.hold = None
    assert (await bench.train()).state is JobState.DONE


async def test_a_new_release_takes_along_what_was_learned(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop = bench.shop
    await shop.models.prepare(progress=print)
    await shop.models.follow()
    await bench.accept("kd a entrega")
    job = await bench.train()
    await shop.models.promote(job.model_id, actor=ADMIN)

    def newer(examples: str = "") -> str:
        return hashlib.sha256(f"newer {examples}".encode()).hexdigest()[:16]

    carried: list[str] = []

    async def train(target: Path, *, examples: str, progress: Any) -> None:
        carried.append(examples)
        write(target, "newer model")

    monkeypatch.setattr(models_module, "data_hash", newer)
    monkeypatch.setattr(models_module, "train_model", train)
    updated = bench.another("updated")
    assert read(await updated.models.prepare(progress=print)) == "newer model"
    assert "kd a entrega" in carried[0]
    # The gateway that still runs the older program goes on with its own model.
    assert await shop.models.follow()
    assert shop.hosts.serve == [job.model_id, job.model_id]
    assert await updated.models.follow()
    # An older release's model comes back only when somebody insists.
    with pytest.raises(Conflict) as refused:
        await updated.models.promote(job.model_id, actor=ADMIN)
    assert refused.value.code == "worse"


async def test_the_newest_ten_files_are_kept_and_the_rest_remembered(bench: Bench) -> None:
    shop = bench.shop
    release = (await shop.models.prepare(progress=print)).name.removesuffix(".tar.gz")
    await shop.models.follow()
    for number in range(12):
        await bench.accept(f"kd {'abcdefghijklm'[number]}")
        await bench.train()
    found = (await shop.models.overview()).models
    assert len(found) == 13
    kept = {m.id for m in found if m.kept}
    assert len(kept) == 11
    assert release in kept, "it serves"
    gone = next(m for m in found if not m.kept)
    assert gone.scores is not None
    with pytest.raises(Conflict) as refused:
        await shop.models.promote(gone.id, actor=ADMIN)
    assert refused.value.code == "gone"
    assert not shop.models.files.path(gone.id).exists()


async def test_the_same_data_is_not_trained_twice(bench: Bench) -> None:
    shop = bench.shop
    await shop.models.prepare(progress=print)
    await bench.accept("kd")
    first = await bench.train()
    again = await bench.train()
    assert first.model_id == again.model_id
    assert len(shop.trained) == 1


async def test_routes_train_promote_and_show(bench: Bench) -> None:
    world = bench.world
    status, job = await world.ask(Role.ADMIN, "POST", "/learning/trainings")
    assert (status, job["state"]) == (202, "queued")
    status, problem = await world.ask(Role.ADMIN, "POST", "/learning/trainings")
    assert (status, problem["code"]) == (409, "training_runs")
    status, found = await world.ask(Role.EDITOR, "GET", f"/learning/trainings/{job['id']}")
    assert (status, found["created_by"]["name"]) == (200, "Admin")
    status, _ = await world.ask(Role.EDITOR, "POST", "/learning/trainings")
    assert status == 403
    status, ended = await world.ask(Role.ADMIN, "POST", f"/learning/trainings/{job['id']}/cancel")
    assert (status, ended["state"]) == (200, "failed")
    status, _ = await world.ask(Role.ADMIN, "POST", "/learning/models/nothing/promote")
    assert status == 404
    status, overview = await world.ask(Role.AUDITOR, "GET", "/learning/models")
    assert (status, overview["trainings"][0]["id"]) == (200, job["id"])
