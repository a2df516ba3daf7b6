"""What customers can choose while nobody is there, and what they say about a resolved case. Pure."""

import re
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from bot.dialogue.fallback import fold

QUIET = timedelta(minutes=30)
"""What is written while one waits is acknowledged at most once in this time."""
MAX_COMPLAINT = 200
"""Longer messages are a case of their own, whatever words are in them."""


class Choice(StrEnum):
    """How a customer waits."""

    WAIT = "wait"
    """Here, in line."""
    LEAVE = "leave"
    """Not here: told here, or by mail as well, when somebody has answered."""
    BOT = "bot"
    """The bot goes on answering until a person takes the case, which stays in line."""


class Button(StrEnum):
    """What the desk's own buttons mean; the code deals with them, Rasa never hears of them."""

    WAIT = "desk_wait"
    LEAVE = "desk_leave"
    BOT = "desk_bot"
    ONLY_HERE = "desk_only_here"
    SOLVED = "desk_solved"
    NOT_SOLVED = "desk_not_solved"
    TRANSCRIPT = "desk_transcript"
    """Taken as soon as it is pressed; see `handoff.exports.asking`."""


CHOICE_OF = {Button.WAIT: Choice.WAIT, Button.LEAVE: Choice.LEAVE, Button.BOT: Choice.BOT}
LABELS = {
    Button.WAIT: "label_wait_here",
    Button.LEAVE: "label_leave_and_be_told",
    Button.BOT: "label_go_on_with_bot",
    Button.ONLY_HERE: "label_only_here",
    Button.SOLVED: "label_case_solved",
    Button.NOT_SOLVED: "label_case_not_solved",
    Button.TRANSCRIPT: "label_transcript",
}
WAITING = (Button.WAIT, Button.LEAVE, Button.BOT)
RESOLVED = (Button.SOLVED, Button.NOT_SOLVED, Button.TRANSCRIPT)

_ADDRESS = re.compile(r"[^\s@<>(),;:\"\[\]\\]{1,64}@[^\s@<>(),;:\"\[\]\\]{1,180}\.[^\s@.,;]{2,20}")
_STILL = re.compile(
    r"\b(ainda|continua|continuo|de novo|outra vez|"
    r"still|again|keeps?|"
    r"todavia|aun|sigue|sigo|otra vez|de nuevo)\b"
)
_BROKEN = re.compile(
    r"\b(nao (\w+ )?(funciona|funcionou|resolveu|resolvido|resolvida|deu certo|consegui|consigo|entra|abre|chegou)|"
    r"com (o mesmo )?(problema|erro)|mesmo (problema|erro)|sem (funcionar|acesso|resposta)|"
    r"(not|isn.?t|doesn.?t|didn.?t|don.?t|does not|did not|can.?t|cannot|won.?t|hasn.?t|has not|is not) "
    r"(\w+ )?(work\w*|solved?|fixed|resolved|help\w*|log|get|arrived?|open\w*)|broken|same (problem|error|issue)|"
    r"no (\w+ )?(funciona|funciono|resolvio|resuelto|resuelta|sirvio|puedo|anda|abre|llego)|"
    r"con (el mismo )?(problema|error)|mismo (problema|error)|sin (funcionar|acceso|respuesta))\b"
)
_UNSOLVED = re.compile(
    r"\b(nao (foi|esta|ficou) (resolvido|resolvida)|nao resolveu|"
    r"not (solved|resolved|fixed)( yet)?|"
    r"no (esta|fue|quedo) (resuelto|resuelta)|no se resolvio)\b"
)


def button_of(payload: dict[str, Any] | None) -> Button | None:
    """Return which of the desk's buttons a message pressed, or None."""
    intent = (payload or {}).get("intent")
    return Button(intent) if intent in set(Button) else None


def says_not_solved(text: str) -> bool:
    """Tell whether the first words after a resolution say that it is none, in our three languages.

    Only short messages that say so outright: everything else is the bot's to understand.
    """
    if len(text) > MAX_COMPLAINT:
        return False
    folded = fold(text).replace("\u2019", "'")
    if _UNSOLVED.search(folded):
        return True
    return bool(_STILL.search(folded) and _BROKEN.search(folded))


def only_address(text: str) -> str | None:
    """Return the e-mail address that a message consists of, or None."""
    text = text.strip().strip(".")
    return text.lower() if len(text) <= 254 and _ADDRESS.fullmatch(text) else None


def veiled(address: str) -> str:
    """Return an address as it may be shown in a chat: a•••@example.com."""
    name, _, domain = address.partition("@")
    return f"{name[:1]}•••@{domain}"


def acknowledges(last: datetime | None, now: datetime) -> bool:
    """Tell whether a message may be acknowledged, given when one last was."""
    return last is None or now - last >= QUIET
