"""Asks customers how it was, keeps what they say, and tells supervisors when it was bad.

The part with people and the part with the bot are asked about apart, each once. Who is rated is frozen
when the ticket is resolved; the question comes with "solved, thanks" or after a quiet time.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial

from sqlalchemy import Connection

from bot.conversations import repository as conversations
from bot.conversations.conversation import (
    Author,
    Choice,
    Conversation,
    Draft,
    Message,
    Owner,
)
from bot.kit.clock import Clock
from bot.kit.db import Database, Tx
from bot.kit.errors import Conflict, Invalid, NotFound
from bot.kit.ids import new_id, new_token
from bot.kit.text import clean_text, is_blank
from bot.staff.account import Staff
from bot.staff.audit import record
from handoff import repository as tickets
from handoff.feedback import repository
from handoff.feedback.bot_part import BotPart, look_at
from handoff.feedback.report import Figures, count
from handoff.feedback.repository import Feedback, Wanted
from handoff.feedback.rules import (
    HIGHEST,
    LOWEST,
    MAX_COMMENT,
    TOO_LATE,
    Facts,
    Part,
    Settings,
    State,
    Tap,
    Why,
    is_bad,
    may_answer,
    why_not,
)
from handoff.informing import repository as informing
from handoff.informing.repository import Waiting
from handoff.steps import TOPIC, Says
from handoff.ticket import Ticket, first_name

SESSION = timedelta(hours=1)
"""How far back an episode with the bot reaches: after an hour of silence a new one begins."""
LOOK_BACK = 80
"""Messages of an episode that are looked at."""
CATCH_UP = timedelta(hours=1)
"""What ended before the process was started is asked about when it is no older than this."""


@dataclass(frozen=True, slots=True)
class Inbox:
    """A page of ratings, and how many bad ones nobody has seen."""

    items: list[Feedback]
    unseen: int
    next_before: tuple[datetime, str] | None


class Ratings:
    """Ratings of customers; one per process."""

    def __init__(self, db: Database, clock: Clock, texts: Says) -> None:
        self._db = db
        self._clock = clock
        self._texts = texts
        self._looked_until: datetime | None = None

    # --------------------------------------------------------------- from the desk's steps

    def resolved(
        self,
        tx: Tx,
        ticket: Ticket,
        conversation: Conversation,
        *,
        agent: tuple[str | None, str | None],
        wanted: bool,
        automatic: bool,
        epoch: int,
        now: datetime,
    ) -> None:
        """Freeze who is rated, and plan the question or note why there is none.

        A ticket that was opened again and resolved again is asked about only if it never was.
        """
        settings = repository.get_settings(tx.conn)
        why = why_not(
            settings,
            self._facts(
                tx.conn,
                conversation,
                Part.HUMAN,
                agent_said_no=not wanted,
                automatic=automatic,
                category=ticket.category,
            ),
            now=now,
        )
        fresh = Feedback(
            id=new_id(),
            subject=f"human:{ticket.id}",
            part=Part.HUMAN,
            state=State.NOT_ASKED if why else State.DUE,
            conversation_id=conversation.id,
            contact_id=conversation.contact_id,
            ticket_id=ticket.id,
            ticket_number=ticket.number,
            epoch=epoch,
            channel=conversation.channel,
            locale=conversation.locale,
            agent_id=agent[0],
            agent_name=agent[1],
            queue_key=ticket.queue_key,
            level=ticket.level,
            article_key=None,
            created_at=now,
            due_at=None if why else now + timedelta(minutes=settings.delay_minutes),
            asked_at=None,
            why_not=why.value if why else None,
            score=None,
            answered_at=None,
            comment=None,
            seen_at=None,
            seen_by_name=None,
        )
        there = repository.find_of_ticket(tx.conn, ticket.id)
        if there is None:
            repository.insert(tx, fresh)
        elif there.asked_at is None:
            again = ("state", "epoch", "agent_id", "agent_name", "queue_key", "level", "due_at")
            repository.change(
                tx,
                there.id,
                why_not=fresh.why_not,
                **{name: getattr(fresh, name) for name in again},
            )

    def ask_now(self, tx: Tx, ticket_id: str, conversation: Conversation, now: datetime) -> bool:
        """Put a planned question at once; False when none is planned."""
        found = repository.find_of_ticket(tx.conn, ticket_id)
        if found is None or found.state is not State.DUE:
            return False
        return self._ask(tx, found, conversation, now=now)

    def drop(self, tx: Tx, ticket_id: str) -> None:
        """Plan no question any more: the ticket is open again. A rating that was given stays."""
        found = repository.find_of_ticket(tx.conn, ticket_id)
        if found is not None and found.state is State.DUE:
            repository.change(tx, found.id, state=State.NOT_ASKED, why_not=Why.REOPENED)

    def _facts(
        self,
        conn: Connection,
        conversation: Conversation,
        part: Part,
        *,
        agent_said_no: bool = False,
        automatic: bool = False,
        category: str | None = None,
        abusive: bool = False,
    ) -> Facts:
        return Facts(
            part=part,
            unreachable=repository.is_unreachable(conn, conversation.id),
            refused=repository.has_refused(conn, conversation.contact_id),
            last_asked_at=repository.last_asked_at(conn, conversation.contact_id, part),
            agent_said_no=agent_said_no,
            automatic=automatic,
            category=category,
            abusive=abusive,
        )

    # --------------------------------------------------------------------------- asking

    def _ask(
        self, tx: Tx, feedback: Feedback, conversation: Conversation, *, now: datetime
    ) -> bool:
        stored = self._put_question(tx, feedback, conversation, now=now)
        if not stored:
            return False
        repository.change(tx, feedback.id, state=State.ASKED, asked_at=now, due_at=None)
        return True

    def _put_question(
        self, tx: Tx, feedback: Feedback, conversation: Conversation, *, now: datetime
    ) -> bool:
        locale, channel = conversation.locale, conversation.channel
        if feedback.part is Part.BOT:
            key, name = "utter_feedback_bot", ""
        elif feedback.agent_name:
            key, name = "utter_feedback_human", first_name(feedback.agent_name)
        else:
            key, name = "utter_feedback_team", ""
        text = self._texts.bot(key, locale, {"name": name}, channel=channel)
        never = self._texts.bot("label_feedback_never", locale, channel=channel)
        scores = range(LOWEST, HIGHEST + 1)
        about = {"feedback": feedback.id}
        buttons = (
            *(self._button(str(n), Tap.SCORE, {**about, "score": str(n)}) for n in scores),
            self._button(never, Tap.NEVER, about),
        )
        draft = Draft(
            author=Author.SYSTEM,
            text=text,
            choices=buttons,
            payload={"awaits": "score", "feedback": feedback.id},
        )
        epoch = conversation.owner_epoch
        stored = conversations.append(tx, conversation.id, [draft], now=now, expect_epoch=epoch)
        return stored is not None

    @staticmethod
    def _button(label: str, tap: Tap, entities: dict[str, str]) -> Choice:
        return Choice(id=new_token(9), label=label[:60], intent=tap.value, entities=entities)

    async def sweep(self) -> int:
        """Ask whoever is due, once each; returns how many were asked."""
        now = self._clock.now()
        due = await self._db.read(lambda conn: repository.due(conn, now=now))
        asked = 0
        for feedback_id in due:
            asked += await self._db.write(partial(self._due_step, feedback_id=feedback_id, now=now))
        return asked + await self._sweep_bot_parts(now)

    def _due_step(self, tx: Tx, *, feedback_id: str, now: datetime) -> bool:
        found = repository.find(tx.conn, feedback_id)
        if found is None or found.state is not State.DUE:
            return False
        tickets.lock_conversation(tx, found.conversation_id)
        conversation = conversations.get_conversation(tx.conn, found.conversation_id)
        settings = repository.get_settings(tx.conn)
        if conversation.owner_epoch != found.epoch or now - found.created_at > TOO_LATE:
            repository.change(tx, found.id, state=State.NOT_ASKED, why_not=Why.GONE_ON)
            return False
        said_at = repository.last_said_at(tx.conn, conversation.id) or found.created_at
        quiet = timedelta(minutes=settings.delay_minutes)
        if now - said_at < quiet:
            # In the middle of a talk with the bot nobody wants to be asked about something else.
            repository.change(tx, found.id, due_at=said_at + quiet)
            return False
        facts = self._facts(tx.conn, conversation, Part.HUMAN)
        why = why_not(settings, facts, now=now)
        if why is not None:
            repository.change(tx, found.id, state=State.NOT_ASKED, why_not=why)
            return False
        return self._ask(tx, found, conversation, now=now)

    async def _sweep_bot_parts(self, now: datetime) -> int:
        settings = await self._db.read(repository.get_settings)
        until = now - timedelta(minutes=settings.delay_minutes)
        after = self._looked_until or until - CATCH_UP
        if until <= after:
            return 0
        found: list[str] = []
        if settings.bot:
            found = await self._db.read(
                lambda conn: repository.conversations_decided(conn, after=after, until=until)
            )
        asked = 0
        for conversation_id in found:
            asked += await self._db.write(
                partial(
                    self._bot_part_step,
                    conversation_id=conversation_id,
                    settings=settings,
                    now=now,
                )
            )
        self._looked_until = until
        return asked

    def _bot_part_step(
        self, tx: Tx, *, conversation_id: str, settings: Settings, now: datetime
    ) -> bool:
        tickets.lock_conversation(tx, conversation_id)
        conversation = conversations.get_conversation(tx.conn, conversation_id)
        subject = f"bot:{conversation.id}:{conversation.episode}"
        if conversation.owner is not Owner.BOT or repository.exists(tx.conn, subject):
            return False
        part = self._bot_part(tx.conn, conversation, settings, now)
        if part is None:
            return False
        facts = self._facts(tx.conn, conversation, Part.BOT, abusive=part.abusive)
        if why_not(settings, facts, now=now) is not None:
            return False
        feedback = Feedback(
            id=new_id(),
            subject=subject,
            part=Part.BOT,
            state=State.DUE,
            conversation_id=conversation.id,
            contact_id=conversation.contact_id,
            ticket_id=None,
            ticket_number=None,
            epoch=conversation.owner_epoch,
            channel=conversation.channel,
            locale=conversation.locale,
            agent_id=None,
            agent_name=None,
            queue_key=None,
            level=None,
            article_key=part.article_key,
            created_at=now,
            due_at=None,
            asked_at=None,
            why_not=None,
            score=None,
            answered_at=None,
            comment=None,
            seen_at=None,
            seen_by_name=None,
        )
        return repository.insert(tx, feedback) and self._ask(tx, feedback, conversation, now=now)

    def _bot_part(
        self, conn: Connection, conversation: Conversation, settings: Settings, now: datetime
    ) -> BotPart | None:
        if conversation.awaiting_code_until is not None:
            return None
        after = max(0, conversation.last_seq - LOOK_BACK)
        found: Sequence[Message] = conversations.list_messages(conn, conversation.id, after=after)
        if not found or now - found[-1].created_at < timedelta(minutes=settings.delay_minutes):
            return None
        since = found[-1].created_at - SESSION
        return look_at(
            [m for m in found if m.owner_epoch == conversation.owner_epoch and m.created_at > since]
        )

    # ------------------------------------------------------------------------ answering

    def rate_step(
        self, tx: Tx, conversation_id: str, feedback_id: str, score: int, *, now: datetime
    ) -> None:
        """Keep a score; again within the time it changes the first one."""
        found = self._asked_here(tx, conversation_id, feedback_id)
        if found is None:
            return
        conversation = conversations.get_conversation(tx.conn, conversation_id)
        if not may_answer(found.asked_at, now):
            self._say(tx, conversation, "utter_feedback_locked", now)
            return
        repository.change(tx, found.id, state=State.ANSWERED, score=score, answered_at=now)
        if is_bad(score) and (found.score is None or not is_bad(found.score)):
            repository.change(tx, found.id, seen_at=None, seen_by=None, seen_by_name=None)
            self._alarm(tx, replace(found, score=score))
        settings = repository.get_settings(tx.conn)
        if found.score is not None:
            self._say(tx, conversation, "utter_feedback_changed", now, score=score)
        elif settings.comment and conversation.owner is Owner.BOT:
            self._ask_why(tx, conversation, found, score, now=now)
        else:
            self._say(tx, conversation, "utter_feedback_thanks", now, about=found)

    def _ask_why(
        self, tx: Tx, conversation: Conversation, found: Feedback, score: int, *, now: datetime
    ) -> None:
        locale, channel = conversation.locale, conversation.channel
        text = self._texts.bot("utter_feedback_comment", locale, {"score": score}, channel=channel)
        skip = self._texts.bot("label_feedback_skip", locale, channel=channel)
        draft = Draft(
            author=Author.SYSTEM,
            text=text,
            choices=(
                self._button(skip, Tap.SKIP, {"feedback": found.id}),
                self._change_button(conversation, found),
            ),
            payload={"awaits": "comment", "feedback": found.id},
        )
        conversations.append(
            tx, conversation.id, [draft], now=now, expect_epoch=conversation.owner_epoch
        )

    def comment_step(
        self, tx: Tx, conversation_id: str, feedback_id: str, text: str, *, now: datetime
    ) -> None:
        """Keep why the score is what it is."""
        found = self._asked_here(tx, conversation_id, feedback_id)
        if found is None or found.score is None or not may_answer(found.asked_at, now):
            return
        words = clean_text(text)[:MAX_COMMENT]
        if is_blank(words):
            return
        repository.change(tx, found.id, comment=words)
        if is_bad(found.score):
            self._alarm(tx, found)
        conversation = conversations.get_conversation(tx.conn, conversation_id)
        self._say(tx, conversation, "utter_feedback_thanks", now, about=found)

    def skip_step(self, tx: Tx, conversation_id: str, feedback_id: str, *, now: datetime) -> None:
        """Say thanks for the score alone."""
        found = self._asked_here(tx, conversation_id, feedback_id)
        if found is None:
            return
        conversation = conversations.get_conversation(tx.conn, conversation_id)
        self._say(tx, conversation, "utter_feedback_thanks", now, about=found)

    def change_step(self, tx: Tx, conversation_id: str, feedback_id: str, *, now: datetime) -> None:
        """Put the question once more, while the answer may be changed and no person is there."""
        found = self._asked_here(tx, conversation_id, feedback_id)
        if found is None:
            return
        conversation = conversations.get_conversation(tx.conn, conversation_id)
        if not may_answer(found.asked_at, now):
            self._say(tx, conversation, "utter_feedback_locked", now)
        elif conversation.owner is not Owner.AGENT:
            self._put_question(tx, found, conversation, now=now)

    def never_step(self, tx: Tx, conversation_id: str, feedback_id: str, *, now: datetime) -> None:
        """Ask this contact no more."""
        found = self._asked_here(tx, conversation_id, feedback_id)
        if found is None:
            return
        repository.refuse(tx, found.contact_id, now=now)
        conversation = conversations.get_conversation(tx.conn, conversation_id)
        self._say(tx, conversation, "utter_feedback_never", now)

    def _asked_here(self, tx: Tx, conversation_id: str, feedback_id: str) -> Feedback | None:
        tickets.lock_conversation(tx, conversation_id)
        found = repository.find(tx.conn, feedback_id)
        if found is None or found.conversation_id != conversation_id or found.asked_at is None:
            return None
        return found

    def _change_button(self, conversation: Conversation, found: Feedback) -> Choice:
        label = self._texts.bot(
            "label_feedback_change", conversation.locale, channel=conversation.channel
        )
        return self._button(label, Tap.CHANGE, {"feedback": found.id})

    def _say(
        self,
        tx: Tx,
        conversation: Conversation,
        key: str,
        now: datetime,
        *,
        about: Feedback | None = None,
        **variables: object,
    ) -> None:
        """Say it unless a person has the conversation by now: their talk is not about this.

        With `about` the score can be changed by a button.
        """
        if conversation.owner is Owner.AGENT:
            return
        locale, channel = conversation.locale, conversation.channel
        text = self._texts.bot(key, locale, variables, channel=channel)
        offered = () if about is None else (self._change_button(conversation, about),)
        draft = Draft(author=Author.SYSTEM, text=text, choices=offered)
        conversations.append(
            tx, conversation.id, [draft], now=now, expect_epoch=conversation.owner_epoch
        )

    @staticmethod
    def _alarm(tx: Tx, feedback: Feedback) -> None:
        tx.announce(
            TOPIC,
            {
                "event": "feedback",
                "feedback_id": feedback.id,
                "part": feedback.part.value,
                "score": feedback.score,
                "number": feedback.ticket_number,
                "ticket_id": feedback.ticket_id,
                "for": {"supervisors": True},
            },
        )

    # -------------------------------------------------------------------------- reading

    async def list_answered(self, wanted: Wanted, *, limit: int) -> Inbox:
        """Return ratings, newest first, and how many bad ones wait to be seen."""

        def query(conn: Connection) -> Inbox:
            found = repository.list_answered(conn, wanted, limit=limit + 1)
            page = found[:limit]
            last = page[-1] if len(found) > limit else None
            before = (last.answered_at, last.id) if last and last.answered_at else None
            return Inbox(page, repository.count_unseen(conn), before)

        return await self._db.read(query)

    async def mark_seen(self, feedback_id: str, staff: Staff) -> Feedback:
        """Note that somebody has dealt with a bad rating; again it changes nothing.

        Raises:
            NotFound: there is no such rating.
            Invalid: (not_bad) it needs nobody to deal with it.
        """
        now = self._clock.now()

        def step(tx: Tx) -> Feedback:
            found = repository.find(tx.conn, feedback_id)
            if found is None or found.score is None:
                raise NotFound("There is no such rating.")
            if not is_bad(found.score):
                raise Invalid("Only bad ratings are marked as seen.", code="not_bad")
            if repository.mark_seen(tx, feedback_id, staff_id=staff.id, name=staff.name, now=now):
                record(tx, staff.id, "feedback.seen", "feedback", feedback_id, None, now)
            return repository.find(tx.conn, feedback_id) or found

        return await self._db.write(step)

    async def of_ticket(self, ticket_id: str) -> tuple[Waiting, Feedback | None]:
        """Return how the customer of a ticket waits, and what was asked about it."""
        return await self._db.read(
            lambda conn: (
                informing.find(conn, ticket_id),
                repository.find_of_ticket(conn, ticket_id),
            )
        )

    async def figures(
        self,
        *,
        since: datetime,
        until: datetime,
        level: str | None = None,
        queue: str | None = None,
    ) -> Figures:
        """Count what was asked in a period."""
        found = await self._db.read(
            lambda conn: repository.list_asked(conn, since=since, until=until)
        )
        return count(
            [one for one in found if level in {None, one.level} and queue in {None, one.queue_key}]
        )

    # ------------------------------------------------------------------------- settings

    async def get_settings(self) -> Settings:
        """Return when to ask."""
        return await self._db.read(repository.get_settings)

    async def save_settings(self, settings: Settings, staff: Staff) -> Settings:
        """Change when to ask; `settings.version` is the one that was read.

        Raises:
            Conflict: (stale) somebody else was faster.
        """
        now = self._clock.now()

        def step(tx: Tx) -> Settings:
            before = repository.get_settings(tx.conn)
            if not repository.save_settings(tx, settings, now=now):
                raise Conflict(
                    "Somebody changed the settings in the meantime. Read them again.", code="stale"
                )
            detail = {"from": before.as_json(), "to": settings.as_json()}
            record(tx, staff.id, "feedback.settings", "feedback", "settings", detail, now)
            return repository.get_settings(tx.conn)

        return await self._db.write(step)
