"""The JSON of presence, profiles, assignment settings and the board. Pure."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field

from bot.kit.errors import Invalid
from bot.kit.locales import LOCALES
from bot.kit.web import Model
from handoff.console.wire import Person as PersonName
from handoff.console.wire import QueueName, instant
from handoff.ticket import Priority, TicketState
from handoff.triage import Queue
from handoff.work.matching import (
    MAX_ACCEPT_SECONDS,
    MAX_CAPACITY,
    MAX_FAIR_LIMIT,
    MAX_WORDS,
    MIN_ACCEPT_SECONDS,
    Mode,
    Profile,
    Settings,
    clean_words,
)
from handoff.work.repository import AtRisk
from handoff.work.service import Board, Mine, Person, QueueState

PresenceName = Literal["online", "away", "offline"]
ModeName = Literal["off", "round_robin", "least_loaded"]


# ------------------------------------------------------------------------------- what comes in


class PresenceBody(Model):
    """What one is from now on."""

    presence: PresenceName


class BeatBody(Model):
    """A console is open; `active`: and was used since the last time."""

    active: bool = False


class GiveBackBody(Model):
    """Why it goes back."""

    reason: str = Field(max_length=20_000)


class ProfileBody(Model):
    """What somebody can do, and how much at a time."""

    capacity: int = Field(ge=1, le=MAX_CAPACITY)
    skills: list[Annotated[str, Field(max_length=40)]] = Field(max_length=MAX_WORDS)
    languages: list[Annotated[str, Field(max_length=10)]] = Field(max_length=10)
    automatic: bool


class SettingsBody(Model):
    """How a queue gives out its tickets; `version` is the one that was looked at, 0: none yet."""

    mode: ModeName
    accept_seconds: int = Field(ge=MIN_ACCEPT_SECONDS, le=MAX_ACCEPT_SECONDS)
    fair_limit: int = Field(ge=1, le=MAX_FAIR_LIMIT)
    version: int = Field(ge=0)


def profile_of(staff_id: str, body: ProfileBody) -> Profile:
    """Return the profile a body describes.

    Raises:
        Invalid: (unknown_language) a language that Frontline does not speak.
    """
    unknown = [one for one in body.languages if one not in LOCALES]
    if unknown:
        raise Invalid(f"There is no language {unknown[0]!r}.", code="unknown_language")
    return Profile(
        staff_id=staff_id,
        capacity=body.capacity,
        skills=frozenset(clean_words(body.skills)),
        languages=frozenset(body.languages),
        automatic=body.automatic,
    )


def settings_of(queue_id: str, body: SettingsBody) -> Settings:
    """Return the settings a body describes."""
    return Settings(
        queue_id=queue_id,
        mode=Mode(body.mode),
        accept_seconds=body.accept_seconds,
        fair_limit=body.fair_limit,
        version=body.version,
    )


# -------------------------------------------------------------------------------- what goes out


class OfferItem(Model):
    """A ticket to be accepted, by the server's own time."""

    ticket_id: str
    number: str
    subject: str
    seconds: int


class MineAnswer(Model):
    """The own presence, and what waits for being accepted."""

    presence: PresenceName
    open: int
    capacity: int
    offers: list[OfferItem]


class PersonItem(Model):
    """Somebody at the desk."""

    id: str
    name: str
    role: str
    level: str | None
    presence: PresenceName
    open: int
    paused: int
    capacity: int
    skills: list[str]
    languages: list[str]
    automatic: bool
    seen_at: str | None
    active_at: str | None


class People(Model):
    """Everybody at the desk, by name."""

    items: list[PersonItem]


class SettingsItem(Model):
    """How a queue gives out its tickets, and whom it asks for."""

    queue: QueueName
    level: str
    skills: list[str]
    languages: list[str]
    mode: ModeName
    accept_seconds: int
    fair_limit: int
    version: int


class SettingsAnswer(Model):
    """Every queue, by level."""

    items: list[SettingsItem]


class BoardQueue(Model):
    """A queue on the board."""

    queue: QueueName
    level: str
    mode: ModeName
    waiting: int
    oldest_seconds: int | None
    at_risk: int
    breached: int
    worked: int
    paused: int


class BoardTicket(Model):
    """A ticket to look at, and why."""

    id: str
    number: str
    subject: str
    queue: QueueName
    level: str
    state: TicketState
    priority: Priority
    assignee: PersonName | None
    why: list[Literal["breached", "at_risk", "left", "not_accepted"]]
    metric: str | None
    due_seconds: int | None
    """Until the next clock runs out; negative: overdue since."""
    waiting_seconds: int | None


class BoardAnswer(Model):
    """The board at one instant."""

    at: str
    queues: list[BoardQueue]
    people: list[PersonItem]
    tickets: list[BoardTicket]


def mine_answer(mine: Mine, now: datetime) -> MineAnswer:
    """Render the own presence."""
    return MineAnswer(
        presence=mine.presence.value,
        open=mine.open,
        capacity=mine.capacity,
        offers=[
            OfferItem(
                ticket_id=one.ticket_id,
                number=one.number,
                subject=one.subject,
                seconds=round((one.due_at - now).total_seconds()),
            )
            for one in mine.offers
        ],
    )


def person_item(person: Person) -> PersonItem:
    """Render somebody at the desk."""
    staff, profile, seen = person.staff, person.profile, person.seen
    return PersonItem(
        id=staff.id,
        name=staff.name,
        role=staff.role.value,
        level=staff.level,
        presence=person.presence.value,
        open=person.open,
        paused=person.paused,
        capacity=profile.capacity,
        skills=sorted(profile.skills),
        languages=sorted(profile.languages),
        automatic=profile.automatic,
        seen_at=instant(seen.seen_at) if seen else None,
        active_at=instant(seen.active_at) if seen else None,
    )


def settings_item(state: QueueState, *, locale: str) -> SettingsItem:
    """Render how a queue gives out its tickets."""
    settings = state.settings
    return SettingsItem(
        queue=_queue_name(state.queue, locale),
        level=state.queue.level,
        skills=sorted(state.queue.skills),
        languages=sorted(state.queue.languages),
        mode=settings.mode.value,
        accept_seconds=settings.accept_seconds,
        fair_limit=settings.fair_limit,
        version=settings.version,
    )


def board_answer(board: Board, *, locale: str) -> BoardAnswer:
    """Render the board."""
    queues = {state.queue.id: state.queue for state in board.queues}
    gone = {one.staff.id for one in board.people if one.seen and one.seen.is_gone(board.now)}
    return BoardAnswer(
        at=instant(board.now),
        queues=[_board_queue(state, board.now, locale) for state in board.queues],
        people=[person_item(one) for one in board.people],
        tickets=[
            _board_ticket(one, queues[one.queue_id], gone, board.now, locale)
            for one in board.at_risk
        ],
    )


def _queue_name(queue: Queue, locale: str) -> QueueName:
    return QueueName(id=queue.id, key=queue.key, name=queue.name(locale))


def _board_queue(state: QueueState, now: datetime, locale: str) -> BoardQueue:
    figures = state.figures
    return BoardQueue(
        queue=_queue_name(state.queue, locale),
        level=state.queue.level,
        mode=state.settings.mode.value,
        waiting=figures.waiting,
        oldest_seconds=_since(figures.oldest_at, now),
        at_risk=figures.at_risk,
        breached=figures.breached,
        worked=figures.worked,
        paused=figures.paused,
    )


def _board_ticket(
    ticket: AtRisk, queue: Queue, gone: set[str], now: datetime, locale: str
) -> BoardTicket:
    due = round((ticket.due_at - now).total_seconds()) if ticket.due_at else None
    why: list[Literal["breached", "at_risk", "left", "not_accepted"]] = []
    if ticket.breached:
        why.append("breached")
    elif ticket.at_risk:
        why.append("at_risk")
    if ticket.state is TicketState.CLAIMED and ticket.assignee_id in gone:
        why.append("left")
    if ticket.state is TicketState.QUEUED and ticket.missed > 1:
        why.append("not_accepted")
    assignee = None
    if ticket.assignee_id is not None:
        assignee = PersonName(id=ticket.assignee_id, name=ticket.assignee_name or "")
    return BoardTicket(
        id=ticket.ticket_id,
        number=ticket.number,
        subject=ticket.subject,
        queue=_queue_name(queue, locale),
        level=ticket.level,
        state=ticket.state,
        priority=ticket.priority,
        assignee=assignee,
        why=why,
        metric=ticket.metric,
        due_seconds=due,
        waiting_seconds=_since(ticket.waiting_since, now),
    )


def _since(at: datetime | None, now: datetime) -> int | None:
    return max(0, int((now - at).total_seconds())) if at else None
