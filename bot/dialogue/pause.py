"""Somebody who fetches a code or a number asks for a moment: no request, and nothing went wrong. Pure."""

import re

from bot.kit.text import plain_words

MAX_CHARACTERS = 60
_LOOKED_FOR = (
    r"(?: (?:o|no|na|meu|minha|my|mi|the|el|la|a|en|in|it|that|lo|isso|e|mail|email|mails|correo|inbox|numero|"
    r"number|codigo|code|spam|aqui|here|caixa|celular|phone|telefono|pedido|order)){0,4}"
)
_TIME = (
    r"(?:momento|momentinho|momentito|minuto|minutinho|minutito|segundo|segundinho|instante|pouco|pouquinho|"
    r"poco|rato|ratito|moment|minute|min|second|sec|bit)"
)
_A = r"(?:um|uns|un|unos|a|an|one|1|so um|solo un|just a|just one)"
_PAUSE = re.compile(
    rf"(?:(?:espera|espere|pera|perai|esperai|aguarda|aguarde|calma|wait|hold on|hang on|dame|me da|give me)"
    rf"(?: ai| ahi| there)?(?: {_A} {_TIME})?(?: ai| ahi)?"
    rf"|{_A} {_TIME}|ja volto|ja ja volto|ya vuelvo|ahora vuelvo|brb|be right back|i ll be right back|"
    rf"(?:deixa eu|deixe me|dejame|let me|vou|voy a|i ll) "
    rf"(?:ver|olhar|procurar|buscar|pegar|conferir|achar|mirar|revisar|check|look|see|find|get|look for)"
    rf"{_LOOKED_FOR})"
    r"(?: por favor| please| pls)?"
)
_NOTHING_SAID = frozenset({"dame", "me da", "give me"})
"""Beginnings that ask for something else when nothing follows."""


def asks_to_wait(text: str) -> bool:
    """Tell whether a message says nothing but that its author needs a moment."""
    if len(text) > MAX_CHARACTERS:
        return False
    words = plain_words(text)
    return words not in _NOTHING_SAID and bool(_PAUSE.fullmatch(words))
