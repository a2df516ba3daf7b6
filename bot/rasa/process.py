"""Starts the Rasa hosts, watches them, and starts them again when they end, hang or grow too large."""

import asyncio
import contextlib
import os
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import aiohttp
import structlog

from bot.dialogue.rasa_client import RasaPool
from bot.rasa.environment import NLU, rasa_python

log = structlog.get_logger(__name__)
POLL_SECONDS = 0.25
HEALTH_SECONDS = 2.0
UNHEALTHY_LIMIT = 5
"""Health calls in a row that may fail before a running host is started anew."""
MAX_RSS_MB = 2_500
START_SECONDS = 180
"""A host that is not ready by then is started anew (a busy machine needed up to 135 s, measured)."""
BACKOFF_SECONDS = (0.2, 1.0, 2.0, 5.0, 10.0)


class HostSupervisor:
    """Keeps one Rasa process alive. `model` is asked at every start: another may have been promoted."""

    def __init__(
        self,
        index: int,
        pool: RasaPool,
        *,
        model: Callable[[], Path],
        trackers: str,
        actions_url: str,
        token: str,
        log_file: Path,
        on_ready: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._index = index
        self._pool = pool
        self._model = model
        self._trackers = trackers
        self._actions_url = actions_url
        self._token = token
        self._log_file = log_file
        self._on_ready = on_ready
        self._process: asyncio.subprocess.Process | None = None
        self._closing = asyncio.Event()

    @property
    def pid(self) -> int | None:
        """The process id while it runs."""
        process = self._process
        return process.pid if process is not None and process.returncode is None else None

    async def run(self) -> None:
        """Keep the host running until closed."""
        failures = 0
        async with aiohttp.ClientSession(
            headers={"Authorization": f"Bearer {self._token}"},
            timeout=aiohttp.ClientTimeout(total=HEALTH_SECONDS),
        ) as session:
            while not self._closing.is_set():
                ready = await self._one_life(session)
                self._pool.set_host(self._index, None, ready=False)
                if self._closing.is_set():
                    break
                failures = 0 if ready else failures + 1
                pause = BACKOFF_SECONDS[min(failures, len(BACKOFF_SECONDS) - 1)]
                log.warning("rasa.restarting", index=self._index, pause_seconds=pause)
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._closing.wait(), pause)

    async def _one_life(self, session: aiohttp.ClientSession) -> bool:
        """Start the host and watch it until it ends; tells whether it ever became ready."""
        port = free_port()
        url = f"http://127.0.0.1:{port}"
        self._log_file.parent.mkdir(parents=True, exist_ok=True)
        with self._log_file.open("ab") as output:
            self._process = await asyncio.create_subprocess_exec(
                str(rasa_python()),
                "host.py",
                "--port",
                str(port),
                "--model",
                str(self._model()),
                "--trackers",
                self._trackers,
                "--actions-url",
                self._actions_url,
                "--parent",
                str(os.getpid()),
                cwd=NLU,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                env=host_environ(self._token),
                # Ctrl-C in the terminal reaches the gateway alone, which then drains in order.
                start_new_session=True,
            )
        process = self._process
        self._pool.set_host(self._index, url, ready=False)
        loop = asyncio.get_running_loop()
        started = loop.time()
        ready = False
        unhealthy = 0
        while process.returncode is None and not self._closing.is_set():
            health = await _health(session, url)
            if health is not None and health.get("status") == "ok":
                unhealthy = 0
                if not ready:
                    ready = True
                    name = str((health.get("model") or {}).get("name") or "")
                    log.info(
                        "rasa.ready", index=self._index, seconds=round(loop.time() - started, 1)
                    )
                    self._pool.model = name
                    self._on_ready(name)
                self._pool.set_host(self._index, url, ready=True)
                if int(health.get("rss_mb") or 0) > MAX_RSS_MB:
                    log.warning("rasa.too_large", rss_mb=health.get("rss_mb"))
                    break
            elif ready:
                unhealthy += 1
                if unhealthy >= UNHEALTHY_LIMIT:
                    log.warning("rasa.unhealthy", index=self._index)
                    break
            elif loop.time() - started > START_SECONDS:
                log.warning("rasa.start_timed_out", index=self._index)
                break
            pause = HEALTH_SECONDS if ready else POLL_SECONDS
            waits = [
                asyncio.ensure_future(process.wait()),
                asyncio.ensure_future(self._closing.wait()),
            ]
            await asyncio.wait(waits, timeout=pause, return_when=asyncio.FIRST_COMPLETED)
            for wait in waits:
                wait.cancel()
        self._pool.set_host(self._index, None, ready=False)
        await stop_process(process)
        log.info("rasa.ended", index=self._index, code=process.returncode)
        return ready

    async def close(self) -> None:
        """End the host: first kindly, then not."""
        self._closing.set()
        if self._process is not None:
            await stop_process(self._process)


async def stop_process(process: asyncio.subprocess.Process, *, seconds: float = 6.0) -> None:
    """SIGTERM, and SIGKILL when that is not heard."""
    if process.returncode is not None:
        return
    with contextlib.suppress(ProcessLookupError):
        process.terminate()
    try:
        async with asyncio.timeout(seconds):
            await process.wait()
    except TimeoutError:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()


async def _health(session: aiohttp.ClientSession, url: str) -> dict[str, Any] | None:
    try:
        async with session.get(url + "/health") as response:
            data = await response.json()
            return data if isinstance(data, dict) else None
    except (aiohttp.ClientError, TimeoutError, ValueError, OSError):
        return None


def host_environ(token: str) -> dict[str, str]:
    """Return the host's environment: no secret of the gateway but the internal token."""
    keep = {"PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "LD_LIBRARY_PATH", "SYSTEMROOT", "TZ"}
    environ = {k: v for k, v in os.environ.items() if k in keep or k.startswith("OPENBLAS_")}
    environ["FRONTLINE_INTERNAL_TOKEN"] = token
    environ["PYTHONDONTWRITEBYTECODE"] = "1"
    return environ


def free_port() -> int:
    """Return a loopback port nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
