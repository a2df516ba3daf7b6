"""`frontline bench nlu`: the language pipeline beside Rasa's default one (DIET), on the same data.

Both are trained on the same examples by the same program, each in a process of its own, and then
parse the same held-out messages one after the other through Rasa's `Agent`. Judged is what the
pipeline alone says: a question, or a message it falls back on, is the knowledge base's to answer and
counts as right where a question was meant; falling back on an off-topic message is right, too.
"""

import argparse
import asyncio
import hashlib
import json
import os
import random
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import yaml

from bot.dialogue.routing import FALLBACK, Route, route_of
from bot.evaluation.cases import Case, Judged, read_cases
from bot.evaluation.measures import measure
from bot.rasa.environment import NLU, ROOT, rasa_python
from tests.bench.turns import STOCK_CONFIG

HELD_OUT = NLU / "heldout"
CACHE = NLU / "models" / "bench"
KNOWLEDGE = frozenset({Route.FAQ.value, Route.CLARIFY.value})


async def main(options: argparse.Namespace) -> dict[str, Any]:
    """Train and measure both sides and return the figures."""
    cases = [c for c in read_cases(sorted(HELD_OUT.glob("*.jsonl"))) if c.dialogue is None]
    with tempfile.TemporaryDirectory(prefix="frontline-bench-") as name:
        folder = Path(name)
        data, count = sample(folder / "data", most=options.examples, seed=options.seed)
        report: dict[str, Any] = {
            "examples": count,
            "epochs": options.epochs,
            "messages": len(cases),
            "sides": {},
        }
        sides = {"frontline": (_own_config(), False)}
        if not options.no_stock:
            sides["stock Rasa (DIET)"] = (_stock_config(options.epochs), True)
        for side, (config, tensorflow) in sides.items():
            model, training = await _trained(folder, side, config, data, tensorflow, options.fresh)
            texts = folder / "texts.json"
            texts.write_text(json.dumps([case.text for case in cases]))
            _tell(f"{side}: parsing {len(cases)} messages")
            parsed = await _run("parse", "--model", model, "--texts", texts, tensorflow=tensorflow)
            found = figures(cases, parsed.pop("intents"))
            report["sides"][side] = {"training": training, "parsing": parsed, **found}
    return report


def sample(folder: Path, *, most: int, seed: int) -> tuple[Path, int]:
    """Write the project's examples, or a fair share of them, and return (folder, how many).

    Every intent keeps its share in every language, and at least two examples.
    """
    folder.mkdir(parents=True)
    files = {
        path: yaml.safe_load(path.read_text()) for path in sorted((NLU / "data").rglob("*.yml"))
    }
    files = {path: data for path, data in files.items() if "nlu" in data}
    blocks = [part for data in files.values() for part in data["nlu"] if "intent" in part]
    whole = sum(len(_examples(part)) for part in blocks)
    dice = random.Random(seed)
    count = 0
    for part in blocks:
        lines = _examples(part)
        keep = len(lines) if not most else max(2, round(len(lines) * most / whole))
        kept = lines if keep >= len(lines) else dice.sample(lines, keep)
        part["examples"] = "\n".join(kept) + "\n"
        count += len(kept)
    for number, data in enumerate(files.values()):
        (folder / f"{number}.yml").write_text(yaml.safe_dump(data, allow_unicode=True))
    return folder, count


def figures(cases: Sequence[Case], intents: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Return what is compared, from what a pipeline said to the cases. Pure."""
    judged = []
    for case, said in zip(cases, intents, strict=True):
        route = route_of(said["name"], None, raw_intent=said["raw"] or "").value
        falls_back = said["name"] == FALLBACK
        asks = route in KNOWLEDGE and not KNOWLEDGE.isdisjoint(case.expect)
        if asks or (falls_back and Route.OUT_OF_SCOPE.value in case.expect):
            route = next(r for r in case.expect if r in {*KNOWLEDGE, Route.OUT_OF_SCOPE.value})
        judged.append(Judged(case, route, said["confidence"], said["name"], (), 0.0))
    report = measure(judged)
    return {
        "accuracy": report["accuracy"],
        "accuracy_by_locale": report["by_locale"],
        "core_recall": report["quality"]["core_recall"],
        "human_recall": report["quality"]["human_recall"],
        "false_flow_starts": report["quality"]["false_flow_starts"],
        "ece": report["calibration"]["ece"],
    }


def render(report: dict[str, Any]) -> str:
    """Return a table for people. Pure."""
    rows: list[tuple[str, Callable[[dict[str, Any]], str]]] = [
        ("right, held-out messages", lambda s: f"{s['accuracy']:.1%}"),
        ("core recall", lambda s: f"{s['core_recall']:.1%}"),
        ("person recognised", lambda s: f"{s['human_recall']:.1%}"),
        ("unwanted flow started", lambda s: f"{s['false_flow_starts']:.1%}"),
        ("calibration error", lambda s: f"{s['ece']:.3f}"),
        ("training, CPU s", lambda s: f"{s['training']['cpu_seconds']:,}"),
        ("training, elapsed s", lambda s: f"{s['training']['seconds']:,}"),
        ("parse p50, ms", lambda s: f"{s['parsing']['p50_ms']}"),
        ("parse p95, ms", lambda s: f"{s['parsing']['p95_ms']}"),
        ("parse CPU, ms", lambda s: f"{s['parsing']['cpu_ms']}"),
        ("process memory, MiB", lambda s: f"{s['parsing']['rss_mb']}"),
        ("added by the model, MiB", lambda s: f"{s['parsing']['added_mb']}"),
    ]
    sides = report["sides"]
    lines = [
        (
            f"{report['examples']:,} examples, {report['epochs']} epochs (DIET), "
            f"{report['messages']:,} held-out messages"
        ),
        "",
        f"{'':26}" + "".join(f"{name:>20}" for name in sides),
    ]
    lines += [
        f"{name:26}" + "".join(f"{show(s):>20}" for s in sides.values()) for name, show in rows
    ]
    again = [name for name, side in sides.items() if side["training"].get("cached")]
    if again:
        lines += ["", f"Trained in an earlier run (--fresh trains again): {', '.join(again)}."]
    return "\n".join(lines)


def _examples(part: dict[str, Any]) -> list[str]:
    return [line for line in part["examples"].splitlines() if line.strip().startswith("- ")]


def _own_config() -> dict[str, Any]:
    config: dict[str, Any] = yaml.safe_load((ROOT / "config.yml").read_text())
    return {key: config[key] for key in ("recipe", "assistant_id", "language", "pipeline")}


def _stock_config(epochs: int) -> dict[str, Any]:
    stock: dict[str, Any] = STOCK_CONFIG
    pipeline = [
        {**part, "epochs": epochs} if "epochs" in part else part
        for part in stock["pipeline"]
        # It chooses between answers of a FAQ written into the training data; there is none.
        if part["name"] != "ResponseSelector"
    ]
    return {
        **{key: stock[key] for key in ("recipe", "assistant_id", "language")},
        "pipeline": pipeline,
    }


async def _trained(
    folder: Path, side: str, config: dict[str, Any], data: Path, tensorflow: bool, fresh: bool
) -> tuple[Path, dict[str, Any]]:
    """Return a model and what training it cost; from the cache when nothing has changed."""
    model = CACHE / f"{_digest(config, data, own=not tensorflow)}.tar.gz"
    costs = model.with_suffix(".json")
    if model.exists() and costs.exists() and not fresh:
        return model, {**json.loads(costs.read_text()), "cached": True}
    _tell(f"{side}: training" + (" (minutes)" if tensorflow else ""))
    written = folder / f"{model.stem}.yml"
    written.write_text(yaml.safe_dump(config))
    report = await _run(
        *("train", "--config", written, "--data", data),
        *("--domain", NLU / "domain", "--out", model),
        tensorflow=tensorflow,
    )
    costs.write_text(json.dumps(report))
    return model, report


def _digest(config: dict[str, Any], data: Path, *, own: bool) -> str:
    digest = hashlib.sha256(json.dumps(config, sort_keys=True).encode())
    components = sorted((NLU / "components").glob("*.py")) if own else []
    for path in [*sorted(data.iterdir()), *components]:
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


async def _run(*arguments: str | Path, tensorflow: bool) -> dict[str, Any]:
    command = [str(rasa_python()), "pipeline.py", *map(str, arguments)]
    command += ["--with-tensorflow"] if tensorflow else []
    environ = {name: value for name, value in os.environ.items() if name != "VIRTUAL_ENV"}
    process = await asyncio.create_subprocess_exec(
        *command, cwd=NLU, env=environ, stdout=asyncio.subprocess.PIPE
    )
    out, _ = await process.communicate()
    if process.returncode != 0:
        raise SystemExit(f"{arguments[0]} failed")
    report: dict[str, Any] = json.loads(out)
    return report


def _tell(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def parser() -> argparse.ArgumentParser:
    """Return the options."""
    result = argparse.ArgumentParser(prog="frontline bench nlu", description=__doc__)
    result.add_argument("--examples", type=int, default=1500, help="for both sides; 0: all")
    result.add_argument("--epochs", type=int, default=100, help="of DIET; 100 is its default")
    result.add_argument("--seed", type=int, default=0, help="which examples are taken")
    result.add_argument("--fresh", action="store_true", help="train again, whatever is kept")
    result.add_argument("--no-stock", action="store_true", help="only ours")
    result.add_argument("--json", action="store_true", help="print JSON")
    return result


if __name__ == "__main__":
    options = parser().parse_args()
    found = asyncio.run(main(options))
    print(json.dumps(found, indent=2) if options.json else render(found))
