"""`frontline bench turns`: messages per second and latency, beside a stock Rasa server in the same run.

Ours: `frontline up` on a fresh data folder, driven through widget sockets; a message counts as answered
when the bot's reply has arrived, and everything is committed as in production. Stock: `rasa run` with the
default pipeline and policies trained on the same data, its own REST channel, in-memory trackers, and an
action server that answers at once. Both get the same messages in the same order.
"""

import argparse
import asyncio
import contextlib
import json
import os
import shutil
import statistics
import sys
import tempfile
import time
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import psutil
import yaml
from aiohttp import web

from bot.rasa.environment import NLU, rasa_python
from bot.rasa.training import data_hash
from tests.system import System, free_port, until

SCRIPT = (
    "oi, tudo bem?",
    "qual o prazo de entrega para o Recife?",
    "vocês abrem no sábado?",
    "cadê o meu pedido?",
    "deixa pra lá",
    "posso pagar com pix?",
    "obrigado",
    "hello there",
    "how do I return a lamp?",
    "are you open on Sunday?",
    "what can you do?",
    "I forgot my password",
    "never mind",
    "thanks",
    "hola",
    "¿cómo cambio un producto?",
    "¿abren el lunes?",
    "¿dónde está mi pedido?",
    "olvídalo",
    "gracias",
)
EPOCHS = 5
"""The default is 100. Fewer make the stock side less accurate, not faster: only speed is compared here."""
STOCK_CONFIG = {
    "recipe": "default.v1",
    "assistant_id": "stock",
    "language": "pt",
    "pipeline": [
        {"name": "WhitespaceTokenizer"},
        {"name": "RegexFeaturizer"},
        {"name": "LexicalSyntacticFeaturizer"},
        {"name": "CountVectorsFeaturizer"},
        {
            "name": "CountVectorsFeaturizer",
            "analyzer": "char_wb",
            "min_ngram": 1,
            "max_ngram": 4,
        },
        {"name": "DIETClassifier", "epochs": EPOCHS, "constrain_similarities": True},
        {"name": "EntitySynonymMapper"},
        {"name": "ResponseSelector", "epochs": EPOCHS, "constrain_similarities": True},
        {"name": "FallbackClassifier", "threshold": 0.3, "ambiguity_threshold": 0.1},
    ],
    "policies": [
        {"name": "MemoizationPolicy"},
        {"name": "RulePolicy", "core_fallback_action_name": "action_answer_question"},
        {
            "name": "UnexpecTEDIntentPolicy",
            "max_history": 5,
            "epochs": EPOCHS,
            "constrain_similarities": True,
        },
        {"name": "TEDPolicy", "max_history": 5, "epochs": EPOCHS, "constrain_similarities": True},
    ],
}
"""What `rasa init` of 3.6 writes and suggests as its default, with the fallback action named."""


@dataclass
class Result:
    """One measurement at one number of conversations side by side."""

    parallel: int
    seconds: float
    latencies: list[float]
    cpu: dict[str, float] = field(default_factory=dict)
    rss_mb: dict[str, float] = field(default_factory=dict)

    @property
    def rate(self) -> float:
        """Messages answered per second."""
        return len(self.latencies) / self.seconds

    def quantile(self, q: float) -> float:
        """Latency in milliseconds."""
        ordered = sorted(self.latencies)
        return 1000 * ordered[min(len(ordered) - 1, int(q * len(ordered)))]

    def as_json(self) -> dict[str, Any]:
        """Return the figures."""
        return {
            "parallel": self.parallel,
            "messages": len(self.latencies),
            "per_second": round(self.rate, 1),
            "p50_ms": round(self.quantile(0.5), 1),
            "p95_ms": round(self.quantile(0.95), 1),
            "p99_ms": round(self.quantile(0.99), 1),
            "cpu_ms_per_message": {
                name: round(1000 * seconds / len(self.latencies), 2)
                for name, seconds in self.cpu.items()
            },
            "rss_mb": {name: round(mb) for name, mb in self.rss_mb.items()},
        }


Talk = Callable[[str], Awaitable[float]]
"""Say something, return how many seconds the answer took."""


class Ours:
    """A running Frontline."""

    def __init__(self, system: System) -> None:
        self.system = system
        self.session = aiohttp.ClientSession()

    @asynccontextmanager
    async def conversation(self) -> AsyncIterator[Talk]:
        """Open a conversation over a socket."""
        url = f"{self.system.url}/api/widget/v1"
        async with self.session.post(f"{url}/sessions", json={}) as response:
            opened = await response.json()
        async with self.session.ws_connect(f"{url}/socket") as ws:
            await ws.send_json({"type": "hello", "token": opened["session_token"], "last_seq": 0})

            async def say(text: str) -> float:
                client_id = str(uuid.uuid4())
                started = time.perf_counter()
                await ws.send_json({"type": "message", "client_id": client_id, "text": text})
                acknowledged = answered = 0
                while not acknowledged or answered <= acknowledged:
                    frame = json.loads((await ws.receive(timeout=30)).data)
                    if frame["type"] == "error":
                        raise RuntimeError(frame)
                    if frame["type"] == "ack":
                        acknowledged = frame["seq"]
                    elif frame["type"] == "message" and frame["author"] != "customer":
                        answered = frame["seq"]
                return time.perf_counter() - started

            yield say

    def processes(self) -> dict[str, psutil.Process]:
        """Return what is measured."""
        assert self.system.process is not None
        found = {"gateway": psutil.Process(self.system.process.pid)}
        found |= {f"rasa {n}": psutil.Process(p) for n, p in enumerate(self.system.rasa_pids())}
        return found

    async def close(self) -> None:
        """Stop it."""
        await self.session.close()
        await self.system.stop()


class Stock:
    """A running stock Rasa server."""

    def __init__(self, process: asyncio.subprocess.Process, port: int) -> None:
        self.process = process
        self.url = f"http://127.0.0.1:{port}"
        self.session = aiohttp.ClientSession()

    @asynccontextmanager
    async def conversation(self) -> AsyncIterator[Talk]:
        """Open a conversation over the REST channel."""
        sender = str(uuid.uuid4())

        async def say(text: str) -> float:
            started = time.perf_counter()
            async with self.session.post(
                f"{self.url}/webhooks/rest/webhook",
                json={"sender": sender, "message": text},
                timeout=aiohttp.ClientTimeout(total=120),
            ) as response:
                await response.json()
            return time.perf_counter() - started

        yield say

    def processes(self) -> dict[str, psutil.Process]:
        """Return what is measured."""
        return {"stock rasa": psutil.Process(self.process.pid)}

    async def close(self) -> None:
        """Stop it."""
        await self.session.close()
        self.process.terminate()
        await self.process.wait()


async def measure(side: Ours | Stock, *, parallel: int, messages: int) -> Result:
    """Let `parallel` conversations say the script until `messages` were answered."""
    latencies: list[float] = []
    left = iter(range(messages))

    async def talk(number: int) -> None:
        while True:
            async with side.conversation() as say:
                for offset in range(len(SCRIPT)):
                    if next(left, None) is None:
                        return
                    latencies.append(await say(SCRIPT[(number * 7 + offset) % len(SCRIPT)]))

    before = {name: p.cpu_times() for name, p in side.processes().items()}
    started = time.perf_counter()
    await asyncio.gather(*(talk(number) for number in range(parallel)))
    seconds = time.perf_counter() - started
    result = Result(parallel, seconds, latencies)
    for name, process in side.processes().items():
        now = process.cpu_times()
        if name in before:
            result.cpu[name] = now.user + now.system - before[name].user - before[name].system
        result.rss_mb[name] = process.memory_info().rss / 2**20
    return result


async def growth(side: Ours | Stock, *, messages: int) -> dict[str, float]:
    """Return the median latency (ms) around message 10 and around the last of one conversation."""
    latencies: list[float] = []
    async with side.conversation() as say:
        latencies += [await say(SCRIPT[n % len(SCRIPT)]) for n in range(messages)]
    width = len(SCRIPT)
    return {
        "around message 20": round(
            1000 * statistics.median(latencies[width // 2 : width // 2 + width]), 1
        ),
        f"around message {messages}": round(1000 * statistics.median(latencies[-width:]), 1),
    }


async def start_ours(folder: Path) -> Ours:
    """Start `frontline up` on a fresh data folder."""
    system = System(folder, environ={"FRONTLINE_LOG_LEVEL": "WARNING"})
    await system.start()
    return Ours(system)


async def start_stock(folder: Path, actions_url: str) -> Stock:
    """Train (once per data) and start the stock server."""
    model = NLU / "models" / "stock" / f"{data_hash()}.tar.gz"
    project = folder / "stock"
    project.mkdir(parents=True)
    (project / "config.yml").write_text(yaml.safe_dump(STOCK_CONFIG))
    (project / "endpoints.yml").write_text(
        yaml.safe_dump({"action_endpoint": {"url": actions_url}})
    )
    (project / "credentials.yml").write_text("rest:\n")
    environ = {
        **os.environ,
        "RASA_TELEMETRY_ENABLED": "false",
        "TF_CPP_MIN_LOG_LEVEL": "3",
        "SQLALCHEMY_SILENCE_UBER_WARNING": "1",
    }
    environ.pop("VIRTUAL_ENV", None)
    if not model.exists():
        print("training the stock pipeline (many minutes, once)", file=sys.stderr)
        process = await asyncio.create_subprocess_exec(
            str(rasa_python()),
            "-m",
            "rasa",
            "train",
            "--config",
            str(project / "config.yml"),
            "--domain",
            str(NLU / "domain"),
            "--data",
            str(NLU / "data"),
            "--out",
            str(project / "models"),
            "--fixed-model-name",
            "stock",
            cwd=NLU,
            env=environ,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=None,
        )
        if await process.wait() != 0:
            raise SystemExit("training the stock pipeline failed")
        model.parent.mkdir(parents=True, exist_ok=True)
        shutil.move(project / "models" / "stock.tar.gz", model)
    port = free_port()
    with (folder / "stock.log").open("wb") as output:
        process = await asyncio.create_subprocess_exec(
            str(rasa_python()),
            "-m",
            "rasa",
            "run",
            "--model",
            str(model),
            "--endpoints",
            str(project / "endpoints.yml"),
            "--credentials",
            str(project / "credentials.yml"),
            "--port",
            str(port),
            "-i",
            "127.0.0.1",
            cwd=project,
            env=environ,
            stdout=output,
            stderr=output,
        )
    stock = Stock(process, port)

    async def answers() -> bool:
        if process.returncode is not None:
            raise SystemExit((folder / "stock.log").read_text()[-3000:])
        with contextlib.suppress(aiohttp.ClientError, TimeoutError):
            async with stock.session.get(
                stock.url, timeout=aiohttp.ClientTimeout(total=2)
            ) as response:
                return response.status == 200
        return False

    await until(answers, seconds=300, what="the stock server")
    return stock


@asynccontextmanager
async def action_server() -> AsyncIterator[str]:
    """Serve every custom action at once with one sentence: the cheapest a real one could be."""

    async def run(request: web.Request) -> web.Response:
        await request.read()
        return web.json_response({"events": [], "responses": [{"text": "ok"}]})

    app = web.Application(client_max_size=64 * 2**20)
    app.router.add_post("/webhook", run)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    port = free_port()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    try:
        yield f"http://127.0.0.1:{port}/webhook"
    finally:
        await runner.cleanup()


async def main(options: argparse.Namespace) -> dict[str, Any]:
    """Measure both sides and return all figures."""
    report: dict[str, Any] = {"cores": os.cpu_count(), "ours": [], "stock": []}
    with tempfile.TemporaryDirectory(prefix="frontline-bench-") as name:
        folder = Path(name)
        ours = await start_ours(folder / "ours")
        try:
            await measure(ours, parallel=4, messages=80)
            for parallel in options.parallel:
                result = await measure(ours, parallel=parallel, messages=options.messages)
                report["ours"].append(result.as_json())
                _print("ours", result)
            report["ours_growth"] = await growth(ours, messages=options.long)
            print("ours, one conversation:", report["ours_growth"], file=sys.stderr)
        finally:
            await ours.close()
        if not options.no_stock:
            async with action_server() as actions_url:
                stock = await start_stock(folder, actions_url)
                try:
                    await measure(stock, parallel=2, messages=20)
                    for parallel in options.parallel:
                        result = await measure(
                            stock, parallel=parallel, messages=max(40, options.messages // 8)
                        )
                        report["stock"].append(result.as_json())
                        _print("stock", result)
                    report["stock_growth"] = await growth(stock, messages=min(options.long, 200))
                    print("stock, one conversation:", report["stock_growth"], file=sys.stderr)
                finally:
                    await stock.close()
            report["ratios"] = [
                {
                    "parallel": a["parallel"],
                    "messages_per_second": round(a["per_second"] / b["per_second"], 1),
                    "p50": round(b["p50_ms"] / a["p50_ms"], 1),
                }
                for a, b in zip(report["ours"], report["stock"], strict=True)
            ]
    return report


def _print(side: str, result: Result) -> None:
    row = result.as_json()
    print(
        f"{side:6} {row['parallel']:3} at a time  {row['per_second']:7.1f} msg/s  "
        f"p50 {row['p50_ms']:7.1f}  p95 {row['p95_ms']:7.1f}  p99 {row['p99_ms']:7.1f} ms  "
        f"CPU ms/message {row['cpu_ms_per_message']}  MiB {row['rss_mb']}",
        file=sys.stderr,
    )


def parser() -> argparse.ArgumentParser:
    """Return the options."""
    result = argparse.ArgumentParser(prog="frontline bench turns", description=__doc__)
    result.add_argument("--messages", type=int, default=1600, help="per measurement (ours)")
    result.add_argument("--parallel", type=int, nargs="+", default=[1, 8, 32])
    result.add_argument("--long", type=int, default=1000, help="messages of the long conversation")
    result.add_argument("--no-stock", action="store_true", help="only ours")
    return result


if __name__ == "__main__":
    print(json.dumps(asyncio.run(main(parser().parse_args())), indent=2))
