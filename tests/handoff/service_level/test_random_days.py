"""Random days at a desk, on both engines: whatever happens, each warning and breach is acted on once.

After every step the sweep of one of two gateways comes by, or of none for a while (both were down). In the end what
was acted on must be just what the tickets' own stories say.
"""

import random
from datetime import timedelta

import pytest

from bot.kit.bus import LocalBus
from bot.kit.clock import FixedClock
from bot.kit.db import Database
from bot.kit.errors import FrontlineError
from bot.kit.ids import new_id
from handoff.service_level.clock import ClockState
from handoff.service_level.policy import Action, ActionKind, Metric, Moment, Terms, Warn
from handoff.service_level.repository import list_fired
from handoff.ticket import Escalation, Priority
from tests.handoff.service_level.test_following import WEDNESDAY, Department

TERMS = Terms(
    name="Standard",
    first_response=45,
    next_response=60,
    resolution=480,
    third_party=90,
    levels={"N2": 120, "N3": 240},
    warn=Warn(percent=70),
    on_warning=(Action(ActionKind.RAISE_PRIORITY, metrics=(Metric.RESOLUTION,)),),
    on_breach=(
        Action(ActionKind.NOTIFY, "supervisors"),
        Action(ActionKind.ESCALATE_FUNCTIONAL, "N3", metrics=(Metric.LEVEL,)),
    ),
)


async def act(d: Department, dice: random.Random, ticket: str, conversation: str) -> None:
    """One thing that somebody does; what is not allowed at the moment is simply refused."""
    who = d.sofia
    move = dice.choice(
        [
            "claim",
            "reply",
            "wait",
            "vendor",
            "snooze",
            "escalate",
            "resolve",
            "reopen",
            "write",
            "priority",
        ]
    )
    match move:
        case "claim":
            await d.desk.claim(ticket, who)
        case "reply":
            await d.desk.reply(ticket, who, client_id=new_id(), text="Hello")
        case "wait" | "vendor":
            await d.desk.wait(ticket, who, third_party=move == "vendor")
        case "snooze":
            until = d.clock.now() + timedelta(minutes=dice.randint(1, 600))
            await d.desk.snooze(ticket, who, until=until)
        case "escalate":
            await d.desk.escalate(ticket, who, kind=Escalation.FUNCTIONAL, to="N3", reason="deep")
        case "resolve":
            await d.desk.resolve(ticket, who, text=dice.choice([None, "Done."]))
        case "reopen":
            await d.desk.reopen(ticket, who)
        case "priority":
            await d.desk.set_priority(ticket, who, priority=dice.choice(list(Priority)))
        case _:
            await d.says(conversation, "Still there?")


@pytest.mark.parametrize("seed", range(4))
async def test_random_days(db: Database, clock: FixedClock, bus: LocalBus, seed: int) -> None:
    dice = random.Random(seed)
    clock.instant = WEDNESDAY
    d = await Department(db, clock, bus).furnish(TERMS)
    cases = [await d.hand_off() for _ in range(3)]
    gateways = [d.sweep(), d.sweep()]
    for _ in range(40):
        clock.advance(timedelta(seconds=dice.choice([0, 5, 300, 1_800, 7_200])))
        if dice.random() < 0.7:
            await dice.choice(gateways).sweep()
            await d.desk.sweep()
        opened, conversation = dice.choice(cases)
        try:
            await act(d, dice, opened.ticket_id, conversation)
        except FrontlineError:
            continue
    for gateway in gateways:
        await gateway.sweep()
    assert await gateways[0].sweep() == 0
    for opened, _ in cases:
        ticket = opened.ticket_id
        clocks = {(k.clock.metric, k.clock.n): k.clock for k in (await d.explain(ticket)).clocks}
        fired = await db.read(lambda conn, ticket=ticket: list_fired(conn, ticket))  # type: ignore[misc]
        keys = [(f.metric, f.n, f.moment) for f in fired]
        assert len(keys) == len(set(keys))
        for one in fired:
            assert one.due_at <= one.at
        for (metric, n), clock_now in clocks.items():
            if not clock_now.is_open:
                continue
            overdue = clock_now.state is ClockState.BREACHED
            assert ((metric, n, Moment.BREACH) in keys) == overdue
        kinds = await d.kinds(ticket)
        assert kinds.count("sla_breached") == sum(k[2] is Moment.BREACH for k in keys)
        assert kinds.count("sla_warning") == sum(k[2] is Moment.WARNING for k in keys)
