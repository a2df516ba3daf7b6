"""The three languages, and one gettext catalogue per language for server and browser alike.

Texts of pages and mails use the English text as their key. What the bot says is keyed by name
(`utter_…`) in the context "bot", so that admins and translators can tell the two apart.
"""

import gettext
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po

LOCALES = ("pt-BR", "en", "es")
"""What customers and staff can choose, in the order shown."""
CATALOGUES = Path(__file__).resolve().parent.parent / "locale"
BOT_CONTEXT = "bot"
ANY_CHANNEL = "any"
"""Where a text is said unless the channel has one of its own."""
TextPlace = tuple[str, str, str]
"""Key, locale and channel of a text."""


def match_locale(tag: str | None, *, default: str = "pt-BR") -> str:
    """Return the language of ours that fits a BCP 47 tag such as "pt", "es-419" or "en_GB"."""
    if not tag:
        return default
    language = tag.replace("_", "-").split("-")[0].lower()
    for locale in LOCALES:
        if locale.split("-")[0] == language:
            return locale
    return default


def from_accept_language(header: str | None, *, default: str = "pt-BR") -> str:
    """Return the best of our languages for an `Accept-Language` header (RFC 9110, 12.5.4)."""
    choices: list[tuple[float, str]] = []
    for part in (header or "").split(","):
        tag, _, params = part.strip().partition(";")
        quality = 1.0
        if params.strip().startswith("q="):
            try:
                quality = float(params.strip()[2:])
            except ValueError:
                quality = 0.0
        matched = match_locale(tag, default="")
        if matched:
            choices.append((quality, matched))
    return max(choices, key=lambda c: c[0])[1] if choices else default


class _Fields(dict[str, Any]):
    def __missing__(self, key: str) -> str:
        return ""


@dataclass(frozen=True)
class Language:
    """One language's catalogue."""

    locale: str
    path: Path

    @cached_property
    def catalogue(self) -> Catalog:
        """The parsed .po file."""
        with self.path.open("rb") as file:
            return read_po(file, locale=self.locale.replace("-", "_"), domain="frontline")

    @cached_property
    def _bot(self) -> dict[str, str]:
        return {
            str(m.id): str(m.string)
            for m in self.catalogue
            if m.context == BOT_CONTEXT and m.string
        }

    @cached_property
    def ui(self) -> dict[str, str | list[str]]:
        """Every page text: English to translated (a list where it has plural forms)."""
        result: dict[str, str | list[str]] = {}
        for m in self.catalogue:
            if not m.id or m.context:
                continue
            if isinstance(m.id, tuple | list):
                forms = list(m.string) if isinstance(m.string, tuple | list) else [str(m.string)]
                result[m.id[0]] = forms if all(forms) else list(m.id)
            elif m.string:
                result[m.id] = str(m.string)
        return result

    def text(self, message: str, **variables: Any) -> str:
        """Translate a page or mail text; the English text itself when it has no translation."""
        found = self.ui.get(message, message)
        template = found[0] if isinstance(found, list) else found
        return template.format_map(_Fields(variables)) if variables else template

    def plural(self, one: str, many: str, n: int) -> str:
        """Translate a counted text."""
        found = self.ui.get(one)
        if not isinstance(found, list):
            return one if n == 1 else many
        return found[0 if n == 1 else min(1, len(found) - 1)]

    @property
    def bot(self) -> Mapping[str, str]:
        """What the bot says by key, as it is shipped, with `{variables}` unfilled."""
        return self._bot

    @property
    def bot_keys(self) -> frozenset[str]:
        """Every key the bot has a text for."""
        return frozenset(self._bot)

    def translations(self) -> gettext.NullTranslations:
        """Return the catalogue in the shape Jinja's i18n extension wants."""
        return _Translations(self)


class _Translations(gettext.NullTranslations):
    def __init__(self, language: Language) -> None:
        super().__init__()
        self._language = language

    def gettext(self, message: str) -> str:
        return self._language.text(message)

    def ngettext(self, msgid1: str, msgid2: str, n: int) -> str:
        return self._language.plural(msgid1, msgid2, n)


class Texts:
    """All catalogues, and over them what admins made the bot say instead."""

    def __init__(
        self,
        folder: Path = CATALOGUES,
        *,
        more: Mapping[str, Mapping[str, str]] | None = None,
    ) -> None:
        """Open the catalogues; each is read when it is first used.

        Args:
            folder: where they are.
            more: by locale, further texts of the bot by key that are kept elsewhere.
        """
        self._languages = {
            locale: Language(locale, folder / locale / "frontline.po") for locale in LOCALES
        }
        self._more = more or {}
        self._changed: Mapping[TextPlace, str] = {}

    def __getitem__(self, locale: str) -> Language:
        return self._languages[match_locale(locale)]

    def lay_over(self, changed: Mapping[TextPlace, str]) -> None:
        """Let these texts be said from now on in place of the shipped ones, all at once.

        The mapping is not copied and must not change afterwards.
        """
        self._changed = changed

    def shipped(self, locale: str) -> dict[str, str]:
        """Return every text of the bot in a language by key, as it is shipped."""
        locale = match_locale(locale)
        return {**self._languages[locale].bot, **self._more.get(locale, {})}

    def template(self, key: str, locale: str, *, channel: str | None = None) -> str:
        """Return the text under `key` with its `{variables}` unfilled; see `bot`.

        Raises:
            KeyError: no such text.
        """
        locale, changed = match_locale(locale), self._changed
        if changed:
            found = changed.get((key, locale, channel)) if channel else None
            if found is None:
                found = changed.get((key, locale, ANY_CHANNEL))
            if found is not None:
                return found
        shipped = self._languages[locale].bot.get(key)
        return self._more.get(locale, {})[key] if shipped is None else shipped

    def bot(
        self,
        key: str,
        locale: str,
        variables: Mapping[str, Any] | None = None,
        *,
        channel: str | None = None,
    ) -> str:
        """Return what the bot says under `key` in `locale`, on a channel where one is given.

        Raises:
            KeyError: no such text; a test makes sure that every key used has one in each language.
        """
        template = self.template(key, locale, channel=channel)
        return template.format_map(_Fields(variables or {}))
