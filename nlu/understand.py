"""What a model takes texts for: ``python understand.py --model FILE``, a text a line in, a parse a line out.

For measuring a model that does not serve: nothing is stored, no action is called, and the hosts that
serve customers notice nothing. Lines in are JSON objects ``{"text", "vector"?, "article"?}`` as for the host's
``POST /parse``; the first line out is ``{"model": ...}`` once the model is loaded, then one answer for
each line, of the same shape as the host's, or ``{"error": ...}``.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import sys
import tempfile
from pathlib import Path
from typing import Any, Callable, Dict, Optional, Sequence

HERE = Path(__file__).resolve().parent


def main(arguments: Optional[Sequence[str]] = None) -> int:
    """Answer until standard input ends; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", type=Path, required=True, help="a model.tar.gz")
    parser.add_argument(
        "--background", action="store_true", help="leave the processor to whoever else wants it"
    )
    parser.add_argument("--parent", type=int, help="process to end with")
    options = parser.parse_args(arguments)
    if options.background:
        os.nice(15)
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ[name] = "1"
    os.environ["RASA_TELEMETRY_ENABLED"] = "false"
    os.environ["SQLALCHEMY_SILENCE_UBER_WARNING"] = "1"
    sys.path.insert(0, str(HERE))
    from hosting import lean, process

    lean.leave_tensorflow_out(training=False)
    process.log_to_standard_error()
    if options.parent is not None:
        process.end_with_parent(options.parent)
    # Rasa prints to standard output, which here belongs to the answers.
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)

    def say(answer: Dict[str, Any]) -> None:
        print(json.dumps(answer), file=answers, flush=True)

    with tempfile.TemporaryDirectory() as folder:
        return asyncio.run(_serve(options.model, Path(folder), say))


async def _serve(model: Path, folder: Path, say: Callable[[Dict[str, Any]], None]) -> int:
    from hosting import process
    from hosting.engine import Engine
    from hosting.journal import Journal, database
    from hosting.protocol import BadModel

    process.silence_rasa()
    # The engine wants a journal; parsing writes nothing into it and calls no action.
    engine = Engine(Journal(database(folder / "trackers.db")), caller=None)  # type: ignore[arg-type]
    try:
        facts = await engine.load(model)
    except BadModel as error:
        say({"error": str(error)})
        return 1
    else:
        say({"model": facts.name})
        for line in sys.stdin:
            say(_answer(engine.parse, line))
        return 0
    finally:
        engine.close()


def _answer(parse: Any, line: str) -> Dict[str, Any]:
    from hosting import requests

    try:
        body = json.loads(line)
        answer: Dict[str, Any] = parse(
            requests.parse_text(body), requests.parse_vector(body), requests.parse_article(body)
        )
    except (requests.BadRequest, ValueError, TypeError, AttributeError) as error:
        return {"error": str(error) or type(error).__name__}
    return answer


if __name__ == "__main__":
    sys.exit(main())
