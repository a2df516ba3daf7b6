"""Queue a mail within the step that makes it necessary; the worker sends it after the commit."""

from datetime import datetime

from bot.kit.db import Tx
from bot.kit.ids import new_id
from bot.mail import repository
from bot.mail.message import GIVE_UP_AFTER, Mail, MailState, check_address, check_subject

TOPIC = "mail"


def queue_mail(
    tx: Tx,
    *,
    dedupe_key: str,
    to: str,
    subject: str,
    text: str,
    html: str | None = None,
    now: datetime,
    expires_at: datetime | None = None,
    deliver: bool = True,
) -> bool:
    """Put a mail into the outbox, once per `dedupe_key`; False when it was already there.

    Args:
        tx: the step that the mail belongs to: no commit, no mail.
        dedupe_key: what makes a second mail the same mail, e.g. "code:<turn id>".
        to: exactly one plain address.
        subject: one line.
        text: the plain part.
        html: the HTML part, when there is one.
        now: the present instant.
        expires_at: when it is no longer worth sending; 24 hours by default.
        deliver: False stores an empty mail that is never sent: same work, no mail.

    Raises:
        Invalid: the address or the subject could smuggle in further headers.
    """
    mail = Mail(
        id=new_id(),
        to=check_address(to),
        subject=check_subject(subject),
        text=text if deliver else "",
        html=html if deliver else None,
        created_at=now,
        expires_at=min(expires_at or now + GIVE_UP_AFTER, now + GIVE_UP_AFTER),
    )
    state = MailState.PENDING if deliver else MailState.VOID
    fresh = repository.insert(tx, mail, dedupe_key=dedupe_key, state=state)
    tx.announce(TOPIC, {})
    return fresh
