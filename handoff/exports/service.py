"""Transcripts as they leave the desk: read, taken out, mailed to the customer, shown to be unchanged.

Each of these is one row with the hash and one in the audit log, in the step that does it. Rows hold
no contents: they stay when the contact is erased.
"""

import asyncio
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from functools import partial

from sqlalchemy import Connection

from bot.conversations import repository as conversations
from bot.conversations.conversation import Author, Conversation, Draft, Message, Owner
from bot.kit.clock import Clock
from bot.kit.db import Database, Tx
from bot.kit.errors import Conflict, Invalid, NotFound, RateLimited
from bot.kit.ids import new_id
from bot.kit.locales import Texts
from bot.mail import repository as mails
from bot.mail.message import check_address
from bot.mail.service import queue_mail
from bot.staff.account import Staff
from bot.staff.audit import record
from bot.verification.code import PER_RECIPIENT_DAY, Kind, Outcome, Refused
from bot.verification.service import SIGNED_TOKEN, Verification
from handoff.exports import repository
from handoff.exports.asking import (
    LIFETIME,
    MAIL_MESSAGES,
    PER_DAY,
    PER_HOUR,
    address_in,
    asks,
)
from handoff.exports.masking import mask_address
from handoff.exports.proof import Difference, Form, How, Mark, Sealed, compare, open_export
from handoff.exports.repository import Export, Request
from handoff.service import Desk
from handoff.transcript import Edition, Transcript, as_html, as_json, as_text


class Act(StrEnum):
    """What is done with a transcript; the audit log has "transcript." in front."""

    READ = "read"
    EXPORTED = "exported"
    SENT = "sent"


@dataclass(frozen=True, slots=True)
class Made:
    """A finished transcript."""

    export_id: str
    conversation_id: str
    form: Form
    text: str
    sha256: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a file is worth."""

    export: Export
    differs: tuple[Difference, ...]
    erased: bool
    """What was said is no longer stored here; the hash still tells."""

    @property
    def unchanged(self) -> bool:
        """Whether the file is as it was made."""
        return not self.differs


@dataclass(frozen=True, slots=True)
class Address:
    """Where a conversation would be mailed to; None while the customer has proved nothing."""

    masked: str | None
    asked: bool
    """The customer was asked for an address and has not answered yet."""


class Transcripts:
    """Makes, mails and checks transcripts. One per process."""

    def __init__(
        self,
        db: Database,
        clock: Clock,
        *,
        desk: Desk,
        texts: Texts,
        verification: Verification,
        brand: str,
    ) -> None:
        self._db = db
        self._clock = clock
        self._desk = desk
        self._texts = texts
        self._verification = verification
        self._brand = brand

    # ------------------------------------------------------------------------ making

    async def make(
        self, given: str, staff: Staff | None, *, form: Form, act: Act, locale: str
    ) -> Made:
        """Return the whole conversation in a form, and put on record that somebody took it.

        Args:
            given: a conversation's id or a ticket's number (FL-1042).
            staff: who; None for the command line, which sees everything.
            form: in which form.
            act: whether it is looked at or taken out.
            locale: of the headings.

        Raises:
            NotFound: there is no such conversation, or none of its tickets is theirs.
        """
        now = self._clock.now()
        mark = _new_mark()
        transcript = await self._db.read(
            lambda conn: self._desk.transcript(conn, given, staff, mark=mark, now=now)
        )
        # A long one takes a while, and others write meanwhile.
        sealed = await asyncio.to_thread(self._render, transcript, form, locale)
        made = Made(mark.export_id, transcript.conversation.id, form, sealed.text, sealed.sha256)

        def step(tx: Tx) -> None:
            self._keep(tx, transcript, sealed, form, act, by=staff.id if staff else None, now=now)
            detail = {"export": mark.export_id, "format": form.value, "sha256": sealed.sha256}
            record(
                tx,
                staff.id if staff else None,
                f"transcript.{act.value}",
                "conversation",
                made.conversation_id,
                detail,
                now,
            )

        await self._db.write(step)
        return made

    def _render(self, transcript: Transcript, form: Form, locale: str) -> Sealed:
        hide, translate = self._desk.hide_links, self._texts[locale].text
        match form:
            case Form.JSON:
                return as_json(transcript, hide_links=hide)
            case Form.TXT:
                return as_text(transcript, hide_links=hide, translate=translate)
            case Form.HTML:
                return as_html(transcript, hide_links=hide, translate=translate, locale=locale)

    @staticmethod
    def _keep(
        tx: Tx,
        transcript: Transcript,
        sealed: Sealed,
        form: Form,
        act: Act,
        *,
        by: str | None,
        now: datetime,
        sent_to: str | None = None,
    ) -> None:
        repository.insert_export(
            tx,
            transcript.mark.export_id,
            sealed,
            conversation_id=transcript.conversation.id,
            act=act.value,
            form=form,
            edition=transcript.edition.value,
            messages=len(transcript.messages),
            made_by=by,
            sent_to=sent_to,
            now=now,
        )

    # ---------------------------------------------------------------------- checking

    async def verify(self, text: str, staff: Staff | None, *, given: str | None = None) -> Verdict:
        """Tell whether a file is as it was exported, or which parts are not.

        Args:
            text: the file.
            staff: who asks; None for the command line.
            given: the conversation or ticket it must be of, where that was said.

        Raises:
            Invalid: it is no transcript, or one of another conversation.
            NotFound: no transcript with its number was made here, or it is not theirs to see.
        """
        opened = await asyncio.to_thread(open_export, text)

        def query(conn: Connection) -> tuple[Export, bool]:
            export = repository.find_export(conn, opened.mark.export_id)
            if export is None:
                raise NotFound("No transcript with this number was made here.")
            conversation = self._desk.visible_conversation(conn, export.conversation_id, staff)
            if given is not None:
                wanted = self._desk.visible_conversation(conn, given, staff)
                if wanted.id != conversation.id:
                    raise Invalid(
                        "This is the transcript of another conversation.",
                        code="other_conversation",
                    )
            contact = conversations.find_contact(conn, conversation.contact_id)
            return export, bool(contact and contact["erased_at"])

        export, erased = await self._db.read(query)
        differs: list[Difference] = []
        if opened.form is not export.form:
            differs = [Difference("head", How.CHANGED)]
        elif opened.sha256 != export.sha256:
            differs = compare(export.parts, opened.parts)
            # What lies between the parts is hashed with the whole only.
            differs = differs or [Difference("head", How.CHANGED)]
        elif not opened.seal_fits:
            differs = [Difference("seal", How.CHANGED)]
        return Verdict(export, tuple(differs), erased)

    # ----------------------------------------------------------------------- mailing

    async def address(self, conversation_id: str, staff: Staff) -> Address:
        """Tell where the conversation would be mailed to.

        Raises:
            NotFound: there is no such conversation, or none of its tickets is theirs.
        """
        now = self._clock.now()

        def query(conn: Connection) -> Address:
            conversation = self._desk.visible_conversation(conn, conversation_id, staff)
            email = self._proved(conn, conversation)
            asked = repository.find_request(conn, conversation.id, now=now) is not None
            return Address(mask_address(email) if email else None, asked)

        return await self._db.read(query)

    async def send(self, conversation_id: str, staff: Staff) -> Address:
        """Mail the conversation to the customer, or ask them for an address to prove.

        Raises:
            NotFound: there is no such conversation, or none of its tickets is theirs.
            RateLimited: it was mailed too often.
            Conflict: it is too long for a mail, or was erased.
        """
        now = self._clock.now()

        def step(tx: Tx) -> Address:
            seen = self._desk.visible_conversation(tx.conn, conversation_id, staff)
            conversation = conversations.find_conversation(tx.conn, seen.id, lock=True)
            if conversation is None or self._is_erased(tx.conn, conversation):
                raise Conflict("This customer's data was erased.", code="erased")
            email = self._proved(tx.conn, conversation)
            if email is None:
                repository.put_request(tx, Request(conversation.id, None, staff.id, now + LIFETIME))
                self._say(tx, conversation, "utter_transcript_which_address", now)
                return Address(None, asked=True)
            self._mail(tx, conversation, email, by=staff, now=now)
            masked = mask_address(email)
            self._say(tx, conversation, "utter_transcript_sent", now, email=masked)
            return Address(masked, asked=False)

        return await self._db.write(step)

    def customer_said(
        self, tx: Tx, conversation: Conversation, message: Message, now: datetime
    ) -> bool:
        """Take what a customer says about a transcript: the wish, an address, the code; else False.

        Who took it has answered; neither the bot nor the agent has to.
        """
        if asks(message):
            self._wanted(tx, conversation, message, now)
            return True
        request = repository.find_request(tx.conn, conversation.id, now=now)
        if request is None:
            return False
        digest = (message.payload or {}).get("code_digest")
        if digest is not None and request.email is not None:
            last = self._verification.latest(tx.conn, conversation.id, now=now)
            if last is None or last.kind is not Kind.ADDRESS:
                return False
            self._code(tx, conversation, message, request, str(digest), now)
            return True
        email = address_in(message.text)
        if email is None:
            return False
        self._address_given(tx, conversation, message, request, email, now)
        return True

    def _wanted(self, tx: Tx, conversation: Conversation, message: Message, now: datetime) -> None:
        say = partial(self._say, tx, conversation, now=now, to=message)
        email = self._proved(tx.conn, conversation)
        if email is None:
            repository.put_request(tx, Request(conversation.id, None, None, now + LIFETIME))
            say("utter_transcript_which_address")
            return
        self._mail_or_say_why_not(tx, conversation, email, say, now)

    def _address_given(
        self,
        tx: Tx,
        conversation: Conversation,
        message: Message,
        request: Request,
        email: str,
        now: datetime,
    ) -> None:
        say = partial(self._say, tx, conversation, now=now, to=message)
        try:
            check_address(email)
        except Invalid:
            say("utter_transcript_which_address")
            return
        started = self._verification.start(
            tx,
            conversation_id=conversation.id,
            turn_id=message.id,
            kind=Kind.ADDRESS,
            subject=email,
            email=email,
            locale=conversation.locale,
            now=now,
        )
        if isinstance(started, Refused):
            say("utter_transcript_too_many")
            return
        repository.put_request(
            tx, Request(conversation.id, email, request.asked_by, now + LIFETIME)
        )
        say("utter_transcript_code_sent", email=mask_address(email), minutes=started.minutes)

    def _code(
        self,
        tx: Tx,
        conversation: Conversation,
        message: Message,
        request: Request,
        digest: str,
        now: datetime,
    ) -> None:
        say = partial(self._say, tx, conversation, now=now, to=message)
        checked = self._verification.check(tx, conversation.id, digest, now, message_id=message.id)
        if checked.outcome is Outcome.OK and checked.subject == request.email and request.email:
            repository.delete_request(tx, conversation.id)
            self._mail_or_say_why_not(tx, conversation, request.email, say, now)
        elif checked.outcome is Outcome.FAILED and checked.tries_left > 0:
            say("utter_transcript_code_wrong", tries=checked.tries_left)
        else:
            repository.delete_request(tx, conversation.id)
            say("utter_transcript_code_over")

    def _mail_or_say_why_not(
        self,
        tx: Tx,
        conversation: Conversation,
        email: str,
        say: Callable[..., None],
        now: datetime,
    ) -> None:
        try:
            self._mail(tx, conversation, email, by=None, now=now)
        except RateLimited:
            say("utter_transcript_too_many")
        except Conflict:
            say("utter_transcript_too_long")
        else:
            say("utter_transcript_sent", email=mask_address(email))

    def _mail(
        self, tx: Tx, conversation: Conversation, email: str, *, by: Staff | None, now: datetime
    ) -> None:
        """Queue the mail: a page, and the same as text; both can be checked later."""
        for window, limit in ((timedelta(hours=1), PER_HOUR), (timedelta(days=1), PER_DAY)):
            if repository.count_sent(tx.conn, conversation.id, since=now - window) >= limit:
                raise RateLimited(
                    "This conversation was mailed several times already. Try again later.",
                    retry_after_seconds=int(window.total_seconds()),
                )
        day_ago = now - timedelta(days=1)
        if mails.count_sent_to(tx.conn, email, since=day_ago) >= PER_RECIPIENT_DAY:
            raise RateLimited(
                "This address has got many mails today. Try again tomorrow.",
                retry_after_seconds=24 * 3600,
            )
        if conversation.last_seq > MAIL_MESSAGES:
            raise Conflict(
                "This conversation is too long for a mail. Export it instead.", code="too_long"
            )
        marks: dict[Form, Mark] = {}
        texts: dict[Form, Sealed] = {}
        for form in (Form.HTML, Form.TXT):
            marks[form] = _new_mark()
            transcript = self._desk.transcript_of(
                tx.conn, conversation, mark=marks[form], edition=Edition.CUSTOMER, now=now
            )
            texts[form] = self._render(transcript, form, conversation.locale)
            self._keep(
                tx,
                transcript,
                texts[form],
                form,
                Act.SENT,
                by=by.id if by else None,
                now=now,
                sent_to=mask_address(email),
            )
        queue_mail(
            tx,
            dedupe_key=repository.mail_key(marks[Form.HTML].export_id),
            to=email,
            subject=self._texts.bot(
                "mail_transcript_subject", conversation.locale, {"brand": self._brand}
            ),
            text=texts[Form.TXT].text,
            html=texts[Form.HTML].text,
            now=now,
        )
        detail = {
            "to": mask_address(email),
            "exports": [mark.export_id for mark in marks.values()],
            "sha256": [sealed.sha256 for sealed in texts.values()],
            "asked_by": "staff" if by else "customer",
        }
        record(
            tx,
            by.id if by else None,
            "transcript.sent",
            "conversation",
            conversation.id,
            detail,
            now,
        )

    def _proved(self, conn: Connection, conversation: Conversation) -> str | None:
        """Return the address that is the customer's beyond doubt, or None.

        The shop's own site vouches for it, or a code that went there was typed in this conversation.
        """
        contact = conversations.find_contact(conn, conversation.contact_id) or {}
        account = contact.get("verified_as")
        if contact.get("verified_how") == SIGNED_TOKEN and account and "@" in account:
            return str(account)
        return self._verification.proved_address(conn, conversation.id)

    @staticmethod
    def _is_erased(conn: Connection, conversation: Conversation) -> bool:
        contact = conversations.find_contact(conn, conversation.contact_id)
        return contact is None or contact["erased_at"] is not None

    def _say(
        self,
        tx: Tx,
        conversation: Conversation,
        key: str,
        now: datetime,
        to: Message | None = None,
        **variables: object,
    ) -> None:
        """Answer in the customer's language: as the bot where it has the conversation."""
        by_bot = conversation.owner is Owner.BOT and to is not None
        draft = Draft(
            author=Author.BOT if by_bot else Author.SYSTEM,
            text=self._texts.bot(key, conversation.locale, variables, channel=conversation.channel),
            in_reply_to=to.id if to else None,
        )
        conversations.append(tx, conversation.id, [draft], now=now)


def _new_mark() -> Mark:
    return Mark(new_id(), secrets.token_hex(16))
