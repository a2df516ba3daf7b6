"""What follows each outcome of a delivery."""

from datetime import timedelta

import pytest

from bot.outbox.channel import RetryLater, Sent, Undeliverable, UnknownOutcome
from bot.outbox.delivery import Delivered, GiveUp, Next, TryAgain, plan_next

YOUNG = timedelta(seconds=3)


def plan(outcome: Sent | Exception, *, attempts: int = 0, age: timedelta = YOUNG) -> Next:
    return plan_next(outcome, attempts=attempts, age=age, jitter=0.5)


def test_outcomes_that_settle_a_reply() -> None:
    assert plan(Sent("7")) == Delivered("7")
    assert plan(UnknownOutcome("cut off")) == Delivered(None, doubt="cut off")
    assert plan(Undeliverable("no")) == GiveUp("no")
    assert plan(Undeliverable("blocked", blocked=True)) == GiveUp("blocked", blocked=True)


def test_the_channel_says_when_to_come_back() -> None:
    assert plan(RetryLater("flood", seconds=30)) == TryAgain(30.5, "flood")
    assert plan(RetryLater("flood", seconds=99_999)) == TryAgain(3_600.5, "flood")


@pytest.mark.parametrize(
    ("attempts", "seconds"), [(0, 0.75), (1, 1.5), (4, 12.0), (9, 384.0), (10, 450.0), (99, 450.0)]
)
def test_waits_double_up_to_ten_minutes(attempts: int, seconds: float) -> None:
    assert plan(RetryLater("502"), attempts=attempts) == TryAgain(seconds, "502")


def test_jitter_spreads_retries_and_never_goes_to_zero() -> None:
    waits = [plan_next(RetryLater("x"), attempts=3, age=YOUNG, jitter=j) for j in (0.0, 0.999)]
    assert [w.after_seconds for w in waits if isinstance(w, TryAgain)] == pytest.approx(
        [4, 8], abs=0.01
    )


def test_a_reply_is_given_up_after_a_day() -> None:
    assert isinstance(plan(RetryLater("502"), age=timedelta(hours=23.9)), TryAgain)
    assert plan(RetryLater("502"), age=timedelta(hours=24)) == GiveUp("502 (given up after 24 h)")


def test_a_customer_who_moves_is_followed_a_few_times_only() -> None:
    moved = Undeliverable("moved", new_address={"chat_id": 5})
    assert plan(moved) == TryAgain(0.0, "moved", new_address={"chat_id": 5})
    assert plan(moved, attempts=3) == GiveUp("moved")


def test_a_fault_of_our_own_does_not_block_the_chat_for_a_day() -> None:
    assert isinstance(plan(KeyError("x"), attempts=3), TryAgain)
    assert plan(KeyError("x"), attempts=4) == GiveUp("KeyError (given up after 5 tries)")
