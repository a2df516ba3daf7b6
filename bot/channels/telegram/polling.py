"""Own poll loop: get updates, store them and the offset in one transaction, only then confirm them.

Telegram keeps what is not confirmed for 24 h, so neither a kill at any moment nor a store that is
away loses a message. Runs for ever until closed; every kind of failure is waited out.
"""

import asyncio
import random
from collections.abc import Awaitable, Callable
from typing import Any

import structlog
from telegram.error import BadRequest, Conflict, InvalidToken, RetryAfter, TelegramError, TimedOut

from bot.channels.telegram import repository
from bot.channels.telegram.client import Client, explain, never_sent
from bot.channels.telegram.receiving import Receiver
from bot.channels.telegram.updates import ALLOWED_UPDATES
from bot.kit.clock import Clock
from bot.kit.db import Database
from bot.kit.errors import Unavailable

log = structlog.get_logger(__name__)
POLL_SECONDS = 25
"""How long Telegram holds a request open; below the idle limits of common proxies and NAT boxes."""
LONGEST_WAIT_SECONDS = 30.0
REFUSED_WAIT_SECONDS = 60.0
HINTS: dict[type[Exception], str] = {
    Conflict: "Another program is receiving this bot's messages: a second gateway, or a webhook "
    "set elsewhere. Only one can. Stop the other one, or give each its own bot from @BotFather.",
    InvalidToken: "Telegram refuses FRONTLINE_TELEGRAM_TOKEN. Ask @BotFather for the bot's token.",
    BadRequest: "Telegram refuses the settings. For FRONTLINE_TELEGRAM_MODE=webhook it must "
    "be able to reach FRONTLINE_PUBLIC_URL by https on port 443, 80, 88 or 8443.",
    Unavailable: "The store can't be used. Nothing is confirmed to Telegram until it can.",
}
UNREACHABLE = (
    "Telegram can't be reached. Trying again until it can; "
    "customers' messages wait there for up to 24 h."
)


def wait_after(error: Exception, failures: int, jitter: float) -> float:
    """Return the seconds to wait after the given number of failures in a row (1 = first). Pure."""
    if isinstance(error, RetryAfter):
        wait = error.retry_after
        return wait if isinstance(wait, int | float) else wait.total_seconds()
    if isinstance(error, InvalidToken):
        return REFUSED_WAIT_SECONDS
    return min(LONGEST_WAIT_SECONDS, 2.0 ** min(failures - 1, 10)) * (0.5 + jitter / 2)


class Patience:
    """Waits after failures, says so in plain words once per kind, and ends at once on close."""

    def __init__(self, closing: asyncio.Event, token: str, *, unit_seconds: float = 1.0) -> None:
        self._closing = closing
        self._token = token
        self._unit = unit_seconds
        self._failures = 0
        self._said: type[Exception] | None = None
        self.problem: str | None = None
        """What is wrong now, for the status page; None when all is well."""

    def succeeded(self) -> None:
        """Forget the failures so far."""
        if self.problem is not None:
            log.info("telegram.connected_again", failures=self._failures)
        self._failures = 0
        self._said = None
        self.problem = None

    async def failed(self, what: str, error: Exception) -> None:
        """Log, and wait longer each time."""
        self._failures += 1
        hint = HINTS.get(type(error), UNREACHABLE if isinstance(error, TelegramError) else "")
        self.problem = hint or type(error).__name__
        if type(error) is not self._said:  # an outage of an hour is one line, not a thousand
            self._said = type(error)
            log.warning("telegram.failed", step=what, error=explain(error, self._token), hint=hint)
        seconds = wait_after(error, self._failures, random.random()) * self._unit
        try:
            async with asyncio.timeout(seconds):
                await self._closing.wait()
        except TimeoutError:
            pass


class Poller:
    """Polls for one bot account."""

    def __init__(
        self,
        *,
        client: Client,
        receiver: Receiver,
        db: Database,
        clock: Clock,
        account: str,
        closing: asyncio.Event,
        patience: Patience,
        remove_webhook: Callable[[], Awaitable[object]],
        poll_seconds: int = POLL_SECONDS,
    ) -> None:
        self._client = client
        self._receiver = receiver
        self._db = db
        self._clock = clock
        self._account = account
        self._closing = closing
        self._patience = patience
        self._remove_webhook = remove_webhook
        self._poll_seconds = poll_seconds

    async def run(self) -> None:
        """Poll until closed. What was fetched is still stored then, never dropped half way."""
        closing = asyncio.create_task(self._closing.wait())
        try:
            while not self._closing.is_set():
                try:
                    await self._round(closing)
                except TimedOut as error:
                    if never_sent(error):
                        await self._patience.failed("poll", error)
                    # Otherwise the long poll was held a little too long: ask again.
                except Conflict as error:
                    await self._patience.failed("poll", error)
                    if "webhook" in error.message.lower():
                        await self._end_webhook()
                except (TelegramError, Unavailable) as error:
                    await self._patience.failed("poll", error)
                except Exception as error:  # must not end silently
                    log.exception("telegram.poll_crashed")
                    await self._patience.failed("poll", error)
        finally:
            closing.cancel()

    async def _round(self, closing: "asyncio.Task[bool]") -> None:
        # Read each time: it is where the truth is, and a week of silence makes it void.
        now = self._clock.now()
        offset = await self._db.read(
            lambda conn: repository.find_offset(conn, self._account, now=now)
        )
        updates = await self._fetch(offset, closing)
        if updates is None:
            return
        self._patience.succeeded()
        if updates:
            await self._receiver.take(updates, polled=True)

    async def _fetch(
        self, offset: int | None, closing: "asyncio.Task[bool]"
    ) -> list[dict[str, Any]] | None:
        """Wait for updates; None when closed meanwhile (nothing is confirmed by that)."""
        poll = asyncio.create_task(
            self._client.raw_updates(
                offset=offset, timeout_seconds=self._poll_seconds, allowed=ALLOWED_UPDATES
            )
        )
        try:
            await asyncio.wait({poll, closing}, return_when=asyncio.FIRST_COMPLETED)
            return poll.result() if poll.done() else None
        finally:
            if not poll.done():
                poll.cancel()
                await asyncio.gather(poll, return_exceptions=True)

    async def _end_webhook(self) -> None:
        try:
            await self._remove_webhook()
        except TelegramError as error:
            log.warning("telegram.webhook_not_removed", error=explain(error, self._client.token))
