"""What customers send is stored once, in order, and never lost: polling and webhook alike."""

import asyncio
import io
import logging
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import aiohttp
import pytest
import structlog

from bot.channels.telegram import repository as telegram_repository
from bot.conversations.conversation import Choice
from bot.conversations.tables import ConversationRow
from bot.inbox.inbound import InboundEdit, InboundMessage
from bot.kit.db import Database, Tx
from bot.kit.errors import Unavailable
from bot.kit.logs import configure_logs
from tests.bot.channels.telegram.conftest import Gateway, MakeGateway, eventually
from tests.fakes.bot_api import FakeBotApi

ANA, BIA = 42, 43


class Stuck:
    """An inbox that never comes to an end, as when the process is killed in the middle."""

    def __init__(self) -> None:
        self.entered = asyncio.Event()

    async def receive_many(
        self, batch: list[InboundMessage | InboundEdit], *, also: Callable[[Tx], None] | None = None
    ) -> None:
        self.entered.set()
        await asyncio.Event().wait()


class Away:
    """An inbox whose store is away for the first tries."""

    def __init__(self, inbox: Any, failures: int) -> None:
        self.inbox = inbox
        self.failures = failures

    async def receive_many(self, *args: Any, **options: Any) -> object:
        if self.failures > 0:
            self.failures -= 1
            raise Unavailable("away")
        return await self.inbox.receive_many(*args, **options)


async def _webhook(api: FakeBotApi, update: dict[str, Any], secret: str | None = None) -> int:
    async with aiohttp.ClientSession() as http:
        return await api.post_webhook(update, http=http, secret=secret)


# ------------------------------------------------------------------------------ polling


async def test_messages_are_stored_in_the_order_they_were_written(
    gateway: Gateway, api: FakeBotApi
) -> None:
    for n in range(20):
        await api.say(ANA, f"a{n}")
        await api.say(BIA, f"b{n}")
    stored = await gateway.until_stored(40)
    assert [text for chat, text in stored if chat == "42"] == [f"a{n}" for n in range(20)]
    assert [text for chat, text in stored if chat == "43"] == [f"b{n}" for n in range(20)]
    conversation = await gateway.conversation(ANA)
    assert (conversation.channel, conversation.locale) == ("telegram", "en")
    assert conversation.address == {"chat_id": ANA}
    assert gateway.woken.count(conversation.id) == 20


async def test_an_update_that_arrives_three_times_is_stored_once(
    gateway: Gateway, api: FakeBotApi
) -> None:
    update = await api.say(ANA, "hello")
    await gateway.until_stored(1)
    for _ in range(2):
        api.again.append(update)
        await api.say(BIA, "something that wakes the poll")
    await eventually(gateway.stored, lambda rows: len(rows) == 3)
    assert [text for chat, text in await gateway.stored() if chat == "42"] == ["hello"]


async def test_polls_confirm_only_what_is_stored(gateway: Gateway, api: FakeBotApi) -> None:
    update = await api.say(ANA, "hello")
    await api.until(lambda: not api.pending)
    assert await gateway.stored() == [("42", "hello")]
    polls = api.called("getUpdates")
    assert "offset" not in polls[0]
    assert polls[-1]["offset"] == update["update_id"] + 1
    assert set(polls[0]["allowed_updates"]) == {
        "message",
        "edited_message",
        "callback_query",
        "my_chat_member",
    }
    assert not any(call.get("drop_pending_updates") for call in api.called("deleteWebhook"))


async def test_killed_before_storing_nothing_is_lost(
    make_gateway: MakeGateway, api: FakeBotApi
) -> None:
    stuck = Stuck()
    first = await make_gateway(inbox=stuck).start()
    await api.say(ANA, "one")
    await api.say(ANA, "two")
    await stuck.entered.wait()
    await first.kill()
    second = await make_gateway().start()
    assert await second.until_stored(2) == [("42", "one"), ("42", "two")]


async def test_killed_between_storing_and_the_next_poll_nothing_is_lost_or_doubled(
    make_gateway: MakeGateway, api: FakeBotApi
) -> None:
    first = await make_gateway().start()
    await api.until(lambda: len(api.called("getUpdates")) == 1)
    hold = asyncio.Event()
    api.fail("getUpdates", hold=hold)  # the poll that would confirm hangs
    await api.say(ANA, "one")
    await first.until_stored(1)
    await api.until(lambda: len(api.called("getUpdates")) == 2)
    await first.kill()
    assert api.pending  # not confirmed
    await api.say(ANA, "two")
    second = await make_gateway().start()
    assert await second.until_stored(2) == [("42", "one"), ("42", "two")]
    hold.set()


async def test_a_store_that_is_away_delays_and_loses_nothing(
    make_gateway: MakeGateway, api: FakeBotApi
) -> None:
    gateway = make_gateway()
    away = Away(None, failures=3)
    gateway.inbox = away
    await gateway.start()
    away.inbox = _intake(gateway)
    await api.say(ANA, "patience")
    assert await gateway.until_stored(1) == [("42", "patience")]
    assert away.failures == 0


async def test_one_message_that_can_not_be_stored_stops_nobody_else(
    make_gateway: MakeGateway, api: FakeBotApi
) -> None:
    gateway = make_gateway()

    class Picky:
        async def receive_many(self, batch: list[Any], **options: Any) -> object:
            if any(item.text == "poison" for item in batch):
                raise RuntimeError("bug")
            return await _intake(gateway).receive_many(batch, **options)

    gateway.inbox = Picky()
    for text in ("before", "poison", "after"):
        await api.say(ANA, text)
    await gateway.start()
    assert await gateway.until_stored(2) == [("42", "before"), ("42", "after")]
    await api.until(lambda: not api.pending)


async def test_an_update_from_the_future_of_the_bot_api_is_passed_over(
    gateway: Gateway, api: FakeBotApi
) -> None:
    await api.push(message={"strange": True})
    await api.say(ANA, "after")
    assert await gateway.until_stored(1) == [("42", "after")]


async def test_telegram_away_at_start_is_waited_out(
    make_gateway: MakeGateway, api: FakeBotApi
) -> None:
    port = api.port
    await api.close()
    gateway = make_gateway()
    with structlog.testing.capture_logs() as logs:
        await gateway.start()
        await eventually(_value(gateway.telegram), lambda s: s.problem is not None)
        assert not gateway.telegram.status.connected
        await api.start(port)
        await api.say(ANA, "hello")
        assert await gateway.until_stored(1) == [("42", "hello")]
    assert gateway.telegram.status.connected
    warnings = [line for line in logs if line["event"] == "telegram.failed"]
    assert len(warnings) == 1  # an outage is one line
    assert "can't be reached" in warnings[0]["hint"]


async def test_server_errors_while_polling_are_waited_out(
    gateway: Gateway, api: FakeBotApi
) -> None:
    api.fail("getUpdates", status=500, description="Internal Server Error", times=2)
    api.fail("getUpdates", page="<html>502 Bad Gateway</html>")
    api.fail("getUpdates", drop="before")
    api.fail(
        "getUpdates", status=429, description="Too Many Requests", parameters={"retry_after": 1}
    )
    for n in range(3):
        await api.say(ANA, f"m{n}")
        await gateway.until_stored(n + 1)


async def test_two_pollers_are_explained_in_plain_words(
    make_gateway: MakeGateway, api: FakeBotApi
) -> None:
    with structlog.testing.capture_logs() as logs:
        await make_gateway().start()
        await api.until(lambda: len(api.called("getUpdates")) >= 1)
        await make_gateway().start()
        await eventually(_value(logs), lambda lines: any("hint" in line for line in lines))
    hint = next(line["hint"] for line in logs if line["event"] == "telegram.failed")
    assert "Another program is receiving this bot's messages" in hint


async def test_a_webhook_set_by_somebody_else_is_removed(gateway: Gateway, api: FakeBotApi) -> None:
    await api.until(lambda: len(api.called("getUpdates")) >= 1)
    api.webhook = {"url": "http://127.0.0.1:1/"}
    await api.say(ANA, "first")
    await api.say(ANA, "second")
    assert len(await gateway.until_stored(2)) == 2


async def test_a_refused_token_is_explained(make_gateway: MakeGateway, api: FakeBotApi) -> None:
    with structlog.testing.capture_logs() as logs:
        gateway = await make_gateway(token="987654321:AAwrongwrongwrongwrongwrongwrongw").start()
        await eventually(_value(gateway.telegram), lambda s: s.problem is not None)
    assert "@BotFather" in (gateway.telegram.status.problem or "")
    assert "AAwrong" not in str(logs)


async def test_numbering_that_starts_anew_after_a_quiet_week_loses_nothing(
    gateway: Gateway, api: FakeBotApi, sqlite_db: Database
) -> None:
    await api.say(ANA, "before the holidays")
    await gateway.until_stored(1)
    await api.until(lambda: not api.pending)
    gateway.clock.advance(timedelta(days=7))
    offset = await sqlite_db.read(
        lambda conn: telegram_repository.find_offset(conn, str(api.bot_id), now=gateway.clock.now())
    )
    assert offset is None
    api.fail("getUpdates", status=500)  # ends the poll that still has the old offset
    await api.membership(BIA, "member", "member")
    api.update_ids = iter(range(5, 100))  # type: ignore[assignment]
    await api.say(ANA, "after")
    assert ("42", "after") in await gateway.until_stored(2)


async def test_closing_ends_the_long_poll_at_once(gateway: Gateway, api: FakeBotApi) -> None:
    await api.until(lambda: len(api.called("getUpdates")) >= 1)
    async with asyncio.timeout(2):
        await gateway.close()


async def test_the_token_never_reaches_a_log(
    make_gateway: MakeGateway, api: FakeBotApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = io.StringIO()
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    monkeypatch.setattr("sys.stderr", out)
    configure_logs(level="DEBUG", json_lines=True)
    structlog.configure(cache_logger_on_first_use=False)
    try:
        gateway = await make_gateway().start()
        api.fail("getUpdates", status=500, description=f"failed for {api.token}")
        await api.say(ANA, "hello")
        await gateway.until_stored(1)
        api.fail("sendMessage", drop="before")
        api.fail("sendMessage", status=400, description=f"Bad Request: {api.token}")
        await gateway.reply(ANA, "one", "two", "three")
        await api.until(lambda: "three" in api.texts(ANA))
        await gateway.close()
    finally:
        root.handlers[:] = handlers
        root.setLevel(level)
        structlog.reset_defaults()
    assert "telegram.failed" in out.getvalue()
    assert api.token not in out.getvalue()
    assert api.token.split(":")[1] not in out.getvalue()


# ------------------------------------------------------------------------------ webhook


async def test_the_webhook_is_registered_and_fed(hooked: Gateway, api: FakeBotApi) -> None:
    assert api.webhook["url"] == f"{hooked.url}/telegram/webhook"
    assert len(api.webhook["secret_token"]) == 64
    assert "drop_pending_updates" not in api.webhook or not api.webhook["drop_pending_updates"]
    for n in range(10):
        await api.say(ANA, f"a{n}")
        await api.say(BIA, f"b{n}")
    stored = await hooked.until_stored(20)
    assert [text for chat, text in stored if chat == "42"] == [f"a{n}" for n in range(10)]
    await api.until(lambda: not api.pending)


async def test_a_redelivered_webhook_update_is_stored_once(
    hooked: Gateway, api: FakeBotApi
) -> None:
    update = await api.say(ANA, "hello")
    await hooked.until_stored(1)
    assert [await _webhook(api, update) for _ in range(2)] == [200, 200]
    assert await asyncio.gather(*(_webhook(api, update) for _ in range(5))) == [200] * 5
    assert await hooked.stored() == [("42", "hello")]


@pytest.mark.parametrize("secret", ["", "wrong", "ñ" * 64, "0" * 64])
async def test_a_wrong_secret_is_refused_without_a_word(
    hooked: Gateway, api: FakeBotApi, secret: str
) -> None:
    update = {"update_id": 1, "message": api.message(ANA, text="forged")}
    headers = {"X-Telegram-Bot-Api-Secret-Token": secret.encode().decode("latin-1")}
    async with (
        aiohttp.ClientSession() as http,
        http.post(api.webhook["url"], json=update, headers=headers) as answer,
    ):
        assert (answer.status, await answer.read()) == (403, b"")
    async with aiohttp.ClientSession() as http, http.post(api.webhook["url"]) as answer:
        assert answer.status == 403
    assert await hooked.stored() == []


async def test_bodies_that_are_no_updates_are_refused(hooked: Gateway, api: FakeBotApi) -> None:
    headers = {"X-Telegram-Bot-Api-Secret-Token": api.webhook["secret_token"]}
    async with aiohttp.ClientSession(headers=headers) as http:
        bodies = [b"{", b"[]", b"{}", b'{"update_id": "1"}', b"[" * 100_000]
        statuses = [await _post(http, api.webhook["url"], body) for body in bodies]
        assert statuses == [400, 400, 400, 400, 400]
        assert await _post(http, api.webhook["url"], b" " * 1_100_000) == 413
        # Right secret, unknown content: taken, so that it is not delivered for ever.
        assert await _post(http, api.webhook["url"], b'{"update_id": 1, "new": {}}') == 200


async def test_the_webhook_says_no_while_the_store_is_away(
    make_gateway: MakeGateway, api: FakeBotApi
) -> None:
    gateway = make_gateway(mode="webhook")
    away = Away(None, failures=2)
    gateway.inbox = away
    await gateway.start()
    away.inbox = _intake(gateway)
    await api.until(lambda: bool(api.webhook))
    update = await api.say(ANA, "hello")
    await api.until(lambda: not api.pending)
    assert api.deliveries == [(update["update_id"], s) for s in (503, 503, 200)]
    assert await gateway.stored() == [("42", "hello")]


async def test_from_webhook_to_polling_and_back(make_gateway: MakeGateway, api: FakeBotApi) -> None:
    first = await make_gateway(mode="webhook").start()
    await api.until(lambda: bool(api.webhook))
    await api.say(ANA, "one")
    await first.until_stored(1)
    await first.close()
    await api.say(ANA, "two")
    second = await make_gateway().start()
    await second.until_stored(2)
    await second.close()
    third = await make_gateway(mode="webhook").start()
    await api.say(ANA, "three")
    assert await third.until_stored(3) == [("42", "one"), ("42", "two"), ("42", "three")]


async def test_a_refused_webhook_address_is_explained(
    make_gateway: MakeGateway, api: FakeBotApi
) -> None:
    api.fail(
        "setWebhook",
        status=400,
        description="Bad Request: bad webhook: An HTTPS URL must be provided for webhook",
    )
    with structlog.testing.capture_logs() as logs:
        await make_gateway(mode="webhook").start()
        await api.until(lambda: bool(api.webhook))
    line = next(line for line in logs if line["event"] == "telegram.failed")
    assert "FRONTLINE_PUBLIC_URL" in line["hint"]
    assert "https url must be provided" in line["error"].lower()


# ------------------------------------------------------------------- kinds of updates


async def test_buttons_are_answered_and_stored_by_their_label(
    gateway: Gateway, api: FakeBotApi
) -> None:
    await api.say(ANA, "hi")
    await gateway.until_stored(1)
    choices = (
        Choice("c-1", "Track my order", "order_status", {"order_number": "AUR-10023"}),
        Choice("c-2", "Talk to a person", "human"),
    )
    await gateway.reply(ANA, "What can I do for you?", choices=choices)
    await api.until(lambda: len(api.sent) == 1)
    assert api.sent[0].buttons == (("Track my order", "c-1"), ("Talk to a person", "c-2"))
    update = await api.press(api.sent[0], "Track my order")
    await api.until(lambda: len(api.called("answerCallbackQuery")) == 1)
    pressed = (await gateway.messages(ANA))[-1]
    assert pressed.text == "Track my order"
    assert pressed.payload == {"intent": "order_status", "entities": {"order_number": "AUR-10023"}}
    answer = api.called("answerCallbackQuery")[0]
    assert answer["callback_query_id"] == update["callback_query"]["id"]
    assert answer["text"] == "✓ Track my order"


async def test_a_button_nobody_knows_any_more_is_politely_refused(
    gateway: Gateway, api: FakeBotApi
) -> None:
    await api.say(ANA, "hi")
    await gateway.until_stored(1)
    await gateway.reply(ANA, "Yes?", choices=(Choice("c-1", "Yes", "affirm"),))
    await api.until(lambda: len(api.sent) == 1)
    old = api.sent[0]
    await api.press(type(old)(old.message_id, ANA, "", "", None, (("Yes", "gone"),)), "Yes")
    await api.until(lambda: len(api.called("answerCallbackQuery")) == 1)
    assert api.called("answerCallbackQuery")[0]["text"] == "[old_button en]"
    assert await gateway.stored() == [("42", "hi")]


async def test_a_button_stays_quiet_when_telegram_no_longer_wants_the_answer(
    hooked: Gateway, api: FakeBotApi
) -> None:
    await api.say(ANA, "hi")
    await hooked.until_stored(1)
    await hooked.reply(ANA, "Yes?", choices=(Choice("c-1", "Yes", "affirm"),))
    await api.until(lambda: len(api.sent) == 1)
    api.fail(
        "answerCallbackQuery",
        status=400,
        description="Bad Request: query is too old and response timeout expired",
    )
    await api.press(api.sent[0], "Yes")
    assert await hooked.until_stored(2) == [("42", "hi"), ("42", "Yes")]


async def test_an_edit_changes_the_stored_text(gateway: Gateway, api: FakeBotApi) -> None:
    update = await api.say(ANA, "my order is 10032")
    await gateway.until_stored(1)
    await api.edit(update, "my order is 10023")
    messages = await eventually(
        lambda: gateway.messages(ANA), lambda found: found[0].edited_at is not None
    )
    assert [m.text for m in messages] == ["my order is 10023"]


async def test_an_album_is_one_message(gateway: Gateway, api: FakeBotApi) -> None:
    photo = [{"file_id": "f", "file_unique_id": "u", "width": 1, "height": 1}]
    hold = asyncio.Event()
    await api.until(lambda: len(api.called("getUpdates")) >= 1)
    api.fail("getUpdates", hold=hold)
    await api.say(BIA, "ends the first poll")
    await gateway.until_stored(1)
    for n in range(3):
        caption = {"caption": "broken"} if n == 1 else {}
        message = {**api.message(ANA, photo=photo, media_group_id="77"), **caption}
        await api.push(message=message)
    hold.set()
    await api.until(lambda: not api.pending)
    assert [text for chat, text in await gateway.stored() if chat == "42"] == ["[photo en] broken"]


async def test_blocking_and_letting_in_again_is_noted(
    gateway: Gateway, api: FakeBotApi, sqlite_db: Database
) -> None:
    async def unreachable() -> object:
        return await sqlite_db.read(
            lambda conn: conn.execute(ConversationRow.__table__.select()).one().unreachable_at
        )

    await api.membership(ANA, "member", "kicked")  # a stranger: nothing to note
    await api.say(ANA, "hello")
    await gateway.until_stored(1)
    await api.membership(ANA, "member", "kicked")
    await eventually(unreachable, lambda at: at is not None)
    await api.membership(ANA, "kicked", "member")
    await eventually(unreachable, lambda at: at is None)


async def test_groups_are_told_once(gateway: Gateway, api: FakeBotApi) -> None:
    chat = {"id": -100, "type": "supergroup", "title": "Friends"}
    await api.membership(-100, "left", "member", chat_type="supergroup")
    for n in range(3):
        await api.push(message={**api.message(ANA, text=f"/help {n}"), "chat": chat})
    await api.until(lambda: not api.pending and len(api.sent) == 1)
    assert api.texts(-100) == ["[private_only en]"]
    assert await gateway.stored() == []


async def test_commands_are_offered_in_every_language(gateway: Gateway, api: FakeBotApi) -> None:
    await api.until(lambda: len(api.commands) == 4)
    assert set(api.commands) == {"", "pt", "en", "es"}
    assert api.commands["es"][0] == {"command": "help", "description": "[command_help es]"}
    assert api.commands[""] == api.commands["pt"]


async def test_commands_are_offered_again_when_an_admin_gave_them_other_words(
    gateway: Gateway, api: FakeBotApi
) -> None:
    await api.until(lambda: len(api.commands) == 4)
    gateway.telegram._text = lambda _key, locale: f"New words in {locale}"
    gateway.telegram.texts_changed()
    await api.until(lambda: api.commands["es"][0]["description"] == "New words in es")
    assert gateway.telegram.status.connected


def _intake(gateway: Gateway) -> Any:
    from bot.inbox.intake import Intake
    from tests.bot.channels.telegram.conftest import Desk, NoCodes

    return Intake(
        gateway.db, gateway.clock, desk=Desk(), codes=NoCodes(), wake=lambda *_: None, key=b"k"
    )


def _value(thing: Any) -> Callable[[], Any]:
    async def look() -> Any:
        return thing.status if hasattr(thing, "status") else thing

    return look


async def _post(http: aiohttp.ClientSession, url: str, body: bytes) -> int:
    async with http.post(url, data=io.BytesIO(body)) as answer:
        return answer.status
