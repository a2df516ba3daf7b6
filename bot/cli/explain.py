"""`frontline explain`: ask the running gateway, or start Rasa for this one question."""

import json
from typing import Any

from bot.cli.common import call_internal, find_running, note
from bot.settings import Settings


async def run_explain(settings: Settings, text: str, *, locale: str | None, as_json: bool) -> None:
    """Print the routing decision for `text`."""
    running = find_running(settings)
    if running is not None:
        decision = await call_internal(
            settings, running, "/explain", {"text": text, "locale": locale}
        )
    else:
        from bot.cli.alone import bot_alone

        note("`frontline up` is not running here: starting Rasa for this one question.")
        async with bot_alone(settings) as services:
            decision = (await services.explainer.explain(text, locale=locale)).as_json()
    print(json.dumps(decision, ensure_ascii=False, indent=2) if as_json else render(decision))


def render(decision: dict[str, Any]) -> str:
    """Return the decision for people: each number beside what it was held against."""
    limits = decision.get("thresholds") or {}
    lines = [
        f"route       {decision['route']}",
        f"intent      {decision['intent']}  {_against(decision['confidence'], limits, 'confidence')}",
    ]
    if decision.get("scope") is not None:
        lines.append(f"familiar    {_against(decision['scope'], limits, 'scope')}")
    second = decision.get("runner_up")
    if second:
        lines.append(f"runner-up   {_name(second)}")
    lines.append(f"locale      {decision['locale']}")
    if decision.get("article"):
        article = decision["article"]
        lines.append(
            f"article     {article['key']}: {article['title']} (revision {article['revision']})"
        )
    if decision.get("article_confidence") is not None:
        sure = _against(decision["article_confidence"], limits, "article_confidence")
        lines.append(f"answers     {sure}")
    if decision.get("score") is not None:
        lines.append(
            f"score       {decision['score']:.3f}, margin {decision.get('margin') or 0:.3f}"
        )
    lines += [f"because     {reason}" for reason in decision["reasons"]]
    lines += [f"candidate   {_name(candidate)}" for candidate in decision["candidates"]]
    if decision.get("model"):
        lines.append(f"model       {decision['model']}")
    return "\n".join(lines)


def _against(value: float, limits: dict[str, float], name: str) -> str:
    needed = f"  (needed: {limits[name]:.2f})" if name in limits else ""
    return f"{value:.2f}{needed}"


def _name(candidate: dict[str, Any]) -> str:
    number = candidate.get("confidence", candidate.get("score")) or 0.0
    revision = f" (revision {candidate['revision']})" if candidate.get("revision") else ""
    return f"{candidate.get('name') or candidate.get('title')}{revision}  {number:.3f}"
