"""The host as a process: its log, its size, and not outliving whoever started it."""

from __future__ import annotations

import json
import logging
import os
import resource
import signal
import sys
import threading
import time
import traceback
from datetime import datetime, timezone
from pathlib import Path
from typing import Any, Dict, Optional

_LONGEST_MESSAGE = 400
#: How long a process that was asked to end may take to do so.
DRAIN_SECONDS = 10.0


class JsonLines(logging.Formatter):
    """One JSON object a line, without anything a customer may have written.

    An exception is logged as its type and where it happened. Its text is left out: Rasa's errors
    quote the messages they choke on.
    """

    def format(self, record: logging.LogRecord) -> str:
        """The line for a record."""
        when = datetime.fromtimestamp(record.created, timezone.utc)
        line: Dict[str, Any] = {
            "time": when.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage()[:_LONGEST_MESSAGE],
        }
        if record.exc_info and record.exc_info[0] is not None:
            line["error"] = record.exc_info[0].__name__
            line["where"] = [
                f"{Path(frame.filename).name}:{frame.lineno} {frame.name}"
                for frame in traceback.extract_tb(record.exc_info[2])[-8:]
            ]
        return json.dumps(line, ensure_ascii=False)


def log_to_standard_error() -> None:
    """Send every log there, Rasa's from warnings upwards."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    logging.captureWarnings(True)
    # Of Rasa's old pins about each other; what concerns the model is said when it is trained.
    logging.getLogger("py.warnings").setLevel(logging.ERROR)
    for own in ("hosting", "components", "host"):
        logging.getLogger(own).setLevel(logging.INFO)


def silence_rasa() -> None:
    """Stop Rasa from printing every debug line, customers' texts in it, to standard output."""
    from rasa.utils.log_utils import configure_structlog

    configure_structlog(logging.WARNING)


def resident_megabytes() -> int:
    """Memory in use."""
    try:
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
        return pages * resource.getpagesize() // (1 << 20)
    except (OSError, IndexError, ValueError):
        # Only the peak is known here: kilobytes on Linux, bytes on macOS.
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return peak // (1 << 20) if sys.platform == "darwin" else peak // 1024


def end_with_parent(parent: Optional[int] = None) -> None:
    """Ask this process to end when the one that started it is gone, and insist after a while.

    `parent` is its process id as it said itself: asked for here, a parent that is killed while this
    process still starts would already be taken for another one.

    A thread looks once a second, because the event loop may be the thing that hangs; the kernel's
    own signal for this is tied to the thread that started us, which may end before its process.
    """
    parent = parent or os.getppid()

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(1.0)
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(DRAIN_SECONDS + 5.0)
        os._exit(1)

    threading.Thread(target=watch, name="parent", daemon=True).start()
