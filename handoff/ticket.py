"""A case handed to people: its states, who may do what with it, who owns the conversation. Pure.

    queued ─> claimed ─> waiting_customer | waiting_third_party | snoozed ─> claimed
       └────────┴──────────────────────────┴─> resolved ─> closed   (resolved ─> claimed: reopened)

Level rule: an agent sees and takes tickets of the own level and of those below, keeps sight of what
passed through the own hands, and works on nothing that somebody else has. Supervisors and admins
see and handle everything, auditors see everything.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Protocol

from bot.conversations.conversation import Owner
from bot.staff.account import LEVELS, Role

REOPEN_WINDOW = timedelta(days=7)
"""Staff can reopen a resolved ticket this long; a hand-off within it is linked to the ticket."""
LONGEST_SNOOZE = timedelta(days=90)
NUMBER_PREFIX = "FL-"
PEOPLE = LEVELS[1:]
"""The levels with people as shipped; N1 is the bot until an admin puts people there."""


class TicketState(StrEnum):
    """Where a ticket stands."""

    QUEUED = "queued"
    """Waits for somebody to take it."""
    CLAIMED = "claimed"
    """Somebody works on it."""
    WAITING_CUSTOMER = "waiting_customer"
    WAITING_THIRD_PARTY = "waiting_third_party"
    SNOOZED = "snoozed"
    """Put aside until an instant, or until the customer writes."""
    RESOLVED = "resolved"
    """Done; the bot talks with the customer again."""
    CLOSED = "closed"
    """Done for good."""


class Priority(StrEnum):
    """How urgent, most urgent first."""

    URGENT = "urgent"
    HIGH = "high"
    NORMAL = "normal"
    LOW = "low"

    @property
    def rank(self) -> int:
        """0 is the most urgent."""
        return list(Priority).index(self)

    def raised(self) -> "Priority":
        """The next more urgent one; urgent stays."""
        return list(Priority)[max(0, self.rank - 1)]


class Reason(StrEnum):
    """Why the bot handed over."""

    CUSTOMER_ASKED = "customer_asked"
    NOT_UNDERSTOOD = "not_understood"
    NOT_HELPED = "not_helped"
    ACTION_FAILED = "action_failed"
    CODE_FAILED = "code_failed"
    BOT_UNAVAILABLE = "bot_unavailable"
    INVALID_DATA = "invalid_data"
    RULE = "rule"


class Escalation(StrEnum):
    """The two kinds of passing up."""

    FUNCTIONAL = "functional"
    """To another team or a deeper level: they have the knowledge."""
    HIERARCHICAL = "hierarchical"
    """To management: they have the authority. The level stays."""


class Act(StrEnum):
    """What can be done with a ticket."""

    CLAIM = "claim"
    REPLY = "reply"
    MOVE = "move"
    """Transfer, both escalations, return."""
    WAIT = "wait"
    """Wait for the customer or a third party, snooze."""
    RESOLVE = "resolve"
    REOPEN = "reopen"
    PRIORITISE = "prioritise"
    NOTE = "note"
    FILE = "file"
    """Category, subject, tags, links, merge."""
    WAKE = "wake"
    CLOSE = "close"


WITH_AGENT = frozenset(
    {
        TicketState.CLAIMED,
        TicketState.WAITING_CUSTOMER,
        TicketState.WAITING_THIRD_PARTY,
        TicketState.SNOOZED,
    }
)
PAUSED = WITH_AGENT - {TicketState.CLAIMED}
OPEN = WITH_AGENT | {TicketState.QUEUED}
DONE = frozenset({TicketState.RESOLVED, TicketState.CLOSED})

MAY: dict[Act, frozenset[TicketState]] = {
    Act.CLAIM: frozenset({TicketState.QUEUED}),
    Act.REPLY: WITH_AGENT,
    Act.MOVE: OPEN,
    Act.WAIT: WITH_AGENT,
    Act.RESOLVE: OPEN,
    Act.REOPEN: frozenset({TicketState.RESOLVED}),
    Act.PRIORITISE: OPEN,
    Act.NOTE: OPEN | {TicketState.RESOLVED},
    Act.FILE: OPEN | {TicketState.RESOLVED},
    Act.WAKE: frozenset({TicketState.SNOOZED}),
    Act.CLOSE: frozenset({TicketState.RESOLVED}),
}
"""In which states each act makes sense."""


class Actor(Protocol):
    """Who does something with a ticket: somebody of the staff, or a rule."""

    @property
    def id(self) -> str | None:
        """Staff id; None for a rule."""
        ...

    @property
    def name(self) -> str:
        """What the history calls them."""
        ...

    @property
    def role(self) -> Role:
        """What kind of work they do."""
        ...

    @property
    def level(self) -> str | None:
        """The level they work at."""
        ...

    def may(self, permission: str) -> bool:
        """Tell whether they have the permission."""
        ...


@dataclass(frozen=True, slots=True)
class Automaton:
    """Frontline itself, acting by a rule: nobody's account, and refused nothing for want of rights."""

    name: str
    """`rule` and what the rule is called."""

    @property
    def id(self) -> None:
        """Nobody's."""
        return

    @property
    def role(self) -> Role:
        """It sees every ticket."""
        return Role.ADMIN

    @property
    def level(self) -> None:
        """It belongs to none."""
        return

    def may(self, permission: str) -> bool:
        """Everything."""
        return True


@dataclass(frozen=True, slots=True)
class Ticket:
    """A ticket as read from the store."""

    id: str
    serial: int
    number: str
    conversation_id: str
    opened_by_turn: str | None
    opened_seq: int
    """Last message of the conversation that was there at the hand-off."""
    bot_epoch: int
    """Epoch of the bot's part before it; its messages are what the pack is made of."""
    queue_id: str
    queue_key: str
    level: str
    state: TicketState
    priority: Priority
    reason: Reason
    topic: str | None
    subject: str
    assignee_id: str | None
    assignee_name: str | None
    related_to: str | None
    bounce_count: int
    opened_at: datetime
    queued_at: datetime
    """Since when it is in line; kept when it is passed on, so that nobody loses the place."""
    claimed_at: datetime | None
    first_reply_at: datetime | None
    last_reply_at: datetime | None
    last_customer_at: datetime | None
    waiting_since: datetime | None
    """The customer's first message (or the hand-off) that no person has answered yet."""
    wake_at: datetime | None
    resolved_at: datetime | None
    resolved_by: str | None
    close_at: datetime | None
    due_at: datetime | None = None
    """When the next clock of the service level runs out; None: none does, or it pauses."""
    warn_at: datetime | None = None
    due_metric: str | None = None
    """Which clock that is; see `handoff.service_level.policy.Metric`."""
    due_state: str | None = None
    """running, paused or breached; None: no clock."""
    category: str | None = None
    """Key of what it is about; see `handoff.case.category`."""
    impact: str | None = None
    urgency: str | None = None
    """What the priority was worked out from; None: rules or a person chose the priority itself."""
    merged_into: str | None = None
    """Id of the ticket under which this one goes on."""

    @property
    def is_open(self) -> bool:
        """Whether people still have to do with it."""
        return self.state in OPEN

    def waited_seconds(self, now: datetime) -> int:
        """How long the customer has been waiting for a person's words; 0 when nobody waits."""
        if not self.is_open or self.waiting_since is None:
            return 0
        return max(0, int((now - self.waiting_since).total_seconds()))


def may_do(act: Act, state: TicketState) -> bool:
    """Tell whether `act` makes sense in `state`."""
    return state in MAY[act]


def owner_in(state: TicketState) -> Owner:
    """Who owns the conversation while its ticket is in `state`."""
    if state is TicketState.QUEUED:
        return Owner.QUEUE
    return Owner.AGENT if state in WITH_AGENT else Owner.BOT


def level_rank(level: str | None) -> int:
    """Order of levels; staff without one count as N2, the first level of people."""
    return LEVELS.index(level) if level in LEVELS else LEVELS.index("N2")


def level_below(level: str, *, people: Sequence[str] = PEOPLE) -> str | None:
    """The next level towards the customer that has people, or None; `people` are those levels."""
    rank = level_rank(level)
    return next((key for key in reversed(LEVELS[:rank]) if key in people), None)


def sees_everything(staff: Actor) -> bool:
    """Tell whether the level rule does not apply to this person."""
    return staff.role in {Role.SUPERVISOR, Role.ADMIN, Role.AUDITOR}


def supervises(staff: Actor) -> bool:
    """Tell whether this person may act on what others have."""
    return staff.may("tickets.supervise")


def takes_level(staff: Actor, level: str) -> bool:
    """Tell whether this person works on tickets of `level`."""
    return supervises(staff) or level_rank(level) <= level_rank(staff.level)


def visible_levels(staff: Actor) -> tuple[str, ...]:
    """The levels whose tickets this person sees without having had them."""
    if sees_everything(staff):
        return LEVELS
    return LEVELS[: level_rank(staff.level) + 1]


def may_see(
    staff: Actor, *, level: str, assignee_id: str | None, people: frozenset[str] | set[str]
) -> bool:
    """Tell whether this person may see a ticket; `people` are those through whose hands it went."""
    return level in visible_levels(staff) or assignee_id == staff.id or staff.id in people


def handles(staff: Actor, ticket: Ticket) -> bool:
    """Tell whether the ticket is this person's to work on."""
    return ticket.assignee_id == staff.id or supervises(staff)


def may_move(staff: Actor, ticket: Ticket) -> bool:
    """Tell whether this person may pass the ticket on or change its priority."""
    if ticket.assignee_id is None:
        return takes_level(staff, ticket.level)
    return handles(staff, ticket)


def first_name(name: str) -> str:
    """What the customer is told of an agent's name."""
    return name.split()[0] if name.split() else name
