"""What a message names: order numbers, e-mail addresses, languages, and that it is about a purchase.

Written as rules because a wrong order number is worse than none. Values are normalised
(``AUR-10023``, lower-case addresses, locale codes); positions refer to the text as it was sent.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from types import MappingProxyType
from typing import Iterator, Mapping

from components.corrections import find_correction

ORDER_NUMBER = "order_number"
EMAIL_ADDRESS = "email"
LANGUAGE = "language"
PURCHASE = "purchase"
CORRECTION = "correction"

ORDER_PREFIX = "AUR"

_DASHES = "\\-\u2010-\u2015\u2212"
# Digits in a row, or "10.023" where the thousands are set apart.
_DIGITS = r"(\d{4,6}|\d{2,3}[.,]\d{3})"
ORDER_WITH_PREFIX = re.compile(
    rf"(?<![^\W_]){ORDER_PREFIX}[\s{_DASHES}_.:#/]{{0,3}}{_DIGITS}(?!\w)", re.IGNORECASE
)
# "A U R 1 0 0 2 3", "AUR 10 023": spelled out letter by letter or in groups
_ORDER_SPELLED = re.compile(
    rf"(?<![^\W_])A[\s.]?U[\s.]?R[\s{_DASHES}.]{{0,3}}(\d(?:[\s.{_DASHES}]?\d){{4}})(?![\s.]?\w)",
    re.IGNORECASE,
)
EMAIL = re.compile(
    r"(?<![\w.+@-])[\w!#$%&*+/=?^{|}~-]+(?:\.[\w!#$%&*+/=?^{|}~-]+)*"
    r"@(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,24}(?![^\W_]|@)",
    re.IGNORECASE | re.ASCII,
)

# Alone in a message, an address may be dictated: "ana @ example.com", "ana arroba example ponto com".
_AT = r"(?:\s*@\s*|\s+(?:arroba|at(?=.*\sdot\s)|\(at\)|\[at\])\s+)"
_DOT = r"(?:\s*\.\s*|\s+(?:ponto|punto|dot|\(dot\)|\[dot\])\s+)"
_DICTATED_EMAIL = re.compile(
    rf"(?:(?:e-?mail|correo|o|el|my|meu|mi|is|é|es|:)\s*){{0,4}}"
    rf"([a-z0-9][\w+-]*(?:{_DOT}[\w+-]+){{0,3}}){_AT}([a-z0-9-]+(?:{_DOT}[a-z0-9-]+){{0,2}}{_DOT}[a-z]{{2,24}})",
    re.IGNORECASE | re.ASCII,
)
_SPOKEN_DOT = re.compile(_DOT, re.IGNORECASE)
_MAX_EMAIL = 254
#: Wide letters and digits, as keyboards of other scripts type them.
_WIDE = MappingProxyType({code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)})

# "nº10023": to a regular expression the small circle is a letter.
_START = r"(?<!(?![º°])[\w.,@/])"
_END = r"(?![\d.,]*\d|[\w@/%]|[-\u2010-\u2015/]\d)"
_NUMBER = _START + _DIGITS + _END
_HASHED_NUMBER = re.compile(r"#\s?" + _DIGITS + r"(?![\d.,]*\d|\w)")
# "my order number is 10023", "pedido nº 10023", "la orden 10023", "nº 10023"
_LED_NUMBER = re.compile(
    r"(?:\b(?:pedidos?|encomendas?|compras?|order|orders|purchase|orden|ordem)\b"
    r"(?:\s*(?:n[ºo°.]{0,2}|num\.?|n[uú]mero|number|no\.?|n°|nr\.?|id|c[oó]digo|code|de|do|da|del|"
    r"is|era|was|[eé]|es|o|el|la|compra|pedido|meu|mi|my|:|#|[" + _DASHES + r"])){0,5}\s*"
    r"|\bn(?:[º°o]\.?|ro\.?|r\.|úm\.?|um\.|\.)?\s*|\b(?:n[uú]mero|number)\s+(?:(?:is|[eé]|es|:)\s*)?)"
    # After such words a letter may stand before the digits: "nº10023" arrives as "no10023".
     + r"(?<![\d.,@/])" + _DIGITS + _END,
    re.IGNORECASE,
)
_ANY_NUMBER = re.compile(_NUMBER)
# "10 023" and nothing else
_GROUPED_NUMBER = re.compile(r"[\s\W]*(\d{2}\s\d{3})[\s\W]*")
# A number of the shop's own length counts in a whole sentence, unless it is a number of something else.
_ORDER_LENGTH = 5
_MAX_SENTENCE = 12
_OTHER_NUMBERS = re.compile(
    r"(?<![^\W\d_])(?:cep|zip|postal|cpf|cnpj|dni|rg|tel|fone|telefone|tel[eé]fono|phone|celular|whats\w*|c[oó]digo|"
    r"code|cupom|cup[oó]n|coupon|voucher|rua|calle|street|avenida|reais|real|pesos?|d[oó]lar\w*|dollars?|euros?|"
    r"km|metros?|pontos|puntos|points|senha|contrase\w+|password|pin)(?![^\W\d_])|[$€£]",
    re.IGNORECASE,
)
# What a message that waits for something to arrive calls it; "it did not come" alone may be a code.
_PURCHASE = re.compile(
    r"(?<![^\W_])(?:pedidos?|encomendas?|compras?|comprei|compr[eé]|pacotes?|mercadorias?|produtos?|entregas?|"
    r"entregador|rastre\w+|orders?|ordered|packages?|parcels?|deliver\w*|shipments?|shipped|purchases?|bought|"
    r"track\w*|paquetes?|env[ií]os?|[oó]rden(?:es)?|productos?|seguimiento|repartidor|items?)(?![^\W_])",
    re.IGNORECASE,
)
# Words beside which a number still is nothing but the answer to "which order?"
_FILLERS = frozenset(
    """o a é e eh el la es its it's it is the this that esse este isso aqui está esta tá here you go
    meu minha mi my um uma n número numero nº n° no num number nr pedido order orden compra encomenda
    do da de del por favor please pls pfv sim sí si yes ok claro acho que creo i think oi olá hola
    hi hello então entonces so na verdade actually perdão perdon desculpa sorry quero o que digo
    mejor realidad en mas but aí ai correto certo""".split()
)
_TOKEN = re.compile(r"[\w'º°]+")

_LANGUAGE_NAMES: Mapping[str, str] = MappingProxyType(
    {
        "portugues": "pt-BR", "portuguese": "pt-BR", "portuguesa": "pt-BR", "brasileiro": "pt-BR",
        "brazilian": "pt-BR", "brasileno": "pt-BR", "pt-br": "pt-BR", "ptbr": "pt-BR",
        "ingles": "en", "inglesa": "en", "english": "en", "en-us": "en", "en-gb": "en",
        "espanhol": "es", "espanol": "es", "spanish": "es", "castellano": "es",
        "castelhano": "es", "castilian": "es", "espanhola": "es", "es-es": "es", "es-mx": "es",
    }
)  # fmt: skip
# Codes that are also words ("en", "es") name a language only when nothing else is said.
_LANGUAGE_CODES: Mapping[str, str] = MappingProxyType(
    {"pt": "pt-BR", "br": "pt-BR", "en": "en", "eng": "en", "es": "es", "esp": "es"}
)
_LANGUAGE_WORD = re.compile(r"(?<![\w-])[^\W\d_]+(?:-[^\W\d_]{2})?(?![\w-])")


@dataclass(frozen=True)
class Entity:
    """Something a message names, and where in the text it stands."""

    entity: str
    value: str
    start: int
    end: int


def find_entities(text: str) -> list[Entity]:
    """Everything the text names, in the order it is named."""
    # Where composing would move positions, the text is read as it came.
    composed = unicodedata.normalize("NFC", text)
    readable = (composed if len(composed) == len(text) else text).translate(_WIDE)
    found = [*_emails(readable)]
    taken = [(entity.start, entity.end) for entity in found]
    found += [e for e in _orders(readable) if not _overlaps(e, taken)]
    found += [e for e in _languages(readable) if not _overlaps(e, taken)]
    # Rules look at what is named as a whole: what says the same less exactly is left out.
    named = {entity.entity for entity in found}
    slip = None if named & {ORDER_NUMBER, EMAIL_ADDRESS} else find_correction(readable)
    purchase = None if slip or ORDER_NUMBER in named else _PURCHASE.search(readable)
    if slip:
        found.append(Entity(CORRECTION, readable[slip[0] : slip[1]].lower(), *slip))
    if purchase:
        found.append(Entity(PURCHASE, purchase.group().lower(), purchase.start(), purchase.end()))
    return sorted(found, key=lambda entity: entity.start)


def says_only(text: str, entities: list[Entity]) -> bool:
    """Whether the text is nothing but what it names: an answer, never a new wish."""
    values = [entity for entity in entities if entity.entity in {ORDER_NUMBER, EMAIL_ADDRESS}]
    if not values:
        return False
    rest = list(text)
    for entity in values:
        rest[entity.start : entity.end] = " " * (entity.end - entity.start)
    # A lone prefix or e-mail label is not a wish either.
    labels = _FILLERS | {"email", "mail", "e", "endereço", "correo", "address", "aur"}
    words = _TOKEN.findall("".join(rest).lower())
    return len(words) <= 5 and all(word in labels for word in words)


def _orders(text: str) -> Iterator[Entity]:
    seen: list[tuple[int, int]] = []
    for pattern in (ORDER_WITH_PREFIX, _ORDER_SPELLED, _HASHED_NUMBER, _LED_NUMBER):
        for match in pattern.finditer(text):
            # A led number is only the number; a prefixed or hashed one includes its prefix.
            start = match.start(1) if pattern is _LED_NUMBER else match.start()
            entity = Entity(ORDER_NUMBER, _order(match.group(1)), start, match.end(1))
            if not _overlaps(entity, seen):
                seen.append((entity.start, entity.end))
                yield entity
    if seen:
        return
    grouped = _GROUPED_NUMBER.fullmatch(text)
    if grouped:
        yield Entity(ORDER_NUMBER, _order(grouped.group(1)), grouped.start(1), grouped.end(1))
        return
    numbers = list(_ANY_NUMBER.finditer(text))
    if len(numbers) == 1:
        number = numbers[0]
        others = text[: number.start(1)] + " " + text[number.end(1) :]
        words = _TOKEN.findall(others.lower())
        answers = len(words) <= 5 and all(word in _FILLERS for word in words)
        if answers or (
            len(number.group(1)) == _ORDER_LENGTH
            and len(words) <= _MAX_SENTENCE
            and not _OTHER_NUMBERS.search(others)
        ):
            yield Entity(ORDER_NUMBER, _order(number.group(1)), number.start(1), number.end(1))


def _order(digits: str) -> str:
    return f"{ORDER_PREFIX}-" + "".join(
        str(unicodedata.digit(digit)) for digit in digits if digit.isdigit()
    )


def _emails(text: str) -> Iterator[Entity]:
    found = False
    for match in EMAIL.finditer(text):
        # What stands around an address for emphasis is not a part of it.
        value = match.group().lstrip("*=~|'/{}!?&")
        if value.startswith("_") and text[match.end() : match.end() + 1] == "_":
            value = value.lstrip("_")
        start = match.end() - len(value)
        # "joão@...": an address with such a letter is none, and the rest of it is somebody else's.
        if value[0] != "@" and len(value) <= _MAX_EMAIL and not text[:start][-1:].isalnum():
            found = True
            yield Entity(EMAIL_ADDRESS, value.lower(), start, match.end())
    dictated = None
    if not found and len(text) <= _MAX_EMAIL:
        dictated = _DICTATED_EMAIL.fullmatch(text.strip(" .,;!?<>()[]\"'"))
    if dictated:
        value = _SPOKEN_DOT.sub(".", f"{dictated[1]}@{dictated[2]}").lower()
        start = text.index(dictated[1])
        yield Entity(EMAIL_ADDRESS, value, start, start + dictated.end(2) - dictated.start(1))


def _languages(text: str) -> Iterator[Entity]:
    words = list(_LANGUAGE_WORD.finditer(text))
    for match in words:
        name = _bare(match.group())
        locale = _LANGUAGE_NAMES.get(name)
        if locale is None and len(words) == 1:
            locale = _LANGUAGE_CODES.get(name)
        if locale is not None:
            yield Entity(LANGUAGE, locale, match.start(), match.end())


def _bare(word: str) -> str:
    decomposed = unicodedata.normalize("NFD", word.lower())
    return "".join(c for c in decomposed if not unicodedata.combining(c))


def _overlaps(entity: Entity, spans: list[tuple[int, int]]) -> bool:
    return any(entity.start < end and start < entity.end for start, end in spans)
