"""Known incidents: kept in memory for the turns, entered and ended by admins."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Protocol

import numpy as np
import sqlalchemy as sa

from bot.conversations.conversation import Author, Draft
from bot.incidents import repository
from bot.incidents.notice import (
    AskedAbout,
    Concern,
    Notice,
    NoticeProblem,
    State,
    Topic,
    check_notice,
    choose_notices,
    clean_topic,
    concerns,
    state_of,
)
from bot.incidents.repository import StoredNotice
from bot.kit.clock import Clock
from bot.kit.db import Database, Tx
from bot.kit.encoder import Encoder, Vector
from bot.kit.errors import Conflict, Invalid, NotFound
from bot.kit.ids import new_id
from bot.kit.text import clean_text
from bot.staff.audit import record
from knowledge_base import repository as articles

LISTED = 500


@dataclass(frozen=True, slots=True)
class EnteredNotice:
    """A notice as it was entered."""

    title: str
    texts: Mapping[str, str]
    topic: Mapping[str, Sequence[str]]
    starts_at: datetime | None
    """None: now."""
    ends_at: datetime | None


class Explains(Protocol):
    """Says what the bot would do with a text (`bot.dialogue.explain`)."""

    async def explain(self, text: str, *, locale: str | None) -> Any:
        """Return a decision with `as_json`."""
        ...


class Incidents:
    """What the turns ask, and what admins do. `actor` is a staff id."""

    def __init__(
        self,
        db: Database,
        clock: Clock,
        encoder: Encoder,
        *,
        explainer: Explains,
        telegram_units: Callable[[str], int],
        default_locale: str,
    ) -> None:
        self._db = db
        self._clock = clock
        self._encoder = encoder
        self._explainer = explainer
        self._telegram_units = telegram_units
        self._default_locale = default_locale
        self._version = -1
        self._running: tuple[Notice, ...] = ()

    # --------------------------------------------------------------------------- in a turn

    @property
    def running(self) -> tuple[Notice, ...]:
        """The notices that are told now or later."""
        return self._running

    async def refresh(self) -> bool:
        """Know what the database holds; True when that was something new."""
        version = await self._db.read(repository.incidents_version)
        if version == self._version:
            return False
        now = self._clock.now()
        notices = await self._db.read(lambda conn: repository.list_running(conn, now=now))
        self._running = tuple([await self._with_vectors(notice) for notice in notices])
        self._version = version
        return True

    async def _with_vectors(self, notice: Notice) -> Notice:
        if not notice.topic.sentences:
            return notice
        vectors = await self._encoder.encode_many(notice.topic.sentences)
        return replace(notice, vectors=_unit(vectors))

    async def concerning(
        self, text: str, *, vector: Vector | None, decision: Mapping[str, Any]
    ) -> list[Concern]:
        """Return the notices in force that concern a question.

        Args:
            text: the question.
            vector: of it, where there is one.
            decision: what the bot does with it; its `route` and `article` count.
        """
        if not self._running:
            return []
        asked = await self._asked(text, vector=vector, decision=decision)
        return choose_notices(self._running, asked, now=self._clock.now())

    async def _asked(
        self, text: str, *, vector: Vector | None, decision: Mapping[str, Any]
    ) -> AskedAbout:
        article = decision.get("article") or {}
        key, article_id = article.get("key"), article.get("article_id")
        category: str | None = None
        tags: tuple[str, ...] = ()
        if article_id:
            try:
                found = await self._db.read(lambda conn: articles.get_article(conn, article_id))
            except NotFound:
                pass
            else:
                category, tags = found.category, tuple(found.tags)
        return AskedAbout(
            text=text,
            route=str(decision.get("route") or ""),
            vector=_unit(vector[None, :])[0] if vector is not None else None,
            article=key,
            category=category,
            tags=tags,
        )

    def drafts(
        self,
        conn: sa.Connection,
        conversation_id: str,
        found: Sequence[Concern],
        *,
        locale: str,
        in_reply_to: str,
    ) -> tuple[list[str], list[Draft]]:
        """Return the ids and messages of the notices that the conversation has not heard yet.

        Called in the step that stores the answer, which then calls `record_told`.
        """
        if not found:
            return [], []
        fresh = repository.not_told(conn, conversation_id, [one.notice.id for one in found])
        notices = [one.notice for one in found if one.notice.id in fresh]
        return [notice.id for notice in notices], [
            Draft(
                author=Author.BOT,
                text=notice.text(locale, default_locale=self._default_locale),
                in_reply_to=in_reply_to,
            )
            for notice in notices
        ]

    def record_told(self, tx: Tx, conversation_id: str, ids: Sequence[str]) -> None:
        """Remember, in the step that stores the messages, who was told what."""
        if ids:
            repository.record_told(tx, conversation_id, ids, now=self._clock.now())

    # ------------------------------------------------------------------------------ reading

    async def list_all(self) -> list[tuple[StoredNotice, State]]:
        """Return notices with their states, the latest start first."""
        now = self._clock.now()
        found = await self._db.read(lambda conn: repository.list_all(conn, limit=LISTED))
        return [(one, _state(one, now)) for one in found]

    async def get(self, incident_id: str) -> tuple[StoredNotice, State]:
        """Return one notice with its state.

        Raises:
            NotFound: there is none with this id.
        """
        found = await self._db.read(lambda conn: repository.get(conn, incident_id))
        return found, _state(found, self._clock.now())

    async def try_out(
        self, topic: Mapping[str, Sequence[str]], question: str, *, locale: str | None
    ) -> str | None:
        """Return why somebody who asks this would be told, or None when not.

        The question goes the way a customer's would: to a flow or an article.
        """
        now = self._clock.now()
        notice = Notice("", "", {}, clean_topic(topic), now, None)
        decision = (await self._explainer.explain(question, locale=locale)).as_json()
        vector = await self._encoder.encode(clean_text(question) or "?")
        asked = await self._asked(question, vector=vector, decision=decision)
        return concerns(await self._with_vectors(notice), asked)

    # ------------------------------------------------------------------------------ writing

    async def create(self, entered: EnteredNotice, *, actor: str) -> tuple[StoredNotice, State]:
        """Tell something from now on, or from a later time on.

        Raises:
            Invalid: it can't be told; `errors` says why and where.
        """
        notice = await self._checked(new_id(), entered)

        def step(tx: Tx) -> None:
            now = self._clock.now()
            repository.insert(tx, notice, now=now, actor=actor)
            record(tx, actor, "incident.create", "incident", notice.id, _detail(notice), now)

        await self._db.write(step)
        await self.refresh()
        return await self.get(notice.id)

    async def change(
        self, incident_id: str, entered: EnteredNotice, *, version: int, actor: str
    ) -> tuple[StoredNotice, State]:
        """Tell something else; who was told already is not told again.

        Raises:
            NotFound: there is none with this id.
            Invalid: it can't be told; `errors` says why and where.
            Conflict: code "stale": somebody changed it since `version` was read.
        """
        before, _ = await self.get(incident_id)
        if entered.starts_at is None:
            entered = replace(entered, starts_at=before.notice.starts_at)
        notice = await self._checked(incident_id, entered)
        await self._replace(notice, version=version, actor=actor, action="incident.change")
        return await self.get(incident_id)

    async def end(
        self, incident_id: str, *, version: int, actor: str
    ) -> tuple[StoredNotice, State]:
        """Tell it no longer.

        Raises:
            NotFound: there is none with this id.
            Conflict: code "not_active": it is not being told; code "stale".
        """
        stored, state = await self.get(incident_id)
        if state is not State.ACTIVE:
            raise Conflict("This notice is not being told now.", code="not_active")
        notice = replace(stored.notice, ends_at=self._clock.now())
        await self._replace(notice, version=version, actor=actor, action="incident.end")
        return await self.get(incident_id)

    async def remove(self, incident_id: str, *, version: int, actor: str) -> None:
        """Delete a notice that nobody heard.

        Raises:
            NotFound: there is none with this id.
            Conflict: code "told": customers heard it, so it stays on record; code "stale".
        """

        def step(tx: Tx) -> None:
            stored = repository.get(tx.conn, incident_id)
            if stored.told:
                raise Conflict("Customers heard this notice: end it instead.", code="told")
            if not repository.delete(tx, incident_id, expect_version=version):
                raise _stale(stored.version)
            now = self._clock.now()
            record(
                tx, actor, "incident.delete", "incident", incident_id, _detail(stored.notice), now
            )

        await self._db.write(step)
        await self.refresh()

    async def _replace(self, notice: Notice, *, version: int, actor: str, action: str) -> None:
        def step(tx: Tx) -> None:
            now = self._clock.now()
            if not repository.update(tx, notice, expect_version=version, now=now, actor=actor):
                raise _stale(repository.get(tx.conn, notice.id).version)
            record(tx, actor, action, "incident", notice.id, _detail(notice), now)

        await self._db.write(step)
        await self.refresh()

    async def _checked(self, incident_id: str, entered: EnteredNotice) -> Notice:
        now = self._clock.now()
        topic: Topic = clean_topic(entered.topic)
        texts = {locale: clean_text(text) for locale, text in entered.texts.items()}
        notice = Notice(
            incident_id,
            " ".join(entered.title.split()),
            {locale: text for locale, text in texts.items() if text},
            topic,
            entered.starts_at or now,
            entered.ends_at,
        )
        known = await self._db.read(lambda conn: articles.find_by_keys(conn, topic.articles))
        problems = check_notice(
            title=notice.title,
            texts=notice.texts,
            topic=topic,
            starts_at=notice.starts_at,
            ends_at=notice.ends_at,
            now=now,
            default_locale=self._default_locale,
            known_articles={key for key, _ in known},
            telegram_units=self._telegram_units,
        )
        if problems:
            raise _invalid(problems)
        return notice


def _unit(vectors: Any) -> Any:
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors / np.maximum(lengths, 1e-9)


def _state(stored: StoredNotice, now: datetime) -> State:
    return state_of(stored.notice.starts_at, stored.notice.ends_at, now=now)


def _detail(notice: Notice) -> dict[str, Any]:
    return {
        "title": notice.title,
        "starts_at": notice.starts_at.isoformat(),
        "ends_at": notice.ends_at.isoformat() if notice.ends_at else None,
    }


def _stale(version: int) -> Conflict:
    return Conflict(
        "Somebody changed this notice in the meantime. Read it again.",
        code="stale",
        version=version,
    )


def _invalid(problems: Sequence[NoticeProblem]) -> Invalid:
    return Invalid(
        " ".join(dict.fromkeys(problem.message for problem in problems)),
        code=problems[0].code,
        errors=[{"pointer": p.pointer, "code": p.code, "message": p.message} for p in problems],
    )
