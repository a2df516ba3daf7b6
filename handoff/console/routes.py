"""The desk over HTTP: queues, tickets and what can be done with them, conversations, live hints."""

from aiohttp import web

from bot.kit.errors import Invalid
from bot.kit.ids import parse_uuid
from bot.kit.text import is_blank
from bot.kit.web import RouteTable, no_content, ok, read_body, read_query
from bot.staff.account import Staff
from bot.staff.guard import staff_of
from handoff.console.events import LiveStreams
from handoff.console.wire import (
    Agents,
    ClaimNextBody,
    EscalateBody,
    EventItem,
    MessagesQuery,
    NoteBody,
    Nothing,
    PriorityBody,
    Queues,
    ReopenBody,
    ReplyBody,
    ResolveBody,
    ReturnBody,
    SnoozeBody,
    StaffMessage,
    StaffMessages,
    TicketDetail,
    Tickets,
    TicketsQuery,
    TransferBody,
    WaitBody,
    agent_item,
    cursor_text,
    event_item,
    level_item,
    message_page,
    queue_item,
    read_cursor,
    staff_message,
    states_of,
    ticket_detail,
    ticket_summary,
)
from handoff.service import Desk, Detail
from handoff.ticket import Escalation, Priority

DESK = web.AppKey("desk", Desk)
LIVE = web.AppKey("desk_live", LiveStreams)
table = RouteTable(prefix="/api/v1", tag="tickets")


def render(request: web.Request, detail: Detail, staff: Staff) -> web.Response:
    """Answer with a ticket as this person sees it."""
    desk = request.app[DESK]
    return ok(
        ticket_detail(detail, locale=staff.locale, now=desk.now(), hide_links=desk.hide_links)
    )


def _ticket_id(request: web.Request) -> str:
    return request.match_info["id"]


# ------------------------------------------------------------------------- queues and people


@table.add(
    "GET", "/queues", allow="tickets.read", summary="Queues and how full they are", answer=Queues
)
async def list_queues(request: web.Request) -> web.StreamResponse:
    """Return every queue."""
    staff = staff_of(request)
    found = await request.app[DESK].list_queues(staff)
    levels = await request.app[DESK].list_levels()
    return ok(
        Queues(
            items=[queue_item(q, load, locale=staff.locale) for q, load in found],
            levels=[level_item(level, locale=staff.locale) for level in levels.items],
        )
    )


@table.add(
    "GET",
    "/agents",
    allow="tickets.read",
    summary="People who can be given a ticket",
    answer=Agents,
)
async def list_agents(request: web.Request) -> web.StreamResponse:
    """Return everybody who can be given a ticket."""
    found = await request.app[DESK].list_agents()
    return ok(Agents(items=[agent_item(staff) for staff in found]))


# ----------------------------------------------------------------------------------- tickets


@table.add(
    "GET",
    "/tickets",
    allow="tickets.read",
    summary="Tickets by priority, longest in line first",
    query=TicketsQuery,
    answer=Tickets,
)
async def list_tickets(request: web.Request) -> web.StreamResponse:
    """Return a page of the tickets the caller may see."""
    staff, desk = staff_of(request), request.app[DESK]
    query = read_query(request, TicketsQuery)
    found, queues, last = await desk.list_tickets(
        staff,
        queue=query.queue or None,
        level=query.level or None,
        states=states_of(query.state),
        assignee=query.assignee or None,
        text=query.q or None,
        after=read_cursor(query.cursor),
        limit=query.limit,
        by_due=query.sort == "due",
        tag=query.tag or None,
        category=query.category or None,
        watching=query.watching,
    )
    now = desk.now()
    return ok(
        Tickets(
            items=[
                ticket_summary(
                    listed,
                    queues[listed.ticket.queue_id],
                    locale=staff.locale,
                    now=now,
                    hide_links=desk.hide_links,
                )
                for listed in found
            ],
            next_cursor=cursor_text(last),
        )
    )


@table.add(
    "POST",
    "/tickets/claim-next",
    allow="tickets.work",
    summary="Take the most urgent ticket; 204 when nobody waits",
    body=ClaimNextBody,
    answer=TicketDetail,
)
async def claim_next(request: web.Request) -> web.StreamResponse:
    """Take the most urgent ticket the caller may take."""
    staff = staff_of(request)
    body = await read_body(request, ClaimNextBody)
    detail = await request.app[DESK].claim_next(
        staff, queue=body.queue or None, level=body.level or None
    )
    return render(request, detail, staff) if detail else no_content()


@table.add("GET", "/tickets/{id}", allow="tickets.read", summary="One ticket", answer=TicketDetail)
async def get_ticket(request: web.Request) -> web.StreamResponse:
    """Return a ticket with its pack and history."""
    staff = staff_of(request)
    return render(request, await request.app[DESK].get_ticket(_ticket_id(request), staff), staff)


@table.add(
    "POST",
    "/tickets/{id}/claim",
    allow="tickets.work",
    summary="Take a ticket; 409 already_claimed says who was faster",
    body=Nothing,
    answer=TicketDetail,
)
async def claim(request: web.Request) -> web.StreamResponse:
    """Take a ticket that nobody has."""
    staff = staff_of(request)
    await read_body(request, Nothing)
    return render(request, await request.app[DESK].claim(_ticket_id(request), staff), staff)


@table.add(
    "POST",
    "/tickets/{id}/reply",
    allow="tickets.work",
    summary="Answer the customer; the same client_id again says nothing twice",
    body=ReplyBody,
    answer=StaffMessage,
    status=201,
)
async def reply(request: web.Request) -> web.StreamResponse:
    """Answer the customer."""
    staff, desk = staff_of(request), request.app[DESK]
    body = await read_body(request, ReplyBody)
    client_id = parse_uuid(body.client_id)
    if client_id is None:
        raise Invalid("client_id must be a UUID.", code="invalid_client_id")
    message = await desk.reply(_ticket_id(request), staff, client_id=client_id, text=body.text)
    return ok(staff_message(message, locale=staff.locale, hide_links=desk.hide_links), status=201)


@table.add(
    "POST",
    "/tickets/{id}/note",
    allow="tickets.work",
    summary="Write an internal note",
    body=NoteBody,
    answer=EventItem,
    status=201,
)
async def note(request: web.Request) -> web.StreamResponse:
    """Write a note that the customer never sees."""
    staff = staff_of(request)
    body = await read_body(request, NoteBody)
    event = await request.app[DESK].note(_ticket_id(request), staff, text=body.text)
    return ok(event_item(event, {}, locale=staff.locale), status=201)


@table.add(
    "POST",
    "/tickets/{id}/transfer",
    allow="tickets.work",
    summary="Pass on to a queue or a person",
    body=TransferBody,
    answer=TicketDetail,
)
async def transfer(request: web.Request) -> web.StreamResponse:
    """Pass a ticket on; taking over is passing it to oneself."""
    staff = staff_of(request)
    body = await read_body(request, TransferBody)
    detail = await request.app[DESK].transfer(
        _ticket_id(request),
        staff,
        queue=body.queue or None,
        assignee=body.assignee or None,
        reason=body.reason,
    )
    return render(request, detail, staff)


@table.add(
    "POST",
    "/tickets/{id}/escalate",
    allow="tickets.work",
    summary="Pass up: functional (knowledge) or hierarchical (authority)",
    body=EscalateBody,
    answer=TicketDetail,
)
async def escalate(request: web.Request) -> web.StreamResponse:
    """Pass a ticket to those who know, or to those who decide."""
    staff = staff_of(request)
    body = await read_body(request, EscalateBody)
    detail = await request.app[DESK].escalate(
        _ticket_id(request), staff, kind=Escalation(body.kind), to=body.to, reason=body.reason
    )
    return render(request, detail, staff)


@table.add(
    "POST",
    "/tickets/{id}/return",
    allow="tickets.work",
    summary="Give back to the level below",
    body=ReturnBody,
    answer=TicketDetail,
)
async def return_down(request: web.Request) -> web.StreamResponse:
    """Give a ticket back to the queue it came from."""
    staff = staff_of(request)
    body = await read_body(request, ReturnBody)
    detail = await request.app[DESK].return_down(_ticket_id(request), staff, reason=body.reason)
    return render(request, detail, staff)


@table.add(
    "POST",
    "/tickets/{id}/wait",
    allow="tickets.work",
    summary="Wait for the customer or a third party",
    body=WaitBody,
    answer=TicketDetail,
)
async def wait(request: web.Request) -> web.StreamResponse:
    """Put a ticket aside until somebody has answered."""
    staff = staff_of(request)
    body = await read_body(request, WaitBody)
    detail = await request.app[DESK].wait(
        _ticket_id(request),
        staff,
        third_party=body.for_ == "third_party",
        reason=body.reason,
        vendor=body.vendor,
        expected_at=body.expected_at,
    )
    return render(request, detail, staff)


@table.add(
    "POST",
    "/tickets/{id}/snooze",
    allow="tickets.work",
    summary="Put aside until an instant",
    body=SnoozeBody,
    answer=TicketDetail,
)
async def snooze(request: web.Request) -> web.StreamResponse:
    """Put a ticket aside until an instant, or until the customer writes."""
    staff = staff_of(request)
    body = await read_body(request, SnoozeBody)
    detail = await request.app[DESK].snooze(
        _ticket_id(request), staff, until=body.until, reason=body.reason
    )
    return render(request, detail, staff)


@table.add(
    "POST",
    "/tickets/{id}/resolve",
    allow="tickets.work",
    summary="End the work; the bot has the conversation again",
    body=ResolveBody,
    answer=TicketDetail,
)
async def resolve(request: web.Request) -> web.StreamResponse:
    """Say the last words, if any, and give the conversation back to the bot."""
    staff = staff_of(request)
    body = await read_body(request, ResolveBody)
    detail = await request.app[DESK].resolve(
        _ticket_id(request),
        staff,
        text=body.text,
        reason=body.reason,
        ask_feedback=body.ask_feedback,
    )
    return render(request, detail, staff)


@table.add(
    "POST",
    "/tickets/{id}/reopen",
    allow="tickets.work",
    summary="Take up a resolved ticket again",
    body=ReopenBody,
    answer=TicketDetail,
)
async def reopen(request: web.Request) -> web.StreamResponse:
    """Take a resolved ticket up again; the caller has it then."""
    staff = staff_of(request)
    body = await read_body(request, ReopenBody)
    detail = await request.app[DESK].reopen(_ticket_id(request), staff, reason=body.reason)
    return render(request, detail, staff)


@table.add(
    "POST",
    "/tickets/{id}/priority",
    allow="tickets.work",
    summary="Make more or less urgent, with a reason",
    body=PriorityBody,
    answer=TicketDetail,
)
async def set_priority(request: web.Request) -> web.StreamResponse:
    """Change how urgent a ticket is."""
    staff = staff_of(request)
    body = await read_body(request, PriorityBody)
    if body.reason is None or is_blank(body.reason):
        raise Invalid("Give a reason, or choose impact and urgency instead.", code="reason_missing")
    detail = await request.app[DESK].set_priority(
        _ticket_id(request), staff, priority=Priority(body.priority), reason=body.reason
    )
    return render(request, detail, staff)


# ----------------------------------------------------------------------------- conversations


@table.add(
    "GET",
    "/conversations/{id}/messages",
    allow="tickets.read",
    summary="A conversation's messages as staff see them",
    query=MessagesQuery,
    answer=StaffMessages,
)
async def list_messages(request: web.Request) -> web.StreamResponse:
    """Return the messages above a sequence number."""
    staff, desk = staff_of(request), request.app[DESK]
    query = read_query(request, MessagesQuery)
    page = await desk.list_messages(
        request.match_info["id"], staff, after=query.after, limit=query.limit
    )
    return ok(message_page(page, locale=staff.locale, hide_links=desk.hide_links))


@table.add(
    "POST",
    "/conversations/{id}/typing",
    allow="tickets.work",
    summary="Let the customer see that you are writing",
    body=Nothing,
    status=204,
)
async def typing(request: web.Request) -> web.StreamResponse:
    """Pass on that the agent who has the ticket is writing."""
    staff = staff_of(request)
    await request.app[DESK].agent_typing(request.match_info["id"], staff)
    return no_content()


@table.add("GET", "/events", allow="tickets.read", summary="Live hints (Server-Sent Events)")
async def events(request: web.Request) -> web.StreamResponse:
    """Stream hints about the tickets the caller may see."""
    return await request.app[LIVE].serve(request, staff_of(request))
