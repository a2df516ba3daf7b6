"""Saved views over HTTP."""

from typing import Any

from aiohttp import web
from pydantic import Field

from bot.kit.web import Model, RouteTable, no_content, ok, read_body
from bot.staff.account import Staff
from bot.staff.guard import staff_of
from handoff.ticket import supervises
from handoff.views.service import COUNTED, SavedViews
from handoff.views.view import SavedView

VIEWS = web.AppKey("desk_views", SavedViews)
table = RouteTable(prefix="/api/v1", tag="views")


class ViewItem(Model):
    """A saved view."""

    id: str
    name: str
    shared: bool
    filters: dict[str, str]
    position: int
    version: int
    editable: bool


class CountedView(ViewItem):
    """A saved view with how many tickets it lists."""

    count: int
    """At most 999."""
    more: bool
    """There are more than that."""


class ViewList(Model):
    """Shared views first, then one's own; and the one to begin with."""

    items: list[CountedView]
    default: str


class NewView(Model):
    """A name, and filters as in the console's address."""

    name: str = Field(max_length=500)
    filters: dict[str, Any] = Field(max_length=20)
    shared: bool = False


class ChangedView(Model):
    """What is to be different; `version` is the one that was read."""

    version: int
    name: str | None = Field(default=None, max_length=500)
    filters: dict[str, Any] | None = Field(default=None, max_length=20)
    shared: bool | None = None
    position: int | None = Field(default=None, ge=0, le=1_000)


class DefaultView(Model):
    """A built-in view (`queue`, `mine`, `open`, `waiting`, `resolved`) or the id of a saved one."""

    view: str = Field(max_length=36)


def _item(view: SavedView, staff: Staff) -> dict[str, Any]:
    return {
        "id": view.id,
        "name": view.name,
        "shared": view.shared,
        "filters": view.filters,
        "position": view.position,
        "version": view.version,
        "editable": supervises(staff) if view.shared else view.owner_id == staff.id,
    }


@table.add(
    "GET",
    "/views",
    allow="tickets.read",
    summary="Saved views with counts, and the one to begin with",
    answer=ViewList,
)
async def list_views(request: web.Request) -> web.StreamResponse:
    """Return the caller's views."""
    staff = staff_of(request)
    views = await request.app[VIEWS].list(staff)
    return ok(
        ViewList(
            items=[
                CountedView(**_item(view, staff), count=min(count, COUNTED), more=count > COUNTED)
                for view, count in views.items
            ],
            default=views.default,
        )
    )


@table.add(
    "POST", "/views", allow="tickets.read", summary="Save a view", body=NewView, answer=ViewItem,
    status=201,
)  # fmt: skip
async def add_view(request: web.Request) -> web.StreamResponse:
    """Keep a view."""
    staff = staff_of(request)
    body = await read_body(request, NewView)
    view = await request.app[VIEWS].add(
        staff, name=body.name, filters=body.filters, shared=body.shared
    )
    return ok(ViewItem(**_item(view, staff)), status=201)


@table.add(
    "PATCH",
    "/views/{id}",
    allow="tickets.read",
    summary="Change a view: name, filters, place, shared or not",
    body=ChangedView,
    answer=ViewItem,
)
async def change_view(request: web.Request) -> web.StreamResponse:
    """Change a view."""
    staff = staff_of(request)
    body = await read_body(request, ChangedView)
    view = await request.app[VIEWS].change(
        request.match_info["id"],
        staff,
        version=body.version,
        name=body.name,
        filters=body.filters,
        shared=body.shared,
        position=body.position,
    )
    return ok(ViewItem(**_item(view, staff)))


@table.add("DELETE", "/views/{id}", allow="tickets.read", summary="Delete a view", status=204)
async def delete_view(request: web.Request) -> web.StreamResponse:
    """Remove a view."""
    await request.app[VIEWS].delete(request.match_info["id"], staff_of(request))
    return no_content()


@table.add(
    "PUT",
    "/views/default",
    allow="tickets.read",
    summary="Choose the view to begin with",
    body=DefaultView,
    status=204,
)
async def set_default(request: web.Request) -> web.StreamResponse:
    """Remember what the caller begins with."""
    body = await read_body(request, DefaultView)
    await request.app[VIEWS].set_default(staff_of(request), body.view)
    return no_content()
