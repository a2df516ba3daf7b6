"""Reads what customers asked, groups what has no good answer, and lets editors act on it."""

import asyncio
from collections import Counter, OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import structlog

from bot.kit.clock import Clock
from bot.kit.db import Database, Tx
from bot.kit.encoder import Encoder
from bot.kit.errors import Conflict, FrontlineError, Invalid, NotFound
from bot.kit.ids import new_id
from bot.staff.audit import record
from knowledge_base.article import MAX_PHRASING, MAX_PHRASINGS, Content
from knowledge_base.asked import repository
from knowledge_base.asked.question import (
    AGAIN_WITHIN,
    FOLLOWS,
    SAME_AGAIN,
    SHOWN,
    Figures,
    FloatArray,
    GroupState,
    Outcome,
    Reading,
    Verdict,
    best_title,
    is_failing,
    lacks_answer,
    nearest_group,
    read_decision,
)
from knowledge_base.asked.repository import Asked, Decided, Group, Published
from knowledge_base.search import Hit, KnowledgeBase
from knowledge_base.service import Articles, Changes, Details
from knowledge_base.text import spell_out, words_of

log = structlog.get_logger(__name__)
BACK = timedelta(days=30)
"""How far back is read when nothing has been read yet."""
OVERLAP = timedelta(minutes=10)
"""A message is decided some time after it came; this far back is looked again."""
BATCH = 200
LOOK = 20_000
REMEMBERED = 50_000
EVERY_SECONDS = 0.5
EXAMPLES = 8
"""Wordings shown of a group."""
TREND = timedelta(days=7)
GROUPED_FOR = timedelta(days=90)
STALE_AFTER = timedelta(days=365)


@dataclass(frozen=True, slots=True)
class Example:
    """One wording in a group."""

    text: str
    locale: str
    at: datetime
    conversation_id: str


@dataclass(frozen=True, slots=True)
class GroupSummary:
    """Questions of like meaning without a good answer."""

    id: str
    state: GroupState
    version: int
    title: str
    count: int
    recent: int
    """Asked in the last seven days."""
    earlier: int
    """Asked in the seven days before: recent above it is a rising trend."""
    hand_offs: int
    locales: dict[str, int]
    outcomes: dict[str, int]
    examples: tuple[Example, ...]
    last_at: datetime
    article_key: str | None


@dataclass(frozen=True, slots=True)
class ArticleFigures:
    """A published article with how it does."""

    article: Published
    figures: Figures


@dataclass(frozen=True, slots=True)
class Lists:
    """Articles that need a look."""

    articles: tuple[ArticleFigures, ...]
    failing: tuple[ArticleFigures, ...]
    never_used: tuple[ArticleFigures, ...]
    stale: tuple[ArticleFigures, ...]


class AskedQuestions:
    """What people asked."""

    def __init__(
        self,
        db: Database,
        clock: Clock,
        *,
        encoder: Encoder,
        knowledge: KnowledgeBase,
        articles: Articles,
        mask: Callable[[str], str],
        as_phrasing: Callable[[str], str],
    ) -> None:
        self._db = db
        self._clock = clock
        self._encoder = encoder
        self._knowledge = knowledge
        self._articles = articles
        self._mask = mask
        self._as_phrasing = as_phrasing
        self._seen: OrderedDict[str, None] = OrderedDict()

    # ---------------------------------------------------------------------------- reading

    async def run(self) -> None:
        """Read on until cancelled."""
        troubled = False
        while True:
            try:
                while await self.collect():
                    pass
                troubled = False
            except FrontlineError as error:  # the store is away: what was not read is read later
                if not troubled:
                    log.warning("asked.reading_failed", error=error.code)
                troubled = True
            await asyncio.sleep(EVERY_SECONDS)

    async def collect(self) -> int:
        """Read the messages that were decided since the last time; return how many."""
        now = self._clock.now()
        until = await self._db.read(repository.progress)
        since = until - OVERLAP if until is not None else now - BACK
        found = await self._db.read(lambda conn: repository.decided_since(conn, since, limit=LOOK))
        new = [(message_id, at) for message_id, at in found if message_id not in self._seen][:BATCH]
        if not new:
            return 0
        ids = [message_id for message_id, _ in new]
        messages = await self._db.read(lambda conn: repository.load_decided(conn, ids))
        prepared = [await self._prepare(message) for message in messages]
        latest = max(at for _, at in new)

        def step(tx: Tx) -> None:
            before = repository.lock_progress(tx, start=since)
            for message, reading, asked in prepared:
                self._take_in(tx, message, reading, asked, now=now)
            repository.set_progress(tx, max(before, latest))

        await self._db.write(step)
        for message_id in ids:
            self._seen[message_id] = None
        while len(self._seen) > REMEMBERED:
            self._seen.popitem(last=False)
        return len(new)

    async def _prepare(self, message: Decided) -> tuple[Decided, Reading, Asked | None]:
        reading = read_decision(message.decision)
        if reading.outcome is None or not words_of(message.text):
            return message, reading, None
        vector = await self._encoder.encode(spell_out(message.text))
        asked = Asked(
            message_id=message.id,
            conversation_id=message.conversation_id,
            at=message.at,
            locale=message.locale,
            text=self._mask(message.text)[:500],
            vector=vector,
            outcome=reading.outcome,
            shown=reading.shown,
            verdict=None,
            led_to_person=reading.person,
            group_id=None,
        )
        return message, reading, asked

    def _take_in(
        self, tx: Tx, message: Decided, reading: Reading, asked: Asked | None, *, now: datetime
    ) -> None:
        earlier = repository.asked_before(
            tx.conn, message.conversation_id, before=message.at, after=message.at - AGAIN_WITHIN
        )
        if asked is not None and repository.insert_asked(tx, asked):
            for old in earlier:
                if _same_again(old, asked):
                    repository.mark_asked_again(tx, old.message_id, message.at)
            self._regroup(tx, asked, now=now)
        last = earlier[0] if earlier else None
        if last is None or message.at - last.at > FOLLOWS:
            return
        if reading.chose is not None and last.outcome in {
            Outcome.ASKED_BACK, Outcome.NOT_UNDERSTOOD, Outcome.OUTSIDE, Outcome.ANSWERED,
        }:  # fmt: skip
            self._change(
                tx, last, now=now, outcome=Outcome.CHOSEN.value,
                article_id=reading.chose.article_id, article_key=reading.chose.key,
                revision=reading.chose.revision, verdict=None, led_to_person=reading.person,
            )  # fmt: skip
        elif reading.verdict is not None and last.outcome in SHOWN:
            self._change(
                tx, last, now=now, verdict=reading.verdict.value,
                led_to_person=last.led_to_person or reading.person,
            )  # fmt: skip
        elif asked is None and reading.person and not last.led_to_person:
            self._change(tx, last, now=now, led_to_person=True)

    def _change(self, tx: Tx, old: Asked, *, now: datetime, **values: object) -> None:
        repository.update_asked(tx, old.message_id, **values)
        changed = repository.asked_before(
            tx.conn, old.conversation_id, before=old.at + timedelta(microseconds=1), after=old.at
        )
        for one in changed:
            if one.message_id == old.message_id:
                self._regroup(tx, one, now=now)

    def _regroup(self, tx: Tx, asked: Asked, *, now: datetime) -> None:
        """Put a question into the group it belongs to by now, or out of the one it is in."""
        wanted = lacks_answer(asked.outcome, asked.verdict, led_to_person=asked.led_to_person)
        if wanted == (asked.group_id is not None) or asked.vector is None:
            return
        if not wanted and asked.group_id is not None:
            group = repository.find_group(tx.conn, asked.group_id, lock=True)
            if group is not None:
                repository.set_group_sum(tx, group.id, group.sum - asked.vector)
            repository.update_asked(tx, asked.message_id, group_id=None)
            return
        groups = {
            group.id: group
            for group in repository.list_groups(tx.conn, states=list(GroupState))
            if _still_grows(group, now=now)
        }
        found = nearest_group(asked.vector, {one.id: one.sum for one in groups.values()})
        if found is None:
            found = new_id()
            repository.insert_group(tx, found, asked.vector, now=now)
        else:
            repository.set_group_sum(tx, found, groups[found].sum + asked.vector)
        repository.update_asked(tx, asked.message_id, group_id=found)

    # ----------------------------------------------------------------------------- groups

    async def groups(self, *, state: GroupState, days: int) -> list[GroupSummary]:
        """Return the groups in a state, those with most questions and hand-offs first."""
        now = self._clock.now()
        since = now - timedelta(days=days)
        groups = await self._db.read(lambda conn: repository.list_groups(conn, states=[state]))
        questions = await self._db.read(
            lambda conn: repository.questions_of(conn, [one.id for one in groups], since=since)
        )
        summaries = [
            _summary(group, questions[group.id], now=now)
            for group in groups
            if questions.get(group.id)
        ]
        summaries.sort(key=lambda one: (-(one.count + 2 * one.hand_offs), one.last_at, one.id))
        return summaries

    async def suggestions(self, group: GroupSummary) -> tuple[Hit, ...]:
        """Return the published articles nearest to a group."""
        locale = max(group.locales, key=lambda one: group.locales[one])
        answer = await self._knowledge.ask(group.title, locale=locale, limit=3)
        return answer.hits

    async def write_article(
        self,
        group_id: str,
        *,
        actor: str | None,
        version: int,
        locale: str,
        title: str | None = None,
    ) -> Details:
        """Start an article from a group: customers' wordings, and an agent's answer if there is one.

        Raises:
            NotFound: there is no such group, or none of its wordings is left.
            Conflict: code "stale".
            Invalid: the text can't be used.
        """
        group, questions = await self._load(group_id, version)
        wordings = self._wordings(questions, locale)
        if not wordings:
            raise NotFound("Nothing of this group's wording is left: the customers were erased.")
        answered = [one.message_id for one in questions if one.led_to_person]
        answers = await self._db.read(lambda conn: repository.agent_answers(conn, answered))
        answer = max((self._as_phrasing(self._mask(text)) for text in answers), key=len, default="")
        details = await self._articles.create(
            actor=actor,
            locale=locale,
            content=Content(title=title or wordings[0], answer=answer, phrasings=tuple(wordings)),
        )
        await self._decide(
            group, state=GroupState.ANSWERED, key=details.article.key, actor=actor, version=version
        )
        return details

    async def add_wording(
        self,
        group_id: str,
        *,
        actor: str | None,
        version: int,
        article_id: str,
        phrasings: Sequence[str] = (),
    ) -> Details:
        """Add a group's wordings (or chosen ones) to an article's draft.

        Raises:
            NotFound: there is no such group or article.
            Conflict: code "stale", "archived".
            Invalid: the text can't be used.
        """
        group, questions = await self._load(group_id, version)
        before = await self._articles.get(article_id)
        wordings = list(phrasings) or self._wordings(questions, before.article.locale)
        old = before.content.phrasings
        known = {tuple(words_of(one)) for one in old}
        new = [one for one in wordings if tuple(words_of(one)) not in known]
        details = before
        if new:
            if len(old) >= MAX_PHRASINGS:
                raise Invalid(
                    f"The article has {MAX_PHRASINGS} phrasings already: take some out first.",
                    code="validation",
                )
            details = await self._articles.change(
                article_id,
                actor=actor,
                version=before.article.version,
                changes=Changes(phrasings=(*old, *new)[:MAX_PHRASINGS]),
                reason="Wording of customers",
            )
        await self._decide(
            group, state=GroupState.ANSWERED, key=before.article.key, actor=actor, version=version
        )
        return details

    async def set_state(
        self, group_id: str, *, actor: str | None, version: int, state: GroupState
    ) -> None:
        """Dismiss a group, or open it again.

        Raises:
            NotFound: there is no such group.
            Conflict: code "stale".
        """
        group, _ = await self._load(group_id, version)
        await self._decide(group, state=state, key=None, actor=actor, version=version)

    async def _load(self, group_id: str, version: int) -> tuple[Group, list[Asked]]:
        group = await self._db.read(lambda conn: repository.find_group(conn, group_id))
        if group is None:
            raise NotFound("There is no such group of questions.")
        if group.version != version:
            raise Conflict("Somebody else has dealt with this group.", code="stale")
        since = self._clock.now() - GROUPED_FOR
        questions = await self._db.read(
            lambda conn: repository.questions_of(conn, [group_id], since=since)
        )
        return group, questions.get(group_id, [])

    async def _decide(
        self, group: Group, *, state: GroupState, key: str | None, actor: str | None, version: int
    ) -> None:
        def step(tx: Tx) -> None:
            now = self._clock.now()
            if not repository.decide_group(
                tx, group.id, version=version, state=state, article_key=key, actor=actor, now=now
            ):
                raise Conflict("Somebody else has dealt with this group.", code="stale")
            record(tx, actor, f"asked.{state.value}", "asked_group", group.id, {"key": key}, now)

        await self._db.write(step)

    def _wordings(self, questions: Sequence[Asked], locale: str) -> list[str]:
        """Return different wordings, the article's language first, latest first, nobody's data in it."""
        found: dict[tuple[str, ...], str] = {}
        for one in sorted(questions, key=lambda q: q.locale != locale):
            text = self._as_phrasing(one.text)[:MAX_PHRASING]
            if len(words_of(text)) >= 2:
                found.setdefault(tuple(words_of(text)), text)
        own = [one for one in questions if one.locale == locale]
        limit = EXAMPLES if len(own) < EXAMPLES else min(len(own), 2 * EXAMPLES)
        return list(found.values())[:limit]

    # ---------------------------------------------------------------------------- figures

    async def figures_of(
        self, article_id: str, *, days: int, again_days: int
    ) -> dict[int, Figures]:
        """Return how an article did, by revision."""
        since = self._clock.now() - timedelta(days=days)
        found = await self._db.read(
            lambda conn: repository.figures(
                conn, since=since, again_within=timedelta(days=again_days), article_id=article_id
            )
        )
        return {revision: one for (_, revision), one in found.items()}

    async def lists(self, *, days: int, again_days: int) -> Lists:
        """Return how all published articles did, and those that need a look."""
        now = self._clock.now()
        since = now - timedelta(days=days)
        found = await self._db.read(
            lambda conn: repository.figures(
                conn, since=since, again_within=timedelta(days=again_days)
            )
        )
        articles = await self._db.read(repository.published_articles)
        total: dict[str, Figures] = {}
        for (article_id, _), one in found.items():
            total[article_id] = total.get(article_id, Figures()).plus(one)
        every = [ArticleFigures(one, total.get(one.id, Figures())) for one in articles]
        every.sort(key=lambda one: (-one.figures.shown, one.article.title))
        failing = [one for one in every if is_failing(one.figures)]
        failing.sort(key=lambda one: -(one.figures.failure_rate or 0))
        return Lists(
            articles=tuple(every),
            failing=tuple(failing),
            never_used=tuple(
                one
                for one in every
                if not one.figures.shown
                and (one.article.published_at is None or one.article.published_at < since)
            ),
            stale=tuple(one for one in every if _is_stale(one.article, now=now)),
        )


def _same_again(old: Asked, new: Asked) -> bool:
    if old.shown is not None and new.shown is not None and old.shown.key == new.shown.key:
        return True
    if old.vector is None or new.vector is None:
        return False
    return float(old.vector @ new.vector) >= SAME_AGAIN


def _still_grows(group: Group, *, now: datetime) -> bool:
    """Tell whether new questions join a group: answered ones get a new group after a while."""
    if group.state is GroupState.ANSWERED:
        return group.decided_at is not None and now - group.decided_at < timedelta(hours=1)
    return True


def _is_stale(article: Published, *, now: datetime) -> bool:
    if isinstance(article.review_by, date):
        return article.review_by <= now.date()
    return article.published_at is not None and now - article.published_at > STALE_AFTER


def _summary(group: Group, questions: Sequence[Asked], *, now: datetime) -> GroupSummary:
    vectors: list[tuple[str, FloatArray | None]] = [(one.text, one.vector) for one in questions]
    different: dict[tuple[str, ...], Asked] = {}
    for one in questions:
        if one.text:
            different.setdefault(tuple(words_of(one.text)), one)
    return GroupSummary(
        id=group.id,
        state=group.state,
        version=group.version,
        title=best_title(vectors),
        count=len(questions),
        recent=sum(1 for one in questions if now - one.at <= TREND),
        earlier=sum(1 for one in questions if TREND < now - one.at <= 2 * TREND),
        hand_offs=sum(1 for one in questions if one.led_to_person),
        locales=dict(Counter(one.locale for one in questions)),
        outcomes=dict(
            Counter(
                Verdict.NOT_HELPED.value if one.outcome in SHOWN else one.outcome.value
                for one in questions
            )
        ),
        examples=tuple(
            Example(one.text, one.locale, one.at, one.conversation_id)
            for one in list(different.values())[:EXAMPLES]
        ),
        last_at=max(one.at for one in questions),
        article_key=group.article_key,
    )
