"""Saved views and canned replies: own ones, shared ones, and what is refused."""

from typing import Any

import pytest

from tests.handoff.console.conftest import Office

MINE = {"view": "mine", "sort": "due"}
TEXTS = {"en": "Hello {customer}, {agent} here about {number}.", "pt-BR": "Olá {customer}!"}


async def add_view(office: Office, staff: str, name: str, filters: Any, **more: Any) -> Any:
    body = {"name": name, "filters": filters, **more}
    return await office.call("POST", "/views", staff, body, expect=201)


async def test_a_view_is_kept_counted_changed_and_deleted(office: Office) -> None:
    first, _ = await office.world.hand_off(topic="orders")
    await office.world.hand_off(topic="account")
    await office.call("POST", f"/tickets/{first.ticket_id}/claim", "ana", {})
    view = await add_view(office, "ana", "  My   orders ", {**MINE, "queue": "orders", "q": ""})
    assert view == view | {
        "name": "My orders",
        "filters": {**MINE, "queue": "orders"},
        "shared": False,
        "editable": True,
        "version": 1,
    }
    await add_view(office, "ana", "Waiting", {"view": "queue"})
    await add_view(office, "ana", "Nobody's", {"view": "open", "assignee": "none"})
    listed = await office.call("GET", "/views", "ana")
    assert [(v["name"], v["count"], v["more"]) for v in listed["items"]] == [
        ("My orders", 1, False),
        ("Waiting", 1, False),
        ("Nobody's", 1, False),
    ]
    assert (await office.call("GET", "/views", "bruno"))["items"] == []

    path = f"/views/{view['id']}"
    changed = await office.call(
        "PATCH", path, "ana", {"version": 1, "name": "Orders", "position": 9}
    )
    assert (changed["name"], changed["version"]) == ("Orders", 2)
    assert changed["filters"] == view["filters"]
    problem = await office.call("PATCH", path, "ana", {"version": 1, "name": "x"}, expect=409)
    assert problem["code"] == "stale"
    assert (await office.call("GET", "/views", "ana"))["items"][-1]["name"] == "Orders"
    await office.call("DELETE", path, "bruno", expect=404)
    await office.call("PUT", "/views/default", "ana", {"view": view["id"]}, expect=204)
    assert (await office.call("GET", "/views", "ana"))["default"] == view["id"]
    await office.call("DELETE", path, "ana", expect=204)
    assert (await office.call("GET", "/views", "ana"))["default"] == "queue"


async def test_supervisors_share_views(office: Office) -> None:
    body = {"name": "Urgent", "filters": {"view": "open"}, "shared": True}
    assert (await office.call("POST", "/views", "ana", body, expect=403))["code"] == "forbidden"
    view = await add_view(office, "sofia", "Everything", {"view": "open"}, shared=True)
    (seen,) = (await office.call("GET", "/views", "ana"))["items"]
    assert (seen["name"], seen["editable"]) == ("Everything", False)
    path = f"/views/{view['id']}"
    await office.call("PATCH", path, "ana", {"version": 1, "name": "x"}, expect=403)
    await office.call("DELETE", path, "ana", expect=403)
    await office.call("PUT", "/views/default", "ana", {"view": view["id"]}, expect=204)
    own = await add_view(office, "ana", "Own", MINE)
    await office.call(
        "PATCH", f"/views/{own['id']}", "ana", {"version": 1, "shared": True}, expect=403
    )
    await office.call("PUT", "/views/default", "bruno", {"view": own["id"]}, expect=404)
    await office.call("PATCH", path, "sofia", {"version": 1, "shared": False})
    assert [v["name"] for v in (await office.call("GET", "/views", "ana"))["items"]] == ["Own"]


async def test_a_view_shows_only_what_one_may_see(office: Office) -> None:
    opened, _ = await office.world.hand_off()
    await office.call(
        "POST",
        f"/tickets/{opened.ticket_id}/transfer",
        "sofia",
        {"queue": "specialists", "reason": "deep"},
        expect=422,
    )
    await office.call(
        "POST",
        f"/tickets/{opened.ticket_id}/escalate",
        "sofia",
        {"kind": "functional", "to": "N3", "reason": "deep"},
    )
    await add_view(office, "sofia", "All", {"view": "open"}, shared=True)
    for staff, count in (("sofia", 1), ("nina", 1), ("ana", 0)):
        (view,) = (await office.call("GET", "/views", staff))["items"]
        assert view["count"] == count, staff


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"name": " \u200b ", "filters": {}}, "name_missing"),
        ({"name": "x" * 61, "filters": {}}, "too_long"),
        ({"name": "a", "filters": {"colour": "red"}}, "unknown_filter"),
        ({"name": "a", "filters": {"view": "all"}}, "unknown_filter"),
        ({"name": "a", "filters": {"state": "lost"}}, "unknown_filter"),
        ({"name": "a", "filters": {"q": 7}}, "unknown_filter"),
        ({"name": "a", "filters": {"q": "x" * 201}}, "unknown_filter"),
    ],
)
async def test_a_view_that_makes_no_sense(office: Office, body: Any, code: str) -> None:
    assert (await office.call("POST", "/views", "ana", body, expect=422))["code"] == code


async def test_there_are_fifty_views_at_most(office: Office) -> None:
    for n in range(50):
        await add_view(office, "ana", f"View {n}", {})
    body = {"name": "one more", "filters": {}}
    assert (await office.call("POST", "/views", "ana", body, expect=422))["code"] == "too_many"
    await add_view(office, "bruno", "mine", {})


async def add_reply(
    office: Office, staff: str, shortcut: str, expect: int = 201, **more: Any
) -> Any:
    body = {"shortcut": shortcut, "title": "Greeting", "texts": TEXTS, **more}
    return await office.call("POST", "/replies", staff, body, expect=expect)


async def test_replies_are_own_or_everybodys(office: Office) -> None:
    own = await add_reply(office, "ana", "/Hello")
    assert own == own | {"shortcut": "hello", "shared": False, "editable": True, "texts": TEXTS}
    assert (await add_reply(office, "ana", "hello", 409))["code"] == "shortcut_taken"
    await add_reply(office, "bruno", "hello")
    assert (await add_reply(office, "ana", "hi", 403, shared=True))["code"] == "forbidden"
    shared = await add_reply(office, "sofia", "hello", shared=True)
    listed = await office.call("GET", "/replies", "ana")
    assert [(r["shortcut"], r["shared"], r["editable"]) for r in listed["items"]] == [
        ("hello", False, True),
        ("hello", True, False),
    ]
    assert set(listed["variables"]) >= {"customer", "agent", "number", "queue"}

    path = f"/replies/{own['id']}"
    body = {"version": 1, "shortcut": "hi", "title": "Hi", "texts": {"es": "¡Hola!"}}
    await office.call("PUT", path, "bruno", body, expect=404)
    changed = await office.call("PUT", path, "ana", body)
    assert (changed["shortcut"], changed["texts"], changed["version"]) == (
        "hi",
        {"es": "¡Hola!"},
        2,
    )
    assert (await office.call("PUT", path, "ana", body, expect=409))["code"] == "stale"
    await add_reply(office, "ana", "bye")
    taken = {**body, "version": 2, "shortcut": "bye"}
    assert (await office.call("PUT", path, "ana", taken, expect=409))["code"] == "shortcut_taken"
    await office.call("DELETE", f"/replies/{shared['id']}", "ana", expect=403)
    await office.call("DELETE", path, "ana", expect=204)
    await office.call("DELETE", path, "ana", expect=404)
    await office.call("GET", "/replies", "otto", expect=403)


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"shortcut": "two words"}, "bad_shortcut"),
        ({"shortcut": "/"}, "bad_shortcut"),
        ({"title": " "}, "title_missing"),
        ({"title": "x" * 81}, "too_long"),
        ({"texts": {"en": "  "}}, "text_missing"),
        ({"texts": {"de": "Hallo"}}, "unknown_language"),
        ({"texts": {"en": "x" * 2_001}}, "too_long"),
        ({"texts": {"en": "Dear {client},"}}, "unknown_variable"),
    ],
)
async def test_a_reply_that_can_not_be_used(office: Office, body: Any, code: str) -> None:
    given = {"shortcut": "a", "title": "A", "texts": TEXTS, **body}
    assert (await office.call("POST", "/replies", "ana", given, expect=422))["code"] == code


async def test_what_people_change_is_on_record(office: Office) -> None:
    from bot.staff.tables import AuditRow

    view = await add_view(office, "ana", "Mine", MINE)
    await office.call("DELETE", f"/views/{view['id']}", "ana", expect=204)
    await add_reply(office, "ana", "hello")

    def read(conn: Any) -> list[tuple[str, str]]:
        return [
            (row.action, row.actor)
            for row in conn.execute(AuditRow.__table__.select().order_by(AuditRow.id))
        ]

    ana = office.world.ana.id
    assert await office.world.db.read(read) == [
        ("view.added", ana),
        ("view.deleted", ana),
        ("reply.added", ana),
    ]
