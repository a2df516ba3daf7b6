"""What customers get in Telegram: once, in order, readable, as soon as Telegram lets it through."""

import asyncio
from datetime import timedelta

import structlog

from bot.conversations.conversation import Author, Choice, DeliveryState
from bot.conversations.tables import ConversationRow, OutboxRow
from bot.kit.db import Database
from bot.outbox.pace import Pacer, Rate
from tests.bot.channels.telegram.conftest import NO_HURRY, Gateway, MakeGateway, eventually
from tests.fakes.bot_api import FakeBotApi

ANA, BIA = 42, 43


async def _greeted(gateway: Gateway, api: FakeBotApi, *chats: int) -> None:
    for chat in chats:
        await api.say(chat, "hi")
    await gateway.until_stored(len(chats))


async def _delivery(gateway: Gateway, chat_id: int) -> list[DeliveryState | None]:
    return [m.delivery for m in await gateway.messages(chat_id) if m.author is not Author.CUSTOMER]


async def _until_settled(gateway: Gateway, chat_id: int) -> list[DeliveryState | None]:
    return await eventually(
        lambda: _delivery(gateway, chat_id), lambda found: DeliveryState.PENDING not in found
    )


async def _tick(gateway: Gateway, seconds: float) -> None:
    gateway.clock.advance(timedelta(seconds=seconds))
    gateway.bus.publish("outbox", {})


async def test_replies_arrive_formatted_and_in_order(gateway: Gateway, api: FakeBotApi) -> None:
    await _greeted(gateway, api, ANA)
    texts = [f"**Reply** {n} <b>&" for n in range(10)]
    await gateway.reply(ANA, *texts)
    assert await _until_settled(gateway, ANA) == [DeliveryState.SENT] * 10
    assert api.texts(ANA) == [f"Reply {n} <b>&" for n in range(10)]
    assert api.sent[0].source == "<b>Reply</b> 0 &lt;b&gt;&amp;"


async def test_the_customer_sees_which_person_writes(gateway: Gateway, api: FakeBotApi) -> None:
    await _greeted(gateway, api, ANA)
    await gateway.reply(ANA, "I'm on it.", author=Author.AGENT, author_name="Rui <Silva>")
    await api.until(lambda: len(api.sent) == 1)
    assert api.sent[0].source == "<b>Rui &lt;Silva&gt;</b>\nI'm on it."


async def test_one_time_links_are_filled_in_on_the_way_out(
    gateway: Gateway, api: FakeBotApi
) -> None:
    await _greeted(gateway, api, ANA)
    await gateway.reply(ANA, "[Set a new password]({{link:1}})")
    await api.until(lambda: len(api.sent) == 1)
    assert api.sent[0].source == '<a href="https://shop.example.com/r/1">Set a new password</a>'
    assert "{{link:1}}" in (await gateway.messages(ANA))[-1].text


async def test_a_long_text_comes_in_parts_with_the_buttons_last(
    gateway: Gateway, api: FakeBotApi
) -> None:
    await _greeted(gateway, api, ANA)
    paragraphs = [f"{n} " + "😀 word " * 120 for n in range(12)]
    text = "**" + "\n\n".join(p.strip() for p in paragraphs).replace("\n\n", "**\n\n**") + "**"
    await gateway.reply(ANA, text, choices=(Choice("c", "Ok", "affirm"),))
    assert await _until_settled(gateway, ANA) == [DeliveryState.SENT]
    assert len(api.sent) == 3
    assert "".join(api.texts(ANA)).replace("\n", "") == text.replace("**", "").replace("\n", "")
    assert [bool(message.buttons) for message in api.sent] == [False, False, True]


async def test_a_long_text_goes_on_where_it_stopped(gateway: Gateway, api: FakeBotApi) -> None:
    await _greeted(gateway, api, ANA)
    await gateway.reply(ANA, "first " * 600 + "\n\n" + "second " * 500)
    await api.until(lambda: len(api.sent) == 2)
    hold = asyncio.Event()
    api.fail("sendMessage", hold=hold)
    await gateway.reply(ANA, "third " * 600 + "\n\n" + "fourth " * 500)
    await api.until(lambda: len(api.called("sendMessage")) == 3)
    api.fail("sendMessage", status=502, description="Bad Gateway")
    hold.set()
    await api.until(lambda: len(api.called("sendMessage")) == 4)
    await eventually(lambda: _attempts(gateway), lambda tries: tries[-1] == 1)
    await _tick(gateway, 5)
    assert await _until_settled(gateway, ANA) == [DeliveryState.SENT] * 2
    assert [text.split()[0] for text in api.texts(ANA)] == ["first", "second", "third", "fourth"]


async def test_markup_that_telegram_can_not_read_is_sent_as_plain_text(
    gateway: Gateway, api: FakeBotApi
) -> None:
    await _greeted(gateway, api, ANA)
    api.fail(
        "sendMessage",
        status=400,
        description='Bad Request: can\'t parse entities: unsupported start tag "x"',
    )
    await gateway.reply(ANA, "**Bold** & co", choices=(Choice("c", "Ok", "affirm"),))
    assert await _until_settled(gateway, ANA) == [DeliveryState.SENT]
    assert api.texts(ANA) == ["Bold & co"]
    assert api.sent[0].parse_mode is None
    assert api.sent[0].buttons == (("Ok", "c"),)


async def test_a_flood_limit_is_waited_out_and_concerns_one_chat_only(
    gateway: Gateway, api: FakeBotApi
) -> None:
    await _greeted(gateway, api, ANA, BIA)
    api.flood(30, chat_id=ANA)
    await gateway.reply(ANA, "a1", "a2")
    await eventually(lambda: _attempts(gateway), lambda tries: sum(tries) == 1)
    await gateway.reply(BIA, "b1")
    await api.until(lambda: api.texts(BIA) == ["b1"])
    await _tick(gateway, 29)
    await gateway.reply(BIA, "b2")
    await api.until(lambda: api.texts(BIA) == ["b1", "b2"])
    assert api.texts(ANA) == []  # a2 does not overtake a1, and nobody asks too early
    await _tick(gateway, 3)
    await api.until(lambda: api.texts(ANA) == ["a1", "a2"])


async def test_errors_of_the_server_are_retried_until_it_works(
    gateway: Gateway, api: FakeBotApi
) -> None:
    await _greeted(gateway, api, ANA)
    api.fail("sendMessage", status=500, description="Internal Server Error")
    api.fail("sendMessage", page="<html>Bad Gateway</html>")
    api.fail("sendMessage", status=401, description="Unauthorized")
    await gateway.reply(ANA, "hello")

    async def later() -> bool:
        await _tick(gateway, 20)
        return bool(api.sent)

    await eventually(later, bool)
    assert await _until_settled(gateway, ANA) == [DeliveryState.SENT]
    assert api.texts(ANA) == ["hello"]


async def test_telegram_away_is_waited_out_and_given_up_after_a_day(
    gateway: Gateway, api: FakeBotApi
) -> None:
    await _greeted(gateway, api, ANA)
    await api.close()
    await gateway.reply(ANA, "hello")
    for hours in (1, 10, 12):
        before = sum(await _attempts(gateway))
        await eventually(lambda: _attempts(gateway), lambda found, n=before: sum(found) > n)  # type: ignore[misc]
        await _tick(gateway, hours * 3_600)
        assert await _delivery(gateway, ANA) == [DeliveryState.PENDING]

    async def later() -> list[DeliveryState | None]:
        # A try under way when the clock jumps is put off once more, from the new time.
        await _tick(gateway, 2 * 3_600)
        return await _delivery(gateway, ANA)

    await eventually(later, lambda found: found == [DeliveryState.FAILED])


async def test_an_answer_lost_on_the_way_back_makes_no_second_message(
    gateway: Gateway, api: FakeBotApi
) -> None:
    await _greeted(gateway, api, ANA)
    api.fail("sendMessage", drop="after")
    with structlog.testing.capture_logs() as logs:
        await gateway.reply(ANA, "only once")
        assert await _until_settled(gateway, ANA) == [DeliveryState.SENT]
    await _tick(gateway, 3_600)
    await gateway.reply(ANA, "next")
    await api.until(lambda: "next" in api.texts(ANA))
    assert api.texts(ANA) == ["only once", "next"]
    assert "outbox.outcome_unknown" in [line["event"] for line in logs]


async def test_a_customer_who_blocked_the_bot_is_marked_and_holds_up_nobody(
    gateway: Gateway, api: FakeBotApi, sqlite_db: Database
) -> None:
    await _greeted(gateway, api, ANA, BIA)
    api.blocked(ANA)
    await gateway.reply(ANA, "hello", "again")
    await gateway.reply(BIA, "hello")
    assert await _until_settled(gateway, ANA) == [DeliveryState.FAILED] * 2
    assert await _until_settled(gateway, BIA) == [DeliveryState.SENT]
    conversation = await gateway.conversation(ANA)
    row = await sqlite_db.read(
        lambda conn: conn.execute(
            ConversationRow.__table__.select().where(ConversationRow.id == conversation.id)
        ).one()
    )
    assert row.unreachable_at == gateway.clock.now()


async def test_a_chat_that_moved_is_followed(gateway: Gateway, api: FakeBotApi) -> None:
    await _greeted(gateway, api, ANA)
    api.fail(
        "sendMessage",
        status=400,
        description="Bad Request: group chat was upgraded to a supergroup chat",
        parameters={"migrate_to_chat_id": -1009},
    )
    await gateway.reply(ANA, "hello")
    await api.until(lambda: api.texts(-1009) == ["hello"])
    assert (await gateway.conversation(ANA)).address == {"chat_id": -1009}


async def test_what_telegram_refuses_for_good_is_shown_as_failed(
    gateway: Gateway, api: FakeBotApi, sqlite_db: Database
) -> None:
    await _greeted(gateway, api, ANA)
    api.fail("sendMessage", status=400, description="Bad Request: chat_id is empty")
    await gateway.reply(ANA, "hello", "and on")
    assert await _until_settled(gateway, ANA) == [DeliveryState.FAILED, DeliveryState.SENT]
    rows = await sqlite_db.read(lambda conn: conn.execute(OutboxRow.__table__.select()).all())
    assert "chat_id is empty" in str(min(rows, key=lambda row: row.seq).error).lower()


async def test_a_slow_chat_does_not_hold_up_another(gateway: Gateway, api: FakeBotApi) -> None:
    await _greeted(gateway, api, ANA, BIA)
    hold = asyncio.Event()
    api.fail("sendMessage", hold=hold, chat_id=ANA)
    await gateway.reply(ANA, "slow", "slower")
    await api.until(lambda: len(api.called("sendMessage")) == 1)
    await gateway.reply(BIA, *(f"b{n}" for n in range(5)))
    await api.until(lambda: len(api.texts(BIA)) == 5)
    assert api.texts(ANA) == []
    hold.set()
    await api.until(lambda: api.texts(ANA) == ["slow", "slower"])


async def test_chats_are_paced_one_by_one(make_gateway: MakeGateway, api: FakeBotApi) -> None:
    pacer = Pacer(each=Rate(per_second=20, burst=2), overall=NO_HURRY)
    gateway = await make_gateway().start(pacer=pacer)
    await _greeted(gateway, api, ANA, BIA)
    loop = asyncio.get_running_loop()
    started = loop.time()
    await gateway.reply(ANA, *(f"a{n}" for n in range(8)))
    await gateway.reply(BIA, "b")
    await api.until(lambda: bool(api.texts(BIA)))
    assert len(api.texts(ANA)) < 8
    await api.until(lambda: len(api.texts(ANA)) == 8)
    assert loop.time() - started >= 6 * 0.05


async def test_typing_is_shown_once_per_few_seconds_and_never_fails(
    gateway: Gateway, api: FakeBotApi
) -> None:
    await _greeted(gateway, api, ANA, BIA)
    sender = gateway.telegram.sender
    ana, bia = await gateway.conversation(ANA), await gateway.conversation(BIA)
    api.fail("sendChatAction", status=403, description="Forbidden", chat_id=BIA)
    await sender.typing(ana)
    await sender.typing(ana)
    await sender.typing(bia)
    assert api.called("sendChatAction") == [
        {"chat_id": ANA, "action": "typing"},
        {"chat_id": BIA, "action": "typing"},
    ]


async def _attempts(gateway: Gateway) -> list[int]:
    rows = await gateway.db.read(
        lambda conn: conn.execute(OutboxRow.__table__.select().order_by(OutboxRow.seq)).all()
    )
    return [row.attempts for row in rows]
