"""Rules, phrases, what is shadowed, and that every hand-off lands somewhere."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.kit.text import plain_words
from bot.staff.account import LEVELS
from handoff.routing.level import Level, problems_of, shipped
from handoff.routing.queue import QueueTerms, key_for
from handoff.routing.queue import problems_of as queue_problems
from handoff.routing.rule import (
    Conditions,
    Facts,
    Hours,
    RoutingRule,
    covers,
    from_json,
    shadowed,
    to_json,
)
from handoff.routing.rule import problems_of as rule_problems
from handoff.ticket import Priority, Reason
from handoff.triage import Queue, place, queue_of_level


def queue(key: str, level: str = "N2", *topics: str, **more: Any) -> Queue:
    return Queue(key, key, level, {"en": key.title()}, frozenset(topics), **more)


def facts(text: str = "", **more: Any) -> Facts:
    values: dict[str, Any] = {
        "topics": (),
        "locale": "en",
        "channel": "web",
        "reason": Reason.CUSTOMER_ASKED,
    }
    return Facts(**{**values, "words": plain_words(text), **more})


def rule(name: str, to: str = "a", position: int = 0, **conditions: Any) -> RoutingRule:
    return RoutingRule(position, to, Conditions(**conditions), name=name, id=name)


# ------------------------------------------------------------------------------------ conditions


@pytest.mark.parametrize(
    ("conditions", "seen", "missed"),
    [
        ({}, {}, ()),
        ({"topics": ("orders",)}, {"topics": ("billing", "orders")}, ()),
        ({"topics": ("orders",)}, {"topics": ("billing",)}, ("topics",)),
        ({"locales": ("es", "en")}, {}, ()),
        ({"locales": ("es",), "channels": ("telegram",)}, {}, ("locales", "channels")),
        ({"reasons": ("action_failed",)}, {"reason": Reason.ACTION_FAILED}, ()),
        ({"tiers": ("gold",)}, {"tier": "gold"}, ()),
        ({"tiers": ("gold",)}, {"tier": None}, ("tiers",)),
        ({"verified": True}, {"verified": True}, ()),
        ({"verified": True}, {}, ("verified",)),
        ({"verified": False}, {"verified": True}, ("verified",)),
        ({"hours": Hours.INSIDE}, {"open_calendars": frozenset({"main"})}, ()),
        ({"hours": Hours.INSIDE}, {}, ("hours",)),
        ({"hours": Hours.OUTSIDE}, {}, ()),
        ({"hours": Hours.OUTSIDE, "calendar": "night"}, {"open_calendars": {"main"}}, ()),
        ({"hours": Hours.INSIDE, "calendar": "night"}, {"open_calendars": {"main"}}, ("hours",)),
    ],
)
def test_conditions(
    conditions: dict[str, Any], seen: dict[str, Any], missed: tuple[str, ...]
) -> None:
    assert rule("r", **conditions).missed_by(facts(**seen), calendar="main") == missed


@pytest.mark.parametrize(
    ("phrase", "text", "fits"),
    [
        ("cancelación", "Quiero la CANCELACION de mi pedido", True),
        ("não recebi", "Olá! Nao  recebi, ainda.", True),
        ("refund", "refunds please", False),
        ("refund*", "refunds please", True),
        ("fund*", "refunds please", False),
        ("chargeback", "my charge back", False),
        ("e-mail", "my e mail is wrong", True),
        ("***", "anything", False),
    ],
)
def test_phrases_are_whole_words_without_accents(phrase: str, text: str, fits: bool) -> None:
    missed = rule("r", words=("nothing else", phrase)).missed_by(facts(text), calendar="main")
    assert (missed == ()) is fits


def test_the_stored_form_comes_back_and_what_is_unknown_fits_everything() -> None:
    conditions = Conditions(
        topics=("orders",), words=("où",), verified=False, hours=Hours.OUTSIDE, calendar="night"
    )
    assert from_json(to_json(conditions)) == conditions
    assert from_json({"hours": "sometimes", "moon": "full"}) == Conditions()


# --------------------------------------------------------------------------------------- shadows


@pytest.mark.parametrize(
    ("wide", "narrow", "takes_all"),
    [
        ({}, {"topics": ("orders",)}, True),
        ({"topics": ("orders",)}, {}, False),
        ({"topics": ("orders", "billing")}, {"topics": ("orders",), "locales": ("es",)}, True),
        ({"topics": ("orders",)}, {"topics": ("orders", "billing")}, False),
        ({"words": ("refund*",)}, {"words": ("refund", "refunds now")}, True),
        ({"words": ("refund",)}, {"words": ("refund*",)}, False),
        ({"words": ("refund",)}, {"words": ("i want a refund",)}, True),
        ({"verified": True}, {"verified": True, "tiers": ("gold",)}, True),
        ({"verified": True}, {"verified": False}, False),
        ({"verified": True}, {}, False),
        ({"hours": Hours.INSIDE}, {"hours": Hours.INSIDE, "calendar": "main"}, True),
        ({"hours": Hours.INSIDE}, {"hours": Hours.INSIDE, "calendar": "night"}, False),
        ({"hours": Hours.INSIDE}, {"hours": Hours.OUTSIDE}, False),
    ],
)
def test_which_rule_is_wider(wide: dict[str, Any], narrow: dict[str, Any], takes_all: bool) -> None:
    assert covers(rule("w", **wide), rule("n", **narrow), calendars={"a": "main"}) is takes_all


def test_only_rules_that_count_shadow_others() -> None:
    everything = rule("everything", position=0)
    orders = rule("orders", position=1, topics=("orders",))
    calendars = {"a": "main"}
    assert shadowed([orders, everything], calendars=calendars) == {"orders": "everything"}
    off = RoutingRule(0, "a", name="off", id="off", enabled=False)
    gone = rule("gone", "retired")
    assert shadowed([off, gone, orders], calendars=calendars) == {}


# ------------------------------------------------------------------------- random queues and rules

WORDS = ("refund", "invoice", "late order", "ref", "order")
LOCALES = ("pt-BR", "en", "es")


def some(values: tuple[str, ...]) -> st.SearchStrategy[tuple[str, ...]]:
    return st.lists(st.sampled_from(values), max_size=2, unique=True).map(tuple)


CONDITIONS = st.builds(
    Conditions,
    topics=some(("orders", "billing", "faq")),
    locales=some((*LOCALES, "xx")),
    channels=some(("web", "telegram", "fax")),
    reasons=some((*(reason.value for reason in Reason), "boredom")),
    words=some((*WORDS, *(f"{word}*" for word in WORDS), "*", "")),
    tiers=some(("gold", "silver")),
    verified=st.none() | st.booleans(),
    hours=st.none() | st.sampled_from(Hours),
    calendar=st.none() | st.sampled_from(("main", "night", "gone")),
)
QUEUES = st.lists(
    st.builds(
        Queue,
        id=st.sampled_from("abcdef"),
        key=st.sampled_from("abcdef"),
        level=st.sampled_from((*LEVELS, "N9")),
        names=st.just({}),
        topics=st.frozensets(st.sampled_from(("orders", "billing", "faq"))),
        calendar_key=st.sampled_from(("main", "night")),
        is_default=st.booleans(),
        position=st.integers(0, 3),
        languages=st.frozensets(st.sampled_from(LOCALES)),
        retired=st.booleans(),
    ),
    min_size=1,
    max_size=6,
    unique_by=lambda q: q.id,
)
RULES = st.lists(
    st.builds(
        RoutingRule,
        position=st.integers(0, 5),
        queue_id=st.sampled_from("abcdefgh"),
        conditions=CONDITIONS,
        priority=st.none() | st.sampled_from(Priority),
        enabled=st.booleans(),
        id=st.uuids().map(str),
    ),
    max_size=6,
)
FACTS = st.builds(
    Facts,
    topics=some(("orders", "billing", "moon")),
    locale=st.sampled_from((*LOCALES, "", "xx")),
    channel=st.sampled_from(("web", "telegram", "pigeon")),
    reason=st.sampled_from(Reason),
    words=st.lists(st.sampled_from(("refund", "refunds", "late", "order", "my")), max_size=4).map(
        " ".join
    ),
    verified=st.booleans(),
    tier=st.none() | st.sampled_from(("gold", "tin")),
    open_calendars=st.frozensets(st.sampled_from(("main", "night"))),
)


@given(QUEUES, RULES, FACTS, st.lists(st.sampled_from(LEVELS), unique=True))
def test_a_hand_off_always_lands_somewhere(
    queues: list[Queue], rules: list[RoutingRule], case: Facts, people: list[str]
) -> None:
    found = place(queues, rules, case, people=people)
    assert found.queue in queues
    if any(not q.retired for q in queues):
        assert not found.queue.retired
    if any(not q.retired and q.level in people for q in queues):
        assert found.queue.level in people
    if found.rule is not None:
        assert found.rule.enabled
        assert found.rule.queue_id == found.queue.id
    # Every rule before the one that decided says why it did not.
    assert all(tried.missed for tried in found.tried)


@given(RULES, FACTS)
def test_a_shadowed_rule_never_decides(rules: list[RoutingRule], case: Facts) -> None:
    queues = [queue(key, calendar_key="main") for key in "abcdef"]
    never = shadowed(rules, calendars={q.id: q.calendar_key for q in queues})
    found = place(queues, rules, case)
    assert found.rule is None or found.rule.id not in never


# --------------------------------------------------------------------- topic, language and level


def test_people_who_speak_the_language_are_preferred() -> None:
    queues = [
        queue("general", languages=frozenset({"pt-BR", "en"}), is_default=True),
        queue("orders", "N2", "orders", languages=frozenset({"pt-BR"})),
        queue("mundo", languages=frozenset({"es"}), position=1),
        queue("pedidos", "N2", "orders", languages=frozenset({"es"}), position=2),
    ]
    assert place(queues, [], facts(topics=("orders",), locale="es")).queue.key == "pedidos"
    assert place(queues, [], facts(topics=("orders",), locale="pt-BR")).queue.key == "orders"
    assert place(queues, [], facts(topics=("orders",))).queue.key == "general"
    assert place(queues, [], facts(locale="es")).queue.key == "mundo"
    found = queue_of_level(queues, "N2", topics=("orders",), locale="es")
    assert found is not None
    assert found.key == "pedidos"


def test_people_at_n1_stand_in_front_of_n2() -> None:
    queues = [queue("front", "N1", is_default=True), queue("support", is_default=True)]
    assert place(queues, [], facts()).queue.key == "support"
    assert place(queues, [], facts(), people=LEVELS).queue.key == "front"
    # A rule to a level without people is passed over, and says so.
    to_front = rule("to front", "front")
    found = place(queues, [to_front], facts())
    assert (found.queue.key, found.tried[0].missed) == ("support", ("queue",))


# ---------------------------------------------------------------------------------- what is refused


def test_levels_that_nobody_could_work_with_are_refused() -> None:
    items = list(shipped().items)
    assert problems_of(items, with_queues={"N2"}) == []
    assert [p.code for p in problems_of(items[1:], with_queues={"N2"})] == ["levels"]
    assert [p.code for p in problems_of(items, with_queues={"N1"})] == ["nobody"]
    back = [*items[:2], Level("N3", escalates_to=("N2",)), items[3]]
    assert [p.code for p in problems_of(back, with_queues={"N2"})] == ["not_deeper"]
    long = [Level("N1", {"en": "x" * 41}), *items[1:]]
    assert [p.code for p in problems_of(long, with_queues={"N2"})] == ["too_long"]


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"names": {"en": " "}}, "name_missing"),
        ({"names": {"en": "x" * 61}}, "too_long"),
        ({"level": "N5"}, "unknown_level"),
        ({"team": "x" * 61}, "too_long"),
        ({"skills": tuple(str(n) for n in range(21))}, "too_many"),
        ({"topics": ("x" * 81,)}, "too_long"),
        ({"languages": ("fr",)}, "unknown_value"),
        ({"calendar_key": "moon"}, "unknown_calendar"),
    ],
)
def test_queues_that_are_refused(more: dict[str, Any], code: str) -> None:
    terms = QueueTerms(**{"names": {"en": "Night"}, "level": "N2", **more}).tidied(LOCALES)
    found = queue_problems(terms, calendars=["main"], locales=LOCALES)
    assert [problem.code for problem in found] == [code]


def test_a_queue_without_a_name_in_a_language_gets_the_first_one() -> None:
    terms = QueueTerms({"pt-BR": " Noite "}, "N2", skills=("vip", " vip ", "")).tidied(LOCALES)
    assert terms.names == dict.fromkeys(LOCALES, "Noite")
    assert terms.skills == ("vip",)
    assert key_for({"en": "Night shift"}, taken=()) == "night-shift"
    assert key_for({"en": "Noções & Ações"}, taken={"nocoes-acoes"}) == "nocoes-acoes-2"
    assert key_for({"en": "夜"}, taken=()) == "queue"


@pytest.mark.parametrize(
    ("made", "code"),
    [
        (rule(" "), "name_missing"),
        (rule("x" * 121), "too_long"),
        (rule("r", "gone"), "unknown_queue"),
        (rule("r", reasons=("boredom",)), "unknown_value"),
        (rule("r", locales=("fr",)), "unknown_value"),
        (rule("r", words=("?!",)), "bad_value"),
        (rule("r", words=("x" * 81,)), "bad_value"),
        (rule("r", topics=tuple(str(n) for n in range(51))), "too_many"),
        (rule("r", calendar="main"), "hours_missing"),
        (rule("r", hours=Hours.INSIDE, calendar="moon"), "unknown_calendar"),
    ],
)
def test_rules_that_are_refused(made: RoutingRule, code: str) -> None:
    found = rule_problems(made, queues=["a"], calendars=["main"], locales=LOCALES, channels=["web"])
    assert [problem.code for problem in found] == [code]
