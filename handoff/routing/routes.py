"""Queues, routing rules and levels over HTTP."""

from aiohttp import web

from bot.kit.web import RouteTable, no_content, ok, read_body, read_query
from bot.staff.guard import staff_of
from handoff.routing.service import Routing
from handoff.routing.wire import (
    ChangedQueue,
    ChangedRule,
    DeskQueue,
    DeskQueues,
    LevelsAnswer,
    LevelsBody,
    MoveBody,
    Moved,
    OrderBody,
    QueueBody,
    RetireBody,
    RuleBody,
    RuleItem,
    Rules,
    TryAnswer,
    TryBody,
    VersionBody,
    VersionQuery,
    facts_of,
    level_of,
    levels_answer,
    queue_item,
    queues_answer,
    rule_item,
    rule_of,
    rules_answer,
    terms_of,
    try_answer,
)
from handoff.triage import Queue

ROUTING = web.AppKey("routing", Routing)
table = RouteTable(prefix="/api/v1/desk", tag="queues and routing")


# ---------------------------------------------------------------------------------------- queues


@table.add(
    "GET",
    "/queues",
    allow="reports.read",
    summary="Every queue with what hangs on it, the levels, and what can be chosen",
    answer=DeskQueues,
)
async def list_queues(request: web.Request) -> web.StreamResponse:
    """Return the list."""
    found = await request.app[ROUTING].list_queues()
    return ok(queues_answer(found, locale=staff_of(request).locale))


@table.add(
    "POST",
    "/queues",
    allow="desk.configure",
    summary="Add a queue; the first of its level takes what no other is for",
    body=QueueBody,
    answer=DeskQueue,
    status=201,
)
async def add_queue(request: web.Request) -> web.StreamResponse:
    """Add a queue."""
    body = await read_body(request, QueueBody)
    queue = await request.app[ROUTING].add_queue(terms_of(body), staff=staff_of(request))
    return _queue(request, queue, status=201)


@table.add(
    "PUT",
    "/queues/{id}",
    allow="desk.configure",
    summary="Change a queue; the next hand-off goes by it",
    body=ChangedQueue,
    answer=DeskQueue,
)
async def change_queue(request: web.Request) -> web.StreamResponse:
    """Change a queue."""
    body = await read_body(request, ChangedQueue)
    queue = await request.app[ROUTING].change_queue(
        request.match_info["id"], terms_of(body), version=body.version, staff=staff_of(request)
    )
    return _queue(request, queue)


@table.add(
    "POST",
    "/queues/{id}/retire",
    allow="desk.configure",
    summary="Let a queue take nothing new; its open tickets stay, its rules go to the replacement",
    body=RetireBody,
    answer=DeskQueue,
)
async def retire_queue(request: web.Request) -> web.StreamResponse:
    """Retire a queue."""
    body = await read_body(request, RetireBody)
    queue = await request.app[ROUTING].retire_queue(
        request.match_info["id"],
        version=body.version,
        replacement=body.replacement,
        staff=staff_of(request),
    )
    return _queue(request, queue)


@table.add(
    "POST",
    "/queues/{id}/restore",
    allow="desk.configure",
    summary="Bring a retired queue back",
    body=VersionBody,
    answer=DeskQueue,
)
async def restore_queue(request: web.Request) -> web.StreamResponse:
    """Bring a queue back."""
    body = await read_body(request, VersionBody)
    queue = await request.app[ROUTING].restore_queue(
        request.match_info["id"], version=body.version, staff=staff_of(request)
    )
    return _queue(request, queue)


@table.add(
    "POST",
    "/queues/{id}/move",
    allow="desk.configure",
    summary="Move the open tickets of a queue to another of its level",
    body=MoveBody,
    answer=Moved,
)
async def move_tickets(request: web.Request) -> web.StreamResponse:
    """Move the open tickets of a queue."""
    body = await read_body(request, MoveBody)
    moved = await request.app[ROUTING].move_tickets(
        request.match_info["id"], to=body.to, staff=staff_of(request)
    )
    return ok(Moved(tickets=moved))


@table.add(
    "PUT",
    "/queue-order",
    allow="desk.configure",
    summary="Put the queues in use into another order",
    body=OrderBody,
    status=204,
)
async def set_queue_order(request: web.Request) -> web.StreamResponse:
    """Put the queues into another order."""
    body = await read_body(request, OrderBody)
    await request.app[ROUTING].set_queue_order(body.ids, staff=staff_of(request))
    return no_content()


def _queue(request: web.Request, queue: Queue, *, status: int = 200) -> web.Response:
    item = queue_item(queue, load=None, rules=0, locale=staff_of(request).locale)
    return ok(item, status=status)


# ----------------------------------------------------------------------------------------- rules


@table.add(
    "GET",
    "/rules",
    allow="reports.read",
    summary="Routing rules in order, which never get their turn, and what they can name",
    answer=Rules,
)
async def list_rules(request: web.Request) -> web.StreamResponse:
    """Return the list."""
    found = await request.app[ROUTING].list_rules()
    return ok(rules_answer(found, locale=staff_of(request).locale))


@table.add(
    "POST",
    "/rules",
    allow="desk.configure",
    summary="Add a routing rule at the end of the list",
    body=RuleBody,
    answer=RuleItem,
    status=201,
)
async def add_rule(request: web.Request) -> web.StreamResponse:
    """Add a rule."""
    body = await read_body(request, RuleBody)
    rule = await request.app[ROUTING].add_rule(rule_of(body), staff=staff_of(request))
    return ok(rule_item(rule), status=201)


@table.add(
    "PUT",
    "/rules/{id}",
    allow="desk.configure",
    summary="Change a routing rule, or switch it on or off",
    body=ChangedRule,
    answer=RuleItem,
)
async def change_rule(request: web.Request) -> web.StreamResponse:
    """Change a rule."""
    body = await read_body(request, ChangedRule)
    rule = rule_of(body, rule_id=request.match_info["id"], version=body.version)
    return ok(rule_item(await request.app[ROUTING].change_rule(rule, staff=staff_of(request))))


@table.add(
    "DELETE",
    "/rules/{id}",
    allow="desk.configure",
    summary="Take a routing rule away",
    query=VersionQuery,
    status=204,
)
async def delete_rule(request: web.Request) -> web.StreamResponse:
    """Take a rule away."""
    query = read_query(request, VersionQuery)
    await request.app[ROUTING].delete_rule(
        request.match_info["id"], version=query.version, staff=staff_of(request)
    )
    return no_content()


@table.add(
    "PUT",
    "/rule-order",
    allow="desk.configure",
    summary="Put the routing rules into another order",
    body=OrderBody,
    status=204,
)
async def set_rule_order(request: web.Request) -> web.StreamResponse:
    """Put the rules into another order."""
    body = await read_body(request, OrderBody)
    await request.app[ROUTING].set_rule_order(body.ids, staff=staff_of(request))
    return no_content()


@table.add(
    "POST",
    "/try",
    allow="reports.read",
    summary="Where such a hand-off would go, and why",
    body=TryBody,
    answer=TryAnswer,
)
async def try_out(request: web.Request) -> web.StreamResponse:
    """Try the rules on a hand-off that does not exist."""
    body = await read_body(request, TryBody)
    locale = staff_of(request).locale
    found = await request.app[ROUTING].try_out(facts_of(body), at=body.at, locale=locale)
    return ok(try_answer(found, locale=locale))


# ---------------------------------------------------------------------------------------- levels


@table.add(
    "GET",
    "/levels",
    allow="tickets.read",
    summary="What the levels are called, which have people, which may escalate where",
    answer=LevelsAnswer,
)
async def get_levels(request: web.Request) -> web.StreamResponse:
    """Return the levels."""
    levels = await request.app[ROUTING].levels()
    return ok(levels_answer(levels, locale=staff_of(request).locale))


@table.add(
    "PUT",
    "/levels",
    allow="desk.configure",
    summary="Set names, who has people, and who may escalate where",
    body=LevelsBody,
    answer=LevelsAnswer,
)
async def save_levels(request: web.Request) -> web.StreamResponse:
    """Set the levels."""
    body = await read_body(request, LevelsBody)
    levels = await request.app[ROUTING].save_levels(
        [level_of(one) for one in body.levels], version=body.version, staff=staff_of(request)
    )
    return ok(levels_answer(levels, locale=staff_of(request).locale))
