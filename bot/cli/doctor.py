"""`frontline doctor`: what is installed, reachable and configured, as a table."""

import asyncio
import shutil
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from rich.console import Console
from rich.table import Table

from bot.cli.common import fail, find_running
from bot.kit.errors import SetupError
from bot.kit.logs import configure_logs
from bot.settings import Settings, read_settings

OK, WARN, BAD = "ok", "note", "broken"
Check = tuple[str, str, str]


def run_doctor(data_dir: Path | None) -> int:
    """Print the table; 1 when something is broken."""
    configure_logs(level="ERROR")
    try:
        settings = read_settings(data_dir=data_dir)
    except SetupError as error:
        raise fail(str(error)) from None
    checks = asyncio.run(_all(settings))
    table = Table(title="Frontline", title_justify="left")
    for column in ("what", "state", "detail"):
        table.add_column(column, overflow="fold")
    colours = {OK: "green", WARN: "yellow", BAD: "red"}
    for what, state, detail in checks:
        table.add_row(what, f"[{colours[state]}]{state}[/]", detail)
    Console(width=None if sys.stdout.isatty() else 120).print(table)
    return 1 if any(state == BAD for _, state, _ in checks) else 0


async def _all(settings: Settings) -> list[Check]:
    checks: list[Callable[[Settings], Awaitable[list[Check]]]] = [
        _python,
        _disk,
        _store,
        _redis,
        _rasa,
        _pages,
        _mail,
        _telegram,
        _running,
    ]
    rows: list[Check] = []
    for check in checks:
        try:
            async with asyncio.timeout(15):
                rows += await check(settings)
        except Exception as error:  # command edge: a failed check is a row, not a crash
            rows.append((check.__name__.strip("_"), BAD, f"{type(error).__name__}: {error}"[:200]))
    return rows


async def _python(_: Settings) -> list[Check]:
    from bot import __version__
    from bot.kit.db import MIN_SQLITE, sqlite_module

    version = sqlite_module().sqlite_version
    new_enough = tuple(int(part) for part in version.split(".")) >= MIN_SQLITE
    return [
        ("frontline", OK, f"{__version__} on Python {sys.version.split()[0]}"),
        (
            "SQLite",
            OK if new_enough else WARN,
            version
            if new_enough
            else f"{version}: older than 3.51.3 (rare corruption bug); "
            "install the pysqlite3 package or use PostgreSQL",
        ),
    ]


async def _disk(settings: Settings) -> list[Check]:
    folder = settings.data_dir
    free = shutil.disk_usage(folder).free
    state = OK if free > 2**30 else WARN if free > 100 * 2**20 else BAD
    return [("data folder", state, f"{folder}, {free / 2**30:.1f} GiB free")]


async def _store(settings: Settings) -> list[Check]:
    from bot.kit.db import open_database
    from bot.migrations import current_revision, head_revision

    db = open_database(settings.database_url)
    try:
        revision = await db.read(current_revision)
    finally:
        await db.close()
    where = "SQLite" if db.dialect == "sqlite" else "PostgreSQL"
    if revision == head_revision():
        return [("database", OK, f"{where}, schema {revision}")]
    return [
        ("database", WARN, f"{where}, schema {revision or 'empty'}: `frontline migrate` updates it")
    ]


async def _redis(settings: Settings) -> list[Check]:
    if settings.redis_url is None:
        return [("Redis", OK, "not configured; one gateway needs none")]
    from redis.asyncio import Redis

    client: Any = Redis.from_url(settings.redis_url)
    try:
        await client.ping()
    finally:
        await client.aclose()
    return [("Redis", OK, "answers")]


async def _rasa(settings: Settings) -> list[Check]:
    from bot.rasa.environment import find_python, is_ready
    from bot.rasa.training import model_path

    rows: list[Check] = []
    if is_ready():
        rows.append(("Rasa", OK, "3.6.21, environment complete"))
    else:
        try:
            python = await find_python(settings.rasa_python, progress=lambda _: None)
        except SetupError as error:
            rows.append(("Rasa", BAD, str(error)))
        else:
            rows.append(("Rasa", WARN, f"not installed yet; `frontline up` does it with {python}"))
    model = model_path()
    rows.append(
        ("model", OK, model.name)
        if model.exists()
        else ("model", WARN, "not trained for the present data; `frontline train` or `up` does it")
    )
    return rows


async def _pages(_: Settings) -> list[Check]:
    from bot.web.build import DIST, FrontEndBuildError, find_node

    if (DIST / "widget.js").exists():
        return [("pages", OK, "built")]
    try:
        node = find_node()
    except FrontEndBuildError as error:
        return [("pages", BAD, str(error))]
    return [("pages", WARN, f"not built yet; `frontline up` does it with {node}")]


async def _mail(settings: Settings) -> list[Check]:
    if settings.smtp_url is None:
        return [("mail", OK, f"written to {settings.data_dir / 'mail'}")]
    parts = urlsplit(settings.smtp_url)
    port = parts.port or (465 if parts.scheme == "smtps" else 587)
    _, writer = await asyncio.wait_for(asyncio.open_connection(parts.hostname, port), 5)
    writer.close()
    await writer.wait_closed()
    return [("mail", OK, f"{parts.hostname}:{port} answers")]


async def _telegram(settings: Settings) -> list[Check]:
    if settings.telegram_token is None:
        return [("Telegram", OK, "no token; set FRONTLINE_TELEGRAM_TOKEN to use it")]
    import aiohttp

    base = settings.telegram_api_url or "https://api.telegram.org"
    try:
        async with (
            aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=8)) as session,
            session.get(f"{base}/bot{settings.telegram_token}/getMe") as response,
        ):
            data = await response.json()
    except (aiohttp.ClientError, TimeoutError, ValueError) as error:
        # The error's text would hold the URL, and so the token.
        return [
            ("Telegram", BAD, f"{urlsplit(base).netloc} can't be reached ({type(error).__name__})")
        ]
    if not data.get("ok"):
        return [("Telegram", BAD, f"refused: {data.get('description')}")]
    return [("Telegram", OK, f"@{data['result'].get('username')}, {settings.telegram_mode}")]


async def _running(settings: Settings) -> list[Check]:
    running = find_running(settings)
    if running is None:
        return [("gateway", OK, "not running on this data folder")]
    import aiohttp

    async with (
        aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=5)) as session,
        session.get(running.url + "/readyz") as response,
    ):
        data = await response.json()
    state = OK if response.status == 200 and data.get("bot") == "ok" else WARN
    return [("gateway", state, f"{running.url}: gateway {data['gateway']}, bot {data['bot']}")]
