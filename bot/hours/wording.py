"""Sentences about opening hours in three languages. Pure.

Not in the catalogue, though admins may change the sentences: "no domingo", "na segunda-feira",
"el lunes" and "on Monday" differ in grammar
and not only in words, which a table of translations can't mend. Each language is one `Wording`.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

from babel.dates import format_date, get_timezone_name

from bot.hours.calendar import Calendar, Interval
from bot.kit.locales import Texts, match_locale


@dataclass(frozen=True, slots=True)
class Wording:
    """One language's sentences. `{when}` is "on Monday, 23 November", `{at}` "at 9:00"."""

    locale: str
    babel: str
    date: str
    date_with_year: str
    clock: Callable[[int], str]
    at: Callable[[int], str]
    until: Callable[[int], str]
    span: Callable[[int, int], str]
    and_: str
    today: str
    tomorrow: str
    on: tuple[str, str]
    """Weekdays, and Saturday and Sunday."""
    range_: str
    closed: str
    day_open: str
    day_closed: str
    yes_at: str
    no_at: str
    open_now: str
    closed_now: str
    again: str
    no_opening: str
    pause: str
    no_pause: str
    on_holidays: str
    next_holiday: str
    week: str
    different: str
    team_here: str
    team_back: str
    other_places: str
    open_always: str
    team_always: str


def _hm(minute: int) -> str:
    return f"{minute // 60}:{minute % 60:02}"


def _pt(minute: int) -> str:
    return f"{minute // 60}h{minute % 60:02}" if minute % 60 else f"{minute // 60}h"


def _one(minute: int) -> bool:
    """One o'clock is singular in Portuguese and Spanish."""
    return minute // 60 == 1


PORTUGUESE = Wording(
    locale="pt-BR",
    babel="pt_BR",
    date="EEEE, d 'de' MMMM",
    date_with_year="EEEE, d 'de' MMMM 'de' y",
    clock=_pt,
    at=lambda m: f"{'à' if _one(m) else 'às'} {_pt(m)}",
    until=lambda m: f"até {'a' if _one(m) else 'as'} {_pt(m)}",
    span=lambda a, b: f"{'da' if _one(a) else 'das'} {_pt(a)} {'à' if _one(b) else 'às'} {_pt(b)}",
    and_=" e ",
    today="hoje, {date}",
    tomorrow="amanhã, {date}",
    on=("na {date}", "no {date}"),
    range_="{first} a {last}",
    closed="fechado",
    day_open="{when}, nosso horário é {spans}{zone}.",
    day_closed="{when}, estamos fechados.",
    yes_at="Sim: {when}, estamos abertos {at}. O horário nesse dia é {spans}{zone}.",
    no_at="Não: {when}, estamos fechados {at}. O horário nesse dia é {spans}{zone}.",
    open_now="Estamos abertos agora, {until}{zone}.",
    closed_now="Estamos fechados agora.",
    again="Voltamos a atender {when}, {at}{zone}.",
    no_opening="No momento não temos uma data de reabertura.",
    pause="Sim: {when}, fazemos uma pausa {spans}{zone}.",
    no_pause="Não: {when}, não fechamos para o almoço.",
    on_holidays="Nos feriados estamos fechados.",
    next_holiday="O próximo dia com horário diferente é {day}: {hours}{zone}.",
    week="Nosso horário de atendimento{zone}:",
    different="Dias com horário diferente:",
    team_here="Nossa equipe está aqui {until}{zone}.",
    team_back="Nossa equipe volta {when}, {at}{zone}.",
    other_places="Têm horário próprio: {places}. É só perguntar.",
    open_always="Estamos abertos agora, dia e noite.",
    team_always="Nossa equipe está aqui dia e noite.",
)
ENGLISH = Wording(
    locale="en",
    babel="en_GB",
    date="EEEE, d MMMM",
    date_with_year="EEEE, d MMMM y",
    clock=_hm,
    at=lambda m: f"at {_hm(m)}",
    until=lambda m: f"until {_hm(m)}",
    span=lambda a, b: f"from {_hm(a)} to {_hm(b)}",
    and_=" and ",
    today="today, {date}",
    tomorrow="tomorrow, {date}",
    on=("on {date}", "on {date}"),
    range_="{first} to {last}",
    closed="closed",
    day_open="{when}, we're open {spans}{zone}.",
    day_closed="{when}, we're closed.",
    yes_at="Yes: {when}, we're open {at}. Our hours that day are {spans}{zone}.",
    no_at="No: {when}, we're closed {at}. Our hours that day are {spans}{zone}.",
    open_now="We're open now, {until}{zone}.",
    closed_now="We're closed right now.",
    again="We open again {when}, {at}{zone}.",
    no_opening="At the moment we have no date for opening again.",
    pause="Yes: {when}, we take a break {spans}{zone}.",
    no_pause="No: {when}, we don't close for lunch.",
    on_holidays="We're closed on public holidays.",
    next_holiday="The next day with different hours is {day}: {hours}{zone}.",
    week="Our opening hours{zone}:",
    different="Days with different hours:",
    team_here="Our team is here {until}{zone}.",
    team_back="Our team is back {when}, {at}{zone}.",
    other_places="These have hours of their own: {places}. Just ask.",
    open_always="We're open now, day and night.",
    team_always="Our team is here day and night.",
)
SPANISH = Wording(
    locale="es",
    babel="es",
    date="EEEE d 'de' MMMM",
    date_with_year="EEEE d 'de' MMMM 'de' y",
    clock=_hm,
    at=lambda m: f"{'a la' if _one(m) else 'a las'} {_hm(m)}",
    until=lambda m: f"hasta {'la' if _one(m) else 'las'} {_hm(m)}",
    span=lambda a, b: f"de {_hm(a)} a {_hm(b)}",
    and_=" y ",
    today="hoy, {date}",
    tomorrow="mañana, {date}",
    on=("el {date}", "el {date}"),
    range_="{first} a {last}",
    closed="cerrado",
    day_open="{when}, nuestro horario es {spans}{zone}.",
    day_closed="{when}, estamos cerrados.",
    yes_at="Sí: {when}, estamos abiertos {at}. El horario de ese día es {spans}{zone}.",
    no_at="No: {when}, estamos cerrados {at}. El horario de ese día es {spans}{zone}.",
    open_now="Estamos abiertos ahora, {until}{zone}.",
    closed_now="Ahora estamos cerrados.",
    again="Volvemos a atender {when}, {at}{zone}.",
    no_opening="Por ahora no tenemos una fecha de reapertura.",
    pause="Sí: {when}, hacemos una pausa {spans}{zone}.",
    no_pause="No: {when}, no cerramos al mediodía.",
    on_holidays="Los días festivos estamos cerrados.",
    next_holiday="El próximo día con horario diferente es {day}: {hours}{zone}.",
    week="Nuestro horario de atención{zone}:",
    different="Días con horario diferente:",
    team_here="Nuestro equipo está aquí {until}{zone}.",
    team_back="Nuestro equipo vuelve {when}, {at}{zone}.",
    other_places="Tienen horario propio: {places}. Solo pregunta.",
    open_always="Estamos abiertos ahora, día y noche.",
    team_always="Nuestro equipo está aquí día y noche.",
)
_BY_LOCALE = {wording.locale: wording for wording in (PORTUGUESE, ENGLISH, SPANISH)}


EDITABLE = {
    f"hours_{name.rstrip('_')}": name
    for name in (
        "today", "tomorrow", "range_", "closed", "day_open", "day_closed", "yes_at", "no_at",
        "open_now", "closed_now", "again", "no_opening", "pause", "no_pause", "on_holidays",
        "next_holiday", "week", "different", "team_here", "team_back",
        "other_places", "open_always", "team_always",
    )
}  # fmt: skip
"""The sentences that admins may change, by their key among the bot's texts."""


def shipped_texts() -> dict[str, dict[str, str]]:
    """Return the sentences that admins may change, by locale and key, as they are shipped."""
    return {
        locale: {key: getattr(words, name) for key, name in EDITABLE.items()}
        for locale, words in _BY_LOCALE.items()
    }


def wording_for(locale: str, texts: Texts | None = None) -> Wording:
    """Return the sentences of the nearest of our languages, as `texts` says them where given."""
    locale = match_locale(locale)
    if texts is None:
        return _BY_LOCALE[locale]
    changed = {name: texts.template(key, locale) for key, name in EDITABLE.items()}
    # The checker can't see that every editable sentence is a text.
    return replace(_BY_LOCALE[locale], **changed)  # type: ignore[arg-type]


def write_date(words: Wording, day: date, *, today: date, name: str | None = None) -> str:
    """Return "Monday, 23 November (name)"; the year only when it is another one."""
    pattern = words.date if day.year == today.year else words.date_with_year
    return format_date(day, pattern, locale=words.babel) + (f" ({name})" if name else "")


def write_when(words: Wording, day: date, *, today: date, name: str | None = None) -> str:
    """Return "on Monday, 23 November", or "today, …" and "tomorrow, …"."""
    text = write_date(words, day, today=today, name=name)
    if day == today:
        return words.today.format(date=text)
    if day == today + timedelta(days=1):
        return words.tomorrow.format(date=text)
    return words.on[day.weekday() >= 5].format(date=text)


def write_spans(words: Wording, intervals: Sequence[Interval]) -> str:
    """Return "from 9:00 to 12:00 and from 13:00 to 18:00"."""
    return join([words.span(i.opens, i.closes) for i in intervals], words.and_)


def write_list(words: Wording, intervals: Sequence[Interval]) -> str:
    """Return "9:00–12:00 and 13:00–18:00" for lists, or "closed"."""
    parts = [f"{words.clock(i.opens)}–{words.clock(i.closes)}" for i in intervals]
    return join(parts, words.and_) or words.closed


def write_weekdays(words: Wording, first: int, last: int) -> str:
    """Return "Monday to Friday", or one weekday (0 is Monday)."""
    names = [
        format_date(date(2024, 1, 1) + timedelta(days=n), "EEEE", locale=words.babel)
        for n in (first, last)
    ]
    if first == last:
        return names[0]
    # "segunda a sexta-feira": nobody says "segunda-feira a sexta-feira".
    return words.range_.format(first=names[0].removesuffix("-feira"), last=names[1])


def write_zone(words: Wording, calendar: Calendar) -> str:
    """Return the time zone in brackets, with a space in front: " (Brasília time)"."""
    if calendar.timezone in {"UTC", "Etc/UTC", "GMT", "Etc/GMT"}:
        return " (UTC)"
    name = get_timezone_name(calendar.zone, locale=words.babel)
    name = name.replace(" Time", " time") if words.locale == "en" else name[:1].lower() + name[1:]
    return f" ({name})"


def join(parts: Sequence[str], last: str) -> str:
    """Join with commas and `last` before the last one."""
    if len(parts) < 2:
        return "".join(parts)
    return ", ".join(parts[:-1]) + last + parts[-1]


def sentence(text: str) -> str:
    """Return the text with a capital in front."""
    return text[:1].upper() + text[1:]
