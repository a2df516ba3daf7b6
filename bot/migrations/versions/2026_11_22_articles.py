"""What editors need to say about an article."""

import sqlalchemy as sa
from alembic import op

from bot.kit.db import JsonColumn, UtcDateTime

revision = "0004_articles"
down_revision = "0003_learning"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "kb_categories",
        sa.Column("key", sa.String(length=80), nullable=False),
        sa.Column("parent", sa.String(length=80), nullable=True),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("names", JsonColumn, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_kb_categories")),
    )
    op.create_table(
        "kb_publishing",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("review_required", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_kb_publishing")),
    )
    with op.batch_alter_table("article_revisions", schema=None) as batch_op:
        batch_op.add_column(sa.Column("short_answer", sa.Text(), server_default="", nullable=False))
        for name in ("links", "flows", "related"):
            batch_op.add_column(sa.Column(name, JsonColumn, server_default="[]", nullable=False))
    with op.batch_alter_table("articles", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column("audience", sa.String(length=10), server_default="public", nullable=False)
        )
        batch_op.add_column(sa.Column("stage", sa.String(length=10), nullable=True))
        batch_op.add_column(sa.Column("publish_at", UtcDateTime(), nullable=True))
        batch_op.add_column(sa.Column("scheduled_by", sa.String(length=36), nullable=True))
        batch_op.add_column(sa.Column("owner", sa.String(length=36), nullable=True))
        batch_op.add_column(sa.Column("review_by", sa.Date(), nullable=True))
        batch_op.add_column(sa.Column("text_at", UtcDateTime(), nullable=True))
        batch_op.add_column(sa.Column("checked_at", UtcDateTime(), nullable=True))
        batch_op.create_index(batch_op.f("ix_articles_publish_at"), ["publish_at"], unique=False)
    articles = sa.table("articles", sa.column("category", sa.String))
    categories = sa.table(
        "kb_categories",
        sa.column("key", sa.String),
        sa.column("position", sa.Integer),
        sa.column("names", JsonColumn),
        sa.column("version", sa.Integer),
    )
    connection = op.get_bind()
    found = connection.execute(
        sa.select(articles.c.category).where(articles.c.category.is_not(None)).distinct()
    )
    rows = [
        {"key": key, "position": number, "names": {}, "version": 1}
        for number, key in enumerate(sorted(found.scalars()))
    ]
    if rows:
        connection.execute(sa.insert(categories), rows)


def downgrade() -> None:
    with op.batch_alter_table("articles", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_articles_publish_at"))
        for name in (
            "checked_at",
            "text_at",
            "review_by",
            "owner",
            "scheduled_by",
            "publish_at",
            "stage",
            "audience",
        ):
            batch_op.drop_column(name)
    with op.batch_alter_table("article_revisions", schema=None) as batch_op:
        for name in ("related", "flows", "links", "short_answer"):
            batch_op.drop_column(name)
    op.drop_table("kb_publishing")
    op.drop_table("kb_categories")
