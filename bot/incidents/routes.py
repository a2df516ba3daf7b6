"""The editors' HTTP interface to known incidents."""

from datetime import datetime
from typing import Annotated

from aiohttp import web
from pydantic import AwareDatetime, Field

from bot.incidents.notice import PARTS, State
from bot.incidents.repository import StoredNotice
from bot.incidents.service import EnteredNotice, Incidents
from bot.kit.web import Model, RouteTable, no_content, ok, read_body, read_query
from bot.staff.routes import staff_of

INCIDENTS: web.AppKey[Incidents] = web.AppKey("incidents", Incidents)
Entries = Annotated[list[Annotated[str, Field(max_length=1_000)]], Field(max_length=200)]

table = RouteTable(prefix="/api/v1/incidents", tag="incidents")


class TopicBody(Model):
    """Whom a notice concerns; any part is enough."""

    categories: Entries = Field(default=[])
    tags: Entries = Field(default=[])
    articles: Entries = Field(default=[])
    """Keys."""
    routes: Entries = Field(default=[])
    words: Entries = Field(default=[])
    sentences: Entries = Field(default=[])


class NewIncident(Model):
    """What is told to whom, and when; without a start from now on, without an end until it is ended."""

    title: str = Field(max_length=1_000)
    texts: dict[str, Annotated[str, Field(max_length=20_000)]] = Field(max_length=10)
    topic: TopicBody
    starts_at: AwareDatetime | None = None
    ends_at: AwareDatetime | None = None


class IncidentChange(NewIncident):
    """A notice as it shall be. `version` is the one that was read."""

    version: int = Field(ge=1)


class IncidentBody(Model):
    """A notice, and how many conversations heard it."""

    id: str
    title: str
    texts: dict[str, str]
    topic: TopicBody
    starts_at: datetime
    ends_at: datetime | None
    state: State
    version: int
    updated_at: datetime
    updated_by: str | None
    told: int


class IncidentList(Model):
    """Notices, the latest start first."""

    items: list[IncidentBody]


class IncidentQuery(Model):
    """What the list is narrowed to."""

    state: State | None = None


class IncidentVersion(Model):
    """The version that was read."""

    version: int = Field(ge=1)


class IncidentTrial(Model):
    """A topic and a question: would who asks this be told?"""

    topic: TopicBody
    question: str = Field(max_length=2_000)
    locale: str | None = Field(default=None, max_length=10)


class IncidentVerdict(Model):
    """Whether, and by which part of the topic."""

    told: bool
    why: str | None


@table.add(
    "GET",
    "",
    allow="kb.read",
    summary="Known incidents",
    query=IncidentQuery,
    answer=IncidentList,
)
async def list_incidents(request: web.Request) -> web.Response:
    """Answer the notices."""
    query = read_query(request, IncidentQuery)
    found = await request.app[INCIDENTS].list_all()
    return ok(
        IncidentList(
            items=[
                _body(stored, state)
                for stored, state in found
                if query.state is None or state is query.state
            ]
        )
    )


@table.add(
    "POST",
    "",
    allow="kb.write",
    summary="Tell something first to whoever asks about a topic",
    body=NewIncident,
    answer=IncidentBody,
    status=201,
)
async def create_incident(request: web.Request) -> web.Response:
    """Store a notice; every gateway tells it within a second."""
    body = await read_body(request, NewIncident)
    made = await request.app[INCIDENTS].create(_entered(body), actor=staff_of(request).id)
    return ok(_body(*made), status=201)


@table.add(
    "POST",
    "/preview",
    allow="kb.read",
    summary="Would who asks this be told?",
    body=IncidentTrial,
    answer=IncidentVerdict,
)
async def preview_incident(request: web.Request) -> web.Response:
    """Try a topic; nothing is stored."""
    body = await read_body(request, IncidentTrial)
    why = await request.app[INCIDENTS].try_out(
        _topic(body.topic), body.question, locale=body.locale
    )
    return ok(IncidentVerdict(told=why is not None, why=why))


@table.add("GET", "/{id}", allow="kb.read", summary="One notice", answer=IncidentBody)
async def get_incident(request: web.Request) -> web.Response:
    """Answer one notice."""
    return ok(_body(*await request.app[INCIDENTS].get(request.match_info["id"])))


@table.add(
    "PATCH",
    "/{id}",
    allow="kb.write",
    summary="Tell something else",
    body=IncidentChange,
    answer=IncidentBody,
)
async def change_incident(request: web.Request) -> web.Response:
    """Check and store a notice."""
    body = await read_body(request, IncidentChange)
    changed = await request.app[INCIDENTS].change(
        request.match_info["id"],
        _entered(body),
        version=body.version,
        actor=staff_of(request).id,
    )
    return ok(_body(*changed))


@table.add(
    "POST",
    "/{id}/end",
    allow="kb.write",
    summary="Tell it no longer",
    body=IncidentVersion,
    answer=IncidentBody,
)
async def end_incident(request: web.Request) -> web.Response:
    """End a notice now."""
    body = await read_body(request, IncidentVersion)
    ended = await request.app[INCIDENTS].end(
        request.match_info["id"], version=body.version, actor=staff_of(request).id
    )
    return ok(_body(*ended))


@table.add(
    "DELETE",
    "/{id}",
    allow="kb.write",
    summary="Delete a notice that nobody heard",
    query=IncidentVersion,
    status=204,
)
async def delete_incident(request: web.Request) -> web.Response:
    """Delete a notice."""
    query = read_query(request, IncidentVersion)
    await request.app[INCIDENTS].remove(
        request.match_info["id"], version=query.version, actor=staff_of(request).id
    )
    return no_content()


def _topic(body: TopicBody) -> dict[str, list[str]]:
    return {name: getattr(body, name) for name in PARTS}


def _entered(body: NewIncident) -> EnteredNotice:
    return EnteredNotice(body.title, body.texts, _topic(body.topic), body.starts_at, body.ends_at)


def _body(stored: StoredNotice, state: State) -> IncidentBody:
    notice = stored.notice
    return IncidentBody(
        id=notice.id,
        title=notice.title,
        texts=dict(notice.texts),
        topic=TopicBody(**notice.topic.as_json()),
        starts_at=notice.starts_at,
        ends_at=notice.ends_at,
        state=state,
        version=stored.version,
        updated_at=stored.updated_at,
        updated_by=stored.updated_by,
        told=stored.told,
    )
