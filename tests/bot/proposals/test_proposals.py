"""Articles proposed from tickets: from an agent's answer to an article, and what it spared the desk."""

import uuid
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from aiohttp.test_utils import TestClient

from bot.dialogue.rasa_client import TurnRequest
from bot.dialogue.rasa_wire import RasaReply
from bot.kit.db import Tx
from bot.privacy.repository import erase_conversation
from bot.proposals.proposal import (
    Draft,
    Showing,
    content_of,
    problems_of,
    tickets_avoided,
)
from bot.services import Services
from bot.staff.account import Role
from handoff.tables import TicketRow
from knowledge_base.asked.tables import AskedRow
from tests.parts import ScriptedRasa, bearer, gateway, token_for

AT = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
QUESTION = "Do you rent sofas for parties? I am maria@example.com"
ANSWER = "Yes, we rent sofas.\n\nThree days cost 10 % of the price. Call Maria at 11 91234-5678."


def shown(minutes: int, *, who: str = "maria", ticket: int | None = None) -> Showing:
    opened = AT + timedelta(minutes=ticket) if ticket is not None else None
    return Showing(who, AT + timedelta(minutes=minutes), opened)


@pytest.mark.parametrize(
    ("showings", "avoided"),
    [
        ([], 0),
        ([shown(0)], 1),
        ([shown(0), shown(20)], 1),
        ([shown(0), shown(90)], 2),
        ([shown(0), shown(0, who="joao")], 2),
        ([shown(0, ticket=59)], 0),
        ([shown(0, ticket=61)], 1),
        ([shown(0, ticket=70), shown(30, ticket=70)], 0),
        ([shown(0, ticket=200), shown(180, ticket=200)], 1),
    ],
)
def test_tickets_avoided_are_episodes_without_a_ticket(
    showings: list[Showing], avoided: int
) -> None:
    assert tickets_avoided(showings) == avoided
    assert tickets_avoided(showings[::-1]) == avoided


def test_what_a_proposal_must_be() -> None:
    assert problems_of(Draft("Do you rent sofas?", "Yes.", "en")) == []
    assert [p for p, _ in problems_of(Draft(" ", " … ", "en"))] == ["/question", "/answer"]
    assert problems_of(Draft("x" * 301, "Yes.", "en"))[0][0] == "/question"
    ((pointer, message),) = problems_of(Draft("Why?", "[x](javascript:alert(1))", "en"))
    assert (pointer, "not allowed" in message) == ("/answer", True)
    assert problems_of(Draft("Why?", "x" * 20_001, "en"))[0][0] == "/answer"
    draft = content_of(Draft("Do you rent sofas?", "Yes.", "en"))
    assert draft.phrasings == (draft.title,), "the customer's words stay when the title is changed"


@dataclass
class House:
    """A gateway with agents, an editor and a customer whose question nobody could answer."""

    services: Services
    client: TestClient[Any, Any]
    ana: dict[str, str]
    bea: dict[str, str]
    editor: dict[str, str]
    conversation_id: str = ""

    async def call(
        self, method: str, path: str, who: dict[str, str], **body: Any
    ) -> tuple[int, Any]:
        """Ask the staff API and return status and answer."""
        async with self.client.request(
            method, f"/api/v1{path}", headers=who, json=body or None
        ) as response:
            return response.status, await response.json() if response.status != 204 else None

    async def ticket(self) -> str:
        """A customer asks and gets a person, who answers."""
        async with self.client.post("/api/widget/v1/sessions", json={"locale": "en"}) as response:
            session = await response.json()
        self.conversation_id = session["conversation_id"]
        headers = bearer(session["session_token"])
        for text in (QUESTION, "I want a person"):
            body = {"client_id": str(uuid.uuid4()), "text": text}
            async with self.client.post(
                "/api/widget/v1/messages", json=body, headers=headers
            ) as response:
                seq = (await response.json())["seq"]
            path = f"/api/widget/v1/messages?after={seq}&wait=20"
            async with self.client.get(path, headers=headers) as response:
                assert (await response.json())["messages"]
        status, listed = await self.call("GET", "/tickets", self.ana)
        ticket = next(t for t in listed["items"] if t["conversation_id"] == self.conversation_id)
        status, _ = await self.call("POST", f"/tickets/{ticket['id']}/claim", self.ana)
        assert status == 200
        for text in ("Hello!", ANSWER):
            status, _ = await self.call(
                "POST", f"/tickets/{ticket['id']}/reply", self.ana,
                client_id=str(uuid.uuid4()), text=text,
            )  # fmt: skip
            assert status < 300
        return str(ticket["id"])


def script(request: TurnRequest) -> list[RasaReply] | None:
    """A person when one is asked for (the way without Rasa), else nothing was understood."""
    if "person" in request.text:
        return None
    return [RasaReply("utter_ask_rephrase", None, {}, ())]


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with gateway(tmp_path, ScriptedRasa(script=script)) as (services, client):
        ana = bearer(await token_for(services, Role.AGENT, level="N2"))
        bea = bearer(await token_for(services, Role.AGENT, level="N3"))
        editor = bearer(await token_for(services, Role.EDITOR))
        yield House(services, client, ana, bea, editor)


async def test_an_answer_becomes_an_article_that_spares_tickets(house: House) -> None:
    ticket = await house.ticket()
    status, found = await house.call("GET", f"/tickets/{ticket}/proposal", house.ana)
    assert (status, found["proposal"], found["locale"]) == (200, None, "en")
    assert found["question"] == "Do you rent sofas for parties? I am"
    assert found["answer"].startswith("Yes, we rent sofas.\n\nThree days cost 10 %")
    assert "91234" not in found["answer"]

    status, made = await house.call(
        "PUT", f"/tickets/{ticket}/proposal", house.ana,
        question="Do you rent sofas? maria@example.com", answer=ANSWER, locale="en",
    )  # fmt: skip
    assert (status, made["state"], made["question"]) == (200, "proposed", "Do you rent sofas?")
    assert "91234" not in made["answer"], "what is sent is masked too"
    again = await house.call(
        "PUT", f"/tickets/{ticket}/proposal", house.ana,
        question="Do you rent sofas?", answer=made["answer"], locale="en",
    )  # fmt: skip
    assert again[1]["version"] == 1, "the same again changes nothing"
    status, problem = await house.call(
        "PUT", f"/tickets/{ticket}/proposal", house.bea,
        question="Mine is better", answer="Really.", locale="en",
    )  # fmt: skip
    assert status == 403
    status, _ = await house.call("POST", f"/tickets/{ticket}/resolve", house.ana)
    assert status == 200

    status, line = await house.call("GET", "/kb/proposals", house.editor)
    (one,) = line["items"]
    assert (line["counts"]["proposed"], one["author"]["name"]) == (1, "Agent")
    path = f"/kb/proposals/{one['id']}"
    status, problem = await house.call(
        "POST", f"{path}/send-back", house.editor, version=1, reason=" "
    )
    assert (status, problem["errors"][0]["pointer"]) == (422, "/reason")
    status, _ = await house.call(
        "POST", f"{path}/send-back", house.editor, version=1, reason="For how many days?"
    )
    assert status == 204
    status, own = await house.call("GET", "/proposals", house.ana)
    assert [(p["state"], p["reason"]) for p in own["items"]] == [
        ("sent_back", "For how many days?")
    ]
    assert (await house.call("GET", "/proposals", house.bea))[1]["items"] == []
    status, problem = await house.call("POST", f"{path}/accept", house.editor, version=1)
    assert (status, problem["code"]) == (409, "stale")

    status, better = await house.call(
        "PUT", f"/tickets/{ticket}/proposal", house.ana,
        question="Do you rent sofas for parties?", answer="Yes, from 3 days on.", locale="en",
    )  # fmt: skip
    assert (status, better["state"]) == (200, "proposed")
    status, accepted = await house.call(
        "POST", f"{path}/accept", house.editor, version=better["version"]
    )
    assert status == 201
    status, problem = await house.call(
        "PUT", f"/tickets/{ticket}/proposal", house.ana,
        question="Once more", answer="Something else.", locale="en",
    )  # fmt: skip
    assert (status, problem["code"]) == (409, "accepted")
    status, article = await house.call("GET", f"/articles/{accepted['article_id']}", house.editor)
    assert (article["state"], article["answer"]) == ("draft", "Yes, from 3 days on.")
    assert article["phrasings"] == ["Do you rent sofas for parties?"]
    own = (await house.call("GET", "/proposals", house.ana))[1]
    assert (own["items"][0]["live"], own["items"][0]["tickets_avoided"]) == (False, 0)

    status, _ = await house.call(
        "POST", f"/articles/{article['id']}/publish", house.editor, confirm=True
    )
    assert status == 200
    await show(house.services, article, at=house.services.clock.now())
    status, credit = await house.call("GET", f"/kb/credits?key={article['key']}", house.editor)
    (worth,) = credit["items"]
    assert (worth["live"], worth["tickets_avoided"]) == (True, 1)
    assert worth["ticket"]["id"] == ticket
    own = (await house.call("GET", "/proposals", house.ana))[1]
    assert own["items"][0]["tickets_avoided"] == 1

    status, detail = await house.call("GET", f"/tickets/{ticket}", house.ana)
    kinds = [event["kind"] for event in detail["events"] if event["kind"].startswith("article_")]
    assert kinds == [
        "article_proposed", "article_sent_back", "article_proposed", "article_accepted",
    ]  # fmt: skip
    sent_back = next(e for e in detail["events"] if e["kind"] == "article_sent_back")
    assert sent_back["reason"] == "For how many days?"


async def show(services: Services, article: dict[str, Any], *, at: datetime) -> None:
    """Store two showings: after the one a ticket was opened, after the other none."""

    def step(tx: Tx) -> None:
        for conversation_id, led in (("helped", False), ("called", True)):
            tx.conn.execute(
                sa.insert(AskedRow).values(
                    message_id=conversation_id, conversation_id=conversation_id, at=at,
                    locale="en", text="", outcome="answered", article_id=article["id"],
                    article_key=article["key"], revision=1, led_to_person=led,
                )
            )  # fmt: skip

    await services.db.write(step)


async def test_a_proposal_is_withdrawn_and_forgotten_with_its_customer(house: House) -> None:
    ticket = await house.ticket()
    draft = {"question": "Do you rent sofas?", "answer": "Yes, we do.", "locale": "en"}
    status, made = await house.call("PUT", f"/tickets/{ticket}/proposal", house.ana, **draft)
    assert status == 200
    path = f"/proposals/{made['id']}/withdraw"
    assert (await house.call("POST", path, house.bea, version=1))[0] == 404
    assert (await house.call("POST", path, house.ana, version=1))[0] == 204
    assert (await house.call("GET", "/proposals", house.ana))[1]["items"] == []
    status, made = await house.call("PUT", f"/tickets/{ticket}/proposal", house.ana, **draft)
    assert (status, made["state"]) == (200, "proposed")

    services = house.services
    now = services.clock.now()
    await services.db.write(lambda tx: erase_conversation(tx, house.conversation_id, now=now))
    status, line = await house.call("GET", "/kb/proposals?state=withdrawn", house.editor)
    assert [(p["question"], p["answer"]) for p in line["items"]] == [("", "")]


async def test_who_may_not_see_a_ticket_proposes_nothing_from_it(house: House) -> None:
    ticket = await house.ticket()
    await house.services.db.write(
        lambda tx: tx.conn.execute(
            sa.update(TicketRow)
            .where(TicketRow.id == ticket)
            .values(level="N4", assignee_id=None, assignee_name=None)
        )
    )
    status, problem = await house.call("GET", f"/tickets/{ticket}/proposal", house.bea)
    assert (status, problem["code"]) == (404, "not_found")
    status, _ = await house.call(
        "PUT", f"/tickets/{ticket}/proposal", house.bea,
        question="Do you rent sofas?", answer="Yes.", locale="en",
    )  # fmt: skip
    assert status == 404
