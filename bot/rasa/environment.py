"""Rasa 3.6 needs Python 3.10 and old pins, so it lives in an environment of its own: `nlu/.venv`.

The interpreter is found in a fixed order: FRONTLINE_RASA_PYTHON, a working `python3.10` on PATH, one
that pyenv has, what uv finds or downloads.
"""

import asyncio
import hashlib
import os
import shutil
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

from bot.kit.errors import SetupError

ROOT = Path(__file__).resolve().parent.parent.parent
NLU = ROOT / "nlu"
VENV = NLU / ".venv"
REQUIREMENTS = NLU / "requirements.txt"
STAMP = VENV / ".frontline-requirements"
Progress = Callable[[str], None]
NO_PYTHON = (
    "Rasa needs Python 3.10 and none was found.\n"
    "  Install it (for example: `uv python install 3.10`, `pyenv install 3.10` or your system's\n"
    "  python3.10 with its venv module), or point FRONTLINE_RASA_PYTHON at one."
)


def rasa_python() -> Path:
    """Return the interpreter of Rasa's environment, there or not."""
    return VENV / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def find_uv() -> str:
    """Return the uv program.

    Raises:
        SetupError: there is none.
    """
    found = os.environ.get("UV") or shutil.which("uv")
    if found is None:
        beside = Path(sys.executable).parent / "uv"
        found = str(beside) if beside.exists() else None
    if found is None:
        raise SetupError("uv was not found. Install it with: pip install uv")
    return found


def is_ready() -> bool:
    """Tell whether Rasa's environment is there with exactly the pinned packages."""
    try:
        return rasa_python().exists() and STAMP.read_text() == _requirements_hash()
    except OSError:
        return False


def _requirements_hash() -> str:
    return hashlib.sha256(REQUIREMENTS.read_bytes()).hexdigest()


async def works_as_310(python: str) -> bool:
    """Tell whether the program runs and is a Python 3.10 (a version manager's shim may be neither)."""
    try:
        process = await asyncio.create_subprocess_exec(
            python,
            "-c",
            "import sys, venv; print(sys.version_info[:2] == (3, 10))",
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            stdin=asyncio.subprocess.DEVNULL,
        )
        async with asyncio.timeout(20):
            out, _ = await process.communicate()
    except (OSError, TimeoutError):
        return False
    return process.returncode == 0 and out.strip() == b"True"


def candidates(configured: str | None) -> Iterator[str]:
    """Yield interpreters worth trying, in the fixed order, without uv's."""
    if configured:
        yield configured
        return
    seen = set()
    for folder in os.environ.get("PATH", "").split(os.pathsep):
        path = Path(folder) / "python3.10"
        if folder and path.is_file() and path not in seen:
            seen.add(path)
            yield str(path)
    root = os.environ.get("PYENV_ROOT") or str(Path.home() / ".pyenv")
    yield from (
        str(path) for path in sorted(Path(root).glob("versions/3.10*/bin/python3.10"), reverse=True)
    )


async def find_python(configured: str | None, *, progress: Progress) -> str:
    """Return a Python 3.10.

    Raises:
        SetupError: none was found, or the configured one is no working Python 3.10.
    """
    for candidate in candidates(configured):
        if await works_as_310(candidate):
            return candidate
    if configured:
        raise SetupError(
            f"FRONTLINE_RASA_PYTHON={configured} is no working Python 3.10 with its venv module."
        )
    progress("no Python 3.10 on this machine yet; asking uv for one")
    uv = find_uv()
    found = await _of_uv(uv)
    if found is None:
        await _run([uv, "python", "install", "3.10"])
        found = await _of_uv(uv)
    if found is None:
        raise SetupError(NO_PYTHON)
    return found


async def _of_uv(uv: str) -> str | None:
    code, out = await _run([uv, "python", "find", "3.10"])
    lines = out.split("\n") if code == 0 else []
    for line in (line.strip() for line in reversed(lines)):
        if line:
            return line if await works_as_310(line) else None
    return None


async def ensure_environment(configured: str | None, *, progress: Progress) -> Path:
    """Make Rasa's environment when it is missing or its pins changed; return its interpreter.

    Hash-checked: a package that differs from nlu/requirements.txt is refused.

    Raises:
        SetupError: no Python 3.10, or the installation failed.
    """
    if is_ready():
        return rasa_python()
    uv = find_uv()
    if not await works_as_310(str(rasa_python())):
        python = await find_python(configured, progress=progress)
        progress(f"making Rasa's environment with {python}")
        await _check([uv, "venv", "--quiet", "--clear", "--python", python, str(VENV)], progress)
    progress(
        "installing Rasa 3.6.21 and its pinned packages (about 170; some minutes the first time)"
    )
    await _check(
        [
            uv,
            "pip",
            "sync",
            "--require-hashes",
            "--python",
            str(rasa_python()),
            str(REQUIREMENTS),
        ],
        progress,
    )
    STAMP.write_text(_requirements_hash())
    return rasa_python()


def _clean_environ() -> dict[str, str]:
    # The surrounding `uv run` points at the app's environment; Rasa's must not inherit that.
    return {
        k: v for k, v in os.environ.items() if k not in {"VIRTUAL_ENV", "UV_PROJECT_ENVIRONMENT"}
    }


async def _run(command: list[str]) -> tuple[int, str]:
    process = await asyncio.create_subprocess_exec(
        *command,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        stdin=asyncio.subprocess.DEVNULL,
        cwd=ROOT,
        env=_clean_environ(),
    )
    out, _ = await process.communicate()
    return process.returncode or 0, out.decode(errors="replace")


async def output_of(process: asyncio.subprocess.Process) -> AsyncIterator[str]:
    """Yield the lines of a program's standard output and wait for its end; Ctrl-C ends it too."""
    try:
        if process.stdout is not None:
            async for raw in process.stdout:
                line = raw.decode(errors="replace").strip()
                if line:
                    yield line
        await process.wait()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def _check(command: list[str], progress: Progress) -> None:
    process = await asyncio.create_subprocess_exec(
        *command,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        stdin=asyncio.subprocess.DEVNULL,
        cwd=ROOT,
        env=_clean_environ(),
    )
    tail: list[str] = []
    async for line in output_of(process):
        tail = [*tail[-11:], line]
        if line.startswith(("Resolved", "Prepared", "Installed", "Downloaded", "Built")):
            progress(line)
    if process.returncode != 0:
        raise SetupError(
            "Making Rasa's environment failed:\n  "
            + "\n  ".join(tail[-8:])
            + "\nCheck the disk space and the connection to the package index, then start again."
        )
