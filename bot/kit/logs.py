"""Logs are events: a constant name and fields. JSON in production, columns in a terminal.

No message text at `info`; secrets and e-mail addresses are masked before anything is written.
"""

import logging
import re
import sys
from typing import Any

import structlog
from aiohttp.http_exceptions import HttpProcessingError

_EMAIL = re.compile(r"\b([A-Za-z0-9._%+-])[A-Za-z0-9._%+-]*@([A-Za-z0-9.-]+\.[A-Za-z]{2,})\b")
_BOT_TOKEN = re.compile(r"\b\d{5,12}:[A-Za-z0-9_-]{20,}\b")
_BEARER = re.compile(r"(?i)(bearer\s+)[A-Za-z0-9._~+/=-]{8,}")
_SECRET_KEYS = frozenset(
    {"password", "token", "secret", "code", "authorization", "cookie", "csrf_token", "api_token"}
)

_NOISY = (
    "httpx",
    "httpcore",
    "aiohttp.access",
    "alembic",
    "langidentify",
    "telegram",
    "rasa_sdk",
    "sanic",
)
"""Libraries of which only warnings are of interest."""


def mask(value: Any) -> Any:
    """Return `value` with addresses, tokens and secrets made unreadable."""
    if isinstance(value, str):
        value = _EMAIL.sub(r"\1***@\2", value)
        value = _BOT_TOKEN.sub("***:***", value)
        return _BEARER.sub(r"\1***", value)
    if isinstance(value, dict):
        return {k: "***" if str(k).lower() in _SECRET_KEYS else mask(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [mask(item) for item in value]
    return value


def _mask_event(_logger: Any, _method: str, event: structlog.typing.EventDict) -> Any:
    return mask(dict(event))


def _without_garbage(record: logging.LogRecord) -> bool:
    """Keep requests that are not even HTTP to one line at debug: what was sent is in the traceback."""
    error = record.exc_info[1] if record.exc_info else None
    if isinstance(error, HttpProcessingError):
        record.exc_info = record.exc_text = None
        record.levelno, record.levelname = logging.DEBUG, "DEBUG"
        return logging.getLogger().isEnabledFor(logging.DEBUG)
    return True


def configure_logs(*, level: str = "INFO", json_lines: bool | None = None) -> None:
    """Send own and library logs through one masked formatter to standard error.

    Args:
        level: lowest level written.
        json_lines: JSON lines; by default when standard error is no terminal.
    """
    as_json = not sys.stderr.isatty() if json_lines is None else json_lines
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    renderer: Any = (
        structlog.processors.JSONRenderer(ensure_ascii=False)
        if as_json
        else structlog.dev.ConsoleRenderer(pad_event_to=28)
    )
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=shared,
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            structlog.processors.format_exc_info if as_json else _keep,
            _mask_event,
            renderer,
        ],
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(formatter)
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    logging.getLogger("aiohttp.server").addFilter(_without_garbage)
    # httpx writes every URL, and Telegram's URLs hold the bot token.
    for noisy in _NOISY:
        logging.getLogger(noisy).setLevel(logging.WARNING)
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelName(level)),
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )


def _keep(_logger: Any, _method: str, event: structlog.typing.EventDict) -> Any:
    return event
