"""The JSON of macros and rules, built where it goes out and parsed where it comes in. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Literal

from pydantic import Field

from bot.kit.web import Model
from handoff.automation.effect import LOCALES, VARIABLES, Effect, EffectKind
from handoff.automation.performing import Performed
from handoff.automation.repository import Macro, Run
from handoff.automation.rule import Conditions, Outcome, Rule, RuleTerms, Trigger
from handoff.automation.service import MAX_TRIED_DAYS, Offered, Preview, TriedTicket, TryOut
from handoff.ticket import Priority

MAX_LIST = 200
"""Longest list that is read at all; what may be saved is shorter and refused with a reason."""


class EffectModel(Model):
    """One thing to do; only what its kind needs is set."""

    kind: EffectKind
    to: str | None = Field(default=None, max_length=80)
    priority: Priority | None = None
    text: str | None = Field(default=None, max_length=20_000)
    texts: dict[str, str] = Field(default_factory=dict, max_length=10)
    tags: list[str] = Field(default_factory=list, max_length=MAX_LIST)
    vendor: str | None = Field(default=None, max_length=1_000)
    days: int | None = None
    minutes: int | None = None


class ConditionsModel(Model):
    """For which tickets; an empty list fits everything."""

    levels: list[str] = Field(default_factory=list, max_length=MAX_LIST)
    queues: list[str] = Field(default_factory=list, max_length=MAX_LIST)
    states: list[str] = Field(default_factory=list, max_length=MAX_LIST)
    priorities: list[str] = Field(default_factory=list, max_length=MAX_LIST)
    topics: list[str] = Field(default_factory=list, max_length=MAX_LIST)
    categories: list[str] = Field(default_factory=list, max_length=MAX_LIST)
    tags: list[str] = Field(default_factory=list, max_length=MAX_LIST)
    locales: list[str] = Field(default_factory=list, max_length=MAX_LIST)
    channels: list[str] = Field(default_factory=list, max_length=MAX_LIST)
    reasons: list[str] = Field(default_factory=list, max_length=MAX_LIST)
    words: list[str] = Field(default_factory=list, max_length=MAX_LIST)
    min_bounces: int | None = None
    hours: Literal["inside", "outside"] | None = None


class MacroBody(Model):
    """A macro as it is written."""

    name: str = Field(max_length=1_000)
    effects: list[EffectModel] = Field(max_length=MAX_LIST)
    enabled: bool = True


class ChangedMacro(MacroBody):
    """The next version; `version` is the one that was changed."""

    version: int


class RuleTermsModel(Model):
    """A rule as it is written."""

    name: str = Field(max_length=1_000)
    triggers: list[Trigger] = Field(max_length=50)
    conditions: ConditionsModel = Field(default_factory=ConditionsModel)
    effects: list[EffectModel] = Field(max_length=MAX_LIST)
    minutes: int | None = None
    """Of waiting."""
    days: int | None = None
    """Since the last ticket was resolved."""
    stop: bool = False


class RuleBody(Model):
    """A rule for the end of the list."""

    terms: RuleTermsModel
    enabled: bool = True


class ChangedRule(RuleBody):
    """The next version; `version` is the one that was changed."""

    version: int


class VersionBody(Model):
    """The version that is meant."""

    version: int


class OrderBody(Model):
    """All ids of the list, in the new order."""

    ids: list[str] = Field(max_length=1_000)


class TryBody(Model):
    """A rule, saved or not, and on how many days' tickets."""

    terms: RuleTermsModel
    days: int = Field(default=7, ge=1, le=MAX_TRIED_DAYS)


class LogQuery(Model):
    """Which part of the log."""

    rule: str | None = Field(default=None, max_length=36)
    ticket: str | None = Field(default=None, max_length=36)
    """Id or number."""
    outcome: Outcome | None = None
    cursor: str | None = Field(default=None, max_length=36)
    limit: int = Field(default=50, ge=1, le=200)


class UseBody(Model):
    """One click; the same client_id again does nothing twice."""

    client_id: str = Field(max_length=64)


# -------------------------------------------------------------------------------- what goes out


class OfferedQueue(Model):
    """A queue that can be named."""

    key: str
    level: str
    name: str


class OfferedCategory(Model):
    """A category that can be named."""

    key: str
    name: str


class OfferedModel(Model):
    """What effects and conditions can name."""

    queues: list[OfferedQueue]
    categories: list[OfferedCategory]
    topics: list[str]
    variables: list[str]
    locales: list[str]


class MacroItem(Model):
    """A macro."""

    id: str
    version: int
    enabled: bool
    name: str
    effects: list[EffectModel]
    uses: int


class MacroList(Model):
    """Every macro by name, and what can be named; agents get those that are switched on."""

    items: list[MacroItem]
    offered: OfferedModel


class PerformedItem(Model):
    """What came of one effect, or would."""

    kind: EffectKind
    outcome: str
    """done, nothing_to_do, nobody."""
    text: str | None
    """What the customer is told."""


class RefusedItem(Model):
    """Why the effect behind the others would not be done, and so none."""

    index: int
    kind: EffectKind
    cause: str
    detail: str


class MacroPreview(Model):
    """What a macro would do now."""

    id: str
    name: str
    effects: list[EffectModel]
    performed: list[PerformedItem]
    refused: RefusedItem | None


class MacroApplied(Model):
    """What was done; nothing when the same click had been done before."""

    performed: list[PerformedItem]


class RuleItem(Model):
    """A rule, and how often it fitted in the last 30 days, by outcome."""

    id: str
    version: int
    enabled: bool
    terms: RuleTermsModel
    runs: dict[str, int]


class RuleList(Model):
    """The rules in order, and what can be named."""

    items: list[RuleItem]
    offered: OfferedModel


class MissItem(Model):
    """A condition that does not hold, with what was found instead."""

    condition: str
    found: str


class WouldItem(Model):
    """What would be done."""

    kind: EffectKind
    outcome: str


class TriedItem(Model):
    """What the rule would have made of a ticket."""

    ticket_id: str
    number: str
    subject: str
    fired: bool
    trigger: Trigger | None
    """When it would have fitted, or was nearest to it; null: it was never looked at."""
    at: str | None
    misses: list[MissItem]
    would: list[WouldItem]


class TryAnswer(Model):
    """What the rule would have done to the tickets of the last days."""

    days: int
    tickets: int
    fired: int
    complete: bool
    items: list[TriedItem]


class RunItem(Model):
    """That a rule fitted, and what came of it."""

    id: str
    at: str
    rule_id: str
    rule_name: str
    rule_version: int
    ticket_id: str
    number: str
    trigger: Trigger
    outcome: Outcome
    why: dict[str, str]
    done: list[dict[str, Any]]
    error: str | None


class RunLog(Model):
    """A page of the log, newest first."""

    items: list[RunItem]
    next_cursor: str | None


def effects_of(models: Iterable[EffectModel]) -> tuple[Effect, ...]:
    """Read effects."""
    return tuple(
        Effect(
            kind=one.kind,
            to=one.to or None,
            priority=one.priority,
            text=one.text or None,
            texts={locale: text for locale, text in one.texts.items() if text.strip()},
            tags=tuple(tag.strip() for tag in one.tags),
            vendor=one.vendor or None,
            days=one.days,
            minutes=one.minutes,
        )
        for one in models
    )


def effect_model(effect: Effect) -> EffectModel:
    """Render an effect."""
    return EffectModel(
        kind=effect.kind,
        to=effect.to,
        priority=effect.priority,
        text=effect.text,
        texts=dict(effect.texts),
        tags=list(effect.tags),
        vendor=effect.vendor,
        days=effect.days,
        minutes=effect.minutes,
    )


def terms_of(model: RuleTermsModel) -> RuleTerms:
    """Read a rule."""
    given = model.conditions
    values: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value
        for name, value in ((name, getattr(given, name)) for name in type(given).model_fields)
    }
    return RuleTerms(
        name=model.name.strip(),
        triggers=tuple(dict.fromkeys(model.triggers)),
        conditions=Conditions(**values),
        effects=effects_of(model.effects),
        minutes=model.minutes if Trigger.WAITING in model.triggers else None,
        days=model.days if Trigger.RECONTACTED in model.triggers else None,
        stop=model.stop,
    )


def terms_model(terms: RuleTerms) -> RuleTermsModel:
    """Render a rule's terms."""
    conditions: dict[str, Any] = {
        name: list(value) if isinstance(value, tuple) else value
        for name, value in (
            (name, getattr(terms.conditions, name)) for name in ConditionsModel.model_fields
        )
    }
    return RuleTermsModel(
        name=terms.name,
        triggers=list(terms.triggers),
        conditions=ConditionsModel(**conditions),
        effects=[effect_model(effect) for effect in terms.effects],
        minutes=terms.minutes,
        days=terms.days,
        stop=terms.stop,
    )


def offered_model(offered: Offered) -> OfferedModel:
    """Render what can be named."""
    return OfferedModel(
        queues=[OfferedQueue(key=k, level=level, name=name) for k, level, name in offered.queues],
        categories=[OfferedCategory(key=key, name=name) for key, name in offered.categories],
        topics=list(offered.topics),
        variables=list(VARIABLES),
        locales=list(LOCALES),
    )


def macro_item(macro: Macro, uses: Mapping[str, int]) -> MacroItem:
    """Render a macro."""
    return MacroItem(
        id=macro.id,
        version=macro.version,
        enabled=macro.enabled,
        name=macro.name,
        effects=[effect_model(effect) for effect in macro.effects],
        uses=uses.get(macro.id, 0),
    )


def performed_items(performed: Sequence[Performed]) -> list[PerformedItem]:
    """Render what was done."""
    return [
        PerformedItem(kind=one.effect.kind, outcome=one.outcome, text=one.text) for one in performed
    ]


def preview_answer(macro: Macro, preview: Preview) -> MacroPreview:
    """Render what a macro would do."""
    refused = None
    if preview.refused is not None:
        index = len(preview.performed)
        refused = RefusedItem(
            index=index,
            kind=macro.effects[index].kind,
            cause=preview.refused.code,
            detail=preview.refused.detail,
        )
    return MacroPreview(
        id=macro.id,
        name=macro.name,
        effects=[effect_model(effect) for effect in macro.effects],
        performed=performed_items(preview.performed),
        refused=refused,
    )


def rule_item(rule: Rule, runs: Mapping[tuple[str, str], int]) -> RuleItem:
    """Render a rule."""
    return RuleItem(
        id=rule.id,
        version=rule.version,
        enabled=rule.enabled,
        terms=terms_model(rule.terms),
        runs={outcome: count for (rule_id, outcome), count in runs.items() if rule_id == rule.id},
    )


def try_answer(found: TryOut) -> TryAnswer:
    """Render what a rule would have done."""
    return TryAnswer(
        days=found.days,
        tickets=len(found.tickets),
        fired=sum(one.fired for one in found.tickets),
        complete=found.complete,
        items=[_tried(one) for one in found.tickets],
    )


def _tried(one: TriedTicket) -> TriedItem:
    return TriedItem(
        ticket_id=one.ticket.id,
        number=one.ticket.number,
        subject=one.ticket.subject,
        fired=one.fired,
        trigger=one.trigger,
        at=_instant(one.at) if one.at else None,
        misses=[MissItem(condition=miss.condition, found=miss.found) for miss in one.misses],
        would=[WouldItem(kind=effect.kind, outcome=outcome) for effect, outcome in one.would],
    )


def run_item(run: Run) -> RunItem:
    """Render a line of the log."""
    return RunItem(
        id=run.id,
        at=_instant(run.at),
        rule_id=run.rule_id,
        rule_name=run.rule_name,
        rule_version=run.rule_version,
        ticket_id=run.ticket_id,
        number=run.ticket_number,
        trigger=run.trigger,
        outcome=run.outcome,
        why=dict(run.why),
        done=[dict(one) for one in run.done],
        error=run.error,
    )


def _instant(value: datetime) -> str:
    return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
