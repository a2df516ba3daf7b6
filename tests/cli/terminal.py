"""The command line as somebody types it: its output, its errors, its exit code.

Most commands run in the test's own process, which saves a second each; what is about processes
(limits, signals, the environment at the start) runs as one.
"""

import os
import subprocess
import sys
import traceback
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from typer.testing import CliRunner

from bot.cli.root import app
from bot.kit.db import sqlite_module

# Always the store's own library: two copies of SQLite in one process undo each other's locks on a file.
sqlite = sqlite_module()

ROOT = Path(__file__).resolve().parents[2]


def stored_rows(folder: Path) -> dict[str, list[str]]:
    """Return everything that the store in a data folder holds: each table's rows, sorted."""
    with sqlite.connect(folder / "frontline.db") as conn:
        tables = conn.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
        return {
            name: sorted(map(repr, conn.execute(f'SELECT * FROM "{name}"')))  # noqa: S608
            for (name,) in tables
        }


@dataclass(frozen=True)
class Result:
    """What a command left behind."""

    code: int
    out: str
    err: str

    def fails_with(self, *words: str) -> "Result":
        """Check that it failed with one clear message, and return itself."""
        assert self.code > 0, self
        assert self.out == "", self
        assert "Traceback" not in self.err, self.err
        assert self.err.count("frontline: ") == 1, self.err
        for word in words:
            assert word in self.err, (word, self.err)
        return self

    def works(self) -> "Result":
        """Check that it worked, and return itself."""
        assert self.code == 0, self
        assert "Traceback" not in self.err, self.err
        return self


@dataclass
class Terminal:
    """Types `frontline …` on one data folder."""

    data_dir: Path

    def __call__(
        self, *arguments: str, stdin: str = "", environ: Mapping[str, str] | None = None
    ) -> Result:
        """Run a command in this process."""
        env: dict[str, str | None] = {k: None for k in os.environ if k.startswith("FRONTLINE_")}
        env |= {"FRONTLINE_DATA_DIR": str(self.data_dir), "COLUMNS": "160", **(environ or {})}
        done = CliRunner().invoke(app, list(arguments), input=stdin, env=env)
        err = done.stderr
        if done.exception is not None and not isinstance(done.exception, SystemExit):
            err += "".join(traceback.format_exception(done.exception))
        return Result(done.exit_code, done.stdout, err)

    def process(
        self,
        *arguments: str,
        stdin: str = "",
        environ: Mapping[str, str] | None = None,
        prefix: tuple[str, ...] = (),
        python: tuple[str, ...] = ("-m", "bot"),
        seconds: float = 60,
    ) -> Result:
        """Run a command as a process of its own."""
        done = subprocess.run(
            [*prefix, sys.executable, *python, *arguments],
            cwd=ROOT,
            env=self.clean_environ() | dict(environ or {}),
            input=stdin,
            capture_output=True,
            text=True,
            timeout=seconds,
            check=False,
        )
        return Result(done.returncode, done.stdout, done.stderr)

    def clean_environ(self) -> dict[str, str]:
        """Return the environment without anybody's settings but the data folder."""
        keep = {k: v for k, v in os.environ.items() if not k.startswith("FRONTLINE_")}
        return keep | {"FRONTLINE_DATA_DIR": str(self.data_dir), "COLUMNS": "160"}
