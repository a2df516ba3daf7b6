"""The staff service for commands."""

from bot.kit.clock import SystemClock
from bot.kit.db import Database
from bot.kit.limits import MemoryLimiter
from bot.kit.passwords import Passwords
from bot.settings import Settings
from bot.staff.service import StaffService


def staff_service(db: Database, settings: Settings) -> StaffService:
    """Return the service over an open store."""
    return StaffService(
        db,
        SystemClock(),
        passwords=Passwords(),
        limiter=MemoryLimiter(),
        default_locale=settings.default_locale,
    )
