"""What people asked over HTTP: groups without a good answer, and how articles do."""

from datetime import datetime

from aiohttp import web
from pydantic import Field

from bot.kit.locales import match_locale
from bot.kit.web import Model, RouteTable, ok, read_body, read_query
from bot.staff.routes import staff_of
from knowledge_base.asked.question import Figures, GroupState
from knowledge_base.asked.service import ArticleFigures, AskedQuestions, GroupSummary
from knowledge_base.repository import Article

ASKED: web.AppKey[AskedQuestions] = web.AppKey("asked", AskedQuestions)
SUGGESTED = 20
"""Groups on top that come with the articles nearest to them."""

table = RouteTable(prefix="/api/v1", tag="knowledge base")


class AskedQuery(Model):
    """Which groups."""

    state: GroupState = GroupState.OPEN
    days: int = Field(default=30, ge=1, le=90)


class ExampleBody(Model):
    """One wording, personal data masked."""

    text: str
    locale: str
    at: datetime
    conversation_id: str


class SuggestionBody(Model):
    """A published article near to a group."""

    article_id: str
    key: str
    title: str
    locale: str
    score: float


class GroupBody(Model):
    """Questions of like meaning without a good answer."""

    id: str
    state: GroupState
    version: int
    title: str
    """The wording nearest to all of them."""
    count: int
    recent: int
    """In the last seven days."""
    earlier: int
    """In the seven days before."""
    hand_offs: int
    """How many of them led to a person."""
    locales: dict[str, int]
    outcomes: dict[str, int]
    examples: list[ExampleBody]
    last_at: datetime
    article_key: str | None
    near: list[SuggestionBody]


class GroupList(Model):
    """Groups, those that cost most first."""

    items: list[GroupBody]


class WriteBody(Model):
    """Start an article from a group."""

    version: int
    locale: str = Field(max_length=20)
    title: str | None = Field(default=None, max_length=1_000)


class WordingBody(Model):
    """Add a group's wordings to an article; none chosen: the different ones of its language."""

    version: int
    article_id: str
    phrasings: list[str] = Field(default=[], max_length=60)


class GroupVersion(Model):
    """Only if nobody else has dealt with it."""

    version: int


class DraftBody(Model):
    """The article whose draft was made or changed."""

    article_id: str
    key: str
    locale: str
    version: int


class FiguresBody(Model):
    """How an article does."""

    shown: int
    helped: int
    not_helped: int
    led_to_person: int
    asked_again: int
    last_shown_at: datetime | None
    failure_rate: float | None
    """null: never shown."""


class RevisionFigures(Model):
    """How one revision does."""

    revision: int
    figures: FiguresBody


class ArticleFiguresBody(Model):
    """How an article does, in all and by revision."""

    total: FiguresBody
    revisions: list[RevisionFigures]


class FiguresQuery(Model):
    """Over which time, and within how many days the same asked again counts."""

    days: int = Field(default=90, ge=1, le=365)
    again_days: int = Field(default=7, ge=1, le=30)


class ArticleLine(Model):
    """A published article with its figures."""

    article_id: str
    key: str
    locale: str
    title: str
    published_at: datetime | None
    figures: FiguresBody


class FiguresLists(Model):
    """All published articles, and those that need a look."""

    articles: list[ArticleLine]
    failing: list[str]
    """Ids, the worst first."""
    never_used: list[str]
    stale: list[str]


@table.add(
    "GET",
    "/kb/asked",
    allow="kb.read",
    summary="What people asked that has no good answer, grouped by meaning",
    query=AskedQuery,
    answer=GroupList,
)
async def list_groups(request: web.Request) -> web.Response:
    """Answer the groups."""
    query = read_query(request, AskedQuery)
    asked = request.app[ASKED]
    groups = (await asked.groups(state=query.state, days=query.days))[:200]
    return ok(
        GroupList(
            items=[
                await _group(asked, one, suggest=number < SUGGESTED)
                for number, one in enumerate(groups)
            ]
        )
    )


@table.add(
    "POST",
    "/kb/asked/{id}/article",
    allow="kb.write",
    summary="Start an article from a group of questions",
    body=WriteBody,
    answer=DraftBody,
    status=201,
)
async def write_article(request: web.Request) -> web.Response:
    """Make a draft with the customers' wordings and, where there is one, an agent's answer."""
    body = await read_body(request, WriteBody)
    details = await request.app[ASKED].write_article(
        request.match_info["id"],
        actor=staff_of(request).id,
        version=body.version,
        locale=match_locale(body.locale, default=body.locale),
        title=body.title or None,
    )
    return ok(_draft(details.article), status=201)


@table.add(
    "POST",
    "/kb/asked/{id}/wording",
    allow="kb.write",
    summary="Add a group's wordings to an article's draft",
    body=WordingBody,
    answer=DraftBody,
)
async def add_wording(request: web.Request) -> web.Response:
    """Add phrasings."""
    body = await read_body(request, WordingBody)
    details = await request.app[ASKED].add_wording(
        request.match_info["id"],
        actor=staff_of(request).id,
        version=body.version,
        article_id=body.article_id,
        phrasings=body.phrasings,
    )
    return ok(_draft(details.article))


@table.add(
    "POST",
    "/kb/asked/{id}/dismiss",
    allow="kb.write",
    summary="Take a group off the list",
    body=GroupVersion,
    status=204,
)
async def dismiss_group(request: web.Request) -> web.Response:
    """Dismiss."""
    return await _set_state(request, GroupState.DISMISSED)


@table.add(
    "POST",
    "/kb/asked/{id}/reopen",
    allow="kb.write",
    summary="Put a group back on the list",
    body=GroupVersion,
    status=204,
)
async def reopen_group(request: web.Request) -> web.Response:
    """Open again."""
    return await _set_state(request, GroupState.OPEN)


@table.add(
    "GET",
    "/kb/figures",
    allow="kb.read",
    summary="How articles do: shown, helped, led to a person; failing, never used, stale",
    query=FiguresQuery,
    answer=FiguresLists,
)
async def read_lists(request: web.Request) -> web.Response:
    """Answer all articles' figures."""
    query = read_query(request, FiguresQuery)
    lists = await request.app[ASKED].lists(days=query.days, again_days=query.again_days)
    return ok(
        FiguresLists(
            articles=[_line(one) for one in lists.articles],
            failing=[one.article.id for one in lists.failing],
            never_used=[one.article.id for one in lists.never_used],
            stale=[one.article.id for one in lists.stale],
        )
    )


@table.add(
    "GET",
    "/articles/{id}/figures",
    allow="kb.read",
    summary="How an article does, by revision",
    query=FiguresQuery,
    answer=ArticleFiguresBody,
)
async def read_figures(request: web.Request) -> web.Response:
    """Answer one article's figures."""
    query = read_query(request, FiguresQuery)
    found = await request.app[ASKED].figures_of(
        request.match_info["id"], days=query.days, again_days=query.again_days
    )
    total = Figures()
    for one in found.values():
        total = total.plus(one)
    return ok(
        ArticleFiguresBody(
            total=_figures(total),
            revisions=[
                RevisionFigures(revision=revision, figures=_figures(one))
                for revision, one in sorted(found.items(), reverse=True)
            ],
        )
    )


async def _set_state(request: web.Request, state: GroupState) -> web.Response:
    body = await read_body(request, GroupVersion)
    await request.app[ASKED].set_state(
        request.match_info["id"], actor=staff_of(request).id, version=body.version, state=state
    )
    return web.Response(status=204)


async def _group(asked: AskedQuestions, one: GroupSummary, *, suggest: bool) -> GroupBody:
    near = await asked.suggestions(one) if suggest and one.title else ()
    return GroupBody(
        id=one.id,
        state=one.state,
        version=one.version,
        title=one.title,
        count=one.count,
        recent=one.recent,
        earlier=one.earlier,
        hand_offs=one.hand_offs,
        locales=one.locales,
        outcomes=one.outcomes,
        examples=[
            ExampleBody(text=e.text, locale=e.locale, at=e.at, conversation_id=e.conversation_id)
            for e in one.examples
        ],
        last_at=one.last_at,
        article_key=one.article_key,
        near=[
            SuggestionBody(
                article_id=hit.article_id,
                key=hit.key,
                title=hit.title,
                locale=hit.locale,
                score=hit.score,
            )
            for hit in near
        ],
    )


def _draft(article: Article) -> DraftBody:
    return DraftBody(
        article_id=article.id, key=article.key, locale=article.locale, version=article.version
    )


def _figures(one: Figures) -> FiguresBody:
    return FiguresBody(
        shown=one.shown,
        helped=one.helped,
        not_helped=one.not_helped,
        led_to_person=one.led_to_person,
        asked_again=one.asked_again,
        last_shown_at=one.last_shown_at,
        failure_rate=one.failure_rate,
    )


def _line(one: ArticleFigures) -> ArticleLine:
    article = one.article
    return ArticleLine(
        article_id=article.id,
        key=article.key,
        locale=article.locale,
        title=article.title,
        published_at=article.published_at,
        figures=_figures(one.figures),
    )
