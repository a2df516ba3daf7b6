"""The only SQL on routing rules and levels, and what changes queues."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from bot.kit.db import Tx, insert_ignore
from bot.kit.ids import new_id
from bot.staff.account import LEVELS, PERMISSIONS, Role
from bot.staff.tables import StaffRow
from handoff.routing.level import Level, Levels, from_json, shipped, to_json
from handoff.routing.rule import RoutingRule
from handoff.routing.rule import from_json as read_conditions
from handoff.routing.rule import to_json as conditions_json
from handoff.routing.tables import LevelsRow, RoutingRuleRow
from handoff.tables import QueueRow, TicketRow
from handoff.ticket import OPEN, Priority, level_rank

_OPEN_VALUES = sorted(state.value for state in OPEN)
_LEVELS_ID = 1


def lock(tx: Tx) -> None:
    """Let nobody else change queues, rules or levels until the step ends; SQLite has one writer."""
    tx.conn.execute(sa.select(QueueRow.id).order_by(QueueRow.id).with_for_update())


# ----------------------------------------------------------------------------------------- rules


def list_rules(conn: sa.Connection) -> list[RoutingRule]:
    """Return the routing rules in order, switched on or not."""
    rows = conn.execute(
        sa.select(RoutingRuleRow.__table__).order_by(RoutingRuleRow.position, RoutingRuleRow.id)
    )
    return [
        RoutingRule(
            id=row.id,
            version=row.version,
            position=row.position,
            name=row.name,
            conditions=read_conditions(row.conditions),
            queue_id=row.queue_id,
            priority=Priority(row.priority) if row.priority in list(Priority) else None,
            enabled=row.enabled,
        )
        for row in rows
    ]


def insert_rule(tx: Tx, rule: RoutingRule) -> str:
    """Add a line to the routing table and return its id."""
    rule_id = new_id()
    tx.conn.execute(
        sa.insert(RoutingRuleRow).values(
            id=rule_id, version=1, position=rule.position, **_rule_values(rule)
        )
    )
    return rule_id


def change_rule(tx: Tx, rule: RoutingRule, *, version: int) -> bool:
    """Store the next version of a rule if it still is in `version`; False when it is not."""
    changed = tx.conn.execute(
        sa.update(RoutingRuleRow)
        .where(RoutingRuleRow.id == rule.id, RoutingRuleRow.version == version)
        .values(version=version + 1, **_rule_values(rule))
    )
    return bool(changed.rowcount == 1)


def _rule_values(rule: RoutingRule) -> dict[str, Any]:
    return {
        "name": rule.name,
        "conditions": conditions_json(rule.conditions),
        "queue_id": rule.queue_id,
        "priority": rule.priority.value if rule.priority else None,
        "enabled": rule.enabled,
    }


def delete_rule(tx: Tx, rule_id: str, *, version: int) -> bool:
    """Take a rule away if it still is in `version`; False when it is not."""
    gone = tx.conn.execute(
        sa.delete(RoutingRuleRow).where(
            RoutingRuleRow.id == rule_id, RoutingRuleRow.version == version
        )
    )
    return bool(gone.rowcount == 1)


def set_rule_order(tx: Tx, rule_ids: Sequence[str]) -> None:
    """Put the rules into this order."""
    for position, rule_id in enumerate(rule_ids):
        tx.conn.execute(
            sa.update(RoutingRuleRow).where(RoutingRuleRow.id == rule_id).values(position=position)
        )


def move_rules(tx: Tx, *, from_queue: str, to_queue: str) -> None:
    """Let every rule that sends to one queue send to another."""
    tx.conn.execute(
        sa.update(RoutingRuleRow)
        .where(RoutingRuleRow.queue_id == from_queue)
        .values(queue_id=to_queue, version=RoutingRuleRow.version + 1)
    )


# ---------------------------------------------------------------------------------------- levels


def get_levels(conn: sa.Connection) -> Levels:
    """Return the levels as they are set, or as shipped."""
    row = conn.execute(sa.select(LevelsRow.version, LevelsRow.levels)).one_or_none()
    return from_json(row.levels, version=row.version) if row else shipped()


def save_levels(tx: Tx, items: Sequence[Level], *, version: int) -> bool:
    """Store the levels if they still are in `version`; False when they are not."""
    stored = to_json(items)
    if version == 0:
        result = tx.conn.execute(
            insert_ignore(LevelsRow, tx.conn.dialect.name).values(
                id=_LEVELS_ID, version=1, levels=stored
            )
        )
    else:
        result = tx.conn.execute(
            sa.update(LevelsRow)
            .where(LevelsRow.id == _LEVELS_ID, LevelsRow.version == version)
            .values(version=version + 1, levels=stored)
        )
    return bool(result.rowcount == 1)


def people_of_levels(conn: sa.Connection) -> dict[str, int]:
    """Return how many active people work at each level; deeper ones count for the levels above, too.

    Supervisors and admins count where they were given the level: each of them may take everything,
    but nobody's line of work is to wait for what no agent can take.
    """
    roles = [role for role, rights in PERMISSIONS.items() if "tickets.work" in rights]
    rows = conn.execute(
        sa.select(StaffRow.role, StaffRow.level).where(
            StaffRow.role.in_([role.value for role in roles]), StaffRow.disabled_at.is_(None)
        )
    )
    found: dict[str, int] = {}
    for row in rows:
        if row.role != Role.AGENT.value and row.level is None:
            continue
        for key in LEVELS[: level_rank(row.level) + 1]:
            found[key] = found.get(key, 0) + 1
    return found


# ---------------------------------------------------------------------------------------- queues


def insert_queue(tx: Tx, values: Mapping[str, Any]) -> str:
    """Add a queue and return its id; `values` are columns."""
    queue_id = new_id()
    tx.conn.execute(sa.insert(QueueRow).values(id=queue_id, version=1, **values))
    return queue_id


def change_queue(tx: Tx, queue_id: str, values: Mapping[str, Any], *, version: int) -> bool:
    """Change a queue if it still is in `version`; False when it is not."""
    changed = tx.conn.execute(
        sa.update(QueueRow)
        .where(QueueRow.id == queue_id, QueueRow.version == version)
        .values(version=version + 1, **values)
    )
    return bool(changed.rowcount == 1)


def set_default(tx: Tx, queue_id: str, *, level: str) -> None:
    """Let this queue of the level, and no other of it, take what no other queue is for."""
    tx.conn.execute(
        sa.update(QueueRow)
        .where(QueueRow.level == level, QueueRow.is_default != (QueueRow.id == queue_id))
        .values(is_default=QueueRow.id == queue_id, version=QueueRow.version + 1)
    )


def set_queue_order(tx: Tx, queue_ids: Sequence[str]) -> None:
    """Put the queues into this order."""
    for position, queue_id in enumerate(queue_ids):
        tx.conn.execute(
            sa.update(QueueRow).where(QueueRow.id == queue_id).values(position=position)
        )


def queue_keys(conn: sa.Connection) -> set[str]:
    """Return the keys of all queues, retired ones included."""
    return set(conn.execute(sa.select(QueueRow.key)).scalars())


def open_tickets_of(conn: sa.Connection, queue_id: str) -> list[str]:
    """Return the ids of the open tickets in a queue, oldest first."""
    return list(
        conn.execute(
            sa.select(TicketRow.id)
            .where(TicketRow.queue_id == queue_id, TicketRow.state.in_(_OPEN_VALUES))
            .order_by(TicketRow.serial)
        ).scalars()
    )


def retired_at(conn: sa.Connection, queue_id: str) -> datetime | None:
    """Return since when a queue takes nothing; None while it is in use."""
    query = sa.select(QueueRow.retired_at).where(QueueRow.id == queue_id)
    found: datetime | None = conn.execute(query).scalar()
    return found
