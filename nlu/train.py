"""Train the bot: ``python train.py [--out FILE.tar.gz | --name NAME]``.

The same as ``rasa train``, without Rasa's command line: Rasa is imported once, nothing is reported
to anybody, and progress goes to standard error as one JSON object a line. The path of the model is
printed on standard output. ``--data`` may be given several times: the project's own data and more.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import sys
import tempfile
import time
import warnings
from pathlib import Path
from typing import Optional, Sequence

HERE = Path(__file__).resolve().parent
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,120}")


def main(arguments: Optional[Sequence[str]] = None) -> int:
    """Train and return the exit code."""
    options = _parser().parse_args(arguments)
    target = _target(options)
    started = time.monotonic()
    if options.background:
        os.nice(15)
    _prepare(with_tensorflow=options.with_tensorflow)

    def progress(step: str, **facts: object) -> None:
        line = {"step": step, "seconds": round(time.monotonic() - started, 1), **facts}
        print(json.dumps(line), file=sys.stderr, flush=True)

    if options.parent is not None:
        from hosting import process

        process.end_with_parent(options.parent)
    progress("loading")
    # Late, because it takes seconds and the settings above must be there before.
    import logging

    from rasa.model_training import train
    from rasa.utils.common import configure_logging_and_warnings
    from rasa.utils.log_utils import configure_structlog

    configure_logging_and_warnings(logging.WARNING, warn_only_once=True)
    configure_structlog(logging.WARNING)
    logging.getLogger("components").setLevel(logging.INFO)

    # It sends this category to the log once more, with the place in the source.
    warnings.filterwarnings("ignore", category=DeprecationWarning)

    progress("training")
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".training-") as directory:
        # Rasa prints to standard output, which here belongs to the result.
        with _standard_output_to_error():
            result = train(
                domain=str(options.domain),
                config=str(options.config),
                training_files=[str(path) for path in options.data or [HERE / "data"]],
                output=directory,
                force_training=options.force,
                fixed_model_name="model",
            )
        if result.code != 0 or result.model is None:
            progress("failed", code=result.code)
            return result.code or 1
        # Whoever sees the file sees all of it.
        Path(result.model).replace(target)
    progress("done", model=str(target), bytes=target.stat().st_size)
    print(target)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    where = parser.add_mutually_exclusive_group()
    where.add_argument("--out", type=Path, help="file to write, ending in .tar.gz")
    where.add_argument("--name", help="name of the model in nlu/models, such as a content hash")
    parser.add_argument("--config", type=Path, default=HERE.parent / "config.yml")
    parser.add_argument("--domain", type=Path, default=HERE / "domain")
    parser.add_argument("--data", type=Path, action="append", help="default: data, beside this")
    parser.add_argument(
        "--force", action="store_true", help="train everything, whatever the cache holds"
    )
    parser.add_argument(
        "--background", action="store_true", help="leave the processor to whoever else wants it"
    )
    parser.add_argument("--parent", type=int, help="process to end with")
    parser.add_argument(
        "--with-tensorflow", action="store_true", help="for pipelines whose components need it"
    )
    return parser


def _target(options: argparse.Namespace) -> Path:
    if options.out is not None:
        target: Path = options.out.resolve()
        if not target.name.endswith(".tar.gz"):
            raise SystemExit("--out must end in .tar.gz")
        return target
    name = options.name or time.strftime("%Y%m%d-%H%M%S")
    if not _NAME.fullmatch(name):
        raise SystemExit("--name may hold letters, digits, dots, dashes and underscores")
    return HERE / "models" / f"{name}.tar.gz"


def _prepare(*, with_tensorflow: bool) -> None:
    """Settings that only work before numpy and Rasa are imported."""
    # Rasa's old pins warn about themselves on every start; nobody can act on it.
    os.environ.setdefault("SQLALCHEMY_SILENCE_UBER_WARNING", "1")
    warnings.filterwarnings("ignore", category=DeprecationWarning)
    os.environ["RASA_TELEMETRY_ENABLED"] = "false"
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        os.environ.setdefault(name, "1")
    if str(HERE) not in sys.path:
        sys.path.insert(0, str(HERE))
    if not with_tensorflow:
        from hosting import lean

        lean.leave_tensorflow_out(training=True)


class _standard_output_to_error:  # noqa: N801 - reads as what it does
    """Send file descriptor 1 to file descriptor 2 for a while."""

    def __enter__(self) -> None:
        sys.stdout.flush()
        self._kept = os.dup(1)
        os.dup2(2, 1)

    def __exit__(self, *error: object) -> None:
        sys.stdout.flush()
        os.dup2(self._kept, 1)
        os.close(self._kept)


if __name__ == "__main__":
    sys.exit(main())
