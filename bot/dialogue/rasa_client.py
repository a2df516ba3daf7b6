"""The only HTTP calls to Rasa: a conversation always goes to the same host, with time limits.

`RasaDown` covers everything that is not an answer we understand: refused, slow, broken, not started.
"""

import asyncio
import hashlib
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

import aiohttp
import structlog

from bot.dialogue.breaker import Breaker, BreakerState
from bot.dialogue.manners import Manners
from bot.dialogue.rasa_wire import (
    ArticleVerdict,
    Parse,
    TurnAnswer,
    WireError,
    parse_parse,
    parse_turn,
)

log = structlog.get_logger(__name__)
TURN_SECONDS = 7.5
"""The host's own limit is 7 s; the customer is promised an answer within 10 s."""
PARSE_SECONDS = 2.0
LOAD_SECONDS = 120.0
"""A model loads in 3 to 5 s beside the one that serves; a busy machine takes longer."""


class BadModelFile(Exception):
    """A host can't use a model's file and goes on with the model it has; the text says why."""


class RasaDown(Exception):
    """Rasa gave no answer that can be used; the text says why (for logs, not for customers)."""


@dataclass(frozen=True, slots=True)
class TurnRequest:
    """One customer message for Rasa."""

    conversation_id: str
    """Rasa's sender id: conversation and episode."""
    turn_id: str
    text: str
    locale: str
    channel: str
    vector: str | None = None
    intent: str | None = None
    """Set for buttons and gateway events: understanding is skipped."""
    entities: Mapping[str, str] = field(default_factory=dict)
    metadata: Mapping[str, Any] = field(default_factory=dict)
    article: ArticleVerdict | None = None
    """None: the knowledge base was not asked, or did not answer."""
    awaits_code: bool = True
    """A code that was mailed can still be typed; not sent to Rasa."""


class Dialogue(Protocol):
    """Who decides what the customer wants and drives the flows."""

    async def turn(self, request: TurnRequest) -> TurnAnswer:
        """Run one turn; raises `RasaDown`."""
        ...

    async def parse(
        self, text: str, *, locale: str, vector: str | None, article: ArticleVerdict | None = None
    ) -> Parse:
        """Understand a text without any effect; raises `RasaDown`."""
        ...

    async def forget(self, rasa_id: str) -> None:
        """Erase what Rasa knows of a conversation; raises `RasaDown`."""
        ...

    def status(self) -> str:
        """Return ok, starting or down."""
        ...


@dataclass(slots=True)
class Host:
    """One Rasa process."""

    url: str
    breaker: Breaker = field(default_factory=Breaker)
    ready: bool = False


class RasaPool:
    """All Rasa hosts of this gateway."""

    def __init__(self, token: str) -> None:
        self._token = token
        self._hosts: list[Host | None] = []
        self._session: aiohttp.ClientSession | None = None
        self._manners = Manners()
        self.model: str | None = None

    def set_host(self, index: int, url: str | None, *, ready: bool) -> None:
        """Tell the pool where host number `index` listens; None while it is not running."""
        while len(self._hosts) <= index:
            self._hosts.append(None)
        current = self._hosts[index]
        if url is None:
            self._hosts[index] = None
        elif current is None or current.url != url:
            self._hosts[index] = Host(url, ready=ready)
        else:
            current.ready = ready
            if ready:
                current.breaker.succeeded()

    async def close(self) -> None:
        """Close the connections."""
        if self._session is not None:
            await self._session.close()

    def status(self) -> str:
        """Return ok, starting or down, over all hosts."""
        now = time.monotonic()
        known = [host for host in self._hosts if host is not None]
        if any(h.ready and h.breaker.state(now) is not BreakerState.OPEN for h in known):
            return "ok"
        if not self._hosts or any(not h.ready for h in known):
            return "starting"
        return "down"

    def _host(self, key: str) -> Host:
        if not self._hosts:
            raise RasaDown("starting")
        digest = hashlib.blake2s(key.encode(), digest_size=4).digest()
        host = self._hosts[int.from_bytes(digest, "big") % len(self._hosts)]
        if host is None or not host.ready:
            raise RasaDown("starting")
        return host

    async def turn(self, request: TurnRequest) -> TurnAnswer:
        """See `Dialogue.turn`."""
        body = {
            "conversation_id": request.conversation_id,
            "turn_id": request.turn_id,
            "text": request.text,
            "locale": request.locale,
            "channel": request.channel,
            "metadata": dict(request.metadata),
            "vector": request.vector,
            "article": request.article.as_json() if request.article else None,
            "intent": {"name": request.intent, "entities": dict(request.entities)}
            if request.intent
            else None,
        }
        # Without the episode: all episodes of a conversation live with the same host.
        key = request.conversation_id.split("~")[0]
        data = await self._call(key, "POST", "/turn", body, seconds=TURN_SECONDS)
        try:
            answer = parse_turn(data)
        except WireError as error:
            raise RasaDown("an answer of an unknown shape") from error
        if answer.turn_id != request.turn_id:
            raise RasaDown("an answer to another turn")
        if not answer.replies and not answer.actions:
            raise RasaDown("an empty answer")
        return self._manners.polish(
            request.conversation_id, answer, awaits_code=request.awaits_code
        )

    async def parse(
        self, text: str, *, locale: str, vector: str | None, article: ArticleVerdict | None = None
    ) -> Parse:
        """See `Dialogue.parse`."""
        data = await self._call(
            text,
            "POST",
            "/parse",
            {
                "text": text,
                "locale": locale,
                "vector": vector,
                "article": article.as_json() if article else None,
            },
            seconds=PARSE_SECONDS,
        )
        try:
            return parse_parse(data)
        except WireError as error:
            raise RasaDown("an answer of an unknown shape") from error

    async def forget(self, rasa_id: str) -> None:
        """See `Dialogue.forget`."""
        await self._call(
            rasa_id.split("~")[0], "DELETE", f"/conversations/{rasa_id}", None, seconds=5
        )

    def ready_hosts(self) -> list[int]:
        """Return the numbers of the hosts that serve."""
        return [number for number, host in enumerate(self._hosts) if host and host.ready]

    async def model_of(self, number: int) -> str:
        """Return the name of the model that a host serves with; raises `RasaDown`."""
        data = await self._manage(number, "GET", "/health", None, seconds=PARSE_SECONDS)
        return str((data.get("model") or {}).get("name") or "")

    async def load_model(self, number: int, path: str) -> str:
        """Make a host serve with another model and return its name; no turn waits or is lost.

        Raises:
            BadModelFile: the host can't use it and goes on as before.
            RasaDown: the host does not answer.
        """
        data = await self._manage(number, "POST", "/model", {"path": path}, seconds=LOAD_SECONDS)
        self.model = str((data.get("model") or {}).get("name") or "")
        return self.model

    async def _manage(
        self, number: int, method: str, path: str, body: dict[str, Any] | None, *, seconds: float
    ) -> dict[str, Any]:
        """Call a certain host, past the breaker: customers' turns neither wait for this nor suffer."""
        host = self._hosts[number] if number < len(self._hosts) else None
        if host is None:
            raise RasaDown("starting")
        try:
            async with self._client().request(
                method, host.url + path, json=body, timeout=aiohttp.ClientTimeout(total=seconds)
            ) as response:
                data = await response.json()
                if response.status == 400:
                    raise BadModelFile(str(data.get("error") or "the file can't be used"))
                if response.status != 200 or not isinstance(data, dict):
                    raise RasaDown(f"status {response.status}")
        except (aiohttp.ClientError, TimeoutError, ValueError) as error:
            raise RasaDown(type(error).__name__) from error
        return data

    def _client(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=256, keepalive_timeout=60),
                headers={"Authorization": f"Bearer {self._token}"},
            )
        return self._session

    async def _call(
        self, key: str, method: str, path: str, body: dict[str, Any] | None, *, seconds: float
    ) -> Any:
        host = self._host(key)
        if not host.breaker.allow(time.monotonic()):
            raise RasaDown("the breaker is open")
        try:
            async with self._client().request(
                method, host.url + path, json=body, timeout=aiohttp.ClientTimeout(total=seconds)
            ) as response:
                if response.status == 204:
                    host.breaker.succeeded()
                    return None
                if response.status != 200:
                    raise RasaDown(f"status {response.status}")
                if (response.content_length or 0) > 4_000_000:
                    raise RasaDown("a huge answer")
                data = await response.json()
        except asyncio.CancelledError:
            host.breaker.trying = False
            raise
        except (RasaDown, aiohttp.ClientError, TimeoutError, ValueError) as error:
            host.breaker.failed(time.monotonic())
            reason = str(error) if isinstance(error, RasaDown) else type(error).__name__
            log.warning("rasa.call_failed", path=path.split("/")[1], reason=reason)
            raise RasaDown(reason) from error
        host.breaker.succeeded()
        return data
