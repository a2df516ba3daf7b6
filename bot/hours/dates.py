"""Which days a customer asks about, in Portuguese, English and Spanish at once. Pure.

`understand` reads the text from the surest signs to the vaguest: written dates, times, names of
feasts, "the day after tomorrow", weekdays. What was understood is blanked, so that "mañana" inside
"por la mañana" or the "segunda" of "segunda-feira de Carnaval" is not read a second time.
"""

import re
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta

from rapidfuzz.distance import OSA

from bot.hours.feasts import FEASTS, Feast

FeastDates = Callable[[Feast, int], list[date]]
"""The dates of a feast in a year; `public_holidays.feast_dates` bound to a country."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What a question about opening hours is about. Nothing set: the hours in general."""

    days: tuple[date, ...] = ()
    minute: int | None = None
    """Open at this minute of the day?"""
    now: bool = False
    week: bool = False
    """The whole week, even though days are named ("Monday to Friday")."""
    lunch: bool = False
    holidays: bool = False
    """Holidays in general."""
    feasts: dict[date, dict[str, str]] = field(default_factory=dict)
    """Names, by locale, of the days that were asked for by name."""


def fold(text: str) -> str:
    """Return `text` in lower case, without accents, "1º" as "1o", typographic signs made plain."""
    plain = unicodedata.normalize("NFKD", text.lower())
    plain = "".join(c for c in plain if not unicodedata.combining(c))
    return re.sub(r"[’‘´`]", "'", re.sub(r"[‐‑‒–—−]", "-", plain))


def by_rule(feast: Feast, year: int) -> list[date]:
    """Return a feast's dates by Brazil's rules, without looking at any country's calendar."""
    return [rule(year) for rule in feast.rules]


def understand(
    text: str,
    *,
    today: date,
    locale: str,
    feast_dates: FeastDates = by_rule,
    named_days: Sequence[tuple[str, date]] = (),
) -> Asked:
    """Return which days, and which time of the day, a text asks about.

    Args:
        text: what the customer wrote; typing errors and missing accents are expected.
        today: the date at the team's place.
        locale: decides only whether "5/4" is the 5th of April or May 4th (en).
        feast_dates: when a feast is in a year.
        named_days: names from the calendar itself with their next dates ("stock-taking").
    """
    reader = _Reader(text, today, locale)
    if re.search(r"\b24\s*/\s*7\b|\b24 ?(?:h|hs|hrs|horas|hours)\b", reader.text):
        return Asked(week=True)
    reader.dates()
    minute = reader.times()
    reader.correct()
    reader.names(feast_dates, named_days)
    reader.relative_days()
    week = reader.weeks()
    reader.weekdays()
    asked = Asked(
        days=tuple(sorted(set(reader.days))),
        minute=minute,
        now=reader.says(_NOW) or (reader.says(_NOW_UNLESS_WHEN) and not reader.says(_WHEN)),
        week=week or reader.span,
        lunch=reader.says(_LUNCH),
        holidays=reader.says(_HOLIDAYS),
        feasts=reader.feasts,
    )
    if asked.minute is not None and not asked.days and not asked.week:
        return replace(asked, days=(today,))
    return asked


# ------------------------------------------------------------------------------ vocabulary

_WEEKDAYS: tuple[tuple[str, ...], ...] = (
    ("segunda feira", "segundas feiras", "segunda", "segundas", "seg", "lunes", "monday",
     "mondays", "mon"),
    ("terca feira", "tercas feiras", "terca", "tercas", "martes", "tuesday", "tuesdays", "tue",
     "tues"),
    ("quarta feira", "quartas feiras", "quarta", "quartas", "miercoles", "wednesday",
     "wednesdays", "wed", "mie"),
    ("quinta feira", "quintas feiras", "quinta", "quintas", "qui", "jueves", "thursday",
     "thursdays", "thu", "thur", "thurs", "jue"),
    ("sexta feira", "sextas feiras", "sexta", "sextas", "viernes", "friday", "fridays", "fri",
     "vie"),
    ("sabado", "sabados", "sab", "saturday", "saturdays", "sat"),
    ("domingo", "domingos", "dom", "sunday", "sundays", "sun"),
)  # fmt: skip
_WEEKDAY_OF = {word: n for n, words in enumerate(_WEEKDAYS) for word in words}
# "ter" (to have), "sex" and "mar" (sea) are words of their own: abbreviations only in lists.
_SHORT = {"ter": 1, "qua": 2, "sex": 4, "lun": 0, "mar": 1}
_MONTHS = {
    1: ("janeiro", "january", "enero", "jan", "ene"),
    2: ("fevereiro", "february", "febrero", "fev", "feb"),
    3: ("marco", "march", "marzo", "mar"),
    4: ("abril", "april", "abr", "apr"),
    5: ("maio", "may", "mayo", "mai"),
    6: ("junho", "june", "junio", "jun"),
    7: ("julho", "july", "julio", "jul"),
    8: ("agosto", "august", "ago", "aug"),
    9: ("setembro", "september", "septiembre", "setiembre", "set", "sep", "sept"),
    10: ("outubro", "october", "octubre", "out", "oct"),
    11: ("novembro", "november", "noviembre", "nov"),
    12: ("dezembro", "december", "diciembre", "dez", "dec", "dic"),
}
_MONTH_OF = {name: n for n, names in _MONTHS.items() for name in names}
_MONTH = "(" + "|".join(sorted(_MONTH_OF, key=len, reverse=True)) + ")"

_TODAY = ("hoje", "hj", "hoy", "today", "2day", "tonight", "esta noche", "esta noite", "esta tarde",
          "esta manana", "this afternoon", "this evening", "this morning")  # fmt: skip
_TOMORROW = ("amanha", "manana", "tomorrow", "tmrw", "tomorow", "2morrow", "tmr", "amanh")
_AFTER_TOMORROW = ("depois de amanha", "depois d amanha", "pasado manana", "day after tomorrow",
                   "despues de manana", "overmorrow")  # fmt: skip
_NUMBERS = {
    1: ("um", "uma", "un", "una", "one", "a"), 2: ("dois", "duas", "dos", "two"), 3: ("tres", "three"),
    4: ("quatro", "cuatro", "four"), 5: ("cinco", "five"), 6: ("seis", "six"), 7: ("sete", "siete", "seven"),
    8: ("oito", "ocho", "eight"), 10: ("dez", "diez", "ten"), 15: ("quinze", "quince", "fifteen"),
}  # fmt: skip
_NUMBER_OF = {word: n for n, words in _NUMBERS.items() for word in words}
_IN_DAYS = re.compile(
    r" (?:daqui(?: a)?|dentro de|de aqui a|en|in|within) (\d{1,2}|"
    + "|".join(_NUMBER_OF)
    + r") (dias?|days?|semanas?|weeks?)(?= )"
    r"| (a|one|uma|una|1) (week|semana) (?:from today|from now|a partir de hoje|a partir de hoy)(?= )"
)
_WEEKEND = ("fim de semana", "final de semana", "fins de semana", "finais de semana", "fds",
            "weekend", "weekends", "fin de semana", "fines de semana", "finde")  # fmt: skip
_NEXT_WEEK = ("semana que vem", "proxima semana", "semana proxima", "next week",
              "semana que viene", "semana que entra", "semana siguiente")  # fmt: skip
_WEEK = ("essa semana", "esta semana", "nesta semana", "nessa semana", "this week",
         "dias uteis", "dia util", "dias de semana", "dia de semana", "durante a semana",
         "weekday", "weekdays", "week days", "working days", "business days", "dias laborables",
         "dias habiles", "entre semana", "todos os dias", "todos los dias", "every day",
         "everyday", "all week", "a semana toda", "toda a semana", "toda la semana",
         "a semana inteira")  # fmt: skip
_NOW = ("agora", "ahora", "ahorita", "now", "right now", "neste momento", "nesse momento",
        "en este momento", "at the moment", "currently", "ja abriu", "ja abriram", "ja fechou",
        "ja fecharam", "ya abrieron", "ya cerraron", "open yet", "closed yet")  # fmt: skip
_NOW_UNLESS_WHEN = ("ainda aberto", "ainda abertos", "ainda esta", "ainda estao", "still open",
                    "esta aberto", "esta aberta", "ta aberto", "ta aberta", "estao abertos",
                    "estao aberto", "estao abertas", "tao abertos", "esta abierto", "esta abierta",
                    "estan abiertos", "estan abiertas", "estais abiertos", "estao fechados",
                    "esta fechado", "estan cerrados", "esta cerrado", "are you open",
                    "are you guys open", "are u open", "r u open", "is the store open",
                    "is the shop open", "are you closed", "estao atendendo",
                    "estan atendiendo")  # fmt: skip
"""The present tense: about this moment, unless the question is when."""
_WHEN = ("when", "what time", "what days", "which days", "what hours", "hours", "schedule",
         "quando", "que horas", "que hora", "qual", "quais", "que dias", "horario",
         "horarios", "cuando",
         "cual", "cuales")  # fmt: skip
_LUNCH = ("almoco", "hora do almoco", "almuerzo", "comida", "mediodia", "meio dia", "lunch",
          "lunchtime", "lunch break", "noon", "midday", "siesta")  # fmt: skip
_HOLIDAYS = ("feriado", "feriados", "feriadao", "holiday", "holidays", "bank holiday",
             "bank holidays", "festivo", "festivos", "dias festivos", "feriado nacional",
             "emenda", "ponte")  # fmt: skip
_NEXT_AFTER = ("que vem", "que viene", "proximo", "proxima", "da semana que vem",
               "da proxima semana", "de la semana que viene", "de la proxima semana",
               "next week", "seguinte", "siguiente", "proximos", "proximas")  # fmt: skip
_NEXT_BEFORE = ("proximo", "proxima", "next", "no proximo", "na proxima", "el proximo",
                "proximos", "proximas")  # fmt: skip
_IN_NEXT_WEEK = ("da semana que vem", "da proxima semana", "de la semana que viene",
                 "de la proxima semana", "next week", "of next week")  # fmt: skip

_FUZZY = (
    "segunda", "terca", "quarta", "quinta", "sexta", "sabado", "domingo", "lunes", "martes",
    "miercoles", "jueves", "viernes", "monday", "tuesday", "wednesday", "thursday", "friday",
    "saturday", "sunday", "sabados", "domingos", "saturdays", "sundays", "amanha", "manana",
    "tomorrow", "today", "weekend", "feriado", "feriados", "holiday", "holidays", "christmas",
    "navidad", "carnaval", "carnival", "pascoa", "pascua", "easter", "tiradentes", "finados",
    "reveillon", "nochebuena", "nochevieja", "independencia", "republica", "consciencia",
    "conciencia", "vespera", "vispera", "semana", "almoco", "almuerzo", "agora", "ahora",
    "proximo", "proxima", "janeiro", "fevereiro", "setembro", "outubro", "novembro", "dezembro",
)  # fmt: skip
_NEVER_CORRECTED = frozenset(
    ("segundo", "segundos", "quarto", "quartos", "quinto", "sexto", "marte", "todas", "todos",
     "manha", "manhas", "semanal", "semanas", "martin", "quarter", "second", "seconds", "horas",
     "monde", "money", "sunny", "amanda", "agosto", "finado")
)  # fmt: skip

_DAY_PARTS = re.compile(
    r"\b(?:(?:a|da|de|na|pela|por la|en la|de la|in the|at) (?:manha|manana|tarde|tardinha|noite|"
    r"noche|madrugada|morning|afternoon|evening|night)|(?:de|pela) manha|noon)\b"
)
_TIME = re.compile(
    r"(?P<before>\b(?:as|a las|a la|at|ate(?: as)?|hasta(?: las| la)?|until|till?|by|before|"
    r"antes das|antes de las|depois das|despues de las|apos as|after|das|desde las|from|de las|"
    r"to|y|e|to)\s+)?"
    r"(?<![\d/.:-])(?P<hour>[01]?\d|2[0-4])"
    r"(?:\s*(?P<colon>[:h.])\s*(?P<minute>[0-5]\d)(?:\s*(?:min|m|h|hs|hrs))?(?![\d/]))?"
    r"(?P<unit>\s*(?:h|hs|hrs|horas?|hours?|o'?clock|en punto)\b)?"
    r"(?P<half>\s*(?:am|pm|a\.\s?m\.?|p\.\s?m\.?)(?![a-z]))?"
    r"(?P<part>\s*(?:da|de la|in the|at|del)\s+(?:manha|manana|tarde|noite|noche|madrugada|"
    r"mediodia|morning|afternoon|evening|night)\b)?"
    r"(?![\d/])"
)
_NAMED_TIMES = (
    (re.compile(r"\b(?:ao|as|al|at|a)\s+(?:meio[ -]dia|mediodia|noon|midday)\b"), 12 * 60),
    (re.compile(r"\b(?:a|as|at|a la)\s+(?:meia[ -]noite|media ?noche|midnight)\b"), 0),
)
_UNTIL = ("ate", "hasta", "until", "til", "till", "to", "by", "before", "antes")


class _Reader:
    """Consumes one text; see `understand` for the order of the steps."""

    def __init__(self, text: str, today: date, locale: str) -> None:
        self.text = fold(text)
        self.today = today
        self.month_first = locale == "en"
        self.days: list[date] = []
        self.feasts: dict[date, dict[str, str]] = {}
        self.span = False

    # -- written dates

    def dates(self) -> None:
        """Take dates written with digits or with a month's name."""
        for match in self._take(r"(?<!\d)(\d{4})-(\d{1,2})-(\d{1,2})(?!\d)"):
            self._add(_date(int(match[1]), int(match[2]), int(match[3])))
        named = (
            r"\b(\d{1,2}|primeiro|primero|first)(?:o|a|st|nd|rd|th)?\s*(?:de |of |del )?"
            rf"{_MONTH}\b"
            r"(?:\s*(?:,|de|del|of)?\s*(\d{4}))?"
        )
        for match in self._take(named):
            self._day_month(_number(match[1]), _MONTH_OF[match[2]], match[3])
        for match in self._take(
            rf"\b{_MONTH}\s+(?:the )?(\d{{1,2}})(?:st|nd|rd|th)?(?![\d:h])(?:,?\s*(\d{{4}}))?"
        ):
            self._day_month(int(match[2]), _MONTH_OF[match[1]], match[3])
        for match in self._take(
            r"(?<![\d/.:-])(\d{1,2})\s?([/.-])\s?(\d{1,2})(?:\s?\2\s?(\d{4}|\d{2}))?(?![\d/h:]|\s?(?:am|pm|h)\b)"
        ):
            if match[2] != "/" and not match[4] and len(match[1] + match[3]) < 4:
                continue
            self._digits(int(match[1]), int(match[3]), match[4])
        for match in self._take(
            r"\b(?:(?:no |o |el |on )?dia|el|on the|the)\s+(\d{1,2})(?:(?:o|st|nd|rd|th)\b)?"
            r"(?!\s*(?:[:/h\d]|horas|am\b|pm\b|hours))"
        ):
            self._day_of_month(int(match[1]))

    def _digits(self, first: int, second: int, year: str | None) -> None:
        day, month = (second, first) if self.month_first else (first, second)
        if month > 12 >= day:
            day, month = month, day
        self._day_month(day, month, year)

    def _day_month(self, day: int, month: int, year: str | None) -> None:
        if year:
            self._add(_date(int(year) + (2000 if len(year) == 2 else 0), month, day))
            return
        for candidate in range(self.today.year, self.today.year + 9):
            found = _date(candidate, month, day)
            if found is not None and found >= self.today:
                self._add(found)
                return

    def _day_of_month(self, day: int) -> None:
        year, month = self.today.year, self.today.month
        for _ in range(12):
            found = _date(year, month, day)
            if found is not None and found >= self.today:
                self._add(found)
                return
            year, month = (year + 1, 1) if month == 12 else (year, month + 1)

    # -- times of the day

    def times(self) -> int | None:
        """Take times and return the one asked about; None for several ("from 9 to 5")."""
        found: list[int] = []
        until = False
        for pattern, minute in _NAMED_TIMES:
            if self._take(pattern):
                found.append(minute)
        for match in self._take(_TIME, keep=_no_time):
            hour, minute = int(match["hour"]), int(match["minute"] or 0)
            half = (match["half"] or "").strip()[:1]
            late = re.search(r"tarde|noite|noche|afternoon|evening|night", match["part"] or "")
            if (half == "p" or late) and hour < 12:
                hour += 12
            elif half == "a" and hour == 12:
                hour = 0
            elif not (half or match["part"] or match["minute"] or match["unit"]) and hour < 7:
                hour += 12
            words = (match["before"] or "").split()
            until = until or (bool(words) and words[0] in _UNTIL)
            if hour < 24:
                found.append(hour * 60 + minute)
        self.text = _DAY_PARTS.sub(" ", self.text)
        return found[0] if len(found) == 1 and not until else None

    # -- words

    def correct(self) -> None:
        """Keep only words, and mend the ones that are a typing error away from a known one."""
        text = re.sub(r"\b([2-6])a?s?\s*-?\s*feiras?\b", _numbered_weekday, self.text)
        words = re.findall(r"[a-z]+|\d+", text)
        self.text = " " + " ".join(_mend(word) for word in words) + " "

    def says(self, phrases: Sequence[str]) -> bool:
        """Tell whether one of the phrases is in what is left."""
        return any(f" {phrase} " in self.text for phrase in phrases)

    def names(self, feast_dates: FeastDates, named_days: Sequence[tuple[str, date]]) -> None:
        """Take feasts, their eves, and names of the calendar's own days."""
        for name, day in named_days:
            phrase = " ".join(re.findall(r"[a-z]+|\d+", fold(name)))
            if phrase and self._eat((phrase,)):
                self._add(day)
        aliases = [(alias, feast) for feast in FEASTS for alias in feast.aliases]
        for alias, feast in sorted(aliases, key=lambda item: -len(item[0])):
            before = ("vespera de", "vespera do", "vespera da", "vispera de", "eve of")
            eves = [*(f"{words} {alias}" for words in before), f"{alias} eve"]
            if self._eat(eves):
                self._feast(feast, feast_dates, eve=True)
            elif self._eat((alias,)):
                self._feast(feast, feast_dates)

    def _feast(self, feast: Feast, feast_dates: FeastDates, *, eve: bool = False) -> None:
        years = [int(y) for y in re.findall(r" (20\d\d) ", self.text)] or [
            self.today.year,
            self.today.year + 1,
        ]
        shift = timedelta(days=-1 if eve else 0)
        for year in years:
            days = [day + shift for day in feast_dates(feast, year)]
            if any(day >= self.today for day in days) or len(years) == 1:
                for day in days:
                    if day >= self.today or len(years) == 1:
                        self.days.append(day)
                        if not eve:
                            self.feasts[day] = feast.names
                return

    def relative_days(self) -> None:
        """Take "in three days", today, tomorrow, the day after and the weekend."""
        for match in self._take(_IN_DAYS):
            number = match[1] or match[3]
            count = int(number) if number.isdigit() else _NUMBER_OF[number]
            weeks = (match[2] or match[4]).startswith(("semana", "week"))
            self.days.append(self.today + timedelta(days=count * (7 if weeks else 1)))
        for phrases, offset in ((_AFTER_TOMORROW, 2), (_TOMORROW, 1), (_TODAY, 0)):
            if self._eat(phrases):
                self.days.append(self.today + timedelta(days=offset))
        if self._eat(_WEEKEND):
            saturday = self.today + timedelta(days=(5 - self.today.weekday()) % 7)
            if self.today.weekday() == 6:
                self.days.append(self.today)
            else:
                self.days += [saturday, saturday + timedelta(days=1)]

    def weeks(self) -> bool:
        """Take words for a week; next week without a weekday means all of its days."""
        if self.says(_WEEK):
            return True
        named = any(f" {word} " in self.text for word in _WEEKDAY_OF)
        if self.says(_NEXT_WEEK) and not named:
            monday = self.today + timedelta(days=7 - self.today.weekday())
            self.days += [monday + timedelta(days=n) for n in range(7)]
        return False

    def weekdays(self) -> None:
        """Take weekdays; "Monday to Friday" is a question about the week."""
        names = sorted([*_WEEKDAY_OF, *_SHORT], key=len, reverse=True)
        one = "(" + "|".join(names) + ")"
        to = r"(?:feira )?(?:a|ate|ate a|al|hasta|to|through|thru|till|until)"
        if re.search(rf" (?:de |from |da )?{one} {to} (?:la |o |el )?{one} ", self.text):
            self.span = True
            return
        words = {**_WEEKDAY_OF, **(_SHORT if self._lists_short() else {})}
        for word in sorted(words, key=len, reverse=True):
            while (position := self.text.find(f" {word} ")) >= 0:
                before = self.text[: position + 1]
                after = self.text[position + len(word) + 1 :]
                self.days.append(self._weekday(words[word], before, after))
                self.text = before + "_" + after

    def _lists_short(self) -> bool:
        return any(f" {word} " in self.text for word in ("seg", "qui", "sab"))

    def _weekday(self, weekday: int, before: str, after: str) -> date:
        if any(after.startswith(f" {phrase} ") for phrase in _IN_NEXT_WEEK):
            monday = self.today + timedelta(days=7 - self.today.weekday())
            return monday + timedelta(days=weekday)
        ahead = (weekday - self.today.weekday()) % 7
        following = any(before.endswith(f" {phrase} ") for phrase in _NEXT_BEFORE) or any(
            after.startswith(f" {phrase} ") for phrase in _NEXT_AFTER
        )
        if ahead == 0 and following:
            ahead = 7
        return self.today + timedelta(days=ahead)

    # -- helpers

    def _add(self, day: date | None) -> None:
        if day is not None:
            self.days.append(day)

    def _take(
        self,
        pattern: str | re.Pattern[str],
        *,
        keep: Callable[[re.Match[str]], bool] | None = None,
    ) -> list[re.Match[str]]:
        """Return the matches and blank them, except those that `keep` says are something else."""
        found: list[re.Match[str]] = []

        def blank(match: re.Match[str]) -> str:
            if keep is not None and keep(match):
                return match.group()
            found.append(match)
            return " "

        self.text = re.sub(pattern, blank, self.text)
        return found

    def _eat(self, phrases: Sequence[str]) -> bool:
        """Tell whether one of the phrases is there, and blank every occurrence of it."""
        hit = False
        for phrase in phrases:
            while f" {phrase} " in self.text:
                self.text = self.text.replace(f" {phrase} ", " _ ")
                hit = True
        return hit


def _no_time(match: re.Match[str]) -> bool:
    """A bare number is a time only after "at", "às", "a las" … (and 1 to 24)."""
    if match["colon"] == ":" or (match["colon"] and match["minute"]) or match["unit"]:
        return False
    led = (match["before"] or "").strip() not in {"", "y", "e"}
    return not (match["half"] or match["part"] or led)


def _numbered_weekday(match: re.Match[str]) -> str:
    return f"{('segunda', 'terca', 'quarta', 'quinta', 'sexta')[int(match[1]) - 2]} feira"


def _mend(word: str) -> str:
    if len(word) < 5 or word in _KNOWN or word in _NEVER_CORRECTED:
        return word
    for known in _FUZZY:
        allowed = 2 if len(known) >= 8 else 1
        if word[0] == known[0] and OSA.distance(word, known, score_cutoff=allowed) <= allowed:
            return known
    return word


def _words(phrases: Sequence[str]) -> Iterator[str]:
    for phrase in phrases:
        yield from phrase.split()


_KNOWN = frozenset(
    word
    for phrases in (
        *_WEEKDAYS, _TODAY, _TOMORROW, _AFTER_TOMORROW, _WEEKEND, _NEXT_WEEK, _WEEK, _NOW,
        _NOW_UNLESS_WHEN, _WHEN, _LUNCH, _HOLIDAYS, _NEXT_AFTER, _NEXT_BEFORE,
        *(feast.aliases for feast in FEASTS), _FUZZY,
    )
    for word in _words(phrases)
)  # fmt: skip


def _number(text: str) -> int:
    return int(text) if text.isdigit() else 1


def _date(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None
