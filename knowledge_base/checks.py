"""What an editor should know about a text while writing it.

Nearest articles and whether they contradict it, phrasings that another article or a flow would
catch, translations that are missing or behind, and what is too long for a phone.
"""

import re
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from bot.kit.locales import LOCALES
from bot.kit.text import is_blank
from knowledge_base.article import FLOWS, Content, State, is_outdated, original_of
from knowledge_base.markdown import to_plain
from knowledge_base.repository import Article
from knowledge_base.search import Answer, Hit

SIMILAR = 0.74
"""From this nearness of meaning on, two articles answer much the same question. Measured on the demo
shop: titles of its 60 English articles are at most 0.71 near to another one (siblings such as a
missing and a wrong item; median 0.51); the same question in other words is 0.76 to 0.79 near."""
CATCHES = 0.76
"""From this nearness of meaning on, a phrasing may well lead to the other article: 2 of the demo
shop's 540 phrasings in three languages do, both with good reason."""
MAX_ASKED = 15
"""Phrasings that are tried; the first ones, so that checking stays quick."""
MAX_NEAR = 3


class Kind(StrEnum):
    """What was noticed."""

    SIMILAR = "similar"
    """Another article asks nearly the same."""
    CONTRADICTION = "contradiction"
    """Another article asks nearly the same and gives other figures."""
    CAUGHT_BY_ARTICLE = "caught_by_article"
    """This phrasing leads to another article."""
    CAUGHT_BY_FLOW = "caught_by_flow"
    """This phrasing starts a flow; no article is searched for it."""
    MISSING_TRANSLATION = "missing_translation"
    OUTDATED_TRANSLATION = "outdated_translation"
    TOO_LONG = "too_long"
    """Telegram gets the answer in several messages."""
    UNKNOWN_RELATED = "unknown_related"
    """A related article does not exist or is not published in any language."""
    NOT_CHECKED = "not_checked"
    """The bot is away: which phrasings start a flow is not known."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was noticed; only the members that fit its kind are set."""

    kind: Kind
    phrasing: str | None = None
    article_id: str | None = None
    key: str | None = None
    title: str | None = None
    locale: str | None = None
    similarity: float | None = None
    """0 to 1."""
    route: str | None = None
    figures: tuple[str, str] | None = None
    """What this text says and what the other one says."""
    parts: int | None = None
    """Telegram messages."""


class AsksArticles(Protocol):
    """The knowledge base, as far as it is used here."""

    async def ask(self, question: str, *, locale: str, limit: int = 10) -> Answer:
        """See `KnowledgeBase.ask`."""
        ...


RouteOf = Callable[[str, str], Awaitable[str | None]]
"""Which route a text in a language takes; None while the bot is away."""
TelegramParts = Callable[[str], Sequence[str]]
"""The messages (HTML) that Telegram gets for a Markdown text."""


@dataclass(frozen=True, slots=True)
class Checker:
    """Looks at a text that is being written."""

    knowledge: AsksArticles
    route_of: RouteOf
    telegram_parts: TelegramParts

    async def check(
        self,
        content: Content,
        *,
        key: str | None,
        locale: str,
        family: Sequence[Article] = (),
        known_keys: Iterable[str] = (),
    ) -> list[Finding]:
        """Return what was noticed, most important first.

        Args:
            content: the text as it is at this moment.
            key: of the article; None for a new one.
            locale: its language.
            family: the stored articles of the key, this one among them.
            known_keys: of the related articles, those that customers could be shown.
        """
        found = translation_findings(family, locale=locale)
        spoken = content.short_answer or content.answer
        parts = len(self.telegram_parts(spoken)) if spoken.strip() else 0
        if parts > 1:
            found.append(Finding(Kind.TOO_LONG, parts=parts))
        known = set(known_keys)
        found += [
            Finding(Kind.UNKNOWN_RELATED, key=other)
            for other in content.related
            if other not in known
        ]
        if not is_blank(content.title):
            answer = await self.knowledge.ask(content.title, locale=locale)
            found += near_findings(content, answer.hits, key=key, locale=locale)
        near = {one.article_id for one in found}
        for phrasing in [text for text in content.phrasings if not is_blank(text)][:MAX_ASKED]:
            found += await self._ask(phrasing, key=key, locale=locale, near=near)
        order = list(Kind)
        return sorted(_once(found), key=lambda one: (order.index(one.kind), -(one.similarity or 0)))

    async def _ask(
        self, phrasing: str, *, key: str | None, locale: str, near: set[str | None]
    ) -> list[Finding]:
        route = await self.route_of(phrasing, locale)
        if route is None:
            return [Finding(Kind.NOT_CHECKED)]
        if route in FLOWS:
            return [Finding(Kind.CAUGHT_BY_FLOW, phrasing=phrasing, route=route)]
        answer = await self.knowledge.ask(phrasing, locale=locale)
        other = next((hit for hit in answer.hits if hit.key != key), None)
        if other is None or other.dense < CATCHES or other.article_id in near:
            return []
        return [
            Finding(
                Kind.CAUGHT_BY_ARTICLE,
                phrasing=phrasing,
                article_id=other.article_id,
                key=other.key,
                title=other.title,
                locale=other.locale,
                similarity=_share(other.dense),
            )
        ]


def near_findings(
    content: Content, hits: Sequence[Hit], *, key: str | None, locale: str
) -> list[Finding]:
    """Return the articles that ask nearly the same, with the figures they differ in. Pure."""
    found: list[Finding] = []
    for hit in hits:
        if hit.key == key or hit.dense < SIMILAR or len(found) == MAX_NEAR:
            continue
        figures = differing_figures(content.answer, hit.answer) if hit.locale == locale else None
        found.append(
            Finding(
                Kind.CONTRADICTION if figures else Kind.SIMILAR,
                article_id=hit.article_id,
                key=hit.key,
                title=hit.title,
                locale=hit.locale,
                similarity=_share(hit.dense),
                figures=figures,
            )
        )
    return found


def translation_findings(family: Sequence[Article], *, locale: str) -> list[Finding]:
    """Return which languages are missing or behind the original. Pure."""
    alive = [one for one in family if one.state is not State.ARCHIVED]
    if not alive:
        return []
    there = {one.locale for one in family}
    found = [
        Finding(Kind.MISSING_TRANSLATION, locale=other)
        for other in LOCALES
        if other not in there and other != locale
    ]
    original = original_of(alive)
    found += [
        Finding(
            Kind.OUTDATED_TRANSLATION, locale=one.locale, article_id=one.id, title=original.title
        )
        for one in alive
        if is_outdated(one, original)
    ]
    return found


_FIGURE = re.compile(
    r"(?P<money>(?:R\$|US\$|\$|€)\s?)?(?P<number>\d+(?:[.,]\d+)*)\s*"
    r"(?:(?:business|working|calendar|full)\s+)?(?P<unit>%|[^\W\d_]+)?",
)
_UNITS = {
    "dia": "day", "dias": "day", "días": "day", "día": "day", "day": "day", "days": "day",
    "hora": "hour", "horas": "hour", "hour": "hour", "hours": "hour", "h": "hour",
    "minuto": "minute", "minutos": "minute", "minute": "minute", "minutes": "minute",
    "mes": "month", "mês": "month", "meses": "month", "month": "month", "months": "month",
    "ano": "year", "anos": "year", "año": "year", "años": "year", "year": "year",
    "years": "year", "semana": "week", "semanas": "week", "week": "week", "weeks": "week",
    "%": "percent", "vezes": "times", "veces": "times", "times": "times", "x": "times",
}  # fmt: skip


def figures_of(answer: str) -> dict[str, dict[str, str]]:
    """Return the figures in a text by what they count: {unit: {number: as it is written}}. Pure."""
    found: dict[str, dict[str, str]] = {}
    for match in _FIGURE.finditer(to_plain(answer)):
        unit = "money" if match["money"] else _UNITS.get((match["unit"] or "").casefold())
        if unit is not None:
            number = match["number"].replace(",", ".").strip(".")
            found.setdefault(unit, {})[number] = match.group().strip()
    return found


def differing_figures(mine: str, theirs: str) -> tuple[str, str] | None:
    """Return what two texts say where they count the same thing and share no number. Pure."""
    ours, others = figures_of(mine), figures_of(theirs)
    for unit, numbers in ours.items():
        other = others.get(unit)
        if other and not set(numbers) & set(other):
            return ", ".join(numbers.values()), ", ".join(other.values())
    return None


def _share(dense: float) -> float:
    return round(min(1.0, max(0.0, dense)), 2)


def _once(findings: Iterable[Finding]) -> list[Finding]:
    return list(dict.fromkeys(findings))
