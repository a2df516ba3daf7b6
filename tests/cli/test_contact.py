"""Export and erase a contact: complete, and then nothing left in any file."""

import asyncio
import json
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import sqlalchemy as sa
from aiohttp import web
from aiohttp.test_utils import TestServer

from bot.app import create_internal_app
from bot.cli.common import write_run_file
from bot.conversations import repository as conversations
from bot.conversations.conversation import Author, Draft
from bot.kit.db import Tx
from bot.kit.ids import new_id
from bot.privacy import repository as privacy
from bot.services import Services
from bot.staff.account import Role
from bot.staff.audit import first_broken_row
from bot.tables import all_tables
from bot.verification.code import Kind
from handoff.pack import PackInput
from handoff.ticket import Reason
from tests.cli.terminal import Terminal, sqlite
from tests.parts import PASSWORD, gateway
from tests.system import until

NAME = "Plantada Pereira"
EMAIL = "plantada.pereira@planted.example"
WORDS = "my secret dog is called Plantonius"
REPLY = "Dear Plantonia, all is well"
NOTE = "customer Plantonildo sounds upset"
CHAT = "7788990011"
PLANTED = (NAME, EMAIL, "Plantonius", "Plantonia", "Plantonildo", CHAT, "AUR-77777")


@dataclass
class Planted:
    """One contact with something in every store, and a second one that must stay."""

    contact_id: str
    conversation_id: str
    number: str
    other_conversation_id: str


def plant(tx: Tx, services: Services, *, name: str, chat: str, text: str) -> tuple[str, str, str]:
    now = services.clock.now()
    contact_id = conversations.open_contact(
        tx, channel="telegram", external_id=chat, display_name=name, now=now
    )
    conversation = conversations.open_conversation(
        tx,
        contact_id=contact_id,
        channel="telegram",
        locale="en",
        address={"chat_id": int(chat)},
        now=now,
    )
    conversations.set_contact_verified(tx, contact_id, account=f"{chat}@x.example", how="code")
    draft = Draft(
        Author.CUSTOMER,
        text,
        author_name=name,
        payload={"entities": {"order_number": "AUR-77777" if name == NAME else "AUR-10023"}},
        external_id=f"telegram:1:{chat}:1",
        body_hash="x" * 64,
    )
    stored = conversations.append(tx, conversation.id, [draft], now=now)
    assert stored
    decision = {"route": "faq", "intent": "faq", "confidence": 0.9, "reasons": [text]}
    conversations.set_decision(tx, stored[0].id, decision)
    return contact_id, conversation.id, stored[0].id


async def fill(folder: Path) -> Planted:
    async with gateway(folder, demo=True) as (services, _):
        staff = await services.staff.add(
            email="ana@desk.example", name="Ana", role=Role.ADMIN, level=None, password=PASSWORD
        )

        def step(tx: Tx) -> tuple[str, str, str]:
            contact_id, conversation_id, _ = plant(
                tx, services, name=NAME, chat=CHAT, text=f"{WORDS}, write to {EMAIL}"
            )
            tx.conn.execute(
                sa.text("UPDATE contacts SET email = :e, verified_as = :e WHERE id = :id"),
                {"e": EMAIL, "id": contact_id},
            )
            services.verification.start(
                tx,
                conversation_id=conversation_id,
                turn_id=new_id(),
                kind=Kind.ORDER,
                subject="AUR-77777",
                email=EMAIL,
                locale="en",
                now=services.clock.now(),
            )
            opened = services.desk.open_ticket(
                tx,
                conversation=conversations.get_conversation(tx.conn, conversation_id),
                reason=Reason.CUSTOMER_ASKED,
                turn_id=new_id(),
                pack_facts=PackInput(),
                topic=None,
                now=services.clock.now(),
            )
            return contact_id, conversation_id, opened.ticket_id

        contact_id, conversation_id, ticket_id = await services.db.write(step)
        await services.desk.claim(ticket_id, staff)
        await services.desk.reply(ticket_id, staff, client_id=str(uuid.uuid4()), text=REPLY)
        await services.desk.note(ticket_id, staff, text=NOTE)
        other = await services.db.write(
            lambda tx: plant(tx, services, name="Other", chat="1234567", text="I stay here")
        )

        async def mailed() -> bool:
            return any((folder / "mail").glob("*.eml"))

        await until(mailed, what="the mail with the code")
        number = (await services.desk.get_ticket(ticket_id, staff)).listed.ticket.number
    trackers(folder / "rasa", conversation_id, WORDS)
    trackers(folder / "rasa", other[1], "I stay here")
    return Planted(contact_id, conversation_id, number, other[1])


def trackers(folder: Path, conversation_id: str, text: str) -> None:
    """Write what Rasa's host would, in its layout (nlu/hosting/journal.py)."""
    folder.mkdir(exist_ok=True)
    with sqlite.connect(folder / "trackers-0.db") as conn:
        conn.execute("PRAGMA journal_mode=WAL")
        conn.execute(
            "CREATE TABLE IF NOT EXISTS events (conversation TEXT NOT NULL, first INTEGER NOT NULL,"
            " count INTEGER NOT NULL, body TEXT NOT NULL, PRIMARY KEY (conversation, first))"
        )
        conn.execute(
            "CREATE TABLE IF NOT EXISTS snapshots"
            " (conversation TEXT PRIMARY KEY, logged INTEGER NOT NULL, body TEXT NOT NULL)"
        )
        conn.execute(
            "CREATE TABLE IF NOT EXISTS turns"
            " (conversation TEXT PRIMARY KEY, turn_id TEXT NOT NULL, answer TEXT NOT NULL)"
        )
        for episode in (1, 2):
            name = f"{conversation_id}~{episode}"
            body = json.dumps([{"event": "user", "text": text}])
            conn.execute("INSERT INTO events VALUES (?, 0, 1, ?)", (name, body))
            conn.execute("INSERT INTO snapshots VALUES (?, 1, ?)", (name, body))
            conn.execute("INSERT INTO turns VALUES (?, 't', ?)", (name, body))
    conn.close()


def hits(folder: Path, words: tuple[str, ...] = PLANTED) -> list[str]:
    """Look for the words in every byte of every file."""
    return [
        f"{path.name}: {word}"
        for path in sorted(folder.rglob("*"))
        if path.is_file()
        for word in words
        if word.encode() in path.read_bytes()
    ]


async def test_the_data_map_knows_every_table() -> None:
    """Whoever adds a table says whether it holds something of a customer."""
    known = {owned.table.__tablename__ for owned in privacy.OWNED}
    known |= {"mail_outbox", "audit_log"} | privacy.NOT_OF_CUSTOMERS
    assert set(all_tables().tables) == known


def test_export_is_whole_and_erasing_leaves_nothing(frontline: Terminal) -> None:
    there = asyncio.run(fill(frontline.data_dir))
    assert {hit.partition(": ")[2] for hit in hits(frontline.data_dir)} == set(PLANTED)

    exported = frontline("contact", "export", there.contact_id).works()
    data = json.loads(exported.out)
    for word in PLANTED:
        assert word in exported.out, word
    assert data["contact"]["display_name"] == NAME
    assert [row["id"] for row in data["conversations"]] == [there.conversation_id]
    assert {owned.name for owned in privacy.OWNED} - {"contact"} <= set(data)
    for kind in ("messages", "deliveries", "codes", "tickets", "ticket_events", "mails"):
        assert data[kind], kind
    assert {"event": "user", "text": WORDS} in data["dialogue_events"]
    assert "I stay here" not in exported.out
    for secret in ("digest", "token_hash", "body_hash"):
        assert secret not in exported.out

    # By conversation and by ticket the same contact is meant.
    again: dict[str, Any] = {}
    for given in (there.conversation_id, there.number.lower()):
        again = json.loads(frontline("contact", "export", given).works().out)
        assert again["contact"]["id"] == there.contact_id
    assert [row["action"] for row in again["audit"]].count("contact.exported") == 2
    frontline("contact", "export", "nobody").fails_with("no such contact")
    frontline("contact", "erase", "nobody", "--yes").fails_with("no such contact")

    # Without a yes nothing happens.
    refused = frontline("contact", "erase", there.contact_id, stdin="n\n")
    assert refused.code == 1
    assert hits(frontline.data_dir)

    before = counts(frontline.data_dir)
    done = frontline.process("contact", "erase", there.number, "--yes").works()
    assert done.out.startswith(f"erased contact {there.contact_id}: 1 conversations, ")
    assert hits(frontline.data_dir) == []
    assert counts(frontline.data_dir) == before
    # The other one is all there, and the record of what was done holds together.
    assert hits(frontline.data_dir, ("I stay here", "1234567"))
    check_store(frontline.data_dir, there)

    # Once more does no harm.
    frontline("contact", "erase", there.contact_id, "--yes").works()
    emptied = json.loads(frontline("contact", "export", there.contact_id).works().out)
    assert emptied["contact"]["erased_at"]
    assert {m["text"] for m in emptied["messages"]} == {"[erased]"}
    assert emptied["dialogue_events"] == []
    assert frontline("transcript", there.conversation_id).works().out.count("[erased]") > 2


def counts(folder: Path) -> dict[str, int]:
    with sqlite.connect(folder / "frontline.db") as conn:
        return {
            table: conn.execute(f"SELECT count(*) FROM {table}").fetchone()[0]  # noqa: S608
            for table in ("contacts", "conversations", "messages", "tickets", "mail_outbox")
        }


def check_store(folder: Path, there: Planted) -> None:
    engine = sa.create_engine(f"sqlite:///{folder / 'frontline.db'}", module=sqlite)
    with engine.connect() as conn:
        assert first_broken_row(conn) is None
        state = conn.execute(sa.text("SELECT state FROM tickets")).scalars().all()
        assert state == ["closed"]
        row = conn.execute(
            sa.text("SELECT owner, address FROM conversations WHERE id = :id"),
            {"id": there.conversation_id},
        ).one()
        assert tuple(row) == ("bot", "{}")
        decisions = conn.execute(
            sa.text(
                "SELECT decision FROM messages WHERE conversation_id = :id AND decision IS NOT NULL"
            ),
            {"id": there.conversation_id},
        ).scalars()
        assert {frozenset(json.loads(d)) for d in decisions} == {
            frozenset({"route", "intent", "confidence"})
        }
    engine.dispose()
    with sqlite.connect(folder / "rasa" / "trackers-0.db") as conn_:
        left = {row[0] for row in conn_.execute("SELECT conversation FROM events")}
    assert left == {f"{there.other_conversation_id}~{n}" for n in (1, 2)}


async def test_a_running_gateway_lets_its_bot_forget(tmp_path: Path) -> None:
    """The bot's memory is reached through the gateway; when it can't be, the command says so."""
    data_dir = tmp_path / "var"
    asked: list[str] = []

    async def forget(request: web.Request) -> web.Response:
        asked.append(request.match_info["name"])
        return web.Response(status=204)

    host = web.Application()
    host.router.add_delete("/conversations/{name}", forget)
    async with (
        gateway(data_dir, work=False) as (services, client),
        TestServer(create_internal_app(services)) as internal,
        TestServer(host) as rasa,
    ):
        made = await services.db.write(
            lambda tx: plant(tx, services, name=NAME, chat=CHAT, text=WORDS)
        )
        url = str(internal.make_url("/")).rstrip("/")
        write_run_file(services.settings, url=str(client.make_url("/")), internal_url=url)
        terminal = Terminal(data_dir)

        async def erase() -> Any:
            return await asyncio.to_thread(terminal.process, "contact", "erase", made[0], "--yes")

        failed = await erase()
        assert failed.code == 1
        assert "still remembers" in failed.err
        services.rasa.set_host(0, str(rasa.make_url("/")).rstrip("/"), ready=True)
        (await erase()).works()
        assert asked == [f"{made[1]}~*"]
        # Written by this very gateway, and still gone from its files.
        assert hits(data_dir) == []


async def test_a_late_answer_of_the_bot_is_refused(tmp_path: Path) -> None:
    async with gateway(tmp_path, work=False) as (services, _):
        made = await services.db.write(
            lambda tx: plant(tx, services, name=NAME, chat=CHAT, text=WORDS)
        )
        before = await services.db.read(lambda conn: conversations.get_conversation(conn, made[1]))
        await erase_in_process(services, made[0])
        stored = await services.db.write(
            lambda tx: conversations.append(
                tx,
                made[1],
                [Draft(Author.BOT, f"Hello {NAME}")],
                now=services.clock.now(),
                expect_epoch=before.owner_epoch,
            )
        )
        assert not stored


async def erase_in_process(services: Services, contact_id: str) -> None:
    from bot.privacy.service import Privacy

    whole = Privacy(
        services.db,
        services.clock,
        desk=services.desk,
        data_dir=services.settings.data_dir,
        store=None,
    )
    await whole.erase(contact_id, actor=None)


@pytest.mark.parametrize("path", ["/forget", "/explain", "/actions"])
async def test_the_internal_application_needs_its_token(tmp_path: Path, path: str) -> None:
    async with (
        gateway(tmp_path, work=False) as (services, _),
        TestServer(create_internal_app(services)) as internal,
        aiohttp.ClientSession() as session,
    ):
        for headers in ({}, {"Authorization": "Bearer x"}, {"Authorization": "Bearer \u00e9"}):
            async with session.post(internal.make_url(path), headers=headers) as response:
                assert response.status == 401
        good = {"Authorization": f"Bearer {services.internal_token}"}
        async with session.post(internal.make_url(path), headers=good, data="{") as response:
            assert response.status == 400
            assert "Traceback" not in await response.text()
