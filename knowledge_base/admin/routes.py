"""The editors' HTTP interface: articles, trying questions, previewing an answer."""

import base64
import binascii
import json
from collections.abc import Awaitable, Iterable
from datetime import UTC, date, datetime
from typing import Any, Literal

from aiohttp import web
from pydantic import Field

from bot.kit.errors import Conflict, Forbidden, Invalid
from bot.kit.locales import match_locale
from bot.kit.web import Model, RouteTable, ok, read_body, read_query
from bot.staff.routes import staff_of
from knowledge_base.article import (
    MAX_ANSWER,
    Audience,
    Content,
    Link,
    Stage,
    State,
    check_content,
    tidy_content,
)
from knowledge_base.categories import Categories, as_tree
from knowledge_base.category import branch
from knowledge_base.checks import Checker
from knowledge_base.markdown import to_html, too_nested
from knowledge_base.presentation import full_answer
from knowledge_base.repository import Article, Filter, Person, Revision
from knowledge_base.search import Hit, KnowledgeBase
from knowledge_base.service import REVIEWERS_PUBLISH, Articles, Changes, Details, Stale
from knowledge_base.text import words_of

ARTICLES: web.AppKey[Articles] = web.AppKey("articles", Articles)
KNOWLEDGE: web.AppKey[KnowledgeBase] = web.AppKey("knowledge", KnowledgeBase)
CATEGORIES: web.AppKey[Categories] = web.AppKey("categories", Categories)
CHECKER: web.AppKey[Checker] = web.AppKey("checker", Checker)
MAX_QUESTION = 2_000

table = RouteTable(prefix="/api/v1", tag="knowledge base")


# ------------------------------------------------------------------------------------- models


class PersonBody(Model):
    """Who did something."""

    id: str
    name: str


class LinkBody(Model):
    """A page or file that belongs to an answer."""

    label: str
    url: str


class TextBody(Model):
    """What a revision holds."""

    title: str
    phrasings: list[str]
    answer: str
    short_answer: str
    """Said on Telegram instead of the answer; empty: the answer is."""
    links: list[LinkBody]
    flows: list[str]
    """Flows that buttons below the answer start."""
    related: list[str]
    """Keys of articles that are offered next to it."""


class ContentBody(TextBody):
    """The text of a revision."""

    revision: int


class TranslationBody(Model):
    """The same article in another language."""

    id: str
    locale: str
    title: str
    state: str
    outdated: bool
    """Older than the original."""


class ArticleSummary(Model):
    """An article in the list."""

    id: str
    key: str
    locale: str
    title: str
    category: str | None
    tags: list[str]
    state: str
    """draft, in_review, scheduled, published or archived."""
    stage: str | None
    """How far the newest text is, also where an older one is published: in_review, scheduled."""
    publish_at: datetime | None
    audience: str
    owner: PersonBody | None
    review_by: date | None
    outdated: bool
    """A translation that is older than its original."""
    has_draft: bool
    """A newer text than the published one waits to be published."""
    revision: int
    updated_at: datetime
    updated_by: PersonBody | None


class ArticleBody(ArticleSummary):
    """An article with its newest text and what customers see."""

    phrasings: list[str]
    answer: str
    short_answer: str
    links: list[LinkBody]
    flows: list[str]
    related: list[str]
    answer_html: str
    published: ContentBody | None
    version: int
    translations: list[TranslationBody]
    original_locale: str
    """The language the others of its key were translated from."""


class ArticlePage(Model):
    """A part of the list."""

    items: list[ArticleSummary]
    next_cursor: str | None


class ArticleQuery(Model):
    """What the list is narrowed to."""

    q: str = Field(default="", max_length=200)
    locale: str | None = None
    state: Literal["draft", "in_review", "scheduled", "published", "archived"] | None = None
    category: str | None = None
    """With everything below it."""
    audience: Audience | None = None
    owner: str | None = Field(default=None, max_length=36)
    """Staff id, or "me"."""
    review_before: date | None = None
    cursor: str | None = Field(default=None, max_length=400)
    limit: int = Field(default=50, ge=1, le=200)


class NewArticle(Model):
    """A new draft. Without a key one is made from the title."""

    key: str | None = None
    locale: str
    title: str
    phrasings: list[str] = Field(default=[], max_length=500)
    answer: str
    short_answer: str = ""
    links: list[LinkBody] = Field(default=[], max_length=50)
    flows: list[str] = Field(default=[], max_length=20)
    related: list[str] = Field(default=[], max_length=50)
    category: str | None = None
    tags: list[str] = Field(default=[], max_length=100)
    audience: Audience = Audience.PUBLIC
    owner: str | None = None
    review_by: date | None = None


class ArticleChange(Model):
    """A change; members that are left out stay as they are."""

    version: int
    title: str | None = None
    phrasings: list[str] | None = Field(default=None, max_length=500)
    answer: str | None = None
    short_answer: str | None = None
    links: list[LinkBody] | None = Field(default=None, max_length=50)
    flows: list[str] | None = Field(default=None, max_length=20)
    related: list[str] | None = Field(default=None, max_length=50)
    category: str | None = None
    tags: list[str] | None = Field(default=None, max_length=100)
    audience: Audience | None = None
    owner: str | None = None
    """Staff id; null: nobody."""
    review_by: date | None = None
    reason: str | None = Field(default=None, max_length=300)


class PublishBody(Model):
    """Publish only if the article still is the version that was read."""

    version: int | None = None
    reason: str | None = Field(default=None, max_length=300)
    """Why; kept with the revision."""
    confirm: bool = False
    """Go on although golden questions lose their answer."""


class ArchiveBody(Model):
    """Archive an article."""

    confirm: bool = False
    """Go on although golden questions lose their answer."""


class VersionBody(Model):
    """The version that was read."""

    version: int


class SendBackBody(Model):
    """The version that was read, and what is still wrong with the text."""

    version: int
    reason: str | None = Field(default=None, max_length=300)


class ScheduleBody(Model):
    """The version that was read, and when to publish it."""

    version: int
    publish_at: datetime
    """With its offset from UTC."""
    confirm: bool = False
    """Go on although golden questions lose their answer."""


class RestoreBody(Model):
    """Which revision's text to bring back; none: bring an archived article back."""

    revision: int | None = Field(default=None, ge=1)


class EmptyBody(Model):
    """Nothing."""


class RevisionBody(TextBody):
    """One version of an article's text."""

    number: int
    author: PersonBody | None
    created_at: datetime
    reason: str | None
    published: bool


class RevisionList(Model):
    """Every version, newest first."""

    items: list[RevisionBody]


class Question(Model):
    """A question to try out."""

    question: str = Field(max_length=MAX_QUESTION)
    locale: str | None = None
    draft_article_id: str | None = None


class HitBody(Model):
    """An article that was found."""

    article_id: str
    key: str
    title: str
    locale: str
    score: float
    lexical: float
    """How much of the question's words the article has, 0 to 1."""
    dense: float
    """How near the meaning is."""
    learned: float
    """What the classifier over all phrasings adds."""
    revision: int
    state: str
    other_language: bool
    choice: bool
    """Worth offering as a button."""


class AskAnswer(Model):
    """What the bot would do with the question."""

    decision: str
    hits: list[HitBody]
    reasons: list[str]
    confidence: float
    margin: float


class PreviewBody(Model):
    """A text to render."""

    answer: str
    short_answer: str = ""
    links: list[LinkBody] = Field(default=[], max_length=50)


class Preview(Model):
    """The rendered text, and what was made harmless in it."""

    html: str
    telegram: list[str]
    """The messages that Telegram gets, in its own HTML."""
    warnings: list[str]


class CheckBody(Model):
    """A text that is being written."""

    article_id: str | None = None
    locale: str
    title: str = Field(default="", max_length=1_000)
    phrasings: list[str] = Field(default=[], max_length=500)
    answer: str = ""
    short_answer: str = ""
    related: list[str] = Field(default=[], max_length=50)


class FindingBody(Model):
    """One thing that was noticed; only the members that fit its kind are set."""

    kind: str
    phrasing: str | None
    article_id: str | None
    key: str | None
    title: str | None
    locale: str | None
    similarity: float | None
    route: str | None
    figures: list[str] | None
    """What this text says and what the other one says."""
    parts: int | None


class Findings(Model):
    """What an editor should know, most important first."""

    items: list[FindingBody]


# ------------------------------------------------------------------------------------- articles


@table.add(
    "GET",
    "/articles",
    allow="kb.read",
    summary="Articles, latest change first",
    query=ArticleQuery,
    answer=ArticlePage,
)
async def list_articles(request: web.Request) -> web.Response:
    """Answer one page of the list."""
    query = read_query(request, ArticleQuery)
    staged = query.state in set(Stage)
    categories = None
    if query.category:
        tree = as_tree(await request.app[CATEGORIES].tree())
        categories = tuple(branch(tree, query.category))
    found = await request.app[ARTICLES].list_articles(
        Filter(
            words=tuple(words_of(query.q)),
            locale=match_locale(query.locale, default=query.locale) if query.locale else None,
            state=State(query.state) if query.state and not staged else None,
            stage=Stage(query.state) if query.state and staged else None,
            categories=categories,
            audience=query.audience,
            owner=staff_of(request).id if query.owner == "me" else query.owner or None,
            review_before=query.review_before,
            before=_read_cursor(query.cursor) if query.cursor else None,
            limit=query.limit + 1,
        )
    )
    page = found[: query.limit]
    more = len(found) > query.limit
    behind = await request.app[ARTICLES].stale_translations({article.key for article in page})
    return ok(
        ArticlePage(
            items=[
                ArticleSummary(**_summary(article, outdated=article.id in behind))
                for article in page
            ],
            next_cursor=_cursor(page[-1]) if more else None,
        )
    )


@table.add(
    "POST",
    "/articles",
    allow="kb.write",
    summary="Write a new article, as a draft",
    body=NewArticle,
    answer=ArticleBody,
    status=201,
)
async def create_article(request: web.Request) -> web.Response:
    """Store a draft."""
    body = await read_body(request, NewArticle)
    details = await request.app[ARTICLES].create(
        actor=staff_of(request).id,
        key=body.key or None,
        locale=match_locale(body.locale, default=body.locale),
        content=Content(
            title=body.title,
            answer=body.answer,
            phrasings=tuple(body.phrasings),
            short_answer=body.short_answer,
            links=_links(body.links),
            flows=tuple(body.flows),
            related=tuple(body.related),
        ),
        category=body.category or None,
        tags=tuple(body.tags),
        audience=body.audience,
        owner=body.owner or None,
        review_by=body.review_by,
    )
    return ok(_article(details), status=201)


@table.add(
    "GET",
    "/articles/{id}",
    allow="kb.read",
    summary="An article with its texts",
    answer=ArticleBody,
)
async def read_article(request: web.Request) -> web.Response:
    """Answer one article."""
    return ok(_article(await request.app[ARTICLES].get(request.match_info["id"])))


@table.add(
    "PATCH",
    "/articles/{id}",
    allow="kb.write",
    summary="Change an article's draft; customers see it once it is published",
    body=ArticleChange,
    answer=ArticleBody,
)
async def change_article(request: web.Request) -> web.Response:
    """Store a new revision."""
    body = await read_body(request, ArticleChange)
    try:
        details = await request.app[ARTICLES].change(
            request.match_info["id"],
            actor=staff_of(request).id,
            version=body.version,
            changes=Changes(
                title=body.title,
                answer=body.answer,
                phrasings=None if body.phrasings is None else tuple(body.phrasings),
                short_answer=body.short_answer,
                links=None if body.links is None else _links(body.links),
                flows=None if body.flows is None else tuple(body.flows),
                related=None if body.related is None else tuple(body.related),
                category=body.category or None,
                tags=None if body.tags is None else tuple(body.tags),
                audience=body.audience,
                owner=body.owner or None,
                review_by=body.review_by,
                clear=frozenset(
                    name
                    for name in ("category", "owner", "review_by")
                    if name in body.model_fields_set and not getattr(body, name)
                ),
            ),
            may_publish=await may_publish(request),
            reason=body.reason or None,
        )
    except Stale as error:
        raise _stale(error) from error
    return ok(_article(details))


@table.add(
    "POST",
    "/articles/{id}/publish",
    allow="kb.publish",
    summary="Make the newest text what customers see",
    body=PublishBody,
    answer=ArticleBody,
)
async def publish_article(request: web.Request) -> web.Response:
    """Publish; the answer comes when this process's bot uses the new text."""
    body = await read_body(request, PublishBody)
    await require_publisher(request)
    try:
        details = await request.app[ARTICLES].publish(
            request.match_info["id"],
            actor=staff_of(request).id,
            version=body.version,
            reason=body.reason or None,
            confirmed=body.confirm,
        )
    except Stale as error:
        raise _stale(error) from error
    return ok(_article(details))


@table.add(
    "POST",
    "/articles/{id}/submit",
    allow="kb.write",
    summary="Hand the newest text in for review",
    body=VersionBody,
    answer=ArticleBody,
)
async def submit_article(request: web.Request) -> web.Response:
    """Hand in."""
    body = await read_body(request, VersionBody)
    return await _step(
        request.app[ARTICLES].submit(
            request.match_info["id"], actor=staff_of(request).id, version=body.version
        )
    )


@table.add(
    "POST",
    "/articles/{id}/send-back",
    allow="kb.write",
    summary="Take a text out of review; it is a draft again",
    body=SendBackBody,
    answer=ArticleBody,
)
async def send_back_article(request: web.Request) -> web.Response:
    """Send back, or withdraw."""
    body = await read_body(request, SendBackBody)
    return await _step(
        request.app[ARTICLES].send_back(
            request.match_info["id"],
            actor=staff_of(request).id,
            version=body.version,
            reason=body.reason or None,
        )
    )


@table.add(
    "POST",
    "/articles/{id}/schedule",
    allow="kb.publish",
    summary="Publish the newest text at a set time",
    body=ScheduleBody,
    answer=ArticleBody,
)
async def schedule_article(request: web.Request) -> web.Response:
    """Schedule."""
    body = await read_body(request, ScheduleBody)
    await require_publisher(request)
    if body.publish_at.tzinfo is None:
        message = "The time of publishing needs its offset, e.g. 2027-01-31T09:00:00-03:00."
        raise Invalid(
            message,
            code="validation",
            errors=[{"pointer": "/publish_at", "message": message}],
        )
    return await _step(
        request.app[ARTICLES].schedule(
            request.match_info["id"],
            actor=staff_of(request).id,
            version=body.version,
            publish_at=body.publish_at.astimezone(UTC),
            confirmed=body.confirm,
        )
    )


@table.add(
    "POST",
    "/articles/{id}/unschedule",
    allow="kb.publish",
    summary="Cancel a schedule; the text is a draft again",
    body=VersionBody,
    answer=ArticleBody,
)
async def unschedule_article(request: web.Request) -> web.Response:
    """Cancel a schedule."""
    body = await read_body(request, VersionBody)
    return await _step(
        request.app[ARTICLES].unschedule(
            request.match_info["id"], actor=staff_of(request).id, version=body.version
        )
    )


@table.add(
    "POST",
    "/articles/{id}/translated",
    allow="kb.write",
    summary="Say that a translation agrees with its original as that is now",
    body=VersionBody,
    answer=ArticleBody,
)
async def mark_translated(request: web.Request) -> web.Response:
    """Mark as up to date."""
    body = await read_body(request, VersionBody)
    return await _step(
        request.app[ARTICLES].mark_translated(
            request.match_info["id"], actor=staff_of(request).id, version=body.version
        )
    )


@table.add(
    "POST",
    "/articles/{id}/archive",
    allow="kb.publish",
    summary="Take an article out of the answers",
    body=ArchiveBody,
    answer=ArticleBody,
)
async def archive_article(request: web.Request) -> web.Response:
    """Archive."""
    body = await read_body(request, ArchiveBody)
    await require_publisher(request)
    return ok(
        _article(
            await request.app[ARTICLES].archive(
                request.match_info["id"], actor=staff_of(request).id, confirmed=body.confirm
            )
        )
    )


@table.add(
    "POST",
    "/articles/{id}/restore",
    allow="kb.publish",
    summary="Bring back an archived article, or an older text",
    body=RestoreBody,
    answer=ArticleBody,
)
async def restore_article(request: web.Request) -> web.Response:
    """Restore."""
    body = await read_body(request, RestoreBody)
    details = await request.app[ARTICLES].restore(
        request.match_info["id"],
        actor=staff_of(request).id,
        revision=body.revision,
        may_publish=await may_publish(request),
    )
    return ok(_article(details))


@table.add(
    "GET",
    "/articles/{id}/revisions",
    allow="kb.read",
    summary="Every version of an article's text, newest first",
    answer=RevisionList,
)
async def list_revisions(request: web.Request) -> web.Response:
    """Answer the history."""
    article, revisions = await request.app[ARTICLES].revisions(request.match_info["id"])
    return ok(RevisionList(items=[_revision(article, revision) for revision in revisions]))


# ------------------------------------------------------------------------------------ trying out


@table.add(
    "POST",
    "/kb/ask",
    allow="kb.read",
    summary="What the bot would answer; nothing is sent or stored",
    body=Question,
    answer=AskAnswer,
)
async def ask(request: web.Request) -> web.Response:
    """Search, with one article's draft in place of its published text when asked for."""
    body = await read_body(request, Question)
    locale = match_locale(body.locale, default=staff_of(request).locale)
    draft = None
    if body.draft_article_id is not None:
        draft = await request.app[ARTICLES].draft_of(body.draft_article_id)
    answer = await request.app[KNOWLEDGE].ask(body.question, locale=locale, draft=draft)
    return ok(
        AskAnswer(
            decision=answer.decision.value,
            hits=[_hit(hit, choice=hit in answer.choices) for hit in answer.hits],
            reasons=list(answer.reasons),
            confidence=answer.confidence,
            margin=round(answer.margin, 4),
        )
    )


@table.add(
    "POST",
    "/kb/preview",
    allow="kb.read",
    summary="An answer as customers will see it",
    body=PreviewBody,
    answer=Preview,
)
async def preview(request: web.Request) -> web.Response:
    """Render Markdown."""
    body = await read_body(request, PreviewBody)
    if max(len(body.answer), len(body.short_answer)) > MAX_ANSWER:
        raise Invalid(f"The answer is longer than {MAX_ANSWER:,} characters.", code="validation")
    if too_nested(body.answer) or too_nested(body.short_answer):
        raise Invalid("The text has brackets or quotes nested too deeply.", code="validation")
    content = tidy_content(
        Content("?", body.answer, short_answer=body.short_answer, links=_links(body.links))
    )
    checked = check_content(content)
    parts = request.app[CHECKER].telegram_parts
    return ok(
        Preview(
            html=to_html(full_answer(content, channel="web")),
            telegram=list(parts(full_answer(content, channel="telegram"))),
            warnings=[
                *(p.message for p in checked.problems if not p.pointer.startswith("/links")),
                *checked.notes,
            ],
        )
    )


@table.add(
    "POST",
    "/kb/check",
    allow="kb.read",
    summary="What an editor should know about a text: near articles, phrasings caught elsewhere",
    body=CheckBody,
    answer=Findings,
)
async def check(request: web.Request) -> web.Response:
    """Look at a text that is being written."""
    body = await read_body(request, CheckBody)
    locale = match_locale(body.locale, default=staff_of(request).locale)
    content = tidy_content(
        Content(
            title=body.title,
            answer=body.answer[:MAX_ANSWER],
            phrasings=tuple(body.phrasings),
            short_answer=body.short_answer[:MAX_ANSWER],
            related=tuple(body.related),
        )
    )
    if too_nested(content.answer) or too_nested(content.short_answer):
        return ok(Findings(items=[]))  # the save says what is wrong; it is not worth parsing
    family: list[Article] = []
    if body.article_id is not None:
        details = await request.app[ARTICLES].get(body.article_id)
        family = [details.article, *details.translations]
    found = await request.app[CHECKER].check(
        content,
        key=family[0].key if family else None,
        locale=locale,
        family=family,
        known_keys=await request.app[ARTICLES].published_keys(content.related),
    )
    return ok(
        Findings(
            items=[
                FindingBody(
                    kind=one.kind.value,
                    phrasing=one.phrasing,
                    article_id=one.article_id,
                    key=one.key,
                    title=one.title,
                    locale=one.locale,
                    similarity=one.similarity,
                    route=one.route,
                    figures=list(one.figures) if one.figures else None,
                    parts=one.parts,
                )
                for one in found
            ]
        )
    )


# ----------------------------------------------------------------------------------- permission


async def may_publish(request: web.Request) -> bool:
    """Tell whether the caller may change what customers see, as the rules are at this moment."""
    staff = staff_of(request)
    if not staff.may("kb.publish"):
        return False
    return staff.may("kb.review") or not await request.app[ARTICLES].review_required()


async def require_publisher(request: web.Request) -> None:
    """Refuse who may not publish while reviews are required.

    Raises:
        Forbidden: code "review_required".
    """
    if not await may_publish(request):
        raise Forbidden(REVIEWERS_PUBLISH, code="review_required")


async def _step(act: Awaitable[Details]) -> web.Response:
    try:
        return ok(_article(await act))
    except Stale as error:
        raise _stale(error) from error


# --------------------------------------------------------------------------------------- shapes


def _links(links: Iterable[LinkBody]) -> tuple[Link, ...]:
    return tuple(Link(link.label, link.url) for link in links)


def _text(content: Content) -> dict[str, Any]:
    return {
        "title": content.title,
        "phrasings": list(content.phrasings),
        "answer": content.answer,
        "short_answer": content.short_answer,
        "links": [LinkBody(label=link.label, url=link.url) for link in content.links],
        "flows": list(content.flows),
        "related": list(content.related),
    }


def _summary(article: Article, *, outdated: bool = False) -> dict[str, Any]:
    return {
        "id": article.id,
        "key": article.key,
        "locale": article.locale,
        "title": article.title,
        "category": article.category,
        "tags": list(article.tags),
        "state": article.shown_state,
        "stage": article.stage.value if article.stage else None,
        "publish_at": article.publish_at,
        "audience": article.audience.value,
        "owner": _person(article.owner),
        "review_by": article.review_by,
        "outdated": outdated,
        "has_draft": article.has_draft,
        "revision": article.revision,
        "updated_at": article.updated_at,
        "updated_by": _person(article.updated_by),
    }


def _article(details: Details) -> ArticleBody:
    published = details.published
    return ArticleBody(
        **_summary(details.article, outdated=details.outdated) | _text(details.content),
        answer_html=to_html(full_answer(details.content, channel="web")),
        published=ContentBody(revision=published.number, **_text(published.content))
        if published
        else None,
        version=details.article.version,
        translations=[
            TranslationBody(
                id=t.id,
                locale=t.locale,
                title=t.title,
                state=t.shown_state,
                outdated=details.is_behind(t),
            )
            for t in details.translations
        ],
        original_locale=details.original.locale,
    )


def _revision(article: Article, revision: Revision) -> RevisionBody:
    shown = article.state is State.PUBLISHED and revision.number == article.published_revision
    return RevisionBody(
        **_text(revision.content),
        number=revision.number,
        author=_person(revision.author),
        created_at=revision.created_at,
        reason=revision.reason,
        published=shown,
    )


def _hit(hit: Hit, *, choice: bool) -> HitBody:
    return HitBody(
        article_id=hit.article_id,
        key=hit.key,
        title=hit.title,
        locale=hit.locale,
        score=hit.score,
        lexical=hit.lexical,
        dense=hit.dense,
        learned=hit.learned,
        revision=hit.revision,
        state=hit.state,
        other_language=hit.other_language,
        choice=choice,
    )


def _person(person: Person | None) -> PersonBody | None:
    return PersonBody(id=person.id, name=person.name) if person else None


def _stale(error: Stale) -> Conflict:
    current = _article(error.current).model_dump(mode="json")
    return Conflict(error.detail, code="stale", current=current)


def _cursor(article: Article) -> str:
    raw = json.dumps([article.updated_at.isoformat(), article.id])
    return base64.urlsafe_b64encode(raw.encode()).decode()


def _read_cursor(cursor: str) -> tuple[datetime, str]:
    try:
        at, article_id = json.loads(base64.urlsafe_b64decode(cursor.encode()))
        instant = datetime.fromisoformat(at)
    except (ValueError, TypeError, binascii.Error):
        raise Invalid("The cursor is not one of ours.", code="validation") from None
    return instant.replace(tzinfo=instant.tzinfo or UTC), str(article_id)
