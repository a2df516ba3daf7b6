"""What a customer gets solved without a person, against the whole running system."""

import re

import aiohttp
import pytest

from tests.stores import everything_in
from tests.system import System, visitor


@pytest.mark.parametrize(
    ("locale", "question", "closed"),
    [
        ("pt-BR", "vocês abrem domingo?", "fechados"),
        ("pt-BR", "voces abrem no natal", "Natal"),
        ("en", "are you open on Christmas?", "Christmas"),
        ("en", "r u open on sunday", "closed"),
        ("es", "¿abren el domingo?", "cerrados"),
        ("es", "abren en navidad", "Navidad"),
    ],
)
async def test_opening_hours_come_from_the_calendar(
    system: System, locale: str, question: str, closed: str
) -> None:
    async with visitor(system, locale=locale) as customer:
        answer = await customer.say(question)
    assert closed in answer.text
    assert re.search(r"Bras[ií]lia", answer.text), "the time zone is named"


@pytest.mark.parametrize(
    ("locale", "opening", "number"),
    [
        ("pt-BR", "cadê meu pedido", "10005"),
        ("en", "where is my order?", "AUR-10009"),
        ("es", "donde esta mi pedido", "aur 10013"),
    ],
)
async def test_order_status_needs_the_code_mailed_to_the_orders_address(
    system: System, locale: str, opening: str, number: str
) -> None:
    orders = await _orders(system)
    wanted = "AUR-" + re.sub(r"\D", "", number)
    address = orders[wanted]
    before = len(system.mails(address))
    async with visitor(system, locale=locale) as customer:
        asked = await customer.say(opening)
        assert asked.owner == "bot"
        sent = await customer.say(number)
        assert wanted in sent.text
        code = await system.code_for(address, after=before)
        wrong = await customer.say("0000 0000" if code != "00000000" else "1111 1111")
        assert wanted not in wrong.text, "nothing is told for a wrong code"
        told = await customer.say(f"{code[:4]} {code[4:]}")
        assert wanted in told.text
        transcript = await customer.read(after=0)
    everything = str(transcript["messages"])
    assert code not in everything
    assert "••••••••" in everything
    assert address not in everything, "the address is not told"


async def test_an_unknown_order_reads_exactly_like_a_known_one(system: System) -> None:
    texts = []
    for number in ("AUR-10017", "AUR-99999"):
        async with visitor(system, locale="en") as customer:
            await customer.say("where is my order?")
            texts.append((await customer.say(number)).text.replace(number, "NUMBER"))
    assert texts[0] == texts[1]


async def test_password_reset_by_code_and_one_time_page(system: System) -> None:
    async with visitor(system, locale="en") as customer:
        await customer.say("I forgot my password")
        before = len(system.mails("carla@example.com"))
        sent = await customer.say("my email is carla@example.com.")
        assert "@" not in sent.text
        code = await system.code_for("carla@example.com", after=before)
        linked = await customer.say(code)
        match = re.search(rf"{re.escape(system.url)}/reset/[\w.~-]+", linked.text)
        assert match, linked.text
        link = match[0]
        new = "a quiet harbour 77"
        async with aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as browser:
            async with browser.get(link) as response:
                page = await response.text()
                assert response.status == 200
            token = re.search(r'name="csrf" value="([^"]+)"', page)
            assert token
            form = {"csrf": token[1], "password": new, "again": new}
            async with browser.post(link, data=form, headers={"Origin": system.url}) as response:
                assert response.status == 200, await response.text()
            async with browser.get(link) as response:
                assert response.status in {404, 410}, "the link works once"
        transcript = str(await customer.read(after=0))
    assert code not in transcript
    assert new not in transcript
    for path in system.data_dir.rglob("*"):
        if path.is_file() and path.suffix not in {".eml"}:
            data = path.read_bytes()
            assert new.encode() not in data, path
            assert code.encode() not in data, path
    if system.database_url.startswith("postgresql"):
        stored = await everything_in(system.database_url)
        assert customer.conversation_id in stored
        assert new not in stored
        assert code not in stored


async def test_reset_says_the_same_for_an_unknown_address(system: System) -> None:
    texts = []
    for address in ("davi@example.com", "nobody-here@example.com"):
        async with visitor(system, locale="pt-BR") as customer:
            await customer.say("esqueci minha senha")
            texts.append((await customer.say(address)).text)
    assert texts[0] == texts[1]


@pytest.mark.parametrize(
    ("locale", "text", "expected"),
    [
        ("pt-BR", "qual o prazo de entrega?", "dias úteis"),
        ("en", "how long does delivery take", "working days|business days"),
        ("es", "cuanto tarda el envio", "días hábiles"),
        ("pt-BR", "qual o praso de entrga", "dias úteis"),
    ],
)
async def test_questions_are_answered_from_the_knowledge_base(
    system: System, locale: str, text: str, expected: str
) -> None:
    async with visitor(system, locale=locale) as customer:
        answer = await customer.say(text)
    assert re.search(expected, answer.text), answer.text
    assert answer.choices


@pytest.mark.parametrize(
    ("locale", "text"),
    [("pt-BR", "o que você faz?"), ("en", "what can you do?"), ("es", "¿qué puedes hacer?")],
)
async def test_the_bot_says_what_it_can_do(system: System, locale: str, text: str) -> None:
    async with visitor(system, locale=locale) as customer:
        answer = await customer.say(text)
    assert answer.text.count("\n") >= 3
    assert answer.owner == "bot"


async def test_a_question_in_the_middle_of_a_flow_is_answered(system: System) -> None:
    async with visitor(system, locale="en") as customer:
        await customer.say("where is my order?")
        between = await customer.say("are you open on Sunday?")
        assert "closed" in between.text
        sent = await customer.say("AUR-10021")
        assert "AUR-10021" in sent.text
        cancelled = await customer.say("never mind")
        assert cancelled.owner == "bot"


async def _orders(system: System) -> dict[str, str]:
    """Return {number: address} from the demo store."""
    from bot.kit.db import open_database
    from bot.shop import repository as shop

    db = open_database(system.database_url)
    try:
        return {order.number: order.email for order in await db.read(shop.list_orders)}
    finally:
        await db.close()
