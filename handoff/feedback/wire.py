"""What the ratings' routes take and give."""

from collections.abc import Iterable
from datetime import datetime
from typing import Literal

from pydantic import Field, model_validator

from bot.kit.errors import Invalid
from bot.kit.web import Model
from handoff.feedback.report import Figures, Line
from handoff.feedback.repository import Feedback
from handoff.feedback.rules import Part, Settings, State, may_answer
from handoff.feedback.service import Inbox
from handoff.informing.choice import veiled
from handoff.informing.repository import Waiting
from handoff.service_level.wire import CsatItem, instant

MAX_CATEGORIES = 50


class FeedbackQuery(Model):
    """Which ratings a page shows."""

    part: Literal["", "bot", "human"] = ""
    bad: bool = False
    unseen: bool = False
    cursor: str | None = Field(default=None, max_length=100)
    limit: int = Field(default=50, ge=1, le=200)


class FeedbackItem(Model):
    """One rating."""

    id: str
    part: str
    score: int
    comment: str | None
    answered_at: str
    channel: str
    locale: str
    conversation_id: str
    ticket_id: str | None
    number: str | None
    agent: str | None
    queue: str | None
    level: str | None
    article: str | None
    bad: bool
    seen_at: str | None
    seen_by: str | None


class FeedbackPage(Model):
    """Ratings, newest first."""

    items: list[FeedbackItem]
    unseen: int
    """Bad ones that nobody has dealt with."""
    next_cursor: str | None


class TicketFeedback(Model):
    """What became of the question about one ticket."""

    state: str
    why_not: str | None
    agent: str | None
    asked_at: str | None
    score: int | None
    comment: str | None
    answered_at: str | None
    locked: bool


class WaitingItem(Model):
    """How the customer chose to wait."""

    choice: str
    chosen_at: str | None
    mail: str | None
    """Where news is mailed to as well, veiled."""


class TicketCustomer(Model):
    """What the customer of a ticket chose and thought."""

    waiting: WaitingItem | None
    feedback: TicketFeedback | None


class SettingsBody(Model):
    """When to ask."""

    bot: bool
    human: bool
    delay_minutes: int = Field(ge=1, le=120)
    bot_every_days: int = Field(ge=0, le=365)
    human_every_days: int = Field(ge=0, le=365)
    automatic: bool
    comment: bool
    not_for: list[str] = Field(max_length=MAX_CATEGORIES)
    version: int = Field(ge=0)

    @model_validator(mode="after")
    def _check(self) -> "SettingsBody":
        if any(not key or len(key) > 60 for key in self.not_for):
            raise ValueError("a category has 1 to 60 characters")
        return self


class FiguresQuery(Model):
    """Which period, and what of it."""

    from_: str | None = Field(default=None, alias="from", max_length=40)
    to: str | None = Field(default=None, max_length=40)
    level: str | None = Field(default=None, max_length=4)
    queue: str | None = Field(default=None, max_length=60)


class FeedbackLine(Model):
    """One group's numbers; of nothing there is no percentage."""

    by: str
    part: str
    key: str
    asked: int
    answers: int
    response_percent: float | None
    score_percent: float | None
    mean: float | None
    bad: int


class FeedbackFigures(Model):
    """Numbers of a period."""

    from_: str = Field(serialization_alias="from")
    to: str
    formula: str
    human: FeedbackLine
    bot: FeedbackLine | None
    """None when only some queues are looked at."""
    groups: list[FeedbackLine]


FORMULA = "score = answers of 4 and 5 / all answers x 100; response = answers / questions x 100"


def feedback_item(found: Feedback) -> FeedbackItem:
    """Render a rating."""
    assert found.score is not None and found.answered_at is not None  # noqa: S101 PT018  answered
    return FeedbackItem(
        id=found.id,
        part=found.part.value,
        score=found.score,
        comment=found.comment,
        answered_at=instant(found.answered_at),
        channel=found.channel,
        locale=found.locale,
        conversation_id=found.conversation_id,
        ticket_id=found.ticket_id,
        number=found.ticket_number,
        agent=found.agent_name,
        queue=found.queue_key,
        level=found.level,
        article=found.article_key,
        bad=found.score <= 2,
        seen_at=instant(found.seen_at) if found.seen_at else None,
        seen_by=found.seen_by_name,
    )


def feedback_page(found: Inbox) -> FeedbackPage:
    """Render a page of ratings."""
    cursor = None
    if found.next_before is not None:
        at, feedback_id = found.next_before
        cursor = f"{instant(at)}~{feedback_id}"
    return FeedbackPage(
        items=[feedback_item(one) for one in found.items],
        unseen=found.unseen,
        next_cursor=cursor,
    )


def read_cursor(text: str | None) -> tuple[datetime, str] | None:
    """Read where the page before ended.

    Raises:
        Invalid: it is none of ours.
    """
    if not text:
        return None
    at, _, feedback_id = text.partition("~")
    try:
        found = datetime.fromisoformat(at)
    except ValueError:
        found = None
    if found is None or found.tzinfo is None or not feedback_id:
        raise Invalid("This cursor is none of ours.", code="invalid_cursor")
    return found, feedback_id


def ticket_customer_answer(
    waiting: Waiting, rating: Feedback | None, *, now: datetime
) -> TicketCustomer:
    """Render what the customer of a ticket chose and thought."""
    chosen = None
    if waiting.choice is not None:
        chosen = WaitingItem(
            choice=waiting.choice.value,
            chosen_at=instant(waiting.chosen_at) if waiting.chosen_at else None,
            mail=veiled(waiting.mail_to) if waiting.mail_to else None,
        )
    return TicketCustomer(waiting=chosen, feedback=_ticket_feedback(rating, now=now))


def _ticket_feedback(found: Feedback | None, *, now: datetime) -> TicketFeedback | None:
    if found is None:
        return None
    return TicketFeedback(
        state=found.state.value,
        why_not=found.why_not if found.state is State.NOT_ASKED else None,
        agent=found.agent_name,
        asked_at=instant(found.asked_at) if found.asked_at else None,
        score=found.score,
        comment=found.comment,
        answered_at=instant(found.answered_at) if found.answered_at else None,
        locked=found.asked_at is not None and not may_answer(found.asked_at, now),
    )


def settings_of(body: SettingsBody) -> Settings:
    """Read settings."""
    return Settings(
        bot=body.bot,
        human=body.human,
        delay_minutes=body.delay_minutes,
        bot_every_days=body.bot_every_days,
        human_every_days=body.human_every_days,
        automatic=body.automatic,
        comment=body.comment,
        not_for=tuple(dict.fromkeys(body.not_for)),
        version=body.version,
    )


def settings_body(settings: Settings) -> SettingsBody:
    """Render settings."""
    return SettingsBody(**settings.as_json(), version=settings.version)


def _line(line: Line) -> FeedbackLine:
    return FeedbackLine(
        by=line.by,
        part=line.part.value,
        key=line.key,
        asked=line.asked,
        answers=line.answers,
        response_percent=line.response_percent,
        score_percent=line.score_percent,
        mean=line.mean,
        bad=line.bad,
    )


def figures_answer(
    found: Figures, *, since: datetime, until: datetime, only_people: bool
) -> FeedbackFigures:
    """Render the numbers of a period."""
    return FeedbackFigures(
        from_=instant(since),
        to=instant(until),
        formula=FORMULA,
        human=_line(found.human),
        bot=None if only_people else _line(found.bot),
        groups=[_line(g) for g in found.groups if not only_people or g.part is Part.HUMAN],
    )


FIGURES_COLUMNS = (
    "by",
    "part",
    "key",
    "asked",
    "answers",
    "response_percent",
    "score_percent",
    "mean",
    "bad",
)


def figures_rows(answer: FeedbackFigures) -> Iterable[list[object]]:
    """Give the numbers for a spreadsheet, one group a line."""
    for line in (answer.human, answer.bot, *answer.groups):
        if line is not None:
            yield [getattr(line, name) for name in FIGURES_COLUMNS]


def csat_item(line: Line) -> CsatItem:
    """Render one part's numbers for the overview."""
    return CsatItem(
        answers=line.answers,
        asked=line.asked,
        mean=line.mean,
        satisfied_percent=line.score_percent,
    )
