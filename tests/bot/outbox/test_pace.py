"""How long a message waits for its turn."""

import pytest

from bot.outbox.pace import Meter, Pacer, Rate


def test_a_burst_goes_at_once_and_then_one_by_one() -> None:
    meter = Meter(Rate(per_second=2, burst=3))
    assert [meter.take(100.0) for _ in range(5)] == pytest.approx([0, 0, 0, 0.5, 1.0])


def test_a_meter_fills_up_again() -> None:
    meter = Meter(Rate(per_second=1, burst=2))
    for _ in range(3):
        meter.take(0.0)
    assert not meter.is_full(2.5)
    assert meter.is_full(3.0)
    assert meter.take(10.0) == 0


async def test_recipients_that_are_quiet_are_forgotten() -> None:
    now = 0.0
    rate = Rate(per_second=1_000, burst=1_000)
    pacer = Pacer(each=rate, overall=Rate(per_second=1e9, burst=10**9), now=lambda: now)
    for n in range(Pacer.FORGET_ABOVE + 1):
        await pacer.wait(str(n))
    now = 60.0
    await pacer.wait("one more")
    assert len(pacer._meters) == 1
