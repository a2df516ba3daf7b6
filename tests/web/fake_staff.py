"""A gateway for the staff pages' tests: the staff API over dictionaries, live events, faults.

It follows the outside contract (problem details, CSRF, epochs, versions), so what the console and
the admin pages do with it, they do with the real one. Run it by hand with
`python -m tests.web.fake_staff` to look at the pages.
"""

import asyncio
import json
import re
import threading
from collections.abc import Awaitable, Callable, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from aiohttp import web

REPOSITORY = Path(__file__).resolve().parents[2]
DIST = REPOSITORY / "bot" / "web" / "dist"
CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
PAGE = """<!doctype html>
<html lang="{lang}">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>Frontline</title><link rel="icon" href="/icon.svg">
<link rel="stylesheet" href="/static/{css}">{more_css}
<script type="module" src="/static/{js}"></script></head>
<body><div id="app"></div></body></html>"""

Json = dict[str, Any]
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

CONTENT = ("title", "answer", "phrasings", "short_answer", "links", "flows", "related")
"""What a revision of an article holds."""
ROLES = {
    "agent": ["tickets.read", "tickets.work", "kb.read", "transcripts.read", "status.read"],
    "auditor": ["tickets.read", "kb.read", "transcripts.read", "status.read"],
    "editor": ["kb.read", "kb.write", "kb.publish", "status.read"],
    "admin": [
        "tickets.read",
        "tickets.work",
        "tickets.supervise",
        "kb.read",
        "kb.write",
        "kb.publish",
        "transcripts.read",
        "staff.manage",
        "status.read",
    ],
}
ANA = {"id": "s-ana", "name": "Ana Souza"}
BRUNO = {"id": "s-bruno", "name": "Bruno Lima"}
CARLA = {"id": "s-carla", "name": "Carla Méndez"}
QUEUES = [
    {"id": "q1", "key": "orders", "name": "Pedidos e entregas", "level": "N2"},
    {"id": "q2", "key": "accounts", "name": "Contas e acesso", "level": "N2"},
    {"id": "q3", "key": "technical", "name": "Suporte técnico", "level": "N3"},
    {"id": "q4", "key": "engineering", "name": "Engenharia", "level": "N4"},
]
OPEN = ("queued", "claimed", "waiting_customer", "waiting_third_party", "snoozed")
RANK = {"urgent": 0, "high": 1, "normal": 2, "low": 3}


def stamp(when: datetime) -> str:
    """An instant as the API writes it."""
    return when.astimezone(UTC).isoformat().replace("+00:00", "Z")


async def until(true: Callable[[], bool], *, seconds: float = 5) -> None:
    """Wait until something is true of the fake."""
    async with asyncio.timeout(seconds):
        while not true():  # noqa: ASYNC110 - the fake is plain data on purpose
            await asyncio.sleep(0.02)


def problem(status: int, code: str, detail: str = "", **extra: object) -> web.Response:
    """An RFC 9457 answer."""
    body = {"type": "about:blank", "title": code, "status": status, "code": code, "detail": detail}
    return web.json_response(
        {**body, **extra}, status=status, content_type="application/problem+json"
    )


class FakeStaff:
    """Everything a test may look at, change or break. Its data may be touched from any thread."""

    def __init__(
        self, catalogues: Mapping[str, Mapping[str, object]] | None = None, *, dist: Path = DIST
    ) -> None:
        self.catalogues = catalogues or {}
        self.dist = dist
        self.role = "admin"
        self.locale = "en"
        self.logged_in = True
        self.csrf = "token-1"
        self.requests: list[tuple[str, str, Any]] = []
        self.fail_next: dict[str, int] = {}
        """Path ending to the status that the next request to it gets; 0 cuts the connection."""
        self.tickets: dict[str, Json] = {}
        self.messages: dict[str, list[Json]] = {}
        self.marks: set[str] = set()
        """The bot's messages that were marked as wrong."""
        self.replies: dict[str, Json] = {}
        self.articles: dict[str, Json] = {}
        self.revisions: dict[str, list[Json]] = {}
        self.staff: list[Json] = [
            {**ANA, "email": "ana@example.com", "role": "admin", "level": "N2", "disabled": False},
            {
                **BRUNO,
                "email": "bruno@example.com",
                "role": "agent",
                "level": "N2",
                "disabled": False,
            },
            {
                **CARLA,
                "email": "carla@example.com",
                "role": "supervisor",
                "level": "N3",
                "disabled": False,
            },
        ]
        self.listeners: set[asyncio.Queue[tuple[str, Json]]] = set()
        self.loop: asyncio.AbstractEventLoop | None = None
        self.lock = threading.RLock()
        self._number = 1041

    # ---- what tests do ----------------------------------------------------------------------

    def call(self, method: str, path_end: str) -> list[Any]:
        """Bodies of the requests so far whose path ends so."""
        return [body for m, p, body in self.requests if m == method and p.endswith(path_end)]

    def announce(self, kind: str, data: Json) -> None:
        """Send a live event to every open page."""
        assert self.loop is not None
        for listener in list(self.listeners):
            self.loop.call_soon_threadsafe(listener.put_nowait, (kind, data))

    async def until_heard(self) -> None:
        """Wait for a live connection: what is announced to nobody is gone."""
        async with asyncio.timeout(20):
            while not self.listeners:  # noqa: ASYNC110 the set has no event to wait for
                await asyncio.sleep(0.01)

    def drop_listeners(self) -> None:
        """Cut every live connection."""
        self.announce("__close__", {})

    def open_ticket(self, *, minutes_ago: float = 0, announce: bool = True, **values: Any) -> Json:
        """A conversation is handed over."""
        with self.lock:
            self._number += 1
            number = self._number
            now = datetime.now(UTC)
            opened = now - timedelta(minutes=minutes_ago)
            key = values.pop("queue", "orders")
            queue = next(q for q in QUEUES if q["key"] == key)
            ticket: Json = {
                "id": f"t{number}",
                "number": number,
                "conversation_id": f"c{number}",
                "level": queue["level"],
                "queue": {name: queue[name] for name in ("id", "key", "name")},
                "state": "queued",
                "priority": "normal",
                "reason": "customer_asked",
                "subject": "Pedido AUR-10023 não chegou",
                "locale": "pt-BR",
                "channel": "web",
                "contact_name": "Mariana Alves",
                "assignee": None,
                "opened_at": stamp(opened),
                "queued_at": stamp(opened),
                "claimed_at": None,
                "last_message_at": stamp(opened),
                "unread": True,
                "epoch": 2,
                "pack": example_pack(opened),
                "events": [
                    event("opened", opened, None, to=queue["name"], reason=None),
                ],
            }
            ticket.update(values)
            self.tickets[ticket["id"]] = ticket
            self.messages[ticket["conversation_id"]] = example_messages(opened)
        if announce:
            self.hint(ticket, "opened")
        return ticket

    def hint(self, ticket: Json, change: str) -> None:
        """Tell that a ticket changed."""
        self.announce(
            "ticket",
            {
                "ticket_id": ticket["id"],
                "number": ticket["number"],
                "change": change,
                "queue": ticket["queue"]["key"],
                "level": ticket["level"],
                "state": ticket["state"],
            },
        )

    def say(self, ticket: Json, text: str, *, author: str = "customer", **values: Any) -> Json:
        """Somebody writes in a ticket's conversation."""
        with self.lock:
            messages = self.messages[ticket["conversation_id"]]
            message: Json = {
                "id": f"{ticket['conversation_id']}-{len(messages) + 1}",
                "seq": len(messages) + 1,
                "author": author,
                "text": text,
                "created_at": stamp(datetime.now(UTC)),
                **values,
            }
            messages.append(message)
            if author in ("customer", "agent"):
                ticket["last_message_at"] = message["created_at"]
                ticket["unread"] = author == "customer"
        self.announce(
            "message",
            {
                "conversation_id": ticket["conversation_id"],
                "ticket_id": ticket["id"],
                "seq": message["seq"],
                "author": author,
            },
        )
        return message

    def typing(self, ticket: Json) -> None:
        """The customer is typing."""
        self.announce(
            "typing", {"conversation_id": ticket["conversation_id"], "author": "customer"}
        )

    def add_article(self, **values: Any) -> Json:
        """An article, published unless told otherwise."""
        with self.lock:
            identity = values.pop("id", f"a{len(self.articles) + 1}")
            content = {
                "title": values.pop("title"),
                "answer": values.pop("answer"),
                "phrasings": values.pop("phrasings", []),
                "short_answer": values.pop("short_answer", ""),
                "links": values.pop("links", []),
                "flows": values.pop("flows", []),
                "related": values.pop("related", []),
            }
            state = values.pop("state", "published")
            article: Json = {
                "id": identity,
                "key": identity,
                "locale": "pt-BR",
                "category": None,
                "tags": [],
                "audience": "public",
                "owner": None,
                "review_by": None,
                "stage": None,
                "publish_at": None,
                "outdated": False,
                "state": state,
                "updated_at": stamp(datetime.now(UTC) - timedelta(days=2)),
                "updated_by": ANA,
                "version": 1,
                "revision": 1,
                "published": {**content, "revision": 1} if state == "published" else None,
                **content,
                **values,
            }
            self.articles[identity] = article
            self.revisions[identity] = []
            self.keep_revision(article, reason=None)
        return article

    def keep_revision(self, article: Json, *, reason: str | None) -> None:
        """Add a revision of the article's present text."""
        self.revisions[article["id"]].append(
            {
                "number": article["revision"],
                **{name: article[name] for name in CONTENT},
                "author": ANA,
                "created_at": stamp(datetime.now(UTC)),
                "reason": reason,
            }
        )

    # ---- the application --------------------------------------------------------------------

    def app(self) -> web.Application:
        """The pages, the built files and the API."""
        app = web.Application(middlewares=[self._middleware])
        app.on_startup.append(self._remember_loop)
        add = app.router.add_route
        add("GET", "/console", self._page("handoff/console/app/main.tsx"))
        add("GET", "/admin", self._page("knowledge_base/admin/app/main.tsx"))
        add("GET", "/login", self._login)
        add("GET", "/icon.svg", self._icon)
        add("GET", "/i18n/{locale}.json", self._catalogue)
        app.router.add_static("/static", self.dist)
        api: list[tuple[str, str, Handler]] = [
            ("GET", "/me", self._me),
            ("PATCH", "/me", self._change_me),
            ("DELETE", "/session", self._log_out),
            ("GET", "/events", self._events),
            ("GET", "/presence", self._presence),
            ("POST", "/presence/beat", self._presence),
            ("PUT", "/presence", self._presence),
            ("GET", "/queues", self._queues),
            ("GET", "/agents", self._agents),
            ("GET", "/tickets", self._list_tickets),
            ("POST", "/tickets/claim-next", self._claim_next),
            ("GET", "/tickets/{id}", self._ticket),
            ("GET", "/tickets/{id}/customer", self._customer),
            ("POST", "/tickets/{id}/company", self._typing),
            ("POST", "/tickets/{id}/{act}", self._act),
            ("GET", "/views", self._views),
            ("GET", "/replies", self._nothing),
            ("GET", "/conversations/{id}/messages", self._messages),
            ("POST", "/conversations/{id}/typing", self._typing),
            ("GET", "/conversations/{id}/marks", self._marks),
            ("POST", "/messages/{id}/mark", self._mark),
            ("GET", "/articles", self._list_articles),
            ("POST", "/articles", self._create_article),
            ("GET", "/articles/{id}", self._article),
            ("PATCH", "/articles/{id}", self._change_article),
            ("GET", "/articles/{id}/revisions", self._revisions),
            ("POST", "/articles/{id}/{act}", self._article_act),
            ("POST", "/kb/ask", self._ask),
            ("POST", "/kb/preview", self._preview),
            ("POST", "/kb/check", self._nothing),
            ("GET", "/kb/categories", self._nothing),
            ("GET", "/ticket-categories", self._nothing),
            ("GET", "/ticket-tags", self._nothing),
            ("GET", "/mentions", self._nothing),
            ("GET", "/proposals", self._nothing),
            ("GET", "/kb/people", self._nothing),
            ("GET", "/kb/publishing", self._publishing),
            ("POST", "/explain", self._explain),
            ("GET", "/status", self._status),
            ("GET", "/staff", self._list_staff),
            ("POST", "/staff", self._add_staff),
            ("POST", "/staff/{id}/disable", self._disable_staff),
        ]
        for method, path, handler in api:
            add(method, f"/api/v1{path}", handler)
        return app

    async def _remember_loop(self, _app: web.Application) -> None:
        self.loop = asyncio.get_running_loop()

    @web.middleware
    async def _middleware(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        if request.path.startswith("/api/"):
            body = await request.json() if request.can_read_body else None
            self.requests.append((request.method, request.path, body))
            for ending, status in list(self.fail_next.items()):
                if request.path.endswith(ending):
                    del self.fail_next[ending]
                    if status == 0:
                        assert request.transport is not None
                        request.transport.close()
                        return web.Response()
                    return problem(status, "bad" if status < 500 else "internal")
            if not self.logged_in:
                return problem(401, "unauthenticated")
            if request.method != "GET" and request.headers.get("X-CSRF-Token") != self.csrf:
                return problem(403, "csrf")
        return await handler(request)

    def _page(self, entry: str) -> Handler:
        async def page(_request: web.Request) -> web.Response:
            manifest = json.loads((self.dist / "manifest.json").read_text())
            built = manifest[entry]
            styles = list(built.get("css", []))
            for name in built.get("imports", []):
                styles = list(manifest[name].get("css", [])) + styles
            more = "".join(f'<link rel="stylesheet" href="/static/{css}">' for css in styles[1:])
            text = PAGE.format(lang=self.locale, js=built["file"], css=styles[0], more_css=more)
            headers = {"Content-Security-Policy": CSP}
            return web.Response(text=text, content_type="text/html", headers=headers)

        return page

    async def _login(self, request: web.Request) -> web.Response:
        page = f"<title>Log in</title><h1>Log in</h1><p>{request.query.get('next', '')}</p>"
        return web.Response(text=page, content_type="text/html")

    async def _icon(self, _request: web.Request) -> web.Response:
        text = '<svg xmlns="http://www.w3.org/2000/svg"/>'
        return web.Response(text=text, content_type="image/svg+xml")

    async def _catalogue(self, request: web.Request) -> web.Response:
        return web.json_response(self.catalogues.get(request.match_info["locale"], {}))

    # ---- session ----------------------------------------------------------------------------

    def _profile(self) -> Json:
        return {
            **ANA,
            "email": "ana@example.com",
            "role": self.role,
            "level": "N2",
            "locale": self.locale,
            "csrf_token": self.csrf,
            "permissions": ROLES[self.role],
        }

    async def _me(self, _request: web.Request) -> web.Response:
        return web.json_response(self._profile())

    async def _change_me(self, request: web.Request) -> web.Response:
        self.locale = (await request.json()).get("locale", self.locale)
        return web.json_response(self._profile())

    async def _log_out(self, _request: web.Request) -> web.Response:
        self.logged_in = False
        return web.Response(status=204)

    async def _events(self, request: web.Request) -> web.StreamResponse:
        answer = web.StreamResponse(
            headers={"Content-Type": "text/event-stream", "Cache-Control": "no-store"}
        )
        await answer.prepare(request)
        await answer.write(b": hello\n\n")
        mine: asyncio.Queue[tuple[str, Json]] = asyncio.Queue()
        self.listeners.add(mine)
        try:
            while True:
                kind, data = await mine.get()
                if kind == "__close__":
                    return answer
                await answer.write(f"event: {kind}\ndata: {json.dumps(data)}\n\n".encode())
        except ConnectionError:
            return answer
        finally:
            self.listeners.discard(mine)

    # ---- tickets ----------------------------------------------------------------------------

    async def _presence(self, _request: web.Request) -> web.Response:
        return web.json_response({"presence": "online", "open": 0, "capacity": 5, "offers": []})

    async def _queues(self, _request: web.Request) -> web.Response:
        items = []
        for queue in QUEUES:
            mine = [t for t in self.tickets.values() if t["queue"]["key"] == queue["key"]]
            waiting = sorted(t["queued_at"] for t in mine if t["state"] == "queued")
            items.append(
                {
                    **queue,
                    "open_count": sum(t["state"] in OPEN for t in mine),
                    "waiting_count": len(waiting),
                    "oldest_waiting_at": waiting[0] if waiting else None,
                }
            )
        return web.json_response({"items": items})

    async def _agents(self, _request: web.Request) -> web.Response:
        fields = ("id", "name", "level", "role")
        return web.json_response({"items": [{f: s[f] for f in fields} for s in self.staff]})

    def _summary(self, ticket: Json) -> Json:
        messages = self.messages[ticket["conversation_id"]]
        spoken = [m for m in messages if m["author"] != "system"]
        waiting = datetime.now(UTC) - datetime.fromisoformat(ticket["queued_at"])
        hidden = ("pack", "events", "epoch")
        return {
            **{name: value for name, value in ticket.items() if name not in hidden},
            "waiting_seconds": int(waiting.total_seconds()) if is_waited_for(ticket) else 0,
            "last_message_preview": spoken[-1]["text"][:120] if spoken else None,
        }

    def _detail(self, ticket: Json) -> Json:
        pack = {**ticket["pack"], "queue": ticket["queue"]["name"], "level": ticket["level"]}
        return {
            **self._summary(ticket),
            "pack": pack,
            "events": ticket["events"],
            "epoch": ticket["epoch"],
        }

    def _sorted(self) -> list[Json]:
        return sorted(
            self.tickets.values(), key=lambda t: (RANK[t["priority"]], t["queued_at"], t["number"])
        )

    async def _list_tickets(self, request: web.Request) -> web.Response:
        ask = request.query
        found = self._sorted()
        states = ask.getall("state", [])
        if states:
            wanted = set(OPEN) if "open" in states else set(states)
            found = [t for t in found if t["state"] in wanted]
        if ask.get("queue"):
            found = [t for t in found if t["queue"]["key"] == ask["queue"]]
        if ask.get("level"):
            found = [t for t in found if t["level"] == ask["level"]]
        if who := ask.get("assignee"):
            identity = {"me": ANA["id"], "none": None}.get(who, who)
            found = [t for t in found if (t["assignee"] or {}).get("id") == identity]
        if text := ask.get("q", "").casefold():
            found = [
                t
                for t in found
                if text in f"{t['number']} {t['subject']} {t['contact_name']}".casefold()
            ]
        limit = int(ask.get("limit", 50))
        items = [self._summary(t) for t in found[:limit]]
        return web.json_response(
            {"items": items, "next_cursor": "more" if len(found) > limit else None}
        )

    async def _ticket(self, request: web.Request) -> web.Response:
        ticket = self.tickets.get(request.match_info["id"])
        return web.json_response(self._detail(ticket)) if ticket else problem(404, "not_found")

    async def _customer(self, _: web.Request) -> web.Response:
        return web.json_response({"waiting": None, "feedback": None})

    async def _claim_next(self, request: web.Request) -> web.Response:
        body = await request.json()
        for ticket in self._sorted():
            if ticket["state"] == "queued" and body.get("queue") in (None, ticket["queue"]["key"]):
                return self._claim(ticket)
        return web.Response(status=204)

    def claim_for(self, ticket: Json, person: Json) -> None:
        """Somebody else claims it."""
        self._log(ticket, "claimed", to=person["name"], actor=person)
        ticket.update(state="claimed", assignee=person, claimed_at=stamp(datetime.now(UTC)))
        self.hint(ticket, "claimed")

    def _claim(self, ticket: Json) -> web.Response:
        if ticket["assignee"] and ticket["assignee"]["id"] != ANA["id"]:
            return problem(409, "already_claimed", assignee=ticket["assignee"])
        self.claim_for(ticket, ANA)
        return web.json_response(self._detail(ticket))

    def _log(self, ticket: Json, kind: str, *, actor: Json | None = ANA, **values: Any) -> Json:
        logged = event(kind, datetime.now(UTC), actor, **values)
        ticket["events"].append(logged)
        ticket["epoch"] += 1
        return logged

    async def _act(self, request: web.Request) -> web.Response:
        ticket = self.tickets.get(request.match_info["id"])
        if ticket is None:
            return problem(404, "not_found")
        act, body = request.match_info["act"], await request.json()
        reason = body.get("reason")
        if act in ("transfer", "escalate", "return") and not reason:
            return problem(422, "invalid", "A reason is needed.")
        if act == "claim":
            return self._claim(ticket)
        if act == "reply":
            return self._reply(ticket, body)
        if act == "note":
            logged = self._log(ticket, "note", text=body["text"])
            return web.json_response(logged, status=201)
        if act == "transfer":
            if "assignee" in body:
                person = next(s for s in self.staff if s["id"] == body["assignee"])
                ticket["assignee"] = {"id": person["id"], "name": person["name"]}
                self._log(ticket, "transferred", to=person["name"], reason=reason)
            else:
                self._move(ticket, body["queue"], "transferred", reason)
        elif act == "escalate":
            self._move(ticket, body["to"], f"escalated_{body['kind']}", reason)
        elif act == "return":
            self._move(ticket, f"N{int(ticket['level'][1]) - 1}", "returned", reason)
        elif act == "wait":
            ticket["state"] = f"waiting_{body['for']}"
            self._log(ticket, ticket["state"], reason=reason)
        elif act == "snooze":
            ticket["state"] = "snoozed"
            self._log(ticket, "snoozed", to=body["until"], reason=reason)
        elif act == "priority":
            before, ticket["priority"] = ticket["priority"], body["priority"]
            values: Json = {"from": before, "to": body["priority"], "reason": reason}
            self._log(ticket, "priority", **values)
        elif act == "resolve":
            if body.get("text"):
                self.say(ticket, body["text"], author="agent", author_name=ANA["name"])
            ticket["state"] = "resolved"
            self._log(ticket, "resolved", reason=reason)
        elif act == "reopen":
            ticket.update(state="claimed", assignee=ANA)
            self._log(ticket, "reopened", reason=reason)
        self.hint(ticket, "resolved" if act == "resolve" else "moved")
        return web.json_response(self._detail(ticket))

    def _move(self, ticket: Json, to: str, kind: str, reason: str | None) -> None:
        queue = next((q for q in QUEUES if to in (q["key"], q["level"])), None)
        before = ticket["queue"]["name"]
        if queue:
            ticket["queue"] = {name: queue[name] for name in ("id", "key", "name")}
            ticket.update(level=queue["level"], state="queued", assignee=None)
        values: Json = {"from": before, "to": queue["name"] if queue else to, "reason": reason}
        self._log(ticket, kind, **values)

    def _reply(self, ticket: Json, body: Json) -> web.Response:
        if (ticket["assignee"] or {}).get("id") != ANA["id"]:
            return problem(409, "stale")
        known = self.replies.get(body["client_id"])
        if known is None:
            known = self.say(
                ticket, body["text"], author="agent", author_name=ANA["name"], delivery="sent"
            )
            self.replies[body["client_id"]] = known
        return web.json_response(known, status=201)

    async def _messages(self, request: web.Request) -> web.Response:
        messages = self.messages[request.match_info["id"]]
        after = int(request.query.get("after", 0))
        return web.json_response(
            {
                "messages": [m for m in messages if m["seq"] > after][:40],
                "last_seq": len(messages),
                "owner": "agent",
                "owner_epoch": 2,
            }
        )

    async def _typing(self, _request: web.Request) -> web.Response:
        return web.Response(status=204)

    async def _marks(self, _request: web.Request) -> web.Response:
        return web.json_response({"items": sorted(self.marks)})

    async def _mark(self, request: web.Request) -> web.Response:
        wrong = (await request.json())["wrong"]
        (self.marks.add if wrong else self.marks.discard)(request.match_info["id"])
        return web.Response(status=204)

    # ---- articles ---------------------------------------------------------------------------

    def _article_summary(self, article: Json) -> Json:
        published = article["published"]
        hidden = ("answer", "phrasings", "short_answer", "links", "flows", "related",
                  "published", "version")  # fmt: skip
        return {
            **{name: value for name, value in article.items() if name not in hidden},
            "has_draft": bool(published and published["revision"] < article["revision"]),
        }

    def _full_article(self, article: Json) -> Json:
        translations = [
            {name: other[name] for name in ("id", "locale", "title", "state", "outdated")}
            for other in self.articles.values()
            if other["key"] == article["key"]
        ]
        return {
            **article,
            **self._article_summary(article),
            "answer_html": to_html(article["answer"]),
            "translations": translations,
            "original_locale": "pt-BR",
        }

    async def _list_articles(self, request: web.Request) -> web.Response:
        ask = request.query
        found = list(self.articles.values())
        if text := ask.get("q", "").casefold():
            found = [a for a in found if text in f"{a['title']} {a['answer']}".casefold()]
        start, limit = int(ask.get("cursor") or 0), int(ask.get("limit", 50))
        items = [self._article_summary(a) for a in found[start : start + limit]]
        more = start + limit < len(found)
        return web.json_response(
            {"items": items, "next_cursor": str(start + limit) if more else None}
        )

    async def _create_article(self, request: web.Request) -> web.Response:
        body = await request.json()
        identity = f"a{len(self.articles) + 1}"
        key = body.get("key") or re.sub(r"\W+", "-", body["title"].casefold())
        article = self.add_article(**{**body, "id": identity, "key": key, "state": "draft"})
        return web.json_response(self._full_article(article), status=201)

    async def _article(self, request: web.Request) -> web.Response:
        article = self.articles.get(request.match_info["id"])
        return (
            web.json_response(self._full_article(article)) if article else problem(404, "not_found")
        )

    def edit_elsewhere(self, article: Json, **changes: Any) -> None:
        """Another editor saves a change."""
        article.update(changes)
        article["version"] += 1
        article["revision"] += 1
        article["updated_by"] = BRUNO
        self.keep_revision(article, reason=None)

    async def _change_article(self, request: web.Request) -> web.Response:
        article = self.articles[request.match_info["id"]]
        body = await request.json()
        if body.pop("version") != article["version"]:
            return problem(409, "stale", current=self._full_article(article))
        reason = body.pop("reason", None)
        article.update(body)
        article["version"] += 1
        article["revision"] += 1
        article["updated_at"] = stamp(datetime.now(UTC))
        self.keep_revision(article, reason=reason)
        return web.json_response(self._full_article(article))

    async def _revisions(self, request: web.Request) -> web.Response:
        identity = request.match_info["id"]
        published = self.articles[identity]["published"]
        live = published["revision"] if published else None
        kept = reversed(self.revisions[identity])
        items = [{**r, "published": r["number"] == live} for r in kept]
        return web.json_response({"items": items})

    async def _article_act(self, request: web.Request) -> web.Response:
        article = self.articles[request.match_info["id"]]
        act, body = request.match_info["act"], await request.json()
        if act == "publish":
            if body.get("version", article["version"]) != article["version"]:
                return problem(409, "stale", current=self._full_article(article))
            content = {n: article[n] for n in CONTENT}
            article.update(
                state="published", published={**content, "revision": article["revision"]}
            )
        elif act == "archive":
            article.update(state="archived")
        elif "revision" in body:
            kept = self.revisions[article["id"]][body["revision"] - 1]
            article.update({n: kept[n] for n in CONTENT})
            article["revision"] += 1
            self.keep_revision(article, reason=f"Restored from {body['revision']}")
        else:
            article["state"] = "published" if article["published"] else "draft"
        article["version"] += 1
        return web.json_response(self._full_article(article))

    async def _ask(self, request: web.Request) -> web.Response:
        body = await request.json()
        words = set(re.findall(r"\w{4,}", body["question"].casefold()))
        hits = []
        for article in self.articles.values():
            is_draft = article["id"] == body.get("draft_article_id")
            content = article if is_draft else article["published"]
            if article["state"] == "archived" or content is None:
                continue
            text = " ".join([content["title"], content["answer"], *content["phrasings"]])
            known = set(re.findall(r"\w{4,}", text.casefold()))
            lexical = len(words & known) / max(1, len(words))
            dense = min(1.0, 0.25 + 0.6 * lexical)
            hits.append(
                {
                    "article_id": article["id"],
                    "key": article["key"],
                    "title": content["title"],
                    "locale": article["locale"],
                    "score": round(0.5 * lexical + 0.5 * dense, 3),
                    "lexical": round(lexical, 3),
                    "dense": round(dense, 3),
                    "revision": article["revision"],
                    "state": "draft" if is_draft else "published",
                }
            )
        hits.sort(key=lambda hit: -float(hit["score"]))
        best = float(hits[0]["score"]) if hits else 0.0
        decision = "answer" if best > 0.6 else "clarify" if best > 0.3 else "handoff"
        reasons = [f"best score {best:.2f}, answered from 0.60"]
        return web.json_response({"decision": decision, "hits": hits[:10], "reasons": reasons})

    async def _preview(self, request: web.Request) -> web.Response:
        body = await request.json()
        html = to_html(body["answer"])
        short = to_html(body.get("short_answer") or body["answer"])
        return web.json_response({"html": html, "telegram": [short], "warnings": []})

    async def _views(self, _request: web.Request) -> web.Response:
        return web.json_response({"items": [], "default": "queue"})

    async def _nothing(self, _request: web.Request) -> web.Response:
        return web.json_response({"items": []})

    async def _publishing(self, _request: web.Request) -> web.Response:
        return web.json_response({"review_required": False, "may_publish": True})

    async def _explain(self, request: web.Request) -> web.Response:
        text = (await request.json())["text"].casefold()
        route = "order_status" if "aur-" in text else "faq"
        return web.json_response(
            {
                "route": route,
                "intent": route,
                "confidence": 0.91,
                "article": None,
                "score": None,
                "margin": 0.4,
                "candidates": [],
                "locale": "pt-BR",
                "reasons": ["intent above its threshold (0.91 ≥ 0.60)"],
            }
        )

    # ---- operations -------------------------------------------------------------------------

    async def _status(self, _request: web.Request) -> web.Response:
        return web.json_response(
            {
                "gateway": "ok",
                "bot": "ok",
                "database": {"status": "ok", "kind": "sqlite", "latency_ms": 0.4},
                "redis": "off",
                "telegram": {"status": "down", "detail": "getUpdates: timed out"},
                "model": {
                    "name": "frontline-20251121",
                    "hash": "9f3c1ab2",
                    "trained_at": "2025-11-21T18:03:11Z",
                },
            }
        )

    async def _list_staff(self, _request: web.Request) -> web.Response:
        if self.role != "admin":
            return problem(403, "forbidden")
        return web.json_response({"items": self.staff})

    async def _add_staff(self, request: web.Request) -> web.Response:
        body = await request.json()
        if any(s["email"] == body["email"] for s in self.staff):
            return problem(422, "invalid", "There is an account with this e-mail already.")
        person = {"level": None, **body, "id": f"s{len(self.staff)}", "disabled": False}
        self.staff.append(person)
        return web.json_response({**person, "password": "kT7-wq2-Lm9x"}, status=201)

    async def _disable_staff(self, request: web.Request) -> web.Response:
        person = next(s for s in self.staff if s["id"] == request.match_info["id"])
        person["disabled"] = True
        return web.Response(status=204)


def is_waited_for(ticket: Json) -> bool:
    """Whether the customer waits for a person's words."""
    return ticket["state"] == "queued" or (ticket["state"] in OPEN and ticket["unread"])


# ---- examples -----------------------------------------------------------------------------------


def event(kind: str, at: datetime, actor: Json | None, **values: Any) -> Json:
    """A line of a ticket's history."""
    empty: Json = {"from": None, "to": None, "reason": None, "text": None}
    identity = f"{kind}-{at.timestamp()}"
    return {"id": identity, "at": stamp(at), "kind": kind, "actor": actor, **empty, **values}


ORDER_ANSWER = """O pedido **AUR-10023** saiu para entrega em 18/11.

- Transportadora: Rápido Sul
- Previsão: 19/11

Isso ajudou?"""


def example_messages(opened: datetime) -> list[Json]:
    """What was said before the hand-off."""
    said: Iterable[tuple[str, float, str, Json]] = (
        ("customer", 6.0, "oi, meu pedido AUR-10023 ainda não chegou", {}),
        (
            "bot",
            5.9,
            "Posso ver isso para você. Enviei um **código de 8 dígitos** para `m•••@example.com`.",
            {
                "decision": {
                    "route": "order_status",
                    "intent": "order_status",
                    "confidence": 0.94,
                    "margin": 0.61,
                    "scope": 0.4,
                    "runner_up": {"kind": "intent", "name": "ticket_status", "confidence": 0.33},
                    "thresholds": {"confidence": 0.6, "margin": 0.05, "scope": -4.1},
                    "model": "7bf8548faf97e345",
                    "why": [{"code": "clear", "confidence": 0.94, "needed": 0.6}],
                    "reasons": ["The model is 94% sure; 60% is enough."],
                },
                "delivery": "sent",
            },
        ),
        ("customer", 5.0, "••••••••", {}),
        (
            "bot",
            4.9,
            ORDER_ANSWER,
            {
                "choices": [{"id": "y", "label": "Sim"}, {"id": "n", "label": "Não"}],
                "delivery": "sent",
                "decision": {
                    "route": "faq",
                    "intent": "faq",
                    "confidence": 0.81,
                    "article": {"article_id": "a1", "title": "Prazo de entrega", "revision": 3},
                    "score": 0.72,
                    "margin": 0.18,
                    "article_confidence": 0.81,
                    "runner_up": {"kind": "article", "title": "Frete grátis", "score": 0.54},
                    "thresholds": {"confidence": 0.7, "article_confidence": 0.75},
                    "model": "7bf8548faf97e345",
                    "why": [
                        {"code": "nearest", "title": "Prazo de entrega", "score": 0.72},
                        {"code": "answers", "confidence": 0.81, "needed": 0.75},
                    ],
                    "reasons": ["It answers the question with a confidence of 81%; 75% is enough."],
                },
            },
        ),
        ("customer", 2.0, "não! já passou do prazo. quero falar com uma pessoa", {}),
        (
            "system",
            0.1,
            "Uma pessoa da nossa equipe vai continuar. Seu atendimento tem o número 1042.",
            {},
        ),
    )
    return [
        {
            "id": f"m{number}",
            "seq": number,
            "author": author,
            "text": text,
            "created_at": stamp(opened - timedelta(minutes=minutes)),
            **more,
        }
        for number, (author, minutes, text, more) in enumerate(said, start=1)
    ]


def example_pack(opened: datetime) -> Json:
    """What an agent gets with a ticket."""

    def before(minutes: float) -> str:
        return stamp(opened - timedelta(minutes=minutes))

    return {
        "reason": "customer_asked",
        "wants": {"intent": "order_status", "confidence": 0.94, "route": "order_status"},
        "facts": [
            {"name": "order_number", "value": "AUR-10023"},
            {"name": "email", "value": "mariana@example.com"},
        ],
        "identity": {"verified": True, "how": "email_code", "email": "mariana@example.com"},
        "tried": [
            {
                "at": before(5.9),
                "action": "action_start_order_check",
                "outcome": "ok",
                "detail": None,
            },
            {
                "at": before(4.9),
                "action": "action_tell_order_status",
                "outcome": "ok",
                "detail": "Saiu para entrega em 18/11",
            },
            {
                "at": before(4.0),
                "action": "action_answer_question",
                "outcome": "not_found",
                "detail": None,
            },
        ],
        "articles": [
            {
                "article_id": "a1",
                "key": "delivery-time",
                "title": "Prazo de entrega",
                "revision": 3,
                "score": 0.72,
                "verdict": "not_helped",
                "at": before(4.0),
            }
        ],
        "language": "pt-BR",
        "waiting_seconds": 0,
        "hours_text": "Hoje até 18:00 (horário de Brasília)",
    }


def to_html(markdown: str) -> str:
    """Enough Markdown for a preview."""
    blocks = []
    for block in markdown.split("\n\n"):
        text = block.replace("&", "&amp;").replace("<", "&lt;")
        text = re.sub(r"\*\*(.+?)\*\*", r"<strong>\1</strong>", text)
        if text.startswith("- "):
            items = "".join(f"<li>{line[2:]}</li>" for line in text.splitlines())
            blocks.append(f"<ul>{items}</ul>")
        else:
            blocks.append(f"<p>{text}</p>")
    return "".join(blocks)


ARTICLES = (
    (
        "delivery-time",
        "Entrega",
        "pt-BR",
        "Prazo de entrega",
        "Entregamos em **3 a 7 dias úteis**.",
    ),
    ("delivery-time", "Entrega", "en", "Delivery times", "We deliver within **3 to 7 days**."),
    ("delivery-time", "Entrega", "es", "Plazos de entrega", "Entregamos en **3 a 7 días**."),
    ("returns", "Devoluções", "pt-BR", "Trocas e devoluções", "Você tem 30 dias para devolver."),
    ("returns", "Devoluções", "en", "Returns and exchanges", "You have 30 days to return it."),
    (
        "payment",
        "Pagamento",
        "pt-BR",
        "Formas de pagamento",
        "Aceitamos:\n\n- Pix\n- cartão\n- boleto",
    ),
    ("gift-card", "Pagamento", "pt-BR", "Vale-presente", "O vale-presente vale por um ano."),
    ("gift-card", "Pagamento", "es", "Tarjeta regalo", "La tarjeta regalo vale un año."),
)


def with_examples(fake: FakeStaff) -> FakeStaff:
    """Fill it with what a quiet afternoon in the shop looks like."""
    for key, category, locale, title, answer in ARTICLES:
        fake.add_article(
            key=key,
            category=category,
            locale=locale,
            title=title,
            answer=answer,
            tags=[category.casefold()],
            phrasings=[f"{title}?", "quando chega meu pedido?"],
            state="draft" if key == "gift-card" else "published",
        )
    fake.open_ticket(minutes_ago=12, priority="high", announce=False)
    fake.open_ticket(
        minutes_ago=4,
        announce=False,
        channel="telegram",
        contact_name="Diego Ramírez",
        locale="es",
        subject="No puedo entrar en mi cuenta",
        queue="accounts",
        reason="code_failed",
    )
    fake.open_ticket(
        minutes_ago=47,
        announce=False,
        contact_name="Emily Clark",
        locale="en",
        subject="Wrong size delivered",
        reason="not_helped",
    )
    mine = fake.open_ticket(
        minutes_ago=95,
        announce=False,
        contact_name="João Pedro Nascimento",
        subject="Cobrança em dobro",
    )
    mine.update(state="claimed", assignee=ANA, unread=True)
    other = fake.open_ticket(
        minutes_ago=180, announce=False, contact_name=None, subject="API retorna erro 500"
    )
    other.update(state="claimed", assignee=BRUNO, unread=False, level="N3", queue=QUEUES[2])
    held = fake.open_ticket(minutes_ago=1500, announce=False, subject="Nota fiscal com CNPJ errado")
    held.update(state="waiting_third_party", assignee=ANA, unread=False)
    return fake


if __name__ == "__main__":
    web.run_app(with_examples(FakeStaff()).app(), host="127.0.0.1", port=8099)
