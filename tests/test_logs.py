"""No secret and no customer's word reaches a log, at the most talkative level there is."""

import asyncio
import contextlib
import io
import json
import logging
import re
import sys
import uuid
from collections.abc import Iterator
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any

import pytest
import structlog
from aiohttp import DummyCookieJar

from bot.dialogue.rasa_client import TurnRequest
from bot.dialogue.rasa_wire import RasaReply
from bot.kit.ids import new_id
from bot.kit.logs import configure_logs
from bot.staff.account import Role
from bot.verification.code import Kind
from tests.parts import PASSWORD, ScriptedRasa, add_staff, bearer, gateway
from tests.system import until

EMAIL = "canary.bird@canary.example"
WORDS = "canary words that nobody else writes"
NAME = "Canaria Passarinho"
NEW_PASSWORD = "canary-new-password-71"


@pytest.fixture
def logged(monkeypatch: pytest.MonkeyPatch) -> Iterator[io.StringIO]:
    """Everything that is logged, as an operator gets it with FRONTLINE_LOG_LEVEL=DEBUG."""
    stream = io.StringIO()
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    monkeypatch.setattr(sys, "stderr", stream)
    configure_logs(level="DEBUG", json_lines=True)
    yield stream
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()


async def test_a_day_at_debug_level_leaves_no_secret(tmp_path: Path, logged: io.StringIO) -> None:
    seen: set[str] = {EMAIL, WORDS, NAME, PASSWORD, NEW_PASSWORD}

    def answer(request: TurnRequest) -> list[RasaReply] | None:
        if "fail" in request.text:
            raise RuntimeError(f"a defect while handling {request.conversation_id}")
        return None if "down" in request.text else [RasaReply("hello", None, {}, ())]

    environ = {
        "FRONTLINE_TELEGRAM_TOKEN": "123456789:canary-telegram-token-AAAAAAAAAAAA",
        "FRONTLINE_SECRET_KEY": "canary-secret-key-" + "k" * 30,
    }
    seen |= set(environ.values())
    async with gateway(tmp_path, ScriptedRasa(answer), environ=environ, demo=True) as (s, client):
        client.session._cookie_jar = DummyCookieJar()
        email = await add_staff(s, Role.ADMIN)
        token = await s.staff.create_token(email=email, name="x")
        async with client.post(
            "/api/v1/session", json={"email": email, "password": PASSWORD}
        ) as response:
            cookie = response.cookies["frontline_session"].value
            csrf = (await response.json())["csrf_token"]
        setup = await s.staff.make_setup_link() or "no-link-with-an-admin"
        async with client.post("/api/widget/v1/sessions", json={"locale": "en"}) as response:
            session = await response.json()
        visitor = session["session_token"]
        seen |= {token, cookie, csrf, visitor, setup, s.internal_token}
        conversation_id = session["conversation_id"]
        for text in (WORDS, f"{WORDS} down {EMAIL}", f"{WORDS} fail"):
            async with client.post(
                "/api/widget/v1/messages",
                json={"client_id": str(uuid.uuid4()), "text": text},
                headers=bearer(visitor),
            ) as response:
                assert response.status == 202
        code = await _mailed_code(s, tmp_path, conversation_id)
        seen |= {code, f"{code[:4]} {code[4:]}"}
        async with client.post(
            "/api/widget/v1/messages",
            json={"client_id": str(uuid.uuid4()), "text": f"the code is {code}"},
            headers=bearer(visitor),
        ) as response:
            assert response.status == 202
        link = await _reset_link(s, conversation_id)
        seen.add(link)
        await _knock(client, token, cookie, link)
        await asyncio.sleep(0)
    lines = [line for line in logged.getvalue().splitlines() if line]
    assert len(lines) > 5
    assert all(isinstance(json.loads(line), dict) for line in lines)
    found = [(word, line) for word in seen for line in lines if word in line]
    assert found == []
    assert "Traceback" in logged.getvalue(), "the defect itself is there for whoever mends it"


async def _mailed_code(services: Any, folder: Path, conversation_id: str) -> str:
    await services.db.write(
        lambda tx: services.verification.start(
            tx,
            conversation_id=conversation_id,
            turn_id=new_id(),
            kind=Kind.RESET,
            subject=EMAIL,
            email=EMAIL,
            locale="en",
            now=services.clock.now(),
        )
    )

    async def letter() -> Path | None:
        return next((folder / "mail").glob("*.eml"), None)

    path = await until(letter, what="the mail with the code")
    body = message_from_bytes(path.read_bytes(), policy=policy.default).get_body(("plain",))
    assert body is not None
    match = re.search(r"\b(\d{4})[ -]?(\d{4})\b", body.get_content())
    assert match
    return match[1] + match[2]


async def _reset_link(services: Any, conversation_id: str) -> str:
    account = await services.accounts.find("ana.souza@example.com")
    account_id = account.id if account else "account"
    marker = await services.db.write(
        lambda tx: services.verification.make_link(
            tx,
            conversation_id=conversation_id,
            account_id=account_id,
            turn_id=new_id(),
            now=services.clock.now(),
        )
    )
    shown = services.verification.render_links(str(marker), public_url="http://x.example")
    assert "/reset/" in shown
    return str(shown.rpartition("/reset/")[2].strip(")> \n"))


async def _knock(client: Any, token: str, cookie: str, link: str) -> None:
    """Requests that fail in every way, with secrets in every place."""
    for headers in (bearer(token), {"Cookie": f"frontline_session={cookie}"}):
        for method, path in (("POST", "/api/v1/staff"), ("GET", f"/api/v1/tickets/{token}")):
            async with client.request(method, path, data=NEW_PASSWORD, headers=headers):
                pass
    async with client.get(f"/reset/{link}") as response:
        form = response.cookies.get("frontline_reset")
    async with client.post(
        f"/reset/{link}",
        data={"password": NEW_PASSWORD, "again": NEW_PASSWORD, "csrf": form.value if form else ""},
        headers={"Cookie": f"frontline_reset={form.value if form else ''}"},
    ):
        pass
    # Not HTTP at all: aiohttp's own log would quote it.
    for raw in (
        f"GET /reset/{link} HTTP/1.1 what\r\n\r\n",
        f"GET / HTTP/1.1\r\nHost: x\r\nCookie: s={cookie * 300}\r\n\r\n",
        f"GET / HTTP/1.1\r\nHost: x\r\nBad Header {token}: x\r\n\r\n",
    ):
        reader, writer = await asyncio.open_connection(client.host, client.port)
        writer.write(raw.encode())
        await writer.drain()
        with contextlib.suppress(ConnectionError):
            await reader.read(1_000)
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()
    async with client.ws_connect("/api/widget/v1/socket") as ws:
        await ws.send_json({"type": "hello", "token": token, "last_seq": 0})
        await ws.receive()
    async with client.post(
        "/telegram/webhook", headers={"X-Telegram-Bot-Api-Secret-Token": token}, data=WORDS
    ) as response:
        assert response.status == 403


def test_control_characters_cannot_forge_a_line(logged: io.StringIO) -> None:
    structlog.get_logger("x").warning("odd", value='a\n{"event": "forged"}\r\x1b[31m\u2028z')
    logging.getLogger("library").warning("two\nlines %s", "b\nc")
    lines = logged.getvalue().split("\n")
    assert len([line for line in lines if line]) == 2
    assert all("forged" not in json.loads(line).get("event", "") for line in lines if line)
