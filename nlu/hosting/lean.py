"""Rasa without TensorFlow, which it imports and this bot never uses.

Importing TensorFlow takes most of the host's start and of its memory (see README.md). Before Rasa is
imported, modules of that name are put in its place whose every attribute is an empty class: enough
to define classes from, useless to compute with. A model with a component that does need TensorFlow
cannot be loaded this way; ``--with-tensorflow`` of ``host.py`` and ``train.py`` is for that.
"""

from __future__ import annotations

import importlib.abc
import importlib.machinery
import sys
import types
from typing import Any, FrozenSet, Optional, Sequence

_DEEP_LEARNING = frozenset(
    "tensorflow tensorflow_addons tensorflow_text tensorflow_hub keras tensorboard jax".split()
)
#: What only training and reports use.
_TRAINING = frozenset(("sklearn", "scipy", "matplotlib"))


class _Meta(type):
    """Attributes of an empty class are empty classes."""

    def __getattr__(cls, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        made = _empty(f"{cls.__name__}.{name}")
        setattr(cls, name, made)
        return made


def _empty(name: str) -> Any:
    def nothing(self: Any, *_: Any, **__: Any) -> None:
        """Accept whatever the real one takes (a decorator its function, say)."""

    return _Meta(name, (), {"__init__": nothing, "__module__": __name__})


class _Module(types.ModuleType):
    """A module that has everything, and nothing in it."""

    __version__ = "0"

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        made = _empty(name)
        setattr(self, name, made)
        return made


class _Finder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    def __init__(self, replaced: FrozenSet[str]) -> None:
        self._replaced = replaced

    def find_spec(
        self,
        fullname: str,
        path: Optional[Sequence[str]],
        target: Optional[types.ModuleType] = None,
    ) -> Optional[importlib.machinery.ModuleSpec]:
        if fullname.split(".", 1)[0] not in self._replaced:
            return None
        return importlib.machinery.ModuleSpec(fullname, self, is_package=True)

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> types.ModuleType:
        return _Module(spec.name)

    def exec_module(self, module: types.ModuleType) -> None:
        """There is nothing to run."""


def leave_tensorflow_out(*, training: bool) -> None:
    """From now on an import of TensorFlow gives an empty one.

    Without ``training`` that goes for the libraries of training, too. What was imported before stays.
    """
    replaced = _DEEP_LEARNING if training else _DEEP_LEARNING | _TRAINING
    if any(isinstance(finder, _Finder) for finder in sys.meta_path):
        return
    sys.meta_path.insert(0, _Finder(replaced - set(sys.modules)))
