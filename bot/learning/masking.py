"""Takes personal data out of what customers wrote, before it is kept as an example. Pure.

What is found becomes a placeholder such as `<email>`, which says what stood there; training gets a
made-up value in its place, articles get nothing. Where in doubt more is masked rather than less.
"""

import re
import unicodedata
from collections.abc import Iterable

EXAMPLES = {
    "email": "maria@example.com",
    "link": "www.example.com",
    "order": "AUR-12345",
    "cpf": "123.456.789-09",
    "card": "4111 1111 1111 1111",
    "phone": "11 91234-5678",
    "date": "12/05/2026",
    "number": "12345",
    "address": "rua das Flores 10",
    "name": "Maria",
}
"""What training reads instead of each placeholder: of the same form, and nobody's."""
_PLACEHOLDER = re.compile(r"<(" + "|".join(EXAMPLES) + r")>")
_PATTERNS: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("email", re.compile(r"[\w.+-]+\s?@\s?[\w-]+(?:\.[\w-]+)+")),
    ("link", re.compile(r"(?:https?://|www\.)[^\s<>]+", re.I)),
    ("order", re.compile(r"\b[A-Za-z]{2,4}-\d{4,8}\b|\baur ?\d{4,8}\b|#\d{3,}", re.I)),
    ("card", re.compile(r"(?<!\d)\d(?:[ .-]?\d){12,18}(?!\d)")),
    ("cpf", re.compile(r"(?<!\d)\d{3}[. ]?\d{3}[. ]?\d{3}[- ]?\d{2}(?!\d)")),
    ("date", re.compile(r"(?<!\d)\d{1,2}[/.-]\d{1,2}[/.-](?:\d{4}|\d{2})(?!\d)")),
    (
        "phone",
        re.compile(
            r"(?<![\d<])(?:\+\d{1,3}[ .-]?)?(?:\(?\d{2,3}\)?[ .-]?)?\d{4,5}[ .-]\d{4}(?!\d)"
        ),
    ),
    ("phone", re.compile(r"(?<!\d)\+?\d{10,13}(?!\d)")),
    (
        "address",
        re.compile(
            r"\b(?:rua|avenida|av\.?|travessa|alameda|calle|avda\.?|carrera)\s+[^,;.!?\n<]{2,60}?"
            r"[, ]+(?:n[ºo°.]*\s*)?\d+\w?",
            re.I,
        ),
    ),
    ("number", re.compile(r"\d(?:[\d.,-]*\d){2,}|\d{3,}")),
)
_INTRODUCTION = re.compile(
    r"\b(?:meu nome (?:completo )?(?:é|e|eh)|o nome é|me chamo|nome:|my (?:full )?name(?: is|'s|’s)|name:|"
    r"me llamo|mi nombre (?:completo )?es|nombre:)\s+(?:o |a |el |la )?",
    re.I,
)
"""After these a name follows, however it is written."""
_SELF = re.compile(
    r"\b(?:(?:aqui )?(?:é|sou) (?:o|a)|sou|soy|habla|fala|i am|i'm|i’m|this is|it's|it’s|att\.?,?|"
    r"atenciosamente,?|abraços?,?|obrigad[oa],|gracias,|thanks,|regards,|saludos,?)\s+",
    re.I,
)
"""After these a name may follow; then it begins with a capital letter."""
_WORD = re.compile(r"[^\W\d_][^\W\d_'’-]*")
_PARTICLES = frozenset(["da", "de", "do", "das", "dos", "del", "la", "van", "von", "di"])
_ENDS = frozenset(
    (
        *("e", "mas", "quero", "preciso", "queria", "gostaria", "tenho", "estou", "não", "nao"),
        *("comprei", "fiz", "eu", "com", "cpf", "meu", "minha"),
        *("and", "but", "i", "want", "need", "would", "have", "am", "can", "bought", "my", "with"),
        *("order", "y", "pero", "necesito", "quiero", "quisiera", "tengo", "estoy", "no", "mi"),
        *("compré", "con"),
    )
)
MAX_NAME_WORDS = 4


def mask(text: str, *, names: Iterable[str] = ()) -> str:
    """Return `text` with personal data replaced by placeholders.

    Args:
        text: what the customer wrote.
        names: what is known to be theirs, such as the name the channel shows; found in any case.
    """
    text = _PLACEHOLDER.sub(r"\1", text)  # nobody but us writes placeholders
    text = _mask_known(text, names)
    for name, pattern in _PATTERNS:
        text = pattern.sub(f"<{name}>", text)
    text = _mask_after(text, _INTRODUCTION, any_case=True)
    return _mask_after(text, _SELF, any_case=False)


def _mask_known(text: str, names: Iterable[str]) -> str:
    parts = {part for name in names for part in _WORD.findall(name) if len(part) >= 3}
    for part in sorted(parts - _PARTICLES, key=len, reverse=True):
        text = re.sub(rf"\b{re.escape(part)}\b", "<name>", text, flags=re.I)
    return re.sub(r"<name>(?:\s+<name>)+", "<name>", text)


def _mask_after(text: str, opening: re.Pattern[str], *, any_case: bool) -> str:
    at = 0
    while (found := opening.search(text, at)) is not None:
        end = _end_of_name(text, found.end(), any_case=any_case)
        if end > found.end():
            text = f"{text[: found.end()]}<name>{text[end:]}"
            at = found.end() + len("<name>")
        else:
            at = found.end()
    return text


def _end_of_name(text: str, start: int, *, any_case: bool) -> int:
    end = start
    for _ in range(MAX_NAME_WORDS):
        word = _WORD.match(text, end)
        if word is None:
            break
        written = word.group()
        particle = written.lower() in _PARTICLES and end > start
        if written.lower() in _ENDS or not (any_case or particle or written[0].isupper()):
            break
        end = word.end()
        if text[end : end + 1] != " ":
            break
        end += 1
    return len(text[:end].rstrip()) if end > start else start


def for_training(masked: str) -> str:
    """Return a masked text with a made-up value for each placeholder, on one line, without markup.

    Rasa's examples give square brackets, braces, backslashes and a leading slash a meaning.
    """
    text = _PLACEHOLDER.sub(lambda found: EXAMPLES[found[1]], masked)
    return " ".join(re.sub(r"[\[\]{}\\`]", " ", text).split()).lstrip("/- ")


def for_phrasing(masked: str) -> str:
    """Return a masked text as an article's phrasing: without the placeholders."""
    text = " ".join(_PLACEHOLDER.sub(" ", masked).split())
    return re.sub(r"\s+([,.!?;:])", r"\1", text).strip(" ,;:-")


def for_answer(masked: str) -> str:
    """Return a masked text as an answer's: line by line, an ellipsis where a placeholder stood."""
    lines = (_PLACEHOLDER.sub("…", line).rstrip() for line in masked.splitlines())
    return "\n".join(lines).strip()


def fold(masked: str) -> str:
    """Return what texts share that differ in case, accents, punctuation and spaces only."""
    plain = unicodedata.normalize("NFKD", masked.casefold())
    plain = "".join(c for c in plain if not unicodedata.combining(c))
    return " ".join(re.findall(r"<\w+>|[^\W_]+", plain)) or plain.strip()
