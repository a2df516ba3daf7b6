"""An empty store is brought to exactly the tables the code maps, on both engines, and again without harm."""

from pathlib import Path

import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext

from bot.kit.db import Base, Database
from bot.migrations import current_revision, head_revision, upgrade
from bot.tables import all_tables


def is_mapped(name: str | None, kind: str, parents: object) -> bool:
    """The index of words is made by each engine's own means; no mapped table stands for it."""
    return not str(name).startswith(("desk_words", "ix_desk_words"))


async def test_migrations_lead_to_the_mapped_tables(db: Database, tmp_path: Path) -> None:
    metadata = all_tables()
    await db.write(lambda tx: Base.metadata.drop_all(tx.conn))
    assert (await upgrade(db))[1] == head_revision()
    assert await upgrade(db) == (head_revision(), head_revision())

    def differences(conn: sa.Connection) -> list[object]:
        opts = {"compare_type": True, "include_name": is_mapped}
        context = MigrationContext.configure(conn, opts=opts)
        return list(compare_metadata(context, metadata))

    assert await db.read(differences) == []
    assert await db.read(current_revision) == head_revision()
