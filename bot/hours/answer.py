"""The answer to a question about opening hours: what is said, in which order. Pure."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum

from bot.hours import wording
from bot.hours.calendar import (
    Calendar,
    DayHours,
    at_minute,
    breaks,
    closes_at,
    day_hours,
    local_minute,
    next_opening,
    open_at,
    special_ahead,
)
from bot.hours.dates import Asked
from bot.hours.wording import Wording, wording_for
from bot.kit.locales import Texts

AHEAD_DAYS = 14
"""How far ahead the overview mentions days that differ."""
SENTENCES = 3
"""More days than this are written as a list."""


class AnswerKind(StrEnum):
    """What the answer is about."""

    WEEK = "week"
    NOW = "now"
    DAYS = "days"
    LUNCH = "lunch"
    HOLIDAYS = "holidays"


@dataclass(frozen=True, slots=True)
class OpeningAnswer:
    """Ready-made Markdown, and what it is about."""

    text: str
    kind: AnswerKind


def answer(
    calendar: Calendar, asked: Asked, *, now: datetime, locale: str, texts: Texts | None = None
) -> OpeningAnswer:
    """Return what to say to somebody who asked about these days."""
    writer = _Writer(calendar, wording_for(locale, texts), now, asked)
    if asked.lunch and asked.minute is None:
        return OpeningAnswer(writer.lunch(), AnswerKind.LUNCH)
    if asked.days and not asked.week:
        return OpeningAnswer(writer.days(), AnswerKind.DAYS)
    if asked.holidays and not asked.week:
        return OpeningAnswer(writer.holidays(), AnswerKind.HOLIDAYS)
    if asked.now:
        return OpeningAnswer(writer.now_and_today(), AnswerKind.NOW)
    return OpeningAnswer(writer.week(), AnswerKind.WEEK)


def availability(
    calendar: Calendar, *, now: datetime, locale: str, texts: Texts | None = None
) -> str:
    """Return one sentence for somebody who waits: the team is here until …, or back on …; or ""."""
    words = wording_for(locale, texts)
    zone = wording.write_zone(words, calendar)
    closing = closes_at(calendar, now)
    if closing is not None:
        minute = local_minute(calendar, closing)[1]
        return words.team_here.format(until=words.until(minute), zone=zone)
    if open_at(calendar, now):
        return words.team_always
    opening = next_opening(calendar, now)
    if opening is None:
        return ""
    today, _ = local_minute(calendar, now)
    day, minute = local_minute(calendar, opening)
    when = wording.write_when(words, day, today=today)
    return wording.sentence(words.team_back.format(when=when, at=words.at(minute), zone=zone))


class _Writer:
    """Writes one answer; the time zone is named once, where the first time of a day stands."""

    def __init__(self, calendar: Calendar, words: Wording, now: datetime, asked: Asked) -> None:
        self._calendar = calendar
        self._words = words
        self._now = now
        self._asked = asked
        self._today, self._minute = local_minute(calendar, now)
        self._zone = wording.write_zone(words, calendar)

    def _say_zone(self) -> str:
        zone, self._zone = self._zone, ""
        return zone

    def _fill(self, template: str, **values: str) -> str:
        zone = self._say_zone() if "{zone}" in template else ""
        return wording.sentence(template.format(zone=zone, **values))

    def _name(self, hours: DayHours) -> str | None:
        names = hours.names or self._asked.feasts.get(hours.day, {})
        return names.get(self._words.locale) or next(iter(names.values()), None)

    def _when(self, hours: DayHours) -> str:
        return wording.write_when(self._words, hours.day, today=self._today, name=self._name(hours))

    # -- parts

    def _day(self, hours: DayHours) -> str:
        words, minute = self._words, self._asked.minute
        if hours.closed:
            return self._fill(words.day_closed, when=self._when(hours))
        spans = wording.write_spans(words, hours.intervals)
        if minute is None:
            return self._fill(words.day_open, when=self._when(hours), spans=spans)
        template = words.yes_at if hours.open_at(minute) else words.no_at
        return self._fill(template, when=self._when(hours), at=words.at(minute), spans=spans)

    def _state(self) -> str:
        """Whether somebody is there now; when not, when again."""
        closing = closes_at(self._calendar, self._now)
        if closing is not None:
            minute = local_minute(self._calendar, closing)[1]
            return self._fill(self._words.open_now, until=self._words.until(minute))
        if open_at(self._calendar, self._now):
            return self._words.open_always
        return f"{self._words.closed_now} {self._again(self._now)}"

    def _again(self, after: datetime) -> str:
        opening = next_opening(self._calendar, after)
        if opening is None:
            return self._words.no_opening
        day, minute = local_minute(self._calendar, opening)
        when = wording.write_when(self._words, day, today=self._today)
        return self._fill(self._words.again, when=when, at=self._words.at(minute))

    def _line(self, hours: DayHours) -> str:
        day = wording.write_date(self._words, hours.day, today=self._today, name=self._name(hours))
        return f"- {day}: {wording.write_list(self._words, hours.intervals)}"

    # -- answers

    def days(self) -> str:
        """Answer about the days that were named."""
        days = [day_hours(self._calendar, day) for day in self._asked.days]
        if len(days) > SENTENCES:
            return "\n".join(
                [self._fill(self._words.week), "", *(self._line(hours) for hours in days)]
            )
        parts = [self._day(hours) for hours in days]
        today = next((hours for hours in days if hours.day == self._today), None)
        if today is not None and not today.closed and self._asked.minute is None:
            parts.append(self._state())
        elif all(hours.closed for hours in days):
            parts.append(self._again(self._after(days[-1].day)))
        return " ".join(parts)

    def _after(self, day: date) -> datetime:
        """The moment from which "open again" is told for a closed day: its end, never the past."""
        end = at_minute(self._calendar, day + timedelta(days=1), 0) - timedelta(minutes=1)
        return max(end, self._now)

    def now_and_today(self) -> str:
        """Answer whether somebody is there now, with today's hours."""
        today = day_hours(self._calendar, self._today)
        state = self._state()
        return state if today.closed and not today.names else f"{state} {self._day(today)}"

    def lunch(self) -> str:
        """Answer whether the team pauses at noon, on the days named or the next working day."""
        days = [day_hours(self._calendar, day) for day in self._asked.days]
        if not days:
            days = [self._working_day()]
        parts = []
        for hours in days[:SENTENCES]:
            pauses = breaks(hours)
            if hours.closed:
                parts.append(self._day(hours))
            elif pauses:
                spans = wording.write_spans(self._words, pauses)
                parts.append(self._fill(self._words.pause, when=self._when(hours), spans=spans))
            else:
                parts.append(self._fill(self._words.no_pause, when=self._when(hours)))
        if len(days) == 1 and not days[0].closed and not breaks(days[0]):
            parts.append(self._day(days[0]))
        return " ".join(parts)

    def _working_day(self) -> DayHours:
        """Today, or the next day on which somebody is there."""
        for offset in range(AHEAD_DAYS):
            hours = day_hours(self._calendar, self._today + timedelta(days=offset))
            if not hours.closed:
                return hours
        return day_hours(self._calendar, self._today)

    def holidays(self) -> str:
        """Answer what holds on holidays, and which comes next."""
        parts = [self._words.on_holidays] if self._calendar.holidays else []
        ahead = special_ahead(self._calendar, today=self._today, days=366)
        if ahead:
            hours = ahead[0]
            day = wording.write_date(
                self._words, hours.day, today=self._today, name=self._name(hours)
            )
            listed = wording.write_list(self._words, hours.intervals)
            parts.append(self._fill(self._words.next_holiday, day=day, hours=listed))
        return " ".join(parts) if parts else self.week()

    def week(self) -> str:
        """Answer with the whole week, the days that differ soon, and whether somebody is there."""
        lines = [self._fill(self._words.week), ""]
        week = self._calendar.week
        first = 0
        for n in range(7):
            if n == 6 or week[n + 1] != week[n]:
                listed = wording.write_list(self._words, week[n])
                lines.append(f"- {wording.write_weekdays(self._words, first, n)}: {listed}")
                first = n + 1
        special = special_ahead(self._calendar, today=self._today, days=AHEAD_DAYS)
        if special:
            lines += ["", self._words.different, "", *(self._line(hours) for hours in special)]
        return "\n".join([*lines, "", self._state()])
