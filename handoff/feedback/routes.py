"""Ratings over HTTP: the list with the bad ones first in mind, the rules of asking, the numbers."""

from aiohttp import web

from bot.kit.web import RouteTable, ok, read_body, read_query
from bot.staff.guard import staff_of
from handoff.console.routes import DESK
from handoff.feedback.repository import Wanted
from handoff.feedback.rules import Part
from handoff.feedback.service import Ratings
from handoff.feedback.wire import (
    FIGURES_COLUMNS,
    FeedbackFigures,
    FeedbackItem,
    FeedbackPage,
    FeedbackQuery,
    FiguresQuery,
    SettingsBody,
    TicketCustomer,
    csat_item,
    feedback_item,
    feedback_page,
    figures_answer,
    figures_rows,
    read_cursor,
    settings_body,
    settings_of,
    ticket_customer_answer,
)
from handoff.service_level.report import to_csv
from handoff.service_level.reports import Period
from handoff.service_level.routes import REPORTS, Rated
from handoff.service_level.wire import CsatItem

RATINGS = web.AppKey("ratings", Ratings)
table = RouteTable(prefix="/api/v1", tag="feedback")


@table.add(
    "GET",
    "/feedback",
    allow="reports.read",
    summary="Ratings of customers, newest first",
    query=FeedbackQuery,
    answer=FeedbackPage,
)
async def list_feedback(request: web.Request) -> web.StreamResponse:
    """Return a page of ratings."""
    query = read_query(request, FeedbackQuery)
    wanted = Wanted(
        bad_only=query.bad or query.unseen,
        unseen_only=query.unseen,
        part=Part(query.part) if query.part else None,
        before=read_cursor(query.cursor),
    )
    return ok(feedback_page(await request.app[RATINGS].list_answered(wanted, limit=query.limit)))


@table.add(
    "POST",
    "/feedback/{id}/seen",
    allow="tickets.supervise",
    summary="Mark a bad rating as dealt with",
    answer=FeedbackItem,
)
async def mark_seen(request: web.Request) -> web.StreamResponse:
    """Note who has dealt with a bad rating."""
    found = await request.app[RATINGS].mark_seen(request.match_info["id"], staff_of(request))
    return ok(feedback_item(found))


@table.add(
    "GET",
    "/feedback/settings",
    allow="reports.read",
    summary="When customers are asked",
    answer=SettingsBody,
)
async def get_settings(request: web.Request) -> web.StreamResponse:
    """Return when customers are asked."""
    return ok(settings_body(await request.app[RATINGS].get_settings()))


@table.add(
    "PUT",
    "/feedback/settings",
    allow="service_level.manage",
    summary="Change when customers are asked; 409 stale when somebody was faster",
    body=SettingsBody,
    answer=SettingsBody,
)
async def save_settings(request: web.Request) -> web.StreamResponse:
    """Change when customers are asked."""
    body = await read_body(request, SettingsBody)
    saved = await request.app[RATINGS].save_settings(settings_of(body), staff_of(request))
    return ok(settings_body(saved))


@table.add(
    "GET",
    "/tickets/{id}/customer",
    allow="tickets.read",
    summary="How the customer of a ticket chose to wait, and what they thought of it",
    answer=TicketCustomer,
)
async def ticket_customer(request: web.Request) -> web.StreamResponse:
    """Return what the customer of a ticket chose and thought; only of tickets the caller may see."""
    desk, ratings = request.app[DESK], request.app[RATINGS]
    ticket_id = request.match_info["id"]
    await desk.get_ticket(ticket_id, staff_of(request))
    waiting, rating = await ratings.of_ticket(ticket_id)
    return ok(ticket_customer_answer(waiting, rating, now=desk.now()))


def rated(ratings: Ratings) -> Rated:
    """Return what the overview tells of ratings: those of the people's part."""

    async def of_period(period: Period, level: str | None, queue: str | None) -> CsatItem | None:
        found = await ratings.figures(
            since=period.since, until=period.until, level=level, queue=queue
        )
        return csat_item(found.human) if found.human.asked else None

    return of_period


@table.add(
    "GET",
    "/reports/feedback",
    allow="reports.read",
    summary="Response rate and score of a period, by part, level, queue, agent, article; CSV with Accept: text/csv",
    query=FiguresQuery,
    answer=FeedbackFigures,
)
async def feedback_report(request: web.Request) -> web.StreamResponse:
    """Return the numbers of a period."""
    query = read_query(request, FiguresQuery)
    period = request.app[REPORTS].period(query.from_, query.to)
    found = await request.app[RATINGS].figures(
        since=period.since,
        until=period.until,
        level=query.level or None,
        queue=query.queue or None,
    )
    answer = figures_answer(
        found,
        since=period.since,
        until=period.until,
        only_people=bool(query.level or query.queue),
    )
    if "text/csv" in request.headers.get("Accept", ""):
        return web.Response(
            text=to_csv(FIGURES_COLUMNS, figures_rows(answer)),
            content_type="text/csv",
            charset="utf-8",
            headers={"Content-Disposition": 'attachment; filename="feedback.csv"'},
        )
    return ok(answer)
