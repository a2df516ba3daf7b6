"""What editors do, on both databases."""

from datetime import timedelta

import pytest
import sqlalchemy as sa

from bot.kit.bus import LocalBus
from bot.kit.clock import FixedClock
from bot.kit.db import Database
from bot.kit.errors import Conflict, Invalid, NotFound
from bot.kit.ids import new_id
from bot.staff.audit import first_broken_row
from bot.staff.tables import AuditRow
from knowledge_base.article import Content, State
from knowledge_base.repository import Filter
from knowledge_base.service import Changes, Stale
from knowledge_base.text import words_of
from tests.knowledge_base.conftest import Desk


async def test_a_draft_is_not_shown_until_it_is_published(desk: Desk) -> None:
    details = await desk.write("Opening a parcel", publish=False)
    assert (await desk.knowledge.ask("opening a parcel", locale="en")).hits == ()
    published = await desk.articles.publish(details.article.id, actor=None)
    assert published.article.state is State.PUBLISHED
    assert published.published is not None
    assert published.published.number == 1
    answer = await desk.knowledge.ask("opening a parcel", locale="en")
    assert answer.hits[0].article_id == details.article.id


async def test_a_change_waits_behind_what_customers_see(desk: Desk) -> None:
    details = await desk.write("Parcels", "old")
    changed = await desk.articles.change(
        details.article.id,
        actor=None,
        version=details.article.version,
        changes=Changes(answer="new"),
        reason="typo",
    )
    assert changed.article.has_draft
    assert changed.content == Content("Parcels", "new")
    assert (await desk.knowledge.ask("parcels", locale="en")).hits[0].answer == "old"

    draft = await desk.articles.draft_of(details.article.id)
    tried = await desk.knowledge.ask("parcels", locale="en", draft=draft)
    assert (tried.hits[0].answer, tried.hits[0].state, len(tried.hits)) == ("new", "draft", 1)
    assert (await desk.knowledge.ask("parcels", locale="en")).hits[0].answer == "old"

    published = await desk.articles.publish(
        details.article.id, actor=None, version=changed.article.version
    )
    assert not published.article.has_draft
    assert (await desk.knowledge.ask("parcels", locale="en")).hits[0].answer == "new"


async def test_two_editors_cannot_overwrite_each_other(desk: Desk) -> None:
    details = await desk.write("Parcels", publish=False)
    first = await desk.articles.change(
        details.article.id,
        actor=None,
        version=details.article.version,
        changes=Changes(title="First"),
    )
    with pytest.raises(Stale) as caught:
        await desk.articles.change(
            details.article.id,
            actor=None,
            version=details.article.version,
            changes=Changes(title="Second"),
        )
    assert caught.value.code == "stale"
    assert caught.value.current.content.title == "First"
    with pytest.raises(Stale):
        await desk.articles.publish(details.article.id, actor=None, version=details.article.version)
    assert (await desk.articles.get(details.article.id)).article == first.article


async def test_what_one_editor_saves_in_one_sitting_is_one_revision(desk: Desk) -> None:
    """The editing page saves after every thought: ten saves must not be ten revisions."""
    nina, tiago = new_id(), new_id()
    details = await desk.write("Parcels", "one")
    article_id = details.article.id

    async def save(text: str, *, actor: str, reason: str | None = None) -> int:
        version = (await desk.articles.get(article_id)).article.version
        changes = Changes(answer=text)
        saved = await desk.articles.change(
            article_id, actor=actor, version=version, changes=changes, reason=reason
        )
        assert saved.article.version == version + 1, "whoever read the text before is told"
        assert saved.content.answer == text
        return saved.article.revision

    assert await save("t", actor=nina) == 2, "what customers see is never overwritten"
    desk.clock.advance(timedelta(minutes=9))
    assert await save("two", actor=nina) == 2
    assert await save("three", actor=tiago) == 3, "somebody else's text stays"
    assert await save("four", actor=nina) == 4
    desk.clock.advance(timedelta(minutes=11))
    assert await save("five", actor=nina) == 5, "a later sitting"
    assert await save("six", actor=nina, reason="prices of 2027") == 6, "a reason names a revision"
    await desk.articles.publish(article_id, actor=nina)
    assert await save("seven", actor=nina) == 7
    assert (await desk.knowledge.ask("parcels", locale="en")).hits[0].answer == "six"
    _, revisions = await desk.articles.revisions(article_id)
    texts = [revision.content.answer for revision in revisions]
    assert texts == ["seven", "six", "five", "four", "three", "two", "one"]


async def test_archive_and_restore(desk: Desk) -> None:
    details = await desk.write("Parcels", "one")
    article_id = details.article.id
    archived = await desk.articles.archive(article_id, actor=None)
    assert archived.article.state is State.ARCHIVED
    assert archived.published is None
    assert len(desk.knowledge) == 0
    assert await desk.knowledge.get_published(article_id) is None
    again = await desk.articles.archive(article_id, actor=None)
    assert again.article.version == archived.article.version
    with pytest.raises(Conflict) as caught:
        await desk.articles.publish(article_id, actor=None)
    assert caught.value.code == "archived"

    restored = await desk.articles.restore(article_id, actor=None)
    assert restored.article.state is State.PUBLISHED
    hit = await desk.knowledge.get_published(article_id)
    assert hit is not None
    assert hit.answer == "one"
    with pytest.raises(Conflict):
        await desk.articles.restore(article_id, actor=None)


async def test_an_archived_draft_comes_back_as_a_draft(desk: Desk) -> None:
    details = await desk.write("Parcels", publish=False)
    await desk.articles.archive(details.article.id, actor=None)
    restored = await desk.articles.restore(details.article.id, actor=None)
    assert restored.article.state is State.DRAFT
    assert len(desk.knowledge) == 0


async def test_an_older_text_comes_back_as_a_new_revision(desk: Desk) -> None:
    details = await desk.write("Parcels", "one")
    article_id = details.article.id
    changed = await desk.articles.change(
        article_id, actor=None, version=details.article.version, changes=Changes(answer="two")
    )
    await desk.articles.publish(article_id, actor=None, version=changed.article.version)
    restored = await desk.articles.restore(article_id, actor=None, revision=1)
    assert (restored.article.revision, restored.article.published_revision) == (3, 3)
    assert (await desk.knowledge.ask("parcels", locale="en")).hits[0].answer == "one"
    article, revisions = await desk.articles.revisions(article_id)
    assert [r.number for r in revisions] == [3, 2, 1]
    assert [r.content.answer for r in revisions] == ["one", "two", "one"]
    assert article.published_revision == 3
    with pytest.raises(NotFound):
        await desk.articles.restore(article_id, actor=None, revision=9)


async def test_what_cannot_be_stored_or_published(desk: Desk) -> None:
    with pytest.raises(Invalid) as caught:
        await desk.write("T", "[x](javascript:alert(1))")
    errors = caught.value.extra["errors"]
    assert isinstance(errors, list)
    assert errors[0]["pointer"] == "/answer"
    with pytest.raises(Invalid):
        await desk.write("T", "x" * 1_000_000)
    with pytest.raises(Invalid):
        await desk.write("T", locale="fr")
    with pytest.raises(Invalid):
        await desk.write("T", key="No Key")
    empty = await desk.write("T", "", publish=False)
    with pytest.raises(Invalid):
        await desk.articles.publish(empty.article.id, actor=None)
    with pytest.raises(NotFound):
        await desk.articles.get("nobody")


async def test_keys_are_unique_per_language_and_made_when_missing(desk: Desk) -> None:
    one = await desk.write("Gift wrap", key="gift", publish=False)
    other = await desk.write("Embrulho", key="gift", locale="pt-BR", publish=False)
    assert [t.id for t in other.translations] == [one.article.id]
    with pytest.raises(Conflict) as caught:
        await desk.write("Gift wrap", key="gift", publish=False)
    assert caught.value.code == "duplicate"
    first = await desk.write("Frete grátis?", locale="pt-BR", publish=False)
    second = await desk.write("Frete grátis?", locale="pt-BR", publish=False)
    assert (first.article.key, second.article.key) == ("frete-gratis", "frete-gratis-2")


async def test_the_list_is_searched_and_paged(desk: Desk) -> None:
    for n in range(5):
        desk.clock.advance(timedelta(seconds=1))
        await desk.write(f"Devolução {n}", key=f"k{n}", locale="pt-BR", publish=n == 0)
    await desk.write("100% off_er", key="other", publish=False)

    async def keys(**narrow: object) -> list[str]:
        found = await desk.articles.list_articles(Filter(**narrow))  # type: ignore[arg-type]
        return [article.key for article in found]

    assert set(await keys()) == {"k0", "k1", "k2", "k3", "k4", "other"}
    assert await keys(words=tuple(words_of("DEVOLUCAO 3"))) == ["k3"]
    assert await keys(words=("0%",)) == ["other"]
    assert await keys(words=("n_r",)) == []
    assert await keys(state=State.PUBLISHED) == ["k0"]
    assert await keys(locale="en") == ["other"]

    seen: list[str] = []
    before = None
    while page := await desk.articles.list_articles(Filter(limit=2, before=before)):
        seen += [article.key for article in page]
        before = (page[-1].updated_at, page[-1].id)
    assert sorted(seen) == ["k0", "k1", "k2", "k3", "k4", "other"]


async def test_every_act_is_on_record(desk: Desk) -> None:
    details = await desk.write("Parcels")
    await desk.articles.archive(details.article.id, actor=None)
    await desk.articles.restore(details.article.id, actor=None)
    actions = await desk.db.read(
        lambda conn: [row.action for row in conn.execute(sa.select(AuditRow.action))]
    )
    assert sorted(actions) == [
        "article.archive", "article.create", "article.publish", "article.restore",
    ]  # fmt: skip
    assert await desk.db.read(first_broken_row) is None


async def test_vectors_are_made_outside_the_transaction(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    details = await desk.write("Parcels", publish=False)
    inside = False
    write = desk.db.write

    async def watched(step: object) -> object:
        nonlocal inside
        inside = True
        try:
            return await write(step)  # type: ignore[arg-type]
        finally:
            inside = False

    encode = desk.words.encode_now

    def encode_now(texts: list[str]) -> object:
        assert not inside
        return encode(texts)

    monkeypatch.setattr(desk.db, "write", watched)
    monkeypatch.setattr(desk.words, "encode_now", encode_now)
    await desk.articles.publish(details.article.id, actor=None)
    assert len(desk.knowledge) == 1


async def test_a_publish_is_announced(
    db: Database, clock: FixedClock, bus: LocalBus, desk: Desk
) -> None:
    async with bus.subscribe("knowledge_base") as hints:
        await desk.write("Parcels", publish=False)
        assert hints.empty()
        await desk.write("Letters")
        assert hints.get_nowait() == ("knowledge_base", {"version": 1})
