"""What a turn costs: ``python measure.py --model FILE``. The figures in README.md come from here.

Everything runs in this process on one thread, with trackers in a temporary file that is flushed at
every turn. CPU time is given beside elapsed time, because other work on the machine only adds to the
latter.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, Awaitable, Callable, Dict, List, Tuple

HERE = Path(__file__).resolve().parent
SENTENCES = (
    "onde está o meu pedido", "esqueci minha senha", "vocês abrem no domingo",
    "como faço para devolver um produto", "quero falar com uma pessoa", "where is my parcel",
    "i cannot log in any more", "which cards do you accept", "are you open tomorrow",
    "dónde está mi paquete", "olvidé la contraseña", "hacen envíos a las islas",
)  # fmt: skip


def main() -> int:
    """Measure and print one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--turns", type=int, default=400)
    options = parser.parse_args()
    started = time.perf_counter(), time.process_time()
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        os.environ[name] = "1"
    os.environ["SQLALCHEMY_SILENCE_UBER_WARNING"] = "1"
    sys.path.insert(0, str(HERE))
    from hosting import lean, process

    lean.leave_tensorflow_out(training=False)
    process.log_to_standard_error()
    report = asyncio.run(_measure(options.model, options.turns, started))
    print(json.dumps(report, indent=2))
    return 0


async def _measure(model: Path, turns: int, started: Tuple[float, float]) -> Dict[str, Any]:
    from components import encoder
    from components.normalise import plain
    from hosting import process
    from hosting.engine import Engine, settle_memory
    from hosting.journal import Journal, database
    from hosting.protocol import TurnRequest

    process.silence_rasa()

    class Ok:
        async def call(self, request: Dict[str, Any]) -> Dict[str, Any]:
            event = {"event": "slot", "timestamp": None, "name": "action_result", "value": "ok"}
            return {"events": [event], "responses": [{"custom": {"markdown": "answer"}}]}

    with tempfile.TemporaryDirectory() as folder:
        engine = Engine(Journal(database(Path(folder) / "trackers.db")), Ok())
        await engine.load(model)
        settle_memory()
        report: Dict[str, Any] = {"start": _since(started), "rss_mb": process.resident_megabytes()}

        fresh = [f"{SENTENCES[n % len(SENTENCES)]} {_word(n)}" for n in range(turns)]
        vectors = list(encoder.encode([plain(text) for text in fresh]))

        async def parse(text: str, vector: Any = None) -> None:
            engine.parse(text, vector)

        report["parse"] = await _times([lambda t=t: parse(t + " ok") for t in fresh])  # type: ignore[misc]
        report["parse, vector given"] = await _times(
            [lambda t=t, v=v: parse(t, v) for t, v in zip(fresh, vectors)]  # type: ignore[misc]
        )
        report["parse, text known"] = await _times([lambda t=t: parse(t) for t in fresh])  # type: ignore[misc]

        async def turn(name: str, number: int, text: str) -> None:
            await engine.turn(TurnRequest(name, f"t{number}", text, "pt-BR", "measure", {}))

        async def dialogue(name: str, suffix: str) -> Dict[str, Any]:
            return await _times(
                [
                    lambda n=n: turn(f"{name}~{n // 8}", n, fresh[n] + suffix)  # type: ignore[misc]
                    for n in range(turns)
                ]
            )

        report["turn"] = await dialogue("new", " hoje")
        report["turn, text known"] = await dialogue("known", "")
        one = [lambda n=n: turn("long~1", n, fresh[n % turns]) for n in range(1000)]  # type: ignore[misc]
        await _times(one[:900])
        report["turn 900 to 1000 of one conversation, text known"] = await _times(one[900:])
        report["rss_mb after"] = process.resident_megabytes()
        engine.close()
    return report


def _word(number: int) -> str:
    return "".join(
        "bcdfglmnprstv"[(number // 13**k) % 13] + "aeiou"[(number + k) % 5] for k in (0, 1, 2)
    )


def _since(started: Tuple[float, float]) -> Dict[str, float]:
    return {
        "seconds": round(time.perf_counter() - started[0], 1),
        "cpu_seconds": round(time.process_time() - started[1], 1),
    }


async def _times(calls: List[Callable[[], Awaitable[None]]]) -> Dict[str, float]:
    elapsed = []
    cpu = time.process_time()
    for call in calls:
        begun = time.perf_counter()
        await call()
        elapsed.append((time.perf_counter() - begun) * 1000)
    used = (time.process_time() - cpu) * 1000 / len(calls)
    elapsed.sort()
    return {
        "p50_ms": round(statistics.median(elapsed), 2),
        "p99_ms": round(elapsed[int(len(elapsed) * 0.99)], 2),
        "cpu_ms": round(used, 2),
    }


if __name__ == "__main__":
    sys.exit(main())
