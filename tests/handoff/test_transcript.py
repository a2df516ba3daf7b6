"""Transcripts in three forms: everything said, in local time, links and codes hidden."""

import json
from datetime import timedelta

import pytest
import sqlalchemy as sa

from bot.conversations import repository as conversations
from bot.conversations.conversation import Author, Choice, Draft
from bot.kit.errors import NotFound
from bot.kit.ids import new_id
from bot.staff.tables import AuditRow
from handoff.transcript import STYLE_HASH, Transcript, as_html, as_json, as_text
from tests.handoff.world import World, hide_links

DECISION = {
    "route": "order_status",
    "intent": "order_status",
    "confidence": 0.931,
    "runner_up": {"kind": "intent", "name": "faq", "confidence": 0.04},
    "thresholds": {"confidence": 0.6, "margin": 0.05, "scope": -4.1},
    "scope": 0.2,
    "model": "65e5591957dfa151",
    "why": [{"code": "clear", "confidence": 0.931, "needed": 0.6}],
    "facts": {"email": "ana@example.com"},
}


async def told(world: World) -> tuple[Transcript, str]:
    conversation = await world.conversation(locale="pt-BR")
    await world.says(
        conversation.id,
        "cadê meu pedido? <script>alert(1)</script>",
        decision=DECISION,
    )
    await world.db.write(
        lambda tx: conversations.append(
            tx,
            conversation.id,
            [
                Draft(
                    Author.BOT,
                    "Abra {{link:1}}",
                    choices=(Choice(new_id(), "Falar com uma pessoa", "human"),),
                ),
                Draft(Author.CUSTOMER, "1234 5678", payload={"code_digest": "x"}),
            ],
            now=world.clock.now() + timedelta(seconds=5),
        )
    )
    opened, _ = await world.hand_off(conversation)
    await world.desk.claim(opened.ticket_id, world.ana)
    await world.desk.reply(opened.ticket_id, world.ana, client_id=new_id(), text="Olá!")
    return await world.desk.transcript(conversation.id, world.ana), opened.number


async def test_json_has_everything(world: World) -> None:
    transcript, number = await told(world)
    data = json.loads(as_json(transcript, hide_links=hide_links))
    assert data["timezone"] == "America/Sao_Paulo"
    assert [t["number"] for t in data["tickets"]] == [number]
    assert [(m["seq"], m["author"]) for m in data["messages"]] == [
        (1, "customer"),
        (2, "bot"),
        (3, "customer"),
        (4, "system"),
        (5, "system"),
        (6, "agent"),
    ]
    first, second, third = data["messages"][:3]
    assert first["created_at"] == "2026-11-18T15:00:00Z"
    assert first["local_time"] == "2026-11-18T12:00:00-03:00"
    assert first["decision"] == {name: DECISION[name] for name in DECISION if name != "facts"}
    assert second["text"] == "Abra [link]"
    assert second["choices"] == ["Falar com uma pessoa"]
    assert third["text"] == "••••••••"
    assert data["messages"][-1]["author_name"] == "Ana Souza"


async def test_text_reads_like_a_conversation(world: World) -> None:
    transcript, number = await told(world)
    text = as_text(transcript, hide_links=hide_links)
    assert "Time zone: America/Sao_Paulo" in text
    assert f"Ticket: {number}" in text
    assert "[2026-11-18 12:00:00 -0300] Customer\n    cadê meu pedido?" in text
    assert "    -> order_status · 0.93 · 65e5591957dfa151" in text
    assert "    ( ) Falar com uma pessoa" in text
    assert "Ana Souza (Agent)\n    Olá!" in text
    assert "{{link" not in text
    assert "1234" not in text


async def test_the_page_runs_nothing_the_customer_typed(world: World) -> None:
    transcript, _ = await told(world)
    page = as_html(transcript, hide_links=hide_links, locale="en")
    assert "<script>" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert '<time datetime="2026-11-18T15:00:00Z">2026-11-18 12:00:00 -0300</time>' in page
    assert STYLE_HASH.startswith("sha256-")


async def test_long_conversations_are_whole(sqlite_world: World) -> None:
    world = sqlite_world
    opened, conversation_id = await world.hand_off()
    drafts = [Draft(Author.CUSTOMER, f"line {n}") for n in range(1_203)]
    await world.db.write(
        lambda tx: conversations.append(tx, conversation_id, drafts, now=world.clock.now())
    )
    transcript = await world.desk.transcript(opened.number.lower(), None)
    assert [m.seq for m in transcript.messages] == list(range(1, 1_205))


async def test_looking_is_on_record_and_only_for_those_who_may(world: World) -> None:
    opened, conversation_id = await world.hand_off()
    await world.desk.transcript(conversation_id, world.otto)
    rows = await world.db.read(
        lambda conn: list(
            conn.execute(
                sa.select(AuditRow.actor).where(AuditRow.action == "transcript.read")
            ).scalars()
        )
    )
    assert rows == [world.otto.id]
    await world.desk.transfer(opened.ticket_id, world.sofia, queue="technical", reason="needs N3")
    with pytest.raises(NotFound):
        await world.desk.transcript(conversation_id, world.ana)
    with pytest.raises(NotFound):
        await world.desk.transcript(new_id(), world.sofia)
