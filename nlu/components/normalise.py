"""How a message is rewritten before it is classified.

Only the classifier sees the result: what is shown, stored or handed to actions is always the
customer's own text. Lower-casing undoes shouting, to which the sentence encoder is very sensitive;
abbreviations are spelled out; order numbers and addresses become one fixed example each, so that
the classifier learns where they stand and not which digits they hold.
"""

from __future__ import annotations

import re
import unicodedata
from types import MappingProxyType
from typing import Mapping

from components.entities import EMAIL, ORDER_WITH_PREFIX

MAX_CHARACTERS = 2000

PORTUGUESE: Mapping[str, str] = MappingProxyType(
    {
        "vc": "você", "vcs": "vocês", "ce": "você", "pfv": "por favor", "pfvr": "por favor",
        "pf": "por favor", "n": "não", "ñ": "não", "naum": "não", "nao": "não", "q": "que",
        "oq": "o que", "oque": "o que", "hj": "hoje", "amanha": "amanhã", "kd": "cadê",
        "kade": "cadê", "cade": "cadê", "td": "tudo", "tdo": "tudo", "tds": "todos", "tb": "também",
        "tbm": "também", "tbem": "também", "obg": "obrigado", "obgd": "obrigado",
        "obgda": "obrigada", "brigado": "obrigado", "brigada": "obrigada", "vlw": "valeu",
        "flw": "tchau", "blz": "beleza", "pq": "porque", "pqe": "porque", "mto": "muito",
        "mt": "muito", "mta": "muita", "qdo": "quando", "qnd": "quando", "qndo": "quando",
        "qto": "quanto", "qt": "quanto", "qm": "quem", "qq": "qualquer", "cmg": "comigo",
        "ctg": "contigo", "msg": "mensagem", "msm": "mesmo", "eh": "é", "dps": "depois",
        "agr": "agora", "fds": "fim de semana", "vdd": "verdade", "ss": "sim", "sm": "sim",
        "nn": "não", "pgto": "pagamento", "ped": "pedido", "cel": "celular", "fzr": "fazer",
        "atend": "atendente", "pra": "para", "pro": "para o",
    }
)  # fmt: skip
SPANISH: Mapping[str, str] = MappingProxyType(
    {
        "xq": "porque", "xk": "porque", "porq": "porque", "k": "que", "ke": "que", "x": "por",
        "xfa": "por favor", "xfavor": "por favor", "porfa": "por favor", "porfis": "por favor",
        "plis": "por favor", "tmb": "también", "tmbn": "también", "tambien": "también",
        "dnd": "dónde", "dnde": "dónde", "cdo": "cuándo", "cnd": "cuándo", "cto": "cuánto",
        "grax": "gracias", "grcs": "gracias", "gcs": "gracias", "bn": "bien", "toy": "estoy",
        "toi": "estoy", "sip": "sí", "nop": "no", "ps": "pues", "pos": "pues", "d": "de",
        "ntp": "no te preocupes", "hla": "hola", "wenas": "buenas", "salu2": "saludos",
    }
)  # fmt: skip
ENGLISH: Mapping[str, str] = MappingProxyType(
    {
        "u": "you", "ur": "your", "r": "are", "pls": "please", "plz": "please", "plez": "please",
        "asap": "as soon as possible", "thx": "thanks", "thnx": "thanks", "tnx": "thanks",
        "tks": "thanks", "ty": "thank you", "tysm": "thank you so much", "pwd": "password",
        "pw": "password", "passwd": "password", "acc": "account", "acct": "account",
        "idk": "i don't know", "dunno": "i don't know", "wanna": "want to", "gonna": "going to",
        "gotta": "have to", "cuz": "because", "coz": "because", "bc": "because", "b4": "before",
        "y": "why", "hrs": "hours", "yep": "yes", "yup": "yes", "yeah": "yes", "nope": "no",
        "nah": "no", "hiya": "hi", "cya": "bye", "np": "no problem", "wheres": "where is",
        "whats": "what is", "im": "i am", "dont": "don't", "cant": "can't", "ord": "order",
    }
)  # fmt: skip
# One table for all languages, because a message does not say which one it is in. Where two disagree
# the language of more customers wins; "y" is a word of Spanish and stays one.
SLANG: Mapping[str, str] = MappingProxyType(
    {word: full for word, full in {**ENGLISH, **SPANISH, **PORTUGUESE}.items() if word != "y"}
)

ORDER_EXAMPLE = "aur-12345"
EMAIL_EXAMPLE = "maria@example.com"
NUMBER_EXAMPLE = "12345"

#: Fewer words than that around which there are thanks are part of the thanks.
MIN_REQUEST = 3
_GREETING = (
    r"(?:oi+e?|ol[áa]|opa|e a[íi]|bom dia|boa tarde|boa noite|tudo bem|tudo bom|como vai|hi|hello|hey|hiya|"
    r"good (?:morning|afternoon|evening|day)|hola|buenas(?: tardes| noches)?|buen(?:os)? d[íi]as?|qu[ée] tal|"
    r"desculpa(?: incomodar)?|desculpe(?: incomodar)?|disculp[ae]n?|perd[óo]n|com licença|excuse me|"
    r"sorry to bother(?: you)?)"
)
_ADDRESSED = (
    r"(?:there|team|sir|madam|equipe|equipo|pessoal|gente|moç[ao]|amig[oa]s?|senhor(?:es|a)?|"
    r"se[ñn]or(?:es|ita|a)?)"
)
_OPENING = re.compile(rf"^(?:{_GREETING}\b(?:[\s,]+{_ADDRESSED}\b)?[\s,.!?;:…-]*)+")
_PLEASE = re.compile(
    r"[\s,]*\b(?:por favor|por gentileza|por obs[ée]quio|please|kindly|se faz favor|se puder)\b[\s,]*"
)
_CLOSING = re.compile(
    r"[\s,.!;]*(?:\b(?:(?:muito |muy |many )?"
    r"(?:obrigad[oa]|agradecid[oa]|grat[oa]|thanks|thank you|gracias|agradeço|agradezco)"
    r"(?: (?:desde j[áa]|de antemano|in advance|pela atenção|pela ajuda|for your help|so much|very much|"
    r"por (?:la|su|tu) (?:ayuda|atenci[óo]n)))?|desde j[áa]|fico no aguardo|no aguardo|"
    r"aguardo(?: retorno| resposta)?|quedo (?:atent[oa]|a la espera)|saludos|abraços?|atenciosamente|"
    r"atentamente|regards|best regards|cheers)[\s,.!;]*)+$"
)
_INVISIBLE = re.compile(
    "[\u0000-\u0008\u000b-\u001f\u007f\u00ad\u200b-\u200f\u202a-\u202e\u2060\ufeff\ud800-\udfff]"
)
_CODE = re.compile(
    r"""^\s*[{\[]\s*["'{\[]|["']\s*:\s*["'{\[]|</?[a-z!][^<>@]{0,80}>|\$\{|\{\{|\{%|\.\./|;\s*--|\|\||\$\("""
    r"""|\b(?:select\s.{1,60}\sfrom|insert\s+into|drop\s+table|delete\s+from|union\s+select|update\s+\w+\s+set)\b"""
    r"""|\b(?:rm\s+-r|sudo\s|curl\s+-|wget\s+http|import\s+os\b|os\.system|eval\(|exec\(|alert\(|javascript:)""",
    re.IGNORECASE,
)
_SPACE = re.compile(r"\s+")
_REPEATED_LETTER = re.compile(r"([^\W\d_])\1{2,}")
_REPEATED_MARK = re.compile(r"([^\w\s])\1+")
_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)?")
_LONG_NUMBER = re.compile(r"(?<![\d.,])\d{4,}(?![\d.,]*\d)")


def plain(text: str) -> str:
    """Compose, lower-case and tidy spaces, as every caller of the encoder does at least."""
    text = unicodedata.normalize("NFC", text[:MAX_CHARACTERS])
    return _SPACE.sub(" ", _INVISIBLE.sub("", text)).strip().lower()


def normalise(text: str) -> str:
    """Rewrite a message the way the classifier was trained to read it."""
    text = plain(text)
    text = EMAIL.sub(EMAIL_EXAMPLE, text)
    text = ORDER_WITH_PREFIX.sub(ORDER_EXAMPLE, text)
    text = _LONG_NUMBER.sub(NUMBER_EXAMPLE, text)
    text = _REPEATED_LETTER.sub(r"\1", text)
    text = _REPEATED_MARK.sub(r"\1", text)
    return unwrap(_WORD.sub(_spell_out, text))


def unwrap(text: str, *, least: int = MIN_REQUEST) -> str:
    """Take greetings and thanks from around a request of at least so many words."""
    for wrapper in (_PLEASE, _OPENING, _CLOSING):
        inner, found = wrapper.subn(" ", text)
        inner = inner.strip(" ,;-")
        if found and len(_WORD.findall(inner)) >= (1 if wrapper is _PLEASE else least):
            text = _SPACE.sub(" ", inner)
    return text


def exact_key(text: str) -> str:
    """What two messages share that differ in case, accents, punctuation and abbreviations only."""
    return " ".join(re.findall(r"[^\W_]+", strip_accents(normalise(text))))


def strip_accents(text: str) -> str:
    """Drop combining marks: customers type accents or do not, and mean the same."""
    decomposed = unicodedata.normalize("NFD", text)
    return "".join(c for c in decomposed if not unicodedata.combining(c))


def says_nothing(text: str) -> bool:
    """Whether a message is punctuation only: nothing that could be meant. Emoji do mean something."""
    return not any(
        unicodedata.category(c)[0] in "LN" or unicodedata.category(c) == "So" for c in text
    )


def is_another_script(text: str) -> bool:
    """Whether most letters are not Latin ones: none of our languages, whatever it says."""
    letters = [c for c in unicodedata.normalize("NFKC", text[:MAX_CHARACTERS]) if c.isalpha()]
    latin = sum(c < "\u0250" or "\u1e00" <= c <= "\u1eff" for c in letters)
    return len(letters) >= 2 and latin * 2 < len(letters)


def is_code(text: str) -> bool:
    """Whether a message is markup, a query, a path or a template: nothing anybody says to a shop."""
    return bool(_CODE.search(text[:MAX_CHARACTERS]))


def _spell_out(match: re.Match[str]) -> str:
    word = match.group()
    return SLANG.get(word, word)
