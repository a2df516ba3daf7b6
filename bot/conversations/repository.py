"""The only SQL on contacts, conversations, messages and the outbox. Hot paths use Core, not entities."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from bot.conversations.conversation import (
    Author,
    Conversation,
    Delivery,
    DeliveryState,
    Draft,
    Message,
    Owner,
    TurnState,
    Version,
)
from bot.conversations.tables import (
    ContactRow,
    ConversationRow,
    MessageEditRow,
    MessageRow,
    OutboxRow,
)
from bot.kit.db import JsonColumn, Tx, UtcDateTime, insert_ignore
from bot.kit.errors import NotFound
from bot.kit.ids import new_id

_CONVERSATION = (
    ConversationRow.id,
    ConversationRow.contact_id,
    ConversationRow.channel,
    ConversationRow.locale,
    ConversationRow.owner,
    ConversationRow.owner_epoch,
    ConversationRow.episode,
    ConversationRow.last_seq,
    ConversationRow.ticket_id,
    ConversationRow.awaiting_code_until,
    ConversationRow.created_at,
    ConversationRow.address,
    ConversationRow.locale_fixed,
)
_MESSAGE = (
    MessageRow.id,
    MessageRow.conversation_id,
    MessageRow.seq,
    MessageRow.author,
    MessageRow.author_name,
    MessageRow.text,
    MessageRow.choices,
    MessageRow.attachments,
    MessageRow.created_at,
    MessageRow.staff_id,
    MessageRow.payload,
    MessageRow.decision,
    MessageRow.in_reply_to,
    MessageRow.turn_state,
    MessageRow.turn_attempts,
    MessageRow.delivery,
    MessageRow.edited_at,
    MessageRow.owner_epoch,
    MessageRow.external_id,
)
_GET = sa.select(*_CONVERSATION).where(ConversationRow.id == sa.bindparam("conversation_id"))
_GET_LOCKED = _GET.with_for_update()
_PENDING = (
    sa.select(sa.func.count())
    .select_from(MessageRow)
    .where(
        MessageRow.conversation_id == sa.bindparam("conversation_id"),
        MessageRow.turn_state == "pending",
    )
)
_FOR_INTAKE = (
    sa.select(
        *_CONVERSATION, ConversationRow.updated_at, _PENDING.scalar_subquery().label("pending")
    )
    .where(ConversationRow.id == sa.bindparam("conversation_id"))
    .with_for_update()
)
_NUMBER = (
    sa.update(ConversationRow)
    .where(ConversationRow.id == sa.bindparam("conversation_id"))
    .values(
        last_seq=ConversationRow.last_seq + sa.bindparam("count", type_=sa.Integer),
        updated_at=sa.bindparam("at", type_=UtcDateTime),
    )
    .returning(ConversationRow.last_seq, ConversationRow.channel, ConversationRow.owner_epoch)
)
_NUMBER_AT_EPOCH = _NUMBER.where(ConversationRow.owner_epoch == sa.bindparam("epoch"))
_INSERT_MESSAGE = sa.insert(MessageRow)
_LIST = (
    sa.select(*_MESSAGE)
    .where(
        MessageRow.conversation_id == sa.bindparam("conversation_id"),
        MessageRow.seq > sa.bindparam("after"),
    )
    .order_by(MessageRow.seq)
    .limit(sa.bindparam("count", type_=sa.Integer))
)
_NEXT = (
    sa.select(*_MESSAGE)
    .where(
        MessageRow.conversation_id == sa.bindparam("conversation_id"),
        MessageRow.turn_state == "pending",
    )
    .order_by(MessageRow.seq)
    .limit(1)
)
_END_TURN = (
    sa.update(MessageRow)
    .where(MessageRow.id == sa.bindparam("message_id"), MessageRow.turn_state == "pending")
    .values(
        turn_state=sa.bindparam("state", type_=sa.String),
        decision=sa.bindparam("why", type_=JsonColumn),
    )
)
"""Statements of the hot path are built once: building one costs more than running it on SQLite."""
MAX_VERSIONS = 50
"""Earlier versions of an edited message that are kept."""
PUSHED_CHANNELS = frozenset({"telegram"})
"""Channels that must be pushed to; web clients read their messages by sequence number."""


def _to_conversation(row: sa.Row[Any]) -> Conversation:
    values = row._mapping
    return Conversation(
        id=values["id"],
        contact_id=values["contact_id"],
        channel=values["channel"],
        locale=values["locale"],
        owner=Owner(values["owner"]),
        owner_epoch=values["owner_epoch"],
        episode=values["episode"],
        last_seq=values["last_seq"],
        ticket_id=values["ticket_id"],
        awaiting_code_until=values["awaiting_code_until"],
        created_at=values["created_at"],
        address=values["address"] or {},
        locale_fixed=values["locale_fixed"],
    )


def _to_message(row: sa.Row[Any]) -> Message:
    v = row._mapping
    return Message(
        id=v["id"],
        conversation_id=v["conversation_id"],
        seq=v["seq"],
        author=Author(v["author"]),
        author_name=v["author_name"],
        text=v["text"],
        choices=tuple(v["choices"] or ()),
        attachments=tuple(v["attachments"] or ()),
        created_at=v["created_at"],
        staff_id=v["staff_id"],
        payload=v["payload"],
        decision=v["decision"],
        in_reply_to=v["in_reply_to"],
        turn_state=TurnState(v["turn_state"]) if v["turn_state"] else None,
        turn_attempts=v["turn_attempts"],
        delivery=DeliveryState(v["delivery"]) if v["delivery"] else None,
        edited_at=v["edited_at"],
        owner_epoch=v["owner_epoch"],
        external_id=v["external_id"],
    )


# ------------------------------------------------------------------ contacts and conversations


def find_conversation(
    conn: sa.Connection, conversation_id: str, *, lock: bool = False
) -> Conversation | None:
    """Return the conversation, or None.

    With `lock` nobody else changes it until this step ends (PostgreSQL; SQLite has one writer).
    """
    query = _GET_LOCKED if lock else _GET
    row = conn.execute(query, {"conversation_id": conversation_id}).one_or_none()
    return _to_conversation(row) if row else None


def get_conversation(conn: sa.Connection, conversation_id: str) -> Conversation:
    """Return the conversation.

    Raises:
        NotFound: there is none with this id.
    """
    found = find_conversation(conn, conversation_id)
    if found is None:
        raise NotFound("There is no such conversation.")
    return found


def find_by_contact(conn: sa.Connection, channel: str, external_id: str) -> Conversation | None:
    """Return the latest conversation of a contact on a channel, or None."""
    row = conn.execute(
        sa.select(*_CONVERSATION)
        .join(ContactRow, ContactRow.id == ConversationRow.contact_id)
        .where(ContactRow.channel == channel, ContactRow.external_id == external_id)
        .order_by(ConversationRow.created_at.desc())
        .limit(1)
    ).one_or_none()
    return _to_conversation(row) if row else None


def open_contact(
    tx: Tx, *, channel: str, external_id: str, display_name: str | None, now: datetime
) -> str:
    """Return the id of the contact, made when it is new; a changed name is kept."""
    tx.conn.execute(
        insert_ignore(ContactRow, tx.conn.dialect.name).values(
            id=new_id(),
            channel=channel,
            external_id=external_id,
            display_name=display_name,
            created_at=now,
        )
    )
    row = tx.conn.execute(
        sa.select(ContactRow.id, ContactRow.display_name).where(
            ContactRow.channel == channel, ContactRow.external_id == external_id
        )
    ).one()
    if display_name and row.display_name != display_name:
        tx.conn.execute(
            sa.update(ContactRow).where(ContactRow.id == row.id).values(display_name=display_name)
        )
    return str(row.id)


def open_conversation(
    tx: Tx,
    *,
    contact_id: str,
    channel: str,
    locale: str,
    address: dict[str, Any],
    now: datetime,
) -> Conversation:
    """Start a conversation owned by the bot."""
    conversation = Conversation(
        id=new_id(),
        contact_id=contact_id,
        channel=channel,
        locale=locale,
        owner=Owner.BOT,
        owner_epoch=1,
        episode=1,
        last_seq=0,
        ticket_id=None,
        awaiting_code_until=None,
        created_at=now,
        address=address,
    )
    tx.conn.execute(
        sa.insert(ConversationRow).values(
            id=conversation.id,
            contact_id=contact_id,
            channel=channel,
            address=address,
            locale=locale,
            locale_fixed=False,
            owner=Owner.BOT.value,
            owner_epoch=1,
            episode=1,
            last_seq=0,
            created_at=now,
            updated_at=now,
        )
    )
    return conversation


def find_contact(conn: sa.Connection, contact_id: str) -> dict[str, Any] | None:
    """Return the contact's columns by name, or None."""
    row = conn.execute(
        sa.select(ContactRow.__table__).where(ContactRow.id == contact_id)
    ).one_or_none()
    return dict(row._mapping) if row else None


def set_contact_verified(tx: Tx, contact_id: str, *, account: str, how: str) -> None:
    """Record that a signed token or a mailed code proved who the contact is."""
    tx.conn.execute(
        sa.update(ContactRow)
        .where(ContactRow.id == contact_id)
        .values(verified_as=account, verified_how=how, email=account)
    )


def set_locale(tx: Tx, conversation_id: str, *, locale: str, fixed: bool) -> None:
    """Change the language of a conversation; detection never overrules what was asked for."""
    query = sa.update(ConversationRow).where(ConversationRow.id == conversation_id)
    if not fixed:
        query = query.where(ConversationRow.locale_fixed.is_(False))
        tx.conn.execute(query.values(locale=locale))
    else:
        tx.conn.execute(query.values(locale=locale, locale_fixed=True))


def set_awaiting_code(tx: Tx, conversation_id: str, until: datetime | None) -> None:
    """Make the gateway take codes from the customer's messages until then (None: no longer)."""
    tx.conn.execute(
        sa.update(ConversationRow)
        .where(ConversationRow.id == conversation_id)
        .values(awaiting_code_until=until)
    )


def set_unreachable(tx: Tx, conversation_id: str, at: datetime | None) -> None:
    """Note that the channel can no longer deliver (blocked), or can again (None)."""
    tx.conn.execute(
        sa.update(ConversationRow)
        .where(ConversationRow.id == conversation_id)
        .values(unreachable_at=at)
    )


def set_address(tx: Tx, conversation_id: str, address: dict[str, Any]) -> None:
    """Change where the channel delivers to (a group that became a supergroup)."""
    tx.conn.execute(
        sa.update(ConversationRow)
        .where(ConversationRow.id == conversation_id)
        .values(address=address)
    )


def change_owner(
    tx: Tx,
    conversation_id: str,
    *,
    to: Owner,
    ticket_id: str | None,
    now: datetime,
    expect_epoch: int | None = None,
    new_episode: bool = False,
) -> int | None:
    """Hand the conversation to `to` and return the new epoch.

    None when `expect_epoch` no longer holds: somebody else was faster, and nothing was changed.
    """
    query = sa.update(ConversationRow).where(ConversationRow.id == conversation_id)
    if expect_epoch is not None:
        query = query.where(ConversationRow.owner_epoch == expect_epoch)
    row = tx.conn.execute(
        query.values(
            owner=to.value,
            owner_epoch=ConversationRow.owner_epoch + 1,
            episode=ConversationRow.episode + (1 if new_episode else 0),
            ticket_id=ticket_id,
            awaiting_code_until=None
            if to is not Owner.BOT
            else ConversationRow.awaiting_code_until,
            updated_at=now,
        ).returning(ConversationRow.owner_epoch)
    ).one_or_none()
    if row is None:
        return None
    tx.announce(f"conversation:{conversation_id}", {"owner": to.value})
    return int(row.owner_epoch)


# ---------------------------------------------------------------------------------- messages


def append(
    tx: Tx,
    conversation_id: str,
    drafts: Sequence[Draft],
    *,
    now: datetime,
    expect_epoch: int | None = None,
) -> list[Message] | None:
    """Store messages with the next sequence numbers; push channels get an outbox row each.

    None, and nothing stored, when the conversation is gone or `expect_epoch` no longer holds.
    Announces `conversation:<id>` with the last sequence number.
    """
    if not drafts:
        return []
    values = {"conversation_id": conversation_id, "count": len(drafts), "at": now}
    if expect_epoch is None:
        row = tx.conn.execute(_NUMBER, values).one_or_none()
    else:
        row = tx.conn.execute(_NUMBER_AT_EPOCH, {**values, "epoch": expect_epoch}).one_or_none()
    if row is None:
        return None
    first = row.last_seq - len(drafts) + 1
    rows: list[dict[str, Any]] = []
    outbox: list[dict[str, Any]] = []
    messages: list[Message] = []
    for offset, draft in enumerate(drafts):
        push = row.channel in PUSHED_CHANNELS and draft.author is not Author.CUSTOMER
        choices = [choice.as_json() for choice in draft.choices]
        message = Message(
            id=new_id(),
            conversation_id=conversation_id,
            seq=first + offset,
            author=draft.author,
            author_name=draft.author_name,
            text=draft.text,
            choices=tuple(choices),
            attachments=draft.attachments,
            created_at=now,
            staff_id=draft.staff_id,
            payload=draft.payload,
            in_reply_to=draft.in_reply_to,
            turn_state=draft.turn_state,
            delivery=DeliveryState.PENDING if push else None,
            owner_epoch=row.owner_epoch,
            external_id=draft.external_id,
        )
        messages.append(message)
        rows.append(
            {
                "id": message.id,
                "conversation_id": conversation_id,
                "seq": message.seq,
                "author": draft.author.value,
                "author_name": draft.author_name,
                "staff_id": draft.staff_id,
                "text": draft.text,
                "choices": choices or None,
                "attachments": list(draft.attachments) or None,
                "payload": draft.payload,
                "in_reply_to": draft.in_reply_to,
                "external_id": draft.external_id,
                "body_hash": draft.body_hash,
                "turn_state": draft.turn_state.value if draft.turn_state else None,
                "turn_attempts": 0,
                "delivery": message.delivery.value if message.delivery else None,
                "owner_epoch": row.owner_epoch,
                "created_at": now,
            }
        )
        if push:
            outbox.append(
                {
                    "id": new_id(),
                    "conversation_id": conversation_id,
                    "message_id": message.id,
                    "channel": row.channel,
                    "seq": message.seq,
                    "state": DeliveryState.PENDING.value,
                    "attempts": 0,
                    "due_at": now,
                    "created_at": now,
                }
            )
    tx.conn.execute(_INSERT_MESSAGE, rows[0] if len(rows) == 1 else rows)
    if outbox:
        tx.conn.execute(sa.insert(OutboxRow), outbox)
        tx.announce("outbox", {"conversation_id": conversation_id})
    tx.announce(
        f"conversation:{conversation_id}",
        # "_messages" stays in this process: open sockets need not read what was just written.
        {"seq": messages[-1].seq, "author": messages[-1].author.value, "_messages": messages},
    )
    return messages


def find_by_external_id(conn: sa.Connection, external_id: str) -> tuple[Message, str | None] | None:
    """Return a message that arrived under this channel id, with its body hash, or None."""
    row = conn.execute(
        sa.select(*_MESSAGE, MessageRow.body_hash).where(MessageRow.external_id == external_id)
    ).one_or_none()
    return (_to_message(row), row._mapping["body_hash"]) if row else None


def list_messages(
    conn: sa.Connection, conversation_id: str, *, after: int = 0, limit: int = 500
) -> list[Message]:
    """Return the messages with a sequence number above `after`, in order."""
    rows = conn.execute(_LIST, {"conversation_id": conversation_id, "after": after, "count": limit})
    return [_to_message(row) for row in rows]


def find_message(conn: sa.Connection, message_id: str) -> Message | None:
    """Return the message, or None."""
    row = conn.execute(sa.select(*_MESSAGE).where(MessageRow.id == message_id)).one_or_none()
    return _to_message(row) if row else None


def find_choice(conn: sa.Connection, conversation_id: str, choice_id: str) -> dict[str, Any] | None:
    """Return the stored button with this id among the last messages of the conversation, or None."""
    rows = conn.execute(
        sa.select(MessageRow.choices)
        .where(MessageRow.conversation_id == conversation_id, MessageRow.choices.is_not(None))
        .order_by(MessageRow.seq.desc())
        .limit(50)
    )
    for row in rows:
        for choice in row.choices or ():
            if choice["id"] == choice_id:
                return dict(choice)
    return None


# ------------------------------------------------------------------------------------- inbox


def next_turn(conn: sa.Connection, conversation_id: str) -> Message | None:
    """Return the oldest customer message that the bot has not dealt with yet, or None."""
    row = conn.execute(_NEXT, {"conversation_id": conversation_id}).one_or_none()
    return _to_message(row) if row else None


def waiting_conversations(conn: sa.Connection, *, limit: int = 500) -> list[str]:
    """Return the conversations that have a pending message, longest waiting first."""
    rows = conn.execute(
        sa.select(MessageRow.conversation_id, sa.func.min(MessageRow.created_at).label("oldest"))
        .where(MessageRow.turn_state == "pending")
        .group_by(MessageRow.conversation_id)
        .order_by(sa.text("oldest"))
        .limit(limit)
    )
    return [row.conversation_id for row in rows]


def find_for_intake(
    conn: sa.Connection, conversation_id: str
) -> tuple[Conversation, int, datetime] | None:
    """Return (conversation, how many of its messages wait, when something was last said), locked."""
    row = conn.execute(_FOR_INTAKE, {"conversation_id": conversation_id}).one_or_none()
    if row is None:
        return None
    values = row._mapping
    return _to_conversation(row), int(values["pending"]), values["updated_at"]


def begin_session(tx: Tx, conversation_id: str) -> None:
    """Let the bot begin afresh with the conversation; nothing that was said is touched."""
    tx.conn.execute(
        sa.update(ConversationRow)
        .where(ConversationRow.id == conversation_id)
        .values(episode=ConversationRow.episode + 1)
    )


def end_turn(
    tx: Tx,
    message_id: str,
    *,
    state: TurnState,
    decision: dict[str, Any] | None = None,
) -> bool:
    """Mark a customer message as dealt with; False when it already was."""
    result = tx.conn.execute(
        _END_TURN, {"message_id": message_id, "state": state.value, "why": decision}
    )
    return result.rowcount == 1


def count_attempt(tx: Tx, message_id: str) -> int:
    """Count one more try at a turn and return how many there were."""
    return int(
        tx.conn.execute(
            sa.update(MessageRow)
            .where(MessageRow.id == message_id)
            .values(turn_attempts=MessageRow.turn_attempts + 1)
            .returning(MessageRow.turn_attempts)
        ).scalar_one()
    )


def count_interrupted(tx: Tx) -> None:
    """Count one more try for every pending message: the process that served them has ended."""
    tx.conn.execute(
        sa.update(MessageRow)
        .where(MessageRow.turn_state == "pending")
        .values(turn_attempts=MessageRow.turn_attempts + 1)
    )


def end_pending_turns(tx: Tx, conversation_id: str, *, up_to_seq: int | None = None) -> None:
    """Mark every waiting message as dealt with (a person reads them now)."""
    query = sa.update(MessageRow).where(
        MessageRow.conversation_id == conversation_id, MessageRow.turn_state == "pending"
    )
    if up_to_seq is not None:
        query = query.where(MessageRow.seq <= up_to_seq)
    tx.conn.execute(query.values(turn_state="done"))


def set_decision(tx: Tx, message_id: str, decision: dict[str, Any]) -> None:
    """Store why the bot did what it did with a customer message."""
    tx.conn.execute(
        sa.update(MessageRow).where(MessageRow.id == message_id).values(decision=decision)
    )


def edit_text(tx: Tx, message_id: str, *, text: str, now: datetime) -> None:
    """Replace the text of a message that its author edited; what it said before is kept.

    Of more than `MAX_VERSIONS` versions the first and the latest ones are.
    """
    row = tx.conn.execute(
        sa.select(
            MessageRow.conversation_id,
            MessageRow.text,
            MessageRow.created_at,
            MessageRow.edited_at,
        )
        .where(MessageRow.id == message_id)
        .with_for_update()
    ).one()
    known = tx.conn.execute(
        sa.select(MessageEditRow.n)
        .where(MessageEditRow.message_id == message_id)
        .order_by(MessageEditRow.n)
    ).scalars()
    numbers = list(known)
    if len(numbers) >= MAX_VERSIONS:
        tx.conn.execute(
            sa.delete(MessageEditRow).where(
                MessageEditRow.message_id == message_id, MessageEditRow.n == numbers[1]
            )
        )
    tx.conn.execute(
        sa.insert(MessageEditRow).values(
            message_id=message_id,
            n=numbers[-1] + 1 if numbers else 1,
            conversation_id=row.conversation_id,
            text=row.text,
            written_at=row.edited_at or row.created_at,
        )
    )
    tx.conn.execute(
        sa.update(MessageRow).where(MessageRow.id == message_id).values(text=text, edited_at=now)
    )


def list_versions(
    conn: sa.Connection, conversation_id: str, *, message_ids: Sequence[str] | None = None
) -> dict[str, list[Version]]:
    """Return the earlier versions of edited messages by message id, oldest first."""
    query = sa.select(MessageEditRow.__table__).where(
        MessageEditRow.conversation_id == conversation_id
    )
    if message_ids is not None:
        query = query.where(MessageEditRow.message_id.in_(message_ids))
    found: dict[str, list[Version]] = {}
    for row in conn.execute(query.order_by(MessageEditRow.message_id, MessageEditRow.n)):
        version = Version(int(row.n), row.text, row.written_at)
        found.setdefault(row.message_id, []).append(version)
    return found


def list_deliveries(conn: sa.Connection, conversation_id: str) -> dict[str, Delivery]:
    """Return by message id what became of the conversation's messages on their way."""
    rows = conn.execute(
        sa.select(OutboxRow.message_id, OutboxRow.state, OutboxRow.attempts, OutboxRow.error).where(
            OutboxRow.conversation_id == conversation_id
        )
    )
    return {
        row.message_id: Delivery(DeliveryState(row.state), int(row.attempts), row.error)
        for row in rows
    }


# ------------------------------------------------------------------------------------ leases


def take_turn(
    tx: Tx, conversation_id: str, *, holder: str, now: datetime, until: datetime
) -> tuple[Conversation, Message] | None:
    """Take or keep the right to run a conversation's turns, and return the oldest pending one.

    None when another gateway has the right, or nothing is pending (the right is given back then: a
    message stored later finds it free). Taking over from a gateway that has ended counts one more
    try of the turn it left, so that a message which ends gateways is not tried for ever.
    """
    lease = tx.conn.execute(
        sa.select(ConversationRow.lease_owner, ConversationRow.lease_until)
        .where(ConversationRow.id == conversation_id)
        .with_for_update()
    ).one_or_none()
    if lease is None:
        return None
    owner, ends = lease
    if owner is not None and owner != holder and ends is not None and ends >= now:
        return None
    message = next_turn(tx.conn, conversation_id)
    tx.conn.execute(
        sa.update(ConversationRow)
        .where(ConversationRow.id == conversation_id)
        .values(lease_owner=holder if message else None, lease_until=until if message else None)
    )
    if message is None:
        return None
    if owner not in {None, holder}:
        message = replace(message, turn_attempts=count_attempt(tx, message.id))
    return get_conversation(tx.conn, conversation_id), message


# ------------------------------------------------------------------------------------ outbox


def claim_due(
    tx: Tx, *, channel: str, holder: str, now: datetime, until: datetime, limit: int = 50
) -> list[tuple[str, int, Message, Conversation]]:
    """Claim replies that are due: (outbox id, attempts so far, message, conversation), oldest first.

    Only the first undelivered reply of each conversation is ever due, so order is kept within a chat
    and one slow chat holds up no other.
    """
    earlier = sa.orm.aliased(OutboxRow)
    due = (
        sa.select(OutboxRow.id)
        .where(
            OutboxRow.channel == channel,
            OutboxRow.state == "pending",
            OutboxRow.due_at <= now,
            sa.or_(OutboxRow.claimed_until.is_(None), OutboxRow.claimed_until < now),
            ~sa.exists().where(
                earlier.conversation_id == OutboxRow.conversation_id,
                earlier.state == "pending",
                earlier.seq < OutboxRow.seq,
            ),
        )
        .order_by(OutboxRow.due_at, OutboxRow.seq)
        .limit(limit)
    )
    if tx.conn.dialect.name == "postgresql":
        due = due.with_for_update(skip_locked=True)
    rows = tx.conn.execute(
        sa.update(OutboxRow)
        .where(OutboxRow.id.in_(due))
        .values(claimed_by=holder, claimed_until=until)
        .returning(
            OutboxRow.id, OutboxRow.attempts, OutboxRow.message_id, OutboxRow.conversation_id
        )
    ).all()
    result = []
    for row in rows:
        message = find_message(tx.conn, row.message_id)
        conversation = find_conversation(tx.conn, row.conversation_id)
        if message is not None and conversation is not None:
            result.append((str(row.id), int(row.attempts), message, conversation))
    return sorted(result, key=lambda item: (item[2].created_at, item[2].seq))


def next_due_at(conn: sa.Connection, *, channel: str) -> datetime | None:
    """Return when the next reply of the channel is due, or None."""
    return conn.execute(
        sa.select(sa.func.min(OutboxRow.due_at)).where(
            OutboxRow.channel == channel, OutboxRow.state == "pending"
        )
    ).scalar_one()


def mark_sent(tx: Tx, outbox_id: str, *, external_id: str | None) -> None:
    """Record a delivery."""
    _settle(tx, outbox_id, DeliveryState.SENT, external_id=external_id, error=None)


def mark_failed(tx: Tx, outbox_id: str, *, error: str) -> None:
    """Give a reply up; agents see that it was not delivered."""
    _settle(tx, outbox_id, DeliveryState.FAILED, external_id=None, error=error)


def retry_at(tx: Tx, outbox_id: str, *, due_at: datetime, error: str) -> None:
    """Put a reply back in line for a later try."""
    tx.conn.execute(
        sa.update(OutboxRow)
        .where(OutboxRow.id == outbox_id)
        .values(
            attempts=OutboxRow.attempts + 1,
            due_at=due_at,
            error=error[:200],
            claimed_by=None,
            claimed_until=None,
        )
    )


def release_claim(tx: Tx, outbox_id: str, *, holder: str) -> None:
    """Give a claimed reply back untried, so that it is due again at once."""
    tx.conn.execute(
        sa.update(OutboxRow)
        .where(OutboxRow.id == outbox_id, OutboxRow.claimed_by == holder)
        .values(claimed_by=None, claimed_until=None)
    )


def renew_claims(tx: Tx, *, holder: str, until: datetime) -> None:
    """Keep what `holder` has claimed and not settled yet."""
    tx.conn.execute(
        sa.update(OutboxRow)
        .where(OutboxRow.claimed_by == holder, OutboxRow.state == "pending")
        .values(claimed_until=until)
    )


def release_all_claims(tx: Tx) -> None:
    """Make every claimed reply due again at once: whoever held it has ended."""
    tx.conn.execute(
        sa.update(OutboxRow)
        .where(OutboxRow.claimed_by.is_not(None), OutboxRow.state == "pending")
        .values(claimed_by=None, claimed_until=None)
    )


def _settle(
    tx: Tx, outbox_id: str, state: DeliveryState, *, external_id: str | None, error: str | None
) -> None:
    row = tx.conn.execute(
        sa.update(OutboxRow)
        .where(OutboxRow.id == outbox_id)
        .values(
            state=state.value,
            external_id=external_id,
            error=error[:200] if error else None,
            attempts=OutboxRow.attempts + 1,
            claimed_until=None,
        )
        .returning(OutboxRow.message_id, OutboxRow.conversation_id)
    ).one_or_none()
    if row is None:
        return
    tx.conn.execute(
        sa.update(MessageRow).where(MessageRow.id == row.message_id).values(delivery=state.value)
    )
    tx.announce(f"conversation:{row.conversation_id}", {"delivery": state.value})


# ------------------------------------------------------------------------ what agents are told


def reading_state(conn: sa.Connection, conversation_id: str) -> tuple[int, datetime | None]:
    """Return how far the customer has read, and since when the channel refuses replies, or None."""
    row = conn.execute(
        sa.select(ConversationRow.seen_seq, ConversationRow.unreachable_at).where(
            ConversationRow.id == conversation_id
        )
    ).one()
    return int(row.seen_seq), row.unreachable_at


def note_seen(tx: Tx, conversation_id: str, seq: int) -> bool:
    """Remember how far the customer has read; False when that was known."""
    result = tx.conn.execute(
        sa.update(ConversationRow)
        .where(
            ConversationRow.id == conversation_id,
            ConversationRow.seen_seq < seq,
            ConversationRow.last_seq >= seq,
        )
        .values(seen_seq=seq)
    )
    return result.rowcount == 1


def deliver_again(tx: Tx, message_id: str, *, now: datetime) -> bool:
    """Put a reply that was given up back in line; False when it was not given up."""
    result = tx.conn.execute(
        sa.update(OutboxRow)
        .where(OutboxRow.message_id == message_id, OutboxRow.state == DeliveryState.FAILED.value)
        .values(
            state=DeliveryState.PENDING.value,
            attempts=0,
            due_at=now,
            error=None,
            claimed_by=None,
            claimed_until=None,
        )
    )
    if result.rowcount == 0:
        return False
    tx.conn.execute(
        sa.update(MessageRow)
        .where(MessageRow.id == message_id)
        .values(delivery=DeliveryState.PENDING.value)
    )
    tx.announce("outbox", {})
    return True
