"""The bot learns from a message that went wrong, while customers go on talking with it.

With a trained Rasa: a message is reviewed, a model trained from the page, measured, promoted, and taken
back, on every host of every gateway. Meanwhile messages keep coming; each is answered once, by the bot.
"""

import asyncio
import secrets
import uuid
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from functools import partial
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from bot.kit.db import open_database
from tests.live import ledger
from tests.stores import own_database, shared_redis
from tests.system import StaffClient, System, Visitor, staff, until, visitor

CUSTOMERS = 4
QUESTIONS = (
    "oi",
    "qual o prazo de entrega?",
    "vocês abrem no sábado?",
    "how do I return an item?",
    "¿cuáles son las formas de pago?",
    "gracias",
)
ODD = "o moço do caminhão sumiu com as minhas tranqueiras"
"""Nobody here wrote it for training."""


class Talk:
    """Customers who never stop asking, and what was accepted of each."""

    def __init__(self, systems: list[System]) -> None:
        self._systems = systems
        self._stop = asyncio.Event()
        self._tasks: list[asyncio.Task[tuple[str, list[str]]]] = []
        self.answered = 0

    def start(self) -> None:
        """Begin."""
        self._tasks = [asyncio.create_task(self._customer(n)) for n in range(CUSTOMERS)]

    async def stop(self) -> dict[str, list[str]]:
        """Return what was accepted, by conversation."""
        self._stop.set()
        return dict(await asyncio.gather(*self._tasks))

    async def _customer(self, number: int) -> tuple[str, list[str]]:
        accepted: list[str] = []
        system = self._systems[number % len(self._systems)]
        async with aiohttp.ClientSession() as session:
            customer = await Visitor(session, system.url).open(locale="pt-BR")
            while not self._stop.is_set():
                client_id = str(uuid.uuid4())
                text = QUESTIONS[(len(accepted) + number) % len(QUESTIONS)]
                status, data = await customer.post(text, client_id=client_id)
                assert status == 202, data
                accepted.append(client_id)
                await customer.hear(after=int(data["seq"]))
                self.answered += 1
            return customer.conversation_id, accepted

    async def more(self, count: int) -> None:
        """Wait until so many further messages were answered."""
        wanted = self.answered + count

        async def come() -> bool:
            return self.answered >= wanted

        await until(come, seconds=60, what=f"{count} further answers")


@pytest.fixture(params=["sqlite", "postgresql+redis"])
async def gateways(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[list[System]]:
    """One gateway with two Rasa hosts, or two gateways with one each."""
    async with AsyncExitStack() as stack:
        if request.param == "sqlite":
            systems = [
                System(tmp_path / "a", {"FRONTLINE_RASA_HOSTS": "2"}, options=("--no-telegram",))
            ]
        else:
            environ = {
                "FRONTLINE_DATABASE_URL": await stack.enter_async_context(own_database()),
                "FRONTLINE_REDIS_URL": await shared_redis(),
                "FRONTLINE_SECRET_KEY": secrets.token_hex(32),
            }
            systems = [
                System(tmp_path / name, environ, options=("--no-telegram",)) for name in "ab"
            ]
        try:
            for system in systems:
                await system.start()
            yield systems
        finally:
            codes = [await system.stop() for system in systems]
        assert codes == [0] * len(systems), [system.log[-3000:] for system in systems]


async def _overview(admin: StaffClient) -> dict[str, Any]:
    found: dict[str, Any] = await admin.call("GET", "/learning/models")
    return found


async def _all_serve(admin: StaffClient, model: str, hosts: int) -> None:
    async def serve() -> bool:
        found = await _overview(admin)
        return [host["model"] for host in found["hosts"]] == [model] * hosts

    await until(serve, seconds=60, what=f"{hosts} hosts with model {model}")


async def _review(system: System, admin: StaffClient) -> None:
    """A customer writes something odd, it is marked as wrong, and a reviewer says what it meant."""
    async with visitor(system, locale="pt-BR") as customer:
        answer = (await customer.say(ODD)).messages[0]
    assert answer["author"] == "bot"
    await admin.call("POST", f"/messages/{answer['id']}/mark", {"wrong": True})

    async def listed() -> Any:
        page = await admin.call("GET", "/learning/items")
        return next((item for item in page["items"] if item["text"] == ODD), None)

    item = await until(listed, seconds=30, what="the message among those to look at")
    body = {"version": item["version"], "verdict": "intent", "intent": "order_status"}
    await admin.call("POST", f"/learning/items/{item['id']}/review", body)


async def _train(admin: StaffClient) -> dict[str, Any]:
    job = await admin.call("POST", "/learning/trainings", {})

    async def over() -> Any:
        found = await admin.call("GET", f"/learning/trainings/{job['id']}")
        return found if found["state"] in {"done", "failed"} else None

    done: dict[str, Any] = await until(over, seconds=420, what="the end of the training")
    assert done["state"] == "done", done["error"]
    return done


@pytest.mark.rasa
@pytest.mark.timeout(900)
async def test_a_model_is_trained_promoted_and_taken_back_while_customers_talk(
    gateways: list[System],
) -> None:
    first = gateways[0]
    people = next(found for system in gateways if (found := system.passwords()))
    talk = Talk(gateways)
    async with staff(first, *people["admin"]) as admin:
        before = (await _overview(admin))["serving"]
        await _all_serve(admin, before, hosts=2)
        await _review(first, admin)
        # Nobody talks without pause meanwhile: a training leaves the processor to whoever does.
        job = await _train(admin)
        talk.start()
        await talk.more(10)
        report = job["report"]
        assert report["new"]["figures"]["learned_right"] == 1
        assert report["current"]["model"] == before
        assert report["new"]["figures"]["accuracy"] > 0.9

        insist = {"force": True, "reason": "test"} if report["worse"] else {}
        path = f"/learning/models/{job['model_id']}/promote"
        await admin.call("POST", path, insist)
        await _all_serve(admin, job["model_id"], hosts=2)
        await talk.more(20)
        explained = await admin.call("POST", "/explain", {"text": ODD, "locale": "pt-BR"})
        assert explained["route"] == "order_status"

        for model in (before, job["model_id"]):
            await admin.call("POST", f"/learning/models/{model}/promote", {})
            await _all_serve(admin, model, hosts=2)
            await talk.more(20)
        ledgers = await talk.stop()

        # A host that is started again begins with the promoted model.
        first.kill_rasa()
        await first.ready()
        await _all_serve(admin, job["model_id"], hosts=2)

    db = open_database(first.database_url)
    try:

        async def drained() -> bool:
            return await db.read(ledger.pending) == 0

        await until(drained, seconds=60, what="every turn ended")
        models: set[str] = set()
        for conversation_id, accepted in ledgers.items():
            rows = await db.read(partial(ledger.messages, conversation_id=conversation_id))
            ledger.check(rows, accepted)
            # Each by the bot itself: without it a decision names no model.
            models |= {row.decision["model"] for row in rows if row.author == "customer"}
        assert models == {before, job["model_id"]}
    finally:
        await db.close()
