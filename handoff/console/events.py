"""Live hints for agents' pages (Server-Sent Events): "something changed, read again".

One subscription to the bus serves every open page of this gateway. A hint carries whom it is for,
and each page gets only those about tickets its owner may see. Losing a hint costs a delay: the
pages reconcile by themselves.
"""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

import structlog
from aiohttp import web

from bot.kit.bus import Bus
from bot.kit.errors import FrontlineError, Unavailable
from bot.staff.account import Staff
from handoff.service import Desk
from handoff.steps import TOPIC
from handoff.ticket import may_see

log = structlog.get_logger(__name__)
TYPING_TOPIC = "desk.typing"
"""Channels say here that a customer is writing, or has read up to a message (`seen`)."""
HEARTBEAT_SECONDS = 20.0
PAGE_LIMIT = 256
"""Hints kept for a slow page; it re-reads everything now and then anyway."""
MAX_STREAMS_PER_STAFF = 20
RETRY_MS = 2_000


@dataclass(eq=False, slots=True)
class _Page:
    staff: Staff
    frames: asyncio.Queue[bytes | None] = field(default_factory=lambda: asyncio.Queue(PAGE_LIMIT))

    def put(self, frame: bytes | None) -> None:
        if self.frames.full():
            with suppress(asyncio.QueueEmpty):
                self.frames.get_nowait()
        self.frames.put_nowait(frame)


def may_hear(staff: Staff, audience: dict[str, Any]) -> bool:
    """Tell whether a hint for this audience is for this person. Pure."""
    if audience.get("supervisors"):
        return staff.may("tickets.supervise")
    if "staff" in audience:
        return staff.id in audience["staff"]
    people = frozenset(audience.get("people") or ())
    return any(
        may_see(staff, level=level, assignee_id=audience.get("assignee"), people=people)
        for level in audience.get("levels") or ()
    )


def as_frame(payload: dict[str, Any]) -> bytes:
    """Render a hint as one event of the stream; whom it is for stays inside. Pure."""
    data = {k: v for k, v in payload.items() if k not in {"event", "for"}}
    return (f"event: {payload['event']}\ndata: {json.dumps(data, ensure_ascii=False)}\n\n").encode()


class LiveStreams:
    """The open pages of this gateway, and the one listener that feeds them."""

    def __init__(
        self, desk: Desk, bus: Bus, *, heartbeat_seconds: float = HEARTBEAT_SECONDS
    ) -> None:
        self._desk = desk
        self._bus = bus
        self._heartbeat_seconds = heartbeat_seconds
        self._pages: set[_Page] = set()
        self._closed = False

    async def run(self) -> None:
        """Pass hints from the bus to the pages until cancelled."""
        async with self._bus.subscribe(TOPIC, TYPING_TOPIC) as hints:
            while True:
                topic, payload = await hints.get()
                try:
                    await self._pass_on(topic, payload)
                except FrontlineError as error:
                    log.warning("desk.hint_lost", error=error.code)
                except Exception as error:  # a hint that can't be read must not end them all
                    log.exception("desk.hint_lost", error=type(error).__name__)

    async def _pass_on(self, topic: str, payload: dict[str, Any]) -> None:
        if not self._pages:
            return
        found: dict[str, Any] | None = payload
        if topic == TYPING_TOPIC:
            found = await self._desk.typing_hint(str(payload.get("conversation_id")))
            if found is not None and "seen" in payload:
                found = {**found, "event": "seen", "seq": payload["seen"]}
        if found is None:
            return
        frame = as_frame(found)
        for page in self._pages:
            if may_hear(page.staff, found.get("for") or {}):
                page.put(frame)

    def close(self) -> None:
        """End every stream; browsers come back to the gateway that is there then."""
        self._closed = True
        for page in self._pages:
            page.put(None)

    @asynccontextmanager
    async def _page(self, staff: Staff) -> AsyncIterator[_Page]:
        page = _Page(staff)
        self._pages.add(page)
        try:
            yield page
        finally:
            self._pages.discard(page)

    async def serve(self, request: web.Request, staff: Staff) -> web.StreamResponse:
        """Answer a request with the stream, until the page or the gateway goes away.

        At every heartbeat the account is looked up again: who was dismissed hears nothing more.

        Raises:
            Unavailable: the gateway is going down, or too many pages are open.
        """
        if self._closed:
            raise Unavailable("The gateway is going down.")
        if sum(page.staff.id == staff.id for page in self._pages) >= MAX_STREAMS_PER_STAFF:
            raise Unavailable("Too many pages of this account are open.", code="too_many_streams")
        response = web.StreamResponse(
            headers={
                "Content-Type": "text/event-stream; charset=utf-8",
                "Cache-Control": "no-store",
                "X-Content-Type-Options": "nosniff",
                "X-Accel-Buffering": "no",
            }
        )
        async with self._page(staff) as page:
            await response.prepare(request)
            with suppress(ConnectionResetError):
                await response.write(f"retry: {RETRY_MS}\n: connected\n\n".encode())
                async for frame in self._frames(page):
                    await response.write(frame)
        return response

    async def _frames(self, page: _Page) -> AsyncIterator[bytes]:
        while True:
            try:
                async with asyncio.timeout(self._heartbeat_seconds):
                    frame = await page.frames.get()
            except TimeoutError:
                if not await self._desk.is_active(page.staff.id):
                    return
                yield b"event: beat\ndata: {}\n\n"
                continue
            if frame is None:
                return
            yield frame
