"""The Bot API client: python-telegram-bot's `Bot` with our time limits, and what its errors mean.

Only this package imports `telegram` (it takes half a second), and only once a token is configured.
"""

import logging
import os
from collections.abc import Sequence
from typing import Any, cast

import httpx
from telegram import Bot
from telegram.error import NetworkError, TelegramError, TimedOut
from telegram.request import HTTPXRequest

API_URL = "https://api.telegram.org"
CONNECT_SECONDS = 5.0
ANSWER_SECONDS = 20.0
"""Above PTB's 5 s: Telegram is often slower than that and has delivered all the same."""
POOL_SECONDS = 10.0
CONNECTIONS = 64

_NEVER_SENT = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.WriteError,
    httpx.WriteTimeout,
    httpx.ProxyError,
    httpx.UnsupportedProtocol,
)
"""The request did not leave whole, so Telegram can't have acted on it."""


class Client(Bot):
    """`telegram.Bot` that also returns updates raw: one that can't be read stops no other."""

    async def raw_updates(
        self, *, offset: int | None, timeout_seconds: int, allowed: Sequence[str]
    ) -> list[dict[str, Any]]:
        """Wait for updates; everything below `offset` is confirmed and gone on Telegram's side."""
        result = await self._post(
            "getUpdates",
            {
                "offset": offset,
                "timeout": timeout_seconds,
                "limit": 100,
                "allowed_updates": list(allowed),
            },
            read_timeout=timeout_seconds + CONNECT_SECONDS,
        )
        return cast("list[dict[str, Any]]", result)

    async def disconnect(self) -> None:
        """Close all connections; the client can't be used afterwards."""
        for request in self._request:
            await request.shutdown()


def open_client(token: str, *, api_url: str | None = None) -> Client:
    """Make a client; nothing is sent yet.

    Args:
        token: the bot's token.
        api_url: an own Bot API server instead of Telegram's.
    """
    # These write every URL at INFO or DEBUG, and the token is part of the URL.
    for name in ("httpx", "httpcore", "telegram"):
        logger = logging.getLogger(name)
        logger.setLevel(max(logging.WARNING, logger.level))
    # PTB's own way to choose timedelta over int; it warns at every 429 otherwise.
    os.environ.setdefault("PTB_TIMEDELTA", "true")
    base = (api_url or API_URL).rstrip("/")
    return Client(
        token,
        base_url=f"{base}/bot",
        base_file_url=f"{base}/file/bot",
        request=_request(CONNECTIONS),
        get_updates_request=_request(2),
    )


def never_sent(error: NetworkError) -> bool:
    """Tell whether a network error is certain to have come before Telegram had the request."""
    return isinstance(error.__cause__, _NEVER_SENT)


def got_no_answer(error: NetworkError) -> bool:
    """Tell whether the connection failed, as opposed to an answer that says 5xx."""
    return isinstance(error, TimedOut) or isinstance(error.__cause__, httpx.HTTPError)


def explain(error: Exception, token: str) -> str:
    """Return an error for the log; the token is never in it."""
    text = error.message if isinstance(error, TelegramError) else str(error)
    return f"{type(error).__name__}: {text}".replace(token, "***")[:200]


def _request(connections: int) -> HTTPXRequest:
    return HTTPXRequest(
        connection_pool_size=connections,
        connect_timeout=CONNECT_SECONDS,
        read_timeout=ANSWER_SECONDS,
        write_timeout=ANSWER_SECONDS,
        pool_timeout=POOL_SECONDS,
    )
