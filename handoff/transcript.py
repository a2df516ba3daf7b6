"""A whole conversation on paper: JSON, plain text, or a page to print. Pure.

Instants are shown in a named time zone and kept in UTC beside it. Links that work once and codes
are hidden: a transcript is read by many eyes.
"""

import base64
import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from html import escape
from typing import Any
from zoneinfo import ZoneInfo

from bot.conversations.conversation import Author, Conversation, Message
from handoff.pack import mask_codes

HideLinks = Callable[[str, str], str]
Translate = Callable[[str], str]
DECISION_MEMBERS = (
    "route", "intent", "confidence", "article", "article_confidence", "score", "margin", "scope",
    "runner_up", "thresholds", "model", "why", "reasons",
)  # fmt: skip
"""What staff may see of a stored decision."""


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


def as_json(transcript: Transcript, *, hide_links: HideLinks) -> str:
    """Render as one JSON document."""
    conversation = transcript.conversation
    return json.dumps(
        {
            "conversation_id": conversation.id,
            "channel": conversation.channel,
            "locale": conversation.locale,
            "contact_name": transcript.contact_name,
            "timezone": transcript.timezone.key,
            "made_at": _utc(transcript.made_at),
            "tickets": [
                {
                    "number": t.number,
                    "state": t.state,
                    "level": t.level,
                    "opened_at": _utc(t.opened_at),
                    "resolved_at": _utc(t.resolved_at) if t.resolved_at else None,
                }
                for t in transcript.tickets
            ],
            "messages": [
                {
                    "seq": m.seq,
                    "author": m.author.value,
                    "author_name": m.author_name,
                    "text": shown_text(m, locale=conversation.locale, hide_links=hide_links),
                    "choices": [choice["label"] for choice in m.choices],
                    "created_at": _utc(m.created_at),
                    "local_time": m.created_at.astimezone(transcript.timezone).isoformat(
                        timespec="seconds"
                    ),
                    "edited_at": _utc(m.edited_at) if m.edited_at else None,
                    "delivery": m.delivery.value if m.delivery else None,
                    "decision": decision_of(m),
                }
                for m in transcript.messages
            ],
        },
        ensure_ascii=False,
        indent=2,
    )


def as_text(transcript: Transcript, *, hide_links: HideLinks, translate: Translate = str) -> str:
    """Render as plain text, one paragraph a message."""
    lines = [f"{label}: {value}" for label, value in _head(transcript, translate)]
    for message in transcript.messages:
        lines += ["", f"[{_local(transcript, message.created_at)}] {_who(message, translate)}"]
        text = shown_text(message, locale=transcript.conversation.locale, hide_links=hide_links)
        lines += ["    " + line for line in text.splitlines()]
        lines += [f"    ( ) {choice['label']}" for choice in message.choices]
        decision = _decision_line(message)
        if decision:
            lines.append(f"    -> {decision}")
    return "\n".join(lines) + "\n"


def as_html(
    transcript: Transcript, *, hide_links: HideLinks, translate: Translate = str, locale: str = "en"
) -> str:
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
    return (
        f'<!doctype html><html lang="{escape(locale)}"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        '<meta name="robots" content="noindex"><meta name="referrer" content="no-referrer">'
        f"<title>{escape(title)}</title><style>{STYLE}</style></head>"
        f"<body><main><h1>{escape(title)}</h1><dl>{head}</dl><ol>{items}</ol></main></body></html>"
    )


STYLE = (
    ":root{color-scheme:light}"
    "body{font:15px/1.5 system-ui,sans-serif;color:#1c1c22;background:#fff;margin:0}"
    "main{max-width:46rem;margin:0 auto;padding:2rem 1rem}h1{font-size:1.25rem}"
    "dl{display:grid;grid-template-columns:max-content 1fr;gap:.15rem 1rem;margin:0 0 1.5rem}"
    "dt{color:#5b5b66}dd{margin:0;overflow-wrap:anywhere}ol{list-style:none;margin:0;padding:0}"
    "li{border-top:1px solid #dcdce3;padding:.6rem 0;break-inside:avoid}"
    "p{margin:.2rem 0;white-space:pre-wrap;overflow-wrap:anywhere}"
    ".who{font-weight:600}time{color:#5b5b66;font-weight:400;margin-inline-start:.5rem}"
    ".why{color:#5b5b66;font-size:.85em}.customer .who{color:#0b5cad}.system p{color:#5b5b66}"
    "ul{margin:.3rem 0;padding-inline-start:1.2rem}"
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
    text = shown_text(message, locale=transcript.conversation.locale, hide_links=hide_links)
    choices = "".join(f"<li>{escape(choice['label'])}</li>" for choice in message.choices)
    decision = _decision_line(message)
    return (
        f'<li class="{message.author.value}"><p class="who">{escape(_who(message, translate))}'
        f'<time datetime="{_utc(message.created_at)}">'
        f"{escape(_local(transcript, message.created_at))}</time></p>"
        f"<p>{escape(text)}</p>"
        + (f"<ul>{choices}</ul>" if choices else "")
        + (f'<p class="why">{escape(decision)}</p>' if decision else "")
        + "</li>"
    )


def _head(transcript: Transcript, translate: Translate) -> list[tuple[str, str]]:
    conversation = transcript.conversation
    rows = [
        (translate("Conversation"), conversation.id),
        (translate("Customer"), transcript.contact_name or "–"),
        (translate("Channel"), conversation.channel),
        (translate("Language"), conversation.locale),
        (translate("Time zone"), transcript.timezone.key),
        (translate("Printed"), _local(transcript, transcript.made_at)),
    ]
    rows += [
        (translate("Ticket"), f"{t.number} · {t.level} · {_local(transcript, t.opened_at)}")
        for t in transcript.tickets
    ]
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


def _utc(instant: datetime) -> str:
    return instant.astimezone(UTC).isoformat().replace("+00:00", "Z")
