"""The only SQL that looks for words: a full-text index of SQLite, or one of PostgreSQL.

SQLite keeps `desk_words` (FTS5, the words without the text) by triggers; PostgreSQL indexes an
expression over the text itself. Both fold case and accents, and both find words by their beginning.
The migration `0011_console` makes them. Results never leave what the person may see.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from bot.conversations.tables import ContactRow, ConversationRow, MessageRow
from handoff.search.query import Term
from handoff.tables import QueueRow, TicketPersonRow, TicketRow

FOLDED = (
    "translate(lower({0}), 'áàâãäåéèêëíìîïóòôõöúùûüçñýÿ@._/+-', "
    "'aaaaaaeeeeiiiiooooouuuucnyy      ')"
)
"""What PostgreSQL's index is over; it is used only for exactly this expression."""
CONTACT = (
    "coalesce(display_name, '') || ' ' || coalesce(email, '') || ' ' || coalesce(verified_as, '')"
)
SECONDS = 4
"""Longest search; PostgreSQL ends it itself, SQLite reads its index newest first and stops early."""


@dataclass(frozen=True, slots=True)
class Seen:
    """Whose eyes: the levels, and (unless everything is theirs) the person."""

    levels: tuple[str, ...]
    staff_id: str | None


@dataclass(frozen=True, slots=True)
class Found:
    """One result: a ticket, and the message or the words of it that fit."""

    ticket_id: str
    number: str
    subject: str
    state: str
    level: str
    queue_names: dict[str, str]
    contact_name: str | None
    assignee_name: str | None
    opened_at: datetime
    text: str
    """Where the words stand."""
    message_id: str | None = None
    seq: int | None = None
    author: str | None = None
    author_name: str | None = None
    at: datetime | None = None


def find_tickets(
    conn: sa.Connection,
    seen: Seen,
    terms: tuple[Term, ...],
    *,
    number: str | None,
    offset: int,
    limit: int,
) -> list[Found]:
    """Return tickets by number or subject, newest first."""
    wanted: sa.ColumnElement[bool] = TicketRow.id.in_(_matching(conn, "ticket", terms))
    if number is not None:
        wanted = sa.or_(wanted, TicketRow.number.startswith(number, autoescape=True))
    rows = conn.execute(
        _select(TicketRow.subject)
        .where(wanted, _visible(TicketRow, seen))
        .order_by(TicketRow.serial.desc())
        .offset(offset)
        .limit(limit)
    ).mappings()
    return [_to_found(row) for row in rows]


def find_contacts(
    conn: sa.Connection, seen: Seen, terms: tuple[Term, ...], *, offset: int, limit: int
) -> list[Found]:
    """Return customers by name or e-mail address: the latest ticket of each, newest first."""
    other = sa.orm.aliased(TicketRow)
    latest = (
        sa.select(sa.func.max(other.serial))
        .join(ConversationRow, ConversationRow.id == other.conversation_id)
        .join(ContactRow, ContactRow.id == ConversationRow.contact_id)
        .where(ContactRow.id.in_(_matching(conn, "contact", terms)), _visible(other, seen))
        .group_by(ContactRow.id)
    )
    rows = conn.execute(
        _select(sa.literal_column(CONTACT))
        .where(TicketRow.serial.in_(latest))
        .order_by(TicketRow.serial.desc())
        .offset(offset)
        .limit(limit)
    ).mappings()
    return [_to_found(row) for row in rows]


def find_messages(
    conn: sa.Connection, seen: Seen, terms: tuple[Term, ...], *, offset: int, limit: int
) -> list[Found]:
    """Return messages, newest first, each with the latest ticket of its conversation."""
    other = sa.orm.aliased(TicketRow)
    latest = (
        sa.select(sa.func.max(other.serial))
        .where(other.conversation_id == MessageRow.conversation_id, _visible(other, seen))
        .correlate(MessageRow)
        .scalar_subquery()
    )
    query = _select(
        MessageRow.text,
        MessageRow.id.label("message_id"),
        MessageRow.seq,
        MessageRow.author,
        MessageRow.author_name,
        MessageRow.created_at.label("at"),
        message=latest,
    )
    if conn.dialect.name == "sqlite":
        of = sa.table("desk_words_of", sa.column("id"), sa.column("ref"))
        words = sa.table("desk_words", sa.column("rowid"))
        query = (
            query.where(MessageRow.id == of.c.ref, of.c.id == words.c.rowid)
            .where(sa.text("desk_words MATCH :words").bindparams(words=_fts("message", terms)))
            .order_by(words.c.rowid.desc())
        )
    else:
        query = query.where(MessageRow.author != "system", _ts("messages.text", terms)).order_by(
            MessageRow.created_at.desc(), MessageRow.id.desc()
        )
    rows = conn.execute(query.offset(offset).limit(limit)).mappings()
    return [_to_found(row) for row in rows]


def bound(conn: sa.Connection) -> None:
    """End what this transaction looks for after `SECONDS`."""
    if conn.dialect.name == "postgresql":
        conn.execute(sa.text(f"SET LOCAL statement_timeout = '{SECONDS}s'"))


def _matching(conn: sa.Connection, kind: str, terms: tuple[Term, ...]) -> sa.Select[Any]:
    if conn.dialect.name == "sqlite":
        of = sa.table("desk_words_of", sa.column("id"), sa.column("ref"), sa.column("kind"))
        words = sa.table("desk_words", sa.column("rowid"))
        match = sa.text(f"desk_words MATCH :{kind}").bindparams(**{kind: _fts(kind, terms)})
        return sa.select(of.c.ref).where(of.c.id == words.c.rowid, match)
    if kind == "ticket":
        found = sa.orm.aliased(TicketRow, name="found")
        return sa.select(found.id).where(_ts("found.subject", terms))
    found_contact = sa.orm.aliased(ContactRow, name="found")
    name = CONTACT
    for column in ("display_name", "email", "verified_as"):
        name = name.replace(f"({column}", f"(found.{column}")
    return sa.select(found_contact.id).where(_ts(name, terms))


def _fts(kind: str, terms: tuple[Term, ...]) -> str:
    """Return the terms as FTS5 takes them; parts hold letters and digits only."""
    phrases = " AND ".join(f'"{" ".join(term.parts)}"*' for term in terms)
    return f"{kind} : ({phrases})"


def _ts(words: str, terms: tuple[Term, ...]) -> sa.ColumnElement[bool]:
    phrases = " & ".join(f"({' <-> '.join(term.parts)}:*)" for term in terms)
    vector: sa.ColumnElement[Any] = sa.literal_column(
        f"to_tsvector('simple', {FOLDED.format(words)})"
    )
    return vector.op("@@", is_comparison=True)(
        sa.func.to_tsquery(sa.literal_column("'simple'"), sa.literal(phrases, sa.Text()))
    )


def _select(text: Any, *more: Any, message: Any = None) -> sa.Select[Any]:
    tickets = (
        sa.join(TicketRow, QueueRow, QueueRow.id == TicketRow.queue_id)
        .join(ConversationRow, ConversationRow.id == TicketRow.conversation_id)
        .join(ContactRow, ContactRow.id == ConversationRow.contact_id)
    )
    if message is not None:
        tickets = tickets.join(
            MessageRow,
            sa.and_(
                MessageRow.conversation_id == TicketRow.conversation_id,
                TicketRow.serial == message,
            ),
        )
    return sa.select(
        TicketRow.id.label("ticket_id"),
        TicketRow.number,
        TicketRow.subject,
        TicketRow.state,
        TicketRow.level,
        QueueRow.names.label("queue_names"),
        ContactRow.display_name.label("contact_name"),
        TicketRow.assignee_name,
        TicketRow.opened_at,
        text.label("text"),
        *more,
    ).select_from(tickets)


def _visible(ticket: Any, seen: Seen) -> sa.ColumnElement[bool]:
    ways: list[sa.ColumnElement[bool]] = [ticket.level.in_(seen.levels)]
    if seen.staff_id is not None:
        ways.append(ticket.assignee_id == seen.staff_id)
        ways.append(
            sa.exists().where(
                TicketPersonRow.ticket_id == ticket.id,
                TicketPersonRow.staff_id == seen.staff_id,
            )
        )
    return sa.or_(*ways)


def _to_found(row: sa.RowMapping) -> Found:
    names: Iterable[str] = Found.__slots__
    return Found(**{name: row[name] for name in names if name in row})
