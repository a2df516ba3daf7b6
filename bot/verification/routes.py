"""The page behind a one-time link: shows the form, takes the new password."""

import hmac

import structlog
from aiohttp import web

from bot.kit.errors import FrontlineError
from bot.kit.ids import new_token
from bot.kit.web import RouteTable
from bot.pages.render import PAGES
from bot.shop.account import MAX_PASSWORD, MIN_PASSWORD, PasswordFlaw
from bot.staff.guard import SECURE_COOKIES, check_same_site
from bot.verification.reset import FLAWS, LinkState, OpenLink, PasswordReset

log = structlog.get_logger(__name__)
RESET = web.AppKey("password_reset", PasswordReset)
_COOKIE = "frontline_reset"

table = RouteTable(tag="pages")


@table.add("GET", "/reset/{token}", allow="public", summary="New password", in_document=False)
async def show(request: web.Request) -> web.StreamResponse:
    """Show the form, or say that the link is over (410) or no link of ours (404)."""
    link = await request.app[RESET].look(request.match_info["token"])
    return _page(request, link)


@table.add(
    "POST", "/reset/{token}", allow="public", summary="Set password", in_document=False, csrf=False
)
async def submit(request: web.Request) -> web.StreamResponse:
    """Set the password; a rule it breaks is explained on the form."""
    service = request.app[RESET]
    token = request.match_info["token"]
    link = await service.look(token)
    if link.state is not LinkState.WORKS:
        return _page(request, link)
    form = await request.post()
    password, again = form.get("password", ""), form.get("again", "")
    sent, kept = form.get("csrf", ""), request.cookies.get(_COOKIE, "")
    if not (isinstance(sent, str) and kept and hmac.compare_digest(sent.encode(), kept.encode())):
        error = "This page was open for too long. Please try again."
        return _page(request, link, error=error, status=403)
    check_same_site(request)
    if not isinstance(password, str) or password != again:
        return _page(request, link, error="The two passwords are not the same.", status=422)
    try:
        changed = await service.change(token, password)
    except PasswordFlaw as flaw:
        return _page(request, link, error=FLAWS[flaw.code], status=422)
    except FrontlineError as error:
        log.warning("reset.failed", code=error.code)
        message = "Your password could not be changed right now. Please try again."
        return _page(request, link, error=message, status=503)
    if not changed:
        return _page(request, OpenLink(LinkState.GONE))
    response = _page(request, link, done=True)
    response.del_cookie(_COOKIE, path="/reset/")
    return response


def _page(
    request: web.Request,
    link: OpenLink,
    *,
    error: str | None = None,
    status: int = 200,
    done: bool = False,
) -> web.Response:
    pages = request.app[PAGES]
    csrf = request.cookies.get(_COOKIE) or new_token()
    state = "done" if done else "form" if link.state is LinkState.WORKS else "expired"
    if state == "expired":
        status = 410 if link.state is LinkState.GONE else 404
    text = pages.texts[pages.locale_of(request)].text
    response = pages.render(
        request,
        "reset.html",
        status=status,
        state=state,
        csrf=csrf,
        error=text(error, minimum=MIN_PASSWORD, maximum=MAX_PASSWORD) if error else None,
        minimum=MIN_PASSWORD,
        email=link.account.email if link.account else None,
        back="",
    )
    if state == "form":
        response.set_cookie(
            _COOKIE,
            csrf,
            path="/reset/",
            httponly=True,
            samesite="Strict",
            secure=request.app[SECURE_COOKIES],
            max_age=900,
        )
    return response
