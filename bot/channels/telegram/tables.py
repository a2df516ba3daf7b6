"""How far a bot's updates were taken, and which groups were told that it answers in private."""

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from bot.kit.db import Base, UtcDateTime


class TelegramOffsetRow(Base):
    """Where polling goes on; written in the transaction that stores the updates before it."""

    __tablename__ = "telegram_offsets"

    account: Mapped[str] = mapped_column(sa.String(20), primary_key=True)
    """The bot's id: the number in front of the colon of its token."""
    next_offset: Mapped[int] = mapped_column(sa.BigInteger)
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime)


class TelegramGroupRow(Base):
    """A group that was told once that the bot talks in private chats only."""

    __tablename__ = "telegram_groups"

    account: Mapped[str] = mapped_column(sa.String(20), primary_key=True)
    chat_id: Mapped[int] = mapped_column(sa.BigInteger, primary_key=True, autoincrement=False)
    told_at: Mapped[datetime] = mapped_column(UtcDateTime)
