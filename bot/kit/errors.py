"""The error tree. Every class has a stable code and an HTTP status; one middleware renders them.

FrontlineError
├── Invalid            422  bad_request_body, …   what was sent can't be used
├── Unauthenticated    401  unauthenticated       nobody is logged in, or the token is unknown
├── Forbidden          403  forbidden, csrf       known, but not allowed
├── NotFound           404  not_found             missing, or not yours: the two look alike
├── Conflict           409  stale, already_claimed, …
├── TooLarge           413  too_large
├── RateLimited        429  rate_limited          carries retry_after_seconds
└── Unavailable        503  unavailable           storage or a foreign system can't be used now
SetupError             (command line only) the machine or the settings are not in order
"""

from typing import ClassVar


class FrontlineError(Exception):
    """An expected failure that a client is told about in plain words.

    `detail` is shown to the client, so it never holds exception text, SQL or a customer's data.
    `extra` becomes further members of the problem document (RFC 9457, section 3.2).
    """

    status: ClassVar[int] = 500
    default_code: ClassVar[str] = "error"
    title: ClassVar[str] = "Something went wrong"

    def __init__(self, detail: str, /, *, code: str | None = None, **extra: object) -> None:
        super().__init__(detail)
        self.detail = detail
        self.code = code or self.default_code
        self.extra = extra


class Invalid(FrontlineError):
    """What was sent can't be used; the detail says what to change."""

    status = 422
    default_code = "invalid"
    title = "The request can't be used"


class BadRequest(FrontlineError):
    """The request could not even be read (broken JSON, wrong content type)."""

    status = 400
    default_code = "bad_request"
    title = "The request can't be read"


class Unauthenticated(FrontlineError):
    """Nobody is logged in, or the token is unknown, expired or revoked."""

    status = 401
    default_code = "unauthenticated"
    title = "Log in first"


class Forbidden(FrontlineError):
    """The caller is known but may not do this."""

    status = 403
    default_code = "forbidden"
    title = "Not allowed"


class NotFound(FrontlineError):
    """The thing does not exist or is not the caller's: outsiders can't tell which."""

    status = 404
    default_code = "not_found"
    title = "Not found"


class Conflict(FrontlineError):
    """Somebody else was faster, or the state no longer allows this."""

    status = 409
    default_code = "conflict"
    title = "It has changed in the meantime"


class TooLarge(FrontlineError):
    """More was sent than is accepted."""

    status = 413
    default_code = "too_large"
    title = "Too large"


class RateLimited(FrontlineError):
    """Too many requests; `retry_after_seconds` says when to come back."""

    status = 429
    default_code = "rate_limited"
    title = "Too many requests"

    def __init__(self, detail: str, /, *, retry_after_seconds: int = 10, **extra: object) -> None:
        super().__init__(detail)
        self.extra = {"retry_after_seconds": retry_after_seconds, **extra}
        self.retry_after_seconds = retry_after_seconds


class Unavailable(FrontlineError):
    """Storage or a foreign system can't be used at the moment; trying again later may work."""

    status = 503
    default_code = "unavailable"
    title = "Not available right now"


class SetupError(Exception):
    """The machine or the settings are not in order; the text says what to do. Command line only."""
