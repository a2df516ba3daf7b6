"""Who carries a mail away: an SMTP server, or a folder on a laptop."""

import asyncio
import os
from dataclasses import dataclass, field
from datetime import UTC
from pathlib import Path
from typing import Protocol
from urllib.parse import unquote, urlsplit

from bot.kit.errors import SetupError
from bot.mail.message import Mail, build_message

SMTP_TIMEOUT_SECONDS = 20.0
_DEFAULT_PORTS = {"smtp": 25, "smtps": 465, "smtp+starttls": 587}


class MailFailed(Exception):
    """It could not be handed over now; trying again may work."""


class MailRefused(Exception):
    """The server will never take this mail (no such mailbox, refused content)."""


class Mailer(Protocol):
    """Hands one mail over. Handing the same mail over twice is harmless: its id stays the same."""

    async def send(self, mail: Mail) -> None:
        """Deliver, or raise `MailFailed` (try again) or `MailRefused` (never)."""
        ...


@dataclass(frozen=True, slots=True)
class FolderMailer:
    """Writes `<utc>-<id>.eml` files that every mail program opens; for development and the demo."""

    folder: Path
    sender: str

    async def send(self, mail: Mail) -> None:
        """See `Mailer.send`."""
        try:
            await asyncio.to_thread(self._write, mail)
        except OSError as error:
            raise MailFailed(f"folder: {error.strerror or type(error).__name__}") from error

    def _write(self, mail: Mail) -> None:
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        stamp = mail.created_at.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")
        target = self.folder / f"{stamp}-{mail.id}.eml"
        part = target.with_suffix(".part")
        # Codes and links are in there: nobody else on the machine may read them.
        descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(build_message(mail, sender=self.sender).as_bytes())
            file.flush()
            os.fsync(file.fileno())
        part.replace(target)


@dataclass(frozen=True, slots=True)
class SmtpMailer:
    """Hands mails to an SMTP server.

    `smtp://` talks in the clear (a relay on this machine), `smtps://` in TLS from the first byte,
    `smtp+starttls://` insists on the upgrade. User and password may stand in the URL.
    """

    host: str
    port: int
    sender: str
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    tls: bool = False
    starttls: bool = False
    timeout_seconds: float = SMTP_TIMEOUT_SECONDS

    @classmethod
    def from_url(cls, url: str, *, sender: str) -> "SmtpMailer":
        """Read `smtp[s|+starttls]://[USER:PASSWORD@]HOST[:PORT]`.

        Raises:
            SetupError: no host, or another scheme.
        """
        parts = urlsplit(url)
        if parts.scheme not in _DEFAULT_PORTS or not parts.hostname:
            raise SetupError(
                "FRONTLINE_SMTP_URL must look like smtp+starttls://USER:PASSWORD@HOST:587"
            )
        return cls(
            host=parts.hostname,
            port=parts.port or _DEFAULT_PORTS[parts.scheme],
            sender=sender,
            username=unquote(parts.username) if parts.username else None,
            password=unquote(parts.password) if parts.password else None,
            tls=parts.scheme == "smtps",
            starttls=parts.scheme == "smtp+starttls",
        )

    async def send(self, mail: Mail) -> None:
        """See `Mailer.send`."""
        import aiosmtplib

        try:
            await aiosmtplib.send(
                build_message(mail, sender=self.sender),
                hostname=self.host,
                port=self.port,
                username=self.username,
                password=self.password,
                use_tls=self.tls,
                start_tls=self.starttls,
                timeout=self.timeout_seconds,
            )
        except aiosmtplib.SMTPAuthenticationError as error:
            raise MailFailed(f"smtp: log-in refused ({error.code})") from error
        except aiosmtplib.SMTPRecipientsRefused as error:
            codes = [refused.code for refused in error.recipients]
            self._raise(max(codes, default=450), error)
        except aiosmtplib.SMTPResponseException as error:
            self._raise(error.code, error)
        except (aiosmtplib.SMTPException, OSError, TimeoutError) as error:
            raise MailFailed(f"smtp: {type(error).__name__}") from error

    @staticmethod
    def _raise(code: int, error: Exception) -> None:
        """4xx is later, 5xx is never (RFC 5321, 4.2.1). The answer's text may quote addresses."""
        if code >= 500:
            raise MailRefused(f"smtp: refused with {code}") from error
        raise MailFailed(f"smtp: not now, {code}") from error


def open_mailer(*, smtp_url: str | None, data_dir: Path, sender: str) -> Mailer:
    """Return the mailer that the settings ask for: SMTP, or `<data-dir>/mail`."""
    if smtp_url:
        return SmtpMailer.from_url(smtp_url, sender=sender)
    return FolderMailer(data_dir / "mail", sender)
