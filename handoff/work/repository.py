"""The only SQL on presence, profiles, queues' settings and assignments."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from bot.conversations.tables import ConversationRow
from bot.kit.db import Tx, insert_ignore
from bot.kit.ids import new_id
from bot.staff.account import Staff
from handoff.tables import TicketEventRow, TicketRow
from handoff.ticket import OPEN, Priority, TicketState
from handoff.work.matching import Mode, Profile, Settings, default_profile
from handoff.work.presence import Presence, Seen
from handoff.work.tables import AssignmentRow, PresenceRow, ProfileRow, QueueAssignmentRow

OFFERED, ACCEPTED, MISSED, ENDED = "offered", "accepted", "missed", "ended"
_ASSIGNMENT_LOCK = 7203002
"""PostgreSQL's advisory lock under which tickets are given out; `bot.staff.audit` has 7203001."""
_OPEN_VALUES = sorted(state.value for state in OPEN)
_UNANSWERED = sa.or_(
    TicketRow.last_reply_at.is_(None), TicketRow.last_reply_at < TicketRow.claimed_at
)


@dataclass(frozen=True, slots=True)
class Offer:
    """A ticket that was given to somebody who has not accepted or answered it yet."""

    id: str
    ticket_id: str
    number: str
    subject: str
    conversation_id: str
    queue_id: str
    staff_id: str
    at: datetime
    due_at: datetime


@dataclass(frozen=True, slots=True)
class Waiting:
    """A ticket that waits in a queue which gives out its tickets."""

    ticket_id: str
    conversation_id: str
    queue_id: str
    locale: str


@dataclass(frozen=True, slots=True)
class QueueFigures:
    """What is in a queue now."""

    waiting: int
    oldest_at: datetime | None
    worked: int
    paused: int
    at_risk: int
    breached: int


@dataclass(frozen=True, slots=True)
class AtRisk:
    """A ticket that a supervisor should look at."""

    ticket_id: str
    number: str
    subject: str
    queue_id: str
    level: str
    state: TicketState
    priority: Priority
    assignee_id: str | None
    assignee_name: str | None
    due_at: datetime | None
    metric: str | None
    waiting_since: datetime | None
    breached: bool
    at_risk: bool
    missed: int
    """How many people did not accept it in time, in its present queue."""


# ----------------------------------------------------------------------------------- presence


def _to_seen(row: Any) -> Seen:
    return Seen(
        staff_id=row.staff_id,
        chosen=Presence(row.chosen),
        chosen_at=row.chosen_at,
        seen_at=row.seen_at,
        active_at=row.active_at,
        gone_at=row.gone_at,
    )


def find_seen(conn: sa.Connection, staff_id: str) -> Seen | None:
    """Return what is known of somebody's presence, or None when they never opened the console."""
    row = conn.execute(
        sa.select(PresenceRow.__table__).where(PresenceRow.staff_id == staff_id)
    ).one_or_none()
    return _to_seen(row) if row else None


def all_seen(conn: sa.Connection) -> dict[str, Seen]:
    """Return everybody's presence by staff id."""
    rows = conn.execute(sa.select(PresenceRow.__table__))
    return {row.staff_id: _to_seen(row) for row in rows}


def note_seen(tx: Tx, staff_id: str, *, active: bool, now: datetime) -> None:
    """Note a sign of life; who is new is online from then on, who came back is what they chose."""
    tx.conn.execute(
        insert_ignore(PresenceRow, tx.conn.dialect.name).values(
            staff_id=staff_id,
            chosen=Presence.ONLINE.value,
            chosen_at=now,
            seen_at=now,
            active_at=now,
        )
    )
    values: dict[str, Any] = {
        "seen_at": now,
        # Who went offline by hand and leaves the page open has been seen to already.
        "gone_at": sa.case(
            (PresenceRow.chosen == Presence.OFFLINE.value, PresenceRow.gone_at), else_=None
        ),
    }
    if active:
        values["active_at"] = now
    tx.conn.execute(sa.update(PresenceRow).where(PresenceRow.staff_id == staff_id).values(**values))


def set_chosen(tx: Tx, staff_id: str, chosen: Presence, *, now: datetime) -> None:
    """Store what somebody says they are."""
    note_seen(tx, staff_id, active=True, now=now)
    tx.conn.execute(
        sa.update(PresenceRow)
        .where(PresenceRow.staff_id == staff_id)
        .values(chosen=chosen.value, chosen_at=now, gone_at=None)
    )


def mark_gone(tx: Tx, seen: Seen, *, now: datetime) -> bool:
    """Note that somebody is gone, once; False when they came back or another gateway noted it."""
    result = tx.conn.execute(
        sa.update(PresenceRow)
        .where(
            PresenceRow.staff_id == seen.staff_id,
            PresenceRow.gone_at.is_(None),
            PresenceRow.seen_at == seen.seen_at,
            PresenceRow.chosen == seen.chosen.value,
        )
        .values(gone_at=now)
    )
    return result.rowcount == 1


def list_unhandled(conn: sa.Connection) -> list[Seen]:
    """Return those who are not noted as gone."""
    rows = conn.execute(sa.select(PresenceRow.__table__).where(PresenceRow.gone_at.is_(None)))
    return [_to_seen(row) for row in rows]


# ------------------------------------------------------------------------- profiles and settings


def _to_profile(row: Any) -> Profile:
    return Profile(
        staff_id=row.staff_id,
        capacity=row.capacity,
        skills=frozenset(row.skills),
        languages=frozenset(row.languages),
        automatic=row.automatic,
    )


def get_profile(conn: sa.Connection, staff: Staff) -> Profile:
    """Return what somebody can take."""
    row = conn.execute(
        sa.select(ProfileRow.__table__).where(ProfileRow.staff_id == staff.id)
    ).one_or_none()
    return _to_profile(row) if row else default_profile(staff)


def get_profiles(conn: sa.Connection, people: Iterable[Staff]) -> dict[str, Profile]:
    """Return what each of these people can take, by staff id."""
    rows = conn.execute(sa.select(ProfileRow.__table__))
    stored = {row.staff_id: _to_profile(row) for row in rows}
    return {one.id: stored.get(one.id) or default_profile(one) for one in people}


def save_profile(tx: Tx, profile: Profile, *, now: datetime) -> None:
    """Store what somebody can take."""
    values = {
        "capacity": profile.capacity,
        "skills": sorted(profile.skills),
        "languages": sorted(profile.languages),
        "automatic": profile.automatic,
        "updated_at": now,
    }
    tx.conn.execute(
        insert_ignore(ProfileRow, tx.conn.dialect.name).values(staff_id=profile.staff_id, **values)
    )
    tx.conn.execute(
        sa.update(ProfileRow).where(ProfileRow.staff_id == profile.staff_id).values(**values)
    )


def get_settings(conn: sa.Connection) -> dict[str, Settings]:
    """Return how queues give out their tickets, by queue id; those not edited are left out."""
    rows = conn.execute(sa.select(QueueAssignmentRow.__table__))
    return {
        row.queue_id: Settings(
            queue_id=row.queue_id,
            mode=Mode(row.mode),
            accept_seconds=row.accept_seconds,
            fair_limit=row.fair_limit,
            version=row.version,
        )
        for row in rows
    }


def save_settings(tx: Tx, settings: Settings, *, now: datetime) -> bool:
    """Store a queue's settings as the version after `settings.version`; False when that is stale."""
    values = {
        "mode": settings.mode.value,
        "accept_seconds": settings.accept_seconds,
        "fair_limit": settings.fair_limit,
        "version": settings.version + 1,
        "updated_at": now,
    }
    if settings.version == 0:
        insert = insert_ignore(QueueAssignmentRow, tx.conn.dialect.name)
        result = tx.conn.execute(insert.values(queue_id=settings.queue_id, **values))
    else:
        result = tx.conn.execute(
            sa.update(QueueAssignmentRow)
            .where(
                QueueAssignmentRow.queue_id == settings.queue_id,
                QueueAssignmentRow.version == settings.version,
            )
            .values(**values)
        )
    return result.rowcount == 1


# --------------------------------------------------------------------------------- assignments


def lock_assignment(tx: Tx) -> None:
    """Let nobody else give out a ticket until the step ends, so that capacity holds.

    SQLite has one writer anyway.
    """
    if tx.conn.dialect.name == "postgresql":
        tx.conn.execute(sa.text(f"SELECT pg_advisory_xact_lock({_ASSIGNMENT_LOCK})"))


def list_waiting(conn: sa.Connection, queue_ids: Sequence[str], *, limit: int) -> list[Waiting]:
    """Return who waits in these queues, most urgent first."""
    rows = conn.execute(
        sa.select(
            TicketRow.id, TicketRow.conversation_id, TicketRow.queue_id, ConversationRow.locale
        )
        .join(ConversationRow, ConversationRow.id == TicketRow.conversation_id)
        .where(
            TicketRow.state == TicketState.QUEUED.value,
            TicketRow.queue_id.in_(queue_ids),
        )
        .order_by(
            TicketRow.priority_rank,
            TicketRow.due_at.is_(None),
            TicketRow.due_at,
            TicketRow.queued_at,
            TicketRow.serial,
        )
        .limit(limit)
    )
    return [Waiting(row.id, row.conversation_id, row.queue_id, row.locale) for row in rows]


def worked_on(conn: sa.Connection) -> dict[str, int]:
    """Return how many conversations each person is working on now, paused ones not counted."""
    rows = conn.execute(
        sa.select(TicketRow.assignee_id, sa.func.count().label("n"))
        .where(TicketRow.state == TicketState.CLAIMED.value, TicketRow.assignee_id.is_not(None))
        .group_by(TicketRow.assignee_id)
    )
    return {row.assignee_id: int(row.n) for row in rows}


def put_aside(conn: sa.Connection) -> dict[str, int]:
    """Return how many conversations of each person wait for somebody or something."""
    rows = conn.execute(
        sa.select(TicketRow.assignee_id, sa.func.count().label("n"))
        .where(
            TicketRow.state.in_(_OPEN_VALUES),
            TicketRow.state != TicketState.CLAIMED.value,
            TicketRow.assignee_id.is_not(None),
        )
        .group_by(TicketRow.assignee_id)
    )
    return {row.assignee_id: int(row.n) for row in rows}


def given_since(conn: sa.Connection, since: datetime) -> dict[str, int]:
    """Return how many tickets each person was given since an instant."""
    rows = conn.execute(
        sa.select(AssignmentRow.staff_id, sa.func.count().label("n"))
        .where(AssignmentRow.at > since)
        .group_by(AssignmentRow.staff_id)
    )
    return {row.staff_id: int(row.n) for row in rows}


def last_given(conn: sa.Connection, queue_id: str) -> dict[str, datetime]:
    """Return when the queue last gave each person a ticket."""
    rows = conn.execute(
        sa.select(AssignmentRow.staff_id, sa.func.max(AssignmentRow.at).label("at"))
        .where(AssignmentRow.queue_id == queue_id)
        .group_by(AssignmentRow.staff_id)
    )
    return {row.staff_id: row.at for row in rows}


def last_agent(conn: sa.Connection, conversation_id: str, *, other_than: str) -> str | None:
    """Return who had the customer's latest other ticket, on any of their conversations."""
    contact = sa.select(ConversationRow.contact_id).where(ConversationRow.id == conversation_id)
    return conn.execute(
        sa.select(TicketRow.assignee_id)
        .join(ConversationRow, ConversationRow.id == TicketRow.conversation_id)
        .where(
            ConversationRow.contact_id == contact.scalar_subquery(),
            TicketRow.id != other_than,
            TicketRow.assignee_id.is_not(None),
        )
        .order_by(TicketRow.serial.desc())
        .limit(1)
    ).scalar_one_or_none()


def missed_by(conn: sa.Connection, ticket_id: str, queue_id: str) -> frozenset[str]:
    """Return who did not accept the ticket in time while it was in this queue."""
    return frozenset(
        conn.execute(
            sa.select(AssignmentRow.staff_id).where(
                AssignmentRow.ticket_id == ticket_id,
                AssignmentRow.queue_id == queue_id,
                AssignmentRow.outcome == MISSED,
            )
        ).scalars()
    )


def insert_offer(
    tx: Tx, *, ticket_id: str, queue_id: str, staff_id: str, at: datetime, due_at: datetime
) -> None:
    """Note that a ticket was given to somebody; an earlier note of the same ticket has ended."""
    tx.conn.execute(
        sa.update(AssignmentRow)
        .where(AssignmentRow.ticket_id == ticket_id, AssignmentRow.outcome == OFFERED)
        .values(outcome=ENDED, ended_at=at)
    )
    tx.conn.execute(
        sa.insert(AssignmentRow).values(
            id=new_id(),
            ticket_id=ticket_id,
            queue_id=queue_id,
            staff_id=staff_id,
            at=at,
            due_at=due_at,
            outcome=OFFERED,
        )
    )


def _offers() -> sa.Select[Any]:
    columns: tuple[Any, ...] = (
        AssignmentRow.id,
        AssignmentRow.ticket_id,
        TicketRow.number,
        TicketRow.subject,
        TicketRow.conversation_id,
        AssignmentRow.queue_id,
        AssignmentRow.staff_id,
        AssignmentRow.at,
        AssignmentRow.due_at,
    )
    return sa.select(*columns).join(TicketRow, TicketRow.id == AssignmentRow.ticket_id)


def _to_offer(row: Any) -> Offer:
    return Offer(**row._mapping)


def due_offers(conn: sa.Connection, *, now: datetime, limit: int = 100) -> list[Offer]:
    """Return what should have been accepted by now."""
    rows = conn.execute(
        _offers()
        .where(AssignmentRow.outcome == OFFERED, AssignmentRow.due_at <= now)
        .order_by(AssignmentRow.due_at)
        .limit(limit)
    )
    return [_to_offer(row) for row in rows]


def find_offer(conn: sa.Connection, ticket_id: str) -> Offer | None:
    """Return the offer of a ticket that nobody accepted, answered, missed or passed on, or None."""
    row = conn.execute(
        _offers().where(AssignmentRow.ticket_id == ticket_id, *_still_offered())
    ).one_or_none()
    return _to_offer(row) if row else None


def offers_to(conn: sa.Connection, staff_id: str) -> list[Offer]:
    """Return what somebody should accept, the most pressing first."""
    rows = conn.execute(
        _offers()
        .where(AssignmentRow.staff_id == staff_id, *_still_offered())
        .order_by(AssignmentRow.due_at)
    )
    return [_to_offer(row) for row in rows]


def _still_offered() -> tuple[sa.ColumnElement[bool], ...]:
    return (
        AssignmentRow.outcome == OFFERED,
        TicketRow.state == TicketState.CLAIMED.value,
        TicketRow.assignee_id == AssignmentRow.staff_id,
        TicketRow.claimed_at == AssignmentRow.at,
        _UNANSWERED,
    )


def end_offer(tx: Tx, offer_id: str, outcome: str, *, now: datetime) -> bool:
    """Say what came of an offer; False when that was said before."""
    result = tx.conn.execute(
        sa.update(AssignmentRow)
        .where(AssignmentRow.id == offer_id, AssignmentRow.outcome == OFFERED)
        .values(outcome=outcome, ended_at=now)
    )
    return result.rowcount == 1


def did_something(conn: sa.Connection, ticket_id: str, staff_id: str, since: datetime) -> bool:
    """Tell whether the ticket's history has something of this person since an instant."""
    return (
        conn.execute(
            sa.select(TicketEventRow.id)
            .where(
                TicketEventRow.ticket_id == ticket_id,
                TicketEventRow.actor_id == staff_id,
                TicketEventRow.at >= since,
            )
            .limit(1)
        ).scalar_one_or_none()
        is not None
    )


def claimed_by(conn: sa.Connection, staff_id: str) -> list[tuple[str, str, bool]]:
    """Return what somebody is working on: (ticket id, conversation id, answered since the claim)."""
    rows = conn.execute(
        sa.select(
            TicketRow.id,
            TicketRow.conversation_id,
            sa.case((_UNANSWERED, 0), else_=1).label("answered"),
        )
        .where(TicketRow.assignee_id == staff_id, TicketRow.state == TicketState.CLAIMED.value)
        .order_by(TicketRow.conversation_id)
    )
    return [(row.id, row.conversation_id, bool(row.answered)) for row in rows]


# --------------------------------------------------------------------------------------- board


def queue_figures(conn: sa.Connection, *, now: datetime) -> dict[str, QueueFigures]:
    """Return what is in each queue that has open tickets, by queue id."""
    waiting = TicketRow.state == TicketState.QUEUED.value
    worked = TicketRow.state == TicketState.CLAIMED.value
    breached = _breached(now)
    rows = conn.execute(
        sa.select(
            TicketRow.queue_id,
            sa.func.count(sa.case((waiting, 1))).label("waiting"),
            sa.func.min(sa.case((waiting, TicketRow.queued_at))).label("oldest_at"),
            sa.func.count(sa.case((worked, 1))).label("worked"),
            sa.func.count(sa.case((~waiting & ~worked, 1))).label("paused"),
            sa.func.count(sa.case((_at_risk(now), 1))).label("at_risk"),
            sa.func.count(sa.case((breached, 1))).label("breached"),
        )
        .where(TicketRow.state.in_(_OPEN_VALUES))
        .group_by(TicketRow.queue_id)
    )
    return {
        row.queue_id: QueueFigures(
            int(row.waiting),
            row.oldest_at,
            int(row.worked),
            int(row.paused),
            int(row.at_risk),
            int(row.breached),
        )
        for row in rows
    }


def _breached(now: datetime) -> sa.ColumnElement[bool]:
    late = TicketRow.due_at.is_not(None) & (TicketRow.due_at <= now)
    return sa.or_(late, sa.func.coalesce(TicketRow.due_state, "") == "breached")


def _at_risk(now: datetime) -> sa.ColumnElement[bool]:
    return TicketRow.warn_at.is_not(None) & (TicketRow.warn_at <= now) & ~_breached(now)


def list_at_risk(
    conn: sa.Connection, *, gone: Sequence[str], now: datetime, limit: int
) -> list[AtRisk]:
    """Return the tickets to look at: due soon, overdue, left by somebody, accepted by nobody.

    Args:
        conn: the step's connection.
        gone: staff ids of those who are not there.
        now: the present instant.
        limit: at most so many, the most pressing first.
    """
    missed = (
        sa.select(sa.func.count())
        .where(
            AssignmentRow.ticket_id == TicketRow.id,
            AssignmentRow.queue_id == TicketRow.queue_id,
            AssignmentRow.outcome == MISSED,
        )
        .correlate(TicketRow)
        .scalar_subquery()
    )
    left = (TicketRow.state == TicketState.CLAIMED.value) & TicketRow.assignee_id.in_(gone)
    unaccepted = (TicketRow.state == TicketState.QUEUED.value) & (missed >= 2)
    rows = conn.execute(
        sa.select(
            TicketRow.id.label("ticket_id"),
            TicketRow.number,
            TicketRow.subject,
            TicketRow.queue_id,
            TicketRow.level,
            TicketRow.state,
            TicketRow.priority,
            TicketRow.assignee_id,
            TicketRow.assignee_name,
            TicketRow.due_at,
            TicketRow.due_metric.label("metric"),
            TicketRow.waiting_since,
            sa.case((_breached(now), 1), else_=0).label("breached"),
            sa.case((_at_risk(now), 1), else_=0).label("at_risk"),
            missed.label("missed"),
        )
        .where(
            TicketRow.state.in_(_OPEN_VALUES),
            sa.or_(_breached(now), _at_risk(now), left, unaccepted),
        )
        .order_by(
            TicketRow.due_at.is_(None), TicketRow.due_at, TicketRow.priority_rank, TicketRow.serial
        )
        .limit(limit)
    ).mappings()
    return [
        AtRisk(
            **{
                **row,
                "state": TicketState(row["state"]),
                "priority": Priority(row["priority"]),
                "breached": bool(row["breached"]),
                "at_risk": bool(row["at_risk"]),
            }
        )
        for row in rows
    ]
