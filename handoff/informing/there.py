"""Whether anybody is at work who could come, read from their presence."""

from datetime import datetime

from sqlalchemy import Connection

from bot.staff import repository as staff_repository
from bot.staff.account import Role
from handoff.ticket import takes_level
from handoff.triage import Queue
from handoff.work.presence import Presence, presence_of
from handoff.work.repository import all_seen, find_seen


def is_present(conn: Connection, staff_id: str, now: datetime) -> bool:
    """Tell whether somebody is online and takes work."""
    return presence_of(find_seen(conn, staff_id), now) is Presence.ONLINE


def somebody_there(conn: Connection, queue: Queue, now: datetime) -> bool:
    """Tell whether anybody who works on tickets of the queue's level has the console open."""
    seen = all_seen(conn)
    people = staff_repository.list_active(conn, roles=(Role.AGENT, Role.SUPERVISOR, Role.ADMIN))
    return any(
        takes_level(person, queue.level)
        and presence_of(seen.get(person.id), now) is not Presence.OFFLINE
        for person in people
    )
