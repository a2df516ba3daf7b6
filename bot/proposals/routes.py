"""Proposed articles over HTTP: agents propose from their tickets, editors accept or send back."""

from datetime import datetime

from aiohttp import web
from pydantic import Field

from bot.kit.locales import match_locale
from bot.kit.web import Model, RouteTable, no_content, ok, read_body, read_query
from bot.proposals.proposal import Draft, ProposalState
from bot.proposals.repository import Proposal
from bot.proposals.service import Proposals, Worth
from bot.staff.guard import staff_of

PROPOSALS = web.AppKey("proposals", Proposals)
MAX_TYPED = 40_000
"""Characters of a body's text; what is too long for an article is refused with the reason."""

table = RouteTable(prefix="/api/v1", tag="proposed articles")


class DraftBody(Model):
    """What is proposed. Personal data is masked before it is stored."""

    question: str = Field(max_length=MAX_TYPED)
    answer: str = Field(max_length=MAX_TYPED)
    locale: str = Field(max_length=20)


class AuthorBody(Model):
    """Who proposed it."""

    id: str
    name: str


class TicketBody(Model):
    """The ticket it was proposed from."""

    id: str
    number: str


class ProposalBody(Model):
    """A proposed article."""

    id: str
    ticket: TicketBody
    author: AuthorBody
    question: str
    """Empty once the contact is erased, like the answer."""
    answer: str
    locale: str
    state: ProposalState
    reason: str | None
    """Why it was sent back."""
    article_id: str | None
    article_key: str | None
    live: bool
    """Customers see the article that was made of it."""
    version: int
    created_at: datetime
    updated_at: datetime
    decided_at: datetime | None
    decided_by: str | None
    """Name of the editor."""


class WorthBody(ProposalBody):
    """A proposed article with what it was worth."""

    tickets_avoided: int
    """Conversations' episodes of the last year in which its article was shown and no ticket opened."""


class SuggestionBody(Model):
    """What a proposal may begin with, masked, and what was proposed from the ticket already."""

    question: str
    answer: str
    locale: str
    proposal: ProposalBody | None


class OwnList(Model):
    """What somebody proposed."""

    items: list[WorthBody]


class LineQuery(Model):
    """Which proposals."""

    state: ProposalState = ProposalState.PROPOSED


class Line(Model):
    """Proposals in a state, latest change first, and how many there are in each."""

    items: list[WorthBody]
    counts: dict[str, int]


class VersionBody(Model):
    """Only if nobody else has dealt with it."""

    version: int


class SendBackBody(Model):
    """Why it is not good yet."""

    version: int
    reason: str = Field(max_length=2_000)


class AcceptedBody(Model):
    """The draft that was made of it."""

    article_id: str
    key: str
    locale: str


class KeyQuery(Model):
    """Of which article."""

    key: str = Field(max_length=80)


@table.add(
    "GET",
    "/tickets/{id}/proposal",
    allow="tickets.work",
    summary="What an article proposed from this ticket may begin with",
    answer=SuggestionBody,
)
async def suggest(request: web.Request) -> web.Response:
    """Answer the customer's question and the agent's answer, masked."""
    found = await request.app[PROPOSALS].suggest(request.match_info["id"], staff_of(request))
    return ok(
        SuggestionBody(
            question=found.draft.question,
            answer=found.draft.answer,
            locale=found.draft.locale,
            proposal=_proposal(found.proposal) if found.proposal else None,
        )
    )


@table.add(
    "PUT",
    "/tickets/{id}/proposal",
    allow="tickets.work",
    summary="Propose an article from a ticket, or put the proposal better",
    body=DraftBody,
    answer=ProposalBody,
)
async def propose(request: web.Request) -> web.Response:
    """Store the proposal of a ticket; there is one per ticket."""
    body = await read_body(request, DraftBody)
    draft = Draft(body.question, body.answer, match_locale(body.locale, default=body.locale))
    found = await request.app[PROPOSALS].propose(request.match_info["id"], staff_of(request), draft)
    return ok(_proposal(found))


@table.add(
    "GET",
    "/proposals",
    allow="tickets.work",
    summary="The articles that the caller proposed",
    answer=OwnList,
)
async def list_own(request: web.Request) -> web.Response:
    """Answer the caller's own proposals."""
    found = await request.app[PROPOSALS].own(staff_of(request))
    return ok(OwnList(items=[_worth(one) for one in found]))


@table.add(
    "POST",
    "/proposals/{id}/withdraw",
    allow="tickets.work",
    summary="Take an own proposal back",
    body=VersionBody,
    status=204,
)
async def withdraw(request: web.Request) -> web.Response:
    """Take it back."""
    body = await read_body(request, VersionBody)
    await request.app[PROPOSALS].withdraw(
        request.match_info["id"], staff_of(request), version=body.version
    )
    return no_content()


@table.add(
    "GET",
    "/kb/proposals",
    allow="kb.read",
    summary="Articles that agents proposed",
    query=LineQuery,
    answer=Line,
)
async def list_all(request: web.Request) -> web.Response:
    """Answer the proposals in a state."""
    query = read_query(request, LineQuery)
    found, counts = await request.app[PROPOSALS].list_all(query.state)
    return ok(
        Line(
            items=[_worth(one) for one in found],
            counts={state.value: number for state, number in counts.items()},
        )
    )


@table.add(
    "GET",
    "/kb/credits",
    allow="kb.read",
    summary="The proposals that became an article, and the tickets it avoided",
    query=KeyQuery,
    answer=OwnList,
)
async def list_credits(request: web.Request) -> web.Response:
    """Answer whom an article is owed to."""
    found = await request.app[PROPOSALS].credits(read_query(request, KeyQuery).key)
    return ok(OwnList(items=[_worth(one) for one in found]))


@table.add(
    "POST",
    "/kb/proposals/{id}/accept",
    allow="kb.write",
    summary="Make a draft article of a proposal",
    body=VersionBody,
    answer=AcceptedBody,
    status=201,
)
async def accept(request: web.Request) -> web.Response:
    """Make a draft of it; publishing is a step of its own."""
    body = await read_body(request, VersionBody)
    details = await request.app[PROPOSALS].accept(
        request.match_info["id"], staff_of(request), version=body.version
    )
    article = details.article
    return ok(
        AcceptedBody(article_id=article.id, key=article.key, locale=article.locale), status=201
    )


@table.add(
    "POST",
    "/kb/proposals/{id}/send-back",
    allow="kb.write",
    summary="Ask the agent to put a proposal better",
    body=SendBackBody,
    status=204,
)
async def send_back(request: web.Request) -> web.Response:
    """Send it back with the reason."""
    body = await read_body(request, SendBackBody)
    await request.app[PROPOSALS].send_back(
        request.match_info["id"], staff_of(request), version=body.version, reason=body.reason
    )
    return no_content()


def _proposal(one: Proposal) -> ProposalBody:
    return ProposalBody(
        id=one.id,
        ticket=TicketBody(id=one.ticket_id, number=one.ticket_number),
        author=AuthorBody(id=one.author_id, name=one.author_name),
        question=one.draft.question,
        answer=one.draft.answer,
        locale=one.draft.locale,
        state=one.state,
        reason=one.reason,
        article_id=one.article_id,
        article_key=one.article_key,
        live=one.live,
        version=one.version,
        created_at=one.created_at,
        updated_at=one.updated_at,
        decided_at=one.decided_at,
        decided_by=one.decided_by,
    )


def _worth(one: Worth) -> WorthBody:
    return WorthBody(**_proposal(one.proposal).model_dump(), tickets_avoided=one.avoided)
