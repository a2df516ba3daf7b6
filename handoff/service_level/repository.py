"""The only SQL on policies, agreements and clocks."""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from bot.conversations.tables import ContactRow, ConversationRow, MessageRow
from bot.hours.calendar import Calendar
from bot.kit.db import Tx, insert_ignore
from bot.kit.ids import new_id
from handoff import repository as desk
from handoff.service_level.clock import Agreement, Clock, ClockState, Happening, Kind
from handoff.service_level.policy import Metric, Moment, Policy, Terms, from_json, to_json
from handoff.service_level.report import ClockLine, Said, TicketLine
from handoff.service_level.tables import (
    AgreementRow,
    ClockRow,
    FiredRow,
    PolicyRow,
    PolicyVersionRow,
    ServiceCalendarRow,
    TierRow,
)
from handoff.service_level.worktime import calendar_json, read_calendar
from handoff.tables import QueueRow, TicketEventRow, TicketRow
from handoff.ticket import OPEN, Ticket, TicketState

_OPEN_VALUES = sorted(state.value for state in OPEN)


@dataclass(frozen=True, slots=True)
class PolicyVersion:
    """A version in a policy's history."""

    version: int
    terms: Terms
    at: datetime
    by: str | None


@dataclass(frozen=True, slots=True)
class Agreed:
    """An agreement with the names that people know it by."""

    agreement: Agreement
    policy_id: str | None
    policy_version: int | None
    calendar_id: str | None
    facts: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Fired:
    """A warning or breach that was acted on."""

    metric: Metric
    n: int
    moment: Moment
    due_at: datetime
    at: datetime
    late: bool
    done: list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Context:
    """What policies may look at beyond the ticket itself."""

    channel: str
    locale: str
    account: str | None
    """The customer's proved e-mail address."""
    bot_since: datetime | None
    """When the customer's part with the bot before the hand-off began."""


# -------------------------------------------------------------------------------------- policies


def _to_policy(row: sa.RowMapping) -> Policy:
    return Policy(
        id=row["id"],
        version=row["version"],
        position=row["position"],
        enabled=row["enabled"],
        terms=from_json(row["terms"]),
    )


def list_policies(conn: sa.Connection) -> list[Policy]:
    """Return the policies of the list in order, switched on or not."""
    rows = conn.execute(
        sa.select(PolicyRow.__table__)
        .where(PolicyRow.retired_at.is_(None))
        .order_by(PolicyRow.position, PolicyRow.id)
    ).mappings()
    return [_to_policy(row) for row in rows]


def find_policy(conn: sa.Connection, policy_id: str) -> Policy | None:
    """Return the policy if it is in the list, or None."""
    row = (
        conn.execute(
            sa.select(PolicyRow.__table__).where(
                PolicyRow.id == policy_id, PolicyRow.retired_at.is_(None)
            )
        )
        .mappings()
        .one_or_none()
    )
    return _to_policy(row) if row else None


def ever_had_policies(conn: sa.Connection) -> bool:
    """Tell whether there is or was a policy."""
    return conn.execute(sa.select(PolicyRow.id).limit(1)).first() is not None


def lock_policies(tx: Tx) -> None:
    """Let nobody else change the list until the step ends; SQLite has one writer anyway."""
    tx.conn.execute(sa.select(PolicyRow.id).with_for_update())


def insert_policy(
    tx: Tx, terms: Terms, *, position: int, enabled: bool, by: str | None, now: datetime
) -> str:
    """Add a policy in its first version and return its id."""
    policy_id = new_id()
    stored = to_json(terms)
    tx.conn.execute(
        sa.insert(PolicyRow).values(
            id=policy_id,
            version=1,
            position=position,
            enabled=enabled,
            terms=stored,
            updated_at=now,
        )
    )
    _insert_version(tx, policy_id, 1, stored, by=by, now=now)
    return policy_id


def change_policy(
    tx: Tx, policy: Policy, terms: Terms, *, enabled: bool, by: str | None, now: datetime
) -> bool:
    """Make the next version if `policy` still is the latest one; False when it is not."""
    stored = to_json(terms)
    changed = tx.conn.execute(
        sa.update(PolicyRow)
        .where(PolicyRow.id == policy.id, PolicyRow.version == policy.version)
        .values(version=policy.version + 1, enabled=enabled, terms=stored, updated_at=now)
    )
    if changed.rowcount != 1:
        return False
    _insert_version(tx, policy.id, policy.version + 1, stored, by=by, now=now)
    return True


def _insert_version(
    tx: Tx, policy_id: str, version: int, stored: dict[str, Any], *, by: str | None, now: datetime
) -> None:
    tx.conn.execute(
        sa.insert(PolicyVersionRow).values(
            policy_id=policy_id, version=version, terms=stored, at=now, by=by
        )
    )


def retire_policy(tx: Tx, policy_id: str, *, now: datetime) -> None:
    """Take a policy from the list; its versions stay."""
    tx.conn.execute(sa.update(PolicyRow).where(PolicyRow.id == policy_id).values(retired_at=now))


def set_order(tx: Tx, policy_ids: Sequence[str]) -> None:
    """Put the policies into this order."""
    for position, policy_id in enumerate(policy_ids):
        tx.conn.execute(
            sa.update(PolicyRow).where(PolicyRow.id == policy_id).values(position=position)
        )


def list_versions(conn: sa.Connection, policy_id: str) -> list[PolicyVersion]:
    """Return a policy's versions, newest first."""
    rows = conn.execute(
        sa.select(PolicyVersionRow.__table__)
        .where(PolicyVersionRow.policy_id == policy_id)
        .order_by(PolicyVersionRow.version.desc())
    )
    return [PolicyVersion(row.version, from_json(row.terms), row.at, row.by) for row in rows]


# ---------------------------------------------------------------------------------- customers' tiers


def list_tiers(conn: sa.Connection) -> dict[str, str]:
    """Return tier by domain."""
    rows = conn.execute(sa.select(TierRow.domain, TierRow.tier).order_by(TierRow.domain))
    return {row.domain: row.tier for row in rows}


def save_tiers(tx: Tx, tiers: Mapping[str, str]) -> None:
    """Replace the list of tiers."""
    tx.conn.execute(sa.delete(TierRow))
    for domain, tier in tiers.items():
        tx.conn.execute(sa.insert(TierRow).values(domain=domain, tier=tier))


def tier_of(conn: sa.Connection, account: str | None) -> str | None:
    """Return the tier of a proved e-mail address, or None."""
    if account is None:
        return None
    domain = account.rpartition("@")[2].lower()
    return conn.execute(sa.select(TierRow.tier).where(TierRow.domain == domain)).scalar()


# -------------------------------------------------------------------------------- what was agreed


def keep_calendar(tx: Tx, calendar: Calendar | None) -> str | None:
    """Keep a calendar as it is now and return its id; None for round the clock."""
    if calendar is None:
        return None
    data = calendar_json(calendar)
    text = json.dumps(data, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    calendar_id = hashlib.sha256(text.encode()).hexdigest()
    tx.conn.execute(
        insert_ignore(ServiceCalendarRow, tx.conn.dialect.name).values(id=calendar_id, data=data)
    )
    return calendar_id


def list_agreed(conn: sa.Connection, ticket_id: str) -> list[Agreed]:
    """Return what was agreed for a ticket, in order."""
    rows = conn.execute(
        sa.select(
            AgreementRow.__table__,
            PolicyVersionRow.terms,
            ServiceCalendarRow.data,
        )
        .select_from(
            sa.outerjoin(
                AgreementRow,
                PolicyVersionRow,
                sa.and_(
                    PolicyVersionRow.policy_id == AgreementRow.policy_id,
                    PolicyVersionRow.version == AgreementRow.policy_version,
                ),
            ).outerjoin(ServiceCalendarRow, ServiceCalendarRow.id == AgreementRow.calendar_id)
        )
        .where(AgreementRow.ticket_id == ticket_id)
        .order_by(AgreementRow.n)
    )
    return [
        Agreed(
            agreement=Agreement(
                n=row.n,
                at=row.at,
                terms=from_json(row.terms) if row.terms else None,
                calendar=read_calendar(row.data) if row.data else None,
                event_n=row.event_n,
            ),
            policy_id=row.policy_id,
            policy_version=row.policy_version,
            calendar_id=row.calendar_id,
            facts=dict(row.facts),
        )
        for row in rows
    ]


def insert_agreement(
    tx: Tx,
    ticket_id: str,
    *,
    n: int,
    at: datetime,
    event_n: int | None,
    policy_id: str | None,
    policy_version: int | None,
    calendar_id: str | None,
    facts: Mapping[str, Any],
) -> None:
    """Add an agreement."""
    tx.conn.execute(
        sa.insert(AgreementRow).values(
            ticket_id=ticket_id,
            n=n,
            at=at,
            event_n=event_n,
            policy_id=policy_id,
            policy_version=policy_version,
            calendar_id=calendar_id,
            facts=dict(facts),
        )
    )


def context_of(conn: sa.Connection, ticket: Ticket) -> Context:
    """Return what is known of the customer and of the part with the bot before the hand-off."""
    row = conn.execute(
        sa.select(ConversationRow.channel, ConversationRow.locale, ContactRow.verified_as)
        .join(ContactRow, ContactRow.id == ConversationRow.contact_id)
        .where(ConversationRow.id == ticket.conversation_id)
    ).one()
    bot_since = conn.execute(
        sa.select(sa.func.min(MessageRow.created_at)).where(
            MessageRow.conversation_id == ticket.conversation_id,
            MessageRow.owner_epoch == ticket.bot_epoch,
            MessageRow.author == "customer",
        )
    ).scalar()
    return Context(row.channel, row.locale, row.verified_as, bot_since)


# --------------------------------------------------------------------------------- what happened


def happenings(conn: sa.Connection, ticket: Ticket) -> list[Happening]:
    """Return the ticket's story in order: history, and the words of customer and agents.

    What happened at one instant is told apart by the owner's epoch: an event that raised it comes
    before the messages of that epoch, one that did not comes after them.
    """
    levels = {row.id: row.level for row in conn.execute(sa.select(QueueRow.id, QueueRow.level))}
    story: list[tuple[tuple[datetime, int, int, int], Happening]] = []
    epoch = 0
    events = conn.execute(
        sa.select(
            TicketEventRow.n,
            TicketEventRow.at,
            TicketEventRow.kind,
            TicketEventRow.to_state,
            TicketEventRow.to_queue_id,
            TicketEventRow.epoch,
        )
        .where(TicketEventRow.ticket_id == ticket.id)
        .order_by(TicketEventRow.n)
    )
    for row in events:
        raised = row.epoch > epoch
        epoch = row.epoch
        happening = Happening(
            at=row.at,
            kind=Kind.OPENED if row.n == 1 else Kind.CHANGED,
            state=TicketState(row.to_state),
            level=levels.get(row.to_queue_id, ticket.level),
            queue=row.to_queue_id,
            n=row.n,
        )
        story.append(((row.at, row.epoch, 0 if raised else 2, row.n), happening))
    kinds = {"customer": Kind.WROTE, "agent": Kind.REPLIED}
    messages = conn.execute(
        sa.select(
            MessageRow.seq, MessageRow.author, MessageRow.created_at, MessageRow.owner_epoch
        ).where(
            MessageRow.conversation_id == ticket.conversation_id,
            MessageRow.seq > ticket.opened_seq,
            MessageRow.owner_epoch <= epoch,
            MessageRow.author.in_(sorted(kinds)),
        )
    )
    for said in messages:
        key = (said.created_at, said.owner_epoch, 1, said.seq)
        story.append((key, Happening(at=said.created_at, kind=kinds[said.author])))
    return [happening for _, happening in sorted(story, key=lambda item: item[0])]


def last_event(conn: sa.Connection, ticket_id: str) -> tuple[int, str]:
    """Return number and kind of the latest line of a ticket's history."""
    row = conn.execute(
        sa.select(TicketEventRow.n, TicketEventRow.kind)
        .where(TicketEventRow.ticket_id == ticket_id)
        .order_by(TicketEventRow.n.desc())
        .limit(1)
    ).one()
    return int(row.n), str(row.kind)


# ----------------------------------------------------------------------------------------- clocks


def save_clocks(tx: Tx, ticket_id: str, clocks: Iterable[Clock], *, next_due: Clock | None) -> None:
    """Keep what a replay found, for lists, reports and the sweep."""
    fired = {(one.metric, one.n, one.moment) for one in list_fired(tx.conn, ticket_id)}
    tx.conn.execute(sa.delete(ClockRow).where(ClockRow.ticket_id == ticket_id))
    rows = [
        {
            "ticket_id": ticket_id,
            "metric": clock.metric.value,
            "n": clock.n,
            "level": clock.level,
            "queue_id": clock.queue,
            "started_at": clock.started_at,
            "target_seconds": clock.target_seconds,
            "agreement": clock.agreement,
            "due_at": clock.due_at,
            "warn_at": clock.warn_at,
            "stopped_at": clock.stopped_at,
            "breached_at": clock.breached_at,
            "state": clock.state.value,
            "worked_seconds": clock.worked_seconds,
            "fire_at": min(
                (
                    at
                    for moment, at in moments_of(clock)
                    if (clock.metric, clock.n, moment) not in fired
                ),
                default=None,
            ),
        }
        for clock in clocks
    ]
    if rows:
        tx.conn.execute(sa.insert(ClockRow), rows)
    state = None
    if next_due is not None:
        state = next_due.state.value
    tx.conn.execute(
        sa.update(TicketRow)
        .where(TicketRow.id == ticket_id)
        .values(
            due_at=next_due.due_at if next_due else None,
            warn_at=next_due.warn_at if next_due else None,
            due_metric=next_due.metric.value if next_due else None,
            due_state=state,
        )
    )


def moments_of(clock: Clock) -> list[tuple[Moment, datetime]]:
    """Return when an open clock sets something off: nothing once it has ended."""
    if not clock.is_open or clock.due_at is None:
        return []
    found = [(Moment.BREACH, clock.due_at)]
    if clock.warn_at is not None and clock.warn_at < clock.due_at:
        found.insert(0, (Moment.WARNING, clock.warn_at))
    return found


def due_tickets(conn: sa.Connection, *, now: datetime, limit: int = 200) -> list[str]:
    """Return the tickets with a clock that has something to set off, the longest due first."""
    rows = conn.execute(
        sa.select(ClockRow.ticket_id, sa.func.min(ClockRow.fire_at).label("first"))
        .where(ClockRow.fire_at <= now)
        .group_by(ClockRow.ticket_id)
        .order_by(sa.literal_column("first"))
        .limit(limit)
    )
    return [row.ticket_id for row in rows]


def open_tickets(conn: sa.Connection, *, after: int = 0, limit: int = 200) -> list[Ticket]:
    """Return open tickets by serial, starting behind `after`."""
    ids = conn.execute(
        sa.select(TicketRow.id)
        .where(TicketRow.state.in_(_OPEN_VALUES), TicketRow.serial > after)
        .order_by(TicketRow.serial)
        .limit(limit)
    ).scalars()
    found = (desk.find_ticket(conn, ticket_id) for ticket_id in list(ids))
    return [ticket for ticket in found if ticket is not None]


def fire(
    tx: Tx,
    ticket_id: str,
    clock: Clock,
    moment: Moment,
    *,
    due_at: datetime,
    late: bool,
    now: datetime,
) -> bool:
    """Take a moment for oneself; False when it was acted on already."""
    result = tx.conn.execute(
        insert_ignore(FiredRow, tx.conn.dialect.name).values(
            ticket_id=ticket_id,
            metric=clock.metric.value,
            n=clock.n,
            moment=moment.value,
            due_at=due_at,
            at=now,
            late=late,
            done=[],
        )
    )
    return bool(result.rowcount == 1)


def set_done(
    tx: Tx, ticket_id: str, clock: Clock, moment: Moment, done: list[dict[str, Any]]
) -> None:
    """Write down what was done at a moment."""
    tx.conn.execute(
        sa.update(FiredRow)
        .where(
            FiredRow.ticket_id == ticket_id,
            FiredRow.metric == clock.metric.value,
            FiredRow.n == clock.n,
            FiredRow.moment == moment.value,
        )
        .values(done=done)
    )


def list_fired(conn: sa.Connection, ticket_id: str) -> list[Fired]:
    """Return the warnings and breaches of a ticket that were acted on, in order."""
    rows = conn.execute(
        sa.select(FiredRow.__table__)
        .where(FiredRow.ticket_id == ticket_id)
        .order_by(FiredRow.at, FiredRow.due_at)
    )
    return [
        Fired(Metric(row.metric), row.n, Moment(row.moment), row.due_at, row.at, row.late, row.done)
        for row in rows
    ]


# ---------------------------------------------------------------------------------------- reports


def clock_lines(
    conn: sa.Connection,
    *,
    since: datetime,
    until: datetime,
    resolved: bool,
    level: str | None,
    queue: str | None,
) -> list[ClockLine]:
    """Return the clocks of tickets that were opened (or resolved) in a period."""
    day_of = TicketRow.resolved_at if resolved else TicketRow.opened_at
    query = (
        sa.select(
            ClockRow.__table__,
            TicketRow.number,
            QueueRow.key.label("queue_key"),
            day_of.label("day_of"),
        )
        .select_from(
            sa.join(ClockRow, TicketRow, TicketRow.id == ClockRow.ticket_id).join(
                QueueRow, QueueRow.id == ClockRow.queue_id
            )
        )
        .where(day_of >= since, day_of < until)
        .order_by(TicketRow.serial, ClockRow.started_at)
    )
    if level is not None:
        query = query.where(ClockRow.level == level)
    if queue is not None:
        query = query.where(sa.or_(QueueRow.key == queue, QueueRow.id == queue))
    return [
        ClockLine(
            ticket_id=row.ticket_id,
            number=row.number,
            metric=Metric(row.metric),
            state=ClockState(row.state),
            level=row.level,
            queue=row.queue_key,
            day_of=row.day_of,
            started_at=row.started_at,
            stopped_at=row.stopped_at,
            due_at=row.due_at,
            worked_seconds=row.worked_seconds,
            is_open=row.stopped_at is None,
        )
        for row in conn.execute(query)
    ]


def customer_messages(conn: sa.Connection, *, since: datetime, until: datetime) -> list[Said]:
    """Return when customers wrote, by conversation and time."""
    rows = conn.execute(
        sa.select(MessageRow.conversation_id, MessageRow.created_at)
        .where(
            MessageRow.author == "customer",
            MessageRow.created_at >= since,
            MessageRow.created_at < until,
        )
        .order_by(MessageRow.conversation_id, MessageRow.seq)
    )
    return [Said(row.conversation_id, row.created_at) for row in rows]


def ticket_lines(conn: sa.Connection, *, since: datetime, until: datetime) -> list[TicketLine]:
    """Return the tickets that were opened in a period."""
    bot_since = (
        sa.select(sa.func.min(MessageRow.created_at))
        .where(
            MessageRow.conversation_id == TicketRow.conversation_id,
            MessageRow.owner_epoch == TicketRow.bot_epoch,
            MessageRow.author == "customer",
        )
        .correlate(TicketRow)
        .scalar_subquery()
    )
    rows = conn.execute(
        sa.select(
            TicketRow.id,
            TicketRow.number,
            TicketRow.conversation_id,
            TicketRow.level,
            QueueRow.key,
            TicketRow.reason,
            TicketRow.opened_at,
            TicketRow.resolved_at,
            bot_since,
        )
        .join(QueueRow, QueueRow.id == TicketRow.queue_id)
        .where(TicketRow.opened_at >= since, TicketRow.opened_at < until)
        .order_by(TicketRow.serial)
    )
    return [TicketLine(*row) for row in rows]
