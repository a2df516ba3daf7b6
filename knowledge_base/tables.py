"""The mapped tables of articles, their revisions and vectors, and the counter of live changes."""

from datetime import date, datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from bot.kit.db import Base, JsonColumn, UtcDateTime


class ArticleRow(Base):
    """One answer in one language."""

    __tablename__ = "articles"
    __table_args__ = (sa.UniqueConstraint("key", "locale"),)

    id: Mapped[str] = mapped_column(sa.String(36), primary_key=True)
    key: Mapped[str] = mapped_column(sa.String(80))
    locale: Mapped[str] = mapped_column(sa.String(10))
    title: Mapped[str] = mapped_column(sa.String(200))
    """Title of the newest revision, for lists."""
    search_text: Mapped[str] = mapped_column(sa.Text)
    """Folded title, key, phrasings and tags of the newest revision, for the list's search box."""
    category: Mapped[str | None] = mapped_column(sa.String(80))
    tags: Mapped[list[str]] = mapped_column(JsonColumn)
    state: Mapped[str] = mapped_column(sa.String(10), index=True)
    version: Mapped[int] = mapped_column(sa.Integer)
    """Raised by every change; an editor who read an older one is told so."""
    revision: Mapped[int] = mapped_column(sa.Integer)
    """Number of the newest revision."""
    published_revision: Mapped[int | None] = mapped_column(sa.Integer)
    live_version: Mapped[int] = mapped_column(sa.Integer, index=True)
    """Value of `kb_version` when what customers see of this article last changed; 0: never."""
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    updated_by: Mapped[str | None] = mapped_column(sa.String(36))
    audience: Mapped[str] = mapped_column(sa.String(10), server_default="public")
    stage: Mapped[str | None] = mapped_column(sa.String(10))
    """How far the newest text is on its way to customers: in_review, scheduled, or neither."""
    publish_at: Mapped[datetime | None] = mapped_column(UtcDateTime, index=True)
    """When a scheduled text is published."""
    scheduled_by: Mapped[str | None] = mapped_column(sa.String(36))
    owner: Mapped[str | None] = mapped_column(sa.String(36))
    """Staff id of who keeps it right."""
    review_by: Mapped[date | None] = mapped_column(sa.Date)
    """Day by which somebody should read it again."""
    text_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """When the newest text was written; NULL in rows older than this column: when it was begun."""
    checked_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """When a translation was last said to agree with its original."""


class RevisionRow(Base):
    """One version of an article's text; never changed once customers have seen it."""

    __tablename__ = "article_revisions"

    article_id: Mapped[str] = mapped_column(sa.ForeignKey("articles.id"), primary_key=True)
    number: Mapped[int] = mapped_column(sa.Integer, primary_key=True, autoincrement=False)
    title: Mapped[str] = mapped_column(sa.String(200))
    answer: Mapped[str] = mapped_column(sa.Text)
    phrasings: Mapped[list[str]] = mapped_column(JsonColumn)
    author: Mapped[str | None] = mapped_column(sa.String(36))
    """Staff id; None for the command line and the demo content."""
    reason: Mapped[str | None] = mapped_column(sa.String(300))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    short_answer: Mapped[str] = mapped_column(sa.Text, server_default="")
    links: Mapped[list[dict[str, str]]] = mapped_column(JsonColumn, server_default="[]")
    flows: Mapped[list[str]] = mapped_column(JsonColumn, server_default="[]")
    related: Mapped[list[str]] = mapped_column(JsonColumn, server_default="[]")


class CategoryRow(Base):
    """One branch of the tree that articles are sorted into."""

    __tablename__ = "kb_categories"

    key: Mapped[str] = mapped_column(sa.String(80), primary_key=True)
    parent: Mapped[str | None] = mapped_column(sa.String(80))
    position: Mapped[int] = mapped_column(sa.Integer)
    names: Mapped[dict[str, str]] = mapped_column(JsonColumn)
    """By language; a missing one is shown in another language, or as the key."""
    version: Mapped[int] = mapped_column(sa.Integer)


class PublishingRow(Base):
    """A single row with the rules of publishing, set by administrators."""

    __tablename__ = "kb_publishing"

    id: Mapped[int] = mapped_column(sa.Integer, primary_key=True, autoincrement=False)
    review_required: Mapped[bool] = mapped_column(sa.Boolean)
    """Whether only reviewers and administrators publish."""


class VectorRow(Base):
    """The sentence vectors of one revision, made by one encoder."""

    __tablename__ = "article_vectors"
    __table_args__ = (
        sa.ForeignKeyConstraint(
            ["article_id", "number"],
            ["article_revisions.article_id", "article_revisions.number"],
            name="fk_article_vectors_revision",
        ),
    )

    article_id: Mapped[str] = mapped_column(sa.String(36), primary_key=True)
    number: Mapped[int] = mapped_column(sa.Integer, primary_key=True, autoincrement=False)
    encoder: Mapped[str] = mapped_column(sa.String(60), primary_key=True)
    count: Mapped[int] = mapped_column(sa.Integer)
    data: Mapped[bytes] = mapped_column(sa.LargeBinary)
    """`count` × 512 signed bytes, each component times 127; int8 loses nothing measurable."""


class KnowledgeVersionRow(Base):
    """A single row that counts what customers can notice: publish, archive, restore."""

    __tablename__ = "kb_version"

    id: Mapped[int] = mapped_column(sa.Integer, primary_key=True, autoincrement=False)
    version: Mapped[int] = mapped_column(sa.Integer)
