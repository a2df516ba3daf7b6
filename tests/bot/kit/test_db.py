"""A step is one durable transaction, on SQLite and on PostgreSQL alike."""

import asyncio
import threading

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from bot.conversations import repository
from bot.conversations.conversation import Author, Draft, Owner
from bot.kit.bus import LocalBus
from bot.kit.clock import FixedClock
from bot.kit.db import Database, PostgresDatabase, Tx
from bot.kit.ids import new_id
from tests.conftest import POSTGRES_URL


async def _conversation(db: Database, clock: FixedClock) -> str:
    def step(tx: Tx) -> str:
        contact = repository.open_contact(
            tx, channel="web", external_id=new_id(), display_name=None, now=clock.now()
        )
        return repository.open_conversation(
            tx, contact_id=contact, channel="web", locale="en", address={}, now=clock.now()
        ).id

    return await db.write(step)


async def test_messages_get_dense_numbers_under_concurrency(
    db: Database, clock: FixedClock
) -> None:
    conversation_id = await _conversation(db, clock)

    async def send(n: int) -> None:
        await db.write(
            lambda tx: repository.append(
                tx, conversation_id, [Draft(Author.CUSTOMER, f"m{n}")], now=clock.now()
            )
        )

    await asyncio.gather(*(send(n) for n in range(40)))
    messages = await db.read(lambda conn: repository.list_messages(conn, conversation_id))
    assert [m.seq for m in messages] == list(range(1, 41))
    assert len({m.text for m in messages}) == 40


async def test_a_failing_step_undoes_itself_and_nothing_else(
    db: Database, clock: FixedClock, bus: LocalBus
) -> None:
    conversation_id = await _conversation(db, clock)

    def good(tx: Tx) -> None:
        repository.append(tx, conversation_id, [Draft(Author.CUSTOMER, "kept")], now=clock.now())

    def bad(tx: Tx) -> None:
        repository.append(tx, conversation_id, [Draft(Author.CUSTOMER, "gone")], now=clock.now())
        raise ValueError("no")

    async with bus.subscribe(f"conversation:{conversation_id}") as hints:
        results = await asyncio.gather(
            db.write(good), db.write(bad), db.write(good), return_exceptions=True
        )
        assert isinstance(results[1], ValueError)
        assert hints.qsize() == 2
    messages = await db.read(lambda conn: repository.list_messages(conn, conversation_id))
    assert [m.text for m in messages] == ["kept", "kept"]


async def test_a_reply_computed_under_an_older_epoch_is_refused(
    db: Database, clock: FixedClock
) -> None:
    conversation_id = await _conversation(db, clock)
    epoch = await db.write(
        lambda tx: repository.change_owner(
            tx, conversation_id, to=Owner.QUEUE, ticket_id="t", now=clock.now(), expect_epoch=1
        )
    )
    assert epoch == 2
    refused = await db.write(
        lambda tx: repository.append(
            tx,
            conversation_id,
            [Draft(Author.BOT, "too late")],
            now=clock.now(),
            expect_epoch=1,
        )
    )
    assert refused is None
    assert not await db.read(lambda conn: repository.list_messages(conn, conversation_id))


async def test_readers_cannot_write(sqlite_db: Database) -> None:
    from bot.kit.errors import Unavailable

    with pytest.raises(Unavailable):
        await sqlite_db.read(lambda conn: conn.execute(sa.text("DELETE FROM contacts")))


async def test_a_query_sees_one_state(db: Database, clock: FixedClock) -> None:
    """What is committed between two statements of a query is not seen by the second."""
    conversation_id = await _conversation(db, clock)
    loop = asyncio.get_running_loop()

    def add(tx: Tx) -> None:
        repository.append(tx, conversation_id, [Draft(Author.CUSTOMER, "new")], now=clock.now())

    if db.dialect == "postgresql":
        second = PostgresDatabase(POSTGRES_URL, schema=await _schema(db))

        def query(conn: sa.Connection) -> tuple[int, int]:
            before = repository.get_conversation(conn, conversation_id).last_seq
            sa.util.await_only(second.write(add))
            return before, len(repository.list_messages(conn, conversation_id))

        assert await db.read(query) == (0, 0)
        await second.close()
    else:

        def blocking(conn: sa.Connection) -> tuple[int, int]:
            before = repository.get_conversation(conn, conversation_id).last_seq
            asyncio.run_coroutine_threadsafe(db.write(add), loop).result(10)
            return before, len(repository.list_messages(conn, conversation_id))

        assert await db.read(blocking) == (0, 0)
    assert len(await db.read(lambda conn: repository.list_messages(conn, conversation_id))) == 1


async def _schema(db: Database) -> str:
    return await db.read(lambda conn: str(conn.execute(sa.text("SHOW search_path")).scalar_one()))


async def test_what_customers_write_is_not_in_an_error(db: Database, clock: FixedClock) -> None:
    conversation_id = await _conversation(db, clock)

    def twice(tx: Tx) -> None:
        draft = Draft(Author.CUSTOMER, "my secret words", external_id="web:1")
        repository.append(tx, conversation_id, [draft], now=clock.now())
        repository.append(tx, conversation_id, [draft], now=clock.now())

    with pytest.raises(IntegrityError) as error:
        await db.write(twice)
    assert "my secret words" not in str(error.value)


async def test_a_deadlock_is_run_again(db: Database, clock: FixedClock) -> None:
    """Only PostgreSQL has them: the embedded store writes one after the other."""
    first, second = await _conversation(db, clock), await _conversation(db, clock)
    both_hold_one = threading.Barrier(2)
    tries = []

    def step(tx: Tx, ids: tuple[str, str]) -> None:
        tries.append(ids)
        repository.find_conversation(tx.conn, ids[0], lock=True)
        if db.dialect == "postgresql" and len(tries) <= 2:
            sa.util.await_only(asyncio.to_thread(both_hold_one.wait, 10))
        repository.find_conversation(tx.conn, ids[1], lock=True)

    await asyncio.gather(
        db.write(lambda tx: step(tx, (first, second))),
        db.write(lambda tx: step(tx, (second, first))),
    )
    assert len(tries) == (3 if db.dialect == "postgresql" else 2)
