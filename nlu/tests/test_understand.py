"""A model that does not serve is read in a process of its own, a text a line."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any, List

NLU = Path(__file__).resolve().parent.parent


def ask(model: Path, *lines: str) -> List[Any]:
    done = subprocess.run(
        [sys.executable, "understand.py", "--model", str(model), "--background"],
        cwd=NLU,
        input="".join(f"{line}\n" for line in lines),
        capture_output=True,
        text=True,
        timeout=150,
    )
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_each_line_gets_what_the_host_would_answer(model_file: Path, engine: Any) -> None:
    texts = ["where is my order", "bye"]
    name, first, second, *bad = ask(
        model_file, *(json.dumps({"text": text}) for text in texts), '{"text": ""}', "no json", "[]"
    )
    assert name == {"model": "small"}
    assert [first, second] == [engine.parse(text) for text in texts]
    assert len(bad) == 3
    assert all(set(answer) == {"error"} for answer in bad)


def test_a_file_that_is_no_model_is_said_so(tmp_path: Path) -> None:
    broken = tmp_path / "broken.tar.gz"
    broken.write_bytes(b"no archive")
    assert ask(broken, "{}") == [{"error": "the file is no model"}]
