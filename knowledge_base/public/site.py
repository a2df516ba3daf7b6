"""What the help pages show: categories, articles, what was found, and their addresses."""

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import quote
from xml.sax.saxutils import escape

import sqlalchemy as sa

from bot.kit.db import Database
from bot.kit.errors import NotFound
from bot.kit.locales import LOCALES
from knowledge_base import repository
from knowledge_base.article import Content
from knowledge_base.categories import as_tree
from knowledge_base.category import Category, branch, category_name, path_to
from knowledge_base.markdown import to_html, to_plain
from knowledge_base.presentation import choose_neighbours, full_answer
from knowledge_base.repository import PublicArticle
from knowledge_base.search import KnowledgeBase

DESCRIPTION_CHARACTERS = 155
"""About what search engines show below a title."""
ON_FRONT_PAGE = 6
"""Articles shown of each category there; the rest are one click away."""
MAX_RELATED = 8
SITEMAPS = "http://www.sitemaps.org/schemas/sitemap/0.9"
WORTH_FINDING = 0.3
"""Articles whose meaning is farther than this from the question are not shown as found."""


@dataclass(frozen=True, slots=True)
class Item:
    """A link to an article."""

    title: str
    path: str
    locale: str
    summary: str = ""


@dataclass(frozen=True, slots=True)
class Shelf:
    """A category with what is in it."""

    name: str
    path: str
    count: int
    """Articles in it and below."""
    items: tuple[Item, ...] = ()


@dataclass(frozen=True, slots=True)
class FrontPage:
    """What the help page of a language begins with."""

    shelves: tuple[Shelf, ...]
    others: tuple[Item, ...]
    """Articles in no category."""


@dataclass(frozen=True, slots=True)
class CategoryPage:
    """One category."""

    name: str
    trail: tuple[Shelf, ...]
    """The categories above it, from the root."""
    below: tuple[Shelf, ...]
    items: tuple[Item, ...]
    languages: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ArticlePage:
    """One article."""

    article: PublicArticle
    html: str
    description: str
    trail: tuple[Shelf, ...]
    related: tuple[Item, ...]
    languages: tuple[str, ...]
    """Where it can be read too, this one among them."""


class HelpSite:
    """Reads the published, public articles as pages; nothing else can be reached through it."""

    def __init__(
        self, db: Database, knowledge: KnowledgeBase, *, public_url: str, default_locale: str
    ) -> None:
        self._db = db
        self._knowledge = knowledge
        self._public_url = public_url.rstrip("/")
        self.default_locale = default_locale

    def address(self, path: str) -> str:
        """Return the full address of a path of ours."""
        return self._public_url + path

    async def front_page(self, locale: str) -> FrontPage:
        """Return the categories with the first articles of each."""

        def read(conn: sa.Connection) -> FrontPage:
            tree = as_tree(repository.list_categories(conn))
            counts = repository.count_public(conn, locale=locale)
            shelves = []
            for root in [one for one in tree if one.parent is None]:
                keys = branch(tree, root.key)
                count = sum(counts.get(key, 0) for key in keys)
                if count:
                    found = repository.list_public(
                        conn, locale=locale, categories=keys, limit=ON_FRONT_PAGE
                    )
                    shelves.append(_shelf(root, locale, count=count, items=_items(found)))
            others = repository.list_uncategorised(conn, locale=locale, limit=100)
            return FrontPage(tuple(shelves), _items(others))

        return await self._db.read(read)

    async def category_page(self, key: str, locale: str) -> CategoryPage:
        """Return a category with everything in it.

        Raises:
            NotFound: there is none, or nothing of it can be read in this language.
        """

        def read(conn: sa.Connection) -> CategoryPage:
            tree = as_tree(repository.list_categories(conn))
            by_key = {one.key: one for one in tree}
            here = by_key.get(key)
            counts = repository.count_public(conn, locale=locale)
            totals = {one.key: sum(counts.get(k, 0) for k in branch(tree, one.key)) for one in tree}
            if here is None or not totals[key]:
                raise NotFound("There is no such category.")
            above = [by_key[one] for one in path_to(tree, key)[:-1]]
            languages = tuple(
                other
                for other in LOCALES
                if other == locale
                or repository.list_public(conn, locale=other, categories=branch(tree, key), limit=1)
            )
            return CategoryPage(
                name=category_name(here, locale),
                trail=tuple(_shelf(one, locale, count=totals[one.key]) for one in above),
                below=tuple(
                    _shelf(one, locale, count=totals[one.key])
                    for one in tree
                    if one.parent == key and totals[one.key]
                ),
                items=_items(repository.list_public(conn, locale=locale, categories=[key])),
                languages=languages,
            )

        return await self._db.read(read)

    async def article_page(self, slug: str, locale: str) -> ArticlePage:
        """Return an article.

        Raises:
            NotFound: the public may not read it, or not in this language.
        """

        def read(conn: sa.Connection) -> tuple[PublicArticle, Content, ArticlePage]:
            found = repository.find_public(conn, key=slug, locale=locale)
            if found is None:
                raise NotFound("There is no such article.")
            article, content = found
            tree = as_tree(repository.list_categories(conn))
            by_key = {one.key: one for one in tree}
            path = path_to(tree, article.category) if article.category else []
            near = choose_neighbours(
                content.related,
                repository.list_public(conn, keys=content.related) if content.related else [],
                locale=locale,
                limit=MAX_RELATED,
            )
            there = {one.locale for one in repository.list_public(conn, keys=[slug])}
            page = ArticlePage(
                article=article,
                html="",
                description="",
                trail=tuple(_shelf(by_key[key], locale, count=1) for key in path),
                related=_items(near),
                languages=tuple(other for other in LOCALES if other in there),
            )
            return article, content, page

        article, content, page = await self._db.read(read)
        return ArticlePage(
            article=article,
            html=to_html(full_answer(content, channel="web")),
            description=describe(content.answer),
            trail=page.trail,
            related=page.related,
            languages=page.languages,
        )

    async def search(self, question: str, locale: str) -> tuple[Item, ...]:
        """Return the articles nearest to a question, best first."""
        answer = await self._knowledge.ask(question, locale=locale)
        return tuple(
            Item(hit.title, article_path(hit.key, hit.locale), hit.locale, describe(hit.answer))
            for hit in answer.hits
            if hit.dense >= WORTH_FINDING or hit.lexical >= WORTH_FINDING
        )

    async def sitemap(self) -> str:
        """Return every address for search engines, with its other languages, as XML."""
        articles = await self._db.read(repository.list_public)
        by_key: dict[str, list[PublicArticle]] = {}
        for article in articles:
            by_key.setdefault(article.key, []).append(article)
        lines = [
            '<?xml version="1.0" encoding="UTF-8"?>',
            f'<urlset xmlns="{SITEMAPS}" xmlns:xhtml="http://www.w3.org/1999/xhtml">',
        ]
        lines += [
            f"<url><loc>{escape(self.address(front_path(locale)))}</loc></url>"
            for locale in LOCALES
            if any(article.locale == locale for article in articles)
        ]
        for family in by_key.values():
            links = "".join(
                f'<xhtml:link rel="alternate" hreflang="{one.locale}" '
                f'href="{escape(self.address(article_path(one.key, one.locale)))}"/>'
                for one in family
            )
            lines += [
                f"<url><loc>{escape(self.address(article_path(one.key, one.locale)))}</loc>"
                f"<lastmod>{one.updated_at:%Y-%m-%d}</lastmod>{links}</url>"
                for one in family
            ]
        return "\n".join([*lines, "</urlset>", ""])


def front_path(locale: str) -> str:
    """Return the address of a language's first page."""
    return f"/help/{locale}"


def article_path(key: str, locale: str) -> str:
    """Return the address of an article."""
    return f"/help/{locale}/{quote(key)}"


def category_path(key: str, locale: str) -> str:
    """Return the address of a category; a slash in old keys is no border of a path."""
    return f"/help/{locale}/category/{quote(key, safe='')}"


def describe(answer: str) -> str:
    """Return the beginning of an answer, cut at a word, for search engines and lists. Pure."""
    text = " ".join(to_plain(answer).split())
    if len(text) <= DESCRIPTION_CHARACTERS:
        return text
    return text[:DESCRIPTION_CHARACTERS].rsplit(" ", 1)[0].rstrip(",.;:") + "…"


def _shelf(category: Category, locale: str, *, count: int, items: tuple[Item, ...] = ()) -> Shelf:
    return Shelf(category_name(category, locale), category_path(category.key, locale), count, items)


def _items(found: Sequence[PublicArticle]) -> tuple[Item, ...]:
    return tuple(Item(one.title, article_path(one.key, one.locale), one.locale) for one in found)
