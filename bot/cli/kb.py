"""`frontline kb`: articles in and out, and the answer the bot would give."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from bot.cli.common import DataDir, fail, note, open_store, run, settings_for
from bot.kit.clock import SystemClock
from bot.kit.db import Database
from bot.kit.encoder import UniversalEncoder
from bot.kit.errors import Conflict
from bot.kit.locales import match_locale
from bot.settings import Settings
from knowledge_base.export import Format, export_folder, read_all, render_file
from knowledge_base.golden.golden import Result
from knowledge_base.golden.service import GoldenQuestions, GoldenReport
from knowledge_base.golden.service import as_json as outcome_json
from knowledge_base.import_files import Fate, Report, read_import
from knowledge_base.search import Answer, KnowledgeBase
from knowledge_base.service import Articles

SAID_FROM = 2_000
"""Texts of an import above which progress is told: fewer are prepared in a second or two."""
kb_app = typer.Typer(no_args_is_help=True, help="Articles of the knowledge base.")


@dataclass(frozen=True, slots=True)
class _Parts:
    db: Database
    articles: Articles
    knowledge: KnowledgeBase


@asynccontextmanager
async def _open(settings: Settings) -> AsyncIterator[_Parts]:
    async with open_store(settings) as db:
        encoder = UniversalEncoder()
        knowledge = KnowledgeBase(db, encoder)
        clock = SystemClock()
        articles = Articles(
            db,
            clock=clock,
            encoder=encoder,
            knowledge=knowledge,
            gate=GoldenQuestions(db, clock, knowledge),
        )
        yield _Parts(db, articles, knowledge)


@kb_app.command("import")
def kb_import(
    path: Annotated[Path, typer.Argument(help="A .csv, .json or .md file, or a folder of them.")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would change.")] = False,
    force: Annotated[
        bool, typer.Option("--force", help="Also when golden questions lose their answers.")
    ] = False,
    data_dir: DataDir = None,
) -> None:
    """Create and change articles from files: all of them, or none when a line can't be used."""
    settings = settings_for(data_dir)

    async def main() -> Report:
        reading = read_import(path)
        async with _open(settings) as parts:
            try:
                return await parts.articles.import_rows(
                    reading.rows,
                    actor=None,
                    dry_run=dry_run,
                    problems=reading.problems,
                    confirmed=force,
                    progress=_print_progress,
                )
            except Conflict as conflict:
                if conflict.code == "breaks_golden":
                    _print_lost(conflict)
                raise

    report = run(main)
    _print_report(report)
    if not report.usable:
        raise fail(f"{len(report.bad)} can't be used; nothing was imported.")


def _print_lost(conflict: Conflict) -> None:
    questions = conflict.extra.get("questions")
    for one in questions if isinstance(questions, list) else []:
        print(f"breaks  {one['key']}  {one['locale']}  {one['question']}")
    note("Nothing was imported. Change the texts, or use --force.")


def _print_progress(done: int, total: int) -> None:
    if total > SAID_FROM:
        note(f"{done:,} of {total:,} texts prepared ({100 * done // total} %)")


def _print_report(report: Report) -> None:
    for outcome in report.outcomes:
        name = " ".join(part for part in (outcome.key, outcome.locale) if part)
        line = "  ".join(part for part in (outcome.fate.value, name, outcome.place) if part)
        if outcome.fate is Fate.BAD:
            print(f"{line}: {' '.join(outcome.reasons)}")
        elif outcome.fate is not Fate.UNCHANGED:
            print(line)
        if outcome.fate is not Fate.BAD:
            for reason in outcome.reasons:
                note(f"{outcome.place}: {reason}")
    print(", ".join(f"{report.count(fate)} {fate.value}" for fate in Fate))


@kb_app.command("export")
def kb_export(
    folder: Annotated[Path, typer.Argument(help="Where to write; made when it is not there.")],
    chosen: Annotated[
        Format, typer.Option("--format", help="md: one file per article; csv, json: one file.")
    ] = Format.MARKDOWN,
    data_dir: DataDir = None,
) -> None:
    """Write every article, by default as Markdown with front matter; `kb import` takes it back."""
    settings = settings_for(data_dir)

    async def main() -> int:
        async with open_store(settings) as db:
            if chosen is Format.MARKDOWN:
                return await export_folder(db, folder)
            data = render_file(await db.read(read_all), chosen)
            folder.mkdir(parents=True, exist_ok=True)
            (folder / f"articles.{chosen.value}").write_bytes(data)
            return 1

    print(f"{run(main)} files in {folder}")


@kb_app.command("ask")
def kb_ask(
    question: Annotated[str, typer.Argument(help="What a customer might write.")],
    locale: Annotated[str | None, typer.Option(help="pt-BR, en or es.")] = None,
    explain: Annotated[
        bool, typer.Option("--explain", help="Also the other hits and the reasons.")
    ] = False,
    data_dir: DataDir = None,
) -> None:
    """Print the answer the bot would give from the published articles."""
    settings = settings_for(data_dir)
    language = match_locale(locale, default=settings.default_locale)

    async def main() -> Answer:
        async with _open(settings) as parts:
            return await parts.knowledge.ask(question, locale=language)

    answer = run(main)
    print(answer.decision.value)
    match answer.decision.value:
        case "answer":
            print(f"\n{answer.hits[0].title}\n\n{answer.hits[0].answer}")
        case "clarify":
            for hit in answer.choices:
                print(f"- {hit.title}")
        case _:
            pass
    if explain:
        print()
        for hit in answer.hits:
            print(
                f"{hit.score:.3f}  meaning {hit.dense:.3f}  words {hit.lexical:.3f}  "
                f"{hit.locale}  {hit.key} r{hit.revision}  {hit.title}"
            )
        for reason in answer.reasons:
            print(f"* {reason}")


@kb_app.command("test")
def kb_test(
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    data_dir: DataDir = None,
) -> None:
    """Ask every golden question; fails when one does not get its article."""
    settings = settings_for(data_dir)

    async def main() -> GoldenReport:
        async with _open(settings) as parts:
            return await GoldenQuestions(parts.db, SystemClock(), parts.knowledge).run()

    report = run(main)
    if as_json:
        print(json.dumps([outcome_json(one) for one in report.outcomes], ensure_ascii=False))
    else:
        for one in report.failed:
            place = f"on place {one.position}" if one.position else "not among the hits"
            instead = f"; best: {one.found_key}" if one.found_key else ""
            print(
                f"failed  {one.golden.key}  {one.golden.locale}  {one.golden.question}\n"
                f"        {one.decision}, {place}{instead} ({one.confidence:.0%})"
            )
        print(
            f"{report.count(Result.PASSED)} passed, {report.count(Result.FAILED)} failed, "
            f"{report.count(Result.WAITING)} waiting for their article"
        )
    if report.failed:
        raise typer.Exit(1)
