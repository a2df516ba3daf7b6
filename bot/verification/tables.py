"""The mapped tables of one-time codes and one-time links. Neither holds the secret itself."""

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from bot.kit.db import Base, UtcDateTime


class CodeRow(Base):
    """One mailed code: for whom, for what, and how often somebody tried."""

    __tablename__ = "verification_codes"
    __table_args__ = (
        sa.Index("ix_verification_codes_limits", "kind", "subject", "created_at"),
        sa.Index("ix_verification_codes_conversation", "conversation_id", "created_at"),
    )

    id: Mapped[str] = mapped_column(sa.String(36), primary_key=True)
    turn_id: Mapped[str] = mapped_column(sa.String(64), unique=True)
    """The turn that asked for it: the same turn again makes no second code."""
    conversation_id: Mapped[str] = mapped_column(sa.String(36))
    kind: Mapped[str] = mapped_column(sa.String(10))
    subject: Mapped[str] = mapped_column(sa.String(254))
    """Order number or address, as asked for; it need not exist."""
    email: Mapped[str | None] = mapped_column(sa.String(254))
    """Where the code went; NULL when the subject is unknown, and then no code ever matches."""
    digest: Mapped[str] = mapped_column(sa.String(64))
    tries: Mapped[int] = mapped_column(sa.Integer)
    state: Mapped[str] = mapped_column(sa.String(12))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)
    passed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    used_by_turn: Mapped[str | None] = mapped_column(sa.String(64))
    """The turn that used the proof; a proof is good for one turn."""


class CodeTryRow(Base):
    """What came of a message with a code, so that the same message again gets the same answer."""

    __tablename__ = "verification_tries"

    message_id: Mapped[str] = mapped_column(sa.String(64), primary_key=True)
    conversation_id: Mapped[str] = mapped_column(sa.String(36), index=True)
    code_id: Mapped[str | None] = mapped_column(sa.String(36))
    outcome: Mapped[str] = mapped_column(sa.String(10))
    tries_left: Mapped[int] = mapped_column(sa.Integer)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)


class ResetLinkRow(Base):
    """One link to the page that sets a new password."""

    __tablename__ = "reset_links"

    id: Mapped[str] = mapped_column(sa.String(36), primary_key=True)
    turn_id: Mapped[str] = mapped_column(sa.String(64), unique=True)
    conversation_id: Mapped[str] = mapped_column(sa.String(36), index=True)
    account_id: Mapped[str] = mapped_column(sa.String(64))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)
    reserved_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """While a form is being handled; ends by itself when the process dies meanwhile."""
    used_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
