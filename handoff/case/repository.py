"""The only SQL on categories, tags, links, watchers and mentions."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from bot.conversations.tables import ConversationRow
from bot.kit.db import Tx, insert_ignore
from bot.staff.tables import StaffRow
from handoff.case.category import Category
from handoff.case.link import LinkedTicket, LinkKind, Relation, relation
from handoff.case.tables import CategoryRow, LinkRow, MentionRow, TagRow, WatcherRow
from handoff.tables import TicketEventRow, TicketRow
from handoff.ticket import TicketState

# ---------------------------------------------------------------------------------- categories


def list_categories(conn: sa.Connection) -> list[Category]:
    """Return every category in its order, retired ones included."""
    rows = conn.execute(
        sa.select(CategoryRow.__table__).order_by(CategoryRow.position, CategoryRow.key)
    )
    return [
        Category(
            key=row.key,
            names=dict(row.names),
            topics=tuple(row.topics),
            position=row.position,
            version=row.version,
            retired=row.retired_at is not None,
        )
        for row in rows
    ]


def insert_category(
    tx: Tx, key: str, *, names: Mapping[str, str], topics: Sequence[str], position: int
) -> bool:
    """Add a category; False when there is one with this key."""
    result = tx.conn.execute(
        insert_ignore(CategoryRow, tx.conn.dialect.name).values(
            key=key, names=dict(names), topics=list(topics), position=position, version=1
        )
    )
    return bool(result.rowcount == 1)


def update_category(
    tx: Tx,
    key: str,
    *,
    expect_version: int,
    names: Mapping[str, str],
    topics: Sequence[str],
    position: int,
    retired_at: datetime | None,
) -> bool:
    """Change a category if it is still the version that was read; False when it is not."""
    result = tx.conn.execute(
        sa.update(CategoryRow)
        .where(CategoryRow.key == key, CategoryRow.version == expect_version)
        .values(
            names=dict(names),
            topics=list(topics),
            position=position,
            retired_at=retired_at,
            version=CategoryRow.version + 1,
        )
    )
    return bool(result.rowcount == 1)


def count_by_category(conn: sa.Connection) -> dict[str, int]:
    """Return how many tickets each category has, by key."""
    rows = conn.execute(
        sa.select(TicketRow.category, sa.func.count().label("n"))
        .where(TicketRow.category.is_not(None))
        .group_by(TicketRow.category)
    )
    return {str(row.category): int(row.n) for row in rows}


# ----------------------------------------------------------------------------------------- tags


def tags_of(conn: sa.Connection, ticket_id: str) -> tuple[str, ...]:
    """Return the ticket's tags, sorted."""
    return tags_of_many(conn, [ticket_id]).get(ticket_id, ())


def tags_of_many(conn: sa.Connection, ticket_ids: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """Return the tags of each of these tickets that has any, sorted, by ticket id."""
    found: dict[str, list[str]] = {}
    for start in range(0, len(ticket_ids), 500):
        rows = conn.execute(
            sa.select(TagRow.ticket_id, TagRow.tag).where(
                TagRow.ticket_id.in_(ticket_ids[start : start + 500])
            )
        )
        for row in rows:
            found.setdefault(row.ticket_id, []).append(row.tag)
    return {ticket_id: tuple(sorted(tags)) for ticket_id, tags in found.items()}


def set_tags(tx: Tx, ticket_id: str, tags: Iterable[str], *, now: datetime) -> None:
    """Give the ticket exactly these tags."""
    wanted, known = set(tags), set(tags_of(tx.conn, ticket_id))
    if known - wanted:
        tx.conn.execute(
            sa.delete(TagRow).where(
                TagRow.ticket_id == ticket_id, TagRow.tag.in_(sorted(known - wanted))
            )
        )
    for tag in sorted(wanted - known):
        tx.conn.execute(sa.insert(TagRow).values(ticket_id=ticket_id, tag=tag, at=now))


def known_tags(conn: sa.Connection, *, levels: Sequence[str], limit: int = 200) -> list[str]:
    """Return the tags that stand on most tickets of these levels, for completion."""
    return list(
        conn.execute(
            sa.select(TagRow.tag)
            .join(TicketRow, TicketRow.id == TagRow.ticket_id)
            .where(TicketRow.level.in_(levels))
            .group_by(TagRow.tag)
            .order_by(sa.func.count().desc(), TagRow.tag)
            .limit(limit)
        ).scalars()
    )


# ---------------------------------------------------------------------------------------- links


def find_link(conn: sa.Connection, one: str, other: str) -> tuple[str, LinkKind] | None:
    """Return which of the two has the link between them, and its kind; None: there is none."""
    row = conn.execute(
        sa.select(LinkRow.ticket_id, LinkRow.kind).where(
            sa.or_(
                sa.and_(LinkRow.ticket_id == one, LinkRow.other_id == other),
                sa.and_(LinkRow.ticket_id == other, LinkRow.other_id == one),
            )
        )
    ).first()
    return (row.ticket_id, LinkKind(row.kind)) if row else None


def count_links(conn: sa.Connection, ticket_id: str) -> int:
    """Return how many links the ticket has, in both directions."""
    return int(
        conn.execute(
            sa.select(sa.func.count())
            .select_from(LinkRow)
            .where(sa.or_(LinkRow.ticket_id == ticket_id, LinkRow.other_id == ticket_id))
        ).scalar_one()
    )


def insert_link(tx: Tx, ticket_id: str, other_id: str, kind: LinkKind, *, now: datetime) -> None:
    """Link two tickets."""
    tx.conn.execute(
        sa.insert(LinkRow).values(ticket_id=ticket_id, other_id=other_id, kind=kind.value, at=now)
    )


def delete_link(tx: Tx, one: str, other: str) -> None:
    """Take the link between the two away, whichever has it."""
    tx.conn.execute(
        sa.delete(LinkRow).where(
            sa.or_(
                sa.and_(LinkRow.ticket_id == one, LinkRow.other_id == other),
                sa.and_(LinkRow.ticket_id == other, LinkRow.other_id == one),
            )
        )
    )


_OTHER = (
    TicketRow.id,
    TicketRow.serial,
    TicketRow.number,
    TicketRow.subject,
    TicketRow.state,
    TicketRow.level,
    TicketRow.assignee_id,
)


def _linked(row: sa.RowMapping, as_what: Relation) -> LinkedTicket:
    return LinkedTicket(
        id=row["id"],
        number=row["number"],
        subject=row["subject"],
        state=TicketState(row["state"]),
        relation=as_what,
        level=row["level"],
        assignee_id=row["assignee_id"],
    )


def linked_tickets(conn: sa.Connection, ticket_id: str) -> list[LinkedTicket]:
    """Return what the ticket is linked with, from both sides, and what was merged with it."""
    found: list[LinkedTicket] = []
    for from_here in (True, False):
        here, there = LinkRow.ticket_id, LinkRow.other_id
        if not from_here:
            here, there = there, here
        rows = conn.execute(
            sa.select(*_OTHER, LinkRow.kind)
            .join(LinkRow, there == TicketRow.id)
            .where(here == ticket_id)
            .order_by(TicketRow.serial)
        ).mappings()
        found += [
            _linked(row, relation(LinkKind(row["kind"]), from_here=from_here)) for row in rows
        ]
    this = sa.select(TicketRow.merged_into, TicketRow.related_to).where(TicketRow.id == ticket_id)
    own = conn.execute(this).one()
    for other_id, as_what in (
        (own.merged_into, Relation.MERGED_INTO),
        (own.related_to, Relation.EARLIER),
    ):
        if other_id is not None:
            rows = conn.execute(sa.select(*_OTHER).where(TicketRow.id == other_id)).mappings()
            found += [_linked(row, as_what) for row in rows]
    rows = conn.execute(
        sa.select(*_OTHER).where(TicketRow.merged_into == ticket_id).order_by(TicketRow.serial)
    ).mappings()
    return found + [_linked(row, Relation.MERGED_FROM) for row in rows]


def merged_ids(conn: sa.Connection, ticket_id: str, *, limit: int = 50) -> list[str]:
    """Return the ids of tickets merged into this one, directly or by way of others."""
    found: list[str] = []
    line = [ticket_id]
    while line and len(found) < limit:
        line = list(
            conn.execute(
                sa.select(TicketRow.id)
                .where(TicketRow.merged_into.in_(line))
                .order_by(TicketRow.serial)
                .limit(limit)
            ).scalars()
        )
        found += line
    return found[:limit]


def contact_of(conn: sa.Connection, ticket_id: str) -> str:
    """Return whose ticket it is."""
    return str(
        conn.execute(
            sa.select(ConversationRow.contact_id)
            .join(TicketRow, TicketRow.conversation_id == ConversationRow.id)
            .where(TicketRow.id == ticket_id)
        ).scalar_one()
    )


# ------------------------------------------------------------------------------------- watchers


def watchers_of(conn: sa.Connection, ticket_id: str) -> list[tuple[str, str]]:
    """Return id and name of those who watch the ticket and still work here, by name."""
    rows = conn.execute(
        sa.select(StaffRow.id, StaffRow.name)
        .join(WatcherRow, WatcherRow.staff_id == StaffRow.id)
        .where(WatcherRow.ticket_id == ticket_id, StaffRow.disabled_at.is_(None))
        .order_by(StaffRow.name, StaffRow.id)
    )
    return [(row.id, row.name) for row in rows]


def add_watcher(tx: Tx, ticket_id: str, staff_id: str, *, now: datetime) -> bool:
    """Let somebody watch the ticket; False when they do already."""
    result = tx.conn.execute(
        insert_ignore(WatcherRow, tx.conn.dialect.name).values(
            ticket_id=ticket_id, staff_id=staff_id, at=now
        )
    )
    return bool(result.rowcount == 1)


def remove_watcher(tx: Tx, ticket_id: str, staff_id: str) -> bool:
    """Let somebody watch the ticket no longer; False when they did not."""
    result = tx.conn.execute(
        sa.delete(WatcherRow).where(
            WatcherRow.ticket_id == ticket_id, WatcherRow.staff_id == staff_id
        )
    )
    return bool(result.rowcount == 1)


# ------------------------------------------------------------------------------------- mentions


@dataclass(frozen=True, slots=True)
class Mention:
    """A note in which somebody was named."""

    event_id: str
    ticket_id: str
    number: str
    subject: str
    by: str | None
    """Name of who wrote the note."""
    text: str
    at: datetime
    read_at: datetime | None


def insert_mention(tx: Tx, *, event_id: str, ticket_id: str, staff_id: str, now: datetime) -> None:
    """Remember that somebody was named in a note."""
    tx.conn.execute(
        insert_ignore(MentionRow, tx.conn.dialect.name).values(
            event_id=event_id, ticket_id=ticket_id, staff_id=staff_id, at=now
        )
    )


def list_mentions(conn: sa.Connection, staff_id: str, *, limit: int) -> list[Mention]:
    """Return where this person was named, latest first."""
    rows = conn.execute(
        sa.select(
            MentionRow.event_id,
            MentionRow.ticket_id,
            MentionRow.at,
            MentionRow.read_at,
            TicketRow.number,
            TicketRow.subject,
            TicketEventRow.actor_name,
            TicketEventRow.text,
        )
        .join(TicketRow, TicketRow.id == MentionRow.ticket_id)
        .join(TicketEventRow, TicketEventRow.id == MentionRow.event_id)
        .where(MentionRow.staff_id == staff_id)
        .order_by(MentionRow.at.desc(), MentionRow.event_id)
        .limit(limit)
    )
    return [
        Mention(
            event_id=row.event_id,
            ticket_id=row.ticket_id,
            number=row.number,
            subject=row.subject,
            by=row.actor_name,
            text=row.text or "",
            at=row.at,
            read_at=row.read_at,
        )
        for row in rows
    ]


def count_unread(conn: sa.Connection, staff_id: str) -> int:
    """Return how many mentions this person has not read."""
    return int(
        conn.execute(
            sa.select(sa.func.count())
            .select_from(MentionRow)
            .where(MentionRow.staff_id == staff_id, MentionRow.read_at.is_(None))
        ).scalar_one()
    )


def read_mentions(tx: Tx, staff_id: str, *, ticket_id: str | None, now: datetime) -> int:
    """Mark mentions of this person as read, of one ticket or all; returns how many were unread."""
    query = sa.update(MentionRow).where(
        MentionRow.staff_id == staff_id, MentionRow.read_at.is_(None)
    )
    if ticket_id is not None:
        query = query.where(MentionRow.ticket_id == ticket_id)
    return int(tx.conn.execute(query.values(read_at=now)).rowcount)


# -------------------------------------------------------------------------------------- erasing


def erase(tx: Tx, conversation_id: str) -> None:
    """Take the tags of the conversation's tickets away: people may have written anything there."""
    tickets = sa.select(TicketRow.id).where(TicketRow.conversation_id == conversation_id)
    tx.conn.execute(sa.delete(TagRow).where(TagRow.ticket_id.in_(tickets)))
