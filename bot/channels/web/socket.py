"""The widget's live connection: hello, everything after the last seen number, then live.

The socket only carries: whatever it loses is read again by sequence number.
"""

import asyncio
import contextlib
import json
from typing import Any

import structlog
from aiohttp import WSCloseCode, WSMsgType, web
from pydantic import ValidationError

from bot.channels.web.routes import CLOSING, MESSAGES_PER_MINUTE, WEB_CHANNEL, limit, table
from bot.channels.web.service import WebChannel
from bot.channels.web.wire import NewMessage, public_message
from bot.conversations.conversation import Conversation, Message
from bot.kit.errors import BadRequest, FrontlineError
from bot.metrics import Metrics

log = structlog.get_logger(__name__)
METRICS = web.AppKey("metrics", Metrics)
MAX_FRAME = 64 * 1024
HELLO_SECONDS = 10
HEARTBEAT_SECONDS = 25
"""NATs forget idle connections after about 60 s."""
RECHECK_SECONDS = 5.0
UNAUTHENTICATED_CLOSE = 4401
"""Close code for a token that is unknown (private range of RFC 6455, after HTTP's 401)."""


@table.add("GET", "/socket", allow="widget", summary="Live connection (WebSocket)", status=101)
async def socket(request: web.Request) -> web.StreamResponse:
    """Serve one WebSocket until either side leaves."""
    ws = web.WebSocketResponse(max_msg_size=MAX_FRAME, heartbeat=HEARTBEAT_SECONDS, compress=False)
    if not ws.can_prepare(request).ok:
        raise BadRequest("This address is a WebSocket.", code="websocket_expected")
    await ws.prepare(request)
    metrics = request.app[METRICS]
    metrics.sockets.inc()
    try:
        await _Connection(request, ws).serve()
    finally:
        metrics.sockets.dec()
        if not ws.closed:
            code = WSCloseCode.GOING_AWAY if request.app[CLOSING].is_set() else WSCloseCode.OK
            await ws.close(code=code)
    return ws


class _Connection:
    def __init__(self, request: web.Request, ws: web.WebSocketResponse) -> None:
        self._request = request
        self._ws = ws
        self._channel: WebChannel = request.app[WEB_CHANNEL]
        self._seen = 0
        self._owner: tuple[str, str | None] | None = None
        self._conversation_id = ""

    async def serve(self) -> None:
        if not await self._hello():
            return
        topic = f"conversation:{self._conversation_id}"
        async with self._channel.bus.subscribe(topic) as hints:
            await self._catch_up()
            tasks = [
                asyncio.create_task(self._receive()),
                asyncio.create_task(self._push(hints)),
                asyncio.create_task(self._request.app[CLOSING].wait()),
            ]
            try:
                await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for task in tasks:
                    task.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)

    async def _hello(self) -> bool:
        try:
            async with asyncio.timeout(HELLO_SECONDS):
                frame = await self._ws.receive()
        except TimeoutError:
            return False
        data = _parse(frame.data) if frame.type is WSMsgType.TEXT else None
        if data is None or data.get("type") != "hello" or not isinstance(data.get("token"), str):
            await self._error("bad_hello", "Begin with hello and the session token.")
            return False
        try:
            self._conversation_id = await self._channel.conversation_of(data["token"])
        except FrontlineError as error:
            await self._error(error.code, error.detail)
            if error.status == 401:
                await self._ws.close(code=UNAUTHENTICATED_CLOSE)
            return False
        last = data.get("last_seq", 0)
        self._seen = last if isinstance(last, int) and last >= 0 else 0
        return True

    async def _catch_up(self) -> None:
        while True:
            conversation, messages = await self._channel.read(
                self._conversation_id, after=self._seen, limit=200
            )
            for message in messages:
                await self._send_message(message)
            await self._send_owner(conversation)
            if len(messages) < 200:
                return

    async def _push(self, hints: asyncio.Queue[Any]) -> None:
        while True:
            payload: dict[str, Any] = {}
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(RECHECK_SECONDS):
                    _, payload = await hints.get()
            if "typing" in payload:
                typing = {
                    "type": "typing",
                    "author": payload["typing"],
                    "active": bool(payload.get("active", True)),
                }
                if payload.get("author_name"):
                    typing["author_name"] = payload["author_name"]
                await self._send(typing)
                continue
            if not await self._pass_on(payload):
                await self._catch_up()

    async def _pass_on(self, payload: dict[str, Any]) -> bool:
        """Send what a hint carries; False when it is not exactly what comes next."""
        messages = payload.get("_messages")
        if messages:
            if messages[0].seq != self._seen + 1:
                # Already sent, or something is missing in between.
                return bool(messages[-1].seq <= self._seen)
            for message in messages:
                await self._send_message(message)
            return True
        return "delivery" in payload

    async def _send_message(self, message: Message) -> None:
        await self._send(
            {
                "type": "message",
                **public_message(message, render_links=self._channel.render_links),
            }
        )
        self._seen = message.seq

    async def _send_owner(self, conversation: Conversation) -> None:
        owner = conversation.owner.value
        name = await self._channel.agent_name(conversation)
        if (owner, name) != self._owner:
            self._owner = (owner, name)
            frame: dict[str, Any] = {"type": "owner", "owner": owner, "last_seq": self._seen}
            if name is not None:
                frame["agent_name"] = name
            await self._send(frame)

    async def _receive(self) -> None:
        async for frame in self._ws:
            if frame.type is not WSMsgType.TEXT:
                if frame.type is WSMsgType.BINARY:
                    await self._error("bad_frame", "Send text frames.")
                continue
            data = _parse(frame.data)
            if data is None:
                await self._error("bad_frame", "Send JSON objects.")
                continue
            match data.get("type"):
                case "message":
                    await self._message(data)
                case "typing":
                    self._channel.bus.publish(
                        "desk.typing", {"conversation_id": self._conversation_id}
                    )
                case "seen":
                    await self._channel.seen(self._conversation_id, data.get("seq"))
                case "locale":
                    await self._channel.choose_locale(
                        self._conversation_id, str(data.get("locale") or "")
                    )
                case "ping":
                    await self._send({"type": "pong"})
                case _:
                    await self._error("unknown_type", "Send message, typing or ping.")

    async def _message(self, data: dict[str, Any]) -> None:
        client_id = data.get("client_id")
        body = {k: v for k, v in data.items() if k != "type" and v is not None}
        try:
            await limit(
                self._request,
                f"messages:{self._conversation_id}",
                hits=MESSAGES_PER_MINUTE,
                seconds=60,
            )
            received = await self._channel.send(
                self._conversation_id, NewMessage.model_validate(body)
            )
        except ValidationError:
            await self._error("validation", "Check client_id, text and choice.", client_id)
            return
        except FrontlineError as error:
            await self._error(error.code, error.detail, client_id)
            return
        await self._send(
            {
                "type": "ack",
                "client_id": client_id,
                "id": received.message.id,
                "seq": received.message.seq,
            }
        )

    async def _send(self, data: dict[str, Any]) -> None:
        if self._ws.closed:
            raise ConnectionResetError
        await self._ws.send_str(json.dumps(data, ensure_ascii=False, separators=(",", ":")))

    async def _error(self, code: str, detail: str, client_id: Any = None) -> None:
        data = {"type": "error", "code": code, "detail": detail}
        if isinstance(client_id, str):
            data["client_id"] = client_id[:64]
        with contextlib.suppress(ConnectionResetError):
            await self._send(data)


def _parse(text: str) -> dict[str, Any] | None:
    try:
        data = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return data if isinstance(data, dict) else None
