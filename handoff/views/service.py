"""Saved views: a person's own, and those that a supervisor shares with the desk."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from bot.kit.clock import Clock
from bot.kit.db import Database, Tx
from bot.kit.errors import Conflict, Forbidden, Invalid, NotFound
from bot.staff.account import Staff
from bot.staff.audit import record
from handoff import repository as tickets
from handoff.repository import Filter
from handoff.ticket import sees_everything, supervises, visible_levels
from handoff.views import repository
from handoff.views.view import (
    BUILT_IN,
    MAX_VIEWS,
    SavedView,
    read_filters,
    read_name,
    scope_of,
)

COUNTED = 999
"""Tickets counted at most; the console says 999+ then."""


@dataclass(frozen=True, slots=True)
class Views:
    """What a person sees in the navigation."""

    items: tuple[tuple[SavedView, int], ...]
    """Each with how many tickets it lists."""
    default: str


class SavedViews:
    """One per process; keeps nothing."""

    def __init__(self, db: Database, clock: Clock) -> None:
        self._db = db
        self._clock = clock

    async def list(self, staff: Staff) -> Views:
        """Return the person's own views and the shared ones, with counts of what they may see."""

        def query(conn: Connection) -> Views:
            return Views(
                tuple(
                    (view, self._count(conn, view, staff))
                    for view in repository.list_views(conn, staff.id)
                ),
                repository.get_default(conn, staff.id),
            )

        return await self._db.read(query)

    @staticmethod
    def _count(conn: Connection, view: SavedView, staff: Staff) -> int:
        scope = scope_of(view.filters)
        wanted = Filter(
            levels=visible_levels(staff),
            seen_by=None if sees_everything(staff) else staff.id,
            queue=scope.queue,
            level=scope.level,
            states=scope.states,
            assignee=staff.id if scope.assignee == "me" else scope.assignee,
            unassigned=scope.assignee == "none",
            text=scope.text,
            tag=scope.tag,
            watched_by=staff.id if scope.watching else None,
        )
        return tickets.count_tickets(conn, wanted, limit=COUNTED + 1)

    async def add(
        self, staff: Staff, *, name: str, filters: dict[str, Any], shared: bool
    ) -> SavedView:
        """Keep a view behind the person's others, or behind those of the desk.

        Raises:
            Forbidden: only who supervises shares.
            Invalid: name or filters can't be used, or there are fifty already.
        """
        name, filters = read_name(name), read_filters(filters)
        now = self._clock.now()

        def step(tx: Tx) -> SavedView:
            self._check_shares(staff, shared)
            there = repository.count_views(tx.conn, owner_id=staff.id, shared=shared)
            if there >= MAX_VIEWS:
                raise Invalid(
                    f"There are {MAX_VIEWS} views already. Delete one first.", code="too_many"
                )
            view = repository.insert_view(
                tx,
                owner_id=staff.id,
                shared=shared,
                name=name,
                filters=filters,
                position=there,
                now=now,
            )
            self._record(tx, staff, "view.added", view, now)
            return view

        return await self._db.write(step)

    async def change(
        self,
        view_id: str,
        staff: Staff,
        *,
        version: int,
        name: str | None = None,
        filters: dict[str, Any] | None = None,
        shared: bool | None = None,
        position: int | None = None,
    ) -> SavedView:
        """Change what is given; the rest stays.

        Raises:
            NotFound: there is none, or it is somebody else's own.
            Forbidden: it is shared, or is to be, and the person does not supervise.
            Conflict: (stale) somebody changed it in the meantime.
        """
        values: dict[str, Any] = {}
        if name is not None:
            values["name"] = read_name(name)
        if filters is not None:
            values["filters"] = read_filters(filters)
        if shared is not None:
            values["shared"] = shared
        if position is not None:
            values["position"] = position
        now = self._clock.now()

        def step(tx: Tx) -> SavedView:
            view = self._editable(tx.conn, view_id, staff)
            if shared is not None and shared != view.shared:
                self._check_shares(staff, True)
            if view.version != version or not repository.update_view(tx, view, now=now, **values):
                raise Conflict("Somebody changed this view in the meantime.", code="stale")
            changed = repository.find_view(tx.conn, view_id)
            assert changed is not None  # noqa: S101  it was changed by this very step
            self._record(tx, staff, "view.changed", changed, now)
            return changed

        return await self._db.write(step)

    async def delete(self, view_id: str, staff: Staff) -> None:
        """Remove a view; raises as `change` does."""
        now = self._clock.now()

        def step(tx: Tx) -> None:
            view = self._editable(tx.conn, view_id, staff)
            repository.delete_view(tx, view_id)
            self._record(tx, staff, "view.deleted", view, now)

        await self._db.write(step)

    async def set_default(self, staff: Staff, view: str) -> None:
        """Let the person begin with a built-in view or a saved one.

        Raises:
            NotFound: there is no such view for this person.
        """

        def step(tx: Tx) -> None:
            if view not in BUILT_IN:
                found = repository.find_view(tx.conn, view)
                if found is None or not (found.shared or found.owner_id == staff.id):
                    raise NotFound("There is no such view.")
            repository.set_default(tx, staff.id, view)

        await self._db.write(step)

    def _editable(self, conn: Connection, view_id: str, staff: Staff) -> SavedView:
        view = repository.find_view(conn, view_id)
        if view is None or not (view.shared or view.owner_id == staff.id):
            raise NotFound("There is no such view.")
        if view.shared:
            self._check_shares(staff, True)
        return view

    @staticmethod
    def _check_shares(staff: Staff, shared: bool) -> None:
        if shared and not supervises(staff):
            raise Forbidden("Only supervisors share views with the desk.")

    @staticmethod
    def _record(tx: Tx, staff: Staff, action: str, view: SavedView, now: datetime) -> None:
        detail = {"name": view.name, "shared": view.shared}
        record(tx, staff.id, action, "view", view.id, detail, now)
