"""Who may call which route: one middleware, deny by default.

A staff route is called with a session cookie (state changes need the CSRF header, and browsers must
come from our own pages) or with an API token (no cookie, so no CSRF).
"""

import hmac
from collections.abc import Awaitable, Callable
from urllib.parse import quote, urlsplit

from aiohttp import web

from bot.kit.errors import Forbidden, NotFound, Unauthenticated
from bot.kit.web import Route, route_of
from bot.staff.account import Staff
from bot.staff.service import StaffService

STAFF_SERVICE = web.AppKey("staff_service", StaffService)
SECURE_COOKIES = web.AppKey("secure_cookies", bool)
PUBLIC_URL = web.AppKey("public_url", str)
_STAFF = web.RequestKey("staff", Staff)
_CSRF = web.RequestKey("csrf", str)
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def cookie_name(app: web.Application) -> str:
    """Return the session cookie's name; over HTTPS it is bound to the host (`__Host-`)."""
    return "__Host-frontline_session" if app[SECURE_COOKIES] else "frontline_session"


def staff_of(request: web.Request) -> Staff:
    """Return who is logged in.

    Raises:
        Unauthenticated: nobody is.
    """
    if _STAFF not in request:
        raise Unauthenticated("Log in first.")
    return request[_STAFF]


def csrf_of(request: web.Request) -> str | None:
    """Return the CSRF token of the cookie's session; None for API tokens."""
    return request.get(_CSRF)


async def identify(request: web.Request) -> Staff | None:
    """Find out who calls, by token or by cookie, and remember it on the request."""
    service = request.app[STAFF_SERVICE]
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "bearer" and token.strip():
        staff = await service.find_token(token.strip())
        if staff is not None:
            request[_STAFF] = staff
        return staff
    cookie = request.cookies.get(cookie_name(request.app))
    if cookie:
        found = await service.find_session(cookie)
        if found is not None:
            request[_STAFF], request[_CSRF] = found
            return found[0]
    return None


def check_csrf(request: web.Request) -> None:
    """Refuse a state change that does not come from our own pages.

    Raises:
        Forbidden: the browser says it is another site's request, or the token header is missing.
    """
    if request.method in SAFE_METHODS or _CSRF not in request:
        return
    check_same_site(request)
    sent = request.headers.get("X-CSRF-Token", "")
    if not hmac.compare_digest(sent.encode(), request[_CSRF].encode()):
        raise Forbidden("The X-CSRF-Token header is missing or wrong.", code="csrf")


def check_same_site(request: web.Request, *, form_token: bool = True) -> None:
    """Refuse what a browser says comes from another site (Sec-Fetch-Site, Origin).

    Args:
        request: the state change.
        form_token: whether a token of ours is checked as well. Our own forms arrive with the origin
            "null" (their pages send no referrer), and so does a form in another site's sandbox:
            where nothing else tells the two apart, it must be Sec-Fetch-Site.

    Raises:
        Forbidden: it does.
    """
    site = request.headers.get("Sec-Fetch-Site")
    origin = request.headers.get("Origin")
    allowed = {request.host, urlsplit(request.app[PUBLIC_URL]).netloc}
    if origin == "null":
        foreign = site is None and not form_token
    else:
        foreign = bool(origin) and urlsplit(origin).netloc not in allowed
    if foreign or site not in {None, "same-origin", "none"}:
        raise Forbidden("This must come from Frontline's own pages.", code="csrf")


@web.middleware
async def guard(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Let a request through to its handler only when its route allows the caller."""
    route = route_of(request)
    if route is None:
        if request.match_info.http_exception is None:
            raise NotFound("Not found.")  # served without a table entry: denied
        return await handler(request)  # aiohttp's own 404 or 405
    if route.allow in {"public", "widget"}:
        return await handler(request)
    staff = await identify(request)
    if route.allow == "page":
        if staff is None:
            target = quote(request.path_qs, safe="/?=&")
            raise web.HTTPSeeOther(f"/login?next={target}")
        return await handler(request)
    if staff is None:
        raise Unauthenticated("Log in, or send an API token as a Bearer token.")
    _check_permission(route, staff)
    if route.csrf:
        check_csrf(request)
    return await handler(request)


def _check_permission(route: Route, staff: Staff) -> None:
    if route.allow != "staff" and not staff.may(route.allow):
        if "{" in route.path:
            # Not yours and not there look the same.
            raise NotFound("There is no such thing, or it is not yours.")
        raise Forbidden(f"Your role ({staff.role.value}) may not do this.")
