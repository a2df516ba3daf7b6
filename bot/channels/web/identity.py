"""Who a visitor of the host site is, proved by a short-lived signed token (JWT, HS256). Pure.

A missing or broken token never counts as proof, and a typed e-mail address never does either.
"""

from dataclasses import dataclass
from datetime import datetime

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import OctKey

MAX_LIFE_SECONDS = 3_600
"""A token that lives longer is refused: a leaked one must not open a history for ever."""


@dataclass(frozen=True, slots=True)
class Identity:
    """A proven visitor."""

    subject: str
    name: str | None
    email: str | None
    locale: str | None


class IdentityRefused(Exception):
    """The token proves nothing."""


def read_identity(token: str, keys: tuple[str, ...], *, now: datetime) -> Identity:
    """Check a token against each key (two while keys are rotated).

    Raises:
        IdentityRefused: bad signature, expired, issued in the future, no subject, or too long-lived.
    """
    seconds = int(now.timestamp())
    for key in keys:
        try:
            decoded = jwt.decode(token, OctKey.import_key(key), algorithms=["HS256"])
        except (JoseError, ValueError):
            continue
        claims = decoded.claims
        subject, expires = claims.get("sub"), claims.get("exp")
        issued = claims.get("iat", seconds)
        if not isinstance(subject, str) or not 1 <= len(subject) <= 100:
            raise IdentityRefused("sub is missing")
        if not isinstance(expires, int | float) or expires <= seconds:
            raise IdentityRefused("exp is missing or over")
        if not isinstance(issued, int | float) or issued > seconds + 60:
            raise IdentityRefused("iat lies in the future")
        if expires - issued > MAX_LIFE_SECONDS:
            raise IdentityRefused("lives longer than an hour")
        return Identity(
            subject=subject,
            name=_text(claims.get("name")),
            email=_text(claims.get("email")),
            locale=_text(claims.get("locale")),
        )
    raise IdentityRefused("no key fits")


def _text(value: object) -> str | None:
    return value[:200] if isinstance(value, str) and value.strip() else None
