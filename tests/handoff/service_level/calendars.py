"""The calendars of the service level's tests."""

from datetime import UTC, date, datetime

from bot.hours.calendar import Calendar, Interval, SpecialDay

Hours = list[tuple[str, str]]


def utc(text: str) -> datetime:
    """Read `2026-11-18 13:00` or with seconds, as UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def hours(*pairs: str) -> tuple[Interval, ...]:
    """Read `9:00-12:00` and so on."""
    return tuple(Interval.parse(*pair.split("-")) for pair in pairs)


def workdays(zone: str, *pairs: str, key: str = "c", **more: object) -> Calendar:
    day = hours(*pairs)
    return Calendar(key, zone, (day, day, day, day, day, (), ()), **more)  # type: ignore[arg-type]


def sundays(zone: str, *pairs: str, saturday: tuple[str, ...] = ()) -> Calendar:
    return Calendar("c", zone, ((), (), (), (), (), hours(*saturday), hours(*pairs)))


def every_day(zone: str) -> Calendar:
    return Calendar("c", zone, (hours("00:00-24:00"),) * 7)


LUNCH = ("09:00-12:00", "13:00-18:00")
SP = workdays("America/Sao_Paulo", *LUNCH)
SP_LONG = workdays("America/Sao_Paulo", "09:00-18:00")
SP_HOLIDAYS = workdays(
    "America/Sao_Paulo",
    *LUNCH,
    special_days=(
        SpecialDay(12, 24, 2026, {"en": "Christmas Eve"}, hours("09:00-13:00")),
        SpecialDay(11, 28, 2026, {"en": "Stocktaking"}, hours("09:00-12:00")),
        SpecialDay(12, 31, None, {"en": "New Year's Eve"}, hours("09:00-12:00")),
    ),
    holidays={
        date(2026, 11, 20): {"en": "Black Awareness Day"},
        date(2026, 12, 25): {"en": "Christmas"},
        date(2027, 1, 1): {"en": "New Year"},
    },
)
SP_OPEN_HOLIDAY = workdays(
    "America/Sao_Paulo",
    *LUNCH,
    special_days=(SpecialDay(11, 20, 2026, {}, hours("10:00-14:00")),),
    holidays={date(2026, 11, 20): {"en": "Black Awareness Day"}},
)
NY = workdays("America/New_York", "09:00-17:00")
NY_ALWAYS = every_day("America/New_York")
LISBON = workdays("Europe/Lisbon", "09:00-13:00", "14:00-18:00")
LISBON_ALWAYS = every_day("Europe/Lisbon")
KOLKATA = workdays("Asia/Kolkata", "09:00-18:00")
NEVER = Calendar("c", "Europe/Lisbon", ((),) * 7)
