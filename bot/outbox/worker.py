"""Delivers replies to channels that must be pushed to: claim, pace, send, settle.

Rows of the outbox are the line; hints on the topic "outbox" and a poll each second only say when to
look. Claims are short and renewed while their holder lives, so that another gateway soon takes over
from one that died; on the embedded store, which has one gateway, the next start does. A crash between
the channel's answer and the commit that records it means one duplicate at most.
"""

import asyncio
import random
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from bot.conversations import repository
from bot.conversations.conversation import Conversation, Message
from bot.kit.bus import Bus
from bot.kit.clock import Clock
from bot.kit.db import Database, Tx
from bot.kit.errors import FrontlineError
from bot.kit.ids import new_id
from bot.outbox.channel import ChannelSender, DeliveryProblem, Sent, UnknownOutcome
from bot.outbox.delivery import Delivered, GiveUp, Next, TryAgain, plan_next

log = structlog.get_logger(__name__)
TOPIC = "outbox"
POLL_SECONDS = 1.0
CLAIM_SECONDS = 12.0
RENEW_SECONDS = 3.0
"""Well inside the claim: a renewal or two may fail before somebody else starts the same delivery."""
SEND_SECONDS = 60.0
"""Longest single delivery."""
SENDING = 20
"""Requests to a channel at the same time."""
CLAIMED = 200
"""Replies held at the same time, those that wait for their chat's pace included."""
ROUND = 50
"""Replies claimed in one transaction."""
DRAIN_SECONDS = 5.0
SETTLE_TRIES = 5


@dataclass(frozen=True, slots=True)
class Job:
    """One claimed reply."""

    outbox_id: str
    attempts: int
    message: Message
    conversation: Conversation
    until: datetime
    """End of the claim unless it is renewed."""


class OutboxWorker:
    """Runs until closed: one delivery at a time in a conversation, many conversations at once."""

    def __init__(
        self,
        db: Database,
        clock: Clock,
        bus: Bus,
        senders: Iterable[ChannelSender],
        *,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self._db = db
        self._clock = clock
        self._bus = bus
        self._senders = {sender.name: sender for sender in senders}
        self._jitter = jitter
        self._holder = new_id()
        self._slots = asyncio.Semaphore(SENDING)
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._current: dict[str, str] = {}
        """Conversation to the reply that its task is about."""
        self._following: dict[str, Job] = {}
        """Claimed while the conversation's task was about to end."""
        self._held_until: datetime | None = None
        """What is claimed was last renewed until then."""
        self._wake = asyncio.Event()
        self._closing = asyncio.Event()
        self._ended = asyncio.Event()
        self._ended.set()

    async def run(self) -> None:
        """Deliver until `close` is called or the task is cancelled."""
        self._ended.clear()
        try:
            async with self._bus.subscribe(TOPIC) as hints:
                forward = asyncio.create_task(self._listen(hints))
                renew = asyncio.create_task(self._renew())
                try:
                    await self._take_over()
                    while not self._closing.is_set():
                        self._wake.clear()
                        await self._start_due()
                        await self._wait_for_work()
                    await self._drain()
                finally:
                    forward.cancel()
                    renew.cancel()
                    await asyncio.gather(forward, renew, return_exceptions=True)
        finally:
            self._following.clear()
            for task in list(self._tasks.values()):
                task.cancel()
            self._ended.set()

    async def close(self) -> None:
        """Finish what is being sent (5 s at most), give the rest back, and end `run`."""
        self._closing.set()
        self._wake.set()
        await self._ended.wait()

    async def _listen(self, hints: "asyncio.Queue[tuple[str, dict[str, object]]]") -> None:
        while True:
            await hints.get()
            self._wake.set()

    async def _take_over(self) -> None:
        """Release what an earlier life held: on the embedded store there is nobody else."""
        if self._db.dialect == "sqlite":
            with suppress(FrontlineError):  # the claims run out by themselves
                await self._db.write(repository.release_all_claims)

    async def _renew(self) -> None:
        while True:
            await asyncio.sleep(RENEW_SECONDS)
            if not self._tasks:
                continue
            until = self._clock.now() + timedelta(seconds=CLAIM_SECONDS)
            try:
                await self._db.write(
                    lambda tx, until=until: repository.renew_claims(  # type: ignore[misc]
                        tx, holder=self._holder, until=until
                    )
                )
            except FrontlineError as error:
                log.warning("outbox.claims_not_renewed", error=error.code)
            else:
                self._held_until = until

    async def _wait_for_work(self) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(POLL_SECONDS):
                await self._wake.wait()

    async def _start_due(self) -> None:
        """Claim what is due and start one task for each; a store that is away costs one round."""
        for channel in self._senders:
            room = CLAIMED - len(self._tasks)
            if room <= 0:
                return
            now = self._clock.now()
            until = now + timedelta(seconds=CLAIM_SECONDS)
            try:
                claimed = await self._db.write(
                    lambda tx, channel=channel, now=now, until=until, room=room: (  # type: ignore[misc]
                        repository.claim_due(
                            tx,
                            channel=channel,
                            holder=self._holder,
                            now=now,
                            until=until,
                            limit=min(room, ROUND),
                        )
                    )
                )
            except FrontlineError as error:
                log.warning("outbox.store_unavailable", error=error.code)
                return
            if len(claimed) == min(room, ROUND):
                self._wake.set()  # there may be more
            for outbox_id, attempts, message, conversation in claimed:
                job = Job(outbox_id, attempts, message, conversation, until)
                if conversation.id not in self._tasks:
                    self._start(job)
                elif self._current[conversation.id] != outbox_id:
                    # The one before is settled in the database, its task about to end.
                    self._following[conversation.id] = job
                # Else our own claim ran out under a delivery that still goes on.

    def _start(self, job: Job) -> None:
        key = job.conversation.id
        task = asyncio.create_task(self._deliver(job), name=f"outbox {job.outbox_id}")
        self._tasks[key] = task
        self._current[key] = job.outbox_id

        def ended(done: asyncio.Task[None]) -> None:
            del self._tasks[key], self._current[key]
            if (following := self._following.pop(key, None)) is not None:
                self._start(following)
            self._wake.set()  # the conversation's next reply may be due now
            if not done.cancelled() and (error := done.exception()) is not None:
                log.error("outbox.delivery_crashed", outbox_id=job.outbox_id, exc_info=error)

        task.add_done_callback(ended)

    async def _deliver(self, job: Job) -> None:
        sender = self._senders[job.conversation.channel]
        sending = False
        if self._closing.is_set():
            await self._release(job)
            return
        try:
            await sender.pacer.wait(job.conversation.id)
            async with self._slots:
                if self._clock.now() >= max(job.until, self._held_until or job.until):
                    await self._release(job)  # renewing failed: somebody may have taken it over
                    return
                sending = True
                outcome = await self._send(sender, job)
        except asyncio.CancelledError:
            if not sending:
                await self._release(job)
            raise
        age = self._clock.now() - job.message.created_at
        plan = plan_next(outcome, attempts=job.attempts, age=age, jitter=self._jitter())
        self._report(job, plan)
        await self._settle(job, plan)

    async def _send(self, sender: ChannelSender, job: Job) -> Sent | Exception:
        try:
            async with asyncio.timeout(SEND_SECONDS):
                return await sender.send(job.message, job.conversation)
        except DeliveryProblem as problem:
            return problem
        except TimeoutError:
            return UnknownOutcome(f"no answer within {SEND_SECONDS:.0f} s")
        except Exception as error:  # the worker must survive a fault in a channel
            log.exception("outbox.sender_failed", outbox_id=job.outbox_id)
            return error

    async def _settle(self, job: Job, plan: Next) -> None:
        """Record the outcome; a store that is away for a moment must not cost a duplicate."""
        for attempt in range(SETTLE_TRIES):
            try:
                await self._db.write(lambda tx: self._store(tx, job, plan))
                return
            except FrontlineError as error:
                log.warning("outbox.settle_failed", outbox_id=job.outbox_id, error=error.code)
                with suppress(TimeoutError):
                    async with asyncio.timeout(2.0**attempt):
                        await self._closing.wait()
        log.error("outbox.not_recorded", outbox_id=job.outbox_id, plan=type(plan).__name__)

    def _store(self, tx: Tx, job: Job, plan: Next) -> None:
        now = self._clock.now()
        match plan:
            case Delivered(external_id=external_id):
                repository.mark_sent(tx, job.outbox_id, external_id=external_id)
            case TryAgain(after_seconds=seconds, reason=reason, new_address=address):
                if address is not None:
                    merged = {**job.conversation.address, **address}
                    repository.set_address(tx, job.conversation.id, merged)
                due_at = now + timedelta(seconds=seconds)
                repository.retry_at(tx, job.outbox_id, due_at=due_at, error=reason)
            case GiveUp(reason=reason, blocked=blocked):
                if blocked:
                    repository.set_unreachable(tx, job.conversation.id, now)
                repository.mark_failed(tx, job.outbox_id, error=reason)

    def _report(self, job: Job, plan: Next) -> None:
        ids = {"conversation_id": job.conversation.id, "message_id": job.message.id}
        match plan:
            case Delivered(doubt=None):
                log.debug("outbox.sent", **ids)
            case Delivered(doubt=doubt):
                log.warning(
                    "outbox.outcome_unknown",
                    reason=doubt,
                    hint="The channel's answer was lost. Counted as sent: the customer has the "
                    "message once, or, less likely, not at all.",
                    **ids,
                )
            case TryAgain(after_seconds=seconds, reason=reason):
                log.info("outbox.retry", reason=reason, after_seconds=round(seconds, 1), **ids)
            case GiveUp(reason=reason, blocked=blocked):
                log.warning("outbox.given_up", reason=reason, blocked=blocked, **ids)

    async def _release(self, job: Job) -> None:
        with suppress(FrontlineError):  # the claim runs out by itself
            await self._db.write(
                lambda tx: repository.release_claim(tx, job.outbox_id, holder=self._holder)
            )

    async def _drain(self) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(DRAIN_SECONDS):
                while self._tasks:
                    await asyncio.wait(list(self._tasks.values()))
        late = list(self._tasks.values())
        for task in late:
            task.cancel()
        await asyncio.gather(*late, return_exceptions=True)
        if late:
            log.warning("outbox.not_drained", deliveries=len(late))
