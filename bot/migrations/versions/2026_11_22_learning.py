"""Reviewed messages, training runs and models."""

import sqlalchemy as sa
from alembic import op

from bot.kit.db import JsonColumn, UtcDateTime

revision = "0003_learning"
down_revision = "0002_texts"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "learning_items",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("locale", sa.String(length=10), nullable=False),
        sa.Column("norm", sa.String(length=64), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("marked", sa.Boolean(), nullable=False),
        sa.Column("not_helped", sa.Boolean(), nullable=False),
        sa.Column("fallback", sa.Boolean(), nullable=False),
        sa.Column("low_margin", sa.Boolean(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("margin", sa.Float(), nullable=True),
        sa.Column("rank", sa.Float(), nullable=False),
        sa.Column("decision", JsonColumn, nullable=False),
        sa.Column("message_id", sa.String(length=36), nullable=False),
        sa.Column("conversation_id", sa.String(length=36), nullable=False),
        sa.Column("first_at", UtcDateTime(), nullable=False),
        sa.Column("last_at", UtcDateTime(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("reviewed", sa.Boolean(), nullable=False),
        sa.Column("verdict", sa.String(length=10), nullable=True),
        sa.Column("intent", sa.String(length=60), nullable=True),
        sa.Column("article_id", sa.String(length=36), nullable=True),
        sa.Column("article_title", sa.String(length=200), nullable=True),
        sa.Column("reviewed_by", sa.String(length=36), nullable=True),
        sa.Column("reviewed_at", UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_learning_items")),
        sa.UniqueConstraint("locale", "norm", name=op.f("uq_learning_items_locale_norm")),
    )
    with op.batch_alter_table("learning_items", schema=None) as batch_op:
        batch_op.create_index("ix_learning_items_line", ["reviewed", "rank", "id"], unique=False)
        batch_op.create_index(
            batch_op.f("ix_learning_items_conversation_id"), ["conversation_id"], unique=False
        )
        batch_op.create_index(batch_op.f("ix_learning_items_verdict"), ["verdict"], unique=False)
    op.create_table(
        "learning_reviews",
        sa.Column("item_id", sa.String(length=36), nullable=False),
        sa.Column("version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("verdict", sa.String(length=10), nullable=True),
        sa.Column("intent", sa.String(length=60), nullable=True),
        sa.Column("article_id", sa.String(length=36), nullable=True),
        sa.Column("by", sa.String(length=36), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["item_id"],
            ["learning_items.id"],
            name=op.f("fk_learning_reviews_item_id_learning_items"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("item_id", "version", name=op.f("pk_learning_reviews")),
    )
    op.create_table(
        "learning_marks",
        sa.Column("message_id", sa.String(length=36), nullable=False),
        sa.Column("conversation_id", sa.String(length=36), nullable=False),
        sa.Column("by", sa.String(length=36), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("message_id", name=op.f("pk_learning_marks")),
    )
    with op.batch_alter_table("learning_marks", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_learning_marks_conversation_id"), ["conversation_id"], unique=False
        )
    op.create_table(
        "learning_collected",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("cursor", sa.String(length=36), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_learning_collected")),
    )
    op.create_table(
        "learning_jobs",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("slot", sa.Integer(), nullable=True),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("step", sa.String(length=40), nullable=False),
        sa.Column("progress", sa.Integer(), nullable=False),
        sa.Column("example_count", sa.Integer(), nullable=False),
        sa.Column("model_id", sa.String(length=64), nullable=True),
        sa.Column("report", JsonColumn, nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("created_by", sa.String(length=36), nullable=True),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("started_at", UtcDateTime(), nullable=True),
        sa.Column("ended_at", UtcDateTime(), nullable=True),
        sa.Column("holder", sa.String(length=36), nullable=True),
        sa.Column("lease_until", UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_learning_jobs")),
        sa.UniqueConstraint("slot", name=op.f("uq_learning_jobs_slot")),
    )
    op.create_table(
        "learning_models",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("base_hash", sa.String(length=64), nullable=False),
        sa.Column("origin", sa.String(length=12), nullable=False),
        sa.Column("examples", sa.Text(), nullable=False),
        sa.Column("example_count", sa.Integer(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("scores", JsonColumn, nullable=True),
        sa.Column("measured_with", sa.String(length=64), nullable=True),
        sa.Column("kept", sa.Boolean(), nullable=False),
        sa.Column("created_by", sa.String(length=36), nullable=True),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_learning_models")),
    )
    op.create_table(
        "learning_model_parts",
        sa.Column("model_id", sa.String(length=64), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["model_id"],
            ["learning_models.id"],
            name=op.f("fk_learning_model_parts_model_id_learning_models"),
        ),
        sa.PrimaryKeyConstraint("model_id", "number", name=op.f("pk_learning_model_parts")),
    )
    op.create_table(
        "learning_promotions",
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("model_id", sa.String(length=64), nullable=False),
        sa.Column("base_hash", sa.String(length=64), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("by", sa.String(length=36), nullable=True),
        sa.Column("forced", sa.Boolean(), nullable=False),
        sa.Column("reason", sa.String(length=300), nullable=True),
        sa.ForeignKeyConstraint(
            ["model_id"],
            ["learning_models.id"],
            name=op.f("fk_learning_promotions_model_id_learning_models"),
        ),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_learning_promotions")),
    )
    with op.batch_alter_table("learning_promotions", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_learning_promotions_base_hash"), ["base_hash"], unique=False
        )
    op.create_table(
        "learning_hosts",
        sa.Column("gateway", sa.String(length=36), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("place", sa.String(length=200), nullable=False),
        sa.Column("ready", sa.Boolean(), nullable=False),
        sa.Column("model", sa.String(length=200), nullable=True),
        sa.Column("error", sa.String(length=300), nullable=True),
        sa.Column("seen_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("gateway", "number", name=op.f("pk_learning_hosts")),
    )


def downgrade() -> None:
    for name in (
        "learning_hosts",
        "learning_promotions",
        "learning_model_parts",
        "learning_models",
        "learning_jobs",
        "learning_collected",
        "learning_marks",
        "learning_reviews",
        "learning_items",
    ):
        op.drop_table(name)
