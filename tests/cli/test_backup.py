"""Backup and restore of the embedded store, also while somebody writes to it."""

import hashlib
import io
import json
import tarfile
import threading
from pathlib import Path

import pytest

from bot.cli.lock import only_one
from tests.cli.terminal import Terminal, sqlite, stored_rows
from tests.parts import PASSWORD


@pytest.fixture
def filled(frontline: Terminal) -> Terminal:
    add = ("staff", "add", "--email", "ana@aurora.example", "--name", "Ana", "--role", "admin")
    frontline(*add, "--password-stdin", stdin=PASSWORD).works()
    (frontline.data_dir / "rasa").mkdir()
    for index in range(2):
        with sqlite.connect(frontline.data_dir / "rasa" / f"trackers-{index}.db") as conn:
            conn.execute("PRAGMA journal_mode=WAL")
            conn.execute("CREATE TABLE events (conversation TEXT, body TEXT)")
            conn.execute("INSERT INTO events VALUES ('c~1', ?)", (f"tracker {index}",))
        conn.close()
    return frontline


def test_a_backup_brings_everything_back(filled: Terminal, tmp_path: Path) -> None:
    file = tmp_path / "monday.tar.gz"
    made = filled.process("backup", str(file)).works()
    assert made.out == f"{file}\n"
    assert "frontline.db" in made.err
    assert file.stat().st_mode & 0o777 == 0o600
    with tarfile.open(file) as archive:
        assert archive.getnames() == [
            "manifest.json",
            "frontline.db",
            "rasa/trackers-0.db",
            "rasa/trackers-1.db",
            "secret.key",
        ]
    filled("backup", str(file)).fails_with("exists already")

    other = Terminal(tmp_path / "other")
    restored = other("restore", str(file)).works()
    assert restored.out.startswith("restored 4 files of 20")
    assert stored_rows(other.data_dir) == stored_rows(filled.data_dir)
    key = (filled.data_dir / "secret.key").read_bytes()
    assert (other.data_dir / "secret.key").read_bytes() == key
    for name in ("frontline.db", "secret.key", "rasa/trackers-1.db"):
        assert (other.data_dir / name).stat().st_mode & 0o777 == 0o600
    with sqlite.connect(other.data_dir / "rasa" / "trackers-1.db") as conn:
        assert conn.execute("SELECT body FROM events").fetchall() == [("tracker 1",)]
    assert "ana@aurora.example" in other("staff", "list").works().out
    assert not [p for p in other.data_dir.iterdir() if p.name.startswith(".restore")]


def test_restoring_over_something_is_asked_for(filled: Terminal, tmp_path: Path) -> None:
    file = tmp_path / "b.tar.gz"
    filled("backup", str(file)).works()
    filled("staff", "add", "--email", "late@aurora.example", "--name", "Late", "--role", "editor",
           "--password-stdin", stdin=PASSWORD).works()  # fmt: skip
    filled("restore", str(file)).fails_with("not empty", "--force")
    assert "late@aurora.example" in filled("staff", "list").out
    with only_one(filled.data_dir):
        filled("restore", str(file), "--force").fails_with("Another Frontline is running")
    (filled.data_dir / "rasa" / "trackers-7.db").write_bytes(b"")
    filled("restore", str(file), "--force").works()
    assert "late@aurora.example" not in filled("staff", "list").out
    assert not (filled.data_dir / "rasa" / "trackers-7.db").exists()


def test_a_backup_is_taken_while_others_write(filled: Terminal, tmp_path: Path) -> None:
    stop = threading.Event()

    def write() -> None:
        with sqlite.connect(filled.data_dir / "frontline.db", timeout=10) as conn:
            number = 0
            while not stop.is_set():
                number += 1
                # Two rows in one transaction: a copy holds both or neither.
                for side in "ab":
                    conn.execute(
                        "INSERT INTO setup_links (token_hash, expires_at) VALUES (?, '2026-01-01')",
                        (f"{number}{side}",),
                    )
                conn.commit()
        conn.close()

    writer = threading.Thread(target=write)
    writer.start()
    try:
        filled("backup", str(tmp_path / "live.tar.gz")).works()
    finally:
        stop.set()
        writer.join()
    other = Terminal(tmp_path / "other")
    other("restore", str(tmp_path / "live.tar.gz")).works()
    with sqlite.connect(other.data_dir / "frontline.db") as conn:
        found = [row[0] for row in conn.execute("SELECT token_hash FROM setup_links")]
    assert {n[:-1] for n in found if n.endswith("a")} == {n[:-1] for n in found if n.endswith("b")}


def test_nothing_to_back_up(frontline: Terminal, tmp_path: Path) -> None:
    frontline("backup", str(tmp_path / "b.tar.gz")).fails_with("no store")
    frontline("restore", str(tmp_path / "none.tar.gz")).fails_with("Can't read")


def repack(file: Path, target: Path, change: dict[str, bytes], manifest: dict[str, object]) -> None:
    with tarfile.open(file) as old, tarfile.open(target, "w:gz") as new:
        for member in old.getmembers():
            part = old.extractfile(member)
            assert part is not None
            body = change.pop(member.name, part.read())
            if member.name == "manifest.json":
                body = json.dumps({**json.loads(body), **manifest}).encode()
            entry = tarfile.TarInfo(member.name)
            entry.size = len(body)
            new.addfile(entry, io.BytesIO(body))
        for name, body in change.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(body)
            new.addfile(entry, io.BytesIO(body))


def test_a_file_that_is_no_whole_backup_changes_nothing(filled: Terminal, tmp_path: Path) -> None:
    good, bad = tmp_path / "good.tar.gz", tmp_path / "bad.tar.gz"
    filled("backup", str(good)).works()
    with tarfile.open(good) as archive:
        part = archive.extractfile("manifest.json")
        assert part is not None
        manifest = json.loads(part.read())
    outside = {"sha256": hashlib.sha256(b"x").hexdigest(), "bytes": 1}
    size = manifest["files"]["frontline.db"]["bytes"]
    cases: list[tuple[dict[str, bytes], dict[str, object], str]] = [
        ({"frontline.db": b"\0" * size}, {}, "checksum"),
        ({"frontline.db": b"short"}, {}, "size"),
        ({}, {"schema": "9999_from_the_future"}, "newer schema"),
        ({}, {"format": 2}, "another version"),
        (
            {"../evil": b"x"},
            {"files": {**manifest["files"], "../evil": outside}},
            "belong to no backup",
        ),
        ({}, {"files": {**manifest["files"], "rasa/trackers-9.db": outside}}, "missing"),
        ({}, {"files": {}}, "another version"),
    ]
    before = stored_rows(filled.data_dir)
    for change, other, words in cases:
        repack(good, bad, dict(change), other)
        filled("restore", str(bad), "--force").fails_with(words)
    whole = good.read_bytes()
    for broken in (b"", b"no archive at all", whole[: len(whole) // 2], whole[:-200]):
        bad.write_bytes(broken)
        filled("restore", str(bad), "--force").fails_with()
    assert stored_rows(filled.data_dir) == before
    assert not (tmp_path / "evil").exists()
    assert not [p for p in filled.data_dir.iterdir() if p.name.startswith(".restore")]
