"""A small support department with rules."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest

from bot.kit.bus import LocalBus
from bot.kit.clock import FixedClock
from bot.kit.db import Database
from bot.kit.locales import Texts
from handoff import repository as desk
from handoff.automation import repository
from handoff.automation.effect import Effect
from handoff.automation.performing import Performer
from handoff.automation.repository import Macro, Run
from handoff.automation.rule import Conditions, Rule, RuleTerms, Trigger
from handoff.automation.service import Macros, RuleInbox, Rules
from handoff.automation.worker import RuleSweep
from handoff.repository import Event
from handoff.service import Desk
from handoff.third_party.worker import Reminders
from tests.handoff.world import PlainTexts, World, hide_links, hours


@dataclass
class Department:
    """The world of the desk, with macros and rules."""

    world: World
    macros: Macros
    rules: Rules
    sweep: RuleSweep
    reminders: Reminders

    async def rule(
        self,
        name: str,
        *effects: Effect,
        when: Trigger = Trigger.CUSTOMER_WROTE,
        enabled: bool = True,
        stop: bool = False,
        minutes: int | None = None,
        days: int | None = None,
        **where: Any,
    ) -> Rule:
        """Add a rule behind the others, without asking whether it makes sense."""
        terms = RuleTerms(
            name=name,
            triggers=(when,),
            effects=effects,
            conditions=Conditions(**where),
            minutes=minutes,
            days=days,
            stop=stop,
        )
        db, now = self.world.db, self.world.clock.now()
        position = len(await db.read(repository.list_rules))
        rule_id = await db.write(
            lambda tx: repository.insert_rule(
                tx, terms, position=position, enabled=enabled, now=now
            )
        )
        return Rule(rule_id, 1, position, enabled, terms)

    async def macro(self, name: str, *effects: Effect) -> Macro:
        """Add a macro."""
        boss = self.world.sofia
        return await self.macros.add(name=name, effects=effects, enabled=True, staff=boss)

    async def settle(self) -> int:
        """Ask the rules until nothing is left."""
        done = 0
        for _ in range(20):
            found = await self.sweep.sweep()
            done += found
            if not await self.pending():
                return done
        raise AssertionError("the rules do not come to an end")

    async def pending(self) -> int:
        """Return how much the rules have not been asked about."""
        now = self.world.clock.now() + timedelta(days=1)
        return len(await self.world.db.read(lambda conn: repository.due_happenings(conn, now=now)))

    async def runs(self) -> Sequence[Run]:
        """Return the log, oldest first."""
        return (await self.rules.log(limit=200))[::-1]

    async def events(self, ticket_id: str) -> list[Event]:
        """Return a ticket's history."""
        return await self.world.db.read(lambda conn: desk.list_events(conn, ticket_id))


def make(world: World) -> Department:
    """Let the world's desk tell its rules what happens."""
    world.desk = Desk(
        world.db,
        world.clock,
        world.bus,
        PlainTexts(),
        hours,
        hide_links,
        is_open=lambda conn, key, now: world.open,
        hears=RuleInbox(),
    )
    performer = Performer(world.desk, texts=Texts(), public_url=lambda: "https://support.example")
    return Department(
        world=world,
        macros=Macros(world.db, world.clock, performer=performer, steps=world.desk),
        rules=Rules(world.db, world.clock, is_open=lambda conn, key, now: world.open),
        sweep=RuleSweep(
            world.db,
            world.clock,
            performer=performer,
            steps=world.desk,
            is_open=lambda conn, key, now: world.open,
        ),
        reminders=Reminders(
            world.db,
            world.clock,
            desk_steps=world.desk,
            texts=Texts(),
            public_url=lambda: "https://support.example",
        ),
    )


@pytest.fixture
async def department(db: Database, clock: FixedClock, bus: LocalBus) -> Department:
    return make(await World(db, clock, bus).populate())


@pytest.fixture
async def sqlite_department(sqlite_db: Database, clock: FixedClock, bus: LocalBus) -> Department:
    return make(await World(sqlite_db, clock, bus).populate())
