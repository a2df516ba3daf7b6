"""Transcripts in three forms: everything said, in local time, secrets hidden, provably unchanged."""

import json
from datetime import timedelta

import pytest
import sqlalchemy as sa

from bot.conversations import repository as conversations
from bot.conversations.conversation import Author, Choice, Draft
from bot.conversations.tables import OutboxRow
from bot.kit.errors import Invalid, NotFound
from bot.kit.ids import new_id
from bot.staff.tables import AuditRow
from handoff.exports.masking import mask_secrets
from handoff.exports.proof import Difference, Form, How, canonical
from handoff.exports.service import Act, Made
from handoff.transcript import STYLE_HASH
from tests.handoff.world import World

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
    "article": {"id": "a", "title": "Prazo de entrega", "revision": 3},
}


async def told(world: World) -> tuple[str, str]:
    """A conversation with everything in it: (its id, its ticket's number)."""
    conversation = await world.conversation(locale="pt-BR", channel="telegram")
    asked = await world.says(
        conversation.id, "cadê meu pedido? <script>alert(1)</script>", decision=DECISION
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
                Draft(Author.CUSTOMER, "cartão 4111 1111 1111 1111, minha senha é Segredo1."),
            ],
            now=world.clock.now() + timedelta(seconds=5),
        )
    )
    await world.db.write(
        lambda tx: conversations.edit_text(
            tx,
            asked.id,
            text="cadê meu pedido AUR-10023?",
            now=world.clock.now() + timedelta(minutes=1),
        )
    )
    opened, _ = await world.hand_off(conversation)
    await world.desk.claim(opened.ticket_id, world.ana)
    reply = await world.desk.reply(
        opened.ticket_id, world.ana, client_id=new_id(), text="Olá!\n\nTudo bem?"
    )

    def fail(conn: sa.Connection) -> str:
        return str(
            conn.execute(sa.select(OutboxRow.id).where(OutboxRow.message_id == reply.id)).scalar()
        )

    outbox_id = await world.db.read(fail)
    await world.db.write(
        lambda tx: conversations.mark_failed(tx, outbox_id, error="bot was blocked by the user")
    )
    return conversation.id, opened.number


async def make(world: World, given: str, form: Form, *, act: Act = Act.EXPORTED) -> Made:
    return await world.transcripts.make(given, world.ana, form=form, act=act, locale="en")


async def test_json_has_everything(sqlite_world: World) -> None:
    conversation_id, number = await told(sqlite_world)
    data = json.loads((await make(sqlite_world, conversation_id, Form.JSON)).text)
    assert data["timezone"] == "America/Sao_Paulo"
    assert [t["number"] for t in data["tickets"]] == [number]
    assert [(m["seq"], m["author"]) for m in data["messages"]] == [
        (1, "customer"),
        (2, "bot"),
        (3, "customer"),
        (4, "customer"),
        (5, "system"),
        (6, "system"),
        (7, "agent"),
    ]
    first, second, third, fourth = data["messages"][:4]
    assert first["created_at"] == "2026-11-18T15:00:00Z"
    assert first["local_time"] == "2026-11-18T12:00:00-03:00"
    assert first["channel"] == "telegram"
    assert first["text"] == "cadê meu pedido AUR-10023?"
    assert first["edited_at"] == "2026-11-18T15:01:00Z"
    assert [v["written_at"] for v in first["earlier"]] == ["2026-11-18T15:00:00Z"]
    assert first["earlier"][0]["text"].startswith("cadê meu pedido? <script>")
    assert first["decision"] == {name: DECISION[name] for name in DECISION if name != "facts"}
    assert second["text"] == "Abra [link]"
    assert second["choices"] == ["Falar com uma pessoa"]
    assert third["text"] == "••••••••"
    assert fourth["text"] == "cartão •••••••• 1111, minha senha é ••••••••."
    last = data["messages"][-1]
    assert last["author_name"] == "Ana Souza"
    assert last["delivery"] == "failed"
    assert last["delivery_error"] == "bot was blocked by the user"


async def test_text_reads_like_a_conversation(sqlite_world: World) -> None:
    conversation_id, number = await told(sqlite_world)
    text = (await make(sqlite_world, conversation_id, Form.TXT)).text
    assert "Time zone: America/Sao_Paulo" in text
    assert f"Ticket: {number} · N2" in text
    entry = "#1 [2026-11-18 12:00:00 -0300] Customer · telegram\n    cadê meu pedido AUR-10023?"
    assert entry in text
    assert "    ~ Edited; before (2026-11-18 12:00:00 -0300):\n    ~ cadê meu pedido? <" in text
    assert "    -> order_status · 0.93 · «Prazo de entrega» (3) · 65e5591957dfa151" in text
    assert "    ( ) Falar com uma pessoa" in text
    assert "Ana Souza (Agent) · telegram\n    Olá!\n    \n    Tudo bem?" in text
    assert "    -> Not delivered: bot was blocked by the user" in text
    for secret in ("{{link", "1234", "4111", "Segredo1"):
        assert secret not in text


async def test_the_page_runs_nothing_the_customer_typed(sqlite_world: World) -> None:
    conversation_id, _ = await told(sqlite_world)
    page = (await make(sqlite_world, conversation_id, Form.HTML)).text
    assert "<script>" not in page
    assert "<del>cadê meu pedido? &lt;script&gt;alert(1)&lt;/script&gt;</del>" in page
    assert '<time datetime="2026-11-18T15:00:00Z">2026-11-18 12:00:00 -0300</time>' in page
    assert STYLE_HASH.startswith("sha256-")


async def test_long_conversations_are_whole(sqlite_world: World) -> None:
    world = sqlite_world
    opened, conversation_id = await world.hand_off()
    drafts = [Draft(Author.CUSTOMER, f"line {n}") for n in range(1_203)]
    await world.db.write(
        lambda tx: conversations.append(tx, conversation_id, drafts, now=world.clock.now())
    )
    made = await world.transcripts.make(
        opened.number.lower(), None, form=Form.JSON, act=Act.EXPORTED, locale="en"
    )
    assert [m["seq"] for m in json.loads(made.text)["messages"]] == list(range(1, 1_205))


async def test_taking_is_on_record_and_only_for_those_who_may(world: World) -> None:
    opened, conversation_id = await world.hand_off()
    read = await world.transcripts.make(
        conversation_id, world.otto, form=Form.HTML, act=Act.READ, locale="en"
    )
    taken = await make(world, conversation_id, Form.JSON)
    rows = await world.db.read(
        lambda conn: conn.execute(
            sa.select(AuditRow.actor, AuditRow.action, AuditRow.detail)
            .where(AuditRow.action.like("transcript.%"))
            .order_by(AuditRow.id)
        ).all()
    )
    assert [(row.actor, row.action, row.detail) for row in rows] == [
        (
            world.otto.id,
            "transcript.read",
            {"export": read.export_id, "format": "html", "sha256": read.sha256},
        ),
        (
            world.ana.id,
            "transcript.exported",
            {"export": taken.export_id, "format": "json", "sha256": taken.sha256},
        ),
    ]
    await world.desk.transfer(opened.ticket_id, world.sofia, queue="technical", reason="needs N3")
    with pytest.raises(NotFound):
        await make(world, conversation_id, Form.JSON)
    with pytest.raises(NotFound):
        await world.transcripts.verify(taken.text, world.ana)
    with pytest.raises(NotFound):
        await world.transcripts.make(
            new_id(), world.sofia, form=Form.JSON, act=Act.READ, locale="en"
        )


@pytest.mark.parametrize("form", list(Form))
async def test_a_change_is_found_wherever_it_is(sqlite_world: World, form: Form) -> None:
    world = sqlite_world
    conversation_id, number = await told(world)
    made = await make(world, conversation_id, form)
    assert (await world.transcripts.verify(made.text, world.ana)).unchanged
    harmless = "\ufeff" + made.text.replace("\n", "\r\n")
    assert (await world.transcripts.verify(harmless, world.ana)).unchanged

    async def differs(before: str, after: str) -> list[tuple[str, str]]:
        assert before in made.text
        changed = made.text.replace(before, after, 1)
        verdict = await world.transcripts.verify(changed, world.ana, given=number)
        assert not verdict.unchanged
        return [(one.part, one.how.value) for one in verdict.differs]

    assert await differs("pedido AUR-10023?", "pedido AUR-10024?") == [("1", "changed")]
    assert await differs("Tudo bem?", "Tudo mal?") == [("7", "changed")]
    assert await differs("America/Sao_Paulo", "America/Bogota") == [("head", "changed")]
    assert await differs(made.sha256, "0" * 64) == [("seal", "changed")]
    with pytest.raises(NotFound):
        await differs(made.export_id, new_id())
    _, other = await world.hand_off()
    with pytest.raises(Invalid):
        await world.transcripts.verify(made.text, world.ana, given=other)


async def test_messages_taken_out_put_in_or_moved_are_named(sqlite_world: World) -> None:
    world = sqlite_world
    conversation_id, _ = await told(world)
    made = await make(world, conversation_id, Form.JSON)

    async def differs(change: int) -> tuple[Difference, ...]:
        data = json.loads(made.text)
        messages = data["messages"]
        if change == 1:
            del messages[3]
        elif change == 2:
            messages.append({**messages[0], "seq": 8})
        elif change == 3:
            messages.append(messages[0])
        else:
            messages[0], messages[1] = messages[1], messages[0]
        return (await world.transcripts.verify(json.dumps(data), world.ana)).differs

    assert await differs(1) == (Difference("4", How.MISSING),)
    assert await differs(2) == (Difference("8", How.ADDED),)
    assert await differs(3) == (Difference("1", How.ADDED),)
    assert await differs(4) == (Difference("messages", How.MOVED),)
    for useless in ("", "{}", "[1]", "{" * 5_000, "a text", '{"export": {"id": 1}}'):
        with pytest.raises(Invalid):
            await world.transcripts.verify(useless, world.ana)


def test_canonical_json_is_one_form_only() -> None:
    value = {"b": [1, 2.0, 0.5, -0.0, 1e-7, True, None], "a": {"ü": 'x"\n'}}
    assert canonical(value) == '{"a":{"ü":"x\\"\\n"},"b":[1,2,0.5,0,0,true,null]}'


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("my password is hunter2!", "my password is ••••••••!"),
        ("my password is wrong", "my password is wrong"),
        ("senha: abacaxi", "senha: ••••••••"),
        ("mi contraseña es Gato-99, gracias", "mi contraseña es ••••••••, gracias"),
        ("4111-1111-1111-1111", "•••••••• 1111"),
        ("pedido 4111111111111112", "pedido 4111111111111112"),
        ("CVV 123", "CVV 123"),
        ("cvv: 123", "cvv: ••••••••"),
    ],
)
def test_told_secrets_are_hidden(said: str, shown: str) -> None:
    assert mask_secrets(said) == shown


async def test_fifty_versions_of_a_message_are_kept(world: World) -> None:
    conversation = await world.conversation(channel="telegram")
    message = await world.says(conversation.id, "version 0")
    for n in range(1, 61):
        world.clock.advance(timedelta(seconds=1))
        await world.db.write(
            lambda tx, n=n: conversations.edit_text(  # type: ignore[misc]
                tx, message.id, text=f"version {n}", now=world.clock.now()
            )
        )
    found = await world.db.read(
        lambda conn: conversations.list_versions(conn, conversation.id)[message.id]
    )
    assert len(found) == 50
    assert found[0].text == "version 0"
    assert found[-1].text == "version 59"
    assert [one.written_at for one in found] == sorted(one.written_at for one in found)
