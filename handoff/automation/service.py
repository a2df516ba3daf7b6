"""Macros and rules as admins edit them, macros as agents apply them, and rules as they are tried out."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import NoReturn

from sqlalchemy import Connection

from bot.kit.clock import Clock
from bot.kit.db import Database, Tx
from bot.kit.errors import Conflict, FrontlineError, Invalid, NotFound
from bot.staff.account import Staff
from bot.staff.audit import record
from handoff import repository as desk
from handoff.automation import repository
from handoff.automation.effect import Effect, Problem
from handoff.automation.effect import problems_of as effect_problems
from handoff.automation.performing import DONE, NOTHING_TO_DO, Performed, Performer, nothing_to_do
from handoff.automation.repository import IsOpen, Macro, Past, Run
from handoff.automation.rule import (
    TRIGGER_OF,
    Facts,
    Miss,
    Outcome,
    Rule,
    RuleTerms,
    Trigger,
    find_loop,
    hears,
    listened_for,
    misses,
    name_problems,
    problems_of,
    waited_since,
)
from handoff.automation.seed import default_macros, default_rules
from handoff.case import repository as case_repository
from handoff.steps import DeskSteps, check_visible
from handoff.ticket import Ticket

MAX_RULES = 200
MAX_MACROS = 500
MAX_TRIED = 1_000
"""Tickets that a rule is tried on."""
TRIED_AT_ONCE = 50
MAX_TRIED_DAYS = 90
COUNTED_DAYS = 30
"""How far back the list counts how often a rule fitted."""


class RuleInbox:
    """Keeps what happens to tickets for the rules; see `handoff.steps.Hears`."""

    def happened(self, tx: Tx, ticket_id: str, *, kind: str, n: int, now: datetime) -> None:
        """Take note, within the step that did it."""
        trigger = TRIGGER_OF.get(kind)
        if trigger is not None:
            repository.note_happening(tx, ticket_id, trigger=trigger, n=n, now=now)


@dataclass(frozen=True, slots=True)
class Offered:
    """What effects and conditions can name."""

    queues: Sequence[tuple[str, str, str]]
    """Key, level and name."""
    categories: Sequence[tuple[str, str]]
    """Key and name."""
    topics: Sequence[str]


@dataclass(frozen=True, slots=True)
class Preview:
    """What a macro would do to a ticket now."""

    performed: Sequence[Performed]
    refused: FrontlineError | None
    """Why the effect behind those would not be done, and so none."""


@dataclass(frozen=True, slots=True)
class TriedTicket:
    """What a rule would have made of a ticket."""

    ticket: Ticket
    trigger: Trigger | None
    """When it would have fitted, or was nearest to it; None: it would never have been looked at."""
    at: datetime | None
    misses: tuple[Miss, ...]
    would: Sequence[tuple[Effect, str]]
    """What it would do, and whether there was something to do (done, nothing_to_do)."""

    @property
    def fired(self) -> bool:
        """Whether it would have fitted."""
        return self.trigger is not None and not self.misses


@dataclass(frozen=True, slots=True)
class TryOut:
    """What a rule would have done."""

    tickets: Sequence[TriedTicket]
    days: int
    complete: bool
    """Whether these are all tickets of that time."""


class _Undone(Exception):
    """Carries the answer out of a step of which nothing may stay."""

    def __init__(self, macro: Macro, preview: Preview) -> None:
        super().__init__()
        self.macro = macro
        self.preview = preview


class Macros:
    """Macros; one per process."""

    def __init__(
        self, db: Database, clock: Clock, *, performer: Performer, steps: DeskSteps
    ) -> None:
        self._db = db
        self._clock = clock
        self._performer = performer
        self._steps = steps

    async def list_all(self) -> tuple[list[Macro], dict[str, int]]:
        """Return every macro by name, and how often each was applied."""
        return await self._db.read(
            lambda conn: (repository.list_macros(conn), repository.count_uses(conn))
        )

    async def offered(self, locale: str) -> Offered:
        """Return what effects can name."""
        return await self._db.read(lambda conn: offered(conn, locale))

    async def add(
        self, *, name: str, effects: Sequence[Effect], enabled: bool, staff: Staff
    ) -> Macro:
        """Add a macro.

        Raises:
            Invalid: it can't be used: `errors` says where and why.
        """

        def step(tx: Tx) -> Macro:
            self._check(tx.conn, name, effects, None)
            macro_id = repository.insert_macro(
                tx, name=name.strip(), effects=effects, enabled=enabled, now=self._clock.now()
            )
            self._record(tx, staff, "added", macro_id, {"name": name.strip()})
            return _macro(tx.conn, macro_id)

        return await self._db.write(step)

    async def change(
        self,
        macro_id: str,
        *,
        name: str,
        effects: Sequence[Effect],
        enabled: bool,
        version: int,
        staff: Staff,
    ) -> Macro:
        """Make the next version of a macro.

        Raises:
            NotFound: there is no such macro.
            Conflict: (stale) somebody else has changed it.
            Invalid: it can't be used.
        """

        def step(tx: Tx) -> Macro:
            macro = _macro(tx.conn, macro_id)
            self._check(tx.conn, name, effects, macro_id)
            if macro.version != version or not repository.change_macro(
                tx,
                macro,
                name=name.strip(),
                effects=effects,
                enabled=enabled,
                now=self._clock.now(),
            ):
                raise _stale(macro.version)
            detail: dict[str, object] = {"name": name.strip(), "version": version + 1}
            self._record(tx, staff, "changed", macro_id, detail)
            return _macro(tx.conn, macro_id)

        return await self._db.write(step)

    async def retire(self, macro_id: str, *, version: int, staff: Staff) -> None:
        """Take a macro from the list.

        Raises:
            NotFound: there is no such macro.
            Conflict: (stale) somebody else has changed it.
        """

        def step(tx: Tx) -> None:
            macro = _macro(tx.conn, macro_id)
            if macro.version != version:
                raise _stale(macro.version)
            repository.retire_macro(tx, macro_id, now=self._clock.now())
            self._record(tx, staff, "retired", macro_id, {"name": macro.name})

        await self._db.write(step)

    async def preview(self, ticket_id: str, macro_id: str, staff: Staff) -> tuple[Macro, Preview]:
        """Return what a macro would do to a ticket; it is done and undone, so this is exact.

        Raises:
            NotFound: there is no such ticket or macro, or the ticket is not theirs.
        """

        def step(tx: Tx) -> NoReturn:
            found = self._perform(tx, ticket_id, macro_id, staff)
            raise _Undone(_macro(tx.conn, macro_id), found)

        try:
            await self._db.write(step)
        except _Undone as undone:
            return undone.macro, undone.preview

    async def apply(
        self, ticket_id: str, macro_id: str, staff: Staff, *, use_id: str
    ) -> Sequence[Performed]:
        """Do what a macro says to a ticket, wholly or not at all; the same use again does nothing.

        Raises:
            NotFound: there is no such ticket or macro, or the ticket is not theirs.
            Conflict: (macro_refused) this person may not do all of it: `kind`, `index`, `cause`.
            Invalid: (client_id_reused) the use was something else.
        """

        def step(tx: Tx) -> Sequence[Performed]:
            now = self._clock.now()
            used = repository.find_use(tx.conn, use_id)
            if used is not None:
                if used != (macro_id, ticket_id, staff.id):
                    raise Invalid(
                        "This client_id was used for something else.", code="client_id_reused"
                    )
                return ()
            found = self._perform(tx, ticket_id, macro_id, staff)
            macro = _macro(tx.conn, macro_id)
            if found.refused is not None:
                index = len(found.performed)
                raise Conflict(
                    f"“{macro.name}” was not applied, nothing has changed: {found.refused.detail}",
                    code="macro_refused",
                    index=index,
                    kind=macro.effects[index].kind.value,
                    cause=found.refused.code,
                )
            repository.note_use(tx, use_id, macro, ticket_id, staff_id=staff.id, now=now)
            return found.performed

        return await self._db.write(step)

    def _perform(self, tx: Tx, ticket_id: str, macro_id: str, staff: Staff) -> Preview:
        now = self._clock.now()
        ticket = desk.find_ticket(tx.conn, ticket_id)
        if ticket is None:
            raise NotFound("There is no such ticket.")
        check_visible(tx.conn, ticket, staff)
        macro = _macro(tx.conn, macro_id)
        if not macro.enabled:
            raise NotFound("There is no such macro.")
        desk.lock_conversation(tx, ticket.conversation_id)
        self._steps.mark_step(tx, ticket_id, kind="macro", value=macro.name, actor=staff, now=now)
        performed: list[Performed] = []
        for effect in macro.effects:
            try:
                performed.append(self._performer.perform(tx, ticket_id, effect, staff, now=now))
            except FrontlineError as error:
                return Preview(performed, error)
        return Preview(performed, None)

    @staticmethod
    def _check(
        conn: Connection, name: str, effects: Sequence[Effect], macro_id: str | None
    ) -> None:
        others = [macro for macro in repository.list_macros(conn) if macro.id != macro_id]
        problems = [
            *name_problems(name),
            *effect_problems(
                effects,
                by_rule=False,
                queues=repository.list_queue_levels(conn),
                categories=_category_keys(conn),
            ),
        ]
        if any(macro.name.casefold() == name.strip().casefold() for macro in others):
            problems.append(Problem("/name", "name_taken", "Another macro has this name."))
        if macro_id is None and len(others) >= MAX_MACROS:
            problems.append(Problem("", "too_many", f"At most {MAX_MACROS} macros."))
        refuse(problems)

    def _record(
        self, tx: Tx, staff: Staff, what: str, macro_id: str, detail: dict[str, object]
    ) -> None:
        record(tx, staff.id, f"macro.{what}", "macro", macro_id, detail, self._clock.now())


class Rules:
    """Rules; one per process."""

    def __init__(self, db: Database, clock: Clock, *, is_open: IsOpen) -> None:
        self._db = db
        self._clock = clock
        self._is_open = is_open

    async def seed(self, *, locale: str) -> None:
        """Give a new installation macros and rules to start with."""

        def step(tx: Tx) -> None:
            if repository.ever_had_rules(tx.conn):
                return
            now = self._clock.now()
            for position, (terms, enabled) in enumerate(default_rules(locale)):
                repository.insert_rule(tx, terms, position=position, enabled=enabled, now=now)
            for name, effects in default_macros(locale):
                repository.insert_macro(tx, name=name, effects=effects, enabled=True, now=now)

        await self._db.write(step)

    async def list_all(self) -> tuple[list[Rule], dict[tuple[str, str], int]]:
        """Return the rules in order, and how often each fitted lately, by id and outcome."""
        since = self._clock.now() - timedelta(days=COUNTED_DAYS)
        return await self._db.read(
            lambda conn: (repository.list_rules(conn), repository.count_runs(conn, since=since))
        )

    async def offered(self, locale: str) -> Offered:
        """Return what conditions and effects can name."""
        return await self._db.read(lambda conn: offered(conn, locale))

    async def add(self, terms: RuleTerms, *, enabled: bool, staff: Staff) -> Rule:
        """Add a rule at the end of the list.

        Raises:
            Invalid: it can't be used: `errors` says where and why. (rule_loop) `rules` would set
                off one another for ever.
        """

        def step(tx: Tx) -> Rule:
            repository.lock_rules(tx)
            rules = repository.list_rules(tx.conn)
            if len(rules) >= MAX_RULES:
                raise Invalid(f"At most {MAX_RULES} rules.", code="too_many")
            position = max((rule.position for rule in rules), default=-1) + 1
            self._check(tx.conn, terms, [*rules, Rule("", 0, position, enabled, terms)])
            rule_id = repository.insert_rule(
                tx, terms, position=position, enabled=enabled, now=self._clock.now()
            )
            self._record(tx, staff, "added", rule_id, {"name": terms.name, "enabled": enabled})
            return _rule(tx.conn, rule_id)

        return await self._db.write(step)

    async def change(
        self, rule_id: str, terms: RuleTerms, *, enabled: bool, version: int, staff: Staff
    ) -> Rule:
        """Make the next version of a rule.

        Raises:
            NotFound: there is no such rule.
            Conflict: (stale) somebody else has changed it.
            Invalid: see `add`.
        """

        def step(tx: Tx) -> Rule:
            repository.lock_rules(tx)
            rule = _rule(tx.conn, rule_id)
            if rule.version != version:
                raise _stale(rule.version)
            changed = replace(rule, terms=terms, enabled=enabled)
            rules = repository.list_rules(tx.conn)
            self._check(tx.conn, terms, [changed if one.id == rule_id else one for one in rules])
            if not repository.change_rule(tx, rule, terms, enabled=enabled, now=self._clock.now()):
                raise _stale(rule.version)
            detail: dict[str, object] = {
                "name": terms.name,
                "enabled": enabled,
                "version": version + 1,
            }
            self._record(tx, staff, "changed", rule_id, detail)
            return _rule(tx.conn, rule_id)

        return await self._db.write(step)

    async def retire(self, rule_id: str, *, version: int, staff: Staff) -> None:
        """Take a rule from the list; its log stays.

        Raises:
            NotFound: there is no such rule.
            Conflict: (stale) somebody else has changed it.
        """

        def step(tx: Tx) -> None:
            rule = _rule(tx.conn, rule_id)
            if rule.version != version:
                raise _stale(rule.version)
            repository.retire_rule(tx, rule_id, now=self._clock.now())
            self._record(tx, staff, "retired", rule_id, {"name": rule.terms.name})

        await self._db.write(step)

    async def set_order(self, rule_ids: Sequence[str], *, staff: Staff) -> None:
        """Put the list into another order.

        Raises:
            Conflict: (stale) these are not the rules of the list.
        """

        def step(tx: Tx) -> None:
            repository.lock_rules(tx)
            known = [rule.id for rule in repository.list_rules(tx.conn)]
            if sorted(known) != sorted(rule_ids):
                raise Conflict("The list has changed. Look at it again.", code="stale")
            repository.set_order(tx, rule_ids)
            self._record(tx, staff, "order", "", {"rules": len(rule_ids)})

        await self._db.write(step)

    async def log(
        self,
        *,
        rule_id: str | None = None,
        ticket_id: str | None = None,
        outcome: Outcome | None = None,
        before: str | None = None,
        limit: int = 50,
    ) -> list[Run]:
        """Return what fitted and what came of it, newest first."""
        return await self._db.read(
            lambda conn: repository.list_runs(
                conn,
                rule_id=rule_id,
                ticket_id=ticket_id,
                outcome=outcome,
                before=before,
                limit=limit,
            )
        )

    async def try_out(self, terms: RuleTerms, *, days: int) -> TryOut:
        """Return what a rule would have done to the tickets of the last days; nothing changes.

        Level, queue and state are those of the time, everything else is as it is today.

        Raises:
            Invalid: the rule can't be used.
        """
        now = self._clock.now()
        since = now - timedelta(days=days)

        def start(conn: Connection) -> list[Ticket]:
            self._check(conn, terms, [])
            return repository.recent_tickets(conn, since=since, limit=MAX_TRIED + 1)

        tickets = await self._db.read(start)
        tried: list[TriedTicket] = []
        wanted = tickets[:MAX_TRIED]
        for first in range(0, len(wanted), TRIED_AT_ONCE):
            some = wanted[first : first + TRIED_AT_ONCE]
            tried += await self._db.read(
                lambda conn, some=some: [  # type: ignore[misc]
                    self._try_on(conn, terms, ticket, since=since, now=now) for ticket in some
                ]
            )
        return TryOut(tried, days, complete=len(tickets) <= MAX_TRIED)

    def _try_on(
        self, conn: Connection, terms: RuleTerms, ticket: Ticket, *, since: datetime, now: datetime
    ) -> TriedTicket:
        nearest: TriedTicket | None = None
        base: Facts | None = None
        for past in self._occasions(conn, terms, ticket, since=since, now=now):
            if base is None:
                base = repository.facts_of(
                    conn, ticket, words=False, is_open=self._is_open, at=past.at
                )
            facts = self._at(conn, terms, ticket, base, past)
            if past.trigger is not Trigger.WAITING and not hears(terms, past.trigger, facts):
                continue
            missed = misses(terms.conditions, facts)
            found = TriedTicket(ticket, past.trigger, past.at, missed, ())
            if not missed:
                return replace(found, would=_would(conn, terms, ticket))
            if nearest is None or len(missed) < len(nearest.misses):
                nearest = found
        return nearest or TriedTicket(ticket, None, None, (), ())

    @staticmethod
    def _occasions(
        conn: Connection, terms: RuleTerms, ticket: Ticket, *, since: datetime, now: datetime
    ) -> list[Past]:
        heard = listened_for(terms)
        past = [
            one for one in repository.past_of(conn, ticket, since=since) if one.trigger in heard
        ]
        latest = waited_since(terms, now)
        begun = ticket.waiting_since
        if Trigger.WAITING in terms.triggers and begun is not None and begun <= latest:
            at = begun + (now - latest)
            past.append(Past(Trigger.WAITING, at, ticket.state.value, ticket.queue_id))
        return past

    def _at(
        self, conn: Connection, terms: RuleTerms, ticket: Ticket, base: Facts, past: Past
    ) -> Facts:
        """Return the facts of an instant: only what the rule asks for is read again."""
        queue = desk.get_queue(conn, past.queue_id)
        facts = replace(
            base,
            state=past.state,
            queue=queue.key,
            level=queue.level,
            reopened_by_customer=past.by_nobody,
        )
        if terms.conditions.words:
            facts = replace(facts, text=repository.words_of(conn, ticket, past.seq))
        if terms.conditions.hours is not None:
            facts = replace(facts, open_now=self._is_open(conn, queue.calendar_key, past.at))
        return facts

    @staticmethod
    def _check(conn: Connection, terms: RuleTerms, rules: Sequence[Rule]) -> None:
        queues = repository.list_queue_levels(conn)
        refuse(problems_of(terms, queues=queues, categories=_category_keys(conn)))
        circle = find_loop(rules, queues=queues)
        if circle is not None:
            raise Invalid(
                "These rules would set off one another for ever: "
                f"{' → '.join(circle)}. Remove one of the moves, or narrow its conditions.",
                code="rule_loop",
                rules=list(circle),
            )

    def _record(
        self, tx: Tx, staff: Staff, what: str, rule_id: str, detail: dict[str, object]
    ) -> None:
        record(tx, staff.id, f"rule.{what}", "rule", rule_id, detail, self._clock.now())


def _would(conn: Connection, terms: RuleTerms, ticket: Ticket) -> list[tuple[Effect, str]]:
    tags = case_repository.tags_of(conn, ticket.id)
    return [
        (effect, NOTHING_TO_DO if nothing_to_do(effect, ticket, tags=tags) else DONE)
        for effect in terms.effects
    ]


def offered(conn: Connection, locale: str) -> Offered:
    """Return what effects and conditions can name, in a language."""
    queues = desk.list_queues(conn)
    return Offered(
        queues=[(queue.key, queue.level, queue.name(locale)) for queue in queues],
        categories=[
            (category.key, category.name(locale))
            for category in case_repository.list_categories(conn)
        ],
        topics=sorted({topic for queue in queues for topic in queue.topics}),
    )


def refuse(problems: Sequence[Problem]) -> None:
    """Say everything that is wrong at once, if something is.

    Raises:
        Invalid: with `errors`.
    """
    if problems:
        raise Invalid(
            " ".join(dict.fromkeys(problem.message for problem in problems)),
            code=problems[0].code,
            errors=[{"pointer": p.pointer, "code": p.code, "message": p.message} for p in problems],
        )


def _category_keys(conn: Connection) -> list[str]:
    return [category.key for category in case_repository.list_categories(conn)]


def _macro(conn: Connection, macro_id: str) -> Macro:
    found = repository.find_macro(conn, macro_id)
    if found is None:
        raise NotFound("There is no such macro.")
    return found


def _rule(conn: Connection, rule_id: str) -> Rule:
    found = repository.find_rule(conn, rule_id)
    if found is None:
        raise NotFound("There is no such rule.")
    return found


def _stale(version: int) -> Conflict:
    return Conflict(
        "Somebody else has changed this in the meantime. Look at it again.",
        code="stale",
        version=version,
    )
