"""`frontline learn`: what reviewers accepted, as files; and the model that this store would serve with."""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from bot.cli.common import DataDir, fail, note, open_store, run, settings_for
from bot.dialogue.rasa_client import RasaPool
from bot.kit.clock import SystemClock
from bot.kit.keys import internal_token
from bot.learning import examples, repository
from bot.learning.models import Models
from bot.settings import Settings

learn_app = typer.Typer(no_args_is_help=True, help="What was learned from customers' messages.")


@learn_app.command("export")
def export(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Folder to write into.")],
    data_dir: DataDir = None,
) -> None:
    """Write accepted examples as Rasa's training data (DIR/learned.yml); prints the file."""
    settings = settings_for(data_dir)
    target = folder / examples.FILE_NAME

    async def main() -> str:
        async with open_store(settings) as db:
            return examples.render(await db.read(repository.accepted))

    text = run(main)
    if not text:
        raise fail("No examples were accepted yet: review some messages on the admin pages first.")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")
    except OSError as error:
        raise fail(f"Can't write {target}: {error.strerror}.") from None
    note(f"{examples.count(text)} example(s)")
    print(target)


async def prepare_model(settings: Settings, *, progress: Callable[[str], None]) -> Path:
    """Return the model that a gateway of this store would start with, training it when needed.

    Raises:
        SetupError: training failed.
    """
    async with open_store(settings) as db:
        models = Models(
            db,
            SystemClock(),
            hosts=RasaPool(internal_token(settings.secret_key)),
            folder=settings.data_dir / "models",
            place="",
        )
        return await models.prepare(progress=progress, register=False)
