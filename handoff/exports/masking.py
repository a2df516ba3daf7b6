"""Secrets that people write into a chat and that no transcript may carry on. Pure."""

import re

from handoff.pack import MASK

_CARD = re.compile(r"(?<![\w-])\d(?:[ -]?\d){12,18}(?![\w-])")
_TOLD = re.compile(
    r"\b(?P<what>passwords?|passcode|senhas?|contraseñas?|clave|pin|cvv|cvc|token|api[ _-]?key)"
    r"(?P<link>\s*(?:[:=]|\b(?:is|was|é|era|es|fue|eh)\b\s*:?)\s*)(?P<secret>[^\s<>]+)",
    re.IGNORECASE,
)
_ENDS = ".,;!?)\"'»”"


def mask_secrets(text: str) -> str:
    """Return `text` without card numbers (their last four digits stay) and told passwords.

    A word after "my password is" is taken for the password when it holds a digit or a sign, or stands
    behind a colon: "my password is wrong" stays as it is.
    """
    return _TOLD.sub(_told, _CARD.sub(_card, text))


def _card(found: re.Match[str]) -> str:
    digits = [int(char) for char in found[0] if char.isdecimal()]
    return f"{MASK} {found[0][-4:]}" if _luhn(digits) else found[0]


def _told(found: re.Match[str]) -> str:
    secret = found["secret"].rstrip(_ENDS)
    plain = secret.replace("-", "").isalpha()
    if not secret or (plain and not {":", "="} & set(found["link"])):
        return found[0]
    rest = found["secret"][len(secret) :]
    return f"{found['what']}{found['link']}{MASK}{rest}"


def _luhn(digits: list[int]) -> bool:
    total = 0
    for place, digit in enumerate(reversed(digits)):
        doubled = digit * (1 + place % 2)
        total += doubled - 9 if doubled > 9 else doubled
    return total % 10 == 0


def mask_address(email: str) -> str:
    """Return an address as one may show it to who knows it: the first letter and the domain."""
    name, _, domain = email.rpartition("@")
    return f"{name[:1]}•••@{domain}"
