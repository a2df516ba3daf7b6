"""Effects and rules by themselves: what fits, what is refused, what would go round in circles."""

from dataclasses import replace
from typing import Any

import pytest

from handoff.automation import effect as effects
from handoff.automation.effect import Effect, EffectKind, text_for
from handoff.automation.rule import (
    MAX_CHAIN,
    Conditions,
    Facts,
    Outcome,
    Rule,
    RuleTerms,
    Trigger,
    find_loop,
    from_json,
    hears,
    misses,
    plan,
    problems_of,
    to_json,
    why,
)
from handoff.automation.seed import default_macros, default_rules
from handoff.ticket import Priority

QUEUES = {"billing": "N2", "technical": "N3", "engineering": "N4", "general": "N2"}
FACTS = Facts(
    level="N2",
    queue="billing",
    state="queued",
    priority="high",
    topic="refund",
    category="money",
    tags=frozenset({"VIP"}),
    locale="pt-BR",
    channel="telegram",
    reason="customer_asked",
    bounces=1,
    text="Quero um REEMBOLSO já, senão falo com meu advogado!",
    open_now=True,
    days_since_resolved=2.4,
)
NOTE = Effect(EffectKind.NOTE, text="Look at this.")


def rule(name: str, *effects: Effect, enabled: bool = True, **more: Any) -> Rule:
    terms = RuleTerms(
        name=name,
        triggers=more.pop("triggers", (Trigger.PASSED_ON,)),
        effects=effects or (NOTE,),
        conditions=Conditions(**more.pop("where", {})),
        **more,
    )
    return Rule(f"id-{name}", 1, 0, enabled, terms)


def to(queue: str) -> Effect:
    return Effect(EffectKind.TRANSFER, to=queue)


def codes(terms: RuleTerms) -> set[tuple[str, str]]:
    found = problems_of(terms, queues=QUEUES, categories=["money"])
    return {(problem.pointer, problem.code) for problem in found}


@pytest.mark.parametrize(
    ("where", "missed"),
    [
        ({}, []),
        ({"levels": ("N2", "N3")}, []),
        ({"levels": ("N3",)}, ["levels"]),
        ({"queues": ("technical",), "priorities": ("urgent",)}, ["queues", "priorities"]),
        ({"topics": ("refund",), "categories": ("money",)}, []),
        ({"tags": ("vip", "other")}, []),
        ({"tags": ("other",)}, ["tags"]),
        ({"locales": ("en",)}, ["locales"]),
        ({"channels": ("web",)}, ["channels"]),
        ({"reasons": ("not_helped",)}, ["reasons"]),
        ({"states": ("claimed",)}, ["states"]),
        ({"min_bounces": 1}, []),
        ({"min_bounces": 2}, ["min_bounces"]),
        ({"hours": "inside"}, []),
        ({"hours": "outside"}, ["hours"]),
        ({"words": ("reembolso",)}, []),
        ({"words": ("Já",)}, []),
        ({"words": ("advoga",)}, ["words"]),
        ({"words": ("advoga*",)}, []),
        ({"words": ("meu advogado",)}, []),
        ({"words": ("lawyer", "procon")}, ["words"]),
    ],
)
def test_a_rule_fits_when_every_condition_holds(where: dict[str, Any], missed: list[str]) -> None:
    assert [miss.condition for miss in misses(Conditions(**where), FACTS)] == missed


def test_what_was_found_instead_is_said() -> None:
    found = misses(Conditions(priorities=("urgent",), min_bounces=3), FACTS)
    assert [(miss.condition, miss.found) for miss in found] == [
        ("priorities", "high"),
        ("min_bounces", "1"),
    ]


@pytest.mark.parametrize(
    ("days", "since", "trigger", "by_customer", "heard"),
    [
        (3, 2.4, Trigger.OPENED, False, True),
        (2, 2.4, Trigger.OPENED, False, False),
        (3, None, Trigger.OPENED, False, False),
        (3, 2.4, Trigger.RESOLVED, False, False),
        (3, None, Trigger.REOPENED, True, True),
        (3, 2.4, Trigger.REOPENED, False, False),
    ],
)
def test_a_recontact_is_a_ticket_soon_after_the_last_one(
    days: int, since: float | None, trigger: Trigger, by_customer: bool, heard: bool
) -> None:
    terms = rule("back", triggers=(Trigger.RECONTACTED,), days=days).terms
    facts = replace(FACTS, days_since_resolved=since, reopened_by_customer=by_customer)
    assert hears(terms, trigger, facts) is heard


def test_why_a_rule_fitted_names_the_trigger_and_each_condition() -> None:
    terms = rule(
        "back",
        triggers=(Trigger.RECONTACTED,),
        days=3,
        where={"priorities": ("high",), "words": ("advogado",)},
    ).terms
    assert why(terms, Trigger.OPENED, FACTS) == {
        "trigger": "recontacted",
        "days": "2.4",
        "priorities": "high",
        "words": "advogado",
    }


def test_a_rule_never_sets_itself_off_and_chains_end() -> None:
    one = rule("one")
    assert plan(one, []) is Outcome.DONE
    assert plan(one, ["other", one.id]) is Outcome.LOOP
    assert plan(one, [str(n) for n in range(MAX_CHAIN - 1)]) is Outcome.DONE
    assert plan(one, [str(n) for n in range(MAX_CHAIN)]) is Outcome.TOO_DEEP


# ------------------------------------------------------------------------------------- loops


def test_rules_that_hand_a_ticket_to_and_fro_are_a_loop() -> None:
    there = rule("there", to("technical"), where={"queues": ("billing",)})
    back = rule("back", to("billing"), where={"queues": ("technical",)})
    assert find_loop([there, back], queues=QUEUES) == ("there", "back", "there")
    assert find_loop([there, replace(back, enabled=False)], queues=QUEUES) is None
    other = replace(back.terms, conditions=Conditions(queues=("engineering",)))
    assert find_loop([there, replace(back, terms=other)], queues=QUEUES) is None


def test_three_rules_in_a_circle_are_a_loop() -> None:
    rules = [
        rule("a", to("technical"), where={"queues": ("billing",)}),
        rule("b", to("engineering"), where={"queues": ("technical",)}),
        rule("c", to("billing"), where={"levels": ("N4",)}),
    ]
    assert find_loop(rules, queues=QUEUES) == ("a", "b", "c", "a")


def test_what_is_done_already_is_no_loop() -> None:
    assert find_loop([rule("all to billing", to("billing"))], queues=QUEUES) is None
    deeper = Effect(EffectKind.ESCALATE_FUNCTIONAL, to="N3")
    assert find_loop([rule("deeper", deeper)], queues=QUEUES) is None
    manager = Effect(EffectKind.ESCALATE_HIERARCHICAL)
    assert find_loop([rule("manager", manager)], queues=QUEUES) is None


def test_priority_set_on_the_way_keeps_rules_apart() -> None:
    lower = Effect(EffectKind.PRIORITY, priority=Priority.LOW)
    there = rule("there", lower, to("technical"), where={"priorities": ("high",)})
    back = rule("back", to("billing"), where={"priorities": ("high",), "levels": ("N3",)})
    assert find_loop([there, back], queues=QUEUES) is None


def test_a_priority_that_sets_off_its_own_change_is_a_loop() -> None:
    changed: Any = {"triggers": (Trigger.PRIORITY_CHANGED,)}
    up = Effect(EffectKind.RAISE_PRIORITY)
    assert find_loop([rule("up", up, **changed)], queues=QUEUES) == ("up", "up")
    once = rule("once", up, where={"priorities": ("high",)}, **changed)
    assert find_loop([once], queues=QUEUES) is None
    high = Effect(EffectKind.PRIORITY, priority=Priority.HIGH)
    assert find_loop([rule("high", high, **changed)], queues=QUEUES) is None


def test_many_rules_are_looked_at_quickly() -> None:
    rules = [
        rule(f"{queue}-{n}", to("general"), where={"queues": (queue,)})
        for queue in ("billing", "technical", "engineering")
        for n in range(60)
    ]
    assert find_loop(rules, queues=QUEUES) is None


# ------------------------------------------------------------------------------- what is refused


@pytest.mark.parametrize(
    ("terms", "expected"),
    [
        (rule("fine").terms, set()),
        (rule(" ").terms, {("/name", "name_missing")}),
        (rule("x" * 101).terms, {("/name", "name_too_long")}),
        (rule("r", triggers=()).terms, {("/triggers", "no_trigger")}),
        (rule("r", triggers=(Trigger.WAITING,)).terms, {("/minutes", "out_of_range")}),
        (rule("r", triggers=(Trigger.RECONTACTED,), days=91).terms, {("/days", "out_of_range")}),
        (rule("r", where={"queues": ("none",)}).terms, {("/conditions/queues", "unknown_value")}),
        (rule("r", where={"words": ("*",)}).terms, {("/conditions/words", "unknown_value")}),
        (rule("r", where={"min_bounces": 0}).terms, {("/conditions/min_bounces", "out_of_range")}),
        (replace(rule("r").terms, effects=()), {("/effects", "no_effects")}),
        (replace(rule("r").terms, effects=(NOTE,) * 11), {("/effects", "too_many")}),
        (rule("r", to("none")).terms, {("/effects/0", "unknown_target")}),
        (rule("r", to("billing"), NOTE).terms, {("/effects/0", "must_be_last")}),
        (rule("r", to("billing"), Effect(EffectKind.NOTIFY, to="assignee")).terms, set()),
        (rule("r", Effect(EffectKind.NOTIFY, to="me")).terms, {("/effects/0", "unknown_target")}),
        (rule("r", Effect(EffectKind.PRIORITY)).terms, {("/effects/0", "unknown_value")}),
        (rule("r", Effect(EffectKind.NOTE, text=" ")).terms, {("/effects/0", "empty")}),
        (rule("r", Effect(EffectKind.REPLY)).terms, {("/effects/0", "empty")}),
        (
            rule("r", Effect(EffectKind.REPLY, texts={"en": "Hello {name}"})).terms,
            {("/effects/0", "unknown_variable")},
        ),
        (rule("r", Effect(EffectKind.SNOOZE)).terms, {("/effects/0", "out_of_range")}),
        (
            rule("r", Effect(EffectKind.ADD_TAGS, tags=("",))).terms,
            {("/effects/0", "unknown_value")},
        ),
        (rule("r", Effect(EffectKind.CATEGORY, to="x")).terms, {("/effects/0", "unknown_value")}),
        (
            rule("r", Effect(EffectKind.RESOLVE, minutes=3)).terms,
            {("/effects/0", "unknown_value")},
        ),
        (
            rule("r", Effect(EffectKind.WAIT_THIRD_PARTY, days=400)).terms,
            {("/effects/0", "out_of_range")},
        ),
    ],
)
def test_what_is_refused_and_where(terms: RuleTerms, expected: set[tuple[str, str]]) -> None:
    assert codes(terms) == expected


def test_a_macro_notifies_nobody() -> None:
    found = effects.problems_of(
        [Effect(EffectKind.NOTIFY, to="assignee")], by_rule=False, queues=QUEUES, categories=[]
    )
    assert [problem.code for problem in found] == ["only_rules"]


def test_what_is_shipped_can_be_used_and_comes_back_from_the_store() -> None:
    for locale in ("pt-BR", "en", "es"):
        for terms, _ in default_rules(locale):
            assert codes(terms) == set()
            assert from_json(to_json(terms)) == terms
        for _, listed in default_macros(locale):
            assert not effects.problems_of(listed, by_rule=False, queues=QUEUES, categories=[])
            assert [effects.from_json(effects.to_json(one)) for one in listed] == list(listed)


# -------------------------------------------------------------------------------------- texts


def test_a_text_speaks_the_language_of_the_conversation() -> None:
    reply = Effect(
        EffectKind.REPLY, texts={"pt-BR": "Olá {customer}, {number}", "en": "Hi {agent}"}
    )
    variables = {"customer": "Ana", "number": "FL-1", "agent": "Bo"}
    assert text_for(reply, "pt-BR", variables) == "Olá Ana, FL-1"
    assert text_for(reply, "es", variables) == "Hi Bo"


def test_a_customer_without_a_name_is_called_nothing() -> None:
    reply = Effect(EffectKind.REPLY, texts={"en": "Hello {customer}, welcome"})
    assert text_for(reply, "en", {"customer": ""}) == "Hello, welcome"
    assert text_for(reply, "en", {"customer": "{agent}"}) == "Hello {agent}, welcome"
