"""Queues with team, skills and languages; routing rules with more conditions; levels as admins set them."""

from itertools import product
from uuid import uuid4

import sqlalchemy as sa
from alembic import op

from bot.kit.db import JsonColumn

revision = "0007_desk"
down_revision = "0006_service_level"
branch_labels = None
depends_on = None

_OLD_RULES = sa.table(
    "routing_rules",
    sa.column("id", sa.String),
    sa.column("position", sa.Integer),
    sa.column("topic", sa.String),
    sa.column("locale", sa.String),
    sa.column("reason", sa.String),
    sa.column("queue_id", sa.String),
    sa.column("priority", sa.String),
    sa.column("enabled", sa.Boolean),
)
_RULES = sa.table(
    "routing_rules",
    sa.column("id", sa.String),
    sa.column("version", sa.Integer),
    sa.column("position", sa.Integer),
    sa.column("name", sa.String),
    sa.column("conditions", JsonColumn),
    sa.column("queue_id", sa.String),
    sa.column("priority", sa.String),
    sa.column("enabled", sa.Boolean),
)


def upgrade() -> None:
    with op.batch_alter_table("queues", schema=None) as batch_op:
        batch_op.add_column(sa.Column("version", sa.Integer(), server_default="1", nullable=False))
        batch_op.add_column(
            sa.Column("team", sa.String(length=60), server_default="", nullable=False)
        )
        batch_op.add_column(sa.Column("skills", JsonColumn, server_default="[]", nullable=False))
        batch_op.add_column(sa.Column("languages", JsonColumn, server_default="[]", nullable=False))
    rules = op.get_bind().execute(sa.select(_OLD_RULES).order_by(_OLD_RULES.c.position)).all()
    op.drop_table("routing_rules")
    op.create_table(
        "routing_rules",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("conditions", JsonColumn, nullable=False),
        sa.Column("queue_id", sa.String(length=36), nullable=False),
        sa.Column("priority", sa.String(length=10), nullable=True),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["queue_id"], ["queues.id"], name=op.f("fk_routing_rules_queue_id_queues")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_routing_rules")),
    )
    for position, rule in enumerate(rules):
        conditions = {
            "topics": [rule.topic] if rule.topic else [],
            "locales": [rule.locale] if rule.locale else [],
            "reasons": [rule.reason] if rule.reason else [],
        }
        op.get_bind().execute(
            sa.insert(_RULES).values(
                id=rule.id,
                version=1,
                position=position,
                name=f"{position + 1}",
                conditions=conditions,
                queue_id=rule.queue_id,
                priority=rule.priority,
                enabled=rule.enabled,
            )
        )
    op.create_table(
        "desk_levels",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("levels", JsonColumn, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_desk_levels")),
    )


def downgrade() -> None:
    op.drop_table("desk_levels")
    rules = op.get_bind().execute(sa.select(_RULES).order_by(_RULES.c.position)).all()
    op.drop_table("routing_rules")
    op.create_table(
        "routing_rules",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("topic", sa.String(length=80), nullable=True),
        sa.Column("locale", sa.String(length=10), nullable=True),
        sa.Column("reason", sa.String(length=30), nullable=True),
        sa.Column("queue_id", sa.String(length=36), nullable=False),
        sa.Column("priority", sa.String(length=10), nullable=True),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["queue_id"], ["queues.id"], name=op.f("fk_routing_rules_queue_id_queues")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_routing_rules")),
    )
    old = ("topics", "locales", "reasons")
    for rule in rules:
        told = {name: values for name, values in rule.conditions.items() if values}
        if set(told) - set(old):
            continue  # without its other conditions the rule would take more than it was meant for
        for values in product(*(told.get(name) or [None] for name in old)):
            op.get_bind().execute(
                sa.insert(_OLD_RULES).values(
                    id=str(uuid4()),
                    position=rule.position,
                    topic=values[0],
                    locale=values[1],
                    reason=values[2],
                    queue_id=rule.queue_id,
                    priority=rule.priority,
                    enabled=rule.enabled,
                )
            )
    with op.batch_alter_table("queues", schema=None) as batch_op:
        for name in ("languages", "skills", "team", "version"):
            batch_op.drop_column(name)
