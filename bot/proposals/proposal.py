"""A proposal: where it is in its life, what it must be, and what it was worth. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from bot.conversations.conversation import Author, Message
from knowledge_base.article import MAX_PHRASING, Content, check_content

MAX_REASON = 500
MIN_WORDS = 2
"""A customer's message of fewer words (“oi”, “ok”) is no question."""
EPISODE = timedelta(hours=1)
"""After so long a silence a conversation begins afresh (`bot.inbox.turn.SILENCE`)."""
NO_QUESTION = frozenset({"human", "smalltalk"})
"""Ways of the bot that say nothing about the matter."""


class ProposalState(StrEnum):
    """Where a proposal is in its life."""

    PROPOSED = "proposed"
    """An editor will look at it."""
    SENT_BACK = "sent_back"
    """An editor wants it better and said why; whoever proposed it can propose it again."""
    ACCEPTED = "accepted"
    """An editor made an article of it."""
    WITHDRAWN = "withdrawn"
    """Whoever proposed it took it back."""


@dataclass(frozen=True, slots=True)
class Draft:
    """What is proposed."""

    question: str
    """In the customer's words; one line."""
    answer: str
    """Markdown."""
    locale: str


@dataclass(frozen=True, slots=True)
class Showing:
    """One time that an article was shown, and when a ticket was opened after it."""

    conversation_id: str
    at: datetime
    ticket_at: datetime | None
    """The first ticket of the same conversation from then on."""


def best_question(messages: Sequence[Message], *, opened_seq: int) -> str:
    """Return the customer's words for the matter of a ticket; "" when there are none.

    The last thing they asked the bot, and where that was only to get a person, the first thing they
    told the person. `opened_seq` numbers the last message before the ticket.
    """
    asked = [m.text for m in messages if m.seq <= opened_seq and _asks(m)]
    told = [m.text for m in messages if m.seq > opened_seq and _asks(m)]
    return asked[-1] if asked else told[0] if told else ""


def _asks(message: Message) -> bool:
    return (
        message.author is Author.CUSTOMER
        and (message.decision or {}).get("route") not in NO_QUESTION
        and message.payload is None
        and len(message.text.split()) >= MIN_WORDS
    )


def best_answer(messages: Iterable[Message]) -> str:
    """Return the longest thing that people wrote to the customer; "" when they wrote nothing."""
    return max((m.text for m in messages if m.author is Author.AGENT), key=len, default="")


def content_of(draft: Draft) -> Content:
    """Return the text that an article made of it begins with."""
    return Content(title=draft.question, answer=draft.answer, phrasings=(draft.question,))


def problems_of(draft: Draft) -> list[tuple[str, str]]:
    """Say what keeps a draft from being proposed, as (pointer, message)."""
    found = []
    if not draft.question.strip():
        found.append(("/question", "Say which question it answers."))
    elif len(draft.question) > MAX_PHRASING:
        found.append(("/question", f"The question is longer than {MAX_PHRASING} characters."))
    if not draft.answer.strip(" \n…"):
        found.append(("/answer", "Say what the answer is."))
    if found:
        return found
    names = {"/title": "/question"}
    return [
        (names.get(p.pointer, p.pointer), p.message)
        for p in check_content(content_of(draft)).problems
    ]


def tickets_avoided(showings: Sequence[Showing]) -> int:
    """Return how many tickets an article made unnecessary.

    Showings after which nobody was called and nothing was said not to have helped are given; of these
    count, once per conversation and episode, those after which no ticket was opened in the episode:

        avoided = |{(conversation, episode) : shown, not "did not help", no person called,
                    no ticket within an hour after the last showing}|

    An episode ends with an hour of silence, so showings less than an hour apart are of one episode. It
    counts at once, and no longer when a ticket is opened after all.
    """
    avoided = 0
    ordered = sorted(showings, key=lambda one: (one.conversation_id, one.at))
    for number, one in enumerate(ordered):
        following = ordered[number + 1] if number + 1 < len(ordered) else None
        goes_on = (
            following is not None
            and following.conversation_id == one.conversation_id
            and following.at - one.at < EPISODE
        )
        opened = one.ticket_at is not None and one.ticket_at - one.at < EPISODE
        if not goes_on and not opened:
            avoided += 1
    return avoided
