"""Codes by mail and one-time links, each as a step inside the caller's transaction.

For somebody who asks, a known and an unknown order or address look alike: same answer, same rows,
same limits, same work. Nobody on the team can see or make a code.
"""

import hmac
import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import sqlalchemy as sa

from bot.conversations import repository as conversations
from bot.kit.db import Tx
from bot.kit.ids import new_id
from bot.kit.keys import derive
from bot.kit.locales import Texts
from bot.mail import repository as mails
from bot.mail.letters import Letter, Letters
from bot.mail.service import queue_mail
from bot.verification import link as links
from bot.verification import repository
from bot.verification.code import (
    LIFETIME,
    MAX_TRIES,
    PER_RECIPIENT_DAY,
    PROOF_LIFETIME,
    RESEND_AFTER,
    Challenge,
    Checked,
    CodeState,
    Kind,
    Outcome,
    Refusal,
    Refused,
    Started,
    bind,
    digest_of,
    find_code,
    make_code,
    may_send,
)

MINUTES = int(LIFETIME.total_seconds() // 60)
SIGNED_TOKEN = "signed token"  # noqa: S105 - how somebody was verified, no secret
"""How the web channel notes that the shop's own site vouches for the customer."""
_NOBODY = "nobody@example.com"
"""Where mails for unknown subjects would go; they are stored void and never sent."""


@dataclass(frozen=True, slots=True)
class Verification:
    """Makes and checks codes and links. One per process; holds keys, no state."""

    letters: Letters
    texts: Texts
    key: bytes = field(repr=False)

    @classmethod
    def build(cls, *, secret_key: bytes, texts: Texts, brand: str) -> "Verification":
        """Return the service with its own key, derived from the installation's one secret."""
        return cls(
            letters=Letters(texts, brand), texts=texts, key=derive(secret_key, "verification")
        )

    # ------------------------------------------------------------------------------ codes

    def start(
        self,
        tx: Tx,
        *,
        conversation_id: str,
        turn_id: str,
        kind: Kind | str,
        subject: str,
        email: str | None,
        locale: str,
        now: datetime,
    ) -> Started | Refused:
        """Mail a code and wait for it; once per turn.

        Args:
            tx: the caller's step.
            conversation_id: only there the code is taken.
            turn_id: the same turn again changes nothing and sends nothing.
            kind: what the code proves.
            subject: order number or address as asked for.
            email: where the code goes; None when there is no such order or account, and then
                everything happens but the mail.
            locale: language of the mail.
            now: the present instant.
        """
        kind = Kind(kind)
        made = repository.find_by_turn(tx.conn, turn_id)
        if made is not None:
            return Started(MINUTES, made.expires_at)
        repository.lock_subject(tx, kind=kind, subject=subject)
        day_ago = now - timedelta(days=1)
        refused = may_send(
            repository.asked_times(tx.conn, kind=kind, subject=subject, since=day_ago),
            repository.asked_in_conversation(tx.conn, conversation_id, since=day_ago),
            now=now,
        )
        if refused is not None:
            return refused
        repository.end_open(tx, conversation_id, state=CodeState.SUPERSEDED)
        code, challenge_id = make_code(), new_id()
        # Without an address no code may ever fit: the digest is of nothing anybody can type.
        typed = digest_of(self.key, code) if email else secrets.token_hex(32)
        challenge = Challenge(
            id=challenge_id,
            conversation_id=conversation_id,
            kind=kind,
            subject=subject,
            email=email,
            digest=bind(self.key, challenge_id, typed),
            tries=0,
            state=CodeState.OPEN,
            created_at=now,
            expires_at=now + LIFETIME,
            passed_at=None,
            used_by_turn=None,
        )
        repository.insert_code(tx, challenge, turn_id=turn_id)
        self._mail_code(tx, challenge, code, locale=locale, now=now)
        conversations.set_awaiting_code(tx, conversation_id, challenge.expires_at)
        return Started(MINUTES, challenge.expires_at)

    def _mail_code(
        self, tx: Tx, challenge: Challenge, code: str, *, locale: str, now: datetime
    ) -> None:
        to = challenge.email or _NOBODY
        sent = mails.count_sent_to(tx.conn, to, since=now - timedelta(days=1))
        letter = self._letter(challenge, code, locale)
        queue_mail(
            tx,
            dedupe_key=f"code:{challenge.id}",
            to=to,
            subject=letter.subject,
            text=letter.text,
            html=letter.html,
            now=now,
            expires_at=challenge.expires_at,
            deliver=challenge.email is not None and sent < PER_RECIPIENT_DAY,
        )

    def _letter(self, challenge: Challenge, code: str, locale: str) -> Letter:
        match challenge.kind:
            case Kind.ORDER:
                return self.letters.order_code(
                    locale, code=code, number=challenge.subject, minutes=MINUTES
                )
            case Kind.RESET:
                return self.letters.reset_code(locale, code=code, minutes=MINUTES)
            case Kind.ADDRESS:
                return self.letters.address_code(locale, code=code, minutes=MINUTES)

    def resend(
        self,
        tx: Tx,
        *,
        conversation_id: str,
        turn_id: str,
        email: str | None,
        locale: str,
        now: datetime,
    ) -> Started | Refused | None:
        """Mail a new code for what the last one was about; None when there was none lately.

        `email` is looked up anew by the caller (`latest` tells for what). The old code ends.
        """
        made = repository.find_by_turn(tx.conn, turn_id)
        if made is not None:
            return Started(MINUTES, made.expires_at)
        last = self.latest(tx.conn, conversation_id, now=now)
        if last is None or last.state in {CodeState.PASSED, CodeState.CANCELLED}:
            return None
        if now < last.created_at + RESEND_AFTER:
            wait = last.created_at + RESEND_AFTER - now
            return Refused(Refusal.TOO_SOON, max(1, int(wait.total_seconds())))
        return self.start(
            tx,
            conversation_id=conversation_id,
            turn_id=turn_id,
            kind=last.kind,
            subject=last.subject,
            email=email,
            locale=locale,
            now=now,
        )

    def capture(self, text: str) -> tuple[str, dict[str, str]] | None:
        """Take a code out of what a customer typed: (masked text, keyed digest), or None."""
        found = find_code(text)
        if found is None:
            return None
        masked, code = found
        return masked, {"code_digest": digest_of(self.key, code)}

    def check(
        self, tx: Tx, conversation_id: str, code_digest: str, now: datetime, *, message_id: str
    ) -> Checked:
        """Check a captured code against the conversation's open challenge, once per message.

        A code that is over counts as failed with no tries left.
        """
        known = repository.find_try(tx.conn, message_id)
        if known is not None:
            return known
        challenge = repository.find_latest(tx.conn, conversation_id)
        checked = self._check(tx, challenge, code_digest, now)
        repository.insert_try(
            tx,
            message_id,
            conversation_id=conversation_id,
            code_id=challenge.id if challenge else None,
            checked=checked,
            now=now,
        )
        return checked

    def _check(
        self, tx: Tx, challenge: Challenge | None, code_digest: str, now: datetime
    ) -> Checked:
        if challenge is None or challenge.state not in {CodeState.OPEN, CodeState.EXPIRED}:
            return Checked(Outcome.NONE)
        kind, subject = challenge.kind, challenge.subject
        if challenge.state is CodeState.EXPIRED or challenge.expires_at <= now:
            repository.set_state(tx, challenge.id, state=CodeState.EXPIRED)
            return Checked(Outcome.FAILED, kind, subject, 0)
        used = repository.count_try(tx, challenge.id)
        if used is None:
            return Checked(Outcome.NONE)
        fits = hmac.compare_digest(challenge.digest, bind(self.key, challenge.id, code_digest))
        if fits and challenge.email is not None:
            self._pass(tx, challenge, now)
            return Checked(Outcome.OK, kind, subject, MAX_TRIES - used)
        if used >= MAX_TRIES:
            repository.set_state(tx, challenge.id, state=CodeState.LOCKED)
            conversations.set_awaiting_code(tx, challenge.conversation_id, None)
            return Checked(Outcome.LOCKED, kind, subject, 0)
        return Checked(Outcome.FAILED, kind, subject, MAX_TRIES - used)

    @staticmethod
    def _pass(tx: Tx, challenge: Challenge, now: datetime) -> None:
        repository.set_state(tx, challenge.id, state=CodeState.PASSED, passed_at=now)
        conversation = conversations.get_conversation(tx.conn, challenge.conversation_id)
        conversations.set_awaiting_code(tx, conversation.id, None)
        contact = conversations.find_contact(tx.conn, conversation.contact_id) or {}
        if challenge.email and contact.get("verified_how") != SIGNED_TOKEN:
            # Agents see it in the hand-off pack; it opens nothing by itself.
            conversations.set_contact_verified(
                tx, conversation.contact_id, account=challenge.email, how="code by e-mail"
            )

    def proof(
        self, tx: Tx, conversation_id: str, *, kind: Kind, turn_id: str, now: datetime
    ) -> Challenge | None:
        """Use the right code of this conversation for one turn, or return None.

        What the turn may then show is `subject` and `email` of the challenge, whatever the slots
        and entities of the dialogue say.
        """
        challenge = repository.find_latest(tx.conn, conversation_id)
        if challenge is None or challenge.kind is not kind or challenge.passed_at is None:
            return None
        if now > challenge.passed_at + PROOF_LIFETIME:
            return None
        return challenge if repository.use_proof(tx, challenge.id, turn_id=turn_id) else None

    def was_proved(
        self, conn: sa.Connection, conversation_id: str, *, kind: Kind, subject: str, now: datetime
    ) -> bool:
        """Tell whether the conversation's last code proved this subject a short while ago.

        Enough to repeat what the proof has shown already, never for anything new.
        """
        last = repository.find_latest(conn, conversation_id)
        return (
            last is not None
            and (last.kind, last.subject) == (kind, subject)
            and last.passed_at is not None
            and now <= last.passed_at + PROOF_LIFETIME
        )

    def proved_address(self, conn: sa.Connection, conversation_id: str) -> str | None:
        """Return the address of the last code that was typed right in this conversation, or None."""
        return repository.find_proved_address(conn, conversation_id)

    def latest(
        self, conn: sa.Connection, conversation_id: str, *, now: datetime
    ) -> Challenge | None:
        """Return the last challenge of the conversation if it is of the last hour, or None."""
        challenge = repository.find_latest(conn, conversation_id)
        if challenge is None or challenge.created_at < now - timedelta(hours=1):
            return None
        return challenge

    def cancel(self, tx: Tx, conversation_id: str) -> None:
        """Wait for no code any more."""
        repository.end_open(tx, conversation_id, state=CodeState.CANCELLED)
        conversations.set_awaiting_code(tx, conversation_id, None)

    # ------------------------------------------------------------------------------ links

    def make_link(
        self, tx: Tx, *, conversation_id: str, account_id: str, turn_id: str, now: datetime
    ) -> str:
        """Make a link to the page for a new password, once per turn; return its marker.

        Other links of the account end.
        """
        link_id = repository.insert_link(
            tx,
            new_id(),
            turn_id=turn_id,
            conversation_id=conversation_id,
            account_id=account_id,
            now=now,
            expires_at=now + links.LIFETIME,
        )
        repository.void_links(tx, account_id, besides=link_id, now=now)
        return links.marker(link_id)

    def render_links(self, text: str, *, public_url: str) -> str:
        """Return the text with working links: only for the customer's own channel, never stored.

        Only for messages of the bot: a marker that a customer typed means nothing.
        """
        return links.replace_markers(
            text, lambda link_id: f"{public_url}/reset/{links.token_of(self.key, link_id)}"
        )

    def hide_links(self, text: str, locale: str) -> str:
        """Return the text without links, for staff, transcripts and exports."""
        return links.replace_markers(
            text, lambda _: "[" + self.texts[locale].text("one-time link, hidden") + "]"
        )

    def open_link(self, conn: sa.Connection, token: str, now: datetime) -> str | None:
        """Return the account a token is for, or None when it is garbage, used or over."""
        link_id = links.read_token(self.key, token)
        row = repository.find_link(conn, link_id, now=now) if link_id else None
        return str(row.account_id) if row else None

    def is_genuine(self, token: str) -> bool:
        """Tell whether we made this token, whether or not it still works."""
        return links.read_token(self.key, token) is not None

    def reserve_link(self, tx: Tx, token: str, now: datetime) -> bool:
        """Keep other submissions off the link for a minute; False when it does not work now."""
        link_id = links.read_token(self.key, token)
        return link_id is not None and repository.reserve_link(
            tx, link_id, now=now, until=now + links.RESERVED_FOR
        )

    def release_link(self, tx: Tx, token: str) -> None:
        """Let the link be used after all: the password could not be set."""
        link_id = links.read_token(self.key, token)
        if link_id is not None:
            repository.release_link(tx, link_id)

    def use_link(self, tx: Tx, token: str, now: datetime) -> tuple[str, str] | None:
        """Use the link up: (account id, conversation id), or None when it was used already."""
        link_id = links.read_token(self.key, token)
        row = repository.use_link(tx, link_id, now=now) if link_id else None
        return (row.account_id, row.conversation_id) if row else None

    def erase(self, tx: Tx, conversation_id: str) -> None:
        """Remove everything a conversation left here (privacy)."""
        repository.erase(tx, conversation_id)
