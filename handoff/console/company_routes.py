"""Who is on a ticket, and deliveries, over HTTP."""

from typing import Literal

from aiohttp import web

from bot.kit.web import Model, RouteTable, no_content, read_body
from bot.staff.guard import staff_of
from handoff.console.company import Company
from handoff.console.wire import Nothing

COMPANY = web.AppKey("company", Company)
table = RouteTable(prefix="/api/v1", tag="tickets")


class CompanyBody(Model):
    """What the caller's page does with the ticket."""

    doing: Literal["arrived", "reading", "writing", "left"]


@table.add(
    "POST",
    "/tickets/{id}/company",
    allow="tickets.read",
    summary="Let colleagues see that you have this ticket open, write, or left",
    body=CompanyBody,
    status=204,
)
async def tell(request: web.Request) -> web.StreamResponse:
    """Pass on who is there."""
    body = await read_body(request, CompanyBody)
    await request.app[COMPANY].tell(request.match_info["id"], staff_of(request), body.doing)
    return no_content()


@table.add(
    "POST",
    "/messages/{id}/deliver",
    allow="tickets.work",
    summary="Try once more to deliver a reply that was given up",
    body=Nothing,
    status=204,
)
async def deliver(request: web.Request) -> web.StreamResponse:
    """Put a reply back in line."""
    await read_body(request, Nothing)
    await request.app[COMPANY].deliver_again(request.match_info["id"], staff_of(request))
    return no_content()
