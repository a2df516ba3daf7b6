"""The JSON of transcripts. Pure."""

from datetime import UTC
from typing import Literal

from pydantic import Field

from bot.kit.web import Model
from handoff.exports.proof import How
from handoff.exports.service import Address, Verdict

MAX_FILE = 4_000_000
"""Longest file that is checked here; `frontline transcript --verify` takes longer ones."""


class TranscriptQuery(Model):
    """In which form, and whether it is looked at or taken out."""

    format: Literal["json", "txt", "html"] = "json"
    download: bool = False


class Nothing(Model):
    """An empty body."""


class VerifyBody(Model):
    """A file as it was exported."""

    text: str = Field(min_length=1, max_length=MAX_FILE)


class AddressItem(Model):
    """Where a conversation would be mailed to."""

    to: str | None
    """The proved address, masked; None while there is none."""
    asked: bool
    """The customer was asked for an address and has not answered yet."""


class DifferenceItem(Model):
    """A part that is not as it was: `head`, `seal`, `messages` or a message's number."""

    part: str
    how: How


class VerdictItem(Model):
    """Whether a file is as it was exported."""

    unchanged: bool
    differs: list[DifferenceItem]
    export_id: str
    conversation_id: str
    format: Literal["json", "txt", "html"]
    messages: int
    made_at: str
    sha256: str
    """Of the export as it was made."""
    erased: bool
    """What was said is no longer stored here."""


def address_item(address: Address) -> AddressItem:
    """Render where a conversation would be mailed to."""
    return AddressItem(to=address.masked, asked=address.asked)


def verdict_item(verdict: Verdict) -> VerdictItem:
    """Render what a file is worth."""
    export = verdict.export
    return VerdictItem(
        unchanged=verdict.unchanged,
        differs=[DifferenceItem(part=one.part, how=one.how) for one in verdict.differs],
        export_id=export.id,
        conversation_id=export.conversation_id,
        format=export.form.value,
        messages=export.messages,
        made_at=export.made_at.astimezone(UTC).isoformat().replace("+00:00", "Z"),
        sha256=export.sha256,
        erased=verdict.erased,
    )
