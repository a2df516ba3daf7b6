"""`POST /telegram/webhook`: check the secret, store the update, and only then say 200."""

import hmac
import json

import structlog
from aiohttp import web

from bot.channels.telegram.service import WEBHOOK_PATH, Telegram
from bot.kit.errors import BadRequest, TooLarge
from bot.kit.web import RouteTable

log = structlog.get_logger(__name__)
TELEGRAM: web.AppKey[Telegram] = web.AppKey("telegram", Telegram)
"""Set by `bot.app` when a token is configured."""
SECRET_HEADER = "X-Telegram-Bot-Api-Secret-Token"  # noqa: S105 the name of a header, no secret
MAX_BODY = 1_048_576
"""Far above any update: texts have 4,096 characters, files come as ids."""

table = RouteTable(tag="telegram")


@table.add(
    "POST",
    WEBHOOK_PATH,
    allow="public",
    summary="Updates from Telegram, proved by the secret token",
    csrf=False,
)
async def receive_update(request: web.Request) -> web.StreamResponse:
    """Store one update.

    A wrong or missing secret is answered before the body is read, and in the same way whether or
    not Telegram is configured. Any answer but 2xx makes Telegram deliver the update again.
    """
    telegram = request.app.get(TELEGRAM)
    given = request.headers.get(SECRET_HEADER, "").encode("utf-8", "surrogateescape")
    if telegram is None or not hmac.compare_digest(given, telegram.secret.encode()):
        log.info("telegram.webhook_refused", remote=request.remote)
        return web.Response(status=403)
    update = _parse(await _read(request))
    await telegram.receive(update)
    return web.Response(status=200)


async def _read(request: web.Request) -> bytes:
    chunks: list[bytes] = []
    size = 0
    async for chunk in request.content.iter_chunked(65_536):
        size += len(chunk)
        if size > MAX_BODY:
            raise TooLarge("The update is too large.")
        chunks.append(chunk)
    return b"".join(chunks)


def _parse(body: bytes) -> dict[str, object]:
    try:
        update = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise BadRequest("The update must be JSON.") from error
    if not isinstance(update, dict) or not isinstance(update.get("update_id"), int):
        raise BadRequest("The update must be an object with an update_id.")
    return update
