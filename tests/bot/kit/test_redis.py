"""Redis carries hints and counts between gateways; emptied, hanging or gone it costs a delay only."""

import asyncio
import signal
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from bot.kit import bus as bus_module
from bot.kit.bus import RedisBus
from bot.kit.errors import RateLimited
from bot.kit.limits import RedisLimiter
from tests.stores import RedisServer, own_redis


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[RedisServer]:
    async with own_redis(tmp_path / "redis") as running:
        yield running


@pytest.fixture(autouse=True)
def _hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bus_module, "HEARTBEAT_SECONDS", 0.05)
    monkeypatch.setattr(bus_module, "SILENCE_SECONDS", 0.5)
    monkeypatch.setattr(bus_module, "RECONNECT_SECONDS", 0.05)


@pytest.fixture
async def clients(server: RedisServer) -> AsyncIterator[list[Any]]:
    """One for each of two gateways, set up as `bot.services` does."""
    made = [
        Redis.from_url(
            server.url, socket_connect_timeout=0.3, socket_timeout=0.3, retry=Retry(NoBackoff(), 1)
        )
        for _ in range(2)
    ]
    yield made
    for client in made:
        await client.aclose()


@pytest.fixture
async def buses(clients: list[Any]) -> AsyncIterator[list[RedisBus]]:
    made = [RedisBus(client, origin=f"g{n}") for n, client in enumerate(clients)]
    for bus in made:
        await bus.start()
    yield made
    for bus in made:
        await bus.close()


async def _crosses(buses: list[RedisBus]) -> dict[str, Any]:
    """Say something at the first until the second hears it."""
    async with buses[1].subscribe("topic") as hints, asyncio.timeout(30):
        while True:
            buses[0].publish("topic", {"n": 1, "_here": object()})
            try:
                async with asyncio.timeout(0.1):
                    _, payload = await hints.get()
            except TimeoutError:
                continue
            return dict(payload)


async def test_a_hint_reaches_the_other_gateway_once_and_without_what_stays_here(
    buses: list[RedisBus],
) -> None:
    async with buses[0].subscribe("topic") as own, buses[1].subscribe("topic") as other:
        buses[0].publish("topic", {"n": 1, "_here": "private"})
        async with asyncio.timeout(30):
            assert await other.get() == ("topic", {"n": 1})
        assert own.get_nowait() == ("topic", {"n": 1, "_here": "private"})
        await asyncio.sleep(0.1)
        assert own.empty()
        assert other.empty()


async def test_installations_on_one_redis_do_not_hear_each_other(
    buses: list[RedisBus], clients: list[Any]
) -> None:
    stranger = RedisBus(clients[0], origin="s", channel="frontline:hints:another")
    await stranger.start()
    async with stranger.subscribe("topic") as hints:
        await _crosses(buses)
        assert hints.empty()
    await stranger.close()


async def test_hints_flow_again_after_redis_was_away(
    buses: list[RedisBus], server: RedisServer
) -> None:
    await _crosses(buses)
    await server.stop()
    for n in range(5_000):  # more than is ever kept
        buses[0].publish("topic", {"n": n})
    await server.start()
    assert (await _crosses(buses))["n"] == 1


async def test_a_connection_that_says_nothing_is_opened_anew(
    buses: list[RedisBus], server: RedisServer
) -> None:
    await _crosses(buses)
    assert server.process is not None
    server.process.send_signal(signal.SIGSTOP)
    buses[0].publish("topic", {"n": 0})
    async with asyncio.timeout(30):
        while any(bus._connected.is_set() for bus in buses):  # noqa: ASYNC110
            await asyncio.sleep(0.02)
    server.process.send_signal(signal.SIGCONT)
    await _crosses(buses)


class _Stubborn:
    """A client that takes a cancellation for a broken connection."""

    def pubsub(self) -> "_Stubborn":
        return self

    async def __aenter__(self) -> "_Stubborn":
        return self

    async def __aexit__(self, *_: object) -> None:
        pass

    async def subscribe(self, _: str) -> None:
        pass

    async def publish(self, *_: str) -> None:
        pass

    async def listen(self) -> AsyncIterator[dict[str, Any]]:
        yield {"type": "subscribe"}
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            raise ConnectionError from None


async def test_it_ends_though_the_client_swallows_the_cancellation() -> None:
    bus = RedisBus(_Stubborn(), origin="g")
    await bus.start()
    async with asyncio.timeout(30):
        await bus.close()


async def test_gateways_count_together(clients: list[Any], server: RedisServer) -> None:
    limiters = [RedisLimiter(client) for client in clients]
    for n in range(4):
        await limiters[n % 2].hit("key", limit=4, window_seconds=60)
    with pytest.raises(RateLimited) as error:
        await limiters[0].hit("key", limit=4, window_seconds=60)
    assert 1 <= int(error.value.retry_after_seconds or 0) <= 60
    assert 0 < await server.ask("TTL", "frontline:limit:60:key") <= 60, "no count is for ever"


@pytest.mark.parametrize("how", ["gone", "hanging"])
async def test_without_redis_each_gateway_counts_for_itself(
    clients: list[Any], server: RedisServer, how: str
) -> None:
    limiter = RedisLimiter(clients[0])
    assert server.process is not None
    if how == "gone":
        await server.stop()
    else:
        server.process.send_signal(signal.SIGSTOP)
    async with asyncio.timeout(2):
        for _ in range(4):
            await limiter.hit("key", limit=4, window_seconds=60)
        with pytest.raises(RateLimited):
            await limiter.hit("key", limit=4, window_seconds=60)
