"""Found by number, name, address or words, with or without accents, and only what one may see."""

from typing import Any

import pytest
import sqlalchemy as sa

from bot.conversations import repository as conversations
from bot.conversations.tables import ContactRow, MessageRow
from handoff.search.query import excerpt, fold, read_terms
from handoff.tables import TicketRow
from tests.handoff.console.conftest import Office


async def find(office: Office, words: str, kind: str = "messages", staff: str = "ana") -> Any:
    return await office.call("GET", f"/search?kind={kind}&q={words}", staff)


def shown(item: Any) -> str:
    return "".join(f"[{p['text']}]" if p["hit"] else p["text"] for p in item["excerpt"])


async def test_messages_are_found_by_their_words(migrated_office: Office) -> None:
    office, world = migrated_office, migrated_office.world
    conversation = await world.conversation(locale="pt-BR")
    await world.says(conversation.id, "Não recebi a devolução do pedido BR-1042, só promessas.")
    opened, _ = await world.hand_off(conversation)
    for words in ("nao devolucao", "DEVOLUÇÃO", "devol", "br-1042", "BR-10", "1042 promessas"):
        (item,) = (await find(office, words))["items"]
        assert item["number"] == opened.number
        assert item["message"]["seq"] == 1
        assert item["message"]["author"] == "customer"
    assert "[Não] recebi a [devolução] do" in shown(
        (await find(office, "nao devolucao"))["items"][0]
    )
    assert "pedido [BR-1042], só" in shown((await find(office, "br-1042"))["items"][0])
    for words in ("devolvido", "recebi banana", "br-2042", "042"):
        assert (await find(office, words))["items"] == []


async def test_customers_and_tickets_are_found(migrated_office: Office) -> None:
    office, world = migrated_office, migrated_office.world
    conversation = await world.conversation()
    opened, _ = await world.hand_off(conversation)
    await world.db.write(
        lambda tx: tx.conn.execute(
            sa.update(ContactRow)
            .where(ContactRow.id == conversation.contact_id)
            .values(display_name="José Conceição", email="jose.c@example.com")
        )
    )
    await world.db.write(
        lambda tx: tx.conn.execute(
            sa.update(TicketRow).values(subject="Entrega atrasada há três dias")
        )
    )
    for words in ("jose", "conceicao jose", "jose.c@example", "example.com"):
        (item,) = (await find(office, words, "contacts"))["items"]
        assert (item["number"], item["contact_name"]) == (opened.number, "José Conceição")
        assert item["message"] is None
    assert (await find(office, "customer", "contacts"))["items"] == []
    for words in ("tres dias", "entreg", opened.number, opened.number.lower(), opened.number[3:]):
        (item,) = (await find(office, words, "tickets"))["items"]
        assert item["ticket_id"] == opened.ticket_id
    assert (await find(office, "9999999", "tickets"))["items"] == []


async def test_nobody_finds_what_they_may_not_see(migrated_office: Office) -> None:
    office, world = migrated_office, migrated_office.world
    conversation = await world.conversation()
    await world.says(conversation.id, "zebra crossing")
    await find(office, "zebra")
    opened, _ = await world.hand_off(conversation)
    await office.call("POST", f"/tickets/{opened.ticket_id}/claim", "nina", {})
    await office.call(
        "POST",
        f"/tickets/{opened.ticket_id}/escalate",
        "nina",
        {"kind": "functional", "to": "N3", "reason": "deep"},
    )
    for staff, there in (("nina", 1), ("sofia", 1), ("otto", 1), ("ana", 0)):
        for kind, words in (
            ("messages", "zebra"),
            ("tickets", opened.number),
            ("contacts", "cust"),
        ):
            assert len((await find(office, words, kind, staff))["items"]) == there, (staff, kind)


async def test_what_was_erased_or_changed_is_found_no_more(migrated_office: Office) -> None:
    office, world = migrated_office, migrated_office.world
    conversation = await world.conversation()
    message = await world.says(conversation.id, "my secret walrus")
    await world.hand_off(conversation)
    assert len((await find(office, "walrus"))["items"]) == 1
    now = world.clock.now()
    await world.db.write(
        lambda tx: conversations.edit_text(tx, message.id, text="my open otter", now=now)
    )
    assert (await find(office, "walrus"))["items"] == []
    assert len((await find(office, "otter"))["items"]) == 1
    await world.db.write(
        lambda tx: tx.conn.execute(
            sa.update(MessageRow).where(MessageRow.id == message.id).values(text="[erased]")
        )
    )
    assert (await find(office, "otter"))["items"] == []


async def test_results_come_in_pages_newest_first(migrated_office: Office) -> None:
    office, world = migrated_office, migrated_office.world
    conversation = await world.conversation()
    for n in range(25):
        await world.says(conversation.id, f"lemur number {n}")
    await world.hand_off(conversation)
    page = await find(office, "lemur")
    assert [item["message"]["seq"] for item in page["items"]] == list(range(25, 5, -1))
    assert page["next_offset"] == 20
    page = await office.call("GET", "/search?q=lemur&offset=20", "ana")
    assert [item["message"]["seq"] for item in page["items"]] == [5, 4, 3, 2, 1]
    assert page["next_offset"] is None


async def test_what_can_not_be_searched_for(migrated_office: Office) -> None:
    office = migrated_office
    for query, code in (("q=a", "nothing_to_find"), ("q=%27%22*", "nothing_to_find"),
                        ("q=ab&offset=1000", "too_far"), ("q=ab&offset=-1", "too_far")):  # fmt: skip
        problem = await office.call("GET", f"/search?{query}", "ana", expect=422)
        assert problem["code"] == code
    for words in ("AND%20OR", "a:b%20NEAR(x%20y)", "%22%22%20ab*%29%29", "%26%20ab%20|%20!cd"):
        assert (await find(office, words))["items"] == []


def test_an_excerpt_shows_the_place() -> None:
    long = "word " * 60 + "the Coração beats " + "tail " * 60
    pieces = excerpt(long, read_terms("coracao"))
    assert [piece.text for piece in pieces if piece.hit] == ["Coração"]
    assert pieces[0].text == "…"
    assert pieces[-1].text == "…"
    assert sum(len(piece.text) for piece in pieces) < 170
    assert "".join(piece.text for piece in excerpt("short\n text", ())) == "short text"
    assert excerpt("", read_terms("ab")) == ()


@pytest.mark.parametrize("text", ["ﬁnance İstanbul", "e\u0301tat", "日本語", "a\u0301\u0302"])
def test_folding_keeps_every_position(text: str) -> None:
    assert len(fold(text)) == len(text)
