"""Contested claims: many people want the same tickets at once; how long, and does each have one winner?

    python -m tests.bench.claims --tickets 2500 --claimers 4 [--postgres URL]

Every claimer goes through all tickets in an order of their own, several at a time, so that each ticket is
claimed once by each of them; the store decides who wins. Then the same tickets are put back and emptied again by
"claim next". Ends non-zero when a ticket has not exactly one winner.
"""

import argparse
import asyncio
import random
import sys
import tempfile
import time
import uuid
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import sqlalchemy as sa

from bot.conversations import repository as conversations
from bot.conversations.conversation import Owner
from bot.conversations.tables import ConversationRow
from bot.kit.bus import LocalBus
from bot.kit.clock import FixedClock
from bot.kit.db import Base, Database, PostgresDatabase, SqliteDatabase, Tx
from bot.kit.errors import Conflict
from bot.kit.ids import new_id
from bot.staff.account import Role, Staff
from bot.staff.audit import first_broken_row
from bot.tables import all_tables
from handoff import repository
from handoff.tables import TicketEventRow, TicketRow
from handoff.ticket import Priority, Reason, TicketState
from tests.handoff.world import World

BATCH = 500


@asynccontextmanager
async def store(folder: Path, postgres: str | None) -> AsyncIterator[Database]:
    """Give an empty store; a PostgreSQL one is a schema that is dropped afterwards."""
    all_tables()
    if postgres is None:
        sqlite = SqliteDatabase(folder / "claims.db")
        await sqlite.write(lambda tx: Base.metadata.create_all(tx.conn))
        yield sqlite
        await sqlite.close()
        return
    schema = f"claims_{uuid.uuid4().hex[:8]}"
    outside = PostgresDatabase(postgres)
    await outside.write(lambda tx: tx.conn.execute(sa.text(f"CREATE SCHEMA {schema}")))
    db = PostgresDatabase(postgres, schema=schema)
    try:
        await db.write(lambda tx: Base.metadata.create_all(tx.conn))
        yield db
    finally:
        await db.close()
        await outside.write(lambda tx: tx.conn.execute(sa.text(f"DROP SCHEMA {schema} CASCADE")))
        await outside.close()


async def fill(db: Database, count: int) -> list[str]:
    """Put so many waiting tickets into the store, each of a customer of its own."""
    queue = (await db.read(repository.list_queues))[0]
    begin = datetime(2026, 11, 18, 9, tzinfo=UTC)
    chosen = random.Random(1)
    ids: list[str] = []

    def step(tx: Tx, first: int) -> None:
        for number in range(first, min(first + BATCH, count)):
            at = begin + timedelta(seconds=number)
            contact = conversations.open_contact(
                tx, channel="web", external_id=new_id(), display_name=None, now=at
            )
            conversation = conversations.open_conversation(
                tx, contact_id=contact, channel="web", locale="en", address={}, now=at
            )
            ticket = repository.insert_ticket(
                tx,
                conversation_id=conversation.id,
                opened_by_turn=None,
                opened_seq=0,
                bot_epoch=0,
                queue=queue,
                priority=chosen.choice(list(Priority)),
                reason=Reason.CUSTOMER_ASKED,
                topic=None,
                category=None,
                subject=f"Case {number}",
                pack={},
                related_to=None,
                last_customer_at=at,
                now=at,
            )
            conversations.change_owner(
                tx,
                conversation.id,
                to=Owner.QUEUE,
                ticket_id=ticket.id,
                now=at,
                expect_epoch=conversation.owner_epoch,
            )
            ids.append(ticket.id)

    for first in range(0, count, BATCH):
        await db.write(lambda tx, first=first: step(tx, first))  # type: ignore[misc]
    return ids


async def contest(
    world: World, ids: list[str], people: list[Staff], *, at_once: int
) -> tuple[Counter[str], int]:
    """Let everybody claim every ticket; returns wins by ticket, and how often somebody was told no."""
    won: Counter[str] = Counter()
    lost = 0

    async def take(staff: Staff, line: Iterator[str]) -> None:
        nonlocal lost
        for ticket_id in line:
            try:
                await world.desk.claim(ticket_id, staff)
            except Conflict:
                lost += 1
            else:
                won[ticket_id] += 1

    lines = {one: iter(random.Random(one.name).sample(ids, len(ids))) for one in people}
    await asyncio.gather(*(take(one, lines[one]) for one in people for _ in range(at_once)))
    return won, lost


async def empty(world: World, people: list[Staff]) -> Counter[str]:
    """Let everybody ask for the next one until nobody waits; returns wins by ticket."""
    won: Counter[str] = Counter()

    async def work(staff: Staff) -> None:
        while detail := await world.desk.claim_next(staff):
            won[detail.listed.ticket.id] += 1

    await asyncio.gather(*(work(staff) for staff in people))
    return won


def put_back(tx: Tx) -> None:
    """Let every ticket wait again."""
    tx.conn.execute(
        sa.update(TicketRow).values(
            state=TicketState.QUEUED.value, assignee_id=None, assignee_name=None, claimed_at=None
        )
    )
    tx.conn.execute(sa.update(ConversationRow).values(owner=Owner.QUEUE.value))


async def measure(
    name: str, db: Database, *, tickets: int, claimers: int, at_once: int, next_tickets: int
) -> bool:
    """Run both parts on one store, print figures, and return whether each ticket had one winner."""
    world = World(db, FixedClock(datetime(2026, 11, 18, 15, tzinfo=UTC)), LocalBus())
    await world.populate()
    people = [
        await world.hire(f"Claimer{number} Test", role=Role.AGENT, level="N2")
        for number in range(claimers)
    ]
    ids = await fill(db, tickets)
    begin = time.perf_counter()
    won, lost = await contest(world, ids, people, at_once=at_once)
    took = time.perf_counter() - begin
    right = won == Counter(ids)
    claims = tickets * claimers
    print(
        f"{name}: {tickets:,} tickets, {claimers} claimers, {claims:,} claims in {took:.1f} s "
        f"({claims / took:,.0f} a second): {len(won):,} won, {lost:,} told who was faster, "
        f"{sum(n > 1 for n in won.values())} won twice, {tickets - len(won)} won by nobody"
    )
    events = await db.read(
        lambda conn: conn.execute(
            sa.select(sa.func.count()).where(TicketEventRow.kind == "claimed")
        ).scalar_one()
    )
    broken = await db.read(first_broken_row)
    print(f"{name}: {events:,} claims in the histories, audit chain {broken or 'whole'}")
    await db.write(put_back)
    rest = ids[next_tickets:]
    await db.write(
        lambda tx: [
            tx.conn.execute(
                sa.update(TicketRow)
                .where(TicketRow.id.in_(rest[at : at + BATCH]))
                .values(state=TicketState.RESOLVED.value)
            )
            for at in range(0, len(rest), BATCH)
        ]
    )
    begin = time.perf_counter()
    won = await empty(world, people)
    took = time.perf_counter() - begin
    wanted = Counter(ids[:next_tickets])
    print(
        f"{name}: claim next, {len(wanted):,} waiting, {claimers} people: {took:.1f} s "
        f"({took / max(1, len(wanted)) * 1000:.1f} ms a ticket), "
        f"{sum(n > 1 for n in won.values())} won twice, {len(wanted) - len(won)} left over"
    )
    return right and events == tickets and broken is None and won == wanted


async def main() -> int:
    """Measure what the command line asks for."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--tickets", type=int, default=2_500)
    parser.add_argument("--claimers", type=int, default=4)
    parser.add_argument("--at-once", type=int, default=16, help="claims of one claimer at a time")
    parser.add_argument("--next", type=int, default=100, help="tickets taken by claim next")
    parser.add_argument("--postgres", help="postgresql+asyncpg://…; without it SQLite")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        async with store(Path(folder), args.postgres) as db:
            name = "PostgreSQL" if args.postgres else "SQLite"
            good = await measure(
                name,
                db,
                tickets=args.tickets,
                claimers=args.claimers,
                at_once=args.at_once,
                next_tickets=args.next,
            )
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
