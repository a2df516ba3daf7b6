"""Search: languages, spelling, drafts, the index itself, and how good it is on held-out questions."""

import json
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest

from bot.kit.encoder import UniversalEncoder
from knowledge_base.index import Entry, Index, passages, quantise, texts_to_encode
from knowledge_base.ranking import SAME_WORDS, Candidate, Decision, decide, rank
from knowledge_base.search import Answer, search
from knowledge_base.seed import read_seed
from knowledge_base.segment import EXACT_ROWS
from knowledge_base.text import fold, spell_out, stem, terms_of, words_of
from tests.knowledge_base.conftest import Desk

QUESTIONS = Path(__file__).parent / "questions.jsonl"


# ---------------------------------------------------------------------------------------- words


def test_words_are_folded_and_abbreviations_spelled_out() -> None:
    assert fold("AÇÃO Ñandú") == "acao nandu"
    assert words_of("vc tem PIX?? demoraaaa") == ["voce", "tem", "pix", "demora"]
    assert spell_out("Vc aceita pix?") == "você aceita pix?"
    index = Index().changed([entry(1, "Prazos e prazo", locale="pt-BR")])
    assert index.read("Qual o Prazzo?").variant == "qual o prazo"
    assert index.read("Qual o prazo?").variant is None


@pytest.mark.parametrize(
    ("locale", "forms"),
    [
        ("pt-BR", ["entrega", "entregas", "entregar", "entregando", "entregaram"]),
        ("pt-BR", ["troca", "trocar", "trocas", "trocando"]),
        ("es", ["envío", "envíos", "enviar", "enviamos", "enviando"]),
        ("en", ["deliver", "delivers", "delivered", "delivery", "delivering"]),
    ],
)
def test_forms_of_a_word_share_a_stem(locale: str, forms: list[str]) -> None:
    assert len({stem(fold(form), locale) for form in forms}) == 1


def test_filler_words_are_left_out() -> None:
    assert terms_of("eu queria saber como é que faço pra trocar", "pt-BR") == ["troc"]


def test_long_answers_are_cut_into_passages() -> None:
    text = "\n".join(f"Line {n} " + "word " * 30 for n in range(20))
    parts = passages(text)
    assert 1 < len(parts) <= 6
    assert parts[0].startswith("Line 0")


# ---------------------------------------------------------------------------------------- index


def entry(number: int, title: str, answer: str = "x", locale: str = "en") -> Entry:
    vector = np.zeros((2, 512), np.float32)
    vector[:, number] = 1
    return Entry(
        article_id=f"a{number}/{locale}",
        key=f"k{number}",
        locale=locale,
        revision=1,
        title=title,
        answer=answer,
        vectors=quantise(vector),
    )


def state_of(index: Index) -> dict[str, object]:
    """Return all that questions can notice of an index, wherever its articles are kept."""
    result: dict[str, object] = {"ids": {one.article_id for one in index}, "size": len(index)}
    asked = index.read("shared title numero number3 answer words")
    result["foreign"] = asked.foreign
    question = np.zeros(512, np.float32)
    question[3] = 1
    result["ranking"] = [
        (c.entry.key, c.entry.article_id, round(c.score, 5), round(c.lexical, 5))
        for c in rank(index.measure(asked, [question]), locale="en")
    ]
    result["spelling"] = dict(index.read("nummber3 somethin").corrected)
    return result


@pytest.mark.parametrize("merge", [True, False])
def test_changing_an_index_step_by_step_equals_building_it_at_once(merge: bool) -> None:
    entries = [entry(n, f"Title number{n} shared", f"Answer {n} words") for n in range(8)]
    entries += [entry(n, f"Título número{n}", locale="es") for n in range(3)]
    changed = replace(entries[2], title="Something else", revision=2)
    stepwise = Index().changed(entries[:4])
    for one in entries[4:]:
        stepwise = stepwise.changed([one], merge=merge)
    before = state_of(stepwise)
    assert before == state_of(Index().changed(entries))
    later = stepwise.changed([changed], ["a5/en", "a1/es", "unknown"], merge=merge)
    wanted = [e for e in entries if e.article_id not in {"a5/en", "a1/es", "a2/en"}] + [changed]
    assert state_of(later) == state_of(Index().changed(wanted))
    assert state_of(later.compact()) == state_of(later)
    assert state_of(stepwise) == before, "the old index must not change"
    assert not len(later.changed([], [one.article_id for one in later], merge=merge))


def test_what_is_published_during_a_merge_is_kept() -> None:
    entries = [entry(n, f"Title number{n} shared") for n in range(8)]
    before = Index().changed(entries[:5]).changed([entries[5]], merge=False)
    compacted = before.compact()
    meanwhile = before.changed([entries[6], replace(entries[5], title="New")], merge=False)
    meanwhile = meanwhile.changed([], ["a0/en"], merge=False)
    wanted = [*entries[1:5], replace(entries[5], title="New"), entries[6]]
    assert state_of(meanwhile.rebased(compacted, before)) == state_of(Index().changed(wanted))
    assert state_of(before.rebased(compacted, before)) == state_of(before)


def test_a_large_base_finds_what_comparing_everything_finds() -> None:
    random = np.random.default_rng(7)
    count = EXACT_ROWS + 500
    vectors = random.normal(size=(count, 512)).astype(np.float32)
    vectors[:, :20] *= 6  # meanings differ along some axes more than along others
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    index = Index().changed(
        Entry(
            article_id=f"a{n}", key=f"k{n}", locale="en", revision=1, title=f"w{n}", answer="x",
            vectors=quantise(vectors[n : n + 1]),
        )
        for n in range(count)
    )  # fmt: skip
    assert index.base.coarse is not None
    found = []
    for n in range(0, count, 400):
        vector = vectors[n] + random.normal(size=512).astype(np.float32) * 0.02
        vector /= np.linalg.norm(vector)
        exact = int(np.argmax(vectors @ vector))
        best = rank(index.measure(index.read("nothing"), [vector]), locale="en")[0]
        found.append(best.entry.key == f"k{exact}")
        assert rank(index.measure(index.read(f"w{n}"), [vector * 0]), locale="en")[0].lexical > 0
    assert share(found) >= 0.97


def test_an_empty_index_answers_nothing() -> None:
    index = Index()
    answer = search(index, index.read("x"), [np.zeros(512, np.float32)], "en")
    assert (answer.decision, answer.hits) == (Decision.HANDOFF, ())


def test_spelling_is_corrected_only_for_words_nobody_knows() -> None:
    index = Index().changed(
        [entry(1, "Delivery times"), entry(2, "Cancelamento do pedido", locale="pt-BR")]
    )
    assert index.read("delivrey times").corrected == {"delivrey": "delivery"}
    assert index.read("cancelamnto").corrected == {"cancelamnto": "cancelamento"}
    # A common word stays what it is, although the base has one that looks like it.
    assert index.read("limes").corrected == {}
    assert index.read("dinheiro").corrected == {}
    assert index.read("xqzzkw").corrected == {}


def test_coverage_is_the_share_of_what_was_asked() -> None:
    index = Index().changed([entry(1, "Gift wrap price"), entry(2, "Store hours")])
    asked = index.read("gift wrap price")
    first, second = rank(index.measure(asked, [np.zeros(512, np.float32)]), locale="en")
    assert (first.entry.key, second.entry.key) == ("k1", "k2")
    assert first.lexical > 0.5
    assert second.lexical == 0
    assert index.read("gift elephants").foreign == 0.5


# ------------------------------------------------------------------------------------ decisions


def candidate(
    score: float, whole: float, nearest: float = 0.6, *, learned: float = 0.0
) -> Candidate:
    return Candidate(
        entry=entry(1, "T"), score=score, lexical=0.2, dense=0.4 * nearest + 0.6 * whole,
        nearest=nearest, whole=whole, learned=learned,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("candidates", "foreign", "decision"),
    [
        ([candidate(1.0, 0.7), candidate(0.6, 0.4)], 0.0, Decision.ANSWER),
        ([candidate(0.8, 0.55), candidate(0.79, 0.55)], 0.0, Decision.CLARIFY),
        ([candidate(0.8, 0.6), candidate(0.65, 0.4)], 0.9, Decision.CLARIFY),
        ([candidate(0.4, 0.2, 0.3), candidate(0.1, 0.1)], 0.0, Decision.HANDOFF),
        ([candidate(1.0, 0.5, SAME_WORDS), candidate(0.99, 0.5)], 0.0, Decision.ANSWER),
        ([candidate(1.0, 0.7)], 0.0, Decision.ANSWER),
        ([], 0.0, Decision.HANDOFF),
    ],
)
def test_decisions(candidates: list[Candidate], foreign: float, decision: Decision) -> None:
    verdict = decide(candidates, foreign=foreign)
    assert verdict.decision is decision
    assert verdict.reasons


def test_a_classifier_that_is_sure_answers_and_one_that_wavers_asks() -> None:
    sure = [candidate(1.0, 0.5, learned=8.0), candidate(0.6, 0.4, learned=2.0)]
    assert decide(sure, foreign=0.0, learned=True).decision is Decision.ANSWER
    wavering = [candidate(1.0, 0.5, learned=3.0), candidate(0.9, 0.5, learned=2.8)]
    assert decide(wavering, foreign=0.0, learned=True).decision is Decision.CLARIFY


def test_choices_are_the_close_ones() -> None:
    verdict = decide([candidate(0.8, 0.5), candidate(0.7, 0.5), candidate(0.3, 0.3)], foreign=0.0)
    assert (verdict.decision, verdict.close) == (Decision.CLARIFY, 2)


# ------------------------------------------------------------------------------------ languages


async def test_the_conversations_language_is_preferred_and_no_other_refused(
    sqlite_desk: Desk,
) -> None:
    await sqlite_desk.write("Gift wrap", key="gift", locale="en")
    await sqlite_desk.write("Embrulho", key="gift", locale="pt-BR", phrasings=["gift wrap"])
    await sqlite_desk.write("Newsletter", key="news", locale="en")

    answer = await sqlite_desk.knowledge.ask("gift wrap", locale="pt-BR")
    assert [(h.key, h.locale, h.other_language) for h in answer.hits] == [
        ("gift", "pt-BR", False),
        ("news", "en", True),
    ]
    answer = await sqlite_desk.knowledge.ask("newsletter", locale="es")
    assert (answer.hits[0].key, answer.hits[0].other_language) == ("news", True)
    assert any("no published text in es" in reason for reason in answer.reasons)


async def test_a_draft_that_was_never_published_can_be_tried(sqlite_desk: Desk) -> None:
    await sqlite_desk.write("Gift wrap", key="gift")
    details = await sqlite_desk.write("Loyalty points", publish=False)
    draft = await sqlite_desk.articles.draft_of(details.article.id)
    answer = await sqlite_desk.knowledge.ask("loyalty points", locale="en", draft=draft)
    assert (answer.hits[0].article_id, answer.hits[0].state) == (details.article.id, "draft")
    assert answer.hits[1].state == "published"


async def test_odd_questions_are_no_problem(sqlite_desk: Desk) -> None:
    await sqlite_desk.write("Gift wrap")
    for question in (
        "",
        "   ",
        "???",
        "\u200b",
        "🎁🎁",
        "a" * 2_000,
        "gift " * 400,
        "'\";--",
        "%_",
    ):
        answer = await sqlite_desk.knowledge.ask(question, locale="en")
        assert answer.reasons
    empty = await sqlite_desk.knowledge.ask("", locale="en")
    assert (empty.decision, empty.hits) == (Decision.HANDOFF, ())


# -------------------------------------------------------------------------------------- quality


@dataclass(frozen=True)
class Asked:
    kind: str
    expected: tuple[str, ...]
    answer: Answer


@pytest.fixture(scope="module")
def seed_index(encoder: UniversalEncoder) -> Index:
    rows = read_seed().rows
    texts = sorted({text for row in rows for text in texts_to_encode(row.content)}, key=len)
    parts = [encoder.encode_now(texts[at : at + 32]) for at in range(0, len(texts), 32)]
    vectors = dict(zip(texts, quantise(np.vstack(parts)), strict=True))
    index = Index().changed(
        Entry(
            article_id=f"{row.key}/{row.locale}",
            key=row.key,
            locale=row.locale,
            revision=1,
            title=row.content.title,
            answer=row.content.answer,
            phrasings=row.content.phrasings,
            category=row.category,
            tags=row.tags or (),
            vectors=np.stack([vectors[text] for text in texts_to_encode(row.content)]),
        )
        for row in rows
    )
    return index.with_head(index.fitted_head())


@pytest.fixture(scope="module")
def asked(seed_index: Index, encoder: UniversalEncoder) -> list[Asked]:
    result = []
    for line in QUESTIONS.read_text(encoding="utf-8").splitlines():
        question = json.loads(line)
        read = seed_index.read(question["text"])
        texts = [spell_out(question["text"])]
        if read.variant is not None:
            texts.append(read.variant)
        vectors = list(encoder.encode_now(texts))
        answer = search(seed_index, read, vectors, question["locale"])
        result.append(Asked(question["kind"], tuple(question["expect"]), answer))
    return result


def share(values: list[bool]) -> float:
    return sum(values) / len(values)


def test_the_right_article_is_found(asked: list[Asked]) -> None:
    known = [a for a in asked if a.expected]
    assert len(known) >= 120
    assert share([a.answer.hits[0].key in a.expected for a in known]) >= 0.75
    assert share([any(h.key in a.expected for h in a.answer.hits[:3]) for a in known]) >= 0.92
    assert share([any(h.key in a.expected for h in a.answer.hits) for a in known]) >= 0.97
    assert all(len(a.answer.hits) == 10 for a in asked)


def test_what_is_answered_is_right(asked: list[Asked]) -> None:
    answered = [a for a in asked if a.answer.decision is Decision.ANSWER]
    right = [a.answer.hits[0].key in a.expected for a in answered]
    assert share(right) >= 0.9
    known = [a for a in asked if a.expected]
    assert share([a.answer.decision is Decision.ANSWER for a in known]) >= 0.3
    assert share([a.answer.decision is not Decision.HANDOFF for a in known]) >= 0.85


def test_off_topic_is_never_answered(asked: list[Asked]) -> None:
    off = [a for a in asked if a.kind == "off_topic"]
    assert len(off) >= 50
    assert not [a for a in off if a.answer.decision is Decision.ANSWER]
    assert share([a.answer.decision is Decision.HANDOFF for a in off]) >= 0.66
    near = [a for a in asked if a.kind == "near_topic"]
    assert len(near) >= 70
    assert share([a.answer.decision is Decision.ANSWER for a in near]) <= 0.08


def test_every_phrasing_finds_its_own_article(seed_index: Index) -> None:
    assert seed_index.key_count >= 45
    found = []
    for one in seed_index:
        assert one.vectors is not None
        texts = (one.title, *one.phrasings)
        for text, row in zip(texts, one.vectors, strict=False):
            vector = row.astype(np.float32) / 127
            answer = search(seed_index, seed_index.read(text), [vector], one.locale)
            found.append(answer.hits[0].key == one.key)
            assert answer.decision is not Decision.HANDOFF, text
    assert share(found) >= 0.98


def test_the_seed_speaks_three_languages() -> None:
    reading = read_seed()
    assert not reading.problems
    languages: dict[str, set[str]] = {}
    for row in reading.rows:
        languages.setdefault(row.key, set()).add(row.locale)
        assert 4 <= len(row.content.phrasings) <= 20, row.place
    assert all(found == {"pt-BR", "en", "es"} for found in languages.values())


def test_no_question_is_one_of_the_phrasings() -> None:
    phrasings = {
        " ".join(words_of(text))
        for row in read_seed().rows
        for text in (row.content.title, *row.content.phrasings)
    }
    lines = QUESTIONS.read_text(encoding="utf-8").splitlines()
    assert not [q for q in lines if " ".join(words_of(json.loads(q)["text"])) in phrasings]
