"""What reviewers and agents do: mark a wrong answer, look through the messages, say what they meant."""

from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from bot.kit.clock import Clock
from bot.kit.db import Database, Tx
from bot.kit.errors import Conflict, Invalid, NotFound
from bot.learning import repository
from bot.learning.examples import render
from bot.learning.item import (
    INTENTS,
    MAX_TEXT,
    Finding,
    Item,
    Signal,
    Verdict,
    is_typed,
    kept_of,
    signals_of,
)
from bot.learning.masking import for_phrasing, for_training, mask
from bot.learning.repository import ItemFilter, Review, Said
from bot.staff.account import Staff
from bot.staff.audit import record
from handoff.service import Desk
from knowledge_base.article import MAX_PHRASING, MAX_PHRASINGS, State
from knowledge_base.service import Articles, Changes, Details

FROM_REVIEW = "Added from a reviewed message"
"""Reason of the revision that a reviewer's choice makes."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """What a reviewer says about a message."""

    verdict: Verdict
    intent: str | None = None
    article_id: str | None = None
    text: str | None = None
    """A better wording of the example, e.g. shortened; masked again."""


@dataclass(frozen=True, slots=True)
class Judged:
    """The item after a review, and what became of its wording."""

    item: Item
    phrasing: str | None = None
    """added, published or known, when an article was chosen."""


class Reviews:
    """The reviewers' side of learning."""

    def __init__(self, db: Database, clock: Clock, *, articles: Articles, desk: Desk) -> None:
        self._db = db
        self._clock = clock
        self._articles = articles
        self._desk = desk

    # ------------------------------------------------------------------------------- reading

    async def list_items(self, wanted: ItemFilter) -> tuple[list[Item], dict[str, int]]:
        """Return items, what is worth most first, and how many there are of each kind."""
        return await self._db.read(
            lambda conn: (repository.list_items(conn, wanted), repository.count_items(conn))
        )

    async def history(self, item_id: str) -> list[Review]:
        """Return what was said about an item, newest first.

        Raises:
            NotFound: there is none with this id.
        """

        def query(conn: sa.Connection) -> list[Review]:
            repository.get_item(conn, item_id)
            return repository.list_reviews(conn, item_id)

        return await self._db.read(query)

    async def training_data(self) -> str:
        """Return every accepted example as Rasa's training data; "" when there is none."""
        return render(await self._db.read(repository.accepted))

    # ------------------------------------------------------------------------------- marking

    async def marks(self, conversation_id: str, staff: Staff) -> list[str]:
        """Return the ids of the bot's messages that agents marked as wrong.

        Raises:
            NotFound: there is no such conversation, or none of its tickets is theirs.
        """
        await self._desk.list_messages(conversation_id, staff, limit=1)
        return await self._db.read(lambda conn: repository.list_marks(conn, conversation_id))

    async def mark(self, message_id: str, staff: Staff, *, wrong: bool) -> None:
        """Say that a message of the bot was wrong, or take that back; twice changes nothing.

        Raises:
            NotFound: it is no message of the bot, or the conversation is not theirs to see.
        """
        found = await self._db.read(lambda conn: repository.find_bot_message(conn, message_id))
        if found is None:
            raise NotFound("There is no such message of the bot.")
        conversation_id, answers = found
        await self._desk.list_messages(conversation_id, staff, limit=1)

        def step(tx: Tx) -> None:
            now = self._clock.now()
            if wrong:
                changed = repository.set_mark(tx, message_id, conversation_id, by=staff.id, now=now)
                said = repository.find_said(tx.conn, answers) if answers else None
                if said is not None:
                    finding = finding_of(said, {Signal.MARKED})
                    if finding is not None:
                        repository.note(tx, finding, again=True)
            else:
                changed = repository.remove_mark(tx, message_id)
                if answers and changed:
                    repository.unmark(tx, answers)
            if changed:
                action = "learning.mark" if wrong else "learning.unmark"
                record(tx, staff.id, action, "message", message_id, None, now)

        try:
            await self._db.write(step)
        except IntegrityError:
            # The same wording was stored by somebody else at this moment: now it is found.
            await self._db.write(step)

    # ------------------------------------------------------------------------------ reviewing

    async def review(
        self, item_id: str, *, staff: Staff, version: int, judgement: Judgement
    ) -> Judged:
        """Store what a message should have been understood as.

        Raises:
            NotFound: there is no such item or article.
            Conflict: code "stale": somebody reviewed it since `version` was read.
            Invalid: no such intent, or the text can't be an example.
        """
        item = await self._db.read(lambda conn: repository.get_item(conn, item_id))
        if item.version != version:
            raise stale()
        text = item.text if judgement.text is None else mask(judgement.text).strip()
        _check(judgement, text)
        article: Details | None = None
        phrasing = None
        if judgement.verdict is Verdict.ARTICLE and judgement.article_id is not None:
            article = await self._in_language(judgement.article_id, item.locale)
            phrasing = await self._add_phrasing(article, for_phrasing(text), staff)
        saved = await self._save(
            item,
            actor=staff.id,
            verdict=judgement.verdict,
            text=text,
            intent=judgement.intent if judgement.verdict is Verdict.INTENT else None,
            article=article,
        )
        return Judged(saved, phrasing)

    async def take_back(self, item_id: str, *, actor: str, version: int) -> Item:
        """Open an item again; an example leaves the training data with the next training.

        Raises:
            NotFound: there is no such item.
            Conflict: code "stale".
        """
        item = await self._db.read(lambda conn: repository.get_item(conn, item_id))
        return await self._save(
            item, actor=actor, verdict=None, text=item.text, intent=None, article=None,
            version=version,
        )  # fmt: skip

    async def _save(
        self,
        item: Item,
        *,
        actor: str,
        verdict: Verdict | None,
        text: str,
        intent: str | None,
        article: Details | None,
        version: int | None = None,
    ) -> Item:
        def step(tx: Tx) -> Item:
            now = self._clock.now()
            saved = repository.save_review(
                tx,
                item.id,
                version=item.version if version is None else version,
                text=text,
                verdict=verdict,
                intent=intent,
                article_id=article.article.id if article else None,
                article_title=article.article.title if article else None,
                by=actor,
                now=now,
            )
            if not saved:
                raise stale()
            detail = {
                "verdict": verdict.value if verdict else None,
                "intent": intent,
                "article": article.article.key if article else None,
            }
            record(tx, actor, "learning.review", "learning_item", item.id, detail, now)
            return repository.get_item(tx.conn, item.id)

        return await self._db.write(step)

    async def _in_language(self, article_id: str, locale: str) -> Details:
        """Return the article, in the message's language when it has a translation in it."""
        details = await self._articles.get(article_id)
        if details.article.locale == locale:
            return details
        for other in details.translations:
            if other.locale == locale and other.state is not State.ARCHIVED:
                return await self._articles.get(other.id)
        return details

    async def _add_phrasing(self, details: Details, phrasing: str, staff: Staff) -> str:
        """Add the wording to the article.

        It is published at once, unless somebody's draft waits there, others must review it first, or
        it would cost a golden question its answer.
        """
        if len(phrasing) > MAX_PHRASING:
            raise Invalid(
                f"A phrasing has at most {MAX_PHRASING} characters: shorten the text.",
                code="validation",
            )
        known = details.content.phrasings
        if phrasing.casefold() in {text.casefold() for text in known}:
            return "known"
        if len(known) >= MAX_PHRASINGS:
            raise Invalid(
                f"The article has {MAX_PHRASINGS} phrasings already: remove one first.",
                code="validation",
            )
        article = details.article
        live = article.state is State.PUBLISHED and not article.has_draft
        changed = await self._articles.change(
            article.id,
            actor=staff.id,
            version=article.version,
            changes=Changes(phrasings=(*known, phrasing)),
            reason=FROM_REVIEW,
        )
        if not live or not await self._may_publish(staff):
            return "added"
        try:
            await self._articles.publish(
                article.id, actor=staff.id, version=changed.article.version
            )
        except Conflict as conflict:
            if conflict.code != "breaks_golden":
                raise
            return "added"
        return "published"

    async def _may_publish(self, staff: Staff) -> bool:
        if not staff.may("kb.publish"):
            return False
        return staff.may("kb.review") or not await self._articles.review_required()


def finding_of(said: Said, signals: Sequence[Signal] | set[Signal]) -> Finding | None:
    """Return what a stored message gives to review, masked; None when it is no text of theirs. Pure."""
    if said.decision is None or not is_typed(said.payload) or said.text == "[erased]":
        return None
    found = frozenset(signals) | signals_of(said.decision)
    if not found:
        return None
    margin = said.decision.get("margin")
    return Finding(
        locale=str(said.decision.get("locale") or said.locale),
        text=mask(said.text, names=[said.contact_name] if said.contact_name else ()),
        signals=found,
        margin=float(margin) if isinstance(margin, int | float) else None,
        decision=kept_of(said.decision),
        message_id=said.id,
        conversation_id=said.conversation_id,
        at=said.at,
    )


def stale() -> Conflict:
    """Return what a reviewer is told who read an older version."""
    return Conflict("Somebody reviewed this message in the meantime.", code="stale")


def _check(judgement: Judgement, text: str) -> None:
    if judgement.verdict is Verdict.INTENT:
        if judgement.intent not in INTENTS:
            raise Invalid(f"The intent must be one of {', '.join(INTENTS)}.", code="validation")
        if not for_training(text):
            raise Invalid("Nothing is left of the text to learn from.", code="validation")
        if len(text) > MAX_TEXT:
            raise Invalid(
                f"An example has at most {MAX_TEXT} characters: shorten the text.",
                code="validation",
            )
    if judgement.verdict is Verdict.ARTICLE:
        if judgement.article_id is None:
            raise Invalid("Say which article answers the message.", code="validation")
        if not for_phrasing(text):
            raise Invalid("Nothing is left of the text to learn from.", code="validation")
