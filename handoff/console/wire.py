"""The JSON of the desk, built where it goes out and parsed where it comes in. Pure."""

import base64
import binascii
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Literal

from pydantic import AwareDatetime, Field

from bot.conversations.conversation import Delivery, Message, Version
from bot.kit.errors import Invalid
from bot.kit.web import Model
from bot.staff.account import Staff
from handoff import pack as packs
from handoff.case.link import Relation
from handoff.repository import Cursor, Event, Listed, QueueLoad
from handoff.routing.level import Level
from handoff.service import Detail, MessagePage
from handoff.suggestions.repository import Credit
from handoff.ticket import OPEN, Priority, Ticket, TicketState
from handoff.transcript import decision_of, shown_text
from handoff.triage import Queue

HideLinks = Callable[[str, str], str]
MAX_TEXT = 20_000
"""Longest text read at all; what may be said is shorter and refused with a reason."""

MAX_NOTE_READ = 200_000
"""Notes are read further, so that one that is too long is refused in words for people."""


# ------------------------------------------------------------------------------- what comes in


class Nothing(Model):
    """No members."""


class ReplyBody(Model):
    """Something said to the customer; `client_id` is a UUID of the client's making."""

    client_id: str = Field(max_length=64)
    text: str = Field(max_length=MAX_TEXT)


class NoteBody(Model):
    """An internal note; @ and a name tell that colleague."""

    text: str = Field(max_length=MAX_NOTE_READ)


class TransferBody(Model):
    """To a queue (key or id) or to a person (id), never both."""

    queue: str | None = Field(default=None, max_length=60)
    assignee: str | None = Field(default=None, max_length=36)
    reason: str = Field(max_length=MAX_TEXT)


class EscalateBody(Model):
    """Passing up; `to` is a level, a queue key or a staff id."""

    kind: Literal["functional", "hierarchical"]
    to: str = Field(max_length=60)
    reason: str = Field(max_length=MAX_TEXT)


class ReturnBody(Model):
    """Back to the level below, and why."""

    reason: str = Field(max_length=MAX_TEXT)


class WaitBody(Model):
    """What the ticket waits for."""

    for_: Literal["customer", "third_party"] = Field(alias="for")
    reason: str | None = Field(default=None, max_length=MAX_TEXT)
    vendor: str | None = Field(default=None, max_length=1_000)
    """Who the third party is."""
    expected_at: AwareDatetime | None = None
    """By when a third party should have answered; a reminder comes then."""


class SnoozeBody(Model):
    """Until when (with a time zone)."""

    until: AwareDatetime
    reason: str | None = Field(default=None, max_length=MAX_TEXT)


class ResolveBody(Model):
    """`text` is the last thing the customer is told, before the closing sentence."""

    text: str | None = Field(default=None, max_length=MAX_TEXT)
    reason: str | None = Field(default=None, max_length=MAX_TEXT)
    ask_feedback: bool = True
    """False: the customer is not asked how it was."""


class ReopenBody(Model):
    """Why."""

    reason: str | None = Field(default=None, max_length=MAX_TEXT)


class PriorityBody(Model):
    """How urgent from now on."""

    priority: Literal["urgent", "high", "normal", "low"]
    reason: str | None = Field(default=None, max_length=MAX_TEXT)


class ClaimNextBody(Model):
    """From which queue (key or id) or level; from any otherwise."""

    queue: str | None = Field(default=None, max_length=60)
    level: str | None = Field(default=None, max_length=4)


class TicketsQuery(Model):
    """Filters of the list; an empty one is none."""

    queue: str | None = Field(default=None, max_length=60)
    level: str | None = Field(default=None, max_length=4)
    state: list[str] = Field(default_factory=list, max_length=10)
    """States, or `open` for everything that is not resolved or closed."""
    assignee: str | None = Field(default=None, max_length=36)
    """`me`, `none` or a staff id."""
    q: str | None = Field(default=None, max_length=200)
    sort: Literal["priority", "due"] = "priority"
    """By priority and longest in line, or by what is due first."""
    tag: str | None = Field(default=None, max_length=100)
    category: str | None = Field(default=None, max_length=60)
    """Key of a category, or `none`."""
    watching: bool = False
    """Only those that the caller watches."""
    cursor: str | None = Field(default=None, max_length=200)
    limit: int = Field(default=50, ge=1, le=1_000)


class MessagesQuery(Model):
    """Everything above a sequence number."""

    after: int = Field(default=0, ge=0)
    limit: int = Field(default=200, ge=1, le=500)


def states_of(names: list[str]) -> frozenset[TicketState] | None:
    """Read the `state` parameters; None when nothing is filtered.

    Raises:
        Invalid: a name is no state.
    """
    states: set[TicketState] = set()
    for name in names:
        if name == "open":
            states |= OPEN
        elif name:
            try:
                states.add(TicketState(name))
            except ValueError:
                raise Invalid("There is no such ticket state.", code="unknown_state") from None
    return frozenset(states) or None


def cursor_text(cursor: Cursor | None) -> str | None:
    """Render where a page ended."""
    if cursor is None:
        return None
    due_at = cursor.due_at.isoformat() if cursor.due_at else None
    data = json.dumps([cursor.rank, cursor.queued_at.isoformat(), cursor.serial, due_at])
    return base64.urlsafe_b64encode(data.encode()).decode().rstrip("=")


def read_cursor(text: str | None) -> Cursor | None:
    """Read what `cursor_text` wrote.

    Raises:
        Invalid: it is something else.
    """
    if not text:
        return None
    try:
        rank, queued_at, serial, due = json.loads(
            base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
        )
        instant = datetime.fromisoformat(queued_at)
        due_at = datetime.fromisoformat(due) if due is not None else None
        if instant.tzinfo is None or not isinstance(rank, int) or not isinstance(serial, int):
            raise ValueError
        if due_at is not None and due_at.tzinfo is None:
            raise ValueError
        return Cursor(rank, instant, serial, due_at)
    except (ValueError, TypeError, binascii.Error):
        raise Invalid("This cursor can't be used.", code="bad_cursor") from None


# -------------------------------------------------------------------------------- what goes out


class Person(Model):
    """Somebody of the staff."""

    id: str
    name: str


class QueueItem(Model):
    """A queue and how full it is; counts are 0 for levels that are not the reader's."""

    id: str
    key: str
    name: str
    level: str
    open_count: int
    waiting_count: int
    oldest_waiting_at: str | None


class DeskLevel(Model):
    """A level; `name` is its key while nobody gave it another."""

    key: str
    name: str
    staffed: bool
    """People work there."""
    escalates_to: list[str]


class Queues(Model):
    """Every queue, by level, and the levels."""

    items: list[QueueItem]
    levels: list[DeskLevel]


class AgentItem(Model):
    """Somebody who can be given a ticket."""

    id: str
    name: str
    level: str | None
    role: str


class Agents(Model):
    """Everybody who can be given a ticket."""

    items: list[AgentItem]


class QueueName(Model):
    """Which queue."""

    id: str
    key: str
    name: str


class DueItem(Model):
    """The clock of the service level that runs out next, by the server's own time."""

    metric: str
    state: str
    """running, paused or breached."""
    at: str | None
    """None while it pauses."""
    seconds: int | None
    """Until it is due; negative: overdue since."""
    warn_seconds: int | None


class CategoryName(Model):
    """What it is about, in the reader's language."""

    key: str
    name: str


class TicketSummary(Model):
    """A ticket as lists show it."""

    id: str
    number: str
    conversation_id: str
    level: str
    queue: QueueName
    state: TicketState
    priority: Priority
    reason: str
    subject: str
    locale: str
    channel: str
    contact_name: str | None
    assignee: Person | None
    opened_at: str
    queued_at: str
    claimed_at: str | None
    first_reply_at: str | None
    resolved_at: str | None
    wake_at: str | None
    waiting_seconds: int
    last_message_at: str | None
    last_message_preview: str | None
    unread: bool
    """The customer wrote after the last agent reply."""
    bounce_count: int
    due: DueItem | None
    category: CategoryName | None
    tags: list[str]


class Tickets(Model):
    """A page of the list."""

    items: list[TicketSummary]
    next_cursor: str | None


class EventItem(Model):
    """One line of the history; `from` and `to` are states, or names of queues and people."""

    id: str
    at: str
    kind: str
    actor: Person | None
    from_: str | None = Field(serialization_alias="from")
    to: str | None
    reason: str | None
    text: str | None
    epoch: int
    ticket: str | None = None
    """Number of the ticket it happened to, when that one was merged into this one."""


class PackModel(Model):
    """What an agent sees first."""

    reason: str
    wants: dict[str, Any] | None
    facts: list[dict[str, Any]]
    identity: dict[str, Any]
    tried: list[dict[str, Any]]
    articles: list[dict[str, Any]]
    language: str
    waiting_seconds: int
    queue: str
    level: str
    hours_text: str
    earlier: list[str]


class ThirdPartyItem(Model):
    """For whom outside the house a ticket waits, or waited last."""

    vendor: str | None
    expected_at: str | None
    since: str | None
    """Beginning of the wait that goes on; null: it is over."""
    waited_seconds: int
    total_seconds: int
    """All such waits of the ticket."""
    overdue: bool


class Related(Model):
    """An earlier ticket of the same conversation."""

    id: str
    number: str
    state: TicketState


class LinkItem(Model):
    """Another ticket that this one has to do with."""

    id: str
    number: str
    state: TicketState
    relation: Relation


class TicketDetail(TicketSummary):
    """A ticket with pack and history."""

    pack: PackModel
    events: list[EventItem]
    epoch: int
    position: int | None
    """Place in line while it waits."""
    related: Related | None
    third_party: ThirdPartyItem | None
    """null: it never waited for one."""
    impact: str | None
    """Both only when the priority was worked out from them."""
    urgency: str | None
    links: list[LinkItem]
    watchers: list[Person]


class EarlierVersion(Model):
    """What an edited message said, and since when."""

    text: str
    at: str


class SourceArticle(Model):
    """An article that an agent sent, as it is or changed."""

    article_id: str
    title: str
    revision: int
    way: Literal["sent", "inserted"]


class StaffMessage(Model):
    """A message as staff see it."""

    id: str
    seq: int
    author: Literal["customer", "bot", "agent", "system"]
    author_name: str | None
    text: str
    choices: list[dict[str, str]] | None
    attachments: list[dict[str, Any]] | None
    created_at: str
    edited_at: str | None
    versions: list["EarlierVersion"] | None
    """What it said before its author changed it, oldest first; None when it was not."""
    decision: dict[str, Any] | None
    delivery: Literal["pending", "sent", "failed"] | None
    delivery_error: str | None
    """What the channel said when the message could not be delivered."""
    article: "SourceArticle | None"
    """Which article an agent's message was made of."""
    internal: bool = False


class StaffMessages(Model):
    """Messages above `after`, in order."""

    messages: list[StaffMessage]
    last_seq: int
    owner: Literal["bot", "queue", "agent"]
    owner_epoch: int
    seen_seq: int
    """The customer has read up to here; 0 where the channel does not tell."""
    unreachable_since: str | None
    """The customer blocked the bot: replies don't arrive until they write again."""


def instant(value: datetime) -> str:
    """Render an instant (RFC 3339, UTC)."""
    return value.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _maybe(value: datetime | None) -> str | None:
    return instant(value) if value else None


def queue_item(queue: Queue, load: QueueLoad, *, locale: str) -> QueueItem:
    """Render a queue."""
    return QueueItem(
        id=queue.id,
        key=queue.key,
        name=queue.name(locale),
        level=queue.level,
        open_count=load.open_count,
        waiting_count=load.waiting_count,
        oldest_waiting_at=_maybe(load.oldest_waiting_at),
    )


def level_item(level: Level, *, locale: str) -> DeskLevel:
    """Render a level."""
    return DeskLevel(
        key=level.key,
        name=level.name(locale),
        staffed=level.staffed,
        escalates_to=list(level.escalates_to),
    )


def agent_item(staff: Staff) -> AgentItem:
    """Render somebody who can be given a ticket."""
    return AgentItem(id=staff.id, name=staff.name, level=staff.level, role=staff.role.value)


def ticket_summary(
    listed: Listed, queue: Queue, *, locale: str, now: datetime, hide_links: HideLinks
) -> TicketSummary:
    """Render a ticket for a list."""
    return TicketSummary(**_summary(listed, queue, locale=locale, now=now, hide_links=hide_links))


def _summary(
    listed: Listed, queue: Queue, *, locale: str, now: datetime, hide_links: HideLinks
) -> dict[str, Any]:
    ticket = listed.ticket
    preview = None
    if listed.last_message_text is not None:
        preview = packs.preview(hide_links(listed.last_message_text, locale))
    assignee = None
    if ticket.assignee_id is not None:
        assignee = Person(id=ticket.assignee_id, name=ticket.assignee_name or "")
    return {
        "id": ticket.id,
        "number": ticket.number,
        "conversation_id": ticket.conversation_id,
        "level": ticket.level,
        "queue": QueueName(id=queue.id, key=queue.key, name=queue.name(locale)),
        "state": ticket.state,
        "priority": ticket.priority,
        "reason": ticket.reason.value,
        "subject": ticket.subject,
        "locale": listed.locale,
        "channel": listed.channel,
        "contact_name": listed.contact_name,
        "assignee": assignee,
        "opened_at": instant(ticket.opened_at),
        "queued_at": instant(ticket.queued_at),
        "claimed_at": _maybe(ticket.claimed_at),
        "first_reply_at": _maybe(ticket.first_reply_at),
        "resolved_at": _maybe(ticket.resolved_at),
        "wake_at": _maybe(ticket.wake_at),
        "waiting_seconds": ticket.waited_seconds(now),
        "last_message_at": _maybe(listed.last_message_at),
        "last_message_preview": preview,
        "unread": ticket.is_open
        and ticket.last_customer_at is not None
        and (ticket.last_reply_at is None or ticket.last_customer_at > ticket.last_reply_at),
        "bounce_count": ticket.bounce_count,
        "due": _due_item(ticket, now),
        "category": CategoryName(
            key=ticket.category, name=category_name(listed.category_names, ticket.category, locale)
        )
        if ticket.category
        else None,
        "tags": list(listed.tags),
    }


def _due_item(ticket: Ticket, now: datetime) -> DueItem | None:
    if ticket.due_metric is None or not ticket.is_open:
        return None
    seconds = round((ticket.due_at - now).total_seconds()) if ticket.due_at else None
    warn = round((ticket.warn_at - now).total_seconds()) if ticket.warn_at else None
    overdue = seconds is not None and seconds <= 0
    return DueItem(
        metric=ticket.due_metric,
        state="breached" if overdue else ticket.due_state or "running",
        at=_maybe(ticket.due_at),
        seconds=seconds,
        warn_seconds=warn,
    )


def ticket_detail(
    detail: Detail, *, locale: str, now: datetime, hide_links: HideLinks
) -> TicketDetail:
    """Render a ticket with pack and history."""
    ticket, pack = detail.listed.ticket, detail.pack
    stored = packs.to_json(pack)
    return TicketDetail(
        **_summary(detail.listed, detail.queue, locale=locale, now=now, hide_links=hide_links),
        pack=PackModel(
            reason=ticket.reason.value,
            wants=stored["wants"],
            facts=stored["facts"],
            identity=stored["identity"] or {"verified": False, "how": None, "email": None},
            tried=[
                {
                    "at": instant(a.at),
                    "action": a.action,
                    "outcome": a.outcome,
                    "detail": a.detail,
                }
                for a in pack.tried
            ],
            articles=[
                {**stored_article, "at": instant(article.at)}
                for stored_article, article in zip(stored["articles"], pack.articles, strict=True)
            ],
            language=pack.language or detail.listed.locale,
            waiting_seconds=ticket.waited_seconds(now),
            queue=detail.queue.name(locale),
            level=ticket.level,
            hours_text=detail.hours_text,
            earlier=list(pack.earlier),
        ),
        events=_history(detail, locale=locale),
        epoch=detail.epoch,
        position=detail.position,
        third_party=_third_party_item(detail),
        related=Related(
            id=detail.related.id, number=detail.related.number, state=detail.related.state
        )
        if detail.related
        else None,
        impact=ticket.impact,
        urgency=ticket.urgency,
        links=[
            LinkItem(id=one.id, number=one.number, state=one.state, relation=one.relation)
            for one in detail.case.links
        ],
        watchers=[Person(id=one, name=name) for one, name in detail.case.watchers],
    )


def category_name(names: Mapping[str, str] | None, key: str, locale: str) -> str:
    """Return what a category is called in `locale`."""
    known = names or {}
    return known.get(locale) or known.get("en") or key


def _history(detail: Detail, *, locale: str) -> list[EventItem]:
    """Everything that happened, to this ticket and to those merged into it, in order of time."""
    names = {one.key: one.name(locale) for one in detail.case.categories}
    lines: list[tuple[datetime, str | None, Event]] = [
        (event.at, None, event) for event in detail.events
    ]
    lines += [(event.at, number, event) for number, event in detail.case.merged]
    items = []
    for _, number, event in sorted(lines, key=lambda line: line[0]):
        changes: dict[str, Any] = {"ticket": number}
        if event.kind == "category":
            changes["from_"] = names.get(event.from_value or "", event.from_value)
            changes["to"] = names.get(event.to_value or "", event.to_value)
        item = event_item(event, detail.queues, locale=locale)
        items.append(item.model_copy(update=changes))
    return items


def _third_party_item(detail: Detail) -> ThirdPartyItem | None:
    story = detail.third_party
    if story is None:
        return None
    return ThirdPartyItem(
        vendor=story.vendor,
        expected_at=_maybe(story.expected_at),
        since=_maybe(story.since),
        waited_seconds=story.waited_seconds,
        total_seconds=story.total_seconds,
        overdue=story.overdue,
    )


def event_item(event: Event, queues: dict[str, Queue], *, locale: str) -> EventItem:
    """Render a line of the history: what changed is a value, else the queue, else the state."""
    source, target = event.from_state, event.to_state
    if event.from_value is not None or event.to_value is not None:
        source, target = event.from_value, event.to_value or ""
    elif event.from_queue_id is not None and event.from_queue_id != event.to_queue_id:
        source = _queue_name(queues, event.from_queue_id, locale)
        target = _queue_name(queues, event.to_queue_id, locale)
    elif event.from_state == event.to_state:
        source, target = None, ""
    return EventItem(
        id=event.id,
        at=instant(event.at),
        kind=event.kind,
        actor=Person(id=event.actor_id or "", name=event.actor_name) if event.actor_name else None,
        from_=source,
        to=target or None,
        reason=event.reason,
        text=event.text,
        epoch=event.epoch,
    )


def _queue_name(queues: dict[str, Queue], queue_id: str, locale: str) -> str:
    queue = queues.get(queue_id)
    return f"{queue.level} · {queue.name(locale)}" if queue else queue_id


def staff_message(
    message: Message,
    *,
    locale: str,
    hide_links: HideLinks,
    versions: Sequence[Version] = (),
    delivery: Delivery | None = None,
    credit: Credit | None = None,
) -> StaffMessage:
    """Render a message as staff see it."""
    return StaffMessage(
        id=message.id,
        seq=message.seq,
        author=message.author.value,
        author_name=message.author_name,
        text=shown_text(message, locale=locale, hide_links=hide_links),
        choices=[{"id": c["id"], "label": c["label"]} for c in message.choices] or None,
        attachments=list(message.attachments) or None,
        created_at=instant(message.created_at),
        edited_at=_maybe(message.edited_at),
        versions=[
            EarlierVersion(
                text=shown_text(
                    replace(message, text=one.text), locale=locale, hide_links=hide_links
                ),
                at=instant(one.written_at),
            )
            for one in versions
        ]
        or None,
        decision=decision_of(message),
        delivery=message.delivery.value if message.delivery else None,
        delivery_error=delivery.error if delivery else None,
        article=SourceArticle(
            article_id=credit.article_id,
            title=credit.title,
            revision=credit.revision,
            way="sent" if credit.way == "sent" else "inserted",
        )
        if credit
        else None,
    )


def message_page(page: MessagePage, *, locale: str, hide_links: HideLinks) -> StaffMessages:
    """Render a page of a conversation."""
    return StaffMessages(
        messages=[
            staff_message(
                m,
                locale=locale,
                hide_links=hide_links,
                versions=page.versions.get(m.id, ()),
                delivery=page.deliveries.get(m.id),
                credit=page.credits.get(m.id),
            )
            for m in page.messages
        ],
        last_seq=page.conversation.last_seq,
        owner=page.conversation.owner.value,
        owner_epoch=page.conversation.owner_epoch,
        seen_seq=page.seen_seq,
        unreachable_since=_maybe(page.unreachable_at),
    )
