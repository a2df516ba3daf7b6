"""How long it may take, and what customers say about a case that is not solved."""

from datetime import UTC, datetime, timedelta

import pytest

from handoff.informing.choice import QUIET, acknowledges, only_address, says_not_solved, veiled
from handoff.informing.estimate import ENOUGH, Range, Served, estimate, steps

NINE = datetime(2026, 11, 18, 9, tzinfo=UTC)


def line(*minutes: int, each_waits: int = 0) -> list[Served]:
    """Tickets that all came at nine and were taken that many minutes after one another."""
    found, at = [], NINE
    for gap in minutes:
        at += timedelta(minutes=gap)
        found.append(Served(NINE + timedelta(minutes=each_waits), at))
    return found


def test_nothing_is_said_when_too_few_were_served() -> None:
    assert estimate(1, line(*[4] * (ENOUGH - 1))) is None
    assert estimate(1, line(*[4] * ENOUGH)) == Range(4, 4)


def test_each_place_costs_one_step_of_the_line() -> None:
    served = line(2, 4, 4, 6, 6, 6, 8, 8, 20)
    assert estimate(1, served) == Range(4, 8)
    assert estimate(3, served) == Range(15, 25)


def test_time_in_which_nobody_waited_does_not_count() -> None:
    lonely = [
        Served(NINE + timedelta(hours=n), NINE + timedelta(hours=n, minutes=3)) for n in range(10)
    ]
    assert steps(lonely) == [180.0] * 10
    assert estimate(1, lonely) == Range(3, 3)


def test_beyond_hours_minutes_help_nobody() -> None:
    assert estimate(40, line(*[10] * 12)) is None
    assert estimate(0, line(*[10] * 12)) is None


@pytest.mark.parametrize(
    "text",
    [
        "it still does not work",
        "It\u2019s still not working!",
        "not solved yet",
        "same thing again, I still can't log in",
        "ainda n\u00e3o funciona",
        "n\u00e3o resolveu",
        "continua com o mesmo erro",
        "sigue sin funcionar",
        "todav\u00eda no puedo entrar",
        "no est\u00e1 resuelto",
    ],
)
def test_says_that_it_is_not_solved(text: str) -> None:
    assert says_not_solved(text)


@pytest.mark.parametrize(
    "text",
    [
        "what are your opening hours?",
        "qual o prazo de entrega?",
        "my order has not arrived",
        "obrigado, funcionou",
        "\u00bfpuedo cambiar la direcci\u00f3n?",
        "thanks, it works again",
        "it still does not work " * 20,
    ],
)
def test_says_something_else(text: str) -> None:
    assert not says_not_solved(text)


def test_what_is_written_is_acknowledged_once_in_a_quiet_time() -> None:
    assert acknowledges(None, NINE)
    assert not acknowledges(NINE, NINE + QUIET - timedelta(seconds=1))
    assert acknowledges(NINE, NINE + QUIET)


def test_only_a_message_that_is_an_address_is_one() -> None:
    assert only_address(" Ana.Lima@Example.com. ") == "ana.lima@example.com"
    for text in ("write to ana@example.com", "ana@example", "a@b.com, c@d.com", "@", "a" * 300):
        assert only_address(text) is None
    assert veiled("ana@example.com") == "a\u2022\u2022\u2022@example.com"
