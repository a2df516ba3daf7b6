"""Markdown of articles: safe HTML, plain text, and the small HTML that Telegram takes. Pure.

Raw HTML in the source is never HTML in a result: the parser treats it as text (`html=False`), and
page HTML passes an allow-list behind it all the same.
"""

import html
import re
from functools import lru_cache
from urllib.parse import urlsplit

import nh3
from markdown_it import MarkdownIt
from markdown_it.token import Token

SCHEMES = frozenset({"http", "https", "mailto", "tel"})
TAGS = {
    "p", "br", "strong", "em", "s", "code", "pre", "ul", "ol", "li", "a", "blockquote", "hr",
    "h1", "h2", "h3", "h4", "h5", "h6", "table", "thead", "tbody", "tr", "th", "td",
}  # fmt: skip
ATTRIBUTES = {"a": {"href", "title"}, "ol": {"start"}, "code": {"class"}}
_LINK = re.compile(
    r"\]\(\s*<?\s*([^)\s>]+)"  # [words](target)
    r"|^\s{0,3}\[[^\]]+\]:\s*<?\s*([^\s>]+)"  # [name]: target
    r"|<([a-z][a-z0-9+.-]*:[^\s>]*)>",  # <target>
    re.IGNORECASE | re.MULTILINE,
)
_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*(?=:)", re.IGNORECASE)
_INVISIBLE = re.compile("[\\x00-\\x20\u00ad\u200b-\u200f\u2028-\u202e\u2060\ufeff]")
_NAMED_COLON = re.compile(r"&(?:colon|tab|newline);?", re.IGNORECASE)


@lru_cache(maxsize=1)
def _parser() -> MarkdownIt:
    parser = MarkdownIt("commonmark", {"html": False, "breaks": True, "linkify": False})
    parser.enable(["table", "strikethrough"])
    # Images would let an article fetch from anywhere; their description is shown instead.
    parser.disable("image")
    parser.validateLink = _is_safe_url  # type: ignore[method-assign]
    return parser


@lru_cache(maxsize=1)
def _html_finder() -> MarkdownIt:
    return MarkdownIt("commonmark", {"html": True})


def _is_safe_url(url: str) -> bool:
    scheme = _scheme_of(url)
    if scheme is None:
        return not url.lstrip().startswith(("//", "\\\\", "/\\", "\\/"))
    return scheme in SCHEMES


def _scheme_of(url: str) -> str | None:
    """Return the scheme a browser would see: entities, blanks and invisible marks undone."""
    text = url
    for _ in range(3):
        text = html.unescape(_NAMED_COLON.sub(lambda m: html.unescape(m.group()), text))
        text = re.sub(r"%([0-9a-fA-F]{2})", lambda m: chr(int(m.group(1), 16)), text)
    text = _INVISIBLE.sub("", text)
    match = _SCHEME.match(text)
    return match.group().lower() if match else None


def dangerous_links(markdown: str) -> list[str]:
    """Return the targets of links whose scheme is not allowed (javascript:, data:, …)."""
    found = []
    for match in _LINK.finditer(markdown):
        url = match.group(1) or match.group(2) or match.group(3)
        if _scheme_of(url) is not None and not _is_safe_url(url):
            found.append(url)
    return found


_IMAGE = re.compile(r"!\[[^\]]*\]\(\s*<?\s*([^)\s>]+)")
MAX_NESTING = 20
"""Brackets, quotes or list levels inside each other; nobody writes more, attackers do."""


def image_addresses(markdown: str) -> list[str]:
    """Return where a text's images would be fetched from; none ever is."""
    return _IMAGE.findall(markdown)


def too_nested(markdown: str) -> bool:
    """Tell whether brackets or quotes are nested deeper than anybody reads."""
    depth = 0
    for char in markdown:
        if char in "[(":
            depth += 1
            if depth > MAX_NESTING:
                return True
        elif char in "])":
            depth = max(0, depth - 1)
        elif char == "\n" and depth and depth < MAX_NESTING // 2:
            depth = 0
    return re.search(rf"^(?:\s*>){{{MAX_NESTING},}}", markdown, re.MULTILINE) is not None


def raw_html(markdown: str) -> list[str]:
    """Return the HTML tags in a text, which will be shown as the text they are."""
    found: list[str] = []
    for token in _html_finder().parse(markdown):
        for part in [token, *(token.children or [])]:
            if part.type in {"html_inline", "html_block"}:
                found += re.findall(r"<[/!]?[a-zA-Z][^\s>/]*", part.content)
    return [f"{tag}>" for tag in found]


def to_html(markdown: str) -> str:
    """Render for a page: allow-listed tags only, links open safely."""
    return nh3.clean(
        _parser().render(markdown),
        tags=TAGS,
        attributes=ATTRIBUTES,
        url_schemes=set(SCHEMES),
        link_rel="noopener noreferrer nofollow",
    ).strip()


def to_plain(markdown: str) -> str:
    """Render as plain text: for search, previews, mails and screen readers."""
    return _Walker(telegram=False).render(_parser().parse(markdown))


def to_telegram_html(markdown: str) -> str:
    """Render with the tags of Telegram's HTML mode (b i s code pre a blockquote), rest as text."""
    return _Walker(telegram=True).render(_parser().parse(markdown))


_INLINE = {"strong": "b", "em": "i", "s": "s"}


class _Walker:
    """Writes tokens as text; `telegram` adds the few tags Telegram knows and escapes the rest."""

    def __init__(self, *, telegram: bool) -> None:
        self._telegram = telegram
        self._out: list[str] = []
        self._lists: list[int | None] = []
        self._links: list[str | None] = []

    def render(self, tokens: list[Token]) -> str:
        for token in tokens:
            self._block(token)
        text = "".join(self._out)
        return re.sub(r"\n{3,}", "\n\n", text).strip()

    def _text(self, text: str) -> str:
        return html.escape(text, quote=False) if self._telegram else text

    def _tag(self, name: str, *, close: bool = False) -> None:
        if self._telegram:
            self._out.append(f"</{name}>" if close else f"<{name}>")

    def _block(self, token: Token) -> None:
        match token.type:
            case "inline":
                for child in token.children or []:
                    self._inline(child)
            case "heading_open":
                self._tag("b")
            case "heading_close":
                self._tag("b", close=True)
                self._out.append("\n\n")
            case "paragraph_close":
                self._out.append("\n" if self._lists else "\n\n")
            case "bullet_list_open":
                self._lists.append(None)
            case "ordered_list_open":
                self._lists.append(int(token.attrGet("start") or 1))
            case "bullet_list_close" | "ordered_list_close":
                self._lists.pop()
                if not self._lists:
                    self._out.append("\n")
            case "list_item_open":
                self._out.append("  " * (len(self._lists) - 1) + self._bullet())
            case "blockquote_open":
                self._tag("blockquote")
            case "blockquote_close":
                while self._out and self._out[-1].strip("\n") == "":
                    self._out.pop()
                self._tag("blockquote", close=True)
                self._out.append("\n\n")
            case "fence" | "code_block":
                self._tag("pre")
                self._out.append(self._text(token.content.rstrip("\n")))
                self._tag("pre", close=True)
                self._out.append("\n\n")
            case "hr":
                self._out.append("———\n\n")
            case "th_close" | "td_close":
                self._out.append("  ")
            case "tr_close":
                self._out.append("\n")
            case "table_close":
                self._out.append("\n")
            case _:
                pass

    def _bullet(self) -> str:
        number = self._lists[-1]
        if number is None:
            return "• "
        self._lists[-1] = number + 1
        return f"{number}. "

    def _inline(self, token: Token) -> None:
        match token.type:
            case "text":
                self._out.append(self._text(token.content))
            case "code_inline":
                self._tag("code")
                self._out.append(self._text(token.content))
                self._tag("code", close=True)
            case "softbreak" | "hardbreak":
                self._out.append("\n")
            case "link_open":
                self._open_link(str(token.attrGet("href") or ""))
            case "link_close":
                self._close_link()
            case _:
                name = _INLINE.get(token.tag)
                if name and token.nesting:
                    self._tag(name, close=token.nesting < 0)

    def _open_link(self, url: str) -> None:
        # Telegram refuses relative addresses; the words stay, the link does not.
        usable = url if urlsplit(url).scheme else None
        self._links.append(usable)
        if usable and self._telegram:
            self._out.append(f'<a href="{html.escape(usable)}">')
        self._out.append("")

    def _close_link(self) -> None:
        url = self._links.pop() if self._links else None
        if url is None:
            return
        if self._telegram:
            self._out.append("</a>")
        elif not url.startswith(("mailto:", "tel:")) and url not in "".join(self._out[-3:]):
            self._out.append(f" ({url})")
