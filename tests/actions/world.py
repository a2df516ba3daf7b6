"""The actions with the real store, desk, codes and hours; only the articles are scripted."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import sqlalchemy as sa
from aiohttp import web
from aiohttp.test_utils import TestClient

from actions.registry import ActionServices, build_actions
from actions.turn_record import TurnRecord, TurnRecords
from actions.webhook import ActionRunner
from bot.conversations import repository as conversations
from bot.conversations.conversation import Author, Conversation, Draft, Message, TurnState
from bot.hours import repository as hours_repository
from bot.hours import service as hours_module
from bot.hours.service import Hours
from bot.kit.bus import LocalBus
from bot.kit.clock import FixedClock
from bot.kit.db import Database, Tx
from bot.kit.encoder import Vector
from bot.kit.ids import new_id
from bot.kit.locales import Texts
from bot.kit.passwords import Passwords
from bot.mail.tables import MailRow
from bot.shop import repository as shop
from bot.shop.demo import DemoAccounts, DemoOrderBook
from bot.verification.service import Verification
from handoff import repository as tickets
from handoff.seed import seed_queues
from handoff.service import Desk
from handoff.ticket import Ticket
from knowledge_base.ranking import Decision
from knowledge_base.search import Answer, Hit
from tests.bot.hours.shop_calendar import shop_calendar
from tests.bot.verification.world import open_conversation

Client = TestClient[web.Request, web.Application]


def hit(key: str, title: str, answer: str = "Text.", *, locale: str = "pt-BR") -> Hit:
    return Hit(
        article_id=f"id-{key}",
        key=key,
        locale=locale,
        title=title,
        answer=answer,
        revision=3,
        score=0.9,
        lexical=0.5,
        dense=0.6,
        other_language=False,
    )


RETURNS = hit("returns", "Como devolver", "Você tem **30 dias**.")
REFUNDS = hit("refund-time", "Prazo do reembolso")


@dataclass
class ScriptedArticles:
    """A knowledge base that says what it is told."""

    next: Answer = field(default_factory=lambda: articles(Decision.HANDOFF))
    published: dict[str, Hit] = field(default_factory=dict)
    asked: list[tuple[str, str, bool]] = field(default_factory=list)
    fails: bool = False

    async def ask(
        self, question: str, *, locale: str, vector: Vector | None = None, limit: int = 10
    ) -> Answer:
        if self.fails:
            raise RuntimeError("index broken: secret detail")
        self.asked.append((question, locale, vector is not None))
        return self.next

    async def get_published(self, article_id: str) -> Hit | None:
        return self.published.get(article_id)


def articles(decision: Decision, *hits: Hit) -> Answer:
    return Answer(decision=decision, hits=hits, reasons=(), margin=0.1, best=0.9)


@dataclass
class Said:
    """What an action call led to."""

    status: int
    replies: list[dict[str, Any]]
    slots: dict[str, Any]

    @property
    def result(self) -> str:
        """The action_result slot."""
        return str(self.slots.get("action_result"))

    @property
    def keys(self) -> list[str]:
        """What was said, by key."""
        return [reply.get("say", "markdown") for reply in self.replies]

    @property
    def intents(self) -> list[str]:
        """What the buttons of the last reply mean."""
        return [choice["intent"] for choice in self.replies[-1].get("choices", [])]


@dataclass
class World:
    """One customer talking to the bot."""

    db: Database
    clock: FixedClock
    conversation_id: str
    services: ActionServices
    knowledge: ScriptedArticles
    desk: Desk
    client: Client | None = None
    slots: dict[str, Any] = field(default_factory=dict)
    locale: str = "pt-BR"

    async def write(self, text: str) -> Message:
        """The customer writes something; it waits for its turn."""

        def step(tx: Tx) -> Message:
            stored = conversations.append(
                tx,
                self.conversation_id,
                [Draft(Author.CUSTOMER, text, turn_state=TurnState.PENDING)],
                now=self.clock.now(),
            )
            assert stored
            return stored[0]

        return await self.db.write(step)

    async def call(
        self,
        action: str,
        text: str = "oi",
        *,
        turn_id: str | None = None,
        entities: Mapping[str, str] | None = None,
        active_loop: str | None = None,
        epoch: int | None = 1,
        intent: str = "faq",
        **slots: Any,
    ) -> Said:
        """Rasa calls an action within a turn of its own (or of `turn_id` again)."""
        assert self.client is not None
        if turn_id is None:
            turn_id = (await self.write(text)).id
        body = {
            "next_action": action,
            "sender_id": f"{self.conversation_id}~1",
            "tracker": {
                "sender_id": f"{self.conversation_id}~1",
                "slots": {**self.slots, **slots},
                "latest_message": {
                    "text": text,
                    "intent": {"name": intent, "confidence": 0.9},
                    "entities": [
                        {"entity": name, "value": value} for name, value in (entities or {}).items()
                    ],
                    "metadata": {
                        "turn_id": turn_id,
                        "locale": self.locale,
                        "channel": "web",
                        "epoch": epoch,
                    },
                },
                "active_loop": {"name": active_loop} if active_loop else {},
                "latest_action_name": "action_listen",
                "events": [],
            },
        }
        async with self.client.post("/actions", json=body) as answer:
            if answer.status != 200:
                return Said(answer.status, [], {})
            data = await answer.json()
        said = Said(
            200,
            [response["custom"] for response in data["responses"]],
            {event["name"]: event["value"] for event in data["events"]},
        )
        self.slots.update(said.slots)
        self.slots.pop("action_result", None)
        return said

    def begin(self, turn_id: str, question: str) -> TurnRecord:
        return self.services.turns.begin(turn_id, vector=None, question=question)

    async def code(self) -> str:
        """The code in the newest mail that really goes out."""
        mail = [mail for mail in await self.mails() if mail.state == "pending"][-1]
        match = re.search(r"^ +(\d{4}) (\d{4})$", mail.text, re.MULTILINE)
        assert match is not None
        return match[1] + match[2]

    async def mails(self) -> list[Any]:
        return await self.db.read(
            lambda conn: list(
                conn.execute(sa.select(MailRow.__table__).order_by(MailRow.created_at, MailRow.id))
            )
        )

    async def type_code(self, code: str) -> str:
        """The gateway checks a typed code; returns the outcome."""
        captured = self.services.verification.capture(code)
        assert captured is not None
        message = await self.write(captured[0])
        checked = await self.db.write(
            lambda tx: self.services.verification.check(
                tx,
                self.conversation_id,
                captured[1]["code_digest"],
                self.clock.now(),
                message_id=message.id,
            )
        )
        return checked.outcome.value

    async def ticket(self) -> Ticket | None:
        return await self.db.read(lambda conn: tickets.find_open(conn, self.conversation_id))

    async def conversation(self) -> Conversation:
        return await self.db.read(
            lambda conn: conversations.get_conversation(conn, self.conversation_id)
        )

    async def messages(self) -> list[Message]:
        return await self.db.read(
            lambda conn: conversations.list_messages(conn, self.conversation_id)
        )


ORDERS: tuple[tuple[str, str, dict[str, Any]], ...] = (
    (
        "AUR-10023",
        "shipped",
        {"carrier": "Rota Azul", "expected_on": date(2026, 11, 21)},
    ),
    ("AUR-10024", "delayed", {"carrier": "Rota Azul", "expected_on": date(2026, 11, 22)}),
    ("AUR-10025", "shipped", {"carrier": None, "expected_on": None}),
)


def _seed(tx: Tx, clock: FixedClock) -> None:
    seed_queues(tx, calendar_key="main")
    hours_repository.save_calendar(tx, shop_calendar(), now=clock.now())
    account = shop.add_account(tx, email="ana@example.com", name="Ana", now=clock.now())
    shop.add_orders(
        tx,
        [
            {
                "number": number,
                "account_id": account,
                "status": status,
                "carrier": None,
                "placed_on": date(2026, 11, 10),
                "shipped_on": None,
                "expected_on": None,
                "delivered_on": None,
                **more,
            }
            for number, status, more in ORDERS
        ],
    )


async def make_world(db: Database, clock: FixedClock, bus: LocalBus) -> World:
    texts = Texts()
    verification = Verification.build(secret_key=b"k" * 32, texts=texts, brand="Loja Aurora")
    desk = Desk(
        db,
        clock,
        bus,
        texts,
        hours_module.hours_sentence,
        verification.hide_links,
        is_open=hours_module.is_open,
    )
    knowledge = ScriptedArticles()
    services = ActionServices(
        db=db,
        clock=clock,
        texts=texts,
        knowledge=knowledge,
        desk=desk,
        orders=DemoOrderBook(db),
        accounts=DemoAccounts(db, clock, Passwords()),
        verification=verification,
        hours=Hours(db),
        turns=TurnRecords(),
    )
    await db.write(lambda tx: _seed(tx, clock))
    conversation_id = await open_conversation(db, clock, visitor=new_id())
    return World(db, clock, conversation_id, services, knowledge, desk)


def make_runner(world: World, **options: Any) -> ActionRunner:
    return ActionRunner(build_actions(world.services), **options)
