"""The editors' HTTP interface to opening hours."""

from datetime import date, datetime
from typing import Annotated
from zoneinfo import available_timezones

from aiohttp import web
from pydantic import Field

from bot.hours.calendar import DayHours
from bot.hours.desk import CalendarDetails, Calendars, Tryout
from bot.hours.editing import EnteredDay, EnteredHours, EnteredNotice
from bot.hours.public_holidays import countries
from bot.kit.web import Model, RouteTable, no_content, ok, read_body, read_query
from bot.staff.routes import staff_of

CALENDARS: web.AppKey[Calendars] = web.AppKey("calendars", Calendars)
Time = Annotated[str, Field(max_length=5)]
Times = Annotated[list[list[Time]], Field(max_length=50)]
"""Pairs of `["09:00", "12:00"]`; empty: closed."""
Names = Annotated[dict[str, Annotated[str, Field(max_length=2_000)]], Field(max_length=10)]
"""By locale."""

table = RouteTable(prefix="/api/v1/hours", tag="opening hours")


class ExceptionBody(Model):
    """A date whose hours differ from the week's; without a year in every year, without times closed."""

    year: int | None = Field(default=None, ge=2000, le=2200)
    month: int = Field(ge=1, le=12)
    day: int = Field(ge=1, le=31)
    names: Names = Field(default={})
    intervals: Times = Field(default=[])


class HoursNoticeBody(Model):
    """Something that the bot says with the hours, from one day to another."""

    first: date
    last: date
    texts: Names


class HoursContent(Model):
    """A calendar: week from Monday, exceptions, holidays, what customers call the place."""

    name: str = Field(max_length=200)
    timezone: str = Field(max_length=60)
    week: list[Times] = Field(max_length=14)
    exceptions: list[ExceptionBody] = Field(default=[], max_length=1_000)
    country: str | None = Field(default=None, max_length=2)
    state: str | None = Field(default=None, max_length=10)
    names: Names = Field(default={})
    words: list[Annotated[str, Field(max_length=200)]] = Field(default=[], max_length=100)
    notices: list[HoursNoticeBody] = Field(default=[], max_length=100)


class NewHours(HoursContent):
    """A new calendar."""

    key: str = Field(max_length=60)


class HoursChange(HoursContent):
    """A calendar as it shall be. `version` is the one that was read."""

    version: int = Field(ge=1)


class HoursQueue(Model):
    """A queue that keeps a calendar."""

    id: str
    names: dict[str, str]
    level: str
    calendar_key: str


class HoursBody(HoursContent):
    """A calendar."""

    key: str
    version: int
    updated_at: datetime | None
    updated_by: str | None
    queues: list[HoursQueue]


class HoursList(Model):
    """Every calendar, the one that customers are told first."""

    items: list[HoursBody]


class HoursTrial(Model):
    """A calendar to try, at a time on its own clocks (without a zone; none: now)."""

    key: str = Field(default="new", max_length=60)
    calendar: HoursContent
    at: datetime | None = None
    question: str | None = Field(default=None, max_length=2_000)
    locale: str = Field(default="pt-BR", max_length=10)


class HoursProblemBody(Model):
    """What is wrong, and where."""

    pointer: str
    code: str
    message: str


class HoursDay(Model):
    """The hours of a date. `why`: week, exception or holiday."""

    date: date
    names: dict[str, str]
    intervals: list[list[str]]
    why: str


class HoursTryout(Model):
    """What would hold; with problems nothing else is told."""

    problems: list[HoursProblemBody]
    at: datetime | None
    open: bool
    day: HoursDay | None
    closes_at: datetime | None
    opens_at: datetime | None
    answer: str | None
    special: list[HoursDay]


class HoursChoices(Model):
    """What can be chosen: time zones, and the countries and states whose public holidays are known."""

    timezones: list[str]
    countries: dict[str, list[str]]


class HoursQueues(Model):
    """The queues that shall keep a calendar."""

    queue_ids: list[Annotated[str, Field(max_length=36)]] = Field(max_length=500)


class VersionQuery(Model):
    """The version that was read."""

    version: int = Field(ge=1)


@table.add("GET", "", allow="kb.read", summary="Calendars", answer=HoursList)
async def list_hours(request: web.Request) -> web.Response:
    """Answer every calendar."""
    found = await request.app[CALENDARS].list_all()
    return ok(HoursList(items=[_body(details) for details in found]))


@table.add(
    "POST",
    "",
    allow="kb.write",
    summary="A new calendar",
    body=NewHours,
    answer=HoursBody,
    status=201,
)
async def create_hours(request: web.Request) -> web.Response:
    """Store a new calendar."""
    body = await read_body(request, NewHours)
    details = await request.app[CALENDARS].create(
        body.key, _entered(body), actor=staff_of(request).id
    )
    return ok(_body(details), status=201)


@table.add(
    "GET",
    "/choices",
    allow="kb.read",
    summary="Time zones, and countries whose holidays are known",
    answer=HoursChoices,
)
async def choices(_: web.Request) -> web.Response:
    """Answer what can be chosen."""
    zones = sorted(z for z in available_timezones() if "/" in z and not z.startswith("Etc/"))
    return ok(HoursChoices(timezones=["UTC", *zones], countries=countries()))


@table.add(
    "POST",
    "/preview",
    allow="kb.read",
    summary="What would hold at a time, and the days that differ in the next twelve months",
    body=HoursTrial,
    answer=HoursTryout,
)
async def preview(request: web.Request) -> web.Response:
    """Try a calendar; nothing is stored."""
    body = await read_body(request, HoursTrial)
    tried = await request.app[CALENDARS].try_out(
        _entered(body.calendar),
        key=body.key,
        local_time=body.at.replace(tzinfo=None) if body.at else None,
        question=body.question,
        locale=body.locale,
    )
    return ok(_tryout(tried))


@table.add("GET", "/{key}", allow="kb.read", summary="One calendar", answer=HoursBody)
async def get_hours(request: web.Request) -> web.Response:
    """Answer one calendar."""
    return ok(_body(await request.app[CALENDARS].get(request.match_info["key"])))


@table.add(
    "PATCH",
    "/{key}",
    allow="kb.write",
    summary="Replace a calendar; it holds at once",
    body=HoursChange,
    answer=HoursBody,
)
async def change_hours(request: web.Request) -> web.Response:
    """Check and store a calendar."""
    body = await read_body(request, HoursChange)
    details = await request.app[CALENDARS].change(
        request.match_info["key"],
        _entered(body),
        version=body.version,
        actor=staff_of(request).id,
    )
    return ok(_body(details))


@table.add(
    "DELETE",
    "/{key}",
    allow="kb.write",
    summary="Delete a calendar that nobody keeps",
    query=VersionQuery,
    status=204,
)
async def delete_hours(request: web.Request) -> web.Response:
    """Delete a calendar."""
    query = read_query(request, VersionQuery)
    await request.app[CALENDARS].remove(
        request.match_info["key"], version=query.version, actor=staff_of(request).id
    )
    return no_content()


@table.add(
    "POST",
    "/{key}/queues",
    allow="kb.write",
    summary="Which queues keep a calendar",
    body=HoursQueues,
    answer=HoursBody,
)
async def assign_queues(request: web.Request) -> web.Response:
    """Let exactly these queues keep it."""
    body = await read_body(request, HoursQueues)
    details = await request.app[CALENDARS].assign(
        request.match_info["key"], body.queue_ids, actor=staff_of(request).id
    )
    return ok(_body(details))


def _entered(body: HoursContent) -> EnteredHours:
    return EnteredHours(
        name=body.name,
        timezone=body.timezone,
        week=body.week,
        country=body.country or None,
        state=body.state or None,
        names=body.names,
        words=body.words,
        exceptions=[
            EnteredDay(one.year, one.month, one.day, one.names, one.intervals)
            for one in body.exceptions
        ],
        notices=[EnteredNotice(one.first, one.last, one.texts) for one in body.notices],
    )


def _body(details: CalendarDetails) -> HoursBody:
    calendar = details.calendar
    return HoursBody(
        key=calendar.key,
        name=calendar.name,
        timezone=calendar.timezone,
        week=[[interval.as_text() for interval in day] for day in calendar.week],
        exceptions=[
            ExceptionBody(
                year=day.year,
                month=day.month,
                day=day.day,
                names=dict(day.names),
                intervals=[interval.as_text() for interval in day.intervals],
            )
            for day in calendar.special_days
        ],
        country=calendar.country,
        state=calendar.state,
        names=dict(calendar.names),
        words=list(calendar.words),
        notices=[
            HoursNoticeBody(first=one.first, last=one.last, texts=dict(one.texts))
            for one in calendar.notices
        ],
        version=calendar.version,
        updated_at=calendar.updated_at,
        updated_by=calendar.updated_by,
        queues=[
            HoursQueue(
                id=use.id, names=dict(use.names), level=use.level, calendar_key=use.calendar_key
            )
            for use in details.queues
        ],
    )


def _tryout(tried: Tryout) -> HoursTryout:
    return HoursTryout(
        problems=[
            HoursProblemBody(pointer=p.pointer, code=p.code, message=p.message)
            for p in tried.problems
        ],
        at=tried.at,
        open=tried.open,
        day=_day(tried.day, tried) if tried.day else None,
        closes_at=tried.closes_at,
        opens_at=tried.opens_at,
        answer=tried.answer,
        special=[_day(hours, tried) for hours in tried.special],
    )


def _day(hours: DayHours, tried: Tryout) -> HoursDay:
    why = "week"
    if hours.differs:
        why = "exception" if hours.day in tried.exceptions else "holiday"
    return HoursDay(
        date=hours.day,
        names=dict(hours.names),
        intervals=[interval.as_text() for interval in hours.intervals],
        why=why,
    )
