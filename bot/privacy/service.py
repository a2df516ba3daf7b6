"""Export and erase one contact, in every store there is.

The database is one transaction; then what lies beside it: mails written to a folder, Rasa's trackers.
Erasing again does no harm, so whatever could not be reached the first time is reached the second.
"""

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from bot.kit.clock import Clock
from bot.kit.db import Database, Tx
from bot.kit.errors import NotFound
from bot.kit.sqlite_files import erase_prefix, read_prefix, scrub
from bot.privacy import repository
from bot.privacy.repository import TRACKER_TABLES, Whole
from bot.staff.audit import record
from handoff.steps import DeskSteps


@dataclass(frozen=True, slots=True)
class Erased:
    """What an erasure reached."""

    contact_id: str
    conversation_ids: tuple[str, ...]
    messages: int
    tickets: int
    mails: int


class Privacy:
    """What is done for one contact across all stores."""

    def __init__(
        self, db: Database, clock: Clock, *, desk: DeskSteps, data_dir: Path, store: Path | None
    ) -> None:
        self._db = db
        self._clock = clock
        self._desk = desk
        self._data_dir = data_dir
        self._store = store
        """The embedded store's file; None on PostgreSQL."""

    # -------------------------------------------------------------------------- export

    async def export(self, given: str, *, actor: str | None) -> dict[str, Any]:
        """Return everything stored of a contact; that it was taken out is put on record.

        Args:
            given: a contact's id, a conversation's id or a ticket's number.
            actor: staff id, None for the command line.

        Raises:
            NotFound: nothing has this id.
        """
        now = self._clock.now()

        def step(tx: Tx) -> tuple[Whole, dict[str, list[dict[str, Any]]], list[str]]:
            whole = _find(tx.conn, given)
            rows = repository.read_all(tx.conn, whole)
            trackers: list[str] = []
            if repository.has_trackers(tx.conn):
                for conversation_id in whole.conversation_ids:
                    trackers += repository.read_trackers(tx.conn, conversation_id)
            record(tx, actor, "contact.exported", "contact", whole.contact_id, None, now)
            return whole, rows, trackers

        whole, rows, trackers = await self._db.write(step)
        contact = rows.pop("contact")[0]
        trackers += await asyncio.to_thread(self._read_trackers, whole.conversation_ids)
        events = [event for part in trackers for event in json.loads(part)]
        return {
            "made_at": _text(now),
            "contact": _plain(contact),
            **{name: [_plain(row) for row in found] for name, found in rows.items()},
            "dialogue_events": events,
        }

    def _read_trackers(self, conversation_ids: tuple[str, ...]) -> list[str]:
        return [
            body
            for path in self._tracker_files()
            for name in conversation_ids
            for body in read_prefix(
                path, table="events", column="conversation", prefix=f"{name}~", wanted="body"
            )
        ]

    # --------------------------------------------------------------------------- erase

    async def erase(self, given: str, *, actor: str | None) -> Erased:
        """Erase a contact from the database and from the mails in the folder.

        Counts and times stay; open tickets are ended. Rasa's trackers are `forget_trackers`.

        Raises:
            NotFound: nothing has this id.
        """
        now = self._clock.now()

        def step(tx: Tx) -> tuple[Whole, int]:
            whole = _find(tx.conn, given)
            messages = 0
            repository.erase_mails(tx, whole.mail_ids, now=now)
            for conversation_id in whole.conversation_ids:
                self._desk.resume_bot(tx, conversation_id, reason="erased", now=now)
                messages += repository.erase_conversation(tx, conversation_id, now=now)
            for ticket_id in whole.ticket_ids:
                self._desk.close_now(tx, ticket_id, now=now)
            repository.erase_contact(tx, whole.contact_id, now=now)
            if repository.has_trackers(tx.conn):
                for conversation_id in whole.conversation_ids:
                    repository.erase_trackers(tx, conversation_id)
            detail = {"messages": messages, "tickets": len(whole.ticket_ids)}
            record(tx, actor, "contact.erased", "contact", whole.contact_id, detail, now)
            return whole, messages

        whole, messages = await self._db.write(step)
        await asyncio.to_thread(self._remove_letters, whole.mail_ids)
        return Erased(
            contact_id=whole.contact_id,
            conversation_ids=whole.conversation_ids,
            messages=messages,
            tickets=len(whole.ticket_ids),
            mails=len(whole.mail_ids),
        )

    def _remove_letters(self, mail_ids: tuple[str, ...]) -> None:
        for mail_id in mail_ids:
            for path in (self._data_dir / "mail").glob(f"*-{mail_id}.*"):
                path.unlink(missing_ok=True)

    async def clean_files(
        self, conversation_ids: tuple[str, ...], *, progress: Callable[[str], None]
    ) -> None:
        """Delete trackers from the files of Rasa's hosts, and what was deleted from every file.

        Call it after the running hosts have forgotten the conversations, or while none runs.
        """
        for path in self._tracker_files():
            await asyncio.to_thread(self._clean_trackers, path, conversation_ids)
        if self._store is not None:
            progress("rewriting the store, so that nothing erased is left in the file")
            await asyncio.to_thread(scrub, self._store)

    @staticmethod
    def _clean_trackers(path: Path, conversation_ids: tuple[str, ...]) -> None:
        for name in conversation_ids:
            erase_prefix(path, tables=TRACKER_TABLES, column="conversation", prefix=f"{name}~")
        scrub(path)

    def _tracker_files(self) -> list[Path]:
        return sorted((self._data_dir / "rasa").glob("trackers-*.db"))


def _find(conn: sa.Connection, given: str) -> Whole:
    contact_id = repository.find_contact_id(conn, given)
    if contact_id is None:
        raise NotFound("There is no such contact, conversation or ticket.")
    return repository.collect(conn, contact_id)


def _plain(row: dict[str, Any]) -> dict[str, Any]:
    return {
        name: _text(value) if isinstance(value, datetime) else value for name, value in row.items()
    }


def _text(instant: datetime) -> str:
    return instant.astimezone(UTC).isoformat().replace("+00:00", "Z")
