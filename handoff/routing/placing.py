"""What is known of a conversation when it is handed over, and the queue that follows from it.

The desk's hand-off and the admin's "try it" both come through here.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from sqlalchemy import Connection

from bot.conversations.conversation import Author, Conversation, Message
from bot.kit.text import plain_words
from handoff.pack import PackInput
from handoff.routing import repository
from handoff.routing.rule import Facts, RoutingRule
from handoff.service_level.repository import tier_of
from handoff.ticket import Reason
from handoff.triage import Placement, Queue, place

IsOpen = Callable[[Connection, str, datetime], bool]
MAX_MESSAGES = 20
"""The customer's latest messages in which phrases are looked for."""
REQUEST_AGE = timedelta(hours=24)
"""What was said longer before the hand-off is another matter, as for the pack."""


def place_hand_off(
    conn: Connection,
    queues: Sequence[Queue],
    conversation: Conversation,
    messages: Iterable[Message],
    *,
    pack: PackInput,
    topics: tuple[str, ...],
    reason: Reason,
    is_open: IsOpen | None,
    now: datetime,
) -> Placement:
    """Choose the queue for a conversation that is handed over, by today's queues, rules and levels.

    Args:
        conn: the step's connection.
        queues: all there are.
        conversation: as it is before the hand-off.
        messages: of the bot's part, in order.
        pack: complete.
        topics: what it is about, the most telling first.
        reason: why it is handed over.
        is_open: tells whether somebody is there by a calendar; None: always.
        now: the present.

    Raises:
        ValueError: there is no queue at all.
    """
    identity = pack.identity
    verified = identity is not None and identity.verified
    facts = Facts(
        topics=topics,
        locale=conversation.locale,
        channel=conversation.channel,
        reason=reason,
        words=request_words(messages, now=now),
        verified=verified,
        tier=tier_of(conn, identity.email if identity and verified else None),
    )
    return decide(conn, queues, facts, is_open=is_open, now=now)


def decide(
    conn: Connection,
    queues: Sequence[Queue],
    facts: Facts,
    *,
    is_open: IsOpen | None,
    now: datetime,
) -> Placement:
    """Choose the queue for what is known; which calendars are open is looked up here.

    Raises:
        ValueError: there is no queue at all.
    """
    rules = repository.list_rules(conn)
    opened = open_calendars(conn, rules, queues, is_open=is_open, now=now)
    people = repository.get_levels(conn).staffed
    return place(queues, rules, replace(facts, open_calendars=opened), people=people)


def request_words(messages: Iterable[Message], *, now: datetime) -> str:
    """Return what the customer wrote lately, as phrases are looked for in it."""
    said = [
        message.text
        for message in messages
        if message.author is Author.CUSTOMER and now - message.created_at <= REQUEST_AGE
    ]
    # A phrase does not reach from one message into the next.
    return " \n ".join(plain_words(text) for text in said[-MAX_MESSAGES:])


def open_calendars(
    conn: Connection,
    rules: Iterable[RoutingRule],
    queues: Iterable[Queue],
    *,
    is_open: IsOpen | None,
    now: datetime,
) -> frozenset[str]:
    """Return by which of the calendars that rules ask about somebody is there."""
    keys = {queue.id: queue.calendar_key for queue in queues}
    asked = {
        rule.conditions.calendar or keys.get(rule.queue_id, "")
        for rule in rules
        if rule.enabled and rule.conditions.hours is not None
    }
    return frozenset(key for key in asked if is_open is None or is_open(conn, key, now))
