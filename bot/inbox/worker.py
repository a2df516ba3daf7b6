"""Runs turns: one at a time within a conversation, many conversations side by side.

A turn loads, asks (the code, Rasa, or the knowledge base when Rasa can't be used), and stores the
replies, the decision and the end of the turn in one transaction, under the owner epoch it began with.
A turn that died is run again with the same turn id; Rasa and the actions recognise it.
"""

import asyncio
import contextlib
import functools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Protocol

import sqlalchemy as sa
import structlog

from bot.conversations import repository
from bot.conversations.conversation import (
    Conversation,
    Draft,
    Message,
    TurnState,
)
from bot.dialogue.fallback import article_replies, person_choice, wants_person
from bot.dialogue.language import Detector, choose_language
from bot.dialogue.manners import QUESTION, still_open
from bot.dialogue.open_wishes import ENDS_A_FLOW, LOOK_BACK, Decided, open_wishes
from bot.dialogue.pause import asks_to_wait
from bot.dialogue.rasa_client import Dialogue, RasaDown, TurnRequest
from bot.dialogue.rasa_wire import RasaReply, TurnAnswer, Wish
from bot.dialogue.reasons import Why, notice_reason
from bot.dialogue.replies import render_replies
from bot.dialogue.routing import (
    FALLBACK,
    PAUSE,
    AnswerLike,
    Decision,
    Route,
    decide,
    route_of,
    verdict_of,
    with_article,
    with_articles,
)
from bot.dialogue.typed_choice import MAX_CHARACTERS as TYPED_CHARACTERS
from bot.dialogue.typed_choice import find_choice
from bot.inbox.turn import SILENCE, TurnPlan, given_intent, last_buttons, plan_turn
from bot.kit.clock import Clock
from bot.kit.db import Database, Tx
from bot.kit.encoder import Encoder, Vector, pack
from bot.kit.errors import Unavailable
from bot.kit.ids import new_id
from bot.kit.locales import Texts
from bot.kit.text import MAX_CHARACTERS, for_understanding, is_blank
from bot.metrics import Metrics
from handoff.informing.asides import Asides

log = structlog.get_logger(__name__)
Turn = tuple[Conversation, Message]
SWEEP_SECONDS = 1.0
"""How soon a message is found whose wake-up was lost."""
LEASE_SECONDS = 12
"""Longer than any turn, short for who waits when a gateway died: another takes over after it."""
ANSWER_SECONDS = 9.0
"""The customer gets an answer within 10 s, whatever hangs."""
ARTICLES_SECONDS = 1.0
"""Longest wait for the knowledge base before Rasa is asked; a search takes milliseconds."""
BUTTONS_BACK = 5
"""How many messages back the buttons stand that a typed label may mean."""
_STATED = Why("stated")


class KnowledgePort(Protocol):
    """What the bot-less mode needs of the knowledge base."""

    async def ask(
        self, question: str, *, locale: str, vector: Vector | None = None, limit: int = 10
    ) -> Any:
        """Return an answer with decision, hits, margin and reasons."""
        ...

    async def get_published(self, article_id: str) -> Any:
        """Return an article as customers see it, or None."""
        ...


class PresenterPort(Protocol):
    """What belongs to an article at the moment it is shown."""

    async def present(
        self, article_id: str, revision: int, *, locale: str, channel: str
    ) -> Any | None:
        """Return answer, flows and neighbours; None when customers may not see it."""
        ...


class CodePort(Protocol):
    """Checks one-time codes."""

    def check(
        self, tx: Tx, conversation_id: str, code_digest: str, now: datetime, *, message_id: str
    ) -> Any:
        """Return an outcome: ok, failed, locked or none."""
        ...


class HandOff(Protocol):
    """Opens tickets for turns that the bot can't finish."""

    def open_for_turn(
        self,
        tx: Tx,
        *,
        conversation: Conversation,
        reason: str,
        turn_id: str,
        question: str,
        decision: dict[str, Any] | None,
        now: datetime,
    ) -> None:
        """Open a ticket once per turn, tell the customer, and change the owner."""
        ...


class TurnRecordLike(Protocol):
    """What the actions of a turn noted."""

    ticket_opened: bool
    locale: str | None
    answer: Any
    article: dict[str, Any] | None
    results: dict[str, str]


class RecordsPort(Protocol):
    """Where the actions of a running turn leave their notes."""

    def begin(
        self,
        turn_id: str,
        *,
        vector: Vector | None,
        question: str,
        known: Any = None,
        known_locale: str | None = None,
    ) -> Any:
        """Start a record for a turn; `known` is what the knowledge base says, in `known_locale`."""
        ...

    def end(self, turn_id: str) -> Any:
        """Return the record and forget it."""
        ...


class IncidentsPort(Protocol):
    """Known incidents, told first to whoever asks about what is out of order."""

    async def concerning(
        self, text: str, *, vector: Vector | None, decision: Mapping[str, Any]
    ) -> list[Any]:
        """Return the notices in force that concern a question, each with its `notice` and `why`."""
        ...

    def drafts(
        self,
        conn: sa.Connection,
        conversation_id: str,
        found: Sequence[Any],
        *,
        locale: str,
        in_reply_to: str,
    ) -> tuple[list[str], list[Draft]]:
        """Return ids and messages of those that the conversation has not heard yet."""
        ...

    def record_told(self, tx: Tx, conversation_id: str, ids: Sequence[str]) -> None:
        """Remember that the conversation heard them."""
        ...


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a turn wants stored."""

    drafts: list[Draft]
    decision: dict[str, Any] | None
    hand_off: str | None = None
    """Reason, when a person must take over."""
    locale: str | None = None
    incidents: tuple[Any, ...] = ()
    """Notices that concern the message."""
    step: Callable[[Tx, datetime], None] | None = None
    """What is done instead of saying something, in the transaction that ends the turn."""


class TurnWorker:
    """Serves every conversation that has a pending message."""

    def __init__(
        self,
        db: Database,
        clock: Clock,
        *,
        dialogue: Dialogue,
        knowledge: KnowledgePort,
        presenter: PresenterPort,
        encoder: Encoder,
        detector: Detector,
        texts: Texts,
        codes: CodePort,
        hand_off: HandOff,
        records: RecordsPort,
        announce_typing: Callable[[Conversation], None],
        metrics: Metrics,
        incidents: IncidentsPort | None = None,
        asides: Asides | None = None,
        parallel: int = 64,
    ) -> None:
        self._db = db
        self._clock = clock
        self._dialogue = dialogue
        self._knowledge = knowledge
        self._presenter = presenter
        self._encoder = encoder
        self._detector = detector
        self._texts = texts
        self._codes = codes
        self._hand_off = hand_off
        self._records = records
        self._announce_typing = announce_typing
        self._metrics = metrics
        self._incidents = incidents
        self._asides = asides
        self._holder = new_id()
        self._slots = asyncio.Semaphore(parallel)
        self._serving: dict[str, asyncio.Task[None]] = {}
        self._again: set[str] = set()
        self._closing = asyncio.Event()
        self._single = db.dialect == "sqlite"

    # ------------------------------------------------------------------ life

    def wake(self, conversation_id: str, ready: Turn | None = None) -> None:
        """Serve the conversation now; call it on the event loop, after the commit.

        `ready` is what was just stored, when no earlier message waits: it need not be read again.
        """
        if self._closing.is_set():
            return
        if conversation_id in self._serving:
            self._again.add(conversation_id)
            return
        task = asyncio.create_task(
            self._serve(conversation_id, ready if self._single else None),
            name=f"turn {conversation_id}",
        )
        self._serving[conversation_id] = task
        task.add_done_callback(lambda _: self._done(conversation_id))

    def _done(self, conversation_id: str) -> None:
        self._serving.pop(conversation_id, None)
        if conversation_id in self._again:
            self._again.discard(conversation_id)
            self.wake(conversation_id)

    async def run(self) -> None:
        """Find what no wake-up announced, until closed; first of all what an earlier life left."""
        await self._count_interrupted()
        while not self._closing.is_set():
            try:
                for conversation_id in await self._db.read(repository.waiting_conversations):
                    if conversation_id not in self._serving:
                        self.wake(conversation_id)
            except Unavailable:
                log.warning("turns.store_unavailable")
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._closing.wait(), SWEEP_SECONDS)

    async def _count_interrupted(self) -> None:
        """Count a try for what was pending when an earlier process ended: poison must not loop."""
        if not self._single:
            return  # another gateway may be serving them right now

        with contextlib.suppress(Unavailable):
            await self._db.write(repository.count_interrupted)

    async def close(self, *, seconds: float = 8.0) -> None:
        """Take no new turns, let running ones finish for so long, then cut them off."""
        self._closing.set()
        tasks = list(self._serving.values())
        if tasks:
            _, late = await asyncio.wait(tasks, timeout=seconds)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)

    # ----------------------------------------------------------------- turns

    async def _serve(self, conversation_id: str, ready: Turn | None) -> None:
        failures = 0
        while not self._closing.is_set():
            try:
                async with self._slots:
                    if ready is not None:
                        turn, ready = ready, None
                        await self._turn(*turn)
                        # Whatever came meanwhile has asked to be served again.
                        return
                    more = await self._next(conversation_id)
            except Unavailable:
                failures += 1
                if failures >= 3:
                    return  # the sweep finds it again
                await asyncio.sleep(0.2 * failures)
                continue
            except Exception:  # worker edge: one bad turn must not end the service
                log.exception("turn.crashed", conversation_id=conversation_id)
                self._metrics.turns.labels("crashed").inc()
                return
            if not more:
                return

    async def _next(self, conversation_id: str) -> bool:
        """Run the oldest pending turn; False when there is none, or it is another gateway's."""

        def load(conn: sa.Connection) -> Turn | None:
            message = repository.next_turn(conn, conversation_id)
            if message is None:
                return None
            return repository.get_conversation(conn, conversation_id), message

        if self._single:
            turn = await self._db.read(load)
        else:
            now = self._clock.now()
            turn = await self._db.write(
                lambda tx: repository.take_turn(
                    tx,
                    conversation_id,
                    holder=self._holder,
                    now=now,
                    until=now + timedelta(seconds=LEASE_SECONDS),
                )
            )
        if turn is None:
            return False
        await self._turn(*turn)
        return True

    async def _turn(self, conversation: Conversation, message: Message) -> None:
        started = asyncio.get_running_loop().time()
        with structlog.contextvars.bound_contextvars(
            conversation_id=conversation.id, turn_id=message.id
        ):
            try:
                async with asyncio.timeout(ANSWER_SECONDS):
                    outcome = await self._run(conversation, message)
            except Unavailable:
                raise
            except Exception as error:  # worker edge: answer without the bot instead
                if not isinstance(error, TimeoutError):
                    log.exception("turn.failed")
                else:
                    log.warning("turn.timed_out")
                self._records.end(message.id)
                outcome = await self._fail(conversation, message)
            await self._store(conversation, message, outcome)
        self._metrics.turn_seconds.observe(asyncio.get_running_loop().time() - started)

    async def _fail(self, conversation: Conversation, message: Message) -> Outcome:
        """Answer a turn that went wrong: the failure is ours, so a person takes over."""
        await self._db.write(lambda tx: repository.count_attempt(tx, message.id))
        return Outcome(drafts=[], decision=None, hand_off="action_failed")

    async def _run(self, conversation: Conversation, message: Message) -> Outcome:
        aside = None
        if self._asides is not None:
            aside = await self._asides.find(
                conversation, message, functools.partial(self._understand, conversation, message)
            )
        if aside is not None and aside.step is not None:
            decision = aside.decision.as_json() if aside.decision else None
            return Outcome(drafts=[], decision=decision, step=aside.step)
        match plan_turn(conversation, message, goes_on=aside is not None):
            case TurnPlan.PERSON_READS:
                return Outcome(drafts=[], decision=None)
            case TurnPlan.GIVE_UP:
                return Outcome(drafts=[], decision=None, hand_off="bot_unavailable")
            case TurnPlan.CHECK_CODE:
                return await self._code_turn(conversation, message)
            case TurnPlan.ASK_BOT:
                given = given_intent(message)
                if given is not None:
                    return await self._bot_turn(conversation, message, given)
                if asks_to_wait(message.text):
                    why = Why("asks_to_wait")
                    return await self._bot_turn(conversation, message, (PAUSE, {}), why=why)
                typed = await self._typed_choice(conversation, message)
                why = Why("typed_choice" if typed else "stated")
                return await self._bot_turn(conversation, message, typed, why=why)

    async def _understand(self, conversation: Conversation, message: Message) -> Decision | None:
        """Return what the classifier makes of a message, without a turn; None while Rasa is down."""
        text = for_understanding(message.text)[:MAX_CHARACTERS]
        if is_blank(text):
            return None
        locale = conversation.locale
        if not conversation.locale_fixed:
            locale = choose_language(text, current=locale, detector=self._detector)
        vector = await self._encoder.encode(text)
        try:
            parse = await self._dialogue.parse(text, locale=locale, vector=pack(vector))
        except RasaDown:
            return None
        return decide(parse, None, locale=locale)

    async def _typed_choice(
        self, conversation: Conversation, message: Message
    ) -> tuple[str, dict[str, str]] | None:
        """Return what the button means whose label or number was typed, or None."""
        if len(message.text) > TYPED_CHARACTERS:
            return None
        before = await self._db.read(
            lambda conn: repository.list_messages(
                conn, conversation.id, after=max(0, message.seq - BUTTONS_BACK - 1)
            )
        )
        button = find_choice(message.text, last_buttons(before, before_seq=message.seq))
        if button is None:
            return None
        entities = {QUESTION: button["label"], **(button.get("entities") or {})}
        return str(button["intent"]), {str(k): str(v) for k, v in entities.items()}

    async def _code_turn(self, conversation: Conversation, message: Message) -> Outcome:
        digest = str((message.payload or {})["code_digest"])
        now = self._clock.now()
        checked = await self._db.write(
            lambda tx: self._codes.check(tx, conversation.id, digest, now, message_id=message.id)
        )
        outcome = str(checked.outcome)
        if outcome == "none":
            # Nothing waits for a code any more.
            return Outcome(
                drafts=render_replies(
                    [RasaReply("utter_code_expired", None, {}, ())],
                    self._texts,
                    conversation.locale,
                    in_reply_to=message.id,
                    channel=conversation.channel,
                ),
                decision=_given("code", conversation.locale, Why("no_code_awaited")).as_json(),
            )
        intent = {"ok": "code_ok", "failed": "code_failed", "locked": "code_locked"}[outcome]
        return await self._bot_turn(
            conversation,
            message,
            (intent, {}),
            metadata={"tries_left": checked.tries_left, "subject": checked.subject},
        )

    async def _bot_turn(
        self,
        conversation: Conversation,
        message: Message,
        given: tuple[str, dict[str, str]] | None,
        *,
        metadata: dict[str, Any] | None = None,
        why: Why = _STATED,
    ) -> Outcome:
        asked = message.text
        if given is not None:
            entities = dict(given[1])
            asked = entities.pop(QUESTION, asked)
            given = (given[0], entities)
        text = for_understanding(asked)[:MAX_CHARACTERS]
        locale = conversation.locale
        vector: Vector | None = None
        if given is None:
            if is_blank(text):
                text = "?"
            if not conversation.locale_fixed:
                locale = choose_language(text, current=locale, detector=self._detector)
            vector = await self._encoder.encode(text)
        if locale != conversation.locale:
            conversation = replace(conversation, locale=locale)
        self._announce_typing(conversation)
        known = await self._articles(text, vector, locale) if given is None else None
        self._records.begin(
            message.id, vector=vector, question=text, known=known, known_locale=locale
        )
        try:
            answer = await self._dialogue.turn(
                TurnRequest(
                    conversation_id=conversation.rasa_id,
                    turn_id=message.id,
                    text=text,
                    locale=locale,
                    channel=conversation.channel,
                    vector=pack(vector) if vector is not None else None,
                    intent=given[0] if given else None,
                    entities=given[1] if given else {},
                    metadata={"epoch": conversation.owner_epoch, **(metadata or {})},
                    article=verdict_of(known) if known is not None else None,
                    awaits_code=conversation.awaiting_code_until is not None
                    and self._clock.now() < conversation.awaiting_code_until,
                )
            )
        except RasaDown as error:
            self._records.end(message.id)
            self._metrics.turns.labels("without_bot").inc()
            outcome = await self._without_bot(
                conversation, message, text, vector, given, str(error)
            )
            return await self._with_incidents(outcome, text, vector, given)
        record = self._records.end(message.id)
        self._metrics.turns.labels("replayed" if answer.replayed else "bot").inc()
        decision = self._decision(answer, record, given, locale, why)
        wishes = await self._open_wishes(conversation, message, answer, str(decision["intent"]))
        if wishes:
            answer = replace(answer, replies=(*answer.replies, still_open(wishes)))
            decision["offered_again"] = True
        if known is not None:
            answer = replace(answer, replies=with_article(answer, known))
        outcome = self._outcome(conversation, message, answer, record, decision, locale)
        return await self._with_incidents(outcome, text, vector, given)

    async def _articles(self, text: str, vector: Vector | None, locale: str) -> AnswerLike | None:
        """Return what the knowledge base says, or None: Rasa can do without."""
        try:
            async with asyncio.timeout(ARTICLES_SECONDS):
                found: AnswerLike = await self._knowledge.ask(text, locale=locale, vector=vector)
        except Exception as error:  # worker edge: a search that fails must not fail the turn
            log.warning("turn.search_failed", error=type(error).__name__)
            return None
        return found

    async def _with_incidents(
        self,
        outcome: Outcome,
        text: str,
        vector: Vector | None,
        given: tuple[str, dict[str, str]] | None,
    ) -> Outcome:
        """Add the notices that concern the message; a button concerns what it leads to."""
        if self._incidents is None or outcome.decision is None:
            return outcome
        found = await self._incidents.concerning(
            text if given is None else "", vector=vector, decision=outcome.decision
        )
        if not found:
            return outcome
        noted = [{"id": c.notice.id, "title": c.notice.title, "why": c.why} for c in found]
        reasons = [notice_reason(c.notice.title) for c in found]
        decision = outcome.decision
        return replace(
            outcome,
            decision={
                **decision,
                "incidents": noted,
                "why": [*decision.get("why", ()), *(one.as_json() for one in reasons)],
                "reasons": [*decision.get("reasons", ()), *(one.sentence() for one in reasons)],
            },
            incidents=tuple(found),
        )

    async def _open_wishes(
        self, conversation: Conversation, message: Message, answer: TurnAnswer, intent: str
    ) -> list[Wish]:
        """Return what was asked for beside the flow that has just ended, and not dealt with yet."""
        if ENDS_A_FLOW.isdisjoint(answer.actions) or not answer.replies:
            return []
        messages = await self._db.read(
            lambda conn: repository.list_messages(
                conn, conversation.id, after=max(0, message.seq - LOOK_BACK)
            )
        )
        told = [
            Decided(m.text, m.decision)
            for m in messages
            if m.decision is not None
            and m.owner_epoch == message.owner_epoch
            and message.created_at - m.created_at < SILENCE
        ]
        return open_wishes(told, intent=intent)

    def _outcome(
        self,
        conversation: Conversation,
        message: Message,
        answer: TurnAnswer,
        record: TurnRecordLike | None,
        decision: dict[str, Any],
        locale: str,
    ) -> Outcome:
        if answer.failed_actions and not (record and record.ticket_opened):
            log.warning("turn.actions_failed", actions=list(answer.failed_actions))
            return Outcome(drafts=[], decision=decision, hand_off="action_failed", locale=locale)
        spoken = record.locale if record and record.locale else locale
        drafts = render_replies(
            answer.replies,
            self._texts,
            spoken,
            in_reply_to=message.id,
            channel=conversation.channel,
        )
        if not drafts and not (record and record.ticket_opened):
            # Silence is a failure: say honestly that it was not understood, offer a person.
            drafts = render_replies(
                [_ask_back()],
                self._texts,
                spoken,
                in_reply_to=message.id,
                channel=conversation.channel,
            )
        return Outcome(drafts=drafts, decision=decision, locale=locale)

    def _decision(
        self,
        answer: TurnAnswer,
        record: TurnRecordLike | None,
        given: tuple[str, dict[str, str]] | None,
        locale: str,
        why: Why,
    ) -> dict[str, Any]:
        if answer.parse is not None and given is None:
            found: AnswerLike | None = record.answer if record else None
            decision = decide(answer.parse, found, locale=locale).as_json()
        else:
            intent = given[0] if given else FALLBACK
            decision = _given(intent, locale, why, model=answer.model).as_json()
        if record is not None:
            if record.article:
                decision["article"] = record.article
            decision["results"] = dict(record.results)
        decision["actions"] = list(answer.actions)
        decision["failed_actions"] = list(answer.failed_actions)
        decision["facts"] = {
            name: value
            for name, value in answer.slots.items()
            if name in {"order_number", "email", "purpose"}
        }
        return decision

    async def _without_bot(
        self,
        conversation: Conversation,
        message: Message,
        text: str,
        vector: Vector | None,
        given: tuple[str, dict[str, str]] | None,
        why: str,
    ) -> Outcome:
        """Answer from the knowledge base, or open a ticket, while Rasa can't be used."""
        intent = given[0] if given else None
        base = Decision(
            route=Route.HUMAN,
            intent=intent or "",
            confidence=0.0,
            locale=conversation.locale,
            why=(Why("bot_unavailable", {"cause": why}),),
        )
        if intent in {"human", "not_helped"} or (intent is None and wants_person(text)):
            return Outcome(
                drafts=[],
                decision=base.as_json(),
                hand_off="customer_asked" if intent != "not_helped" else "not_helped",
                locale=conversation.locale,
            )
        if intent and intent.startswith("code_"):
            return Outcome(
                drafts=[],
                decision=base.as_json(),
                hand_off="bot_unavailable",
                locale=conversation.locale,
            )
        if intent == "helped":
            replies: Sequence[RasaReply] = [RasaReply("utter_helped", None, {}, ())]
            decided = replace(base, route=Route.SMALLTALK).as_json()
        else:
            replies, decided = await self._from_articles(
                conversation, text, vector, given, base=base
            )
        return Outcome(
            drafts=render_replies(
                replies,
                self._texts,
                conversation.locale,
                in_reply_to=message.id,
                channel=conversation.channel,
            ),
            decision=decided,
            locale=conversation.locale,
        )

    async def _from_articles(
        self,
        conversation: Conversation,
        text: str,
        vector: Vector | None,
        given: tuple[str, dict[str, str]] | None,
        *,
        base: Decision,
    ) -> tuple[Sequence[RasaReply], dict[str, Any]]:
        """Return what the knowledge base alone says, with what belongs to it on this channel."""
        hit: Any = None
        decision = replace(base, route=Route.FAQ)
        if given is not None and given[0] == "choose_article":
            hit = await self._knowledge.get_published(given[1].get("article_id", ""))
        elif given is None or given[0] == "faq":
            answer = await self._knowledge.ask(
                text, locale=conversation.locale, vector=vector, limit=3
            )
            if str(answer.decision) == "answer" and answer.hits:
                hit = answer.hits[0]
                decision = with_articles(decision, answer)
        shown = (
            await self._presenter.present(
                hit.article_id,
                hit.revision,
                locale=conversation.locale,
                channel=conversation.channel,
            )
            if hit is not None
            else None
        )
        if shown is None:  # nothing found, or archived or made internal since it was
            gone = given is not None and given[0] == "choose_article"
            key = "utter_article_gone" if gone else "utter_bot_unavailable"
            reply = RasaReply(key, None, {}, (person_choice(),))
            return [reply], replace(base, route=Route.CLARIFY).as_json()
        decided = decision.as_json()
        decided["article"] = {
            "article_id": hit.article_id,
            "key": hit.key,
            "title": hit.title,
            "locale": hit.locale,
            "revision": hit.revision,
            "score": hit.score,
        }
        replies = article_replies(shown, article_locale=hit.locale, locale=conversation.locale)
        return replies, decided

    async def _store(self, conversation: Conversation, message: Message, outcome: Outcome) -> None:
        now = self._clock.now()

        def step(tx: Tx) -> bool:
            if outcome.locale and outcome.locale != conversation.locale:
                repository.set_locale(tx, conversation.id, locale=outcome.locale, fixed=False)
            first = repository.end_turn(
                tx, message.id, state=TurnState.DONE, decision=outcome.decision
            )
            if not first:
                # The turn handed over, which ended it; only the decision is still missing.
                if outcome.decision is not None:
                    repository.set_decision(tx, message.id, outcome.decision)
                return False
            if outcome.step is not None:
                outcome.step(tx, now)
                return True
            told, notices = self._notices(tx, conversation, message, outcome)
            if outcome.hand_off is not None:
                current = repository.get_conversation(tx.conn, conversation.id)
                if current.owner_epoch == conversation.owner_epoch:
                    if notices:
                        repository.append(tx, conversation.id, notices, now=now)
                        self._record_told(tx, conversation, told)
                    self._hand_off.open_for_turn(
                        tx,
                        conversation=replace(current, locale=outcome.locale or current.locale),
                        reason=outcome.hand_off,
                        turn_id=message.id,
                        question=message.text,
                        decision=outcome.decision,
                        now=now,
                    )
                return True
            stored = repository.append(
                tx,
                conversation.id,
                [*notices, *outcome.drafts],
                now=now,
                expect_epoch=conversation.owner_epoch,
            )
            if stored is not None:
                self._record_told(tx, conversation, told)
            return stored is not None

        await self._db.write(step)

    def _notices(
        self, tx: Tx, conversation: Conversation, message: Message, outcome: Outcome
    ) -> tuple[list[str], list[Draft]]:
        """Return what must be said first: notices that the conversation has not heard."""
        if self._incidents is None:
            return [], []
        return self._incidents.drafts(
            tx.conn,
            conversation.id,
            outcome.incidents,
            locale=outcome.locale or conversation.locale,
            in_reply_to=message.id,
        )

    def _record_told(self, tx: Tx, conversation: Conversation, ids: list[str]) -> None:
        if self._incidents is not None and ids:
            self._incidents.record_told(tx, conversation.id, ids)


def _given(intent: str, locale: str, why: Why, *, model: str = "") -> Decision:
    """Return the decision about what was not understood but stated."""
    route = Route.SMALLTALK if intent == "code" else _given_route(intent)
    return Decision(
        route=route, intent=intent, confidence=1.0, locale=locale, why=(why,), model=model
    )


def _given_route(intent: str) -> Route:
    if intent == "choose_article":
        return Route.FAQ
    if intent.startswith("code_") or intent == "flow_done":
        return Route.SMALLTALK
    return route_of(intent, None, raw_intent=intent)


def _ask_back() -> RasaReply:
    return RasaReply("utter_ask_rephrase", None, {}, (person_choice(),))
