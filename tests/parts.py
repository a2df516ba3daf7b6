"""A gateway in the test's own process: real routes, services and store; Rasa is a script."""

import asyncio
import functools
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aiohttp.test_utils import TestClient, TestServer

from bot.app import create_public_app
from bot.dialogue.language import NgramDetector
from bot.dialogue.rasa_client import RasaDown, TurnRequest
from bot.dialogue.rasa_wire import ArticleVerdict, Parse, RankedIntent, RasaReply, TurnAnswer, Wish
from bot.kit.encoder import UniversalEncoder
from bot.migrations import upgrade
from bot.services import Services, build_services
from bot.settings import read_settings
from bot.staff.account import Role


@dataclass
class ScriptedRasa:
    """Answers every turn with what the test says; `None` means that Rasa is down."""

    script: Callable[[TurnRequest], list[RasaReply] | None] = lambda _: [
        RasaReply(None, "understood", {}, ())
    ]
    turns: list[TurnRequest] = field(default_factory=list)
    failed_actions: tuple[str, ...] = ()
    delay: asyncio.Event | None = None
    intent: str = "faq"
    also: tuple[Wish, ...] = ()
    actions: tuple[str, ...] = ("action_answer_question",)
    active_loop: str | None = None

    async def turn(self, request: TurnRequest) -> TurnAnswer:
        """See `Dialogue.turn`."""
        self.turns.append(request)
        if self.delay is not None:
            await self.delay.wait()
        replies = self.script(request)
        if replies is None:
            raise RasaDown("scripted")
        return TurnAnswer(
            turn_id=request.turn_id,
            replies=tuple(replies),
            parse=self._parse(),
            actions=self.actions,
            failed_actions=self.failed_actions,
            active_loop=self.active_loop,
            model="scripted",
        )

    def _parse(self) -> Parse:
        intent = RankedIntent(self.intent, 0.9)
        return Parse(
            intent, self.intent, (intent,), (), 0.5, 1.0, ("scripted",), "scripted", self.also
        )

    async def parse(
        self, text: str, *, locale: str, vector: str | None, article: ArticleVerdict | None = None
    ) -> Parse:
        """See `Dialogue.parse`."""
        if self.script(TurnRequest("", "", text, locale, "web")) is None:
            raise RasaDown("scripted")
        return self._parse()

    async def forget(self, rasa_id: str) -> None:
        """See `Dialogue.forget`."""

    def status(self) -> str:
        """See `Dialogue.status`."""
        return "ok"


@functools.cache
def loaded() -> tuple[UniversalEncoder, NgramDetector]:
    """Return the models, loaded once for all tests."""
    return UniversalEncoder(), NgramDetector()


@asynccontextmanager
async def gateway(
    folder: Path,
    rasa: ScriptedRasa | None = None,
    *,
    environ: dict[str, str] | None = None,
    demo: bool = False,
    work: bool = True,
    telegram: bool = False,
) -> AsyncIterator[tuple[Services, TestClient[Any, Any]]]:
    """Run a gateway on a store of its own; without `work` no worker runs."""
    settings = read_settings(
        environ or {}, data_dir=folder, dotenv=None, demo=demo, telegram=telegram
    )
    encoder, detector = loaded()
    services = build_services(
        settings, dialogue=rasa or ScriptedRasa(), encoder=encoder, detector=detector
    )
    await upgrade(services.db)
    await services.seed(progress=lambda _: None)
    if work:
        await services.start()
    app = create_public_app(services, tables=services.tables())
    client: TestClient[Any, Any] = TestClient(TestServer(app))
    await client.start_server()
    try:
        yield services, client
    finally:
        services.end_streams()
        await client.close()
        await services.drain()
        await services.close()


PASSWORD = "a long enough passphrase"


async def add_staff(services: Services, role: Role, *, level: str | None = None) -> str:
    """Add somebody with `PASSWORD` and return the e-mail address."""
    email = f"{role.value}{level or ''}@aurora.example".lower()
    await services.staff.add(
        email=email, name=role.value.title(), role=role, level=level, password=PASSWORD
    )
    return email


async def token_for(services: Services, role: Role, *, level: str | None = None) -> str:
    """Add somebody and return an API token of theirs."""
    return await services.staff.create_token(
        email=await add_staff(services, role, level=level), name="test"
    )


def bearer(token: str) -> dict[str, str]:
    """Return the header that carries a token."""
    return {"Authorization": f"Bearer {token}"}
