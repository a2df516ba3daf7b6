"""The operator's settings: `FRONTLINE_*` environment variables and `.env`, read once at start.

Unknown names and values that make no sense stop the start with a message naming every one of them.
What belongs to the business (queues, hours, texts) is edited in the admin pages instead.
"""

import os
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from bot.kit.errors import SetupError
from bot.kit.locales import LOCALES

PREFIX = "FRONTLINE_"
NAMES = {
    "DATA_DIR": "folder for everything that is stored (default var)",
    "DATABASE_URL": "default SQLite in the data folder; postgresql+asyncpg://USER@HOST/NAME",
    "REDIS_URL": "redis://HOST:6379/0; needed for more than one gateway",
    "PUBLIC_URL": "how browsers reach the gateway, e.g. https://support.example.com",
    "TELEGRAM_TOKEN": "the bot's token from @BotFather",
    "TELEGRAM_MODE": "polling (default) or webhook",
    "TELEGRAM_API_URL": "base URL of an own Bot API server",
    "TELEGRAM_SECRET": "webhook secret, 1-256 of A-Z a-z 0-9 _ -",
    "SMTP_URL": "smtp://, smtps:// or smtp+starttls://USER:PASSWORD@HOST:PORT",
    "MAIL_FROM": "sender of mails",
    "DEFAULT_LOCALE": "pt-BR (default), en or es",
    "TIMEZONE": "IANA name, default America/Sao_Paulo",
    "WIDGET_ORIGINS": "comma-separated origins that may embed the widget",
    "WIDGET_IDENTITY": "off (default), optional or required",
    "WIDGET_IDENTITY_KEYS": "comma-separated HS256 keys, newest first",
    "SECRET_KEY": "at least 32 characters; made in the data folder when absent",
    "RASA_PYTHON": "a Python 3.10 for Rasa's environment",
    "RASA_HOSTS": "how many Rasa processes run side by side (default 1)",
    "LOG_LEVEL": "DEBUG, INFO (default), WARNING",
    "TRUSTED_PROXIES": "comma-separated addresses whose X-Forwarded-For is believed",
}


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything the operator decides. Secrets never appear in `repr`."""

    data_dir: Path
    database_url: str = field(repr=False)
    redis_url: str | None = field(repr=False)
    public_url: str
    telegram_token: str | None = field(repr=False)
    telegram_mode: Literal["polling", "webhook"]
    telegram_api_url: str | None
    telegram_secret: str | None = field(repr=False)
    smtp_url: str | None = field(repr=False)
    mail_from: str
    default_locale: str
    timezone: str
    widget_origins: tuple[str, ...]
    widget_identity: Literal["off", "optional", "required"]
    widget_identity_keys: tuple[str, ...] = field(repr=False)
    secret_key: bytes = field(repr=False)
    rasa_python: str | None
    rasa_hosts: int
    log_level: str
    trusted_proxies: tuple[str, ...]
    demo: bool = True
    telegram: bool = True

    @property
    def secure_cookies(self) -> bool:
        """Whether browsers come over HTTPS."""
        return self.public_url.startswith("https://")


def read_settings(
    environ: Mapping[str, str] | None = None,
    *,
    data_dir: Path | None = None,
    public_url: str | None = None,
    demo: bool = True,
    telegram: bool = True,
    dotenv: Path | None = Path(".env"),
) -> Settings:
    """Read and check all settings.

    Args:
        environ: the environment; the process's own by default. It wins over `.env`.
        data_dir: from the command line, wins over the environment.
        public_url: used when FRONTLINE_PUBLIC_URL is not set (`up` knows its port).
        demo: whether the demo shop is part of this start.
        telegram: whether Telegram is started when a token is there.
        dotenv: file read below the environment, when it exists.

    Raises:
        SetupError: lists every unknown name and every invalid value.
    """
    values: dict[str, str] = {}
    problems: list[str] = []
    if dotenv is not None and dotenv.is_file():
        values.update(_read_dotenv(dotenv, problems))
    source = os.environ if environ is None else environ
    values.update({k: v for k, v in source.items() if k.startswith(PREFIX)})
    known = {PREFIX + name for name in NAMES}
    for name in sorted(values):
        if name not in known and not name.startswith(PREFIX + "TEST_"):
            hint = _closest(name, known)
            problems.append(f"{name}: unknown setting{f', did you mean {hint}?' if hint else ''}")

    def get(name: str, default: str | None = None) -> str | None:
        value = values.get(PREFIX + name, "").strip()
        return value or default

    def bad(name: str, why: str) -> None:
        problems.append(f"{PREFIX}{name}: {why}")

    folder = (data_dir or Path(get("DATA_DIR") or "var")).expanduser().resolve()
    database_url = get("DATABASE_URL") or f"sqlite:///{folder / 'frontline.db'}"
    if not re.match(r"(sqlite:///|postgresql\+asyncpg://)", database_url):
        bad("DATABASE_URL", "must start with sqlite:/// or postgresql+asyncpg://")
    redis_url = get("REDIS_URL")
    if redis_url and not re.match(r"rediss?://|unix://", redis_url):
        bad("REDIS_URL", "must start with redis://, rediss:// or unix://")
    url = (get("PUBLIC_URL") or public_url or "http://127.0.0.1:8080").rstrip("/")
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.netloc or parts.path:
        bad("PUBLIC_URL", "must be http(s)://HOST[:PORT] without a path")
    token = get("TELEGRAM_TOKEN")
    if token and not re.fullmatch(r"\d+:[A-Za-z0-9_-]+", token):
        bad("TELEGRAM_TOKEN", "does not look like 123456:ABC…")
    mode = get("TELEGRAM_MODE", "polling")
    if mode not in {"polling", "webhook"}:
        bad("TELEGRAM_MODE", f"{mode!r} is neither polling nor webhook")
    api_url = get("TELEGRAM_API_URL")
    if api_url and urlsplit(api_url).scheme not in {"http", "https"}:
        bad("TELEGRAM_API_URL", "must be an http(s) URL")
    secret = get("TELEGRAM_SECRET")
    if secret and not re.fullmatch(r"[A-Za-z0-9_-]{1,256}", secret):
        bad("TELEGRAM_SECRET", "must be 1 to 256 characters of A-Z a-z 0-9 _ -")
    smtp_url = get("SMTP_URL")
    if smtp_url and urlsplit(smtp_url).scheme not in {"smtp", "smtps", "smtp+starttls"}:
        bad("SMTP_URL", "must start with smtp://, smtps:// or smtp+starttls://")
    locale = get("DEFAULT_LOCALE", "pt-BR") or "pt-BR"
    if locale not in LOCALES:
        bad("DEFAULT_LOCALE", f"{locale!r} is none of {', '.join(LOCALES)}")
    timezone = get("TIMEZONE", "America/Sao_Paulo") or "America/Sao_Paulo"
    try:
        ZoneInfo(timezone)
    except (ZoneInfoNotFoundError, ValueError):
        bad("TIMEZONE", f"{timezone!r} is no IANA time zone such as America/Sao_Paulo")
    origins = _split(get("WIDGET_ORIGINS"))
    for origin in origins:
        o = urlsplit(origin)
        if origin != "*" and (o.scheme not in {"http", "https"} or not o.netloc or o.path):
            bad("WIDGET_ORIGINS", f"{origin!r} is no origin such as https://www.example.com")
    identity = get("WIDGET_IDENTITY", "off")
    if identity not in {"off", "optional", "required"}:
        bad("WIDGET_IDENTITY", f"{identity!r} is none of off, optional, required")
    keys = _split(get("WIDGET_IDENTITY_KEYS"))
    if identity in {"optional", "required"} and not keys:
        bad("WIDGET_IDENTITY_KEYS", f"needed when FRONTLINE_WIDGET_IDENTITY is {identity}")
    if any(len(key) < 32 for key in keys):
        bad("WIDGET_IDENTITY_KEYS", "every key needs at least 32 characters")
    hosts = get("RASA_HOSTS", "1") or "1"
    if not re.fullmatch(r"[1-9]\d?", hosts):
        bad("RASA_HOSTS", f"{hosts!r} is no number from 1 to 99")
    level = (get("LOG_LEVEL", "INFO") or "INFO").upper()
    if level not in {"DEBUG", "INFO", "WARNING", "ERROR"}:
        bad("LOG_LEVEL", f"{level!r} is none of DEBUG, INFO, WARNING, ERROR")
    given_key = get("SECRET_KEY")
    if given_key and len(given_key) < 32:
        bad("SECRET_KEY", "needs at least 32 characters")
    if problems:
        raise SetupError("These settings can't be used:\n  " + "\n  ".join(problems))
    secret_key = given_key.encode() if given_key else load_secret_key(folder)
    return Settings(
        data_dir=folder,
        database_url=database_url,
        redis_url=redis_url,
        public_url=url,
        telegram_token=token,
        telegram_mode="webhook" if mode == "webhook" else "polling",
        telegram_api_url=api_url.rstrip("/") if api_url else None,
        telegram_secret=secret,
        smtp_url=smtp_url,
        mail_from=get("MAIL_FROM") or "Frontline <support@localhost>",
        default_locale=locale,
        timezone=timezone,
        widget_origins=origins,
        widget_identity="required"
        if identity == "required"
        else "optional"
        if identity == "optional"
        else "off",
        widget_identity_keys=keys,
        secret_key=secret_key,
        rasa_python=get("RASA_PYTHON"),
        rasa_hosts=int(hosts),
        log_level=level,
        trusted_proxies=_split(get("TRUSTED_PROXIES")),
        demo=demo,
        telegram=telegram,
    )


def load_secret_key(folder: Path) -> bytes:
    """Return the key in `<data-dir>/secret.key`, made with mode 0600 when it is not there.

    Raises:
        SetupError: the data folder can't be written.
    """
    path = folder / "secret.key"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        try:
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            key = path.read_bytes().strip()
            if len(key) < 32:
                raise SetupError(f"{path} is damaged: remove it to have a new one made") from None
            return key
        with os.fdopen(descriptor, "wb") as file:
            key = secrets.token_urlsafe(48).encode()
            file.write(key)
            return key
    except OSError as error:
        raise SetupError(f"Can't write to the data folder {folder}: {error.strerror}") from error


def _split(value: str | None) -> tuple[str, ...]:
    return tuple(part.strip().rstrip("/") for part in (value or "").split(",") if part.strip())


def _read_dotenv(path: Path, problems: list[str]) -> dict[str, str]:
    values = {}
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        stripped = line.strip()
        if not stripped or stripped.startswith("#"):
            continue
        name, separator, value = stripped.removeprefix("export ").partition("=")
        if not separator:
            problems.append(f"{path} line {number}: expected NAME=value")
            continue
        value = value.strip()
        if len(value) >= 2 and value[0] == value[-1] and value[0] in "'\"":
            value = value[1:-1]
        if name.strip().startswith(PREFIX):
            values[name.strip()] = value
    return values


def _closest(name: str, known: set[str]) -> str | None:
    import difflib

    found = difflib.get_close_matches(name, known, n=1, cutoff=0.75)
    return found[0] if found else None
