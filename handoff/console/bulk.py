"""The same step for several tickets: each in a transaction of its own, each with its own outcome."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

import structlog

from bot.kit.db import Database, Tx
from bot.kit.errors import FrontlineError, Invalid
from bot.staff.account import Staff
from handoff.service import Desk
from handoff.ticket import Priority

log = structlog.get_logger(__name__)
MAX_TICKETS = 100
Do = Literal["claim", "priority", "transfer", "resolve", "tag"]


@dataclass(frozen=True, slots=True)
class Order:
    """What to do; which members are needed depends on `do`."""

    do: Do
    reason: str = ""
    priority: Priority | None = None
    queue: str | None = None
    assignee: str | None = None
    text: str | None = None
    tags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one ticket."""

    ticket_id: str
    number: str | None
    """None when there is no such ticket for this person."""
    code: str | None
    """Why it failed; None: it was done."""
    detail: str | None


class Bulk:
    """One per process; keeps nothing."""

    def __init__(self, db: Database, desk: Desk) -> None:
        self._db = db
        self._desk = desk

    async def carry_out(
        self, ticket_ids: Sequence[str], staff: Staff, order: Order
    ) -> list[Outcome]:
        """Do it ticket by ticket, in the order given; one that fails keeps no other from being done.

        Raises:
            Invalid: (missing) the order lacks what it needs.
        """
        step = self._step(order, staff)
        outcomes = []
        for ticket_id in dict.fromkeys(ticket_ids):
            number = await self._number(ticket_id, staff)
            code = detail = None
            try:
                await self._db.write(
                    lambda tx, ticket_id=ticket_id: step(tx, ticket_id, self._desk.now())  # type: ignore[misc]
                )
            except FrontlineError as error:
                code, detail = error.code, error.detail
            outcomes.append(Outcome(ticket_id, number, code, detail))
        failed = sum(outcome.code is not None for outcome in outcomes)
        log.info("desk.bulk", do=order.do, tickets=len(outcomes), failed=failed)
        return outcomes

    async def _number(self, ticket_id: str, staff: Staff) -> str | None:
        try:
            detail = await self._desk.get_ticket(ticket_id, staff)
        except FrontlineError:
            return None
        return detail.listed.ticket.number

    def _step(self, order: Order, staff: Staff) -> Callable[[Tx, str, datetime], object]:
        desk = self._desk
        match order.do:
            case "claim":
                return lambda tx, one, now: desk.claim_step(tx, one, staff, now=now)
            case "priority":
                if order.priority is None:
                    raise Invalid("Say which priority.", code="missing")
                priority = order.priority
                return lambda tx, one, now: desk.priority_step(
                    tx, one, staff, priority=priority, reason=order.reason or None, now=now
                )
            case "transfer":
                if (order.queue is None) == (order.assignee is None):
                    raise Invalid("Name either a queue or an assignee.", code="missing")
                return lambda tx, one, now: desk.transfer_step(
                    tx,
                    one,
                    staff,
                    queue=order.queue,
                    assignee=order.assignee,
                    reason=order.reason,
                    now=now,
                )
            case "resolve":
                return lambda tx, one, now: desk.resolve_step(
                    tx, one, staff, text=order.text or None, reason=order.reason or None, now=now
                )
            case "tag":
                if not order.tags:
                    raise Invalid("Name at least one tag.", code="missing")
                return lambda tx, one, now: desk.add_tags_step(
                    tx, one, staff, tags=order.tags, reason=order.reason or None, now=now
                )
