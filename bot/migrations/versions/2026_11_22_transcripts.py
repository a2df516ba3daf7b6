"""Transcripts that were made, and their hashes; earlier versions of edited messages."""

import sqlalchemy as sa
from alembic import op

from bot.kit.db import JsonColumn, UtcDateTime

revision = "0013_transcripts"
down_revision = "0012_feedback"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "message_edits",
        sa.Column("message_id", sa.String(length=36), nullable=False),
        sa.Column("n", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("conversation_id", sa.String(length=36), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("written_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["conversation_id"],
            ["conversations.id"],
            name=op.f("fk_message_edits_conversation_id_conversations"),
        ),
        sa.ForeignKeyConstraint(
            ["message_id"], ["messages.id"], name=op.f("fk_message_edits_message_id_messages")
        ),
        sa.PrimaryKeyConstraint("message_id", "n", name=op.f("pk_message_edits")),
    )
    op.create_index(op.f("ix_message_edits_conversation_id"), "message_edits", ["conversation_id"])
    op.create_table(
        "transcript_exports",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("conversation_id", sa.String(length=36), nullable=False),
        sa.Column("act", sa.String(length=10), nullable=False),
        sa.Column("form", sa.String(length=4), nullable=False),
        sa.Column("edition", sa.String(length=10), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("parts", JsonColumn, nullable=False),
        sa.Column("messages", sa.Integer(), nullable=False),
        sa.Column("made_at", UtcDateTime(), nullable=False),
        sa.Column("made_by", sa.String(length=36), nullable=True),
        sa.Column("sent_to", sa.String(length=254), nullable=True),
        sa.ForeignKeyConstraint(
            ["conversation_id"],
            ["conversations.id"],
            name=op.f("fk_transcript_exports_conversation_id_conversations"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_transcript_exports")),
    )
    op.create_index(
        "ix_transcript_exports_conversation", "transcript_exports", ["conversation_id", "made_at"]
    )
    op.create_table(
        "transcript_requests",
        sa.Column("conversation_id", sa.String(length=36), nullable=False),
        sa.Column("email", sa.String(length=254), nullable=True),
        sa.Column("asked_by", sa.String(length=36), nullable=True),
        sa.Column("until", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["conversation_id"],
            ["conversations.id"],
            name=op.f("fk_transcript_requests_conversation_id_conversations"),
        ),
        sa.PrimaryKeyConstraint("conversation_id", name=op.f("pk_transcript_requests")),
    )


def downgrade() -> None:
    op.drop_table("transcript_requests")
    op.drop_index("ix_transcript_exports_conversation", table_name="transcript_exports")
    op.drop_table("transcript_exports")
    op.drop_index(op.f("ix_message_edits_conversation_id"), table_name="message_edits")
    op.drop_table("message_edits")
