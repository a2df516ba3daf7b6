"""Talk to the running bot in the terminal, through the same interface as the widget."""

import asyncio
import contextlib
import sys
import uuid
from typing import Any

import aiohttp

from bot.cli.common import find_running, note
from bot.kit.errors import SetupError
from bot.settings import Settings


async def run_chat(settings: Settings, *, locale: str | None) -> None:
    """Read lines from standard input, print answers; a number presses a button.

    Raises:
        SetupError: no gateway is running on this data folder.
    """
    running = find_running(settings)
    if running is None:
        raise SetupError("Start `frontline up` first (with the same --data-dir).")
    async with aiohttp.ClientSession(running.url + "/") as session:
        async with session.post("api/widget/v1/sessions", json={"locale": locale}) as response:
            opened = await response.json()
            if response.status != 201:
                raise SetupError(str(opened.get("detail", "The gateway refused a session.")))
        note("Type your message; a number presses that button; Ctrl-D ends.")
        headers = {"Authorization": f"Bearer {opened['session_token']}"}
        terminal = _Terminal(session, headers)
        reader = asyncio.create_task(terminal.listen())
        try:
            await terminal.talk()
        finally:
            reader.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await reader


class _Terminal:
    def __init__(self, session: aiohttp.ClientSession, headers: dict[str, str]) -> None:
        self._session = session
        self._headers = headers
        self._choices: list[dict[str, str]] = []
        self._after = 0
        self._answered = asyncio.Event()

    async def talk(self) -> None:
        loop = asyncio.get_running_loop()
        while line := await loop.run_in_executor(None, sys.stdin.readline):
            text = line.strip()
            if not text:
                continue
            body: dict[str, Any] = {"client_id": str(uuid.uuid4())}
            if text.isdigit() and 1 <= int(text) <= len(self._choices):
                body["choice"] = self._choices[int(text) - 1]["id"]
            else:
                body["text"] = text
            self._answered.clear()
            async with self._session.post(
                "api/widget/v1/messages", json=body, headers=self._headers
            ) as response:
                if response.status != 202:
                    note(str((await response.json()).get("detail")))
                    continue
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(12):
                    await self._answered.wait()

    async def listen(self) -> None:
        while True:
            try:
                async with self._session.get(
                    "api/widget/v1/messages",
                    params={"after": str(self._after), "wait": "20"},
                    headers=self._headers,
                ) as response:
                    data = await response.json()
            except aiohttp.ClientError:
                await asyncio.sleep(1)
                continue
            for message in data.get("messages", []):
                self._after = message["seq"]
                if message["author"] != "customer":
                    self._show(message)

    def _show(self, message: dict[str, Any]) -> None:
        who = message.get("author_name") or message["author"]
        print(f"{who}: {message['text']}", flush=True)
        self._choices = message.get("choices") or []
        for number, choice in enumerate(self._choices, 1):
            print(f"  [{number}] {choice['label']}", flush=True)
        self._answered.set()
