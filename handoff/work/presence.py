"""Whether somebody is at work: what they chose, and whether their console is still open. Pure."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

GRACE = timedelta(seconds=60)
"""So long after the last sign of life a console may have been reloaded; then its person is gone."""


class Presence(StrEnum):
    """What colleagues see."""

    ONLINE = "online"
    AWAY = "away"
    """At work, but takes nothing new by itself."""
    OFFLINE = "offline"


@dataclass(frozen=True, slots=True)
class Seen:
    """What is stored of somebody who ever opened the console."""

    staff_id: str
    chosen: Presence
    chosen_at: datetime
    seen_at: datetime
    """Last sign of life of an open console."""
    active_at: datetime
    """Last time the mouse or the keyboard was used in it."""
    gone_at: datetime | None
    """When it was noticed that they are gone, and their tickets were seen to."""

    def presence(self, now: datetime) -> Presence:
        """What they are at `now`."""
        return Presence.OFFLINE if now - self.seen_at > GRACE else self.chosen

    def is_gone(self, now: datetime) -> bool:
        """Tell whether their tickets must be seen to: vanished, or gone offline by hand, for so long."""
        off = self.chosen is Presence.OFFLINE and now - self.chosen_at > GRACE
        return off or now - self.seen_at > GRACE

    def is_back(self, now: datetime) -> bool:
        """Tell whether somebody who went offline by hand, and closed the console, opens it again."""
        return self.chosen is Presence.OFFLINE and now - self.seen_at > GRACE


def presence_of(seen: Seen | None, now: datetime) -> Presence:
    """What somebody is at `now`; who never opened the console is offline."""
    return seen.presence(now) if seen else Presence.OFFLINE
