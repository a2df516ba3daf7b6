"""The only SQL on saved views."""

from datetime import datetime
from typing import Any

import sqlalchemy as sa

from bot.kit.db import Tx, insert_ignore
from bot.kit.ids import new_id
from handoff.views.tables import DefaultViewRow, SavedViewRow
from handoff.views.view import SavedView


def _to_view(row: sa.Row[Any]) -> SavedView:
    return SavedView(
        id=row.id,
        owner_id=row.owner_id,
        shared=row.shared,
        name=row.name,
        filters=dict(row.filters),
        position=row.position,
        version=row.version,
        updated_at=row.updated_at,
    )


def list_views(conn: sa.Connection, staff_id: str) -> list[SavedView]:
    """Return the person's own views and the shared ones, in order."""
    rows = conn.execute(
        sa.select(SavedViewRow.__table__)
        .where(sa.or_(SavedViewRow.shared.is_(True), SavedViewRow.owner_id == staff_id))
        .order_by(SavedViewRow.shared.desc(), SavedViewRow.position, SavedViewRow.id)
    )
    return [_to_view(row) for row in rows]


def find_view(conn: sa.Connection, view_id: str) -> SavedView | None:
    """Return the view, or None."""
    row = conn.execute(
        sa.select(SavedViewRow.__table__).where(SavedViewRow.id == view_id)
    ).one_or_none()
    return _to_view(row) if row else None


def count_views(conn: sa.Connection, *, owner_id: str, shared: bool) -> int:
    """Return how many views there are of one person, or shared by everybody."""
    query = sa.select(sa.func.count()).select_from(SavedViewRow)
    if shared:
        query = query.where(SavedViewRow.shared.is_(True))
    else:
        query = query.where(SavedViewRow.shared.is_(False), SavedViewRow.owner_id == owner_id)
    return int(conn.execute(query).scalar_one())


def insert_view(
    tx: Tx,
    *,
    owner_id: str,
    shared: bool,
    name: str,
    filters: dict[str, str],
    position: int,
    now: datetime,
) -> SavedView:
    """Add a view behind the others."""
    view = SavedView(new_id(), owner_id, shared, name, filters, position, 1, now)
    tx.conn.execute(
        sa.insert(SavedViewRow).values(**{key: getattr(view, key) for key in SavedView.__slots__})
    )
    return view


def update_view(tx: Tx, view: SavedView, *, now: datetime, **values: Any) -> bool:
    """Change a view if it still is what was read; False when not."""
    result = tx.conn.execute(
        sa.update(SavedViewRow)
        .where(SavedViewRow.id == view.id, SavedViewRow.version == view.version)
        .values(version=view.version + 1, updated_at=now, **values)
    )
    return result.rowcount == 1


def delete_view(tx: Tx, view_id: str) -> None:
    """Remove a view; who began with it begins with what waits."""
    tx.conn.execute(sa.delete(SavedViewRow).where(SavedViewRow.id == view_id))
    tx.conn.execute(sa.delete(DefaultViewRow).where(DefaultViewRow.view == view_id))


def get_default(conn: sa.Connection, staff_id: str) -> str:
    """Return what the person begins with."""
    found = conn.execute(
        sa.select(DefaultViewRow.view).where(DefaultViewRow.staff_id == staff_id)
    ).scalar_one_or_none()
    return found or "queue"


def set_default(tx: Tx, staff_id: str, view: str) -> None:
    """Let a person begin with this view."""
    tx.conn.execute(
        insert_ignore(DefaultViewRow, tx.conn.dialect.name).values(staff_id=staff_id, view=view)
    )
    tx.conn.execute(
        sa.update(DefaultViewRow).where(DefaultViewRow.staff_id == staff_id).values(view=view)
    )
