"""What the desk's tests need: sentences without a catalogue, staff, conversations, hand-offs."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from bot.conversations import repository as conversations
from bot.conversations.conversation import Author, Conversation, Draft, Message
from bot.kit.bus import LocalBus
from bot.kit.clock import FixedClock
from bot.kit.db import Database, Tx
from bot.kit.ids import new_id
from bot.kit.locales import Texts
from bot.staff import repository as staff_repository
from bot.staff.account import Role, Staff
from bot.verification.service import Verification
from handoff import repository
from handoff.exports.service import Transcripts
from handoff.pack import PackInput
from handoff.seed import seed_queues
from handoff.service import Desk, Opened
from handoff.ticket import Reason, Ticket


class PlainTexts:
    """Says the key and what it was given, so that tests see both."""

    def bot(
        self,
        key: str,
        locale: str,
        variables: Mapping[str, Any] | None = None,
        *,
        channel: str | None = None,
    ) -> str:
        shown = " ".join(f"{name}={value}" for name, value in (variables or {}).items())
        return f"{key} [{locale}] {shown}".strip()


def hours(conn: sa.Connection, calendar_key: str, locale: str, now: datetime) -> str:
    return f"hours:{calendar_key}"


def hide_links(text: str, locale: str) -> str:
    return text.replace("{{link:1}}", "[link]")


@dataclass
class World:
    """A small support department."""

    db: Database
    clock: FixedClock
    bus: LocalBus
    open: bool = True
    desk: Desk = field(init=False)
    verification: Verification = field(init=False)
    transcripts: Transcripts = field(init=False)
    staff: dict[str, Staff] = field(default_factory=dict)
    made: int = 0

    def __post_init__(self) -> None:
        self.desk = Desk(
            self.db,
            self.clock,
            self.bus,
            PlainTexts(),
            hours,
            hide_links,
            is_open=lambda conn, key, now: self.open,
        )
        texts = Texts()
        self.verification = Verification.build(secret_key=b"k" * 40, texts=texts, brand="Aurora")
        self.transcripts = Transcripts(
            self.db,
            self.clock,
            desk=self.desk,
            texts=texts,
            verification=self.verification,
            brand="Aurora",
        )

    async def populate(self) -> "World":
        await self.db.write(seed_queues)
        await self.hire("Ana Souza", level="N2")
        await self.hire("Bruno Lima", level="N2")
        await self.hire("Nina Prado", level="N3")
        await self.hire("Sofia Reis", role=Role.SUPERVISOR)
        await self.hire("Otto Neri", role=Role.AUDITOR)
        return self

    async def hire(self, name: str, *, role: Role = Role.AGENT, level: str | None = None) -> Staff:
        first = name.split()[0].lower()
        staff = Staff(
            id=new_id(),
            email=f"{first}@example.com",
            name=name,
            role=role,
            level=level,
            locale="en",
        )
        await self.db.write(
            lambda tx: staff_repository.insert_staff(
                tx, staff, password_hash="-", now=self.clock.now()
            )
        )
        self.staff[first] = staff
        return staff

    def __getattr__(self, name: str) -> Staff:
        try:
            return self.staff[name]
        except KeyError as error:
            raise AttributeError(name) from error

    async def conversation(self, *, locale: str = "en", channel: str = "web") -> Conversation:
        self.made += 1
        visitor = f"visitor-{self.made}"

        def step(tx: Tx) -> Conversation:
            contact = conversations.open_contact(
                tx,
                channel=channel,
                external_id=visitor,
                display_name=f"Customer {self.made}",
                now=self.clock.now(),
            )
            return conversations.open_conversation(
                tx,
                contact_id=contact,
                channel=channel,
                locale=locale,
                address={},
                now=self.clock.now(),
            )

        return await self.db.write(step)

    async def another_conversation(self, first: Conversation) -> Conversation:
        """The same customer begins another conversation."""
        return await self.db.write(
            lambda tx: conversations.open_conversation(
                tx,
                contact_id=first.contact_id,
                channel="web",
                locale="en",
                address={},
                now=self.clock.now(),
            )
        )

    async def says(
        self, conversation_id: str, text: str, *, decision: dict[str, Any] | None = None
    ) -> Message:
        """The customer writes; as intake does it, in one transaction."""

        def step(tx: Tx) -> Message:
            stored = conversations.append(
                tx, conversation_id, [Draft(Author.CUSTOMER, text)], now=self.clock.now()
            )
            assert stored
            if decision is not None:
                conversations.set_decision(tx, stored[0].id, decision)
            current = conversations.get_conversation(tx.conn, conversation_id)
            if current.owner.value != "bot":
                self.desk.customer_wrote(tx, current, stored[0], self.clock.now())
            return stored[0]

        return await self.db.write(step)

    async def bot_says(self, conversation_id: str, text: str, *, epoch: int) -> bool:
        stored = await self.db.write(
            lambda tx: conversations.append(
                tx,
                conversation_id,
                [Draft(Author.BOT, text)],
                now=self.clock.now(),
                expect_epoch=epoch,
            )
        )
        return stored is not None

    async def hand_off(
        self,
        conversation: Conversation | None = None,
        *,
        reason: Reason = Reason.CUSTOMER_ASKED,
        topic: str | None = None,
        turn_id: str | None = None,
        pack: PackInput | None = None,
    ) -> tuple[Opened, str]:
        """Returns what was opened and the conversation's id."""
        conversation = conversation or await self.conversation()
        current = await self.now(conversation.id)
        opened = await self.db.write(
            lambda tx: self.desk.open_ticket(
                tx,
                conversation=current,
                reason=reason,
                turn_id=turn_id or new_id(),
                pack_facts=pack or PackInput(),
                topic=topic,
                now=self.clock.now(),
            )
        )
        return opened, conversation.id

    async def now(self, conversation_id: str) -> Conversation:
        return await self.db.read(
            lambda conn: conversations.get_conversation(conn, conversation_id)
        )

    async def ticket(self, ticket_id: str) -> Ticket:
        found = await self.db.read(lambda conn: repository.find_ticket(conn, ticket_id))
        assert found is not None
        return found

    async def messages(self, conversation_id: str) -> list[Message]:
        return await self.db.read(
            lambda conn: conversations.list_messages(conn, conversation_id, limit=1_000)
        )

    async def kinds(self, ticket_id: str) -> list[str]:
        events = await self.db.read(lambda conn: repository.list_events(conn, ticket_id))
        return [event.kind for event in events]
