"""The mapped table of what a waiting customer chose."""

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from bot.kit.db import Base, UtcDateTime


class TicketWaitRow(Base):
    """How the customer of a ticket waits; no row: nobody has chosen, nothing was acknowledged."""

    __tablename__ = "ticket_waits"

    ticket_id: Mapped[str] = mapped_column(sa.ForeignKey("tickets.id"), primary_key=True)
    choice: Mapped[str | None] = mapped_column(sa.String(10))
    """See `handoff.informing.choice.Choice`."""
    chosen_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    mail_to: Mapped[str | None] = mapped_column(sa.String(254))
    """Where news is mailed to as well: the proven address, or the one that was written for it."""
    acknowledged_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """When the customer was last told that what is written is kept."""
