"""The tree of categories, the rule of publishing, and who can own an article."""

from aiohttp import web
from pydantic import Field

from bot.kit.web import Model, RouteTable, ok, read_body
from bot.staff.routes import staff_of
from knowledge_base.admin.routes import ARTICLES, CATEGORIES, EmptyBody, PersonBody, may_publish
from knowledge_base.repository import StoredCategory

table = RouteTable(prefix="/api/v1", tag="knowledge base")


class CategoryBody(Model):
    """One branch of the tree."""

    key: str
    parent: str | None
    position: int
    """Place among its siblings."""
    names: dict[str, str]
    """By language."""
    version: int
    articles: int
    """How many articles stand directly in it."""


class CategoryList(Model):
    """The whole tree, siblings in their order."""

    items: list[CategoryBody]


class NewCategory(Model):
    """A category behind its siblings."""

    key: str
    parent: str | None = None
    names: dict[str, str] = Field(default={}, max_length=20)


class CategoryChange(Model):
    """A category as it is meant to be; names that are left out stay."""

    version: int
    parent: str | None
    position: int | None = Field(default=None, ge=0, le=10_000)
    names: dict[str, str] | None = Field(default=None, max_length=20)


class PublishingRule(Model):
    """Who publishes."""

    review_required: bool


class PublishingState(Model):
    """Who publishes, and whether the caller does."""

    review_required: bool
    may_publish: bool


class People(Model):
    """People who can own an article."""

    items: list[PersonBody]


@table.add(
    "GET",
    "/kb/categories",
    allow="kb.read",
    summary="The tree of categories",
    answer=CategoryList,
)
async def list_categories(request: web.Request) -> web.Response:
    """Answer the tree."""
    return ok(_tree(await request.app[CATEGORIES].tree()))


@table.add(
    "POST",
    "/kb/categories",
    allow="kb.write",
    summary="Make a category",
    body=NewCategory,
    answer=CategoryList,
    status=201,
)
async def add_category(request: web.Request) -> web.Response:
    """Add a category and answer the tree."""
    body = await read_body(request, NewCategory)
    tree = await request.app[CATEGORIES].add(
        body.key, actor=staff_of(request).id, parent=body.parent or None, names=body.names
    )
    return ok(_tree(tree), status=201)


@table.add(
    "PATCH",
    "/kb/categories/{key}",
    allow="kb.write",
    summary="Name, move or order a category",
    body=CategoryChange,
    answer=CategoryList,
)
async def change_category(request: web.Request) -> web.Response:
    """Change a category and answer the tree."""
    body = await read_body(request, CategoryChange)
    tree = await request.app[CATEGORIES].change(
        request.match_info["key"],
        actor=staff_of(request).id,
        version=body.version,
        parent=body.parent or None,
        position=body.position,
        names=body.names,
    )
    return ok(_tree(tree))


@table.add(
    "DELETE",
    "/kb/categories/{key}",
    allow="kb.write",
    summary="Take an empty category away",
    answer=CategoryList,
)
async def remove_category(request: web.Request) -> web.Response:
    """Remove a category and answer the tree."""
    await read_body(request, EmptyBody)
    tree = await request.app[CATEGORIES].remove(
        request.match_info["key"], actor=staff_of(request).id
    )
    return ok(_tree(tree))


@table.add(
    "GET",
    "/kb/publishing",
    allow="kb.read",
    summary="Who publishes articles",
    answer=PublishingState,
)
async def read_publishing(request: web.Request) -> web.Response:
    """Answer the rule."""
    return await _publishing(request)


@table.add(
    "PUT",
    "/kb/publishing",
    allow="staff.manage",
    summary="Set whether only reviewers and administrators publish",
    body=PublishingRule,
    answer=PublishingState,
)
async def write_publishing(request: web.Request) -> web.Response:
    """Set the rule."""
    body = await read_body(request, PublishingRule)
    await request.app[ARTICLES].set_review_required(
        body.review_required, actor=staff_of(request).id
    )
    return await _publishing(request)


async def _publishing(request: web.Request) -> web.Response:
    return ok(
        PublishingState(
            review_required=await request.app[ARTICLES].review_required(),
            may_publish=await may_publish(request),
        )
    )


@table.add("GET", "/kb/people", allow="kb.read", summary="Who can own an article", answer=People)
async def list_people(request: web.Request) -> web.Response:
    """Answer who may write articles."""
    found = await request.app[ARTICLES].people()
    return ok(People(items=[PersonBody(id=person.id, name=person.name) for person in found]))


def _tree(tree: list[StoredCategory]) -> CategoryList:
    return CategoryList(
        items=[
            CategoryBody(
                key=one.key,
                parent=one.parent,
                position=one.position,
                names=dict(one.names),
                version=one.version,
                articles=one.articles,
            )
            for one in tree
        ]
    )
