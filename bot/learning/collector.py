"""Looks through what customers wrote for messages worth a review, once each, in the order they came."""

import uuid
from collections.abc import Iterator
from datetime import datetime, timedelta

from bot.kit.clock import Clock
from bot.kit.db import Database, Tx
from bot.learning import repository
from bot.learning.item import Finding, Signal
from bot.learning.repository import Said
from bot.learning.service import finding_of

BATCH = 200
SETTLE = timedelta(seconds=3)
"""Younger messages wait: another gateway's clock may be a little behind."""
PATIENCE = timedelta(minutes=2)
"""A message whose turn is not over by then does not hold up the ones after it any longer."""


class Collector:
    """Fills the list that reviewers see."""

    def __init__(self, db: Database, clock: Clock) -> None:
        self._db = db
        self._clock = clock

    async def collect(self) -> int:
        """Look at the next messages and return how many there were; 0: nothing is left."""
        before = first_id_at(self._clock.now() - SETTLE)
        if not await self._db.read(lambda conn: repository.has_more(conn, before=before)):
            return 0
        return await self._db.write(self._step)

    def _step(self, tx: Tx) -> int:
        now = self._clock.now()
        cursor = repository.lock_cursor(tx)
        messages = repository.said_after(
            tx.conn, cursor, before=first_id_at(now - SETTLE), limit=BATCH
        )
        done = 0
        for said in messages:
            if said.turn_state == "pending" and now - said.at < PATIENCE:
                break
            for finding in self._findings(tx, said):
                repository.note(tx, finding, again=False)
            cursor = said.id
            done += 1
        if done:
            repository.move_cursor(tx, cursor)
        return done

    @staticmethod
    def _findings(tx: Tx, said: Said) -> Iterator[Finding]:
        if meant_not_helped(said):
            answered = repository.answered_before(tx.conn, said.conversation_id, said.seq)
            finding = finding_of(answered, {Signal.NOT_HELPED}) if answered else None
        else:
            finding = finding_of(said, set())
        if finding is not None:
            yield finding


def meant_not_helped(said: Said) -> bool:
    """Tell whether the customer says, by button or in words, that the answer was no help. Pure."""
    pressed = (said.payload or {}).get("intent")
    return "not_helped" in {pressed, (said.decision or {}).get("intent")}


def first_id_at(instant: datetime) -> str:
    """Return the smallest UUIDv7 of an instant: ids made before it are smaller. Pure."""
    milliseconds = int(instant.timestamp() * 1000)
    return str(uuid.UUID(int=(milliseconds & 0xFFFFFFFFFFFF) << 80 | 0x7 << 76))
