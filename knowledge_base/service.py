"""What editors do to articles: create, change, review, schedule, publish, archive, restore, import.

Each act is one transaction with its audit record. Vectors are made before it, so that no lock waits
for them; in this process the new text is in the answers before the act returns.
"""

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from functools import partial
from typing import Any, Protocol, TypeVar

import numpy as np
import structlog

from bot.kit.clock import Clock
from bot.kit.db import Database, Tx
from bot.kit.encoder import Encoder
from bot.kit.errors import Conflict, Forbidden, Invalid, NotFound, Unavailable
from bot.kit.ids import new_id
from bot.staff import repository as staff_repository
from bot.staff.account import PERMISSIONS
from bot.staff.audit import record
from knowledge_base import repository
from knowledge_base.article import (
    Audience,
    Content,
    DraftArticle,
    Link,
    Problem,
    Stage,
    State,
    Step,
    check_content,
    check_labels,
    is_outdated,
    key_from_title,
    key_problem,
    locale_problem,
    original_of,
    publishing_problems,
    schedule_problem,
    state_after_restore,
    why_not,
)
from knowledge_base.export import Format, read_all, render_file
from knowledge_base.import_files import Change, ImportRow, Outcome, Report, plan_import
from knowledge_base.index import Entry, Int8Matrix, quantise, texts_to_encode
from knowledge_base.repository import Article, Filter, Person, Revision
from knowledge_base.search import KnowledgeBase
from knowledge_base.text import fold

log = structlog.get_logger(__name__)
T = TypeVar("T")
Progress = Callable[[int, int], None]
"""Told how many of how many texts an import has prepared."""
IMPORTED = "Imported"
"""Reason of revisions that came from files."""
REVIEWERS_PUBLISH = (
    "Only reviewers and administrators publish: hand the article in for review instead."
)
ONE_SITTING = timedelta(minutes=10)
"""Saves of one editor that follow a new revision within this time go on writing it."""
WRITERS = tuple(role for role, allowed in PERMISSIONS.items() if "kb.write" in allowed)
ENCODE_AT_ONCE = 2_000
"""Texts of an import that are encoded together: bounds its memory, and is what progress counts."""
PUBLISH_ATTEMPTS = 3
"""Times a publish without a version is tried when the text changes while its vectors are made."""


@dataclass(frozen=True, slots=True)
class Details:
    """An article with its newest text, what customers see, and its translations."""

    article: Article
    content: Content
    published: Revision | None
    translations: tuple[Article, ...]
    original: Article
    """The article that those of its key were translated from; may be this one."""

    @property
    def outdated(self) -> bool:
        """Whether the original was changed after this translation was last brought in line."""
        return is_outdated(self.article, self.original)

    def is_behind(self, translation: Article) -> bool:
        """Tell whether one of the translations is older than the original."""
        return is_outdated(translation, self.original)


@dataclass(frozen=True, slots=True)
class Labels:
    """What is said about an article, not in it: no revision is made of it, it holds at once."""

    category: str | None = None
    tags: tuple[str, ...] = ()
    audience: Audience = Audience.PUBLIC
    owner: str | None = None
    """Staff id."""
    review_by: date | None = None


@dataclass(frozen=True, slots=True)
class Changes:
    """What an editor wants to change; None leaves a member as it is, `clear` names empty it."""

    title: str | None = None
    answer: str | None = None
    phrasings: tuple[str, ...] | None = None
    short_answer: str | None = None
    links: tuple[Link, ...] | None = None
    flows: tuple[str, ...] | None = None
    related: tuple[str, ...] | None = None
    category: str | None = None
    tags: tuple[str, ...] | None = None
    audience: Audience | None = None
    owner: str | None = None
    review_by: date | None = None
    clear: frozenset[str] = field(default=frozenset())
    """Of category, owner and review_by."""

    def of_content(self, old: Content) -> Content:
        """Return the text with the changes in it."""
        return Content(
            title=_either(self.title, old.title),
            answer=_either(self.answer, old.answer),
            phrasings=_either(self.phrasings, old.phrasings),
            short_answer=_either(self.short_answer, old.short_answer),
            links=_either(self.links, old.links),
            flows=_either(self.flows, old.flows),
            related=_either(self.related, old.related),
        )

    def of_labels(self, old: Labels) -> Labels:
        """Return the labels with the changes in them."""

        def kept(name: str, new: T | None, now: T | None) -> T | None:
            return None if name in self.clear else new if new is not None else now

        return Labels(
            category=kept("category", self.category, old.category),
            tags=_either(self.tags, old.tags),
            audience=_either(self.audience, old.audience),
            owner=kept("owner", self.owner, old.owner),
            review_by=kept("review_by", self.review_by, old.review_by),
        )


def _either(new: T | None, old: T) -> T:
    return old if new is None else new


class Gate(Protocol):
    """Says whether a change may go live (see `golden.service`)."""

    async def check(self, *, put: DraftArticle | None = None, drop: str | None = None) -> None:
        """Raise `Conflict` (code "breaks_golden") when a golden question would lose its answer."""
        ...

    async def check_many(self, *, put: Sequence[Entry], drop: Sequence[str]) -> None:
        """The same for many changes together."""
        ...


class Articles:
    """The editors' side of the knowledge base. `actor` is a staff id, None for the command line."""

    def __init__(
        self,
        db: Database,
        *,
        clock: Clock,
        encoder: Encoder,
        knowledge: KnowledgeBase,
        gate: Gate | None = None,
    ) -> None:
        self._db = db
        self._clock = clock
        self._encoder = encoder
        self._knowledge = knowledge
        self._gate = gate

    # ------------------------------------------------------------------------------- reading

    async def list_articles(self, wanted: Filter) -> list[Article]:
        """Return articles, latest change first."""
        return await self._db.read(lambda conn: repository.list_articles(conn, wanted))

    async def get(self, article_id: str) -> Details:
        """Return an article with its texts.

        Raises:
            NotFound: there is none with this id.
        """
        return await self._db.read(lambda conn: _details(conn, article_id))

    async def revisions(self, article_id: str) -> tuple[Article, list[Revision]]:
        """Return an article and every version of its text, newest first.

        Raises:
            NotFound: there is none with this id.
        """
        return await self._db.read(
            lambda conn: (
                repository.get_article(conn, article_id),
                repository.list_revisions(conn, article_id),
            )
        )

    async def draft_of(self, article_id: str) -> DraftArticle:
        """Return an article's newest text, to be tried out with `KnowledgeBase.ask`."""
        details = await self.get(article_id)
        return DraftArticle(
            article_id=details.article.id,
            key=details.article.key,
            locale=details.article.locale,
            revision=details.article.revision,
            title=details.content.title,
            answer=details.content.answer,
            phrasings=details.content.phrasings,
        )

    # ------------------------------------------------------------------------------- writing

    async def create(
        self,
        *,
        actor: str | None,
        locale: str,
        content: Content,
        key: str | None = None,
        category: str | None = None,
        tags: Sequence[str] = (),
        audience: Audience = Audience.PUBLIC,
        owner: str | None = None,
        review_by: date | None = None,
    ) -> Details:
        """Store a new draft.

        Raises:
            Invalid: the text, key or language can't be used.
            Conflict: code "duplicate": the key has an article in this language already.
        """
        labels = Labels(category, tuple(tags), audience, owner, review_by)
        content = _checked(content, labels)
        if (problem := locale_problem(locale)) is not None:
            raise _invalid([Problem("/locale", problem)])
        if key is not None and (problem := key_problem(key)) is not None:
            raise _invalid([Problem("/key", problem)])

        def step(tx: Tx) -> Details:
            now = self._clock.now()
            wanted = key or _free_key(tx, content.title)
            article_id = new_id()
            _check_owner(tx, labels)
            values = _article_values(
                article_id, wanted, locale, content, labels, actor=actor, now=now
            )
            repository.ensure_categories(tx, [category])
            if not repository.insert_article(tx, values):
                raise Conflict(
                    f"There is an article {wanted!r} in {locale} already.", code="duplicate"
                )
            repository.insert_revision(
                tx, article_id, 1, content, author=actor, reason=None, now=now
            )
            record(
                tx, actor, "article.create", "article", article_id,
                {"key": wanted, "locale": locale}, now,
            )  # fmt: skip
            return _details(tx.conn, article_id)

        return await self._db.write(step)

    async def change(
        self,
        article_id: str,
        *,
        actor: str | None,
        version: int,
        changes: Changes,
        reason: str | None = None,
        may_publish: bool = True,
    ) -> Details:
        """Store a new revision as a draft; what customers see stays as it is.

        The editing page saves by itself: what one editor saves in one sitting is one revision.
        Labels are no part of a revision: a new category or audience holds at once.

        Raises:
            Conflict: code "stale": somebody changed the article since `version` was read; `current`
                is what it is now. Code "archived": restore it first. Code "scheduled": cancel the
                schedule first.
            Forbidden: an internal article that is published may only be made public by those who
                may publish.
            Invalid: the text can't be used.
        """

        def step(tx: Tx) -> Details:
            now = self._clock.now()
            article = repository.get_article(tx.conn, article_id, lock=True)
            if article.version != version:
                raise Stale(_details(tx.conn, article_id))
            _require(article, Step.CHANGE)
            newest = repository.get_revision(tx.conn, article_id, article.revision)
            labels = changes.of_labels(_labels_of(article))
            content = _checked(changes.of_content(newest.content), labels)
            if labels.owner != _labels_of(article).owner:
                _check_owner(tx, labels)
            opens = labels.audience is Audience.PUBLIC is not article.audience
            if opens and article.state is State.PUBLISHED and not may_publish:
                raise Forbidden(REVIEWERS_PUBLISH, code="review_required")
            if content != newest.content:
                _revise(
                    tx, article, content, labels=labels, actor=actor, reason=reason, now=now,
                    goes_on=_goes_on(article, newest, actor=actor, reason=reason, now=now),
                )  # fmt: skip
            elif labels != _labels_of(article):
                _relabel(tx, article, content, labels=labels, actor=actor, now=now)
            else:
                return _details(tx.conn, article_id)
            record(tx, actor, "article.change", "article", article_id, {"reason": reason}, now)
            return _details(tx.conn, article_id)

        details = await self._db.write(step)
        if details.article.state is State.PUBLISHED:
            await self._show()
        return details

    async def publish(
        self,
        article_id: str,
        *,
        actor: str | None,
        version: int | None = None,
        reason: str | None = None,
        confirmed: bool = False,
    ) -> Details:
        """Make the newest text what customers see; a reason is kept with its revision.

        Raises:
            Conflict: code "stale" when `version` is given and no longer the article's; "archived";
                "breaks_golden" when golden questions would lose their answer and it is not confirmed.
            Invalid: the text is not complete.
        """
        for _ in range(PUBLISH_ATTEMPTS):
            before = await self.get(article_id)
            if version is not None and before.article.version != version:
                raise Stale(before)
            _require(before.article, Step.PUBLISH)
            if problems := publishing_problems(before.content):
                raise _invalid(problems)
            if self._gate is not None and not confirmed:
                await self._gate.check(put=await self.draft_of(article_id))
            vectors = await self._encode(before.content)
            expected = before.article.version

            def step(tx: Tx, expected: int = expected, vectors: Int8Matrix = vectors) -> bool:
                now = self._clock.now()
                article = repository.get_article(tx.conn, article_id, lock=True)
                if article.version != expected:
                    return False
                if reason:
                    repository.set_reason(tx, article_id, article.revision, reason)
                self._publish(tx, article, vectors, actor=actor, now=now)
                return True

            if await self._db.write(step):
                await self._show()
                return await self.get(article_id)
        raise Stale(await self.get(article_id))

    # ------------------------------------------------------------------ on the way to customers

    async def submit(self, article_id: str, *, actor: str | None, version: int) -> Details:
        """Hand the newest text in for review.

        Raises:
            Conflict: code "stale", "archived", "scheduled" or "nothing_new".
            Invalid: the text is not complete.
        """

        def step(tx: Tx, article: Article, now: datetime) -> None:
            _require_news(article)
            newest = repository.get_revision(tx.conn, article_id, article.revision)
            if problems := publishing_problems(newest.content):
                raise _invalid(problems)
            self._set_stage(tx, article, Stage.IN_REVIEW, actor=actor, now=now)
            record(tx, actor, "article.submit", "article", article_id, None, now)

        return await self._at_version(article_id, version, Step.SUBMIT, step)

    async def send_back(
        self, article_id: str, *, actor: str | None, version: int, reason: str | None = None
    ) -> Details:
        """Take a text out of review: it is a draft again, and says why.

        Raises:
            Conflict: code "stale", "archived" or "not_in_review".
        """

        def step(tx: Tx, article: Article, now: datetime) -> None:
            if reason:
                repository.set_reason(tx, article_id, article.revision, reason)
            self._set_stage(tx, article, None, actor=actor, now=now)
            record(tx, actor, "article.send_back", "article", article_id, {"reason": reason}, now)

        return await self._at_version(article_id, version, Step.SEND_BACK, step)

    async def schedule(
        self,
        article_id: str,
        *,
        actor: str | None,
        version: int,
        publish_at: datetime,
        confirmed: bool = False,
    ) -> Details:
        """Publish the newest text at an instant; until then it can't be changed.

        Raises:
            Conflict: code "stale", "archived", "nothing_new" or "breaks_golden".
            Invalid: the instant lies in the past, or the text is not complete.
        """
        before = await self.get(article_id)
        if before.article.version != version:
            raise Stale(before)
        if problems := publishing_problems(before.content):
            raise _invalid(problems)
        if self._gate is not None and not confirmed:
            await self._gate.check(put=await self.draft_of(article_id))
        # Made now: when the time comes, one short transaction is all that is left to do.
        vectors = await self._encode(before.content)

        def step(tx: Tx, article: Article, now: datetime) -> None:
            _require_news(article)
            if (why := schedule_problem(publish_at, now=now)) is not None:
                raise _invalid([Problem("/publish_at", why)])
            repository.store_vectors(tx, article_id, article.revision, self._encoder.name, vectors)
            self._set_stage(
                tx, article, Stage.SCHEDULED, actor=actor, now=now, publish_at=publish_at
            )
            record(
                tx, actor, "article.schedule", "article", article_id,
                {"revision": article.revision, "publish_at": publish_at.isoformat()}, now,
            )  # fmt: skip

        return await self._at_version(article_id, version, Step.SCHEDULE, step)

    async def unschedule(self, article_id: str, *, actor: str | None, version: int) -> Details:
        """Cancel a schedule: the text is a draft again.

        Raises:
            Conflict: code "stale", "archived" or "not_scheduled".
        """

        def step(tx: Tx, article: Article, now: datetime) -> None:
            self._set_stage(tx, article, None, actor=actor, now=now)
            record(tx, actor, "article.unschedule", "article", article_id, None, now)

        return await self._at_version(article_id, version, Step.UNSCHEDULE, step)

    async def publish_due(self) -> int:
        """Publish every scheduled text whose time has come; return how many.

        Each is one transaction that looks again: two gateways may sweep at the same time, and a
        schedule may have been cancelled meanwhile.
        """
        due = await self._db.read(lambda conn: repository.due_articles(conn, now=self._clock.now()))
        published = 0
        for article in due:
            published += await self._db.write(partial(self._publish_due, article_id=article.id))
        if published:
            await self._show()
        return published

    def _publish_due(self, tx: Tx, *, article_id: str) -> int:
        now = self._clock.now()
        article = repository.get_article(tx.conn, article_id, lock=True)
        due = article.stage is Stage.SCHEDULED and article.publish_at is not None
        if not due or article.publish_at is None or article.publish_at > now:
            return 0
        self._publish(tx, article, None, actor=article.scheduled_by, now=now, scheduled=True)
        return 1

    async def mark_translated(self, article_id: str, *, actor: str | None, version: int) -> Details:
        """Say that a translation agrees with its original as that is now.

        Raises:
            Conflict: code "stale" or "archived".
        """

        def step(tx: Tx, article: Article, now: datetime) -> None:
            repository.update_article(
                tx, article_id, expect_version=article.version, checked_at=now,
                updated_at=now, updated_by=actor,
            )  # fmt: skip
            record(tx, actor, "article.translated", "article", article_id, None, now)

        return await self._at_version(article_id, version, Step.CHANGE, step)

    async def review_required(self) -> bool:
        """Tell whether only reviewers and administrators publish."""
        return await self._db.read(repository.review_required)

    async def set_review_required(self, required: bool, *, actor: str | None) -> None:
        """Set whether only reviewers and administrators publish."""

        def step(tx: Tx) -> None:
            repository.set_review_required(tx, required)
            record(
                tx, actor, "kb.publishing", "knowledge_base", "publishing",
                {"review_required": required}, self._clock.now(),
            )  # fmt: skip

        await self._db.write(step)

    async def people(self) -> list[Person]:
        """Return who can own an article: everybody who may write articles."""
        return await self._db.read(
            lambda conn: [
                Person(staff.id, staff.name)
                for staff in staff_repository.list_active(conn, roles=WRITERS)
            ]
        )

    async def published_keys(self, keys: Sequence[str]) -> set[str]:
        """Return those of the keys that customers could be shown in some language."""
        return await self._db.read(
            lambda conn: {found.key for found in repository.list_public(conn, keys=keys)}
        )

    async def stale_translations(self, keys: Iterable[str]) -> set[str]:
        """Return the ids of articles of these keys that are older than their original."""
        wanted = list(keys)
        return await self._db.read(lambda conn: repository.stale_translations(conn, wanted))

    async def _at_version(
        self,
        article_id: str,
        version: int,
        kind: Step,
        change: Callable[[Tx, Article, datetime], None],
    ) -> Details:
        def step(tx: Tx) -> Details:
            article = repository.get_article(tx.conn, article_id, lock=True)
            if article.version != version:
                raise Stale(_details(tx.conn, article_id))
            _require(article, kind)
            change(tx, article, self._clock.now())
            return _details(tx.conn, article_id)

        return await self._db.write(step)

    def _set_stage(
        self,
        tx: Tx,
        article: Article,
        stage: Stage | None,
        *,
        actor: str | None,
        now: datetime,
        publish_at: datetime | None = None,
    ) -> None:
        repository.update_article(
            tx,
            article.id,
            expect_version=article.version,
            stage=stage.value if stage else None,
            publish_at=publish_at,
            scheduled_by=actor if publish_at is not None else None,
            updated_at=now,
            updated_by=actor,
        )

    async def archive(
        self, article_id: str, *, actor: str | None, confirmed: bool = False
    ) -> Details:
        """Take an article out of the answers; doing it twice changes nothing.

        Raises:
            Conflict: code "breaks_golden" when a golden question expects it and it is not confirmed.
        """
        if self._gate is not None and not confirmed:
            await self._gate.check(drop=article_id)

        def step(tx: Tx) -> Details:
            now = self._clock.now()
            article = repository.get_article(tx.conn, article_id, lock=True)
            if article.state is not State.ARCHIVED:
                repository.update_article(
                    tx, article_id, expect_version=article.version, state=State.ARCHIVED.value,
                    updated_at=now, updated_by=actor, **_NO_STAGE,
                    live_version=repository.raise_live_version(tx),
                )  # fmt: skip
                record(tx, actor, "article.archive", "article", article_id, None, now)
            return _details(tx.conn, article_id)

        result = await self._db.write(step)
        await self._show()
        return result

    async def restore(
        self,
        article_id: str,
        *,
        actor: str | None,
        revision: int | None = None,
        may_publish: bool = True,
    ) -> Details:
        """Bring back an archived article, or an older text.

        An archived article becomes what it was before: published when customers saw it then. With a
        `revision` its text becomes the newest, and what customers see if the article is published
        (and `may_publish`; else it is a draft that waits for a reviewer).

        Raises:
            NotFound: the article has no such revision.
            Conflict: code "not_archived": there is nothing to bring back; "scheduled": cancel the
                schedule first.
            Forbidden: code "review_required": customers would see the article again.
        """
        before = await self.get(article_id)
        gone = before.article.state is State.ARCHIVED
        if gone and before.article.published_revision is not None and not may_publish:
            raise Forbidden(REVIEWERS_PUBLISH, code="review_required")
        if before.article.stage is Stage.SCHEDULED:
            _require(before.article, Step.CHANGE)
        vectors = None
        if revision is not None:
            _, revisions = await self.revisions(article_id)
            old = next((r for r in revisions if r.number == revision), None)
            if old is None:
                raise NotFound("There is no such revision.")
            vectors = await self._encode(old.content)
        elif before.article.state is not State.ARCHIVED:
            raise Conflict("The article is not archived.", code="not_archived")

        def step(tx: Tx) -> Details:
            now = self._clock.now()
            article = repository.get_article(tx.conn, article_id, lock=True)
            state = article.state
            if state is State.ARCHIVED:
                state = state_after_restore(article.published_revision)
                repository.update_article(
                    tx, article_id, expect_version=article.version, state=state.value,
                    updated_at=now, updated_by=actor,
                    live_version=repository.raise_live_version(tx),
                )  # fmt: skip
            record(tx, actor, "article.restore", "article", article_id, {"revision": revision}, now)
            if revision is not None:
                article = repository.get_article(tx.conn, article_id)
                content = repository.get_revision(tx.conn, article_id, revision).content
                _revise(
                    tx, article, content, labels=_labels_of(article),
                    actor=actor, reason=f"Revision {revision} restored", now=now,
                )  # fmt: skip
                if state is State.PUBLISHED and vectors is not None and may_publish:
                    article = repository.get_article(tx.conn, article_id)
                    self._publish(tx, article, vectors, actor=actor, now=now)
            return _details(tx.conn, article_id)

        result = await self._db.write(step)
        await self._show()
        return result

    # ----------------------------------------------------------------------------- many at once

    async def import_rows(
        self,
        rows: Sequence[ImportRow],
        *,
        actor: str | None,
        dry_run: bool = False,
        only_new: bool = False,
        problems: Sequence[Outcome] = (),
        may_publish: bool = True,
        confirmed: bool = False,
        progress: Progress | None = None,
    ) -> Report:
        """Store many articles at once: all of them, or none when one can't be used.

        Args:
            rows: as read by `read_import`.
            actor: who imports.
            dry_run: only say what would happen.
            only_new: leave articles that exist already untouched, whatever the rows say.
            problems: lines that could not even be read; any of them stops the import.
            may_publish: whether rows may change what customers see; where not, such a row is bad.
            confirmed: golden questions may lose their answers.
            progress: told while the texts are prepared, which is what takes time.

        Raises:
            Conflict: code "breaks_golden" when golden questions would lose their answers and it is not
                confirmed.
        """

        def plan(conn: Any) -> Report:
            report = _plan(conn, rows, only_new=only_new, problems=problems)
            return report if may_publish else report.without_publishing(REVIEWERS_PUBLISH)

        report = await self._db.read(plan)
        if dry_run or not report.usable or not report.pending:
            return report
        vectors = await self._encode_all(
            [c.row.content for c in report.pending if c.publishes], progress
        )

        if self._gate is not None and not confirmed and report.goes_live:
            put, drop = await self._db.read(lambda conn: _as_seen(conn, report.pending, vectors))
            await self._gate.check_many(put=put, drop=drop)

        def step(tx: Tx) -> Report:
            now = self._clock.now()
            # Planned again: the articles may have changed while vectors were being made.
            report = plan(tx.conn)
            if not report.usable:
                raise Conflict("The articles changed in the meantime: import again.")
            repository.ensure_categories(tx, {change.row.category for change in report.pending})
            live = repository.raise_live_version(tx) if report.goes_live else 0
            new = [change for change in report.pending if change.new_article]
            self._insert_new(tx, new, vectors, live=live, actor=actor, now=now)
            for change in report.pending:
                if not change.new_article:
                    self._apply(tx, change, vectors, live=live, actor=actor, now=now)
            record(
                tx, actor, "article.import", "article", "*",
                {"created": report.created, "changed": report.changed}, now,
            )  # fmt: skip
            return report

        report = await self._db.write(step)
        await self._show()
        return report

    def _insert_new(
        self,
        tx: Tx,
        changes: Sequence[Change],
        vectors: Mapping[Content, Int8Matrix],
        *,
        live: int,
        actor: str | None,
        now: datetime,
    ) -> None:
        articles: list[dict[str, Any]] = []
        revisions: list[dict[str, Any]] = []
        stored_vectors: list[dict[str, Any]] = []
        for change in changes:
            row = change.row
            labels = Labels(
                row.category, row.tags or (), row.audience or Audience.PUBLIC, None, row.review_by
            )
            values = _article_values(
                new_id(), row.key, row.locale, row.content, labels, actor=actor, now=now
            )
            values["state"] = row.state.value
            if change.publishes:
                values |= {"published_revision": 1, "live_version": live}
                found = vectors.get(row.content)
                if found is not None:
                    stored_vectors.append(
                        repository.vector_values(values["id"], 1, self._encoder.name, found)
                    )
            articles.append(values)
            revisions.append(
                {
                    "article_id": values["id"],
                    "number": 1,
                    **repository.content_values(row.content),
                    "author": actor,
                    "reason": IMPORTED,
                    "created_at": now,
                }
            )
        repository.insert_many(tx, articles=articles, revisions=revisions, vectors=stored_vectors)

    def _apply(
        self,
        tx: Tx,
        change: Change,
        vectors: Mapping[Content, Int8Matrix],
        *,
        live: int,
        actor: str | None,
        now: datetime,
    ) -> None:
        row = change.row
        found = repository.find_by_keys(tx.conn, [row.key])[row.key, row.locale]
        old = _labels_of(found)
        labels = replace(
            old,
            category=row.category if row.category is not None else old.category,
            tags=row.tags if row.tags is not None else old.tags,
            audience=row.audience or old.audience,
            review_by=row.review_by or old.review_by,
        )
        if change.new_text:
            _revise(
                tx, found, row.content, labels=labels, actor=actor, reason=IMPORTED, now=now,
                live=live or None,
            )  # fmt: skip
            found = repository.get_article(tx.conn, found.id)
        elif labels != old:
            _relabel(tx, found, row.content, labels=labels, actor=actor, now=now, live=live or None)
            found = repository.get_article(tx.conn, found.id)
        if row.state is State.PUBLISHED and change.publishes:
            self._publish(tx, found, vectors.get(row.content), actor=actor, now=now, live=live)
        elif row.state is State.ARCHIVED and found.state is not State.ARCHIVED:
            repository.update_article(
                tx, found.id, expect_version=found.version, state=State.ARCHIVED.value,
                updated_at=now, updated_by=actor, live_version=live, **_NO_STAGE,
            )  # fmt: skip

    async def export(self, chosen: Format, *, actor: str | None) -> tuple[str, bytes]:
        """Return a file's name and content with every article in it; noted in the audit log."""
        found = await self._db.read(read_all)
        data = await asyncio.to_thread(render_file, found, chosen)
        now = self._clock.now()
        detail = {"format": chosen.value, "texts": len(found)}

        def step(tx: Tx) -> None:
            record(tx, actor, "article.export", "article", "*", detail, now)

        await self._db.write(step)
        suffix = "zip" if chosen is Format.MARKDOWN else chosen.value
        return f"articles-{now:%Y-%m-%d}.{suffix}", data

    # -------------------------------------------------------------------------------- helpers

    def _publish(
        self,
        tx: Tx,
        article: Article,
        vectors: Int8Matrix | None,
        *,
        actor: str | None,
        now: datetime,
        live: int | None = None,
        scheduled: bool = False,
    ) -> None:
        if vectors is not None:
            repository.store_vectors(tx, article.id, article.revision, self._encoder.name, vectors)
        repository.update_article(
            tx,
            article.id,
            expect_version=article.version,
            state=State.PUBLISHED.value,
            published_revision=article.revision,
            live_version=repository.raise_live_version(tx) if live is None else live,
            updated_at=now,
            updated_by=actor,
            **_NO_STAGE,
        )
        if live is None:
            detail = {"revision": article.revision, "key": article.key, "locale": article.locale}
            if scheduled:
                detail["scheduled"] = True
            record(tx, actor, "article.publish", "article", article.id, detail, now)

    async def _encode(self, content: Content) -> Int8Matrix:
        return quantise(await self._encoder.encode_many(texts_to_encode(content)))

    async def _encode_all(
        self, contents: Iterable[Content], progress: Progress | None = None
    ) -> dict[Content, Int8Matrix]:
        wanted = list(dict.fromkeys(contents))
        texts = [texts_to_encode(content) for content in wanted]
        # Texts of like length together: the encoder pads a batch to its longest text.
        flat = sorted({text for group in texts for text in group}, key=len)
        done: list[Int8Matrix] = []
        for start in range(0, len(flat), ENCODE_AT_ONCE):
            if progress is not None:
                progress(start, len(flat))
            batch = flat[start : start + ENCODE_AT_ONCE]
            done.append(quantise(await self._encoder.encode_many(batch)))
        if progress is not None:
            progress(len(flat), len(flat))
        vectors = np.concatenate(done) if done else np.empty((0, 0), np.int8)
        row = {text: number for number, text in enumerate(flat)}
        return {
            content: vectors[[row[text] for text in group]]
            for content, group in zip(wanted, texts, strict=True)
        }

    async def _show(self) -> None:
        """Put what was committed into this process's answers; the poll does it when this fails."""
        if self._knowledge.reading:
            return  # questions are looked up in the store meanwhile: it is there already
        try:
            await self._knowledge.refresh()
        except Unavailable:
            log.warning("knowledge_base.refresh_after_change_failed")


class Stale(Conflict):
    """The article was changed by somebody else; `current` is what it is now."""

    def __init__(self, current: Details) -> None:
        who = current.article.updated_by
        by = f" by {who.name}" if who else ""
        super().__init__(f"The article was changed{by} in the meantime.", code="stale")
        self.current = current


def _details(conn: Any, article_id: str) -> Details:
    article = repository.get_article(conn, article_id)
    content = repository.get_revision(conn, article_id, article.revision).content
    published = None
    if article.published_revision is not None and article.state is not State.ARCHIVED:
        published = repository.get_revision(conn, article_id, article.published_revision)
    family = repository.list_translations(conn, article.key)
    translations = tuple(other for other in family if other.id != article.id)
    return Details(article, content, published, translations, original_of(family))


def _plan(
    conn: Any, rows: Sequence[ImportRow], *, only_new: bool, problems: Sequence[Outcome]
) -> Report:
    existing = repository.find_by_keys(conn, [row.key for row in rows])
    texts = repository.contents(
        conn,
        [
            pair
            for article in existing.values()
            for pair in (
                (article.id, article.revision),
                (article.id, article.published_revision or article.revision),
            )
        ],
    )
    return plan_import(rows, existing, texts, only_new=only_new, problems=problems)


def _as_seen(
    conn: Any, pending: Sequence[Change], vectors: Mapping[Content, Int8Matrix]
) -> tuple[list[Entry], list[str]]:
    """Return what customers would see after an import, and the ids of what they would see no longer."""
    known = repository.find_by_keys(conn, [change.row.key for change in pending])
    put: list[Entry] = []
    drop: list[str] = []
    for change in pending:
        row, found = change.row, known.get((change.row.key, change.row.locale))
        audience = row.audience or (found.audience if found else Audience.PUBLIC)
        if audience is not Audience.PUBLIC or row.state is State.ARCHIVED:
            if found is not None:
                drop.append(found.id)
        elif change.publishes:
            put.append(
                Entry(
                    article_id=found.id if found else f"import:{row.place}",
                    key=row.key,
                    locale=row.locale,
                    revision=found.revision + 1 if found else 1,
                    title=row.content.title,
                    answer=row.content.answer,
                    phrasings=row.content.phrasings,
                    category=row.category,
                    tags=row.tags or (),
                    vectors=vectors.get(row.content),
                )
            )
    return put, drop


def _article_values(
    article_id: str,
    key: str,
    locale: str,
    content: Content,
    labels: Labels,
    *,
    actor: str | None,
    now: datetime,
) -> dict[str, Any]:
    return {
        "id": article_id,
        "key": key,
        "locale": locale,
        "title": content.title,
        "search_text": _search_text(key, content, labels.tags),
        **_label_values(labels),
        "state": State.DRAFT.value,
        "version": 1,
        "revision": 1,
        "published_revision": None,
        "live_version": 0,
        "created_at": now,
        "updated_at": now,
        "updated_by": actor,
        "text_at": now,
        "checked_at": None,
        **_NO_STAGE,
    }


_NO_STAGE: dict[str, Any] = {"stage": None, "publish_at": None, "scheduled_by": None}


def _label_values(labels: Labels) -> dict[str, Any]:
    return {
        "category": labels.category,
        "tags": list(labels.tags),
        "audience": labels.audience.value,
        "owner": labels.owner,
        "review_by": labels.review_by,
    }


def _labels_of(article: Article) -> Labels:
    return Labels(
        category=article.category,
        tags=article.tags,
        audience=article.audience,
        owner=article.owner.id if article.owner else None,
        review_by=article.review_by,
    )


def _revise(
    tx: Tx,
    article: Article,
    content: Content,
    *,
    labels: Labels,
    actor: str | None,
    reason: str | None,
    now: datetime,
    goes_on: bool = False,
    live: int | None = None,
) -> None:
    number = article.revision
    if goes_on:
        repository.overwrite_revision(tx, article.id, number, content)
    else:
        number += 1
        repository.insert_revision(
            tx, article.id, number, content, author=actor, reason=reason, now=now
        )
    _relabel(
        tx, article, content, labels=labels, actor=actor, now=now, live=live,
        title=content.title, revision=number, text_at=now,
    )  # fmt: skip


def _relabel(
    tx: Tx,
    article: Article,
    content: Content,
    *,
    labels: Labels,
    actor: str | None,
    now: datetime,
    live: int | None = None,
    **more: Any,
) -> None:
    repository.ensure_categories(tx, [labels.category])
    shows = article.state is State.PUBLISHED and labels != _labels_of(article)
    if shows:
        more["live_version"] = repository.raise_live_version(tx) if live is None else live
    if not repository.update_article(
        tx,
        article.id,
        expect_version=article.version,
        search_text=_search_text(article.key, content, labels.tags),
        updated_at=now,
        updated_by=actor,
        **_label_values(labels),
        **more,
    ):
        raise Stale(_details(tx.conn, article.id))


def _goes_on(
    article: Article, newest: Revision, *, actor: str | None, reason: str | None, now: datetime
) -> bool:
    """Tell whether a change belongs to the newest revision, which customers never saw."""
    return (
        actor is not None
        and newest.author is not None
        and newest.author.id == actor
        and newest.reason is None
        and reason is None
        and newest.number > (article.published_revision or 0)
        and now - newest.created_at < ONE_SITTING
    )


def _search_text(key: str, content: Content, tags: tuple[str, ...]) -> str:
    return fold(" ".join((content.title, key, *tags, *content.phrasings)))


def _free_key(tx: Tx, title: str) -> str:
    base = key_from_title(title)
    key, number = base, 1
    while repository.key_is_taken(tx.conn, key):
        number += 1
        key = f"{base}-{number}"
    return key


def _checked(content: Content, labels: Labels) -> Content:
    checked = check_content(content)
    problems = [*checked.problems, *check_labels(labels.category, labels.tags)]
    if problems:
        raise _invalid(problems)
    return checked.content


def _check_owner(tx: Tx, labels: Labels) -> None:
    if labels.owner is None:
        return
    owner = staff_repository.find_staff(tx.conn, labels.owner)
    if owner is None or not owner.may("kb.write"):
        raise _invalid([Problem("/owner", "The owner must be somebody who may write articles.")])


_REFUSED = {
    "archived": "The article is archived: restore it first.",
    "scheduled": "The article is scheduled: cancel the schedule before you change it.",
    "not_scheduled": "The article is not scheduled.",
    "not_in_review": "The article is not in review.",
}


def _require(article: Article, step: Step) -> None:
    code = why_not(article.state, article.stage, step)
    if code is not None:
        raise Conflict(_REFUSED[code], code=code)


def _require_news(article: Article) -> None:
    if article.state is State.PUBLISHED and not article.has_draft:
        raise Conflict("Customers see this very text already.", code="nothing_new")


def _invalid(problems: Iterable[Problem]) -> Invalid:
    problems = list(problems)
    errors = [{"pointer": p.pointer, "message": p.message} for p in problems]
    return Invalid(" ".join(p.message for p in problems), code="validation", errors=errors)
