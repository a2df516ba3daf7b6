"""Turns of one conversation in order; others are not held up."""

import asyncio
from typing import List

import pytest
from rasa.core.lock_store import LockError

from hosting.locks import FifoLockStore


async def test_in_order_and_alone() -> None:
    store = FifoLockStore()
    order: List[int] = []
    inside = 0

    async def turn(number: int) -> None:
        nonlocal inside
        async with store.lock("one"):
            inside += 1
            assert inside == 1
            await asyncio.sleep(0)
            order.append(number)
            inside -= 1

    await asyncio.gather(*(turn(number) for number in range(20)))
    assert order == list(range(20))
    assert store.busy() == []


async def test_other_conversations_go_on() -> None:
    store = FifoLockStore()
    async with store.lock("one"), store.lock("two"):
        assert sorted(store.busy()) == ["one", "two"]


async def test_gives_up_after_the_lifetime_and_leaves_nothing() -> None:
    store = FifoLockStore()
    async with store.lock("one"):
        with pytest.raises(LockError):
            async with store.lock("one", lock_lifetime=0.01):
                raise AssertionError("must not be reached")
    assert store.busy() == []
    async with store.lock("one", lock_lifetime=0.5):
        pass


async def test_an_error_inside_frees_the_conversation() -> None:
    store = FifoLockStore()
    with pytest.raises(ZeroDivisionError):
        async with store.lock("one"):
            raise ZeroDivisionError
    assert store.busy() == []
