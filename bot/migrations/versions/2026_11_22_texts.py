"""Texts, opening hours and notices edited in the admin pages."""

import sqlalchemy as sa
from alembic import op

from bot.kit.db import JsonColumn, UtcDateTime

revision = "0002_texts"
down_revision = "0001_first_schema"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "bot_texts",
        sa.Column("key", sa.String(length=80), nullable=False),
        sa.Column("locale", sa.String(length=10), nullable=False),
        sa.Column("channel", sa.String(length=10), nullable=False),
        sa.Column("text", sa.Text(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
        sa.Column("updated_by", sa.String(length=36), nullable=True),
        sa.PrimaryKeyConstraint("key", "locale", "channel", name=op.f("pk_bot_texts")),
    )
    op.create_table(
        "bot_text_revisions",
        sa.Column("key", sa.String(length=80), nullable=False),
        sa.Column("locale", sa.String(length=10), nullable=False),
        sa.Column("channel", sa.String(length=10), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("text", sa.Text(), nullable=True),
        sa.Column("author", sa.String(length=36), nullable=True),
        sa.Column("reason", sa.String(length=300), nullable=True),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint(
            "key", "locale", "channel", "number", name=op.f("pk_bot_text_revisions")
        ),
    )
    op.create_table(
        "bot_texts_version",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bot_texts_version")),
    )
    with op.batch_alter_table("hours_calendars", schema=None) as batch_op:
        for column in (
            sa.Column("names", JsonColumn, nullable=False, server_default=sa.text("'{}'")),
            sa.Column("words", JsonColumn, nullable=False, server_default=sa.text("'[]'")),
            sa.Column("notices", JsonColumn, nullable=False, server_default=sa.text("'[]'")),
            sa.Column("version", sa.Integer(), nullable=False, server_default=sa.text("1")),
            sa.Column("updated_by", sa.String(length=36), nullable=True),
        ):
            batch_op.add_column(column)
    op.create_table(
        "incidents",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("title", sa.String(length=120), nullable=False),
        sa.Column("texts", JsonColumn, nullable=False),
        sa.Column("topic", JsonColumn, nullable=False),
        sa.Column("starts_at", UtcDateTime(), nullable=False),
        sa.Column("ends_at", UtcDateTime(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("created_by", sa.String(length=36), nullable=True),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
        sa.Column("updated_by", sa.String(length=36), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_incidents")),
    )
    with op.batch_alter_table("incidents", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_incidents_starts_at"), ["starts_at"], unique=False)
    op.create_table(
        "incident_tellings",
        sa.Column("incident_id", sa.String(length=36), nullable=False),
        sa.Column("conversation_id", sa.String(length=36), nullable=False),
        sa.Column("told_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["conversation_id"],
            ["conversations.id"],
            name=op.f("fk_incident_tellings_conversation_id_conversations"),
        ),
        sa.ForeignKeyConstraint(
            ["incident_id"],
            ["incidents.id"],
            name=op.f("fk_incident_tellings_incident_id_incidents"),
        ),
        sa.PrimaryKeyConstraint(
            "incident_id", "conversation_id", name=op.f("pk_incident_tellings")
        ),
    )
    with op.batch_alter_table("incident_tellings", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_incident_tellings_conversation_id"), ["conversation_id"], unique=False
        )
    op.create_table(
        "incidents_version",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_incidents_version")),
    )


def downgrade() -> None:
    op.drop_table("incidents_version")
    op.drop_table("incident_tellings")
    op.drop_table("incidents")
    with op.batch_alter_table("hours_calendars", schema=None) as batch_op:
        for name in ("updated_by", "version", "notices", "words", "names"):
            batch_op.drop_column(name)
    op.drop_table("bot_texts_version")
    op.drop_table("bot_text_revisions")
    op.drop_table("bot_texts")
