"""`/help`: the published articles as plain pages, for people and search engines. No script needed."""

from aiohttp import web

from bot.kit.errors import NotFound, RateLimited
from bot.kit.limits import Limiter
from bot.kit.locales import LOCALES
from bot.kit.text import MAX_CHARACTERS
from bot.kit.web import RouteTable
from bot.pages.render import PAGES
from knowledge_base.public.site import (
    HelpSite,
    Item,
    article_path,
    category_path,
    front_path,
)

HELP: web.AppKey[HelpSite] = web.AppKey("help", HelpSite)
LIMITER: web.AppKey[Limiter] = web.AppKey("help_limiter", Limiter)
SEARCHES_PER_MINUTE = 30
CACHED = "public, max-age=60"

table = RouteTable(tag="help")


@table.add("GET", "/help", allow="public", summary="Help, in the reader's language")
async def help_anywhere(request: web.Request) -> web.StreamResponse:
    """Lead to the language of the browser."""
    locale = request.app[PAGES].locale_of(request)
    return web.Response(
        status=302, headers={"Location": front_path(locale), "Vary": "Accept-Language"}
    )


@table.add("GET", "/help/sitemap.xml", allow="public", summary="Help pages for search engines")
async def sitemap(request: web.Request) -> web.StreamResponse:
    """Answer every address."""
    response = web.Response(text=await request.app[HELP].sitemap(), content_type="application/xml")
    response.headers["Cache-Control"] = CACHED
    response.enable_compression()
    return response


@table.add("GET", "/robots.txt", allow="public", summary="What search engines may read")
async def robots(request: web.Request) -> web.StreamResponse:
    """Invite to the help pages, and to nothing that belongs to people."""
    return web.Response(
        text="User-agent: *\nAllow: /help\nDisallow: /api/\nDisallow: /admin\nDisallow: /console\n"
        f"Sitemap: {request.app[HELP].address('/help/sitemap.xml')}\n"
    )


@table.add("GET", "/help/{locale}", allow="public", summary="Help in one language, or a search")
async def front(request: web.Request) -> web.StreamResponse:
    """Show the categories, or what was found."""
    site = request.app[HELP]
    locale = _locale(request)
    question = " ".join(request.query.get("q", "").split())[:MAX_CHARACTERS]
    if question:
        busy = False
        found: tuple[Item, ...] = ()
        try:
            await request.app[LIMITER].hit(
                f"help:{request.remote}", limit=SEARCHES_PER_MINUTE, window_seconds=60
            )
            found = await site.search(question, locale)
        except RateLimited:
            busy = True
        response = request.app[PAGES].render(
            request, "help_search.html", locale=locale, status=429 if busy else 200,
            question=question, found=found, busy=busy, front=front_path(locale),
            alternates=_alternates(site, {other: front_path(other) for other in LOCALES}),
            canonical=None, description="",
        )  # fmt: skip
        response.headers["X-Robots-Tag"] = "noindex"
        return response
    page = await site.front_page(locale)
    paths = {other: front_path(other) for other in LOCALES}
    return _cached(
        request.app[PAGES].render(
            request,
            "help_front.html",
            locale=locale,
            page=page,
            front=front_path(locale),
            canonical=site.address(paths[locale]),
            alternates=_alternates(site, paths),
            question="",
            description="",
        )
    )


@table.add("GET", "/help/{locale}/category/{key}", allow="public", summary="One category of help")
async def category(request: web.Request) -> web.StreamResponse:
    """Show what is in it."""
    site = request.app[HELP]
    locale = _locale(request)
    key = request.match_info["key"]
    page = await site.category_page(key, locale)
    paths = {other: category_path(key, other) for other in page.languages}
    return _cached(
        request.app[PAGES].render(
            request,
            "help_category.html",
            locale=locale,
            page=page,
            front=front_path(locale),
            canonical=site.address(paths[locale]),
            alternates=_alternates(site, paths),
            question="",
            description=page.name,
        )
    )


@table.add("GET", "/help/{locale}/{slug}", allow="public", summary="One article")
async def article(request: web.Request) -> web.StreamResponse:
    """Show it."""
    site = request.app[HELP]
    locale = _locale(request)
    slug = request.match_info["slug"]
    page = await site.article_page(slug, locale)
    paths = {other: article_path(slug, other) for other in page.languages}
    return _cached(
        request.app[PAGES].render(
            request,
            "help_article.html",
            locale=locale,
            page=page,
            front=front_path(locale),
            canonical=site.address(paths[locale]),
            alternates=_alternates(site, paths),
            question="",
            description=page.description,
        )
    )


def _locale(request: web.Request) -> str:
    locale = request.match_info["locale"]
    if locale not in LOCALES:
        raise NotFound("There is no help in this language.")
    return locale


def _alternates(site: HelpSite, paths: dict[str, str]) -> list[tuple[str, str, str]]:
    """Return (language, path, full address) of the same page in each language it exists in."""
    return [(other, path, site.address(path)) for other, path in paths.items()]


def _cached(response: web.Response) -> web.Response:
    response.headers["Cache-Control"] = CACHED
    response.enable_compression()
    return response
