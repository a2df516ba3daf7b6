"""The Rasa host: ``python host.py --port P --model FILE --trackers PLACE --actions-url URL``.

Serves turns over HTTP on loopback (see README.md). ``FRONTLINE_INTERNAL_TOKEN`` is the bearer token
in both directions. ``/health`` answers while Rasa is still being imported, so that whoever started
the host can tell "starting" from "gone".
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import os
import signal
import sys
import time
import warnings
from pathlib import Path
from typing import Any, Optional, Sequence, Tuple

HERE = Path(__file__).resolve().parent
_STARTED = time.monotonic()

logger = logging.getLogger("host")


def main(arguments: Optional[Sequence[str]] = None) -> int:
    """Serve until told to end; returns the exit code."""
    options = _parser().parse_args(arguments)
    token = os.environ.pop("FRONTLINE_INTERNAL_TOKEN", "")
    if len(token) < 16:
        print("FRONTLINE_INTERNAL_TOKEN must hold at least 16 characters", file=sys.stderr)
        return 2
    _prepare(with_tensorflow=options.with_tensorflow)
    from hosting import process

    process.log_to_standard_error()
    if not options.keep_running:
        process.end_with_parent(options.parent)
    try:
        import uvloop  # a tenth less CPU time per message
    except ImportError:  # it does not exist for Windows
        return asyncio.run(_serve(options, token))
    return uvloop.run(_serve(options, token))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--port", type=int, required=True, help="port on 127.0.0.1 (0: any)")
    parser.add_argument("--model", type=Path, required=True, help="a model.tar.gz")
    parser.add_argument(
        "--trackers", required=True, help="an SQLite file or a postgresql:// address"
    )
    parser.add_argument("--actions-url", required=True, help="where custom actions are served")
    parser.add_argument("--max-live", type=int, default=2000, help="conversations in memory")
    parser.add_argument(
        "--with-tensorflow", action="store_true", help="for models whose components need it"
    )
    parser.add_argument("--parent", type=int, help="process to end with (default: who started it)")
    parser.add_argument(
        "--keep-running", action="store_true", help="outlive the process that started this one"
    )
    return parser


def _prepare(*, with_tensorflow: bool) -> None:
    """Settings that only work before numpy and Rasa are imported."""
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ[name] = "1"
    os.environ["RASA_TELEMETRY_ENABLED"] = "false"
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
    os.environ["CUDA_VISIBLE_DEVICES"] = ""
    os.environ["SQLALCHEMY_SILENCE_UBER_WARNING"] = "1"
    # Rasa's old pins warn about themselves; nobody who reads this log can act on it.
    warnings.filterwarnings("ignore", category=DeprecationWarning)
    if str(HERE) not in sys.path:
        sys.path.insert(0, str(HERE))
    if not with_tensorflow:
        from hosting import lean

        lean.leave_tensorflow_out(training=False)


async def _serve(options: argparse.Namespace, token: str) -> int:
    from aiohttp import web

    from hosting.server import Front, application

    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)

    front = Front()
    runner = web.AppRunner(
        application(front, token), access_log=None, handle_signals=False, shutdown_timeout=8.0
    )
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", options.port)
    await site.start()
    logger.info("listening on 127.0.0.1:%d", runner.addresses[0][1])

    starting = asyncio.ensure_future(_start(options, token))
    ending = asyncio.ensure_future(stopping.wait())
    await asyncio.wait({starting, ending}, return_when=asyncio.FIRST_COMPLETED)
    if not starting.done():
        # A thread that imports Rasa cannot be stopped. Nothing was served yet, so nothing is lost.
        await runner.cleanup()
        logging.shutdown()
        os._exit(0)
    error = starting.exception()
    if error is not None:
        logger.error("cannot start: %s", error, exc_info=error)
        await runner.cleanup()
        return 1
    engine, actions = starting.result()
    front.engine = engine
    logger.info("ready after %.1f seconds", time.monotonic() - _STARTED)
    await ending
    logger.info("ending")
    # No new connections; turns in progress get their time, then what they wrote is flushed.
    await runner.cleanup()
    await actions.close()
    await loop.run_in_executor(None, engine.close)
    return 0


async def _start(options: argparse.Namespace, token: str) -> Tuple[Any, Any]:
    """The engine with its model loaded, and its connection to the actions."""
    loop = asyncio.get_running_loop()
    if not options.model.is_file():
        # Before seconds of imports, not after.
        raise FileNotFoundError(f"there is no such file: {options.model}")

    def imported() -> Any:
        import hosting.actions
        import hosting.engine
        from hosting import process

        process.silence_rasa()
        return hosting

    hosting = await loop.run_in_executor(None, imported)
    from hosting.journal import Journal, database

    journal = Journal(database(options.trackers))
    await loop.run_in_executor(None, journal.start)
    actions = hosting.actions.HttpActions(options.actions_url, token)
    engine = hosting.engine.Engine(journal, actions, max_live=options.max_live)
    facts = await engine.load(options.model)
    hosting.engine.settle_memory()
    logger.info("model %s serves", facts.name)
    return engine, actions


if __name__ == "__main__":
    sys.exit(main())
