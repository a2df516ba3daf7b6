"""`frontline transcript`, on a store of its own."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner

from bot.cli.common import open_store
from bot.cli.root import app
from bot.kit.bus import LocalBus
from bot.kit.clock import FixedClock
from bot.settings import read_settings
from tests.handoff.world import World


async def fill(folder: Path) -> tuple[str, str]:
    """Returns (ticket number, conversation id)."""
    async with open_store(read_settings({}, data_dir=folder)) as db:
        clock = FixedClock(datetime(2026, 11, 18, 15, 0, tzinfo=UTC))
        world = await World(db, clock, LocalBus()).populate()
        conversation = await world.conversation(locale="es")
        await world.says(conversation.id, "¿Dónde está mi pedido?")
        opened, _ = await world.hand_off(conversation)
        return opened.number, conversation.id


def test_the_transcript_is_printed_in_each_form(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import asyncio

    monkeypatch.chdir(tmp_path)
    number, conversation_id = asyncio.run(fill(tmp_path / "var"))
    for asked in (number, conversation_id):
        for form, expected in [
            ("txt", "¿Dónde está mi pedido?"),
            ("json", '"seq": 1'),
            ("html", "<!doctype html>"),
        ]:
            result = CliRunner().invoke(
                app,
                ["transcript", asked, "--format", form, "--data-dir", str(tmp_path / "var")],
            )
            assert result.exit_code == 0, result.output
            assert expected in result.stdout


def test_an_unknown_conversation_is_said_plainly(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(app, ["transcript", "FL-9999", "--data-dir", str(tmp_path / "var")])
    assert result.exit_code == 1
    assert result.stdout == ""
    assert "There is no such conversation." in result.stderr


def test_a_file_is_checked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import asyncio

    monkeypatch.chdir(tmp_path)
    number, _ = asyncio.run(fill(tmp_path / "var"))

    def frontline(*arguments: str) -> tuple[int, str]:
        result = CliRunner().invoke(
            app, ["transcript", number, *arguments, "--data-dir", str(tmp_path / "var")]
        )
        return result.exit_code, result.output

    path = tmp_path / "transcript.txt"
    for form in ("txt", "html", "json"):
        path.write_text(frontline("--format", form)[1], encoding="utf-8")
        code, said = frontline("--verify", str(path))
        assert (code, said.split(" since")[0]) == (0, "Unchanged")
        path.write_text(path.read_text("utf-8").replace("mi pedido", "tu pedido"), "utf-8")
        code, said = frontline("--verify", str(path))
        assert code == 1
        assert "  message 1: changed" in said
    path.write_text("hello")
    assert "This is no transcript of Frontline" in frontline("--verify", str(path))[1]
    path.write_bytes(b"\xff\xfe")
    assert "no text in UTF-8" in frontline("--verify", str(path))[1]
    assert "can't be read" in frontline("--verify", str(tmp_path / "none"))[1]
