"""The widget's JSON, as fixed by the public interface. Pure."""

from collections.abc import Callable
from datetime import datetime
from typing import Any, Literal

from pydantic import Field

from bot.conversations.conversation import Author, Message, Owner
from bot.kit.web import Model


class NewSession(Model):
    """Start of a conversation."""

    locale: str | None = Field(default=None, max_length=35)
    identity: str | None = Field(default=None, max_length=8_000)


class SessionAnswer(Model):
    """The visitor's session."""

    session_token: str
    conversation_id: str
    last_seq: int


class NewMessage(Model):
    """A text, or a pressed button; `client_id` is a UUID of the client's making."""

    client_id: str = Field(max_length=64)
    text: str | None = None
    choice: str | None = Field(default=None, max_length=64)


class Accepted(Model):
    """The message is stored."""

    id: str
    seq: int


class ReadQuery(Model):
    """What to read: everything above `after`, waiting up to `wait` seconds for it."""

    after: int = Field(default=0, ge=0)
    wait: float = Field(default=0, ge=0, le=25)


class PublicChoice(Model):
    """A button."""

    id: str
    label: str


class PublicMessage(Model):
    """One message as customers see it; the text is Markdown of a small safe subset."""

    id: str
    seq: int
    author: Literal["customer", "bot", "agent", "system"]
    author_name: str | None = None
    text: str
    choices: list[PublicChoice] | None = None
    attachments: list[dict[str, Any]] | None = None
    created_at: str
    client_id: str | None = None
    """The id a widget gave its own message, so that other tabs recognise it."""


class Messages(Model):
    """Messages above `after`, in order."""

    messages: list[PublicMessage]
    owner: Literal["bot", "queue", "agent"]
    last_seq: int


def instant(value: datetime) -> str:
    """Return an instant as RFC 3339 in UTC."""
    return value.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def public_message(message: Message, *, render_links: Callable[[str], str]) -> dict[str, Any]:
    """Return what a customer may see of a message."""
    result: dict[str, Any] = {
        "id": message.id,
        "seq": message.seq,
        "author": message.author.value,
        "text": message.text if message.author is Author.CUSTOMER else render_links(message.text),
        "created_at": instant(message.created_at),
    }
    if message.author is Author.CUSTOMER and (message.external_id or "").startswith("web:"):
        result["client_id"] = (message.external_id or "").rsplit(":", 1)[1]
    if message.author_name:
        result["author_name"] = message.author_name
    if message.choices:
        result["choices"] = [{"id": c["id"], "label": c["label"]} for c in message.choices]
    if message.attachments:
        result["attachments"] = list(message.attachments)
    return result


def page(
    messages: list[Message], *, owner: Owner, last_seq: int, render_links: Callable[[str], str]
) -> dict[str, Any]:
    """Return the answer to a read."""
    return {
        "messages": [public_message(m, render_links=render_links) for m in messages],
        "owner": owner.value,
        "last_seq": last_seq,
    }
