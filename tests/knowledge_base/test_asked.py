"""What people asked: read from decisions, grouped by meaning, acted on by editors."""

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from bot.conversations.tables import ContactRow, ConversationRow, MessageRow
from bot.kit.db import Tx
from bot.kit.errors import Conflict, NotFound
from bot.kit.ids import new_id
from bot.learning import masking
from knowledge_base.asked import repository
from knowledge_base.asked.question import (
    Figures,
    GroupState,
    Outcome,
    Reading,
    Shown,
    Verdict,
    is_failing,
    lacks_answer,
    read_decision,
)
from knowledge_base.asked.service import AskedQuestions, GroupSummary
from tests.knowledge_base.conftest import Desk

NOTHING_NEAR = {"route": "clarify", "results": {"action_answer_question": "not_found"}}
ASKED_BACK = {"route": "clarify", "results": {"action_answer_question": "clarify"}}
PERSON = {"route": "human", "intent": "human", "results": {"action_hand_off": "handoff"}}
SHOWN = {"article_id": "a1", "key": "gift", "revision": 2}
ANSWERED = {"route": "faq", "intent": "faq", "article": SHOWN}


@pytest.mark.parametrize(
    ("decision", "reading"),
    [
        (ANSWERED, Reading(Outcome.ANSWERED, Shown("a1", "gift", 2))),
        (ASKED_BACK, Reading(Outcome.ASKED_BACK)),
        (NOTHING_NEAR, Reading(Outcome.NOT_UNDERSTOOD)),
        (
            {"route": "clarify", "results": {"action_answer_question": "handoff"}},
            Reading(Outcome.NOT_UNDERSTOOD, person=True),
        ),
        ({"route": "out_of_scope"}, Reading(Outcome.OUTSIDE)),
        ({"intent": "helped"}, Reading(verdict=Verdict.HELPED)),
        ({"intent": "not_helped"}, Reading(verdict=Verdict.NOT_HELPED, person=True)),
        (
            {"route": "faq", "intent": "choose_article", "article": SHOWN},
            Reading(chose=Shown("a1", "gift", 2)),
        ),
        (PERSON, Reading(person=True)),
        ({"route": "order_status", "intent": "order_status"}, Reading()),
        ({}, Reading()),
    ],
)
def test_decisions_are_read(decision: dict[str, Any], reading: Reading) -> None:
    assert read_decision(decision) == reading


def test_what_lacks_an_answer() -> None:
    assert lacks_answer(Outcome.ASKED_BACK, None, led_to_person=False)
    assert not lacks_answer(Outcome.ANSWERED, None, led_to_person=False)
    assert lacks_answer(Outcome.ANSWERED, Verdict.NOT_HELPED, led_to_person=False)
    assert lacks_answer(Outcome.ANSWERED, None, led_to_person=True)
    assert not lacks_answer(Outcome.CHOSEN, Verdict.HELPED, led_to_person=True)


def test_failing_needs_enough_showings() -> None:
    assert is_failing(Figures(shown=10, not_helped=3))
    assert not is_failing(Figures(shown=10, not_helped=2, led_to_person=2))
    assert not is_failing(Figures(shown=4, not_helped=4))


@dataclass
class Talk:
    """A shop with customers, and what editors see of them."""

    desk: Desk
    asked: AskedQuestions
    conversations: dict[str, int] = field(default_factory=dict)

    async def says(
        self,
        text: str,
        decision: dict[str, Any] | None,
        *,
        who: str = "maria",
        locale: str = "en",
        author: str = "customer",
    ) -> str:
        self.desk.clock.advance(timedelta(seconds=10))
        now = self.desk.clock.now()
        message_id = new_id()
        first = who not in self.conversations
        seq = self.conversations[who] = self.conversations.get(who, 0) + 1

        def step(tx: Tx) -> None:
            if first:
                tx.conn.execute(
                    sa.insert(ContactRow).values(
                        id=who, channel="web", external_id=who, created_at=now
                    )
                )
                tx.conn.execute(
                    sa.insert(ConversationRow).values(
                        id=who, contact_id=who, channel="web", address={}, locale=locale,
                        locale_fixed=False, owner="bot", owner_epoch=1, episode=1, last_seq=0,
                        created_at=now, updated_at=now,
                    )
                )  # fmt: skip
            tx.conn.execute(
                sa.insert(MessageRow).values(
                    id=message_id, conversation_id=who, seq=seq, author=author, text=text,
                    decision=None if decision is None else {"locale": locale, **decision},
                    turn_attempts=0, owner_epoch=1, created_at=now,
                )
            )  # fmt: skip

        await self.desk.db.write(step)
        return message_id

    async def open(self, state: GroupState = GroupState.OPEN) -> list[GroupSummary]:
        while await self.asked.collect():
            pass
        return await self.asked.groups(state=state, days=30)


@pytest.fixture
def talk(desk: Desk) -> Talk:
    asked = AskedQuestions(
        desk.db,
        desk.clock,
        encoder=desk.words,
        knowledge=desk.knowledge,
        articles=desk.articles,
        mask=masking.mask,
        as_phrasing=masking.for_phrasing,
    )
    return Talk(desk, asked)


async def test_questions_without_an_answer_are_grouped_and_counted(talk: Talk) -> None:
    await talk.says("do you rent sofas for parties", NOTHING_NEAR)
    await talk.says("do you rent sofas for weddings", ASKED_BACK, who="joao")
    await talk.says("talk to a person", PERSON, who="joao")
    await talk.says("zebra trumpet", NOTHING_NEAR, who="ana", locale="es")
    await talk.says("gift wrapping", ANSWERED, who="ana")
    first, second = await talk.open()
    assert (first.count, first.recent, first.hand_offs) == (2, 2, 1)
    assert first.outcomes == {"not_understood": 1, "asked_back": 1}
    assert {one.text for one in first.examples} == {
        "do you rent sofas for parties", "do you rent sofas for weddings",
    }  # fmt: skip
    assert (second.count, second.locales) == (1, {"es": 1})
    assert [g.count for g in await talk.open()] == [2, 1], "read again, nothing is counted twice"


async def test_a_choice_is_an_answer_and_a_bad_verdict_is_none(talk: Talk) -> None:
    await talk.says("how about gifts", ASKED_BACK)
    assert [group.count for group in await talk.open()] == [1]
    await talk.says("Gift wrap", {"route": "faq", "intent": "choose_article", "article": SHOWN})
    assert await talk.open() == []
    await talk.says("No", {"route": "human", "intent": "not_helped"})
    (group,) = await talk.open()
    assert (group.outcomes, group.hand_offs) == ({"not_helped": 1}, 1)
    figures = await talk.asked.figures_of("a1", days=30, again_days=7)
    assert {number: (f.shown, f.not_helped, f.led_to_person) for number, f in figures.items()} == {
        2: (1, 1, 1)
    }


async def test_personal_data_is_masked_and_forgotten_on_request(talk: Talk) -> None:
    await talk.says("do you rent to maria@example.com order AUR-12345", NOTHING_NEAR)
    (group,) = await talk.open()
    assert group.title == "do you rent to <email> order <order>"
    await talk.desk.db.write(lambda tx: repository.erase(tx, "maria"))
    (group,) = await talk.open()
    assert (group.count, group.title, group.examples) == (1, "", ())
    with pytest.raises(NotFound, match="erased"):
        await talk.asked.write_article(group.id, actor=None, version=1, locale="en")


async def test_an_article_starts_with_customers_wording_and_the_agents_answer(talk: Talk) -> None:
    await talk.says("do you rent sofas for parties, I am maria@example.com", NOTHING_NEAR)
    await talk.says("talk to a person", PERSON)
    await talk.says("Hello Maria", None, author="agent")
    await talk.says("Yes, we rent sofas for parties from 3 days on.", None, author="agent")
    await talk.says("vocês alugam sofas for parties", NOTHING_NEAR, who="joao", locale="pt-BR")
    group = (await talk.open())[0]
    details = await talk.asked.write_article(
        group.id, actor=None, version=group.version, locale="en"
    )
    assert details.content.answer.startswith("Yes, we rent sofas")
    assert details.content.phrasings[0] == "do you rent sofas for parties, I am"
    assert len(details.content.phrasings) == group.count
    assert await talk.open() == [] or (await talk.open())[0].id != group.id
    (done,) = await talk.open(GroupState.ANSWERED)
    assert done.article_key == details.article.key
    with pytest.raises(Conflict) as stale:
        await talk.asked.set_state(
            group.id, actor=None, version=group.version, state=GroupState.DISMISSED
        )
    assert stale.value.code == "stale"


async def test_wording_is_added_to_an_article_once(talk: Talk) -> None:
    gift = await talk.desk.write("Gift wrap", phrasings=["wrap it"])
    await talk.says("put a bow on it please", NOTHING_NEAR)
    await talk.says("Put a BOW on it, please!", NOTHING_NEAR, who="joao")
    (group,) = await talk.open()
    details = await talk.asked.add_wording(
        group.id, actor=None, version=group.version, article_id=gift.article.id
    )
    assert details.content.phrasings[0] == "wrap it"
    assert [one.lower().rstrip("!") for one in details.content.phrasings[1:]] in (
        ["put a bow on it please"], ["put a bow on it, please"],
    )  # fmt: skip
    assert details.article.has_draft, "customers get it once it is published"


async def test_a_dismissed_group_takes_its_like_with_it(talk: Talk) -> None:
    await talk.says("zebra trumpet", NOTHING_NEAR)
    (group,) = await talk.open()
    await talk.asked.set_state(
        group.id, actor=None, version=group.version, state=GroupState.DISMISSED
    )
    await talk.says("zebra trumpet", NOTHING_NEAR, who="joao")
    assert await talk.open() == []
    (group,) = await talk.open(GroupState.DISMISSED)
    assert group.count == 2
    await talk.asked.set_state(group.id, actor=None, version=group.version, state=GroupState.OPEN)
    assert [g.count for g in await talk.open()] == [2]


async def test_figures_and_lists(talk: Talk) -> None:
    gift = await talk.desk.write("Gift wrap", key="gift")
    unused = await talk.desk.write("Fax")
    shown = {"article_id": gift.article.id, "key": "gift", "revision": 1}
    answered = {"route": "faq", "intent": "faq", "article": shown}
    talk.desk.clock.advance(timedelta(days=40))
    for number in range(6):
        who = f"c{number}"
        await talk.says("gift wrap", answered, who=who)
        await talk.says("No", {"intent": "not_helped" if number < 3 else "helped"}, who=who)
    talk.desk.clock.advance(timedelta(days=5))
    await talk.says("gift wrap once more", answered, who="c5")
    await talk.open()
    lists = await talk.asked.lists(days=30, again_days=7)
    first = lists.articles[0]
    assert (first.article.id, first.figures.shown) == (gift.article.id, 7)
    assert (first.figures.helped, first.figures.not_helped) == (3, 3)
    assert (first.figures.led_to_person, first.figures.asked_again) == (3, 1)
    assert [one.article.id for one in lists.failing] == [gift.article.id]
    assert [one.article.id for one in lists.never_used] == [unused.article.id]
    assert lists.stale == ()
    shorter = await talk.asked.lists(days=30, again_days=1)
    assert shorter.articles[0].figures.asked_again == 0
    talk.desk.clock.advance(timedelta(days=400))
    later = await talk.asked.lists(days=30, again_days=7)
    assert {one.article.id for one in later.stale} == {gift.article.id, unused.article.id}
