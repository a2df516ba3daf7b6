"""Which calendar each queue keeps, for the page on which opening hours are edited."""

from collections.abc import Sequence

import sqlalchemy as sa

from bot.hours.desk import QueueUse
from bot.kit.db import Tx
from handoff import repository


class DeskCalendars:
    """See `bot.hours.desk.QueueCalendars`."""

    def list_uses(self, conn: sa.Connection) -> list[QueueUse]:
        """Return every queue in use."""
        return [
            QueueUse(queue.id, queue.names, queue.level, queue.calendar_key)
            for queue in repository.list_queues(conn)
        ]

    def set_calendar(self, tx: Tx, queue_ids: Sequence[str], calendar_key: str) -> None:
        """Let these queues keep that calendar."""
        repository.set_calendar(tx, queue_ids, calendar_key)
