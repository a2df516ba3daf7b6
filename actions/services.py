"""What the actions work with, as Protocols: the real parts fit, and tests pass small ones."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

import sqlalchemy as sa

from actions.turn_record import TurnRecords
from bot.conversations.conversation import Conversation, Draft
from bot.hours.service import Hours
from bot.kit.clock import Clock
from bot.kit.db import Database, Tx
from bot.kit.encoder import Vector
from bot.kit.locales import Texts
from bot.shop.account import AccountDirectory
from bot.shop.order import OrderBook
from bot.verification.service import Verification
from handoff.pack import PackInput
from handoff.service import Opened, TicketStatus
from handoff.ticket import Reason
from knowledge_base.presentation import Presentation
from knowledge_base.search import Answer, Hit


class AsksArticles(Protocol):
    """The knowledge base, as far as actions use it."""

    async def ask(
        self, question: str, *, locale: str, vector: Vector | None = None, limit: int = 10
    ) -> Answer:
        """See `KnowledgeBase.ask`."""
        ...

    async def get_published(self, article_id: str) -> Hit | None:
        """See `KnowledgeBase.get_published`."""
        ...


class PresentsArticles(Protocol):
    """What belongs to an answer at the moment it is shown, as far as actions use it."""

    async def present(
        self, article_id: str, revision: int, *, locale: str, channel: str
    ) -> Presentation | None:
        """See `Presenter.present`."""
        ...


class OpensTickets(Protocol):
    """The desk, as far as actions use it."""

    def open_ticket(
        self,
        tx: Tx,
        *,
        conversation: Conversation,
        reason: Reason,
        turn_id: str | None,
        pack_facts: PackInput,
        topic: str | None,
        now: datetime,
    ) -> Opened:
        """See `DeskSteps.open_ticket`."""
        ...

    def status_for_customer(
        self, conn: sa.Connection, conversation_id: str, *, now: datetime | None = None
    ) -> TicketStatus | None:
        """See `DeskSteps.status_for_customer`."""
        ...


class TellsNotices(Protocol):
    """Known incidents, said first to whoever asks about what is out of order (`Incidents`)."""

    async def concerning(
        self, text: str, *, vector: Vector | None, decision: Mapping[str, Any]
    ) -> list[Any]:
        """See `Incidents.concerning`."""
        ...

    def drafts(
        self,
        conn: sa.Connection,
        conversation_id: str,
        found: Sequence[Any],
        *,
        locale: str,
        in_reply_to: str,
    ) -> tuple[list[str], list[Draft]]:
        """See `Incidents.drafts`."""
        ...

    def record_told(self, tx: Tx, conversation_id: str, ids: Sequence[str]) -> None:
        """See `Incidents.record_told`."""
        ...


@dataclass(frozen=True, slots=True)
class ActionServices:
    """Everything an action may use."""

    db: Database
    clock: Clock
    texts: Texts
    knowledge: AsksArticles
    desk: OpensTickets
    orders: OrderBook
    accounts: AccountDirectory
    verification: Verification
    hours: Hours
    turns: TurnRecords
    presenter: PresentsArticles | None = None
    """None: answers are shown as the search returns them."""
    incidents: TellsNotices | None = None
    """None: nobody is told of incidents."""
