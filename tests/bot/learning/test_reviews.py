"""From a message that went wrong to an example, through the real routes."""

from typing import Any

import yaml

from bot.staff.account import Role
from knowledge_base.article import Content
from tests.bot.learning.world import ANSWERED, SURE, UNSURE, World, decided


async def test_doubtful_messages_are_listed_once_and_without_personal_data(world: World) -> None:
    await world.say("Cadê meu pedido AUR-10023? sou o Zé, ze@example.org", UNSURE)
    await world.say("cade meu pedido AUR-99999, sou o Ana, ana@example.org", UNSURE)
    await world.say("onde está meu pedido", SURE)
    await world.say("Rastrear meu pedido", UNSURE, payload={"intent": "order_status"})
    await world.say("00000000", UNSURE, payload={"code_digest": "x"})
    await world.collect()
    (item,) = await world.items()
    assert item["text"] == "Cadê meu pedido <order>? sou o <name>, <email>"
    assert item["signals"] == ["fallback"]
    assert item["count"] == 2
    assert item["decision"]["candidates"][0]["name"] == "order_status"
    await world.collect()
    assert (await world.items())[0]["count"] == 2


async def test_a_turn_that_is_not_over_is_waited_for(world: World) -> None:
    await world.say("hm", pending=True)
    await world.say("e agora?", UNSURE)
    await world.collect()
    assert await world.items() == []


async def test_a_customers_no_points_at_the_question_that_was_answered(world: World) -> None:
    conversation, _, _ = await world.say("como pago com pix?", ANSWERED)
    await world.say(
        "Não ajudou", {"route": "human", "intent": "not_helped"},
        conversation=conversation, payload={"intent": "not_helped", "entities": {}},
    )  # fmt: skip
    await world.collect()
    (item,) = await world.items(signal="not_helped")
    assert (item["text"], item["signals"]) == ("como pago com pix?", ["not_helped"])


async def test_the_list_is_ranked_filtered_and_paged(world: World) -> None:
    for number in range(5):
        await world.say(f"pergunta {'abcde'[number]}", decided(margin=0.01 * number))
    _, _, answer = await world.say("certo mas errado", SURE)
    await world.say("what is this", decided(locale="en"))
    assert (await world.ask(Role.SUPERVISOR, "POST", f"/messages/{answer}/mark", {"wrong": True}))[
        0
    ] == 204
    await world.collect()
    first = (await world.items())[0]
    assert (first["text"], first["signals"]) == ("certo mas errado", ["marked"])
    assert [i["text"] for i in await world.items(locale="en")] == ["what is this"]
    assert [i["text"] for i in await world.items(q="PERGUNTA c")] == ["pergunta c"]
    seen, cursor = [], ""
    while True:
        query: dict[str, Any] = {"limit": 3, **({"cursor": cursor} if cursor else {})}
        _, page = await world.ask(Role.AUDITOR, "GET", "/learning/items", **query)
        seen += [item["text"] for item in page["items"]]
        cursor = page["next_cursor"]
        if not cursor:
            break
    assert len(seen) == len(set(seen)) == 7
    assert page["counts"] == {
        "open": 7, "done": 0, "marked": 1, "not_helped": 0, "fallback": 6, "low_margin": 0,
    }  # fmt: skip
    assert (await world.ask(Role.EDITOR, "GET", "/learning/items", cursor="x"))[0] == 422
    assert (await world.ask(Role.EDITOR, "GET", "/learning/items", locale="fr"))[0] == 422


async def test_an_accepted_message_becomes_training_data(world: World) -> None:
    await world.say("kd o 10023, meu nome é Ana Lima", UNSURE)
    await world.collect()
    (item,) = await world.items()
    status, answer = await world.review(item, verdict="intent", intent="order_status")
    assert status == 200, answer
    assert answer["item"]["reviewed_by"]["name"] == "Editor"
    assert await world.items() == []
    _, text = await world.ask(Role.AUDITOR, "GET", "/learning/examples.yml")
    (entry,) = yaml.safe_load(text)["nlu"]
    assert (entry["intent"], entry["examples"]) == (
        "order_status",
        "- kd o 12345, meu nome é Maria\n",
    )
    # The same words again: known, nothing to do.
    await world.say("KD o 55555, meu nome é Rui!", UNSURE)
    await world.collect()
    assert await world.items() == []
    (done,) = await world.items(shelf="done")
    assert done["count"] == 2


async def test_who_read_an_older_version_is_told_so(world: World) -> None:
    await world.say("ué", UNSURE)
    await world.collect()
    (item,) = await world.items()
    assert (await world.review(item, verdict="ignore"))[0] == 200
    status, problem = await world.review(item, role=Role.ADMIN, verdict="intent", intent="greet")
    assert (status, problem["code"]) == (409, "stale")
    (done,) = await world.items(shelf="done", verdict="ignore")
    path = f"/learning/items/{item['id']}"
    status, opened = await world.ask(
        Role.EDITOR, "POST", f"{path}/reopen", {"version": done["version"]}
    )
    assert (status, opened["verdict"]) == (200, None)
    _, history = await world.ask(Role.AUDITOR, "GET", f"{path}/reviews")
    assert [(e["version"], e["verdict"]) for e in history["items"]] == [(3, None), (2, "ignore")]
    _, text = await world.ask(Role.EDITOR, "GET", "/learning/examples.yml")
    assert "nlu:" not in text


async def test_what_makes_no_sense_is_refused_with_a_reason(world: World) -> None:
    await world.say("<order>" + " palavra" * 90, UNSURE)
    await world.say("123456", UNSURE)
    await world.collect()
    number, long = sorted(await world.items(), key=lambda i: len(i["text"]))
    cases: tuple[tuple[dict[str, Any], dict[str, Any]], ...] = (
        (long, {"verdict": "intent", "intent": "fly_to_the_moon"}),
        (long, {"verdict": "intent", "intent": "faq"}),
        (long, {"verdict": "intent"}),
        (long, {"verdict": "article"}),
        (number, {"verdict": "article", "article_id": "01890000-0000-7000-8000-000000000000"}),
        (long, {"verdict": "maybe"}),
    )
    for item, body in cases:
        status, problem = await world.review(item, **body)
        assert status in {404, 422}, (body, problem)
        assert problem["detail"]
    status, _ = await world.review(long, verdict="intent", intent="faq", text="palavra do João")
    assert status == 200
    assert (await world.review({**long, "id": "x"}, verdict="ignore"))[0] == 404


async def test_a_wording_goes_to_its_article_and_is_live(world: World) -> None:
    articles = world.services.articles
    made = await articles.create(
        actor=None, locale="pt-BR", content=Content("Pix", "Leia o QR code.", ("pagar com pix",))
    )
    await articles.publish(made.article.id, actor=None)
    await world.say("dá pra pagar o AUR-10023 no pics?", UNSURE)
    await world.say("pagar com PIX", UNSURE)
    await world.collect()
    first, second = await world.items()
    if first["text"] == "pagar com PIX":
        first, second = second, first
    body: dict[str, Any] = {"verdict": "article", "article_id": made.article.id}
    status, answer = await world.review(first, **body)
    assert (status, answer["phrasing"]) == (200, "published")
    assert answer["item"]["article_title"] == "Pix"
    status, answer = await world.review(second, **body)
    assert (status, answer["phrasing"]) == (200, "known")
    details = await articles.get(made.article.id)
    assert details.content.phrasings == ("pagar com pix", "dá pra pagar o no pics?")
    assert details.published is not None
    assert details.published.content.phrasings == details.content.phrasings


async def test_somebodys_draft_is_not_published_along(world: World) -> None:
    articles = world.services.articles
    made = await articles.create(actor=None, locale="pt-BR", content=Content("Pix", "Leia."))
    await world.say("pics?", UNSURE)
    await world.collect()
    (item,) = await world.items()
    status, answer = await world.review(item, verdict="article", article_id=made.article.id)
    assert (status, answer["phrasing"]) == (200, "added")
    assert (await articles.get(made.article.id)).published is None


async def test_an_agents_mark_brings_a_message_back_and_can_be_taken_back(world: World) -> None:
    conversation, _, answer = await world.say("troca de tamanho", SURE)
    mark = f"/messages/{answer}/mark"
    for _ in range(2):
        assert (await world.ask(Role.SUPERVISOR, "POST", mark, {"wrong": True}))[0] == 204
    _, marks = await world.ask(Role.SUPERVISOR, "GET", f"/conversations/{conversation}/marks")
    assert marks["items"] == [answer]
    (item,) = await world.items()
    assert (await world.review(item, verdict="intent", intent="faq"))[0] == 200
    # Later it goes wrong again.
    _, _, again = await world.say("Troca de tamanho!", SURE)
    assert (await world.ask(Role.SUPERVISOR, "POST", f"/messages/{again}/mark", {"wrong": True}))[
        0
    ] == 204
    (item,) = await world.items()
    assert item["count"] == 2
    assert (await world.ask(Role.SUPERVISOR, "POST", mark, {"wrong": False}))[0] == 204
    _, marks = await world.ask(Role.SUPERVISOR, "GET", f"/conversations/{conversation}/marks")
    assert marks["items"] == []
    # An agent sees no conversation without a ticket of theirs; and only what the bot said has a mark.
    assert (await world.ask(Role.AGENT, "POST", mark, {"wrong": True}))[0] == 404
    assert (await world.ask(Role.AGENT, "GET", f"/conversations/{conversation}/marks"))[0] == 404
    said = f"/messages/{item['id']}/mark"
    assert (await world.ask(Role.SUPERVISOR, "POST", said, {"wrong": True}))[0] == 404


async def test_everything_is_in_the_audit_log(world: World) -> None:
    from bot.staff.audit import first_broken_row
    from bot.staff.tables import AuditRow

    _, _, answer = await world.say("oi?", UNSURE)
    await world.ask(Role.SUPERVISOR, "POST", f"/messages/{answer}/mark", {"wrong": True})
    (item,) = await world.items()
    await world.review(item, verdict="ignore")
    await world.ask(Role.ADMIN, "POST", "/learning/trainings")

    def actions(conn: object) -> list[str]:
        import sqlalchemy as sa

        assert isinstance(conn, sa.Connection)
        assert first_broken_row(conn) is None
        return list(conn.execute(sa.select(AuditRow.action).order_by(AuditRow.id)).scalars())

    found = [a for a in await world.services.db.read(actions) if a.split(".")[0] != "staff"]
    assert [a for a in found if a.startswith(("learning.", "model."))] == [
        "learning.mark",
        "learning.review",
        "model.train",
    ]


async def test_an_erased_contact_leaves_no_example_behind(world: World) -> None:
    from bot.privacy.repository import erase_conversation

    conversation, _, answer = await world.say("kd meu pedido", UNSURE)
    await world.ask(Role.SUPERVISOR, "POST", f"/messages/{answer}/mark", {"wrong": True})
    (item,) = await world.items()
    await world.review(item, verdict="intent", intent="order_status")
    now = world.services.clock.now()
    await world.services.db.write(lambda tx: erase_conversation(tx, conversation, now=now))
    assert await world.items(shelf="all") == []
    _, text = await world.ask(Role.EDITOR, "GET", "/learning/examples.yml")
    assert "nlu:" not in text
    _, marks = await world.ask(Role.ADMIN, "GET", f"/conversations/{conversation}/marks")
    assert marks["items"] == []
