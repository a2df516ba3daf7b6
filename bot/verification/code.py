"""One-time codes: how they look, how they are found in texts, how many there may be. Pure.

A code has 8 digits and 5 tries, 10 minutes long; a subject gets 3 an hour and 5 a day. Guessing one
account for a day therefore succeeds once in four million (5 codes x 5 tries of 10^8).
"""

import hashlib
import hmac
import re
import secrets
import unicodedata
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

DIGITS = 8
LIFETIME = timedelta(minutes=10)
MAX_TRIES = 5
PER_HOUR = 3
PER_DAY = 5
PER_CONVERSATION_DAY = 20
PER_RECIPIENT_DAY = 10
"""Mails to one address, whatever they are about; further ones are written and never sent."""
RESEND_AFTER = timedelta(seconds=30)
PROOF_LIFETIME = timedelta(minutes=10)
"""How long a right code may be used by the turn that follows it."""
MASK = "••••••••"

_GAP = r"[\s.\-\u2010-\u2015\u2212\u00b7_]"
_GROUPED = rf"\d{{4}}{_GAP}?\d{{4}}|\d\d(?:{_GAP}\d\d){{3}}|\d(?:{_GAP}\d){{7}}"
# An order number in front ("AUR-10023"), a longer number or an address around it: no code.
_CODE = re.compile(
    rf"(?<![\w@#/])(?<!AUR-)(?<!AUR )(?:{_GROUPED})(?![\w@/]|[-.,]\d)", re.IGNORECASE
)
_NEARLY = re.compile(rf"\W*(?:\d{{7}}|\d{{9}}|\d{{4}}{_GAP}\d{{3}}|\d{{3}}{_GAP}\d{{4}})\W*")


class Kind(StrEnum):
    """What a code proves."""

    ORDER = "order"
    """That the order is the customer's."""
    RESET = "reset"
    """That the account is."""
    ADDRESS = "address"
    """That mail to the address reaches the customer; the subject is the address."""


class CodeState(StrEnum):
    """What became of a code."""

    OPEN = "open"
    PASSED = "passed"
    LOCKED = "locked"
    """Tried too often."""
    EXPIRED = "expired"
    SUPERSEDED = "superseded"
    """Another one was asked for."""
    CANCELLED = "cancelled"


class Outcome(StrEnum):
    """What came of a typed code."""

    OK = "ok"
    FAILED = "failed"
    LOCKED = "locked"
    NONE = "none"
    """No code is awaited."""


class Refusal(StrEnum):
    """Why no code is sent."""

    TOO_MANY = "too_many"
    TOO_SOON = "too_soon"


@dataclass(frozen=True, slots=True)
class Started:
    """A code is on its way, or would be if the subject existed: nobody can tell."""

    minutes: int
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Refused:
    """No code: too many were asked for."""

    why: Refusal
    retry_after_seconds: int


@dataclass(frozen=True, slots=True)
class Checked:
    """The outcome of a typed code."""

    outcome: Outcome
    kind: Kind | None = None
    subject: str | None = None
    tries_left: int = 0


@dataclass(frozen=True, slots=True)
class Challenge:
    """A code as stored."""

    id: str
    conversation_id: str
    kind: Kind
    subject: str
    email: str | None
    digest: str
    tries: int
    state: CodeState
    created_at: datetime
    expires_at: datetime
    passed_at: datetime | None
    used_by_turn: str | None

    @property
    def tries_left(self) -> int:
        """How many more tries there are."""
        return max(0, MAX_TRIES - self.tries)


def make_code() -> str:
    """Return eight random digits."""
    return f"{secrets.randbelow(10**DIGITS):0{DIGITS}}"


def find_code(text: str) -> tuple[str, str] | None:
    """Return (text with every code masked, the digits of the last one), or None without a code.

    "1234 5678", "1234-5678", "12 34 56 78" and full-width digits are codes. A message that is only
    a number one digit too short or too long is one as well: a slip of the finger must not end up
    in the transcript, where seven of eight digits would tell too much.
    """
    found = list(_CODE.finditer(text))
    if found:
        return _CODE.sub(MASK, text), _digits(found[-1].group())
    if "#" not in text and _NEARLY.fullmatch(text):
        return MASK, _digits(text)
    return None


def _digits(text: str) -> str:
    return "".join(str(unicodedata.decimal(char)) for char in text if char.isdecimal())


def digest_of(key: bytes, code: str) -> str:
    """Return the keyed digest that stands for a typed code in the message's payload."""
    return hmac.new(key, b"code:" + code.encode(), hashlib.sha256).hexdigest()


def bind(key: bytes, challenge_id: str, code_digest: str) -> str:
    """Return what is stored with a challenge: the digest bound to this one challenge."""
    text = f"challenge:{challenge_id}:{code_digest}"
    return hmac.new(key, text.encode(), hashlib.sha256).hexdigest()


def may_send(
    earlier: list[datetime], in_conversation: list[datetime], *, now: datetime
) -> Refused | None:
    """Return why no further code may be sent, or None when one may.

    Args:
        earlier: when codes for the same subject were asked for, within the last day.
        in_conversation: when codes were asked for in this conversation, within the last day.
        now: the present instant.
    """
    hour, day = timedelta(hours=1), timedelta(days=1)
    rules = (
        ([at for at in earlier if at > now - hour], PER_HOUR, hour),
        ([at for at in earlier if at > now - day], PER_DAY, day),
        ([at for at in in_conversation if at > now - day], PER_CONVERSATION_DAY, day),
    )
    for times, limit, window in rules:
        if len(times) >= limit:
            free_at = sorted(times)[-limit] + window
            return Refused(Refusal.TOO_MANY, max(1, int((free_at - now).total_seconds())))
    return None
