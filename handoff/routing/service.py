"""Queues, routing rules and levels as admins edit them. The next hand-off goes by what was saved.

Nothing is kept in memory: every hand-off reads queues, rules and levels in its own transaction, so
that a change holds in every gateway at once.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Protocol

from sqlalchemy import Connection

from bot.hours import repository as hours
from bot.kit.clock import Clock
from bot.kit.db import Database, Tx
from bot.kit.errors import Conflict, FrontlineError, Invalid, NotFound
from bot.kit.locales import LOCALES
from bot.staff.account import LEVELS, Staff
from bot.staff.audit import record
from handoff import repository as desk
from handoff.pack import FLOWS
from handoff.repository import QueueLoad
from handoff.routing import level as level_rules
from handoff.routing import queue as queue_rules
from handoff.routing import repository
from handoff.routing import rule as rule_rules
from handoff.routing.level import Level, Levels
from handoff.routing.placing import IsOpen, decide
from handoff.routing.problem import Problem
from handoff.routing.queue import MAX_QUEUES, QueueTerms
from handoff.routing.rule import MAX_RULES, Facts, RoutingRule
from handoff.service_level import repository as service_level
from handoff.service_level.policy import ActionKind
from handoff.ticket import Ticket
from handoff.triage import Placement, Queue, in_order

CHANNELS = ("web", "telegram")
HoursSentence = Callable[[Connection, str, str, datetime], str]


class MovesTickets(Protocol):
    """The one step of the desk that is needed here."""

    def rehome_step(
        self, tx: Tx, ticket_id: str, staff: Staff, *, queue: Queue, now: datetime
    ) -> Ticket | None:
        """Put an open ticket into another queue of its level."""
        ...


@dataclass(frozen=True, slots=True)
class Choices:
    """What queues and rules can name."""

    calendars: Mapping[str, str]
    """Name by key."""
    topics: tuple[str, ...]
    skills: tuple[str, ...]
    teams: tuple[str, ...]
    tiers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class QueueList:
    """Queues as admins see them."""

    queues: list[Queue]
    """By level and in order; retired ones at the end."""
    loads: Mapping[str, QueueLoad]
    rules: Mapping[str, int]
    """How many routing rules send to it, by queue id."""
    levels: Levels
    people: Mapping[str, int]
    """How many people work at each level."""
    choices: Choices


@dataclass(frozen=True, slots=True)
class RuleList:
    """Rules as admins see them."""

    rules: list[RoutingRule]
    shadowed: Mapping[str, str]
    queues: list[Queue]
    """Retired ones included."""
    levels: Levels
    choices: Choices


@dataclass(frozen=True, slots=True)
class TryOut:
    """Where a hand-off would go."""

    placement: Placement
    levels: Levels
    is_open: bool
    hours_text: str


class Routing:
    """Editing and trying out; one per process."""

    def __init__(
        self,
        db: Database,
        clock: Clock,
        tickets: MovesTickets,
        *,
        is_open: IsOpen,
        hours_sentence: HoursSentence,
    ) -> None:
        self._db = db
        self._clock = clock
        self._tickets = tickets
        self._is_open = is_open
        self._hours_sentence = hours_sentence

    # --------------------------------------------------------------------------- reading

    async def list_queues(self) -> QueueList:
        """Return every queue with what hangs on it."""
        return await self._db.read(self._queue_list)

    def _queue_list(self, conn: Connection) -> QueueList:
        queues = desk.list_queues(conn, retired=True)
        rules = repository.list_rules(conn)
        counts: dict[str, int] = {}
        for rule in rules:
            counts[rule.queue_id] = counts.get(rule.queue_id, 0) + 1
        return QueueList(
            queues=sorted(in_order(queues), key=lambda queue: queue.retired),
            loads=desk.queue_loads(conn),
            rules=counts,
            levels=repository.get_levels(conn),
            people=repository.people_of_levels(conn),
            choices=self._choices(conn, queues, rules),
        )

    async def list_rules(self) -> RuleList:
        """Return the rules in order, which of them never get their turn, and what they can name."""

        def query(conn: Connection) -> RuleList:
            queues = in_order(desk.list_queues(conn, retired=True))
            rules = repository.list_rules(conn)
            levels = repository.get_levels(conn)
            taking = {
                queue.id: queue.calendar_key
                for queue in queues
                if not queue.retired and queue.level in levels.staffed
            }
            return RuleList(
                rules=rules,
                shadowed=rule_rules.shadowed(rules, calendars=taking),
                queues=queues,
                levels=levels,
                choices=self._choices(conn, queues, rules),
            )

        return await self._db.read(query)

    def _choices(
        self, conn: Connection, queues: Sequence[Queue], rules: Sequence[RoutingRule]
    ) -> Choices:
        calendars = {}
        for key in hours.list_keys(conn):
            found = hours.find_calendar(conn, key, now=self._clock.now())
            calendars[key] = (found.name if found else "") or key
        topics = {topic for queue in queues for topic in queue.topics}
        topics |= {topic for rule in rules for topic in rule.conditions.topics}
        return Choices(
            calendars=calendars,
            topics=tuple(sorted(topics | FLOWS)),
            skills=tuple(sorted({skill for queue in queues for skill in queue.skills})),
            teams=tuple(sorted({queue.team for queue in queues if queue.team})),
            tiers=tuple(sorted(set(service_level.list_tiers(conn).values()))),
        )

    async def levels(self) -> Levels:
        """Return the levels as they are set."""
        return await self._db.read(repository.get_levels)

    async def try_out(self, facts: Facts, *, at: datetime | None, locale: str) -> TryOut:
        """Say where such a hand-off would go, by the code that decides for customers.

        Args:
            facts: of a hand-off that does not exist.
            at: when; None: now.
            locale: of the sentence about hours.
        """
        now = at or self._clock.now()

        def query(conn: Connection) -> TryOut:
            queues = desk.list_queues(conn, retired=True)
            if not queues:
                raise Conflict("There is no queue yet. Add one first.", code="no_queue")
            placement = decide(conn, queues, facts, is_open=self._is_open, now=now)
            calendar = placement.queue.calendar_key
            return TryOut(
                placement=placement,
                levels=repository.get_levels(conn),
                is_open=self._is_open(conn, calendar, now),
                hours_text=self._hours_sentence(conn, calendar, locale, now),
            )

        return await self._db.read(query)

    # ---------------------------------------------------------------------------- queues

    async def add_queue(self, terms: QueueTerms, *, staff: Staff) -> Queue:
        """Add a queue at the end of its level; the first of a level takes what no other is for.

        Raises:
            Invalid: it can't be used; `errors` says what and where.
        """
        terms = terms.tidied(LOCALES)

        def step(tx: Tx) -> Queue:
            repository.lock(tx)
            there = desk.list_queues(tx.conn, retired=True)
            if len(there) >= MAX_QUEUES:
                raise Invalid(f"There can be at most {MAX_QUEUES} queues.", code="too_many")
            self._check_queue(tx.conn, terms)
            others = [q for q in there if q.level == terms.level and not q.retired]
            queue_id = repository.insert_queue(
                tx,
                {
                    **_queue_values(terms),
                    "key": queue_rules.key_for(terms.names, taken={queue.key for queue in there}),
                    "position": max((queue.position for queue in there), default=-1) + 1,
                    "is_default": not others,
                },
            )
            if terms.is_default or not others:
                repository.set_default(tx, queue_id, level=terms.level)
            added = desk.get_queue(tx.conn, queue_id)
            self._record(tx, staff, "queue.added", queue_id, {"key": added.key, **_told(terms)})
            return added

        return await self._db.write(step)

    async def change_queue(
        self, queue_id: str, terms: QueueTerms, *, version: int, staff: Staff
    ) -> Queue:
        """Change a queue; its key stays.

        Raises:
            NotFound: there is no such queue.
            Conflict: (stale) somebody else changed it since `version`. (retired) it is retired.
                (has_tickets, only_queue, is_default) its level can't be changed as things are.
            Invalid: it can't be used; `errors` says what and where.
        """
        terms = terms.tidied(LOCALES)

        def step(tx: Tx) -> Queue:
            repository.lock(tx)
            before = self._queue(tx.conn, queue_id, version=version)
            if before.retired:
                raise Conflict("The queue is retired. Bring it back first.", code="retired")
            self._check_queue(tx.conn, terms, keeps=before.calendar_key)
            if terms.level != before.level:
                self._check_leaves_level(tx.conn, before)
            elif before.is_default and not terms.is_default:
                raise Conflict(
                    f"Something must take what no other queue of {before.level} is for. "
                    "Make another queue the default one instead.",
                    code="is_default",
                )
            values = _queue_values(terms)
            if not repository.change_queue(tx, queue_id, values, version=version):
                raise _stale(self._queue(tx.conn, queue_id))
            alone = not [
                q for q in desk.list_queues(tx.conn) if q.level == terms.level and q.id != queue_id
            ]
            if terms.is_default or alone:
                repository.set_default(tx, queue_id, level=terms.level)
            after = desk.get_queue(tx.conn, queue_id)
            self._record(tx, staff, "queue.changed", queue_id, {"key": after.key, **_told(terms)})
            return after

        return await self._db.write(step)

    def _check_leaves_level(self, conn: Connection, queue: Queue) -> None:
        tickets = len(repository.open_tickets_of(conn, queue.id))
        if tickets:
            raise Conflict(
                f"The queue has {tickets} open tickets of {queue.level}. Move them first, "
                "or add a new queue at the other level.",
                code="has_tickets",
                tickets=tickets,
            )
        others = [q for q in desk.list_queues(conn) if q.level == queue.level and q.id != queue.id]
        if not others and queue.level in repository.get_levels(conn).staffed:
            raise _only_queue(queue)
        if queue.is_default and others:
            raise Conflict(
                f"The queue takes what no other of {queue.level} is for. "
                "Make another queue the default one first.",
                code="is_default",
            )

    async def retire_queue(
        self, queue_id: str, *, version: int, replacement: str | None, staff: Staff
    ) -> Queue:
        """Let a queue take nothing new; its open tickets stay and can be moved.

        Args:
            queue_id: which one.
            version: the one that was seen.
            replacement: id of the queue that rules send to instead, and that takes what no other
                is for when this one did; needed only then.
            staff: who does it.

        Raises:
            NotFound: there is no such queue.
            Conflict: (stale) somebody else changed it. (only_queue) it is the last of a level with
                people. (replacement_needed) rules send to it, or it is the default: `rules` names
                them. (policies_move) a service level moves tickets to it: `policies` names them.
            Invalid: (unknown_queue) the replacement can't be used.
        """

        def step(tx: Tx) -> Queue:
            repository.lock(tx)
            before = self._queue(tx.conn, queue_id, version=version)
            if before.retired:
                return before
            self._check_retires(tx.conn, before, replacement)
            if replacement is not None:
                repository.move_rules(tx, from_queue=queue_id, to_queue=replacement)
                if before.is_default:
                    repository.set_default(tx, replacement, level=before.level)
            now = self._clock.now()
            current = desk.get_queue(tx.conn, queue_id)
            repository.change_queue(
                tx, queue_id, {"retired_at": now, "is_default": False}, version=current.version
            )
            detail = {"key": before.key, "replacement": replacement}
            self._record(tx, staff, "queue.retired", queue_id, detail)
            return desk.get_queue(tx.conn, queue_id)

        return await self._db.write(step)

    def _check_retires(self, conn: Connection, queue: Queue, replacement: str | None) -> None:
        active = [q for q in desk.list_queues(conn) if q.id != queue.id]
        same_level = [q for q in active if q.level == queue.level]
        staffed = queue.level in repository.get_levels(conn).staffed
        if not same_level and staffed:
            raise _only_queue(queue)
        if not active:
            raise _only_queue(queue)
        policies = sorted(
            policy.terms.name
            for policy in service_level.list_policies(conn)
            for action in (*policy.terms.on_warning, *policy.terms.on_breach)
            if action.kind in {ActionKind.REASSIGN, ActionKind.ESCALATE_FUNCTIONAL}
            and action.to == queue.key
        )
        if policies:
            raise Conflict(
                f"Service levels move tickets to this queue: {', '.join(dict.fromkeys(policies))}. "
                "Change them first.",
                code="policies_move",
                policies=list(dict.fromkeys(policies)),
            )
        sending = [rule for rule in repository.list_rules(conn) if rule.queue_id == queue.id]
        must_replace = queue.is_default and bool(same_level)
        if replacement is None:
            if sending or must_replace:
                raise Conflict(
                    "Choose the queue that takes over: "
                    + (
                        f"{len(sending)} routing rules send to this one."
                        if sending
                        else f"this one takes what no other of {queue.level} is for."
                    ),
                    code="replacement_needed",
                    rules=[rule.name for rule in sending],
                    default=must_replace,
                )
            return
        if replacement not in {q.id for q in (same_level if must_replace else active)}:
            raise Invalid(
                f"Choose another queue in use of {queue.level}."
                if must_replace
                else "Choose another queue in use.",
                code="unknown_queue",
            )

    async def restore_queue(self, queue_id: str, *, version: int, staff: Staff) -> Queue:
        """Bring a retired queue back.

        Raises:
            NotFound: there is no such queue.
            Conflict: (stale) somebody else changed it.
        """

        def step(tx: Tx) -> Queue:
            repository.lock(tx)
            before = self._queue(tx.conn, queue_id, version=version)
            if not before.retired:
                return before
            repository.change_queue(tx, queue_id, {"retired_at": None}, version=version)
            if not any(
                q.level == before.level and q.id != queue_id for q in desk.list_queues(tx.conn)
            ):
                repository.set_default(tx, queue_id, level=before.level)
            self._record(tx, staff, "queue.restored", queue_id, {"key": before.key})
            return desk.get_queue(tx.conn, queue_id)

        return await self._db.write(step)

    async def move_tickets(self, queue_id: str, *, to: str, staff: Staff) -> int:
        """Move the open tickets of a queue to another of the same level; return how many moved.

        Each ticket is a step of its own: the desk goes on meanwhile. Who has a ticket keeps it, who
        waits keeps the place in line.

        Raises:
            NotFound: there is no such queue.
            Invalid: (unknown_queue) the other one is not in use, or of another level.
        """

        def plan(conn: Connection) -> tuple[Queue, Queue, list[str]]:
            source = self._queue(conn, queue_id)
            target = next((q for q in desk.list_queues(conn) if q.id == to), None)
            if target is None or target.id == queue_id or target.level != source.level:
                raise Invalid(
                    f"Choose another queue in use of {source.level}.", code="unknown_queue"
                )
            return source, target, repository.open_tickets_of(conn, queue_id)

        source, target, tickets = await self._db.read(plan)
        moved = 0
        for ticket_id in tickets:
            moved += await self._db.write(
                lambda tx, ticket_id=ticket_id: self._move_one(  # type: ignore[misc]
                    tx, ticket_id, staff, source, target
                )
            )
        detail = {"key": source.key, "to": target.key, "tickets": moved}
        await self._db.write(lambda tx: self._record(tx, staff, "queue.emptied", queue_id, detail))
        return moved

    def _move_one(self, tx: Tx, ticket_id: str, staff: Staff, source: Queue, target: Queue) -> bool:
        ticket = desk.find_ticket(tx.conn, ticket_id)
        if ticket is None or ticket.queue_id != source.id:
            return False  # it went somewhere else meanwhile
        try:
            now = self._clock.now()
            return (
                self._tickets.rehome_step(tx, ticket_id, staff, queue=target, now=now) is not None
            )
        except FrontlineError as error:
            if isinstance(error, Conflict):
                return False  # resolved, or changed hands, in this very moment
            raise

    async def set_queue_order(self, queue_ids: Sequence[str], *, staff: Staff) -> None:
        """Put the queues in use into this order; levels stay in theirs.

        Raises:
            Conflict: (stale) there are other queues by now.
        """

        def step(tx: Tx) -> None:
            repository.lock(tx)
            if sorted(queue_ids) != sorted(queue.id for queue in desk.list_queues(tx.conn)):
                raise _stale_list()
            repository.set_queue_order(tx, queue_ids)
            self._record(tx, staff, "queue.ordered", "", {"order": list(queue_ids)})

        await self._db.write(step)

    def _queue(self, conn: Connection, queue_id: str, *, version: int | None = None) -> Queue:
        found = next((q for q in desk.list_queues(conn, retired=True) if q.id == queue_id), None)
        if found is None:
            raise NotFound("There is no such queue.")
        if version is not None and found.version != version:
            raise _stale(found)
        return found

    @staticmethod
    def _check_queue(conn: Connection, terms: QueueTerms, *, keeps: str | None = None) -> None:
        calendars = {*hours.list_keys(conn), "main", *({keeps} if keeps else ())}
        _refuse(queue_rules.problems_of(terms, calendars=calendars, locales=LOCALES))

    # ----------------------------------------------------------------------------- rules

    async def add_rule(self, rule: RoutingRule, *, staff: Staff) -> RoutingRule:
        """Add a rule at the end of the list.

        Raises:
            Invalid: it can't be used; `errors` says what and where.
        """

        def step(tx: Tx) -> RoutingRule:
            repository.lock(tx)
            there = repository.list_rules(tx.conn)
            if len(there) >= MAX_RULES:
                raise Invalid(f"There can be at most {MAX_RULES} rules.", code="too_many")
            self._check_rule(tx.conn, rule)
            added = replace(
                rule, position=max((one.position for one in there), default=-1) + 1, version=1
            )
            added = replace(added, id=repository.insert_rule(tx, added))
            self._record(tx, staff, "rule.added", added.id, {"name": rule.name})
            return added

        return await self._db.write(step)

    async def change_rule(self, rule: RoutingRule, *, staff: Staff) -> RoutingRule:
        """Change the rule with this id; its version is the one that was seen.

        Raises:
            NotFound: there is no such rule.
            Conflict: (stale) somebody else changed it.
            Invalid: it can't be used; `errors` says what and where.
        """

        def step(tx: Tx) -> RoutingRule:
            repository.lock(tx)
            before = self._rule(tx.conn, rule.id)
            if before.version != rule.version:
                raise _stale(before)
            self._check_rule(tx.conn, rule)
            if not repository.change_rule(tx, rule, version=rule.version):
                raise _stale(self._rule(tx.conn, rule.id))
            detail = {"name": rule.name, "enabled": rule.enabled}
            self._record(tx, staff, "rule.changed", rule.id, detail)
            return self._rule(tx.conn, rule.id)

        return await self._db.write(step)

    async def delete_rule(self, rule_id: str, *, version: int, staff: Staff) -> None:
        """Take a rule away.

        Raises:
            NotFound: there is no such rule.
            Conflict: (stale) somebody else changed it.
        """

        def step(tx: Tx) -> None:
            repository.lock(tx)
            before = self._rule(tx.conn, rule_id)
            if not repository.delete_rule(tx, rule_id, version=version):
                raise _stale(before)
            detail = {
                "name": before.name,
                "conditions": rule_rules.to_json(before.conditions),
                "queue": before.queue_id,
            }
            self._record(tx, staff, "rule.deleted", rule_id, detail)

        await self._db.write(step)

    async def set_rule_order(self, rule_ids: Sequence[str], *, staff: Staff) -> None:
        """Put the rules into this order.

        Raises:
            Conflict: (stale) the list holds other rules by now.
        """

        def step(tx: Tx) -> None:
            repository.lock(tx)
            if sorted(rule_ids) != sorted(rule.id for rule in repository.list_rules(tx.conn)):
                raise _stale_list()
            repository.set_rule_order(tx, rule_ids)
            self._record(tx, staff, "rule.ordered", "", {"order": list(rule_ids)})

        await self._db.write(step)

    @staticmethod
    def _rule(conn: Connection, rule_id: str) -> RoutingRule:
        found = next((one for one in repository.list_rules(conn) if one.id == rule_id), None)
        if found is None:
            raise NotFound("There is no such rule.")
        return found

    @staticmethod
    def _check_rule(conn: Connection, rule: RoutingRule) -> None:
        _refuse(
            rule_rules.problems_of(
                rule,
                queues=[queue.id for queue in desk.list_queues(conn)],
                calendars={*hours.list_keys(conn), "main"},
                locales=LOCALES,
                channels=CHANNELS,
            )
        )

    # ---------------------------------------------------------------------------- levels

    async def save_levels(self, items: Sequence[Level], *, version: int, staff: Staff) -> Levels:
        """Set names, who has people, and who may escalate where.

        Raises:
            Conflict: (stale) somebody else changed them since `version`.
            Invalid: they can't be used; `errors` says what and where.
        """
        cleaned = [
            replace(
                one,
                names={
                    locale: one.names.get(locale, "").strip()
                    for locale in LOCALES
                    if one.names.get(locale, "").strip()
                },
                escalates_to=tuple(key for key in LEVELS if key in one.escalates_to),
            )
            for one in items
        ]

        def step(tx: Tx) -> Levels:
            repository.lock(tx)
            with_queues = {queue.level for queue in desk.list_queues(tx.conn)}
            _refuse(level_rules.problems_of(cleaned, with_queues=with_queues))
            if not repository.save_levels(tx, cleaned, version=version):
                raise Conflict(
                    "Somebody else has changed the levels in the meantime. Look at them again.",
                    code="stale",
                    version=repository.get_levels(tx.conn).version,
                )
            detail = {"levels": level_rules.to_json(cleaned)}
            self._record(tx, staff, "levels.changed", "", detail)
            return repository.get_levels(tx.conn)

        return await self._db.write(step)

    def _record(
        self, tx: Tx, staff: Staff, what: str, object_id: str, detail: Mapping[str, object]
    ) -> None:
        record(
            tx,
            staff.id,
            f"desk.{what}",
            what.split(".")[0],
            object_id,
            dict(detail),
            self._clock.now(),
        )


def _queue_values(terms: QueueTerms) -> dict[str, object]:
    return {
        "level": terms.level,
        "names": dict(terms.names),
        "team": terms.team,
        "skills": list(terms.skills),
        "languages": list(terms.languages),
        "topics": list(terms.topics),
        "calendar_key": terms.calendar_key,
    }


def _told(terms: QueueTerms) -> dict[str, object]:
    """What the audit log keeps of a queue."""
    return {**_queue_values(terms), "default": terms.is_default}


def _refuse(
    problems: Sequence[Problem],
) -> None:
    if problems:
        raise Invalid(
            " ".join(dict.fromkeys(problem.message for problem in problems)),
            code=problems[0].code,
            errors=[{"pointer": p.pointer, "code": p.code, "message": p.message} for p in problems],
        )


def _only_queue(queue: Queue) -> Conflict:
    return Conflict(
        f"It is the only queue of {queue.level}. Add another one there first, "
        "or switch the level off.",
        code="only_queue",
    )


def _stale(there: Queue | RoutingRule) -> Conflict:
    return Conflict(
        "Somebody else has changed this in the meantime. Look at it again.",
        code="stale",
        version=there.version,
    )


def _stale_list() -> Conflict:
    return Conflict("The list has changed in the meantime. Look at it again.", code="stale")
