"""`frontline sla`: why a ticket is due when it is. Works while `up` runs."""

import json
from datetime import datetime
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import typer

from bot.cli.common import DataDir, open_store, run, settings_for
from bot.kit.clock import SystemClock
from bot.settings import Settings
from handoff.service_level.service import ServiceLevel
from handoff.service_level.wire import explanation_answer

sla_app = typer.Typer(help="Service level: what was promised, and why a ticket is due when it is.")


@sla_app.callback()
def sla() -> None:
    """Service level: what was promised, and why a ticket is due when it is."""


@sla_app.command("explain")
def explain(
    ticket: Annotated[str, typer.Argument(help="Number of the ticket (FL-1042), or its id.")],
    as_json: Annotated[bool, typer.Option("--json", help="As the API returns it.")] = False,
    data_dir: DataDir = None,
) -> None:
    """Print each clock with policy, intervals and pauses."""
    settings = settings_for(data_dir)
    print(run(lambda: _explain(settings, ticket, as_json=as_json)))


async def _explain(settings: Settings, ticket: str, *, as_json: bool) -> str:
    async with open_store(settings) as db:
        found = await ServiceLevel(db, SystemClock()).explain(ticket, None)
    answer = explanation_answer(found).model_dump(mode="json")
    if as_json:
        return json.dumps(answer, ensure_ascii=False, indent=2)
    return render(answer, zone=ZoneInfo(settings.timezone))


def render(answer: dict[str, Any], *, zone: ZoneInfo) -> str:
    """Return the explanation for people; times are those of `zone`.

    Args:
        answer: as the API returns it.
        zone: of the installation.
    """

    def when(text: str | None) -> str:
        if text is None:
            return "–"
        return datetime.fromisoformat(text).astimezone(zone).strftime("%Y-%m-%d %H:%M:%S")

    lines = [f"ticket      {answer['number']}  (times in {zone.key})"]
    if answer["next_metric"]:
        lines.append(f"next due    {answer['next_metric']}  {when(answer['next_due_at'])}")
    lines.append(f"with bot    {_length(answer['bot']['seconds'])}")
    lines.append(f"with people {_length(answer['human_seconds'])}")
    lines += [
        f"            {stage['level']} {stage['state']}: {_length(stage['seconds'])}"
        for stage in answer["stages"]
    ]
    for one in answer["agreements"]:
        policy = f"{one['policy']} (version {one['policy_version']})" if one["policy"] else "none"
        why = "by an admin" if one["by_admin"] else "by what the ticket is"
        hours = one["calendar"] or "round the clock"
        lines.append(f"agreed      {when(one['at'])}  {policy}, {hours}, {why}")
    if not answer["clocks"]:
        lines.append("            No policy fits this ticket: nothing is promised.")
    for clock in answer["clocks"]:
        lines += ["", *_clock_lines(clock, when)]
    return "\n".join(lines)


def _clock_lines(clock: dict[str, Any], when: Any) -> list[str]:
    which = clock["level"] if clock["metric"] == "level" else f"#{clock['n']}"
    hours = clock["calendar"] or "round the clock"
    lines = [
        f"{clock['metric']} {which}: {clock['state']}",
        f"  target    {_length(clock['target_seconds'])} of {hours} ({clock['timezone']})",
        f"  policy    {clock['policy']}, version {clock['policy_version']}",
        f"  started   {when(clock['started_at'])}",
        f"  warning   {when(clock['warn_at'])}",
        f"  due       {when(clock['due_at'])}",
    ]
    if clock["stopped_at"]:
        lines.append(f"  ended     {when(clock['stopped_at'])}")
    lines.append(
        f"  counted   {_length(clock['worked_seconds'])}, left {_length(clock['remaining_seconds'])}"
    )
    lines += [
        f"    {when(span['start'])} – {when(span['end'])}  {_length(span['seconds'])}"
        for span in clock["intervals"]
    ]
    if clock["intervals_left_out"]:
        lines.append(f"    and {clock['intervals_left_out']} more")
    lines += [
        f"  pause     {when(span['start'])} – {when(span['end'])}" for span in clock["pauses"]
    ]
    for fired in clock["fired"]:
        acts = ", ".join(f"{act['kind']}: {act['outcome']}" for act in fired["done"]) or "no action"
        late = " (late)" if fired["late"] else ""
        lines.append(f"  {fired['moment']:<9} {when(fired['at'])}{late}  {acts}")
    return lines


def _length(seconds: int) -> str:
    sign, seconds = ("-", -seconds) if seconds < 0 else ("", seconds)
    hours, rest = divmod(seconds, 3_600)
    minutes, left = divmod(rest, 60)
    text = f"{hours} h {minutes} min" if hours else f"{minutes} min"
    return sign + (f"{text} {left} s" if left and not hours else text)
