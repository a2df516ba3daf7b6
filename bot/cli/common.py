"""What every command needs: settings, an open store, clear failures, a running gateway if there is one."""

import asyncio
import contextlib
import errno
import json
import os
import sys
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, TypeVar

import aiohttp
import psutil
import typer
from sqlalchemy.exc import DBAPIError

from bot.kit.db import Database, open_database
from bot.kit.errors import FrontlineError, SetupError
from bot.kit.logs import configure_logs
from bot.settings import Settings, read_settings

T = TypeVar("T")
DataDir = Annotated[
    Path | None,
    typer.Option("--data-dir", help="Folder for everything that is stored.", show_default="var"),
]
RUN_FILE = "run.json"


def note(text: str) -> None:
    """Write a line to standard error: progress, hints, anything but the result."""
    print(text, file=sys.stderr, flush=True)


def fail(text: str) -> typer.Exit:
    """Print why a command can't go on and return the exit to raise."""
    note(f"frontline: {text}")
    return typer.Exit(1)


def explain_failure(error: BaseException) -> str | None:
    """Return a sentence for an expected failure, or None when it is a defect of ours."""
    if isinstance(error, SetupError):
        return str(error)
    if isinstance(error, FrontlineError):
        cause = str(error.__cause__ or "")
        if "disk is full" in cause or "No space left" in cause:
            return "The disk is full. Free some space and start again; nothing was lost."
        if "disk I/O error" in cause:
            return "The disk is full or failing. Nothing was saved; free some space and try again."
        if "readonly database" in cause or "unable to open database file" in cause:
            return "The data folder can't be written. Check its owner and permissions."
        if error.__cause__ is not None and error.status == 503:
            return f"{error.detail} ({type(error.__cause__).__name__})"
        return error.detail
    if isinstance(error, DBAPIError):
        return f"The store can't be used ({error.orig})."
    if isinstance(error, OSError) and error.errno == errno.ENOSPC:
        return "The disk is full. Free some space and start again; nothing was lost."
    if isinstance(error, OSError) and error.errno in {errno.EACCES, errno.EROFS, errno.EPERM}:
        return f"Can't write {error.filename or 'a file'}: {error.strerror}."
    return None


def run(main: Callable[[], Coroutine[Any, Any, T]]) -> T:
    """Run a command's coroutine; an expected failure becomes one clear line and exit code 1."""
    try:
        return asyncio.run(main())
    except (SetupError, FrontlineError, DBAPIError, OSError) as error:
        text = explain_failure(error)
        if text is None:
            raise
        raise fail(text) from None
    except KeyboardInterrupt:
        raise typer.Exit(130) from None


def settings_for(data_dir: Path | None, **options: Any) -> Settings:
    """Read the settings for a command that prints results: logs are warnings on standard error."""
    try:
        settings = read_settings(data_dir=data_dir, **options)
    except SetupError as error:
        raise fail(str(error)) from None
    configure_logs(level="WARNING")
    return settings


@asynccontextmanager
async def open_store(settings: Settings) -> AsyncIterator[Database]:
    """Open the store with an up-to-date schema; safe while `up` runs."""
    from bot.migrations import current_revision, head_revision, upgrade

    db = open_database(settings.database_url)
    try:
        if await db.read(current_revision) != head_revision():
            await upgrade(db)
        yield db
    finally:
        await db.close()


@dataclass(frozen=True, slots=True)
class Running:
    """A gateway that is running on this data folder."""

    pid: int
    url: str
    internal_url: str


def write_run_file(settings: Settings, *, url: str, internal_url: str) -> Path:
    """Leave a note of where this gateway listens, for other commands."""
    path = settings.data_dir / RUN_FILE
    temporary = path.with_suffix(".tmp")
    process = {"pid": os.getpid(), "started": _started(os.getpid())}
    temporary.write_text(json.dumps({**process, "url": url, "internal_url": internal_url}))
    temporary.chmod(0o600)
    temporary.replace(path)
    return path


def find_running(settings: Settings) -> Running | None:
    """Return the gateway running on this data folder, or None."""
    try:
        data = json.loads((settings.data_dir / RUN_FILE).read_text())
        running = Running(int(data["pid"]), str(data["url"]), str(data["internal_url"]))
        # A killed gateway leaves its note behind, and its number may belong to another process by now.
        if abs(_started(running.pid) - float(data["started"])) > 1:
            return None
    except (psutil.Error, OSError, ValueError, KeyError, TypeError):
        return None
    return running


def _started(pid: int) -> float:
    return psutil.Process(pid).create_time()


async def call_internal(
    settings: Settings,
    running: Running,
    path: str,
    body: dict[str, Any],
    *,
    session: aiohttp.ClientSession | None = None,
) -> Any:
    """Ask the running gateway over its internal application; many calls share a `session`.

    Raises:
        SetupError: it does not answer.
    """
    from bot.kit.keys import internal_token

    headers = {"Authorization": f"Bearer {internal_token(settings.secret_key)}"}
    try:
        async with (
            contextlib.nullcontext(session) if session else aiohttp.ClientSession() as used,
            used.post(
                running.internal_url + path,
                json=body,
                headers=headers,
                timeout=aiohttp.ClientTimeout(total=15),
            ) as response,
        ):
            data = await response.json()
            if response.status != 200:
                raise SetupError(str(data.get("detail", "The running gateway refused.")))
            return data
    except (aiohttp.ClientError, TimeoutError) as error:
        raise SetupError("The running gateway does not answer.") from error
