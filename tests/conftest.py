"""Fixtures everybody uses: a fixed clock, real databases (SQLite and PostgreSQL), a quick encoder."""

import os
import uuid
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot.kit.bus import LocalBus
from bot.kit.clock import FixedClock
from bot.kit.db import Base, Database, PostgresDatabase, SqliteDatabase
from bot.kit.encoder import UniversalEncoder
from bot.tables import all_tables

POSTGRES_URL = os.environ.get(
    "FRONTLINE_TEST_POSTGRES_URL", "postgresql+asyncpg://postgres@127.0.0.1:5432/test"
)
REDIS_URL = os.environ.get("FRONTLINE_TEST_REDIS_URL", "redis://127.0.0.1:6379/9")


def unavailable(what: str) -> None:
    """Skip on a laptop without the service; fail where everything must run."""
    if os.environ.get("CI") == "true":
        pytest.fail(f"{what} must be reachable in CI")
    pytest.skip(f"{what} is not reachable here")


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(datetime(2026, 11, 18, 15, 0, tzinfo=UTC))


@pytest.fixture
def bus() -> LocalBus:
    return LocalBus()


@pytest.fixture(scope="session")
def encoder() -> UniversalEncoder:
    return UniversalEncoder()


async def postgres_schema() -> tuple[str, str]:
    """Create a schema of its own for one test and return (url, schema)."""
    import asyncpg  # type: ignore[import-untyped]

    schema = f"t_{uuid.uuid4().hex[:12]}"
    dsn = POSTGRES_URL.replace("postgresql+asyncpg", "postgresql")
    try:
        conn = await asyncpg.connect(dsn, timeout=3)
    except (OSError, asyncpg.PostgresError, TimeoutError):
        unavailable("PostgreSQL")
        raise
    await conn.execute(f"CREATE SCHEMA {schema}")
    await conn.close()
    return POSTGRES_URL, schema


async def drop_schema(schema: str) -> None:
    import asyncpg

    conn = await asyncpg.connect(POSTGRES_URL.replace("postgresql+asyncpg", "postgresql"))
    await conn.execute(f"DROP SCHEMA {schema} CASCADE")
    await conn.close()


@pytest.fixture
async def sqlite_db(tmp_path: Path, bus: LocalBus) -> AsyncIterator[Database]:
    all_tables()
    db = SqliteDatabase(tmp_path / "frontline.db", announcer=bus)
    await db.write(lambda tx: Base.metadata.create_all(tx.conn))
    yield db
    await db.close()


@pytest.fixture(params=["sqlite", "postgresql"])
async def db(
    request: pytest.FixtureRequest, tmp_path: Path, bus: LocalBus
) -> AsyncIterator[Database]:
    """The real store, once per engine."""
    all_tables()
    if request.param == "sqlite":
        sqlite = SqliteDatabase(tmp_path / "frontline.db", announcer=bus)
        await sqlite.write(lambda tx: Base.metadata.create_all(tx.conn))
        yield sqlite
        await sqlite.close()
        return
    url, schema = await postgres_schema()
    postgres = PostgresDatabase(url, announcer=bus, schema=schema)
    await postgres.write(lambda tx: Base.metadata.create_all(tx.conn))
    yield postgres
    await postgres.close()
    await drop_schema(schema)
