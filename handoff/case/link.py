"""How two tickets have to do with each other. Pure."""

from dataclasses import dataclass
from enum import StrEnum

from handoff.ticket import TicketState


class LinkKind(StrEnum):
    """Read from the ticket that has the link to the other one."""

    RELATED = "related"
    DUPLICATE_OF = "duplicate_of"
    CAUSED_BY = "caused_by"


class Relation(StrEnum):
    """What another ticket is to the one that is looked at: a link from either side."""

    RELATED = "related"
    DUPLICATE_OF = "duplicate_of"
    HAS_DUPLICATE = "has_duplicate"
    CAUSED_BY = "caused_by"
    CAUSE_OF = "cause_of"
    MERGED_INTO = "merged_into"
    MERGED_FROM = "merged_from"
    EARLIER = "earlier"
    """Of the same conversation, resolved shortly before."""


_FROM_THE_OTHER_SIDE = {
    LinkKind.RELATED: Relation.RELATED,
    LinkKind.DUPLICATE_OF: Relation.HAS_DUPLICATE,
    LinkKind.CAUSED_BY: Relation.CAUSE_OF,
}


def relation(kind: LinkKind, *, from_here: bool) -> Relation:
    """Return how a link reads, seen from the ticket that has it or from the other one."""
    return Relation(kind.value) if from_here else _FROM_THE_OTHER_SIDE[kind]


@dataclass(frozen=True, slots=True)
class LinkedTicket:
    """The other end of a link."""

    id: str
    number: str
    subject: str
    state: TicketState
    relation: Relation
    level: str
    assignee_id: str | None
