"""Replies leave once, in order, and survive failures and crashes: on both databases."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta

import pytest
import sqlalchemy as sa

from bot.conversations import repository
from bot.conversations.conversation import Author, Conversation, DeliveryState, Draft, Message
from bot.conversations.tables import ConversationRow, OutboxRow
from bot.kit.bus import LocalBus
from bot.kit.clock import FixedClock
from bot.kit.db import Database, Tx
from bot.outbox import worker as worker_module
from bot.outbox.channel import RetryLater, Sent, Undeliverable, UnknownOutcome
from bot.outbox.pace import Pacer, Rate
from bot.outbox.worker import OutboxWorker

FAST = Rate(per_second=100_000, burst=100_000)


class Channel:
    """A channel that records, and does what a test tells it to."""

    name = "telegram"

    def __init__(self) -> None:
        self.pacer = Pacer(each=FAST, overall=FAST)
        self.sent: list[str] = []
        self.started: list[str] = []
        self.outcomes: dict[str, list[Exception]] = defaultdict(list)
        self.gates: dict[str, asyncio.Event] = {}
        self.running: dict[str, int] = defaultdict(int)
        self.most_at_once = 0
        self.changed = asyncio.Condition()

    async def send(self, message: Message, conversation: Conversation) -> Sent:
        self.running[conversation.id] += 1
        assert self.running[conversation.id] == 1, "two deliveries at once in one conversation"
        self.most_at_once = max(self.most_at_once, sum(self.running.values()))
        try:
            self.started.append(message.text)
            await self._tell()
            if gate := self.gates.get(message.text):
                await gate.wait()
            if self.outcomes[message.text]:
                raise self.outcomes[message.text].pop(0)
            self.sent.append(message.text)
            return Sent(f"id {message.text}")
        finally:
            self.running[conversation.id] -= 1
            await self._tell()

    async def _tell(self) -> None:
        async with self.changed:
            self.changed.notify_all()

    async def until(self, condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(30), self.changed:
            await self.changed.wait_for(condition)


class Bench:
    """A worker, its channel, and what stands in the database."""

    def __init__(self, db: Database, clock: FixedClock, bus: LocalBus) -> None:
        self.db, self.clock, self.bus = db, clock, bus
        self.channel = Channel()
        self.worker = OutboxWorker(db, clock, bus, [self.channel], jitter=lambda: 0.5)
        self.task: asyncio.Task[None] | None = None

    def start(self) -> None:
        self.task = asyncio.create_task(self.worker.run())

    async def customer(self, name: str) -> str:
        def step(tx: Tx) -> str:
            contact = repository.open_contact(
                tx, channel="telegram", external_id=name, display_name=name, now=self.clock.now()
            )
            return repository.open_conversation(
                tx,
                contact_id=contact,
                channel="telegram",
                locale="en",
                address={"chat_id": 1},
                now=self.clock.now(),
            ).id

        return await self.db.write(step)

    async def say(self, conversation_id: str, *texts: str) -> None:
        drafts = [Draft(Author.BOT, text) for text in texts]
        await self.db.write(
            lambda tx: repository.append(tx, conversation_id, drafts, now=self.clock.now())
        )

    async def tick(self, seconds: float) -> None:
        self.clock.advance(timedelta(seconds=seconds))
        self.bus.publish("outbox", {})

    async def rows(self) -> list[sa.Row[tuple[object, ...]]]:
        query = sa.select(OutboxRow.__table__).order_by(OutboxRow.created_at, OutboxRow.seq)
        return list(await self.db.read(lambda conn: conn.execute(query).all()))

    async def until(self, good: Callable[[list[sa.Row[tuple[object, ...]]]], bool]) -> None:
        async with asyncio.timeout(30):
            while not good(await self.rows()):  # noqa: ASYNC110 a database has no event
                await asyncio.sleep(0.01)

    async def until_states(self, *states: str) -> None:
        await self.until(lambda rows: [row.state for row in rows] == list(states))


@pytest.fixture
async def bench(db: Database, clock: FixedClock, bus: LocalBus) -> AsyncIterator[Bench]:
    made = Bench(db, clock, bus)
    yield made
    for gate in made.channel.gates.values():
        gate.set()
    await made.worker.close()
    if made.task is not None:
        await made.task


async def test_many_conversations_each_in_order(bench: Bench) -> None:
    bench.start()
    ids = [await bench.customer(f"c{n}") for n in range(12)]
    await asyncio.gather(
        *(bench.say(id_, *(f"{n}.{m}" for m in range(5))) for n, id_ in enumerate(ids))
    )
    await bench.channel.until(lambda: len(bench.channel.sent) == 60)
    for n in range(12):
        mine = [text for text in bench.channel.sent if text.startswith(f"{n}.")]
        assert mine == [f"{n}.{m}" for m in range(5)]
    await bench.until(lambda rows: all(row.state == "sent" for row in rows))
    assert all(str(row.external_id).startswith("id ") for row in await bench.rows())
    messages = await bench.db.read(lambda conn: repository.list_messages(conn, ids[0]))
    assert {m.delivery for m in messages} == {DeliveryState.SENT}


async def test_what_waits_at_the_start_is_delivered(bench: Bench) -> None:
    await bench.say(await bench.customer("a"), "one", "two")
    bench.start()
    await bench.until_states("sent", "sent")
    assert bench.channel.sent == ["one", "two"]


async def test_a_slow_conversation_holds_up_no_other(bench: Bench) -> None:
    bench.channel.gates["slow"] = asyncio.Event()
    slow, quick = await bench.customer("slow"), await bench.customer("quick")
    await bench.say(slow, "slow", "after")
    bench.start()
    await bench.channel.until(lambda: bench.channel.started == ["slow"])
    await bench.say(quick, "one", "two", "three")
    await bench.channel.until(lambda: bench.channel.sent == ["one", "two", "three"])
    bench.channel.gates["slow"].set()
    await bench.channel.until(lambda: bench.channel.sent[-2:] == ["slow", "after"])


async def test_not_too_many_requests_at_once(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    for n in range(worker_module.SENDING + 5):
        bench.channel.gates[f"m{n}"] = asyncio.Event()
        await bench.say(await bench.customer(f"c{n}"), f"m{n}")
    bench.start()
    await bench.channel.until(lambda: len(bench.channel.started) == worker_module.SENDING)
    for gate in bench.channel.gates.values():
        gate.set()
    await bench.channel.until(lambda: len(bench.channel.sent) == worker_module.SENDING + 5)
    assert bench.channel.most_at_once == worker_module.SENDING


async def test_retries_keep_the_order(bench: Bench) -> None:
    bench.channel.outcomes["one"] = [RetryLater("502"), RetryLater("flood", seconds=30)]
    await bench.say(await bench.customer("a"), "one", "two")
    bench.start()
    await bench.until(lambda rows: rows[0].attempts == 1)
    assert (await bench.rows())[0].error == "502"
    await bench.tick(0.8)
    await bench.until(lambda rows: rows[0].attempts == 2)
    await bench.tick(29)
    await bench.tick(2)
    await bench.until_states("sent", "sent")
    assert bench.channel.sent == ["one", "two"]
    assert bench.channel.started == ["one", "one", "one", "two"]


async def test_given_up_after_a_day_and_the_next_goes_on(bench: Bench) -> None:
    bench.channel.outcomes["one"] = [RetryLater("502")] * 2
    await bench.say(await bench.customer("a"), "one", "two")
    bench.start()
    await bench.until(lambda rows: rows[0].attempts == 1)
    await bench.tick(24 * 3_600)
    await bench.until_states("failed", "sent")


async def test_a_blocked_customer_is_marked(bench: Bench) -> None:
    bench.channel.outcomes["one"] = [Undeliverable("blocked", blocked=True)]
    conversation_id = await bench.customer("a")
    await bench.say(conversation_id, "one")
    bench.start()
    async with bench.bus.subscribe(f"conversation:{conversation_id}") as hints:
        await bench.until_states("failed")
        assert (await hints.get())[1] == {"delivery": "failed"}  # agents see it at once
    row = await bench.db.read(lambda conn: conn.execute(sa.select(ConversationRow)).one())
    assert row.unreachable_at == bench.clock.now()


async def test_a_new_address_is_kept_and_used(bench: Bench) -> None:
    bench.channel.outcomes["one"] = [Undeliverable("moved", new_address={"chat_id": 9})]
    conversation_id = await bench.customer("a")
    await bench.say(conversation_id, "one")
    bench.start()
    await bench.until_states("sent")
    found = await bench.db.read(lambda conn: repository.find_conversation(conn, conversation_id))
    assert found is not None
    assert found.address == {"chat_id": 9}


async def test_an_unknown_outcome_is_not_repeated(bench: Bench) -> None:
    bench.channel.outcomes["one"] = [UnknownOutcome("cut off")]
    await bench.say(await bench.customer("a"), "one", "two")
    bench.start()
    await bench.until_states("sent", "sent")
    assert bench.channel.started == ["one", "two"]


async def test_a_fault_in_the_channel_stops_neither_the_worker_nor_the_chat(bench: Bench) -> None:
    bench.channel.outcomes["one"] = [KeyError("bug") for _ in range(5)]
    await bench.say(await bench.customer("a"), "one", "two")
    bench.start()
    for tries in range(1, 5):
        await bench.until(lambda rows, n=tries: rows[0].attempts == n)  # type: ignore[misc]
        await bench.tick(60)
    await bench.until_states("failed", "sent")
    assert bench.channel.sent == ["two"]


async def test_a_delivery_without_end_is_cut_off(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker_module, "SEND_SECONDS", 0.05)
    bench.channel.gates["one"] = asyncio.Event()
    await bench.say(await bench.customer("a"), "one")
    bench.start()
    await bench.until_states("sent")
    assert bench.channel.sent == []


async def test_what_a_dead_worker_held_is_taken_over_once(bench: Bench) -> None:
    """The first dies in the middle of a delivery: another delivers it, on the embedded store at once.

    With several gateways it might still live, so its claim has to run out.
    """
    bench.channel.gates["one"] = asyncio.Event()
    await bench.say(await bench.customer("a"), "one")
    bench.start()
    await bench.channel.until(lambda: bench.channel.started == ["one"])
    assert bench.task is not None
    bench.task.cancel()
    await asyncio.gather(bench.task, return_exceptions=True)
    bench.task = None
    second = Bench(bench.db, bench.clock, bench.bus)
    second.start()
    await second.say(await second.customer("b"), "other")
    if bench.db.dialect == "postgresql":
        await second.channel.until(lambda: second.channel.sent == ["other"])
        await second.tick(worker_module.CLAIM_SECONDS + 1)
    await second.until_states("sent", "sent")
    assert sorted(second.channel.sent) == ["one", "other"]
    await second.worker.close()


async def test_a_long_delivery_stays_with_the_worker_that_lives(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker_module, "RENEW_SECONDS", 0.01)
    bench.channel.gates["one"] = asyncio.Event()
    await bench.say(await bench.customer("a"), "one")
    bench.start()
    await bench.channel.until(lambda: bench.channel.started == ["one"])
    second = Bench(bench.db, bench.clock, bench.bus)
    if bench.db.dialect == "postgresql":  # the embedded store has one gateway only
        second.start()
    for _ in range(4):
        await bench.tick(worker_module.CLAIM_SECONDS / 2)
        until = bench.clock.now() + timedelta(seconds=worker_module.CLAIM_SECONDS)
        await bench.until(lambda rows, until=until: rows[0].claimed_until == until)  # type: ignore[misc]
    bench.channel.gates["one"].set()
    await bench.until_states("sent")
    assert (bench.channel.sent, second.channel.started) == (["one"], [])
    await second.worker.close()


async def test_two_workers_never_deliver_the_same(bench: Bench) -> None:
    ids = [await bench.customer(f"c{n}") for n in range(6)]
    second = Bench(bench.db, bench.clock, bench.bus)
    bench.start()
    second.start()
    for n, conversation_id in enumerate(ids):
        await bench.say(conversation_id, *(f"{n}.{m}" for m in range(4)))
    await bench.until(lambda rows: [row.state for row in rows] == ["sent"] * 24)
    assert sorted(bench.channel.sent + second.channel.sent) == sorted(
        f"{n}.{m}" for n in range(6) for m in range(4)
    )
    await second.worker.close()


async def test_closing_finishes_what_is_being_sent(bench: Bench) -> None:
    bench.channel.gates["one"] = asyncio.Event()
    await bench.say(await bench.customer("a"), "one", "two")
    bench.start()
    await bench.channel.until(lambda: bench.channel.started == ["one"])
    closing = asyncio.create_task(bench.worker.close())
    await asyncio.sleep(0)
    assert not closing.done()
    bench.channel.gates["one"].set()
    async with asyncio.timeout(3):
        await closing
    assert [row.state for row in await bench.rows()] == ["sent", "pending"]


async def test_closing_gives_back_what_was_not_started(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker_module, "DRAIN_SECONDS", 0.05)
    reached = asyncio.Event()

    class Jam(Pacer):
        async def wait(self, recipient: str) -> None:
            reached.set()
            await asyncio.Event().wait()

    bench.channel.pacer = Jam(each=FAST, overall=FAST)
    await bench.say(await bench.customer("a"), "one")
    bench.start()
    await reached.wait()
    await bench.worker.close()
    (row,) = await bench.rows()
    assert (row.state, row.claimed_until, row.attempts) == ("pending", None, 0)


async def test_closing_a_worker_that_never_ran(bench: Bench) -> None:
    async with asyncio.timeout(1):
        await bench.worker.close()


async def test_an_outcome_is_recorded_though_the_store_was_away_for_a_moment(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    from bot.kit.errors import Unavailable

    original: Callable[..., Awaitable[object]] = bench.db.write
    failures = 0

    async def shaky(step: Callable[[Tx], object]) -> object:
        nonlocal failures
        if bench.channel.sent and failures < 1:
            failures += 1
            raise Unavailable("away")
        return await original(step)

    await bench.say(await bench.customer("a"), "one")
    monkeypatch.setattr(bench.db, "write", shaky)
    bench.start()
    await bench.until_states("sent")
    assert bench.channel.sent == ["one"]
    assert failures == 1
