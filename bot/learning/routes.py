"""Learning over HTTP: messages to review, agents' marks, training data, trainings and models."""

import base64
import binascii
import json
from datetime import datetime
from typing import Any

from aiohttp import web
from pydantic import Field

from bot.kit.errors import Invalid, NotFound
from bot.kit.ids import parse_uuid
from bot.kit.locales import LOCALES
from bot.kit.web import Model as Body
from bot.kit.web import RouteTable, no_content, ok, read_body, read_query
from bot.learning.item import INTENTS, Item, Shelf, Signal, Verdict, route_of_intent
from bot.learning.model import Job, Model, Promotion
from bot.learning.models import Models, Overview
from bot.learning.repository import HostReport, ItemFilter, Review
from bot.learning.service import Judgement, Reviews
from bot.staff.guard import staff_of

REVIEWS = web.AppKey("learning_reviews", Reviews)
MODELS = web.AppKey("learning_models", Models)
table = RouteTable(prefix="/api/v1", tag="learning")
PROMOTIONS_SHOWN = 10


# --------------------------------------------------------------------------------------- bodies


class PersonBody(Body):
    """Who did something."""

    id: str
    name: str


class ItemBody(Body):
    """A message worth a look."""

    id: str
    locale: str
    text: str
    signals: list[Signal]
    count: int
    margin: float | None
    rank: float
    decision: dict[str, Any]
    conversation_id: str
    first_at: datetime
    last_at: datetime
    version: int
    verdict: Verdict | None
    intent: str | None
    article_id: str | None
    article_title: str | None
    reviewed_by: PersonBody | None
    reviewed_at: datetime | None


class ItemPage(Body):
    """A part of the list, and how many there are of each kind."""

    items: list[ItemBody]
    next_cursor: str | None
    counts: dict[str, int]


class ItemQuery(Body):
    """What the list is narrowed to."""

    shelf: Shelf = Shelf.OPEN
    signal: Signal | None = None
    verdict: Verdict | None = None
    locale: str | None = None
    q: str = Field(default="", max_length=200)
    cursor: str | None = Field(default=None, max_length=400)
    limit: int = Field(default=25, ge=1, le=100)


class ReviewBody(Body):
    """What the message should have been understood as."""

    version: int
    verdict: Verdict
    intent: str | None = None
    article_id: str | None = None
    text: str | None = Field(default=None, max_length=2000)


class TakeBackBody(Body):
    """Open the message again, if it still is the version that was read."""

    version: int


class Reviewed(Body):
    """The message after the review, and what became of its wording."""

    item: ItemBody
    phrasing: str | None


class HistoryEntry(Body):
    """What somebody said."""

    version: int
    verdict: Verdict | None
    intent: str | None
    article_id: str | None
    by: PersonBody
    at: datetime


class History(Body):
    """Everything that was said, newest first."""

    items: list[HistoryEntry]


class IntentBody(Body):
    """Something a customer can mean, and the routes it leads to."""

    name: str
    routes: list[str]


class Intents(Body):
    """What can be chosen."""

    items: list[IntentBody]


class MarkBody(Body):
    """Whether the bot's message was wrong."""

    wrong: bool


class Marks(Body):
    """The bot's messages that agents marked as wrong."""

    items: list[str]


class EmptyBody(Body):
    """Nothing."""


class JobBody(Body):
    """A training."""

    id: str
    state: str
    step: str
    progress: int
    example_count: int
    model_id: str | None
    report: dict[str, Any] | None
    error: str | None
    created_by: PersonBody | None
    created_at: datetime
    started_at: datetime | None
    ended_at: datetime | None


class PromotionBody(Body):
    """A model was made the one that serves."""

    number: int
    model_id: str
    at: datetime
    by: PersonBody | None
    forced: bool
    reason: str | None


class ModelBody(Body):
    """A trained model."""

    id: str
    origin: str
    data_hash: str
    example_count: int
    size: int
    scores: dict[str, Any] | None
    measured_with: str | None
    kept: bool
    own_release: bool
    """Trained with the training data of the program that answers."""
    served_before: bool
    created_by: PersonBody | None
    created_at: datetime


class HostBody(Body):
    """A Rasa host."""

    gateway: str
    place: str
    number: int
    ready: bool
    model: str | None
    error: str | None
    seen_at: datetime


class OverviewBody(Body):
    """Models, trainings and where they serve."""

    serving: str | None
    example_count: int
    new_count: int
    models: list[ModelBody]
    promotions: list[PromotionBody]
    trainings: list[JobBody]
    hosts: list[HostBody]


class PromoteBody(Body):
    """Make it serve; a worse one only when a person insists and says why."""

    force: bool = False
    reason: str | None = Field(default=None, max_length=300)


# ------------------------------------------------------------------------------------ reviewing


@table.add(
    "GET",
    "/learning/items",
    allow="learning.read",
    summary="Messages that may have been misunderstood, what is worth most first",
    query=ItemQuery,
    answer=ItemPage,
)
async def list_items(request: web.Request) -> web.Response:
    """Answer a page of the list."""
    query = read_query(request, ItemQuery)
    if query.locale and query.locale not in LOCALES:
        raise Invalid(f"The language must be one of {', '.join(LOCALES)}.", code="validation")
    found, counts = await request.app[REVIEWS].list_items(
        ItemFilter(
            shelf=query.shelf,
            signal=query.signal,
            verdict=query.verdict,
            locale=query.locale or None,
            words=tuple(query.q.split()[:10]),
            after=_read_cursor(query.cursor) if query.cursor else None,
            limit=query.limit + 1,
        )
    )
    page = found[: query.limit]
    return ok(
        ItemPage(
            items=[_item(item) for item in page],
            next_cursor=_cursor(page[-1]) if len(found) > query.limit else None,
            counts=counts,
        )
    )


@table.add(
    "POST",
    "/learning/items/{id}/review",
    allow="learning.review",
    summary="Say what a message should have been understood as",
    body=ReviewBody,
    answer=Reviewed,
)
async def review(request: web.Request) -> web.Response:
    """Store a review."""
    body = await read_body(request, ReviewBody)
    judged = await request.app[REVIEWS].review(
        _id(request),
        staff=staff_of(request),
        version=body.version,
        judgement=Judgement(body.verdict, body.intent, body.article_id, body.text),
    )
    return ok(Reviewed(item=_item(judged.item), phrasing=judged.phrasing))


@table.add(
    "POST",
    "/learning/items/{id}/reopen",
    allow="learning.review",
    summary="Take a review back",
    body=TakeBackBody,
    answer=ItemBody,
)
async def reopen(request: web.Request) -> web.Response:
    """Open the message again."""
    body = await read_body(request, TakeBackBody)
    item = await request.app[REVIEWS].take_back(
        _id(request), actor=staff_of(request).id, version=body.version
    )
    return ok(_item(item))


@table.add(
    "GET",
    "/learning/items/{id}/reviews",
    allow="learning.read",
    summary="What was said about a message, newest first",
    answer=History,
)
async def history(request: web.Request) -> web.Response:
    """Answer the history."""
    found = await request.app[REVIEWS].history(_id(request))
    return ok(History(items=[_entry(entry) for entry in found]))


@table.add(
    "GET",
    "/learning/intents",
    allow="learning.read",
    summary="What a message can be an example of",
    answer=Intents,
)
async def intents(request: web.Request) -> web.Response:
    """Answer the closed set."""
    return ok(Intents(items=[IntentBody(name=n, routes=list(route_of_intent(n))) for n in INTENTS]))


@table.add(
    "GET",
    "/learning/examples.yml",
    allow="learning.read",
    summary="Accepted examples as Rasa's training data",
)
async def training_data(request: web.Request) -> web.Response:
    """Answer YAML, to be saved."""
    text = await request.app[REVIEWS].training_data()
    return web.Response(
        text=text or '# No examples were accepted yet.\nversion: "3.1"\n',
        content_type="application/yaml",
        charset="utf-8",
        headers={"Content-Disposition": 'attachment; filename="learned.yml"'},
    )


# -------------------------------------------------------------------------------------- marking


@table.add(
    "GET",
    "/conversations/{id}/marks",
    allow="tickets.read",
    summary="The bot's messages that agents marked as wrong",
    answer=Marks,
)
async def marks(request: web.Request) -> web.Response:
    """Answer the ids."""
    found = await request.app[REVIEWS].marks(request.match_info["id"], staff_of(request))
    return ok(Marks(items=found))


@table.add(
    "POST",
    "/messages/{id}/mark",
    allow="tickets.work",
    summary="Say that a message of the bot was wrong, or take that back",
    body=MarkBody,
    status=204,
)
async def mark(request: web.Request) -> web.Response:
    """Mark."""
    body = await read_body(request, MarkBody)
    await request.app[REVIEWS].mark(_id(request), staff_of(request), wrong=body.wrong)
    return no_content()


# ------------------------------------------------------------------------- trainings and models


@table.add(
    "GET",
    "/learning/models",
    allow="learning.read",
    summary="Models, trainings, promotions, and which host serves with what",
    answer=OverviewBody,
)
async def overview(request: web.Request) -> web.Response:
    """Answer everything the page shows."""
    return ok(_overview(await request.app[MODELS].overview()))


@table.add(
    "POST",
    "/learning/trainings",
    allow="learning.train",
    summary="Train with what was accepted; measured against the model that serves",
    body=EmptyBody,
    answer=JobBody,
    status=202,
)
async def train(request: web.Request) -> web.Response:
    """Put a training in line."""
    await read_body(request, EmptyBody)
    return ok(
        _job(await request.app[MODELS].start_training(actor=staff_of(request).id)), status=202
    )


@table.add(
    "GET",
    "/learning/trainings/{id}",
    allow="learning.read",
    summary="How far a training is",
    answer=JobBody,
)
async def training(request: web.Request) -> web.Response:
    """Answer a training."""
    return ok(_job(await request.app[MODELS].job(_id(request))))


@table.add(
    "POST",
    "/learning/trainings/{id}/cancel",
    allow="learning.train",
    summary="End a training that is under way",
    body=EmptyBody,
    answer=JobBody,
)
async def cancel(request: web.Request) -> web.Response:
    """Cancel."""
    await read_body(request, EmptyBody)
    return ok(
        _job(await request.app[MODELS].cancel_training(_id(request), actor=staff_of(request).id))
    )


@table.add(
    "POST",
    "/learning/models/{id}/promote",
    allow="learning.train",
    summary="Make a model the one that serves, on every host of every gateway",
    body=PromoteBody,
    answer=PromotionBody,
)
async def promote(request: web.Request) -> web.Response:
    """Promote."""
    body = await read_body(request, PromoteBody)
    promotion = await request.app[MODELS].promote(
        request.match_info["id"],
        actor=staff_of(request).id,
        force=body.force,
        reason=body.reason,
    )
    return ok(_promotion(promotion))


# --------------------------------------------------------------------------------------- shapes


def _id(request: web.Request) -> str:
    found = parse_uuid(request.match_info["id"])
    if found is None:
        raise NotFound("There is no such thing, or it is not yours.")
    return found


def _person(person_id: str | None, name: str | None) -> PersonBody | None:
    return PersonBody(id=person_id, name=name or "") if person_id else None


def _item(item: Item) -> ItemBody:
    return ItemBody(
        id=item.id,
        locale=item.locale,
        text=item.text,
        signals=[signal for signal in Signal if signal in item.signals],
        count=item.count,
        margin=item.margin,
        rank=item.rank,
        decision=item.decision,
        conversation_id=item.conversation_id,
        first_at=item.first_at,
        last_at=item.last_at,
        version=item.version,
        verdict=item.verdict,
        intent=item.intent,
        article_id=item.article_id,
        article_title=item.article_title,
        reviewed_by=_person(item.reviewed_by, item.reviewed_by_name),
        reviewed_at=item.reviewed_at,
    )


def _entry(entry: Review) -> HistoryEntry:
    return HistoryEntry(
        version=entry.version,
        verdict=entry.verdict,
        intent=entry.intent,
        article_id=entry.article_id,
        by=PersonBody(id=entry.by, name=entry.by_name or ""),
        at=entry.at,
    )


def _job(job: Job) -> JobBody:
    return JobBody(
        id=job.id,
        state=job.state.value,
        step=job.step,
        progress=job.progress,
        example_count=job.example_count,
        model_id=job.model_id,
        report=job.report,
        error=job.error,
        created_by=_person(job.created_by, job.created_by_name),
        created_at=job.created_at,
        started_at=job.started_at,
        ended_at=job.ended_at,
    )


def _promotion(promotion: Promotion) -> PromotionBody:
    return PromotionBody(
        number=promotion.number,
        model_id=promotion.model_id,
        at=promotion.at,
        by=_person(promotion.by, promotion.by_name),
        forced=promotion.forced,
        reason=promotion.reason,
    )


def _overview(found: Overview) -> OverviewBody:
    before = {p.model_id for p in found.promotions if p.base_hash == found.base_hash}
    return OverviewBody(
        serving=found.serving,
        example_count=found.example_count,
        new_count=found.new_count,
        models=[
            _model(model, own=model.base_hash == found.base_hash, before=model.id in before)
            for model in found.models
        ],
        promotions=[_promotion(p) for p in found.promotions[:PROMOTIONS_SHOWN]],
        trainings=[_job(job) for job in found.jobs],
        hosts=[_host(host) for host in found.hosts],
    )


def _model(model: Model, *, own: bool, before: bool) -> ModelBody:
    return ModelBody(
        id=model.id,
        origin=model.origin.value,
        data_hash=model.id,
        example_count=model.example_count,
        size=model.size,
        scores=model.scores,
        measured_with=model.measured_with,
        kept=model.kept,
        own_release=own,
        served_before=before,
        created_by=_person(model.created_by, model.created_by_name),
        created_at=model.created_at,
    )


def _host(host: HostReport) -> HostBody:
    return HostBody(
        gateway=host.gateway,
        place=host.place,
        number=host.number,
        ready=host.ready,
        model=host.model,
        error=host.error,
        seen_at=host.seen_at,
    )


def _cursor(item: Item) -> str:
    return base64.urlsafe_b64encode(json.dumps([item.rank, item.id]).encode()).decode()


def _read_cursor(cursor: str) -> tuple[float, str]:
    try:
        rank, item_id = json.loads(base64.urlsafe_b64decode(cursor.encode()))
        return float(rank), str(item_id)
    except (ValueError, TypeError, binascii.Error):
        raise Invalid("The cursor is not one of ours.", code="validation") from None
