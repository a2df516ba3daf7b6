"""What the gateway may send, checked before anything of it reaches Rasa.

Rasa takes every input for granted: a number as text raises deep inside, a missing sender becomes
one shared conversation, and long texts stop the process for everybody.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from typing import Any, Dict, List, Mapping, Optional

from components.articles import Verdict
from components.encoder import unpack_vector
from hosting.protocol import TurnRequest

#: A little more than the gateway's own limit: normalising may lengthen what it let in.
MAX_TEXT = 4000
MAX_METADATA = 16 * 1024
MAX_EVENTS = 200

_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.:~@-]{0,199}")
_INTENT = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,99}")
_LOCALE = re.compile(r"[A-Za-z]{2,3}(?:[-_][A-Za-z0-9]{2,8})?")


class BadRequest(ValueError):
    """A request that does not keep to the protocol; the text is for the caller's log."""


def turn_request(body: Any) -> TurnRequest:
    """A turn from a request's JSON."""
    fields = _object(body, "the body")
    intent: Optional[str] = None
    entities: Mapping[str, Any] = {}
    if fields.get("intent") is not None:
        stated = _object(fields["intent"], "intent")
        intent = _matching(stated.get("name"), _INTENT, "intent.name")
        entities = _entities(_optional(stated.get("entities"), "intent.entities"))
    text = _text(fields.get("text"), required=intent is None)
    metadata = _optional(fields.get("metadata"), "metadata")
    if len(json.dumps(metadata)) > MAX_METADATA:
        raise BadRequest("metadata is too large")
    return TurnRequest(
        conversation_id=name(fields.get("conversation_id"), "conversation_id"),
        turn_id=name(fields.get("turn_id"), "turn_id"),
        # Rasa writes a pressed button down as a command, too.
        text=text or f"/{intent}",
        locale=_matching(fields.get("locale") or "en", _LOCALE, "locale"),
        channel=_matching(fields.get("channel") or "unknown", _NAME, "channel"),
        metadata=metadata,
        vector=vector(fields.get("vector")) if intent is None else None,
        intent=intent,
        entities=entities,
        article=article(fields.get("article")) if intent is None else None,
    )


def parse_text(body: Any) -> str:
    """The text of a request to parse."""
    return _text(_object(body, "the body").get("text"), required=True)


def parse_vector(body: Any) -> Optional[Any]:
    """The sentence vector of a request to parse, if it brings one."""
    return vector(_object(body, "the body").get("vector"))


def parse_article(body: Any) -> Optional[Verdict]:
    """What the knowledge base says of a text to parse, if the request brings it."""
    return article(_object(body, "the body").get("article"))


def appended_events(body: Any) -> List[Dict[str, Any]]:
    """The events of a request to add some."""
    events = _object(body, "the body").get("events")
    if not isinstance(events, list) or not all(isinstance(event, dict) for event in events):
        raise BadRequest("events must be a list of objects")
    if len(events) > MAX_EVENTS:
        raise BadRequest("too many events")
    return events


def name(value: Any, what: str) -> str:
    """An id that is safe in logs, addresses and databases."""
    return _matching(value, _NAME, what)


def vector(value: Any) -> Optional[Any]:
    """A sentence vector from base64."""
    if value is None:
        return None
    if not isinstance(value, str):
        raise BadRequest("vector must be base64")
    try:
        return unpack_vector(base64.b64decode(value, validate=True))
    except (binascii.Error, ValueError) as error:
        raise BadRequest("vector must be 512 floats in base64") from error


def article(value: Any) -> Optional[Verdict]:
    """What the knowledge base says of a message."""
    if value is None:
        return None
    fields = _object(value, "article")
    confidence = fields.get("confidence")
    if isinstance(confidence, bool) or not isinstance(confidence, (int, float)):
        raise BadRequest("article.confidence must be a number")
    if not 0 <= confidence <= 1:
        raise BadRequest("article.confidence must be between 0 and 1")
    return Verdict(_matching(fields.get("decision"), _INTENT, "article.decision"), confidence)


def _text(value: Any, *, required: bool) -> str:
    if value is None and not required:
        return ""
    if not isinstance(value, str):
        raise BadRequest("text must be a string")
    if len(value) > MAX_TEXT:
        raise BadRequest("text is too long")
    try:
        value.encode("utf-8")
    except UnicodeEncodeError as error:
        raise BadRequest("text is not valid Unicode") from error
    if "\x00" in value:
        raise BadRequest("text must not hold NUL")
    if required and not value.strip():
        raise BadRequest("text must not be empty")
    return value


def _entities(entities: Dict[str, Any]) -> Mapping[str, Any]:
    for key, item in entities.items():
        _matching(key, _INTENT, "an entity's name")
        if item is not None and not isinstance(item, (str, int, float, bool)):
            raise BadRequest("an entity's value must be a string or a number")
    if len(json.dumps(entities)) > MAX_METADATA:
        raise BadRequest("entities are too large")
    return entities


def _object(value: Any, what: str) -> Dict[str, Any]:
    if not isinstance(value, dict):
        raise BadRequest(f"{what} must be an object")
    return value


def _optional(value: Any, what: str) -> Dict[str, Any]:
    return {} if value is None else _object(value, what)


def _matching(value: Any, pattern: re.Pattern[str], what: str) -> str:
    if not isinstance(value, str) or not pattern.fullmatch(value):
        raise BadRequest(f"{what} is missing or not well-formed")
    return value
