"""A mail as a value, what may stand in its headers, and when to try again. Pure."""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.message import EmailMessage
from email.utils import format_datetime, parseaddr
from enum import StrEnum

from bot.kit.errors import Invalid

GIVE_UP_AFTER = timedelta(hours=24)
FIRST_RETRY = timedelta(seconds=15)
LONGEST_RETRY = timedelta(hours=1)
_PART = r"[^\s\x00-\x1f\x7f@<>(),;:\"\[\]\\]"
_ADDRESS = re.compile(rf"{_PART}{{1,64}}@{_PART}{{1,255}}")
_BREAKS = re.compile(r"[\x00-\x1f\x7f\u2028\u2029]")
SUBJECT_LIMIT = 200


class MailState(StrEnum):
    """How far a mail is."""

    PENDING = "pending"
    SENT = "sent"
    FAILED = "failed"
    """Refused for good, or not accepted by any server in time."""
    VOID = "void"
    """Never meant to leave: an unknown address costs the same work as a known one."""


@dataclass(frozen=True, slots=True)
class Mail:
    """A mail that is on its way."""

    id: str
    to: str
    subject: str
    text: str
    html: str | None
    created_at: datetime
    expires_at: datetime
    attempts: int = 0


def check_address(address: str) -> str:
    """Return `address` when it is exactly one plain address.

    Raises:
        Invalid: it holds line breaks, several addresses or a display name (header injection).
    """
    if len(address) > 254 or not _ADDRESS.fullmatch(address):
        raise Invalid("That is not one plain e-mail address.", code="mail_address")
    return address


def check_subject(subject: str) -> str:
    """Return `subject` when it fits on one header line.

    Raises:
        Invalid: it holds control characters or is empty or too long.
    """
    if not subject.strip() or len(subject) > SUBJECT_LIMIT or _BREAKS.search(subject):
        raise Invalid("That can't be the subject of a mail.", code="mail_subject")
    return subject


def build_message(mail: Mail, *, sender: str) -> EmailMessage:
    """Return the mail as RFC 5322 wants it.

    The Message-ID comes from the mail's id: a mail sent twice after a crash is recognised as one.
    `Auto-Submitted` keeps absence notices from answering (RFC 3834).
    """
    message = EmailMessage()
    message["From"] = sender
    message["To"] = check_address(mail.to)
    message["Subject"] = check_subject(mail.subject)
    message["Date"] = format_datetime(mail.created_at)
    domain = parseaddr(sender)[1].rpartition("@")[2] or "localhost"
    message["Message-ID"] = f"<{mail.id}@{domain}>"
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(mail.text)
    if mail.html is not None:
        message.add_alternative(mail.html, subtype="html")
    return message


def next_try(
    attempts: int, *, now: datetime, expires_at: datetime, jitter: float
) -> datetime | None:
    """Return when to try again after `attempts` failures, or None when it is time to give up.

    Doubles from 15 seconds to an hour; `jitter` (0 to 1) adds up to a quarter, so that a mail
    server that comes back is not met by everybody at once.
    """
    wait = min(LONGEST_RETRY, FIRST_RETRY * 2 ** min(attempts - 1, 20))
    due = now + wait * (1 + jitter / 4)
    return due if due < expires_at else None
