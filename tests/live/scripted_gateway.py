"""A gateway as its own process whose Rasa is a script elsewhere: `python -m tests.live.scripted_gateway`.

Takes the usual `FRONTLINE_*` settings from the environment, and a data folder, a port and the script's
address as arguments. Leaves the address of its internal application in `internal` of the folder once it
accepts messages.
"""

import asyncio
import contextlib
import os
import signal
import sys
from pathlib import Path

from bot.app import create_internal_app, create_public_app, serve
from bot.migrations import upgrade
from bot.services import build_services
from bot.settings import read_settings


async def main(folder: Path, port: int, rasa_url: str) -> None:
    """Serve until SIGTERM."""
    settings = read_settings(os.environ, data_dir=folder, dotenv=None, demo=False, telegram=False)
    services = build_services(settings)
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    async with contextlib.AsyncExitStack() as stack:
        stack.push_async_callback(services.close)
        await upgrade(services.db)
        await services.seed(progress=lambda _: None)
        await services.start()
        internal = await serve(create_internal_app(services), host="127.0.0.1", port=0)
        stack.push_async_callback(internal.cleanup)
        services.rasa.set_host(0, rasa_url, ready=True)
        app = create_public_app(services, tables=services.tables())
        public = await serve(app, host="127.0.0.1", port=port)
        address = "http://{}:{}".format(*internal.addresses[0][:2])
        await asyncio.to_thread(_publish, folder, address)
        await stop.wait()
        services.end_streams()
        await public.cleanup()
        await services.drain()


def _publish(folder: Path, address: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "internal.new").write_text(address)
    (folder / "internal.new").rename(folder / "internal")


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3]))
