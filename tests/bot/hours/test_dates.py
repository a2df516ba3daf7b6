"""Which days a question is about: one table of what people write, in three languages."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.hours.dates import Asked, understand
from tests.bot.hours.shop_calendar import TODAY

NEXT = 2027


def ask(text: str, locale: str = "pt-BR", *, today: date = TODAY) -> Asked:
    return understand(text, today=today, locale=locale)


def nov(day: int) -> date:
    return date(2026, 11, day)


def dec(day: int) -> date:
    return date(2026, 12, day)


# Wednesday, 18 November 2026.
DAYS: list[tuple[str, str, tuple[date, ...]]] = [
    # weekdays
    ("pt-BR", "Vocês abrem domingo?", (nov(22),)),
    ("pt-BR", "abre aos domingos?", (nov(22),)),
    ("pt-BR", "sábado que vem vocês abrem?", (nov(21),)),
    ("pt-BR", "segunda-feira abre", (nov(23),)),
    ("pt-BR", "abre na 2ª feira?", (nov(23),)),
    ("pt-BR", "que horas abre terça?", (nov(24),)),
    ("pt-BR", "hoje é quarta, abre quarta que vem?", (nov(18), nov(25))),
    ("pt-BR", "segunda da semana que vem", (nov(23),)),
    ("pt-BR", "quinta e sexta", (nov(19), nov(20))),
    ("en", "Are you open next Friday?", (nov(20),)),
    ("en", "are you open on sundays?", (nov(22),)),
    ("en", "this Wednesday?", (nov(18),)),
    ("en", "next wednesday", (nov(25),)),
    ("en", "open sat and sun?", (nov(21), nov(22))),
    ("es", "¿Este viernes abren?", (nov(20),)),
    ("es", "abren el miércoles próximo", (nov(25),)),
    ("es", "el lunes que viene", (nov(23),)),
    ("es", "¿los jueves abren?", (nov(19),)),
    # relative days
    ("pt-BR", "abrem hoje?", (nov(18),)),
    ("pt-BR", "e amanhã?", (nov(19),)),
    ("pt-BR", "depois de amanhã", (nov(20),)),
    ("pt-BR", "hoje à noite", (nov(18),)),
    ("en", "tomorrow morning", (nov(19),)),
    ("en", "the day after tomorrow", (nov(20),)),
    ("en", "tonight", (nov(18),)),
    ("es", "¿abren mañana por la mañana?", (nov(19),)),
    ("es", "pasado mañana", (nov(20),)),
    ("es", "¿abren por la mañana?", ()),
    ("es", "hoy abren?", (nov(18),)),
    ("pt-BR", "hj abre?", (nov(18),)),
    ("pt-BR", "daqui a 3 dias", (nov(21),)),
    ("en", "are you open in two days?", (nov(20),)),
    ("en", "a week from today", (nov(25),)),
    ("es", "dentro de dos días", (nov(20),)),
    # weekends and weeks
    ("pt-BR", "abre no fim de semana?", (nov(21), nov(22))),
    ("en", "at the weekend", (nov(21), nov(22))),
    ("es", "el finde", (nov(21), nov(22))),
    ("en", "next week", tuple(nov(day) for day in range(23, 30))),
    # feasts
    ("pt-BR", "abrem no Natal?", (dec(25),)),
    ("pt-BR", "e na véspera de natal?", (dec(24),)),
    ("pt-BR", "véspera de ano novo", (dec(31),)),
    ("pt-BR", "réveillon", (dec(31),)),
    ("pt-BR", "no ano novo", (date(NEXT, 1, 1),)),
    ("pt-BR", "abre no carnaval?", (date(NEXT, 2, 8), date(NEXT, 2, 9))),
    ("pt-BR", "quarta-feira de cinzas", (date(NEXT, 2, 10),)),
    ("pt-BR", "sexta-feira santa", (date(NEXT, 3, 26),)),
    ("pt-BR", "domingo de páscoa", (date(NEXT, 3, 28),)),
    ("pt-BR", "Corpus Christi", (date(NEXT, 5, 27),)),
    ("pt-BR", "tiradentes", (date(NEXT, 4, 21),)),
    ("pt-BR", "dia do trabalho", (date(NEXT, 5, 1),)),
    ("pt-BR", "dia da independência", (date(NEXT, 9, 7),)),
    ("pt-BR", "Nossa Senhora Aparecida", (date(NEXT, 10, 12),)),
    ("pt-BR", "finados", (date(NEXT, 11, 2),)),
    ("pt-BR", "proclamação da república", (date(NEXT, 11, 15),)),
    ("pt-BR", "consciência negra", (nov(20),)),
    ("pt-BR", "black friday", (nov(27),)),
    ("pt-BR", "dia das mães", (date(NEXT, 5, 9),)),
    ("en", "Are you open on Christmas Eve?", (dec(24),)),
    ("en", "Christmas", (dec(25),)),
    ("en", "New Year's Day", (date(NEXT, 1, 1),)),
    ("en", "new year’s eve", (dec(31),)),
    ("en", "the eve of christmas", (dec(24),)),
    ("en", "Good Friday", (date(NEXT, 3, 26),)),
    ("es", "¿abren en Navidad?", (dec(25),)),
    ("es", "nochebuena", (dec(24),)),
    ("es", "año nuevo", (date(NEXT, 1, 1),)),
    ("es", "viernes santo", (date(NEXT, 3, 26),)),
    # written dates
    ("pt-BR", "25/12", (dec(25),)),
    ("pt-BR", "abre 01/12?", (dec(1),)),
    ("pt-BR", "25/12/2027", (date(2027, 12, 25),)),
    ("pt-BR", "25-12-26", (dec(25),)),
    ("en", "12/25", (dec(25),)),
    ("en", "25/12", (dec(25),)),
    ("en", "12/1", (dec(1),)),
    ("pt-BR", "25 de dezembro", (dec(25),)),
    ("pt-BR", "1º de maio", (date(NEXT, 5, 1),)),
    ("pt-BR", "primeiro de janeiro", (date(NEXT, 1, 1),)),
    ("pt-BR", "dia 24 de dezembro", (dec(24),)),
    ("pt-BR", "no dia 30", (nov(30),)),
    ("pt-BR", "dia 5", (dec(5),)),
    ("en", "December 25th", (dec(25),)),
    ("en", "the 25th of December", (dec(25),)),
    ("en", "on dec 24, 2026", (dec(24),)),
    ("es", "el 25 de diciembre", (dec(25),)),
    ("es", "el 25", (nov(25),)),
    ("en", "2026-12-24", (dec(24),)),
    ("pt-BR", "29/02", (date(2028, 2, 29),)),
    ("pt-BR", "31/02", ()),
    # typing errors and missing accents
    ("pt-BR", "voces abrem sabdo", (nov(21),)),
    ("pt-BR", "domigno abre?", (nov(22),)),
    ("pt-BR", "amnha", (nov(19),)),
    ("pt-BR", "abre no carnval", (date(NEXT, 2, 8), date(NEXT, 2, 9))),
    ("en", "tommorow", (nov(19),)),
    ("en", "wendsday", (nov(18),)),
    ("en", "saterday", (nov(21),)),
    ("en", "chrismas", (dec(25),)),
    ("es", "el miercoles", (nov(18),)),
    ("es", "vierens", (nov(20),)),
    # what only looks like a day
    ("pt-BR", "tem loja perto, cerca de mim?", ()),
    ("pt-BR", "um segundo, qual o horário?", ()),
    ("pt-BR", "todos os pedidos", ()),
    ("pt-BR", "qual é o horário de vocês?", ()),
    ("en", "what are your opening hours?", ()),
    ("es", "¿cuál es el horario?", ()),
]


@pytest.mark.parametrize(("locale", "text", "days"), DAYS)
def test_days(locale: str, text: str, days: tuple[date, ...]) -> None:
    assert ask(text, locale).days == days


TIMES: list[tuple[str, str, int | None]] = [
    ("pt-BR", "abertos às 19h?", 19 * 60),
    ("pt-BR", "às 13h30 abre?", 13 * 60 + 30),
    ("pt-BR", "abre as 8 da manhã?", 8 * 60),
    ("pt-BR", "abre às 7 da noite?", 19 * 60),
    ("pt-BR", "vocês atendem ao meio-dia?", 12 * 60),
    ("pt-BR", "até as 20h?", None),
    ("pt-BR", "das 9 às 18?", None),
    ("en", "open at 7pm?", 19 * 60),
    ("en", "open at 7:30 p.m. today?", 19 * 60 + 30),
    ("en", "at 10 am", 10 * 60),
    ("en", "at noon", 12 * 60),
    ("en", "at 5?", 17 * 60),
    ("en", "from 9 to 5?", None),
    ("es", "¿abren a las 7 de la tarde?", 19 * 60),
    ("es", "a las 13:30", 13 * 60 + 30),
    ("es", "¿hasta las 20?", None),
    ("pt-BR", "tenho 2 pedidos", None),
]


@pytest.mark.parametrize(("locale", "text", "minute"), TIMES)
def test_times(locale: str, text: str, minute: int | None) -> None:
    assert ask(text, locale).minute == minute


def test_a_time_without_a_day_is_about_today() -> None:
    assert ask("abertos às 19h?").days == (TODAY,)


@pytest.mark.parametrize(
    ("locale", "text"),
    [
        ("pt-BR", "vocês estão abertos agora?"),
        ("pt-BR", "tá aberto?"),
        ("en", "are you open right now?"),
        ("en", "are you open?"),
        ("es", "¿están abiertos ahora?"),
    ],
)
def test_now(locale: str, text: str) -> None:
    assert ask(text, locale).now


def test_when_are_you_open_is_not_about_now() -> None:
    assert not ask("when are you open?", "en").now
    assert not ask("quando está aberto?").now


@pytest.mark.parametrize(
    ("locale", "text"),
    [
        ("pt-BR", "de segunda a sexta"),
        ("pt-BR", "de segunda-feira a sexta-feira"),
        ("en", "Monday to Friday"),
        ("es", "de lunes a viernes"),
        ("es", "entre semana"),
        ("pt-BR", "em dias úteis"),
        ("en", "are you open 24/7?"),
        ("pt-BR", "atendem 24 horas?"),
    ],
)
def test_the_week_as_a_whole(locale: str, text: str) -> None:
    asked = ask(text, locale)
    assert asked.week
    assert asked.minute is None


@pytest.mark.parametrize(
    ("locale", "text"),
    [
        ("pt-BR", "vocês fecham para o almoço?"),
        ("en", "do you close for lunch?"),
        ("es", "¿cierran al mediodía?"),
        ("es", "¿cierran para el almuerzo?"),
    ],
)
def test_lunch(locale: str, text: str) -> None:
    asked = ask(text, locale)
    assert asked.lunch or asked.minute == 720


@pytest.mark.parametrize("text", ["abrem em feriados?", "open on holidays?", "¿abren festivos?"])
def test_holidays_in_general(text: str) -> None:
    assert ask(text).holidays
    assert not ask(text).days


def test_a_weekend_asked_about_on_sunday_is_today() -> None:
    assert ask("fim de semana", today=nov(22)).days == (nov(22),)


def test_names_of_the_calendars_own_days() -> None:
    asked = understand(
        "are you open at stock-taking?",
        today=TODAY,
        locale="en",
        named_days=[("Stock-taking", dec(8))],
    )
    assert asked.days == (dec(8),)


@given(st.text(max_size=200))
def test_no_text_breaks_it(text: str) -> None:
    for locale in ("pt-BR", "en", "es"):
        assert isinstance(ask(text, locale), Asked)
