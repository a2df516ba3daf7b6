"""What a message looks like in Telegram: a Markdown subset to Telegram's HTML, in parts. Pure.

The same subset as the web pages show: paragraphs, line breaks, lists, bold, emphasis, code, fenced
code, headings (as bold lines) and links. Everything else stays visible as it was written. Text is
first cut into runs, each with the tags around it: a split closes and reopens tags by itself.
"""

import html
import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any
from urllib.parse import urlsplit

from markdown_it import MarkdownIt
from markdown_it.rules_inline import StateInline
from markdown_it.token import Token

MAX_UNITS = 4_096
"""UTF-16 units of a message without its tags (core.telegram.org/bots/api#sendmessage)."""
MAX_BUTTON_BYTES = 64
"""core.telegram.org/bots/api#inlinekeyboardbutton, callback_data."""
MAX_BUTTONS = 100
MAX_LABEL = 60
"""Longer labels are cut off by the apps at the width of a phone."""
LINK_SCHEMES = frozenset({"http", "https", "mailto", "tel"})
EMPTY = "…"
"""Telegram refuses a message without visible text."""

_TAGS = {"strong": "b", "em": "i", "s": "s"}
_URL_START = re.compile(r"https?$", re.IGNORECASE)
_URL_REST = re.compile(r"""://[^\s<>"'`\[\]()]+""")


@dataclass(frozen=True, slots=True)
class Run:
    """A stretch of text and the opening tags around it, outermost first."""

    text: str
    tags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Button:
    """One row of the inline keyboard."""

    label: str
    data: str


@dataclass(frozen=True, slots=True)
class Part:
    """One Telegram message; only the last part of a text has buttons."""

    html: str
    plain: str
    """The same without tags, for when Telegram can't read them."""
    buttons: tuple[Button, ...] = ()


def render(
    text: str,
    *,
    choices: Sequence[dict[str, Any]] = (),
    author_name: str | None = None,
    limit: int = MAX_UNITS,
) -> list[Part]:
    """Return the messages to send, in order; at least one.

    Args:
        text: Markdown of the small subset, links already filled in.
        choices: stored buttons with `id` and `label`.
        author_name: shown in bold above the text, so that the customer sees that a person writes.
        limit: UTF-16 units of each part.
    """
    runs = list(markdown_runs(text))
    if author_name:
        runs = [Run(author_name, ("b",)), Run("\n"), *runs]
    buttons: list[Button] = []
    for choice in choices:
        label, data = str(choice["label"]), str(choice["id"])
        if len(data.encode()) <= MAX_BUTTON_BYTES and len(buttons) < MAX_BUTTONS:
            buttons.append(Button(_cut_label(label), data))
        else:  # still an offer, to be typed
            runs.append(Run(f"\n• {label}"))
    parts = split_runs(runs, limit) or [[Run(EMPTY)]]
    last = len(parts) - 1
    return [
        Part(
            html=to_html(part),
            plain="".join(run.text for run in part),
            buttons=tuple(buttons) if index == last else (),
        )
        for index, part in enumerate(parts)
    ]


def to_html(runs: Iterable[Run]) -> str:
    """Write runs as Telegram HTML; every tag opened is closed in the right order."""
    out: list[str] = []
    open_tags: list[str] = []
    for run in runs:
        common = 0
        while common < min(len(open_tags), len(run.tags)) and open_tags[common] == run.tags[common]:
            common += 1
        out += [_closing(tag) for tag in reversed(open_tags[common:])]
        out += [f"<{tag}>" for tag in run.tags[common:]]
        open_tags[common:] = run.tags[common:]
        out.append(html.escape(run.text, quote=False))
    out += [_closing(tag) for tag in reversed(open_tags)]
    return "".join(out)


def utf16_units(text: str) -> int:
    """Return how long Telegram finds `text`: an emoji counts 2 or more."""
    return len(text) + sum(ord(char) > 0xFFFF for char in text)


# ------------------------------------------------------------------------------------ splitting


def split_runs(runs: Iterable[Run], limit: int = MAX_UNITS) -> list[list[Run]]:
    """Cut into parts of at most `limit` units, if possible between paragraphs, lines or words."""
    rest = _trim(list(runs))
    parts: list[list[Run]] = []
    while rest:
        text = "".join(run.text for run in rest)
        if utf16_units(text) <= limit:
            parts.append(rest)
            break
        head, tail = _cut(rest, _cut_position(text, limit))
        if trimmed := _trim(head):
            parts.append(trimmed)
        rest = _trim(tail)
    return parts


def _cut_position(text: str, limit: int) -> int:
    """Return the index in `text` of the best place to cut at or before `limit` units."""
    units = 0
    end = 0
    for char in text:
        units += 2 if ord(char) > 0xFFFF else 1
        if units > limit:
            break
        end += 1
    end = max(end, 1)
    window = text[: end + 1]  # a blank right behind the limit is a fine place, too
    for separator, at_least in (("\n\n", 0.5), ("\n", 0.5), (" ", 0.3)):
        at = window.rfind(separator)
        if at >= end * at_least and at > 0:
            return at
    # One endless word: at least never inside what is one sign to the reader.
    at = end
    while at > 1 and at > end - 32 and _joins(text[at - 1], text[at : at + 1]):
        at -= 1
    return at if at > end - 32 and at > 0 else end


def _joins(before: str, after: str) -> bool:
    if not after:
        return False
    return (
        unicodedata.combining(after) != 0
        or after in "\u200d\ufe0f"
        or before == "\u200d"
        or "\U0001f3fb" <= after <= "\U0001f3ff"
    )


def _cut(runs: list[Run], at: int) -> tuple[list[Run], list[Run]]:
    head: list[Run] = []
    for index, run in enumerate(runs):
        if at < len(run.text):
            head.append(Run(run.text[:at], run.tags))
            return head, [Run(run.text[at:], run.tags), *runs[index + 1 :]]
        head.append(run)
        at -= len(run.text)
    return head, []


def _trim(runs: list[Run]) -> list[Run]:
    """Drop blanks at both ends and empty runs."""
    result = [run for run in runs if run.text]
    while result and not result[0].text.strip():
        result.pop(0)
    while result and not result[-1].text.strip():
        result.pop()
    if result:
        keep_indent = "pre" in result[0].tags
        first = result[0].text.lstrip("\n") if keep_indent else result[0].text.lstrip()
        result[0] = Run(first, result[0].tags)
        result[-1] = Run(result[-1].text.rstrip(), result[-1].tags)
    return result


# ------------------------------------------------------------------------------------- Markdown


def markdown_runs(text: str) -> list[Run]:
    """Parse the Markdown subset."""
    return _Writer().write(_parser().parse(text))


@cache
def _parser() -> MarkdownIt:
    parser = MarkdownIt("zero", {"maxNesting": 12}).enable(
        ["fence", "list", "heading", "newline", "escape", "backticks", "emphasis", "link"]
    )
    parser.inline.ruler.before("escape", "bare_url", _bare_url)
    return parser


def _bare_url(state: StateInline, silent: bool) -> bool:
    """Take an address written out as it stands: `_` and `*` in it are no emphasis."""
    at = state.pos
    if state.src[at] != ":" or not _URL_START.search(state.src[max(0, at - 5) : at]):
        return False
    match = _URL_REST.match(state.src, at, state.posMax)
    if match is None:
        return False
    if not silent:
        state.pending += match.group().replace("\n", "")
    state.pos = match.end()
    return True


class _Writer:
    """Turns markdown-it's tokens into runs."""

    def __init__(self) -> None:
        self._runs: list[Run] = []
        self._tags: list[str] = []
        self._lists: list[int | None] = []
        self._item_starts = False
        self._targets: list[str] = []

    def write(self, tokens: Sequence[Token]) -> list[Run]:
        for token in tokens:
            self._block(token)
        return self._runs

    def _add(self, text: str, *more: str) -> None:
        if text:
            self._runs.append(Run(text, (*self._tags, *more)))

    def _gap(self, newlines: int) -> None:
        """End what stands before with that many line breaks (none at the very start)."""
        written = "".join(run.text for run in self._runs[-2:])
        if written:
            have = len(written) - len(written.rstrip("\n"))
            self._runs.append(Run("\n" * max(0, newlines - have)))

    def _block(self, token: Token) -> None:
        match token.type:
            case "paragraph_open":
                self._start(1 if token.hidden else 2)
            case "heading_open":
                self._start(2)
                self._tags.append("b")
            case "heading_close":
                self._tags.pop()
            case "bullet_list_open":
                self._gap(1 if self._lists else 2)
                self._lists.append(None)
            case "ordered_list_open":
                self._gap(1 if self._lists else 2)
                self._lists.append(int(token.attrGet("start") or 1))
            case "bullet_list_close" | "ordered_list_close":
                self._lists.pop()
            case "list_item_open":
                self._gap(1)
                self._add("   " * (len(self._lists) - 1) + self._marker())
                self._item_starts = True
            case "list_item_close":
                self._item_starts = False
            case "fence":
                self._start(2)
                self._add(token.content.rstrip("\n") or " ", "pre")
            case "inline":
                for child in token.children or ():
                    self._inline(child)
            case _:
                pass

    def _start(self, newlines: int) -> None:
        if self._item_starts:
            self._item_starts = False  # stands right behind the bullet
        else:
            self._gap(1 if self._lists else newlines)

    def _marker(self) -> str:
        number = self._lists[-1]
        if number is None:
            return "• "
        self._lists[-1] = number + 1
        return f"{number}. "

    def _inline(self, token: Token) -> None:
        match token.type:
            case "text" | "text_special":
                self._add(token.content)
            case "softbreak" | "hardbreak":
                self._add("\n" + "   " * max(0, len(self._lists) - 1))
            case "code_inline":
                self._add(token.content, "code")
            case "strong_open" | "em_open":
                self._tags.append(_TAGS[token.type.removesuffix("_open")])
            case "strong_close" | "em_close":
                self._tags.pop()
            case "link_open":
                self._open_link(str(token.attrGet("href") or ""))
            case "link_close":
                self._close_link()
            case _:
                self._add(token.content)

    def _open_link(self, target: str) -> None:
        if urlsplit(target).scheme.lower() in LINK_SCHEMES:
            self._tags.append(f'a href="{html.escape(target, quote=True)}"')
            self._targets.append("")
        else:
            self._targets.append(target)

    def _close_link(self) -> None:
        target = self._targets.pop()
        if not target:
            self._tags.pop()
        elif not target.startswith("#"):
            self._add(f" ({target})")


def _closing(tag: str) -> str:
    return f"</{tag.split(' ', 1)[0]}>"


def _cut_label(label: str) -> str:
    label = " ".join(label.split()) or EMPTY
    return label if len(label) <= MAX_LABEL else label[: MAX_LABEL - 1].rstrip() + "…"
