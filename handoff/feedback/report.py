"""Numbers of ratings in a period. Pure.

Score = answers of 4 and 5 / all answers x 100. Response rate = answers / questions x 100. Of nothing
there is no percentage. The bot's part and the people's part are never added up.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Protocol

from handoff.feedback.rules import BAD, GOOD, Part


class Rated(Protocol):
    """What of a request the figures need."""

    @property
    def part(self) -> Part:
        """Bot or human."""
        ...

    @property
    def score(self) -> int | None:
        """1 to 5, None: not answered."""
        ...

    @property
    def agent_name(self) -> str | None:
        """Who was rated."""
        ...

    @property
    def queue_key(self) -> str | None:
        """Key of the queue."""
        ...

    @property
    def level(self) -> str | None:
        """Level of the queue."""
        ...

    @property
    def article_key(self) -> str | None:
        """What the bot answered with."""
        ...


@dataclass(frozen=True, slots=True)
class Line:
    """One group's numbers."""

    by: str
    """part, queue, level, agent or article."""
    part: Part
    key: str
    asked: int
    answers: int
    response_percent: float | None
    score_percent: float | None
    mean: float | None
    bad: int


@dataclass(frozen=True, slots=True)
class Figures:
    """All numbers of a period."""

    human: Line
    bot: Line
    groups: tuple[Line, ...]


def count(rows: Sequence[Rated]) -> Figures:
    """Count the requests of a period by part, queue, level, agent and article."""
    human = [row for row in rows if row.part is Part.HUMAN]
    bot = [row for row in rows if row.part is Part.BOT]
    return Figures(
        human=_line("part", Part.HUMAN, "human", human),
        bot=_line("part", Part.BOT, "bot", bot),
        groups=(
            *_groups("level", Part.HUMAN, human, lambda row: row.level),
            *_groups("queue", Part.HUMAN, human, lambda row: row.queue_key),
            *_groups("agent", Part.HUMAN, human, lambda row: row.agent_name),
            *_groups("article", Part.BOT, bot, lambda row: row.article_key),
        ),
    )


def _groups(
    by: str, part: Part, rows: Iterable[Rated], key_of: Callable[[Rated], str | None]
) -> list[Line]:
    found: dict[str, list[Rated]] = {}
    for row in rows:
        key = key_of(row)
        if key is not None:
            found.setdefault(key, []).append(row)
    return [_line(by, part, key, found[key]) for key in sorted(found)]


def _line(by: str, part: Part, key: str, rows: Sequence[Rated]) -> Line:
    scores = [row.score for row in rows if row.score is not None]
    return Line(
        by=by,
        part=part,
        key=key,
        asked=len(rows),
        answers=len(scores),
        response_percent=_percent(len(scores), len(rows)),
        score_percent=_percent(sum(score >= GOOD for score in scores), len(scores)),
        mean=round(fmean(scores), 2) if scores else None,
        bad=sum(score <= BAD for score in scores),
    )


def _percent(some: int, whole: int) -> float | None:
    return round(100 * some / whole, 1) if whole else None
