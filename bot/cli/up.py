"""`frontline up` and `serve`: everything in the foreground, watched, drained on Ctrl-C."""

import asyncio
import errno
import signal
import socket
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import structlog
from aiohttp import web
from rich.console import Console
from sqlalchemy.exc import DBAPIError

from bot.app import create_internal_app, create_public_app, serve
from bot.cli.common import explain_failure, write_run_file
from bot.cli.lock import only_one
from bot.kit.errors import FrontlineError, SetupError
from bot.kit.logs import configure_logs
from bot.kit.loop import run as run_loop
from bot.migrations import upgrade
from bot.rasa.environment import ensure_environment, find_python, is_ready
from bot.rasa.process import HostSupervisor
from bot.services import Services, build_services
from bot.settings import Settings, read_settings
from bot.web.build import FrontEndBuildError, ensure_built, has_former_build

log = structlog.get_logger(__name__)


def run_up(
    *,
    host: str,
    port: int,
    data_dir: Path | None,
    demo: bool,
    telegram: bool,
    prepare: bool = True,
) -> int:
    """Run until interrupted and return the exit code.

    Args:
        host: address to listen on.
        port: port to listen on.
        data_dir: folder for everything that is stored.
        demo: seed the demo shop and serve its page.
        telegram: start Telegram when a token is configured.
        prepare: make Rasa's environment, train and build the pages when needed (`up`), or use what
            is there (`serve`).
    """
    show = _Screen()
    # The store's threads need the interpreter for microseconds at a time; with the usual 5 ms a busy
    # loop makes every commit wait.
    sys.setswitchinterval(0.0005)
    try:
        shown_host = "127.0.0.1" if host in {"0.0.0.0", "::"} else host  # noqa: S104 - compared only
        settings = read_settings(
            data_dir=data_dir,
            public_url=f"http://{shown_host}:{port}",
            demo=demo,
            telegram=telegram,
        )
        configure_logs(level=settings.log_level if not sys.stderr.isatty() else "WARNING")
        _check_port(host, port)
        run_loop(_up(settings, host=host, port=port, show=show, prepare=prepare))
    except KeyboardInterrupt:
        return 130
    except BaseExceptionGroup as group:
        for error in _flatten(group):
            text = explain_failure(error)
            if text is None:
                raise
            show.error(text)
        return 1
    except (SetupError, FrontlineError, DBAPIError, OSError) as error:
        text = explain_failure(error)
        if text is None:
            raise
        show.error(text)
        return 1
    return 0


class _Screen:
    """Progress for people: one line a step, on standard error."""

    def __init__(self) -> None:
        self._console = Console(stderr=True, highlight=False, soft_wrap=True)
        self._started = time.monotonic()

    def step(self, text: str) -> None:
        self._console.print(
            f"[dim]{time.monotonic() - self._started:6.1f} s[/]  {text}", markup=True
        )

    def plain(self, text: str = "") -> None:
        self._console.print(text, markup=False)

    def error(self, text: str) -> None:
        self._console.print(f"frontline: {text}", markup=False, style="bold red")


def _flatten(group: BaseExceptionGroup[Any]) -> list[BaseException]:
    found: list[BaseException] = []
    for error in group.exceptions:
        found += _flatten(error) if isinstance(error, BaseExceptionGroup) else [error]
    return found


def _check_port(host: str, port: int) -> None:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise SetupError(_port_problem(host, port, error)) from None


def _port_problem(host: str, port: int, error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        return (
            f"Port {port} on {host} is in use. Stop what listens there, or choose another --port."
        )
    if error.errno in {errno.EACCES, errno.EPERM}:
        return f"Port {port} may not be used by this account. Choose a --port above 1023."
    return f"Can't listen on {host}:{port}: {error.strerror}."


async def _up(settings: Settings, *, host: str, port: int, show: _Screen, prepare: bool) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    # Also beside PostgreSQL, where several gateways share a store: logs, mails and the file that says
    # where this one listens are each gateway's own.
    with only_one(settings.data_dir):
        if prepare and not is_ready():
            # A missing interpreter is told at once, not after everything else has started.
            await find_python(settings.rasa_python, progress=show.step)
        async with gateway(settings, host=host, port=port, show=show) as (services, drain):
            run_file = write_run_file(
                settings,
                url=f"http://{'127.0.0.1' if host in {'0.0.0.0', '::'} else host}:{port}",  # noqa: S104
                internal_url=services.internal_url,
            )
            try:
                async with asyncio.TaskGroup() as tasks:
                    watcher = tasks.create_task(_bot(services, show, prepare=prepare))
                    pages = tasks.create_task(_pages(show)) if prepare else None
                    await stop.wait()
                    show.plain()
                    show.step("stopping: finishing what is under way")
                    await drain()
                    for task in (watcher, pages):
                        if task is not None:
                            task.cancel()
            finally:
                run_file.unlink(missing_ok=True)
        show.step("stopped")


@asynccontextmanager
async def gateway(
    settings: Settings, *, host: str, port: int, show: _Screen
) -> AsyncIterator[tuple[Services, Callable[[], Awaitable[None]]]]:
    """Run the gateway's two applications and its workers while inside the context.

    Gives the services and a function that drains: call it while Rasa still runs, so that turns under
    way are answered by the bot.
    """
    services = build_services(settings)
    try:
        before, after = await upgrade(services.db)
        if before != after:
            show.step(f"schema {'created' if before is None else 'updated'}")
        seeded = await services.seed(progress=show.step)
        await services.start()
        internal = await serve(create_internal_app(services), host="127.0.0.1", port=0)
        services.internal_url = "http://{}:{}".format(*internal.addresses[0][:2])
        app = create_public_app(services, tables=services.tables())
        try:
            public = await _listen(app, host=host, port=port)
            show.step("[bold green]messages are accepted[/] (the bot joins when Rasa is ready)")
            await _welcome(services, seeded, show)

            async def drain() -> None:
                # Open connections end, nothing new comes in, then turns and replies finish.
                services.end_streams()
                await public.cleanup()
                await services.drain()

            try:
                yield services, drain
            finally:
                await drain()
        finally:
            await internal.cleanup()
    finally:
        await services.close()


async def _listen(app: web.Application, *, host: str, port: int) -> web.AppRunner:
    try:
        return await serve(app, host=host, port=port)
    except OSError as error:
        raise SetupError(_port_problem(host, port, error)) from None


async def _welcome(
    services: Services, passwords: list[tuple[str, str, str]], show: _Screen
) -> None:
    url = services.settings.public_url
    show.plain()
    if services.settings.demo:
        show.plain(f"  Demo shop   {url}/            mail box  {url}/demo/mail")
    show.plain(f"  Console     {url}/console")
    show.plain(f"  Admin       {url}/admin")
    if passwords:
        show.plain("\n  The demo people (these passwords are shown this once):")
        for role, email, password in passwords:
            show.plain(f"    {role:14} {email:28} {password}")
    token = await services.staff.make_setup_link()
    if token:
        show.plain("\n  Make the first administrator here (works once, for 24 hours):")
        show.plain(f"    {url}/setup/{token}")
    show.plain("\n  Ctrl-C stops.\n")


async def _pages(show: _Screen) -> None:
    def progress(text: str) -> None:
        show.step(text)

    try:
        await asyncio.to_thread(ensure_built, progress)
    except FrontEndBuildError as error:
        if not has_former_build():
            raise
        show.step(f"the pages can't be built; those of the last build are shown. {error}")
    else:
        show.step("pages and widget are ready")


async def _bot(services: Services, show: _Screen, *, prepare: bool) -> None:
    settings = services.settings
    if prepare:
        await ensure_environment(settings.rasa_python, progress=show.step)
    elif not is_ready():
        raise SetupError("Rasa is not installed yet. Run `frontline train` once.")
    models = services.learning.models
    await models.prepare(progress=show.step, train=prepare)
    show.step("starting Rasa")
    async with asyncio.TaskGroup() as tasks:
        for supervisor in rasa_hosts(
            services,
            model=models.path_to_load,
            on_ready=lambda name: show.step(f"[bold green]the bot is ready[/] (model {name})"),
        ):
            tasks.create_task(_watched(supervisor))


async def _watched(supervisor: HostSupervisor) -> None:
    try:
        await supervisor.run()
    finally:
        await supervisor.close()


def rasa_hosts(
    services: Services, *, model: Callable[[], Path], on_ready: Any
) -> list[HostSupervisor]:
    """Return a supervisor for each configured Rasa host; `model` is asked at each of its starts."""
    settings = services.settings
    postgres = settings.database_url.startswith("postgresql")
    folder = settings.data_dir / "rasa"
    folder.mkdir(parents=True, exist_ok=True)
    return [
        HostSupervisor(
            index,
            services.rasa,
            model=model,
            trackers=settings.database_url.replace("postgresql+asyncpg", "postgresql")
            if postgres
            else str(folder / f"trackers-{index}.db"),
            actions_url=f"{services.internal_url}/actions",
            token=services.internal_token,
            log_file=settings.data_dir / "logs" / f"rasa-{index}.log",
            on_ready=on_ready,
        )
        for index in range(settings.rasa_hosts)
    ]
