"""The mapped table of what was said when a ticket began to wait for somebody outside the house."""

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from bot.kit.db import Base, UtcDateTime


class ThirdPartyWaitRow(Base):
    """Whom a ticket waits for; the latest row of a ticket is the one that holds."""

    __tablename__ = "third_party_waits"

    ticket_id: Mapped[str] = mapped_column(sa.ForeignKey("tickets.id"), primary_key=True)
    event_n: Mapped[int] = mapped_column(sa.Integer, primary_key=True, autoincrement=False)
    """Number of the event in the ticket's history that began or changed the wait."""
    vendor: Mapped[str | None] = mapped_column(sa.String(120))
    expected_at: Mapped[datetime | None] = mapped_column(UtcDateTime, index=True)
    """By when they should have answered."""
    reminded_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """When whoever has the ticket was reminded that they had not."""
