"""Telegram's way out: a stored message to Bot API calls, their errors to what the outbox knows."""

import asyncio
from collections.abc import Callable
from datetime import timedelta

import structlog
from telegram import InlineKeyboardButton, InlineKeyboardMarkup, LinkPreviewOptions
from telegram.constants import ChatAction, ParseMode
from telegram.error import (
    BadRequest,
    ChatMigrated,
    Forbidden,
    InvalidToken,
    NetworkError,
    RetryAfter,
    TelegramError,
)

from bot.channels.telegram.client import Client, explain, got_no_answer, never_sent
from bot.channels.telegram.render import Button, Part, render
from bot.conversations.conversation import Author, Conversation, Message
from bot.outbox.channel import RetryLater, Sent, Undeliverable, UnknownOutcome
from bot.outbox.pace import Pacer, Rate

log = structlog.get_logger(__name__)
MAX_IN_A_ROW = 8
"""So many buttons side by side are still wide enough for a thumb."""
EACH_CHAT = Rate(per_second=1.0, burst=3)
"""core.telegram.org/bots/faq: at most one message per second in a chat, short bursts allowed."""
ALL_CHATS = Rate(per_second=25.0, burst=25)
"""The same page: about 30 messages a second to everybody; some room is left for other calls."""
TYPING_SECONDS = 4.0
"""The app shows "typing" for 5 s (core.telegram.org/bots/api#sendchataction)."""
TYPING_LIMIT_SECONDS = 3.0
REMEMBERED = 500
"""Half-sent long messages kept in mind, so that a retry goes on behind the part that arrived."""

_GONE = ("chat not found", "user is deactivated", "peer_id_invalid", "user not found")


class TelegramSender:
    """A `bot.outbox.channel.ChannelSender`."""

    name = "telegram"

    def __init__(
        self, client: Client, *, render_links: Callable[[str], str], pacer: Pacer | None = None
    ) -> None:
        self._client = client
        self._render_links = render_links
        self._pacer = pacer or Pacer(each=EACH_CHAT, overall=ALL_CHATS)
        self._done: dict[str, int] = {}
        self._typed_at: dict[int, float] = {}

    @property
    def pacer(self) -> Pacer:
        """How fast Telegram takes messages."""
        return self._pacer

    async def send(self, message: Message, conversation: Conversation) -> Sent:
        """Send `message`; see `bot.outbox.channel.ChannelSender.send`."""
        chat_id = _chat_id(conversation)
        parts = render(
            self._render_links(message.text),
            choices=message.choices,
            author_name=message.author_name if message.author is Author.AGENT else None,
        )
        sent_id: int | None = None
        first = self._done.get(message.id, 0)
        for index in range(first, len(parts)):
            if index > first:
                await self._pacer.wait(conversation.id)
            last = index + 1 == len(parts)
            try:
                sent_id = await self._send_part(chat_id, parts[index])
            except UnknownOutcome as doubt:
                if last:
                    raise
                log.warning("telegram.part_unknown", message_id=message.id, reason=doubt.reason)
            if not last:
                self._remember(message.id, index + 1)
        self._done.pop(message.id, None)
        self._typed_at.pop(chat_id, None)
        return Sent(str(sent_id) if sent_id is not None else None)

    async def typing(self, conversation: Conversation) -> None:
        """Show "typing …" for 5 s; to be called again while the bot works. Never fails."""
        chat_id = _chat_id(conversation)
        now = asyncio.get_running_loop().time()
        if now - self._typed_at.get(chat_id, -TYPING_SECONDS) < TYPING_SECONDS:
            return
        if len(self._typed_at) > REMEMBERED:
            self._typed_at.clear()
        self._typed_at[chat_id] = now
        try:
            async with asyncio.timeout(TYPING_LIMIT_SECONDS):
                await self._client.send_chat_action(chat_id, ChatAction.TYPING)
        except (TelegramError, TimeoutError) as error:
            log.debug("telegram.typing_failed", error=type(error).__name__)

    def _remember(self, message_id: str, parts_done: int) -> None:
        if len(self._done) >= REMEMBERED:
            self._done.pop(next(iter(self._done)))
        self._done[message_id] = parts_done

    async def _send_part(self, chat_id: int, part: Part) -> int:
        try:
            return await self._call(chat_id, part, formatted=True)
        except BadRequest as error:
            if "can't parse entities" not in error.message.lower():
                raise self._refused(error) from error
            log.warning("telegram.html_refused", reason=explain(error, self._client.token))
        except TelegramError as error:
            raise self._problem(error) from error
        try:
            return await self._call(chat_id, part, formatted=False)
        except BadRequest as error:
            raise self._refused(error) from error
        except TelegramError as error:
            raise self._problem(error) from error

    async def _call(self, chat_id: int, part: Part, *, formatted: bool) -> int:
        message = await self._client.send_message(
            chat_id,
            part.html if formatted else part.plain,
            parse_mode=ParseMode.HTML if formatted else None,
            reply_markup=_keyboard(part.buttons),
            link_preview_options=LinkPreviewOptions(is_disabled=True),
        )
        return message.message_id

    def _refused(self, error: BadRequest) -> Undeliverable:
        gone = any(phrase in error.message.lower() for phrase in _GONE)
        return Undeliverable(explain(error, self._client.token), blocked=gone)

    def _problem(self, error: TelegramError) -> Exception:
        reason = explain(error, self._client.token)
        match error:
            case RetryAfter():
                return RetryLater(reason, seconds=_seconds(error))
            case Forbidden():
                return Undeliverable(reason, blocked=True)
            case ChatMigrated(new_chat_id=chat_id):
                return Undeliverable(reason, new_address={"chat_id": chat_id})
            case InvalidToken():
                return RetryLater("Telegram refuses the bot's token")
            case NetworkError() if got_no_answer(error) and not never_sent(error):
                return UnknownOutcome(reason)
            case TelegramError(message="Invalid server response"):
                return UnknownOutcome(reason)  # a 200 that can't be read
            case _:
                return RetryLater(reason)


def _keyboard(buttons: tuple[Button, ...]) -> InlineKeyboardMarkup | None:
    if not buttons:
        return None
    rows: list[list[InlineKeyboardButton]] = []
    short = False
    for button in buttons:
        # Scores stand side by side: one character each needs no row of its own.
        is_short = len(button.label) == 1
        key = InlineKeyboardButton(button.label, callback_data=button.data)
        if is_short and short and len(rows[-1]) < MAX_IN_A_ROW:
            rows[-1].append(key)
        else:
            rows.append([key])
        short = is_short
    return InlineKeyboardMarkup(rows)


def _seconds(error: RetryAfter) -> float:
    wait = error.retry_after
    return wait.total_seconds() if isinstance(wait, timedelta) else float(wait)


def _chat_id(conversation: Conversation) -> int:
    try:
        return int(conversation.address["chat_id"])
    except (KeyError, TypeError, ValueError):
        raise Undeliverable("the conversation has no Telegram chat") from None
