"""Telegram as one thing to start and stop: polling or webhook, messages in, the sender out.

`bot.services` makes it when a token is configured, `bot.app` runs it, `routes.py` hands it webhook
calls. `telegram` is imported when the object is made, not with this module: it takes half a second.
"""

import asyncio
import hashlib
import hmac
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import structlog

from bot.kit.clock import Clock
from bot.kit.db import Database
from bot.kit.errors import SetupError
from bot.kit.locales import LOCALES
from bot.settings import Settings

if TYPE_CHECKING:
    from bot.channels.telegram.receiving import Inbox
    from bot.channels.telegram.sender import TelegramSender
    from bot.outbox.pace import Pacer

log = structlog.get_logger(__name__)
WEBHOOK_PATH = "/telegram/webhook"
MAX_CONNECTIONS = 40
"""Updates that Telegram delivers at the same time (core.telegram.org/bots/api#setwebhook)."""
MENU = ("help", "human", "status", "transcript", "language")
"""Commands of the menu; each has the text `telegram_command_<name>`. "/start" needs no entry."""


@dataclass(frozen=True, slots=True)
class TelegramStatus:
    """How the connection is, for the status page."""

    mode: Literal["polling", "webhook"]
    connected: bool
    problem: str | None


class Telegram:
    """One bot account."""

    def __init__(
        self,
        settings: Settings,
        *,
        db: Database,
        clock: Clock,
        inbox: "Inbox",
        text: Callable[[str, str], str],
        render_links: Callable[[str], str],
        pacer: "Pacer | None" = None,
        poll_seconds: int = 25,
        wait_unit_seconds: float = 1.0,
    ) -> None:
        """Prepare; nothing is sent before `run`.

        Args:
            settings: with `telegram_token` set.
            db: where the offset is stored.
            clock: the present.
            inbox: stores what arrives.
            text: bot text by (key, locale), e.g. `Texts.bot`.
            render_links: fills `{{link:…}}` markers of a message in.
            pacer: how fast to send; Telegram's documented limits by default.
            poll_seconds: how long a poll is held open.
            wait_unit_seconds: what the waits after failures are counted in; tests make it short.
        """
        from bot.channels.telegram.client import open_client
        from bot.channels.telegram.polling import Patience, Poller
        from bot.channels.telegram.receiving import Receiver
        from bot.channels.telegram.sender import TelegramSender
        from bot.channels.telegram.updates import Reader

        if settings.telegram_token is None:
            raise SetupError("FRONTLINE_TELEGRAM_TOKEN is not set")
        self._token = settings.telegram_token
        self.account = self._token.partition(":")[0]
        self._mode = settings.telegram_mode
        self._url = settings.public_url + WEBHOOK_PATH
        self._default_locale = settings.default_locale
        self._text = text
        self._closing = asyncio.Event()
        self._texts_changed = asyncio.Event()
        self._ended = asyncio.Event()
        self._ended.set()
        self._connected = False
        self.secret = settings.telegram_secret or derive_secret(settings.secret_key, self.account)
        self._client = open_client(self._token, api_url=settings.telegram_api_url)
        self._patience = Patience(self._closing, self._token, unit_seconds=wait_unit_seconds)
        self._receiver = Receiver(
            client=self._client,
            reader=Reader(self.account, settings.default_locale, text),
            db=db,
            inbox=inbox,
            clock=clock,
        )
        self._poller = Poller(
            client=self._client,
            receiver=self._receiver,
            db=db,
            clock=clock,
            account=self.account,
            closing=self._closing,
            patience=self._patience,
            remove_webhook=self._remove_webhook,
            poll_seconds=poll_seconds,
        )
        self._sender = TelegramSender(self._client, render_links=render_links, pacer=pacer)

    @property
    def sender(self) -> "TelegramSender":
        """The way out, for the outbox worker; usable before and after `run`, until `close`."""
        return self._sender

    @property
    def status(self) -> TelegramStatus:
        """How the connection is now."""
        problem = self._patience.problem
        return TelegramStatus(self._mode, self._connected and problem is None, problem)

    async def run(self) -> None:
        """Register with Telegram, however long that takes, and receive until `stop` or `close`."""
        self._ended.clear()
        commands: asyncio.Task[None] | None = None
        try:
            if not await self._register():
                return
            self._connected = True
            log.info("telegram.ready", mode=self._mode, bot_id=self.account)
            commands = asyncio.create_task(self._keep_commands())
            if self._mode == "polling":
                await self._poller.run()
            else:
                await self._closing.wait()
        finally:
            self._connected = False
            if commands is not None:
                commands.cancel()
                await asyncio.gather(commands, return_exceptions=True)
            self._ended.set()

    def texts_changed(self) -> None:
        """Offer the commands again if their words are others now."""
        self._texts_changed.set()

    async def receive(self, update: dict[str, Any]) -> None:
        """Store one update from the webhook; returns after the commit.

        Raises:
            Unavailable: the store can't be used; Telegram will deliver again.
        """
        await self._receiver.take([update], polled=False)

    async def stop(self) -> None:
        """Receive no more; what was fetched is stored first. The sender still works."""
        self._closing.set()
        await self._ended.wait()
        await self._receiver.close()

    async def close(self) -> None:
        """Stop, and close the connections (after the outbox worker was closed)."""
        await self.stop()
        await self._client.disconnect()

    async def _register(self) -> bool:
        """Set or remove the webhook; False when closed before that worked."""
        from telegram.error import TelegramError

        while not self._closing.is_set():
            try:
                if self._mode == "webhook":
                    await self._set_webhook()
                else:
                    await self._remove_webhook()
            except TelegramError as error:
                await self._patience.failed("start", error)
            else:
                self._patience.succeeded()
                return True
        return False

    async def _set_webhook(self) -> None:
        from bot.channels.telegram.updates import ALLOWED_UPDATES

        await self._client.set_webhook(
            self._url,
            secret_token=self.secret,
            allowed_updates=ALLOWED_UPDATES,
            max_connections=MAX_CONNECTIONS,
            drop_pending_updates=False,
        )

    async def _remove_webhook(self) -> None:
        await self._client.delete_webhook(drop_pending_updates=False)

    async def _keep_commands(self) -> None:
        """Offer the commands, and again whenever an admin gave them other words."""
        offered: list[str] = []
        while True:
            self._texts_changed.clear()
            words = [
                self._text(f"telegram_command_{n}", locale) for n in MENU for locale in LOCALES
            ]
            if words != offered:
                await self._set_commands()
                offered = words
            await self._texts_changed.wait()

    async def _set_commands(self) -> None:
        """Offer the commands in every language; a menu that could not be set stops nothing."""
        from telegram import BotCommand, BotCommandScopeAllPrivateChats
        from telegram.error import TelegramError

        from bot.channels.telegram.client import explain

        languages = [(locale, locale.split("-")[0]) for locale in LOCALES]
        try:
            for locale, code in [(self._default_locale, ""), *languages]:
                await self._client.set_my_commands(
                    [BotCommand(n, self._text(f"telegram_command_{n}", locale)) for n in MENU],
                    scope=BotCommandScopeAllPrivateChats(),
                    language_code=code or None,
                )
        except TelegramError as error:
            log.warning("telegram.commands_not_set", error=explain(error, self._token))


def derive_secret(secret_key: bytes, account: str) -> str:
    """Return the webhook secret of an account: 64 characters Telegram accepts, never stored."""
    return hmac.new(secret_key, f"telegram-webhook:{account}".encode(), hashlib.sha256).hexdigest()
