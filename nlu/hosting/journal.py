"""The durable side of the trackers: every conversation's events, its last answer and a short form.

One thread owns the database connection. Conversations that finish at the same moment are written in
one transaction (group commit), so that a turn costs one wait and the disk one flush for many turns.
Nothing is acknowledged before it is committed.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import queue
import sqlite3
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Callable, List, Optional, Protocol, Sequence, Tuple, TypeVar, Union

logger = logging.getLogger(__name__)

T = TypeVar("T")

_BATCH = 256
_SCHEMA_VERSION = 1


@dataclass(frozen=True)
class Write:
    """What one turn adds to a conversation; committed whole or not at all."""

    conversation: str
    #: Number of events logged before these.
    first: int
    count: int
    #: The events as a JSON list.
    events: str
    #: Turn id and answer (JSON), when this is a turn and not only events.
    turn: Optional[Tuple[str, str]] = None
    #: A JSON list of events that stands for everything up to and including this write.
    snapshot: Optional[str] = None


@dataclass(frozen=True)
class Stored:
    """A conversation as it was last committed."""

    logged: int
    #: JSON lists of events; played in order they give the conversation's state.
    parts: Sequence[str]
    turn: Optional[Tuple[str, str]]


class Conflict(RuntimeError):
    """Somebody else wrote this conversation: the state it was computed from is old."""


class Database(Protocol):
    """The few statements a journal needs; used by the writer's thread only."""

    #: Whether other hosts may write the same conversations.
    shared: bool

    def open(self) -> None: ...

    def close(self) -> None: ...

    def write(self, writes: Sequence[Write]) -> None: ...

    def read(self, conversation: str, *, full: bool) -> Stored: ...

    def logged(self, conversation: str) -> int: ...

    def erase(self, conversation: str, *, prefix: bool) -> None: ...

    def conversations(self) -> List[str]: ...

    def is_lost(self, error: BaseException) -> bool:
        """Whether the connection is gone, so that opening a new one may help."""

    def is_conflict(self, error: BaseException) -> bool:
        """Whether a row that must not exist existed."""


class SqliteDatabase:
    """A file of its own, in write-ahead mode and flushed at every commit."""

    shared = False

    def __init__(self, path: Union[str, Path]) -> None:
        self._path = str(path)
        self._connection: Optional[sqlite3.Connection] = None

    def open(self) -> None:
        if self._path != ":memory:":
            Path(self._path).parent.mkdir(parents=True, exist_ok=True)
        connection = sqlite3.connect(self._path, timeout=5.0, isolation_level=None)
        connection.execute("PRAGMA journal_mode=WAL")
        # A power cut must not lose an acknowledged turn either.
        connection.execute("PRAGMA synchronous=FULL")
        # Erased means erased, not only unlinked.
        connection.execute("PRAGMA secure_delete=ON")
        connection.execute("PRAGMA journal_size_limit=16777216")
        version = connection.execute("PRAGMA user_version").fetchone()[0]
        if version > _SCHEMA_VERSION:
            connection.close()
            raise RuntimeError("the tracker file was written by a newer version")
        connection.execute("BEGIN IMMEDIATE")
        for statement in _tables(text="TEXT", large="INTEGER"):
            connection.execute(statement)
        connection.execute(f"PRAGMA user_version={_SCHEMA_VERSION}")
        connection.execute("COMMIT")
        self._connection = connection

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def write(self, writes: Sequence[Write]) -> None:
        connection = self._connected()
        connection.execute("BEGIN IMMEDIATE")
        try:
            for statement, rows in _statements(writes, mark="?"):
                connection.executemany(statement, rows)
            connection.execute("COMMIT")
        except BaseException:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise

    def read(self, conversation: str, *, full: bool) -> Stored:
        return _read(self._connected().execute, conversation, full=full, mark="?")

    def logged(self, conversation: str) -> int:
        return _logged(self._connected().execute, conversation, mark="?")

    def erase(self, conversation: str, *, prefix: bool) -> None:
        connection = self._connected()
        connection.execute("BEGIN IMMEDIATE")
        try:
            for statement, row in _erasure(conversation, prefix=prefix, mark="?"):
                connection.execute(statement, row)
            connection.execute("COMMIT")
        except BaseException:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise
        # The write-ahead file still holds the pages as they were.
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def conversations(self) -> List[str]:
        rows = self._connected().execute("SELECT DISTINCT conversation FROM events")
        return [row[0] for row in rows]

    def is_lost(self, error: BaseException) -> bool:
        return False

    def is_conflict(self, error: BaseException) -> bool:
        return isinstance(error, sqlite3.IntegrityError)

    def _connected(self) -> sqlite3.Connection:
        if self._connection is None:
            raise RuntimeError("the tracker file is closed")
        return self._connection


class PostgresDatabase:
    """A schema of its own in the deployment's PostgreSQL."""

    shared = True

    def __init__(self, url: str, schema: str = "rasa") -> None:
        self._url = "postgresql://" + url.split("://", 1)[1]
        if not schema.isidentifier():
            raise ValueError("a schema is named like a variable")
        self._schema = schema
        self._connection: Any = None

    def open(self) -> None:
        import psycopg2

        connection = psycopg2.connect(
            self._url, connect_timeout=5, application_name="frontline-rasa",
            options="-c statement_timeout=5000 -c lock_timeout=3000",
        )  # fmt: skip
        try:
            with connection.cursor() as cursor:
                # Two hosts may start together.
                cursor.execute("SELECT pg_advisory_xact_lock(hashtext(%s))", (self._schema,))
                cursor.execute(f'CREATE SCHEMA IF NOT EXISTS "{self._schema}"')
                cursor.execute(f'SET search_path TO "{self._schema}"')
                for statement in _tables(text='TEXT COLLATE "C"', large="BIGINT"):
                    cursor.execute(statement)
            connection.commit()
        except BaseException:
            connection.close()
            raise
        self._connection = connection

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def write(self, writes: Sequence[Write]) -> None:
        from psycopg2.extras import execute_batch

        def work(cursor: Any) -> None:
            for statement, rows in _statements(writes, mark="%s"):
                execute_batch(cursor, statement, rows)

        self._transaction(work)

    def read(self, conversation: str, *, full: bool) -> Stored:
        def work(cursor: Any) -> Stored:
            def execute(statement: str, row: Sequence[Any]) -> Any:
                cursor.execute(statement, row)
                return cursor

            return _read(execute, conversation, full=full, mark="%s")

        return self._transaction(work)

    def logged(self, conversation: str) -> int:
        def work(cursor: Any) -> int:
            def execute(statement: str, row: Sequence[Any]) -> Any:
                cursor.execute(statement, row)
                return cursor

            return _logged(execute, conversation, mark="%s")

        return self._transaction(work)

    def erase(self, conversation: str, *, prefix: bool) -> None:
        def work(cursor: Any) -> None:
            for statement, row in _erasure(conversation, prefix=prefix, mark="%s"):
                cursor.execute(statement, row)

        self._transaction(work)

    def conversations(self) -> List[str]:
        def work(cursor: Any) -> List[str]:
            cursor.execute("SELECT DISTINCT conversation FROM events")
            return [row[0] for row in cursor]

        return self._transaction(work)

    def is_lost(self, error: BaseException) -> bool:
        import psycopg2

        return isinstance(error, psycopg2.InterfaceError) or (
            isinstance(error, psycopg2.OperationalError) and bool(self._connection.closed)
        )

    def is_conflict(self, error: BaseException) -> bool:
        import psycopg2

        return isinstance(error, psycopg2.IntegrityError)

    def _transaction(self, work: Callable[[Any], T]) -> T:
        if self._connection is None:
            raise RuntimeError("the tracker database is closed")
        try:
            with self._connection.cursor() as cursor:
                result = work(cursor)
            self._connection.commit()
        except BaseException:
            if not self._connection.closed:
                self._connection.rollback()
            raise
        return result


def database(place: Union[str, Path]) -> Database:
    """The database that a file name or URL means."""
    text = str(place)
    if text.startswith(("postgresql://", "postgres://", "postgresql+")):
        return PostgresDatabase(text)
    if text.startswith("sqlite:///"):
        text = text[len("sqlite:///") :]
    elif "://" in text:
        raise ValueError("trackers live in an SQLite file or in PostgreSQL")
    return SqliteDatabase(text)


class Journal:
    """A database behind its writer's thread, for use from an event loop."""

    def __init__(self, where: Database) -> None:
        self._database = where
        self._jobs: queue.SimpleQueue[Optional[_Job]] = queue.SimpleQueue()
        self._thread: Optional[threading.Thread] = None
        self._ready = threading.Event()
        self._failure: Optional[BaseException] = None
        self._guard = threading.Lock()

    def start(self) -> None:
        """Open the database; raises what opening raises. Starting twice does nothing."""
        with self._guard:
            if self._thread is not None:
                return
            self._thread = threading.Thread(target=self._run, name="journal", daemon=True)
            self._thread.start()
        self._ready.wait()
        if self._failure is not None:
            raise self._failure

    def stop(self) -> None:
        """Finish what was asked, then close the database."""
        with self._guard:
            thread = self._thread
        if thread is not None and thread.is_alive():
            self._jobs.put(None)
            thread.join()

    async def write(self, write: Write) -> None:
        """Return once the write is committed; ``Conflict`` when the conversation moved on."""
        await self._ask(_Job(write=write))

    async def read(self, conversation: str, *, full: bool = False) -> Stored:
        """A conversation in its short form, or with every event that ever happened."""
        stored: Stored = await self._ask(_Job(call=lambda db: db.read(conversation, full=full)))
        return stored

    async def is_at(self, conversation: str, logged: int) -> bool:
        """Whether so many events of a conversation, and no more, were ever logged.

        Always so where only this host writes, and not asked there.
        """
        if not self._database.shared:
            return True
        return bool(await self._ask(_Job(call=lambda db: db.logged(conversation))) == logged)

    async def erase(self, conversation: str, *, prefix: bool = False) -> None:
        """Delete a conversation, or all whose name starts so."""
        await self._ask(_Job(call=lambda db: db.erase(conversation, prefix=prefix)))

    async def conversations(self) -> List[str]:
        """The names of all conversations."""
        names: List[str] = await self._ask(_Job(call=lambda db: db.conversations()))
        return names

    async def _ask(self, job: _Job) -> Any:
        self.start()
        loop = asyncio.get_running_loop()
        job.loop, job.future = loop, loop.create_future()
        self._jobs.put(job)
        return await job.future

    def _run(self) -> None:
        try:
            self._database.open()
        except BaseException as error:
            self._failure = error
            self._ready.set()
            return
        self._ready.set()
        waiting: Optional[_Job] = None
        while True:
            job = waiting if waiting is not None else self._jobs.get()
            waiting = None
            if job is None:
                break
            if job.write is None:
                self._answer(job)
                continue
            batch = [job]
            while len(batch) < _BATCH:
                try:
                    following = self._jobs.get_nowait()
                except queue.Empty:
                    break
                if following is None or following.write is None:
                    # Order is kept: whoever reads after a write sees it.
                    waiting = following
                    if following is None:
                        self._jobs.put(None)
                    break
                batch.append(following)
            self._commit(batch)
        self._database.close()

    def _answer(self, job: _Job) -> None:
        assert job.call is not None
        try:
            result = self._again_if_lost(lambda: job.call(self._database))  # type: ignore[misc]
        except Exception as error:
            job.fail(error)
        else:
            job.succeed(result)

    def _commit(self, batch: List[_Job]) -> None:
        writes = [job.write for job in batch if job.write is not None]
        try:
            self._again_if_lost(lambda: self._database.write(writes))
        except Exception as error:
            if len(batch) > 1:
                # One bad write must not take the others with it.
                for job in batch:
                    self._commit([job])
                return
            if self._database.is_conflict(error):
                batch[0].fail(Conflict("the conversation was written by somebody else"))
            else:
                batch[0].fail(error)
        else:
            for job in batch:
                job.succeed(None)

    def _again_if_lost(self, work: Callable[[], T]) -> T:
        """Try once more on a new connection, when the old one turns out to be gone.

        A write that was committed although the connection broke runs into its own rows the second
        time: the turn fails, and its repetition finds the stored answer.
        """
        try:
            return work()
        except Exception as error:
            if not self._database.is_lost(error):
                raise
            logger.warning("the tracker database was lost, connecting again")
            self._database.close()
            self._database.open()
            return work()


class _Job:
    def __init__(
        self,
        *,
        write: Optional[Write] = None,
        call: Optional[Callable[[Database], Any]] = None,
    ) -> None:
        self.write = write
        self.call = call
        self.loop: Optional[asyncio.AbstractEventLoop] = None
        self.future: Optional[asyncio.Future[Any]] = None

    def succeed(self, result: Any) -> None:
        self._deliver(lambda future: future.set_result(result))

    def fail(self, error: BaseException) -> None:
        self._deliver(lambda future: future.set_exception(error))

    def _deliver(self, settle: Callable[[asyncio.Future[Any]], None]) -> None:
        assert self.loop is not None
        assert self.future is not None
        future = self.future

        def settle_if_wanted() -> None:
            if not future.done():
                settle(future)

        # A closed loop: nobody waits any more.
        with contextlib.suppress(RuntimeError):
            self.loop.call_soon_threadsafe(settle_if_wanted)


def _tables(*, text: str, large: str) -> Sequence[str]:
    return (
        f"""CREATE TABLE IF NOT EXISTS events (
            conversation {text} NOT NULL, first {large} NOT NULL, count {large} NOT NULL,
            body TEXT NOT NULL, PRIMARY KEY (conversation, first))""",
        f"""CREATE TABLE IF NOT EXISTS snapshots (
            conversation {text} PRIMARY KEY, logged {large} NOT NULL, body TEXT NOT NULL)""",
        f"""CREATE TABLE IF NOT EXISTS turns (
            conversation {text} PRIMARY KEY, turn_id TEXT NOT NULL, answer TEXT NOT NULL)""",
    )


def _statements(
    writes: Sequence[Write], *, mark: str
) -> Sequence[Tuple[str, Sequence[Tuple[Any, ...]]]]:
    events = [(w.conversation, w.first, w.count, w.events) for w in writes if w.count]
    # A batch may hold two writes of one conversation; the later one counts.
    snapshots = {
        w.conversation: (w.conversation, w.first + w.count, w.snapshot)
        for w in writes
        if w.snapshot is not None
    }
    turns = {w.conversation: (w.conversation, *w.turn) for w in writes if w.turn is not None}
    three = f"({mark}, {mark}, {mark})"
    return (
        (f"INSERT INTO events VALUES ({mark}, {mark}, {mark}, {mark})", events),
        (
            f"""INSERT INTO snapshots VALUES {three} ON CONFLICT (conversation) DO UPDATE
            SET logged = excluded.logged, body = excluded.body""",
            list(snapshots.values()),
        ),
        (
            f"""INSERT INTO turns VALUES {three} ON CONFLICT (conversation) DO UPDATE
            SET turn_id = excluded.turn_id, answer = excluded.answer""",
            list(turns.values()),
        ),
    )


def _erasure(
    conversation: str, *, prefix: bool, mark: str
) -> Sequence[Tuple[str, Tuple[str, ...]]]:
    tables = ("events", "snapshots", "turns")
    if not prefix:
        return [(f"DELETE FROM {t} WHERE conversation = {mark}", (conversation,)) for t in tables]
    # Everything between the prefix and the first text that sorts after all that start so.
    after = conversation[:-1] + chr(ord(conversation[-1]) + 1)
    where = f"WHERE conversation >= {mark} AND conversation < {mark}"
    return [(f"DELETE FROM {table} {where}", (conversation, after)) for table in tables]


def _logged(execute: Callable[[str, Tuple[Any, ...]], Any], conversation: str, *, mark: str) -> int:
    row = execute(
        f"SELECT first + count FROM events WHERE conversation = {mark} ORDER BY first DESC LIMIT 1",
        (conversation,),
    ).fetchone()
    return int(row[0]) if row is not None else 0


def _read(
    execute: Callable[[str, Tuple[Any, ...]], Any], conversation: str, *, full: bool, mark: str
) -> Stored:
    parts: List[str] = []
    logged = 0
    if not full:
        row = execute(
            f"SELECT logged, body FROM snapshots WHERE conversation = {mark}", (conversation,)
        ).fetchone()
        if row is not None:
            logged = row[0]
            parts.append(row[1])
    rows = execute(
        f"SELECT first, count, body FROM events WHERE conversation = {mark} AND first >= {mark}"
        " ORDER BY first",
        (conversation, logged),
    ).fetchall()
    for first, count, body in rows:
        parts.append(body)
        logged = first + count
    turn = execute(
        f"SELECT turn_id, answer FROM turns WHERE conversation = {mark}", (conversation,)
    ).fetchone()
    return Stored(logged, parts, (turn[0], turn[1]) if turn is not None else None)
