"""What a ticket's page shows of the case beside the line: links, watchers, what was merged into it."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from handoff import repository as tickets
from handoff.case import repository
from handoff.case.category import Category
from handoff.case.link import LinkedTicket
from handoff.repository import Event


@dataclass(frozen=True, slots=True)
class CaseView:
    """The case of one ticket."""

    links: Sequence[LinkedTicket]
    watchers: Sequence[tuple[str, str]]
    """Id and name."""
    merged: Sequence[tuple[str, Event]]
    """What happened to tickets merged into this one, each line with the ticket's number."""
    categories: Sequence[Category]
    """All of the list, for names in the history."""


def read_case(conn: Connection, ticket_id: str) -> CaseView:
    """Read the case of a ticket."""
    merged: list[tuple[str, Event]] = []
    for other_id in repository.merged_ids(conn, ticket_id):
        other = tickets.find_ticket(conn, other_id)
        if other is not None:
            merged += [(other.number, event) for event in tickets.list_events(conn, other_id)]
    return CaseView(
        links=repository.linked_tickets(conn, ticket_id),
        watchers=repository.watchers_of(conn, ticket_id),
        merged=merged,
        categories=repository.list_categories(conn),
    )
