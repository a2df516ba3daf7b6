"""Articles that answer what the customer asks now: found for the agent, sent by the agent.

The knowledge base is given as a `Library`; what was sent of it is kept with the message.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from sqlalchemy import Connection

from bot.conversations import repository as conversations
from bot.conversations.conversation import Author, Message
from bot.kit.db import Database, Tx
from bot.kit.errors import Invalid, NotFound
from bot.staff.account import Staff
from handoff import repository as tickets
from handoff.service import Desk
from handoff.steps import check_visible
from handoff.suggestions import repository
from handoff.suggestions.repository import Credit
from handoff.ticket import Ticket

Way = Literal["sent", "inserted"]
SHOWN = 5
ASKED = 3
"""Of the customer's latest messages, those that make the question together."""
LOOKED_BACK = 30
MAX_QUESTION = 400


class Found(Protocol):
    """An article that the library found."""

    @property
    def article_id(self) -> str:
        """Its id."""
        ...

    @property
    def key(self) -> str:
        """The same in every language."""
        ...

    @property
    def locale(self) -> str:
        """Language of this text."""
        ...

    @property
    def title(self) -> str:
        """Its title."""
        ...

    @property
    def answer(self) -> str:
        """Markdown."""
        ...

    @property
    def revision(self) -> int:
        """The published one."""
        ...

    @property
    def score(self) -> float:
        """How well it fits, 0 to 1."""
        ...

    @property
    def internal(self) -> bool:
        """For colleagues, not for customers."""
        ...


class Library(Protocol):
    """Where articles come from."""

    async def find(self, question: str, *, locale: str, limit: int) -> Sequence[Found]:
        """Return what fits, best first; the customer's language where there is a text in it."""
        ...

    async def get(self, article_id: str) -> Found | None:
        """Return a published article, internal ones too, or None."""
        ...


@dataclass(frozen=True, slots=True)
class Suggested:
    """What fits the question, and the question."""

    question: str
    locale: str
    found: tuple[Found, ...]


class Suggestions:
    """One per process; keeps nothing."""

    def __init__(self, db: Database, desk: Desk, library: Library) -> None:
        self._db = db
        self._desk = desk
        self._library = library

    async def suggest(self, ticket_id: str, staff: Staff, *, search: str = "") -> Suggested:
        """Return the articles nearest to what the customer wrote last, or to `search`.

        Raises:
            NotFound: there is no such ticket, or it is not theirs.
        """

        def query(conn: Connection) -> tuple[str, str]:
            ticket = _visible(conn, ticket_id, staff)
            conversation = conversations.get_conversation(conn, ticket.conversation_id)
            if search.strip():
                return search.strip()[:MAX_QUESTION], conversation.locale
            messages = conversations.list_messages(
                conn,
                ticket.conversation_id,
                after=max(0, conversation.last_seq - LOOKED_BACK),
                limit=LOOKED_BACK,
            )
            return question_of(messages) or ticket.subject, conversation.locale

        question, locale = await self._db.read(query)
        if not question.strip():
            return Suggested("", locale, ())
        found = await self._library.find(question, locale=locale, limit=SHOWN)
        return Suggested(question, locale, tuple(found))

    async def send(
        self,
        ticket_id: str,
        staff: Staff,
        *,
        article_id: str,
        client_id: str,
        text: str | None,
        score: float | None,
    ) -> Message:
        """Answer the customer with an article, as it is or as the agent changed it.

        Message and credit are one transaction; the same `client_id` again says nothing twice.

        Raises:
            NotFound: the article is not published any longer.
            Invalid: (internal_article) it is for colleagues: only what an agent made of it may go out.
            Conflict: as `Desk.reply`.
        """
        article = await self._library.get(article_id)
        if article is None:
            raise NotFound("This article is not published any longer.")
        if text is None and article.internal:
            raise Invalid(
                "This article is for colleagues. Insert it and write what the customer may read.",
                code="internal_article",
            )
        way: Way = "sent" if text is None or text == article.answer else "inserted"
        now = self._desk.now()

        def step(tx: Tx) -> Message:
            message = self._desk.reply_step(
                tx,
                ticket_id,
                staff,
                client_id=client_id,
                text=article.answer if text is None else text,
                now=now,
            )
            credit = Credit(
                message_id=message.id,
                ticket_id=ticket_id,
                article_id=article.article_id,
                article_key=article.key,
                title=article.title[:200],
                revision=article.revision,
                way=way,
                score=score,
                staff_id=staff.id,
                at=now,
            )
            repository.insert_credit(tx, credit)
            return message

        return await self._db.write(step)


def question_of(messages: Sequence[Message]) -> str:
    """Return what the customer wrote last: up to three messages in a row. Pure."""
    words: list[str] = []
    for message in reversed(messages):
        if message.author is Author.CUSTOMER:
            words.append(message.text)
            if len(words) == ASKED:
                break
        elif words and message.author is not Author.SYSTEM:
            break
    return " ".join(reversed(words))[-MAX_QUESTION:]


def _visible(conn: Connection, ticket_id: str, staff: Staff) -> Ticket:
    ticket = tickets.find_ticket(conn, ticket_id)
    if ticket is None:
        raise NotFound("There is no such ticket.")
    check_visible(conn, ticket, staff)
    return ticket
