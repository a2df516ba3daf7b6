"""The schema's history. `upgrade` brings a store to the present one; every step is safe to repeat."""

from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

from bot.kit.db import Database, Tx

FOLDER = Path(__file__).resolve().parent


def alembic_config() -> Config:
    """Return Alembic's settings without a file."""
    config = Config()
    config.set_main_option("script_location", str(FOLDER))
    config.set_main_option("path_separator", "os")
    return config


async def upgrade(db: Database) -> tuple[str | None, str | None]:
    """Bring the schema up to date in one transaction and return (revision before, after)."""

    def step(tx: Tx) -> tuple[str | None, str | None]:
        if tx.conn.dialect.name == "postgresql":
            # Two gateways starting together: one migrates, the other finds it done.
            tx.conn.execute(sa.text("SELECT pg_advisory_xact_lock(7203000)"))
            tx.conn.execute(sa.text("SET LOCAL lock_timeout = '4s'"))
        before = current_revision(tx.conn)
        config = alembic_config()
        config.attributes["connection"] = tx.conn
        command.upgrade(config, "head")
        return before, current_revision(tx.conn)

    return await db.write(step)


def current_revision(conn: sa.Connection) -> str | None:
    """Return the store's revision, or None for an empty one."""
    return MigrationContext.configure(conn).get_current_revision()


def head_revision() -> str | None:
    """Return the newest revision there is."""
    return ScriptDirectory.from_config(alembic_config()).get_current_head()
