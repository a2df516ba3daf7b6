"""Mails leave once, wait for a server that is away, and are given up in the end."""

import asyncio
import socket
import stat
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from aiosmtpd.controller import Controller

from bot.kit.bus import LocalBus
from bot.kit.clock import FixedClock
from bot.kit.db import Database
from bot.kit.errors import SetupError
from bot.mail import repository
from bot.mail.mailer import (
    FolderMailer,
    MailFailed,
    MailRefused,
    SmtpMailer,
    open_mailer,
)
from bot.mail.message import Mail
from bot.mail.service import queue_mail
from bot.mail.tables import MailRow
from bot.mail.worker import MailWorker

SENDER = "Loja Aurora <support@aurora.example>"


class Recorder:
    """A mailer that notes what it is given, and fails on demand."""

    def __init__(self) -> None:
        self.sent: list[Mail] = []
        self.fails_with: Exception | None = None

    async def send(self, mail: Mail) -> None:
        if self.fails_with is not None:
            raise self.fails_with
        self.sent.append(mail)


def worker(db: Database, clock: FixedClock, bus: LocalBus, mailer: Any) -> MailWorker:
    return MailWorker(db, clock, bus, mailer, poll_seconds=0.05, jitter=lambda: 0.0)


async def queue(db: Database, clock: FixedClock, key: str = "k1", **more: Any) -> bool:
    return await db.write(
        lambda tx: queue_mail(
            tx,
            dedupe_key=key,
            to="ana@example.com",
            subject="Código",
            text="1234 5678",
            now=clock.now(),
            **more,
        )
    )


async def stored(db: Database) -> list[Any]:
    return await db.read(
        lambda conn: list(conn.execute(sa.select(MailRow.__table__).order_by(MailRow.id)))
    )


async def test_the_same_mail_is_queued_once(db: Database, clock: FixedClock) -> None:
    assert await queue(db, clock)
    assert not await queue(db, clock)
    assert await queue(db, clock, "k2")
    assert await db.read(repository.count_waiting) == 2


async def test_what_is_sent_is_no_longer_readable_in_the_store(
    db: Database, clock: FixedClock, bus: LocalBus
) -> None:
    await queue(db, clock)
    mailer = Recorder()
    assert await worker(db, clock, bus, mailer).send_due() == 1
    assert [mail.text.strip() for mail in mailer.sent] == ["1234 5678"]
    (row,) = await stored(db)
    assert (row.state, row.text, row.html) == ("sent", "", None)
    assert await worker(db, clock, bus, mailer).send_due() == 0


async def test_a_server_that_is_away_is_waited_for(
    db: Database, clock: FixedClock, bus: LocalBus
) -> None:
    await queue(db, clock)
    mailer = Recorder()
    mailer.fails_with = MailFailed("smtp: away")
    sender = worker(db, clock, bus, mailer)
    await sender.send_due()
    assert await sender.send_due() == 0, "not before its time"
    clock.advance(timedelta(seconds=15))
    await sender.send_due()
    (row,) = await stored(db)
    assert (row.state, row.attempts, row.error) == ("pending", 2, "smtp: away")
    mailer.fails_with = None
    clock.advance(timedelta(seconds=30))
    await sender.send_due()
    assert len(mailer.sent) == 1


async def test_after_a_day_it_is_given_up(db: Database, clock: FixedClock, bus: LocalBus) -> None:
    await queue(db, clock)
    mailer = Recorder()
    mailer.fails_with = MailFailed("smtp: away")
    sender = worker(db, clock, bus, mailer)
    tries = 0
    while tries < 100 and await db.read(repository.count_waiting) > 0:
        tries += await sender.send_due()
        clock.advance(timedelta(minutes=10))
    (row,) = await stored(db)
    assert row.state == "failed"
    assert 10 < tries < 40
    assert row.text == ""


async def test_a_code_that_is_over_is_not_sent(
    db: Database, clock: FixedClock, bus: LocalBus
) -> None:
    await queue(db, clock, expires_at=clock.now() + timedelta(minutes=10))
    clock.advance(timedelta(minutes=11))
    mailer = Recorder()
    await worker(db, clock, bus, mailer).send_due()
    assert mailer.sent == []
    assert (await stored(db))[0].error == "expired"


async def test_refused_for_good_and_broken_ones_do_not_stop_the_others(
    db: Database, clock: FixedClock, bus: LocalBus
) -> None:
    mailer = Recorder()
    sender = worker(db, clock, bus, mailer)
    for error in (MailRefused("smtp: refused with 550"), RuntimeError("boom")):
        await queue(db, clock, str(error))
        mailer.fails_with = error
        await sender.send_due()
    mailer.fails_with = None
    await queue(db, clock, "good")
    await sender.send_due()
    assert [row.state for row in await stored(db)] == ["failed", "failed", "sent"]


async def test_a_void_mail_is_never_sent(db: Database, clock: FixedClock, bus: LocalBus) -> None:
    await queue(db, clock, deliver=False)
    mailer = Recorder()
    await worker(db, clock, bus, mailer).send_due()
    assert mailer.sent == []
    (row,) = await stored(db)
    assert (row.state, row.text) == ("void", "")


async def test_two_workers_send_one_mail_once(
    db: Database, clock: FixedClock, bus: LocalBus
) -> None:
    for n in range(30):
        await queue(db, clock, f"k{n}")
    mailer = Recorder()
    first, second = (worker(db, clock, bus, mailer) for _ in range(2))
    while await db.read(repository.count_waiting):
        await asyncio.gather(first.send_due(), second.send_due())
    assert len({mail.id for mail in mailer.sent}) == 30
    assert len(mailer.sent) == 30


async def test_a_dead_workers_claim_ends(db: Database, clock: FixedClock, bus: LocalBus) -> None:
    await queue(db, clock)
    now = clock.now()
    await db.write(
        lambda tx: repository.claim_due(
            tx, holder="dead", now=now, until=now + timedelta(minutes=2), limit=5
        )
    )
    mailer = Recorder()
    sender = worker(db, clock, bus, mailer)
    assert await sender.send_due() == 0
    clock.advance(timedelta(minutes=3))
    assert await sender.send_due() == 1


async def test_it_runs_by_itself(db: Database, clock: FixedClock, bus: LocalBus) -> None:
    mailer = Recorder()
    task = asyncio.create_task(worker(db, clock, bus, mailer).run())
    await queue(db, clock)
    async with asyncio.timeout(30):
        while not mailer.sent:  # noqa: ASYNC110 - waits for the worker's own loop
            await asyncio.sleep(0.01)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


# --------------------------------------------------------------------------------- mailers


def a_mail(clock: FixedClock, text: str = "Olá, código 1234 5678") -> Mail:
    return Mail(
        id="01940000-0000-7000-8000-000000000000",
        to="ana@example.com",
        subject="Seu código",
        text=text,
        html="<p>Olá</p>",
        created_at=clock.now(),
        expires_at=clock.now() + timedelta(hours=1),
    )


async def test_the_folder_gets_one_readable_file(tmp_path: Path, clock: FixedClock) -> None:
    mailer = open_mailer(smtp_url=None, data_dir=tmp_path, sender=SENDER)
    await mailer.send(a_mail(clock))
    await mailer.send(a_mail(clock))  # again after a crash: the same file
    (path,) = (tmp_path / "mail").iterdir()
    assert path.name == "20261118T150000Z-01940000-0000-7000-8000-000000000000.eml"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    message = message_from_bytes(path.read_bytes(), policy=policy.default)
    assert message["To"] == "ana@example.com"
    body = message.get_body(("plain",))
    assert body is not None
    assert "1234 5678" in body.get_content()


async def test_a_folder_that_cannot_be_written_is_tried_again(
    tmp_path: Path, clock: FixedClock
) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(MailFailed):
        await FolderMailer(tmp_path / "file" / "mail", SENDER).send(a_mail(clock))


class Inbox:
    """What a local SMTP server was given; answers as told."""

    def __init__(self, answer: str = "250 OK") -> None:
        self.answer = answer
        self.messages: list[bytes] = []

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's name
        self, server: Any, session: Any, envelope: Any, address: str, options: Any
    ) -> str:
        if not self.answer.startswith("250"):
            return self.answer
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(  # noqa: N802
        self, server: Any, session: Any, envelope: Any
    ) -> str:
        self.messages.append(envelope.content)
        return "250 OK"


@asynccontextmanager
async def smtp_server(inbox: Inbox) -> AsyncIterator[str]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    controller = Controller(inbox, hostname="127.0.0.1", port=port)
    controller.start()
    try:
        yield f"smtp://127.0.0.1:{port}"
    finally:
        controller.stop()


async def test_smtp_delivers(clock: FixedClock) -> None:
    inbox = Inbox()
    async with smtp_server(inbox) as url:
        await SmtpMailer.from_url(url, sender=SENDER).send(a_mail(clock))
    message = message_from_bytes(inbox.messages[0], policy=policy.default)
    assert message["Subject"] == "Seu código"
    assert message["From"] == SENDER


@pytest.mark.parametrize(
    ("answer", "error"),
    [("550 no such mailbox", MailRefused), ("451 try later", MailFailed)],
)
async def test_smtp_refusals(clock: FixedClock, answer: str, error: type[Exception]) -> None:
    async with smtp_server(Inbox(answer)) as url:
        with pytest.raises(error):
            await SmtpMailer.from_url(url, sender=SENDER).send(a_mail(clock))


async def test_no_smtp_server_is_tried_again(clock: FixedClock) -> None:
    with pytest.raises(MailFailed):
        await SmtpMailer.from_url("smtp://127.0.0.1:9", sender=SENDER).send(a_mail(clock))


def test_smtp_urls() -> None:
    mailer = SmtpMailer.from_url("smtp+starttls://u%40x:p%3Aw@mail.example", sender=SENDER)
    assert (mailer.host, mailer.port, mailer.username, mailer.password) == (
        "mail.example", 587, "u@x", "p:w",
    )  # fmt: skip
    assert (mailer.starttls, mailer.tls) == (True, False)
    assert "p:w" not in repr(mailer)
    assert SmtpMailer.from_url("smtps://mail.example", sender=SENDER).port == 465
    with pytest.raises(SetupError):
        SmtpMailer.from_url("http://mail.example", sender=SENDER)
