"""`frontline kb`, as typed in a terminal."""

import asyncio
import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from bot.cli.kb import kb_app
from bot.kit.clock import SystemClock
from bot.kit.db import open_database
from bot.kit.encoder import UniversalEncoder
from knowledge_base.golden.service import GoldenQuestions
from knowledge_base.search import KnowledgeBase


@pytest.fixture
def data_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for name in ("FRONTLINE_DATA_DIR", "FRONTLINE_DATABASE_URL", "FRONTLINE_DEFAULT_LOCALE"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path / "var"


def kb(data_dir: Path, *arguments: str, code: int = 0) -> str:
    result = CliRunner().invoke(kb_app, [*arguments, "--data-dir", str(data_dir)])
    assert result.exit_code == code, result.output
    return result.output


ITEM = {
    "key": "pix",
    "locale": "pt-BR",
    "title": "Como pago com Pix?",
    "phrasings": ["o código pix expirou"],
    "answer": "Leia o **QR code**.",
    "state": "published",
}


def test_import_ask_and_export(data_dir: Path, tmp_path: Path) -> None:
    file = tmp_path / "faq.json"
    file.write_text(json.dumps([ITEM]), encoding="utf-8")
    assert "1 created" in kb(data_dir, "import", str(file), "--dry-run")
    assert "handoff" in kb(data_dir, "ask", "como pago com pix")
    assert "1 created" in kb(data_dir, "import", str(file))
    assert "1 unchanged" in kb(data_dir, "import", str(file))

    shown = kb(data_dir, "ask", "como pago com pix?", "--locale", "pt", "--explain")
    assert shown.startswith("answer\n")
    assert "Leia o **QR code**." in shown
    assert "pix r1" in shown

    assert "1 files" in kb(data_dir, "export", str(tmp_path / "out"))
    assert "1 unchanged" in kb(data_dir, "import", str(tmp_path / "out"))


def test_bad_files_are_explained_and_change_nothing(data_dir: Path, tmp_path: Path) -> None:
    file = tmp_path / "faq.json"
    file.write_text(json.dumps([ITEM, {"key": "x"}]), encoding="utf-8")
    shown = kb(data_dir, "import", str(file), code=1)
    assert "faq.json item 2" in shown
    assert "nothing was imported" in shown
    assert "handoff" in kb(data_dir, "ask", "como pago com pix")
    kb(data_dir, "import", str(tmp_path / "none.csv"), code=1)


async def keep(data_dir: Path, question: str, key: str) -> None:
    """Keep a golden question as an editor does."""
    db = open_database(f"sqlite:///{data_dir / 'frontline.db'}")
    try:
        knowledge = KnowledgeBase(db, UniversalEncoder())
        golden = GoldenQuestions(db, SystemClock(), knowledge)
        await golden.add(actor=None, key=key, locale="pt-BR", question=question)
    finally:
        await db.close()


def test_golden_questions_decide_how_the_command_ends(data_dir: Path, tmp_path: Path) -> None:
    other = {**ITEM, "key": "boleto", "title": "Como funciona o boleto?", "phrasings": []}
    file = tmp_path / "faq.json"
    file.write_text(json.dumps([ITEM, other]), encoding="utf-8")
    kb(data_dir, "import", str(file))
    asyncio.run(keep(data_dir, "como pago com pix", "pix"))
    assert "1 passed, 0 failed" in kb(data_dir, "test")
    asyncio.run(keep(data_dir, "como funciona o boleto", "pix"))
    shown = kb(data_dir, "test", code=1)
    assert "failed  pix  pt-BR  como funciona o boleto" in shown
    assert "best: boleto" in shown
    assert "1 passed, 1 failed" in shown
    results = json.loads(kb(data_dir, "test", "--json", code=1))
    assert {one["result"] for one in results} == {"passed", "failed"}
