"""The service level over HTTP: policies, why a ticket is due when it is, reports."""

from collections.abc import Awaitable, Callable

from aiohttp import web

from bot.kit.web import RouteTable, no_content, ok, read_body, read_query
from bot.staff.guard import staff_of
from handoff.service_level.policy import CaseFacts
from handoff.service_level.report import to_csv
from handoff.service_level.reports import Period, Reports
from handoff.service_level.service import ServiceLevel
from handoff.service_level.wire import (
    OVERVIEW_COLUMNS,
    SERVICE_LEVEL_COLUMNS,
    Applied,
    ChangedPolicy,
    CsatItem,
    NewPolicy,
    OrderBody,
    OverviewAnswer,
    OverviewQuery,
    Policies,
    Saved,
    ServiceLevelAnswer,
    ServiceLevelQuery,
    TicketServiceLevel,
    Tiers,
    TiersBody,
    TryAnswer,
    TryBody,
    VersionBody,
    Versions,
    explanation_answer,
    overview_answer,
    overview_rows,
    policies_answer,
    policy_item,
    service_level_answer,
    service_level_rows,
    terms_of,
    try_answer,
    version_item,
)
from handoff.service_level.worktime import Span
from handoff.ticket import TicketState

SERVICE_LEVEL = web.AppKey("service_level", ServiceLevel)
REPORTS = web.AppKey("reports", Reports)
Rated = Callable[[Period, str | None, str | None], Awaitable[CsatItem | None]]
RATED: web.AppKey[Rated] = web.AppKey("rated", object)  # type: ignore[arg-type]
"""How customers rated the people's part in a period, by level and queue; None when nobody was asked."""
table = RouteTable(prefix="/api/v1", tag="service level")


@table.add(
    "GET",
    "/service-level/policies",
    allow="reports.read",
    summary="Policies in order, and what their conditions can name",
    answer=Policies,
)
async def list_policies(request: web.Request) -> web.StreamResponse:
    """Return the list."""
    found = await request.app[SERVICE_LEVEL].list_policies()
    return ok(policies_answer(found, locale=staff_of(request).locale))


@table.add(
    "POST",
    "/service-level/policies",
    allow="service_level.manage",
    summary="Add a policy at the end of the list",
    body=NewPolicy,
    answer=Saved,
    status=201,
)
async def add_policy(request: web.Request) -> web.StreamResponse:
    """Add a policy."""
    body = await read_body(request, NewPolicy)
    policy = await request.app[SERVICE_LEVEL].add_policy(
        terms_of(body.terms), enabled=body.enabled, staff=staff_of(request)
    )
    changed = await _apply(request, wanted=body.apply_to_running)
    return ok(Saved(policy=policy_item(policy), running_changed=changed), status=201)


@table.add(
    "PUT",
    "/service-level/policies/{id}",
    allow="service_level.manage",
    summary="Make the next version of a policy; running tickets keep theirs unless asked otherwise",
    body=ChangedPolicy,
    answer=Saved,
)
async def change_policy(request: web.Request) -> web.StreamResponse:
    """Change a policy."""
    body = await read_body(request, ChangedPolicy)
    policy = await request.app[SERVICE_LEVEL].change_policy(
        request.match_info["id"],
        terms_of(body.terms),
        enabled=body.enabled,
        version=body.version,
        staff=staff_of(request),
    )
    changed = await _apply(request, wanted=body.apply_to_running)
    return ok(Saved(policy=policy_item(policy), running_changed=changed))


@table.add(
    "POST",
    "/service-level/policies/{id}/retire",
    allow="service_level.manage",
    summary="Take a policy from the list; running tickets keep it",
    body=VersionBody,
    status=204,
)
async def retire_policy(request: web.Request) -> web.StreamResponse:
    """Take a policy from the list."""
    body = await read_body(request, VersionBody)
    await request.app[SERVICE_LEVEL].retire_policy(
        request.match_info["id"], version=body.version, staff=staff_of(request)
    )
    return no_content()


@table.add(
    "GET",
    "/service-level/policies/{id}/versions",
    allow="reports.read",
    summary="What a policy said at which time",
    answer=Versions,
)
async def list_versions(request: web.Request) -> web.StreamResponse:
    """Return a policy's history."""
    found = await request.app[SERVICE_LEVEL].list_versions(request.match_info["id"])
    return ok(Versions(items=[version_item(version) for version in found]))


@table.add(
    "PUT",
    "/service-level/order",
    allow="service_level.manage",
    summary="Put the policies into another order",
    body=OrderBody,
    answer=Applied,
)
async def set_order(request: web.Request) -> web.StreamResponse:
    """Put the list into another order."""
    body = await read_body(request, OrderBody)
    await request.app[SERVICE_LEVEL].set_order(body.ids, staff=staff_of(request))
    return ok(Applied(running_changed=await _apply(request, wanted=body.apply_to_running)))


@table.add(
    "POST",
    "/service-level/apply",
    allow="service_level.manage",
    summary="Agree anew on every open ticket by today's policies and calendars",
    answer=Applied,
)
async def apply_to_running(request: web.Request) -> web.StreamResponse:
    """Let today's policies and calendars hold for running tickets."""
    return ok(Applied(running_changed=await _apply(request, wanted=True)))


async def _apply(request: web.Request, *, wanted: bool) -> int | None:
    if not wanted:
        return None
    return await request.app[SERVICE_LEVEL].apply_to_running(staff=staff_of(request))


@table.add(
    "PUT",
    "/service-level/tiers",
    allow="service_level.manage",
    summary="Which customers belong to which tier, by the domain of their address",
    body=TiersBody,
    answer=Tiers,
)
async def save_tiers(request: web.Request) -> web.StreamResponse:
    """Replace the tiers."""
    body = await read_body(request, TiersBody)
    saved = await request.app[SERVICE_LEVEL].save_tiers(body.tiers, staff=staff_of(request))
    return ok(Tiers(tiers=saved))


@table.add(
    "POST",
    "/service-level/try",
    allow="reports.read",
    summary="Which policy would hold for such a ticket, and when it would be due",
    body=TryBody,
    answer=TryAnswer,
)
async def try_out(request: web.Request) -> web.StreamResponse:
    """Try the policies on a ticket that does not exist."""
    body = await read_body(request, TryBody)
    level = request.app[SERVICE_LEVEL]
    found = await level.try_out(
        CaseFacts(
            level=await level.level_of_queue(body.queue),
            queue=body.queue,
            priority=body.priority,
            category=body.category or None,
            tier=body.tier or None,
            channel=body.channel or None,
            locale=body.locale or None,
        ),
        opened_at=body.opened_at,
        pauses=[(TicketState(p.state), Span(p.start, p.end)) for p in body.pauses],
    )
    return ok(try_answer(found))


@table.add(
    "GET",
    "/tickets/{id}/service-level",
    allow="tickets.read",
    summary="Why a ticket is due when it is",
    answer=TicketServiceLevel,
)
async def explain(request: web.Request) -> web.StreamResponse:
    """Explain a ticket's due times."""
    found = await request.app[SERVICE_LEVEL].explain(request.match_info["id"], staff_of(request))
    return ok(explanation_answer(found))


@table.add(
    "GET",
    "/reports/service-level",
    allow="reports.read",
    summary="Promises kept in a period; CSV with Accept: text/csv",
    query=ServiceLevelQuery,
    answer=ServiceLevelAnswer,
)
async def service_level_report(request: web.Request) -> web.StreamResponse:
    """Return the service level of a period."""
    query, reports = read_query(request, ServiceLevelQuery), request.app[REPORTS]
    period = reports.period(query.from_, query.to)
    found = await reports.service_level(
        period,
        by=query.by,
        resolved=query.cohort == "resolved",
        level=query.level or None,
        queue=query.queue or None,
    )
    if _wants_csv(request):
        return _csv("service-level", to_csv(SERVICE_LEVEL_COLUMNS, service_level_rows(found)))
    return ok(service_level_answer(found, period, cohort=query.cohort))


@table.add(
    "GET",
    "/reports/overview",
    allow="reports.read",
    summary="Conversations, what the bot resolved, what people got; CSV with Accept: text/csv",
    query=OverviewQuery,
    answer=OverviewAnswer,
)
async def overview_report(request: web.Request) -> web.StreamResponse:
    """Return how the front line did in a period."""
    query, reports = read_query(request, OverviewQuery), request.app[REPORTS]
    period = reports.period(query.from_, query.to)
    found = await reports.overview(period, level=query.level or None, queue=query.queue or None)
    if _wants_csv(request):
        return _csv("overview", to_csv(OVERVIEW_COLUMNS, overview_rows(found)))
    rated = await request.app[RATED](period, query.level or None, query.queue or None)
    return ok(overview_answer(found, period, rated))


def _wants_csv(request: web.Request) -> bool:
    accepted = [part.split(";")[0].strip() for part in request.headers.get("Accept", "").split(",")]
    return "text/csv" in accepted


def _csv(name: str, text: str) -> web.Response:
    return web.Response(
        text=text,
        content_type="text/csv",
        charset="utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}.csv"'},
    )
