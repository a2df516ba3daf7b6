"""Messages keep coming while gateway and Rasa are killed at random moments: none lost, none doubled."""

import asyncio
import contextlib
import random
import uuid
from functools import partial
from pathlib import Path

import aiohttp
import pytest
import sqlalchemy as sa

from bot.conversations.tables import OutboxRow
from bot.kit.db import open_database
from tests.live import ledger
from tests.system import System, Visitor, until

KILLS = 20
CUSTOMERS = 6
QUESTIONS = (
    "oi",
    "qual o prazo de entrega?",
    "vocês abrem no sábado?",
    "are you open on Sunday?",
    "how do I return an item?",
    "what can you do?",
    "¿cuáles son las formas de pago?",
    "gracias",
)


async def _customer(system: System, number: int, stop: asyncio.Event) -> tuple[str, list[str]]:
    """Send without pause, each message until it is accepted; return (conversation, ledger)."""
    accepted: list[str] = []
    timeout = aiohttp.ClientTimeout(total=10)
    async with aiohttp.ClientSession(timeout=timeout) as session:
        customer = Visitor(session, system.url)
        while not customer.token:
            with contextlib.suppress(aiohttp.ClientError, TimeoutError, AssertionError):
                await customer.open(locale="pt-BR")
        sent = 0
        while not stop.is_set():
            client_id = str(uuid.uuid4())
            text = f"{QUESTIONS[(sent + number) % len(QUESTIONS)]}"
            sent += 1
            while True:
                with contextlib.suppress(aiohttp.ClientError, TimeoutError):
                    status, _ = await customer.post(text, client_id=client_id)
                    if status == 202:
                        accepted.append(client_id)
                        break
                    assert status in {429, 503}, status
                await asyncio.sleep(0.05)
            # Wait for the answer as a person would, but not for ever: kills come in between.
            with contextlib.suppress(aiohttp.ClientError, TimeoutError, AssertionError):
                data = await customer.read(wait=0.4)
                customer.last_seq = data["last_seq"]
        return customer.conversation_id, accepted


@pytest.mark.kill
@pytest.mark.timeout(600)
async def test_accepted_messages_survive_random_kills(tmp_path: Path) -> None:
    chance = random.Random(20261121)
    system = System(tmp_path, options=("--no-telegram",))
    await system.start()
    stop = asyncio.Event()
    customers = [asyncio.create_task(_customer(system, n, stop)) for n in range(CUSTOMERS)]
    try:
        for kill in range(KILLS):
            await asyncio.sleep(chance.uniform(0.2, 1.2))
            if kill % 2:
                system.kill_rasa()
            else:
                system.kill_gateway()
                assert system.process is not None
                await system.process.wait()
                await system.start(bot=chance.random() < 0.5)
        await system.ready()
    finally:
        stop.set()
    ledgers = dict(await asyncio.gather(*customers))

    db = open_database(f"sqlite:///{system.data_dir / 'frontline.db'}")
    try:

        async def drained() -> bool:
            return await db.read(ledger.pending) == 0

        await until(drained, seconds=60, what="every turn ended")
        assert await system.stop() == 0
        for conversation_id, accepted in ledgers.items():
            rows = await db.read(partial(ledger.messages, conversation_id=conversation_id))
            ledger.check(rows, accepted)
        assert sum(len(accepted) for accepted in ledgers.values()) > 60
        assert await db.read(lambda conn: conn.execute(sa.select(OutboxRow.id)).all()) == []
    finally:
        await db.close()
