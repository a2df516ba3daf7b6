"""The rules of tickets and queues, without a database."""

import pytest

from bot.conversations.conversation import Owner
from bot.staff.account import Role, Staff
from handoff.routing.rule import Conditions, Facts, RoutingRule
from handoff.ticket import (
    DONE,
    OPEN,
    WITH_AGENT,
    Act,
    Priority,
    Reason,
    TicketState,
    first_name,
    level_below,
    may_do,
    may_see,
    owner_in,
    takes_level,
    visible_levels,
)
from handoff.triage import Queue, place, queue_of_level

NOBODY: frozenset[str] = frozenset()


def staff(role: Role = Role.AGENT, level: str | None = "N2") -> Staff:
    return Staff("me", "me@example.com", "Me", role, level, "en")


def test_every_state_has_exactly_one_owner() -> None:
    assert {state: owner_in(state) for state in TicketState} == {
        TicketState.QUEUED: Owner.QUEUE,
        TicketState.CLAIMED: Owner.AGENT,
        TicketState.WAITING_CUSTOMER: Owner.AGENT,
        TicketState.WAITING_THIRD_PARTY: Owner.AGENT,
        TicketState.SNOOZED: Owner.AGENT,
        TicketState.RESOLVED: Owner.BOT,
        TicketState.CLOSED: Owner.BOT,
    }
    assert frozenset(TicketState) == OPEN | DONE
    assert WITH_AGENT < OPEN


def test_nothing_can_be_done_with_a_closed_ticket() -> None:
    assert not [act for act in Act if may_do(act, TicketState.CLOSED)]


@pytest.mark.parametrize(
    ("role", "level", "sees"),
    [
        (Role.AGENT, "N1", ["N1"]),
        (Role.AGENT, "N2", ["N1", "N2"]),
        (Role.AGENT, None, ["N1", "N2"]),
        (Role.AGENT, "N4", ["N1", "N2", "N3", "N4"]),
        (Role.SUPERVISOR, "N2", ["N1", "N2", "N3", "N4"]),
        (Role.ADMIN, None, ["N1", "N2", "N3", "N4"]),
        (Role.AUDITOR, None, ["N1", "N2", "N3", "N4"]),
    ],
)
def test_who_sees_which_levels(role: Role, level: str | None, sees: list[str]) -> None:
    assert list(visible_levels(staff(role, level))) == sees


def test_what_passed_through_the_own_hands_stays_in_sight() -> None:
    me = staff(level="N2")
    assert not may_see(me, level="N3", assignee_id=None, people=NOBODY)
    assert may_see(me, level="N3", assignee_id="me", people=NOBODY)
    assert may_see(me, level="N3", assignee_id=None, people=frozenset({"me"}))


def test_who_takes_what() -> None:
    assert takes_level(staff(level="N3"), "N2")
    assert not takes_level(staff(level="N2"), "N3")
    assert takes_level(staff(Role.SUPERVISOR, None), "N4")
    assert not takes_level(staff(Role.AUDITOR, None), "N4")


def test_levels_below() -> None:
    assert [level_below(level) for level in ("N4", "N3", "N2", "N1")] == ["N3", "N2", None, None]
    assert level_below("N2", people=("N1", "N3")) == "N1"
    assert level_below("N4", people=("N1", "N2")) == "N2"


def test_priorities_rise_to_urgent() -> None:
    assert [p.raised() for p in Priority] == [
        Priority.URGENT,
        Priority.URGENT,
        Priority.HIGH,
        Priority.NORMAL,
    ]


@pytest.mark.parametrize(("name", "first"), [("Ana Souza", "Ana"), ("  Zé  ", "Zé"), ("", "")])
def test_first_names(name: str, first: str) -> None:
    assert first_name(name) == first


def queue(key: str, level: str = "N2", *topics: str, default: bool = False) -> Queue:
    return Queue(key, key, level, {"en": key.title()}, frozenset(topics), is_default=default)


QUEUES = [
    queue("general", "N2", default=True),
    queue("billing", "N2", "refund"),
    queue("technical", "N3", "refund", "crash"),
]


def placed(
    rules: list[RoutingRule],
    *,
    topics: tuple[str, ...] = (),
    locale: str = "en",
    reason: Reason = Reason.CUSTOMER_ASKED,
) -> tuple[str, Priority, str]:
    found = place(QUEUES, rules, Facts(topics, locale, "web", reason))
    return found.queue.key, found.priority, found.why


def test_the_first_rule_that_fits_decides() -> None:
    rules = [
        RoutingRule(2, "general", Conditions(topics=("refund",)), Priority.LOW),
        RoutingRule(1, "technical", Conditions(topics=("refund",), locales=("es",))),
        RoutingRule(3, "billing", Conditions(reasons=("code_failed",))),
    ]
    assert placed(rules, topics=("refund",), locale="es")[0] == "technical"
    assert placed(rules, topics=("refund",)) == ("general", Priority.LOW, "rule")
    assert placed(rules, reason=Reason.CODE_FAILED)[0] == "billing"


def test_a_rule_to_a_queue_that_is_gone_is_passed_over() -> None:
    assert placed([RoutingRule(1, "retired")])[0] == "general"


def test_topics_choose_among_the_first_level_only() -> None:
    assert placed([], topics=("unknown", "refund"))[0] == "billing"
    assert placed([], topics=("crash",)) == ("general", Priority.NORMAL, "default")
    assert placed([], reason=Reason.ACTION_FAILED)[1] is Priority.HIGH


def test_the_best_queue_of_a_level() -> None:
    assert (found := queue_of_level(QUEUES, "N3", topics=("refund",))) is not None
    assert found.key == "technical"
    assert queue_of_level(QUEUES, "N4") is None


def test_without_any_queue_there_is_no_place() -> None:
    with pytest.raises(ValueError, match="no queue"):
        place([], [], Facts((), "en", "web", Reason.RULE))


def test_a_queue_without_a_name_in_a_language_uses_another() -> None:
    assert Queue("1", "x", "N2", {"pt-BR": "Caixa"}).name("pt-BR") == "Caixa"
    assert Queue("1", "x", "N2", {"en": "Till"}).name("es") == "Till"
    assert Queue("1", "x", "N2", {}).name("es") == "x"
