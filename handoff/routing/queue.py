"""What an admin may write down about a queue, and what is refused. Pure."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from bot.kit.text import plain_words
from bot.staff.account import LEVELS
from handoff.routing.problem import Problem

MAX_QUEUES = 100
MAX_NAME = 60
MAX_TEAM = 60
MAX_SKILLS = 20
MAX_SKILL = 40
MAX_TOPICS = 100
MAX_TOPIC = 80
_KEY = re.compile(r"[a-z0-9][a-z0-9_-]{0,58}")


@dataclass(frozen=True, slots=True)
class QueueTerms:
    """Everything an admin can write down about a queue; its key stays as it was made."""

    names: Mapping[str, str]
    level: str
    team: str = ""
    skills: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()
    topics: tuple[str, ...] = ()
    calendar_key: str = "main"
    is_default: bool = False

    def tidied(self, locales: Iterable[str]) -> "QueueTerms":
        """Return it without outer blanks and doubles; languages without a name get the first one."""
        names = {locale: self.names.get(locale, "").strip() for locale in locales}
        first = next((name for name in names.values() if name), "")
        return QueueTerms(
            names={locale: name or first for locale, name in names.items()},
            level=self.level,
            team=self.team.strip(),
            skills=_tidy(self.skills),
            languages=_tidy(self.languages),
            topics=_tidy(self.topics),
            calendar_key=self.calendar_key,
            is_default=self.is_default,
        )


def problems_of(
    terms: QueueTerms, *, calendars: Iterable[str], locales: Iterable[str]
) -> list[Problem]:
    """Return everything that is wrong with a tidied queue by itself; empty when it can be used.

    Args:
        terms: as written.
        calendars: keys of every calendar it may keep.
        locales: languages that are served.
    """
    found = []
    if not any(terms.names.values()):
        found.append(Problem("/names", "name_missing", "Give the queue a name."))
    if any(len(name) > MAX_NAME for name in terms.names.values()):
        found.append(Problem("/names", "too_long", f"A name has at most {MAX_NAME} characters."))
    if terms.level not in LEVELS:
        found.append(
            Problem("/level", "unknown_level", f"The level is one of {', '.join(LEVELS)}.")
        )
    if len(terms.team) > MAX_TEAM:
        found.append(Problem("/team", "too_long", f"A team has at most {MAX_TEAM} characters."))
    found += _list_problems("/skills", terms.skills, most=MAX_SKILLS, longest=MAX_SKILL)
    found += _list_problems("/topics", terms.topics, most=MAX_TOPICS, longest=MAX_TOPIC)
    unknown = sorted(set(terms.languages) - set(locales))
    if unknown:
        found.append(
            Problem("/languages", "unknown_value", f"{unknown[0]!r} is no language served here.")
        )
    if terms.calendar_key not in set(calendars):
        found.append(Problem("/calendar_key", "unknown_calendar", "There is no such calendar."))
    return found


def _list_problems(
    pointer: str, values: tuple[str, ...], *, most: int, longest: int
) -> list[Problem]:
    if len(values) > most:
        return [Problem(pointer, "too_many", f"At most {most} entries.")]
    if any(len(value) > longest for value in values):
        return [Problem(pointer, "too_long", f"An entry has at most {longest} characters.")]
    return []


def key_for(names: Mapping[str, str], *, taken: Iterable[str]) -> str:
    """Make a key that nobody has out of a queue's name."""
    name = names.get("en") or next(iter(names.values()), "")
    plain = plain_words(name).encode("ascii", "ignore").decode()
    base = "-".join(plain.split())[:50].strip("-")
    if not _KEY.fullmatch(base):
        base = "queue"
    used = set(taken)
    return next(
        key
        for key in (base if n == 1 else f"{base}-{n}" for n in range(1, len(used) + 3))
        if key not in used
    )


def _tidy(values: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(value.strip() for value in values if value.strip()))
