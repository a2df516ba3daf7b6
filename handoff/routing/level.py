"""The levels N1 to N4 as admins set them: what they are called, who has people, who may pass on where. Pure.

The keys are fixed: tickets, accounts, policies and the API speak of them. Everything else is data.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from bot.staff.account import LEVELS
from handoff.routing.problem import Problem

MAX_NAME = 40


@dataclass(frozen=True, slots=True)
class Level:
    """One level."""

    key: str
    names: Mapping[str, str] = field(default_factory=dict)
    """Name by language; without one the key is shown."""
    staffed: bool = True
    """People work here; a level that is switched off takes nothing new."""
    escalates_to: tuple[str, ...] = ()
    """Deeper levels that its people may pass tickets on to."""

    def name(self, locale: str) -> str:
        """What the level is called in `locale`."""
        return self.names.get(locale) or self.names.get("en") or self.key


@dataclass(frozen=True, slots=True)
class Levels:
    """All levels, from the customer inwards."""

    items: tuple[Level, ...]
    version: int = 0
    """0: as shipped."""

    def __getitem__(self, key: str) -> Level:
        return next((level for level in self.items if level.key == key), Level(key))

    @property
    def staffed(self) -> tuple[str, ...]:
        """Keys of the levels with people, from the customer inwards."""
        return tuple(level.key for level in self.items if level.staffed)

    def deepest(self) -> str:
        """Key of the last level with people."""
        return (self.staffed or LEVELS)[-1]


def shipped() -> Levels:
    """Return the levels before anybody changed them: the bot is N1, each may pass on to all deeper ones."""
    return Levels(
        tuple(
            Level(key, staffed=key != "N1", escalates_to=LEVELS[index + 1 :])
            for index, key in enumerate(LEVELS)
        )
    )


def problems_of(items: Sequence[Level], *, with_queues: Iterable[str]) -> list[Problem]:
    """Return everything that is wrong with the levels; empty when they can be used.

    Args:
        items: as written.
        with_queues: keys of the levels that have a queue in use.
    """
    if tuple(level.key for level in items) != LEVELS:
        return [Problem("/levels", "levels", f"Name {', '.join(LEVELS)}, each once, in order.")]
    found = []
    for index, level in enumerate(items):
        pointer = f"/levels/{index}"
        if any(len(name) > MAX_NAME for name in level.names.values()):
            found.append(
                Problem(
                    f"{pointer}/names", "too_long", f"A name has at most {MAX_NAME} characters."
                )
            )
        wrong = [to for to in level.escalates_to if to not in LEVELS[index + 1 :]]
        if wrong:
            found.append(
                Problem(
                    f"{pointer}/escalates_to",
                    "not_deeper",
                    f"{level.key} can't escalate to {', '.join(wrong)}: that is no deeper level.",
                )
            )
    has_queue = set(with_queues)
    if not any(level.staffed and level.key in has_queue for level in items):
        found.append(
            Problem(
                "/levels",
                "nobody",
                "At least one level with a queue needs people, or hand-offs would reach nobody.",
            )
        )
    return found


def to_json(items: Iterable[Level]) -> list[dict[str, Any]]:
    """Return the stored form."""
    return [
        {
            "key": level.key,
            "names": dict(level.names),
            "staffed": level.staffed,
            "escalates_to": list(level.escalates_to),
        }
        for level in items
    ]


def from_json(data: Iterable[Mapping[str, Any]], *, version: int) -> Levels:
    """Read what `to_json` wrote."""
    return Levels(
        tuple(
            Level(one["key"], dict(one["names"]), bool(one["staffed"]), tuple(one["escalates_to"]))
            for one in data
        ),
        version,
    )
