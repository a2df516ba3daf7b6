"""Train or measure one language pipeline: ``python pipeline.py train|parse …``, for ``frontline bench nlu``.

Both ways print one JSON object on standard output. Times begin after the imports, which depend on the
libraries and not on the pipeline; ``--with-tensorflow`` is for pipelines whose components need it.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import resource
import statistics
import sys
import tempfile
import time
import warnings
from pathlib import Path
from typing import Any, Dict, List

HERE = Path(__file__).resolve().parent
WARM_UP = 20


def main() -> int:
    """Do what is asked for and print the figures."""
    options = _parser().parse_args()
    with tempfile.TemporaryDirectory(prefix="frontline-pipeline-") as folder:
        _prepare(folder, with_tensorflow=options.with_tensorflow, training=options.do == "train")
        # Rasa prints to standard output, which here belongs to the result.
        kept = os.dup(1)
        os.dup2(2, 1)
        report = _train(options, folder) if options.do == "train" else _parse(options)
        sys.stdout.flush()
        os.dup2(kept, 1)
    print(json.dumps(report))
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    ways = parser.add_subparsers(dest="do", required=True)
    train = ways.add_parser("train")
    train.add_argument("--config", type=Path, required=True)
    train.add_argument("--data", type=Path, required=True)
    train.add_argument("--domain", type=Path, required=True)
    train.add_argument("--out", type=Path, required=True)
    parse = ways.add_parser("parse")
    parse.add_argument("--model", type=Path, required=True)
    parse.add_argument("--texts", type=Path, required=True, help="a JSON list")
    for way in (train, parse):
        way.add_argument("--with-tensorflow", action="store_true")
    return parser


def _prepare(folder: str, *, with_tensorflow: bool, training: bool) -> None:
    os.environ["SQLALCHEMY_SILENCE_UBER_WARNING"] = "1"
    os.environ["RASA_TELEMETRY_ENABLED"] = "false"
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
    # Nothing of an earlier training may be taken over.
    os.environ["RASA_CACHE_DIRECTORY"] = folder
    warnings.filterwarnings("ignore", category=DeprecationWarning)
    sys.path.insert(0, str(HERE))
    if with_tensorflow:
        return
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        os.environ[name] = "1"
    from hosting import lean

    lean.leave_tensorflow_out(training=training)


def _train(options: argparse.Namespace, folder: str) -> Dict[str, Any]:
    from rasa.model_training import train_nlu

    _quiet()
    started = time.perf_counter(), _cpu_seconds()
    made = train_nlu(
        config=str(options.config),
        nlu_data=str(options.data),
        output=folder,
        fixed_model_name="model",
        domain=str(options.domain),
    )
    if made is None:
        raise SystemExit("the training made no model")
    report = {
        "seconds": round(time.perf_counter() - started[0], 1),
        "cpu_seconds": round(_cpu_seconds() - started[1], 1),
        "most_rss_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
    }
    options.out.parent.mkdir(parents=True, exist_ok=True)
    options.out.write_bytes(Path(made).read_bytes())
    return report


def _parse(options: argparse.Namespace) -> Dict[str, Any]:
    from rasa.core.agent import Agent

    from hosting import process

    _quiet()
    texts: List[str] = json.loads(options.texts.read_text())
    before = process.resident_megabytes()
    agent = Agent.load(str(options.model))
    intents, elapsed, used = asyncio.run(_told(agent, texts))
    elapsed.sort()
    return {
        "p50_ms": round(statistics.median(elapsed) * 1000, 2),
        "p95_ms": round(elapsed[int(len(elapsed) * 0.95)] * 1000, 2),
        "cpu_ms": round(used / len(texts) * 1000, 2),
        "rss_mb": round(process.resident_megabytes()),
        "added_mb": round(process.resident_megabytes() - before),
        "intents": intents,
    }


async def _told(agent: Any, texts: List[str]) -> Any:
    for text in texts[:WARM_UP]:
        await agent.parse_message(text + " ?")
    intents, elapsed = [], []
    cpu = _cpu_seconds()
    for text in texts:
        begun = time.perf_counter()
        parsed = await agent.parse_message(text)
        elapsed.append(time.perf_counter() - begun)
        ranking = parsed.get("intent_ranking") or [{}]
        behind = [entry for entry in ranking if entry.get("name") != "nlu_fallback"] or [{}]
        decision = parsed.get("decision") or {}
        intents.append(
            {
                "name": parsed["intent"]["name"],
                "confidence": float(parsed["intent"]["confidence"] or 0),
                "raw": decision.get("raw_intent") or behind[0].get("name"),
            }
        )
    return intents, elapsed, _cpu_seconds() - cpu


def _quiet() -> None:
    import logging

    from rasa.utils.common import configure_logging_and_warnings
    from rasa.utils.log_utils import configure_structlog

    configure_logging_and_warnings(logging.WARNING, warn_only_once=True)
    configure_structlog(logging.WARNING)
    # It sends this category to the log once more.
    warnings.filterwarnings("ignore", category=DeprecationWarning)


def _cpu_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    sys.exit(main())
