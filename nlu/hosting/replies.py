"""What the bot says, as keys and small structures instead of text.

Texts, their languages and their variables belong to the gateway, where admins edit them. Rasa only
says which of them to say.
"""

from __future__ import annotations

from typing import Any, Dict, List, Optional, Text

from rasa.core.channels.channel import OutputChannel
from rasa.core.nlg import NaturalLanguageGenerator
from rasa.shared.core.domain import Domain
from rasa.shared.core.trackers import DialogueStateTracker
from rasa.utils.endpoints import EndpointConfig

# Arguments that Rasa adds to the variables an action gives.
_NOT_VARIABLES = frozenset(
    """domain_responses text image attachment buttons elements custom quick_replies template
    response""".split()
)


class KeyGenerator(NaturalLanguageGenerator):
    """Answers every request for a text with the key of the text."""

    def __init__(
        self, endpoint_config: Optional[EndpointConfig] = None, domain: Optional[Domain] = None
    ) -> None:
        """Takes what Rasa passes to a generator named in ``endpoints.yml``; needs nothing of it."""

    async def generate(
        self,
        utter_action: Text,
        tracker: DialogueStateTracker,
        output_channel: Text,
        **kwargs: Any,
    ) -> Dict[Text, Any]:
        """``{"say": key}``, with the variables an action gave."""
        variables = {
            name: value
            for name, value in kwargs.items()
            if name not in _NOT_VARIABLES and isinstance(value, (str, int, float, bool))
        }
        reply: Dict[Text, Any] = {"say": utter_action}
        if variables:
            reply["vars"] = variables
        return {"custom": reply}


class TurnChannel(OutputChannel):
    """Collects what one turn says, and what went wrong in it."""

    def __init__(self) -> None:
        self.replies: List[Dict[str, Any]] = []
        self.failed_actions: List[str] = []

    @classmethod
    def name(cls) -> Text:
        """The channel's name in Rasa; the customer's channel is in the metadata."""
        return "frontline"

    async def send_response(self, recipient_id: Text, message: Dict[Text, Any]) -> None:
        """Keep one bot message as a reply."""
        reply = as_reply(message)
        if reply is not None:
            self.replies.append(reply)

    async def send_text_message(self, recipient_id: Text, text: Text, **kwargs: Any) -> None:
        """Keep a text that something sent past the responses."""
        self.replies.append({"markdown": text})


def as_reply(message: Dict[Text, Any]) -> Optional[Dict[str, Any]]:
    """A reply from one of Rasa's bot messages; ``None`` when it says nothing."""
    custom = message.get("custom")
    if isinstance(custom, dict) and ("say" in custom or "markdown" in custom):
        return dict(custom)
    text = message.get("text")
    if not text:
        return None
    reply: Dict[str, Any] = {"markdown": text}
    choices = [choice for choice in map(_choice, message.get("buttons") or []) if choice]
    if choices:
        reply["choices"] = choices
    return reply


def _choice(button: Any) -> Optional[Dict[str, Any]]:
    """A choice from one of Rasa's buttons; its payload has to be an ``/intent``."""
    if not isinstance(button, dict):
        return None
    title, payload = button.get("title"), str(button.get("payload") or "")
    if not title or not payload.startswith("/"):
        return None
    return {"label": title, "intent": payload[1:].split("{", 1)[0]}
