"""Several gateways, one conversation: who runs its turns, and what happens when that gateway ends."""

import uuid
from datetime import UTC, datetime, timedelta
from pathlib import Path

from bot.conversations import repository
from tests.parts import bearer, gateway
from tests.stores import own_database


async def test_a_turn_left_by_a_gateway_that_ended_is_counted_and_taken_over(
    tmp_path: Path,
) -> None:
    start = datetime(2026, 11, 20, 12, tzinfo=UTC)
    async with (
        own_database() as url,
        gateway(tmp_path, environ={"FRONTLINE_DATABASE_URL": url}, work=False) as (
            services,
            client,
        ),
    ):
        await services.turns.close()  # it accepts messages, and others serve them
        response = await client.post("/api/widget/v1/sessions", json={})
        session = await response.json()
        conversation_id = session["conversation_id"]

        async def write(text: str) -> None:
            sent = await client.post(
                "/api/widget/v1/messages",
                json={"client_id": str(uuid.uuid4()), "text": text},
                headers=bearer(session["session_token"]),
            )
            assert sent.status == 202

        async def take(holder: str, minute: int) -> int | None:
            now = start + timedelta(minutes=minute)
            turn = await services.db.write(
                lambda tx: repository.take_turn(
                    tx, conversation_id, holder=holder, now=now, until=now + timedelta(minutes=1)
                )
            )
            return turn[1].turn_attempts if turn else None

        await write("hello")
        assert await take("first", 0) == 0
        assert await take("second", 0) is None
        assert await take("first", 0) == 0
        # Each gateway is killed in its turn: whoever comes next knows how often it was tried.
        assert await take("second", 2) == 1
        assert await take("third", 4) == 2
        await services.db.write(lambda tx: repository.end_pending_turns(tx, conversation_id))
        assert await take("third", 4) is None
        await write("again")
        assert await take("fourth", 4) == 0
