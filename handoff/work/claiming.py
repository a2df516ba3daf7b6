"""Which waiting tickets somebody is offered by "claim next"."""

from sqlalchemy import Connection

from bot.staff.account import Staff
from handoff import repository as tickets
from handoff.work import repository
from handoff.work.matching import levels_in_order, suits


def next_for(
    conn: Connection, staff: Staff, *, queue: str | None = None, level: str | None = None
) -> list[str]:
    """Return the ids of the most urgent tickets that suit somebody, the next one first.

    The own level comes before those below, within a level the own languages come first. Who names a
    queue gets what waits there, whatever skills it asks for.
    """
    profile = repository.get_profile(conn, staff)
    queue_ids = None
    if queue is None:
        queue_ids = [
            one.id for one in tickets.list_queues(conn, retired=True) if suits(one, profile)
        ]
    return tickets.next_in_line(
        conn,
        levels=levels_in_order(staff),
        queue_ids=queue_ids,
        languages=profile.languages,
        queue=queue,
        level=level,
    )
