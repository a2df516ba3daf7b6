"""A whole Frontline for tests: `frontline up` as its own process on a data folder and port of its own.

Started as the README says, driven over HTTP, killed without mercy where a test wants that.
"""

import asyncio
import contextlib
import os
import re
import signal
import socket
import sys
import time
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any

import aiohttp
import psutil

ROOT = Path(__file__).resolve().parent.parent


def free_port() -> int:
    """Return a loopback port nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


async def until(check: Any, *, seconds: float = 30.0, what: str = "a condition") -> Any:
    """Call `check` (async) until it returns something true."""
    ends = time.monotonic() + seconds
    while True:
        result = await check()
        if result:
            return result
        if time.monotonic() > ends:
            raise AssertionError(f"{what} did not come true within {seconds} s")
        await asyncio.sleep(0.05)


@dataclass
class System:
    """One installation."""

    folder: Path
    environ: dict[str, str] = field(default_factory=dict)
    port: int = field(default_factory=free_port)
    options: tuple[str, ...] = ()
    process: asyncio.subprocess.Process | None = None
    starts: int = 0

    @property
    def url(self) -> str:
        """Where it is reached."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def data_dir(self) -> Path:
        """Its data folder."""
        return self.folder / "var"

    @property
    def database_url(self) -> str:
        """Where it stores everything."""
        embedded = f"sqlite:///{self.data_dir / 'frontline.db'}"
        return self.environ.get("FRONTLINE_DATABASE_URL", embedded)

    @property
    def log(self) -> str:
        """All it printed so far."""
        path = self.folder / "up.log"
        return path.read_text(errors="replace") if path.exists() else ""

    def _environ(self) -> dict[str, str]:
        keep = {k: v for k, v in os.environ.items() if not k.startswith("FRONTLINE_")}
        return {**keep, "PYTHONUNBUFFERED": "1", **self.environ}

    async def start(self, *, bot: bool = True) -> None:
        """Start it and wait until messages are accepted (and the bot is there)."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self.starts += 1
        with (self.folder / "up.log").open("ab") as output:
            self.process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                "bot",
                "up",
                "--port",
                str(self.port),
                "--data-dir",
                str(self.data_dir),
                *self.options,
                cwd=ROOT,
                env=self._environ(),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=output,
                stderr=output,
            )
        await self.ready(bot=bot)

    async def ready(self, *, bot: bool = True, seconds: float = 180.0) -> None:
        """Wait until messages are accepted (and the bot is there)."""

        async def check() -> bool:
            assert self.process is not None
            assert self.process.returncode is None, self.log[-3000:]
            async with aiohttp.ClientSession() as session:
                with contextlib.suppress(aiohttp.ClientError, TimeoutError):
                    async with session.get(
                        f"{self.url}/readyz", timeout=aiohttp.ClientTimeout(total=3)
                    ) as response:
                        data = await response.json()
                        return response.status == 200 and (not bot or data["bot"] == "ok")
            return False

        await until(check, seconds=seconds, what="readiness")

    async def stop(self) -> int:
        """End it kindly, as Ctrl-C does, and return the exit code."""
        assert self.process is not None
        if self.process.returncode is None:
            self.process.send_signal(signal.SIGINT)
            async with asyncio.timeout(40):
                await self.process.wait()
        return self.process.returncode or 0

    def kill_gateway(self) -> None:
        """SIGKILL the gateway; Rasa ends by itself."""
        assert self.process is not None
        with contextlib.suppress(ProcessLookupError):
            self.process.kill()

    def rasa_pids(self) -> list[int]:
        """Return the process ids of its Rasa hosts."""
        assert self.process is not None
        found = []
        with contextlib.suppress(psutil.Error):
            for child in psutil.Process(self.process.pid).children(recursive=True):
                with contextlib.suppress(psutil.Error):
                    if "host.py" in child.cmdline():
                        found.append(child.pid)
        return found

    def kill_rasa(self) -> None:
        """SIGKILL the Rasa hosts; the gateway starts them again."""
        for pid in self.rasa_pids():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    async def command(self, *arguments: str, stdin: str = "") -> tuple[int, str, str]:
        """Run `frontline ARGUMENTS` on its data folder and return (code, output, errors)."""
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "bot",
            *arguments,
            cwd=ROOT,
            env={**self._environ(), "FRONTLINE_DATA_DIR": str(self.data_dir)},
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        out, err = await process.communicate(stdin.encode())
        return process.returncode or 0, out.decode(), err.decode()

    def passwords(self) -> dict[str, tuple[str, str]]:
        """Return {role: (e-mail, password)} of the demo people, as printed at the first start."""
        found = {}
        for match in re.finditer(r"^    (\S[^@\n]*?)\s{2,}(\S+@\S+)\s+(\S+)$", self.log, re.M):
            found[match[1].strip()] = (match[2], match[3])
        return found

    def mails(self, to: str | None = None) -> list[Any]:
        """Return the mails written so far, oldest first."""
        parsed = [
            message_from_bytes(path.read_bytes(), policy=policy.default)
            for path in sorted((self.data_dir / "mail").glob("*.eml"))
        ]
        return [mail for mail in parsed if to is None or to in str(mail["To"])]

    async def code_for(self, address: str, *, after: int = 0) -> str:
        """Return the code in the newest mail to `address`, waiting for mail number after + 1."""

        async def newest() -> str | None:
            mails = self.mails(address)
            if len(mails) <= after:
                return None
            body = mails[-1].get_body(("plain",)).get_content()
            match = re.search(r"\b(\d{4})[ -]?(\d{4})\b", body)
            return match[1] + match[2] if match else None

        return str(await until(newest, seconds=15, what=f"a code mailed to {address}"))


@dataclass
class Visitor:
    """A customer on the web, through the public widget interface."""

    session: aiohttp.ClientSession
    url: str
    token: str = ""
    conversation_id: str = ""
    last_seq: int = 0

    async def open(self, *, locale: str | None = None) -> "Visitor":
        """Start a conversation."""
        async with self.session.post(
            f"{self.url}/api/widget/v1/sessions", json={"locale": locale}
        ) as response:
            data = await response.json()
            assert response.status == 201, data
        self.token, self.conversation_id = data["session_token"], data["conversation_id"]
        return self

    @property
    def _headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"}

    async def post(
        self, text: str | None = None, *, choice: str | None = None, client_id: str | None = None
    ) -> tuple[int, dict[str, Any]]:
        """Send once and return (status, answer)."""
        body = {"client_id": client_id or str(uuid.uuid4())}
        body.update({"text": text} if text is not None else {"choice": choice or ""})
        async with self.session.post(
            f"{self.url}/api/widget/v1/messages", json=body, headers=self._headers
        ) as response:
            return response.status, await response.json()

    async def read(self, *, wait: float = 0, after: int | None = None) -> dict[str, Any]:
        """Read what is new."""
        async with self.session.get(
            f"{self.url}/api/widget/v1/messages",
            params={"after": str(self.last_seq if after is None else after), "wait": str(wait)},
            headers=self._headers,
        ) as response:
            data: dict[str, Any] = await response.json()
            assert response.status == 200, data
            return data

    async def say(self, text: str | None = None, *, choice: str | None = None) -> "Answer":
        """Send a message and return what came back for it."""
        status, data = await self.post(text, choice=choice)
        assert status == 202, data
        return await self.hear(after=int(data["seq"]))

    async def press(self, answer: "Answer", label: str) -> "Answer":
        """Press the button whose label contains `label`."""
        for choice in answer.choices:
            if label.lower() in choice["label"].lower():
                return await self.say(choice=choice["id"])
        raise AssertionError(f"no button {label!r} among {[c['label'] for c in answer.choices]}")

    async def hear(self, *, after: int, seconds: float = 12.0) -> "Answer":
        """Wait for what others say after `after`; returns once nothing more follows at once."""
        ends = time.monotonic() + seconds
        while time.monotonic() < ends:
            data = await self.read(wait=2, after=after)
            messages = [m for m in data["messages"] if m["author"] != "customer"]
            if messages:
                self.last_seq = data["last_seq"]
                return Answer(messages, data["owner"])
        raise AssertionError(f"no answer within {seconds} s")


@dataclass
class Answer:
    """What came back."""

    messages: list[dict[str, Any]]
    owner: str

    @property
    def text(self) -> str:
        """All texts."""
        return "\n".join(m["text"] for m in self.messages)

    @property
    def choices(self) -> list[dict[str, str]]:
        """The buttons of the last message that has some."""
        for message in reversed(self.messages):
            if message.get("choices"):
                return list(message["choices"])
        return []


@asynccontextmanager
async def visitor(system: System, *, locale: str | None = None) -> AsyncIterator[Visitor]:
    """A new customer."""
    async with aiohttp.ClientSession() as session:
        yield await Visitor(session, system.url).open(locale=locale)


class StaffClient:
    """Somebody of the desk, through the staff interface with a log-in as browsers do it."""

    def __init__(self, session: aiohttp.ClientSession, url: str) -> None:
        self.session = session
        self.url = url
        self.csrf = ""
        self.me: dict[str, Any] = {}

    async def log_in(self, email: str, password: str) -> "StaffClient":
        """Log in."""
        async with self.session.post(
            f"{self.url}/api/v1/session", json={"email": email, "password": password}
        ) as response:
            self.me = await response.json()
            assert response.status == 200, self.me
        self.csrf = self.me["csrf_token"]
        return self

    async def call(
        self, method: str, path: str, body: Any = None, *, expect: int | None = None, **params: Any
    ) -> Any:
        """Call the interface; returns the JSON (or text) and checks the status."""
        async with self.session.request(
            method,
            f"{self.url}/api/v1{path}",
            json=body,
            params=params or None,
            headers={"X-CSRF-Token": self.csrf},
        ) as response:
            is_json = "json" in response.content_type
            data = await response.json() if is_json else await response.text()
            if expect is None:
                assert response.status < 400, (response.status, data)
            else:
                assert response.status == expect, (response.status, data)
            return data


@asynccontextmanager
async def staff(system: System, email: str, password: str) -> AsyncIterator[StaffClient]:
    """Somebody of the desk, logged in."""
    jar = aiohttp.CookieJar(unsafe=True)
    async with aiohttp.ClientSession(cookie_jar=jar) as session:
        yield await StaffClient(session, system.url).log_in(email, password)
