"""The only SQL on staff, sessions, tokens and set-up links."""

from datetime import datetime
from typing import Any

import sqlalchemy as sa

from bot.kit.db import Tx
from bot.staff.account import Role, Staff
from bot.staff.tables import ApiTokenRow, SetupLinkRow, StaffRow, StaffSessionRow


def _to_staff(row: Any) -> Staff:
    v = row._mapping
    return Staff(
        id=v["id"],
        email=v["email"],
        name=v["name"],
        role=Role(v["role"]),
        level=v["level"],
        locale=v["locale"],
    )


_STAFF = (
    StaffRow.id,
    StaffRow.email,
    StaffRow.name,
    StaffRow.role,
    StaffRow.level,
    StaffRow.locale,
)


def insert_staff(tx: Tx, staff: Staff, *, password_hash: str, now: datetime) -> None:
    """Add an account holder."""
    tx.conn.execute(
        sa.insert(StaffRow).values(
            id=staff.id,
            email=staff.email,
            name=staff.name,
            role=staff.role.value,
            level=staff.level,
            locale=staff.locale,
            password_hash=password_hash,
            created_at=now,
        )
    )


def find_by_email(conn: sa.Connection, email: str) -> tuple[Staff, str, bool] | None:
    """Return (staff, password hash, disabled), or None."""
    row = conn.execute(
        sa.select(*_STAFF, StaffRow.password_hash, StaffRow.disabled_at).where(
            StaffRow.email == email
        )
    ).one_or_none()
    if row is None:
        return None
    return _to_staff(row), row.password_hash, row.disabled_at is not None


def find_staff(conn: sa.Connection, staff_id: str) -> Staff | None:
    """Return an account holder who is not disabled, or None."""
    row = conn.execute(
        sa.select(*_STAFF).where(StaffRow.id == staff_id, StaffRow.disabled_at.is_(None))
    ).one_or_none()
    return _to_staff(row) if row else None


def list_staff(conn: sa.Connection) -> list[tuple[Staff, datetime, datetime | None]]:
    """Return everybody: (staff, created, disabled)."""
    rows = conn.execute(
        sa.select(*_STAFF, StaffRow.created_at, StaffRow.disabled_at).order_by(StaffRow.email)
    )
    return [(_to_staff(row), row.created_at, row.disabled_at) for row in rows]


def list_active(conn: sa.Connection, *, roles: tuple[Role, ...]) -> list[Staff]:
    """Return those with one of the roles who are not disabled, by name."""
    rows = conn.execute(
        sa.select(*_STAFF)
        .where(StaffRow.disabled_at.is_(None), StaffRow.role.in_([r.value for r in roles]))
        .order_by(StaffRow.name)
    )
    return [_to_staff(row) for row in rows]


def count_staff(conn: sa.Connection) -> int:
    """Return how many accounts there are."""
    return int(conn.execute(sa.select(sa.func.count()).select_from(StaffRow)).scalar_one())


def disable(tx: Tx, staff_id: str, *, now: datetime) -> bool:
    """Close an account, its sessions and tokens at once; False when there is none."""
    result = tx.conn.execute(
        sa.update(StaffRow)
        .where(StaffRow.id == staff_id, StaffRow.disabled_at.is_(None))
        .values(disabled_at=now)
    )
    tx.conn.execute(sa.delete(StaffSessionRow).where(StaffSessionRow.staff_id == staff_id))
    tx.conn.execute(
        sa.update(ApiTokenRow)
        .where(ApiTokenRow.staff_id == staff_id, ApiTokenRow.revoked_at.is_(None))
        .values(revoked_at=now)
    )
    return result.rowcount == 1


def update_profile(tx: Tx, staff_id: str, values: dict[str, Any]) -> None:
    """Change name or language."""
    tx.conn.execute(sa.update(StaffRow).where(StaffRow.id == staff_id).values(**values))


def insert_session(
    tx: Tx, *, id_hash: str, staff_id: str, csrf_token: str, now: datetime, expires_at: datetime
) -> None:
    """Log a browser in."""
    tx.conn.execute(
        sa.insert(StaffSessionRow).values(
            id_hash=id_hash,
            staff_id=staff_id,
            csrf_token=csrf_token,
            created_at=now,
            seen_at=now,
            expires_at=expires_at,
        )
    )


def find_session(
    conn: sa.Connection, id_hash: str, *, now: datetime, idle_after: datetime
) -> tuple[Staff, str, datetime] | None:
    """Return (staff, CSRF token, last seen) of a live session, or None."""
    row = conn.execute(
        sa.select(*_STAFF, StaffSessionRow.csrf_token, StaffSessionRow.seen_at)
        .join(StaffSessionRow, StaffSessionRow.staff_id == StaffRow.id)
        .where(
            StaffSessionRow.id_hash == id_hash,
            StaffSessionRow.expires_at > now,
            StaffSessionRow.seen_at > idle_after,
            StaffRow.disabled_at.is_(None),
        )
    ).one_or_none()
    return (_to_staff(row), row.csrf_token, row.seen_at) if row else None


def touch_session(tx: Tx, id_hash: str, *, now: datetime) -> None:
    """Note that the browser is still there."""
    tx.conn.execute(
        sa.update(StaffSessionRow).where(StaffSessionRow.id_hash == id_hash).values(seen_at=now)
    )


def delete_session(tx: Tx, id_hash: str) -> None:
    """Log a browser out."""
    tx.conn.execute(sa.delete(StaffSessionRow).where(StaffSessionRow.id_hash == id_hash))


def insert_token(
    tx: Tx, *, token_id: str, token_hash: str, staff_id: str, name: str, now: datetime
) -> None:
    """Add an API token."""
    tx.conn.execute(
        sa.insert(ApiTokenRow).values(
            id=token_id, token_hash=token_hash, staff_id=staff_id, name=name, created_at=now
        )
    )


def find_token(conn: sa.Connection, token_hash: str) -> Staff | None:
    """Return whose API token this is, or None when it is unknown, revoked or its owner disabled."""
    row = conn.execute(
        sa.select(*_STAFF)
        .join(ApiTokenRow, ApiTokenRow.staff_id == StaffRow.id)
        .where(
            ApiTokenRow.token_hash == token_hash,
            ApiTokenRow.revoked_at.is_(None),
            StaffRow.disabled_at.is_(None),
        )
    ).one_or_none()
    return _to_staff(row) if row else None


def insert_setup_link(tx: Tx, *, token_hash: str, expires_at: datetime) -> None:
    """Add a one-time link; earlier unused ones end."""
    tx.conn.execute(sa.delete(SetupLinkRow).where(SetupLinkRow.used_at.is_(None)))
    tx.conn.execute(sa.insert(SetupLinkRow).values(token_hash=token_hash, expires_at=expires_at))


def setup_link_works(conn: sa.Connection, token_hash: str, *, now: datetime) -> bool:
    """Tell whether the link can still be used."""
    return (
        conn.execute(
            sa.select(SetupLinkRow.token_hash).where(
                SetupLinkRow.token_hash == token_hash,
                SetupLinkRow.used_at.is_(None),
                SetupLinkRow.expires_at > now,
            )
        ).one_or_none()
        is not None
    )


def use_setup_link(tx: Tx, token_hash: str, *, now: datetime) -> bool:
    """Use the link up; False when it was used already or has expired."""
    result = tx.conn.execute(
        sa.update(SetupLinkRow)
        .where(
            SetupLinkRow.token_hash == token_hash,
            SetupLinkRow.used_at.is_(None),
            SetupLinkRow.expires_at > now,
        )
        .values(used_at=now)
    )
    return result.rowcount == 1
