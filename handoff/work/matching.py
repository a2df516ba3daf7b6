"""Who suits a ticket, and who of them gets it. Pure.

Level and skills must fit. Languages come first, not only: a customer is rather answered in another
language than not at all. Who served the customer last is asked before everybody else.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from bot.staff.account import Role, Staff
from handoff.ticket import level_rank, supervises, takes_level, visible_levels
from handoff.triage import Queue
from handoff.work.presence import Presence

DEFAULT_CAPACITY = 5
MAX_CAPACITY = 50
MAX_WORDS = 30
"""Skills of one person at most."""
ACCEPT_SECONDS = 120
MIN_ACCEPT_SECONDS = 15
MAX_ACCEPT_SECONDS = 3_600
FAIR_WINDOW = timedelta(hours=1)
FAIR_LIMIT = 100
"""Assignments to one person within the window by default, as in the systems looked at."""
MAX_FAIR_LIMIT = 1_000
_NEVER = datetime(1, 1, 1, tzinfo=UTC)


class Mode(StrEnum):
    """How a queue gives out its tickets."""

    OFF = "off"
    """People take them."""
    ROUND_ROBIN = "round_robin"
    """To whom it is longest since this queue gave something."""
    LEAST_LOADED = "least_loaded"
    """To who has the fewest open conversations."""


@dataclass(frozen=True, slots=True)
class Profile:
    """What somebody can do, and how much of it at a time."""

    staff_id: str
    capacity: int = DEFAULT_CAPACITY
    skills: frozenset[str] = frozenset()
    languages: frozenset[str] = frozenset()
    """Empty: any."""
    automatic: bool = True
    """Takes tickets that Frontline gives out."""


@dataclass(frozen=True, slots=True)
class Settings:
    """How one queue gives out its tickets."""

    queue_id: str
    mode: Mode = Mode.OFF
    accept_seconds: int = ACCEPT_SECONDS
    fair_limit: int = FAIR_LIMIT
    version: int = 0


@dataclass(frozen=True, slots=True)
class Candidate:
    """Somebody who might get a ticket."""

    staff: Staff
    profile: Profile
    presence: Presence
    open: int
    """Conversations being worked on now."""
    recent: int = 0
    """What was given to them within the fairness window."""
    last_at: datetime | None = None
    """When this queue last gave them something."""

    @property
    def is_free(self) -> bool:
        """Whether one more may be given to them at all."""
        return (
            self.presence is Presence.ONLINE
            and self.profile.automatic
            and self.open < self.profile.capacity
        )


@dataclass(frozen=True, slots=True)
class Choice:
    """Who gets it, and why."""

    staff: Staff
    why: str
    """last_agent, round_robin or least_loaded."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a ticket asks for."""

    queue: Queue
    locale: str
    last_agent: str | None = None
    """Staff id of who served this customer last."""
    missed_by: frozenset[str] = field(default_factory=frozenset)
    """Who did not accept it in time."""


def default_profile(staff: Staff) -> Profile:
    """What holds for somebody nobody has edited: agents are given tickets, others take them."""
    return Profile(staff.id, automatic=staff.role is Role.AGENT)


def suits(queue: Queue, profile: Profile) -> bool:
    """Tell whether somebody has the skills of a queue, and one of its languages if it names any."""
    wanted, spoken = queue.languages, profile.languages
    return queue.skills <= profile.skills and (
        not wanted or not spoken or not wanted.isdisjoint(spoken)
    )


def speaks(profile: Profile, locale: str) -> bool:
    """Tell whether somebody writes in `locale`."""
    return not profile.languages or locale in profile.languages


def levels_in_order(staff: Staff) -> tuple[tuple[str, ...], ...]:
    """The levels somebody takes tickets of: the own first, then those below; equals stand together."""
    levels = [one for one in visible_levels(staff) if takes_level(staff, one)]
    if supervises(staff):
        return (tuple(levels),)
    return tuple((level,) for level in reversed(levels))


def choose(candidates: Iterable[Candidate], wanted: Wanted, settings: Settings) -> Choice | None:
    """Return who gets the ticket, or None while nobody can."""
    able = [one for one in candidates if _able(one, wanted, settings)]
    if not able or settings.mode is Mode.OFF:
        return None
    for one in able:
        if one.staff.id == wanted.last_agent:
            return Choice(one.staff, "last_agent")

    def order(one: Candidate) -> tuple[bool, int, int, datetime, int, str]:
        load = one.open if settings.mode is Mode.LEAST_LOADED else 0
        return (
            not speaks(one.profile, wanted.locale),
            # Specialists are kept for their own tickets while people of the level are free.
            abs(level_rank(one.staff.level) - level_rank(wanted.queue.level)),
            load,
            one.last_at or _NEVER,
            one.recent,
            one.staff.id,
        )

    return Choice(min(able, key=order).staff, settings.mode.value)


def _able(one: Candidate, wanted: Wanted, settings: Settings) -> bool:
    return (
        one.is_free
        and one.staff.id not in wanted.missed_by
        and one.recent < settings.fair_limit
        and one.staff.may("tickets.work")
        and takes_level(one.staff, wanted.queue.level)
        and suits(wanted.queue, one.profile)
    )


def clean_words(words: Sequence[str]) -> tuple[str, ...]:
    """Return skills in lower case, each once, without empty ones, in order."""
    cleaned = (" ".join(word.lower().split()) for word in words)
    return tuple(dict.fromkeys(word for word in cleaned if word))
