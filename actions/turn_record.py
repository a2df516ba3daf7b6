"""What a running turn and its actions tell each other: a vector goes in, what was found comes out.

The turn worker begins a record before it asks Rasa, the actions fill it while Rasa calls back, and
the worker stores it with the decision. In memory: a turn that is lost is run again as a whole.
"""

from dataclasses import dataclass, field
from typing import Any

from bot.kit.encoder import Vector

LIMIT = 2_000
"""Records kept at most; turns whose end never came fall out at the old end."""


@dataclass(slots=True)
class TurnRecord:
    """One turn."""

    vector: Vector | None = None
    """Of the customer's message: it is encoded once."""
    question: str = ""
    known: Any = None
    """What the knowledge base said before Rasa was asked, in the language it was asked in: no action
    need search again."""
    known_locale: str | None = None
    answer: Any = None
    """What the knowledge base said (`knowledge_base.search.Answer`)."""
    article: dict[str, Any] | None = None
    """The article that was shown: article_id, key, title, revision, score, locale."""
    results: dict[str, str] = field(default_factory=dict)
    """Action to `action_result`."""
    ticket_opened: bool = False
    """The desk has told the customer what happens next; nothing else is said."""
    locale: str | None = None
    """Set when the customer changed the language in this turn."""


class TurnRecords:
    """The records of the turns that are running."""

    def __init__(self) -> None:
        self._records: dict[str, TurnRecord] = {}

    def begin(
        self,
        turn_id: str,
        *,
        vector: Vector | None,
        question: str,
        known: Any = None,
        known_locale: str | None = None,
    ) -> TurnRecord:
        """Start a record, replacing one of an earlier try of the same turn."""
        self._records.pop(turn_id, None)
        while len(self._records) >= LIMIT:
            del self._records[next(iter(self._records))]
        record = self._records[turn_id] = TurnRecord(
            vector=vector, question=question, known=known, known_locale=known_locale
        )
        return record

    def of(self, turn_id: str) -> TurnRecord:
        """Return the turn's record; one that nobody will read when the turn is not ours."""
        return self._records.get(turn_id) or TurnRecord()

    def end(self, turn_id: str) -> TurnRecord | None:
        """Return the record and forget it."""
        return self._records.pop(turn_id, None)
