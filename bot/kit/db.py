"""The database: one `write` and one `read`, the same for SQLite and PostgreSQL.

A step is a plain function over a connection, run as one transaction. Because it is not a coroutine
it cannot await another system while it holds locks. What it wants to announce is published after
the commit. Repositories are the only modules that build SQL; they take the connection of the step.

SQLite: one thread owns the only writing connection and commits what has queued up together, so that
one fsync serves many steps; readers have their own threads. PostgreSQL: an asyncpg pool.
"""

import asyncio
import queue
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal, Protocol, TypeVar

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlalchemy.exc import DatabaseError, DBAPIError, IntegrityError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.orm import DeclarativeBase
from sqlalchemy.types import TypeDecorator

from bot.kit.errors import SetupError, Unavailable

T = TypeVar("T")
MIN_SQLITE = (3, 51, 3)
"""First release without the WAL-reset corruption (sqlite.org release log 3.51.3)."""
RETRIED = frozenset({"40001", "40P01", "57P01", "57P02", "57P03"})
"""PostgreSQL's states after which a whole step can be run again: deadlocks, a server going down."""
GROUP_LIMIT = 64
"""Steps committed together at most; keeps the wait of the first one short."""

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}


class Base(DeclarativeBase):
    """Base of every mapped table; constraint names are fixed so that migrations can name them."""

    metadata = sa.MetaData(naming_convention=NAMING)


class UtcDateTime(TypeDecorator[datetime]):
    """An aware UTC instant; naive values are refused, SQLite gets them without the zone."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: sa.Dialect) -> datetime | None:
        """Turn an aware instant into what the database stores."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("naive datetime: pass an aware one")
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: datetime | None, dialect: sa.Dialect) -> datetime | None:
        """Return an aware UTC instant."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


JsonColumn = sa.JSON(none_as_null=True).with_variant(
    postgresql.JSONB(none_as_null=True), "postgresql"
)
"""JSON on SQLite, JSONB on PostgreSQL; Python None is SQL NULL."""

Announcement = tuple[str, dict[str, Any]]


class Announcer(Protocol):
    """Who is told after a commit (see `bot.kit.bus`)."""

    def publish(self, topic: str, payload: dict[str, Any]) -> None:
        """Pass a hint on; must not block and must not raise."""
        ...


@dataclass(slots=True)
class Tx:
    """A running step: its connection, and what to announce once it is committed."""

    conn: sa.Connection
    announcements: list[Announcement] = field(default_factory=list)

    def announce(self, topic: str, payload: dict[str, Any]) -> None:
        """Publish a hint after the commit; nothing is published when the step rolls back."""
        self.announcements.append((topic, payload))


class Database(Protocol):
    """What services use. Both implementations raise `Unavailable` when the store can't be used."""

    dialect: Literal["sqlite", "postgresql"]

    async def write(self, step: Callable[[Tx], T]) -> T:
        """Run `step` in one durable transaction and return its result after the commit.

        An exception raised by the step rolls back what it did, and only that, and is raised here.
        The step may be run a second time when the connection was lost before the commit.
        """
        ...

    async def read(self, query: Callable[[sa.Connection], T]) -> T:
        """Run `query` on a snapshot; it must not write."""
        ...

    async def close(self) -> None:
        """Finish what is queued and close every connection."""
        ...


@dataclass(slots=True)
class _Job:
    step: Callable[[Tx], Any]
    future: asyncio.Future[Any]
    loop: asyncio.AbstractEventLoop
    tx: Tx | None = None
    result: Any = None
    error: BaseException | None = None


def sqlite_module() -> Any:
    """Return the DB-API module for SQLite: `pysqlite3` where installed, else the standard one.

    The interpreter's own SQLite is often older than `MIN_SQLITE`; `pysqlite3` brings a fixed one.
    """
    try:
        import pysqlite3.dbapi2 as module  # type: ignore[import-untyped]
    except ImportError:
        import sqlite3 as module
    return module


class SqliteDatabase:
    """The embedded store: a file, one writing thread with group commit, a few reading threads."""

    dialect: Literal["sqlite", "postgresql"] = "sqlite"

    def __init__(self, path: Path, *, announcer: Announcer | None = None, readers: int = 3) -> None:
        self._path = path
        self._announcer = announcer
        self._jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._engine = self._make_engine()
        self._readers = ThreadPoolExecutor(readers, thread_name_prefix="sqlite-read")
        self._local = threading.local()
        self._opened: list[sa.Connection] = []
        self._writer = threading.Thread(target=self._write_loop, name="sqlite-write", daemon=True)
        self._closed = False
        self._writer.start()

    def _make_engine(self) -> sa.Engine:
        engine = sa.create_engine(
            sa.URL.create("sqlite", database=str(self._path)),
            module=sqlite_module(),
            poolclass=sa.NullPool,
            connect_args={"check_same_thread": False, "timeout": 10, "isolation_level": None},
            json_serializer=_dump_json,
            hide_parameters=True,  # what customers write must not reach a log with an error
        )

        @sa.event.listens_for(engine, "connect")
        def _pragmas(dbapi: Any, _record: Any) -> None:
            cursor = dbapi.cursor()
            # FULL: a commit survives a power cut, not only a killed process.
            for pragma in (
                "journal_mode=WAL",
                "synchronous=FULL",
                "foreign_keys=ON",
                # What is erased is overwritten at once, not only marked as free.
                "secure_delete=ON",
                "busy_timeout=10000",
            ):
                cursor.execute(f"PRAGMA {pragma}")
            cursor.close()

        return engine

    def _write_loop(self) -> None:
        conn: sa.Connection | None = None
        while True:
            first = self._jobs.get()
            if first is None:
                break
            batch = [first]
            stop = False
            try:
                if conn is None:
                    conn = self._engine.connect()
                conn.exec_driver_sql("BEGIN IMMEDIATE")
                self._run_job(conn, first)
                while len(batch) < GROUP_LIMIT:
                    try:
                        job = self._jobs.get_nowait()
                    except queue.Empty:
                        break
                    if job is None:
                        stop = True
                        break
                    batch.append(job)
                    self._run_job(conn, job)
                conn.exec_driver_sql("COMMIT")
            except Exception as error:  # storage fault: nobody in this group was committed
                failure = _storage_error(error)
                for job in batch:
                    job.error = failure
                if conn is not None:
                    conn.invalidate()
                    conn.close()
                    conn = None
            self._resolve(batch)
            if stop:
                break
        if conn is not None:
            conn.close()

    @staticmethod
    def _run_job(conn: sa.Connection, job: _Job) -> None:
        conn.exec_driver_sql("SAVEPOINT step")
        job.tx = Tx(conn)
        try:
            job.result = job.step(job.tx)
        except OperationalError:
            raise
        except Exception as error:
            conn.exec_driver_sql("ROLLBACK TO step")
            job.error = error
        conn.exec_driver_sql("RELEASE step")

    def _resolve(self, batch: list[_Job]) -> None:
        loop = batch[0].loop
        if loop.is_closed():
            return
        loop.call_soon_threadsafe(self._finish, batch)

    def _finish(self, batch: list[_Job]) -> None:
        for job in batch:
            if job.error is None and job.tx is not None and self._announcer is not None:
                for topic, payload in job.tx.announcements:
                    self._announcer.publish(topic, payload)
            if job.future.done():
                continue
            if job.error is not None:
                job.future.set_exception(job.error)
            else:
                job.future.set_result(job.result)

    async def write(self, step: Callable[[Tx], T]) -> T:
        """See `Database.write`."""
        if self._closed:
            raise Unavailable("The store is closed.")
        loop = asyncio.get_running_loop()
        future: asyncio.Future[T] = loop.create_future()
        self._jobs.put(_Job(step=step, future=future, loop=loop))
        return await future

    def _reader(self) -> sa.Connection:
        conn: sa.Connection | None = getattr(self._local, "conn", None)
        if conn is None:
            conn = self._engine.connect()
            conn.exec_driver_sql("PRAGMA query_only=ON")
            # Only the writer checkpoints.
            conn.exec_driver_sql("PRAGMA wal_autocheckpoint=0")
            self._local.conn = conn
            self._opened.append(conn)
        return conn

    async def read(self, query: Callable[[sa.Connection], T]) -> T:
        """See `Database.read`."""

        def run() -> T:
            try:
                conn = self._reader()
                conn.exec_driver_sql("BEGIN")
                try:
                    return query(conn)
                finally:
                    conn.exec_driver_sql("ROLLBACK")
            except DatabaseError as error:
                raise _storage_error(error) from error

        if self._closed:
            raise Unavailable("The store is closed.")
        return await asyncio.get_running_loop().run_in_executor(self._readers, run)

    async def close(self) -> None:
        """See `Database.close`."""
        if self._closed:
            return
        self._closed = True
        self._jobs.put(None)
        await asyncio.get_running_loop().run_in_executor(None, self._writer.join)
        self._readers.shutdown(wait=True)
        for conn in self._opened:
            conn.close()
        self._engine.dispose()


class PostgresDatabase:
    """PostgreSQL through asyncpg; steps run greenlet-bridged so that repositories are written once."""

    dialect: Literal["sqlite", "postgresql"] = "postgresql"

    def __init__(
        self,
        url: str,
        *,
        announcer: Announcer | None = None,
        pool_size: int = 10,
        schema: str | None = None,
    ) -> None:
        self._announcer = announcer
        settings = {"jit": "off", "application_name": "frontline"}
        if schema is not None:
            settings["search_path"] = schema
        self._engine: AsyncEngine = create_async_engine(
            url,
            pool_size=pool_size,
            max_overflow=5,
            pool_pre_ping=True,
            json_serializer=_dump_json,
            hide_parameters=True,
            connect_args={"server_settings": settings},
        )
        # A query of several statements sees one state of the store, as on SQLite.
        self._snapshots = self._engine.execution_options(
            isolation_level="REPEATABLE READ", postgresql_readonly=True
        )

    async def write(self, step: Callable[[Tx], T]) -> T:
        """See `Database.write`."""
        for attempt in (1, 2):
            tx: Tx | None = None
            committing = False
            try:
                async with self._engine.connect() as conn:
                    trans = await conn.begin()

                    def run(sync_conn: sa.Connection) -> tuple[Tx, T]:
                        tx = Tx(sync_conn)
                        return tx, step(tx)

                    tx, result = await conn.run_sync(run)
                    committing = True
                    await trans.commit()
            except IntegrityError:
                raise
            except (DBAPIError, OSError, PoolTimeout) as error:
                if not committing and attempt == 1 and _may_pass(error):
                    continue
                raise _storage_error(error) from error
            if self._announcer is not None and tx is not None:
                for topic, payload in tx.announcements:
                    self._announcer.publish(topic, payload)
            return result
        raise Unavailable("The store can't be reached.")

    async def read(self, query: Callable[[sa.Connection], T]) -> T:
        """See `Database.read`."""
        for attempt in (1, 2):
            try:
                async with self._snapshots.connect() as conn:
                    return await conn.run_sync(query)
            except (DBAPIError, OSError, PoolTimeout) as error:
                if attempt == 1 and _may_pass(error):
                    continue
                raise _storage_error(error) from error
        raise Unavailable("The store can't be reached.")

    async def close(self) -> None:
        """See `Database.close`."""
        await self._engine.dispose()


def open_database(url: str, *, announcer: Announcer | None = None) -> Database:
    """Open the store that `url` names: `sqlite:///FILE` or `postgresql+asyncpg://…`.

    Raises:
        SetupError: the scheme is unknown or the SQLite file can't be opened.
    """
    parsed = sa.make_url(url)
    if parsed.get_backend_name() == "sqlite":
        if not parsed.database:
            raise SetupError(
                "FRONTLINE_DATABASE_URL: SQLite needs a file, e.g. sqlite:///var/frontline.db"
            )
        path = Path(parsed.database)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise SetupError(
                f"Can't create the data folder {path.parent}: {error.strerror}"
            ) from error
        return SqliteDatabase(path, announcer=announcer)
    if parsed.get_backend_name() == "postgresql":
        return PostgresDatabase(url, announcer=announcer)
    raise SetupError(
        f"FRONTLINE_DATABASE_URL: {parsed.get_backend_name()!r} is not supported; "
        "use sqlite:///FILE or postgresql+asyncpg://USER@HOST/NAME"
    )


def _may_pass(error: BaseException) -> bool:
    """Tell whether running the whole step once more may work."""
    if isinstance(error, DBAPIError):
        return error.connection_invalidated or getattr(error.orig, "sqlstate", None) in RETRIED
    return isinstance(error, OSError)


def _storage_error(error: BaseException) -> Exception:
    if isinstance(error, Unavailable):
        return error
    failure = Unavailable("The store can't be used right now. Nothing was saved; please try again.")
    failure.__cause__ = error
    return failure


def _dump_json(value: Any) -> str:
    import json

    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def insert_ignore(table: Any, dialect: str) -> Any:
    """Return an INSERT that quietly does nothing when a unique key is already there."""
    if dialect == "postgresql":
        return postgresql.insert(table).on_conflict_do_nothing()
    from sqlalchemy.dialects import sqlite

    return sqlite.insert(table).on_conflict_do_nothing()
