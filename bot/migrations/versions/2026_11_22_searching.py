"""Synonyms, golden questions and what people asked."""

import sqlalchemy as sa
from alembic import op

from bot.kit.db import JsonColumn, UtcDateTime

revision = "0005_searching"
down_revision = "0004_articles"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "kb_synonyms",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("locale", sa.String(length=10), nullable=False),
        sa.Column("phrases", JsonColumn, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
        sa.Column("updated_by", sa.String(length=36), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_kb_synonyms")),
    )
    op.create_index(op.f("ix_kb_synonyms_locale"), "kb_synonyms", ["locale"], unique=False)
    op.create_table(
        "kb_stop_words",
        sa.Column("locale", sa.String(length=10), nullable=False),
        sa.Column("word", sa.String(length=60), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("created_by", sa.String(length=36), nullable=True),
        sa.PrimaryKeyConstraint("locale", "word", name=op.f("pk_kb_stop_words")),
    )
    op.create_table(
        "kb_golden",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("key", sa.String(length=80), nullable=False),
        sa.Column("locale", sa.String(length=10), nullable=False),
        sa.Column("question", sa.String(length=300), nullable=False),
        sa.Column("folded", sa.String(length=300), nullable=False),
        sa.Column("least", sa.String(length=10), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("created_by", sa.String(length=36), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_kb_golden")),
        sa.UniqueConstraint("locale", "folded", name="uq_kb_golden_question"),
    )
    op.create_index(op.f("ix_kb_golden_key"), "kb_golden", ["key"], unique=False)
    op.create_table(
        "kb_asked",
        sa.Column("message_id", sa.String(length=36), nullable=False),
        sa.Column("conversation_id", sa.String(length=36), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("locale", sa.String(length=10), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("vector", sa.LargeBinary(), nullable=True),
        sa.Column("outcome", sa.String(length=20), nullable=False),
        sa.Column("article_id", sa.String(length=36), nullable=True),
        sa.Column("article_key", sa.String(length=80), nullable=True),
        sa.Column("revision", sa.Integer(), nullable=True),
        sa.Column("verdict", sa.String(length=10), nullable=True),
        sa.Column("led_to_person", sa.Boolean(), nullable=False),
        sa.Column("asked_again_at", UtcDateTime(), nullable=True),
        sa.Column("group_id", sa.String(length=36), nullable=True),
        sa.PrimaryKeyConstraint("message_id", name=op.f("pk_kb_asked")),
    )
    op.create_index(op.f("ix_kb_asked_at"), "kb_asked", ["at"], unique=False)
    op.create_index("ix_kb_asked_article", "kb_asked", ["article_id", "at"], unique=False)
    op.create_index("ix_kb_asked_conversation", "kb_asked", ["conversation_id", "at"], unique=False)
    op.create_index("ix_kb_asked_group", "kb_asked", ["group_id", "at"], unique=False)
    op.create_table(
        "kb_asked_groups",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("sum", sa.LargeBinary(), nullable=False),
        sa.Column("article_key", sa.String(length=80), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("decided_at", UtcDateTime(), nullable=True),
        sa.Column("decided_by", sa.String(length=36), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_kb_asked_groups")),
    )
    op.create_index(op.f("ix_kb_asked_groups_state"), "kb_asked_groups", ["state"], unique=False)
    op.create_table(
        "kb_asked_progress",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("until", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_kb_asked_progress")),
    )
    op.create_index(
        "ix_messages_decided",
        "messages",
        ["created_at"],
        unique=False,
        sqlite_where=sa.text("decision IS NOT NULL"),
        postgresql_where=sa.text("decision IS NOT NULL"),
    )


def downgrade() -> None:
    op.drop_index("ix_messages_decided", table_name="messages")
    for table in (
        "kb_asked_progress",
        "kb_asked_groups",
        "kb_asked",
        "kb_golden",
        "kb_stop_words",
        "kb_synonyms",
    ):
        op.drop_table(table)
