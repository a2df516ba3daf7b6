"""How a transcript shows that nobody changed it. Pure.

Every exported file ends with its SHA-256. In a JSON export that is the hash of the canonical form of
everything but the member `proof`: members sorted by name, no white space, no escapes but those JSON
demands, whole numbers without a fraction, others with at most six decimals. In a text or page it is
the hash of all that stands above the seal, with line ends as one line feed.

Beside the hash of the whole we keep one of each part, so that a changed line is found. The number
that opens every file is random and is stored nowhere: without the file nobody can guess what a kept
hash was made of, not even a short "yes".
"""

import hashlib
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from bot.kit.errors import Invalid

FORMAT = "frontline-transcript/1"
PART_CHARACTERS = 24
"""Of a part's hash that are kept: they only say which part it is, the whole hash proves it."""
_MARK = re.compile(
    r"\b([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}) ([0-9a-f]{32})\b"
)
_ENTRY = re.compile(r'(?=<li id="m\d+")')
_ENTRY_NUMBER = re.compile(r'<li id="m(\d+)"')
_TEXT_ENTRY = re.compile(r"\n\n(?=#\d+ \[)")
_TEXT_NUMBER = re.compile(r"#(\d+) \[")
_TEXT_SEAL = re.compile(r"\nSHA-256: ([0-9a-f]{64})\n*\Z")
_PAGE_SEAL = re.compile(r"<footer>.*\Z", re.DOTALL)


class Form(StrEnum):
    """In which form a transcript is."""

    JSON = "json"
    TXT = "txt"
    HTML = "html"


class How(StrEnum):
    """What is the matter with a part."""

    CHANGED = "changed"
    MISSING = "missing"
    ADDED = "added"
    MOVED = "moved"
    """Everything is there, in another order."""


@dataclass(frozen=True, slots=True)
class Mark:
    """What opens every export: its number, and the random one that only the file has."""

    export_id: str
    nonce: str

    def __str__(self) -> str:
        return f"{self.export_id} {self.nonce}"


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of an export: `head`, `seal` or a message's number, and its hash."""

    name: str
    hash: str


@dataclass(frozen=True, slots=True)
class Sealed:
    """A finished export."""

    text: str
    sha256: str
    parts: tuple[Part, ...]


@dataclass(frozen=True, slots=True)
class Difference:
    """A part that is not as it was."""

    part: str
    how: How


@dataclass(frozen=True, slots=True)
class Opened:
    """A file that calls itself an export of ours, taken apart."""

    form: Form
    mark: Mark
    sha256: str
    """Of what it holds, worked out anew."""
    parts: tuple[Part, ...]
    seal_fits: bool
    """The hash it shows is the hash of what it holds, and nothing was added around it."""


def canonical(value: Any) -> str:
    """Return JSON in the one form that is hashed.

    Raises:
        TypeError: the value is nothing JSON knows.
    """
    if isinstance(value, dict):
        members = (
            f"{json.dumps(k, ensure_ascii=False)}:{canonical(value[k])}" for k in sorted(value)
        )
        return "{" + ",".join(members) + "}"
    if isinstance(value, list | tuple):
        return "[" + ",".join(map(canonical, value)) + "]"
    if isinstance(value, float):
        text = f"{value:.6f}".rstrip("0").rstrip(".")
        return "0" if text == "-0" else text
    return json.dumps(value, ensure_ascii=False)


def seal_json(content: dict[str, Any]) -> Sealed:
    """Return the JSON export of `content`, whose member `export` has the mark."""
    digest = _sha256(canonical(content))
    proof = {"algorithm": "SHA-256 of the canonical JSON without this member", "sha256": digest}
    text = json.dumps({**content, "proof": proof}, ensure_ascii=False, indent=2) + "\n"
    return Sealed(text, digest, _json_parts(content, content["export"]["nonce"]))


def seal_text(body: str, mark: Mark) -> Sealed:
    """Return the plain export: `body` ends with a line feed and has the mark above its entries."""
    digest = _sha256(body)
    return Sealed(f"{body}\nSHA-256: {digest}\n", digest, _text_parts(body, mark.nonce))


def seal_page(body: str, mark: Mark) -> Sealed:
    """Return the page: `body` is an open <main> that has the mark above its entries."""
    digest = _sha256(body)
    return Sealed(body + _page_seal(digest), digest, _page_parts(body, mark.nonce))


def open_export(text: str) -> Opened:
    """Take a file apart.

    Raises:
        Invalid: it is no transcript of ours.
    """
    text = text.removeprefix("\ufeff").replace("\r\n", "\n")
    if text.lstrip().startswith("{"):
        return _open_json(text)
    found = _MARK.search(text)
    if found is None:
        raise _unreadable()
    mark = Mark(found[1], found[2])
    if text.startswith("<!doctype html>"):
        body = _PAGE_SEAL.sub("", text)
        digest = _sha256(body)
        fits = text.rstrip("\n") == body + _page_seal(digest)
        return Opened(Form.HTML, mark, digest, _page_parts(body, mark.nonce), fits)
    seal = _TEXT_SEAL.search(text)
    body = text[: seal.start()] if seal else text
    digest = _sha256(body)
    fits = seal is not None and seal[1] == digest
    return Opened(Form.TXT, mark, digest, _text_parts(body, mark.nonce), fits)


def _open_json(text: str) -> Opened:
    try:
        content = json.loads(text)
        proof = content.pop("proof", None)
        mark = Mark(str(content["export"]["id"]), str(content["export"]["nonce"]))
        digest = _sha256(canonical(content))
        parts = _json_parts(content, mark.nonce)
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        raise _unreadable() from None
    fits = isinstance(proof, dict) and proof.get("sha256") == digest and len(proof) == 2
    return Opened(Form.JSON, mark, digest, parts, fits)


def compare(kept: Sequence[Part], found: Sequence[Part]) -> list[Difference]:
    """Return what is not as it was, in the order of the export."""
    before = {part.name: part.hash for part in kept}
    now = {part.name: part.hash for part in found}
    result = [
        Difference(name, How.CHANGED if name in now else How.MISSING)
        for name, value in before.items()
        if now.get(name) != value
    ]
    result += [Difference(name, How.ADDED) for name in now if name not in before]
    if not result and [p.name for p in kept] != [p.name for p in found]:
        twice = [p.name for n, p in enumerate(found) if p.name in {q.name for q in found[:n]}]
        result = [Difference(name, How.ADDED) for name in twice]
        result = result or [Difference("messages", How.MOVED)]
    return result


def _json_parts(content: dict[str, Any], nonce: str) -> tuple[Part, ...]:
    head = {name: value for name, value in content.items() if name != "messages"}
    return (
        _part("head", canonical(head), nonce),
        *(_part(str(m["seq"]), canonical(m), nonce) for m in content["messages"]),
    )


def _text_parts(body: str, nonce: str) -> tuple[Part, ...]:
    head, *entries = _TEXT_ENTRY.split(body.rstrip("\n"))
    return _parts(head, entries, _TEXT_NUMBER, nonce)


def _page_parts(body: str, nonce: str) -> tuple[Part, ...]:
    head, *entries = _ENTRY.split(body)
    return _parts(head, entries, _ENTRY_NUMBER, nonce)


def _parts(
    head: str, entries: Sequence[str], number: re.Pattern[str], nonce: str
) -> tuple[Part, ...]:
    named = ((number.match(entry), entry) for entry in entries)
    return (
        _part("head", head, nonce),
        *(_part(found[1], entry, nonce) for found, entry in named if found),
    )


def _part(name: str, text: str, nonce: str) -> Part:
    return Part(name[:20], _sha256(f"{nonce}\n{text}")[:PART_CHARACTERS])


def _page_seal(digest: str) -> str:
    return f"<footer><p>SHA-256 <code>{digest}</code></p></footer></main></body></html>"


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _unreadable() -> Invalid:
    return Invalid(
        "This is no transcript of Frontline: give the file as it was exported.",
        code="no_transcript",
    )
