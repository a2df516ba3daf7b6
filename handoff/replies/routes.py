"""Canned replies over HTTP."""

from aiohttp import web
from pydantic import Field

from bot.kit.web import Model, RouteTable, no_content, ok, read_body
from bot.staff.account import Staff
from bot.staff.guard import staff_of
from handoff.replies.reply import VARIABLES, CannedReply
from handoff.replies.service import CannedReplies
from handoff.ticket import supervises

REPLIES = web.AppKey("canned_replies", CannedReplies)
MAX_TEXT = 20_000
"""Longest text read at all; what is kept is shorter and refused with a reason."""
table = RouteTable(prefix="/api/v1", tag="replies")


class ReplyItem(Model):
    """A canned reply."""

    id: str
    shortcut: str
    title: str
    texts: dict[str, str]
    """By language; the console falls back and says so."""
    shared: bool
    editable: bool
    version: int


class ReplyList(Model):
    """Own replies and everybody's, by shortcut; and what can stand in braces."""

    items: list[ReplyItem]
    variables: list[str]


class NewReply(Model):
    """A reply to keep."""

    shortcut: str = Field(max_length=100)
    title: str = Field(max_length=500)
    texts: dict[str, str] = Field(max_length=10)
    shared: bool = False


class ChangedReply(Model):
    """The reply anew; `version` is the one that was read."""

    version: int
    shortcut: str = Field(max_length=100)
    title: str = Field(max_length=500)
    texts: dict[str, str] = Field(max_length=10)


def _item(reply: CannedReply, staff: Staff) -> ReplyItem:
    return ReplyItem(
        id=reply.id,
        shortcut=reply.shortcut,
        title=reply.title,
        texts=reply.texts,
        shared=reply.owner_id is None,
        editable=supervises(staff) or reply.owner_id is not None,
        version=reply.version,
    )


@table.add(
    "GET", "/replies", allow="tickets.work", summary="Canned replies", answer=ReplyList
)  # fmt: skip
async def list_replies(request: web.Request) -> web.StreamResponse:
    """Return what the caller can insert."""
    staff = staff_of(request)
    found = await request.app[REPLIES].list(staff)
    return ok(ReplyList(items=[_item(one, staff) for one in found], variables=list(VARIABLES)))


@table.add(
    "POST",
    "/replies",
    allow="tickets.work",
    summary="Keep a reply, one's own or (supervisors) everybody's",
    body=NewReply,
    answer=ReplyItem,
    status=201,
)
async def add_reply(request: web.Request) -> web.StreamResponse:
    """Keep a reply."""
    staff = staff_of(request)
    body = await read_body(request, NewReply)
    reply = await request.app[REPLIES].add(
        staff, shortcut=body.shortcut, title=body.title, texts=body.texts, shared=body.shared
    )
    return ok(_item(reply, staff), status=201)


@table.add(
    "PUT",
    "/replies/{id}",
    allow="tickets.work",
    summary="Write a reply anew",
    body=ChangedReply,
    answer=ReplyItem,
)
async def change_reply(request: web.Request) -> web.StreamResponse:
    """Change a reply."""
    staff = staff_of(request)
    body = await read_body(request, ChangedReply)
    reply = await request.app[REPLIES].change(
        request.match_info["id"],
        staff,
        version=body.version,
        shortcut=body.shortcut,
        title=body.title,
        texts=body.texts,
    )
    return ok(_item(reply, staff))


@table.add("DELETE", "/replies/{id}", allow="tickets.work", summary="Delete a reply", status=204)
async def delete_reply(request: web.Request) -> web.StreamResponse:
    """Remove a reply."""
    await request.app[REPLIES].delete(request.match_info["id"], staff_of(request))
    return no_content()
