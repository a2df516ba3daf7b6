"""Trains Rasa when its data changed: the model's name is the hash of everything that went into it."""

import asyncio
import hashlib
import json
import os
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from bot.kit.errors import SetupError
from bot.rasa.environment import NLU, ROOT, Progress, output_of, rasa_python

MODELS = NLU / "models"
ENDING = ".tar.gz"
KEEP = 5
"""Older models are removed; going back needs no more than a few."""


def data_files() -> Iterator[Path]:
    """Yield every file that training depends on, in a stable order."""
    yield ROOT / "config.yml"
    yield NLU / "requirements.txt"
    for folder, pattern in (("domain", "*.yml"), ("data", "**/*.yml"), ("components", "**/*.py")):
        yield from sorted((NLU / folder).glob(pattern))


def data_hash(examples: str = "") -> str:
    """Return the first 16 hex digits of the SHA-256 over names and contents.

    Args:
        examples: further training data in Rasa's YAML, such as what reviewers accepted.
    """
    digest = hashlib.sha256()
    for path in data_files():
        digest.update(str(path.relative_to(ROOT)).encode() + b"\0")
        digest.update(path.read_bytes() + b"\0")
    if examples:
        digest.update(b"examples\0" + examples.encode() + b"\0")
    return digest.hexdigest()[:16]


def model_path() -> Path:
    """Return where the model of the project's own data is, trained or not."""
    return MODELS / f"{data_hash()}{ENDING}"


async def ensure_model(*, progress: Progress, force: bool = False) -> Path:
    """Return the trained model of the project's own data, training it when it is not there.

    Raises:
        SetupError: training failed; the last lines of its output are part of the text.
    """
    path = model_path()
    if path.exists() and not force:
        return path
    progress("training Rasa (about half a minute; only when its data changed)")

    def told(step: str, seconds: float | None) -> None:
        progress(f"training Rasa: {step} ({'?' if seconds is None else seconds} s)")

    await train_model(path, progress=told, force=force)
    _forget_old_models(keep=path)
    return path


async def train_model(
    target: Path,
    *,
    examples: str = "",
    progress: Callable[[str, float | None], None],
    force: bool = False,
    background: bool = False,
    cache: Path | None = None,
) -> None:
    """Train on the project's own data and `examples`, and write the model to `target`.

    Args:
        target: a file ending in .tar.gz; it appears when it is complete.
        examples: further training data in Rasa's YAML.
        progress: called with each step (loading, training, done) and the seconds it began after.
        force: train everything, whatever Rasa's cache holds.
        background: with the lowest priority, so that whoever serves customers goes first.
        cache: folder of Rasa's cache, its usual one by default.

    Raises:
        SetupError: training failed; the last lines of its output are part of the text.
    """
    command = [str(rasa_python()), "train.py", "--out", str(target), "--parent", str(os.getpid())]
    command += [*(["--force"] if force else ()), *(["--background"] if background else ())]
    environ = dict(os.environ)
    if cache is not None:
        environ["RASA_CACHE_DIRECTORY"] = str(cache)
    tail: list[str] = []
    with tempfile.TemporaryDirectory(prefix="frontline-examples-") as folder:
        if examples:
            await asyncio.to_thread(
                Path(folder, "learned.yml").write_text, examples, encoding="utf-8"
            )
            command += ["--data", str(NLU / "data"), "--data", folder]
        process = await asyncio.create_subprocess_exec(
            *command,
            cwd=NLU,
            env=environ,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        async for line in output_of(process):
            tail = [*tail[-14:], line]
            try:
                step = json.loads(line)
            except ValueError:
                continue
            if isinstance(step, dict) and "step" in step:
                progress(str(step["step"]), step.get("seconds"))
    if process.returncode != 0 or not target.exists():  # noqa: ASYNC240 - one call at the end
        raise SetupError("Training Rasa failed:\n  " + "\n  ".join(tail))


def _forget_old_models(*, keep: Path) -> None:
    models = sorted(MODELS.glob("*.tar.gz"), key=lambda p: p.stat().st_mtime, reverse=True)
    for old in models[KEEP:]:
        if old != keep:
            old.unlink(missing_ok=True)
