"""No customer reads a text that was forgotten in translation."""

import re

import pytest
from jinja2 import Environment
from jinja2.ext import InternationalizationExtension, extract_from_ast

from bot.kit.locales import LOCALES, Texts
from bot.pages.render import TEMPLATES
from tests.web.fake_gateway import REPOSITORY

BROWSER_CODE = (
    "bot/channels/web/widget",
    "bot/web/shared",
    "bot/web/staff",
    "handoff/console/app",
    "knowledge_base/admin/app",
    "handoff/service_level/admin",
    "handoff/feedback/admin",
    "handoff/routing/admin",
    "handoff/case/admin",
    "bot/wording/admin",
    "bot/learning/admin",
    "bot/hours/admin",
    "bot/incidents/admin",
    "bot/proposals/admin",
)


def browser_texts() -> set[str]:
    """Every text that the widget, the console and the admin pages ask for."""
    sources = [path for folder in BROWSER_CODE for path in (REPOSITORY / folder).rglob("*.ts*")]
    call = re.compile(r'\b[tn]\(\s*"([^"]+)"')
    return {text for path in sources for text in call.findall(path.read_text(encoding="utf-8"))}


def page_texts() -> set[str]:
    """Every text that the templates ask for."""
    environment = Environment(extensions=[InternationalizationExtension], autoescape=True)
    found: set[str] = set()
    for path in TEMPLATES.glob("*.html"):
        template = environment.parse(path.read_text(encoding="utf-8"))
        for _, _, message in extract_from_ast(template):
            singular = message[0] if isinstance(message, tuple) else message
            found.add(str(singular))
    return found


@pytest.mark.parametrize("locale", [locale for locale in LOCALES if locale != "en"])
def test_every_text_is_translated(locale: str) -> None:
    known = Texts()[locale].ui
    assert sorted(text for text in browser_texts() | page_texts() if text not in known) == []


@pytest.mark.parametrize("locale", [locale for locale in LOCALES if locale != "en"])
def test_translations_keep_the_placeholders(locale: str) -> None:
    placeholder = re.compile(r"\{\w+\}|%\(\w+\)s")
    known = Texts()[locale].ui
    for text in browser_texts() | page_texts():
        translated = known[text]
        for form in translated if isinstance(translated, list) else [translated]:
            assert sorted(placeholder.findall(form)) == sorted(placeholder.findall(text)), text
