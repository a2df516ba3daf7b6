"""Somebody types what a button says, or its number, instead of pressing it. Pure."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from bot.kit.text import plain_words

MAX_CHARACTERS = 80
"""Longer messages are never the label of a button."""
_NUMBER = re.compile(
    r"(?:a |o |the |la |el |opcao |opcion |option |numero |number |n )*(\d)(?: a| o| one| opcao| opcion)?"
)
_ORDINALS = (
    {"primeiro", "primeira", "first", "primero", "primera", "1a", "1o", "1st"},
    {"segundo", "segunda", "second", "2a", "2o", "2nd"},
    {"terceiro", "terceira", "third", "tercero", "tercera", "3a", "3o", "3rd"},
)
_AROUND_ORDINALS = frozenset(
    {"a", "o", "the", "la", "el", "one", "opcao", "opcion", "option", "please", "por", "favor"}
)
_YES = frozenset(
    """sim|s|yes|y|yep|yeah|sure|si|ok|okay|pode|pode ser|claro|isso|por favor|please|quero|aham|uhum|dale|
    vale|yes please|sim por favor|si por favor|pode sim|quero sim|yes i do|go ahead|manda|bora|
    sim quero|si quiero|ok pode|sim pode|sim obrigado|sim obrigada|si gracias|yes thanks""".replace(
        "\n    ", ""
    ).split("|")
)
_NONE = frozenset(
    """outra coisa|outro assunto|otra cosa|otro tema|something else|anything else|nenhum|nenhuma|
    nenhum deles|nenhuma delas|nenhum desses|nenhuma dessas|nenhum destes|nada disso|none|none of them|
    none of these|none of those|neither|ninguno|ninguna|ninguno de esos|ninguno de estos|ninguna de esas|
    nada de eso|outra|outro|otra|otro|other""".replace("\n    ", "").split("|")
)
Button = Mapping[str, Any]


def find_choice(text: str, offered: Sequence[Button]) -> Button | None:
    """Return the offered button that a typed message means, or None.

    Its label in full; its number or "the second one" where several were offered; "yes" where exactly
    one thing was offered; "none of them" where that was a button of its own.

    Args:
        text: the message as it was typed.
        offered: the buttons of the bot's last words: `label`, `intent`, `entities`.
    """
    if not offered or len(text) > MAX_CHARACTERS:
        return None
    words = plain_words(text)
    if not words:
        return None
    same = [button for button in offered if plain_words(str(button["label"])) == words]
    if same:
        return same[0]
    if words in _NONE:
        return next((button for button in offered if button["intent"] == "deny"), None)
    if len(offered) == 1:
        # A person is never called by a mere "ok".
        only = offered[0]
        return only if words in _YES and only["intent"] != "human" else None
    place = _place(words)
    return offered[place] if place is not None and place < len(offered) else None


def _place(words: str) -> int | None:
    number = _NUMBER.fullmatch(words)
    if number:
        return int(number[1]) - 1 if number[1] != "0" else None
    rest = [word for word in words.split() if word not in _AROUND_ORDINALS]
    if len(rest) != 1:
        return None
    return next((place for place, names in enumerate(_ORDINALS) if rest[0] in names), None)
