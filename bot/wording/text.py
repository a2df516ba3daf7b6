"""What a text of the bot is, what it may say, and whether a new wording can be used. Pure."""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from string import Formatter

from bot.kit.locales import ANY_CHANNEL, LOCALES, match_locale
from bot.kit.text import is_blank
from knowledge_base.markdown import dangerous_links, raw_html

MAX_TEXT = 8_000
"""Characters that are stored of one text; Telegram's own limit is checked on what a customer sees."""
TELEGRAM_UNITS = 4_096
"""core.telegram.org/bots/api#sendmessage, in UTF-16 units of the text without its marks."""
MAX_LABEL = 60
"""A button's text is cut off above that."""
MAX_COMMAND = 256
"""core.telegram.org/bots/api#botcommand."""
MAX_SUBJECT = 150
MAX_REASON = 300


class Area(StrEnum):
    """What a text is about; the sections of the page."""

    GREETING = "greeting"
    QUESTIONS = "questions"
    ORDERS = "orders"
    PASSWORD = "password"  # noqa: S105 - an area, no secret
    CODES = "codes"
    HAND_OFF = "hand_off"
    HOURS = "hours"
    BUTTONS = "buttons"
    TELEGRAM = "telegram"
    MAIL = "mail"


class Form(StrEnum):
    """Where a text stands, and so what it may look like."""

    MESSAGE = "message"
    """A message of its own, in Markdown."""
    PART = "part"
    """Part of a sentence or a message: one line of Markdown."""
    LABEL = "label"
    """A button."""
    COMMAND = "command"
    """A line of Telegram's menu."""
    SUBJECT = "subject"
    """The subject of a mail."""
    PLAIN = "plain"
    """A paragraph of a mail: no marks."""


@dataclass(frozen=True, slots=True)
class Variable:
    """Something that is filled in when the text is said."""

    name: str
    required: bool
    """A text without it would not do its work."""


@dataclass(frozen=True, slots=True)
class TextSpec:
    """One text of the bot, whatever its language."""

    key: str
    area: Area
    form: Form
    variables: tuple[Variable, ...]
    channels: tuple[str, ...]
    """Where it may differ; the first is `any`."""


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a wording can't be used (`code`, `message`), and the variables it is about."""

    code: str
    message: str
    names: tuple[str, ...] = ()


_AREAS: tuple[tuple[str, Area], ...] = (
    (r"mail_", Area.MAIL),
    (r"telegram_", Area.TELEGRAM),
    (r"label_|utter_(yes_helped|no_helped|talk_to_person|something_else)$", Area.BUTTONS),
    (r"hours_|utter_hours_", Area.HOURS),
    (r"utter_code_sent_order$|utter_order_|status_|utter_(ask|invalid)_order_number", Area.ORDERS),
    (r"utter_code_sent_reset$|utter_(reset_|password_|ask_email|invalid_email|email_)", Area.PASSWORD),
    (r"utter_(code_|resend_|too_many_codes|nothing_to_resend)", Area.CODES),
    (r"utter_(handoff|ticket_|no_ticket|transcript_|bot_unavailable)", Area.HAND_OFF),
    (r"utter_(wait|chose_|told_|kept_|solved_|feedback_)", Area.HAND_OFF),
    (r"utter_(answer_in_|article_|did_it_help|helped|clarify|also)", Area.QUESTIONS),
    (r"utter_(already_answered|ask_rephrase)", Area.QUESTIONS),
)  # fmt: skip
_PARTS = re.compile(r"hours_|status_|utter_handoff_(next|one_ahead|many_ahead)$|utter_wait")
_SAID_EVERYWHERE = re.compile(r"mail_|telegram_|hours_|status_|label_language_")
"""Said where the channel is not known, or on one channel only."""
OPTIONAL = frozenset({"place", "hours", "level", "ahead", "position", "zone", "minutes", "soon"})
"""Good to know; a text without them still does its work."""
ALSO: Mapping[str, tuple[str, ...]] = {
    "utter_handoff": ("level", "position", "ahead"),
    "utter_handoff_closed": ("level", "position", "ahead"),
    "utter_handoff_nobody_online": ("level", "position", "ahead"),
    "utter_handoff_existing": ("position",),
    "utter_handoff_many_ahead": ("position",),
    "utter_handoff_one_ahead": ("position", "ahead"),
    "utter_handoff_next": ("position", "ahead"),
    "utter_ticket_back_in_line": ("place",),
    "utter_ticket_is_resolved": ("queue", "level"),
    "utter_ticket_is_claimed": ("queue",),
    "utter_ticket_is_snoozed": ("level",),
    "utter_ticket_is_waiting_customer": ("queue", "level"),
    "utter_ticket_is_waiting_third_party": ("queue", "level"),
}
"""What is filled in as well, though no shipped text says it."""

SAMPLES: Mapping[str, str | tuple[str, str, str]] = {
    "number": "AUR-10023",
    "other": "FL-1042",
    "minutes": "10",
    "seconds": "30",
    "tries": "2",
    "limit": "2000",
    "name": "Ana",
    "level": "N2",
    "position": "3",
    "ahead": "2",
    "brand": "Loja Aurora",
    "carrier": "Correios",
    "tracking": "BR123456789",
    "link": "https://example.com/reset/abc",
    "queue": ("Atendimento", "Support", "Atención"),
    "status": ("em preparação", "being prepared", "en preparación"),
    "state": ("na fila", "in the queue", "en la fila"),
    "place": (
        "Há 2 pessoas na sua frente.",
        "There are 2 people ahead of you.",
        "Hay 2 personas delante de ti.",
    ),
    "hours": (
        "Nossa equipe está aqui até as 18h.",
        "Our team is here until 18:00.",
        "Nuestro equipo está aquí hasta las 18:00.",
    ),
    "low": "10",
    "high": "20",
    "score": "5",
    "email": "a•••@example.com",
    "soon": (
        "Deve levar de 10 a 20 minutos.",
        "It should take 10 to 20 minutes.",
        "Debería tardar de 10 a 20 minutos.",
    ),
    "date": ("23 de novembro", "23 November", "23 de noviembre"),
    "day": ("quarta-feira, 25 de novembro", "Wednesday, 25 November", "miércoles 25 de noviembre"),
    "when": ("na segunda-feira", "on Monday", "el lunes"),
    "at": ("às 9h", "at 9:00", "a las 9:00"),
    "until": ("até as 18h", "until 18:00", "hasta las 18:00"),
    "spans": ("das 9h às 18h", "from 9:00 to 18:00", "de 9:00 a 18:00"),
    "zone": ("", "", ""),
    "first": ("segunda", "Monday", "lunes"),
    "last": ("sexta-feira", "Friday", "viernes"),
    "places": ("Loja Pinheiros e Loja Moema", "the Pinheiros and Moema shops", "las tiendas"),
    "opens": ("9h", "9:00", "9:00"),
    "closes": ("18h", "18:00", "18:00"),
    "holiday": ("Natal", "Christmas", "Navidad"),
}
"""Values that a preview is filled with: one for all, or pt-BR, en, es."""


def sample(name: str, locale: str) -> str:
    """Return what a preview shows in place of a variable."""
    value = SAMPLES.get(name, f"[{name}]")
    return value if isinstance(value, str) else value[LOCALES.index(match_locale(locale))]


def make_spec(key: str, shipped: Iterable[str]) -> TextSpec:
    """Describe a text from its key and its shipped wordings in all languages."""
    found = {name: True for text in shipped for name in variables_of(text)}
    names = [*found, *(name for name in ALSO.get(key, ()) if name not in found)]
    area = next((area for start, area in _AREAS if re.match(start, key)), Area.GREETING)
    form = Form.MESSAGE
    if area is Area.BUTTONS:
        form = Form.LABEL
    elif key.startswith("telegram_command_"):
        form = Form.COMMAND
    elif area is Area.MAIL:
        form = Form.SUBJECT if key.endswith("_subject") else Form.PLAIN
    elif _PARTS.match(key) or (area is Area.TELEGRAM):
        form = Form.PART
    return TextSpec(
        key=key,
        area=area,
        form=form,
        variables=tuple(
            Variable(name, required=name in found and name not in OPTIONAL) for name in names
        ),
        channels=(ANY_CHANNEL,)
        if _SAID_EVERYWHERE.match(key)
        else (ANY_CHANNEL, "web", "telegram"),
    )


def variables_of(text: str) -> list[str]:
    """Return the names in braces, in order, each once.

    Raises:
        ValueError: a brace that stands alone, or something else than a name in braces.
    """
    names: dict[str, None] = {}
    for _, name, spec, conversion in Formatter().parse(text):
        if name is None:
            continue
        if spec or conversion or not re.fullmatch(r"[a-z_]+", name):
            raise ValueError(name)
        names[name] = None
    return list(names)


def fill(text: str, spec: TextSpec, locale: str) -> str:
    """Return the text with sample values in it, as a preview.

    Raises:
        ValueError: see `variables_of`.
    """
    values = {name: sample(name, locale) for name in variables_of(text)}
    values |= {variable.name: sample(variable.name, locale) for variable in spec.variables}
    return text.format_map(values)


def check(
    text: str,
    spec: TextSpec,
    *,
    locale: str,
    channel: str,
    telegram_units: Callable[[str], int],
) -> list[Problem]:
    """Return everything that speaks against saying `text`; nothing when it can be used.

    Args:
        text: the new wording, outer blanks already taken off.
        spec: which text it is.
        locale: its language, for sample values.
        channel: where it is said.
        telegram_units: how long Telegram finds a Markdown text (UTF-16 units of what is shown).
    """
    if is_blank(text):
        return [Problem("empty", "The text is empty. To say what was shipped, restore it.")]
    if len(text) > MAX_TEXT:
        return [Problem("too_long", f"Use at most {MAX_TEXT} characters.")]
    try:
        used = variables_of(text)
    except ValueError:
        return [
            Problem(
                "braces",
                "A brace stands alone or holds no name. Write variables as {name}, "
                "and a brace that is meant as one twice: {{ or }}.",
            )
        ]
    problems = _variable_problems(used, spec)
    if spec.form is not Form.MESSAGE and spec.form is not Form.PLAIN and "\n" in text:
        problems.append(Problem("lines", "This text is one line: take the line breaks out."))
    limit = {
        Form.LABEL: MAX_LABEL,
        Form.COMMAND: MAX_COMMAND,
        Form.SUBJECT: MAX_SUBJECT,
    }.get(spec.form)
    shown = fill(text, spec, locale)
    if limit is not None and len(shown) > limit:
        problems.append(Problem("too_long", f"Use at most {limit} characters."))
    if spec.form in {Form.MESSAGE, Form.PART}:
        problems += markdown_problems(shown)
        units = telegram_units(shown)
        if channel in {ANY_CHANNEL, "telegram"} and units > TELEGRAM_UNITS:
            problems.append(
                Problem(
                    "too_long_for_telegram",
                    f"Telegram takes {TELEGRAM_UNITS} characters in one message; this has {units}. "
                    "Make it shorter, or save it for the web only.",
                )
            )
    return problems


def _variable_problems(used: Iterable[str], spec: TextSpec) -> list[Problem]:
    known = [variable.name for variable in spec.variables]
    problems = []
    unknown = tuple(name for name in used if name not in known)
    if unknown:
        listed = ", ".join(f"{{{name}}}" for name in known) or "none"
        named = ", ".join(f"{{{name}}}" for name in unknown)
        problems.append(
            Problem(
                "unknown_variable", f"This text has no {named}. Its variables: {listed}.", unknown
            )
        )
    missing = tuple(v.name for v in spec.variables if v.required and v.name not in used)
    if missing:
        named = ", ".join(f"{{{name}}}" for name in missing)
        problems.append(Problem("missing_variable", f"Keep {named} in the text.", missing))
    return problems


_FENCE = re.compile(r"^ {0,3}```", re.MULTILINE)
_ESCAPED = re.compile(r"\\[\\`*_\[\]()]")
_CODE = re.compile(r"`[^`\n]*`")
_OPEN_LINK = re.compile(r"\]\((?![^()\n]*(?:\([^()\n]*\)[^()\n]*)*\))")


def markdown_problems(text: str) -> list[Problem]:
    """Return the marks that are not closed, links that lead nowhere safe, and HTML."""
    found: list[str] = []
    if len(_FENCE.findall(text)) % 2:
        found.append("a block of code (```) is not closed")
    plain = _ESCAPED.sub("", re.sub(r"(?ms)^ {0,3}```.*?^ {0,3}```", "", text))
    plain = _CODE.sub("", plain)
    if "`" in plain.replace("```", ""):
        found.append("code (`) is not closed")
    if any(block.count("**") % 2 for block in re.split(r"\n\s*\n", plain)):
        found.append("bold (**) is not closed")
    if _OPEN_LINK.search(plain):
        found.append("a link's address is not closed: [words](https://…)")
    problems = [Problem("markdown", f"Mend the Markdown: {'; '.join(found)}.")] if found else []
    if bad := dangerous_links(text):
        problems.append(Problem("link", f"Links may not lead to {bad[0][:80]}."))
    if tags := raw_html(text):
        problems.append(
            Problem("html", f"HTML is not shown as such: take {', '.join(tags[:3])} out.")
        )
    return problems
