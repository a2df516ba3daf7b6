"""Floors are read strictly; what falls below is shown with its difference."""

from typing import Any

import pytest

from bot.evaluation.floors import Floors, compare, parse_floors, render
from bot.kit.errors import SetupError

TEXT = """
[en]
accuracy = 0.95
false_flow_starts = 0.02
[en.flow_precision]
order_status = 0.98
[loss]
typos = 0.08
"""


def report(accuracy: float, unwanted: float, precision: float, typos: float) -> dict[str, Any]:
    return {
        "quality_by_locale": {
            "en": {
                "accuracy": accuracy,
                "false_flow_starts": unwanted,
                "flow_precision": {"order_status": precision},
            }
        },
        "perturbations": {"typos": {"loss": typos}},
    }


def test_floors_that_hold() -> None:
    floors = parse_floors(TEXT)
    assert floors == Floors(
        {"en": {"accuracy": 0.95, "false_flow_starts": 0.02, "flow_precision.order_status": 0.98}},
        {"typos": 0.08},
    )
    compared = compare(report(0.95, 0.02, 1.0, 0.01), floors)
    assert all(row.holds for row in compared)
    assert [row.margin for row in compared] == [0.0, 0.0, 0.02, 0.07]


def test_what_is_below_is_told_with_the_difference() -> None:
    compared = compare(report(0.91, 0.05, 0.97, 0.2), parse_floors(TEXT))
    assert not any(row.holds for row in compared)
    lines = render(compared).splitlines()
    assert "0.9100" in lines[1]
    assert "-0.0400  BELOW" in lines[1]
    assert "-0.0300  BELOW" in lines[2]


def test_what_could_not_be_measured_does_not_hold() -> None:
    compared = compare({"quality_by_locale": {}}, parse_floors(TEXT))
    assert [row.got for row in compared] == [None] * 4
    assert not any(row.holds for row in compared)
    assert "BELOW" in render(compared)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("[en", "no TOML"),
        ("[fr]\naccuracy = 1", r"\[fr\] is none of"),
        ("en = 3", r"\[en\] is none of"),
        ("[en]\nacuracy = 0.9", "acuracy is not measured"),
        ("[en]\naccuracy = 95", "from 0 to 1"),
        ("[en]\naccuracy = true", "must be a number"),
        ("[en]\naccuracy = 'high'", "must be a number"),
        ("[loss]\nemoji = 0.1", "emoji is not measured"),
    ],
)
def test_floors_that_make_no_sense(text: str, why: str) -> None:
    with pytest.raises(SetupError, match=why):
        parse_floors(text)
