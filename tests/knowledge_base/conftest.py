"""A small knowledge base on a real database, with an encoder that needs no model."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pytest
from numpy.typing import NDArray

from bot.kit.bus import LocalBus
from bot.kit.clock import FixedClock
from bot.kit.db import Database
from bot.kit.encoder import DIMENSIONS, Vector
from knowledge_base.article import Content
from knowledge_base.search import KnowledgeBase
from knowledge_base.service import Articles, Details
from knowledge_base.text import words_of


class WordEncoder:
    """Vectors that are near when texts share words: enough where meaning is not the point."""

    name = "words"

    def __init__(self) -> None:
        self.texts: list[str] = []

    def encode_now(self, texts: Sequence[str]) -> NDArray[np.float32]:
        self.texts += texts
        vectors = np.zeros((len(texts), DIMENSIONS), np.float32)
        for row, text in enumerate(texts):
            for word in words_of(text):
                digest = hashlib.sha256(word.encode()).digest()
                vectors[row, int.from_bytes(digest[:4], "big") % DIMENSIONS] += 1
            vectors[row] /= max(float(np.linalg.norm(vectors[row])), 1e-6)
        return vectors

    async def encode(self, text: str) -> Vector:
        vector: Vector = self.encode_now([text])[0]
        return vector

    async def encode_many(self, texts: Sequence[str]) -> NDArray[np.float32]:
        return self.encode_now(texts)


@dataclass
class Desk:
    """What an editor sits at."""

    db: Database
    clock: FixedClock
    words: WordEncoder
    knowledge: KnowledgeBase
    articles: Articles

    async def write(
        self,
        title: str,
        answer: str = "An answer.",
        *,
        locale: str = "en",
        key: str | None = None,
        phrasings: Sequence[str] = (),
        publish: bool = True,
    ) -> Details:
        """Store an article and, unless told otherwise, publish it."""
        details = await self.articles.create(
            actor=None,
            locale=locale,
            key=key,
            content=Content(title=title, answer=answer, phrasings=tuple(phrasings)),
        )
        if publish:
            details = await self.articles.publish(details.article.id, actor=None)
        return details


def make_desk(db: Database, clock: FixedClock, bus: LocalBus) -> Desk:
    words = WordEncoder()
    knowledge = KnowledgeBase(db, words, bus=bus)
    articles = Articles(db, clock=clock, encoder=words, knowledge=knowledge)
    return Desk(db, clock, words, knowledge, articles)


@pytest.fixture
def desk(db: Database, clock: FixedClock, bus: LocalBus) -> Desk:
    return make_desk(db, clock, bus)


@pytest.fixture
def sqlite_desk(sqlite_db: Database, clock: FixedClock, bus: LocalBus) -> Desk:
    return make_desk(sqlite_db, clock, bus)
