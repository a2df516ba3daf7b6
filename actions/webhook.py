"""Rasa's action calls, for the internal application only (loopback, bearer token).

rasa_sdk's own executor runs the actions. Whatever goes wrong is answered with 500: the host then
notes the action as failed and the gateway opens a ticket. No exception text leaves this file.
"""

import asyncio
import json
from collections.abc import Iterable
from typing import Any

import structlog
from aiohttp import web
from rasa_sdk.executor import ActionExecutor  # type: ignore[import-untyped]  # ships no types
from rasa_sdk.interfaces import (  # type: ignore[import-untyped]
    ActionExecutionRejection,
    ActionNotFoundException,
)

from actions.action import FrontlineAction
from bot.kit.web import RouteTable, ok

log = structlog.get_logger(__name__)
LIMIT_SECONDS = 4.5
"""Below the host's own 5 s, so that the reason is known here."""


class ActionRunner:
    """Runs actions by name, given as instances: rasa_sdk's own scan constructs what it sees."""

    def __init__(
        self, actions: Iterable[FrontlineAction], *, limit_seconds: float = LIMIT_SECONDS
    ) -> None:
        self._executor = ActionExecutor()
        self._limit_seconds = limit_seconds
        for action in actions:
            self._executor.register_action(action)

    async def run(self, call: dict[str, Any]) -> dict[str, Any]:
        """Run the action that `call` names and return Rasa's answer: events and responses.

        Raises:
            ActionNotFoundException: there is no such action.
            ActionExecutionRejection: the action does not want to run now.
        """
        # The host leaves the domain out; the SDK insists on one and no action of ours reads it.
        call.setdefault("domain", {})
        async with asyncio.timeout(self._limit_seconds):
            result = await self._executor.run(call)
        return dict(result.model_dump()) if result else {"events": [], "responses": []}


ACTIONS = web.AppKey("actions", ActionRunner)
routes = RouteTable(tag="actions")


@routes.add(
    "POST",
    "/actions",
    allow="public",
    summary="Rasa's action calls (internal application, behind its token)",
    in_document=False,
    csrf=False,
)
async def run_action(request: web.Request) -> web.StreamResponse:
    """Run one action."""
    try:
        call = json.loads(await request.read())
        name, sender = str(call["next_action"]), str(call["tracker"]["sender_id"])
    except (ValueError, TypeError, KeyError, RecursionError):
        return ok({"error": "not an action call"}, status=400)
    with structlog.contextvars.bound_contextvars(
        conversation_id=sender.partition("~")[0], action=name
    ):
        try:
            return ok(await request.app[ACTIONS].run(call))
        except ActionNotFoundException:
            return ok({"error": "no such action", "action_name": name}, status=404)
        except ActionExecutionRejection:
            return ok({"error": "rejected", "action_name": name}, status=400)
        except TimeoutError:
            log.error("action.timed_out")
        except Exception:  # edge: Rasa gets no exception text, the host notes a failed action
            log.exception("action.failed")
        return ok({"error": "failed", "action_name": name}, status=500)
