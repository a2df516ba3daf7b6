"""A gateway for the widget's tests: the widget API, a bot of a few sentences, faults on demand.

It follows the outside contract (ids repeat, sequence numbers, acknowledgements after storing), so
what the widget does with it, it does with the real one. `python -m tests.web.fake_gateway` serves
it to look at by hand.
"""

import asyncio
import contextlib
import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from aiohttp import WSCloseCode, web

REPOSITORY = Path(__file__).resolve().parents[2]
DIST = REPOSITORY / "bot" / "web" / "dist"
CSP = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'"

PAGE = """<!doctype html>
<html lang="{lang}">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>Shop</title><link rel="icon" href="/icon.svg">
<script src="/widget.js" defer {attributes}></script></head>
<body><main><h1>Shop</h1><p><a href="/?lang=en">A page of the shop</a></p></main></body></html>"""

Json = dict[str, Any]


@dataclass(slots=True)
class Conversation:
    """One customer's conversation, and who listens to it."""

    id: str
    locale: str
    owner: str = "bot"
    agent_name: str | None = None
    messages: list[Json] = field(default_factory=list)
    accepted: dict[str, tuple[Json, Json]] = field(default_factory=dict)
    sockets: set[web.WebSocketResponse] = field(default_factory=set)
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def last_seq(self) -> int:
        return len(self.messages)


class FakeGateway:
    """Everything a test may look at or break."""

    def __init__(self, catalogues: Mapping[str, Mapping[str, object]] | None = None) -> None:
        self.catalogues = catalogues or {}
        self.conversations: dict[str, Conversation] = {}
        self.requests: list[str] = []
        self.identities: list[str | None] = []
        self.without_sockets = False
        self.lose_next_ack = False
        self.refuse_next_post: int | None = None
        self.unavailable = False

    @property
    def conversation(self) -> Conversation:
        """The newest one."""
        return list(self.conversations.values())[-1]

    def texts(self, author: str) -> list[str]:
        """What `author` said in the newest conversation."""
        return [m["text"] for m in self.conversation.messages if m["author"] == author]

    async def say(
        self,
        text: str,
        *,
        author: str = "bot",
        name: str | None = None,
        choices: list[str] | None = None,
        to: Conversation | None = None,
        client_id: str | None = None,
    ) -> Json:
        """Stores a message and pushes it to the open sockets."""
        conversation = to or self.conversation
        message: Json = {
            "id": secrets.token_hex(8),
            "seq": conversation.last_seq + 1,
            "author": author,
            "text": text,
            "created_at": datetime.now(UTC).isoformat(),
        }
        if name:
            message["author_name"] = name
        if client_id:
            message["client_id"] = client_id
        if choices:
            message["choices"] = [{"id": f"c{i}", "label": c} for i, c in enumerate(choices)]
        conversation.messages.append(message)
        conversation.changed.set()
        conversation.changed = asyncio.Event()
        await self.push({"type": "message", **message}, to=conversation)
        return message

    async def hand_over(self, owner: str, name: str | None = None) -> None:
        """Changes who answers."""
        self.conversation.owner, self.conversation.agent_name = owner, name
        await self.push({"type": "owner", "owner": owner, "agent_name": name})

    async def push(self, frame: Json, *, to: Conversation | None = None) -> None:
        """Sends one frame to every open socket of a conversation."""
        for socket in list((to or self.conversation).sockets):
            with contextlib.suppress(ConnectionError):
                await socket.send_json(frame)

    async def drop_sockets(self) -> None:
        """Cuts every connection, as a restart or a flaky network does."""
        for conversation in self.conversations.values():
            for socket in list(conversation.sockets):
                await socket.close(code=WSCloseCode.GOING_AWAY)

    def forget_sessions(self) -> None:
        """All tokens become invalid."""
        self.conversations = {f"old {token}": c for token, c in self.conversations.items()}

    # --- the application ---

    def app(self) -> web.Application:
        """The application to serve."""
        app = web.Application(middlewares=[self._faults])
        api = "/api/widget/v1"
        app.router.add_post(f"{api}/sessions", self._open_session)
        app.router.add_post(f"{api}/messages", self._post_message)
        app.router.add_get(f"{api}/messages", self._history)
        app.router.add_get(f"{api}/socket", self._socket)
        app.router.add_get("/i18n/{locale}.json", self._catalogue)
        app.router.add_get("/widget.js", self._widget)
        app.router.add_get("/icon.svg", self._icon)
        app.router.add_get("/", self._page)
        app.on_shutdown.append(self._stop)
        return app

    async def _stop(self, app: web.Application) -> None:
        """Let go of everybody who waits; pages that are still open may not come back."""
        self.unavailable = True
        await self.drop_sockets()
        for conversation in self.conversations.values():
            conversation.changed.set()

    @web.middleware
    async def _faults(self, request: web.Request, handler: Any) -> web.StreamResponse:
        self.requests.append(f"{request.method} {request.path}")
        if self.unavailable and request.path.startswith("/api/"):
            return problem(503, "unavailable")
        answer: web.StreamResponse = await handler(request)
        return answer

    async def _page(self, request: web.Request) -> web.Response:
        data = {name: value for name, value in request.query.items() if name != "lang"}
        attributes = " ".join(f'data-{name}="{value}"' for name, value in data.items())
        text = PAGE.format(lang=request.query.get("lang", "en"), attributes=attributes)
        headers = {"Content-Security-Policy": CSP}
        return web.Response(text=text, content_type="text/html", headers=headers)

    async def _widget(self, request: web.Request) -> web.StreamResponse:
        return web.FileResponse(DIST / "widget.js")

    async def _icon(self, request: web.Request) -> web.Response:
        return web.Response(
            text='<svg xmlns="http://www.w3.org/2000/svg"/>', content_type="image/svg+xml"
        )

    async def _catalogue(self, request: web.Request) -> web.Response:
        return web.json_response(self.catalogues.get(request.match_info["locale"], {}))

    async def _open_session(self, request: web.Request) -> web.Response:
        body = await request.json()
        token = secrets.token_urlsafe(16)
        conversation = Conversation(id=secrets.token_hex(8), locale=body.get("locale", "en"))
        self.conversations[token] = conversation
        self.identities.append(body.get("identity"))
        answer = {"session_token": token, "conversation_id": conversation.id, "last_seq": 0}
        return web.json_response(answer, status=201)

    def _authenticate(self, request: web.Request) -> Conversation | None:
        token = request.headers.get("Authorization", "").removeprefix("Bearer ")
        return self.conversations.get(token)

    async def _post_message(self, request: web.Request) -> web.Response:
        conversation = self._authenticate(request)
        if conversation is None:
            return problem(401, "unauthenticated")
        if self.refuse_next_post is not None:
            status, self.refuse_next_post = self.refuse_next_post, None
            return problem(status, "refused")
        return web.json_response(await self._accept(conversation, await request.json()), status=202)

    async def _accept(self, conversation: Conversation, body: Json) -> Json:
        """Stores a customer's message once for each client id, and has the bot answer it."""
        client_id = body["client_id"]
        if client_id in conversation.accepted:
            return conversation.accepted[client_id][1]
        text = body.get("text") or self._label(conversation, body["choice"])
        message = await self.say(text, author="customer", to=conversation, client_id=client_id)
        ack = {"id": message["id"], "seq": message["seq"]}
        conversation.accepted[client_id] = (body, ack)
        if conversation.owner == "bot":
            await self._answer(conversation, text)
        return ack

    def _label(self, conversation: Conversation, choice: str) -> str:
        for message in reversed(conversation.messages):
            for option in message.get("choices", []):
                if option["id"] == choice:
                    return str(option["label"])
        raise web.HTTPNotFound

    async def _answer(self, conversation: Conversation, text: str) -> None:
        lowered = text.lower()
        if "order" in lowered or "pedido" in lowered:
            await self.say(
                "Which **order** is it about?", choices=["AUR-10023", "AUR-10031"], to=conversation
            )
        elif "person" in lowered or "persona" in lowered or "pessoa" in lowered:
            await self.say("I am calling a person.", to=conversation)
            conversation.owner = "queue"
            await self.push({"type": "owner", "owner": "queue"}, to=conversation)
        else:
            await self.say(f"You said: {text}", to=conversation)

    async def _history(self, request: web.Request) -> web.Response:
        conversation = self._authenticate(request)
        if conversation is None:
            return problem(401, "unauthenticated")
        after, wait = int(request.query.get("after", 0)), float(request.query.get("wait", 0))
        if conversation.last_seq <= after and wait > 0:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(conversation.changed.wait(), wait)
        answer = {
            "messages": conversation.messages[after:],
            "owner": conversation.owner,
            "last_seq": conversation.last_seq,
        }
        return web.json_response(answer)

    async def _socket(self, request: web.Request) -> web.StreamResponse:
        if self.without_sockets:
            return problem(503, "no_sockets")
        socket = web.WebSocketResponse(heartbeat=20)
        await socket.prepare(request)
        hello = await socket.receive_json()
        conversation = self.conversations.get(hello["token"])
        if conversation is None:
            await socket.send_json({"type": "error", "code": "unauthenticated"})
            await socket.close(code=4401)
            return socket
        owner = {"type": "owner", "owner": conversation.owner}
        await socket.send_json({**owner, "agent_name": conversation.agent_name})
        for message in conversation.messages[hello["last_seq"] :]:
            await socket.send_json({"type": "message", **message})
        conversation.sockets.add(socket)
        try:
            async for frame in socket:
                body = json.loads(frame.data)
                if body["type"] == "locale":
                    conversation.locale = body["locale"]
                elif body["type"] == "message":
                    await self._take(socket, conversation, body)
        finally:
            conversation.sockets.discard(socket)
        return socket

    async def _take(
        self, socket: web.WebSocketResponse, conversation: Conversation, body: Json
    ) -> None:
        ack = await self._accept(conversation, body)
        if self.lose_next_ack:
            self.lose_next_ack = False
            await socket.close()
        else:
            await socket.send_json({"type": "ack", "client_id": body["client_id"], **ack})


def problem(status: int, code: str) -> web.Response:
    """An RFC 9457 answer."""
    body = {"type": "about:blank", "title": code, "status": status, "code": code}
    return web.json_response(body, status=status, content_type="application/problem+json")


if __name__ == "__main__":
    web.run_app(FakeGateway().app(), host="127.0.0.1", port=8099)
