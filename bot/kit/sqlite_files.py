"""SQLite files as files: copied while they are in use, checked, and really emptied of what was deleted.

Everything else about the store is in `bot.kit.db`; this is for backup, restore and erasure, which
also reach the files that Rasa's hosts write.
"""

import contextlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from bot.kit.db import sqlite_module
from bot.kit.errors import SetupError

BUSY_SECONDS = 30.0


@contextlib.contextmanager
def opened(path: Path) -> Iterator[Any]:
    """Open an existing file; each statement is its own transaction.

    Raises:
        SetupError: the file can't be used, here or inside the block.
    """
    sqlite = sqlite_module()
    connection = None
    try:
        connection = sqlite.connect(
            f"{path.resolve().as_uri()}?mode=rw",
            uri=True,
            timeout=BUSY_SECONDS,
            isolation_level=None,
        )
        yield connection
    except sqlite.Error as error:
        if "I/O" in str(error) or "full" in str(error):
            raise SetupError("The disk is full or failing. Free some space first.") from error
        raise SetupError(f"{path.name} can't be used: {error}.") from error
    finally:
        if connection is not None:
            connection.close()


def copy(source: Path, target: Path) -> None:
    """Copy a database as it is at one instant, also while others write to it. Blocking."""
    with opened(source) as from_, contextlib.closing(sqlite_module().connect(target)) as to:
        from_.backup(to, pages=2_000, sleep=0.01)
        # The copy is one file: no log beside it.
        to.execute("PRAGMA journal_mode=DELETE")


def check(path: Path) -> None:
    """Read the whole file. Blocking.

    Raises:
        SetupError: it is no database, or damaged.
    """
    with opened(path) as connection:
        found = connection.execute("PRAGMA integrity_check").fetchone()
    if found[0] != "ok":
        raise SetupError(f"{path.name} is damaged: {found[0]}")


def scrub(path: Path) -> None:
    """Empty the write-ahead log, so that nothing deleted is left in it. Blocking.

    In the file itself the store overwrites what it deletes (`secure_delete`).
    """
    with opened(path) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def erase_prefix(path: Path, *, tables: Sequence[str], column: str, prefix: str) -> int:
    """Delete the rows of `tables` whose `column` begins with `prefix`; return how many. Blocking."""
    deleted = 0
    with opened(path) as connection:
        connection.execute("PRAGMA secure_delete=ON")
        known = {row[0] for row in connection.execute("SELECT name FROM sqlite_master")}
        for table in tables:
            if table in known:
                cursor = connection.execute(
                    f"DELETE FROM {table} WHERE substr({column}, 1, ?) = ?",  # noqa: S608
                    (len(prefix), prefix),
                )
                deleted += cursor.rowcount
    return deleted


def read_prefix(path: Path, *, table: str, column: str, prefix: str, wanted: str) -> list[str]:
    """Return `wanted` of the rows of `table` whose `column` begins with `prefix`. Blocking."""
    with opened(path) as connection:
        known = {row[0] for row in connection.execute("SELECT name FROM sqlite_master")}
        if table not in known:
            return []
        rows = connection.execute(
            f"SELECT {wanted} FROM {table} WHERE substr({column}, 1, ?) = ? ORDER BY rowid",  # noqa: S608
            (len(prefix), prefix),
        )
        return [str(row[0]) for row in rows]
