"""Turns of one conversation one after the other, in the order they came.

Rasa's own locks are polled once a second, and let a second turn in when the first takes long.
"""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import Any, AsyncGenerator, Dict, List, Optional, Text

from rasa.core.lock import TicketLock
from rasa.core.lock_store import LOCK_LIFETIME, InMemoryLockStore, LockError
from rasa.utils.endpoints import EndpointConfig


class _Held:
    def __init__(self) -> None:
        self.lock = asyncio.Lock()
        self.users = 0


class FifoLockStore(InMemoryLockStore):
    """One fair lock for each conversation that is being served."""

    def __init__(self, endpoint_config: Optional[EndpointConfig] = None, **kwargs: Any) -> None:
        super().__init__()
        self._held: Dict[Text, _Held] = {}

    def busy(self) -> List[Text]:
        """Conversations with a turn in progress or waiting."""
        return list(self._held)

    @asynccontextmanager
    async def lock(
        self,
        conversation_id: Text,
        lock_lifetime: float = LOCK_LIFETIME,
        wait_time_in_seconds: float = 1,
    ) -> AsyncGenerator[TicketLock, None]:
        """Hold the conversation; ``LockError`` when the turns before take too long."""
        held = self._held.setdefault(conversation_id, _Held())
        held.users += 1
        try:
            try:
                await asyncio.wait_for(held.lock.acquire(), lock_lifetime)
            except asyncio.TimeoutError as error:
                raise LockError("the turns before this one take too long") from error
            try:
                yield TicketLock(conversation_id)
            finally:
                held.lock.release()
        finally:
            held.users -= 1
            if not held.users:
                del self._held[conversation_id]
