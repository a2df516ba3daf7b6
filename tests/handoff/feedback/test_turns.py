"""What customers see: asked while they wait, told when it is over, rated by a tap; on the real gateway."""

import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from aiohttp.test_utils import TestClient

from bot.dialogue.rasa_wire import RasaReply
from bot.services import Services
from bot.staff.account import Role, Staff
from handoff.feedback import repository
from handoff.feedback.rules import State
from handoff.work import repository as work
from tests.parts import ScriptedRasa, bearer, gateway, token_for
from tests.system import until

Client = TestClient[Any, Any]
ORDER = {
    "en": "where is my order",
    "pt-BR": "onde est\u00e1 o meu pedido de ontem",
    "es": "d\u00f3nde est\u00e1 el pedido que hice ayer",
}


@dataclass
class Customer:
    """A visitor of the widget."""

    client: Client
    headers: dict[str, str]
    conversation_id: str

    async def read(self) -> dict[str, Any]:
        async with self.client.get(
            "/api/widget/v1/messages?after=0&wait=0", headers=self.headers
        ) as response:
            return dict(await response.json())

    async def writes(self, text: str = "", *, choice: str | None = None) -> None:
        body = {
            "client_id": str(uuid.uuid4()),
            **({"choice": choice} if choice else {"text": text}),
        }
        async with self.client.post(
            "/api/widget/v1/messages", json=body, headers=self.headers
        ) as response:
            assert response.status == 202, await response.text()

    async def hears(self, words: str) -> dict[str, Any]:
        """Wait until the last thing said to the customer has these words."""

        async def said() -> dict[str, Any] | None:
            found = (await self.read())["messages"]
            last = found[-1] if found else None
            if last is not None and last["author"] != "customer" and words in last["text"]:
                return dict(last)
            return None

        return dict(await until(said, seconds=30, what=f"hearing {words!r}"))

    async def taps(self, message: dict[str, Any], label: str) -> None:
        choice = next(c["id"] for c in message["choices"] if c["label"] == label)
        await self.writes(choice=choice)

    async def owner(self) -> str:
        return str((await self.read())["owner"])


@dataclass
class Shop:
    services: Services
    client: Client
    rasa: ScriptedRasa

    async def customer(self, locale: str = "en") -> Customer:
        async with self.client.post("/api/widget/v1/sessions", json={"locale": locale}) as response:
            found = await response.json()
        return Customer(self.client, bearer(found["session_token"]), found["conversation_id"])

    async def handed_off(self, locale: str = "en") -> Customer:
        """A customer who waits in line."""
        customer = await self.customer(locale)
        self.rasa.failed_actions = ("action_start_order_check",)
        await customer.writes(ORDER[locale])
        await customer.hears("FL-")
        self.rasa.failed_actions = ()
        return customer

    async def ticket_id(self, customer: Customer) -> str:
        found = await self.services.db.read(
            lambda conn: self.services.desk.find_open(conn, customer.conversation_id)
        )
        assert found is not None
        return found.id

    async def ana(self) -> Staff:
        await self.services.staff.add(
            email="ana@aurora.example",
            name="Ana Souza",
            role=Role.AGENT,
            level="N2",
            password="a long enough passphrase",
        )
        people = await self.services.desk.list_agents()
        return next(one for one in people if one.email == "ana@aurora.example")

    async def comes_online(self, staff: Staff) -> None:
        now = self.services.clock.now()
        await self.services.db.write(lambda tx: work.note_seen(tx, staff.id, active=True, now=now))

    async def resolves(self, customer: Customer, ana: Staff, *, ask: bool = True) -> str:
        ticket_id = await self.ticket_id(customer)
        await self.services.desk.claim(ticket_id, ana)
        await self.services.desk.resolve(ticket_id, ana, ask_feedback=ask)
        return ticket_id


@asynccontextmanager
async def shop(tmp_path: Path) -> AsyncIterator[Shop]:
    rasa = ScriptedRasa(lambda _: [RasaReply(None, "the bot's answer", {}, ())])
    async with gateway(tmp_path, rasa) as (services, client):
        yield Shop(services, client, rasa)


async def test_who_waits_is_told_where_it_stands_and_is_not_interrupted(tmp_path: Path) -> None:
    async with shop(tmp_path) as house:
        customer = await house.handed_off()
        asked = len(house.rasa.turns)
        await customer.writes("it is the blue one")
        kept = await customer.hears("I've kept your message")
        await customer.writes("with the long cable")
        house.rasa.intent = "ticket_status"
        await customer.writes("where is my request?")
        status = await customer.hears("number 1 in line")
        assert "(level N2)" in status["text"]
        found = (await customer.read())["messages"]
        assert [m["text"] for m in found].count(kept["text"]) == 1
        assert len(house.rasa.turns) == asked, "the bot itself is not asked"
        house.rasa.intent = "faq"
        ana = await house.ana()
        ticket_id = await house.ticket_id(customer)
        await house.services.desk.claim(ticket_id, ana)
        await customer.hears("Ana from our team")
        count = len((await customer.read())["messages"])
        house.rasa.intent = "ticket_status"
        await customer.writes("where is my request?")
        assert await customer.owner() == "agent"
        await house.services.turns.close()
        assert len((await customer.read())["messages"]) == count + 1, "a person reads it"


@pytest.mark.parametrize(
    ("locale", "leave", "bot", "noted", "goes_on"),
    [
        ("en", "Leave and be told", "Go on with the assistant", "Noted:", "I'll go on helping"),
        ("pt-BR", "Sair e ser avisado", "Continuar com o assistente", "Anotado:", "continuo"),
        ("es", "Salir y recibir aviso", "Seguir con el asistente", "Anotado:", "sigo"),
    ],
)
async def test_nobody_is_there_three_ways_to_wait(
    tmp_path: Path, locale: str, leave: str, bot: str, noted: str, goes_on: str
) -> None:
    async with shop(tmp_path) as house:
        customer = await house.handed_off(locale)
        offer = (await customer.read())["messages"][-1]
        assert len(offer["choices"]) == 3
        await customer.taps(offer, leave)
        await customer.hears("FL-")
        await customer.writes("bia@example.com")
        await customer.hears(noted)
        await customer.taps(offer, bot)
        await customer.hears(goes_on)
        await customer.writes("do you have it in red?")
        await customer.hears("the bot's answer")
        assert await customer.owner() == "queue", "the ticket is in line, and so is the owner"
        detail = await house.services.desk.get_ticket(
            await house.ticket_id(customer), await house.ana()
        )
        assert "customer_chose" in [event.kind for event in detail.events]


async def test_a_good_case_is_rated_with_a_word(tmp_path: Path) -> None:
    async with shop(tmp_path) as house:
        customer, ana = await house.handed_off(), await house.ana()
        ticket_id = await house.resolves(customer, ana)
        await customer.taps(await customer.hears("is resolved"), "Solved, thanks")
        question = await customer.hears("How was the help you got from Ana?")
        assert [c["label"] for c in question["choices"]][:5] == ["1", "2", "3", "4", "5"]
        await customer.taps(question, "5")
        await customer.hears("Would you like to say why?")
        await customer.writes("Ana was quick and kind")
        await customer.hears("Thank you, that helps us")
        found = await house.services.db.read(
            lambda conn: repository.find_of_ticket(conn, ticket_id)
        )
        assert found is not None
        assert (found.score, found.comment) == (5, "Ana was quick and kind")
        assert (found.agent_id, found.level) == (ana.id, "N2")
        await customer.taps(question, "2")
        await customer.hears("Your rating is 2 now")
        asked = len(house.rasa.turns)
        await customer.writes("what does it cost?")
        await customer.hears("the bot's answer")
        assert len(house.rasa.turns) == asked + 1
        assert (
            await house.services.ratings.figures(
                since=found.created_at, until=found.created_at + timedelta(days=1)
            )
        ).human.bad == 1


async def test_what_is_typed_goes_where_it_belongs(tmp_path: Path) -> None:
    async with shop(tmp_path) as house:
        customer, ana = await house.handed_off(), await house.ana()
        ticket_id = await house.resolves(customer, ana)
        await customer.hears("is resolved")
        await customer.writes("solved, thanks")
        await customer.hears("How was the help")
        await customer.writes("4")
        await customer.hears("Would you like to say why?")
        await customer.writes("do you have it in red?")
        await customer.hears("the bot's answer")
        await customer.writes("2")
        await until(
            lambda: _turns(house, 3), seconds=30, what="the bot being asked about a bare number"
        )
        found = await house.services.db.read(
            lambda conn: repository.find_of_ticket(conn, ticket_id)
        )
        assert found is not None
        assert (found.score, found.comment) == (4, None)


async def _turns(house: Shop, count: int) -> bool:
    return len(house.rasa.turns) >= count


async def test_it_still_does_not_work_opens_the_same_ticket(tmp_path: Path) -> None:
    async with shop(tmp_path) as house:
        customer, ana = await house.handed_off(), await house.ana()
        ticket_id = await house.resolves(customer, ana)
        await customer.hears("is resolved")
        asked = len(house.rasa.turns)
        await customer.writes("it still does not work")
        await customer.hears("is open again in the queue")
        assert await house.ticket_id(customer) == ticket_id
        assert await customer.owner() == "queue"
        assert len(house.rasa.turns) == asked
        await house.comes_online(ana)
        await house.resolves(customer, ana)
        await customer.taps(await customer.hears("is resolved"), "Not solved yet")
        await customer.hears("Ana from our team has your conversation now")
        assert await customer.owner() == "agent"


async def test_nobody_is_asked_when_the_agent_says_so(tmp_path: Path) -> None:
    async with shop(tmp_path) as house:
        customer, ana = await house.handed_off(), await house.ana()
        ticket_id = await house.resolves(customer, ana, ask=False)
        await customer.taps(await customer.hears("is resolved"), "Solved, thanks")
        await customer.hears("Glad to hear it")
        found = await house.services.db.read(
            lambda conn: repository.find_of_ticket(conn, ticket_id)
        )
        assert found is not None
        assert (found.state, found.why_not) == (State.NOT_ASKED, "agent_said_no")


async def test_whoever_does_not_want_to_be_asked_is_not(tmp_path: Path) -> None:
    async with shop(tmp_path) as house:
        customer, ana = await house.handed_off(), await house.ana()
        await house.resolves(customer, ana)
        await customer.taps(await customer.hears("is resolved"), "Solved, thanks")
        await customer.taps(await customer.hears("How was the help"), "Don't ask again")
        await customer.hears("I won't ask again")
        assert await house.services.db.read(
            lambda conn: repository.has_refused(conn, _contact(conn, customer))
        )


def _contact(conn: Any, customer: Customer) -> str:
    from bot.conversations.repository import get_conversation

    return get_conversation(conn, customer.conversation_id).contact_id


async def test_supervisors_see_bad_ratings_and_the_numbers(tmp_path: Path) -> None:
    async with shop(tmp_path) as house:
        customer, ana = await house.handed_off(), await house.ana()
        ticket_id = await house.resolves(customer, ana)
        await customer.taps(await customer.hears("is resolved"), "Solved, thanks")
        async with house.services.bus.subscribe("desk") as hints:
            await customer.taps(await customer.hears("How was the help"), "1")
            await customer.hears("Would you like to say why?")
            heard = []
            while "feedback" not in heard:
                heard.append((await hints.get())[1]["event"])
        await customer.writes("=nobody listened")
        await customer.hears("Thank you, that helps us")
        boss = bearer(await token_for(house.services, Role.SUPERVISOR))
        agent = bearer(await token_for(house.services, Role.AGENT, level="N2"))
        client = house.client
        async with client.get("/api/v1/feedback?bad=true", headers=agent) as response:
            assert response.status == 403
        async with client.get("/api/v1/feedback?unseen=true", headers=boss) as response:
            page = await response.json()
        assert page["unseen"] == 1
        item = page["items"][0]
        assert (item["score"], item["comment"], item["ticket_id"]) == (
            1,
            "=nobody listened",
            ticket_id,
        )
        async with client.post(f"/api/v1/feedback/{item['id']}/seen", headers=agent) as response:
            assert response.status == 404
        for _ in range(2):
            async with client.post(f"/api/v1/feedback/{item['id']}/seen", headers=boss) as response:
                assert (await response.json())["seen_by"] == "Supervisor"
        async with client.get("/api/v1/reports/feedback", headers=boss) as response:
            report = await response.json()
        assert (report["human"]["answers"], report["human"]["score_percent"]) == (1, 0.0)
        assert report["bot"]["response_percent"] is None
        async with client.get(
            "/api/v1/reports/feedback", headers={**boss, "Accept": "text/csv"}
        ) as response:
            assert "agent,human,Ana Souza,1,1,100.0,0.0,1.0,1" in await response.text()
        async with client.get("/api/v1/reports/overview", headers=boss) as response:
            assert (await response.json())["csat"]["answers"] == 1
        async with client.get(f"/api/v1/tickets/{ticket_id}/customer", headers=agent) as response:
            seen = await response.json()
        assert seen["feedback"]["score"] == 1


async def test_settings_are_checked_and_kept(tmp_path: Path) -> None:
    async with shop(tmp_path) as house:
        admin = bearer(await token_for(house.services, Role.ADMIN))
        boss = bearer(await token_for(house.services, Role.SUPERVISOR))
        path = "/api/v1/feedback/settings"
        async with house.client.get(path, headers=boss) as response:
            settings = await response.json()
        async with house.client.put(path, json=settings, headers=boss) as response:
            assert response.status == 403
        wrong = {**settings, "delay_minutes": 0}
        async with house.client.put(path, json=wrong, headers=admin) as response:
            assert response.status == 422
        changed = {**settings, "human": False, "not_for": ["spam"]}
        async with house.client.put(path, json=changed, headers=admin) as response:
            assert (await response.json())["version"] == 1
        async with house.client.put(path, json=changed, headers=admin) as response:
            assert (response.status, (await response.json())["code"]) == (409, "stale")
        customer, ana = await house.handed_off(), await house.ana()
        await house.resolves(customer, ana)
        await customer.taps(await customer.hears("is resolved"), "Solved, thanks")
        await customer.hears("Glad to hear it")
