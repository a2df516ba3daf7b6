"""`frontline test`: every test of both environments, with what they need made first."""

import asyncio
import subprocess
import sys
from collections.abc import Sequence

from bot.cli.common import explain_failure, note
from bot.kit.errors import SetupError
from bot.rasa.environment import NLU, ROOT, ensure_environment, rasa_python
from bot.rasa.training import ensure_model
from bot.web.build import WEB, ensure_built, find_node


def run_tests(arguments: Sequence[str]) -> int:
    """Run the tests and return the exit code; with arguments only the app's tests, filtered."""
    try:
        asyncio.run(_prepare())
    except (SetupError, OSError) as error:
        note(f"frontline: {explain_failure(error) or error}")
        return 1
    suites = [("the app", [sys.executable, "-m", "pytest", *arguments], ROOT)]
    if not arguments:
        suites.append(("Rasa's side", [str(rasa_python()), "-m", "pytest", "tests", "-q"], NLU))
        suites.append(("the pages' code", _vitest(), WEB))
    failed = []
    for name, command, folder in suites:
        note(f"\n=== tests of {name}")
        if subprocess.run(command, cwd=folder, check=False).returncode != 0:  # noqa: S603
            failed.append(name)
    if failed:
        note(f"\nfrontline: tests of {' and of '.join(failed)} failed")
        return 1
    return 0


async def _prepare() -> None:
    await ensure_environment(None, progress=note)
    await ensure_model(progress=note)
    if not (WEB / "node_modules" / "vitest").exists():
        # Building the pages needs less than testing them does.
        note("fetching what the pages' tests need (npm)")
        command = [*find_node().npm, "ci", "--ignore-scripts", "--silent"]
        if subprocess.run(command, cwd=WEB, check=False).returncode != 0:  # noqa: ASYNC221, S603
            raise SetupError("npm ci failed; see above.")
    await asyncio.to_thread(ensure_built, note)


def _vitest() -> list[str]:
    return [*find_node().npm, "run", "--silent", "test"]
