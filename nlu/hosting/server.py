"""The host's HTTP face on loopback: a handful of routes, one token, errors that can be seen."""

from __future__ import annotations

import asyncio
import hmac
import json
import logging
from typing import Any, Awaitable, Callable, Dict, Optional

from aiohttp import web

from hosting import process, requests
from hosting.protocol import BadModel, Conversations
from hosting.requests import BadRequest

logger = logging.getLogger(__name__)

MAX_BODY = 256 * 1024

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Front:
    """Holds the engine once there is one; until then every route says that the host is starting."""

    def __init__(self) -> None:
        self.engine: Optional[Conversations] = None


_FRONT = web.AppKey("front", Front)


def application(front: Front, token: str) -> web.Application:
    """The routes, behind the token."""
    if len(token) < 16:
        raise ValueError("the internal token is too short to protect anything")
    app = web.Application(
        middlewares=[_authorised(token), _visible_errors], client_max_size=MAX_BODY
    )
    app[_FRONT] = front
    app.add_routes(
        [
            web.get("/health", _health),
            web.post("/turn", _turn),
            web.post("/parse", _parse),
            web.post("/events", _events),
            web.post("/model", _model),
            web.delete("/conversations/{conversation_id}", _erase),
        ]
    )
    return app


async def _health(request: web.Request) -> web.Response:
    engine = request.app[_FRONT].engine
    if engine is None:
        return web.json_response({"status": "starting"}, status=503)
    return web.json_response(
        {
            "status": "ok",
            "model": engine.model.as_dict(),
            "rss_mb": process.resident_megabytes(),
            "live_trackers": engine.live,
        }
    )


async def _turn(request: web.Request) -> web.Response:
    engine = _ready(request)
    turn = requests.turn_request(await _json(request))
    try:
        answer = await engine.turn(turn)
    except asyncio.TimeoutError:
        logger.error("turn %s took too long", turn.turn_id)
        return web.json_response({"error": "timeout"}, status=504)
    return web.json_response(answer)


async def _parse(request: web.Request) -> web.Response:
    engine = _ready(request)
    body = await _json(request)
    text, vector = requests.parse_text(body), requests.parse_vector(body)
    return web.json_response(engine.parse(text, vector, requests.parse_article(body)))


async def _events(request: web.Request) -> web.Response:
    engine = _ready(request)
    body = await _json(request)
    events = requests.appended_events(body)
    name = requests.name(body.get("conversation_id"), "conversation_id")
    try:
        await engine.append(name, events)
    except ValueError as error:
        raise BadRequest(str(error)) from error
    return web.Response(status=204)


async def _erase(request: web.Request) -> web.Response:
    engine = _ready(request)
    name = request.match_info["conversation_id"]
    requests.name(name[:-2] if name.endswith("~*") else name, "the conversation")
    await engine.erase(name)
    return web.Response(status=204)


async def _model(request: web.Request) -> web.Response:
    engine = _ready(request)
    body = await _json(request)
    path = body.get("path") if isinstance(body, dict) else None
    if not isinstance(path, str) or not path.endswith(".tar.gz") or "\x00" in path:
        raise BadRequest("path must name a .tar.gz file")
    try:
        facts = await engine.load(path)
    except BadModel as error:
        raise BadRequest(str(error)) from error
    logger.info("model %s serves", facts.name)
    return web.json_response({"model": facts.as_dict()})


def _ready(request: web.Request) -> Conversations:
    engine: Optional[Conversations] = request.app[_FRONT].engine
    if engine is None:
        raise _problem(web.HTTPServiceUnavailable, "starting")
    return engine


async def _json(request: web.Request) -> Dict[str, Any]:
    body = await request.read()
    try:
        parsed = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise BadRequest("the body is not JSON") from error
    if not isinstance(parsed, dict):
        raise BadRequest("the body must be an object")
    return parsed


def _authorised(token: str) -> Any:
    expected = f"Bearer {token}".encode()

    @web.middleware
    async def check(request: web.Request, handler: Handler) -> web.StreamResponse:
        given = request.headers.get("Authorization", "").encode("utf-8", "surrogateescape")
        if not hmac.compare_digest(given, expected):
            return web.json_response({"error": "unauthorized"}, status=401)
        return await handler(request)

    return check


@web.middleware
async def _visible_errors(request: web.Request, handler: Handler) -> web.StreamResponse:
    try:
        return await handler(request)
    except BadRequest as error:
        return web.json_response({"error": str(error)}, status=400)
    except web.HTTPRequestEntityTooLarge:
        return web.json_response({"error": "the body is too large"}, status=413)
    except web.HTTPException as error:
        if error.content_type == "application/json":
            raise
        return web.json_response({"error": error.reason.lower()}, status=error.status)
    except asyncio.CancelledError:
        raise
    except Exception as error:
        logger.exception("%s %s failed", request.method, request.match_info.route.name or "")
        return web.json_response({"error": type(error).__name__}, status=500)


def _problem(kind: Any, reason: str) -> web.HTTPException:
    problem: web.HTTPException = kind(
        text=json.dumps({"error": reason}), content_type="application/json"
    )
    return problem
