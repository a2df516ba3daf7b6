"""The event loop that the long-running processes use."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


def run(main: Coroutine[Any, Any, T]) -> T:
    """Run `main` on uvloop, and on the standard loop where that does not exist (Windows).

    A turn is mostly small writes to sockets on this machine, which uvloop does for less: about a tenth
    of the gateway's and of the Rasa host's CPU time per message (`frontline bench turns`).
    """
    try:
        import uvloop
    except ImportError:
        return asyncio.run(main)
    return uvloop.run(main)
