"""Staff ask what the bot would do with a message, without sending it."""

from typing import Any

from aiohttp import web
from pydantic import Field

from bot.dialogue.explain import Explainer
from bot.kit.locales import match_locale
from bot.kit.web import Model, RouteTable, ok, read_body

EXPLAINER = web.AppKey("explainer", Explainer)
table = RouteTable(prefix="/api/v1", tag="bot")
internal = RouteTable(tag="internal")
"""For our own commands, on the internal application behind its token."""


class ExplainBody(Model):
    """The message to explain."""

    text: str = Field(max_length=8_000)
    locale: str | None = Field(default=None, max_length=35)


class Explanation(Model):
    """The routing decision with everything it stands on."""

    route: str
    intent: str
    confidence: float
    article: dict[str, Any] | None = None
    score: float | None = None
    margin: float | None = None
    scope: float | None = None
    article_confidence: float | None = None
    runner_up: dict[str, Any] | None = None
    thresholds: dict[str, float] = Field(default_factory=dict)
    candidates: list[dict[str, Any]]
    locale: str
    why: list[dict[str, Any]]
    reasons: list[str]
    model: str
    also: list[dict[str, Any]] = Field(default_factory=list)


@internal.add(
    "POST", "/explain", allow="public", summary="For `frontline explain`", body=ExplainBody
)
@table.add(
    "POST",
    "/explain",
    allow="kb.read",
    summary="What would the bot do with this message?",
    body=ExplainBody,
    answer=Explanation,
)
async def explain(request: web.Request) -> web.StreamResponse:
    """Return the decision; nothing is sent or stored."""
    body = await read_body(request, ExplainBody)
    decision = await request.app[EXPLAINER].explain(
        body.text, locale=match_locale(body.locale) if body.locale else None
    )
    return ok(decision.as_json())
