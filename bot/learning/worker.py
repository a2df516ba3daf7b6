"""The background work of learning: collecting messages, running trainings, following promotions."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable

import structlog

from bot.kit.bus import Bus
from bot.kit.errors import FrontlineError, Unavailable
from bot.learning.collector import Collector
from bot.learning.models import TOPIC, Models
from bot.learning.trainer import Trainer

log = structlog.get_logger(__name__)
COLLECT_SECONDS = 5.0
FOLLOW_SECONDS = 2.0
TRAIN_SECONDS = 2.0


class LearningWorker:
    """Runs until it is cancelled."""

    def __init__(self, bus: Bus, *, collector: Collector, models: Models, trainer: Trainer) -> None:
        self._bus = bus
        self._collector = collector
        self._models = models
        self._trainer = trainer
        self._waiting = asyncio.Event()

    async def run(self) -> None:
        """Do all of it, side by side."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._listen())
            tasks.create_task(self._every(COLLECT_SECONDS, self._collect))
            tasks.create_task(self._every(FOLLOW_SECONDS, self._follow, self._models.changed))
            tasks.create_task(self._trainings())

    async def _listen(self) -> None:
        async with self._bus.subscribe(TOPIC) as hints:
            while True:
                await hints.get()
                self._models.changed.set()
                self._waiting.set()

    async def _collect(self) -> None:
        more = True
        while more:
            more = await self._collector.collect() > 0

    async def _follow(self) -> None:
        await self._models.follow()

    async def _trainings(self) -> None:
        with contextlib.suppress(Unavailable):
            await self._trainer.clean_up(starting=True)
        await self._every(TRAIN_SECONDS, self._train, self._waiting)

    async def _train(self) -> None:
        await self._trainer.clean_up()
        await self._trainer.run_next()

    async def _every(
        self,
        seconds: float,
        work: Callable[[], Awaitable[None]],
        hint: asyncio.Event | None = None,
    ) -> None:
        """Do `work` again and again: after so many seconds, or at once when there is a hint."""
        hint = hint or asyncio.Event()
        while True:
            hint.clear()
            try:
                await work()
            except Unavailable:
                log.warning("learning.store_unavailable", work=work.__name__)
            except (FrontlineError, OSError):
                log.exception("learning.work_failed", work=work.__name__)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(hint.wait(), seconds)
