"""Articles in and out as files, from the admin pages."""

import asyncio
import json
from typing import Any, Literal

import structlog
from aiohttp import web
from pydantic import Field

from bot.kit.errors import FrontlineError, Invalid, TooLarge
from bot.kit.web import Model, RouteTable, read_query
from bot.staff.routes import staff_of
from knowledge_base.admin.routes import ARTICLES, may_publish
from knowledge_base.export import CONTENT_TYPES, Format
from knowledge_base.import_files import MAX_FILE, Fate, Outcome, Report, read_upload

log = structlog.get_logger(__name__)
table = RouteTable(prefix="/api/v1", tag="knowledge base")
SHOWN = 2_000
"""Lines of a report that are sent: bad ones first. The numbers count all."""


class ImportQuery(Model):
    """What is uploaded, and whether to store it."""

    name: str = Field(min_length=1, max_length=200)
    """The file's name; its ending says what it is: .csv, .json, .md or .zip."""
    dry_run: bool = True
    confirm: bool = False
    """Golden questions may lose their answers (409 `breaks_golden` says which)."""


class ImportLine(Model):
    """What happens, or would happen, to one article of the file."""

    place: str
    fate: str
    """created, changed, unchanged or bad."""
    key: str
    locale: str
    reasons: list[str]


class ImportReport(Model):
    """The last line of the answer. The lines before it tell the progress: {done, total}."""

    stored: bool
    """False: a dry run, or something was bad: then nothing at all was stored."""
    created: int
    changed: int
    unchanged: int
    bad: int
    lines: list[ImportLine]
    """Bad ones first; unchanged ones are left out."""


class ExportQuery(Model):
    """In which form."""

    format: Literal["csv", "json", "md"] = "csv"


@table.add(
    "POST",
    "/kb/import",
    allow="kb.write",
    summary="Create and change articles from an uploaded file: all of them, or none",
    query=ImportQuery,
    answer=ImportReport,
)
async def import_articles(request: web.Request) -> web.StreamResponse:
    """Read the file, then answer line by line (application/x-ndjson) while it is worked on."""
    query = read_query(request, ImportQuery)
    too_large = TooLarge(f"The file is larger than {MAX_FILE // 2**20} MiB.", code="too_large")
    if (request.content_length or 0) > MAX_FILE:
        raise too_large
    try:
        data = await request.clone(client_max_size=MAX_FILE).read()
    except web.HTTPRequestEntityTooLarge as error:
        raise too_large from error
    if not data:
        raise Invalid("The file is empty.", code="no_files")
    publishes = await may_publish(request)
    reading = await asyncio.to_thread(read_upload, data, name=query.name)
    lines = _Lines(request)
    work = asyncio.create_task(
        request.app[ARTICLES].import_rows(
            reading.rows,
            actor=staff_of(request).id,
            dry_run=query.dry_run,
            problems=reading.problems,
            may_publish=publishes,
            confirmed=query.confirm,
            progress=lines.tell,
        )
    )
    try:
        report = await lines.follow(work)
    except FrontlineError as error:
        if lines.response is None:
            raise
        await lines.write({"problem": {**error.extra, "code": error.code, "detail": error.detail}})
    else:
        await lines.write(_report(report, dry_run=query.dry_run).model_dump(mode="json"))
    return await lines.end()


class _Lines:
    """The answer, written while the import goes on; it begins with the first line."""

    def __init__(self, request: web.Request) -> None:
        self._request = request
        self._told: tuple[int, int] | None = None
        self._changed = asyncio.Event()
        self.response: web.StreamResponse | None = None

    def tell(self, done: int, total: int) -> None:
        """Note how far it is."""
        self._told = (done, total)
        self._changed.set()

    async def follow(self, work: asyncio.Task[Report]) -> Report:
        """Write the progress until the work is done, and return what it returns.

        The work goes on when the browser is gone: half an import does not exist.
        """
        work.add_done_callback(lambda _: self._changed.set())
        while not work.done():
            await self._changed.wait()
            self._changed.clear()
            if self._told is not None and not work.done():
                done, total = self._told
                await self.write({"done": done, "total": total})
        return await work

    async def write(self, line: dict[str, Any]) -> None:
        """Send one line; a browser that is gone is no failure."""
        if self.response is None:
            self.response = web.StreamResponse(
                headers={
                    "Content-Type": "application/x-ndjson",
                    "Cache-Control": "no-store",
                    "X-Content-Type-Options": "nosniff",
                }
            )
            await self.response.prepare(self._request)
        try:
            await self.response.write(json.dumps(line, ensure_ascii=False).encode() + b"\n")
        except ConnectionError:
            log.info("import.watcher_gone")

    async def end(self) -> web.StreamResponse:
        """Finish the answer."""
        assert self.response is not None  # noqa: S101 - the report is a line
        try:
            await self.response.write_eof()
        except ConnectionError:
            log.info("import.watcher_gone")
        return self.response


def _report(report: Report, *, dry_run: bool) -> ImportReport:
    order = {Fate.BAD: 0, Fate.CREATED: 1, Fate.CHANGED: 2}
    lines = sorted(
        (line for line in report.outcomes if line.fate in order), key=lambda one: order[one.fate]
    )
    return ImportReport(
        stored=report.usable and not dry_run,
        created=report.created,
        changed=report.changed,
        unchanged=report.count(Fate.UNCHANGED),
        bad=len(report.bad),
        lines=[_line(line) for line in lines[:SHOWN]],
    )


def _line(outcome: Outcome) -> ImportLine:
    return ImportLine(
        place=outcome.place,
        fate=outcome.fate.value,
        key=outcome.key,
        locale=outcome.locale,
        reasons=list(outcome.reasons),
    )


@table.add(
    "GET",
    "/kb/export",
    allow="kb.read",
    summary="Every article as CSV, JSON, or Markdown files in a ZIP",
    query=ExportQuery,
)
async def export_articles(request: web.Request) -> web.StreamResponse:
    """Answer a file."""
    chosen = Format(read_query(request, ExportQuery).format)
    name, data = await request.app[ARTICLES].export(chosen, actor=staff_of(request).id)
    return web.Response(
        body=data,
        headers={
            "Content-Type": CONTENT_TYPES[chosen],
            "Content-Disposition": f'attachment; filename="{name}"',
        },
    )
