"""The only SQL on golden questions."""

from collections.abc import Iterable
from datetime import datetime

import sqlalchemy as sa

from bot.kit.db import Tx, insert_ignore
from knowledge_base.golden.golden import Golden, Least, folded
from knowledge_base.golden.tables import GoldenRow
from knowledge_base.tables import ArticleRow


def list_golden(conn: sa.Connection, *, key: str | None = None) -> list[Golden]:
    """Return golden questions by article and language."""
    query = sa.select(
        GoldenRow.id, GoldenRow.key, GoldenRow.locale, GoldenRow.question, GoldenRow.least
    ).order_by(GoldenRow.key, GoldenRow.locale, GoldenRow.question)
    if key is not None:
        query = query.where(GoldenRow.key == key)
    return [
        Golden(row.id, row.key, row.locale, row.question, Least(row.least))
        for row in conn.execute(query)
    ]


def insert_golden(tx: Tx, golden: Golden, *, actor: str | None, now: datetime) -> bool:
    """Store a golden question; False when the same question is there in this language."""
    done = tx.conn.execute(
        insert_ignore(GoldenRow, tx.conn.dialect.name)
        .values(
            id=golden.id,
            key=golden.key,
            locale=golden.locale,
            question=golden.question,
            folded=folded(golden.question),
            least=golden.least.value,
            created_at=now,
            created_by=actor,
        )
        .returning(GoldenRow.id)
    ).one_or_none()
    return done is not None


def delete_golden(tx: Tx, golden_id: str) -> Golden | None:
    """Remove a golden question and return it; None when there is none."""
    row = tx.conn.execute(
        sa.delete(GoldenRow)
        .where(GoldenRow.id == golden_id)
        .returning(
            GoldenRow.id, GoldenRow.key, GoldenRow.locale, GoldenRow.question, GoldenRow.least
        )
    ).one_or_none()
    if row is None:
        return None
    return Golden(row.id, row.key, row.locale, row.question, Least(row.least))


def count_golden(conn: sa.Connection) -> int:
    """Return how many there are."""
    return int(conn.execute(sa.select(sa.func.count()).select_from(GoldenRow)).scalar_one())


def article_states(
    conn: sa.Connection, keys: Iterable[str]
) -> dict[str, list[tuple[str, bool, str]]]:
    """Return state, whether it was ever published, and title of each key's articles."""
    wanted = sorted(set(keys))
    found: dict[str, list[tuple[str, bool, str]]] = {}
    for start in range(0, len(wanted), 500):
        rows = conn.execute(
            sa.select(
                ArticleRow.key, ArticleRow.state, ArticleRow.published_revision, ArticleRow.title
            ).where(ArticleRow.key.in_(wanted[start : start + 500]))
        )
        for row in rows:
            found.setdefault(row.key, []).append(
                (row.state, row.published_revision is not None, row.title)
            )
    return found
