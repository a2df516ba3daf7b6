"""Identifiers: UUIDv7 (RFC 9562, section 5.7), sortable by the time they were made, safe in URLs."""

import secrets
import time
import uuid


def new_id() -> str:
    """Return a fresh UUIDv7 as its usual 36 characters."""
    milliseconds = time.time_ns() // 1_000_000
    value = (milliseconds & 0xFFFFFFFFFFFF) << 80
    value |= 0x7 << 76
    value |= secrets.randbits(12) << 64
    value |= 0b10 << 62
    value |= secrets.randbits(62)
    return str(uuid.UUID(int=value))


def parse_uuid(text: str) -> str | None:
    """Return the canonical form of a UUID typed by somebody else, or None when it is none."""
    try:
        return str(uuid.UUID(text))
    except (ValueError, AttributeError, TypeError):
        return None


def new_token(nbytes: int = 32) -> str:
    """Return an unguessable URL-safe secret of `nbytes` random bytes (256 bits by default)."""
    return secrets.token_urlsafe(nbytes)
