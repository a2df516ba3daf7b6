"""Search over HTTP."""

from typing import Literal

from aiohttp import web
from pydantic import Field

from bot.kit.web import Model, RouteTable, ok, read_query
from bot.staff.guard import staff_of
from handoff.console.routes import DESK
from handoff.console.wire import instant
from handoff.search.query import excerpt, read_terms
from handoff.search.service import Search

SEARCH = web.AppKey("desk_search", Search)
table = RouteTable(prefix="/api/v1", tag="search")


class SearchQuery(Model):
    """Words, and where to look for them."""

    q: str = Field(max_length=200)
    kind: Literal["tickets", "contacts", "messages"] = "messages"
    offset: int = 0


class PieceItem(Model):
    """A stretch of the excerpt."""

    text: str
    hit: bool


class ResultMessage(Model):
    """The message that was found."""

    id: str
    seq: int
    author: str
    author_name: str | None
    at: str


class ResultItem(Model):
    """One result; with `message` the words stand in it."""

    ticket_id: str
    number: str
    subject: str
    state: str
    level: str
    queue: str
    contact_name: str | None
    assignee_name: str | None
    opened_at: str
    excerpt: list[PieceItem]
    message: ResultMessage | None


class SearchAnswer(Model):
    """A page of results, newest first."""

    items: list[ResultItem]
    next_offset: int | None


@table.add(
    "GET",
    "/search",
    allow="tickets.read",
    summary="Tickets, customers or messages with all these words, within what the caller may see",
    query=SearchQuery,
    answer=SearchAnswer,
)
async def search(request: web.Request) -> web.StreamResponse:
    """Return a page of results."""
    staff = staff_of(request)
    query = read_query(request, SearchQuery)
    results = await request.app[SEARCH].find(staff, query.q, kind=query.kind, offset=query.offset)
    terms = read_terms(query.q)
    hide_links = request.app[DESK].hide_links
    return ok(
        SearchAnswer(
            items=[
                ResultItem(
                    ticket_id=found.ticket_id,
                    number=found.number,
                    subject=found.subject,
                    state=found.state,
                    level=found.level,
                    queue=found.queue_names.get(staff.locale) or found.queue_names.get("en") or "",
                    contact_name=found.contact_name,
                    assignee_name=found.assignee_name,
                    opened_at=instant(found.opened_at),
                    excerpt=[
                        PieceItem(text=piece.text, hit=piece.hit)
                        for piece in excerpt(hide_links(found.text, staff.locale), terms)
                    ],
                    message=ResultMessage(
                        id=found.message_id,
                        seq=found.seq,
                        author=found.author or "",
                        author_name=found.author_name,
                        at=instant(found.at),
                    )
                    if found.message_id and found.seq and found.at
                    else None,
                )
                for found in results.items
            ],
            next_offset=results.next_offset,
        )
    )
