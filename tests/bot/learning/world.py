"""A gateway on either engine, with customers who say things and a bot that decided about them."""

from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

from aiohttp import DummyCookieJar
from aiohttp.test_utils import TestClient

from bot.conversations import repository as conversations
from bot.conversations.conversation import Author, Draft, TurnState
from bot.kit.clock import FixedClock, SystemClock
from bot.kit.db import Tx
from bot.kit.ids import new_id
from bot.learning.collector import Collector
from bot.services import Services
from bot.staff.account import Role
from tests.parts import add_staff, bearer, gateway
from tests.stores import own_database

UNSURE = {
    "route": "clarify",
    "intent": "nlu_fallback",
    "confidence": 0.41,
    "margin": 0.02,
    "candidates": [{"kind": "intent", "name": "order_status", "confidence": 0.41}],
    "reasons": ["two intents are equally likely"],
    "locale": "pt-BR",
    "model": "m1",
}
SURE = {**UNSURE, "route": "order_status", "intent": "order_status", "margin": 0.97}
ANSWERED = {
    **SURE,
    "route": "faq",
    "intent": "faq",
    "article": {"article_id": "a", "key": "pix", "title": "Pix", "revision": 1},
}


@dataclass
class World:
    """One gateway and who works with it."""

    services: Services
    client: TestClient[Any, Any]
    tokens: dict[Role, str] = field(default_factory=dict)

    async def ask(
        self, role: Role, method: str, path: str, body: dict[str, Any] | None = None, **query: Any
    ) -> tuple[int, Any]:
        """Call the staff API as somebody of that role."""
        if role not in self.tokens:
            email = await add_staff(self.services, role)
            self.tokens[role] = await self.services.staff.create_token(email=email, name="test")
        async with self.client.request(
            method,
            f"/api/v1{path}",
            json=body if method != "GET" else None,
            params=query,
            headers=bearer(self.tokens[role]),
        ) as response:
            is_json = "json" in response.content_type
            return response.status, await response.json() if is_json else await response.text()

    async def say(
        self,
        text: str,
        decision: dict[str, Any] | None = None,
        *,
        conversation: str | None = None,
        payload: dict[str, Any] | None = None,
        name: str | None = None,
        pending: bool = False,
    ) -> tuple[str, str, str]:
        """Store what a customer said and the bot answered; return (conversation, said, answer)."""

        def step(tx: Tx) -> tuple[str, str, str]:
            now = self.services.clock.now()
            found = conversation
            if found is None:
                contact = conversations.open_contact(
                    tx, channel="web", external_id=new_id(), display_name=name, now=now
                )
                found = conversations.open_conversation(
                    tx, contact_id=contact, channel="web", locale="pt-BR", address={}, now=now
                ).id
            said = Draft(
                Author.CUSTOMER, text, payload=payload, turn_state=TurnState.PENDING,
                external_id=new_id(),
            )  # fmt: skip
            stored = conversations.append(tx, found, [said], now=now)
            assert stored
            if pending:
                return found, stored[0].id, ""
            conversations.end_turn(tx, stored[0].id, state=TurnState.DONE, decision=decision)
            answer = Draft(Author.BOT, "Hm?", in_reply_to=stored[0].id)
            answered = conversations.append(tx, found, [answer], now=now)
            assert answered
            return found, stored[0].id, answered[0].id

        return await self.services.db.write(step)

    async def collect(self) -> None:
        """Let the collector look at everything, as some seconds later."""
        later = FixedClock(SystemClock().now() + timedelta(seconds=10))
        collector = Collector(self.services.db, later)
        while await collector.collect():
            pass

    async def items(self, **query: Any) -> list[dict[str, Any]]:
        """Return the list as an editor sees it."""
        status, page = await self.ask(Role.EDITOR, "GET", "/learning/items", **query)
        assert status == 200, page
        return list(page["items"])

    async def review(
        self, item: Mapping[str, Any], *, role: Role = Role.EDITOR, **body: Any
    ) -> tuple[int, Any]:
        """Say what an item should have been."""
        path = f"/learning/items/{item['id']}/review"
        return await self.ask(role, "POST", path, {"version": item["version"], **body})


@asynccontextmanager
async def world_on(engine: str, folder: Path) -> AsyncIterator[World]:
    """Run a gateway without workers on an empty store."""
    async with AsyncExitStack() as stack:
        environ = {}
        if engine == "postgresql":
            environ["FRONTLINE_DATABASE_URL"] = await stack.enter_async_context(own_database())
        services, client = await stack.enter_async_context(
            gateway(folder, environ=environ, work=False)
        )
        client.session._cookie_jar = DummyCookieJar()
        yield World(services, client)


def decided(**changes: Any) -> dict[str, Any]:
    """Return an unsure decision with changes."""
    return {**UNSURE, **changes}
