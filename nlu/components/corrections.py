"""Taking back what was given, without saying what is right instead: "me enganei", "not that one".

Whether there is anything to take back is for the rules to say; here only the words are recognised,
in Portuguese, Spanish and English, with or without accents.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Optional, Tuple

#: Longer messages tell a story, and a story about a wrong parcel is no slip of the thumb.
MAX_WORDS = 10

_THING = (
    r"(?:n(?:umero)?|numer[oa]s?|e-?mails?|mails?|pedidos?|encomendas?|compras?|enderecos?|contas?|"
    r"correos?|ordenes|orden|direccion(?:es)?|paquetes?|cuentas?|"
    r"numbers?|address(?:es)?|orders?|packages?|parcels?|purchases?|accounts?|ones?)"
)
_CORRECTION = re.compile(
    # I made a mistake
    r"\b(?:me\s+)?(?:enganei|confundi|equivoque|atrapalhei)\b|\berrei\b|\bfoi\s+engano\b|"
    r"\b(?:digitei|escrevi|passei|coloquei|informei|mandei|dei|puse|escribi|di|mande|teclee)\s+"
    r"(?:\w+\s+){0,3}?(?:errad[oa]|mal|equivocad[oa])\b|"
    r"\bmis-?typed\b|\btypo\b|\bmy\s+(?:mistake|bad)\b|\bmixed\s+(?:it\s+|them\s+)?up\b|"
    r"\bi\s+(?:made\s+a|typed\s+(?:it\s+|that\s+)?wrong|gave\s+(?:you\s+)?(?:the\s+)?wrong)\b|"
    # the wrong number
    rf"\bwrong\s+{_THING}\b|\b{_THING}\s+(?:(?:esta|ta|e|era|is|was|es|that\s+is)\s+)?"
    r"(?:errad[oa]|wrong|incorrect[oa]?|equivocad[oa]|incorreto|mal)\b|"
    # not that one, the other one
    rf"^(?:nao|no|not)[,.]?\s+(?:e|era|es)?\s*(?:esse|este|isso|ess[ae]|ese|esa|eso|"
    rf"that(?:\s+{_THING})?|this(?:\s+{_THING})?)\b(?!\s+\w+\s+\w+)|"
    rf"\b(?:esse|este|ese|esa|that|this)(?:\s+{_THING})?\s+(?:nao|no)\s+(?:e|era|es)\b|"
    r"\bthat\s*(?:'s|\s+is)\s+(?:not\s+it|the\s+wrong)\b|"
    rf"\b(?:outr[oa]|otr[oa]|another|different|other)\s+{_THING}\b|"
    r"\b(?:o|a|el|la|the)\s+(?:outr[oa]|otr[oa]|other)\s*[.!?]*$"
)
# "I received the wrong order", "the other order arrived", "wrong code": no slips of the thumb.
_STORY = re.compile(
    r"\b(?:receb\w+|recib\w+|received|got|chegou|chegaram|veio|vieram|llego|llegaron|vino|arrived|came|"
    r"delivered|entreg\w+|sent|mandaram|enviaram|enviaron|comprar|buy|place|fazer|hacer|"
    r"codigo|code|senha|contrasena|password|pin|cor|color|tamanho|talla|size|cobr\w+|charged)\b"
)
_WORD = re.compile(r"[^\W_]+")


def find_correction(text: str) -> Optional[Tuple[int, int]]:
    """Where a short message takes something back, or ``None``."""
    if len(_WORD.findall(text)) > MAX_WORDS:
        return None
    plain = "".join(_bare(character) for character in text)
    if len(plain) != len(text) or _STORY.search(plain):
        return None
    found = _CORRECTION.search(plain)
    return (found.start(), found.end()) if found else None


def _bare(character: str) -> str:
    """One character for one: lower case, without its accent."""
    if character in "’‘":
        return "'"
    base = unicodedata.normalize("NFD", character.lower())[:1]
    return base or character
