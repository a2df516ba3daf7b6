"""What would the bot do with this message? The same decision as in a turn, without any effect."""

from typing import Any, Protocol

from bot.dialogue.fallback import wants_person
from bot.dialogue.language import Detector, choose_language
from bot.dialogue.pause import asks_to_wait
from bot.dialogue.rasa_client import Dialogue, RasaDown
from bot.dialogue.reasons import Why
from bot.dialogue.routing import (
    FALLBACK,
    PAUSE,
    Decision,
    Route,
    decide,
    needs_search,
    route_of,
    with_articles,
)
from bot.kit.encoder import Encoder, Vector, pack
from bot.kit.text import MAX_CHARACTERS, clean_text, for_understanding, is_blank


class KnowledgePort(Protocol):
    """The search."""

    async def ask(
        self, question: str, *, locale: str, vector: Vector | None = None, limit: int = 10
    ) -> Any:
        """Return an answer with decision, hits, margin and reasons."""
        ...


class Explainer:
    """Makes the routing decision for a text nobody sent."""

    def __init__(
        self,
        *,
        dialogue: Dialogue,
        knowledge: KnowledgePort,
        encoder: Encoder,
        detector: Detector,
        default_locale: str,
    ) -> None:
        self._dialogue = dialogue
        self._knowledge = knowledge
        self._encoder = encoder
        self._detector = detector
        self._default_locale = default_locale

    async def explain(self, text: str, *, locale: str | None) -> Decision:
        """Return the decision for `text`; without Rasa it is the bot-less mode's, and says so."""
        asked = for_understanding(clean_text(text))[:MAX_CHARACTERS]
        if is_blank(asked):
            return Decision(
                route=Route.CLARIFY,
                intent=FALLBACK,
                confidence=0.0,
                locale=locale or self._default_locale,
                why=(Why("nothing_to_read"),),
            )
        if asks_to_wait(asked):
            return Decision(
                route=Route.SMALLTALK,
                intent=PAUSE,
                confidence=1.0,
                locale=locale or self._default_locale,
                why=(Why("asks_to_wait"),),
            )
        chosen = locale or choose_language(
            asked, current=self._default_locale, detector=self._detector
        )
        vector = await self._encoder.encode(asked)
        try:
            parse = await self._dialogue.parse(asked, locale=chosen, vector=pack(vector))
        except RasaDown as error:
            return await self._without_bot(asked, vector, chosen, str(error))
        answer = (
            await self._knowledge.ask(asked, locale=chosen, vector=vector)
            if needs_search(parse.intent.name)
            else None
        )
        return decide(parse, answer, locale=chosen)

    async def _without_bot(self, text: str, vector: Vector, locale: str, why: str) -> Decision:
        answer = await self._knowledge.ask(text, locale=locale, vector=vector)
        intent = "human" if wants_person(text) else FALLBACK
        route = route_of(intent, answer, raw_intent=intent)
        decision = Decision(
            route=route,
            intent=intent,
            confidence=0.0,
            locale=locale,
            why=(Why("bot_unavailable", {"cause": why}),),
        )
        return decision if route is Route.HUMAN else with_articles(decision, answer)
