"""The mapped tables of contacts, conversations, messages and replies not yet delivered."""

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from bot.kit.db import Base, JsonColumn, UtcDateTime


class ContactRow(Base):
    """A person on one channel."""

    __tablename__ = "contacts"
    __table_args__ = (sa.UniqueConstraint("channel", "external_id"),)

    id: Mapped[str] = mapped_column(sa.String(36), primary_key=True)
    channel: Mapped[str] = mapped_column(sa.String(20))
    external_id: Mapped[str] = mapped_column(sa.String(128))
    display_name: Mapped[str | None] = mapped_column(sa.String(200))
    email: Mapped[str | None] = mapped_column(sa.String(254))
    verified_as: Mapped[str | None] = mapped_column(sa.String(254))
    """Account that a signed identity token or a mailed code proved; never what was only typed."""
    verified_how: Mapped[str | None] = mapped_column(sa.String(40))
    erased_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)


class ConversationRow(Base):
    """One contact's continuing thread."""

    __tablename__ = "conversations"

    id: Mapped[str] = mapped_column(sa.String(36), primary_key=True)
    contact_id: Mapped[str] = mapped_column(sa.ForeignKey("contacts.id"), index=True)
    channel: Mapped[str] = mapped_column(sa.String(20))
    address: Mapped[dict[str, Any]] = mapped_column(JsonColumn)
    locale: Mapped[str] = mapped_column(sa.String(10))
    locale_fixed: Mapped[bool] = mapped_column(sa.Boolean, default=False)
    """The customer asked for this language; detection no longer changes it."""
    owner: Mapped[str] = mapped_column(sa.String(10))
    owner_epoch: Mapped[int] = mapped_column(sa.Integer)
    episode: Mapped[int] = mapped_column(sa.Integer)
    last_seq: Mapped[int] = mapped_column(sa.Integer)
    ticket_id: Mapped[str | None] = mapped_column(sa.String(36))
    awaiting_code_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    unreachable_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    seen_seq: Mapped[int] = mapped_column(sa.Integer, server_default="0")
    """How far the customer has read, where the channel tells it."""
    lease_owner: Mapped[str | None] = mapped_column(sa.String(36))
    lease_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime)


class MessageRow(Base):
    """One stored utterance; customer messages with a `turn_state` of pending are the inbox."""

    __tablename__ = "messages"
    __table_args__ = (
        sa.UniqueConstraint("conversation_id", "seq"),
        sa.Index(
            "ix_messages_pending",
            "conversation_id",
            "seq",
            sqlite_where=sa.text("turn_state = 'pending'"),
            postgresql_where=sa.text("turn_state = 'pending'"),
        ),
        sa.Index(
            "ix_messages_decided",
            "created_at",
            sqlite_where=sa.text("decision IS NOT NULL"),
            postgresql_where=sa.text("decision IS NOT NULL"),
        ),
    )

    id: Mapped[str] = mapped_column(sa.String(36), primary_key=True)
    conversation_id: Mapped[str] = mapped_column(sa.ForeignKey("conversations.id"))
    seq: Mapped[int] = mapped_column(sa.Integer)
    author: Mapped[str] = mapped_column(sa.String(10))
    author_name: Mapped[str | None] = mapped_column(sa.String(200))
    staff_id: Mapped[str | None] = mapped_column(sa.String(36))
    text: Mapped[str] = mapped_column(sa.Text)
    choices: Mapped[list[dict[str, Any]] | None] = mapped_column(JsonColumn)
    attachments: Mapped[list[dict[str, Any]] | None] = mapped_column(JsonColumn)
    payload: Mapped[dict[str, Any] | None] = mapped_column(JsonColumn)
    decision: Mapped[dict[str, Any] | None] = mapped_column(JsonColumn)
    in_reply_to: Mapped[str | None] = mapped_column(sa.String(36))
    external_id: Mapped[str | None] = mapped_column(sa.String(160), unique=True)
    """Channel's own id with the channel in front; arriving twice finds the row already there."""
    body_hash: Mapped[str | None] = mapped_column(sa.String(64))
    turn_state: Mapped[str | None] = mapped_column(sa.String(10))
    turn_attempts: Mapped[int] = mapped_column(sa.Integer, default=0)
    delivery: Mapped[str | None] = mapped_column(sa.String(10))
    owner_epoch: Mapped[int] = mapped_column(sa.Integer)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    edited_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class MessageEditRow(Base):
    """What a message said before its author changed it; the message has the latest version."""

    __tablename__ = "message_edits"

    message_id: Mapped[str] = mapped_column(sa.ForeignKey("messages.id"), primary_key=True)
    n: Mapped[int] = mapped_column(sa.Integer, primary_key=True, autoincrement=False)
    """Counts the versions of the message from 1."""
    conversation_id: Mapped[str] = mapped_column(sa.ForeignKey("conversations.id"), index=True)
    text: Mapped[str] = mapped_column(sa.Text)
    written_at: Mapped[datetime] = mapped_column(UtcDateTime)


class OutboxRow(Base):
    """A reply that a channel must still be given; removed from the line when sent or given up."""

    __tablename__ = "outbox"
    __table_args__ = (
        sa.Index(
            "ix_outbox_due",
            "due_at",
            sqlite_where=sa.text("state = 'pending'"),
            postgresql_where=sa.text("state = 'pending'"),
        ),
    )

    id: Mapped[str] = mapped_column(sa.String(36), primary_key=True)
    conversation_id: Mapped[str] = mapped_column(sa.ForeignKey("conversations.id"), index=True)
    message_id: Mapped[str] = mapped_column(sa.ForeignKey("messages.id"))
    channel: Mapped[str] = mapped_column(sa.String(20))
    seq: Mapped[int] = mapped_column(sa.Integer)
    state: Mapped[str] = mapped_column(sa.String(10))
    attempts: Mapped[int] = mapped_column(sa.Integer)
    due_at: Mapped[datetime] = mapped_column(UtcDateTime)
    claimed_by: Mapped[str | None] = mapped_column(sa.String(36))
    claimed_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    external_id: Mapped[str | None] = mapped_column(sa.String(64))
    error: Mapped[str | None] = mapped_column(sa.String(200))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
