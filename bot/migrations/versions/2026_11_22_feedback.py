"""Feedback, and what queued customers chose."""

import sqlalchemy as sa
from alembic import op

from bot.kit.db import JsonColumn, UtcDateTime

revision = "0012_feedback"
down_revision = "0011_console"
branch_labels = None
depends_on = None

_DUE = sa.text("state = 'due'")
_BAD = sa.text("score <= 2")


def upgrade() -> None:
    op.create_table(
        "ticket_waits",
        sa.Column("ticket_id", sa.String(length=36), nullable=False),
        sa.Column("choice", sa.String(length=10), nullable=True),
        sa.Column("chosen_at", UtcDateTime(), nullable=True),
        sa.Column("mail_to", sa.String(length=254), nullable=True),
        sa.Column("acknowledged_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["ticket_id"], ["tickets.id"], name=op.f("fk_ticket_waits_ticket_id_tickets")
        ),
        sa.PrimaryKeyConstraint("ticket_id", name=op.f("pk_ticket_waits")),
    )
    op.create_table(
        "feedback",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("subject", sa.String(length=80), nullable=False),
        sa.Column("part", sa.String(length=10), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("conversation_id", sa.String(length=36), nullable=False),
        sa.Column("contact_id", sa.String(length=36), nullable=False),
        sa.Column("ticket_id", sa.String(length=36), nullable=True),
        sa.Column("ticket_number", sa.String(length=20), nullable=True),
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.Column("channel", sa.String(length=20), nullable=False),
        sa.Column("locale", sa.String(length=10), nullable=False),
        sa.Column("agent_id", sa.String(length=36), nullable=True),
        sa.Column("agent_name", sa.String(length=120), nullable=True),
        sa.Column("queue_key", sa.String(length=60), nullable=True),
        sa.Column("level", sa.String(length=4), nullable=True),
        sa.Column("article_key", sa.String(length=120), nullable=True),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("due_at", UtcDateTime(), nullable=True),
        sa.Column("asked_at", UtcDateTime(), nullable=True),
        sa.Column("why_not", sa.String(length=30), nullable=True),
        sa.Column("score", sa.Integer(), nullable=True),
        sa.Column("answered_at", UtcDateTime(), nullable=True),
        sa.Column("comment", sa.Text(), nullable=True),
        sa.Column("seen_at", UtcDateTime(), nullable=True),
        sa.Column("seen_by", sa.String(length=36), nullable=True),
        sa.Column("seen_by_name", sa.String(length=120), nullable=True),
        sa.ForeignKeyConstraint(
            ["conversation_id"],
            ["conversations.id"],
            name=op.f("fk_feedback_conversation_id_conversations"),
        ),
        sa.ForeignKeyConstraint(
            ["contact_id"], ["contacts.id"], name=op.f("fk_feedback_contact_id_contacts")
        ),
        sa.ForeignKeyConstraint(
            ["ticket_id"], ["tickets.id"], name=op.f("fk_feedback_ticket_id_tickets")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_feedback")),
        sa.UniqueConstraint("subject", name=op.f("uq_feedback_subject")),
    )
    with op.batch_alter_table("feedback", schema=None) as batch_op:
        batch_op.create_index(
            "ix_feedback_conversation", ["conversation_id", "created_at"], unique=False
        )
        batch_op.create_index("ix_feedback_asked_at", ["asked_at"], unique=False)
        batch_op.create_index(
            "ix_feedback_contact", ["contact_id", "part", "asked_at"], unique=False
        )
        batch_op.create_index(
            "ix_feedback_due_at",
            ["due_at"],
            unique=False,
            sqlite_where=_DUE,
            postgresql_where=_DUE,
        )
        batch_op.create_index(
            "ix_feedback_bad",
            ["answered_at"],
            unique=False,
            sqlite_where=_BAD,
            postgresql_where=_BAD,
        )
    op.create_table(
        "feedback_refusals",
        sa.Column("contact_id", sa.String(length=36), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["contact_id"], ["contacts.id"], name=op.f("fk_feedback_refusals_contact_id_contacts")
        ),
        sa.PrimaryKeyConstraint("contact_id", name=op.f("pk_feedback_refusals")),
    )
    op.create_table(
        "feedback_settings",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("value", JsonColumn, nullable=False),
        sa.Column("changed_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_feedback_settings")),
    )


def downgrade() -> None:
    op.drop_table("feedback_settings")
    op.drop_table("feedback_refusals")
    op.drop_table("feedback")
    op.drop_table("ticket_waits")
