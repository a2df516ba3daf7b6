"""Hints between parts and processes: "something changed, look again". Never the only holder of anything.

`LocalBus` serves one process; `RedisBus` adds Redis Pub/Sub for several gateways. Losing every hint
costs a delay (readers also poll), never a message.
"""

import asyncio
import json
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any, Protocol

import structlog

log = structlog.get_logger(__name__)
Hint = tuple[str, dict[str, Any]]
QUEUE_LIMIT = 256
"""Hints kept for a slow reader; older ones fall out, the reader re-reads from the database anyway."""
HEARTBEAT_SECONDS = 3.0
"""After so long without a hint an empty one is sent through Redis."""
SILENCE_SECONDS = 10.0
"""A connection on which not even that came back is dead."""
RECONNECT_SECONDS = 0.5
CANCEL_SECONDS = 0.5
"""How long a task may take to end before it is told again."""


class Bus(Protocol):
    """Publish and subscribe to hints by topic.

    Members whose name begins with "_" stay in this process: what a hint is about, for listeners that
    would otherwise read it back at once.
    """

    def publish(self, topic: str, payload: dict[str, Any]) -> None:
        """Tell whoever listens to `topic`; never blocks, never raises."""
        ...

    def subscribe(self, *topics: str) -> Any:
        """Return an async context manager giving an `asyncio.Queue` of (topic, payload)."""
        ...

    async def start(self) -> None:
        """Begin passing hints on."""
        ...

    async def close(self) -> None:
        """Stop."""
        ...


class LocalBus:
    """Hints within one process."""

    def __init__(self) -> None:
        self._listeners: dict[str, set[asyncio.Queue[Hint]]] = defaultdict(set)

    def publish(self, topic: str, payload: dict[str, Any]) -> None:
        """See `Bus.publish`."""
        self.deliver(topic, payload)

    def deliver(self, topic: str, payload: dict[str, Any]) -> None:
        """Put a hint into the queues of this process's listeners."""
        for queue in self._listeners.get(topic, ()):
            if queue.full():
                with suppress(asyncio.QueueEmpty):
                    queue.get_nowait()
            queue.put_nowait((topic, payload))

    @asynccontextmanager
    async def subscribe(self, *topics: str) -> AsyncIterator[asyncio.Queue[Hint]]:
        """Listen to `topics` while inside the context."""
        queue: asyncio.Queue[Hint] = asyncio.Queue(QUEUE_LIMIT)
        for topic in topics:
            self._listeners[topic].add(queue)
        try:
            yield queue
        finally:
            for topic in topics:
                self._listeners[topic].discard(queue)
                if not self._listeners[topic]:
                    del self._listeners[topic]

    async def start(self) -> None:
        """Nothing to do."""

    async def close(self) -> None:
        """Nothing to do."""


class RedisBus(LocalBus):
    """Hints to every gateway through one Redis Pub/Sub channel; own listeners are told directly.

    While Redis is away hints are dropped, not kept: whoever waits for one has looked by itself before
    a late one came. A connection that says nothing, not even the own heartbeat, is opened anew.
    """

    def __init__(self, redis: Any, *, origin: str, channel: str = "frontline:hints") -> None:
        """Prepare; nothing is sent before `start`.

        Args:
            redis: client that gives up a call by itself after a short time.
            origin: names this gateway, whose own hints are not delivered twice.
            channel: Pub/Sub knows no databases: two installations on one Redis need two names.
        """
        super().__init__()
        self._redis = redis
        self._origin = origin
        self._channel = channel
        self._outgoing: asyncio.Queue[str] = asyncio.Queue(4096)
        self._connected = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []
        self._closing = False

    def publish(self, topic: str, payload: dict[str, Any]) -> None:
        """See `Bus.publish`."""
        self.deliver(topic, payload)
        if not self._connected.is_set():
            return
        shared = {key: value for key, value in payload.items() if not key.startswith("_")}
        with suppress(asyncio.QueueFull):
            self._outgoing.put_nowait(json.dumps([self._origin, topic, shared]))

    async def start(self) -> None:
        """Begin sending and receiving; waits a moment for Redis, so that no first hint is lost."""
        self._tasks = [asyncio.create_task(self._send()), asyncio.create_task(self._receive())]
        with suppress(TimeoutError):
            async with asyncio.timeout(1):
                await self._connected.wait()

    async def close(self) -> None:
        """Stop both directions."""
        self._closing = True
        ending = set(self._tasks)
        while ending:
            for task in ending:
                task.cancel()
            # The client can take a cancellation for a broken connection: then the task has to be told again.
            _, ending = await asyncio.wait(ending, timeout=CANCEL_SECONDS)

    async def _send(self) -> None:
        troubled = False
        while not self._closing:
            try:
                async with asyncio.timeout(HEARTBEAT_SECONDS):
                    data = await self._outgoing.get()
            except TimeoutError:
                data = json.dumps([self._origin, "", {}])
            if not self._connected.is_set():
                continue
            try:
                await self._redis.publish(self._channel, data)
                troubled = False
            except Exception as error:  # Redis may be away; readers poll meanwhile
                if not troubled:
                    log.warning("bus.publish_failed", error=type(error).__name__)
                troubled = True
                while not self._outgoing.empty():
                    self._outgoing.get_nowait()

    async def _receive(self) -> None:
        troubled = False
        while not self._closing:
            try:
                async with self._redis.pubsub() as pubsub:
                    await pubsub.subscribe(self._channel)
                    async with asyncio.timeout(None) as silence:
                        self._expect(silence)
                        async for message in pubsub.listen():
                            self._expect(silence)
                            if message.get("type") == "subscribe":
                                self._connected.set()
                                if troubled:
                                    log.info("bus.connected_again")
                                troubled = False
                            elif message.get("type") == "message":
                                self._hear(message["data"])
            except Exception as error:  # reconnect until closed
                if not troubled:  # an outage of an hour is one line, not thousands
                    log.warning("bus.receive_failed", error=type(error).__name__)
                troubled = True
            self._connected.clear()
            await asyncio.sleep(RECONNECT_SECONDS)

    @staticmethod
    def _expect(silence: asyncio.Timeout) -> None:
        silence.reschedule(asyncio.get_running_loop().time() + SILENCE_SECONDS)

    def _hear(self, data: str | bytes) -> None:
        origin, topic, payload = json.loads(data)
        if origin != self._origin:
            self.deliver(topic, payload)
