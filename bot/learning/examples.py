"""Accepted examples as Rasa's own training data (YAML, version 3.1). Pure."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from bot.kit.locales import LOCALES
from bot.learning.item import INTENTS
from bot.learning.masking import for_training

FILE_NAME = "learned.yml"
HEADER = (
    "# Examples that reviewers accepted; personal data is replaced by made-up values.\n"
    'version: "3.1"\n'
)


@dataclass(frozen=True, slots=True)
class Example:
    """A text and the intent it stands for."""

    text: str
    """Masked."""
    locale: str
    intent: str


def render(examples: Iterable[Example]) -> str:
    """Return the file's text: the same examples in any order give the same bytes; none give ""."""
    groups: dict[tuple[str, str], set[str]] = defaultdict(set)
    for example in examples:
        text = for_training(example.text)
        if text and example.intent in INTENTS and example.locale in LOCALES:
            groups[example.intent, example.locale].add(text)
    if not groups:
        return ""
    parts = [HEADER, "nlu:\n"]
    for intent, locale in sorted(groups):
        parts.append(
            f"  - intent: {intent}\n    metadata: {{locale: {locale}}}\n    examples: |\n"
            + "".join(f"      - {text}\n" for text in sorted(groups[intent, locale]))
        )
    return "".join(parts)


def count(rendered: str) -> int:
    """Return how many examples a rendered file holds."""
    return sum(line.startswith("      - ") for line in rendered.splitlines())
