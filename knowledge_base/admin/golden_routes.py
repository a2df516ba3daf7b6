"""Golden questions over HTTP: kept, removed, and all of them run."""

from typing import Any

from aiohttp import web
from pydantic import Field

from bot.kit.locales import match_locale
from bot.kit.web import Model, RouteTable, ok, read_body, read_query
from bot.staff.routes import staff_of
from knowledge_base.golden.golden import Golden, Least, Result
from knowledge_base.golden.service import GoldenQuestions, GoldenReport, as_json

GOLDEN: web.AppKey[GoldenQuestions] = web.AppKey("golden", GoldenQuestions)

table = RouteTable(prefix="/api/v1", tag="knowledge base")


class GoldenBody(Model):
    """A question, and the article that must answer it."""

    id: str
    key: str
    locale: str
    question: str
    least: Least


class GoldenList(Model):
    """Golden questions by article."""

    items: list[GoldenBody]


class GoldenQuery(Model):
    """Of which article; none: all."""

    key: str | None = None


class NewGolden(Model):
    """A question that an article must answer."""

    key: str = Field(max_length=80)
    locale: str = Field(max_length=20)
    question: str = Field(max_length=1_000)
    least: Least = Least.ANSWER
    """answer, or offer when it is enough among the choices."""


class OutcomeBody(Model):
    """How a golden question went."""

    id: str
    key: str
    locale: str
    question: str
    least: Least
    result: Result
    decision: str
    found_key: str | None
    found_title: str | None
    position: int | None
    confidence: float


class ReportBody(Model):
    """How all golden questions went."""

    passed: int
    failed: int
    waiting: int
    items: list[OutcomeBody]


class NoBody(Model):
    """Nothing."""


@table.add(
    "GET",
    "/kb/golden",
    allow="kb.read",
    summary="Golden questions",
    query=GoldenQuery,
    answer=GoldenList,
)
async def list_golden(request: web.Request) -> web.Response:
    """Answer the golden questions."""
    query = read_query(request, GoldenQuery)
    found = await request.app[GOLDEN].list_all(key=query.key)
    return ok(GoldenList(items=[_golden(one) for one in found]))


@table.add(
    "POST",
    "/kb/golden",
    allow="kb.write",
    summary="Keep a golden question, and try it",
    body=NewGolden,
    answer=OutcomeBody,
    status=201,
)
async def add_golden(request: web.Request) -> web.Response:
    """Store a golden question and answer how it goes now."""
    body = await read_body(request, NewGolden)
    _, outcome = await request.app[GOLDEN].add(
        actor=staff_of(request).id,
        key=body.key,
        locale=match_locale(body.locale, default=body.locale),
        question=body.question,
        least=body.least,
    )
    return ok(_outcome(as_json(outcome)), status=201)


@table.add(
    "DELETE", "/kb/golden/{id}", allow="kb.write", summary="Drop a golden question", status=204
)
async def remove_golden(request: web.Request) -> web.Response:
    """Remove a golden question."""
    await request.app[GOLDEN].remove(request.match_info["id"], actor=staff_of(request).id)
    return web.Response(status=204)


@table.add(
    "POST",
    "/kb/golden/run",
    allow="kb.read",
    summary="Ask every golden question of what customers get now",
    body=NoBody,
    answer=ReportBody,
)
async def run_golden(request: web.Request) -> web.Response:
    """Run all and answer how each went."""
    await read_body(request, NoBody)
    return ok(_report(await request.app[GOLDEN].run()))


def _report(report: GoldenReport) -> ReportBody:
    return ReportBody(
        passed=report.count(Result.PASSED),
        failed=report.count(Result.FAILED),
        waiting=report.count(Result.WAITING),
        items=[_outcome(as_json(one)) for one in report.outcomes],
    )


def _outcome(outcome: dict[str, Any]) -> OutcomeBody:
    return OutcomeBody(**outcome)


def _golden(one: Golden) -> GoldenBody:
    return GoldenBody(
        id=one.id, key=one.key, locale=one.locale, question=one.question, least=one.least
    )
