"""On the internal application only: the running gateway and its Rasa hosts forget erased conversations."""

from aiohttp import web
from pydantic import Field

from bot.channels.web.routes import WEB_CHANNEL
from bot.dialogue.rasa_client import Dialogue, RasaDown
from bot.kit.errors import Unavailable
from bot.kit.web import Model, RouteTable, ok, read_body

DIALOGUE: web.AppKey[Dialogue] = web.AppKey("dialogue", object)  # type: ignore[arg-type]
internal = RouteTable(tag="internal")


class ForgetBody(Model):
    """Conversations whose trackers are to go."""

    conversation_ids: list[str] = Field(max_length=10_000)


@internal.add(
    "POST", "/forget", allow="public", summary="For `frontline contact erase`", body=ForgetBody
)
async def forget(request: web.Request) -> web.StreamResponse:
    """Erase every episode of each conversation from Rasa's memory and files."""
    body = await read_body(request, ForgetBody)
    for conversation_id in body.conversation_ids:
        request.app[WEB_CHANNEL].forget(conversation_id)
    try:
        for conversation_id in body.conversation_ids:
            await request.app[DIALOGUE].forget(f"{conversation_id}~*")
    except RasaDown as error:
        raise Unavailable("The bot can't be reached.") from error
    return ok({"forgotten": len(body.conversation_ids)})
