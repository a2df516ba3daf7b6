"""What may be entered as opening hours, which place a question means, and what is said."""

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.hours.calendar import Calendar, HoursNotice, Interval, day_hours
from bot.hours.editing import EnteredDay, EnteredHours, EnteredNotice, key_problem, read_hours
from bot.hours.places import find_places
from bot.hours.service import answer_for_places

DAY = [["09:00", "12:00"], ["13:00", "18:00"]]
WEEK = [DAY, DAY, DAY, DAY, DAY, [], []]
NOON = datetime(2026, 11, 18, 15, 0, tzinfo=UTC)  # a Wednesday, 12:00 in São Paulo


def hours(**changes: object) -> EnteredHours:
    return replace(EnteredHours("Shop", "America/Sao_Paulo", WEEK), **changes)  # type: ignore[arg-type]


def problems(entered: EnteredHours) -> list[tuple[str, str]]:
    _, found = read_hours("shop", entered, default_locale="pt-BR")
    return [(problem.pointer, problem.code) for problem in found]


def monday(*times: list[str]) -> EnteredHours:
    return hours(week=[list(times), *WEEK[1:]])


@pytest.mark.parametrize(
    ("entered", "expected"),
    [
        (hours(), []),
        (monday(["00:00", "24:00"]), []),
        (monday(["13:00", "18:00"], ["09:00", "13:00"]), []),
        (monday(["12:00", "09:00"]), [("/week/0/0", "end_before_start")]),
        (monday(["22:00", "02:00"]), [("/week/0/0", "end_before_start")]),
        (monday(["09:00", "09:00"]), [("/week/0/0", "end_before_start")]),
        (monday(["09:00", "13:00"], ["12:00", "18:00"]), [("/week/0/1", "overlap")]),
        (monday(["9h", "12:00"]), [("/week/0/0", "time")]),
        (monday(["24:30", "24:40"]), [("/week/0/0", "time")]),
        (monday(["09:00", "25:00"]), [("/week/0/0", "time")]),
        (monday(["09:00"]), [("/week/0/0", "time")]),
        (monday(*[["09:00", "10:00"]] * 9), [("/week/0", "too_many")]),
        (hours(week=WEEK[:6]), [("/week", "week")]),
        (hours(week=[[]] * 7), [("/week", "never_open")]),
        (hours(name="  "), [("/name", "empty")]),
        (hours(timezone="Mars/Base"), [("/timezone", "timezone")]),
        (hours(state="SP"), [("/state", "holidays")]),
        (hours(names={"fr": "Magasin"}), [("/names", "locale")]),
        (
            hours(exceptions=[EnteredDay(2026, 2, 30, {}, [])]),
            [("/exceptions/0", "date")],
        ),
        (hours(exceptions=[EnteredDay(None, 2, 29, {}, [])]), []),
        (
            hours(exceptions=[EnteredDay(2026, 12, 24, {}, []), EnteredDay(2026, 12, 24, {}, DAY)]),
            [("/exceptions/1", "duplicate")],
        ),
        (
            hours(exceptions=[EnteredDay(2026, 12, 24, {}, [["10:00", "09:00"]])]),
            [("/exceptions/0/intervals/0", "end_before_start")],
        ),
        (
            hours(notices=[EnteredNotice(date(2026, 12, 5), date(2026, 12, 1), {"pt-BR": "x"})]),
            [("/notices/0", "end_before_start")],
        ),
        (
            hours(notices=[EnteredNotice(date(2026, 12, 1), date(2026, 12, 5), {"en": "x"})]),
            [("/notices/0/texts", "text_missing")],
        ),
    ],
)
def test_what_may_be_entered(entered: EnteredHours, expected: list[tuple[str, str]]) -> None:
    assert problems(entered) == expected


@pytest.mark.parametrize(
    ("key", "works"),
    [
        ("moema", True),
        ("shop-2", True),
        ("Moema", False),
        ("", False),
        ("preview", False),
        ("a b", False),
    ],
)
def test_keys(key: str, works: bool) -> None:
    assert (key_problem(key) is None) is works


@given(
    st.lists(
        st.lists(st.lists(st.text("0123456789:", max_size=5), min_size=2, max_size=2), max_size=4),
        min_size=7,
        max_size=7,
    )
)
def test_whatever_is_typed_ends_in_a_calendar_or_a_reason(week: list[list[list[str]]]) -> None:
    calendar, found = read_hours("shop", hours(week=week), default_locale="pt-BR")
    assert (calendar is None) is bool(found)
    if calendar is not None:
        for n, times in enumerate(week):
            total = sum(i.closes - i.opens for i in calendar.week[n])
            merged = day_hours(calendar, date(2026, 11, 16 + n)).intervals
            assert total == sum(i.closes - i.opens for i in merged)
            assert len(times) == len(calendar.week[n])


def place(key: str, names: dict[str, str], *words: str, opens: str = "10:00") -> Calendar:
    return Calendar(
        key=key,
        timezone="America/Sao_Paulo",
        week=((Interval.parse(opens, "20:00"),),) * 7,
        names=names,
        words=words,
        name=key,
    )


MAIN = place("main", {}, opens="09:00")
MOEMA = place("moema", {"pt-BR": "Loja Moema", "en": "Moema shop"}, "Moema", opens="11:00")
NORTH = place("north", {"pt-BR": "Moema Norte"}, opens="12:00")
ALL = [MAIN, MOEMA, NORTH]


def ask(text: str, *, locale: str = "pt-BR", calendars: list[Calendar] = ALL) -> str:
    return answer_for_places(calendars[0], calendars, text, locale=locale, now=NOON).text


def test_a_question_is_answered_about_the_place_it_names() -> None:
    assert "das 9h às 20h" in ask("que horas abre amanhã?")
    assert ask("que horas abre amanhã em moema?").startswith("**Loja Moema**\n\n")
    assert "das 11h às 20h" in ask("que horas abre amanhã em MOEMA?")
    assert "das 12h às 20h" in ask("a moema norte abre amanhã?")
    assert "from 11:00 to 20:00" in ask("is the Moema shop open tomorrow?", locale="en")


def test_two_places_in_one_question() -> None:
    text = ask("moema norte e a loja moema abrem domingo?")
    assert text.index("Moema Norte") < text.index("Loja Moema")
    assert "das 12h às 20h" in text
    assert "das 11h às 20h" in text


def test_the_general_answer_tells_of_the_other_places() -> None:
    assert "Têm horário próprio: Loja Moema e Moema Norte." in ask("qual o horário?")
    assert "horário próprio" not in ask("abre amanhã?")
    assert "horário próprio" not in ask("qual o horário?", calendars=[MAIN])


def test_a_place_called_like_a_day_is_not_read_as_one() -> None:
    sunday = place("sunday", {"en": "Sunday Café"}, opens="07:00")
    found = find_places("is the Sunday Café open?", [MAIN, sunday])
    assert found.places == (sunday,)
    assert "sunday" not in found.rest


def test_notices_are_said_while_they_hold_or_about_their_days() -> None:
    notice = HoursNotice(date(2026, 11, 20), date(2026, 11, 22), {"pt-BR": "Obras na entrada."})
    main = replace(MAIN, notices=(notice,))
    assert "Obras" not in ask("abre hoje?", calendars=[main])
    assert ask("abre sábado?", calendars=[main]).startswith("Obras na entrada.\n\n")
    later = datetime(2026, 11, 21, 15, 0, tzinfo=UTC)
    said = answer_for_places(main, [main], "qual o horário?", locale="es", now=later).text
    assert said.startswith("Obras na entrada.")
