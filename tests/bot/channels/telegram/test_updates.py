"""What each kind of update means."""

from functools import cache
from typing import Any

import pytest
from telegram import Update

from bot.channels.telegram.client import Client, open_client
from bot.channels.telegram.updates import Incoming, Reader, merge_albums
from bot.inbox.inbound import InboundEdit, InboundMessage
from tests.bot.channels.telegram.conftest import bot_text
from tests.fakes.bot_api import DATE, TOKEN, FakeBotApi

API = FakeBotApi()
READER = Reader("123", "pt-BR", bot_text)
PHOTO = [{"file_id": "f", "file_unique_id": "u", "width": 1, "height": 1}]
FILE = {"file_id": "f", "file_unique_id": "u"}


def read(**members: Any) -> Incoming:
    return READER.read(Update.de_json({"update_id": 7, **members}, _client()))


@cache
def _client() -> Client:
    return open_client(TOKEN)


def read_message(language: str | None = "en", **content: Any) -> InboundMessage:
    inbound = read(message=API.message(42, language=language, **content)).inbound
    assert isinstance(inbound, InboundMessage)
    return inbound


def test_a_text_message() -> None:
    message = API.message(42, text="Where is my order?", language="es-419")
    inbound = read(message=message).inbound
    assert inbound == InboundMessage(
        channel="telegram",
        contact_external_id="42",
        external_id=f"telegram:123:42:{message['message_id']}",
        text="Where is my order?",
        display_name="Ana N42",
        locale="es-419",
        address={"chat_id": 42},
    )


@pytest.mark.parametrize(
    ("text", "command"),
    [
        ("/start", "start"),
        ("/start p4yl0ad", "start"),
        ("/HELP", "help"),
        ("/ajuda", "help"),
        ("/person now", "human"),
        ("/atendente", "human"),
        ("/status@support_bot", "status"),
        ("/idioma", "language"),
        ("/unknown", None),
        ("/starting", None),
        ("/ start", None),
        ("say /start", None),
        ("/", None),
    ],
)
def test_commands(text: str, command: str | None) -> None:
    inbound = read_message(text=text)
    assert (inbound.command, inbound.text) == (command, text)


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ({"photo": PHOTO}, "[photo pt-BR]"),
        ({"photo": PHOTO, "caption": "broken"}, "[photo pt-BR] broken"),
        ({"document": {**FILE, "file_name": "nota.pdf"}}, "[document pt-BR] nota.pdf"),
        ({"voice": {**FILE, "duration": 3}}, "[voice pt-BR]"),
        ({"audio": {**FILE, "duration": 3}}, "[audio pt-BR]"),
        ({"video": {**FILE, "duration": 3, "width": 1, "height": 1}}, "[video pt-BR]"),
        ({"video_note": {**FILE, "duration": 3, "length": 1}}, "[video pt-BR]"),
        (
            {
                "animation": {**FILE, "duration": 3, "width": 1, "height": 1},
                "document": {**FILE, "file_name": "x.gif"},
            },
            "[animation pt-BR]",
        ),
        (
            {
                "sticker": {
                    **FILE,
                    "width": 1,
                    "height": 1,
                    "is_animated": False,
                    "is_video": False,
                    "type": "regular",
                    "emoji": "👍",
                }
            },
            "[sticker pt-BR] 👍",
        ),
        (
            {"location": {"latitude": -23.5505199, "longitude": -46.63331}},
            "[location pt-BR] -23.55052, -46.63331",
        ),
        (
            {"contact": {"phone_number": "+5511999", "first_name": "Rui"}},
            "[contact pt-BR] Rui +5511999",
        ),
        ({"dice": {"value": 3, "emoji": "🎲"}}, "[other pt-BR] 🎲"),
    ],
)
def test_what_is_no_text_is_never_met_with_silence(content: dict[str, Any], text: str) -> None:
    assert read_message(language="pt", **content).text == text
    assert read_message(language=None, **content).text == text


def test_service_messages_and_bots_are_passed_over() -> None:
    pinned = API.message(42, pinned_message=API.message(42, text="x"))
    assert read(message=pinned).ignored == "service message"
    bot = API.message(42, text="hi")
    bot["from"]["is_bot"] = True
    assert read(message=bot).ignored == "from a bot"
    post = {**API.message(42, text="news"), "chat": {"id": -9, "type": "channel", "title": "C"}}
    assert read(channel_post=post).ignored == "not asked for"


def test_an_edit_names_the_message_it_changes() -> None:
    message = API.message(42, text="old")
    stored = read(message=message).inbound
    edit = read(edited_message={**message, "text": "new", "edit_date": DATE + 9}).inbound
    assert isinstance(edit, InboundEdit)
    assert isinstance(stored, InboundMessage)
    assert (edit.external_id, edit.text) == (stored.external_id, "new")


def test_a_moving_live_location_is_no_flood_of_messages() -> None:
    moved = API.message(42, location={"latitude": 1.0, "longitude": 2.0, "live_period": 900})
    assert read(edited_message={**moved, "edit_date": DATE}).ignored == "live location moved"


def test_groups_are_for_a_note_only() -> None:
    chat = {"id": -100, "type": "group", "title": "G"}
    incoming = read(message={**API.message(42, text="hi", language="es"), "chat": chat})
    assert incoming.inbound is None
    assert incoming.group is not None
    assert (incoming.group.chat_id, incoming.group.locale) == (-100, "es")


def test_a_press_without_its_message_still_finds_the_customer() -> None:
    query = {"id": "9", "from": API.user(42), "chat_instance": "1", "data": "c1"}
    inbound = read(callback_query=query).inbound
    assert isinstance(inbound, InboundMessage)
    assert (inbound.contact_external_id, inbound.choice_id, inbound.text) == ("42", "c1", "")
    assert inbound.external_id == "telegram:123:c9"


def test_pictures_sent_together_are_one_message() -> None:
    def picture(album: str | None, caption: str | None = None) -> Incoming:
        content: dict[str, Any] = {"photo": PHOTO}
        if album:
            content["media_group_id"] = album
        if caption:
            content["caption"] = caption
        return read(message=API.message(42, **content))

    def texts(*items: Incoming) -> list[str]:
        return [i.inbound.text for i in merge_albums(items) if i.inbound is not None]

    assert texts(picture("1"), picture("1"), picture("1")) == ["[photo en]"]
    assert texts(picture("1"), picture("1", "look"), picture("1")) == ["[photo en] look"]
    assert texts(picture("1", "a"), picture("1", "b")) == ["[photo en] a", "[photo en] b"]
    assert texts(picture("1"), picture("2"), picture(None)) == ["[photo en]"] * 3
    first, second = picture("1"), picture("1")
    assert isinstance(first.inbound, InboundMessage)
    assert isinstance(second.inbound, InboundMessage)
    assert first.inbound.external_id == second.inbound.external_id
