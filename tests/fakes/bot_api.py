"""A Bot API server over real HTTP, as far as a support bot needs it, with faults on request.

Written after core.telegram.org/bots/api and what telegram-bot-api answers. It keeps updates until
they are confirmed, delivers webhooks one at a time per chat, checks HTML and lengths, records all.
"""

import asyncio
import html
import itertools
import json
import re
from collections import defaultdict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import aiohttp
from aiohttp import web

TOKEN = "123456789:AAFakeFakeFakeFakeFakeFakeFakeFakeFake"
DATE = 1_700_000_000
_TAG = re.compile(r"<(/?)([a-z][a-z0-9-]*)((?:\s[^<>]*)?)>")
_TAGS = frozenset(
    {"b", "strong", "i", "em", "u", "ins", "s", "strike", "del", "code", "pre", "a", "blockquote"}
)
_TEXTS = frozenset({"text", "caption", "url", "secret_token", "callback_query_id"})
_KINDS = ("message", "edited_message", "callback_query", "my_chat_member", "poll_answer")


@dataclass(frozen=True, slots=True)
class Call:
    """One request as it came in; parameters decoded from JSON where they are JSON."""

    method: str
    params: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Delivered:
    """One message on a customer's phone."""

    message_id: int
    chat_id: int
    text: str
    source: str
    parse_mode: str | None
    buttons: tuple[tuple[str, str], ...]


@dataclass(slots=True)
class Fault:
    """What goes wrong with the next calls of a method."""

    times: int = 1
    chat_id: int | None = None
    status: int | None = None
    description: str = ""
    parameters: dict[str, Any] = field(default_factory=dict)
    page: str | None = None
    """An HTML page instead of JSON, as a proxy sends it."""
    drop: str | None = None
    """ "before": the connection is cut and nothing happened; "after": it happened all the same."""
    hold: asyncio.Event | None = None
    """Nothing happens until the event is set."""


class ApiError(Exception):
    def __init__(self, status: int, description: str, **parameters: Any) -> None:
        super().__init__(description)
        self.status = status
        self.description = description
        self.parameters = parameters


class FakeBotApi:
    """Start it, point the gateway at `url`, let customers `say` things, look at `sent`, `calls`."""

    def __init__(self, token: str = TOKEN) -> None:
        self.token = token
        self.bot_id = int(token.split(":")[0])
        self.calls: list[Call] = []
        self.sent: list[Delivered] = []
        self.deliveries: list[tuple[int, int]] = []
        """(update id, answer of the webhook; 0 for no answer)"""
        self.webhook: dict[str, Any] = {}
        self.commands: dict[str, list[dict[str, str]]] = {}
        self.update_ids = itertools.count(1_000)
        self.pending: dict[int, dict[str, Any]] = {}
        """Updates that are not confirmed yet."""
        self.again: list[dict[str, Any]] = []
        """Updates that the next poll returns whatever its offset says."""
        self._message_ids: dict[int, itertools.count[int]] = defaultdict(lambda: itertools.count(1))
        self._faults: dict[str, list[Fault]] = defaultdict(list)
        self._changed = asyncio.Condition()
        self._polls = 0
        self._runner: web.AppRunner | None = None
        self._deliverer: asyncio.Task[None] | None = None
        self._lanes: dict[str, asyncio.Task[None]] = {}
        self.url = ""

    # ------------------------------------------------------------------------ life

    async def start(self, port: int = 0) -> None:
        app = web.Application(client_max_size=60 * 1024 * 1024)
        app.router.add_route("*", "/bot{token}/{method}", self._handle)
        self._runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=0.2)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", port)
        await site.start()
        self.url = f"http://127.0.0.1:{self.port}"

    @property
    def port(self) -> int:
        assert self._runner is not None
        return int(self._runner.addresses[0][1])

    async def close(self) -> None:
        for task in [self._deliverer, *self._lanes.values()]:
            if task is not None:
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    async def until(self, condition: Callable[[], bool], *, seconds: float = 30.0) -> None:
        """Wait until `condition` holds; looked at after every call."""
        async with asyncio.timeout(seconds), self._changed:
            await self._changed.wait_for(condition)

    async def _notify(self) -> None:
        async with self._changed:
            self._changed.notify_all()

    # ------------------------------------------------------------------- customers

    def user(self, chat_id: int, language: str | None = "en") -> dict[str, Any]:
        user = {"id": chat_id, "is_bot": False, "first_name": "Ana", "last_name": f"N{chat_id}"}
        return {**user, "language_code": language} if language else user

    async def push(self, **members: Any) -> dict[str, Any]:
        """Make an update happen."""
        update = {"update_id": next(self.update_ids), **members}
        self.pending[update["update_id"]] = update
        await self._notify()
        return update

    def message(
        self, chat_id: int, *, language: str | None = "en", **content: Any
    ) -> dict[str, Any]:
        """Return a customer's message of a private chat, as Telegram writes it."""
        text = content.get("text", "")
        if match := re.match(r"/\w+(@\w+)?", text):
            content["entities"] = [{"type": "bot_command", "offset": 0, "length": match.end()}]
        return {
            "message_id": next(self._message_ids[chat_id]),
            "date": DATE,
            "chat": {"id": chat_id, "type": "private", "first_name": "Ana"},
            "from": self.user(chat_id, language),
            **content,
        }

    async def say(self, chat_id: int, text: str, *, language: str | None = "en") -> dict[str, Any]:
        return await self.push(message=self.message(chat_id, language=language, text=text))

    async def edit(self, update: dict[str, Any], text: str) -> dict[str, Any]:
        message = {**update["message"], "text": text, "edit_date": DATE + 5}
        return await self.push(edited_message=message)

    async def press(self, message: Delivered, label: str) -> dict[str, Any]:
        """Press the button of that name under a message of the bot."""
        data = next(data for name, data in message.buttons if name == label)
        return await self.push(
            callback_query={
                "id": f"cq{next(self.update_ids)}",
                "from": self.user(message.chat_id),
                "chat_instance": "1",
                "data": data,
                "message": {
                    **self._stored(message.chat_id, message.message_id, message.text),
                    "reply_markup": {
                        "inline_keyboard": [
                            [{"text": name, "callback_data": value}]
                            for name, value in message.buttons
                        ]
                    },
                },
            }
        )

    async def membership(
        self, chat_id: int, old: str, new: str, *, chat_type: str = "private"
    ) -> dict[str, Any]:
        bot = {"id": self.bot_id, "is_bot": True, "first_name": "Support"}
        chat = {"id": chat_id, "type": chat_type, "first_name": "Ana", "title": "G"}

        def member(status: str) -> dict[str, Any]:
            extra: dict[str, Any] = {"until_date": 0} if status == "kicked" else {}
            return {"user": bot, "status": status, **extra}

        return await self.push(
            my_chat_member={
                "chat": chat,
                "from": self.user(abs(chat_id)),
                "date": DATE,
                "old_chat_member": member(old),
                "new_chat_member": member(new),
            }
        )

    # ---------------------------------------------------------------------- faults

    def fail(self, method: str, **fault: Any) -> Fault:
        """Let the next call(s) of `method` go wrong; see `Fault`."""
        made = Fault(**fault)
        self._faults[method].append(made)
        return made

    def flood(self, seconds: int, **fault: Any) -> Fault:
        return self.fail(
            "sendMessage",
            status=429,
            description=f"Too Many Requests: retry after {seconds}",
            parameters={"retry_after": seconds},
            **fault,
        )

    def blocked(self, chat_id: int) -> Fault:
        return self.fail(
            "sendMessage",
            status=403,
            description="Forbidden: bot was blocked by the user",
            chat_id=chat_id,
            times=1_000,
        )

    def texts(self, chat_id: int) -> list[str]:
        """Return what stands on a customer's phone."""
        return [message.text for message in self.sent if message.chat_id == chat_id]

    def called(self, method: str) -> list[dict[str, Any]]:
        return [call.params for call in self.calls if call.method == method]

    # -------------------------------------------------------------------- requests

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        method = request.match_info["method"]
        form = {**request.query, **await request.post()}
        params = {k: str(v) if k in _TEXTS else _decode(str(v)) for k, v in form.items()}
        self.calls.append(Call(method, params))
        known = request.match_info["token"] == self.token
        fault = self._take_fault(method, params) if known else None
        await self._notify()  # whoever waited for this call arranges the faults of the next
        if not known:
            return _error(ApiError(401, "Unauthorized"))
        if fault is not None:
            if fault.hold is not None:
                await fault.hold.wait()
            if fault.drop == "before":
                return _cut(request)
            if fault.page is not None:
                return web.Response(status=502, text=fault.page, content_type="text/html")
            if fault.status is not None:
                return _error(ApiError(fault.status, fault.description, **fault.parameters))
        handler: Callable[[dict[str, Any]], Awaitable[Any]] | None = getattr(
            self, f"_do_{_snake(method)}", None
        )
        if handler is None:
            return _error(ApiError(404, "Not Found"))
        try:
            result = await handler(params)
        except ApiError as error:
            return _error(error)
        finally:
            await self._notify()
        if fault is not None and fault.drop == "after":
            return _cut(request)
        return web.json_response({"ok": True, "result": result})

    def _take_fault(self, method: str, params: dict[str, Any]) -> Fault | None:
        for fault in self._faults[method]:
            if fault.times > 0 and fault.chat_id in {None, params.get("chat_id")}:
                fault.times -= 1
                return fault
        return None

    async def _do_get_me(self, _params: dict[str, Any]) -> dict[str, Any]:
        return {
            "id": self.bot_id,
            "is_bot": True,
            "first_name": "Support",
            "username": "support_bot",
        }

    async def _do_get_updates(self, params: dict[str, Any]) -> list[dict[str, Any]]:
        if self.webhook:
            raise ApiError(
                409,
                "Conflict: can't use getUpdates method while webhook is active; "
                "use deleteWebhook to delete the webhook first",
            )
        self._polls += 1
        mine = self._polls
        await self._notify()
        offset = int(params.get("offset") or 0)
        for number in [n for n in self.pending if n < offset]:
            del self.pending[number]
        allowed = params.get("allowed_updates") or _KINDS

        def due() -> list[dict[str, Any]]:
            wanted = [u for u in self.pending.values() if any(kind in u for kind in allowed)]
            return (self.again + sorted(wanted, key=lambda u: int(u["update_id"])))[
                : int(params.get("limit") or 100)
            ]

        try:
            async with asyncio.timeout(float(params.get("timeout") or 0)), self._changed:
                await self._changed.wait_for(lambda: bool(due()) or self._polls != mine)
        except TimeoutError:
            return []
        if self._polls != mine:
            raise ApiError(
                409,
                "Conflict: terminated by other getUpdates request; "
                "make sure that only one bot instance is running",
            )
        result = due()
        self.again.clear()
        return result

    async def _do_set_webhook(self, params: dict[str, Any]) -> bool:
        if not str(params.get("url", "")).startswith("http"):
            raise ApiError(400, "Bad Request: bad webhook: An HTTPS URL must be provided")
        self.webhook = params
        if self._deliverer is None:
            self._deliverer = asyncio.create_task(self._deliver())
        return True

    async def _do_delete_webhook(self, params: dict[str, Any]) -> bool:
        if params.get("drop_pending_updates") is True:
            self.pending.clear()
        self.webhook = {}
        return True

    async def _do_send_message(self, params: dict[str, Any]) -> dict[str, Any]:
        chat_id, source = int(params["chat_id"]), str(params.get("text", ""))
        mode = params.get("parse_mode")
        text = _visible(source) if mode == "HTML" else source
        if not text.strip():
            raise ApiError(400, "Bad Request: message text is empty")
        if len(text.encode("utf-16-le")) // 2 > 4_096:
            raise ApiError(400, "Bad Request: message is too long")
        buttons = []
        for row in (params.get("reply_markup") or {}).get("inline_keyboard", []):
            for button in row:
                if not 1 <= len(button["callback_data"].encode()) <= 64:
                    raise ApiError(400, "Bad Request: BUTTON_DATA_INVALID")
                buttons.append((button["text"], button["callback_data"]))
        number = next(self._message_ids[chat_id])
        self.sent.append(Delivered(number, chat_id, text.strip(), source, mode, tuple(buttons)))
        return self._stored(chat_id, number, text)

    def _stored(self, chat_id: int, message_id: int, text: str) -> dict[str, Any]:
        return {
            "message_id": message_id,
            "date": DATE,
            "chat": {"id": chat_id, "type": "private", "first_name": "Ana"},
            "from": {"id": self.bot_id, "is_bot": True, "first_name": "Support"},
            "text": text,
        }

    async def _do_answer_callback_query(self, _params: dict[str, Any]) -> bool:
        return True

    async def _do_send_chat_action(self, _params: dict[str, Any]) -> bool:
        return True

    async def _do_edit_message_reply_markup(self, params: dict[str, Any]) -> dict[str, Any]:
        return self._stored(int(params["chat_id"]), int(params["message_id"]), "edited")

    async def _do_set_my_commands(self, params: dict[str, Any]) -> bool:
        self.commands[str(params.get("language_code") or "")] = params["commands"]
        return True

    # --------------------------------------------------------------------- webhook

    async def _deliver(self) -> None:
        """Give pending updates to the webhook: one in flight per chat, presses beside messages."""
        async with aiohttp.ClientSession() as http:
            while True:
                async with self._changed:
                    await self._changed.wait_for(lambda: bool(self._idle_lanes()))
                for lane in self._idle_lanes():
                    self._lanes[lane] = asyncio.create_task(self._run_lane(http, lane))

    def _idle_lanes(self) -> set[str]:
        lanes = {_lane(update) for update in self.pending.values()} if self.webhook else set()
        return lanes - set(self._lanes)

    async def _run_lane(self, http: aiohttp.ClientSession, lane: str) -> None:
        try:
            while self.webhook:
                waiting = [u for u in self.pending.values() if _lane(u) == lane]
                if not waiting:
                    return
                update = waiting[0]
                status = await self.post_webhook(update, http=http)
                if 200 <= status < 300:
                    self.pending.pop(update["update_id"], None)
                else:
                    await asyncio.sleep(0.02)  # Telegram: at once, then 2, 4 … 120 s
                await self._notify()
        finally:
            self._lanes.pop(lane, None)

    async def post_webhook(
        self,
        update: dict[str, Any],
        *,
        http: aiohttp.ClientSession,
        secret: str | None = None,
    ) -> int:
        """Deliver one update once and return the status, 0 when there was no answer."""
        token = secret if secret is not None else str(self.webhook.get("secret_token", ""))
        headers = {"X-Telegram-Bot-Api-Secret-Token": token}
        try:
            async with http.post(self.webhook["url"], json=update, headers=headers) as answer:
                await answer.read()
                status = answer.status
        except (aiohttp.ClientError, TimeoutError):
            status = 0
        self.deliveries.append((update["update_id"], status))
        await self._notify()
        return status


def _lane(update: dict[str, Any]) -> str:
    if "callback_query" in update:
        return f"press {update['callback_query']['from']['id']}"
    for kind in ("message", "edited_message", "my_chat_member"):
        if kind in update:
            return f"chat {update[kind]['chat']['id']}"
    return "other"


def _snake(method: str) -> str:
    return re.sub(r"([A-Z])", lambda match: "_" + match.group(1).lower(), method)


def _decode(value: str) -> Any:
    """PTB sends forms: numbers, booleans, lists and objects JSON-encoded, text as it is."""
    if value in {"true", "false"} or value[:1] in "[{" or re.fullmatch(r"-?\d+", value):
        try:
            return json.loads(value)
        except ValueError:
            return value
    return value


def _visible(source: str) -> str:
    """Return the text of Telegram HTML.

    Raises:
        ApiError: unknown, unclosed or crossed tags, as the server refuses them.
    """
    stack: list[str] = []
    out: list[str] = []
    at = 0
    for match in _TAG.finditer(source):
        out.append(source[at : match.start()])
        at = match.end()
        closing, name = match.group(1), match.group(2)
        if name not in _TAGS:
            raise ApiError(
                400, f'Bad Request: can\'t parse entities: Unsupported start tag "{name}"'
            )
        if not closing:
            stack.append(name)
        elif not stack or stack.pop() != name:
            raise ApiError(400, "Bad Request: can't parse entities: Unexpected end tag")
    out.append(source[at:])
    if any("<" in piece for piece in out):
        raise ApiError(400, 'Bad Request: can\'t parse entities: Unsupported start tag ""')
    if stack:
        raise ApiError(
            400,
            "Bad Request: can't parse entities: Can't find end tag corresponding to start tag "
            f'"{stack[-1]}"',
        )
    return html.unescape("".join(out))


def _error(error: ApiError) -> web.Response:
    body: dict[str, Any] = {
        "ok": False,
        "error_code": error.status,
        "description": error.description,
    }
    if error.parameters:
        body["parameters"] = error.parameters
    return web.json_response(body, status=error.status)


def _cut(request: web.Request) -> web.StreamResponse:
    if request.transport is not None:
        request.transport.abort()
    return web.Response()
