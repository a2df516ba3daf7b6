"""Turns of phrase that change how an action answers, in our three languages. Pure.

They never decide what the customer wants, only how it is put: that somebody will not give data, wants
to begin again, or cannot read the mailbox that a code went to.
"""

import re

from bot.kit.text import plain_words

_REFUSES = re.compile(
    r"\b(?:nao|no|not|don t|dont|won t|wont|never|nunca|jamais|jamas|prefiro nao|prefiero no|rather not|"
    r"refuse|recuso|niego)\b"
    r"(?:\s+\w+){0,4}?\s+"
    r"(?:dar|darei|dou|passar|passo|informar|informo|dizer|digo|fornecer|compartilhar|mandar|enviar|falar isso|"
    r"give|giving|share|sharing|tell|telling|say|provide|send|disclose|decir\w*|doy|darles?|darte|compartir\w*|facilitar|proporcionar)\b"
    r"|\bprefiro nao\b|\bprefiero no\b|\brather not\b|\bnao te interessa\b|\bnone of your business\b|"
    r"\bes privado\b|\be privado\b|\bthat s private\b|\bdados pessoais\b|\bdatos personales\b"
)
_RESTARTS = re.compile(
    r"(?:vamos |quero |queria |quiero |let s |can we |could we |i want to |podemos |please |por favor )*"
    r"(?:(?:comecar|comeca|recomecar|recomeca|reiniciar|reinicia|reset|restart|start (?:over|again|afresh)|"
    r"begin again|empezar|empecemos|empieza|reiniciemos|volver a empezar|voltar ao inicio|volver al inicio|"
    r"back to (?:the )?start|do zero|desde cero|de cero|from scratch|tudo de novo)"
    r"(?: (?:de|do|desde|from|the|tudo|todo|novo|nuevo|outra|otra|vez|zero|cero|inicio|comeco|principio|chat|"
    r"conversa|conversacion|conversation|again|over|scratch|beginning|start|bot|por|favor|please))*)"
)
_LOST_MAILBOX = re.compile(
    r"\b(?:nao|no|not|never|without|sem|sin|perdi|perdio|lost|can t|cannot|couldn t|don t|dont)\b"
    r"(?:\s+\w+){0,6}?\s+"
    r"(?:(?:e ?mails?|mails?|correos?|caixa|mailbox|inbox|buzon|casilla)\b)"
)
_STILL_MINE = re.compile(
    r"\b(?:cheg\w+|recebi\w*|receb\w+|veio|lleg\w+|recib\w+|arriv\w+|came|come|received?|got|get)\b"
)


_ASKS_WHY = re.compile(
    r"^(?:mas |but |pero |e |y |and )?(?:por ?que|pra que|para que|why|what for|what is|what s|o que e|que es|what)\b"
)


def asks_why(text: str) -> bool:
    """Tell whether the customer wants a reason or a meaning rather than the thing itself."""
    return bool(_ASKS_WHY.match(plain_words(text)))


def refuses_data(text: str) -> bool:
    """Tell whether the customer says that a number or an address will not be given."""
    return bool(_REFUSES.search(plain_words(text)))


def starts_over(text: str) -> bool:
    """Tell whether the customer wants to begin again rather than to stop."""
    return bool(_RESTARTS.fullmatch(plain_words(text)))


def lost_mailbox(text: str) -> bool:
    """Tell whether the customer cannot read the mailbox that the code went to.

    "The mail did not come" is another matter: it may still come.
    """
    words = plain_words(text)
    return bool(_LOST_MAILBOX.search(words)) and not _STILL_MINE.search(words)
