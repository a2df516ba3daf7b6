"""Who else has a ticket open, and replies that a channel gave up: what agents tell each other and the outbox.

Who is there is only announced, never stored: a page that says nothing for half a minute is gone.
"""

from typing import Literal

from sqlalchemy import Connection

from bot.conversations import repository as conversations
from bot.conversations.conversation import Author, DeliveryState
from bot.kit.bus import Bus
from bot.kit.clock import Clock
from bot.kit.db import Database, Tx
from bot.kit.errors import Conflict, NotFound
from bot.staff.account import Staff
from bot.staff.audit import record
from handoff import repository
from handoff.steps import TOPIC, audience, check_visible
from handoff.ticket import handles

Doing = Literal["arrived", "reading", "writing", "left"]


class Company:
    """One per process; keeps nothing."""

    def __init__(self, db: Database, clock: Clock, bus: Bus) -> None:
        self._db = db
        self._clock = clock
        self._bus = bus

    async def tell(self, ticket_id: str, staff: Staff, doing: Doing) -> None:
        """Let colleagues' pages know that this person has the ticket open, writes, or left.

        Raises:
            NotFound: there is no such ticket, or it is not theirs.
        """

        def query(conn: Connection) -> dict[str, object]:
            ticket = repository.find_ticket(conn, ticket_id)
            if ticket is None:
                raise NotFound("There is no such ticket.")
            check_visible(conn, ticket, staff)
            return audience(conn, ticket, {ticket.level})

        hearers = await self._db.read(query)
        self._bus.publish(
            TOPIC,
            {
                "event": "company",
                "ticket_id": ticket_id,
                "person": {"id": staff.id, "name": staff.name},
                "doing": doing,
                "for": hearers,
            },
        )

    async def deliver_again(self, message_id: str, staff: Staff) -> None:
        """Put a reply that the channel gave up back in line.

        Raises:
            NotFound: there is no such reply, or its ticket is not theirs.
            Conflict: (stale) the ticket is somebody else's or done, or the reply is on its way.
                (blocked) the customer refuses messages until they write again.
        """
        now = self._clock.now()

        def step(tx: Tx) -> None:
            message = conversations.find_message(tx.conn, message_id)
            if message is None or message.author not in {Author.AGENT, Author.SYSTEM}:
                raise NotFound("There is no such reply.")
            repository.lock_conversation(tx, message.conversation_id)
            ticket = repository.find_open(tx.conn, message.conversation_id)
            if ticket is None:
                raise Conflict("The ticket is done: reopen it first.", code="stale")
            check_visible(tx.conn, ticket, staff)
            if not handles(staff, ticket):
                raise Conflict("The ticket is not yours, or no longer.", code="stale")
            _, unreachable_at = conversations.reading_state(tx.conn, message.conversation_id)
            if unreachable_at is not None:
                raise Conflict(
                    "The customer blocked the bot. They must write again first.", code="blocked"
                )
            if message.delivery is not DeliveryState.FAILED or not conversations.deliver_again(
                tx, message_id, now=now
            ):
                raise Conflict("This reply is on its way, or has arrived.", code="stale")
            tx.announce(
                TOPIC,
                {
                    "event": "message",
                    "conversation_id": message.conversation_id,
                    "ticket_id": ticket.id,
                    "seq": message.seq,
                    "author": message.author.value,
                    "for": audience(tx.conn, ticket, {ticket.level}),
                },
            )
            detail = {"message": message_id}
            record(tx, staff.id, "message.delivered_again", "ticket", ticket.id, detail, now)

        await self._db.write(step)
