"""What travels beside the answers: headers, cookies, log-in, and hostile text that stays text."""

import asyncio
import html
import re
import uuid
from collections.abc import AsyncIterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
import sqlalchemy as sa
from aiohttp import DummyCookieJar
from aiohttp.test_utils import TestClient

from bot.conversations import repository as conversations
from bot.conversations.conversation import Author, Draft
from bot.inbox.inbound import InboundMessage
from bot.kit.ids import new_id
from bot.kit.text import clean_text
from bot.services import Services
from bot.staff.account import Role
from bot.staff.routes import safe_next
from handoff.pack import PackInput
from handoff.ticket import Reason
from tests.parts import PASSWORD, add_staff, bearer, gateway

pytestmark = pytest.mark.asyncio(loop_scope="module")
Gateway = tuple[Services, TestClient[Any, Any]]
PUBLIC_URL = "https://support.aurora.example"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def served(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Gateway]:
    folder = tmp_path_factory.mktemp("headers")
    async with gateway(folder, demo=True, work=False) as (services, client):
        client.session._cookie_jar = DummyCookieJar()
        await add_staff(services, Role.ADMIN)
        yield services, client


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def secure(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Gateway]:
    """A gateway that browsers reach over HTTPS, without the demo and without any account."""
    folder = tmp_path_factory.mktemp("secure")
    environ = {
        "FRONTLINE_PUBLIC_URL": PUBLIC_URL,
        "FRONTLINE_WIDGET_ORIGINS": "https://www.aurora.example",
        "FRONTLINE_TRUSTED_PROXIES": "127.0.0.1",
    }
    async with gateway(folder, environ=environ, work=False) as (services, client):
        client.session._cookie_jar = DummyCookieJar()
        yield services, client


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def admin(served: Gateway) -> dict[str, str]:
    token = await served[0].staff.create_token(email="admin@aurora.example", name="test")
    return bearer(token)


def directives(header: str) -> dict[str, str]:
    return {part.split()[0]: part.strip() for part in header.split(";") if part.strip()}


# ------------------------------------------------------------------------------------ headers

PLACES = [
    "/",
    "/login",
    "/setup/none",
    "/reset/none",
    "/demo/mail",
    "/healthz",
    "/readyz",
    "/metrics",
    "/api/openapi.json",
    "/api/v1/me",
    "/api/nope",
    "/nope",
    "/console",
    "/i18n/en.json",
    "/static/none.js",
]


@pytest.mark.parametrize("path", PLACES)
@pytest.mark.parametrize("accept", ["*/*", "text/html"])
async def test_no_page_can_run_or_be_framed_by_others(
    served: Gateway, path: str, accept: str
) -> None:
    async with served[1].get(path, headers={"Accept": accept}, allow_redirects=False) as response:
        headers = response.headers
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Referrer-Policy"] == "no-referrer"
        assert headers["Cross-Origin-Opener-Policy"] == "same-origin"
        policy = directives(headers["Content-Security-Policy"])
        assert policy["default-src"] == "default-src 'none'"
        assert policy["frame-ancestors"] == "frame-ancestors 'none'"
        for word in ("unsafe-inline", "unsafe-eval", "*", "http:", "https:"):
            assert word not in headers["Content-Security-Policy"]
        if response.content_type == "text/html":
            assert policy["base-uri"] == "base-uri 'none'"
            assert policy["object-src"] == "object-src 'none'"
            assert headers["Cache-Control"] == "no-store"
            page = await response.text()
            assert re.findall(r"<script(?![^>]*\ssrc=)[^>]*>", page) == []
            assert re.findall(r"\son[a-z]+\s*=|\sstyle\s*=|javascript:", page) == []
        if path.startswith("/api/"):
            assert headers["Cache-Control"] == "no-store"
        assert "Strict-Transport-Security" not in headers
        assert "X-Request-Id" in headers or response.status < 400


async def test_a_load_balancer_may_ask_with_head(served: Gateway) -> None:
    for path in ("/", "/healthz", "/readyz"):
        async with served[1].get(path) as whole, served[1].head(path) as head:
            assert head.status == whole.status == 200
            assert head.content_type == whole.content_type
            assert await head.read() == b""


async def test_answers_of_the_interface_are_never_cached(
    served: Gateway, admin: dict[str, str]
) -> None:
    for path in ("me", "tickets", "articles", "staff", "status"):
        async with served[1].get(f"/api/v1/{path}", headers=admin) as response:
            assert response.status == 200
            assert response.headers["Cache-Control"] == "no-store"


async def test_https_brings_strict_transport_and_cookies_bound_to_the_host(
    secure: Gateway,
) -> None:
    services, client = secure
    email = await add_staff(services, Role.AGENT)
    async with client.get("/login") as response:
        assert response.headers["Strict-Transport-Security"].startswith("max-age=")
        form = response.cookies["__Host-frontline_form"]
        assert (form["httponly"], form["secure"], form["samesite"]) == (True, True, "Strict")
    credentials = {"email": email, "password": PASSWORD}
    async with client.post("/api/v1/session", json=credentials) as response:
        assert response.status == 200
        cookie = response.cookies["__Host-frontline_session"]
        assert (cookie["httponly"], cookie["secure"], cookie["samesite"]) == (True, True, "Lax")
        assert (cookie["path"], cookie["domain"]) == ("/", "")
        assert cookie.value not in await response.text()
    for name in ("frontline_session", "__Secure-frontline_session"):
        headers = {"Cookie": f"{name}={cookie.value}"}
        async with client.get("/api/v1/me", headers=headers) as response:
            assert response.status == 401


async def test_sites_that_may_embed_the_widget_are_exact(secure: Gateway) -> None:
    _, client = secure
    for origin, status in [
        ("https://www.aurora.example", 201),
        (PUBLIC_URL, 201),
        ("https://www.aurora.example.evil.example", 403),
        ("https://evil.example", 403),
        ("http://www.aurora.example", 403),
        ("null", 403),
        ("", 403),
    ]:
        async with client.post(
            "/api/widget/v1/sessions", json={}, headers={"Origin": origin}
        ) as response:
            assert response.status == status, origin
            allowed = response.headers.get("Access-Control-Allow-Origin")
            assert allowed == (origin if status == 201 else None)
            assert "Access-Control-Allow-Credentials" not in response.headers


# ------------------------------------------------------------------------------------ metrics


async def test_metrics_are_for_the_machine_itself_or_a_token(secure: Gateway) -> None:
    services, client = secure
    token = await services.staff.create_token(
        email=await add_staff(services, Role.AUDITOR), name="prometheus"
    )
    outside = {"X-Forwarded-For": "203.0.113.9"}
    for headers, status in [
        ({}, 200),
        (outside, 404),
        (outside | bearer("flt_wrong"), 404),
        (outside | bearer(token), 200),
        ({"X-Forwarded-For": "127.0.0.1"}, 404),
        ({"X-Forwarded-For": "127.0.0.1, 203.0.113.9"}, 404),
        ({"Forwarded": "for=203.0.113.9"}, 404),
        ({"X-Real-IP": "203.0.113.9"}, 404),
    ]:
        async with client.get("/metrics", headers=headers) as response:
            assert response.status == status, headers


async def test_only_named_proxies_are_believed(served: Gateway) -> None:
    """Without a trusted proxy the header is a visitor's claim: it does not lift a limit."""
    services, client = served
    seen: list[str | None] = []

    class Spy:
        async def hit(self, key: str, *, limit: int, window_seconds: int) -> None:
            seen.append(key)

    limiter = services.staff._limiter
    services.staff._limiter = Spy()
    try:
        async with client.post(
            "/api/v1/session",
            json={"email": "a@b.example", "password": "x"},
            headers={"X-Forwarded-For": "198.51.100.7"},
        ):
            pass
    finally:
        services.staff._limiter = limiter
    assert "login:address:127.0.0.1" in seen


# ------------------------------------------------------------------------------------- log-in


async def test_a_wrong_password_and_an_unknown_account_look_the_same(served: Gateway) -> None:
    services, client = served
    gone = await services.staff.add(
        email="gone@aurora.example", name="Gone", role=Role.AGENT, level="N2", password=PASSWORD
    )
    await services.staff.disable(gone.id)
    answers = []
    for email, password in [
        ("admin@aurora.example", "not the password"),
        ("nobody@aurora.example", PASSWORD),
        ("gone@aurora.example", PASSWORD),
        ("no address", PASSWORD),
    ]:
        async with client.post(
            "/api/v1/session", json={"email": email, "password": password}
        ) as response:
            assert "Set-Cookie" not in response.headers
            answers.append((response.status, await response.json()))
    assert all(answer == answers[0] for answer in answers)
    assert answers[0][0] == 401
    assert answers[0][1]["code"] == "wrong_credentials"


async def test_guessing_is_slowed_down_per_account(served: Gateway) -> None:
    _, client = served
    statuses = []
    for number in range(10):
        # Another spelling of the address is the same account.
        email = "Guess.Me@aurora.example" if number % 2 else "guess.me@aurora.example "
        async with client.post(
            "/api/v1/session", json={"email": email, "password": "x"}
        ) as response:
            statuses.append(response.status)
            if response.status == 429:
                assert int(response.headers["Retry-After"]) > 0
    assert statuses == [401] * 8 + [429] * 2


async def test_log_in_gives_a_new_session_and_ends_the_old_one(served: Gateway) -> None:
    _, client = served
    credentials = {"email": "admin@aurora.example", "password": PASSWORD}
    # A planted cookie is not taken over.
    async with client.post(
        "/api/v1/session", json=credentials, headers={"Cookie": "frontline_session=planted"}
    ) as response:
        first = response.cookies["frontline_session"].value
        csrf = (await response.json())["csrf_token"]
    assert first != "planted"
    assert len(first) >= 43
    async with client.post(
        "/api/v1/session", json=credentials, headers={"Cookie": f"frontline_session={first}"}
    ) as response:
        second = response.cookies["frontline_session"].value
        second_csrf = (await response.json())["csrf_token"]
    assert len({first, second, csrf, second_csrf}) == 4
    assert await _me(client, first) == 401
    assert await _me(client, second) == 200
    async with client.delete(
        "/api/v1/session",
        headers={"Cookie": f"frontline_session={second}", "X-CSRF-Token": second_csrf},
    ) as response:
        assert response.status == 204
        assert response.cookies["frontline_session"].value == ""
    assert await _me(client, second) == 401


async def _me(client: TestClient[Any, Any], cookie: str) -> int:
    async with client.get(
        "/api/v1/me", headers={"Cookie": f"frontline_session={cookie}"}
    ) as response:
        return response.status


async def test_no_secret_is_stored_readably(served: Gateway) -> None:
    services, client = served
    async with client.post(
        "/api/v1/session", json={"email": "admin@aurora.example", "password": PASSWORD}
    ) as response:
        cookie = response.cookies["frontline_session"].value
    token = await services.staff.create_token(email="admin@aurora.example", name="x")
    async with client.post("/api/widget/v1/sessions", json={}) as response:
        visitor = (await response.json())["session_token"]

    def dump(conn: sa.Connection) -> str:
        tables = ("staff", "staff_sessions", "api_tokens", "widget_sessions", "audit_log")
        return str([conn.execute(sa.text(f"SELECT * FROM {t}")).all() for t in tables])  # noqa: S608

    stored = await services.db.read(dump)
    for secret in (cookie, token, visitor, PASSWORD):
        assert secret not in stored


OUTSIDE = [
    "https://evil.example",
    "//evil.example",
    "/\\evil.example",
    "\\\\evil.example",
    "/\t/evil.example",
    "/\n/evil.example",
    "///evil.example",
    "http:evil.example",
    "javascript:alert(1)",
    "/%0d%0aSet-Cookie:x=1\r\nX: y",
    " //evil.example",
    "evil.example",
    "/..//evil.example",
    "/.//evil.example",
]


@pytest.mark.parametrize("target", OUTSIDE)
async def test_after_log_in_nobody_is_sent_to_another_site(served: Gateway, target: str) -> None:
    _, client = served
    async with client.get("/login", params={"next": target}) as response:
        token = response.cookies["frontline_form"].value
    form = {
        "email": "admin@aurora.example",
        "password": PASSWORD,
        "csrf": token,
        "next": target,
    }
    # The same account logs in often here: its counter starts again.
    served[0].staff._limiter._counts.clear()  # type: ignore[attr-defined]
    async with client.post(
        "/login",
        data=form,
        headers={"Cookie": f"frontline_form={token}"},
        allow_redirects=False,
    ) as response:
        assert response.status == 303
        location = response.headers["Location"]
        assert re.fullmatch(r"/[a-z]+", location), location
    assert safe_next(target) == "/console"


async def test_own_pages_are_returned_to(served: Gateway) -> None:
    for target in ("/admin/articles", "/console/t/1?x=1&y=2", "/console"):
        assert safe_next(target) == target


async def test_the_set_up_link_works_once_and_only_without_an_admin(
    tmp_path: Path,
) -> None:
    async with gateway(tmp_path, work=False) as (services, client):
        client.session._cookie_jar = DummyCookieJar()
        old = await services.staff.make_setup_link()
        link = await services.staff.make_setup_link()
        assert old is not None
        assert link is not None
        assert not await services.staff.setup_link_works(old)

        async def submit(token: str, email: str) -> tuple[int, Any]:
            async with client.get(f"/setup/{token}") as response:
                form = response.cookies["frontline_form"].value
            async with client.post(
                f"/setup/{token}",
                data={"csrf": form, "email": email, "name": "Ana", "password": PASSWORD},
                headers={"Cookie": f"frontline_form={form}"},
                allow_redirects=False,
            ) as response:
                return response.status, response.cookies.get("frontline_session")

        assert (await submit("x" * 43, "ana@aurora.example"))[0] == 422
        first, second = await asyncio.gather(
            submit(link, "ana@aurora.example"), submit(link, "eve@aurora.example")
        )
        assert sorted([first[0], second[0]]) == [303, 422]
        assert (await submit(link, "late@aurora.example"))[0] == 422
        assert await services.staff.make_setup_link() is None
        people = await services.staff.list_all()
        assert len(people) == 1


async def test_a_set_up_link_ends_when_an_admin_is_made_another_way(tmp_path: Path) -> None:
    async with gateway(tmp_path, work=False) as (services, _):
        link = await services.staff.make_setup_link()
        assert link is not None
        await add_staff(services, Role.ADMIN)
        assert not await services.staff.setup_link_works(link)


# ---------------------------------------------------------------------------- hostile text

HOSTILE = [
    "<script>alert(1)</script>",
    "</script><script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "<svg/onload=alert(1)>",
    "<svg><script>alert(1)</script></svg>",
    "<svg><a xlink:href='javascript:alert(1)'><text>x</text></a></svg>",
    "<math><mtext></p><style><img src=x onerror=alert(1)></style>",
    "<iframe srcdoc='<script>alert(1)</script>'></iframe>",
    "<a href='javascript:alert(1)'>x</a>",
    "<a href='&#106;avascript:alert(1)'>x</a>",
    "<body onload=alert(1)>",
    "<details open ontoggle=alert(1)>",
    "<form action=https://evil.example><input name=password></form>",
    "<style>*{background:url(https://evil.example)}</style>",
    "<meta http-equiv=refresh content='0;url=https://evil.example'>",
    "<base href=https://evil.example>",
    "<link rel=stylesheet href=https://evil.example>",
    "<!--<img src='--><img src=x onerror=alert(1)//'>",
    "<noscript><p title='</noscript><img src=x onerror=alert(1)>'>",
    '" onmouseover="alert(1)',
    "' autofocus onfocus='alert(1)",
    "{{7*7}} {% for x in y %} ${7*7} #{7*7}",
    "[x](javascript:alert(1))",
    "[x](JaVaScRiPt:alert(1))",
    "[x](&#106;avascript:alert(1))",
    "[x](java\tscript:alert(1))",
    "[x](data:text/html;base64,PHNjcmlwdD5hbGVydCgxKTwvc2NyaXB0Pg==)",
    "[x](vbscript:msgbox(1))",
    "[x](//evil.example)",
    "![x](https://evil.example/pixel.png)",
    "![x](javascript:alert(1))",
    '![x" onerror="alert(1)](x)',
    '[x](https://ok.example "title" onclick=alert(1))',
    "[x]: javascript:alert(1)\n\n[x]",
    "<javascript:alert(1)>",
    "`<img src=x onerror=alert(1)>`",
    "```html\n<script>alert(1)</script>\n```",
    "# <script>alert(1)</script>",
    "| <img src=x onerror=alert(1)> | b |\n|---|---|\n| c | d |",
    "\u202e<script>alert(1)</script>",
    "\uff1cscript\uff1ealert(1)\uff1c/script\uff1e",
]
ALLOWED = frozenset(
    {"html", "head", "meta", "title", "style", "body", "main", "h1", "h2", "h3", "h4", "dl", "dt"}
    | {"dd", "ol", "ul", "li", "p", "time", "em", "strong", "a", "code", "pre", "blockquote", "br"}
    | {"hr", "del", "s", "table", "thead", "tbody", "tr", "th", "td", "b", "i", "footer"}
)


class Strict(HTMLParser):
    """Collects every tag, attribute and link that a browser would see."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.links: list[str] = []
        self.handlers: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        for name, value in attrs:
            if name.startswith("on") or name in {"style", "srcdoc", "formaction"}:
                self.handlers.append(f"{tag} {name}")
            if name in {"href", "src", "action", "xlink:href", "content"}:
                self.links.append(value or "")


def check_harmless(page: str) -> None:
    parser = Strict()
    parser.feed(page)
    assert parser.tags <= ALLOWED, parser.tags - ALLOWED
    assert parser.handlers == []
    for link in parser.links:
        scheme = re.match(r"\s*([a-z][a-z0-9+.-]*):", link, re.I)
        assert scheme is None or scheme[1].lower() in {"http", "https", "mailto", "tel"}, link
        assert not link.strip().startswith(("//", "\\")), link


async def test_article_text_is_made_harmless(served: Gateway, admin: dict[str, str]) -> None:
    _, client = served
    for answer in [*HOSTILE, "\n\n".join(HOSTILE)]:
        async with client.post(
            "/api/v1/kb/preview", json={"answer": answer}, headers=admin
        ) as response:
            assert response.status == 200, answer
            check_harmless((await response.json())["html"])
    kept = 0
    for number, answer in enumerate(HOSTILE):
        async with client.post(
            "/api/v1/articles",
            json={"locale": "en", "title": f"{number} {HOSTILE[0]}", "answer": answer},
            headers=admin,
        ) as response:
            article = await response.json()
            assert response.status in {201, 422}, article
        if response.status == 201:
            kept += 1
            check_harmless(article["answer_html"])
            assert article["title"] == f"{number} {HOSTILE[0]}"
    assert kept > 20


async def test_rendering_time_is_bounded(served: Gateway, admin: dict[str, str]) -> None:
    _, client = served
    for answer in ("[a](" * 4_000, "*" * 15_000, ">" * 15_000, "`" * 15_000, "<" * 15_000):
        async with asyncio.timeout(10):
            async with client.post(
                "/api/v1/kb/preview", json={"answer": answer}, headers=admin
            ) as response:
                assert response.status in {200, 422}
    async with client.post(
        "/api/v1/kb/preview", json={"answer": "x" * 1_000_000}, headers=admin
    ) as response:
        assert response.status == 422


@pytest.fixture(scope="module")
def said() -> list[str]:
    return [*HOSTILE, "\n".join(HOSTILE)[:1_900]]


async def test_what_customers_say_and_are_called_stays_text(
    served: Gateway, admin: dict[str, str], said: list[str]
) -> None:
    services, client = served
    name = "<img src=x onerror=alert(1)>\"'"
    await services.intake.receive(
        InboundMessage(
            channel="telegram",
            contact_external_id="4242",
            external_id="telegram:1:4242:1",
            text=said[0],
            display_name=name,
            address={"chat_id": 4242},
        )
    )
    conversation = await services.db.read(
        lambda conn: conversations.find_by_contact(conn, "telegram", "4242")
    )
    assert conversation is not None
    drafts = [Draft(Author.CUSTOMER, clean_text(text)) for text in said[1:]]
    await services.db.write(
        lambda tx: conversations.append(tx, conversation.id, drafts, now=services.clock.now())
    )
    opened = await services.db.write(
        lambda tx: services.desk.open_ticket(
            tx,
            conversation=conversation,
            reason=Reason.CUSTOMER_ASKED,
            turn_id=new_id(),
            pack_facts=PackInput(),
            topic=None,
            now=services.clock.now(),
        )
    )
    api = "/api/v1"
    for path in (
        f"{api}/tickets",
        f"{api}/tickets/{opened.ticket_id}",
        f"{api}/conversations/{conversation.id}/messages",
        f"{api}/conversations/{conversation.id}/transcript?format=json",
    ):
        async with client.get(path, headers=admin) as response:
            assert response.status == 200
            assert response.content_type == "application/json"
            if "messages" in path or "transcript" in path:
                texts = [m["text"] for m in (await response.json())["messages"]]
                assert {clean_text(text) for text in said} <= set(texts)
            else:
                data = await response.json()
                names = [item["contact_name"] for item in data.get("items", [data])]
                assert name in names
    path = f"{api}/conversations/{conversation.id}/transcript"
    async with client.get(f"{path}?format=html", headers=admin) as response:
        page = await response.text()
        policy = directives(response.headers["Content-Security-Policy"])
        assert policy["default-src"] == "default-src 'none'"
        assert "script-src" not in policy
        assert "unsafe" not in response.headers["Content-Security-Policy"]
        assert response.headers["X-Content-Type-Options"] == "nosniff"
    check_harmless(page)
    assert html.escape(HOSTILE[0]) in page
    assert html.escape(name) in page
    async with client.get(f"{path}?format=txt", headers=admin) as response:
        assert response.content_type == "text/plain"
        assert HOSTILE[0] in await response.text()


async def test_what_staff_are_called_stays_text(served: Gateway, admin: dict[str, str]) -> None:
    services, client = served
    async with client.post("/api/widget/v1/sessions", json={"locale": "en"}) as response:
        session = await response.json()
    opened = await services.db.write(
        lambda tx: services.desk.open_ticket(
            tx,
            conversation=conversations.get_conversation(tx.conn, session["conversation_id"]),
            reason=Reason.CUSTOMER_ASKED,
            turn_id=new_id(),
            pack_facts=PackInput(),
            topic=None,
            now=services.clock.now(),
        )
    )
    name = "<script>alert(1)</script> Eve"
    async with client.patch("/api/v1/me", json={"name": name}, headers=admin) as response:
        assert (await response.json())["name"] == name
    for act, body in (
        ("claim", {}),
        ("reply", {"client_id": str(uuid.uuid4()), "text": "<img src=x onerror=alert(1)>"}),
    ):
        async with client.post(
            f"/api/v1/tickets/{opened.ticket_id}/{act}", json=body, headers=admin
        ) as response:
            assert response.status < 300, await response.text()
    path = f"/api/v1/conversations/{session['conversation_id']}/transcript?format=html"
    async with client.get(path, headers=admin) as response:
        check_harmless(await response.text())
    async with client.get(
        "/api/widget/v1/messages", headers=bearer(session["session_token"])
    ) as response:
        assert response.content_type == "application/json"
        messages = (await response.json())["messages"]
    assert "<img src=x onerror=alert(1)>" in [m["text"] for m in messages]


async def test_pages_escape_what_the_address_line_brings(served: Gateway) -> None:
    _, client = served
    for text in HOSTILE:
        for path, params in (
            ("/login", {"next": "/" + text}),
            ("/login", {"lang": text}),
            ("/nope", {"x": text}),
        ):
            async with client.get(path, params=params, headers={"Accept": "text/html"}) as response:
                page = await response.text()
            assert "alert(1)>" not in page.replace(html.escape(text), "")
        async with client.get(
            "/login", headers={"Cookie": 'frontline_form="><script>alert(1)</script>'}
        ) as response:
            assert "<script>alert(1)" not in await response.text()
