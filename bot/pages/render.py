"""Renders Jinja templates in the visitor's language under a strict content security policy."""

from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from aiohttp import web
from babel.dates import format_datetime
from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from bot.kit.locales import LOCALES, Texts, from_accept_language, match_locale

TEMPLATES = Path(__file__).resolve().parent / "templates"
CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; font-src 'self'; manifest-src 'self'; base-uri 'none'; "
    "form-action 'self'; frame-ancestors 'none'; object-src 'none'"
)


class Pages:
    """The template environments, one per language."""

    def __init__(
        self, texts: Texts, *, default_locale: str = "pt-BR", timezone: str = "UTC"
    ) -> None:
        self._default_locale = default_locale
        self._timezone = ZoneInfo(timezone)
        self.texts = texts
        self._environments = {locale: self._make(locale) for locale in LOCALES}

    def _make(self, locale: str) -> Environment:
        environment = Environment(
            loader=FileSystemLoader(TEMPLATES),
            autoescape=select_autoescape(default=True, default_for_string=True),
            undefined=StrictUndefined,
            extensions=["jinja2.ext.i18n"],
            trim_blocks=True,
            lstrip_blocks=True,
        )
        environment.install_gettext_translations(  # type: ignore[attr-defined]
            self.texts[locale].translations(), newstyle=True
        )
        environment.filters["when"] = lambda instant: self._when(instant, locale)
        environment.globals.update(locale=locale, locales=LOCALES)
        return environment

    def _when(self, instant: datetime, locale: str) -> str:
        babel = "en_GB" if locale == "en" else locale.replace("-", "_")
        return format_datetime(instant, "medium", tzinfo=self._timezone, locale=babel)

    def locale_of(self, request: web.Request) -> str:
        """Return the language for a page: `?lang=`, then the browser's, then the default."""
        asked = request.query.get("lang")
        if asked:
            return match_locale(asked, default=self._default_locale)
        return from_accept_language(
            request.headers.get("Accept-Language"), default=self._default_locale
        )

    def render(
        self,
        request: web.Request,
        template: str,
        *,
        locale: str | None = None,
        status: int = 200,
        **context: Any,
    ) -> web.Response:
        """Return the page; unknown variables are errors, everything is escaped."""
        chosen = locale or self.locale_of(request)
        text = (
            self._environments[chosen]
            .get_template(template)
            .render(path=request.path, asked=_asked(request), status=status, **context)
        )
        response = web.Response(text=text, status=status, content_type="text/html")
        response.headers["Content-Security-Policy"] = CSP
        response.headers["Content-Language"] = chosen
        response.headers["Cache-Control"] = "no-store"
        return response


def _asked(request: web.Request) -> str:
    """What a form adds to its address, so that a chosen language stays."""
    lang = request.query.get("lang")
    return "?" + urlencode({"lang": lang}) if lang else ""


PAGES = web.AppKey("pages", Pages)
