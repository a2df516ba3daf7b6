"""The service level on a real store: agreed at the hand-off, followed through every change, acted on once."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from bot.hours import repository as hours
from bot.kit.bus import LocalBus
from bot.kit.clock import FixedClock
from bot.kit.db import Database
from bot.kit.errors import Conflict, FrontlineError, Invalid, NotFound
from bot.kit.ids import new_id
from bot.kit.locales import Texts
from bot.mail import repository as mails
from bot.staff.account import Role, Staff
from handoff.service import Desk
from handoff.service_level.policy import (
    Action,
    ActionKind,
    CaseFacts,
    Conditions,
    Metric,
    Moment,
    Terms,
    Warn,
)
from handoff.service_level.reports import Reports
from handoff.service_level.repository import list_fired
from handoff.service_level.service import Explanation, ServiceLevel
from handoff.service_level.worker import Sweep
from handoff.service_level.worktime import Span
from handoff.ticket import Escalation, Priority, Ticket, TicketState
from tests.handoff.service_level import calendars as c
from tests.handoff.service_level.calendars import utc
from tests.handoff.world import PlainTexts, World, hide_links
from tests.handoff.world import hours as hours_sentence

WEDNESDAY = utc("2026-11-18 13:00")
"""10:00 in São Paulo."""
STANDARD = Terms(
    name="Standard",
    first_response=60,
    next_response=120,
    resolution=480,
    levels={"N2": 240, "N3": 480},
    warn=Warn(percent=80),
)


class Department(World):
    """A support department with a service level."""

    level: ServiceLevel
    admin: Staff

    def __post_init__(self) -> None:
        self.level = ServiceLevel(self.db, self.clock)
        self.desk = self.make_desk()

    def make_desk(self) -> Desk:
        return Desk(
            self.db,
            self.clock,
            self.bus,
            PlainTexts(),
            hours_sentence,
            hide_links,
            is_open=lambda conn, key, now: self.open,
            follows=self.level,
        )

    def sweep(self) -> Sweep:
        return Sweep(
            self.db,
            self.clock,
            level=self.level,
            desk_steps=self.desk,
            texts=Texts(),
            public_url=lambda: "https://desk.example",
        )

    async def furnish(self, *policies: Terms) -> "Department":
        await self.populate()
        boss = await self.hire("Alba Maia", role=Role.ADMIN)
        self.__dict__["boss"] = boss
        calendar = replace(c.SP, key="main", name="Main")
        await self.db.write(lambda tx: hours.save_calendar(tx, calendar, now=self.clock.now()))
        for terms in policies:
            await self.level.add_policy(terms, enabled=True, staff=boss)
        return self

    def at(self, text: str) -> None:
        """Move the clock: `14:00` of the day, or a whole instant."""
        self.clock.instant = utc(text if len(text) > 5 else f"2026-11-18 {text}")

    async def explain(self, ticket_id: str) -> Explanation:
        return await self.level.explain(ticket_id, None)

    async def due(self, ticket_id: str) -> tuple[str | None, datetime | None]:
        ticket = await self.ticket(ticket_id)
        return ticket.due_metric, ticket.due_at

    async def fired(self, ticket_id: str) -> list[tuple[str, str]]:
        found = await self.db.read(lambda conn: list_fired(conn, ticket_id))
        return [(f.metric.value, f.moment.value) for f in found]


Make = Callable[..., "asyncio.Future[Department]"]


@pytest.fixture
async def department(db: Database, clock: FixedClock, bus: LocalBus) -> Department:
    clock.instant = WEDNESDAY
    return await Department(db, clock, bus).furnish(STANDARD)


@pytest.fixture
async def bare(sqlite_db: Database, clock: FixedClock, bus: LocalBus) -> Department:
    clock.instant = WEDNESDAY
    return await Department(sqlite_db, clock, bus).furnish()


async def test_a_whole_case(department: Department) -> None:
    d = department
    opened, conversation = await d.hand_off()
    ticket = opened.ticket_id
    assert await d.due(ticket) == ("first_response", utc("2026-11-18 14:00"))
    d.at("13:10")
    await d.desk.claim(ticket, d.ana)
    d.at("13:20")
    await d.desk.reply(ticket, d.ana, client_id=new_id(), text="Let me see.")
    assert await d.due(ticket) == ("level", utc("2026-11-18 18:00"))
    d.at("13:30")
    await d.says(conversation, "Thank you")
    assert await d.due(ticket) == ("next_response", utc("2026-11-18 16:30"))
    d.at("13:35")
    await d.says(conversation, "and another thing")
    assert await d.due(ticket) == ("next_response", utc("2026-11-18 16:30"))
    await d.desk.reply(ticket, d.ana, client_id=new_id(), text="Which one?")
    d.at("14:00")
    await d.desk.wait(ticket, d.ana, third_party=False)
    assert await d.due(ticket) == ("resolution", None)
    assert (await d.ticket(ticket)).due_state == "paused"
    d.at("14:30")
    await d.says(conversation, "This one")
    assert await d.due(ticket) == ("next_response", utc("2026-11-18 17:30"))
    await d.desk.reply(ticket, d.ana, client_id=new_id(), text="I pass you on.")
    assert await d.due(ticket) == ("level", utc("2026-11-18 18:30"))
    d.at("14:45")
    await d.desk.escalate(ticket, d.ana, kind=Escalation.FUNCTIONAL, to="N3", reason="too deep")
    assert await d.due(ticket) == ("resolution", utc("2026-11-19 13:30"))
    d.at("17:00")
    await d.desk.claim(ticket, d.nina)
    await d.desk.resolve(ticket, d.nina, text="Done.")
    assert await d.due(ticket) == (None, None)
    states = {
        (k.clock.metric.value, k.clock.n): k.clock.state.value
        for k in (await d.explain(ticket)).clocks
    }
    assert states == {
        ("first_response", 1): "met",
        ("next_response", 1): "met",
        ("next_response", 2): "met",
        ("level", 1): "met",
        ("level", 2): "met",
        ("resolution", 1): "met",
    }
    d.at("19:00")
    await d.desk.reopen(ticket, d.nina)
    assert (await d.due(ticket))[1] == utc("2026-11-19 16:30")


async def test_warning_and_breach_each_once(department: Department) -> None:
    d = department
    ticket = (await d.hand_off())[0].ticket_id
    sweep = d.sweep()
    d.at("13:47")
    assert await sweep.sweep() == 0
    d.at("13:48")
    assert [await sweep.sweep() for _ in range(3)] == [1, 0, 0]
    assert await d.fired(ticket) == [("first_response", "warning")]
    d.at("14:00")
    assert [await sweep.sweep() for _ in range(3)] == [1, 0, 0]
    assert await d.kinds(ticket) == ["opened", "sla_warning", "sla_breached"]
    assert (await d.ticket(ticket)).due_state == "breached"


async def test_two_gateways_act_once(department: Department) -> None:
    d = department
    await d.level.change_policy(
        (await d.level.list_policies()).policies[0].id,
        replace(STANDARD, on_breach=(Action(ActionKind.NOTIFY, "supervisors"),)),
        enabled=True,
        version=1,
        staff=d.boss,
    )
    tickets = [(await d.hand_off())[0].ticket_id for _ in range(5)]
    d.at("14:00")
    done = await asyncio.gather(*(d.sweep().sweep() for _ in range(4)))
    assert sum(done) == 10
    for ticket in tickets:
        assert await d.fired(ticket) == [
            ("first_response", "warning"),
            ("first_response", "breach"),
        ]
        assert await d.kinds(ticket) == ["opened", "sla_warning", "sla_breached"]
    assert await d.db.read(mails.count_waiting) == 5


async def test_a_restart_over_a_due_instant_catches_up_once_and_says_so(
    department: Department,
) -> None:
    d = department
    ticket = (await d.hand_off())[0].ticket_id
    d.at("2026-11-18 16:30")  # nobody was there at 13:48 and at 14:00
    again = Department(d.db, d.clock, d.bus)
    assert await again.sweep().sweep() == 2
    assert await again.sweep().sweep() == 0
    fired = await d.db.read(lambda conn: list_fired(conn, ticket))
    assert [(f.moment, f.due_at, f.late) for f in fired] == [
        (Moment.WARNING, utc("2026-11-18 13:48"), True),
        (Moment.BREACH, utc("2026-11-18 14:00"), True),
    ]
    clock = (await d.explain(ticket)).clocks[0].clock
    assert clock.breached_at == utc("2026-11-18 14:00")


async def test_answered_before_the_sweep_came_by_sets_nothing_off(department: Department) -> None:
    d = department
    ticket = (await d.hand_off())[0].ticket_id
    d.at("14:30")
    await d.desk.claim(ticket, d.ana)
    await d.desk.reply(ticket, d.ana, client_id=new_id(), text="Sorry, late.")
    assert await d.sweep().sweep() == 0
    assert (await d.explain(ticket)).clocks[0].clock.state.value == "breached"


async def test_a_resolved_ticket_has_no_events_any_more(department: Department) -> None:
    d = department
    ticket = (await d.hand_off())[0].ticket_id
    d.at("13:30")
    await d.desk.claim(ticket, d.ana)
    await d.desk.resolve(ticket, d.ana, text="Done.")
    d.at("2026-11-30 13:00")
    assert await d.sweep().sweep() == 0


# ------------------------------------------------------------------------------------- actions


async def _acted(d: Department, *actions: Action, metric: Metric = Metric.FIRST_RESPONSE) -> Ticket:
    terms = Terms(
        name="T",
        first_response=60 if metric is Metric.FIRST_RESPONSE else None,
        levels={"N2": 60} if metric is Metric.LEVEL else {},
        warn=Warn(),
        on_breach=actions,
    )
    await d.level.add_policy(terms, enabled=True, staff=d.boss)
    ticket = (await d.hand_off())[0].ticket_id
    d.at("13:10")
    await d.desk.claim(ticket, d.ana)
    d.at("14:00")
    assert await d.sweep().sweep() == 1
    return await d.ticket(ticket)


async def _outcomes(d: Department, ticket: Ticket) -> list[str]:
    fired = await d.db.read(lambda conn: list_fired(conn, ticket.id))
    return [one["outcome"] for f in fired for one in f.done]


async def test_raising_the_priority(bare: Department) -> None:
    ticket = await _acted(bare, Action(ActionKind.RAISE_PRIORITY))
    assert ticket.priority is Priority.HIGH


async def test_back_in_line(bare: Department) -> None:
    ticket = await _acted(bare, Action(ActionKind.REASSIGN))
    assert (ticket.state, ticket.assignee_id) == (TicketState.QUEUED, None)


async def test_to_another_queue(bare: Department) -> None:
    ticket = await _acted(bare, Action(ActionKind.REASSIGN, "billing"))
    assert (ticket.queue_key, ticket.state) == ("billing", TicketState.QUEUED)


async def test_functional_escalation(bare: Department) -> None:
    ticket = await _acted(bare, Action(ActionKind.ESCALATE_FUNCTIONAL, "N3"), metric=Metric.LEVEL)
    assert (ticket.level, ticket.state) == ("N3", TicketState.QUEUED)
    assert "sla_escalated_functional" in await bare.kinds(ticket.id)


async def test_hierarchical_escalation(bare: Department) -> None:
    ticket = await _acted(bare, Action(ActionKind.ESCALATE_HIERARCHICAL))
    assert ticket.assignee_name == "Sofia Reis"
    assert (ticket.level, ticket.state) == ("N2", TicketState.CLAIMED)


async def test_what_can_not_be_done_is_written_down_and_stops_nothing_else(
    bare: Department,
) -> None:
    ticket = await _acted(
        bare,
        Action(ActionKind.REASSIGN),
        Action(ActionKind.REASSIGN),
        Action(ActionKind.RAISE_PRIORITY, metrics=(Metric.RESOLUTION,)),
        Action(ActionKind.RAISE_PRIORITY),
    )
    assert await _outcomes(bare, ticket) == ["done", "invalid_target", "done"]
    assert ticket.priority is Priority.HIGH


async def test_the_own_actions_agree_on_nothing_new(bare: Department) -> None:
    """A breach that raises the priority would else shorten the times of the ticket it wants to save."""
    await bare.level.add_policy(
        Terms(name="Urgent", conditions=Conditions(priorities=("high",)), resolution=10),
        enabled=True,
        staff=bare.boss,
    )
    ticket = await _acted(bare, Action(ActionKind.RAISE_PRIORITY))
    assert {k.policy_name for k in (await bare.explain(ticket.id)).clocks} == {"T"}
    # A person who changes something does agree anew.
    await bare.desk.set_priority(ticket.id, bare.ana, priority=Priority.NORMAL)
    await bare.desk.set_priority(ticket.id, bare.ana, priority=Priority.HIGH)
    names = {k.policy_name for k in (await bare.explain(ticket.id)).clocks}
    assert names == {"T", "Urgent"}


# ------------------------------------------------------------------------------------ policies


async def test_running_tickets_keep_what_was_agreed(department: Department) -> None:
    d = department
    ticket = (await d.hand_off())[0].ticket_id
    policy = (await d.level.list_policies()).policies[0]
    strict = replace(STANDARD, first_response=30)
    await d.level.change_policy(policy.id, strict, enabled=True, version=1, staff=d.boss)
    d.at("13:10")
    await d.desk.claim(ticket, d.ana)
    assert await d.due(ticket) == ("first_response", utc("2026-11-18 14:00"))
    newer = (await d.hand_off())[0].ticket_id
    assert await d.due(newer) == ("first_response", utc("2026-11-18 13:40"))
    # Unless an admin asks for it.
    assert await d.level.apply_to_running() == 1
    assert await d.due(ticket) == ("first_response", utc("2026-11-18 13:30"))
    assert await d.level.apply_to_running() == 0
    explained = await d.explain(ticket)
    assert [(a.policy_version, a.agreement.event_n) for a in explained.agreed] == [
        (1, 1),
        (2, None),
    ]
    assert [v.version for v in await d.level.list_versions(policy.id)] == [2, 1]


async def test_other_hours_do_not_rewrite_a_promise(department: Department) -> None:
    d = department
    ticket = (await d.hand_off())[0].ticket_id
    closed = replace(c.SP, key="main", week=(*c.SP.week[:2], (), *c.SP.week[3:]))
    await d.db.write(lambda tx: hours.save_calendar(tx, closed, now=d.clock.now()))
    d.at("13:10")
    await d.desk.claim(ticket, d.ana)
    assert await d.due(ticket) == ("first_response", utc("2026-11-18 14:00"))
    assert await d.level.apply_to_running() == 1
    assert await d.due(ticket) == ("first_response", utc("2026-11-19 13:00"))


async def test_a_calendar_that_was_taken_away_is_stood_in_for(bare: Department) -> None:
    d = bare
    night = replace(c.NY, key="night")
    await d.db.write(lambda tx: hours.save_calendar(tx, night, now=d.clock.now()))
    await d.level.add_policy(
        Terms(name="Night", calendar="night", first_response=60), enabled=True, staff=d.boss
    )
    d.at("2026-11-18 20:30")  # 15:30 in New York, 17:30 in São Paulo
    before = (await d.hand_off())[0].ticket_id
    await d.db.write(
        lambda tx: tx.conn.execute(sa.text("DELETE FROM hours_calendars WHERE key = 'night'"))
    )
    after = (await d.hand_off())[0].ticket_id
    assert await d.due(before) == ("first_response", utc("2026-11-18 21:30"))
    assert await d.due(after) == ("first_response", utc("2026-11-19 12:30"))


async def test_the_first_policy_that_fits_is_agreed_and_order_matters(
    department: Department,
) -> None:
    d = department
    billing = replace(
        STANDARD, name="Billing", conditions=Conditions(queues=("billing",)), first_response=10
    )
    added = await d.level.add_policy(billing, enabled=True, staff=d.boss)
    listed = await d.level.list_policies()
    assert listed.shadowed == {added.id: listed.policies[0].id}
    ticket = (await d.hand_off(topic="billing"))[0].ticket_id
    assert await d.due(ticket) == ("first_response", utc("2026-11-18 14:00"))
    await d.level.set_order([added.id, listed.policies[0].id], staff=d.boss)
    other = (await d.hand_off(topic="billing"))[0].ticket_id
    assert await d.due(other) == ("first_response", utc("2026-11-18 13:10"))
    # Passed to another queue by a person: agreed anew.
    await d.desk.transfer(other, d.ana, queue="support", reason="not about money")
    assert await d.due(other) == ("first_response", utc("2026-11-18 14:00"))
    with pytest.raises(Conflict) as stale:
        await d.level.set_order([added.id], staff=d.boss)
    assert stale.value.code == "stale"


async def test_no_policy_fits(bare: Department) -> None:
    ticket = (await bare.hand_off())[0].ticket_id
    assert await bare.due(ticket) == (None, None)
    assert await bare.sweep().sweep() == 0
    assert (await bare.explain(ticket)).clocks == []


async def test_tickets_from_before_are_taken_in(
    sqlite_db: Database, clock: FixedClock, bus: LocalBus
) -> None:
    clock.instant = WEDNESDAY
    plain = await World(sqlite_db, clock, bus).populate()
    ticket = (await plain.hand_off())[0].ticket_id
    d = Department(sqlite_db, clock, bus)
    d.at("13:20")
    await d.level.seed(locale="en")
    await d.level.seed(locale="en")
    assert len((await d.level.list_policies()).policies) == 3
    metric, due = await d.due(ticket)
    assert (metric, due) == ("first_response", utc("2026-11-18 14:00"))


async def test_a_tier_comes_from_the_proved_address(bare: Department) -> None:
    d = bare
    await d.level.save_tiers({" @ACME.example": "gold"}, staff=d.boss)
    facts = CaseFacts(level="N2", queue="support", priority="normal", tier="gold")
    gold = Terms(name="Gold", conditions=Conditions(tiers=("gold",)), first_response=5)
    await d.level.add_policy(gold, enabled=True, staff=d.boss)
    tried = await d.level.try_out(facts, opened_at=WEDNESDAY)
    assert [(t.metric, t.due_at) for t in tried.targets] == [
        (Metric.FIRST_RESPONSE, utc("2026-11-18 13:05"))
    ]
    for domains in ({"ana@acme.example": "gold"}, {"acme": "gold"}, {"acme.example": " "}):
        with pytest.raises(Invalid):
            await d.level.save_tiers(domains, staff=d.boss)


@pytest.mark.parametrize(
    ("terms", "code"),
    [
        (replace(STANDARD, name=" "), "name_missing"),
        (replace(STANDARD, first_response=0), "target_too_short"),
        (replace(STANDARD, resolution=10 * 366 * 24 * 60), "target_too_long"),
        (replace(STANDARD, levels={"N2": -1}), "target_too_short"),
        (replace(STANDARD, levels={"N9": 60}), "unknown_level"),
        (replace(STANDARD, first_response=600), "target_order"),
        (Terms(name="Nothing"), "no_target"),
        (replace(STANDARD, calendar="moon"), "unknown_calendar"),
        (replace(STANDARD, conditions=Conditions(queues=("moon",))), "unknown_value"),
        (replace(STANDARD, conditions=Conditions(priorities=("soon",))), "unknown_value"),
        (replace(STANDARD, warn=Warn(percent=100)), "warn_range"),
        (replace(STANDARD, warn=Warn(minutes=60)), "warn_range"),
        (replace(STANDARD, warn=Warn(percent=50, minutes=5)), "warn_twice"),
        (replace(STANDARD, pauses=frozenset({TicketState.QUEUED})), "not_a_pause"),
        (replace(STANDARD, on_breach=(Action(ActionKind.NOTIFY, "everybody"),)), "unknown_target"),
        (replace(STANDARD, on_breach=(Action(ActionKind.REASSIGN, "moon"),)), "unknown_target"),
        (
            replace(STANDARD, on_breach=(Action(ActionKind.ESCALATE_FUNCTIONAL, "N1"),)),
            "unknown_target",
        ),
    ],
)
async def test_what_is_refused(bare: Department, terms: Terms, code: str) -> None:
    with pytest.raises(Invalid) as refused:
        await bare.level.add_policy(terms, enabled=True, staff=bare.boss)
    assert refused.value.code == code
    assert (await bare.level.list_policies()).policies == []


@pytest.mark.parametrize("week", [((),) * 7, (c.hours("9:00-12:00", "11:00-18:00"), *((),) * 6)])
async def test_hours_that_promise_nothing_are_refused(
    bare: Department, week: tuple[object, ...]
) -> None:
    calendar = replace(c.SP, key="odd", week=week)  # type: ignore[arg-type]
    await bare.db.write(lambda tx: hours.save_calendar(tx, calendar, now=bare.clock.now()))
    with pytest.raises(Invalid) as refused:
        await bare.level.add_policy(
            replace(STANDARD, calendar="odd"), enabled=True, staff=bare.boss
        )
    assert refused.value.code == "calendar_unusable"


async def test_a_target_that_the_hours_never_reach_is_refused(bare: Department) -> None:
    hour = c.hours("9:00-9:30")
    calendar = replace(c.SP, key="rare", week=(hour, *((),) * 6))
    await bare.db.write(lambda tx: hours.save_calendar(tx, calendar, now=bare.clock.now()))
    with pytest.raises(Invalid) as refused:
        await bare.level.add_policy(
            Terms(name="Rare", calendar="rare", resolution=200_000), enabled=True, staff=bare.boss
        )
    assert refused.value.code == "target_unreachable"


async def test_a_circle_of_moves_is_refused(bare: Department) -> None:
    def mover(level: str, to: str) -> Terms:
        return Terms(
            name=level,
            conditions=Conditions(levels=(level,)),
            levels={level: 60},
            on_breach=(Action(ActionKind.REASSIGN, to),),
        )

    await bare.level.add_policy(mover("N2", "technical"), enabled=True, staff=bare.boss)
    with pytest.raises(Invalid) as refused:
        await bare.level.add_policy(mover("N3", "support"), enabled=True, staff=bare.boss)
    assert refused.value.code == "rule_loop"
    assert "N2 → N3 → N2" in refused.value.detail
    await bare.level.add_policy(mover("N3", "engineering"), enabled=True, staff=bare.boss)


async def test_two_admins_at_one_policy(department: Department) -> None:
    d = department
    policy = (await d.level.list_policies()).policies[0]
    changes = [
        d.level.change_policy(policy.id, STANDARD, enabled=True, version=1, staff=d.boss)
        for _ in range(2)
    ]
    outcomes = await asyncio.gather(*changes, return_exceptions=True)
    refused = [one for one in outcomes if isinstance(one, FrontlineError)]
    assert [one.code for one in refused] == ["stale"]
    await d.level.retire_policy(policy.id, version=2, staff=d.boss)
    with pytest.raises(NotFound):
        await d.level.retire_policy(policy.id, version=2, staff=d.boss)


async def test_a_try_out_shows_intervals_and_pauses(department: Department) -> None:
    d = department
    facts = CaseFacts(level="N2", queue="support", priority="low")
    pause = (TicketState.WAITING_CUSTOMER, Span(utc("2026-11-20 20:00"), utc("2026-11-23 13:00")))
    tried = await d.level.try_out(facts, opened_at=utc("2026-11-20 19:30"), pauses=[pause])
    by_metric = {target.metric: target for target in tried.targets}
    assert by_metric[Metric.FIRST_RESPONSE].due_at == utc("2026-11-20 20:30")
    assert by_metric[Metric.LEVEL].due_at == utc("2026-11-23 17:30")
    assert [(s.start, s.end) for s in by_metric[Metric.LEVEL].counted] == [
        (utc("2026-11-20 19:30"), utc("2026-11-20 20:00")),
        (utc("2026-11-23 13:00"), utc("2026-11-23 15:00")),
        (utc("2026-11-23 16:00"), utc("2026-11-23 17:30")),
    ]


async def test_others_tickets_are_not_explained(department: Department) -> None:
    d = department
    ticket = (await d.hand_off())[0].ticket_id
    await d.desk.claim(ticket, d.sofia)
    await d.desk.escalate(ticket, d.sofia, kind=Escalation.FUNCTIONAL, to="N3", reason="deep")
    assert (await d.level.explain(ticket, d.nina)).ticket.id == ticket
    with pytest.raises(NotFound):
        await d.level.explain(ticket, d.bruno)


# -------------------------------------------------------------------------------------- reports


async def test_the_report_counts_what_a_supervisor_would_count(department: Department) -> None:
    d = department
    reports = Reports(d.db, d.clock, timezone="America/Sao_Paulo")
    kept, late, silent, running = [(await d.hand_off())[0].ticket_id for _ in range(4)]
    for ticket, when in ((kept, "13:30"), (late, "14:30")):
        d.at(when)
        await d.desk.claim(ticket, d.ana)
        await d.desk.reply(ticket, d.ana, client_id=new_id(), text="Hello")
        await d.desk.resolve(ticket, d.ana)
    await d.desk.claim(silent, d.ana)
    newest = (await d.hand_off())[0].ticket_id
    assert running != newest
    period = reports.period("2026-11-18", "2026-11-18")
    found = await reports.service_level(period, by=("level", "day"))
    first = next(line for line in found.totals if line.metric is Metric.FIRST_RESPONSE)
    assert (first.met, first.breached, first.breached_open, first.running) == (1, 3, 2, 1)
    assert first.percent == 25.0
    assert first.worked is not None
    assert (first.worked.median, first.worked.p90, first.worked.count) == (3_600, 5_400, 2)
    assert {t.id for t in first.breached_tickets} == {late, silent, running}
    assert (found.tickets.total, found.tickets.within, found.tickets.breached) == (5, 1, 3)
    assert {(line.group["level"], line.group["day"]) for line in found.lines} == {
        ("N2", "2026-11-18")
    }
    nothing = await reports.service_level(reports.period("2026-11-01", "2026-11-02"))
    assert (nothing.totals, nothing.tickets.percent) == ((), None)
    resolved = await reports.service_level(period, resolved=True)
    assert resolved.tickets.total == 2
    assert (await reports.service_level(period, level="N3")).totals == ()
    for bad in (("2026-11-19", "2026-11-18"), ("soon", None), ("2020-01-01", "2026-01-01")):
        with pytest.raises(Invalid):
            reports.period(*bad)


async def test_the_overview_tells_bot_and_people_apart(department: Department) -> None:
    d = department
    reports = Reports(d.db, d.clock, timezone="America/Sao_Paulo")
    helped, handed = await d.conversation(), await d.conversation()
    await d.says(helped.id, "What are your hours?")
    await d.says(handed.id, "I want a person")
    d.at("13:10")
    await d.hand_off(handed, topic="billing")
    period = reports.period("2026-11-18", "2026-11-18")
    now = await reports.overview(period)
    assert (now.conversations, now.handed_off, now.ongoing, now.resolved_by_bot) == (2, 1, 1, 0)
    d.clock.advance(timedelta(days=2))
    await d.says(helped.id, "And on Sundays?")
    later = await reports.overview(period)
    assert (later.resolved_by_bot, later.resolved_by_bot_percent, later.recontacts) == (1, 50.0, 1)
    assert later.bot_time is not None
    assert (later.bot_time.median, later.human_time) == (600, None)
    assert (later.reasons, later.queues) == ({"customer_asked": 1}, {"billing": 1})
    some = await reports.overview(period, queue="support")
    assert (some.handed_off, some.resolved_by_bot) == (0, None)


def test_days_of_the_house() -> None:
    late = FixedClock(datetime(2026, 11, 18, 1, 0, tzinfo=UTC))
    reports = Reports(None, late, timezone="America/Sao_Paulo")  # type: ignore[arg-type]
    period = reports.period(None, None)
    assert period.until == utc("2026-11-18 03:00")  # it is still the 17th in São Paulo
    assert period.since == utc("2026-10-19 03:00")
