"""Accepted once, answered once, in order; never while a person has the conversation; never silence."""

import asyncio
import uuid
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from aiohttp.test_utils import TestClient

from bot.conversations import repository
from bot.conversations.tables import ConversationRow
from bot.dialogue.rasa_client import TurnRequest
from bot.dialogue.rasa_wire import RasaChoice, RasaReply, Wish
from bot.inbox.inbound import InboundMessage
from bot.kit.db import Tx
from knowledge_base.article import Audience, Content, Link
from knowledge_base.service import Changes
from tests.parts import ScriptedRasa, bearer, gateway
from tests.system import until

Client = TestClient[Any, Any]


async def session(client: Client, **body: str) -> str:
    response = await client.post("/api/widget/v1/sessions", json=body)
    assert response.status == 201
    return str((await response.json())["session_token"])


async def send(client: Client, token: str, text: str, client_id: str | None = None) -> Any:
    return await client.post(
        "/api/widget/v1/messages",
        json={"client_id": client_id or str(uuid.uuid4()), "text": text},
        headers=bearer(token),
    )


async def read(client: Client, token: str, *, after: int = 0, wait: float = 5) -> dict[str, Any]:
    response = await client.get(
        "/api/widget/v1/messages",
        params={"after": str(after), "wait": str(wait)},
        headers=bearer(token),
    )
    assert response.status == 200
    return dict(await response.json())


async def answered(client: Client, token: str, count: int) -> list[dict[str, Any]]:
    """Wait until somebody else than the customer has said `count` things."""

    async def check() -> list[dict[str, Any]] | None:
        messages = (await read(client, token, wait=0))["messages"]
        others = [m for m in messages if m["author"] != "customer"]
        return messages if len(others) >= count else None

    result: list[dict[str, Any]] = await until(check, seconds=30, what=f"{count} answers")
    return result


async def test_the_same_client_id_is_one_message_and_one_turn(tmp_path: Path) -> None:
    rasa = ScriptedRasa()
    async with gateway(tmp_path, rasa) as (_, client):
        token = await session(client)
        client_id = str(uuid.uuid4())
        answers = [await send(client, token, "hello", client_id) for _ in range(3)]
        assert [a.status for a in answers] == [202] * 3
        assert len({str(await a.json()) for a in answers}) == 1
        other = await send(client, token, "something else", client_id)
        assert other.status == 422
        assert (await other.json())["code"] == "id_reused"
        messages = await answered(client, token, 1)
        assert [m["author"] for m in messages] == ["customer", "bot"]
        assert len(rasa.turns) == 1


async def test_messages_of_one_conversation_are_answered_in_order(tmp_path: Path) -> None:
    rasa = ScriptedRasa(lambda request: [RasaReply(None, f"answer to {request.text}", {}, ())])
    async with gateway(tmp_path, rasa) as (_, client):
        token = await session(client)
        for n in range(6):
            assert (await send(client, token, f"number {n}")).status == 202
        messages = await answered(client, token, 6)
    bot = [m["text"] for m in messages if m["author"] == "bot"]
    assert bot == [f"answer to number {n}" for n in range(6)]
    assert [m["seq"] for m in messages] == list(range(1, 13))


async def test_a_slow_conversation_holds_up_no_other(tmp_path: Path) -> None:
    gate = asyncio.Event()

    class Slow(ScriptedRasa):
        async def turn(self, request: TurnRequest) -> Any:
            if request.text == "slow":
                await gate.wait()
            return await super().turn(request)

    async with gateway(tmp_path, Slow()) as (_, client):
        slow, quick = await session(client), await session(client)
        await send(client, slow, "slow")
        await send(client, quick, "quick")
        await answered(client, quick, 1)
        assert len((await read(client, slow, wait=0))["messages"]) == 1
        gate.set()
        await answered(client, slow, 1)


async def test_without_rasa_the_knowledge_base_answers_and_a_person_can_be_had(
    tmp_path: Path,
) -> None:
    async with gateway(tmp_path, ScriptedRasa(lambda _: None), demo=True) as (_, client):
        token = await session(client, locale="pt-BR")
        await send(client, token, "qual o prazo de entrega?")
        messages = await answered(client, token, 2)
        assert "dias úteis" in messages[1]["text"]
        assert messages[2]["choices"][-1]["label"] == "Falar com uma pessoa"
        await send(client, token, "quero falar com uma pessoa")
        messages = await answered(client, token, 3)
        assert "FL-" in messages[-1]["text"]
        assert (await read(client, token, wait=0))["owner"] == "queue"


async def test_without_rasa_an_article_has_what_belongs_to_it(tmp_path: Path) -> None:
    """Short answer by channel, links, buttons, related articles and the question whether it helped."""
    async with gateway(tmp_path, ScriptedRasa(lambda _: None)) as (services, client):
        articles = services.articles
        care = await articles.create(
            actor=None,
            locale="en",
            key="care",
            content=Content("How do I wash a carpet?", "By hand."),
        )
        rent = await articles.create(
            actor=None,
            locale="en",
            content=Content(
                title="Do you rent carpets for weddings?",
                answer="Yes, we rent carpets: the long answer.",
                phrasings=("renting carpets for a wedding",),
                short_answer="Yes, we do.",
                links=(Link("Price list", "https://example.com/prices"),),
                flows=("opening_hours", "human"),
                related=("care",),
            ),
        )
        for one in (care, rent):
            await articles.publish(one.article.id, actor=None)
        token = await session(client, locale="en")
        await send(client, token, "do you rent carpets for weddings?")
        _, said, asked = await answered(client, token, 2)
        assert said["text"] == (
            "Yes, we rent carpets: the long answer.\n\n- [Price list](https://example.com/prices)"
        )
        labels = [choice["label"] for choice in asked["choices"]]
        assert labels[2:] == ["Opening hours", "How do I wash a carpet?", "Talk to a person"]

        response = await client.post(
            "/api/widget/v1/messages",
            json={"client_id": str(uuid.uuid4()), "choice": asked["choices"][3]["id"]},
            headers=bearer(token),
        )
        assert response.status == 202
        messages = await answered(client, token, 4)
        assert "By hand." in [one["text"] for one in messages], "the article of the button is shown"
        await articles.change(
            rent.article.id,
            actor=None,
            version=(await articles.get(rent.article.id)).article.version,
            changes=Changes(audience=Audience.INTERNAL),
        )
        other = await session(client, locale="en")
        await send(client, other, "do you rent carpets for weddings?")
        assert "the long answer" not in str(await answered(client, other, 1))


async def test_without_rasa_telegram_gets_the_short_answer(tmp_path: Path) -> None:
    async with gateway(tmp_path, ScriptedRasa(lambda _: None)) as (services, _):
        made = await services.articles.create(
            actor=None,
            locale="en",
            content=Content("Do you rent carpets?", "The long answer.", short_answer="Yes, we do."),
        )
        await services.articles.publish(made.article.id, actor=None)
        accepted = await services.intake.receive(
            InboundMessage(
                channel="telegram",
                contact_external_id="telegram:1:42",
                external_id="telegram:1:7",
                text="do you rent carpets?",
                locale="en",
                address={"chat_id": 42},
            )
        )

        async def said() -> list[str] | None:
            messages = await services.db.read(
                lambda conn: repository.list_messages(conn, accepted.conversation.id)
            )
            texts = [one.text for one in messages if one.author == "bot"]
            return texts if len(texts) == 2 else None

        assert (await until(said, seconds=30, what="the answer"))[0] == "Yes, we do."


async def test_a_failed_action_reaches_a_person(tmp_path: Path) -> None:
    rasa = ScriptedRasa(failed_actions=("action_start_order_check",))
    async with gateway(tmp_path, rasa) as (_, client):
        token = await session(client, locale="en")
        await send(client, token, "where is my order")
        messages = await answered(client, token, 1)
        assert "understood" not in str(messages), "what the broken turn said is not passed on"
        assert "FL-" in messages[-1]["text"]


async def test_silence_from_rasa_is_not_silence_for_the_customer(tmp_path: Path) -> None:
    async with gateway(tmp_path, ScriptedRasa(lambda _: [])) as (_, client):
        token = await session(client, locale="en")
        await send(client, token, "hm")
        messages = await answered(client, token, 1)
        assert messages[-1]["choices"]


async def test_an_answer_that_comes_after_the_hand_over_is_not_said(tmp_path: Path) -> None:
    rasa = ScriptedRasa(delay=asyncio.Event())
    async with gateway(tmp_path, rasa) as (services, client):
        token = await session(client, locale="en")
        response = await send(client, token, "hello")
        message_id = (await response.json())["id"]

        async def asked() -> bool:
            return bool(rasa.turns)

        await until(asked, what="Rasa being asked")

        def hand_over(tx: Any) -> None:
            message = repository.find_message(tx.conn, message_id)
            assert message is not None
            conversation = repository.get_conversation(tx.conn, message.conversation_id)
            services.turns._hand_off.open_for_turn(
                tx,
                conversation=conversation,
                reason="customer_asked",
                turn_id="somebody-else",
                question="",
                decision=None,
                now=services.clock.now(),
            )

        await services.db.write(hand_over)
        assert rasa.delay is not None
        rasa.delay.set()
        await services.turns.close()
        messages = (await read(client, token, wait=0))["messages"]
    assert [m["author"] for m in messages] == ["customer", "system"]


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"text": ""}, 422, "empty"),
        ({"text": "   "}, 422, "empty"),
        ({"text": "\u200b\ufeff"}, 422, "empty"),
        ({"text": "x" * 2001}, 422, "too_long"),
        ({"text": "a", "choice": "b"}, 400, "text_or_choice"),
        ({}, 400, "text_or_choice"),
        ({"choice": "nope"}, 422, "unknown_choice"),
        ({"text": "a", "client_id": "7"}, 422, "invalid_client_id"),
        ({"text": 7}, 422, "validation"),
        ({"text": "a", "more": 1}, 422, "validation"),
    ],
)
async def test_bad_messages_are_refused_with_a_reason(
    tmp_path: Path, body: dict[str, Any], status: int, code: str
) -> None:
    async with gateway(tmp_path, work=False) as (_, client):
        token = await session(client)
        response = await client.post(
            "/api/widget/v1/messages",
            json={"client_id": str(uuid.uuid4()), **body},
            headers=bearer(token),
        )
        problem = await response.json()
    assert response.content_type == "application/problem+json"
    assert (response.status, problem["code"]) == (status, code)
    assert {"type", "title", "status", "code", "detail"} <= problem.keys()


@pytest.mark.parametrize("raw", [b"", b"[]", b"null", b"{", b"\xff", b'"x"', b"[" * 5000])
async def test_broken_bodies_are_refused(tmp_path: Path, raw: bytes) -> None:
    async with gateway(tmp_path, work=False) as (_, client):
        token = await session(client)
        response = await client.post("/api/widget/v1/messages", data=raw, headers=bearer(token))
        assert response.status in {400, 422}


async def test_a_huge_message_never_gets_in(tmp_path: Path) -> None:
    async with gateway(tmp_path, work=False) as (_, client):
        token = await session(client)
        response = await send(client, token, "x" * 300_000)
        assert response.status == 413


async def test_too_many_unanswered_messages_are_held_back(tmp_path: Path) -> None:
    rasa = ScriptedRasa(delay=asyncio.Event())
    async with gateway(tmp_path, rasa) as (_, client):
        token = await session(client)
        known = str(uuid.uuid4())
        statuses = [(await send(client, token, "m0", known)).status]
        statuses += [(await send(client, token, f"m{n}")).status for n in range(1, 12)]
        assert statuses == [202] * 10 + [429] * 2
        assert (await send(client, token, "m0", known)).status == 202, "accepted is accepted"
        assert rasa.delay is not None
        rasa.delay.set()
        await answered(client, token, 10)


async def test_a_strangers_token_reads_nothing(tmp_path: Path) -> None:
    async with gateway(tmp_path, work=False) as (_, client):
        await session(client)
        for headers in ({}, bearer("x"), bearer("a" * 43)):
            response = await client.get("/api/widget/v1/messages", headers=headers)
            assert response.status == 401


async def test_who_comes_back_after_an_hour_starts_afresh(tmp_path: Path) -> None:
    rasa = ScriptedRasa()
    async with gateway(tmp_path, rasa) as (services, client):
        token = await session(client)
        for count, text in enumerate(("where is my order", "hm"), 1):
            await send(client, token, text)
            await answered(client, token, count)
        assert rasa.turns[0].conversation_id == rasa.turns[1].conversation_id
        conversation_id = rasa.turns[0].conversation_id.partition("~")[0]

        async def hours_pass(hours: float) -> None:
            def step(tx: Tx) -> None:
                tx.conn.execute(
                    sa.update(ConversationRow)
                    .where(ConversationRow.id == conversation_id)
                    .values(updated_at=services.clock.now() - timedelta(hours=hours))
                )

            await services.db.write(step)

        await hours_pass(0.9)
        await send(client, token, "10023")
        await answered(client, token, 3)
        assert rasa.turns[2].conversation_id == rasa.turns[1].conversation_id, "not yet"
        await hours_pass(1)
        await send(client, token, "hello again")
        messages = await answered(client, token, 4)
        assert rasa.turns[3].conversation_id != rasa.turns[2].conversation_id
        assert rasa.turns[3].conversation_id.partition("~")[0] == conversation_id
        assert len(messages) == 8, "nothing that was said is gone"


async def test_a_typed_label_is_a_pressed_button(tmp_path: Path) -> None:
    order = RasaChoice(None, "Where is my order?", "order_status", {})
    hours = RasaChoice(None, "Opening hours", "opening_hours", {})
    rasa = ScriptedRasa(lambda _: [RasaReply(None, "Which?", {}, (order, hours))])
    async with gateway(tmp_path, rasa) as (services, client):
        token = await session(client)
        for count, text in enumerate(("hm", "opening hours", "1", "the third one"), 1):
            await send(client, token, text)
            await answered(client, token, count)
        assert [turn.intent for turn in rasa.turns] == [None, "opening_hours", "order_status", None]
        messages = await services.db.read(
            lambda conn: repository.list_messages(
                conn, rasa.turns[0].conversation_id.partition("~")[0]
            )
        )
        assert [m.decision["why"][0]["code"] for m in messages if m.decision][1] == "typed_choice"


async def test_the_second_request_is_offered_again_when_the_first_is_done(tmp_path: Path) -> None:
    rasa = ScriptedRasa(also=(Wish("opening_hours", "are you open on Sunday?"),))
    async with gateway(tmp_path, rasa) as (_, client):
        token = await session(client)
        await send(client, token, "where is my order and are you open on Sunday?")
        await answered(client, token, 1)
        rasa.also, rasa.actions = (), ("action_tell_order_status",)
        await send(client, token, "there")
        messages = await answered(client, token, 3)
        assert (
            messages[-1]["text"] == "You also asked about something else. Shall I look at it now?"
        )
        rasa.actions = ("action_opening_hours",)
        await send(client, token, "yes please")
        await answered(client, token, 4)
        assert rasa.turns[-1].intent == "opening_hours"


async def test_rasa_is_told_what_the_articles_say(tmp_path: Path) -> None:
    """So that an unsure model yields to a sure article; a flow that begins offers it."""
    replies = [RasaReply("utter_ask_order_number", None, {}, ())]
    rasa = ScriptedRasa(lambda _: replies, intent="order_status", active_loop="order_form")
    async with gateway(tmp_path, rasa) as (services, client):
        made = await services.articles.create(
            actor=None,
            locale="en",
            content=Content("It says delivered, but nothing came", "Ask your neighbours first."),
        )
        await services.articles.publish(made.article.id, actor=None)
        token = await session(client, locale="en")
        await send(client, token, "it says delivered but nothing came")
        said = (await answered(client, token, 1))[-1]
        verdict = rasa.turns[-1].article
        assert verdict is not None
        assert verdict.decision == "answer"
        assert verdict.confidence > 0.9
        assert [c["label"] for c in said["choices"]] == ["It says delivered, but nothing came"]


async def test_a_search_that_fails_does_not_fail_the_turn(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rasa = ScriptedRasa()
    async with gateway(tmp_path, rasa) as (services, client):

        async def broken(*_: Any, **__: Any) -> Any:
            raise RuntimeError("the index is gone")

        monkeypatch.setattr(services.knowledge, "ask", broken)
        token = await session(client, locale="en")
        await send(client, token, "anything")
        assert (await answered(client, token, 1))[-1]["text"] == "understood"
        assert rasa.turns[-1].article is None
