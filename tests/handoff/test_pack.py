"""The hand-off pack is read out of the decisions stored with the customer's messages."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from bot.conversations.conversation import Author, Message
from handoff.pack import (
    Attempt,
    Fact,
    Identity,
    PackInput,
    Shown,
    Wants,
    collect,
    complete,
    from_json,
    mask_codes,
    preview,
    to_json,
    topics_of,
)

START = datetime(2026, 11, 18, 15, 0, tzinfo=UTC)


def message(
    n: int, text: str, decision: dict[str, Any] | None = None, *, author: Author = Author.CUSTOMER
) -> Message:
    return Message(
        id=f"m{n}",
        conversation_id="c",
        seq=n,
        author=author,
        author_name=None,
        text=text,
        choices=(),
        attachments=(),
        created_at=START + timedelta(minutes=n),
        decision=decision,
    )


ASKED = message(
    1,
    "Do you deliver to Recife?",
    {
        "route": "faq",
        "intent": "faq",
        "confidence": 0.88,
        "actions": ["action_answer_question", "action_listen"],
        "results": {"action_answer_question": "ok"},
        "article": {
            "article_id": "a1",
            "key": "delivery",
            "title": "Where we deliver",
            "revision": 3,
            "score": 0.71,
        },
    },
)
NOT_HELPED = message(
    3,
    "no",
    {"route": "smalltalk", "intent": "not_helped", "actions": ["action_not_helped"]},
)


def test_wants_tried_articles_and_verdicts() -> None:
    pack = collect([ASKED, message(2, "We deliver...", author=Author.BOT), NOT_HELPED])
    assert pack.subject == "Do you deliver to Recife?"
    assert pack.wants == Wants("faq", 0.88, "faq")
    assert [(a.action, a.outcome, a.detail) for a in pack.tried] == [
        ("action_answer_question", "ok", "Where we deliver")
    ]
    (article,) = pack.articles
    assert (article.key, article.revision, article.verdict) == ("delivery", 3, "not_helped")


def test_asking_for_a_person_does_not_hide_what_it_is_about() -> None:
    asks = message(4, "a person!", {"route": "human", "intent": "human", "confidence": 0.99})
    assert collect([ASKED, asks]).wants == Wants("faq", 0.88, "faq")
    only = collect([asks])
    assert (only.wants, only.subject) == (Wants("human", 0.99, "human"), "a person!")


def test_the_subject_is_what_tells_most() -> None:
    hello = message(1, "hi", {"route": "smalltalk", "intent": "greet"})
    unclear = message(2, "my blender leaks", {"route": "clarify", "intent": "nlu_fallback"})
    person = message(3, "a person please")
    assert collect([hello]).subject == "hi"
    assert collect([hello, person]).subject == "a person please"
    assert collect([hello, unclear, person]).subject == "my blender leaks"
    assert collect([ASKED, unclear, person]).subject == ASKED.text
    assert collect([]).subject is None


def test_earlier_parts_and_last_month_are_another_story() -> None:
    old = replace(ASKED, created_at=START - timedelta(days=30))
    with_agent = replace(ASKED, owner_epoch=3)
    now = message(9, "a person please")
    for other in (old, with_agent):
        assert collect([other, now]) == PackInput(subject="a person please")


def test_of_facts_the_latest_wins() -> None:
    pack = collect(
        [
            message(1, "order 1", {"facts": {"order_number": "AUR-10001", "other": 1}}),
            message(2, "no, 2", {"facts": {"order_number": "AUR-10002"}}),
            message(3, "me", {"facts": {"email": "lia@example.com"}}),
        ]
    )
    assert {f.name: f.value for f in pack.facts} == {
        "order_number": "AUR-10002",
        "email": "lia@example.com",
    }


def test_the_message_at_hand_counts_with_its_decision() -> None:
    now = message(5, "reset my password")
    decision = {
        "route": "reset_password",
        "intent": "reset_password",
        "actions": ["action_start_password_reset"],
        "failed_actions": ["action_start_password_reset"],
    }
    for messages in ([ASKED], [ASKED, now]):
        pack = collect(messages, current=(now, decision))
        assert pack.wants is not None
        assert pack.wants.route == "reset_password"
        assert [(a.action, a.outcome) for a in pack.tried][-1] == (
            "action_start_password_reset",
            "failed",
        )


def test_an_attempt_says_how_it_ended_and_rasas_own_actions_are_none() -> None:
    decision = {
        "route": "clarify",
        "actions": ["action_deactivate_loop", "action_answer_question", "action_listen"],
        "results": {"action_answer_question": "clarify"},
    }
    pack = collect([message(1, "a lamp", decision)])
    assert [(a.action, a.outcome) for a in pack.tried] == [("action_answer_question", "clarify")]


def test_what_was_passed_wins_and_nothing_is_listed_twice() -> None:
    found = collect([ASKED, NOT_HELPED])
    attempt = Attempt(START, "action_answer_question", "not_found", None, "m1")
    given = PackInput(
        wants=Wants("faq", 0.9, "faq"),
        facts=(Fact("order_number", "AUR-10001"),),
        tried=(attempt,),
        articles=(Shown("a1", "delivery", "Where we deliver", 3, 0.71, START),),
        identity=Identity(True, "code", "lia@example.com"),
    )
    pack = complete(given, found)
    assert pack.wants == given.wants
    assert pack.tried == (attempt,)
    assert [a.verdict for a in pack.articles] == ["not_helped"]
    assert pack.identity == given.identity


def test_stored_and_read_back_it_is_the_same() -> None:
    pack = complete(PackInput(identity=Identity(), language="es"), collect([ASKED, NOT_HELPED]))
    pack = complete(PackInput(earlier=("FL-1001",)), pack)
    read = from_json(to_json(pack))
    assert (read.wants, read.tried, read.articles) == (pack.wants, pack.tried, pack.articles)
    assert (read.identity, read.earlier, read.language) == (pack.identity, ("FL-1001",), "es")
    assert from_json({}) == PackInput()


def test_broken_decisions_do_no_harm() -> None:
    pack = collect(
        [
            message(1, "x", {"actions": None, "facts": "?", "results": [3]}),
            message(2, "y", {"article": "text", "confidence": "high", "intent": 4}),
        ]
    )
    assert (pack.tried, pack.articles, pack.facts) == ((), (), ())


def test_topics_begin_with_the_one_that_was_named() -> None:
    pack = collect([ASKED])
    assert topics_of(pack, "delivery") == ("delivery", "faq", "answer_question")
    assert topics_of(PackInput(), None) == ()


def test_codes_are_masked_in_lists_and_order_numbers_are_not() -> None:
    assert mask_codes("code 12345678 or 1234-5678 or 1234 5678") == (
        "code •••••••• or •••••••• or ••••••••"
    )
    for kept in ("AUR-10023", "CEP 01310-100", "123456789", "1234567"):
        assert mask_codes(kept) == kept
    assert preview("a " * 200).endswith("…")
