"""What is served: the public application, and the internal one that only Rasa and our own commands reach."""

import asyncio
import hmac
import re
import time
from collections.abc import Awaitable, Callable, Sequence
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

import structlog
from aiohttp import web

from bot import __version__
from bot.channels.web import routes as web_routes
from bot.channels.web import socket as web_socket
from bot.dialogue import routes as dialogue_routes
from bot.kit.errors import (
    Forbidden,
    FrontlineError,
    NotFound,
    TooLarge,
    Unauthenticated,
    Unavailable,
)
from bot.kit.ids import new_id
from bot.kit.locales import LOCALES
from bot.kit.web import (
    Route,
    RouteTable,
    from_http_exception,
    mount,
    ok,
    openapi_document,
    problem,
    route_of,
)
from bot.pages.render import PAGES
from bot.services import Services
from bot.staff import guard as staff_guard
from bot.staff import routes as staff_routes
from bot.web.build import DIST, read_entry_points

log = structlog.get_logger(__name__)
SERVICES = web.AppKey("services", Services)
ROUTES: web.AppKey[Sequence[Route]] = web.AppKey("routes", Sequence)
MAX_BODY = 4 * 1024 * 1024
"""Largest body of staff calls (an article is refused above 1 MB with a reason, so it must arrive)."""
MAX_VISITOR_BODY = 64 * 1024
PROXY_HEADERS = ("X-Forwarded-For", "Forwarded", "X-Real-IP", "Via")
"""With one of these a call from this machine was made by a proxy for somebody else."""
MAX_ACTION_BODY = 32 * 1024 * 1024
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

site = RouteTable(tag="site")


# ------------------------------------------------------------------------------- middlewares


@web.middleware
async def errors(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Turn every failure into problem details, or into a page for people; never exception text."""
    started = time.monotonic()
    request_id = new_id()
    status = 500
    with structlog.contextvars.bound_contextvars(request_id=request_id):
        try:
            response = await handler(request)
            status = response.status
        except web.HTTPException as error:
            status = error.status
            if error.status < 400:
                _harden(request, error)
                raise
            response = _render(request, from_http_exception(error))
        except FrontlineError as error:
            status = error.status
            if isinstance(error, Unavailable):
                log.warning("request.unavailable", path=_template(request))
            response = _render(request, error)
        except (asyncio.CancelledError, ConnectionResetError):
            raise
        except Exception:  # web edge
            log.exception("request.failed", route=_template(request))
            response = _render(request, _Unexpected("Something went wrong on our side."))
        finally:
            metrics = request.app.get(web_socket.METRICS)
            if metrics is not None:
                metrics.requests.labels(_template(request), str(status)).inc()
            if time.monotonic() - started > 5 and status != 101 and "wait" not in request.query:
                log.info("request.slow", route=_template(request), status=status)
    if not response.prepared:
        response.headers["X-Request-Id"] = request_id
        _harden(request, response)
    return response


class _Unexpected(FrontlineError):
    default_code = "unexpected"


def _template(request: web.Request) -> str:
    route = route_of(request)
    return f"{route.method} {route.path}" if route else "unknown"


def _render(request: web.Request, error: FrontlineError) -> web.Response:
    wants_page = (
        "text/html" in request.headers.get("Accept", "")
        and not request.path.startswith(("/api/", "/telegram/"))
        and PAGES in request.app
    )
    if wants_page:
        return request.app[PAGES].render(
            request,
            "error.html",
            status=error.status,
            request_id=str(structlog.contextvars.get_contextvars().get("request_id") or "") or None,
        )
    if request.path.startswith("/telegram/") and error.status == 403:
        return web.Response(status=403)
    return problem(error)


def _harden(request: web.Request, response: Any) -> None:
    headers = response.headers
    headers.setdefault("X-Content-Type-Options", "nosniff")
    headers.setdefault("Referrer-Policy", "no-referrer")
    headers.setdefault("Cross-Origin-Opener-Policy", "same-origin")
    if "Content-Security-Policy" not in headers:
        headers["Content-Security-Policy"] = "default-src 'none'; frame-ancestors 'none'"
    if request.path.startswith("/api/"):
        headers.setdefault("Cache-Control", "no-store")
    if request.app.get(staff_guard.SECURE_COOKIES):
        headers.setdefault("Strict-Transport-Security", "max-age=31536000")


@web.middleware
async def addresses(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Believe X-Forwarded-For only from the proxies that the operator named."""
    trusted = request.app[SERVICES].settings.trusted_proxies
    forwarded = request.headers.get("X-Forwarded-For")
    if trusted and forwarded and request.remote in trusted:
        for part in reversed([p.strip() for p in forwarded.split(",")]):
            try:
                address = str(ip_address(part))
            except ValueError:
                break
            if address not in trusted:
                request = request.clone(remote=address)
                break
    return await handler(request)


@web.middleware
async def origins(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Let only the allowed sites embed the widget: exact origins, on HTTP and on the socket."""
    if not request.path.startswith(("/api/widget/", "/widget.js", "/i18n/")):
        return await handler(request)
    if (request.content_length or 0) > MAX_VISITOR_BODY:
        raise TooLarge("This message is too long.", code="too_large")
    # A body in chunks does not say how long it is: it is cut off while it is read.
    request = request.clone(client_max_size=MAX_VISITOR_BODY)
    origin = request.headers.get("Origin")
    settings = request.app[SERVICES].settings
    allowed = origin is None or (
        urlsplit(origin).netloc in {request.host, urlsplit(settings.public_url).netloc}
        or origin in settings.widget_origins
        or "*" in settings.widget_origins
    )
    public_file = not request.path.startswith("/api/")
    if not allowed and not public_file:
        raise Forbidden(
            "This site may not embed the chat. Add its origin to FRONTLINE_WIDGET_ORIGINS.",
            code="origin",
        )
    if request.method == "OPTIONS":
        response: web.StreamResponse = web.Response(status=204)
    else:
        try:
            response = await handler(request)
        except FrontlineError as error:
            response = problem(error)
        except web.HTTPException as error:
            response = problem(from_http_exception(error))
    if origin is not None and not response.prepared:
        response.headers["Access-Control-Allow-Origin"] = origin
        response.headers["Vary"] = "Origin"
        response.headers["Access-Control-Allow-Headers"] = "Authorization, Content-Type"
        response.headers["Access-Control-Allow-Methods"] = "GET, POST, OPTIONS"
        response.headers["Access-Control-Max-Age"] = "600"
    if public_file:
        response.headers.setdefault("Cross-Origin-Resource-Policy", "cross-origin")
    return response


# ------------------------------------------------------------------------------ site routes


@site.add("GET", "/healthz", allow="public", summary="Is the process alive?")
async def healthz(_: web.Request) -> web.StreamResponse:
    """Answer while the process lives."""
    return ok({"status": "ok"})


@site.add("GET", "/readyz", allow="public", summary="Are messages accepted?")
async def readyz(request: web.Request) -> web.StreamResponse:
    """Answer 200 when messages are accepted, whether or not the bot is there already."""
    services = request.app[SERVICES]
    gateway = "ok"
    if request.app[web_routes.CLOSING].is_set():
        gateway = "draining"
    elif not await services.store_works():
        gateway = "store unavailable"
    return ok(
        {
            "gateway": gateway,
            "bot": services.rasa.status(),
            "knowledge": services.knowledge_status(),
        },
        status=200 if gateway == "ok" else 503,
    )


@site.add("GET", "/metrics", allow="public", summary="Prometheus metrics", in_document=False)
async def metrics(request: web.Request) -> web.StreamResponse:
    """Return the numbers to the machine itself, or to whoever has a token."""
    passed_on = any(name in request.headers for name in PROXY_HEADERS)
    if passed_on or request.remote not in {"127.0.0.1", "::1"}:
        staff = await staff_guard.identify(request)
        if staff is None or not staff.may("status.read"):
            raise NotFound("Not found.")
    services = request.app[SERVICES]
    services.metrics.bot_up.set(1 if services.rasa.status() == "ok" else 0)
    return web.Response(body=services.metrics.render(), content_type="text/plain", charset="utf-8")


@site.add("GET", "/api/openapi.json", allow="public", summary="This document")
async def openapi(request: web.Request) -> web.StreamResponse:
    """Return the OpenAPI 3.1 document of everything that is served."""
    return ok(openapi_document(request.app[ROUTES], title="Frontline", version=__version__))


@site.add("GET", "/api/v1/status", allow="status.read", summary="How the parts are doing")
async def status(request: web.Request) -> web.StreamResponse:
    """Return the state of each part."""
    return ok(await request.app[SERVICES].status())


@site.add(
    "GET", "/i18n/{name}", allow="public", summary="Page texts of one language", in_document=False
)
async def catalogue(request: web.Request) -> web.StreamResponse:
    """Return the translations that the browser's apps use."""
    locale = request.match_info["name"].removesuffix(".json")
    if locale not in LOCALES:
        raise NotFound("There is no such language.")
    response = ok(dict(request.app[SERVICES].texts[locale].ui))
    response.headers["Cache-Control"] = "public, max-age=300"
    response.enable_compression()
    return response


@site.add("GET", "/widget.js", allow="public", summary="The chat widget", in_document=False)
async def widget(_: web.Request) -> web.StreamResponse:
    """Return the widget's one file."""
    path = DIST / "widget.js"
    if not path.exists():
        raise Unavailable("The widget is still being built.")
    return web.FileResponse(path, headers={"Cache-Control": "public, max-age=300"})


@site.add("GET", "/static/{name:.+}", allow="public", summary="Built files", in_document=False)
async def static(request: web.Request) -> web.StreamResponse:
    """Return a built file; nothing outside their folder can be reached."""
    path = (DIST / request.match_info["name"]).resolve()
    if not path.is_relative_to(DIST.resolve()) or not path.is_file():
        raise NotFound("There is no such file.")
    # Names with a content hash never change; the others are asked for again each time.
    hashed = re.search(r"-[A-Za-z0-9_-]{8}\.", path.name) is not None
    caching = "public, max-age=31536000, immutable" if hashed else "no-cache"
    return web.FileResponse(path, headers={"Cache-Control": caching})


def _app_page(name: str, title: str) -> Handler:
    async def page(request: web.Request) -> web.StreamResponse:
        staff = staff_guard.staff_of(request)
        try:
            entry = read_entry_points(DIST)[name]
        except (OSError, KeyError) as error:
            raise Unavailable("The pages are still being built.") from error
        return request.app[PAGES].render(
            request,
            "app.html",
            locale=staff.locale,
            app=name,
            title=f"{title} · Frontline",
            scripts=[entry.script],
            styles=entry.styles,
            preloads=entry.preloads,
        )

    return page


for _path in ("/console", "/console/{rest:.*}"):
    site.add("GET", _path, allow="page", summary="Agents' pages", in_document=False)(
        _app_page("console", "Console")
    )
for _path in ("/admin", "/admin/{rest:.*}"):
    site.add("GET", _path, allow="page", summary="Editors' pages", in_document=False)(
        _app_page("admin", "Admin")
    )


# ------------------------------------------------------------------------------ applications


def create_public_app(services: Services, *, tables: list[RouteTable]) -> web.Application:
    """Return the application that browsers and Telegram reach.

    `tables` are the routes of the concepts above this module's own (desk, knowledge base, demo …).
    """
    app = web.Application(
        middlewares=[errors, addresses, origins, staff_guard.guard], client_max_size=MAX_BODY
    )
    app[SERVICES] = services
    app[PAGES] = services.pages
    app[staff_guard.STAFF_SERVICE] = services.staff
    app[staff_guard.SECURE_COOKIES] = services.settings.secure_cookies
    app[staff_guard.PUBLIC_URL] = services.settings.public_url
    app[web_routes.WEB_CHANNEL] = services.visitors
    app[web_routes.LIMITER] = services.limiter
    app[web_routes.CLOSING] = services.closing
    app[web_socket.METRICS] = services.metrics
    app[dialogue_routes.EXPLAINER] = services.explainer
    services.fill(app)
    app[ROUTES] = mount(
        app,
        [
            site,
            staff_routes.table,
            staff_routes.pages,
            web_routes.table,
            dialogue_routes.table,
            *tables,
        ],
    )
    return app


def create_internal_app(services: Services) -> web.Application:
    """Return the application on its own loopback port: Rasa's action calls, behind a token."""
    token = services.internal_token.encode()

    @web.middleware
    async def only_with_token(request: web.Request, handler: Handler) -> web.StreamResponse:
        sent = request.headers.get("Authorization", "").removeprefix("Bearer ").encode()
        if not hmac.compare_digest(sent, token):
            return problem(Unauthenticated("The internal token is missing."))
        return await handler(request)

    app = web.Application(middlewares=[errors, only_with_token], client_max_size=MAX_ACTION_BODY)
    services.fill_internal(app)
    return app


async def serve(
    app: web.Application, *, host: str, port: int, shutdown_seconds: float = 5.0
) -> web.AppRunner:
    """Start listening and return the runner.

    Raises:
        OSError: the port is taken or may not be used.
    """
    runner = web.AppRunner(
        app, access_log=None, handle_signals=False, shutdown_timeout=shutdown_seconds
    )
    await runner.setup()
    try:
        await web.TCPSite(runner, host, port, backlog=1024).start()
    except OSError:
        await runner.cleanup()
        raise
    return runner
