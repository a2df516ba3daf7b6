"""How a customer says that they want their conversation by mail, and where to. Pure."""

import re
from datetime import timedelta

from bot.conversations.conversation import Message
from bot.kit.text import plain_words
from handoff.informing.choice import Button

COMMAND = "transcript"
"""Channel command (Telegram: /transcript)."""
LIFETIME = timedelta(minutes=30)
"""How long an address or a code is waited for."""
PER_HOUR = 3
PER_DAY = 10
"""Mails with one conversation."""
MAIL_MESSAGES = 2_000
"""Longer conversations are not mailed: a person takes them out of the console."""
MAX_WORDS = 14
"""A long message is about something else."""
_SENDS = (
    r"\b(?:send|sent|mail|email|manda|mande|mandar|mandem|envia|envie|enviar|enviem|enviame|mandame"
    r"|envieme|mandeme|envien|manden|encaminha|encaminhe|get|have|quero|quiero|receber|recibir)\b"
)
_WHAT = (
    r"\b(?:transcript|transcricao|transcripcion"
    r"|(?:this|our|the|my|whole|entire|esta|essa|nossa|a|minha|nuestra|la|toda) "
    r"(?:chat |whole |entire |toda |nossa |nuestra )?(?:conversation|chat|conversa|conversacion))\b"
)
_PERSON = re.compile(r"\b(?:person|human|agent|someone|pessoa|humano|atendente|persona|agente)\b")
_ADDRESS = re.compile(r"[^\s@<>(),;:\"]{1,64}@[^\s@<>(),;:\"]{1,190}\.[^\s@<>(),;:\".]{2,}")


def wants_transcript(text: str) -> bool:
    """Tell whether a customer asks, in their own words, for the conversation itself."""
    words = plain_words(text).replace("e mail", "email")
    if len(words.split()) > MAX_WORDS or _PERSON.search(words):
        return False
    return re.search(_WHAT, words) is not None and re.search(_SENDS, words) is not None


def asks(message: Message) -> bool:
    """Tell whether a customer's message asks for the conversation by mail."""
    payload = message.payload or {}
    if payload.get("intent") or payload.get("command"):
        return payload.get("command") == COMMAND or payload.get("intent") == Button.TRANSCRIPT
    return wants_transcript(message.text)


def address_in(text: str) -> str | None:
    """Return the one address of a short message ("it's ana@example.com"), or None."""
    if len(text) > 300:
        return None
    found = [one.rstrip(".!?") for one in _ADDRESS.findall(text)]
    return found[0].lower() if len(found) == 1 else None
