"""Presence, capacity and assignment."""

import sqlalchemy as sa
from alembic import op

from bot.kit.db import JsonColumn, UtcDateTime

revision = "0008_work"
down_revision = "0007_desk"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "staff_presence",
        sa.Column("staff_id", sa.String(length=36), nullable=False),
        sa.Column("chosen", sa.String(length=10), nullable=False),
        sa.Column("chosen_at", UtcDateTime(), nullable=False),
        sa.Column("seen_at", UtcDateTime(), nullable=False),
        sa.Column("active_at", UtcDateTime(), nullable=False),
        sa.Column("gone_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["staff_id"], ["staff.id"], name=op.f("fk_staff_presence_staff_id_staff")
        ),
        sa.PrimaryKeyConstraint("staff_id", name=op.f("pk_staff_presence")),
    )
    op.create_index(op.f("ix_staff_presence_seen_at"), "staff_presence", ["seen_at"])
    op.create_table(
        "staff_profiles",
        sa.Column("staff_id", sa.String(length=36), nullable=False),
        sa.Column("capacity", sa.Integer(), nullable=False),
        sa.Column("skills", JsonColumn, nullable=False),
        sa.Column("languages", JsonColumn, nullable=False),
        sa.Column("automatic", sa.Boolean(), nullable=False),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["staff_id"], ["staff.id"], name=op.f("fk_staff_profiles_staff_id_staff")
        ),
        sa.PrimaryKeyConstraint("staff_id", name=op.f("pk_staff_profiles")),
    )
    op.create_table(
        "queue_assignments",
        sa.Column("queue_id", sa.String(length=36), nullable=False),
        sa.Column("mode", sa.String(length=20), nullable=False),
        sa.Column("accept_seconds", sa.Integer(), nullable=False),
        sa.Column("fair_limit", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["queue_id"], ["queues.id"], name=op.f("fk_queue_assignments_queue_id_queues")
        ),
        sa.PrimaryKeyConstraint("queue_id", name=op.f("pk_queue_assignments")),
    )
    op.create_table(
        "ticket_assignments",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("ticket_id", sa.String(length=36), nullable=False),
        sa.Column("queue_id", sa.String(length=36), nullable=False),
        sa.Column("staff_id", sa.String(length=36), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("due_at", UtcDateTime(), nullable=False),
        sa.Column("outcome", sa.String(length=10), nullable=False),
        sa.Column("ended_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["ticket_id"], ["tickets.id"], name=op.f("fk_ticket_assignments_ticket_id_tickets")
        ),
        sa.ForeignKeyConstraint(
            ["queue_id"], ["queues.id"], name=op.f("fk_ticket_assignments_queue_id_queues")
        ),
        sa.ForeignKeyConstraint(
            ["staff_id"], ["staff.id"], name=op.f("fk_ticket_assignments_staff_id_staff")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ticket_assignments")),
    )
    op.create_index(op.f("ix_ticket_assignments_ticket_id"), "ticket_assignments", ["ticket_id"])
    op.create_index(
        "ux_ticket_assignments_running",
        "ticket_assignments",
        ["ticket_id"],
        unique=True,
        sqlite_where=sa.text("outcome = 'offered'"),
        postgresql_where=sa.text("outcome = 'offered'"),
    )
    op.create_index("ix_ticket_assignments_due", "ticket_assignments", ["outcome", "due_at"])
    op.create_index("ix_ticket_assignments_staff_at", "ticket_assignments", ["staff_id", "at"])
    op.create_index(
        "ix_ticket_assignments_queue", "ticket_assignments", ["queue_id", "staff_id", "at"]
    )


def downgrade() -> None:
    op.drop_table("ticket_assignments")
    op.drop_table("queue_assignments")
    op.drop_table("staff_profiles")
    op.drop_table("staff_presence")
