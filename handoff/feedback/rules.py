"""What a rating is, whom to ask and whom not, and until when it may be changed. Pure."""

from dataclasses import asdict, dataclass, fields
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

LOCKED_AFTER = timedelta(days=14)
"""An answer may be given and changed this long after the question."""
TOO_LATE = timedelta(hours=24)
"""Whoever could not be asked in this time is no longer asked."""
BAD = 2
"""Scores up to this one reach the supervisors."""
GOOD = 4
"""Scores from this one on count as satisfied."""
LOWEST, HIGHEST = 1, 5
MAX_COMMENT = 2_000


class Part(StrEnum):
    """Which part of a conversation is rated."""

    BOT = "bot"
    HUMAN = "human"


class State(StrEnum):
    """How far a request is."""

    DUE = "due"
    """To be asked at its time."""
    ASKED = "asked"
    ANSWERED = "answered"
    NOT_ASKED = "not_asked"


class Why(StrEnum):
    """Why somebody is not asked."""

    SWITCHED_OFF = "switched_off"
    AGENT_SAID_NO = "agent_said_no"
    AUTOMATIC = "automatic"
    """Nobody resolved it: a timer or an erasure did."""
    CATEGORY = "category"
    """Spam, abuse: whatever the settings name."""
    ABUSE = "abuse"
    """The customer insulted the bot."""
    UNREACHABLE = "unreachable"
    REFUSED = "refused"
    """The customer asked not to be asked."""
    ASKED_LATELY = "asked_lately"
    REOPENED = "reopened"
    GONE_ON = "gone_on"
    """By the time to ask somebody else had the conversation, or a day had passed."""


class Tap(StrEnum):
    """What the buttons of a question mean; the code deals with them, Rasa never hears of them."""

    SCORE = "feedback_score"
    NEVER = "feedback_never"
    SKIP = "feedback_skip"
    CHANGE = "feedback_change"


@dataclass(frozen=True, slots=True)
class Settings:
    """When to ask."""

    bot: bool = True
    human: bool = True
    delay_minutes: int = 10
    """Quiet time after which the question comes by itself."""
    bot_every_days: int = 30
    """The same customer is asked about the bot once in this time; 0: after every episode."""
    human_every_days: int = 1
    automatic: bool = False
    """Also about what no person resolved."""
    comment: bool = True
    """Ask for a word after the tap."""
    not_for: tuple[str, ...] = ("spam", "abuse")
    """Categories of tickets that nobody is asked about."""
    version: int = 0

    def as_json(self) -> dict[str, Any]:
        """Return the stored form."""
        value = asdict(self)
        del value["version"]
        return {**value, "not_for": list(self.not_for)}


def settings_of(value: dict[str, Any], *, version: int) -> Settings:
    """Read the stored form; what an older version did not know is as shipped."""
    known = {field.name for field in fields(Settings)} - {"version"}
    given = {name: value[name] for name in known if name in value}
    if "not_for" in given:
        given["not_for"] = tuple(given["not_for"])
    return Settings(**given, version=version)


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known when somebody might be asked."""

    part: Part
    unreachable: bool = False
    refused: bool = False
    last_asked_at: datetime | None = None
    """About the same part, on the same channel's contact."""
    agent_said_no: bool = False
    automatic: bool = False
    category: str | None = None
    abusive: bool = False


def why_not(settings: Settings, facts: Facts, *, now: datetime) -> Why | None:
    """Return why this customer is not asked, or None when the question may be put."""
    human = facts.part is Part.HUMAN
    days = settings.human_every_days if human else settings.bot_every_days
    last = facts.last_asked_at
    rules = (
        (Why.SWITCHED_OFF, not (settings.human if human else settings.bot)),
        (Why.AGENT_SAID_NO, facts.agent_said_no),
        (Why.AUTOMATIC, facts.automatic and not settings.automatic),
        (Why.CATEGORY, facts.category is not None and facts.category in settings.not_for),
        (Why.ABUSE, facts.abusive),
        (Why.UNREACHABLE, facts.unreachable),
        (Why.REFUSED, facts.refused),
        (Why.ASKED_LATELY, last is not None and now - last < timedelta(days=days)),
    )
    return next((why for why, holds in rules if holds), None)


def may_answer(asked_at: datetime | None, now: datetime) -> bool:
    """Tell whether an answer may be given or changed."""
    return asked_at is not None and now - asked_at <= LOCKED_AFTER


def score_of(text: str | None) -> int | None:
    """Return a score from a button's entity, or None when it is none."""
    if text is None or not text.isdecimal() or len(text) != 1:
        return None
    score = int(text)
    return score if LOWEST <= score <= HIGHEST else None


def is_bad(score: int) -> bool:
    """Tell whether supervisors must hear of it."""
    return score <= BAD
