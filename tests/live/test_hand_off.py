"""From the bot to a person and back, with nothing lost and nobody talking over anybody."""

import pytest

from tests.system import System, staff, visitor


@pytest.mark.parametrize(
    ("locale", "text"),
    [
        ("pt-BR", "quero falar com uma pessoa"),
        ("pt-BR", "ATENDENTE"),
        ("en", "I want to talk to a person"),
        ("en", "agent"),
        ("es", "quiero hablar con una persona"),
    ],
)
async def test_asking_for_a_person_is_obeyed_at_once(
    system: System, locale: str, text: str
) -> None:
    async with visitor(system, locale=locale) as customer:
        answer = await customer.say(text)
    assert answer.owner == "queue"
    assert "FL-" in answer.text


async def test_a_person_answers_passes_on_and_resolves(system: System) -> None:
    people = system.passwords()
    async with (
        visitor(system, locale="en") as customer,
        staff(system, *people["agent N2"]) as nina,
        staff(system, *people["agent N3"]) as tiago,
    ):
        await customer.say("what is your return policy?")
        handed = await customer.say("I want to talk to a person about my order AUR-10010")
        assert handed.owner == "queue"
        tickets = (await nina.call("GET", "/tickets", state="queued", limit=100))["items"]
        ticket = next(t for t in tickets if t["conversation_id"] == customer.conversation_id)
        detail = await nina.call("GET", f"/tickets/{ticket['id']}")
        assert detail["pack"]["reason"] == "customer_asked"
        transcript = await nina.call("GET", f"/conversations/{customer.conversation_id}/messages")
        assert transcript["messages"][0]["text"] == "what is your return policy?"

        after = (await customer.read(after=0))["last_seq"]
        await nina.call("POST", f"/tickets/{ticket['id']}/claim", {})
        await tiago.call("POST", f"/tickets/{ticket['id']}/claim", {}, expect=409)
        body = {"client_id": "5c7b8b4e-6a3f-4b7e-9c2f-0d1a2b3c4d5e", "text": "Hello, I am looking."}
        first = await nina.call("POST", f"/tickets/{ticket['id']}/reply", body)
        again = await nina.call("POST", f"/tickets/{ticket['id']}/reply", body)
        assert first["id"] == again["id"], "sent twice, said once"
        heard = await customer.hear(after=after)
        assert heard.owner == "agent"
        said = await customer.read(after=after)
        assert [m["text"] for m in said["messages"] if m["author"] == "agent"] == [
            "Hello, I am looking."
        ]

        status, _ = await customer.post("thank you, I wait")
        assert status == 202
        await nina.call(
            "POST",
            f"/tickets/{ticket['id']}/escalate",
            {"kind": "functional", "to": "N3", "reason": "the carrier's system must be checked"},
        )
        await nina.call(
            "POST",
            f"/tickets/{ticket['id']}/reply",
            {**body, "text": "x", "client_id": "5c7b8b4e-6a3f-4b7e-9c2f-0d1a2b3c4d5f"},
            expect=409,
        )
        await tiago.call("POST", f"/tickets/{ticket['id']}/claim", {})
        await tiago.call(
            "POST", f"/tickets/{ticket['id']}/resolve", {"text": "It arrives tomorrow."}
        )
        end = await customer.read(after=0)
        texts = [m["text"] for m in end["messages"]]
        assert "It arrives tomorrow." in texts
        assert not [m for m in end["messages"][-6:] if m["author"] == "bot"], "the bot was silent"
        assert end["owner"] == "bot"
        back = await customer.say("are you open on Sunday?")
        assert back.owner == "bot"
        assert "closed" in back.text


async def test_no_that_did_not_help_reaches_a_person(system: System) -> None:
    async with visitor(system, locale="pt-BR") as customer:
        answer = await customer.say("qual o prazo de entrega?")
        handed = await customer.press(answer, "Não ajudou")
    assert handed.owner == "queue"
    assert "FL-" in handed.text


async def test_staff_see_only_what_is_theirs(system: System) -> None:
    people = system.passwords()
    async with (
        visitor(system, locale="en") as customer,
        staff(system, *people["editor"]) as editor,
    ):
        await customer.say("agent")
        await editor.call("GET", "/tickets", expect=403)
        await editor.call("GET", f"/conversations/{customer.conversation_id}/messages", expect=404)
