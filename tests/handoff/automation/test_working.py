"""Rules at work, on both stores: what they do, exactly once, wholly or not at all."""

import asyncio
from datetime import timedelta

import pytest
import sqlalchemy as sa

from bot.kit.db import Tx
from bot.kit.errors import Conflict, NotFound
from bot.kit.ids import new_id
from bot.mail.tables import MailRow
from handoff.automation import repository
from handoff.automation.effect import Effect, EffectKind
from handoff.automation.rule import MAX_CHAIN, Outcome, Trigger
from handoff.case import repository as case_repository
from handoff.ticket import Automaton, Escalation, Priority, TicketState
from tests.handoff.automation.conftest import Department

RAISE = Effect(EffectKind.RAISE_PRIORITY)
NOTE = Effect(EffectKind.NOTE, text="Look at this.")
TAG = Effect(EffectKind.ADD_TAGS, tags=("vip",))
NOTIFY = Effect(EffectKind.NOTIFY, to="supervisors")


def to(queue: str) -> Effect:
    return Effect(EffectKind.TRANSFER, to=queue)


async def mails(department: Department) -> list[tuple[str, str]]:
    def query(conn: sa.Connection) -> list[tuple[str, str]]:
        rows = conn.execute(sa.select(MailRow.to_address, MailRow.subject))
        return [(row.to_address, row.subject) for row in rows]

    return await department.world.db.read(query)


async def test_a_customers_word_raises_the_priority_and_the_history_says_who(
    department: Department,
) -> None:
    world = department.world
    await department.rule("Refunds", RAISE, TAG, NOTE, words=("refund*",))
    opened, conversation = await world.hand_off()
    await world.says(conversation, "Where is my order?")
    await department.settle()
    assert (await world.ticket(opened.ticket_id)).priority is Priority.NORMAL
    await world.says(conversation, "I want a REFUND now")
    assert await department.settle() == 1
    ticket = await world.ticket(opened.ticket_id)
    assert ticket.priority is Priority.HIGH
    tags = await world.db.read(lambda conn: case_repository.tags_of(conn, ticket.id))
    assert tags == ("vip",)
    events = [e for e in await department.events(ticket.id) if e.kind != "opened"]
    assert {event.actor_name for event in events} == {"rule Refunds"}
    assert {event.actor_id for event in events} == {None}
    assert [event.kind for event in events][:2] == ["rule", "priority"]
    (run,) = await department.runs()
    assert (run.outcome, run.why["words"]) == (Outcome.DONE, "refund*")
    assert [one["outcome"] for one in run.done] == ["done", "done", "done"]


async def test_asked_twice_or_killed_between_a_rule_fires_once(department: Department) -> None:
    world = department.world
    await department.rule("Once", NOTE)
    opened, conversation = await world.hand_off()
    await world.says(conversation, "hello")
    now = world.clock.now()
    ((happening, ticket_id),) = await world.db.read(
        lambda conn: repository.due_happenings(conn, now=now)
    )

    class Killed(Exception):
        pass

    def dies(tx: Tx) -> None:
        assert department.sweep._ask(tx, happening_id=happening, ticket_id=ticket_id) == 1
        raise Killed

    with pytest.raises(Killed):
        await world.db.write(dies)
    assert "note" not in await world.kinds(opened.ticket_id)
    assert await department.pending() == 1
    fired = await asyncio.gather(*(department.sweep.sweep() for _ in range(5)))
    assert sum(fired) == 1
    assert (await world.kinds(opened.ticket_id)).count("note") == 1
    assert await department.settle() == 0


async def test_one_thing_that_fails_undoes_the_others_and_is_said(department: Department) -> None:
    world = department.world
    await department.rule("Half", RAISE, Effect(EffectKind.WAIT_CUSTOMER))
    await department.rule("Whole", TAG)
    opened, conversation = await world.hand_off()
    await world.says(conversation, "hello")
    await department.settle()
    ticket = await world.ticket(opened.ticket_id)
    assert (ticket.priority, ticket.state) == (Priority.NORMAL, TicketState.QUEUED)
    half, whole = await department.runs()
    assert (half.outcome, whole.outcome) == (Outcome.FAILED, Outcome.DONE)
    assert [one["outcome"] for one in half.done] == ["undone", "failed"]
    assert half.error == "The ticket is queued now."
    failed = [e for e in await department.events(ticket.id) if e.kind == "rule_failed"]
    assert [(e.actor_name, e.reason) for e in failed] == [
        ("rule Half", "The ticket is queued now.")
    ]


async def test_rules_are_asked_in_order_and_one_may_be_the_last(department: Department) -> None:
    world = department.world
    await department.rule("First", RAISE)
    await department.rule("Sees high", TAG, priorities=("high",), stop=True)
    await department.rule("Never", NOTE)
    await department.rule("Off", NOTE, enabled=False)
    opened, conversation = await world.hand_off()
    await world.says(conversation, "hello")
    assert await department.settle() == 2
    assert "note" not in await world.kinds(opened.ticket_id)
    assert [run.rule_name for run in await department.runs()] == ["First", "Sees high"]


async def test_rules_that_set_off_one_another_come_to_an_end(department: Department) -> None:
    world = department.world
    queues = await world.db.read(repository.list_queue_levels)
    n2, n3 = (next(k for k, v in queues.items() if v == level) for level in ("N2", "N3"))
    await department.rule("back", to(n2), when=Trigger.PASSED_ON, queues=(n3,), stop=True)
    await department.rule("there", to(n3), when=Trigger.PASSED_ON, queues=(n2,), stop=True)
    opened, _ = await world.hand_off()
    await world.desk.transfer(opened.ticket_id, world.sofia, queue=n3, reason="try")
    await department.settle()
    runs = await department.runs()
    assert [(run.rule_name, run.outcome) for run in runs] == [
        ("back", Outcome.DONE),
        ("there", Outcome.DONE),
        ("back", Outcome.LOOP),
    ]
    assert (await world.ticket(opened.ticket_id)).queue_key == n3


async def test_a_chain_of_rules_has_an_end(department: Department) -> None:
    world = department.world
    queues = await world.db.read(repository.list_queue_levels)
    n2, n3 = (next(k for k, v in queues.items() if v == level) for level in ("N2", "N3"))
    steps = MAX_CHAIN + 2
    for n in range(steps):
        # Each puts on the tag that the next one waits for, and passes the ticket on.
        tags = (f"t{n}",)
        mark = Effect(EffectKind.ADD_TAGS, tags=(f"t{n + 1}",))
        gone = Effect(EffectKind.REMOVE_TAGS, tags=tags)
        await department.rule(
            f"r{n}",
            gone,
            mark,
            to(n3 if n % 2 else n2),
            when=Trigger.PASSED_ON,
            tags=tags,
            stop=True,
        )
    opened, _ = await world.hand_off()
    await world.db.write(
        lambda tx: world.desk.add_tags_step(
            tx, opened.ticket_id, None, tags=["t0"], now=world.clock.now()
        )
    )
    await world.desk.transfer(opened.ticket_id, world.sofia, queue=n3, reason="try")
    await department.settle()
    outcomes = [run.outcome for run in await department.runs()]
    assert outcomes == [Outcome.DONE] * MAX_CHAIN + [Outcome.TOO_DEEP]


async def test_a_customer_who_waits_is_noticed_once_per_wait(department: Department) -> None:
    world = department.world
    await department.rule(
        "Untouched",
        NOTIFY,
        when=Trigger.WAITING,
        minutes=15,
        priorities=("urgent",),
        states=("queued",),
    )
    opened, conversation = await world.hand_off()
    calm, _ = await world.hand_off()
    await world.desk.set_priority(opened.ticket_id, world.sofia, priority=Priority.URGENT)
    world.clock.advance(timedelta(seconds=14 * 60))
    assert await department.sweep.sweep_waiting() == 0
    world.clock.advance(timedelta(seconds=2 * 60))
    fired = await asyncio.gather(*(department.sweep.sweep_waiting() for _ in range(3)))
    assert sum(fired) == 1
    sent = [to for to, _ in await mails(department)]
    assert sent == ["sofia@example.com"]
    events = await department.events(opened.ticket_id)
    assert [e.to_value for e in events if e.kind == "notified"] == ["supervisors"]
    assert "rule" not in await world.kinds(calm.ticket_id)
    # Answered and asked again: another wait.
    await world.desk.claim(opened.ticket_id, world.ana)
    await world.desk.reply(opened.ticket_id, world.ana, client_id="1", text="One moment.")
    await world.says(conversation, "Still there?")
    await world.desk.transfer(
        opened.ticket_id,
        world.sofia,
        queue=(await world.ticket(opened.ticket_id)).queue_key,
        reason="back in line",
    )
    world.clock.advance(timedelta(seconds=16 * 60))
    assert await department.sweep.sweep_waiting() == 1


async def test_a_customer_who_is_back_soon_is_passed_up(department: Department) -> None:
    world = department.world
    await department.rule(
        "Back",
        RAISE,
        Effect(EffectKind.ESCALATE_FUNCTIONAL, to="N3"),
        when=Trigger.RECONTACTED,
        days=3,
    )
    first, conversation = await world.hand_off()
    await department.settle()
    await world.desk.claim(first.ticket_id, world.ana)
    await world.desk.resolve(first.ticket_id, world.ana)
    world.clock.advance(timedelta(seconds=2 * 86_400))
    again, _ = await world.hand_off(await world.now(conversation))
    assert await department.settle() == 1
    ticket = await world.ticket(again.ticket_id)
    assert (ticket.level, ticket.priority) == ("N3", Priority.HIGH)
    (run,) = await department.runs()
    assert run.why == {"trigger": "recontacted", "days": "2.0"}
    other, _ = await world.hand_off()
    assert await department.settle() == 0
    assert (await world.ticket(other.ticket_id)).level == "N2"


async def test_an_urgent_ticket_is_passed_up_by_itself(department: Department) -> None:
    world = department.world
    await department.rule(
        "Urgent goes deeper",
        Effect(EffectKind.ESCALATE_FUNCTIONAL, to="N3", text="It is urgent."),
        when=Trigger.PRIORITY_CHANGED,
        priorities=("urgent",),
    )
    opened, _ = await world.hand_off()
    await world.desk.set_priority(opened.ticket_id, world.sofia, priority=Priority.HIGH)
    assert await department.settle() == 0
    await world.desk.set_priority(opened.ticket_id, world.sofia, priority=Priority.URGENT)
    assert await department.settle() == 1
    assert (await world.ticket(opened.ticket_id)).level == "N3"
    last = (await department.events(opened.ticket_id))[-1]
    assert (last.kind, last.actor_name, last.reason) == (
        "escalated_functional",
        "rule Urgent goes deeper",
        "It is urgent.",
    )


async def test_what_a_rule_says_stops_no_clock(department: Department) -> None:
    world = department.world
    reply = Effect(EffectKind.REPLY, texts={"en": "Hello {customer}, {number} is on its way."})
    await department.rule("Says", reply, when=Trigger.OPENED)
    opened, conversation = await world.hand_off()
    await department.settle()
    ticket = await world.ticket(opened.ticket_id)
    said = (await world.messages(conversation))[-1]
    assert said.text == f"Hello Customer, {ticket.number} is on its way."
    assert (said.author.value, ticket.first_reply_at) == ("system", None)


async def test_hours_decide(department: Department) -> None:
    world = department.world
    await department.rule("Night", TAG, when=Trigger.OPENED, hours="outside")
    await world.hand_off()
    assert await department.settle() == 0
    world.open = False
    await world.hand_off()
    assert await department.settle() == 1


async def test_a_rule_that_breaks_holds_nothing_up(
    sqlite_department: Department, monkeypatch: pytest.MonkeyPatch
) -> None:
    department = sqlite_department
    world = department.world
    await department.rule("Once", NOTE)
    opened, conversation = await world.hand_off()
    await world.says(conversation, "hello")

    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("broken")

    with monkeypatch.context() as patch:
        patch.setattr(department.sweep._performer, "perform", broken)
        assert await department.sweep.sweep() == 0
    assert await department.pending() == 1
    assert await department.sweep.sweep() == 0  # put off
    world.clock.advance(timedelta(seconds=11))
    assert await department.sweep.sweep() == 1
    assert (await world.kinds(opened.ticket_id)).count("note") == 1


# ---------------------------------------------------------------------------------- macros


async def test_a_macro_is_one_click_and_one_transaction(department: Department) -> None:
    world = department.world
    texts = {"en": "Hello {customer}, {agent} here."}
    macro = await department.macro(
        "Ask", TAG, Effect(EffectKind.REPLY, texts=texts), Effect(EffectKind.WAIT_CUSTOMER)
    )
    opened, conversation = await world.hand_off()
    await world.desk.claim(opened.ticket_id, world.ana)
    before = await department.events(opened.ticket_id)
    _, shown = await department.macros.preview(opened.ticket_id, macro.id, world.ana)
    assert (shown.refused, len(shown.performed)) == (None, 3)
    assert shown.performed[1].text == "Hello Customer, Ana here."
    assert await department.events(opened.ticket_id) == before
    use = new_id()
    done = await department.macros.apply(opened.ticket_id, macro.id, world.ana, use_id=use)
    assert [one.outcome for one in done] == ["done"] * 3
    again = await department.macros.apply(opened.ticket_id, macro.id, world.ana, use_id=use)
    assert not again
    said = [m.text for m in await world.messages(conversation) if m.author.value == "agent"]
    assert said == ["Hello Customer, Ana here."]
    assert (await world.ticket(opened.ticket_id)).state is TicketState.WAITING_CUSTOMER
    first = (await department.events(opened.ticket_id))[len(before)]
    assert (first.kind, first.to_value, first.actor_name) == ("macro", "Ask", "Ana Souza")
    _, uses = await department.macros.list_all()
    assert uses == {macro.id: 1}


async def test_what_one_may_not_do_refuses_the_whole_macro(department: Department) -> None:
    world = department.world
    macro = await department.macro("Solve", NOTE, Effect(EffectKind.RESOLVE))
    opened, _ = await world.hand_off()
    await world.desk.claim(opened.ticket_id, world.bruno)
    _, shown = await department.macros.preview(opened.ticket_id, macro.id, world.ana)
    assert shown.refused is not None
    with pytest.raises(Conflict) as refused:
        await department.macros.apply(opened.ticket_id, macro.id, world.ana, use_id=new_id())
    assert refused.value.code == "macro_refused"
    assert refused.value.extra["kind"] == "resolve"
    assert "nothing has changed: The ticket is not yours" in refused.value.detail
    assert "note" not in await world.kinds(opened.ticket_id)
    deep, _ = await world.hand_off()
    await world.desk.escalate(
        deep.ticket_id,
        world.sofia,
        kind=Escalation.FUNCTIONAL,
        to="N3",
        reason="deep",
    )
    with pytest.raises(NotFound):
        await department.macros.apply(deep.ticket_id, macro.id, world.ana, use_id=new_id())


# ----------------------------------------------------------------------------- third parties


async def test_a_third_party_has_a_clock_and_a_date(department: Department) -> None:
    world = department.world
    await department.rule("Late", NOTIFY, when=Trigger.THIRD_PARTY_DUE)
    opened, conversation = await world.hand_off()
    await world.desk.claim(opened.ticket_id, world.ana)
    due = world.clock.now() + timedelta(hours=2)
    detail = await world.desk.wait(
        opened.ticket_id, world.ana, third_party=True, vendor="  Acme  Parts ", expected_at=due
    )
    assert detail.third_party is not None
    assert (detail.third_party.vendor, detail.third_party.expected_at) == ("Acme Parts", due)
    world.clock.advance(timedelta(seconds=3_600))
    assert await department.reminders.sweep() == 0
    world.clock.advance(timedelta(seconds=3_601))
    done = await asyncio.gather(*(department.reminders.sweep() for _ in range(3)))
    assert sum(done) == 1
    assert await department.settle() == 1
    assert sorted(to for to, _ in await mails(department)) == [
        "ana@example.com",
        "sofia@example.com",
    ]
    detail = await world.desk.get_ticket(opened.ticket_id, world.ana)
    assert detail.third_party is not None
    assert detail.third_party.overdue
    assert detail.third_party.waited_seconds == 7_201
    assert [e.to_value for e in detail.events if e.kind == "third_party_due"] == ["Acme Parts"]
    # Another date: another reminder. The customer writes: the wait is over.
    later = world.clock.now() + timedelta(hours=1)
    await world.desk.wait(opened.ticket_id, world.ana, third_party=True, expected_at=later)
    await world.says(conversation, "Any news?")
    world.clock.advance(timedelta(seconds=7_200))
    assert await department.reminders.sweep() == 0
    detail = await world.desk.get_ticket(opened.ticket_id, world.ana)
    assert detail.third_party is not None
    assert (detail.third_party.since, detail.third_party.total_seconds) == (None, 7_201)


async def test_nobody_is_a_rule_in_the_list_of_people(department: Department) -> None:
    world = department.world
    opened, _ = await world.hand_off()
    rule = Automaton("rule X")
    await world.db.write(
        lambda tx: world.desk.resolve_step(
            tx, opened.ticket_id, rule, text=None, reason=None, now=world.clock.now()
        )
    )
    ticket = await world.ticket(opened.ticket_id)
    assert (ticket.state, ticket.resolved_by) == (TicketState.RESOLVED, None)
