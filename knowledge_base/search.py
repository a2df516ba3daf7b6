"""Questions to articles: one `KnowledgeBase` per process, over an index swapped in memory.

A publish anywhere is found here within a second: by the hint, which is quick but may be lost, and
by asking the database for its version twice a second, which can't be. Questions always find an
index; the next one is built in a thread beside it, from what changed only.
"""

import asyncio
import contextlib
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import structlog

from bot.kit.bus import Bus
from bot.kit.db import Database, Tx
from bot.kit.encoder import Encoder, Vector
from bot.kit.text import is_blank
from knowledge_base import repository
from knowledge_base.article import Content, DraftArticle
from knowledge_base.index import Asked, Entry, Index, Int8Matrix, quantise, texts_to_encode
from knowledge_base.ranking import (
    ANSWER_CONFIDENCE,
    CLARIFY_MEANING,
    COVERAGE_WEIGHT,
    LEARNED_SCALE,
    LOCALE_BONUS,
    Candidate,
    Decision,
    decide,
    rank,
)
from knowledge_base.text import FILLERS, spell_out, stems_of, words_of
from knowledge_base.vocabulary import repository as vocabulary_repository
from knowledge_base.vocabulary.vocabulary import NOTHING_TAUGHT, Vocabulary

log = structlog.get_logger(__name__)
POLL_SECONDS = 0.5
"""How often the database is asked for its version; edits show within this when hints are lost."""
START_SECONDS = 2.0
"""So long a gateway waits for its articles before it takes messages; of a large base the rest is read
beside them (100,000 articles take a minute)."""
READ_AT_ONCE = 2_000
"""Articles read together at the start: between such parts other reads have their turn."""
LOOKED_AT = 100
"""Articles that a question is compared with while the base is being read."""
STEMS_ASKED = 5
"""Stems of a question, the longest, that are looked for meanwhile: each is a look through all titles."""
INLINE_ROWS = 16_000
"""Up to this many vectors a question is compared on the event loop (1 ms); above, in a thread."""
TOLD_EVERY_SECONDS = 5.0
"""How often the log says how much of the base has been read."""
FILL_BATCH = 16
"""Articles whose vectors are made and shown together when the encoder is new."""


@dataclass(frozen=True, slots=True)
class Hit:
    """An article that was found, with its scores."""

    article_id: str
    key: str
    locale: str
    title: str
    answer: str
    """Markdown."""
    revision: int
    score: float
    lexical: float
    """How much of the question's words the article has, 0 to 1."""
    dense: float
    """How near the meaning is, from cosines (see `ranking.Candidate`)."""
    other_language: bool
    learned: float = 0.0
    """What the classifier over all phrasings adds."""
    state: str = "published"


@dataclass(frozen=True, slots=True)
class Answer:
    """What the knowledge base says to a question."""

    decision: Decision
    hits: tuple[Hit, ...]
    """One per article key, best first."""
    reasons: tuple[str, ...]
    margin: float
    """Score of the best hit above the second."""
    best: float
    """Score of the best hit."""
    confidence: float = 0.0
    """Estimated probability that the best hit answers the question."""
    choices: tuple[Hit, ...] = ()
    """The hits worth offering, best first: to choose from, or beside an answer that is not sure."""
    needed: float = ANSWER_CONFIDENCE
    """Confidence from which on the best hit answers."""
    near_enough: float = CLARIFY_MEANING
    """Nearness in meaning (`Hit.dense`) from which on hits are worth offering."""


class KnowledgeBase:
    """Answers questions from the published articles. One per process."""

    def __init__(
        self,
        db: Database,
        encoder: Encoder,
        *,
        bus: Bus | None = None,
        poll_seconds: float = POLL_SECONDS,
    ) -> None:
        self._db = db
        self._encoder = encoder
        self._bus = bus
        self._poll_seconds = poll_seconds
        self._index = Index()
        self._vocabulary = NOTHING_TAUGHT
        self._version = -1
        self._lock = asyncio.Lock()
        self._improved = -1
        self._tasks: list[asyncio.Task[Any]] = []
        self._stale = asyncio.Event()
        self._closing = False
        self._steps = 0
        self._steps_in_all = 0

    @property
    def index(self) -> Index:
        """What questions are compared with now."""
        return self._index

    @property
    def vocabulary(self) -> Vocabulary:
        """What editors taught."""
        return self._vocabulary

    @property
    def version(self) -> int:
        """Number of the last change that is part of the answers; -1 before anything was read."""
        return self._version

    def __len__(self) -> int:
        return len(self._index)

    @property
    def ready(self) -> bool:
        """Whether every article is part of the answers, as of some moment."""
        return self._version >= 0

    @property
    def reading(self) -> bool:
        """Whether the base is being read for the first time, beside the questions."""
        return not self.ready and bool(self._tasks)

    @property
    def read_share(self) -> float:
        """How much of the base has been read since the start, 0 to 1."""
        return 1.0 if self.ready else min(self._steps / max(self._steps_in_all, 1), 0.99)

    async def start(self) -> None:
        """Read the articles and keep up with changes until `close`.

        A large base is read on beside the questions, which are meanwhile compared with articles that
        share a word with them.

        Raises:
            Unavailable: the store can't be read.
        """
        if self._tasks:
            return
        first = asyncio.create_task(self.refresh(), name="knowledge-base-first")
        self._tasks = [first]
        done, _ = await asyncio.wait({first}, timeout=START_SECONDS)
        if done:
            self._tasks = []
            first.result()
        self._tasks += [
            asyncio.create_task(self._follow(), name="knowledge-base"),
            asyncio.create_task(self._keep_improving(), name="knowledge-base-improving"),
        ]

    async def close(self) -> None:
        """Stop keeping up."""
        self._closing = True
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks = []
        self._closing = False

    async def refresh(self) -> bool:
        """Take in every change committed until now; True when there was one."""
        async with self._lock:
            known = self._version
            version = await self._db.read(repository.live_version)
            if version == known:
                return False
            vocabulary = await self._db.read(vocabulary_repository.read_vocabulary)
            # Counting backwards means that another store was put in place: read everything.
            if 0 <= known < version:
                await self._take_in(after=known)
            else:
                self._vocabulary = vocabulary
                self._index = await self._read_everything()
            self._vocabulary = vocabulary
            self._version = version
            self._stale.set()
        return True

    async def _take_in(self, *, after: int) -> None:
        changes = await self._db.read(
            lambda conn: repository.live_changes(conn, after=after, encoder=self._encoder.name)
        )
        put = [change.entry for change in changes if change.entry is not None]
        drop = [change.article_id for change in changes if change.entry is None]
        if put or drop:
            self._index = await asyncio.to_thread(self._index.changed, put, drop, pause=_let_others)

    async def _read_everything(self) -> Index:
        """Return an index of all articles; `read_share` tells how far it is.

        What is changed meanwhile has a higher version and is taken in next.
        """
        count = await self._db.read(repository.count_live)
        self._steps, self._steps_in_all = 0, 2 * count
        told = time.monotonic()
        entries: list[Entry] = []

        def step(number: int = 1) -> None:
            nonlocal told
            if self._closing:
                raise _Stopped
            self._steps += number
            if time.monotonic() - told >= TOLD_EVERY_SECONDS:
                told = time.monotonic()
                log.info("knowledge_base.reading", articles=count, done=f"{self.read_share:.0%}")
            _let_others()

        while True:
            last = entries[-1].article_id if entries else ""
            page = await self._db.read(
                partial(
                    repository.live_page,
                    after_id=last,
                    limit=READ_AT_ONCE,
                    encoder=self._encoder.name,
                )
            )
            if not page:
                break
            entries += page
            step(len(page))
        return await asyncio.to_thread(Index().changed, entries, pause=step)

    async def improve(self) -> None:
        """Merge what changed into the large part of the index, and fit the classifier anew.

        Both are made beside the questions and swapped in; what was published meanwhile is kept.
        """
        before, version = self._index, self._version
        if before.wants_merging:
            compacted = await asyncio.to_thread(before.compact, pause=_let_others)
            async with self._lock:
                self._index = await asyncio.to_thread(self._index.rebased, compacted, before)
        head = await asyncio.to_thread(self._index.fitted_head)
        async with self._lock:
            self._index = self._index.with_head(head)
            self._improved = version

    async def _keep_improving(self) -> None:
        while True:
            await self._stale.wait()
            self._stale.clear()
            try:
                await self.improve()
            except Exception:  # worker edge: questions are answered without the improvement
                log.exception("knowledge_base.improving_failed")

    async def fill_vectors(self) -> int:
        """Make the vectors that are missing (a new encoder, a restored store); return how many.

        Until then those articles are found by their words alone.
        """
        filled = 0
        while missing := [e for e in self._index if e.vectors is None]:
            batch = missing[:FILL_BATCH]
            done = [replace(e, vectors=await self._encode(_content(e))) for e in batch]
            await self._store(done)
            async with self._lock:
                current = [
                    e
                    for e in done
                    if (now := self._index.find(e.article_id)) and now.revision == e.revision
                ]
                self._index = await asyncio.to_thread(
                    self._index.changed, current, pause=_let_others
                )
            filled += len(done)
            self._stale.set()
        return filled

    async def _store(self, entries: Iterable[Entry]) -> None:
        entries = list(entries)

        def step(tx: Tx) -> None:
            for entry in entries:
                if entry.vectors is not None:
                    repository.store_vectors(
                        tx, entry.article_id, entry.revision, self._encoder.name, entry.vectors
                    )

        await self._db.write(step)

    async def _encode(self, content: Content) -> Int8Matrix:
        return quantise(await self._encoder.encode_many(texts_to_encode(content)))

    async def _follow(self) -> None:
        async with contextlib.AsyncExitStack() as stack:
            hints = None
            if self._bus is not None:
                hints = await stack.enter_async_context(self._bus.subscribe("knowledge_base"))
            troubled = False
            while True:
                try:
                    await self.refresh()
                    await self.fill_vectors()
                    troubled = False
                except Exception as error:  # the old index keeps answering until the store is back
                    if not troubled:
                        log.warning("knowledge_base.refresh_failed", error=type(error).__name__)
                    troubled = True
                if hints is None:
                    await asyncio.sleep(self._poll_seconds)
                else:
                    with contextlib.suppress(TimeoutError):
                        await asyncio.wait_for(hints.get(), self._poll_seconds)

    async def get_published(self, article_id: str) -> Hit | None:
        """Return an article as customers see it, or None when they don't."""
        if self.reading:
            entry = await self._db.read(
                lambda conn: repository.live_entry(conn, article_id, encoder=self._encoder.name)
            )
        else:
            await self._ensure_loaded()
            entry = self._index.find(article_id)
        if entry is None:
            return None
        return _to_hit(Candidate(entry, 0.0, 0.0, 0.0, 0.0, 0.0), locale=entry.locale)

    async def ask(
        self,
        question: str,
        *,
        locale: str,
        vector: Vector | None = None,
        limit: int = 10,
        draft: DraftArticle | None = None,
        index: Index | None = None,
    ) -> Answer:
        """Find the articles nearest to a question and decide what to do with them.

        Args:
            question: the customer's words.
            locale: language of the conversation; preferred, never required.
            vector: of the question, when somebody has encoded it already.
            limit: hits at most.
            draft: a text searched as if it were published, in place of the article with its id.
            index: asked instead of what customers get now.
        """
        reading = self.reading and index is None
        if not reading:
            await self._ensure_loaded()
        index = index if index is not None else self._index
        if is_blank(question):
            return Answer(Decision.HANDOFF, (), ("The question is empty.",), 0.0, 0.0)
        if reading:
            index = await self._sharing_words(question, locale)
        if draft is not None:
            index = await self._with_draft(index, draft)
        asked = index.read(question, self._vocabulary)
        plain = spell_out(question)
        if vector is None or (plain != question.lower() and asked.variant is None):
            vector = await self._encoder.encode(plain)
        vectors = [vector]
        if asked.variant is not None:
            vectors.append(await self._encoder.encode(asked.variant))
        if len(index.base.matrix) > INLINE_ROWS:
            return await asyncio.to_thread(search, index, asked, vectors, locale, limit, draft)
        found = search(index, asked, vectors, locale, limit, draft)
        if reading:
            why = (
                f"The articles are still being read ({self.read_share:.0%}): only those that share a "
                "word with the question were looked at."
            )
            found = replace(found, reasons=(*found.reasons, why))
        return found

    async def _sharing_words(self, question: str, locale: str) -> Index:
        """Return a small index of the articles that share words with a question."""
        asked = [word for word in words_of(question) if len(word) >= 3 and word not in FILLERS]
        stems = {stem for stem in stems_of(asked, locale) if stem.isalnum()}
        wanted = sorted(stems, key=lambda stem: (-len(stem), stem))[:STEMS_ASKED]
        entries = await self._db.read(
            lambda conn: repository.live_by_words(
                conn, wanted, limit=LOOKED_AT, encoder=self._encoder.name
            )
        )
        return await asyncio.to_thread(Index().changed, entries)

    async def current(self) -> Index:
        """Return what questions are compared with once the classifier has been fitted to it."""
        await self._ensure_loaded()
        if self._improved != self._version:
            await self.improve()
        return self._index

    async def would_be(self, *, put: Sequence[Entry] = (), drop: Sequence[str] = ()) -> Index:
        """Return the index as it would be after changes went live, classifier and all.

        Args:
            put: texts as they would be shown (see `entry_of`).
            drop: ids of articles that would be shown no longer.
        """
        index = await self.current()
        if put or drop:
            index = await asyncio.to_thread(
                partial(index.changed, put, drop, merge=False, pause=_let_others)
            )
        if index.head is not None:
            index = index.with_head(await asyncio.to_thread(index.fitted_head))
        return index

    async def entry_of(self, draft: DraftArticle) -> Entry:
        """Return a text as it would be in the index once it was published."""
        entry = Entry(
            article_id=draft.article_id,
            key=draft.key,
            locale=draft.locale,
            revision=draft.revision,
            title=draft.title,
            answer=draft.answer,
            phrasings=draft.phrasings,
        )
        return replace(entry, vectors=await self._encode(_content(entry)))

    async def _ensure_loaded(self) -> None:
        if self._version < 0:
            await self.refresh()
            if not self._tasks:
                await self.fill_vectors()
                await self.improve()

    async def _with_draft(self, index: Index, draft: DraftArticle) -> Index:
        entry = await self.entry_of(draft)
        return await asyncio.to_thread(index.changed, [entry], merge=False)


def search(
    index: Index,
    asked: Asked,
    vectors: Sequence[Vector],
    locale: str,
    limit: int = 10,
    draft: DraftArticle | None = None,
) -> Answer:
    """Rank an index against a question. Pure.

    `vectors` are of the question as it was written and, where there are some, with its spelling
    corrected; what is near to either is near.
    """
    candidates = rank(index.measure(asked, vectors), locale=locale)
    verdict = decide(candidates, foreign=asked.foreign, learned=index.head is not None)
    hits = tuple(_to_hit(one, locale=locale, draft=draft) for one in candidates[:limit])
    reasons = list(verdict.reasons)
    if hits:
        top = hits[0]
        reasons.append(
            f"Score: meaning {top.dense:.2f} + {COVERAGE_WEIGHT} × words {top.lexical:.2f}"
            + (f" + learned {top.learned:.2f}" if index.head is not None else "")
            + ("" if top.other_language else f" + {LOCALE_BONUS} for the language")
            + "."
        )
        if top.other_language:
            reasons.append(f"It has no published text in {locale}; {top.locale} is shown.")
    if asked.corrected:
        pairs = ", ".join(f"“{word}” as “{better}”" for word, better in asked.corrected.items())
        reasons.append(f"Read {pairs}.")
    return Answer(
        decision=verdict.decision,
        hits=hits,
        reasons=tuple(reasons),
        margin=verdict.margin,
        best=hits[0].score if hits else 0.0,
        confidence=round(verdict.confidence, 4),
        choices=hits[: verdict.close] if verdict.decision is not Decision.HANDOFF else (),
    )


class _Stopped(Exception):
    """The process ends: what is being read is of no use any more."""


def _let_others() -> None:
    """Give the event loop its turn; a thread that computes would keep it for 5 ms at a time."""
    time.sleep(0)


def _content(entry: Entry) -> Content:
    return Content(title=entry.title, answer=entry.answer, phrasings=entry.phrasings)


def _to_hit(candidate: Candidate, *, locale: str, draft: DraftArticle | None = None) -> Hit:
    entry = candidate.entry
    is_draft = draft is not None and entry.article_id == draft.article_id
    return Hit(
        article_id=entry.article_id,
        key=entry.key,
        locale=entry.locale,
        title=entry.title,
        answer=entry.answer,
        revision=entry.revision,
        score=round(candidate.score, 4),
        lexical=round(candidate.lexical, 4),
        dense=round(candidate.dense, 4),
        learned=round(candidate.learned / LEARNED_SCALE, 4),
        other_language=entry.locale != locale,
        state="draft" if is_draft else "published",
    )
