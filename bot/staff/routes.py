"""Log-in, own profile, accounts; and the pages to log in and to set up the first admin."""

import hmac
import re
from typing import Any, Literal

from aiohttp import web
from pydantic import Field

from bot.kit.errors import FrontlineError, RateLimited
from bot.kit.ids import new_token
from bot.kit.web import Model, RouteTable, no_content, ok, read_body
from bot.pages.render import PAGES
from bot.staff.account import MIN_PASSWORD, Role, Staff
from bot.staff.guard import (
    SECURE_COOKIES,
    STAFF_SERVICE,
    check_same_site,
    cookie_name,
    csrf_of,
    identify,
    staff_of,
)
from bot.staff.service import ABSOLUTE, Session

__all__ = ["pages", "staff_of", "table"]

table = RouteTable(prefix="/api/v1", tag="staff")
pages = RouteTable(tag="pages")
_OWN_PAGE = re.compile(r"/(?:console|admin)(?:[/?][!-\[\]-~]*)?")
"""Printable ASCII without the backslash, as a browser sends it."""


class LogIn(Model):
    """E-mail and password."""

    email: str = Field(max_length=254)
    password: str = Field(max_length=1_000)


class Profile(Model):
    """Who is logged in."""

    id: str
    email: str
    name: str
    role: str
    level: str | None
    locale: str
    csrf_token: str | None
    permissions: list[str]


class ProfileChange(Model):
    """What one may change about oneself."""

    name: str | None = None
    locale: str | None = None


class NewStaff(Model):
    """A new account; without a password one is made and shown once."""

    email: str = Field(max_length=254)
    name: str = Field(max_length=120)
    role: Literal["agent", "supervisor", "editor", "admin", "auditor"]
    level: Literal["N1", "N2", "N3", "N4"] | None = None
    locale: str | None = None
    password: str | None = Field(default=None, max_length=200)


class StaffItem(Model):
    """An account in the list."""

    id: str
    email: str
    name: str
    role: str
    level: str | None
    locale: str
    created_at: str
    disabled: bool


class StaffList(Model):
    """All accounts."""

    items: list[StaffItem]


class StaffCreated(StaffItem):
    """A new account, with its password when it was made here."""

    password: str | None


def _profile(staff: Staff, csrf_token: str | None) -> Profile:
    return Profile(
        id=staff.id,
        email=staff.email,
        name=staff.name,
        role=staff.role.value,
        level=staff.level,
        locale=staff.locale,
        csrf_token=csrf_token,
        permissions=sorted(staff.permissions),
    )


def _set_cookie(request: web.Request, response: web.StreamResponse, session: Session) -> None:
    response.set_cookie(
        cookie_name(request.app),
        session.cookie,
        path="/",
        httponly=True,
        secure=request.app[SECURE_COOKIES],
        samesite="Lax",
        max_age=int(ABSOLUTE.total_seconds()),
    )


async def _end_session(request: web.Request) -> None:
    cookie = request.cookies.get(cookie_name(request.app))
    if cookie:
        await request.app[STAFF_SERVICE].log_out(cookie)


@table.add("POST", "/session", allow="public", summary="Log in", body=LogIn, answer=Profile)
async def log_in(request: web.Request) -> web.StreamResponse:
    """Open a session and set its cookie; the session this browser had before ends."""
    check_same_site(request, form_token=False)
    body = await read_body(request, LogIn)
    session = await request.app[STAFF_SERVICE].log_in(
        email=body.email, password=body.password, address=request.remote or ""
    )
    await _end_session(request)
    response = ok(_profile(session.staff, session.csrf_token))
    _set_cookie(request, response, session)
    return response


@table.add("DELETE", "/session", allow="staff", summary="Log out", status=204)
async def log_out(request: web.Request) -> web.StreamResponse:
    """End the session."""
    await _end_session(request)
    response = no_content()
    response.del_cookie(cookie_name(request.app), path="/")
    return response


@table.add("GET", "/me", allow="staff", summary="Who is logged in", answer=Profile)
async def me(request: web.Request) -> web.StreamResponse:
    """Return the caller's profile, permissions and CSRF token."""
    return ok(_profile(staff_of(request), csrf_of(request)))


@table.add(
    "PATCH",
    "/me",
    allow="staff",
    summary="Change own name or language",
    body=ProfileChange,
    answer=Profile,
)
async def change_me(request: web.Request) -> web.StreamResponse:
    """Change the caller's own name or language."""
    body = await read_body(request, ProfileChange)
    staff = await request.app[STAFF_SERVICE].update_profile(
        staff_of(request), name=body.name, locale=body.locale
    )
    return ok(_profile(staff, csrf_of(request)))


def _item(staff: Staff, created_at: Any, disabled_at: Any) -> dict[str, Any]:
    return {
        "id": staff.id,
        "email": staff.email,
        "name": staff.name,
        "role": staff.role.value,
        "level": staff.level,
        "locale": staff.locale,
        "created_at": created_at.isoformat(),
        "disabled": disabled_at is not None,
    }


@table.add("GET", "/staff", allow="staff.manage", summary="All accounts", answer=StaffList)
async def list_staff(request: web.Request) -> web.StreamResponse:
    """Return every account."""
    rows = await request.app[STAFF_SERVICE].list_all()
    return ok({"items": [_item(*row) for row in rows]})


@table.add(
    "POST",
    "/staff",
    allow="staff.manage",
    summary="Add an account",
    body=NewStaff,
    answer=StaffCreated,
    status=201,
)
async def add_staff(request: web.Request) -> web.StreamResponse:
    """Make an account; a generated password is part of this one answer only."""
    body = await read_body(request, NewStaff)
    password = body.password or new_token(12)
    service = request.app[STAFF_SERVICE]
    staff = await service.add(
        email=body.email,
        name=body.name,
        role=Role(body.role),
        level=body.level,
        password=password,
        locale=body.locale,
        actor=staff_of(request).id,
    )
    created = next(row for row in await service.list_all() if row[0].id == staff.id)
    return ok({**_item(*created), "password": None if body.password else password}, status=201)


@table.add(
    "POST", "/staff/{id}/disable", allow="staff.manage", summary="Close an account", status=204
)
async def disable_staff(request: web.Request) -> web.StreamResponse:
    """Close an account; its sessions and tokens end at once."""
    await request.app[STAFF_SERVICE].disable(request.match_info["id"], actor=staff_of(request).id)
    return no_content()


# ------------------------------------------------------------------------------------- pages


def safe_next(target: str | None) -> str:
    """Return where to go after logging in: one of the staff's own pages, never another site."""
    return target if target and _OWN_PAGE.fullmatch(target) else "/console"


def form_cookie_name(app: web.Application) -> str:
    """Return the name of the forms' own cookie; over HTTPS it is bound to the host."""
    return "__Host-frontline_form" if app[SECURE_COOKIES] else "frontline_form"


def _form_token(request: web.Request) -> str:
    return request.cookies.get(form_cookie_name(request.app)) or new_token()


def _form_page(
    request: web.Request, template: str, *, status: int = 200, **context: Any
) -> web.Response:
    """Render a form of somebody not logged in; its token is a double-submitted cookie."""
    token = _form_token(request)
    response = request.app[PAGES].render(request, template, status=status, csrf=token, **context)
    response.set_cookie(
        form_cookie_name(request.app),
        token,
        path="/",
        httponly=True,
        samesite="Strict",
        secure=request.app[SECURE_COOKIES],
        max_age=3600,
    )
    return response


def _(request: web.Request, message: str | None) -> str | None:
    page = request.app[PAGES]
    return page.texts[page.locale_of(request)].text(message) if message else None


async def _form(request: web.Request) -> dict[str, str] | None:
    """Return the posted fields, or None when the form's token does not fit."""
    data = await request.post()
    fields = {name: value for name, value in data.items() if isinstance(value, str)}
    sent, kept = fields.get("csrf", ""), request.cookies.get(form_cookie_name(request.app), "")
    if not kept or not hmac.compare_digest(sent.encode(), kept.encode()):
        return None
    check_same_site(request)
    return fields


@pages.add("GET", "/login", allow="public", summary="Log-in page", in_document=False)
async def login_page(request: web.Request) -> web.StreamResponse:
    """Show the log-in form, or go on when somebody is logged in."""
    target = safe_next(request.query.get("next"))
    if await identify(request) is not None:
        raise web.HTTPSeeOther(target)
    return _form_page(request, "login.html", next=target, error=None, email="")


@pages.add("POST", "/login", allow="public", summary="Log in", in_document=False)
async def login_submit(request: web.Request) -> web.StreamResponse:
    """Log in by form."""
    fields = await _form(request)
    target = safe_next((fields or {}).get("next"))
    email = (fields or {}).get("email", "")
    if fields is None:
        return _form_page(
            request,
            "login.html",
            status=403,
            next=target,
            email=email,
            error=_(request, "This page was open for too long. Please try again."),
        )
    try:
        session = await request.app[STAFF_SERVICE].log_in(
            email=email, password=fields.get("password", ""), address=request.remote or ""
        )
    except FrontlineError as error:
        message = (
            "Too many tries. Please wait a few minutes."
            if isinstance(error, RateLimited)
            else "E-mail or password is wrong."
        )
        return _form_page(
            request,
            "login.html",
            status=error.status,
            next=target,
            email=email,
            error=_(request, message),
        )
    if target == "/console" and not session.staff.may("tickets.read"):
        target = "/admin"
    if "lang" in request.query:  # picked on this page: the pages behind it follow
        chosen = request.app[PAGES].locale_of(request)
        await request.app[STAFF_SERVICE].update_profile(session.staff, name=None, locale=chosen)
    await _end_session(request)
    response = web.HTTPSeeOther(target)
    _set_cookie(request, response, session)
    raise response


@pages.add("GET", "/setup/{token}", allow="public", summary="Set-up page", in_document=False)
async def setup_page(request: web.Request) -> web.StreamResponse:
    """Show the form for the first admin."""
    works = await request.app[STAFF_SERVICE].setup_link_works(request.match_info["token"])
    return _form_page(
        request,
        "setup.html",
        status=200 if works else 404,
        error=None,
        email="",
        name="",
        state="form" if works else "expired",
        minimum=MIN_PASSWORD,
    )


@pages.add("POST", "/setup/{token}", allow="public", summary="Set up", in_document=False)
async def setup_submit(request: web.Request) -> web.StreamResponse:
    """Make the first admin and log them in."""
    fields = await _form(request)
    service = request.app[STAFF_SERVICE]
    values = fields or {}
    error_text: str | None = None
    if fields is None:
        error_text = "This page was open for too long. Please try again."
    elif fields.get("password") != fields.get("again", fields.get("password")):
        error_text = "The two passwords are not the same."
    else:
        try:
            staff = await service.set_up(
                request.match_info["token"],
                email=fields.get("email", ""),
                name=fields.get("name", ""),
                password=fields.get("password", ""),
            )
        except FrontlineError as error:
            error_text = error.detail
        else:
            response = web.HTTPSeeOther("/admin")
            _set_cookie(request, response, await service.open_session(staff))
            raise response
    works = await service.setup_link_works(request.match_info["token"])
    return _form_page(
        request,
        "setup.html",
        status=422,
        error=_(request, error_text),
        minimum=MIN_PASSWORD,
        email=values.get("email", ""),
        name=values.get("name", ""),
        state="form" if works else "expired",
    )
