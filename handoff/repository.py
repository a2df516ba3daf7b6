"""The only SQL on queues, tickets and their history.

Whoever changes a ticket locks its conversation first (`lock_conversation`), then the ticket: one
order for everybody, so that two steps never wait for each other. Changes are conditional all the
same: the state and assignee that a decision was made on stand in the WHERE clause.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

from bot.conversations.tables import ContactRow, ConversationRow, MessageRow
from bot.kit.db import Tx, insert_ignore
from bot.kit.ids import new_id
from bot.staff.tables import StaffRow
from handoff.case import repository as case_repository
from handoff.case.tables import CategoryRow, TagRow, WatcherRow
from handoff.tables import (
    QueueRow,
    TicketEventRow,
    TicketNumberRow,
    TicketPersonRow,
    TicketRow,
)
from handoff.ticket import (
    DONE,
    NUMBER_PREFIX,
    OPEN,
    Priority,
    Reason,
    Ticket,
    TicketState,
)
from handoff.triage import Queue

FIRST_NUMBER = 1_000
MERGES_FOLLOWED = 20
"""How far a chain of merged tickets is followed."""
NEVER = datetime(9999, 1, 1, tzinfo=UTC)
"""Where tickets without a due time stand in a list by due time."""
_OPEN_VALUES = sorted(state.value for state in OPEN)
_TICKET = (
    *(c for c in TicketRow.__table__.c if c.name not in {"pack", "priority_rank", "closed_at"}),
    QueueRow.key.label("queue_key"),
)
_WITH_QUEUE = sa.join(TicketRow, QueueRow, QueueRow.id == TicketRow.queue_id)


@dataclass(frozen=True, slots=True)
class Event:
    """One line of a ticket's history."""

    id: str
    n: int
    at: datetime
    kind: str
    actor_id: str | None
    actor_name: str | None
    from_state: str | None
    to_state: str
    from_queue_id: str | None
    to_queue_id: str
    from_value: str | None
    to_value: str | None
    epoch: int
    reason: str | None
    text: str | None


@dataclass(frozen=True, slots=True)
class Listed:
    """A ticket with what lists show beside it."""

    ticket: Ticket
    locale: str
    channel: str
    contact_name: str | None
    last_message_at: datetime | None
    last_message_text: str | None
    category_names: dict[str, str] | None = None
    """Of its category, by language."""
    tags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class QueueLoad:
    """How full a queue is."""

    open_count: int
    waiting_count: int
    oldest_waiting_at: datetime | None


@dataclass(frozen=True, slots=True)
class Cursor:
    """Where a page of the list ended."""

    rank: int
    queued_at: datetime
    serial: int
    due_at: datetime | None = None
    """Where it ended in a list by due time; tickets without one are at its end."""


@dataclass(frozen=True, slots=True)
class Filter:
    """Which tickets are wanted, and which may be seen."""

    levels: tuple[str, ...]
    seen_by: str | None
    """Staff id whose own tickets are visible beyond `levels`; None: only the levels."""
    queue: str | None = None
    level: str | None = None
    states: frozenset[TicketState] | None = None
    assignee: str | None = None
    unassigned: bool = False
    text: str | None = None
    tag: str | None = None
    category: str | None = None
    """A key, or `none` for tickets without one."""
    watched_by: str | None = None


def _to_ticket(v: sa.RowMapping) -> Ticket:
    return Ticket(
        id=v["id"],
        serial=v["serial"],
        number=v["number"],
        conversation_id=v["conversation_id"],
        opened_by_turn=v["opened_by_turn"],
        opened_seq=v["opened_seq"],
        bot_epoch=v["bot_epoch"],
        queue_id=v["queue_id"],
        queue_key=v["queue_key"],
        level=v["level"],
        state=TicketState(v["state"]),
        priority=Priority(v["priority"]),
        reason=Reason(v["reason"]),
        topic=v["topic"],
        subject=v["subject"],
        assignee_id=v["assignee_id"],
        assignee_name=v["assignee_name"],
        related_to=v["related_to"],
        bounce_count=v["bounce_count"],
        opened_at=v["opened_at"],
        queued_at=v["queued_at"],
        claimed_at=v["claimed_at"],
        first_reply_at=v["first_reply_at"],
        last_reply_at=v["last_reply_at"],
        last_customer_at=v["last_customer_at"],
        waiting_since=v["waiting_since"],
        wake_at=v["wake_at"],
        resolved_at=v["resolved_at"],
        resolved_by=v["resolved_by"],
        close_at=v["close_at"],
        due_at=v["due_at"],
        warn_at=v["warn_at"],
        due_metric=v["due_metric"],
        due_state=v["due_state"],
        category=v["category"],
        impact=v["impact"],
        urgency=v["urgency"],
        merged_into=v["merged_into"],
    )


# -------------------------------------------------------------------------------------- queues


def _to_queue(row: sa.Row[Any]) -> Queue:
    return Queue(
        id=row.id,
        key=row.key,
        level=row.level,
        names=dict(row.names),
        topics=frozenset(row.topics),
        calendar_key=row.calendar_key,
        is_default=row.is_default,
        position=row.position,
        team=row.team,
        skills=frozenset(row.skills),
        languages=frozenset(row.languages),
        version=row.version,
        retired=row.retired_at is not None,
    )


def list_queues(conn: sa.Connection, *, retired: bool = False) -> list[Queue]:
    """Return the queues; with `retired` also those that take nothing new."""
    query = sa.select(QueueRow.__table__).order_by(QueueRow.level, QueueRow.position)
    if not retired:
        query = query.where(QueueRow.retired_at.is_(None))
    return [_to_queue(row) for row in conn.execute(query)]


def get_queue(conn: sa.Connection, queue_id: str) -> Queue:
    """Return the queue, retired or not."""
    row = conn.execute(sa.select(QueueRow.__table__).where(QueueRow.id == queue_id)).one()
    return _to_queue(row)


def set_calendar(tx: Tx, queue_ids: Sequence[str], calendar_key: str) -> None:
    """Let these queues keep the hours of that calendar."""
    tx.conn.execute(
        sa.update(QueueRow)
        .where(QueueRow.id.in_(queue_ids))
        .values(calendar_key=calendar_key, version=QueueRow.version + 1)
    )


def count_queues(conn: sa.Connection) -> int:
    """Return how many queues there are, retired ones included."""
    return int(conn.execute(sa.select(sa.func.count()).select_from(QueueRow)).scalar_one())


def insert_queue(
    tx: Tx,
    *,
    key: str,
    level: str,
    names: Mapping[str, str],
    topics: Iterable[str],
    calendar_key: str = "main",
    is_default: bool = False,
    position: int = 0,
) -> None:
    """Add a queue; one with the same key stays as it is."""
    tx.conn.execute(
        insert_ignore(QueueRow, tx.conn.dialect.name).values(
            id=new_id(),
            key=key,
            level=level,
            names=dict(names),
            topics=list(topics),
            calendar_key=calendar_key,
            is_default=is_default,
            position=position,
        )
    )


def queue_loads(conn: sa.Connection) -> dict[str, QueueLoad]:
    """Return how full each queue with open tickets is, by queue id."""
    waiting = TicketRow.state == TicketState.QUEUED.value
    rows = conn.execute(
        sa.select(
            TicketRow.queue_id,
            sa.func.count().label("open_count"),
            sa.func.count(sa.case((waiting, 1))).label("waiting_count"),
            sa.func.min(sa.case((waiting, TicketRow.queued_at))).label("oldest"),
        )
        .where(TicketRow.state.in_(_OPEN_VALUES))
        .group_by(TicketRow.queue_id)
    )
    return {
        row.queue_id: QueueLoad(int(row.open_count), int(row.waiting_count), row.oldest)
        for row in rows
    }


# ------------------------------------------------------------------------------ reading tickets


def lock_conversation(tx: Tx, conversation_id: str) -> None:
    """Let nobody else change this conversation or its tickets until the step ends.

    SQLite has one writer anyway.
    """
    tx.conn.execute(
        sa.select(ConversationRow.id).where(ConversationRow.id == conversation_id).with_for_update()
    )


def find_ticket(conn: sa.Connection, ticket_id: str) -> Ticket | None:
    """Return the ticket, or None."""
    return _find(conn, TicketRow.id == ticket_id)


def find_by_turn(conn: sa.Connection, turn_id: str) -> Ticket | None:
    """Return the ticket that this turn opened, or None."""
    return _find(conn, TicketRow.opened_by_turn == turn_id)


def find_by_number(conn: sa.Connection, number: str) -> Ticket | None:
    """Return the ticket with this number (FL-1042), or None."""
    return _find(conn, TicketRow.number == number.upper())


def find_open(conn: sa.Connection, conversation_id: str) -> Ticket | None:
    """Return the conversation's open ticket, or None; there is never more than one."""
    return _find(
        conn,
        sa.and_(TicketRow.conversation_id == conversation_id, TicketRow.state.in_(_OPEN_VALUES)),
    )


def _find(conn: sa.Connection, condition: sa.ColumnElement[bool]) -> Ticket | None:
    query = sa.select(*_TICKET).select_from(_WITH_QUEUE).where(condition)
    row = conn.execute(query).mappings().one_or_none()
    return _to_ticket(row) if row else None


def find_remaining(conn: sa.Connection, ticket: Ticket) -> Ticket:
    """Return the ticket under which this one goes on: itself unless it was merged."""
    for _ in range(MERGES_FOLLOWED):
        other = find_ticket(conn, ticket.merged_into) if ticket.merged_into else None
        if other is None:
            break
        ticket = other
    return ticket


def select_tickets() -> sa.Select[Any]:
    """Return the query for all tickets, to be narrowed down; `read_tickets` runs it."""
    return sa.select(*_TICKET).select_from(_WITH_QUEUE)


def read_tickets(conn: sa.Connection, query: sa.Select[Any]) -> list[Ticket]:
    """Run what `select_tickets` gave."""
    return [_to_ticket(row) for row in conn.execute(query).mappings()]


def list_of_conversation(conn: sa.Connection, conversation_id: str) -> list[Ticket]:
    """Return the conversation's tickets, newest first."""
    rows = conn.execute(
        sa.select(*_TICKET)
        .select_from(_WITH_QUEUE)
        .where(TicketRow.conversation_id == conversation_id)
        .order_by(TicketRow.serial.desc())
    ).mappings()
    return [_to_ticket(row) for row in rows]


def earlier_of_contact(conn: sa.Connection, contact_id: str, *, limit: int = 5) -> list[Ticket]:
    """Return the customer's latest tickets that are done, newest first."""
    rows = conn.execute(
        sa.select(*_TICKET)
        .select_from(
            _WITH_QUEUE.join(ConversationRow, ConversationRow.id == TicketRow.conversation_id)
        )
        .where(
            ConversationRow.contact_id == contact_id,
            TicketRow.state.in_([state.value for state in DONE]),
        )
        .order_by(TicketRow.serial.desc())
        .limit(limit)
    ).mappings()
    return [_to_ticket(row) for row in rows]


def get_pack(conn: sa.Connection, ticket_id: str) -> dict[str, Any]:
    """Return the stored part of the hand-off pack."""
    return dict(
        conn.execute(sa.select(TicketRow.pack).where(TicketRow.id == ticket_id)).scalar_one()
    )


def place_in_line(conn: sa.Connection, ticket: Ticket) -> int:
    """Return the ticket's place among those waiting in its queue; 1 is next."""
    ahead = conn.execute(
        sa.select(sa.func.count())
        .select_from(TicketRow)
        .where(
            TicketRow.state == TicketState.QUEUED.value,
            TicketRow.queue_id == ticket.queue_id,
            sa.tuple_(*_line()) < _place(ticket),
        )
    ).scalar_one()
    return int(ahead) + 1


def _line() -> tuple[sa.ColumnElement[Any], ...]:
    """The order in which waiting tickets are taken: priority, what is due first, longest in line."""
    due = sa.func.coalesce(TicketRow.due_at, sa.literal(NEVER, TicketRow.due_at.type))
    return (
        TicketRow.priority_rank.expression,
        due,
        TicketRow.queued_at.expression,
        TicketRow.serial.expression,
    )


def _place(ticket: Ticket) -> sa.ColumnElement[Any]:
    return sa.tuple_(
        sa.literal(ticket.priority.rank, sa.Integer()),
        sa.literal(ticket.due_at or NEVER, TicketRow.due_at.type),
        sa.literal(ticket.queued_at, TicketRow.queued_at.type),
        sa.literal(ticket.serial, sa.Integer()),
    )


def _after_or_before(
    rank: int, queued_at: datetime, serial: int, *, before: bool
) -> sa.ColumnElement[bool]:
    row = sa.tuple_(TicketRow.priority_rank, TicketRow.queued_at, TicketRow.serial)
    here = sa.tuple_(
        sa.literal(rank, sa.Integer()),
        sa.literal(queued_at, TicketRow.queued_at.type),
        sa.literal(serial, sa.Integer()),
    )
    return row < here if before else row > here


def people_of(conn: sa.Connection, ticket_id: str) -> frozenset[str]:
    """Return the staff ids of those through whose hands the ticket went."""
    return frozenset(
        conn.execute(
            sa.select(TicketPersonRow.staff_id).where(TicketPersonRow.ticket_id == ticket_id)
        ).scalars()
    )


def list_events(conn: sa.Connection, ticket_id: str) -> list[Event]:
    """Return the ticket's history, oldest first."""
    rows = conn.execute(
        sa.select(TicketEventRow.__table__)
        .where(TicketEventRow.ticket_id == ticket_id)
        .order_by(TicketEventRow.n)
    ).mappings()
    return [Event(**{name: row[name] for name in Event.__slots__}) for row in rows]


def queue_before(conn: sa.Connection, ticket: Ticket) -> str | None:
    """Return the queue id from which the ticket last came into its present queue, or None."""
    return conn.execute(
        sa.select(TicketEventRow.from_queue_id)
        .where(
            TicketEventRow.ticket_id == ticket.id,
            TicketEventRow.to_queue_id == ticket.queue_id,
            TicketEventRow.from_queue_id.is_not(None),
            TicketEventRow.from_queue_id != ticket.queue_id,
        )
        .order_by(TicketEventRow.n.desc())
        .limit(1)
    ).scalar_one_or_none()


def list_tickets(
    conn: sa.Connection,
    wanted: Filter,
    *,
    after: Cursor | None = None,
    limit: int = 50,
    by_due: bool = False,
) -> list[Listed]:
    """Return tickets by priority, then longest in line first, starting behind `after`.

    With `by_due` those come first whose next clock of the service level runs out first.
    """
    due = sa.func.coalesce(TicketRow.due_at, sa.literal(NEVER, TicketRow.due_at.type))
    order = (TicketRow.priority_rank, TicketRow.queued_at, TicketRow.serial)
    query = _listed().order_by(*((due, TicketRow.serial) if by_due else order)).limit(limit)
    for condition in _conditions(wanted):
        query = query.where(condition)
    if after is not None and by_due:
        here = sa.tuple_(
            sa.literal(after.due_at or NEVER, TicketRow.due_at.type),
            sa.literal(after.serial, sa.Integer()),
        )
        query = query.where(sa.tuple_(due, TicketRow.serial) > here)
    elif after is not None:
        query = query.where(
            _after_or_before(after.rank, after.queued_at, after.serial, before=False)
        )
    return _with_tags(conn, [_to_listed(row) for row in conn.execute(query).mappings()])


def _with_tags(conn: sa.Connection, found: Sequence[Listed]) -> list[Listed]:
    tags = case_repository.tags_of_many(conn, [one.ticket.id for one in found])
    return [replace(one, tags=tags.get(one.ticket.id, ())) for one in found]


def count_tickets(conn: sa.Connection, wanted: Filter, *, limit: int) -> int:
    """Return how many tickets there are, counting no further than `limit`."""
    query = (
        _listed().with_only_columns(TicketRow.id)
        if wanted.text
        else sa.select(TicketRow.id).select_from(_WITH_QUEUE)
    )
    for condition in _conditions(wanted):
        query = query.where(condition)
    counted = sa.select(sa.func.count()).select_from(query.limit(limit).subquery())
    return int(conn.execute(counted).scalar_one())


def get_listed(conn: sa.Connection, ticket_id: str) -> Listed:
    """Return one ticket with what lists show beside it."""
    row = conn.execute(_listed().where(TicketRow.id == ticket_id)).mappings().one()
    return _with_tags(conn, [_to_listed(row)])[0]


def next_in_line(
    conn: sa.Connection,
    *,
    levels: Sequence[Sequence[str]],
    queue_ids: Sequence[str] | None = None,
    languages: Iterable[str] = (),
    queue: str | None = None,
    level: str | None = None,
    limit: int = 20,
) -> list[str]:
    """Return the ids of the most urgent tickets nobody has, the next one first.

    Args:
        conn: the step's connection.
        levels: groups of levels, the preferred one first.
        queue_ids: only of these queues; None: of all.
        languages: tickets in one of them come first within a group of levels; none: all are alike.
        queue: key or id of the one queue that is asked for.
        level: the one level that is asked for.
        limit: at most so many.
    """
    rank = {one: place for place, group in enumerate(levels) for one in group}
    query = (
        sa.select(TicketRow.id)
        .select_from(
            _WITH_QUEUE.join(ConversationRow, ConversationRow.id == TicketRow.conversation_id)
        )
        .where(
            TicketRow.state == TicketState.QUEUED.value,
            TicketRow.level.in_(list(rank)),
        )
        .limit(limit)
    )
    order: list[sa.ColumnElement[Any]] = []
    if len(levels) > 1:
        order.append(sa.case(rank, value=TicketRow.level, else_=len(rank)))
    if spoken := sorted(languages):
        order.append(sa.case((ConversationRow.locale.in_(spoken), 0), else_=1))
    query = query.order_by(*order, *_line())
    if queue_ids is not None:
        query = query.where(TicketRow.queue_id.in_(queue_ids))
    if queue is not None:
        query = query.where(sa.or_(QueueRow.key == queue, QueueRow.id == queue))
    if level is not None:
        query = query.where(TicketRow.level == level)
    return list(conn.execute(query).scalars())


def _listed() -> sa.Select[Any]:
    last = (
        sa.select(MessageRow.seq)
        .where(
            MessageRow.conversation_id == TicketRow.conversation_id,
            MessageRow.author != "system",
        )
        .order_by(MessageRow.seq.desc())
        .limit(1)
        .correlate(TicketRow)
        .scalar_subquery()
    )
    return sa.select(
        *_TICKET,
        ConversationRow.locale.label("conversation_locale"),
        ConversationRow.channel.label("conversation_channel"),
        ContactRow.display_name.label("contact_name"),
        MessageRow.created_at.label("last_message_at"),
        MessageRow.text.label("last_message_text"),
        CategoryRow.names.label("category_names"),
    ).select_from(
        _WITH_QUEUE.join(ConversationRow, ConversationRow.id == TicketRow.conversation_id)
        .outerjoin(CategoryRow, CategoryRow.key == TicketRow.category)
        .join(ContactRow, ContactRow.id == ConversationRow.contact_id)
        .outerjoin(
            MessageRow,
            sa.and_(
                MessageRow.conversation_id == TicketRow.conversation_id, MessageRow.seq == last
            ),
        )
    )


def _to_listed(row: sa.RowMapping) -> Listed:
    return Listed(
        ticket=_to_ticket(row),
        locale=row["conversation_locale"],
        channel=row["conversation_channel"],
        contact_name=row["contact_name"],
        last_message_at=row["last_message_at"],
        last_message_text=row["last_message_text"],
        category_names=row["category_names"],
    )


def _conditions(wanted: Filter) -> Iterable[sa.ColumnElement[bool]]:
    visible: list[sa.ColumnElement[bool]] = [TicketRow.level.in_(wanted.levels)]
    if wanted.seen_by is not None:
        visible.append(TicketRow.assignee_id == wanted.seen_by)
        visible.append(
            sa.exists().where(
                TicketPersonRow.ticket_id == TicketRow.id,
                TicketPersonRow.staff_id == wanted.seen_by,
            )
        )
    yield sa.or_(*visible)
    if wanted.queue is not None:
        yield sa.or_(QueueRow.key == wanted.queue, QueueRow.id == wanted.queue)
    if wanted.level is not None:
        yield TicketRow.level == wanted.level
    if wanted.states is not None:
        yield TicketRow.state.in_(sorted(state.value for state in wanted.states))
    if wanted.unassigned:
        yield TicketRow.assignee_id.is_(None)
    elif wanted.assignee is not None:
        yield TicketRow.assignee_id == wanted.assignee
    if wanted.tag is not None:
        yield sa.exists().where(TagRow.ticket_id == TicketRow.id, TagRow.tag == wanted.tag)
    if wanted.category is not None:
        yield TicketRow.category == (None if wanted.category == "none" else wanted.category)
    if wanted.watched_by is not None:
        yield sa.exists().where(
            WatcherRow.ticket_id == TicketRow.id, WatcherRow.staff_id == wanted.watched_by
        )
    if wanted.text:
        yield _matches(wanted.text)


def _matches(text: str) -> sa.ColumnElement[bool]:
    words = text.strip().lstrip("#").lower()
    escaped = words.replace("\\", "\\\\").replace("%", r"\%").replace("_", r"\_")
    columns = (
        TicketRow.number,
        TicketRow.subject,
        sa.func.coalesce(ContactRow.display_name, ""),
        sa.func.coalesce(TicketRow.assignee_name, ""),
    )
    return sa.or_(*(sa.func.lower(c).like(f"%{escaped}%", escape="\\") for c in columns))


# ------------------------------------------------------------------------------ changing tickets


def next_serial(tx: Tx) -> int:
    """Count the ticket counter up; the row stays locked until the step ends."""
    tx.conn.execute(
        insert_ignore(TicketNumberRow, tx.conn.dialect.name).values(id=1, last=FIRST_NUMBER)
    )
    return int(
        tx.conn.execute(
            sa.update(TicketNumberRow)
            .where(TicketNumberRow.id == 1)
            .values(last=TicketNumberRow.last + 1)
            .returning(TicketNumberRow.last)
        ).scalar_one()
    )


def insert_ticket(
    tx: Tx,
    *,
    conversation_id: str,
    opened_by_turn: str | None,
    opened_seq: int,
    bot_epoch: int,
    queue: Queue,
    priority: Priority,
    reason: Reason,
    topic: str | None,
    category: str | None,
    subject: str,
    pack: dict[str, Any],
    related_to: str | None,
    last_customer_at: datetime | None,
    now: datetime,
) -> Ticket:
    """Add a queued ticket under the next number."""
    serial = next_serial(tx)
    ticket_id = new_id()
    tx.conn.execute(
        sa.insert(TicketRow).values(
            id=ticket_id,
            serial=serial,
            number=f"{NUMBER_PREFIX}{serial}",
            conversation_id=conversation_id,
            opened_by_turn=opened_by_turn,
            opened_seq=opened_seq,
            bot_epoch=bot_epoch,
            queue_id=queue.id,
            level=queue.level,
            state=TicketState.QUEUED.value,
            priority=priority.value,
            priority_rank=priority.rank,
            reason=reason.value,
            topic=topic,
            category=category,
            subject=subject,
            pack=pack,
            related_to=related_to,
            bounce_count=0,
            opened_at=now,
            queued_at=now,
            last_customer_at=last_customer_at,
            waiting_since=now,
        )
    )
    ticket = find_ticket(tx.conn, ticket_id)
    assert ticket is not None  # noqa: S101  it was inserted by this very step
    return ticket


def change_ticket(tx: Tx, ticket: Ticket, values: Mapping[str, Any]) -> bool:
    """Change the ticket if state and assignee are still those of `ticket`; False when not."""
    query = sa.update(TicketRow).where(
        TicketRow.id == ticket.id, TicketRow.state == ticket.state.value
    )
    if ticket.assignee_id is None:
        query = query.where(TicketRow.assignee_id.is_(None))
    else:
        query = query.where(TicketRow.assignee_id == ticket.assignee_id)
    return bool(tx.conn.execute(query.values(**_columns(values))).rowcount == 1)


def claim(tx: Tx, ticket_id: str, *, staff_id: str, name: str, now: datetime) -> bool:
    """Give the ticket to somebody if nobody has it: one conditional UPDATE decides every race."""
    result = tx.conn.execute(
        sa.update(TicketRow)
        .where(
            TicketRow.id == ticket_id,
            TicketRow.state == TicketState.QUEUED.value,
            TicketRow.assignee_id.is_(None),
        )
        .values(
            state=TicketState.CLAIMED.value,
            assignee_id=staff_id,
            assignee_name=name,
            claimed_at=now,
        )
    )
    return result.rowcount == 1


def note_customer(tx: Tx, ticket_id: str, *, now: datetime) -> None:
    """Remember that the customer wrote; the wait counts from the first unanswered message."""
    tx.conn.execute(
        sa.update(TicketRow)
        .where(TicketRow.id == ticket_id)
        .values(last_customer_at=now, waiting_since=sa.func.coalesce(TicketRow.waiting_since, now))
    )


def note_reply(tx: Tx, ticket_id: str, *, now: datetime) -> None:
    """Remember that a person answered."""
    tx.conn.execute(
        sa.update(TicketRow)
        .where(TicketRow.id == ticket_id)
        .values(
            first_reply_at=sa.func.coalesce(TicketRow.first_reply_at, now),
            last_reply_at=now,
            waiting_since=None,
        )
    )


def add_person(tx: Tx, ticket_id: str, staff_id: str) -> None:
    """Remember through whose hands the ticket went."""
    tx.conn.execute(
        insert_ignore(TicketPersonRow, tx.conn.dialect.name).values(
            ticket_id=ticket_id, staff_id=staff_id
        )
    )


def insert_event(
    tx: Tx,
    ticket: Ticket,
    *,
    kind: str,
    actor_id: str | None,
    actor_name: str | None,
    before: Ticket | None,
    epoch: int,
    now: datetime,
    from_value: str | None = None,
    to_value: str | None = None,
    reason: str | None = None,
    text: str | None = None,
) -> Event:
    """Append to the ticket's history; `before` is the ticket as it was, None when it is new."""
    last = tx.conn.execute(
        sa.select(sa.func.coalesce(sa.func.max(TicketEventRow.n), 0)).where(
            TicketEventRow.ticket_id == ticket.id
        )
    ).scalar_one()
    event = Event(
        id=new_id(),
        n=int(last) + 1,
        at=now,
        kind=kind,
        actor_id=actor_id,
        actor_name=actor_name,
        from_state=before.state.value if before else None,
        to_state=ticket.state.value,
        from_queue_id=before.queue_id if before else None,
        to_queue_id=ticket.queue_id,
        from_value=from_value,
        to_value=to_value,
        epoch=epoch,
        reason=reason,
        text=text,
    )
    values = {name: getattr(event, name) for name in Event.__slots__}
    tx.conn.execute(sa.insert(TicketEventRow).values(ticket_id=ticket.id, **values))
    return event


def _columns(values: Mapping[str, Any]) -> dict[str, Any]:
    columns = dict(values)
    priority = columns.get("priority")
    if isinstance(priority, Priority):
        columns["priority_rank"] = priority.rank
    return {
        name: value.value if isinstance(value, TicketState | Priority) else value
        for name, value in columns.items()
    }


def erase(tx: Tx, conversation_id: str, *, replacement: str) -> None:
    """Take what the customer said out of the conversation's tickets; numbers and times stay."""
    tickets = sa.select(TicketRow.id).where(TicketRow.conversation_id == conversation_id)
    tx.conn.execute(
        sa.update(TicketEventRow)
        .where(TicketEventRow.ticket_id.in_(tickets))
        .values(
            text=sa.case((TicketEventRow.text.is_not(None), replacement)),
            reason=sa.case((TicketEventRow.reason.is_not(None), replacement)),
            from_value=_erased_if_written(TicketEventRow.__table__.c.from_value, replacement),
            to_value=_erased_if_written(TicketEventRow.__table__.c.to_value, replacement),
        )
    )
    tx.conn.execute(
        sa.update(TicketRow)
        .where(TicketRow.conversation_id == conversation_id)
        .values(subject=replacement, pack={})
    )


def _erased_if_written(
    column: sa.ColumnElement[str | None], replacement: str
) -> sa.ColumnElement[str | None]:
    """A subject and a tag are somebody's own words; the other values are states, names, numbers."""
    written = TicketEventRow.kind.in_(("subject", "tag_added", "tag_removed"))
    return sa.case((sa.and_(written, column.is_not(None)), replacement), else_=column)


# ---------------------------------------------------------------------------------------- timers


def due_to_wake(conn: sa.Connection, *, now: datetime, limit: int = 100) -> list[str]:
    """Return snoozed tickets whose time has come."""
    return list(
        conn.execute(
            sa.select(TicketRow.id)
            .where(
                TicketRow.wake_at <= now,
                TicketRow.state == TicketState.SNOOZED.value,
            )
            .order_by(TicketRow.wake_at)
            .limit(limit)
        ).scalars()
    )


def due_to_close(conn: sa.Connection, *, now: datetime, limit: int = 100) -> list[str]:
    """Return resolved tickets whose reopen window is over."""
    return list(
        conn.execute(
            sa.select(TicketRow.id)
            .where(
                TicketRow.close_at <= now,
                TicketRow.state == TicketState.RESOLVED.value,
            )
            .order_by(TicketRow.close_at)
            .limit(limit)
        ).scalars()
    )


def orphaned(conn: sa.Connection, *, limit: int = 100) -> list[str]:
    """Return open tickets whose assignee's account was closed."""
    return list(
        conn.execute(
            sa.select(TicketRow.id)
            .join(StaffRow, StaffRow.id == TicketRow.assignee_id)
            .where(TicketRow.state.in_(_OPEN_VALUES), StaffRow.disabled_at.is_not(None))
            .limit(limit)
        ).scalars()
    )


def open_loads(conn: sa.Connection) -> dict[str, int]:
    """Return how many open tickets each member of staff has, by staff id."""
    rows = conn.execute(
        sa.select(TicketRow.assignee_id, sa.func.count().label("n"))
        .where(TicketRow.state.in_(_OPEN_VALUES), TicketRow.assignee_id.is_not(None))
        .group_by(TicketRow.assignee_id)
    )
    return {str(row.assignee_id): int(row.n) for row in rows}
