"""Messages and dialogues with the routes they should take, read from JSON lines. Pure but for `read_cases`.

A line is `{"text", "locale", "expect"}` or `{"dialogue": [{"say", "expect"}, ...], "locale"}`. `expect` is a
route or a list of acceptable ones; `article` (a key or several) may be added where a question is meant.
Further fields are the writer's own and ignored.
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

from bot.dialogue.routing import Route
from bot.kit.errors import SetupError
from bot.kit.locales import LOCALES

ROUTES = tuple(route.value for route in Route)


@dataclass(frozen=True, slots=True)
class Case:
    """One message and what should happen with it."""

    line: int
    text: str
    locale: str | None
    """None: the language has to be detected."""
    expect: tuple[str, ...]
    """Acceptable routes, the intended one first."""
    articles: tuple[str, ...] = ()
    """Keys of acceptable articles, for questions."""
    dialogue: int | None = None
    """Line of the dialogue it belongs to."""
    file: str = ""

    @property
    def place(self) -> str:
        """Where it was read."""
        return f"{self.file}:{self.line}" if self.file else f"line {self.line}"


@dataclass(frozen=True, slots=True)
class Judged:
    """A case and what would have happened."""

    case: Case
    route: str
    confidence: float
    intent: str
    shown: tuple[str, ...]
    """Keys of the articles that would be shown or offered, best first."""
    seconds: float
    reasons: tuple[str, ...] = ()
    model: str = ""

    @property
    def right(self) -> bool:
        """Whether the route is one of the expected ones."""
        return self.route in self.case.expect


class BadCases(SetupError):
    """Lines that are neither messages nor dialogues; all of them are named."""

    def __init__(self, problems: Sequence[str]) -> None:
        count = len(problems)
        head = "One line" if count == 1 else f"{count:,} lines"
        shape = '{"text", "locale", "expect"} or {"dialogue": [{"say", "expect"}, ...], "locale"}'
        super().__init__("\n  ".join([f"{head} can't be used; each must be {shape}:", *problems]))
        self.problems = tuple(problems)


def read_cases(files: Iterable[Path]) -> list[Case]:
    """Read JSONL files, one after the other.

    Raises:
        SetupError: a file can't be read or holds no messages.
        BadCases: lines can't be used; nothing of any file is returned then.
    """
    cases: list[Case] = []
    problems: list[str] = []
    for file in files:
        try:
            text = file.read_text(encoding="utf-8-sig")
        except (OSError, UnicodeDecodeError) as error:
            raise SetupError(f"Can't read {file} as UTF-8 text.") from error
        try:
            cases += parse_cases(text, file=file.name)
        except BadCases as error:
            problems += error.problems
    if problems:
        raise BadCases(problems)
    return cases


def parse_cases(text: str, *, file: str = "") -> list[Case]:
    """Return the cases of a JSONL text.

    Raises:
        BadCases: lines can't be used.
        SetupError: there is no line at all.
    """
    cases: list[Case] = []
    problems: list[str] = []
    # Not `splitlines`: JSON may hold the separators U+2028 and U+0085 inside a text.
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        try:
            cases += _cases(number, json.loads(line), file)
        except (ValueError, RecursionError) as error:
            place = f"{file}:{number}" if file else f"line {number}"
            why = f"no JSON ({error})" if isinstance(error, json.JSONDecodeError) else str(error)
            problems.append(f"{place}: {why}")
    if problems:
        raise BadCases(problems)
    if not cases:
        raise SetupError(f"{file or 'The file'} holds no messages.")
    return cases


def units(cases: Iterable[Case]) -> list[list[Case]]:
    """Return what must be judged in order: the turns of each dialogue, and each message by itself."""
    found: list[list[Case]] = []
    for (_, dialogue), group in groupby(cases, key=lambda case: (case.file, case.dialogue)):
        turns = list(group)
        found += [[case] for case in turns] if dialogue is None else [turns]
    return found


def _cases(number: int, row: Any, file: str) -> Iterator[Case]:
    if not isinstance(row, dict):
        raise ValueError("not an object")
    if "dialogue" not in row:
        yield _case(number, row, "text", _locale(row), file, None)
        return
    locale, turns = _locale(row), row["dialogue"]
    if not isinstance(turns, list) or not turns:
        raise ValueError('"dialogue" must be a list of turns')
    for place, turn in enumerate(turns, 1):
        try:
            if not isinstance(turn, dict):
                raise ValueError("not an object")
            yield _case(number, turn, "say", _locale(turn) or locale, file, number)
        except ValueError as error:
            raise ValueError(f"turn {place}: {error}") from error


def _case(
    number: int,
    row: dict[str, Any],
    words: str,
    locale: str | None,
    file: str,
    dialogue: int | None,
) -> Case:
    text = row.get(words)
    if not isinstance(text, str):
        raise ValueError(f'"{words}" must be a text')
    expect = _several(row.get("expect"), "expect")
    if not expect:
        raise ValueError('"expect" is missing')
    unknown = [name for name in expect if name not in ROUTES]
    if unknown:
        raise ValueError(f"{unknown[0]!r} is none of the routes {', '.join(ROUTES)}")
    return Case(
        line=number,
        text=text,
        locale=locale,
        expect=expect,
        articles=_several(row.get("article"), "article"),
        dialogue=dialogue,
        file=file,
    )


def _locale(row: dict[str, Any]) -> str | None:
    locale = row.get("locale")
    if locale is None:
        return None
    language = str(locale).replace("_", "-").split("-")[0].lower()
    for known in LOCALES:
        if known.split("-")[0] == language:
            return known
    raise ValueError(f"the locale {locale!r} is none of {', '.join(LOCALES)}")


def _several(value: Any, name: str) -> tuple[str, ...]:
    if value is None:
        return ()
    values = [value] if isinstance(value, str) else value
    if not isinstance(values, list) or not all(isinstance(item, str) for item in values):
        raise ValueError(f'"{name}" must be a text or a list of texts')
    return tuple(values)
