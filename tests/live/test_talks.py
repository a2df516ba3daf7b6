"""The dialogues of ``dialogues.yml``, held with the trained bot through the widget's public interface."""

import itertools
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
import yaml

from bot.conversations.tables import ConversationRow
from bot.kit.db import open_database
from bot.kit.locales import LOCALES, Texts
from bot.shop import repository as shop
from tests.system import Answer, System, Visitor, visitor

DIALOGUES: list[dict[str, Any]] = yaml.safe_load(
    Path(__file__).with_name("dialogues.yml").read_text(encoding="utf-8")
)
TEXTS = Texts()
ORDER_TEXTS = [key for key in TEXTS["en"].bot_keys if re.fullmatch(r"utter_order_[a-z_]+", key)]
#: Words for several texts at once; `article` and `hours` come from the store.
SEVERAL = {
    "order": [key for key in ORDER_TEXTS if key != "utter_order_not_found"],
    "rephrase": ["utter_ask_rephrase", "utter_ask_rephrase_nearest"],
    "desk": ["utter_handoff", "utter_handoff_closed"],
}
NUMBERS = itertools.count(80_001)
#: Orders of different customers: codes to one address are limited.
KNOWN: Iterator[int] = iter(range(10_030, 10_060))

pytestmark = pytest.mark.parametrize("system", ["sqlite"], indirect=True)


@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize("dialogue", DIALOGUES, ids=lambda dialogue: str(dialogue["name"]))
async def test_dialogue(system: System, dialogue: dict[str, Any], locale: str) -> None:
    """Everything that was said and offered, turn by turn."""
    number = next(NUMBERS)
    values = {"order": f"AUR-{number}", "email": f"stranger{number}@example.com"}
    if "{known}" in str(dialogue):
        values["known"] = f"AUR-{next(KNOWN)}"
    address = await _address_of(system, values["known"]) if "known" in values else ""
    mails = len(system.mails(address)) if address else 0
    answer: Answer | None = None
    spoken = locale
    async with visitor(system, locale=locale) as customer:
        for place, turn in enumerate(dialogue["turns"], 1):
            if "press" in turn:
                assert answer is not None
                said = TEXTS.bot(turn["press"], spoken)
                answer = await customer.press(answer, said)
            elif "code" in turn:
                said = await system.code_for(address, after=mails)
                if turn["code"] == "wrong":
                    said = f"{(int(said) + 1) % 10**8:08}"
                answer = await customer.say(said)
            else:
                said = _fill(turn.get(locale) or turn["any"], values)
                answer = await customer.say(said)
            spoken = turn.get("speaks", {}).get(locale, spoken)
            answer = await _whole(customer, answer, len(turn["bot"]))
            _compare(turn, answer, spoken, where=f"turn {place}: {said!r}")


@pytest.mark.parametrize(
    ("locale", "texts"),
    [
        ("pt-BR", ("cadê meu pedido?", "oi", "sim")),
        ("en", ("where is my order?", "hello", "yes")),
        ("es", ("¿dónde está mi pedido?", "hola", "sí")),
    ],
)
async def test_who_comes_back_after_an_hour_is_not_asked_out_of_nothing(
    system: System, locale: str, texts: tuple[str, str, str]
) -> None:
    async with visitor(system, locale=locale) as customer:
        asked = await customer.say(texts[0])
        assert asked.text == TEXTS.bot("utter_ask_order_number", locale)
        await _hours_pass(system, customer.conversation_id, hours=1.01)
        greeted = await customer.say(texts[1])
        assert greeted.text == TEXTS.bot("utter_greet", locale), "the form is over"
        nothing = await customer.say(texts[2])
        assert nothing.text == TEXTS.bot("utter_nothing_to_confirm", locale)
        await _hours_pass(system, customer.conversation_id, hours=30)
        number = f"AUR-{next(NUMBERS)}"
        sent = await customer.say(number)
        assert number in sent.text, "what is needed is still understood at once"


async def _hours_pass(system: System, conversation_id: str, *, hours: float) -> None:
    """Let a conversation be that old; the clock of a running system can't be moved."""
    db = open_database(system.database_url)
    moment = datetime.now(UTC) - timedelta(hours=hours)
    try:
        await db.write(
            lambda tx: tx.conn.execute(
                sa.update(ConversationRow)
                .where(ConversationRow.id == conversation_id)
                .values(updated_at=moment)
            )
        )
    finally:
        await db.close()


def _compare(turn: dict[str, Any], answer: Answer, locale: str, *, where: str) -> None:
    told = [message["text"] for message in answer.messages]
    assert len(told) == len(turn["bot"]), (where, told)
    for expected, message in zip(turn["bot"], answer.messages, strict=True):
        assert _says(expected, message, locale), (where, expected, message["text"])
    labels = [choice["label"] for choice in answer.choices]
    assert len(labels) <= 5, where
    wanted = [TEXTS.bot(key, locale) for key in turn.get("offers", [])]
    assert labels[len(labels) - len(wanted) :] == wanted, (where, labels)
    if "because" in turn:
        assert told[-1].startswith(TEXTS.bot(turn["because"], locale)), (where, told)
    assert answer.owner == turn.get("owner", "bot"), where


def _says(expected: str, message: dict[str, Any], locale: str) -> bool:
    text = str(message["text"])
    if expected in {"article", "hours"}:
        # Whatever the store has; no text of the bot's own.
        own = any(_pattern(key, locale).fullmatch(text) for key in TEXTS[locale].bot_keys)
        return message["author"] == "bot" and not own
    keys = SEVERAL.get(expected, [expected])
    if expected == "desk":
        return message["author"] == "system" and any(
            _pattern(key, locale).search(text) for key in keys
        )
    return any(_pattern(key, locale).fullmatch(text) for key in keys)


def _pattern(key: str, locale: str) -> re.Pattern[str]:
    template = re.escape(" ".join(TEXTS.template(key, locale).split()))
    return re.compile(re.sub(r"\\\{\w+\\\}", ".*?", template).replace(r"\ ", r"\s*"), re.DOTALL)


def _fill(text: str, values: dict[str, str]) -> str:
    for name, value in values.items():
        text = text.replace("{" + name + "}", value)
    return text


async def _whole(customer: Visitor, answer: Answer, count: int) -> Answer:
    """All messages of one answer are stored at once, but a poll may come in between."""
    if len(answer.messages) >= count:
        return answer
    seen = int(answer.messages[0]["seq"]) - 1
    data = await customer.read(after=seen)
    return Answer([m for m in data["messages"] if m["author"] != "customer"], data["owner"])


async def _address_of(system: System, number: str) -> str:
    db = open_database(system.database_url)
    try:
        orders = await db.read(shop.list_orders)
    finally:
        await db.close()
    return next(order.email for order in orders if order.number == number)
