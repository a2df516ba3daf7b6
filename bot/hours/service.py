"""Opening hours for the rest of the house: is somebody there, when again, what to say."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import sqlalchemy as sa

from bot.hours import answer as answers
from bot.hours import calendar as rules
from bot.hours import repository
from bot.hours.answer import AnswerKind, OpeningAnswer
from bot.hours.calendar import Calendar, DayHours
from bot.hours.dates import Asked, understand
from bot.hours.feasts import Feast
from bot.hours.places import find_places, notice_text, notices_for, place_name
from bot.hours.public_holidays import feast_dates, in_year
from bot.hours.wording import join, wording_for
from bot.kit.db import Database
from bot.kit.errors import NotFound
from bot.kit.locales import Texts

MAIN = "main"
"""The calendar that customers are told about."""

__all__ = ["MAIN", "AnswerKind", "Hours", "OpeningAnswer", "hours_sentence", "is_open"]


@dataclass(frozen=True, slots=True)
class Hours:
    """Reads calendars; a change made by an admin holds at once."""

    db: Database
    texts: Texts | None = None
    """Where the sentences come from; by default they are as shipped."""

    async def warm_up(self) -> None:
        """Load what the first question would wait half a second for; call it at start."""
        await asyncio.to_thread(in_year, "BR", None, 2026)

    async def answer(
        self, text: str, *, locale: str, now: datetime, calendar_key: str = MAIN
    ) -> OpeningAnswer:
        """Return the answer to a question about opening hours, for the places and days it names.

        Raises:
            NotFound: there is no such calendar.
        """
        calendars = await self.db.read(lambda conn: repository.list_calendars(conn, now=now))
        main = next((c for c in calendars if c.key == calendar_key), None)
        if main is None:
            raise NotFound("There is no such calendar.")
        return answer_for_places(main, calendars, text, locale=locale, now=now, texts=self.texts)

    async def get(self, calendar_key: str, *, now: datetime) -> Calendar:
        """Return the calendar.

        Raises:
            NotFound: there is no such calendar.
        """
        return await self.db.read(lambda conn: repository.get_calendar(conn, calendar_key, now=now))

    async def is_open(self, calendar_key: str, now: datetime) -> bool:
        """Tell whether somebody is there; a team without a calendar always is."""
        return await self.db.read(lambda conn: is_open(conn, calendar_key, now))

    async def next_opening(self, calendar_key: str, now: datetime) -> datetime | None:
        """Return when somebody comes in next; None when never."""
        calendar = await self.get(calendar_key, now=now)
        return rules.next_opening(calendar, now)

    async def describe(self, calendar_key: str, *, locale: str, now: datetime) -> str:
        """Return the whole week in words, with the days ahead that differ."""
        calendar = await self.get(calendar_key, now=now)
        return answer_question(calendar, "", locale=locale, now=now, texts=self.texts).text

    async def days(self, calendar_key: str, *, now: datetime, count: int = 7) -> list[DayHours]:
        """Return the hours of today and the following days."""
        calendar = await self.get(calendar_key, now=now)
        today, _ = rules.local_minute(calendar, now)
        return [rules.day_hours(calendar, today + timedelta(days=n)) for n in range(count)]


def answer_for_places(
    main: Calendar,
    calendars: Sequence[Calendar],
    text: str,
    *,
    locale: str,
    now: datetime,
    texts: Texts | None = None,
) -> OpeningAnswer:
    """Return the answer about the places that the question names, else about `main`. Pure.

    Notices in force come first. Asked for the week in general, `main` tells which other places have
    hours of their own.
    """
    mentioned = find_places(text, calendars)
    places = mentioned.places or (main,)
    parts: list[str] = []
    kind = AnswerKind.WEEK
    for place in places:
        asked = _understand(place, mentioned.rest, locale=locale, now=now)
        found = answers.answer(place, asked, now=now, locale=locale, texts=texts)
        kind = found.kind
        today, _ = rules.local_minute(place, now)
        said = [notice_text(n, locale) for n in notices_for(place, [today, *asked.days])]
        if mentioned.places and place.names:
            parts.append(f"**{place_name(place, locale)}**")
        parts += [*said, found.text]
    others = [place_name(c, locale) for c in calendars if c.names and c.key != main.key]
    if not mentioned.places and kind is AnswerKind.WEEK and others:
        words = wording_for(locale, texts)
        parts.append(words.other_places.format(places=join(others, words.and_)))
    return OpeningAnswer("\n\n".join(parts), kind)


def answer_question(
    calendar: Calendar, text: str, *, locale: str, now: datetime, texts: Texts | None = None
) -> OpeningAnswer:
    """Return the answer to a question about these hours. Pure."""
    asked = _understand(calendar, text, locale=locale, now=now)
    return answers.answer(calendar, asked, now=now, locale=locale, texts=texts)


def _understand(calendar: Calendar, text: str, *, locale: str, now: datetime) -> Asked:
    today, _ = rules.local_minute(calendar, now)
    named = [
        (name, hours.day)
        for hours in rules.special_ahead(calendar, today=today, days=366)
        for name in hours.names.values()
    ]

    def when(feast: Feast, year: int) -> list[date]:
        return feast_dates(feast, country=calendar.country, state=calendar.state, year=year)

    return understand(text, today=today, locale=locale, feast_dates=when, named_days=named)


def is_open(conn: sa.Connection, calendar_key: str, now: datetime) -> bool:
    """Tell whether somebody is there, inside a step; a team without a calendar always is."""
    calendar = repository.find_calendar(conn, calendar_key, now=now)
    return calendar is None or rules.open_at(calendar, now)


def hours_sentence(
    conn: sa.Connection,
    calendar_key: str,
    locale: str,
    now: datetime,
    *,
    texts: Texts | None = None,
) -> str:
    """Return "Our team is here until 18:00 (…)." or "Our team is back on …"; "" when unknown."""
    calendar = repository.find_calendar(conn, calendar_key, now=now)
    if calendar is None:
        return ""
    return answers.availability(calendar, now=now, locale=locale, texts=texts)
