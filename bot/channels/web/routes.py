"""The widget's HTTP interface. Every call names its session by a bearer token; 404 never tells more."""

import asyncio

from aiohttp import web

from bot.channels.web.service import WebChannel
from bot.channels.web.wire import (
    Accepted,
    Messages,
    NewMessage,
    NewSession,
    ReadQuery,
    SessionAnswer,
    page,
)
from bot.kit.errors import Unauthenticated
from bot.kit.limits import Limiter
from bot.kit.locales import from_accept_language
from bot.kit.web import RouteTable, ok, read_body, read_query

WEB_CHANNEL = web.AppKey("web_channel", WebChannel)
LIMITER: web.AppKey[Limiter] = web.AppKey("limiter", object)  # type: ignore[arg-type]
table = RouteTable(prefix="/api/widget/v1", tag="widget")
LOOPBACK = frozenset({"127.0.0.1", "::1", None})
SESSIONS_PER_HOUR = 60
MESSAGES_PER_MINUTE = 120


def client_address(request: web.Request) -> str | None:
    """Return the visitor's address (the middleware has already resolved trusted proxies)."""
    return request.remote


async def limit(request: web.Request, key: str, *, hits: int, seconds: int) -> None:
    """Count a call from outside; calls from the machine itself are not limited.

    Raises:
        RateLimited: too many.
    """
    address = client_address(request)
    if address in LOOPBACK:
        return
    await request.app[LIMITER].hit(f"{key}:{address}", limit=hits, window_seconds=seconds)


async def session_conversation(request: web.Request) -> str:
    """Return the conversation of the caller's session token.

    Raises:
        Unauthenticated: there is no token, or it is unknown.
    """
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise Unauthenticated("Send the session token as a Bearer token.")
    return await request.app[WEB_CHANNEL].conversation_of(token.strip())


@table.add(
    "POST",
    "/sessions",
    allow="public",
    summary="Start or resume a conversation",
    body=NewSession,
    answer=SessionAnswer,
    status=201,
)
async def open_session(request: web.Request) -> web.StreamResponse:
    """Return a session token; anonymous visitors get a conversation of their own."""
    body = await read_body(request, NewSession)
    await limit(request, "sessions", hits=SESSIONS_PER_HOUR, seconds=3600)
    accept = request.headers.get("Accept-Language")
    token, conversation = await request.app[WEB_CHANNEL].open_session(
        locale=body.locale,
        identity=body.identity,
        accept_language=from_accept_language(accept, default="") if accept else "",
    )
    return ok(
        SessionAnswer(
            session_token=token,
            conversation_id=conversation.id,
            last_seq=conversation.last_seq,
        ),
        status=201,
    )


@table.add(
    "POST",
    "/messages",
    allow="widget",
    summary="Send a message",
    body=NewMessage,
    answer=Accepted,
    status=202,
)
async def send_message(request: web.Request) -> web.StreamResponse:
    """Store a message; 202 means committed. The same client_id again gets the same answer."""
    conversation_id = await session_conversation(request)
    body = await read_body(request, NewMessage)
    await limit(request, f"messages:{conversation_id}", hits=MESSAGES_PER_MINUTE, seconds=60)
    received = await request.app[WEB_CHANNEL].send(conversation_id, body)
    return ok(Accepted(id=received.message.id, seq=received.message.seq), status=202)


@table.add(
    "GET",
    "/messages",
    allow="widget",
    summary="Read messages, waiting for new ones",
    query=ReadQuery,
    answer=Messages,
)
async def read_messages(request: web.Request) -> web.StreamResponse:
    """Return everything above `after`; with `wait`, at latest after so many seconds."""
    conversation_id = await session_conversation(request)
    query = read_query(request, ReadQuery)
    channel = request.app[WEB_CHANNEL]
    loop = asyncio.get_running_loop()
    ends = loop.time() + query.wait
    async with channel.bus.subscribe(f"conversation:{conversation_id}") as hints:
        while True:
            conversation, messages = await channel.read(conversation_id, after=query.after)
            left = ends - loop.time()
            if messages or left <= 0 or request.app[CLOSING].is_set():
                break
            try:
                # Hints can be lost between gateways: look again at least every two seconds.
                async with asyncio.timeout(min(left, 2.0)):
                    await hints.get()
            except TimeoutError:
                continue
    return ok(
        page(
            messages,
            owner=conversation.owner,
            last_seq=messages[-1].seq if messages else conversation.last_seq,
            render_links=channel.render_links,
        )
    )


CLOSING = web.AppKey("closing", asyncio.Event)
