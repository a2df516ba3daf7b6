"""Macros and rules over HTTP."""

from aiohttp import web

from bot.kit.errors import Invalid
from bot.kit.ids import parse_uuid
from bot.kit.web import RouteTable, no_content, ok, read_body, read_query
from bot.staff.guard import staff_of
from handoff.automation.service import Macros, Rules
from handoff.automation.wire import (
    ChangedMacro,
    ChangedRule,
    LogQuery,
    MacroApplied,
    MacroBody,
    MacroItem,
    MacroList,
    MacroPreview,
    OrderBody,
    RuleBody,
    RuleItem,
    RuleList,
    RunLog,
    TryAnswer,
    TryBody,
    UseBody,
    VersionBody,
    effects_of,
    macro_item,
    offered_model,
    performed_items,
    preview_answer,
    rule_item,
    run_item,
    terms_of,
    try_answer,
)

MACROS = web.AppKey("macros", Macros)
RULES = web.AppKey("rules", Rules)
table = RouteTable(prefix="/api/v1", tag="macros and rules")


# ---------------------------------------------------------------------------------- macros


@table.add(
    "GET",
    "/macros",
    allow="tickets.read",
    summary="Macros by name, and what their effects can name",
    answer=MacroList,
)
async def list_macros(request: web.Request) -> web.StreamResponse:
    """Return the macros; those switched off only to who edits them."""
    staff, macros = staff_of(request), request.app[MACROS]
    found, uses = await macros.list_all()
    edits = staff.may("desk.configure")
    return ok(
        MacroList(
            items=[macro_item(one, uses) for one in found if one.enabled or edits],
            offered=offered_model(await macros.offered(staff.locale)),
        )
    )


@table.add(
    "POST",
    "/macros",
    allow="desk.configure",
    summary="Add a macro",
    body=MacroBody,
    answer=MacroItem,
    status=201,
)
async def add_macro(request: web.Request) -> web.StreamResponse:
    """Add a macro."""
    body = await read_body(request, MacroBody)
    macro = await request.app[MACROS].add(
        name=body.name,
        effects=effects_of(body.effects),
        enabled=body.enabled,
        staff=staff_of(request),
    )
    return ok(macro_item(macro, {}), status=201)


@table.add(
    "PUT",
    "/macros/{id}",
    allow="desk.configure",
    summary="Make the next version of a macro",
    body=ChangedMacro,
    answer=MacroItem,
)
async def change_macro(request: web.Request) -> web.StreamResponse:
    """Change a macro."""
    body = await read_body(request, ChangedMacro)
    macro = await request.app[MACROS].change(
        request.match_info["id"],
        name=body.name,
        effects=effects_of(body.effects),
        enabled=body.enabled,
        version=body.version,
        staff=staff_of(request),
    )
    return ok(macro_item(macro, {}))


@table.add(
    "POST",
    "/macros/{id}/retire",
    allow="desk.configure",
    summary="Take a macro from the list",
    body=VersionBody,
    status=204,
)
async def retire_macro(request: web.Request) -> web.StreamResponse:
    """Take a macro from the list."""
    body = await read_body(request, VersionBody)
    await request.app[MACROS].retire(
        request.match_info["id"], version=body.version, staff=staff_of(request)
    )
    return no_content()


@table.add(
    "GET",
    "/tickets/{id}/macros/{macro}",
    allow="tickets.work",
    summary="What a macro would do to a ticket now; nothing changes",
    answer=MacroPreview,
)
async def preview_macro(request: web.Request) -> web.StreamResponse:
    """Preview a macro."""
    macro, preview = await request.app[MACROS].preview(
        request.match_info["id"], request.match_info["macro"], staff_of(request)
    )
    return ok(preview_answer(macro, preview))


@table.add(
    "POST",
    "/tickets/{id}/macros/{macro}",
    allow="tickets.work",
    summary="Apply a macro to a ticket, wholly or not at all; 409 macro_refused says why not",
    body=UseBody,
    answer=MacroApplied,
)
async def apply_macro(request: web.Request) -> web.StreamResponse:
    """Apply a macro."""
    body = await read_body(request, UseBody)
    use_id = parse_uuid(body.client_id)
    if use_id is None:
        raise Invalid("client_id must be a UUID.", code="invalid_client_id")
    performed = await request.app[MACROS].apply(
        request.match_info["id"],
        request.match_info["macro"],
        staff_of(request),
        use_id=use_id,
    )
    return ok(MacroApplied(performed=performed_items(performed)))


# ----------------------------------------------------------------------------------- rules


@table.add(
    "GET",
    "/rules",
    allow="desk.configure",
    summary="Rules in order, and what they can name",
    answer=RuleList,
)
async def list_rules(request: web.Request) -> web.StreamResponse:
    """Return the rules."""
    rules = request.app[RULES]
    found, runs = await rules.list_all()
    return ok(
        RuleList(
            items=[rule_item(one, runs) for one in found],
            offered=offered_model(await rules.offered(staff_of(request).locale)),
        )
    )


@table.add(
    "POST",
    "/rules",
    allow="desk.configure",
    summary="Add a rule at the end of the list",
    body=RuleBody,
    answer=RuleItem,
    status=201,
)
async def add_rule(request: web.Request) -> web.StreamResponse:
    """Add a rule."""
    body = await read_body(request, RuleBody)
    rule = await request.app[RULES].add(
        terms_of(body.terms), enabled=body.enabled, staff=staff_of(request)
    )
    return ok(rule_item(rule, {}), status=201)


@table.add(
    "PUT",
    "/rules/order",
    allow="desk.configure",
    summary="Put the rules into another order",
    body=OrderBody,
    status=204,
)
async def set_order(request: web.Request) -> web.StreamResponse:
    """Put the list into another order."""
    body = await read_body(request, OrderBody)
    await request.app[RULES].set_order(body.ids, staff=staff_of(request))
    return no_content()


@table.add(
    "PUT",
    "/rules/{id}",
    allow="desk.configure",
    summary="Make the next version of a rule",
    body=ChangedRule,
    answer=RuleItem,
)
async def change_rule(request: web.Request) -> web.StreamResponse:
    """Change a rule."""
    body = await read_body(request, ChangedRule)
    rule = await request.app[RULES].change(
        request.match_info["id"],
        terms_of(body.terms),
        enabled=body.enabled,
        version=body.version,
        staff=staff_of(request),
    )
    return ok(rule_item(rule, {}))


@table.add(
    "POST",
    "/rules/{id}/retire",
    allow="desk.configure",
    summary="Take a rule from the list; its log stays",
    body=VersionBody,
    status=204,
)
async def retire_rule(request: web.Request) -> web.StreamResponse:
    """Take a rule from the list."""
    body = await read_body(request, VersionBody)
    await request.app[RULES].retire(
        request.match_info["id"], version=body.version, staff=staff_of(request)
    )
    return no_content()


@table.add(
    "POST",
    "/rules/try",
    allow="desk.configure",
    summary="What a rule would have done to the tickets of the last days; nothing changes",
    body=TryBody,
    answer=TryAnswer,
)
async def try_rule(request: web.Request) -> web.StreamResponse:
    """Try a rule, saved or not."""
    body = await read_body(request, TryBody)
    found = await request.app[RULES].try_out(terms_of(body.terms), days=body.days)
    return ok(try_answer(found))


@table.add(
    "GET",
    "/rules/log",
    allow="desk.configure",
    summary="What fitted, why, and what came of it, newest first",
    query=LogQuery,
    answer=RunLog,
)
async def rule_log(request: web.Request) -> web.StreamResponse:
    """Return a page of the log."""
    query = read_query(request, LogQuery)
    found = await request.app[RULES].log(
        rule_id=query.rule or None,
        ticket_id=query.ticket or None,
        outcome=query.outcome,
        before=query.cursor or None,
        limit=query.limit + 1,
    )
    page = found[: query.limit]
    return ok(
        RunLog(
            items=[run_item(run) for run in page],
            next_cursor=page[-1].id if len(found) > query.limit else None,
        )
    )
