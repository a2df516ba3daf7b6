"""The demo's mail box: the mails that `FolderMailer` wrote, newest first."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from email import policy
from email.parser import BytesParser
from pathlib import Path
from typing import cast

_NAME = re.compile(r"(\d{8}T\d{6}Z)-[0-9a-f-]{36}")
SHOWN = 100


@dataclass(frozen=True, slots=True)
class Letter:
    """One mail as the page shows it."""

    id: str
    to: str
    from_: str
    subject: str
    sent_at: datetime
    text: str
    is_new: bool


def list_letters(folder: Path, *, now: datetime, new_seconds: int = 120) -> list[Letter]:
    """Return the newest mails; blocking."""
    names = sorted((path.stem for path in folder.glob("*.eml")), reverse=True)
    found = (read_letter(folder, name, now=now, new_seconds=new_seconds) for name in names[:SHOWN])
    return [letter for letter in found if letter is not None]


def read_letter(
    folder: Path, letter_id: str, *, now: datetime, new_seconds: int = 120
) -> Letter | None:
    """Return one mail by the name of its file without ending, or None; blocking."""
    match = _NAME.fullmatch(letter_id)
    if match is None:
        return None
    try:
        data = (folder / f"{letter_id}.eml").read_bytes()
    except OSError:
        return None
    message = BytesParser(policy=policy.default).parsebytes(data)
    body = message.get_body(preferencelist=("plain",))
    sent_at = datetime.strptime(match[1], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    return Letter(
        id=letter_id,
        to=str(message["To"] or ""),
        from_=str(message["From"] or ""),
        subject=str(message["Subject"] or ""),
        sent_at=sent_at,
        text=cast("str", body.get_content()).strip() if body is not None else "",
        is_new=(now - sent_at).total_seconds() < new_seconds,
    )
