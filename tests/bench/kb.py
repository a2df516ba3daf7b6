"""Knowledge-base search beside plain full-text search, at 1,000, 10,000 and 100,000 articles.

    frontline bench kb [--sizes 1000,10000,100000] [--json]

The shop's articles stand among generated ones: a product's name, a model code and a concern in one of
three languages, with an answer made of real sentences. Their vectors are put together from the vectors of
these parts (encoding 100,000 answers takes a quarter of an hour and changes nothing that is measured).
Questions: those of tests/knowledge_base/questions.jsonl that have an article, and as many that name the
model code of a generated article. The peer is SQLite's FTS5 with BM25: title, phrasings and answer in
columns of their own, accents removed, filler words left out, any of the words.

Everything runs in one process on one thread: a store on disk, the running `KnowledgeBase`, the real
encoder. Times of ours include encoding the question.
"""

import argparse
import asyncio
import json
import random
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import threadpoolctl  # type: ignore[import-untyped]

from bot.kit.clock import SystemClock
from bot.kit.db import Tx, open_database, sqlite_module
from bot.kit.encoder import UniversalEncoder, Vector
from bot.kit.ids import new_id
from bot.migrations import upgrade
from knowledge_base import repository
from knowledge_base.article import Content
from knowledge_base.index import quantise, texts_to_encode
from knowledge_base.search import KnowledgeBase
from knowledge_base.seed import read_seed
from knowledge_base.service import Articles
from knowledge_base.text import FILLERS, fold

QUESTIONS = Path(__file__).parent.parent / "knowledge_base" / "questions.jsonl"
SEED = 20
ROUNDS = 4
"""Times each question is asked, shuffled, each with a word of its own so that nothing is cached."""

PRODUCTS = {
    "pt-BR": "abajur,poltrona,tapete,luminária,estante,cadeira,colcha,cortina,espelho,vaso,banqueta,"
    "mesa,cômoda,almofada,quadro,relógio,bandeja,toalha,panela,travessa",
    "en": "lamp,armchair,rug,lantern,bookcase,chair,quilt,curtain,mirror,vase,stool,table,dresser,"
    "cushion,picture,clock,tray,towel,pan,platter",
    "es": "lámpara,sillón,alfombra,farol,estantería,silla,colcha,cortina,espejo,florero,banqueta,"
    "mesa,cómoda,cojín,cuadro,reloj,bandeja,toalla,cacerola,fuente",
}
CONCERNS = {
    "pt-BR": "Medidas,Montagem,Peças de reposição,Voltagem,Peso máximo,Manual,Cores disponíveis,"
    "Limpeza,Encaixe,Acabamento",
    "en": "Dimensions,Assembly,Spare parts,Voltage,Maximum load,Manual,Available colours,Cleaning,"
    "Fittings,Finish",
    "es": "Medidas,Montaje,Repuestos,Voltaje,Peso máximo,Manual,Colores disponibles,Limpieza,"
    "Encastre,Acabado",
}
ASKS = {"pt-BR": "queria saber {} do {}", "en": "what about {} of the {}", "es": "sobre {} de {}"}


@dataclass(frozen=True)
class Article:
    key: str
    locale: str
    content: Content
    vectors: np.ndarray[Any, Any]


@dataclass(frozen=True)
class Asked:
    text: str
    locale: str
    expected: tuple[str, ...]


class Timer:
    """Wall and processor time of many runs of one thing, in ms."""

    def __init__(self) -> None:
        self.wall: list[float] = []
        self.cpu: list[float] = []

    def __enter__(self) -> "Timer":
        self._begun = time.perf_counter(), time.process_time()
        return self

    def __exit__(self, *_: object) -> None:
        self.wall.append((time.perf_counter() - self._begun[0]) * 1e3)
        self.cpu.append((time.process_time() - self._begun[1]) * 1e3)

    def show(self) -> str:
        """Return p50 and p99 of both."""
        return "  ".join(
            f"{np.percentile(ms, 50):6.2f} {np.percentile(ms, 99):7.2f}"
            for ms in (self.cpu, self.wall)
        )


def shop(encoder: UniversalEncoder) -> list[Article]:
    """Return the demo shop's articles, with real vectors."""
    rows = read_seed().rows
    texts = sorted({t for row in rows for t in texts_to_encode(row.content)}, key=len)
    parts = [encoder.encode_now(texts[at : at + 32]) for at in range(0, len(texts), 32)]
    vectors = dict(zip(texts, quantise(np.vstack(parts)), strict=True))
    return [
        Article(r.key, r.locale, r.content,
                np.stack([vectors[t] for t in texts_to_encode(r.content)]))
        for r in rows
    ]  # fmt: skip


def generated(encoder: UniversalEncoder, count: int) -> Iterator[Article]:
    """Yield articles about products that nobody asks about, except by their code."""
    chance = random.Random(SEED)
    noise = np.random.default_rng(SEED)
    sentences: dict[str, list[str]] = {}
    for row in read_seed().rows:
        lines = [line.strip(" -*") for line in row.content.answer.split("\n") if len(line) > 40]
        sentences.setdefault(row.locale, []).extend(lines)
    names = ",".join((*PRODUCTS.values(), *CONCERNS.values())).split(",")
    pool = sorted({*names, *(s for group in sentences.values() for s in group)}, key=len)
    parts = [encoder.encode_now(pool[at : at + 32]) for at in range(0, len(pool), 32)]
    vector_of = dict(zip(pool, np.vstack(parts), strict=True))
    for number in range(count):
        locale = ("pt-BR", "pt-BR", "es", "en")[number % 4]
        product = chance.choice(PRODUCTS[locale].split(","))
        concern = chance.choice(CONCERNS[locale].split(","))
        code = f"{chance.choice('ABCDEFGHKLMNPRSTVWXZ')}{chance.choice('AEIOUXYZ')}{number:06d}"
        body = chance.sample(sentences[locale], 4)
        title = vector_of[product] + vector_of[concern] + 0.5 * noise.normal(size=512) / 22.6
        middle = title + sum(vector_of[sentence] for sentence in body)
        both = np.stack([title, middle])
        both /= np.linalg.norm(both, axis=1, keepdims=True)
        yield Article(
            f"gen-{code.lower()}",
            locale,
            Content(title=f"{concern}: {product} {code}", answer="\n".join(body)),
            quantise(both.astype(np.float32)),
        )


def questions(articles: Sequence[Article]) -> list[Asked]:
    """Return questions in people's own words, and as many that name a code."""
    lines = [json.loads(line) for line in QUESTIONS.read_text("utf-8").splitlines()]
    own = [Asked(q["text"], q["locale"], tuple(q["expect"])) for q in lines if q["expect"]]
    made = [article for article in articles if article.key.startswith("gen-")]
    chosen = random.Random(SEED).sample(made, min(len(own), len(made)))
    codes = []
    for article in chosen:
        concern, _, product = article.content.title.partition(": ")
        text = ASKS[article.locale].format(concern.lower(), product.lower())
        codes.append(Asked(text, article.locale, (article.key,)))
    return own + codes


# ------------------------------------------------------------------------------- the peer


class FullText:
    """SQLite's FTS5, as one would use it without reading further."""

    def __init__(self, articles: Sequence[Article]) -> None:
        self._db = sqlite_module().connect(":memory:")
        self._db.execute(
            "CREATE VIRTUAL TABLE article USING fts5(key UNINDEXED, title, phrasings, answer, "
            "tokenize = 'unicode61 remove_diacritics 2')"
        )
        self._db.executemany(
            "INSERT INTO article VALUES (?, ?, ?, ?)",
            (
                (a.key, a.content.title, "\n".join(a.content.phrasings), a.content.answer)
                for a in articles
            ),
        )
        self._db.commit()

    def ask(self, question: str) -> list[str]:
        words = [w for w in fold(question).replace('"', " ").split() if w not in FILLERS]
        words = ["".join(c for c in w if c.isalnum()) for w in words] or ["x"]
        query = " OR ".join(f'"{word}"' for word in words if word)
        rows = self._db.execute(
            "SELECT key FROM article WHERE article MATCH ? "
            "ORDER BY bm25(article, 0, 5.0, 3.0, 1.0) LIMIT 30",
            (query,),
        )
        return list(dict.fromkeys(key for (key,) in rows))[:10]


# -------------------------------------------------------------------------------- measuring


def quality(found: Sequence[tuple[Sequence[str], Asked]]) -> dict[str, float]:
    ranks = [
        next((n for n, key in enumerate(keys, 1) if key in asked.expected), 0)
        for keys, asked in found
    ]
    return {
        "hit@1": sum(rank == 1 for rank in ranks) / len(ranks),
        "hit@3": sum(0 < rank <= 3 for rank in ranks) / len(ranks),
        "mrr": sum(1 / rank for rank in ranks if rank) / len(ranks),
    }


async def fill(folder: Path, articles: Sequence[Article], encoder: UniversalEncoder) -> Any:
    """Put the articles into a store as an import would."""
    db = open_database(f"sqlite:///{folder / 'bench.db'}")
    await upgrade(db)
    now = datetime.now(UTC)

    def step(tx: Tx, part: Sequence[Article]) -> None:
        live = repository.raise_live_version(tx)
        rows: list[dict[str, Any]] = []
        revisions: list[dict[str, Any]] = []
        vectors: list[dict[str, Any]] = []
        for article in part:
            article_id = new_id()
            rows.append({
                "id": article_id, "key": article.key, "locale": article.locale,
                "title": article.content.title, "search_text": fold(article.content.title),
                "category": None, "tags": [], "state": "published", "version": 1, "revision": 1,
                "published_revision": 1, "live_version": live, "created_at": now,
                "updated_at": now, "updated_by": None,
            })  # fmt: skip
            revisions.append({
                "article_id": article_id, "number": 1, "title": article.content.title,
                "answer": article.content.answer, "phrasings": list(article.content.phrasings),
                "author": None, "reason": None, "created_at": now,
            })  # fmt: skip
            vectors.append(repository.vector_values(article_id, 1, encoder.name, article.vectors))
        repository.insert_many(tx, articles=rows, revisions=revisions, vectors=vectors)

    for at in range(0, len(articles), 5_000):
        part = articles[at : at + 5_000]
        await db.write(partial(step, part=part))
    return db


async def measure(size: int, encoder: UniversalEncoder, real: list[Article]) -> dict[str, Any]:
    """Return everything measured at one size."""
    articles = [*real, *generated(encoder, max(0, size - len(real)))]
    asked = questions(articles)
    own = [q for q in asked if not q.expected[0].startswith("gen-")]
    chance = random.Random(SEED)
    result: dict[str, Any] = {"articles": len(articles), "questions": len(asked)}
    with tempfile.TemporaryDirectory() as name:
        db = await fill(Path(name), articles, encoder)
        before = psutil.Process().memory_info().rss
        started = time.perf_counter()
        knowledge = KnowledgeBase(db, encoder)
        await knowledge.start()
        result["load_s"] = time.perf_counter() - started
        await knowledge.improve()
        result["memory_mb"] = (psutil.Process().memory_info().rss - before) / 2**20
        found, found_own = [], []
        for question in asked:
            answer = await knowledge.ask(question.text, locale=question.locale)
            found.append(([hit.key for hit in answer.hits], question))
            if question in own:
                found_own.append(found[-1])
        result["ours"] = {"all": quality(found), "own words": quality(found_own)}
        whole, search_only, encode = Timer(), Timer(), Timer()
        order = [(question, n) for question in asked for n in range(ROUNDS)]
        chance.shuffle(order)
        for question, n in order:
            text = f"{question.text} {n}"
            with whole:
                with encode:
                    vector: Vector = encoder.encode_now([text])[0]
                with search_only:
                    await knowledge.ask(text, locale=question.locale, vector=vector)
        result["latency"] = {"whole": whole.show(), "search": search_only.show(),
                             "encode": encode.show()}  # fmt: skip
        result["publish"] = await publish(db, encoder, knowledge)
        result["during_rebuild"] = await during_rebuild(knowledge, asked)
        await knowledge.close()
        await db.close()
    peer = FullText(articles)
    timer = Timer()
    answers = [(peer.ask(q.text), q) for q in asked]
    for question, n in order:
        with timer:
            peer.ask(f"{question.text} {n}")
    result["fts5"] = {
        "all": quality(answers),
        "own words": quality([pair for pair in answers if pair[1] in own]),
        "latency": timer.show(),
    }
    return result


async def publish(db: Any, encoder: UniversalEncoder, knowledge: KnowledgeBase) -> str:
    """Return how long it takes until a question gets a new answer: once written, in ms."""
    desk = Articles(db, clock=SystemClock(), encoder=encoder, knowledge=knowledge)
    timer = Timer()
    for number in range(20):
        word = f"zyx{number}w"
        details = await desk.create(
            actor=None, locale="en",
            content=Content(title=f"The {word} question", answer=f"It is {word}."),
        )  # fmt: skip
        with timer:
            await desk.publish(details.article.id, actor=None)
            hits = (await knowledge.ask(word, locale="en")).hits
        assert hits[0].article_id == details.article.id
    return timer.show()


async def during_rebuild(knowledge: KnowledgeBase, asked: Sequence[Asked]) -> dict[str, Any]:
    """Ask while the whole index is merged in a thread beside."""
    timer = Timer()
    index = knowledge.index
    started = time.perf_counter()
    rebuild = asyncio.create_task(asyncio.to_thread(index.compact, pause=lambda: time.sleep(0)))
    number = 0
    while not rebuild.done() or number < 5:
        question = asked[number % len(asked)]
        number += 1
        with timer:
            await knowledge.ask(f"{question.text} r{number}", locale=question.locale)
        await asyncio.sleep(0)
    await rebuild
    return {"seconds": time.perf_counter() - started, "asked": number, "latency": timer.show()}


def show(result: dict[str, Any]) -> None:
    print(f"\n{result['articles']:,} articles, {result['questions']} questions")
    print("                         hit@1  hit@3    MRR   own words: hit@1  hit@3    MRR")
    for name, label in (("ours", "Frontline"), ("fts5", "FTS5, BM25")):
        every, own = result[name]["all"], result[name]["own words"]
        print(
            f"  {label:22}  {every['hit@1']:.3f}  {every['hit@3']:.3f}  {every['mrr']:.3f}"
            f"              {own['hit@1']:.3f}  {own['hit@3']:.3f}  {own['mrr']:.3f}"
        )
    print("  ms                        processor: p50, p99    clock: p50, p99")
    print(f"    question to answer      {result['latency']['whole']}")
    print(f"      of it encoding        {result['latency']['encode']}")
    print(f"      of it search          {result['latency']['search']}")
    print(f"    FTS5                    {result['fts5']['latency']}")
    print(f"    publish to answer       {result['publish']}")
    during = result["during_rebuild"]
    print(f"    during a rebuild        {during['latency']}   ({during['seconds']:.1f} s)")
    print(f"  read at start: {result['load_s']:.1f} s; memory: {result['memory_mb']:.0f} MB")


async def main() -> None:
    """Run every size and print a table."""
    parser = argparse.ArgumentParser(prog="frontline bench kb")
    parser.add_argument("--sizes", default="1000,10000,100000")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    threadpoolctl.threadpool_limits(1)
    encoder = UniversalEncoder()
    real = shop(encoder)
    for size in [int(part) for part in options.sizes.split(",")]:
        print(f"measuring {size:,} articles ...", file=sys.stderr, flush=True)
        result = await measure(size, encoder, real)
        if options.json:
            print(json.dumps(result), flush=True)
        else:
            show(result)
            sys.stdout.flush()


if __name__ == "__main__":
    asyncio.run(main())
