"""A gateway as far as Telegram goes: the real inbox, outbox and database, and the fake Bot API."""

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

import pytest
import sqlalchemy as sa
from aiohttp import web

from bot.channels.telegram.routes import TELEGRAM, table
from bot.channels.telegram.service import Telegram
from bot.conversations import repository
from bot.conversations.conversation import Author, Choice, Conversation, Draft, Message
from bot.conversations.tables import ConversationRow, MessageRow
from bot.inbox.intake import Intake
from bot.kit.bus import LocalBus
from bot.kit.clock import FixedClock
from bot.kit.db import Database, Tx
from bot.kit.errors import FrontlineError
from bot.kit.web import mount, problem
from bot.outbox.pace import Pacer, Rate
from bot.outbox.worker import OutboxWorker
from bot.settings import read_settings
from tests.fakes.bot_api import FakeBotApi

SECRET_KEY = "k" * 40
T = TypeVar("T")
NO_HURRY = Rate(per_second=10_000, burst=10_000)


class Desk:
    """Nobody has to be told here."""

    def customer_wrote(
        self, tx: Tx, conversation: Conversation, message: Message, now: datetime
    ) -> None:
        pass

    def customer_edited(self, tx: Tx, message: Message) -> None:
        pass


class NoCodes:
    def capture(self, text: str) -> tuple[str, dict[str, str]] | None:
        return None


def bot_text(key: str, locale: str) -> str:
    """Stand in for the catalogue: key and language are visible in the result."""
    return f"[{key.removeprefix('telegram_')} {locale}]"


@dataclass
class Gateway:
    """One process's Telegram parts. `kill` ends it as rudely as a task can be ended."""

    api: FakeBotApi
    db: Database
    clock: FixedClock
    bus: LocalBus
    data_dir: Path
    mode: str = "polling"
    inbox: Any = None
    token: str = ""
    woken: list[str] = field(default_factory=list)
    telegram: Telegram = field(init=False)
    outbox: OutboxWorker = field(init=False)
    url: str = "http://127.0.0.1:1"
    _tasks: list[asyncio.Task[None]] = field(default_factory=list)
    _runner: web.AppRunner | None = None

    async def start(self, *, pacer: Pacer | None = None, poll_seconds: int = 5) -> "Gateway":
        app = web.Application(middlewares=[_problems])
        mount(app, [table])
        self._runner = web.AppRunner(app, shutdown_timeout=0.5)
        sock = _free_socket()  # the address is needed before the application is frozen
        self.url = f"http://127.0.0.1:{sock.getsockname()[1]}"
        settings = read_settings(
            {
                "FRONTLINE_TELEGRAM_TOKEN": self.token or self.api.token,
                "FRONTLINE_TELEGRAM_MODE": self.mode,
                "FRONTLINE_TELEGRAM_API_URL": self.api.url,
                "FRONTLINE_PUBLIC_URL": self.url,
                "FRONTLINE_SECRET_KEY": SECRET_KEY,
            },
            data_dir=self.data_dir,
            dotenv=None,
        )
        intake = Intake(
            self.db,
            self.clock,
            desk=Desk(),
            codes=NoCodes(),
            wake=lambda conversation_id, _: self.woken.append(conversation_id),
            key=settings.secret_key,
        )
        self.telegram = Telegram(
            settings,
            db=self.db,
            clock=self.clock,
            inbox=self.inbox or intake,
            text=bot_text,
            render_links=lambda text: text.replace("{{link:1}}", "https://shop.example.com/r/1"),
            pacer=pacer or Pacer(each=NO_HURRY, overall=NO_HURRY),
            poll_seconds=poll_seconds,
            wait_unit_seconds=0.01,
        )
        app[TELEGRAM] = self.telegram
        await self._runner.setup()
        await web.SockSite(self._runner, sock).start()
        self.outbox = OutboxWorker(self.db, self.clock, self.bus, [self.telegram.sender])
        self._tasks = [
            asyncio.create_task(self.telegram.run()),
            asyncio.create_task(self.outbox.run()),
        ]
        return self

    async def kill(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self.telegram.close()
        if self._runner is not None:
            await self._runner.cleanup()

    async def close(self) -> None:
        await self.telegram.stop()
        await self.outbox.close()
        await asyncio.gather(*self._tasks)
        await self.telegram.close()
        if self._runner is not None:
            await self._runner.cleanup()

    # ---------------------------------------------------------------- what is stored

    async def stored(self) -> list[tuple[str, str]]:
        """Return (chat, text) of the customers' messages in the order they were stored."""

        def query(conn: sa.Connection) -> list[tuple[str, str]]:
            rows = conn.execute(
                sa.select(ConversationRow.address, MessageRow.text)
                .join(ConversationRow, ConversationRow.id == MessageRow.conversation_id)
                .where(MessageRow.author == "customer")
                .order_by(MessageRow.created_at, MessageRow.conversation_id, MessageRow.seq)
            )
            return [(str(row.address["chat_id"]), row.text) for row in rows]

        return await self.db.read(query)

    async def until_stored(self, count: int) -> list[tuple[str, str]]:
        return await eventually(self.stored, lambda rows: len(rows) >= count)

    async def conversation(self, chat_id: int) -> Conversation:
        found = await self.db.read(
            lambda conn: repository.find_by_contact(conn, "telegram", str(chat_id))
        )
        assert found is not None
        return found

    async def messages(self, chat_id: int) -> list[Message]:
        conversation = await self.conversation(chat_id)
        return await self.db.read(lambda conn: repository.list_messages(conn, conversation.id))

    async def reply(
        self, chat_id: int, *texts: str, choices: tuple[Choice, ...] = (), **draft: Any
    ) -> None:
        """Let the bot (or `author=`) say something to a customer who has written before."""
        conversation = await self.conversation(chat_id)
        draft.setdefault("author", Author.BOT)
        drafts = [Draft(text=text, choices=choices, **draft) for text in texts]
        await self.db.write(
            lambda tx: repository.append(tx, conversation.id, drafts, now=self.clock.now())
        )


async def eventually(
    look: Callable[[], Awaitable[T]], good: Callable[[T], bool], *, seconds: float = 30.0
) -> T:
    """Look again and again until what is seen is good; return it."""
    async with asyncio.timeout(seconds):
        while not good(seen := await look()):  # noqa: ASYNC110 a database has no event to wait for
            await asyncio.sleep(0.01)
        return seen


@web.middleware
async def _problems(
    request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
) -> web.StreamResponse:
    try:
        return await handler(request)
    except FrontlineError as error:
        return problem(error)


def _free_socket() -> socket.socket:
    sock = socket.socket()
    sock.bind(("127.0.0.1", 0))
    return sock


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")


@pytest.fixture
async def api() -> AsyncIterator[FakeBotApi]:
    fake = FakeBotApi()
    await fake.start()
    yield fake
    await fake.close()


MakeGateway = Callable[..., Gateway]


@pytest.fixture
async def make_gateway(
    api: FakeBotApi, sqlite_db: Database, clock: FixedClock, bus: LocalBus, tmp_path: Path
) -> AsyncIterator[MakeGateway]:
    made: list[Gateway] = []

    def make(**options: Any) -> Gateway:
        gateway = Gateway(api, sqlite_db, clock, bus, tmp_path, **options)
        made.append(gateway)
        return gateway

    yield make
    for gateway in made:
        await gateway.kill()


@pytest.fixture
async def gateway(make_gateway: MakeGateway) -> Gateway:
    """A gateway that polls."""
    return await make_gateway().start()


@pytest.fixture
async def hooked(make_gateway: MakeGateway, api: FakeBotApi) -> Gateway:
    """A gateway with a registered webhook."""
    gateway = await make_gateway(mode="webhook").start()
    await api.until(lambda: bool(api.webhook))
    return gateway
