"""The policies a fresh installation starts with; admins change them afterwards."""

from handoff.service_level.policy import Action, ActionKind, Conditions, Metric, Terms, Warn

_NAMES = {
    "urgent": {"pt-BR": "Urgente", "en": "Urgent", "es": "Urgente"},
    "high": {"pt-BR": "Prioridade alta", "en": "High priority", "es": "Prioridad alta"},
    "standard": {"pt-BR": "Padrão", "en": "Standard", "es": "Estándar"},
}
_NOTIFY_ASSIGNEE = Action(ActionKind.NOTIFY, "assignee")
_NOTIFY_SUPERVISORS = Action(ActionKind.NOTIFY, "supervisors")
_RAISE = Action(ActionKind.RAISE_PRIORITY, metrics=(Metric.FIRST_RESPONSE, Metric.NEXT_RESPONSE))


def default_terms(locale: str) -> tuple[Terms, ...]:
    """Return the first day's policies in order, named in `locale`."""
    return (
        Terms(
            name=_NAMES["urgent"].get(locale, "Urgent"),
            conditions=Conditions(priorities=("urgent",)),
            first_response=15,
            next_response=15,
            resolution=4 * 60,
            third_party=4 * 60,
            levels={"N2": 60, "N3": 2 * 60, "N4": 4 * 60},
            warn=Warn(percent=60),
            on_warning=(_NOTIFY_ASSIGNEE, _NOTIFY_SUPERVISORS),
            on_breach=(_NOTIFY_SUPERVISORS,),
        ),
        Terms(
            name=_NAMES["high"].get(locale, "High priority"),
            conditions=Conditions(priorities=("high",)),
            first_response=30,
            next_response=60,
            resolution=8 * 60,
            third_party=16 * 60,
            levels={"N2": 4 * 60, "N3": 8 * 60, "N4": 16 * 60},
            warn=Warn(percent=75),
            on_warning=(_NOTIFY_ASSIGNEE,),
            on_breach=(_NOTIFY_SUPERVISORS, _RAISE),
        ),
        Terms(
            name=_NAMES["standard"].get(locale, "Standard"),
            first_response=60,
            next_response=2 * 60,
            resolution=24 * 60,
            third_party=40 * 60,
            levels={"N2": 8 * 60, "N3": 16 * 60, "N4": 40 * 60},
            warn=Warn(percent=80),
            on_warning=(_NOTIFY_ASSIGNEE,),
            on_breach=(_NOTIFY_SUPERVISORS, _RAISE),
        ),
    )
