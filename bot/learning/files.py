"""Models' files: whole in the store, and a copy in the data folder for the Rasa hosts of this gateway."""

import hashlib
from collections.abc import Collection
from pathlib import Path

from bot.kit.db import Database
from bot.kit.errors import Conflict
from bot.learning import repository
from bot.learning.model import Model
from bot.rasa.training import ENDING


class ModelFiles:
    """The folder with this gateway's copies."""

    def __init__(self, db: Database, folder: Path) -> None:
        self._db = db
        self.folder = folder

    def path(self, model_id: str) -> Path:
        """Return where a model's file lies, there or not."""
        return self.folder / f"{model_id}{ENDING}"

    async def fetch(self, model: Model) -> Path:
        """Return the model's file, written from the store when it is not here or not whole.

        Raises:
            Conflict: code "gone": the file is no longer kept.
        """
        path = self.path(model.id)
        if _digest(path) == model.sha256:
            return path
        data = await self._db.read(lambda conn: repository.read_file(conn, model.id))
        if hashlib.sha256(data).hexdigest() != model.sha256:
            raise Conflict("The file of this model is no longer kept.", code="gone")
        self.folder.mkdir(parents=True, exist_ok=True)
        part = path.with_suffix(".part")
        part.write_bytes(data)
        part.replace(path)
        return path

    def tidy(self, keep: Collection[str]) -> None:
        """Remove the copies of models that are no longer kept."""
        for path in self.folder.glob(f"*{ENDING}"):
            if path.name.removesuffix(ENDING) not in keep:
                path.unlink(missing_ok=True)


def _digest(path: Path) -> str | None:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return None
