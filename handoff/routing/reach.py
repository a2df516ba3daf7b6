"""Whether a ticket may be escalated to a level or queue: is it deeper, allowed, and is somebody there."""

import re

from sqlalchemy import Connection

from bot.kit.errors import Invalid
from bot.staff.account import LEVELS
from handoff.routing import repository
from handoff.ticket import Ticket, level_rank
from handoff.triage import Queue

_LIKE_A_LEVEL = re.compile(r"N\d+")


def check_level(conn: Connection, ticket: Ticket, to: str) -> None:
    """Refuse a name of a level that is none, or none that is deeper; other names pass.

    Raises:
        Invalid: (invalid_target) the sentence says what to do instead.
    """
    if not _LIKE_A_LEVEL.fullmatch(to):
        return
    deepest = repository.get_levels(conn).deepest()
    if to not in LEVELS or (level_rank(to) > level_rank(deepest) and ticket.level == deepest):
        raise Invalid(
            f"There is no level {to} with people: {deepest} is the deepest. "
            "Escalate to a supervisor instead.",
            code="invalid_target",
        )
    if level_rank(to) <= level_rank(ticket.level):
        if ticket.level == deepest:
            text = f"{ticket.level} is the deepest level. Escalate to a supervisor instead."
        else:
            text = f"{to} is no deeper level than {ticket.level}. Return the ticket instead."
        raise Invalid(text, code="invalid_target")


def no_queue(level: str) -> Invalid:
    """Return what is said of a level without a queue."""
    return Invalid(
        f"{level} has no queue. Choose another level, or ask an admin to add a queue there.",
        code="invalid_target",
    )


def check_queue(conn: Connection, ticket: Ticket, queue: Queue, *, by_itself: bool) -> None:
    """Refuse an escalation to a queue that is not deeper, not allowed, or that nobody works in.

    Args:
        conn: the step's connection.
        ticket: what is passed on.
        queue: where to.
        by_itself: no person does it; what people of a level may do does not matter then.

    Raises:
        Invalid: (invalid_target, level_not_allowed, no_people) the sentence says what to do.
    """
    if level_rank(queue.level) < level_rank(ticket.level):
        raise Invalid(
            "That queue is at a level below: return the ticket instead.", code="invalid_target"
        )
    levels = repository.get_levels(conn)
    allowed = levels[ticket.level].escalates_to
    if queue.level != ticket.level and queue.level not in allowed and not by_itself:
        choices = " or ".join(key for key in allowed if key in levels.staffed)
        raise Invalid(
            f"{ticket.level} does not escalate to {queue.level}. "
            + (f"Choose {choices}." if choices else "Escalate to a supervisor instead."),
            code="level_not_allowed",
            level=ticket.level,
            to=queue.level,
        )
    if queue.level not in levels.staffed:
        raise Invalid(
            f"{queue.level} is switched off. Choose another level, "
            "or ask an admin to switch it on.",
            code="no_people",
            level=queue.level,
        )
    if not repository.people_of_levels(conn).get(queue.level):
        raise Invalid(
            f"Nobody works at {queue.level}. Choose another level or a supervisor, "
            f"or ask an admin to add people of {queue.level}.",
            code="no_people",
            level=queue.level,
        )
