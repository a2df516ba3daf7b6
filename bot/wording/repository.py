"""The only SQL on texts of the bot."""

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from bot.kit.db import Tx, insert_ignore
from bot.kit.locales import TextPlace
from bot.staff.tables import StaffRow
from bot.wording.tables import TextRevisionRow, TextRow, TextsVersionRow

TOPIC = "bot_texts"


@dataclass(frozen=True, slots=True)
class Person:
    """Who did something."""

    id: str
    name: str


@dataclass(frozen=True, slots=True)
class Stored:
    """A text that was changed at least once, as it is now."""

    key: str
    locale: str
    channel: str
    text: str | None
    version: int
    updated_at: datetime
    updated_by: Person | None


@dataclass(frozen=True, slots=True)
class TextRevision:
    """One version of a text; None is the shipped one."""

    number: int
    text: str | None
    author: Person | None
    reason: str | None
    created_at: datetime


def texts_version(conn: sa.Connection) -> int:
    """Return the number of the last change."""
    return (
        conn.execute(
            sa.select(TextsVersionRow.version).where(TextsVersionRow.id == 1)
        ).scalar_one_or_none()
        or 0
    )


def raise_version(tx: Tx) -> None:
    """Count one change. Holds the row until the commit: changes are made one after another."""
    tx.conn.execute(insert_ignore(TextsVersionRow, tx.conn.dialect.name).values(id=1, version=0))
    tx.conn.execute(
        sa.update(TextsVersionRow)
        .where(TextsVersionRow.id == 1)
        .values(version=TextsVersionRow.version + 1)
    )
    tx.announce(TOPIC, {})


def said_instead(conn: sa.Connection) -> dict[TextPlace, str]:
    """Return every text that is not the shipped one."""
    rows = conn.execute(
        sa.select(TextRow.key, TextRow.locale, TextRow.channel, TextRow.text).where(
            TextRow.text.is_not(None)
        )
    )
    return {(row.key, row.locale, row.channel): row.text for row in rows}


def list_stored(conn: sa.Connection, *, key: str | None = None) -> list[Stored]:
    """Return what was ever changed, of one key or of all."""
    query = sa.select(TextRow.__table__, StaffRow.name.label("staff_name")).outerjoin(
        StaffRow, StaffRow.id == TextRow.updated_by
    )
    if key is not None:
        query = query.where(TextRow.key == key)
    return [
        Stored(
            row.key,
            row.locale,
            row.channel,
            row.text,
            row.version,
            row.updated_at,
            _person(row.updated_by, row.staff_name),
        )
        for row in conn.execute(query)
    ]


def current_version(conn: sa.Connection, place: TextPlace) -> int:
    """Return the number of the newest revision; 0: never changed."""
    return (
        conn.execute(sa.select(TextRow.version).where(*_at(TextRow, place))).scalar_one_or_none()
        or 0
    )


def find_revision(conn: sa.Connection, place: TextPlace, number: int) -> TextRevision | None:
    """Return one version of a text."""
    found = [revision for revision in list_revisions(conn, place) if revision.number == number]
    return found[0] if found else None


def list_revisions(conn: sa.Connection, place: TextPlace) -> list[TextRevision]:
    """Return every version of a text, newest first."""
    rows = conn.execute(
        sa.select(TextRevisionRow.__table__, StaffRow.name.label("staff_name"))
        .outerjoin(StaffRow, StaffRow.id == TextRevisionRow.author)
        .where(*_at(TextRevisionRow, place))
        .order_by(TextRevisionRow.number.desc())
    )
    return [
        TextRevision(
            row.number, row.text, _person(row.author, row.staff_name), row.reason, row.created_at
        )
        for row in rows
    ]


def store(
    tx: Tx,
    place: TextPlace,
    text: str | None,
    *,
    version: int,
    author: str | None,
    reason: str | None,
    now: datetime,
) -> None:
    """Make `text` what is said at `place`, as revision number `version`."""
    key, locale, channel = place
    values = {"text": text, "version": version, "updated_at": now, "updated_by": author}
    tx.conn.execute(
        insert_ignore(TextRow, tx.conn.dialect.name).values(
            key=key, locale=locale, channel=channel, **values
        )
    )
    tx.conn.execute(sa.update(TextRow).where(*_at(TextRow, place)).values(**values))
    tx.conn.execute(
        sa.insert(TextRevisionRow).values(
            key=key,
            locale=locale,
            channel=channel,
            number=version,
            text=text,
            author=author,
            reason=reason,
            created_at=now,
        )
    )


def _at(
    table: type[TextRow] | type[TextRevisionRow], place: TextPlace
) -> tuple[sa.ColumnElement[bool], ...]:
    key, locale, channel = place
    return table.key == key, table.locale == locale, table.channel == channel


def _person(staff_id: str | None, name: str | None) -> Person | None:
    return Person(staff_id, name or "") if staff_id else None
