"""Canned replies: everybody keeps own ones, supervisors those of the desk."""

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import Connection

from bot.kit.clock import Clock
from bot.kit.db import Database, Tx
from bot.kit.errors import Conflict, Forbidden, Invalid, NotFound
from bot.staff.account import Staff
from bot.staff.audit import record
from handoff.replies import repository
from handoff.replies.reply import MAX_REPLIES, CannedReply, Wording, read_wording
from handoff.ticket import supervises


class CannedReplies:
    """One per process; keeps nothing."""

    def __init__(self, db: Database, clock: Clock) -> None:
        self._db = db
        self._clock = clock

    async def list(self, staff: Staff) -> list[CannedReply]:
        """Return the person's own replies and everybody's."""
        return await self._db.read(lambda conn: repository.list_replies(conn, staff.id))

    async def add(
        self, staff: Staff, *, shortcut: str, title: str, texts: Mapping[str, str], shared: bool
    ) -> CannedReply:
        """Keep a reply.

        Raises:
            Forbidden: only who supervises writes replies for everybody.
            Invalid: the wording can't be used (see `read_wording`), or there are too many.
            Conflict: (shortcut_taken) another reply has the shortcut.
        """
        wording = read_wording(shortcut, title, texts)
        owner = None if shared else staff.id
        now = self._clock.now()

        def step(tx: Tx) -> CannedReply:
            self._check_owner(owner, staff)
            if repository.count_replies(tx.conn, owner) >= MAX_REPLIES:
                raise Invalid(
                    f"There are {MAX_REPLIES} replies already. Delete one first.", code="too_many"
                )
            reply_id = repository.insert_reply(tx, wording, owner_id=owner, actor=staff.id, now=now)
            if reply_id is None:
                raise _taken(wording)
            return self._recorded(tx, staff, "reply.added", reply_id, now)

        return await self._db.write(step)

    async def change(
        self,
        reply_id: str,
        staff: Staff,
        *,
        version: int,
        shortcut: str,
        title: str,
        texts: Mapping[str, str],
    ) -> CannedReply:
        """Write a reply anew.

        Raises:
            NotFound: there is none, or it is somebody else's own.
            Forbidden, Invalid, Conflict: as `add`; (stale) somebody changed it in the meantime.
        """
        wording = read_wording(shortcut, title, texts)
        now = self._clock.now()

        def step(tx: Tx) -> CannedReply:
            reply = self._editable(tx.conn, reply_id, staff)
            if repository.shortcut_is_taken(
                tx.conn, reply.owner_id, wording.shortcut, but=reply.id
            ):
                raise _taken(wording)
            if reply.version != version or not repository.update_reply(
                tx, reply, wording, actor=staff.id, now=now
            ):
                raise Conflict("Somebody changed this reply in the meantime.", code="stale")
            return self._recorded(tx, staff, "reply.changed", reply_id, now)

        return await self._db.write(step)

    async def delete(self, reply_id: str, staff: Staff) -> None:
        """Remove a reply; raises as `change` does."""
        now = self._clock.now()

        def step(tx: Tx) -> None:
            self._editable(tx.conn, reply_id, staff)
            self._recorded(tx, staff, "reply.deleted", reply_id, now)
            repository.delete_reply(tx, reply_id)

        await self._db.write(step)

    def _editable(self, conn: Connection, reply_id: str, staff: Staff) -> CannedReply:
        reply = repository.find_reply(conn, reply_id)
        if reply is None or reply.owner_id not in {None, staff.id}:
            raise NotFound("There is no such reply.")
        self._check_owner(reply.owner_id, staff)
        return reply

    @staticmethod
    def _check_owner(owner_id: str | None, staff: Staff) -> None:
        if owner_id is None and not supervises(staff):
            raise Forbidden("Only supervisors write replies for everybody.")

    @staticmethod
    def _recorded(tx: Tx, staff: Staff, action: str, reply_id: str, now: datetime) -> CannedReply:
        reply = repository.find_reply(tx.conn, reply_id)
        assert reply is not None  # noqa: S101  this very step has read or written it
        detail = {"shortcut": reply.shortcut, "shared": reply.owner_id is None}
        record(tx, staff.id, action, "reply", reply_id, detail, now)
        return reply


def _taken(wording: Wording) -> Conflict:
    return Conflict(f"Another reply has the shortcut /{wording.shortcut}.", code="shortcut_taken")
