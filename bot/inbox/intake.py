"""Takes messages in: one transaction, then the channel gets its acknowledgement.

What arrives twice is found by its channel id and answered as the first time. Codes are masked here,
before anything is stored.
"""

import hashlib
import hmac
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Protocol

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from bot.conversations import repository
from bot.conversations.conversation import (
    Author,
    Conversation,
    Draft,
    Message,
    Owner,
    TurnState,
)
from bot.inbox.inbound import InboundEdit, InboundMessage
from bot.inbox.turn import is_new_session
from bot.kit.clock import Clock
from bot.kit.db import Database, Tx
from bot.kit.errors import Conflict, Invalid, NotFound, RateLimited, Unavailable
from bot.kit.locales import match_locale
from bot.kit.text import clean_text, is_blank
from handoff.informing.asides import is_tap

MAX_STORED = 8_000
"""More than any channel delivers (Telegram: 4,096); what is above is cut."""
MAX_PENDING = 10
"""Unanswered messages of one conversation that are queued up; then the sender is asked to wait."""
MASK_AFTER_EXPIRY = timedelta(hours=1)
"""A code typed too late is still masked for so long."""


class CodeCatcher(Protocol):
    """Finds one-time codes in what customers type."""

    def capture(self, text: str) -> tuple[str, dict[str, str]] | None:
        """Return (text with the code masked, digest of the code), or None when there is none."""
        ...


class DeskPort(Protocol):
    """Who is told when a customer writes to a person."""

    def customer_wrote(
        self, tx: Tx, conversation: Conversation, message: Message, now: datetime
    ) -> object:
        """Note the message on the conversation's ticket."""
        ...

    def customer_edited(self, tx: Tx, message: Message) -> object:
        """Let whoever has the conversation's ticket see that the message was changed."""
        ...


class TranscriptsPort(Protocol):
    """Who mails a customer their conversation."""

    def customer_said(
        self, tx: Tx, conversation: Conversation, message: Message, now: datetime
    ) -> bool:
        """Answer a message that is about that, and return True; False: it is about something else."""
        ...


@dataclass(frozen=True, slots=True)
class Received:
    """A message that is stored now, or was before."""

    message: Message
    conversation: Conversation
    duplicate: bool
    alone: bool = False
    """No earlier message of the conversation waited when this one came."""


class Intake:
    """Stores what customers send and wakes whoever answers."""

    def __init__(
        self,
        db: Database,
        clock: Clock,
        *,
        desk: DeskPort,
        codes: CodeCatcher,
        wake: Callable[[str, tuple[Conversation, Message] | None], None],
        key: bytes,
        transcripts: TranscriptsPort | None = None,
        default_locale: str = "pt-BR",
    ) -> None:
        self._db = db
        self._clock = clock
        self._desk = desk
        self._codes = codes
        self._wake = wake
        self._key = key
        self._transcripts = transcripts
        self._default_locale = default_locale

    async def receive(
        self, inbound: InboundMessage, also: Callable[[Tx], None] | None = None
    ) -> Received:
        """Store one message; returns after the commit.

        Raises:
            Invalid: the text is blank, or the same id came with another text (`id_reused`).
            NotFound: the conversation of a web session is gone.
            RateLimited: too many messages of this conversation wait for an answer.
            Unavailable: the store can't be used; nothing was saved.
        """

        def step(tx: Tx) -> Received:
            received = self._store(tx, inbound, strict=True)
            if also is not None:
                also(tx)
            return received

        try:
            received = await self._db.write(step)
        except IntegrityError:
            # Nearly every message is new, so repeats are not looked for before but found here.
            return await self._db.read(lambda conn: self._known(conn, inbound))
        self._wake_for(received)
        return received

    def _known(self, conn: sa.Connection, inbound: InboundMessage) -> Received:
        found = self._find_known(conn, inbound)
        if found is None:
            raise Unavailable("The message could not be stored; please try again.")
        return found

    def _find_known(self, conn: sa.Connection, inbound: InboundMessage) -> Received | None:
        known = repository.find_by_external_id(conn, inbound.external_id)
        if known is None:
            return None
        message, stored_hash = known
        if stored_hash is not None and stored_hash != hash_body(inbound, self._key):
            raise Invalid("This client_id was used for another message already.", code="id_reused")
        conversation = repository.get_conversation(conn, message.conversation_id)
        return Received(message, conversation, duplicate=True)

    async def receive_many(
        self,
        items: Sequence[InboundMessage | InboundEdit],
        also: Callable[[Tx], None] | None = None,
    ) -> list[Received]:
        """Store a whole batch and `also` (a channel's offset) in one transaction.

        A single item that can't be used is left out: it must not hold up the batch for ever.
        """

        def step(tx: Tx) -> list[Received]:
            stored = []
            for item in items:
                try:
                    if isinstance(item, InboundEdit):
                        self._edit(tx, item)
                    else:
                        stored.append(self._store(tx, item, strict=False))
                except (Invalid, NotFound, Conflict):
                    continue
            if also is not None:
                also(tx)
            return stored

        try:
            stored = await self._db.write(step)
        except IntegrityError:
            # Another gateway stored one of them at the same moment: now it is found.
            stored = await self._db.write(step)
        for received in stored:
            self._wake_for(received)
        return stored

    def _wake_for(self, received: Received) -> None:
        if not received.duplicate and received.message.turn_state is TurnState.PENDING:
            ready = (received.conversation, received.message) if received.alone else None
            self._wake(received.conversation.id, ready)

    def _store(self, tx: Tx, inbound: InboundMessage, *, strict: bool) -> Received:
        now = self._clock.now()
        if not strict:
            # A batch is one transaction, which a repeated id would end.
            known = self._find_known(tx.conn, inbound)
            if known is not None:
                return known
        # Locked: whose message it is must not change between here and the insert, or a hand-off or a
        # resolved ticket in between would leave it to nobody.
        found = repository.find_for_intake(tx.conn, self._conversation_id(tx, inbound, now))
        if found is None:
            raise NotFound("There is no such conversation.")
        conversation, pending, last_said_at = found
        to_bot = conversation.owner is Owner.BOT
        if strict and to_bot and pending >= MAX_PENDING:
            known = self._find_known(tx.conn, inbound)
            if known is not None:
                return known
            raise RateLimited(
                "Your earlier messages are still being answered. One moment, please.",
                retry_after_seconds=1,
            )
        text, payload = self._text_and_payload(tx, inbound, conversation, now)
        if pending == 0 and is_new_session(conversation, last_said_at=last_said_at, now=now):
            repository.begin_session(tx, conversation.id)
            conversation = replace(conversation, episode=conversation.episode + 1)
        # Whoever waits in line is answered by the code, and so is a tap on a rating at any time.
        tapped = is_tap(payload)
        answered = tapped or conversation.owner is not Owner.AGENT
        stored = repository.append(
            tx,
            conversation.id,
            [
                Draft(
                    author=Author.CUSTOMER,
                    text=text,
                    payload=payload or None,
                    external_id=inbound.external_id,
                    body_hash=hash_body(inbound, self._key),
                    turn_state=TurnState.PENDING if answered else None,
                )
            ],
            now=now,
        )
        if not stored:
            raise NotFound("There is no such conversation.")
        message = stored[0]
        if not to_bot and not tapped:
            self._desk.customer_wrote(tx, conversation, message, now)
        if self._transcripts is not None and self._transcripts.customer_said(
            tx, conversation, message, now
        ):
            repository.end_turn(tx, message.id, state=TurnState.DONE)
            message = replace(message, turn_state=TurnState.DONE)
        return Received(message, conversation, duplicate=False, alone=pending == 0)

    def _conversation_id(self, tx: Tx, inbound: InboundMessage, now: datetime) -> str:
        if inbound.conversation_id is not None:
            return inbound.conversation_id
        found = repository.find_by_contact(tx.conn, inbound.channel, inbound.contact_external_id)
        if found is not None:
            if inbound.address and inbound.address != found.address:
                repository.set_address(tx, found.id, dict(inbound.address))
            return found.id
        contact_id = repository.open_contact(
            tx,
            channel=inbound.channel,
            external_id=inbound.contact_external_id,
            display_name=inbound.display_name,
            now=now,
        )
        # Another gateway may just have stored this contact's first message; it has committed by now.
        found = repository.find_by_contact(tx.conn, inbound.channel, inbound.contact_external_id)
        if found is not None:
            return found.id
        return repository.open_conversation(
            tx,
            contact_id=contact_id,
            channel=inbound.channel,
            locale=match_locale(inbound.locale, default=self._default_locale),
            address=dict(inbound.address),
            now=now,
        ).id

    def _text_and_payload(
        self, tx: Tx, inbound: InboundMessage, conversation: Conversation, now: datetime
    ) -> tuple[str, dict[str, Any]]:
        payload: dict[str, Any] = {}
        if inbound.command:
            payload["command"] = inbound.command
        if inbound.choice_id is not None:
            choice = repository.find_choice(tx.conn, conversation.id, inbound.choice_id)
            if choice is None:
                raise Invalid("This button is not of this conversation.", code="unknown_choice")
            payload["intent"] = choice["intent"]
            payload["entities"] = choice.get("entities") or {}
            return choice["label"], payload
        text = clean_text(inbound.text)[:MAX_STORED]
        if is_blank(text):
            raise Invalid("The message is empty.", code="empty")
        until = conversation.awaiting_code_until
        if until is not None and now < until + MASK_AFTER_EXPIRY:
            caught = self._codes.capture(text)
            if caught is not None:
                text, digest = caught
                payload.update(digest)
        return text, payload

    def _edit(self, tx: Tx, edit: InboundEdit) -> None:
        known = repository.find_by_external_id(tx.conn, edit.external_id)
        if known is None:
            return
        message, now = known[0], self._clock.now()
        text = clean_text(edit.text)[:MAX_STORED]
        until = repository.get_conversation(tx.conn, message.conversation_id).awaiting_code_until
        awaited = until is not None and now < until + MASK_AFTER_EXPIRY
        caught = self._codes.capture(text)
        if caught is not None and (awaited or (message.payload or {}).get("code_digest")):
            text = caught[0]
        if text and text != message.text:
            repository.edit_text(tx, message.id, text=text, now=now)
            self._desk.customer_edited(tx, message)
            tx.announce(f"conversation:{message.conversation_id}", {"seq": message.seq})


def hash_body(inbound: InboundMessage, key: bytes) -> str:
    """Return the digest by which a repeated id is told from a reused one. Pure.

    Keyed: the text may be a one-time code, and a bare hash of eight digits is quickly guessed.
    """
    body = json.dumps([inbound.text, inbound.choice_id], ensure_ascii=True)
    return hmac.new(key, body.encode(), hashlib.sha256).hexdigest()
