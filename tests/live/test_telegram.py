"""Customers on Telegram against the whole running system, by polling and by webhook."""

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import pytest_asyncio
import sqlalchemy as sa

from bot.channels.telegram.render import render
from bot.conversations import repository
from bot.conversations.conversation import Author, Message
from bot.conversations.tables import OutboxRow
from bot.kit.db import open_database
from bot.shop import repository as shop
from tests.fakes.bot_api import Delivered, FakeBotApi
from tests.system import StaffClient, System, free_port, staff, until

pytestmark = pytest.mark.asyncio(loop_scope="module")


@dataclass
class Shop:
    """A running system and the Bot API that it talks to."""

    api: FakeBotApi
    system: System
    mode: str
    chats: int = 100

    def phone(self, language: str = "en") -> "Phone":
        """Return a new customer's."""
        self.chats += 1
        return Phone(self, self.chats, language)

    async def read(self, query: Callable[[sa.Connection], Any]) -> Any:
        """Look into the store."""
        db = open_database(self.system.database_url)
        try:
            return await db.read(query)
        finally:
            await db.close()

    async def deliver_again(self, update: dict[str, Any], times: int) -> None:
        """Let Telegram send an update that it has sent before."""
        if self.mode == "polling":
            for _ in range(times):
                polls = len(self.api.called("getUpdates"))
                self.api.again.append(update)
                await self.api.push(poll_answer={})  # something that ends the present poll
                await self.api.until(
                    lambda polls=polls: (  # type: ignore[misc]
                        not self.api.again and len(self.api.called("getUpdates")) > polls
                    )
                )
            return
        async with aiohttp.ClientSession() as http:
            answers = await asyncio.gather(
                *(self.api.post_webhook(update, http=http) for _ in range(times))
            )
        assert set(answers) == {200}


@dataclass
class Phone:
    """One customer's chat with the bot. Every update that comes from it arrives three times."""

    shop: Shop
    chat_id: int
    language: str
    heard: int = 0

    @property
    def messages(self) -> list[Delivered]:
        """What the bot has sent here so far."""
        return [m for m in self.shop.api.sent if m.chat_id == self.chat_id]

    async def say(self, text: str, *, replies: int = 1) -> str:
        """Write, and return the reply."""
        return await self._send(
            self.shop.api.say(self.chat_id, text, language=self.language), replies
        )

    async def press(self, label: str, *, replies: int = 1) -> str:
        """Press the button whose label contains `label` under the newest message with buttons."""
        message = next(m for m in reversed(self.messages) if m.buttons)
        name = next(n for n, _ in message.buttons if label.lower() in n.lower())
        return await self._send(self.shop.api.press(message, name), replies)

    async def _send(self, act: Awaitable[dict[str, Any]], replies: int) -> str:
        update = await act
        await self.shop.deliver_again(update, 2)
        return await self.hear(replies)

    async def hear(self, count: int = 1, *, seconds: float = 15.0) -> str:
        """Wait for so many more messages of the bot and return their text."""
        wanted = self.heard + count
        await self.shop.api.until(lambda: len(self.messages) >= wanted, seconds=seconds)
        new = self.messages[self.heard : wanted]
        self.heard = wanted
        return "\n".join(m.text for m in new)

    async def hear_rest(self) -> str:
        """Wait until all that is stored has arrived, and return what was new."""
        return await self.hear(len(shown(await self.settled())) - self.heard)

    async def stored(self) -> list[Message]:
        """Return the whole conversation as it is stored."""

        def query(conn: sa.Connection) -> list[Message]:
            found = repository.find_by_contact(conn, "telegram", str(self.chat_id))
            return repository.list_messages(conn, found.id) if found else []

        messages: list[Message] = await self.shop.read(query)
        return messages

    async def settled(self) -> list[Message]:
        """Wait until all turns have ended and nothing waits to be sent; return what is stored."""

        async def done() -> list[Message] | None:
            messages = await self.stored()
            states = {m.turn_state and m.turn_state.value for m in messages}
            waiting = {m.delivery and m.delivery.value for m in messages}
            return None if "pending" in states | waiting else messages

        messages: list[Message] = await until(done, what="an end of all turns and deliveries")
        return messages

    async def check(self) -> list[Message]:
        """See that the phone shows exactly what is stored, in order, each once."""
        messages = await self.settled()
        assert [m.text for m in self.messages] == shown(messages)
        assert self.heard == len(self.messages), "nothing came that nobody asked for"
        once(messages)
        return messages


def shown(messages: list[Message]) -> list[str]:
    """Return what a phone must show of a stored conversation."""
    return [
        part.plain.strip()
        for m in messages
        if m.author is not Author.CUSTOMER
        for part in render(
            m.text,
            choices=m.choices,
            author_name=m.author_name if m.author is Author.AGENT else None,
        )
    ]


def once(messages: list[Message]) -> None:
    """Check that each customer message was stored once and got one answer, all in order."""
    assert [m.seq for m in messages] == list(range(1, len(messages) + 1))
    customers = [m for m in messages if m.author is Author.CUSTOMER]
    assert len({m.external_id for m in customers}) == len(customers)
    asked = {m.id: m.seq for m in customers}
    instants: dict[str, set[Any]] = {}
    for m in messages:
        if m.author is Author.BOT and m.in_reply_to is not None:
            instants.setdefault(m.in_reply_to, set()).add(m.created_at)
    assert all(len(times) == 1 for times in instants.values()), "a turn was answered twice"
    order = [asked[m.in_reply_to] for m in messages if m.author is Author.BOT and m.in_reply_to]
    assert order == sorted(order)


@pytest_asyncio.fixture(loop_scope="module", scope="module", params=["polling", "webhook"])
async def running(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Shop]:
    """One system per way of receiving, for all tests here."""
    api = FakeBotApi()
    await api.start()
    folder: Path = tmp_path_factory.mktemp(f"telegram-{request.param}")
    port = free_port()
    environ = {
        "FRONTLINE_TELEGRAM_TOKEN": api.token,
        "FRONTLINE_TELEGRAM_API_URL": api.url,
        "FRONTLINE_TELEGRAM_MODE": request.param,
        "FRONTLINE_PUBLIC_URL": f"http://127.0.0.1:{port}",
        "FRONTLINE_LOG_LEVEL": "DEBUG",
        "NO_PROXY": "127.0.0.1",
    }
    system = System(folder, environ, port=port)
    try:
        await system.start()
        await api.until(
            lambda: bool(api.called("getUpdates") if request.param == "polling" else api.webhook)
        )
        yield Shop(api, system, request.param)
    finally:
        code = await system.stop()
        await api.close()
    assert code == 0, system.log[-3000:]
    _token_is_nowhere(system, api.token)


def _token_is_nowhere(system: System, token: str) -> None:
    secret = token.partition(":")[2].encode()
    for path in system.folder.rglob("*"):
        if path.is_file():
            assert secret not in path.read_bytes(), path
    assert "telegram.ready" in system.log, "something was logged at all"


@dataclass(frozen=True)
class Words:
    """What a customer says in one language, and what must be in the answers."""

    language: str
    hours: str
    closed: str
    faq: str
    faq_answer: str
    order: str
    number: str
    person: str


WORDS = [
    Words(
        "pt-br",
        "vocês abrem domingo?",
        "fechados",
        "qual o prazo de entrega?",
        "dias úteis",
        "cadê meu pedido",
        "10005",
        "quero falar com uma pessoa",
    ),
    Words(
        "en",
        "are you open on Sunday?",
        "closed",
        "how long does delivery take",
        "working days|business days",
        "where is my order?",
        "AUR-10009",
        "I want to talk to a person",
    ),
    Words(
        "es",
        "¿abren el domingo?",
        "cerrados",
        "cuanto tarda el envio",
        "días hábiles",
        "donde esta mi pedido",
        "aur 10013",
        "quiero hablar con una persona",
    ),
]


async def test_level_one_and_hand_off_in_three_languages(running: Shop) -> None:
    orders = {o.number: o.email for o in await running.read(shop.list_orders)}
    people = running.system.passwords()
    async with staff(running.system, *people["agent N2"]) as nina, asyncio.TaskGroup() as tasks:
        for words in WORDS:
            tasks.create_task(_level_one(running, words, orders))
            tasks.create_task(_hand_off(running, words, nina))


async def _level_one(running: Shop, words: Words, orders: dict[str, str]) -> None:
    phone = running.phone(words.language)
    answer = await phone.say(words.faq, replies=2)
    assert re.search(words.faq_answer, answer), answer
    buttons = phone.messages[-1].buttons
    assert len(buttons) >= 2
    await phone.press(buttons[0][0])
    presses = running.api.called("answerCallbackQuery")
    assert any("text" in call for call in presses), "the spinner was stopped, with a word"

    number = "AUR-" + re.sub(r"\D", "", words.number)
    before = len(running.system.mails(orders[number]))
    await phone.say(words.order)
    assert number in await phone.say(words.number)
    code = await running.system.code_for(orders[number], after=before)
    assert number in await phone.say(f"{code[:4]} {code[4:]}")
    stored = await phone.check()
    assert code not in str(stored)
    assert "••••••••" in str(stored)


async def _hand_off(running: Shop, words: Words, nina: StaffClient) -> None:
    phone = running.phone(words.language)
    assert words.closed in await phone.say(words.hours)
    assert "FL-" in await phone.say(words.person)
    stored = await phone.check()
    tickets = (await nina.call("GET", "/tickets", state="queued", limit=100))["items"]
    ticket = next(t for t in tickets if t["conversation_id"] == stored[0].conversation_id)
    await nina.call("POST", f"/tickets/{ticket['id']}/claim", {})
    await phone.hear_rest()  # "… is with you now"
    body = {"client_id": f"5c7b8b4e-6a3f-4b7e-9c2f-{phone.chat_id:012d}", "text": "**Olá!** 1 < 2"}
    await nina.call("POST", f"/tickets/{ticket['id']}/reply", body)
    await nina.call("POST", f"/tickets/{ticket['id']}/reply", body)
    heard = await phone.hear_rest()
    assert heard.endswith("\nOlá! 1 < 2"), "under the agent's name"
    assert heard.count("Olá!") == 1, "sent twice, said once"
    await phone.say(words.hours, replies=0)
    assert await phone.hear_rest() == "", "the bot is silent while a person is there"
    await nina.call("POST", f"/tickets/{ticket['id']}/resolve", {"text": "Até logo!"})
    assert "Até logo!" in await phone.hear_rest()
    assert words.closed in await phone.say(words.hours), "the bot answers again"
    messages = await phone.check()
    assert [m.text for m in messages if m.author is Author.CUSTOMER] == [
        words.hours,
        words.person,
        words.hours,
        words.hours,
    ]


async def test_commands(running: Shop) -> None:
    phone = running.phone("en")
    assert "Hello" in await phone.say("/start")
    assert "opening hours" in await phone.say("/help")
    assert "español" in await phone.say("/language es")
    assert "cerrados" in await phone.say("are you open on Sunday?"), "asked for, so it stays"
    assert "FL-" in await phone.say("/human")
    await phone.check()
    assert {"", "pt", "en", "es"} <= set(running.api.commands)


async def test_order_is_kept_within_a_chat(running: Shop) -> None:
    phone = running.phone("en")
    questions = ["hi", "are you open on Sunday?", "what can you do?", "thank you", "goodbye"]
    updates = [await running.api.say(phone.chat_id, question) for question in questions]
    for update in updates[:2]:
        await running.deliver_again(update, 2)
    await phone.hear(len(questions), seconds=20)
    messages = await phone.check()
    assert [m.text for m in messages if m.author is Author.CUSTOMER] == questions


async def test_a_flood_wait_delays_one_chat_and_no_other(running: Shop) -> None:
    slow, other = running.phone("en"), running.phone("en")
    running.api.flood(2, chat_id=slow.chat_id)
    loop = asyncio.get_running_loop()
    began = loop.time()
    await running.api.say(slow.chat_id, "what can you do?")
    await other.say("what can you do?")
    assert not slow.messages, "the other did not wait for it"
    await slow.hear()
    assert loop.time() - began >= 2.0
    await slow.check()
    await other.check()


async def test_who_blocked_the_bot_is_given_up_and_can_come_back(running: Shop) -> None:
    phone, other = running.phone("en"), running.phone("en")
    fault = running.api.blocked(phone.chat_id)
    await running.api.say(phone.chat_id, "what can you do?")
    messages = await until(lambda: _given_up(phone), what="a reply given up")
    assert [m.text for m in messages if m.author is Author.CUSTOMER] == ["what can you do?"]
    assert not phone.messages
    await other.say("what can you do?")
    await other.check()
    fault.times = 0
    await running.api.membership(phone.chat_id, "kicked", "member")
    await phone.say("are you open on Sunday?")
    assert phone.messages[0].text != messages[-1].text, "what was given up stays given up"


async def _given_up(phone: Phone) -> list[Message] | None:
    messages = await phone.stored()
    failed = [m for m in messages if m.delivery is not None and m.delivery.value == "failed"]
    return messages if failed else None


async def test_nothing_is_lost_when_the_gateway_is_killed(running: Shop) -> None:
    kills = 2
    phones = [running.phone("en") for _ in range(3)]
    questions = [
        ["are you open on Sunday?", "what can you do?", "thank you"][n % 3]
        for n in range(kills * 2)
    ]
    asked = 0
    for _ in range(kills):
        for question in questions[asked : asked + 2]:
            for phone in phones:
                await running.api.say(phone.chat_id, question)
        asked += 2
        before = len(running.api.sent)
        # In the middle: some replies have been sent, most have not.
        await running.api.until(lambda before=before: len(running.api.sent) > before)  # type: ignore[misc]
        running.system.kill_gateway()
        assert running.system.process is not None
        await running.system.process.wait()
        await running.system.start(bot=False)
    doubled = 0
    for phone in phones:

        async def answered(phone: Phone = phone) -> bool:
            stored = await phone.stored()
            return sum(m.author is Author.CUSTOMER for m in stored) == len(questions)

        await until(answered, what="every message stored")
        messages = await phone.settled()
        assert [m.text for m in messages if m.author is Author.CUSTOMER] == questions
        once(messages)
        answers = {m.in_reply_to for m in messages if m.author is not Author.CUSTOMER}
        assert len(answers) == len(questions), "every message answered"
        on_phone = [m.text for m in phone.messages]
        expected = shown(messages)
        # Killed between Telegram's answer and the commit that records it: sent once more.
        doubled += len(on_phone) - len(expected)
        rest = iter(on_phone)
        assert all(text in rest for text in expected), "all of them, in order"
    assert 0 <= doubled <= kills * len(phones)
    rows = await running.read(
        lambda conn: conn.execute(sa.select(OutboxRow.id).where(OutboxRow.state == "pending")).all()
    )
    assert rows == []
