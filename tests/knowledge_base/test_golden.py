"""Golden questions: kept, run over the whole base, and asked before anything goes live."""

import json
from typing import Any

import pytest

from bot.kit.errors import Conflict, Invalid
from knowledge_base.article import Content
from knowledge_base.golden.golden import Golden, Least, Result, judge
from knowledge_base.golden.service import GoldenQuestions, read_seed
from knowledge_base.import_files import ImportRow, parse_import
from knowledge_base.ranking import Decision
from knowledge_base.search import Answer, Hit
from knowledge_base.seed import read_seed as read_articles
from knowledge_base.service import Articles, Changes
from tests.knowledge_base.conftest import Desk


@pytest.fixture
def golden(desk: Desk) -> GoldenQuestions:
    return GoldenQuestions(desk.db, desk.clock, desk.knowledge)


@pytest.fixture
def gated(desk: Desk, golden: GoldenQuestions) -> Articles:
    return Articles(
        desk.db, clock=desk.clock, encoder=desk.words, knowledge=desk.knowledge, gate=golden
    )


async def shop(desk: Desk) -> None:
    await desk.write("Gift wrapping of parcels", key="gift")
    await desk.write("Opening hours of stores", key="hours")


async def test_a_golden_question_is_tried_when_it_is_kept(
    desk: Desk, golden: GoldenQuestions
) -> None:
    await shop(desk)
    _, outcome = await golden.add(
        actor=None, key="gift", locale="en", question="  gift wrapping  of parcels "
    )
    assert (outcome.result, outcome.position) == (Result.PASSED, 1)
    _, outcome = await golden.add(
        actor=None, key="gift", locale="en", question="opening hours of stores"
    )
    assert (outcome.result, outcome.found_key) == (Result.FAILED, "hours")
    report = await golden.run()
    assert [report.count(result) for result in Result] == [1, 1, 0]


async def test_what_can_never_pass_is_refused_with_a_reason(
    desk: Desk, golden: GoldenQuestions
) -> None:
    await shop(desk)
    old = await desk.write("Fax orders", key="fax")
    await desk.articles.archive(old.article.id, actor=None)
    with pytest.raises(Invalid, match="“Fax orders” is archived"):
        await golden.add(actor=None, key="fax", locale="en", question="can I fax")
    with pytest.raises(Invalid, match="no article 'nothing'"):
        await golden.add(actor=None, key="nothing", locale="en", question="can I fax")
    with pytest.raises(Invalid, match="empty"):
        await golden.add(actor=None, key="gift", locale="en", question=" ?! ")
    with pytest.raises(Invalid, match="language"):
        await golden.add(actor=None, key="gift", locale="xx", question="gift")
    await golden.add(actor=None, key="gift", locale="en", question="Wrapping gifts?")
    with pytest.raises(Conflict) as double:
        await golden.add(actor=None, key="hours", locale="en", question="wrapping GIFTS")
    assert double.value.code == "duplicate"


async def test_an_article_that_was_never_published_is_waited_for(
    desk: Desk, golden: GoldenQuestions
) -> None:
    await shop(desk)
    await desk.write("Loyalty points", key="points", publish=False)
    _, outcome = await golden.add(actor=None, key="points", locale="en", question="loyalty points")
    assert outcome.result is Result.WAITING


async def test_a_publish_that_breaks_a_golden_question_says_which_and_needs_a_yes(
    desk: Desk, golden: GoldenQuestions, gated: Articles
) -> None:
    await shop(desk)
    await golden.add(actor=None, key="gift", locale="en", question="gift wrapping of parcels")
    rival = await desk.write("gift wrapping of parcels", key="rival", publish=False)
    gift = next(a for a in (await desk.knowledge.current()).of_key("gift"))
    worse = await gated.change(
        gift.article_id, actor=None, version=(await gated.get(gift.article_id)).article.version,
        changes=Changes(title="Something else entirely", answer="Nothing of it."),
    )  # fmt: skip
    with pytest.raises(Conflict) as refused:
        await gated.publish(gift.article_id, actor=None, version=worse.article.version)
    assert refused.value.code == "breaks_golden"
    lost = refused.value.extra["questions"]
    assert isinstance(lost, list)
    assert [(one["question"], one["key"]) for one in lost] == [("gift wrapping of parcels", "gift")]
    assert (await desk.knowledge.ask("gift wrapping of parcels", locale="en")).hits[0].key == "gift"
    await gated.publish(gift.article_id, actor=None, confirmed=True)
    # Broken already: the next publish has nothing to confirm.
    await gated.publish(rival.article.id, actor=None)
    assert [one.golden.key for one in (await golden.run()).failed] == ["gift"]


async def test_archiving_an_expected_article_needs_a_yes(
    desk: Desk, golden: GoldenQuestions, gated: Articles
) -> None:
    await shop(desk)
    await golden.add(actor=None, key="gift", locale="en", question="gift wrapping of parcels")
    gift = (await desk.knowledge.current()).of_key("gift")[0]
    with pytest.raises(Conflict, match="golden questions would no longer get their answer"):
        await gated.archive(gift.article_id, actor=None)
    await gated.archive(gift.article_id, actor=None, confirmed=True)
    assert len((await golden.run()).failed) == 1


async def test_an_import_that_breaks_a_golden_question_says_which_and_needs_a_yes(
    desk: Desk, golden: GoldenQuestions, gated: Articles
) -> None:
    await shop(desk)
    await golden.add(actor=None, key="gift", locale="en", question="gift wrapping of parcels")

    def rows(**changes: str) -> list[ImportRow]:
        item = {
            "key": "gift",
            "locale": "en",
            "title": "Gift wrapping of parcels",
            "answer": "Yes.",
        }
        found = parse_import(json.dumps([item | changes]).encode(), name="a.json")
        assert not found.problems
        return list(found.rows)

    for breaking in (
        rows(title="Zebra", state="published"),
        rows(state="archived"),
        rows(state="published", audience="internal"),
    ):
        with pytest.raises(Conflict) as refused:
            await gated.import_rows(breaking, actor=None)
        assert refused.value.code == "breaks_golden"
        questions: Any = refused.value.extra["questions"]
        (lost,) = questions
        assert lost["question"] == "gift wrapping of parcels"
        assert (await golden.run()).failed == (), "nothing was imported"
    draft = await gated.import_rows(rows(title="Zebra"), actor=None)
    assert draft.changed == 1, "what customers don't see can't break anything"
    other = {"key": "boxes", "locale": "en", "title": "Moving boxes", "answer": "Yes.",
             "state": "published"}  # fmt: skip
    new = parse_import(json.dumps([other]).encode(), name="a.json").rows
    assert (await gated.import_rows(new, actor=None)).created == 1
    report = await gated.import_rows(
        rows(title="Zebra", state="published"), actor=None, confirmed=True
    )
    assert report.goes_live
    assert len((await golden.run()).failed) == 1


def test_being_offered_is_enough_when_it_is_said_so() -> None:
    hits = tuple(
        Hit(key, key, "en", key, "x", 1, 0.5, 0.5, 0.5, other_language=False)
        for key in ("other", "gift", "far")
    )
    answer = Answer(Decision.CLARIFY, hits, (), 0.0, 0.5, choices=hits[:2])
    strict = Golden("1", "gift", "en", "gift?")
    lenient = Golden("2", "gift", "en", "gift?", Least.OFFER)
    far = Golden("3", "far", "en", "gift?", Least.OFFER)
    results = [judge(one, answer, published=True).result for one in (strict, lenient, far)]
    assert results == [Result.FAILED, Result.PASSED, Result.FAILED]


async def test_the_seed_is_kept_once_and_expects_what_there_is(desk: Desk) -> None:
    seeded = read_seed()
    keys = {row.key for row in read_articles().rows}
    assert len(seeded) >= 100
    assert {one.key for one in seeded} <= keys
    golden = GoldenQuestions(desk.db, desk.clock, desk.knowledge)
    await desk.articles.create(
        actor=None, locale="en", key="gift-wrap", content=Content("Gift wrap", "Yes.")
    )
    assert await golden.seed() == sum(one.key == "gift-wrap" for one in seeded)
    assert await golden.seed() == 0
