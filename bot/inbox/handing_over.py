"""Opens the ticket of a turn that the bot could not finish, with all that the turn found out."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from bot.conversations import repository
from bot.conversations.conversation import Conversation
from bot.kit.db import Tx
from handoff.pack import Identity, PackInput, collect
from handoff.service import Desk
from handoff.ticket import Reason


class TurnHandOff:
    """What the turn worker needs of the desk."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def open_for_turn(
        self,
        tx: Tx,
        *,
        conversation: Conversation,
        reason: str,
        turn_id: str,
        question: str,
        decision: dict[str, Any] | None,
        now: datetime,
    ) -> None:
        """Open a ticket once per turn, tell the customer, and change the owner."""
        messages = repository.list_messages(
            tx.conn, conversation.id, after=max(0, conversation.last_seq - 200)
        )
        current = next((m for m in messages if m.id == turn_id), None)
        given = (
            collect(messages, current=(current, decision or {}))
            if current is not None
            else collect(messages)
        )
        contact = repository.find_contact(tx.conn, conversation.contact_id)
        self._desk.open_ticket(
            tx,
            conversation=conversation,
            reason=Reason(reason),
            turn_id=turn_id,
            pack_facts=_with_identity(given, contact),
            topic=None,
            now=now,
        )


def _with_identity(pack: PackInput, contact: Mapping[str, Any] | None) -> PackInput:
    if pack.identity is not None or not contact or not contact.get("verified_as"):
        return pack
    return replace(
        pack,
        identity=Identity(
            verified=True, how=contact.get("verified_how"), email=contact.get("verified_as")
        ),
    )
