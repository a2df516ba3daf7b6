"""Who may call what: every route of the public application with every kind of caller.

The expected permission of each path is written down by hand here: a wrong `allow` in a route table
shows as a difference, not as a new truth.
"""

import uuid
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
import sqlalchemy as sa
from aiohttp import DummyCookieJar, web
from aiohttp.test_utils import TestClient
from yarl import URL

from bot.app import ROUTES
from bot.conversations import repository as conversations
from bot.kit.ids import new_id
from bot.kit.web import Route, table_of
from bot.services import Services
from bot.staff.account import PERMISSIONS, Role
from bot.staff.tables import StaffSessionRow
from handoff import repository as desk
from handoff.pack import PackInput
from handoff.ticket import Reason
from tests.parts import PASSWORD, add_staff, bearer, gateway

pytestmark = pytest.mark.asyncio(loop_scope="module")

PUBLIC = """
GET /healthz
GET /readyz
GET /metrics
GET /api/openapi.json
GET /i18n/{name}
GET /widget.js
GET /static/{name:.+}
GET /help
GET /help/sitemap.xml
GET /help/{locale}
GET /help/{locale}/{slug}
GET /help/{locale}/category/{key}
GET /robots.txt
POST /api/v1/session
GET /login
POST /login
GET /setup/{token}
POST /setup/{token}
GET /reset/{token}
POST /reset/{token}
POST /telegram/webhook
POST /api/widget/v1/sessions
GET /
GET /demo/mail
GET /demo/mail/{id}
"""
VISITOR = """
POST /api/widget/v1/messages
GET /api/widget/v1/messages
GET /api/widget/v1/socket
"""
PAGE = """
GET /console
GET /console/{rest:.*}
GET /admin
GET /admin/{rest:.*}
"""
STAFF = {
    "staff": """
DELETE /api/v1/session
GET /api/v1/me
PATCH /api/v1/me
""",
    "status.read": "GET /api/v1/status",
    "staff.manage": """
GET /api/v1/staff
POST /api/v1/staff
POST /api/v1/staff/{id}/disable
PUT /api/v1/kb/publishing
""",
    "tickets.read": """
GET /api/v1/queues
GET /api/v1/agents
GET /api/v1/tickets
GET /api/v1/tickets/{id}
GET /api/v1/macros
GET /api/v1/tickets/{id}/service-level
GET /api/v1/tickets/{id}/customer
GET /api/v1/desk/levels
GET /api/v1/conversations/{id}/messages
GET /api/v1/conversations/{id}/marks
GET /api/v1/search
GET /api/v1/views
POST /api/v1/views
PATCH /api/v1/views/{id}
DELETE /api/v1/views/{id}
PUT /api/v1/views/default
GET /api/v1/tickets/{id}/suggestions
POST /api/v1/tickets/{id}/company
GET /api/v1/ticket-categories
GET /api/v1/ticket-tags
GET /api/v1/mentions
POST /api/v1/mentions/read
GET /api/v1/events
""",
    "reports.read": """
GET /api/v1/feedback
GET /api/v1/feedback/settings
GET /api/v1/reports/feedback
GET /api/v1/service-level/policies
GET /api/v1/service-level/policies/{id}/versions
POST /api/v1/service-level/try
GET /api/v1/desk/queues
GET /api/v1/desk/rules
POST /api/v1/desk/try
GET /api/v1/reports/service-level
GET /api/v1/reports/overview
GET /api/v1/assignment/people
GET /api/v1/assignment/queues
GET /api/v1/assignment/board
""",
    "desk.configure": """
POST /api/v1/ticket-categories
PUT /api/v1/ticket-categories/{key}
POST /api/v1/macros
PUT /api/v1/macros/{id}
POST /api/v1/macros/{id}/retire
GET /api/v1/rules
POST /api/v1/rules
PUT /api/v1/rules/order
PUT /api/v1/rules/{id}
POST /api/v1/rules/{id}/retire
POST /api/v1/rules/try
GET /api/v1/rules/log
POST /api/v1/desk/queues
PUT /api/v1/desk/queues/{id}
POST /api/v1/desk/queues/{id}/retire
POST /api/v1/desk/queues/{id}/restore
POST /api/v1/desk/queues/{id}/move
PUT /api/v1/desk/queue-order
POST /api/v1/desk/rules
PUT /api/v1/desk/rules/{id}
DELETE /api/v1/desk/rules/{id}
PUT /api/v1/desk/rule-order
PUT /api/v1/desk/levels
""",
    "tickets.supervise": """
POST /api/v1/feedback/{id}/seen
PUT /api/v1/assignment/people/{id}
PUT /api/v1/assignment/queues/{id}
""",
    "service_level.manage": """
PUT /api/v1/feedback/settings
POST /api/v1/service-level/policies
PUT /api/v1/service-level/policies/{id}
POST /api/v1/service-level/policies/{id}/retire
PUT /api/v1/service-level/order
POST /api/v1/service-level/apply
PUT /api/v1/service-level/tiers
""",
    "transcripts.read": """
GET /api/v1/conversations/{id}/transcript
POST /api/v1/transcripts/verify
""",
    "tickets.work": """
GET /api/v1/conversations/{id}/transcript/address
POST /api/v1/conversations/{id}/transcript/send
POST /api/v1/tickets/claim-next
GET /api/v1/presence
PUT /api/v1/presence
POST /api/v1/presence/beat
POST /api/v1/tickets/{id}/accept
POST /api/v1/tickets/{id}/give-back
POST /api/v1/tickets/{id}/claim
POST /api/v1/tickets/{id}/reply
POST /api/v1/tickets/{id}/note
GET /api/v1/tickets/{id}/proposal
PUT /api/v1/tickets/{id}/proposal
GET /api/v1/proposals
POST /api/v1/proposals/{id}/withdraw
POST /api/v1/tickets/{id}/transfer
POST /api/v1/tickets/{id}/escalate
POST /api/v1/tickets/{id}/return
POST /api/v1/tickets/{id}/wait
POST /api/v1/tickets/{id}/snooze
POST /api/v1/tickets/{id}/resolve
POST /api/v1/tickets/{id}/reopen
POST /api/v1/tickets/{id}/priority
GET /api/v1/tickets/{id}/macros/{macro}
POST /api/v1/tickets/{id}/macros/{macro}
POST /api/v1/tickets/{id}/category
POST /api/v1/tickets/{id}/subject
POST /api/v1/tickets/{id}/assess
POST /api/v1/tickets/{id}/tags
POST /api/v1/tickets/{id}/link
POST /api/v1/tickets/{id}/unlink
POST /api/v1/tickets/{id}/merge
POST /api/v1/tickets/{id}/watch
POST /api/v1/conversations/{id}/typing
POST /api/v1/messages/{id}/mark
POST /api/v1/messages/{id}/deliver
POST /api/v1/tickets/bulk
POST /api/v1/tickets/{id}/article
GET /api/v1/replies
POST /api/v1/replies
PUT /api/v1/replies/{id}
DELETE /api/v1/replies/{id}
""",
    "kb.read": """
GET /api/v1/kb/proposals
GET /api/v1/kb/credits
POST /api/v1/explain
GET /api/v1/articles
GET /api/v1/articles/{id}
GET /api/v1/articles/{id}/revisions
POST /api/v1/kb/ask
POST /api/v1/kb/preview
POST /api/v1/kb/check
GET /api/v1/kb/golden
POST /api/v1/kb/golden/run
GET /api/v1/kb/vocabulary
GET /api/v1/kb/asked
GET /api/v1/kb/figures
GET /api/v1/articles/{id}/figures
GET /api/v1/kb/categories
GET /api/v1/kb/people
GET /api/v1/kb/publishing
GET /api/v1/kb/export
GET /api/v1/hours
GET /api/v1/hours/{key}
GET /api/v1/hours/choices
POST /api/v1/hours/preview
GET /api/v1/incidents
GET /api/v1/incidents/{id}
POST /api/v1/incidents/preview
GET /api/v1/texts
GET /api/v1/texts/{key}
GET /api/v1/texts/{key}/revisions
POST /api/v1/texts/{key}/preview
""",
    "learning.read": """
GET /api/v1/learning/items
GET /api/v1/learning/items/{id}/reviews
GET /api/v1/learning/intents
GET /api/v1/learning/examples.yml
GET /api/v1/learning/models
GET /api/v1/learning/trainings/{id}
""",
    "learning.review": """
POST /api/v1/learning/items/{id}/review
POST /api/v1/learning/items/{id}/reopen
""",
    "learning.train": """
POST /api/v1/learning/trainings
POST /api/v1/learning/trainings/{id}/cancel
POST /api/v1/learning/models/{id}/promote
""",
    "kb.write": """
POST /api/v1/kb/proposals/{id}/accept
POST /api/v1/kb/proposals/{id}/send-back
POST /api/v1/articles
PATCH /api/v1/articles/{id}
POST /api/v1/articles/{id}/submit
POST /api/v1/articles/{id}/send-back
POST /api/v1/articles/{id}/translated
POST /api/v1/kb/categories
PATCH /api/v1/kb/categories/{key}
DELETE /api/v1/kb/categories/{key}
POST /api/v1/kb/import
POST /api/v1/kb/golden
DELETE /api/v1/kb/golden/{id}
POST /api/v1/kb/synonyms
PATCH /api/v1/kb/synonyms/{id}
DELETE /api/v1/kb/synonyms/{id}
PUT /api/v1/kb/stop-words
POST /api/v1/kb/asked/{id}/article
POST /api/v1/kb/asked/{id}/wording
POST /api/v1/kb/asked/{id}/dismiss
POST /api/v1/kb/asked/{id}/reopen
POST /api/v1/hours
PATCH /api/v1/hours/{key}
DELETE /api/v1/hours/{key}
POST /api/v1/hours/{key}/queues
POST /api/v1/incidents
PATCH /api/v1/incidents/{id}
POST /api/v1/incidents/{id}/end
DELETE /api/v1/incidents/{id}
PATCH /api/v1/texts/{key}
POST /api/v1/texts/{key}/restore
""",
    "kb.publish": """
POST /api/v1/articles/{id}/publish
POST /api/v1/articles/{id}/archive
POST /api/v1/articles/{id}/restore
POST /api/v1/articles/{id}/schedule
POST /api/v1/articles/{id}/unschedule
""",
}
ROLES_WITH = {
    "staff": "agent supervisor editor reviewer admin auditor",
    "status.read": "agent supervisor editor reviewer admin auditor",
    "staff.manage": "admin",
    "tickets.read": "agent supervisor admin auditor",
    "transcripts.read": "agent supervisor admin auditor",
    "tickets.work": "agent supervisor admin",
    "tickets.supervise": "supervisor admin",
    "kb.read": "agent supervisor editor reviewer admin auditor",
    "kb.write": "editor reviewer admin",
    "kb.publish": "editor reviewer admin",
    "reports.read": "supervisor admin auditor",
    "service_level.manage": "admin",
    "desk.configure": "admin",
    "audit.read": "supervisor admin auditor",
    "learning.read": "editor reviewer admin auditor",
    "learning.review": "editor reviewer admin",
    "learning.train": "admin",
    "kb.review": "reviewer admin",
}
UNSAFE = frozenset({"POST", "PATCH", "PUT", "DELETE"})


def lines(text: str) -> set[str]:
    return {line for line in text.splitlines() if line}


def expected_permissions() -> dict[str, str]:
    found = dict.fromkeys(lines(PUBLIC), "public")
    found |= dict.fromkeys(lines(VISITOR), "widget")
    found |= dict.fromkeys(lines(PAGE), "page")
    for permission, paths in STAFF.items():
        found |= dict.fromkeys(lines(paths), permission)
    return found


def name_of(route: Route) -> str:
    return f"{route.method} {route.path}"


def path_of(route: Route) -> str:
    parts = route.path.split("/")
    return "/".join(str(uuid.UUID(int=7)) if part.startswith("{") else part for part in parts)


@dataclass
class Caller:
    """Somebody at the door: the headers they send, and what their role lets them do."""

    name: str
    headers: dict[str, str]
    permissions: frozenset[str] | None
    """None: not let in at all."""


@dataclass
class World:
    """A gateway, one caller of each kind, and a ticket of each level."""

    services: Services
    client: TestClient[Any, Any]
    callers: dict[str, Caller] = field(default_factory=dict)
    tickets: dict[str, tuple[str, str]] = field(default_factory=dict)
    """By level: (ticket id, conversation id)."""

    async def ask(self, who: str, method: str, path: str, **more: Any) -> tuple[int, Any]:
        headers = self.callers[who].headers | more.pop("headers", {})
        async with self.client.request(
            method, path, headers=headers, allow_redirects=False, **more
        ) as response:
            text = await response.text()
            is_json = "json" in response.content_type
            return response.status, await response.json() if is_json else text

    async def log_in(self, email: str) -> dict[str, str]:
        """Return the headers of a browser that is logged in."""
        session = await self.services.staff.log_in(email=email, password=PASSWORD, address="t")
        return {
            "Cookie": f"frontline_session={session.cookie}",
            "X-CSRF-Token": session.csrf_token,
        }

    async def ticket(self, level: str) -> tuple[str, str]:
        """Open a ticket and put it on a level."""
        async with self.client.post("/api/widget/v1/sessions", json={"locale": "en"}) as response:
            conversation_id = (await response.json())["conversation_id"]
        now = self.services.clock.now()

        def step(tx: Any) -> str:
            opened = self.services.desk.open_ticket(
                tx,
                conversation=conversations.get_conversation(tx.conn, conversation_id),
                reason=Reason.CUSTOMER_ASKED,
                turn_id=new_id(),
                pack_facts=PackInput(),
                topic=None,
                now=now,
            )
            queue = next(q for q in desk.list_queues(tx.conn) if q.level == level)
            tx.conn.execute(
                sa.text("UPDATE tickets SET level = :level, queue_id = :queue WHERE id = :id"),
                {"level": level, "queue": queue.id, "id": opened.ticket_id},
            )
            return opened.ticket_id

        return await self.services.db.write(step), conversation_id


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def world(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    folder = tmp_path_factory.mktemp("authorisation")
    async with gateway(folder, demo=True, work=False) as (services, client):
        client.session._cookie_jar = DummyCookieJar()  # each call says which cookies it sends
        world = World(services, client)
        add = world.callers.__setitem__
        add("anonymous", Caller("anonymous", {}, None))
        async with client.post("/api/widget/v1/sessions", json={}) as response:
            visitor = (await response.json())["session_token"]
        add("visitor", Caller("visitor", bearer(visitor), None))
        for role in Role:
            email = await add_staff(services, role)
            token = await services.staff.create_token(email=email, name="matrix")
            add(f"{role}:token", Caller(f"{role}:token", bearer(token), PERMISSIONS[role]))
            add(
                f"{role}:cookie",
                Caller(f"{role}:cookie", await world.log_in(email), PERMISSIONS[role]),
            )
        for level in ("N2", "N3"):
            email = await add_staff(services, Role.AGENT, level=level)
            token = await services.staff.create_token(email=email, name="matrix")
            add(level, Caller(level, bearer(token), PERMISSIONS[Role.AGENT]))
        gone = await services.staff.add(
            email="gone@aurora.example", name="Gone", role=Role.ADMIN, level=None, password=PASSWORD
        )
        token = await services.staff.create_token(email=gone.email, name="matrix")
        add("disabled:token", Caller("disabled:token", bearer(token), None))
        add("disabled:cookie", Caller("disabled:cookie", await world.log_in(gone.email), None))
        await services.staff.disable(gone.id)
        for name, column in (("expired", "expires_at"), ("idle", "seen_at")):
            headers = await world.log_in("admin@aurora.example")
            await services.db.write(partial(_age_newest_session, column=column))
            add(f"{name}:cookie", Caller(f"{name}:cookie", headers, None))
        for level in ("N2", "N3"):
            world.tickets[level] = await world.ticket(level)
        yield world


def _age_newest_session(tx: Any, *, column: str) -> None:
    newest = sa.select(StaffSessionRow.id_hash).order_by(StaffSessionRow.created_at.desc()).limit(1)
    id_hash = tx.conn.execute(newest).scalar_one()
    row = tx.conn.execute(
        sa.select(StaffSessionRow.created_at).where(StaffSessionRow.id_hash == id_hash)
    ).one()
    tx.conn.execute(
        sa.update(StaffSessionRow)
        .where(StaffSessionRow.id_hash == id_hash)
        .values({column: row.created_at - timedelta(hours=5)})
    )


# ------------------------------------------------------------------------------- the tables


async def test_every_route_names_the_permission_written_down_here(world: World) -> None:
    found = {name_of(route): route.allow for route in world.client.app[ROUTES]}
    assert found == expected_permissions()


async def test_nothing_is_served_beside_the_route_tables(world: World) -> None:
    app = world.client.app
    assert set(app.router.routes()) == set(table_of(app))
    # HEAD goes through the door of its GET.
    assert len([e for e in table_of(app) if e.method != "HEAD"]) == len(app[ROUTES])
    gets = {(e.method, r.path): r for e, r in table_of(app).items()}
    assert all(gets["GET", r.path] is r for e, r in table_of(app).items() if e.method == "HEAD")


async def test_the_permission_matrix_is_the_one_written_down_here() -> None:
    written = {permission: set(roles.split()) for permission, roles in ROLES_WITH.items()}
    written.pop("staff")
    found: dict[str, set[str]] = {}
    for role, permissions in PERMISSIONS.items():
        for permission in permissions:
            found.setdefault(permission, set()).add(role.value)
    assert found == written


async def test_only_forms_and_telegram_do_without_the_csrf_header(world: World) -> None:
    without = {name_of(r) for r in world.client.app[ROUTES] if not r.csrf}
    assert without == {"POST /telegram/webhook", "POST /reset/{token}"}


# ------------------------------------------------------------------------------- the matrix


async def test_every_route_with_every_caller(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The door of every staff route, with what is behind it replaced by a bell."""

    async def bell(_: web.Request) -> web.StreamResponse:
        return web.Response(text="inside")

    doors = {
        route: entry
        for entry, route in table_of(world.client.app).items()
        if route.allow not in {"public", "widget"} and entry.method != "HEAD"
    }
    assert len(doors) > 40
    wrong = []
    for route, entry in doors.items():
        monkeypatch.setattr(entry, "_handler", bell)
        for caller in world.callers.values():
            status, body = await world.ask(caller.name, route.method, path_of(route))
            if caller.permissions is None:
                allowed = False
            elif route.allow in {"staff", "page"}:
                allowed = True
            else:
                role = caller.name.split(":")[0]
                role = "agent" if role in {"N2", "N3"} else role
                allowed = role in ROLES_WITH[expected_permissions()[name_of(route)]].split()
            if (body == "inside") is not allowed or (status < 300) is not allowed:
                wrong.append((name_of(route), caller.name, status, allowed))
            if not allowed and caller.permissions is None and route.allow != "page":
                assert status == 401, (name_of(route), caller.name, status)
            if not allowed and caller.permissions is not None:
                assert status == (404 if "{" in route.path else 403), (name_of(route), caller.name)
    assert wrong == []


async def test_real_answers_never_reach_those_who_are_not_let_in(world: World) -> None:
    """The same doors with the real rooms behind them, for those without any account."""
    for route in world.client.app[ROUTES]:
        if route.allow == "public":
            continue
        for who in ("anonymous", "visitor", "disabled:token", "disabled:cookie", "expired:cookie"):
            if route.allow == "widget" and who == "visitor":
                continue
            status, _ = await world.ask(who, route.method, path_of(route))
            if route.path.endswith("/socket"):
                assert status == 400  # no hello can be said without the upgrade
            elif route.allow == "page":
                assert status == 303
            else:
                assert status == 401, (name_of(route), who, status)


async def test_pages_send_strangers_to_the_log_in_and_back(world: World) -> None:
    async with world.client.get("/console/t/9?x=1", allow_redirects=False) as response:
        assert response.status == 303
        assert response.headers["Location"] == "/login?next=/console/t/9?x=1"


# ------------------------------------------------------------------------------------- CSRF


def unsafe_staff_routes(world: World) -> list[Route]:
    return [
        route
        for route in world.client.app[ROUTES]
        if route.method in UNSAFE and route.allow not in {"public", "widget"}
    ]


@pytest.mark.parametrize(
    ("what", "change"),
    [
        ("no token", {"X-CSRF-Token": ""}),
        ("wrong token", {"X-CSRF-Token": "x" * 43}),
        ("text that is not ASCII", {"X-CSRF-Token": "\u00e9" * 43}),
        ("another site", {"Origin": "https://evil.example"}),
        ("a look-alike", {"Origin": "http://127.0.0.1.evil.example"}),
        ("another port", {"Origin": "http://127.0.0.1:1"}),
        ("cross-site by the browser", {"Sec-Fetch-Site": "cross-site"}),
        ("a sister site by the browser", {"Sec-Fetch-Site": "same-site"}),
    ],
)
async def test_a_cookie_alone_changes_nothing(
    world: World, what: str, change: dict[str, str]
) -> None:
    routes = unsafe_staff_routes(world)
    assert len(routes) > 20
    for route in routes:
        status, body = await world.ask("admin:cookie", route.method, path_of(route), headers=change)
        assert (status, body["code"]) == (403, "csrf"), (what, name_of(route), status)


async def test_another_sessions_csrf_token_is_no_good(world: World) -> None:
    other = world.callers["agent:cookie"].headers["X-CSRF-Token"]
    status, body = await world.ask(
        "admin:cookie", "PATCH", "/api/v1/me", json={}, headers={"X-CSRF-Token": other}
    )
    assert (status, body["code"]) == (403, "csrf")


async def test_own_pages_and_programs_are_let_in(world: World) -> None:
    own = str(world.client.make_url("/")).rstrip("/")
    for headers in ({}, {"Origin": own}, {"Sec-Fetch-Site": "same-origin", "Origin": own}):
        status, _ = await world.ask("agent:cookie", "PATCH", "/api/v1/me", json={}, headers=headers)
        assert status == 200
    status, _ = await world.ask("agent:token", "PATCH", "/api/v1/me", json={})
    assert status == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "cross-site", "Origin": "null"},
        {"Origin": "null"},
    ],
)
async def test_nobody_is_logged_in_by_another_site(world: World, headers: dict[str, str]) -> None:
    credentials = {"email": "agent@aurora.example", "password": PASSWORD}
    for body in ({"json": credentials}, {"data": str(credentials).replace("'", '"')}):
        async with world.client.post("/api/v1/session", headers=headers, **body) as response:
            assert response.status == 403
            assert "Set-Cookie" not in response.headers
    async with world.client.post(
        "/login", data=credentials | {"csrf": "x"}, headers=headers, allow_redirects=False
    ) as response:
        assert response.status == 403
        assert "frontline_session" not in str(response.cookies)


async def test_the_log_in_form_needs_its_own_token(world: World) -> None:
    form = {"email": "agent@aurora.example", "password": PASSWORD, "next": "/console"}
    async with world.client.get("/login") as response:
        page = await response.text()
        token = response.cookies["frontline_form"].value
    assert token in page
    for sent, kept, expected in (("", token, 403), ("x", token, 403), (token, "", 403)):
        async with world.client.post(
            "/login",
            data={**form, "csrf": sent},
            headers={"Cookie": f"frontline_form={kept}"},
            allow_redirects=False,
        ) as response:
            assert response.status == expected
    async with world.client.post(
        "/login",
        data={**form, "csrf": token},
        headers={"Cookie": f"frontline_form={token}"},
        allow_redirects=False,
    ) as response:
        assert response.status == 303
        assert "frontline_session" in str(response.cookies)


# --------------------------------------------------------------------------- object by object

TOMORROW = (datetime.now(UTC) + timedelta(days=1)).isoformat()
TICKET_ACTS: dict[str, dict[str, Any]] = {
    "claim": {},
    "reply": {"client_id": str(uuid.UUID(int=3)), "text": "hello"},
    "note": {"text": "hello"},
    "transfer": {"queue": "n2-geral", "reason": "because"},
    "escalate": {"kind": "functional", "to": "N4", "reason": "because"},
    "return": {"reason": "because"},
    "wait": {"for": "customer"},
    "snooze": {"until": TOMORROW},
    "resolve": {},
    "reopen": {},
    "priority": {"priority": "high", "reason": "vip"},
    "category": {"category": None},
    "subject": {"subject": "mine"},
    "assess": {"impact": "low", "urgency": "low"},
    "tags": {"add": ["mine"]},
    "link": {"other": "FL-1", "kind": "related"},
    "unlink": {"other": "FL-1"},
    "merge": {"into": "FL-1"},
    "watch": {"watching": True},
    "accept": {},
    "give-back": {"reason": "because"},
}
STRANGE_IDS = (
    str(uuid.UUID(int=9)),
    "1",
    "FL-1002",  # the number of the foreign ticket itself
    "'%3B%20DROP%20TABLE%20tickets%3B--",
    "..%2f..%2fetc%2fpasswd",
    "x" * 3_000,
    "%00",
)


async def test_an_agent_of_level_2_finds_nothing_of_level_3(world: World) -> None:
    ticket_id, conversation_id = world.tickets["N3"]
    asked: list[tuple[str, str, Any]] = [
        ("GET", "/tickets/{}", None),
        *(("POST", f"/tickets/{{}}/{act}", body) for act, body in TICKET_ACTS.items()),
        ("GET", "/conversations/{}/messages", None),
        ("GET", "/conversations/{}/transcript?format=json", None),
        ("GET", "/conversations/{}/transcript?format=html", None),
    ]
    for method, path, body in asked:
        own = ticket_id if path.startswith("/tickets") else conversation_id
        foreign = await world.ask("N2", method, "/api/v1" + path.format(own), json=body)
        assert foreign[0] == 404, (path, foreign)
        for strange in STRANGE_IDS:
            url = URL("/api/v1" + path.format(strange), encoded=True)
            unknown = await world.ask("N2", method, url, json=body)  # type: ignore[arg-type]
            assert unknown == foreign, (path, strange)
    assert (await world.ask("N3", "GET", f"/api/v1/tickets/{ticket_id}"))[0] == 200
    ticket = await world.services.db.read(lambda conn: desk.find_ticket(conn, ticket_id))
    assert ticket is not None
    assert (ticket.state.value, ticket.assignee_id) == ("queued", None)


async def test_lists_leave_out_what_one_may_not_see(world: World) -> None:
    for who, seen in (
        ("N2", {"N2"}),
        ("N3", {"N2", "N3"}),
        ("supervisor:token", {"N2", "N3"}),
        ("auditor:token", {"N2", "N3"}),
    ):
        for query in ("?state=open", "?level=N3", "?q=FL"):
            status, body = await world.ask(who, "GET", f"/api/v1/tickets{query}")
            assert status == 200
            levels = {item["level"] for item in body["items"]}
            assert levels <= seen, (who, query)
        _, body = await world.ask(who, "GET", "/api/v1/tickets")
        assert {i["id"] for i in body["items"]} == {world.tickets[level][0] for level in seen}


async def test_an_agent_is_not_given_the_next_ticket_of_a_higher_level(world: World) -> None:
    status, body = await world.ask("N2", "POST", "/api/v1/tickets/claim-next", json={"level": "N3"})
    assert (status, body) == (204, "")


async def test_an_auditor_reads_and_changes_nothing(world: World) -> None:
    ticket_id, conversation_id = world.tickets["N3"]
    read = await world.ask(
        "auditor:token", "GET", f"/api/v1/conversations/{conversation_id}/messages"
    )
    assert read[0] == 200
    for act, body in TICKET_ACTS.items():
        status, _ = await world.ask(
            "auditor:token", "POST", f"/api/v1/tickets/{ticket_id}/{act}", json=body
        )
        assert status == 404


async def test_an_editor_sees_no_ticket_and_no_conversation(world: World) -> None:
    for level in ("N2", "N3"):
        ticket_id, conversation_id = world.tickets[level]
        answers = [
            await world.ask("editor:token", "GET", path)
            for path in (
                f"/api/v1/tickets/{ticket_id}",
                f"/api/v1/tickets/{uuid.UUID(int=9)}",
                f"/api/v1/conversations/{conversation_id}/messages",
                f"/api/v1/conversations/{conversation_id}/transcript",
                f"/api/v1/conversations/{uuid.UUID(int=9)}/transcript",
            )
        ]
        assert all(answer == answers[0] for answer in answers)
        assert answers[0][0] == 404
    assert (await world.ask("editor:token", "GET", "/api/v1/tickets"))[0] == 403


async def test_reading_a_transcript_is_put_on_record(world: World) -> None:
    _, conversation_id = world.tickets["N2"]
    path = f"/api/v1/conversations/{conversation_id}/transcript?format=json"
    assert (await world.ask("N2", "GET", path))[0] == 200
    rows = await world.services.db.read(
        lambda conn: conn.execute(
            sa.text("SELECT action FROM audit_log WHERE object_id = :id"), {"id": conversation_id}
        ).all()
    )
    assert [row.action for row in rows] == ["transcript.read"]


async def test_the_last_admin_stays(world: World) -> None:
    staff = world.services.staff
    admins = [s.id for s, _, gone in await staff.list_all() if s.role is Role.ADMIN and not gone]
    _, me = await world.ask("admin:token", "GET", "/api/v1/me")
    for admin in admins:
        if admin != me["id"]:
            assert (await world.ask("admin:token", "POST", f"/api/v1/staff/{admin}/disable"))[
                0
            ] == 204
    status, body = await world.ask("admin:token", "POST", f"/api/v1/staff/{me['id']}/disable")
    assert (status, body["code"]) == (409, "last_admin")
    assert (await world.ask("admin:token", "GET", "/api/v1/me"))[0] == 200


# ------------------------------------------------------------------------------------ visitors


async def test_a_visitor_reaches_only_their_own_conversation(world: World) -> None:
    sessions = []
    for number in range(2):
        async with world.client.post("/api/widget/v1/sessions", json={}) as response:
            sessions.append(await response.json())
        async with world.client.post(
            "/api/widget/v1/messages",
            json={"client_id": str(uuid.uuid4()), "text": f"secret of {number}"},
            headers=bearer(sessions[number]["session_token"]),
        ) as response:
            assert response.status == 202
    own, other = sessions
    assert own["session_token"] != other["session_token"]
    async with world.client.get(
        "/api/widget/v1/messages", headers=bearer(own["session_token"])
    ) as response:
        text = await response.text()
    assert "secret of 0" in text
    assert "secret of 1" not in text
    # Naming somebody else's conversation is no way in: there is no such parameter.
    async with world.client.get(
        "/api/widget/v1/messages",
        params={"conversation_id": other["conversation_id"]},
        headers=bearer(own["session_token"]),
    ) as response:
        assert response.status == 422
    for path in ("/api/v1/me", f"/api/v1/conversations/{own['conversation_id']}/messages"):
        async with world.client.get(path, headers=bearer(own["session_token"])) as response:
            assert response.status == 401


async def test_staff_tokens_and_conversation_ids_open_no_chat(world: World) -> None:
    staff = world.callers["admin:token"].headers["Authorization"].removeprefix("Bearer ")
    _, conversation_id = world.tickets["N2"]
    for token in (staff, conversation_id, "", "x", "\u00fcber", "a" * 4_000):
        async with world.client.get(
            "/api/widget/v1/messages", headers={"Authorization": f"Bearer {token}"}
        ) as response:
            assert response.status == 401
            assert (await response.json())["code"] == "unauthenticated"
        async with world.client.ws_connect("/api/widget/v1/socket") as ws:
            await ws.send_json({"type": "hello", "token": token, "last_seq": 0})
            assert (await ws.receive_json())["type"] == "error"
            assert (await ws.receive()).type.name in {"CLOSE", "CLOSED", "CLOSING"}
            assert ws.close_code == 4401


async def test_other_sites_may_not_use_the_widgets_interface(world: World) -> None:
    for origin in ("https://evil.example", "null", "http://127.0.0.1.evil.example"):
        headers = {"Origin": origin}
        async with world.client.post(
            "/api/widget/v1/sessions", json={}, headers=headers
        ) as response:
            assert response.status == 403
            assert "Access-Control-Allow-Origin" not in response.headers
            assert (await response.json())["code"] == "origin"
        async with world.client.get("/api/widget/v1/socket", headers=headers) as response:
            assert response.status == 403
