"""What editors teach search: every change is in force with the next question, in every gateway."""

from collections.abc import Callable, Sequence
from typing import TypeVar

import structlog

from bot.kit.clock import Clock
from bot.kit.db import Database, Tx
from bot.kit.errors import Conflict, Invalid, NotFound, Unavailable
from bot.kit.ids import new_id
from bot.staff.audit import record
from knowledge_base.article import locale_problem
from knowledge_base.repository import raise_live_version
from knowledge_base.search import KnowledgeBase
from knowledge_base.text import words_of
from knowledge_base.vocabulary import repository
from knowledge_base.vocabulary.repository import StopWord, SynonymGroup
from knowledge_base.vocabulary.vocabulary import group_problem, stop_word_problem, tidy_group

log = structlog.get_logger(__name__)
T = TypeVar("T")
MAX_GROUPS = 2_000
MAX_STOP_WORDS = 500


class Teaching:
    """Synonyms and stop words, edited."""

    def __init__(self, db: Database, clock: Clock, knowledge: KnowledgeBase) -> None:
        self._db = db
        self._clock = clock
        self._knowledge = knowledge

    async def groups(self) -> list[SynonymGroup]:
        """Return every group of synonyms, latest change first."""
        return await self._db.read(repository.list_groups)

    async def stop_words(self) -> list[StopWord]:
        """Return every stop word."""
        return await self._db.read(repository.list_stop_words)

    async def add_group(
        self, *, actor: str | None, locale: str, phrases: Sequence[str]
    ) -> SynonymGroup:
        """Store a group.

        Raises:
            Invalid: these can't be synonyms, or one of them is in another group of the language.
        """
        tidy = _checked(locale, phrases)
        group_id = new_id()

        def step(tx: Tx) -> SynonymGroup:
            now = self._clock.now()
            _refuse_double(tx, locale, tidy, but=None)
            if len(repository.list_groups(tx.conn)) >= MAX_GROUPS:
                raise _invalid("/phrases", f"There are {MAX_GROUPS:,} groups: remove some first.")
            repository.insert_group(tx, group_id, locale, tidy, actor=actor, now=now)
            raise_live_version(tx)
            record(
                tx, actor, "synonyms.add", "synonyms", group_id,
                {"locale": locale, "phrases": list(tidy)}, now,
            )  # fmt: skip
            return SynonymGroup(group_id, locale, tidy, 1, now)

        return await self._done(step)

    async def change_group(
        self, group_id: str, *, actor: str | None, version: int, phrases: Sequence[str]
    ) -> SynonymGroup:
        """Replace a group's phrases.

        Raises:
            NotFound: there is no such group.
            Conflict: code "stale".
            Invalid: as in `add_group`.
        """

        def step(tx: Tx) -> SynonymGroup:
            now = self._clock.now()
            old = repository.find_group(tx.conn, group_id)
            if old is None:
                raise NotFound("There is no such group of synonyms.")
            tidy = _checked(old.locale, phrases)
            _refuse_double(tx, old.locale, tidy, but=group_id)
            if not repository.update_group(
                tx, group_id, tidy, version=version, actor=actor, now=now
            ):
                raise Conflict("The group was changed in the meantime.", code="stale")
            raise_live_version(tx)
            record(
                tx, actor, "synonyms.change", "synonyms", group_id,
                {"before": list(old.phrases), "after": list(tidy)}, now,
            )  # fmt: skip
            return SynonymGroup(group_id, old.locale, tidy, version + 1, now)

        return await self._done(step)

    async def remove_group(self, group_id: str, *, actor: str | None) -> None:
        """Delete a group.

        Raises:
            NotFound: there is no such group.
        """

        def step(tx: Tx) -> None:
            old = repository.find_group(tx.conn, group_id)
            if old is None or not repository.delete_group(tx, group_id):
                raise NotFound("There is no such group of synonyms.")
            raise_live_version(tx)
            record(
                tx, actor, "synonyms.remove", "synonyms", group_id,
                {"phrases": list(old.phrases)}, self._clock.now(),
            )  # fmt: skip

        await self._done(step)

    async def set_stop_words(
        self, *, actor: str | None, locale: str, words: Sequence[str]
    ) -> list[StopWord]:
        """Make these the stop words of a language, beside the built-in ones.

        Raises:
            Invalid: one of them is no single word.
        """
        if (problem := locale_problem(locale)) is not None:
            raise _invalid("/locale", problem)
        for number, word in enumerate(words):
            if (problem := stop_word_problem(word)) is not None:
                raise _invalid(f"/words/{number}", problem)
        folded = sorted({words_of(word)[0] for word in words})
        if len(folded) > MAX_STOP_WORDS:
            raise _invalid("/words", f"At most {MAX_STOP_WORDS} stop words in a language.")

        def step(tx: Tx) -> list[StopWord]:
            now = self._clock.now()
            repository.put_stop_words(tx, locale, folded, actor=actor, now=now)
            raise_live_version(tx)
            record(tx, actor, "stop_words.set", "stop_words", locale, {"words": folded}, now)
            return repository.list_stop_words(tx.conn)

        return await self._done(step)

    async def _done(self, step: Callable[[Tx], T]) -> T:
        result = await self._db.write(step)
        try:
            await self._knowledge.refresh()
        except Unavailable:  # the poll does it
            log.warning("vocabulary.refresh_after_change_failed")
        return result


def _checked(locale: str, phrases: Sequence[str]) -> tuple[str, ...]:
    if (problem := locale_problem(locale)) is not None:
        raise _invalid("/locale", problem)
    tidy = tidy_group(phrases)
    if (problem := group_problem(tidy)) is not None:
        raise _invalid("/phrases", problem)
    return tidy


def _refuse_double(tx: Tx, locale: str, phrases: Sequence[str], *, but: str | None) -> None:
    wanted = {tuple(words_of(phrase)): phrase for phrase in phrases}
    for group in repository.list_groups(tx.conn):
        if group.locale != locale or group.id == but:
            continue
        for phrase in group.phrases:
            if (same := wanted.get(tuple(words_of(phrase)))) is not None:
                raise _invalid(
                    "/phrases", f"“{same}” is in the group “{', '.join(group.phrases)}” already."
                )


def _invalid(pointer: str, message: str) -> Invalid:
    return Invalid(message, code="validation", errors=[{"pointer": pointer, "message": message}])
