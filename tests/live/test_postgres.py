"""Two gateways side by side on one PostgreSQL and one Redis: together they are one system.

Customers and agents reach either; each may be killed; PostgreSQL may cut connections; Redis may be
emptied or away. The flows themselves run on both stores (see `conftest.py`).
"""

import asyncio
import contextlib
import secrets
import uuid
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Any, TypeVar

import aiohttp
import pytest
import pytest_asyncio
import sqlalchemy as sa

from bot.conversations import repository
from bot.conversations.conversation import Author, Message
from bot.conversations.tables import ConversationRow, OutboxRow
from bot.kit.db import Database, open_database
from tests.fakes.bot_api import FakeBotApi
from tests.live import ledger
from tests.stores import (
    RedisServer,
    connect,
    cut_connections,
    everything_in,
    own_database,
    own_redis,
)
from tests.system import StaffClient, System, Visitor, staff, until

pytestmark = pytest.mark.asyncio(loop_scope="module")
T = TypeVar("T")
LIVE_SECONDS = 1.0
"""Something done at one gateway is seen at the other within this time while Redis is there."""
POLLED_SECONDS = 4.0
"""And within this time when it is not."""
TAKEN_OVER_SECONDS = 25.0
"""What a killed gateway was working on is finished by the other within this time."""


@dataclass
class Pair:
    """Two gateways, what they share, and a look into their store."""

    a: System
    b: System
    redis: RedisServer
    api: FakeBotApi
    db: Database
    people: dict[str, tuple[str, str]]

    async def read(self, query: Callable[[sa.Connection], T]) -> T:
        """Look into the store; what the tests cut off there is connected again."""
        return await self.db.read(query)

    async def drained(self) -> None:
        """Wait until every turn has ended."""

        async def done() -> bool:
            return await self.read(ledger.pending) == 0

        await until(done, seconds=60, what="an end of all turns")

    async def check(self, conversation_id: str, accepted: list[str]) -> list[Any]:
        """See that a conversation is whole: each message stored once, answered once, in order."""
        rows = await self.read(lambda conn: ledger.messages(conn, conversation_id))
        ledger.check(rows, accepted)
        return rows


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def pair(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Pair]:
    """Started at the same moment on an empty database: one of them sets it up."""
    folder = tmp_path_factory.mktemp("pair")
    api = FakeBotApi()
    await api.start()
    async with own_database() as url, own_redis(folder / "redis") as redis:
        environ = {
            "FRONTLINE_DATABASE_URL": url,
            "FRONTLINE_REDIS_URL": redis.url,
            "FRONTLINE_SECRET_KEY": secrets.token_urlsafe(40),
            "FRONTLINE_PUBLIC_URL": "http://support.example.com",
            "FRONTLINE_TELEGRAM_TOKEN": api.token,
            "FRONTLINE_TELEGRAM_API_URL": api.url,
            "FRONTLINE_TELEGRAM_MODE": "webhook",
            "NO_PROXY": "127.0.0.1",
        }
        a, b = System(folder / "a", environ), System(folder / "b", environ)
        db = open_database(url)
        try:
            await asyncio.gather(a.start(), b.start())
            yield Pair(a, b, redis, api, db, {**a.passwords(), **b.passwords()})
            codes = [await a.stop(), await b.stop()]
            assert codes == [0, 0], (a.log + b.log)[-3000:]
            assert "are you open" not in a.log + b.log, "no customer's words in a log"
        finally:
            await db.close()
            for system in (a, b):
                system.kill_gateway()
            await api.close()


@contextlib.asynccontextmanager
async def at(
    first: System, second: System, *, locale: str = "en"
) -> AsyncIterator[tuple[Visitor, Visitor]]:
    """One customer with a connection to each gateway."""
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=15)) as session:
        here = await Visitor(session, first.url).open(locale=locale)
        there = Visitor(session, second.url, here.token, here.conversation_id)
        yield here, there


async def send(places: list[Visitor], text: str) -> str:
    """Send a message to one place after the other until one has accepted it; return its id."""
    client_id = str(uuid.uuid4())
    for turn in range(400):
        with contextlib.suppress(aiohttp.ClientError, TimeoutError):
            status, data = await places[turn % len(places)].post(text, client_id=client_id)
            if status == 202:
                return client_id
            assert status in {429, 503}, data
        await asyncio.sleep(0.05)
    raise AssertionError("never accepted")


async def seconds_until(
    check: Callable[[], Any], *, seconds: float = 30.0, what: str = "it"
) -> float:
    """Return how long it took until `check` was true."""
    loop = asyncio.get_running_loop()
    began = loop.time()
    await until(check, seconds=seconds, what=what)
    return loop.time() - began


async def ticket_of(agent: StaffClient, conversation_id: str) -> dict[str, Any]:
    """Return the open ticket of a conversation."""
    tickets = (await agent.call("GET", "/tickets", limit=100))["items"]
    found: dict[str, Any] = next(t for t in tickets if t["conversation_id"] == conversation_id)
    return found


async def hand_over(here: Visitor, agent: StaffClient) -> dict[str, Any]:
    """Let a customer ask for a person and the agent take the ticket."""
    assert (await here.say("I want to talk to a person")).owner == "queue"
    ticket = await ticket_of(agent, here.conversation_id)
    await agent.call("POST", f"/tickets/{ticket['id']}/claim", {})
    return ticket


async def reply(agent: StaffClient, ticket: dict[str, Any], text: str) -> None:
    """Write to the customer."""
    body = {"client_id": str(uuid.uuid4()), "text": text}
    await agent.call("POST", f"/tickets/{ticket['id']}/reply", body)


async def until_heard(customer: Visitor, text: str) -> float:
    """Long-poll as the widget does until `text` has arrived; return the seconds."""

    async def heard() -> bool:
        data = await customer.read(wait=5)
        customer.last_seq = data["last_seq"]
        return any(text in m["text"] for m in data["messages"])

    return await seconds_until(heard, seconds=15, what=repr(text))


async def test_messages_and_claims_cross_live(pair: Pair) -> None:
    async with (
        at(pair.a, pair.b) as (here, _),
        staff(pair.b, *pair.people["agent N2"]) as nina,
        staff(pair.a, *pair.people["supervisor"]) as sergio,
    ):
        async with nina.session.get(f"{pair.b.url}/api/v1/events") as stream:
            assert (await here.say("I want to talk to a person")).owner == "queue"
            ticket = await ticket_of(nina, here.conversation_id)
            async with asyncio.timeout(LIVE_SECONDS):
                while ticket["id"].encode() not in await stream.content.readline():
                    pass
        here.last_seq = (await here.read(after=0))["last_seq"]
        claims = await asyncio.gather(
            nina.call("POST", f"/tickets/{ticket['id']}/claim", {}),
            sergio.call("POST", f"/tickets/{ticket['id']}/claim", {}),
            return_exceptions=True,
        )
        lost = [c for c in claims if isinstance(c, AssertionError)]
        assert len(lost) == 1, "one of the two has it"
        assert "already_claimed" in str(lost[0])
        owner = nina if isinstance(claims[1], AssertionError) else sergio
        waiting = asyncio.create_task(until_heard(here, "Hello from the other side"))
        await reply(owner, ticket, "Hello from the other side")
        assert await waiting < LIVE_SECONDS
        await send([here], "thank you so much")
        page = await nina.call("GET", f"/conversations/{here.conversation_id}/messages")
        assert "thank you so much" in str(page)
        await owner.call("POST", f"/tickets/{ticket['id']}/resolve", {"text": "Bye."})
        assert await until_heard(here, "Bye.") < LIVE_SECONDS
        assert "closed" in (await here.say("are you open on Sunday?")).text


async def test_a_socket_at_one_gateway_hears_what_happens_at_the_other(pair: Pair) -> None:
    async with (
        at(pair.a, pair.b) as (here, there),
        here.session.ws_connect(f"{pair.a.url}/api/widget/v1/socket") as socket,
    ):
        await socket.send_json({"type": "hello", "token": here.token, "last_seq": 0})
        await send([there], "are you open on Sunday?")
        texts: list[str] = []
        async with asyncio.timeout(LIVE_SECONDS + 2):
            while not any("closed" in text for text in texts):
                frame = await socket.receive_json()
                if frame["type"] == "message":
                    texts.append(frame["text"])
        assert texts[0] == "are you open on Sunday?"
        assert len(texts) == 2


async def test_an_article_published_at_one_gateway_answers_at_the_other(pair: Pair) -> None:
    article = {
        "locale": "en",
        "title": "Do you engrave rings with names?",
        "phrasings": ["can you engrave a ring", "engraving on jewellery"],
        "answer": "Yes, we engrave rings with up to twelve letters, free of charge.",
    }
    async with (
        staff(pair.b, *pair.people["editor"]) as edite,
        staff(pair.a, *pair.people["admin"]) as adriana,
    ):
        made = await edite.call("POST", "/articles", article)

        async def found() -> bool:
            body = {"question": "can you engrave a ring?", "locale": "en"}
            answer = await adriana.call("POST", "/kb/ask", body)
            return any(hit["article_id"] == made["id"] for hit in answer["hits"][:1])

        assert not await found()
        await edite.call("POST", f"/articles/{made['id']}/publish", {})
        assert await seconds_until(found) < 1.0
        async with at(pair.a, pair.b) as (here, _):
            assert "twelve letters" in (await here.say("can you engrave a ring?")).text
        await edite.call("POST", f"/articles/{made['id']}/archive", {})

        async def gone() -> bool:
            return not await found()

        assert await seconds_until(gone) < 1.0


async def test_a_conversation_may_change_gateways_at_every_message(pair: Pair) -> None:
    """Rasa's side of a gateway must not go on from what it remembers of before."""
    async with at(pair.a, pair.b) as (here, there):
        asked = await here.say("where is my order?")
        assert asked.owner == "bot"
        assert "closed" in (await there.say("are you open on Sunday?")).text
        sent = await here.say("AUR-10021")
        assert "AUR-10021" in sent.text, "the form was still waiting for the number"
        cancelled = await there.say("never mind")
        assert "code" not in cancelled.text, "the code was not waited for any more"
        await here.say("I forgot my password")
        reset = await there.say("my email is carla@example.com")
        assert "code" in reset.text
        assert "@" not in reset.text
        rows = await pair.read(lambda conn: ledger.messages(conn, here.conversation_id))
    ledger.check(rows, [r.external_id.rsplit(":", 1)[1] for r in rows if r.author == "customer"])
    failed = [r.decision for r in rows if r.decision and "not available" in str(r.decision)]
    assert not failed, "the bot answered every time"


async def test_a_conversation_is_served_by_one_gateway_at_a_time(pair: Pair) -> None:
    questions = ["are you open on Sunday?", "what can you do?", "thank you", "hi"]
    async with at(pair.a, pair.b) as (here, there):
        accepted = [
            await send([here, there] if n % 2 else [there, here], questions[n % len(questions)])
            for n in range(30)
        ]
        await pair.drained()
        rows = await pair.check(here.conversation_id, accepted)
    assert sum(row.author == "customer" for row in rows) == 30


async def test_the_same_message_at_both_gateways_at_once_is_one(pair: Pair) -> None:
    async with at(pair.a, pair.b) as (here, there):
        accepted = []
        for _ in range(10):
            client_id = str(uuid.uuid4())
            answers = await asyncio.gather(
                *(place.post("what can you do?", client_id=client_id) for place in (here, there)),
                *(place.post("what can you do?", client_id=client_id) for place in (here, there)),
            )
            assert {status for status, _ in answers} == {202}, answers
            assert len({(data["id"], data["seq"]) for _, data in answers}) == 1
            accepted.append(client_id)
        await pair.drained()
        await pair.check(here.conversation_id, accepted)


async def test_telegram_updates_may_reach_both_gateways(pair: Pair) -> None:
    """Each update at both gateways at the same moment, the first of a chat and later ones."""
    chats = range(200, 206)
    pair.api.webhook = {**pair.api.webhook, "url": ""}
    secret = str(pair.api.webhook["secret_token"])
    async with aiohttp.ClientSession() as http:

        async def deliver(update: dict[str, Any], url: str) -> None:
            headers = {"X-Telegram-Bot-Api-Secret-Token": secret}
            for _ in range(20):  # Telegram repeats until it is told 2xx
                async with http.post(
                    f"{url}/telegram/webhook", json=update, headers=headers
                ) as answer:
                    if answer.status == 200:
                        return
                    assert answer.status == 503, await answer.text()
            raise AssertionError("never accepted")

        for text in ("are you open on Sunday?", "what can you do?", "thank you"):
            updates = [
                {"update_id": next(pair.api.update_ids), "message": pair.api.message(c, text=text)}
                for c in chats
            ]
            await asyncio.gather(
                *(
                    deliver(update, url)
                    for update in updates
                    for url in (pair.a.url, pair.b.url, pair.a.url)
                )
            )
    await pair.drained()

    def conversations(conn: sa.Connection) -> list[list[Message]]:
        rows = conn.execute(
            sa.select(ConversationRow.id).where(ConversationRow.channel == "telegram")
        )
        return [repository.list_messages(conn, row.id) for row in rows]

    async def sent() -> bool:
        waiting = await pair.read(
            lambda conn: conn.execute(
                sa.select(OutboxRow.id).where(OutboxRow.state == "pending")
            ).all()
        )
        return not waiting

    await until(sent, what="every reply sent")
    found = await pair.read(conversations)
    assert len(found) == len(chats), "one conversation for each chat"
    for messages in found:
        assert [m.author.value for m in messages].count("customer") == 3
        bot = [m for m in messages if m.author is Author.BOT]
        assert len({m.in_reply_to for m in bot}) == len({m.created_at for m in bot}) == 3
    for chat in chats:
        assert len(pair.api.texts(chat)) == 3, "each reply once"


async def test_trackers_live_beside_the_rest(pair: Pair) -> None:
    url = str(pair.a.environ["FRONTLINE_DATABASE_URL"])
    conn = await connect(url)
    try:
        assert await conn.fetchval("SELECT count(*) FROM rasa.events") > 0
        assert await conn.fetchval("SELECT count(*) FROM rasa.turns") > 0
    finally:
        await conn.close()
    assert not list(pair.a.data_dir.rglob("trackers*.db")), "and nowhere else"
    secret = pair.api.token.partition(":")[2]
    assert secret not in await everything_in(url)
    for system in (pair.a, pair.b):
        assert not list(system.data_dir.glob("frontline.db*"))
        for path in [system.folder / "up.log", *system.data_dir.rglob("*.log")]:
            text = path.read_text(errors="replace")
            assert secret not in text, path
            assert pair.a.environ["FRONTLINE_SECRET_KEY"] not in text, path


# ------------------------------------------------------------------------------------ disturbed


@dataclass
class Crowd:
    """Customers who write all the time, to either gateway."""

    pair: Pair
    stop: asyncio.Event
    tasks: list["asyncio.Task[tuple[str, list[str]]]"]

    async def check(self, *, at_least: int) -> None:
        """End it, and see that nothing of what was accepted is lost or doubled."""
        self.stop.set()
        ledgers = await asyncio.gather(*self.tasks)
        await self.pair.drained()
        for conversation_id, accepted in ledgers:
            await self.pair.check(conversation_id, accepted)
        assert sum(len(accepted) for _, accepted in ledgers) >= at_least


@contextlib.asynccontextmanager
async def crowd(pair: Pair, *, size: int = 4) -> AsyncIterator[Crowd]:
    """Let customers write until the end of the context."""
    stop = asyncio.Event()

    async def customer(number: int) -> tuple[str, list[str]]:
        places = (pair.a, pair.b) if number % 2 else (pair.b, pair.a)
        async with at(*places) as (here, there):
            accepted: list[str] = []
            questions = ["are you open on Sunday?", "what can you do?", "thank you"]
            while not stop.is_set():
                accepted.append(await send([here, there], questions[len(accepted) % 3]))
                with contextlib.suppress(aiohttp.ClientError, TimeoutError, AssertionError):
                    here.last_seq = (await here.read(wait=0.4))["last_seq"]
            return here.conversation_id, accepted

    tasks = [asyncio.create_task(customer(number)) for number in range(size)]
    try:
        yield Crowd(pair, stop, tasks)
    finally:
        stop.set()
        await asyncio.gather(*tasks, return_exceptions=True)


async def test_cut_database_connections_lose_and_double_nothing(pair: Pair) -> None:
    url = str(pair.a.environ["FRONTLINE_DATABASE_URL"])
    cut = 0
    async with crowd(pair) as customers:
        for _ in range(8):
            await asyncio.sleep(0.5)
            cut += await cut_connections(url)
        await customers.check(at_least=20)
    assert cut >= 8
    async with at(pair.a, pair.b) as (here, there):
        for place in (here, there):
            assert "closed" in (await place.say("are you open on Sunday?")).text


async def test_without_redis_things_take_longer_and_nothing_is_lost(pair: Pair) -> None:
    assert await pair.redis.ask("FLUSHALL")
    async with at(pair.a, pair.b) as (here, _), staff(pair.b, *pair.people["agent N2"]) as nina:
        ticket = await hand_over(here, nina)
        assert await _crossing(here, nina, ticket, "flushed") < LIVE_SECONDS
        await pair.redis.stop()
        assert await _crossing(here, nina, ticket, "stopped") < POLLED_SECONDS
        loop = asyncio.get_running_loop()
        began = loop.time()
        async with staff(pair.a, *pair.people["agent N3"]) as tiago:
            assert loop.time() - began < POLLED_SECONDS, "a log-in does not wait for Redis"
            await tiago.call("GET", "/tickets")
        async with crowd(pair) as customers:
            await asyncio.sleep(2)
            await customers.check(at_least=8)
        await pair.redis.start()

        async def hints_again() -> bool:
            channels = await pair.redis.ask("PUBSUB", "CHANNELS", "frontline*")
            if len(channels) != 1:
                return False
            return int((await pair.redis.ask("PUBSUB", "NUMSUB", channels[0].decode()))[1]) == 2

        await until(hints_again, seconds=15, what="both gateways listening again")
        assert await _crossing(here, nina, ticket, "back") < LIVE_SECONDS
        await nina.call("POST", f"/tickets/{ticket['id']}/resolve", {"text": "Bye."})


async def _crossing(
    customer: Visitor, agent: StaffClient, ticket: dict[str, Any], text: str
) -> float:
    """Return how long a reply takes from one gateway to the customer at the other."""
    customer.last_seq = (await customer.read(after=0))["last_seq"]
    waiting = asyncio.create_task(until_heard(customer, text))
    await asyncio.sleep(0.1)
    await reply(agent, ticket, text)
    return await waiting


async def test_a_redis_that_hangs_holds_up_nobody(pair: Pair) -> None:
    assert pair.redis.process is not None
    async with at(pair.a, pair.b) as (here, _), staff(pair.b, *pair.people["agent N2"]) as nina:
        ticket = await hand_over(here, nina)
        pair.redis.process.send_signal(19)  # SIGSTOP: connections stay open, nothing answers
        try:
            assert await _crossing(here, nina, ticket, "hanging") < POLLED_SECONDS
            loop = asyncio.get_running_loop()
            began = loop.time()
            async with staff(pair.a, *pair.people["agent N3"]):
                assert loop.time() - began < POLLED_SECONDS
        finally:
            pair.redis.process.send_signal(18)
        await nina.call("POST", f"/tickets/{ticket['id']}/resolve", {"text": "Bye."})


async def test_the_other_gateway_finishes_what_a_killed_one_began(pair: Pair) -> None:
    """The last test: one gateway is gone afterwards, and comes back."""
    async with contextlib.AsyncExitStack() as stack:
        customers = [await stack.enter_async_context(at(pair.a, pair.b)) for _ in range(6)]
        accepted: dict[str, list[str]] = {}
        for here, _ in customers:
            accepted[here.conversation_id] = [await send([here], "what can you do?")]

        async def burst(here: Visitor, there: Visitor) -> None:
            for text in ("are you open on Sunday?", "thank you", "hi"):
                accepted[here.conversation_id].append(await send([here, there], text))

        bursts = [asyncio.create_task(burst(*places)) for places in customers]
        await asyncio.sleep(0.05)
        pair.a.kill_gateway()
        assert pair.a.process is not None
        await pair.a.process.wait()
        await asyncio.gather(*bursts)
        took = await seconds_until(
            lambda: _nothing_pending(pair), seconds=TAKEN_OVER_SECONDS, what="all turns taken over"
        )
        assert took < TAKEN_OVER_SECONDS
        for conversation_id, ids in accepted.items():
            await pair.check(conversation_id, ids)
        _, there = customers[0]
        assert "closed" in (await there.say("are you open on Sunday?")).text
    await pair.a.start()
    async with at(pair.a, pair.b) as (here, _):
        assert "closed" in (await here.say("are you open on Sunday?")).text


async def _nothing_pending(pair: Pair) -> bool:
    return await pair.read(ledger.pending) == 0
