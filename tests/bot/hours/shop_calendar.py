"""The calendar that the tests of opening hours ask about."""

from datetime import UTC, date, datetime

from bot.hours.calendar import Calendar, Interval, SpecialDay
from bot.hours.public_holidays import around

TODAY = date(2026, 11, 18)
"""A Wednesday; Friday is a public holiday."""
NOON = datetime(2026, 11, 18, 15, 0, tzinfo=UTC)
"""12:00 in São Paulo: the lunch break begins."""
WORKDAY = (Interval.parse("09:00", "12:00"), Interval.parse("13:00", "18:00"))
MORNING = (Interval.parse("09:00", "12:00"),)


def shop_calendar(*, year: int = 2026) -> Calendar:
    """Monday to Friday with a lunch break, Saturday until 13, half days at the end of the year."""
    return Calendar(
        key="main",
        timezone="America/Sao_Paulo",
        week=(*(WORKDAY for _ in range(5)), (Interval.parse("09:00", "13:00"),), ()),
        special_days=(
            SpecialDay(12, 8, names={"pt-BR": "Inventário", "en": "Stock-taking"}),
            SpecialDay(12, 24, names={"pt-BR": "véspera de Natal"}, intervals=MORNING),
            SpecialDay(12, 31, names={}, intervals=MORNING),
            SpecialDay(12, 31, year=2027, names={}, intervals=()),
        ),
        holidays=around("BR", "SP", year=year),
        name="Main",
        country="BR",
        state="SP",
    )
