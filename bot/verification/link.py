"""One-time links: what stands in a stored message, and what only the customer gets to see. Pure.

A stored message holds the marker `{{link:ID}}`. The address with its token is made when the message
goes out to the customer's own channel; it is stored nowhere, and nobody on the team ever sees it.
"""

import base64
import hashlib
import hmac
import re
from collections.abc import Callable
from datetime import timedelta

LIFETIME = timedelta(minutes=10)
RESERVED_FOR = timedelta(seconds=60)
"""How long one form submission keeps others off the same link."""
_ID = r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
_MARKER = re.compile(r"\{\{link:(" + _ID + r")\}\}")
_TOKEN = re.compile("(" + _ID + r")\.([A-Za-z0-9_-]{43})")


def marker(link_id: str) -> str:
    """Return what stands for the link in a stored message."""
    return "{{link:" + link_id + "}}"


def token_of(key: bytes, link_id: str) -> str:
    """Return the unguessable token of a link."""
    mac = hmac.new(key, b"link:" + link_id.encode(), hashlib.sha256).digest()
    return f"{link_id}.{base64.urlsafe_b64encode(mac).decode().rstrip('=')}"


def read_token(key: bytes, token: str) -> str | None:
    """Return the id of the link when the token is genuine, else None."""
    match = _TOKEN.fullmatch(token)
    if match is None or not hmac.compare_digest(token_of(key, match[1]), token):
        return None
    return match[1]


def replace_markers(text: str, write: Callable[[str], str]) -> str:
    """Return the text with every marker replaced by what `write` makes of its id."""
    return _MARKER.sub(lambda match: write(match[1]), text)
