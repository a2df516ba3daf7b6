"""Run by Alembic: migrates over the connection that `bot.migrations.upgrade` passes in."""

from typing import Any, Literal

import sqlalchemy as sa
from alembic import context
from alembic.autogenerate.api import AutogenContext

from bot.kit.db import UtcDateTime
from bot.tables import all_tables


def render_item(kind: str, item: Any, _: AutogenContext) -> str | Literal[False]:
    """Write our own column types by their names."""
    if kind == "type" and isinstance(item, UtcDateTime):
        return "UtcDateTime()"
    if kind == "type" and isinstance(item, sa.JSON):
        return "JsonColumn"
    return False


connection = context.config.attributes.get("connection")
if connection is None:
    raise SystemExit("Run `frontline migrate`.")
context.configure(
    connection=connection,
    target_metadata=all_tables(),
    render_as_batch=connection.dialect.name == "sqlite",
    compare_type=True,
    render_item=render_item,
    transactional_ddl=False,
)
context.run_migrations()
