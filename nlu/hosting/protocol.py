"""What passes between the host's HTTP face and its engine; imports nothing of Rasa.

The face has to answer while Rasa is still being imported.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Dict, List, Mapping, Optional, Protocol

from components.articles import Verdict


class BadModel(Exception):
    """A file that holds no model this host can run."""


class TurnFailed(Exception):
    """A turn that ended without a usable answer."""


@dataclass(frozen=True)
class TurnRequest:
    """One message of a customer, or one event the gateway reports as an intent."""

    conversation_id: str
    turn_id: str
    text: str
    locale: str
    channel: str
    metadata: Mapping[str, Any]
    vector: Optional[Any] = None
    intent: Optional[str] = None
    entities: Mapping[str, Any] = field(default_factory=dict)
    article: Optional[Verdict] = None


@dataclass(frozen=True)
class ModelFacts:
    """Which model is loaded."""

    name: str
    hash: str
    trained_at: str

    def as_dict(self) -> Dict[str, str]:
        return {"name": self.name, "hash": self.hash, "trained_at": self.trained_at}


class Conversations(Protocol):
    """The engine, as the HTTP face sees it."""

    @property
    def model(self) -> ModelFacts:
        """The model that serves."""

    @property
    def live(self) -> int:
        """Conversations in memory."""

    async def load(self, path: str) -> ModelFacts:
        """Serve with another model."""

    async def turn(self, request: TurnRequest) -> Dict[str, Any]:
        """Run a turn."""

    def parse(
        self, text: str, vector: Optional[Any] = None, article: Optional[Verdict] = None
    ) -> Dict[str, Any]:
        """What a text means."""

    async def append(self, conversation_id: str, events: List[Dict[str, Any]]) -> None:
        """Add events."""

    async def erase(self, conversation_id: str) -> None:
        """Delete a conversation."""
