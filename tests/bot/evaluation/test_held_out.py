"""What is measured with was never learned from: no held-out message is in the training data or the articles."""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import yaml

from bot.evaluation.cases import Case, read_cases
from bot.evaluation.floors import parse_floors
from bot.rasa.environment import NLU, ROOT

HELD_OUT = NLU / "heldout"
_ANNOTATED = re.compile(r"\[([^\]]*)\](?:\([^)]*\)|\{[^}]*\})")


def normalised(text: str) -> str:
    """Return what is left of a text without capitals, accents, signs and spaces."""
    letters = unicodedata.normalize("NFKD", text.casefold())
    plain = "".join(letter for letter in letters if not unicodedata.combining(letter))
    return " ".join(re.findall(r"\w+", plain)) or text


def learned() -> dict[str, str]:
    """Return {normalised text: where it is} of all the bot learns from."""
    found: dict[str, str] = {}
    for path in sorted((NLU / "data").rglob("*.yml")):
        for part in yaml.safe_load(path.read_text()).get("nlu") or ():
            for line in (part.get("examples") or "").splitlines():
                text = _ANNOTATED.sub(r"\1", line.strip().removeprefix("- "))
                found.setdefault(normalised(text), path.name)
    for path, text in phrasings():
        found.setdefault(normalised(text), f"{path.parent.name}/{path.name}")
    return found


def phrasings() -> Iterator[tuple[Path, str]]:
    """Yield titles and phrasings of the demo shop's articles."""
    for path in sorted((ROOT / "knowledge_base" / "seed").rglob("*.md")):
        head = yaml.safe_load(path.read_text().split("---\n")[1])
        for text in (head["title"], *(head.get("phrasings") or ())):
            yield path, text


def messages() -> list[Case]:
    """Return the messages; turns of dialogues are everyday words, and test the course of things."""
    return [case for case in read_cases(sorted(HELD_OUT.glob("*.jsonl"))) if case.dialogue is None]


def test_no_held_out_message_was_learned_from() -> None:
    known = learned()
    assert len(known) > 5_000
    seen = [
        f"{case.place}: {case.text!r} is in {known[normalised(case.text)]}"
        for case in messages()
        if normalised(case.text) in known
    ]
    assert not seen, "Take them out of nlu/heldout, or out of what is learned:\n" + "\n".join(seen)


def test_no_held_out_message_counts_twice() -> None:
    counts = Counter((case.locale, normalised(case.text)) for case in messages())
    assert [key for key, count in counts.items() if count > 1] == []


def test_every_locale_has_floors_and_enough_messages() -> None:
    floors = parse_floors((HELD_OUT / "floors.toml").read_text())
    counts = Counter(case.locale for case in messages())
    for locale in ("pt-BR", "en", "es"):
        assert counts[locale] >= 300
        assert {"accuracy", "core_recall", "human_recall", "false_flow_starts"} <= set(
            floors.by_locale[locale]
        )
    assert set(floors.losses) == {"caps", "accents", "typos"}
