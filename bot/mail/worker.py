"""Sends what is in the mail outbox. Woken by hints, and looks by itself every second."""

import asyncio
import random
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta

import structlog

from bot.kit.bus import Bus
from bot.kit.clock import Clock
from bot.kit.db import Database
from bot.kit.errors import FrontlineError
from bot.kit.ids import new_id
from bot.mail import repository
from bot.mail.mailer import Mailer, MailFailed, MailRefused
from bot.mail.message import Mail, MailState, next_try
from bot.mail.service import TOPIC

log = structlog.get_logger(__name__)
BATCH = 20
CLAIM = timedelta(seconds=45)
"""Longer than one mail may take; after it another gateway may take the mail."""
SEND_LIMIT_SECONDS = 30.0


class MailWorker:
    """One per gateway; several gateways share the work by claiming."""

    def __init__(
        self,
        db: Database,
        clock: Clock,
        bus: Bus,
        mailer: Mailer,
        *,
        poll_seconds: float = 1.0,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self._db = db
        self._clock = clock
        self._bus = bus
        self._mailer = mailer
        self._poll_seconds = poll_seconds
        self._jitter = jitter
        self._holder = new_id()

    async def run(self) -> None:
        """Send until cancelled; a failing store or mail server is waited out."""
        async with self._bus.subscribe(TOPIC) as hints:
            await self._take_over()
            while True:
                try:
                    if await self.send_due():
                        continue
                except FrontlineError as error:
                    log.warning("mail.store_failed", code=error.code)
                try:
                    await asyncio.wait_for(hints.get(), self._poll_seconds)
                except TimeoutError:
                    continue

    async def _take_over(self) -> None:
        """Release what an earlier life held: on the embedded store there is nobody else."""
        if self._db.dialect == "sqlite":
            with suppress(FrontlineError):  # the claims run out by themselves
                await self._db.write(repository.release_all_claims)

    async def send_due(self) -> int:
        """Send every mail that is due now and return how many were tried."""
        now = self._clock.now()
        mails = await self._db.write(
            lambda tx: repository.claim_due(
                tx, holder=self._holder, now=now, until=now + CLAIM, limit=BATCH
            )
        )
        if mails:
            await asyncio.gather(*(self._send(mail) for mail in mails))
        return len(mails)

    async def _send(self, mail: Mail) -> None:
        if mail.expires_at <= self._clock.now():
            await self._end(mail, MailState.FAILED, "expired")
            return
        try:
            async with asyncio.timeout(SEND_LIMIT_SECONDS):
                await self._mailer.send(mail)
        except MailRefused as error:
            await self._end(mail, MailState.FAILED, str(error))
        except (MailFailed, TimeoutError) as error:
            await self._retry(mail, str(error) or "timeout")
        except Exception as error:  # one bad mail must not stop the others
            log.exception("mail.broken", mail_id=mail.id)
            await self._end(mail, MailState.FAILED, type(error).__name__)
        else:
            await self._end(mail, MailState.SENT, None)

    async def _retry(self, mail: Mail, why: str) -> None:
        due = next_try(
            mail.attempts + 1,
            now=self._clock.now(),
            expires_at=mail.expires_at,
            jitter=self._jitter(),
        )
        if due is None:
            await self._end(mail, MailState.FAILED, why)
            return
        log.warning("mail.postponed", mail_id=mail.id, attempts=mail.attempts + 1, reason=why)
        await self._db.write(lambda tx: repository.retry(tx, mail.id, due_at=due, error=why[:200]))

    async def _end(self, mail: Mail, state: MailState, error: str | None) -> None:
        now = self._clock.now()
        await self._db.write(
            lambda tx: repository.end(
                tx, mail.id, state=state, error=error[:200] if error else None, now=now
            )
        )
        if state is MailState.SENT:
            log.info("mail.sent", mail_id=mail.id)
        else:
            log.error("mail.given_up", mail_id=mail.id, reason=error)
