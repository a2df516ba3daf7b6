"""Articles from files: every bad line named, and all rows stored or none."""

import json
from pathlib import Path

import pytest

from bot.kit.errors import Invalid
from knowledge_base import service
from knowledge_base.article import State
from knowledge_base.export import export_folder
from knowledge_base.import_files import Fate, ImportRow, parse_import, read_import
from knowledge_base.repository import Filter
from tests.knowledge_base.conftest import Desk

CSV = "key,locale,title,phrasings,answer,category,tags,state\n"


def row(text: str | bytes, name: str = "faq.csv") -> ImportRow:
    data = text if isinstance(text, bytes) else text.encode()
    reading = parse_import(data, name=name)
    assert not reading.problems, reading.problems
    (found,) = reading.rows
    return found


def reasons(text: str | bytes, name: str = "faq.csv") -> list[str]:
    data = text if isinstance(text, bytes) else text.encode()
    reading = parse_import(data, name=name)
    assert not reading.rows
    return [f"{p.place}: {' '.join(p.reasons)}" for p in reading.problems]


def test_a_csv_row() -> None:
    found = row(
        CSV + 'a,pt-BR,"Título, com vírgula","um | dois","Linha 1\nLinha 2",ped,"x, y",published\n'
    )
    assert found.content.title == "Título, com vírgula"
    assert found.content.phrasings == ("um", "dois")
    assert found.content.answer == "Linha 1\nLinha 2"
    assert (found.category, found.tags, found.state) == ("ped", ("x", "y"), State.PUBLISHED)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "latin-1", "utf-16"])
@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("ending", ["\n", "\r\n"])
def test_what_spreadsheets_write(encoding: str, separator: str, ending: str) -> None:
    lines = [
        separator.join(("key", "locale", "title", "answer")),
        separator.join(
            ("a", "es", "¿Cuánto?", "Señor, acción.")
            if separator != ","
            else ("a", "es", "¿Cuánto?", '"Señor, acción."')
        ),
    ]
    found = row(ending.join(lines).encode(encoding))
    assert found.content.title == "¿Cuánto?"
    assert found.content.answer == "Señor, acción."
    assert found.state is State.DRAFT


def test_bad_csv_lines_are_named() -> None:
    text = CSV + (
        ",en,t,,x,,,\n"
        "a,fr,t,,x,,,\n"
        "b,en,,,x,,,\n"
        "c,en,t,,x,,,live\n"
        "d,en,t,,[x](javascript:alert(1)),,,\n"
        "e,en,t,,,,,published\n"
        "f,en,t,,x,,,,,,\n"
    )
    found = reasons(text)
    assert [line.split(":")[0] for line in found] == [f"faq.csv line {n}" for n in range(2, 9)]
    for line, words in zip(
        found,
        ["key", "language", "title", "state", "javascript", "answer", "columns"],
        strict=True,
    ):
        assert words in line


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ("", "empty"),
        ("a,b\n1,2\n", "columns do not fit"),
        ('key,locale,title,answer\n"a,en,t,x\n', "Line"),
        (b"\x00\x01\x02", "no text file"),
    ],
)
def test_files_that_are_no_csv(data: str | bytes, words: str) -> None:
    assert words in reasons(data)[0]


def test_json() -> None:
    item = {"key": "a", "locale": "en", "title": "T", "answer": "x", "phrasings": ["p", "q"]}
    found = row(json.dumps([item]), "faq.json")
    assert found.content.phrasings == ("p", "q")
    assert found.place == "faq.json item 1"


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ("{", "not JSON"),
        ("{}", "list"),
        ("[1]", "no object"),
        ('[{"key": "a", "locale": "en", "title": 1, "answer": "x"}]', "title is no text"),
        ('[{"key": "a", "locale": "en", "title": "t", "answer": "x", "phrasings": [1]}]', "list"),
        ('[{"key": "a", "locale": "en", "title": "t", "answer": "x", "author": "z"}]', "Unknown"),
        ("[" * 5_000, "not JSON"),
    ],
)
def test_bad_json(data: str, words: str) -> None:
    assert words in reasons(data, "faq.json")[0]


def test_markdown_with_front_matter() -> None:
    found = row(
        "---\nlocale: pt-BR\ntitle: Como pago?\ntags: [pix]\nphrasings:\n- no\n- 2024-01-01\n"
        "---\nCom **Pix**.\n\n---\n\nFim\n",
        "pagamento.md",
    )
    assert (found.key, found.locale) == ("pagamento", "pt-BR")
    assert found.content.phrasings == ("no", "2024-01-01")
    assert found.content.answer == "Com **Pix**.\n\n---\n\nFim"


def test_the_folder_can_say_the_language() -> None:
    assert row("---\ntitle: T\n---\nx", "en/t.md").locale == "en"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("no front matter", "front matter"),
        ("---\n: [\n---\nx", "not YAML"),
        ("---\n- a\n---\nx", "names and values"),
        ("---\ntitle: T\nlocale: en\nanswer: y\n---\nx", "below the front matter"),
        ("---\nlocale: en\n---\nx", "title is missing"),
    ],
)
def test_bad_markdown(text: str, words: str) -> None:
    assert words in reasons(text, "a.md")[0]


def test_html_is_made_harmless_with_a_note() -> None:
    assert "plain text" in row(CSV + "a,en,t,,<script>x</script>,,,\n").notes[0]


def test_a_path_that_is_not_there(tmp_path: Path) -> None:
    for path in (tmp_path / "none.csv", tmp_path):
        with pytest.raises(Invalid):
            read_import(path)
    (tmp_path / "a.exe").write_bytes(b"x")
    with pytest.raises(Invalid):
        read_import(tmp_path / "a.exe")


# -------------------------------------------------------------------------------- on the store


def rows_of(*items: dict[str, object]) -> tuple[ImportRow, ...]:
    reading = parse_import(json.dumps(items).encode(), name="faq.json")
    assert not reading.problems, reading.problems
    return reading.rows


def item(key: str, answer: str = "x", **more: object) -> dict[str, object]:
    return {"key": key, "locale": "en", "title": f"About {key}", "answer": answer, **more}


async def states(desk: Desk) -> dict[str, tuple[str, int, int | None]]:
    return {
        a.key: (a.state.value, a.revision, a.published_revision)
        for a in await desk.articles.list_articles(Filter())
    }


async def test_import_creates_changes_and_leaves_alone(desk: Desk) -> None:
    rows = rows_of(item("a"), item("b", state="published"))
    dry = await desk.articles.import_rows(rows, actor=None, dry_run=True)
    assert [o.fate for o in dry.outcomes] == [Fate.CREATED, Fate.CREATED]
    assert await states(desk) == {}

    await desk.articles.import_rows(rows, actor=None)
    assert await states(desk) == {"a": ("draft", 1, None), "b": ("published", 1, 1)}
    assert len(desk.knowledge) == 1

    again = await desk.articles.import_rows(rows, actor=None)
    assert [o.fate for o in again.outcomes] == [Fate.UNCHANGED, Fate.UNCHANGED]

    # Without a state a published article gets a draft; what customers see stays.
    report = await desk.articles.import_rows(rows_of(item("b", "new")), actor=None)
    assert report.changed == 1
    assert await states(desk) == {"a": ("draft", 1, None), "b": ("published", 2, 1)}
    hit = (await desk.knowledge.ask("About b", locale="en")).hits[0]
    assert hit.answer == "x"

    await desk.articles.import_rows(rows_of(item("b", "new", state="published")), actor=None)
    hit = (await desk.knowledge.ask("About b", locale="en")).hits[0]
    assert (hit.answer, hit.revision) == ("new", 2)

    await desk.articles.import_rows(rows_of(item("b", "new", state="archived")), actor=None)
    assert (await states(desk))["b"] == ("archived", 2, 2)
    assert len(desk.knowledge) == 0


async def test_one_bad_row_and_nothing_is_stored(desk: Desk) -> None:
    good = item("a", state="published")
    reading = parse_import(json.dumps([good, item("B B")]).encode(), name="faq.json")
    report = await desk.articles.import_rows(reading.rows, actor=None, problems=reading.problems)
    assert not report.usable
    assert await states(desk) == {}

    twice = await desk.articles.import_rows(rows_of(good, good), actor=None)
    assert "twice" in twice.bad[0].reasons[0]
    assert await states(desk) == {}


async def test_a_failure_in_the_middle_leaves_nothing(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    def failing(*_: object) -> None:
        raise ValueError("power cut")

    await desk.articles.import_rows(rows_of(item("k0", state="published")), actor=None)
    before = await states(desk)
    monkeypatch.setattr(service, "record", failing)
    rows = rows_of(*(item(f"k{n}", "new", state="published") for n in range(5)))
    with pytest.raises(ValueError, match="power cut"):
        await desk.articles.import_rows(rows, actor=None)
    assert await states(desk) == before
    assert len(desk.knowledge) == 1


async def test_what_is_exported_can_be_imported(desk: Desk, tmp_path: Path) -> None:
    await desk.articles.import_rows(
        rows_of(
            item("a", "# T\n\n- *x*", phrasings=["no", "é: isso", "- x"], tags=["t"], category="c"),
            item("b", state="published"),
            item("c", state="archived"),
        ),
        actor=None,
    )
    await desk.articles.import_rows(rows_of(item("b", "a newer draft")), actor=None)
    before = await states(desk)
    assert before["b"] == ("published", 2, 1)
    assert await export_folder(desk.db, tmp_path) == 4

    reading = read_import(tmp_path)
    assert not reading.problems
    report = await desk.articles.import_rows(reading.rows, actor=None, problems=reading.problems)
    assert report.count(Fate.UNCHANGED) == len(report.outcomes)
    assert await states(desk) == before


async def test_an_export_fills_an_empty_store(sqlite_desk: Desk, tmp_path: Path) -> None:
    (tmp_path / "en").mkdir()
    (tmp_path / "en" / "b.md").write_text("---\ntitle: B\nstate: published\n---\nold\n")
    (tmp_path / "en" / "b.draft.md").write_text("---\nkey: b\ntitle: B\nstate: draft\n---\nnew\n")
    reading = read_import(tmp_path)
    await sqlite_desk.articles.import_rows(reading.rows, actor=None, problems=reading.problems)
    assert await states(sqlite_desk) == {"b": ("published", 2, 1)}
    assert (await sqlite_desk.knowledge.ask("B", locale="en")).hits[0].answer == "old"
