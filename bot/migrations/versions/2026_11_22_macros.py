"""Macros and rules for tickets."""

import sqlalchemy as sa
from alembic import op

from bot.kit.db import JsonColumn, UtcDateTime

revision = "0010_macros"
down_revision = "0009_case"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "macros",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("effects", JsonColumn, nullable=False),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
        sa.Column("retired_at", UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_macros")),
    )
    op.create_table(
        "macro_uses",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("macro_id", sa.String(length=36), nullable=False),
        sa.Column("macro_version", sa.Integer(), nullable=False),
        sa.Column("ticket_id", sa.String(length=36), nullable=False),
        sa.Column("staff_id", sa.String(length=36), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["macro_id"], ["macros.id"], name=op.f("fk_macro_uses_macro_id_macros")
        ),
        sa.ForeignKeyConstraint(
            ["ticket_id"], ["tickets.id"], name=op.f("fk_macro_uses_ticket_id_tickets")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_macro_uses")),
    )
    op.create_index(op.f("ix_macro_uses_macro_id"), "macro_uses", ["macro_id"])
    op.create_index(op.f("ix_macro_uses_ticket_id"), "macro_uses", ["ticket_id"])
    op.create_table(
        "ticket_rules",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("triggers", sa.String(length=300), nullable=False),
        sa.Column("terms", JsonColumn, nullable=False),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
        sa.Column("retired_at", UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ticket_rules")),
    )
    op.create_table(
        "rule_happenings",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("ticket_id", sa.String(length=36), nullable=False),
        sa.Column("trigger", sa.String(length=20), nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column("chain", JsonColumn, nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("due_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["ticket_id"], ["tickets.id"], name=op.f("fk_rule_happenings_ticket_id_tickets")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rule_happenings")),
        sa.UniqueConstraint(
            "ticket_id", "trigger", "n", name=op.f("uq_rule_happenings_ticket_id_trigger_n")
        ),
    )
    op.create_index(op.f("ix_rule_happenings_due_at"), "rule_happenings", ["due_at"])
    op.create_table(
        "rule_runs",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("rule_id", sa.String(length=36), nullable=False),
        sa.Column("rule_version", sa.Integer(), nullable=False),
        sa.Column("rule_name", sa.String(length=100), nullable=False),
        sa.Column("ticket_id", sa.String(length=36), nullable=False),
        sa.Column("trigger", sa.String(length=20), nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("outcome", sa.String(length=12), nullable=False),
        sa.Column("why", JsonColumn, nullable=False),
        sa.Column("done", JsonColumn, nullable=False),
        sa.Column("error", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["rule_id"], ["ticket_rules.id"], name=op.f("fk_rule_runs_rule_id_ticket_rules")
        ),
        sa.ForeignKeyConstraint(
            ["ticket_id"], ["tickets.id"], name=op.f("fk_rule_runs_ticket_id_tickets")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rule_runs")),
        sa.UniqueConstraint(
            "rule_id",
            "ticket_id",
            "trigger",
            "n",
            name=op.f("uq_rule_runs_rule_id_ticket_id_trigger_n"),
        ),
    )
    op.create_index("ix_rule_runs_at", "rule_runs", ["at", "id"])
    op.create_index(op.f("ix_rule_runs_ticket_id"), "rule_runs", ["ticket_id"])
    op.create_table(
        "third_party_waits",
        sa.Column("ticket_id", sa.String(length=36), nullable=False),
        sa.Column("event_n", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("vendor", sa.String(length=120), nullable=True),
        sa.Column("expected_at", UtcDateTime(), nullable=True),
        sa.Column("reminded_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["ticket_id"], ["tickets.id"], name=op.f("fk_third_party_waits_ticket_id_tickets")
        ),
        sa.PrimaryKeyConstraint("ticket_id", "event_n", name=op.f("pk_third_party_waits")),
    )
    op.create_index(op.f("ix_third_party_waits_expected_at"), "third_party_waits", ["expected_at"])


def downgrade() -> None:
    for table in (
        "third_party_waits",
        "rule_runs",
        "rule_happenings",
        "ticket_rules",
        "macro_uses",
        "macros",
    ):
        op.drop_table(table)
