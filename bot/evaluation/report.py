"""An evaluation for people, as plain text. Pure."""

from collections.abc import Sequence
from typing import Any

from bot.evaluation.cases import Judged
from bot.evaluation.measures import mistakes


def render(report: dict[str, Any], judged: Sequence[Judged], *, errors: int) -> str:
    """Return the report of `measures.measure`, with at most `errors` mistakes, the surest first."""
    lines = [f"messages  {report['messages']}", f"accuracy  {report['accuracy']:.1%}"]
    lines += [f"  {locale:9} {part:.1%}" for locale, part in report["by_locale"].items()]
    lines.append(f"core      {percent(report['quality']['core_recall'])} mean recall")
    lines.append(f"unwanted  {percent(report['quality']['false_flow_starts'])} started a flow")
    if "dialogues" in report:
        whole = report["dialogues"]
        lines.append(f"dialogues {whole['count']}, all turns right in {whole['right']:.1%}")
    if "articles" in report:
        found = report["articles"]
        lines.append(
            f"articles  {found['count']}: right one first {found['first']:.1%}, "
            f"shown or offered {found['offered']:.1%}"
        )
    lines += ["", f"{'route':16}{'messages':>10}{'recall':>9}{'precision':>11}"]
    for route, row in report["routes"].items():
        lines.append(
            f"{route:16}{row['messages']:>10}{percent(row['recall']):>9}"
            f"{percent(row['precision']):>11}"
        )
    lines += ["", *_matrix(report)]
    table = report["calibration"]
    lines += ["", f"calibration: ECE {table['ece']:.3f}"]
    lines += [
        f"  {row['from']:.1f}+  {row['count']:>5} messages, confidence {row['confidence']:.2f}, "
        f"right {row['accuracy']:.2f}"
        for row in table["table"]
    ]
    lines.append(f"coverage at 95 % precision: {report['coverage_at_95']:.1%}")
    speed = (
        f", {report['messages_per_second']:,.0f} a second"
        if "messages_per_second" in report
        else ""
    )
    lines.append(f"latency: p50 {report['p50_ms']} ms, p95 {report['p95_ms']} ms{speed}")
    if "perturbations" in report:
        lines += [
            "",
            f"{'written as':12}{'right':>8}{'loss':>8}{'core loss':>11}{'unwanted':>10}  by locale",
        ]
        lines += [
            f"{name:12}{percent(cost['accuracy']):>8}{points(cost['loss']):>8}"
            f"{points(cost['core_loss']):>11}{percent(cost['false_flow_starts']):>10}  "
            + ", ".join(f"{name} {points(loss)}" for name, loss in cost["loss_by_locale"].items())
            for name, cost in report["perturbations"].items()
        ]
    wrong = mistakes(judged)
    if wrong and errors:
        lines += ["", f"worst mistakes ({min(errors, len(wrong))} of {len(wrong)})"]
        lines += [
            f"  {j.case.place}: {' or '.join(j.case.expect)} -> {j.route} "
            f"({j.intent} {j.confidence:.2f})  {j.case.text[:100]}"
            for j in wrong[:errors]
        ]
    return "\n".join(lines)


def percent(part: float | None) -> str:
    """Return a share for people; a dash for none."""
    return "-" if part is None else f"{part:.1%}"


def points(part: float | None) -> str:
    """Return a loss in percentage points; a dash for none."""
    return "-" if part is None else f"{100 * part:.1f}"


def _matrix(report: dict[str, Any]) -> list[str]:
    routes = list(report["routes"])
    counts = {(row["expected"], row["got"]): row["count"] for row in report["confusion"]}
    heads = " ".join(f"{route[:6]:>6}" for route in routes)
    rows = [f"{'expected, then got':18} {heads}"]
    for expected in routes:
        cells = " ".join(f"{counts.get((expected, got)) or '.':>6}" for got in routes)
        rows.append(f"{expected:18} {cells}")
    return rows
