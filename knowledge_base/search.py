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
from knowledge_base.text import spell_out
from knowledge_base.vocabulary import repository as vocabulary_repository
from knowledge_base.vocabulary.vocabulary import NOTHING_TAUGHT, Vocabulary

log = structlog.get_logger(__name__)
POLL_SECONDS = 0.5
"""How often the database is asked for its version; edits show within this when hints are lost."""
INLINE_ROWS = 16_000
"""Up to this many vectors a question is compared on the event loop (1 ms); above, in a thread."""
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
        self._tasks: list[asyncio.Task[None]] = []
        self._stale = asyncio.Event()

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

    async def start(self) -> None:
        """Read the articles and keep up with changes until `close`."""
        if not self._tasks:
            await self.refresh()
            self._tasks = [
                asyncio.create_task(self._follow(), name="knowledge-base"),
                asyncio.create_task(self._keep_improving(), name="knowledge-base-improving"),
            ]

    async def close(self) -> None:
        """Stop keeping up."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks = []

    async def refresh(self) -> bool:
        """Take in every change committed until now; True when there was one."""
        async with self._lock:
            known = self._version
            version = await self._db.read(repository.live_version)
            if version == known:
                return False
            # Counting backwards means that another store was put in place: read everything.
            after = known if 0 <= known < version else -1
            changes = await self._db.read(
                lambda conn: repository.live_changes(conn, after=after, encoder=self._encoder.name)
            )
            base = self._index if after >= 0 else Index()
            vocabulary = await self._db.read(vocabulary_repository.read_vocabulary)
            put = [change.entry for change in changes if change.entry is not None]
            drop = [change.article_id for change in changes if change.entry is None]
            if put or drop or after < 0:
                self._index = await asyncio.to_thread(base.changed, put, drop, pause=_let_others)
            self._vocabulary = vocabulary
            self._version = version
            self._stale.set()
        return True

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
        await self._ensure_loaded()
        index = index if index is not None else self._index
        if is_blank(question):
            return Answer(Decision.HANDOFF, (), ("The question is empty.",), 0.0, 0.0)
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
        return search(index, asked, vectors, locale, limit, draft)

    async def current(self) -> Index:
        """Return what questions are compared with once the classifier has been fitted to it."""
        await self._ensure_loaded()
        if self._improved != self._version:
            await self.improve()
        return self._index

    async def would_be(self, *, put: DraftArticle | None = None, drop: str | None = None) -> Index:
        """Return the index as it would be after a publish or an archive, classifier and all."""
        index = await self.current()
        if put is not None:
            index = await self._with_draft(index, put)
        if drop is not None:
            index = await asyncio.to_thread(index.changed, [], [drop], merge=False)
        if index.head is not None:
            index = index.with_head(await asyncio.to_thread(index.fitted_head))
        return index

    async def _ensure_loaded(self) -> None:
        if self._version < 0:
            await self.refresh()
            if not self._tasks:
                await self.fill_vectors()
                await self.improve()

    async def _with_draft(self, index: Index, draft: DraftArticle) -> Index:
        entry = Entry(
            article_id=draft.article_id,
            key=draft.key,
            locale=draft.locale,
            revision=draft.revision,
            title=draft.title,
            answer=draft.answer,
            phrasings=draft.phrasings,
        )
        entry = replace(entry, vectors=await self._encode(_content(entry)))
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
