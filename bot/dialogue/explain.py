"""What would the bot do with this message? The same decision as in a turn, without any effect."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Protocol

from bot.dialogue.fallback import wants_person
from bot.dialogue.language import Detector, choose_language
from bot.dialogue.pause import asks_to_wait
from bot.dialogue.rasa_client import Dialogue, RasaDown
from bot.dialogue.reasons import Why, notice_reason
from bot.dialogue.routing import (
    FALLBACK,
    PAUSE,
    AnswerLike,
    Decision,
    Route,
    decide,
    needs_search,
    route_of,
    verdict_of,
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


Notices = Callable[[str, Vector | None, Mapping[str, Any]], Awaitable[Sequence[Any]]]
"""The known incidents that concern a text: of the text, its vector and the decision about it."""


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
        notices: Notices | None = None,
    ) -> None:
        self._dialogue = dialogue
        self._knowledge = knowledge
        self._encoder = encoder
        self._detector = detector
        self._default_locale = default_locale
        self._notices = notices

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
        answer = await self._knowledge.ask(asked, locale=chosen, vector=vector)
        try:
            parse = await self._dialogue.parse(
                asked, locale=chosen, vector=pack(vector), article=verdict_of(answer)
            )
        except RasaDown as error:
            decision = self._without_bot(asked, answer, chosen, str(error))
        else:
            searched = answer if needs_search(parse.intent.name) else None
            decision = decide(parse, searched, locale=chosen)
        return await self._with_notices(decision, asked, vector)

    async def _with_notices(self, decision: Decision, text: str, vector: Vector) -> Decision:
        if self._notices is None:
            return decision
        found = await self._notices(text, vector, decision.as_json())
        return replace(
            decision, why=(*decision.why, *(notice_reason(one.notice.title) for one in found))
        )

    def _without_bot(self, text: str, answer: AnswerLike, locale: str, why: str) -> Decision:
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
