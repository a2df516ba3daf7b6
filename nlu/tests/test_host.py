"""The host as the gateway sees it: a process with an HTTP face."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, AsyncIterator, Dict, Iterator, List, Optional

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer, unused_port
from conftest import TOKEN, ActionServer, result

HERE = Path(__file__).resolve().parent


class Host:
    """A host process and a client for it."""

    def __init__(self, folder: Path, model: Path, actions_url: str) -> None:
        self.folder, self.model, self.actions_url = folder, model, actions_url
        self.port = unused_port()
        self.log = folder / "host.log"
        self.process: Optional[subprocess.Popen[bytes]] = None

    def start(self, *, wrapper: Optional[List[str]] = None, keep: bool = True) -> None:
        command = [
            sys.executable, "-m", "host", "--port", str(self.port), "--model", str(self.model),
            "--trackers", str(self.folder / "trackers.db"), "--actions-url", self.actions_url,
            *(["--keep-running"] if keep else []),
        ]  # fmt: skip
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [*(wrapper or []), *command],
                cwd=HERE.parent,
                env={**os.environ, "FRONTLINE_INTERNAL_TOKEN": TOKEN},
                stdout=log,
                stderr=log,
            )

    def stop(self, number: int = signal.SIGTERM) -> int:
        assert self.process is not None
        self.process.send_signal(number)
        return self.process.wait(20)

    async def call(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        token: Optional[str] = TOKEN,
        raw: bytes = b"",
    ) -> Any:
        headers = {"Authorization": f"Bearer {token}"} if token is not None else {}
        async with (
            aiohttp.ClientSession(headers=headers) as session,
            session.request(
                method,
                f"http://127.0.0.1:{self.port}{path}",
                data=raw or (json.dumps(body).encode() if body is not None else None),
            ) as response,
        ):
            text = await response.text()
            return response.status, json.loads(text) if text else None

    async def ready(self, seconds: float = 90) -> List[Any]:
        """Wait until it serves; returns what it said until then."""
        said = []
        ends = time.monotonic() + seconds
        while time.monotonic() < ends:
            assert self.process is not None and self.process.poll() is None, self.log.read_text()
            try:
                status, body = await self.call("GET", "/health")
            except aiohttp.ClientError:
                await asyncio.sleep(0.05)
                continue
            said.append((status, body.get("status")))
            if status == 200:
                return said
            await asyncio.sleep(0.1)
        raise AssertionError(self.log.read_text())

    async def turn(self, text: str, turn_id: str, name: str = "h~1", **more: Any) -> Any:
        return await self.call(
            "POST",
            "/turn",
            {"conversation_id": name, "turn_id": turn_id, "text": text, "locale": "pt-BR",
             "channel": "widget", "metadata": {}, "vector": None, "intent": None, **more},
        )  # fmt: skip


@pytest.fixture(scope="module")
def loop_() -> Iterator[asyncio.AbstractEventLoop]:
    loop = asyncio.new_event_loop()
    yield loop
    loop.close()


@pytest.fixture(scope="module")
def host(
    tmp_path_factory: pytest.TempPathFactory, model_file: Path, loop_: asyncio.AbstractEventLoop
) -> Iterator[Host]:
    """One process for the tests that do not kill it; its actions are on a port of their own."""
    made = Host(
        tmp_path_factory.mktemp("host"), model_file, f"http://127.0.0.1:{unused_port()}/actions"
    )
    made.start()
    said = loop_.run_until_complete(made.ready())
    # Before the model is there it says so instead of refusing the connection.
    assert said[0] == (503, "starting")
    yield made
    assert made.stop() == 0


@pytest.fixture
async def served(host: Host) -> AsyncIterator[ActionServer]:
    """The host's actions, for one test."""
    server = ActionServer()
    app = web.Application()
    app.router.add_post("/actions", server.handle)
    running = TestServer(app, port=int(host.actions_url.split(":")[2].split("/")[0]))
    await running.start_server()
    yield server
    await running.close()


async def test_health(host: Host) -> None:
    status, body = await host.call("GET", "/health")
    assert status == 200
    assert body["status"] == "ok"
    assert body["model"]["name"] == "small"
    assert len(body["model"]["hash"]) == 16
    assert body["model"]["trained_at"].endswith("Z")
    assert 100 < body["rss_mb"] < 2000
    assert body["live_trackers"] >= 0


@pytest.mark.parametrize("token", [None, "", "wrong", TOKEN + "x", "ü" * 30])
@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/health"), ("POST", "/turn"), ("POST", "/parse"), ("POST", "/events"),
     ("POST", "/model"), ("DELETE", "/conversations/x"), ("GET", "/nothing")],
)  # fmt: skip
async def test_nothing_without_the_token(
    host: Host, method: str, path: str, token: Optional[str]
) -> None:
    status, body = await host.call(method, path, token=token)
    assert (status, body) == (401, {"error": "unauthorized"})


async def test_a_turn(host: Host, served: ActionServer) -> None:
    status, body = await host.turn("Cadê meu PEDIDO?", "t1", "turn~1")
    assert status == 200
    assert set(body) == {
        "turn_id", "replies", "parse", "actions", "failed_actions", "slots", "active_loop", "model",
        "replayed",
    }  # fmt: skip
    assert body["replies"] == [{"say": "utter_ask_order_number"}]
    assert set(body["parse"]) == {"intent", "ranking", "entities", "decision", "model"}
    assert set(body["parse"]["decision"]) == {
        "fallback", "raw_intent", "confidence", "margin", "scope", "thresholds", "reasons",
        "also",
    }  # fmt: skip
    status, again = await host.turn("Cadê meu PEDIDO?", "t1", "turn~1")
    assert again == {**body, "replayed": True}
    status, body = await host.turn("aur 10023", "t2", "turn~1")
    assert body["replies"] == [{"say": "utter_order_sent"}]
    assert body["failed_actions"] == []
    assert served.headers[0]["Authorization"] == f"Bearer {TOKEN}"


async def test_a_failing_action(host: Host, served: ActionServer) -> None:
    served.on["action_request_human"] = lambda _: web.Response(status=500)
    status, body = await host.turn("quero um atendente", "t1", "fails~1")
    assert status == 200
    assert body["failed_actions"] == ["action_request_human"]


async def test_a_turn_without_a_gateway_is_none(host: Host) -> None:
    status, body = await host.turn("quero um atendente", "t1", "alone~1")
    assert (status, body) == (500, {"error": "TurnFailed"})


async def test_a_turn_that_takes_too_long(host: Host, served: ActionServer) -> None:
    async def slowly(_: Any) -> Any:
        await asyncio.sleep(30)

    served.on["action_answer_question"] = slowly
    started = time.monotonic()
    status, body = await host.turn("como faço para devolver um produto?", "t1", "slow~1")
    # One action has 5 s and is then taken for failed; the turn goes on.
    assert status == 200 and body["failed_actions"] == ["action_answer_question"]
    assert 4.5 < time.monotonic() - started < 7.0


async def test_parse(host: Host) -> None:
    status, body = await host.call(
        "POST", "/parse", {"text": "onde está o AUR-10023", "locale": "pt"}
    )
    assert status == 200
    assert set(body) == {"intent", "ranking", "entities", "decision", "model"}
    assert body["entities"] == [
        {"entity": "order_number", "value": "AUR-10023", "start": 12, "end": 21}
    ]
    assert len(body["ranking"]) == 5


async def test_events_and_erasure(host: Host) -> None:
    event = {"event": "slot", "name": "email", "value": "a@example.com"}
    body = {"conversation_id": "e~1", "events": [event]}
    assert await host.call("POST", "/events", body) == (204, None)
    assert (await host.turn("oi", "t1", "e~1"))[1]["slots"]["email"] == "a@example.com"
    assert await host.call("DELETE", "/conversations/e~*") == (204, None)
    assert "email" not in (await host.turn("oi", "t2", "e~1"))[1]["slots"]


@pytest.mark.parametrize(
    ("method", "path", "body", "raw", "expected"),
    [
        ("POST", "/turn", {}, b"", 400),
        ("POST", "/turn", [], b"", 400),
        ("POST", "/turn", None, b"{", 400),
        ("POST", "/turn", None, b"\xff\xfe", 400),
        ("POST", "/turn", None, b"[" * 100_000, 400),
        ("POST", "/turn", None, b'{"text":"' + b"x" * 300_000 + b'"}', 413),
        ("POST", "/parse", {"text": ""}, b"", 400),
        ("POST", "/parse", {"text": "oi", "vector": "AAAA"}, b"", 400),
        ("POST", "/events", {"conversation_id": "x", "events": [{"event": "no"}]}, b"", 400),
        ("POST", "/model", {"path": "/etc/passwd"}, b"", 400),
        ("POST", "/model", {"path": "/no/such/model.tar.gz"}, b"", 400),
        ("DELETE", "/conversations/a%20b", None, b"", 400),
        ("GET", "/turn", None, b"", 405),
        ("GET", "/status", None, b"", 404),
        ("POST", "/webhooks/rest/webhook", {}, b"", 404),
    ],
)
async def test_bad_requests_are_told_so(
    host: Host, method: str, path: str, body: Any, raw: bytes, expected: int
) -> None:
    status, answer = await host.call(method, path, body, raw=raw)
    assert status == expected
    assert isinstance(answer["error"], str)
    assert (await host.call("GET", "/health"))[0] == 200


async def test_an_unknown_intent_is_an_error(host: Host) -> None:
    status, body = await host.turn("x", "t1", "bad~1", intent={"name": "nope"})
    assert (status, body) == (500, {"error": "TurnFailed"})


async def test_model_swap(host: Host, model_file: Path, tmp_path: Path) -> None:
    copy = tmp_path / "other.tar.gz"
    copy.write_bytes(model_file.read_bytes())
    talking = asyncio.gather(*(host.turn("oi", f"t{n}", f"swap{n}~1") for n in range(20)))
    status, body = await host.call("POST", "/model", {"path": str(copy)})
    assert status == 200 and body["model"]["name"] == "other"
    assert all(status == 200 for status, _ in await talking)
    broken = tmp_path / "broken.tar.gz"
    broken.write_bytes(b"nothing")
    status, body = await host.call("POST", "/model", {"path": str(broken)})
    assert status == 400 and "error" in body
    assert (await host.call("GET", "/health"))[1]["model"]["name"] == "other"
    status, body = await host.call("POST", "/model", {"path": str(model_file)})
    assert status == 200


async def test_the_log_is_json_and_holds_no_customer_text(host: Host) -> None:
    await host.turn("minha frase secreta com o CPF 12345678900", "t1", "log~1")
    await host.turn("outra frase secreta", "t2", "log~1", intent={"name": "nope"})
    lines = host.log.read_text(encoding="utf-8").splitlines()
    for line in lines:
        assert set(json.loads(line)) >= {"time", "level", "logger", "message"}
    assert not [line for line in lines if "secreta" in line or "12345678900" in line]


def test_says_what_is_missing(tmp_path: Path) -> None:
    command = [sys.executable, "host.py", "--port", "0", "--model", "x.tar.gz", "--trackers",
               "t.db", "--actions-url", "http://127.0.0.1/"]  # fmt: skip
    environment = {k: v for k, v in os.environ.items() if k != "FRONTLINE_INTERNAL_TOKEN"}
    ended = subprocess.run(
        command, cwd=HERE.parent, env=environment, capture_output=True, text=True
    )
    assert ended.returncode == 2
    assert "FRONTLINE_INTERNAL_TOKEN" in ended.stderr


async def test_a_missing_model_ends_the_start(tmp_path: Path) -> None:
    host = Host(tmp_path, tmp_path / "missing.tar.gz", "http://127.0.0.1:9/")
    host.start()
    assert host.process is not None
    code = await asyncio.get_running_loop().run_in_executor(None, host.process.wait, 60)
    assert code == 1
    assert "there is no such file" in host.log.read_text()


async def test_killed_in_the_middle_and_ended_in_order(
    tmp_path: Path, model_file: Path, actions: ActionServer
) -> None:
    """A turn whose process dies did not happen; the one before it did."""
    reached = asyncio.Event()

    async def hangs(_: Any) -> Any:
        reached.set()
        await asyncio.sleep(30)

    actions.on["action_request_human"] = hangs
    host = Host(tmp_path, model_file, actions.url)
    host.start()
    await host.ready()
    _, before = await host.turn("oi", "t1")
    dying = asyncio.ensure_future(host.turn("atendente", "t2"))
    await reached.wait()
    assert host.process is not None
    host.process.kill()
    with pytest.raises(aiohttp.ClientError):
        await dying
    host.process.wait()

    # This time its parent will end: the host has to notice, and not outlive it.
    actions.on["action_request_human"] = lambda _: result("ok", {"markdown": "coming"})
    starter = (
        "import subprocess, sys, time, pathlib;"
        "child = subprocess.Popen(sys.argv[2:]);"
        "pathlib.Path(sys.argv[1]).write_text(str(child.pid));"
        "sys.stdin.read()"
    )
    pid_file = tmp_path / "pid"
    with host.log.open("ab") as log:
        parent = subprocess.Popen(
            [sys.executable, "-c", starter, str(pid_file), sys.executable, "host.py",
             "--port", str(host.port), "--model", str(model_file), "--trackers",
             str(tmp_path / "trackers.db"), "--actions-url", actions.url],
            cwd=HERE.parent, env={**os.environ, "FRONTLINE_INTERNAL_TOKEN": TOKEN},
            stdin=subprocess.PIPE, stdout=log, stderr=log,
        )  # fmt: skip
    host.process = parent
    await host.ready()
    _, replayed = await host.turn("oi", "t1")
    assert replayed == {**before, "replayed": True}
    _, retried = await host.turn("atendente", "t2")
    assert retried["replies"] == [{"markdown": "coming"}] and not retried["replayed"]

    # A turn in progress is finished before the host ends.
    reached.clear()
    actions.on["action_request_human"] = _after_a_moment(reached)
    last = asyncio.ensure_future(host.turn("atendente", "t3"))
    await reached.wait()
    child = int(pid_file.read_text())
    parent.kill()
    parent.wait()
    status, body = await last
    assert status == 200 and body["turn_id"] == "t3"
    await asyncio.wait_for(_gone(child), 15)
    assert '"ending"' in host.log.read_text()


def _after_a_moment(reached: asyncio.Event) -> Any:
    async def answer(_: Dict[str, Any]) -> Dict[str, Any]:
        reached.set()
        await asyncio.sleep(2.5)
        return result("ok")

    return answer


async def _gone(pid: int) -> None:
    while True:
        try:
            os.kill(pid, 0)
            state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
            if state == "Z":
                return
        except (ProcessLookupError, FileNotFoundError):
            return
        await asyncio.sleep(0.1)
