"""Keys for each purpose, derived from the one secret key (HKDF's expand step with HMAC-SHA-256, RFC 5869)."""

import hashlib
import hmac


def derive(secret_key: bytes, purpose: str) -> bytes:
    """Return 32 bytes for one purpose; knowing one tells nothing about another."""
    return hmac.new(secret_key, b"frontline:" + purpose.encode() + b"\x01", hashlib.sha256).digest()


def internal_token(secret_key: bytes) -> str:
    """Return the bearer token between the gateway, Rasa and our own commands."""
    return derive(secret_key, "internal").hex()
