"""`frontline backup` and `restore`: the embedded store as one file, taken while `up` runs.

The file is a .tar.gz of the store, the trackers of Rasa's hosts and the secret key, with a manifest of
checksums. Restoring checks all of it before anything is replaced.
"""

import errno
import hashlib
import io
import json
import os
import re
import tarfile
import tempfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bot import __version__
from bot.cli.contact import store_file
from bot.cli.lock import only_one
from bot.kit import sqlite_files
from bot.kit.errors import SetupError
from bot.migrations import alembic_config, head_revision
from bot.settings import Settings

FORMAT = 1
MANIFEST = "manifest.json"
STORE = "frontline.db"
KEY = "secret.key"
_NAME = re.compile(r"frontline\.db|secret\.key|rasa/trackers-\d{1,3}\.db")
_ADVICE = (
    "On PostgreSQL, use pg_dump and pg_restore; they take Rasa's trackers (schema rasa) along."
)


def make_backup(settings: Settings, target: Path) -> dict[str, int]:
    """Write a backup and return the size of each part; nothing is left behind when it fails.

    Raises:
        SetupError: not the embedded store, nothing stored yet, or the file exists already.
    """
    store = _embedded(settings)
    if not store.exists():
        raise SetupError(f"There is no store at {store} yet.")
    if target.exists():
        raise SetupError(f"{target} exists already; choose another name.")
    target = target.resolve()
    if not target.parent.is_dir():
        raise SetupError(f"There is no folder {target.parent}.")
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".frontline-backup-") as folder:
        staged = Path(folder)
        # The store first: a tracker that is newer repeats an answer, one that is older has forgotten.
        sqlite_files.copy(store, staged / STORE)
        (staged / "rasa").mkdir()
        for path in sorted((settings.data_dir / "rasa").glob("trackers-*.db")):
            sqlite_files.copy(path, staged / "rasa" / path.name)
        if (settings.data_dir / KEY).exists():
            (staged / KEY).write_bytes((settings.data_dir / KEY).read_bytes())
        sqlite_files.check(staged / STORE)
        parts = {
            path.relative_to(staged).as_posix(): path
            for path in sorted(staged.rglob("*"))
            if path.is_file()
        }
        packed = staged / "packed"
        _pack(packed, parts)
        os.link(packed, target)  # unlike a rename it never replaces a file that came meanwhile
    return {name: entry["bytes"] for name, entry in _read_manifest(target)["files"].items()}


def _pack(packed: Path, parts: dict[str, Path]) -> None:
    manifest = {
        "format": FORMAT,
        "frontline": __version__,
        "schema": head_revision(),
        "made_at": datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z"),
        "files": {
            name: {"sha256": _sha256(path), "bytes": path.stat().st_size}
            for name, path in parts.items()
        },
    }
    body = json.dumps(manifest, indent=2).encode()
    # Everything customers ever said is in there, and the key.
    descriptor = os.open(packed, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        with tarfile.open(fileobj=file, mode="w:gz", compresslevel=6) as archive:
            entry = tarfile.TarInfo(MANIFEST)
            entry.size, entry.mode = len(body), 0o600
            archive.addfile(entry, io.BytesIO(body))
            for name, path in parts.items():
                archive.add(path, arcname=name, recursive=False)
        file.flush()
        os.fsync(file.fileno())


def restore_backup(settings: Settings, source: Path, *, force: bool) -> dict[str, Any]:
    """Put a backup in place of the present store and return its manifest.

    Raises:
        SetupError: a gateway runs, something is stored already (without `force`), or the file is
            no whole backup; nothing is changed then.
    """
    store = _embedded(settings)
    data_dir = settings.data_dir
    with only_one(data_dir):
        present = [p for p in (store, *(data_dir / "rasa").glob("trackers-*.db")) if p.exists()]
        if present and not force:
            raise SetupError(
                f"{data_dir} is not empty ({present[0].name}). Restore into another --data-dir, "
                "or add --force to replace what is there."
            )
        manifest = _read_manifest(source)
        _check_schema(manifest)
        with tempfile.TemporaryDirectory(dir=data_dir, prefix=".restore-") as folder:
            staged = Path(folder)
            _unpack(source, staged, manifest)
            _replace(settings, store, staged, manifest)
    return manifest


def _replace(settings: Settings, store: Path, staged: Path, manifest: dict[str, Any]) -> None:
    rasa = settings.data_dir / "rasa"
    for old in (store, *rasa.glob("trackers-*.db")):
        for ending in ("", "-wal", "-shm"):
            with suppress(FileNotFoundError):
                Path(f"{old}{ending}").unlink()
    rasa.mkdir(parents=True, exist_ok=True)
    store.parent.mkdir(parents=True, exist_ok=True)
    for name in manifest["files"]:
        target = store if name == STORE else settings.data_dir / name
        (staged / name).replace(target)


def _unpack(source: Path, folder: Path, manifest: dict[str, Any]) -> None:
    (folder / "rasa").mkdir()
    with _opened(source) as archive:
        for name, entry in manifest["files"].items():
            try:
                member = archive.getmember(name)
            except KeyError:
                raise SetupError(f"{source.name} is not whole: {name} is missing.") from None
            file = archive.extractfile(member) if member.isfile() else None
            if file is None or member.size != entry["bytes"]:
                raise SetupError(f"{source.name} is not whole: {name} has another size.")
            descriptor = os.open(folder / name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "wb") as target:
                while chunk := file.read(1 << 20):
                    target.write(chunk)
                target.flush()
                os.fsync(target.fileno())
            if _sha256(folder / name) != entry["sha256"]:
                raise SetupError(f"{source.name} is damaged: {name} has another checksum.")
            if name.endswith(".db"):
                sqlite_files.check(folder / name)


@contextmanager
def _opened(source: Path) -> Iterator[tarfile.TarFile]:
    try:
        with tarfile.open(source, "r:gz") as archive:
            yield archive
    except (tarfile.TarError, EOFError, zlib.error, ValueError, KeyError, TypeError) as error:
        raise SetupError(f"{source} is no whole backup of Frontline.") from error
    except OSError as error:
        if error.errno == errno.ENOSPC:
            raise
        raise SetupError(f"Can't read {source}: {error.strerror or error}.") from error


def _read_manifest(source: Path) -> dict[str, Any]:
    with _opened(source) as archive:
        first = archive.next()
        if first is None or first.name != MANIFEST or first.size > 1 << 20:
            raise SetupError(f"{source} is no backup of Frontline.")
        file = archive.extractfile(first)
        manifest = json.loads(file.read() if file else b"")
        files = manifest["files"]
        if manifest["format"] != FORMAT or STORE not in files:
            raise SetupError(f"{source} was written by another version of Frontline.")
        if not all(_NAME.fullmatch(name) for name in files):
            raise SetupError(f"{source} holds files that belong to no backup.")
    return dict(manifest)


def _check_schema(manifest: dict[str, Any]) -> None:
    from alembic.script import ScriptDirectory

    known = {s.revision for s in ScriptDirectory.from_config(alembic_config()).walk_revisions()}
    if manifest["schema"] not in known:
        raise SetupError(
            f"The backup has a newer schema ({manifest['schema']}). Update Frontline first."
        )


def _embedded(settings: Settings) -> Path:
    store = store_file(settings)
    if store is None:
        raise SetupError(f"This is for the embedded store. {_ADVICE}")
    return store


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
