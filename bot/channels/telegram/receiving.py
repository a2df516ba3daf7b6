"""From raw updates to stored messages: one transaction, then the courtesies, which may fail.

Polling hands over a batch with the offset behind it, the webhook one update. Both go on only after
the commit; button spinners and notes to groups come last.
"""

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from typing import Any, Protocol

import structlog
from telegram import Update
from telegram.error import TelegramError

from bot.channels.telegram import repository
from bot.channels.telegram.client import Client, explain
from bot.channels.telegram.updates import Group, Incoming, Press, Reader, merge_albums
from bot.conversations import repository as conversations
from bot.inbox.inbound import InboundEdit, InboundMessage
from bot.kit.clock import Clock
from bot.kit.db import Database, Tx
from bot.kit.errors import Unavailable

log = structlog.get_logger(__name__)
AFTERWARDS_SECONDS = 5.0
"""Longest try at an answer that is only a courtesy."""
TOAST_CHARACTERS = 200


class Inbox(Protocol):
    """What receives messages (`bot.inbox.intake.Intake`)."""

    async def receive_many(
        self,
        batch: list[InboundMessage | InboundEdit],
        /,
        *,
        also: Callable[[Tx], None] | None = None,
    ) -> object:
        """Store all of `batch`, and what `also` does, in one transaction."""
        ...


class Receiver:
    """Takes updates of one bot account in."""

    def __init__(
        self, *, client: Client, reader: Reader, db: Database, inbox: Inbox, clock: Clock
    ) -> None:
        self._client = client
        self._reader = reader
        self._db = db
        self._inbox = inbox
        self._clock = clock
        self._afterwards: set[asyncio.Task[None]] = set()

    async def take(self, raw: Sequence[dict[str, Any]], *, polled: bool) -> None:
        """Store updates; returns after the commit.

        Args:
            raw: as they came from Telegram.
            polled: whether the offset behind the batch is to be stored with it.

        Raises:
            Unavailable: the store can't be used; nothing was stored.
        """
        incoming = merge_albums([self._read(update) for update in raw])
        try:
            await self._store(incoming, polled=polled)
        except Unavailable:
            raise
        except Exception as error:
            if not polled:
                raise
            # One message that can't be stored must not stop all the others for ever.
            log.error("telegram.batch_failed", updates=len(incoming), error=type(error).__name__)
            await self._store_one_by_one(incoming)

    async def close(self) -> None:
        """Give the courtesies under way a moment, then drop them."""
        if self._afterwards:
            _, late = await asyncio.wait(list(self._afterwards), timeout=1.0)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)

    def _read(self, raw: dict[str, Any]) -> Incoming:
        number = int(raw["update_id"])
        try:
            return self._reader.read(Update.de_json(raw, self._client))
        except (TelegramError, AttributeError, KeyError, TypeError, ValueError) as error:
            # Something new in the Bot API: the names of the members tell what, no text is logged.
            log.error(
                "telegram.update_unreadable",
                update_id=number,
                members=sorted(raw),
                error=type(error).__name__,
            )
            return Incoming(number, ignored="unreadable")

    async def _store_one_by_one(self, incoming: Sequence[Incoming]) -> None:
        for item in incoming:
            try:
                await self._store([item], polled=True)
            except Unavailable:
                raise
            except Exception:
                log.exception("telegram.update_dropped", update_id=item.update_id)
                await self._store(
                    [Incoming(item.update_id, press=item.press, ignored="dropped")], polled=True
                )

    async def _store(self, incoming: Sequence[Incoming], *, polled: bool) -> None:
        new_groups: list[Group] = []
        refused: set[str] = set()

        def also(tx: Tx) -> None:
            new_groups.clear()  # a step may be run again when the connection was lost
            refused.clear()
            now = self._clock.now()
            account = self._reader.account
            for item in incoming:
                if item.reach is not None:
                    repository.set_reachable(
                        tx, item.reach.chat_id, reachable=item.reach.reachable, now=now
                    )
                if item.press is not None and not _is_stored(tx, item):
                    refused.add(item.press.id)
                if item.group is not None and repository.note_group(
                    tx, account, item.group.chat_id, now=now
                ):
                    new_groups.append(item.group)
            if polled:
                offset = max(item.update_id for item in incoming) + 1
                repository.save_offset(tx, account, next_offset=offset, now=now)

        batch = [item.inbound for item in incoming if item.inbound is not None]
        if batch:
            await self._inbox.receive_many(batch, also=also)
        else:
            await self._db.write(also)
        for item in incoming:
            if item.ignored is not None:
                log.debug("telegram.ignored", update_id=item.update_id, why=item.ignored)
            if item.press is not None:
                self._later(self._answer(item.press, known=item.press.id not in refused))
        for group in new_groups:
            self._later(self._tell(group))

    def _later(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(self._try(work))
        self._afterwards.add(task)
        task.add_done_callback(self._afterwards.discard)

    async def _try(self, work: Coroutine[Any, Any, None]) -> None:
        try:
            async with asyncio.timeout(AFTERWARDS_SECONDS):
                await work
        except (TelegramError, TimeoutError) as error:
            log.info("telegram.courtesy_failed", error=explain(error, self._client.token))

    async def _answer(self, press: Press, *, known: bool) -> None:
        """Stop the button's spinner; a short notice shows what was chosen, or that it is old."""
        toast: str | None = None
        if not known:
            toast = self._reader.text("telegram_old_button", press.locale)
        elif press.label:
            toast = f"✓ {press.label}"
        await self._client.answer_callback_query(
            press.id, text=toast[:TOAST_CHARACTERS] if toast else None
        )

    async def _tell(self, group: Group) -> None:
        text = self._reader.text("telegram_private_only", group.locale)
        await self._client.send_message(group.chat_id, text)


def _is_stored(tx: Tx, item: Incoming) -> bool:
    """Tell whether the inbox took the press: it leaves out buttons it does not know any more."""
    if not isinstance(item.inbound, InboundMessage):
        return False
    return conversations.find_by_external_id(tx.conn, item.inbound.external_id) is not None
