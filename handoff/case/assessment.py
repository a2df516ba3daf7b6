"""How urgent a ticket is, from how much is affected and how soon it hurts. Pure.

The matrix of ITIL (three grades each, five priorities) on the desk's four: its last two, "low" and
"planning", are one here.

                 urgency high   urgency medium   urgency low
    impact high      urgent          high           normal
    impact medium    high            normal         low
    impact low       normal          low            low
"""

from enum import StrEnum

from handoff.ticket import Priority


class Grade(StrEnum):
    """How much (impact), or how soon (urgency)."""

    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"


_PRIORITIES = (Priority.URGENT, Priority.HIGH, Priority.NORMAL, Priority.LOW, Priority.LOW)


def priority_of(impact: Grade, urgency: Grade) -> Priority:
    """Return the priority of the matrix."""
    grades = list(Grade)
    return _PRIORITIES[grades.index(impact) + grades.index(urgency)]
