"""The only SQL on synonyms and stop words."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from bot.kit.db import Tx, insert_ignore
from knowledge_base.vocabulary.tables import StopWordRow, SynonymRow
from knowledge_base.vocabulary.vocabulary import Vocabulary


@dataclass(frozen=True, slots=True)
class SynonymGroup:
    """A stored group."""

    id: str
    locale: str
    phrases: tuple[str, ...]
    version: int
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class StopWord:
    """A stored stop word."""

    locale: str
    word: str


def list_groups(conn: sa.Connection) -> list[SynonymGroup]:
    """Return every group, latest change first."""
    rows = conn.execute(
        sa.select(
            SynonymRow.id,
            SynonymRow.locale,
            SynonymRow.phrases,
            SynonymRow.version,
            SynonymRow.updated_at,
        ).order_by(SynonymRow.updated_at.desc(), SynonymRow.id)
    )
    return [
        SynonymGroup(row.id, row.locale, tuple(row.phrases), row.version, row.updated_at)
        for row in rows
    ]


def list_stop_words(conn: sa.Connection) -> list[StopWord]:
    """Return every stop word by language."""
    rows = conn.execute(
        sa.select(StopWordRow.locale, StopWordRow.word).order_by(
            StopWordRow.locale, StopWordRow.word
        )
    )
    return [StopWord(row.locale, row.word) for row in rows]


def read_vocabulary(conn: sa.Connection) -> Vocabulary:
    """Return everything that editors taught."""
    synonyms: dict[str, list[tuple[str, ...]]] = {}
    for group in list_groups(conn):
        synonyms.setdefault(group.locale, []).append(group.phrases)
    words: dict[str, set[str]] = {}
    for stop in list_stop_words(conn):
        words.setdefault(stop.locale, set()).add(stop.word)
    return Vocabulary(synonyms, {locale: frozenset(found) for locale, found in words.items()})


def find_group(conn: sa.Connection, group_id: str) -> SynonymGroup | None:
    """Return one group, or None."""
    return next((group for group in list_groups(conn) if group.id == group_id), None)


def insert_group(
    tx: Tx, group_id: str, locale: str, phrases: Sequence[str], *, actor: str | None, now: datetime
) -> None:
    """Store a new group."""
    tx.conn.execute(
        sa.insert(SynonymRow).values(
            id=group_id,
            locale=locale,
            phrases=list(phrases),
            version=1,
            updated_at=now,
            updated_by=actor,
        )
    )


def update_group(
    tx: Tx, group_id: str, phrases: Sequence[str], *, version: int, actor: str | None, now: datetime
) -> bool:
    """Change a group; False when somebody else did since `version`."""
    done = tx.conn.execute(
        sa.update(SynonymRow)
        .where(SynonymRow.id == group_id, SynonymRow.version == version)
        .values(phrases=list(phrases), version=version + 1, updated_at=now, updated_by=actor)
        .returning(SynonymRow.id)
    ).one_or_none()
    return done is not None


def delete_group(tx: Tx, group_id: str) -> bool:
    """Remove a group; False when there is none."""
    done = tx.conn.execute(
        sa.delete(SynonymRow).where(SynonymRow.id == group_id).returning(SynonymRow.id)
    ).one_or_none()
    return done is not None


def put_stop_words(
    tx: Tx, locale: str, words: Sequence[str], *, actor: str | None, now: datetime
) -> None:
    """Make these the stop words of a language; those already there stay as they are."""
    tx.conn.execute(
        sa.delete(StopWordRow).where(StopWordRow.locale == locale, StopWordRow.word.not_in(words))
    )
    for word in words:
        tx.conn.execute(
            insert_ignore(StopWordRow, tx.conn.dialect.name).values(
                locale=locale, word=word, created_at=now, created_by=actor
            )
        )
