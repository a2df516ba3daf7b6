"""Getting work over HTTP: presence, accepting and giving back, people, assignment, the board."""

from aiohttp import web

from bot.kit.web import RouteTable, ok, read_body
from bot.staff.guard import staff_of
from handoff.console.routes import DESK
from handoff.console.wire import Nothing, TicketDetail, ticket_detail
from handoff.service import Detail
from handoff.work.presence import Presence
from handoff.work.service import Work
from handoff.work.wire import (
    BeatBody,
    BoardAnswer,
    GiveBackBody,
    MineAnswer,
    People,
    PersonItem,
    PresenceBody,
    ProfileBody,
    SettingsAnswer,
    SettingsBody,
    SettingsItem,
    board_answer,
    mine_answer,
    person_item,
    profile_of,
    settings_item,
    settings_of,
)

WORK = web.AppKey("work", Work)
table = RouteTable(prefix="/api/v1", tag="work")


def _render(request: web.Request, detail: Detail) -> web.Response:
    desk = request.app[DESK]
    return ok(
        ticket_detail(
            detail,
            locale=staff_of(request).locale,
            now=desk.now(),
            hide_links=desk.hide_links,
        )
    )


# ------------------------------------------------------------------------------ one's own


@table.add(
    "GET", "/presence", allow="tickets.work", summary="Your presence and offers", answer=MineAnswer
)
async def get_presence(request: web.Request) -> web.StreamResponse:
    """Return what the caller is, and what waits for being accepted."""
    work = request.app[WORK]
    return ok(mine_answer(await work.mine(staff_of(request)), work.now()))


@table.add(
    "PUT",
    "/presence",
    allow="tickets.work",
    summary="Say that you are online, away or offline",
    body=PresenceBody,
    answer=MineAnswer,
)
async def set_presence(request: web.Request) -> web.StreamResponse:
    """Change what the caller is."""
    work = request.app[WORK]
    body = await read_body(request, PresenceBody)
    mine = await work.set_presence(staff_of(request), Presence(body.presence))
    return ok(mine_answer(mine, work.now()))


@table.add(
    "POST",
    "/presence/beat",
    allow="tickets.work",
    summary="Say that your console is open; without it for a minute you are offline",
    body=BeatBody,
    answer=MineAnswer,
)
async def beat(request: web.Request) -> web.StreamResponse:
    """Note a sign of life."""
    work = request.app[WORK]
    body = await read_body(request, BeatBody)
    return ok(mine_answer(await work.beat(staff_of(request), active=body.active), work.now()))


@table.add(
    "POST",
    "/tickets/{id}/accept",
    allow="tickets.work",
    summary="Accept a ticket that was assigned to you",
    body=Nothing,
    answer=TicketDetail,
)
async def accept(request: web.Request) -> web.StreamResponse:
    """Accept a ticket."""
    await read_body(request, Nothing)
    ticket_id = request.match_info["id"]
    return _render(request, await request.app[WORK].accept(ticket_id, staff_of(request)))


@table.add(
    "POST",
    "/tickets/{id}/give-back",
    allow="tickets.work",
    summary="Put a ticket back into its queue, where it keeps its place",
    body=GiveBackBody,
    answer=TicketDetail,
)
async def give_back(request: web.Request) -> web.StreamResponse:
    """Put a ticket back into its queue."""
    body = await read_body(request, GiveBackBody)
    detail = await request.app[WORK].give_back(
        request.match_info["id"], staff_of(request), reason=body.reason
    )
    return _render(request, detail)


# -------------------------------------------------------------------- people, queues, board


@table.add(
    "GET",
    "/assignment/people",
    allow="reports.read",
    summary="Who is there, and what each can take",
    answer=People,
)
async def list_people(request: web.Request) -> web.StreamResponse:
    """Return everybody who can be given a ticket."""
    found = await request.app[WORK].list_people()
    return ok(People(items=[person_item(one) for one in found]))


@table.add(
    "PUT",
    "/assignment/people/{id}",
    allow="tickets.supervise",
    summary="Say what somebody can do, and how much at a time",
    body=ProfileBody,
    answer=PersonItem,
)
async def save_profile(request: web.Request) -> web.StreamResponse:
    """Change somebody's capacity, skills and languages."""
    body = await read_body(request, ProfileBody)
    person = await request.app[WORK].save_profile(
        profile_of(request.match_info["id"], body), staff=staff_of(request)
    )
    return ok(person_item(person))


@table.add(
    "GET",
    "/assignment/queues",
    allow="reports.read",
    summary="How queues give out their tickets",
    answer=SettingsAnswer,
)
async def list_settings(request: web.Request) -> web.StreamResponse:
    """Return every queue's settings."""
    locale = staff_of(request).locale
    found = await request.app[WORK].list_settings()
    return ok(SettingsAnswer(items=[settings_item(one, locale=locale) for one in found]))


@table.add(
    "PUT",
    "/assignment/queues/{id}",
    allow="tickets.supervise",
    summary="Say how a queue gives out its tickets",
    body=SettingsBody,
    answer=SettingsItem,
)
async def save_settings(request: web.Request) -> web.StreamResponse:
    """Change how a queue gives out its tickets."""
    work, staff = request.app[WORK], staff_of(request)
    body = await read_body(request, SettingsBody)
    queue_id = request.match_info["id"]
    await work.save_settings(settings_of(queue_id, body), staff=staff)
    states = await work.list_settings()
    state = next(one for one in states if one.queue.id == queue_id)
    return ok(settings_item(state, locale=staff.locale))


@table.add(
    "GET",
    "/assignment/board",
    allow="reports.read",
    summary="Queues, people and tickets at risk, all of one instant",
    answer=BoardAnswer,
)
async def board(request: web.Request) -> web.StreamResponse:
    """Return the board."""
    found = await request.app[WORK].board()
    return ok(board_answer(found, locale=staff_of(request).locale))
