"""Two requests in one message: where it can be cut, so that the second one is not lost.

Only the cutting is done here, by punctuation and by words that join two wishes in Portuguese,
Spanish and English. Whether the parts are wishes at all is for the classifier to say.
"""

from __future__ import annotations

import re
from typing import List

#: What a customer can ask the bot for; small talk around a request is no second one.
WISHES = frozenset({"reset_password", "order_status", "opening_hours", "ticket_status", "faq"})
MAX_PARTS = 4
MAX_CHARACTERS = 400
MIN_WORDS = 2

_SENTENCE = re.compile(r"(?<=[?!;])\s*(?=\S)|(?<=[^\d\W]\.)\s+(?=\S)|\s*\n+\s*")
_JOIN = re.compile(
    r"[\s,]+(?:"
    # strong: what follows is another matter, whatever it is
    r"(?:e|and|y)\s+(?:tamb[eé]m|tb|tbm|also|tambi[eé]n|adem[aá]s|al[eé]m\s+disso|outra\s+coisa|otra\s+cosa|aproveitando)"
    r"|al[eé]m\s+disso|outra\s+coisa|otra\s+cosa|adem[aá]s|also|plus|aproveitando|por\s+cierto|by\s+the\s+way|"
    r"tamb[eé]m\s+(?:quero|queria|gostaria|preciso|esqueci)|tambi[eé]n\s+(?:quiero|quisiera|necesito|olvid[eé])|"
    r"i\s+also"
    # plain: "and" before a word that opens a question or a wish
    r"|(?:e|and|y)\s+(?=(?:onde|cad[eê]|qual|quais|quando|quanto|que\s+horas|a\s+que\s+horas|como|voc[eê]s|vcs|esqueci|"
    r"quero|queria|preciso|gostaria|n[aã]o|meu\s+pedido|minha\s+senha|where|what|when|how|which|do\s+you|are\s+you|can\s+i|"
    r"i\s+(?:want|need|forgot|would|can)|my\s+(?:order|password)|d[oó]nde|cu[aá]l|cu[aá]ndo|cu[aá]nto|a\s+qu[eé]\s+hora|"
    r"c[oó]mo|quiero|quisiera|necesito|olvid[eé]|mi\s+(?:pedido|contrase[nñ]a)|no\s+puedo|"
    r"abrem|abren|fecham|cierran|posso|puedo|would\s+like\s+to|want\s+to)\b)"
    r")[\s,:]*",
    re.IGNORECASE,
)


_LEADING = re.compile(r"^(?:e|and|y|mas|but|pero)\s+", re.IGNORECASE)


_ASKS = re.compile(
    r"(?:(?:eu|i|yo|so|s[oó]|also|tamb[eé]m|tambi[eé]n|ainda|would like to|want to|d\s?like to|quero|queria|"
    r"gostaria de|preciso|quiero|quisiera|necesito)\s+)*(?:saber|know|conhecer|conocer|onde|cad[eê]|"
    r"qual|quais|quando|quanto|que\s+horas|como|where|what|when|how|which|do\s+you|are\s+you|can\s+i|d[oó]nde|cu[aá]l|cu[aá]ndo|"
    r"cu[aá]nto|c[oó]mo|se\s+(?:voc\w+|vcs|tem|t[eê]m|da|d[aá]|posso)|if\s+(?:you|i)|si\s+(?:tienen|puedo|hacen))\b",
    re.IGNORECASE,
)


def asks(part: str) -> bool:
    """Whether a part of a message is a question by its words, whatever it is about."""
    return part.endswith("?") or bool(_ASKS.match(part))


def parts(text: str) -> List[str]:
    """The parts of a message that may be requests of their own; empty when it has one part only."""
    if len(text) > MAX_CHARACTERS:
        return []
    found = [
        _LEADING.sub("", part.strip(" ,;"))
        for sentence in _SENTENCE.split(text)
        for part in _JOIN.split(sentence)
        if part
    ]
    found = [part for part in found if len(part.split()) >= MIN_WORDS]
    return found if 2 <= len(found) <= MAX_PARTS else []
