"""`frontline transcript`: a whole conversation on standard output, or whether a file is unchanged.

Works while `up` runs.
"""

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from bot.cli.common import DataDir, open_store, run, settings_for
from bot.hours.service import hours_sentence, is_open
from bot.kit.bus import LocalBus
from bot.kit.clock import SystemClock
from bot.kit.errors import Invalid
from bot.kit.locales import Texts
from bot.mail.letters import BRAND
from bot.settings import Settings
from bot.verification.service import Verification
from handoff.exports.proof import Form
from handoff.exports.service import Act, Transcripts, Verdict
from handoff.service import Desk

MAX_FILE_BYTES = 200 * 1024 * 1024


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
    verify: Annotated[
        Path | None,
        typer.Option(
            "--verify",
            help="Print nothing but whether this file is an unchanged transcript of the conversation.",
        ),
    ] = None,
    data_dir: DataDir = None,
) -> None:
    """Print a conversation with its SHA-256; that somebody took it is put on record."""
    settings = settings_for(data_dir)
    if verify is None:
        print(run(lambda: render(settings, conversation, form)).rstrip("\n"))
        return
    verdict = run(lambda: check(settings, conversation, verify))
    for line in told(verdict):
        print(line)
    if not verdict.unchanged:
        sys.exit(1)


async def render(settings: Settings, conversation: str, form: Format) -> str:
    """Return the conversation in the wanted form.

    Raises:
        NotFound: there is no such conversation or ticket.
    """
    async with _transcripts(settings) as transcripts:
        made = await transcripts.make(
            conversation,
            None,
            form=Form(form.value),
            act=Act.EXPORTED,
            locale=settings.default_locale,
        )
    return made.text


async def check(settings: Settings, conversation: str, path: Path) -> Verdict:
    """Tell whether the file at `path` is as it was exported.

    Raises:
        Invalid: the file can't be read, is no transcript, or one of another conversation.
        NotFound: there is no such conversation, or no such export was made here.
    """
    try:
        text = (await asyncio.to_thread(_read, path)).decode("utf-8")
    except OSError as error:
        raise Invalid(f"The file can't be read: {error.strerror}.", code="no_file") from error
    except UnicodeDecodeError:
        raise Invalid("This file is no text in UTF-8.", code="no_transcript") from None
    async with _transcripts(settings) as transcripts:
        return await transcripts.verify(text, None, given=conversation)


def _read(path: Path) -> bytes:
    if path.stat().st_size > MAX_FILE_BYTES:
        raise Invalid("This file is too large to be a transcript.", code="no_transcript")
    return path.read_bytes()


def told(verdict: Verdict) -> list[str]:
    """Return in words what a file is worth; pure."""
    export = verdict.export
    made = f"{export.made_at:%Y-%m-%d %H:%M:%S} UTC"
    erased = ["What was said is erased here; the hash still tells."] if verdict.erased else []
    if verdict.unchanged:
        return [f"Unchanged since it was made on {made}. SHA-256 {export.sha256}", *erased]
    lines = [f"CHANGED since it was made on {made}:"]
    for one in verdict.differs:
        name = f"message {one.part}" if one.part.isdecimal() else one.part
        lines.append(f"  {name}: {one.how.value}")
    return [*lines, *erased]


@asynccontextmanager
async def _transcripts(settings: Settings) -> AsyncIterator[Transcripts]:
    texts = Texts()
    verification = Verification.build(secret_key=settings.secret_key, texts=texts, brand=BRAND)
    clock = SystemClock()
    async with open_store(settings) as db:
        desk = Desk(
            db,
            clock,
            LocalBus(),
            texts,
            hours_sentence,
            verification.hide_links,
            is_open=is_open,
            timezone=settings.timezone,
        )
        yield Transcripts(db, clock, desk=desk, texts=texts, verification=verification, brand=BRAND)
