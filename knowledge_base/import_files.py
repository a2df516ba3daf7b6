"""Articles from files: CSV, Markdown with front matter (also as a ZIP), JSON lists; and what an
import would do.

Pure but for reading the files.
Reading never stops at a bad line: every one is reported with its place and reason, and the service
stores either all rows or none.
"""

import csv
import io
import json
import re
import zipfile
import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import Any

import yaml

from bot.kit.errors import Invalid
from bot.kit.locales import LOCALES
from knowledge_base.article import (
    Audience,
    Content,
    Link,
    Stage,
    State,
    check_content,
    check_labels,
    key_problem,
    locale_problem,
    publishing_problems,
)
from knowledge_base.repository import Article

MAX_FILE = 20 * 1024 * 1024
MAX_ROWS = 20_000
COLUMNS = (
    "key", "locale", "title", "phrasings", "answer", "category", "tags", "state",
    "audience", "review_by", "short_answer", "links", "flows", "related",
)  # fmt: skip
"""The first eight are all that most files have."""
OPTIONAL_TEXTS = ("short_answer", "links", "flows", "related")
"""Parts of a text that stay as they are where a file does not have them."""
MAX_ZIPPED_FILES = 20_000
MAX_UNZIPPED = 200 * 1024 * 1024
SUFFIXES = frozenset({".csv", ".json", ".md", ".markdown"})
_ALIASES = {
    "question": "title", "pergunta": "title", "pregunta": "title", "titulo": "title",
    "título": "title", "resposta": "answer", "respuesta": "answer", "language": "locale",
    "idioma": "locale", "lang": "locale", "chave": "key", "clave": "key", "id": "key",
    "categoria": "category", "etiquetas": "tags", "frases": "phrasings", "estado": "state",
    "questions": "phrasings", "público": "audience", "publico": "audience",
    "resposta_curta": "short_answer", "respuesta_corta": "short_answer",
    "relacionados": "related", "revisar_até": "review_by", "revisar_hasta": "review_by",
}  # fmt: skip
_FRONT_MATTER = re.compile(r"\A---[ \t]*\n(.*?)\n---[ \t]*(?:\n|\Z)(.*)\Z", re.DOTALL)


class Fate(StrEnum):
    """What an import does with a row."""

    CREATED = "created"
    CHANGED = "changed"
    UNCHANGED = "unchanged"
    BAD = "bad"


@dataclass(frozen=True, slots=True)
class ImportRow:
    """One article of a file."""

    place: str
    """Where it stands, e.g. "faq.csv line 3"."""
    key: str
    locale: str
    content: Content
    category: str | None = None
    """None leaves an existing article's category as it is."""
    tags: tuple[str, ...] | None = None
    state: State = State.DRAFT
    notes: tuple[str, ...] = ()
    audience: Audience | None = None
    """None leaves it as it is; a new article is public."""
    review_by: date | None = None
    absent: frozenset[str] = frozenset()
    """Of `OPTIONAL_TEXTS`: what the file says nothing about."""

    def on(self, content: Content) -> "ImportRow":
        """Return the row with what it says nothing about taken from an existing text."""
        if not self.absent:
            return self
        kept = {name: getattr(content, name) for name in self.absent}
        return replace(self, content=replace(self.content, **kept))


@dataclass(frozen=True, slots=True)
class Outcome:
    """What happens to a row, and why when it is bad."""

    place: str
    fate: Fate
    key: str = ""
    locale: str = ""
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Change:
    """A row that changes something."""

    row: ImportRow
    new_article: bool
    new_text: bool
    publishes: bool
    shows: bool = False
    """Category, tags or audience of an article that customers see become different at once."""


@dataclass(frozen=True, slots=True)
class Report:
    """What an import does, row by row."""

    outcomes: tuple[Outcome, ...]
    pending: tuple[Change, ...] = ()

    def count(self, fate: Fate) -> int:
        """Return how many rows have this fate."""
        return sum(1 for outcome in self.outcomes if outcome.fate is fate)

    @property
    def created(self) -> int:
        """Number of new articles."""
        return self.count(Fate.CREATED)

    @property
    def changed(self) -> int:
        """Number of changed articles."""
        return self.count(Fate.CHANGED)

    @property
    def bad(self) -> tuple[Outcome, ...]:
        """The rows that can't be used."""
        return tuple(outcome for outcome in self.outcomes if outcome.fate is Fate.BAD)

    @property
    def usable(self) -> bool:
        """Whether nothing is wrong with any row; otherwise nothing at all is stored."""
        return not self.bad

    @property
    def goes_live(self) -> bool:
        """Whether customers will notice."""
        return any(c.publishes or c.shows or c.row.state is State.ARCHIVED for c in self.pending)

    def without_publishing(self, reason: str) -> "Report":
        """Return the report for somebody who may not change what customers see."""
        refused = {
            c.row.place for c in self.pending
            if c.publishes or c.shows or (c.row.state is State.ARCHIVED and not c.new_article)
        }  # fmt: skip
        if not refused:
            return self
        outcomes = tuple(
            replace(o, fate=Fate.BAD, reasons=(reason,)) if o.place in refused else o
            for o in self.outcomes
        )
        return Report(outcomes, self.pending)


def plan_import(
    rows: Sequence[ImportRow],
    existing: Mapping[tuple[str, str], Article],
    texts: Mapping[tuple[str, int], Content],
    *,
    only_new: bool = False,
    problems: Sequence[Outcome] = (),
) -> Report:
    """Compare rows with what is stored. Pure.

    Args:
        rows: in the order of the file; a published row and a draft row of one article may both be
            there (an export writes them so), the published one first.
        existing: the stored articles, by key and locale.
        texts: their revisions' texts, by article id and number.
        only_new: rows of articles that exist already count as unchanged.
        problems: lines that could not be read.
    """
    outcomes = list(problems)
    pending: list[Change] = []
    seen: dict[tuple[str, str], ImportRow] = {}
    for row in rows:
        name = (row.key, row.locale)
        before = seen.get(name)
        if before is not None and not (
            before.state is State.PUBLISHED and row.state is State.DRAFT
        ):
            reason = f"{row.key} in {row.locale} is there twice (also {before.place})."
            outcomes.append(Outcome(row.place, Fate.BAD, *name, (reason,)))
            continue
        seen[name] = row
        article = existing.get(name)
        if only_new and article is not None:
            outcomes.append(Outcome(row.place, Fate.UNCHANGED, *name))
            continue
        if article is not None:
            row = row.on(texts[article.id, article.revision])
        change = _plan_row(row, before, article, texts)
        if change is None:
            outcomes.append(Outcome(row.place, Fate.UNCHANGED, *name, row.notes))
            continue
        fate = Fate.CREATED if article is None and before is None else Fate.CHANGED
        outcomes.append(Outcome(row.place, fate, *name, row.notes))
        if article is not None and article.stage is Stage.SCHEDULED:
            reason = "It is scheduled to be published: cancel the schedule first."
            outcomes[-1] = Outcome(row.place, Fate.BAD, *name, (reason,))
            continue
        pending.append(change)
    return Report(tuple(outcomes), tuple(pending))


def _plan_row(
    row: ImportRow,
    before: ImportRow | None,
    article: Article | None,
    texts: Mapping[tuple[str, int], Content],
) -> Change | None:
    publishes = row.state is State.PUBLISHED
    if article is None:
        if before is not None and before.content == row.content:
            return None
        return Change(row, new_article=before is None, new_text=True, publishes=publishes)
    newest = texts[article.id, article.revision]
    same_labels = (
        (row.category is None or row.category == article.category)
        and (row.tags is None or row.tags == article.tags)
        and (row.audience is None or row.audience is article.audience)
        and (row.review_by is None or row.review_by == article.review_by)
    )
    same_text = row.content == newest
    if publishes and article.published_revision is not None and before is None:
        # A draft that waits behind the same published text is left alone.
        shown = texts[article.id, article.published_revision]
        if article.state is State.PUBLISHED and row.on(shown).content == shown and same_labels:
            return None
    same_state = row.state in {State.DRAFT, article.state}
    if same_text and same_labels and same_state and not (publishes and article.has_draft):
        return None
    if publishes and same_text and article.state is State.PUBLISHED and not article.has_draft:
        publishes = False  # only its labels are new
    return Change(
        row,
        new_article=False,
        new_text=not same_text,
        publishes=publishes,
        shows=article.state is State.PUBLISHED and not same_labels,
    )


# -------------------------------------------------------------------------------------- reading


@dataclass(frozen=True, slots=True)
class Reading:
    """What was found in files: usable rows, and what could not be used."""

    rows: tuple[ImportRow, ...]
    problems: tuple[Outcome, ...]


def read_import(path: Path) -> Reading:
    """Read a file, or every CSV, JSON and Markdown file below a folder.

    Raises:
        Invalid: the path does not exist or is of no known kind.
    """
    if path.is_dir():
        files = sorted(
            file
            for file in path.rglob("*")
            if file.is_file() and file.suffix.lower() in SUFFIXES and file.stem.lower() != "readme"
        )
        if not files:
            raise Invalid(f"There is no .csv, .json or .md file below {path}.", code="no_files")
    elif path.is_file():
        if path.suffix.lower() not in SUFFIXES:
            raise Invalid(
                f"{path.name}: only .csv, .json and .md files can be imported.", code="file_kind"
            )
        files = [path]
    else:
        raise Invalid(f"There is no file or folder {path}.", code="no_files")
    rows: list[ImportRow] = []
    problems: list[Outcome] = []
    for file in files:
        name = str(file.relative_to(path)) if path.is_dir() else file.name
        if file.stat().st_size > MAX_FILE:
            problems.append(_bad(name, f"The file is larger than {MAX_FILE // 2**20} MiB."))
            continue
        reading = parse_import(file.read_bytes(), name=name)
        rows += reading.rows
        problems += reading.problems
    if len(rows) > MAX_ROWS:
        problems.append(_bad(str(path), f"More than {MAX_ROWS:,} articles: import in parts."))
    # Of one article's two rows the published one comes first, wherever its file stands.
    rows.sort(key=lambda row: (row.key, row.locale, row.state is State.DRAFT))
    return Reading(tuple(rows), tuple(problems))


def read_upload(data: bytes, *, name: str) -> Reading:
    """Read an uploaded file: what `parse_import` takes, or a ZIP of such files.

    Raises:
        Invalid: the file is of no known kind, or is no ZIP that can be read.
    """
    suffix = Path(name).suffix.lower()
    if suffix == ".zip":
        files = _unzip(data, name)
    elif suffix in SUFFIXES:
        files = [(name, data)]
    else:
        raise Invalid(
            f"{name}: only .csv, .json, .md and .zip files can be imported.", code="file_kind"
        )
    rows: list[ImportRow] = []
    problems: list[Outcome] = []
    for path, content in files:
        reading = parse_import(content, name=path)
        rows += reading.rows
        problems += reading.problems
    if len(rows) > MAX_ROWS:
        problems.append(_bad(name, f"More than {MAX_ROWS:,} articles: import in parts."))
    rows.sort(key=lambda row: (row.key, row.locale, row.state is State.DRAFT))
    return Reading(tuple(rows), tuple(problems))


def _unzip(data: bytes, name: str) -> list[tuple[str, bytes]]:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            entries = [
                entry
                for entry in archive.infolist()
                if not entry.is_dir()
                and Path(entry.filename).suffix.lower() in SUFFIXES
                and Path(entry.filename).stem.lower() != "readme"
                and not entry.filename.startswith("__MACOSX/")
            ]
            if not entries:
                raise Invalid(f"There is no .csv, .json or .md file in {name}.", code="no_files")
            total = sum(entry.file_size for entry in entries)
            if len(entries) > MAX_ZIPPED_FILES or total > MAX_UNZIPPED:
                raise Invalid(
                    f"{name} unpacks to more than {MAX_UNZIPPED // 2**20} MiB "
                    f"or {MAX_ZIPPED_FILES:,} files: import in parts.",
                    code="too_large",
                )
            return [(entry.filename, archive.read(entry)) for entry in entries]
    except (zipfile.BadZipFile, zlib.error, RuntimeError, NotImplementedError, EOFError):
        # RuntimeError: it asks for a password. NotImplementedError: an unknown compression.
        raise Invalid(f"{name} is no ZIP file that can be read.", code="file_kind") from None


def parse_import(data: bytes, *, name: str) -> Reading:
    """Read the content of one file; its name says what kind it is."""
    suffix = Path(name).suffix.lower()
    text = decode(data)
    if "\x00" in text:
        return Reading((), (_bad(name, "This is no text file."),))
    try:
        if suffix == ".csv":
            items = list(_parse_csv(text, name))
        elif suffix == ".json":
            items = list(_parse_json(text, name))
        else:
            items = [_parse_markdown(text, name)]
    except UnreadableError as error:
        return Reading((), (_bad(name, str(error)),))
    rows: list[ImportRow] = []
    problems: list[Outcome] = []
    for place, raw in items:
        made = _to_row(place, raw)
        if isinstance(made, ImportRow):
            rows.append(made)
        else:
            problems.append(made)
    return Reading(tuple(rows), tuple(problems))


class UnreadableError(Exception):
    """The whole file can't be used; the text says why."""


def decode(data: bytes) -> str:
    """Return text from UTF-8 with or without a mark, UTF-16 with one, else Windows' Latin-1."""
    for mark, encoding in ((b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16")):
        if data.startswith(mark):
            return data.decode(encoding, errors="replace")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = data.decode("cp1252", errors="replace")
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _parse_csv(text: str, name: str) -> Iterable[tuple[str, dict[str, Any]]]:
    first = next((line for line in text.split("\n") if line.strip()), "")
    delimiter = max((",", ";", "\t"), key=first.count)
    csv.field_size_limit(MAX_FILE)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    header: list[str] | None = None
    line = 1
    try:
        for cells in reader:
            place, line = f"{name} line {line}", reader.line_num + 1
            if not any(cell.strip() for cell in cells):
                continue
            if header is None:
                header = [_column(cell) for cell in cells]
                _check_header(header)
                continue
            if len(cells) > len(header):
                yield place, {"_problem": f"{len(cells)} columns instead of {len(header)}."}
                continue
            raw: dict[str, Any] = dict(zip(header, cells, strict=False))
            raw["phrasings"] = _split(raw.get("phrasings"), r"\n|\s*\|\s*")
            for listed in ("tags", "flows", "related"):
                if listed in raw:
                    raw[listed] = _split(raw[listed], r"\s*[,|;]\s*")
            if "links" in raw:
                raw["links"] = [line for line in raw["links"].split("\n") if line.strip()]
            yield place, {k: v for k, v in raw.items() if v != "" or k in OPTIONAL_TEXTS}
    except csv.Error as error:
        raise UnreadableError(f"Line {reader.line_num}: {error}.") from None
    if header is None:
        raise UnreadableError("The file is empty.")


def _column(cell: str) -> str:
    name = cell.strip().lower()
    return _ALIASES.get(name, name)


def _check_header(header: list[str]) -> None:
    unknown = [name for name in header if name not in COLUMNS]
    missing = [name for name in ("key", "locale", "title", "answer") if name not in header]
    if unknown or missing:
        parts = [f"unknown {', '.join(map(repr, unknown))}"] if unknown else []
        parts += [f"missing {', '.join(missing)}"] if missing else []
        raise UnreadableError(f"The columns do not fit: {'; '.join(parts)}.")


def _split(value: Any, pattern: str) -> list[str]:
    return [part for part in re.split(pattern, str(value or "").strip()) if part]


def _parse_json(text: str, name: str) -> Iterable[tuple[str, dict[str, Any]]]:
    try:
        data = json.loads(text)
    except (ValueError, RecursionError) as error:
        where = f" (line {error.lineno})" if isinstance(error, json.JSONDecodeError) else ""
        raise UnreadableError(f"This is not JSON{where}.") from None
    if not isinstance(data, list):
        raise UnreadableError("A JSON file must hold a list of articles.")
    for number, item in enumerate(data, 1):
        place = f"{name} item {number}"
        yield place, item if isinstance(item, dict) else {"_problem": "This is no object."}


def _parse_markdown(text: str, name: str) -> tuple[str, dict[str, Any]]:
    match = _FRONT_MATTER.match(text.lstrip("\n"))
    if match is None:
        return name, {"_problem": "There is no front matter between two lines of ---."}
    try:
        # BaseLoader makes nothing but texts, lists and mappings: a phrasing "no" stays a word.
        front = yaml.load(match.group(1), Loader=yaml.BaseLoader)  # noqa: S506
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f" (line {mark.line + 2})" if mark is not None else ""
        return name, {"_problem": f"The front matter is not YAML{where}."}
    if not isinstance(front, dict):
        return name, {"_problem": "The front matter must hold names and values."}
    raw = {
        name: value
        for name, value in ((_column(str(key)), value) for key, value in front.items())
        if value != "" or name in OPTIONAL_TEXTS
    }
    if "answer" in raw:
        return name, {"_problem": "The answer stands below the front matter, not in it."}
    raw["answer"] = match.group(2)
    stem = Path(name)
    raw.setdefault("key", stem.stem)
    if "locale" not in raw and stem.parent.name in LOCALES:
        raw["locale"] = stem.parent.name
    return name, raw


def _to_row(place: str, raw: Mapping[str, Any]) -> ImportRow | Outcome:
    reasons: list[str] = []
    if "_problem" in raw:
        return _bad(place, str(raw["_problem"]))
    unknown = sorted(str(name) for name in raw if name not in COLUMNS)
    if unknown:
        reasons.append(f"Unknown: {', '.join(unknown)}.")
    texts: dict[str, str] = {}
    for member in ("key", "locale", "title", "answer"):
        value = raw.get(member)
        if not isinstance(value, str):
            reasons.append(f"{member} is {'missing' if value is None else 'no text'}.")
        texts[member] = value.strip() if isinstance(value, str) else ""
    phrasings = _texts(raw.get("phrasings"), "phrasings", reasons)
    tags = _texts(raw["tags"], "tags", reasons) if raw.get("tags") is not None else None
    category = raw.get("category")
    if category is not None and not isinstance(category, str):
        reasons.append("category is no text.")
        category = None
    flows = _texts(raw.get("flows"), "flows", reasons)
    related = _texts(raw.get("related"), "related", reasons)
    links = _links(raw.get("links"), reasons)
    short_answer = raw.get("short_answer", "")
    if not isinstance(short_answer, str | None):
        reasons.append("short_answer is no text.")
        short_answer = ""
    audience = _audience(raw.get("audience"), reasons)
    review_by = _day(raw.get("review_by"), reasons)
    state = State.DRAFT
    try:
        state = State(str(raw.get("state") or "draft").strip().lower())
    except ValueError:
        reasons.append(f"state must be one of {', '.join(State)}.")
    if reasons:
        return _bad(place, *reasons, key=texts["key"], locale=texts["locale"])
    content = Content(
        title=texts["title"],
        answer=texts["answer"],
        phrasings=phrasings,
        short_answer=short_answer or "",
        links=links,
        flows=flows,
        related=related,
    )
    checked = check_content(content)
    found = publishing_problems(content) if state is State.PUBLISHED else checked.problems
    problems = [problem.message for problem in (*found, *check_labels(category, tags or ()))]
    problems += [p for p in (key_problem(texts["key"]), locale_problem(texts["locale"])) if p]
    if problems:
        return _bad(place, *problems, key=texts["key"], locale=texts["locale"])
    return ImportRow(
        place=place,
        key=texts["key"],
        locale=texts["locale"],
        content=checked.content,
        category=category.strip() or None if category else None,
        tags=tags,
        state=state,
        notes=checked.notes,
        audience=audience,
        review_by=review_by,
        absent=frozenset(name for name in OPTIONAL_TEXTS if raw.get(name) is None),
    )


def _links(value: Any, reasons: list[str]) -> tuple[Link, ...]:
    """Read links written as "Text | https://…", or as objects with label and url."""
    found = []
    for item in value if isinstance(value, list) else [value] if value else []:
        if isinstance(item, str) and item.strip():
            label, bar, url = item.rpartition("|")
            found.append(
                Link(label.strip(), url.strip()) if bar else Link(url.strip(), url.strip())
            )
        elif (
            isinstance(item, dict)
            and set(item) == {"label", "url"}
            and all(isinstance(part, str) for part in item.values())
        ):
            found.append(Link(item["label"].strip(), item["url"].strip()))
        elif item != "":
            reasons.append('A link must be "Text | https://…", or an object with label and url.')
    return tuple(found)


def _audience(value: Any, reasons: list[str]) -> Audience | None:
    if value is None or value == "":
        return None
    try:
        return Audience(str(value).strip().lower())
    except ValueError:
        reasons.append(f"audience must be one of {', '.join(Audience)}.")
        return None


def _day(value: Any, reasons: list[str]) -> date | None:
    if value is None or value == "":
        return None
    try:
        return date.fromisoformat(str(value).strip())
    except ValueError:
        reasons.append("review_by must be a day like 2027-03-31.")
        return None


def _texts(value: Any, name: str, reasons: list[str]) -> tuple[str, ...]:
    if value is None:
        return ()
    if isinstance(value, str):
        value = [value] if value.strip() else []
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        reasons.append(f"{name} must be a list of texts.")
        return ()
    return tuple(item.strip() for item in value if item.strip())


def _bad(place: str, *reasons: str, key: str = "", locale: str = "") -> Outcome:
    return Outcome(place, Fate.BAD, key, locale, reasons)
