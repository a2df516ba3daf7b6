"""What the bot-less mode does with a message while Rasa is down, slow or still starting. Pure.

The knowledge base still answers, and a person can always be asked for.
"""

import re
import unicodedata

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
