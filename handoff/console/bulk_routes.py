"""Bulk steps over HTTP."""

from typing import Literal

from aiohttp import web
from pydantic import Field

from bot.kit.web import Model, RouteTable, ok, read_body
from bot.staff.guard import staff_of
from handoff.console.bulk import MAX_TICKETS, Bulk, Order
from handoff.console.wire import MAX_TEXT
from handoff.ticket import Priority

BULK = web.AppKey("desk_bulk", Bulk)
table = RouteTable(prefix="/api/v1", tag="tickets")


class BulkBody(Model):
    """Which tickets, what to do, and what that needs."""

    ids: list[str] = Field(min_length=1, max_length=MAX_TICKETS)
    do: Literal["claim", "priority", "transfer", "resolve", "tag"]
    reason: str = Field(default="", max_length=MAX_TEXT)
    priority: Literal["urgent", "high", "normal", "low"] | None = None
    queue: str | None = Field(default=None, max_length=60)
    assignee: str | None = Field(default=None, max_length=36)
    text: str | None = Field(default=None, max_length=MAX_TEXT)
    tags: list[str] = Field(default_factory=list, max_length=20)


class OutcomeItem(Model):
    """What became of one ticket."""

    id: str
    number: str | None
    done: bool
    code: str | None
    detail: str | None


class BulkAnswer(Model):
    """One outcome per ticket, in the order given."""

    items: list[OutcomeItem]
    done: int
    failed: int


@table.add(
    "POST",
    "/tickets/bulk",
    allow="tickets.work",
    summary="The same step for up to 100 tickets; says of each what failed and why",
    body=BulkBody,
    answer=BulkAnswer,
)
async def carry_out(request: web.Request) -> web.StreamResponse:
    """Do it ticket by ticket."""
    body = await read_body(request, BulkBody)
    outcomes = await request.app[BULK].carry_out(
        body.ids,
        staff_of(request),
        Order(
            do=body.do,
            reason=body.reason,
            priority=Priority(body.priority) if body.priority else None,
            queue=body.queue or None,
            assignee=body.assignee or None,
            text=body.text,
            tags=tuple(body.tags),
        ),
    )
    failed = sum(outcome.code is not None for outcome in outcomes)
    return ok(
        BulkAnswer(
            items=[
                OutcomeItem(
                    id=one.ticket_id,
                    number=one.number,
                    done=one.code is None,
                    code=one.code,
                    detail=one.detail,
                )
                for one in outcomes
            ],
            done=len(outcomes) - failed,
            failed=failed,
        )
    )
