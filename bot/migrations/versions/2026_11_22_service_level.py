"""Service level: policies, what was agreed for each ticket, clocks, what they set off."""

import sqlalchemy as sa
from alembic import op

from bot.kit.db import JsonColumn, UtcDateTime

revision = "0006_service_level"
down_revision = "0005_searching"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "service_policies",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("terms", JsonColumn, nullable=False),
        sa.Column("retired_at", UtcDateTime(), nullable=True),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_service_policies")),
    )
    op.create_table(
        "service_policy_versions",
        sa.Column("policy_id", sa.String(length=36), nullable=False),
        sa.Column("version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("terms", JsonColumn, nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("by", sa.String(length=36), nullable=True),
        sa.ForeignKeyConstraint(
            ["policy_id"],
            ["service_policies.id"],
            name=op.f("fk_service_policy_versions_policy_id_service_policies"),
        ),
        sa.PrimaryKeyConstraint("policy_id", "version", name=op.f("pk_service_policy_versions")),
    )
    op.create_table(
        "service_calendars",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("data", JsonColumn, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_service_calendars")),
    )
    op.create_table(
        "service_agreements",
        sa.Column("ticket_id", sa.String(length=36), nullable=False),
        sa.Column("n", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("event_n", sa.Integer(), nullable=True),
        sa.Column("policy_id", sa.String(length=36), nullable=True),
        sa.Column("policy_version", sa.Integer(), nullable=True),
        sa.Column("calendar_id", sa.String(length=64), nullable=True),
        sa.Column("facts", JsonColumn, nullable=False),
        sa.ForeignKeyConstraint(
            ["calendar_id"],
            ["service_calendars.id"],
            name=op.f("fk_service_agreements_calendar_id_service_calendars"),
        ),
        sa.ForeignKeyConstraint(
            ["policy_id"],
            ["service_policies.id"],
            name=op.f("fk_service_agreements_policy_id_service_policies"),
        ),
        sa.ForeignKeyConstraint(
            ["ticket_id"], ["tickets.id"], name=op.f("fk_service_agreements_ticket_id_tickets")
        ),
        sa.PrimaryKeyConstraint("ticket_id", "n", name=op.f("pk_service_agreements")),
    )
    op.create_table(
        "service_clocks",
        sa.Column("ticket_id", sa.String(length=36), nullable=False),
        sa.Column("metric", sa.String(length=20), nullable=False),
        sa.Column("n", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("level", sa.String(length=4), nullable=False),
        sa.Column("queue_id", sa.String(length=36), nullable=False),
        sa.Column("started_at", UtcDateTime(), nullable=False),
        sa.Column("target_seconds", sa.Integer(), nullable=False),
        sa.Column("agreement", sa.Integer(), nullable=False),
        sa.Column("due_at", UtcDateTime(), nullable=True),
        sa.Column("warn_at", UtcDateTime(), nullable=True),
        sa.Column("stopped_at", UtcDateTime(), nullable=True),
        sa.Column("breached_at", UtcDateTime(), nullable=True),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("worked_seconds", sa.Integer(), nullable=False),
        sa.Column("fire_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["ticket_id"], ["tickets.id"], name=op.f("fk_service_clocks_ticket_id_tickets")
        ),
        sa.PrimaryKeyConstraint("ticket_id", "metric", "n", name=op.f("pk_service_clocks")),
    )
    with op.batch_alter_table("service_clocks", schema=None) as batch_op:
        batch_op.create_index(
            "ix_service_clocks_fire_at",
            ["fire_at"],
            unique=False,
            sqlite_where=sa.text("fire_at IS NOT NULL"),
            postgresql_where=sa.text("fire_at IS NOT NULL"),
        )
    op.create_table(
        "service_fired",
        sa.Column("ticket_id", sa.String(length=36), nullable=False),
        sa.Column("metric", sa.String(length=20), nullable=False),
        sa.Column("n", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("moment", sa.String(length=10), nullable=False),
        sa.Column("due_at", UtcDateTime(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("late", sa.Boolean(), nullable=False),
        sa.Column("done", JsonColumn, nullable=False),
        sa.ForeignKeyConstraint(
            ["ticket_id"], ["tickets.id"], name=op.f("fk_service_fired_ticket_id_tickets")
        ),
        sa.PrimaryKeyConstraint(
            "ticket_id", "metric", "n", "moment", name=op.f("pk_service_fired")
        ),
    )
    op.create_table(
        "service_tiers",
        sa.Column("domain", sa.String(length=253), nullable=False),
        sa.Column("tier", sa.String(length=40), nullable=False),
        sa.PrimaryKeyConstraint("domain", name=op.f("pk_service_tiers")),
    )
    with op.batch_alter_table("tickets", schema=None) as batch_op:
        batch_op.add_column(sa.Column("due_at", UtcDateTime(), nullable=True))
        batch_op.add_column(sa.Column("warn_at", UtcDateTime(), nullable=True))
        batch_op.add_column(sa.Column("due_metric", sa.String(length=20), nullable=True))
        batch_op.add_column(sa.Column("due_state", sa.String(length=12), nullable=True))
        batch_op.create_index("ix_tickets_due_at", ["due_at", "serial"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("tickets", schema=None) as batch_op:
        batch_op.drop_index("ix_tickets_due_at")
        for name in ("due_state", "due_metric", "warn_at", "due_at"):
            batch_op.drop_column(name)
    for name in (
        "service_tiers",
        "service_fired",
        "service_clocks",
        "service_agreements",
        "service_calendars",
        "service_policy_versions",
        "service_policies",
    ):
        op.drop_table(name)
