"""What a macro or a rule does to a ticket: the list of effects, and what is refused of it. Pure.

An effect that ends the hands-on work (passing on, waiting, snoozing, resolving) comes last: what
would follow it would be done to a ticket that somebody else has, or nobody.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import timedelta
from enum import StrEnum
from typing import Any

from bot.kit.text import clean_text, is_blank
from bot.staff.account import LEVELS
from handoff.ticket import LONGEST_SNOOZE, Priority

LOCALES = ("pt-BR", "en", "es")
MAX_EFFECTS = 10
MAX_TEXT = 4_000
MAX_NOTE = 2_000
MAX_NAME = 100
MAX_TAGS = 10
MAX_TAG = 40
MAX_VENDOR = 120
MAX_DAYS = 365
"""Longest time that a third party is given."""
VARIABLES = ("customer", "agent", "number", "subject", "queue", "level")
"""What a text may name in braces."""
_VARIABLE = re.compile(r"\{([^{}]*)\}")
_UNKNOWN_NAME = re.compile(r"[ \t]*\{customer\}")


class EffectKind(StrEnum):
    """What can be done."""

    PRIORITY = "priority"
    """Set `priority`."""
    RAISE_PRIORITY = "raise_priority"
    """One step more urgent."""
    CATEGORY = "category"
    """Set the category whose key is `to`."""
    ADD_TAGS = "add_tags"
    REMOVE_TAGS = "remove_tags"
    NOTE = "note"
    """An internal note of `text`."""
    REPLY = "reply"
    """Tell the customer `texts` in the language of the conversation."""
    NOTIFY = "notify"
    """A mail to `to`: assignee or supervisors. Only rules."""
    TRANSFER = "transfer"
    """To the queue `to`."""
    ESCALATE_FUNCTIONAL = "escalate_functional"
    """To a deeper level, or a queue there: `to`."""
    ESCALATE_HIERARCHICAL = "escalate_hierarchical"
    """To the least busy supervisor, of the level `to` if one is there."""
    WAIT_CUSTOMER = "wait_customer"
    WAIT_THIRD_PARTY = "wait_third_party"
    """For `vendor`, who should answer within `days`."""
    SNOOZE = "snooze"
    """For so many `minutes`."""
    RESOLVE = "resolve"


ENDINGS = frozenset(
    {
        EffectKind.TRANSFER,
        EffectKind.ESCALATE_FUNCTIONAL,
        EffectKind.ESCALATE_HIERARCHICAL,
        EffectKind.WAIT_CUSTOMER,
        EffectKind.WAIT_THIRD_PARTY,
        EffectKind.SNOOZE,
        EffectKind.RESOLVE,
    }
)
MOVES = frozenset(
    {EffectKind.TRANSFER, EffectKind.ESCALATE_FUNCTIONAL, EffectKind.ESCALATE_HIERARCHICAL}
)
ONLY_RULES = frozenset({EffectKind.NOTIFY})
NOTIFIED = ("assignee", "supervisors")


@dataclass(frozen=True, slots=True)
class Effect:
    """One thing to do; only what its kind needs is set."""

    kind: EffectKind
    to: str | None = None
    priority: Priority | None = None
    text: str | None = None
    texts: Mapping[str, str] = field(default_factory=dict)
    """By language; a conversation in another language gets the first one there is."""
    tags: tuple[str, ...] = ()
    vendor: str | None = None
    days: int | None = None
    minutes: int | None = None


_USED: dict[EffectKind, frozenset[str]] = {
    EffectKind.PRIORITY: frozenset({"priority"}),
    EffectKind.CATEGORY: frozenset({"to"}),
    EffectKind.ADD_TAGS: frozenset({"tags"}),
    EffectKind.REMOVE_TAGS: frozenset({"tags"}),
    EffectKind.NOTE: frozenset({"text"}),
    EffectKind.REPLY: frozenset({"texts"}),
    EffectKind.NOTIFY: frozenset({"to"}),
    EffectKind.TRANSFER: frozenset({"to", "text"}),
    EffectKind.ESCALATE_FUNCTIONAL: frozenset({"to", "text"}),
    EffectKind.ESCALATE_HIERARCHICAL: frozenset({"to", "text"}),
    EffectKind.WAIT_CUSTOMER: frozenset({"text"}),
    EffectKind.WAIT_THIRD_PARTY: frozenset({"vendor", "days", "text"}),
    EffectKind.SNOOZE: frozenset({"minutes", "text"}),
}
"""Which members each kind reads; `text` is a reason where the kind is no note."""


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong, and where."""

    pointer: str
    code: str
    message: str


def problems_of(
    effects: Sequence[Effect],
    *,
    by_rule: bool,
    queues: Mapping[str, str],
    categories: Iterable[str],
) -> list[Problem]:
    """Return everything that is wrong with a list of effects; empty when it can be used.

    Args:
        effects: as written.
        by_rule: False for a macro, which an agent applies.
        queues: key and level of every queue.
        categories: keys of every category.
    """
    found: list[Problem] = []
    if not effects:
        found.append(Problem("/effects", "no_effects", "Add at least one thing to do."))
    if len(effects) > MAX_EFFECTS:
        found.append(Problem("/effects", "too_many", f"At most {MAX_EFFECTS} things to do."))
    known = set(categories)
    for index, effect in enumerate(effects):
        pointer = f"/effects/{index}"
        if effect.kind in ONLY_RULES and not by_rule:
            found.append(Problem(pointer, "only_rules", "Only rules can do this."))
        if effect.kind in ENDINGS and any(
            later.kind not in ONLY_RULES for later in effects[index + 1 :]
        ):
            found.append(
                Problem(
                    pointer,
                    "must_be_last",
                    "Passing on, waiting, snoozing and resolving come last: move it to the end.",
                )
            )
        wrong = _problem_of(effect, queues, known)
        if wrong is not None:
            found.append(Problem(pointer, *wrong))
    return found


def _problem_of(  # one line per kind
    effect: Effect, queues: Mapping[str, str], categories: set[str]
) -> tuple[str, str] | None:
    unused = {f.name for f in fields(effect)} - {"kind"} - _USED.get(effect.kind, frozenset())
    if any(getattr(effect, name) for name in unused):
        names = ", ".join(sorted(name for name in unused if getattr(effect, name)))
        return "unknown_value", f"This has no {names}."
    if len(effect.text or "") > MAX_NOTE:
        return "too_long", f"At most {MAX_NOTE} characters."
    match effect.kind:
        case EffectKind.PRIORITY if effect.priority is None:
            return "unknown_value", "Choose a priority."
        case EffectKind.CATEGORY if effect.to not in categories:
            return "unknown_value", "Choose a category."
        case EffectKind.ADD_TAGS | EffectKind.REMOVE_TAGS:
            return _tag_problem(effect.tags)
        case EffectKind.NOTE if is_blank(effect.text or ""):
            return "empty", "Write the note."
        case EffectKind.REPLY:
            return _text_problem(effect.texts)
        case EffectKind.NOTIFY if effect.to not in NOTIFIED:
            return "unknown_target", "Notify either the assignee or the supervisors."
        case EffectKind.TRANSFER if effect.to not in queues:
            return "unknown_target", "Choose a queue."
        case EffectKind.ESCALATE_FUNCTIONAL if effect.to not in {*queues, *LEVELS[1:]}:
            return "unknown_target", "Escalate to a level of people or to a queue."
        case EffectKind.ESCALATE_HIERARCHICAL if effect.to is not None and effect.to not in LEVELS:
            return "unknown_target", "Escalate to the supervisors of a level, or of any."
        case EffectKind.WAIT_THIRD_PARTY:
            if len(effect.vendor or "") > MAX_VENDOR:
                return "too_long", f"At most {MAX_VENDOR} characters."
            if effect.days is not None and not 1 <= effect.days <= MAX_DAYS:
                return "out_of_range", f"Between 1 and {MAX_DAYS} days."
        case EffectKind.SNOOZE:
            most = int(LONGEST_SNOOZE / timedelta(minutes=1))
            if effect.minutes is None or not 1 <= effect.minutes <= most:
                return "out_of_range", "Snooze for 1 minute up to 90 days."
        case _:
            pass
    return None


def _tag_problem(tags: Sequence[str]) -> tuple[str, str] | None:
    if not tags:
        return "empty", "Name at least one tag."
    if len(tags) > MAX_TAGS:
        return "too_many", f"At most {MAX_TAGS} tags."
    if any(is_blank(tag) or len(tag) > MAX_TAG for tag in tags):
        return "unknown_value", f"A tag has 1 to {MAX_TAG} characters."
    return None


def _text_problem(texts: Mapping[str, str]) -> tuple[str, str] | None:
    written = {locale: text for locale, text in texts.items() if not is_blank(text)}
    if not written:
        return "empty", "Write the text in at least one language."
    if set(texts) - set(LOCALES):
        return "unknown_value", f"Languages are {', '.join(LOCALES)}."
    if any(len(text) > MAX_TEXT for text in texts.values()):
        return "too_long", f"At most {MAX_TEXT} characters."
    for text in written.values():
        unknown = [name for name in _VARIABLE.findall(text) if name not in VARIABLES]
        if unknown:
            names = ", ".join(f"{{{name}}}" for name in VARIABLES)
            return "unknown_variable", f"There is no {{{unknown[0]}}}. You can use {names}."
    return None


def text_for(effect: Effect, locale: str, variables: Mapping[str, str]) -> str:
    """Return what the customer is told: in `locale`, or else in the first language there is.

    A customer whose name is not known is not called by any: "Hello {customer}," becomes "Hello,".
    """
    written = {key: text for key, text in effect.texts.items() if not is_blank(text)}
    text = written.get(locale) or next(
        (written[key] for key in ("en", *LOCALES) if key in written), ""
    )
    if not variables.get("customer"):
        text = _UNKNOWN_NAME.sub("", text)
    return clean_text(_VARIABLE.sub(lambda m: variables.get(m[1], m[0]), text))


def to_json(effect: Effect) -> dict[str, Any]:
    """Return the stored form: what is set."""
    data: dict[str, Any] = {"kind": effect.kind.value}
    for f in fields(effect):
        value = getattr(effect, f.name)
        if f.name != "kind" and value:
            data[f.name] = _plain(value)
    return data


def _plain(value: Any) -> Any:
    if isinstance(value, tuple):
        return list(value)
    if isinstance(value, Priority):
        return value.value
    return dict(value) if isinstance(value, Mapping) else value


def from_json(data: Mapping[str, Any]) -> Effect:
    """Read what `to_json` wrote."""
    priority = data.get("priority")
    return Effect(
        kind=EffectKind(data["kind"]),
        to=data.get("to"),
        priority=Priority(priority) if priority else None,
        text=data.get("text"),
        texts=dict(data.get("texts", {})),
        tags=tuple(data.get("tags", ())),
        vendor=data.get("vendor"),
        days=data.get("days"),
        minutes=data.get("minutes"),
    )
