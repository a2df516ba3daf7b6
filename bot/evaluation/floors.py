"""Recorded floors: what understanding may not fall below. Pure.

A TOML file with a table per locale, its keys the figures of `measures.quality`: `false_flow_starts` is
the most there may be, everything else the least. A table `loss` names perturbations and how
much accuracy each may cost at most.
"""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bot.evaluation.measures import FLOWS
from bot.evaluation.perturbations import PERTURBATIONS
from bot.kit.errors import SetupError
from bot.kit.locales import LOCALES

FIGURES = (
    "accuracy",
    "core_recall",
    "human_recall",
    "false_flow_starts",
    "article_first",
    "article_offered",
)
_MEASURED = frozenset({*FIGURES, *(f"flow_precision.{flow}" for flow in FLOWS)})
AT_MOST = frozenset({"false_flow_starts", *(f"loss.{name}" for name in PERTURBATIONS)})
LOSS = "loss"


@dataclass(frozen=True, slots=True)
class Floors:
    """What was recorded."""

    by_locale: dict[str, dict[str, float]]
    """{locale: {figure: floor}}; the precision of a flow is `flow_precision.<flow>`."""
    losses: dict[str, float]
    """{perturbation: most it may cost}."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """A figure beside its floor."""

    locale: str
    """`all` for a perturbation."""
    figure: str
    floor: float
    got: float | None
    """None: there was nothing to measure it with."""

    @property
    def holds(self) -> bool:
        """Whether the figure is good enough; one that could not be measured is not."""
        if self.got is None:
            return False
        return self.got <= self.floor if self.figure in AT_MOST else self.got >= self.floor

    @property
    def margin(self) -> float | None:
        """By how much it is better than the floor; negative when it is worse."""
        if self.got is None:
            return None
        better = self.floor - self.got if self.figure in AT_MOST else self.got - self.floor
        return round(better, 4)


def parse_floors(text: str) -> Floors:
    """Read a TOML file's text.

    Raises:
        SetupError: it is no TOML, or names something that is not measured.
    """
    try:
        tables = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise SetupError(f"The floors are no TOML: {error}.") from error
    found = Floors({}, {})
    problems: list[str] = []
    for name, table in tables.items():
        if not isinstance(table, dict) or name not in {*LOCALES, LOSS}:
            problems.append(f"[{name}] is none of {', '.join((*LOCALES, LOSS))}")
            continue
        kept = found.losses if name == LOSS else found.by_locale.setdefault(name, {})
        for figure, floor in _flat(table).items():
            if figure not in (PERTURBATIONS if name == LOSS else _MEASURED):
                problems.append(f"[{name}] {figure} is not measured")
            elif isinstance(floor, bool) or not isinstance(floor, int | float):
                problems.append(f"[{name}] {figure} must be a number")
            elif not 0 <= floor <= 1:
                problems.append(f"[{name}] {figure} must be from 0 to 1")
            else:
                kept[figure] = float(floor)
    if problems:
        raise SetupError("The floors can't be used:\n  " + "\n  ".join(problems))
    return found


def compare(report: Mapping[str, Any], floors: Floors) -> list[Comparison]:
    """Return every floor beside what the report of `measures.measure` says."""
    locales, costs = report["quality_by_locale"], report.get("perturbations", {})
    rows = [
        Comparison(locale, figure, floor, _flat(locales.get(locale, {})).get(figure))
        for locale, table in floors.by_locale.items()
        for figure, floor in table.items()
    ]
    return rows + [
        Comparison("all", f"{LOSS}.{name}", most, costs.get(name, {}).get("loss"))
        for name, most in floors.losses.items()
    ]


def render(comparisons: Sequence[Comparison]) -> str:
    """Return a table for people: figure, floor and difference, what does not hold marked."""
    lines = [f"{'locale':8} {'figure':32} {'floor':>8} {'measured':>9} {'difference':>11}"]
    for row in comparisons:
        got = "-" if row.got is None else f"{row.got:.4f}"
        margin = "-" if row.margin is None else f"{row.margin:+.4f}"
        mark = "" if row.holds else "  BELOW"
        lines.append(f"{row.locale:8} {row.figure:32} {row.floor:8.4f} {got:>9} {margin:>11}{mark}")
    return "\n".join(lines)


def _flat(table: Mapping[str, Any]) -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for name, value in table.items():
        if isinstance(value, Mapping):
            flat |= {f"{name}.{inner}": part for inner, part in value.items()}
        else:
            flat[name] = value
    return flat
