"""The databases that trackers can live in, for tests that must hold on each of them."""

from __future__ import annotations

import os
import uuid
from pathlib import Path
from typing import Iterator, List

import pytest

from hosting.journal import Database, PostgresDatabase, SqliteDatabase

POSTGRES_URL = os.environ.get(
    "FRONTLINE_TEST_POSTGRES_URL", "postgresql://postgres@127.0.0.1:5432/test"
)


def places(kind: str, folder: Path) -> Iterator[List[Database]]:
    """Two connections to one fresh database of a kind."""
    if kind == "sqlite":
        yield [SqliteDatabase(folder / "trackers.db") for _ in range(2)]
        return
    import psycopg2

    schema = f"rasa_{uuid.uuid4().hex[:12]}"
    url = "postgresql://" + POSTGRES_URL.split("://", 1)[1]
    try:
        connection = psycopg2.connect(url, connect_timeout=3)
    except psycopg2.OperationalError:
        if os.environ.get("CI") == "true":
            pytest.fail("PostgreSQL must be reachable in CI")
        pytest.skip("PostgreSQL is not reachable here")
    yield [PostgresDatabase(url, schema) for _ in range(2)]
    connection.autocommit = True
    with connection.cursor() as cursor:
        cursor.execute(f'DROP SCHEMA IF EXISTS "{schema}" CASCADE')
    connection.close()
