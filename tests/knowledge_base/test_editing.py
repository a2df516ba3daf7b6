"""On the way to customers: review, schedule, labels, translations, categories, and what may go wrong."""

import asyncio
from datetime import date, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.kit.errors import Conflict, Forbidden, FrontlineError, Invalid
from bot.staff.tables import AuditRow
from knowledge_base.article import Audience, Content, Link, Stage, State
from knowledge_base.categories import Categories
from knowledge_base.category import Category, branch, category_name, check_category, path_to
from knowledge_base.checks import differing_figures, figures_of
from knowledge_base.presentation import Presenter, full_answer
from knowledge_base.service import Articles, Changes, Details, Stale
from tests.knowledge_base.conftest import Desk


async def change(desk: Desk, details: Details, **what: object) -> Details:
    return await desk.articles.change(
        details.article.id,
        actor="ana",
        version=details.article.version,
        changes=Changes(**what),  # type: ignore[arg-type]
    )


def pointer_of(error: FrontlineError) -> str:
    errors: Any = error.extra["errors"]
    return str(errors[0]["pointer"])


async def test_a_scheduled_text_goes_live_at_its_instant_and_not_before(desk: Desk) -> None:
    details = await change(desk, await desk.write("Parcels", "old"), answer="new")
    at = desk.clock.now() + timedelta(hours=2)
    scheduled = await desk.articles.schedule(
        details.article.id, actor="ana", version=details.article.version, publish_at=at
    )
    assert scheduled.article.stage is Stage.SCHEDULED
    with pytest.raises(Conflict) as refused:
        await change(desk, scheduled, answer="sneaked in")
    assert refused.value.code == "scheduled"
    desk.clock.advance(timedelta(hours=2, seconds=-1))
    assert await desk.articles.publish_due() == 0
    assert (await desk.knowledge.ask("parcels", locale="en")).hits[0].answer == "old"
    # Another process, started meanwhile, finds the row; of two sweepers one publishes.
    other = Articles(desk.db, clock=desk.clock, encoder=desk.words, knowledge=desk.knowledge)
    desk.clock.advance(timedelta(seconds=1))
    assert sum(await asyncio.gather(desk.articles.publish_due(), other.publish_due())) == 1
    assert (await desk.knowledge.ask("parcels", locale="en")).hits[0].answer == "new"
    after = await desk.articles.get(details.article.id)
    assert (after.article.stage, after.article.publish_at) == (None, None)
    done = await desk.db.read(
        lambda conn: (
            conn.execute(
                sa.select(AuditRow.actor).where(
                    AuditRow.action == "article.publish", AuditRow.object_id == details.article.id
                )
            )
            .scalars()
            .all()
        )
    )
    assert done == [None, "ana"], "whoever set the time has published it"


async def test_what_can_not_be_scheduled(desk: Desk) -> None:
    live = await desk.write("Parcels", "live")
    soon = desk.clock.now() + timedelta(minutes=1)
    with pytest.raises(Conflict) as nothing:
        await desk.articles.schedule(
            live.article.id, actor="ana", version=live.article.version, publish_at=soon
        )
    assert nothing.value.code == "nothing_new"
    draft = await change(desk, live, answer="newer")
    for at in (desk.clock.now(), desk.clock.now() - timedelta(days=1), soon + timedelta(days=500)):
        with pytest.raises(Invalid) as refused:
            await desk.articles.schedule(
                draft.article.id, actor="ana", version=draft.article.version, publish_at=at
            )
        assert pointer_of(refused.value) == "/publish_at"
    with pytest.raises(Stale):
        await desk.articles.schedule(draft.article.id, actor="ana", version=1, publish_at=soon)


async def test_review_can_be_required(desk: Desk) -> None:
    details = await desk.write("Parcels", publish=False)
    handed_in = await desk.articles.submit(
        details.article.id, actor="ana", version=details.article.version
    )
    assert handed_in.article.shown_state == "in_review"
    again = await change(desk, handed_in, answer="Better.")
    assert again.article.stage is Stage.IN_REVIEW, "what is corrected in review stays there"
    with pytest.raises(Stale):
        await desk.articles.publish(
            details.article.id, actor="rita", version=handed_in.article.version
        )
    back = await desk.articles.send_back(
        details.article.id, actor="rita", version=again.article.version, reason="Which parcels?"
    )
    assert back.article.shown_state == "draft"
    _, revisions = await desk.articles.revisions(details.article.id)
    assert revisions[0].reason == "Which parcels?"
    with pytest.raises(Conflict) as refused:
        await desk.articles.send_back(
            details.article.id, actor="rita", version=back.article.version
        )
    assert refused.value.code == "not_in_review"


async def test_internal_articles_reach_no_customer(desk: Desk) -> None:
    details = await desk.write("Warehouse codes", "The door code is 4711.")
    assert (await desk.knowledge.ask("warehouse codes", locale="en")).hits
    hidden = await change(desk, details, audience=Audience.INTERNAL)
    assert hidden.article.revision == details.article.revision, "a label is no new text"
    assert not (await desk.knowledge.ask("warehouse codes", locale="en")).hits
    presenter = Presenter(desk.db)
    shown = await presenter.present(details.article.id, 1, locale="en", channel="web")
    assert shown is None
    again = await desk.articles.publish(details.article.id, actor="ana")
    assert not (await desk.knowledge.ask("warehouse codes", locale="en")).hits
    with pytest.raises(Forbidden):
        await desk.articles.change(
            details.article.id, actor="ana", version=again.article.version,
            changes=Changes(audience=Audience.PUBLIC), may_publish=False,
        )  # fmt: skip
    await change(desk, again, audience=Audience.PUBLIC)
    assert (await desk.knowledge.ask("warehouse codes", locale="en")).hits


async def test_a_translation_gets_old_and_is_brought_in_line(desk: Desk) -> None:
    original = await desk.write("Entrega", key="delivery", locale="pt-BR")
    desk.clock.advance(timedelta(minutes=1))
    translation = await desk.write("Delivery", key="delivery", locale="en")
    assert not (await desk.articles.get(translation.article.id)).outdated
    desk.clock.advance(timedelta(hours=1))
    original = await change(desk, original, answer="Agora em 5 dias.")
    behind = await desk.articles.get(translation.article.id)
    assert behind.outdated
    assert behind.original.locale == "pt-BR"
    assert original.is_behind(original.translations[0])
    assert await desk.articles.stale_translations(["delivery"]) == {translation.article.id}
    desk.clock.advance(timedelta(minutes=1))
    marked = await desk.articles.mark_translated(
        translation.article.id, actor="ana", version=behind.article.version
    )
    assert not marked.outdated


async def test_what_stands_below_an_answer(desk: Desk) -> None:
    near = await desk.write("Refunds", key="refunds", locale="pt-BR")
    details = await desk.articles.create(
        actor="ana",
        locale="en",
        content=Content(
            "Parcels", "Long answer.", short_answer="Short.",
            links=(Link("Terms [1]", "https://shop.example/terms"),),
            flows=("order_status",), related=("refunds", "nothing-there"),
        ),
    )  # fmt: skip
    details = await desk.articles.publish(details.article.id, actor="ana")
    presenter = Presenter(desk.db)
    web = await presenter.present(details.article.id, 1, locale="en", channel="web")
    telegram = await presenter.present(details.article.id, 1, locale="en", channel="telegram")
    assert web is not None
    assert telegram is not None
    assert web.answer == "Long answer.\n\n- [Terms (1)](https://shop.example/terms)"
    assert telegram.answer.startswith("Short.")
    assert web.flows == ("order_status",)
    assert [one.article_id for one in web.neighbours] == [near.article.id]


async def test_the_tree_stays_a_tree(desk: Desk) -> None:
    tree = Categories(desk.db, clock=desk.clock)
    await tree.add("a", actor=None, names={"en": "Alpha"})
    await tree.add("b", actor=None, parent="a")
    await tree.add("c", actor=None, parent="b")
    with pytest.raises(Invalid, match="in itself"):
        await tree.change("a", actor=None, version=1, parent="c")
    with pytest.raises(Invalid, match="no category"):
        await tree.change("a", actor=None, version=1, parent="nowhere")
    with pytest.raises(Conflict) as refused:
        await tree.remove("b", actor=None)
    assert refused.value.code == "in_use"
    await tree.change("c", actor=None, version=1, parent="a")
    with pytest.raises(Conflict) as stale:
        await tree.change("c", actor=None, version=1, parent=None)
    assert stale.value.code == "stale"
    await tree.remove("b", actor=None)
    details = await desk.write("Parcels")
    await change(desk, details, category="made-by-an-article")
    assert [one.key for one in await tree.tree()] == ["a", "c", "made-by-an-article"]


def test_names_fall_back_to_another_language_and_the_key() -> None:
    assert category_name(Category("x", names={"es": "Equis", "en": "Ex"}), "en") == "Ex"
    assert category_name(Category("x", names={"es": "Equis"}), "en") == "Equis"
    assert category_name(Category("opening-hours"), "en") == "Opening hours"


KEYS = st.sampled_from("abcdef")


@given(moves=st.lists(st.tuples(KEYS, st.one_of(st.none(), KEYS)), max_size=25))
def test_no_order_of_moves_makes_a_circle(moves: list[tuple[str, str | None]]) -> None:
    tree = {key: Category(key) for key in "abcdef"}
    for key, parent in moves:
        moved = Category(key, parent)
        if not check_category(list(tree.values()), moved):
            tree[key] = moved
    for key in tree:
        path = path_to(tree.values(), key)
        assert tree[path[0]].parent is None, "every branch hangs on a root"
        assert len(path) <= 5
        assert key in branch(tree.values(), path[0])


ACTS = ("change", "label", "submit", "send_back", "schedule", "unschedule", "publish", "archive",
        "restore", "restore_old", "wait")  # fmt: skip


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(acts=st.lists(st.sampled_from(ACTS), min_size=1, max_size=14), data=st.data())
async def test_whatever_editors_do_the_history_holds(
    sqlite_desk: Desk, acts: list[str], data: st.DataObject
) -> None:
    """Texts that were published never change, and customers see exactly what was last published."""
    desk = sqlite_desk
    articles = desk.articles
    details = await desk.write("Title", "answer 0", publish=False)
    article_id = details.article.id
    published: dict[int, Content] = {}
    live: Content | None = None
    due: tuple[object, Content] | None = None
    for number, act in enumerate(acts, 1):
        now = await articles.get(article_id)
        version = now.article.version
        try:
            match act:
                case "change":
                    await change(desk, now, answer=f"answer {number}")
                case "label":
                    await change(desk, now, tags=(f"t{number}",), review_by=date(2027, 1, 1))
                case "submit":
                    await articles.submit(article_id, actor="ana", version=version)
                case "send_back":
                    await articles.send_back(article_id, actor="ana", version=version)
                case "schedule":
                    at = desk.clock.now() + timedelta(minutes=data.draw(st.integers(1, 30)))
                    await articles.schedule(article_id, actor="ana", version=version, publish_at=at)
                    due = (at, now.content)
                case "unschedule":
                    await articles.unschedule(article_id, actor="ana", version=version)
                    due = None
                case "publish":
                    await articles.publish(article_id, actor="ana", version=version)
                    live, due = now.content, None
                case "archive":
                    await articles.archive(article_id, actor="ana")
                    due = None
                case "restore":
                    await articles.restore(article_id, actor="ana")
                case "restore_old":
                    oldest = (await articles.revisions(article_id))[1][-1]
                    after = await articles.restore(article_id, actor="ana", revision=oldest.number)
                    if after.article.state is State.PUBLISHED:
                        live = oldest.content
                case _:
                    desk.clock.advance(timedelta(minutes=20))
                    await articles.publish_due()
                    if due is not None and due[0] <= desk.clock.now():  # type: ignore[operator]
                        live, due = due[1], None
        except FrontlineError:
            assert (await articles.get(article_id)).article.version == version, "half done"
        after = await articles.get(article_id)
        _, revisions = await articles.revisions(article_id)
        texts = {one.number: one.content for one in revisions}
        assert sorted(texts) == list(range(1, after.article.revision + 1))
        assert texts[after.article.revision] == after.content
        for seen, content in published.items():
            assert texts[seen] == content, "a published text was changed"
        if after.published is not None:
            published[after.published.number] = after.published.content
            assert after.published.content == live
        assert (after.article.stage is Stage.SCHEDULED) == (due is not None)
        hit = await desk.knowledge.get_published(article_id)
        assert (hit.answer if hit else None) == (
            after.published.content.answer if after.published else None
        )


def test_figures_are_compared_by_what_they_count() -> None:
    assert figures_of("3 a 7 dias, R$ 20,50, 5 % off") == {
        "day": {"7": "7 dias"},
        "money": {"20.50": "R$ 20,50"},
        "percent": {"5": "5 %"},
    }
    assert differing_figures("within 7 business days", "within 10 days") == (
        "7 business days", "10 days"
    )  # fmt: skip
    assert differing_figures("within 7 days", "7 days, or 30 for gifts") is None
    assert differing_figures("7 days", "R$ 10") is None


@pytest.mark.parametrize(
    ("member", "value", "pointer"),
    [
        ("links", (Link("x", "javascript:alert(1)"),), "/links/0/url"),
        ("links", (Link("x", "https://a.example/)x"),), "/links/0/url"),
        ("links", (Link("x", "https://"),), "/links/0/url"),
        ("links", (Link("", "https://a.example"),), "/links/0/label"),
        ("links", tuple(Link("x", f"https://a.example/{n}") for n in range(9)), "/links"),
        ("flows", ("delete_everything",), "/flows"),
        ("related", ("No Key",), "/related"),
        ("short_answer", "x" * 1_000_000, "/short_answer"),
        ("short_answer", "[x](javascript:y)", "/short_answer"),
        ("answer", "[" * 5_000 + "x" + "]" * 5_000, "/answer"),
        ("answer", "> " * 3_000 + "x", "/answer"),
        ("title", "x" * 1_000_000, "/title"),
    ],
)
async def test_bad_texts_are_refused_with_the_member(
    sqlite_desk: Desk, member: str, value: object, pointer: str
) -> None:
    details = await sqlite_desk.write("Parcels")
    with pytest.raises(Invalid) as refused:
        await change(sqlite_desk, details, **{member: value})
    assert pointer_of(refused.value) == pointer
    assert (await sqlite_desk.articles.get(details.article.id)).article.version == (
        details.article.version
    )


def test_links_alone_are_an_answer() -> None:
    content = Content("t", "", links=(Link("a", "https://a.example"),))
    assert full_answer(content, channel="web") == "- [a](https://a.example)"
