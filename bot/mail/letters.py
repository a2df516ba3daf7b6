"""What the mails say: a plain and an HTML layout, words from the reader's catalogue."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from bot.kit.locales import Texts

TEMPLATES = Path(__file__).resolve().parent / "templates"
BRAND = "Loja Aurora"
"""Who the mails come from."""


@dataclass(frozen=True, slots=True)
class Letter:
    """A mail without its address."""

    subject: str
    text: str
    html: str


@dataclass(frozen=True)
class Letters:
    """Writes the mails of the Level 1 services. `brand` is who they come from."""

    texts: Texts
    brand: str

    @cached_property
    def _environment(self) -> Environment:
        return Environment(
            loader=FileSystemLoader(TEMPLATES),
            autoescape=select_autoescape(["html"]),
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            keep_trailing_newline=True,
        )

    def order_code(self, locale: str, *, code: str, number: str, minutes: int) -> Letter:
        """Return the mail with the code that proves whose order it is."""
        t = self._speaker(locale)
        return self._letter(
            locale,
            subject=t("mail_order_code_subject", number=number),
            code=code,
            paragraphs=[
                t("mail_order_code_why", number=number),
                t(
                    "mail_code_what_to_do",
                    minutes=minutes,
                ),
            ],
            closing=[
                t("mail_order_code_not_you"),
                t("mail_code_never_asked"),
            ],
        )

    def reset_code(self, locale: str, *, code: str, minutes: int) -> Letter:
        """Return the mail with the code that starts a password reset."""
        t = self._speaker(locale)
        return self._letter(
            locale,
            subject=t("mail_reset_code_subject"),
            code=code,
            paragraphs=[
                t("mail_reset_code_why"),
                t(
                    "mail_code_what_to_do",
                    minutes=minutes,
                ),
            ],
            closing=[
                t("mail_reset_code_not_you"),
                t("mail_code_never_asked"),
            ],
        )

    def address_code(self, locale: str, *, code: str, minutes: int) -> Letter:
        """Return the mail with the code that proves an address."""
        t = self._speaker(locale)
        return self._letter(
            locale,
            subject=t("mail_address_code_subject"),
            code=code,
            paragraphs=[
                t("mail_address_code_why"),
                t("mail_code_what_to_do", minutes=minutes),
            ],
            closing=[
                t("mail_address_code_not_you"),
                t("mail_code_never_asked"),
            ],
        )

    def password_changed(self, locale: str, *, when: str) -> Letter:
        """Return the notice that the password was changed; `when` is ready to read."""
        t = self._speaker(locale)
        return self._letter(
            locale,
            subject=t("mail_password_changed_subject"),
            code=None,
            paragraphs=[
                t("mail_password_changed_what", when=when),
            ],
            closing=[
                t("mail_password_changed_not_you"),
            ],
        )

    def ticket_news(self, locale: str, *, number: str, news: str) -> Letter:
        """Return the mail that a request was `answered` or `resolved`; never what was said."""
        t = self._speaker(locale)
        return self._letter(
            locale,
            subject=t(f"mail_ticket_{news}_subject", number=number),
            code=None,
            paragraphs=[t(f"mail_ticket_{news}_what", number=number)],
            closing=[t("mail_ticket_why")],
        )

    def _speaker(self, locale: str) -> Callable[..., str]:
        def t(key: str, **variables: Any) -> str:
            return self.texts.bot(key, locale, variables)

        return t

    def _letter(
        self,
        locale: str,
        *,
        subject: str,
        code: str | None,
        paragraphs: list[str],
        closing: list[str],
    ) -> Letter:
        shown = f"{code[:4]} {code[4:]}" if code else None
        context = {
            "locale": locale,
            "brand": self.brand,
            "subject": subject,
            "code": shown,
            "paragraphs": paragraphs,
            "closing": closing,
            "greeting": self.texts.bot("mail_greeting", locale),
        }
        return Letter(
            subject=subject,
            text=self._environment.get_template("letter.txt").render(context),
            html=self._environment.get_template("letter.html").render(context),
        )
