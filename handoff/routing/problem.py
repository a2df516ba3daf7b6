"""What is wrong with something that an admin wrote down."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong, and where."""

    pointer: str
    """JSON pointer into what was written."""
    code: str
    message: str
