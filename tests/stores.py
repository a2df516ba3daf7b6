"""Real stores for tests of whole systems: a PostgreSQL database of one's own, a Redis server of one's own."""

import asyncio
import contextlib
import shutil
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncpg  # type: ignore[import-untyped]
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from tests.conftest import POSTGRES_URL, REDIS_URL, unavailable
from tests.system import free_port, until


def plain_dsn(url: str) -> str:
    """Return the address as asyncpg itself takes it."""
    return url.replace("postgresql+asyncpg://", "postgresql://")


async def connect(url: str) -> Any:
    """Return an asyncpg connection; skips (fails in CI) when PostgreSQL is not there."""
    try:
        return await asyncpg.connect(plain_dsn(url), timeout=3)
    except (OSError, asyncpg.PostgresError, TimeoutError):
        unavailable("PostgreSQL")
        raise


@asynccontextmanager
async def own_database() -> AsyncIterator[str]:
    """Give the URL of an empty database that is dropped afterwards."""
    name = f"frontline_{uuid.uuid4().hex[:12]}"
    server = await connect(POSTGRES_URL)
    try:
        await server.execute(f"CREATE DATABASE {name}")
        yield f"{POSTGRES_URL.rpartition('/')[0]}/{name}"
    finally:
        await server.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        await server.close()


async def cut_connections(url: str) -> int:
    """End every connection to the database but one's own, as a restart would; return how many."""
    own = await connect(url)
    try:
        ended = await own.fetch(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        return len(ended)
    finally:
        await own.close()


async def everything_in(url: str) -> str:
    """Return all rows of all tables of all schemas as one text."""
    conn = await connect(url)
    try:
        tables = await conn.fetch(
            "SELECT table_schema, table_name FROM information_schema.tables "
            "WHERE table_type = 'BASE TABLE' "
            "AND table_schema NOT IN ('pg_catalog', 'information_schema')"
        )
        found = []
        for schema, table in tables:
            rows = await conn.fetch(f'SELECT t::text FROM "{schema}"."{table}" t')  # noqa: S608
            found += [row[0] for row in rows]
        return "\n".join(found)
    finally:
        await conn.close()


async def shared_redis() -> str:
    """Return the URL of the Redis that is there; skips (fails in CI) when none is."""
    client = _client(REDIS_URL)
    try:
        await client.ping()
    except (RedisError, OSError):
        unavailable("Redis")
        raise
    finally:
        await client.aclose()
    return REDIS_URL


def _client(url: str) -> Any:
    return Redis.from_url(
        url, socket_connect_timeout=2, socket_timeout=2, retry=Retry(NoBackoff(), 0)
    )


@dataclass
class RedisServer:
    """A Redis that a test may flush and stop."""

    folder: Path
    port: int
    process: asyncio.subprocess.Process | None = None

    @property
    def url(self) -> str:
        """Where it is reached."""
        return f"redis://127.0.0.1:{self.port}/0"

    async def start(self) -> None:
        """Start it, empty, and wait until it answers."""
        program = shutil.which("redis-server")
        if program is None:
            unavailable("redis-server")
        self.process = await asyncio.create_subprocess_exec(
            str(program),
            *("--bind", "127.0.0.1", "--port", str(self.port), "--dir", str(self.folder)),
            *("--save", "", "--appendonly", "no"),
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
        )

        async def answers() -> bool:
            with contextlib.suppress(RedisError, OSError):
                return bool(await self.ask("PING"))
            return False

        await until(answers, seconds=30, what="Redis")

    async def ask(self, *command: str) -> Any:
        """Run one command."""
        client = _client(self.url)
        try:
            return await client.execute_command(*command)
        finally:
            await client.aclose()

    async def stop(self) -> None:
        """End it at once."""
        if self.process is not None and self.process.returncode is None:
            self.process.kill()
            await self.process.wait()


@asynccontextmanager
async def own_redis(folder: Path) -> AsyncIterator[RedisServer]:
    """Run a Redis server of one's own."""
    folder.mkdir(parents=True, exist_ok=True)  # noqa: ASYNC240 - one call, before anything runs
    server = RedisServer(folder, free_port())
    await server.start()
    try:
        yield server
    finally:
        await server.stop()
