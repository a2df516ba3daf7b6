"""A small support department that gives out its work."""

from datetime import timedelta

import pytest

from bot.kit.bus import LocalBus
from bot.kit.clock import FixedClock
from bot.kit.db import Database
from bot.kit.locales import Texts
from bot.staff.account import Staff
from handoff import repository as tickets
from handoff.triage import Queue
from handoff.work.matching import Mode, Profile, Settings
from handoff.work.presence import Presence
from handoff.work.service import Person, Work
from tests.handoff.world import World


class Shift(World):
    """A department with presence and assignment."""

    work: Work

    def begin(self) -> "Shift":
        self.work = Work(
            self.db, self.clock, self.desk, Texts(), public_url=lambda: "https://desk.example"
        )
        return self

    async def queue(self, key: str) -> Queue:
        queues = await self.db.read(tickets.list_queues)
        return next(queue for queue in queues if queue.key == key)

    async def gives_out(
        self, key: str = "support", mode: Mode = Mode.LEAST_LOADED, *, fair_limit: int = 100
    ) -> None:
        """Let a queue give out its tickets by itself."""
        queue = await self.queue(key)
        states = await self.work.list_settings()
        version = next(one.settings.version for one in states if one.queue.id == queue.id)
        settings = Settings(queue.id, mode, fair_limit=fair_limit, version=version)
        await self.work.save_settings(settings, staff=self.sofia)

    async def can(
        self,
        staff: Staff,
        *,
        capacity: int = 5,
        skills: tuple[str, ...] = (),
        languages: tuple[str, ...] = (),
        automatic: bool = True,
    ) -> None:
        profile = Profile(
            staff.id, capacity, frozenset(skills), frozenset(languages), automatic=automatic
        )
        await self.work.save_profile(profile, staff=self.sofia)

    async def there(self, *people: Staff) -> None:
        """They have the console open."""
        for one in people:
            await self.work.beat(one, active=True)

    async def is_now(self, staff: Staff, presence: Presence) -> None:
        await self.work.set_presence(staff, presence)

    def passes(self, seconds: float) -> None:
        self.clock.advance(timedelta(seconds=seconds))

    async def person(self, staff: Staff) -> Person:
        return next(p for p in await self.work.list_people() if p.staff.id == staff.id)

    async def assignee(self, ticket_id: str) -> str | None:
        name = (await self.ticket(ticket_id)).assignee_name
        return name.split()[0].lower() if name else None

    async def reasons(self, ticket_id: str) -> list[tuple[str, str | None]]:
        events = await self.db.read(lambda conn: tickets.list_events(conn, ticket_id))
        return [(event.kind, event.reason) for event in events]

    async def told(self, conversation_id: str) -> list[str]:
        """What Frontline said to the customer, by text key."""
        return [
            message.text.split()[0]
            for message in await self.messages(conversation_id)
            if message.author.value == "system"
        ]


@pytest.fixture
async def shift(db: Database, clock: FixedClock, bus: LocalBus) -> Shift:
    shift = Shift(db, clock, bus)
    await shift.populate()
    return shift.begin()


@pytest.fixture
async def sqlite_shift(sqlite_db: Database, clock: FixedClock, bus: LocalBus) -> Shift:
    shift = Shift(sqlite_db, clock, bus)
    await shift.populate()
    return shift.begin()
