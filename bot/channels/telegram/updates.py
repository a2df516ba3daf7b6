"""What a Telegram update means to us. Pure: `telegram.Update` in, `Incoming` out.

Nothing a customer sends in a private chat is met with silence: what is no text becomes an honest
placeholder in the customer's language. Groups are told once that the bot talks in private.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from telegram import CallbackQuery, ChatMemberUpdated, Message, Update, User
from telegram.constants import ChatMemberStatus, ChatType

from bot.inbox.inbound import InboundEdit, InboundMessage
from bot.kit.locales import match_locale

CHANNEL = "telegram"
ALLOWED_UPDATES = ("message", "edited_message", "callback_query", "my_chat_member")
"""Asked for by name each time: Telegram remembers an older list otherwise."""
COMMANDS = {
    "start": "start",
    "help": "help",
    "ajuda": "help",
    "ayuda": "help",
    "human": "human",
    "person": "human",
    "pessoa": "human",
    "persona": "human",
    "atendente": "human",
    "agent": "human",
    "agente": "human",
    "status": "status",
    "ticket": "status",
    "transcript": "transcript",
    "conversa": "transcript",
    "conversacion": "transcript",
    "language": "language",
    "lang": "language",
    "idioma": "language",
}
"""What customers may type, and `InboundMessage.command` for it; any other "/word" is plain text."""
PLACEHOLDERS = {
    # An animation comes with a document, a venue with a location: the more telling one first.
    "photo": "telegram_photo",
    "animation": "telegram_animation",
    "video": "telegram_video",
    "video_note": "telegram_video",
    "voice": "telegram_voice",
    "audio": "telegram_audio",
    "document": "telegram_document",
    "sticker": "telegram_sticker",
    "venue": "telegram_location",
    "location": "telegram_location",
    "contact": "telegram_contact",
    "poll": "telegram_poll",
    "dice": "telegram_other",
    "game": "telegram_other",
    "story": "telegram_other",
    "paid_media": "telegram_other",
    "checklist": "telegram_other",
    "invoice": "telegram_other",
}
"""Attribute of a message, and the bot text that stands for it, e.g. "[photo]"."""
TEXT_KEYS = frozenset(PLACEHOLDERS.values()) | {"telegram_private_only", "telegram_old_button"}

_COMMAND = re.compile(r"/([A-Za-z0-9_]{1,32})(?:@[A-Za-z0-9_]+)?(?=\s|$)")
_GROUPS = frozenset({ChatType.GROUP, ChatType.SUPERGROUP})
_OUTSIDE = frozenset({ChatMemberStatus.LEFT, ChatMemberStatus.BANNED})

BotText = Callable[[str, str], str]
"""(key, locale) to text."""


@dataclass(frozen=True, slots=True)
class Press:
    """A button was pressed; Telegram's app shows a spinner until it is answered."""

    id: str
    label: str | None
    locale: str


@dataclass(frozen=True, slots=True)
class Reach:
    """A customer blocked the bot or let it in again."""

    chat_id: int
    reachable: bool


@dataclass(frozen=True, slots=True)
class Group:
    """A group in which somebody wants something of the bot."""

    chat_id: int
    locale: str


@dataclass(frozen=True, slots=True)
class Incoming:
    """One update, understood. With nothing set but `ignored` there is nothing to store."""

    update_id: int
    inbound: InboundMessage | InboundEdit | None = None
    press: Press | None = None
    reach: Reach | None = None
    group: Group | None = None
    album: str | None = None
    """Pictures sent together arrive as one update each, with this id in common."""
    ignored: str | None = None
    """Why there is nothing to do, for the log."""


@dataclass(frozen=True, slots=True)
class Reader:
    """Understands the updates of one bot account."""

    account: str
    """The bot's id."""
    default_locale: str
    text: BotText

    def read(self, update: Update) -> Incoming:
        """Tell what `update` means."""
        number = update.update_id
        if update.message is not None:
            return self._read_message(number, update.message)
        if update.edited_message is not None:
            return self._read_edit(number, update.edited_message)
        if update.callback_query is not None:
            return self._read_press(number, update.callback_query)
        if update.my_chat_member is not None:
            return self._read_membership(number, update.my_chat_member)
        return Incoming(number, ignored="not asked for")

    def _read_message(self, number: int, message: Message) -> Incoming:
        user = message.from_user
        if user is not None and user.is_bot:
            return Incoming(number, ignored="from a bot")
        if message.chat.type in _GROUPS:
            return Incoming(number, group=Group(message.chat.id, self._locale(user)))
        if message.chat.type != ChatType.PRIVATE:
            return Incoming(number, ignored=f"in a {message.chat.type}")
        text = self._text_of(message)
        if text is None:
            return Incoming(number, ignored="service message")
        inbound = self._inbound(
            message.chat.id,
            user,
            external_id=self._message_id(message),
            text=text,
            command=_command(message.text),
        )
        return Incoming(number, inbound=inbound, album=message.media_group_id)

    def _read_edit(self, number: int, message: Message) -> Incoming:
        if message.chat.type != ChatType.PRIVATE:
            return Incoming(number, ignored=f"edit in a {message.chat.type}")
        if message.location is not None:
            return Incoming(number, ignored="live location moved")
        text = self._text_of(message)
        if text is None:
            return Incoming(number, ignored="edited service message")
        edit = InboundEdit(
            channel=CHANNEL,
            contact_external_id=str(message.chat.id),
            external_id=self._message_id(message),
            text=text,
        )
        return Incoming(number, inbound=edit)

    def _read_press(self, number: int, query: CallbackQuery) -> Incoming:
        chat = query.message.chat if query.message is not None else None
        label = _label_of(query)
        press = Press(query.id, label, self._locale(query.from_user))
        if chat is not None and chat.type != ChatType.PRIVATE:
            return Incoming(number, press=press, ignored=f"press in a {chat.type}")
        if not query.data:
            return Incoming(number, press=press, ignored="press without data")
        inbound = self._inbound(
            chat.id if chat is not None else query.from_user.id,
            query.from_user,
            external_id=f"{CHANNEL}:{self.account}:c{query.id}",
            text=label or "",
            choice_id=query.data,
        )
        return Incoming(number, inbound=inbound, press=press)

    def _read_membership(self, number: int, change: ChatMemberUpdated) -> Incoming:
        outside = change.new_chat_member.status in _OUTSIDE
        if change.chat.type == ChatType.PRIVATE:
            return Incoming(number, reach=Reach(change.chat.id, reachable=not outside))
        came = change.old_chat_member.status in _OUTSIDE and not outside
        if change.chat.type in _GROUPS and came:
            return Incoming(number, group=Group(change.chat.id, self._locale(change.from_user)))
        return Incoming(number, ignored="membership")

    def _message_id(self, message: Message) -> str:
        """Name a message so that a second arrival and a later edit find it.

        Not by update id: an edit is an update of its own, and after a quiet week the numbers start
        anew. The pictures of an album share one name, all but those with a text of their own.
        """
        album = message.media_group_id if not message.caption else None
        own = f"g{album}" if album else str(message.message_id)
        return f"{CHANNEL}:{self.account}:{message.chat.id}:{own}"

    def _inbound(
        self,
        chat_id: int,
        user: User | None,
        *,
        external_id: str,
        text: str,
        choice_id: str | None = None,
        command: str | None = None,
    ) -> InboundMessage:
        return InboundMessage(
            channel=CHANNEL,
            contact_external_id=str(chat_id),
            external_id=external_id,
            text=text,
            choice_id=choice_id,
            display_name=" ".join(user.full_name.split())[:200] or None if user else None,
            locale=user.language_code if user else None,
            address={"chat_id": chat_id},
            command=command,
        )

    def _text_of(self, message: Message) -> str | None:
        """Return what the transcript shows; None for what no customer wrote (pinned, joined …)."""
        if message.text is not None:
            return message.text
        for attribute, key in PLACEHOLDERS.items():
            if getattr(message, attribute, None):
                parts = [self.text(key, self._locale(message.from_user))]
                if detail := _detail(message, attribute):
                    parts.append(detail)
                if message.caption:
                    parts.append(message.caption)
                return " ".join(parts)
        return None

    def _locale(self, user: User | None) -> str:
        return match_locale(user.language_code if user else None, default=self.default_locale)


def merge_albums(incoming: Sequence[Incoming]) -> list[Incoming]:
    """Leave one message of each album that arrived in one batch: that with the text, or the first.

    Telegram sends no end mark, and an answer to every single picture would be a nuisance.
    """
    best: dict[str, int] = {}
    for index, item in enumerate(incoming):
        if item.album and (item.album not in best or _has_own_text(item)):
            first = best.get(item.album)
            if first is None or not _has_own_text(incoming[first]):
                best[item.album] = index
    result = []
    for index, item in enumerate(incoming):
        if item.album and best[item.album] != index and not _has_own_text(item):
            item = replace(item, inbound=None, ignored="part of an album")
        result.append(item)
    return result


def _has_own_text(item: Incoming) -> bool:
    return item.inbound is not None and ":g" not in item.inbound.external_id


def _command(text: str | None) -> str | None:
    match = _COMMAND.match(text or "")
    return COMMANDS.get(match.group(1).lower()) if match else None


def _label_of(query: CallbackQuery) -> str | None:
    markup = getattr(query.message, "reply_markup", None)
    for row in markup.inline_keyboard if markup is not None else ():
        for button in row:
            if button.callback_data == query.data:
                return str(button.text)
    return None


def _detail(message: Message, attribute: str) -> str | None:
    """Return the little that helps an agent and is certain, e.g. the name of a file."""
    match attribute:
        case "document":
            return message.document.file_name if message.document else None
        case "sticker":
            return message.sticker.emoji if message.sticker else None
        case "venue":
            return f"{message.venue.title}, {message.venue.address}" if message.venue else None
        case "location":
            spot = message.location
            return f"{spot.latitude:.5f}, {spot.longitude:.5f}" if spot else None
        case "contact":
            person = message.contact
            return f"{person.first_name} {person.phone_number}" if person else None
        case "poll":
            return message.poll.question if message.poll else None
        case "dice":
            return message.dice.emoji if message.dice else None
        case _:
            return None
