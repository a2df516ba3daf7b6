"""A whole conversation on paper: JSON, plain text, or a page to print. Pure.

Instants are shown in a named time zone and kept in UTC beside it. Links that work once and codes
are hidden: a transcript is read by many eyes.
"""

import base64
import hashlib
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum
from html import escape
from typing import Any
from zoneinfo import ZoneInfo

from bot.conversations.conversation import (
    Author,
    Conversation,
    Delivery,
    DeliveryState,
    Message,
    Version,
)
from handoff.exports.masking import mask_secrets
from handoff.exports.proof import FORMAT, Mark, Sealed, seal_json, seal_page, seal_text
from handoff.pack import mask_codes

_BOLD = re.compile(r"\*\*(?=\S)([^*\n]+?)(?<=\S)\*\*")
HideLinks = Callable[[str, str], str]
Translate = Callable[[str], str]
DECISION_MEMBERS = (
    "route", "intent", "confidence", "article", "article_confidence", "score", "margin", "scope",
    "runner_up", "thresholds", "model", "why", "reasons",
)  # fmt: skip
"""What staff may see of a stored decision."""


class Edition(StrEnum):
    """For whom a transcript is made."""

    STAFF = "staff"
    CUSTOMER = "customer"
    """Without the bot's decisions, levels and what a channel said when it failed."""


@dataclass(frozen=True, slots=True)
class TranscriptTicket:
    """A ticket named at the top of a transcript."""

    number: str
    state: str
    level: str
    opened_at: datetime
    resolved_at: datetime | None


@dataclass(frozen=True, slots=True)
class Transcript:
    """A conversation with everything needed to render it."""

    conversation: Conversation
    contact_name: str | None
    messages: tuple[Message, ...]
    tickets: tuple[TranscriptTicket, ...]
    timezone: ZoneInfo
    made_at: datetime
    versions: Mapping[str, Sequence[Version]]
    """By message id what edited messages said before, oldest first."""
    deliveries: Mapping[str, Delivery]
    """By message id what became of those that a channel had to be given."""
    mark: Mark
    edition: Edition = Edition.STAFF


def decision_of(message: Message) -> dict[str, Any] | None:
    """Return the part of a message's decision that staff see, or None."""
    if message.decision is None:
        return None
    return {
        name: message.decision[name]
        for name in DECISION_MEMBERS
        if message.decision.get(name) is not None
    }


def shown_text(message: Message, *, locale: str, hide_links: HideLinks) -> str:
    """Return a message's text as staff may read it: working links and typed codes hidden."""
    text = hide_links(message.text, locale)
    # The gateway masks the codes it waits for; this one it took under another guise.
    return mask_codes(text) if message.payload and "code_digest" in message.payload else text


def as_json(transcript: Transcript, *, hide_links: HideLinks) -> Sealed:
    """Render as one JSON document."""
    conversation = transcript.conversation
    return seal_json(
        {
            "format": FORMAT,
            "export": {
                "id": transcript.mark.export_id,
                "nonce": transcript.mark.nonce,
                "edition": transcript.edition.value,
            },
            "conversation_id": conversation.id,
            "channel": conversation.channel,
            "locale": conversation.locale,
            "contact_name": transcript.contact_name,
            "timezone": transcript.timezone.key,
            "made_at": _utc(transcript.made_at),
            "tickets": [_ticket_json(transcript, ticket) for ticket in transcript.tickets],
            "messages": [_message_json(transcript, m, hide_links) for m in transcript.messages],
        }
    )


def _ticket_json(transcript: Transcript, ticket: TranscriptTicket) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "number": ticket.number,
        "opened_at": _utc(ticket.opened_at),
        "resolved_at": _utc(ticket.resolved_at) if ticket.resolved_at else None,
    }
    if transcript.edition is Edition.STAFF:
        shown |= {"state": ticket.state, "level": ticket.level}
    return shown


def _message_json(
    transcript: Transcript, message: Message, hide_links: HideLinks
) -> dict[str, Any]:
    conversation = transcript.conversation
    shown: dict[str, Any] = {
        "seq": message.seq,
        "author": message.author.value,
        "author_name": message.author_name,
        "channel": conversation.channel,
        "text": _line(transcript, message, message.text, hide_links),
        "choices": [choice["label"] for choice in message.choices],
        "created_at": _utc(message.created_at),
        "local_time": _iso_local(transcript, message.created_at),
        "edited_at": _utc(message.edited_at) if message.edited_at else None,
        "earlier": [
            {
                "text": _line(transcript, message, version.text, hide_links),
                "written_at": _utc(version.written_at),
            }
            for version in transcript.versions.get(message.id, ())
        ],
        "delivery": message.delivery.value if message.delivery else None,
    }
    if transcript.edition is Edition.STAFF:
        delivery = transcript.deliveries.get(message.id)
        shown["delivery_attempts"] = delivery.attempts if delivery else None
        shown["delivery_error"] = delivery.error if delivery else None
        shown["decision"] = decision_of(message)
    return shown


def as_text(transcript: Transcript, *, hide_links: HideLinks, translate: Translate = str) -> Sealed:
    """Render as plain text, one paragraph a message."""
    lines = [f"{label}: {value}" for label, value in _head(transcript, translate)]
    for message in transcript.messages:
        at = _local(transcript, message.created_at)
        who = f"{_who(message, translate)} · {transcript.conversation.channel}"
        lines += ["", f"#{message.seq} [{at}] {who}"]
        lines += _indented(_line(transcript, message, message.text, hide_links))
        lines += [f"    ( ) {choice['label']}" for choice in message.choices]
        for version in transcript.versions.get(message.id, ()):
            lines.append(f"    ~ {_earlier(transcript, version, translate)}")
            lines += _indented(_line(transcript, message, version.text, hide_links), "    ~ ")
        lines += [f"    -> {line}" for line in _footnotes(transcript, message, translate)]
    return seal_text("\n".join(lines) + "\n", transcript.mark)


def _indented(text: str, margin: str = "    ") -> list[str]:
    return [margin + line for line in text.splitlines()]


def as_html(
    transcript: Transcript, *, hide_links: HideLinks, translate: Translate = str, locale: str = "en"
) -> Sealed:
    """Render as a page to print; nothing in it is loaded or run."""
    title = f"{translate('Conversation')} {transcript.conversation.id}"
    head = "".join(
        f"<dt>{escape(label)}</dt><dd>{escape(value)}</dd>"
        for label, value in _head(transcript, translate)
    )
    items = "".join(
        _html_item(transcript, message, hide_links=hide_links, translate=translate)
        for message in transcript.messages
    )
    return seal_page(
        f'<!doctype html><html lang="{escape(locale)}"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        '<meta name="robots" content="noindex"><meta name="referrer" content="no-referrer">'
        f"<title>{escape(title)}</title><style>{STYLE}</style></head>"
        f"<body><main><h1>{escape(translate('Conversation'))}</h1><dl>{head}</dl>"
        f"<ol>{items}</ol>",
        transcript.mark,
    )


STYLE = (
    ":root{color-scheme:light}"
    "body{font:15px/1.5 system-ui,sans-serif;color:#1c1c22;background:#fff;margin:0}"
    "main{max-width:46rem;margin:0 auto;padding:2rem 1rem}h1{font-size:1.35rem;margin:0 0 1rem}"
    "dl{display:grid;grid-template-columns:max-content 1fr;gap:.15rem 1rem;margin:0 0 1.5rem}"
    "dt{color:#5b5b66}dd{margin:0;overflow-wrap:anywhere}ol{list-style:none;margin:0;padding:0}"
    "ol>li{border-top:1px solid #dcdce3;padding:.6rem 0;break-inside:avoid}"
    "p{margin:.2rem 0;white-space:pre-wrap;overflow-wrap:anywhere}"
    ".who{font-weight:600}time{color:#5b5b66;font-weight:400;margin-inline-start:.5rem}"
    ".why{color:#5b5b66;font-size:.85em}.customer .who{color:#0b5cad}.system p{color:#5b5b66}"
    ".failed{color:#a4211f}del{color:#5b5b66}"
    "ul{margin:.3rem 0;padding-inline-start:1.2rem}"
    "footer{border-top:2px solid #1c1c22;margin-top:1rem;padding-top:.4rem;font-size:.8em;"
    "color:#5b5b66}code{overflow-wrap:anywhere}"
    "@page{margin:18mm 16mm}"
    "@media print{body{font-size:10.5pt}main{max-width:none;padding:0}.who{break-after:avoid}}"
    "@media (max-width:30rem){dl{grid-template-columns:1fr;gap:0}dd{margin-bottom:.35rem}}"
)
STYLE_HASH = "sha256-" + base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
"""For the page's Content-Security-Policy."""
CONTENT_SECURITY_POLICY = (
    f"default-src 'none'; style-src '{STYLE_HASH}'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)


def _html_item(
    transcript: Transcript, message: Message, *, hide_links: HideLinks, translate: Translate
) -> str:
    text = _line(transcript, message, message.text, hide_links)
    choices = "".join(f"<li>{escape(choice['label'])}</li>" for choice in message.choices)
    earlier = "".join(
        f'<p class="why">{escape(_earlier(transcript, version, translate))} '
        f"<del>{escape(_line(transcript, message, version.text, hide_links))}</del></p>"
        for version in transcript.versions.get(message.id, ())
    )
    failed = " failed" if message.delivery is DeliveryState.FAILED else ""
    notes = "".join(
        f'<p class="why{failed}">{escape(line)}</p>'
        for line in _footnotes(transcript, message, translate)
    )
    return (
        f'<li id="m{message.seq}" class="{message.author.value}">'
        f'<p class="who">{escape(_who(message, translate))} · '
        f"{escape(transcript.conversation.channel)}"
        f'<time datetime="{_utc(message.created_at)}">'
        f"{escape(_local(transcript, message.created_at))}</time></p>"
        f"<p>{_emphasised(message, escape(text))}</p>"
        + (f"<ul>{choices}</ul>" if choices else "")
        + earlier
        + notes
        + "</li>"
    )


def _head(transcript: Transcript, translate: Translate) -> list[tuple[str, str]]:
    conversation = transcript.conversation
    rows = [
        (translate("Conversation"), conversation.id),
        (translate("Export number"), str(transcript.mark)),
        (translate("Customer"), transcript.contact_name or "–"),
        (translate("Channel"), conversation.channel),
        (translate("Language"), conversation.locale),
        (translate("Time zone"), transcript.timezone.key),
        (translate("Printed"), _local(transcript, transcript.made_at)),
    ]
    for ticket in transcript.tickets:
        level = f"{ticket.level} · " if transcript.edition is Edition.STAFF else ""
        opened = _local(transcript, ticket.opened_at)
        rows.append((translate("Ticket"), f"{ticket.number} · {level}{opened}"))
    return rows


def _who(message: Message, translate: Translate) -> str:
    names = {
        Author.CUSTOMER: translate("Customer"),
        Author.BOT: translate("Bot"),
        Author.AGENT: translate("Agent"),
        Author.SYSTEM: translate("System"),
    }
    kind = names[message.author]
    return f"{message.author_name} ({kind})" if message.author_name else kind


def _line(transcript: Transcript, message: Message, text: str, hide_links: HideLinks) -> str:
    """Return what a line says: working links, codes, card numbers and told passwords hidden."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    shown = shown_text(
        replace(message, text=text), locale=transcript.conversation.locale, hide_links=hide_links
    )
    return mask_secrets(shown)


def _emphasised(message: Message, escaped: str) -> str:
    """Show Markdown's bold as such; what customers type is no Markdown."""
    if message.author is Author.CUSTOMER:
        return escaped
    return _BOLD.sub(r"<strong>\1</strong>", escaped)


def _earlier(transcript: Transcript, version: Version, translate: Translate) -> str:
    return f"{translate('Edited; before')} ({_local(transcript, version.written_at)}):"


def _footnotes(transcript: Transcript, message: Message, translate: Translate) -> list[str]:
    """Return what stands below a line: when it was edited, how it was delivered, why it was said."""
    notes = []
    if message.edited_at is not None:
        notes.append(f"{translate('Edited')}: {_local(transcript, message.edited_at)}")
    staff = transcript.edition is Edition.STAFF
    delivery = transcript.deliveries.get(message.id)
    match message.delivery:
        case DeliveryState.SENT:
            notes.append(translate("Delivered"))
        case DeliveryState.PENDING:
            notes.append(translate("On its way"))
        case DeliveryState.FAILED:
            why = f": {delivery.error}" if staff and delivery and delivery.error else ""
            notes.append(translate("Not delivered") + why)
        case None:
            pass
    decided = _decision_line(message) if staff else ""
    return [*notes, decided] if decided else notes


def _decision_line(message: Message) -> str:
    decision = decision_of(message)
    if not decision:
        return ""
    parts = [str(decision.get("route") or "")]
    if decision.get("intent") and decision["intent"] != decision.get("route"):
        parts.append(str(decision["intent"]))
    if isinstance(decision.get("confidence"), int | float):
        parts.append(f"{decision['confidence']:.2f}")
    article = decision.get("article")
    if isinstance(article, dict) and article.get("title"):
        revision = f" ({article['revision']})" if article.get("revision") else ""
        parts.append(f"«{article['title']}»{revision}")
    if decision.get("model"):
        parts.append(str(decision["model"]))
    return " · ".join(part for part in parts if part)


def _local(transcript: Transcript, instant: datetime) -> str:
    return instant.astimezone(transcript.timezone).strftime("%Y-%m-%d %H:%M:%S %z")


def _iso_local(transcript: Transcript, instant: datetime) -> str:
    return instant.astimezone(transcript.timezone).isoformat(timespec="seconds")


def _utc(instant: datetime) -> str:
    return instant.astimezone(UTC).isoformat().replace("+00:00", "Z")
