"""A customer gets the conversation by mail: at an address they proved, and at no other."""

import re
from dataclasses import dataclass
from datetime import timedelta

import pytest
import sqlalchemy as sa

from bot.conversations import repository as conversations
from bot.conversations.conversation import Author, TurnState
from bot.inbox.inbound import InboundEdit, InboundMessage
from bot.inbox.intake import Intake
from bot.kit.errors import NotFound, RateLimited
from bot.kit.ids import new_id
from bot.mail.tables import MailRow
from bot.privacy.repository import erase_contact, erase_conversation
from bot.staff.tables import AuditRow
from handoff.exports.asking import address_in, wants_transcript
from handoff.exports.masking import mask_address
from handoff.exports.tables import ExportRow
from handoff.informing.choice import Button
from tests.handoff.world import World


@dataclass
class Customer:
    """Somebody who writes, as intake takes it."""

    world: World
    intake: Intake
    conversation_id: str

    async def say(self, text: str, *, command: str | None = None) -> list[str]:
        """Returns what was answered at once."""
        received = await self.intake.receive(
            InboundMessage(
                channel="web",
                contact_external_id="-",
                external_id=f"web:{self.conversation_id}:{new_id()}",
                text=text,
                conversation_id=self.conversation_id,
                command=command,
            )
        )
        messages = await self.world.messages(self.conversation_id)
        answers = [m.text for m in messages if m.seq > received.message.seq]
        if answers:
            assert received.message.turn_state is not TurnState.PENDING, "the bot is not asked"
        return answers


async def customer(world: World, *, locale: str = "en") -> Customer:
    conversation = await world.conversation(locale=locale)
    intake = Intake(
        world.db,
        world.clock,
        desk=world.desk,
        codes=world.verification,
        wake=lambda conversation_id, ready: None,
        key=b"k",
        transcripts=world.transcripts,
    )
    return Customer(world, intake, conversation.id)


async def mails(world: World) -> list[sa.Row[tuple[str, str, str, str | None]]]:
    return await world.db.read(
        lambda conn: list(
            conn.execute(
                sa.select(MailRow.to_address, MailRow.subject, MailRow.text, MailRow.html).order_by(
                    MailRow.created_at
                )
            )
        )
    )


async def code(world: World) -> str:
    found = re.search(r"\b(\d{4}) (\d{4})\b", (await mails(world))[-1].text)
    assert found
    return f"{found[1]}{found[2]}"


async def prove(ana: Customer, email: str = "ana@example.com") -> list[str]:
    await ana.say("can you send me our conversation?")
    await ana.say(f"it's {email}")
    ana.world.clock.advance(timedelta(seconds=1))
    return await ana.say(await code(ana.world))


async def test_an_address_is_asked_for_proved_and_written_to(world: World) -> None:
    ana = await customer(world)
    assert await ana.say("where is my order?") == []
    (asked,) = await ana.say("please email me this chat")
    assert asked.startswith("Sure! Which e-mail address")
    (sent,) = await ana.say("Ana@Example.com")
    assert sent == (
        "I've sent an 8-digit code to a•••@example.com. Write it here within 10 minutes."
    )
    (wrong,) = await ana.say("00000000")
    assert wrong == "That code isn't right. Tries left: 4."
    world.clock.advance(timedelta(seconds=1))
    (done,) = await ana.say(await code(world))
    assert done == "Done: this conversation is on its way to a•••@example.com."
    mail = (await mails(world))[-1]
    assert (mail.to_address, mail.subject) == ("ana@example.com", "Your conversation with Aurora")
    assert "where is my order?" in mail.text
    assert "••••••••" in mail.text
    assert "-> " not in mail.text, "customers don't read what the bot thought"
    for form in (mail.text, str(mail.html)):
        assert (await world.transcripts.verify(form, world.otto)).unchanged
    rows = await world.db.read(
        lambda conn: conn.execute(
            sa.select(AuditRow.actor, AuditRow.detail).where(AuditRow.action == "transcript.sent")
        ).all()
    )
    assert [(row.actor, row.detail["to"]) for row in rows] == [(None, "a•••@example.com")]


@pytest.mark.parametrize(
    ("locale", "wish", "answer"),
    [
        ("pt-BR", "me manda nossa conversa por e-mail", "Para qual e-mail"),
        ("pt-BR", "quero receber a transcrição", "Para qual e-mail"),
        ("es", "¿me puedes enviar esta conversación?", "¿A qué correo"),
        ("es", "Envíame la transcripción por correo", "¿A qué correo"),
        ("en", "Send me a transcript", "Which e-mail"),
    ],
)
async def test_it_is_asked_for_in_each_language(
    sqlite_world: World, locale: str, wish: str, answer: str
) -> None:
    asked = await (await customer(sqlite_world, locale=locale)).say(wish)
    assert answer in asked[0]


@pytest.mark.parametrize(
    "text",
    [
        "I want to have a conversation with a person",
        "envie minha conversa para um atendente",
        "send me my order",
        "where did you send my parcel? we had this conversation before and nobody told me a thing",
        "quero falar com alguém",
        "o chat não funciona",
    ],
)
def test_other_wishes_are_left_alone(text: str) -> None:
    assert not wants_transcript(text)


def test_addresses_are_found_and_veiled() -> None:
    assert address_in("it is Ana.Silva@example.com.") == "ana.silva@example.com"
    assert address_in("a@b.co or c@d.co") is None
    assert address_in("my order") is None
    assert mask_address("ana@example.com") == "a•••@example.com"


async def test_what_is_no_address_goes_on_to_the_bot(sqlite_world: World) -> None:
    ana = await customer(sqlite_world)
    await ana.say("/transcript", command="transcript")
    assert await ana.say("how long does delivery take?") == []
    assert len(await ana.say("ana@example.com")) == 1


async def test_a_code_may_be_guessed_five_times(sqlite_world: World) -> None:
    ana = await customer(sqlite_world)
    await ana.say("send me a transcript")
    await ana.say("ana@example.com")
    answers = [(await ana.say(f"0000000{n}"))[0] for n in range(5)]
    assert answers[3] == "That code isn't right. Tries left: 1."
    assert answers[4].startswith("That code no longer works.")
    assert [mail.subject for mail in await mails(sqlite_world)] == [
        "Your code to confirm this address"
    ]


async def test_a_proved_address_is_used_again_three_times_an_hour(sqlite_world: World) -> None:
    ana = await customer(sqlite_world)
    await prove(ana)
    for _ in range(2):
        assert "on its way" in (await ana.say("send me the transcript"))[0]
    assert "too many" in (await ana.say("send me the transcript"))[0]
    sqlite_world.clock.advance(timedelta(hours=2))
    assert "on its way" in (await ana.say("send me the transcript"))[0]


async def test_an_agent_sends_it_or_has_the_customer_asked(world: World) -> None:
    ana = await customer(world)
    await ana.say("hello")
    opened, _ = await world.hand_off(await world.now(ana.conversation_id))
    await world.desk.claim(opened.ticket_id, world.ana)
    before = await world.transcripts.address(ana.conversation_id, world.ana)
    assert (before.masked, before.asked) == (None, False)
    asked = await world.transcripts.send(ana.conversation_id, world.ana)
    assert (asked.masked, asked.asked) == (None, True)
    last = (await world.messages(ana.conversation_id))[-1]
    assert (last.author, last.text[:5]) == (Author.SYSTEM, "Sure!")
    await ana.say("ana@example.com")
    world.clock.advance(timedelta(seconds=1))
    typed = await code(world)
    assert "on its way" in (await ana.say(typed))[0]
    said = [m.text for m in await world.messages(ana.conversation_id)]
    assert typed not in str(said), "no agent reads a code"
    sent = await world.transcripts.send(ana.conversation_id, world.ana)
    assert sent.masked == "a•••@example.com"
    await world.transcripts.send(ana.conversation_id, world.ana)
    with pytest.raises(RateLimited):
        await world.transcripts.send(ana.conversation_id, world.ana)
    await world.desk.transfer(opened.ticket_id, world.sofia, queue="technical", reason="N3")
    with pytest.raises(NotFound):
        await world.transcripts.send(ana.conversation_id, world.bruno)


async def test_the_button_under_a_resolved_ticket_asks_for_it(sqlite_world: World) -> None:
    world = sqlite_world
    ana = await customer(world)
    opened, _ = await world.hand_off(await world.now(ana.conversation_id))
    await world.desk.claim(opened.ticket_id, world.ana)
    await world.desk.resolve(opened.ticket_id, world.ana)
    offered = [
        choice
        for message in await world.messages(ana.conversation_id)
        for choice in message.choices
        if choice["intent"] == Button.TRANSCRIPT
    ]
    pressed = InboundMessage(
        channel="web",
        contact_external_id="-",
        external_id=f"web:{new_id()}",
        text="",
        choice_id=offered[-1]["id"],
        conversation_id=ana.conversation_id,
    )
    await ana.intake.receive(pressed)
    assert (await world.messages(ana.conversation_id))[-1].text.startswith("Sure! Which")


async def test_erasing_keeps_the_hash_and_nothing_else(world: World) -> None:
    ana = await customer(world)
    await ana.say("my name is Ana Silva")
    await prove(ana)
    text = (await mails(world))[-1].text
    contact_id = (await world.now(ana.conversation_id)).contact_id
    now = world.clock.now()
    await world.db.write(lambda tx: erase_conversation(tx, ana.conversation_id, now=now))
    await world.db.write(lambda tx: erase_contact(tx, contact_id, now=now))
    verdict = await world.transcripts.verify(text, world.otto)
    assert verdict.unchanged
    assert verdict.erased
    changed = await world.transcripts.verify(text.replace("Ana Silva", "Bia Silva"), world.otto)
    assert [one.part for one in changed.differs] == ["1"]
    rows = await world.db.read(lambda conn: conn.execute(sa.select(ExportRow.__table__)).all())
    assert rows
    assert all(row.sent_to is None for row in rows)
    assert "Ana" not in str(rows)


async def test_an_edit_is_seen_with_what_it_said_before(world: World) -> None:
    ana = await customer(world)
    message = InboundMessage(
        channel="web",
        contact_external_id="-",
        external_id="telegram:1:2:3",
        text="my order is AUR-10032",
        conversation_id=ana.conversation_id,
    )
    await ana.intake.receive(message)
    opened, _ = await world.hand_off(await world.now(ana.conversation_id))
    await world.desk.claim(opened.ticket_id, world.ana)
    async with world.bus.subscribe("desk") as hints:
        edit = InboundEdit("web", "-", "telegram:1:2:3", "my order is AUR-10023")
        await ana.intake.receive_many([edit])
        topic, hint = await hints.get()
    assert (topic, hint["event"], hint["seq"]) == ("desk", "message", 1)
    page = await world.desk.list_messages(ana.conversation_id, world.ana)
    first = page.messages[0]
    assert first.text == "my order is AUR-10023"
    assert [one.text for one in page.versions[first.id]] == ["my order is AUR-10032"]
    found = await world.db.read(lambda conn: conversations.list_versions(conn, ana.conversation_id))
    assert list(found) == [first.id]
