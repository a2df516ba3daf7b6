"""`frontline learn`: what reviewers accepted, as a file for Rasa."""

import asyncio
from datetime import UTC, datetime
from pathlib import Path

import yaml

from bot.kit.db import Tx, open_database
from bot.kit.ids import new_id
from bot.learning import repository
from bot.learning.item import Finding, Signal, Verdict
from bot.migrations import upgrade
from tests.cli.terminal import Terminal

NOW = datetime(2026, 11, 21, tzinfo=UTC)


async def _accept(data_dir: Path, text: str, intent: str) -> None:
    finding = Finding(
        "pt-BR", text, frozenset({Signal.FALLBACK}), 0.1, {}, new_id(), new_id(), NOW
    )  # fmt: skip

    def step(tx: Tx) -> None:
        repository.note(tx, finding, again=False)
        item = repository.list_items(tx.conn, repository.ItemFilter())[0]
        assert repository.save_review(
            tx, item.id, version=1, text=text, verdict=Verdict.INTENT, intent=intent,
            article_id=None, article_title=None, by=new_id(), now=NOW,
        )  # fmt: skip

    db = open_database(f"sqlite:///{data_dir / 'frontline.db'}")
    try:
        await upgrade(db)
        await db.write(step)
    finally:
        await db.close()


def test_accepted_examples_are_written_as_rasas_training_data(
    frontline: Terminal, tmp_path: Path
) -> None:
    asyncio.run(_accept(frontline.data_dir, "kd o <order>", "order_status"))
    done = frontline("learn", "export", str(tmp_path / "out")).works()
    file = Path(done.out.strip())
    assert file == tmp_path / "out" / "learned.yml"
    (entry,) = yaml.safe_load(file.read_text(encoding="utf-8"))["nlu"]
    assert (entry["intent"], entry["examples"]) == ("order_status", "- kd o AUR-12345\n")
    assert "1 example(s)" in done.err


def test_nothing_to_export_and_nowhere_to_write_are_said(
    frontline: Terminal, tmp_path: Path
) -> None:
    frontline("learn", "export", str(tmp_path / "out")).fails_with("review some messages")
    assert not (tmp_path / "out").exists()
    (tmp_path / "file").write_text("in the way")
    asyncio.run(_accept(frontline.data_dir, "oi", "greet"))
    frontline("learn", "export", str(tmp_path / "file")).fails_with("Can't write")
