"""Who is named in a note. Pure."""

from collections.abc import Iterable

from bot.staff.account import Staff

MAX_MENTIONS = 20
"""In one note."""


def mentioned(text: str, people: Iterable[Staff]) -> list[Staff]:
    """Return those whose name stands in `text` behind an @, each once.

    The longest name counts: "@Ana Souza" is not also "@Ana". Two people of one name are both meant.
    """
    by_name: dict[str, list[Staff]] = {}
    for person in people:
        name = " ".join(person.name.lower().split())
        if name:
            by_name.setdefault(name, []).append(person)
    names = sorted(by_name, key=len, reverse=True)
    lowered = " ".join(text.lower().split())
    found: dict[str, Staff] = {}
    at = lowered.find("@")
    while at != -1:
        rest = lowered[at + 1 :]
        for name in names:
            if rest.startswith(name) and not rest[len(name) : len(name) + 1].isalnum():
                found |= {person.id: person for person in by_name[name]}
                break
        at = lowered.find("@", at + 1)
    return list(found.values())
