"""`frontline contact`: everything stored of one contact, on paper or gone. Works while `up` runs."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Annotated

import sqlalchemy as sa
import typer

from bot.cli.common import DataDir, call_internal, find_running, note, open_store, run, settings_for
from bot.hours.service import hours_sentence, is_open
from bot.kit.clock import SystemClock
from bot.kit.errors import SetupError
from bot.kit.locales import Texts
from bot.privacy.service import Erased, Privacy
from bot.settings import Settings
from handoff.steps import DeskSteps

contact_app = typer.Typer(no_args_is_help=True, help="What is stored of a contact.")
Who = Annotated[
    str,
    typer.Argument(
        metavar="ID", help="Id of the contact or of a conversation, or a ticket's number (FL-1042)."
    ),
]


def store_file(settings: Settings) -> Path | None:
    """Return the embedded store's file, None on PostgreSQL."""
    url = sa.make_url(settings.database_url)
    return Path(url.database) if url.get_backend_name() == "sqlite" and url.database else None


@asynccontextmanager
async def _privacy(settings: Settings) -> AsyncIterator[Privacy]:
    async with open_store(settings) as db:
        yield Privacy(
            db,
            SystemClock(),
            desk=DeskSteps(texts=Texts(), hours_sentence=hours_sentence, is_open=is_open),
            data_dir=settings.data_dir,
            store=store_file(settings),
        )


@contact_app.command("export")
def contact_export(who: Who, data_dir: DataDir = None) -> None:
    """Print everything stored of a contact as one JSON document; the export is put on record."""
    settings = settings_for(data_dir)

    async def main() -> str:
        async with _privacy(settings) as privacy:
            return json.dumps(await privacy.export(who, actor=None), ensure_ascii=False, indent=2)

    print(run(main))


@contact_app.command("erase")
def contact_erase(
    who: Who,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    data_dir: DataDir = None,
) -> None:
    """Erase a contact: what was said, names, addresses, mails, codes, Rasa's memory. Counts stay."""
    settings = settings_for(data_dir)
    if not yes:
        typer.confirm(
            f"Erase everything stored of {who}? This can't be undone.", abort=True, err=True
        )

    async def main() -> Erased:
        async with _privacy(settings) as privacy:
            erased = await privacy.erase(who, actor=None)
            await _forget(settings, erased)
            await privacy.clean_files(erased.conversation_ids, progress=note)
            return erased

    erased = run(main)
    print(
        f"erased contact {erased.contact_id}: {len(erased.conversation_ids)} conversations, "
        f"{erased.messages} messages, {erased.tickets} tickets, {erased.mails} mails"
    )
    note("Copies made earlier with `frontline backup` still hold this contact.")


async def _forget(settings: Settings, erased: Erased) -> None:
    running = find_running(settings)
    if running is None:
        return
    try:
        await call_internal(
            settings, running, "/forget", {"conversation_ids": list(erased.conversation_ids)}
        )
    except SetupError as error:
        raise SetupError(
            "The store is clean, but the running bot still remembers the conversations "
            f"({error}) Run the same command again when the bot is ready, or after stopping it."
        ) from error
