"""What tickets can be about: a list that admins keep. Pure."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bot.kit.locales import LOCALES
from bot.kit.text import clean_text, is_blank

MAX_CATEGORIES = 200
MAX_TOPICS = 50
MAX_NAME = 80
_KEY = re.compile(r"[a-z0-9][a-z0-9_-]{0,59}")
_TOPIC = re.compile(r"[a-z0-9][a-z0-9_./-]{0,79}")


@dataclass(frozen=True, slots=True)
class Category:
    """One line of the list."""

    key: str
    names: Mapping[str, str]
    topics: tuple[str, ...]
    """Topics of hand-offs that begin in this category."""
    position: int
    version: int
    retired: bool = False

    def name(self, locale: str) -> str:
        """What it is called in `locale`."""
        return self.names.get(locale) or self.names.get("en") or self.key


def category_of(categories: Sequence[Category], topics: Sequence[str]) -> str | None:
    """Return the key of the category for `topics` (the most telling one first), or None."""
    for topic in topics:
        for category in categories:
            if not category.retired and topic in category.topics:
                return category.key
    return None


def key_problem(key: str) -> str | None:
    """Return why the key can't be used, or None."""
    if _KEY.fullmatch(key) is None:
        return "Use small letters, digits, - and _ for the key, at most 60."
    return None


def clean_names(names: Mapping[str, str]) -> dict[str, str]:
    """Return the names as they are stored.

    Raises:
        ValueError: with what to do, when a language is missing, unknown or too long.
    """
    found = {locale: " ".join(clean_text(name).split()) for locale, name in names.items()}
    for locale in LOCALES:
        if is_blank(found.get(locale, "")):
            raise ValueError("Give the category a name in every language.")
    if set(found) - set(LOCALES):
        raise ValueError("There is a name in a language that Frontline does not speak.")
    if any(len(name) > MAX_NAME for name in found.values()):
        raise ValueError(f"A name has at most {MAX_NAME} characters.")
    return found


def clean_topics(topics: Sequence[str]) -> list[str]:
    """Return the topics as they are stored, each once.

    Raises:
        ValueError: with what to do, when there are too many or one can't be used.
    """
    found = list(dict.fromkeys(topic.strip().lower() for topic in topics if topic.strip()))
    if len(found) > MAX_TOPICS:
        raise ValueError(f"A category has at most {MAX_TOPICS} topics.")
    wrong = next((topic for topic in found if _TOPIC.fullmatch(topic) is None), None)
    if wrong is not None:
        raise ValueError(
            f"“{wrong[:80]}” can't be a topic: use small letters, digits and . / - _ without spaces."
        )
    return found
