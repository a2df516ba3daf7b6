"""When somebody is there: lunch, holidays, special days, shifts over midnight, clock changes."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from bot.hours.calendar import (
    Calendar,
    Interval,
    SpecialDay,
    at_minute,
    breaks,
    closes_at,
    day_hours,
    merge,
    next_opening,
    open_at,
)
from bot.hours.feasts import BY_KEY, easter
from bot.hours.public_holidays import feast_dates, in_year
from bot.kit.errors import Invalid
from tests.bot.hours.shop_calendar import MORNING, WORKDAY, shop_calendar

ZONE = ZoneInfo("America/Sao_Paulo")


def local(day: int, hour: int, minute: int = 0, *, month: int = 11, year: int = 2026) -> datetime:
    return datetime(year, month, day, hour, minute, tzinfo=ZONE).astimezone(UTC)


@pytest.mark.parametrize(
    ("at", "is_open"),
    [
        (local(18, 8, 59), False),
        (local(18, 9), True),
        (local(18, 11, 59), True),
        (local(18, 12), False),  # lunch
        (local(18, 12, 59), False),
        (local(18, 13), True),
        (local(18, 17, 59), True),
        (local(18, 18), False),
        (local(21, 12, 30), True),  # Saturday has no lunch break
        (local(21, 13), False),
        (local(22, 10), False),  # Sunday
        (local(20, 10), False),  # public holiday
        (local(24, 10, month=12), True),  # half day
        (local(24, 13, month=12), False),
        (local(25, 10, month=12), False),
        (local(31, 10, month=12), True),
        (local(31, 10, month=12, year=2027), False),  # that year's entry wins
        (local(8, 10, month=12), False),  # closed every year on this date
        (local(9, 10, month=7), False),  # holiday of the state
    ],
)
def test_open_at(at: datetime, is_open: bool) -> None:
    assert open_at(shop_calendar(), at) is is_open


@pytest.mark.parametrize(
    ("after", "opens"),
    [
        (local(18, 7), local(18, 9)),
        (local(18, 10), local(18, 13)),
        (local(18, 12, 30), local(18, 13)),
        (local(18, 19), local(19, 9)),
        (local(19, 19), local(21, 9)),  # over the holiday
        (local(21, 14), local(23, 9)),
        (local(24, 12, month=12), local(26, 9, month=12)),
    ],
)
def test_next_opening(after: datetime, opens: datetime) -> None:
    assert next_opening(shop_calendar(), after) == opens


def test_closing_time_is_of_the_interval_that_runs() -> None:
    assert closes_at(shop_calendar(), local(18, 10)) == local(18, 12)
    assert closes_at(shop_calendar(), local(18, 15)) == local(18, 18)
    assert closes_at(shop_calendar(), local(18, 12)) is None


def _calendar(*week: tuple[Interval, ...], timezone: str = "America/Sao_Paulo") -> Calendar:
    return Calendar(key="c", timezone=timezone, week=week)


def test_a_shift_over_midnight_is_one() -> None:
    night = (Interval(0, 120), Interval(20 * 60, 1440))
    calendar = _calendar(*(night for _ in range(7)))
    assert open_at(calendar, local(19, 1))
    assert closes_at(calendar, local(18, 22)) == local(19, 2)
    assert next_opening(calendar, local(18, 22)) == local(19, 20)


def test_a_team_that_is_never_there_has_no_next_opening() -> None:
    never = _calendar(*(() for _ in range(7)))
    assert next_opening(never, local(18, 10)) is None
    assert not open_at(never, local(18, 10))


def test_a_team_that_never_leaves_does_not_close() -> None:
    always = _calendar(*((Interval(0, 1440),) for _ in range(7)))
    assert open_at(always, local(18, 3))
    assert closes_at(always, local(18, 3)) is None


def test_hours_are_local_on_both_sides_of_a_clock_change() -> None:
    calendar = _calendar(*(MORNING for _ in range(7)), timezone="America/New_York")
    before = at_minute(calendar, date(2026, 3, 7), 540)
    after = at_minute(calendar, date(2026, 3, 8), 540)  # clocks go forward that night
    assert before.hour == 14
    assert after.hour == 13
    assert after - before == timedelta(hours=23)


def test_intervals_are_put_in_order_and_joined() -> None:
    assert merge((Interval(600, 720), Interval(540, 600), Interval(800, 900))) == (
        Interval(540, 720),
        Interval(800, 900),
    )
    assert breaks(day_hours(shop_calendar(), date(2026, 11, 18))) == (Interval(720, 780),)


@pytest.mark.parametrize(("opens", "closes"), [("12:00", "09:00"), ("09:00", "09:00"), ("9", "x")])
def test_impossible_intervals_are_refused(opens: str, closes: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        Interval.parse(opens, closes)
    assert Interval.parse("18:00", "24:00").as_text() == ["18:00", "24:00"]


def test_a_special_day_wins_over_a_holiday() -> None:
    calendar = shop_calendar()
    open_on_holiday = replace(
        calendar,
        special_days=(*calendar.special_days, _special(date(2026, 11, 20))),
    )
    hours = day_hours(open_on_holiday, date(2026, 11, 20))
    assert hours.intervals == WORKDAY
    assert hours.names["pt-BR"] == "Consciência Negra"


def _special(day: date) -> SpecialDay:
    return SpecialDay(day.month, day.day, year=day.year, intervals=WORKDAY)


@pytest.mark.parametrize(
    ("year", "day"),
    [(2024, date(2024, 3, 31)), (2025, date(2025, 4, 20)), (2026, date(2026, 4, 5)),
     (2027, date(2027, 3, 28)), (2038, date(2038, 4, 25))],
)  # fmt: skip
def test_easter(year: int, day: date) -> None:
    assert easter(year) == day


def test_public_holidays_have_names_in_every_language() -> None:
    names = in_year("BR", "SP", 2026)[date(2026, 11, 20)]
    assert names == {
        "pt-BR": "Consciência Negra",
        "en": "Black Awareness Day",
        "es": "Día de la Conciencia Negra",
    }
    assert in_year("ES", "MD", 2026)[date(2026, 1, 6)]["es"] == "Epifanía del Señor"


def test_feasts_of_other_countries_have_their_own_dates() -> None:
    labour = BY_KEY["labour_day"]
    assert feast_dates(labour, country="US", state=None, year=2026) == [date(2026, 9, 7)]
    assert feast_dates(labour, country="BR", state="SP", year=2026) == [date(2026, 5, 1)]
    independence = BY_KEY["independence"]
    assert date(2026, 7, 4) in feast_dates(independence, country="US", state=None, year=2026)
    assert feast_dates(BY_KEY["tiradentes"], country="US", state=None, year=2026) == []
    assert feast_dates(BY_KEY["christmas"], country="US", state=None, year=2026) == [
        date(2026, 12, 25)
    ]


def test_an_unknown_country_is_said_so() -> None:
    with pytest.raises(Invalid, match="XX"):
        in_year("XX", None, 2026)
