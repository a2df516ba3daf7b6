"""An edit made anywhere is in everybody's answers within a second, and questions never wait for it."""

import asyncio
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa

from bot.kit.bus import LocalBus
from bot.kit.db import Database
from knowledge_base import repository, search
from knowledge_base.article import Audience
from knowledge_base.search import KnowledgeBase
from knowledge_base.service import Changes
from knowledge_base.tables import KnowledgeVersionRow, VectorRow
from tests.knowledge_base.conftest import Desk, WordEncoder


async def until(check: Callable[[], bool], *, seconds: float = 1.0) -> float:
    """Wait for a condition and return how long it took."""
    started = time.monotonic()
    while not check():
        assert time.monotonic() - started < seconds, "not within a second"
        await asyncio.sleep(0.01)
    return time.monotonic() - started


async def test_another_process_shows_a_publish_within_a_second(desk: Desk) -> None:
    # No bus between the two: this is the command line publishing beside a running gateway.
    other = KnowledgeBase(desk.db, WordEncoder())
    await other.start()
    try:
        details = await desk.write("Parcels", "one")
        await until(lambda: len(other) == 1)
        assert (await other.ask("parcels", locale="en")).hits[0].answer == "one"

        await desk.articles.restore(details.article.id, actor=None, revision=1)
        await until(lambda: other.version == 2)
        hit = await other.get_published(details.article.id)
        assert hit is not None
        assert hit.revision == 2

        await desk.articles.archive(details.article.id, actor=None)
        await until(lambda: len(other) == 0)
    finally:
        await other.close()


async def test_a_hint_is_quicker_than_the_poll(sqlite_desk: Desk, bus: LocalBus) -> None:
    other = KnowledgeBase(sqlite_desk.db, WordEncoder(), bus=bus, poll_seconds=60)
    await other.start()
    try:
        await sqlite_desk.write("Parcels")
        await until(lambda: len(other) == 1)
    finally:
        await other.close()


async def test_the_publishing_process_shows_it_at_once(desk: Desk) -> None:
    for n in range(5):
        await desk.write(f"Article {n}", key=f"k{n}")
        assert len(desk.knowledge) == n + 1


async def test_questions_are_answered_while_articles_change(sqlite_desk: Desk) -> None:
    for n in range(20):
        await sqlite_desk.write(f"Subject number{n}", key=f"k{n}")
    stop = False
    asked = 0

    async def ask() -> None:
        nonlocal asked
        while not stop:
            answer = await sqlite_desk.knowledge.ask("subject number3", locale="en")
            assert answer.hits[0].key == "k3"
            assert len(answer.hits) == 10
            asked += 1
            await asyncio.sleep(0)

    task = asyncio.create_task(ask())
    for n in range(20, 30):
        await sqlite_desk.write(f"Subject number{n}", key=f"k{n}")
    stop = True
    await task
    assert asked > 10


async def test_a_new_encoder_gets_its_own_vectors(desk: Desk) -> None:
    await desk.write("Parcels")

    class Newer(WordEncoder):
        name = "newer"

    other = KnowledgeBase(desk.db, Newer())
    await other.start()
    try:
        assert (await other.ask("parcels", locale="en")).hits[0].lexical > 0
        await until(lambda: all(e.vectors is not None for e in other.index))
        assert (await other.ask("parcels", locale="en")).hits[0].dense > 0.9
    finally:
        await other.close()
    names = await desk.db.read(
        lambda conn: sorted(row.encoder for row in conn.execute(sa.select(VectorRow.encoder)))
    )
    assert names == ["newer", "words"]


async def test_another_store_put_in_place_is_read_anew(sqlite_desk: Desk) -> None:
    await sqlite_desk.write("Parcels")
    await sqlite_desk.write("Letters")
    assert len(sqlite_desk.knowledge) == 2

    await sqlite_desk.db.write(
        lambda tx: tx.conn.execute(sa.update(KnowledgeVersionRow).values(version=1)).rowcount
    )
    await sqlite_desk.knowledge.refresh()
    assert sqlite_desk.knowledge.version == 1
    assert len(sqlite_desk.knowledge) == 2


async def test_trouble_with_the_store_does_not_stop_the_answers(
    sqlite_desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    await sqlite_desk.write("Parcels")
    other = KnowledgeBase(sqlite_desk.db, WordEncoder(), poll_seconds=0.01)
    await other.start()
    read: Callable[..., object] = sqlite_desk.db.read
    failures = 0

    async def failing(query: object) -> object:
        nonlocal failures
        failures += 1
        raise OSError("gone")

    try:
        monkeypatch.setattr(sqlite_desk.db, "read", failing)
        await until(lambda: failures > 3)
        assert (await other.ask("parcels", locale="en")).hits
        monkeypatch.setattr(sqlite_desk.db, "read", read)
        await sqlite_desk.write("Letters")
        await until(lambda: len(other) == 2)
    finally:
        await other.close()


async def test_asking_without_a_start_reads_what_is_there(db: Database, desk: Desk) -> None:
    await desk.write("Parcels")
    newer = WordEncoder()
    newer.name = "newer"
    answer = await KnowledgeBase(db, newer).ask("parcels", locale="en")
    assert answer.hits[0].dense > 0.9


async def test_questions_are_answered_while_the_base_is_read(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A large base is read beside the questions; they are compared with what shares a word."""
    parcels = await desk.write("Parcels and boxes", "By post.", phrasings=["sending a parcel"])
    await desk.write("Opening hours of stores", "Nine to six.")
    secret = await desk.write("Parcels of the staff", "Code 4711.")
    await desk.articles.change(
        secret.article.id, actor=None, version=secret.article.version,
        changes=Changes(audience=Audience.INTERNAL),
    )  # fmt: skip
    going = threading.Event()
    read = repository.live_page

    def slowly(*args: Any, **named: Any) -> Any:
        assert going.wait(30)
        return read(*args, **named)

    monkeypatch.setattr(repository, "live_page", slowly)
    monkeypatch.setattr(search, "START_SECONDS", 0.05)
    other = KnowledgeBase(desk.db, WordEncoder())
    await other.start()
    try:
        assert other.reading
        assert not other.ready
        assert other.read_share < 1
        answer = await other.ask("sending a parcel", locale="en")
        assert answer.hits[0].article_id == parcels.article.id
        assert "still being read" in answer.reasons[-1]
        assert "4711" not in str(answer)
        assert (await other.ask("zebra", locale="en")).hits == ()
        assert (await other.ask("%_'; --", locale="en")).hits == ()
        hit = await other.get_published(parcels.article.id)
        assert hit is not None
        assert await other.get_published(secret.article.id) is None
        fresh = await desk.write("Zebra crossings", "New.")
        found = await other.ask("zebra", locale="en")
        assert found.hits[0].article_id == fresh.article.id, "what is published now is found now"
        going.set()
        await until(lambda: other.ready, seconds=30)
        await until(lambda: len(other) == 3, seconds=30)
        answer = await other.ask("sending a parcel", locale="en")
        assert answer.hits[0].article_id == parcels.article.id
        assert "still being read" not in str(answer.reasons)
        assert other.read_share == 1
    finally:
        going.set()
        await other.close()


async def test_a_process_that_ends_does_not_read_on(
    sqlite_desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    await sqlite_desk.write("Parcels")
    begun, going = threading.Event(), threading.Event()
    read = repository.live_page

    def slowly(*args: Any, **named: Any) -> Any:
        begun.set()
        assert going.wait(30)
        return read(*args, **named)

    monkeypatch.setattr(repository, "live_page", slowly)
    monkeypatch.setattr(search, "START_SECONDS", 0.05)
    other = KnowledgeBase(sqlite_desk.db, WordEncoder())
    await other.start()
    await asyncio.to_thread(begun.wait, 30)
    closing = asyncio.create_task(other.close())
    going.set()
    await asyncio.wait_for(closing, 30)
    assert not other.ready
