"""One gateway per data folder: a lock on a file in it, gone with the process."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bot.kit.errors import SetupError


@contextmanager
def only_one(data_dir: Path) -> Iterator[None]:
    """Hold the data folder's lock.

    Raises:
        SetupError: another gateway runs on this folder.
    """
    data_dir.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(data_dir / "gateway.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise SetupError(
                f"Another Frontline is running on {data_dir}. Stop it, or choose another --data-dir."
            ) from None
        yield
    finally:
        os.close(descriptor)
