"""A gateway that stops says goodbye to open connections instead of waiting for them."""

import asyncio
from pathlib import Path

from bot.staff.account import Role
from tests.parts import bearer, gateway, token_for


async def test_an_open_console_does_not_hold_up_the_end(tmp_path: Path) -> None:
    async with gateway(tmp_path) as (services, client):
        token = await token_for(services, Role.AGENT, level="N2")
        async with client.get("/api/v1/events", headers=bearer(token)) as stream:
            assert stream.status == 200
            services.end_streams()
            async with asyncio.timeout(5):
                assert b": connected" in await stream.read()
