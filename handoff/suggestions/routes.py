"""Suggested articles over HTTP."""

from aiohttp import web
from pydantic import Field

from bot.kit.errors import Invalid
from bot.kit.ids import parse_uuid
from bot.kit.web import Model, RouteTable, ok, read_body, read_query
from bot.staff.guard import staff_of
from handoff.console.routes import DESK
from handoff.console.wire import MAX_TEXT, StaffMessage, staff_message
from handoff.suggestions.service import Suggestions

SUGGESTIONS = web.AppKey("suggestions", Suggestions)
table = RouteTable(prefix="/api/v1", tag="suggestions")


class SuggestionsQuery(Model):
    """Words to search for; without them the customer's own are."""

    q: str = Field(default="", max_length=400)


class SuggestionItem(Model):
    """An article that fits."""

    article_id: str
    key: str
    title: str
    locale: str
    other_language: bool
    """There is no text in the customer's language."""
    internal: bool
    """For colleagues: not to be sent as it is."""
    answer: str
    """Markdown."""
    revision: int
    score: float


class SuggestionList(Model):
    """What fits, best first, and the question it fits to."""

    question: str
    locale: str
    items: list[SuggestionItem]


class SendArticleBody(Model):
    """Which article; `text` is what the agent made of it, None sends it as it is."""

    client_id: str = Field(max_length=64)
    article_id: str = Field(max_length=36)
    text: str | None = Field(default=None, max_length=MAX_TEXT)
    score: float | None = None


@table.add(
    "GET",
    "/tickets/{id}/suggestions",
    allow="tickets.read",
    summary="Articles that answer what the customer asks now, internal ones too",
    query=SuggestionsQuery,
    answer=SuggestionList,
)
async def list_suggestions(request: web.Request) -> web.StreamResponse:
    """Return what fits."""
    query = read_query(request, SuggestionsQuery)
    suggested = await request.app[SUGGESTIONS].suggest(
        request.match_info["id"], staff_of(request), search=query.q
    )
    return ok(
        SuggestionList(
            question=suggested.question,
            locale=suggested.locale,
            items=[
                SuggestionItem(
                    article_id=found.article_id,
                    key=found.key,
                    title=found.title,
                    locale=found.locale,
                    other_language=found.locale != suggested.locale,
                    internal=found.internal,
                    answer=found.answer,
                    revision=found.revision,
                    score=found.score,
                )
                for found in suggested.found
            ],
        )
    )


@table.add(
    "POST",
    "/tickets/{id}/article",
    allow="tickets.work",
    summary="Answer with an article; the message is credited to it",
    body=SendArticleBody,
    answer=StaffMessage,
    status=201,
)
async def send_article(request: web.Request) -> web.StreamResponse:
    """Answer the customer with an article."""
    staff = staff_of(request)
    body = await read_body(request, SendArticleBody)
    client_id = parse_uuid(body.client_id)
    if client_id is None:
        raise Invalid("client_id must be a UUID.", code="invalid_client_id")
    message = await request.app[SUGGESTIONS].send(
        request.match_info["id"],
        staff,
        article_id=body.article_id,
        client_id=client_id,
        text=body.text,
        score=body.score,
    )
    hide_links = request.app[DESK].hide_links
    return ok(staff_message(message, locale=staff.locale, hide_links=hide_links), status=201)
