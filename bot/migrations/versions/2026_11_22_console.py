# ruff: noqa: S608  the statements are made of this file's own words
"""Saved views, canned replies, sent articles, how far a customer has read, and the words to search by."""

import sqlalchemy as sa
from alembic import op

from bot.kit.db import JsonColumn, UtcDateTime

revision = "0011_console"
down_revision = "0010_macros"
branch_labels = None
depends_on = None

CONTACT = "coalesce({0}display_name, '') || ' ' || coalesce({0}email, '') || ' ' || coalesce({0}verified_as, '')"
WORDS = {
    "message": ("messages", "{0}text", "{0}author <> 'system'", "text"),
    "contact": ("contacts", CONTACT, "1 = 1", "display_name, email, verified_as"),
    "ticket": ("tickets", "{0}subject", "1 = 1", "subject"),
}
"""By what is found: table, its words, which rows, and the columns whose change matters."""
FOLDED = (
    "translate(lower({0}), 'áàâãäåéèêëíìîïóòôõöúùûüçñýÿ@._/+-', "
    "'aaaaaaeeeeiiiiooooouuuucnyy      ')"
)
"""The same letters and gaps as `handoff.search.repository.FOLDED`."""


def upgrade() -> None:
    op.create_table(
        "saved_views",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("owner_id", sa.String(length=36), nullable=False),
        sa.Column("shared", sa.Boolean(), nullable=False),
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("filters", JsonColumn, nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_saved_views")),
    )
    op.create_index(op.f("ix_saved_views_owner_id"), "saved_views", ["owner_id"], unique=False)
    op.create_table(
        "default_views",
        sa.Column("staff_id", sa.String(length=36), nullable=False),
        sa.Column("view", sa.String(length=36), nullable=False),
        sa.PrimaryKeyConstraint("staff_id", name=op.f("pk_default_views")),
    )
    op.create_table(
        "canned_replies",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("owner_id", sa.String(length=36), nullable=False),
        sa.Column("shortcut", sa.String(length=30), nullable=False),
        sa.Column("title", sa.String(length=80), nullable=False),
        sa.Column("texts", JsonColumn, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
        sa.Column("updated_by", sa.String(length=36), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_canned_replies")),
        sa.UniqueConstraint(
            "owner_id", "shortcut", name=op.f("uq_canned_replies_owner_id_shortcut")
        ),
    )
    op.create_table(
        "ticket_articles",
        sa.Column("message_id", sa.String(length=36), nullable=False),
        sa.Column("ticket_id", sa.String(length=36), nullable=False),
        sa.Column("article_id", sa.String(length=36), nullable=False),
        sa.Column("article_key", sa.String(length=80), nullable=False),
        sa.Column("title", sa.String(length=200), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("way", sa.String(length=10), nullable=False),
        sa.Column("score", sa.Float(), nullable=True),
        sa.Column("staff_id", sa.String(length=36), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["message_id"], ["messages.id"], name=op.f("fk_ticket_articles_message_id_messages")
        ),
        sa.ForeignKeyConstraint(
            ["ticket_id"], ["tickets.id"], name=op.f("fk_ticket_articles_ticket_id_tickets")
        ),
        sa.PrimaryKeyConstraint("message_id", name=op.f("pk_ticket_articles")),
    )
    op.create_index(
        op.f("ix_ticket_articles_ticket_id"), "ticket_articles", ["ticket_id"], unique=False
    )
    op.add_column(
        "conversations", sa.Column("seen_seq", sa.Integer(), server_default="0", nullable=False)
    )
    if op.get_bind().dialect.name == "sqlite":
        _words_on_sqlite()
    else:
        for kind, (table, words, condition, _) in WORDS.items():
            expression = FOLDED.format(words.format(""))
            where = f" WHERE {condition.format('')}" if kind == "message" else ""
            _run(
                f"CREATE INDEX ix_desk_words_{kind} ON {table} "
                f"USING gin (to_tsvector('simple', {expression})){where}"
            )


def _run(statement: str) -> None:
    op.get_bind().exec_driver_sql(statement)


def _words_on_sqlite() -> None:
    """An index of words without the text itself, kept by triggers: what is erased is out of it too."""
    _run("DROP TABLE IF EXISTS desk_words")
    _run("DROP TABLE IF EXISTS desk_words_of")
    _run(
        "CREATE TABLE desk_words_of "
        "(id INTEGER PRIMARY KEY, kind TEXT NOT NULL, ref TEXT NOT NULL, UNIQUE (kind, ref))"
    )
    _run(
        "CREATE VIRTUAL TABLE desk_words USING fts5(message, contact, ticket, content='', "
        "tokenize='unicode61 remove_diacritics 2', prefix='2 3')"
    )
    # Removed words are overwritten, as everything that is erased (`PRAGMA secure_delete`).
    _run("INSERT INTO desk_words(desk_words, rank) VALUES ('secure-delete', 1)")
    for kind, (table, words, condition, columns) in WORDS.items():
        _run(
            f"INSERT INTO desk_words_of(kind, ref) SELECT '{kind}', id FROM {table} "
            f"WHERE {condition.format('')} ORDER BY rowid"
        )
        _run(
            f"INSERT INTO desk_words(rowid, {kind}) SELECT o.id, {words.format('t.')} "
            f"FROM desk_words_of o JOIN {table} t ON t.id = o.ref WHERE o.kind = '{kind}'"
        )
        place = f"(SELECT id FROM desk_words_of WHERE kind = '{kind}' AND ref = {{0}}.id)"
        put = (
            f"INSERT INTO desk_words(rowid, {kind}) "
            f"VALUES ({place.format('new')}, {words.format('new.')});"
        )
        drop = (
            f"INSERT INTO desk_words(desk_words, rowid, {kind}) "
            f"VALUES ('delete', {place.format('old')}, {words.format('old.')});"
        )
        _run(
            f"CREATE TRIGGER desk_words_{kind}_put AFTER INSERT ON {table} "
            f"WHEN {condition.format('new.')} BEGIN "
            f"INSERT INTO desk_words_of(kind, ref) VALUES ('{kind}', new.id); {put} END"
        )
        _run(
            f"CREATE TRIGGER desk_words_{kind}_change AFTER UPDATE OF {columns} ON {table} "
            f"WHEN {condition.format('new.')} BEGIN {drop} {put} END"
        )
        _run(
            f"CREATE TRIGGER desk_words_{kind}_drop AFTER DELETE ON {table} "
            f"WHEN {condition.format('old.')} BEGIN {drop} "
            f"DELETE FROM desk_words_of WHERE kind = '{kind}' AND ref = old.id; END"
        )


def downgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        for kind in WORDS:
            for what in ("put", "change", "drop"):
                _run(f"DROP TRIGGER IF EXISTS desk_words_{kind}_{what}")
        _run("DROP TABLE IF EXISTS desk_words")
        _run("DROP TABLE IF EXISTS desk_words_of")
    else:
        for kind in WORDS:
            _run(f"DROP INDEX ix_desk_words_{kind}")
    with op.batch_alter_table("conversations", schema=None) as batch_op:
        batch_op.drop_column("seen_seq")
    for table in ("ticket_articles", "canned_replies", "default_views", "saved_views"):
        op.drop_table(table)
