"""A saved list of tickets: a name and filters as they stand in the console's address. Pure."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from bot.kit.errors import Invalid
from bot.kit.text import clean_text, is_blank
from handoff.case.tag import fold
from handoff.ticket import OPEN, PAUSED, TicketState

MAX_NAME = 60
MAX_VIEWS = 50
"""Own views of one person, and shared ones of the desk."""
BUILT_IN = ("queue", "mine", "open", "waiting", "watching", "resolved")
"""What the console offers without anybody's doing; each may be the view one begins with."""
FILTERS = ("view", "queue", "level", "state", "assignee", "tag", "q", "sort")
MAX_FILTER = 200
_SCOPES: dict[str, tuple[frozenset[TicketState], str | None]] = {
    "queue": (frozenset({TicketState.QUEUED}), None),
    "mine": (OPEN, "me"),
    "open": (OPEN, None),
    "waiting": (PAUSED, None),
    "watching": (OPEN, None),
    "resolved": (frozenset({TicketState.RESOLVED}), None),
}


@dataclass(frozen=True, slots=True)
class SavedView:
    """A view as read from the store."""

    id: str
    owner_id: str
    shared: bool
    name: str
    filters: dict[str, str]
    position: int
    version: int
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class Scope:
    """Which tickets a view lists."""

    states: frozenset[TicketState]
    assignee: str | None
    """`me`, `none`, a staff id, or None."""
    queue: str | None
    level: str | None
    text: str | None
    tag: str | None = None
    watching: bool = False
    """Only those that the person watches."""


def read_name(name: str) -> str:
    """Return the name as it is kept.

    Raises:
        Invalid: (name_missing) nothing visible. (too_long) more than 60 characters.
    """
    cleaned = " ".join(clean_text(name).split())
    if is_blank(cleaned):
        raise Invalid("Give the view a name.", code="name_missing")
    if len(cleaned) > MAX_NAME:
        raise Invalid(f"A name has at most {MAX_NAME} characters.", code="too_long")
    return cleaned


def read_filters(filters: dict[str, Any]) -> dict[str, str]:
    """Return the filters that say something.

    Raises:
        Invalid: (unknown_filter) a member is unknown, no text, too long, or no view or state.
    """
    read: dict[str, str] = {}
    for name, value in filters.items():
        if name not in FILTERS or not isinstance(value, str) or len(value) > MAX_FILTER:
            raise Invalid(f"There is no such filter: {name[:40]}.", code="unknown_filter")
        if value:
            read[name] = clean_text(value)
    if read.get("view", "open") not in BUILT_IN:
        raise Invalid("There is no such view.", code="unknown_filter")
    state = read.get("state", "open")
    if state != "open" and state not in set(TicketState):
        raise Invalid("There is no such ticket state.", code="unknown_filter")
    if "tag" in read:
        try:
            read["tag"] = fold(read["tag"])
        except ValueError as error:
            raise Invalid(str(error), code="invalid_tag") from None
    return read


def scope_of(filters: dict[str, str]) -> Scope:
    """Return which tickets these filters list, as the console's own list does."""
    states, assignee = _SCOPES[filters.get("view") or ("open" if "queue" in filters else "queue")]
    state = filters.get("state")
    if state:
        states = OPEN if state == "open" else frozenset({TicketState(state)})
    return Scope(
        states=states,
        assignee=filters.get("assignee") or assignee,
        queue=filters.get("queue"),
        level=filters.get("level"),
        text=filters.get("q"),
        tag=filters.get("tag"),
        watching=filters.get("view") == "watching",
    )
