"""Articles to files that an import takes back unchanged: Markdown with front matter, CSV, JSON.

A text that is in review or scheduled is written as a draft: that is what it is until it is published.
"""

import csv
import io
import json
import zipfile
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

import sqlalchemy as sa
import yaml

from bot.kit.db import Database
from knowledge_base import repository
from knowledge_base.article import Audience, Content, State
from knowledge_base.import_files import COLUMNS
from knowledge_base.repository import Article


class Format(StrEnum):
    """How articles are written."""

    CSV = "csv"
    """One file, with the mark that tells spreadsheets that it is UTF-8."""
    JSON = "json"
    MARKDOWN = "md"
    """One file per article and language, in a ZIP where one file is wanted."""


CONTENT_TYPES = {
    Format.CSV: "text/csv; charset=utf-8",
    Format.JSON: "application/json",
    Format.MARKDOWN: "application/zip",
}


@dataclass(frozen=True, slots=True)
class ExportFile:
    """One file of an export."""

    path: str
    """Relative, e.g. "pt-BR/delivery-times.md"."""
    text: str


@dataclass(frozen=True, slots=True)
class Exported:
    """One text of an article, to be written."""

    article: Article
    content: Content
    state: State
    suffix: str = ""
    """Of a file's name: ".draft" where the published text has a file of its own."""


async def export_folder(db: Database, folder: Path) -> int:
    """Write every article below `folder`, one file each, and return how many files.

    A published article with a newer draft gets a second file, `….draft.md`. Other files in the
    folder are left alone.
    """
    files = [render_article(one) for one in await db.read(read_all)]
    for file in files:
        path = folder / file.path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(file.text, encoding="utf-8")
    return len(files)


def read_all(conn: sa.Connection) -> list[Exported]:
    """Return every text that an export holds, by key and language."""
    articles = repository.all_articles(conn)
    texts = repository.contents(
        conn,
        [
            pair
            for article in articles
            for pair in (
                (article.id, article.revision),
                (article.id, article.published_revision or article.revision),
            )
        ],
    )
    found: list[Exported] = []
    for article in articles:
        newest = texts[article.id, article.revision]
        if article.state is State.PUBLISHED and article.published_revision is not None:
            shown = texts[article.id, article.published_revision]
            found.append(Exported(article, shown, State.PUBLISHED))
            if article.has_draft:
                found.append(Exported(article, newest, State.DRAFT, suffix=".draft"))
        else:
            found.append(Exported(article, newest, article.state))
    return found


def render_file(exported: list[Exported], chosen: Format) -> bytes:
    """Write all articles as one file. Pure."""
    match chosen:
        case Format.CSV:
            return _as_csv(exported).encode("utf-8-sig")
        case Format.JSON:
            items = [_as_members(one) for one in exported]
            return (json.dumps(items, ensure_ascii=False, indent=1) + "\n").encode()
        case Format.MARKDOWN:
            buffer = io.BytesIO()
            with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
                for one in exported:
                    file = render_article(one)
                    # A fixed date: the same articles make the same file.
                    archive.writestr(zipfile.ZipInfo(file.path, (2000, 1, 1, 0, 0, 0)), file.text)
            return buffer.getvalue()


def _as_members(one: Exported) -> dict[str, Any]:
    article, content = one.article, one.content
    members: dict[str, Any] = {
        "key": article.key,
        "locale": article.locale,
        "title": content.title,
        "category": article.category,
        "tags": list(article.tags),
        "state": one.state.value,
        "audience": article.audience.value if article.audience is not Audience.PUBLIC else None,
        "review_by": article.review_by.isoformat() if article.review_by else None,
        "phrasings": list(content.phrasings),
        "short_answer": content.short_answer,
        "links": [f"{link.label} | {link.url}" for link in content.links],
        "flows": list(content.flows),
        "related": list(content.related),
        "answer": content.answer,
    }
    return {name: value for name, value in members.items() if value}


def _as_csv(exported: list[Exported]) -> str:
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow(COLUMNS)
    for one in exported:
        members = _as_members(one)
        for name, mark in (
            ("phrasings", "\n"), ("links", "\n"), ("tags", ", "), ("flows", ", "), ("related", ", ")
        ):  # fmt: skip
            members[name] = mark.join(members.get(name, ()))
        writer.writerow([members.get(name, "") for name in COLUMNS])
    return out.getvalue()


def render_article(one: Exported) -> ExportFile:
    """Write an article as Markdown with front matter. Pure."""
    front = _as_members(one)
    answer = front.pop("answer", "")
    matter = yaml.safe_dump(front, allow_unicode=True, sort_keys=False, width=1_000)
    text = f"---\n{matter}---\n{answer}\n"
    return ExportFile(f"{one.article.locale}/{one.article.key}{one.suffix}.md", text)
