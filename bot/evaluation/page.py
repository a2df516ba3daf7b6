"""An evaluation as one self-contained HTML page: no scripts, nothing loaded, everything escaped. Pure."""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from bot.evaluation.cases import Judged
from bot.evaluation.floors import Comparison
from bot.evaluation.measures import CORE, locale_of, mistakes

MAX_MISTAKES = 300
MAX_NEWLY_WRONG = 12
SIZE = 320.0
"""Width and height of a chart's plane, in units of its picture."""
LOW = 0.5
"""Where the precision axis of the coverage chart begins, unless a point is below it."""


def render_page(
    report: dict[str, Any],
    judged: Sequence[Judged],
    *,
    files: Sequence[str],
    made_at: datetime,
    compared: Sequence[Comparison] = (),
) -> str:
    """Return the page for the report of `measures.measure`."""
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).resolve().parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["percent"] = _percent
    environment.filters["points"] = _points
    wrong = mistakes(judged)
    return environment.get_template("page.html.jinja").render(
        report=report,
        files=files,
        made_at=made_at,
        compared=compared,
        core=CORE,
        matrix=_matrix(report),
        reliability=_reliability(report["calibration"]["table"]),
        curve=_curve(report["coverage_curve"]),
        size=SIZE,
        wrong=[(j, locale_of(j)) for j in wrong[:MAX_MISTAKES]],
        wrong_count=len(wrong),
        newly_wrong=MAX_NEWLY_WRONG,
    )


def _percent(part: float | None, digits: int = 1) -> str:
    return "–" if part is None else f"{part:.{digits}%}".replace("%", " %")


def _points(part: float | None) -> str:
    """Return a difference of shares in percentage points, signed."""
    return "–" if part is None else f"{100 * part:+.1f}".replace("-", "−")


def _matrix(report: dict[str, Any]) -> list[dict[str, Any]]:
    """Return a row per expected route; shares are of the row."""
    counts = {(row["expected"], row["got"]): row["count"] for row in report["confusion"]}
    routes = list(report["routes"])
    rows = []
    for expected in routes:
        whole = sum(counts.get((expected, got), 0) for got in routes)
        if not whole:
            continue
        cells = [
            {
                "got": got,
                "count": counts.get((expected, got), 0),
                "share": round(counts.get((expected, got), 0) / whole, 3),
                "right": got == expected,
            }
            for got in routes
        ]
        rows.append({"expected": expected, "count": whole, "cells": cells})
    return rows


def _reliability(table: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return a bar per confidence class, with the gap to what was promised."""
    most = max((row["count"] for row in table), default=1)
    return [
        {
            **row,
            "x": round(row["from"] * SIZE, 1),
            "width": SIZE / 10,
            "y": round((1 - row["accuracy"]) * SIZE, 1),
            "height": round(row["accuracy"] * SIZE, 1),
            "promised": round((1 - row["confidence"]) * SIZE, 1),
            "weight": round(row["count"] / most, 3),
        }
        for row in table
    ]


def _curve(points: Sequence[dict[str, float]]) -> dict[str, Any]:
    """Return the coverage chart: a line of points, the 95 % line and the marks of both axes."""
    low = min([LOW, *(int(point["precision"] * 10) / 10 for point in points)])

    def height(precision: float) -> float:
        return round((1 - precision) / (1 - low) * SIZE, 1)

    return {
        "line": " ".join(
            f"{round(point['coverage'] * SIZE, 1)},{height(point['precision'])}" for point in points
        ),
        "target": height(0.95),
        "marks": [
            {"y": height(mark / 10), "label": f"{mark * 10} %"}
            for mark in range(round(low * 10), 11)
        ],
    }
