"""Committed means committed: order, conflicts, lost connections and killed processes."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any, Iterator, List, Sequence

import pytest
from databases import places

from hosting.journal import Conflict, Database, Journal, SqliteDatabase, Write, database

HERE = Path(__file__).resolve().parent


@pytest.fixture(params=["sqlite", "postgresql"])
def databases(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[List[Database]]:
    yield from places(request.param, tmp_path)


@pytest.fixture
def journal(databases: List[Database]) -> Iterator[Journal]:
    made = Journal(databases[0])
    yield made
    made.stop()


@pytest.fixture
def other(databases: List[Database]) -> Iterator[Journal]:
    """A second process's view of the same database."""
    made = Journal(databases[1])
    yield made
    made.stop()


def write(name: str, first: int, *events: str, **more: Any) -> Write:
    return Write(name, first, len(events), json.dumps(list(events)), **more)


def played(parts: Sequence[str]) -> List[str]:
    return [event for part in parts for event in json.loads(part)]


async def test_reads_what_was_written(journal: Journal, other: Journal) -> None:
    await journal.write(write("one", 0, "a", "b", turn=("t1", '{"x":1}')))
    await journal.write(write("one", 2, "c", turn=("t2", '{"x":2}')))
    await journal.write(write("two", 0, "z"))
    stored = await other.read("one")
    assert (played(stored.parts), stored.logged, stored.turn) == (
        ["a", "b", "c"], 3, ("t2", '{"x":2}'),
    )  # fmt: skip
    nothing = await other.read("three")
    assert (nothing.parts, nothing.logged, nothing.turn) == ([], 0, None)
    assert sorted(await other.conversations()) == ["one", "two"]


async def test_a_snapshot_stands_for_what_was_before(journal: Journal) -> None:
    await journal.write(write("one", 0, "a", "b"))
    await journal.write(write("one", 2, "c", snapshot='["short"]'))
    await journal.write(write("one", 3, "d"))
    short = await journal.read("one")
    assert (played(short.parts), short.logged) == (["short", "d"], 4)
    full = await journal.read("one", full=True)
    assert played(full.parts) == ["a", "b", "c", "d"]


async def test_many_at_once_are_all_there(journal: Journal, other: Journal) -> None:
    await asyncio.gather(*(journal.write(write(f"c{n}", 0, f"e{n}")) for n in range(300)))
    assert len(await other.conversations()) == 300


async def test_a_write_on_old_state_is_refused_and_alone(journal: Journal, other: Journal) -> None:
    await journal.write(write("one", 0, "a", turn=("t1", "{}")))
    results = await asyncio.gather(
        other.write(write("two", 0, "x")),
        other.write(write("one", 0, "stale", turn=("t9", "{}"))),
        other.write(write("three", 0, "y")),
        return_exceptions=True,
    )
    assert results[0] is None and results[2] is None
    assert isinstance(results[1], Conflict)
    stored = await journal.read("one")
    assert played(stored.parts) == ["a"]
    assert stored.turn == ("t1", "{}")


async def test_erases_one_or_all_that_start_so(journal: Journal) -> None:
    for name in ("a~1", "a~2", "ab~1", "a", "b~1"):
        await journal.write(write(name, 0, name, turn=("t", "{}"), snapshot="[]"))
    await journal.erase("a~", prefix=True)
    assert sorted(await journal.conversations()) == ["a", "ab~1", "b~1"]
    assert (await journal.read("a~1")).turn is None
    await journal.erase("a")
    assert sorted(await journal.conversations()) == ["ab~1", "b~1"]
    await journal.write(write("a", 0, "anew"))
    assert played((await journal.read("a")).parts) == ["anew"]


async def test_what_is_erased_is_not_left_in_the_file(tmp_path: Path) -> None:
    journal = Journal(SqliteDatabase(tmp_path / "t.db"))
    await journal.write(write("one", 0, "VERY-PRIVATE-WORDS"))
    await journal.erase("one")
    left = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert b"VERY-PRIVATE-WORDS" not in left
    journal.stop()


async def test_connects_again_when_postgres_went_away(tmp_path: Path) -> None:
    for databases in places("postgresql", tmp_path):
        journal, admin = Journal(databases[0]), databases[1]
        await journal.write(write("one", 0, "a"))
        admin.open()
        admin._transaction(  # type: ignore[attr-defined]
            lambda cursor: cursor.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE pid <> pg_backend_pid() AND application_name = 'frontline-rasa'"
            )
        )
        await journal.write(write("one", 1, "b"))
        assert played((await journal.read("one")).parts) == ["a", "b"]
        journal.stop()
        admin.close()


async def test_a_full_disk_is_an_error_and_then_forgotten(tmp_path: Path) -> None:
    where = SqliteDatabase(tmp_path / "t.db")
    journal = Journal(where)
    await journal.write(write("one", 0, "a"))

    def full(writes: Sequence[Write]) -> None:
        raise OSError("no space left")

    works, where.write = where.write, full  # type: ignore[method-assign]
    with pytest.raises(OSError, match="no space"):
        await journal.write(write("one", 1, "b"))
    where.write = works  # type: ignore[method-assign]
    await journal.write(write("one", 1, "b"))
    assert played((await journal.read("one")).parts) == ["a", "b"]
    journal.stop()


def test_a_database_that_cannot_be_opened_says_so(tmp_path: Path) -> None:
    (tmp_path / "t.db").write_bytes(b"this is no database, and long enough to be looked at" * 100)
    with pytest.raises(Exception, match="not a database"):
        Journal(database(tmp_path / "t.db")).start()
    with pytest.raises(ValueError, match="SQLite file or in PostgreSQL"):
        database("redis://localhost")


_WRITER = """
import asyncio, json, sys
sys.path.insert(0, {root!r})
from hosting.journal import Journal, Write, database

async def main():
    journal = Journal(database({path!r}))
    async def talk(name):
        first = 0
        while True:
            turn = f"{{name}}-{{first}}"
            await journal.write(Write(name, first, 1, json.dumps([turn]), (turn, "{{}}")))
            # Said only now: whoever reads this line may rely on the write.
            sys.stdout.write(turn + "\\n")
            sys.stdout.flush()
            first += 1
    await asyncio.gather(*(talk(f"c{{n}}") for n in range(8)))

asyncio.run(main())
"""


@pytest.mark.parametrize("run", range(3))
async def test_kill_loses_nothing_that_was_acknowledged(tmp_path: Path, run: int) -> None:
    path = str(tmp_path / "t.db")
    writer = subprocess.Popen(
        [sys.executable, "-c", _WRITER.format(root=str(HERE.parent), path=path)],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert writer.stdout is not None
    acknowledged = [writer.stdout.readline().strip() for _ in range(100 + 57 * run)]
    os.kill(writer.pid, signal.SIGKILL)
    acknowledged += [line.strip() for line in writer.stdout if line.endswith("\n")]
    writer.wait()

    journal = Journal(database(path))
    found = {}
    for name in await journal.conversations():
        stored = await journal.read(name)
        found[name] = played(stored.parts)
        # Events and answer are of the same transaction.
        assert stored.turn is not None and stored.turn[0] == found[name][-1]
    journal.stop()
    everything = {turn for turns in found.values() for turn in turns}
    assert set(acknowledged) <= everything
