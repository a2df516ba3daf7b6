"""Every figure of an evaluation, from cases and what happened with them. Pure.

Shares are 0 to 1, rounded to four places; None where there was nothing to count.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from bot.dialogue.routing import Route
from bot.evaluation.cases import Judged

BINS = 10
FLOWS = (
    Route.RESET_PASSWORD.value,
    Route.ORDER_STATUS.value,
    Route.OPENING_HOURS.value,
    Route.TICKET_STATUS.value,
)
"""What is started or looked up for somebody: doing it unasked is worse than asking back."""
CORE = (
    Route.RESET_PASSWORD.value,
    Route.ORDER_STATUS.value,
    Route.OPENING_HOURS.value,
    Route.HUMAN.value,
    Route.SMALLTALK.value,
    Route.OUT_OF_SCOPE.value,
)
"""Routes whose mean recall is the core recall."""
CURVE_POINTS = 50
DETECTED = "detected"
"""Stands for the locale of cases that name none."""


def measure(judged: Sequence[Judged], *, per_second: float | None = None) -> dict[str, Any]:
    """Return every figure of the report.

    Args:
        judged: at least one judged case.
        per_second: messages judged a second, where that was measured.
    """
    pairs = [(j.confidence, j.right) for j in judged]
    seconds = sorted(j.seconds for j in judged)
    locales = sorted({locale_of(j) for j in judged})
    parts = {name: [j for j in judged if locale_of(j) == name] for name in locales}
    report: dict[str, Any] = {
        "messages": len(judged),
        "accuracy": share(j.right for j in judged),
        "by_locale": {name: share(j.right for j in part) for name, part in parts.items()},
        "quality": quality(judged),
        "quality_by_locale": {name: quality(part) for name, part in parts.items()},
        "routes": by_route(judged),
        "confusion": [
            {"expected": expected, "got": got, "count": count}
            for (expected, got), count in sorted(confusion(judged).items())
        ],
        "calibration": calibration(pairs),
        "coverage_at_95": coverage(pairs, precision=0.95),
        "coverage_curve": coverage_curve(pairs),
        "p50_ms": quantile_ms(seconds, 0.5),
        "p95_ms": quantile_ms(seconds, 0.95),
    }
    if per_second is not None:
        report["messages_per_second"] = round(per_second, 1)
    dialogues: dict[tuple[str, int], bool] = {}
    for j in judged:
        if j.case.dialogue is not None:
            key = (j.case.file, j.case.dialogue)
            dialogues[key] = dialogues.get(key, True) and j.right
    if dialogues:
        report["dialogues"] = {"count": len(dialogues), "right": share(dialogues.values())}
    found = articles(judged)
    if found is not None:
        report["articles"] = found
    models = sorted({j.model for j in judged if j.model})
    if models:
        report["models"] = models
    return report


def quality(judged: Sequence[Judged]) -> dict[str, Any]:
    """Return the few figures that floors are recorded for.

    Returns:
        `accuracy`; `core_recall`, the mean recall over `CORE`; `human_recall`; `flow_precision` by
        flow; `false_flow_starts`, the share of all messages that started a flow nobody wanted;
        `article_first` and `article_offered`, of the questions whose article is known.
    """
    recalls = [recall for route in CORE if (recall := _recall(judged, route)) is not None]
    found = articles(judged)
    return {
        "messages": len(judged),
        "accuracy": share(j.right for j in judged),
        "core_recall": round(sum(recalls) / len(recalls), 4) if recalls else None,
        "human_recall": _recall(judged, Route.HUMAN.value),
        "flow_precision": {
            flow: precision for flow in FLOWS if (precision := _precision(judged, flow)) is not None
        },
        "false_flow_starts": share(j.route in FLOWS and not j.right for j in judged),
        "article_first": found["first"] if found else None,
        "article_offered": found["offered"] if found else None,
    }


def by_route(judged: Sequence[Judged]) -> dict[str, dict[str, Any]]:
    """Return messages, recall and precision for every route that was expected or taken.

    A message that allows several routes counts for the one it took, or for the first when it took
    none of them.
    """
    routes = sorted({route for j in judged for route in (intended(j), j.route)})
    wanted = Counter(intended(j) for j in judged)
    return {
        route: {
            "messages": wanted[route],
            "recall": _recall(judged, route),
            "precision": _precision(judged, route),
        }
        for route in routes
    }


def confusion(judged: Iterable[Judged]) -> Counter[tuple[str, str]]:
    """Count (expected, got)."""
    return Counter((intended(j), j.route) for j in judged)


def intended(j: Judged) -> str:
    """Return the route a case counts for: the one it took when that is right, else the first."""
    return j.route if j.right else j.case.expect[0]


def articles(judged: Iterable[Judged]) -> dict[str, Any] | None:
    """Return how often a question found its article; None without such questions."""
    questions = [j for j in judged if j.case.articles]
    if not questions:
        return None
    return {
        "count": len(questions),
        "first": share(j.shown[:1] != () and j.shown[0] in j.case.articles for j in questions),
        "offered": share(not set(j.shown).isdisjoint(j.case.articles) for j in questions),
    }


def calibration(pairs: Sequence[tuple[float, bool]]) -> dict[str, Any]:
    """Return the reliability table and the expected calibration error (ECE) of (confidence, right)."""
    table = []
    error = 0.0
    for number in range(BINS):
        low, high = number / BINS, (number + 1) / BINS
        inside = [p for p in pairs if low <= p[0] < high or (high == 1 and p[0] == 1)]
        if not inside:
            continue
        sure = sum(confidence for confidence, _ in inside) / len(inside)
        right = share(hit for _, hit in inside)
        error += abs(sure - right) * len(inside) / len(pairs)
        table.append(
            {"from": low, "count": len(inside), "confidence": round(sure, 4), "accuracy": right}
        )
    return {"ece": round(error, 4), "table": table}


def coverage(pairs: Sequence[tuple[float, bool]], *, precision: float) -> float:
    """Return the largest share of messages, the surest first, that is right so often."""
    best = hits = 0
    ordered = sorted(pairs, key=lambda pair: -pair[0])
    for number, (_, hit) in enumerate(ordered, 1):
        hits += hit
        if hits >= precision * number:
            best = number
    return round(best / len(pairs), 4)


def coverage_curve(
    pairs: Sequence[tuple[float, bool]], *, points: int = CURVE_POINTS
) -> list[dict[str, float]]:
    """Return precision over coverage: how often the surest so many per cent are right."""
    ordered = sorted(pairs, key=lambda pair: -pair[0])
    marks = {max(1, round(len(ordered) * n / points)) for n in range(1, points + 1)}
    curve = []
    hits = 0
    for number, (confidence, hit) in enumerate(ordered, 1):
        hits += hit
        if number in marks:
            curve.append(
                {
                    "coverage": round(number / len(ordered), 4),
                    "precision": round(hits / number, 4),
                    "confidence": round(confidence, 4),
                }
            )
    return curve


def mistakes(judged: Iterable[Judged]) -> list[Judged]:
    """Return what went wrong, the surest first."""
    return sorted((j for j in judged if not j.right), key=lambda j: -j.confidence)


def locale_of(j: Judged) -> str:
    """Return the locale a case is counted under."""
    return j.case.locale or DETECTED


def share(values: Iterable[bool]) -> float:
    """Return how many are true; 0 of none."""
    items = list(values)
    return round(sum(items) / len(items), 4) if items else 0.0


def quantile_ms(ordered_seconds: Sequence[float], q: float) -> float:
    """Return a quantile in milliseconds of ascending seconds."""
    last = len(ordered_seconds) - 1
    return round(1000 * ordered_seconds[min(last, int(len(ordered_seconds) * q))], 1)


def _recall(judged: Iterable[Judged], route: str) -> float | None:
    wanted = [j.right for j in judged if intended(j) == route]
    return share(wanted) if wanted else None


def _precision(judged: Iterable[Judged], route: str) -> float | None:
    given = [j.right for j in judged if j.route == route]
    return share(given) if given else None
