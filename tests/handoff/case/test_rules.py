"""The rules of a case: the matrix, tags, categories, mentions, links."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.staff.account import Role, Staff
from handoff.case.assessment import Grade, priority_of
from handoff.case.category import Category, category_of, clean_names, clean_topics, key_problem
from handoff.case.link import LinkKind, Relation, relation
from handoff.case.mention import mentioned
from handoff.case.seed import DEFAULT_CATEGORIES
from handoff.case.tag import MAX_TAGS, changed, fold
from handoff.views.view import read_filters, scope_of


@pytest.mark.parametrize(
    ("impact", "urgency", "priority"),
    [
        ("high", "high", "urgent"),
        ("high", "medium", "high"),
        ("high", "low", "normal"),
        ("medium", "high", "high"),
        ("medium", "medium", "normal"),
        ("medium", "low", "low"),
        ("low", "high", "normal"),
        ("low", "medium", "low"),
        ("low", "low", "low"),
    ],
)
def test_the_matrix(impact: str, urgency: str, priority: str) -> None:
    assert priority_of(Grade(impact), Grade(urgency)).value == priority


@pytest.mark.parametrize(
    ("typed", "stored"),
    [
        ("VIP", "vip"),
        ("  #vip ", "vip"),
        ("Devolução  parcial", "devolução parcial"),
        ("a\tb", "a b"),
        ("x" * 40, "x" * 40),
    ],
)
def test_tags_are_folded(typed: str, stored: str) -> None:
    assert fold(typed) == stored


@pytest.mark.parametrize("typed", ["", "  ", "#", "\u200b", "x" * 41, "a, b", "a;b"])
def test_what_is_no_tag(typed: str) -> None:
    with pytest.raises(ValueError, match=r"[Tt]ag"):
        fold(typed)


@given(st.text(max_size=60))
def test_folding_twice_changes_nothing(text: str) -> None:
    try:
        once = fold(text)
    except ValueError:
        return
    assert fold(once) == once
    assert len(once) <= 40


def test_a_ticket_has_twenty_tags_at_most() -> None:
    full = tuple(f"t{i:02}" for i in range(MAX_TAGS))
    assert changed(full, add=["T00"]) == full
    assert changed(full, add=["new"], remove=["t00"]) == (*sorted(["new", *full[1:]]),)
    with pytest.raises(ValueError, match="at most 20"):
        changed(full, add=["new"])


def test_the_most_telling_topic_decides_the_category() -> None:
    listed = [
        Category("a", {}, ("orders",), 0, 1),
        Category("b", {}, ("delivery",), 1, 1),
        Category("c", {}, ("refund",), 2, 1, retired=True),
    ]
    assert category_of(listed, ["delivery", "orders"]) == "b"
    assert category_of(listed, ["unheard of", "orders"]) == "a"
    assert category_of(listed, ["refund"]) is None
    assert category_of(listed, []) is None


def test_categories_are_checked() -> None:
    names = {"pt-BR": " Pedidos  novos ", "en": "Orders", "es": "Pedidos"}
    assert clean_names(names)["pt-BR"] == "Pedidos novos"
    for wrong in (
        {"en": "Orders"},
        names | {"es": "\u200b"},
        names | {"fr": "x"},
        names | {"en": "x" * 81},
    ):
        with pytest.raises(ValueError, match="name"):
            clean_names(wrong)
    assert clean_topics(["Orders ", "orders", ""]) == ["orders"]
    with pytest.raises(ValueError, match="topic"):
        clean_topics(["two words"])
    assert key_problem("late-delivery_2") is None
    for wrong_key in ("", "Upper", "a b", "-a", "x" * 61):
        assert key_problem(wrong_key) is not None


def test_the_first_categories_follow_the_rules() -> None:
    for one in DEFAULT_CATEGORIES:
        assert key_problem(one.key) is None
        assert clean_names(one.names) == one.names
        assert clean_topics(one.topics) == list(one.topics)


def person(name: str) -> Staff:
    return Staff(name.lower(), f"{name}@x", name, Role.AGENT, "N2", "en")


ANA, ANA_SOUZA, BIA, OTHER_BIA = (
    person("Ana"),
    person("Ana Souza"),
    person("Bia Ito"),
    Staff("bia2", "b2@x", "Bia Ito", Role.AGENT, "N3", "en"),
)


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("@Ana Souza please", [ANA_SOUZA]),
        ("ask @ana, then wait", [ANA]),
        ("(@ANA SOUZA) and @Ana", [ANA_SOUZA, ANA]),
        ("@Ana @Ana", [ANA]),
        ("@Anabel", []),
        ("ana@souza.example", []),
        ("@Bia Ito", [BIA, OTHER_BIA]),
        ("@ Ana", []),
        ("nobody", []),
    ],
)
def test_who_is_named(text: str, named: list[Staff]) -> None:
    assert mentioned(text, [ANA, ANA_SOUZA, BIA, OTHER_BIA]) == named


def test_links_read_from_both_sides() -> None:
    assert relation(LinkKind.DUPLICATE_OF, from_here=True) is Relation.DUPLICATE_OF
    assert relation(LinkKind.DUPLICATE_OF, from_here=False) is Relation.HAS_DUPLICATE
    assert relation(LinkKind.CAUSED_BY, from_here=False) is Relation.CAUSE_OF
    assert relation(LinkKind.RELATED, from_here=False) is Relation.RELATED


def test_a_saved_view_may_be_of_watched_tickets_with_a_tag() -> None:
    kept = read_filters({"view": "watching", "tag": " #VIP"})
    assert kept == {"view": "watching", "tag": "vip"}
    scope = scope_of(kept)
    assert (scope.watching, scope.tag, scope.assignee) == (True, "vip", None)
    assert scope_of({}).watching is False
