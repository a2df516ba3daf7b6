"""The only SQL on Telegram's own tables, and on whether a Telegram customer can be reached."""

from datetime import datetime, timedelta

import sqlalchemy as sa

from bot.channels.telegram.tables import TelegramGroupRow, TelegramOffsetRow
from bot.conversations import repository as conversations
from bot.kit.db import Tx, insert_ignore

CHANNEL = "telegram"
OFFSET_GOOD_FOR = timedelta(days=6)
"""After a quiet week updates are numbered anew at random (core.telegram.org/bots/api#update)."""


def find_offset(conn: sa.Connection, account: str, *, now: datetime) -> int | None:
    """Return where polling goes on; None when nothing is stored or the numbers may have changed.

    Without an offset Telegram sends everything unconfirmed again, which costs nothing: what is
    stored already is found by its external id.
    """
    row = conn.execute(
        sa.select(TelegramOffsetRow.next_offset, TelegramOffsetRow.updated_at).where(
            TelegramOffsetRow.account == account
        )
    ).one_or_none()
    if row is None or now - row.updated_at > OFFSET_GOOD_FOR:
        return None
    return int(row.next_offset)


def save_offset(tx: Tx, account: str, *, next_offset: int, now: datetime) -> None:
    """Record that everything below `next_offset` is stored (by this very transaction)."""
    values = {"next_offset": next_offset, "updated_at": now}
    done = tx.conn.execute(
        sa.update(TelegramOffsetRow).where(TelegramOffsetRow.account == account).values(values)
    )
    if done.rowcount == 0:
        tx.conn.execute(
            insert_ignore(TelegramOffsetRow, tx.conn.dialect.name).values(account=account, **values)
        )


def note_group(tx: Tx, account: str, chat_id: int, *, now: datetime) -> bool:
    """Return True the first time only: the group may be told."""
    done = tx.conn.execute(
        insert_ignore(TelegramGroupRow, tx.conn.dialect.name).values(
            account=account, chat_id=chat_id, told_at=now
        )
    )
    return bool(done.rowcount == 1)


def set_reachable(tx: Tx, chat_id: int, *, reachable: bool, now: datetime) -> None:
    """Note that a customer blocked the bot, or let it in again; strangers are passed over."""
    conversation = conversations.find_by_contact(tx.conn, CHANNEL, str(chat_id))
    if conversation is not None:
        conversations.set_unreachable(tx, conversation.id, None if reachable else now)
