"""What customers are told about opening hours, word for word."""

from datetime import UTC, datetime, timedelta

import pytest

from bot.hours import repository
from bot.hours.answer import AnswerKind
from bot.hours.calendar import Calendar
from bot.hours.service import Hours, answer_question, hours_sentence, is_open
from bot.kit.db import Database
from bot.kit.errors import NotFound
from tests.bot.hours.shop_calendar import NOON, shop_calendar

MORNING = datetime(2026, 11, 18, 13, 0, tzinfo=UTC)  # 10:00 in São Paulo
EVENING = datetime(2026, 11, 18, 22, 0, tzinfo=UTC)  # 19:00

SAID: list[tuple[str, str, datetime, str]] = [
    (
        "pt-BR",
        "Vocês abrem domingo?",
        NOON,
        (
            "No domingo, 22 de novembro, estamos fechados. Voltamos a atender na segunda-feira, "
            "23 de novembro, às 9h (horário de Brasília)."
        ),
    ),
    (
        "en",
        "Are you open next Friday?",
        NOON,
        (
            "On Friday, 20 November (Black Awareness Day), we're closed. We open again on "
            "Saturday, "
            "21 November, at 9:00 (Brasilia time)."
        ),
    ),
    (
        "es",
        "¿Abren el sábado?",
        NOON,
        "El sábado 21 de noviembre, nuestro horario es de 9:00 a 13:00 (hora de Brasilia).",
    ),
    (
        "pt-BR",
        "abre na véspera de natal?",
        NOON,
        (
            "Na quinta-feira, 24 de dezembro (véspera de Natal), nosso horário é das 9h às 12h "
            "(horário de Brasília)."
        ),
    ),
    (
        "es",
        "¿abren en Navidad?",
        NOON,
        (
            "El viernes 25 de diciembre (Navidad), estamos cerrados. Volvemos a atender el "
            "sábado 26 "
            "de diciembre, a las 9:00 (hora de Brasilia)."
        ),
    ),
    (
        "pt-BR",
        "vocês abrem no carnaval?",
        NOON,
        (
            "Na segunda-feira, 8 de fevereiro de 2027 (Carnaval), nosso horário é das 9h às "
            "12h e das "
            "13h às 18h (horário de Brasília). Na terça-feira, 9 de fevereiro de 2027 (Carnaval), "
            "nosso horário é das 9h às 12h e das 13h às 18h."
        ),
    ),
    (
        "en",
        "Are you open at 7pm?",
        NOON,
        (
            "No: today, Wednesday, 18 November, we're closed at 19:00. Our hours that day are from "
            "9:00 to 12:00 and from 13:00 to 18:00 (Brasilia time)."
        ),
    ),
    (
        "es",
        "¿mañana a las 17 abren?",
        NOON,
        (
            "Sí: mañana, jueves 19 de noviembre, estamos abiertos a las 17:00. El horario de "
            "ese día "
            "es de 9:00 a 12:00 y de 13:00 a 18:00 (hora de Brasilia)."
        ),
    ),
    (
        "pt-BR",
        "estão abertos agora?",
        MORNING,
        (
            "Estamos abertos agora, até as 12h (horário de Brasília). Hoje, quarta-feira, 18 de "
            "novembro, nosso horário é das 9h às 12h e das 13h às 18h."
        ),
    ),
    (
        "en",
        "are you open right now?",
        EVENING,
        (
            "We're closed right now. We open again tomorrow, Thursday, 19 November, at 9:00 "
            "(Brasilia time). Today, Wednesday, 18 November, we're open from 9:00 to 12:00 and "
            "from "
            "13:00 to 18:00."
        ),
    ),
    (
        "pt-BR",
        "fecham para o almoço?",
        MORNING,
        (
            "Sim: hoje, quarta-feira, 18 de novembro, fazemos uma pausa das 12h às 13h (horário de "
            "Brasília)."
        ),
    ),
    (
        "en",
        "do you close for lunch on saturday?",
        MORNING,
        (
            "No: on Saturday, 21 November, we don't close for lunch. On Saturday, 21 November, "
            "we're "
            "open from 9:00 to 13:00 (Brasilia time)."
        ),
    ),
    (
        "es",
        "¿abren en festivos?",
        MORNING,
        (
            "Los días festivos estamos cerrados. El próximo día con horario diferente es "
            "viernes 20 "
            "de noviembre (Día de la Conciencia Negra): cerrado (hora de Brasilia)."
        ),
    ),
]


@pytest.mark.parametrize(("locale", "question", "now", "said"), SAID)
def test_answers(locale: str, question: str, now: datetime, said: str) -> None:
    assert answer_question(shop_calendar(), question, locale=locale, now=now).text == said


def test_the_week_with_the_holiday_ahead_and_the_present_state() -> None:
    answer = answer_question(shop_calendar(), "qual o horário?", locale="pt-BR", now=MORNING)
    assert answer.kind is AnswerKind.WEEK
    assert answer.text == (
        "Nosso horário de atendimento (horário de Brasília):\n\n"
        "- segunda a sexta-feira: 9h–12h e 13h–18h\n"
        "- sábado: 9h–13h\n"
        "- domingo: fechado\n\n"
        "Dias com horário diferente:\n\n"
        "- sexta-feira, 20 de novembro (Consciência Negra): fechado\n\n"
        "Estamos abertos agora, até as 12h."
    )


def test_many_days_become_a_list() -> None:
    answer = answer_question(shop_calendar(), "next week", locale="en", now=MORNING)
    assert answer.text.count("\n- ") == 7
    assert "- Sunday, 29 November: closed" in answer.text


def test_the_shops_own_special_day_is_known_by_name() -> None:
    answer = answer_question(shop_calendar(), "open at stock-taking?", locale="en", now=MORNING)
    assert answer.text.startswith("On Tuesday, 8 December (Stock-taking), we're closed.")


def test_a_shop_that_never_opens_promises_nothing() -> None:
    never = Calendar(key="n", timezone="UTC", week=((),) * 7)
    text = answer_question(never, "open tomorrow?", locale="en", now=MORNING).text
    assert text.endswith("At the moment we have no date for opening again.")
    assert "UTC" in answer_question(never, "hours?", locale="en", now=MORNING).text


async def test_calendars_are_stored_and_changed(db: Database) -> None:
    hours = Hours(db)
    with pytest.raises(NotFound):
        await hours.answer("hoje", locale="pt-BR", now=NOON)
    calendar = shop_calendar()
    await db.write(lambda tx: repository.save_calendar(tx, calendar, now=NOON))
    assert await hours.get("main", now=NOON) == calendar
    assert not await hours.is_open("main", NOON)
    assert await hours.is_open("main", MORNING)
    assert await hours.next_opening("main", NOON) == NOON + timedelta(hours=1)
    assert "segunda a sexta-feira" in await hours.describe("main", locale="pt-BR", now=NOON)
    assert [day.closed for day in await hours.days("main", now=NOON, count=5)] == [
        False, False, True, False, True,
    ]  # fmt: skip
    await db.write(lambda tx: repository.save_calendar(tx, calendar, now=NOON))
    assert len((await hours.get("main", now=NOON)).special_days) == 4
    assert await db.read(repository.list_keys) == ["main"]


async def test_one_sentence_for_those_who_wait(db: Database) -> None:
    await db.write(lambda tx: repository.save_calendar(tx, shop_calendar(), now=NOON))

    assert await db.read(lambda conn: hours_sentence(conn, "main", "en", MORNING)) == (
        "Our team is here until 12:00 (Brasilia time)."
    )
    assert await db.read(lambda conn: hours_sentence(conn, "main", "pt-BR", EVENING)) == (
        "Nossa equipe volta amanhã, quinta-feira, 19 de novembro, às 9h (horário de Brasília)."
    )
    assert await db.read(lambda conn: hours_sentence(conn, "other", "en", EVENING)) == ""
    assert await db.read(lambda conn: is_open(conn, "other", EVENING))
