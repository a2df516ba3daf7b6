"""What the bot-less mode does with a message while Rasa is down, slow or still starting. Pure.

The knowledge base still answers, and a person can always be asked for.
"""

import re
import unicodedata
from collections.abc import Sequence
from typing import Protocol

from bot.dialogue.rasa_wire import RasaChoice, RasaReply

_PERSON = re.compile(
    r"\b(atendentes?|humanos?|humana|pessoa|alguem|gerente|supervisora?|operadora?|atendimento humano|"
    r"agents?|human|humans|person|people|someone|somebody|representative|operator|manager|supervisor|"
    r"agente|agentes|persona|alguien|asesora?|ejecutivo|encargado|real person|live chat)\b"
)
_ASKING = re.compile(
    r"\b(falar|fala|fale|conversar|quero|queria|preciso|chama|chame|chamar|passa|passe|transferir?|me liga|"
    r"talk|speak|chat|connect|transfer|get me|want|need|give me|call|"
    r"hablar|habla|conversar|quiero|necesito|pasame|comunicame|llama|transfiere|con)\b"
)


def fold(text: str) -> str:
    """Return `text` in lower case without accents."""
    decomposed = unicodedata.normalize("NFKD", text.lower())
    return "".join(ch for ch in decomposed if not unicodedata.combining(ch))


def wants_person(text: str) -> bool:
    """Tell whether the message asks for a person, by words alone."""
    folded = fold(text)
    if not _PERSON.search(folded):
        return False
    return len(folded.split()) <= 3 or bool(_ASKING.search(folded))


class PresentedLike(Protocol):
    """What is said of an article, and what is offered below it (`knowledge_base.presentation`)."""

    @property
    def answer(self) -> str:
        """Markdown, with the links."""
        ...

    @property
    def flows(self) -> tuple[str, ...]:
        """Flows that buttons start."""
        ...

    @property
    def neighbours(self) -> Sequence["NeighbourLike"]:
        """Related articles."""
        ...


class NeighbourLike(Protocol):
    """A related article."""

    @property
    def article_id(self) -> str:
        """Its id."""
        ...

    @property
    def title(self) -> str:
        """What its button says."""
        ...


def person_choice() -> RasaChoice:
    """Return the button that calls a person."""
    return RasaChoice(say="utter_talk_to_person", label=None, intent="human", entities={})


def article_replies(
    shown: PresentedLike, *, article_locale: str, locale: str
) -> tuple[RasaReply, ...]:
    """Return how an article is said without the bot: the same as with it, and a person always offered."""
    offers = [
        RasaChoice(f"label_{flow}", None, flow, {}) for flow in shown.flows if flow != "human"
    ]
    offers += [
        RasaChoice(None, one.title, "choose_article", {"article_id": one.article_id})
        for one in shown.neighbours
    ]
    verdicts = (
        RasaChoice("utter_yes_helped", None, "helped", {}),
        RasaChoice("utter_no_helped", None, "not_helped", {}),
    )
    foreign = (
        (RasaReply(f"utter_answer_in_{article_locale}", None, {}, ()),)
        if article_locale != locale
        else ()
    )
    return (
        *foreign,
        RasaReply(None, shown.answer, {}, ()),
        RasaReply("utter_did_it_help", None, {}, (*verdicts, *offers, person_choice())),
    )
