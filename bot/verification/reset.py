"""Setting a new password behind a one-time link: the only place where a customer types one."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from zoneinfo import ZoneInfo

import structlog
from babel.dates import format_date, format_time, get_timezone_name

from bot.conversations import repository as conversations
from bot.conversations.conversation import Author, Draft
from bot.kit.clock import Clock
from bot.kit.db import Database, Tx
from bot.kit.locales import Texts
from bot.mail.service import queue_mail
from bot.shop.account import Account, AccountDirectory, PasswordFlaw, check_password
from bot.staff.audit import record
from bot.verification.service import Verification

log = structlog.get_logger(__name__)


class LinkState(StrEnum):
    """What a token is good for."""

    WORKS = "works"
    GONE = "gone"
    """Ours, but used or over."""
    UNKNOWN = "unknown"
    """Never ours."""


@dataclass(frozen=True, slots=True)
class OpenLink:
    """What the page shows for a token."""

    state: LinkState
    account: Account | None = None


@dataclass(frozen=True, slots=True)
class PasswordReset:
    """Carries out a password reset."""

    db: Database
    clock: Clock
    verification: Verification
    accounts: AccountDirectory
    texts: Texts
    timezone: str

    async def look(self, token: str) -> OpenLink:
        """Tell what a token is good for; changes nothing (mail scanners open links too)."""
        if not self.verification.is_genuine(token):
            return OpenLink(LinkState.UNKNOWN)
        now = self.clock.now()
        account_id = await self.db.read(lambda conn: self.verification.open_link(conn, token, now))
        account = await self.accounts.get(account_id) if account_id else None
        if account is None:
            return OpenLink(LinkState.GONE)
        return OpenLink(LinkState.WORKS, account)

    async def change(self, token: str, password: str) -> bool:
        """Set the password, tell the conversation and the account's owner; False: the link is over.

        The link is reserved while the account system works, and used up when it has.

        Raises:
            PasswordFlaw: the password breaks a rule; the link still works.
        """
        link = await self.look(token)
        if link.account is None:
            return False
        account = link.account
        check_password(password, email=account.email)
        now = self.clock.now()
        if not await self.db.write(lambda tx: self.verification.reserve_link(tx, token, now)):
            return False
        try:
            await self.accounts.set_password(account.id, password)
        except Exception:
            await self.db.write(lambda tx: self.verification.release_link(tx, token))
            raise
        await self.db.write(lambda tx: self._finish(tx, token, account, self.clock.now()))
        return True

    def _finish(self, tx: Tx, token: str, account: Account, now: datetime) -> None:
        used = self.verification.use_link(tx, token, now)
        if used is None:
            return
        _, conversation_id = used
        conversation = conversations.find_conversation(tx.conn, conversation_id)
        locale = conversation.locale if conversation else "pt-BR"
        letter = self.verification.letters.password_changed(locale, when=self._when(now, locale))
        queue_mail(
            tx,
            dedupe_key=f"password-changed:{token.partition('.')[0]}",
            to=account.email,
            subject=letter.subject,
            text=letter.text,
            html=letter.html,
            now=now,
        )
        detail = {"conversation_id": conversation_id}
        record(tx, None, "account.password_reset", "account", account.id, detail, now)
        if conversation is not None:
            text = self.texts.bot("utter_password_changed", locale, channel=conversation.channel)
            conversations.append(tx, conversation.id, [Draft(Author.SYSTEM, text)], now=now)

    def _when(self, instant: datetime, locale: str) -> str:
        local = instant.astimezone(ZoneInfo(self.timezone))
        babel = "en_GB" if locale == "en" else locale.replace("-", "_")
        zone = get_timezone_name(local, locale=babel)
        day = format_date(local, "long", locale=babel)
        return f"{day}, {format_time(local, 'HH:mm', locale=babel)} ({zone})"


FLAWS = {
    "short": "Use at least {minimum} characters.",
    "long": "Use at most {maximum} characters.",
    "email": "Don't use your e-mail address as the password.",
    "common": "This password is among the first that others try. Choose another one.",
}
"""What to change, by `PasswordFlaw.code`; keys of the catalogue."""

__all__ = ["FLAWS", "LinkState", "OpenLink", "PasswordFlaw", "PasswordReset"]
