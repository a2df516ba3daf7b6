"""A conversation in which codes are asked for, with the mails that go out."""

import re
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa

from bot.conversations import repository as conversations
from bot.conversations.conversation import Conversation
from bot.kit.clock import FixedClock
from bot.kit.db import Database, Tx
from bot.kit.ids import new_id
from bot.kit.locales import Texts
from bot.mail.tables import MailRow
from bot.verification.code import Checked, Kind, Refused, Started
from bot.verification.service import Verification


def make_verification() -> Verification:
    return Verification.build(secret_key=b"k" * 32, texts=Texts(), brand="Loja Aurora")


async def open_conversation(
    db: Database, clock: FixedClock, *, visitor: str = "v1", locale: str = "pt-BR"
) -> str:
    def step(tx: Tx) -> str:
        contact = conversations.open_contact(
            tx, channel="web", external_id=visitor, display_name=None, now=clock.now()
        )
        return conversations.open_conversation(
            tx, contact_id=contact, channel="web", locale=locale, address={}, now=clock.now()
        ).id

    return await db.write(step)


@dataclass
class World:
    """One customer's conversation."""

    db: Database
    clock: FixedClock
    conversation_id: str
    verification: Verification = field(default_factory=make_verification)

    async def start(
        self,
        subject: str = "AUR-10023",
        *,
        email: str | None = "ana@example.com",
        kind: Kind = Kind.ORDER,
        turn_id: str | None = None,
    ) -> Started | Refused:
        turn = turn_id or new_id()
        return await self.db.write(
            lambda tx: self.verification.start(
                tx,
                conversation_id=self.conversation_id,
                turn_id=turn,
                kind=kind,
                subject=subject,
                email=email,
                locale="pt-BR",
                now=self.clock.now(),
            )
        )

    async def resend(
        self, *, email: str | None = "ana@example.com", turn_id: str | None = None
    ) -> Started | Refused | None:
        turn = turn_id or new_id()
        return await self.db.write(
            lambda tx: self.verification.resend(
                tx,
                conversation_id=self.conversation_id,
                turn_id=turn,
                email=email,
                locale="pt-BR",
                now=self.clock.now(),
            )
        )

    async def type(self, text: str, *, message_id: str | None = None) -> Checked:
        """Type something that holds a code."""
        captured = self.verification.capture(text)
        assert captured is not None
        digest = captured[1]["code_digest"]
        message = message_id or new_id()
        return await self.db.write(
            lambda tx: self.verification.check(
                tx, self.conversation_id, digest, self.clock.now(), message_id=message
            )
        )

    async def mails(self) -> list[Any]:
        return await self.db.read(
            lambda conn: list(
                conn.execute(sa.select(MailRow.__table__).order_by(MailRow.created_at, MailRow.id))
            )
        )

    async def code(self) -> str:
        """The code in the newest mail."""
        mail = (await self.mails())[-1]
        match = re.search(r"^ +(\d{4}) (\d{4})$", mail.text, re.MULTILINE)
        assert match is not None
        return match[1] + match[2]

    async def conversation(self) -> Conversation:
        return await self.db.read(
            lambda conn: conversations.get_conversation(conn, self.conversation_id)
        )


def wrong(code: str) -> str:
    """A code that is not this one."""
    return f"{(int(code) + 1) % 10**8:08}"
