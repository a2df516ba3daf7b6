"""The tree that articles are sorted into: names per language, order, and what keeps it a tree. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from bot.kit.locales import LOCALES
from knowledge_base.article import Problem, key_problem

MAX_DEPTH = 5
"""Levels of categories; deeper ones nobody finds anything in."""
MAX_NAME = 80


@dataclass(frozen=True, slots=True)
class Category:
    """One branch of the tree."""

    key: str
    parent: str | None = None
    position: int = 0
    names: Mapping[str, str] | None = None


def category_name(category: Category, locale: str) -> str:
    """Return the name in a language, else in another one, else a readable form of the key."""
    names = category.names or {}
    for wanted in (locale, *LOCALES):
        if names.get(wanted):
            return names[wanted]
    readable = category.key.replace("-", " ").replace("_", " ").strip()
    return readable[:1].upper() + readable[1:]


def check_category(tree: Sequence[Category], changed: Category) -> list[Problem]:
    """Say what keeps a new or changed category out of the tree.

    Args:
        tree: the categories as they are; one with the same key is replaced.
        changed: as it is meant to be.
    """
    problems = [
        Problem(f"/names/{locale}", f"The language must be one of {', '.join(LOCALES)}.")
        for locale in changed.names or {}
        if locale not in LOCALES
    ]
    problems += [
        Problem(f"/names/{locale}", f"A name has 1 to {MAX_NAME} characters.")
        for locale, name in (changed.names or {}).items()
        if not name.strip() or len(name) > MAX_NAME
    ]
    by_key = {category.key: category for category in tree} | {changed.key: changed}
    if changed.parent is not None and changed.parent not in by_key:
        return [*problems, Problem("/parent", f"There is no category {changed.parent!r}.")]
    if _is_cyclic(by_key, changed.key):
        return [
            *problems,
            Problem("/parent", "A category can't lie in itself or in one of its own branches."),
        ]
    if any(len(path_to(by_key.values(), key)) > MAX_DEPTH for key in by_key):
        problems.append(Problem("/parent", f"Categories go {MAX_DEPTH} levels deep at most."))
    return problems


def category_key_problem(key: str) -> str | None:
    """Return why a new category can't have this key, or None."""
    return key_problem(key)


def _is_cyclic(by_key: Mapping[str, Category], start: str) -> bool:
    seen = {start}
    at = by_key[start].parent
    while at is not None:
        if at in seen:
            return True
        seen.add(at)
        above = by_key.get(at)
        at = above.parent if above else None
    return False


def path_to(tree: Iterable[Category], key: str) -> list[str]:
    """Return the keys from the root down to a category; a circle is cut where it closes."""
    by_key = {category.key: category for category in tree}
    path: list[str] = []
    at: str | None = key
    while at is not None and at in by_key and at not in path:
        path.insert(0, at)
        at = by_key[at].parent
    return path


def branch(tree: Iterable[Category], key: str) -> list[str]:
    """Return a category and everything below it."""
    tree = list(tree)
    found = [key]
    for at in found:
        found += [one.key for one in tree if one.parent == at and one.key not in found]
    return found
