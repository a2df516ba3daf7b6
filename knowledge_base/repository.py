"""The only SQL on articles, revisions, vectors and the counter of live changes."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import numpy as np
import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import aliased

from bot.kit.db import Tx, insert_ignore
from bot.kit.encoder import DIMENSIONS
from bot.kit.errors import Conflict, NotFound
from bot.staff.tables import StaffRow
from knowledge_base.article import (
    Audience,
    Content,
    Link,
    Stage,
    State,
    is_outdated,
    original_of,
)
from knowledge_base.index import Entry, Int8Matrix
from knowledge_base.tables import (
    ArticleRow,
    CategoryRow,
    KnowledgeVersionRow,
    PublishingRow,
    RevisionRow,
    VectorRow,
)

IN_LIMIT = 500
"""Values in one IN list; far below the limits of both databases."""


@dataclass(frozen=True, slots=True)
class Person:
    """Who did something."""

    id: str
    name: str


@dataclass(frozen=True, slots=True)
class Article:
    """An article without its texts."""

    id: str
    key: str
    locale: str
    title: str
    category: str | None
    tags: tuple[str, ...]
    state: State
    version: int
    revision: int
    published_revision: int | None
    created_at: datetime
    updated_at: datetime
    updated_by: Person | None
    text_at: datetime
    """When the newest text was written."""
    audience: Audience = Audience.PUBLIC
    stage: Stage | None = None
    publish_at: datetime | None = None
    scheduled_by: str | None = None
    """Staff id of who set the instant."""
    owner: Person | None = None
    review_by: date | None = None
    checked_at: datetime | None = None
    """When a translation was last said to agree with its original."""

    @property
    def shown_state(self) -> str:
        """The state as editors speak of it: how far an unpublished text is, else its state."""
        if self.state is State.DRAFT and self.stage is not None:
            return self.stage.value
        return self.state.value

    @property
    def has_draft(self) -> bool:
        """Whether the newest text is newer than what customers see."""
        return self.published_revision is not None and self.revision > self.published_revision


@dataclass(frozen=True, slots=True)
class Revision:
    """One version of an article's text."""

    number: int
    content: Content
    author: Person | None
    reason: str | None
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Filter:
    """What a list of articles is narrowed to."""

    words: tuple[str, ...] = ()
    """Folded; every one must be in the title, key, phrasings or tags."""
    locale: str | None = None
    state: State | None = None
    stage: Stage | None = None
    category: str | None = None
    categories: tuple[str, ...] | None = None
    """Any of these categories; None: all."""
    audience: Audience | None = None
    owner: str | None = None
    review_before: date | None = None
    """Only articles that should be read again before this day."""
    before: tuple[datetime, str] | None = None
    """Cursor: only articles changed before this instant (and id)."""
    limit: int = 50


@dataclass(frozen=True, slots=True)
class LiveChange:
    """An article whose visible text changed; `entry` is None when customers see it no longer."""

    article_id: str
    entry: Entry | None


_OWNER = aliased(StaffRow)
_ARTICLE = (
    ArticleRow.id,
    ArticleRow.key,
    ArticleRow.locale,
    ArticleRow.title,
    ArticleRow.category,
    ArticleRow.tags,
    ArticleRow.state,
    ArticleRow.version,
    ArticleRow.revision,
    ArticleRow.published_revision,
    ArticleRow.created_at,
    ArticleRow.updated_at,
    ArticleRow.updated_by,
    StaffRow.name.label("staff_name"),
    ArticleRow.text_at,
    ArticleRow.audience,
    ArticleRow.stage,
    ArticleRow.publish_at,
    ArticleRow.scheduled_by,
    ArticleRow.owner,
    _OWNER.name.label("owner_name"),
    ArticleRow.review_by,
    ArticleRow.checked_at,
)


def _select_articles() -> sa.Select[Any]:
    columns: list[Any] = list(_ARTICLE)
    return (
        sa.select(*columns)
        .outerjoin(StaffRow, StaffRow.id == ArticleRow.updated_by)
        .outerjoin(_OWNER, _OWNER.id == ArticleRow.owner)
    )


def _to_article(v: sa.RowMapping) -> Article:
    return Article(
        id=v["id"],
        key=v["key"],
        locale=v["locale"],
        title=v["title"],
        category=v["category"],
        tags=tuple(v["tags"] or ()),
        state=State(v["state"]),
        version=v["version"],
        revision=v["revision"],
        published_revision=v["published_revision"],
        created_at=v["created_at"],
        updated_at=v["updated_at"],
        updated_by=_person(v["updated_by"], v["staff_name"]),
        text_at=v["text_at"] or v["created_at"],
        audience=Audience(v["audience"]),
        stage=Stage(v["stage"]) if v["stage"] else None,
        publish_at=v["publish_at"],
        scheduled_by=v["scheduled_by"],
        owner=_person(v["owner"], v["owner_name"]),
        review_by=v["review_by"],
        checked_at=v["checked_at"],
    )


def _person(staff_id: str | None, name: str | None) -> Person | None:
    return Person(staff_id, name or staff_id) if staff_id else None


def find_article(conn: sa.Connection, article_id: str, *, lock: bool = False) -> Article | None:
    """Return the article, or None; `lock` keeps others from changing it until the step ends."""
    query = _select_articles().where(ArticleRow.id == article_id)
    if lock:
        query = query.with_for_update(of=ArticleRow)
    row = conn.execute(query).mappings().one_or_none()
    return _to_article(row) if row else None


def get_article(conn: sa.Connection, article_id: str, *, lock: bool = False) -> Article:
    """Return the article.

    Raises:
        NotFound: there is none with this id.
    """
    found = find_article(conn, article_id, lock=lock)
    if found is None:
        raise NotFound("There is no such article.")
    return found


def find_by_keys(conn: sa.Connection, keys: Iterable[str]) -> dict[tuple[str, str], Article]:
    """Return the articles with these keys, by key and locale."""
    wanted = sorted(set(keys))
    found: dict[tuple[str, str], Article] = {}
    for start in range(0, len(wanted), IN_LIMIT):
        rows = conn.execute(
            _select_articles().where(ArticleRow.key.in_(wanted[start : start + IN_LIMIT]))
        ).mappings()
        for row in rows:
            article = _to_article(row)
            found[article.key, article.locale] = article
    return found


def list_articles(conn: sa.Connection, wanted: Filter) -> list[Article]:
    """Return articles, latest change first."""
    query = _select_articles()
    if wanted.locale is not None:
        query = query.where(ArticleRow.locale == wanted.locale)
    if wanted.state is not None:
        query = query.where(ArticleRow.state == wanted.state.value)
    if wanted.state is State.DRAFT:
        query = query.where(ArticleRow.stage.is_(None))
    if wanted.stage is not None:
        query = query.where(ArticleRow.stage == wanted.stage.value)
    if wanted.audience is not None:
        query = query.where(ArticleRow.audience == wanted.audience.value)
    if wanted.owner is not None:
        query = query.where(ArticleRow.owner == wanted.owner)
    if wanted.review_before is not None:
        query = query.where(
            ArticleRow.review_by < wanted.review_before, ArticleRow.state != State.ARCHIVED.value
        )
    if wanted.category is not None:
        query = query.where(ArticleRow.category == wanted.category)
    if wanted.categories is not None:
        query = query.where(ArticleRow.category.in_(wanted.categories))
    for word in wanted.words:
        query = query.where(ArticleRow.search_text.contains(word, autoescape=True))
    if wanted.before is not None:
        at, article_id = wanted.before
        query = query.where(
            sa.or_(
                ArticleRow.updated_at < at,
                sa.and_(ArticleRow.updated_at == at, ArticleRow.id < article_id),
            )
        )
    query = query.order_by(ArticleRow.updated_at.desc(), ArticleRow.id.desc()).limit(wanted.limit)
    return [_to_article(row) for row in conn.execute(query).mappings()]


def list_translations(conn: sa.Connection, key: str) -> list[Article]:
    """Return every article of a key, in all languages."""
    query = _select_articles().where(ArticleRow.key == key).order_by(ArticleRow.locale)
    rows = conn.execute(query).mappings()
    return [_to_article(row) for row in rows]


def all_articles(conn: sa.Connection) -> list[Article]:
    """Return every article by key and language."""
    query = _select_articles().order_by(ArticleRow.key, ArticleRow.locale)
    rows = conn.execute(query).mappings()
    return [_to_article(row) for row in rows]


def key_is_taken(conn: sa.Connection, key: str, locale: str | None = None) -> bool:
    """Tell whether a key is in use (in that language, or in any)."""
    query = sa.select(ArticleRow.id).where(ArticleRow.key == key)
    if locale is not None:
        query = query.where(ArticleRow.locale == locale)
    return conn.execute(query.limit(1)).first() is not None


# ---------------------------------------------------------------------------------- revisions


def _select_revisions() -> sa.Select[Any]:
    columns: list[Any] = [
        RevisionRow.article_id,
        RevisionRow.number,
        RevisionRow.title,
        RevisionRow.answer,
        RevisionRow.phrasings,
        RevisionRow.author,
        RevisionRow.reason,
        RevisionRow.created_at,
        RevisionRow.short_answer,
        RevisionRow.links,
        RevisionRow.flows,
        RevisionRow.related,
        StaffRow.name.label("staff_name"),
    ]
    return sa.select(*columns).outerjoin(StaffRow, StaffRow.id == RevisionRow.author)


def _to_content(v: sa.RowMapping) -> Content:
    return Content(
        title=v["title"],
        answer=v["answer"],
        phrasings=tuple(v["phrasings"] or ()),
        short_answer=v["short_answer"],
        links=tuple(Link(link["label"], link["url"]) for link in v["links"] or ()),
        flows=tuple(v["flows"] or ()),
        related=tuple(v["related"] or ()),
    )


def content_values(content: Content) -> dict[str, Any]:
    """Return the columns that hold a text. Pure."""
    return {
        "title": content.title,
        "answer": content.answer,
        "phrasings": list(content.phrasings),
        "short_answer": content.short_answer,
        "links": [{"label": link.label, "url": link.url} for link in content.links],
        "flows": list(content.flows),
        "related": list(content.related),
    }


def _to_revision(v: sa.RowMapping) -> Revision:
    return Revision(
        number=v["number"],
        content=_to_content(v),
        author=_person(v["author"], v["staff_name"]),
        reason=v["reason"],
        created_at=v["created_at"],
    )


def list_revisions(conn: sa.Connection, article_id: str) -> list[Revision]:
    """Return every version of an article's text, newest first."""
    rows = conn.execute(
        _select_revisions()
        .where(RevisionRow.article_id == article_id)
        .order_by(RevisionRow.number.desc())
    ).mappings()
    return [_to_revision(row) for row in rows]


def find_revision(conn: sa.Connection, article_id: str, number: int) -> Revision | None:
    """Return one version of an article's text, or None."""
    row = (
        conn.execute(
            _select_revisions().where(
                RevisionRow.article_id == article_id, RevisionRow.number == number
            )
        )
        .mappings()
        .one_or_none()
    )
    return _to_revision(row) if row else None


def get_revision(conn: sa.Connection, article_id: str, number: int) -> Revision:
    """Return one version of an article's text.

    Raises:
        NotFound: the article has no revision of this number.
    """
    found = find_revision(conn, article_id, number)
    if found is None:
        raise NotFound("There is no such revision.")
    return found


def contents(
    conn: sa.Connection, wanted: Iterable[tuple[str, int]]
) -> dict[tuple[str, int], Content]:
    """Return the texts of many revisions, by article id and number."""
    pairs = set(wanted)
    ids = sorted({article_id for article_id, _ in pairs})
    found: dict[tuple[str, int], Content] = {}
    for start in range(0, len(ids), IN_LIMIT):
        rows = conn.execute(
            sa.select(
                RevisionRow.article_id,
                RevisionRow.number,
                RevisionRow.title,
                RevisionRow.answer,
                RevisionRow.phrasings,
                RevisionRow.short_answer,
                RevisionRow.links,
                RevisionRow.flows,
                RevisionRow.related,
            ).where(RevisionRow.article_id.in_(ids[start : start + IN_LIMIT]))
        ).mappings()
        for row in rows:
            if (row["article_id"], row["number"]) in pairs:
                found[row["article_id"], row["number"]] = _to_content(row)
    return found


# ------------------------------------------------------------------------------------- writing


def insert_article(tx: Tx, values: Mapping[str, Any]) -> bool:
    """Store a new article; False, and nothing stored, when its key has this language already."""
    done = tx.conn.execute(
        insert_ignore(ArticleRow, tx.conn.dialect.name).values(**values).returning(ArticleRow.id)
    ).one_or_none()
    return done is not None


def insert_many(
    tx: Tx,
    *,
    articles: Sequence[Mapping[str, Any]],
    revisions: Sequence[Mapping[str, Any]],
    vectors: Sequence[Mapping[str, Any]],
) -> None:
    """Store many new articles with three statements, so that others can write again soon.

    Raises:
        Conflict: one of them is there by now.
    """
    try:
        if articles:
            tx.conn.execute(sa.insert(ArticleRow), articles)
            tx.conn.execute(sa.insert(RevisionRow), revisions)
        if vectors:
            tx.conn.execute(sa.insert(VectorRow), vectors)
    except IntegrityError as error:
        raise Conflict("The articles changed in the meantime: import again.") from error


def vector_values(
    article_id: str, number: int, encoder: str, vectors: Int8Matrix
) -> dict[str, Any]:
    """Return the columns of a revision's vectors. Pure."""
    return {
        "article_id": article_id,
        "number": number,
        "encoder": encoder,
        "count": len(vectors),
        "data": np.ascontiguousarray(vectors).tobytes(),
    }


def insert_revision(
    tx: Tx,
    article_id: str,
    number: int,
    content: Content,
    *,
    author: str | None,
    reason: str | None,
    now: datetime,
) -> None:
    """Store a version of an article's text."""
    tx.conn.execute(
        sa.insert(RevisionRow).values(
            article_id=article_id,
            number=number,
            author=author,
            reason=reason,
            created_at=now,
            **content_values(content),
        )
    )


def overwrite_revision(tx: Tx, article_id: str, number: int, content: Content) -> None:
    """Replace the text of a revision that nobody has been shown."""
    tx.conn.execute(
        sa.update(RevisionRow)
        .where(RevisionRow.article_id == article_id, RevisionRow.number == number)
        .values(**content_values(content))
    )


def set_reason(tx: Tx, article_id: str, number: int, reason: str) -> None:
    """Note why a revision was published or sent back."""
    tx.conn.execute(
        sa.update(RevisionRow)
        .where(RevisionRow.article_id == article_id, RevisionRow.number == number)
        .values(reason=reason)
    )


def update_article(tx: Tx, article_id: str, *, expect_version: int, **values: Any) -> bool:
    """Change an article and raise its version; False when somebody else changed it before."""
    done = tx.conn.execute(
        sa.update(ArticleRow)
        .where(ArticleRow.id == article_id, ArticleRow.version == expect_version)
        .values(version=ArticleRow.version + 1, **values)
        .returning(ArticleRow.id)
    ).one_or_none()
    return done is not None


def store_vectors(tx: Tx, article_id: str, number: int, encoder: str, vectors: Int8Matrix) -> None:
    """Keep the vectors of a revision; those already there stay."""
    tx.conn.execute(
        insert_ignore(VectorRow, tx.conn.dialect.name).values(
            **vector_values(article_id, number, encoder, vectors)
        )
    )


def raise_live_version(tx: Tx) -> int:
    """Count one change that customers can notice and return its number.

    Holds the row until the commit, so that numbers become visible in order. Announces
    "knowledge_base".
    """
    tx.conn.execute(
        insert_ignore(KnowledgeVersionRow, tx.conn.dialect.name).values(id=1, version=0)
    )
    version = tx.conn.execute(
        sa.update(KnowledgeVersionRow)
        .where(KnowledgeVersionRow.id == 1)
        .values(version=KnowledgeVersionRow.version + 1)
        .returning(KnowledgeVersionRow.version)
    ).scalar_one()
    tx.announce("knowledge_base", {"version": version})
    return int(version)


# ---------------------------------------------------------------------------- what customers see


def live_version(conn: sa.Connection) -> int:
    """Return the number of the last change that customers can notice."""
    found = conn.execute(
        sa.select(KnowledgeVersionRow.version).where(KnowledgeVersionRow.id == 1)
    ).scalar_one_or_none()
    return int(found or 0)


def live_changes(conn: sa.Connection, *, after: int, encoder: str) -> list[LiveChange]:
    """Return every article whose visible text changed after a version, with its vectors."""
    rows = conn.execute(_live(encoder).where(ArticleRow.live_version > after))
    return [_to_live_change(row) for row in rows]


def live_page(conn: sa.Connection, *, after_id: str, limit: int, encoder: str) -> list[Entry]:
    """Return articles that customers see, by id, from after an id on; to read a whole base in parts."""
    rows = conn.execute(
        _seen(_live(encoder)).where(ArticleRow.id > after_id).order_by(ArticleRow.id).limit(limit)
    )
    return _entries(rows)


def live_entry(conn: sa.Connection, article_id: str, *, encoder: str) -> Entry | None:
    """Return one article as customers see it, or None when they don't."""
    found = _entries(conn.execute(_seen(_live(encoder)).where(ArticleRow.id == article_id)))
    return found[0] if found else None


def live_by_words(
    conn: sa.Connection, words: Sequence[str], *, limit: int, encoder: str
) -> list[Entry]:
    """Return articles that customers see with one of these in title, key, tags or phrasings.

    Those with most of them first. `words` are letters and digits only.
    """
    if not words:
        return []
    has = [ArticleRow.search_text.like(f"%{word}%") for word in words]
    met = sum((sa.case((one, 1), else_=0) for one in has), sa.literal(0))
    rows = conn.execute(
        _seen(_live(encoder)).where(sa.or_(*has)).order_by(met.desc(), ArticleRow.id).limit(limit)
    )
    return _entries(rows)


def count_live(conn: sa.Connection) -> int:
    """Return how many articles customers see."""
    query = _seen(sa.select(sa.func.count()).select_from(ArticleRow))
    return int(conn.execute(query).scalar_one())


def _live(encoder: str) -> Any:
    columns: list[Any] = [
        ArticleRow.id,
        ArticleRow.key,
        ArticleRow.locale,
        ArticleRow.state,
        ArticleRow.audience,
        ArticleRow.category,
        ArticleRow.tags,
        ArticleRow.published_revision,
        RevisionRow.title,
        RevisionRow.answer,
        RevisionRow.phrasings,
        VectorRow.count.label("vector_count"),
        VectorRow.data,
    ]
    return (
        sa.select(*columns)
        .outerjoin(
            RevisionRow,
            sa.and_(
                RevisionRow.article_id == ArticleRow.id,
                RevisionRow.number == ArticleRow.published_revision,
            ),
        )
        .outerjoin(
            VectorRow,
            sa.and_(
                VectorRow.article_id == ArticleRow.id,
                VectorRow.number == ArticleRow.published_revision,
                VectorRow.encoder == encoder,
            ),
        )
    )


def _seen(query: Any) -> Any:
    return query.where(
        ArticleRow.state == State.PUBLISHED.value, ArticleRow.audience == Audience.PUBLIC.value
    )


def _entries(rows: Iterable[sa.Row[Any]]) -> list[Entry]:
    return [change.entry for change in map(_to_live_change, rows) if change.entry is not None]


def _to_live_change(row: sa.Row[Any]) -> LiveChange:
    if row.state != State.PUBLISHED.value or row.published_revision is None or row.title is None:
        return LiveChange(row.id, None)
    if row.audience != Audience.PUBLIC.value:
        # Left out here, an internal text is in no index and can reach no customer.
        return LiveChange(row.id, None)
    vectors = None
    if row.data is not None:
        vectors = np.frombuffer(row.data, np.int8).reshape(row.vector_count, DIMENSIONS)
    return LiveChange(
        row.id,
        Entry(
            article_id=row.id,
            key=row.key,
            locale=row.locale,
            revision=row.published_revision,
            title=row.title,
            answer=row.answer,
            phrasings=tuple(row.phrasings or ()),
            category=row.category,
            tags=tuple(row.tags or ()),
            vectors=vectors,
        ),
    )


def count_articles(conn: sa.Connection, states: Sequence[State] = ()) -> int:
    """Return how many articles there are (in these states)."""
    query = sa.select(sa.func.count()).select_from(ArticleRow)
    if states:
        query = query.where(ArticleRow.state.in_([state.value for state in states]))
    return int(conn.execute(query).scalar_one())


# ------------------------------------------------------------------------------- translations


def stale_translations(conn: sa.Connection, keys: Iterable[str]) -> set[str]:
    """Return the ids of articles that are older than the original they were translated from."""
    by_key: dict[str, list[Article]] = {}
    for article in find_by_keys(conn, keys).values():
        by_key.setdefault(article.key, []).append(article)
    return {
        article.id
        for group in by_key.values()
        for article in group
        if is_outdated(article, original_of(group))
    }


# ------------------------------------------------------------------------------------ schedule


def due_articles(conn: sa.Connection, *, now: datetime, limit: int = 100) -> list[Article]:
    """Return the scheduled articles whose time has come, longest overdue first."""
    query = (
        _select_articles()
        .where(ArticleRow.stage == Stage.SCHEDULED.value, ArticleRow.publish_at <= now)
        .order_by(ArticleRow.publish_at, ArticleRow.id)
        .limit(limit)
    )
    return [_to_article(row) for row in conn.execute(query).mappings()]


def review_required(conn: sa.Connection, *, lock: bool = False) -> bool:
    """Tell whether only reviewers and administrators publish; no row: editors do, too."""
    query = sa.select(PublishingRow.review_required).where(PublishingRow.id == 1)
    if lock:
        query = query.with_for_update()
    return bool(conn.execute(query).scalar_one_or_none())


def set_review_required(tx: Tx, required: bool) -> None:
    """Store the rule."""
    tx.conn.execute(
        insert_ignore(PublishingRow, tx.conn.dialect.name).values(id=1, review_required=required)
    )
    tx.conn.execute(
        sa.update(PublishingRow).where(PublishingRow.id == 1).values(review_required=required)
    )


# ---------------------------------------------------------------------------------- categories


@dataclass(frozen=True, slots=True)
class StoredCategory:
    """One branch of the tree."""

    key: str
    parent: str | None
    position: int
    names: Mapping[str, str]
    version: int
    articles: int = 0
    """How many articles stand directly in it, in whatever state."""


def list_categories(conn: sa.Connection) -> list[StoredCategory]:
    """Return every category, in the order they are shown in among their siblings."""
    counts: dict[str, int] = {
        row.category: row.articles
        for row in conn.execute(
            sa.select(ArticleRow.category, sa.func.count().label("articles"))
            .where(ArticleRow.category.is_not(None))
            .group_by(ArticleRow.category)
        )
    }
    rows = conn.execute(
        sa.select(
            CategoryRow.key,
            CategoryRow.parent,
            CategoryRow.position,
            CategoryRow.names,
            CategoryRow.version,
        ).order_by(CategoryRow.position, CategoryRow.key)
    )
    return [
        StoredCategory(
            row.key, row.parent, row.position, row.names or {}, row.version, counts.get(row.key, 0)
        )
        for row in rows
    ]


def lock_categories(tx: Tx) -> None:
    """Keep others from changing the tree until the step ends, so that no two halves of a circle
    are made at the same time. (SQLite has one writer anyway.)
    """
    if tx.conn.dialect.name == "postgresql":
        tx.conn.execute(sa.text("LOCK TABLE kb_categories IN SHARE ROW EXCLUSIVE MODE"))


def insert_category(
    tx: Tx, key: str, *, parent: str | None, position: int, names: Mapping[str, str]
) -> bool:
    """Store a category; False when the key is taken."""
    done = tx.conn.execute(
        insert_ignore(CategoryRow, tx.conn.dialect.name)
        .values(key=key, parent=parent, position=position, names=dict(names), version=1)
        .returning(CategoryRow.key)
    ).one_or_none()
    return done is not None


def update_category(tx: Tx, key: str, *, expect_version: int, **values: Any) -> bool:
    """Change a category and raise its version; False when somebody else changed it before."""
    done = tx.conn.execute(
        sa.update(CategoryRow)
        .where(CategoryRow.key == key, CategoryRow.version == expect_version)
        .values(version=CategoryRow.version + 1, **values)
        .returning(CategoryRow.key)
    ).one_or_none()
    return done is not None


def delete_category(tx: Tx, key: str) -> None:
    """Take an empty category away."""
    tx.conn.execute(sa.delete(CategoryRow).where(CategoryRow.key == key))


def ensure_categories(tx: Tx, keys: Iterable[str | None]) -> None:
    """Make the categories that articles name and that are not there yet, without names."""
    for key in sorted({key for key in keys if key}):
        insert_category(tx, key, parent=None, position=1_000, names={})


# ----------------------------------------------------------------------- below an answer, /help


def published_content(conn: sa.Connection, article_id: str, revision: int) -> Content | None:
    """Return the text of a revision that customers may see at this moment, or None."""
    row = (
        conn.execute(
            _select_revisions()
            .join(ArticleRow, ArticleRow.id == RevisionRow.article_id)
            .where(
                RevisionRow.article_id == article_id,
                RevisionRow.number == revision,
                *_VISIBLE,
            )
        )
        .mappings()
        .one_or_none()
    )
    return _to_content(row) if row else None


_VISIBLE = (
    ArticleRow.state == State.PUBLISHED.value,
    ArticleRow.audience == Audience.PUBLIC.value,
    ArticleRow.published_revision.is_not(None),
)


@dataclass(frozen=True, slots=True)
class InternalArticle:
    """A published article for colleagues, which is in no index that customers' questions reach."""

    id: str
    key: str
    locale: str
    title: str
    answer: str
    revision: int
    search_text: str


def list_internal(
    conn: sa.Connection,
    *,
    words: Sequence[str] = (),
    article_id: str | None = None,
    limit: int = 200,
) -> list[InternalArticle]:
    """Return published internal articles with any of the folded words, or the one with this id."""
    query = (
        sa.select(
            ArticleRow.id,
            ArticleRow.key,
            ArticleRow.locale,
            RevisionRow.title,
            RevisionRow.answer,
            RevisionRow.number.label("revision"),
            ArticleRow.search_text,
        )
        .join(
            RevisionRow,
            sa.and_(
                RevisionRow.article_id == ArticleRow.id,
                RevisionRow.number == ArticleRow.published_revision,
            ),
        )
        .where(
            ArticleRow.state == State.PUBLISHED.value,
            ArticleRow.audience == Audience.INTERNAL.value,
        )
        .order_by(ArticleRow.updated_at.desc())
        .limit(limit)
    )
    if article_id is not None:
        query = query.where(ArticleRow.id == article_id)
    if words:
        query = query.where(
            sa.or_(*(ArticleRow.search_text.contains(word, autoescape=True) for word in words))
        )
    return [InternalArticle(*row) for row in conn.execute(query)]


@dataclass(frozen=True, slots=True)
class PublicArticle:
    """An article as the public may see it, without its answer."""

    id: str
    key: str
    locale: str
    title: str
    category: str | None
    tags: tuple[str, ...]
    updated_at: datetime


_PUBLIC: list[Any] = [
    ArticleRow.id,
    ArticleRow.key,
    ArticleRow.locale,
    RevisionRow.title,
    ArticleRow.category,
    ArticleRow.tags,
    RevisionRow.created_at,
]


def _select_public(*more: Any) -> sa.Select[Any]:
    return (
        sa.select(*_PUBLIC, *more)
        .join(
            RevisionRow,
            sa.and_(
                RevisionRow.article_id == ArticleRow.id,
                RevisionRow.number == ArticleRow.published_revision,
            ),
        )
        .where(*_VISIBLE)
    )


def _to_public(row: Any) -> PublicArticle:
    return PublicArticle(
        id=row["id"],
        key=row["key"],
        locale=row["locale"],
        title=row["title"],
        category=row["category"],
        tags=tuple(row["tags"] or ()),
        updated_at=row["created_at"],
    )


def list_public(
    conn: sa.Connection,
    *,
    locale: str | None = None,
    keys: Sequence[str] | None = None,
    categories: Sequence[str] | None = None,
    limit: int = 50_000,
) -> list[PublicArticle]:
    """Return what the public may see, by title."""
    query = _select_public()
    if locale is not None:
        query = query.where(ArticleRow.locale == locale)
    if keys is not None:
        query = query.where(ArticleRow.key.in_(keys))
    if categories is not None:
        query = query.where(ArticleRow.category.in_(categories))
    rows = conn.execute(query.order_by(RevisionRow.title, ArticleRow.id).limit(limit)).mappings()
    return [_to_public(row) for row in rows]


def list_uncategorised(conn: sa.Connection, *, locale: str, limit: int) -> list[PublicArticle]:
    """Return what the public may see and no category holds, by title."""
    query = (
        _select_public()
        .where(ArticleRow.locale == locale, ArticleRow.category.is_(None))
        .order_by(RevisionRow.title, ArticleRow.id)
        .limit(limit)
    )
    return [_to_public(row) for row in conn.execute(query).mappings()]


def count_public(conn: sa.Connection, *, locale: str) -> dict[str | None, int]:
    """Return how many public articles each category directly holds in a language."""
    rows = conn.execute(
        sa.select(ArticleRow.category, sa.func.count().label("articles"))
        .where(*_VISIBLE, ArticleRow.locale == locale)
        .group_by(ArticleRow.category)
    )
    return {row.category: row.articles for row in rows}


def find_public(
    conn: sa.Connection, *, key: str, locale: str
) -> tuple[PublicArticle, Content] | None:
    """Return an article the public may see with its text, or None."""
    row = (
        conn.execute(
            _select_public(
                RevisionRow.answer,
                RevisionRow.phrasings,
                RevisionRow.short_answer,
                RevisionRow.links,
                RevisionRow.flows,
                RevisionRow.related,
            ).where(ArticleRow.key == key, ArticleRow.locale == locale)
        )
        .mappings()
        .one_or_none()
    )
    return (_to_public(row), _to_content(row)) if row else None
