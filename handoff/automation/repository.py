"""The only SQL on macros and rules: what they say, what has happened, what came of it.

What happened is taken out by the very step that acts on it, under the conversation's lock: on
several gateways, and after any restart, each happening is dealt with exactly once.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from bot.conversations.tables import ConversationRow, MessageRow
from bot.kit.db import Tx, insert_ignore
from bot.kit.errors import FrontlineError
from bot.kit.ids import new_id
from handoff import repository as desk
from handoff.automation.effect import Effect
from handoff.automation.effect import from_json as effect_from_json
from handoff.automation.effect import to_json as effect_json
from handoff.automation.rule import (
    TRIGGER_OF,
    Facts,
    Outcome,
    Rule,
    RuleTerms,
    Trigger,
    from_json,
    listened_for,
    to_json,
)
from handoff.automation.tables import HappeningRow, MacroRow, MacroUseRow, RuleRow, RuleRunRow
from handoff.case.tables import TagRow
from handoff.tables import QueueRow, TicketEventRow, TicketRow
from handoff.ticket import OPEN, Ticket

IsOpen = Callable[[sa.Connection, str, datetime], bool]
MAX_TEXT = 10_000
"""Characters of what the customer wrote that are looked at."""
_OPEN_VALUES = sorted(state.value for state in OPEN)


@dataclass(frozen=True, slots=True)
class Macro:
    """A macro in its latest version."""

    id: str
    version: int
    enabled: bool
    name: str
    effects: tuple[Effect, ...]


@dataclass(frozen=True, slots=True)
class Happening:
    """Something that happened to a ticket, which rules are asked about."""

    id: str
    ticket_id: str
    trigger: Trigger
    n: int
    chain: tuple[str, ...]
    attempts: int


@dataclass(frozen=True, slots=True)
class Run:
    """That a rule fitted, and what came of it."""

    id: str
    rule_id: str
    rule_version: int
    rule_name: str
    ticket_id: str
    ticket_number: str
    trigger: Trigger
    at: datetime
    outcome: Outcome
    why: Mapping[str, str]
    done: Sequence[Mapping[str, Any]]
    error: str | None


@dataclass(frozen=True, slots=True)
class WaitingPage:
    """Some tickets whose customer waits."""

    all: list[Ticket]
    fresh: list[Ticket]
    """Those for whose present wait the rule has not fitted yet."""


@dataclass(frozen=True, slots=True)
class Past:
    """Something that happened to a ticket, as rules would have been asked about it."""

    trigger: Trigger
    at: datetime
    state: str
    queue_id: str
    """Where the ticket was then."""
    seq: int | None = None
    """Of the customer's message that it was."""
    by_nobody: bool = False


# ---------------------------------------------------------------------------------- macros


def list_macros(conn: sa.Connection) -> list[Macro]:
    """Return the macros by name, switched off ones included."""
    rows = conn.execute(
        sa.select(MacroRow.__table__).where(MacroRow.retired_at.is_(None)).order_by(MacroRow.name)
    )
    return [_to_macro(row) for row in rows]


def find_macro(conn: sa.Connection, macro_id: str) -> Macro | None:
    """Return the macro, or None when there is none or it was taken from the list."""
    row = conn.execute(
        sa.select(MacroRow.__table__).where(MacroRow.id == macro_id, MacroRow.retired_at.is_(None))
    ).one_or_none()
    return _to_macro(row) if row else None


def _to_macro(row: sa.Row[Any]) -> Macro:
    effects = tuple(effect_from_json(effect) for effect in row.effects)
    return Macro(row.id, row.version, row.enabled, row.name, effects)


def insert_macro(
    tx: Tx, *, name: str, effects: Iterable[Effect], enabled: bool, now: datetime
) -> str:
    """Add a macro and return its id."""
    macro_id = new_id()
    tx.conn.execute(
        sa.insert(MacroRow).values(
            id=macro_id,
            version=1,
            enabled=enabled,
            name=name,
            effects=[effect_json(effect) for effect in effects],
            updated_at=now,
        )
    )
    return macro_id


def change_macro(
    tx: Tx, macro: Macro, *, name: str, effects: Iterable[Effect], enabled: bool, now: datetime
) -> bool:
    """Make the next version if `macro` still is the latest one; False when it is not."""
    changed = tx.conn.execute(
        sa.update(MacroRow)
        .where(MacroRow.id == macro.id, MacroRow.version == macro.version)
        .values(
            version=macro.version + 1,
            enabled=enabled,
            name=name,
            effects=[effect_json(effect) for effect in effects],
            updated_at=now,
        )
    )
    return changed.rowcount == 1


def retire_macro(tx: Tx, macro_id: str, *, now: datetime) -> None:
    """Take a macro from the list."""
    tx.conn.execute(sa.update(MacroRow).where(MacroRow.id == macro_id).values(retired_at=now))


def count_uses(conn: sa.Connection) -> dict[str, int]:
    """Return how often each macro was applied, by id."""
    rows = conn.execute(
        sa.select(MacroUseRow.macro_id, sa.func.count().label("n")).group_by(MacroUseRow.macro_id)
    )
    return {row.macro_id: int(row.n) for row in rows}


def note_use(
    tx: Tx, use_id: str, macro: Macro, ticket_id: str, *, staff_id: str, now: datetime
) -> bool:
    """Put a click on record; False when it was there already: it was done."""
    added = tx.conn.execute(
        insert_ignore(MacroUseRow, tx.conn.dialect.name).values(
            id=use_id,
            macro_id=macro.id,
            macro_version=macro.version,
            ticket_id=ticket_id,
            staff_id=staff_id,
            at=now,
        )
    )
    return added.rowcount == 1


def find_use(conn: sa.Connection, use_id: str) -> tuple[str, str, str] | None:
    """Return macro, ticket and person of a click, or None."""
    row = conn.execute(
        sa.select(MacroUseRow.macro_id, MacroUseRow.ticket_id, MacroUseRow.staff_id).where(
            MacroUseRow.id == use_id
        )
    ).one_or_none()
    return (row.macro_id, row.ticket_id, row.staff_id) if row else None


# ----------------------------------------------------------------------------------- rules


def list_rules(conn: sa.Connection) -> list[Rule]:
    """Return the rules in order, switched off ones included."""
    rows = conn.execute(
        sa.select(RuleRow.__table__)
        .where(RuleRow.retired_at.is_(None))
        .order_by(RuleRow.position, RuleRow.id)
    )
    return [_to_rule(row) for row in rows]


def find_rule(conn: sa.Connection, rule_id: str) -> Rule | None:
    """Return the rule, or None when there is none or it was taken from the list."""
    row = conn.execute(
        sa.select(RuleRow.__table__).where(RuleRow.id == rule_id, RuleRow.retired_at.is_(None))
    ).one_or_none()
    return _to_rule(row) if row else None


def _to_rule(row: sa.Row[Any]) -> Rule:
    return Rule(row.id, row.version, row.position, row.enabled, from_json(row.terms))


def ever_had_rules(conn: sa.Connection) -> bool:
    """Tell whether there is or was a rule or a macro."""
    return (
        conn.execute(sa.select(RuleRow.id).limit(1)).first() is not None
        or conn.execute(sa.select(MacroRow.id).limit(1)).first() is not None
    )


def lock_rules(tx: Tx) -> None:
    """Let nobody else change the list until the step ends; SQLite has one writer anyway."""
    tx.conn.execute(sa.select(RuleRow.id).with_for_update())


def insert_rule(tx: Tx, terms: RuleTerms, *, position: int, enabled: bool, now: datetime) -> str:
    """Add a rule and return its id."""
    rule_id = new_id()
    tx.conn.execute(
        sa.insert(RuleRow).values(
            id=rule_id,
            version=1,
            position=position,
            enabled=enabled,
            triggers=_looked_up(terms),
            terms=to_json(terms),
            updated_at=now,
        )
    )
    return rule_id


def change_rule(tx: Tx, rule: Rule, terms: RuleTerms, *, enabled: bool, now: datetime) -> bool:
    """Make the next version if `rule` still is the latest one; False when it is not."""
    changed = tx.conn.execute(
        sa.update(RuleRow)
        .where(RuleRow.id == rule.id, RuleRow.version == rule.version)
        .values(
            version=rule.version + 1,
            enabled=enabled,
            triggers=_looked_up(terms),
            terms=to_json(terms),
            updated_at=now,
        )
    )
    return changed.rowcount == 1


def _looked_up(terms: RuleTerms) -> str:
    return f",{','.join(sorted(trigger.value for trigger in listened_for(terms)))},"


def retire_rule(tx: Tx, rule_id: str, *, now: datetime) -> None:
    """Take a rule from the list; what it did stays on record."""
    tx.conn.execute(
        sa.update(RuleRow).where(RuleRow.id == rule_id).values(retired_at=now, enabled=False)
    )


def set_order(tx: Tx, rule_ids: Sequence[str]) -> None:
    """Put the rules into this order."""
    for position, rule_id in enumerate(rule_ids):
        tx.conn.execute(sa.update(RuleRow).where(RuleRow.id == rule_id).values(position=position))


# ------------------------------------------------------------------------- what happened


def note_happening(tx: Tx, ticket_id: str, *, trigger: Trigger, n: int, now: datetime) -> None:
    """Keep what happened for the rules, if one that is switched on hears it."""
    heard = tx.conn.execute(
        sa.select(RuleRow.id)
        .where(RuleRow.enabled.is_(True), RuleRow.triggers.like(f"%,{trigger.value},%"))
        .limit(1)
    ).first()
    if heard is None:
        return
    tx.conn.execute(
        insert_ignore(HappeningRow, tx.conn.dialect.name).values(
            id=new_id(),
            ticket_id=ticket_id,
            trigger=trigger.value,
            n=n,
            chain=[],
            at=now,
            attempts=0,
            due_at=now,
        )
    )


def due_happenings(
    conn: sa.Connection, *, now: datetime, limit: int = 200
) -> list[tuple[str, str]]:
    """Return id and ticket id of what the rules have not been asked about, oldest first."""
    rows = conn.execute(
        sa.select(HappeningRow.id, HappeningRow.ticket_id)
        .where(HappeningRow.due_at <= now)
        .order_by(HappeningRow.due_at, HappeningRow.id)
        .limit(limit)
    )
    return [(row.id, row.ticket_id) for row in rows]


def take_happening(tx: Tx, happening_id: str) -> Happening | None:
    """Take it out; None when somebody else did. It is back when the step does not commit."""
    row = tx.conn.execute(
        sa.delete(HappeningRow)
        .where(HappeningRow.id == happening_id)
        .returning(
            HappeningRow.ticket_id,
            HappeningRow.trigger,
            HappeningRow.n,
            HappeningRow.chain,
            HappeningRow.attempts,
        )
    ).one_or_none()
    if row is None:
        return None
    return Happening(
        happening_id, row.ticket_id, Trigger(row.trigger), row.n, tuple(row.chain), row.attempts
    )


def put_off(tx: Tx, happening_id: str, *, now: datetime, longest: timedelta) -> None:
    """Try again later: in 10 seconds, and twice as long after each time."""
    row = tx.conn.execute(
        sa.update(HappeningRow)
        .where(HappeningRow.id == happening_id)
        .values(attempts=HappeningRow.attempts + 1)
        .returning(HappeningRow.attempts)
    ).one_or_none()
    if row is None:
        return
    pause = min(timedelta(seconds=5 * 2 ** min(row.attempts, 12)), longest)
    tx.conn.execute(
        sa.update(HappeningRow).where(HappeningRow.id == happening_id).values(due_at=now + pause)
    )


def happening_ids(conn: sa.Connection, ticket_id: str) -> set[str]:
    """Return what waits for the rules of one ticket."""
    return set(
        conn.execute(
            sa.select(HappeningRow.id).where(HappeningRow.ticket_id == ticket_id)
        ).scalars()
    )


def set_chain(tx: Tx, happening_ids: Iterable[str], chain: Sequence[str]) -> None:
    """Say which rules led to these."""
    tx.conn.execute(
        sa.update(HappeningRow)
        .where(HappeningRow.id.in_(list(happening_ids)))
        .values(chain=list(chain))
    )


def waiting_tickets(
    conn: sa.Connection,
    rule: Rule,
    *,
    since: datetime,
    after: tuple[datetime, int] | None = None,
    limit: int = 500,
) -> WaitingPage:
    """Return a page of open tickets whose customer waits since `since` or longer.

    What can be told without reading words, tags and hours is told here; the rule decides.
    """
    conditions = rule.terms.conditions
    query = (
        desk.select_tickets()
        .where(TicketRow.state.in_(_OPEN_VALUES), TicketRow.waiting_since <= since)
        .order_by(TicketRow.waiting_since, TicketRow.serial)
        .limit(limit)
    )
    for column, values in (
        (TicketRow.level, conditions.levels),
        (TicketRow.state, conditions.states),
        (TicketRow.priority, conditions.priorities),
        (TicketRow.reason, conditions.reasons),
        (QueueRow.key, conditions.queues),
    ):
        if values:
            query = query.where(column.in_(values))
    if after is not None:
        here = sa.tuple_(
            sa.literal(after[0], TicketRow.waiting_since.type), sa.literal(after[1], sa.Integer())
        )
        query = query.where(sa.tuple_(TicketRow.waiting_since, TicketRow.serial) > here)
    found = desk.read_tickets(conn, query)
    had = {
        (row.ticket_id, row.n)
        for row in conn.execute(
            sa.select(RuleRunRow.ticket_id, RuleRunRow.n).where(
                RuleRunRow.rule_id == rule.id,
                RuleRunRow.trigger == Trigger.WAITING.value,
                RuleRunRow.ticket_id.in_([ticket.id for ticket in found]),
            )
        )
    }
    fresh = [ticket for ticket in found if (ticket.id, wait_number(ticket)) not in had]
    return WaitingPage(found, fresh)


def wait_number(ticket: Ticket) -> int:
    """Return what tells one wait of a ticket's customer from the next: seconds since 2020."""
    return int(ticket.waiting_since.timestamp()) - _EPOCH_2020 if ticket.waiting_since else 0


_EPOCH_2020 = 1_577_836_800
"""Fits 32 bits until 2088."""


def savepoint(tx: Tx, work: Callable[[], None]) -> FrontlineError | None:
    """Do `work` wholly or not at all, within the step; return what it was refused with.

    What was to be announced is forgotten together with what was written.
    """
    announced = len(tx.announcements)
    tx.conn.exec_driver_sql("SAVEPOINT effects")
    try:
        work()
    except FrontlineError as error:
        tx.conn.exec_driver_sql("ROLLBACK TO SAVEPOINT effects")
        tx.conn.exec_driver_sql("RELEASE SAVEPOINT effects")
        del tx.announcements[announced:]
        return error
    tx.conn.exec_driver_sql("RELEASE SAVEPOINT effects")
    return None


# --------------------------------------------------------------------- what came of it


def has_run(conn: sa.Connection, rule_id: str, ticket_id: str, trigger: Trigger, n: int) -> bool:
    """Tell whether the rule had its turn about this."""
    return (
        conn.execute(
            sa.select(RuleRunRow.id).where(
                RuleRunRow.rule_id == rule_id,
                RuleRunRow.ticket_id == ticket_id,
                RuleRunRow.trigger == trigger.value,
                RuleRunRow.n == n,
            )
        ).first()
        is not None
    )


def insert_run(
    tx: Tx,
    rule: Rule,
    ticket_id: str,
    *,
    run_id: str,
    trigger: Trigger,
    n: int,
    outcome: Outcome,
    why: Mapping[str, str],
    done: Sequence[Mapping[str, Any]],
    error: str | None,
    now: datetime,
) -> None:
    """Put on record that a rule fitted, and what came of it."""
    tx.conn.execute(
        sa.insert(RuleRunRow).values(
            id=run_id,
            rule_id=rule.id,
            rule_version=rule.version,
            rule_name=rule.terms.name,
            ticket_id=ticket_id,
            trigger=trigger.value,
            n=n,
            at=now,
            outcome=outcome.value,
            why=dict(why),
            done=[dict(one) for one in done],
            error=error,
        )
    )


def list_runs(
    conn: sa.Connection,
    *,
    rule_id: str | None = None,
    ticket_id: str | None = None,
    outcome: Outcome | None = None,
    before: str | None = None,
    limit: int = 50,
) -> list[Run]:
    """Return the log, newest first, behind the run `before`."""
    query = (
        sa.select(RuleRunRow.__table__, TicketRow.number)
        .join(TicketRow, TicketRow.id == RuleRunRow.ticket_id)
        .order_by(RuleRunRow.at.desc(), RuleRunRow.id.desc())
        .limit(limit)
    )
    if rule_id is not None:
        query = query.where(RuleRunRow.rule_id == rule_id)
    if ticket_id is not None:
        query = query.where(sa.or_(TicketRow.id == ticket_id, TicketRow.number == ticket_id))
    if outcome is not None:
        query = query.where(RuleRunRow.outcome == outcome.value)
    if before is not None:
        here = sa.select(RuleRunRow.at, RuleRunRow.id).where(RuleRunRow.id == before).subquery()
        query = query.where(
            sa.tuple_(RuleRunRow.at, RuleRunRow.id)
            < sa.tuple_(sa.select(here.c.at).scalar_subquery(), sa.literal(before))
        )
    return [
        Run(
            id=row.id,
            rule_id=row.rule_id,
            rule_version=row.rule_version,
            rule_name=row.rule_name,
            ticket_id=row.ticket_id,
            ticket_number=row.number,
            trigger=Trigger(row.trigger),
            at=row.at,
            outcome=Outcome(row.outcome),
            why=dict(row.why),
            done=list(row.done),
            error=row.error,
        )
        for row in conn.execute(query)
    ]


def count_runs(conn: sa.Connection, *, since: datetime) -> dict[tuple[str, str], int]:
    """Return how often each rule fitted since an instant, by id and outcome."""
    rows = conn.execute(
        sa.select(RuleRunRow.rule_id, RuleRunRow.outcome, sa.func.count().label("n"))
        .where(RuleRunRow.at >= since)
        .group_by(RuleRunRow.rule_id, RuleRunRow.outcome)
    )
    return {(row.rule_id, row.outcome): int(row.n) for row in rows}


# ---------------------------------------------------------------------------------- facts


def facts_of(
    conn: sa.Connection,
    ticket: Ticket,
    *,
    words: bool,
    is_open: IsOpen,
    at: datetime,
    seq: int | None = None,
    by_nobody: bool = False,
) -> Facts:
    """Return what rules look at.

    Args:
        conn: the step's connection.
        ticket: as it is now.
        words: whether what the customer wrote is wanted.
        is_open: the opening hours.
        at: the instant for which the hours are asked.
        seq: the customer's message at hand; None: all of theirs since the bot's part began.
        by_nobody: no person did what happened.
    """
    conversation = conn.execute(
        sa.select(
            ConversationRow.channel, ConversationRow.locale, ConversationRow.contact_id
        ).where(ConversationRow.id == ticket.conversation_id)
    ).one()
    queue = conn.execute(
        sa.select(QueueRow.calendar_key).where(QueueRow.id == ticket.queue_id)
    ).one()
    tags = conn.execute(sa.select(TagRow.tag).where(TagRow.ticket_id == ticket.id)).scalars()
    return Facts(
        level=ticket.level,
        queue=ticket.queue_key,
        state=ticket.state.value,
        priority=ticket.priority.value,
        topic=ticket.topic,
        category=ticket.category,
        tags=frozenset(tags),
        locale=conversation.locale,
        channel=conversation.channel,
        reason=ticket.reason.value,
        bounces=ticket.bounce_count,
        text=words_of(conn, ticket, seq) if words else "",
        open_now=is_open(conn, queue.calendar_key, at),
        days_since_resolved=_days_since_resolved(conn, ticket, conversation.contact_id),
        reopened_by_customer=by_nobody,
    )


def words_of(conn: sa.Connection, ticket: Ticket, seq: int | None) -> str:
    """Return a message of the customer; without `seq` all of theirs since the bot's part began."""
    query = (
        sa.select(MessageRow.text)
        .where(
            MessageRow.conversation_id == ticket.conversation_id, MessageRow.author == "customer"
        )
        .order_by(MessageRow.seq.desc())
        .limit(50)
    )
    if seq is not None:
        query = query.where(MessageRow.seq == seq)
    else:
        query = query.where(MessageRow.owner_epoch >= ticket.bot_epoch)
    return "\n".join(conn.execute(query).scalars())[:MAX_TEXT]


def _days_since_resolved(conn: sa.Connection, ticket: Ticket, contact_id: str) -> float | None:
    last = conn.execute(
        sa.select(sa.func.max(TicketRow.resolved_at))
        .join(ConversationRow, ConversationRow.id == TicketRow.conversation_id)
        .where(
            ConversationRow.contact_id == contact_id,
            TicketRow.id != ticket.id,
            TicketRow.serial < ticket.serial,
        )
    ).scalar()
    if last is None:
        return None
    return float(max(0.0, (ticket.opened_at - last).total_seconds() / 86_400))


def by_nobody(conn: sa.Connection, ticket_id: str, n: int) -> bool:
    """Tell whether no person did what event `n` of the history says."""
    row = conn.execute(
        sa.select(TicketEventRow.actor_id).where(
            TicketEventRow.ticket_id == ticket_id, TicketEventRow.n == n
        )
    ).one_or_none()
    return row is not None and row.actor_id is None


# --------------------------------------------------------------------------- trying a rule


def recent_tickets(conn: sa.Connection, *, since: datetime, limit: int) -> list[Ticket]:
    """Return the tickets to which something happened since an instant, newest first."""
    touched = sa.exists().where(
        TicketEventRow.ticket_id == TicketRow.id, TicketEventRow.at >= since
    )
    wrote = sa.or_(TicketRow.last_customer_at >= since, TicketRow.last_reply_at >= since)
    query = (
        desk.select_tickets()
        .where(sa.or_(touched, wrote))
        .order_by(TicketRow.serial.desc())
        .limit(limit)
    )
    return desk.read_tickets(conn, query)


def past_of(conn: sa.Connection, ticket: Ticket, *, since: datetime) -> list[Past]:
    """Return what happened to a ticket since an instant, as rules hear it, oldest first."""
    events = conn.execute(
        sa.select(
            TicketEventRow.kind,
            TicketEventRow.at,
            TicketEventRow.actor_id,
            TicketEventRow.to_state,
            TicketEventRow.to_queue_id,
        )
        .where(TicketEventRow.ticket_id == ticket.id)
        .order_by(TicketEventRow.n)
    ).all()
    found = [
        Past(
            TRIGGER_OF[row.kind],
            row.at,
            row.to_state,
            row.to_queue_id,
            by_nobody=row.actor_id is None,
        )
        for row in events
        if row.kind in TRIGGER_OF and row.at >= since
    ]
    messages = (
        sa.select(MessageRow.author, MessageRow.seq, MessageRow.created_at)
        .where(
            MessageRow.conversation_id == ticket.conversation_id,
            MessageRow.seq > ticket.opened_seq,
            MessageRow.created_at >= since,
            MessageRow.author.in_(["customer", "agent"]),
        )
        .order_by(MessageRow.seq)
        .limit(500)
    )
    if ticket.resolved_at is not None:
        messages = messages.where(MessageRow.created_at <= ticket.resolved_at)
    for row in conn.execute(messages):
        wrote = row.author == "customer"
        before = [event for event in events if event.at <= row.created_at] or events[:1]
        found.append(
            Past(
                Trigger.CUSTOMER_WROTE if wrote else Trigger.AGENT_REPLIED,
                row.created_at,
                before[-1].to_state if before else ticket.state.value,
                before[-1].to_queue_id if before else ticket.queue_id,
                seq=row.seq if wrote else None,
            )
        )
    return sorted(found, key=lambda past: past.at)


def list_queue_levels(conn: sa.Connection) -> dict[str, str]:
    """Return key and level of every queue that takes something."""
    rows = conn.execute(
        sa.select(QueueRow.key, QueueRow.level).where(QueueRow.retired_at.is_(None))
    )
    return {row.key: row.level for row in rows}


def erase(tx: Tx, conversation_id: str) -> None:
    """Take out what rules found in what the customer said; that they fitted stays."""
    tickets = sa.select(TicketRow.id).where(TicketRow.conversation_id == conversation_id)
    tx.conn.execute(
        sa.update(RuleRunRow)
        .where(RuleRunRow.ticket_id.in_(tickets))
        .values(why={}, done=[], error=None)
    )
    tx.conn.execute(sa.delete(HappeningRow).where(HappeningRow.ticket_id.in_(tickets)))
