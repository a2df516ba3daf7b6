"""Synonyms and stop words that editors teach: in force with the next question."""

import pytest

from bot.kit.errors import Conflict, Invalid, NotFound
from knowledge_base.index import Index
from knowledge_base.search import KnowledgeBase
from knowledge_base.vocabulary.service import Teaching
from knowledge_base.vocabulary.vocabulary import Vocabulary, group_problem, tidy_group
from tests.knowledge_base.conftest import Desk
from tests.knowledge_base.test_search import entry


@pytest.fixture
def teaching(desk: Desk) -> Teaching:
    return Teaching(desk.db, desk.clock, desk.knowledge)


async def test_a_synonym_finds_the_article_in_the_same_call(desk: Desk, teaching: Teaching) -> None:
    await desk.write("Where is my invoice", key="invoice")
    await desk.write("Opening hours", key="hours")
    before = await desk.knowledge.ask("my bizpaper", locale="en")
    assert before.hits[0].lexical < 0.5
    group = await teaching.add_group(actor=None, locale="en", phrases=["invoice", "bizpaper"])
    after = await desk.knowledge.ask("my bizpaper", locale="en")
    assert (after.hits[0].key, after.hits[0].lexical > 0.5) == ("invoice", True)
    await teaching.remove_group(group.id, actor=None)
    assert (await desk.knowledge.ask("my bizpaper", locale="en")).hits[0].lexical < 0.5


async def test_another_gateway_learns_it_too(desk: Desk, teaching: Teaching) -> None:
    await desk.write("Where is my invoice", key="invoice")
    other = KnowledgeBase(desk.db, desk.words)
    await other.ask("anything", locale="en")
    await teaching.add_group(actor=None, locale="en", phrases=["invoice", "bizpaper"])
    assert await other.refresh()
    assert (await other.ask("bizpaper", locale="en")).hits[0].lexical > 0.5


async def test_a_phrase_is_found_whole_and_counts_once(desk: Desk, teaching: Teaching) -> None:
    await desk.write("Nota fiscal da compra", locale="pt-BR", key="invoice")
    await desk.write("Conselho fiscal", locale="pt-BR", key="council")
    await teaching.add_group(actor=None, locale="pt-BR", phrases=["nota fiscal", "danfe"])
    answer = await desk.knowledge.ask("cadê a danfe", locale="pt-BR")
    assert answer.hits[0].key == "invoice"
    assert answer.hits[0].lexical > 2 * answer.hits[1].lexical


async def test_a_stop_word_says_nothing(desk: Desk, teaching: Teaching) -> None:
    await desk.write("Aurora gift cards", key="gift")
    await desk.write("Aurora aurora aurora", key="name")
    await teaching.set_stop_words(actor=None, locale="en", words=["Aurora"])
    answer = await desk.knowledge.ask("aurora gift", locale="en")
    assert (answer.hits[0].key, answer.hits[1].lexical) == ("gift", 0)
    await teaching.set_stop_words(actor=None, locale="en", words=[])
    assert (await desk.knowledge.ask("aurora gift", locale="en")).hits[1].lexical > 0


async def test_what_can_not_be_taught_is_refused_with_a_reason(teaching: Teaching) -> None:
    with pytest.raises(Invalid, match="at least two"):
        await teaching.add_group(actor=None, locale="en", phrases=["Parcel", " parcel "])
    with pytest.raises(Invalid, match="too long"):
        await teaching.add_group(actor=None, locale="en", phrases=["a", "b c d e f g"])
    with pytest.raises(Invalid, match="language"):
        await teaching.add_group(actor=None, locale="xx", phrases=["a", "b"])
    with pytest.raises(Invalid, match="not one word"):
        await teaching.set_stop_words(actor=None, locale="en", words=["two words"])
    group = await teaching.add_group(actor=None, locale="en", phrases=["parcel", "package"])
    with pytest.raises(Invalid, match="already"):
        await teaching.add_group(actor=None, locale="en", phrases=["Package", "box"])
    await teaching.add_group(actor=None, locale="es", phrases=["package", "box"])
    changed = await teaching.change_group(
        group.id, actor=None, version=1, phrases=["parcel", "package", "box"]
    )
    assert changed.version == 2
    with pytest.raises(Conflict) as stale:
        await teaching.change_group(group.id, actor=None, version=1, phrases=["x", "y"])
    assert stale.value.code == "stale"
    with pytest.raises(NotFound):
        await teaching.remove_group("unknown", actor=None)


def test_the_preferred_word_is_what_the_encoder_reads() -> None:
    vocabulary = Vocabulary({"en": [("invoice", "bizpaper")]})
    index = Index().changed([entry(1, "Invoice")])
    assert index.read("My bizpaper?", vocabulary).variant == "my invoice"
    assert index.read("My invoice?", vocabulary).variant is None


def test_groups_are_tidied() -> None:
    assert tidy_group(["  Nota   Fiscal", "nota fiscal", "", "NF-e"]) == ("Nota Fiscal", "NF-e")
    assert group_problem(("a", "b")) is None
