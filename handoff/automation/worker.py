"""The rules at work: asked about everything that happened to tickets, and about customers who wait.

What happened is a row written by the step that did it. The step that asks the rules takes the row
out and writes what they did in the same transaction, under the conversation's lock: killed at any
moment, and on several gateways, each rule fires exactly once for each thing that happened.
"""

import asyncio
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import structlog
from sqlalchemy import Connection

from bot.kit.clock import Clock
from bot.kit.db import Database, Tx
from bot.kit.errors import FrontlineError
from bot.kit.ids import new_id
from handoff import repository as desk
from handoff.automation import repository
from handoff.automation.performing import Performed, Performer
from handoff.automation.repository import Happening, IsOpen
from handoff.automation.rule import (
    Facts,
    Outcome,
    Rule,
    Trigger,
    hears,
    misses,
    plan,
    waited_since,
    why,
)
from handoff.steps import DeskSteps
from handoff.ticket import Automaton, Ticket

log = structlog.get_logger(__name__)
SWEEP_SECONDS = 0.5
WAITING_SECONDS = 15.0
"""How often it is looked at who waits: a rule waits for whole minutes."""
LONGEST_PUT_OFF = timedelta(hours=1)


class RuleSweep:
    """Asks the rules and does what they say."""

    def __init__(
        self,
        db: Database,
        clock: Clock,
        *,
        performer: Performer,
        steps: DeskSteps,
        is_open: IsOpen,
    ) -> None:
        self._db = db
        self._clock = clock
        self._performer = performer
        self._steps = steps
        self._is_open = is_open

    async def sweep(self) -> int:
        """Ask about everything that has happened; returns how often a rule fitted."""
        done = 0
        now = self._clock.now()
        found = await self._db.read(lambda conn: repository.due_happenings(conn, now=now))
        for happening_id, ticket_id in found:
            try:
                done += await self._db.write(
                    partial(self._ask, happening_id=happening_id, ticket_id=ticket_id)
                )
            except FrontlineError:
                raise
            except Exception as error:  # one bad row must not hold up the others
                log.exception("rules.failed", error=type(error).__name__, ticket_id=ticket_id)
                await self._db.write(partial(self._put_off, happening_id=happening_id))
        return done

    def _put_off(self, tx: Tx, *, happening_id: str) -> None:
        repository.put_off(tx, happening_id, now=self._clock.now(), longest=LONGEST_PUT_OFF)

    def _ask(self, tx: Tx, *, happening_id: str, ticket_id: str) -> int:
        ticket = desk.find_ticket(tx.conn, ticket_id)
        if ticket is None:
            return 0
        desk.lock_conversation(tx, ticket.conversation_id)
        happening = repository.take_happening(tx, happening_id)
        if happening is None:
            return 0
        now = self._clock.now()
        rules = [rule for rule in repository.list_rules(tx.conn) if rule.enabled]
        words = any(rule.terms.conditions.words for rule in rules)
        facts = self._facts(tx.conn, ticket_id, happening, words=words, now=now)
        done = 0
        for rule in rules:
            fits = hears(rule.terms, happening.trigger, facts) and not misses(
                rule.terms.conditions, facts
            )
            if not fits or repository.has_run(
                tx.conn, rule.id, ticket_id, happening.trigger, happening.n
            ):
                continue
            self._fire(tx, rule, happening, facts, now=now)
            done += 1
            if rule.terms.stop:
                break
            # What this rule did is what the next one looks at.
            facts = self._facts(tx.conn, ticket_id, happening, words=words, now=now)
        return done

    def _facts(
        self, conn: Connection, ticket_id: str, happening: Happening, *, words: bool, now: datetime
    ) -> Facts:
        ticket = desk.find_ticket(conn, ticket_id)
        if ticket is None:
            raise LookupError(ticket_id)  # tickets are never deleted
        wrote = happening.trigger is Trigger.CUSTOMER_WROTE
        reopened = happening.trigger is Trigger.REOPENED
        return repository.facts_of(
            conn,
            ticket,
            words=words,
            is_open=self._is_open,
            at=now,
            seq=happening.n if wrote else None,
            by_nobody=reopened and repository.by_nobody(conn, ticket_id, happening.n),
        )

    def _fire(
        self, tx: Tx, rule: Rule, happening: Happening, facts: Facts, *, now: datetime
    ) -> None:
        """Do what a rule says, wholly or not at all, and put on record what came of it."""
        ticket_id = happening.ticket_id
        outcome = plan(rule, happening.chain)
        actor = Automaton(rule.actor)
        performed: list[Performed] = []
        error: FrontlineError | None = None
        if outcome is Outcome.DONE:
            before = repository.happening_ids(tx.conn, ticket_id)

            def work() -> None:
                self._steps.mark_step(tx, ticket_id, kind="rule", value=None, actor=actor, now=now)
                for effect in rule.terms.effects:
                    performed.append(  # noqa: PERF401  what was done before a failure is told
                        self._performer.perform(tx, ticket_id, effect, actor, now=now)
                    )

            error = repository.savepoint(tx, work)
            caused = repository.happening_ids(tx.conn, ticket_id) - before
            repository.set_chain(tx, caused, [*happening.chain, rule.id])
        if error is not None:
            outcome = Outcome.FAILED
            self._steps.mark_step(
                tx,
                ticket_id,
                kind="rule_failed",
                value=None,
                actor=actor,
                reason=error.detail,
                now=now,
            )
        repository.insert_run(
            tx,
            rule,
            ticket_id,
            run_id=new_id(),
            trigger=happening.trigger,
            n=happening.n,
            outcome=outcome,
            why=why(rule.terms, happening.trigger, facts),
            done=_done(rule, performed, error),
            error=error.detail if error else None,
            now=now,
        )
        log.info("rule.fitted", rule_id=rule.id, ticket_id=ticket_id, outcome=outcome.value)

    # ------------------------------------------------------------------------- waiting

    async def sweep_waiting(self) -> int:
        """Ask about customers who wait; returns how often a rule fitted."""
        rules = await self._db.read(repository.list_rules)
        done = 0
        for rule in rules:
            if rule.enabled and Trigger.WAITING in rule.terms.triggers:
                done += await self._ask_about_waiting(rule)
        return done

    async def _ask_about_waiting(self, rule: Rule) -> int:
        done = 0
        after: tuple[datetime, int] | None = None
        while True:
            now = self._clock.now()
            since = waited_since(rule.terms, now)

            def query(
                conn: Connection,
                since: datetime = since,
                after: tuple[datetime, int] | None = after,
                now: datetime = now,
            ) -> tuple[list[Ticket], list[Ticket]]:
                page = repository.waiting_tickets(conn, rule, since=since, after=after)
                fitting = [
                    ticket for ticket in page.fresh if self._waits_fitting(conn, rule, ticket, now)
                ]
                return page.all, fitting

            page, fitting = await self._db.read(query)
            for ticket in fitting:
                done += await self._db.write(partial(self._waited, rule_id=rule.id, known=ticket))
            if not page:
                return done
            last = page[-1]
            after = (last.waiting_since or now, last.serial)

    def _waits_fitting(self, conn: Connection, rule: Rule, ticket: Ticket, now: datetime) -> bool:
        return not misses(rule.terms.conditions, self._waiting_facts(conn, rule, ticket, now))

    def _waiting_facts(self, conn: Connection, rule: Rule, ticket: Ticket, now: datetime) -> Facts:
        words = bool(rule.terms.conditions.words)
        return repository.facts_of(conn, ticket, words=words, is_open=self._is_open, at=now)

    def _waited(self, tx: Tx, *, rule_id: str, known: Ticket) -> bool:
        desk.lock_conversation(tx, known.conversation_id)
        now = self._clock.now()
        ticket = desk.find_ticket(tx.conn, known.id)
        rule = repository.find_rule(tx.conn, rule_id)
        if ticket is None or rule is None or not rule.enabled or not ticket.is_open:
            return False
        if ticket.waiting_since is None or ticket.waiting_since > waited_since(rule.terms, now):
            return False
        n = repository.wait_number(ticket)
        if repository.has_run(tx.conn, rule_id, ticket.id, Trigger.WAITING, n):
            return False
        facts = self._waiting_facts(tx.conn, rule, ticket, now)
        if Trigger.WAITING not in rule.terms.triggers or misses(rule.terms.conditions, facts):
            return False
        happening = Happening("", ticket.id, Trigger.WAITING, n, (), 0)
        self._fire(tx, rule, happening, facts, now=now)
        return True


def _done(
    rule: Rule, performed: list[Performed], error: FrontlineError | None
) -> list[dict[str, Any]]:
    """Return what came of each effect; after a failure what was done before it is undone."""
    done: list[dict[str, Any]] = [
        {"kind": one.effect.kind.value, "outcome": "undone" if error else one.outcome}
        for one in performed
    ]
    if error is not None:
        failed = rule.terms.effects[len(performed)]
        done.append({"kind": failed.kind.value, "outcome": "failed"})
    return done


class RuleWorker:
    """Sweeps twice a second."""

    def __init__(self, sweep: RuleSweep, *, every_seconds: float = SWEEP_SECONDS) -> None:
        self._sweep = sweep
        self._every_seconds = every_seconds

    async def run(self) -> None:
        """Sweep until cancelled."""
        loop = asyncio.get_running_loop()
        waiting_due = 0.0
        while True:
            try:
                await self._sweep.sweep()
                if loop.time() >= waiting_due:
                    waiting_due = loop.time() + WAITING_SECONDS
                    await self._sweep.sweep_waiting()
            except FrontlineError as error:  # the store is away, or a ticket changed meanwhile
                log.warning("rules.sweep_failed", error=error.code)
            except Exception as error:  # one bad rule must not stop the others
                log.exception("rules.sweep_failed", error=type(error).__name__)
            await asyncio.sleep(self._every_seconds)
