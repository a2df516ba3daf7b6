"""Articles proposed from tickets."""

import sqlalchemy as sa
from alembic import op

from bot.kit.db import UtcDateTime

revision = "0014_knowledge"
down_revision = "0013_transcripts"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "article_proposals",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("ticket_id", sa.String(length=36), nullable=False),
        sa.Column("conversation_id", sa.String(length=36), nullable=False),
        sa.Column("author", sa.String(length=36), nullable=False),
        sa.Column("question", sa.Text(), nullable=False),
        sa.Column("answer", sa.Text(), nullable=False),
        sa.Column("locale", sa.String(length=10), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("reason", sa.String(length=500), nullable=True),
        sa.Column("article_id", sa.String(length=36), nullable=True),
        sa.Column("article_key", sa.String(length=80), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
        sa.Column("decided_at", UtcDateTime(), nullable=True),
        sa.Column("decided_by", sa.String(length=36), nullable=True),
        sa.ForeignKeyConstraint(
            ["conversation_id"],
            ["conversations.id"],
            name=op.f("fk_article_proposals_conversation_id_conversations"),
        ),
        sa.ForeignKeyConstraint(
            ["ticket_id"], ["tickets.id"], name=op.f("fk_article_proposals_ticket_id_tickets")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_article_proposals")),
        sa.UniqueConstraint("ticket_id", name=op.f("uq_article_proposals_ticket_id")),
    )
    with op.batch_alter_table("article_proposals", schema=None) as batch_op:
        for column in ("conversation_id", "author", "article_key"):
            batch_op.create_index(
                batch_op.f(f"ix_article_proposals_{column}"), [column], unique=False
            )
        batch_op.create_index("ix_article_proposals_line", ["state", "updated_at"], unique=False)


def downgrade() -> None:
    op.drop_table("article_proposals")
