"""`frontline transcript`: a whole conversation on standard output. Works while `up` runs."""

from enum import StrEnum
from typing import Annotated

import typer

from bot.cli.common import DataDir, open_store, run, settings_for
from bot.hours.service import hours_sentence, is_open
from bot.kit.bus import LocalBus
from bot.kit.clock import SystemClock
from bot.kit.locales import Texts
from bot.settings import Settings
from bot.verification.link import replace_markers
from handoff.service import Desk
from handoff.transcript import as_html, as_json, as_text


class Format(StrEnum):
    """In which form."""

    JSON = "json"
    TXT = "txt"
    HTML = "html"


def transcript(
    conversation: Annotated[
        str, typer.Argument(help="Id of the conversation, or a ticket's number (FL-1042).")
    ],
    form: Annotated[Format, typer.Option("--format", help="In which form.")] = Format.TXT,
    data_dir: DataDir = None,
) -> None:
    """Print a conversation; that somebody looked is put on record."""
    settings = settings_for(data_dir)
    print(run(lambda: render(settings, conversation, form)).rstrip("\n"))


async def render(settings: Settings, conversation: str, form: Format) -> str:
    """Return the conversation in the wanted form.

    Raises:
        NotFound: there is no such conversation or ticket.
    """
    texts = Texts()
    translate = texts[settings.default_locale].text

    def hide_links(text: str, locale: str) -> str:
        return replace_markers(
            text, lambda _: "[" + texts[locale].text("one-time link, hidden") + "]"
        )

    async with open_store(settings) as db:
        desk = Desk(
            db,
            SystemClock(),
            LocalBus(),
            texts,
            hours_sentence,
            hide_links,
            is_open=is_open,
            timezone=settings.timezone,
        )
        found = await desk.transcript(conversation, None)
    match form:
        case Format.JSON:
            return as_json(found, hide_links=hide_links)
        case Format.TXT:
            return as_text(found, hide_links=hide_links, translate=translate)
        case Format.HTML:
            return as_html(
                found,
                hide_links=hide_links,
                translate=translate,
                locale=settings.default_locale,
            )
