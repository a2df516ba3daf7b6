"""Categories, tags, links, merges, watchers and mentions over HTTP."""

from aiohttp import web

from bot.kit.web import RouteTable, ok, read_body
from bot.staff.account import Staff
from bot.staff.guard import staff_of
from handoff.case.assessment import Grade
from handoff.case.link import LinkKind
from handoff.case.service import Cases
from handoff.case.wire import (
    AssessBody,
    CategoryChangeBody,
    CategoryItem,
    CategoryItems,
    KnownTags,
    LinkBody,
    MentionItem,
    Mentions,
    MergeBody,
    NewCategoryBody,
    ReadBody,
    SetCategoryBody,
    SubjectBody,
    TagsBody,
    UnlinkBody,
    Unread,
    WatchBody,
)
from handoff.console.routes import render
from handoff.console.wire import TicketDetail, instant

CASES = web.AppKey("cases", Cases)
table = RouteTable(prefix="/api/v1", tag="tickets")


# -------------------------------------------------------------------------------- categories


@table.add(
    "GET",
    "/ticket-categories",
    allow="tickets.read",
    summary="What tickets can be about",
    answer=CategoryItems,
)
async def list_categories(request: web.Request) -> web.StreamResponse:
    """Return the list."""
    return await _categories(request, staff_of(request))


@table.add(
    "POST",
    "/ticket-categories",
    allow="desk.configure",
    summary="Add a category at the end of the list",
    body=NewCategoryBody,
    answer=CategoryItems,
    status=201,
)
async def add_category(request: web.Request) -> web.StreamResponse:
    """Add a category and return the list."""
    staff = staff_of(request)
    body = await read_body(request, NewCategoryBody)
    await request.app[CASES].add_category(
        body.key, names=body.names, topics=body.topics, staff=staff
    )
    return await _categories(request, staff, status=201)


@table.add(
    "PUT",
    "/ticket-categories/{key}",
    allow="desk.configure",
    summary="Name, order or retire a category; tickets in it keep it",
    body=CategoryChangeBody,
    answer=CategoryItems,
)
async def change_category(request: web.Request) -> web.StreamResponse:
    """Change a category and return the list."""
    staff = staff_of(request)
    body = await read_body(request, CategoryChangeBody)
    await request.app[CASES].change_category(
        request.match_info["key"],
        version=body.version,
        names=body.names,
        topics=body.topics,
        position=body.position,
        retired=body.retired,
        staff=staff,
    )
    return await _categories(request, staff)


async def _categories(
    request: web.Request, staff: Staff, *, status: int = 200
) -> web.StreamResponse:
    found, counts = await request.app[CASES].categories()
    items = [
        CategoryItem(
            key=one.key,
            name=one.name(staff.locale),
            names=dict(one.names),
            topics=list(one.topics),
            position=one.position,
            version=one.version,
            retired=one.retired,
            tickets=counts.get(one.key, 0),
        )
        for one in found
    ]
    return ok(CategoryItems(items=items), status=status)


# ------------------------------------------------------------------------------------ a case


@table.add(
    "POST",
    "/tickets/{id}/category",
    allow="tickets.work",
    summary="Say what it is about",
    body=SetCategoryBody,
    answer=TicketDetail,
)
async def set_category(request: web.Request) -> web.StreamResponse:
    """Change the category."""
    staff = staff_of(request)
    body = await read_body(request, SetCategoryBody)
    detail = await request.app[CASES].set_category(
        request.match_info["id"], staff, category=body.category or None, reason=body.reason
    )
    return render(request, detail, staff)


@table.add(
    "POST",
    "/tickets/{id}/subject",
    allow="tickets.work",
    summary="Say in one line what it is about",
    body=SubjectBody,
    answer=TicketDetail,
)
async def set_subject(request: web.Request) -> web.StreamResponse:
    """Change the subject."""
    staff = staff_of(request)
    body = await read_body(request, SubjectBody)
    detail = await request.app[CASES].set_subject(
        request.match_info["id"], staff, subject=body.subject
    )
    return render(request, detail, staff)


@table.add(
    "POST",
    "/tickets/{id}/assess",
    allow="tickets.work",
    summary="Impact and urgency; the priority follows from both",
    body=AssessBody,
    answer=TicketDetail,
)
async def assess(request: web.Request) -> web.StreamResponse:
    """Change impact and urgency."""
    staff = staff_of(request)
    body = await read_body(request, AssessBody)
    detail = await request.app[CASES].assess(
        request.match_info["id"],
        staff,
        impact=Grade(body.impact),
        urgency=Grade(body.urgency),
        reason=body.reason,
    )
    return render(request, detail, staff)


@table.add(
    "POST",
    "/tickets/{id}/tags",
    allow="tickets.work",
    summary="Put words on and take words off",
    body=TagsBody,
    answer=TicketDetail,
)
async def set_tags(request: web.Request) -> web.StreamResponse:
    """Change the tags."""
    staff = staff_of(request)
    body = await read_body(request, TagsBody)
    detail = await request.app[CASES].set_tags(
        request.match_info["id"], staff, add=body.add, remove=body.remove
    )
    return render(request, detail, staff)


@table.add(
    "GET",
    "/ticket-tags",
    allow="tickets.read",
    summary="Tags in use, for completion",
    answer=KnownTags,
)
async def known_tags(request: web.Request) -> web.StreamResponse:
    """Return the tags that are most used."""
    return ok(KnownTags(items=await request.app[CASES].known_tags(staff_of(request))))


@table.add(
    "POST",
    "/tickets/{id}/link",
    allow="tickets.work",
    summary="Link with another ticket",
    body=LinkBody,
    answer=TicketDetail,
)
async def link(request: web.Request) -> web.StreamResponse:
    """Link two tickets."""
    staff = staff_of(request)
    body = await read_body(request, LinkBody)
    detail = await request.app[CASES].link(
        request.match_info["id"], staff, other=body.other, kind=LinkKind(body.kind)
    )
    return render(request, detail, staff)


@table.add(
    "POST",
    "/tickets/{id}/unlink",
    allow="tickets.work",
    summary="Take a link away, from either side",
    body=UnlinkBody,
    answer=TicketDetail,
)
async def unlink(request: web.Request) -> web.StreamResponse:
    """Take a link away."""
    staff = staff_of(request)
    body = await read_body(request, UnlinkBody)
    detail = await request.app[CASES].unlink(request.match_info["id"], staff, other=body.other)
    return render(request, detail, staff)


@table.add(
    "POST",
    "/tickets/{id}/merge",
    allow="tickets.work",
    summary="Go on under another ticket of the same customer; answers the one that remains",
    body=MergeBody,
    answer=TicketDetail,
)
async def merge(request: web.Request) -> web.StreamResponse:
    """Merge a ticket into another one."""
    staff = staff_of(request)
    body = await read_body(request, MergeBody)
    detail = await request.app[CASES].merge(
        request.match_info["id"], staff, into=body.into, reason=body.reason
    )
    return render(request, detail, staff)


@table.add(
    "POST",
    "/tickets/{id}/watch",
    allow="tickets.work",
    summary="Be told what happens to it, or no longer",
    body=WatchBody,
    answer=TicketDetail,
)
async def watch(request: web.Request) -> web.StreamResponse:
    """Watch a ticket, or no longer."""
    staff = staff_of(request)
    body = await read_body(request, WatchBody)
    detail = await request.app[CASES].watch(request.match_info["id"], staff, watching=body.watching)
    return render(request, detail, staff)


# ---------------------------------------------------------------------------------- mentions


@table.add(
    "GET",
    "/mentions",
    allow="tickets.read",
    summary="Notes in which one was named",
    answer=Mentions,
)
async def list_mentions(request: web.Request) -> web.StreamResponse:
    """Return where the caller was named."""
    found, unread = await request.app[CASES].mentions(staff_of(request))
    items = [
        MentionItem(
            id=one.event_id,
            ticket_id=one.ticket_id,
            number=one.number,
            subject=one.subject,
            by=one.by,
            text=one.text,
            at=instant(one.at),
            read=one.read_at is not None,
        )
        for one in found
    ]
    return ok(Mentions(items=items, unread=unread))


@table.add(
    "POST",
    "/mentions/read",
    allow="tickets.read",
    summary="Mark as read, of one ticket or all",
    body=ReadBody,
    answer=Unread,
)
async def read_mentions(request: web.Request) -> web.StreamResponse:
    """Mark the caller's mentions as read."""
    body = await read_body(request, ReadBody)
    unread = await request.app[CASES].read_mentions(
        staff_of(request), ticket_id=body.ticket_id or None
    )
    return ok(Unread(unread=unread))
