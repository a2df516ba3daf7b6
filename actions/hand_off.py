"""Opening a ticket from within a turn: who takes over, why, and what is known."""

from dataclasses import replace
from datetime import datetime
from typing import Any

from actions.action import Done, Result
from actions.context import ActionCall
from actions.services import ActionServices
from actions.topics import topic_of
from bot.conversations import repository as conversations
from bot.conversations.conversation import Author
from bot.kit.db import Tx
from bot.kit.errors import Conflict
from handoff.pack import Fact, PackInput
from handoff.ticket import Reason

RECENT_MESSAGES = 12
FACTS = ("order_number", "email")


async def hand_off(services: ActionServices, call: ActionCall, reason: Reason) -> Done:
    """Open a ticket, once per turn; the desk tells the customer, so the action says nothing.

    When a person has taken the conversation in the meantime, nothing is left to do.
    """
    now = services.clock.now()
    notices = await _notices(services, call)

    def step(tx: Tx) -> None:
        conversations.set_locale(tx, call.conversation_id, locale=call.locale, fixed=False)
        conversation = conversations.get_conversation(tx.conn, call.conversation_id)
        messages = conversations.list_messages(
            tx.conn, conversation.id, after=max(0, conversation.last_seq - RECENT_MESSAGES)
        )
        written = [m.text for m in reversed(messages) if m.author is Author.CUSTOMER]
        if call.epoch is not None:
            conversation = replace(conversation, owner_epoch=call.epoch)
        _say_notices(tx, services, call, notices, epoch=conversation.owner_epoch, now=now)
        services.desk.open_ticket(
            tx,
            conversation=conversation,
            reason=reason,
            turn_id=call.turn_id,
            pack_facts=PackInput(
                facts=tuple(
                    Fact(name, value)
                    for name in FACTS
                    if (value := call.entities.get(name) or call.word(name)) is not None
                )
            ),
            topic=topic_of(written, purpose=call.word("purpose"), active_loop=call.active_loop),
            now=now,
        )

    try:
        await services.db.write(step)
    except Conflict as conflict:
        if conflict.code != "stale":
            raise
    services.turns.of(call.turn_id).ticket_opened = True
    ended = {"purpose": None, "failed_attempts": 0.0, "invalid_attempts": 0.0}
    return Done(Result.HANDOFF, slots=ended)


async def _notices(services: ActionServices, call: ActionCall) -> list[Any]:
    """Return the notices that concern what a person is called for: the words, and the flow it was in."""
    if services.incidents is None:
        return []
    record = services.turns.of(call.turn_id)
    return await services.incidents.concerning(
        record.question or call.text,
        vector=record.vector,
        decision={"route": call.word("purpose") or call.intent, "article": record.article},
    )


def _say_notices(
    tx: Tx,
    services: ActionServices,
    call: ActionCall,
    notices: list[Any],
    *,
    epoch: int,
    now: datetime,
) -> None:
    """Say, before the desk does, what the conversation has not heard yet."""
    if services.incidents is None or not notices:
        return
    told, drafts = services.incidents.drafts(
        tx.conn, call.conversation_id, notices, locale=call.locale, in_reply_to=call.turn_id
    )
    if drafts and conversations.append(
        tx, call.conversation_id, drafts, now=now, expect_epoch=epoch
    ):
        services.incidents.record_told(tx, call.conversation_id, told)
